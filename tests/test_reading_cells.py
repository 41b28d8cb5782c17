"""Cells of workbooks, frames and Parquet: a text, a number and a date stay what the user sees."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import xlsxwriter
from pyarrow import parquet
from shared.written import HEAD, HEADER, ROW, arrow, book, of_file, written

from carbon import reading
from carbon.errors import CarbonError, DataError, Issues, UsageError
from carbon.inventory import account
from carbon.reading import read

GOOD = dict(zip(HEADER, ["Good", "2024-01", "diesel", 10, "t", "combustion", 3, "tCO2/t", None], strict=True))


# --- Excel and numbers that are texts, texts that are numbers


@pytest.mark.parametrize(
    ("cell", "text"),
    [(1001, "1001"), (1001.0, "1001"), (0.1, "0.1"), (1250.5, "1250.5"), (-3, "-3"), (True, "TRUE"), ("1,250", "1,250"),
     ("007", "007"), (123456789012, "123456789012")],
)  # fmt: skip
def test_read_excel_cell_is_the_text_that_it_shows(cell: object, text: str, tmp_path: Path) -> None:
    source = read(book(tmp_path / "a.xlsx", S=[["a"], [cell]]), Issues())
    assert source is not None
    assert source.rows["a"].to_pylist() == [text]


def test_read_excel_date_in_a_free_text_is_its_iso_form(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(path) as made:
        sheet = made.add_worksheet()
        for column, (name, cell) in enumerate(zip(HEADER, [*ROW.strip().split(","), None], strict=True)):
            sheet.write(0, column, name)
            sheet.write(1, column, cell)
        sheet.write_datetime(1, 8, dt.datetime(2024, 3, 1), made.add_format({"num_format": "yyyy-mm-dd"}))
        sheet.write(1, 3, 10)
        sheet.write(1, 6, 3)
    result = of_file(path)
    assert result.rows.table.text("note", 0) == "2024-03-01"
    assert result.total_records[0]["co2e_t"] == 30.0


def test_read_excel_cell_beyond_the_header_is_not_dropped_in_silence(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", S=[HEADER[:8], [*ROW.strip().split(","), "stray"]])
    try:
        issues = of_file(path).issues
    except DataError as error:
        issues = error.issues
    assert issues.errors


@pytest.mark.parametrize("door", ["excel", "pandas", "list of dicts", "parquet"])
def test_read_october_as_a_number_is_not_taken_for_january(door: str, tmp_path: Path) -> None:
    row = GOOD | {"period": 2024.10}  # typed as 2024.10 in a cell that was not text: 2024.1 is what is stored
    if door == "excel":
        result = of_file(book(tmp_path / "a.xlsx", S=[list(row), list(row.values())]))
    elif door == "parquet":
        parquet.write_table(pa.Table.from_pylist([row]), tmp_path / "a.parquet")
        result = of_file(tmp_path / "a.parquet")
    else:
        result = account(pd.DataFrame([row]) if door == "pandas" else [row])
    assert result.issues.errors, f"taken for {result.total_records[0]['period']}"
    assert result.rows.bad.tolist() == [True]


@pytest.mark.parametrize("period", [2024, 2024.0, np.int64(2024), np.float64(2024.0), "2024"])
def test_account_year_as_a_number_is_that_year(period: object) -> None:
    result = account(pd.DataFrame([GOOD | {"period": period}]))
    assert [(r["period"], r["co2e_t"]) for r in result.total_records[:1]] == [("2024", 30.0)]
    result = account([GOOD | {"period": period}])
    assert [(r["period"], r["co2e_t"]) for r in result.total_records[:1]] == [("2024", 30.0)]


# --- frames


def test_account_frame_numbers_its_rows_from_one() -> None:
    result = account([GOOD, GOOD | {"quantity": None}, GOOD | {"period": "2024-02"}])
    assert result.rows.bad.tolist() == [False, True, False]
    assert [(i.code, list(i.lines)) for i in result.issues.errors] == [("T108", [2])]


@pytest.mark.parametrize("empty", [None, float("nan"), np.nan, pd.NA, pd.NaT, np.float32("nan"), ""])
def test_account_empty_cell_of_any_kind_is_empty(empty: object) -> None:
    rows = [GOOD | {"note": empty, "ncv": empty, "process": empty}]
    assert account(rows).total_records[0]["co2e_t"] == 30.0
    assert [i.code for i in account([GOOD | {"quantity": empty}]).issues.errors] == ["T108"]


@pytest.mark.parametrize(
    "column",
    [
        pd.to_datetime(["2024-01-01"]),
        [dt.date(2024, 1, 1)],
        pd.to_datetime(["2024-01-01"]).tz_localize("Asia/Shanghai"),
    ],
    ids=["timestamp", "date", "zoned"],
)
def test_account_date_in_period_of_a_frame_is_an_issue_with_the_month_to_write(column: Any) -> None:
    result = account(pd.DataFrame([GOOD]).assign(period=column))
    assert [issue.code for issue in result.issues.errors] == ["T121"]
    assert "2024-01" in result.issues.errors[0].remedy()


@pytest.mark.parametrize("value", [dt.date(2024, 1, 1), dt.datetime(2024, 1, 1), pd.Timestamp("2024-01-01")])
def test_account_date_in_period_of_a_dict_is_the_same_issue(value: object) -> None:
    result = account([GOOD | {"period": value}])
    assert [issue.code for issue in result.issues.errors] == ["T121"]


def test_account_pandas_periods_are_periods() -> None:
    frame_ = pd.DataFrame([GOOD, GOOD]).assign(period=pd.PeriodIndex(["2024-01", "2024-02"], freq="M"))
    found = [
        r["period"] for r in account(frame_).total_records if r["category"] == "total" and r["basis"] == "location"
    ]
    assert found[:2] == ["2024-01", "2024-02"]


def test_account_infinite_number_of_a_frame_is_an_issue() -> None:
    result = account(pd.DataFrame([GOOD, GOOD]).assign(quantity=[np.inf, 10.0]))
    assert [(i.code, list(i.lines)) for i in result.issues.errors] == [("T124", [1])]
    assert result.rows.bad.tolist() == [True, False]


UNREADABLE: dict[str, Callable[[], Any]] = {
    "nothing": lambda: None,
    "a number": lambda: 3,
    "a series": lambda: pd.Series([1, 2]),
    "list of lists": lambda: [[1, 2]],
    "one row": lambda: GOOD,
    "columns of different length": lambda: {"facility": ["a", "b"], "period": ["2024"]},
    "column twice": lambda: pd.concat([pd.DataFrame([GOOD]), pd.DataFrame([GOOD])[["unit"]]], axis=1),
    "complex numbers": lambda: pd.DataFrame([GOOD]).assign(quantity=[1j]),
    "intervals": lambda: pd.DataFrame([GOOD]).assign(note=pd.interval_range(0, 1)),
    "no rows": list,
    "empty dicts": lambda: [{}],
    "half a character": lambda: [GOOD | {"facility": "a\ud800"}],
    "bytes that are no text": lambda: pa.table(
        {k: [b"\xff\xfe" if k == "facility" else str(v)] for k, v in GOOD.items()}
    ),
    "structs": lambda: pa.table({k: [{"x": 1} if k == "facility" else str(v)] for k, v in GOOD.items()}),
    "months as intervals": lambda: pa.table(
        {k: pa.array([(1, 2, 3)], pa.month_day_nano_interval()) if k == "note" else [str(v)] for k, v in GOOD.items()}
    ),
}


@pytest.mark.parametrize("made", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_account_frame_that_cannot_be_read_is_said_and_no_accident(made: Callable[[], Any]) -> None:
    """Either a clear error or a result; anything else would be a bug in the face of the user."""
    try:
        result = account(made())
    except CarbonError:
        return
    assert result.issues.errors or not result.rows.bad.any()


def test_account_path_as_text_says_what_to_do_instead(tmp_path: Path) -> None:
    path = written(tmp_path / "activities.csv", HEAD + ROW)
    try:
        result = account(path)
    except UsageError as error:
        said = str(error)
    else:
        assert result.total_records[0]["co2e_t"] == 30.0
        return
    assert "expected a path" not in said  # a path was given


# --- Parquet


def test_read_parquet_text_that_is_no_utf_8_is_an_issue(tmp_path: Path) -> None:
    data, offsets = pa.py_buffer(b"\xff\xfeab"), pa.py_buffer(np.array([0, 4], np.int32))
    broken = pa.StringArray.from_buffers(1, offsets, data)
    table = pa.table({k: broken if k == "facility" else pa.array([v]) for k, v in GOOD.items() if v is not None})
    parquet.write_table(table, tmp_path / "a.parquet", store_schema=False)
    try:
        issues = of_file(tmp_path / "a.parquet").issues
    except DataError as error:
        issues = error.issues
    assert issues.errors


def test_read_parquet_that_unpacks_beyond_the_limit_is_too_large(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    columns = {k: pa.array([v] * 200_000).dictionary_encode() for k, v in GOOD.items() if v is not None}
    parquet.write_table(pa.table(columns).cast(pa.schema([(k, c.type.value_type) for k, c in columns.items()])),
                        tmp_path / "a.parquet")  # fmt: skip
    assert (tmp_path / "a.parquet").stat().st_size < 1 << 18  # and more than 15 MiB in memory
    monkeypatch.setattr(reading, "MAXIMUM_BYTES", 4 << 20)
    with pytest.raises(DataError) as caught:
        of_file(tmp_path / "a.parquet")
    assert [issue.code for issue in caught.value.issues] == ["T112"]


@pytest.mark.parametrize("cut", [slice(0, 4), slice(0, -1), slice(0, -8), slice(4, None), slice(200, None)], ids=str)
def test_read_parquet_that_was_cut_is_unreadable(cut: slice, tmp_path: Path) -> None:
    buffer = io.BytesIO()
    parquet.write_table(arrow(), buffer)
    with pytest.raises(DataError) as caught:
        of_file(written(tmp_path / "a.parquet", buffer.getvalue()[cut]))
    assert [issue.code for issue in caught.value.issues] == ["T110"]
