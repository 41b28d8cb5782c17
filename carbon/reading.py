"""Floor 2: bytes in, text and number columns out: CSV, Parquet, Excel, frames. It knows no schema.

Every row keeps the line that an editor shows; what cannot be read is an issue; the file is read once and hashed.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from carbon.arrays import from_arrow, to_arrow, to_strings
from carbon.errors import DataError, Issues, UsageError, near_misses
from carbon.schema import table_words
from carbon.workbooks import cell_text, read_sheet

MAXIMUM_BYTES = 4 << 30
SUFFIXES = (".csv", ".parquet", ".xlsx")
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
        Lines whose cells cannot be told apart; they are empty here and an issue says why.
    """

    file: str
    digest: str
    rows: pa.Table
    line: np.ndarray
    header: int = 1
    refused: tuple[int, ...] = ()


def read(path: Path, issues: Issues, sheet: str | None = None) -> Source | None:
    """Read a CSV, Parquet or Excel file as text and numbers; what cannot be read becomes an issue.

    Parameters
    ----------
    path : pathlib.Path
        A `.csv` (UTF-8, UTF-8 with BOM, GB18030), `.parquet` or `.xlsx` file.
    issues : Issues
        Receives what is wrong.
    sheet : str, optional
        Table that is wanted of a workbook: the sheet of that name in either language, else the first.

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
    digest = hashlib.sha256(data).hexdigest()
    if not data.strip():
        issues.add("T102", file=path.name)
        return None
    readers = {".csv": _read_csv, ".parquet": _read_parquet, ".xlsx": _read_excel}
    found = readers[path.suffix.lower()](data, path.name, issues, sheet)
    if found is None:
        return None
    if found.rows.num_rows == 0:
        issues.add("T102", file=path.name)
        return None
    return replace(found, digest=digest)


def source_of(given: Any, issues: Issues, name: str) -> Source:
    """Return a table given as a path, a frame or a source; a file that cannot be read is a `DataError`."""
    if isinstance(given, Source):
        return given
    if isinstance(given, (str, Path)):
        source = read(Path(given), issues, sheet=name)
        if source is None:
            raise DataError(issues)
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


def _decode(data: bytes, name: str, issues: Issues) -> tuple[str, bytes] | None:
    """Return the text and the same as UTF-8 bytes; any other encoding than UTF-8 is said."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in data[:4096]:
        issues.add("T104", file=name)
        return None
    try:
        return data.decode("utf-8-sig"), data.removeprefix(b"\xef\xbb\xbf")
    except UnicodeDecodeError as error:
        place = data.count(b"\n", 0, error.start) + 1
    try:
        text = data.decode("gb18030")
    except UnicodeDecodeError:
        issues.add("T104", file=name, lines=[place])
        return None
    issues.add("T105", file=name)
    return text, text.encode()


def _read_csv(data: bytes, name: str, issues: Issues, sheet: str | None) -> Source | None:
    """Read CSV fast with Arrow where every line is one plain row, else carefully with the csv module."""
    del sheet
    decoded = _decode(data, name, issues)
    if decoded is None:
        return None
    text, data = decoded
    first = _FIRST_LINE.search(text)
    if first is None:
        issues.add("T102", file=name)
        return None
    head = first[0]
    delimiter = max(",;\t", key=head.count)
    simple = '"' not in text and "\n\n" not in text and "\n\r\n" not in text and text.count("\r") == text.count("\r\n")
    if simple and first.start() == 0 and head.strip(f"{delimiter} "):
        from pyarrow import csv as fast

        try:
            rows = fast.read_csv(
                io.BytesIO(data),
                parse_options=fast.ParseOptions(delimiter=delimiter, quote_char=False),
                convert_options=fast.ConvertOptions(
                    column_types={cell: pa.string() for cell in head.split(delimiter)},
                    strings_can_be_null=True, null_values=[""],
                ),
                read_options=fast.ReadOptions(block_size=max(1 << 20, len(head) * 4)),
            )  # fmt: skip
        except pa.ArrowInvalid:
            pass  # a ragged row or a broken header: the careful reader says which and where
        else:
            kept = _filled(rows)
            return Source(name, "", rows if len(kept) == len(rows) else rows.take(to_arrow(kept)), kept + 2)
    return _read_csv_carefully(text, delimiter, name, issues)


def _filled(rows: pa.Table) -> np.ndarray:
    """Return which rows hold more than blanks; mostly the first column says it of all."""
    blank = np.arange(rows.num_rows)
    for column in rows.columns:
        here = column if len(blank) == rows.num_rows else column.take(to_arrow(blank))
        spaces, missing = from_arrow(pc.cast(pc.utf8_is_space(here), pa.int8()))
        blank = blank[missing | (spaces == 1)]
        if not len(blank):
            break
    return np.delete(np.arange(rows.num_rows), blank)


def _read_csv_carefully(text: str, delimiter: str, name: str, issues: Issues) -> Source | None:
    """Read row by row with the true line of each: quoted line breaks, blank lines, ragged rows."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[tuple[int, list[str]]] = []
    start = 1
    longest = csv.field_size_limit(len(text) + 1)  # how long a cell may be, the schema says
    try:
        for row in reader:
            rows.append((start, row))
            start = reader.line_num + 1
    except csv.Error as error:
        issues.add("T110", file=name, lines=[start], value=str(error))
        return None
    finally:
        csv.field_size_limit(longest)
    return _assemble(rows, name, issues)


def _assemble(numbered: Iterable[tuple[int, list[Any]]], name: str, issues: Issues) -> Source | None:
    """Make a source of rows of texts: the first that is not blank is the header, others as wide as it are data."""
    header: list[str] = []
    at = 0
    cells: list[list[str | None]] = []
    lines: list[int] = []
    ragged: dict[int, list[int]] = {}
    for line, row in numbered:
        if not any(cell and cell.strip() for cell in row):
            continue
        if not header:
            header, at = [cell or "" for cell in row], line
            continue
        fits = len(row) == len(header)
        if not fits:
            ragged.setdefault(len(row), []).append(line)
        cells.append([cell or None for cell in row] if fits else [None] * len(header))
        lines.append(line)
    if not lines:
        issues.add("T102", file=name)
        return None
    for count, where in ragged.items():
        issues.add("T109", file=name, lines=where, value=str(count), expected=len(header))
    rows = pa.Table.from_arrays([to_strings(column) for column in zip(*cells, strict=True)], names=header)
    refused = tuple(line for where in ragged.values() for line in where)
    return Source(name, "", rows, np.array(lines, dtype=np.int64), at, refused)


def _read_parquet(data: bytes, name: str, issues: Issues, sheet: str | None) -> Source | None:
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


def _read_excel(data: bytes, name: str, issues: Issues, sheet: str | None) -> Source | None:
    grid = read_sheet(data, table_words(sheet or ""), name, issues, MAXIMUM_BYTES // 4)
    if grid is None:
        return None
    width = 0
    for row in grid:  # as wide as the header, or as their last cell beyond it
        while row and not (row[-1] or "").strip():
            row.pop()
        width = width or len(row)
        row.extend([None] * (width - len(row)))
    return _assemble(enumerate(grid, start=1), name, issues)
