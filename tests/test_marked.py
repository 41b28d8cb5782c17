"""The user's tables with issues beside the cells: the same cells as given, marks at the right ones, any size."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest
from shared.books import grid, names
from shared.hostility import within_reason
from typer.testing import CliRunner
from xlsxwriter import Workbook

from carbon.cli.app import app
from carbon.errors import Issues, UsageError
from carbon.report import marked
from carbon.report.marked import marked_bytes
from carbon.run import check, compute, open_job, run
from carbon.workbooks import ISSUES_COLUMN, ISSUES_SHEET

HEADER = ["facility", "period", "item", "quantity", "unit", "use", "note"]
ROWS: list[list[Any]] = [
    ["A", "2024", "diesel", 3, "t", "combustion", "=cmd|' /C calc'!A0"],
    ["A", "2024", "diesel", "many", "t", "combustion", "two\nlines"],
    ["A", "2024", "diesel", 5, "ton", "combustion", None],
    ["A", dt.datetime(2024, 3, 1), "电力", 100.25, "万kWh", None, None],
    ["A", "2024", "coooal", -2, "t", "combustion", True],
    ["B", "2024", "diesel", 2, "t", "combustion", "<r><script>"],
]
MARKED = {  # what is wrong with ROWS, by hand: line and column of the cell
    ("D3", "T120"), ("G3", "T114"), ("E4", "U102"), ("B5", "T121"), ("C6", "F201"), ("D6", "T123"),
}  # fmt: skip


def book_of(
    rows: list[list[Any]], sheet: str = "activities", others: dict[str, list[list[Any]]] | None = None
) -> bytes:
    out = io.BytesIO()
    book = Workbook(out, {"strings_to_formulas": False, "strings_to_urls": False})
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    for name, cells in {sheet: rows, **(others or {})}.items():
        made = book.add_worksheet(name)
        for r, row in enumerate(cells):
            for c, value in enumerate(row):
                if isinstance(value, dt.datetime):
                    made.write_datetime(r, c, value, day)
                elif isinstance(value, str) and value.startswith("formula:"):
                    made.write_formula(r, c, value.removeprefix("formula:"), None, "")
                elif value is not None:
                    made.write(r, c, value)
    book.close()
    return out.getvalue()


def given(folder: Path, rows: list[list[Any]] | None = None, **others: Any) -> Path:
    path = folder / "book.xlsx"
    path.write_bytes(book_of(rows or [HEADER, *ROWS], **others))
    return path


def copy_of(path: Path, language: str = "en") -> bytes:
    made = marked_bytes({path.name: path.read_bytes()}, check(path, language=language), language)
    assert made is not None
    return made


def comments(data: bytes) -> dict[str, str]:
    """Return the text of each comment by its cell, of the first sheet."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        text = archive.read("xl/comments1.xml").decode()
    found = re.findall(r'<comment ref="([A-Z]+[0-9]+)".*?</comment>', text, re.DOTALL)
    texts = [re.sub("<[^>]*>", "", part) for part in re.findall(r"<comment ref=.*?</comment>", text, re.DOTALL)]
    return dict(zip(found, texts, strict=True))


def column(rows: list[list[Any]]) -> list[str]:
    """Return the texts of the column of issues, below its header."""
    place = rows[0].index(ISSUES_COLUMN)
    assert place == len(rows[0]) - 1
    return [row[place] for row in rows[1:]]


# --- the same cells, and what is wrong beside them ------------------------------------------------------------------


def test_cells_are_those_of_the_user(tmp_path):
    path = given(tmp_path, others={"notes": [["read", 1.5], [None, dt.datetime(1900, 1, 15)]]})
    made = copy_of(path)
    assert names(made) == ["activities", "notes", ISSUES_SHEET]
    assert [row[:-1] for row in grid(made, 0)] == grid(path.read_bytes(), 0)
    assert [row[:-1] for row in grid(made, "notes")] == grid(path.read_bytes(), "notes")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_marks_are_at_the_cells_that_issues_speak_of(language, tmp_path):
    made = copy_of(given(tmp_path), language)
    found = comments(made)
    assert {(place, code) for place, text in found.items() for code in re.findall(r"\[([A-Z]\d+)\]", text)} == MARKED
    texts = column(grid(made, 0))
    codes = [set(re.findall(r"\[([A-Z]\d+)\]", text)) for text in texts]
    assert codes == [{code for place, code in MARKED if place[1:] == str(line)} for line in range(2, 8)]
    assert ("不是纯数字" if language == "zh" else "is not a plain number") in found["D3"]
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        sheet, styles = (archive.read(f"xl/{n}.xml").decode() for n in ("worksheets/sheet1", "styles"))
    fills = re.findall(r"<fill>.*?</fill>", styles, re.DOTALL)
    looks = re.findall(r'<xf [^>]*fillId="(\d+)"', re.search(r"<cellXfs.*?</cellXfs>", styles, re.DOTALL)[0])
    red = {
        place
        for place, style in re.findall(r'<c r="([A-G]\d+)" s="(\d+)"', sheet)
        if "FFC7CE" in fills[int(looks[int(style)])]
    }
    assert red == {place for place, _ in MARKED}


def test_list_of_issues_leads_to_the_cells(tmp_path):
    made = copy_of(given(tmp_path))
    rows = grid(made, ISSUES_SHEET)
    start = next(n for n, row in enumerate(rows) if row[0] == "Code")
    assert {row[0] for row in rows[start + 1 :]} >= {code for _, code in MARKED}
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        text = archive.read("xl/worksheets/sheet2.xml").decode()
    assert {place for place, _ in MARKED} <= set(re.findall(r"location=\"'activities'!([A-Z]+\d+)\"", text))


def test_nothing_to_mark_is_no_copy(tmp_path):
    path = given(tmp_path, [HEADER, ROWS[0]])
    assert marked_bytes({path.name: path.read_bytes()}, check(path), "en") is None
    assert marked_bytes({}, Issues(), "en") is None


def test_formulas_are_texts(tmp_path):
    rows = [HEADER, ["A", "2024", "diesel", "formula:=1+A1", "t", None, '=HYPERLINK("http://x")'], *ROWS]
    made = copy_of(given(tmp_path, rows))
    assert grid(made, 0)[1][3] == "=1+A1"
    assert "T142" in comments(made)["D2"]
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        sheets = [archive.read(name).decode() for name in archive.namelist() if "worksheets/sheet" in name]
    assert not any(re.search(r"<f[ >]|<hyperlink [^>]*r:id", text) for text in sheets)


def test_issues_of_the_header_stand_at_its_cells(tmp_path):
    rows = [[*HEADER[:4], "unitz", *HEADER[5:]], *ROWS]
    made = copy_of(given(tmp_path, rows))
    found = comments(made)
    assert "T106" in found["E1"]
    assert "T103" in found["A1"]  # of no column


# --- mended and computed ---------------------------------------------------------------------------------------------


def test_marked_copy_is_computed_as_the_original(tmp_path):
    path = given(tmp_path)
    (tmp_path / "copy.xlsx").write_bytes(copy_of(path))
    one, two = (compute(open_job(each))[0] for each in (path, tmp_path / "copy.xlsx"))
    assert one.total_records == two.total_records
    assert [(i.code, list(i.lines), i.column) for i in one.issues] == [
        (i.code, list(i.lines), i.column) for i in two.issues
    ]
    again = copy_of(tmp_path / "copy.xlsx")  # marks are not marked
    assert grid(again, 0) == grid((tmp_path / "copy.xlsx").read_bytes(), 0)


def test_part_of_a_large_table_is_not_taken_for_the_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(marked, "MOST_ROWS", 5)
    path = given(tmp_path)
    (tmp_path / "part.xlsx").write_bytes(copy_of(path))
    rows = grid((tmp_path / "part.xlsx").read_bytes(), 0)
    assert "not the whole table" in rows[0][0]
    assert [row[:4] for row in rows[1:]] == [
        row[:4] for n, row in enumerate(grid(path.read_bytes(), 0)) if n not in (1, 6)
    ]
    assert set(comments((tmp_path / "part.xlsx").read_bytes())) == {"D3", "G3", "E4", "B5", "C6", "D6"}
    assert "T103" in {issue.code for issue in check(tmp_path / "part.xlsx").errors}


# --- the commands ----------------------------------------------------------------------------------------------------


def test_run_writes_the_copy_with_the_report_and_replaces_only_its_own(tmp_path):
    path = given(tmp_path)
    _, where = run(path, report=True)
    made = where / "book-marked.xlsx"
    assert [row[:-1] for row in grid(made.read_bytes(), 0)] == grid(path.read_bytes(), 0)
    path.rename(tmp_path / "other.xlsx")
    run(tmp_path / "other.xlsx", where, report=True)  # what the first run wrote goes with it
    assert not made.exists()
    (where / "other-marked.xlsx").write_bytes(b"mended by hand")
    with pytest.raises(UsageError, match=r"other-marked\.xlsx"):
        run(tmp_path / "other.xlsx", where, report=True)
    assert (where / "other-marked.xlsx").read_bytes() == b"mended by hand"


def test_run_without_report_or_without_issues_writes_no_copy(tmp_path):
    _, where = run(given(tmp_path), tmp_path / "one")
    assert not list(where.glob("*marked*"))
    _, where = run(given(tmp_path, [HEADER, ROWS[0]]), tmp_path / "two", report=True)
    assert not list(where.glob("*marked*"))


def test_large_workbook_is_not_copied_with_a_run_and_the_command_says_how(tmp_path, monkeypatch):
    monkeypatch.setattr("carbon.run.MOST_MARKED", 10)
    done = CliRunner().invoke(app, ["run", str(given(tmp_path)), "--lang", "en"])
    assert not list((tmp_path / "book-results").glob("*marked*"))
    assert "carbon check" in done.output
    assert "--marked" in done.output


def test_commands_say_where_the_copy_lies(tmp_path):
    path, made = given(tmp_path), tmp_path / "marks.xlsx"
    done = CliRunner().invoke(app, ["run", str(path), "--lang", "en"])
    assert "book-marked.xlsx" in done.output
    done = CliRunner().invoke(app, ["check", str(path), "--marked", str(made), "--lang", "en"])
    assert done.exit_code == 1
    assert set(comments(made.read_bytes())) == {place for place, _ in MARKED}
    again = CliRunner().invoke(app, ["check", str(path), "--marked", str(made)])
    assert isinstance(again.exception, UsageError)
    path.write_bytes(book_of([["facility", "what"], ["A", 1]]))
    refused = CliRunner().invoke(app, ["run", str(path), "--lang", "en"])
    assert any("--marked" in note for note in refused.exception.__notes__)


def test_check_marks_csv_files_of_a_folder_at_their_lines(tmp_path):
    (tmp_path / "activities.csv").write_text(
        'facility,period,item,quantity,unit,note\nA,2024,diesel,3,t,"two\nlines"\n\nA,2024,diesel,0x3,t,-5\n', "utf-8"
    )
    (tmp_path / "output.csv").write_text("facility,period,product,quantity,unit\nA,2024,clinker,many,t\n", "utf-8")
    made = tmp_path / "marks.xlsx"
    CliRunner().invoke(app, ["check", str(tmp_path), "--marked", str(made)])
    rows = grid(made.read_bytes(), "activities")
    assert rows[4][:6] == ["A", "2024", "diesel", "0x3", "t", "-5"]  # line 5 of the file
    assert "T120" in comments(made.read_bytes())["D5"]
    assert "T120" in grid(made.read_bytes(), "output")[1][-1]


def test_check_with_nothing_to_mark_makes_nothing(tmp_path):
    path = given(tmp_path, [HEADER, ROWS[0]])
    done = CliRunner().invoke(app, ["check", str(path), "--marked", str(tmp_path / "m.xlsx"), "--lang", "en"])
    assert "Nothing to mark" in done.output
    assert not (tmp_path / "m.xlsx").exists()


# --- hostile and large -----------------------------------------------------------------------------------------------


def test_huge_texts_and_names_are_bounded(tmp_path):
    long = "𠮷" * 16_383
    path = given(tmp_path, [HEADER, [long, "2024", "diesel", "x", "t", None, "]]>&lt;"]], sheet="a'b & <c>")
    made = copy_of(path)
    assert names(made)[0] == "a'b & <c>"
    assert grid(made, 0)[1][0] == long
    assert max(len(text) for text in column(grid(made, 0))) < 5_000


def test_thousands_of_issues_on_a_row_are_counted():
    issues = Issues()
    for n in range(3_000):
        issues.add("T120", file="a.csv", lines=[2], column="quantity", value=f"{n}")
    made = marked_bytes({"a.csv": b"item,quantity\ncoal,x\n"}, issues, "en")
    assert made is not None
    text = column(grid(made, 0))[0]
    assert text.endswith("… and 2992 more")
    assert comments(made)["B2"].endswith("… and 2992 more")


def test_comments_and_marks_are_bounded_and_said(monkeypatch):
    monkeypatch.setattr(marked, "MOST_COMMENTS", 3)
    monkeypatch.setattr(marked, "MOST_MARKS", 7)
    issues = Issues()
    issues.add("T120", file="a.csv", lines=range(2, 12), column="quantity", value="x")
    made = marked_bytes({"a.csv": b"item,quantity\n" + b"coal,x\n" * 10}, issues, "en")
    assert made is not None
    assert len(comments(made)) == 3
    assert sum(bool(text) for text in column(grid(made, 0))) == 7
    said = [str(row[0]) for row in grid(made, ISSUES_SHEET)]
    assert any(text.startswith("The first 7 lines") for text in said)
    assert any(text.startswith("The first 3 cells") for text in said)


def test_a_million_rows_are_marked_without_a_hang():
    out = io.StringIO()
    csv.writer(out).writerows([["item", "quantity"], *([["coal", 1]] * 1_100_000), ["coal", "x"]])
    issues = Issues()
    issues.add("T120", file="a.csv", lines=[1_100_002], column="quantity", value="x")
    with within_reason():
        made = marked_bytes({"a.csv": out.getvalue().encode()}, issues, "en")
    assert made is not None
    assert [row[:2] for row in grid(made, 0)[1:]] == [["item", "quantity"], ["coal", "x"]]


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04 no archive", b"\xff\xfe\x00", b'a,b\n"never closed'])
@pytest.mark.parametrize("name", ["a.xlsx", "a.csv"])
def test_what_cannot_be_read_is_no_copy_and_no_error(name, data):
    issues = Issues()
    issues.add("T110", file=name, lines=[1], value="x")
    made = marked_bytes({name: data}, issues, "en")
    assert made is None or names(made)[-1] == ISSUES_SHEET


@pytest.mark.skipif(shutil.which("soffice") is None, reason="needs LibreOffice")
def test_libreoffice_opens_the_copy_and_carbon_reads_what_it_saves(tmp_path):
    path = given(tmp_path)
    (tmp_path / "copy.xlsx").write_bytes(copy_of(path))
    home = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    command = ["soffice", home, "--headless", "--convert-to", "xlsx:Calc MS Excel 2007 XML"]
    command += ["--outdir", str(tmp_path / "out"), str(tmp_path / "copy.xlsx")]
    subprocess.run(command, check=True, capture_output=True, timeout=180)
    saved = tmp_path / "out" / "copy.xlsx"
    assert [row[:-1] for row in grid(saved.read_bytes(), 0)] == grid(path.read_bytes(), 0)
    assert compute(open_job(saved))[0].total_records == compute(open_job(path))[0].total_records
