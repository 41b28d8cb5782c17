"""Five million rows of CSV to columns in memory. The engine also hashes the bytes and keeps the line of each row."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from pyarrow import csv

from carbon.errors import Issues
from carbon.reading import read


def carbon(path: Path) -> int:
    return read(path, Issues()).rows.num_rows


def polars(path: Path) -> int:
    return pytest.importorskip("polars").read_csv(path).height


def duckdb(path: Path) -> int:
    with pytest.importorskip("duckdb").connect() as database:
        return database.read_csv(str(path)).to_arrow_table().num_rows


def pyarrow(path: Path) -> int:
    return csv.read_csv(path).num_rows


def pandas(path: Path) -> int:
    return len(pd.read_csv(path))


@pytest.mark.parametrize("reader", [carbon, polars, duckdb, pyarrow, pandas], ids=lambda reader: reader.__name__)
def test_read(measure, files, tiny, reader):
    path, rows = files(5_000_000), 2_000 if tiny else 5_000_000
    found = measure(reader, path, group="read: 5e6 rows of CSV", what=reader.__name__, rows=rows, rounds=3)
    assert found == rows
