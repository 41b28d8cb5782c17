"""Money of measures: prices, payback, present values, and support by dated rules.

Expected values stand beside the arithmetic that gives them. Factors used by hand: electricity of Shandong 2023 0.6191
kgCO2/kWh and 0.1229 kgce/kWh; bituminous coal 0.0261 tC/GJ, oxidation 0.93; natural gas 0.0153 tC/GJ, 0.99.
"""

from __future__ import annotations

import datetime as dt
import math

import pytest
from shared.upgrades import MONEY, MOTOR, POWER, RULE, STUDY, codes, near, one, study

from carbon.benchmarks.upgrades.upgrading import upgrade
from carbon.errors import DataError

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


def test_a_rate_beyond_belief_is_unknown_with_its_reason_and_kills_no_study() -> None:
    # 36000 · 50 m³/h at 3000 Pa = 1500 kW for 8000 h: / 0.6 - / 0.8 = 5 GWh a year at 620 CNY/kWh, for 1 CNY
    fan = {"measure": "fan", "kind": "fan", "flow_m3_h": 1_800_000, "pressure_pa": 3000, "hours": 8000,
           "before_efficiency_pct": 60, "after_efficiency_pct": 80, "investment_cny": 1}  # fmt: skip
    price = POWER | {"value": 620}
    # 1 CNY in a transformer that loses 1770 kW, and a motor that is paid back in a year
    lossy = {"measure": "t", "kind": "transformer", "load": 0.5, "hours": 8000, "connected_hours": 8760,
             "before_no_load_kw": 1770, "before_load_kw": 10, "after_no_load_kw": 1, "after_load_kw": 8,
             "investment_cny": 1}  # fmt: skip
    good = MOTOR | {"investment_cny": 18_750 * 620}
    first, second, third = study(fan, lossy, good, price=[price], discount_rate=0, life_years=1).records
    for record in (first, second):
        assert record["irr_pct"] is None
        assert record["lacking"] == "its internal rate is above 1,000,000 % a year; look at the figures"
    assert first["yearly_saving_cny"] == near(1500 * 8000 * (1 / 0.6 - 1 / 0.8) * 620)
    assert (third["irr_pct"], third["lacking"]) == (near(0, abs=1e-9), None)


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
