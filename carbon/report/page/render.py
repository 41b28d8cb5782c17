"""The page itself: template, style, script and data put together into one file that asks the network for nothing."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from carbon.report.page.data import View, clean, first, headline, tables
from carbon.report.page.figures import charts
from carbon.report.page.lineage import lineage, places

if TYPE_CHECKING:
    from carbon.inventory import Result

_HERE = Path(__file__).parent
# inside a script no text may end it, open a comment, or end a line of JavaScript
_INERT = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


def inert(document: Any) -> str:
    r"""Return a document as JSON that can stand in a page: nothing in it can end the script that it stands in.

    Examples
    --------
    >>> print(inert({"name": "</script>"}))
    {"name":"\u003c/script\u003e"}
    """
    text = json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.translate({ord(one): code for one, code in _INERT.items()})


def render_page(result: Result) -> str:
    """Return the report of a run as one HTML page in its language.

    Parameters
    ----------
    result : Result
        What was computed.

    Returns
    -------
    str
        HTML with style, scripts and data inside; it opens without a network. Tables and charts hold the longest
        periods and the largest facilities and say what else the other files of the result hold.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from plotly.offline import get_plotlyjs

    view = View(result)
    numbers = places(view)
    drawn = charts(view)
    document = {
        "words": view.w, "charts": drawn, "tables": tables(view, numbers), "lineage": lineage(view, numbers),
        "language": result.language,
    }  # fmt: skip
    scripts = [get_plotlyjs(), (_HERE / "script.js").read_text("utf-8")]
    loader = FileSystemLoader(_HERE)
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True,
                              lstrip_blocks=True)  # fmt: skip
    facts = result.provenance
    zh = result.language == "zh"
    return environment.get_template("page.html.j2").render(
        w=view.w, said=view.said, title=clean(result.title) or view.said["report"], first=first(view),
        headline=headline(view), charts=drawn, tables=document["tables"], data=inert(document), scripts=scripts,
        policy=" ".join(map(_digest, scripts)), style=(_HERE / "style.css").read_text("utf-8"),
        place=view.place({"facility": view.top[0], "group": view.top[1]}),
        methods=[f"{p['title_zh' if zh else 'title_en']} ({p['id']}, {p['document']})" for p in facts["methods"]],
        gwp=result.gwp_name if result.gwp_name != "none" else view.said["none"],
        made_from=view.w["made_from"].format(library=facts["library_sha256"][:12], plan=facts["plan_sha256"][:12]),
        version=facts["versions"]["carbon-accounting"],
    )  # fmt: skip


def _digest(script: str) -> str:
    """Return the source by which a content security policy lets one inline script run and no other."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


def write_page(result: Result, path: Path) -> None:
    """Write the report of a run as one HTML file, whole or not at all.

    Parameters
    ----------
    result : Result
        What was computed.
    path : pathlib.Path
        The file; replaced if it is there.
    """
    text = render_page(result)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    finally:
        Path(name).unlink(missing_ok=True)
