"""CSV files of the library: UTF-8 with or without its mark, read as a whole, with the line of every row."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import NamedTuple

from carbon.errors import DataError, Issues, Said


class Printed(NamedTuple):
    """A CSV file as it stands: its header, and its rows with their line; blank lines are left out."""

    header: tuple[str, ...]
    rows: list[tuple[int, list[str]]]

    def records(self) -> list[dict[str, str]]:
        """Return the rows by column."""
        return [dict(zip(self.header, cells, strict=False)) for _, cells in self.rows]


def label(path: Path) -> str:
    """Return how a file is named in messages: with its folder, which is its publication."""
    return f"{path.parent.name}/{path.name}"


def unreadable(path: Path, why: Exception | None = None) -> DataError:
    """Return the error of a file that cannot be read, or is no file (F222)."""
    issues = Issues()
    issues.add("F222", file=label(path), why=str(why) if why else Said("it is not a file", "不是文件"))
    return DataError(issues)


def read_csv(path: Path) -> Printed:
    """Return a CSV file.

    Raises
    ------
    DataError
        If it is no file but a pipe, a device or a folder, not UTF-8, or not CSV (F222).
    """
    if not path.is_file():
        raise unreadable(path)
    try:
        reader = csv.reader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline=""), strict=True)
        return Printed(tuple(next(reader, ())), [(reader.line_num, cells) for cells in reader if cells])
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise unreadable(path, error) from error
