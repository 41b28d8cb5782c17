"""`report.xlsx`: the result as sheets for people, what is missing or unverified first. Computes nothing."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from carbon.inventory.totals import scope_sums
from carbon.report.facilities import facility_sheets
from carbon.report.grid import Column
from carbon.report.listings import (
    MOST_TOTALS,
    Part,
    begin,
    factor_sheet,
    filled,
    issue_sheet,
    level_sheet,
    longest,
    more,
    names_of,
    pick,
    provenance_sheet,
    whole,
)
from carbon.report.sheets import Book
from carbon.report.words import words
from carbon.schema import choices

if TYPE_CHECKING:
    from carbon.inventory import Result
    from carbon.report.sheets import Sheet

_PLACE = tuple[str, str, str]
_WHOLE = Part((), 0)
_OUTPUTS = ("exported", "conversion-output", "recovery")  # last columns of a balance


def write_workbook(result: Result, path: Path) -> None:
    """Write the report of a result as a workbook.

    Parameters
    ----------
    result : Result
        What was computed.
    path : pathlib.Path
        The file, such as ``report.xlsx``.
    """
    path.write_bytes(workbook_bytes(result))


def workbook_bytes(result: Result) -> bytes:
    """Return the report of a result as a workbook, in its language; the same result gives the same bytes.

    Parameters
    ----------
    result : Result
        What was computed.
    """
    w = words("report", result.language) | words("workbook", result.language)
    book = Book(result.title or w["report"])
    summary, contents = book.sheet(w["summary"]), book.sheet(w["contents"])

    def sheet(name: str, part: Part = _WHOLE, file: str = "") -> Sheet:
        made = begin(book, w[name], w, summary.place(), w[f"about_{name}"])
        if part.left:
            made.line(w["part_of"].format(n=part.left, file=file), look="bold")
        return made

    totals = longest(result.total_records, result, MOST_TOTALS)
    energy = longest(result.energy_records, result)
    if result.total_records:
        less = longest(totals.records, result)
        less = Part(less.records, less.left + totals.left)
        _totals(sheet("totals", totals, "totals.csv"), totals, result, w)
        _categories(sheet("categories", less, "totals.csv"), less, result, w)
    if result.energy_records:
        _balance(sheet("balance", energy, "energy.csv"), energy, result, w)
        _energy(sheet("energies", energy, "energy.csv"), energy, result, w)
    if result.intensity_records:
        products = longest(result.intensity_records, result)
        _intensity(sheet("intensities", products, "intensity.csv"), products, w)
    if result.verdicts is not None:
        verdicts = longest(list(result.verdicts.records()), result)
        level_sheet(sheet("level_sheet", verdicts, "benchmarks.csv"), verdicts, result.language, w)
    factor_sheet(sheet("factor_sheet"), result, w)
    issue_sheet(sheet("issue_sheet"), result.every_issue, result.language, w)
    provenance_sheet(sheet("provenance"), result, w)
    facilities = facility_sheets(book, result, w, summary.place())
    overview = _overview(totals.records, energy.records, facilities, result, w)
    _summary(summary, contents, overview, len(facilities), result, w)
    _contents(contents, [each for each in book.sheets.values() if each.about], summary, w)
    return book.data()


def _place(record: Mapping[str, Any], w: Mapping[str, str]) -> str:
    """Return what a record is for: a facility, a group of them, all of them."""
    if record["facility"]:
        return str(record["facility"])
    return f"{w['group']} {record['group']}" if record["group"] else w["all"]


def _by_place(records: Sequence[dict[str, Any]], name: str) -> dict[_PLACE, dict[str, dict[str, Any]]]:
    """Return records by place and period, then by what they are of."""
    found: dict[_PLACE, dict[str, dict[str, Any]]] = {}
    for r in records:
        found.setdefault((r["facility"], r["group"], r["period"]), {})[r[name]] = r
    return found


def _head(records: Sequence[Mapping[str, Any]], w: Mapping[str, str]) -> list[Column]:
    """Return the columns that say which facility, group and period."""
    return [
        Column(w["facility"], [_place(r, w) for r in records]),
        Column(w["group"], pick(records, "group")),
        Column(w["period"], pick(records, "period")),
    ]


def _summary(
    sheet: Sheet, contents: Sheet, overview: list[Column], facilities: int, result: Result, w: Mapping[str, str]
) -> None:
    facts, zh = result.provenance, result.language == "zh"
    sheet.line(result.title or w["report"], form="title")
    for pack in facts["methods"]:
        sheet.line(f"{w['method']}: {pack['title_zh' if zh else 'title_en']} ({pack['id']}, {pack['document']})")
    sheet.line(f"{w['gwp']}: {result.gwp_name if result.gwp_name != 'none' else w['none']}")
    sheet.line(w["to_contents"], look="link", link=contents.place())
    sheet.line()
    sheet.line(w["first"], form="part")
    for text, look in _warnings(result, facts, w):
        sheet.line(text, look=look)
    if lacking := len({facility.id for facility in result.cells.facilities}) - facilities:
        sheet.line(w["no_sheet"].format(n=facilities, left=lacking))
    sheet.line()
    sheet.line(w["longest"], form="part")
    sheet.table(overview, more("totals.csv", w), 1)
    sheet.widths(24, 12, 10)


def _contents(contents: Sheet, sheets: Sequence[Sheet], summary: Sheet, w: Mapping[str, str]) -> None:
    contents.line(w["back"], look="link", link=summary.place())
    columns = [
        Column(w["sheet"], [each.name for each in sheets], links=[each.place() for each in sheets]),
        Column(w["content"], [each.about for each in sheets]),
    ]
    contents.table(columns, "")
    contents.widths(24, 90)


def _warnings(result: Result, facts: Mapping[str, Any], w: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield what to know before the numbers are used, with how it looks."""
    lines = facts["lines"]
    yield (w["incomplete"].format(**lines), "alarm") if lines["bad"] else (w["complete"], "")
    totals = [r for r in result.total_records if r["category"] == "total"]
    lacking = sum(not r["complete"] for r in totals)
    if lacking:
        yield w["incomplete_totals"].format(n=lacking, all=len(totals)), "alarm"
    yield w["warnings"].format(**facts["issues"]), ""
    for degree in ("unverified", "secondary"):
        for name, entry in facts["sets"].items():
            if entry["verification"] == degree:
                yield f"{w[degree]}: {name} ({entry['document']})", "bold" if degree == "unverified" else ""
    for name in facts["own_items"]:
        yield f"{w['own']}: {name}", ""
    for pack in facts["methods"]:
        for text in pack["unknown_zh" if result.language == "zh" else "unknown"]:
            yield f"{w['unknown']} ({pack['id']}): {text}", ""
    yield w["retrace"], ""


def _overview(
    totals: Sequence[dict[str, Any]], coal: Sequence[dict[str, Any]], facilities: Mapping[str, Sheet], result: Result,
    w: Mapping[str, str],
) -> list[Column]:  # fmt: skip
    """Return the totals of the longest periods: all facilities first, then groups, then each."""
    years = result.cells.longest
    records = [r for r in totals if r["period"] in years]
    emissions = {basis: _by_place([r for r in records if r["basis"] == basis], "category") for basis in result.bases}
    energy = _by_place([r for r in coal if r["period"] in years and not r["use"]], "item")
    keys = list(dict.fromkeys([*(key for found in emissions.values() for key in found), *energy]))
    keys.sort(key=lambda key: (bool(key[0]), bool(key[1]) if not key[0] else False))
    rows = [{"facility": f, "group": g, "period": p} for f, g, p in keys]
    links = [facilities[name].place() if (name := row["facility"]) in facilities else None for row in rows]
    columns = [replace(column, links=links if not n else None) for n, column in enumerate(_head(rows, w))]
    located = emissions.get("location", {})
    sums = [scope_sums(located[key].values()) if key in located else {} for key in keys]
    for scope in sorted({scope for each in sums for scope in each}):
        columns.append(Column(w["scope_tonnes"].format(name=scope), [each.get(scope) for each in sums], "mass"))
    wholes: list[list[bool]] = []
    for basis, found in emissions.items():
        each_total = [found.get(key, {}).get("total", {}) for key in keys]
        columns.append(Column(w[f"total_{basis}"], [r.get("co2e_t") for r in each_total], "mass"))
        wholes.append([r.get("complete", True) for r in each_total])
        if basis == "location":
            columns.append(Column(w["uncertainty"], [r.get("uncertainty_pct") for r in each_total], "percent"))
    for item, name, title in (("total", "tce", "tce"), ("total", "tce_primary", "tce_primary"),
                              ("control-scope", "tce", "tce_control")):  # fmt: skip
        columns.append(Column(w[title], [energy.get(key, {}).get(item, {}).get(name) for key in keys], "mass"))
    wholes.append([energy.get(key, {}).get("total", {}).get("complete", True) for key in keys])
    return [*filled(columns, 3), whole([all(each) for each in zip(*wholes, strict=True)], w)]


def _totals(sheet: Sheet, part: Part, result: Result, w: Mapping[str, str]) -> None:
    """Write what `totals.csv` holds, row by row."""
    records, left = part
    names = names_of(result) | {"total": w["total"]}
    scopes = {str(n): f"{w['scope']} {n}" for n in range(1, 4)} | {"total": w["total"]}
    columns = [
        *_head(records, w),
        Column(w["scope"], [scopes.get(r["scope"], r["scope"]) for r in records]),
        Column(w["category"], [names.get(r["category"], r["category"]) for r in records], marks={w["total"]: "bold"}),
        Column(w["basis"], [w[r["basis"]] for r in records]),
        *(Column(w[title], pick(records, name), form) for name, title, form in (
            ("co2_t", "co2", "mass"), ("ch4_t", "ch4", "fine"), ("n2o_t", "n2o", "fine"),
            ("other_co2e_t", "other", "mass"), ("co2e_t", "co2e", "mass"), ("biogenic_co2_t", "biogenic", "mass"),
            ("uncertainty_pct", "uncertainty", "percent"), ("uncertainty_known_pct", "known_part", "percent"))),
        whole(pick(records, "complete"), w),
    ]  # fmt: skip
    sheet.table(filled(columns, 12), more("totals.csv", w), 3, left)


def _categories(sheet: Sheet, part: Part, result: Result, w: Mapping[str, str]) -> None:
    """Write a row per place, period and basis, a column per category: the sheet of each facility, one below another."""
    names = names_of(result)
    records, left = part
    rows, found = [], []
    for basis in result.bases:
        for key, cells in _by_place([r for r in records if r["basis"] == basis], "category").items():
            rows.append(dict(zip(("facility", "group", "period"), key, strict=True)) | {"basis": w[basis]})
            found.append(cells)
    met = {name for cells in found for name in cells}
    columns = [*_head(rows, w), Column(w["basis"], pick(rows, "basis"))]
    for name in [name for name in names if name in met]:
        values = [cells[name]["co2e_t"] if name in cells else None for cells in found]
        columns.append(Column(w["in_tonnes"].format(name=names[name]), values, "mass"))
    sums = [scope_sums(cells.values()) for cells in found]
    for scope in sorted({scope for each in sums for scope in each}):
        columns.append(Column(w["scope_tonnes"].format(name=scope), [each.get(scope) for each in sums], "mass"))
    columns.append(Column(w["co2e"], [cells["total"]["co2e_t"] for cells in found], "mass"))
    columns.append(whole([cells["total"]["complete"] for cells in found], w))
    sheet.table(columns, more("totals.csv", w), 4, left)


def _uses(result: Result) -> dict[str, str]:
    """Return the names of uses that count in the energy balance, consumption before output."""
    names = {u.id: u.name_zh if result.language == "zh" else u.name_en for u in choices("use").values()}
    first = [name for name in ("purchased", *names) if name not in _OUTPUTS]
    return {name: names[name] for name in dict.fromkeys([*first, *_OUTPUTS])}


def _balance(sheet: Sheet, part: Part, result: Result, w: Mapping[str, str]) -> None:
    """Write a row per place, period and item, a column per use: purchase, consumption, conversion, recovery."""
    found: dict[tuple[str, str, str, str], list[dict[str, Any]]] = {}
    records, left = part
    for r in records:
        found.setdefault((r["facility"], r["group"], r["period"], r["item"]), []).append(r)
    firsts = [rows[0] for rows in found.values()]
    by_use = [{r["use"]: r["tce"] for r in rows} for rows in found.values()]
    columns = [*_head(firsts, w), Column(w["item"], pick(firsts, "item_name"))]
    met = {use for each in by_use for use in each}
    for use, name in _uses(result).items():
        if use in met:
            columns.append(Column(w["use_tce"].format(name=name), [each.get(use) for each in by_use], "mass"))
    columns.append(Column(w["net"], [_net(each) for each in by_use], "mass"))
    columns.append(whole([r["complete"] for r in firsts], w))
    sheet.line(w["balance_note"])
    sheet.table(columns, more("energy.csv", w), 4, left)


def _net(by_use: Mapping[str, float | None]) -> float | None:
    """Return what is consumed of an item; a total as it was computed."""
    if "" in by_use:
        return by_use[""]
    known = [value for value in by_use.values() if value is not None]
    return math.fsum(known) if len(known) == len(by_use) else None


def _energy(sheet: Sheet, part: Part, result: Result, w: Mapping[str, str]) -> None:
    """Write what `energy.csv` holds, row by row."""
    records, left = part
    uses = _uses(result)
    columns = [
        *_head(records, w),
        Column(w["item"], pick(records, "item_name")),
        Column(w["own_use"], [uses.get(r["use"], r["use"]) for r in records]),
        Column(w["quantity"], pick(records, "quantity"), "mass"),
        Column(w["unit"], pick(records, "unit")),
        Column(w["tce"], pick(records, "tce"), "mass"),
        Column(w["tce_primary"], pick(records, "tce_primary"), "mass"),
        whole(pick(records, "complete"), w),
    ]
    sheet.table(columns, more("energy.csv", w), 4, left)


def _intensity(sheet: Sheet, part: Part, w: Mapping[str, str]) -> None:
    records, left = part
    columns = [
        *(Column(w[name], pick(records, name)) for name in ("facility", "process", "product", "period")),
        *(Column(w[title], pick(records, name), form) for name, title, form in (
            ("quantity", "output", "mass"), ("unit", "unit", "text"), ("co2e_t", "co2e_of", "mass"),
            ("co2e_t_per_unit", "per_unit", "fine"), ("tce", "tce_of", "mass"), ("kgce_per_unit", "kgce", "fine"),
            ("revenue_cny", "revenue", "mass"), ("co2e_t_per_10k_cny", "per_money", "fine"),
            ("tce_per_10k_cny", "tce_money", "fine"), ("shared_by", "shared_by", "count"))),
        whole(pick(records, "complete"), w),
    ]  # fmt: skip
    sheet.table(filled(columns, 10), more("intensity.csv", w), 4, left)
