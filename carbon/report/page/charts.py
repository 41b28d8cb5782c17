"""What charts are made of: plain Plotly documents, colours and patterns that read in print, whiskers, flows.

Every text that goes into a chart has been through `carbon.report.page.parts.label`, since Plotly reads a little HTML.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

FONT = "system-ui, 'Noto Sans CJK SC', 'Microsoft YaHei', 'PingFang SC', sans-serif"
# Okabe and Ito: told apart by the colour-blind; the patterns tell them apart in black and white
LOOKS = (
    ("#0072B2", ""), ("#E69F00", "/"), ("#CC79A7", "."), ("#009E73", "x"), ("#56B4E9", "\\"), ("#D55E00", "-"),
    ("#F0E442", "+"), ("#999999", "|"),
)  # fmt: skip
GOOD, MIDDLE, BAD, UNKNOWN = ("#009E73", "", "✓"), ("#E69F00", "/", "◐"), ("#D55E00", "x", "✗"), ("#BBBBBB", ".", "?")
GREY = ("#999999", "")
NODES = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#999999")
LARGEST = 30  # bars of a chart


def chart(
    title: str, notes: Iterable[str], traces: Sequence[Mapping[str, Any]], height: int = 340, wide: bool = False,
    **layout: Any,
) -> dict[str, Any]:  # fmt: skip
    """Return a chart: title, note below it, traces and layout as Plotly has them.

    Parameters
    ----------
    title : str
        As text; it stands above the chart and is no part of the layout.
    notes : iterable of str
        Sentences below the chart; empty ones are left out.
    traces : sequence of mapping
        Data of Plotly.
    height : int
        In pixels.
    wide : bool
        Whether it takes the whole width of the page.
    **layout
        Beats the layout that all charts share; ``xaxis`` and ``yaxis`` are added to the shared axis.

    Examples
    --------
    >>> chart("Stages", [], [bar("total", *LOOKS[0], x=["kiln"], y=[1.5])])["layout"]["height"]
    340
    """
    axis = {"automargin": True, "gridcolor": "#dddddd", "zerolinecolor": "#666666", "linecolor": "#666666",
            "separatethousands": True, "exponentformat": "none", "fixedrange": True}  # fmt: skip
    base: dict[str, Any] = {
        "height": height, "margin": {"l": 10, "r": 16, "t": 34, "b": 40}, "paper_bgcolor": "#fff",
        "plot_bgcolor": "#fff", "font": {"family": FONT, "size": 12, "color": "#222"}, "bargap": 0.3,
        "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "traceorder": "normal"},
        "hoverlabel": {"align": "left"}, "dragmode": False,
    }  # fmt: skip
    for name in ("xaxis", "yaxis"):
        base[name] = axis | layout.pop(name, {})
    return {"title": title, "note": " ".join(filter(None, notes)), "wide": wide, "data": [*traces],
            "layout": base | layout}  # fmt: skip


def bar(name: str, colour: str, pattern: str, **rest: Any) -> dict[str, Any]:
    """Return a trace of bars in a colour and a pattern, such as one of `LOOKS`; `rest` is as Plotly has it."""
    look: dict[str, Any] = {"color": colour, "line": {"color": "#333333", "width": 0.5}}
    if pattern:
        look["pattern"] = {"shape": pattern, "fgcolor": "#ffffff", "bgcolor": colour, "size": 6, "solidity": 0.35}
    return {"type": "bar", "name": name, "marker": look, **rest}


def whiskers(
    axis: str, places: Sequence[Any], values: Sequence[float], above: Sequence[float],
    below: Sequence[float] | None = None,
) -> list[dict[str, Any]]:  # fmt: skip
    """Return intervals as error bars on small marks; nothing where there is none.

    Parameters
    ----------
    axis : {"x", "y"}
        Along which the values lie.
    places : sequence
        Where the marks lie on the other axis.
    values, above, below : sequence of float
        The figures, and how far each interval reaches beyond them; alike on both sides if `below` is left out.

    Examples
    --------
    >>> whiskers("x", [0], [5.0], [1.0])[0]["error_x"]["array"]
    [1.0]
    """
    if not values:
        return []
    spread: dict[str, Any] = {"type": "data", "array": [*above], "color": "#000", "thickness": 1.5, "width": 5}
    spread |= {} if below is None else {"symmetric": False, "arrayminus": [*below]}
    other = "y" if axis == "x" else "x"
    return [{
        "type": "scatter", "mode": "markers", "showlegend": False, "hoverinfo": "skip",
        "marker": {"size": 5, "color": "#000", "symbol": "diamond"}, axis: [*values], other: [*places],
        f"error_{axis}": spread,
    }]  # fmt: skip


def named(names: Sequence[str]) -> dict[str, Any]:
    """Return an axis of numbered bars with names: two of the same name stay two.

    Examples
    --------
    >>> named(["kiln", "kiln"])["tickvals"]
    [0, 1]
    """
    return {"tickmode": "array", "tickvals": [*range(len(names))], "ticktext": [*names], "showgrid": False,
            "range": [-0.6, len(names) - 0.4], "ticks": "", "zeroline": False}  # fmt: skip


def tall(bars: int) -> int:
    """Return the height of a chart of so many horizontal bars [px]."""
    return max(340, 110 + 24 * bars)


def room(values: Iterable[float], share: float = 0.22) -> list[float]:
    """Return the range of an axis that leaves room for the figures at the ends of bars.

    Examples
    --------
    >>> room([1.0, 10.0], 0.5)
    [0.0, 15.0]
    """
    held = [0.0, *values]
    low, high = min(held), max(held)
    free = share * (high - low)
    return [low - (free if low < 0 else 0.0), high + free]


def flows(
    title: str, notes: Iterable[str], nodes: Sequence[tuple[str, str]], links: Mapping[tuple[int, int], float],
    unit: str, height: int,
) -> dict[str, Any]:  # fmt: skip
    """Return a chart of flows (Sankey) as wide as the page.

    Parameters
    ----------
    title, notes
        As of `chart`.
    nodes : sequence of (str, str)
        Label and colour.
    links : mapping of (int, int) to float
        Flows above zero by number of the nodes from which and to which they go.
    unit : str
        Of the flows.
    height : int
        In pixels.
    """
    trace = {
        "type": "sankey", "orientation": "h", "valueformat": ",.2f", "valuesuffix": f" {unit}", "arrangement": "snap",
        "node": {"label": [name for name, _ in nodes], "color": [colour for _, colour in nodes], "pad": 12,
                 "thickness": 14, "line": {"color": "#333", "width": 0.5}, "align": "justify"},
        "link": {"source": [s for s, _ in links], "target": [t for _, t in links], "value": [*links.values()],
                 "color": "rgba(120,120,120,0.28)"},
        "textfont": {"size": 11, "color": "#111", "family": FONT},
    }  # fmt: skip
    return chart(title, notes, [trace], height, wide=True, margin={"l": 8, "r": 8, "t": 28, "b": 12})
