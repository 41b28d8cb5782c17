"""Uncertainty of footprints: hand cases, theory against draws within four standard errors, what changes no bit."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from carbon.errors import DataError, UsageError
from carbon.footprint.study import Footprint, footprint
from carbon.footprint.uncertain import Uncertainty, uncertainty

Z = 1.959963984540054  # 97.5 % quantile of the standard normal distribution
DRAWS = 20_000
Row = dict[str, Any]


def emission(amount: Any, process: str = "kiln", name: str = "CO2", **own: Any) -> Row:
    return {"process": process, "kind": "emission", "name": name, "amount": amount, "unit": "kg", **own}


def one(exchanges: list[Row], processes: list[Row] | None = None, **own: Any) -> Footprint:
    processes = processes or [{"process": "kiln", "unit": "t"}]
    first = processes[0]
    study = {"product": first.get("product", first["process"]), "unit": first["unit"]}
    return footprint(processes, exchanges, study=study | own.pop("study", {}), **own)


def within_four_errors(found: Uncertainty, mean: float, variance: float) -> None:
    """Mean within 4·sd/√n; variance within 4·√((m4 - v²)/n), m4 from the draws."""
    draws, count = found.draws, len(found.draws)
    assert abs(draws.mean() - mean) <= 4 * math.sqrt(variance / count)
    fourth = float(((draws - draws.mean()) ** 4).mean())
    assert abs(draws.var(ddof=1) - variance) <= 4 * math.sqrt((fourth - variance**2) / count)


# --- by hand ------------------------------------------------------------------------------------------------------


def test_one_lognormal_amount_has_its_mean_shifted_by_half_its_variance() -> None:
    found = uncertainty(one([emission(100, distribution="lognormal", uncertainty_pct=50)]), DRAWS)
    sigma = math.log(1.5) / Z  # the 95 % interval runs from 100 / 1.5 to 100 * 1.5
    mean = 100 * math.exp(sigma**2 / 2)
    variance = mean**2 * math.expm1(sigma**2)
    assert found.base == pytest.approx(100, rel=1e-14)
    assert found.analytic.exact
    assert found.analytic.propagation.mean == pytest.approx(mean, rel=1e-12)
    assert found.analytic.propagation.variance == pytest.approx(variance, rel=1e-12)
    assert found.analytic.summary.low == pytest.approx(100 / 1.5, rel=1e-9)
    assert found.analytic.summary.high == pytest.approx(150, rel=1e-9)
    within_four_errors(found, mean, variance)
    [shift] = found.mean_shift
    assert shift["value_is"] == "median"
    assert shift["shift_co2e_kg"] == pytest.approx(mean - 100, rel=1e-12)
    assert found.known_pct == pytest.approx(100)
    assert found.certain == []


def test_independent_normal_amounts_add_in_squares() -> None:
    rows = [emission(300, uncertainty_pct=10), emission(400, uncertainty_pct=10),
            emission(500, origin="biogenic", uncertainty_pct=10)]  # counts for nothing  # fmt: skip
    found = uncertainty(one(rows), DRAWS)
    sd = 0.1 * math.hypot(300, 400) / Z  # 50 / 1.96
    assert found.analytic.exact
    assert found.analytic.summary.sd == pytest.approx(sd, rel=1e-12)
    within_four_errors(found, 700, sd**2)
    assert found.mean_shift == []
    shares = [row["analytic_pct"] for row in found.ranking]
    assert shares == pytest.approx([64, 36, 0], abs=1e-9)  # 16 : 9
    drawn = [row["drawn_pct"] for row in found.ranking]
    assert drawn == pytest.approx([64, 36, 0], abs=4)


@pytest.fixture
def own(tmp_path: Path) -> str:
    """A folder with one own factor: 2 kgCO2e/kg, limits 1 and 4."""
    folder = tmp_path / "own" / "maker"
    folder.mkdir(parents=True)
    (folder / "parts.toml").write_text(
        'id = "maker/parts"\ntitle_zh = "零件"\ntitle_en = "Parts"\npublisher = "p"\ndocument = "d"\n'
        'issued = 2024-01-01\nlicence = "own"\nverification = "unverified"\nverified_from = "invented"\n', "utf-8",
    )  # fmt: skip
    (folder / "parts.csv").write_text(
        "factor_id,item,region,process,parameter,gas,value,unit,low,high,distribution,valid_from,valid_to,page,note\n"
        "steel,crude-steel,,,emission,CO2e,2,kgCO2e/kg,1,4,,,,p. 1,\n", "utf-8",
    )  # fmt: skip
    return str(tmp_path / "own")


def test_shared_factor_is_one_variable(own: str) -> None:
    """1000 kg in the car and 500·3 kg in its doors: 2500·f, so sd(total) = 2500·sd(f), not √(1000² + 1500²)·sd(f).

    Limits 1 and 4 of a lognormal: median 2, σ = ln 2 / 1.96.
    """
    rows = [{"process": "car", "kind": "material", "name": "crude steel", "amount": 1, "unit": "t"},
            {"process": "door", "kind": "material", "name": "crude steel", "amount": 3, "unit": "kg"},
            {"process": "car", "kind": "input", "name": "door", "amount": 500, "unit": "kg"}]  # fmt: skip
    made = [{"process": "car", "unit": "t"}, {"process": "door", "unit": "kg"}]
    study = one(rows, made, study={"factors": [own], "period": "2024"})
    found = uncertainty(study, DRAWS)
    assert found.base == pytest.approx(5000, rel=1e-13)
    assert found.variables.key == ("factor:maker/parts:steel",)
    square = (math.log(2) / Z) ** 2
    mean = 5000 * math.exp(square / 2)
    variance = mean**2 * math.expm1(square)
    assert found.analytic.exact
    assert found.analytic.propagation.mean == pytest.approx(mean, rel=1e-12)
    assert found.analytic.propagation.variance == pytest.approx(variance, rel=1e-12)
    within_four_errors(found, mean, variance)
    assert found.known_pct == 0  # amounts without limits
    for row in rows:
        row["uncertainty_pct"] = 10
    both = uncertainty(one(rows[:1], made[:1], study={"factors": [own], "period": "2024"}), DRAWS)
    # amount × factor, independent: (μa² + σa²)·(μf² + σf²) - μa²·μf²
    mean_f, amount = 2 * math.exp(square / 2), (100 / Z) ** 2
    square_f = mean_f**2 * math.exp(square)
    exact = (1e6 + amount) * square_f - 1e6 * mean_f**2
    assert both.analytic.exact
    assert both.analytic.propagation.variance == pytest.approx(exact, rel=1e-12)
    assert both.known_pct == pytest.approx(100)
    within_four_errors(both, 1000 * mean_f, exact)


def chain(spread: Row) -> Footprint:
    """kiln takes 2 t of meal, each 0.5 t of stone, each 100 kg CO2: 100 kg; 2·0.5·100."""
    return one(
        [{"process": "kiln", "kind": "input", "name": "meal", "amount": 2, "unit": "t", **spread},
         {"process": "meal", "kind": "input", "name": "stone", "amount": 0.5, "unit": "t", **spread},
         emission(100, "stone", **spread)],
        [{"process": name, "unit": "t"} for name in ("kiln", "meal", "stone")],
    )  # fmt: skip


def test_chain_of_lognormal_amounts() -> None:
    """Product of three lognormals: σ² adds, so the exact variance is known; theory is its first order."""
    found = uncertainty(chain({"distribution": "lognormal", "uncertainty_pct": 20}), DRAWS)
    square = (math.log(1.2) / Z) ** 2
    mean = 100 * math.exp(3 * square / 2)
    within_four_errors(found, mean, mean**2 * math.expm1(3 * square))
    assert not found.analytic.exact
    assert found.analytic.propagation.mean == pytest.approx(mean, rel=1e-12)  # each number once: exact
    assert found.analytic.propagation.variance == pytest.approx(mean**2 * 3 * math.expm1(square), rel=1e-9)
    assert [row["analytic_pct"] for row in found.ranking] == pytest.approx([100 / 3] * 3, rel=1e-9)
    assert found.known_pct == pytest.approx(100)


def test_known_share_follows_the_links() -> None:
    """Of 100 kg + 300 kg the 300 come by a link without limits."""
    spread = {"uncertainty_pct": 10}
    rows = [emission(100, **spread), emission(300, "mill", **spread),
            {"process": "kiln", "kind": "input", "name": "mill", "amount": 1, "unit": "t"}]  # fmt: skip
    made = [{"process": "kiln", "unit": "t"}, {"process": "mill", "unit": "t"}]
    found = uncertainty(one(rows, made))
    assert found.known_pct == pytest.approx(25)
    assert [(row["kind"], row["name"]) for row in found.certain] == [("exchange", "mill")]
    assert "25.0 %" in found.said.en
    assert "25.0 %" in found.said.zh
    rows[2] |= spread
    assert uncertainty(one(rows, made)).known_pct == pytest.approx(100)


def test_loop_by_first_order() -> None:
    """x = 1 / (1 - a)·b with a = 0.5 ± 1 %: ∂x/∂a = b / (1 - a)² = 4·b."""
    rows = [emission(10), {"process": "kiln", "kind": "input", "name": "kiln", "amount": 0.5, "unit": "t",
                           "uncertainty_pct": 1}]  # fmt: skip
    found = uncertainty(one(rows), DRAWS)
    sd = 40 * 0.005 / Z
    assert found.base == pytest.approx(20, rel=1e-14)
    assert found.analytic.summary.sd == pytest.approx(sd, rel=1e-9)
    assert found.summary is not None
    assert found.summary.sd == pytest.approx(sd, rel=4 / math.sqrt(2 * DRAWS) + 1e-3)  # 1e-3: second order


def test_parameters_are_drawn_once_for_all_that_use_them() -> None:
    """(p + 3·p)·100 = 400·p: sd is 400 times that of p, not √10·100 times."""
    rows = [emission("100 * p"), emission("100 * q", "mill"),
            {"process": "kiln", "kind": "input", "name": "mill", "amount": 1, "unit": "t"}]  # fmt: skip
    made = [{"process": "kiln", "unit": "t"}, {"process": "mill", "unit": "t"}]
    parameters = [{"parameter": "p", "value": 2, "distribution": "uniform", "low": 1, "high": 3},
                  {"parameter": "q", "value": "3 * p"}]  # fmt: skip
    study = one(rows, made, parameters=parameters)
    found = uncertainty(study, DRAWS)
    variance = 400**2 * 4 / 12  # of a uniform distribution of width 2
    assert found.analytic.propagation.variance == pytest.approx(variance, rel=1e-8)
    within_four_errors(found, 800, variance)
    parameters[1] |= {"uncertainty_pct": 10}  # of its own: q = 3·p·(1 ± 10 %)
    both = uncertainty(one(rows, made, parameters=parameters), DRAWS)
    extra = (300 * 2 * 0.1 / Z) ** 2
    assert both.analytic.propagation.variance == pytest.approx(variance + extra, rel=1e-8)
    # exact: 100·p + 300·p·r with r of mean 1 and variance v is 400²·var(p) + 300²·(μ² + var(p))·v
    v = (0.1 / Z) ** 2
    within_four_errors(both, 800, variance + 300**2 * (4 + 4 / 12) * v)


def test_scenario_makes_its_parameter_certain() -> None:
    study = one([emission("100 * p")], parameters=[{"parameter": "p", "value": 2, "uncertainty_pct": 10}],
                scenarios=[{"scenario": "less", "parameter": "p", "value": 1}])  # fmt: skip
    assert uncertainty(study).analytic.propagation.variance > 0
    found = uncertainty(study, 100, scenario="less")
    assert found.base == pytest.approx(100)
    assert found.analytic.propagation.variance == 0
    assert set(found.draws) == {found.draws[0]}
    assert [row["name"] for row in found.certain] == ["p"]


def test_amount_that_is_an_expression_is_scaled_by_its_own_spread() -> None:
    study = one([emission("100 * p", distribution="triangular", low=150, high=250)],
                parameters=[{"parameter": "p", "value": 2}])  # fmt: skip
    found = uncertainty(study, DRAWS)
    within_four_errors(found, 200, 50**2 / 6)  # of a symmetric triangle of half-width 50
    assert found.analytic.propagation.variance == pytest.approx(50**2 / 6, rel=1e-9)


def test_leg_with_distance_is_scaled_as_a_whole() -> None:
    row = {"process": "kiln", "kind": "transport", "name": "road", "amount": 2, "unit": "t", "distance_km": 50,
           "factor": 0.1, "factor_unit": "kgCO2e/(t*km)", "uncertainty_pct": 10}  # fmt: skip
    study = one([row])
    assert study.co2e() == pytest.approx(10)
    found = uncertainty(study)
    assert found.analytic.summary.sd == pytest.approx(1 / Z, rel=1e-12)
    assert found.known_pct == pytest.approx(0)  # the row's own factor has no limits
    assert [row["kind"] for row in found.certain] == ["factor"]


def test_co_product_output_is_drawn() -> None:
    """Two outputs by fraction, half each: 50 kg for what the co-product makes, 100 ± 10 %."""
    rows = [emission(100),
            {"process": "kiln", "kind": "co-product", "name": "heat", "amount": 100, "unit": "kg", "fraction": 0.5,
             "distribution": "uniform", "low": 90, "high": 110}]  # fmt: skip
    made = [{"process": "kiln", "unit": "t", "allocation": "fraction", "fraction": 0.5}]
    study = one(rows, made, study={"product": "heat", "unit": "kg"})
    found = uncertainty(study, DRAWS)
    assert found.base == pytest.approx(0.5)
    assert found.analytic.propagation.variance == pytest.approx(0.005**2 * 20**2 / 12, rel=1e-9)
    mean = 50 / 20 * math.log(110 / 90)  # of 50 / x, x uniform from 90 to 110
    within_four_errors(found, mean, 2500 / (90 * 110) - mean**2)


def test_pedigree_alone_makes_a_lognormal() -> None:
    scores = dict.fromkeys(("reliability", "completeness", "time", "geography", "technology"), 3)
    found = uncertainty(one([emission(100, **scores)]))
    square = 0.002 + 0.0006 + 0.002 + 0.0001 + 0.008  # table of pedigree.toml, score 3
    assert found.analytic.propagation.variance == pytest.approx(1e4 * math.exp(square) * math.expm1(square), rel=1e-9)


def test_nothing_declared_is_certain_and_said() -> None:
    found = uncertainty(one([emission(100)]), 10)
    assert found.analytic.propagation.variance == 0
    assert found.draws.tolist() == [100.0] * 10
    assert found.known_pct == 0
    assert found.certain == [{"kind": "exchange", "process": "kiln", "name": "CO2", "source_line": 1}]


def test_exchange_without_any_gas() -> None:
    empty = one([{"process": "kiln", "kind": "input", "name": "mill", "amount": 1, "unit": "t"}],
                [{"process": "kiln", "unit": "t"}, {"process": "mill", "unit": "t"}])  # fmt: skip
    found = uncertainty(empty, 4)
    assert found.draws.tolist() == [0.0] * 4
    assert found.known_pct is None


# --- what changes no bit ------------------------------------------------------------------------------------------


def mixed() -> tuple[list[Row], list[Row], list[Row]]:
    spread = {"distribution": "lognormal", "uncertainty_pct": 30}
    rows = [
        emission(3.1, "a", **spread), emission(0.7, "a", "CH4", uncertainty_pct=10), emission(1.3, "b", **spread),
        emission(1.3, "b", uncertainty_pct=5), emission("2 * p", "c", "N2O"),
        {"process": "a", "kind": "input", "name": "b", "amount": 0.3, "unit": "t", **spread},
        {"process": "b", "kind": "input", "name": "c", "amount": 0.2, "unit": "t", **spread},
        {"process": "c", "kind": "input", "name": "a", "amount": 0.1, "unit": "t", **spread},
        {"process": "a", "kind": "input", "name": "c", "amount": "0.4 * q", "unit": "t"},
    ]  # fmt: skip
    parameters = [{"parameter": "p", "value": 1.7, "uncertainty_pct": 12}, {"parameter": "q", "value": "p / 2"}]
    return [{"process": name, "unit": "t"} for name in "abc"], rows, parameters


@pytest.mark.parametrize("method", ["random", "latin-hypercube", "sobol"])
def test_neither_order_nor_threads_change_a_bit(method: str) -> None:
    made, rows, parameters = mixed()
    study = {"product": "a", "unit": "t"}
    first = uncertainty(footprint(made, rows, parameters=parameters, study=study), 256, 7, method, threads=1)
    for seed in range(3):
        random = np.random.default_rng(seed)
        shuffled = [[table[n] for n in random.permutation(len(table))] for table in (made, rows, parameters)]
        again = uncertainty(footprint(*shuffled[:2], parameters=shuffled[2], study=study), 256, 7, method, threads=4)
        assert np.array_equal(first.draws, again.draws)
        assert all(np.array_equal(first.gases[gas], again.gases[gas]) for gas in first.gases)
        assert [row["key"] for row in first.ranking] == [row["key"] for row in again.ranking]
    other = uncertainty(footprint(made, rows, parameters=parameters, study=study), 256, 8, method)
    assert not np.array_equal(first.draws, other.draws)


def test_more_draws_begin_as_fewer() -> None:
    made, rows, parameters = mixed()
    study = footprint(made, rows, parameters=parameters, study={"product": "a", "unit": "t"})
    assert np.array_equal(uncertainty(study, 200).draws[:50], uncertainty(study, 50).draws)


@pytest.mark.parametrize("method", ["latin-hypercube", "sobol"])
def test_designs_estimate_the_mean_better_than_random_draws_can(method: str) -> None:
    rows = [
        emission(100, distribution="uniform", low=50, high=150),
        emission(70, distribution="uniform", low=0, high=140),
    ]
    found = uncertainty(one(rows), 1024, method=method)
    sd = math.hypot(100, 140) / math.sqrt(12)
    assert abs(found.draws.mean() - 170) < 0.1 * sd / math.sqrt(1024)


def test_base_is_the_footprint() -> None:
    made, rows, parameters = mixed()
    study = footprint(made, rows, parameters=parameters, study={"product": "a", "unit": "t"})
    found = uncertainty(study)
    assert found.base == pytest.approx(study.co2e(), rel=1e-13)


# --- what cannot be -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("own", "column"),
    [
        ({"distribution": "lognormal"}, "distribution"),
        ({"distribution": "normal", "low": 90}, "distribution"),
        ({"low": 90, "high": 110}, "distribution"),
        ({"distribution": "beta", "low": 90, "high": 110}, "distribution"),
        ({"distribution": "uniform", "low": 101, "high": 110}, "low"),
        ({"distribution": "lognormal", "low": -1, "high": 110}, "low"),
        (dict.fromkeys(("reliability", "completeness", "time", "geography", "technology"), 2.5), "reliability"),
    ],
)
def test_amount_without_limits_is_said_at_its_line_and_stands(own: Row, column: str) -> None:
    study = one([emission(1), emission(100, **own)])
    [issue] = [issue for issue in study.issues if issue.code == "P730"]
    assert list(issue.lines) == [2]
    assert issue.column == column
    assert study.co2e() == pytest.approx(101)
    assert not study.complete
    assert len(uncertainty(study).certain) == 2


def test_parameter_without_limits_is_said_at_its_line() -> None:
    study = one([emission("p")], parameters=[{"parameter": "p", "value": 3, "distribution": "正态"}])
    assert [issue.code for issue in study.issues.errors] == ["P730"]
    assert study.co2e() == pytest.approx(3)


def test_words_of_distributions_in_chinese() -> None:
    found = uncertainty(one([emission(100, distribution="对数正态", uncertainty_pct=50)]))
    assert found.analytic.summary.high == pytest.approx(150, rel=1e-9)


def test_draws_without_a_solution_are_counted_and_left_out() -> None:
    rows = [emission(10), {"process": "kiln", "kind": "input", "name": "kiln", "amount": 0.8, "unit": "t",
                           "distribution": "uniform", "low": 0.6, "high": 1.2}]  # fmt: skip
    found = uncertainty(one(rows), 1000)
    share = len(found.failed) / 1000
    assert abs(share - 1 / 3) < 4 * math.sqrt(2 / 9 / 1000)  # 1 to 1.2 of 0.6 to 1.2
    assert np.isnan(found.draws[list(found.failed)]).all()
    assert found.summary is not None
    assert np.isfinite(found.summary.mean)
    assert "no solution" in found.said.en


def test_numbers_that_draws_make_impossible() -> None:
    study = one([emission(1), emission("ln(p) + 1")],
                parameters=[{"parameter": "p", "value": 1, "uncertainty_pct": 200}])  # fmt: skip
    with pytest.raises(DataError) as caught:
        uncertainty(study, 1000)
    [issue] = caught.value.issues
    assert (issue.code, list(issue.lines), issue.value) == ("P708", [2], "ln(p) + 1")


@pytest.mark.parametrize(
    "wrong", [{"method": "magic"}, {"draws": -1}, {"scenario": "no"}, {"method": "sobol", "draws": 100}]
)
def test_wrong_use(wrong: Row) -> None:
    with pytest.raises(UsageError):
        uncertainty(one([emission(100, uncertainty_pct=1)]), **wrong)


def test_two_factors_of_one_term(tmp_path: Path) -> None:
    """1 t of diesel · ncv · carbon content: relative variances of two lognormals add at first order.

    Exact: the square of the mean times exp(σ1² + σ2²) - 1.
    """
    folder = tmp_path / "own" / "maker"
    folder.mkdir(parents=True)
    (folder / "fuel.toml").write_text(
        'id = "maker/fuel"\ntitle_zh = "燃料"\ntitle_en = "Fuel"\npublisher = "p"\ndocument = "d"\n'
        'issued = 2024-01-01\nlicence = "own"\nverification = "unverified"\nverified_from = "invented"\n', "utf-8",
    )  # fmt: skip
    (folder / "fuel.csv").write_text(
        "factor_id,item,region,process,parameter,gas,value,unit,low,high,distribution,valid_from,valid_to,page,note\n"
        "n,diesel,,,ncv,,40,GJ/t,32,50,,,,p. 1,\n"
        "c,diesel,,,carbon_content,,0.02,tC/GJ,0.016,0.025,,,,p. 1,\n"
        "o,diesel,,,oxidation,,1,1,,,,,,p. 1,\n", "utf-8",
    )  # fmt: skip
    row = {"process": "kiln", "kind": "fuel", "name": "diesel", "amount": 3, "unit": "t"}
    study = one([row], study={"factors": [str(tmp_path / "own")], "period": "2024"})
    found = uncertainty(study, DRAWS)
    assert found.base == pytest.approx(3 * 40 * 20 * 44 / 12, rel=1e-12)
    assert found.variables.key == ("factor:maker/fuel:c", "factor:maker/fuel:n")
    square = (math.log(1.25) / Z) ** 2
    mean = found.base * math.exp(square)
    assert not found.analytic.exact
    assert found.analytic.propagation.mean == pytest.approx(mean, rel=1e-12)
    assert found.analytic.propagation.variance == pytest.approx(mean**2 * 2 * math.expm1(square), rel=1e-9)
    within_four_errors(found, mean, mean**2 * math.expm1(2 * square))
    assert [shift["shift_co2e_kg"] for shift in found.mean_shift] == pytest.approx(
        [found.base * math.expm1(square / 2)] * 2
    )


def test_scenario_that_defines_a_parameter_by_another() -> None:
    study = one([emission("100 * a")],
                parameters=[{"parameter": "a", "value": 1}, {"parameter": "b", "value": 2, "uncertainty_pct": 10}],
                scenarios=[{"scenario": "by b", "parameter": "a", "value": "2 * b"}])  # fmt: skip
    assert uncertainty(study).known_pct == 0
    found = uncertainty(study, scenario="by b")
    assert found.base == pytest.approx(400)
    assert found.analytic.summary.sd == pytest.approx(200 * 0.2 / Z, rel=1e-8)
    assert found.known_pct == pytest.approx(100)
