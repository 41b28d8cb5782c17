"""Ranking of abatement measures: hand arithmetic, reasons, and laws that hold for every portfolio."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbon.benchmarks.upgrades import abatement
from carbon.benchmarks.upgrades.abatement import ALTERNATIVE, COUNTED, IMPOSSIBLE, INCREASE, UNKNOWN, rank
from carbon.errors import UsageError

near = pytest.approx
NAN = math.nan


def test_measures_on_one_system_share_what_is_left() -> None:
    # cheapest first: 20 % of 100; 10 % of the 80 left = 8; 30 % of the 72 left = 21.6
    found = rank([50, -20, 30], [30, 20, 10], [100] * 3, [0] * 3, [-1] * 3)
    assert found.order.tolist() == [1, 2, 0]
    assert found.counted.tolist() == near([21.6, 20, 8])
    assert found.cumulative.tolist() == near([20, 28, 49.6])  # 100 (1 - 0.8 · 0.9 · 0.7) = 49.6
    assert found.reason == (COUNTED,) * 3


def test_co2e_and_energy_are_counted_alike() -> None:
    # second measure: 25 % of the CO2e that is left (90), 50 % of the energy that is left (800)
    found = rank([1, 2], [[10, 200], [25, 500]], [[100, 1000]] * 2, [7, 7], [-1, -1])
    assert found.counted.tolist() == [[10, 200], near([22.5, 400])]
    assert found.cumulative.tolist() == [[10, 200], near([32.5, 600])]


def test_of_alternatives_only_the_first_counts() -> None:
    found = rank([5, 4, 6], [30, 20, 10], [100] * 3, [0, 0, 0], [3, 3, -1])
    assert found.reason == (ALTERNATIVE, COUNTED, COUNTED)
    assert found.counted.tolist() == [0, 20, 8]
    assert found.cumulative.tolist() == [20, 20, 28]


def test_unknown_cost_comes_last_and_ties_keep_their_order() -> None:
    found = rank([NAN, 5, NAN, 5, -1], [1] * 5, [10] * 5, [-1] * 5, [-1] * 5)
    assert found.order.tolist() == [4, 1, 3, 0, 2]
    assert found.cumulative.tolist() == [1, 2, 3, 4, 5]


def test_unknown_and_impossible_savings_take_no_place() -> None:
    found = rank([1, 2, 3, 4], [NAN, 11, 4, 5], [10, 10, 10, 10], [0] * 4, [0] * 4)
    assert found.reason == (UNKNOWN, IMPOSSIBLE, COUNTED, ALTERNATIVE)
    assert found.counted.tolist()[2:] == [4, 0]
    assert np.isnan(found.counted[:2]).all()
    assert found.cumulative.tolist() == [0, 0, 4, 4]
    assert rank([1], [1], [NAN], [0], [-1]).reason == (UNKNOWN,)
    assert rank([1], [-1], [-2], [0], [-1]).reason == (IMPOSSIBLE,)


def test_a_measure_that_emits_more_is_counted_and_said() -> None:
    # 100 grows by 20 % to 120, of which the second saves half: 100 - 60 = 40 in all
    found = rank([1, 2], [-20, 50], [100, 100], [0, 0], [-1, -1])
    assert found.reason == (INCREASE, COUNTED)
    assert found.counted.tolist() == near([-20, 60])
    assert found.cumulative.tolist() == near([-20, 40])


def test_nothing_before_takes_an_increase_as_it_is() -> None:
    found = rank([1, 2], [[10, -5], [5, 0]], [[20, 0], [20, 0]], [0, 0], [-1, -1])  # heat pump for gas
    assert found.counted.tolist() == [[10, -5], [2.5, 0]]
    assert rank([1], [1], [0], [0], [-1]).reason == (IMPOSSIBLE,)
    assert rank([1], [0], [0], [0], [-1]).reason == (COUNTED,)


@pytest.mark.parametrize("shape", [(0,), (0, 2)])
def test_no_measures(shape: tuple[int, ...]) -> None:
    found = rank([], np.zeros(shape), np.zeros(shape), [], [])
    assert found.counted.shape == found.cumulative.shape == shape
    assert (found.order.tolist(), found.reason) == ([], ())


@pytest.mark.parametrize(
    "given_",
    [
        ([1, 2], [1], [1], [0], [0]),
        ([1], [1], [[1]], [0], [0]),
        ([1], [[[1]]], [[[1]]], [0], [0]),
        ([math.inf], [1], [1], [0], [0]),
        ([1], [1e300], [1e301], [0], [0]),
    ],
)
def test_wrong_shapes_and_numbers_are_refused(given_: tuple[list[float], ...]) -> None:
    with pytest.raises(UsageError):
        rank(*given_)


measures = st.lists(
    st.tuples(
        st.one_of(st.just(NAN), st.floats(-1e4, 1e4)),  # cost
        st.integers(0, 1000).map(lambda permille: permille / 1000),  # share saved
        st.integers(0, 3),  # system
        st.integers(-1, 2),  # group of alternatives
    ),
    min_size=1,
    max_size=12,
)
BEFORE = np.array([100.0, 7.0, 1e6, 0.5])
Measures = list[tuple[float, float, int, int]]


def ranked(chosen: Measures) -> abatement.Ranking:
    cost, share, system, group = (np.array(column) for column in zip(*chosen, strict=True))
    before = BEFORE[system]
    return rank(cost, share * before, before, system, group)


@given(measures)
def test_no_system_saves_more_than_it_has(chosen: Measures) -> None:
    found = ranked(chosen)
    systems = np.array([system for _, _, system, _ in chosen])
    for system, before in enumerate(BEFORE):
        counted = found.counted[systems == system]
        assert -1e-12 <= counted.sum() <= before * (1 + 1e-12)
        left = math.prod(
            1 - share
            for (_, share, place, _), reason in zip(chosen, found.reason, strict=True)
            if place == system and reason == COUNTED
        )
        assert counted.sum() == near(before * (1 - left), abs=1e-9 * before)
    assert found.cumulative[-1] == near(found.counted.sum(), rel=1e-9, abs=1e-9)
    assert sorted(found.order.tolist()) == list(range(len(chosen)))


@given(measures, st.randoms(use_true_random=False))
def test_order_of_measures_of_different_cost_does_not_matter(chosen: Measures, random: object) -> None:
    distinct = [(float(place), *rest) for place, (_, *rest) in enumerate(chosen)]
    mixed = list(range(len(distinct)))
    random.shuffle(mixed)  # type: ignore[attr-defined]
    one, other = ranked(distinct), ranked([distinct[place] for place in mixed])
    assert other.counted.tolist() == one.counted[mixed].tolist()
    assert other.cumulative.tolist() == one.cumulative.tolist()
    assert other.reason == tuple(one.reason[place] for place in mixed)


@given(measures)
def test_a_measure_on_another_system_changes_nothing(chosen: Measures) -> None:
    alone = [(cost, share, system, -1) for cost, share, system, _ in chosen]
    more = ranked([*alone, (-2e4, 0.5, 3, -1)])
    elsewhere = [place for place, (_, _, system, _) in enumerate(alone) if system != 3]
    assert more.counted[elsewhere].tolist() == ranked(alone).counted[elsewhere].tolist()


@given(measures, st.sampled_from([2.0, 0.25, 1024.0]))
def test_savings_scale_with_their_unit(chosen: Measures, times: float) -> None:
    cost, share, system, group = (np.array(column) for column in zip(*chosen, strict=True))
    before = BEFORE[system]
    one = rank(cost, share * before, before, system, group)
    other = rank(cost, share * before * times, before * times, system, group)
    assert other.counted.tolist() == (one.counted * times).tolist()
    assert other.reason == one.reason
