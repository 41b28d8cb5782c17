"""The charts of the page of a run. Every label is escaped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from carbon.inventory.rollup import roll_up_periods
from carbon.inventory.rounding import rounded_sums
from carbon.inventory.terms import ENERGY, PRIMARY
from carbon.inventory.totals import BIOGENIC
from carbon.report.markdown import by_set, figure
from carbon.report.page.charts import (
    BAD,
    GOOD,
    GREY,
    LARGEST,
    LOOKS,
    MIDDLE,
    NODES,
    UNKNOWN,
    bar,
    chart,
    flows,
    named,
    room,
    tall,
    whiskers,
)
from carbon.report.page.parts import clean, label
from carbon.report.page.runs.tables import tier
from carbon.report.page.runs.view import View
from carbon.report.words import words
from carbon.schema import choices

CHARTS = 8
SCOPES = {"1": LOOKS[0], "2": LOOKS[1], "3": LOOKS[2]}
GASES = {"co2_t": ("CO2", LOOKS[0]), "ch4_t": ("CH4", LOOKS[1]), "n2o_t": ("N2O", LOOKS[3])}
VERDICTS = {
    "at-benchmark": GOOD, "within": GOOD, "1": GOOD, "between": MIDDLE, "2": MIDDLE, "3": MIDDLE,
    "below-baseline": BAD, "above": BAD, "unknown": UNKNOWN,
}  # fmt: skip
LEVELS = (("star", "solid"), ("diamond", "dash"), ("square", "dot"), ("triangle-up", "dashdot"))


def charts(view: View) -> list[dict[str, Any] | None]:
    """Return the charts in the order in which they stand; None of what there is nothing to draw."""
    return [by_period(view), by_gas(view), by_facility(view), energy_mix(view), sankey(view), *against_levels(view)]


def _trend(view: View) -> tuple[list[str], int]:
    """Return the periods of a trend, quarters if there are any, else months, else what there is; and how many."""
    periods = view.result.cells.periods
    for grain in ("quarter", "month", "year", "range"):
        found = [p.label for p in periods if p.grain == grain]
        if found:
            return found[-LARGEST:], len(found)
    return [p.label for p in periods][-LARGEST:], len(periods)


def _marked(view: View, period: str) -> str:
    total = view.totals.get((*view.top, period, "location"))
    return period if total is None or total["complete"] else f"{period} *"


def _whiskers(totals: Sequence[Mapping[str, Any] | None], axis: str, places: Sequence[Any]) -> list[dict[str, Any]]:
    """Return the 95 % interval of totals; nothing where none is known."""
    known = [
        (at, r["co2e_t"], abs(r["co2e_t"]) * r["uncertainty_pct"] / 100)
        for at, r in zip(places, totals, strict=True)
        if r is not None and r["uncertainty_pct"] is not None and r["co2e_t"] is not None
    ]
    return whiskers(axis, [at for at, _, _ in known], [v for _, v, _ in known], [size for _, _, size in known])


def by_period(view: View) -> dict[str, Any] | None:
    """Return the totals of the largest place by period, stacked by scope, with their intervals."""
    periods, count = _trend(view)
    found = {period: view.scopes.get((*view.top, period), {}) for period in periods}
    scopes = sorted({scope for sums in found.values() for scope in sums})
    if not scopes:
        return None
    x = [_marked(view, period) for period in periods]
    traces = [
        bar(f"{view.w['scope']} {scope}", *SCOPES.get(scope, GREY), x=x,
             y=[found[period].get(scope) for period in periods], hovertemplate="%{x}<br>%{y:,.2f} tCO2e")
        for scope in scopes
    ]  # fmt: skip
    whiskers = _whiskers([view.totals.get((*view.top, p, "location")) for p in periods], "y", x)
    notes = _notes(view, whiskers, x, periods, count)
    return chart(view.w["by_period"], notes, traces + whiskers, barmode="relative", xaxis={"type": "category"},
                  yaxis={"title": {"text": "tCO2e"}, "rangemode": "tozero"})  # fmt: skip


def _notes(view: View, whiskers: Sequence[Any], shown: Sequence[str], periods: Sequence[str], count: int) -> list[str]:
    w = view.w
    return [
        w["whisker_note"] if whiskers else "",
        w["star_note"] if any(text.endswith(" *") for text in shown) else "",
        w["period_note"].format(n=len(periods), all=count, file="totals.csv") if count > len(periods) else "",
    ]  # fmt: skip


def by_gas(view: View) -> dict[str, Any] | None:
    """Return the totals of the largest place by period, stacked by gas; nothing where no gas can be weighed."""
    periods, count = _trend(view)
    totals = [view.totals.get((*view.top, period, "location")) for period in periods]
    x, traces = [_marked(view, period) for period in periods], []
    for column, (gas, look) in GASES.items():
        potential = view.result.potentials.get(gas)
        values = [None if r is None or r[column] is None or potential is None else r[column] * float(potential)
                  for r in totals]  # fmt: skip
        if any(values):
            traces.append(bar(gas, *look, x=x, y=values, hovertemplate="%{x}<br>%{y:,.2f} tCO2e"))
    rest = [None if r is None else r["other_co2e_t"] for r in totals]
    if any(rest):
        traces.append(bar(view.w["other_gases"], *LOOKS[2], x=x, y=rest, hovertemplate="%{x}<br>%{y:,.2f} tCO2e"))
    if not traces:
        return None
    weighed = view.w["gas_note"].format(gwp=clean(view.result.gwp_name))
    notes = [view.w["gas_alone"] if view.result.gwp_name == "none" else weighed, *_notes(view, (), x, periods, count)]
    return chart(view.w["by_gas"], notes, traces, barmode="relative", showlegend=True, xaxis={"type": "category"},
                  yaxis={"title": {"text": "tCO2e"}, "rangemode": "tozero"})  # fmt: skip


def by_facility(view: View) -> dict[str, Any] | None:
    """Return the largest facilities in the last of the longest periods, stacked by scope."""
    largest = view.facilities[:LARGEST][::-1]
    found = [view.scopes.get((*place, view.when), {}) for place, _ in largest]
    scopes = sorted({scope for sums in found for scope in sums})
    if not scopes:
        return None
    y = list(range(len(largest)))
    names = [label(f) + ("" if r["complete"] else " *") for (f, _), r in largest]
    traces = [
        bar(f"{view.w['scope']} {scope}", *SCOPES.get(scope, GREY), orientation="h", y=y,
             x=[sums.get(scope) for sums in found], customdata=names,
             hovertemplate="%{customdata}<br>%{x:,.2f} tCO2e")
        for scope in scopes
    ]  # fmt: skip
    whiskers = _whiskers([r for _, r in largest], "x", y)
    w, count = view.w, len(view.facilities)
    notes = _notes(view, whiskers, names, (), 0)
    notes += [w["top_note"].format(n=len(y), all=f"{count:,}", file="totals.csv")] if count > len(y) else []
    return chart(f"{w['by_facility']} ({view.when})", notes, traces + whiskers, tall(len(y)), barmode="relative",
                  xaxis={"title": {"text": "tCO2e"}, "nticks": 6}, yaxis=named(names))  # fmt: skip


def energy_mix(view: View) -> dict[str, Any] | None:
    """Return the energy of the largest place by item in the last of the longest periods."""
    uses, zh = choices("use"), view.result.language == "zh"
    mine = [
        r for r in view.energy if r["use"] and r["period"] == view.when and r["tce"]
    ]  # fmt: skip
    if not mine:
        return None
    mine.sort(key=lambda r: abs(r["tce"]))
    shown = mine[-LARGEST:]
    repeated = [r["item"] for r in shown]
    names = []
    for r in shown:
        use = uses[r["use"]].name_zh if zh else uses[r["use"]].name_en
        names.append(label(f"{r['item_name']} · {use}" if repeated.count(r["item"]) > 1 else r["item_name"]))
    values = [r["tce"] for r in shown]
    trace = bar("tce", *LOOKS[0], orientation="h", y=[*range(len(shown))], x=values, customdata=names,
                 text=[figure(value, 1) for value in values], textposition="outside", cliponaxis=False,
                 hovertemplate="%{customdata}<br>%{x:,.3f} tce<extra></extra>")  # fmt: skip
    w = view.w
    note = w["top_note"].format(n=len(shown), all=len(mine), file="energy.csv") if len(mine) > len(shown) else ""
    return chart(f"{w['energy_mix']} ({view.when})", [note], [trace], tall(len(shown)), showlegend=False,
                  xaxis={"title": {"text": "tce"}, "range": room(values), "nticks": 6}, yaxis=named(names))  # fmt: skip


def sankey(view: View) -> dict[str, Any] | None:
    """Return the flow of CO2e from carriers to facilities, their processes where they are named, to scopes."""
    found, left_out = _flows(view)
    if not found:
        return None
    has_process = any(process for _, _, process, _ in found)
    middle = {(facility, process) for _, facility, process, _ in found}
    if len(middle) > LARGEST:
        has_process = False
    carriers = _largest(found, 0, 14)
    facilities = _largest(found, 1, 14)
    nodes: dict[tuple[str, ...], int] = {}
    links: dict[tuple[int, int], float] = {}
    w = view.w
    for (item, facility, process, scope), mass in sorted(found.items(), key=lambda entry: -entry[1]):
        chain = [
            ("item", item if item in carriers else ""), ("facility", facility if facility in facilities else ""),
            *([("process", facility, process)] if has_process and process and facility in facilities else []),
            ("scope", scope),
        ]  # fmt: skip
        places = [nodes.setdefault(node, len(nodes)) for node in chain]
        for link in pairwise(places):
            links[link] = links.get(link, 0.0) + mass
    names = [f"{w['scope']} {node[1]}" if node[0] == "scope" else label(node[-1] or w["others"]) for node in nodes]
    colours = [SCOPES.get(node[1], NODES[-1:])[0] if node[0] == "scope" else NODES[n % len(NODES)]
               for n, node in enumerate(nodes)]  # fmt: skip
    total = view.totals.get((*view.top, view.when, "location"))
    notes = [w["sankey_note"].format(n=figure(left_out)) if left_out else "",
             "" if total is None or total["complete"] else w["sankey_lacking"]]  # fmt: skip
    title = w["sankey_process" if has_process else "sankey"]
    rows = max(Counter(node[0] for node in nodes).values())
    return flows(f"{title} ({view.when})", notes, [*zip(names, colours, strict=True)], links, "tCO2e",
                 max(420, 30 * rows))  # fmt: skip


def _flows(view: View) -> tuple[dict[tuple[str, str, str, str], float], float]:
    """Return tonnes of CO2e by item, facility, process and scope in the last of the longest periods, and deductions."""
    result, zh = view.result, view.result.language == "zh"
    cells, plan = result.cells, result.plan
    known: list[tuple[str, str, str, float] | None] = []
    for number, term in zip(plan.term_key.tolist(), plan.terms, strict=True):
        key, routed = plan.keys[number], plan.routed[number]
        counts = term.target not in (ENERGY, PRIMARY, BIOGENIC) and term.basis in ("", "location")
        here = counts and term.target in result.potentials
        here = here and view.when in {p.label for p in roll_up_periods(key.period)}
        name = key.item.name_zh if zh else key.item.name_en
        weight = float(result.potentials[term.target]) if here else 0.0
        known.append((name, key.process, str(routed.scope), weight) if here else None)
    found: dict[tuple[str, str, str, str], float] = {}
    tonnes = rounded_sums(cells.sums, 1000).tolist()
    for facility, number, mass in zip(cells.facility.tolist(), cells.term.tolist(), tonnes, strict=True):
        one = known[number]
        if one is not None:
            flow = (one[0], cells.facilities[facility].id, one[1], one[2])
            found[flow] = found.get(flow, 0.0) + mass * one[3]
    return {flow: mass for flow, mass in found.items() if mass > 0}, sum(m for m in found.values() if m < 0)


def _largest(flows: Mapping[tuple[str, str, str, str], float], place: int, most: int) -> set[str]:
    sums: dict[str, float] = {}
    for flow, mass in flows.items():
        sums[flow[place]] = sums.get(flow[place], 0.0) + mass
    return set(sorted(sums, key=lambda name: (-sums[name], name))[:most])


def against_levels(view: View) -> list[dict[str, Any]]:
    """Return a chart for each product and set of levels, as far as they find room."""
    found = compared(view)
    made = [levels(view, key, lines) for key, lines in [*found.items()][:CHARTS]]
    if len(found) > CHARTS:
        made[-1]["note"] += " " + view.w["charts_more"].format(n=len(found) - CHARTS)
    return made


def compared(view: View) -> dict[tuple[str, ...], list[list[dict[str, Any]]]]:
    """Return the lines held against levels by product, set, indicator and unit, those with most to say first."""
    held: dict[tuple[str, ...], list[list[dict[str, Any]]]] = {}
    for one in by_set(r for r in view.verdicts if r["tier"] and r["value"] is not None):
        first = one[0]
        key = (first["product"], first["set"], first["indicator"] or "", first["unit"] or "")
        held.setdefault(key, []).append(one)
    # sector levels name a benchmark and a baseline; they stand first
    order = sorted(held, key=lambda key: (held[key][0][0]["tier"] != "benchmark", -len(held[key]), key))
    return {key: held[key] for key in order}


def levels(view: View, key: tuple[str, ...], lines: list[list[dict[str, Any]]]) -> dict[str, Any]:
    """Return one product against one set of levels: what was measured, the levels, and the verdict in words."""
    w, said = view.w, words("verdict", view.result.language)
    product, name, indicator, unit = key
    last = len(view.ranks)
    lines = sorted(lines, key=lambda one: (view.ranks.get(one[0]["facility"], last), one[0]["period"] or ""))
    count = len(lines)
    if count > LARGEST:  # of each line its newest period
        lines = [*{(one[0]["facility"], one[0]["line"], one[0]["process"]): one for one in lines}.values()]
    shown = lines[:LARGEST][::-1]
    y = list(range(len(shown)))
    marks = [VERDICTS.get(one[0]["verdict"], BAD) for one in shown]
    names = [
        label(" ".join(filter(None, (one[0]["facility"], one[0]["process"] or "", one[0]["period"] or ""))), 34)
        + f"  {mark} {figure(one[0]['value'])}"
        for one, (_, _, mark) in zip(shown, marks, strict=True)
    ]
    traces: list[dict[str, Any]] = []
    for verdict in dict.fromkeys(one[0]["verdict"] for one in shown):
        colour, pattern, mark = VERDICTS.get(verdict, BAD)
        mine = [n for n in y if shown[n][0]["verdict"] == verdict]
        traces.append(bar(f"{mark} {label(said.get(verdict, verdict))}", colour, pattern, orientation="h", y=mine,
                           x=[shown[n][0]["value"] for n in mine], customdata=[names[n] for n in mine],
                           hovertemplate="%{customdata} " + label(unit)))  # fmt: skip
    for n, each in enumerate(dict.fromkeys(r["tier"] for one in shown for r in one)):
        at = [(place, r["level"]) for place in y for r in shown[place] if r["tier"] == each and r["level"] is not None]
        printed = sorted({value for _, value in at})
        tail = f" {figure(printed[0])}" if len(printed) == 1 else ""
        symbol, dash = LEVELS[n % len(LEVELS)]
        traces.append({
            "type": "scatter", "mode": "lines+markers" if tail else "markers", "name": label(f"{tier(each, w)}{tail}"),
            "x": [value for _, value in at], "y": [place for place, _ in at],
            "line": {"color": "#000", "width": 1.5, "dash": dash},
            "marker": {"symbol": symbol, "size": 12, "color": "#000", "line": {"width": 1.5, "color": "#fff"}},
            "hovertemplate": "%{x:,.2f} " + label(unit),
        })  # fmt: skip
    notes = [clean(indicator and f"{indicator} ({unit}).", 80), w["levels_note"]]
    if count > len(shown):
        notes.append(w["newest_note"].format(n=len(shown), file="benchmarks.csv"))
    title = w["intensity_of"].format(product=clean(product, 60), set=clean(name, 60))
    tall = max(260, 160 + 30 * len(y))
    margin = {"l": 10, "r": 16, "t": 68, "b": 40}
    axis = {"title": {"text": label(unit, 40)}, "nticks": 6}
    return chart(title, notes, traces, tall, showlegend=True, xaxis=axis, yaxis=named(names), margin=margin)
