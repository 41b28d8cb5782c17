"""What the page holds: records of the tables, cut to what a browser opens quickly, headline, what is missing."""

from __future__ import annotations

import html
import math
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from carbon.errors import distinct_lines, printable
from carbon.inventory.totals import CONTROL, TOTAL, scope_sums
from carbon.report.markdown import figure
from carbon.report.words import words
from carbon.schema import choices

if TYPE_CHECKING:
    from carbon.inventory import Result
    from carbon.periods import Period

MOST = {"totals": 3000, "energy": 2000, "intensity": 1000, "verdicts": 1500, "issues": 600, "factors": 1500}
FILES = {
    "totals": "totals.csv", "energy": "energy.csv", "intensity": "intensity.csv", "verdicts": "benchmarks.csv",
    "issues": "issues.csv", "factors": "provenance.json",
}  # fmt: skip
MOST_LINES = 1000  # of the output, held against levels
LONGEST_TEXT = 400
GAS_COLUMNS = ("co2e_t", "co2_t", "ch4_t", "n2o_t", "other_co2e_t", "biogenic_co2_t")

Place = tuple[str, str]  # facility and group of a record; both empty for all together


@cache
def page_words(language: str) -> dict[str, str]:
    """Return the words of the page in one language.

    Examples
    --------
    >>> page_words("zh")["lineage"]
    '这个数字从何而来'
    """
    with Path(__file__).with_name("page.toml").open("rb") as file:
        found: dict[str, str] = tomllib.load(file)[language]
    return found


def clean(text: Any, most: int = LONGEST_TEXT) -> str:
    r"""Return user text on one line, without control characters, not longer than a cell can show.

    Examples
    --------
    >>> clean("a\nb"), clean("abcdef", 4)
    ('a b', 'abc…')
    """
    found = printable(" ".join(str(text).split()))
    return found if len(found) <= most else f"{found[: most - 1]}…"


def label(text: Any, most: int = 28) -> str:
    """Return user text as a label of a chart, where a little HTML would be read: it stays text.

    Examples
    --------
    >>> label("<b>A & B</b>")
    '&lt;b&gt;A &amp; B&lt;/b&gt;'
    """
    return html.escape(clean(text, most), quote=False)


@dataclass(frozen=True)
class View:
    """A result as the page looks at it.

    Attributes
    ----------
    result : Result
        What was computed.
    """

    result: Result

    @cached_property
    def w(self) -> dict[str, str]:
        """Words of the page."""
        return page_words(self.result.language)

    @cached_property
    def said(self) -> dict[str, str]:
        """Words shared with the other reports."""
        return words("report", self.result.language)

    @cached_property
    def periods(self) -> list[Period]:
        """All periods, the longest first and the latest of these first; those of any length last."""
        return sorted(self.result.cells.periods, key=lambda p: (p.label not in self.longest, p.start - p.end, -p.start))

    @cached_property
    def longest(self) -> set[str]:
        """Labels of the longest periods."""
        return self.result.cells.longest

    @cached_property
    def when(self) -> str:
        """The last of the longest periods; empty where there is none."""
        return (
            max((p for p in self.periods if p.label in self.longest), key=lambda p: p.end).label if self.periods else ""
        )

    @cached_property
    def top(self) -> Place:
        """The largest place: all together, or their one group, or the one facility."""
        places = self.result.cells.places
        return (places[-1].facility, places[-1].group) if places else ("", "")

    @cached_property
    def categories(self) -> dict[str, str]:
        """Names of categories by id."""
        zh = self.result.language == "zh"
        named = {c.id: c.name_zh if zh else c.name_en for pack in self.result.packs for c in pack.category}
        return named | {TOTAL: self.said["total"]}

    @cached_property
    def scopes(self) -> dict[tuple[str, str, str], dict[str, float | None]]:
        """CO2e by scope, location-based, in tonnes, of what a chart or the headline may show."""
        kept: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
        for r in self.result.total_records:
            if r["basis"] == "location" and (r["period"] == self.when or (r["facility"], r["group"]) == self.top):
                kept.setdefault((r["facility"], r["group"], r["period"]), []).append(r)
        return {key: scope_sums(found) for key, found in kept.items()}

    @cached_property
    def totals(self) -> dict[tuple[str, str, str, str], dict[str, Any]]:
        """Total records by facility, group, period and basis."""
        return {
            (r["facility"], r["group"], r["period"], r["basis"]): r
            for r in self.result.total_records
            if r["category"] == TOTAL
        }

    @cached_property
    def facilities(self) -> list[tuple[Place, dict[str, Any]]]:
        """Facilities with their total of the last of the longest periods, the largest first."""
        found = [
            ((f, g), r)
            for (f, g, period, basis), r in self.totals.items()
            if f and period == self.when and basis == "location"
        ]
        return sorted(found, key=lambda entry: (-(entry[1]["co2e_t"] or 0.0), entry[0]))

    @cached_property
    def ranks(self) -> dict[str, int]:
        """Place of each facility in the order of size."""
        return {facility: number for number, ((facility, _), _) in enumerate(self.facilities)}

    @cached_property
    def verdicts(self) -> list[dict[str, Any]]:
        """Rows of the comparison with levels, of the largest facilities if there are many; none without an output."""
        verdicts = self.result.verdicts
        if verdicts is None:
            return []
        table, last = verdicts.lines.table, len(self.ranks)
        if len(table) > MOST_LINES:  # to make the rows of all would take longer than the rest of the page
            rank = np.array([*(self.ranks.get(text, last) for text in table.texts["facility"]), last])
            left = np.ones(len(table), dtype=bool)
            left[np.argsort(rank[table.codes["facility"]], kind="stable")[:MOST_LINES]] = False
            held = tuple(one.without(left) for one in verdicts.held)
            refused = tuple(replace(one, row=one.row[~left[one.row]]) for one in verdicts.refused)
            kept = {int(line) for line in table.line[~left]}
            verdicts = replace(verdicts, held=tuple(one for one in held if len(one.row)), refused=refused)
            return [r for r in verdicts.records() if r["source_line"] in kept]
        return list(verdicts.records())

    @cached_property
    def verdict_count(self) -> int:
        """How many rows the whole comparison has."""
        verdicts = self.result.verdicts
        if verdicts is None:
            return 0
        held = sum(len(one.row) * len(one.ladder.tiers) for one in verdicts.held)
        bad = verdicts.lines.table.bad
        return held + sum(int((~bad[one.row]).sum()) for one in verdicts.refused) + int(bad.sum())

    def place(self, record: Mapping[str, Any]) -> str:
        """Return what a record is for, in words."""
        if record["facility"]:
            return clean(record["facility"])
        return f"{self.said['group']} {clean(record['group'])}" if record["group"] else self.said["all"]

    def chosen(self, records: Sequence[dict[str, Any]], most: int) -> list[dict[str, Any]]:
        """Return the records of the longest periods and the largest places, in this order, as many as are shown."""
        by_period: dict[str, list[dict[str, Any]]] = {}
        for record in records:
            by_period.setdefault(record["period"] or "", []).append(record)
        order = [p.label for p in self.periods]
        found: list[dict[str, Any]] = []
        last = len(self.ranks)

        def size(record: Mapping[str, Any]) -> tuple[int, int, bool]:
            level = 2 if record["facility"] else 1 if record.get("group") else 0
            part = record.get("category", record.get("item", TOTAL)) not in (TOTAL, CONTROL)
            return level, self.ranks.get(record["facility"], last), part

        for period in [p for p in order if p in by_period] + [p for p in by_period if p not in order]:
            if len(found) >= most:
                break
            found += sorted(by_period[period], key=size)
        return found[:most]


def headline(view: View) -> list[dict[str, Any]]:
    """Return the cards at the top, period after period: label, figure, unit, and what is to be said of it."""
    w, found = view.w, []
    longest = [p.label for p in view.periods if p.label in view.longest and p.grain != "range"] or [view.when]
    for period in longest[:3]:
        cards = []
        for basis in view.result.bases:
            total = view.totals.get((*view.top, period, basis))
            if total is not None:
                cards.append(_card(w[f"total_{basis}"], total["co2e_t"], "tCO2e", total["complete"], w, main=True))
                if total["uncertainty_pct"] is not None:
                    cards[-1]["note"] = f"± {figure(total['uncertainty_pct'], 1)} % ({w['uncertainty']})"
        whole = view.totals.get((*view.top, period, "location"))
        for scope, value in sorted(view.scopes.get((*view.top, period), {}).items()):
            cards.append(_card(f"{w['scope']} {scope} ({w['location']})", value, "tCO2e", True, w))
        if whole is not None and whole["biogenic_co2_t"]:
            cards.append(_card(w["biogenic"], whole["biogenic_co2_t"], "tCO2", True, w))
        for r in view.result.energy_records:
            if (r["facility"], r["group"], r["period"]) == (*view.top, period) and r["item"] in (TOTAL, CONTROL):
                name = w["energy_total"] if r["item"] == TOTAL else w["energy_control"]
                cards.append(_card(name, r["tce"], "tce", r["complete"], w))
        if cards:
            found.append({"period": period, "cards": cards})
    return found


def _card(
    name: str, value: float | None, unit: str, complete: bool, w: Mapping[str, str], main: bool = False
) -> dict[str, Any]:
    return {
        "label": name, "figure": figure(value), "unit": unit, "main": main, "note": "",
        "warn": "" if complete else w["incomplete_note"],
    }  # fmt: skip


def first(view: View) -> dict[str, Any]:
    """Return what must be read before the numbers: what is missing, what is unverified, what nobody knows."""
    result, said = view.result, view.said
    facts = result.provenance
    lines = facts["lines"]
    out: dict[str, Any] = {
        "bad": lines["bad"] > 0, "points": [], "errors": [], "warnings": [],
        "state": said["incomplete"].format(**lines) if lines["bad"] else said["complete"],
        "counts": said["warnings"].format(**facts["issues"]),
    }  # fmt: skip
    for level in ("unverified", "secondary"):
        sets = [clean(name) for name, entry in facts["sets"].items() if entry["verification"] == level]
        levels = [clean(name) for name, entry in facts["level_sets"].items() if entry["verification"] == level]
        if sets or levels:
            out["points"].append({"kind": level, "label": said[level], "names": sets + levels})
    if facts["own_items"]:
        out["points"].append({"kind": "own", "label": said["own"], "names": [*map(clean, facts["own_items"])]})
    for pack in facts["methods"]:
        texts = pack["unknown_zh" if result.language == "zh" else "unknown"]
        if texts:
            out["points"].append({"kind": "unknown", "label": f"{said['unknown']} ({pack['id']})", "names": [*texts]})
    for row in issue_rows(view)[0]:
        kind = {said["error"]: "errors", said["warning"]: "warnings"}.get(row[1])
        if kind and len(out[kind]) < 8:
            out[kind].append({"code": row[0], "lines": row[4], "message": row[6], "remedy": row[7]})
    return out


def issue_rows(view: View) -> tuple[list[list[Any]], int]:
    """Return the issues as rows, one for what is said in the same words, and how many there are beyond those shown."""
    grouped: dict[tuple[str, ...], list[Any]] = {}
    rank = {"error": 0, "warning": 1, "note": 2}
    language = view.result.language
    for issue in view.result.every_issue:
        key = (issue.code, issue.file, issue.column, issue.value if issue.severity != "note" else "")
        grouped.setdefault(key, []).append(issue)
    entries = sorted(grouped.values(), key=lambda found: (rank[found[0].severity], found[0].code))
    rows = []
    for found in entries[: MOST["issues"]]:
        one, lines = found[0], distinct_lines(found)
        text = one.message(language)
        if len(found) > 1 and len({issue.value for issue in found}) > 1:
            text = view.said["values"].format(n=len(found), first=text)
        line = min((int(issue.lines[0]) for issue in found if len(issue.lines)), default=None)
        rows.append([one.code, view.said[one.severity], clean(one.file), line, lines or None, clean(one.column),
                     clean(text), clean(one.remedy(language))])  # fmt: skip
    return rows, len(entries) - len(rows)


def tables(view: View, number_of: Mapping[Place, int]) -> dict[str, Any]:
    """Return the tables of the page.

    Parameters
    ----------
    view : View
        The result.
    number_of : mapping of (facility, group) to int
        Number of each place that the page holds the lineage of; a row of the totals ends in it, -1 = none.
    """
    result, w = view.result, view.w
    found = {
        "totals": _totals(view, number_of), "energy": _energy(view), "intensity": _intensity(view),
        "verdicts": _verdicts(view),
    }  # fmt: skip
    rows, more = issue_rows(view)
    columns = ["code!", "severity!", "file", "line#0", "lines#0", "column", "message", "remedy"]
    found["issues"] = _table("issues", columns, rows, len(rows) + more, w)
    facts = result.provenance["factors"]
    title = f"title_{result.language}"
    rows = [
        [clean(name), entry["value"], clean(entry["unit"]), entry["low"] or "", entry["high"] or "",
         clean(f"{entry['document']} {entry[title]}"), clean(entry["page"]),
         view.said[f"is_{entry['verification']}"], clean(entry["note"] or "")]
        for name, entry in list(facts.items())[: MOST["factors"]]
    ]  # fmt: skip
    columns = ["factor", "number", "unit", "low-", "high-", "document", "page", "verification!", "note-"]
    found["factors"] = _table("factors", columns, rows, len(facts), w)
    return {name: table for name, table in found.items() if table["rows"]}


def _table(
    name: str, columns: Iterable[str], rows: list[list[Any]], count: int, w: Mapping[str, str]
) -> dict[str, Any]:
    """Return a table; a column ends in ``#n`` for numbers of n decimals, ``!`` for a list, ``-`` if not printed."""
    made = []
    for text in columns:
        key, _, digits = text.rstrip("!-").partition("#")
        made.append({
            "label": w.get(key, key), "key": key, "digits": int(digits) if digits else None,
            "list": "!" in text, "aux": text.endswith("-"),
        })  # fmt: skip
    more = count - len(rows)
    return {
        "title": w[name], "columns": made, "rows": rows, "file": FILES[name],
        "more": w["csv_more"].format(n=f"{more:,}", file=FILES[name]) if more > 0 else "",
    }  # fmt: skip


def _totals(view: View, number_of: Mapping[Place, int]) -> dict[str, Any]:
    w, records = view.w, view.result.total_records
    rows = [
        [view.place(r), clean(r["group"]), r["period"], r["scope"] if r["scope"] != TOTAL else view.said["total"],
         view.categories.get(r["category"], r["category"]), w[r["basis"]], *(number(r[name]) for name in GAS_COLUMNS),
         number(r["uncertainty_pct"]), number(r["uncertainty_known_pct"]), w["yes" if r["complete"] else "no"],
         number_of.get((r["facility"], r["group"]), -1), r["category"], r["basis"]]
        for r in view.chosen(records, MOST["totals"])
    ]  # fmt: skip
    columns = ["facility!", "group-", "period!", "scope!", "category!", "basis!", "tCO2e#2", "tCO2#2", "tCH4#2",
               "tN2O#2", f"{w['other_gases']} tCO2e#2", f"{view.said['biogenic']} t#2", "uncertainty_pct#1",
               "known_pct#1", "complete!"]  # fmt: skip
    table = _table("totals", columns, rows, len(records), w)
    for column in table["columns"][10:12] + table["columns"][13:14]:
        column["aux"] = True
    return table


def _energy(view: View) -> dict[str, Any]:
    records, uses = view.result.energy_records, choices("use")
    zh = view.result.language == "zh"
    rows = []
    for r in view.chosen(records, MOST["energy"]):
        use = (uses[r["use"]].name_zh if zh else uses[r["use"]].name_en) if r["use"] else ""
        rows.append([view.place(r), r["period"], clean(r["item_name"]), use, number(r["quantity"]), clean(r["unit"]),
                     number(r["tce"]), number(r["tce_primary"]), view.w["yes" if r["complete"] else "no"]])  # fmt: skip
    columns = ["facility!", "period!", "item!", "use!", "quantity#2", "unit", "tce#3", "tce_primary#3", "complete!"]
    return _table("energy", columns, rows, len(records), view.w)


def _intensity(view: View) -> dict[str, Any]:
    records = view.result.intensity_records
    rows = [
        [clean(r["facility"]), clean(r["process"]), clean(r["product"]), r["period"], number(r["quantity"]),
         clean(r["unit"]), number(r["co2e_t_per_unit"]), number(r["kgce_per_unit"]), number(r["co2e_t_per_10k_cny"]),
         view.w["yes" if r["complete"] else "no"]]
        for r in view.chosen(records, MOST["intensity"])
    ]  # fmt: skip
    columns = ["facility!", "process", "product!", "period!", "quantity#2", "unit", "per_unit#4", "kgce#2",
               "per_money#4", "complete!"]  # fmt: skip
    return _table("intensity", columns, rows, len(records), view.w)


def _verdicts(view: View) -> dict[str, Any]:
    records = view.verdicts
    said, w = words("verdict", view.result.language), view.w
    rows = [
        [clean(r["facility"]), clean(r["product"]), r["period"] or "", clean(r["set"]), clean(r["indicator"] or ""),
         said.get(r["verdict"], r["verdict"]), number(r["value"]), clean(r["unit"] or ""), tier(r["tier"] or "", w),
         number(r["level"]), number(r["gap"]), number(r["gap_pct"]), number(r["tce_to_save"]),
         number(r["co2e_t_to_save"]), clean(r["deadline"] or ""), clean(r["reason"] or ""),
         view.said.get(f"is_{r['verification']}", ""), clean(r["page"] or "")]
        for r in view.chosen(records, MOST["verdicts"])
    ]  # fmt: skip
    columns = ["facility!", "product!", "period!", "set!", "indicator-", "verdict!", "value#2", "unit", "tier",
               "level#2", "gap#2-", "gap_pct#1", "tce_save#1", "co2_save#1", "deadline-", "reason", "verification!-",
               "page-"]  # fmt: skip
    return _table("verdicts", columns, rows, view.verdict_count, w)


def tier(name: str, w: Mapping[str, str]) -> str:
    """Return the name of a tier in words."""
    return w.get(name, name) if name in ("benchmark", "baseline") else name


def number(value: Any) -> float | None:
    """Return a number as JSON can hold it: nothing where it is not known, and no zero below zero."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return None
    return float(value) + 0.0
