"""What tables of measures and of savings share: reading texts by row, marking rows, names, periods, regions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from carbon import periods
from carbon.benchmarks.upgrades.files import StudyFile
from carbon.benchmarks.upgrades.grouping import groups
from carbon.errors import Issues, UsageError, near_misses
from carbon.inventory.resolve import NEAR_MISSES
from carbon.library import Item, Library
from carbon.tables import Table


class Report:
    """Adds issues of a table and marks the rows that they keep from being computed."""

    def __init__(self, table: Table, issues: Issues) -> None:
        self.table, self.issues, self.bad = table, issues, table.bad.copy()

    def error(self, code: str, rows: np.ndarray, column: str, value: str = "", **parts: Any) -> None:
        """Report rows (a mask or their numbers) that are not bad already, and mark them."""
        rows = np.flatnonzero(rows) if rows.dtype == bool else rows
        rows = rows[~self.bad[rows]]
        self.warn(code, rows, column, value, **parts)
        self.bad[rows] = True

    def warn(self, code: str, rows: np.ndarray, column: str, value: str = "", **parts: Any) -> None:
        """Report rows (a mask or their numbers) without marking them."""
        lines = self.table.line[rows]
        if len(lines):
            self.issues.add(code, file=self.table.file, lines=lines, column=column, value=value[:80], **parts)

    def texts(self, column: str, read: Callable[[str], Any]) -> np.ndarray:
        """Return what the texts of a column mean, by row; None where it is empty. `read` may raise `UnreadableError`.

        Near misses take their time, so that only the first unreadable texts of a column get them.
        """
        codes, texts = self.table.codes[column], self.table.texts[column]
        values = np.full(len(texts) + 1, None, dtype=object)
        rows = {int(codes[some[0]]): some for some in groups(codes)}
        unreadable = 0
        for code, text in enumerate(texts):
            try:
                values[code] = read(text)
            except UnreadableError as error:
                unreadable += 1
                near = error.nearest(text) if unreadable <= NEAR_MISSES else []
                self.error(error.code, rows.get(code, np.empty(0, np.int64)), column, text, near=near, **error.parts)
        return np.asarray(values[codes])


class UnreadableError(Exception):
    """A text without meaning: the code that says so, near misses or a search for them, and parts of the message."""

    def __init__(
        self, code: str, near: Callable[[str], Iterable[str]] | Iterable[str] = (), **parts: Any
    ) -> None:  # fmt: skip
        self.code, self.near, self.parts = code, near, parts
        super().__init__(code)

    def nearest(self, text: str) -> list[str]:
        """Return near misses of the text."""
        return list(self.near(text) if callable(self.near) else self.near)


def unique_names(report: Report, column: str) -> None:
    """Report names that stand on a second row (B650)."""
    for rows in groups(report.table.codes[column]):
        if name := report.table.text(column, int(rows[0])):
            report.error("B650", rows[1:], column, name)


def row_of(measure: str, names: Sequence[str | None]) -> int:
    """Return the row of a measure.

    Raises
    ------
    UsageError
        If there is no such row; near misses are named.
    """
    if measure not in names:
        near = near_misses(measure, {name for name in names if name})
        message = f"no measure {measure!r}" + (f"; nearest: {', '.join(near)}" if near else "")
        raise UsageError(message)
    return names.index(measure)


def periods_of(report: Report, study: StudyFile, needed: np.ndarray | None = None) -> tuple[str, ...]:
    """Return the period of every row as text; an unreadable one (D101), and none where it is `needed`, is reported."""

    def read(text: str) -> str:
        try:
            periods.parse(text)
        except periods.PeriodError as error:
            raise UnreadableError(code="D101") from error
        return text

    given = report.texts("period", read)
    home = str(study.year or "")
    if not home:
        empty = report.table.codes["period"] < 0
        report.error("B660", empty if needed is None else empty & needed, "period")
    return tuple(text or home for text in given)


def regions_of(
    report: Report, study: StudyFile, library: Library, file: str, needed: np.ndarray | None = None
) -> tuple[str, ...]:
    """Return the region of every row as text: its own, else that of the study.

    One that the study names and that is none is said once, at the study (F203); rows that `needed` it are marked.
    """
    own, home = report.table.codes["region"] >= 0, study.region
    if home and library.regions.find(home) is None:
        report.issues.add("F203", file=file, column="region", value=home[:80], near=library.regions.near(home))
        report.bad |= ~own if needed is None else ~own & needed
        home = ""
    return tuple(report.table.text("region", row) or home for row in range(len(own)))


def find_item(library: Library) -> Callable[[str], Item]:
    """Return a reader of names of energies; an unknown one is F201."""

    def read(text: str) -> Item:
        found = library.items.find(text)
        if found is None:
            raise UnreadableError(code="F201", near=library.items.near)
        return found

    return read
