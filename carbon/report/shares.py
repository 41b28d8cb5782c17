"""How outputs share burdens in a footprint, and what another way to share would make of it, in words."""

from __future__ import annotations

from collections.abc import Mapping

from carbon.footprint.sharing import allocation_records
from carbon.footprint.study import Footprint
from carbon.report.cells import significant
from carbon.report.markdown import escape, figure, table


def share_lines(found: Footprint, w: dict[str, str]) -> list[str]:
    """Return the shares of outputs in the base case, and the footprint by each way to share; nothing of one output."""
    records = allocation_records(found)
    shares = [r for r in records if r["product"] and not r["scenario"]]
    if not shares:
        return []
    rows = [[escape(r["process"]), escape(r["product"]), _way(r["method"], w), figure(r["share_pct"], 2)]
            for r in shares]  # fmt: skip
    head = [w["in_process"], w["output"], w["allocation_way"], w["share"]]
    out = [f"### {w['shares']}", "", *table(head, rows, 1, "allocation.csv", w)]
    effects = [r for r in records if not r["product"] and r["co2e_kg"] is not None]
    if effects:
        rows = [[escape(r["process"]), _way(r["method"], w), significant(r["co2e_kg"])] for r in effects]
        head = [w["in_process"], w["allocation_way"], "kgCO2e"]
        out += [w["effect"], "", *table(head, rows, 1, "allocation.csv", w)]
    return out


def _way(method: str, w: Mapping[str, str]) -> str:
    return w.get(method, method)
