"""Floor 2: one sheet of an Excel workbook as texts, row by row. It knows no header and no schema."""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
import zlib
from collections.abc import Collection
from functools import cache
from typing import Any
from xml.parsers import expat

from carbon.errors import Issues
from carbon.schema import folded

MAXIMUM_CELLS = 1 << 25  # of the rectangle that a sheet spans, blank ones included
STORED = re.compile(r"[T ]00:00:00(\.0+)?([+-]\d\d:?\d\d|Z)?$")  # what storage adds to a day


def cell_text(value: Any) -> str | None:
    """Return one Python value as text, or None if it is empty.

    Whole numbers lose the ``.0`` of their storage, and dates their midnight.

    Examples
    --------
    >>> import datetime
    >>> [cell_text(value) for value in (1001.0, datetime.datetime(2024, 3, 1), float("nan"))]
    ['1001', '2024-03-01', None]
    """
    if isinstance(value, str):
        return value or None
    text = str(value)
    if value is None or text in ("nan", "NaN", "NaT", "<NA>"):
        return None
    if hasattr(value, "isoformat"):
        return STORED.sub("", value.isoformat())
    if text in ("True", "False"):
        return text.upper()
    return text.removesuffix(".0")


def read_sheet(
    data: bytes, names: Collection[str], file: str, issues: Issues, maximum: int
) -> list[list[str | None]] | None:
    """Return the cells of a sheet from its first row and column on; what cannot be read becomes an issue.

    Parameters
    ----------
    data : bytes
        The workbook.
    names : collection of str
        What the sheet may be called; if none is called so, the first is read.
    file : str
        Name for messages.
    issues : Issues
        Receives what is wrong.
    maximum : int
        Bytes that it may unpack to.
    """
    import python_calamine

    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            size = sum(member.file_size for member in archive.infolist())
            limit = min(maximum, 400 * max(len(data), 1 << 20))
            if size > limit:
                issues.add("T112", file=file, value=f"{size / 2**20:.0f} MiB", limit=f"{limit / 2**20:.0f} MiB")
                return None
            book = python_calamine.CalamineWorkbook.from_object(io.BytesIO(data))
            wanted = {folded(name) for name in names}
            title = next((name for name in book.sheet_names if folded(name) in wanted), book.sheet_names[0])
            survey = _Survey(archive.read(_member(archive, title)))
        if survey.rows * survey.columns > MAXIMUM_CELLS:
            issues.add("T112", file=file, value=f"{survey.rows} × {survey.columns}", limit=MAXIMUM_CELLS)
            return None
        grid = book.get_sheet_by_name(title).to_python(skip_empty_area=False)
    except (
        python_calamine.CalamineError, zipfile.BadZipFile, zlib.error, expat.ExpatError,
        EOFError, LookupError, OSError, RuntimeError, ValueError,
    ) as error:  # fmt: skip
        issues.add("T110", file=file, value=str(error)[:120] or type(error).__name__)
        return None
    rows = [[cell_text(cell) for cell in row] for row in grid]
    for (row, column), text in survey.failed.items():
        if 0 < row <= len(rows) and 0 < column <= len(rows[row - 1]):
            rows[row - 1][column - 1] = text
    return rows


def sheet_names(data: bytes) -> list[str]:
    """Return what the sheets of a workbook are called; none of what is no workbook."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if archive.getinfo("xl/workbook.xml").file_size > MAXIMUM_CELLS:
                return []
            sheets = _attributes(archive.read("xl/workbook.xml"), "sheet")
    except (zipfile.BadZipFile, zlib.error, expat.ExpatError, EOFError, LookupError, OSError, RuntimeError, ValueError):
        return []
    return [sheet["name"] for sheet in sheets if "name" in sheet]


_END = re.compile(rb"</(\w+:)?sheetData\s*>|<(\w+:)?sheetData\s*/>")


class _Survey:
    """What a sheet spans, and its failed formulas (``#REF!`` …), in one pass through its XML.

    The workbook reader makes a dense grid however far away a cell stands, and leaves a failed formula empty.

    Attributes
    ----------
    rows, columns : int
        The last row and column that hold something.
    failed : dict of (int, int) to str
        Errors by row and column, from 1.
    """

    def __init__(self, xml: bytes) -> None:
        self.rows = self.columns = 0
        self.failed: dict[tuple[int, int], str] = {}
        self._row = self._column = 0
        self._kind = ""
        self._inside = False
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = self._open
        self._parser = parser
        end = _END.search(xml)  # what an extension behind the cells holds is no cell
        parser.Parse(xml[: end.end()] if end else xml, end is None)

    def _open(self, tag: str, given: dict[str, str]) -> None:
        name = _local(tag)
        if name == "sheetData":
            self._inside = True
        elif not self._inside:
            return
        elif name == "c":
            place = given.get("r", "")
            letters = place.rstrip("0123456789")
            self._row = int(place[len(letters) :] or self._row)
            self._column = _number(letters) if letters else self._column + 1
            self._kind = given.get("t", "")
        elif name == "row":
            self._row, self._column = int(given.get("r", self._row + 1)), 0
        elif name in ("v", "is"):
            self.rows, self.columns = max(self.rows, self._row), max(self.columns, self._column)
            if self._kind == "e":
                self._parser.CharacterDataHandler = self._text
                self._parser.EndElementHandler = self._close

    def _text(self, text: str) -> None:
        place = self._row, self._column
        self.failed[place] = self.failed.get(place, "") + text

    def _close(self, _: str) -> None:
        self._parser.CharacterDataHandler = self._parser.EndElementHandler = None


@cache
def _number(letters: str) -> int:
    """Return the number of a column: A is 1, AA is 27."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - 64
    return number


@cache
def _local(tag: str) -> str:
    return tag.rpartition(":")[2]


def _member(archive: zipfile.ZipFile, title: str) -> str:
    """Return where in the archive the sheet of this title lies."""
    sheet = next(given for given in _attributes(archive.read("xl/workbook.xml"), "sheet") if given.get("name") == title)
    link = next(value for name, value in sheet.items() if name.endswith(":id"))
    links = _attributes(archive.read("xl/_rels/workbook.xml.rels"), "Relationship")
    target = next(given["Target"] for given in links if given.get("Id") == link)
    path = posixpath.normpath(posixpath.join("/xl", target)).lstrip("/")
    return next(name for name in archive.namelist() if name.lower() == path.lower())


def _attributes(xml: bytes, name: str) -> list[dict[str, str]]:
    """Return the attributes of every element of this local name."""
    found: list[dict[str, str]] = []

    def keep(tag: str, given: dict[str, str]) -> None:
        if _local(tag) == name:
            found.append(given)

    parser = expat.ParserCreate()
    parser.StartElementHandler = keep
    parser.Parse(xml, True)
    return found
