"""Was a saving real? Baselines adjusted to the output of the year, their uncertainty, and the verdict on a claim.

Every argument is a number or a float64 array and those of one call are broadcast together. NaN is unknown and stays
unknown. Limits of uncertainty are half widths of 95 % intervals.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from carbon.benchmarks.upgrades.demand import Numbers, checked
from carbon.errors import UsageError

CONFIRMED, OVERSTATED, UNDERSTATED, UNKNOWN = "confirmed", "overstated", "understated", "unknown"


@dataclass(frozen=True)
class NormalisedSaving:
    """A saving against the baseline adjusted to the later output.

    Attributes
    ----------
    baseline : float64[...]
        Adjusted baseline, in the unit of the energy.
    saving, uncertainty : float64[...]
        Adjusted baseline less energy after, and the half width of its 95 % interval, in the unit of the energy.
    saving_pct : float64[...]
        Saving [% of the adjusted baseline]; NaN if that is 0.
    """

    baseline: Numbers
    saving: Numbers
    uncertainty: Numbers
    saving_pct: Numbers


def normalised_saving(
    before_energy: ArrayLike,
    before_output: ArrayLike,
    after_energy: ArrayLike,
    after_output: ArrayLike,
    fixed_share: ArrayLike = 0.0,
    limits_pct: tuple[ArrayLike, ArrayLike, ArrayLike, ArrayLike] = (np.nan, np.nan, np.nan, np.nan),
) -> NormalisedSaving:
    """Return what was saved against the energy that the earlier state would have taken for the later output.

    Adjusted baseline = energy before · (fixed share + (1 - fixed share) · output after / output before). It is the
    simplest adjustment in the sense of GB/T 28750-2012, where a saving is an adjusted baseline less the energy of the
    reporting period; anything but output (weather, product mix, quality) is not adjusted for.

    Parameters
    ----------
    before_energy, before_output, after_energy, after_output : array_like
        Energy, and output in one unit, of two periods of equal length.
    fixed_share : array_like
        Share of the energy before that does not depend on output [1]. It counts as exact.
    limits_pct : tuple of four array_like
        Relative limits [%] of the four in their order, taken as independent of one another. Without them the
        uncertainty is unknown.

    Raises
    ------
    UsageError
        If a number is infinite or below zero, an output before is 0, or a fixed share is above 1.

    Examples
    --------
    >>> found = normalised_saving(1000, 100, 990, 110, limits_pct=(3, 0, 0, 0))
    >>> float(found.baseline), float(found.saving), float(found.saving_pct), float(found.uncertainty)
    (1100.0, 110.0, 10.0, 33.0)
    """
    energy, after, made = checked(before_energy=before_energy, after_energy=after_energy, after_output=after_output)
    [made_before] = checked(above_zero=True, before_output=before_output)
    limits = [checked(limits_pct=limit)[0] for limit in limits_pct]
    [fixed] = checked(fixed_share=fixed_share)
    if np.any(fixed > 1):
        message = "fixed_share must be at most 1"
        raise UsageError(message)
    varying = energy * (1 - fixed) * made / made_before
    baseline = np.asarray(energy * fixed + varying)
    saving = np.asarray(baseline - after)
    parts = (baseline * limits[0], varying * limits[1], after * limits[2], varying * limits[3])
    percent = np.divide(100 * saving, baseline, out=np.full(saving.shape, np.nan), where=baseline > 0)
    return NormalisedSaving(baseline, saving, _root_sum_square(*parts) / 100, percent)


def difference_uncertainty(
    before: ArrayLike,
    after: ArrayLike,
    u_before_pct: ArrayLike,
    u_after_pct: ArrayLike,
    factor_u_pct: ArrayLike,
    shared: bool = True,
) -> Numbers:
    """Return the limit of before - after where both are an activity times a factor, in their unit.

    U² = (b · u_b)² + (a · u_a)² + ((b - a) · u_f)² if both have the same factor, whose error then mostly cancels;
    U² = (b · u_b)² + (a · u_a)² + (b · u_f)² + (a · u_f)² with two factors equally uncertain and independent.
    Propagation of uncertainty to first order.

    Parameters
    ----------
    before, after : array_like
        Two emissions (or energies) in one unit.
    u_before_pct, u_after_pct, factor_u_pct : array_like
        Relative limits of the two activities and of the factor [%].
    shared : bool
        Whether both have the same factor.

    Raises
    ------
    UsageError
        If a number is infinite or below zero.

    Examples
    --------
    >>> float(difference_uncertainty(100, 90, 0, 0, 5)), float(difference_uncertainty(80, 60, 0, 0, 5, shared=False))
    (0.5, 5.0)
    """
    b, a = checked(before=before, after=after)
    u_b, u_a, u_f = checked(u_before_pct=u_before_pct, u_after_pct=u_after_pct, factor_u_pct=factor_u_pct)
    factor = (abs(b - a) * u_f,) if shared else (b * u_f, a * u_f)
    return _root_sum_square(b * u_b, a * u_a, *factor) / 100


def judge_claim(
    claimed: ArrayLike, saving: ArrayLike, tolerance: ArrayLike
) -> tuple[NDArray[np.str_], NDArray[np.float64]]:
    """Compare claimed savings with those found.

    Parameters
    ----------
    claimed, saving : array_like
        Savings in one unit; below zero is an increase.
    tolerance : array_like
        Largest difference that still confirms, in that unit: one agreed on, or the uncertainty of the saving.

    Returns
    -------
    verdict : str[...]
        `CONFIRMED`, `OVERSTATED`, `UNDERSTATED`, or `UNKNOWN` where any of the three is.
    difference : float64[...]
        Claimed less found.

    Raises
    ------
    UsageError
        If a number is infinite, or a tolerance below zero.

    Examples
    --------
    >>> verdict, difference = judge_claim([120, 112], 110, 5)
    >>> verdict.tolist(), difference.tolist()
    (['overstated', 'confirmed'], [10.0, 2.0])
    """
    [limit] = checked(tolerance=tolerance)
    said, found = np.asarray(claimed, dtype=np.float64), np.asarray(saving, dtype=np.float64)
    if np.isinf(said).any() or np.isinf(found).any():
        message = "no saving may be infinite"
        raise UsageError(message)
    difference = np.asarray(said - found)
    known = [abs(difference) <= limit, difference > limit, difference < -limit]
    return np.select(known, [CONFIRMED, OVERSTATED, UNDERSTATED], UNKNOWN), difference


def _root_sum_square(*parts: Numbers) -> Numbers:
    total = np.zeros(())
    for part in parts:
        total = np.hypot(total, part)
    return total
