"""Portfolios: shares by capacity and by count, lines below the baseline, dated targets; unknown is no yes and no no."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shared.own_levels import META

import carbon
from carbon.benchmarks import Portfolio
from carbon.benchmarks.levels import HEADER
from carbon.benchmarks.policy import rules
from carbon.benchmarks.shares import share_by_capacity, share_by_count
from carbon.benchmarks.targets import check_change
from carbon.errors import DataError

TODAY = dt.date(2025, 12, 1)
CLINKER = {"product": "水泥熟料", "unit": "kgce/t"}
COKE = {"facility": "K", "product": "焦炭", "type": "顶装焦炉", "unit": "kgce/t", "output_unit": "t"}
CEMENT_SHARE = "ndrc-733-2024/targets:cement-share-at-benchmark-2025"
CEMENT_NONE_BELOW = "ndrc-733-2024/targets:cement-none-below-baseline-2025"
CLINKER_ENERGY = "ndrc-733-2024/targets:clinker-energy-2025"
ALUMINIUM_SHARE = "ndrc-972-2024/targets:aluminium-share-at-benchmark-2025"

Line = dict[str, Any]


def fleet(*lines: Line, base: Sequence[Line] | None = None, language: str = "en") -> Portfolio:
    """Return a portfolio of clinker lines named A, B, C … unless they say otherwise."""
    named = [CLINKER | {"facility": "ABCDEFGHIJ"[number % 10]} | line for number, line in enumerate(lines)]
    past = None if base is None else [CLINKER | {"facility": "A"} | line for line in base]
    return carbon.portfolio(named, base=past, today=TODAY, language=language)


def target(portfolio: Portfolio, name: str) -> Line:
    return next(record for record in portfolio.target_records() if record["target_id"] == name)


# --- shares -----------------------------------------------------------------------------------------------------------


def test_share_of_capacity_and_share_of_lines_are_two_numbers() -> None:
    # 9 of 11 = 81.8 %; 1 of 3 = 33.3 %
    reached = [True, False, False]
    assert share_by_capacity(reached, [9, 1, 1]).least == Fraction(9, 11)
    assert share_by_count(reached).least == Fraction(1, 3)


def test_share_lies_between_what_is_certain_and_what_is_possible() -> None:
    share = share_by_capacity([True, None, False], [0.1, 0.2, 0.7])
    assert (share.least, share.most, share.unknown, share.known) == (Fraction(1, 10), Fraction(3, 10), 1, False)


@pytest.mark.parametrize(
    ("reached", "comparison", "wanted", "expected"),
    [
        ([True] * 3 + [False] * 7, "ge", 30, True), ([True] * 3 + [False] * 7, "gt", 30, False),
        ([True] * 3 + [False] * 6 + [None], "gt", 30, None), ([True] * 2 + [False] * 7 + [None], "ge", 30, None),
        ([True] * 2 + [False] * 7 + [None], "gt", 30, False), ([True] * 4 + [None] * 6, "gt", 30, True),
        ([None] * 10, "ge", 30, None), ([], "ge", 30, None),
    ],
)  # fmt: skip
def test_share_meets_a_bound_only_where_the_unknown_lines_cannot_change_it(
    reached: list[bool | None], comparison: str, wanted: int, expected: bool | None
) -> None:
    assert share_by_count(reached).meets(comparison, Fraction(wanted, 100)) is expected


@pytest.mark.parametrize("capacity", [[9, None, 1], [None, None, None], [0, 0, 0]])
def test_share_of_unknown_capacity_is_anything(capacity: list[float | None]) -> None:
    share = share_by_capacity([True, False, False], capacity)
    assert (share.least, share.most, share.known) == (0, 1, False)
    assert share.meets("ge", Fraction(30, 100)) is None


def test_capacities_in_several_units_are_added_in_one() -> None:
    # 1.2 Mt + 80 万吨/年 + 2000 kt = 4 Mt, of which 1.2 at the benchmark = 30 %
    sizes = [(100, 1.2, "Mt"), (110, 80, "万吨/年"), (110, 2000, "kt")]
    found = fleet(*({"value": v, "capacity": c, "capacity_unit": u} for v, c, u in sizes))
    assert found.share_by_capacity().least == Fraction(3, 10)
    assert target(found, CEMENT_SHARE)["verdict"] == "met"


@pytest.mark.parametrize("unit", ["", "ton", "m2", "t/d"])
def test_a_capacity_that_cannot_be_compared_makes_the_share_unknown(unit: str) -> None:
    found = fleet(
        {"value": 100, "capacity": 1, "capacity_unit": "Mt"}, {"value": 110, "capacity": 1, "capacity_unit": unit}
    )
    record = target(found, CEMENT_SHARE)
    assert (record["verdict"], record["now"], record["needed"]) == (
        "unknown", None, "the capacity of 1 lines is not known"
    )  # fmt: skip


def test_a_line_of_unknown_verdict_is_neither_inside_nor_outside() -> None:
    lines = [{"value": 110, "capacity": 2, "capacity_unit": "Mt"}] * 3
    unknown = {"value": 1, "unit": "kgce/m2", "capacity": 2, "capacity_unit": "Mt"}
    assert target(fleet(*lines, unknown), CEMENT_SHARE)["verdict"] == "not met"  # 2 of 8 Mt at most = 25 %
    record = target(fleet(*lines[:2], unknown), CEMENT_SHARE)  # 2 of 6 Mt at most = 33.3 %
    assert (record["verdict"], record["unknown_lines"]) == ("unknown", 1)
    assert record["needed"] == "1 lines of unknown verdict decide (33.33 % at most)"
    assert target(fleet(*lines[:2], unknown), CEMENT_NONE_BELOW)["verdict"] == "unknown"


def test_lines_to_mend_are_the_nearest_that_are_enough() -> None:
    # 10 Mt, 1 of them reached; 30 % = 3 Mt: 2 more. C (101) makes 1, D (102) another: B (115) is not needed.
    sizes = [(100, 1), (115, 2), (101, 1), (102, 1), (118, 5)]
    found = fleet(*({"value": v, "capacity": c, "capacity_unit": "Mt", "line": "1"} for v, c in sizes))
    record = target(found, CEMENT_SHARE)
    assert (record["verdict"], record["now"]) == ("not met", 10)
    assert record["lines_to_mend"] == "C 1; D 1"
    assert record["needed"] == "20 percentage points: 2 / 10 Mt more"
    assert target(found, CEMENT_NONE_BELOW)["lines_to_mend"] == "E 1"


def test_what_is_needed_is_said_in_chinese() -> None:
    found = fleet({"value": 118, "capacity": 1, "capacity_unit": "Mt"}, language="zh")
    assert target(found, CEMENT_NONE_BELOW)["needed"] == "1 条生产线低于基准水平：改造或退出"


def test_targets_speak_only_of_what_the_lines_make() -> None:
    aluminium = {"product": "电解铝", "value": 13000, "unit": "kWh/t", "capacity": 1, "capacity_unit": "Mt"}
    found = fleet(aluminium, {"value": 118, "capacity": 9, "capacity_unit": "Mt"})
    record = target(found, ALUMINIUM_SHARE)
    assert (record["verdict"], record["now"], record["lines"]) == ("met", 100, 1)
    assert not any("steel" in record["subjects"] for record in found.target_records())
    for record in found.target_records():
        assert record["quote"]
        assert record["document"]
        assert record["digest_line"]


# --- below the baseline -----------------------------------------------------------------------------------------------


def test_lines_below_the_baseline_are_listed_with_savings_and_days_left() -> None:
    # 120 - 117 = 3 kgce/t × 1 000 000 t = 3000 tce; 300 000 tCO2e / 120 000 tce × 3000 = 7500 t
    late = {"value": 120, "output": 1_000_000, "output_unit": "t", "co2e_t": 300_000, "line": "1号"}
    found = fleet({"value": 117}, late, {"value": 1, "unit": "kgce/m2"}).below_baseline()
    assert found["facility"].tolist() == ["B"]
    row = found.iloc[0]
    assert (row["line"], row["baseline"], row["gap"]) == ("1号", 117, 3)
    assert (row["tce_to_save"], row["co2e_t_to_save"]) == (pytest.approx(3000), pytest.approx(7500))
    assert (row["deadline"], row["days_left"]) == ("2025-12-31", 30)


def test_after_the_deadline_the_days_left_are_negative() -> None:
    late = carbon.portfolio([CLINKER | {"facility": "A", "value": 120}], today=dt.date(2026, 1, 10))
    assert late.below_baseline()["days_left"].tolist() == [-10]


def test_no_line_below_the_baseline_is_an_empty_table() -> None:
    assert fleet({"value": 117}).below_baseline().empty


def test_a_line_below_the_baseline_is_listed_once() -> None:
    # 150 - 135 = 15 kgce/t × 1000 t = 15 tce; coke from top-charged ovens stands in the editions of 2022 and 2023
    found = carbon.portfolio([COKE | {"value": 150, "output": 1000}], today=TODAY)
    assert found.below_baseline()["tce_to_save"].sum() == pytest.approx(15)
    assert found.verdicts.counts() == {"below-baseline": 1}


# --- reductions -------------------------------------------------------------------------------------------------------

THEN = {"value": 108, "output": 1000, "output_unit": "t", "period": "2020"}
NOW = {"value": 104.004, "output": 1000, "output_unit": "t", "period": "2025"}  # 108 × 0.963


def test_reduction_is_held_against_its_own_base_year() -> None:
    record = target(fleet(NOW, base=[THEN]), CLINKER_ENERGY)
    assert (record["verdict"], record["now"]) == ("met", pytest.approx(3.7, rel=1e-14))
    record = target(fleet(NOW | {"value": 104.005}, base=[THEN]), CLINKER_ENERGY)
    assert (record["verdict"], record["needed"]) == ("not met", "specific energy from 104.005 to 104.004 (base 108)")


@pytest.mark.parametrize(
    ("now", "base", "needed"),
    [
        ([NOW], None, "the same lines in 2020 (base)"),
        ([NOW], [THEN | {"period": "2021"}], "both years"),
        ([NOW], [THEN | {"output": None, "output_unit": None}], "both years"),
        ([NOW | {"output": None, "output_unit": None}], [THEN], "both years"),
    ],
)
def test_reduction_without_its_figures_is_unknown(now: list[Line], base: list[Line] | None, needed: str) -> None:
    record = target(fleet(*now, base=base), CLINKER_ENERGY)
    assert record["verdict"] == "unknown"
    assert needed in record["needed"]


@pytest.mark.parametrize(
    ("now", "base"),
    [
        pytest.param([NOW, NOW | {"unit": "kgce/m2"}], [THEN, THEN | {"facility": "B"}], id="not comparable now"),
        pytest.param([NOW, NOW | {"value": 90}], [THEN], id="not in the base year"),
    ],
)
def test_reduction_needs_every_line_in_both_years(now: list[Line], base: list[Line]) -> None:
    assert target(fleet(*now, base=base), CLINKER_ENERGY)["verdict"] == "unknown"


def test_what_is_wrong_in_the_base_is_an_issue_of_the_portfolio(tmp_path: Path) -> None:
    head = "facility,product,period,value,unit,output,output_unit"
    old = tmp_path / "base.csv"
    old.write_text(
        f"{head}\nA,水泥熟料,2020,N/A,kgce/t,1000,t\nB,水泥熟料,2020,0.108,kgce/t,1000,t\n", encoding="utf-8"
    )
    found = carbon.portfolio([CLINKER | {"facility": "A"} | NOW], base=old, today=TODAY)
    said = {(i.code, i.file, i.column, tuple(i.lines)) for i in found.verdicts.issues if i.severity != "note"}
    assert said == {("T120", "base.csv", "value", (2,)), ("B623", "base.csv", "value", (3,))}
    assert target(found, CLINKER_ENERGY)["verdict"] == "unknown"
    assert [r["status"] for r in found.verdicts.records()] == ["computed"] * 2  # nothing is wrong with the line now
    frame = fleet(NOW, base=[THEN | {"value": "N/A"}])
    assert [(i.code, i.file) for i in frame.verdicts.issues.errors] == [("T120", "base")]


def test_a_base_that_cannot_be_read_is_said_beside_what_else_is_wrong(tmp_path: Path) -> None:
    old = tmp_path / "base.csv"
    old.write_text("facility,colour\nA,red\n", encoding="utf-8")
    with pytest.raises(DataError) as caught:
        carbon.portfolio([CLINKER | {"facility": "A"} | NOW | {"value": "N/A"}], base=old, today=TODAY)
    assert {(i.code, i.file) for i in caught.value.issues.errors} == {
        ("T120", "lines"), ("T103", "base.csv"), ("T106", "base.csv"),
    }  # fmt: skip


def test_change_that_nobody_defined_is_unknown() -> None:
    known = {rule.id: rule for rule in rules("targets")}
    saved = known["ndrc-733-2024/targets:cement-energy-saved-2025"]
    assert check_change(saved, base=0, now=500) is None
    assert check_change(known[CLINKER_ENERGY], base=0, now=1) is None  # per cent of nothing


# --- laws -------------------------------------------------------------------------------------------------------------

states = st.sampled_from([True, False, None])
sizes = st.integers(1, 1000).map(lambda number: number / 8)
drawn_lines = st.lists(st.tuples(states, sizes), min_size=1, max_size=8)


@given(drawn_lines, st.integers(0, 7))
def test_splitting_a_line_in_two_halves_keeps_the_share_of_capacity(
    lines: list[tuple[bool | None, float]], place: int
) -> None:
    state, size = lines[place % len(lines)]
    split = [line for number, line in enumerate(lines) if number != place % len(lines)] + [(state, size / 2)] * 2
    shares = [share_by_capacity([r for r, _ in each], [s for _, s in each]) for each in (lines, split)]
    assert (shares[0].least, shares[0].most) == (shares[1].least, shares[1].most)


@given(drawn_lines, st.sampled_from([0.5, 10.0, 1000.0]))
def test_share_does_not_depend_on_the_unit_of_capacity(lines: list[tuple[bool | None, float]], scale: float) -> None:
    reached = [state for state, _ in lines]
    one, two = (share_by_capacity(reached, [size * factor for _, size in lines]) for factor in (1.0, scale))
    assert (one.least, one.most) == (two.least, two.most)


@given(drawn_lines, st.integers(1, 99), st.sampled_from(["ge", "gt"]))
def test_what_is_known_later_never_turns_an_answer(
    lines: list[tuple[bool | None, float]], percent: int, comparison: str
) -> None:
    reached, capacity = [state for state, _ in lines], [size for _, size in lines]
    first = share_by_capacity(reached, capacity).meets(comparison, Fraction(percent, 100))
    for filled in (True, False):
        later = [filled if state is None else state for state in reached]
        answer = share_by_capacity(later, capacity).meets(comparison, Fraction(percent, 100))
        assert answer is not None
        assert first in (answer, None)


@given(st.lists(st.tuples(st.sampled_from([99, 100, 110, 118]), st.integers(1, 9)), min_size=1, max_size=6), st.data())
@settings(max_examples=25)
def test_order_of_lines_changes_no_target(drawn: list[tuple[int, int]], data: st.DataObject) -> None:
    lines = [{"facility": str(n), "value": v, "capacity": c, "capacity_unit": "Mt"} for n, (v, c) in enumerate(drawn)]
    mixed = data.draw(st.permutations(lines))
    found = [
        {r["target_id"]: (r["verdict"], r["now"]) for r in fleet(*each).target_records()} for each in (lines, mixed)
    ]
    whole = sum(c for _, c in drawn)
    at_benchmark = sum(c for v, c in drawn if v <= 100)
    assert found[0] == found[1]
    assert found[0][CEMENT_SHARE][0] == ("met" if 10 * at_benchmark >= 3 * whole else "not met")


# --- one line, one standing ---------------------------------------------------------------------------------------

MT = {"period": "2024", "capacity_unit": "Mt"}


def held(*lines: Line, **options: Any) -> Portfolio:
    return carbon.portfolio([CLINKER | MT | line for line in lines], today=TODAY, **options)


def test_a_misspelt_product_keeps_its_targets_open_and_has_its_own_row() -> None:
    found = held({"facility": "A", "value": 99, "capacity": 1},
                 {"facility": "B", "value": 130, "capacity": 9, "product": "水泥熟料料"})  # fmt: skip
    assert [(r["product"], r["lines"], r["unknown"]) for r in found.share_records()][1] == ("水泥熟料料", 1, 1)
    assert target(found, CEMENT_SHARE)["verdict"] == "unknown"  # 1 of 10 Mt is certain, all 10 are possible
    assert target(found, CEMENT_NONE_BELOW)["verdict"] == "unknown"
    assert "B601" in {issue.code for issue in found.verdicts.issues}


def test_a_line_given_twice_counts_once_and_has_no_standing() -> None:
    twice = {"facility": "A", "value": 99, "capacity": 1}
    found = held(twice, twice | {"period": "2024-Q1"}, {"facility": "B", "value": 99, "capacity": 3})
    assert [m.rank for m in found.members] == [-1, 0]
    assert found.share_by_capacity().least == Fraction(3, 4)
    assert [(i.code, list(i.lines)) for i in found.verdicts.issues.errors] == [("B617", [1, 2])]


def test_the_newest_period_of_a_line_counts_in_any_order_of_rows() -> None:
    old, new = ({"facility": "A", "value": v, "capacity": 1, "period": p} for v, p in ((118, "2023"), (99, "2024")))
    for rows in ((old, new), (new, old)):
        found = held(*rows)
        assert [m.rank for m in found.members] == [0]
        assert target(found, CEMENT_NONE_BELOW)["verdict"] == "met"


def test_no_target_of_a_programme_goes_by_own_levels(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "sector.toml").write_text(META, encoding="utf-8")
    rows = [f"{t},cement-clinker,,unit-energy,production-system,{t},{v},kgce/t,lower,inclusive,,,,,unverified,,1,"
            for t, v in (("benchmark", 110), ("baseline", 130))]  # fmt: skip
    (tmp_path / "own" / "sector.csv").write_text("\n".join([",".join(HEADER), *rows]) + "\n", encoding="utf-8")
    found = held({"facility": "A", "value": 104, "capacity": 1}, own=[tmp_path])
    assert "own/sector" in {h.ladder.set_id for h in found.verdicts.held}
    # 104 is not at the printed benchmark of 100, whatever the firm asks of itself
    assert found.share_by_capacity().least == 0
    assert target(found, CEMENT_SHARE)["verdict"] == "not met"
