"""Many uncertain numbers in columns: one declaration each, from which moments, quantiles and draws all come.

Where the printed value is not the mean of what its row declares, `mean_shift` says by how much draws lie off it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from carbon.footprint.declarations import KINDS, Distribution, DistributionError, declare, pedigree_variances
from carbon.kernels import run
from carbon.kernels.quantiles import SIGNATURE, quantiles

__all__ = ["KINDS", "Distribution", "DistributionError", "Distributions", "declare", "pedigree_variances"]


@dataclass(frozen=True)
class Distributions:
    """Many uncertain numbers in columns.

    Attributes
    ----------
    kind : int8[rows]
        Place in `KINDS`.
    value : float64[rows]
        Numbers as printed.
    parameter : float64[3, rows]
        As `Distribution.parameters`.
    """

    kind: np.ndarray
    value: np.ndarray
    parameter: np.ndarray

    @classmethod
    def of(cls, rows: Iterable[Distribution]) -> Distributions:
        """Put distributions in columns.

        Examples
        --------
        >>> Distributions.of([declare(8.0, gsd=1.5), declare(3.0, sd=0.5)]).median.tolist()
        [8.0, 3.0]
        """
        rows = list(rows)
        parameter = np.array([row.parameters for row in rows], dtype=np.float64).reshape(-1, 3)
        return cls(
            np.array([KINDS.index(row.kind) for row in rows], dtype=np.int8),
            np.array([row.value for row in rows], dtype=np.float64),
            np.ascontiguousarray(parameter.T),
        )

    def __len__(self) -> int:
        return len(self.kind)

    def _by_kind(self, none: Any, lognormal: Any, normal: Any, triangular: Any, uniform: Any) -> np.ndarray:
        return np.choose(self.kind, np.broadcast_arrays(none, lognormal, normal, triangular, uniform))

    @property
    def mean(self) -> np.ndarray:
        """Means. float64[rows]."""
        one, two, three = self.parameter
        spread = np.where(self.kind == 1, two, 0.0)
        return self._by_kind(one, one * np.exp(spread**2 / 2), one, (one + two + three) / 3, (one + two) / 2)

    @property
    def median(self) -> np.ndarray:
        """Medians. float64[rows]."""
        return self.quantile(0.5)

    @property
    def variance(self) -> np.ndarray:
        """Variances. float64[rows]."""
        one, two, three = self.parameter
        spread = np.where(self.kind == 1, two, 0.0)
        left, right = two - one, three - two
        lognormal = (one * np.exp(spread**2 / 2)) ** 2 * np.expm1(spread**2)
        return self._by_kind(0.0, lognormal, two**2, (left**2 + left * right + right**2) / 18, left**2 / 12)

    @property
    def mean_shift(self) -> np.ndarray:
        """Mean by printed value: what random draws have more on average than the deterministic result. float64[rows].

        NaN where the value is zero. A lognormal whose value is its median has ``exp(σ²/2)``.
        """
        known = self.value != 0
        return np.where(known, self.mean / np.where(known, self.value, 1.0), np.nan)

    @property
    def value_is(self) -> list[str]:
        """Which of mean, median and mode each printed value is: the first that fits to 9 digits, or empty."""
        one, two, _ = self.parameter
        mode = self._by_kind(one, one * np.exp(-(np.where(self.kind == 1, two, 0.0) ** 2)), one, two, np.nan)
        found = [np.isclose(at, self.value, rtol=1e-9, atol=0.0) for at in (self.mean, self.median, mode)]
        return [str(name) for name in np.select(found, ["mean", "median", "mode"], "")]

    def quantile(self, probability: float | np.ndarray) -> np.ndarray:
        """Return quantiles.

        Parameters
        ----------
        probability : float or float64[points]
            Between 0 and 1, both excluded.

        Returns
        -------
        float64[rows] or float64[rows, points]

        Raises
        ------
        ValueError
            If a probability is not between 0 and 1.

        Examples
        --------
        >>> Distributions.of([declare(100.0, "lognormal", low=80.0, high=125.0)]).quantile(0.975).round(9).tolist()
        [125.0]
        """
        points = np.atleast_1d(np.asarray(probability, dtype=np.float64))
        if not ((points > 0) & (points < 1)).all():
            message = "a probability lies between 0 and 1"
            raise ValueError(message)
        out = np.tile(points, (len(self), 1))
        run(quantiles, SIGNATURE, out.size, self.kind, self.parameter, out)
        return out if np.ndim(probability) else out[:, 0]
