"""The charts of a footprint that follow its chain: the tree of what makes it up, and the flows between processes."""

from __future__ import annotations

from typing import Any

from carbon.footprint.tree import contribution_tree
from carbon.report.cells import percent, significant
from carbon.report.page.charts import LARGEST, LOOKS, NODES, bar, chart, flows
from carbon.report.page.footprints.view import View
from carbon.report.page.parts import fitted, label

DEEPEST = 6
LEAST = (0.01, 0.02, 0.05, 0.1)  # shares of the footprint below which rows of the tree are left out, as it grows
MOST_PROCESSES = 18  # of the flows; smaller ones are drawn as one
INDENT, WIDTH, LETTERS = 18, 350, 38  # of the names of the tree [px, px, letters]

Links = dict[tuple[str, str], float]


def tree(view: View) -> dict[str, Any] | None:
    """Return what makes up the base case, level by level, as bars under one another; credits lie below zero."""
    rows, least, depth = _grown(view)
    if not rows:
        return None
    shown, w = rows[::-1], view.w
    links = {r["source_line"] for r in view.edges}
    carried = [r["source_line"] in links for r in shown]
    credit = [r["co2e_kg"] < 0 for r in shown]
    traces = [
        bar(w[kind], *look, orientation="h", y=some, x=[shown[n]["co2e_kg"] for n in some],
            customdata=[f"{label(shown[n]['path'], 120)}<br>{_said(shown[n])}" for n in some],
            hovertemplate="%{customdata}<extra></extra>")
        for kind, look, some in (
            ("carried", LOOKS[0], [n for n in range(len(shown)) if carried[n] and not credit[n]]),
            ("own", LOOKS[1], [n for n in range(len(shown)) if not carried[n] and not credit[n]]),
            ("credit", LOOKS[3], [n for n in range(len(shown)) if credit[n]]),
        )
        if some
    ]  # fmt: skip
    place = {"xref": "paper", "yref": "y", "x": 0, "showarrow": False}
    names = [
        place | {"y": n, "xanchor": "left", "xshift": INDENT * (r["level"] - 1) - WIDTH, "text":
                 ("└ " if r["level"] > 1 else "") + fitted(f"{r['name']} · {view.kind(r['kind'])}",
                                                           LETTERS - 3 * r["level"])}
        for n, r in enumerate(shown)
    ]  # fmt: skip
    names += [place | {"y": n, "xanchor": "right", "xshift": -4, "text": _said(r)} for n, r in enumerate(shown)]
    axis = {"title": {"text": view.unit}, "nticks": 6}
    side = {"tickvals": [], "range": [-0.6, len(shown) - 0.4], "showgrid": False, "zeroline": False}
    notes = [w["tree_note"].format(depth=depth, least=f"{100 * least:g}")]
    notes += [w["credit_note"]] if any(r["co2e_kg"] < 0 for r in shown) else []
    return chart(w["made_of"], notes, traces, max(300, 110 + 24 * len(shown)), wide=True, barmode="overlay",
                 showlegend=True, annotations=names, xaxis=axis, yaxis=side,
                 margin={"l": WIDTH + 6, "r": 20, "t": 34, "b": 40})  # fmt: skip


def _said(record: dict[str, Any]) -> str:
    share = record["share_pct"]
    return significant(record["co2e_kg"]) + ("" if share is None else " " + label(f"({percent(share)} %)"))


def _grown(view: View) -> tuple[list[dict[str, Any]], float, int]:
    """Return as many levels of the tree as a chart can show, the share that was cut at, and the levels."""
    best = (contribution_tree(view.found, least=LEAST[0])[:LARGEST], LEAST[0], 1)
    for depth in range(2, DEEPEST + 1):
        for least in LEAST:
            rows = contribution_tree(view.found, depth=depth, least=least)
            if len(rows) <= LARGEST:
                break
        else:
            return best
        if max((r["level"] for r in rows), default=0) < depth:  # there is no deeper level
            return best
        best = (rows, least, depth)
    return best


def sankey(view: View) -> dict[str, Any] | None:
    """Return the flow of CO2e of the base case: from what emits to processes, from these to the product."""
    study, w = view.found.study, view.w
    total = view.totals[""]
    own: Links = {}
    between: Links = {}
    for r in view.exchanges:
        key = (r["kind"], r["process"])
        own[key] = own.get(key, 0.0) + (r["co2e_kg"] or 0.0)
    for r in view.edges:
        if not r["scenario"]:
            key = (r["source"], r["target"])
            between[key] = between.get(key, 0.0) + (r["co2e_kg"] or 0.0)
    node = view.found.chain.node(study.product)
    if total is None or total <= 0 or node is None:
        return None
    last = view.found.chain.processes[view.found.chain.nodes[node].process].name
    own, between = _folded(own, between, last)
    left_out = sum(mass for mass in own.values() if mass < 0)  # a link carries no more than what it leads to
    forward, back = _without_loops({link: mass for link, mass in between.items() if mass > 0}, last)
    nodes: dict[tuple[str, str], int] = {}
    links: dict[tuple[int, int], float] = {}

    def add(source: tuple[str, str], target: tuple[str, str], mass: float) -> None:
        ends = (nodes.setdefault(source, len(nodes)), nodes.setdefault(target, len(nodes)))
        links[ends] = links.get(ends, 0.0) + mass

    for (kind, process), mass in sorted(own.items(), key=lambda one: -one[1]):
        if mass > 0:
            add(("kind", kind), ("process", process), mass)
    for (source, target), mass in sorted(forward.items(), key=lambda one: -one[1]):
        add(("process", source), ("process", target), mass)
    for (source, target), mass in back.items():
        add(("process", source), ("out", f"{source}\n{target}"), mass)
        add(("in", f"{source}\n{target}"), ("process", target), mass)
    add(("process", last), ("product", ""), total)
    kinds = [*dict.fromkeys(name for what, name in nodes if what == "kind")]
    drawn = [
        (_name(view, what, name), NODES[(kinds.index(name) + 1) % len(NODES)] if what == "kind"
         else "#0072B2" if what == "product" else "#999999" if what in ("in", "out") else "#56B4E9")
        for what, name in nodes
    ]  # fmt: skip
    notes = [
        w["flow_note"], w["loop_note"] if back else "",
        w["flow_left_out"].format(n=significant(left_out)) if left_out < 0 else "",
    ]  # fmt: skip
    rows = max(len(kinds), len({name for what, name in nodes if what == "process"}))
    return flows(w["flow_of"], notes, drawn, links, "kgCO2e", max(380, 38 * rows))


def _name(view: View, what: str, name: str) -> str:
    """Return the label of a node of the flows."""
    if what == "kind":
        return view.kind(name)
    if what == "product":
        return label(view.declared, 40)
    if what in ("in", "out"):
        source, target = name.split("\n")
        return "↺ " + label(f"{source or view.w['others']} → {target or view.w['others']}", 30)
    return label(name or view.w["others"])


def _folded(own: Links, between: Links, last: str) -> tuple[Links, Links]:
    """Return the flows with all but the largest processes as one without a name."""
    size: dict[str, float] = {}
    for links in (own, between):
        for (_, target), mass in links.items():
            size[target] = size.get(target, 0.0) + abs(mass)
    kept = {last, *sorted(size, key=lambda name: (-size[name], name))[:MOST_PROCESSES]}
    folded_own: Links = {}
    folded: Links = {}
    for (kind, process), mass in own.items():
        key = (kind, process if process in kept else "")
        folded_own[key] = folded_own.get(key, 0.0) + mass
    for (source, target), mass in between.items():
        key = (source if source in kept else "", target if target in kept else "")
        if key[0] or key[1]:
            folded[key] = folded.get(key, 0.0) + mass
    return folded_own, folded


def _without_loops(links: Links, last: str) -> tuple[Links, Links]:
    """Return the flows that lead on to the last process, and those that lead back into a loop.

    Followed upstream from the last process, a flow leads back if it comes from a process that lies downstream on the
    same way.
    """
    sources: dict[str, list[str]] = {}
    for source, target in sorted(links, key=lambda link: -links[link]):
        sources.setdefault(target, []).append(source)
    back: set[tuple[str, str]] = set()
    done: set[str] = set()
    for start in (last, *sources):
        way: list[tuple[str, int]] = [(start, 0)]
        while way:
            node, place = way[-1]
            above = sources.get(node, [])
            if node in done or place >= len(above):
                done.add(node)
                way.pop()
                continue
            way[-1] = (node, place + 1)
            source = above[place]
            if source in {name for name, _ in way}:
                back.add((source, node))
            elif source not in done:
                way.append((source, 0))
    return {k: v for k, v in links.items() if k not in back}, {k: v for k, v in links.items() if k in back}
