"""The kinds of measures, from kinds.toml: which columns each needs and how its energy follows."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from carbon.library import Names

SIDES = ("before", "after")


@dataclass(frozen=True, eq=False)
class Kind:
    """A kind of measure, from kinds.toml: what it needs, and how its energy follows."""

    id: str
    name_zh: str
    name_en: str
    needs: tuple[str, ...]
    performance: tuple[str, ...]
    formula: str
    aliases: tuple[str, ...] = ()
    item: str = ""
    unit: str = ""
    drive: bool = False
    subject: str = ""
    sets: tuple[str, ...] = ()
    levels: Mapping[str, str] | None = None
    attributes: tuple[str, ...] = ()

    @property
    def columns(self) -> frozenset[str]:
        """Columns that speak of the equipment and are used for this kind."""
        sided = [f"{side}_{name}" for side in SIDES for name in self.performance]
        grades = [f"grade_{side}" for side in SIDES] if self.levels else []
        units_ = [f"{side}_specific_unit" for side in SIDES] if "specific" in self.performance else []
        more = ["profile"] * ("load" in self.needs) + ["drive_efficiency_pct"] * self.drive
        return frozenset([*self.needs, *sided, *grades, *units_, *more, *self.attributes])


@cache
def kinds() -> Names[Kind]:
    """Return the kinds of measures by id, name or alias.

    Examples
    --------
    >>> kinds().find("电机").needs
    ('power_kw', 'load', 'hours')
    """
    with (Path(__file__).parent / "kinds.toml").open("rb") as file:
        entries = tomllib.load(file)
    lists = ("needs", "performance", "aliases", "sets", "attributes")
    read: dict[str, dict[str, Any]] = {
        name: {key: tuple(value) if key in lists else value for key, value in entry.items()}
        for name, entry in entries.items()
    }
    return Names(Kind(id=name, **entry) for name, entry in read.items())
