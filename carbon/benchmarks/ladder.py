"""A ladder: the levels of one product or kind of equipment under one condition, and where on it a value stands.

Sector levels, quota grades, equipment grades and allowance benchmarks are all ladders, best tier first.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np

from carbon import units
from carbon.benchmarks.conditions import Condition

UNKNOWN = -1
_NEAR = 1e-12


@dataclass(frozen=True)
class Tier:
    """One level.

    Attributes
    ----------
    id : str
        Set and row: ``ndrc-723-2023/sector:cement-clinker-benchmark``.
    name : str
        Tier in the words of its set: ``benchmark``, ``1``, ``allowance``.
    value : str
        As printed; empty if it is not known here.
    strict : bool
        Whether equality is not enough (优于, 超过, 低于).
    """

    id: str
    name: str
    value: str
    strict: bool
    verification: str
    corroborated_by: str
    page: str
    note: str


@dataclass(frozen=True)
class Correction:
    """How a standard shifts its levels: ``slope`` per unit of an attribute beyond a reference, or a factor for a kind.

    Attributes
    ----------
    attribute : str
        Column of the line.
    reference, slope : Fraction
        Level + slope × (attribute - reference). [level unit per unit of the attribute]
    kind : str
        If given, the level is multiplied by `slope` where the attribute is of this kind.
    """

    attribute: str
    reference: Fraction
    slope: Fraction
    kind: str = ""

    def apply(self, level: Fraction | float, given: Fraction | str | None) -> Fraction:
        """Return a level as it stands for a line with a number, or a word, for the attribute."""
        level = Fraction(repr(level)) if isinstance(level, float) else level
        if isinstance(given, Fraction):
            return level + self.slope * (given - self.reference)
        return level * self.slope if given == self.kind else level


@dataclass(frozen=True)
class Ladder:
    """Tiers that one value is held against.

    Attributes
    ----------
    set_id, subject, indicator, boundary, unit : str
        Whose levels they are, and of what.
    condition : mapping of attribute to text or Interval
        What a line must be for them to hold.
    tiers : tuple of Tier
        Best first.
    corrections : tuple of Correction or None
        One per tier.
    start, end : int
        Half-open days of which they speak.
    """

    set_id: str
    subject: str
    condition: Condition
    indicator: str
    boundary: str
    unit: str
    lower: bool
    tiers: tuple[Tier, ...]
    corrections: tuple[Correction | None, ...]
    deadline: str
    start: int
    end: int

    @cached_property
    def values(self) -> np.ndarray:
        """Printed levels as float64[tiers], NaN where unknown."""
        return np.array([float(t.value) if t.value else np.nan for t in self.tiers])

    @cached_property
    def strict(self) -> np.ndarray:
        """Strictness as bool[tiers]."""
        return np.array([t.strict for t in self.tiers])

    @property
    def parsed_unit(self) -> units.Unit:
        """The printed unit, parsed."""
        return units.parse(self.unit)

    @property
    def known(self) -> bool:
        """Whether any of its levels is known."""
        return any(t.value for t in self.tiers)


def rank(values: np.ndarray, levels: np.ndarray, strict: np.ndarray, lower: np.ndarray | bool) -> np.ndarray:
    """Return the best tier that each value reaches.

    Parameters
    ----------
    values : float64[n]
        Measured, in the unit of the levels; NaN = not known.
    levels : float64[tiers, n]
        Best tier first; NaN = not known.
    strict : bool[tiers, n]
        Whether equality is not enough.
    lower : bool or bool[n]
        Whether lower is better.

    Returns
    -------
    int8[n]
        0 = best tier … tiers = below them all; -1 where an unknown level leaves more than one answer.

    Examples
    --------
    >>> levels = np.array([[100.0], [117.0]])
    >>> [int(rank(np.array([v]), levels, np.zeros((2, 1), bool), True)[0]) for v in (100.0, 110.0, 118.0)]
    [0, 1, 2]
    >>> int(rank(np.array([110.0]), np.array([[np.nan], [117.0]]), np.zeros((2, 1), bool), True)[0])
    -1
    """
    count = len(levels)
    sign = np.where(lower, 1.0, -1.0)
    value, level = sign * values, sign * levels
    known = ~np.isnan(level) & ~np.isnan(value)
    with np.errstate(invalid="ignore"):
        reached = known & (np.where(strict, value < level, value <= level))
    failed = known & ~reached
    worst = np.full(len(values), count, dtype=np.int8)  # the worst tier that it can be at
    best = np.zeros(len(values), dtype=np.int8)
    for place in range(count - 1, -1, -1):
        worst[reached[place]] = place
    for place in range(count):
        best[failed[place]] = place + 1
    return np.where((worst == best) & ~np.isnan(values), best, UNKNOWN).astype(np.int8)


def near_levels(values: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Return which values are so near to a level that only exact arithmetic can tell on which side they are."""
    with np.errstate(invalid="ignore"):
        close = np.abs(levels - values) <= _NEAR * np.maximum(np.abs(levels), np.abs(values))
    return np.asarray((close & ~np.isnan(levels)).any(axis=0))
