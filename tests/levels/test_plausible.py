"""Figures that are hardly meant: what is refused, what is doubted with which slip, and that nothing printed is."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import carbon
from carbon import units
from carbon.benchmarks.conditions import Interval, disjoint
from carbon.benchmarks.ladder import Ladder
from carbon.benchmarks.plausible import far, rules, slips
from carbon.errors import Issue, Issues
from carbon.run import compute, open_job

EXAMPLES = Path(__file__).parents[2] / "examples"
TODAY = dt.date(2025, 6, 30)
SECTOR = ["ndrc-723-2023/sector"]
CLINKER = {"facility": "A", "product": "水泥熟料", "unit": "kgce/t"}  # 100 and 117 kgce/t
CONVERTER = {"facility": "A", "product": "转炉钢", "boundary": "process", "unit": "kgce/t"}  # -30 and -10 kgce/t
TRANSFORMER = {
    "equipment": "变压器", "type": "干式变压器", "core": "电工钢带", "insulation": "F", "capacity_kva": 1000,
    "no_load_loss_kw": 1.1, "load_loss_kw": 7.3,
}  # fmt: skip
CHILLER = {"equipment": "冷水机组", "type": "舒适用水冷", "cooling_kw": 1055, "cop": 5.9, "iplv": 7.0}
DOUBTS = {"B622", "B623", "B624"}

Row = dict[str, Any]


def doubts(issues: Issues) -> list[Issue]:
    return [issue for issue in issues if issue.code in DOUBTS]


def said(*lines: Row, levels: list[str] | None = None) -> list[tuple[str, str, str]]:
    found = carbon.benchmark(list(lines), levels=levels or SECTOR)
    return [(issue.code, issue.column, issue.value) for issue in doubts(found.issues)]


# --- what must be above 0 ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "column", "value"),
    [
        ({"value": 0}, "value", "0"), ({"value": -7}, "value", "-7"),
        ({"unit": None, "energy": 0, "energy_unit": "tce", "output": 1000, "output_unit": "t"}, "energy", "0"),
        ({"unit": None, "energy": -5, "energy_unit": "tce", "output": 1000, "output_unit": "t"}, "energy", "-5"),
    ],
)  # fmt: skip
def test_a_line_that_is_not_above_0_has_no_verdict(more: Row, column: str, value: str) -> None:
    found = carbon.benchmark([CLINKER | {"facility": "Good", "value": 99}, CLINKER | more])
    [issue] = doubts(found.issues)  # once, though two sets know clinker
    assert (issue.code, issue.severity, issue.column, issue.value) == ("B622", "error", column, value)
    assert list(issue.lines) == [2]
    [record] = [r for r in found.records() if r["source_line"] == 2]
    assert (record["status"], record["verdict"], record["value"]) == ("error", "unknown", None)
    assert record["reason"] == "Figure that must be above 0 [B622]"
    assert found.counts() == {"at-benchmark": 1, "error": 1}


def test_a_portfolio_counts_a_line_of_nought_as_unknown_and_not_as_the_best() -> None:
    lines = [CLINKER | {"facility": name, "value": value, "capacity": 1, "capacity_unit": "Mt"}
             for name, value in (("A", 99), ("B", 0), ("C", 120))]  # fmt: skip
    share = carbon.portfolio(lines, today=TODAY).share_by_count()
    assert (share.least, share.most) == (Fraction(1, 3), Fraction(2, 3))


@pytest.mark.parametrize("value", [-40, -30, 0, 12, 149])
def test_a_converter_may_be_at_or_below_0(value: float) -> None:
    assert said(CONVERTER | {"value": value}) == []


def test_a_kind_of_a_product_may_be_below_0_where_another_kind_is() -> None:
    # GB 29141-2012: acid from lead gas 5, 19, 22 kgce/t; from sulphur -180 kgce/t
    acid = {"facility": "A", "product": "sulphuric-acid", "type": "lead-gas", "unit": "kgce/t", "value": -3}
    found = carbon.benchmark([acid], levels=["gb-29141-2012"])
    assert doubts(found.issues) == []
    assert next(found.records())["verdict"] == "1"


@pytest.mark.parametrize(
    ("row", "column"),
    [
        (TRANSFORMER | {"no_load_loss_kw": 0}, "no_load_loss_kw"), (TRANSFORMER | {"load_loss_kw": 0}, "load_loss_kw"),
        (CHILLER | {"cop": 0}, "cop"),
    ],
)  # fmt: skip
def test_a_machine_of_nought_has_no_grade(row: Row, column: str) -> None:
    found = carbon.grade_equipment([row | {"count": 3}, TRANSFORMER], today=TODAY)
    [issue] = doubts(found.issues)
    assert (issue.code, issue.column, list(issue.lines)) == ("B622", column, [1])
    assert found.grades()["grade"].tolist() == ["unknown", "2"]
    assert found.grades()["reason"][0].endswith("[B622]")
    assert found.counts() == {"2": 1, "unknown": 3}


def test_a_0_in_a_column_that_grades_another_kind_is_no_matter() -> None:
    motor = {"equipment": "电动机", "power_kw": 75, "poles": 4, "efficiency_pct": 96.0, "cop": 0, "no_load_loss_kw": 0}
    found = carbon.grade_equipment([motor], today=TODAY)
    assert (doubts(found.issues), found.counts()) == ([], {"2": 1})


# --- what is doubted --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "slip"),
    [
        (0.104, "tce for kgce"), (104_000, "kgce for tce"), (0.0104, "in 万"), (1_040_000, "without the 万"),
        (10.4, "one place too far to the left"), (1040, "one place too far to the right"),
        (104 * 29.3076, "in MJ for kgce"), (104 / 0.1229, "in kWh for kgce"),
    ],
)  # fmt: skip
def test_a_figure_far_from_its_levels_is_doubted_with_its_slip(value: float, slip: str) -> None:
    found = carbon.benchmark([CLINKER | {"value": value}], levels=SECTOR)
    [issue] = doubts(found.issues)
    assert (issue.code, issue.severity, issue.column) == ("B623", "warning", "value")
    assert slip in issue.message()
    level = "100 kgce/t (ndrc-723-2023/sector:cement-clinker-benchmark)" if value < 100 else \
        "117 kgce/t (ndrc-723-2023/sector:cement-clinker-baseline)"  # fmt: skip
    assert level in issue.message()
    assert next(found.records())["verdict"] == ("at-benchmark" if value < 100 else "below-baseline")


def test_a_figure_that_no_slip_explains_is_doubted_without_one() -> None:
    found = carbon.benchmark([CLINKER | {"value": 1e9}], levels=SECTOR)
    for language in ("en", "zh"):
        text = doubts(found.issues)[0].message(language)
        assert "if it was written" not in text
        assert "若系" not in text
        assert "None" not in text


def test_the_bound_is_a_fifth_of_the_lowest_level_and_five_times_the_highest() -> None:
    assert said(*(CLINKER | {"value": value} for value in (20, 585))) == []
    assert said(CLINKER | {"value": 19.9}) == [("B623", "value", "19.9")]
    assert said(CLINKER | {"value": 585.1}) == [("B623", "value", "585.1")]
    assert said(CONVERTER | {"value": 150.1}) == [("B623", "value", "150.1")]  # five times 30 from 0
    assert said(CONVERTER | {"value": -151}) == [("B623", "value", "-151")]


def test_equal_slips_are_one_issue_and_other_units_are_converted_first() -> None:
    tonnes = [CLINKER | {"value": 0.1 + n / 1000} for n in range(20)]
    found = carbon.benchmark([*tonnes, CLINKER | {"value": 0.104, "unit": "tce/t"}], levels=SECTOR)
    [issue] = doubts(found.issues)
    assert list(issue.lines) == list(range(1, 21))


def test_energy_and_output_are_doubted_at_the_energy() -> None:
    line = {"facility": "A", "product": "水泥熟料", "energy": 104, "energy_unit": "kgce", "output": 1000,
            "output_unit": "t"}  # fmt: skip
    assert said(line) == [("B623", "energy", "0.104")]


@pytest.mark.parametrize(
    ("row", "code", "column", "words"),
    [
        (TRANSFORMER | {"no_load_loss_kw": 1770}, "B623", "no_load_loss_kw", ["1.415 kW", "W for kW"]),
        (TRANSFORMER | {"load_loss_kw": 0.0073}, "B623", "load_loss_kw", ["7.315 kW", "MW for kW"]),
        (CHILLER | {"cop": 59}, "B623", "cop", ["6.2 W/W", "one place too far to the right"]),
        (CHILLER | {"cooling_kw": 1.055}, "B624", "cooling_kw", ["300", "gb-19577-2024/chillers", "MW for kW"]),
        (CHILLER | {"cooling_kw": 1_055_000}, "B624", "cooling_kw", ["1163", "W for kW"]),
    ],
)
def test_equipment_is_doubted(row: Row, code: str, column: str, words: list[str]) -> None:
    found = carbon.grade_equipment([row, TRANSFORMER, CHILLER], today=TODAY)
    [issue] = doubts(found.issues)
    assert (issue.code, issue.severity, issue.column, list(issue.lines)) == (code, "warning", column, [1])
    assert not [word for word in words if word not in issue.message()], issue.message()


def test_a_line_of_a_size_far_from_its_bands_is_doubted_once() -> None:
    # bands of flat glass begin and end at 500 and 800 t/d; both sets tell them apart
    glass = {"facility": "A", "product": "平板玻璃", "value": 9, "unit": "kgce/重箱", "capacity_t_d": 0.09}
    assert said(glass, levels=["gb-21340-2019", "sector"]) == [("B624", "capacity_t_d", "0.09")]
    assert said(glass | {"capacity_t_d": 900}, levels=["gb-21340-2019", "sector"]) == []


# --- what is printed is not doubted -----------------------------------------------------------------------------------


def every_ladder() -> list[Ladder]:
    return [ladder for one in carbon.load_levels().sets.values() for ladder in one.ladders if ladder.known]


def test_no_shipped_level_is_far_from_the_others_that_a_line_may_be_held_against() -> None:
    groups: dict[tuple[str, str, str], list[Ladder]] = {}
    for ladder in every_ladder():
        groups.setdefault((ladder.subject, ladder.indicator, ladder.boundary), []).append(ladder)
    pairs = [(a, b) for group in groups.values() for a in group for b in group
             if a.parsed_unit.dimension == b.parsed_unit.dimension
             and (a is b or (a.set_id != b.set_id and not disjoint(a.condition, b.condition)))]  # fmt: skip
    assert len(pairs) > 800
    for mine, other in pairs:
        values = mine.values[~np.isnan(mine.values)] * float(units.ratio(mine.parsed_unit, other.parsed_unit))
        low, high = (np.full(len(values), edge(other.values)) for edge in (np.nanmin, np.nanmax))
        found = far(values, low, high, rules()[0].ratio, bool(low[0] <= 0))
        assert not found.any(), (mine.tiers[0].id, other.tiers[0].id)


def test_no_shipped_band_is_far_from_the_others() -> None:
    ratio, names = rules()[1].ratio, rules()[1].columns
    ends: dict[tuple[str, str, object, str], list[float]] = {}
    for ladder in every_ladder():
        for name in names:
            span = ladder.condition.get(name)
            if isinstance(span, Interval) and span.low != span.high:
                key = (ladder.set_id, ladder.subject, ladder.condition.get("type"), name)
                ends.setdefault(key, []).extend(float(end) for end in (span.low, span.high) if end)
    assert {name for *_, name in ends} >= {"capacity_t_d", "capacity_t_h", "cooling_kw", "furnace_t"}
    assert all(max(found) <= ratio * min(found) for found in ends.values())


def test_every_size_that_is_looked_at_is_a_column() -> None:
    known = carbon.load_levels().numbers
    assert all(known[name] for name in rules()[1].columns)


@pytest.mark.parametrize("name", ["benchmark", "portfolio"])
def test_the_example_lines_are_not_doubted(name: str) -> None:
    path = EXAMPLES / "levels" / "lines.csv"
    found = carbon.benchmark(path) if name == "benchmark" else carbon.portfolio(path, today=TODAY).verdicts
    assert doubts(found.issues) == []
    assert "A403" not in {issue.code for issue in found.issues}


def test_the_example_equipment_and_runs_are_not_doubted() -> None:
    assert doubts(carbon.grade_equipment(EXAMPLES / "levels" / "equipment.csv", today=TODAY).issues) == []
    for name in ("quarterly", "starter/quarterly/en", "starter/quarterly/zh"):
        verdicts = compute(open_job(EXAMPLES / name))[0].verdicts
        assert verdicts is not None
        assert doubts(verdicts.issues) == []


# --- arithmetic -------------------------------------------------------------------------------------------------------


def test_unknown_levels_and_figures_are_never_far() -> None:
    unknown = np.array([np.nan, 1.0, 1.0])
    low, high = np.array([1.0, np.nan, 1.0]), np.array([1.0, np.nan, 1.0])
    for below_zero in (False, True):
        assert far(unknown, low, high, 5, below_zero).tolist() == [0, 0, 0]


def test_the_nearest_slip_is_taken_and_none_where_none_is_near() -> None:
    known = rules()[2]
    # 1000 times 0.104 lies between the levels, 10 000 times far above; 0 and 1e9 are mended by none
    values = np.array([0.104, 0.0, 1e9])
    found = slips(values, np.full(3, 100.0), np.full(3, 117.0), 2, "kgce/t")
    assert known[found[0]].times == 1000
    assert found[1:].tolist() == [-1, -1]
    # kilowatt-hours for standard coal only where the level is in standard coal
    per_unit = slips(np.array([815.0]), np.array([100.0]), np.array([100.0]), 2, "kgce/t")
    assert known[per_unit[0]].of == "kgce"
    assert known[slips(np.array([815.0]), np.array([100.0]), np.array([100.0]), 2, "kWh/t")[0]].of != "kgce"


def test_a_hundred_thousand_lines_in_the_wrong_unit_are_one_issue() -> None:
    values = np.arange(100_000) / 1e6 + 0.08
    columns = {"facility": ["A"] * len(values), "product": ["水泥熟料"] * len(values), "value": values.tolist(),
               "unit": ["kgce/t"] * len(values)}  # fmt: skip
    found = doubts(carbon.benchmark(columns, levels=SECTOR).issues)
    assert sum(len(issue.lines) for issue in found) == len(values)
    assert len(found) <= len(rules()[2])
