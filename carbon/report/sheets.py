"""Sheets of a workbook: tables of any size with a header that stays, filters, widths that fit, links within it."""

from __future__ import annotations

import datetime as dt
import io
import re
import unicodedata
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, lru_cache
from itertools import islice
from math import ceil
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

from xlsxwriter import Workbook

from carbon.errors import UsageError
from carbon.report.grid import NUMBERS, Column, Numbering, plain, row_xml
from carbon.workbooks import column_letters

MOST_ROWS = 1_048_576
_CHUNK = 20_000
_MOST_FROZEN = 8  # rows that stay; more of them would leave a small screen no room
_SQUEEZE = 1  # a third larger than at the usual level, in a third of the time
MADE = dt.datetime(2000, 1, 1)  # no time of writing: the same result is the same bytes
OPTIONS: dict[str, Any] = {
    "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "in_memory": True,
}  # fmt: skip
_CELL: dict[str, Any] = {"valign": "top", "align": "left", "indent": 1}
_TOP: dict[str, Any] = {"valign": "top"}
FORMS: Mapping[str, Mapping[str, Any]] = {
    "plain": {},
    "text": _CELL,
    "mark": {"valign": "top", "align": "center"},
    "wrapped": _CELL | {"text_wrap": True},
    "title": {"bold": True, "font_size": 16},
    "part": {"bold": True, "font_size": 12, "font_color": "#1F4E79"},
    "head": {"bold": True, "text_wrap": True, "valign": "vcenter", "bg_color": "#D9E1F2", "bottom": 1},
    "required": {"bold": True, "text_wrap": True, "valign": "vcenter", "bg_color": "#F8CBAD", "bottom": 1},
    "count": _TOP | {"num_format": "#,##0"},
    "mass": _TOP | {"num_format": "#,##0.00;-#,##0.00;0"},
    "fine": _TOP | {"num_format": "#,##0.0000;-#,##0.0000;0"},
    "percent": _TOP | {"num_format": '0.0"%"'},  # of numbers that are percent already
    "number": _TOP,
    "any": _TOP,
}
LOOKS: Mapping[str, Mapping[str, Any]] = {
    "": {},
    "bold": {"bold": True},
    "right": {"align": "right"},
    "link": {"font_color": "#0563C1", "underline": 1},
    "sum": {"bold": True, "bg_color": "#EDF2FA", "top": 1},
    "total": {"bold": True, "bg_color": "#D9E1F2", "top": 1},
    "alarm": {"bold": True, "font_color": "#9C0006", "bg_color": "#FFC7CE"},
    "wrong": {"font_color": "#9C0006", "bg_color": "#FFC7CE"},
    "good": {"font_color": "#00518A", "bg_color": "#DCEBF7"},
    "warn": {"font_color": "#7F6000", "bg_color": "#FFF2CC"},
    "literal": {"num_format": "@"},  # a text that stays one when it is edited
    "day": {"num_format": "yyyy-mm-dd"},
    "moment": {"num_format": "yyyy-mm-dd hh:mm:ss"},
    "time": {"num_format": "hh:mm:ss"},
    "duration": {"num_format": "[h]:mm:ss"},
}
WIDEST = 50.0  # characters
_WIDTHS = {"mark": 11.0, "count": 10.0, "mass": 16.0, "fine": 14.0, "percent": 10.0, "number": 12.0}
_ROWS = re.compile(rb"<sheetData/>|<sheetData>.*</sheetData>", re.DOTALL)


def check_new(path: Path) -> None:
    """Refuse what is no workbook to be made: another kind of file, in a folder that does not exist, or there already.

    Raises
    ------
    UsageError
        Saying which.
    """
    if path.suffix.lower() != ".xlsx" or not path.parent.is_dir():
        message = f"{path}: choose an .xlsx file in a folder that exists"
        raise UsageError(message)
    if path.exists():
        message = f"{path} exists and is not overwritten; choose another, or remove it"
        raise UsageError(message)


def write_new(path: Path, data: bytes) -> Path:
    """Write a workbook that does not exist yet, and return where.

    Raises
    ------
    UsageError
        As `check_new`, or if the system refuses.
    """
    check_new(path)
    try:
        with path.open("xb") as file:
            file.write(data)
    except OSError as error:
        message = f"cannot write {path}: {error.strerror or error}"
        raise UsageError(message) from error
    return path


def sheet_name(text: object, taken: Iterable[str]) -> str:
    """Return what a sheet may be called: without what Excel forbids, 31 long at most, unlike the others.

    Parameters
    ----------
    text : object
        What it should be called.
    taken : iterable of str
        Names of other sheets; case does not count.

    Examples
    --------
    >>> sheet_name("a[b]:*?/c", []), sheet_name("'", []), sheet_name("Totals", ["totals"]), sheet_name("History", [])
    ('a b c', 'sheet', 'Totals (2)', 'History (2)')
    """
    used = {name.casefold() for name in taken} | {"history"}  # which Excel keeps for itself
    base = " ".join(re.sub(r"[\[\]:*?/\\]", " ", plain(text)).split()).strip("' ") or "sheet"
    name, number = _bounded(base, 31), 1
    while name.casefold() in used:
        number += 1
        name = f"{_bounded(base, 31 - len(f' ({number})'))} ({number})"
    return name


def _bounded(text: str, most: int) -> str:
    while len(text.encode("utf-16-le")) // 2 > most:
        text = text[:-1]
    return text.rstrip("' ")


class Book:
    """A workbook that is written table by table.

    Parameters
    ----------
    title : str
        What it says of itself.
    text : callable
        Makes a text such as a cell can hold.

    Notes
    -----
    The rows are made here and put into the file that xlsxwriter makes of everything else, because it writes sixteen
    digits of a number, where a total has up to seventeen, and takes ten times as long. What it hides and is needed
    for that, the numbers of formats and of shared texts, is asked for here and nowhere else.
    """

    def __init__(self, title: str, text: Callable[[str], str] = plain) -> None:
        self._out = io.BytesIO()
        self.workbook = Workbook(self._out, OPTIONS)
        self.workbook.set_properties({"title": plain(title)[:255], "created": MADE})
        self.sheets: dict[str, Sheet] = {}

        @cache
        def style(form: str, look: str) -> int:
            given = {name: value for each in look.split(" ") for name, value in LOOKS[each].items()}
            number: int = self.workbook.add_format(dict(FORMS[form]) | given)._get_xf_index()
            return number

        @cache
        def shared(said: str) -> int:
            number: int = self.workbook.str_table._get_shared_string_index(text(said))
            return number

        self.by = Numbering(style, shared)

    def sheet(self, name: object) -> Sheet:
        """Add a sheet."""
        called = sheet_name(name, self.sheets)
        self.sheets[called] = Sheet(self.by, called, self.workbook.add_worksheet(called))
        return self.sheets[called]

    def data(self) -> bytes:
        """Return the file."""
        self.workbook.close()
        made = {f"xl/worksheets/sheet{n}.xml": each for n, each in enumerate(self.sheets.values(), start=1)}
        out = io.BytesIO()
        with (
            zipfile.ZipFile(self._out) as bare,
            zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=_SQUEEZE) as full,
        ):
            for name in bare.namelist():
                with full.open(name, "w") as file:
                    parts = made[name].filled(bare.read(name)) if name in made else [bare.read(name)]
                    for part in parts:
                        file.write(part)
        return out.getvalue()


class Sheet:
    """One sheet, written from top to bottom.

    Attributes
    ----------
    name : str
        What it is called.
    made : xlsxwriter.worksheet.Worksheet
        Everything of it but its cells.
    rows : int
        How many there are so far.
    about : str
        What it holds, for a table of contents.
    """

    def __init__(self, by: Numbering, name: str, made: Any) -> None:
        self.name, self.made, self.rows, self.about = name, made, 0, ""
        self._by = by
        self._wide = 1
        self._parts: list[bytes | memoryview] = []
        self._links: list[tuple[str, str]] = []
        self._widths: dict[int, float] = {}
        made.set_landscape()
        made.set_paper(9)
        made.fit_to_pages(1, 0)
        made.hide_gridlines(2)

    def place(self, cell: str = "A1") -> str:
        """Return where a cell of it is in the workbook, as a link says it.

        Examples
        --------
        >>> Book("x").sheet("it's").place("B2")
        "'it''s'!B2"
        """
        return f"'{self.name.replace(chr(39), chr(39) * 2)}'!{cell}"

    def line(self, *cells: object, form: str = "plain", look: str = "", link: str = "", height: float = 0) -> None:
        """Write one row of texts and numbers; none is an empty row.

        Parameters
        ----------
        *cells : object
            Its values.
        form, look : str
            How texts look.
        link : str
            The place to which the first leads.
        height : float
            How many lines high it is; as Excel thinks if left out.
        """
        columns = [
            Column("", [value], "number" if _is_number(value) else form, looks=[look],
                   links=[link] if link and not n else None)
            for n, value in enumerate(cells)
        ]  # fmt: skip
        self._write(columns or [Column("", [None])], slice(0, 1), [_height(height)])

    def widths(self, *widths: float) -> None:
        """Say how wide the first columns are at least, in characters."""
        for n, width in enumerate(widths):
            self._widths[n] = max(width, self._widths.get(n, 0.0))
            self.made.set_column(n, n, self._widths[n])

    def table(self, columns: Sequence[Column], more: str, frozen: int = 0, left: int = 0) -> None:
        """Write a table: a header that stays, filters, widths that fit.

        Parameters
        ----------
        columns : sequence of Column
            All of the same length.
        more : str
            What is said below a table that is longer than a sheet, with ``{n}`` for the rows left out.
        frozen : int
            How many columns stay as well.
        left : int
            Rows that the columns do not have.
        """
        rows = len(columns[0].values)
        room = MOST_ROWS - self.rows - 1
        shown = rows if rows + bool(left) <= room else room - 1
        first = self.rows
        widths = [_width(column) for column in columns]
        lines = max(ceil(spread(column.title) * 1.2 / width) for column, width in zip(columns, widths, strict=True))
        heads = [Column("", [c.title], "head", looks=["right" if c.form in NUMBERS else ""]) for c in columns]
        self._write(heads, slice(0, 1), [_height(lines + 0.3)])
        self.cells(columns, shown)
        if shown:
            self.made.autofilter(first, 0, first + shown, len(columns) - 1)
        if left := left + rows - shown:
            self.line(more.format(n=left), look="bold")
        self.made.freeze_panes(first + 1 if first < _MOST_FROZEN else 0, frozen)
        self.made.repeat_rows(first)
        self.widths(*widths)

    def cells(self, columns: Sequence[Column], rows: int) -> None:
        """Write the first rows of some columns, without a header."""
        for start in range(0, rows, _CHUNK):
            part = slice(start, min(start + _CHUNK, rows))
            self._write(columns, part, _heights(columns, part))

    def _write(self, columns: Sequence[Column], part: slice, heights: list[str] | None) -> None:
        letters = [column_letters(n) for n in range(1, len(columns) + 1)]
        self._parts.append(row_xml(columns, letters, self.rows + 1, part, self._by, heights))
        for letter, column in zip(letters, columns, strict=True):
            for n, place in enumerate(column.links[part] if column.links is not None else (), start=self.rows + 1):
                if place:
                    self._links.append((f"{letter}{n}", place))
        self.rows += part.stop - part.start
        self._wide = max(self._wide, len(columns))

    def filled(self, bare: bytes) -> list[bytes | memoryview]:
        """Return the XML of the sheet: what xlsxwriter made of it, with the cells and the links."""
        cells = _ROWS.search(bare)
        margins = bare.find(b"<pageMargins")
        if cells is None or margins < 0:
            message = "xlsxwriter writes sheets otherwise than this module expects"
            raise RuntimeError(message)
        size = f'<dimension ref="A1:{column_letters(self._wide)}{max(self.rows, 1)}"/>'.encode()
        before = re.sub(rb'<dimension ref="[^"]*"/>', size, bare[: cells.start()])
        links = "".join(
            f'<hyperlink ref="{cell}" location={quoteattr(place)}/>' for cell, place in self._links
        )  # fmt: skip
        return [
            before, b"<sheetData>", *self._parts, b"</sheetData>", bare[cells.end() : margins],
            f"<hyperlinks>{links}</hyperlinks>".encode() if links else b"", bare[margins:],
        ]  # fmt: skip


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _height(lines: float) -> str:
    """Return the height of a row as XML."""
    return f' ht="{15 * lines:g}" customHeight="1"' if lines > 1 else ""


def _heights(columns: Sequence[Column], part: slice) -> list[str] | None:
    """Return the heights of rows of which some cells are wrapped; None where none are."""
    wrapped = [column.values[part] for column in columns if column.form == "wrapped"]
    if not wrapped:
        return None
    return [_height(max(ceil(spread(str(v)) * 1.1 / WIDEST) for v in each)) for each in zip(*wrapped, strict=True)]


def _width(column: Column) -> float:
    """Return how wide a column is, by its header in two lines and its first texts."""
    least = max(_WIDTHS.get(column.form, 8.0), min(spread(column.title) / 2 + 3, 24.0))
    if column.form in NUMBERS and column.form != "any":
        return least
    return min(max([least, *(spread(str(v)[:50]) + 2.0 for v in islice(column.values, 200) if v)]), WIDEST)


@lru_cache(maxsize=4096)
def spread(text: str) -> float:
    """Return how many characters wide a text is; Chinese ones count twice.

    Examples
    --------
    >>> spread("tce 吨")
    6.0
    """
    if text.isascii():
        return float(min(len(text), 600))
    return float(sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text[:600]))
