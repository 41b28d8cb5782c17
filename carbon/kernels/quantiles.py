"""Inverse distribution functions: probabilities in, quantiles out, in place."""

from __future__ import annotations

import math

import numpy as np

SIGNATURE = """void(
    Array(int8, 1, "C", readonly=True), Array(float64, 2, "C", readonly=True), float64[:, ::1])"""


def quantiles(kind: np.ndarray, parameter: np.ndarray, out_value: np.ndarray) -> None:
    """Replace each probability by the quantile of its row's distribution.

    Parameters
    ----------
    kind : int8[rows]
        0 none, 1 lognormal, 2 normal, 3 triangular, 4 uniform.
    parameter : float64[3, rows]
        none: value; lognormal: median, standard deviation of the logarithm (negative below zero); normal: mean,
        standard deviation; triangular: minimum, mode, maximum; uniform: minimum, maximum.
    out_value : float64[rows, draws]
        Probabilities between 0 and 1, both excluded; quantiles afterwards.

    Notes
    -----
    The normal one after M. J. Wichura, Algorithm AS 241: The percentage points of the normal distribution, Applied
    Statistics 37 (1988), 477-484, routine PPND16, about 1 part in 10**16.
    """
    for row in range(out_value.shape[0]):
        which = kind[row]
        one, two, three = float(parameter[0, row]), float(parameter[1, row]), float(parameter[2, row])
        for draw in range(out_value.shape[1]):
            p = float(out_value[row, draw])
            if which == 0:
                out_value[row, draw] = one
            elif which == 3:
                if p * (three - one) < two - one:
                    out_value[row, draw] = one + math.sqrt(p * (three - one) * (two - one))
                else:
                    out_value[row, draw] = three - math.sqrt((1.0 - p) * (three - one) * (three - two))
            elif which == 4:
                out_value[row, draw] = one + p * (two - one)
            else:
                q = p - 0.5
                if abs(q) <= 0.425:
                    r = 0.180625 - q * q
                    up = ((((((2509.0809287301226727 * r + 33430.575583588128105) * r + 67265.770927008700853) * r
                             + 45921.953931549871457) * r + 13731.693765509461125) * r + 1971.5909503065514427) * r
                          + 133.14166789178437745) * r + 3.387132872796366608  # fmt: skip
                    down = ((((((5226.495278852854561 * r + 28729.085735721942674) * r + 39307.89580009271061) * r
                               + 21213.794301586595867) * r + 5394.1960214247511077) * r + 687.1870074920579083) * r
                            + 42.313330701600911252) * r + 1.0  # fmt: skip
                    z = q * up / down
                else:
                    r = math.sqrt(-math.log(min(p, 1.0 - p)))
                    if r <= 5.0:
                        r -= 1.6
                        up = ((((((0.0007745450142783414 * r + 0.0227238449892691845878) * r
                                  + 0.24178072517745061177) * r + 1.27045825245236838258) * r
                                + 3.64784832476320460504) * r + 5.7694972214606914055) * r
                              + 4.6303378461565452959) * r + 1.42343711074968357734  # fmt: skip
                        down = ((((((1.05075007164441684324e-9 * r + 5.475938084995344946e-4) * r
                                    + 0.0151986665636164571966) * r + 0.14810397642748007459) * r
                                  + 0.68976733498510000455) * r + 1.6763848301838038494) * r
                                + 2.05319162663775882187) * r + 1.0  # fmt: skip
                    else:
                        r -= 5.0
                        up = ((((((2.01033439929228813265e-7 * r + 2.71155556874348757815e-5) * r
                                  + 0.0012426609473880784386) * r + 0.026532189526576123093) * r
                                + 0.29656057182850489123) * r + 1.7848265399172913358) * r
                              + 5.4637849111641143699) * r + 6.6579046435011037772  # fmt: skip
                        down = ((((((2.04426310338993978564e-15 * r + 1.4215117583164458887e-7) * r
                                    + 1.8463183175100546818e-5) * r + 7.868691311456132591e-4) * r
                                  + 0.0148753612908506148525) * r + 0.13692988092273580531) * r
                                + 0.59983220655588793769) * r + 1.0  # fmt: skip
                    z = up / down if q > 0.0 else -(up / down)
                out_value[row, draw] = one * math.exp(two * z) if which == 1 else one + two * z
