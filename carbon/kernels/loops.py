"""Dense factors of the loops of a product chain: what a loop delivers after its own use, or why it cannot."""

from __future__ import annotations

import numpy as np

SIGNATURE = """void(
    Array(float64, 2, "C", readonly=True), Array(float64, 2, "C", readonly=True), Array(int64, 2, "C", readonly=True),
    Array(int64, 1, "C", readonly=True), Array(int64, 1, "C", readonly=True), Array(int64, 1, "C", readonly=True),
    Array(int64, 1, "C", readonly=True), float64[:, ::1], int64[:, ::1], int8[:, ::1])"""


def factor_loops(
    production: np.ndarray,
    amount: np.ndarray,
    loop: np.ndarray,
    start: np.ndarray,
    outer: np.ndarray,
    supplier: np.ndarray,
    exchange: np.ndarray,
    out_factor: np.ndarray,
    out_pivot: np.ndarray,
    out_state: np.ndarray,
) -> None:
    """Factor ``M[i, j] = (p_i·[i = j] - z_ij) / p_i`` of every loop into ``P·M = L·U``.

    Parameters
    ----------
    production : float64[draws, processes]
        What each process makes of its reference flow, not 0; consumers come before their suppliers.
    amount : float64[draws, exchanges]
        What each exchange takes, as given.
    loop : int64[loops, 3]
        First process, number of processes, first place in `out_factor`.
    start, outer : int64[processes + 1], int64[processes]
        Sorted exchanges of a consumer begin at `start`; those with suppliers outside of its loop begin at `outer`.
    supplier, exchange : int64[exchanges]
        Of each sorted exchange: its supplier and its place in `amount`.
    out_factor, out_pivot : float64[draws, places], int64[draws, processes]
        L (without its ones) and U, row by row; the row exchanged with each, counted from the first of the loop.
    out_state : int8[draws, loops]
        0 factored, 1 factored but ill-conditioned, 2 singular, 3 uses up more than it makes. 2 and 3 leave no factors.

    Notes
    -----
    `terms` sums the magnitudes of all that went into an entry of M, so a pivot beside it shows what cancellation left,
    in any units. A loop without credits (no ``M[i, j] > 0`` off the diagonal) delivers something if and only if all
    pivots on the diagonal are positive (A. Berman, R. J. Plemmons, Nonnegative Matrices in the Mathematical Sciences,
    chapter 6). One with credits is refused where ``det M < 0``: between no use at all and the given amounts lies a
    singular loop.
    """
    for draw in range(production.shape[0]):
        for number in range(loop.shape[0]):
            begin, size, place = loop[number]
            m = np.zeros((size, size))
            terms = np.zeros((size, size))
            for j in range(size):
                m[j, j] = production[draw, begin + j]
                terms[j, j] = abs(m[j, j])
                for e in range(start[begin + j], outer[begin + j]):
                    m[supplier[e] - begin, j] -= amount[draw, exchange[e]]
                    terms[supplier[e] - begin, j] += abs(amount[draw, exchange[e]])
            credit = False
            for i in range(size):
                m[i] /= production[draw, begin + i]
                terms[i] /= abs(production[draw, begin + i])
                credit = credit or bool((m[i, :i] > 0.0).any() or (m[i, i + 1 :] > 0.0).any())
            state, sign = 0, 1.0
            for k in range(size):
                chosen, best = k, abs(m[k, k]) / max(terms[k, k], 1e-300)
                if credit and best < 0.1:
                    for i in range(k + 1, size):
                        if abs(m[i, k]) > best * terms[i, k]:
                            chosen, best = i, abs(m[i, k]) / terms[i, k]
                if not best > size * 2.0**-49:
                    state = 2
                    break
                if best < 2.0**-10:
                    state = 1
                out_pivot[draw, begin + k] = chosen
                if chosen != k:
                    sign = -sign
                    for j in range(size):
                        m[k, j], m[chosen, j] = m[chosen, j], m[k, j]
                        terms[k, j], terms[chosen, j] = terms[chosen, j], terms[k, j]
                sign = -sign if m[k, k] < 0.0 else sign
                if sign < 0.0 and not credit:
                    break
                for i in range(k + 1, size):
                    if m[i, k] != 0.0:
                        m[i, k] /= m[k, k]
                        m[i, k + 1 :] -= m[i, k] * m[k, k + 1 :]
                        terms[i, k + 1 :] += abs(m[i, k]) * np.abs(m[k, k + 1 :])
            out_state[draw, number] = 3 if state < 2 and sign < 0.0 else state
            out_factor[draw, place : place + size * size] = m.ravel()
