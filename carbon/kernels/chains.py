"""A product chain from consumers down to suppliers: how often each process has to run for a demand."""

from __future__ import annotations

import numpy as np

SIGNATURE = """void(
    Array(float64, 2, "C", readonly=True), Array(float64, 2, "C", readonly=True), Array(float64, 2, "C", readonly=True),
    Array(int64, 2, "C", readonly=True), Array(int64, 2, "C", readonly=True), Array(int64, 1, "C", readonly=True),
    Array(int64, 1, "C", readonly=True), Array(int64, 1, "C", readonly=True), Array(int64, 1, "C", readonly=True),
    int64, int64, float64[:, :, ::1])"""


def demand_sweep(
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
    """Solve ``p_i·s_i - Σ_j z_ij·s_j = f_i`` for the scaling s of the processes `first` to `last`.

    Parameters
    ----------
    production, amount, start, outer, supplier, exchange
        As of `factor_loops`.
    factor, pivot : float64[draws, places], int64[draws, processes]
        What `factor_loops` found.
    block : int64[processes, 3]
        First process of the block that a process belongs to, the one after its last, first place of the block in
        `factor` (-1: one process without use of its own).
    first, last : int
        Blocks from here to here, consumers before their suppliers.
    out_x : float64[draws, processes, columns]
        Demands f, replaced by scalings; what the suppliers after `last` have to deliver is added to theirs.
    """
    for draw in range(out_x.shape[0]):
        x = out_x[draw]
        at = first
        while at < last:
            until, place = block[at, 1], block[at, 2]
            size = until - at
            for j in range(at, until):
                for c in range(x.shape[1]):
                    x[j, c] /= production[draw, j]
            if place >= 0:
                for k in range(size):
                    other = at + pivot[draw, at + k]
                    for c in range(x.shape[1]):
                        x[at + k, c], x[other, c] = x[other, c], x[at + k, c]
                for k in range(size):
                    for i in range(k):
                        for c in range(x.shape[1]):
                            x[at + k, c] -= factor[draw, place + k * size + i] * x[at + i, c]
                for k in range(size - 1, -1, -1):
                    for i in range(k + 1, size):
                        for c in range(x.shape[1]):
                            x[at + k, c] -= factor[draw, place + k * size + i] * x[at + i, c]
                    for c in range(x.shape[1]):
                        x[at + k, c] /= factor[draw, place + k * size + k]
            for j in range(at, until):
                reached = False
                for c in range(x.shape[1]):
                    reached = reached or x[j, c] != 0.0
                if reached:
                    for e in range(outer[j], start[j + 1]):
                        for c in range(x.shape[1]):
                            x[supplier[e], c] += amount[draw, exchange[e]] * x[j, c]
            at = until
