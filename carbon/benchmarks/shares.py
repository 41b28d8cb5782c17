"""Shares of lines that reach a level, by capacity and by count, between what is certain and what is possible."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction


def share_by_capacity(reached: Sequence[bool | None], capacity: Sequence[float | None]) -> Share:
    """Return the share of capacity that reaches a level.

    Parameters
    ----------
    reached : sequence of bool or None
        Per line; None = not known.
    capacity : sequence of float or None
        Per line, all in one unit; None = not known.

    Examples
    --------
    >>> share = share_by_capacity([True, False, False], [9, 1, 1])
    >>> round(100 * float(share.least), 1), share.known
    (81.8, True)
    """
    if any(size is None for size in capacity):
        return Share(Fraction(0), Fraction(1), sum(r is None for r in reached))
    sizes = [Fraction(repr(float(size))) for size in capacity if size is not None]
    return _share(reached, sizes)


def share_by_count(reached: Sequence[bool | None]) -> Share:
    """Return the share of lines that reach a level, each line counting once.

    Examples
    --------
    >>> round(100 * float(share_by_count([True, False, False]).least), 1)
    33.3
    """
    return _share(reached, [Fraction(1)] * len(reached))


@dataclass(frozen=True)
class Share:
    """A share between what is certain and what is possible.

    Attributes
    ----------
    least, most : Fraction
        With the lines of unknown verdict outside and inside.
    unknown : int
        Lines of unknown verdict.
    """

    least: Fraction
    most: Fraction
    unknown: int

    @property
    def known(self) -> bool:
        """Whether both are the same."""
        return self.least == self.most

    def meets(self, comparison: str, wanted: Fraction) -> bool | None:
        """Return whether it is at least (``ge``) or above (``gt``) a share; None where the unknown lines decide."""
        inside = [share > wanted if comparison == "gt" else share >= wanted for share in (self.least, self.most)]
        return inside[0] if inside[0] == inside[1] else None


def _share(reached: Sequence[bool | None], sizes: Sequence[Fraction]) -> Share:
    whole = sum(sizes, Fraction(0))
    if not whole:
        return Share(Fraction(0), Fraction(1), len(reached))
    least = sum((s for r, s in zip(reached, sizes, strict=True) if r), Fraction(0))
    open_ = sum((s for r, s in zip(reached, sizes, strict=True) if r is None), Fraction(0))
    return Share(least / whole, (least + open_) / whole, sum(r is None for r in reached))
