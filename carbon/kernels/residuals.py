"""What a solution leaves over of its right-hand side, summed in pairs of floats."""

from __future__ import annotations

import numpy as np

SIGNATURE = """void(
    Array(float64, 2, "C", readonly=True), Array(float64, 2, "C", readonly=True), Array(float64, 3, "C", readonly=True),
    Array(float64, 3, "C", readonly=True), Array(int64, 1, "C", readonly=True), Array(int64, 1, "C", readonly=True),
    Array(int64, 1, "C", readonly=True), float64[:, :, ::1], float64[:, :, ::1])"""


def residuals(
    production: np.ndarray,
    amount: np.ndarray,
    x: np.ndarray,
    right: np.ndarray,
    target: np.ndarray,
    source: np.ndarray,
    exchange: np.ndarray,
    out_left: np.ndarray,
    out_terms: np.ndarray,
) -> None:
    """Compute ``r_i = b_i - p_i·x_i + Σ z·x`` over the exchanges of each target, and the sum of magnitudes beside it.

    Parameters
    ----------
    production, amount : float64[draws, processes], float64[draws, exchanges]
        The system.
    x, right : float64[draws, processes, columns]
        A solution and its right-hand side b.
    target, source, exchange : int64[exchanges]
        Row that an exchange adds to, whose x it multiplies, its place in `amount`: supplier and consumer for scalings,
        consumer and supplier for intensities.
    out_left, out_terms : float64[draws, processes, columns]
        r, rounded once, and ``|b_i| + |p_i·x_i| + Σ |z·x|``.

    Notes
    -----
    Products and sums of pairs after T. J. Dekker, A floating-point technique for extending the available precision,
    Numerische Mathematik 18 (1971), 224-242.
    """
    splitter = 134217729.0  # 2**27 + 1
    processes = production.shape[1]
    for draw in range(x.shape[0]):
        for c in range(x.shape[2]):
            low = np.zeros(processes)
            for i in range(processes):
                out_left[draw, i, c] = right[draw, i, c]
                out_terms[draw, i, c] = abs(right[draw, i, c])
            for e in range(-processes, exchange.shape[0]):
                if e < 0:
                    i, j, a = -1 - e, -1 - e, -production[draw, -1 - e]
                else:
                    i, j, a = target[e], source[e], amount[draw, exchange[e]]
                b = x[draw, j, c]
                if b == 0.0:
                    continue
                part = splitter * a
                a_top = part - (part - a)
                part = splitter * b
                b_top = part - (part - b)
                product = a * b
                rest = (a_top * b_top - product) + a_top * (b - b_top) + (a - a_top) * b_top
                low[i] += rest + (a - a_top) * (b - b_top)
                total = out_left[draw, i, c] + product
                part = total - out_left[draw, i, c]
                low[i] += (out_left[draw, i, c] - (total - part)) + (product - part)
                out_left[draw, i, c] = total
                out_terms[draw, i, c] += abs(product)
            for i in range(processes):
                out_left[draw, i, c] += low[i]
