"""Checks across rows: periods given twice at different grain, exact duplicates, months that are missing."""

from __future__ import annotations

import numpy as np

from carbon.arrays import distinct
from carbon.errors import Issues
from carbon.inventory.resolve import Activities
from carbon.periods import Period
from carbon.schema import choices

STREAM = ("facility", "item", "region", "instrument")


def check_overlaps(rows: Activities, issues: Issues) -> None:
    """Mark rows whose period overlaps another period of the same stream: which of them counts is not guessed.

    A stream is one facility, item, use, region and instrument, and one process and meter where every row of it names
    its own. Rows of the very same period add up.
    """
    table = rows.table
    good = np.flatnonzero(~rows.bad)
    if not len(good):
        return
    stream, _ = distinct(*(rows.index[name][good] for name in STREAM), _uses(rows)[good])
    for name in ("process", "meter"):  # a row that names none may hold what the others hold
        codes = table.codes[name][good]
        blank = np.zeros(int(stream.max()) + 1, dtype=bool)
        blank[stream[codes < 0]] = True
        stream, _ = distinct(stream, np.where(blank[stream], -1, codes))
    pair, sample = distinct(stream, rows.index["period"][good])
    by_stream: dict[int, list[tuple[Period, int]]] = {}
    for number, row in enumerate(sample.tolist()):
        period = rows.values["period"][rows.index["period"][good[row]]]
        by_stream.setdefault(int(stream[row]), []).append((period, number))
    for spans in by_stream.values():
        clashing: dict[int, Period] = {}
        spans.sort()
        reach = spans[0]
        for span in spans[1:]:
            if span[0].overlaps(reach[0]) and span[0] != reach[0]:
                clashing[span[1]], clashing[reach[1]] = span[0], reach[0]
            if span[0].end > reach[0].end:
                reach = span
        if clashing:
            here = good[np.isin(pair, list(clashing))]
            labels = sorted({period.label for period in clashing.values()})
            issues.add("D102", file=table.file, lines=np.sort(table.line[here]), column="period",
                       value=", ".join(labels), item=table.text("item", int(here[0])),
                       facility=table.text("facility", int(here[0])))  # fmt: skip
            rows.bad[here] = True


def _uses(rows: Activities) -> np.ndarray:
    """Return the use of each row as a code, taken from the item where the row leaves it out."""
    names = list(choices("use"))
    given = np.array([*(names.index(use) for use in rows.values["use"]), -1], dtype=np.int32)[rows.index["use"]]
    default = [names.index(i.default_use) if i.default_use in names else -1 for i in rows.values["item"]]
    return np.asarray(np.where(given >= 0, given, np.array([*default, -1], dtype=np.int32)[rows.index["item"]]))


def check_duplicates(rows: Activities, issues: Issues) -> None:
    """Warn of rows that are equal in every cell; both are counted."""
    table = rows.table
    columns = [*table.codes.values()]
    columns += [distinct(column.view(np.int64))[0] for column in map(np.ascontiguousarray, _numbers(table.numbers))]
    key, sample = distinct(*columns)
    again = (np.bincount(key, minlength=len(sample)) > 1)[key] & ~rows.bad
    if again.any():
        first = table.text("item", int(np.flatnonzero(again)[0]))
        issues.add("A403", file=table.file, lines=np.sort(table.line[again]), value=first)


def _numbers(numbers: dict[str, np.ndarray]) -> list[np.ndarray]:
    return [column + 0.0 for column in numbers.values() if not np.isnan(column).all()]


def check_gaps(rows: Activities, issues: Issues) -> None:
    """Warn where a facility's periods leave days out between the first and the last of one year."""
    good = ~rows.bad
    if not good.any():
        return
    _, sample = distinct(rows.index["facility"][good], rows.index["period"][good])
    where = np.flatnonzero(good)[sample]
    spans: dict[str, set[Period]] = {}
    for row in where.tolist():
        name = rows.values["facility"][rows.index["facility"][row]].id
        spans.setdefault(name, set()).add(rows.values["period"][rows.index["period"][row]])
    for name, periods in sorted(spans.items()):
        for hole in holes(periods):
            issues.add("D103", file=rows.table.file, column="period", value=hole.label, facility=name)
        for period in sorted(periods):
            if not period.within(period.year):
                issues.add("D104", file=rows.table.file, column="period", value=period.label, facility=name)


def holes(periods: set[Period]) -> list[Period]:
    """Return the spans between the first and the last period that none of them covers.

    Examples
    --------
    >>> from carbon.periods import parse
    >>> [hole.label for hole in holes({parse("2024-01"), parse("2024-03")})]
    ['2024-02']
    """
    found = []
    reach = min(periods).start
    for period in sorted(periods):
        if period.start > reach:
            found.append(Period(reach, period.start))
        reach = max(reach, period.end)
    return found


def covers(periods: set[Period], whole: Period) -> bool:
    """Return whether some periods cover every day of another."""
    inside = {p for p in periods if p.within(whole)}
    if not inside or min(inside).start != whole.start or max(p.end for p in inside) != whole.end:
        return False
    return not holes(inside)
