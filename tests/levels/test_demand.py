"""Demand of equipment against hand arithmetic, published pump cases and laws of scale."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbon.benchmarks.upgrades import demand
from carbon.errors import UsageError

near = pytest.approx
amounts = st.integers(1, 10**9).map(lambda number: number / 1000)

BY_HAND: list[tuple[Callable[..., Any], tuple[float, ...], float]] = [
    (demand.motor_kwh, (90, 0.75, 90, 4000), 300_000),  # 90 · 0.75 = 67.5 kW; / 0.9 = 75 kW; · 4000 h
    (demand.transformer_kwh, (1.2, 10, 0.6, 6000, 8760), 32_112),  # 1.2 · 8760 = 10512; 0.36 · 10 · 6000 = 21600
    (demand.boiler_fuel_gj, (9000, 90), 10_000),  # 9000 / 0.9
    (demand.boiler_fuel_gj, (1050, 105), 1000),  # condensing, on the net calorific value
    (demand.pump_kwh, (360, 100, 1000, 50, 1000), 196_133),  # 0.1 m3/s · 100 m · 9806.65 N/m3 = 98.0665 kW; / 0.5
    (demand.fan_kwh, (36_000, 1000, 80, 8000), 100_000),  # 10 m3/s · 1000 Pa = 10 kW; / 0.8 = 12.5 kW; · 8000 h
    (demand.compressor_kwh, (20, 6.5, 6000), 780_000),  # 130 kW · 6000 h
    (demand.chiller_kwh, (1000, 5, 3000), 600_000),  # 200 kW · 3000 h
    (demand.lighting_kwh, (200, 40, 3000), 24_000),  # 8 kW · 3000 h
    (demand.specific_demand, (100, 13_000), 1_300_000),
    (demand.drift_m3, (1000, 0.005, 8000), 400),  # 1000 m3/h · 5e-5 = 0.05 m3/h; · 8000 h
]
each = pytest.mark.parametrize(("function", "given_", "expected"), BY_HAND)


@each
def test_by_hand(function: Callable[..., Any], given_: tuple[float, ...], expected: float) -> None:
    assert float(function(*given_)) == near(expected, rel=1e-12)


@each
def test_arrays_give_what_numbers_give(
    function: Callable[..., Any], given_: tuple[float, ...], expected: float
) -> None:
    found = function(*([value, value] for value in given_[:-1]), [[given_[-1]], [given_[-1]]])
    assert found.shape == (2, 2)
    assert found.tolist() == [[float(function(*given_))] * 2] * 2


@each
def test_unknown_stays_unknown(function: Callable[..., Any], given_: tuple[float, ...], expected: float) -> None:
    for place in range(len(given_)):
        assert math.isnan(function(*given_[:place], math.nan, *given_[place + 1 :]))


@each
@pytest.mark.parametrize("wrong", [-1.0, math.inf, 1e300])
def test_impossible_number_is_refused(
    function: Callable[..., Any], given_: tuple[float, ...], expected: float, wrong: float
) -> None:
    for place in range(len(given_)):
        with pytest.raises(UsageError, match="must be"):
            function(*given_[:place], wrong, *given_[place + 1 :])


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: demand.motor_kwh(90, 1, 0, 1), "efficiency_pct must be above 0 and at most 100"),
        (lambda: demand.motor_kwh(90, 1, 100.1, 1), "efficiency_pct"),
        (lambda: demand.motor_kwh(90, 1, 90, 8785), "hours must be at least 0 and at most 8784"),
        (lambda: demand.chiller_kwh(1, 0, 1), "cop must be above 0"),
        (lambda: demand.transformer_kwh(1, 1, 1, [10, 20], [20, 10]), "at most connected_hours"),
        (lambda: demand.pump_specific_speed(0, 1, 1, 1, 1), "flow_m3_h"),
        (lambda: demand.mean_load([]), "load profile"),
        (lambda: demand.mean_load([[1, 0]]), "some hours"),
        (lambda: demand.mean_square_load([[1, 1, 1]]), "load profile"),
    ],
)
def test_refusal_names_the_number(call: Callable[[], Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        call()


# Published cases of GB 19762-2025, table 3 and formulas (1)-(3), in the public repository adgo07/EquipEffi: Q, H, n,
# suctions, stages; coefficients; C of grades 1, 2, 3; specific speed; efficiencies of grades 1, 2, 3.
SINGLE, MULTI = (-8.44, -0.48, 0.09, 84.63, 8.5), (-6.93, -0.19, -0.4, 72.67, 8.73)
PUMPS = [
    ((100, 50, 2900, 1, 1), SINGLE, (161.33, 163.33, 168.33), 93.823603448604507,
     (79.786165203318529, 77.786165203318529, 72.786165203318529)),
    ((800, 50, 2900, 2, 1), SINGLE, (162.33, 163.33, 168.33), 187.64720689720901,
     (87.929635664470113, 86.929635664470113, 81.929635664470113)),
    ((200, 150, 2900, 1, 3), MULTI, (140.33, 142.33, 150.33), 132.68661246773158,
     (79.866930971797499, 77.866930971797499, 69.866930971797499)),
]  # fmt: skip


@pytest.mark.parametrize(("point", "coefficients", "constants", "speed", "efficiencies"), PUMPS)
def test_published_pump(
    point: tuple[float, ...],
    coefficients: tuple[float, ...],
    constants: tuple[float, ...],
    speed: float,
    efficiencies: tuple[float, ...],
) -> None:
    ns = demand.pump_specific_speed(*point)
    assert float(ns) == near(speed, rel=1e-14)
    found = demand.pump_target_efficiency(ns, point[0], constants, coefficients)  # the whole flow, double suction too
    assert found.tolist() == near(list(efficiencies), rel=1e-13)


def test_specific_speed_by_hand() -> None:
    # Q = 3600 m3/h = 1 m3/s, H = 16 m: 16^0.75 = 8, ns = 3.65 · 1000 · 1 / 8
    assert float(demand.pump_specific_speed(3600, 16, 1000, 1, 1)) == near(456.25, rel=1e-14)


def test_profile_by_hand() -> None:
    profile = [(0.5, 6000), (1.0, 2000)]
    assert demand.mean_load(profile) == 0.625  # (3000 + 2000) / 8000
    assert demand.mean_square_load(profile) == 0.4375  # (1500 + 2000) / 8000
    assert math.isnan(demand.mean_load([(0.5, 6000), (math.nan, 2000)]))


profiles = st.lists(
    st.tuples(st.integers(0, 150).map(lambda pct: pct / 100), st.floats(1, 1000)), min_size=1, max_size=8
)


@given(profiles)
def test_root_mean_square_stands_for_the_whole_profile(profile: list[tuple[float, float]]) -> None:
    hours = sum(time for _, time in profile)
    whole = demand.transformer_kwh(1, 10, math.sqrt(demand.mean_square_load(profile)), hours, hours)
    parts = sum(float(demand.transformer_kwh(1, 10, load, time, time)) for load, time in profile)
    assert float(whole) == near(parts, rel=1e-9)
    assert demand.mean_square_load(profile) >= demand.mean_load(profile) ** 2 - 1e-12
    assert demand.mean_load(profile) == demand.mean_load(profile[::-1])


@given(amounts, amounts, st.floats(0.1, 100), st.integers(0, 8000), st.floats(0.1, 10))
def test_demand_goes_with_size_and_against_efficiency(
    flow: float, head: float, efficiency: float, hours: float, times: float
) -> None:
    one = float(demand.pump_kwh(flow, head, 1000, efficiency, hours))
    assert float(demand.pump_kwh(flow * times, head, 1000, efficiency, hours)) == near(one * times, rel=1e-12)
    assert float(demand.pump_kwh(flow, head, 1000, efficiency / 2, hours)) == near(one * 2, rel=1e-12)
    pascals = 1000 * 9.80665 * head
    assert float(demand.fan_kwh(flow, pascals, efficiency, hours)) == near(one, rel=1e-12)


def test_unit_of_an_array_is_float64() -> None:
    assert demand.lighting_kwh(np.array([1, 2], dtype=np.int32), 1000, 1).dtype == np.float64
