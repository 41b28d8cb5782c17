"""Triggers of renewal, and the order of measures by what it costs to abate a tonne.

Expected values stand beside the arithmetic that gives them. Factors used by hand: electricity of Shandong 2023 0.6191
kgCO2/kWh and 0.1229 kgce/kWh; bituminous coal 0.0261 tC/GJ, oxidation 0.93; natural gas 0.0153 tC/GJ, 0.99.
"""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shared.upgrades import MONEY, MOTOR, POWER, RULE, STUDY, lamp, near, one, study

from carbon.benchmarks.policy import rules
from carbon.benchmarks.upgrades.upgrading import upgrade

# --- triggers -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "due"),
    [
        ({"equipment": "cooling-tower", "commissioned": "2008"}, "renew"),
        ({"equipment": "cooling-tower", "commissioned": "2020"}, None),
        ({"equipment": "electrolytic-cell", "amperage_ka": 199}, "phase-out"),
        ({"equipment": "electrolytic-cell", "amperage_ka": 200}, None),  # 以下 read as below
        ({"equipment": "electrolytic-cell"}, None),
        ({"commissioned": "1990"}, None),
    ],
)
def test_triggers_by_age_and_size(more: dict[str, Any], due: str | None) -> None:
    record = one(MOTOR | more, as_of=dt.date(2025, 6, 30))
    assert (record["renewal"] or "None").split(":")[0] == str(due)


def test_a_trigger_shows_its_document_and_quote() -> None:
    record = one(MOTOR | {"equipment": "cooling-tower", "commissioned": "2008"})
    rule = next(r for r in rules("triggers") if r.id == "miit-33-2024/triggers:cooling-tower-age")
    assert rule["quote"] in record["renewal"]
    assert rule.document in record["renewal"]


# --- abatement ----------------------------------------------------------------------------------------------------


def test_measures_of_one_system_save_shares_of_what_is_left() -> None:
    found = study(lamp("half", 50, 10_000, system="s"), lamp("quarter", 75, 100, system="s"), lamp("own", 90, 0),
                  **MONEY)  # fmt: skip
    table = found.abatement().set_index("measure")
    assert table.index.tolist() == ["own", "quarter", "half"]  # by cost per tonne
    # quarter first: 2500 kWh; half of what is left, 7500: 3750 kWh; own beside them: 1000 kWh
    kg = 0.6191
    assert table["co2e_saved_t"].tolist() == near([kg, 2.5 * kg, 5 * kg])
    assert table["counted_co2e_t"].tolist() == near([kg, 2.5 * kg, 3.75 * kg])
    assert table["cumulative_co2e_t"].tolist() == near([kg, 3.5 * kg, 7.25 * kg])
    assert table["cumulative_tce"].tolist() == near([0.1229, 3.5 * 0.1229, 7.25 * 0.1229])


def test_of_alternatives_one_counts() -> None:
    found = study(lamp("dear", 20, 90_000, alternative="a"), lamp("cheap", 50, 100, alternative="a"), **MONEY)
    cheap, dear = found.abatement_records
    assert (cheap["measure"], cheap["counted"]) == ("cheap", "yes")
    assert dear["counted_co2e_t"] == 0
    assert dear["counted"] == "no, an alternative comes first"
    assert dear["cumulative_co2e_t"] == cheap["cumulative_co2e_t"]


def test_a_bad_measure_stands_last_and_counts_nothing() -> None:
    found = upgrade([lamp("good", 50, 0), MOTOR | {"hours": ""}], study=STUDY | MONEY)
    good, bad = found.abatement_records
    assert bad["measure"] == "motor"
    assert bad["counted_co2e_t"] is None
    assert bad["counted"] == "no, its saving is not known"
    assert bad["cumulative_co2e_t"] == good["cumulative_co2e_t"]


@pytest.mark.parametrize(
    "more",
    [{"region": "火星"}, {"power_kw": 1e14}, {"hours": ""}, {"spent_on": "soon"}, {"government_funded_cny": 5000},
     {"life_years": 0}],
    ids=str,
)  # fmt: skip
def test_a_refused_measure_has_no_money_and_no_rank(more: dict[str, Any]) -> None:
    # of the names, "a" of the refused one would come first; the good one saves 5000 kWh · 0.64 = 3200 CNY
    refused = MOTOR | {"measure": "a", "investment_cny": 4000} | more
    found = upgrade([refused, lamp("good", 50, 9600)], study=STUDY | {"price": [POWER]})
    bad, good = found.records
    assert (bad["status"], good["status"]) == ("error", "computed")
    assert good["payback_years"] == near(3)
    numbers = {name for name, value in bad.items() if isinstance(value, float)}
    assert numbers == set()
    assert [(r["measure"], r["rank"]) for r in found.abatement_records] == [("good", 1), ("a", None)]
    last = found.abatement_records[1]
    assert last["investment_cny"] is last["co2e_saved_t"] is last["abatement_cost_cny_t"] is None


@pytest.mark.parametrize(
    ("more", "settings", "code", "lines"),
    [
        ({}, {"region": "火星"}, "F203", []),  # said at the study
        ({"region": "火星"}, {}, "F203", [1]),
        ({"power_kw": 1e14}, {}, "T125", [1]),  # 1e14 kW · 0.75 · 4000 h / 0.9 = 3.3e17 kWh
        ({"life_years": 0}, {}, "T123", [1]),
    ],
)
def test_a_study_whose_only_row_is_bad_ends_in_issues(
    more: dict[str, Any], settings: dict[str, Any], code: str, lines: list[int]
) -> None:
    found = upgrade([MOTOR | {"investment_cny": 1000} | more], study=STUDY | MONEY | settings)
    assert {i.code for i in found.issues.errors} == {code}
    assert sorted({int(line) for i in found.issues.errors for line in i.lines}) == lines
    assert found.bad.tolist() == [True]
    record = found.records[0]
    assert record["saved"] is record["co2e_saved_t"] is record["net_investment_cny"] is record["npv_cny"] is None
    assert code in found.explain("motor")
    assert found.provenance["lines"] == {"read": 1, "computed": 0, "bad": 1}


def test_numbers_out_of_range_keep_one_row_from_being_computed_and_not_the_file() -> None:
    rows = [
        lamp("life", 50, 0, life_years=0), lamp("half", 50, 0, count=2.5), lamp("third", 50, 0, count="3.25"),
        lamp("loan", 50, 1000, loan_cny=1000, loan_years=0, loan_repayment="bullet", loan_paid_on="2024-06-01"),
        lamp("good", 50, 0),
    ]  # fmt: skip
    found = upgrade(rows, study=STUDY | MONEY | {"incentive": RULE})
    said = {(i.code, i.column, i.value, tuple(map(int, i.lines))) for i in found.issues.errors}
    assert said == {
        ("T123", "life_years", "0", (1,)), ("B655", "count", "2.5", (2,)), ("B655", "count", "3.25", (3,)),
        ("B655", "loan_years", "0", (4,)),
    }  # fmt: skip
    assert [r["npv_cny"] for r in found.records] == [None, None, None, None, near(3200)]


rows_of_lamps = st.lists(
    st.tuples(st.integers(1, 100), st.integers(0, 10**6), st.sampled_from(["", "s", "t"]), st.sampled_from(["", "a"])),
    min_size=1, max_size=8,
)  # fmt: skip


@given(rows_of_lamps, st.randoms(use_true_random=False))
def test_laws_of_the_abatement_table(given_rows: list[tuple[int, int, str, str]], shuffle: random.Random) -> None:
    rows = [lamp(f"m{n}", after, money, system=system, alternative=group)
            for n, (after, money, system, group) in enumerate(given_rows)]  # fmt: skip
    records = study(*rows, **MONEY).abatement_records
    moved = list(rows)
    shuffle.shuffle(moved)
    again = study(*moved, **MONEY).abatement_records
    assert [r | {"source_line": 0} for r in again] == [r | {"source_line": 0} for r in records]
    costs = [r["abatement_cost_cny_t"] for r in records if r["abatement_cost_cny_t"] is not None]
    assert costs == sorted(costs)
    total = 0.0
    for record in records:
        assert 0 <= record["counted_co2e_t"] <= record["co2e_saved_t"] * (1 + 1e-12)
        total += record["counted_co2e_t"]
        assert record["cumulative_co2e_t"] == near(total)
    for system in ("s", "t"):
        counted = [r["counted_tce"] for r in records if r["system"] == system]
        assert sum(counted) <= 10_000 * 0.1229 / 1000 * (1 + 1e-12)  # no more than the system takes
