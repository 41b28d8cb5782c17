"""What a foreign source states about one number, and the check that makes a factor row of it. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Any

from carbon import units
from carbon.errors import Issues, Said, printable
from carbon.library.checks import HEADER, LEAST, MOST
from carbon.library.library import Library
from carbon.library.sets import span
from carbon.units import Unit

LONGEST_NOTE, LONGEST_UNIT = 2000, 80
_NUMBER = re.compile(r"[-+]?[0-9]{1,30}(\.[0-9]{1,30})?([eE][-+]?[0-9]{1,2})?")
_YEAR = re.compile(r"[12][0-9]{3}")
Row = dict[str, str]


@dataclass(frozen=True)
class Draft:
    """One number as a foreign source states it, every part as text; empty = not stated.

    Attributes
    ----------
    file, line : str, int
        Where it stands; line 0 where there are no lines.
    id : str
        What the source calls the row.
    item : str
        Id of a known item, where the map of the user says it.
    unit, printed : str
        In the vocabulary, and as the source prints it.
    boundary : str
        What part of a life cycle it speaks of.
    """

    file: str
    line: int
    id: str = ""
    item: str = ""
    name_zh: str = ""
    name_en: str = ""
    kind: str = ""
    use: str = ""
    origin: str = ""
    region: str = ""
    process: str = ""
    boundary: str = ""
    parameter: str = ""
    gas: str = ""
    value: str = ""
    unit: str = ""
    printed: str = ""
    year: str = ""
    valid_from: str = ""
    valid_to: str = ""
    page: str = ""
    note: str = ""

    @property
    def where(self) -> dict[str, Any]:
        """Its place, for issues."""
        return {"file": self.file, "lines": [self.line] if self.line else []}


def checked(draft: Draft, item: str, library: Library, parameters: frozenset[str], issues: Issues) -> Row | None:
    """Return the factor row of a draft.

    Parameters
    ----------
    draft : Draft
        What the source states.
    item : str
        The item that it is of.
    library : Library
        Regions and gases that are known.
    parameters : frozenset of str
        Parameters that are known.
    issues : Issues
        Receives F203, F213, F216, F217, F231, F233, T113, U101.

    Returns
    -------
    dict or None
        Cells by column, still without id and boundary; None if something is wrong.
    """
    mine = Issues()
    row = _filled(draft, item, library, parameters, mine)
    issues += mine
    return None if mine.errors else row


def _filled(draft: Draft, item: str, library: Library, parameters: frozenset[str], issues: Issues) -> Row:
    row = dict.fromkeys(HEADER, "") | {"item": item, "unit": draft.unit, "note": draft.note}
    row["process"], row["parameter"] = printable(draft.process), draft.parameter or "emission"
    if row["parameter"] not in parameters:
        issues.add("F213", **draft.where, column="parameter", value=row["parameter"][:80], known=sorted(parameters))
    number, why = _plain(draft.value)
    if why:
        issues.add("F231", **draft.where, column="value", value=draft.value[:80], why=why)
    elif number != draft.value.strip():
        row["note"] = joined(row["note"], f"printed {draft.value.strip()}")
    row["value"], row["gas"] = number, _gas(draft, row["parameter"], library, issues)
    if draft.region:
        region = library.regions.find(draft.region)
        if region is None:
            near = library.regions.near(draft.region)
            issues.add("F203", **draft.where, column="region", value=draft.region[:80], near=near)
        row["region"] = region.id if region else ""
    _date(draft, row, issues)
    row["page"] = printable(draft.page).strip() or f"{printable(draft.file)}, line {draft.line}"
    printed = draft.printed.strip()
    row["note"] = printable(joined(row["note"], f"printed unit {printed}" if printed not in ("", draft.unit) else ""))
    for name in ("page", "note", "process"):
        row[name] = " ".join(row[name].split())
        if len(row[name]) > LONGEST_NOTE:
            issues.add("T113", **draft.where, column=name, value=row[name][:40], length=len(row[name]),
                       limit=LONGEST_NOTE)  # fmt: skip
    return row


def joined(*parts: str) -> str:
    """Return the parts that are not empty as one note."""
    return "; ".join(filter(None, parts))


def _plain(text: str) -> tuple[str, Said | None]:
    """Return a number in plain digits, or why it cannot be a factor."""
    text = text.strip()
    if not _NUMBER.fullmatch(text):
        return "", Said("it is not a plain number", "不是纯数字")
    number = Decimal(text)
    if number < 0:
        return "", Said("a negative factor is entered by hand, with its reason", "负的因子须人工录入并说明理由")
    if number and not LEAST <= Fraction(number) <= MOST:
        limits = f"{float(LEAST):g}", f"{float(MOST):g}"
        return "", Said(f"it lies outside {limits[0]} to {limits[1]}", f"超出 {limits[0]} 至 {limits[1]}")
    return f"{number:f}", None


@lru_cache(4096)
def _parsed(text: str) -> Unit | units.UnitError:
    """Return a unit, or the error of what is none: also that is worked out once."""
    try:
        return units.parse(text)
    except units.UnitError as error:
        return error


def _gas(draft: Draft, parameter: str, library: Library, issues: Issues) -> str:
    """Return the gas of a row; its unit must be a mass of that gas over something."""
    unit = _parsed(draft.unit if len(draft.unit) <= LONGEST_UNIT else "")
    if isinstance(unit, units.UnitError):
        issues.add("U101", **draft.where, column="unit", value=(draft.printed or draft.unit)[:80], near=unit.near)
        return ""
    if parameter != "emission":
        if draft.gas:
            issues.add("F217", **draft.where, column="gas", value=draft.gas[:80], parameter=parameter)
        return ""
    given = library.gases.find(draft.gas) if draft.gas else None
    gas = given.id if given else unit.species
    known = gas in library.gases and (given is not None or not draft.gas)
    if not known or not _is_per_something(unit, gas):
        issues.add("F233", **draft.where, column="unit", value=draft.unit[:80], gas=draft.gas[:80] or unit.species)
    return gas


def _is_per_something(unit: Unit, gas: str) -> bool:
    """Return whether a unit is a mass of the gas, a slash, and a quantity that reads the same in brackets."""
    above, _, below = unit.text.partition("/")
    try:
        mass, quantity = units.parse(above), units.parse(below)
    except units.UnitError:
        return False
    whole = mass / quantity
    plain = (whole.scale, whole.dimension) == (unit.scale, unit.dimension)
    return plain and bool(quantity.dimension) and mass.dimension == units.parse(f"kg{gas}").dimension


def _date(draft: Draft, row: Row, issues: Issues) -> None:
    """Fill in the days of which the number speaks."""
    row["valid_from"], row["valid_to"] = draft.valid_from, draft.valid_to
    if year := draft.year.strip().removesuffix("年"):
        row["valid_from"], row["valid_to"] = f"{year}-01-01", f"{year}-12-31"
    try:
        valid = span(row)
        good = valid.start < valid.end and (not year or bool(_YEAR.fullmatch(year)))
    except ValueError:
        good = False
    if not good:
        shown = draft.year or f"{draft.valid_from}…{draft.valid_to}"
        issues.add("F216", **draft.where, column="year" if draft.year else "valid_from", value=shown[:80])
