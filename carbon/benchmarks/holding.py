"""Lines against one ladder: levels corrected as the standard prints, ranks exact where a value lies at a level."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from carbon.benchmarks.conditions import Interval
from carbon.benchmarks.judge import Match
from carbon.benchmarks.ladder import Ladder, near_levels, rank
from carbon.benchmarks.levels import Levels
from carbon.benchmarks.lines import Lines
from carbon.library import Factor


@dataclass(frozen=True)
class Held:
    """Lines held against one ladder.

    Attributes
    ----------
    ladder : Ladder
        Their ladder.
    row : int64[n]
        Rows of the table.
    value : float64[n]
        Their specific value. [unit of the ladder]
    levels : float64[tiers, n]
        Levels after the printed correction.
    rank : int8[n]
        Best tier reached; number of tiers = below them all; -1 = unknown.
    factors : tuple of Factor
        Coefficients with which values were converted.
    """

    ladder: Ladder
    row: np.ndarray
    value: np.ndarray
    levels: np.ndarray
    rank: np.ndarray
    factors: tuple[Factor, ...]

    def without(self, bad: np.ndarray) -> Held:
        """Return the same without some rows of the table, given as bool[rows]."""
        kept = ~bad[self.row]
        return replace(self, row=self.row[kept], value=self.value[kept], levels=self.levels[:, kept],
                       rank=self.rank[kept])  # fmt: skip


@dataclass(frozen=True)
class Refused:
    """Lines that a set cannot judge, and the issue that says why."""

    set_id: str
    code: str
    row: np.ndarray


def meets(lines: Lines, ladder: Ladder, rows: np.ndarray) -> np.ndarray:
    """Return which rows meet the numbers of a ladder's condition."""
    holds = np.ones(len(rows), dtype=bool)
    for name, value in ladder.condition.items():
        if isinstance(value, Interval):
            holds &= value.holds(lines.table.numbers[name][rows])
    return holds


def hold(
    lines: Lines, ladder: Ladder, parts: Sequence[tuple[np.ndarray, Match]], levels: Levels
) -> tuple[Held, dict[str, np.ndarray]]:
    """Hold lines against a ladder.

    Parameters
    ----------
    lines : Lines
        What is compared.
    ladder : Ladder
        Against what.
    parts : sequence of (int64[n], Match)
        Rows, and how their values come into the unit of the ladder.
    levels : Levels
        For the names of text attributes.

    Returns
    -------
    Held, dict of str to int64[n]
        The comparison, and by column the rows that lack what a correction goes by.
    """
    row = np.concatenate([rows for rows, _ in parts])
    part = np.concatenate([np.full(len(rows), number) for number, (rows, _) in enumerate(parts)])
    given = {c.attribute: _given(lines, row, c.attribute, ladder, levels) for c in ladder.corrections if c is not None}
    blank = {name: np.array([v is None for v in values], dtype=bool) for name, values in given.items()}
    whole = ~np.logical_or.reduce(list(blank.values())) if blank else np.ones(len(row), dtype=bool)
    lacking = {name: row[lacks] for name, lacks in blank.items() if lacks.any()}
    kept = np.flatnonzero(whole).tolist()
    given = {name: [values[place] for place in kept] for name, values in given.items()}
    row, part = row[whole], part[whole]
    value = lines.value[row] * np.array([float(match.scale) for _, match in parts])[part]
    level = np.repeat(ladder.values[:, None], len(row), axis=1)
    for tier, correction in enumerate(ladder.corrections):
        if correction is not None and not math.isnan(ladder.values[tier]):
            own = ladder.values[tier].item()
            level[tier] = [float(correction.apply(own, of)) for of in given[correction.attribute]]
    ranks = rank(value, level, np.repeat(ladder.strict[:, None], len(row), axis=1), ladder.lower)
    for place in np.flatnonzero(near_levels(value, level)).tolist():
        exact = lines.exact(int(row[place])) * parts[part[place]][1].scale
        of = {name: values[place] for name, values in given.items()}
        sides = _sides(exact, ladder, of)
        seen = np.array([[-side] for side in sides])  # the levels as seen from a value of 0
        ranks[place] = rank(np.zeros(1), seen, ladder.strict[:, None], ladder.lower)[0]
        for tier, side in enumerate(sides):
            if side == 0:
                value[place] = level[tier, place]
    factors = tuple(dict.fromkeys(f for _, match in parts for f in match.factors))
    return Held(ladder, row, value, level, ranks, factors), lacking


def _given(lines: Lines, row: np.ndarray, name: str, ladder: Ladder, levels: Levels) -> list[Fraction | str | None]:
    """Return what rows have of an attribute that a correction goes by; None where they have nothing."""
    if name in lines.table.numbers:
        numbers = lines.table.numbers[name][row].tolist()
        return [None if math.isnan(number) else Fraction(repr(number)) for number in numbers]
    names = levels.choices.get((ladder.subject, name))
    texts = [*lines.table.texts[name], ""]
    found = [names.find(text) if names is not None and text else None for text in texts]
    known = [(entry.id if entry else text) or None for entry, text in zip(found, texts, strict=True)]
    return [known[code] for code in lines.table.codes[name][row].tolist()]


def _sides(value: Fraction, ladder: Ladder, given: dict[str, Fraction | str | None]) -> list[float]:
    """Return on which side of each level an exact value lies: 1 above, 0 at it, -1 below; NaN where it is unknown."""
    sides = []
    for tier, correction in zip(ladder.tiers, ladder.corrections, strict=True):
        if not tier.value:
            sides.append(float("nan"))
            continue
        level = Fraction(tier.value)
        if correction is not None:
            level = correction.apply(level, given[correction.attribute])
        sides.append(float((value > level) - (value < level)))
    return sides
