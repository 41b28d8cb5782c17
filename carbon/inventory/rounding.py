"""Exact sums to floats, all at once: each is rounded once, as `float(Fraction)` would round it.

A sum becomes two floats, high + low, of about 100 bits. Where these cannot tell which float is nearest, the exact
number is taken; everywhere else the answer is the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from carbon.inventory.plan import Sums, as_pair, carried, from_limbs

_ERROR = 2.0**-88  # of two floats that were added and multiplied a few times, beside the largest of their terms
_SPLIT = 134217729.0


class Pairs(NamedTuple):
    """Numbers as two floats each.

    Attributes
    ----------
    high, low : float64[numbers]
        The number is nearly high + low.
    size : float64[numbers]
        Magnitude of the largest thing that went into it; its error is that times `_ERROR` at most.
    """

    high: np.ndarray
    low: np.ndarray
    size: np.ndarray


@np.errstate(all="ignore")
def pairs_of(sums: Sums) -> Pairs:
    """Return exact sums as pairs of floats."""
    limbs = sums.limbs
    negative = limbs[:, -1] < 0
    if negative.any():
        limbs = limbs.copy()
        limbs[negative] = carried(-limbs[negative])
    high, low = np.zeros(len(limbs)), np.zeros(len(limbs))
    for place in range(limbs.shape[1] - 1, -1, -1):  # none is negative, so nothing cancels
        column = limbs[:, place]
        if column.any():
            high, error = _two_sum(high, np.ldexp(column.astype(np.float64), 32 * place - sums.bias))
            low = low + error
    high, low = _fast_two_sum(high, low)
    sign = np.where(negative, -1.0, 1.0)
    return Pairs(high * sign, low * sign, np.abs(high))


@np.errstate(all="ignore")
def weighted_pairs(parts: Sequence[tuple[Pairs, Fraction]], size: int) -> Pairs:
    """Return the sum of numbers times exact weights."""
    high, low, largest = np.zeros(size), np.zeros(size), np.zeros(size)
    for part, weight in parts:
        top, rest = as_pair(weight)
        product, error = _two_product(part.high, top)
        error = error + (part.high * rest + part.low * top)
        high, left = _two_sum(high, product)
        low = low + (left + error)
        largest = largest + part.size * abs(top)
    high, low = _fast_two_sum(high, low)
    return Pairs(high, low, largest)


@np.errstate(all="ignore")
def sure(pairs: Pairs) -> np.ndarray:
    """Return where the high float is the one nearest to the number, as bool[numbers]."""
    high, low, size = pairs
    half = np.abs(np.spacing(high)) / 2
    half = np.where(np.abs(np.frexp(high)[0]) == 0.5, half / 2, half)  # below a power of two floats are twice as dense
    exact = (low == 0) & (size == 0)
    return np.asarray(exact | ((np.abs(low) + size * _ERROR < half) & (np.abs(high) > 1e-280)))


def rounded_sums(sums: Sums, divisor: int = 1) -> np.ndarray:
    """Return sums over a whole number, each rounded once, as float64[sums].

    Examples
    --------
    >>> rounded_sums(Sums.of(np.array([1.0, 2.0]), np.array([0, 0], np.int32), 1), 1000).tolist()
    [0.003]
    """
    found = weighted_pairs([(pairs_of(sums), Fraction(1, divisor))], len(sums.limbs))
    values = found.high.copy()
    for number in np.flatnonzero(~sure(found)).tolist():
        values[number] = float(from_limbs(sums.limbs[number].tolist(), sums.bias) / divisor)
    return values


def weighed_sums(
    groups: Mapping[str, tuple[np.ndarray, Sums]], weights: Mapping[str, Fraction], size: int
) -> np.ndarray:
    """Return sums of groups weighed by what they are, each rounded once.

    Parameters
    ----------
    groups : mapping of str to (int64[sums], Sums)
        For each kind, the numbers of the groups that have a sum of it, and these sums.
    weights : mapping of str to Fraction
        Weight of each kind.
    size : int
        How many groups.

    Returns
    -------
    float64[size]
        0 of a group without a sum.
    """
    parts = []
    for name, (where, sums) in groups.items():
        found = pairs_of(sums)
        whole = Pairs(*(np.zeros(size) for _ in range(3)))
        for array, values in zip(whole, found, strict=True):
            array[where] = values
        parts.append((whole, weights[name]))
    total = weighted_pairs(parts, size)
    values = total.high.copy()
    unsure = np.flatnonzero(~sure(total))
    if len(unsure):
        place = {name: dict(zip(where.tolist(), range(len(where)), strict=True)) for name, (where, _) in groups.items()}
        for number in unsure.tolist():
            exact = Fraction(0)
            for name, (_, sums) in groups.items():
                if (at := place[name].get(number)) is not None:
                    exact += from_limbs(sums.limbs[at].tolist(), sums.bias) * weights[name]
            values[number] = float(exact)
    return values


def _two_sum(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    total = a + b
    part = total - a
    return total, (a - (total - part)) + (b - part)


def _fast_two_sum(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    total = a + b
    return total, b - (total - a)


def _two_product(a: np.ndarray, b: float) -> tuple[np.ndarray, np.ndarray]:
    product = a * b
    top = _SPLIT * a
    top = top - (top - a)
    rest = a - top
    head = _SPLIT * b
    head = head - (head - b)
    tail = b - head
    return product, ((top * head - product) + top * tail + rest * head) + rest * tail
