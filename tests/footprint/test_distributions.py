"""Declarations, moments by hand, quantiles against scipy, and draws that depend on nothing but seed, key and number."""

from __future__ import annotations

import math
import pickle
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from carbon.footprint import declarations
from carbon.footprint.distributions import (
    Distribution,
    DistributionError,
    Distributions,
    declare,
    pedigree_variances,
)
from carbon.footprint.sampling import draw, draw_designed, streams

Z = 1.959963984540054  # 97.5 % quantile of the standard normal distribution, as tables print it


def table(*rows: Distribution) -> Distributions:
    return Distributions.of(rows)


def moments(row: Distribution) -> tuple[float, float, float, float]:
    made = table(row)
    return tuple(float(found[0]) for found in (made.mean, made.median, made.variance, made.mean_shift))


# --- moments by hand


def test_nothing_declared_is_a_certain_number() -> None:
    assert moments(declare(5.0)) == (5.0, 5.0, 0.0, 1.0)


def test_uniform_by_hand() -> None:
    # 2 to 8: mean 5, variance 6²/12 = 3; printed 4: shift 5/4
    assert moments(declare(4.0, "uniform", low=2.0, high=8.0)) == (5.0, 5.0, 3.0, 1.25)


def test_triangular_by_hand() -> None:
    # 0, 3, 9: mean 4; variance (0² + 3² + 9² - 0 - 0 - 27)/18 = 63/18 = 3.5; median 9 - √(9·6/2) = 9 - √27; shift 4/3
    mean, median, variance, shift = moments(declare(3.0, "triangular", low=0.0, high=9.0))
    assert (mean, variance) == (4.0, 3.5)
    assert median == pytest.approx(9 - math.sqrt(27), rel=1e-15)
    assert shift == pytest.approx(4 / 3, rel=1e-15)


def test_normal_by_hand() -> None:
    assert moments(declare(10.0, sd=2.0)) == (10.0, 10.0, 4.0, 1.0)


def test_lognormal_by_hand() -> None:
    # σ = ln 2: mean = median · exp(σ²/2), variance = mean² · (exp(σ²) - 1)
    squared = math.log(2) ** 2
    mean, median, variance, shift = moments(declare(3.0, "lognormal", gsd=2.0))
    assert median == 3.0
    assert mean == pytest.approx(3 * math.exp(squared / 2), rel=1e-15)
    assert variance == pytest.approx(9 * math.exp(squared) * (math.exp(squared) - 1), rel=1e-14)
    assert shift == pytest.approx(math.exp(squared / 2), rel=1e-15)


def test_negative_lognormal_mirrors_its_moments() -> None:
    up, down = moments(declare(3.0, gsd=1.5)), moments(declare(-3.0, gsd=1.5))
    assert down == (-up[0], -up[1], up[2], up[3])


def test_shift_of_zero_is_unknown() -> None:
    assert math.isnan(moments(declare(0.0, sd=1.0))[3])


@pytest.mark.parametrize(
    ("row", "oracle"),
    [
        (declare(3.0, gsd=1.7), stats.lognorm(math.log(1.7), scale=3.0)),
        (declare(3.0, sd=0.25), stats.norm(3.0, 0.25)),
        (declare(2.0, "triangular", low=1.0, high=6.0), stats.triang(0.2, 1.0, 5.0)),
        (declare(2.0, "uniform", low=1.0, high=6.0), stats.uniform(1.0, 5.0)),
    ],
)
def test_moments_and_quantiles_agree_with_scipy(row: Distribution, oracle: Any) -> None:
    points = np.array([0.001, 0.025, 0.3, 0.5, 0.9, 0.975, 0.9999])
    made = table(row)
    np.testing.assert_allclose(made.quantile(points)[0], oracle.ppf(points), rtol=1e-13)
    assert (made.mean[0], made.variance[0]) == pytest.approx((oracle.mean(), oracle.var()), rel=1e-13)


def test_quantile_of_an_impossible_probability_is_refused() -> None:
    for wrong in (0.0, 1.0, math.nan, np.array([0.5, 2.0])):
        with pytest.raises(ValueError, match="between 0 and 1"):
            table(declare(1.0)).quantile(wrong)


# --- what is declared


@pytest.mark.parametrize("kind", ["lognormal", "normal"])
@given(low=st.floats(0.01, 100), factor=st.floats(1.01, 50))
def test_limits_are_the_95_percent_interval_as_printed(kind: str, low: float, factor: float) -> None:
    high = low * factor
    found = table(declare((low + high) / 2, kind, low=low, high=high)).quantile(np.array([0.025, 0.975]))
    np.testing.assert_allclose(found[0], [low, high], rtol=1e-12, atol=1e-12 * high)


@pytest.mark.parametrize("kind", ["triangular", "uniform"])
def test_limits_are_minimum_and_maximum(kind: str) -> None:
    found = table(declare(3.0, kind, low=1.0, high=6.0)).quantile(np.array([2.0**-53, 1 - 2.0**-53]))
    np.testing.assert_allclose(found[0], [1.0, 6.0], rtol=1e-7)


def test_negative_limits_of_a_lognormal() -> None:
    found = table(declare(-4.0, "lognormal", low=-8.0, high=-2.0)).quantile(np.array([0.025, 0.5, 0.975]))
    np.testing.assert_allclose(found[0], [-8.0, -4.0, -2.0], rtol=1e-12)


def test_half_width_of_a_normal_in_percent() -> None:
    # 50 ± 10 %: 45 to 55
    np.testing.assert_allclose(table(declare(50.0, uncertainty_pct=10)).quantile(np.array([0.025, 0.975]))[0], [45, 55])


def test_half_width_of_a_lognormal_in_percent_divides_below() -> None:
    # 50 with 25 %: 50/1.25 = 40 to 50·1.25 = 62.5; even 150 % stays above zero: 20 to 125
    for percent, limits in ((25, [40, 62.5]), (150, [20, 125])):
        found = table(declare(50.0, "lognormal", uncertainty_pct=percent)).quantile(np.array([0.025, 0.975]))
        np.testing.assert_allclose(found[0], limits)


def test_half_width_of_a_negative_number() -> None:
    assert declare(-50.0, uncertainty_pct=10).parameters[1] == pytest.approx(5 / Z)


@pytest.mark.parametrize(
    ("row", "which"),
    [
        (declare(5.0), "mean"), (declare(5.0, sd=1.0), "mean"), (declare(5.0, gsd=2.0), "median"),
        (declare(10.0, "lognormal", low=5.0, high=20.0), "median"),
        (declare(11.0, "lognormal", low=5.0, high=20.0), ""),
        (declare(2.0, "triangular", low=1.0, high=6.0), "mode"),
        (declare(3.0, "triangular", low=1.0, high=5.0), "mean"),
        (declare(2.0, "uniform", low=1.0, high=3.0), "mean"), (declare(2.5, "uniform", low=1.0, high=3.0), ""),
    ],
)  # fmt: skip
def test_printed_value_is_mean_median_or_mode(row: Distribution, which: str) -> None:
    assert table(row).value_is == [which]


def test_limits_that_are_not_centred_shift_the_mean() -> None:
    # printed 4, limits 2 to 18: the median is √36 = 6
    made = table(declare(4.0, "lognormal", low=2.0, high=18.0))
    assert made.median[0] == pytest.approx(6.0)
    assert made.mean_shift[0] == pytest.approx(made.mean[0] / 4.0)


def test_none_switches_uncertainty_off() -> None:
    assert declare(5.0, "none", low=1.0, high=9.0, pedigree=[1, 1, 1, 1, 1]) == declare(5.0)


WRONG: dict[str, tuple[dict[str, Any], str, str]] = {
    "lognormal without a spread": ({"distribution": "lognormal"}, "distribution", "gsd"),
    "normal without a spread": ({"distribution": "normal"}, "distribution", "low + high or sd or uncertainty_pct"),
    "triangle without limits": ({"distribution": "triangular"}, "distribution", "low + high"),
    "uniform with a half-width": ({"distribution": "uniform", "uncertainty_pct": 5}, "distribution", "low + high"),
    "limits without a kind": ({"low": 1, "high": 9}, "distribution", "which distribution"),
    "one limit": ({"distribution": "normal", "low": 1}, "distribution", "found: low"),
    "spread twice": ({"sd": 1, "low": 1, "high": 9}, "distribution", "found: high, low, sd"),
    "gsd of a normal": ({"distribution": "normal", "gsd": 1.5}, "distribution", "found: gsd"),
    "unknown kind": ({"distribution": "weibull", "low": 1, "high": 9}, "distribution", "no distribution 'weibull'"),
    "limits the wrong way round": ({"distribution": "normal", "low": 9, "high": 1}, "low", "rise"),
    "value outside": ({"distribution": "normal", "low": 6, "high": 9}, "low", "rise"),
    "no width": ({"distribution": "uniform", "low": 5, "high": 5}, "low", "rise"),
    "lognormal across zero": ({"distribution": "lognormal", "low": -1, "high": 9}, "low", "one side of zero"),
    "lognormal from zero": ({"distribution": "lognormal", "low": 0, "high": 9}, "low", "one side of zero"),
    "gsd below one": ({"gsd": 0.9}, "gsd", "1 or more"),
    "negative sd": ({"sd": -1}, "sd", "not negative"),
    "negative half-width": ({"uncertainty_pct": -1}, "uncertainty_pct", "not negative"),
    "wider than numbers go": ({"gsd": 1e9}, "gsd", "wider"),
    "limits wider than numbers go": ({"distribution": "lognormal", "low": 1e-90, "high": 1e90}, "high", "wider"),
    "not a number": ({"value": math.nan}, "value", "reasonable size"),
    "infinite limit": ({"distribution": "normal", "low": 1, "high": math.inf}, "high", "reasonable size"),
    "four scores": ({"pedigree": [1, 1, 1, 1]}, "pedigree", "five scores"),
    "score six": ({"pedigree": [1, 1, 1, 1, 6], "variances": pedigree_variances()}, "pedigree", "five scores"),
    "score between": ({"pedigree": [1, 1, 1, 1, 1.5], "variances": pedigree_variances()}, "pedigree", "five scores"),
    "pedigree without variances": ({"pedigree": [1, 1, 1, 1, 1]}, "pedigree", "for reliability"),
    "pedigree of a triangle": (
        {"distribution": "triangular", "low": 1, "high": 9, "pedigree": [1, 1, 1, 1, 1]}, "pedigree", "cannot widen"
    ),
}  # fmt: skip


@pytest.mark.parametrize(("given_in", "column", "says"), WRONG.values(), ids=WRONG.keys())
def test_wrong_declaration_says_what_and_where(given_in: dict[str, Any], column: str, says: str) -> None:
    with pytest.raises(DistributionError) as caught:
        declare(**{"value": 5.0, **given_in})
    assert caught.value.column == column
    assert says in caught.value.said.en
    assert caught.value.said.zh
    assert pickle.loads(pickle.dumps(caught.value)).column == column


# --- pedigree


def test_pedigree_adds_variances_of_the_logarithm() -> None:
    # scores 2, 1, 3, 1, 4: 0.0006 + 0 + 0.002 + 0 + 0.04 = 0.0426; with gsd e^0.2: 0.04 more
    scores, variances = [2, 1, 3, 1, 4], pedigree_variances()
    assert declare(9.0, pedigree=scores, variances=variances).parameters == (9.0, pytest.approx(math.sqrt(0.0426)), 0.0)
    wide = declare(9.0, gsd=math.exp(0.2), pedigree=scores, variances=variances)
    assert wide.parameters[1] == pytest.approx(math.sqrt(0.0826))


def test_pedigree_of_a_normal_is_an_independent_factor_of_mean_one() -> None:
    # var(X·F) = (σ² + μ²)·(1 + c²) - μ² with c² = exp(0.04) - 1, for μ = 10, σ = 1
    row = declare(10.0, sd=1.0, pedigree=[5, 1, 1, 1, 1], variances=pedigree_variances())
    assert row.kind == "normal"
    assert row.parameters[1] ** 2 == pytest.approx(101 * math.exp(0.04) - 100)


def test_own_variances_replace_the_shipped_ones() -> None:
    own = dict.fromkeys(declarations.PEDIGREE, (0.0, 0.0, 0.0, 0.0, 0.01))
    assert declare(1.0, pedigree=[5] * 5, variances=own).parameters[1] == pytest.approx(math.sqrt(0.05))


def test_shipped_variances_rise_and_say_where_they_come_from() -> None:
    document = tomllib.loads((Path(declarations.__file__).parent / "pedigree.toml").read_text("utf-8"))
    assert document["verification"] in ("primary", "secondary", "unverified")
    assert {"document", "place", "verified_from"} <= set(document)
    for name, row in pedigree_variances().items():
        assert row[0] == 0
        assert list(row) == sorted(row), name


def test_shipped_variances_follow_from_the_factors_of_the_edition_before() -> None:
    # ecoinvent 2 printed factors U on the square of the geometric standard deviation: variance = (ln U / 2)²
    factors = {1.01: 2.5e-5, 1.02: 0.0001, 1.03: 0.0002, 1.05: 0.0006, 1.1: 0.002, 1.2: 0.008, 1.5: 0.04, 2.0: 0.12}
    for factor, variance in factors.items():
        assert (math.log(factor) / 2) ** 2 == pytest.approx(variance, rel=0.14)  # printed to one digit
    assert {number for row in pedigree_variances().values() for number in row} == {0.0, *factors.values()}


# --- draws

ROWS = [
    declare(10.0, sd=1.0), declare(2.0, gsd=1.3), declare(3.0, "triangular", low=1.0, high=4.0),
    declare(0.0, "uniform", low=-1.0, high=1.0), declare(7.0), declare(-2.0, gsd=1.1),
]  # fmt: skip
KEYS = ["coal", "grid", "freight", "yield", "mass", "credit"]


def test_streams_are_the_same_on_every_machine() -> None:
    # printf '7 grid' | b2sum -l 64, its bytes the lowest first
    assert [stream.to_bytes(8, "little").hex() for stream in streams(["grid", "电网"], 7).tolist()] == [
        "07b0e7121728f2cc", "0788862171081880"
    ]  # fmt: skip
    assert streams(["grid"], 0).tolist() == streams(["coal", "grid"], 0)[1:].tolist()
    assert len(set(streams(KEYS, 0).tolist()) | set(streams(KEYS, 1).tolist())) == 12


def test_rows_in_any_order_and_any_part_of_them_draw_the_same() -> None:
    whole = draw(table(*ROWS), streams(KEYS, 42), 1000)
    order = [5, 0, 3]
    part = draw(table(*(ROWS[n] for n in order)), streams([KEYS[n] for n in order], 42), 1000)
    assert part.tobytes() == whole[order].tobytes()


def test_blocks_of_draws_are_the_draws() -> None:
    whole = draw(table(*ROWS), streams(KEYS, 1), 100)
    parts = [draw(table(*ROWS), streams(KEYS, 1), 25, first=first) for first in (0, 25, 50, 75)]
    assert np.hstack(parts).tobytes() == whole.tobytes()


@pytest.mark.parametrize("count", [1_000, 70_001])
def test_threads_blocks_and_compilation_change_no_bit(count: int) -> None:
    # 300 rows of 1,000 draws are compiled, in blocks of rows; one row of 1,000 is interpreted; 70,001 is several blocks
    rows = [ROWS[n % 6] for n in range(300 if count == 1_000 else 6)]
    stream = streams([f"row {n}" for n in range(len(rows))], 9)
    one = draw(table(*rows), stream, count, threads=1)
    assert draw(table(*rows), stream, count, threads=3).tobytes() == one.tobytes()
    for number in (0, 1, 5):
        alone = draw(table(rows[number]), stream[number : number + 1], 1000, threads=2)
        assert alone.tobytes() == one[number : number + 1, :1000].tobytes()


def test_draws_go_where_they_are_told_to() -> None:
    out = np.full((6, 10), np.nan)
    assert draw(table(*ROWS), streams(KEYS, 1), 10, out=out) is out
    assert not np.isnan(out).any()


def test_same_key_is_the_same_variable_and_another_seed_another_draw() -> None:
    rows = table(ROWS[0], ROWS[0], ROWS[0])
    one, again, other = draw(rows, streams(["grid", "grid", "coal"], 5), 100)
    assert one.tobytes() == again.tobytes() != other.tobytes()
    assert draw(rows, streams(["grid", "grid", "coal"], 6), 100)[0].tobytes() != one.tobytes()


def test_certain_number_is_drawn_as_it_is() -> None:
    assert set(draw(table(declare(7.0)), streams(["mass"], 0), 50)[0].tolist()) == {7.0}


def test_no_rows_and_no_draws() -> None:
    assert draw(table(), streams([], 0), 10).shape == (0, 10)
    assert draw(table(*ROWS), streams(KEYS, 0), 0).shape == (6, 0)


def test_draws_have_the_moments_of_theory() -> None:
    # mean within 4 standard errors sd/√n, variance within 4 of √((m4 - var²)/n), n = 200,000; seed 11
    count = 200_000
    made = table(*ROWS)
    found = draw(made, streams(KEYS, 11), count)
    for row, mean, variance in zip(found, made.mean, made.variance, strict=True):
        fourth = np.mean((row - mean) ** 4)
        assert abs(row.mean() - mean) <= 4 * math.sqrt(variance / count)
        assert abs(row.var() - variance) <= 4 * math.sqrt(max(0.0, fourth - variance**2) / count)


# --- designs


def test_latin_hypercube_has_one_draw_in_each_part() -> None:
    rows = table(*(declare(0.5, "uniform", low=0.0, high=1.0) for _ in range(3)))
    found = draw_designed(rows, streams(["a", "b", "c"], 1), 1000, "latin-hypercube")
    for row in found:
        assert sorted((row * 1000).astype(int).tolist()) == list(range(1000))
    # no two rows in the same order: rank correlation within 4 standard errors 1/√(n - 1)
    assert abs(stats.spearmanr(found.T).statistic[np.triu_indices(3, 1)]).max() < 4 / math.sqrt(999)


def test_latin_hypercube_depends_on_its_own_key_only() -> None:
    whole = draw_designed(table(*ROWS), streams(KEYS, 2), 64, "latin-hypercube")
    part = draw_designed(table(*ROWS[:2]), streams(KEYS[:2], 2), 64, "latin-hypercube")
    assert part.tobytes() == whole[:2].tobytes()


def test_latin_hypercube_finds_the_mean_sooner() -> None:
    # the part that is the same for all draws of a stratum is gone: variance of the mean falls from 1/n to about 1/n³
    row = table(declare(0.5, "uniform", low=0.0, high=1.0))
    errors = {
        name: [abs(found.mean() - 0.5) for found in draws]
        for name, draws in {
            "random": [draw(row, streams(["a"], seed), 100) for seed in range(50)],
            "even": [draw_designed(row, streams(["a"], seed), 100, "latin-hypercube") for seed in range(50)],
        }.items()
    }
    # standard errors: 0.29/10 = 0.029, and 0.29/100^1.5 = 0.00029
    assert max(errors["even"]) < 4 * 0.00029
    assert np.mean(errors["random"]) > 0.01


def test_sobol_points_halve_every_side_evenly() -> None:
    rows = table(*(declare(0.5, "uniform", low=0.0, high=1.0) for _ in range(4)))
    found = draw_designed(rows, streams(["a", "b", "c", "a"], 1), 64, "sobol", seed=3)
    # each of 64 equal parts of each variable has one point: what makes it a (0, 6, 1)-net in base 2
    for row in found:
        assert sorted((row * 64).astype(int).tolist()) == list(range(64))
    assert found[0].tobytes() == found[3].tobytes()  # a shared variable
    again = draw_designed(rows, streams(["a", "b", "c", "a"], 1), 64, "sobol", seed=3)
    assert again.tobytes() == found.tobytes()
    assert draw_designed(rows, streams(["a", "b", "c", "a"], 1), 64, "sobol", seed=4).tobytes() != found.tobytes()


def test_sobol_rows_may_come_in_any_order() -> None:
    whole = draw_designed(table(*ROWS), streams(KEYS, 2), 64, "sobol")
    turned = draw_designed(table(*ROWS[::-1]), streams(KEYS[::-1], 2), 64, "sobol")
    assert turned[::-1].tobytes() == whole.tobytes()


@pytest.mark.parametrize(("method", "count"), [("sobol", 100), ("sobol", 0), ("halton", 64), ("", 64)])
def test_design_that_cannot_be_is_refused(method: str, count: int) -> None:
    with pytest.raises(DistributionError) as caught:
        draw_designed(table(*ROWS), streams(KEYS, 2), count, method)
    assert caught.value.column == "method"
