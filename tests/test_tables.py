"""Slips in tables: rows that are sums, days in place of months, commas for points, headings of another table."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet
from shared.written import HEAD, HEADER, ROW, of_file, written

import carbon
from carbon.errors import DataError, Issues
from carbon.inventory import account
from carbon.reading import from_frame, read
from carbon.schema import schema, table_names
from carbon.schema import template as csv_template
from carbon.tables import check, is_total

GOOD = dict(zip(HEADER[:8], ["Good", "2024-01", "diesel", 10, "t", "combustion", 3, "tCO2/t"], strict=True))


def errors(result: Any) -> list[tuple[str, str, list[int]]]:
    return [(i.code, i.column, [int(line) for line in i.lines]) for i in result.issues.errors]


def checked(name: str, *rows: dict[str, Any]) -> list[tuple[str, str, list[int]]]:
    issues = Issues()
    check(from_frame(list(rows), name), name, issues)
    return [(i.code, i.column, [int(line) for line in i.lines]) for i in issues.errors]


# --- rows that are sums of others


TOTALS = ["合计", "合 计", "总计：", "小计", "一分厂小计", "合計", "Total", "TOTAL:", "grand total", "Subtotal", "Sum"]


@pytest.mark.parametrize("word", TOTALS)
@pytest.mark.parametrize("column", ["facility", "item"])
def test_total_row_with_every_cell_is_not_counted(word: str, column: str) -> None:
    result = account([GOOD, GOOD | {"process": "kiln"}, GOOD | {column: word, "quantity": 20}])
    assert errors(result) == [("T131", column, [3])]
    assert result.rows.bad.tolist() == [False, False, True]
    assert result.total_records[0]["co2e_t"] == 60.0


@pytest.mark.parametrize(
    "name",
    ["Total Energies", "Totaline", "合计量具厂", "上海设计院", "Summit", "sums", "审计", "", "1", "共享", "petrol m"],
)
def test_name_that_only_resembles_a_total_is_a_name(name: str) -> None:
    assert not is_total(name)


def test_total_word_in_the_first_column_of_the_file_is_a_total_row_whatever_it_is(tmp_path: Path) -> None:
    text = f"row,{HEAD}1,{ROW}合计,{ROW}"
    assert errors(of_file(written(tmp_path / "a.csv", text))) == [("T131", "row", [3])]


def test_total_word_in_a_remark_beside_a_whole_row_is_a_remark() -> None:
    assert not errors(account([GOOD | {"note": "合计"}, GOOD | {"period": "2024-02", "meter": "total"}]))


def test_total_word_beside_an_empty_cell_is_a_total_row_and_no_empty_cell() -> None:
    assert errors(account([GOOD, GOOD | {"meter": "合计", "period": None}])) == [("T131", "meter", [2])]


@pytest.mark.parametrize("table", [t for t in table_names() if t not in ("parameters", "scenarios")])
def test_total_row_is_refused_in_every_table(table: str) -> None:
    row = {c.name: c.example for c in schema(table).values() if c.required}
    first = next(iter(row))
    assert ("T131", first, [2]) in checked(table, row, row | {first: "合计"})
    assert not [code for code, *_ in checked(table, row) if code == "T131"]


def test_parameter_may_be_called_total() -> None:
    assert checked("parameters", {"parameter": "total", "value": "1"}) == []


def test_total_row_is_said_once_although_no_such_facility_and_item_exist(tmp_path: Path) -> None:
    (tmp_path / "facilities.csv").write_text("facility\nGood\n", encoding="utf-8")
    written(tmp_path / "activities.csv", HEAD + ROW + ROW.replace("Good", "合计").replace("diesel", "总计"))
    assert {code for code, *_ in errors(of_file(tmp_path))} == {"T131"}


# --- what is not a number


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("column", ["quantity", "uncertainty_pct"])
def test_time_in_a_number_column_of_parquet_is_refused(unit: str, column: str, tmp_path: Path) -> None:
    table = pa.Table.from_pylist([GOOD, GOOD | {"period": "2024-02"}]).drop_columns([column] if column in GOOD else [])
    lasting = pa.array([5, None], pa.duration(unit))
    parquet.write_table(table.append_column(column, lasting), tmp_path / "a.parquet")
    result = of_file(tmp_path / "a.parquet")
    expected = [("T120", column, [2])] + ([("T108", column, [3])] if column == "quantity" else [])
    assert sorted(errors(result)) == sorted(expected)
    assert f"5 {unit}" in next(i for i in result.issues if i.code == "T120").message()


def test_time_in_a_number_column_of_a_frame_is_refused() -> None:
    assert errors(account([GOOD | {"quantity": dt.timedelta(seconds=5)}])) == [("T120", "quantity", [1])]
    frame = pa.table({name: [value] for name, value in (GOOD | {"quantity": dt.timedelta(seconds=5)}).items()})
    assert errors(account(frame)) == [("T120", "quantity", [1])]


@pytest.mark.parametrize(
    ("text", "suggestion"),
    [("0,581", "0.581"), ("00,581", "00.581"), ("-0,581", "-0.581"), ("12,5", "12.5"), ("1.250,5", "1250.5"),
     ("1 250,75", "1250.75"), ("1234,5678", "1234.5678"), ("1,250", "1250"), ("1,250.5", "1250.5"),
     ("12,345,678", "12345678"), ("１２，５", "12.5"), ("０．５", "0.5")],
)  # fmt: skip
def test_comma_in_a_number_is_suggested_away_by_what_it_can_only_be(text: str, suggestion: str) -> None:
    issues = account([GOOD | {"quantity": text}]).issues.errors
    assert [i.code for i in issues] == ["T120"]
    assert f"write {suggestion}" in issues[0].remedy().replace("，", ",")


@pytest.mark.parametrize("text", ["0,581.5", "1,25,0", "12,5 t", ",5", "5,"])
def test_comma_that_can_be_nothing_is_not_suggested_away(text: str) -> None:
    issues = account([GOOD | {"quantity": text}]).issues.errors
    assert [i.code for i in issues] == ["T120"]
    assert "if that is what is meant" not in issues[0].remedy()


# --- days in place of months


@pytest.mark.parametrize(
    ("text", "month"),
    [("45300", "2024-01"), (45300, "2024-01"), (45300.0, "2024-01"), ("2024/1/5", "2024-01"), ("2024.1.5", "2024-01"),
     ("2024-01-05", "2024-01"), ("2024-1-5", "2024-01"), ("2024年1月5日", "2024-01"),
     ("2024/12/31 00:00", "2024-12"), ("45657", "2024-12")],
)  # fmt: skip
def test_day_in_period_is_answered_with_its_month(text: object, month: str) -> None:
    (issue,) = account([GOOD | {"period": text}]).issues.errors
    assert issue.code == "T121"
    assert f"write {month}" in issue.remedy()
    assert f"写作 {month}" in issue.remedy("zh")


def test_number_that_excel_counts_days_by_is_said_to_be_that_day() -> None:
    (issue,) = account([GOOD | {"period": "45300"}]).issues.errors
    assert "45300 = 2024-01-09" in issue.message()  # 45300 days after 1899-12-30


@pytest.mark.parametrize("text", ["2024/13/5", "2024/2/30", "12345", "99999", "2024-1/5", "20240105"])
def test_what_is_no_day_is_only_not_a_period(text: str) -> None:
    assert errors(account([GOOD | {"period": text}])) == [("D101", "period", [1])]


# --- cells and headings


@pytest.mark.parametrize(
    ("column", "has_zero"), [("quantity", True), ("unit", False), ("item", False), ("facility", False)]
)
def test_only_an_empty_number_may_really_be_zero(column: str, has_zero: bool) -> None:
    issues = [i for i in account([GOOD, GOOD | {column: None}]).issues.errors if i.code == "T108"]
    assert [i.column for i in issues] == [column]
    assert ("0" in issues[0].remedy()) == has_zero
    assert ("0" in issues[0].remedy("zh")) == has_zero


def test_column_without_heading_is_named_by_its_place(tmp_path: Path) -> None:
    head, row = HEAD.replace("period", ""), ROW
    with pytest.raises(DataError) as caught:
        of_file(written(tmp_path / "a.csv", head + row))
    assert {(i.code, i.value) for i in caught.value.issues} == {("T144", "2 (B)"), ("T103", "period")}


@pytest.mark.parametrize("name", ["ncv", "carbon_content", "factor"])
def test_unit_without_its_number_is_refused(name: str) -> None:
    row = {k: v for k, v in GOOD.items() if not k.startswith("factor")}
    unit = {"ncv": "GJ/t", "carbon_content": "tC/GJ", "factor": "tCO2/t"}[name]
    result = account([row, row | {"period": "2024-02", f"{name}_unit": unit}])
    assert errors(result) == [("T126", name, [2])]
    assert f"{name}_unit" in result.issues.errors[0].message()


# --- a table given to the wrong command


def given(table: str, language: str, tmp_path: Path) -> Path:
    return written(tmp_path / f"{table}-{language}.csv", csv_template(table, language))


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("table", [t for t in table_names() if t != "activities"])
def test_template_of_another_table_is_told_from_activities(table: str, language: str, tmp_path: Path) -> None:
    source = read(given(table, language, tmp_path), Issues())
    assert source is not None
    issues = Issues()
    assert check(source, "activities", issues) is None
    assert [(i.code, i.value) for i in issues] == [("T145", table)]


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("table", table_names())
def test_template_of_a_table_is_that_table(table: str, language: str, tmp_path: Path) -> None:
    source, issues = read(given(table, language, tmp_path), Issues()), Issues()
    assert source is not None
    assert check(source, table, issues) is not None
    assert "T145" not in {i.code for i in issues}


@pytest.mark.parametrize("command", [carbon.benchmark, carbon.portfolio, carbon.account])
def test_list_of_equipment_in_the_wrong_place_gets_one_line_with_the_right_command(
    command: Any, tmp_path: Path
) -> None:
    with pytest.raises(DataError) as caught:
        command(given("equipment", "zh", tmp_path))
    assert [i.code for i in caught.value.issues] == ["T145"]
    assert "carbon equipment" in caught.value.issues[0].text()
    assert "carbon equipment" in caught.value.issues[0].text("zh")


def test_output_table_in_place_of_activities_is_sent_into_the_run_folder(tmp_path: Path) -> None:
    text = "设施,产品,周期,产量,单位\n甲,钢,2024,5,t\n"
    with pytest.raises(DataError) as caught:
        of_file(written(tmp_path / "a.csv", text))
    assert [i.code for i in caught.value.issues] == ["T145"]
    assert "output.csv" in caught.value.issues[0].remedy()


@pytest.mark.parametrize(
    "head",
    ["facility,period,item,quantity,unti", "facility,month,fuel,amount", "设施,周期,项目,数量,单位,热值,备注2",
     "a,b,c", "facility,period,item,quantity,unit,product,equipment"],
)  # fmt: skip
def test_slip_in_a_heading_is_not_taken_for_another_table(head: str, tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        of_file(written(tmp_path / "a.csv", f"{head}\n{','.join('x' * len(head.split(',')))}\n"))
    assert {i.code for i in caught.value.issues} <= {"T103", "T106"}
