"""Two footprints side by side, draw by draw, and footprints against classes that the user brings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np

from carbon import units
from carbon.errors import Said, UsageError
from carbon.footprint.statistics import Comparison, Summary, probability_below, summary
from carbon.footprint.study import Footprint
from carbon.footprint.uncertain import Uncertainty, uncertainty

Classes = Mapping[str, Any] | Iterable[tuple[str, Any]]


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
        probability_below(one.draws[good], other.draws[good]), common, _declared(a) == _declared(b),
    )  # fmt: skip


def _declared(footprint: Footprint) -> tuple[Fraction, Any]:
    unit = units.parse(footprint.study.unit)
    return footprint.study.amount * unit.scale, unit.dimension


def grade(value: Any, classes: Classes) -> str | None:
    """Return the class of a footprint; None beyond the last limit.

    Parameters
    ----------
    value : float or Fraction
        The footprint, as the classes count it; a float counts as the decimal that it prints as.
    classes : mapping or sequence of (str, limit)
        Upper limits by name of class, best first; a footprint equal to a limit is still of that class. The last class
        may have None: whatever lies beyond. No class table is shipped.

    Raises
    ------
    UsageError
        If there is no class, a name comes twice, limits do not rise, or one is no number.

    Examples
    --------
    >>> table = {"A": "400", "B": "550.5", "C": None}
    >>> grade(400, table), grade(550.5, table), grade(551, table)
    ('A', 'B', 'C')
    """
    limits = _limits(classes)
    number = _exact(value, "value")
    return next((name for name, limit in limits if limit is None or number <= limit), None)


def grades(draws: np.ndarray, classes: Classes) -> dict[str, float]:
    """Return the share of draws in each class; those beyond the last limit are in none.

    Parameters
    ----------
    draws : float64[draws]
        As `Uncertainty.draws`; draws without a footprint are left out.
    classes : mapping or sequence of (str, limit)
        As of `grade`.

    Examples
    --------
    >>> grades(np.array([1.0, 2.0, 3.0, 4.0]), {"A": 2, "B": None})
    {'A': 0.5, 'B': 0.5}
    """
    good = np.asarray(draws, dtype=np.float64)
    good = good[np.isfinite(good)]
    if not len(good):
        message = "there are no draws to grade"
        raise UsageError(message)
    limits = _limits(classes)
    places = np.searchsorted([float(limit) for _, limit in limits if limit is not None], good, side="left")
    return {name: float(np.mean(places == place)) for place, (name, _) in enumerate(limits)}


def _limits(classes: Classes) -> Sequence[tuple[str, Fraction | None]]:
    pairs = classes.items() if isinstance(classes, Mapping) else classes
    found = [(str(name), None if limit is None else _exact(limit, str(name))) for name, limit in pairs]
    rising = [limit for _, limit in found[:-1]] + [limit for _, limit in found[-1:] if limit is not None]
    if not found or len({name for name, _ in found}) < len(found):
        message = "a class table has a name for each class, each once"
        raise UsageError(message)
    known = [limit for limit in rising if limit is not None]
    if len(known) < len(rising) or any(low >= high for low, high in pairwise(known)):
        message = "limits of classes rise from the best to the worst; only the last may be open"
        raise UsageError(message)
    return found


def _exact(number: Any, name: str) -> Fraction:
    try:
        return Fraction(number) if isinstance(number, (int, str, Fraction)) else Fraction(repr(float(number)))
    except (TypeError, ValueError, ZeroDivisionError, OverflowError) as error:
        message = f"{name}: '{str(number)[:40]}' is not a number"
        raise UsageError(message) from error


__all__ = ["Compared", "compare", "grade", "grades"]
