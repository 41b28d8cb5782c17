"""Classes of footprints: a value, or draws of it, held against a table of upper limits that the user brings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np

from carbon.errors import UsageError

Classes = Mapping[str, Any] | Iterable[tuple[str, Any]]


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
