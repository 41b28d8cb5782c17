"""Money of measures: prices, present values, payback, cost of abatement, row by row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from carbon import units
from carbon.benchmarks.upgrades.files import Price, StudyFile
from carbon.benchmarks.upgrades.finance import annuity, irr
from carbon.benchmarks.upgrades.measures import Measures
from carbon.benchmarks.upgrades.rows import Report
from carbon.benchmarks.upgrades.support import Support
from carbon.errors import Issues, Said
from carbon.library import Library

WATER = "fresh-water"
_NEGLIGIBLE, _ABSURD = 1e-20, 1e25
HIGHEST_RATE = 1e4  # a year: what returns more than ten thousand times its price a year has no rate worth stating


@dataclass(frozen=True)
class Money:
    """Money of each measure [CNY, years, CNY/t]; NaN where it is not known.

    Attributes
    ----------
    energy_cost : dict of side to float64[rows]
        What the energy costs a year, before and after.
    cost_saved, yearly : float64[rows]
        Energy and water saved a year, and that with other savings.
    investment, funded, net : float64[rows]
        Investment, its part from government money, and what is left after all support.
    life, payback, npv, irr, abatement_cost : float64[rows]
        Payback is infinite where nothing is saved; `irr` is a share a year.
    missing : tuple of (Said, bool[rows])
        Why some of it is not known.
    """

    energy_cost: Mapping[str, np.ndarray]
    cost_saved: np.ndarray
    yearly: np.ndarray
    investment: np.ndarray
    funded: np.ndarray
    net: np.ndarray
    life: np.ndarray
    payback: np.ndarray
    npv: np.ndarray
    irr: np.ndarray
    abatement_cost: np.ndarray
    missing: tuple[tuple[Said, np.ndarray], ...]


def prices(study: StudyFile, library: Library, issues: Issues, file: str = "upgrade.toml") -> dict[str, Price]:
    """Return prices by item; one of an unknown item, a second one or one whose unit is no price is an issue (B664)."""
    found: dict[str, Price] = {}
    for number, price in enumerate(study.price):
        item = library.items.find(price.item)
        why = None
        if item is None:
            near = ", ".join(library.items.near(price.item))
            why = Said(f"no energy has this name; nearest: {near or '-'}", f"没有该名称的能源；相近：{near or '-'}")
        elif item.id in found:
            why = Said("it has a price already", "该品种已有价格")
        elif not _is_price(price):
            why = Said(f"{price.unit} is not money over a quantity", f"{price.unit} 不是“金额/数量”")
        if why is None and item is not None:
            found[item.id] = price
        else:
            issues.add("B664", file=file, column=f"price.{number}", value=price.item[:80], why=why)
    return found


def _is_price(price: Price) -> bool:
    try:
        if (price.ncv is None) != (not price.ncv_unit):
            return False
        if price.ncv_unit:
            units.parse(price.ncv_unit)
        return units.parse(price.unit).power("currency") == 1
    except units.UnitError:
        return False


def per_quantity(price: Price, unit: str) -> Fraction | None:
    """Return the price of one `unit` of a quantity [CNY]; None if the price is of something else.

    Examples
    --------
    >>> price = Price(item="electricity", value="0.6", unit="CNY/kWh", source="contract")
    >>> per_quantity(price, "万kWh")
    Fraction(6000, 1)
    """
    cny = units.parse("CNY")
    own = units.parse(price.unit)
    tries = [(price.value, own)]
    if price.ncv is not None:
        tries.append((price.value / price.ncv, own / units.parse(price.ncv_unit)))
    for value, one in tries:
        product = one * units.parse(unit)
        if product.dimension == cny.dimension:
            return value * product.scale / cny.scale
    return None


def _energy_cost(report: Report, measures: Measures, known: Mapping[str, Price], side: str) -> np.ndarray:
    """Return what the energy of one side costs a year; NaN without a price that fits (B662, B665)."""
    cost = np.full(len(report.table), np.nan)
    pairs = np.stack([measures.item[side], measures.unit[side]], axis=1)
    good = ~measures.bad
    for number, unit in np.unique(pairs[good], axis=0).tolist():
        item, here = measures.items[number], good & (pairs == (number, unit)).all(axis=1)
        price = known.get(item.id)
        each = None if price is None else per_quantity(price, measures.units[unit])
        if price is None:
            column = "item" if side == "before" else "item_after"
            report.warn("B662", here, column, item.id, name=Said(item.name_en, item.name_zh))
        elif each is None:
            report.warn("B665", here, "item", item.id, price=price.unit, unit=measures.units[unit])
        else:
            cost[here] = measures.energy[side][here] * float(each)
    return cost


def money_of(
    report: Report, measures: Measures, study: StudyFile, known: Mapping[str, Price], support: Support,
    co2e_saved: np.ndarray,
) -> Money:  # fmt: skip
    """Return the money of every measure.

    Parameters
    ----------
    report : Report
        Receives what is missing.
    measures : Measures
        Energy.
    study : StudyFile
        Discount rate and life.
    known : mapping of item to Price
        As `prices` gives them.
    support : Support
        Subsidy and credit.
    co2e_saved : float64[rows]
        A year, for the cost of abatement [t].

    Notes
    -----
    The investment is paid at time 0, savings and support at the end of each year; the cost of abatement is levelised,
    so that CO2e is discounted like money. Interest of a loan is left to the discount rate.
    """
    numbers, good = report.table.numbers, ~measures.bad
    same = (measures.item["before"] == measures.item["after"]) & (measures.unit["before"] == measures.unit["after"])
    cost = {"before": _energy_cost(report, measures, known, "before")}
    own = Report(report.table, Issues())  # the same carrier is reported once
    cost["after"] = _energy_cost(own, measures, known, "after")
    for issue in own.issues:
        rows = np.isin(report.table.line, issue.lines) & ~same
        report.warn(issue.code, rows, issue.column, issue.value, **issue.parts)
    energy = cost["before"] - cost["after"]
    watered = good & ~np.isnan(measures.water_m3)
    water = np.where(watered, np.nan, 0.0)
    if WATER in known and (each := per_quantity(known[WATER], "m3")) is not None:
        water[watered] = measures.water_m3[watered] * float(each)
    elif WATER in known:
        report.warn("B665", watered, "water_flow_m3_h", WATER, price=known[WATER].unit, unit="m3")
    else:
        report.warn("B662", watered, "water_flow_m3_h", WATER, name=Said("fresh water", "新水"))
    cost_saved = energy + water
    yearly = cost_saved + np.nan_to_num(numbers["maintenance_saving_cny"])
    investment = np.where(good, numbers["investment_cny"], np.nan)
    funded = np.nan_to_num(numbers["government_funded_cny"])
    net = investment - funded - support.subsidy - support.credit
    life = np.where(np.isnan(numbers["life_years"]), float(study.life_years or np.nan), numbers["life_years"])
    life[~good] = np.nan
    report.warn("B663", good & ~np.isnan(investment) & np.isnan(life), "life_years", "life_years")
    if study.discount_rate is None:
        report.warn("B663", good & ~np.isnan(investment), "", "discount_rate")
    with np.errstate(divide="ignore", invalid="ignore"):
        payback = np.where(yearly > 0, np.maximum(net, 0.0) / yearly, np.where(yearly <= 0, np.inf, np.nan))
    payback[np.isnan(net)] = np.nan
    rate = np.nan if study.discount_rate is None else study.discount_rate
    weight = (1 + rate) ** -np.arange(1.0, support.flows.shape[1] + 1)
    first = investment - funded - support.flows @ weight  # what is paid, as a present value
    factor = np.full(len(life), np.nan)
    for years in np.unique(life[~np.isnan(life)]).tolist() if study.discount_rate is not None else ():
        factor[life == years] = annuity(rate, years)
    npv = yearly / factor - first
    with np.errstate(divide="ignore", invalid="ignore"):
        abatement = np.where(co2e_saved > 0, (first * factor - yearly) / co2e_saved, np.nan)
    abatement[~(np.abs(abatement) < _ABSURD)] = np.nan
    rates = _internal_rates(investment - funded, yearly, support.flows, life)
    missing = (
        (Said("price of the energy", "能源价格"), good & np.isnan(cost_saved)),
        (Said("investment_cny", "投资额"), good & np.isnan(investment)),
        (Said("support that cannot be decided", "支持政策金额无法确定"),
         good & np.isnan(support.subsidy + support.credit)),
        (Said("life_years", "寿命"), good & np.isnan(life)),
        (Said("discount_rate", "折现率"), good & np.isnan(rate)),
        (Said("it saves no money, so it is never paid back", "不节省费用，无法回收"), good & np.isinf(payback)),
        (Said(f"its internal rate is above {100 * HIGHEST_RATE:,.0f} % a year; look at the figures",
              f"内部收益率高于每年 {100 * HIGHEST_RATE:,.0f} %，请核对数据"), good & np.isinf(rates)),
        (Said("its flows have no single internal rate", "现金流没有唯一的内部收益率"),
         good & np.isnan(rates) & ~np.isnan(yearly + net + life)),
    )  # fmt: skip
    rates[np.isinf(rates)] = np.nan
    return Money(cost, cost_saved, yearly, investment, funded, net, life, payback, npv, rates, abatement, missing)


def _internal_rates(paid: np.ndarray, yearly: np.ndarray, support: np.ndarray, life: np.ndarray) -> np.ndarray:
    """Return the internal rate of return of each row; infinite above `HIGHEST_RATE`.

    NaN where a row has none or several, or a number is not known.
    """
    found = np.full(len(paid), np.nan)
    ready = ~np.isnan(paid + yearly + life + support.sum(axis=1))
    supported = (support != 0).any(axis=1)
    for row in np.flatnonzero(ready).tolist():
        flows = [-float(paid[row]), *[float(yearly[row])] * int(life[row])]
        if supported[row]:
            got = np.trim_zeros(support[row], "b").tolist()
            flows += [0.0] * (len(got) + 1 - len(flows))
            for year, amount in enumerate(got, start=1):
                flows[year] += amount
        flows = [flow if abs(flow) > _NEGLIGIBLE else 0.0 for flow in flows]
        if max(map(abs, flows)) < _ABSURD:
            rate = irr(flows).rate
            found[row] = np.nan if rate is None else np.inf if rate > HIGHEST_RATE else rate
    return found


def check_parts(report: Report) -> None:
    """Report parts larger than their whole (B670), lives and counts that are not whole, loans of no time (B655)."""
    numbers = report.table.numbers
    for part, whole in (("government_funded_cny", "investment_cny"), ("loan_cny", "investment_cny"),
                        ("excluded_cny", "eligible_cny"), ("eligible_cny", "investment_cny")):  # fmt: skip
        with np.errstate(invalid="ignore"):
            report.error("B670", numbers[part] > numbers[whole], part, part, whole=whole)
    life, count, years = (np.where(report.bad, np.nan, numbers[n]) for n in ("life_years", "count", "loan_years"))
    for column, wrong, why in (
        ("life_years", life % 1 > 0, Said("a life is a whole number of years", "寿命须为整年数")),
        ("count", count % 1 > 0, Said("pieces are counted in whole numbers", "台数须为整数")),
        ("loan_years", years <= 0, Said("a loan runs for some time", "贷款年限须大于零")),
    ):
        for value in np.unique(numbers[column][wrong & ~report.bad]).tolist():
            report.error("B655", numbers[column] == value, column, f"{value:g}", kind=Said("any kind", "任何类别"),
                         why=why)  # fmt: skip
