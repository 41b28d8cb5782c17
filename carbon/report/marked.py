"""A copy of the user's own tables with what is wrong beside the cells that it concerns.

It holds values as they are stored, numbers, days and texts, and no formula; formats and charts are not kept.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from carbon.errors import Issue, Issues, printable
from carbon.reading import MAXIMUM_BYTES
from carbon.report.grid import Column, kept
from carbon.report.listings import issue_sheet
from carbon.report.sheets import WIDEST, Book, Sheet, spread
from carbon.report.words import words
from carbon.schema import folded_header, schema, table_names
from carbon.workbooks import ISSUES_COLUMN, ISSUES_SHEET, MAXIMUM_CELLS, column_letters, raw_sheets

MOST_CELLS = 1_000_000  # of a sheet that is copied whole; of a larger one only the rows with issues
MOST_ROWS = 100_000
MOST_MARKS = 50_000  # lines of all issues that are looked at
MOST_COMMENTS = 1_000
MOST_SAID = 8  # issues that a row or a comment spells out
_LONGEST = 500  # characters of one of them
_LOOKS = {"error": "wrong", "warning": "warn"}
_FIRST_DAY, _MARCH = dt.datetime(1899, 12, 30), dt.datetime(1900, 3, 1)


@dataclass
class _Table:
    """One sheet of what the user gave."""

    file: str
    title: str
    rows: int
    columns: int
    grid: Callable[[], list[list[Any]]]
    visible: bool = True
    lines: dict[int, list[Issue]] = field(default_factory=dict)

    @property
    def whole(self) -> bool:
        """Whether all of it is copied."""
        return self.rows <= MOST_ROWS and self.rows * self.columns <= MOST_CELLS


def marked_bytes(files: Mapping[str, bytes], issues: Issues, language: str) -> bytes | None:
    r"""Return a workbook of the user's tables with their issues: cells filled, comments, a column and a list of them.

    A sheet that is copied whole can be mended and computed again: the column and the list are skipped. Of a sheet with
    more than `MOST_CELLS` cells there are only the rows with issues, below a sentence that keeps it from being taken
    for a table.

    Parameters
    ----------
    files : mapping of str to bytes
        Workbooks and CSV files by the names that the issues call them.
    issues : Issues
        What is wrong.
    language : {"en", "zh"}
        Of the texts.

    Returns
    -------
    bytes or None
        None if no error and no warning has a line in them.

    Examples
    --------
    >>> marked_bytes({"a.csv": b"item\ncoal\n"}, Issues(), "en") is None
    True
    """
    tables = [table for name, data in files.items() for table in _tables(name, data)]
    by_file = {table.file: table for table in tables}
    room = MOST_MARKS
    for issue in issues.ordered():
        table = by_file.get(issue.file)
        if table is not None and issue.severity in _LOOKS:
            for line in issue.lines[: max(room, 0)]:
                table.lines.setdefault(int(line), []).append(issue)
            room -= len(issue.lines)
    if not any(table.lines for table in tables):
        return None
    w = words("report", language) | words("workbook", language)
    book = Book(w["issue_sheet"], kept)
    writer = _Writer(book, language, w)
    places: dict[str, Callable[[int, str], str]] = {}
    left_out = []
    for table in tables:
        if table.whole or (table.lines and table.rows * table.columns <= MAXIMUM_CELLS):
            places[table.file] = writer.write(table)
        else:
            left_out.append(table.title)
    sheet = book.sheet(ISSUES_SHEET)
    said = [w["marked_note"], w["marked_part"] if not all(table.whole for table in tables) else ""]
    said.append(w["marked_sheets"].format(names=", ".join(left_out[:20])) if left_out else "")
    said.append(w["marked_most"].format(marks=MOST_MARKS) if room < 0 else "")
    said.append(w["marked_comments"].format(comments=MOST_COMMENTS) if writer.comments > MOST_COMMENTS else "")
    for text in filter(None, said):
        sheet.line(text, look="bold")

    def place(record: Mapping[str, Any]) -> str | None:
        found = places.get(record["file"])
        return found(record["line"], record["column"]) if found is not None and record["line"] else None

    issue_sheet(sheet, issues, language, w, place)
    return book.data()


def _tables(name: str, data: bytes) -> Iterator[_Table]:
    """Yield the sheets of a workbook, or the one that a CSV file makes."""
    if name.lower().endswith(".csv"):
        rows = _csv_rows(data)
        yield _Table(printable(name), name.rpartition(".")[0], len(rows), max(map(len, rows), default=0), lambda: rows)
        return
    sheets = raw_sheets(data, MAXIMUM_BYTES // 4)
    for raw in sheets:
        file = f"{name}[{raw.title}]" if len(sheets) > 1 else name
        yield _Table(printable(file), raw.title, raw.rows, raw.columns, raw.grid, raw.visible)


def _csv_rows(data: bytes) -> list[list[str]]:
    """Return the rows of a CSV file, each at the line on which it begins; none of what is no text."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("gb18030", "replace")
    first = next((line for line in text.splitlines() if line.strip()), "")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=first.count))
    longest = csv.field_size_limit(len(text) + 1)
    rows: list[list[str]] = []
    try:
        for row in reader:
            rows.append(row)
            rows.extend([] for _ in range(reader.line_num - len(rows)))  # lines of cells that have line breaks
    except csv.Error:
        pass
    finally:
        csv.field_size_limit(longest)
    return rows


class _Writer:
    """Writes the sheets of a marked copy.

    Attributes
    ----------
    comments : int
        How many cells have issues, and would have a comment if there was room.
    """

    def __init__(self, book: Book, language: str, w: Mapping[str, str]) -> None:
        self.comments = 0
        self._book, self._language, self._w = book, language, w
        self._texts: dict[int, str] = {}

    def write(self, table: _Table) -> Callable[[int, str], str]:
        """Write one sheet, and return a function that says where in it a line and column are."""
        rows = table.grid()
        head = next((n for n, row in enumerate(rows, 1) if any(str(v or "").strip() for v in row)), 1)
        header = [printable(str(v or "").strip()) for v in rows[head - 1]] if rows else []
        width = max(map(len, rows), default=0)
        columns_of = _finder(header)
        sheet = self._book.sheet(table.title)
        lines: Sequence[int] = range(1, len(rows) + 1)
        if not table.whole:
            sheet.line(self._w["marked_rows"].format(file=table.file), look="bold")
            lines = sorted({head, *(line for line in table.lines if line <= len(rows))})
        row_of = {line: n for n, line in enumerate(lines, start=sheet.rows + 1)}
        top = row_of.get(head, sheet.rows + 1)
        marks = self._marks(table, row_of, columns_of)
        columns = self._cells(sheet, [rows[line - 1] for line in lines], width, marks, top - sheet.rows - 1)
        sheet.cells([*columns, self._column(table, lines, head)], len(lines))
        texts = ([spread(str(v)) + 2 for v in column.values[:50] if v] for column in columns)
        sheet.widths(*(min(max([12.0, *sizes]), 24.0) for sizes in texts), WIDEST)
        sheet.made.freeze_panes(top if top < 8 else 0, 0)
        if len(lines) > 1:
            sheet.made.autofilter(top - 1, 0, sheet.rows - 1, width)
        if not table.visible:
            sheet.made.hide()
        sheet.made.ignore_errors({"number_stored_as_text": "A1:XFD1048576"})

        def place(line: int, column: str) -> str:
            at = next(iter(columns_of(column)), 0)
            return sheet.place(f"{column_letters(at + 1)}{row_of.get(line, 1)}")

        return place

    def _marks(
        self, table: _Table, row_of: Mapping[int, int], columns_of: Callable[[str], list[int]]
    ) -> dict[tuple[int, int], list[Issue]]:
        """Return the issues of each cell, by row from 1 and column from 0; those of no column are of the first."""
        found: dict[tuple[int, int], list[Issue]] = {}
        for line in sorted(table.lines):
            if line in row_of:
                for issue in table.lines[line]:
                    for column in columns_of(issue.column) or [0]:
                        found.setdefault((row_of[line], column), []).append(issue)
        return found

    def _cells(
        self, sheet: Sheet, rows: Sequence[Sequence[Any]], width: int,
        marks: Mapping[tuple[int, int], list[Issue]], top: int,
    ) -> list[Column]:  # fmt: skip
        """Return the cells of the user, filled where they are marked, and write the comments."""
        values: list[list[Any]] = []
        looks: list[list[str]] = []
        for n in range(width):
            pairs = [_stored(row[n] if n < len(row) else None) for row in rows]
            values.append([value for value, _ in pairs])
            looks.append([f"{look} bold" if at == top else look for at, (_, look) in enumerate(pairs)])
        for (row, column), issues in marks.items():
            look = _LOOKS["error" if any(i.severity == "error" for i in issues) else "warning"]
            at = row - sheet.rows - 1
            looks[column][at] = f"{looks[column][at]} {look}"
            self.comments += 1
            if self.comments <= MOST_COMMENTS:
                said = self._said(issues, "\n\n")
                size = {"x_scale": 2.4, "y_scale": min(6.0, 0.8 + len(said) / 160)}
                sheet.made.write_comment(row - 1, column, kept(said), size)
        return [Column("", v, "any", looks=look) for v, look in zip(values, looks, strict=True)]

    def _column(self, table: _Table, lines: Sequence[int], head: int) -> Column:
        """Return the column that says what is wrong with each row."""
        said = [ISSUES_COLUMN if line == head else "" for line in lines]
        looks = ["bold" if line == head else "" for line in lines]
        for n, line in enumerate(lines):
            if line in table.lines and line != head:
                said[n] = self._said(table.lines[line], " ")
                looks[n] = _LOOKS["error" if any(i.severity == "error" for i in table.lines[line]) else "warning"]
        return Column("", said, "wrapped", looks=looks)

    def _said(self, issues: Sequence[Issue], between: str) -> str:
        """Return some issues as text: code, message and remedy of each."""
        texts = []
        for issue in issues[:MOST_SAID]:
            if id(issue) not in self._texts:
                text = issue.said(self._language)
                self._texts[id(issue)] = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
            texts.append(self._texts[id(issue)])
        if len(issues) > MOST_SAID:
            texts.append(self._w["marked_more"].format(n=len(issues) - MOST_SAID))
        return between.join(texts)


def _finder(header: Sequence[str]) -> Callable[[str], list[int]]:
    """Return a function that finds the columns of a sheet that an issue speaks of, by header, schema or letters."""
    given = [folded_header(name) for name in header]
    best: dict[str, str] = {}
    for table in table_names():
        names = {folded_header(n): c.name for c in schema(table).values() for n in (c.name, *c.aliases)}
        known = {name: names[name] for name in given if name in names}
        best = known if len(known) > len(best) else best
    found: dict[str, list[int]] = {}
    for n, name in enumerate(header):
        for word in {name[:80], best.get(given[n], ""), column_letters(n + 1)} - {""}:
            found.setdefault(word, []).append(n)
    return lambda column: found.get(column, [])


def _stored(value: Any) -> tuple[Any, str]:
    """Return a value as a cell holds it, and how it looks there.

    Examples
    --------
    >>> _stored(dt.date(2024, 3, 1)), _stored("=1+1"), _stored(dt.timedelta(hours=36))
    ((45352.0, 'day'), ('=1+1', 'literal'), (1.5, 'duration'))
    """
    if isinstance(value, str):
        return value, "literal" if value else ""
    if isinstance(value, dt.datetime):
        days = (value - _FIRST_DAY).total_seconds() / 86_400 - (value < _MARCH)  # 1900 had a 29 February to Excel
        return days, "moment" if value.time() != dt.time() else "day"
    if isinstance(value, dt.date):
        return _stored(dt.datetime(value.year, value.month, value.day))
    if isinstance(value, dt.time):
        return _stored(dt.timedelta(hours=value.hour, minutes=value.minute, seconds=value.second,
                                    microseconds=value.microsecond))[0], "time"  # fmt: skip
    if isinstance(value, dt.timedelta):
        return value.total_seconds() / 86_400, "duration"
    return value, ""
