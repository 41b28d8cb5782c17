"""Checks of savings: baselines adjusted to output, claims, periods, and what is written.

Expected values stand beside the arithmetic that gives them. Factors used by hand: electricity of Shandong 2023 0.6191
kgCO2/kWh and 0.1229 kgce/kWh; bituminous coal 0.0261 tC/GJ, oxidation 0.93; natural gas 0.0153 tC/GJ, 0.99.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from shared.upgrades import STUDY, codes, near

from carbon.benchmarks.upgrades.checking import check_savings
from carbon.studies import run_savings

# --- checks of savings --------------------------------------------------------------------------------------------

CLAIM = {"measure": "fan", "before_energy": 1000, "after_energy": 990, "energy_unit": "MWh", "before_output": 100,
         "after_output": 110, "claimed": 110, "claimed_unit": "MWh", "tolerance": 5}  # fmt: skip


@pytest.mark.parametrize(
    ("more", "saving", "verdict"),
    [
        ({}, 110, "confirmed"),  # 1000 · 1.1 - 990
        ({"claimed": 115}, 110, "confirmed"),
        ({"claimed": 120}, 110, "overstated"),
        ({"claimed": 90}, 110, "understated"),
        ({"claimed": 110_000, "claimed_unit": "kWh", "tolerance": 1}, 110, "confirmed"),
        ({"fixed_share": 0.5}, 60, "overstated"),  # 1000 · (0.5 + 0.5 · 1.1) - 990
        ({"tolerance": ""}, 110, "unknown"),
        ({"claimed": "", "tolerance": ""}, 110, None),
        ({"after_energy": 1200, "claimed": 0}, -100, "overstated"),
    ],
)
def test_claims(more: dict[str, Any], saving: float, verdict: str | None) -> None:
    record = check_savings([CLAIM | more]).records[0]
    assert record["saving"] == near(saving)
    assert record["verdict"] == verdict


def test_uncertainty_stands_in_for_a_tolerance() -> None:
    limits = {f"{name}_uncertainty_pct": pct for name, pct in
              (("before_energy", 3), ("before_output", 0), ("after_energy", 0), ("after_output", 0))}  # fmt: skip
    record = check_savings([CLAIM | limits | {"tolerance": "", "claimed": 140}]).records[0]
    assert (record["uncertainty"], record["tolerance"]) == (near(33), near(33))  # 3 % of 1100
    assert record["verdict"] == "confirmed"


def test_saving_in_coal_and_co2e() -> None:
    row = CLAIM | {"item": "电力", "claimed": 13.5, "claimed_unit": "tce", "tolerance": 0.1}
    found = check_savings([row, row | {"measure": "b", "claimed": 68.101, "claimed_unit": "tCO2e"}], study=STUDY)
    first, second = found.records
    assert first["tce_saved"] == near(110_000 * 0.1229 / 1000)
    assert second["co2e_saved_t"] == near(110_000 * 0.6191 / 1000)
    assert (first["verdict"], second["verdict"]) == ("confirmed", "confirmed")
    assert "0.6191 kgCO2/kWh" in found.explain("b")
    assert "1,000 MWh × (0 + 1 × 110 / 100) = 1,100 MWh" in found.explain("b")


@pytest.mark.parametrize(
    ("more", "code", "column"),
    [
        ({"fixed_share": 2}, "T125", "fixed_share"),
        ({"tolerance": -1}, "T123", "tolerance"),
        ({"before_energy_uncertainty_pct": -1}, "T123", "before_energy_uncertainty_pct"),
        ({"tolerance": 110.5}, "B685", "tolerance"),  # above 100 % of the claim of 110
        ({"after_output": 0, "after_energy": 90}, "B655", "after_output"),
        ({"before_output": 0}, "B655", "before_output"),
        ({"baseline_period": 2024, "period": 2024}, "B684", "baseline_period"),
        ({"baseline_period": 2025, "period": 2024}, "B684", "baseline_period"),
        ({"baseline_period": "2023-07-01/2024-06-30", "period": 2024}, "B684", "baseline_period"),
        ({"baseline_period": 2023}, "B684", "baseline_period"),  # the study is of 2023
        ({"region": "火星", "item": "电力"}, "F203", "region"),
    ],
    ids=str,
)
def test_a_bad_saving_is_said_at_its_place_and_the_others_are_computed(
    more: dict[str, Any], code: str, column: str
) -> None:
    found = check_savings([CLAIM | {"measure": "bad"} | more, CLAIM | {"item": "电力"}], study=STUDY)
    assert [(i.code, i.column, list(map(int, i.lines))) for i in found.issues.errors] == [(code, column, [1])]
    bad, good = found.records
    assert (bad["status"], bad["verdict"], good["verdict"]) == ("error", "unknown", "confirmed")
    computed = ("adjusted_baseline", "saving", "saving_pct", "uncertainty", "co2e_saved_t", "found", "difference")
    assert {bad[name] for name in computed} == {None}
    assert good["co2e_saved_t"] == near(110_000 * 0.6191 / 1000)
    alone = check_savings([CLAIM | more], study=STUDY)
    assert {i.code for i in alone.issues.errors} == {code}
    assert (alone.records[0]["status"], alone.records[0]["saving"]) == ("error", None)
    assert code in alone.explain("fan")


def test_a_region_of_the_file_that_is_none_is_said_once_and_only_rows_that_need_it_are_bad() -> None:
    rows = [CLAIM | {"measure": "a", "item": "电力"}, CLAIM | {"measure": "b", "item": "电力"}, CLAIM]
    found = check_savings(rows, study=STUDY | {"region": "安微"})
    [issue] = found.issues.errors
    assert (issue.code, issue.file, issue.column, list(issue.lines)) == ("F203", "savings.toml", "region", [])
    assert [r["status"] for r in found.records] == ["error", "error", "computed"]
    assert found.records[2]["verdict"] == "confirmed"
    assert "F203" in found.explain("a")


def test_periods_of_unequal_length_confirm_nothing() -> None:
    for baseline, period, verdict in (
        ("2023", "2024", "confirmed"), ("2024-Q1", "2024-Q2", "confirmed"), ("2023", "2024-Q1", "unknown"),
        ("2023-Q4", "2024", "unknown"),
    ):  # fmt: skip
        found = check_savings([CLAIM | {"baseline_period": baseline, "period": period}])
        assert not found.issues.errors
        record = found.records[0]
        assert (record["saving"], record["difference"], record["verdict"]) == (near(110), near(0), verdict)
        assert ("B681" in codes(found)) == (verdict == "unknown")


def test_a_plant_that_stands_still_still_takes_its_fixed_share() -> None:
    # 1000 · 0.4 = 400 without output; 400 - 90 = 310
    row = CLAIM | {"after_output": 0, "after_energy": 90, "fixed_share": 0.4, "claimed": 310}
    record = check_savings([row]).records[0]
    assert (record["saving"], record["verdict"]) == (near(310), "confirmed")


def test_savings_are_written(tmp_path: Path) -> None:
    table = tmp_path / "savings.csv"
    table.write_text("\n".join([",".join(CLAIM), ",".join(map(str, CLAIM.values())), ""]), encoding="utf-8")
    found, where = run_savings(table)
    assert where == tmp_path / "savings-results"
    assert sorted(p.name for p in where.iterdir()) == ["issues.csv", "provenance.json", "savings-check.csv"]
    assert "confirmed" in (where / "savings-check.csv").read_text("utf-8-sig")
    assert found.complete
    (tmp_path / "savings.toml").write_text('language = "zh"\nyear = 2023\n', encoding="utf-8")
    shutil.rmtree(where)
    found, where = run_savings(tmp_path)
    assert where == tmp_path / "results"
    assert found.records[0]["verdict"] == "属实"
