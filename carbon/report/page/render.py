"""A page of any kind: template, style, script and data put together into one file that asks the network for nothing."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from carbon.inventory.provenance import version
from carbon.report.page.parts import page_words
from carbon.report.words import words

_HERE = Path(__file__).parent
# inside a script no text may end it, open a comment, or end a line of JavaScript
_INERT = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


@dataclass(frozen=True)
class Page:
    """What a page shows, whatever it is about.

    Attributes
    ----------
    language : {"en", "zh"}
        Of the page.
    title, facts : str
        At its top, and what is to be known at once: place, method.
    first : dict
        What must be read before the numbers, as of `carbon.report.page.parts.first`.
    headline : str
        Over the cards.
    groups : sequence of (str, sequence of dict)
        Cards with the name of each group, as of `carbon.report.page.parts.card`.
    charts : sequence of dict or None
        As of `carbon.report.page.charts.chart`; None of what there is nothing to draw.
    tables : mapping of str to dict
        As of `carbon.report.page.parts.table`; those without rows are left out.
    made_from : str
        What it was computed from, at its foot.
    texts : sequence of str
        What the figures of tables open, by number.
    lineage : mapping
        What the figures of the totals of a run open.
    """

    language: str
    title: str
    facts: str
    first: Mapping[str, Any]
    headline: str
    groups: Sequence[tuple[str, Sequence[Mapping[str, Any]]]]
    charts: Sequence[Mapping[str, Any] | None]
    tables: Mapping[str, Mapping[str, Any]]
    made_from: str
    texts: Sequence[str] = ()
    lineage: Mapping[str, Any] = field(default_factory=dict)


def inert(document: Any) -> str:
    r"""Return a document as JSON that can stand in a page: nothing in it can end the script that it stands in.

    Examples
    --------
    >>> print(inert({"name": "</script>"}))
    {"name":"\u003c/script\u003e"}
    """
    text = json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for one, code in _INERT.items():
        text = text.replace(one, code)
    return text


def render(page: Page) -> str:
    """Return a page as HTML with style, scripts and data inside; it opens without a network.

    Parameters
    ----------
    page : Page
        What it shows.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from plotly.offline import get_plotlyjs

    w = page_words(page.language)
    drawn = _placed(page.charts)
    tables = {name: one for name, one in page.tables.items() if one["rows"]}
    document = {
        "language": page.language, "words": w, "charts": drawn, "tables": tables, "texts": page.texts,
        "lineage": page.lineage,
    }  # fmt: skip
    scripts = [get_plotlyjs(), (_HERE / "script.js").read_text("utf-8")]
    loader = FileSystemLoader(_HERE)
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True,
                              lstrip_blocks=True)  # fmt: skip
    files = dict.fromkeys(one["file"] for one in tables.values())
    return environment.get_template("page.html.j2").render(
        w=w, said=words("report", page.language), page=page, charts=drawn, tables=tables, data=inert(document),
        files=w["comma"].join(files), scripts=scripts, policy=" ".join(map(_digest, scripts)),
        style=(_HERE / "style.css").read_text("utf-8"), version=version("carbon-accounting"),
    )  # fmt: skip


def _placed(charts: Sequence[Mapping[str, Any] | None]) -> list[dict[str, Any]]:
    """Return the charts that there are, numbered; of an odd number that share a line the last takes it alone."""
    drawn = [{"id": f"chart-{n}", **one} for n, one in enumerate(filter(None, charts))]
    narrow = [one for one in drawn if not one["wide"]]
    if len(narrow) % 2:
        narrow[-1]["wide"] = True
    return drawn


def _digest(script: str) -> str:
    """Return the source by which a content security policy lets one inline script run and no other."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


def write(page: Page, path: Path) -> None:
    """Write a page as one HTML file, whole or not at all.

    Parameters
    ----------
    page : Page
        What it shows.
    path : pathlib.Path
        The file; replaced if it is there.
    """
    text = render(page)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    finally:
        Path(name).unlink(missing_ok=True)
