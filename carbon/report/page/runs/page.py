"""The page of a run, put together: what must be read first, headline, charts, tables, lineage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from carbon.inventory.totals import CONTROL, TOTAL
from carbon.report.page.parts import card, clean, figure, first, point, unsure
from carbon.report.page.render import Page, render, write
from carbon.report.page.runs.figures import charts
from carbon.report.page.runs.lineage import lineage, places
from carbon.report.page.runs.tables import tables
from carbon.report.page.runs.view import View

if TYPE_CHECKING:
    from pathlib import Path

    from carbon.inventory import Result

MOST_PERIODS = 3  # of the headline


def page_of_run(result: Result) -> Page:
    """Return the page of a run in its language.

    Parameters
    ----------
    result : Result
        What was computed.

    Returns
    -------
    Page
        Tables and charts hold the longest periods and the largest facilities and say what else the other files of the
        result hold.
    """
    view = View(result)
    w, said, facts = view.w, view.said, result.provenance
    numbers, texts = places(view), list[str]()
    place = view.place({"facility": view.top[0], "group": view.top[1]})
    methods = "; ".join(f"{p[f'title_{result.language}']} ({p['id']}, {p['document']})" for p in facts["methods"])
    gwp = result.gwp_name if result.gwp_name != "none" else said["none"]
    return Page(
        language=result.language,
        title=clean(result.title) or said["report"],
        facts=f"{place} · {said['method']}: {methods} · {said['gwp']}: {gwp}",
        first=_first(view),
        headline=f"{w['headline']} · {place}",
        groups=_headline(view),
        charts=charts(view),
        tables=tables(view, numbers, texts),
        texts=texts,
        made_from=w["made_from"].format(library=facts["library_sha256"][:12], plan=facts["plan_sha256"][:12]),
        lineage=lineage(view, numbers),
    )


def render_page(result: Result) -> str:
    """Return the page of a run as HTML, as of `carbon.report.page.render.render`."""
    return render(page_of_run(result))


def write_page(result: Result, path: Path) -> None:
    """Write the page of a run as one HTML file, whole or not at all."""
    write(page_of_run(result), path)


def _headline(view: View) -> list[tuple[str, list[dict[str, Any]]]]:
    """Return the cards at the top, period after period."""
    w, found = view.w, []
    longest = [p.label for p in view.periods if p.label in view.longest and p.grain != "range"] or [view.when]
    for number, period in enumerate(longest[:MOST_PERIODS], start=1):
        cards = []
        for basis in view.result.bases:
            total = view.totals.get((*view.top, period, basis))
            if total is not None:
                pct = total["uncertainty_pct"]
                note = "" if pct is None else f"± {figure(pct, 1)} % ({w['uncertainty']})"
                warn = "" if total["complete"] else w["incomplete_note"]
                name = w[f"total_{basis}"]
                cards.append(card(name, figure(total["co2e_t"]), "tCO2e", note=note, warn=warn, main=True))
        for scope, value in sorted(view.scopes.get((*view.top, period), {}).items()):
            warn = w["incomplete_note"] if (period, scope) in view.lacking else ""
            cards.append(card(f"{w['scope']} {scope} ({w['location']})", figure(value), "tCO2e", warn=warn))
        whole = view.totals.get((*view.top, period, "location"))
        if whole is not None and whole["biogenic_co2_t"]:
            cards.append(card(w["biogenic"], figure(whole["biogenic_co2_t"]), "tCO2"))
        for r in view.energy:
            if r["period"] == period and r["item"] in (TOTAL, CONTROL):
                name = w["energy_total"] if r["item"] == TOTAL else w["energy_control"]
                warn = "" if r["complete"] else w["incomplete_note"]
                cards.append(card(name, figure(r["tce"]), "tce", warn=warn))
        if cards:
            more = w["period_note"].format(n=number, all=len(longest), file="totals.csv")
            found.append((f"{period} · {more}" if MOST_PERIODS == number < len(longest) else period, cards))
    return found


def _first(view: View) -> dict[str, Any]:
    """Return what must be read before the numbers: what is missing, what is unverified, what nobody knows."""
    result, said, facts = view.result, view.said, view.result.provenance
    lines = facts["lines"]
    totals = [r for r in result.total_records if r["category"] == TOTAL]
    lacking = sum(not r["complete"] for r in totals)
    weighed_by = {one["set"]: one for one in view.potentials.values()}
    points = unsure(result.language, facts["sets"], weighed_by, facts["level_sets"])
    points.append(point("own", said["own"], facts["own_items"]))
    for pack in facts["methods"]:
        texts = pack["unknown_zh" if result.language == "zh" else "unknown"]
        points.append(point("unknown", f"{said['unknown']} ({pack['id']})", texts))
    return first(
        result.every_issue, result.language, bad=lines["bad"] > 0 or lacking > 0, points=points,
        state=" ".join([
            said["incomplete"].format(**lines) if lines["bad"] else said["complete"],
            *([view.w["lacking_totals"].format(n=f"{lacking:,}", all=f"{len(totals):,}")] if lacking else []),
        ]),
        counts=said["warnings"].format(**facts["issues"]),
    )  # fmt: skip
