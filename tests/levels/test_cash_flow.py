"""Cash flow of a whole study by year. Lamps of 10 000 kWh a year at 0.64 CNY/kWh: 1 % saved is 64 CNY a year."""

from __future__ import annotations

from typing import Any

from shared.upgrades import MONEY, POWER, RULE, lamp, near, study

TENTH: dict[str, Any] = {"price": [POWER], "discount_rate": 0.1, "incentive": RULE}
LOAN = {"loan_cny": 5000, "loan_years": 2, "loan_repayment": "bullet", "loan_paid_on": "2024-06-01"}


def test_flow_of_measures_on_one_system_by_hand() -> None:
    found = study(
        lamp("half", 50, 10_000, system="s", life_years=2, **LOAN), lamp("quarter", 75, 100, system="s", life_years=1),
        **TENTH,
    )  # fmt: skip
    flow = found.cash_flow().set_index("year")
    # quarter comes first: 25 · 64 = 1600, in its one year. half saves three quarters of 50 · 64 = 3200: 2400.
    # The subsidy is one point on 5000 for two years.
    assert flow["investment_cny"].tolist() == [-10_100, 0, 0]
    assert flow["saving_cny"].tolist() == near([0, 4000, 2400])
    assert flow["loan_subsidy_cny"].tolist() == near([0, 50, 50])
    assert flow["tax_credit_cny"].tolist() == [0, 0, 0]
    assert flow["net_cny"].tolist() == near([-10_100, 4050, 2450])
    assert flow["cumulative_cny"].tolist() == near([-10_100, -6050, -3600])
    assert flow["discounted_cny"].tolist() == near([-10_100, 4050 / 1.1, 2450 / 1.21])
    assert flow["cumulative_discounted_cny"].iloc[-1] == near(-10_100 + 4050 / 1.1 + 2450 / 1.21)


def test_counted_present_value_cuts_the_saving_and_not_the_support() -> None:
    found = study(
        lamp("half", 50, 10_000, system="s", life_years=2, **LOAN), lamp("quarter", 75, 100, system="s", life_years=1),
        **TENTH,
    )  # fmt: skip
    counted = {r["measure"]: r["counted_npv_cny"] for r in found.abatement_records}
    assert counted["quarter"] == near(1600 / 1.1 - 100)
    assert counted["half"] == near(-10_000 + 2450 / 1.1 + 2450 / 1.21)
    assert sum(counted.values()) == near(found.flow.records[-1]["cumulative_discounted_cny"])


def test_tax_credit_and_government_money_come_apart() -> None:
    bought = {
        "original_basis_cny": 10_000,
        "eligible_cny": 1000,
        "spent_on": "2025-06-01",
        "government_funded_cny": 200,
    }
    found = study(
        lamp("lamp", 90, 1000, life_years=2, **bought), price=[POWER],
        incentive=[{"rule": "special-equipment-retrofit-tax-credit"}],
        tax={"first_year": 2025, "payable_cny": [30, 900, 0, 0, 0, 0]},
    )  # fmt: skip
    flow = found.cash_flow()
    # 10 % of 1000 - 200, of which 30 in the first year and 50 in the second; no discount rate
    assert flow["government_funded_cny"].tolist() == [200, 0, 0]
    assert flow["tax_credit_cny"].tolist() == near([0, 30, 50])
    assert flow["saving_cny"].tolist() == near([0, 640, 640])
    assert flow["net_cny"].tolist() == near([-800, 670, 690])
    assert flow["discounted_cny"].isna().all()


def test_an_alternative_that_is_not_taken_is_not_paid_for() -> None:
    found = study(lamp("led", 50, 100, alternative="a"), lamp("neon", 60, 9000, alternative="a"), **MONEY)
    assert found.flow.records[0]["investment_cny"] == -100
    assert found.flow.counted.tolist() == [True, False]
    assert next(r for r in found.abatement_records if r["measure"] == "neon")["counted_npv_cny"] == 0


def test_what_is_not_known_is_left_out_and_said_so() -> None:
    bare = lamp("bare", 50, 0)
    del bare["investment_cny"]
    found = study(lamp("known", 50, 100), bare, **MONEY)
    assert found.flow.counted.tolist() == [True, True]
    assert found.flow.within.tolist() == [True, False]
    assert [r["net_cny"] for r in found.flow.records] == near([-100, 3200])
    assert study(bare).flow.records == []


def test_rows_in_any_order_flow_the_same() -> None:
    rows = [lamp(f"lamp {n}", 30 + n, 100 + 7 * n, system=f"s{n % 3}", life_years=1 + n % 5) for n in range(40)]
    one = study(*rows, price=[POWER], discount_rate=0.07).flow.records
    assert study(*rows[::-1], price=[POWER], discount_rate=0.07).flow.records == one
