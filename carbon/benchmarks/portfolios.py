"""Portfolios: shares of many lines at the benchmark, lines below the baseline, and dated targets held against them.

Shares go by capacity or by count, which are two different numbers and two different functions.
"""

from __future__ import annotations

import datetime as dt
import platform
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from carbon import units
from carbon.benchmarks.benchmarking import verdicts_on
from carbon.benchmarks.ladder import UNKNOWN
from carbon.benchmarks.occurrences import Occurrences, capacities, occurrences, yearly
from carbon.benchmarks.policy import Rule, rules
from carbon.benchmarks.shares import Share, share_by_capacity, share_by_count
from carbon.benchmarks.targets import MEASURES, Member
from carbon.benchmarks.verdicts import Verdicts
from carbon.errors import DataError, Issues
from carbon.inventory.provenance import LIBRARIES, version
from carbon.reading import source_of

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
        return share_by_capacity([m.reaches(strict) for m in members], self.sizes(members))

    def share_by_count(self, subjects: Iterable[str] | None = None, strict: bool = False) -> Share:
        """Return the share of lines at or above the benchmark (better than it, if `strict`)."""
        return share_by_count([m.reaches(strict) for m in self.of(subjects)])

    def sizes(self, members: Sequence[Member]) -> list[float | None]:
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
            reached = [m.reaches() for m in members]
            shares = share_by_capacity(reached, self.sizes(members)), share_by_count(reached)
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
            if here & set(rule.subjects) and rule["measure"] in MEASURES
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
        outcome, more = MEASURES[rule["measure"]](self, rule, members)
        verdict = {True: "met", False: "not met", None: "unknown"}[outcome]
        return record | more | {"verdict": verdict}

    @cached_property
    def provenance(self) -> dict[str, Any]:
        """Versions, digests of the tables and of the levels, options, and how many lines were compared."""
        table, levels = self.verdicts.lines.table, self.verdicts.levels
        inputs = {table.file: table.digest}
        if self.base is not None:
            older = self.base.lines.table
            inputs[f"base: {older.file}"] = older.digest
        bad = int(table.bad.sum())
        return {
            "versions": {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}},
            "inputs": inputs,
            "levels_sha256": levels.digest,
            "own_levels": [name for name, one in levels.sets.items() if not one.is_shipped],
            "options": {"language": self.verdicts.language, "today": str(self.today)},
            "lines": {"read": len(table), "computed": len(table) - bad, "bad": bad},
            "issues": self.verdicts.issues.counts(),
        }

    def name(self, member: Member) -> str:
        """Return how a line is called: facility and line."""
        table = self.verdicts.lines.table
        return " ".join(filter(None, (table.text("facility", member.row), table.text("line", member.row))))


def _base(lines: Any, issues: Issues, **options: Any) -> Verdicts:
    """Return the verdicts on the lines of base years; what is found there is added to the issues of the portfolio."""
    own = Issues()
    try:
        source = source_of(lines, own, "lines")
        source = source if source.digest else replace(source, file="base")
        found = verdicts_on(source, **options | {"issues": own})
    except DataError as error:
        raise DataError(issues + error.issues) from error
    issues.extend(own)
    return found


def portfolio(
    lines: Any, *, base: Any = None, levels: Sequence[str] = ("sector",), today: dt.date | None = None, **options: Any
) -> Portfolio:
    """Hold a portfolio of lines against sector levels and the dated targets of the policies.

    Parameters
    ----------
    lines : table
        As for `carbon.benchmark`; `capacity` and `capacity_unit` for shares of capacity.
    base : table, optional
        The same lines in base years, for targets of reduction; what is wrong there is an issue of the portfolio.
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
    now = verdicts_on(lines, levels=chosen, **options)
    then = None if base is None else _base(base, now.issues, levels=chosen, **options)
    once = occurrences(now.lines.table, now.issues)
    capacities(now.lines.table, now.issues)
    if then is not None:
        clash = occurrences(then.lines.table, Issues()).clash
        if clash.any():
            now.issues.add("B617", file=then.lines.table.file, lines=then.lines.table.line[clash], column="period")
    return Portfolio(now, then, today or dt.date.today(), once)
