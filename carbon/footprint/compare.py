"""Two footprints side by side, draw by draw, with common random numbers."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from carbon import units
from carbon.errors import Said, UsageError
from carbon.footprint.statistics import Comparison, Summary, probability_below, summary
from carbon.footprint.study import Footprint
from carbon.footprint.uncertain import Uncertainty, uncertainty


@dataclass(frozen=True)
class Compared:
    """Two footprints with common random numbers.

    Attributes
    ----------
    a, b : Uncertainty
        Each of them.
    base : float
        a - b without uncertainty. [kgCO2e]
    draws : float64[draws]
        a - b, draw by draw; NaN where one of them has no solution. [kgCO2e]
    difference : Summary
        Of those draws.
    below : Comparison
        How likely a is below b, with the standard error of that share, and the share of ties.
    common : tuple of str
        Random variables that both share, by name.
    same_unit : bool
        Whether both are for the same amount of the same unit; where not, what they are for has to be comparable in
        some other way, which only the user knows.
    """

    a: Uncertainty
    b: Uncertainty
    base: float
    draws: np.ndarray
    difference: Summary
    below: Comparison
    common: tuple[str, ...]
    same_unit: bool

    @property
    def said(self) -> Said:
        """The comparison in words."""
        p, error = 100 * self.below.probability, 100 * self.below.standard_error
        unit = ("", "") if self.same_unit else ("; the declared units differ", "；两者的声明单位不同")
        return Said(
            f"a is below b in {p:.1f} % of the draws (standard error {error:.1f} %), equal in "
            f"{100 * self.below.ties:.1f} %; {len(self.common)} uncertain numbers are shared{unit[0]}",
            f"a 低于 b 的抽样占 {p:.1f} %（标准误 {error:.1f} %），相等的占 {100 * self.below.ties:.1f} %；"
            f"共有不确定数值 {len(self.common)} 个{unit[1]}",
        )


def compare(
    a: Footprint, b: Footprint, draws: int = 1000, seed: int = 1, method: str = "random",
    scenarios: tuple[str, str] = ("", ""), threads: int | None = None,
) -> Compared:  # fmt: skip
    """Compare two products, or two scenarios of one study (``compare(study, study, scenarios=("", "green"))``).

    Parameters
    ----------
    a, b : Footprint
        The studies; numbers of the same name in both are drawn once for both.
    draws : int
        How many pairs of draws, two or more.
    seed : int
        Another seed, other draws.
    method : {"random", "latin-hypercube"}
        How to draw. Sobol points depend on the whole set of numbers, so two studies cannot share them.
    scenarios : tuple of two str
        Scenario of a, scenario of b.
    threads : int, optional
        As many as there are processors; they change no bit.

    Returns
    -------
    Compared

    Raises
    ------
    UsageError
        If the method does not pair, there are fewer than two draws or pairs with a solution, or no such scenario.

    Examples
    --------
    >>> from carbon.footprint.study import footprint
    >>> def lamp(hours):
    ...     return footprint(
    ...         [{"process": "lamp", "unit": "kg"}],
    ...         [{"process": "lamp", "kind": "emission", "name": "CO2", "amount": f"{hours} * kw", "unit": "kg"}],
    ...         parameters=[{"parameter": "kw", "value": 1, "uncertainty_pct": 20}],
    ...         study={"product": "lamp", "unit": "kg"})
    >>> compare(lamp(9), lamp(10)).below.probability
    1.0
    """
    if method not in ("random", "latin-hypercube") or draws < 2:
        message = "a comparison takes two draws or more, by random or latin-hypercube"
        raise UsageError(message)
    one, other = (
        uncertainty(study, draws, seed, method, scenario, threads)
        for study, scenario in zip((a, b), scenarios, strict=True)
    )
    left = one.draws - other.draws
    good = np.isfinite(left)
    if good.sum() < 2:
        message = "fewer than two pairs of draws have a footprint"
        raise UsageError(message)
    common = tuple(sorted(set(one.variables.key) & set(other.variables.key)))
    return Compared(
        one, other, one.base - other.base, left, summary(left[good]),
        probability_below(one.draws[good], other.draws[good]), common, declared(a) == declared(b),
    )  # fmt: skip


def paired(a: Footprint, of_a: Uncertainty, b: Footprint, of_b: Uncertainty) -> Comparison | None:
    """Return how likely a is below b by draws that were made apart with common numbers.

    Parameters
    ----------
    a, b : Footprint
        The studies.
    of_a, of_b : Uncertainty
        Their draws.

    Returns
    -------
    Comparison or None
        None if their draws are not pairs (another count, seed or way to draw), or they are for different amounts.
    """
    same = (of_a.seed, of_a.method, len(of_a.draws)) == (of_b.seed, of_b.method, len(of_b.draws))
    if not same or of_a.method == "sobol" or len(of_a.draws) < 2 or declared(a) != declared(b):
        return None
    good = np.isfinite(of_a.draws) & np.isfinite(of_b.draws)
    return probability_below(of_a.draws[good], of_b.draws[good])


def declared(footprint: Footprint) -> tuple[Fraction, Any]:
    """Return how much of what a footprint is for, in base units."""
    unit = units.parse(footprint.study.unit)
    return footprint.study.amount * unit.scale, unit.dimension


__all__ = ["Compared", "compare", "declared", "paired"]
