"""What uncertain inputs do to a result: variances by theory, summaries, sensitivities and comparisons by draws.

Theory covers ``y = Σ c·a·f``: amounts a and factors f are independent of one another, and either may stand in many
terms (a shared factor correlates them). Sums run in the order of size, so the order of terms changes no bit.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from carbon.footprint.declarations import NORMAL_95


class Summary(NamedTuple):
    """A result and its spread.

    Attributes
    ----------
    mean, median, sd, low, high : float or float64[results]
        Mean, median, standard deviation, 2.5 % and 97.5 % quantile. [unit of the result]
    """

    mean: np.ndarray
    median: np.ndarray
    sd: np.ndarray
    low: np.ndarray
    high: np.ndarray


class Comparison(NamedTuple):
    """How likely one result is below another, from draws of both.

    Attributes
    ----------
    probability : float
        Share of draws in which it is below.
    standard_error : float
        Of that share: √(p·(1 - p) / draws); 0 where all draws agree, which leaves up to 3 / draws open at 95 %.
    ties : float
        Share of draws in which they are equal.
    """

    probability: float
    standard_error: float
    ties: float

    @property
    def percent(self) -> float:
        """The share of draws in which it is below [%]."""
        return 100 * self.probability

    @property
    def percent_error(self) -> float:
        """The standard error of that share [%]."""
        return 100 * self.standard_error


@dataclass(frozen=True)
class Propagation:
    """Mean and variance of ``y = Σ c·a·f``, and who causes the variance.

    Attributes
    ----------
    mean : float
        Exact.
    first_order : float
        Variance of the linear part: ``Σ_a (∂y/∂a)²·var(a) + Σ_f (∂y/∂f)²·var(f)``.
    variance : float
        Exact: the linear part and what amounts and factors do together.
    amount, factor : float64[amounts], float64[factors]
        Share of `variance` that each causes alone.
    together : float
        Share that pairs of them cause; with the others it makes 1 (0, if nothing varies).
    """

    mean: float
    first_order: float
    variance: float
    amount: np.ndarray
    factor: np.ndarray
    together: float

    def lognormal(self) -> Summary:
        """Return the lognormal distribution with this mean and variance; NaN if the mean is 0."""
        return lognormal_summary(self.mean, self.variance)


def propagate(
    coefficient: np.ndarray, amount: np.ndarray, factor: np.ndarray, *, amount_mean: np.ndarray,
    amount_variance: np.ndarray, factor_mean: np.ndarray, factor_variance: np.ndarray,
) -> Propagation:  # fmt: skip
    """Return mean and variance of ``y = Σ_terms c·a·f`` with independent amounts and factors.

    Parameters
    ----------
    coefficient : float64[terms]
        What is certain in a term.
    amount : int[terms]
        Its amount.
    factor : int[terms]
        Its factor; -1 = none.
    amount_mean, amount_variance : float64[amounts]
        Moments of the amounts.
    factor_mean, factor_variance : float64[factors]
        Moments of the factors.

    Returns
    -------
    Propagation

    Notes
    -----
    With C the coefficients by amount and factor, ``var(aᵀ·C·f) = Σ_a (C·μ_f)²·σ_a² + Σ_f (Cᵀ·μ_a)²·σ_f² +
    Σ C²·σ_a²·σ_f²``: for one product ``μ_f²·σ_a² + μ_a²·σ_f² + σ_a²·σ_f²`` (L. A. Goodman, On the exact variance of
    products, Journal of the American Statistical Association 55 (1960), 708-713).

    Examples
    --------
    Ten plus or minus one, times two plus or minus a half:

    >>> done = propagate(
    ...     np.array([1.0]), np.array([0]), np.array([0]),
    ...     amount_mean=np.array([10.0]), amount_variance=np.array([1.0]),
    ...     factor_mean=np.array([2.0]), factor_variance=np.array([0.25]),
    ... )
    >>> done.mean, done.first_order, done.variance
    (20.0, 29.0, 29.25)
    """
    amounts, factors = len(amount_mean), len(factor_mean)
    mean_of = np.append(factor_mean, 1.0)  # what has no factor has a certain one
    variance_of = np.append(factor_variance, 0.0)
    place, merged = _sums(amount.astype(np.int64) * (factors + 1) + factor % (factors + 1), coefficient)
    own, shared = place // (factors + 1), place % (factors + 1)
    by_amount = _grouped(own, merged * mean_of[shared], amounts) ** 2 * amount_variance
    by_factor = _grouped(shared, merged * amount_mean[own], factors + 1)[:factors] ** 2 * factor_variance
    pairs = math.fsum(merged**2 * amount_variance[own] * variance_of[shared])
    first_order = math.fsum([*by_amount, *by_factor])
    variance = math.fsum([*by_amount, *by_factor, pairs])
    whole = variance or 1.0
    mean = math.fsum(merged * amount_mean[own] * mean_of[shared])
    return Propagation(mean, first_order, variance, by_amount / whole, by_factor / whole, pairs / whole)


def _sums(group: np.ndarray, value: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the groups and the sum of each; values are added in the order of size."""
    order = np.lexsort((value, group))
    group, value = group[order], value[order]
    first = np.flatnonzero(np.append(True, group[1:] != group[:-1])[: len(group)])
    return group[first], np.add.reduceat(value, first) if len(value) else value


def _grouped(group: np.ndarray, value: np.ndarray, size: int) -> np.ndarray:
    out = np.zeros(size)
    place, total = _sums(group, value)
    out[place] = total
    return out


def lognormal_summary(mean: float, variance: float) -> Summary:
    """Return the lognormal distribution with this mean and variance; NaN if the mean is 0.

    Examples
    --------
    >>> lognormal_summary(math.exp(0.5), math.exp(1) * (math.exp(1) - 1)).median
    array(1.)
    """
    if mean == 0:
        unknown = np.array(np.nan)
        return Summary(np.array(0.0), unknown, np.array(math.sqrt(variance)), unknown, unknown)
    squares = math.log1p(variance / mean**2)
    median, spread = mean * math.exp(-squares / 2), NORMAL_95 * math.sqrt(squares)
    limits = sorted([median * math.exp(-spread), median * math.exp(spread)])
    return Summary(*(np.array(number) for number in (mean, median, math.sqrt(variance), *limits)))


def summary(draws: np.ndarray) -> Summary:
    """Return mean, median, standard deviation and 95 % interval of draws.

    Parameters
    ----------
    draws : float64[draws] or float64[results, draws]
        Two draws or more.

    Examples
    --------
    >>> summary(np.array([1.0, 2.0, 3.0, 4.0])).median
    array(2.5)
    """
    draws = np.asarray(draws, dtype=np.float64)
    low, median, high = np.quantile(draws, [0.025, 0.5, 0.975], axis=-1)
    middle, spread = draws.mean(axis=-1), draws.std(axis=-1, ddof=1)
    return Summary(*(np.asarray(number) for number in (middle, median, spread, low, high)))


def rank_shares(inputs: np.ndarray, result: np.ndarray) -> np.ndarray:
    """Return how much of a result's spread each input stands for: squared rank correlations, scaled to sum to 1.

    Parameters
    ----------
    inputs : float64[inputs, draws]
        Draws of each variable once, not once per row that shares it.
    result : float64[draws]
        The result of each draw.

    Returns
    -------
    float64[inputs]
        0 for an input that does not vary; all 0 if nothing does.

    Examples
    --------
    >>> rank_shares(np.array([[1.0, 2.0, 3.0], [5.0, 5.0, 5.0]]), np.array([10.0, 20.0, 30.0])).tolist()
    [1.0, 0.0]
    """
    goal = _centred_ranks(result)
    squares = np.zeros(len(inputs))
    for number, one in enumerate(inputs):
        ranks = _centred_ranks(one)
        size = float(ranks @ ranks) * float(goal @ goal)
        squares[number] = float(ranks @ goal) ** 2 / size if size else 0.0
    return squares / (math.fsum(squares) or 1.0)


def _centred_ranks(values: np.ndarray) -> np.ndarray:
    """Return ranks less their mean; equal values share the mean of their ranks."""
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(count)
    return np.asarray((last - (count + 1) / 2)[place] - (len(values) - 1) / 2)


def ranking(shares: np.ndarray) -> np.ndarray:
    """Return the places of shares, the largest first; equals in their own order.

    Examples
    --------
    >>> ranking(np.array([0.1, 0.6, 0.3])).tolist()
    [1, 2, 0]
    """
    return np.argsort(-np.asarray(shares, dtype=np.float64), kind="stable")


def probability_below(one: np.ndarray, other: np.ndarray) -> Comparison:
    """Return how likely one result is below another, draw by draw.

    Parameters
    ----------
    one, other : float64[draws]
        Results of the same draws: what both studies share must have been drawn once for both.

    Examples
    --------
    >>> probability_below(np.array([1.0, 2.0, 3.0, 4.0]), np.array([2.0, 3.0, 4.0, 4.0])).probability
    0.75
    """
    below, count = float(np.mean(one < other)), len(one)
    return Comparison(below, math.sqrt(below * (1 - below) / count), float(np.mean(one == other)))
