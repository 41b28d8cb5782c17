"""Exact sums by group: each float is a whole number of steps of 2**-bias, so order cannot matter."""

from __future__ import annotations

import numpy as np

SIGNATURE = """void(
    Array(int64, 1, "C", readonly=True), Array(int32, 1, "C", readonly=True), int64, int64[:, ::1])"""
BIAS, LIMBS = 224, 12
WIDE_BIAS, WIDE_LIMBS = 448, 24


def exact_sums(bits: np.ndarray, group: np.ndarray, bias: int, out_limbs: np.ndarray) -> None:
    """Add floats into the accumulators of their groups, exactly: ``Σ x = Σ_i limb_i · 2**(32·i - bias)``.

    Parameters
    ----------
    bits : int64[entries]
        The floats, seen as integers (``x.view(int64)``); magnitudes from ``2**(53 - bias)`` up to the top limb.
    group : int32[entries]
        Accumulator of each entry; -1 = none.
    bias : int
        Steps are ``2**-bias``.
    out_limbs : int64[groups, limbs]
        Accumulators, added to in place; up to 2**29 entries may be added before the carries are settled.

    Notes
    -----
    A small superaccumulator: a 53-bit mantissa spreads over three limbs of 32 bits with room for carries. Adding the
    accumulators of two parts gives the accumulator of the whole, so chunks, threads and workers agree to the bit.
    """
    for entry in range(bits.shape[0]):
        where = group[entry]
        if where < 0:
            continue
        word = bits[entry]
        exponent = (word >> 52) & 2047
        mantissa = word & 4503599627370495
        if exponent > 0:
            mantissa += 4503599627370496
        else:
            exponent += 1
        shift = exponent - 1075 + bias
        if shift < 0:
            mantissa = 0
            shift = 0
        limb = shift >> 5
        offset = shift & 31
        low = (mantissa & 4294967295) << offset
        high = (mantissa >> 32) << offset
        first = low & 4294967295
        second = (low >> 32) + (high & 4294967295)
        third = high >> 32
        if word < 0:
            first, second, third = -first, -second, -third
        out_limbs[where, limb] += first
        out_limbs[where, limb + 1] += second
        out_limbs[where, limb + 2] += third
