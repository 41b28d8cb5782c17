"""Verdicts: where lines stand on the ladders of their product, by how much, and what it would save to climb them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from carbon import units
from carbon.benchmarks.conditions import Interval, in_words
from carbon.benchmarks.gates import Gates
from carbon.benchmarks.holding import Held, Refused, hold, meets
from carbon.benchmarks.judge import Match, coefficient, find_ladders
from carbon.benchmarks.ladder import UNKNOWN, Ladder, rank
from carbon.benchmarks.levels import Levels
from carbon.benchmarks.lines import Lines
from carbon.benchmarks.plausible import doubt_lines, not_above_zero
from carbon.errors import Issues, catalogue
from carbon.library import Factor, Library

if TYPE_CHECKING:
    import pandas as pd

VERDICTS = {"sector": ("at-benchmark", "between", "below-baseline"), "ets": ("within", "above")}
COLUMNS = (
    "facility", "line", "process", "product", "period", "set", "indicator", "boundary", "condition", "verdict", "value",
    "unit", "tier", "level", "correction", "reached", "gap", "gap_pct", "tce_to_save", "co2e_t_to_save",
    "co2e_t_per_tce", "factors", "deadline",
    "gate", "reason", "verification", "corroborated_by", "level_id", "page", "source_line", "status",
)  # fmt: skip


@dataclass(frozen=True)
class Verdicts:
    """Lines and where they stand.

    Attributes
    ----------
    lines : Lines
        What was compared.
    held : tuple of Held
        Comparisons that were made, by ladder.
    refused : tuple of Refused
        Comparisons that were not; their verdict is ``unknown``.
    issues : Issues
        Why, with place and remedy.
    wrong : mapping of int to tuple of str
        Codes of the errors of a line of the table; lines that cannot be compared at all have the status ``error``.
    """

    lines: Lines
    levels: Levels
    held: tuple[Held, ...]
    refused: tuple[Refused, ...]
    gates: Gates
    issues: Issues
    library: Library
    language: str = "en"
    wrong: Mapping[int, tuple[str, ...]] = field(default_factory=dict)

    def __repr__(self) -> str:
        counts = ", ".join(f"{n} {verdict}" for verdict, n in sorted(self.counts().items()))
        return f"<Verdicts of {len(self.lines.table)} lines: {counts}>"

    def verdict(self, held: Held) -> np.ndarray:
        """Return the verdict of every line held against one ladder, as texts."""
        kind = self.levels.sets[held.ladder.set_id].meta.kind
        names = VERDICTS.get(kind) or (*(t.name for t in held.ladder.tiers), f"beyond-{held.ladder.tiers[-1].name}")
        return np.asarray(np.array([*names, "unknown"])[held.rank])

    def counts(self) -> dict[str, int]:
        """Return how many lines have which verdict, each line once: by sector levels, else by what there is.

        Lines that could not be compared at all are ``error``.
        """
        found: dict[str, int] = {}
        for held, chief in zip(self.sector, self.chief, strict=True):
            for name, number in zip(*np.unique(self.verdict(held)[chief], return_counts=True), strict=True):
                found[str(name)] = found.get(str(name), 0) + int(number)
        placed = np.zeros(len(self.lines.table), dtype=bool)
        for held in self.sector:
            placed[held.row] = True
        for held in self.held:
            rows = ~placed[held.row]
            placed[held.row] = True
            for name, number in zip(*np.unique(self.verdict(held)[rows], return_counts=True), strict=True):
                found[str(name)] = found.get(str(name), 0) + int(number)
        bad = self.lines.table.bad
        unknown, wrong = int((~placed & ~bad).sum()), int(bad.sum())
        found |= {"unknown": found.get("unknown", 0) + unknown} if unknown else {}
        return found | ({"error": wrong} if wrong else {})

    @cached_property
    def chief(self) -> tuple[np.ndarray, ...]:
        """Which lines of each sector comparison go by it, as bool[n].

        That is the newest edition that has a verdict; own sets come after all shipped ones.
        """
        taken = np.full(len(self.lines.table), -1, dtype=np.int64)
        sets = [self.levels.sets[held.ladder.set_id] for held in self.sector]
        order = sorted(range(len(sets)), key=lambda n: (sets[n].is_shipped, str(sets[n].since or "")))
        for known in (False, True):
            for number in order:
                held = self.sector[number]
                taken[held.row[(held.rank != UNKNOWN) == known]] = number
        return tuple(taken[held.row] == number for number, held in enumerate(self.sector))

    def table(self) -> pd.DataFrame:
        """Return a row per line, set and tier; columns as in ``benchmarks.csv``.

        Returns
        -------
        pandas.DataFrame
            `gap` is what must go to reach the tier [unit], negative where it is reached; `gap_pct` is per cent of the
            level; `tce_to_save` [tce] and `co2e_t_to_save` [t] need the output of the period.
        """
        import pandas as pd

        return pd.DataFrame(list(self.records()), columns=list(COLUMNS))

    def records(self) -> Iterator[dict[str, Any]]:
        """Yield the rows of `table` in the order of lines, sets and tiers."""
        order: dict[int, list[tuple[int, int]]] = {}
        sets = list(self.levels.sets)
        for number, held in enumerate(self.held):
            for place, row in enumerate(held.row.tolist()):
                order.setdefault(row, []).append((number, place))
        unknown: dict[int, list[Refused]] = {}
        for one in self.refused:
            for row in one.row.tolist():
                unknown.setdefault(row, []).append(one)
        savings = [self.savings(held) for held in self.held]
        factors = [" ".join(self.factors(held)) or None for held in self.held]
        verdicts = [self.verdict(held) for held in self.held]
        for row in range(len(self.lines.table)):
            if self.lines.table.bad[row]:
                yield self._error(row)
                continue
            found = [(sets.index(self.held[n].ladder.set_id), n, p) for n, p in order.get(row, ())]
            for _, number, place in sorted(found):
                held = self.held[number]
                shared = self._shared(row) | self._of(held) | {
                    "verdict": str(verdicts[number][place]), "value": float(held.value[place]),
                    "gate": self.gates.say(held.ladder, int(held.rank[place]), self.lines.table, row, self.language),
                }  # fmt: skip
                for tier in range(len(held.ladder.tiers)):
                    yield shared | self._tier(held, tier, place, savings[number]) | {"factors": factors[number]}
            for one in unknown.get(row, ()):
                title = catalogue()[one.code][f"title_{self.language}"]
                blank = dict.fromkeys(COLUMNS) | self._shared(row)
                yield blank | {"set": one.set_id, "verdict": "unknown", "reason": f"{title} [{one.code}]"}

    def _error(self, row: int) -> dict[str, Any]:
        """Return the row of a line that could not be compared at all."""
        codes = self.wrong.get(int(self.lines.table.line[row]), ())
        said = (f"{catalogue()[code][f'title_{self.language}']} [{code}]" for code in codes)
        own = {"set": "", "verdict": "unknown", "reason": "; ".join(said), "status": "error"}
        return dict.fromkeys(COLUMNS) | self._shared(row) | own

    def _shared(self, row: int) -> dict[str, Any]:
        table = self.lines.table
        names = ("facility", "line", "process", "product", "period")
        place = {"source_line": int(table.line[row]), "status": "computed"}
        return {name: table.text(name, row) for name in names} | place

    def _of(self, held: Held) -> dict[str, Any]:
        ladder = held.ladder
        zh = self.language == "zh"
        indicator, boundary = self.levels.indicators[ladder.indicator], self.levels.boundaries[ladder.boundary]
        return {
            "set": ladder.set_id, "indicator": indicator.name_zh if zh else indicator.name_en,
            "boundary": boundary.name_zh if zh else boundary.name_en, "condition": in_words(ladder.condition),
            "unit": ladder.unit, "deadline": ladder.deadline or None, "reason": None,
        }  # fmt: skip

    def _tier(self, held: Held, tier: int, place: int, savings: tuple[np.ndarray, ...]) -> dict[str, Any]:
        one, level, value = held.ladder.tiers[tier], float(held.levels[tier, place]), float(held.value[place])
        known = not np.isnan(level)
        gap = (value - level if held.ladder.lower else level - value) if known else None
        moved = known and level != held.ladder.values[tier]
        return {
            "tier": one.name, "level": level if known else None,
            "correction": f"{one.value} → {level:g}" if moved else None,
            "reached": self._reached(held, tier, place) if known else None, "gap": gap,
            "gap_pct": 100 * gap / abs(level) if gap is not None and level else None,
            "tce_to_save": _number(savings[0][tier, place]), "co2e_t_to_save": _number(savings[1][tier, place]),
            "co2e_t_per_tce": _number(savings[2][place]),
            "verification": one.verification, "corroborated_by": one.corroborated_by or None, "level_id": one.id,
            "page": one.page,
        }  # fmt: skip

    def _reached(self, held: Held, tier: int, place: int) -> bool:
        """Return whether one tier is reached; where the rank is unknown it is decided tier by tier."""
        if held.rank[place] != UNKNOWN:
            return bool(held.rank[place] <= tier)
        one = rank(held.value[place : place + 1], held.levels[tier : tier + 1, place : place + 1],
                   held.ladder.strict[tier : tier + 1, None], held.ladder.lower)  # fmt: skip
        return bool(one[0] == 0)

    def savings(self, held: Held) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return what it would save in the period to reach each tier.

        Returns
        -------
        tce, co2e_t : float64[tiers, n]
            NaN where the output, the emissions or the level is not known; 0 where the tier is reached.
        mix : float64[n]
            CO2e of the line's own energy by which `tce` became `co2e_t`; NaN where none was needed. [t/tce]

        Notes
        -----
        CO2e goes by the energy mix of the line itself (its emissions from energy per its own energy), never by the
        ratio that a programme states.
        """
        numbers, ladder = self.lines.table.numbers, held.ladder
        gap = np.maximum((held.value - held.levels) * (1.0 if ladder.lower else -1.0), 0.0)
        per_output = np.full(len(held.row), np.nan)
        emits = False
        for number in np.unique(self.lines.key[held.row]).tolist():
            key = self.lines.keys[number]
            if key.output_unit is None:
                continue
            here = self.lines.key[held.row] == number
            scale = _to_amount(ladder.parsed_unit * key.output_unit, self.library)
            if scale is not None:
                per_output[here], emits = float(scale[0]), scale[1]
        output = numbers["output"][held.row] * per_output
        amount = np.where(gap > 0, gap * output, np.where(np.isnan(gap), np.nan, 0.0))
        if emits:
            return np.full_like(amount, np.nan), amount, np.full(len(held.row), np.nan)
        used = held.value * output
        with np.errstate(divide="ignore", invalid="ignore"):
            mix = np.where(used > 0, numbers["co2e_t"][held.row] / np.where(used > 0, used, np.nan), np.nan)
        return amount, np.where(amount == 0, 0.0, amount * mix), mix

    def factors(self, held: Held) -> tuple[str, ...]:
        """Return the ids of the factors that turned units of one comparison: those of its values and its savings."""
        outputs = (self.lines.keys[key].output_unit for key in np.unique(self.lines.key[held.row]).tolist())
        found = (_to_amount(held.ladder.parsed_unit * unit, self.library) for unit in outputs if unit is not None)
        used = (*held.factors, *(amount[2] for amount in found if amount is not None and amount[2] is not None))
        return tuple(dict.fromkeys(factor.id for factor in used))

    @cached_property
    def sector(self) -> tuple[Held, ...]:
        """Comparisons with sector levels (标杆水平, 基准水平)."""
        return tuple(h for h in self.held if self.levels.sets[h.ladder.set_id].meta.kind == "sector")


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _to_amount(unit: units.Unit, library: Library) -> tuple[Fraction, bool, Factor | None] | None:
    """Return by what gap × output is multiplied to be tonnes, whether of CO2 and not of coal, and by which factor."""
    for text, emits in (("tce", False), ("tCO2", True)):
        if unit.dimension == units.parse(text).dimension:
            return units.ratio(unit, units.parse(text)), emits, None
    factor = coefficient(library)
    coal = unit * factor.parsed_unit
    if coal.dimension == units.parse("tce").dimension:
        return units.ratio(coal, units.parse("tce")) * factor.exact, False, factor
    return None


def judge(
    lines: Lines, levels: Levels, chosen: Sequence[str], gates: Gates, library: Library, issues: Issues, language: str
) -> Verdicts:
    """Hold lines against levels.

    Parameters
    ----------
    lines : Lines
        What is compared.
    levels : Levels
        All level sets.
    chosen : sequence of str
        Ids of the sets to compare with.
    gates : Gates
        What policies ask of new and existing projects.
    library : Library
        For the coefficient of electricity.
    issues : Issues
        Receives why a comparison was refused.
    language : {"en", "zh"}
        Language of names.
    """
    by_ladder: dict[int, tuple[Ladder, list[tuple[np.ndarray, Match]]]] = {}
    refused: list[Refused] = []
    order = np.argsort(lines.key, kind="stable")
    ends = np.searchsorted(lines.key[order], np.arange(len(lines.keys) + 1))
    for number, key in enumerate(lines.keys):
        rows = order[ends[number] : ends[number + 1]]
        left: dict[str, np.ndarray] = {}
        for match in find_ladders(key, levels, chosen, library):
            if match.ladder is None:
                refused.append(_refuse(lines, match.set_id, match.code, match.column, match.value, rows, issues,
                                       dict(match.parts)))  # fmt: skip
                continue
            here = left.setdefault(match.set_id, np.ones(len(rows), dtype=bool))
            holds = meets(lines, match.ladder, rows)
            here &= ~holds
            if holds.any():
                known = by_ladder.setdefault(id(match.ladder), (match.ladder, []))
                known[1].append((rows[holds], match))
                if match.factors:
                    issues.add(
                        "B613",
                        file=lines.table.file,
                        lines=lines.table.line[rows[holds]],
                        value=match.set_id,
                        known=[f"{f.id} = {f.value} {f.unit}" for f in match.factors],
                    )
        for set_id, none in left.items():
            if none.any():
                needed = _needed(levels, set_id, key.product)
                refused.append(_refuse(lines, set_id, "B605", needed[0] if needed else "", key.product, rows[none],
                                       issues, {"set": set_id, "known": needed}))  # fmt: skip
    held = []
    for ladder, parts in by_ladder.values():
        made, lacking = hold(lines, ladder, parts, levels)
        held.append(made)
        for column, rows in lacking.items():
            refused.append(_refuse(lines, ladder.set_id, "B605", column, ladder.subject, rows, issues,
                                   {"set": ladder.set_id, "known": [column]}))  # fmt: skip
    bad = not_above_zero(lines, held, levels, issues)
    lines.table.bad[bad], lines.key[bad] = True, -1
    held = [kept for one in held if len((kept := one.without(bad)).row)]
    refused = [replace(one, row=one.row[~bad[one.row]]) for one in refused]
    doubt_lines(lines, held, levels, issues)
    _remarks(lines, held, levels, issues)
    return Verdicts(lines, levels, tuple(held), tuple(refused), gates, issues, library, language,
                    _wrong(lines, issues))  # fmt: skip


def _wrong(lines: Lines, issues: Issues) -> dict[int, tuple[str, ...]]:
    """Return the codes of the errors of each line of the table."""
    found: dict[int, dict[str, None]] = {}
    for issue in issues.errors:
        for line in issue.lines if issue.file == lines.table.file else ():
            found.setdefault(int(line), {})[issue.code] = None
    return {line: tuple(codes) for line, codes in found.items()}


def _refuse(
    lines: Lines, set_id: str, code: str, column: str, value: str, rows: np.ndarray, issues: Issues,
    parts: Mapping[str, Any],
) -> Refused:  # fmt: skip
    table = lines.table
    issues.add(code, file=table.file, lines=table.line[rows], column=column, value=value, **parts)
    return Refused(set_id, code, rows)


def _needed(levels: Levels, set_id: str, product: str) -> list[str]:
    subject = levels.product(product)[0]
    return list(dict.fromkeys(
        name for ladder in (levels.sets[set_id].of(subject.id) if subject is not None else ())
        for name, value in ladder.condition.items() if isinstance(value, Interval)
    ))  # fmt: skip


def _remarks(lines: Lines, held: Sequence[Held], levels: Levels, issues: Issues) -> None:
    """Say which verdicts stand on levels that nobody checked, and which on electricity turned into standard coal."""
    table = lines.table
    for one in held:
        where = {"file": table.file, "lines": table.line[one.row], "value": one.ladder.set_id}
        doubtful = [t.id for t in one.ladder.tiers if t.verification == "unverified" and t.value]
        if doubtful:
            words = sorted({t.corroborated_by for t in one.ladder.tiers if t.corroborated_by})
            issues.add("B612", **where, known=doubtful, corroborated=words)
        newer = _before(lines, one, levels)
        if newer.any():
            issues.add("B621", **where | {"lines": table.line[one.row[newer]]})
        if levels.sets[one.ladder.set_id].meta.effective is None and one.ladder.end == 2**31 \
                and levels.sets[one.ladder.set_id].meta.kind == "quota":  # fmt: skip
            issues.add("B614", **where)


def _before(lines: Lines, held: Held, levels: Levels) -> np.ndarray:
    """Return which lines held against a sector level end before it was issued, as bool[n]."""
    one = levels.sets[held.ladder.set_id]
    if one.meta.kind != "sector" or one.since is None:
        return np.zeros(len(held.row), dtype=bool)
    early = [key.period is not None and key.period.last < one.since for key in lines.keys]
    return np.asarray(np.array([*early, False])[lines.key[held.row]])
