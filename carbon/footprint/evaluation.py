"""Whether the expressions of a study can be evaluated: names that are there, values in every scenario, a period."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from carbon import periods
from carbon.errors import DataError, Issues, Said, near_misses
from carbon.footprint.chain import BACKGROUND, Chain
from carbon.footprint.expressions import ExpressionError
from carbon.footprint.files import FootprintFile
from carbon.footprint.tables import Parameters
from carbon.tables import Table


def check_period(asked: FootprintFile, chain: Chain, table: Table, issues: Issues) -> None:
    """Refuse a period that is none, or its lack where a factor of a year is asked for (P739)."""
    dated = [table.text("period", e.row) or chain.processes[e.process].period for e in chain.exchanges]
    own = ~np.isnan(table.numbers["factor"])
    needed = any(e.kind in BACKGROUND and not day and not own[e.row]
                 for e, day in zip(chain.exchanges, dated, strict=True))  # fmt: skip
    try:
        if needed or asked.period:
            periods.parse(asked.period)
    except periods.PeriodError as error:
        issues.add("P739", file="study.toml", column="period", value=asked.period)
        raise DataError(issues, asked.language) from error


def check_legs(chain: Chain, known: Parameters, table: Table, issues: Issues) -> None:
    """Refuse distances below zero in any scenario (P708)."""
    for scenario in ("", *known.scenarios):
        values = known.values(scenario)
        for exchange in chain.exchanges:
            if exchange.distance is not None and not float(exchange.distance.evaluate(values)) >= 0:
                why = Said("a distance below 0", "运距小于 0")
                issues.add("P708", file=table.file, lines=[int(table.line[exchange.row])], column="distance_km",
                           value=exchange.distance.text[:80], why=why, scenario=scenario)  # fmt: skip
                raise DataError(issues)


def check_names(rows: Sequence[Any], processes: Sequence[Any], known: Parameters, table: Table, issues: Issues) -> None:
    """Report amounts that use parameters which are not there (P706)."""
    for row in rows:
        for column, one in (("amount", row.amount), ("distance_km", row.distance)):
            for name in one.names if one is not None else ():
                if name not in known.definitions:
                    issues.add("P707", file=table.file, lines=[int(table.line[row.row])], column=column, value=name,
                               known=list(known.definitions)[:12])  # fmt: skip
                    table.bad[row.row] = True
    for process in processes:
        for name in process.amount.names:
            if name not in known.definitions:
                why, near = Said("no such parameter", "没有该参数"), near_misses(name, known.definitions)
                issues.add("P706", file=process.file, lines=[process.line], column="amount", value=name, why=why,
                           near=near)  # fmt: skip


def check_values(chain: Chain, known: Parameters, table: Table, issues: Issues) -> None:
    """Report amounts that have no value in a scenario (P708)."""
    places = [(p.file, p.line, "amount", p.amount) for p in chain.processes]
    for exchange in chain.exchanges:
        line = int(table.line[exchange.row])
        places += [(table.file, line, "amount", exchange.amount)]
        places += [(table.file, line, "distance_km", exchange.distance)] if exchange.distance is not None else []
    for scenario in ("", *known.scenarios):
        values = known.values(scenario)
        for file, line, column, amount in places:
            try:
                amount.evaluate(values)
            except ExpressionError as error:
                issues.add("P708", file=file, lines=[line], column=column, value=amount.text[:80], why=error.said,
                           scenario=scenario)  # fmt: skip
