"""Enthalpy of steam by pressure and temperature: the table that the guidelines print, linear between its points."""

from __future__ import annotations

from bisect import bisect_left
from fractions import Fraction
from typing import NamedTuple

from carbon.errors import Said
from carbon.library import Factor, Library

SATURATED, SUPERHEATED = "steam-enthalpy/saturated", "steam-enthalpy/superheated"
BOILING_ONLY = "steam-enthalpy/saturated-unverified"  # its boiling points hold, its enthalpies are doubtful


class Reading(NamedTuple):
    """A number read from a table, and the printed points that it comes from."""

    value: Fraction
    factors: tuple[Factor, ...] = ()


def _points(library: Library, name: str) -> dict[Fraction, dict[Fraction, Reading]]:
    """Return the table as pressure [MPa] → temperature [°C] → enthalpy [kJ/kg]."""
    found: dict[Fraction, dict[Fraction, Reading]] = {}
    for (pressure, temperature), factor in library.set(name).points.items():
        found.setdefault(pressure, {})[temperature] = Reading(factor.exact, (factor,))
    return found


def _between(x: Fraction, points: dict[Fraction, Reading]) -> Reading | None:
    """Return the value at x, linear between the two neighbours; None outside."""
    keys = sorted(points)
    if x in points:
        return points[x]
    place = bisect_left(keys, x)
    if place in (0, len(keys)):
        return None
    low, high = keys[place - 1], keys[place]
    value = points[low].value + (points[high].value - points[low].value) * (x - low) / (high - low)
    return Reading(value, tuple(dict.fromkeys(points[low].factors + points[high].factors)))


def enthalpy(library: Library, pressure: str, temperature: str) -> tuple[Reading, str] | Said:
    """Return the specific enthalpy of steam.

    Parameters
    ----------
    library : Library
        Holds the tables.
    pressure, temperature : str
        Absolute pressure [MPa] and temperature [degree Celsius] as printed; one of them may be empty, which means
        saturated steam.

    Returns
    -------
    (Reading, str) or Said
        Enthalpy [kJ/kg] with its table points, and how it was read; or why it cannot be read from the table.

    Notes
    -----
    Tables of saturated and superheated steam in the annexes of the sector guidelines (GB/T 32151.34-2024, C.4 and C.5).
    """
    saturated = _points(library, SATURATED)
    by_pressure = {p: next(iter(row.items())) for p, row in saturated.items()}
    if not temperature or not pressure:
        if pressure:
            x, points = Fraction(pressure), {p: h for p, (_, h) in by_pressure.items()}
            state = f"h(saturated, {pressure} MPa)"
        else:
            x, points = Fraction(temperature), dict(by_pressure.values())
            state = f"h(saturated, {temperature} °C)"
        value = _between(x, points)
        if value is None:
            span = f"{float(min(points)):g} … {float(max(points)):g}"
            return Said(f"outside the table of saturated steam ({span})", f"超出饱和蒸汽表范围（{span}）")
        return value, state + ("" if x in points else ", linear between table points")
    p, t = Fraction(pressure), Fraction(temperature)
    edges = {
        q: Reading(next(iter(row)))
        for name in (SATURATED, BOILING_ONLY) for q, row in _points(library, name).items()
    }  # fmt: skip
    water = _between(p, edges)
    boiling = water.value if water else None
    if boiling is not None and t < boiling - Fraction(1, 2):
        point = f"{float(boiling):.1f} °C"
        return Said(f"it is liquid there (water boils at {point})", f"此状态为液态水（沸点 {point}）")
    if boiling is not None and abs(t - boiling) <= Fraction(1, 2):
        return enthalpy(library, pressure, "")
    grid = _points(library, SUPERHEATED)
    pressures = sorted(grid)
    if not pressures[0] <= p <= pressures[-1]:
        span = f"{float(pressures[0]):g} … {float(pressures[-1]):g} MPa"
        return Said(f"outside the table of superheated steam ({span})", f"超出过热蒸汽表范围（{span}）")
    exact = [q for q in pressures if q == p]
    near = {q: grid[q] for q in exact or (max(q for q in pressures if q < p), min(q for q in pressures if q > p))}
    values: dict[Fraction, Reading] = {}
    for q, row in near.items():
        edge = _between(q, edges)
        steam = {k: h for k, h in row.items() if edge is None or k > edge.value}
        dry = _between(q, {k: h for k, (_, h) in by_pressure.items()})
        if edge is not None and dry is not None:
            steam[edge.value] = dry
        value = _between(t, steam)
        if value is None:
            return Said("outside the table of superheated steam", "超出过热蒸汽表范围")
        values[q] = value
    found = _between(p, values)
    if found is None:
        return Said("outside the table", "超出表的范围")
    printed = p in grid and t in grid[p]
    return found, f"h({pressure} MPa, {temperature} °C)" + ("" if printed else ", linear between table points")
