"""Texts of a checked activity table → items, uses, regions, periods and units, once per distinct text."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, TypeVar

import numpy as np

from carbon import periods, units
from carbon.errors import Issues, near_misses
from carbon.library import Item, Library
from carbon.schema import choice_ids, choices, folded
from carbon.tables import Table, is_total

Resolved = TypeVar("Resolved")
UNIT_COLUMNS = ("unit", "ncv_unit", "carbon_content_unit", "factor_unit")
_TON = re.compile(r"(?:^|[/*(· ])[tT][oO][nN][sS]?(?=$|[/*)· A-Z])")
NEAR_MISSES = 20  # unknown texts of a column that get near misses: more of them are a wrong column, not slips
OVERRIDES = ("ncv", "carbon_content", "oxidation", "factor")


@dataclass(frozen=True)
class Facility:
    """A plant: where it is, which method it follows, what it rolls up to."""

    id: str
    name: str
    region: str
    sector: str
    method: str
    group: str


@dataclass
class Activities:
    """Resolved rows; an index of -1 is empty or unknown.

    Attributes
    ----------
    table : Table
        The rows as entered.
    index : dict of str to int32[rows]
        For each column an index into `values`.
    values : dict of str to list
        Distinct resolved values: Item, use id, region id, Period, Unit, Facility, instrument id.
    bad : bool[rows]
        Rows that cannot be computed.
    """

    table: Table
    index: dict[str, np.ndarray]
    values: dict[str, list[Any]]
    bad: np.ndarray
    own_items: list[str] = field(default_factory=list)


def resolve(
    table: Table, library: Library, facilities: Mapping[str, Facility] | None, issues: Issues,
    broken: Collection[str] = (),
) -> Activities:  # fmt: skip
    """Resolve the texts of an activity table.

    Parameters
    ----------
    table : Table
        Checked activities.
    library : Library
        Code lists.
    facilities : mapping of facility text to Facility, optional
        If given, a facility that is not in it is an error.
    issues : Issues
        Receives what cannot be resolved.
    broken : collection of str
        Facilities whose row in the table of facilities is bad.
    """
    rows = Activities(table, {}, {}, table.bad.copy())

    def column(
        name: str, reader: Callable[[str], Resolved | None], fault: str, near: Callable[[str], list[str]]
    ) -> None:
        """Resolve one column; a text without meaning marks its rows."""
        values: dict[Resolved, int] = {}
        move = np.full(len(table.texts[name]) + 1, -1, dtype=np.int32)
        near = _sparingly(near)
        places = _places(table, name)
        for position, text in enumerate(table.texts[name]):
            found = reader(text)
            if found is None:
                here = places(position)
                if rows.bad[here].all() and is_total(text):
                    continue
                code = "A417" if name == "facility" and text in broken else fault
                issues.add(code, file=table.file, lines=table.line[here], column=name, value=text[:80], near=near(text))
                rows.bad[here] = True
            else:
                move[position] = values.setdefault(found, len(values))
        rows.index[name], rows.values[name] = move[table.codes[name]], list(values)

    def period_or_none(text: str) -> periods.Period | None:
        try:
            return periods.parse(text)
        except periods.PeriodError:
            return None

    def region_id(text: str) -> str | None:
        found = library.regions.find(text)
        return None if found is None else found.id

    def facility(text: str) -> Facility | None:
        if facilities is None:
            return Facility(text, text, "", "", "", "")
        return facilities.get(text)

    column("facility", facility, "A405", lambda text: near_misses(text, facilities or {}))
    column("period", period_or_none, "D101", lambda _: [])
    column("region", region_id, "F203", library.regions.near)
    for name in ("use", "instrument"):
        known = list(choices(name))
        column(name, _folded_get(choice_ids(name)), "T127", lambda _, known=known: known)  # type: ignore[misc]
    _items(rows, library, issues)
    for name in UNIT_COLUMNS:
        _units(rows, name, issues)
    _need_units(rows, issues)
    _need_use(rows, issues)
    _carbon_within_mass(rows, issues)
    return rows


def _sparingly(near: Callable[[str], list[str]]) -> Callable[[str], list[str]]:
    """Return a search for near misses that finds none after the first texts, since it takes its time."""
    left = iter(range(NEAR_MISSES))
    return lambda text: [] if next(left, None) is None else near(text)


def _places(table: Table, name: str) -> Callable[[int], np.ndarray]:
    """Return a function: number of a distinct text → the rows that have it; the rows are sorted once, if at all."""

    @cache
    def order() -> tuple[np.ndarray, np.ndarray]:
        rows = np.argsort(table.codes[name], kind="stable")
        return rows, np.searchsorted(table.codes[name][rows], np.arange(len(table.texts[name]) + 1))

    def places(position: int) -> np.ndarray:
        rows, starts = order()
        return rows[starts[position] : starts[position + 1]]

    return places


def _folded_get(ids: Mapping[str, str]) -> Callable[[str], str | None]:
    return lambda text: ids.get(folded(text))


def _items(rows: Activities, library: Library, issues: Issues) -> None:
    """Find items; one that is in no list is the user's own on rows that bring its use and its factor or carbon."""
    table = rows.table
    texts = table.texts["item"]
    values: dict[Item, int] = {}
    move = np.full(len(texts) + 1, -1, dtype=np.int32)
    near, places = _sparingly(library.items.near), _places(table, "item")
    measured = ~np.isnan(table.numbers["factor"]) | ~np.isnan(table.numbers["carbon_content"])
    usable = (table.codes["use"] >= 0) & measured
    for position, text in enumerate(texts):
        item = library.items.find(text)
        if item is None:
            here = places(position)
            own, unknown = here[usable[here] & ~rows.bad[here]], here[~usable[here]]
            if len(unknown) and not (rows.bad[unknown].all() and is_total(text)):
                issues.add("F201", file=table.file, lines=table.line[unknown], column="item", value=text[:80],
                           near=near(text))  # fmt: skip
                rows.bad[unknown] = True
            if not len(own):
                continue
            issues.add("F204", file=table.file, lines=table.line[own], column="item", value=text[:80])
            item = Item(f"own:{text}", "own", "", "fossil", text, text)
            rows.own_items.append(text)
        move[position] = values.setdefault(item, len(values))
    rows.index["item"], rows.values["item"] = move[table.codes["item"]], list(values)


def unit_code(text: str) -> str:
    """Return the code of an issue over a unit that does not parse: an undecided ton is a case of its own."""
    return "U102" if _TON.search(text) else "U101"


def _units(rows: Activities, name: str, issues: Issues) -> None:
    table = rows.table
    values: list[units.Unit] = []
    places = _places(table, name)
    move = np.full(len(table.texts[name]) + 1, -1, dtype=np.int32)
    for position, text in enumerate(table.texts[name]):
        try:
            unit = units.parse(text)
        except units.UnitError as error:
            here = places(position)
            issues.add(unit_code(text), file=table.file, lines=table.line[here], column=name,
                       value=text[:80], near=error.near)  # fmt: skip
            rows.bad[here] = True
            continue
        move[position] = len(values)
        values.append(unit)
    rows.index[name], rows.values[name] = move[table.codes[name]], values


def _need_units(rows: Activities, issues: Issues) -> None:
    """Report measured values without their unit, which is not guessed at, and units of no value."""
    table = rows.table
    for name in ("ncv", "carbon_content", "factor"):
        alone = ~np.isnan(table.numbers[name]) & (rows.index[f"{name}_unit"] < 0) & ~rows.bad
        if alone.any():
            issues.add("T126", file=table.file, lines=table.line[alone], column=f"{name}_unit", needed=name)
            rows.bad |= alone
        lost = np.isnan(table.numbers[name]) & (table.codes[f"{name}_unit"] >= 0) & ~rows.bad
        if lost.any():
            issues.add("T126", file=table.file, lines=table.line[lost], column=name, needed=f"{name}_unit")
            rows.bad |= lost


def _need_use(rows: Activities, issues: Issues) -> None:
    """Report items that can be taken in or given off: without a use their sign would be a guess."""
    for number, item in enumerate(rows.values["item"]):
        if item.default_use or item.kind == "own":
            continue
        here = (rows.index["item"] == number) & (rows.index["use"] < 0) & ~rows.bad
        if here.any():
            issues.add("A408", file=rows.table.file, lines=rows.table.line[here], column="use",
                       value=f"{item.name_zh} ({item.id})")  # fmt: skip
            rows.bad |= here


def _carbon_within_mass(rows: Activities, issues: Issues) -> None:
    """Report carbon contents above the mass that holds them, such as 86 entered as tC/t and not as %."""
    numbers = rows.table.numbers["carbon_content"]
    for place, unit in enumerate(rows.values["carbon_content_unit"]):
        if set(unit.dimension) <= {("C", 1)}:
            with np.errstate(invalid="ignore"):
                high = (rows.index["carbon_content_unit"] == place) & (numbers * float(unit.scale) > 1) & ~rows.bad
            for value in np.unique(numbers[high]):
                here = high & (numbers == value)
                issues.add("A409", file=rows.table.file, lines=rows.table.line[here], column="carbon_content",
                           value=f"{value:g} {unit.text}")  # fmt: skip
            rows.bad |= high
