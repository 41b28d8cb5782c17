"""Report pages as tests look at them: their tags and documents, and a browser that opens them."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from carbon.report.page import Page, write

HOSTILE = "<script>alert(1)</script>"
NAMES = [
    HOSTILE,
    '"><img src=x onerror=alert(2)>',
    "<a href='javascript:alert(3)'>A</a> & <b>B</b>",
    "]]>{{7*7}}\u2028</style>",
]


class Parts(HTMLParser):
    """Tags with their attributes, and the text of each script."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.inside = tag == "script"
        if self.inside:
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        self.inside = False

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.scripts[-1] += data


def parts(page: str) -> Parts:
    found = Parts()
    found.feed(page)
    return found


def held(page: str) -> dict[str, Any]:
    """Return the document in a page."""
    return json.loads(parts(page).scripts[0])


def texts(node: Any) -> Iterator[str]:
    """Yield every text in a document."""
    if isinstance(node, dict):
        for value in node.values():
            yield from texts(value)
    elif isinstance(node, (list, tuple)):
        for value in node:
            yield from texts(value)
    elif isinstance(node, str):
        yield node


def check_labels(charts: Iterable[dict[str, Any] | None]) -> None:
    """Demand that no text in a chart can be read as markup, but for breaks of our own."""
    own = re.compile("<br>|<extra></extra>")
    for chart in filter(None, charts):
        for text in texts([chart["data"], chart["layout"]]):
            assert not set(own.sub("", text)) & set("<>"), text


def check_markup(page: str) -> None:
    """Demand that a page loads nothing, runs its own scripts alone, and reads no text of a user as markup."""
    found = parts(page)
    assert len(found.scripts) == 3, "data, plotly, our own"
    assert not set(found.scripts[0]) & set("<>&\u2028\u2029")
    assert HOSTILE not in page
    for tag, attributes in found.tags:
        assert tag not in ("iframe", "object", "embed", "base", "form", "img", "a"), tag
        assert not any(name.startswith("on") for name in attributes), f"<{tag}> has a handler"
        for name in ("src", "href", "action", "poster", "srcset"):
            value = attributes.get(name)
            assert value is None or value == "data:," or value.startswith("#"), f"<{tag} {name}={value}>"
    style = page[page.index("<style>") : page.index("</style>")]
    assert "url(" not in style
    assert "@import" not in style
    policy = next(a["content"] for tag, a in found.tags if tag == "meta" and a.get("http-equiv"))
    assert policy is not None
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe-inline" not in policy.split("style-src")[0]
    assert "http" not in policy


PATIENCE = 180_000  # milliseconds, far beyond what any machine needs


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    found = next(
        (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
    )
    if found is None:
        pytest.skip("no Chromium on this machine")
    with sync_api.sync_playwright() as play:
        running = play.chromium.launch(executable_path=found, args=["--no-sandbox"], timeout=PATIENCE)
        yield running
        running.close()


def opened(browser: Any, page: Page, folder: Path) -> tuple[Any, list[str], list[str]]:
    """Write and open a page; return it with what the console said and what was asked for."""
    write(page, folder / "report.html")
    tab = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    said: list[str] = []
    asked: list[str] = []
    tab.on("console", lambda message: said.append(message.text))
    tab.on("pageerror", lambda error: said.append(str(error)))
    tab.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
    tab.on("request", lambda request: asked.append(request.url))
    tab.set_default_timeout(PATIENCE)
    tab.goto((folder / "report.html").as_uri())
    tab.wait_for_function("[...document.querySelectorAll('.chart')].every(n => n.dataset.drawn)")
    return tab, said, asked


def check_print(tab: Any) -> None:
    """Demand that a page goes onto A4 without becoming smaller."""
    assert tab.pdf(format="A4", prefer_css_page_size=True).startswith(b"%PDF")
    tab.emulate_media(media="print")
    tab.set_viewport_size({"width": 703, "height": 900})  # A4 less its margins
    widths = tab.locator("table").evaluate_all("tables => tables.map(t => t.scrollWidth)")
    assert widths
    assert max(widths) <= 703, "a wider table makes the whole page smaller"
