"""A product chain from suppliers up to consumers: what one unit of each reference flow has caused.

It takes what `carbon.kernels.chains.demand_sweep` takes, and is compiled by the signature of that.
"""

from __future__ import annotations

import numpy as np


def intensity_sweep(
    production: np.ndarray,
    amount: np.ndarray,
    factor: np.ndarray,
    pivot: np.ndarray,
    block: np.ndarray,
    start: np.ndarray,
    outer: np.ndarray,
    supplier: np.ndarray,
    exchange: np.ndarray,
    first: int,
    last: int,
    out_x: np.ndarray,
) -> None:
    """Solve ``λ_j·p_j - Σ_i λ_i·z_ij = b_j`` for the intensities λ of the processes `last` back to `first`.

    Parameters
    ----------
    production, amount, factor, pivot, block, start, outer, supplier, exchange
        As of `demand_sweep`.
    first, last : int
        Blocks from here to here, suppliers before their consumers.
    out_x : float64[draws, processes, columns]
        Direct flows b of each process as given, replaced by intensities; those from `last` on are intensities already.
    """
    for draw in range(out_x.shape[0]):
        x = out_x[draw]
        until = last
        while until > first:
            at, place = block[until - 1, 0], block[until - 1, 2]
            size = until - at
            for j in range(at, until):
                for e in range(outer[j], start[j + 1]):
                    for c in range(x.shape[1]):
                        x[j, c] += amount[draw, exchange[e]] * x[supplier[e], c]
            if place >= 0:
                for k in range(size):
                    for i in range(k):
                        for c in range(x.shape[1]):
                            x[at + k, c] -= factor[draw, place + i * size + k] * x[at + i, c]
                    for c in range(x.shape[1]):
                        x[at + k, c] /= factor[draw, place + k * size + k]
                for k in range(size - 1, -1, -1):
                    for i in range(k + 1, size):
                        for c in range(x.shape[1]):
                            x[at + k, c] -= factor[draw, place + i * size + k] * x[at + i, c]
                for k in range(size - 1, -1, -1):
                    other = at + pivot[draw, at + k]
                    for c in range(x.shape[1]):
                        x[at + k, c], x[other, c] = x[other, c], x[at + k, c]
            for j in range(at, until):
                for c in range(x.shape[1]):
                    x[j, c] /= production[draw, j]
            until = at
