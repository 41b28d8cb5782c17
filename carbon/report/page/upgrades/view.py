"""An upgrade study as its page looks at it: words, and the measures that are shown where there are too many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from carbon.report.page.parts import clean, page_words
from carbon.report.words import words

if TYPE_CHECKING:
    from carbon.benchmarks.upgrades.upgrading import Upgrade

MOST_MEASURES = 1500  # rows of a table
MOST_NAMES = 12  # of measures in a sentence
KNOWN = ("tce_saved", "co2e_saved_t", "yearly_saving_cny", "investment_cny", "npv_cny")


@dataclass(frozen=True)
class View:
    """A study as its page looks at it.

    Attributes
    ----------
    study : Upgrade
        What was computed.
    """

    study: Upgrade

    @cached_property
    def w(self) -> dict[str, str]:
        """Words of the page."""
        return page_words(self.study.language, "upgrades")

    @cached_property
    def said(self) -> dict[str, str]:
        """Words shared with the other reports."""
        return words("report", self.study.language)

    @cached_property
    def largest(self) -> list[int]:
        """Rows of the measures, the largest saving of CO2e first; those whose saving is not known last."""
        saved = [r["co2e_saved_t"] for r in self.study.records]
        return sorted(range(len(saved)), key=lambda row: (saved[row] is None, -abs(saved[row] or 0.0), row))

    @cached_property
    def shown(self) -> set[int]:
        """Lines of the table whose measures the tables of the page hold: all, or the largest."""
        records = self.study.records
        return {records[row]["source_line"] for row in self.largest[:MOST_MEASURES]}

    @cached_property
    def unknown(self) -> int:
        """How many measures have a saving, an investment or a present value that is not known."""
        return sum(map(self.lacks, self.study.records))

    @staticmethod
    def lacks(record: dict[str, Any]) -> bool:
        """Return whether one of the figures of a measure that a reader counts on is not known."""
        return any(record[name] is None for name in KNOWN)

    def names(self, records: Sequence[dict[str, Any]], most: int = MOST_NAMES) -> str:
        """Return the names of measures as a sentence holds them: the first of them, and how many there are beyond."""
        said = self.w["comma"].join(clean(r["measure"] or "", 60) for r in records[:most])
        return said + (self.w["and_more"].format(n=f"{len(records) - most:,}") if len(records) > most else "")
