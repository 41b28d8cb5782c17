"""Fold parts into one result: equal combinations become one sample row, exact sums are added, partitions are compared.

Memory goes with the number of combinations of facility, key and meter, not with rows or partitions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from carbon.arrays import distinct
from carbon.errors import DataError, Issue, Issues
from carbon.inventory import Result
from carbon.inventory.accounting import Ground, settle
from carbon.inventory.plan import Sums
from carbon.inventory.resolve import OVERRIDES, resolve
from carbon.inventory.rollup import Gathered
from carbon.inventory.uncertainty import Uncertainty
from carbon.scale.parts import RESOLVED, VALUED, Part, joined, taken, valued
from carbon.tables import Table

_STATES = ("pressure_mpa", "temperature_c")
_ROWS = "<combinations>"  # the file of the rows that are folded, while their lines are their own numbers
TOGETHER = 100_000  # rows of parts that are added at once, at least


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
        self.says_spread = False
        self.files: list[str] = []  # of each row, the file of its line
        self.spoiled: dict[int, list[tuple[str, np.ndarray]]] = {}  # all lines of rows that are lost
        self.issues: list[Issue] = []
        self.samples: list[tuple[np.ndarray, np.ndarray]] = []

    def add(self, parts: Sequence[Part]) -> list[np.ndarray]:
        """Take in some parts, and return the combination of each of their rows."""
        old = 0 if self.table is None else len(self.table)
        whole = joined([*([self.table] if self.table is not None else ()), *(part.table for part in parts)])
        lost = np.concatenate([self.lost, *(part.lost for part in parts)])
        number, sample = distinct(*_combinations(whole, lost))
        self.table, self.lost = taken(whole, sample), lost[sample]
        terms = [np.diff(np.append(part.first, len(part.amount))) for part in parts]
        fresh = sample[sample >= old] - old
        of = np.repeat(np.arange(len(parts)), [len(part.key) for part in parts])
        self.files += [parts[n].table.file for n in of[fresh].tolist()]
        more = np.concatenate(terms)[fresh]
        self.first = np.concatenate([self.first, len(self.amount) + np.cumsum(more) - more])
        self.lines = np.concatenate([self.lines, np.zeros(len(fresh), np.int64)])
        self.amount = _longer(self.amount, int(more.sum()), parts[0].amount.shape[1])
        self.quantity = _longer(self.quantity, len(fresh), parts[0].quantity.shape[1])
        places = np.split(number[old:], np.cumsum([len(part.key) for part in parts])[:-1])
        for part, place, each in zip(parts, places, terms, strict=True):
            np.add.at(self.lines, place, part.lines)
            np.add.at(self.quantity, place, part.quantity)
            into = np.repeat(self.first[place] - part.first, each) + np.arange(len(part.amount))
            np.add.at(self.amount, into, part.amount)
            self.issues += part.issues
            self.says_spread |= part.says_spread
            rows, begin = np.unique(part.spoiled[:, 0], return_index=True)
            for row, lines in zip(rows.tolist(), np.split(part.spoiled[:, 1], begin[1:]), strict=False):
                self.spoiled.setdefault(int(place[row]), []).append((part.table.file, lines))
            if part.spread is not None and self.spread is None:
                self.spread = part.spread
            elif part.spread is not None and self.spread is not None:
                self.spread.merged(part.spread)
            fine = np.flatnonzero(~part.lost)
            _, some = np.unique(part.key[fine], return_index=True)
            self.samples.append((part.key[fine[some]], place[fine[some]]))
        return places

    def take(self, parts: Iterable[Part]) -> Iterator[np.ndarray]:
        """Add parts, as many at a time as have as many rows as were added before; yield what `add` returns of each."""
        some: list[Part] = []
        rows = 0
        for part in parts:
            some.append(part)
            rows += len(part.key)
            if rows >= max(TOGETHER, len(self.lost)):
                yield from self.add(some)
                some, rows = [], 0
        if some:
            yield from self.add(some)

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
        table = replace(self.table, file=_ROWS, line=np.arange(len(self.table)))
        whole = [Sums(limbs.copy()).by(np.arange(len(limbs)), len(limbs)) for limbs in (self.amount, self.quantity)]
        gathered = Gathered(whole[0], self.first, whole[1], self.lines, self.spread if self.says_spread else None)
        before, unread = issues + merged(self.issues), table.bad
        while True:  # once, unless a fault of a line does not show in its sample row
            said = Issues(before)
            rows = resolve(replace(table, bad=unread), ground.library, ground.places, said, ground.broken)
            try:
                result = settle(rows, ground, said, gathered)
            except DataError as error:
                raise DataError(Issues(self._placed(error.issues)), error.language) from error
            missed = self.lost & ~rows.bad
            if not missed.any():
                break
            unread = unread | missed
        rows.table = replace(rows.table, file=self.name, line=self.table.line)
        return replace(result, issues=Issues(self._placed(result.issues))), rows.bad & ~self.lost

    def _placed(self, issues: Iterable[Issue]) -> Iterator[Issue]:
        """Yield issues of combinations with the files and lines for which these stand."""
        assert self.table is not None
        for issue in issues:
            if issue.file != _ROWS:
                yield issue
                continue
            lines: dict[str, set[int]] = {} if len(issue.lines) else {self.name: set()}
            for row in map(int, issue.lines):
                for file, some in self.spoiled.get(row, [(self.files[row], self.table.line[row : row + 1])]):
                    lines.setdefault(file, set()).update(some.tolist())
            for file, mine in lines.items():
                yield replace(issue, file=file, lines=sorted(mine))


def _longer(limbs: np.ndarray, rows: int, width: int) -> np.ndarray:
    return np.concatenate([limbs.reshape(-1, width), np.zeros((rows, width), np.int64)])


def _combinations(table: Table, lost: np.ndarray) -> Iterator[np.ndarray]:
    """Yield what tells combinations apart: texts that are resolved, meters, what is measured, states, faults."""
    for name in (*RESOLVED, "meter"):
        yield table.codes[name]
    for name in OVERRIDES:
        yield (~np.isnan(table.numbers[name])).astype(np.int32)
    for name in _STATES:
        _, codes = np.unique(np.nan_to_num(table.numbers[name], nan=-1e9), return_inverse=True)
        yield codes.astype(np.int32)
    if lost.any():
        yield from (valued(table.numbers[name], lost) for name in VALUED)
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
    for _ in folder.take(map(part, range(count))):
        pass
    result, contradicted = folder.settle(ground, issues)
    refused: dict[int, list[int]] = {}
    if contradicted.any():
        for number, place in enumerate(Folder(name).take(map(part, range(count)))):
            if len(rows := np.flatnonzero(contradicted[place])):
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
