"""Energy totals as records: one per place, period, item and use, with the total and the control scope."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from carbon import units
from carbon.inventory.completeness import Completeness, Known
from carbon.inventory.plan import from_limbs
from carbon.inventory.rollup import Cells, gather
from carbon.inventory.rounding import rounded_sums
from carbon.inventory.terms import ENERGY, PRIMARY
from carbon.inventory.totals import CONTROL, TOTAL

DISPLAY_UNITS = ("t", "MWh", "万m3", "万Nm3", "tce")


class _Groups:
    """Places, periods and labels (items and uses) of some cells as one number each.

    Parameters
    ----------
    cells : Cells
        What places and periods mean.
    key_label : int32[keys]
        Label of each key; -1 where it has no energy.
    labels : int
        How many labels there are; the last but one is the total, the last the control scope.
    """

    def __init__(self, cells: Cells, key_label: np.ndarray, labels: int) -> None:
        self.cells, self.key_label, self.labels, self.top = cells, key_label, labels, labels - 2

    def code(self, place: np.ndarray, period: np.ndarray, label: np.ndarray | int) -> np.ndarray:
        """Return one number for each place, period and label, as int64[groups]."""
        return np.asarray((place.astype(np.int64) * len(self.cells.periods) + period) * self.labels + label)

    def parts(self, code: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return place, period and label of numbers that `code` made."""
        rest, label = np.divmod(code, self.labels)
        return (*np.divmod(rest, max(len(self.cells.periods), 1)), label)


def energy_totals(cells: Cells, language: str, completeness: Completeness) -> list[dict[str, Any]]:
    """Return one record per place, period, item and use, with `total` and `control-scope` rows.

    Parameters
    ----------
    cells : Cells
        Finest sums.
    language : {"en", "zh"}
        Language of item names.
    completeness : Completeness
        What is missing.

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
    measure = np.array(
        [(ENERGY, PRIMARY).index(t.target) if t.target in (ENERGY, PRIMARY) else -1 for t in plan.terms], np.int32
    )[cells.term]
    sums, (place, period, label, what) = gather(
        cells.sums,
        [
            [np.where(measure >= 0, level, -1) for level in cells.place_levels(cells.facility)],
            cells.period_levels(cells.key),
            [key_label[cells.key], np.full(len(cells.key), top, np.int32), key_control[cells.key]],
            [measure],
        ],
    )
    groups = _Groups(cells, key_label, len(labels))
    code, number = np.unique(groups.code(place, period, label), return_inverse=True)
    tonnes = np.full((2, len(code)), np.nan)
    tonnes[what, number] = rounded_sums(sums, 1000)
    # where all energy is feedstock or non-fossil, the control scope is zero
    bare = np.flatnonzero((code % len(labels) == top) & ~np.isin(code + 1, code))
    code = np.concatenate([code, code[bare] + 1])
    tonnes = np.concatenate([tonnes, tonnes[:, bare] * 0.0], axis=1)
    p, q, n = groups.parts(code)
    level = np.array([where.level for where in cells.places], dtype=np.int64)
    order = np.lexsort((n, cells.period_ranks[q], p, level[p])) if len(code) else np.empty(0, np.int64)
    code, tonnes, p, q, n = code[order], tonnes[:, order], p[order], q[order], n[order]
    tonnes[1, np.isin(code, _lacking_primary(groups))] = np.nan
    quantity, unit = _quantities(groups, code)
    known = Known(cells, completeness, [ENERGY])
    names = [_item_name(cells, item, language) for item, _ in labels]
    columns = {
        "facility": [cells.places[place].facility for place in p.tolist()],
        "group": [cells.places[place].group for place in p.tolist()],
        "period": [cells.periods[period].label for period in q.tolist()],
        "item": [labels[label][0] for label in n.tolist()],
        "item_name": [names[label] for label in n.tolist()],
        "use": [labels[label][1] for label in n.tolist()],
        "quantity": quantity,
        "unit": unit,
        "tce": _or_none(tonnes[0]),
        "tce_primary": _or_none(tonnes[1]),
        "complete": known.complete(p, q, np.zeros_like(p)).tolist(),
    }
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def _or_none(values: np.ndarray) -> list[float | None]:
    return [None if value != value else value for value in values.tolist()]  # noqa: PLR0124


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


def _quantities(groups: _Groups, wanted: np.ndarray) -> tuple[list[float | None], list[str]]:
    """Return quantities of groups and their units: that of the rows if they share one, else a common one, if any."""
    cells = groups.cells
    keys = cells.plan.keys
    spelled = {unit.text: unit for unit in (key.unit for key in keys)}
    texts = list(spelled)
    key_unit = np.array([texts.index(key.unit.text) for key in keys], dtype=np.int32)
    sums, (place, period, label, unit_of) = gather(
        cells.quantities,
        [
            cells.place_levels(cells.quantity_facility),
            cells.period_levels(cells.quantity_key),
            [groups.key_label[cells.quantity_key]],
            [key_unit[cells.quantity_key]],
        ],
    )
    code, first, number, count = np.unique(
        groups.code(place, period, label), return_index=True, return_inverse=True, return_counts=True
    )
    amount, unit = rounded_sums(sums)[first], unit_of[first]
    order = np.argsort(number, kind="stable")
    for group, stop in zip(np.flatnonzero(count > 1).tolist(), np.cumsum(count)[count > 1].tolist(), strict=True):
        members = order[stop - count[group] : stop].tolist()
        given = [spelled[texts[unit_of[member]]] for member in members]
        if len({unit.dimension for unit in given}) > 1:
            unit[group] = -1
            continue
        target = display_unit(given[0])
        exact = (from_limbs(sums.limbs[member].tolist(), sums.bias) * units.ratio(one, target)
                 for member, one in zip(members, given, strict=True))  # fmt: skip
        if target.text not in spelled:
            spelled[target.text] = target
            texts.append(target.text)
        amount[group], unit[group] = float(sum(exact)), texts.index(target.text)
    at = np.searchsorted(code, wanted).clip(max=max(len(code) - 1, 0))
    found = (code[at] == wanted) & (unit[at] >= 0) if len(code) else np.zeros(len(wanted), dtype=bool)
    rows = zip(found.tolist(), at.tolist(), strict=True)
    quantity, named = [], []
    values, places = amount.tolist(), unit.tolist()
    for known, group in rows:
        quantity.append(values[group] if known else None)
        named.append(texts[places[group]] if known else "")
    return quantity, named


def display_unit(unit: units.Unit) -> units.Unit:
    """Return the unit in which quantities of different units are shown together."""
    for text in DISPLAY_UNITS:
        if units.parse(text).dimension == unit.dimension:
            return units.parse(text)
    return min((units.parse(name) for name in units.vocabulary() if units.parse(name).dimension == unit.dimension),
               key=lambda u: (abs(math.log10(u.scale)), u.text))  # fmt: skip


def _lacking_primary(groups: _Groups) -> np.ndarray:
    """Return the groups in which some energy has no primary-equivalent value, so that their sum is unknown."""
    cells = groups.cells
    without = [
        k
        for k, routed in enumerate(cells.plan.routed)
        if (ENERGY in routed.lacking or any(t.target == ENERGY for t in routed.terms))
        and not any(t.target == PRIMARY for t in routed.terms)
    ]
    here = np.flatnonzero(np.isin(cells.quantity_key, without))
    label = groups.key_label[cells.quantity_key[here]]
    found = [np.empty(0, np.int64)]
    for place in cells.place_levels(cells.quantity_facility[here]):
        for period in cells.period_levels(cells.quantity_key[here]):
            real = (place >= 0) & (period >= 0)
            for each in (label, np.full_like(label, groups.top), np.full_like(label, groups.top + 1)):
                one = real & (each >= 0)
                found.append(groups.code(place[one], period[one], each[one]))
    return np.unique(np.concatenate(found))
