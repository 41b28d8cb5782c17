"""Floor 2: bytes in, text and number columns out: CSV, Parquet, Excel, frames. It knows no schema.

Every row keeps the line that an editor shows; what cannot be read is an issue; the file is read once and hashed.
"""

from __future__ import annotations

import csv
import hashlib
import io
import math
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from carbon.arrays import to_strings
from carbon.errors import Issues, UsageError, near_misses
from carbon.schema import folded

MAXIMUM_BYTES = 4 << 30
SUFFIXES = (".csv", ".parquet", ".xlsx")
RAGGED = "\0ragged"  # stands in the first cell of a row with too many or too few cells
DATE = "\x01"  # stands before a cell that was a date and not text


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
        Line of the file (header = 1), or row of the frame (first = 1).
    """

    file: str
    digest: str
    rows: pa.Table
    line: np.ndarray


def read(path: Path, issues: Issues, sheet: str | None = None) -> Source | None:
    """Read a CSV, Parquet or Excel file as text and numbers; what cannot be read becomes an issue.

    Parameters
    ----------
    path : pathlib.Path
        A `.csv` (UTF-8, UTF-8 with BOM, GB18030), `.parquet` or `.xlsx` file.
    issues : Issues
        Receives what is wrong.
    sheet : str, optional
        Worksheet of a workbook; the one of that name, else the first.

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
    rows, line = found
    if rows.num_rows == 0:
        issues.add("T102", file=path.name)
        return None
    return Source(path.name, digest, rows, line)


def from_frame(frame: Any, name: str) -> Source:
    """Take a pandas frame, an Arrow table or anything that speaks the Arrow stream interface.

    Raises
    ------
    UsageError
        If it is none of these.
    """
    if isinstance(frame, pa.Table):
        rows = frame
    elif hasattr(frame, "__arrow_c_stream__"):
        rows = pa.table(frame)
    elif isinstance(frame, (list, tuple)) and all(isinstance(row, Mapping) for row in frame):
        names = list(dict.fromkeys(key for row in frame for key in row))
        rows = pa.table({str(key): pa.array([_cell(row.get(key)) for row in frame]) for key in names})
    elif isinstance(frame, Mapping):
        rows = pa.table(dict(frame))
    else:
        message = f"{name}: expected a path, a DataFrame, an Arrow table or a list of dicts, got {type(frame).__name__}"
        raise UsageError(message)
    return Source(name, "", rows, np.arange(1, rows.num_rows + 1))


def _cell(value: Any) -> Any:
    """Return one Python cell as text, or None if empty, so that a mixed column stays readable."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    return value if isinstance(value, str) else (repr(value) if isinstance(value, float) else str(value))


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


def _read_csv(data: bytes, name: str, issues: Issues, sheet: str | None) -> tuple[pa.Table, np.ndarray] | None:
    """Read CSV fast with Arrow where every line is one plain row, else carefully with the csv module."""
    del sheet
    decoded = _decode(data, name, issues)
    if decoded is None:
        return None
    text, data = decoded
    head = text.split("\n", 1)[0].rstrip("\r")
    delimiter = max(",;\t", key=head.count)
    simple = '"' not in text and "\n\n" not in text and "\n\r\n" not in text and text.count("\r") == text.count("\r\n")
    if simple and head.strip():
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
            return rows, np.arange(2, rows.num_rows + 2)
        except pa.ArrowInvalid:
            pass  # a ragged row or a broken header: the careful reader says which and where
    return _read_csv_carefully(text, delimiter, name, issues)


def _read_csv_carefully(text: str, delimiter: str, name: str, issues: Issues) -> tuple[pa.Table, np.ndarray] | None:
    """Read row by row with the true line of each: quoted line breaks, blank lines, ragged rows."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    header: list[str] | None = None
    cells: list[list[str | None]] = []
    lines: list[int] = []
    ragged: dict[int, list[int]] = {}
    start = 1
    while True:
        try:
            row = next(reader)
        except StopIteration:
            break
        except csv.Error as error:
            issues.add("T110", file=name, lines=[start], value=str(error))
            return None
        line, start = start, reader.line_num + 1
        if not any(cell.strip() for cell in row):
            continue
        if header is None:
            header = row
            continue
        if len(row) != len(header):
            ragged.setdefault(len(row), []).append(line)
            row = (row + [""] * len(header))[: len(header)]
            row = [RAGGED, *row[1:]]
        cells.append([cell or None for cell in row])
        lines.append(line)
    if header is None:
        issues.add("T102", file=name)
        return None
    for count, where in ragged.items():
        issues.add("T109", file=name, lines=where, value=str(count), expected=len(header))
    columns = list(zip(*cells, strict=True)) or [()] * len(header)
    rows = pa.Table.from_arrays([to_strings(c) for c in columns], names=header)
    return rows, np.array(lines, dtype=np.int64)


def _read_parquet(data: bytes, name: str, issues: Issues, sheet: str | None) -> tuple[pa.Table, np.ndarray] | None:
    del sheet
    from pyarrow import parquet

    try:
        rows = parquet.read_table(pa.BufferReader(data))
    except (pa.ArrowException, OSError) as error:
        issues.add("T110", file=name, value=str(error)[:120])
        return None
    return rows, np.arange(2, rows.num_rows + 2)


def _read_excel(data: bytes, name: str, issues: Issues, sheet: str | None) -> tuple[pa.Table, np.ndarray] | None:
    import python_calamine

    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            size = sum(member.file_size for member in archive.infolist())
        limit = min(MAXIMUM_BYTES // 4, 400 * max(len(data), 1 << 20))
        if size > limit:
            issues.add("T112", file=name, value=f"{size / 2**20:.0f} MiB", limit=f"{limit / 2**20:.0f} MiB")
            return None
        book = python_calamine.CalamineWorkbook.from_object(io.BytesIO(data))
        wanted = folded(sheet or "")
        title = next((s for s in book.sheet_names if folded(s) == wanted), book.sheet_names[0])
        grid = book.get_sheet_by_name(title).to_python(skip_empty_area=False)
    except (zipfile.BadZipFile, python_calamine.CalamineError, IndexError) as error:
        issues.add("T110", file=name, value=str(error)[:120] or type(error).__name__)
        return None
    filled = [(number, row) for number, row in enumerate(grid, start=1) if any(cell not in ("", None) for cell in row)]
    if not filled:
        issues.add("T102", file=name)
        return None
    header = [str(cell) for cell in filled[0][1]]
    while header and not header[-1].strip():
        header.pop()
    body = filled[1:]
    columns = [[_excel_cell(row[i]) for _, row in body] for i in range(len(header))]
    rows = pa.Table.from_arrays([to_strings(column) for column in columns], names=header)
    return rows, np.array([number for number, _ in body], dtype=np.int64)


def _excel_cell(cell: Any) -> str | None:
    """Return a cell as text; whole numbers lose the `.0` that Excel stores, dates stay recognisable as dates."""
    if cell is None or cell == "":
        return None
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if hasattr(cell, "isoformat"):
        return f"{DATE}{cell.isoformat()}"
    return str(cell)
