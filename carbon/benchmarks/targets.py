"""Dated targets of the policies, held against a portfolio: shares at the benchmark, none below the baseline, falls."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from carbon.benchmarks.ladder import UNKNOWN
from carbon.benchmarks.occurrences import occurrences
from carbon.benchmarks.policy import Rule
from carbon.benchmarks.shares import Share, share_by_capacity
from carbon.benchmarks.verdicts import Verdicts
from carbon.errors import Issues, Said

if TYPE_CHECKING:
    from carbon.benchmarks.portfolios import Portfolio

_NEEDED = {
    "capacity": Said("the capacity of {n} lines is not known", "有 {n} 条生产线的产能未知"),
    "open": Said(
        "{n} lines of unknown verdict decide ({most} % at most)", "取决于 {n} 条结论未知的生产线（至多 {most} %）"
    ),
    "points": Said("{points} percentage points: {amount} more", "还差 {points} 个百分点，即再增 {amount}"),
    "products": Said(
        "the text does not say how products are put together, and they differ: {shown}",
        "文件未说明各产品如何合并计算，而其占比不一：{shown}",
    ),
    "negative": Said("a fall from a figure of 0 or less, which is not defined", "基期数值不大于 0，降幅无定义"),
    "above": Said("more than now: equal is not enough", "须高于现值，等于不算达成"),
    "below": Said("{n} lines below the baseline: retrofit or exit", "{n} 条生产线低于基准水平：改造或退出"),
    "verdict": Said("the verdict of {n} lines", "{n} 条生产线的结论"),
    "base year": Said("the base year is not stated in the text", "文件未写明基期"),
    "base": Said("the same lines in {year} (base)", "{year} 年同口径数据（base）"),
    "both": Said("output and comparable energy of every line in both years", "两个年份各生产线的产量和可比能耗"),
    "fall": Said("specific energy from {now} to {limit} (base {then})", "单耗由 {now} 降至 {limit}（基期 {then}）"),
}


@dataclass(frozen=True)
class Member:
    """A line of a portfolio held against its sector level.

    Attributes
    ----------
    rank : int
        0 = at the benchmark, 1 = between, 2 = below the baseline, -1 = unknown.
    better : bool or None
        Whether it is strictly better than the benchmark.
    gap_pct : float
        To the benchmark, per cent of it; NaN if unknown.
    near : tuple of str
        Products that a name which no level knows may mean; such a line keeps their targets open.
    own : bool
        Whether it was held against the user's own levels, by which no target of a programme goes.
    """

    row: int
    subject: str
    rank: int
    better: bool | None
    gap_pct: float
    near: tuple[str, ...] = ()
    own: bool = False

    def reaches(self, strict: bool = False) -> bool | None:
        """Return whether it is at the benchmark, or better than it if `strict`; None where that is not known."""
        if strict:
            return self.better
        return None if self.rank == UNKNOWN else self.rank == 0


Outcome = tuple[bool | None, dict[str, Any]]


def _say(portfolio: Portfolio, what: str, **parts: object) -> str:
    """Return what is needed in the language of the portfolio."""
    phrase = _NEEDED[what]
    return (phrase.zh if portfolio.verdicts.language == "zh" else phrase.en).format(**parts)


def _share_at_benchmark(portfolio: Portfolio, rule: Rule, members: list[Member]) -> Outcome:
    """Hold a share of capacity, or of lines, that reaches the benchmark (or is better than it) against a target."""
    strict, wanted = rule["reach"] == "strict", (rule.value or Fraction(0)) / 100
    by_capacity = rule["weight"] == "capacity"
    sizes = portfolio.sizes(members) if by_capacity else [1.0] * len(members)
    if None in sizes:
        lacking = sum(size is None for size in sizes)
        return None, {"needed": _say(portfolio, "capacity", n=lacking)}
    share = share_by_capacity([m.reaches(strict) for m in members], sizes)
    parts = _by_product(members, sizes, strict)
    outcomes = {part.meets(rule["comparison"], wanted) for part in parts.values()}
    found: dict[str, Any] = {"now": float(100 * share.least)}
    if len(outcomes) > 1:  # how products are put together is not printed, and they do not agree
        names = portfolio.verdicts.levels.subjects
        shown = ", ".join(f"{names[s].name(portfolio.verdicts.language) if s in names else s} "
                          f"{float(100 * part.least):.4g} %" for s, part in parts.items())  # fmt: skip
        return None, {"needed": _say(portfolio, "products", shown=shown)}
    outcome = share.meets(rule["comparison"], wanted)
    if outcome is None:
        found["needed"] = _say(portfolio, "open", n=share.unknown, most=f"{float(100 * share.most):.4g}")
    if outcome is False:
        found |= _climb(portfolio, rule, members, [size or 0.0 for size in sizes], wanted, share.least)
    return outcome, found


def _by_product(members: Sequence[Member], sizes: Sequence[float | None], strict: bool) -> dict[str, Share]:
    """Return the share of each product on its own."""
    return {
        subject: share_by_capacity(
            [m.reaches(strict) for m in members if m.subject == subject],
            [size for m, size in zip(members, sizes, strict=True) if m.subject == subject],
        )
        for subject in dict.fromkeys(m.subject for m in members if m.subject)
    }


def _climb(
    portfolio: Portfolio, rule: Rule, members: list[Member], sizes: list[float], wanted: Fraction, now: Fraction
) -> dict[str, Any]:
    """Return how much is lacking, and the lines nearest to the benchmark that would make it up."""
    strict = rule["reach"] == "strict"
    exact = [Fraction(repr(size)) for size in sizes]
    whole = sum(exact, Fraction(0))
    lacking = wanted - now
    pairs = [(m, size) for m, size in zip(members, exact, strict=True) if m.reaches(strict) is False]
    named, gained = [], Fraction(0)
    for member, size in sorted(pairs, key=lambda pair: (pair[0].gap_pct, pair[0].row)):
        if gained > lacking * whole or (gained >= lacking * whole and rule["comparison"] != "gt"):
            break
        gained += size
        named.append(portfolio.name(member))
    if rule["weight"] == "count":
        amount = f"{math.ceil(lacking * whole)} / {whole}"
    else:
        unit = next((portfolio.verdicts.lines.table.text("capacity_unit", m.row) for m in members), "")
        amount = f"{float(lacking * whole):,.0f} / {float(whole):,.0f} {unit}".strip()
    if not lacking:
        return {"needed": _say(portfolio, "above"), "lines_to_mend": "; ".join(named)}
    needed = _say(portfolio, "points", points=f"{float(100 * lacking):.4g}", amount=amount)
    return {"needed": needed, "lines_to_mend": "; ".join(named)}


def _none_below(portfolio: Portfolio, rule: Rule, members: list[Member]) -> Outcome:
    """Find lines below the baseline."""
    del rule
    below = [m for m in members if m.rank > 1]
    unknown = sum(m.rank == UNKNOWN for m in members)
    if below:
        named = "; ".join(portfolio.name(m) for m in below)
        needed = _say(portfolio, "below", n=len(below))
        return False, {"now": float(len(below)), "needed": needed, "lines_to_mend": named}
    if unknown:
        return None, {"now": 0.0, "needed": _say(portfolio, "verdict", n=unknown)}
    return True, {"now": 0.0}


def _unit_energy_reduction(portfolio: Portfolio, rule: Rule, members: list[Member]) -> Outcome:
    """Hold the fall of specific energy against a base year, weighted by output, against a target."""
    if not rule["base_year"]:
        return None, {"needed": _say(portfolio, "base year")}
    if portfolio.base is None:
        return None, {"needed": _say(portfolio, "base", year=rule["base_year"])}
    if unknown := sum(m.rank == UNKNOWN and (not m.subject or m.own) for m in members):
        return None, {"needed": _say(portfolio, "verdict", n=unknown)}
    new = _made(portfolio.verdicts, rule.subjects, portfolio.occurrences.year)
    table = portfolio.base.lines.table
    of_year = np.array([*(text.startswith(rule["base_year"]) for text in table.texts["period"]), False])
    old = _made(portfolio.base, rule.subjects, of_year[table.codes["period"]])
    if new is None or old is None or new.keys() != old.keys():
        return None, {"needed": _say(portfolio, "both")}
    now, then = _mean(new), _mean(old)
    if now is None or then is None:
        return None, {"needed": _say(portfolio, "both")}
    if then <= 0:
        return None, {"needed": _say(portfolio, "negative")}
    fall, wanted = 1 - now / then, (rule.value or Fraction(0)) / 100
    met = fall > wanted if rule["comparison"] == "gt" else fall >= wanted
    limit = then * (1 - wanted)
    found: dict[str, Any] = {"now": float(100 * fall)}
    if not met:
        shown = {"now": f"{float(now):.6g}", "limit": f"{float(limit):.6g}", "then": f"{float(then):.6g}"}
        found["needed"] = _say(portfolio, "fall", **shown)
    return met, found


Made = dict[tuple[str, str], tuple[Fraction, Fraction]]


def _made(verdicts: Verdicts, subjects: Sequence[str], rows: np.ndarray) -> Made | None:
    """Return energy and output by facility and line; None if one of them is not known, or cannot be compared."""
    table, levels = verdicts.lines.table, verdicts.levels
    texts = [levels.product(text)[0] for text in table.texts["product"]]
    wanted = np.array([*(s is not None and s.id in subjects for s in texts), False])[table.codes["product"]] & rows
    if (wanted & occurrences(table, Issues()).clash).any():
        return None
    found: Made = {}
    for held, chief in zip(verdicts.sector, verdicts.chief, strict=True):
        for row, value in zip(held.row[chief].tolist(), held.value[chief].tolist(), strict=True):
            made = table.numbers["output"][row]
            if wanted[row] and not np.isnan(made) and not np.isnan(value):
                name = (table.text("facility", row), table.text("line", row))
                energy, output = found.get(name, (Fraction(0), Fraction(0)))
                exact = Fraction(repr(float(made)))
                found[name] = (energy + Fraction(repr(value)) * exact, output + exact)
                wanted[row] = False
    return None if wanted.any() or not found else found


def _mean(made: Made) -> Fraction | None:
    """Return energy per output over some lines."""
    output = sum((amount for _, amount in made.values()), Fraction(0))
    return sum((energy for energy, _ in made.values()), Fraction(0)) / output if output else None


MEASURES: Mapping[str, Callable[[Portfolio, Rule, list[Member]], Outcome]] = {
    "share-at-benchmark": _share_at_benchmark,
    "none-below-baseline": _none_below,
    "unit-energy-reduction": _unit_energy_reduction,
}


def check_change(rule: Rule, base: float, now: float, tolerance: float | None = None) -> bool | None:
    """Return whether a figure meets a target of change or a plain share.

    Parameters
    ----------
    rule : Rule
        A target: ``share-increase`` (percentage points), ``share``, ``unit-energy-reduction``,
        ``intensity-reduction`` (per cent) or ``absolute-reduction``.
    base, now : float
        In the base year and now, in the unit of the target (shares in per cent).
    tolerance : float, optional
        What 左右 and 约 may mean, in the unit of the target; nothing is printed, so without it a miss is unknown.

    Returns
    -------
    bool or None
        None where only a tolerance that nobody printed could tell.

    Examples
    --------
    >>> from carbon.benchmarks.policy import rules
    >>> rule = next(r for r in rules("targets") if r["measure"] == "share-increase" and r["value"] == "10")
    >>> check_change(rule, base=30.0, now=40.0), check_change(rule, base=30.0, now=39.9)
    (True, False)
    """
    old, new = Fraction(repr(float(base))), Fraction(repr(float(now)))
    wanted = rule.value or Fraction(0)
    change = {
        "share": new, "share-increase": new - old, "absolute-reduction": old - new,
        "unit-energy-reduction": 100 * (old - new) / old if old else None,
        "intensity-reduction": 100 * (old - new) / old if old else None,
    }.get(rule["measure"])  # fmt: skip
    if change is None:
        return None
    if rule["comparison"] == "gt":
        return change > wanted
    if change >= wanted:
        return True
    if rule["comparison"] == "about":
        return None if tolerance is None else change >= wanted - Fraction(repr(float(tolerance)))
    return False
