"""Figures that are hardly meant: not above 0, or far from all levels and sizes printed for them (plausible.toml)."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from carbon.benchmarks.conditions import Interval
from carbon.benchmarks.holding import Held
from carbon.benchmarks.ladder import Ladder
from carbon.benchmarks.levels import Levels
from carbon.benchmarks.lines import Lines
from carbon.benchmarks.upgrades.grouping import groups
from carbon.errors import Issues, Said
from carbon.tables import Table


@dataclass(frozen=True)
class Slip:
    """A mistake that makes a figure too large or too small.

    Attributes
    ----------
    times : float
        By what the figure is multiplied to undo it.
    of : str
        How the unit of a level must begin for it; empty = any.
    """

    times: float
    en: str
    zh: str
    of: str = ""

    @property
    def words(self) -> Said:
        """How the figure was written."""
        return Said(self.en, self.zh)


@dataclass(frozen=True)
class Bounds:
    """How far is far.

    Attributes
    ----------
    ratio : float
        Below the lowest divided by it, or above the highest times it.
    near : float
        As near as this a slip must bring a figure to explain it.
    columns : tuple of str
        Sizes that are looked at; empty for figures.
    """

    ratio: float
    near: float
    columns: tuple[str, ...] = ()


@cache
def rules() -> tuple[Bounds, Bounds, tuple[Slip, ...]]:
    """Return the bounds of figures, those of sizes, and the known slips."""
    with (Path(__file__).parent / "plausible.toml").open("rb") as file:
        known = tomllib.load(file)
    size = known["size"] | {"columns": tuple(known["size"]["columns"])}
    return Bounds(**known["figure"]), Bounds(**size), tuple(Slip(**slip) for slip in known["slip"])


def far(values: np.ndarray, low: np.ndarray, high: np.ndarray, ratio: float, below_zero: bool = False) -> np.ndarray:
    """Return on which side figures lie far out, as int8[n]: -1 too low, 1 too high, 0 neither or not known.

    Parameters
    ----------
    values, low, high : float64[n]
        Figures, and the lowest and highest of what they are held against; NaN = not known.
    ratio : float
        How many times beyond these is far.
    below_zero : bool
        Whether such figures can be 0 or below: then only the distance from 0 tells.

    Examples
    --------
    >>> low, high = np.full(4, 100.0), np.full(4, 117.0)
    >>> far(np.array([0.1, 20.0, 585.0, 586.0]), low, high, 5).tolist()
    [-1, 0, 0, 1]
    """
    with np.errstate(invalid="ignore"):
        if below_zero:
            beyond = np.abs(values) > ratio * np.maximum(np.abs(low), np.abs(high))
            return np.asarray(np.where(beyond, np.sign(np.nan_to_num(values)), 0).astype(np.int8))
        return np.asarray((values > high * ratio).astype(np.int8) - (values < low / ratio))


def slips(values: np.ndarray, low: np.ndarray, high: np.ndarray, near: float, unit: str) -> np.ndarray:
    """Return which slip explains each figure best, as int32[n] of `rules`; -1 where none does.

    Parameters
    ----------
    values, low, high : float64[n]
        Figures, and what they should lie between.
    near : float
        How many times beyond these a figure may still be when the slip is undone.
    unit : str
        Of the levels.
    """
    known = rules()[2]
    fitting = np.flatnonzero([unit.startswith(slip.of) for slip in known])
    times = np.array([known[number].times for number in fitting])[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        mended = np.abs(values) * times
        off = np.maximum(np.maximum(low / mended, mended / high), 1.0)
    best = np.where(np.isnan(off), np.inf, off).argmin(axis=0)
    return np.where(off[best, np.arange(len(values))] <= near, fitting[best], -1).astype(np.int32)


def doubt_figures(
    table: Table, rows: np.ndarray, values: np.ndarray, levels: np.ndarray, ladder: Ladder, column: str, issues: Issues,
    below_zero: bool = False,
) -> np.ndarray:  # fmt: skip
    """Warn of figures that are far from every level of their ladder (B623).

    Parameters
    ----------
    table : Table
        Whose file and lines are named.
    rows : int64[n]
        Rows of it.
    values : float64[n]
        Their figures. [unit of the ladder]
    levels : float64[tiers, n]
        What they are held against.
    ladder : Ladder
        Whose levels these are.
    column : str
        Where the figures stand.
    issues : Issues
        Receives what is found.
    below_zero : bool
        As in `far`.

    Returns
    -------
    int64[…]
        The rows that were warned of.
    """
    bounds, _, known = rules()
    low, high = np.fmin.reduce(levels, axis=0), np.fmax.reduce(levels, axis=0)
    side = far(values, low, high, bounds.ratio, below_zero)
    at = np.flatnonzero((side != 0) & ((low > 0) | below_zero))
    if not len(at):
        return rows[at]
    unit = ladder.unit if ladder.indicator != "pump-constant" else "%"
    slip = np.full(len(at), -1, dtype=np.int32)
    if not below_zero:
        slip = slips(values[at], low[at], high[at], bounds.near, unit)
    for some in groups(side[at], slip):
        here = at[some]
        first = int(here[0])
        edge = low if side[first] < 0 or (below_zero and -low[first] > high[first]) else high
        tier = ladder.tiers[int(np.flatnonzero(levels[:, first] == edge[first])[0])]
        level = f"{edge[first]:.6g} {unit} ({tier.id})"
        issues.add("B623", file=table.file, lines=table.line[rows[here]], column=column, value=f"{values[first]:.6g}",
                   unit=unit, far=_how_far(int(side[first]), level, bounds.ratio, below_zero),
                   slip=[known[slip[some[0]]].words] if slip[some[0]] >= 0 else [])  # fmt: skip
    return rows[at]


def _how_far(side: int, level: str, ratio: float, below_zero: bool) -> Said:
    if below_zero:
        return Said(f"more than {ratio:g} times as far from 0 as any level: {level}",
                    f"距零超过各水平的 {ratio:g} 倍：{level}")  # fmt: skip
    if side < 0:
        return Said(f"less than 1/{ratio:g} of the lowest level, {level}", f"不足最低水平 {level} 的 1/{ratio:g}")
    return Said(f"more than {ratio:g} times the highest level, {level}", f"超过最高水平 {level} 的 {ratio:g} 倍")


def doubt_sizes(
    table: Table, rows: np.ndarray, ladder: Ladder, ladders: Iterable[Ladder], seen: dict[str, np.ndarray],
    issues: Issues,
) -> None:  # fmt: skip
    """Warn of sizes far from all by which the levels of a kind are told apart (B624), each cell once.

    Parameters
    ----------
    table : Table
        Whose file and lines are named.
    rows : int64[n]
        Rows that meet the condition of the ladder.
    ladder : Ladder
        Theirs.
    ladders : iterable of Ladder
        All of its product or kind of equipment in its set.
    seen : dict of str to bool[rows]
        Rows that were looked at, by column; more are added.
    issues : Issues
        Receives what is found.
    """
    _, bounds, known = rules()
    for name in _open_sizes(ladder):
        spans = [x.condition.get(name) for x in ladders if x.condition.get("type") == ladder.condition.get("type")]
        ends = [float(end) for span in spans if isinstance(span, Interval) for end in (span.low, span.high) if end]
        looked_at = seen.setdefault(name, np.zeros(len(table), dtype=bool))
        here = rows[~looked_at[rows]]
        looked_at[here] = True
        if not ends or not len(here):
            continue
        values, low, high = table.numbers[name][here], np.full(len(here), min(ends)), np.full(len(here), max(ends))
        side = far(values, low, high, bounds.ratio)
        at = np.flatnonzero(side)
        slip = slips(values[at], low[at], high[at], bounds.near, "")
        for some in groups(side[at], slip) if len(at) else ():
            first = int(at[some[0]])
            issues.add("B624", file=table.file, lines=table.line[here[at[some]]], column=name,
                       value=f"{values[first]:.6g}", set=ladder.set_id,
                       far=_how_small(int(side[first]), min(ends), max(ends), bounds.ratio),
                       slip=[known[slip[some[0]]].words] if slip[some[0]] >= 0 else [])  # fmt: skip


def _open_sizes(ladder: Ladder) -> list[str]:
    """Return the sizes of a condition that are looked at: those of a band, not those that must be met exactly."""
    return [name for name, span in ladder.condition.items()
            if name in rules()[1].columns and isinstance(span, Interval) and span.low != span.high]  # fmt: skip


def _how_small(side: int, low: float, high: float, ratio: float) -> Said:
    if side < 0:
        return Said(f"less than 1/{ratio:g} of the smallest size, {low:g},", f"不足最小规格 {low:g} 的 1/{ratio:g}")
    return Said(f"more than {ratio:g} times the largest size, {high:g},", f"超过最大规格 {high:g} 的 {ratio:g} 倍")


def can_be_below_zero(levels: Levels, subject: str, indicator: str) -> bool:
    """Return whether some level of a product is 0 or below, so that its figures can be: converter steel recovers gas.

    Parameters
    ----------
    levels : Levels
        All level sets.
    subject, indicator : str
        Product, and what is compared.
    """
    return any(
        (ladder.values <= 0).any()
        for one in levels.sets.values() if one.meta.kind != "equipment"
        for ladder in one.of(subject) if ladder.indicator == indicator
    )  # fmt: skip


def not_above_zero(lines: Lines, held: Sequence[Held], levels: Levels, issues: Issues) -> np.ndarray:
    """Report lines whose figure must be above 0 and is not (B622); return them as bool[rows].

    Parameters
    ----------
    lines : Lines
        What is compared.
    held : sequence of Held
        Against what.
    levels : Levels
        All level sets.
    issues : Issues
        Receives what is found.
    """
    table, found = lines.table, np.zeros(len(lines.table), dtype=bool)
    for one in held:
        with np.errstate(invalid="ignore"):
            rows = one.row[(one.value <= 0) & ~found[one.row]]
        if not len(rows) or can_be_below_zero(levels, one.ladder.subject, one.ladder.indicator):
            continue
        found[rows] = True
        for column, here in _columns(lines, rows):
            values = table.numbers[column][rows]
            at = np.flatnonzero(here)
            for some in groups(np.unique(values[at], return_inverse=True)[1]):
                issues.add("B622", file=table.file, lines=table.line[rows[at[some]]], column=column,
                           value=f"{values[at[some[0]]]:g}", set=one.ladder.set_id)  # fmt: skip
    return found


def doubt_lines(lines: Lines, held: Sequence[Held], levels: Levels, issues: Issues) -> None:
    """Warn of lines whose figure or size is hardly meant (B623, B624), each once.

    Parameters
    ----------
    lines : Lines
        What is compared.
    held : sequence of Held
        Against what.
    levels : Levels
        All level sets.
    issues : Issues
        Receives what is found.
    """
    seen, said = dict[str, np.ndarray](), np.zeros(len(lines.table), dtype=bool)
    for one in held:
        subject, indicator = one.ladder.subject, one.ladder.indicator
        doubt_sizes(lines.table, one.row, one.ladder, levels.sets[one.ladder.set_id].of(subject), seen, issues)
        signed = can_be_below_zero(levels, subject, indicator)
        for column, mine in _columns(lines, one.row):
            here = mine & ~said[one.row]
            said[doubt_figures(lines.table, one.row[here], one.value[here], one.levels[:, here], one.ladder, column,
                               issues, signed)] = True  # fmt: skip


def doubt_machines(
    table: Table, rows: np.ndarray, values: np.ndarray, levels: np.ndarray, own: Sequence[Ladder], ladder: np.ndarray,
    column: str, ladders: Sequence[Ladder], seen: dict[str, np.ndarray], issues: Issues,
) -> None:  # fmt: skip
    """Warn of equipment whose figure or size is hardly meant (B623, B624).

    Parameters
    ----------
    table : Table
        The list of equipment.
    rows : int64[n]
        Rows of it.
    values : float64[n]
        Their figures. [unit of the ladder]
    levels : float64[tiers, n]
        What they are held against.
    own : sequence of Ladder
        Ladders of the indicator.
    ladder : int32[n]
        Which of them is whose.
    column : str
        Where the figures stand.
    ladders, seen, issues : sequence of Ladder, dict of str to bool[rows], Issues
        As in `doubt_sizes`.
    """
    low, high = np.fmin.reduce(levels, axis=0), np.fmax.reduce(levels, axis=0)
    good = ~table.bad[rows]
    out = good & (far(values, low, high, rules()[0].ratio) != 0)
    for number in np.unique(ladder[out]).tolist():
        mine = out & (ladder == number)
        doubt_figures(table, rows[mine], values[mine], levels[:, mine], own[number], column, issues)
    for number in np.unique(ladder).tolist():
        if _open_sizes(own[number]):
            doubt_sizes(table, rows[good & (ladder == number)], own[number], ladders, seen, issues)


def _columns(lines: Lines, rows: np.ndarray) -> tuple[tuple[str, np.ndarray], ...]:
    """Return by column in which a figure can stand where it does, as bool[n]."""
    given = ~np.isnan(lines.table.numbers["value"][rows])
    return ("value", given), ("energy", ~given)
