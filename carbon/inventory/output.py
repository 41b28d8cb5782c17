"""Products and revenue: resolve the output table and relate emissions and energy to it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from carbon import periods, units
from carbon.arrays import distinct
from carbon.errors import Issues, near_misses
from carbon.inventory.completeness import Completeness
from carbon.inventory.plan import from_limbs
from carbon.inventory.resolve import Activities, Facility, unit_code
from carbon.inventory.rollup import Cells
from carbon.inventory.terms import ENERGY, PRIMARY, Term
from carbon.inventory.totals import rounded, weighted
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


def resolve_output(
    table: Table, facilities: Mapping[str, Facility] | None, issues: Issues, broken: Collection[str] = ()
) -> list[Output]:
    """Return the good rows of an output table; the others become issues."""
    rows = []
    for row in np.flatnonzero(~table.bad).tolist():
        where = {"file": table.file, "lines": [int(table.line[row])]}
        facility, period = table.text("facility", row), table.text("period", row)
        if facilities is not None and facility not in facilities:
            code = "A417" if facility in broken else "A405"
            issues.add(code, **where, column="facility", value=facility, near=near_misses(facility, facilities))
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


def check_output(output: list[Output], table: Table, rows: Activities, issues: Issues) -> None:
    """Warn of products whose intensity stays blank: no activity row lies in their period (A415), or they are 0 (A416).

    A row that could not be computed counts as one that is there: its own issue says why.
    """
    known = (rows.index["facility"] >= 0) & (rows.index["period"] >= 0)
    process = rows.table.codes["process"]
    _, sample = distinct(rows.index["facility"][known], process[known], rows.index["period"][known])
    spans: dict[tuple[str, str], set[Period]] = {}
    for row in np.flatnonzero(known)[sample].tolist():
        name = rows.values["facility"][rows.index["facility"][row]].id
        for part in {"", rows.table.text("process", row)}:
            spans.setdefault((name, part), set()).add(rows.values["period"][rows.index["period"][row]])
    whole: dict[tuple[str, str, str, Period, str], list[Output]] = {}
    for one in output:
        whole.setdefault((one.facility, one.process, one.product, one.period, one.unit), []).append(one)
    for (name, part, product, period, _), made in whole.items():
        where: dict[str, Any] = {"file": table.file, "lines": [one.source for one in made]}
        there = spans.get((name, part), set())
        if all(not np.isnan(float(dict(one.line).get("unit_energy", np.nan))) for one in made):
            continue  # its energy is stated
        if not any(span.within(period) for span in there):
            issues.add("A415", **where, column="period", value=period.label, product=product,
                       facility=" ".join(filter(None, (name, part))),
                       known=[span.label for span in sorted(there)[:12]])  # fmt: skip
        elif not any(one.quantity for one in made):
            issues.add("A416", **where, column="quantity", value=product)


def _line(table: Table, row: int) -> tuple[tuple[str, str | float], ...]:
    """Return what a row says of its production line, by column."""
    texts: list[tuple[str, str | float]] = [(name, table.text(name, row)) for name in LINE_TEXTS]
    return (*texts, *((name, float(table.numbers[name][row])) for name in LINE_NUMBERS))


def intensities(
    output: list[Output], cells: Cells, gwp: Mapping[str, Fraction], completeness: Completeness
) -> list[dict[str, Any]]:
    """Return emissions (location-based) and energy per unit of each product and per 10 000 CNY.

    Parameters
    ----------
    output : list of Output
        What was made.
    cells : Cells
        Finest sums.
    gwp : mapping of gas to Fraction
        Warming potentials.
    completeness : Completeness
        What is missing.

    Notes
    -----
    An output row with a process is related to the rows of that process, one without to the whole facility. Nothing is
    allocated: `shared_by` tells how many products share the same emissions.
    """
    plan = cells.plan
    wanted = {one.facility for one in output}
    names = [f.id for f in cells.facilities]
    chosen = np.array([name in wanted for name in names], dtype=bool)
    burns = [any(t.target == ENERGY for t in routed.terms) for routed in plan.routed]
    by_name: dict[str, list[tuple[str, Period, Term, Fraction, int]]] = {}
    for n in np.flatnonzero(chosen[cells.facility]).tolist() if len(cells.facility) else []:
        term = plan.terms[cells.term[n]]
        if term.basis in ("", "location"):
            key = int(plan.term_key[cells.term[n]])
            mass = from_limbs(cells.sums.limbs[n].tolist(), cells.sums.bias)
            own = (plan.keys[key].process, plan.keys[key].period, term, mass, key)
            by_name.setdefault(names[cells.facility[n]], []).append(own)
    power = _electricity(cells, chosen)
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


def _electricity(cells: Cells, chosen: np.ndarray) -> dict[str, list[tuple[str, Period, Fraction]]]:
    """Return the electricity consumed [kWh] by the chosen facilities, with its process and period."""
    found: dict[str, list[tuple[str, Period, Fraction]]] = {}
    for n, (place, number) in enumerate(
        zip(cells.quantity_facility.tolist(), cells.quantity_key.tolist(), strict=True)
    ):
        key = cells.plan.keys[number]
        sign = ELECTRICITY.get(key.use, 0) if key.item.kind == "electricity" else 0
        if sign and chosen[place]:
            total = from_limbs(cells.quantities.limbs[n].tolist(), cells.quantities.bias)
            amount = total * units.ratio(key.unit, units.parse("kWh")) * sign
            found.setdefault(cells.facilities[place].id, []).append((key.process, key.period, amount))
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
