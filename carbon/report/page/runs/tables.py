"""The tables of the page of a run: totals, energy, intensity, verdicts, issues, factors, cut to what opens quickly."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from carbon.inventory.totals import TOTAL
from carbon.report.page.parts import clean, factor_table, issue_table, number, table
from carbon.report.page.runs.origins import intensity_text, verdict_text
from carbon.report.page.runs.view import GAS_COLUMNS, Place, View
from carbon.report.words import words
from carbon.schema import choices

MOST = {"totals": 3000, "energy": 2000, "intensity": 1000, "verdicts": 1500}


def tables(view: View, number_of: Mapping[Place, int], texts: list[str]) -> dict[str, Any]:
    """Return the tables of the page.

    Parameters
    ----------
    view : View
        The result.
    number_of : mapping of (facility, group) to int
        Number of each place that the page holds the lineage of; rows of totals and energy name it, -1 = none.
    texts : list of str
        Receives what figures of intensity and levels open.
    """
    return {
        "totals": _totals(view, number_of), "energy": _energy(view, number_of), "intensity": _intensity(view, texts),
        "verdicts": _verdicts(view, texts), "issues": issue_table(view.result.every_issue, view.result.language),
        "factors": factor_table(
            view.result.provenance["factors"] | {one["id"]: one for one in view.potentials.values()},
            view.result.language,
        ),
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
    columns = ["facility!", "group-", "period!", "scope!", "category!", "basis!", "tCO2e#2*", "tCO2#2*", "tCH4#2*",
               "tN2O#2*", f"{w['other_gases']} tCO2e#2-*", f"{view.said['biogenic']} t#2-*", "uncertainty_pct#1",
               "known_pct#1-", "complete!"]  # fmt: skip
    whole = [n for n, row in enumerate(rows) if row[-2] == TOTAL]
    return table(w["totals"], columns, rows, w, "totals.csv", len(records), opens="lineage", whole=whole)


def _energy(view: View, number_of: Mapping[Place, int]) -> dict[str, Any]:
    records, uses = view.result.energy_records, choices("use")
    zh = view.result.language == "zh"
    rows = []
    for r in view.chosen(records, MOST["energy"]):
        use = (uses[r["use"]].name_zh if zh else uses[r["use"]].name_en) if r["use"] else ""
        rows.append([view.place(r), r["period"], clean(r["item_name"]), use, number(r["quantity"]), clean(r["unit"]),
                     number(r["tce"]), number(r["tce_primary"]), view.w["yes" if r["complete"] else "no"],
                     number_of.get((r["facility"], r["group"]), -1), r["item"], r["use"]])  # fmt: skip
    columns = ["facility!", "period!", "item!", "use!", "quantity#2", "unit", "tce#3*", "tce_primary#3*", "complete!"]
    return table(view.w["energy"], columns, rows, view.w, "energy.csv", len(records), opens="energy")


def _numbered(text: str, texts: list[str]) -> int:
    """Return the number of a text that is added to others."""
    texts.append(text)
    return len(texts) - 1


def _intensity(view: View, texts: list[str]) -> dict[str, Any]:
    records = view.result.intensity_records
    rows = [
        [clean(r["facility"]), clean(r["process"]), clean(r["product"]), r["period"], number(r["quantity"]),
         clean(r["unit"]), number(r["co2e_t_per_unit"]), number(r["kgce_per_unit"]), number(r["co2e_t_per_10k_cny"]),
         view.w["yes" if r["complete"] else "no"], _numbered(intensity_text(view, r), texts)]
        for r in view.chosen(records, MOST["intensity"])
    ]  # fmt: skip
    columns = ["facility!", "process", "product!", "period!", "quantity#2", "unit", "per_unit#4*", "kgce#2*",
               "per_money#4*", "complete!"]  # fmt: skip
    return table(view.w["intensity"], columns, rows, view.w, "intensity.csv", len(records), opens="text")


def _verdicts(view: View, texts: list[str]) -> dict[str, Any]:
    records = view.verdicts
    said, w = words("verdict", view.result.language), view.w
    rows = [
        [clean(r["facility"]), clean(r["product"]), r["period"] or "", clean(r["set"]), clean(r["indicator"] or ""),
         said.get(r["verdict"], r["verdict"]), number(r["value"]), clean(r["unit"] or ""), tier(r["tier"] or "", w),
         number(r["level"]), number(r["gap"]), number(r["gap_pct"]), number(r["tce_to_save"]),
         number(r["co2e_t_to_save"]), clean(r["deadline"] or ""), clean(r["reason"] or ""),
         view.said.get(f"is_{r['verification']}", ""), clean(r["page"] or ""),
         _numbered(verdict_text(view, r, tier(r["tier"] or "", w)), texts)]
        for r in view.chosen(records, MOST["verdicts"])
    ]  # fmt: skip
    columns = ["facility!", "product!", "period!", "set!", "indicator-", "verdict!", "value#2*", "unit", "tier",
               "level#2*", "gap#2-*", "gap_pct#1*", "tce_save#1*", "co2_save#1*", "deadline-", "reason",
               "verification!-", "page-"]  # fmt: skip
    return table(w["verdicts"], columns, rows, w, "benchmarks.csv", view.verdict_count, opens="text")


def tier(name: str, w: Mapping[str, str]) -> str:
    """Return the name of a tier in words."""
    return w.get(f"tier_{name}", name)
