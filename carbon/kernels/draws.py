"""Uniform numbers that depend on stream and number of the draw only: no state, so no order of rows and no threads."""

from __future__ import annotations

import numpy as np

SIGNATURE = """void(Array(uint64, 1, "C", readonly=True), int64, float64[:, ::1])"""


def uniforms(stream: np.ndarray, first: int, out_number: np.ndarray) -> None:
    """Compute ``u_n = (⌊mix(stream + (n + 1)·γ) / 2**12⌋ + 1/2) / 2**52``.

    Parameters
    ----------
    stream : uint64[rows]
        What tells one random variable from another; equal streams give equal draws.
    first : int
        Number n of the first draw, from 0.
    out_number : float64[rows, draws]
        Uniform numbers from 2**-53 to 1 - 2**-53, symmetric about 1/2.

    Notes
    -----
    SplitMix64, counted instead of stepped: G. L. Steele, D. Lea, C. H. Flood, Fast splittable pseudorandom number
    generators, OOPSLA 2014; the mix is the thirteenth of D. Stafford. All arithmetic is modulo 2**64.
    """
    gamma = np.uint64(0x9E3779B97F4A7C15)
    stir = np.uint64(0xBF58476D1CE4E5B9)
    shake = np.uint64(0x94D049BB133111EB)
    for row in range(stream.shape[0]):
        for draw in range(out_number.shape[1]):
            word = stream[row] + np.uint64(first + draw + 1) * gamma
            word = (word ^ (word >> np.uint64(30))) * stir
            word = (word ^ (word >> np.uint64(27))) * shake
            word = word ^ (word >> np.uint64(31))
            out_number[row, draw] = (np.int64(word >> np.uint64(12)) + 0.5) * 2.220446049250313e-16  # 2**-52
