"""The charts of a footprint: scenarios, stages, contributions, uncertainty and what causes it, quality."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from carbon.footprint.tables import SCORES, STAGES
from carbon.report.cells import percent, significant
from carbon.report.evidence import cleared, data_kind
from carbon.report.page.charts import GREY, LOOKS, bar, chart, named, room, tall, whiskers
from carbon.report.page.footprints.networks import sankey, tree
from carbon.report.page.footprints.view import View
from carbon.report.page.parts import fitted, label

FEW = 15  # bars of a chart of the largest
MARKS = ("circle", "diamond", "square", "x", "triangle-up", "cross")
BINS = 48
LEAST_PCT = 0.1  # of the variance; what causes less would be an empty bar
LOOK_OF_DATA = {"primary": LOOKS[3], "secondary": LOOKS[4], "estimate": LOOKS[1]}


def charts(view: View) -> list[dict[str, Any] | None]:
    """Return the charts in the order in which they stand; None of what there is nothing to draw."""
    return [
        scenarios(view), stages(view), contributions(view), distribution(view), tree(view), sankey(view),
        sensitivity(view), pedigree(view), data_kinds(view),
    ]  # fmt: skip


def scenarios(view: View) -> dict[str, Any] | None:
    """Return the scenarios side by side with their intervals; nothing of one alone."""
    known = [name for name in view.shown if view.totals[name] is not None]
    if len(known) < 2:
        return None
    known = known[::-1]
    totals = [view.totals[name] or 0.0 for name in known]
    around = [(n, view.interval(name)) for n, name in enumerate(known)]
    held = [(n, one) for n, one in around if one is not None]
    names = [
        f"{label(view.scenario(name), 24)}  {significant(total)}" for name, total in zip(known, totals, strict=True)
    ]
    ends = [float(value) for _, one in held for value in (one.low, one.high)]
    traces = [
        bar(view.w[kind], *look, orientation="h", y=some, x=[totals[n] for n in some],
            customdata=[names[n] for n in some], hovertemplate="%{customdata} kgCO2e<extra></extra>")
        for kind, look, some in (("base", LOOKS[0], [n for n, name in enumerate(known) if not name]),
                                 ("other_scenario", LOOKS[4], [n for n, name in enumerate(known) if name]))
        if some
    ]  # fmt: skip
    traces += whiskers(
        "x", [n for n, _ in held], [totals[n] for n, _ in held],
        [max(0.0, float(one.high) - totals[n]) for n, one in held],
        [max(0.0, totals[n] - float(one.low)) for n, one in held],
    )  # fmt: skip
    lines = _class_limits(view, [*totals, *ends])
    count = len(view.found.solved)
    notes = [
        view.w["interval_note"] if held else "", view.w["class_note"] if lines else "",
        view.w["scenarios_more"].format(n=len(view.shown), all=count) if count > len(view.shown) else "",
    ]  # fmt: skip
    return chart(view.w["by_scenario"], notes, traces + lines, tall(len(known)), barmode="overlay",
                 xaxis={"title": {"text": view.unit}, "range": room([*totals, *ends], 0.06), "nticks": 6},
                 yaxis=named(names))  # fmt: skip


def _class_limits(view: View, values: Sequence[float]) -> list[dict[str, Any]]:
    """Return the limits of the classes that the user brings, as far as they lie near the footprints, as lines."""
    classes = view.found.study.classes
    if classes is None:
        return []
    near = [(name, float(limit)) for name, limit in classes.pairs if limit is not None]
    near = [(name, limit) for name, limit in near if limit <= 1.5 * max(values, default=0.0)]
    return [
        {"type": "scatter", "mode": "lines", "name": label(f"{name} ≤ {limit:g}"), "x": [limit, limit],
         "y": [-0.6, len(view.shown) - 0.4], "line": {"color": "#000", "width": 1.5, "dash": dash},
         "hovertemplate": label(f"{name} ≤ {limit:g}") + "<extra></extra>"}
        for (name, limit), dash in zip(near, ("dash", "dot", "dashdot", "longdash", "solid"), strict=False)
    ]  # fmt: skip


def stages(view: View) -> dict[str, Any] | None:
    """Return the life-cycle stages: of several scenarios stacked, of one alone side by side."""
    at = {(r["scenario"], r["name"]): r["co2e_kg"] for r in view.records if r["part"] == "stage"}
    held = [stage for stage in STAGES if any(at.get((name, stage)) for name in view.shown)]
    if not held:
        return None
    axis = {"title": {"text": view.unit}, "nticks": 6}
    negative = any((value or 0.0) < 0 for value in at.values())
    notes = [view.w["credit_note"] if negative else "", "" if view.found.complete else view.w["incomplete_figures"]]
    if len(view.shown) == 1:
        held = held[::-1]
        values = [at.get(("", stage)) or 0.0 for stage in held]
        names = [f"{view.w[stage]}  {significant(value)}" for stage, value in zip(held, values, strict=True)]
        trace = bar("", *LOOKS[0], orientation="h", y=[*range(len(held))], x=values, customdata=names,
                    hovertemplate="%{customdata} kgCO2e<extra></extra>")  # fmt: skip
        return chart(view.w["by_stage"], notes, [trace], tall(len(held)), showlegend=False, xaxis=axis,
                     yaxis=named(names))  # fmt: skip
    order = view.shown[::-1]
    names = [label(view.scenario(name), 24) for name in order]
    traces = [
        bar(view.w[stage], *LOOKS[STAGES.index(stage)], orientation="h", y=[*range(len(order))],
            x=[at.get((name, stage)) for name in order], customdata=names,
            hovertemplate="%{customdata}<br>%{x:,.6g} kgCO2e")
        for stage in held
    ]  # fmt: skip
    return chart(view.w["by_stage"], notes, traces, tall(len(order)), barmode="relative", showlegend=True, xaxis=axis,
                 yaxis=named(names))  # fmt: skip


def contributions(view: View) -> dict[str, Any] | None:
    """Return the exchanges that contribute most to the base case; credits lie below zero."""
    known = [r for r in view.exchanges if r["co2e_kg"]]
    if not known:
        return None
    shown = known[:FEW][::-1]
    names = [fitted(f"{r['process']} · {r['name']}", 36) for r in shown]
    values = [r["co2e_kg"] for r in shown]
    said = [
        significant(r["co2e_kg"]) + ("" if r["share_pct"] is None else " " + label(f"({percent(r['share_pct'])} %)"))
        for r in shown
    ]
    traces = [
        bar(view.w[kind], *look, orientation="h", y=some, x=[values[n] for n in some],
            customdata=[f"{names[n]}<br>{said[n]}" for n in some], text=[said[n] for n in some],
            textposition="outside", cliponaxis=False, hovertemplate="%{customdata}<extra></extra>")
        for kind, look, some in (("burden", LOOKS[0], [n for n, value in enumerate(values) if value > 0]),
                                 ("credit", LOOKS[3], [n for n, value in enumerate(values) if value < 0]))
        if some
    ]  # fmt: skip
    count, unknown = len(view.exchanges), sum(r["co2e_kg"] is None for r in view.exchanges)
    notes = [
        view.w["top_note"].format(n=len(shown), all=f"{count:,}", file="contributions.csv")
        if count > len(shown) else "",
        view.w["unknown_note"].format(n=unknown) if unknown else "",
        view.w["credit_note"] if any(r["co2e_kg"] < 0 for r in shown) else "",
    ]  # fmt: skip
    return chart(view.w["largest"], notes, traces, tall(len(shown)), showlegend=len(traces) > 1, barmode="overlay",
                 xaxis={"title": {"text": view.unit}, "nticks": 5, "range": room(values, 0.5)},
                 yaxis=named(names))  # fmt: skip


def distribution(view: View) -> dict[str, Any] | None:
    """Return how the base case spreads: its draws as a histogram, theory as a curve, the 95 % interval as lines."""
    one = view.uncertainty.get("")
    around = view.interval("")
    if one is None or around is None or not float(around.high) > float(around.low):
        return None
    draws = one.draws[np.isfinite(one.draws)]
    theory, w = one.analytic, view.w
    mean, variance = float(theory.propagation.mean), float(theory.propagation.variance)
    low, high = float(theory.summary.low), float(theory.summary.high)
    ends = [low - 0.5 * (high - low), high + 0.5 * (high - low)]
    traces, notes, width = [], [], (ends[1] - ends[0]) / BINS
    if len(draws) > 1:
        ends = [*map(float, np.quantile(draws, [0.001, 0.999]))]
        counts, edges = np.histogram(draws, min(BINS, max(8, math.isqrt(len(draws)))), range=(ends[0], ends[1]))
        width = float(edges[1] - edges[0])
        traces.append(bar(w["draws_of"].format(n=f"{len(draws):,}"), *LOOKS[4], x=(edges[:-1] + width / 2).tolist(),
                          y=(100 * counts / len(draws)).tolist(), width=width,
                          hovertemplate="%{x:,.6g} kgCO2e<br>%{y:.2f} %<extra></extra>"))  # fmt: skip
        outside = len(draws) - int(counts.sum())
        notes += [w["outside_note"].format(n=outside)] if outside else []
    if variance > 0:
        x = np.linspace(ends[0], ends[1], 121)
        y = 100 * width * np.array([_density(value, mean, variance) for value in x.tolist()])
        shape = w["lognormal" if mean > 0 else "normal"]
        traces.append({"type": "scatter", "mode": "lines", "name": w["theory_of"].format(shape=shape), "x": x.tolist(),
                       "y": y.tolist(), "line": {"color": "#D55E00", "width": 2.5}, "hoverinfo": "skip"})  # fmt: skip
    top = max(max(trace["y"]) for trace in traces) if traces else 1.0
    marks = (("2.5 %", around.low, "dash"), (w["mean"], around.mean, "solid"), ("97.5 %", around.high, "dash"))
    for name, at, dash in marks:
        traces.append({
            "type": "scatter", "mode": "lines+text", "name": name, "x": [float(at)] * 2, "y": [0.0, 1.06 * top],
            "text": ["", f"{name}<br>{significant(float(at))}"], "textposition": "top center", "showlegend": False,
            "line": {"color": "#000", "width": 1.5, "dash": dash}, "hoverinfo": "skip", "cliponaxis": False,
        })  # fmt: skip
    notes = [getattr(one.said, view.language), *notes]
    title = w["spread_of"].format(scenario=view.scenario(""))
    return chart(title, notes, traces, 400, showlegend=True, bargap=0,
                 xaxis={"title": {"text": view.unit}, "nticks": 6, "range": ends},
                 yaxis={"title": {"text": w["share_of_draws"]}, "range": [0, 1.3 * top]})  # fmt: skip


def _density(value: float, mean: float, variance: float) -> float:
    """Return the density of the lognormal with a mean and variance, of the normal one about zero."""
    if mean <= 0:
        return math.exp(-((value - mean) ** 2) / (2 * variance)) / math.sqrt(2 * math.pi * variance)
    if value <= 0:
        return 0.0
    squares = math.log1p(variance / mean**2)
    middle = math.log(mean) - squares / 2
    return math.exp(-((math.log(value) - middle) ** 2) / (2 * squares)) / (value * math.sqrt(2 * math.pi * squares))


def sensitivity(view: View) -> dict[str, Any] | None:
    """Return which numbers cause the spread of the base case, by theory and by draws."""
    one = view.uncertainty.get("")
    ranked = [] if one is None else [r for r in cleared(one.ranking) if r["analytic_pct"]]
    if not ranked:
        return None
    shown = [r for r in ranked[:FEW] if r["analytic_pct"] >= LEAST_PCT or r is ranked[0]][::-1]
    w = view.w
    names = [
        fitted(" ".join(filter(None, (r["process"], r["name"]))), 34) + f" ({w['of_' + r['kind']]})" for r in shown
    ]
    traces = [
        bar(w[way], *look, orientation="h", y=[*range(len(shown))], x=[r[column] for r in shown], customdata=names,
            hovertemplate="%{customdata}<br>%{x:.1f} %")
        for way, column, look in (("by_draws", "drawn_pct", LOOKS[1]), ("by_theory", "analytic_pct", LOOKS[0]))
        if any(r[column] is not None for r in shown)
    ]  # fmt: skip
    more = w["top_note"].format(n=len(shown), all=len(ranked), file="sensitivity.csv")
    return chart(w["causes"], [more if len(ranked) > len(shown) else ""], traces, max(340, 110 + 30 * len(shown)),
                 showlegend=True, barmode="group", xaxis={"title": {"text": w["of_variance"]}, "rangemode": "tozero"},
                 yaxis=named(names))  # fmt: skip


def data_kinds(view: View) -> dict[str, Any] | None:
    """Return how much of each scenario rests on primary, secondary and estimated amounts."""
    sums: dict[tuple[str, str], float] = {}
    for r in view.quality:
        if r["part"] == "exchange" and r["weight_pct"]:
            key = (r["scenario"], data_kind(r["data"]))
            sums[key] = sums.get(key, 0.0) + r["weight_pct"]
    order = [name for name in view.shown if any(scenario == name for scenario, _ in sums)][::-1]
    kinds = [*LOOK_OF_DATA, *sorted({kind for _, kind in sums} - LOOK_OF_DATA.keys())]
    kinds = [kind for kind in kinds if any((name, kind) in sums for name in order)]
    if not kinds or kinds == [""]:
        return None
    names = [label(view.scenario(name), 24) for name in order]
    traces = [
        bar(label(view.data(kind)) or view.w["data_unstated"], *LOOK_OF_DATA.get(kind, GREY), orientation="h",
            y=[*range(len(order))], x=[sums.get((name, kind), 0.0) for name in order],
            hovertemplate="%{x:.1f} %")
        for kind in kinds
    ]  # fmt: skip
    return chart(view.w["by_data"], [view.w["weight_note"]], traces, max(260, 110 + 30 * len(order)),
                 barmode="relative", showlegend=True, xaxis={"title": {"text": "%"}, "range": [0, 100]},
                 yaxis=named(names))  # fmt: skip


def pedigree(view: View) -> dict[str, Any] | None:
    """Return the scores of the pedigree, weighted by contribution, of a few scenarios."""
    some = view.shown[: len(MARKS)]
    rated = {name: view.found.quality(name) for name in some}
    if not any(one[score] is not None for one in rated.values() for score in SCORES):
        return None
    names = [view.w[score] for score in SCORES][::-1]
    traces = []
    for (name, one), mark, (colour, _) in zip(rated.items(), MARKS, LOOKS, strict=False):
        at = [(one[score], n) for n, score in enumerate(reversed(SCORES)) if one[score] is not None]
        traces.append({
            "type": "scatter", "mode": "markers", "name": label(view.scenario(name), 24), "x": [x for x, _ in at],
            "y": [y for _, y in at], "hovertemplate": "%{x:.2f}",
            "marker": {"symbol": mark, "size": 11, "color": colour, "line": {"width": 1, "color": "#222"}},
        })  # fmt: skip
    grid = named(names) | {"showgrid": True}
    more = view.w["scenarios_more"].format(n=len(some), all=len(view.found.solved))
    return chart(view.w["scores"], [view.w["scores_note"], more if len(view.found.solved) > len(some) else ""], traces,
                 320, showlegend=True, xaxis={"range": [0.8, 5.2], "dtick": 1, "title": {"text": view.w["score"]}},
                 yaxis=grid)  # fmt: skip
