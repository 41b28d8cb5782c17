"""Emission totals and energy totals as records, one per place, period and category (or item)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache, cached_property
from typing import Any

import numpy as np

from carbon import units
from carbon.arrays import distinct
from carbon.inventory.checks import covers
from carbon.inventory.plan import Sums, from_limbs
from carbon.inventory.rollup import Cells, Place, gather
from carbon.inventory.rounding import rounded_sums, weighed_sums
from carbon.inventory.terms import ENERGY, PRIMARY
from carbon.inventory.uncertainty import Uncertainty
from carbon.periods import Period

TOTAL = "total"
CONTROL = "control-scope"
MASSES = ("co2_t", "ch4_t", "n2o_t", "other_co2e_t", "co2e_t", "biogenic_co2_t")
BIOGENIC = "CO2-biogenic"
MAIN = {"CO2": "co2_t", "CH4": "ch4_t", "N2O": "n2o_t"}
DISPLAY_UNITS = ("t", "MWh", "万m3", "万Nm3", "tce")


@dataclass
class Completeness:
    """Which totals lack something.

    Attributes
    ----------
    bad : set of (facility, Period or None)
        Facility-periods with rows that could not be computed; None = the period is not known.
    lacking : set of (facility, Period, basis)
        Facility-periods of which one basis alone could not be computed.
    everything : bool
        Whether rows could not even be given to a facility.
    spans : dict of facility to set of Period
        For which periods a facility has rows at all.
    """

    bad: set[tuple[str, Period | None]] = field(default_factory=set)
    lacking: set[tuple[str, Period, str]] = field(default_factory=set)
    everything: bool = False
    spans: dict[str, set[Period]] = field(default_factory=dict)

    def lacks(self, members: list[str], period: Period, basis: str) -> bool:
        """Return whether some row of these facilities could not be computed on a basis."""
        return any(span.overlaps(period) for name in members for span in self._lacking.get((name, basis), ()))

    def misses(self, name: str, period: Period, basis: str) -> bool:
        """Return whether rows of one facility that overlap a period were not computed."""
        bad = any(span is None or span.overlaps(period) for span in self._bad.get(name, ()))
        return bad or self.lacks([name], period, basis)

    def complete(self, members: list[str], period: Period, basis: str = "") -> bool:
        """Return whether nothing is missing for some facilities in a period (on a basis)."""
        return not self.everything and all(self._whole(name, period, basis) for name in members)

    def _whole(self, name: str, period: Period, basis: str) -> bool:
        """Return whether one facility lacks nothing in a period; found once and kept."""
        key = (name, period, basis)
        if key not in self._known:
            spans = self._spans.get(name, frozenset())
            self._known[key] = _spanned(spans, period) and not self.misses(name, period, basis)
        return self._known[key]

    @cached_property
    def _spans(self) -> dict[str, frozenset[Period]]:
        shared: dict[frozenset[Period], frozenset[Period]] = {}
        return {name: shared.setdefault(key := frozenset(spans), key) for name, spans in self.spans.items()}

    @cached_property
    def _bad(self) -> dict[str, set[Period | None]]:
        found: dict[str, set[Period | None]] = {}
        for name, span in self.bad:
            found.setdefault(name, set()).add(span)
        return found

    @cached_property
    def _lacking(self) -> dict[tuple[str, str], set[Period]]:
        found: dict[tuple[str, str], set[Period]] = {}
        for name, span, basis in self.lacking:
            found.setdefault((name, basis), set()).add(span)
        return found

    @cached_property
    def _known(self) -> dict[tuple[str, Period, str], bool]:
        return {}


@cache
def _spanned(spans: frozenset[Period], period: Period) -> bool:
    """Return whether periods make up a whole one, and none of them is longer and belongs to it only in part."""
    finer = {span for span in spans if span.within(period) and span != period}
    whole = covers(finer, period) if finer else period in spans
    return whole and not any(period.within(span) and span != period for span in spans)


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
    columns = [np.concatenate(pair) for pair in zip((place, period, label, basis), every, strict=True)]
    number, sample = distinct(*columns)
    p, q, c, b = (column[sample] for column in columns)
    gases = _by_gas(sums, number[: len(target)], targets, target, gwp, len(sample))
    empty = np.bincount(number[: len(target)], minlength=len(sample)) == 0
    rank = {
        when: n for n, when in enumerate(sorted(range(len(cells.periods)), key=lambda n: _by_end(cells.periods[n])))
    }
    late = np.array([rank[n] for n in range(len(cells.periods))], dtype=np.int64)
    level = np.array([where.level for where in cells.places], dtype=np.int64)
    whole = _Known(cells, completeness, bases)
    records = []
    for n in np.lexsort((c, b, late[q], p, level[p])).tolist() if len(sample) else []:
        where, when, name, on = cells.places[p[n]], cells.periods[q[n]], labels[c[n]], bases[b[n]]
        record = _record(where, when, name, scopes.get(name), on)
        record |= {column: values[n] for column, values in gases.items()}
        if empty[n] and whole.lacks(p[n], q[n], b[n]):
            record |= dict.fromkeys(MASSES)
        record["uncertainty_pct"] = record["uncertainty_known_pct"] = None
        if uncertainty is not None:
            record |= uncertainty.of(where, when, name, on, record["co2e_t"])
        record["complete"] = record["co2e_t"] is not None and whole.complete(p[n], q[n], b[n])
        records.append(record)
    return records + _absent(cells, completeness, bases, {(r["facility"], r["period"]) for r in records})


class _Known:
    """What is missing by numbers of place, period and basis; found once for each and kept."""

    def __init__(self, cells: Cells, completeness: Completeness, bases: list[str]) -> None:
        self.cells, self.completeness, self.bases = cells, completeness, bases
        self.members = [members(cells, place) for place in cells.places]
        self._complete: dict[tuple[int, int, int], bool] = {}

    def complete(self, place: int, period: int, basis: int) -> bool:
        """Return whether nothing is missing."""
        key = (int(place), int(period), int(basis))
        if key not in self._complete:
            when = self.cells.periods[period]
            self._complete[key] = self.completeness.complete(self.members[place], when, self.bases[basis])
        return self._complete[key]

    def lacks(self, place: int, period: int, basis: int) -> bool:
        """Return whether some row could not be computed on a basis."""
        return self.completeness.lacks(self.members[place], self.cells.periods[period], self.bases[basis])


def _by_gas(
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


def _by_end(period: Period) -> tuple[int, int]:
    """Sort a quarter after its months and a year after its quarters."""
    return period.end, -period.start


def _record(where: Place, when: Period, name: str, scope: int | None, basis: str) -> dict[str, Any]:
    return {
        "facility": where.facility, "group": where.group, "period": when.label,
        "scope": TOTAL if name == TOTAL else str(scope), "category": name, "basis": basis,
    }  # fmt: skip


def _absent(cells: Cells, missing: Completeness, bases: list[str], have: set[tuple[str, str]]) -> list[dict[str, Any]]:
    """Return total rows without numbers for facility-periods none of whose rows could be computed."""
    groups = {f.id: f.group for f in cells.facilities}
    empty = {(name, period) for name, period in missing.bad if period is not None and (name, period.label) not in have}
    blank = dict.fromkeys([*MASSES, "uncertainty_pct", "uncertainty_known_pct"])
    return [
        _record(Place(name, groups.get(name, "")), period, TOTAL, None, basis) | blank | {"complete": False}
        for name, period in sorted(empty)
        for basis in bases
    ]


def members(cells: Cells, place: Place) -> list[str]:
    """Return the facilities that belong to a place."""
    if place.facility:
        return [place.facility]
    return [f.id for f in cells.everyone if place.level == 2 or f.group == place.group]


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


def energy_totals(cells: Cells, language: str, completeness: Completeness) -> list[dict[str, Any]]:
    """Return one record per place, period, item and use, with `total` and `control-scope` rows.

    Notes
    -----
    Total: 综合能源消费量 = consumption - conversion output - recovery (energy statistics reporting system, tables 205-1
    and 205-2). Control scope: without feedstock and non-fossil energy (dual control of energy consumption, 2022 on).
    """
    plan = cells.plan
    rows = [k for k in range(len(plan.keys)) if any(t.target in (ENERGY, PRIMARY) for t in plan.routed[k].terms)]
    labels = [*sorted({(plan.keys[k].item.id, plan.keys[k].use) for k in rows}), (TOTAL, ""), (CONTROL, "")]
    at, top = {label: n for n, label in enumerate(labels)}, len(labels) - 2
    key_label = np.full(len(plan.keys), -1, dtype=np.int32)
    key_control = np.full(len(plan.keys), -1, dtype=np.int32)
    for k in rows:
        key_label[k] = at[plan.keys[k].item.id, plan.keys[k].use]
        key_control[k] = -1 if plan.keys[k].use == "feedstock" or plan.routed[k].non_fossil else top + 1
    measure = np.array([(ENERGY, PRIMARY).index(t.target) if t.target in (ENERGY, PRIMARY) else -1 for t in plan.terms])
    counted = np.where(measure[cells.term] >= 0, cells.key, 0) if len(cells.term) else cells.key
    is_energy = measure[cells.term] >= 0 if len(cells.term) else np.empty(0, bool)
    sums, (place, period, label, what) = gather(
        cells.sums,
        [
            [np.where(is_energy, level, -1) for level in cells.place_levels(cells.facility)],
            cells.period_levels(cells.key),
            [key_label[counted], np.full(len(counted), top, np.int32), key_control[counted]],
            [measure[cells.term].astype(np.int32)] if len(cells.term) else [np.empty(0, np.int32)],
        ],
    )
    coal: dict[tuple[int, int, int], dict[int, float]] = {}
    tonnes = rounded_sums(sums, 1000).tolist()
    for p, q, n, w, mass in zip(*(x.tolist() for x in (place, period, label, what)), tonnes, strict=True):
        coal.setdefault((p, q, n), {})[w] = mass
    quantities = _quantities(cells, key_label)
    lacking = _lacking_primary(cells, key_label)
    for p, q, n in [*coal]:  # where all energy is feedstock or non-fossil, the control scope is zero
        if n == top:
            coal.setdefault((p, q, top + 1), dict.fromkeys(coal[p, q, top], 0.0))
    ends = [_by_end(when) for when in cells.periods]
    levels = [where.level for where in cells.places]
    names = [_item_name(cells, item, language) for item, _ in labels]
    known = _Known(cells, completeness, [ENERGY])
    records = []
    for p, q, n in sorted(coal, key=lambda key: (levels[key[0]], key[0], ends[key[1]], key[2])):
        found = coal[p, q, n]
        item, use = labels[n]
        quantity, unit = quantities.get((p, q, n), (None, ""))
        where, when = cells.places[p], cells.periods[q]
        records.append(
            {
                "facility": where.facility, "group": where.group, "period": when.label, "item": item,
                "item_name": names[n], "use": use, "quantity": quantity, "unit": unit, "tce": found.get(0),
                "tce_primary": found[1] if 1 in found and not lacking(p, q, n, top) else None,
                "complete": known.complete(p, q, 0),
            }
        )  # fmt: skip
    return records


def _item_name(cells: Cells, item: str, language: str) -> str:
    if item == TOTAL:
        return "综合能源消费量" if language == "zh" else "total energy consumption"
    if item == CONTROL:
        return (
            "控制口径（不含原料用能和非化石能源）"
            if language == "zh"
            else "control scope (no feedstock, no non-fossil energy)"
        )
    return cells.items[item].name(language)


def _quantities(cells: Cells, key_label: np.ndarray) -> dict[tuple[int, int, int], tuple[float, str]]:
    """Return quantities by place, period and label: in the unit of the rows if they share one, else in a common one."""
    plan = cells.plan
    spelled = {unit.text: unit for unit in (key.unit for key in plan.keys)}
    texts = list(spelled)
    key_unit = np.array([texts.index(key.unit.text) for key in plan.keys], dtype=np.int32)
    sums, (place, period, label, unit_of) = gather(
        cells.quantities,
        [
            cells.place_levels(cells.quantity_facility),
            cells.period_levels(cells.quantity_key),
            [key_label[cells.quantity_key]],
            [key_unit[cells.quantity_key]],
        ],
    )
    parts: dict[tuple[int, int, int], list[int]] = {}
    for number, group in enumerate(zip(place.tolist(), period.tolist(), label.tolist(), strict=True)):
        parts.setdefault(group, []).append(number)
    amounts, found = rounded_sums(sums).tolist(), {}
    for group, numbers in parts.items():
        given = [spelled[texts[unit_of[number]]] for number in numbers]
        if len(given) == 1:
            found[group] = (amounts[numbers[0]], given[0].text)
        elif len({unit.dimension for unit in given}) == 1:
            target = display_unit(given[0])
            exact = (from_limbs(sums.limbs[n].tolist(), sums.bias) * units.ratio(unit, target)
                     for n, unit in zip(numbers, given, strict=True))  # fmt: skip
            found[group] = (float(sum(exact)), target.text)
    return found


def display_unit(unit: units.Unit) -> units.Unit:
    """Return the unit in which quantities of different units are shown together."""
    for text in DISPLAY_UNITS:
        if units.parse(text).dimension == unit.dimension:
            return units.parse(text)
    return min((units.parse(name) for name in units.vocabulary() if units.parse(name).dimension == unit.dimension),
               key=lambda u: (abs(math.log10(u.scale)), u.text))  # fmt: skip


def _lacking_primary(cells: Cells, key_label: np.ndarray) -> Any:
    """Return a test whether some energy of a group has no primary-equivalent value, so that its sum is unknown."""
    plan = cells.plan
    without = {
        k
        for k, routed in enumerate(plan.routed)
        if (ENERGY in routed.lacking or any(t.target == ENERGY for t in routed.terms))
        and not any(t.target == PRIMARY for t in routed.terms)
    }
    pairs: set[tuple[int, int, int]] = set()
    places = cells.place_levels(cells.quantity_facility)
    periods = cells.period_levels(cells.quantity_key)
    for number in np.flatnonzero(np.isin(cells.quantity_key, list(without))).tolist():
        for place in places:
            for period in periods:
                pairs.add((int(place[number]), int(period[number]), int(key_label[cells.quantity_key[number]])))
    wide = {(p, q) for p, q, _ in pairs}

    def lacking(p: int, q: int, n: int, top: int) -> bool:
        return (p, q) in wide if n >= top else (p, q, n) in pairs

    return lacking
