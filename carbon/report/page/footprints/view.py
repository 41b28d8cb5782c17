"""A footprint as its page looks at it: names in words, contributions by size, figures with the digits that it has."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from carbon.report.cells import kind_name, scenario_name
from carbon.report.evidence import (
    cleared,
    data_kind,
    exchange_records,
    footprint_records,
    gwp_name,
    quality_records,
    spread,
)
from carbon.report.footprint import largest
from carbon.report.pact import decimal
from carbon.report.page.charts import LARGEST
from carbon.report.page.parts import clean, label, page_words, potentials
from carbon.report.words import words

if TYPE_CHECKING:
    from carbon.footprint.statistics import Summary
    from carbon.footprint.study import Footprint
    from carbon.footprint.uncertain import Uncertainty


@dataclass(frozen=True)
class View:
    """A footprint as the page looks at it.

    Attributes
    ----------
    found : Footprint
        What was computed.
    uncertainty : mapping of str to Uncertainty
        By scenario; empty where no number has limits.
    """

    found: Footprint
    uncertainty: Mapping[str, Uncertainty] = field(default_factory=dict)

    @property
    def language(self) -> str:
        """Of the study."""
        return self.found.study.language

    @cached_property
    def w(self) -> dict[str, str]:
        """Words of the page; those of the other reports where it has none of its own."""
        return words("footprint", self.language) | page_words(self.language, "footprints")

    @cached_property
    def declared(self) -> str:
        """How much of what the footprint is for."""
        study = self.found.study
        return clean(f"{decimal(study.amount)} {study.unit} {study.product}", 80)

    @cached_property
    def unit(self) -> str:
        """Of the footprint, as a label of an axis."""
        study = self.found.study
        return label(f"kgCO2e / {decimal(study.amount)} {study.unit}", 40)

    @cached_property
    def shown(self) -> list[str]:
        """The scenarios that a chart can show."""
        return [*self.found.solved][:LARGEST]

    @cached_property
    def totals(self) -> dict[str, float | None]:
        """The footprint of each scenario [kgCO2e]; None where it is not known."""
        return {name: self.found.co2e(name) for name in self.found.solved}

    def scenario(self, name: str) -> str:
        """Return the name of a scenario, the base case in words."""
        return clean(scenario_name(name, self.w), 60)

    @cached_property
    def potentials(self) -> dict[str, dict[str, str]]:
        """The warming potentials that weigh a gas here, by gas other than CO2: id and source as factors have them."""
        return potentials(self.found.library, gwp_name(self.found), self.found.background.gases)

    def part(self, record: Mapping[str, Any]) -> str:
        """Return what a part of the footprint is called; gases, processes and classes have names of their own."""
        name = record["name"]
        return clean(name) if record["part"] in ("gas", "process", "class") else self.w.get(name, clean(name))

    def kind(self, kind: str) -> str:
        """Return the name of a kind of exchange."""
        return kind_name(kind, self.language)

    def data(self, text: str | None) -> str:
        """Return what a row says of its amount."""
        kind = data_kind(text)
        return self.w.get(f"data_{kind}", clean(kind)) if kind else ""

    @cached_property
    def records(self) -> list[dict[str, Any]]:
        """The footprint by its parts, as it is written."""
        return footprint_records(self.found)

    @cached_property
    def contributions(self) -> list[dict[str, Any]]:
        """What each exchange contributes, as it is written."""
        return cleared(self.found.contribution_records)

    @cached_property
    def exchanges(self) -> list[dict[str, Any]]:
        """What each exchange contributes to the base case, the largest by size first, and what is unknown before it."""
        return largest(self.found, most=len(exchange_records(self.found)))

    @cached_property
    def edges(self) -> list[dict[str, Any]]:
        """What flows between processes, as it is written."""
        return cleared(self.found.edge_records)

    @cached_property
    def quality(self) -> list[dict[str, Any]]:
        """Quality of every exchange and of the whole, as it is written."""
        return quality_records(self.found)

    @cached_property
    def digits(self) -> int:
        """How many decimals six digits of the footprint have: a column of its parts adds up."""
        total = self.found.co2e() or max((abs(r["co2e_kg"] or 0.0) for r in self.records), default=0.0)
        return max(0, min(12, 5 - math.floor(math.log10(abs(total))))) if total else 3

    def interval(self, scenario: str) -> Summary | None:
        """Return the mean and 95 % interval of a scenario, of draws or else of theory; None where there is none."""
        if scenario not in self.uncertainty:
            return None
        found = spread(self.uncertainty[scenario])[1]
        return found if math.isfinite(found.low) and math.isfinite(found.high) else None
