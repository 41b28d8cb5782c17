"""What a workbook holds, read back."""

from __future__ import annotations

import io
from typing import Any

import python_calamine


def grid(data: bytes, name: str | int) -> list[list[Any]]:
    book = python_calamine.CalamineWorkbook.from_object(io.BytesIO(data))
    sheet = book.get_sheet_by_index(name) if isinstance(name, int) else book.get_sheet_by_name(name)
    return sheet.to_python(skip_empty_area=False)


def names(data: bytes) -> list[str]:
    return python_calamine.CalamineWorkbook.from_object(io.BytesIO(data)).sheet_names


def table(rows: list[list[Any]], first: str) -> list[dict[str, Any]]:
    """Return the table of a sheet that begins with this header."""
    start = next(n for n, row in enumerate(rows) if row[0] == first)
    return [dict(zip(rows[start], row, strict=True)) for row in rows[start + 1 :]]
