"""A run as its page looks at it: periods and places in the order in which they are shown, totals, verdicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from carbon.inventory.totals import CONTROL, TOTAL, scope_sums
from carbon.report.listings import ranks
from carbon.report.page.parts import clean, page_words, potentials
from carbon.report.words import words

if TYPE_CHECKING:
    from carbon.inventory import Result
    from carbon.periods import Period

MOST_LINES = 1000  # of the output, held against levels

GAS_COLUMNS = ("co2e_t", "co2_t", "ch4_t", "n2o_t", "other_co2e_t", "biogenic_co2_t")

Place = tuple[str, str]  # facility and group of a record; both empty for all together


@dataclass(frozen=True)
class View:
    """A result as the page looks at it.

    Attributes
    ----------
    result : Result
        What was computed.
    """

    result: Result

    @cached_property
    def w(self) -> dict[str, str]:
        """Words of the page."""
        return page_words(self.result.language, "runs")

    @cached_property
    def said(self) -> dict[str, str]:
        """Words shared with the other reports."""
        return words("report", self.result.language)

    @cached_property
    def periods(self) -> list[Period]:
        """All periods, the longest first and the latest of these first; those of any length last."""
        rank = ranks(self.result)  # a leap year is no longer than another
        return sorted(
            self.result.cells.periods,
            key=lambda p: (p.label not in self.longest, rank[p.label], -p.start, p.start - p.end),
        )

    @cached_property
    def longest(self) -> set[str]:
        """Labels of the longest periods."""
        return self.result.cells.longest

    @cached_property
    def when(self) -> str:
        """The last of the longest periods; empty where there is none."""
        return (
            max((p for p in self.periods if p.label in self.longest), key=lambda p: p.end).label if self.periods else ""
        )

    @cached_property
    def top(self) -> Place:
        """The largest place: all together, or their one group, or the one facility."""
        places = self.result.cells.places
        return (places[-1].facility, places[-1].group) if places else ("", "")

    @cached_property
    def categories(self) -> dict[str, str]:
        """Names of categories by id."""
        zh = self.result.language == "zh"
        named = {c.id: c.name_zh if zh else c.name_en for pack in self.result.packs for c in pack.category}
        return named | {TOTAL: self.said["total"]}

    @cached_property
    def scopes(self) -> dict[tuple[str, str, str], dict[str, float | None]]:
        """CO2e by scope, location-based, in tonnes, of what a chart or the headline may show."""
        kept: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
        for r in self.result.total_records:
            if r["basis"] == "location" and (r["period"] == self.when or (r["facility"], r["group"]) == self.top):
                kept.setdefault((r["facility"], r["group"], r["period"]), []).append(r)
        return {key: scope_sums(found) for key, found in kept.items()}

    @cached_property
    def potentials(self) -> dict[str, dict[str, str]]:
        """The warming potentials that weigh a gas here, by gas other than CO2: id and source as factors have them."""
        return potentials(self.result.library, self.result.gwp_name, {term.target for term in self.result.plan.terms})

    @cached_property
    def lacking(self) -> set[tuple[str, str]]:
        """Period and scope of the largest place, location-based, where something is missing from a category."""
        return {
            (r["period"], r["scope"])
            for r in self.result.total_records
            if (r["facility"], r["group"]) == self.top and r["basis"] == "location" and not r["complete"]
        }

    @cached_property
    def totals(self) -> dict[tuple[str, str, str, str], dict[str, Any]]:
        """Total records by facility, group, period and basis."""
        return {
            (r["facility"], r["group"], r["period"], r["basis"]): r
            for r in self.result.total_records
            if r["category"] == TOTAL
        }

    @cached_property
    def energy(self) -> list[dict[str, Any]]:
        """Energy records of the largest place."""
        return [r for r in self.result.energy_records if (r["facility"], r["group"]) == self.top]

    @cached_property
    def facilities(self) -> list[tuple[Place, dict[str, Any]]]:
        """Facilities with their total of the last of the longest periods, the largest first."""
        found = [
            ((f, g), r)
            for (f, g, period, basis), r in self.totals.items()
            if f and period == self.when and basis == "location"
        ]
        return sorted(found, key=lambda entry: (-(entry[1]["co2e_t"] or 0.0), entry[0]))

    @cached_property
    def ranks(self) -> dict[str, int]:
        """Place of each facility in the order of size."""
        return {facility: number for number, ((facility, _), _) in enumerate(self.facilities)}

    @cached_property
    def verdicts(self) -> list[dict[str, Any]]:
        """Rows of the comparison with levels, of the largest facilities if there are many; none without an output."""
        verdicts = self.result.verdicts
        if verdicts is None:
            return []
        table, last = verdicts.lines.table, len(self.ranks)
        if len(table) > MOST_LINES:  # to make the rows of all would take longer than the rest of the page
            rank = np.array([*(self.ranks.get(text, last) for text in table.texts["facility"]), last])
            left = np.ones(len(table), dtype=bool)
            left[np.argsort(rank[table.codes["facility"]], kind="stable")[:MOST_LINES]] = False
            held = tuple(one.without(left) for one in verdicts.held)
            refused = tuple(replace(one, row=one.row[~left[one.row]]) for one in verdicts.refused)
            kept = {int(line) for line in table.line[~left]}
            verdicts = replace(verdicts, held=tuple(one for one in held if len(one.row)), refused=refused)
            return [r for r in verdicts.records() if r["source_line"] in kept]
        return list(verdicts.records())

    @cached_property
    def verdict_count(self) -> int:
        """How many rows the whole comparison has."""
        verdicts = self.result.verdicts
        if verdicts is None:
            return 0
        held = sum(len(one.row) * len(one.ladder.tiers) for one in verdicts.held)
        bad = verdicts.lines.table.bad
        return held + sum(int((~bad[one.row]).sum()) for one in verdicts.refused) + int(bad.sum())

    def place(self, record: Mapping[str, Any]) -> str:
        """Return what a record is for, in words."""
        if record["facility"]:
            return clean(record["facility"])
        return f"{self.said['group']} {clean(record['group'])}" if record["group"] else self.said["all"]

    def chosen(self, records: Sequence[dict[str, Any]], most: int) -> list[dict[str, Any]]:
        """Return the records of the longest periods and the largest places, in this order, as many as are shown."""
        by_period: dict[str, list[dict[str, Any]]] = {}
        for record in records:
            by_period.setdefault(record["period"] or "", []).append(record)
        order = [p.label for p in self.periods]
        found: list[dict[str, Any]] = []
        last = len(self.ranks)

        def size(record: Mapping[str, Any]) -> tuple[int, int, bool]:
            level = 2 if record["facility"] else 1 if record.get("group") else 0
            part = record.get("category", record.get("item", TOTAL)) not in (TOTAL, CONTROL)
            return level, self.ranks.get(record["facility"], last), part

        for period in [p for p in order if p in by_period] + [p for p in by_period if p not in order]:
            if len(found) >= most:
                break
            found += sorted(by_period[period], key=size)
        return found[:most]
