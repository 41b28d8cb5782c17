"""Hooks of mkdocs: the tables of the reference are made at build time, from what the program itself reads."""

from typing import Any

from generate import filled


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Put the made parts into a page."""
    return filled(markdown)
