"""The plan: read-only arrays made of resolved rows and routed keys; the only caller of kernels in this floor."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np

from carbon.inventory.resolve import OVERRIDES
from carbon.inventory.terms import Key, Routed, Term
from carbon.kernels import run
from carbon.kernels.products import SIGNATURE as PRODUCTS_SIGNATURE
from carbon.kernels.products import products
from carbon.kernels.sums import BIAS, LIMBS, exact_sums
from carbon.kernels.sums import SIGNATURE as SUMS_SIGNATURE

LARGEST_EXACT = 2**53


@dataclass(frozen=True)
class Plan:
    """What is computed: rows, their keys, the terms of each key.

    Attributes
    ----------
    keys : tuple of Key
        Distinct combinations.
    routed : tuple of Routed
        The outcome for each key.
    key : int32[rows]
        Key of each row.
    quantity : float64[rows]
        As entered. [unit of the key]
    override : float64[4, rows]
        Measured values; 1 where there is none. Without a row if no row has any.
    bad : bool[rows]
        Rows that are not computed.
    """

    keys: tuple[Key, ...]
    routed: tuple[Routed, ...]
    key: np.ndarray
    quantity: np.ndarray
    override: np.ndarray
    bad: np.ndarray

    @cached_property
    def terms(self) -> tuple[Term, ...]:
        """Every term, key after key."""
        return tuple(term for routed in self.routed for term in routed.terms)

    @cached_property
    def first_term(self) -> np.ndarray:
        """Index of the first term of each key, and the end, as int64[keys + 1]."""
        return np.concatenate([[0], np.cumsum([len(routed.terms) for routed in self.routed])]).astype(np.int64)

    @cached_property
    def term_key(self) -> np.ndarray:
        """Key of each term, as int32[terms]."""
        return np.repeat(np.arange(len(self.keys)), np.diff(self.first_term)).astype(np.int32)

    @cached_property
    def spans(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The computed rows, how many entries each has, and where these begin; int64[computed rows] each."""
        good = np.flatnonzero(~self.bad)
        counts = np.diff(self.first_term)[self.key[good]]
        return good, counts, np.cumsum(counts) - counts

    @cached_property
    def entries(self) -> tuple[np.ndarray, np.ndarray]:
        """Row (int64) and term (int32) of every entry: each computed row once per term of its key."""
        good, counts, _ = self.spans
        return np.repeat(good, counts), self.along(self.first_term[self.key[good]])

    def along(self, first: np.ndarray) -> np.ndarray:
        """Return numbers that count up from a first one over the entries of each computed row, as int32[entries]."""
        _, counts, begin = self.spans
        each = np.repeat((first - begin).astype(np.int32), counts)
        each += np.arange(len(each), dtype=np.int32)
        return each

    @cached_property
    def amount(self) -> np.ndarray:
        """Amount of each entry [kg of gas or kgce], as float64[entries]."""
        row, term = self.entries
        scale = np.array([as_pair(t.fixed) for t in self.terms], dtype=np.float64).reshape(-1, 2)
        column = np.full((len(self.terms), len(OVERRIDES)), -1, dtype=np.int32)
        for number, t in enumerate(self.terms):
            for place, name in enumerate(s.column for s in t.slots if s.column):
                column[number, place] = OVERRIDES.index(name)
        quantity = decimal_pairs(self.quantity)
        override = np.ascontiguousarray(np.stack([decimal_pairs(values) for values in self.override], axis=1))
        amount = np.empty(len(row))
        arrays = (quantity, override, np.ascontiguousarray(scale.T), column, row, term, amount)
        run(products, PRODUCTS_SIGNATURE, len(row), *arrays)
        return amount

    @cached_property
    def digest(self) -> str:
        """SHA-256 over the terms: method, factors, scales and rungs, whatever the rows are."""
        lines = sorted(
            "|".join([
                k.pack, k.item.id, k.use, k.region, k.process, k.period.label, k.unit.text, k.instrument, r.category,
                r.route, t.target, t.basis, str(t.scale), *(said.en for said in t.rung),
                *(f"{s.name}={s.column or s.value}{s.unit.text}" for s in t.slots), *(f.id for f in t.factors),
            ])
            for k, r in zip(self.keys, self.routed, strict=True)
            for t in r.terms
        )  # fmt: skip
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def as_pair(number: Fraction) -> tuple[float, float]:
    """Return an exact number as two floats, high + low, to about 32 digits.

    Examples
    --------
    >>> as_pair(Fraction(1, 2))
    (0.5, 0.0)
    """
    high = float(number)
    return high, float(number - Fraction(high))


def decimal_pairs(values: np.ndarray) -> np.ndarray:
    """Return floats as the decimals that they print as, each in two floats, high + low.

    Parameters
    ----------
    values : float64[rows]
        Numbers as read: the nearest float to a decimal of up to 15 digits, or any other float, which stands for itself.

    Returns
    -------
    float64[2, rows]
        The float itself, and what the decimal has beyond it.

    Examples
    --------
    >>> decimal_pairs(np.array([0.57, 100.0]))[1].tolist()
    [4.884981308350689e-17, 0.0]
    """
    pairs = np.zeros((2, len(values)))
    pairs[0] = values
    todo = np.flatnonzero(values != np.rint(values))
    power = 1.0
    for _ in range(22):  # the largest power of ten that is a float, exactly
        if not len(todo):
            break
        power *= 10.0
        left = values[todo]
        whole = np.rint(left * power)
        hit = (whole / power == left) & (np.abs(whole) < LARGEST_EXACT)
        pairs[1, todo[hit]] = _beyond(left[hit], power, whole[hit])
        todo = todo[~hit]
    return pairs


def _beyond(values: np.ndarray, power: float, whole: np.ndarray) -> np.ndarray:
    """Return ``whole / power - values``, where the product of a value and the power is known exactly."""
    splitter = 134217729.0
    part = splitter * power
    power_top = part - (part - power)
    power_rest = power - power_top
    parts = splitter * values
    top = parts - (parts - values)
    rest = values - top
    product = values * power
    error = ((product - top * power_top) - rest * power_top) - top * power_rest
    error = rest * power_rest - error
    return np.asarray(((whole - product) - error) / power)


@dataclass(frozen=True)
class Sums:
    """Exact sums of many groups, which can be summed again without losing a bit.

    Attributes
    ----------
    limbs : int64[groups, limbs]
        Accumulators of `carbon.kernels.sums`.
    bias : int
        Their steps are ``2**-bias``.
    """

    limbs: np.ndarray
    bias: int = BIAS

    @classmethod
    def of(cls, amount: np.ndarray, group: np.ndarray, groups: int, bias: int = BIAS, limbs: int = LIMBS) -> Sums:
        """Add floats by group.

        Parameters
        ----------
        amount : float64[entries]
            What is added.
        group : int32[entries]
            Group of each; -1 = none.
        groups : int
            How many groups.
        bias, limbs : int
            Reach and width of an accumulator; see `carbon.kernels.sums`.
        """
        out = np.zeros((groups, limbs), dtype=np.int64)
        reach = 2.0 ** (32 * (limbs - 2) - bias)
        if len(amount) and not np.abs(amount).max() < reach:
            message = f"amounts reach {np.abs(amount).max():g}, beyond the accumulator ({reach:g})"
            raise OverflowError(message)
        bits = np.ascontiguousarray(amount, dtype=np.float64).view(np.int64)
        run(exact_sums, SUMS_SIGNATURE, len(bits), bits, np.ascontiguousarray(group, dtype=np.int32), bias, out)
        return cls(carried(out), bias)

    def by(self, group: np.ndarray, groups: int) -> Sums:
        """Sum groups into larger groups; `group` has the larger one of each, -1 = none."""
        out = np.zeros((groups, self.limbs.shape[1]), dtype=np.int64)
        order = np.argsort(group, kind="stable")
        order = order[np.searchsorted(group[order], 0) :]
        if len(order):
            found, begin = np.unique(group[order], return_index=True)
            filled = np.flatnonzero(self.limbs.any(axis=0))
            part = slice(int(filled[0]), int(filled[-1]) + 1) if len(filled) else slice(0)
            out[found, part] = np.add.reduceat(self.limbs[:, part][order], begin, axis=0)
        return Sums(carried(out), self.bias)

    def fractions(self) -> list[Fraction]:
        """Return the sums as exact numbers."""
        return [from_limbs(row, self.bias) for row in self.limbs.tolist()]


def carried(limbs: np.ndarray) -> np.ndarray:
    """Return accumulators whose limbs, but for the top one, lie in [0, 2**32)."""
    for place in range(limbs.shape[1] - 1):
        if (carry := limbs[:, place] >> 32).any():
            limbs[:, place + 1] += carry
            limbs[:, place] &= 0xFFFFFFFF
    return limbs


def from_limbs(limbs: Sequence[int], bias: int) -> Fraction:
    """Return the number that an accumulator holds.

    Examples
    --------
    >>> from_limbs([0, 1], 32)
    Fraction(1, 1)
    """
    total = 0
    for limb in reversed(limbs):
        total = (total << 32) + limb
    return Fraction(total, 1 << bias)
