"""Emission totals as records, one per place, period, basis and category."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from carbon.arrays import distinct
from carbon.inventory.completeness import Completeness, Known
from carbon.inventory.plan import Sums
from carbon.inventory.rollup import Cells, gather
from carbon.inventory.rounding import rounded_sums, weighed_sums
from carbon.inventory.terms import ENERGY, PRIMARY
from carbon.inventory.uncertainty import Uncertainty
from carbon.periods import Period

TOTAL = "total"
CONTROL = "control-scope"
MASSES = ("co2_t", "ch4_t", "n2o_t", "other_co2e_t", "co2e_t", "biogenic_co2_t")
BIOGENIC = "CO2-biogenic"
MAIN = {"CO2": "co2_t", "CH4": "ch4_t", "N2O": "n2o_t"}


def emission_totals(
    cells: Cells, gwp: Mapping[str, Fraction], bases: list[str], completeness: Completeness,
    order: list[str], uncertainty: Uncertainty | None,
) -> list[dict[str, Any]]:  # fmt: skip
    """Return one record per place, period, basis and category, and a total of each.

    Parameters
    ----------
    cells : Cells
        Finest sums.
    gwp : mapping of gas to Fraction
        Warming potentials; a gas without one leaves co2e unknown.
    bases : list of str
        ``location`` and, if every pack has it, ``market``.
    completeness : Completeness
        What is missing.
    order : list of str
        Categories in the order of the pack.
    uncertainty : Uncertainty or None
        Analytic uncertainty, if any row gives its own.
    """
    plan = cells.plan
    targets = sorted({t.target for t in plan.terms} - {ENERGY, PRIMARY})
    labels = [*dict.fromkeys([*order, *(r.category for r in plan.routed if r.category)]), TOTAL]
    scopes = {r.category: r.scope for r in plan.routed}
    key_label = np.array([labels.index(r.category) if r.category else -1 for r in plan.routed], np.int32)
    term_target = np.array([targets.index(t.target) if t.target in targets else -1 for t in plan.terms], np.int32)
    term_label = key_label[plan.term_key]
    term_basis = [
        np.array([i if t.basis in ("", basis) else -1 for t in plan.terms], np.int32) for i, basis in enumerate(bases)
    ]
    # a category that was met but emits nothing (own solar power) still shows, as zero
    total = np.full(len(cells.term), len(labels) - 1, dtype=np.int32)
    emitting = term_target[cells.term] >= 0
    sums, (place, period, label, basis, target) = gather(
        cells.sums,
        [
            [np.where(emitting, level, -1) for level in cells.place_levels(cells.facility)],
            cells.period_levels(cells.key),
            [term_label[cells.term], total],
            [level[cells.term] for level in term_basis],
            [term_target[cells.term]],
        ],
    )
    _, (other_place, other_period, other_label) = gather(
        None,
        [
            cells.place_levels(cells.quantity_facility),
            cells.period_levels(cells.quantity_key),
            [key_label[cells.quantity_key], np.full(len(cells.quantity_key), len(labels) - 1, dtype=np.int32)],
        ],
    )
    every = [np.tile(column, len(bases)) for column in (other_place, other_period, other_label)]
    every.append(np.repeat(np.arange(len(bases), dtype=np.int32), len(other_place)))
    met = [np.concatenate(pair) for pair in zip((place, period, label, basis), every, strict=True)]
    number, sample = distinct(*met)
    p, q, c, b = (column[sample] for column in met)
    gases = by_gas(sums, number[: len(target)], targets, target, gwp, len(sample))
    empty = np.bincount(number[: len(target)], minlength=len(sample)) == 0
    late = cells.period_ranks[q]
    level = np.array([where.level for where in cells.places], dtype=np.int64)
    ranks = np.lexsort((c, b, late, p, level[p])) if len(sample) else np.empty(0, np.int64)
    p, q, c, b, empty = (column[ranks] for column in (p, q, c, b, empty))
    masses = {column: [values[n] for n in ranks.tolist()] for column, values in gases.items()}
    known = Known(cells, completeness, bases)
    for n in np.flatnonzero(empty).tolist():
        if known.lacks(p[n], q[n], b[n]):
            for values in masses.values():
                values[n] = None
    weighed = np.array([value is not None for value in masses["co2e_t"]], dtype=bool)
    columns = {
        "facility": _named([where.facility for where in cells.places], p),
        "group": _named([where.group for where in cells.places], p),
        "period": _named([when.label for when in cells.periods], q),
        "scope": _named([TOTAL if name == TOTAL else str(scopes.get(name)) for name in labels], c),
        "category": _named(labels, c),
        "basis": _named(bases, b),
        **masses,
        "uncertainty_pct": [None] * len(ranks),
        "uncertainty_known_pct": [None] * len(ranks),
        "complete": (weighed & known.complete(p, q, b)).tolist(),
    }
    records = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    if uncertainty is not None:
        for record, place, when in zip(records, p.tolist(), q.tolist(), strict=True):
            where, span = cells.places[place], cells.periods[when]
            record.update(uncertainty.of(where, span, record["category"], record["basis"], record["co2e_t"]))
    return records + _absent(cells, completeness, bases, {(r["facility"], r["period"]) for r in records})


def _named(names: Sequence[str], numbers: np.ndarray) -> list[str]:
    return [names[n] for n in numbers.tolist()]


def by_gas(
    sums: Sums, group: np.ndarray, targets: list[str], target: np.ndarray, gwp: Mapping[str, Fraction], size: int
) -> dict[str, list[float | None]]:
    """Return tonnes by gas and as CO2e of each group, each rounded once from the exact sum; None = not known."""
    parts = {
        gas: (group[here], Sums(sums.limbs[here], sums.bias))
        for number, gas in enumerate(targets)
        if len(here := np.flatnonzero(target == number))
    }
    columns: dict[str, list[float | None]] = {}
    for gas, column in (MAIN | {BIOGENIC: "biogenic_co2_t"}).items():
        values = np.zeros(size)
        if gas in parts:
            values[parts[gas][0]] = rounded_sums(parts[gas][1], 1000)
        columns[column] = [*values.tolist()]
    counted = {gas: part for gas, part in parts.items() if gas != BIOGENIC}
    rest = {gas: part for gas, part in counted.items() if gas not in MAIN}
    for column, chosen in (("other_co2e_t", rest), ("co2e_t", counted)):
        known = {gas: part for gas, part in chosen.items() if gas in gwp}
        found: list[float | None] = weighed_sums(known, {gas: gwp[gas] / 1000 for gas in known}, size).tolist()
        for gas in chosen.keys() - known.keys():
            where, mass = chosen[gas]
            for number in where[mass.limbs.any(axis=1)].tolist():
                found[number] = None
        columns[column] = found
    return {name: columns[name] for name in MASSES}


def grouped_totals(
    cells: Cells, gwp: Mapping[str, Fraction], bases: list[str], completeness: Completeness, by: list[str]
) -> list[dict[str, Any]]:
    """Return one record per combination of some columns, every amount counted once and in its own period.

    Parameters
    ----------
    cells : Cells
        Finest sums.
    gwp : mapping of gas to Fraction
        Warming potentials. [kgCO2e/kg]
    bases : list of str
        Bases that are wanted.
    completeness : Completeness
        What is missing.
    by : list of str
        Any of facility, group, period, scope, category, basis.
    """
    plan = cells.plan
    masses: dict[tuple[str, ...], dict[str, Fraction]] = {}
    spans: dict[tuple[str, ...], Period] = {}
    groups = {f.id: f.group for f in cells.facilities}

    def named(values: Mapping[str, str], columns: Iterable[str]) -> tuple[str, ...]:
        return tuple(values[column] for column in by if column in columns)

    gaps: dict[tuple[str, ...], list[Period | None]] = {}
    gone: set[tuple[str, ...]] = set()
    lost = {(name, span, basis) for name, span in completeness.bad for basis in bases}
    for place, span, basis in sorted(lost | completeness.lacking, key=str):
        if basis in bases:
            label = span.label if span else ""
            values = {"facility": place, "group": groups.get(place, ""), "period": label, "basis": basis}
            gaps.setdefault(named(values, ("facility", "group", "basis")), []).append(span)
            if not {"scope", "category"} & set(by) and (span or "period" not in by):
                gone.add(named(values, by))
                spans.setdefault(named(values, by), span or Period(0, 0))
    for facility, term, mass in zip(cells.facility.tolist(), cells.term.tolist(), cells.sums.fractions(), strict=True):
        one, number = plan.terms[term], plan.term_key[term]
        if one.target in (ENERGY, PRIMARY):
            continue
        where, key, routed = cells.facilities[facility], plan.keys[number], plan.routed[number]
        values = {
            "facility": where.id, "group": where.group, "period": key.period.label, "scope": str(routed.scope),
            "category": routed.category,
        }  # fmt: skip
        for basis in bases:
            if one.basis in ("", basis):
                name = named(values | {"basis": basis}, by)
                found = masses.setdefault(name, {})
                found[one.target] = found.get(one.target, Fraction(0)) + mass
                spans[name] = key.period

    def whole(name: tuple[str, ...]) -> bool:
        holes = gaps.get(named(dict(zip(by, name, strict=True)), ("facility", "group", "basis")), [])
        return not any("period" not in by or span is None or span.overlaps(spans[name]) for span in holes)

    return [
        dict(zip(by, name, strict=True))
        | (_gases(masses[name], gwp) if name in masses else dict.fromkeys(MASSES))
        | {"complete": not completeness.everything and whole(name)}
        for name in sorted(masses.keys() | gone)
    ]


def scope_sums(records: Iterable[Mapping[str, Any]]) -> dict[str, float | None]:
    """Return tonnes of CO2e by scope from the categories of one place, period and basis; None if one is unknown."""
    parts: dict[str, list[float | None]] = {}
    for record in records:
        if record["category"] != TOTAL:
            parts.setdefault(record["scope"], []).append(record["co2e_t"])
    known = {scope: [value for value in values if value is not None] for scope, values in parts.items()}
    return {scope: math.fsum(known[scope]) if len(known[scope]) == len(parts[scope]) else None for scope in parts}


def _absent(cells: Cells, missing: Completeness, bases: list[str], have: set[tuple[str, str]]) -> list[dict[str, Any]]:
    """Return total rows without numbers for facility-periods none of whose rows could be computed."""
    groups = {f.id: f.group for f in cells.facilities}
    empty = {(name, period) for name, period in missing.bad if period is not None and (name, period.label) not in have}
    blank = dict.fromkeys([*MASSES, "uncertainty_pct", "uncertainty_known_pct"])
    return [
        {"facility": name, "group": groups.get(name, ""), "period": period.label, "scope": TOTAL, "category": TOTAL,
         "basis": basis} | blank | {"complete": False}
        for name, period in sorted(empty)
        for basis in bases
    ]  # fmt: skip


def _gases(masses: Mapping[str, Fraction], gwp: Mapping[str, Fraction]) -> dict[str, float | None]:
    """Return tonnes by gas and as CO2e, each rounded once from the exact sum."""
    record: dict[str, float | None] = {column: float(masses.get(gas, 0) / 1000) for gas, column in MAIN.items()}
    rest = {gas: mass for gas, mass in masses.items() if gas not in MAIN and gas != BIOGENIC}
    counted = {gas: mass for gas, mass in masses.items() if gas != BIOGENIC}
    record["other_co2e_t"] = rounded(weighted(rest, gwp))
    record["co2e_t"] = rounded(weighted(counted, gwp))
    record["biogenic_co2_t"] = float(masses.get(BIOGENIC, Fraction(0)) / 1000)
    return record


def weighted(masses: Mapping[str, Fraction], gwp: Mapping[str, Fraction]) -> Fraction | None:
    """Return tonnes of CO2e, exactly; None where a gas has no warming potential."""
    if any(gas not in gwp and mass for gas, mass in masses.items()):
        return None
    return sum((mass * gwp[gas] for gas, mass in masses.items() if mass), Fraction(0)) / 1000


def rounded(exact: Fraction | None) -> float | None:
    """Return an exact number as the nearest float; None stays None."""
    return None if exact is None else float(exact)
