"""Lines as they are compared: a checked table becomes numbers by row and the words by which levels are matched."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from carbon import periods, units
from carbon.arrays import distinct
from carbon.errors import DataError, Issues
from carbon.inventory.resolve import unit_code
from carbon.periods import Period
from carbon.reading import Source
from carbon.schema import folded
from carbon.tables import Table, check

NEW = ("new", "expanded", "rebuilt", "新建", "改扩建", "新建和改扩建", "新改扩建", "拟建")
EQUIPMENT = {"advanced": 3, "先进": 3, "先进水平": 3, "saving": 2, "节能": 2, "节能水平": 2, "access": 1, "准入": 1,
             "准入水平": 1, "below": 0, "低于准入": 0}  # fmt: skip
LISTS = {
    "status": (*NEW, "existing", "存量", "现有", "在产"), "equipment_level": tuple(EQUIPMENT),
    "environment_grade": ("a", "b", "b-", "c", "d", "a级", "b级", "b-级", "c级", "d级"),
}  # fmt: skip
WORDS = ("product", "type", "indicator", "boundary", "period", "unit", "energy_unit", "output_unit", "salt")


@dataclass(frozen=True)
class LineKey:
    """What lines must share to be matched together.

    Attributes
    ----------
    unit : Unit
        Of the specific value.
    output_unit : Unit or None
        Of the output, where it is given.
    """

    product: str
    type: str
    indicator: str
    boundary: str
    period: Period | None
    salt: str
    unit: units.Unit
    output_unit: units.Unit | None


@dataclass(frozen=True)
class Lines:
    """Lines of a table.

    Attributes
    ----------
    table : Table
        As checked.
    keys : tuple of LineKey
        Distinct combinations of words.
    key : int32[rows]
        Key of each row; -1 for a row that cannot be compared.
    value : float64[rows]
        Per unit of product. [unit of its key]
    """

    table: Table
    keys: tuple[LineKey, ...]
    key: np.ndarray
    value: np.ndarray

    def exact(self, row: int) -> Fraction:
        """Return the specific value of one row exactly, as entered or as the quotient of what was entered."""
        numbers = self.table.numbers
        if not np.isnan(numbers["value"][row]):
            return _fraction(numbers["value"][row])
        return _fraction(numbers["energy"][row]) / _fraction(numbers["output"][row])


def _fraction(number: float) -> Fraction:
    return Fraction(repr(float(number)))


def resolve_lines(source: Source, issues: Issues) -> Lines:
    """Check a table of lines; what cannot be compared becomes an issue.

    Raises
    ------
    DataError
        If its columns are wrong, so that no row can be trusted.
    """
    table = check(source, "lines", issues)
    if table is None:
        raise DataError(issues)
    numbers = table.numbers
    given = ~np.isnan(numbers["value"])
    with np.errstate(divide="ignore", invalid="ignore"):
        made = ~np.isnan(numbers["output"]) & (numbers["output"] > 0)
        quotient = ~np.isnan(numbers["energy"]) & made
        value = np.where(given, numbers["value"], numbers["energy"] / np.where(made, numbers["output"], np.nan))
    both = given & ~np.isnan(numbers["energy"])
    for code, rows in (("B608", ~given & ~quotient), ("B609", both)):
        if (rows := rows & ~table.bad).any():
            issues.add(code, file=table.file, lines=table.line[rows], column="value")
            table.bad[rows] = True
    _check_words(table, issues)
    columns = [table.codes[name] for name in WORDS]
    number, sample = distinct(*columns, given.astype(np.int32))
    keys: list[LineKey] = []
    move = np.full(len(sample), -1, dtype=np.int32)
    for place, row in enumerate(sample.tolist()):
        rows = (number == place) & ~table.bad
        if not rows.any():
            continue
        key = _key(table, row, bool(given[row]), rows, issues)
        if key is None:
            table.bad[rows] = True
        else:
            move[place] = len(keys)
            keys.append(key)
    key_of = move[number]
    key_of[table.bad] = -1
    return Lines(table, tuple(keys), key_of, value)


def _check_words(table: Table, issues: Issues) -> None:
    """Report states of projects, grades and levels of equipment that are none (T127)."""
    for column, known in LISTS.items():
        for code, text in enumerate(table.texts[column]):
            if folded(text) not in known and (rows := table.codes[column] == code).any():
                issues.add("T127", file=table.file, lines=table.line[rows], column=column, value=text, near=[*known])
                table.bad[rows] = True


def _key(table: Table, row: int, given: bool, rows: np.ndarray, issues: Issues) -> LineKey | None:
    """Return the key of some rows; None and an issue where a unit or the period cannot be understood."""
    where: dict[str, Any] = {"file": table.file, "lines": table.line[rows]}

    def unit(column: str) -> units.Unit | None:
        text = table.text(column, row)
        try:
            return units.parse(text) if text else None
        except units.UnitError as error:
            issues.add(unit_code(text), **where, column=column, value=text[:80], near=error.near)
            raise

    span = None
    try:
        output = unit("output_unit")
        specific = unit("unit") if given else unit("energy_unit")
    except units.UnitError:
        return None
    if (text := table.text("period", row)) != "":
        try:
            span = periods.parse(text)
        except periods.PeriodError:
            issues.add("D101", **where, column="period", value=text)
            return None
    if specific is None or (not given and output is None):
        issues.add("B610", **where, column="unit" if given else "energy_unit")
        return None
    own = specific if given or output is None else specific / output
    product, kind, indicator, boundary, salt = (
        table.text(name, row) for name in ("product", "type", "indicator", "boundary", "salt")
    )
    return LineKey(product, kind, indicator, boundary, span, salt, own, output)
