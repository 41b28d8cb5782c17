"""Portfolios: shares of many lines at the benchmark, lines below the baseline, and dated targets held against them.

Shares go by capacity or by count, which are two different numbers and two different functions.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from carbon import units
from carbon.benchmarks.benchmarking import benchmark
from carbon.benchmarks.ladder import UNKNOWN
from carbon.benchmarks.policy import Rule, rules
from carbon.benchmarks.verdicts import Verdicts
from carbon.errors import Said

if TYPE_CHECKING:
    import pandas as pd

TARGET_COLUMNS = (
    "target_id", "subjects", "measure", "word", "comparison", "target", "unit", "due", "weight", "binding", "now",
    "lines", "unknown_lines", "verdict", "needed", "lines_to_mend", "document", "page", "digest_line", "quote", "note",
)  # fmt: skip
BELOW_COLUMNS = (
    "facility", "line", "product", "period", "value", "unit", "baseline", "gap", "gap_pct", "tce_to_save",
    "co2e_t_to_save", "deadline", "days_left", "level_id",
)  # fmt: skip


_NEEDED = {
    "capacity": Said("the capacity of {n} lines is not known", "有 {n} 条生产线的产能未知"),
    "open": Said(
        "{n} lines of unknown verdict decide ({most} % at most)", "取决于 {n} 条结论未知的生产线（至多 {most} %）"
    ),
    "points": Said("{points} percentage points: {amount} more", "还差 {points} 个百分点，即再增 {amount}"),
    "above": Said("more than now: equal is not enough", "须高于现值，等于不算达成"),
    "below": Said("{n} lines below the baseline: retrofit or exit", "{n} 条生产线低于基准水平：改造或退出"),
    "verdict": Said("the verdict of {n} lines", "{n} 条生产线的结论"),
    "base year": Said("the base year is not stated in the text", "文件未写明基期"),
    "base": Said("the same lines in {year} (base)", "{year} 年同口径数据（base）"),
    "both": Said("output and comparable energy of every line in both years", "两个年份各生产线的产量和可比能耗"),
    "fall": Said("specific energy from {now} to {limit} (base {then})", "单耗由 {now} 降至 {limit}（基期 {then}）"),
}


def share_by_capacity(reached: Sequence[bool | None], capacity: Sequence[float | None]) -> Share:
    """Return the share of capacity that reaches a level.

    Parameters
    ----------
    reached : sequence of bool or None
        Per line; None = not known.
    capacity : sequence of float or None
        Per line, all in one unit; None = not known.

    Examples
    --------
    >>> share = share_by_capacity([True, False, False], [9, 1, 1])
    >>> round(100 * float(share.least), 1), share.known
    (81.8, True)
    """
    if any(size is None for size in capacity):
        return Share(Fraction(0), Fraction(1), sum(r is None for r in reached))
    sizes = [Fraction(repr(float(size))) for size in capacity if size is not None]
    return _share(reached, sizes)


def share_by_count(reached: Sequence[bool | None]) -> Share:
    """Return the share of lines that reach a level, each line counting once.

    Examples
    --------
    >>> round(100 * float(share_by_count([True, False, False]).least), 1)
    33.3
    """
    return _share(reached, [Fraction(1)] * len(reached))


@dataclass(frozen=True)
class Share:
    """A share between what is certain and what is possible.

    Attributes
    ----------
    least, most : Fraction
        With the lines of unknown verdict outside and inside.
    unknown : int
        Lines of unknown verdict.
    """

    least: Fraction
    most: Fraction
    unknown: int

    @property
    def known(self) -> bool:
        """Whether both are the same."""
        return self.least == self.most

    def meets(self, comparison: str, wanted: Fraction) -> bool | None:
        """Return whether it is at least (``ge``) or above (``gt``) a share; None where the unknown lines decide."""
        inside = [share > wanted if comparison == "gt" else share >= wanted for share in (self.least, self.most)]
        return inside[0] if inside[0] == inside[1] else None


def _share(reached: Sequence[bool | None], sizes: Sequence[Fraction]) -> Share:
    whole = sum(sizes, Fraction(0))
    if not whole:
        return Share(Fraction(0), Fraction(1), len(reached))
    least = sum((s for r, s in zip(reached, sizes, strict=True) if r), Fraction(0))
    open_ = sum((s for r, s in zip(reached, sizes, strict=True) if r is None), Fraction(0))
    return Share(least / whole, (least + open_) / whole, sum(r is None for r in reached))


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
    """

    row: int
    subject: str
    rank: int
    better: bool | None
    gap_pct: float


@dataclass(frozen=True)
class Portfolio:
    """Many lines and what programmes ask of them.

    Attributes
    ----------
    verdicts : Verdicts
        Of every line.
    base : Verdicts or None
        Of the same lines in a base year, for targets of reduction.
    today : datetime.date
        From which the days to a deadline count.
    """

    verdicts: Verdicts
    base: Verdicts | None
    today: dt.date

    @cached_property
    def members(self) -> tuple[Member, ...]:
        """Every line once, also those whose verdict is unknown."""
        table, levels = self.verdicts.lines.table, self.verdicts.levels
        found: dict[int, Member] = {}
        for held, chief in zip(self.verdicts.sector, self.verdicts.chief, strict=True):
            value, level = held.value, held.levels[0]
            with np.errstate(invalid="ignore", divide="ignore"):
                better = value < level if held.ladder.lower else value > level
                gap = 100 * np.abs(value - level) / np.where(level == 0, np.nan, np.abs(level))
            for place in np.flatnonzero(chief).tolist():
                row = int(held.row[place])
                unknown = np.isnan(level[place]) or np.isnan(value[place])
                found[row] = Member(row, held.ladder.subject, int(held.rank[place]),
                                    None if unknown else bool(better[place]), float(gap[place]))  # fmt: skip
        for row in range(len(table)):
            if row not in found:
                subject = levels.product(table.text("product", row))[0]
                found[row] = Member(row, subject.id if subject else "", UNKNOWN, None, float("nan"))
        return tuple(found[row] for row in sorted(found))

    def of(self, subjects: Iterable[str] | None = None) -> list[Member]:
        """Return the members that make some products; all of them if None."""
        wanted = None if subjects is None else set(subjects)
        return [m for m in self.members if wanted is None or m.subject in wanted]

    def share_by_capacity(self, subjects: Iterable[str] | None = None, strict: bool = False) -> Share:
        """Return the share of capacity at or above the benchmark (better than it, if `strict`)."""
        members = self.of(subjects)
        return share_by_capacity([_reaches(m, strict) for m in members], self._capacities(members))

    def share_by_count(self, subjects: Iterable[str] | None = None, strict: bool = False) -> Share:
        """Return the share of lines at or above the benchmark (better than it, if `strict`)."""
        return share_by_count([_reaches(m, strict) for m in self.of(subjects)])

    def _capacities(self, members: Sequence[Member]) -> list[float | None]:
        """Return capacities in one unit, None for those not given; in no unit where they cannot be compared."""
        table = self.verdicts.lines.table
        found: list[float | None] = []
        first: units.Unit | None = None
        for member in members:
            size, text = table.numbers["capacity"][member.row], table.text("capacity_unit", member.row)
            try:
                unit = units.parse(text.removesuffix("/年").removesuffix("/a"))
                first = first or unit
                found.append(None if np.isnan(size) else float(size) * float(units.ratio(unit, first)))
            except (units.UnitError, units.DimensionError):
                found.append(None)
        return found

    def below_baseline(self) -> pd.DataFrame:
        """Return the lines below the baseline with what is to be saved and the days to the deadline."""
        import pandas as pd

        own = {(held.ladder.set_id, int(self.verdicts.lines.table.line[row]))
               for held, chief in zip(self.verdicts.sector, self.verdicts.chief, strict=True)
               for row in held.row[chief].tolist()}  # fmt: skip
        rows = [
            r for r in self.verdicts.records()
            if r["tier"] == "baseline" and r["verdict"] == "below-baseline" and (r["set"], r["source_line"]) in own
        ]  # fmt: skip
        for r in rows:
            r["baseline"] = r["level"]
            r["days_left"] = (dt.date.fromisoformat(r["deadline"]) - self.today).days if r["deadline"] else None
        return pd.DataFrame(rows, columns=list(BELOW_COLUMNS)).sort_values(["deadline", "facility", "line"])

    def target_records(self) -> list[dict[str, Any]]:
        """Return every dated target that speaks of these lines, held against them."""
        here = {m.subject for m in self.members}
        return [
            self._target(rule) for rule in rules("targets")
            if here & set(rule.subjects) and rule["measure"] in _MEASURES
        ]  # fmt: skip

    def targets(self) -> pd.DataFrame:
        """Return every dated target with ``met``, ``not met`` or ``unknown``, and what it would take.

        Returns
        -------
        pandas.DataFrame
            `now` in the unit of the target; `needed` says in words what is lacking; `lines_to_mend` names the lines
            nearest to the benchmark that would be enough.
        """
        import pandas as pd

        return pd.DataFrame(self.target_records(), columns=list(TARGET_COLUMNS))

    def _target(self, rule: Rule) -> dict[str, Any]:
        members = self.of(rule.subjects)
        record = {
            "target_id": rule.id, "subjects": "|".join(rule.subjects), "measure": rule["measure"], "word": rule["word"],
            "comparison": rule["comparison"], "target": None if rule.value is None else float(rule.value),
            "unit": rule["unit"], "due": rule["due"], "weight": rule["weight"], "binding": rule["binding"] == "yes",
            "lines": len(members), "unknown_lines": sum(m.rank == UNKNOWN for m in members), "now": None,
            "needed": None, "lines_to_mend": None, "document": rule.document, "page": rule["page"],
            "digest_line": rule["line"], "quote": rule["quote"], "note": rule["note"],
        }  # fmt: skip
        outcome, more = _MEASURES[rule["measure"]](self, rule, members)
        verdict = {True: "met", False: "not met", None: "unknown"}[outcome]
        return record | more | {"verdict": verdict}

    def say(self, what: str, **parts: object) -> str:
        """Return what is needed in the language of the portfolio."""
        phrase = _NEEDED[what]
        return (phrase.zh if self.verdicts.language == "zh" else phrase.en).format(**parts)

    def name(self, member: Member) -> str:
        """Return how a line is called: facility and line."""
        table = self.verdicts.lines.table
        return " ".join(filter(None, (table.text("facility", member.row), table.text("line", member.row))))


Outcome = tuple[bool | None, dict[str, Any]]


def _reaches(member: Member, strict: bool) -> bool | None:
    if strict:
        return member.better
    return None if member.rank == UNKNOWN else member.rank == 0


def _share_at_benchmark(portfolio: Portfolio, rule: Rule, members: list[Member]) -> Outcome:
    """Hold a share of capacity, or of lines, that reaches the benchmark (or is better than it) against a target."""
    strict, wanted = rule["reach"] == "strict", (rule.value or Fraction(0)) / 100
    by_capacity = rule["weight"] == "capacity"
    sizes = portfolio._capacities(members) if by_capacity else [1.0] * len(members)
    if None in sizes:
        lacking = sum(size is None for size in sizes)
        return None, {"needed": portfolio.say("capacity", n=lacking)}
    share = share_by_capacity([_reaches(m, strict) for m in members], sizes)
    outcome = share.meets(rule["comparison"], wanted)
    found: dict[str, Any] = {"now": float(100 * share.least)}
    if outcome is None:
        found["needed"] = portfolio.say("open", n=share.unknown, most=f"{float(100 * share.most):.4g}")
    if outcome is False:
        found |= _climb(portfolio, rule, members, [size or 0.0 for size in sizes], wanted, share.least)
    return outcome, found


def _climb(
    portfolio: Portfolio, rule: Rule, members: list[Member], sizes: list[float], wanted: Fraction, now: Fraction
) -> dict[str, Any]:
    """Return how much is lacking, and the lines nearest to the benchmark that would make it up."""
    strict = rule["reach"] == "strict"
    exact = [Fraction(repr(size)) for size in sizes]
    whole = sum(exact, Fraction(0))
    lacking = wanted - now
    pairs = [(m, size) for m, size in zip(members, exact, strict=True) if _reaches(m, strict) is False]
    named, gained = [], Fraction(0)
    for member, size in sorted(pairs, key=lambda pair: (pair[0].gap_pct, pair[0].row)):
        if gained > lacking * whole or (gained >= lacking * whole and rule["comparison"] != "gt"):
            break
        gained += size
        named.append(portfolio.name(member))
    amount = f"{float(lacking * whole):.6g} / {float(whole):.6g}"
    if not lacking:
        return {"needed": portfolio.say("above"), "lines_to_mend": "; ".join(named)}
    needed = portfolio.say("points", points=f"{float(100 * lacking):.4g}", amount=amount)
    return {"needed": needed, "lines_to_mend": "; ".join(named)}


def _none_below(portfolio: Portfolio, rule: Rule, members: list[Member]) -> Outcome:
    """Find lines below the baseline."""
    del rule
    below = [m for m in members if m.rank > 1]
    unknown = sum(m.rank == UNKNOWN for m in members)
    if below:
        named = "; ".join(portfolio.name(m) for m in below)
        needed = portfolio.say("below", n=len(below))
        return False, {"now": float(len(below)), "needed": needed, "lines_to_mend": named}
    if unknown:
        return None, {"now": 0.0, "needed": portfolio.say("verdict", n=unknown)}
    return True, {"now": 0.0}


def _unit_energy_reduction(portfolio: Portfolio, rule: Rule, members: list[Member]) -> Outcome:
    """Hold the fall of specific energy against a base year, weighted by output, against a target."""
    del members
    if not rule["base_year"]:
        return None, {"needed": portfolio.say("base year")}
    if portfolio.base is None:
        return None, {"needed": portfolio.say("base", year=rule["base_year"])}
    new = _made(portfolio.verdicts, rule.subjects, "")
    old = _made(portfolio.base, rule.subjects, rule["base_year"])
    if new is None or old is None or new.keys() != old.keys():
        return None, {"needed": portfolio.say("both")}
    now, then = _mean(new), _mean(old)
    if now is None or then is None or then <= 0:
        return None, {"needed": portfolio.say("both")}
    fall, wanted = 1 - now / then, (rule.value or Fraction(0)) / 100
    met = fall > wanted if rule["comparison"] == "gt" else fall >= wanted
    limit = then * (1 - wanted)
    found: dict[str, Any] = {"now": float(100 * fall)}
    if not met:
        shown = {"now": f"{float(now):.6g}", "limit": f"{float(limit):.6g}", "then": f"{float(then):.6g}"}
        found["needed"] = portfolio.say("fall", **shown)
    return met, found


Made = dict[tuple[str, str], tuple[Fraction, Fraction]]


def _made(verdicts: Verdicts, subjects: Sequence[str], year: str) -> Made | None:
    """Return energy and output by facility and line; None if one of them is not known, or cannot be compared."""
    table, levels = verdicts.lines.table, verdicts.levels
    texts = [levels.product(text)[0] for text in table.texts["product"]]
    wanted = np.array([*(s is not None and s.id in subjects for s in texts), False])[table.codes["product"]]
    if year:
        of_year = np.array([*(text.startswith(year) for text in table.texts["period"]), False])
        wanted &= of_year[table.codes["period"]]
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


_MEASURES: Mapping[str, Callable[[Portfolio, Rule, list[Member]], Outcome]] = {
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


def portfolio(
    lines: Any, *, base: Any = None, levels: Sequence[str] = ("sector",), today: dt.date | None = None, **options: Any
) -> Portfolio:
    """Hold a portfolio of lines against sector levels and the dated targets of the policies.

    Parameters
    ----------
    lines : table
        As for `carbon.benchmark`; `capacity` and `capacity_unit` for shares of capacity.
    base : table, optional
        The same lines in base years, for targets of reduction.
    levels : sequence of str
        Level sets; the sector levels if left out.
    today : datetime.date, optional
        From which days to deadlines count; the day of the call if left out.
    **options
        As for `carbon.benchmark`.

    Returns
    -------
    Portfolio

    Raises
    ------
    DataError
        If a table as a whole cannot be used.

    Examples
    --------
    >>> shared = {"product": "clinker", "unit": "kgce/t", "capacity_unit": "Mt"}
    >>> sizes = {"A": (99, 9), "B": (110, 1), "C": (120, 1)}
    >>> fleet = portfolio([shared | {"facility": n, "value": v, "capacity": c} for n, (v, c) in sizes.items()])
    >>> round(100 * float(fleet.share_by_capacity().least), 1), round(100 * float(fleet.share_by_count().least), 1)
    (81.8, 33.3)
    """
    chosen = list(levels)
    now = benchmark(lines, levels=chosen, **options)
    then = None if base is None else benchmark(base, levels=chosen, **options)
    return Portfolio(now, then, today or dt.date.today())
