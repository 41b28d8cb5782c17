"""Checks across rows: periods, duplicates, missing months, impossible and implausible sizes."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from carbon.arrays import distinct, repeated
from carbon.errors import Issues, Said
from carbon.inventory.plan import Plan
from carbon.inventory.resolve import OVERRIDES, Activities
from carbon.inventory.terms import Routed
from carbon.library import Library
from carbon.periods import Period
from carbon.schema import choices
from carbon.tables import Table
from carbon.units import ratio

MANY_PERIODS = 3
MOST_DIGITS = 24
STREAM = ("facility", "item")


def check_overlaps(rows: Activities, issues: Issues) -> None:
    """Mark rows whose period overlaps another period of the same stream: which of them counts is not guessed.

    A stream is one facility, item, use and instrument, and one process and meter where every row of it names
    its own. Rows of the very same period add up.
    """
    table = rows.table
    good = np.flatnonzero(~rows.bad)
    if not len(good):
        return
    stream, _ = distinct(*(rows.index[name][good] for name in STREAM), _uses(rows)[good], _instruments(rows)[good])
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


def _instruments(rows: Activities) -> np.ndarray:
    """Return the instrument of each row as a code; none is the grid."""
    names = list(choices("instrument"))
    codes = [names.index(name) for name in rows.values["instrument"]]
    return np.asarray(np.array([*codes, names.index("grid")], dtype=np.int32)[rows.index["instrument"]])


def _uses(rows: Activities) -> np.ndarray:
    """Return the use of each row as a code, taken from the item where the row leaves it out."""
    names = list(choices("use"))
    given = np.array([*(names.index(use) for use in rows.values["use"]), -1], dtype=np.int32)[rows.index["use"]]
    default = [names.index(i.default_use) if i.default_use in names else -1 for i in rows.values["item"]]
    return np.asarray(np.where(given >= 0, given, np.array([*default, -1], dtype=np.int32)[rows.index["item"]]))


def check_duplicates(table: Table, shown: str, issues: Issues) -> None:
    """Warn of rows that are equal in every cell (A403), by what a column holds; all are counted."""
    columns = [codes for codes in table.codes.values() if len(codes) and codes.max() >= 0]
    again = repeated(*columns, *_numbers(table.numbers)) if columns else np.empty(0, np.int64)
    again = again[~table.bad[again]]
    if len(again):
        issues.add("A403", file=table.file, lines=np.sort(table.line[again]), value=table.text(shown, int(again[0])))


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
        for whole in sorted({p for native in periods for p in (native.quarter, native.year) if native.within(p)}):
            inside = {p for p in periods if p.within(whole) and p != whole}
            if not inside:
                continue
            lacking = [Period(whole.start, min(inside).start), Period(max(p.end for p in inside), whole.end)]
            labels = [span.label for span in lacking if span.start < span.end]
            if labels:
                issues.add(
                    "D105", file=rows.table.file, column="period", value=whole.label, facility=name, missing=labels
                )
        for period in sorted(periods):
            if not period.within(period.year):
                number = rows.values["period"].index(period)
                place = next(n for n, f in enumerate(rows.values["facility"]) if f.id == name)
                here = good & (rows.index["period"] == number) & (rows.index["facility"] == place)
                issues.add("D104", file=rows.table.file, lines=rows.table.line[here], column="period",
                           value=period.label, facility=name)  # fmt: skip


def check_streams(rows: Activities, issues: Issues) -> None:
    """Warn where an item of a facility misses a period here and there that its other items have."""
    good = np.flatnonzero(~rows.bad)
    if not len(good):
        return
    _, sample = distinct(rows.index["facility"][good], rows.index["item"][good], rows.index["period"][good])
    streams: dict[tuple[int, int], set[Period]] = {}
    for row in good[sample].tolist():
        name = int(rows.index["facility"][row]), int(rows.index["item"][row])
        streams.setdefault(name, set()).add(rows.values["period"][rows.index["period"][row]])
    everything: dict[int, set[Period]] = {}
    for (facility, _), periods in streams.items():
        everything.setdefault(facility, set()).update(periods)
    for (facility, item), periods in sorted(streams.items()):
        if len({p.grain for p in periods}) > 1 or len(periods) < MANY_PERIODS:
            continue
        grain = next(iter(periods)).grain
        missing = sorted({p for p in everything[facility] if p.grain == grain} - periods)
        if missing and len(missing) * 3 <= len(periods):
            entry = rows.values["item"][item]
            labels = ", ".join(p.label for p in missing)
            issues.add("D106", file=rows.table.file, column="period", value=labels,
                       facility=rows.values["facility"][facility].id,
                       item=Said(entry.name_en, entry.name_zh))  # fmt: skip


def check_magnitudes(rows: Activities, key: np.ndarray, routed: Sequence[Routed], issues: Issues) -> None:
    """Refuse rows whose amounts no accumulator would hold: more than the Earth weighs is a slip of unit or exponent."""
    table = rows.table
    largest = {name: _largest(table.numbers[name]) for name in ("quantity", *OVERRIDES)}
    top = {name: math.log10(max(value, 1.0)) for name, value in largest.items()}
    for number, one in enumerate(routed):
        for term in one.terms:
            names = ["quantity", *(s.column for s in term.slots if s.column)]
            fixed = term.digits
            if fixed + sum(top[name] for name in names) < MOST_DIGITS:
                continue
            size = [np.log10(np.maximum(np.nan_to_num(np.abs(table.numbers[name])), 1.0)) for name in names]
            high = (key == number) & ~rows.bad & (fixed + sum(size) >= MOST_DIGITS)
            for value in np.unique(table.numbers["quantity"][high]):
                issues.add("T125", file=table.file, lines=table.line[high & (table.numbers["quantity"] == value)],
                           column="quantity", value=f"{value:g}", maximum=f"1e{MOST_DIGITS} kg")  # fmt: skip
            rows.bad[high] = True


def _largest(numbers: np.ndarray) -> float:
    """Return the largest magnitude; 0 where there is no number."""
    known = numbers[~np.isnan(numbers)]
    return max(float(known.max(initial=0.0)), -float(known.min(initial=0.0)))


def check_plausible(rows: Activities, plan: Plan, library: Library, issues: Issues) -> None:
    """Warn of measured calorific values and carbon contents far from the default of the same item."""
    given = [(n, key) for n, key in enumerate(plan.keys) if not plan.routed[n].failed and key.given]
    for number, key in given:
        category = {c.id: c for c in library.pack(key.pack).category}.get(plan.routed[number].category)
        sets = library.known(category.sets) if category is not None else []
        for name in ("ncv", "carbon_content"):
            factors = [f for s in sets for f in s.index.get((name, key.item.id), ()) if f.value]
            factors = [
                f for f in factors if key.measured(name) and f.parsed_unit.dimension == key.unit_of(name).dimension
            ]
            if not factors or not key.measured(name):
                continue
            usual = float(factors[0].exact * ratio(factors[0].parsed_unit, key.unit_of(name)))
            values = rows.table.numbers[name]
            with np.errstate(invalid="ignore"):
                odd = (plan.key == number) & ~rows.bad & ((values > 3 * usual) | (values < usual / 3))
            for value in np.unique(values[odd]):
                unit = key.unit_of(name).text
                issues.add("A412", file=rows.table.file, lines=rows.table.line[odd & (values == value)], column=name,
                           value=f"{value:g} {unit}", usual=f"{usual:.4g} {unit}",
                           item=Said(key.item.name_en, key.item.name_zh))  # fmt: skip


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
