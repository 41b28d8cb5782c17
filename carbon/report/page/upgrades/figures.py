"""The charts of an upgrade study as plain Plotly figures: data, layout and caption. Every label is escaped."""

from __future__ import annotations

from itertools import accumulate
from typing import Any

from carbon.report.page.charts import BAD, GOOD, GREY, LOOKS, bar, chart, named, room, tall
from carbon.report.page.parts import figure, label
from carbon.report.page.upgrades.view import View

MOST_BARS = 400  # of the curve of abatement costs; beyond it the others are an outline of so many steps
MOST_STEPS = 1000
MOST_RANKED = 40
MOST_PAIRS = 20  # of measures before and after
NARROW = 0.012  # a bar that takes less of the curve has no room for its rank
FAR = 5.0  # times the cost below which nine tenths of the CO2e lie: a bar beyond it is cut, or it would flatten all
BEFORE, AFTER = ("#BBBBBB", "/"), ("#0072B2", "")


def charts(view: View) -> list[dict[str, Any] | None]:
    """Return the charts in the order in which they stand; None of what there is nothing to draw."""
    return [macc(view), cash_flow(view), before_after(view), present_values(view), paybacks(view)]


def macc(view: View) -> dict[str, Any] | None:
    """Return the curve of abatement costs: a bar per measure that counts, as wide as what it saves, cheapest first."""
    w, records = view.w, view.study.abatement_records
    drawn = [r for r in records if r["abatement_cost_cny_t"] is not None and (r["counted_co2e_t"] or 0.0) > 0]
    if not drawn:
        return None
    largest = sorted(drawn, key=lambda r: (-r["counted_co2e_t"], r["rank"]))[:MOST_BARS]
    ends = [*accumulate(r["counted_co2e_t"] for r in drawn)]
    start = dict(zip((r["source_line"] for r in drawn), [0.0, *ends], strict=False))
    kept, end = {r["source_line"] for r in largest}, ends[-1]
    shown = [r for r in drawn if r["source_line"] in kept]
    sums: dict[str, float] = {}
    for r in shown:
        sums[r["kind"]] = sums.get(r["kind"], 0.0) + r["counted_co2e_t"]
    kinds = sorted(sums, key=lambda kind: (-sums[kind], kind))
    single = kinds if len(kinds) <= len(LOOKS) - 1 else kinds[: len(LOOKS) - 2]
    looks = {kind: LOOKS[n] for n, kind in enumerate(single)}
    traces = [] if len(shown) == len(drawn) else [_outline(drawn, start, end, w["macc_outline"])]
    for kind in [*single, *([""] if len(kinds) > len(single) else [])]:
        mine = [r for r in shown if (r["kind"] if r["kind"] in looks else "") == kind]
        traces.append(bar(
            label(kind or w["others"]), *looks.get(kind, GREY), x=[start[r["source_line"]] for r in mine], offset=0,
            width=[r["counted_co2e_t"] for r in mine], y=[r["abatement_cost_cny_t"] for r in mine],
            text=[str(r["rank"]) if r["counted_co2e_t"] >= NARROW * end else "" for r in mine],
            textposition="outside", textangle=0, constraintext="none", cliponaxis=False, textfont={"size": 11},
            customdata=[_of_bar(r) for r in mine],
            hovertemplate="%{customdata}<br>%{y:,.2f} " + w["cost_unit"] + "<extra></extra>",
        ))  # fmt: skip
    low, high, bound, cut = _reach(drawn)
    lines = {r["source_line"] for r in drawn}
    absent = [r for r in records if r["source_line"] not in lines]
    notes = [
        w["macc_note"],
        w["macc_cut"].format(names=view.names(cut), bound=figure(bound, 0)) if cut else "",
        w["macc_absent"].format(n=f"{len(absent):,}", names=view.names(absent)) if absent else "",
        w["macc_left"].format(
            n=f"{len(shown):,}", all=f"{len(drawn):,}", shown=figure(sum(r["counted_co2e_t"] for r in shown)),
            sum=figure(end),
        ) if len(shown) < len(drawn) else "",
    ]  # fmt: skip
    free = 0.08 * (high - low)
    return chart(
        w["macc"], notes, traces, 380, wide=True, bargap=0, barmode="overlay", showlegend=True,
        xaxis={"title": {"text": w["macc_x"]}, "range": [0, end], "showgrid": False},
        yaxis={"title": {"text": w["cost_unit"]}, "zeroline": True, "zerolinewidth": 2,
               "range": [low - (free if low < 0 else 0), high + (free if high > 0 else 0)]},
    )  # fmt: skip


def _outline(drawn: list[dict[str, Any]], start: dict[int, float], end: float, name: str) -> dict[str, Any]:
    """Return the whole curve as a staircase around the bars, exact at every step that is drawn."""
    some = drawn[:: -(-len(drawn) // MOST_STEPS)]
    return {
        "type": "scatter", "mode": "lines", "name": name, "x": [*(start[r["source_line"]] for r in some), end],
        "y": [*(r["abatement_cost_cny_t"] for r in some), drawn[-1]["abatement_cost_cny_t"]],
        "line": {"shape": "hv", "color": "#666666", "width": 1}, "hoverinfo": "skip",
    }  # fmt: skip


def _of_bar(r: dict[str, Any]) -> str:
    return f"{r['rank']} · {label(r['measure'], 60)}<br>{figure(r['counted_co2e_t'])} tCO2e"


def _reach(drawn: list[dict[str, Any]]) -> tuple[float, float, float, list[dict[str, Any]]]:
    """Return the ends of the axis of costs, how far it may reach, and the measures whose bars it cuts."""
    costs = [r["abatement_cost_cny_t"] for r in drawn]
    left = 0.9 * sum(r["counted_co2e_t"] for r in drawn)
    most = 0.0
    for r in sorted(drawn, key=lambda r: abs(r["abatement_cost_cny_t"])):
        most = abs(r["abatement_cost_cny_t"])
        left -= r["counted_co2e_t"]
        if left <= 0:
            break
    bound = FAR * most or max(map(abs, costs))
    cut = [r for r in drawn if abs(r["abatement_cost_cny_t"]) > bound]
    return max(min(0.0, *costs), -bound), min(max(0.0, *costs), bound), bound, cut


def cash_flow(view: View) -> dict[str, Any] | None:
    """Return what is paid and received by year for all measures that count, with its sum, discounted and not."""
    w, flow = view.w, view.study.flow
    rows = flow.records
    if not rows:
        return None
    years = [r["year"] for r in rows]
    parts = (
        ("investment_cny", "investment", LOOKS[1]), ("government_funded_cny", "government", LOOKS[4]),
        ("saving_cny", "savings", LOOKS[0]), ("loan_subsidy_cny", "loan_subsidy", LOOKS[2]),
        ("tax_credit_cny", "tax_credit", LOOKS[3]),
    )  # fmt: skip
    traces = [
        bar(w[word], *look, x=years, y=[r[name] for r in rows], hovertemplate="%{y:,.2f} CNY")
        for name, word, look in parts if any(r[name] for r in rows)
    ]  # fmt: skip
    for name, word, dash, symbol in (("cumulative_cny", "cumulative", "solid", "circle"),
                                     ("cumulative_discounted_cny", "discounted", "dash", "diamond")):  # fmt: skip
        if rows[0][name] is not None:
            traces.append({
                "type": "scatter", "mode": "lines+markers", "name": w[word], "x": years, "y": [r[name] for r in rows],
                "line": {"color": "#000", "width": 2, "dash": dash}, "marker": {"symbol": symbol, "size": 6},
                "hovertemplate": "%{y:,.2f} CNY",
            })  # fmt: skip
    rate, left = view.study.study.discount_rate, int((flow.counted & ~flow.within).sum())
    notes = [
        w["cash_note"].format(n=f"{int(flow.within.sum()):,}"),
        w["cash_rate"].format(rate=f"{100 * rate:g}") if rate is not None else w["cash_no_rate"],
        w["cash_left"].format(n=f"{left:,}") if left else "",
    ]  # fmt: skip
    return chart(w["cash_flow"], notes, traces, 330, wide=True, barmode="relative", hovermode="x unified",
                 xaxis={"title": {"text": w["year"]}, "dtick": 1 if len(years) <= 32 else 5, "showgrid": False,
                        "zeroline": False, "range": [-0.6, len(years) - 0.4]},
                 yaxis={"title": {"text": "CNY"}}, margin={"l": 10, "r": 16, "t": 60, "b": 40})  # fmt: skip


def before_after(view: View) -> dict[str, Any] | None:
    """Return energy, CO2e and energy cost of the measures that change most, before and after."""
    w, study = view.w, view.study
    known = [row for row in view.largest if study.records[row]["co2e_saved_t"] is not None
             or study.records[row]["tce_saved"] is not None]  # fmt: skip
    if not known:
        return None
    shown = [study.records[row] for row in known[:MOST_PAIRS]][::-1]
    y, names = [*range(len(shown))], [label(r["measure"] or "", 34) for r in shown]
    panels = (
        ("tce_before", "tce_after", "tce_saved", w["panel_energy"], "tce"),
        ("co2e_before_t", "co2e_after_t", "co2e_saved_t", w["panel_co2"], "tCO2e"),
        ("energy_cost_before_cny", "energy_cost_after_cny", None, w["panel_cost"], "CNY"),
    )  # fmt: skip
    traces, axes = [], {}
    for n, (before, after, saved, title, unit) in enumerate(panels, start=1):
        pairs = [(r[before], r[after]) for r in shown]
        less = [None if None in pair else pair[0] - pair[1] if saved is None else r[saved]
                for r, pair in zip(shown, pairs, strict=True)]  # fmt: skip
        ends = [None in pair or pair[0] >= pair[1] for pair in pairs]  # the longer bar says it
        for place, word, (colour, pattern), width in ((0, "before", BEFORE, 0.8), (1, "after", AFTER, 0.46)):
            traces.append(bar(
                w[word], colour, pattern, orientation="h", y=y, x=[pair[place] for pair in pairs], width=width,
                xaxis="x" if n == 1 else f"x{n}", legendgroup=word, showlegend=n == 1, customdata=names,
                text=[_change(one) if end == (place == 0) else "" for one, end in zip(less, ends, strict=True)],
                textposition="outside", cliponaxis=False, textfont={"size": 10}, constraintext="none",
                hovertemplate="%{customdata}<br>%{x:,.2f} " + unit,
            ))  # fmt: skip
        unknown = [n for n, one in enumerate(less) if one is None]
        if unknown:
            traces.append({
                "type": "scatter", "mode": "text", "x": [max(filter(None, pairs[n]), default=0.0) for n in unknown],
                "y": unknown, "text": ["?"] * len(unknown), "textposition": "middle right", "showlegend": False,
                "hoverinfo": "skip", "xaxis": "x" if n == 1 else f"x{n}",
            })  # fmt: skip
        values = [value for pair in pairs for value in pair if value is not None]
        left = (n - 1) * 0.345
        axes[f"xaxis{n}" if n > 1 else "xaxis"] = {
            "title": {"text": f"{title}, {unit}"}, "range": room(values or [1.0], 0.62), "nticks": 3, "tickangle": 0,
            "domain": [left, left + 0.31],
        }  # fmt: skip
    left_out = len(known) - len(shown)
    notes = [w["pairs_note"], w["top_note"].format(n=len(shown), all=f"{len(known):,}", file="upgrade.csv")
             if left_out else ""]  # fmt: skip
    made = chart(w["before_after"], notes, traces, tall(len(shown)), wide=True, barmode="overlay", showlegend=True,
                 xaxis=axes.pop("xaxis"), yaxis=named(names))  # fmt: skip
    shared = made["layout"]["xaxis"]
    made["layout"] |= {name: shared | axis for name, axis in axes.items()}
    return made


def _change(less: float | None) -> str:
    """Return what stands at the end of a bar before and after: the change."""
    if less is None:
        return ""
    return f"{'−' if less > 0 else '+' if less < 0 else ''}{figure(abs(less), 0 if abs(less) >= 100 else 2)}"


def present_values(view: View) -> dict[str, Any] | None:
    """Return the net present values of the measures, each alone, the largest first."""
    w = view.w
    known = [r for r in view.study.records if r["npv_cny"] is not None]
    largest = sorted(known, key=lambda r: (-abs(r["npv_cny"]), r["source_line"]))[:MOST_RANKED]
    shown = sorted(largest, key=lambda r: (r["npv_cny"], -r["source_line"]))
    groups = ((w["npv_above"], GOOD, [r["npv_cny"] >= 0 for r in shown]),
              (w["npv_below"], BAD, [r["npv_cny"] < 0 for r in shown]))  # fmt: skip
    return _ranked(view, "npv", shown, "npv_cny", "CNY", 0, groups, len(known))


def paybacks(view: View) -> dict[str, Any] | None:
    """Return the simple payback times of the measures, each alone, the shortest first."""
    w = view.w
    known = [r for r in view.study.records if r["payback_years"] is not None]
    shown = sorted(known, key=lambda r: (r["payback_years"], r["source_line"]))[:MOST_RANKED][::-1]
    late = [None if r["life_years"] is None else r["payback_years"] > r["life_years"] for r in shown]
    groups = ((w["pays_within"], GOOD, [one is False for one in late]), (w["pays_late"], BAD, [*map(bool, late)]),
              (w["life_unknown"], (*GREY, "?"), [one is None for one in late]))  # fmt: skip
    return _ranked(view, "payback", shown, "payback_years", w["years"], 1, groups, len(known))


def _ranked(
    view: View, word: str, shown: list[dict[str, Any]], column: str, unit: str, digits: int,
    groups: tuple[tuple[str, tuple[str, str, str], list[bool]], ...], count: int,
) -> dict[str, Any] | None:  # fmt: skip
    """Return horizontal bars of measures in the order given, the last on top, in groups that look different."""
    if not shown:
        return None
    w, names = view.w, [label(r["measure"] or "", 30) for r in shown]
    values = [r[column] for r in shown]
    traces = []
    for name, (colour, pattern, mark), held in groups:
        mine = [n for n, one in enumerate(held) if one]
        if mine:
            traces.append(bar(
                f"{mark} {name}", colour, pattern, orientation="h", y=mine, x=[values[n] for n in mine],
                text=[figure(values[n], digits) for n in mine], textposition="outside", cliponaxis=False,
                constraintext="none", textfont={"size": 10}, customdata=[names[n] for n in mine],
                hovertemplate="%{customdata}<br>%{x:,.2f} " + unit + "<extra></extra>",
            ))  # fmt: skip
    absent = len(view.study.records) - count
    notes = [
        w[f"note_{word}"], w[f"top_{word}"].format(n=len(shown), all=f"{count:,}") if count > len(shown) else "",
        w[f"absent_{word}"].format(n=f"{absent:,}") if absent else "",
    ]  # fmt: skip
    axis = {"title": {"text": unit}, "range": room(values, 0.38), "nticks": 5}
    return chart(w[word], notes, traces, tall(len(shown)), showlegend=True, xaxis=axis, yaxis=named(names))
