"""CSV as spreadsheets expect it: UTF-8 with a mark, and no cell that a spreadsheet would take for a formula."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

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
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    for record in records:
        writer.writerow([cell(record[name]) for name in columns])
    return out.getvalue().encode("utf-8-sig")
