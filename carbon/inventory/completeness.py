"""What is missing: which totals lack rows that could not be computed, or periods that were not given."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any

import numpy as np

from carbon.arrays import distinct
from carbon.inventory.checks import covers
from carbon.inventory.rollup import Cells, Place
from carbon.periods import Period


@dataclass
class Completeness:
    """Which totals lack something.

    Attributes
    ----------
    bad : set of (facility, Period or None)
        Facility-periods with rows that could not be computed; None = the period is not known.
    lacking : set of (facility, Period, basis)
        Facility-periods of which one basis alone could not be computed.
    everything : bool
        Whether rows could not even be given to a facility.
    spans : dict of facility to set of Period
        For which periods a facility has rows at all.
    """

    bad: set[tuple[str, Period | None]] = field(default_factory=set)
    lacking: set[tuple[str, Period, str]] = field(default_factory=set)
    everything: bool = False
    spans: dict[str, set[Period]] = field(default_factory=dict)

    def lacks(self, members: Iterable[str], period: Period, basis: str) -> bool:
        """Return whether some row of these facilities could not be computed on a basis."""
        return any(span.overlaps(period) for name in members for span in self._lacking.get((name, basis), ()))

    def misses(self, name: str, period: Period, basis: str) -> bool:
        """Return whether rows of one facility that overlap a period were not computed."""
        bad = any(span is None or span.overlaps(period) for span in self._bad.get(name, ()))
        return bad or self.lacks([name], period, basis)

    def complete(self, members: Iterable[str], period: Period, basis: str = "") -> bool:
        """Return whether nothing is missing for some facilities in a period (on a basis)."""
        return not self.everything and all(self._whole(name, period, basis) for name in members)

    def _whole(self, name: str, period: Period, basis: str) -> bool:
        """Return whether one facility lacks nothing in a period; found once and kept."""
        key = (name, period, basis)
        if key not in self._known:
            spans = self._spans.get(name, frozenset())
            self._known[key] = _spanned(spans, period) and not self.misses(name, period, basis)
        return self._known[key]

    def kinds(self, names: Iterable[str]) -> tuple[str, ...]:
        """Return one facility of each kind: where the same is given and missing, one answers for all."""
        return tuple(sorted({self._kinds.setdefault(self._marks(name), name) for name in names}))

    def _marks(self, name: str) -> tuple[frozenset[Any], ...]:
        bad = frozenset(self._bad.get(name, ()))
        return self._spans.get(name, frozenset()), bad, self._gaps.get(name, frozenset())

    @cached_property
    def _kinds(self) -> dict[tuple[frozenset[Any], ...], str]:
        return {}

    @cached_property
    def _gaps(self) -> dict[str, frozenset[tuple[str, Period]]]:
        found: dict[str, set[tuple[str, Period]]] = {}
        for name, span, basis in self.lacking:
            found.setdefault(name, set()).add((basis, span))
        return {name: frozenset(gaps) for name, gaps in found.items()}

    @cached_property
    def _spans(self) -> dict[str, frozenset[Period]]:
        shared: dict[frozenset[Period], frozenset[Period]] = {}
        return {name: shared.setdefault(key := frozenset(spans), key) for name, spans in self.spans.items()}

    @cached_property
    def _bad(self) -> dict[str, set[Period | None]]:
        found: dict[str, set[Period | None]] = {}
        for name, span in self.bad:
            found.setdefault(name, set()).add(span)
        return found

    @cached_property
    def _lacking(self) -> dict[tuple[str, str], set[Period]]:
        found: dict[tuple[str, str], set[Period]] = {}
        for name, span, basis in self.lacking:
            found.setdefault((name, basis), set()).add(span)
        return found

    @cached_property
    def _known(self) -> dict[tuple[str, Period, str], bool]:
        return {}


@cache
def _spanned(spans: frozenset[Period], period: Period) -> bool:
    """Return whether periods make up a whole one, and none of them is longer and belongs to it only in part."""
    finer = {span for span in spans if span.within(period) and span != period}
    whole = covers(finer, period) if finer else period in spans
    return whole and not any(period.within(span) and span != period for span in spans)


class Known:
    """What is missing, asked for by numbers of places, periods and bases; found once for each of them.

    Parameters
    ----------
    cells : Cells
        What the numbers mean.
    completeness : Completeness
        What is missing.
    bases : list of str
        Bases in the order of their numbers.
    """

    def __init__(self, cells: Cells, completeness: Completeness, bases: list[str]) -> None:
        self.cells, self.completeness, self.bases = cells, completeness, bases
        kinds = [completeness.kinds(members(cells, place)) for place in cells.places]
        numbers = {kind: number for number, kind in enumerate(dict.fromkeys(kinds))}
        self.members = [*numbers]
        self._kind = np.array([numbers[kind] for kind in kinds], dtype=np.int32)

    def complete(self, place: np.ndarray, period: np.ndarray, basis: np.ndarray) -> np.ndarray:
        """Return whether nothing is missing, as bool[numbers]."""
        kind = self._kind[place]
        number, sample = distinct(kind, period, basis)
        found = [
            self.completeness.complete(self.members[k], self.cells.periods[q], self.bases[b])
            for k, q, b in zip(kind[sample].tolist(), period[sample].tolist(), basis[sample].tolist(), strict=True)
        ]
        return np.asarray(np.array(found, dtype=bool)[number])

    def lacks(self, place: int, period: int, basis: int) -> bool:
        """Return whether some row could not be computed on a basis."""
        return self.completeness.lacks(self.members[self._kind[place]], self.cells.periods[period], self.bases[basis])


def members(cells: Cells, place: Place) -> list[str]:
    """Return the facilities that belong to a place."""
    if place.facility:
        return [place.facility]
    return [f.id for f in cells.everyone if place.level == 2 or f.group == place.group]
