"""The first file of one's own: a ledger as people keep it, mended by what is said of it until it computes."""

from __future__ import annotations

import datetime as dt
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xlsxwriter
from shared.command import ROOT, called

from carbon.benchmarks import upgrade
from carbon.errors import Issue, Issues
from carbon.footprint.study import footprint
from carbon.footprint.uncertain import uncertainty
from carbon.run import check, run

Capture = pytest.CaptureFixture[str]
HEADER = ["序号", "设施", "月份", "能源品种", "数值", "单位"]
GOOD: list[list[Any]] = [
    [n, shop, f"2024年{month}月", item, quantity, unit]
    for n, (shop, month, item, quantity, unit) in enumerate(
        (shop, month, item, quantity, unit)
        for shop in ("铸造车间", "机加车间", "涂装车间")
        for month in (1, 2, 3)
        for item, quantity, unit in (("电", 52.5, "万度"), ("天然气", 3.2, "万Nm3"), ("柴油", 2.1, "吨"))
    )
]
SLIPS = {  # row of the table, column → what stands there, and the issue that is earned
    (1, 5): ("ton", "U102"), (2, 2): (dt.datetime(2024, 1, 1), "T121"), (3, 4): ("1,234.5", "T120"),
    (4, 5): (None, "T108"), (5, 4): ("52.3万度", "T120"), (6, 4): ("５２", "T120"), (8, 3): ("煤", "F201"),
}  # fmt: skip


def ledger(path: Path, rows: list[list[Any]], above: list[list[Any]], merged: bool = False) -> Path:
    """Write a workbook; merged, the rows of a workshop share one cell for its name."""
    with xlsxwriter.Workbook(path) as book:
        sheet, day = book.add_worksheet("台账"), book.add_format({"num_format": "yyyy-mm-dd"})
        for r, row in enumerate([*above, *rows]):
            for c, value in enumerate(row):
                if isinstance(value, dt.datetime):
                    sheet.write_datetime(r, c, value, day)
                elif value is not None and not (merged and c == 1 and r > len(above) and (r - len(above)) % 9):
                    sheet.write(r, c, value)
        for top in range(len(above), len(above) + len(rows), 9) if merged else ():
            sheet.merge_range(top, 1, top + 8, 1, rows[top - len(above)][1])
    return path


def said(issues: Issues, code: str) -> str:
    return "\n".join(issue.text("zh") for issue in issues if issue.code == code)


def test_title_and_header_of_two_rows_are_answered_with_what_to_delete(tmp_path: Path) -> None:
    path = ledger(tmp_path / "台账.xlsx", GOOD, [["虚构公司能源统计表"], HEADER])
    found = check(path)
    words = said(found, "T103")
    assert "设施 (facility)" in words
    assert "删除其上的标题行" in words
    assert "取消表头中的合并单元格" in words


def test_merged_cells_are_answered_with_how_to_fill_them(tmp_path: Path) -> None:
    found = check(ledger(tmp_path / "台账.xlsx", GOOD, [HEADER], merged=True))
    (blank,) = (issue for issue in found if issue.code == "T108")
    assert len(blank.lines) == 24  # 27 rows, of which the first of each of three workshops has its name
    assert "取消合并并逐行填写" in blank.remedy("zh")
    assert "merged cells of 台账.xlsx" in blank.remedy("en")
    (tmp_path / "rows.csv").write_text("设施,月份,项目,数量,单位\n,2024-01,柴油,1,t\n", "utf-8")
    assert "merged" not in "".join(issue.remedy() for issue in check(tmp_path / "rows.csv"))


def test_each_slip_is_named_by_the_heading_and_once_mended_the_ledger_computes(tmp_path: Path) -> None:
    rows = [list(row) for row in GOOD]
    for (row, column), (value, _) in SLIPS.items():
        rows[row - 1][column] = value
    path = ledger(tmp_path / "台账.xlsx", [*rows, ["合计", None, None, None, 520, None]], [HEADER])
    found = check(path)
    wanted = {(row + 1, code) for (row, _), (_, code) in SLIPS.items()} | {(29, "T131")}
    assert {(line, issue.code) for issue in found.errors for line in issue.lines} == wanted
    assert re.search(r"单位 \(unit\)：单元格为空，而 单位 \(unit\) 为必填", said(found, "T108"))
    assert "周期 (period)" in said(found, "T121")
    assert "请写作 1234.5" in said(found, "T120")
    assert "地区”(region)" in said(found, "A406")
    ledger(path, GOOD, [HEADER])
    result, where = run(path)
    assert result.line_counts == {"read": 27, "computed": 27, "bad": 0}
    totals = pd.read_csv(where / "totals.csv")
    quarter = totals[totals.facility.isna() & totals.period.eq("2024-Q1") & totals.category.eq("total")]
    assert quarter.complete.all()


def test_marks_beside_the_cells_name_the_column_in_full(tmp_path: Path) -> None:
    rows = [list(row) for row in GOOD[:3]]
    rows[1][5] = None
    path = ledger(tmp_path / "台账.xlsx", rows, [HEADER])
    _, where = run(path, language="zh", report=True)
    marked = pd.read_excel(where / "台账-marked.xlsx", engine="calamine", dtype=str)
    assert "单元格为空，而 单位 (unit) 为必填" in marked.iloc[1, -1]


def test_a_column_is_said_as_its_reader_calls_it() -> None:
    issue = Issue("T108", "a.csv", [2], "quantity")
    assert issue.text("zh").startswith("a.csv:2 数量 (quantity)：")
    assert issue.text("en").startswith("a.csv:2 quantity: ")
    assert Issue("T106", "a.csv", [1], "colour").text("zh").startswith("a.csv:1 colour：")  # in no table
    assert Issue("T108", "a.csv", [2], "item").text("zh").startswith("a.csv:2 项目 (item)：")  # tables differ


@pytest.mark.parametrize("command", ["run", "check"])
def test_pattern_that_the_shell_has_spread_is_answered_with_quotes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture, command: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CARBON_LANG", "en")
    Path("meters").mkdir()
    for month in ("01", "02"):
        Path(f"meters/{month}.csv").write_text("facility,period,item,quantity,unit\n", "utf-8")
    code, _, words = called(capsys, command, "meters/01.csv", "meters/02.csv")
    assert code == 2
    assert words.rstrip().endswith(f"carbon {command} 'meters/*.csv'")


def test_check_of_a_workbook_says_how_to_see_it_beside_the_cells(tmp_path: Path, capsys: Capture) -> None:
    path = ledger(tmp_path / "book.xlsx", [[1, "A", "2024", "柴油", 1, "ton"]], [HEADER])
    assert f"carbon check {path} --marked" in called(capsys, "check", path, "--lang", "en")[1]
    ledger(path, [[1, "A", "2024", "柴油", 1, "t"]], [HEADER])
    assert "--marked" not in called(capsys, "check", path, "--lang", "en")[1]


def test_file_of_a_result_is_answered_with_its_folder(tmp_path: Path, capsys: Capture) -> None:
    shutil.copytree(ROOT / "examples" / "starter" / "quarterly" / "en", tmp_path / "mine")
    _, where = run(tmp_path / "mine")
    code, _, words = called(capsys, "explain", f"{where / 'totals.csv'}:5", "--lang", "en")
    assert code == 2
    assert f"carbon explain {where}:2" in words


# --- the digest in the terminal ------------------------------------------------------------------------------------


def shown(capsys: Capture, path: Path) -> list[list[str]]:
    """Return the cells of facility and period of the table of totals."""
    out = called(capsys, "run", path, "--no-report", "--lang", "en")[1]
    rows = re.split(r"─ *\n", out, maxsplit=1)[1].partition("… ")[0].splitlines()
    return [re.split(r"\s{2,}", line.strip())[:2] for line in rows if line.strip()]


def activities(path: Path, months: range, plants: int) -> Path:
    lines = [f"P{n:02},2024-{m:02},山东,柴油,1,t" for n in range(plants) for m in months]
    path.write_text("facility,period,region,item,quantity,unit\n" + "\n".join(lines) + "\n", "utf-8")
    return path


def test_many_plants_are_cut_and_their_sum_is_not(tmp_path: Path, capsys: Capture) -> None:
    found = shown(capsys, activities(tmp_path / "year.csv", range(1, 13), 40))
    assert found == [*([f"P{n:02}", "2024"] for n in range(15)), ["all", "2024"]]


def test_quarter_that_is_whole_is_shown_before_a_year_that_is_not(tmp_path: Path, capsys: Capture) -> None:
    found = shown(capsys, activities(tmp_path / "quarter.csv", range(4, 8), 5))  # April to July
    assert found == [*([f"P{n:02}", "2024-Q2"] for n in range(5)), ["all", "2024-Q2"]]


# --- in Python -----------------------------------------------------------------------------------------------------


def study(kind: str = "emission") -> Any:
    rows = [{"process": "a", "kind": kind, "name": "CO2", "amount": 1, "unit": "kg"},
            {"process": "a", "kind": "emission", "name": "CO2", "amount": 1, "unit": "kg",
             "uncertainty_pct": 5}]  # fmt: skip
    made = [{"process": "a", "product": "b", "unit": "kg"}]
    return footprint(made, rows, study={"product": "b", "unit": "kg", "region": "CN", "period": "2024"})


def test_footprint_that_leaves_a_row_out_says_so_wherever_it_is_shown() -> None:
    assert repr(study()) == "<Footprint of 1 kg b: 2 kgCO2e>"
    assert repr(study("emision")) == "<Footprint of 1 kg b: 1 kgCO2e, incomplete: see issues>"


def test_uncertainty_is_shown_on_a_line() -> None:
    found = uncertainty(study(), draws=100)
    low, high = np.percentile(found.draws, [2.5, 97.5])
    assert repr(found) == f"<Uncertainty of 2 kgCO2e: 100 draws, 95 %: {low:.6g} … {high:.6g}>"


def test_measure_without_efficiency_is_told_every_column_that_will_do() -> None:
    motor = {"measure": "m", "kind": "motor", "power_kw": 75, "load": 0.8, "hours": 5000, "after_efficiency_pct": 96}
    (issue,) = upgrade([motor], study={"year": 2023, "region": "山东"}).issues.errors
    for words in ("before_efficiency_pct, after_efficiency_pct", "in grade_before"):
        assert words in issue.remedy()
    assert "grade" not in upgrade([motor | {"hours": ""}], study={"year": 2023}).issues.errors[0].remedy()
