"""Upgrade studies and checks of savings: formulas, grades, factors, money, support, triggers, abatement, bad files.

Expected values stand beside the arithmetic that gives them. Factors used by hand: electricity of Shandong 2023 0.6191
kgCO2/kWh and 0.1229 kgce/kWh; bituminous coal 0.0261 tC/GJ, oxidation 0.93; natural gas 0.0153 tC/GJ, 0.99.
"""

from __future__ import annotations

import datetime as dt
import json
import math
import random
import shutil
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbon import load_library, shipped
from carbon.benchmarks.policy import rules
from carbon.benchmarks.upgrades.checking import SavingsCheck, check_savings
from carbon.benchmarks.upgrades.differences import Accounted
from carbon.benchmarks.upgrades.kinds import kinds
from carbon.benchmarks.upgrades.savings import difference_uncertainty
from carbon.benchmarks.upgrades.upgrading import UPGRADE_COLUMNS, Upgrade, upgrade
from carbon.errors import DataError, Issues, UsageError, catalogue
from carbon.schema import schema
from carbon.studies import open_study, run_savings, run_upgrade

near = pytest.approx
STUDY = {"year": 2023, "region": "山东"}
POWER = {"item": "electricity", "value": 0.64, "unit": "CNY/kWh", "source": "invented"}
MOTOR = {
    "measure": "motor", "kind": "motor", "power_kw": 90, "load": 0.75, "hours": 4000, "before_efficiency_pct": 90,
    "after_efficiency_pct": 96,
}  # fmt: skip
BAD = Path(__file__).parents[1] / "bad"
CASES = [c for c in tomllib.loads((BAD / "cases.toml").read_text("utf-8"))["case"]
         if c.get("command") in ("upgrade", "savings")]  # fmt: skip


def study(*rows: dict[str, Any], **settings: Any) -> Upgrade:
    found = upgrade(list(rows), study=STUDY | settings)
    assert not found.issues.errors, found.issues
    return found


def one(row: dict[str, Any], **settings: Any) -> dict[str, Any]:
    return study(row, **settings).records[0]


def codes(found: Upgrade | SavingsCheck) -> set[str]:
    return {issue.code for issue in found.issues if issue.code.startswith("B")}


# --- energy by kind -----------------------------------------------------------------------------------------------

ENERGY: list[tuple[dict[str, Any], float, float, str]] = [
    # 90 · 0.75 · 4000 = 270 000 kWh at the shaft; / 0.9 = 300 000, / 0.96 = 281 250
    (MOTOR, 300_000, 281_250, "kWh"),
    # mean load (0.4 · 2000 + 0.8 · 4000) / 6000 = 2/3: 90 · 4000 = 360 000 at the shaft; / 0.9 = 400 000
    (MOTOR | {"load": "", "hours": "", "profile": "0.4:2000; 0.8:4000"}, 400_000, 375_000, "kWh"),
    # 1 · 8760 + 0.25 · 10 · 8000 = 28 760; 0.5 · 8760 + 0.25 · 8 · 8000 = 20 380
    ({"kind": "变压器", "load": 0.5, "hours": 8000, "connected_hours": 8760, "before_no_load_kw": 1,
      "before_load_kw": 10, "after_no_load_kw": 0.5, "after_load_kw": 8}, 28_760, 20_380, "kWh"),
    # mean square (0.25 · 6000 + 1 · 2000) / 8000 = 0.4375: 8000 + 0.4375 · 10 · 8000 = 43 000; after half of it
    ({"kind": "transformer", "profile": "0.5:6000;1:2000", "connected_hours": 8000, "before_no_load_kw": 1,
      "before_load_kw": 10, "after_no_load_kw": 0.5, "after_load_kw": 5}, 43_000, 21_500, "kWh"),
    ({"kind": "boiler", "item": "烟煤", "heat_gj": 9000, "before_efficiency_pct": 75, "after_efficiency_pct": 90},
     12_000, 10_000, "GJ"),
    # 1000 · 9.80665 · 360 / 3600 · 100 m · 1000 h / 1000 = 98 066.5 kWh of water power; / 0.5, / 0.8
    ({"kind": "水泵", "flow_m3_h": 360, "head_m": 100, "density_kg_m3": 1000, "hours": 1000,
      "before_efficiency_pct": 50, "after_efficiency_pct": 80}, 196_133, 122_583.125, "kWh"),
    # the same with a drive of 50 %: twice as much
    ({"kind": "pump", "flow_m3_h": 360, "head_m": 100, "density_kg_m3": 1000, "hours": 1000, "drive_efficiency_pct": 50,
      "before_efficiency_pct": 50, "after_efficiency_pct": 80}, 392_266, 245_166.25, "kWh"),
    # 36000 / 3600 · 1000 / 1000 = 10 kW for 8000 h, / 0.8 and / 0.5
    ({"kind": "风机", "flow_m3_h": 36000, "pressure_pa": 1000, "hours": 8000, "before_efficiency_pct": 50,
      "after_efficiency_pct": 80}, 160_000, 100_000, "kWh"),
    # 20 · 0.5 · 6000 = 60 000 m³/min h; · 7 and · 6.5
    ({"kind": "空压机", "flow_m3_min": 20, "load": 0.5, "hours": 6000, "before_specific_power_kw_min_m3": 7,
      "after_specific_power_kw_min_m3": 6.5}, 420_000, 390_000, "kWh"),
    # 1000 · 0.5 · 3000 = 1 500 000 kWh of cold; / 4, / 5
    ({"kind": "冷水机组", "cooling_kw": 1000, "load": 0.5, "hours": 3000, "before_cop": 4, "after_cop": 5},
     375_000, 300_000, "kWh"),
    ({"kind": "照明", "count": 200, "hours": 3000, "before_watts": 40, "after_watts": 15}, 24_000, 9_000, "kWh"),
    # 2 万t = 20 000 t · 13 500 kWh/t
    ({"kind": "电解槽", "output": 2, "output_unit": "万t", "before_specific": 13_500, "before_specific_unit": "kWh/t",
      "after_specific": 13_000}, 270e6, 260e6, "kWh"),
    ({"kind": "generic", "item": "natural-gas", "output": 100, "output_unit": "t", "before_specific": 2,
      "before_specific_unit": "GJ/t", "after_specific": 1500, "after_specific_unit": "MJ/t"}, 200, 150_000, "GJ"),
]  # fmt: skip


@pytest.mark.parametrize(("row", "before", "after", "unit"), ENERGY, ids=[r["kind"] for r, *_ in ENERGY])
def test_energy_of_each_kind(row: dict[str, Any], before: float, after: float, unit: str) -> None:
    record = one({"measure": "it"} | row)
    assert (record["before"], record["after"], record["unit"]) == (near(before), near(after), unit)
    both = one({"measure": "it"} | row | {"count": 3 * row.get("count", 1)})
    assert both["before"] == near(3 * before)


def test_every_kind_is_tried_above() -> None:
    assert {kinds().find(row["kind"]).id for row, *_ in ENERGY} == {kind.id for kind in kinds()}


def test_kinds_name_columns_that_the_table_has() -> None:
    known = set(schema("measures"))
    for kind in kinds():
        assert kind.columns <= known, kind.id
        assert set(kind.levels or ()) <= set(kind.performance)


# --- standard coal and CO2e ---------------------------------------------------------------------------------------


def test_electricity_saved_in_coal_and_co2e_by_the_factor_of_year_and_region() -> None:
    record = one(MOTOR)
    assert record["saved"] == 18_750
    assert record["tce_saved"] == near(18_750 * 0.1229 / 1000)
    assert record["co2e_saved_t"] == near(18_750 * 0.6191 / 1000)
    assert "mee-grid-2023/average:electricity-cn-sd-2023" in record["factors"]
    # Shandong 2022: 0.6410
    assert one(MOTOR | {"period": 2022})["co2e_saved_t"] == near(18_750 * 0.6410 / 1000)


def test_another_carrier_after() -> None:
    row = {"measure": "b", "kind": "锅炉", "item": "烟煤", "item_after": "天然气", "heat_gj": 9000,
           "before_efficiency_pct": 75, "after_efficiency_pct": 90}  # fmt: skip
    record = one(row)
    coal, gas = 12_000 * 0.0261 * 0.93 * 44 / 12, 10_000 * 0.0153 * 0.99 * 44 / 12
    assert record["saved"] is None
    assert (record["co2e_before_t"], record["co2e_after_t"]) == (near(coal), near(gas))
    assert record["co2e_saved_t"] == near(coal - gas)
    assert record["tce_saved"] == near(2_000 / 29.307)  # 29 307 kJ/kgce


def test_without_a_factor_energy_stays_and_co2e_is_unknown() -> None:
    found = upgrade([MOTOR | {"item": "raw-coal"}], study=STUDY)
    record = found.records[0]
    assert record["saved"] == 18_750
    assert record["co2e_saved_t"] is None
    assert "emission factor" in record["lacking"]
    assert {i.code for i in found.issues.errors} == {"F200"}


# --- uncertainty of the difference --------------------------------------------------------------------------------


def test_limits_that_are_not_printed_leave_the_known_part() -> None:
    record = one(MOTOR | {"before_uncertainty_pct": 2, "after_uncertainty_pct": 3})
    # 300 000 kWh ± 2 % and 281 250 kWh ± 3 %, each · 0.6191 kg
    known = math.hypot(300 * 0.02, 281.25 * 0.03)
    assert record["saved_uncertainty"] == near(known * 1000)
    assert record["co2e_uncertainty_t"] is None
    assert record["co2e_known_uncertainty_t"] == near(known * 0.6191)


@pytest.fixture
def lab(tmp_path: Path) -> Any:
    """A library whose diesel and gas have printed limits throughout: ± 1 % and ± 2 % of carbon, oxidation exact."""
    folder = tmp_path / "own" / "lab"
    folder.mkdir(parents=True)
    head = "factor_id,item,region,process,parameter,gas,value,unit,low,high,distribution,valid_from,valid_to,page,note"
    rows = [
        f"{item}-{name},{item},,,{name},,{value},{unit},{low},{high},,,,p. 1,"
        for item, carbon, low_, high_ in (("diesel", "20", "19.8", "20.2"), ("natural-gas", "15", "14.7", "15.3"))
        for name, value, unit, low, high in (
            ("carbon_content", carbon, "kgC/GJ", low_, high_),
            ("oxidation", "1", "1", "1", "1"),
        )
    ]
    (folder / "fuel.csv").write_text("\n".join([head, *rows, ""]), encoding="utf-8")
    (folder / "fuel.toml").write_text(
        'id = "lab/fuel"\ntitle_zh = "化验"\ntitle_en = "Laboratory"\npublisher = "own"\ndocument = "test"\n'
        'issued = 2023-01-01\nlicence = "own"\nverification = "primary"\nverified_from = "the laboratory"\n',
        encoding="utf-8",
    )
    return load_library([tmp_path / "own"])


@pytest.mark.parametrize(("before", "after"), [(1.0, 2.0), (0.0, 0.0), (5.0, 1.0)])
def test_shared_factor_mostly_cancels(lab: Any, before: float, after: float) -> None:
    row = {"measure": "b", "kind": "boiler", "item": "diesel", "heat_gj": 9000, "before_efficiency_pct": 75,
           "after_efficiency_pct": 90, "before_uncertainty_pct": before, "after_uncertainty_pct": after}  # fmt: skip
    record = upgrade([row], study=STUDY | {"method": "ghg-protocol"}, library=lab).records[0]
    b, a = 12_000 * 0.020 * 44 / 12, 10_000 * 0.020 * 44 / 12
    assert record["co2e_saved_t"] == near(b - a)
    assert record["co2e_uncertainty_t"] == near(float(difference_uncertainty(b, a, before, after, 1.0)))


def test_factors_of_two_carriers_do_not_cancel(lab: Any) -> None:
    row = {"measure": "b", "kind": "boiler", "item": "diesel", "item_after": "natural-gas", "heat_gj": 9000,
           "before_efficiency_pct": 75, "after_efficiency_pct": 90, "before_uncertainty_pct": 0,
           "after_uncertainty_pct": 0}  # fmt: skip
    record = upgrade([row], study=STUDY | {"method": "ghg-protocol"}, library=lab).records[0]
    b, a = 12_000 * 0.020 * 44 / 12, 10_000 * 0.015 * 44 / 12
    assert record["co2e_uncertainty_t"] == near(math.hypot(b * 0.01, a * 0.02))


# --- grades -------------------------------------------------------------------------------------------------------


def test_grades_stand_for_the_printed_levels() -> None:
    rows = [
        # GB 18613-2020 table 1, 75 kW, 4 poles: 96.7, 96.0, 95.0
        {"measure": "m", "kind": "motor", "power_kw": 75, "poles": 4, "load": 0.8, "hours": 1000, "grade_before": "3级",
         "grade_after": 1},
        # GB 20052-2024 table 2, dry 10 kV, amorphous, 1000 kVA: P0 0.385 and 0.55
        {"measure": "t", "kind": "transformer", "capacity_kva": 1000, "type": "dry-10kv", "core": "amorphous",
         "insulation": "F", "load": 0, "hours": 0, "connected_hours": 1000, "grade_before": 3, "grade_after": 1},
        # GB 24500-2020, biomass above 10 t/h: 91, 88, 86
        {"measure": "b", "kind": "boiler", "item": "diesel", "heat_gj": 7826, "type": "生物质锅炉", "capacity_t_h": 20,
         "grade_before": 3, "grade_after": 1},
        # GB 19153-2019 table 1, oil-injected rotary, air-cooled, 1.5 kW, 0.3 MPa: 5.8, 6.5, 7.4
        {"measure": "k", "kind": "compressor", "flow_m3_min": 1, "load": 1, "hours": 100, "power_kw": 1.5,
         "pressure_mpa": 0.3, "type": "oil-injected-rotary", "cooling": "风冷", "grade_before": 2, "grade_after": 1},
        # GB 19577-2024 table 2, comfort, air-cooled: grade 1 is 3.4
        {"measure": "w", "kind": "chiller", "cooling_kw": 340, "load": 1, "hours": 100, "type": "comfort-air-cooled",
         "before_cop": 2, "grade_after": 1},
    ]  # fmt: skip
    m, t, b, k, w = study(*rows).records
    assert (m["before"], m["after"]) == (near(60_000 / 0.95), near(60_000 / 0.967))
    assert m["levels"].split() == [f"gb-18613-2020/motors:motor-75kw-4-poles-{n}" for n in (3, 1)]
    assert (t["before"], t["after"]) == (near(550), near(385))
    assert (b["before"], b["after"]) == (near(9100), near(8600))
    assert (k["before"], k["after"]) == (near(650), near(580))
    assert (w["before"], w["after"]) == (near(17_000), near(10_000))


def test_grade_of_a_pump_goes_by_the_printed_formula() -> None:
    # double suction, 800 m³/h, 50 m, 2900 r/min: ns = 3.65 · 2900 · √(800 / 3600 / 2) / 50^0.75 = 187.6472
    ns = 3.65 * 2900 * math.sqrt(800 / 7200) / 50**0.75
    x, y = math.log(ns), math.log(800)
    base = -8.44 * x**2 - 0.48 * y**2 + 0.09 * x * y + 84.63 * x + 8.5 * y
    row = {"measure": "p", "kind": "pump", "type": "double-suction", "flow_m3_h": 800, "head_m": 50, "speed_rpm": 2900,
           "density_kg_m3": 1000, "hours": 1000, "drive_efficiency_pct": 90, "grade_before": 3,
           "grade_after": 1}  # fmt: skip
    record = one(row)
    water = 1000 * 9.80665 * 800 / 3600 * 50  # W
    assert record["before"] == near(water / ((base - 168.33) / 100) / 0.9)
    assert record["after"] == near(water / ((base - 162.33) / 100) / 0.9)


def test_a_level_set_issued_later_does_not_exist_yet() -> None:
    row = {"measure": "p", "kind": "pump", "type": "double-suction", "flow_m3_h": 800, "head_m": 50, "speed_rpm": 2900,
           "density_kg_m3": 1000, "hours": 1000, "drive_efficiency_pct": 90, "grade_before": 3,
           "grade_after": 1}  # fmt: skip
    found = upgrade([row], study=STUDY | {"as_of": dt.date(2025, 12, 31)})
    assert codes(found) == {"B656"}
    assert found.records[0]["before"] is None


# --- money --------------------------------------------------------------------------------------------------------


def test_money_of_a_measure_by_hand() -> None:
    # 18 750 kWh · 0.64 = 12 000 a year, 500 less for upkeep
    row = MOTOR | {"investment_cny": 20_000, "maintenance_saving_cny": -500, "life_years": 2}
    record = one(row, price=[POWER], discount_rate=0.1)
    assert record["cost_saved_cny"] == near(12_000)
    assert record["yearly_saving_cny"] == near(11_500)
    assert record["payback_years"] == near(20_000 / 11_500)
    assert record["npv_cny"] == near(11_500 / 1.1 + 11_500 / 1.21 - 20_000)
    # x = 1 / (1 + r) solves 11 500 (x + x²) = 20 000
    x = (-1 + math.sqrt(1 + 4 * 20_000 / 11_500)) / 2
    assert record["irr_pct"] == near(100 * (1 / x - 1))
    # annuity of 2 years at 10 %: 1 / (1/1.1 + 1/1.21) = 0.576190…
    annuity = 1 / (1 / 1.1 + 1 / 1.21)
    assert record["abatement_cost_cny_t"] == near((20_000 * annuity - 11_500) / (18.750 * 0.6191))


def test_no_number_has_a_default() -> None:
    bare = one(MOTOR)
    assert bare["cost_saved_cny"] is bare["npv_cny"] is bare["payback_years"] is None
    assert bare["lacking"] == "price of the energy; investment_cny; life_years; discount_rate"
    priced = study(MOTOR | {"investment_cny": 20_000}, price=[POWER])
    assert priced.records[0]["payback_years"] == near(20_000 / 12_000)
    assert priced.records[0]["npv_cny"] is None
    assert codes(priced) == {"B663"}


def test_price_per_mass_goes_with_heat_by_its_calorific_value() -> None:
    row = {"measure": "b", "kind": "boiler", "item": "烟煤", "heat_gj": 9000, "before_efficiency_pct": 75,
           "after_efficiency_pct": 90}  # fmt: skip
    price = {"item": "烟煤", "value": 800, "unit": "元/t", "ncv": 20, "ncv_unit": "GJ/t", "source": "invented"}
    assert one(row, price=[price])["cost_saved_cny"] == near(2000 / 20 * 800)


def test_water_of_a_cooling_tower() -> None:
    row = {"measure": "c", "kind": "fan", "flow_m3_h": 36000, "pressure_pa": 100, "hours": 7000,
           "before_efficiency_pct": 50, "after_efficiency_pct": 50, "water_flow_m3_h": 3000, "before_drift_pct": 0.02,
           "after_drift_pct": 0.002}  # fmt: skip
    water = {"item": "新水", "value": 4.5, "unit": "CNY/m3", "source": "invented"}
    record = one(row, price=[POWER, water])
    assert record["water_saved_m3"] == near(3000 * 0.018 / 100 * 7000)  # 3780
    assert record["cost_saved_cny"] == near(3780 * 4.5)
    assert one(row, price=[POWER])["cost_saved_cny"] is None


def test_what_saves_no_money_is_never_paid_back() -> None:
    record = one(
        MOTOR | {"after_efficiency_pct": 90, "investment_cny": 1}, price=[POWER], discount_rate=0, life_years=1
    )
    assert record["payback_years"] is record["irr_pct"] is record["abatement_cost_cny_t"] is None
    assert "never paid back" in record["lacking"]
    assert record["npv_cny"] == -1


# --- support ------------------------------------------------------------------------------------------------------

LOAN = {"investment_cny": 1_000_000, "loan_cny": 900_000, "loan_years": 3, "loan_repayment": "bullet",
        "loan_paid_on": "2024-09-02"}  # fmt: skip
RULE = [{"rule": "equipment-loan-2024"}]


def test_interest_subsidy_of_one_point_for_two_years() -> None:
    # 900 000 · 1 % · 2 years; with equal repayment 900 000 in the first year and 600 000 in the second
    assert one(MOTOR | LOAN, incentive=RULE)["loan_subsidy_cny"] == near(18_000)
    assert one(MOTOR | LOAN | {"loan_repayment": "等额本金"}, incentive=RULE)["loan_subsidy_cny"] == near(15_000)
    # paid back after one year and a half
    assert one(MOTOR | LOAN | {"loan_years": 1.5}, incentive=RULE)["loan_subsidy_cny"] == near(13_500)
    record = one(MOTOR | LOAN, incentive=RULE, price=[POWER], discount_rate=0.25, life_years=1)
    assert record["npv_cny"] == near(-1_000_000 + (12_000 + 9_000) / 1.25 + 9_000 / 1.5625)


def test_loan_outside_its_window_gets_nothing_and_says_so() -> None:
    for day, subsidy in (("2024-03-06", 0), ("2024-03-07", 18_000), ("2024-12-31", 18_000), ("2025-01-01", 0)):
        found = study(MOTOR | LOAN | {"loan_paid_on": day}, incentive=RULE)
        assert found.records[0]["loan_subsidy_cny"] == near(subsidy)
        assert ("B668" in codes(found)) == (subsidy == 0)


def test_rule_without_printed_window_needs_one_with_its_source() -> None:
    raised = {"rule": "equipment-loan-raised-2024"}
    found = study(MOTOR | LOAN, incentive=[raised])
    assert found.records[0]["loan_subsidy_cny"] is found.records[0]["net_investment_cny"] is None
    assert "B667" in codes(found)
    own = {"valid_from": dt.date(2024, 7, 24), "valid_to": dt.date(2024, 12, 31), "source": "invented"}
    assert one(MOTOR | LOAN, incentive=[raised | own])["loan_subsidy_cny"] == near(27_000)  # 1.5 points
    with pytest.raises(DataError, match="T117"):
        upgrade([MOTOR], study={"incentive": [raised | {"valid_from": dt.date(2024, 7, 24)}]})


TAX = [{"rule": "special-equipment-retrofit-tax-credit"}]
CREDIT = {"investment_cny": 500_000, "original_basis_cny": 600_000, "eligible_cny": 400_000, "excluded_cny": 20_000,
          "government_funded_cny": 30_000, "spent_on": "2025-04-18"}  # fmt: skip


def test_tax_credit_of_a_tenth_of_at_most_half_the_basis() -> None:
    # 400 000 - 20 000 excluded - 30 000 of the government = 350 000, at most 300 000: credit 30 000
    tax = {"first_year": 2025, "payable_cny": [20_000, 20_000]}
    record = one(MOTOR | CREDIT, incentive=TAX, tax=tax)
    assert record["tax_credit_cny"] == near(30_000)
    assert record["net_investment_cny"] == near(500_000 - 30_000 - 30_000)
    # only 12 000 of tax in the year and the five to which it may be carried; the rest is lost, and said
    short = {"first_year": 2025, "payable_cny": [7_000, 5_000, 0, 0, 0, 0]}
    found = study(MOTOR | CREDIT, incentive=TAX, tax=short)
    assert found.records[0]["tax_credit_cny"] == near(12_000)
    assert [i.value for i in found.issues if i.code == "B673"] == ["18000.00"]
    # the same tax with four of the years left open: not known
    short = {"first_year": 2025, "payable_cny": [7_000, 5_000]}
    assert one(MOTOR | CREDIT, incentive=TAX, tax=short)["tax_credit_cny"] is None


def test_the_tax_of_a_firm_is_set_off_once() -> None:
    tax = {"first_year": 2025, "payable_cny": [25_000, 25_000, 0, 0, 0, 0]}
    first, second = study(MOTOR | CREDIT, MOTOR | CREDIT | {"measure": "b"}, incentive=TAX, tax=tax).records
    assert (first["tax_credit_cny"], second["tax_credit_cny"]) == (near(30_000), near(20_000))


def test_tax_credit_without_tax_or_outside_its_window() -> None:
    assert one(MOTOR | CREDIT, incentive=TAX)["tax_credit_cny"] is None
    tax = {"first_year": 2023, "payable_cny": [1e6] * 10}
    for day, credit in (("2023-12-31", 0), ("2024-01-01", 30_000), ("2027-12-31", 30_000), ("2028-01-01", 0)):
        found = study(MOTOR | CREDIT | {"spent_on": day}, incentive=TAX, tax=tax)
        assert found.records[0]["tax_credit_cny"] == near(credit), day


def test_support_is_not_counted_unless_the_study_names_its_rule() -> None:
    found = study(MOTOR | CREDIT | LOAN)
    assert found.records[0]["loan_subsidy_cny"] == found.records[0]["tax_credit_cny"] == 0
    assert "B669" in codes(found)


def test_a_loan_is_part_of_the_investment() -> None:
    terms = {"loan_years": 2, "loan_repayment": "bullet", "loan_paid_on": "2024-06-01"}
    row = MOTOR | {"investment_cny": 150_000} | terms
    found = upgrade([row | {"loan_cny": 9_000_000}, row | {"measure": "b", "loan_cny": 150_000}],
                    study=STUDY | MONEY | {"incentive": RULE})  # fmt: skip
    assert [(i.code, i.column, int(i.lines[0])) for i in found.issues.errors] == [("B670", "loan_cny", 1)]
    beyond, whole = found.records
    assert beyond["loan_subsidy_cny"] is beyond["net_investment_cny"] is beyond["npv_cny"] is None
    assert whole["loan_subsidy_cny"] == near(3000)  # 150 000 · 1 % · 2 years


def test_of_a_kind_one_rule_is_named() -> None:
    own = {"valid_from": dt.date(2024, 7, 24), "valid_to": dt.date(2024, 12, 31), "source": "invented"}
    found = upgrade([MOTOR | LOAN], study=STUDY | {"incentive": [*RULE, {"rule": "equipment-loan-raised-2024"} | own]})
    [issue] = found.issues.errors
    assert (issue.code, issue.column) == ("B666", "incentive.1.rule")
    assert "equipment-loan-2024 is of the same kind" in issue.message()
    assert "nearest" not in issue.message()
    assert found.records[0]["loan_subsidy_cny"] == near(18_000)  # by the first


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


def lamp(name: str, after: float, investment: float, **more: Any) -> dict[str, Any]:
    """100 lamps of 100 W for 1000 h: 10 000 kWh before, 100 · `after` after."""
    return {"measure": name, "kind": "lighting", "count": 100, "hours": 1000, "before_watts": 100, "after_watts": after,
            "investment_cny": investment, **more}  # fmt: skip


MONEY = {"price": [POWER], "discount_rate": 0, "life_years": 1}


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
    ("more", "settings", "code"),
    [
        ({}, {"region": "火星"}, "F203"),
        ({"region": "火星"}, {}, "F203"),
        ({"power_kw": 1e14}, {}, "T125"),  # 1e14 kW · 0.75 · 4000 h / 0.9 = 3.3e17 kWh
        ({"life_years": 0}, {}, "T123"),
    ],
)
def test_a_study_whose_only_row_is_bad_ends_in_issues(
    more: dict[str, Any], settings: dict[str, Any], code: str
) -> None:
    found = upgrade([MOTOR | {"investment_cny": 1000} | more], study=STUDY | MONEY | settings)
    assert {i.code for i in found.issues.errors} == {code}
    assert {int(line) for i in found.issues.errors for line in i.lines} == {1}
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


# --- the example --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> tuple[Upgrade, Path]:
    return run_upgrade(shipped.folder("examples") / "upgrade", tmp_path_factory.mktemp("upgrade") / "results")


def test_example_has_forty_pieces_of_all_kinds_and_no_error(example: tuple[Upgrade, Path]) -> None:
    found, _ = example
    assert len(found.records) == 40
    assert {kind.id for kind in found.given.kinds} == {kind.id for kind in kinds()}
    assert found.complete
    assert not [issue for issue in found.issues if issue.severity != "note"], found.issues
    assert found.provenance["lines"] == {"read": 40, "computed": 40, "bad": 0}


def test_example_is_ranked_and_counts_nothing_twice(example: tuple[Upgrade, Path]) -> None:
    records = example[0].abatement_records
    assert [r["rank"] for r in records] == list(range(1, 41))
    known = [r["abatement_cost_cny_t"] for r in records if r["abatement_cost_cny_t"] is not None]
    assert known == sorted(known)
    assert records[-1]["cumulative_co2e_t"] == near(sum(r["counted_co2e_t"] for r in records))
    for system in ("circulating water", "compressed air"):
        own = [r for r in records if r["system"] == system]
        assert len(own) >= 2
        assert sum(r["counted_co2e_t"] for r in own) < sum(r["co2e_saved_t"] for r in own)
        left = math.prod(1 - r["co2e_saved_t"] / _before(example[0], r["measure"]) for r in own)
        assert sum(r["counted_co2e_t"] for r in own) == near(_before(example[0], own[0]["measure"]) * (1 - left))
    assert sum(r["counted_co2e_t"] > 0 for r in records if r["alternative"] == "boiler B1") == 1


def _before(found: Upgrade, measure: str) -> float:
    return float(next(r["co2e_before_t"] for r in found.records if r["measure"] == measure))


def test_example_has_loan_credit_water_and_triggers(example: tuple[Upgrade, Path]) -> None:
    by_name = {r["measure"]: r for r in example[0].records}
    # 240 000 in equal parts over three years: (240 000 + 160 000) · 1 %
    assert by_name["Boiler B2 economiser"]["loan_subsidy_cny"] == near(4_000)
    # 10 % of 380 000 - 30 000
    assert by_name["Packing line control"]["tax_credit_cny"] == near(35_000)
    tower = by_name["Cooling tower C1 fan and drift eliminators"]
    assert tower["water_saved_m3"] == near(3780)
    assert tower["renewal"].startswith("renew")
    assert by_name["Aluminium cell line E1"]["renewal"].startswith("phase-out")


def test_written_files_are_the_same_every_time_and_replace_whole(example: tuple[Upgrade, Path], tmp_path: Path) -> None:
    _, first = example
    names = ["abatement.csv", "issues.csv", "provenance.json", "upgrade.csv"]
    assert sorted(p.name for p in first.iterdir()) == names
    for _ in range(2):
        _, second = run_upgrade(shipped.folder("examples") / "upgrade", tmp_path / "results")
    assert all((first / name).read_bytes() == (second / name).read_bytes() for name in names)
    head = (first / "upgrade.csv").read_text("utf-8-sig").splitlines()[0]
    assert head == ",".join(UPGRADE_COLUMNS)
    document = json.loads((first / "provenance.json").read_text("utf-8"))
    assert document["levels"]["gb-18613-2020/motors:motor-75kw-4-poles-1"]["value"] == "96.7"
    assert document["rules"]["mof-54-2024/incentives:equipment-loan-2024-rate"]["document"].endswith("财金〔2024〕54号")
    assert "mee-grid-2023/average:electricity-cn-sd-2023" in document["engine"]["factors"]
    assert document["study"]["price"][0]["source"] == "invented for this example"


def test_failed_run_leaves_an_earlier_result_and_foreign_folders_alone(tmp_path: Path) -> None:
    folder = tmp_path / "study"
    shutil.copytree(shipped.folder("examples") / "upgrade", folder)
    _, where = run_upgrade(folder)
    before = (where / "upgrade.csv").read_bytes()
    (folder / "measures.csv").write_text("measure,colour\na,red\n", encoding="utf-8")
    with pytest.raises(DataError, match="T106"):
        run_upgrade(folder)
    assert (where / "upgrade.csv").read_bytes() == before
    (where / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError, match=r"notes\.txt"):
        run_upgrade(folder)
    with pytest.raises(UsageError, match="nearest: study"):
        open_study(tmp_path / "stuyd", "measures")


# --- words --------------------------------------------------------------------------------------------------------


def test_explanation_retraces_a_measure() -> None:
    found = study(MOTOR | {"investment_cny": 20_000, "life_years": 2}, price=[POWER], discount_rate=0.1)
    text = found.explain("motor")
    for words in ("power_kw × load × hours / efficiency = 300,000 kWh", "0.6191 kgCO2/kWh", "before_efficiency_pct 90",
                  "18,750 kWh", "0.64 CNY/kWh (invented)", "12,000 CNY", "discount rate 0.1, 2 years"):  # fmt: skip
        assert words in text
    assert "静态投资回收期" in found.explain("motor", "zh")
    with pytest.raises(UsageError, match="nearest: motor"):
        found.explain("moter")
    bad = upgrade([MOTOR | {"hours": ""}], study=STUDY)
    assert "[B652]" in bad.explain("motor")


def test_results_in_chinese() -> None:
    found = upgrade([MOTOR], study=STUDY | {"language": "zh"})
    assert (found.records[0]["kind"], found.records[0]["item"]) == ("电动机", "电力")
    assert found.records[0]["lacking"] == "能源价格; 投资额; 寿命; 折现率"


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


# --- bad and hostile input ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def outcome_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[dict[str, Any]], tuple[Any, Issues, Path]]:
    known: dict[str, tuple[Any, Issues, Path]] = {}

    def outcome_of(case: dict[str, Any]) -> tuple[Any, Issues, Path]:
        if case["path"] not in known:
            out = tmp_path_factory.mktemp(case["code"]) / "out"
            try:
                found, _ = {"upgrade": run_upgrade, "savings": run_savings}[case["command"]](BAD / case["path"], out)
                known[case["path"]] = found, found.issues, out
            except DataError as error:
                known[case["path"]] = None, error.issues, out
        return known[case["path"]]

    return outcome_of


@pytest.mark.parametrize("case", CASES, ids=[case["path"] for case in CASES])
def test_bad_file_earns_its_code(case: dict[str, Any], outcome_of: Callable[..., tuple[Any, Issues, Path]]) -> None:
    found, issues, out = outcome_of(case)
    mine = [i for i in issues if i.code == case["code"] and i.value == case.get("value", i.value)]
    assert mine, issues
    assert {i.severity for i in mine} == {case["severity"]}
    assert sorted({int(line) for i in mine for line in i.lines}) == case["lines"]
    assert case.get("column", "") in {i.column for i in mine}
    assert {i.file for i in mine} == {case.get("file", case["path"])}
    expected = {*case.get("also", []), *([case["code"]] if case["severity"] == "error" else [])}
    assert {i.code for i in issues.errors} == expected, issues
    for language in ("en", "zh"):
        said = "\n".join(f"{i.message(language)}\n{i.remedy(language)}" for i in mine)
        assert not [word for word in case[f"words_{language}"] if word not in said], said
        assert "{" not in said
    if case.get("refused"):
        assert found is None
        assert not out.exists()
        return
    bad = [int(line) for line, flag in zip(_table(found).line, _bad(found), strict=True) if flag]
    assert bad == case["bad"]
    assert len(_table(found)) == case["read"]
    saved = {r["measure"]: r.get("saved", r.get("saving")) for r in reversed(found.records)}
    assert {name: saved[name] for name in case["saved"]} == near(case["saved"])
    assert f"{case['code']},{case['severity']}" in (out / "issues.csv").read_text("utf-8-sig")


def _table(found: Upgrade | SavingsCheck) -> Any:
    return found.given.table if isinstance(found, Upgrade) else found.table


def _bad(found: Upgrade | SavingsCheck) -> Any:
    return found.bad


def test_every_code_of_studies_has_a_bad_file() -> None:
    assert {c["code"] for c in CASES} == {code for code in catalogue() if "B650" <= code <= "B689"}


@pytest.mark.parametrize(
    "more",
    [
        {"hours": 1e300}, {"power_kw": "1e-300"}, {"measure": "\x1b[2J"}, {"profile": "1:" * 900, "load": ""},
        {"load": "", "hours": "", "profile": "nan:1; inf:2"}, {"commissioned": "99999"}, {"count": 1e15},
        {"investment_cny": 1e15, "life_years": 100}, {"region": "'; drop"}, {"period": "0000"},
        {"grade_after": "🙂" * 99},
        {"before_efficiency_pct": 0}, {"item": "x" * 1999}, {"loan_cny": 1e15, "loan_years": 0},
        {"hours": 1e-9, "investment_cny": 1e15}, {"maintenance_saving_cny": -1e15, "investment_cny": 1e-10},
        {"before_uncertainty_pct": 1000, "after_uncertainty_pct": 0}, {"system": "s" * 1999, "alternative": "=1+1"},
    ],
    ids=str,
)  # fmt: skip
def test_odd_numbers_and_texts_end_in_issues_or_figures(more: dict[str, Any]) -> None:
    settings = STUDY | MONEY | {"incentive": RULE}
    found = upgrade([lamp("good", 50, 0), MOTOR | more], study=settings)
    assert found.records[0]["saved"] == 5_000
    assert len(found.records) == 2
    found.abatement_records, found.provenance, found.explain("good")


def test_many_unknown_words_are_said_without_going_over_the_table_for_each() -> None:
    rows = [MOTOR | {"measure": f"m{n}", "kind": f"kind {n}", "equipment": f"thing {n}"} for n in range(3000)]
    found = upgrade([lamp("good", 50, 0), *rows], study=STUDY)
    assert len([i for i in found.issues if i.code == "B651"]) == 3000
    assert found.records[0]["saved"] == 5_000


def test_a_large_table_is_computed_with_arrays() -> None:
    size = 2000
    columns = {name: [value] * size for name, value in MOTOR.items()}
    columns |= {"measure": [f"m{n}" for n in range(size)], "load": [0.5 + n / 10_000 for n in range(size)]}
    found = upgrade(columns, study=STUDY)
    records = found.records
    assert records[1000]["before"] == near(90 * 0.6 * 4000 / 0.9)
    assert isinstance(found.accounted, Accounted)
    assert len(records) == size
