"""The page of an upgrade study, put together: what must be read first, headline, charts, tables, retracing texts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from carbon.report.page.parts import card, clean, figure, first, point, unsure
from carbon.report.page.render import Page
from carbon.report.page.upgrades.figures import charts
from carbon.report.page.upgrades.tables import tables, texts
from carbon.report.page.upgrades.view import View

if TYPE_CHECKING:
    from carbon.benchmarks.upgrades.upgrading import Upgrade

UNCHECKED = "B675"  # conditions of support that a table of measures does not show


def page_of_upgrade(study: Upgrade) -> Page:
    """Return the page of an upgrade study in its language.

    Parameters
    ----------
    study : Upgrade
        What was computed.

    Returns
    -------
    Page
        Tables and charts hold all measures, or the largest where there are many, and say what they leave out.
    """
    view = View(study)
    w, settings, facts = view.w, study.study, study.provenance
    found, opened = texts(view)
    said = [
        settings.region and f"{w['region']}: {clean(settings.region)}",
        settings.year and f"{w['year_of_factors']}: {settings.year}",
        f"{view.said['method']}: {clean(settings.method)}",
        "" if settings.discount_rate is None else f"{w['discount_rate']}: {100 * settings.discount_rate:g} %",
        settings.as_of and f"{w['as_of']}: {settings.as_of}",
    ]
    engine = facts["engine"].get("library_sha256", "–")[:12]
    return Page(
        language=study.language,
        title=clean(settings.title) or w["report"],
        facts=" · ".join(str(one) for one in said if one),
        first=_first(view),
        headline=w["headline"],
        groups=[("", _headline(view))],
        charts=charts(view),
        tables=tables(view, opened),
        made_from=w["made_from"].format(library=engine, levels=facts["levels_sha256"][:12]),
        texts=found,
    )


def _headline(view: View) -> list[dict[str, Any]]:
    """Return the cards: how many measures, and what those that count save, cost and bring."""
    w, study = view.w, view.study
    size, bad, flow = len(study.records), int(study.bad.sum()), study.flow
    total = study.ranking.cumulative[-1].tolist() if size else [None, None]
    uncounted = int((~study.bad & np.isnan(study.shares)).sum())
    lacking = w["not_in_it"].format(n=f"{uncounted + bad:,}") if uncounted + bad else ""
    unpriced = int((flow.counted & ~flow.within).sum()) + uncounted + bad
    without_money = w["not_in_it"].format(n=f"{unpriced:,}") if unpriced else ""
    rows = flow.records
    npv = rows[-1]["cumulative_discounted_cny"] if rows else None
    no_rate = w["cash_no_rate"] if study.study.discount_rate is None else ""
    counted = int(flow.counted.sum())
    return [
        card(w["cards_measures"], f"{size:,}", "", note=w["counted_of"].format(n=f"{counted:,}"),
             warn=w["not_computed"].format(n=f"{bad:,}") if bad else ""),
        card(w["cards_co2"], _sum(total[0], counted), "tCO2e", note=w["a_year"], warn=lacking, main=True),
        card(w["cards_energy"], _sum(total[1], counted), "tce", note=w["a_year"], warn=lacking, main=True),
        card(w["cards_investment"], figure(-rows[0]["investment_cny"] if rows else None, 0), "CNY", warn=without_money),
        card(w["cards_npv"], figure(npv, 0), "CNY", note=w["npv_of_counted"], warn=no_rate or without_money, main=True),
        card(w["cards_unknown"], f"{view.unknown:,}", "", note=w["see_lacking"] if view.unknown else ""),
    ]  # fmt: skip


def _sum(total: float | None, counted: int) -> str:
    """Return a sum as text; one of nothing is not known, and no nought."""
    return figure(total if counted else None)


def _first(view: View) -> dict[str, Any]:
    """Return what must be read before the numbers: what is missing, unknown, unchecked or unverified."""
    study, said, w, facts = view.study, view.said, view.w, view.study.provenance
    lines = facts["lines"]
    sets = {name.partition(":")[0]: {"verification": one["verification"]} for name, one in facts["levels"].items()}
    points = [
        point("unverified", w["unknown_amounts"], _lacking(view, unknown=True)),
        point("unverified", w["unchecked_support"], _unchecked(view)),
        point("unknown", w["remarks"], _lacking(view, unknown=False)),
        *unsure(study.language, facts["engine"].get("sets", {}), sets),
    ]
    for pack in facts["engine"].get("methods", ()):
        texts = pack["unknown_zh" if study.language == "zh" else "unknown"]
        points.append(point("unknown", f"{said['unknown']} ({pack['id']})", texts))
    return first(
        study.issues, study.language, bad=lines["bad"] > 0 or not study.complete, points=points,
        state=w["incomplete"].format(**lines) if lines["bad"] else
        w["complete"] if study.complete else w["errors_of_study"], counts=said["warnings"].format(**facts["issues"]),
    )  # fmt: skip


def _lacking(view: View, unknown: bool) -> Iterator[str]:
    """Yield what leaves a figure unknown, or what has no rate or payback time, with the measures of which it is so."""
    records = view.study.records
    for lack, rows in view.study.lacks():
        some = [records[row] for row in np.flatnonzero(rows).tolist()]
        if some and unknown == all(view.lacks(r) for r in some):
            yield f"{getattr(lack, view.study.language)} ({len(some):,}): {view.names(some)}"


def _unchecked(view: View) -> Iterator[str]:
    """Yield the support rules that are counted though not all their conditions were checked."""
    source = {scheme.rule: scheme.source for scheme in view.study.support.schemes}
    for issue in view.study.issues:
        if issue.code == UNCHECKED:
            n = view.w["measures_of"].format(n=f"{len(issue.lines):,}")
            yield f"{issue.value}, {n}: {issue.remedy(view.study.language)} [{source.get(issue.value, '')}]"
