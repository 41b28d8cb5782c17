"""What a grade stands for: the level of that grade in the standard of the equipment, by its kind and size."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from carbon.benchmarks.conditions import Interval
from carbon.benchmarks.ladder import Ladder, Tier
from carbon.benchmarks.levels import Levels, LevelSet
from carbon.benchmarks.upgrades.demand import pump_specific_speed, pump_target_efficiency
from carbon.benchmarks.upgrades.grouping import groups
from carbon.benchmarks.upgrades.rows import Report
from carbon.errors import Said
from carbon.schema import folded
from carbon.tables import Table


@dataclass(frozen=True)
class Taken:
    """Levels that stand for grades.

    Attributes
    ----------
    value : float64[rows]
        Performance [unit of its column]; NaN where no grade was given.
    tiers : tuple of Tier
        Levels that were taken, with id, page and verification.
    tier : int32[rows]
        Which of them; -1 = none.
    """

    value: np.ndarray
    tiers: tuple[Tier, ...]
    tier: np.ndarray

    def joined(self, other: Taken | None) -> Taken:
        """Return both, for rows of different kinds that share a column."""
        if other is None:
            return self
        mine = self.tier >= 0
        tier = np.where(mine, self.tier + len(other.tiers), other.tier)
        return Taken(np.where(mine, self.value, other.value), other.tiers + self.tiers, tier)

    def of(self, row: int) -> Tier | None:
        """Return the level of one row."""
        return self.tiers[self.tier[row]] if self.tier[row] >= 0 else None


def performance_of_grade(
    report: Report, subject: str, sets: Sequence[str], indicator: str, side: str, rows: np.ndarray, levels: Levels
) -> Taken:
    """Return the levels of the grades that rows name.

    Parameters
    ----------
    report : Report
        Receives rows for which there is no level (B656), and levels that nobody read in the standard (B674).
    subject, sets, indicator : str, sequence of str, str
        Kind of equipment, its level sets, what is looked up.
    side : {"before", "after"}
        Whose grade.
    rows : bool[rows]
        Rows that name one.
    levels : Levels
        Level sets.
    """
    table = report.table
    found = Taken(np.full(len(table), np.nan), (), np.full(len(table), -1, dtype=np.int32))
    known = [levels.sets[name] for name in sets if name in levels.sets]
    ladders = [(one, ladder) for one in known for ladder in one.of(subject) if ladder.indicator == indicator]
    names = list(dict.fromkeys(n for _, ladder in ladders for n, v in ladder.condition.items() if isinstance(v, str)))
    at = np.flatnonzero(rows)
    read: dict[str, Callable[[str], str]] = {name: partial(_value, subject, name, levels) for name in names}
    read[f"grade_{side}"] = lambda text: folded(text).removesuffix("级").removeprefix("grade").strip()
    known_words = {v for _, ladder in ladders for v in ladder.condition.values() if isinstance(v, str)}
    known_words |= {tier.name for _, ladder in ladders for tier in ladder.tiers}
    words = {name: _words(table, name, reader, known_words) for name, reader in read.items()}
    unsure: dict[str, list[np.ndarray]] = {}
    for some in groups(*(codes[at] for codes, _ in words.values())):
        here = at[some]
        texts = {name: meanings[codes[here[0]]] for name, (codes, meanings) in words.items()}
        grade = texts[f"grade_{side}"]
        left = np.ones(len(here), dtype=bool)
        for one, ladder in ladders:
            tier = next((t for t in ladder.tiers if t.name == grade and t.value), None)
            if tier is None or not all(texts[n] == v for n, v in ladder.condition.items() if isinstance(v, str)):
                continue
            holds = np.ones(len(here), dtype=bool)
            for name, asked in ladder.condition.items():
                if isinstance(asked, Interval):
                    holds &= asked.holds(table.numbers[name][here])
            if holds.any():
                value = _values(table, here[holds], one, ladder, tier)
                found = _with(found, here[holds], value, tier)
                left[holds] = np.isnan(value)
                if tier.verification != "primary":
                    unsure.setdefault(one.id, []).append(here[holds])
        if left.any():
            _refuse(report, here[left], subject, indicator, side, ladders, levels)
    for name, parts in unsure.items():
        report.warn("B674", _mask(report, np.concatenate(parts)), f"grade_{side}", name,
                    document=levels.sets[name].meta.document)  # fmt: skip
    return found


def _with(found: Taken, rows: np.ndarray, value: np.ndarray, tier: Tier) -> Taken:
    found.value[rows] = value
    found.tier[rows] = len(found.tiers)
    return Taken(found.value, (*found.tiers, tier), found.tier)


def _words(
    table: Table, column: str, read: Callable[[str], str], known: Collection[str]
) -> tuple[np.ndarray, list[str]]:
    """Return a text column as codes of what its texts mean; what no level knows is all one."""
    places: dict[str, int] = {"": 0}
    meanings = [found if (found := read(text)) in known else "" for text in table.texts[column]]
    move = np.array([*(places.setdefault(word, len(places)) for word in meanings), 0], dtype=np.int32)
    return move[table.codes[column]], list(places)


def _value(subject: str, attribute: str, levels: Levels, text: str) -> str:
    names = levels.choices.get((subject, attribute))
    found = names.find(text) if names is not None and text else None
    return found.id if found is not None else text


def _values(table: Table, rows: np.ndarray, one: LevelSet, ladder: Ladder, tier: Tier) -> np.ndarray:
    """Return the level of each row; that of a pump is an efficiency by formula, unknown without speed and head."""
    if ladder.indicator != "pump-constant":
        return np.full(len(rows), float(tier.value))
    kind = str(ladder.condition["type"])
    numbers = table.numbers
    flow, head, speed = (numbers[name][rows] for name in ("flow_m3_h", "head_m", "speed_rpm"))
    stages = np.nan_to_num(numbers["stages"][rows], nan=1.0)
    usable = (flow > 0) & (head > 0) & (speed > 0)
    value = np.full(len(rows), np.nan)
    if usable.any():
        suctions = np.full(int(usable.sum()), 2.0 if kind == "double-suction" else 1.0)
        ns = pump_specific_speed(flow[usable], head[usable], speed[usable], suctions, stages[usable])
        coefficients = [float(c) for c in one.meta.formula[one.meta.formulas[kind]].values()]
        value[usable] = pump_target_efficiency(ns, flow[usable], float(tier.value), coefficients)
    return np.where(value > 0, value, np.nan)


def _mask(report: Report, rows: np.ndarray) -> np.ndarray:
    mask = np.zeros(len(report.table), dtype=bool)
    mask[rows] = True
    return mask


def _refuse(
    report: Report, rows: np.ndarray, subject: str, indicator: str, side: str,
    ladders: Sequence[tuple[LevelSet, Ladder]], levels: Levels,
) -> None:  # fmt: skip
    """Report rows without a level, with what their levels go by."""
    needed = dict.fromkeys(name for _, ladder in ladders for name in ladder.condition)
    if indicator == "pump-constant":
        needed |= dict.fromkeys(("flow_m3_h", "head_m", "speed_rpm"))
    entry = levels.indicators[indicator]
    report.error("B656", _mask(report, rows), f"grade_{side}", report.table.text(f"grade_{side}", int(rows[0])),
                 equipment=subject, known=list(needed), sets=sorted({one.id for one, _ in ladders}),
                 indicator=Said(entry.name_en, entry.name_zh))  # fmt: skip
