"""Reading: files and frames of every kind in, the same rows with the lines of an editor out, nothing lost."""

from __future__ import annotations

import csv
import datetime as dt
import decimal
import hashlib
import io
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import xlsxwriter
from pyarrow import parquet

from carbon import reading
from carbon.errors import CarbonError, DataError, Issues, UsageError
from carbon.inventory import Result, account
from carbon.reading import read
from carbon.run import compute, open_job

HEADER = ["facility", "period", "item", "quantity", "unit", "use", "factor", "factor_unit", "note"]
ROWS: list[list[Any]] = [
    ["北河钢铁厂", "2024-01", "柴油", 12.5, "吨", "燃烧", 3.1, "tCO2/t", None],
    ["北河钢铁厂", "2024-02", "柴油", 0.1, "t", "combustion", 3.1, "tCO2/t", "second"],
    ["Works 2", "2024-01", "natural-gas", 1250.25, "万Nm3", None, 20.7, "tCO2/万Nm3", "meter 7"],
    ["Works 2", "2024-Q2", "diesel", 1000, "kg", "combustion", 0.7, "kgCO2/kg", None],
    ["1001", "2024", "回收溶剂A", 3, "t", "combustion", 2, "tCO2/t", "𠮷"],
]
# quantity in tonnes (or 万Nm3) × factor, by hand from the printed decimals
TONNES = {
    ("北河钢铁厂", "2024-01"): Fraction("38.75"),
    ("北河钢铁厂", "2024-02"): Fraction("0.31"),
    ("Works 2", "2024-01"): Fraction("25880.175"),
    ("Works 2", "2024-Q2"): Fraction("0.7"),
    ("1001", "2024"): Fraction(6),
}
GOOD = dict(zip(HEADER, ["Good", "2024-01", "diesel", 10, "t", "combustion", 3, "tCO2/t", None], strict=True))
HEAD = ",".join(HEADER[:8]) + "\n"
ROW = "Good,2024-01,diesel,10,t,combustion,3,tCO2/t\n"  # 10 t × 3 tCO2/t = 30 t


def text_of(rows: list[list[Any]], delimiter: str = ",", ending: str = "\n", quoting: int = csv.QUOTE_MINIMAL) -> str:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator=ending, quoting=quoting)  # type: ignore[arg-type]
    writer.writerows([["" if cell is None else cell for cell in row] for row in rows])
    return out.getvalue()


def records() -> list[dict[str, Any]]:
    return [dict(zip(HEADER, row, strict=True)) for row in ROWS]


def frame() -> pd.DataFrame:
    return pd.DataFrame(records())


def arrow() -> pa.Table:
    return pa.Table.from_pylist([row | {"quantity": float(row["quantity"]), "factor": float(row["factor"])}
                                 for row in records()])  # fmt: skip


def cells(row: list[Any]) -> list[str | None]:
    return [None if cell is None else str(cell) for cell in row]


def book(path: Path, **sheets: list[list[Any]]) -> Path:
    with xlsxwriter.Workbook(path) as made:
        for name, rows in sheets.items():
            sheet = made.add_worksheet(name)
            for line, row in enumerate(rows):
                for column, cell in enumerate(row):
                    if isinstance(cell, str):
                        sheet.write_string(line, column, cell)
                    elif cell is not None:
                        sheet.write(line, column, cell)
    return path


class ArrowStream:
    """What polars and others are to us: an object that speaks the Arrow stream interface and nothing else."""

    def __init__(self, table: pa.Table) -> None:
        self.table = table

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self.table.__arrow_c_stream__(requested_schema)


def written(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def of_file(path: Path) -> Result:
    return compute(open_job(path))[0]


ALL = [HEADER, *ROWS]
CHINESE = ["设施", "周期", "项目", "数量", "单位", "用途", "排放因子", "排放因子单位", "备注"]
FILES: dict[str, Callable[[Path], Path]] = {
    "utf-8": lambda d: written(d / "a.csv", text_of(ALL)),
    "byte order mark": lambda d: written(d / "a.csv", b"\xef\xbb\xbf" + text_of(ALL).encode()),
    "gb18030": lambda d: written(d / "a.csv", text_of(ALL).encode("gb18030")),
    "crlf": lambda d: written(d / "a.csv", text_of(ALL, ending="\r\n")),
    "mark and crlf": lambda d: written(d / "a.csv", b"\xef\xbb\xbf" + text_of(ALL, ending="\r\n").encode()),
    "lone cr": lambda d: written(d / "a.csv", text_of(ALL, ending="\r")),
    "mixed endings": lambda d: written(d / "a.csv", text_of(ALL[:3]) + text_of(ALL[3:], ending="\r\n")),
    "no end of line": lambda d: written(d / "a.csv", text_of(ALL).rstrip("\n")),
    "semicolons": lambda d: written(d / "a.csv", text_of(ALL, delimiter=";")),
    "tabs": lambda d: written(d / "a.csv", text_of(ALL, delimiter="\t")),
    "semicolons and quotes": lambda d: written(d / "a.csv", text_of(ALL, delimiter=";", quoting=csv.QUOTE_ALL)),
    "tabs and lone cr": lambda d: written(d / "a.csv", text_of(ALL, delimiter="\t", ending="\r")),
    "semicolons after a blank line": lambda d: written(d / "a.csv", "\n" + text_of(ALL, delimiter=";")),
    "all quoted": lambda d: written(d / "a.csv", text_of(ALL, quoting=csv.QUOTE_ALL)),
    "blank lines": lambda d: written(d / "a.csv", "\n\n" + text_of(ALL).replace("\n", "\n\n \n")),
    "lines of commas": lambda d: written(d / "a.csv", text_of(ALL) + ",,,,,,,,\n,,,,,,,,\n"),
    "lines of commas and quotes": lambda d: written(
        d / "a.csv", text_of(ALL, quoting=csv.QUOTE_ALL) + ",,,,,,,,\n,,,,,,,,\n"
    ),
    "chinese header": lambda d: written(d / "a.csv", text_of([CHINESE, *ROWS])),
    "wide header": lambda d: written(d / "a.csv", text_of([["ＦＡＣＩＬＩＴＹ", " Period ", *HEADER[2:]], *ROWS])),
    "blanks around": lambda d: written(d / "a.csv", text_of([[f" {c} " if c else c for c in cells(r)] for r in ALL])),
    "unused columns": lambda d: written(d / "a.csv", text_of([[*ALL[0], ""], *([*row, ""] for row in ROWS)])),
    "upper case suffix": lambda d: written(d / "A.CSV", text_of(ALL)),
    "parquet": lambda d: parquet.write_table(arrow(), d / "a.parquet") or d / "a.parquet",
    "parquet of text": lambda d: parquet.write_table(
        pa.table({n: [cells(r)[i] for r in ROWS] for i, n in enumerate(HEADER)}), d / "a.parquet"
    ) or d / "a.parquet",
    "parquet by row groups": lambda d: parquet.write_table(
        arrow(), d / "a.parquet", row_group_size=1
    ) or d / "a.parquet",
    "parquet from pandas": lambda d: frame().to_parquet(d / "a.parquet") or d / "a.parquet",
    "excel": lambda d: book(d / "a.xlsx", Sheet1=ALL),
    "excel, numbers as text": lambda d: book(d / "a.xlsx", Sheet1=[HEADER, *map(cells, ROWS)]),
    "excel, whole number as name": lambda d: book(d / "a.xlsx", Sheet1=[HEADER, *ROWS[:4], [1001, 2024, *ROWS[4][2:]]]),
    "excel, sheet activities": lambda d: book(d / "a.xlsx", 说明=[["read me"]], Activities=ALL, Other=[["x"], ["y"]]),
    "excel, sheet 活动数据": lambda d: book(d / "a.xlsx", 说明=[["read me"]], 活动数据=ALL, 其他=[["x"], ["y"]]),
    "excel, blank rows": lambda d: book(d / "a.xlsx", S=[[], HEADER, [], *ROWS[:2], [None, " "], *ROWS[2:], []]),
    "excel, not in the corner": lambda d: book(d / "a.xlsx", S=[[], [], *([None, None, *row] for row in ALL)]),
    "excel, chinese header": lambda d: book(d / "a.xlsx", S=[CHINESE, *ROWS]),
}  # fmt: skip
FRAMES: dict[str, Callable[[], Any]] = {
    "list of dicts": records,
    "list of dicts without the empty cells": lambda: [{k: v for k, v in r.items() if v is not None} for r in records()],
    "list of dicts of text": lambda: [{k: None if v is None else str(v) for k, v in r.items()} for r in records()],
    "list of dicts of decimals": lambda: [r | {"quantity": decimal.Decimal(str(r["quantity"]))} for r in records()],
    "list of dicts of numpy floats": lambda: [r | {"quantity": np.float64(r["quantity"])} for r in records()],
    "list of dicts with nan": lambda: [r | {"ncv": float("nan")} for r in records()],
    "list of dicts with numpy nan": lambda: [r | {"ncv": np.float32("nan")} for r in records()],
    "list of dicts with pandas NA": lambda: [r | {"ncv": pd.NA, "meter": pd.NA} for r in records()],
    "records of a frame": lambda: frame().assign(ncv=pd.array([None] * 5, dtype="Int64")).to_dict("records"),
    "dict of lists": lambda: {name: [row[place] for row in ROWS] for place, name in enumerate(HEADER)},
    "pandas": frame,
    "pandas, nan is empty": lambda: frame().assign(ncv=np.nan, oxidation=[np.nan] * 5),
    "pandas, none in objects": lambda: frame().astype({"note": object, "use": object}),
    "pandas, categories": lambda: frame().astype(dict.fromkeys(["facility", "item", "unit", "use"], "category")),
    "pandas, numbers as categories": lambda: frame().astype({"quantity": "category"}),
    "pandas, string dtype": lambda: frame().astype(dict.fromkeys(["facility", "item", "note"], "string")),
    "pandas, numbers as strings": lambda: frame().assign(quantity=frame().quantity.map(repr)),
    "pandas, Float64 and Int64 with NA": lambda: frame().assign(
        quantity=frame().quantity.astype("Float64"), ncv=pd.array([pd.NA] * 5, dtype="Int64")
    ),
    "pandas, arrow types": lambda: frame().convert_dtypes(dtype_backend="pyarrow"),
    "pandas, another index": lambda: frame().set_index(pd.Index([7, 3, 9, 1, 5])),
    "pandas, a filtered frame": lambda: pd.concat([frame().head(2), frame()]).iloc[[2, 3, 4, 5, 6]],
    "pandas, text and numbers mixed": lambda: frame().assign(
        quantity=pd.Series(["12.5", 0.1, 1250.25, 1000, "3"], dtype=object)
    ),
    "arrow": arrow, "arrow, dictionaries": lambda: pa.table({n: arrow()[n].dictionary_encode() for n in HEADER}),
    "arrow, large strings": lambda: arrow().cast(pa.schema([
        pa.field(f.name, pa.large_string() if pa.types.is_string(f.type) else f.type) for f in arrow().schema])),
    "arrow, string views": lambda: arrow().set_column(0, "facility", arrow()["facility"].cast(pa.string_view())),
    "arrow, decimals": lambda: arrow().set_column(
        3, "quantity", pa.array([decimal.Decimal(str(row[3])) for row in ROWS], pa.decimal128(12, 3))),
    "arrow, slices": lambda: pa.concat_tables([arrow().slice(0, 2), arrow().slice(2, 3)]),
    "arrow, other order of columns": lambda: arrow().select(HEADER[::-1]),
    "arrow, batches": lambda: pa.RecordBatchReader.from_batches(arrow().schema, arrow().to_batches(max_chunksize=2)),
    "arrow, one batch": lambda: arrow().to_batches()[0],
    "arrow stream": lambda: ArrowStream(arrow()),
}  # fmt: skip


def figures(result: Result) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return everything that is summed; an own item has no note of how its cell was written."""
    assert not result.issues.errors, [issue.text() for issue in result.issues.errors]
    return result.total_records, result.energy_records


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    return figures(of_file(FILES["utf-8"](tmp_path_factory.mktemp("plain"))))


def test_read_plain_file_gives_the_totals_by_hand(expected: tuple[list[dict[str, Any]], Any]) -> None:
    found = {(r["facility"], r["period"]): r["co2e_t"] for r in expected[0]
             if (r["category"], r["basis"]) == ("total", "location")}  # fmt: skip
    assert {key: found[key] for key in TONNES} == {
        key: pytest.approx(float(tonnes), rel=1e-15) for key, tonnes in TONNES.items()
    }


@pytest.mark.parametrize("door", FILES)
def test_read_same_content_in_every_kind_of_file_gives_the_same_figures(
    door: str, expected: tuple[Any, Any], tmp_path: Path
) -> None:
    result = of_file(FILES[door](tmp_path))
    assert figures(result) == expected
    assert len(result.rows.table) == len(ROWS)


@pytest.mark.parametrize("door", FRAMES)
def test_account_same_content_in_every_kind_of_frame_gives_the_same_figures(
    door: str, expected: tuple[Any, Any]
) -> None:
    result = account(FRAMES[door]())
    assert figures(result) == expected
    assert result.rows.table.line.tolist() == [1, 2, 3, 4, 5]


# --- line numbers


PLAIN = "a,b\n1,x\n2,y\n"
NUMBERED = {
    "plain": ("a,b\n1,x\n2,y\n", [2, 3]),
    "crlf": ("a,b\r\n1,x\r\n2,y\r\n", [2, 3]),
    "lone cr": ("a,b\r1,x\r2,y\r", [2, 3]),
    "mixed": ("a,b\n1,x\r\n2,y\r3,z\n", [2, 3, 4]),
    "blank line between": ("a,b\n1,x\n\n2,y\n", [2, 4]),
    "blank lines crlf": ("a,b\r\n1,x\r\n\r\n\r\n2,y\r\n", [2, 5]),
    "blank line before the header": ("\n\na,b\n1,x\n", [4]),
    "line of blanks": ("a,b\n1,x\n   \n2,y\n", [2, 4]),
    "line of commas": ("a,b\n1,x\n,\n2,y\n", [2, 4]),
    "line of commas beside a quote": ('a,b\n"1",x\n,\n2,y\n', [2, 4]),
    "quoted comma": ('a,b\n"1,5",x\n2,y\n', [2, 3]),
    "quoted quote": ('a,b\n"say ""x""",x\n2,y\n', [2, 3]),
    "quoted line break": ('a,b\n"one\ntwo",x\n2,y\n', [2, 4]),
    "quoted line breaks crlf": ('a,b\r\n"one\r\ntwo\r\nthree",x\r\n2,y\r\n', [2, 5]),
    "quoted lone cr": ('a,b\r"one\rtwo",x\r2,y\r', [2, 4]),
    "quoted blank line": ('a,b\n"one\n\ntwo",x\n2,y\n', [2, 5]),
    "line break in the header": ('a,"b\nc"\n1,x\n2,y\n', [3, 4]),
    "unicode line separators are text": ("a,b\n1\u2028,x\u0085\n2,y\x0b\n", [2, 3]),
    "no last end of line": ("a,b\n1,x\n2,y", [2, 3]),
}


@pytest.mark.parametrize(("text", "lines"), NUMBERED.values(), ids=NUMBERED.keys())
def test_read_numbers_lines_as_an_editor_does(text: str, lines: list[int], tmp_path: Path) -> None:
    issues = Issues()
    source = read(written(tmp_path / "a.csv", text), issues)
    assert source is not None
    assert source.line.tolist() == lines
    assert source.rows.num_rows == len(lines)
    assert not issues


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_read_ragged_rows_are_listed_with_their_lines_and_the_others_computed(delimiter: str, tmp_path: Path) -> None:
    long, short = ROW.replace("Good", "Long").rstrip() + ",x\n", "Short,2024-01,diesel\n"
    text = HEAD + ROW + long + ROW.replace("Good", "Next") + "\n" + short + long
    result = of_file(written(tmp_path / "a.csv", text.replace(",", delimiter)))
    found = {issue.value: [int(line) for line in issue.lines] for issue in result.issues if issue.code == "T109"}
    assert found == {"9": [3, 7], "3": [6]}
    assert [int(n) for n in result.rows.table.line[~result.rows.bad]] == [2, 4]


def test_read_cell_keeps_commas_quotes_and_line_breaks(tmp_path: Path) -> None:
    source = read(written(tmp_path / "a.csv", 'a,b\n"1,5","say ""x"""\n"one\ntwo",  y\n'), Issues())
    assert source is not None
    assert source.rows.to_pydict() == {"a": ["1,5", "one\ntwo"], "b": ['say "x"', "  y"]}


def test_read_excel_numbers_lines_as_the_sheet_does(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", S=[[], ["a", "b"], [1, "x"], [], [2, "y"]])
    source = read(path, Issues())
    assert source is not None
    assert source.line.tolist() == [3, 5]


def test_read_excel_error_in_the_header_names_its_true_line(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", S=[[], [], [*HEADER[:4], "unti"], ["Good", "2024-01", "diesel", 10, "t"]])
    with pytest.raises(DataError) as caught:
        of_file(path)
    assert {tuple(issue.lines) for issue in caught.value.issues} == {(3,)}


# --- what a file is


def test_read_hashes_the_bytes_of_the_file(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", PLAIN.encode("utf-8-sig"))
    source = read(path, Issues())
    assert source is not None
    assert (source.file, source.digest) == ("a.csv", hashlib.sha256(path.read_bytes()).hexdigest())


def test_read_gb18030_is_said_and_holds_every_character(tmp_path: Path) -> None:
    names = ["北河", "㐀㐁", "𠮷", "é", "€"]
    issues = Issues()
    source = read(written(tmp_path / "a.csv", ("a\n" + "\n".join(names) + "\n").encode("gb18030")), issues)
    assert source is not None
    assert source.rows["a"].to_pylist() == names
    assert [issue.code for issue in issues] == ["T105"]


def test_read_missing_file_names_near_ones(tmp_path: Path) -> None:
    written(tmp_path / "activities.csv", PLAIN)
    with pytest.raises(UsageError, match=r"activites\.csv.*activities\.csv"):
        read(tmp_path / "activites.csv", Issues())


@pytest.mark.parametrize("name", ["a.xls", "a.txt", "a", "a.csv.gz", ".csv"])
def test_read_unknown_kind_of_file_names_the_known_ones(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"\.csv, \.parquet, \.xlsx"):
        read(written(tmp_path / name, PLAIN), Issues())


@pytest.mark.parametrize(
    "content", [b"", b"\n", b" \n\t\r\n", b"\xef\xbb\xbf", HEAD.encode(), (HEAD + ",,,,,,,\n").encode()]
)
def test_read_file_without_a_row_is_an_empty_table(content: bytes, tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        of_file(written(tmp_path / "a.csv", content))
    assert [issue.code for issue in caught.value.issues] == ["T102"]


def test_read_many_rows_in_blocks_loses_none(tmp_path: Path) -> None:
    count = 60_000  # some megabytes: several blocks of the fast reader, and the compiled kernels
    body = "".join(f"Good,2024-01,diesel,{n},t,combustion,2,tCO2/t,row {n}\n" for n in range(1, count + 1))
    result = of_file(written(tmp_path / "a.csv", HEAD.rstrip() + ",note\n" + body))
    assert result.provenance["lines"] == {"read": count, "computed": count, "bad": 0}
    assert result.rows.table.line[[0, -1]].tolist() == [2, count + 1]
    assert result.total_records[-1]["co2e_t"] == count * (count + 1)  # 2 × (1 + … + n)


def test_read_careful_and_fast_way_agree_on_many_rows(tmp_path: Path) -> None:
    body = "".join(f"Works {n % 7},2024-0{1 + n % 9},diesel,{n}.5,t,combustion,2,tCO2/t\n" for n in range(3_000))
    plain = figures(of_file(written(tmp_path / "a.csv", HEAD + body)))
    quoted = figures(of_file(written(tmp_path / "b.csv", HEAD.replace("facility", '"facility"') + body)))
    assert plain == quoted


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
