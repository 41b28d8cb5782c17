"""Money of an upgrade: payback, present value, cost of abatement, interest subsidy and tax credit.

Money is in one currency, rates are shares a year (0.08, not 8), years are whole from time 0. No rate, cap or window
of any policy stands here: they are arguments.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from carbon.errors import UsageError


def _require(holds: bool, message: str) -> None:
    if not holds:
        raise UsageError(message)


def simple_payback(net_investment: float, yearly_saving: float) -> float:
    """Return the years after which undiscounted savings have paid a net investment.

    Parameters
    ----------
    net_investment, yearly_saving : float
        Investment less what is granted towards it; money saved a year.

    Returns
    -------
    float
        Infinite if nothing is saved, 0 if there is nothing to pay back, NaN if either number is.

    Examples
    --------
    >>> simple_payback(1_000_000, 400_000), simple_payback(1_000_000, 0)
    (2.5, inf)
    """
    if math.isnan(net_investment) or math.isnan(yearly_saving):
        return math.nan
    if yearly_saving <= 0:
        return math.inf
    return max(net_investment, 0.0) / yearly_saving


def npv(rate: float, flows: Sequence[float]) -> float:
    """Return the net present value: Σ flows[t] / (1 + rate)^t.

    Parameters
    ----------
    rate : float
        Discount rate, above -1.
    flows : sequence of float
        Money received less money paid at the time 0, 1, 2, … years.

    Raises
    ------
    UsageError
        If the rate is -1 or less, or the value passes all bounds.

    Examples
    --------
    >>> round(npv(0.1, [-1000, 1210]), 6)
    100.0
    """
    _require(rate > -1, "a rate must be above -1")
    value = 0.0
    for flow in reversed(flows):
        value = value / (1 + rate) + flow
    _require(not math.isinf(value), "the present value is too large to compute with")
    return value


@dataclass(frozen=True)
class InternalRates:
    """Rates at which a net present value crosses zero.

    Attributes
    ----------
    rates : tuple of float
        All of them, ascending.
    sign_changes : int
        Changes of sign along the flows: at 0 there is no rate, at 1 exactly one, above 1 there may be none or several.
    """

    rates: tuple[float, ...]
    sign_changes: int

    @property
    def rate(self) -> float | None:
        """The internal rate of return; None where the flows change sign not at all or more than once."""
        return self.rates[0] if self.sign_changes == 1 and self.rates else None


def irr(flows: Sequence[float]) -> InternalRates:
    """Return the internal rates of return of a series of flows.

    Every crossing of zero is bracketed, then halved to the last bit: between two of them the sum times (1 + rate)^k
    turns, and for a fit k its slope has one change of sign fewer (the proof of Descartes' rule of signs).

    Parameters
    ----------
    flows : sequence of float
        As in `npv`.

    Raises
    ------
    UsageError
        If a flow is unknown, infinite, or absurdly large or small.

    Examples
    --------
    >>> round(irr([-1000, 600, 600]).rate, 6)
    0.130662
    >>> [round(rate, 6) for rate in irr([-1000, 2300, -1320]).rates]
    [0.1, 0.2]
    """
    _require(all(1e-30 < abs(flow) < 1e30 for flow in flows if flow), "every flow must be 0 or from 1e-30 to 1e30")
    return InternalRates(tuple(sorted(map(math.expm1, _crossings(list(flows))))), len(_sign_changes(flows)))


def _sign_changes(flows: Sequence[float]) -> list[int]:
    """Return the times at which the sign differs from that of the nearest flow before."""
    signed = [time for time, flow in enumerate(flows) if flow]
    return [late for early, late in pairwise(signed) if (flows[early] < 0) != (flows[late] < 0)]


def _crossings(flows: list[float]) -> list[float]:
    """Return the forces of interest u = ln(1 + rate), ascending, at which Σ flows[t] · e^(-u t) changes its sign."""
    changes = _sign_changes(flows)
    if not changes:
        return []
    signed = [abs(flow) for flow in flows if flow]
    largest = max(signed)
    # Cauchy's bound of roots, and 1 beyond it, so that rounding does not decide on which side of the sum its ends lie
    low, high = -1 - math.log1p(largest / signed[-1]), 1 + math.log1p(largest / signed[0])
    turns = _crossings([(time - changes[0] + 0.5) * flow / largest for time, flow in enumerate(flows)])
    ends = [low, *(turn for turn in turns if low < turn < high), high]
    return [_halved(flows, a, b) for a, b in pairwise(ends) if _positive(flows, a) != _positive(flows, b)]


def _positive(flows: list[float], force: float) -> bool:
    """Return whether Σ flows[t] · e^(-force t) is above zero, summed from the far end that weighs least."""
    weight, value = math.exp(-abs(force)), 0.0
    for flow in reversed(flows) if force > 0 else flows:
        value = value * weight + flow
    return value > 0


def _halved(flows: list[float], low: float, high: float) -> float:
    before = _positive(flows, low)
    while low < (middle := (low + high) / 2) < high:
        low, high = (middle, high) if _positive(flows, middle) == before else (low, middle)
    return low


def annuity(rate: float, years: float) -> float:
    """Return the capital recovery factor [1/a]: what a year of equal payments is, per money lent at time 0.

    Parameters
    ----------
    rate, years : float
        Interest rate, above -1; number of payments, above 0.

    Raises
    ------
    UsageError
        If either is out of its range.

    Examples
    --------
    >>> round(annuity(0.1, 2), 6), annuity(0, 4)
    (0.57619, 0.25)
    """
    _require(rate > -1 and 0 < years < math.inf, "a rate must be above -1 and years above 0")
    return rate / -math.expm1(-years * math.log1p(rate)) if rate else 1 / years


def abatement_cost(net_present_value: float, saved: float) -> float | None:
    """Return the cost of abatement [money/t]: minus the net present value, over all CO2e saved in the life.

    Emissions are not discounted. It is negative where the measure pays for itself.

    Parameters
    ----------
    net_present_value, saved : float
        As `npv` gives it, and CO2e saved over the whole life [t].

    Returns
    -------
    float or None
        None if nothing is saved: more emission has no cost of abatement.

    Examples
    --------
    >>> abatement_cost(-200_000, 1000)
    200.0
    """
    return -net_present_value / saved if saved > 0 else None


def levelised_abatement_cost(
    net_investment: float, yearly_saving: float, yearly_saved: float, rate: float, years: float
) -> float | None:
    """Return the levelised cost of abatement [money/t]: yearly cost over yearly CO2e saved.

    The yearly cost is the investment as an annuity, less the money saved a year. For equal years it is `abatement_cost`
    with emissions discounted like money; at rate 0 both are one.

    Parameters
    ----------
    net_investment, yearly_saving : float
        As in `simple_payback`.
    yearly_saved : float
        CO2e saved a year [t].
    rate, years : float
        As in `annuity`.

    Returns
    -------
    float or None
        None if nothing is saved.

    Raises
    ------
    UsageError
        If the rate or the years are out of their range.

    Examples
    --------
    >>> levelised_abatement_cost(1_000_000, 50_000, 1000, 0, 10)
    50.0
    """
    cost = net_investment * annuity(rate, years) - yearly_saving
    return cost / yearly_saved if yearly_saved > 0 else None


def interest_subsidy(
    principal: float,
    points: float,
    years: float,
    paid_on: dt.date,
    window_from: dt.date,
    window_to: dt.date,
    balances: Sequence[tuple[float, float]] | None = None,
) -> float:
    """Return the interest subsidy on a loan: simple interest on what is outstanding, for at most some years.

    Parameters
    ----------
    principal : float
        Principal paid to the supplier.
    points, years : float
        Subsidy [percentage points a year] and the longest time for which it is given [a], from the day of payment.
    paid_on, window_from, window_to : datetime.date
        Day of payment, and the first and last day on which a payment counts.
    balances : sequence of (float, float), optional
        Years and the principal outstanding in them, in order from the day of payment; the year fractions carry the
        count of days. Without it the whole principal is outstanding for the longest time.

    Returns
    -------
    float
        0 if it was paid outside the window.

    Raises
    ------
    UsageError
        If a number is negative or unknown, or more is outstanding than was paid.

    Examples
    --------
    >>> first, last = dt.date(2024, 3, 7), dt.date(2024, 12, 31)
    >>> interest_subsidy(10_000_000, 1, 2, dt.date(2024, 5, 1), first, last)
    200000.0
    """
    spans = [(years, principal)] if balances is None else list(balances)
    _require(points >= 0 and years >= 0, "points and years must be 0 or more")
    _require(
        all(span >= 0 and 0 <= balance <= principal for span, balance in spans),
        "spans must be 0 or more and balances from 0 to the principal",
    )
    if not window_from <= paid_on <= window_to:
        return 0.0
    interest, left = [], years
    for span, balance in spans:
        interest.append(balance * points / 100 * min(span, left))
        left = max(left - span, 0.0)
    return math.fsum(interest)


@dataclass(frozen=True)
class TaxCredit:
    """A tax credit year by year; what was credited is used, carried on at the end, or expired.

    Attributes
    ----------
    eligible, credit : tuple of float
        Spending that counts, and the credit it earns.
    used, carried, expired : tuple of float
        Credit set against the tax of the year, left for later years at its end, and lost at its end.
    """

    eligible: tuple[float, ...]
    credit: tuple[float, ...]
    used: tuple[float, ...]
    carried: tuple[float, ...]
    expired: tuple[float, ...]


def tax_credit(
    original_basis: float,
    spend_by_year: Sequence[float],
    government_funded_by_year: Sequence[float],
    tax_payable_by_year: Sequence[float],
    rate: float,
    cap_share: float,
    carry_years: int,
) -> TaxCredit:
    """Return the tax credit on spending for the retrofit of one piece of equipment.

    Three readings where a rule may not say: government money is taken off before the cap, the cap is cumulative over
    all years, and the oldest credit is used first.

    Parameters
    ----------
    original_basis : float
        Tax basis of the equipment when it was bought.
    spend_by_year, government_funded_by_year, tax_payable_by_year : sequence of float, one per consecutive year
        Spending, the part of it that government money paid, and tax payable.
    rate, cap_share : float
        Credit as a share of eligible spending, and the most that is eligible as a share of the basis.
    carry_years : int
        Years after the one of spending in which what is left can still be used.

    Raises
    ------
    UsageError
        If the years differ in number, a number is negative or unknown, or government paid more than was spent.

    Examples
    --------
    >>> tax_credit(1000, [600, 0, 0], [0, 0, 0], [20, 20, 20], 0.1, 0.5, 5).used
    (20.0, 20.0, 10.0)
    """
    columns = (spend_by_year, government_funded_by_year, tax_payable_by_year)
    _require(len({len(column) for column in columns}) == 1, "spending, government money and tax need the same years")
    numbers = (original_basis, rate, cap_share, carry_years, *(number for column in columns for number in column))
    _require(all(0 <= number < math.inf for number in numbers), "every number must be finite and 0 or more")
    room, lots, rows = cap_share * original_basis, list[float](), []
    for spent, funded, payable in zip(*columns, strict=True):
        _require(funded <= spent, "government money must be a part of what was spent")
        eligible = min(spent - funded, room)
        room -= eligible
        lots.append(rate * eligible)  # oldest first
        used, due = [], float(payable)
        for lot in lots:
            used.append(min(lot, due))
            due -= used[-1]
        lots = [lot - part for lot, part in zip(lots, used, strict=True)]
        expired = lots.pop(0) if len(lots) > carry_years else 0.0
        rows.append((eligible, rate * eligible, math.fsum(used), math.fsum(lots), expired))
    return TaxCredit(*zip(*rows, strict=True)) if rows else TaxCredit((), (), (), (), ())
