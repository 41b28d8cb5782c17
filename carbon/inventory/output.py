"""Products and revenue: resolve the output table and relate emissions and energy to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from carbon import periods, units
from carbon.arrays import distinct
from carbon.errors import Issues, near_misses
from carbon.inventory.plan import Plan, Sums
from carbon.inventory.resolve import Facility
from carbon.inventory.terms import ENERGY, PRIMARY
from carbon.inventory.totals import Completeness, rounded, weighted
from carbon.periods import Period
from carbon.tables import Table


@dataclass(frozen=True)
class Output:
    """One row of the output table.

    Attributes
    ----------
    quantity : Fraction
        How much was made. [unit]
    revenue : Fraction or None
        With this product. [CNY]
    """

    facility: str
    process: str
    product: str
    period: Period
    quantity: Fraction
    unit: str
    revenue: Fraction | None


def resolve_output(table: Table, facilities: Mapping[str, Facility] | None, issues: Issues) -> list[Output]:
    """Return the good rows of an output table; the others become issues."""
    rows = []
    for row in np.flatnonzero(~table.bad).tolist():
        where = {"file": table.file, "lines": [int(table.line[row])]}
        facility, period = table.text("facility", row), table.text("period", row)
        if facilities is not None and facility not in facilities:
            issues.add("A405", **where, column="facility", value=facility, near=near_misses(facility, facilities))
            continue
        try:
            span = periods.parse(period)
        except periods.PeriodError:
            issues.add("D101", **where, column="period", value=period)
            continue
        try:
            units.parse(table.text("unit", row))
        except units.UnitError as error:
            code = "U102" if table.text("unit", row).strip().lower() in ("ton", "tons") else "U101"
            issues.add(code, **where, column="unit", value=table.text("unit", row), near=error.near)
            continue
        revenue = table.numbers["revenue_cny"][row]
        rows.append(
            Output(
                facility, table.text("process", row), table.text("product", row), span,
                Fraction(repr(float(table.numbers["quantity"][row]))), table.text("unit", row),
                None if np.isnan(revenue) else Fraction(repr(float(revenue))),
            )
        )  # fmt: skip
    return rows


def intensities(
    output: list[Output], plan: Plan, facility: np.ndarray, process: np.ndarray, names: list[str],
    processes: tuple[str, ...], gwp: Mapping[str, Fraction], completeness: Completeness,
) -> list[dict[str, Any]]:  # fmt: skip
    """Return emissions (location-based) and energy per unit of each product and per 10 000 CNY.

    Parameters
    ----------
    output : list of Output
        What was made.
    plan : Plan
        Amounts.
    facility, process : int32[rows]
        Where each row belongs.
    names, processes : sequence of str
        What these numbers mean.
    gwp : mapping of gas to Fraction
        Warming potentials.
    completeness : Completeness
        What is missing.

    Notes
    -----
    An output row with a process is related to the rows of that process, one without to the whole facility. Nothing is
    allocated: `shared_by` tells how many products share the same emissions.
    """
    row, term = plan.entries
    wanted = np.array([t.basis in ("", "location") for t in plan.terms], dtype=bool)
    here = np.flatnonzero(wanted[term]) if len(row) else np.empty(0, np.int64)
    number, sample = distinct(facility[row[here]], process[row[here]], term[here]) if len(here) else (here, here)
    sums = Sums.of(plan.amount[here], number, len(sample)).fractions()
    cells = [
        (
            names[facility[r]],
            processes[process[r]] if process[r] >= 0 else "",
            plan.keys[plan.key[r]].period,
            plan.terms[t],
        )
        for r, t in zip(row[here][sample].tolist(), term[here][sample].tolist(), strict=True)
    ]
    made: dict[tuple[str, str, str, Period, str], list[Output]] = {}
    for one in output:
        made.setdefault((one.facility, one.process, one.product, one.period, one.unit), []).append(one)
    records = []
    for (name, part, product, period, unit), rows in sorted(made.items(), key=lambda pair: pair[0]):
        masses: dict[str, Fraction] = {}
        for (cell_name, cell_process, cell_period, t), mass in zip(cells, sums, strict=True):
            if cell_name == name and part in ("", cell_process) and cell_period.within(period):
                masses[t.target] = masses.get(t.target, Fraction(0)) + mass
        found = bool(masses)
        coal = masses.pop(ENERGY, None)
        masses.pop(PRIMARY, None)
        masses.pop("CO2-biogenic", None)
        co2e = weighted(masses, gwp) if found else None
        tce = None if coal is None else coal / 1000
        quantity = sum((one.quantity for one in rows), Fraction(0))
        shared = {key[2] for key in made if key[0] == name and key[1] == part and key[3] == period}
        siblings = [
            one
            for key, group in made.items()
            if key[0] == name and key[1] == part and key[3] == period
            for one in group
        ]
        revenue = None
        if siblings and all(one.revenue is not None for one in siblings):
            revenue = sum((one.revenue for one in siblings if one.revenue is not None), Fraction(0))
        money = revenue / 10000 if revenue else None
        records.append(
            {
                "facility": name, "process": part, "product": product, "period": period.label,
                "quantity": float(quantity), "unit": unit, "co2e_t": rounded(co2e),
                "co2e_t_per_unit": _ratio(co2e, quantity), "tce": rounded(tce),
                "kgce_per_unit": _ratio(coal, quantity),
                "revenue_cny": rounded(revenue),
                "co2e_t_per_10k_cny": _ratio(co2e, money),
                "tce_per_10k_cny": _ratio(tce, money),
                "shared_by": len(shared), "complete": found and completeness.complete([name], period),
            }
        )  # fmt: skip
    return records


def _ratio(amount: Fraction | None, by: Fraction | None) -> float | None:
    """Return a quotient, rounded once; None where something is unknown or nothing was made."""
    return None if amount is None or not by else float(amount / by)
