"""Workbooks: which sheet is read as which table, what is said of the others, and formulas that were never computed."""

from __future__ import annotations

import csv
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from shared.imported import ITEM, MAP, SOURCE
from shared.written import HEADER, book, of_file

from carbon import shipped
from carbon.errors import DataError, Issue, Issues
from carbon.footprints import check_footprint
from carbon.imports import import_factors
from carbon.inventory import Result, account
from carbon.reading import read
from carbon.run import compute, open_job, run
from carbon.workbooks import filled_sheets, open_sheet

HEAD = HEADER[:8]
ROW = ["Good", "2024-01", "diesel", 10, "t", "combustion", 3, "tCO2/t"]  # 30 t
POWER = ["Good", "2024-01", "electricity", 100, "MWh", None, None, None]
FACILITIES = [["facility", "region"], ["Good", "CN-SD"]]
OUTPUT = [["facility", "product", "period", "quantity", "unit"], ["Good", "widgets", "2024-01", 6, "t"]]


def said(result: Result | Issues, code: str) -> list[Issue]:
    return [issue for issue in (result.issues if isinstance(result, Result) else result) if issue.code == code]


def states(path: Path, **state: str) -> Path:
    """Make sheets of a workbook hidden or veryHidden."""
    return rewritten(path, "xl/workbook.xml", lambda xml: _with_states(xml, state))


def _with_states(xml: str, state: dict[str, str]) -> str:
    for name, how in state.items():
        assert f'<sheet name="{name}"' in xml
        xml = xml.replace(f'<sheet name="{name}"', f'<sheet name="{name}" state="{how}"')
    return xml


def rewritten(path: Path, member: str, change: Callable[[str], str]) -> Path:
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members[member] = change(members[member].decode()).encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


# --- facilities and output as sheets


@pytest.mark.parametrize("place", ["a run folder", "a bare workbook"])
@pytest.mark.parametrize("names", [("activities", "facilities", "output"), ("活动数据", "设施", "产量"),
                                   ("Sheet1", "Facilities", "产量")], ids=str)  # fmt: skip
def test_sheets_named_facilities_and_output_are_those_tables(
    place: str, names: tuple[str, str, str], tmp_path: Path
) -> None:
    path = book(tmp_path / "activities.xlsx", **dict(zip(names, ([HEAD, ROW, POWER], FACILITIES, OUTPUT), strict=True)))
    result, digests = compute(open_job(tmp_path if place == "a run folder" else path))
    assert [key.region for key in result.plan.keys] == ["CN-SD", "CN-SD"]
    assert not said(result, "A406")
    assert not said(result, "T140")
    # 6 t of widgets, 30 t of diesel and 100 MWh × 0.6191 t/MWh (Shandong 2023, the newest) = 91.91 t
    assert [r["co2e_t_per_unit"] for r in result.intensity_records] == [pytest.approx(91.91 / 6, rel=1e-4)]
    assert list(digests) == ["activities.xlsx"]


def test_sheet_of_facilities_in_front_is_not_taken_for_activities(tmp_path: Path) -> None:
    result = of_file(book(tmp_path / "a.xlsx", 设施=FACILITIES, 产量=OUTPUT, 数据=[HEAD, ROW]))
    assert result.rows.table.file == "a.xlsx[数据]"
    assert result.output_file == "a.xlsx[产量]"
    assert [i.code for i in result.issues if i.severity != "note"] == []


def test_file_of_facilities_beats_the_sheet_and_the_sheet_is_named(tmp_path: Path) -> None:
    book(tmp_path / "activities.xlsx", activities=[HEAD, POWER], facilities=FACILITIES)
    (tmp_path / "facilities.csv").write_text("facility,region\nGood,CN-JS\n", encoding="utf-8")
    result, _ = compute(open_job(tmp_path))
    assert [key.region for key in result.plan.keys] == ["CN-JS"]
    assert [(i.file, i.value) for i in said(result, "T140")] == [("activities.xlsx", "facilities")]


def test_account_of_a_workbook_names_the_sheets_that_it_was_not_asked_for(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", activities=[HEAD, ROW], facilities=FACILITIES, notes=[["x"]])
    assert [i.value for i in said(account(path), "T140")] == ["facilities, notes"]
    assert [i.value for i in said(account(path, facilities=path), "T140")] == ["notes"]


def test_lines_of_two_sheets_are_told_apart(tmp_path: Path) -> None:
    bad = [FACILITIES[0], ["Good", "CN-SD"], ["Good", "CN-SD"]]
    result = of_file(book(tmp_path / "a.xlsx", activities=[HEAD, ROW, [*ROW[:3], "ten", *ROW[4:]]], facilities=bad))
    assert {(i.code, i.file) for i in result.issues.errors} == {
        ("T120", "a.xlsx[activities]"), ("T130", "a.xlsx[facilities]")
    }  # fmt: skip


# --- further sheets


def test_sheets_of_further_months_are_named_and_not_dropped_in_silence(tmp_path: Path) -> None:
    sheets = {f"{n}月": [HEAD, [ROW[0], f"2024-0{n}", *ROW[2:]]] for n in (1, 2, 3)}
    result, where = run(book(tmp_path / "m.xlsx", **sheets))
    assert [(i.file, i.value, i.severity) for i in said(result, "T140")] == [("m.xlsx", "2月, 3月", "warning")]
    assert "1月" in said(result, "T140")[0].message()
    assert result.rows.table.file == "m.xlsx[1月]"
    with (where / "issues.csv").open(encoding="utf-8-sig", newline="") as file:
        assert [row["code"] for row in csv.DictReader(file)].count("T140") == 1


@pytest.mark.parametrize("second", [[], [[]], [[None, None]]], ids=str)
def test_blank_sheet_is_no_sheet_with_data(second: list[list[Any]], tmp_path: Path) -> None:
    result = of_file(book(tmp_path / "a.xlsx", Sheet1=[HEAD, ROW], Sheet2=second))
    assert not said(result, "T140")
    assert result.rows.table.file == "a.xlsx"


def test_blank_sheet_in_front_is_passed_over(tmp_path: Path) -> None:
    result = of_file(book(tmp_path / "a.xlsx", Sheet1=[], data=[HEAD, ROW]))
    assert result.total_records[0]["co2e_t"] == 30.0


def test_sheet_whose_formats_and_rules_only_look_like_data_holds_none(tmp_path: Path) -> None:
    with xlsxwriter.Workbook(tmp_path / "a.xlsx") as made:
        sheet = made.add_worksheet("data")
        sheet.write_row(0, 0, HEAD)
        sheet.write_row(1, 0, ROW)
        other = made.add_worksheet("formats")
        other.write_blank(3, 3, None, made.add_format({"bold": True}))
        other.conditional_format("A1:B2", {"type": "formula", "criteria": "=A1>1", "format": made.add_format()})
        other.add_sparkline("A1", {"range": "data!D1:D2"})
        chart = made.add_chart({"type": "line"})
        chart.add_series({"values": "=data!$D$2:$D$2"})
        made.add_chartsheet("chart").set_chart(chart)
    assert filled_sheets(tmp_path / "a.xlsx", 1 << 30) == ("data",)
    assert not said(of_file(tmp_path / "a.xlsx"), "T140")


@pytest.mark.parametrize("data", [b"", b"PK", b"not a workbook", b"PK\x05\x06" + bytes(18)], ids=str)
def test_what_is_no_workbook_has_no_sheets(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.xlsx").write_bytes(data)
    assert filled_sheets(tmp_path / "a.xlsx", 1 << 30) == ()


def test_workbook_that_unpacks_beyond_the_limit_is_not_searched(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", S=[["x"]])
    assert filled_sheets(path, 1 << 30) == ("S",)
    assert filled_sheets(path, 100) == ()


def test_data_far_into_a_sheet_are_found(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", S=[["x"]], T=[])
    blank = "".join(f'<row r="{n}"><c r="A{n}" s="0"/></row>' for n in range(1, 20_000))
    sheet = f'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{blank}{{}}</sheetData></worksheet>'
    assert filled_sheets(rewritten(path, "xl/worksheets/sheet2.xml", lambda _: sheet.format("")), 1 << 30) == ("S",)
    last = '<row r="20000"><c r="A20000"><v>1</v></c></row>'
    assert filled_sheets(rewritten(path, "xl/worksheets/sheet2.xml", lambda _: sheet.format(last)), 1 << 30) == (
        "S", "T"
    )  # fmt: skip


@pytest.mark.parametrize("table", ["lines", "equipment"])
def test_other_tables_name_further_sheets_as_well(table: str, tmp_path: Path) -> None:
    issues = Issues()
    source = read(book(tmp_path / "a.xlsx", x=[["a"], ["b"]], y=[["c"], ["d"]]), issues, sheet=table)
    assert source is not None
    assert [(i.code, i.file, i.value) for i in issues] == [("T140", "a.xlsx", "y")]


def test_workbook_of_a_footprint_study_names_a_foreign_sheet_once_and_its_own_never(tmp_path: Path) -> None:
    sheets: dict[str, list[list[Any]]] = {}
    example = shipped.folder("examples") / "footprint-cement"
    for name in ("processes", "exchanges", "parameters", "scenarios"):
        with (example / f"{name}.csv").open(encoding="utf-8-sig", newline="") as file:
            sheets[name] = [list(row) for row in csv.reader(file)]
    (tmp_path / "study.toml").write_bytes((example / "study.toml").read_bytes())
    book(tmp_path / "study.xlsx", **sheets)
    assert not said(check_footprint(tmp_path), "T140")
    book(tmp_path / "study.xlsx", **sheets, 参考=[["x"]])
    found = said(check_footprint(tmp_path), "T140")
    assert [i.value for i in found] == ["参考"]
    assert all(name in found[0].message() for name in sheets)


def test_import_of_a_workbook_names_the_sheets_that_nobody_chose_between(tmp_path: Path) -> None:
    rows = [["name", "value", "unit"], ["A", "1", "kgCO2e/kg"]]
    path, mapping = book(tmp_path / "a.xlsx", 一=rows, 二=rows), tmp_path / "map.toml"
    mapping.write_text(MAP, encoding="utf-8")
    options = {"publication": "mine"} | SOURCE | ITEM
    assert [
        i.value for i in said(import_factors([path], tmp_path / "own", mapping=mapping, **options).issues, "T140")
    ] == ["二"]
    mapping.write_text(f'sheet = "二"\n{MAP}', encoding="utf-8")
    done = import_factors([path], tmp_path / "own2", mapping=mapping, **options)
    assert not said(done.issues, "T140")


# --- hidden sheets


@pytest.mark.parametrize("how", ["hidden", "veryHidden"])
def test_hidden_sheet_in_front_is_not_read_but_named(how: str, tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", old=[HEAD, [*ROW[:3], 99, *ROW[4:]]], now=[HEAD, ROW])
    result = of_file(states(path, old=how))
    assert result.total_records[0]["co2e_t"] == 30.0
    assert [i.value for i in said(result, "T140")] == ["old"]
    assert not said(result, "T141")


def test_hidden_sheet_of_the_name_gives_way_to_a_visible_one_of_it(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", activities=[HEAD, [*ROW[:3], 99, *ROW[4:]]], 活动数据=[HEAD, ROW])
    result = of_file(states(path, activities="hidden"))
    assert result.total_records[0]["co2e_t"] == 30.0
    assert [i.value for i in said(result, "T140")] == ["activities"]


def test_hidden_sheet_of_the_name_is_read_and_said_where_no_visible_one_has_it(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", notes=[["x"]], activities=[HEAD, ROW])
    result = of_file(states(path, activities="hidden"))
    assert result.total_records[0]["co2e_t"] == 30.0
    assert [(i.severity, i.file) for i in said(result, "T141")] == [("note", "a.xlsx[activities]")]


# --- formulas

UNVALUED = {
    "empty value, as openpyxl writes it": "<f>D2*2</f><v></v>",
    "empty value in one tag": "<f>D2*2</f><v/>",
    "no value at all": "<f>D2*2</f>",
    "attributes": '<f ca="1">D2*2</f>',
}


def with_cell(path: Path, cell: str, attributes: str = "") -> Path:
    """Put XML into the cell D3 of the first sheet, which must be 5."""
    old = '<c r="D3"><v>5</v></c>'

    def change(xml: str) -> str:
        assert old in xml
        return xml.replace(old, f'<c r="D3"{attributes}>{cell}</c>')

    return rewritten(path, "xl/worksheets/sheet1.xml", change)


@pytest.mark.parametrize("cell", UNVALUED.values(), ids=UNVALUED.keys())
def test_formula_without_stored_value_is_an_error_at_its_cell(cell: str, tmp_path: Path) -> None:
    path = with_cell(book(tmp_path / "a.xlsx", S=[HEAD, ROW, ["Plant", *ROW[1:3], 5, *ROW[4:]]]), cell)
    result = of_file(path)
    assert [(i.code, list(i.lines), i.column, i.value) for i in result.issues.errors] == [
        ("T142", [3], "quantity", "=D2*2")
    ]
    assert result.rows.bad.tolist() == [False, True]
    assert not result.complete


def test_shared_formula_without_stored_value_is_an_error_too(tmp_path: Path) -> None:
    path = with_cell(book(tmp_path / "a.xlsx", S=[HEAD, ROW, [*ROW[:3], 5, *ROW[4:]]]), '<f t="shared" si="0"/><v/>')
    assert [(i.code, i.value) for i in of_file(path).issues.errors] == [("T142", "=…")]


@pytest.mark.parametrize(
    ("cell", "attributes", "tonnes"),
    [("<f>D2/2</f><v>5</v>", "", 45.0), ('<f>"5"</f><v>5</v>', ' t="str"', 45.0)],
)
def test_formula_with_stored_value_is_that_value(cell: str, attributes: str, tonnes: float, tmp_path: Path) -> None:
    path = with_cell(book(tmp_path / "a.xlsx", S=[HEAD, ROW, [*ROW[:3], 5, *ROW[4:]]]), cell, attributes)
    assert of_file(path).total_records[0]["co2e_t"] == tonnes


def test_formula_whose_stored_value_is_no_text_is_an_empty_cell(tmp_path: Path) -> None:
    """``=IF(B3="","",B3*2)`` saved by Excel: there is a value, and it is empty."""
    path = with_cell(
        book(tmp_path / "a.xlsx", S=[HEAD, ROW, [*ROW[:3], 5, *ROW[4:]]]), '<f>IF(1,"")</f><v></v>', ' t="str"'
    )
    assert [(i.code, i.column) for i in of_file(path).issues.errors] == [("T108", "quantity")]


def test_failed_formula_stays_an_excel_error(tmp_path: Path) -> None:
    path = with_cell(
        book(tmp_path / "a.xlsx", S=[HEAD, ROW, [*ROW[:3], 5, *ROW[4:]]]), "<f>1/0</f><v>#DIV/0!</v>", ' t="e"'
    )
    assert [i.code for i in of_file(path).issues.errors] == ["T122"]


def test_table_of_nothing_but_formulas_without_values_is_not_called_empty(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", S=[HEAD, [5], [5]])

    def change(xml: str) -> str:
        for place in ("A2", "A3"):
            assert f'<c r="{place}"><v>5</v></c>' in xml
            xml = xml.replace(f'<c r="{place}"><v>5</v></c>', f'<c r="{place}"><f>other!{place}</f><v/></c>')
        return xml

    result = of_file(rewritten(path, "xl/worksheets/sheet1.xml", change))
    assert [(i.code, list(i.lines), i.column) for i in result.issues.errors] == [("T142", [2, 3], "facility")]


def test_formula_without_value_beyond_the_last_value_of_the_sheet_is_seen(tmp_path: Path) -> None:
    path = with_cell(
        book(tmp_path / "a.xlsx", S=[["a", "b", "c", "d"], [1, 2, 3, 4], [None, None, None, 5]]), "<f>1</f>"
    )
    issues = Issues()
    found = open_sheet(path.read_bytes(), [], "a.xlsx", issues, 1 << 30)
    assert found is not None
    assert found.rows[2] == [None, None, None, "=1"]
    assert found.formulas == {(3, 4): "=1"}


def test_import_does_not_take_a_formula_for_a_name(tmp_path: Path) -> None:
    rows = [["name", "unit", "note", "value"], ["A", "kgCO2e/kg", None, 1], ["B", "kgCO2e/kg", None, 5]]
    path, mapping = with_cell(book(tmp_path / "a.xlsx", S=rows), "<f>D2*2</f>"), tmp_path / "map.toml"
    mapping.write_text(MAP, encoding="utf-8")
    done = import_factors([path], tmp_path / "own", mapping=mapping, **{"publication": "mine"} | SOURCE | ITEM)
    assert [(list(i.lines), i.column, i.value) for i in said(done.issues, "T142")] == [([3], "D", "=D2*2")]
    assert done.rows == 1


# --- what is said of a sheet


def test_cells_beyond_the_heading_of_a_sheet_are_not_mended_by_double_quotes(tmp_path: Path) -> None:
    result = of_file(book(tmp_path / "a.xlsx", data=[HEAD, ROW, [*ROW, "stray"]]))
    (issue,) = said(result, "T109")
    assert "double quotes" not in issue.text()
    assert "data" in issue.remedy()
    assert "双引号" not in issue.text("zh")


def test_workbook_without_a_sheet_of_cells_is_unreadable(tmp_path: Path) -> None:
    path = rewritten(book(tmp_path / "a.xlsx", S=[["x"]]), "xl/workbook.xml", lambda xml: xml.replace("<sheet ", "<x "))
    with pytest.raises(DataError) as caught:
        of_file(path)
    assert [i.code for i in caught.value.issues] == ["T110"]
