"""Support of an upgrade: interest subsidy and tax credit, by dated rules that are data; every amount says its rule."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from carbon.benchmarks.policy import Rule, rules
from carbon.benchmarks.upgrades.files import StudyFile
from carbon.benchmarks.upgrades.finance import interest_subsidy, tax_credit
from carbon.benchmarks.upgrades.rows import Report, UnreadableError
from carbon.errors import Issues, Said, near_misses

LOAN, CREDIT = "interest-subsidy", "tax-credit"
YEARS = 30  # in which support may be received
Window = tuple[dt.date, dt.date]
_REPAID = {"bullet": "bullet", "equal": "equal", "一次还本": "bullet", "到期一次还本": "bullet", "等额本金": "equal"}
_ASKED = {
    LOAN: ("loan_cny", "loan_years", "loan_repayment", "loan_paid_on"),
    CREDIT: ("eligible_cny", "original_basis_cny", "spent_on"),
}


@dataclass(frozen=True)
class Scheme:
    """One support rule, put together from its rows.

    Attributes
    ----------
    rule, kind : str
        Name, and ``interest-subsidy`` or ``tax-credit``.
    values : dict of str to Fraction
        Its numbers by parameter.
    window : Window or None
        First and last day; None where none is printed and the study gives none.
    rows : tuple of Rule
        Where the numbers come from.
    """

    rule: str
    kind: str
    values: Mapping[str, Fraction]
    window: Window | None
    rows: tuple[Rule, ...]

    @property
    def source(self) -> str:
        """Document and lines of its rate."""
        return next(row for row in self.rows if row["parameter"] == "rate").source


@dataclass(frozen=True)
class Support:
    """Support of each measure.

    Attributes
    ----------
    subsidies, credits : float64[rows, years]
        Interest subsidy and tax credit by year after the investment: column 0 is received a year after it; NaN where
        it is asked for and cannot be decided. [CNY]
    schemes : tuple of Scheme
        Rules that the study takes part in.
    """

    subsidies: np.ndarray
    credits: np.ndarray
    schemes: tuple[Scheme, ...]

    @cached_property
    def flows(self) -> np.ndarray:
        """Both by year, as float64[rows, years] [CNY]."""
        return np.asarray(self.subsidies + self.credits)

    @cached_property
    def subsidy(self) -> np.ndarray:
        """Interest subsidy of all years together, as float64[rows] [CNY]."""
        return np.asarray(self.subsidies.sum(axis=1))

    @cached_property
    def credit(self) -> np.ndarray:
        """Tax credit of all years together, as float64[rows] [CNY]."""
        return np.asarray(self.credits.sum(axis=1))


_EXPIRED = Said("the tax payable, less what earlier rows took of it, is used up before it expires",
                "扣除前面各行已抵免额后，结转期内应纳税额不足")  # fmt: skip
_OPEN = Said("the study does not give the tax payable of all years to which it may be carried",
             "研究文件未给出全部可结转年度的应纳税额")  # fmt: skip


def schemes(study: StudyFile, issues: Issues, file: str = "upgrade.toml") -> tuple[Scheme, ...]:
    """Return the support rules that a study names; an unknown or second one of a kind is an issue (B666).

    Parameters
    ----------
    study : StudyFile
        The study; rules issued after its `as_of` do not exist.
    issues : Issues
        Receives what is wrong.
    file : str
        Where the study stands.
    """
    by_rule: dict[str, list[Rule]] = {}
    for row in rules("incentives"):
        if study.as_of is None or row.issued <= study.as_of:
            by_rule.setdefault(row["rule"], []).append(row)
    found: dict[str, Scheme] = {}
    for number, chosen in enumerate(study.incentive):
        rows = by_rule.get(chosen.rule, [])
        kind = rows[0]["kind"] if rows else ""
        if not rows or kind in found:
            first = found[kind].rule if rows else ""
            why = Said(f"{first} is of the same kind, of which one counts", f"与 {first} 属同一类，每类只计一项")
            issues.add("B666", file=file, column=f"incentive.{number}.rule", value=chosen.rule[:80],
                       why=why if rows else Said("no support rule has this name", "没有该名称的支持政策"),
                       near=[] if rows else near_misses(chosen.rule, by_rule), known=sorted(by_rule))  # fmt: skip
            continue
        values = {row["parameter"]: row.value for row in rows if row.value is not None}
        printed = next(((row["valid_from"], row["valid_to"]) for row in rows if row["parameter"] == "window"), None)
        window = None if printed is None else (dt.date.fromisoformat(printed[0]), dt.date.fromisoformat(printed[1]))
        if chosen.valid_from is not None and chosen.valid_to is not None:
            window = (chosen.valid_from, chosen.valid_to)
        found[kind] = Scheme(chosen.rule, kind, values, window, tuple(rows))
    return tuple(found.values())


def support_of(report: Report, study: StudyFile, chosen: tuple[Scheme, ...]) -> Support:
    """Return the support of every measure.

    Parameters
    ----------
    report : Report
        The table; receives what cannot be decided (B667), is outside its window (B668) or is not asked for (B669).
    study : StudyFile
        Tax payable.
    chosen : tuple of Scheme
        Rules that are counted.

    Notes
    -----
    The tax of the firm is one: a credit is set against what earlier rows of the table left of it.
    """
    size = len(report.table)
    days = {name: report.texts(name, _date) for name in ("loan_paid_on", "spent_on")}
    repaid = report.texts("loan_repayment", _repayment)
    flows = {}
    for kind, columns in _ASKED.items():
        scheme = next((s for s in chosen if s.kind == kind), None)
        asked = ~np.isnan(report.table.numbers[columns[0]]) & (report.table.numbers[columns[0]] > 0) & ~report.bad
        flows[kind] = np.zeros((size, YEARS))
        if scheme is None:
            report.warn("B669", asked, columns[0], known=sorted({r["rule"] for r in rules("incentives")
                                                                 if r["kind"] == kind}))  # fmt: skip
        else:
            day = days[columns[-1]]
            decided = _decided(report, study, scheme, asked, day, columns)
            flows[kind][asked & ~decided] = np.nan
            report.warn("B675", decided, columns[0], scheme.rule)
            if scheme.window is not None:
                lot = _loans if kind == LOAN else _credits
                flows[kind] += lot(report, study, scheme, scheme.window, decided, day, repaid)
    return Support(flows[LOAN], flows[CREDIT], chosen)


def _date(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text[:10])
    except ValueError as error:
        raise UnreadableError(code="B659") from error


def _repayment(text: str) -> str:
    if text.lower() not in _REPAID:
        raise UnreadableError(code="T127", near=("bullet", "equal"))
    return _REPAID[text.lower()]


def _decided(
    report: Report, study: StudyFile, scheme: Scheme, asked: np.ndarray, day: np.ndarray, columns: tuple[str, ...]
) -> np.ndarray:
    """Return the asked rows whose support can be computed; say why not of the others, and of those out of time."""
    table = report.table
    decided = asked.copy()

    def undecided(rows: np.ndarray, column: str, why: Said) -> None:
        report.warn("B667", rows & decided, column, scheme.rule, why=why)
        decided[rows] = False

    for name in columns[1:]:
        empty = np.isnan(table.numbers[name]) if name in table.numbers else table.codes[name] < 0
        undecided(asked & empty, name, Said(f"{name} is empty", f"{name} 为空"))
    if scheme.window is None:
        undecided(asked, columns[0], Said("the rule prints no window; give one in the study with its source",
                                          "政策文件未载明有效期，请在研究文件中填写有效期及出处"))  # fmt: skip
        return decided
    first, last = scheme.window
    late = np.array([d is not None and not first <= d <= last for d in day], dtype=bool)
    report.warn("B668", decided & late, columns[-1], scheme.rule, window=f"{first} – {last}", source=scheme.source)
    if scheme.kind == CREDIT:
        tax = study.tax
        years = np.array([d.year if d is not None else 0 for d in day])
        none = np.ones(len(day), dtype=bool)
        if tax is not None:
            none = (years < tax.first_year) | (years >= tax.first_year + len(tax.payable_cny))
        undecided(asked & ~late & none, "spent_on", Said("the study gives no tax payable for that year",
                                                         "研究文件未给出该年应纳税额"))  # fmt: skip
    return decided


def _loans(
    report: Report, study: StudyFile, scheme: Scheme, window: Window, rows: np.ndarray, day: np.ndarray,
    repaid: np.ndarray,
) -> np.ndarray:  # fmt: skip
    """Return interest subsidies by year: what is outstanding, for the years of the rule."""
    del study
    numbers, flows = report.table.numbers, np.zeros((len(rows), YEARS))
    points, term = float(scheme.values["rate"]), float(scheme.values["term"])
    for row in np.flatnonzero(rows).tolist():
        principal, years = float(numbers["loan_cny"][row]), float(numbers["loan_years"][row])
        whole = int(np.ceil(years))
        left = [principal * (1 - n / years) if repaid[row] == "equal" else principal for n in range(whole)]
        spans = [(min(1.0, years - n), left[n]) for n in range(whole)]
        sums = [interest_subsidy(principal, points, min(float(n), term), day[row], *window, spans)
                for n in range(int(np.ceil(term)) + 1)]  # fmt: skip
        flows[row, : len(sums) - 1] = np.diff(sums)
    return flows


def _credits(
    report: Report, study: StudyFile, scheme: Scheme, window: Window, rows: np.ndarray, day: np.ndarray,
    repaid: np.ndarray,
) -> np.ndarray:  # fmt: skip
    """Return tax credits by the year in which they are used, each against what earlier rows left of the tax."""
    del repaid
    numbers, flows = report.table.numbers, np.zeros((len(rows), YEARS))
    rate, cap, carry = (float(scheme.values[name]) for name in ("rate", "cap", "carry-forward"))
    left = {} if study.tax is None else {study.tax.first_year + n: x for n, x in enumerate(study.tax.payable_cny)}
    for row in np.flatnonzero(rows).tolist():
        if not window[0] <= day[row] <= window[1]:
            continue
        years = [y for y in range(day[row].year, day[row].year + int(carry) + 1) if y in left]
        spend = float(numbers["eligible_cny"][row]) - _nought(numbers["excluded_cny"][row])
        funded = min(_nought(numbers["government_funded_cny"][row]), spend)
        later = [0.0] * (len(years) - 1)
        credit = tax_credit(float(numbers["original_basis_cny"][row]), [spend, *later], [funded, *later],
                            [left[y] for y in years], rate / 100, cap / 100, int(carry))  # fmt: skip
        for number, (year, used) in enumerate(zip(years, credit.used, strict=True)):
            left[year] = max(left[year] - used, 0.0)
            flows[row, number] = used
        unused = credit.credit[0] - sum(credit.used)
        if unused > 0.005:
            last = day[row].year + int(carry)
            here = np.arange(len(rows)) == row
            if last in left:  # every year to which it could be carried is known
                report.warn("B673", here, "eligible_cny", f"{unused:.2f}", why=_EXPIRED)
            else:
                report.warn("B673", here, "eligible_cny", f"{unused:.2f}", why=_OPEN)
                flows[row] = np.nan
    return flows


def _nought(value: Any) -> float:
    """Return an optional deduction; an empty cell is none."""
    return 0.0 if np.isnan(value) else float(value)
