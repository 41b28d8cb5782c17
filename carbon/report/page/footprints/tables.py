"""The tables of the page of a footprint, cut to what a browser opens quickly: each scenario keeps its largest rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from carbon.footprint.sharing import allocation_records
from carbon.footprint.tables import SCORES
from carbon.report.evidence import cleared, sensitivity_records
from carbon.report.page.footprints.origins import Origins
from carbon.report.page.footprints.view import View
from carbon.report.page.parts import clean, factor_table, issue_table, number, table

MOST = 1500


def tables(view: View, origins: Origins, factors: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return the tables of the page.

    Parameters
    ----------
    view : View
        The footprint.
    origins : Origins
        Collects what their figures open.
    factors : mapping of str to mapping
        As provenance holds them.
    """
    return {
        "footprint": _footprint(view, origins), "contributions": _contributions(view, origins),
        "edges": _edges(view, origins), "quality": _quality(view), "sensitivity": _sensitivity(view),
        "balances": _balances(view), "allocation": _allocation(view),
        "issues": issue_table(view.found.issues.ordered(), view.language),
        "factors": factor_table(factors, view.language),
    }  # fmt: skip


def _kept(records: Sequence[dict[str, Any]], size: str) -> list[dict[str, Any]]:
    """Return the largest records of each scenario, scenario by scenario; what is unknown counts as the largest."""
    held: dict[str, list[dict[str, Any]]] = {}
    for record in records:
        held.setdefault(record["scenario"], []).append(record)
    most = max(1, MOST // len(held)) if held else 0

    def rank(record: dict[str, Any]) -> tuple[bool, float]:
        return record[size] is not None, -abs(record[size] or 0.0)

    return [record for some in held.values() for record in sorted(some, key=rank)[:most]][:MOST]


def _footprint(view: View, origins: Origins) -> dict[str, Any]:
    w = view.w
    shown = view.records[:MOST]
    rows = [
        [view.scenario(r["scenario"]), w[f"part_{r['part']}"],
         view.part(r), number(r["co2e_kg"]),
         number(r["share_pct"]), w["yes" if r["complete"] else "no"], origins.part(r)]
        for r in shown
    ]  # fmt: skip
    whole = [n for n, r in enumerate(shown) if r["part"] == "total"]
    columns = ["scenario!", "part!", "name", f"kgCO2e#{view.digits}*", "share#1", "complete!"]
    return table(w["footprint"], columns, rows, w, "footprint.csv", len(view.records), opens="text", whole=whole)


def _contributions(view: View, origins: Origins) -> dict[str, Any]:
    w, records = view.w, view.contributions
    rows = [
        [view.scenario(r["scenario"]), clean(r["process"]), view.kind(r["kind"]), clean(r["name"]), w[r["stage"]],
         w[r["origin"]], number(r["amount"]), clean(r["unit"]), number(r["co2e_kg"]), number(r["share_pct"]),
         view.data(r["data"]), r["source_line"], origins.line(r["source_line"])]
        for r in _kept(records, "co2e_kg")
    ]  # fmt: skip
    columns = ["scenario!", "process!", "kind!", "name", "stage!", "origin!-", "amount#3", "unit",
               f"kgCO2e#{view.digits}*", "share#1", "data!", "line#0"]  # fmt: skip
    made = table(w["contributions"], columns, rows, w, "contributions.csv", len(records), opens="text")
    made["more"] += f" {w['explain']}" if any(row[-1] is None for row in rows) else ""
    return made


def _edges(view: View, origins: Origins) -> dict[str, Any]:
    w, records = view.w, view.edges
    rows = [
        [view.scenario(r["scenario"]), clean(r["source"]), clean(r["target"]), clean(r["product"]),
         view.kind(r["kind"]), clean(r["name"]), number(r["amount"]), clean(r["unit"]), number(r["co2e_kg"]),
         r["source_line"], origins.line(r["source_line"])]
        for r in _kept(records, "co2e_kg")
    ]  # fmt: skip
    columns = ["scenario!", "source!", "target!", "product-", "kind!-", "name", "amount#4", "unit",
               f"kgCO2e#{view.digits}*", "line#0"]  # fmt: skip
    return table(w["edges"], columns, rows, w, "edges.csv", len(records), opens="text")


def _quality(view: View) -> dict[str, Any]:
    w, records = view.w, view.quality
    whole = [r for r in records if r["part"] == "total"]
    each = _kept([r for r in records if r["part"] == "exchange"], "weight_pct")
    rows = [
        [view.scenario(r["scenario"]), w["total"] if r["part"] == "total" else clean(r["process"]),
         view.kind(r["kind"]) if r["kind"] else "", clean(r["name"] or ""), r["source_line"], number(r["weight_pct"]),
         view.data(r["data"]), *(number(r[score]) for score in SCORES), number(r["primary_pct"]),
         clean(r["evidence"] or "")]
        for r in whole + each
    ]  # fmt: skip
    columns = ["scenario!", "process!", "kind-", "name", "line#0", "weight_pct#1", "data!",
               *(f"{score}#2" for score in SCORES), "primary_pct#1", "evidence-"]  # fmt: skip
    return table(w["quality"], columns, rows, w, "quality.csv", len(records), whole=range(len(whole)))


def _sensitivity(view: View) -> dict[str, Any]:
    w, records = view.w, sensitivity_records(view.uncertainty)
    rows = [
        [view.scenario(r["scenario"]), w[f"of_{r['kind']}"], clean(r["process"]), clean(r["name"]),
         r["source_line"] or None, number(r["analytic_pct"]), number(r["drawn_pct"])]
        for r in _kept(records, "analytic_pct")
    ]  # fmt: skip
    columns = ["scenario!", "kind!", "process!", "name", "line#0", "by_theory#2", "by_draws#2"]
    return table(w["sensitivity"], columns, rows, w, "sensitivity.csv", len(records))


def _balances(view: View) -> dict[str, Any]:
    w, records = view.w, cleared(view.found.balance_records)
    rows = [
        [view.scenario(r["scenario"]), clean(r["process"]), w[r["balance"]], clean(r["unit"]), number(r["in"]),
         number(r["out"]), number(r["difference_pct"]), clean(r["unweighed"] or "")]
        for r in _kept(records, "difference_pct")
    ]  # fmt: skip
    columns = ["scenario!", "process!", "balance!", "unit", "in#2", "out#2", "difference#1", "unweighed_lines"]
    return table(w["balances"], columns, rows, w, "balances.csv", len(records))


def _allocation(view: View) -> dict[str, Any]:
    w, records = view.w, cleared(allocation_records(view.found))
    rows = [
        [view.scenario(r["scenario"]), clean(r["process"]), clean(r["product"]), w.get(r["method"], clean(r["method"])),
         number(r["amount"]), clean(r["unit"]), number(r["share_pct"]), number(r["co2e_kg"])]
        for r in records[:MOST]
    ]  # fmt: skip
    columns = [
        "scenario!",
        "process!",
        "output",
        "method!",
        "amount#3",
        "unit",
        "share_of#2",
        f"total_if#{view.digits}",
    ]
    return table(w["shared"], columns, rows, w, "allocation.csv", len(records))
