"""How a foreign table says what a factor is: column maps, and what is known of layouts. Pure."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Literal, NamedTuple

from carbon.documents import Document, Line, validated
from carbon.errors import Issues, Said, near_misses
from carbon.library.drafts import Draft
from carbon.schema import folded_header
from carbon.units import parse, vocabulary

Kind = Literal["cpcd", "uk", "pact", "table"]
KINDS: tuple[Kind, ...] = ("cpcd", "uk", "pact", "table")


class Fields(Document):
    """What a column, or one value for all rows, can say; `name` is the name in both languages."""

    id: Line = ""
    item: Line = ""
    name: Line = ""
    name_zh: Line = ""
    name_en: Line = ""
    kind: Line = ""
    use: Line = ""
    origin: Line = ""
    region: Line = ""
    process: Line = ""
    boundary: Line = ""
    parameter: Line = ""
    gas: Line = ""
    value: Line = ""
    unit: Line = ""
    year: Line = ""
    valid_from: Line = ""
    valid_to: Line = ""
    page: Line = ""
    note: Line = ""

    def given(self) -> dict[str, str]:
        """Return what is not empty."""
        return {name: text for name, text in dict(self).items() if text}


class Origin(Document):
    """Where a file comes from, as its user states it."""

    title: Line = ""
    publisher: Line = ""
    document: Line = ""
    issued: dt.date | None = None
    licence: Line = ""
    verification: Literal["secondary", "unverified"] = "unverified"
    basis: Line = ""
    notes: Line = ""


class ImportMap(Document):
    """A map file: what the columns of a foreign table are.

    Attributes
    ----------
    kind : {"cpcd", "uk", "pact", "table"}
        Layout; ``table`` is known by its map alone.
    publication : str
        Name of the folder that is made.
    sheet : str
        Sheet of a workbook; else its first.
    source : Origin
        Title, publisher, document, date, terms.
    columns : Fields
        Headings by what they say.
    constants : Fields
        What holds where there is no column, or its cell is empty.
    units : dict of str to str
        Units of the vocabulary by what the source prints: ``"kg CO2 eq./tonne" = "kgCO2e/t"``.
    """

    kind: Kind = "table"
    publication: Line = ""
    sheet: Line = ""
    source: Origin = Origin()
    columns: Fields = Fields()
    constants: Fields = Fields()
    units: dict[str, Line] = {}  # noqa: RUF012 - a pydantic field, copied for each map


_PRESETS: dict[str, dict[str, Any]] = {
    "cpcd": {
        "source": {"title": "中国产品全生命周期温室气体排放系数库 (CPCD)", "document": "CPCD", "basis": "life-cycle"},
        "columns": {"id": "product_id", "name_zh": "name_zh", "boundary": "boundary", "value": "value", "unit": "unit",
                    "year": "year", "page": "product_id"},
        "constants": {"kind": "purchased-goods", "use": "purchased", "origin": "mixed"},
    },
    "uk": {
        "sheet": "Factors by Category",
        "source": {
            "title": "UK Government greenhouse gas conversion factors {year}",
            "publisher": "UK Government",
            "document": "Greenhouse gas reporting: conversion factors {year} (flat file)",
            "licence": "Open Government Licence v3.0; contains public sector information licensed under it",
        },
        "constants": {"region": "GB"},
    },
    "pact": {
        "source": {"basis": "life-cycle"},
        "constants": {"kind": "purchased-goods", "use": "purchased", "origin": "mixed"},
    },
}  # fmt: skip


def settings(given: Mapping[str, Any], file: str) -> ImportMap:
    """Return a map with what its kind knows beforehand where it says nothing.

    Parameters
    ----------
    given : mapping
        A map file and options, as read.
    file : str
        Where it comes from, for messages.

    Raises
    ------
    DataError
        If a key is unknown (T116) or a value wrong (T117).
    """
    found = validated(dict(given), ImportMap, file)
    preset = _PRESETS.get(found.kind, {})
    merged = dict(given) | {
        name: value | dict(given.get(name) or {}) if isinstance(value, dict) else given.get(name) or value
        for name, value in preset.items()
    }
    return validated(merged, ImportMap, file)


class Grid(NamedTuple):
    """A table as text: file, heading, rows with their line."""

    file: str
    header: list[str]
    rows: list[tuple[int, list[str]]]


def drafts(grid: Grid, plan: ImportMap, issues: Issues) -> list[Draft]:
    """Return what the rows of a table say.

    Parameters
    ----------
    grid : Grid
        The table.
    plan : ImportMap
        What its columns are.
    issues : Issues
        Receives F230, F237, F238, T107.
    """
    fields = set(plan.columns.given()) | set(plan.constants.given())
    needed = {"name": {"item", "name", "name_zh", "name_en"}, "value": {"value"}, "unit": {"unit"}}
    lacking = [name for name, others in needed.items() if not fields & others]
    for name in lacking:
        issues.add("F230", file=grid.file, column=name, value=name, near=near_misses(name, grid.header))
    places = places_of(grid, plan.columns.given(), issues)
    if places is None or lacking:
        return []
    say_unused(grid, set(places.values()), issues)
    found = []
    for line, cells in with_value(grid, places["value"], issues) if "value" in places else grid.rows:
        parts = plan.constants.given() | {name: cells[at] for name, at in places.items() if cells[at].strip()}
        found.append(_draft(grid.file, line, parts, plan))
    return found


def _draft(file: str, line: int, parts: dict[str, str], plan: ImportMap) -> Draft:
    name, printed = parts.pop("name", ""), parts.pop("unit", "").strip()
    both = {"name_zh": parts.pop("name_zh", name), "name_en": parts.pop("name_en", name)}
    return Draft(file, line, unit=spelled(printed, plan.units), printed=printed, **both, **parts)


def spelled(printed: str, known: Mapping[str, str]) -> str:
    """Return a printed unit as the vocabulary spells it: by the user's list, else word by word as its symbol.

    Examples
    --------
    >>> spelled("kgCO2e / 千克", {})
    'kgCO2e/kg'
    """
    words = re.split(r"([/*()^ ])", re.sub(r"\s*/\s*", "/", printed.strip()))
    return known.get(printed) or "".join(map(_symbol, words))


@cache
def _symbol(word: str) -> str:
    """Return the shortest ASCII word of the vocabulary for the same unit, or the word as it is."""
    if word.isascii() or word not in vocabulary():
        return word
    unit = parse(word)
    same = [
        w for w in vocabulary() if w.isascii() and (parse(w).scale, parse(w).dimension) == (unit.scale, unit.dimension)
    ]
    return min(same, key=len, default=word)


def places_of(grid: Grid, wanted: Mapping[str, str], issues: Issues) -> dict[str, int] | None:
    """Return where the wanted columns are, or None after naming those that are not there or there twice."""
    exact = [name.strip() for name in grid.header]
    loose = [folded_header(name) for name in grid.header]
    places = {}
    for field, name in wanted.items():
        names, sought = (exact, name) if name in exact else (loose, folded_header(name))
        if names.count(sought) == 1:
            places[field] = names.index(sought)
        elif sought in names:
            issues.add("T107", file=grid.file, column=name, value=field)
        else:
            near = near_misses(name, [n for n in exact if n]) or [n for n in exact if n][:6]
            issues.add("F230", file=grid.file, column=field, value=name, near=near)
    return places if len(places) == len(wanted) else None


def say_unused(grid: Grid, used: set[int], issues: Issues) -> None:
    """Note the columns of which nothing is taken (F238)."""
    unused = [name for at, name in enumerate(grid.header) if at not in used and name.strip()]
    if unused:
        issues.add("F238", file=grid.file, value=", ".join(unused)[:200])


def with_value(grid: Grid, at: int, issues: Issues) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that have a value; say which have none."""
    empty = [line for line, cells in grid.rows if not cells[at].strip()]
    if empty:
        why = Said("the source has no value there", "来源中没有数值")
        issues.add("F237", file=grid.file, lines=empty, column="value", why=why)
    yield from ((line, cells) for line, cells in grid.rows if cells[at].strip())
