"""Verdicts of lines: what is compared with what, exactly at a level, and what is said where nothing can be compared."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shared.own_levels import META

import carbon
from carbon.benchmarks.levels import HEADER, Levels
from carbon.errors import DataError, UsageError

SECTOR = ["ndrc-723-2023/sector"]
CLINKER = {"facility": "A", "product": "水泥熟料", "unit": "kgce/t"}
TOP_CHARGED = {"facility": "A", "product": "焦炭", "type": "顶装焦炉", "unit": "kgce/t"}
BEER = dict.fromkeys(HEADER, "") | {
    "level_id": "beer", "subject": "beer", "indicator": "unit-energy", "boundary": "production-system",
    "unit": "kgce/t", "better": "lower", "strictness": "inclusive", "verification": "unverified", "page": "1",
}  # fmt: skip

Line = dict[str, Any]


def records(lines: Sequence[Line], levels: Sequence[str] | Levels | None = SECTOR, **options: Any) -> list[Line]:
    return list(carbon.benchmark(lines, levels=levels, **options).records())


def verdicts(lines: Sequence[Line], levels: Sequence[str] | Levels | None = SECTOR, **options: Any) -> list[str]:
    """Return one verdict per line."""
    found = {r["source_line"]: r["verdict"] for r in records(lines, levels, **options)}
    return [found[number] for number in range(1, len(lines) + 1)]


def own_levels(folder: Path, values: Sequence[str] = ("50", "60"), **fields: str) -> Path:
    """Write a set of own levels of beer, with some fields other than they should be."""
    (folder / "own").mkdir(parents=True)
    (folder / "own" / "sector.toml").write_text(META, encoding="utf-8")
    with (folder / "own" / "sector.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, HEADER, lineterminator="\n")
        writer.writeheader()
        for tier, value in zip(("benchmark", "baseline"), values, strict=True):
            writer.writerow(BEER | {"level_id": f"beer-{tier}", "tier": tier, "value": value} | fields)
    return folder


# --- who is compared with what ----------------------------------------------------------------------------------------


def test_both_languages_and_every_alias_name_one_product() -> None:
    names = ("水泥熟料", "熟料", "clinker", "Cement clinker", "CLINKER", "cement-clinker")
    lines = [{"facility": "A", "product": name, "value": 100, "unit": "kgce/t"} for name in names]
    assert verdicts(lines) == ["at-benchmark"] * len(names)


def test_chinese_and_english_tables_are_the_same_table() -> None:
    chinese = pd.DataFrame({"企业": ["A"], "产品": ["水泥熟料"], "单位产品能耗": [104], "单位": ["kgce/t"]})
    english = pd.DataFrame([CLINKER | {"value": 104}])
    found = [carbon.benchmark(frame, levels=SECTOR).table() for frame in (chinese, english)]
    pd.testing.assert_frame_equal(*found)


def test_a_name_of_a_type_is_its_product_and_type() -> None:
    # 铝液 and 捣固焦炉 are types of electrolytic aluminium and coke: 13000 kWh/t and 110 kgce/t
    aluminium = {"facility": "A", "product": "铝液", "value": 13000, "unit": "kWh/t"}
    coke = {"facility": "A", "product": "捣固焦炉", "value": 110, "unit": "kgce/t"}
    assert verdicts([aluminium, coke]) == ["at-benchmark", "at-benchmark"]


def test_a_line_is_held_against_every_chosen_set_and_none_else() -> None:
    chosen = {
        ("sector",): {"ndrc-723-2023/sector"},
        ("quota",): {"gb-16780-2021/limits"},
        ("gb-16780-2021",): {"gb-16780-2021/limits"},
        ("sector", "quota"): {"ndrc-723-2023/sector", "gb-16780-2021/limits"},
    }
    for names, sets in chosen.items():
        assert {r["set"] for r in records([CLINKER | {"value": 104}], list(names))} == sets
    with pytest.raises(UsageError, match="ndrc-723-2023/sector"):
        records([CLINKER | {"value": 104}], ["ndrc-723-2023/sectors"])


def test_one_product_of_another_set_says_that_it_is_in_another() -> None:
    issues = carbon.benchmark([CLINKER | {"value": 104}], levels=["gb-21342-2025"]).issues
    assert [issue.code for issue in issues] == ["B611"]
    assert "GB 16780-2021" in issues[0].message()


def test_as_of_replays_what_was_published_by_then() -> None:
    # published 2023-06-06; the day before there is no sector level of clinker
    line = [CLINKER | {"value": 104}]
    assert verdicts(line, ["sector"], as_of=dt.date(2023, 6, 6)) == ["between"]
    assert verdicts(line, ["sector"], as_of=dt.date(2023, 6, 5)) == ["unknown"]
    with pytest.raises(UsageError):
        records(line, SECTOR, as_of=dt.date(2023, 6, 5))


def test_the_better_of_two_equal_grades_is_reached() -> None:
    # GB 21342-2025, stamp charging: grades 1 and 2 are both 115 kgce/t
    line = TOP_CHARGED | {"type": "捣固焦炉", "value": 115, "period": "2027"}
    assert verdicts([line], ["gb-21342-2025"]) == ["1"]


# --- what stands in a verdict -----------------------------------------------------------------------------------------


def test_a_record_says_level_gap_deadline_source_and_page() -> None:
    benchmark, baseline = records([CLINKER | {"value": 130, "line": "2号窑", "period": "2024"}])
    assert (benchmark["level"], benchmark["gap"], benchmark["gap_pct"]) == (100, 30, 30)
    assert (baseline["level"], baseline["gap"], baseline["gap_pct"]) == (117, 13, pytest.approx(100 * 13 / 117))
    assert (baseline["line"], baseline["period"], baseline["verdict"]) == ("2号窑", "2024", "below-baseline")
    assert (baseline["deadline"], baseline["page"]) == ("2025-12-31", "附件 第15项")
    assert baseline["level_id"] == "ndrc-723-2023/sector:cement-clinker-baseline"
    assert (baseline["verification"], baseline["reached"]) == ("secondary", False)


def test_unverified_levels_are_said_to_be_unverified_with_what_corroborates_them() -> None:
    found = carbon.benchmark([TOP_CHARGED | {"value": 112}], levels=SECTOR)
    assert [issue.code for issue in found.issues] == ["B612"]
    record = next(found.records())
    assert record["verification"] == "unverified"
    assert record["corroborated_by"] == "level 2 of GB 21342-2025 顶装焦炉"


def test_gates_name_what_fails_in_the_language_of_the_reader() -> None:
    new = CLINKER | {"value": 99, "status": "新建", "environment_grade": "A", "equipment_level": "节能"}
    flagged = CLINKER | {"value": 104, "environment_grade": "C"}
    english = [r["gate"] for r in records([new, flagged]) if r["tier"] == "benchmark"]
    chinese = [r["gate"] for r in records([new, flagged], language="zh") if r["tier"] == "benchmark"]
    assert "new project: fails: main equipment [" in english[0]
    assert "新建项目准入: 不符合：主要用能设备 [" in chinese[0]
    assert "tiered electricity price (under study): flagged [" in english[1]
    assert "new project" not in english[1]


def test_savings_are_empty_without_output_and_not_zero() -> None:
    record = records([CLINKER | {"value": 104}])[0]
    assert (record["gap"], record["tce_to_save"], record["co2e_t_to_save"]) == (4, None, None)


def test_savings_of_electricity_go_by_its_coefficient() -> None:
    # 13350 - 13000 = 350 kWh/t × 10 t = 3500 kWh; × 0.1229 kgce/kWh = 430.15 kgce
    # 66.75 tCO2e of 133500 kWh: 66.75 / 133500 × 3500 = 1.75 t
    line = {"facility": "A", "product": "电解铝", "value": 13350, "unit": "kWh/t", "output": 10, "output_unit": "t"}
    record = records([line | {"co2e_t": 66.75}])[0]
    assert record["verdict"] == "between"
    assert record["tce_to_save"] == pytest.approx(0.43015)
    assert record["co2e_t_to_save"] == pytest.approx(1.75)


def test_savings_of_an_allowance_are_tonnes_of_co2() -> None:
    # 0.3388 - 0.3288 = 0.01 tCO2/MWh × 5000 MWh = 50 t
    line = {"facility": "P", "product": "全国碳市场发电机组", "type": "gas", "indicator": "发电碳排放强度",
            "period": "2024", "value": 0.3388, "unit": "tCO2/MWh", "output": 5, "output_unit": "GWh"}  # fmt: skip
    record = records([line], ["ets"])[0]
    assert (record["verdict"], record["tce_to_save"]) == ("above", None)
    assert record["co2e_t_to_save"] == pytest.approx(50)


def test_no_co2e_to_save_where_the_line_gives_energy() -> None:
    # a converter below zero has no emissions per energy of its own
    line = {"facility": "A", "product": "转炉钢", "value": -5, "unit": "kgce/t", "output": 1000, "output_unit": "t"}
    record = records([line | {"co2e_t": 260}])[0]
    assert (record["tce_to_save"], record["co2e_t_to_save"]) == (25, None)  # -5 + 30 = 25 kgce/t × 1000 t


def test_electricity_held_as_energy_names_its_coefficient() -> None:
    line = CLINKER | {"value": 815, "unit": "kWh/t", "indicator": "单位产品综合能耗"}
    found = carbon.benchmark([line], levels=SECTOR)
    assert [issue.code for issue in found.issues] == ["B613"]
    assert "gb-t-2589-2020/fuels:electricity-gce = 0.1229 kgce/kWh" in found.issues[0].message()
    assert next(found.records())["value"] == pytest.approx(100.1635)  # 815 × 0.1229


def test_only_lines_entered_in_electricity_are_said_to_be_converted() -> None:
    lines = [CLINKER | {"value": 104}, CLINKER | {"value": 815, "unit": "kWh/t", "indicator": "单位产品综合能耗"}]
    found = carbon.benchmark(lines, levels=SECTOR)
    assert [list(issue.lines) for issue in found.issues if issue.code == "B613"] == [[2]]


def test_salt_is_known_by_its_chinese_name() -> None:
    # GB 29140-2024: 205 × 1.18 = 241.9
    line = {"facility": "A", "product": "纯碱", "type": "联碱法重质", "value": 241.9, "unit": "kgce/t"}
    assert verdicts([line | {"salt": name} for name in ("sun-dried", "日晒盐")], ["gb-29140-2024"]) == ["2", "2"]


def test_a_level_that_is_reached_has_no_gap_and_nothing_to_save() -> None:
    # 0.55 tce / 5 t = 110 kgce/t, the benchmark of coke; as a float 110.00000000000001
    line = {"facility": "A", "product": "焦炭", "type": "捣固焦炉", "energy": 0.55, "energy_unit": "tce", "output": 5}
    record = records([line | {"output_unit": "t", "co2e_t": 1}])[0]
    assert (record["verdict"], record["reached"]) == ("at-benchmark", True)
    assert (record["gap"], record["tce_to_save"], record["co2e_t_to_save"]) == (0, 0, 0)


def test_a_line_that_cannot_be_compared_stands_in_the_table_with_its_codes(tmp_path: Path) -> None:
    path = tmp_path / "lines.csv"
    path.write_text(
        "facility,product,period,value,unit,energy\nGood,水泥熟料,2024,104,kgce/t,\nA,水泥熟料,2024,N/A,kgce/t,\n"
        ",水泥熟料,2024,99,kgce/t,\nB,水泥熟料,24年,99,kgce/t,\nC,水泥熟料,2024,,,\nD,水泥熟料,2024,99,kgce/t,9\n"
        "E,水泥熟料,2024,99\nF,水泥孰料,2024,99,kgce/t,\n",
        encoding="utf-8",
    )
    for language, title in (("en", "Text in a number"), ("zh", "数字中含有文字")):
        found = carbon.benchmark(path, levels=SECTOR, language=language)
        by_line = {r["source_line"]: r for r in found.records()}
        wrong = {line: r["reason"] for line, r in by_line.items() if r["status"] == "error"}
        codes = {line: reason.partition("[")[2].rstrip("]") for line, reason in wrong.items()}
        assert codes == {3: "T120", 4: "T108", 5: "D101", 6: "B608", 7: "B609", 8: "T109"}
        assert wrong[3] == f"{title} [T120]"
        assert {r["verdict"] for line, r in by_line.items() if line in wrong} == {"unknown"}
        assert (by_line[2]["status"], by_line[9]["status"]) == ("computed", "computed")  # B601 is no error
        assert found.counts() == {"between": 1, "unknown": 1, "error": 6}


def test_equal_rows_are_said_and_each_has_its_verdict() -> None:
    line = CLINKER | {"value": 99}
    found = carbon.benchmark([line, line, line | {"line": "2"}], levels=SECTOR)
    assert [(i.code, i.severity, list(i.lines)) for i in found.issues] == [("A403", "warning", [1, 2])]
    assert found.counts() == {"at-benchmark": 3}
    assert {r["source_line"] for r in found.records()} == {1, 2, 3}


# --- own levels -------------------------------------------------------------------------------------------------------


def test_own_levels_stand_beside_the_shipped_ones(tmp_path: Path) -> None:
    levels = carbon.load_levels([own_levels(tmp_path / "levels")])
    line = {"facility": "A", "product": "啤酒", "value": 55, "unit": "kgce/t"}
    mine = [r["verdict"] for r in records([line], levels) if r["set"] == "own/sector"]
    assert mine == ["between", "between"]
    with pytest.raises(UsageError):
        carbon.load_levels([tmp_path / "elsewhere"])


def test_one_hidden_level_leaves_what_the_other_decides(tmp_path: Path) -> None:
    levels = carbon.load_levels([own_levels(tmp_path / "levels", ("", "60"))])
    lines = [{"facility": "A", "product": "啤酒", "value": value, "unit": "kgce/t"} for value in (1, 60, 60.1)]
    mine = [r for r in records(lines, levels) if r["set"] == "own/sector"]
    assert [r["verdict"] for r in mine if r["tier"] == "baseline"] == ["unknown", "unknown", "below-baseline"]
    assert [r["reached"] for r in mine if r["tier"] == "benchmark"] == [None, None, None]
    assert [r["reached"] for r in mine if r["tier"] == "baseline"] == [True, True, False]


BAD_LEVELS = {
    "value": {"value": "12,5"}, "unit": {"unit": "ton"}, "no unit": {"unit": ""}, "no page": {"page": ""},
    "subject": {"subject": "moonshine"}, "indicator": {"indicator": "taste"}, "boundary": {"boundary": "town"},
    "condition": {"condition": "capacity_t_d=[1/0,5]"}, "bracket": {"condition": "capacity_t_d=[0,5"},
    "size": {"condition": "capacity_t_d=[0," + "9" * 400 + "]"}, "attribute": {"condition": "colour=gold"},
    "from": {"valid_from": "soon"}, "correction": {"correction": "clinker_ratio_pct:75"},
}  # fmt: skip
ACCEPTED = {
    "division by zero": {"correction": "clinker_ratio_pct:75:1/0"}, "no column": {"correction": "nothing:75:1"},
    "text column": {"correction": "type:75:1"}, "number of equipment": {"condition": "power_kw=[0,5]"},
    "word of equipment": {"condition": "fuel=lignite"}, "verification": {"verification": "gospel"},
    "better": {"better": "smaller"}, "strictness": {"strictness": "srict"}, "deadline": {"deadline": "soon"},
    "empty years": {"valid_from": "2024-01-01", "valid_to": "2023-01-01"},
}  # fmt: skip


@pytest.mark.parametrize(
    "fields",
    [pytest.param(fields, id=name) for name, fields in BAD_LEVELS.items()]
    + [pytest.param(fields, id=name) for name, fields in ACCEPTED.items()],
)
def test_own_levels_that_cannot_be_used_are_refused_by_line(fields: Line, tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        carbon.load_levels([own_levels(tmp_path / "levels", **fields)])
    assert {issue.code for issue in caught.value.issues} == {"B620"}
    assert {issue.file for issue in caught.value.issues} == {"own/sector.csv"}
    assert sorted({line for issue in caught.value.issues for line in issue.lines}) == [2, 3]


@pytest.mark.parametrize("missing", ["both", ".toml", ".csv", "folder"])
def test_a_folder_without_a_whole_level_set_is_refused(missing: str, tmp_path: Path) -> None:
    folder = own_levels(tmp_path / "levels")
    own, beside = folder / "own", {".toml": ".csv", ".csv": ".toml"}
    if missing == "folder":  # the two files lie in the folder itself
        for path in own.iterdir():
            path.rename(folder / path.name)
        own.rmdir()
    for suffix in (".toml", ".csv") if missing == "both" else [missing] if missing != "folder" else ():
        (own / f"sector{suffix}").unlink()
    with pytest.raises(DataError) as caught:
        carbon.load_levels([folder])
    [issue] = caught.value.issues
    assert issue.code == "B620"
    if missing in beside:
        assert issue.file == f"own/sector{beside[missing]}"
        assert f"no {missing} of the same name" in issue.message()
    else:
        assert issue.file == "levels"
        assert "no level set" in issue.message()


def test_own_levels_out_of_order_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError):
        carbon.load_levels([own_levels(tmp_path / "levels", ("60", "50"))])


# --- laws -------------------------------------------------------------------------------------------------------------

tenths = st.integers(1, 2000).map(lambda number: Fraction(number, 10))
products = st.sampled_from(["水泥熟料", "电石", "转炉钢", "尿素", "焦炭", "?"])


@given(st.data(), st.lists(st.tuples(products, tenths), max_size=8))
@settings(max_examples=50)
def test_permuting_lines_permutes_verdicts(data: st.DataObject, drawn: list[tuple[str, Fraction]]) -> None:
    lines = [
        {"facility": "A", "product": product, "type": "捣固焦炉", "value": float(10 * value), "unit": "kgce/t"}
        for product, value in [("水泥熟料", Fraction(10)), *drawn]
    ]
    order = data.draw(st.permutations(range(len(lines))))
    found = verdicts(lines)
    assert verdicts([lines[place] for place in order]) == [found[place] for place in order]


@given(st.lists(st.one_of(tenths, st.sampled_from([Fraction(100), Fraction(117)])), min_size=1, max_size=6))
def test_another_unit_of_the_same_amount_keeps_the_verdict(values: list[Fraction]) -> None:
    # the very amount in every unit, so that equality stays equality: 10/7 kgce = 1 kgoe is left out, it ends nowhere
    scales = {
        "kgce/t": 1,
        "tce/t": 1000,
        "gce/kg": 1,
        "万tce/万t": 1000,
        "kgce/kt": Fraction(1, 1000),
        "tce/重量箱": 20000,
    }
    found = verdicts([CLINKER | {"value": float(v / s), "unit": unit} for unit, s in scales.items() for v in values])
    expected = ["at-benchmark" if v <= 100 else "between" if v <= 117 else "below-baseline" for v in values]
    assert found == expected * len(scales)


@given(tenths, st.integers(1, 10**6))
@settings(max_examples=50)
def test_energy_and_output_are_their_quotient(value: Fraction, output: int) -> None:
    line = {"facility": "A", "product": "水泥熟料", "energy": float(value * output), "energy_unit": "kgce"}
    expected = "at-benchmark" if value <= 100 else "between" if value <= 117 else "below-baseline"
    assert verdicts([line | {"output": output, "output_unit": "t"}]) == [expected]


def test_a_hundred_thousand_lines_are_counted() -> None:
    values = np.arange(1, 100_001) / 500  # 0.002 … 200 kgce/t: 50000 up to 100, 58500 up to 117
    frame = pd.DataFrame({"facility": "A", "product": "水泥熟料", "value": values, "unit": "kgce/t"})
    found = carbon.benchmark(frame, levels=SECTOR).counts()
    assert found == {"at-benchmark": 50_000, "between": 8_500, "below-baseline": 41_500}


# --- from a run -------------------------------------------------------------------------------------------------------

ACTIVITY = {"facility": "A", "period": "2024", "item": "electricity", "quantity": 1_000_000, "unit": "kWh"}


def of_run(*output: Line) -> Any:
    return carbon.account([ACTIVITY], output=[{"facility": "A", "period": "2024", "unit": "t"} | row for row in output])


def test_a_run_is_held_against_levels_by_its_own_energy() -> None:
    # 1 000 000 kWh × 0.1229 kgce/kWh / 1229 t = 100 kgce/t
    result = of_run({"product": "水泥熟料", "quantity": 1229})
    record = next(r for r in result.verdicts.records() if r["set"] == SECTOR[0])
    assert (record["verdict"], record["value"]) == ("at-benchmark", pytest.approx(100))


def test_products_that_share_all_energy_are_said_not_to_be_compared() -> None:
    result = of_run({"product": "水泥熟料", "quantity": 1000}, {"product": "水泥", "quantity": 1000})
    assert [issue.code for issue in result.every_issue if issue.code.startswith("B")] == ["B615", "B615"]
