"""CSV as spreadsheets expect it: UTF-8 with a mark, and no cell that a spreadsheet would take for a formula."""

from __future__ import annotations

import csv
import io
import os
import re
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from carbon.errors import UsageError

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
_NUMBER = re.compile(r"[-+]?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?")


def cell(value: Any) -> str:
    """Return one value as the text of a cell.

    Numbers are written with all their digits, so that a written total is the computed one; text that a spreadsheet
    would run as a formula gets an apostrophe in front.

    Examples
    --------
    >>> cell(382.919), cell(None), cell(True), cell("=1+1"), cell("-3")
    ('382.919', '', 'true', "'=1+1", '-3')
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(value + 0.0)
    text = str(value)
    if isinstance(value, str) and text.startswith(_FORMULA) and text != "-" and not _NUMBER.fullmatch(text):
        return f"'{text}"
    return text


def csv_bytes(columns: Sequence[str], records: Iterable[Mapping[str, Any]]) -> bytes:
    """Return records as CSV: UTF-8 with byte order mark (so that Excel reads Chinese), comma, LF.

    Parameters
    ----------
    columns : sequence of str
        Header, and which keys of a record are written.
    records : iterable of mapping
        Rows.
    """
    known: dict[str, str] = {}

    def written(value: Any) -> str:
        if type(value) is float:
            return repr(value + 0.0)
        if value is None:
            return ""
        if not isinstance(value, str):
            return _quoted(cell(value))
        if value not in known:
            known[value] = _quoted(cell(value))
        return known[value]

    parts = [",".join(map(_quoted, columns))]
    rows = iter(records)
    while some := list(islice(rows, 50_000)):
        cells = [[written(record[name]) for record in some] for name in columns]
        parts += map(",".join, zip(*cells, strict=True))
    return ("\n".join(parts) + "\n").encode("utf-8-sig")


def _quoted(text: str) -> str:
    """Return a cell as the csv module writes it among others."""
    if text.isalnum():
        return text
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow([text, ""])
    return out.getvalue()[:-2]


def write_csv(path: Path, columns: Sequence[str], records: Iterable[Mapping[str, Any]]) -> None:
    """Write records as one CSV file, whole or not at all.

    Raises
    ------
    UsageError
        If its name does not end in ``.csv``, its folder does not exist, or it is there and was not written so.
    """
    if path.suffix.lower() != ".csv" or not path.parent.is_dir():
        message = f"{path}: choose a .csv file in a folder that exists"
        raise UsageError(message)
    if path.exists() and not path.read_bytes().startswith(",".join(columns).encode("utf-8-sig")):
        message = f"{path} exists and is another table; choose another with -o, or remove it"
        raise UsageError(message)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(csv_bytes(columns, records))
        Path(name).chmod(0o644)
        Path(name).replace(path)
    finally:
        Path(name).unlink(missing_ok=True)
