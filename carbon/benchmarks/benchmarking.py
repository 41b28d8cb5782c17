"""Lines in, verdicts out: the door of this floor for tables and for the result of a facility run."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from carbon.arrays import to_arrow, to_strings
from carbon.benchmarks.gates import Gates
from carbon.benchmarks.levels import Levels, load_levels
from carbon.benchmarks.lines import resolve_lines
from carbon.benchmarks.verdicts import Verdicts, judge
from carbon.errors import Issues
from carbon.inventory.checks import check_duplicates
from carbon.inventory.output import LINE_TEXTS
from carbon.library import Library, load_library
from carbon.reading import Source, source_of

if TYPE_CHECKING:
    from carbon.inventory import Result


def benchmark(
    lines: Any, *, levels: Levels | Sequence[str] | None = None, own: Sequence[str | Path] = (),
    as_of: dt.date | None = None, library: Library | None = None, language: str = "en", issues: Issues | None = None,
) -> Verdicts:  # fmt: skip
    """Hold production lines against sector levels, energy quotas and allowance benchmarks.

    Parameters
    ----------
    lines : DataFrame, Arrow table, list of dict, path of a file or carbon.reading.Source
        A row per line; columns as in ``carbon describe lines``.
    levels : Levels or sequence of str, optional
        Level sets, or the ids, publications or kinds (``sector``, ``quota``, ``ets``) to compare with; all in force if
        left out.
    own : sequence of path
        Folders with own level sets.
    as_of : datetime.date, optional
        Only sets published by then.
    library : Library, optional
        For the coefficient of electricity; the shipped one if left out.
    language : {"en", "zh"}
        Language of names.
    issues : Issues, optional
        What was found while reading.

    Returns
    -------
    Verdicts

    Raises
    ------
    DataError
        If the table as a whole cannot be used.
    UsageError
        If a level set does not exist.

    Notes
    -----
    Lower is better unless the level says otherwise; equality reaches a level unless its text is strict (优于, 超过).
    Another process route, boundary or indicator is refused, and an empty level answers ``unknown``.

    Examples
    --------
    >>> line = {"facility": "A", "product": "clinker", "value": 104, "unit": "kgce/t"}
    >>> line |= {"output": 1000, "output_unit": "t"}
    >>> table = benchmark([line], levels=["sector"]).table()
    >>> table[["tier", "level", "verdict", "gap", "tce_to_save"]].values.tolist()
    [['benchmark', 100.0, 'between', 4.0, 4.0], ['baseline', 117.0, 'between', -13.0, 0.0]]
    """
    found = verdicts_on(lines, levels=levels, own=own, as_of=as_of, library=library, language=language, issues=issues)
    check_duplicates(found.lines.table, "product", found.issues)
    return found


def verdicts_on(
    lines: Any, *, levels: Levels | Sequence[str] | None = None, own: Sequence[str | Path] = (),
    as_of: dt.date | None = None, library: Library | None = None, language: str = "en", issues: Issues | None = None,
) -> Verdicts:  # fmt: skip
    """Hold lines as `benchmark` does, without a word on rows that are equal in every cell."""
    issues = Issues() if issues is None else issues
    known = levels if isinstance(levels, Levels) else load_levels(own, as_of)
    chosen = known.chosen(None if levels is None or isinstance(levels, Levels) else list(levels))
    products = [i for i in chosen if known.sets[i].meta.kind != "equipment"]
    resolved = resolve_lines(source_of(lines, issues, "lines"), issues)
    return judge(resolved, known, products, Gates(), library or load_library(), issues, language)


def benchmark_result(
    result: Result, levels: Sequence[str] | None = None, as_of: dt.date | None = None
) -> Verdicts | None:
    """Hold the products of a facility run against levels; None without an output table.

    Notes
    -----
    An output row without a process stands for the whole facility (boundary production-system) and is compared only if
    it is the one product of its place; one with a process stands for that process, unless its own boundary says more.
    """
    issues = Issues()
    records = []
    for record in result.intensity_records:
        stated = not np.isnan(record["line"]["unit_energy"])
        where = {"file": result.output_file, "lines": [record["source_line"]], "value": record["product"]}
        if stated and record["quantity"]:
            issues.add("B616", **where, column="unit_energy")
            records.append(record)
        elif record["shared_by"] > 1:
            issues.add("B615", **where, column="product", known=record["shared_by"])
        elif record["quantity"] and record["tce"] is not None:
            records.append(record)
    if not records and not issues:
        return None
    known = load_levels(result.own_levels, as_of or result.library.as_of)
    rows = [_line(record, known) for record in records]
    lines = np.array([record["source_line"] for record in records], dtype=np.int64)
    texts = {name: [row[name] for row in rows] for name in (rows[0] if rows else ("facility", "product"))}
    columns = {
        name: to_strings([str(value) if value else None for value in values]) if name in TEXTS
        else to_arrow(numbers := np.array([np.nan if v is None else v for v in values]), np.isnan(numbers))
        for name, values in texts.items()
    }  # fmt: skip
    source = Source(result.output_file, "run", pa.table(columns), lines, header=0)
    chosen = known.chosen(levels)
    products = [i for i in chosen if known.sets[i].meta.kind != "equipment"]
    return judge(resolve_lines(source, issues), known, products, Gates(), result.library, issues, result.language)


TEXTS = frozenset({"facility", "process", "product", "period", "unit", "output_unit", *LINE_TEXTS})


def _line(record: dict[str, Any], levels: Levels) -> dict[str, Any]:
    """Return a record of a run as a row of the table of lines."""
    line = dict(record["line"])
    indicator = levels.indicators.find(str(line["indicator"])) if line["indicator"] else None
    electric = indicator is not None and "electricity" in indicator.id
    energy, unit = (record["electricity_kwh"], "kWh") if electric else (record["kgce_per_unit"], "kgce")
    value = energy / record["quantity"] if electric and energy is not None and record["quantity"] else energy
    own = {
        "facility": record["facility"], "process": record["process"], "product": record["product"],
        "period": record["period"], "value": value, "unit": f"{unit}/{record['unit']}", "output": record["quantity"],
        "output_unit": record["unit"], "co2e_t": record["electricity_co2e_t" if electric else "energy_co2e_t"],
    }  # fmt: skip
    if not np.isnan(stated := line.pop("unit_energy")):
        own |= {"value": stated, "unit": line["unit_energy_unit"], "co2e_t": None}
    line.pop("unit_energy_unit")
    line["boundary"] = line["boundary"] or ("process" if record["process"] else "production-system")
    return line | own
