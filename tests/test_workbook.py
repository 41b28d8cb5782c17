"""The report as a workbook, and the workbook to fill in: numbers stay numbers, texts stay texts, both read back."""

from __future__ import annotations

import csv
import io
import math
import re
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pytest
from shared.books import grid, names, table
from typer.testing import CliRunner

from carbon import units
from carbon.cli.app import app
from carbon.errors import UsageError
from carbon.inventory.result import TOTALS_COLUMNS
from carbon.library import load_library
from carbon.report import csv_bytes, forms, sheets
from carbon.report.grid import Column, plain
from carbon.report.sheets import Book, sheet_name
from carbon.report.words import words
from carbon.report.workbook import workbook_bytes, write_workbook
from carbon.run import check, compute, open_job
from carbon.schema import choice_ids, folded, schema

ROOT = Path(__file__).resolve().parents[1]
QUARTERLY = ROOT / "examples" / "quarterly"
HOSTILE = (
    "=1+1", "@x", "+cmd|' /C calc'!A0", "-2+3", "<script>alert(1)</script>", "<r><t>x</t></r>", "_x0041_", "]]>&amp;",
    "http://example.org", "{=1}", "0123",
)  # fmt: skip


@pytest.fixture(scope="module", params=["en", "zh"])
def result(request):
    return compute(open_job(QUARTERLY, language=request.param))[0]


@pytest.fixture(scope="module")
def data(result):
    return workbook_bytes(result)


def test_totals_are_those_of_the_table_to_the_last_digit(result, data):
    w = words("report", result.language) | words("workbook", result.language)
    rows = table(grid(data, w["totals"]), w["facility"])
    assert len(rows) == len(result.total_records)
    masses = {"co2_t": "co2", "ch4_t": "ch4", "n2o_t": "n2o", "other_co2e_t": "other", "co2e_t": "co2e",
              "biogenic_co2_t": "biogenic"}  # fmt: skip
    for row, record in zip(rows, result.total_records, strict=True):
        assert row[w["period"]] == record["period"]
        assert {name: row[w[title]] for name, title in masses.items()} == {name: record[name] for name in masses}
        assert row[w["facility"]].endswith(record["facility"] or record["group"] or w["all"])
        assert row[w["is_whole"]] == w["yes" if record["complete"] else "no"]


def test_energy_and_intensity_are_those_of_the_tables(result, data):
    w = words("report", result.language) | words("workbook", result.language)
    rows = table(grid(data, w["energies"]), w["facility"])
    assert [row[w["tce"]] for row in rows] == [record["tce"] for record in result.energy_records]
    assert [row[w["quantity"]] or None for row in rows] == [r["quantity"] for r in result.energy_records]
    rows = table(grid(data, w["intensities"]), w["facility"])
    for title, name in (("co2e_of", "co2e_t"), ("per_unit", "co2e_t_per_unit"), ("kgce", "kgce_per_unit")):
        assert [row[w[title]] or None for row in rows] == [r[name] for r in result.intensity_records]


def test_balance_adds_up_to_the_total(result, data):
    w = words("report", result.language) | words("workbook", result.language)
    total = next(r["item_name"] for r in result.energy_records if r["item"] == "total")
    control = next(r["item_name"] for r in result.energy_records if r["item"] == "control-scope")
    found: dict[tuple[str, str], dict[str, float]] = {}
    for row in table(grid(data, w["balance"]), w["facility"]):
        one = found.setdefault((row[w["facility"]], row[w["period"]]), {})
        one[row[w["item"]]] = row[w["net"]]
    assert len(found) > 5
    for one in found.values():
        assert math.fsum(v for name, v in one.items() if name not in (total, control)) == pytest.approx(one[total])


def test_summary_says_first_what_is_unverified(result, data):
    w = words("report", result.language) | words("workbook", result.language)
    lines = [str(row[0]) for row in grid(data, 0)]
    assert lines[0] == result.title
    unverified = next(n for n, line in enumerate(lines) if line.startswith(w["unverified"]))
    assert unverified < lines.index(w["facility"])
    assert names(data)[0] == w["summary"]
    assert names(data)[1] == w["contents"]
    assert len(names(data)) == 11 + 3  # and the facilities


def test_categories_stand_side_by_side(result, data):
    w = words("report", result.language) | words("workbook", result.language)
    rows = table(grid(data, w["categories"]), w["facility"])
    expected = [r["co2e_t"] for basis in result.bases for r in result.total_records
                if r["category"] == "total" and r["basis"] == basis]  # fmt: skip
    assert [row[w["co2e"]] for row in rows] == expected


def test_factors_have_source_page_and_verification(result, data):
    w = words("report", result.language) | words("workbook", result.language)
    rows = table(grid(data, w["factor_sheet"]), w["factor"])
    assert {row[w["factor"]] for row in rows} == set(result.provenance["factors"])
    for row in rows:
        facts = result.provenance["factors"][row[w["factor"]]]
        assert row[w["document"]] == facts["document"]
        assert row[w["verification"]] == w[f"is_{facts['verification']}"]
        assert row[w["value"]] == float(facts["value"])


def test_same_result_gives_the_same_bytes(result, data, tmp_path):
    again = compute(open_job(QUARTERLY, language=result.language))[0]
    write_workbook(again, tmp_path / "report.xlsx")
    assert (tmp_path / "report.xlsx").read_bytes() == data


def test_incomplete_result_says_so(tmp_path):
    path = tmp_path / "activities.csv"
    path.write_text("facility,period,item,quantity,unit\n甲,2024,diesel,3,t\n甲,2024,柴油,many,t\n", "utf-8")
    found = compute(open_job(path, language="zh"))[0]
    w = words("report", "zh") | words("workbook", "zh")
    lines = [str(row[0]) for row in grid(workbook_bytes(found), 0)]
    assert w["incomplete"].format(read=2, bad=1) in lines
    row = table(grid(workbook_bytes(found), w["summary"]), w["facility"])[0]
    assert row[w["is_whole"]] == w["no"]


def test_what_is_used_of_xlsxwriter_is_as_expected():
    """Numbers of formats and shared texts are hidden in xlsxwriter: if they came to mean something else, this fails."""
    book = Book("x")
    style, text = book.by.style("mass", "bold"), book.by.text("a & b")
    assert book.by.style("mass", "bold") == style
    book.sheet("x").table([Column("n", [1.5], "mass", looks=["bold"]), Column("t", ["a & b"])], "")
    with zipfile.ZipFile(io.BytesIO(book.data())) as archive:
        formats = re.search(r"<cellXfs.*?</cellXfs>", archive.read("xl/styles.xml").decode(), re.S)[0]
        looks = re.findall(r"<xf .*?(?:/>|</xf>)", formats)
        assert "applyNumberFormat" in looks[style]
        assert "applyFont" in looks[style]
        texts = re.findall(r"<si><t[^>]*>(.*?)</t></si>", archive.read("xl/sharedStrings.xml").decode())
        assert texts[text] == "a &amp; b"
        sheet = archive.read("xl/worksheets/sheet1.xml").decode()
    assert f'<c r="A2" s="{style}"><v>1.5</v></c>' in sheet
    assert '<dimension ref="A1:B2"/>' in sheet


# --- what users write -------------------------------------------------------------------------------------------------


def test_hostile_texts_stay_texts(tmp_path):
    lines = ["facility,period,item,quantity,unit"]
    lines += ['"' + text.replace('"', '""') + '",2024,diesel,3,t' for text in HOSTILE]
    path = tmp_path / "activities.csv"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    found = compute(open_job(path, language="en", title="=2+5 [x]:*?/\\"))[0]
    made = workbook_bytes(found)
    rows = table(grid(made, "Totals"), "Facility")
    assert {str(row["Facility"]).rstrip() for row in rows} >= set(HOSTILE)
    assert all(isinstance(row["Facility"], str) for row in rows)
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        for name in archive.namelist():
            if name.startswith("xl/worksheets/"):
                assert "/_rels/" not in name
                text = archive.read(name).decode()
                assert not re.search(r"<f[ >]|r:id", text)  # no formula, and no link out of the workbook
        assert "<script>" not in archive.read("xl/sharedStrings.xml").decode()


def test_any_character_can_be_written():
    texts = ["".join(map(chr, range(0x20))), "\x7f\x85\u202e", "\ud800", "\ufffe\uffff", "𠮷" * 40_000, " a ", "\r\n"]
    book = Book("\x00")
    book.sheet("x").table([Column("t\x01", texts)], "")
    rows = grid(book.data(), 0)
    assert len(rows) == len(texts) + 1
    assert rows[5][0].startswith("𠮷𠮷")
    assert rows[6][0] == " a "


@pytest.mark.parametrize(
    "text", ["", "'", "a" * 40, "[]:*?/\\", "历史" * 30, "\x00", "History", "=x", "𠮷" * 20, "x'" * 20]
)
def test_sheet_names_are_what_excel_takes(text):
    taken: list[str] = []
    for _ in range(12):
        taken.append(sheet_name(text, taken))
    assert len({name.casefold() for name in taken}) == 12
    for name in taken:
        assert name
        assert len(name.encode("utf-16-le")) // 2 <= 31
        assert not re.search(r"[\[\]:*?/\\\x00-\x1f]|^'|'$", name)
        assert name.casefold() != "history"
    book = Book("x")
    for name in taken:
        book.sheet(name).line(name)
    assert names(book.data()) == taken


def test_numbers_keep_all_their_digits_and_what_is_none_is_empty():
    values = [0.1 + 0.2, 1e-300, 1.7976931348623157e308, -0.0, 5, None, math.nan, math.inf, 123456789.12345679]
    book = Book("x")
    book.sheet("x").table([Column("number", values, "mass"), Column("row", [*range(9)], "count")], "")
    rows = grid(book.data(), 0)[1:]
    assert [row[0] for row in rows] == [*values[:3], 0.0, 5.0, "", "", "", values[8]]
    assert [row[1] for row in rows] == [float(n) for n in range(9)]


def test_long_table_is_cut_with_a_pointer(monkeypatch):
    monkeypatch.setattr(sheets, "MOST_ROWS", 10)
    monkeypatch.setattr(sheets, "_CHUNK", 4)
    book = Book("x")
    book.sheet("x").table([Column("n", [*range(30)], "count")], "{n} more in totals.csv")
    rows = [row[0] for row in grid(book.data(), 0)]
    assert rows == ["n", *map(float, range(8)), "22 more in totals.csv"]


def test_header_stays_and_filters(data):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for name in archive.namelist():
            if name.startswith("xl/worksheets/sheet"):
                text = archive.read(name).decode()
                assert 'state="frozen"' in text
                split = re.search(r'ySplit="(\d+)"', text)
                assert split is None or int(split[1]) <= 8, "a small screen would show nothing else"
                assert "<autoFilter" in text
                assert "<cols>" in text


def test_plain_text_is_bounded():
    assert len(plain("𠮷" * 40_000).encode("utf-16-le")) // 2 <= 32_767


# --- a workbook to fill in --------------------------------------------------------------------------------------------


def filled(data: bytes, rows: list[dict[str, Any]]) -> bytes:
    """Return a form with rows below its header, as a spreadsheet would write them."""
    header = [str(name) for name in grid(data, 0)[0]]
    parts = []
    for n, row in enumerate(rows, start=2):
        cells = []
        for name, value in row.items():
            place = f"{sheets.column_letters(header.index(name) + 1)}{n}"
            if isinstance(value, str):
                cell = f'<c r="{place}" t="inlineStr"><is><t>{escape(value)}</t></is></c>'
            else:
                cell = f'<c r="{place}"><v>{value}</v></c>'
            cells.append((header.index(name), cell))
        parts.append(f'<row r="{n}">{"".join(cell for _, cell in sorted(cells))}</row>')
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            text = old.read(name)
            if name == "xl/worksheets/sheet1.xml":
                text = text.replace(b"</sheetData>", "".join(parts).encode() + b"</sheetData>")
            new.writestr(name, text)
    return out.getvalue()


ROWS = {
    "zh": [{"设施": "甲厂", "周期": "2024", "项目": "电力", "数量": 100.5, "单位": "万kWh", "地区": "山东"},
           {"设施": "甲厂", "周期": "2024", "项目": "柴油", "数量": 3, "单位": "t", "用途": "燃烧"}],
    "en": [{"facility": "A", "period": "2024", "item": "electricity", "quantity": 100.5, "unit": "万kWh",
            "region": "Shandong"},
           {"facility": "A", "period": "2024", "item": "diesel", "quantity": 3, "unit": "t", "use": "combustion"}],
}  # fmt: skip


@pytest.mark.parametrize("language", ["en", "zh"])
def test_form_is_read_back_when_filled_in(language, tmp_path):
    path = tmp_path / "book.xlsx"
    path.write_bytes(filled(forms.form_bytes("activities", language), ROWS[language]))
    found = compute(open_job(path, language=language))[0]
    assert found.line_counts == {"read": 2, "computed": 2, "bad": 0}
    assert found.total_records[-1]["co2e_t"] > 600
    spoken = [i for i in check(path) if i.severity != "note"]
    assert all(i.code == "T140" and str(i.value) == forms.LISTS_SHEET for i in spoken), spoken


@pytest.mark.parametrize("language", ["en", "zh"])
def test_form_offers_what_the_engine_knows(language):
    made = forms.form_bytes("activities", language)
    assert made == forms.form_bytes("activities", language)
    library, columns = load_library(), schema("activities")
    offered = {name: forms.offers(column, library, language) for name, column in columns.items()}
    assert {library.items.find(name).id for name in offered["item"]} == {item.id for item in library.items}
    assert all(library.regions.find(name) for name in offered["region"])
    assert all(folded(name) in choice_ids("use") for name in offered["use"])
    assert all(folded(name) in choice_ids("instrument") for name in offered["instrument"])
    for name, texts in offered.items():
        if columns[name].type == "unit":
            assert texts
            assert all(units.parse(text) for text in texts)
    lists = grid(made, forms.LISTS_SHEET)
    assert [row[0] for row in lists if row[0]] == offered["item"]
    assert names(made) == ["活动数据" if language == "zh" else "activities", forms.LISTS_SHEET]


def test_form_has_notes_in_both_languages_and_lists_by_range():
    with zipfile.ZipFile(io.BytesIO(forms.form_bytes("activities", "en"))) as archive:
        notes = archive.read("xl/comments1.xml").decode()
        sheet = archive.read("xl/worksheets/sheet1.xml").decode()
        book = archive.read("xl/workbook.xml").decode()
    for column in schema("activities").values():
        assert escape(column.meaning_en) in notes
        assert escape(column.meaning_zh) in notes
    assert sheet.count('type="list"') == 8
    assert "list_item" in sheet
    assert 'state="frozen"' in sheet
    assert re.search(r'name="_lists"[^>]*state="hidden"', book)


@pytest.mark.parametrize("name", ["facilities", "output", "exchanges", "lines"])
def test_every_table_has_a_form(name):
    header = [forms.header(column, "zh") for column in schema(name).values()]
    assert grid(forms.form_bytes(name, "zh"), 0)[0] == header


def test_command_makes_the_form_and_overwrites_nothing(tmp_path):
    path = tmp_path / "活动.xlsx"
    arguments = ["template", "activities", "--xlsx", "-o", str(path), "--lang", "zh"]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    assert path.read_bytes() == forms.form_bytes("activities", "zh")
    again = CliRunner().invoke(app, arguments)
    assert isinstance(again.exception, UsageError)
    assert "not overwritten" in str(again.exception)


@pytest.mark.parametrize("name", ["a.csv", "nowhere/a.xlsx"])
def test_form_goes_into_a_workbook_in_a_folder_that_exists(name, tmp_path):
    with pytest.raises(UsageError, match="folder that exists"):
        forms.write_form("activities", tmp_path / name)


# --- another spreadsheet ----------------------------------------------------------------------------------------------


@pytest.mark.skipif(shutil.which("soffice") is None, reason="needs LibreOffice")
def test_libreoffice_opens_both_and_finds_no_error(tmp_path):
    found = compute(open_job(QUARTERLY, language="zh"))[0]
    write_workbook(found, tmp_path / "report.xlsx")
    (tmp_path / "form.xlsx").write_bytes(filled(forms.form_bytes("activities", "zh"), ROWS["zh"]))
    home = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    files = [str(tmp_path / "report.xlsx"), str(tmp_path / "form.xlsx")]
    command = ["soffice", home, "--headless", "--convert-to", "xlsx:Calc MS Excel 2007 XML"]
    command += ["--outdir", str(tmp_path / "out"), *files]
    subprocess.run(command, check=True, capture_output=True, timeout=180)
    before, after = (tmp_path / "report.xlsx").read_bytes(), (tmp_path / "out" / "report.xlsx").read_bytes()
    assert names(after) == names(before)
    for name in names(before):
        old, new = grid(before, name), grid(after, name)
        assert not [cell for row in new for cell in row if isinstance(cell, str) and re.match(r"#\w+[!?]|Err:", cell)]
        wide = [value for row in old for value in row if isinstance(value, float)]
        assert [value for row in new for value in row if isinstance(value, float)] == pytest.approx(wide, rel=1e-14)
    rows = table(grid(after, words("workbook", "zh")["totals"]), words("report", "zh")["facility"])
    text = csv_bytes(TOTALS_COLUMNS, found.total_records).decode("utf-8-sig")  # what totals.csv is
    given = [float(record["co2e_t"]) for record in csv.DictReader(io.StringIO(text))]
    assert [row[words("workbook", "zh")["co2e"]] for row in rows] == pytest.approx(
        given, rel=1e-14
    )  # saved to 15 digits
    assert check(tmp_path / "out" / "form.xlsx").errors == []
