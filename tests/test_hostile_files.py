"""An attacker's workbooks and Parquet files, and very many rows."""

from __future__ import annotations

import resource
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
import xlsxwriter
from pyarrow import parquet
from shared.hostility import DICT, GOOD, HANG, HEAD, NAMES, cell, good_total, nothing_lost, outcome

# --- workbooks and Parquet

SHEET = '<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{}</sheetData></worksheet>'


def workbook(path: Path, sheet: str) -> Path:
    """Write a workbook whose first sheet is this XML."""
    with xlsxwriter.Workbook(path) as made:
        made.add_worksheet()
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in (members | {"xl/worksheets/sheet1.xml": sheet.encode()}).items():
            archive.writestr(name, data)
    return path


def rows_of(*lines: str) -> str:
    """Return rows of inline texts, one text with commas per row."""
    return "".join(
        f'<row r="{number}">'
        + "".join(cell(f"{'ABCDEFGH'[place]}{number}", text) for place, text in enumerate(line.strip().split(",")))
        + "</row>"
        for number, line in enumerate(lines, start=1)
    )


TWO = rows_of(HEAD, GOOD)
WORKBOOKS = {
    "reference to row zero": SHEET.format(TWO + '<row r="3"><c r="A0"><v>1</v></c></row>'),
    "reference beyond all sheets": SHEET.format(TWO + '<row r="3"><c r="ZZZZZZZZ99999999999"><v>1</v></c></row>'),
    "reference without letters": SHEET.format(TWO + '<row r="3"><c r="33"><v>1</v></c></row>'),
    "string that does not exist": SHEET.format(TWO + '<row r="3"><c r="A3" t="s"><v>999999</v></c></row>'),
    "style that does not exist": SHEET.format(TWO + '<row r="3"><c r="A3" s="9999"><v>1</v></c></row>'),
    "cut": SHEET.format(TWO)[:-40],
    "deep": SHEET.format(TWO + "<x>" * 50_000),
    "entity": '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + SHEET.format(TWO.replace("Good", "&x;")),
    "laughs": '<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>' + SHEET.format(TWO.replace("Good", "&b;")),
    "no xml": "\0" * 1000,
    "empty": "",
}  # fmt: skip


@pytest.mark.parametrize("sheet", WORKBOOKS.values(), ids=WORKBOOKS.keys())
def test_hostile_workbook_is_read_or_refused(sheet: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    result, issues = outcome(workbook(tmp_path / "a.xlsx", sheet))
    if result is None:
        assert issues.errors
    else:
        nothing_lost(result)
        assert good_total(result) in (30.0, None)
    assert "root:" not in capfd.readouterr().err


@pytest.mark.parametrize(
    "data",
    [b"", b"PK", b"PK\x05\x06" + bytes(18), b"not a zip at all", bytes.fromhex("d0cf11e0a1b11ae1") + bytes(1000),
     b"<html><table><tr><td>facility</td></tr></table></html>"],
    ids=["empty", "two bytes", "empty archive", "text", "old workbook", "web page"],
)  # fmt: skip
def test_file_that_is_no_workbook_is_refused(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.xlsx").write_bytes(data)
    result, issues = outcome(tmp_path / "a.xlsx")
    assert result is None
    assert issues.errors


def test_workbook_in_an_archive_of_a_later_version_is_refused(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", SHEET.format(TWO))
    data = bytearray(path.read_bytes())
    place = data.index(b"PK\x01\x02")  # the first entry of the central directory; then: made by, needed to extract
    data[place + 6] = 90
    path.write_bytes(bytes(data))
    result, issues = outcome(path)
    assert (result is None and issues.errors) or (result is not None and good_total(result) == 30.0)


def test_workbook_with_a_lonely_cell_at_the_far_corner_is_refused_before_it_fills_the_memory(tmp_path: Path) -> None:
    """A workbook of 5 kB: a dense grid to XFD1048576 would take 17 thousand million cells. In a process of its own."""
    far = '<row r="1048576">' + cell("XFD1048576", "x") + "</row>"
    path = workbook(tmp_path / "a.xlsx", SHEET.format(TWO + far))
    assert path.stat().st_size < 10_000
    done = subprocess.run(
        [sys.executable, "-m", "carbon", "check", str(path)],
        capture_output=True,
        encoding="utf-8",
        timeout=HANG,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30)),
    )
    assert done.returncode == 1, done.stderr[-300:]
    assert "T112" in done.stderr


def test_parquet_with_a_name_twice_is_refused(tmp_path: Path) -> None:
    arrays = [pa.array([text]) for text in DICT.values()]
    parquet.write_table(pa.Table.from_arrays([*arrays, arrays[0]], names=[*NAMES, "facility"]), tmp_path / "a.parquet")
    result, issues = outcome(tmp_path / "a.parquet")
    assert result is None
    assert {issue.code for issue in issues.errors} <= {"T107", "T110"}


@pytest.mark.parametrize("mark", ["\0ragged", "\x01Good", "\x01"])
def test_parquet_cannot_forge_the_marks_of_the_reader(mark: str, tmp_path: Path) -> None:
    columns = {name: [text, mark if name == "facility" else text] for name, text in DICT.items()}
    parquet.write_table(pa.table(columns), tmp_path / "a.parquet")
    result, _ = outcome(tmp_path / "a.parquet")
    assert result is not None
    nothing_lost(result)
    assert result.rows.bad.tolist() == [False, True]


# --- many

CROWDS: dict[str, tuple[int, str, Callable[[int], str]]] = {
    "good": (100_000, HEAD, lambda _: GOOD),
    "the same bad number": (100_000, HEAD, lambda _: "Good,2024-01,diesel,x,t,combustion,3,tCO2/t\n"),
    "ragged": (100_000, HEAD, lambda _: "Good,2024-01,diesel\n"),
    "different notes": (
        100_000, HEAD.strip() + ",note\n", lambda n: f"Good,2024-01,diesel,1,t,combustion,3,tCO2/t,note {n}\n"
    ),
    "different bad numbers": (40_000, HEAD, lambda n: f"Good,2024-01,diesel,{n}x,t,combustion,3,tCO2/t\n"),
    "different bad periods": (40_000, HEAD, lambda n: f"Good,P{n},diesel,1,t,combustion,3,tCO2/t\n"),
    "unknown items": (1_000, HEAD, lambda n: f"Good,2024-01,invoice-{n},1,t,,,\n"),
    "unknown units": (1_000, HEAD, lambda n: f"Good,2024-01,diesel,1,unit-{n},combustion,3,tCO2/t\n"),
    "own items": (10_000, HEAD, lambda n: f"Good,2024-01,my item {n},1,t,combustion,3,tCO2/t\n"),
    "negative numbers": (20_000, HEAD, lambda n: f"Good,2024-01,diesel,-{n + 1},t,combustion,3,tCO2/t\n"),
    "plants, half of them with a bad row": (
        2_000, HEAD, lambda n: f"Plant {n},2024-01,diesel,{'x' if n % 2 else 1},t,combustion,3,tCO2/t\n"
    ),
}  # fmt: skip


@pytest.mark.parametrize(("count", "head", "row"), CROWDS.values(), ids=CROWDS.keys())
def test_very_many_rows_and_different_texts_are_all_accounted_for(
    count: int, head: str, row: Callable[[int], str], tmp_path: Path
) -> None:
    """A wrong column pasted over another one is a daily mistake; near misses must not cost the morning."""
    path = tmp_path / "a.csv"
    path.write_text(head + "".join(map(row, range(count))), encoding="utf-8")
    result, _ = outcome(path)
    assert result is not None
    nothing_lost(result)
    assert result.provenance["lines"]["read"] == count
