"""Money of an upgrade against hand arithmetic, the worked examples of the policies, and laws."""

from __future__ import annotations

import datetime as dt
import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from carbon.benchmarks.upgrades import finance
from carbon.errors import UsageError

near = pytest.approx
rates = st.floats(-0.5, 2)
money = st.floats(-1e6, 1e6).map(lambda number: round(number, 2))


@pytest.mark.parametrize(
    ("investment", "saving", "years"),
    [(1_000_000, 400_000, 2.5), (1, 0, math.inf), (1, -5, math.inf), (0, 5, 0), (-10, 5, 0), (-10, -5, math.inf)],
)
def test_payback(investment: float, saving: float, years: float) -> None:
    assert finance.simple_payback(investment, saving) == years


def test_payback_of_unknown_is_unknown() -> None:
    assert math.isnan(finance.simple_payback(math.nan, 1))
    assert math.isnan(finance.simple_payback(1, math.nan))


def test_present_value_by_hand() -> None:
    assert finance.npv(0.1, [-1000, 1100, 1210]) == near(1000, rel=1e-12)  # -1000 + 1000 + 1000
    assert finance.npv(0, [-5, 1, 2]) == -2
    assert finance.npv(0.1, []) == 0
    assert finance.npv(0.1, [7]) == 7  # time 0 is not discounted


def test_internal_rate_by_hand() -> None:
    assert finance.irr([-100, 110]).rate == near(0.1, rel=1e-14)
    # 600 x + 600 x² = 1000: x = (-3 + √69) / 6
    assert finance.irr([-1000, 600, 600]).rate == near(6 / (math.sqrt(69) - 3) - 1, rel=1e-13)
    assert finance.irr([-100, 50, 50]).rate == near(0, abs=1e-14)
    assert finance.irr([-100, 20, 30]).rate == near(3 / (math.sqrt(31) - 1) - 1, rel=1e-13)  # 3x² + 2x = 10
    assert finance.irr([0, -100, 0, 121, 0]).rate == near(0.1, rel=1e-13)  # zeros before, between and after


@pytest.mark.parametrize("flows", [[], [0, 0], [-1, -2], [5, 0, 5]])
def test_no_change_of_sign_no_rate(flows: list[float]) -> None:
    assert finance.irr(flows) == finance.InternalRates((), 0)
    assert finance.irr(flows).rate is None


def test_several_changes_of_sign_are_said() -> None:
    # -1000 + 2300 x - 1320 x² = -1320 (x - 1/1.1) (x - 1/1.2)
    found = finance.irr([-1000, 2300, -1320])
    assert (found.rate, found.sign_changes) == (None, 2)
    assert found.rates == near((0.1, 0.2), rel=1e-11)
    # (1.1 x - 1) (1.2 x - 1) (1.5 x - 1) · 1000 = 1980 x³ - 4770 x² + 3800 x - 1000
    assert finance.irr([-1000, 3800, -4770, 1980]).rates == near((0.1, 0.2, 0.5), rel=1e-9)
    assert finance.irr([1, -1, 1]) == finance.InternalRates((), 2)  # x² - x + 1 is never 0


@pytest.mark.parametrize("power", range(-25, 26))
@pytest.mark.parametrize("years", [1, 2, 10, 100])
def test_a_rate_is_found_however_large_the_saving_is(power: int, years: int) -> None:
    saving = 10.0**power
    rate = finance.irr([-1, *[saving] * years]).rate
    assert rate is not None
    if years == 1:  # -1 + s / (1 + r) = 0
        assert 1 + rate == near(saving, rel=1e-12)
    elif power >= 13:  # later years weigh nothing
        assert rate == near(saving, rel=1e-11)


@given(st.floats(1, 1e6), st.lists(st.floats(1, 1e6), min_size=1, max_size=30))
def test_present_value_at_the_internal_rate_is_zero(investment: float, savings: list[float]) -> None:
    rate = finance.irr([-investment, *savings]).rate
    assert rate is not None
    sizes = finance.npv(rate, [investment, *savings])
    last_bits = 1e-15 * (1 + len(savings)) / min(1 + rate, 1)  # of 1 + rate, as often as it divides
    assert abs(finance.npv(rate, [-investment, *savings])) <= last_bits * sizes


@given(st.lists(money, min_size=2, max_size=12))
def test_every_rate_is_a_crossing_and_none_is_missed(flows: list[float]) -> None:
    found = finance.irr(flows)
    assert len(found.rates) <= found.sign_changes
    assert (found.sign_changes - len(found.rates)) % 2 == 0  # Descartes' rule of signs
    assert list(found.rates) == sorted(found.rates)
    for rate in found.rates:
        sizes = [
            abs(flow) * (1 + rate) ** (len(flows) - time if rate < 0 else -time) for time, flow in enumerate(flows)
        ]
        value = [math.copysign(size, flow) for size, flow in zip(sizes, flows, strict=True)]
        assert abs(math.fsum(value)) <= 1e-9 * math.fsum(sizes)


@given(rates, st.integers(1, 40))
def test_annuity_repays_a_loan(rate: float, years: int) -> None:
    payment = finance.annuity(rate, years)
    assert finance.npv(rate, [0, *[payment] * years]) == near(1, rel=1e-9)


def test_annuity_by_hand() -> None:
    assert finance.annuity(0, 4) == 0.25
    assert finance.annuity(0.1, 2) == near(1.21 / 2.1, rel=1e-14)  # 1 = a/1.1 + a/1.21
    assert finance.annuity(1e-12, 4) == near(0.25, rel=1e-9)


def test_abatement_cost_by_hand() -> None:
    assert finance.abatement_cost(-200_000, 1000) == 200
    assert finance.abatement_cost(50_000, 1000) == -50  # pays for itself
    assert finance.abatement_cost(50_000, 0) is None
    assert finance.abatement_cost(50_000, -1) is None
    # 2,100,000 · 1.21 / 2.1 = 1,210,000 a year, less 210,000, over 1000 t
    assert finance.levelised_abatement_cost(2_100_000, 210_000, 1000, 0.1, 2) == near(1000, rel=1e-12)
    assert finance.levelised_abatement_cost(1, 1, 0, 0.1, 2) is None


@given(money, money, st.floats(1, 1e4), rates, st.integers(1, 30))
def test_levelised_cost_discounts_emissions_like_money(
    investment: float, saving: float, saved: float, rate: float, years: int
) -> None:
    levelised = finance.levelised_abatement_cost(investment, saving, saved, rate, years)
    value = finance.npv(rate, [-investment, *[saving] * years])
    discounted = finance.npv(rate, [0, *[saved] * years])
    size = (abs(investment) + abs(saving)) / saved + 1
    assert levelised == near(-value / discounted, rel=1e-6, abs=1e-6 * size)
    undiscounted = finance.abatement_cost(finance.npv(0, [-investment, *[saving] * years]), saved * years)
    flat = finance.levelised_abatement_cost(investment, saving, saved, 0, years)
    assert flat == near(undiscounted, rel=1e-9, abs=1e-9 * size)


# Worked examples of the notices on loans for equipment: 财金〔2024〕54号 (1 point, 2 years, paid 2024-03-07 to
# 2024-12-31) and 发改环资〔2024〕1104号 (1.5 points, 2 years).
FIRST, LAST = dt.date(2024, 3, 7), dt.date(2024, 12, 31)


@pytest.mark.parametrize(
    ("points", "years", "paid", "subsidy"),
    [
        (1, 2, "2024-05-01", 200_000),  # 10,000,000 · 1 % · 2
        (1, 2, "2024-03-07", 200_000),
        (1, 2, "2024-12-31", 200_000),
        (1, 2, "2024-03-06", 0),
        (1, 2, "2025-01-01", 0),
        (1, 0.25, "2024-05-01", 25_000),  # a quarter
        (1.5, 1, "2024-08-01", 150_000),
        (1.5, 2, "2024-08-01", 300_000),
    ],
)
def test_subsidy_of_a_loan_outstanding_in_full(points: float, years: float, paid: str, subsidy: float) -> None:
    found = finance.interest_subsidy(10_000_000, points, years, dt.date.fromisoformat(paid), FIRST, LAST)
    assert found == near(subsidy, rel=1e-14)


@pytest.mark.parametrize(
    ("balances", "subsidy"),
    [
        ([(1, 10_000_000), (1, 5_000_000)], 150_000),  # 100,000 + 50,000
        ([(1.5, 10_000_000), (3, 4_000_000)], 170_000),  # 150,000 + 0.5 · 40,000: the third year has none
        ([(0.5, 10_000_000)], 50_000),  # paid back after half a year
        ([], 0),
    ],
)
def test_subsidy_goes_with_what_is_outstanding(balances: list[tuple[float, float]], subsidy: float) -> None:
    found = finance.interest_subsidy(10_000_000, 1, 2, FIRST, FIRST, LAST, balances)
    assert found == near(subsidy, rel=1e-14)


# Retrofit of special equipment (caps of 50 % of the basis, 10 % credit, five years); money in 10,000 yuan.
@pytest.mark.parametrize(
    ("spent", "government", "eligible", "credit"),
    [(600, 0, 500, 50), (400, 0, 400, 40), (600, 100, 500, 50), (600, 200, 400, 40), (0, 0, 0, 0)],
)
def test_credit_of_one_year(spent: float, government: float, eligible: float, credit: float) -> None:
    found = finance.tax_credit(1000, [spent], [government], [1000], 0.1, 0.5, 5)
    assert found.eligible == (eligible,)
    assert found.credit == near((credit,), rel=1e-14)
    assert found.used == found.credit


def test_credit_is_carried_forward() -> None:
    found = finance.tax_credit(1000, [600, 0, 0, 0], [0] * 4, [20] * 4, 0.1, 0.5, 5)
    assert found.used == (20, 20, 10, 0)
    assert found.carried == (30, 10, 0, 0)
    assert found.expired == (0, 0, 0, 0)


def test_credit_expires_after_the_years_of_carrying() -> None:
    found = finance.tax_credit(1000, [600, *[0] * 6], [0] * 7, [20, 0, 0, 0, 0, 0, 100], 0.1, 0.5, 5)
    assert found.used == (20, 0, 0, 0, 0, 0, 0)
    assert found.carried == (30, 30, 30, 30, 30, 0, 0)
    assert found.expired == (0, 0, 0, 0, 0, 30, 0)
    in_time = finance.tax_credit(1000, [600, *[0] * 6], [0] * 7, [20, 0, 0, 0, 0, 100, 0], 0.1, 0.5, 5)
    assert in_time.used == (20, 0, 0, 0, 0, 30, 0)


def test_cap_is_cumulative_and_the_oldest_credit_is_used_first() -> None:
    # eligible 300, then 200 of 300 (500 in all), then nothing; with one year of carrying 30 - 10 = 20 goes to year 1,
    # which uses 15 of it and loses 5; of its own 20 year 2 uses all
    found = finance.tax_credit(1000, [300, 300, 300], [0, 0, 0], [10, 15, 40], 0.1, 0.5, 1)
    assert found.eligible == (300, 200, 0)
    assert found.used == near((10, 15, 20))
    assert found.expired == near((0, 5, 0))


years_of_money = st.lists(st.tuples(*[st.integers(0, 1000)] * 3), min_size=1, max_size=9)


@given(st.integers(0, 3000), years_of_money, st.integers(0, 6))
def test_no_credit_is_lost_or_made(basis: int, years: list[tuple[int, int, int]], carry: int) -> None:
    own, funded, payable = (list(column) for column in zip(*years, strict=True))
    spent = [a + b for a, b in zip(own, funded, strict=True)]
    found = finance.tax_credit(basis, spent, funded, payable, 0.1, 0.5, carry)
    assert sum(found.credit) == near(sum(found.used) + found.carried[-1] + sum(found.expired), abs=1e-9)
    assert sum(found.eligible) <= min(basis * 0.5, sum(own)) + 1e-9
    assert all(used <= tax + 1e-9 for used, tax in zip(found.used, payable, strict=True))
    assert min(*found.carried, *found.expired, *found.used) >= 0


def test_impossible_numbers_are_refused() -> None:
    for call in (
        lambda: finance.npv(-1, [1]),
        lambda: finance.npv(-0.999_999, [0.0] * 100 + [1e6]),
        lambda: finance.irr([-1, math.nan]),
        lambda: finance.irr([-1, math.inf]),
        lambda: finance.annuity(0.1, 0),
        lambda: finance.annuity(math.nan, 1),
        lambda: finance.interest_subsidy(1, -1, 2, FIRST, FIRST, LAST),
        lambda: finance.interest_subsidy(1, 1, 2, FIRST, FIRST, LAST, [(1, 2)]),
        lambda: finance.tax_credit(1, [1], [2], [1], 0.1, 0.5, 5),
        lambda: finance.tax_credit(1, [1], [], [1], 0.1, 0.5, 5),
        lambda: finance.tax_credit(1, [math.nan], [0], [1], 0.1, 0.5, 5),
    ):
        with pytest.raises(UsageError):
            call()


def test_no_years_no_credit() -> None:
    assert finance.tax_credit(1, [], [], [], 0.1, 0.5, 5) == finance.TaxCredit((), (), (), (), ())


@given(st.floats(1, 1e6), st.floats(1, 1e6), rates)
def test_present_value_is_linear(first: float, second: float, rate: float) -> None:
    flows = [-first, second, first, second]
    assume(rate > -0.4)
    size = finance.npv(rate, [abs(flow) for flow in flows])
    assert finance.npv(rate, [3 * flow for flow in flows]) == near(3 * finance.npv(rate, flows), abs=1e-12 * size)
