"""Conditions of a level: process route, capacity band, raw material, as data; tested for many lines at once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

_DIGITS = r"[+-]?\d{1,30}(?:\.\d{1,30})?"
_INTERVAL = re.compile(rf"([\[(])\s*({_DIGITS}|-inf)\s*,\s*({_DIGITS}|\+?inf)\s*([\])])", re.ASCII)
_NUMBER = re.compile(_DIGITS, re.ASCII)


@dataclass(frozen=True)
class Interval:
    """A span of numbers, each end with or without the number itself.

    Attributes
    ----------
    low, high : Fraction or None
        Ends; None = open to infinity.
    closed : tuple of bool
        Whether each end belongs to it.
    """

    low: Fraction | None
    high: Fraction | None
    closed: tuple[bool, bool] = (True, True)

    def holds(self, values: np.ndarray) -> np.ndarray:
        """Return where numbers lie in it; NaN lies nowhere."""
        inside = ~np.isnan(values)
        with np.errstate(invalid="ignore"):
            if self.low is not None:
                low = float(self.low)
                inside &= values >= low if self.closed[0] else values > low
            if self.high is not None:
                high = float(self.high)
                inside &= values <= high if self.closed[1] else values < high
        return np.asarray(inside)

    def distance(self, value: float) -> float:
        """Return how far a number is from it; infinite if there is no number."""
        if np.isnan(value):
            return float("inf")
        low = -np.inf if self.low is None else float(self.low)
        high = np.inf if self.high is None else float(self.high)
        return float(max(low - value, value - high, 0.0))

    def overlaps(self, other: Interval) -> bool:
        """Return whether some number lies in both."""
        for one, two in ((self, other), (other, self)):
            if one.high is not None and two.low is not None:
                touches = one.closed[1] and two.closed[0]
                if one.high < two.low or (one.high == two.low and not touches):
                    return False
        return True

    def __str__(self) -> str:
        if self.low is not None and self.low == self.high:
            return f"{float(self.low):g}"
        low = "-inf" if self.low is None else f"{float(self.low):g}"
        high = "inf" if self.high is None else f"{float(self.high):g}"
        return f"{'[' if self.closed[0] else '('}{low}, {high}{']' if self.closed[1] else ')'}"


Condition = Mapping[str, str | Interval]


def parse_interval(text: str) -> Interval:
    """Return a number or an interval.

    Raises
    ------
    ValueError
        If it is neither.

    Examples
    --------
    >>> str(parse_interval("(500,800]")), str(parse_interval("75"))
    ('(500, 800]', '75')
    """
    if _NUMBER.fullmatch(text):
        return Interval(Fraction(text), Fraction(text))
    found = _INTERVAL.fullmatch(text)
    if found is None:
        raise ValueError(text)
    ends = [None if end.endswith("inf") else Fraction(end) for end in (found[2], found[3])]
    closed = (found[1] == "[", found[4] == "]")
    if ends[0] is not None and ends[1] is not None and (ends[0] > ends[1] or (ends[0] == ends[1] and not all(closed))):
        raise ValueError(text)
    return Interval(ends[0], ends[1], closed)


def parse_condition(text: str, numbers: Mapping[str, bool]) -> Condition:
    """Return a condition as its attributes.

    Parameters
    ----------
    text : str
        ``attribute=value`` joined by ``;``; empty = holds for all.
    numbers : mapping of attribute to bool
        The known attributes, and whether each is a number.

    Raises
    ------
    ValueError
        If an attribute is unknown or doubled, or a value is no number or interval.

    Examples
    --------
    >>> parse_condition("poles=4; type=dry", {"poles": True, "type": False})["type"]
    'dry'
    """
    found: dict[str, str | Interval] = {}
    for part in filter(None, (part.strip() for part in text.split(";"))):
        name, equals, value = (each.strip() for each in part.partition("="))
        if not (equals and value) or name not in numbers or name in found:
            raise ValueError(part)
        found[name] = parse_interval(value) if numbers[name] else value
    return found


def disjoint(one: Condition, two: Condition) -> bool:
    """Return whether no line can meet both conditions."""
    for name in one.keys() & two.keys():
        left, right = one[name], two[name]
        if isinstance(left, Interval) and isinstance(right, Interval):
            if not left.overlaps(right):
                return True
        elif left != right:
            return True
    return False


def in_words(condition: Condition) -> str:
    """Return a condition as it is shown: ``capacity_t_d (500, 800]; type dry``."""
    return "; ".join(f"{name} {value}" for name, value in condition.items())
