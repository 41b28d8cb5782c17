"""Floor 2: bytes in, text and number columns out: CSV, Parquet, Excel, frames. It knows no schema.

Every row keeps the line that an editor shows; what cannot be read is an issue; the file is read once and hashed.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from carbon.arrays import from_arrow, to_arrow, to_strings
from carbon.errors import DataError, Issues, UsageError, near_misses
from carbon.schema import folded, table_words
from carbon.workbooks import Sheet, cell_text, column_letters, open_sheet, say_unread

MAXIMUM_BYTES = 4 << 30
BINARY = 4096  # first bytes of a file that tell whether it is text
SUFFIXES = (".csv", ".parquet", ".xlsx")
TOGETHER = (("activities", "facilities", "output"), ("processes", "exchanges", "parameters", "scenarios"))
Bytes = bytes | bytearray
_LIMIT, _LIMITED = threading.Lock(), list[int]()  # what the limit was, once for each that reads without it
_FIRST_LINE = re.compile(r"[^\r\n]*\S[^\r\n]*")  # that is not blank


@dataclass(frozen=True)
class Source:
    """Bytes that were read once, and what they were.

    Attributes
    ----------
    file : str
        Name for messages.
    digest : str
        SHA-256 of the bytes; empty for a frame.
    rows : pyarrow.Table
        Text or number columns as they came.
    line : int64[rows]
        Line of the file, or row of the frame (first = 1).
    header : int
        Line of the header; 0 for a frame.
    refused : tuple of int
        Lines whose cells cannot be told apart or have no value; they are empty here and an issue says why.
    book : str
        The workbook of which it is a sheet; empty if it is none.
    sheet : str
        The sheet.
    sheets : tuple of str
        Every sheet of the workbook that holds data.
    """

    file: str
    digest: str
    rows: pa.Table
    line: np.ndarray
    header: int = 1
    refused: tuple[int, ...] = ()
    book: str = ""
    sheet: str = ""
    sheets: tuple[str, ...] = ()


def read(path: Path, issues: Issues, sheet: str | None = None) -> Source | None:
    """Read a CSV, Parquet or Excel file as text and numbers; what cannot be read becomes an issue.

    Parameters
    ----------
    path : pathlib.Path
        A `.csv` (UTF-8, UTF-8 with BOM, GB18030), `.parquet` or `.xlsx` file.
    issues : Issues
        Receives what is wrong.
    sheet : str, optional
        Table that is wanted of a workbook: the sheet of that name in either language, else the first that holds data.

    Returns
    -------
    Source or None
        None if nothing could be read (the issue says why).

    Raises
    ------
    UsageError
        If there is no such file or its kind is unknown.
    """
    if not path.is_file():
        siblings = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
        near = near_misses(path.name, siblings)
        message = f"no file {path}" + (f"; nearest: {', '.join(near)}" if near else "")
        raise UsageError(message)
    if path.suffix.lower() not in SUFFIXES:
        message = f"{path.name}: cannot read {path.suffix or 'a file without suffix'}; known: {', '.join(SUFFIXES)}"
        raise UsageError(message)
    before = path.stat()
    if before.st_size > MAXIMUM_BYTES:
        issues.add(
            "T112", file=path.name, value=f"{before.st_size / 2**30:.1f} GiB", limit=f"{MAXIMUM_BYTES >> 30} GiB"
        )
        return None
    data = path.read_bytes()
    after = path.stat()
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns) or len(data) != after.st_size:
        issues.add("T111", file=path.name)
        return None
    found = read_bytes(data, path.name, path.suffix.lower(), issues, sheet)
    return None if found is None else replace(found, digest=hashlib.sha256(data).hexdigest())


def read_bytes(
    data: Bytes, name: str, suffix: str, issues: Issues, sheet: str | None = None, *, encoding: str = ""
) -> Source | None:
    """Read what a file holds, as `read` does.

    Parameters
    ----------
    data : bytes or bytearray
        All of it.
    name : str
        Of the file, for messages.
    suffix : {".csv", ".parquet", ".xlsx"}
        Its kind.
    issues : Issues
        Receives what is wrong.
    sheet : str, optional
        Table that is wanted of a workbook.
    encoding : {"", "utf-8", "gb18030"}
        Of a part of a CSV file, as the whole of it is encoded; empty of a whole file, of which it is found.

    Returns
    -------
    Source or None
        None if nothing could be read.
    """
    if not data[:4096].strip() and not data.strip():
        issues.add("T102", file=name)
        return None
    if suffix == ".csv":
        found = _read_csv(data, name, issues, encoding)
    else:
        found = {".parquet": _read_parquet, ".xlsx": _read_excel}[suffix](data, name, issues, sheet)
    if found is None:
        return None
    if found.rows.num_rows == 0:
        issues.add("T102", file=found.file)
        return None
    return found


def check_sheets(sources: Iterable[Source], issues: Issues) -> None:
    """Warn of sheets of the workbook of activities, facilities or output that were read as none of them (T140)."""
    books: dict[str, list[Source]] = {}
    for source in sources:
        if source.book:
            books.setdefault(source.digest, []).append(source)
    for found in books.values():
        say_unread(found[0].sheets, [source.sheet for source in found], found[0].book, issues)


def source_of(given: Any, issues: Issues, name: str, language: str = "") -> Source:
    """Return a table given as a path, a frame or a source; a file that cannot be read is a `DataError`."""
    if isinstance(given, Source):
        return given
    if isinstance(given, (str, Path)):
        source = read(Path(given), issues, sheet=name)
        if source is None:
            raise DataError(issues, language)
        return source
    return from_frame(given, name)


def from_frame(frame: Any, name: str) -> Source:
    """Take a pandas frame, an Arrow table, anything that speaks the Arrow stream interface, dicts or columns.

    Raises
    ------
    UsageError
        If it is none of these, or its columns do not fit together.
    """
    try:
        rows = _frame_rows(frame)
    except (pa.ArrowException, TypeError, ValueError) as error:
        message = f"{name}: this {type(frame).__name__} cannot be read as a table: {error}"
        raise UsageError(message) from error
    if rows is None:
        message = f"{name}: expected a path, a DataFrame, an Arrow table or a list of dicts, got {type(frame).__name__}"
        raise UsageError(message)
    return Source(name, "", rows, np.arange(1, rows.num_rows + 1), header=0)


def _frame_rows(frame: Any) -> pa.Table | None:
    if isinstance(frame, pa.Table):
        return frame
    if isinstance(frame, (list, tuple)) and all(isinstance(row, Mapping) for row in frame):
        names = list(dict.fromkeys(key for row in frame for key in row))
        columns = [to_strings([cell_text(row.get(key)) for row in frame]) for key in names]
    elif isinstance(frame, Mapping):
        names, columns = list(frame), [_frame_column(values) for values in frame.values()]
    elif hasattr(frame, "columns") and hasattr(frame, "iloc"):  # of pandas: its index is no column
        names, columns = list(frame.columns), [_frame_column(frame.iloc[:, n]) for n in range(frame.shape[1])]
    else:
        return pa.table(frame) if hasattr(frame, "__arrow_c_stream__") else None
    return pa.Table.from_arrays(columns, names=[str(each) for each in names])


def _frame_column(values: Any) -> pa.Array | pa.ChunkedArray:
    """Return a column as Arrow reads it, or as text where it is mixed or of a kind that Arrow has not."""
    try:
        array = pa.array(values, from_pandas=True)
        if not isinstance(array.type, pa.BaseExtensionType):
            return array
    except (pa.ArrowException, OverflowError, UnicodeError):
        pass
    return to_strings([cell_text(value) for value in values])


def is_binary(data: Bytes) -> bool:
    """Return whether a file that begins so is no text in an encoding that is read."""
    return data.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in data[:BINARY]


def delimiter_of(text: str) -> str | None:
    """Return the delimiter of a CSV text by its first line that is not blank; None if all are."""
    first = _FIRST_LINE.search(text)
    return None if first is None else max(",;\t", key=first[0].count)


def _decode(data: Bytes, name: str, issues: Issues, encoding: str) -> str | None:
    """Return the text; any other encoding than UTF-8 is said."""
    place = 0
    if encoding != "gb18030":
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            place = data.count(b"\n", 0, error.start) + 1
    try:
        text = data.decode("gb18030").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        issues.add("T104", file=name, lines=[place or data.count(b"\n", 0, error.start) + 1])
        return None
    issues.add("T105", file=name)
    return text


def _read_csv(data: Bytes, name: str, issues: Issues, encoding: str) -> Source | None:
    """Read CSV fast with Arrow where every line is one plain row, else carefully with the csv module."""
    if not encoding and is_binary(data):
        issues.add("T104", file=name)
        return None
    if encoding != "gb18030" and (found := _read_csv_fast(data, name)) is not None:
        return found
    text = _decode(data, name, issues, encoding)
    if text is None:
        return None
    delimiter = delimiter_of(text)
    if delimiter is None:
        issues.add("T102", file=name)
        return None
    return _read_csv_carefully(text, delimiter, name, issues)


def _read_csv_fast(data: Bytes, name: str) -> Source | None:
    """Read UTF-8 of which every line is one row and every quote is around a whole cell; None of anything else."""
    from pyarrow import csv as fast

    begin = 3 if data.startswith(b"\xef\xbb\xbf") else 0
    end = data.find(b"\n", begin)
    head = data[begin : end if end >= 0 else len(data)].rstrip(b"\r")
    delimiter = max(b",", b";", b"\t", key=head.count)
    if not head.strip(delimiter + b' "') or (b"\r" in data and data.count(b"\r") != data.count(b"\r\n")):
        return None
    quoted = b'"' in data
    below = quoted and data.find(b'"', begin + len(head)) >= 0
    if quoted and not _quotes_whole_cells(data if below else head, delimiter):
        return None
    names = [cell.removeprefix(b'"').removesuffix(b'"') for cell in head.split(delimiter)]
    try:
        columns = [cell.decode() for cell in names]
        kinds = _kinds(data[begin:_SAMPLE], columns, delimiter.decode(), quoted)
        rows = fast.read_csv(
            pa.BufferReader(pa.py_buffer(data).slice(begin)),
            parse_options=fast.ParseOptions(
                delimiter=delimiter.decode(), quote_char='"' if quoted else False, ignore_empty_lines=False
            ),
            convert_options=fast.ConvertOptions(column_types=kinds, strings_can_be_null=True, null_values=[""]),
            read_options=fast.ReadOptions(block_size=max(1 << 20, len(head) * 4)),
        )  # fmt: skip
    except (pa.ArrowInvalid, UnicodeDecodeError):
        return None  # a ragged row, a broken header, another encoding: the careful reader says which and where
    if below and rows.num_rows != data.count(b"\n") - data.endswith(b"\n"):  # line ends in cells
        return None
    kept = _filled(rows)
    return Source(name, "", rows if len(kept) == len(rows) else rows.take(to_arrow(kept)), kept + 2)


_SAMPLE = 1 << 18


def _kinds(sample: Bytes, columns: list[str], delimiter: str, quoted: bool) -> dict[str, pa.DataType]:
    """Return texts as codes for columns that say the same again and again, by the first lines; else plain texts."""
    from pyarrow import csv as fast

    kinds: dict[str, pa.DataType] = dict.fromkeys(columns, pa.string())
    whole = sample[: sample.rfind(b"\n") + 1]
    if len(sample) < _SAMPLE // 2 or not whole:
        return kinds
    rows = fast.read_csv(
        pa.BufferReader(whole),
        parse_options=fast.ParseOptions(delimiter=delimiter, quote_char='"' if quoted else False),
        convert_options=fast.ConvertOptions(column_types=kinds),
    )
    many = {cell for cell in columns if pc.count_distinct(rows.column(cell)).as_py() * 4 > rows.num_rows} \
        if len(set(columns)) == len(columns) else set(columns)  # fmt: skip
    return {cell: kind if cell in many else pa.dictionary(pa.int32(), kind) for cell, kind in kinds.items()}


def _quotes_whole_cells(data: Bytes, delimiter: bytes) -> bool:
    """Return whether quotes come in pairs, each around one cell without quotes."""
    marks = np.frombuffer(data, np.uint8)
    places = np.flatnonzero(marks == 34)
    if len(places) % 2:
        return False
    before = marks[np.maximum(places[0::2] - 1, 0)]
    opens = (places[0::2] == 0) | (before == ord(delimiter)) | (before == 10) | (places[0::2] == 3) & (before == 0xBF)
    after = marks[np.minimum(places[1::2] + 1, len(marks) - 1)]
    closes = (places[1::2] == len(marks) - 1) | (after == ord(delimiter)) | (after == 10) | (after == 13)
    return bool(opens.all() and closes.all())


def _filled(rows: pa.Table) -> np.ndarray:
    """Return which rows hold more than blanks; mostly the first column says it of all."""
    blank = np.arange(rows.num_rows)
    for column in rows.columns:
        here = column if len(blank) == rows.num_rows else column.take(to_arrow(blank))
        blank = blank[_blank(here)]
        if not len(blank):
            break
    return np.delete(np.arange(rows.num_rows), blank)


def _blank(column: pa.ChunkedArray) -> np.ndarray:
    """Return which cells are empty or hold nothing but blanks."""
    if not pa.types.is_dictionary(column.type):
        spaces, missing = from_arrow(pc.cast(pc.utf8_is_space(column), pa.int8()))
        return np.asarray(missing | (spaces == 1))
    found = []
    for chunk in column.chunks:
        codes, missing = from_arrow(chunk.indices)
        spaces, _ = from_arrow(pc.cast(pc.utf8_is_space(chunk.dictionary), pa.int8()))
        found.append(missing | (np.append(spaces, 0)[np.where(missing, -1, codes)] == 1))
    return np.concatenate(found) if found else np.empty(0, bool)


@contextmanager
def any_length() -> Iterator[None]:
    """Let the csv module read cells of any length: how long one may be, the schema says. Threads may overlap here."""
    with _LIMIT:
        if not _LIMITED:
            _LIMITED.append(csv.field_size_limit(2**31 - 1))
        else:
            _LIMITED.append(_LIMITED[0])
    try:
        yield
    finally:
        with _LIMIT:
            limit = _LIMITED.pop()
            if not _LIMITED:
                csv.field_size_limit(limit)


def _read_csv_carefully(text: str, delimiter: str, name: str, issues: Issues) -> Source | None:
    """Read row by row with the true line of each: quoted line breaks, blank lines, ragged rows."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[tuple[int, list[str]]] = []
    start = 1
    try:
        with any_length():
            for row in reader:
                rows.append((start, row))
                start = reader.line_num + 1
    except csv.Error as error:
        issues.add("T110", file=name, lines=[start], value=str(error))
        return None
    return _assemble(rows, name, issues)


def _assemble(
    numbered: Iterable[tuple[int, list[Any]]], name: str, issues: Issues, sheet: Sheet | None = None
) -> Source | None:
    """Make a source of rows of texts: the first that is not blank is the header, others as wide as it are data."""
    header: list[str] = []
    at = 0
    cells: list[list[str | None]] = []
    lines: list[int] = []
    ragged: dict[int, list[int]] = {}
    unvalued: dict[int, list[int]] = {}  # by column from 0
    formulas: dict[int, list[int]] = {}
    for row_, column in sheet.formulas if sheet is not None else ():
        formulas.setdefault(row_, []).append(column - 1)
    for line, row in numbered:
        if not any(cell and cell.strip() for cell in row):
            continue
        if not header:
            header, at = [cell or "" for cell in row], line
            continue
        fits = len(row) == len(header)
        if not fits:
            ragged.setdefault(len(row), []).append(line)
        for column in formulas.get(line, ()) if fits else ():
            unvalued.setdefault(column, []).append(line)
        cells.append([cell or None for cell in row] if fits and line not in formulas else [None] * len(header))
        lines.append(line)
    if not lines:
        issues.add("T102", file=name)
        return None
    where_it_is: dict[str, Any] = {"csv": "CSV"} if sheet is None else {"sheet": sheet.title}
    for count, where in ragged.items():
        issues.add("T109", file=name, lines=where, value=str(count), expected=len(header), **where_it_is)
    for column, where in sorted(unvalued.items()):
        first = sheet.formulas[where[0], column + 1] if sheet is not None else ""
        label = header[column].strip() or column_letters(column + 1)
        issues.add("T142", file=name, lines=where, column=label[:80], value=first)
    rows = pa.Table.from_arrays([to_strings(column) for column in zip(*cells, strict=True)], names=header)
    refused = sorted({line for where in (*ragged.values(), *unvalued.values()) for line in where})
    return Source(name, "", rows, np.array(lines, dtype=np.int64), at, tuple(refused))


def _read_parquet(data: Bytes, name: str, issues: Issues, sheet: str | None) -> Source | None:
    """Read batch by batch, texts as codes, so that what unpacks without measure is noticed in time."""
    del sheet
    from pyarrow import parquet

    try:
        kinds = parquet.read_schema(pa.BufferReader(data))
        texts = [
            field.name for field in kinds if pa.types.is_string(field.type) or pa.types.is_large_string(field.type)
        ]
        file = parquet.ParquetFile(pa.BufferReader(data), read_dictionary=texts)
        batches, size = [], 0
        for batch in file.iter_batches():
            batches.append(batch)
            size += batch.nbytes
            if size > MAXIMUM_BYTES:
                limit = f"{MAXIMUM_BYTES / 2**30:g} GiB"
                issues.add("T112", file=name, value=f"> {limit}", limit=limit)
                return None
        rows = pa.Table.from_batches(batches, schema=file.schema_arrow if not batches else None)
    except (pa.ArrowException, OSError, KeyError) as error:
        issues.add("T110", file=name, value=str(error)[:120])
        return None
    return Source(name, "", rows, np.arange(2, rows.num_rows + 2))


def _read_excel(data: Bytes, name: str, issues: Issues, sheet: str | None) -> Source | None:
    words = table_words(sheet or "")
    kin = [word for group in TOGETHER if sheet in group for other in group for word in table_words(other)]
    kin = [word for word in kin if word not in words]
    found = open_sheet(bytes(data), words, name, issues, MAXIMUM_BYTES // 4, kin)
    if found is None:
        return None
    if sheet not in TOGETHER[0]:  # of which `check_sheets` speaks when all are read
        known = {folded(word) for word in kin}
        say_unread([title for title in found.filled if folded(title) not in known], [found.title], name, issues)
    width = 0
    for row in found.rows:  # as wide as the header, or as their last cell beyond it
        while row and not (row[-1] or "").strip():
            row.pop()
        width = width or len(row)
        row.extend([None] * (width - len(row)))
    source = _assemble(enumerate(found.rows, start=1), found.name(name), issues, found)
    return None if source is None else replace(source, book=name, sheet=found.title, sheets=found.filled)
