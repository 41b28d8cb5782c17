"""Fold parts into one result: equal combinations become one sample row, exact sums are added, partitions are compared.

Memory goes with the number of combinations of facility, key and meter, not with rows or partitions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from carbon.arrays import distinct
from carbon.errors import Issue, Issues
from carbon.inventory import Result
from carbon.inventory.accounting import Ground, settle
from carbon.inventory.plan import Sums
from carbon.inventory.resolve import OVERRIDES, resolve
from carbon.inventory.rollup import Gathered
from carbon.inventory.uncertainty import Uncertainty
from carbon.scale.parts import RESOLVED, Part, joined, taken
from carbon.tables import Table

_STATES = ("pressure_mpa", "temperature_c")


@dataclass(frozen=True)
class Folded:
    """A result and what it says of its partitions.

    Attributes
    ----------
    result : Result
        Totals, energy, intensity, issues; its rows stand for many lines each.
    keys : list of dict of int to int
        For each partition, which key of the result a key of its lines is.
    refused : dict of int to list of int
        For each partition, combinations that other partitions contradict: it has to be computed again without them.
    """

    result: Result
    keys: list[dict[int, int]]
    refused: dict[int, list[int]]


class Folder:
    """Parts added one after the other.

    Attributes
    ----------
    table : Table
        A sample row of each combination.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.table: Table | None = None
        self.lost = np.empty(0, dtype=bool)
        self.lines = np.empty(0, dtype=np.int64)
        self.first = np.empty(0, dtype=np.int64)
        self.amount = np.empty((0, 0), dtype=np.int64)
        self.quantity = np.empty((0, 0), dtype=np.int64)
        self.spread: Uncertainty | None = None
        self.issues: list[Issue] = []
        self.samples: list[tuple[np.ndarray, np.ndarray]] = []

    def add(self, part: Part) -> np.ndarray:
        """Take in a part, and return the combination of each of its rows."""
        old = 0 if self.table is None else len(self.table)
        whole = part.table if self.table is None else joined([self.table, part.table])
        lost = np.concatenate([self.lost, part.lost])
        number, sample = distinct(*_combinations(whole, lost))
        place, new = number[old:], sample[sample >= old]
        self.table, self.lost = taken(whole, sample), lost[sample]
        fresh = new - old
        terms = np.diff(np.append(part.first, len(part.amount)))
        first = len(self.amount) + np.cumsum(terms[fresh]) - terms[fresh]
        self.first = np.concatenate([self.first, first])
        self.lines = np.concatenate([self.lines, np.zeros(len(fresh), np.int64)])
        limbs = part.amount.shape[1]
        room = np.zeros((int(terms[fresh].sum()), limbs), np.int64)
        self.amount = np.concatenate([self.amount.reshape(-1, limbs), room])
        room = np.zeros((len(fresh), part.quantity.shape[1]), np.int64)
        self.quantity = np.concatenate([self.quantity.reshape(-1, part.quantity.shape[1]), room])
        np.add.at(self.lines, place, part.lines)
        np.add.at(self.quantity, place, part.quantity)
        into = np.repeat(self.first[place] - part.first, terms) + np.arange(len(part.amount))
        np.add.at(self.amount, into, part.amount)
        self.issues += part.issues
        if part.spread is not None and self.spread is None:
            self.spread = part.spread
        elif part.spread is not None and self.spread is not None:
            self.spread.merged(part.spread)
        fine = np.flatnonzero(~part.lost)
        _, some = np.unique(part.key[fine], return_index=True)
        self.samples.append((part.key[fine[some]], place[fine[some]]))
        return place

    def settle(self, ground: Ground, issues: Issues) -> tuple[Result, np.ndarray]:
        """Return the result, and which combinations are contradicted by others, as bool[rows].

        Raises
        ------
        DataError
            As `account`.
        """
        if self.table is None:
            message = "no part was added"
            raise ValueError(message)
        table = replace(self.table, file=self.name)
        whole = [Sums(limbs.copy()).by(np.arange(len(limbs)), len(limbs)) for limbs in (self.amount, self.quantity)]
        gathered = Gathered(whole[0], self.first, whole[1], self.lines, self.spread)
        before, unread = issues + merged(self.issues), table.bad
        while True:  # once, unless a fault of a line does not show in its sample row
            said = Issues(before)
            rows = resolve(replace(table, bad=unread), ground.library, ground.places, said, ground.broken)
            result = settle(rows, ground, said, gathered)
            missed = self.lost & ~rows.bad
            if not missed.any():
                return result, rows.bad & ~self.lost
            unread = unread | missed


def _combinations(table: Table, lost: np.ndarray) -> Iterator[np.ndarray]:
    """Yield what tells combinations apart: texts that are resolved, meters, what is measured, states, faults."""
    for name in (*RESOLVED, "meter"):
        yield table.codes[name]
    for name in OVERRIDES:
        yield (~np.isnan(table.numbers[name])).astype(np.int32)
    for name in _STATES:
        _, codes = np.unique(np.nan_to_num(table.numbers[name], nan=-1e9), return_inverse=True)
        yield codes.astype(np.int32)
    yield table.bad + 2 * lost.astype(np.int32)


def fold(count: int, part: Callable[[int], Part], ground: Ground, issues: Issues, name: str) -> Folded:
    """Return the result of all partitions.

    Parameters
    ----------
    count : int
        How many partitions there are.
    part : callable
        Returns the part of a partition by its number.
    ground : Ground
        What the account stands on.
    issues : Issues
        What was found before.
    name : str
        The input, for messages.

    Returns
    -------
    Folded

    Raises
    ------
    DataError
        As `account`.
    """
    folder = Folder(name)
    for number in range(count):
        folder.add(part(number))
    result, contradicted = folder.settle(ground, issues)
    refused: dict[int, list[int]] = {}
    if contradicted.any():
        again = Folder(name)
        for number in range(count):
            if len(rows := np.flatnonzero(contradicted[again.add(part(number))])):
                refused[number] = rows.tolist()
    keys = [
        dict(zip(key.tolist(), result.plan.key[place].tolist(), strict=True)) for key, place in folder.samples
    ]  # fmt: skip
    return Folded(result, keys, refused)


def merged(issues: Iterable[Issue]) -> Issues:
    """Return issues of which each kind is named once, with the lines of all partitions."""
    found: dict[tuple[str, ...], Issue] = {}
    lines: dict[tuple[str, ...], list[np.ndarray]] = {}
    for issue in issues:
        key = issue.code, issue.file, issue.column, issue.value, issue.message()
        found.setdefault(key, issue)
        lines.setdefault(key, []).append(np.asarray(issue.lines, dtype=np.int64))
    return Issues(replace(issue, lines=np.concatenate(lines[key]).tolist()) for key, issue in found.items())
