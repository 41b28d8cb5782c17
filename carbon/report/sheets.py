"""Sheets of a workbook: tables with numbers as numbers and texts as texts, whatever they begin with; any size."""

from __future__ import annotations

import datetime as dt
import io
import re
import unicodedata
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from math import ceil, isfinite
from typing import Any

from xlsxwriter import Workbook

from carbon.errors import printable
from carbon.workbooks import column_letters

MOST_ROWS = 1_048_576
_MOST_TEXT = 32_767  # UTF-16 units in a cell
_CHUNK = 20_000
_SQUEEZE = 1  # a third larger than at the usual level, in a third of the time
MADE = dt.datetime(2000, 1, 1)  # no time of writing: the same result is the same bytes
NO_GUESSES = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
_CELL: dict[str, Any] = {"valign": "top", "align": "left", "indent": 1}
FORMS: Mapping[str, Mapping[str, Any]] = {
    "plain": {},
    "text": _CELL,
    "mark": {"valign": "top", "align": "center"},
    "wrapped": _CELL | {"text_wrap": True},
    "title": {"bold": True, "font_size": 16},
    "part": {"bold": True, "font_size": 12, "font_color": "#1F4E79"},
    "bold": {"bold": True},
    "alarm": _CELL | {"bold": True, "font_color": "#9C0006", "bg_color": "#FFC7CE"},
    "good": _CELL | {"font_color": "#00518A", "bg_color": "#DCEBF7"},
    "warn": _CELL | {"font_color": "#7F6000", "bg_color": "#FFF2CC"},
    "head": {"bold": True, "text_wrap": True, "valign": "vcenter", "bg_color": "#D9E1F2", "bottom": 1},
    "required": {"bold": True, "text_wrap": True, "valign": "vcenter", "bg_color": "#F8CBAD", "bottom": 1},
    "count": {"num_format": "#,##0", "valign": "top"},
    "mass": {"num_format": "#,##0.00;-#,##0.00;0", "valign": "top"},
    "fine": {"num_format": "#,##0.0000;-#,##0.0000;0", "valign": "top"},
    "percent": {"num_format": '0.0"%"', "valign": "top"},  # of numbers that are percent already
    "number": {"valign": "top"},
}
NUMBERS = frozenset({"count", "mass", "fine", "percent", "number"})
_WIDEST = 50.0  # characters
_WIDTHS = {"count": 10.0, "mass": 16.0, "fine": 14.0, "percent": 10.0, "number": 12.0}


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Attributes
    ----------
    title : str
        Its header, with the unit.
    values : sequence
        Its cells; numbers where its form is one of numbers, and None for nothing.
    form : str
        How they look, of `FORMS`.
    marks : mapping of str to str
        Texts that look otherwise, with the form of each.
    """

    title: str
    values: Sequence[Any]
    form: str = "text"
    marks: Mapping[str, str] | None = None


def plain(text: object) -> str:
    r"""Return a text that any cell can hold, and that is none of XML of a cell either.

    Examples
    --------
    >>> plain("a\x00\uffffb"), plain("<r>x</r>"), len(plain("x" * 40_000))
    ('a��b', '<r>x</r> ', 16001)
    """
    said = re.sub(
        "[\ufffe\uffff]", "�", printable(str(text).replace("\r\n", " ").replace("\n", " ").replace("\t", " "))
    )
    if len(said) > _MOST_TEXT // 2 and len(said.encode("utf-16-le")) // 2 > _MOST_TEXT:
        said = said[:16_000] + "…"
    return f"{said} " if said.startswith("<r>") and said.endswith("</r>") else said  # else taken for rich text


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

    Notes
    -----
    The rows are made here and put into the file that xlsxwriter makes of everything else, because it writes sixteen
    digits of a number, where a total has up to seventeen, and takes four times as long.
    """

    def __init__(self, title: str) -> None:
        self._out = io.BytesIO()
        self.workbook = Workbook(self._out, dict(NO_GUESSES))
        self.workbook.set_properties({"title": plain(title)[:255], "created": MADE})
        self.forms = {name: self.workbook.add_format(dict(look)) for name, look in FORMS.items()}
        self._style = {name: form._get_xf_index() for name, form in self.forms.items()}
        self._texts: dict[str, int] = {}
        self._sheets: dict[str, Sheet] = {}

    def sheet(self, name: object) -> Sheet:
        """Add a sheet."""
        called = sheet_name(name, self._sheets)
        self._sheets[called] = Sheet(self, self.workbook.add_worksheet(called))
        return self._sheets[called]

    def data(self) -> bytes:
        """Return the file."""
        self.workbook.close()
        rows = {f"xl/worksheets/sheet{n}.xml": each.parts for n, each in enumerate(self._sheets.values(), start=1)}
        out = io.BytesIO()
        with (
            zipfile.ZipFile(self._out) as bare,
            zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=_SQUEEZE) as full,
        ):
            for name in bare.namelist():
                with full.open(name, "w") as file:
                    before, mark, after = bare.read(name).partition(b"<sheetData/>" if name in rows else b"\0")
                    file.write(before)
                    if mark:
                        file.write(b"<sheetData>")
                        for part in rows[name]:
                            file.write(part.encode())
                        file.write(b"</sheetData>")
                    file.write(after)
        return out.getvalue()

    def cells(self, column: Column, values: Iterable[Any], letters: str, row: int) -> list[str]:
        """Return cells below one another as XML; nothing for what is empty.

        Parameters
        ----------
        column : Column
            How they look.
        values : iterable
            What they hold.
        letters : str
            Where the column stands.
        row : int
            Row of the first, from 1.
        """
        style = self._style[column.form]
        marks = {text: self._style[form] for text, form in (column.marks or {}).items()}
        known: dict[Any, str] = {None: "", "": ""}
        head, look = f'<c r="{letters}', f'" s="{style}"><v>'

        def other(value: Any, n: int) -> str:
            if column.form in NUMBERS and type(value) in (int, float):
                return f"{head}{n}{look}{value + 0!r}</v></c>" if isfinite(value) else ""
            if value not in known:
                text = value if type(value) is str else str(value)
                if text not in self._texts:
                    self._texts[text] = self.workbook.str_table._get_shared_string_index(plain(text))
                known[value] = f'" s="{marks.get(text, style)}" t="s"><v>{self._texts[text]}</v></c>'
            return f"{head}{n}{known[value]}" if known[value] else ""

        if column.form not in NUMBERS:
            return [other(value, n) for n, value in enumerate(values, start=row)]
        return [
            f"{head}{n}{look}{value + 0.0!r}</v></c>" if type(value) is float and isfinite(value) else other(value, n)
            for n, value in enumerate(values, start=row)
        ]  # fmt: skip


class Sheet:
    """One sheet, written from top to bottom."""

    def __init__(self, book: Book, made: Any) -> None:
        self._book, self._made = book, made
        self._row = 0
        self.parts: list[str] = []
        self._columns: dict[int, float] = {}
        made.set_landscape()
        made.set_paper(9)
        made.fit_to_pages(1, 0)
        made.hide_gridlines(2)

    def line(self, *cells: object, form: str = "plain", height: float = 0) -> None:
        """Write one row of texts and numbers; none is an empty row.

        Parameters
        ----------
        *cells : object
            Its values.
        form : str
            How texts look.
        height : float
            How many lines high it is; as Excel thinks if left out.
        """
        parts: list[str] = []
        for n, value in enumerate(cells, start=1):
            look = Column("", (), "number" if _is_number(value) else form)
            parts += self._book.cells(look, [value], column_letters(n), self._row + 1)
        self._row += 1
        self.parts.append(f'<row r="{self._row}"{_height(height)}>{"".join(parts)}</row>')

    def widths(self, *widths: float) -> None:
        """Say how wide the first columns are at least, in characters."""
        for n, width in enumerate(widths):
            self._columns[n] = max(width, self._columns.get(n, 0.0))
            self._made.set_column(n, n, self._columns[n])

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
        room = MOST_ROWS - self._row - 1
        shown = rows if rows + bool(left) <= room else room - 1
        first = self._row
        widths = [_width(column) for column in columns]
        lines = max(ceil(spread(column.title) * 1.2 / width) for column, width in zip(columns, widths, strict=True))
        self.line(*(column.title for column in columns), form="head", height=lines + 0.3)
        for part in self._rows(columns, shown):
            self.parts.append(part)
        self._row += shown
        if shown:
            self._made.autofilter(first, 0, first + shown, len(columns) - 1)
        if left := left + rows - shown:
            self.line(more.format(n=left), form="bold")
        self._made.freeze_panes(first + 1, frozen)
        self._made.repeat_rows(first)
        self.widths(*widths)

    def _rows(self, columns: Sequence[Column], shown: int) -> Iterator[str]:
        letters = [column_letters(n) for n in range(1, len(columns) + 1)]
        wrapped = [column for column in columns if column.form == "wrapped"]
        at, values = self._row + 1, [iter(column.values) for column in columns]
        for start in range(0, shown, _CHUNK):
            size = min(_CHUNK, shown - start)
            cells = [
                self._book.cells(column, islice(each, size), letter, at + start)
                for column, each, letter in zip(columns, values, letters, strict=True)
            ]
            rows = enumerate(map("".join, zip(*cells, strict=True)), start=at + start)
            if not wrapped:
                yield "".join([f'<row r="{n}">{row}</row>' for n, row in rows])
                continue
            texts = zip(*(column.values[start : start + size] for column in wrapped), strict=True)
            high = [_height(max(ceil(spread(str(v)) * 1.1 / _WIDEST) for v in each)) for each in texts]
            yield "".join([f'<row r="{n}"{h}>{row}</row>' for h, (n, row) in zip(high, rows, strict=True)])


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _height(lines: float) -> str:
    """Return the height of a row as XML."""
    return f' ht="{15 * lines:g}" customHeight="1"' if lines > 1 else ""


def _width(column: Column) -> float:
    """Return how wide a column is, by its header in two lines and its first texts."""
    least = max(_WIDTHS.get(column.form, 8.0), min(spread(column.title) / 2 + 3, 24.0))
    if column.form in NUMBERS:
        return least
    return min(max([least, *(spread(str(v)) + 2.0 for v in islice(column.values, 300) if v)]), _WIDEST)


def spread(text: str) -> float:
    """Return how many characters wide a text is; Chinese ones count twice.

    Examples
    --------
    >>> spread("tce 吨")
    6.0
    """
    return float(sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text[:600]))
