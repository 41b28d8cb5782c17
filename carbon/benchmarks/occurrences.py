"""How often a line occurs in a portfolio: its newest period counts, and periods that overlap are refused."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from carbon import periods, units
from carbon.arrays import distinct
from carbon.errors import Issues
from carbon.tables import Table

NAME = ("facility", "line", "process", "product", "type")
EVER = (-(2**31), 2**31 - 1)


@dataclass(frozen=True)
class Occurrences:
    """Which rows of a table stand for their line.

    Attributes
    ----------
    newest : bool[rows]
        The one row per line that its standing goes by.
    year : bool[rows]
        Rows of the year in which the newest period of their line ends; for sums over a year.
    clash : bool[rows]
        Rows of lines that are given for periods which share days; such a line has no standing.
    """

    newest: np.ndarray
    year: np.ndarray
    clash: np.ndarray


def occurrences(table: Table, issues: Issues) -> Occurrences:
    """Return which rows stand for their lines; lines given twice (B617) or for several periods (B618) are said.

    Parameters
    ----------
    table : Table
        Lines as checked. One without a period stands for any day.
    issues : Issues
        Receives what was found.
    """
    spans = [_span(text) for text in table.texts["period"]]
    first, last = np.array([*spans, EVER]).T[:, table.codes["period"]]
    years = np.array([*(_year(text) for text in table.texts["period"]), 0])[table.codes["period"]]
    line, sample = distinct(*(table.codes[name] for name in NAME))
    order = np.lexsort((first, line))
    same = line[order][1:] == line[order][:-1]
    clash = np.zeros(len(sample), dtype=bool)
    clash[line[order][1:][same & (first[order][1:] <= last[order][:-1])]] = True
    newest = np.zeros(len(table), dtype=bool)
    newest[order[np.append(~same, True)[: len(order)]]] = True
    ends = np.zeros(len(sample), dtype=np.int64)
    ends[line[newest]] = years[newest]
    for code, rows in (("B617", clash[line]), ("B618", ~clash[line] & ~newest)):
        if rows.any():
            first = int(np.flatnonzero(rows)[0])
            named = " ".join(filter(None, (table.text(name, first) for name in NAME[:2])))
            issues.add(code, file=table.file, lines=table.line[rows], column="period", value=named)
    return Occurrences(newest, years == ends[line], clash[line])


def _span(text: str) -> tuple[int, int]:
    try:
        span = periods.parse(text)
    except periods.PeriodError:
        return EVER
    return span.start, span.end - 1


def _year(text: str) -> int:
    try:
        return periods.parse(text).last.year
    except periods.PeriodError:
        return 0


def capacities(table: Table, issues: Issues) -> None:
    """Say which units of capacity cannot be added to the others (B619).

    Parameters
    ----------
    table : Table
        Lines as checked.
    issues : Issues
        Receives what was found.
    """
    first: dict[int, units.Unit] = {}
    given = ~np.isnan(table.numbers["capacity"])
    number, sample = distinct(table.codes["product"], table.codes["capacity_unit"])
    for place, row in enumerate(sample.tolist()):
        rows, text = (number == place) & given, table.text("capacity_unit", row)
        if not rows.any():
            continue
        try:
            unit = yearly(text)
            units.ratio(unit, first.setdefault(int(table.codes["product"][row]), unit))
        except (units.UnitError, units.DimensionError):
            issues.add("B619", file=table.file, lines=table.line[rows], column="capacity_unit", value=text)


def yearly(text: str) -> units.Unit:
    """Return the unit of a yearly capacity, with or without the year written.

    Parameters
    ----------
    text : str
        For example ``万t/a``.
    """
    return units.parse(text.removesuffix("/年").removesuffix("/a"))
