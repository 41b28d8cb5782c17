"""Checks of savings against hand arithmetic and laws."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbon.benchmarks.upgrades.savings import (
    CONFIRMED,
    OVERSTATED,
    UNDERSTATED,
    UNKNOWN,
    difference_uncertainty,
    judge_claim,
    normalised_saving,
)
from carbon.errors import UsageError

near = pytest.approx
amounts = st.integers(1, 10**9).map(lambda number: number / 1000)
shares = st.integers(0, 100).map(lambda pct: pct / 100)
limits = st.integers(0, 1000).map(lambda permille: permille / 10)


def test_baseline_goes_with_output() -> None:
    # 1000 · 110 / 100 = 1100; 1100 - 990 = 110 = 10 %
    found = normalised_saving(1000, 100, 990, 110)
    assert (float(found.baseline), float(found.saving), float(found.saving_pct)) == near((1100, 110, 10))
    assert math.isnan(found.uncertainty)  # no limits given


def test_fixed_share_does_not_go_with_output() -> None:
    # 1000 · (0.4 + 0.6 · 0.5) = 700; 700 - 630 = 70 = 10 %; without adjustment it would be 370
    found = normalised_saving(1000, 200, 630, 100, fixed_share=0.4)
    assert (float(found.baseline), float(found.saving), float(found.saving_pct)) == near((700, 70, 10))
    assert float(normalised_saving(1000, 200, 630, 100, fixed_share=1).saving) == near(370)


def test_uncertainty_by_hand() -> None:
    # baseline 1000: 3 % = 30, outputs 2 % = 20 and 1 % = 10, after 800: 2.5 % = 20; √(900 + 400 + 400 + 100) = √1800
    found = normalised_saving(1000, 100, 800, 100, limits_pct=(3, 2, 2.5, 1))
    assert float(found.uncertainty) == near(math.sqrt(1800))
    # half fixed: the outputs move half of it: √(900 + 100 + 400 + 25)
    half = normalised_saving(1000, 100, 800, 100, fixed_share=0.5, limits_pct=(3, 2, 2.5, 1))
    assert float(half.uncertainty) == near(math.sqrt(1425))


def test_unknown_stays_unknown_and_arrays_pass() -> None:
    found = normalised_saving([1000, np.nan, 0], 100, [900, 900, 0], 100, limits_pct=(1, 1, 1, 1))
    assert found.saving.tolist() == near([100, math.nan, 0], nan_ok=True)
    assert found.saving_pct.tolist() == near([10, math.nan, math.nan], nan_ok=True)  # % of nothing
    assert np.isnan(found.uncertainty[1])


@given(amounts, amounts, amounts, amounts, shares, st.floats(0.01, 100))
def test_saving_scales_with_energy_and_not_with_the_unit_of_output(
    energy: float, output: float, after: float, made: float, fixed: float, times: float
) -> None:
    one = normalised_saving(energy, output, after, made, fixed, (1, 2, 3, 4))
    size = float(one.baseline) + after
    larger = normalised_saving(energy * times, output, after * times, made, fixed, (1, 2, 3, 4))
    assert float(larger.saving) == near(float(one.saving) * times, abs=1e-12 * size * times)
    assert float(larger.uncertainty) == near(float(one.uncertainty) * times)
    other = normalised_saving(energy, output * times, after, made * times, fixed, (1, 2, 3, 4))
    assert float(other.saving) == near(float(one.saving), abs=1e-12 * size)
    same = normalised_saving(energy, output, energy, output, fixed)
    assert float(same.saving) == near(0, abs=1e-12 * energy)


def test_shared_factor_cancels() -> None:
    assert float(difference_uncertainty(100, 90, 0, 0, 5)) == near(0.5)  # (100 - 90) · 5 %
    assert float(difference_uncertainty(80, 60, 0, 0, 5, shared=False)) == near(5)  # √(4² + 3²)
    # √((100 · 3 %)² + (50 · 8 %)² + (50 · 24 %)²) = √(9 + 16 + 144)
    assert float(difference_uncertainty(100, 50, 3, 8, 24)) == near(13)


@given(amounts, amounts, limits, limits, limits)
def test_sharing_a_factor_never_widens(b: float, a: float, u_b: float, u_a: float, u_f: float) -> None:
    shared = float(difference_uncertainty(b, a, u_b, u_a, u_f))
    assert shared <= float(difference_uncertainty(b, a, u_b, u_a, u_f, shared=False)) * (1 + 1e-12)
    assert shared == near(float(difference_uncertainty(a, b, u_a, u_b, u_f)))


def test_verdicts() -> None:
    claimed, found = [120, 112, 100, 115, 105, np.nan, 110], [110, 110, 110, 110, 110, 110, np.nan]
    verdict, difference = judge_claim(claimed, found, 5)
    assert verdict.tolist() == [OVERSTATED, CONFIRMED, UNDERSTATED, CONFIRMED, CONFIRMED, UNKNOWN, UNKNOWN]
    assert difference.tolist()[:5] == [10, 2, -10, 5, -5]
    assert str(judge_claim(1, 1, math.nan)[0]) == UNKNOWN
    assert str(judge_claim(-3, -10, 1)[0]) == OVERSTATED  # more was used, by more than was said


def test_a_saving_within_its_uncertainty_confirms() -> None:
    found = normalised_saving(1000, 100, 990, 110, limits_pct=(3, 0, 0, 0))  # 110 ± 33
    assert str(judge_claim(140, found.saving, found.uncertainty)[0]) == CONFIRMED
    assert str(judge_claim(144, found.saving, found.uncertainty)[0]) == OVERSTATED


def test_impossible_numbers_are_refused() -> None:
    for call in (
        lambda: normalised_saving(1, 0, 1, 1),
        lambda: normalised_saving(-1, 1, 1, 1),
        lambda: normalised_saving(1, 1, 1, 1, fixed_share=1.1),
        lambda: normalised_saving(1, 1, 1, 1, limits_pct=(1, 1, -1, 1)),
        lambda: difference_uncertainty(1, math.inf, 1, 1, 1),
        lambda: judge_claim(math.inf, math.inf, 1),
        lambda: judge_claim(1, 1, -1),
    ):
        with pytest.raises(UsageError):
            call()
