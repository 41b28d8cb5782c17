"""Where the figures of the totals come from: for each place and key its rows and masses, for each key its terms."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from carbon.arrays import distinct
from carbon.inventory.explain import explain_record, plan_document
from carbon.inventory.rollup import roll_up_periods
from carbon.inventory.rounding import rounded_sums
from carbon.inventory.terms import ENERGY, PRIMARY
from carbon.inventory.totals import BIOGENIC, MAIN
from carbon.report.page.parts import clean
from carbon.report.page.runs.view import GAS_COLUMNS, Place, View

if TYPE_CHECKING:
    from carbon.inventory import Result

COLUMNS = (*GAS_COLUMNS, "tce", "tce_primary")
_COLUMN_OF = {**MAIN, BIOGENIC: "biogenic_co2_t", ENERGY: "tce", PRIMARY: "tce_primary"}
MOST_PLACES = 260  # whose parts the page holds: all, the groups, the largest facilities
MOST_PARTS = 16_000
MOST_KEYS = 2_500
MOST_EXAMPLES = 700


def places(view: View) -> dict[Place, int]:
    """Return the places whose figures open their parts, numbered: all, the groups, the largest facilities."""
    larger = [(p.facility, p.group) for p in reversed(view.result.cells.places) if p.level]
    named = {p.facility: (p.facility, p.group) for p in view.result.cells.places if not p.level}
    single = [named.get(facility, (facility, group)) for (facility, group), _ in view.facilities]
    ranked = set(single)
    rest = [place for place in named.values() if place not in ranked]
    return {place: n for n, place in enumerate(dict.fromkeys([*larger, *single, *rest][:MOST_PLACES]))}


def lineage(view: View, number_of: dict[Place, int]) -> dict[str, Any]:
    """Return the parts of each place and the keys that they are of.

    Returns
    -------
    dict
        ``parts``: for each place ``[key, rows, masses by location, masses by market or 0]``, masses in tonnes in the
        order of `COLUMNS`, the largest first; ``keys``: what each is and how it is computed; ``factors``.
    """
    result = view.result
    held, masses = _masses(result)
    rows, sample = _rows(result)
    size = np.bincount(held[1], np.abs(masses[0][:, 0]), len(result.plan.keys))
    order = np.argsort(-size, kind="stable")[:MOST_KEYS]
    new = np.full(len(size), -1, dtype=np.int64)
    new[order] = np.arange(len(order))
    parts = _parts(result, number_of, held, masses, rows, new)
    keys, factors = _keys(view, order, sample)
    return {"parts": parts, "keys": keys, "factors": factors, "gwp": result.gwp_name}


def _masses(result: Result) -> tuple[tuple[np.ndarray, np.ndarray], list[np.ndarray]]:
    """Return facility and key of what emits or holds energy, and by basis its masses as float64[n, columns] in t."""
    cells, plan = result.cells, result.plan
    tonnes = np.asarray(rounded_sums(cells.sums, 1000), dtype=np.float64)
    facility, term, key = cells.facility, cells.term, cells.key
    group, first = distinct(facility, key) if len(key) else (np.empty(0, np.int32), np.empty(0, np.int64))
    weight = np.array([float(result.potentials.get(t.target, 0)) for t in plan.terms])
    column = np.array([COLUMNS.index(_COLUMN_OF.get(t.target, "other_co2e_t")) for t in plan.terms], dtype=np.int64)
    fossil = np.array([t.target != BIOGENIC for t in plan.terms], dtype=bool)
    other = COLUMNS.index("other_co2e_t")
    found = []
    for basis in result.bases:
        on = np.array([t.basis in ("", basis) for t in plan.terms], dtype=bool)[term]
        table = np.zeros((len(first), len(COLUMNS)))
        co2e = tonnes * weight[term] * fossil[term] * on
        np.add.at(table[:, 0], group, co2e)
        own = np.where(column[term] == other, co2e, tonnes * on)
        np.add.at(table, (group, column[term]), own)
        found.append(table)
    return (facility[first], key[first]), found


def _rows(result: Result) -> tuple[dict[tuple[int, int], int], np.ndarray]:
    """Return how many lines each facility has of each key, and one row of each key; -1 = none."""
    plan = result.plan
    good = np.flatnonzero(~plan.bad)
    sample = np.full(len(plan.keys), -1, dtype=np.int64)
    sample[plan.key[good][::-1]] = good[::-1]
    if not len(good):
        return {}, sample
    facility = result.rows.index["facility"][good]
    number, first = distinct(facility, plan.key[good])
    weights = None if result.gathered is None else result.gathered.lines[good]
    count = np.bincount(number, weights, len(first)).astype(np.int64)
    pairs = zip(facility[first].tolist(), plan.key[good][first].tolist(), strict=True)
    return dict(zip(pairs, count.tolist(), strict=True)), sample


def _parts(
    result: Result, number_of: dict[Place, int], held: tuple[np.ndarray, np.ndarray], masses: list[np.ndarray],
    rows: dict[tuple[int, int], int], new: np.ndarray,
) -> list[list[Any]]:  # fmt: skip
    """Return the parts of each place, as far as they find room; a place that finds none has None in their stead."""
    cells = result.cells
    known = [(p.facility, p.group) for p in cells.places]
    facility, key = held
    counts = np.array([rows.get(pair, 0) for pair in zip(facility.tolist(), key.tolist(), strict=True)], dtype=np.int64)
    levels = cells.place_levels(facility) if len(facility) else []
    found: list[Any] = [None] * len(number_of)
    room = MOST_PARTS
    members: dict[int, np.ndarray] = {}
    for level in levels:
        order = np.argsort(level, kind="stable")
        cuts = np.flatnonzero(np.diff(level[order])) + 1
        for some in np.split(order, cuts):
            if level[some[0]] >= 0:
                members[int(level[some[0]])] = some
    at = {place: n for n, place in enumerate(known)}
    for place, number in number_of.items():
        mine_at = at.get(place, -1)
        if mine_at not in members:
            found[number] = []
            continue
        some = members[mine_at]
        mine, group = np.unique(key[some], return_inverse=True)
        room -= len(mine)
        if room < 0 and found[0] is not None:
            break
        lines = np.bincount(group, counts[some], len(mine)).astype(np.int64).tolist()
        sums = []
        for table in masses:
            added = np.zeros((len(mine), len(COLUMNS)))
            np.add.at(added, group, table[some])
            sums.append(added)
        heavy = np.argsort(-np.abs(sums[0][:, 0]), kind="stable").tolist() if sums else []
        texts = [[_short(row) for row in table.tolist()] for table in sums]
        found[number] = [
            [int(new[mine[n]]), lines[n], texts[0][n],
             texts[1][n] if len(texts) > 1 and texts[1][n] != texts[0][n] else 0]
            for n in heavy if new[mine[n]] >= 0
        ]  # fmt: skip
    return found


def _short(row: list[float]) -> list[float]:
    """Return masses without the zeros at their end, to twelve digits."""
    while row and not row[-1]:
        row.pop()
    return [float(f"{value:.12g}") for value in row]


def _keys(view: View, order: np.ndarray, sample: np.ndarray) -> tuple[list[dict[str, Any]], list[list[str]]]:
    """Return the keys as the page shows them, and the factors that they name by number."""
    result, language = view.result, view.result.language
    plan = result.plan
    some = replace(
        plan, keys=tuple(plan.keys[n] for n in order), routed=tuple(plan.routed[n] for n in order)
    )  # the terms of these alone
    document = plan_document(some, result.library, result.potentials, result.gwp_name)
    factors = document["factors"] | {one["id"]: one for one in view.potentials.values()}
    number = {name: n for n, name in enumerate(factors)}
    weights = {gas: str(value) for gas, value in result.potentials.items()}
    keys: list[dict[str, Any]] = []
    for n, entry in zip(order.tolist(), document["keys"], strict=True):
        key, routed = plan.keys[n], plan.routed[n]
        used = dict.fromkeys(name for term in entry["terms"] for slot in term["slots"] for name in slot["factors"])
        used |= {
            view.potentials[term["target"]]["id"]: None for term in entry["terms"] if term["target"] in view.potentials
        }
        text = ""
        if len(keys) < MOST_EXAMPLES and result.gathered is None and sample[n] >= 0:
            text = explain_record(_record(result, int(sample[n])), entry, {}, weights, result.gwp_name, language)
            head, *rest = text.split("\n")
            text = "\n".join([clean(head, 1000), *(f"  {clean(line, 1000)}" for line in rest)])
        keys.append({
            "n": clean(entry[f"name_{language}"]), "u": entry[f"use_{language}"], "c": entry["category"],
            "cn": entry[f"category_{language}"], "p": [p.label for p in roll_up_periods(key.period)],
            "r": clean(entry["region"]), "w": clean(key.process), "m": entry["method"],
            "e": clean(entry["unit"]), "i": key.item.id, "uses": key.use,
            "control": key.use != "feedstock" and not routed.non_fossil, "f": [number[name] for name in used],
            "t": text,
        })  # fmt: skip
    sure = view.said
    shown = [
        [clean(name), entry["value"] + ("" if entry["unit"] == "1" else f" {clean(entry['unit'])}"),
         clean(f"{entry['document']} {entry[f'title_{language}']}"), clean(entry["page"]),
         sure[f"is_{entry['verification']}"]]
        for name, entry in factors.items()
    ]  # fmt: skip
    return keys, shown


def _record(result: Result, row: int) -> dict[str, Any]:
    """Return one line as entered."""
    table = result.rows.table
    record: dict[str, Any] = {name: table.text(name, row) for name in table.codes}
    record |= {name: float(values[row]) for name, values in table.numbers.items() if values[row] == values[row]}
    return record | {"file": table.file, "line": int(table.line[row])}
