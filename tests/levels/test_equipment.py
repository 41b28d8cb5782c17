"""Grades of equipment as their standards print them, pumps by formula, and what is due for renewal by age or size."""

from __future__ import annotations

import csv
import datetime as dt
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import carbon
from carbon.benchmarks import Equipment

TODAY = dt.date(2025, 6, 30)
SCHEMA = Path(carbon.__file__).with_name("schema") / "equipment.csv"
MOTOR = {"equipment": "电动机", "power_kw": 75, "poles": 4}
TRANSFORMER = {
    "equipment": "变压器", "type": "干式变压器", "core": "电工钢带", "insulation": "F", "capacity_kva": 1000,
}  # fmt: skip
CHILLER = {"equipment": "冷水机组", "type": "舒适用水冷", "cooling_kw": 1055}
PUMP = {"equipment": "水泵", "speed_rpm": 2900}

Row = dict[str, Any]


def graded(*rows: Row, today: dt.date = TODAY, language: str = "en") -> Equipment:
    return carbon.grade_equipment(list(rows), today=today, language=language)


def grades(*rows: Row) -> list[str]:
    return graded(*rows).grades()["grade"].tolist()


def codes(found: Equipment) -> list[str]:
    return [issue.code for issue in found.issues]


# --- printed tables ---------------------------------------------------------------------------------------------------


def test_motor_of_75_kw_and_4_poles_comes_out_as_printed() -> None:
    # GB 18613-2020, table 1: 96.7, 96.0, 95.0 %
    values = [96.8, 96.7, 96.6, 96.0, 95.9, 95.0, 94.9]
    found = graded(*(MOTOR | {"efficiency_pct": value} for value in values)).grades()
    assert found["grade"].tolist() == ["1", "1", "2", "2", "3", "3", "below 3"]
    assert found["level"].tolist() == ["advanced"] * 2 + ["saving"] * 2 + ["access"] * 2 + ["below access"]
    for place, level in ((1, 96.7), (2, 96.0), (3, 95.0)):
        assert found[f"grade_{place}"].tolist() == [level] * len(values)
    assert set(found["set"]) == {"gb-18613-2020/motors"}
    assert set(found["verification"]) == {"secondary"}


def test_transformer_of_1000_kva_dry_class_f_comes_out_as_printed() -> None:
    # GB 20052-2024, table 2: no-load 1.020, 1.205, 1.415 kW (oriented steel); load 7.315, 7.315, 8.13 kW (class F)
    pairs = [(1.02, 7.315), (1.021, 7.315), (1.205, 7.316), (1.02, 8.13), (1.415, 7.0), (1.416, 7.0), (1.0, 8.131)]
    found = graded(*(TRANSFORMER | {"no_load_loss_kw": a, "load_loss_kw": b} for a, b in pairs)).grades()
    assert found["grade"].tolist() == ["1", "2", "3", "3", "3", "below 3", "below 3"]
    assert found.loc[3, ["indicator", "grade_1", "grade_2", "grade_3"]].tolist() == ["load loss", 7.315, 7.315, 8.13]
    assert found.loc[4, ["indicator", "grade_1", "grade_2", "grade_3"]].tolist() == ["no-load loss", 1.02, 1.205, 1.415]


def test_core_of_amorphous_alloy_has_its_own_levels() -> None:
    # GB 20052-2024, table 2: no-load 0.385, 0.470, 0.550 kW; the load loss of class F is the same
    row = TRANSFORMER | {"core": "非晶合金", "load_loss_kw": 7.315}
    assert grades(*(row | {"no_load_loss_kw": value} for value in (0.385, 0.47, 0.55, 1.02))) == [
        "1", "2", "3", "below 3"
    ]  # fmt: skip


@pytest.mark.parametrize("missing", ["no_load_loss_kw", "load_loss_kw"])
def test_transformer_needs_both_losses(missing: str) -> None:
    row = TRANSFORMER | {"no_load_loss_kw": 0.5, "load_loss_kw": 5}
    found = graded(row | {missing: None})
    assert codes(found) == ["B633"]
    assert found.grades()["grade"].tolist() == ["unknown"]
    assert found.grades()["reason"][0].endswith("[B633]")


@pytest.mark.parametrize("missing", ["insulation", "core"])
def test_transformer_of_unknown_core_or_insulation_has_no_grade(missing: str) -> None:
    row = TRANSFORMER | {"no_load_loss_kw": 1.0, "load_loss_kw": 7.0}
    found = graded(row | {missing: None})
    assert found.grades()["grade"].tolist() == ["unknown"]
    assert codes(found) == ["B632"]


def test_chiller_reaches_a_grade_by_either_table() -> None:
    # GB 19577-2024, comfort, water-cooled, 528 to 1163 kW: IPLV 8.1, 7.5, 6.2 (table 1); COP 6.2, 6.0, 5.4 (table 2)
    cases = [
        ({"cop": 5.4, "iplv": 8.1}, "1"), ({"cop": 6.0, "iplv": 6.2}, "2"), ({"cop": 5.4, "iplv": 6.2}, "3"),
        ({"cop": 5.3, "iplv": 6.1}, "below 3"),
        # each table has a floor for the figure of the other, which is its level 3: one figure alone decides nothing
        ({"cop": 5.3, "iplv": 8.1}, "below 3"), ({"cop": 6.2}, "unknown"), ({"iplv": 8.1}, "unknown"), ({}, "unknown"),
    ]  # fmt: skip
    assert grades(*(CHILLER | given for given, _ in cases)) == [grade for _, grade in cases]


def test_chiller_that_fails_by_one_table_is_unknown_until_the_other_is_measured() -> None:
    assert grades(CHILLER | {"cop": 5.3}) == ["unknown"]


def test_bands_of_size_hold_their_upper_end() -> None:
    # COP of grade 3: 5.4 up to 1163 kW, 5.6 above
    assert grades(*(CHILLER | {"cooling_kw": size, "cop": 5.4, "iplv": 6.3} for size in (528.1, 1163, 1163.1))) == [
        "3", "3", "below 3"
    ]  # fmt: skip


def test_sizes_between_two_rows_are_not_interpolated() -> None:
    found = graded(MOTOR | {"power_kw": 74, "efficiency_pct": 96}, MOTOR | {"poles": 5, "efficiency_pct": 96})
    assert found.grades()["grade"].tolist() == ["unknown", "unknown"]
    assert {(issue.code, issue.column) for issue in found.issues} == {("B632", "power_kw"), ("B632", "poles")}


def test_efficiency_as_a_fraction_is_refused_and_not_multiplied() -> None:
    found = graded(*(MOTOR | {"efficiency_pct": value} for value in (0.967, 1.3, 96.7)))
    assert found.grades()["grade"].tolist() == ["unknown", "unknown", "1"]
    assert [(issue.code, list(issue.lines)) for issue in found.issues] == [("B634", [1, 2])]
    assert "96.7" in found.issues[0].remedy()


def test_kinds_without_grades_are_listed_and_unknown() -> None:
    found = graded({"equipment": "电梯"}, MOTOR | {"efficiency_pct": 96})
    assert found.grades()["grade"].tolist() == ["unknown", "2"]
    assert [(issue.code, list(issue.lines)) for issue in found.issues] == [("B631", [1])]


def test_near_misses_of_equipment_are_equipment() -> None:
    assert "电石" not in graded({"equipment": "电梯"}).issues[0].message()


def test_names_in_chinese_are_the_same_grades() -> None:
    found = graded(MOTOR | {"efficiency_pct": 96}, language="zh").grades()
    assert found.loc[0, ["grade", "level", "indicator"]].tolist() == ["2", "节能", "效率"]
    english = graded({"equipment": "motor", "power_kw": 75, "poles": 4, "efficiency_pct": 96}).grades()
    assert english.loc[0, ["grade", "level", "indicator"]].tolist() == ["2", "saving", "efficiency"]


def test_words_in_the_schema_are_known_words() -> None:
    with SCHEMA.open(encoding="utf-8", newline="") as file:
        example = {row["column"]: row["example"] for row in csv.DictReader(file)}
    known = carbon.load_levels().choices
    unknown = [
        name for name in ("type", "fuel", "heating", "source", "cooling", "core", "connection", "insulation")
        if not any(names.find(example[name]) for (_, attribute), names in known.items() if attribute == name)
    ]  # fmt: skip
    assert unknown == []


# --- counts -----------------------------------------------------------------------------------------------------------


def test_machines_count_and_not_rows() -> None:
    # 3 + 2 of 10 are of grade 2 or better = 50 %; with the 1 unknown 60 %
    counts = [(96.7, 3), (96.0, 2), (95.0, 4), (None, 1)]
    found = graded(*(MOTOR | {"efficiency_pct": value, "count": count} for value, count in counts))
    assert found.counts() == {"1": 3, "2": 2, "3": 4, "unknown": 1}
    assert found.share() == (50.0, 60.0)
    assert found.share(1) == (30.0, 40.0)
    assert graded(*[MOTOR | {"efficiency_pct": 96.7}] * 2).counts() == {"1": 2}  # 1 each if left out


# --- pumps: GB 19762-2025, formulas (1) to (3) ------------------------------------------------------------------------

SINGLE = (-8.44, -0.48, 0.09, 84.63, 8.5)  # a, b, c, d, e of single-stage pumps
MULTI = (-6.93, -0.19, -0.4, 72.67, 8.73)  # of multistage pumps


def efficiency(flow: float, ns: float, coefficients: Sequence[float], constant: float) -> float:
    """Return the efficiency of a grade [%]: a (ln ns)² + b (ln Q)² + c ln ns ln Q + d ln ns + e ln Q - C."""
    a, b, c, d, e = coefficients
    x, y = math.log(ns), math.log(flow)
    return a * x * x + b * y * y + c * x * y + d * x + e * y - constant


def specific_speed(flow: float, head: float, speed: float, inlets: int = 1, stages: int = 1) -> float:
    """Return 3.65 n √Q / H^0.75, with Q [m³/s] of one inlet and H [m] of one stage."""
    return 3.65 * speed * math.sqrt(flow / 3600 / inlets) / (head / stages) ** 0.75


@pytest.mark.parametrize(
    ("kind", "flow", "head", "inlets", "stages", "coefficients", "constants"),
    [
        ("单级单吸", 200, 50, 1, 1, SINGLE, (161.33, 163.33, 168.33)),
        ("单级单吸", 300, 50, 1, 1, SINGLE, (161.33, 163.33, 168.33)),
        ("单级单吸", 301, 50, 1, 1, SINGLE, (162.33, 163.33, 168.33)),
        ("单级双吸", 800, 50, 2, 1, SINGLE, (162.33, 163.33, 168.33)),
        ("管道式", 100, 32, 1, 1, SINGLE, (163.33, 165.33, 171.33)),
        ("多级", 85, 335, 1, 5, MULTI, (139.33, 142.33, 150.33)),
        ("多级", 155, 301, 1, 7, MULTI, (140.33, 142.33, 150.33)),
        ("轻型立式多级", 20, 100, 1, 8, MULTI, (137.33, 139.33, 144.33)),
    ],
)
def test_pump_grades_come_from_specific_speed(
    kind: str, flow: float, head: float, inlets: int, stages: int, coefficients: Sequence[float],
    constants: Sequence[float],
) -> None:  # fmt: skip
    ns = specific_speed(flow, head, 2900, inlets, stages)
    wanted = [efficiency(flow, ns, coefficients, constant) for constant in constants]
    row = PUMP | {"type": kind, "flow_m3_h": flow, "head_m": head, "stages": stages}
    values = [wanted[0] + 1e-9, wanted[0] - 1e-9, wanted[1] + 1e-9, wanted[2] + 1e-9, wanted[2] - 1e-9]
    found = graded(*(row | {"efficiency_pct": value} for value in values)).grades()
    assert found["grade"].tolist() == ["1", "2", "2", "3", "below 3"]
    for place, level in enumerate(wanted, start=1):
        assert np.abs(found[f"grade_{place}"] - level).max() <= 1e-9
    assert set(found["unit"]) == {"%"}


def test_pump_of_200_m3_h_and_50_m_by_hand() -> None:
    # ns = 3.65 × 2900 × √(200/3600) / 50^0.75 = 10585 × 0.235702 / 18.803015 = 132.6866
    # ln ns = 4.887990, ln Q = 5.298317, their squares 23.892447 and 28.072167, their product 25.898123
    # -8.44 × 23.892447 - 0.48 × 28.072167 + 0.09 × 25.898123 + 84.63 × 4.887990 + 8.5 × 5.298317
    # = -201.652250 - 13.474640 + 2.330831 + 413.670598 + 45.035698 = 245.910236; - 161.33 = 84.580236
    row = PUMP | {"type": "单级单吸", "flow_m3_h": 200, "head_m": 50, "efficiency_pct": 82}
    found = graded(row).grades()
    assert found.loc[0, ["grade_1", "grade_2", "grade_3"]].tolist() == pytest.approx(
        [84.5802, 82.5802, 77.5802], abs=1e-4
    )
    assert found["grade"].tolist() == ["3"]


def test_double_suction_takes_half_the_flow_and_multistage_a_part_of_the_head() -> None:
    single = PUMP | {"type": "单级单吸", "flow_m3_h": 200, "head_m": 50, "efficiency_pct": 82}
    multi = PUMP | {"type": "多级", "flow_m3_h": 85, "head_m": 335, "stages": 5, "efficiency_pct": 70}
    found = graded(single, single | {"type": "单级双吸"}, multi, multi | {"head_m": 67, "stages": 1}).grades()
    assert found.loc[0, "grade_1"] > found.loc[1, "grade_1"]
    assert found.loc[2, "grade_1"] == pytest.approx(found.loc[3, "grade_1"], rel=1e-14)  # 335 m / 5 = 67 m


def test_pump_outside_the_flows_of_the_standard_has_no_grade() -> None:
    row = PUMP | {"type": "单级单吸", "head_m": 50, "efficiency_pct": 82}
    found = graded(*(row | {"flow_m3_h": flow} for flow in (4.9, 5, 10_000, 10_001)))
    assert [grade == "unknown" for grade in found.grades()["grade"]] == [True, False, False, True]
    assert {(issue.code, int(line)) for issue in found.issues for line in issue.lines} == {("B632", 1), ("B632", 4)}


@pytest.mark.parametrize("missing", ["head_m", "speed_rpm"])
def test_pump_without_head_or_speed_is_unknown(missing: str) -> None:
    row = PUMP | {"type": "单级单吸", "flow_m3_h": 200, "head_m": 50, "efficiency_pct": 82}
    assert grades(row | {missing: None}) == ["unknown"]


@pytest.mark.parametrize("missing", ["head_m", "speed_rpm"])
def test_pump_without_head_or_speed_says_what_is_missing(missing: str) -> None:
    row = PUMP | {"type": "单级单吸", "flow_m3_h": 200, "head_m": 50, "efficiency_pct": 82}
    found = graded(row | {missing: None})
    assert [(issue.code, missing in issue.message()) for issue in found.issues] == [("B633", True)]


def test_multistage_pump_without_its_stages_has_no_grade() -> None:
    assert grades(PUMP | {"type": "多级", "flow_m3_h": 200, "head_m": 250, "efficiency_pct": 70}) == ["unknown"]


# --- renewal ----------------------------------------------------------------------------------------------------------


def renewals(*rows: Row, today: dt.date = TODAY) -> list[bool]:
    return graded(*rows, today=today).grades()["renewal"].notna().tolist()


def test_age_counts_only_the_years_that_are_certain() -> None:
    # cooling towers: 超过10年. On 2025-06-30 a tower of 2014 is 10.5 years old at least, one of 2015 may be 9.5.
    towers = [
        {"equipment": "冷却塔", "commissioned": text} for text in ("2014", "2015", "2015-05", "2015-07", "2026", "")
    ]
    assert renewals(*towers) == [True, False, True, False, False, False]


@pytest.mark.parametrize(
    ("today", "expected"), [(dt.date(2025, 2, 27), False), (dt.date(2025, 2, 28), False), (dt.date(2025, 3, 1), True)]
)
def test_exactly_ten_years_are_not_more_than_ten(today: dt.date, expected: bool) -> None:
    # in service from 2015-02-28 at the latest
    assert renewals({"equipment": "冷却塔", "commissioned": "2015-02"}, today=today) == [expected]


@pytest.mark.parametrize(("text", "today"), [("2015-06", dt.date(2025, 6, 30)), ("2015", dt.date(2025, 12, 31))])
def test_exactly_ten_years_at_the_end_of_a_month_are_not_more_than_ten(text: str, today: dt.date) -> None:
    assert renewals({"equipment": "冷却塔", "commissioned": text}, today=today) == [False]


def test_ten_years_and_more_includes_ten() -> None:
    # buses: 10 年及以上; at the latest from 2015-02-28
    bus = {"equipment": "公交车", "commissioned": "2015-02"}
    assert renewals(bus, today=dt.date(2025, 2, 27)) == [False]
    assert renewals(bus, today=dt.date(2025, 2, 28)) == [True]


def test_sizes_are_due_on_the_printed_side_of_their_bound() -> None:
    cases = [
        ("铝电解槽", "amperage_ka", 199.9, True), ("铝电解槽", "amperage_ka", 200, False),  # 200kA 以下
        ("高炉", "volume_m3", 1000, True), ("高炉", "volume_m3", 1000.1, False),  # 1000 立方米及以下
        ("常减压装置", "capacity_t_a", 2_000_000, True), ("常减压装置", "capacity_t_a", 2_000_001, False),  # 及以下
        ("电石炉", "capacity_kva", 24_999, True), ("电石炉", "capacity_kva", 25_000, False),  # <25000KVA
        ("风电机组", "power_kw", 1499, True), ("风电机组", "power_kw", 1500, False),  # 小于 1.5 兆瓦
    ]  # fmt: skip
    assert renewals(*({"equipment": e, name: size} for e, name, size, _ in cases)) == [due for *_, due in cases]
    found = graded({"equipment": "高炉", "volume_m3": 1000}).grades()["renewal"][0]
    assert found.startswith("renew: 推动实施 1000 立方米及以下炼钢用生铁高炉更新改造 [")
    assert "发改环资〔2024〕730号" in found


def test_an_unreadable_date_in_service_is_an_issue() -> None:
    assert codes(graded({"equipment": "冷却塔", "commissioned": "long ago"})) == ["D101"]


# --- laws -------------------------------------------------------------------------------------------------------------

percents = st.integers(900, 990).map(lambda number: number / 10)


@given(st.lists(st.tuples(percents, st.integers(1, 9)), min_size=1, max_size=8), st.data())
@settings(max_examples=25)
def test_order_and_splitting_of_counts_change_no_count(drawn: list[tuple[float, int]], data: st.DataObject) -> None:
    rows = [MOTOR | {"efficiency_pct": value, "count": count} for value, count in drawn]
    single = [MOTOR | {"efficiency_pct": value} for value, count in drawn for _ in range(count)]
    mixed = data.draw(st.permutations(rows))
    expected: dict[str, int] = {}
    for value, count in drawn:
        name = "1" if value >= 96.7 else "2" if value >= 96 else "3" if value >= 95 else "below 3"
        expected[name] = expected.get(name, 0) + count
    assert graded(*rows).counts() == graded(*mixed).counts() == graded(*single).counts() == expected


def test_a_hundred_thousand_machines_are_counted() -> None:
    value = np.round(94 + np.arange(100_000) % 40 / 10, 1)  # 94.0 … 97.9 %, 2500 of each
    frame = pd.DataFrame({"equipment": "电动机", "power_kw": 75, "poles": 4, "efficiency_pct": value})
    found = carbon.grade_equipment(frame, today=TODAY).counts()
    # below 95.0: 10 steps, below 96.0: 10, below 96.7: 7, the other 13
    assert found == {"1": 32_500, "2": 17_500, "3": 25_000, "below 3": 25_000}
