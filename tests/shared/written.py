"""Files and frames of every kind with one content."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import xlsxwriter
from pyarrow import parquet

from carbon.inventory import Result
from carbon.run import compute, open_job

HEADER = ["facility", "period", "item", "quantity", "unit", "use", "factor", "factor_unit", "note"]
ROWS: list[list[Any]] = [
    ["北河钢铁厂", "2024-01", "柴油", 12.5, "吨", "燃烧", 3.1, "tCO2/t", None],
    ["北河钢铁厂", "2024-02", "柴油", 0.1, "t", "combustion", 3.1, "tCO2/t", "second"],
    ["Works 2", "2024-01", "natural-gas", 1250.25, "万Nm3", None, 20.7, "tCO2/万Nm3", "meter 7"],
    ["Works 2", "2024-Q2", "diesel", 1000, "kg", "combustion", 0.7, "kgCO2/kg", None],
    ["1001", "2024", "回收溶剂A", 3, "t", "combustion", 2, "tCO2/t", "𠮷"],
]
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


def figures(result: Result) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return everything that is summed; an own item has no note of how its cell was written."""
    assert not result.issues.errors, [issue.text() for issue in result.issues.errors]
    return result.total_records, result.energy_records
