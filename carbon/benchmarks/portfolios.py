"""Portfolios: shares of many lines at the benchmark, lines below the baseline, and dated targets held against them.

Shares go by capacity or by count, which are two different numbers and two different functions.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from carbon import units
from carbon.benchmarks.benchmarking import benchmark
from carbon.benchmarks.ladder import UNKNOWN
from carbon.benchmarks.occurrences import Occurrences, capacities, occurrences, yearly
from carbon.benchmarks.policy import Rule, rules
from carbon.benchmarks.shares import Share, share_by_capacity, share_by_count
from carbon.benchmarks.verdicts import Verdicts
from carbon.errors import Issues, Said

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


SHARE_COLUMNS = (
    "product", "lines", "capacity_share_pct", "capacity_share_most_pct", "count_share_pct", "count_share_most_pct",
    "below", "unknown",
)  # fmt: skip
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
    occurrences : Occurrences
        Which row each line goes by.
    """

    verdicts: Verdicts
    base: Verdicts | None
    today: dt.date
    occurrences: Occurrences

    @cached_property
    def members(self) -> tuple[Member, ...]:
        """Every line once, by its newest period; also those whose verdict is unknown."""
        table, levels = self.verdicts.lines.table, self.verdicts.levels
        found: dict[int, Member] = {}
        for held, chief in zip(self.verdicts.sector, self.verdicts.chief, strict=True):
            value, level = held.value, held.levels[0]
            with np.errstate(invalid="ignore", divide="ignore"):
                better = value < level if held.ladder.lower else value > level
                gap = 100 * np.abs(value - level) / np.where(level == 0, np.nan, np.abs(level))
            own = not levels.sets[held.ladder.set_id].is_shipped
            for place in np.flatnonzero(chief & self.occurrences.newest[held.row]).tolist():
                row = int(held.row[place])
                unknown = np.isnan(level[place]) or np.isnan(value[place]) or self.occurrences.clash[row]
                rank = UNKNOWN if unknown else int(held.rank[place])
                found[row] = Member(row, held.ladder.subject, rank, None if unknown else bool(better[place]),
                                    float(gap[place]), own=own)  # fmt: skip
        nearest: dict[str, tuple[str, ...]] = {}
        for row in np.flatnonzero(self.occurrences.newest).tolist():
            if row not in found:
                text = table.text("product", row)
                subject = levels.product(text)[0]
                if subject is None and text not in nearest:
                    nearest[text] = tuple(word.split()[0] for word in levels.near(text, "product"))
                found[row] = Member(row, subject.id if subject else "", UNKNOWN, None, float("nan"),
                                    near=() if subject else nearest[text])  # fmt: skip
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
                unit = yearly(text)
                first = first or unit
                found.append(None if np.isnan(size) else float(size) * float(units.ratio(unit, first)))
            except (units.UnitError, units.DimensionError):
                found.append(None)
        return found

    @property
    def _standing(self) -> np.ndarray:
        """Rows by which lines go, but for those with no standing."""
        return np.asarray(self.occurrences.newest & ~self.occurrences.clash)

    def share_records(self) -> list[dict[str, Any]]:
        """Return the shares of every product as rows of ``shares.csv``; a name no level knows has its own row."""
        table, names = self.verdicts.lines.table, self.verdicts.levels.subjects
        groups: dict[str, list[Member]] = {}
        for m in self.members:
            known = names[m.subject].name(self.verdicts.language) if m.subject in names else m.subject
            groups.setdefault(known or table.text("product", m.row), []).append(m)
        rows = []
        for product, members in groups.items():
            reached = [_reaches(m, strict=False) for m in members]
            shares = share_by_capacity(reached, self._capacities(members)), share_by_count(reached)
            ends = [float(100 * end) for share in shares for end in (share.least, share.most)]
            more = (sum(m.rank > 1 for m in members), sum(m.rank == UNKNOWN for m in members))
            rows.append(dict(zip(SHARE_COLUMNS, (product, len(members), *ends, *more), strict=True)))
        return rows

    def below_baseline(self) -> pd.DataFrame:
        """Return the lines below the baseline with what is to be saved and the days to the deadline."""
        import pandas as pd

        return pd.DataFrame(self.below_records(), columns=list(BELOW_COLUMNS))

    def below_records(self) -> list[dict[str, Any]]:
        """Return the rows of `below_baseline`, by deadline."""
        own = {(held.ladder.set_id, int(self.verdicts.lines.table.line[row]))
               for held, chief in zip(self.verdicts.sector, self.verdicts.chief, strict=True)
               for row in held.row[chief & self._standing[held.row]].tolist()}  # fmt: skip
        rows = [
            r for r in self.verdicts.records()
            if r["tier"] == "baseline" and r["verdict"] == "below-baseline" and (r["set"], r["source_line"]) in own
        ]  # fmt: skip
        for r in rows:
            r["baseline"] = r["level"]
            r["days_left"] = (dt.date.fromisoformat(r["deadline"]) - self.today).days if r["deadline"] else None
        rows.sort(key=lambda r: tuple(r[name] or "" for name in ("deadline", "facility", "line")))
        return [{name: r[name] for name in BELOW_COLUMNS} for r in rows]

    def target_records(self) -> list[dict[str, Any]]:
        """Return every dated target that speaks of these lines, held against them."""
        here = {subject for m in self.members for subject in (m.subject, *m.near)}
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
        open_ = [m for m in self.members if not m.subject and set(m.near) & set(rule.subjects)]
        members = [replace(m, rank=UNKNOWN, better=None) if m.own else m for m in self.of(rule.subjects)] + open_
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
    parts = _by_product(members, sizes, strict)
    outcomes = {part.meets(rule["comparison"], wanted) for part in parts.values()}
    found: dict[str, Any] = {"now": float(100 * share.least)}
    if len(outcomes) > 1:  # how products are put together is not printed, and they do not agree
        names = portfolio.verdicts.levels.subjects
        shown = ", ".join(f"{names[s].name(portfolio.verdicts.language) if s in names else s} "
                          f"{float(100 * part.least):.4g} %" for s, part in parts.items())  # fmt: skip
        return None, {"needed": portfolio.say("products", shown=shown)}
    outcome = share.meets(rule["comparison"], wanted)
    if outcome is None:
        found["needed"] = portfolio.say("open", n=share.unknown, most=f"{float(100 * share.most):.4g}")
    if outcome is False:
        found |= _climb(portfolio, rule, members, [size or 0.0 for size in sizes], wanted, share.least)
    return outcome, found


def _by_product(members: Sequence[Member], sizes: Sequence[float | None], strict: bool) -> dict[str, Share]:
    """Return the share of each product on its own."""
    return {
        subject: share_by_capacity(
            [_reaches(m, strict) for m in members if m.subject == subject],
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
    pairs = [(m, size) for m, size in zip(members, exact, strict=True) if _reaches(m, strict) is False]
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
    if not rule["base_year"]:
        return None, {"needed": portfolio.say("base year")}
    if portfolio.base is None:
        return None, {"needed": portfolio.say("base", year=rule["base_year"])}
    if unknown := sum(m.rank == UNKNOWN and (not m.subject or m.own) for m in members):
        return None, {"needed": portfolio.say("verdict", n=unknown)}
    new = _made(portfolio.verdicts, rule.subjects, portfolio.occurrences.year)
    table = portfolio.base.lines.table
    of_year = np.array([*(text.startswith(rule["base_year"]) for text in table.texts["period"]), False])
    old = _made(portfolio.base, rule.subjects, of_year[table.codes["period"]])
    if new is None or old is None or new.keys() != old.keys():
        return None, {"needed": portfolio.say("both")}
    now, then = _mean(new), _mean(old)
    if now is None or then is None:
        return None, {"needed": portfolio.say("both")}
    if then <= 0:
        return None, {"needed": portfolio.say("negative")}
    fall, wanted = 1 - now / then, (rule.value or Fraction(0)) / 100
    met = fall > wanted if rule["comparison"] == "gt" else fall >= wanted
    limit = then * (1 - wanted)
    found: dict[str, Any] = {"now": float(100 * fall)}
    if not met:
        shown = {"now": f"{float(now):.6g}", "limit": f"{float(limit):.6g}", "then": f"{float(then):.6g}"}
        found["needed"] = portfolio.say("fall", **shown)
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
    once = occurrences(now.lines.table, now.issues)
    capacities(now.lines.table, now.issues)
    if then is not None:
        clash = occurrences(then.lines.table, Issues()).clash
        if clash.any():
            now.issues.add("B617", file=then.lines.table.file, lines=then.lines.table.line[clash], column="period")
    return Portfolio(now, then, today or dt.date.today(), once)
