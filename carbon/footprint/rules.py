"""Rule sets of product footprints as data: the general standard and product rules, with what is known of each."""

from __future__ import annotations

import pkgutil
import tomllib
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any

from carbon.errors import near_misses
from carbon.schema import folded

FILES = ("general", "priority-products")


@dataclass(frozen=True)
class Rule:
    """One rule set. What is not known of it is empty.

    Attributes
    ----------
    id : str
        As `study.toml` names it.
    product_zh, product_en : str
        The product that it is for; empty = any.
    document : str
        Number and year; empty if it is not known.
    verification : str
        How well its content was checked; empty where nothing of its text is held.
    declared_unit, data_quality : str
        What it asks for, in words.
    boundaries, allocation : tuple of str
        Boundaries that it allows, and ways to share burdens, the one to be tried first in front.
    cut_off : float or None
        Largest share of the footprint that may be left out.
    """

    id: str
    product_zh: str
    product_en: str
    title_zh: str
    title_en: str
    document: str = ""
    verification: str = ""
    declared_unit: str = ""
    data_quality: str = ""
    boundaries: tuple[str, ...] = ()
    allocation: tuple[str, ...] = ()
    cut_off: float | None = None
    notes_zh: str = ""
    notes_en: str = ""

    @property
    def known(self) -> bool:
        """Whether anything of its text is held."""
        return bool(self.verification)


@cache
def rules() -> MappingProxyType[str, Rule]:
    """Return the rule sets by id.

    Examples
    --------
    >>> rules()["cement"].title_zh
    '温室气体 产品碳足迹量化方法与要求 水泥'
    """
    found: dict[str, Rule] = {}
    for file in FILES:
        text = (pkgutil.get_data("carbon.footprint", f"rules/{file}.toml") or b"").decode("utf-8")
        for given in tomllib.loads(text)["rule"]:
            values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in given.items()}
            found[given["id"]] = Rule(**values)
    return MappingProxyType(found)


def find_rule(text: str) -> Rule | None:
    """Return the rule set that a text names by id, product or title; None if there is none.

    Examples
    --------
    >>> find_rule("电解铝").id
    'electrolytic-aluminium'
    """
    word = folded(text.strip("《》"))
    for rule in rules().values():
        names = (rule.id, rule.product_zh, rule.product_en, rule.title_zh, rule.title_en)
        if word and word in [folded(name) for name in names if name]:
            return rule
    return None


def near_rules(text: str) -> list[str]:
    """Return the ids nearest to a text that names no rule set."""
    names = {folded(name): rule.id for rule in rules().values() for name in (rule.id, rule.product_zh) if name}
    return list(dict.fromkeys(names[word] for word in near_misses(folded(text), names)))
