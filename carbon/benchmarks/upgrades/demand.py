"""Yearly demand of one piece of equipment, before or after an upgrade, and the pump target of GB 19762-2025.

Every argument is a number or a float64 array; those of one call are broadcast together and the result is a float64
array of that shape (a numpy scalar where all are numbers). NaN is unknown and stays unknown. The relations are those
of textbooks where no source is named. What `checked` refuses is a `UsageError` in every function.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from carbon.errors import UsageError

Numbers = NDArray[np.float64]
GRAVITY = 9.80665  # m/s2, the standard acceleration of free fall
_MOST = {"efficiency_pct": 100.0, "drift_pct": 100.0, "hours": 8784.0, "connected_hours": 8784.0}  # 8784: a leap year
_DIVISORS = {"efficiency_pct", "thermal_efficiency_pct", "cop"}
_SMALL, _LARGE = 1e-30, 1e30  # of a divisor, of any number: no product of a few passes the range of a float


def checked(*, above_zero: bool = False, **given: ArrayLike) -> list[Numbers]:
    """Return numbers as float64 arrays, in the order given.

    Parameters
    ----------
    above_zero : bool
        Whether none may be zero; divisors never may.
    **given
        Numbers by name; NaN passes.

    Raises
    ------
    UsageError
        If one is negative, infinite or absurdly large, above 100 % or above the hours of a year, or a divisor is zero.

    Examples
    --------
    >>> [float(number) for number in checked(load=0.5, hours=8000)]
    [0.5, 8000.0]
    """
    arrays = [np.asarray(value, dtype=np.float64) for value in given.values()]
    for name, array in zip(given, arrays, strict=True):
        most, never_zero = _MOST.get(name, _LARGE), above_zero or name in _DIVISORS
        if np.any((array < (_SMALL if never_zero else 0.0)) | (array > most)):
            message = f"{name} must be {'above' if never_zero else 'at least'} 0 and at most {most:g}"
            raise UsageError(message)
    return arrays


def mean_load(profile: ArrayLike) -> float:
    """Return the mean of a load profile [1]: Σ load · hours / Σ hours.

    Parameters
    ----------
    profile : array_like, shape (n, 2)
        Load [1] and hours at that load [h], in any order.

    Raises
    ------
    UsageError
        If it is empty, has another shape or no hours.

    Examples
    --------
    >>> mean_load([[0.5, 6000], [1.0, 2000]])
    0.625
    """
    return _profile_mean(profile, 1)


def mean_square_load(profile: ArrayLike) -> float:
    """Return the mean square of a load profile [1], by which the load loss of a transformer goes.

    Parameters
    ----------
    profile : array_like, shape (n, 2)
        As in `mean_load`.

    Raises
    ------
    UsageError
        As in `mean_load`.

    Examples
    --------
    >>> mean_square_load([[0.5, 6000], [1.0, 2000]])
    0.4375
    """
    return _profile_mean(profile, 2)


def _profile_mean(profile: ArrayLike, power: int) -> float:
    [table] = checked(profile=profile)
    if table.ndim != 2 or table.shape[1] != 2 or not np.any(table[:, 1]):
        message = "a load profile is a list of (load, hours) with some hours"
        raise UsageError(message)
    load, hours = table.T
    return math.fsum(load**power * hours) / math.fsum(hours)


def motor_kwh(rated_kw: ArrayLike, load: ArrayLike, efficiency_pct: ArrayLike, hours: ArrayLike) -> Numbers:
    """Return the electricity of a motor [kWh]: shaft power / efficiency · hours.

    Parameters
    ----------
    rated_kw, load : array_like
        Rated power at the shaft [kW] and the mean share of it that is delivered [1].
    efficiency_pct, hours : array_like
        Efficiency at that load [%] and hours in operation [h].

    Examples
    --------
    >>> float(motor_kwh(90, 0.75, 90, 4000))
    300000.0
    """
    rated, share, efficiency, time = checked(rated_kw=rated_kw, load=load, efficiency_pct=efficiency_pct, hours=hours)
    return rated * share * time * 100 / efficiency


def transformer_kwh(
    no_load_kw: ArrayLike, load_kw: ArrayLike, load: ArrayLike, hours: ArrayLike, connected_hours: ArrayLike
) -> Numbers:
    """Return the active losses of a transformer [kWh]: P0 · hours connected + load² · Pk · hours under load.

    Reactive power, and the losses that it causes upstream, are left out.

    Parameters
    ----------
    no_load_kw, load_kw : array_like
        No-load loss P0 and load loss Pk at rated current [kW].
    load : array_like
        Share of rated current [1]; of a varying load the root of `mean_square_load`, since the mean gives too little.
    hours, connected_hours : array_like
        Hours under load and hours connected [h].

    Raises
    ------
    UsageError
        Also if it is under load for longer than it is connected.

    Examples
    --------
    >>> float(transformer_kwh(1, 10, 0.5, 4000, 8000))
    18000.0
    """
    idle, full, share = checked(no_load_kw=no_load_kw, load_kw=load_kw, load=load)
    time, connected = checked(hours=hours, connected_hours=connected_hours)
    if np.any(time > connected):
        message = "hours must be at most connected_hours"
        raise UsageError(message)
    return idle * connected + share**2 * full * time


def boiler_fuel_gj(heat_gj: ArrayLike, efficiency_pct: ArrayLike) -> Numbers:
    """Return the fuel of a boiler or furnace [GJ] for a useful heat.

    Parameters
    ----------
    heat_gj, efficiency_pct : array_like
        Useful heat [GJ] and thermal efficiency [%], on the calorific value in which the fuel is wanted; on the net one
        that of a condensing boiler can pass 100.

    Examples
    --------
    >>> boiler_fuel_gj(9000, [80, 90]).tolist()
    [11250.0, 10000.0]
    """
    heat, efficiency = checked(heat_gj=heat_gj, thermal_efficiency_pct=efficiency_pct)
    return heat * 100 / efficiency


def pump_kwh(
    flow_m3_h: ArrayLike, head_m: ArrayLike, density_kg_m3: ArrayLike, efficiency_pct: ArrayLike, hours: ArrayLike
) -> Numbers:
    """Return the energy of a pump [kWh]: ρ · g · Q · H / efficiency · hours, with the standard g = 9.80665 m/s².

    Parameters
    ----------
    flow_m3_h, head_m, density_kg_m3 : array_like
        Flow [m³/h] and head [m] of one operating point, density of the liquid [kg/m³].
    efficiency_pct, hours : array_like
        Efficiency there [%]: of pump and motor together for electricity, of the pump alone for energy at the shaft;
        hours in operation [h].

    Examples
    --------
    >>> float(pump_kwh(360, 100, 1000, 50, 1000))
    196133.0
    """
    flow, head, density = checked(flow_m3_h=flow_m3_h, head_m=head_m, density_kg_m3=density_kg_m3)
    efficiency, time = checked(efficiency_pct=efficiency_pct, hours=hours)
    return density * GRAVITY * flow * head * time / (36_000 * efficiency)


def fan_kwh(flow_m3_h: ArrayLike, pressure_pa: ArrayLike, efficiency_pct: ArrayLike, hours: ArrayLike) -> Numbers:
    """Return the energy of a fan [kWh]: Q · Δp / efficiency · hours, for a gas that is hardly compressed.

    Parameters
    ----------
    flow_m3_h, pressure_pa, efficiency_pct, hours : array_like
        Flow [m³/h], pressure rise [Pa] (total or static as the efficiency is), the others as in `pump_kwh`.

    Examples
    --------
    >>> float(fan_kwh(36000, 1000, 80, 8000))
    100000.0
    """
    flow, pressure = checked(flow_m3_h=flow_m3_h, pressure_pa=pressure_pa)
    efficiency, time = checked(efficiency_pct=efficiency_pct, hours=hours)
    return flow * pressure * time / (36_000 * efficiency)


def compressor_kwh(flow_m3_min: ArrayLike, specific_power_kw_min_m3: ArrayLike, hours: ArrayLike) -> Numbers:
    """Return the electricity of an air compressor [kWh]: flow · specific power · hours.

    Parameters
    ----------
    flow_m3_min, specific_power_kw_min_m3, hours : array_like
        Mean flow at inlet [m³/min], input power of the set per flow [kW/(m³/min)], hours in operation [h].

    Examples
    --------
    >>> float(compressor_kwh(20, 6.5, 6000))
    780000.0
    """
    flow, power = checked(flow_m3_min=flow_m3_min, specific_power_kw_min_m3=specific_power_kw_min_m3)
    return flow * power * checked(hours=hours)[0]


def chiller_kwh(cooling_kw: ArrayLike, cop: ArrayLike, hours: ArrayLike) -> Numbers:
    """Return the electricity of a chiller or heat pump [kWh]: cooling or heating / coefficient · hours.

    Parameters
    ----------
    cooling_kw, cop, hours : array_like
        Mean cooling or heating [kW], coefficient of performance at that load [1], hours in operation [h].

    Examples
    --------
    >>> float(chiller_kwh(1000, 5, 3000))
    600000.0
    """
    cooling, coefficient, time = checked(cooling_kw=cooling_kw, cop=cop, hours=hours)
    return cooling * time / coefficient


def lighting_kwh(count: ArrayLike, watts: ArrayLike, hours: ArrayLike) -> Numbers:
    """Return the electricity of lamps [kWh].

    Parameters
    ----------
    count, watts, hours : array_like
        Number of lamps [1], power of one with its driver [W], hours lit [h].

    Examples
    --------
    >>> float(lighting_kwh(200, 40, 3000))
    24000.0
    """
    lamps, power, time = checked(count=count, watts=watts, hours=hours)
    return lamps * power * time / 1000


def specific_demand(output: ArrayLike, specific: ArrayLike) -> Numbers:
    """Return output · specific consumption, for electrolysis [t, kWh/t] and whatever else goes by its product.

    Parameters
    ----------
    output, specific : array_like
        Output, and consumption per unit of it.

    Examples
    --------
    >>> float(specific_demand(100, 13000))
    1300000.0
    """
    made, per = checked(output=output, specific=specific)
    return made * per


def drift_m3(flow_m3_h: ArrayLike, drift_pct: ArrayLike, hours: ArrayLike) -> Numbers:
    """Return the water that leaves a cooling tower as drift [m³].

    Parameters
    ----------
    flow_m3_h, drift_pct, hours : array_like
        Circulating flow [m³/h], drift as a share of it [%], hours in operation [h].

    Examples
    --------
    >>> float(drift_m3(1000, 0.005, 8000))
    400.0
    """
    flow, drift, time = checked(flow_m3_h=flow_m3_h, drift_pct=drift_pct, hours=hours)
    return flow * drift * time / 100


def pump_specific_speed(
    flow_m3_h: ArrayLike, head_m: ArrayLike, speed_rpm: ArrayLike, suctions: ArrayLike, stages: ArrayLike
) -> Numbers:
    """Return ns = 3.65 · n · √(Q / suctions) / (H / stages)^0.75 with Q in m³/s: GB 19762-2025, formula (1).

    Parameters
    ----------
    flow_m3_h, head_m, speed_rpm : array_like
        Whole flow [m³/h] and whole head [m] at best efficiency, speed of rotation [r/min].
    suctions, stages : array_like
        2 of a double-suction pump, else 1; number of stages.

    Examples
    --------
    >>> round(float(pump_specific_speed(800, 50, 2900, 2, 1)), 4)
    187.6472
    """
    flow, head, speed, inlets, steps = checked(
        above_zero=True, flow_m3_h=flow_m3_h, head_m=head_m, speed_rpm=speed_rpm, suctions=suctions, stages=stages
    )
    return 3.65 * speed * np.sqrt(flow / 3600 / inlets) / (head / steps) ** 0.75


def pump_target_efficiency(
    ns: ArrayLike, flow_m3_h: ArrayLike, constant: ArrayLike, coefficients: ArrayLike
) -> Numbers:
    """Return the efficiency of a grade of clean-water pump [%]: GB 19762-2025, formulas (2) and (3).

    a (ln ns)² + b (ln Q)² + c ln ns ln Q + d ln ns + e ln Q - C; its ranges of flow are for the caller to keep.

    Parameters
    ----------
    ns, flow_m3_h : array_like
        Specific speed, and the flow at best efficiency [m³/h]: the whole flow also of a double-suction pump.
    constant, coefficients : array_like
        C of the grade (table 3), and a, b, c, d, e along the first axis.

    Examples
    --------
    >>> single_stage = (-8.44, -0.48, 0.09, 84.63, 8.5)
    >>> round(float(pump_target_efficiency(187.6472069, 800, 162.33, single_stage)), 4)
    87.9296
    """
    speed, flow = checked(above_zero=True, ns=ns, flow_m3_h=flow_m3_h)
    a, b, c, d, e = np.asarray(coefficients, dtype=np.float64)
    x, y = np.log(speed), np.log(flow)
    return np.asarray(a * x**2 + b * y**2 + c * x * y + d * x + e * y - np.asarray(constant, dtype=np.float64))
