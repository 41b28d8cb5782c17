"""An attacker's tables: each ends in a result or a clear error, soon; no row is lost."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from shared.hostility import DICT, GOOD, HEAD, NAMES, good_total, nothing_lost, outcome, table, within_reason

from carbon.inventory import account

# --- cells

CELLS = {
    "the reader's own mark of a ragged row": "\0ragged,2024-01,diesel,5,t,combustion,2,tCO2/t\n",
    "the same mark in a number": "Plant,2024-01,diesel,\0ragged,t,combustion,2,tCO2/t\n",
    "the reader's own mark of a date": "\x01Plant,2024-01,diesel,5,t,combustion,2,tCO2/t\n",
    "that mark in a unit": "Plant,2024-01,diesel,5,\x01t,combustion,2,tCO2/t\n",
    "null in a name": "Pl\0ant,2024-01,diesel,5,t,combustion,2,tCO2/t\n",
    "null in a number": "Plant,2024-01,diesel,5\0,t,combustion,2,tCO2/t\n",
    "escape in a name": "\x1b[2JPlant,2024-01,diesel,5,t,combustion,2,tCO2/t\n",
    "bell in an item": "Plant,2024-01,die\x07sel,5,t,combustion,2,tCO2/t\n",
    "delete in a name": "Plant\x7f,2024-01,diesel,5,t,combustion,2,tCO2/t\n",
    "reversed name": "Plant\u202e001,2024-01,diesel,5,t,combustion,2,tCO2/t\n",
    "isolated name": "Plant\u2066001,2024-01,diesel,5,t,combustion,2,tCO2/t\n",
    "infinite quantity": "Plant,2024-01,diesel,1e400,t,combustion,2,tCO2/t\n",
    "quantity beyond a double": "Plant,2024-01,diesel," + "9" * 1500 + ",t,combustion,2,tCO2/t\n",
    "quantity that vanishes": "Plant,2024-01,diesel,1e-400,t,combustion,2,tCO2/t\n",
    "negative infinity": "Plant,2024-01,diesel,-inf,t,combustion,2,tCO2/t\n",
    "hexadecimal": "Plant,2024-01,diesel,0x10,t,combustion,2,tCO2/t\n",
    "underscore": "Plant,2024-01,diesel,1_000,t,combustion,2,tCO2/t\n",
    "full-width digits": "Plant,2024-01,diesel,１２３,t,combustion,2,tCO2/t\n",
    "arabic digits": "Plant,2024-01,diesel,٣,t,combustion,2,tCO2/t\n",
    "circled digit": "Plant,2024-01,diesel,①,t,combustion,2,tCO2/t\n",
    "two points": "Plant,2024-01,diesel,1.250.5,t,combustion,2,tCO2/t\n",
    "two signs": "Plant,2024-01,diesel,--5,t,combustion,2,tCO2/t\n",
    "a formula": "Plant,2024-01,diesel,=1+1,t,combustion,2,tCO2/t\n",
    "huge unit": "Plant,2024-01,diesel,5,10^12*10^12*10^12*10^12*10^12 t,combustion,2,tCO2/t\n",
    "huge unit in brackets": "Plant,2024-01,diesel,5,((10^12)^12)^12*t,combustion,2,tCO2/t\n",
    "huge power of ten": "Plant,2024-01,diesel,5,1e99999999 t,combustion,2,tCO2/t\n",
    "huge factor unit": "Plant,2024-01,diesel,5,t,combustion,2,10^12*10^12*10^12*10^12*10^12 tCO2/t\n",
    "tower of powers": "Plant,2024-01,diesel,5,9**9**9 t,combustion,2,tCO2/t\n",
    "code in a unit": "Plant,2024-01,diesel,5,__import__('os').system('true'),combustion,2,tCO2/t\n",
    "template in a unit": "Plant,2024-01,diesel,5,{value.__class__},combustion,2,tCO2/t\n",
    "percent in an item": "Plant,2024-01,%s%n%x,5,t,,,\n",
    "path as an item": "Plant,2024-01,../../etc/passwd,5,t,,,\n",
    "long item": f"Plant,2024-01,{'x' * 1_999},5,t,,,\n",
    "long period": f"Plant,{'2024-' * 399},diesel,5,t,combustion,2,tCO2/t\n",
    "long unit": f"Plant,2024-01,diesel,5,{'t*' * 999}t,combustion,2,tCO2/t\n",
    "very long name": f"{'x' * 200_000},2024-01,diesel,5,t,combustion,2,tCO2/t\n",
    "very long number": f"Plant,2024-01,diesel,{'1' * 200_000},t,combustion,2,tCO2/t\n",
}  # fmt: skip


@pytest.mark.parametrize("row", CELLS.values(), ids=CELLS.keys())
def test_hostile_cell_in_a_file_is_listed_and_the_good_rows_computed(row: str, tmp_path: Path) -> None:
    padding = "Good,2024-02,diesel,1,t,combustion,3,tCO2/t\n" * 100  # so that a null does not stand at the beginning
    result, issues = outcome(table(tmp_path, padding, row))
    assert result is not None, issues
    nothing_lost(result)
    assert [int(line) for line in result.rows.table.line[result.rows.bad]] == [103]
    assert good_total(result) == 30.0


@pytest.mark.parametrize("row", CELLS.values(), ids=CELLS.keys())
def test_hostile_cell_in_a_frame_is_listed_and_the_good_rows_computed(row: str) -> None:
    with within_reason():
        result = account([DICT, dict(zip(NAMES, row.rstrip("\n").split(","), strict=True))])
        nothing_lost(result)
        assert result.rows.bad.tolist() == [False, True]
        assert good_total(result) == 30.0


def test_very_long_cell_costs_its_own_row_alone_though_other_cells_are_quoted(tmp_path: Path) -> None:
    result, issues = outcome(table(tmp_path, f'"Plant",2024-01,{"x" * 200_000},5,t,combustion,2,tCO2/t\n'))
    assert result is not None, [issue.text()[:200] for issue in issues]
    assert [(i.code, [int(line) for line in i.lines]) for i in issues.errors] == [("T113", [3])]
    assert good_total(result) == 30.0


@pytest.mark.parametrize(
    "mark",
    ["\u200b", "\u200e", "\u200f", "\u2060", "\ufeff", "\u00ad", "\u2028", "\u2029", "\u061c", "\ufff9", "\U000e0041"],
    ids=lambda mark: f"U+{ord(mark):04X}",
)
def test_invisible_character_does_not_make_a_second_facility_in_silence(mark: str, tmp_path: Path) -> None:
    """Format characters are invisible and part equal names; left out or refused, but not a plant of their own."""
    assert unicodedata.category(mark) in ("Cf", "Zl", "Zp")
    result, _ = outcome(table(tmp_path, GOOD.replace("Good", f"Go{mark}od").replace("2024-01", "2024-02")))
    assert result is not None
    facilities = {record["facility"] for record in result.total_records} - {""}
    assert facilities == {"Good"}


@pytest.mark.parametrize(("text", "never"), [("n/a", "0"), ("无", "0"), ("-", "0"), ("1250,5", "1250"), ("0,5", "0"),
                                             ("1.250,5", "1.250"), ("about 5", "0"), ("5 t", "0")])  # fmt: skip
def test_text_in_a_number_is_not_answered_with_an_invented_number(text: str, never: str, tmp_path: Path) -> None:
    _, issues = outcome(table(tmp_path, f'Plant,2024-01,diesel,"{text}",t,combustion,2,tCO2/t\n'))
    (issue,) = issues.errors
    assert issue.code == "T120"
    assert f"write {never} " not in issue.remedy("en") + " "
    assert f"写作 {never} " not in issue.remedy("zh") + " "


def test_row_with_two_mistakes_names_them_both(tmp_path: Path) -> None:
    _, issues = outcome(table(tmp_path, "Plant,2024-99,no-such-item,five,ton,burnt,,\n"))
    assert {issue.code for issue in issues.errors} == {"D101", "F201", "T120", "T127", "U102"}


@pytest.mark.parametrize(
    ("ncv", "content"),
    [("1e15,TJ/mg", "1e15,MtC/J"), ("1e15,TJ/kg", "1e15,tC/J"), ("1e-15,J/Mt", "1e15,MtC/J")],
)
def test_absurd_product_of_allowed_numbers_is_an_issue_or_exact(ncv: str, content: str, tmp_path: Path) -> None:
    head = HEAD.strip() + ",ncv,ncv_unit,carbon_content,carbon_content_unit\n"
    result, _ = outcome(table(tmp_path, f"Plant,2024-01,coke,1e15,Mt,combustion,,,{ncv},{content}\n", head=head))
    assert result is not None
    nothing_lost(result)
    assert good_total(result) == 30.0


@pytest.mark.parametrize(
    ("row", "tonnes"),
    [("1e12,Mt,combustion,1e3,tCO2/t", 1e21), ("1e13,Mt,combustion,1e9,tCO2/t", 1e28),
     ("1e15,万t,combustion,1e14,tCO2/t", 1e33), ("1e15,Mt,combustion,1e15,MtCO2/g", 1e48)],
)  # fmt: skip
def test_large_quantity_in_a_large_unit_is_exact_or_an_issue(row: str, tonnes: float, tmp_path: Path) -> None:
    result, _ = outcome(table(tmp_path, f"Plant,2024-01,diesel,{row}\n"))
    assert result is not None
    nothing_lost(result)
    assert good_total(result) == 30.0
    if not result.rows.bad.any():
        found = [r["co2e_t"] for r in result.total_records if r["facility"] == "Plant" and r["category"] == "total"]
        assert found[0] == pytest.approx(tonnes, rel=1e-12)


# --- headers


@pytest.mark.parametrize(
    "head",
    ["facility,facility,period,item,quantity,unit\n", "facility,设施,period,item,quantity,unit\n", ",,,,,\n", "\0,\0\n",
     "facility;period,item\tquantity\n", '"facility\n,period"\n', "facility" * 50_000 + "\n",
     ",".join("x" * 300) + "\n", "=cmd|' /C calc'!A0,+1,-1,@x,{0},%s\n", "\x1b[2J,\u202e,\ufeff\n",
     "facility,period,item,quantity,unit," + "," * 5_000 + "\n"],
    ids=range(11),
)  # fmt: skip
def test_hostile_header_is_a_clear_error(head: str, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(head + "1,2,3,4,5,6\n", encoding="utf-8")
    result, issues = outcome(path)
    assert result is None
    assert issues.errors
    assert all(len(issue.text()) < 4_000 for issue in issues)
