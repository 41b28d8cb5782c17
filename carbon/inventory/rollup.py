"""Sums over cells: months to quarters to years, facilities to groups, categories to totals. Exact at every step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from carbon.arrays import distinct
from carbon.inventory.plan import Plan, Sums
from carbon.inventory.resolve import Facility
from carbon.library import Item
from carbon.periods import Period


@dataclass(frozen=True)
class Place:
    """What a total is for: one facility, one group of them, or all."""

    facility: str
    group: str

    @property
    def level(self) -> int:
        """0 for a facility, 1 for a group, 2 for all together."""
        return 0 if self.facility else (1 if self.group else 2)


@dataclass(frozen=True)
class Gathered:
    """Rows that stand for many others: what all of them add up to.

    Attributes
    ----------
    amount : Sums
        Of each term of the key of each row that is not bad, row after row. [kg of gas or kgce]
    first : int64[rows]
        Where the sums of a row begin in `amount`.
    quantity : Sums
        Of each row. [unit of its key]
    lines : int64[rows]
        How many lines each row stands for.
    spread : Uncertainty, optional
        Of all the lines, where any of them gives its own.
    """

    amount: Sums
    first: np.ndarray
    quantity: Sums
    lines: np.ndarray
    spread: Any = None

    def amounts(self, plan: Plan) -> Sums:
        """Return the sums in the order of the entries of a plan of these rows."""
        place = plan.along(self.first[plan.spans[0]])
        return Sums(self.amount.limbs[np.minimum(place, len(self.amount.limbs) - 1)], self.amount.bias)


class Cells:
    """The finest sums: one per facility and term, and one per facility and key for quantities.

    Parameters
    ----------
    plan : Plan
        Amounts.
    facility : int32[rows]
        Facility of each row.
    facilities : list of Facility
        What the numbers mean.
    everyone : sequence of Facility, optional
        All that are known, also those without a row.
    gathered : Gathered, optional
        Sums that stand in place of the amounts and quantities of the rows.
    """

    def __init__(
        self, plan: Plan, facility: np.ndarray, facilities: list[Facility], everyone: Sequence[Facility] = (),
        gathered: Gathered | None = None,
    ) -> None:  # fmt: skip
        self.plan, self.facilities, self.everyone = plan, facilities, [*everyone] or facilities
        row, term = plan.entries
        number, sample = distinct(facility[row], term) if len(row) else (np.empty(0, np.int32), np.empty(0, np.int64))
        if gathered is None:
            self.sums = Sums.of(plan.amount, number, len(sample))
        else:
            self.sums = gathered.amounts(plan).by(number, len(sample))
        self.facility, self.term = facility[row[sample]], term[sample]
        good, _, _ = plan.spans
        number, sample = distinct(facility[good], plan.key[good]) if len(good) else (number[:0], sample[:0])
        if gathered is None:
            self.quantities = Sums.of(plan.quantity[good], number, len(sample))
        else:
            self.quantities = Sums(gathered.quantity.limbs[good]).by(number, len(sample))
        self.quantity_facility, self.quantity_key = facility[good[sample]], plan.key[good[sample]]

    @property
    def key(self) -> np.ndarray:
        """Key of each cell."""
        return np.asarray(self.plan.term_key[self.term])

    @cached_property
    def items(self) -> dict[str, Item]:
        """The items of all keys by id."""
        return {k.item.id: k.item for k in self.plan.keys}

    @cached_property
    def longest(self) -> set[str]:
        """The labels of the longest periods: years if there are any."""
        most = max((p.end - p.start for p in self.periods if p.grain != "range"), default=0)
        years = {p.label for p in self.periods if p.grain == "year"}
        return years or {p.label for p in self.periods if p.grain == "range" or p.end - p.start == most}

    @cached_property
    def periods(self) -> list[Period]:
        """Every period of the rows, and the quarters and years that they make up."""
        native = {k.period for k in self.plan.keys}
        return sorted({p for period in native for p in roll_up_periods(period)})

    @cached_property
    def period_ranks(self) -> np.ndarray:
        """Place of each period where a quarter follows its months and a year its quarters, as int64[periods]."""
        order = sorted(range(len(self.periods)), key=lambda n: (self.periods[n].end, -self.periods[n].start))
        ranks = np.empty(len(order), dtype=np.int64)
        ranks[order] = np.arange(len(order))
        return ranks

    @cached_property
    def places(self) -> list[Place]:
        """Every facility, every group, and all together if that is more than one of these."""
        used = sorted({f.id: f for f in self.facilities}.values(), key=lambda f: f.id)
        places = [Place(f.id, f.group) for f in used]
        places += [Place("", group) for group in sorted({f.group for f in used if f.group})]
        one_group = len({f.group for f in used}) == 1 and used[0].group
        return places + ([Place("", "")] if len(used) > 1 and not one_group else [])

    def period_levels(self, key: np.ndarray) -> list[np.ndarray]:
        """Return index arrays into `periods`: the own period of each key, its quarter and its year, or -1."""
        index = {period: number for number, period in enumerate(self.periods)}
        levels = np.full((3, len(self.plan.keys)), -1, dtype=np.int32)
        for number, k in enumerate(self.plan.keys):
            for level, period in enumerate(roll_up_periods(k.period)):
                levels[level, number] = index[period]
        return [level[key] for level in levels]

    def place_levels(self, facility: np.ndarray) -> list[np.ndarray]:
        """Return index arrays into `places`: each facility itself, its group and all, or -1."""
        index = {place: number for number, place in enumerate(self.places)}
        levels = np.full((3, len(self.facilities)), -1, dtype=np.int32)
        for number, f in enumerate(self.facilities):
            levels[0, number] = index[Place(f.id, f.group)]
            levels[1, number] = index[Place("", f.group)] if f.group else -1
            levels[2, number] = index.get(Place("", ""), -1)
        return [level[facility] for level in levels]


def roll_up_periods(period: Period) -> tuple[Period, ...]:
    """Return a period, then the quarter and the year that contain it, as far as they are longer.

    Examples
    --------
    >>> from carbon.periods import parse
    >>> [str(p) for p in roll_up_periods(parse("2024-02"))]
    ['2024-02', '2024-Q1', '2024']
    """
    larger = [p for p in (period.quarter, period.year) if p != period and period.within(p)]
    return (period, *larger)


def gather(sums: Sums | None, levels: list[list[np.ndarray]]) -> tuple[Sums, list[np.ndarray]]:
    """Sum cells over every combination of levels.

    Parameters
    ----------
    sums : Sums or None
        One sum per cell; None where the combinations alone are wanted.
    levels : list of list of int array[cells]
        For each dimension (place, period, label, …) its levels; -1 = the cell has no such level.

    Returns
    -------
    Sums, list of int array[groups]
        One sum per combination, and its index in each dimension.
    """
    dimensions: list[np.ndarray] = []
    for remaining in range(len(levels)):
        current: list[np.ndarray] = []
        sources: list[np.ndarray] = []
        for level in levels[remaining]:
            here = np.flatnonzero(level >= 0)
            sources.append(here)
            current.append(level[here])
        source = np.concatenate(sources)
        expanded = [d[source] for d in dimensions] + [np.concatenate(current)]
        rest = [[level[source] for level in later] for later in levels[remaining + 1 :]]
        columns = expanded + [level for later in rest for level in later]
        number, sample = distinct(*columns) if len(source) else (source.astype(np.int32), source)
        if sums is not None:
            sums = Sums(sums.limbs[source], sums.bias).by(number, len(sample))
        dimensions = [d[sample] for d in expanded]
        levels = [*levels[: remaining + 1], *([level[sample] for level in later] for later in rest)]
    return sums or Sums(np.empty((0, 0), np.int64)), dimensions
