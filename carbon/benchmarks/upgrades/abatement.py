"""Order of abatement measures by cost, and what each saves when others have acted on the same system before it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from carbon.errors import UsageError

COUNTED = ""
INCREASE = "increase"
ALTERNATIVE = "alternative"
UNKNOWN = "unknown"
IMPOSSIBLE = "impossible"
_LARGE = 1e30


@dataclass(frozen=True)
class Ranking:
    """Measures in the order of their cost of abatement.

    Attributes
    ----------
    order : int64[measures]
        Their numbers, cheapest first; those without a known cost last.
    counted : float64, shape of what was saved
        Saving of each that counts, in the order given: 0 of an alternative, NaN where it is not known.
    cumulative : float64, shape of what was saved
        Sum of what counts, in the order of cost; what is not known adds nothing.
    reason : tuple of str
        In the order given: `COUNTED`; `INCREASE`, counted though it takes more of something than before;
        `ALTERNATIVE`, not counted since another of its group comes first; `UNKNOWN`, a saving or what it is a part of
        is not known; `IMPOSSIBLE`, it would save more than there is.
    """

    order: NDArray[np.int64]
    counted: NDArray[np.float64]
    cumulative: NDArray[np.float64]
    reason: tuple[str, ...]


def rank(
    cost_per_t: ArrayLike, saved: ArrayLike, before: ArrayLike, system: ArrayLike, alternative: ArrayLike
) -> Ranking:
    """Rank measures by cost of abatement and count their savings without counting anything twice.

    A measure saves its share, saved / before, of what the earlier ones left of its system, so that k of them leave
    Π (1 - saved / before). Of alternatives the first with a known and possible saving counts. What is counted on one
    system is never more than the largest `before` given for it. Takes n log n steps for the order and n for the rest.

    Parameters
    ----------
    cost_per_t : array_like, shape (measures,)
        Cost of abatement [money/t]; NaN if not known. Equal costs keep the order given: give measures by their ids.
    saved, before : array_like, shape (measures,) or (measures, quantities)
        What each would save if it came alone, and what its system takes or emits before any measure, for CO2e and
        energy alike, each column in one unit. Below zero is an increase; where `before` is 0 it is added as it is.
    system, alternative : array_like of int, shape (measures,)
        Number of the system on which it acts and of its group of alternatives; -1 for one of its own.

    Raises
    ------
    UsageError
        If shapes differ, or a number is infinite or absurdly large.

    Examples
    --------
    >>> ranking = rank([50, -20, 30], [30, 20, 10], [100, 100, 100], [0, 0, 0], [-1, -1, -1])
    >>> ranking.order.tolist(), ranking.cumulative.tolist()
    ([1, 2, 0], [20.0, 28.0, 49.6])
    """
    cost, saving, base = (np.asarray(given, dtype=np.float64) for given in (cost_per_t, saved, before))
    systems, groups = np.asarray(system, dtype=np.int64), np.asarray(alternative, dtype=np.int64)
    if not (cost.ndim == 1 and cost.shape == systems.shape == groups.shape == saving.shape[:1] == base.shape[:1]):
        message = "cost, saving, system and alternative must be of the same measures"
        raise UsageError(message)
    if saving.shape != base.shape or saving.ndim > 2 or any(np.any(abs(a) > _LARGE) for a in (cost, saving, base)):
        message = f"saved and before must have one shape, and no number may be beyond {_LARGE:g}"
        raise UsageError(message)
    order = np.argsort(cost, kind="stable")  # NaN last
    table, whole = (array.reshape(len(cost), *saving.shape[1:] or (1,)).tolist() for array in (saving, base))
    counted = [[math.nan] * len(row) for row in table]
    reason, running, left = [COUNTED] * len(cost), [], dict[int, list[float]]()
    taken, total = set[int](), [0.0] * (saving.shape[1] if saving.ndim == 2 else 1)
    for measure, group, place in zip(order.tolist(), groups[order].tolist(), systems[order].tolist(), strict=True):
        reason[measure] = _reason(table[measure], whole[measure], group in taken)
        if reason[measure] == ALTERNATIVE:
            counted[measure] = [0.0] * len(total)
        elif reason[measure] in (COUNTED, INCREASE):
            rest = left.get(place, [1.0] * len(total))
            pairs = list(zip(table[measure], whole[measure], rest, strict=True))
            counted[measure] = [part * share if there else part for part, there, share in pairs]
            total = [sum(pair) for pair in zip(total, counted[measure], strict=True)]
            if place >= 0:
                left[place] = [share * (1 - part / there) if there else share for part, there, share in pairs]
            if group >= 0:
                taken.add(group)
        running.append(total)
    own, cumulative = (np.array(rows, dtype=np.float64).reshape(saving.shape) for rows in (counted, running))
    return Ranking(order, own, cumulative, tuple(reason))


def _reason(saved: list[float], before: list[float], taken: bool) -> str:
    if any(map(math.isnan, (*saved, *before))):
        return UNKNOWN
    if any(there < 0 or part > there for part, there in zip(saved, before, strict=True)):
        return IMPOSSIBLE
    if taken:
        return ALTERNATIVE
    return INCREASE if min(saved, default=0.0) < 0 else COUNTED
