"""Energy before and after through the engine, once for all: standard coal, CO2e, and the uncertainty of the difference.

No emission factor is chosen here: two activity rows of each measure go through `carbon.account`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa

from carbon.arrays import from_arrow, to_arrow, to_dictionary
from carbon.benchmarks.upgrades.grouping import groups
from carbon.benchmarks.upgrades.kinds import SIDES
from carbon.errors import Issues
from carbon.inventory import Result, account
from carbon.inventory.terms import ENERGY, PRIMARY, Routed
from carbon.library import Item, Library
from carbon.reading import Source
from carbon.tables import Table

_CELLS = frozenset({"F203", "T125"})  # errors of a cell of the row; others are of factors that are not there


@dataclass(frozen=True)
class Accounted:
    """What the energy of rows before and after is in standard coal and CO2e.

    Attributes
    ----------
    result : Result or None
        Of the engine; None where no row could be given to it.
    place : dict of str to int64[rows]
        Row of the engine's table, by side; -1 = none.
    tce, co2e_t : dict of str to float64[rows]
        By side; NaN where not known. [tce, t; CO2e is location-based]
    limit_t, known_limit_t : float64[rows]
        Half width of the 95 % interval of the CO2e saved [t]: NaN unless every limit is known; and the part of it that
        is known. A factor of both sides errs on both alike, so that its error mostly cancels.
    refused : bool[rows]
        Rows that hold what no row can: a region that does not exist, an energy that is absurdly large.
    """

    result: Result | None
    place: dict[str, np.ndarray]
    tce: dict[str, np.ndarray]
    co2e_t: dict[str, np.ndarray]
    limit_t: np.ndarray
    known_limit_t: np.ndarray
    refused: np.ndarray

    def without(self, rows: np.ndarray) -> Accounted:
        """Return the same without what is known of some rows, given as bool[rows]."""

        def cut(values: np.ndarray) -> np.ndarray:
            return np.where(rows, np.nan, values)

        place = {side: np.where(rows, -1, values) for side, values in self.place.items()}
        tce, co2e = ({side: cut(values) for side, values in sides.items()} for sides in (self.tce, self.co2e_t))
        return replace(self, place=place, tce=tce, co2e_t=co2e, limit_t=cut(self.limit_t),
                       known_limit_t=cut(self.known_limit_t))  # fmt: skip

    def saved(self, what: str) -> np.ndarray:
        """Return ``tce`` or ``co2e_t`` before less after, as float64[rows]."""
        sides: dict[str, np.ndarray] = getattr(self, what)
        return np.asarray(sides["before"] - sides["after"])


@dataclass(frozen=True)
class Quantities:
    """Energy of rows by side, as it is given to the engine.

    Attributes
    ----------
    name, period, region : sequence of str
        By row.
    items : sequence of Item
        Distinct energies, `item` their index by side and row.
    units : sequence of str
        Distinct units, `unit` their index by side and row.
    energy, limit_pct : dict of str to float64[rows]
        Amount, and half width of its 95 % interval [%], by side.
    """

    name: Sequence[str]
    period: Sequence[str]
    region: Sequence[str]
    items: Sequence[Item]
    item: Mapping[str, np.ndarray]
    units: Sequence[str]
    unit: Mapping[str, np.ndarray]
    energy: Mapping[str, np.ndarray]
    limit_pct: Mapping[str, np.ndarray]


def account_differences(
    table: Table, given: Quantities, good: np.ndarray, *, method: str, as_of: dt.date | None, library: Library,
    language: str, issues: Issues,
) -> Accounted:  # fmt: skip
    """Account for energy before and after.

    Parameters
    ----------
    table : Table
        Whose file and lines issues name.
    given : Quantities
        Energy.
    good : bool[rows]
        Rows that are computed.
    method, as_of, library, language : str, datetime.date, Library, str
        As in `carbon.account`.
    issues : Issues
        Receives what the engine finds.

    Raises
    ------
    UsageError
        If the method does not exist.
    """
    size, rows = len(table), np.flatnonzero(good)
    empty = {side: np.full(size, np.nan) for side in SIDES}
    place = {side: np.full(size, -1, dtype=np.int64) for side in SIDES}
    if not len(rows):
        return Accounted(None, place, empty, empty, np.full(size, np.nan), np.full(size, np.nan), np.zeros(size, bool))
    own = Issues()
    result = account(_source(table, given, rows), method=method, as_of=as_of, library=library, language=language,
                     issues=own)  # fmt: skip
    issues.extend(replace(issue, lines=sorted({int(line) for line in issue.lines})) for issue in own)
    for number, side in enumerate(SIDES):
        place[side][rows] = np.arange(len(rows)) + number * len(rows)
    kilograms = {"tce": _kilograms(result, "energy_kgce"), "co2e_t": _kilograms(result, "co2e_kg")}
    none = ~result.rows.bad & np.isnan(kilograms["co2e_t"])
    emits_nothing = np.array([*(_emits_nothing(r, result) for r in result.plan.routed), False], dtype=bool)
    kilograms["co2e_t"][none & emits_nothing[result.plan.key]] = 0.0
    by_side = {
        what: {side: np.where(place[side] >= 0, values[place[side]] / 1000, np.nan) for side in SIDES}
        for what, values in kilograms.items()
    }
    limit, known = _limits(result, place, by_side["co2e_t"], given.limit_pct)
    wrong = [line for issue in own.errors if issue.code in _CELLS for line in issue.lines]
    refused = good & np.isin(table.line, wrong)
    return Accounted(result, place, by_side["tce"], by_side["co2e_t"], limit, known, refused)


def _source(table: Table, given: Quantities, rows: np.ndarray) -> Source:
    """Return two activity rows of each measure, all before and then all after."""
    twice = np.concatenate([rows, rows])
    item = np.concatenate([given.item[side][rows] for side in SIDES])
    columns: dict[str, pa.Array] = {
        name: to_dictionary(codes[twice], texts)
        for name, (codes, texts) in (
            ("facility", _coded(given.name)), ("period", _coded(given.period)), ("region", _coded(given.region)),
        )
    }  # fmt: skip
    columns["process"] = to_dictionary(np.repeat(np.arange(2), len(rows)), SIDES)
    columns["item"] = to_dictionary(item, [one.id for one in given.items])
    columns["use"] = to_dictionary(np.where([not one.default_use for one in given.items], -1,
                                            np.arange(len(given.items)))[item],
                                   [one.default_use for one in given.items])  # fmt: skip
    unit = np.concatenate([given.unit[side][rows] for side in SIDES])
    columns["unit"] = to_dictionary(unit, given.units)
    for name, values in (("quantity", given.energy), ("uncertainty_pct", given.limit_pct)):
        numbers = np.concatenate([values[side][rows] for side in SIDES])
        columns[name] = to_arrow(numbers, np.isnan(numbers))
    return Source(table.file, table.digest, pa.table(columns), table.line[twice])


def _coded(texts: Sequence[str]) -> tuple[np.ndarray, list[str]]:
    """Return texts as codes, -1 for an empty one."""
    places: dict[str, int] = {}
    codes = [places.setdefault(text, len(places)) if text else -1 for text in texts]
    return np.array(codes, dtype=np.int32), list(places)


def _kilograms(result: Result, column: str) -> np.ndarray:
    values, missing = from_arrow(result.line_arrow[column])
    return np.where(missing, np.nan, values)


def _emits_nothing(routed: Routed, result: Result) -> bool:
    """Return whether rows count in a category of emissions and yet emit none that has a warming potential."""
    gases = [t.target for t in routed.terms if t.target not in (ENERGY, PRIMARY, "CO2-biogenic")]
    return bool(routed.category) and "location" not in routed.lacking and not set(gases) - set(result.potentials)


def _limits(
    result: Result, place: Mapping[str, np.ndarray], co2e: Mapping[str, np.ndarray], limit_pct: Mapping[str, np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Return the limit of the difference where all limits are known, and the known part of it."""
    size = len(place["before"])
    square, sure = np.zeros(size), np.ones(size, dtype=bool)
    for side in SIDES:
        part = co2e[side] * limit_pct[side] / 100
        sure &= ~np.isnan(part) | (co2e[side] == 0)
        square += np.nan_to_num(part) ** 2
    effects = [_effects(routed, result) for routed in result.plan.routed]
    key = {side: np.where(place[side] >= 0, result.plan.key[place[side]], -1) for side in SIDES}
    unknown = np.isnan(co2e["before"]) | np.isnan(co2e["after"])
    square[unknown] = np.nan
    at = np.flatnonzero(~unknown)
    for some in groups(key["before"][at], key["after"][at]):
        here = at[some]
        before, after = int(key["before"][here[0]]), int(key["after"][here[0]])
        (one, all_of_one), (two, all_of_two) = effects[before], effects[after]
        for factor in one.keys() | two.keys():
            effect = co2e["before"][here] * one.get(factor, 0.0) - co2e["after"][here] * two.get(factor, 0.0)
            square[here] += effect**2
        sure[here] &= (all_of_one | (co2e["before"][here] == 0)) & (all_of_two | (co2e["after"][here] == 0))
    known = np.sqrt(square)
    return np.where(sure, known, np.nan), known


def _effects(routed: Routed, result: Result) -> tuple[dict[str, float], bool]:
    """Return by how much of the CO2e each factor errs, relative to its whole, and whether all limits are printed."""
    weights: list[tuple[float, Any]] = []
    for term in routed.terms:
        if term.target in result.potentials and term.basis in ("", "location"):
            weight = float(term.scale * result.potentials[term.target])
            for slot in term.slots:
                weight *= float(slot.value)
            weights.append((weight, term))
    whole = sum(weight for weight, _ in weights)
    found: dict[str, float] = {}
    sure = True
    for weight, term in weights:
        for slot in term.slots:
            for factor in slot.factors:
                limit = None if slot.text else factor.relative_uncertainty
                if limit is None:
                    sure = False
                elif whole:
                    found[factor.id] = found.get(factor.id, 0.0) + limit * weight / whole
    return found, sure
