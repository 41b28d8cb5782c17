"""Products and revenue: resolve the output table and relate emissions and energy to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from carbon import periods, units
from carbon.arrays import distinct
from carbon.errors import Issues, near_misses
from carbon.inventory.plan import Plan, Sums
from carbon.inventory.resolve import Facility, unit_code
from carbon.inventory.terms import ENERGY, PRIMARY, Term
from carbon.inventory.totals import Completeness, rounded, weighted
from carbon.periods import Period
from carbon.tables import Table

LINE_TEXTS = (
    "type", "indicator", "boundary", "unit_energy_unit", "capacity_unit", "status", "environment_grade",
    "equipment_level", "salt",
)  # fmt: skip
LINE_NUMBERS = ("unit_energy", "capacity", "capacity_t_d", "furnace_t", "water_absorption_pct", "clinker_ratio_pct")
ELECTRICITY = {"purchased": 1, "self-generated": 1, "exported": -1}  # uses, and how they count in what is consumed


@dataclass(frozen=True)
class Output:
    """One row of the output table.

    Attributes
    ----------
    quantity : Fraction
        How much was made. [unit]
    revenue : Fraction or None
        With this product. [CNY]
    line : tuple of (str, str or float)
        What its energy levels go by: process route, boundary, capacity, …
    source : int
        Line of the file.
    """

    facility: str
    process: str
    product: str
    period: Period
    quantity: Fraction
    unit: str
    revenue: Fraction | None
    line: tuple[tuple[str, str | float], ...] = ()
    source: int = 0


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
            text = table.text("unit", row)
            issues.add(unit_code(text), **where, column="unit", value=text[:80], near=error.near)
            continue
        revenue = table.numbers["revenue_cny"][row]
        rows.append(
            Output(
                facility, table.text("process", row), table.text("product", row), span,
                Fraction(repr(float(table.numbers["quantity"][row]))), table.text("unit", row),
                None if np.isnan(revenue) else Fraction(repr(float(revenue))), _line(table, row), int(table.line[row]),
            )
        )  # fmt: skip
    return rows


def _line(table: Table, row: int) -> tuple[tuple[str, str | float], ...]:
    """Return what a row says of its production line, by column."""
    texts: list[tuple[str, str | float]] = [(name, table.text(name, row)) for name in LINE_TEXTS]
    return (*texts, *((name, float(table.numbers[name][row])) for name in LINE_NUMBERS))


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
    burns = [any(t.target == ENERGY for t in routed.terms) for routed in plan.routed]
    by_name: dict[str, list[tuple[str, Period, Term, Fraction, int]]] = {}
    for (name, part, span, term_), mass, t in zip(cells, sums, term[here][sample].tolist(), strict=True):
        by_name.setdefault(name, []).append((part, span, term_, mass, int(plan.term_key[t])))
    power = _electricity(plan, facility, process, names, processes)
    made: dict[tuple[str, str, str, Period, str, str], list[Output]] = {}
    together: dict[tuple[str, str, Period], list[Output]] = {}
    for one in output:
        kind = str(dict(one.line).get("type", ""))
        made.setdefault((one.facility, one.process, one.product, one.period, one.unit, kind), []).append(one)
        together.setdefault((one.facility, one.process, one.period), []).append(one)
    records = []
    for (name, part, product, period, unit, _), rows in sorted(made.items(), key=lambda pair: pair[0]):
        masses: dict[str, Fraction] = {}
        fuel: dict[str, Fraction] = {}
        electric: dict[str, Fraction] = {}
        for cell_part, span, term_, mass, key in by_name.get(name, ()):
            if part in ("", cell_part) and span.within(period):
                is_power = plan.keys[key].item.kind == "electricity"
                for kept, counts in ((masses, True), (fuel, burns[key]), (electric, is_power)):
                    if counts:
                        kept[term_.target] = kept.get(term_.target, Fraction(0)) + mass
        whole = all(completeness.complete([name], period, basis) for basis in ("location", ENERGY))
        figures = _intensity(masses, rows, together[name, part, period], gwp)
        known = figures["co2e_t"] is not None or not masses.keys() - {ENERGY, PRIMARY}
        records.append(
            {"facility": name, "process": part, "product": product, "period": period.label, "unit": unit}
            | figures
            | {"complete": bool(masses) and whole and known}
            | {"energy_co2e_t": rounded(_co2e(fuel, gwp)), "electricity_co2e_t": rounded(_co2e(electric, gwp))}
            | {"electricity_kwh": _consumed(power.get(name, ()), part, period)}
            | {"line": dict(rows[0].line), "source_line": rows[0].source}
        )
    return records


def _electricity(
    plan: Plan, facility: np.ndarray, process: np.ndarray, names: list[str], processes: tuple[str, ...]
) -> dict[str, list[tuple[str, Period, Fraction]]]:
    """Return the electricity consumed [kWh] by facility, with its process and period."""
    sign = np.array([ELECTRICITY.get(k.use, 0) if k.item.kind == "electricity" else 0 for k in plan.keys])
    rows = np.flatnonzero(~plan.bad & (sign[plan.key] != 0)) if len(plan.keys) else np.empty(0, np.int64)
    if not len(rows):
        return {}
    cell, sample = distinct(facility[rows], process[rows], plan.key[rows])
    sums = Sums.of(plan.quantity[rows], cell, len(sample)).fractions()
    found: dict[str, list[tuple[str, Period, Fraction]]] = {}
    for row, total in zip(rows[sample].tolist(), sums, strict=True):
        key = plan.keys[plan.key[row]]
        part = processes[process[row]] if process[row] >= 0 else ""
        amount = total * units.ratio(key.unit, units.parse("kWh")) * ELECTRICITY[key.use]
        found.setdefault(names[facility[row]], []).append((part, key.period, amount))
    return found


def _consumed(power: Iterable[tuple[str, Period, Fraction]], part: str, period: Period) -> float | None:
    """Return the electricity of one process (or the whole facility) in a period; None where none was metered."""
    own = [amount for where, span, amount in power if part in ("", where) and span.within(period)]
    return float(sum(own, Fraction(0))) if own else None


def _co2e(masses: Mapping[str, Fraction], gwp: Mapping[str, Fraction]) -> Fraction | None:
    """Return tonnes of CO2e of fossil origin; None where a gas has no potential, or nothing was weighed."""
    gases = {t: mass for t, mass in masses.items() if t not in (ENERGY, PRIMARY, "CO2-biogenic")}
    return weighted(gases, gwp) if gases else None


def _intensity(
    masses: dict[str, Fraction], rows: list[Output], siblings: list[Output], gwp: Mapping[str, Fraction]
) -> dict[str, Any]:
    """Return emissions and energy per unit of one product, and per 10 000 CNY of all that share them."""
    coal = masses.get(ENERGY)
    gases = {t: mass for t, mass in masses.items() if t not in (ENERGY, PRIMARY, "CO2-biogenic")}
    co2e = weighted(gases, gwp) if masses.keys() - {ENERGY, PRIMARY} else None
    tce = None if coal is None else coal / 1000
    quantity = sum((one.quantity for one in rows), Fraction(0))
    money = [one.revenue for one in siblings]
    revenue = None if None in money else sum((m for m in money if m is not None), Fraction(0))
    ten_thousand = revenue / 10000 if revenue else None
    return {
        "quantity": float(quantity), "co2e_t": rounded(co2e), "co2e_t_per_unit": _ratio(co2e, quantity),
        "tce": rounded(tce), "kgce_per_unit": _ratio(coal, quantity), "revenue_cny": rounded(revenue),
        "co2e_t_per_10k_cny": _ratio(co2e, ten_thousand), "tce_per_10k_cny": _ratio(tce, ten_thousand),
        "shared_by": len({(one.product, dict(one.line).get("type")) for one in siblings}),
    }  # fmt: skip


def _ratio(amount: Fraction | None, by: Fraction | None) -> float | None:
    """Return a quotient, rounded once; None where something is unknown or nothing was made."""
    return None if amount is None or not by else float(amount / by)
