"""Money of a whole study by year: what is paid at time 0, and what comes back at the end of each year after it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import numpy as np

from carbon.benchmarks.upgrades.abatement import ALTERNATIVE, COUNTED, INCREASE
from carbon.benchmarks.upgrades.finance import annuity

if TYPE_CHECKING:
    from carbon.benchmarks.upgrades.upgrading import Upgrade

CASH_COLUMNS = (
    "year", "investment_cny", "government_funded_cny", "saving_cny", "loan_subsidy_cny", "tax_credit_cny", "net_cny",
    "cumulative_cny", "discounted_cny", "cumulative_discounted_cny",
)  # fmt: skip


@dataclass(frozen=True)
class CashFlow:
    """Cash flow of the measures of a study that count.

    Attributes
    ----------
    records : list of dict
        A row per year from 0, with `CASH_COLUMNS`: money received less money paid [CNY]; the discounted ones are None
        without a discount rate. Empty where no measure is in it.
    counted, within : bool[rows]
        Measures that count beside the others, and those of them whose money is known, which the flow is of.
    """

    records: list[dict[str, Any]]
    counted: np.ndarray
    within: np.ndarray


def shares(study: Upgrade) -> np.ndarray:
    """Return the part of each measure's saving that counts after those that come first on its system, as float64[rows].

    It is 0 of an alternative that is not taken, and NaN where a saving is not known or not possible.
    """
    ranking, by_name = study.ranking, study.by_name
    saved = study.accounted.saved("co2e_t")
    counted = np.full(len(saved), np.nan)
    counted[by_name] = ranking.counted[:, 0]
    reason = np.empty(len(saved), dtype=object)
    reason[by_name] = ranking.reason
    with np.errstate(divide="ignore", invalid="ignore"):
        part = np.where(saved == 0, 1.0, counted / saved)
    part[~np.isin(reason, (COUNTED, INCREASE))] = np.nan
    part[reason == ALTERNATIVE] = 0.0
    return np.asarray(part)


def counted_npv(study: Upgrade) -> np.ndarray:
    """Return the net present value of what counts of each measure, as float64[rows] [CNY].

    npv - (1 - share) · yearly saving / annuity: the saving is cut as the CO2e is, what is paid and granted is not. It
    is 0 of an alternative that is not taken.
    """
    money, rate, part = study.money, study.study.discount_rate, study.shares
    worth = np.full(len(part), np.nan)  # of one unit of money a year, as long as the measure lives
    if rate is not None:
        for years in np.unique(money.life[~np.isnan(money.life)]).tolist():
            worth[money.life == years] = 1 / annuity(rate, years)
    return np.where(part == 0, 0.0, money.npv - (1 - part) * money.yearly * worth)


def cash_flow(study: Upgrade) -> CashFlow:
    """Return the cash flow of a study by year.

    flow[t] = Σ share · yearly saving (t ≤ life) + subsidy[t] + credit[t]; flow[0] = Σ government money - investment

    Parameters
    ----------
    study : Upgrade
        The study. Of each measure the share counts that is left after those before it on the same system; what is not
        taken of alternatives is not paid for either. Nothing is replaced at the end of its life.

    Returns
    -------
    CashFlow
        Discounted and summed it is the net present value of the study: the sum of ``counted_npv_cny``.
    """
    money, support, part = study.money, study.support, study.shares
    counted = part != 0  # NaN is neither counted nor left out by choice
    counted &= ~np.isnan(part)
    saving = part * money.yearly
    known = ~np.isnan(saving + money.investment + money.life + support.subsidy + support.credit)
    within = counted & known
    if not within.any():
        return CashFlow([], counted, within)
    saving, life = saving[within], money.life[within].astype(np.int64)
    of_life = {int(years): math.fsum(saving[life == years]) for years in np.unique(life)}
    subsidies, credited = ([math.fsum(column) for column in flows[within].T] for flows in
                           (support.subsidies, support.credits))  # fmt: skip
    received = [year for year, both in enumerate(zip(subsidies, credited, strict=True), start=1) if any(both)]
    years = range(1, max([*of_life, *received]) + 1)
    rows = [(0, -math.fsum(money.investment[within]), math.fsum(money.funded[within]), 0.0, 0.0, 0.0)]
    rows += [
        (year, 0.0, 0.0, math.fsum(value for life, value in of_life.items() if life >= year),
         subsidies[year - 1] if year <= len(subsidies) else 0.0, credited[year - 1] if year <= len(credited) else 0.0)
        for year in years
    ]  # fmt: skip
    net = [math.fsum(row[1:]) for row in rows]
    rate = study.study.discount_rate
    worth = [None] * len(net) if rate is None else [flow / (1 + rate) ** year for year, flow in enumerate(net)]
    sums = [None] * len(net) if rate is None else list(accumulate(worth))
    columns = zip(rows, net, accumulate(net), worth, sums, strict=True)
    return CashFlow([dict(zip(CASH_COLUMNS, (*row, *rest), strict=True)) for row, *rest in columns], counted, within)
