"""Reading: files and frames of every kind in, the same rows with the lines of an editor out, nothing lost."""

from __future__ import annotations

import decimal
import hashlib
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from shared.written import (
    FILES,
    HEAD,
    HEADER,
    ROW,
    ROWS,
    arrow,
    book,
    figures,
    frame,
    of_file,
    records,
    written,
)

from carbon.errors import DataError, Issues, UsageError
from carbon.inventory import account
from carbon.reading import read

# quantity in tonnes (or 万Nm3) × factor, by hand from the printed decimals
TONNES = {
    ("北河钢铁厂", "2024-01"): Fraction("38.75"),
    ("北河钢铁厂", "2024-02"): Fraction("0.31"),
    ("Works 2", "2024-01"): Fraction("25880.175"),
    ("Works 2", "2024-Q2"): Fraction("0.7"),
    ("1001", "2024"): Fraction(6),
}


class ArrowStream:
    """What polars and others are to us: an object that speaks the Arrow stream interface and nothing else."""

    def __init__(self, table: pa.Table) -> None:
        self.table = table

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self.table.__arrow_c_stream__(requested_schema)


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
