"""The tables of the page of an upgrade study, and the texts that a click on the figures of a measure opens."""

from __future__ import annotations

from typing import Any

from carbon.benchmarks.upgrades.retrace import explain_measure, number_text
from carbon.benchmarks.upgrades.support import LOAN
from carbon.report.page.parts import clean, factor_table, issue_table, number, table
from carbon.report.page.upgrades.view import MOST_MEASURES, View

MOST_TEXT = 2_500_000  # bytes of all texts together
MOST_SUPPORTED = 600


def texts(view: View) -> tuple[list[str], dict[int, int]]:
    """Return how the figures of the measures came about, as ``carbon upgrade STUDY --explain MEASURE`` says it.

    Returns
    -------
    list of str, dict of int to int
        The texts of the largest measures as far as they find room, and the number of each by line of the table; the
        others have one text that says how to have theirs.
    """
    study, found, place, room = view.study, list[str](), dict[int, int](), MOST_TEXT
    for row in view.largest[:MOST_MEASURES]:
        text = explain_measure(study, row, study.language)
        room -= len(text.encode())
        if room < 0:
            break
        place[study.records[row]["source_line"]] = len(found)
        found.append(text)
    if len(found) < min(MOST_MEASURES, len(view.largest)):
        rest = len(found)
        place = {line: place.get(line, rest) for line in view.shown}
        found.append(view.w["no_text"])
    return found, place


def tables(view: View, opened: dict[int, int]) -> dict[str, Any]:
    """Return the tables of the page; figures of measures open the texts that `opened` numbers by line."""
    study, w = view.study, view.w
    facts = study.provenance
    return {
        "measures": _measures(view, opened), "abatement": _abatement(view, opened), "cash": _cash(view),
        "support": _support(view, opened), "issues": issue_table(study.issues, study.language),
        "prices": table(w["prices"], ["item", "number", "unit", "source"], [
            [clean(p.item), number_text(float(p.value)), clean(p.unit), clean(p.source)] for p in study.study.price
        ], w, "provenance.json"),
        "factors": factor_table(facts["engine"].get("factors", {}), study.language),
        "levels": table(w["levels"], ["level", "number", "document", "page", "verification!"], [
            [clean(name), clean(one["value"]), clean(one["document"]), clean(one["page"]),
             view.said[f"is_{one['verification']}"]] for name, one in facts["levels"].items()
        ], w, "provenance.json"),
        "rules": table(w["rules"], ["rule", "place", "quote"], [
            [clean(name), clean(one["place"]), clean(one["quote"])] for name, one in facts["rules"].items()
        ], w, "provenance.json"),
    }  # fmt: skip


def _measures(view: View, opened: dict[int, int]) -> dict[str, Any]:
    columns = [
        "source_line#0*", "measure", "kind!", "tce_saved#2*", "co2e_saved_t#2*", "yearly_saving_cny#0*",
        "investment_cny#0*", "payback_years#1*", "npv_cny#0*", "abatement_cost_cny_t#1*", "lacking", "irr_pct#1*",
        "facility!-", "life_years#0-*", "net_investment_cny#0-*", "co2e_uncertainty_t#2-*", "item!-", "before#0-*",
        "unit-", "item_after!-", "after#0-*", "unit_after-", "energy_cost_before_cny#0-*", "energy_cost_after_cny#0-*",
        "renewal-",
    ]  # fmt: skip
    return _of_measures(view, "measures", columns, view.study.records, "upgrade.csv", opened)


def _abatement(view: View, opened: dict[int, int]) -> dict[str, Any]:
    columns = [
        "rank#0", "measure", "kind!-", "system!", "alternative!-", "abatement_cost_cny_t#1*", "co2e_saved_t#2*",
        "counted_co2e_t#2*", "cumulative_co2e_t#2", "tce_saved#2-*", "counted_tce#2-*", "cumulative_tce#2-",
        "counted!", "investment_cny#0*", "npv_cny#0-*", "counted_npv_cny#0*",
    ]  # fmt: skip
    return _of_measures(view, "abatement", columns, view.study.abatement_records, "abatement.csv", opened)


def _of_measures(
    view: View, title: str, columns: list[str], records: list[dict[str, Any]], file: str, opened: dict[int, int]
) -> dict[str, Any]:  # fmt: skip
    """Return a table of the measures that are shown, by the columns that records have."""
    names = [(column.rstrip("!-*").partition("#")[0], "#" in column) for column in columns]
    rows = [
        [*(number(r[name]) if numeric else clean(r[name] or "") for name, numeric in names),
         opened.get(r["source_line"])]
        for r in records if r["source_line"] in view.shown
    ]  # fmt: skip
    return table(view.w[title], columns, rows, view.w, file, len(records), opens="text")


def _cash(view: View) -> dict[str, Any]:
    names = (
        "year", "investment_cny", "government_funded_cny", "saving_cny", "loan_subsidy_cny", "tax_credit_cny",
        "net_cny", "cumulative_cny", "discounted_cny", "cumulative_discounted_cny",
    )  # fmt: skip
    rows = [[number(r[name]) for name in names] for r in view.study.flow.records]
    return table(view.w["cash_flow"], [f"{name}#0" for name in names], rows, view.w, "cash-flow.csv")


def _support(view: View, opened: dict[int, int]) -> dict[str, Any]:
    """Return the support of each measure by rule, with the years in which it is received."""
    study, w, rows, count = view.study, view.w, list[list[Any]](), 0
    for scheme in study.support.schemes:
        loan = scheme.kind == LOAN
        name, flows = ("loan_subsidy_cny", study.support.subsidies) if loan else (
            "tax_credit_cny", study.support.credits)  # fmt: skip
        for row, r in enumerate(study.records):
            if r["status"] == "error" or r[name] == 0:
                continue
            count += 1
            if len(rows) >= MOST_SUPPORTED:
                continue
            by_year = [] if r[name] is None else [
                w["in_year"].format(year=year, sum=f"{sum_:,.2f}")
                for year, sum_ in enumerate(flows[row].tolist(), start=1) if sum_
            ]  # fmt: skip
            rows.append([clean(r["measure"] or ""), clean(scheme.rule), w["loan_subsidy" if loan else "tax_credit"],
                         number(r[name]), w["comma"].join(by_year), clean(scheme.source), w["not_checked"],
                         r["source_line"], opened.get(r["source_line"])])  # fmt: skip
    columns = ["measure", "rule!", "kind_of_support!", "amount_cny#2*", "by_year", "place", "conditions",
               "source_line#0*"]  # fmt: skip
    return table(w["support"], columns, rows, w, "upgrade.csv", count, opens="text")
