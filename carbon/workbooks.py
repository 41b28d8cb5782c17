"""Floor 2: one sheet of an Excel workbook as texts, row by row. It knows no header and no schema."""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from xml.parsers import expat

from carbon.errors import Issues, printable
from carbon.schema import folded

MAXIMUM_CELLS = 1 << 25  # of the rectangle that a sheet spans, blank ones included
LISTS_SHEET = "_lists"  # what the drop-down lists of a template choose from
ISSUES_SHEET, ISSUES_COLUMN = "问题 Issues", "问题 / Issues"  # what a marked copy has beside the user's own
OWN_SHEETS = frozenset({LISTS_SHEET, ISSUES_SHEET})
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


@dataclass(frozen=True)
class Sheet:
    """One sheet of a workbook, as texts from its first row and column on.

    Attributes
    ----------
    title : str
        What it is called.
    rows : list of list of str or None
        Its cells; a formula without a stored value reads as the formula.
    formulas : dict of (int, int) to str
        Those formulas, by row and column from 1.
    filled : tuple of str
        Every sheet of the workbook that holds data, hidden ones too.
    """

    title: str
    rows: list[list[str | None]]
    formulas: dict[tuple[int, int], str]
    filled: tuple[str, ...]

    def name(self, file: str) -> str:
        """Return the name for messages: with the sheet, where more than one of the workbook holds data."""
        return f"{file}[{self.title}]" if len(self.filled) > 1 else file


def open_sheet(
    data: bytes, names: Collection[str], file: str, issues: Issues, maximum: int, kin: Collection[str] = ()
) -> Sheet | None:
    """Return a sheet of a workbook; what cannot be read becomes an issue.

    A sheet of the right name is taken, a hidden one only if no visible one is called so (T141); else the first visible
    one that holds data.

    Parameters
    ----------
    data : bytes
        The workbook.
    names : collection of str
        What the sheet may be called.
    file : str
        Name for messages.
    issues : Issues
        Receives what is wrong.
    maximum : int
        Bytes that it may unpack to.
    kin : collection of str
        What sheets of other tables are called; none of them is taken for want of a better one.
    """
    import python_calamine

    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            size, limit = _sizes(archive, len(data), maximum)
            if size > limit:
                issues.add("T112", file=file, value=f"{size / 2**20:.0f} MiB", limit=f"{limit / 2**20:.0f} MiB")
                return None
            members = _members(archive)
            filled = tuple(
                title for title, (member, _) in members.items()
                if title not in OWN_SHEETS and _holds_data(archive, member)
            )  # fmt: skip
            title = _chosen({t: visible for t, (_, visible) in members.items()}, filled, names, kin)
            survey = _Survey(archive.read(members[title][0]))
        if survey.rows * survey.columns > MAXIMUM_CELLS:
            issues.add("T112", file=file, value=f"{survey.rows} × {survey.columns}", limit=MAXIMUM_CELLS)
            return None
        book = python_calamine.CalamineWorkbook.from_object(io.BytesIO(data))
        grid = book.get_sheet_by_name(title).to_python(skip_empty_area=False)
    except (
        python_calamine.CalamineError, zipfile.BadZipFile, zlib.error, expat.ExpatError,
        EOFError, LookupError, OSError, RuntimeError, ValueError,
    ) as error:  # fmt: skip
        issues.add("T110", file=file, value=str(error)[:120] or type(error).__name__)
        return None
    survey.complete(grid)
    rows = [[cell_text(cell) for cell in row] for row in without_marks(grid)]
    formulas = {
        place: text[:80]
        for place, text in survey.lacking.items()
        if place[0] <= len(rows) and place[1] <= len(rows[place[0] - 1])
    }
    found = Sheet(title, rows, formulas, filled)
    if not members[title][1]:
        issues.add("T141", file=found.name(file), value=title)
    return found


def read_sheet(
    data: bytes, names: Collection[str], file: str, issues: Issues, maximum: int
) -> list[list[str | None]] | None:
    """Return the cells of a sheet from its first row and column on; what cannot be read becomes an issue.

    As `open_sheet`; a formula without a stored value is an issue (T142), and so are sheets that were passed over
    although nobody chose between them (T140).
    """
    found = open_sheet(data, names, file, issues, maximum)
    if found is None:
        return None
    if folded(found.title) not in {folded(name) for name in names}:
        say_unread(found.filled, [found.title], file, issues)
    by_column: dict[int, list[int]] = {}
    for row, column in found.formulas:
        by_column.setdefault(column, []).append(row)
    for column, lines in sorted(by_column.items()):
        first = found.formulas[lines[0], column]
        issues.add("T142", file=found.name(file), lines=lines, column=column_letters(column), value=first)
    return found.rows


@dataclass(frozen=True)
class Raw:
    """One sheet of a workbook as it is stored: numbers, texts, days, truths.

    Attributes
    ----------
    title : str
        What it is called.
    visible : bool
        Whether it is shown.
    rows, columns : int
        What it spans.
    grid : callable
        Reads its cells from the first row and column on, None or empty text for nothing. A formula is its stored value,
        or its own text where that is missing or an error.
    """

    title: str
    visible: bool
    rows: int
    columns: int
    grid: Callable[[], list[list[Any]]]


def raw_sheets(data: bytes, maximum: int) -> list[Raw]:
    """Return the sheets of a workbook that hold data, without the marks of a marked copy; none of what cannot be read.

    Parameters
    ----------
    data : bytes
        The workbook.
    maximum : int
        Bytes that it may unpack to.
    """
    import python_calamine

    found = []
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            size, limit = _sizes(archive, len(data), maximum)
            members = _members(archive) if size <= limit else {}
            if not members:
                return []
            book = python_calamine.CalamineWorkbook.from_object(io.BytesIO(data))
            for title, (member, visible) in members.items():
                if title in OWN_SHEETS or not _holds_data(archive, member):
                    continue
                survey = _Survey(archive.read(member))

                def grid(title: str = title, survey: _Survey = survey) -> list[list[Any]]:
                    cells: list[list[Any]] = book.get_sheet_by_name(title).to_python(skip_empty_area=False)
                    survey.complete(cells)
                    return without_marks(cells)

                found.append(Raw(title, visible, survey.rows, survey.columns, grid))
    except (
        python_calamine.CalamineError, zipfile.BadZipFile, zlib.error, expat.ExpatError,
        EOFError, LookupError, OSError, RuntimeError, ValueError,
    ):  # fmt: skip
        return []
    return found


def without_marks(rows: list[list[Any]]) -> list[list[Any]]:
    """Return the rows of a sheet without the column that a marked copy has beside the user's own.

    Examples
    --------
    >>> without_marks([["item", "问题 / Issues"], ["coal", "U101 …"]])
    [['item'], ['coal']]
    """
    head = next((row for row in rows if any(str(cell or "").strip() for cell in row)), [])
    width = next((n for n in range(len(head), 0, -1) if str(head[n - 1] or "").strip()), 0)
    if not width or head[width - 1] != ISSUES_COLUMN:
        return rows
    return [row[: width - 1] for row in rows]


def say_unread(filled: Collection[str], read: Collection[str], file: str, issues: Issues) -> None:
    """Warn of sheets that hold data and were read as nothing (T140), once for several tables of one workbook."""
    left = ", ".join([title for title in filled if title not in read][:20])
    for issue in issues:
        if (issue.code, issue.file, issue.value) == ("T140", printable(file), printable(left)):
            issue.parts["sheet"] += [title for title in read if title not in issue.parts["sheet"]]
            return
    if left:
        issues.add("T140", file=file, value=left, sheet=list(read))


def _chosen(visible: dict[str, bool], filled: Collection[str], names: Collection[str], kin: Collection[str]) -> str:
    """Return the sheet to read, of all sheets and whether each is visible; `LookupError` if there is none."""
    wanted, others = {folded(name) for name in names}, {folded(name) for name in kin}
    named = [title for title in visible if folded(title) in wanted]
    shown = [title for title in visible if visible[title]]
    own = [title for title in shown if folded(title) not in others]
    order = [
        *(title for title in named if visible[title]), *named, *(title for title in own if title in filled), *own,
        *(title for title in shown if title in filled), *shown, *visible,
    ]  # fmt: skip
    if not order:
        message = "it has no sheet of cells"
        raise LookupError(message)
    return order[0]


def filled_sheets(path: Path, maximum: int) -> tuple[str, ...]:
    """Return the sheets of a workbook that hold data; none of what is no workbook, or unpacks to more than it may."""
    try:
        with zipfile.ZipFile(path) as archive:
            size, limit = _sizes(archive, path.stat().st_size, maximum)
            members = _members(archive) if size <= limit else {}
            return tuple(title for title, (member, _) in members.items() if _holds_data(archive, member))
    except (zipfile.BadZipFile, zlib.error, expat.ExpatError, EOFError, LookupError, OSError, RuntimeError, ValueError):
        return ()


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


def column_letters(number: int) -> str:
    """Return what a workbook calls a column.

    Examples
    --------
    >>> [column_letters(number) for number in (1, 26, 27, 703)]
    ['A', 'Z', 'AA', 'AAA']
    """
    letters = ""
    while number > 0:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def _sizes(archive: zipfile.ZipFile, size: int, maximum: int) -> tuple[int, int]:
    """Return to how many bytes a workbook unpacks, and to how many it may."""
    return sum(member.file_size for member in archive.infolist()), min(maximum, 400 * max(size, 1 << 20))


_END = re.compile(rb"</(\w+:)?sheetData\s*>|<(\w+:)?sheetData\s*/>")


class _Survey:
    """What a sheet spans, and what its formulas lack, in one pass through its XML.

    The workbook reader makes a dense grid however far away a cell stands, and leaves a failed formula empty, as well as
    one whose value was never stored.

    Attributes
    ----------
    rows, columns : int
        The last row and column that hold something.
    failed : dict of (int, int) to str
        Errors (``#REF!`` …) by row and column, from 1.
    formulas : dict of (int, int) to str
        Formulas without a stored value, likewise; empty text where the formula stands elsewhere.
    """

    def __init__(self, xml: bytes) -> None:
        self.rows = self.columns = 0
        self.failed: dict[tuple[int, int], str] = {}
        self.formulas: dict[tuple[int, int], str] = {}
        self._row = self._column = 0
        self._kind = self._part = ""
        self._inside = False
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = self._open
        self._parser = parser
        end = _END.search(xml)  # what an extension behind the cells holds is no cell
        parser.Parse(xml[: end.end()] if end else xml, end is None)

    @property
    def lacking(self) -> dict[tuple[int, int], str]:
        """Formulas without a stored value, as they are written."""
        return {place: f"={text or '…'}" for place, text in self.formulas.items() if min(place) > 0}

    def complete(self, rows: list[list[Any]]) -> None:
        """Put into the rows of the sheet what the workbook reader leaves empty: failed formulas and those unvalued."""
        for (row, column), text in (self.failed | self.lacking).items():
            if row > 0 and column > 0:
                rows.extend([] for _ in range(row - len(rows)))
                rows[row - 1].extend([None] * (column - len(rows[row - 1])))
                rows[row - 1][column - 1] = text

    def _open(self, tag: str, given: dict[str, str]) -> None:
        name = _local(tag)
        if name == "sheetData":
            self._inside = True
        elif not self._inside:
            return
        elif name == "c":
            reference = given.get("r", "")
            letters = reference.rstrip("0123456789")
            self._row = int(reference[len(letters) :] or self._row)
            self._column = _number(letters) if letters else self._column + 1
            self._kind = given.get("t", "")
        elif name == "row":
            self._row, self._column = int(given.get("r", self._row + 1)), 0
        elif name in ("v", "is", "f"):
            place = self._row, self._column
            self.rows, self.columns = max(self.rows, self._row), max(self.columns, self._column)
            if name == "f":
                self.formulas[place] = ""
            elif place in self.formulas and (name == "is" or self._kind == "str"):
                del self.formulas[place]  # its value is a text, perhaps an empty one
            if name == "f" or self._kind == "e" or place in self.formulas:
                self._part = name
                self._parser.CharacterDataHandler = self._text
                self._parser.EndElementHandler = self._close

    def _text(self, text: str) -> None:
        place = self._row, self._column
        if self._part == "f":
            self.formulas[place] += text
            return
        self.formulas.pop(place, None)
        if self._kind == "e":
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


def _members(archive: zipfile.ZipFile) -> dict[str, tuple[str, bool]]:
    """Return the sheets of a workbook: title → where in the archive it lies, and whether it is visible."""
    links = {link.get("Id"): link for link in _attributes(archive.read("xl/_rels/workbook.xml.rels"), "Relationship")}
    places = {name.lower(): name for name in archive.namelist()}
    found: dict[str, tuple[str, bool]] = {}
    for sheet in _attributes(archive.read("xl/workbook.xml"), "sheet"):
        link = links.get(next((value for name, value in sheet.items() if name.endswith(":id")), None), {})
        path = posixpath.normpath(posixpath.join("/xl", link.get("Target", ""))).lstrip("/")
        if link.get("Type", "/worksheet").endswith("/worksheet") and path.lower() in places:  # and no chart
            found.setdefault(sheet.get("name", ""), (places[path.lower()], sheet.get("state", "visible") == "visible"))
    return found


_DATA = re.compile(rb"<(\w+:)?(v|is|f)[\s/>]")


def _holds_data(archive: zipfile.ZipFile, member: str) -> bool:
    """Return whether a sheet has a value or a formula; one that cannot be unpacked may have."""
    try:
        for part in _parts(archive, member):
            end = _END.search(part)
            if _DATA.search(part if end is None else part[: end.start()]):
                return True
            if end is not None:
                break
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError):
        return True
    return False


def _parts(archive: zipfile.ZipFile, member: str) -> Iterator[bytes]:
    """Yield a member piece by piece, each with the end of the one before it, so that no tag is cut."""
    before = b""
    with archive.open(member) as file:
        while part := file.read(1 << 16):
            yield before + part
            before = part[-200:]


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
