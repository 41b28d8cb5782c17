"""Words of reports and of the terminal, from words.toml."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path


@cache
def words(place: str, language: str) -> dict[str, str]:
    """Return the words of one place (``report``, ``terminal``) in one language.

    Examples
    --------
    >>> words("report", "zh")["total"]
    '合计'
    """
    with Path(__file__).with_name("words.toml").open("rb") as file:
        found: dict[str, str] = tomllib.load(file)[place][language]
    return found
