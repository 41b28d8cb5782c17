"""A sheet for each facility of `report.xlsx`: by period and category the items, how each was computed, its gases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from carbon.arrays import distinct
from carbon.inventory.explain import plan_document
from carbon.inventory.plan import Sums
from carbon.inventory.rollup import gather
from carbon.inventory.rounding import rounded_sums
from carbon.inventory.terms import ENERGY, PRIMARY
from carbon.inventory.totals import MASSES, TOTAL, by_gas
from carbon.report.grid import Column
from carbon.report.listings import begin, filled, more, names_of, ranks
from carbon.schema import choices

if TYPE_CHECKING:
    from carbon.inventory import Result
    from carbon.report.sheets import Book, Sheet

MOST_SHEETS = 30
MOST_ITEMS = 200  # of one category and period; the largest
MOST_ROWS = 20_000  # of one sheet; those of the shortest periods are left out
_HEADS = (
    ("period", "period", "text"), ("category", "category", "text"), ("item", "item", "text"),
    ("use", "own_use", "text"), ("region", "region", "text"), ("process", "process", "text"),
    ("quantity", "quantity", "number"), ("unit", "unit", "text"),
    ("co2_t", "co2", "mass"), ("ch4_t", "ch4", "fine"), ("n2o_t", "n2o", "fine"),
    ("other_co2e_t", "other", "mass"), ("location", "total_location", "mass"), ("market", "total_market", "mass"),
    ("biogenic_co2_t", "biogenic", "mass"), ("whole", "is_whole", "mark"), ("computed", "computed", "text"),
    ("factors", "factor_sheet", "text"), ("lines", "row_count", "count"), ("first", "first_line", "count"),
)  # fmt: skip


@dataclass(frozen=True)
class _Item:
    """What one row stands for, but its facility and period: keys that differ in nothing that is shown."""

    category: str
    item: str
    use: str
    region: str
    process: str
    unit: str
    computed: str
    factors: str


def largest(result: Result) -> list[str]:
    """Return the facilities that get a sheet, those with the largest emissions of the longest periods, by id."""
    longest, sizes = result.cells.longest, dict[str, float]()
    for r in result.total_records:
        if r["facility"] and r["category"] == TOTAL and r["basis"] == "location":
            size = abs(r["co2e_t"] or 0.0) if r["period"] in longest else 0.0
            sizes[r["facility"]] = sizes.get(r["facility"], 0.0) + size
    return sorted(sorted(sizes, key=lambda name: (-sizes[name], name))[:MOST_SHEETS])


def facility_sheets(book: Book, result: Result, w: Mapping[str, str], back: str) -> dict[str, Sheet]:
    """Write a sheet for each of the largest facilities, and return them by facility.

    A subtotal and a total are those of ``totals.csv``; an item is summed as exactly, and rounded once.

    Parameters
    ----------
    book : Book
        Receives the sheets.
    result : Result
        What was computed.
    w : mapping of str to str
        Words.
    back : str
        The place to which each sheet leads back.
    """
    chosen = largest(result)
    items = _items(result, chosen, w)
    records: dict[str, dict[str, dict[str, dict[str, dict[str, Any]]]]] = {name: {} for name in chosen}
    for r in result.total_records:
        if r["facility"] in records:
            of_period = records[r["facility"]].setdefault(r["period"], {})
            of_period.setdefault(r["category"], {})[r["basis"]] = r
    rank = ranks(result)
    groups = {facility.id: facility.group for facility in result.cells.facilities}
    named = names_of(result)
    found = {}
    for name in chosen:
        periods = sorted(records[name], key=lambda label: rank.get(label, 9))  # in their order where equally long
        rows: list[dict[str, Any]] = []
        left = 0
        for period in periods:
            block = _block(named, period, records[name][period], items.get((name, period), []), w)
            if rows and len(rows) + len(block) > MOST_ROWS:
                left += len(block)
            else:
                rows += block
        found[name] = sheet = begin(book, name, w, back, name)
        if groups.get(name):
            sheet.line(f"{w['group']}: {groups[name]}")
        sheet.line(w["facility_note"])
        looks = [row.get("look", "") for row in rows]
        columns = [
            Column(w[title], [row.get(key) for row in rows], form, looks=looks)
            for key, title, form in _HEADS
            if key not in ("other_co2e_t", "biogenic_co2_t") or any(row.get(key) for row in rows)
        ]
        shown = filled(columns, 3)
        sheet.table(shown, more("totals.csv, lines.parquet", w), 3, left)
        sheet.made.print_area(0, 0, sheet.rows - 1, [column.form for column in shown].index("mark"))
    return found


def _block(
    named: Mapping[str, str], period: str, records: Mapping[str, Mapping[str, Mapping[str, Any]]],
    items: Sequence[dict[str, Any]], w: Mapping[str, str],
) -> list[dict[str, Any]]:  # fmt: skip
    """Return the rows of one facility and period: the items of each category and their subtotal, then the total."""
    rows: list[dict[str, Any]] = []
    for category, by_basis in records.items():
        shown = {"period": period, "category": w["total"] if category == TOTAL else named.get(category, category)}
        mine = [one for one in items if one["id"] == category]
        mine.sort(key=lambda one: (-abs(one.get("location") or 0.0), *one["order"]))
        rows += [one | shown for one in mine[:MOST_ITEMS]]
        if len(mine) > MOST_ITEMS:
            rows.append(shown | {"item": w["more"].format(n=len(mine) - MOST_ITEMS, file="lines.parquet")})
        first = next(iter(by_basis.values()))
        whole = all(record["complete"] for record in by_basis.values())
        rows.append(
            shown
            | {key: first[key] for key in MASSES if key != "co2e_t"}
            | {basis: record["co2e_t"] for basis, record in by_basis.items()}
            | {"whole": w["yes" if whole else "no"], "look": "total" if category == TOTAL else "sum"}
            | {"item": "" if category == TOTAL else w["subtotal"]}
        )
    return rows


def _items(result: Result, chosen: Sequence[str], w: Mapping[str, str]) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """Return the items of each facility and period, with masses, quantities and lines."""
    cells, plan, bases = result.cells, result.plan, result.bases
    place_of = np.array([chosen.index(f.id) if f.id in set(chosen) else -1 for f in cells.facilities], np.int32)
    counted = np.array([t.target not in (ENERGY, PRIMARY) for t in plan.terms], dtype=bool)
    here = np.flatnonzero((place_of[cells.facility] >= 0) & counted[cells.term]) if len(cells.term) else cells.term
    emits = np.array([bool(routed.category) for routed in plan.routed], dtype=bool)
    there = np.flatnonzero((place_of[cells.quantity_facility] >= 0) & emits[cells.quantity_key])
    if not len(there):
        return {}
    label_of, labels = _labels(result, np.unique(cells.quantity_key[there]), w)

    targets = sorted({plan.terms[n].target for n in np.unique(cells.term[here])})
    target = np.array([targets.index(t.target) if t.target in targets else -1 for t in plan.terms], np.int32)
    on = [np.array([n if t.basis in ("", b) else -1 for t in plan.terms], np.int32) for n, b in enumerate(bases)]
    key = cells.key[here]
    sums, (*where, gas) = gather(
        Sums(cells.sums.limbs[here], cells.sums.bias),
        [[place_of[cells.facility[here]]], cells.period_levels(key), [label_of[key]],
         [each[cells.term[here]] for each in on], [target[cells.term[here]]]],
    )  # fmt: skip
    number, sample = distinct(*where)
    masses = by_gas(sums, number, targets, gas, result.potentials, len(sample))
    weighed: dict[tuple[int, ...], dict[str, Any]] = {}
    for n, (*group, basis) in enumerate(zip(*(column[sample].tolist() for column in where), strict=True)):
        one = {name: values[n] for name, values in masses.items()}
        row = weighed.setdefault(tuple(group), {})
        row |= {bases[basis]: one.pop("co2e_t")} | (one if not basis else {})

    key = cells.quantity_key[there]
    amounts, group = gather(
        Sums(cells.quantities.limbs[there], cells.quantities.bias),
        [[place_of[cells.quantity_facility[there]]], cells.period_levels(key), [label_of[key]]],
    )
    lacking = {(int(label_of[k]), basis) for k in np.unique(key) for basis in plan.routed[k].lacking}
    lines = _lines(result, place_of, label_of)
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for amount, p, q, label in zip(rounded_sums(amounts).tolist(), *(g.tolist() for g in group), strict=True):
        one = weighed.get((p, q, label), dict.fromkeys((*MASSES, *bases), 0.0))
        unknown = dict.fromkeys(basis for basis in bases if (label, basis) in lacking)
        said = {each.name: getattr(labels[label], each.name) for each in fields(_Item)}
        count, first = lines.get((p, q, label), (None, None))
        found.setdefault((chosen[p], cells.periods[q].label), []).append(
            said | one | unknown | {"id": said["category"], "order": tuple(said.values())}
            | {"quantity": amount, "lines": count, "first": first}
        )  # fmt: skip
    return found


def _labels(result: Result, keys: np.ndarray, w: Mapping[str, str]) -> tuple[np.ndarray, list[_Item]]:
    """Return for each key the number of what its row says, and what these say."""
    plan, language = result.plan, result.language
    some = replace(plan, keys=tuple(plan.keys[n] for n in keys), routed=tuple(plan.routed[n] for n in keys))
    document = plan_document(some, result.library, result.potentials, result.gwp_name)
    certificates = {one.id: one.name_zh if language == "zh" else one.name_en for one in choices("instrument").values()}
    known: dict[_Item, int] = {}
    label_of = np.full(len(plan.keys), -1, dtype=np.int32)
    for n, entry in zip(keys.tolist(), document["keys"], strict=True):
        key = plan.keys[n]
        terms = [term for term in entry["terms"] if term["target"] not in (ENERGY, PRIMARY)]
        used = dict.fromkeys(name for term in terms for slot in term["slots"] for name in slot["factors"])
        item = _Item(
            entry["category"], entry[f"name_{language}"],
            " · ".join(filter(None, (entry[f"use_{language}"], certificates.get(key.instrument, key.instrument)))),
            entry["region"], key.process, entry["unit"], "; ".join(dict.fromkeys(_arithmetic(t, w) for t in terms)),
            " ".join(used),
        )  # fmt: skip
        label_of[n] = known.setdefault(item, len(known))
    return label_of, list(known)


def _arithmetic(term: Mapping[str, Any], w: Mapping[str, str]) -> str:
    """Return the factors by which a quantity becomes a mass, as printed, with their units."""
    parts = []
    for slot in term["slots"]:
        unit = "" if slot["unit"] in ("1", "1/1") else f" {slot['unit']}"
        value = f"[{w['on_row']}]{unit}" if slot["column"] else f"{slot['value']}{unit}"
        parts += [] if slot["name"] == "gas" else [f"({slot['text']})" if slot["text"].startswith("1 / ") else value]
    parts += [term["carbon"]] if term["carbon"] else []
    basis = f" ({w[term['basis']]})" if term["basis"] else ""
    return f"{term['target']}{basis} {'−' if term['sign'] < 0 else ''}× {' × '.join(parts) or '1'}"


def _lines(
    result: Result, place_of: np.ndarray, label_of: np.ndarray
) -> dict[tuple[int, int, int], tuple[int, int | None]]:
    """Return how many input lines each item has, and the first of them if they are at hand."""
    plan, facility = result.plan, result.rows.index["facility"]
    good = np.flatnonzero(~plan.bad)
    good = good[(place_of[facility[good]] >= 0) & (label_of[plan.key[good]] >= 0)]
    number, sample = distinct(facility[good], plan.key[good])
    many = np.ones(len(good)) if result.gathered is None else result.gathered.lines[good]
    counts = np.bincount(number, many, len(sample)).astype(np.int64).tolist()
    first = np.zeros(len(sample), np.int64)
    first[number[::-1]] = result.rows.table.line[good[::-1]]
    at = good[sample]
    place, label = place_of[facility[at]].tolist(), label_of[plan.key[at]].tolist()
    found: dict[tuple[int, int, int], tuple[int, int | None]] = {}
    for level in result.cells.period_levels(plan.key[at]):
        for n, period in enumerate(level.tolist()):
            if period >= 0:
                key = place[n], period, label[n]
                count, line = found.get(key, (0, None))
                nearest = int(first[n]) if line is None else min(line, int(first[n]))
                found[key] = count + counts[n], nearest if result.gathered is None else None
    return found
