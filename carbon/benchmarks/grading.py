"""Machines of one kind against the ladders of one standard: matched per distinct kind and size, graded with arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from carbon import units
from carbon.arrays import distinct, from_arrow, to_arrow
from carbon.benchmarks.conditions import Interval
from carbon.benchmarks.ladder import UNKNOWN, Ladder, near_levels, rank
from carbon.benchmarks.levels import Levels, LevelSet, Named
from carbon.benchmarks.plausible import doubt_machines
from carbon.benchmarks.upgrades.demand import pump_specific_speed, pump_target_efficiency
from carbon.errors import Issues, Said
from carbon.tables import Table

ALTERNATIVES = frozenset({"gb-19577-2024/chillers"})  # tables of which the better counts; each asks for level 3 of both
PUMP = ("flow_m3_h", "head_m", "speed_rpm")


@dataclass(frozen=True)
class Graded:
    """Equipment held against the ladders of one indicator of one set.

    Attributes
    ----------
    ladders : tuple of Ladder
        Those that occur.
    row : int64[n]
        Rows of the table.
    ladder : int32[n]
        Ladder of each.
    value : float64[n]
        Measured; NaN = not given.
    levels : float64[tiers, n]
        Grade 1 first.
    rank : int8[n]
        0 = grade 1 … 3 = below grade 3; -1 = unknown.
    """

    set_id: str
    indicator: str
    ladders: tuple[Ladder, ...]
    row: np.ndarray
    ladder: np.ndarray
    value: np.ndarray
    levels: np.ndarray
    rank: np.ndarray


@dataclass(frozen=True)
class _Kinds:
    """Distinct kinds and sizes of some rows: their attributes, and the ladder of each for every indicator."""

    key: np.ndarray
    texts: dict[str, list[str]]
    numbers: dict[str, np.ndarray]
    place: dict[str, np.ndarray]


def grade_rows(
    table: Table, rows: np.ndarray, one: LevelSet, subject: Named, levels: Levels, issues: Issues
) -> list[Graded]:
    """Hold rows against every indicator of one set.

    Parameters
    ----------
    table : Table
        The list of equipment.
    rows : int64[n]
        Rows of this kind of equipment.
    one : LevelSet
        Its standard.
    subject : Named
        Kind of equipment.
    levels : Levels
        Code lists.
    issues : Issues
        Receives rows of no ladder (B632), without a figure (B633), with one that is not above 0 (B622), that is far
        from its levels or of a size far from theirs (B623, B624), and with a floor that was not checked (B635).
    """
    ladders = one.of(subject.id)
    indicators = list(dict.fromkeys(ladder.indicator for ladder in ladders))
    kinds = _kinds(table, rows, ladders, indicators, subject, levels)
    failed = np.zeros(len(rows), dtype=bool)
    for indicator in indicators:
        own = [x for x in ladders if x.indicator == indicator]
        asked = _asks(own, kinds)[kinds.key] & (kinds.place[indicator] < 0)[kinds.key] & ~failed
        if asked.any():
            _unmatched(table, rows[asked], own, one, subject, levels, issues)
            failed |= asked
    matched = np.logical_or.reduce([kinds.place[i] >= 0 for i in indicators])[kinds.key]
    if (lost := ~matched & ~failed).any():
        _unmatched(table, rows[lost], list(ladders), one, subject, levels, issues)
    found: list[Graded] = []
    blank = np.zeros(len(rows), dtype=bool)
    wanted: dict[str, None] = {}
    seen: dict[str, np.ndarray] = {}
    for indicator in indicators:
        own = [x for x in ladders if x.indicator == indicator]
        here = np.flatnonzero((kinds.place[indicator][kinds.key] >= 0) & ~failed)
        if not len(here):
            continue
        row, ladder_of = rows[here], kinds.place[indicator][kinds.key][here]
        value, level = _measured(table, row, own, ladder_of, one, levels)
        column = levels.indicators[indicator].column or "efficiency_pct"
        _refuse_nought(table, row, value, level, one, column, issues)
        doubt_machines(table, row, value, level, own, ladder_of, column, ladders, seen, issues)
        if (lacks := np.isnan(value) | np.isnan(level).all(axis=0)).any():
            blank[here] |= lacks
            wanted |= dict.fromkeys([column])
            wanted |= dict.fromkeys((*PUMP, "stages") if indicator == "pump-constant" else ())
        strict = np.array([x.strict for x in own])[ladder_of].T
        lower = np.array([x.lower and indicator != "pump-constant" for x in own])[ladder_of]
        place = rank(value, level, strict, lower)
        found.append(Graded(one.id, indicator, tuple(own), row, ladder_of, value, level, place))
        _floors(table, row, own, ladder_of, one, issues)
    if blank.any():
        issues.add("B633", file=table.file, lines=table.line[rows[blank]], column=next(iter(wanted)), value=subject.id,
                   known=list(wanted), set=one.id)  # fmt: skip
    return found


def _refuse_nought(
    table: Table, row: np.ndarray, value: np.ndarray, level: np.ndarray, one: LevelSet, column: str, issues: Issues
) -> None:
    """Report figures that are not above 0 where all levels are (B622), and mark their rows."""
    with np.errstate(invalid="ignore"):
        wrong = (value <= 0) & (np.fmin.reduce(level, axis=0) > 0) & ~table.bad[row]
    if wrong.any():
        issues.add("B622", file=table.file, lines=table.line[row[wrong]], column=column, value="0", set=one.id)
        table.bad[row[wrong]] = True


def combined(graded: Sequence[Graded], size: int) -> np.ndarray:
    """Return the grade of every row as int8[size]: 1, 2, 3; 4 = below grade 3; 0 = unknown.

    Every figure of a standard must reach a grade; where its tables are alternatives, one of them, and both level 3.
    """
    worst = np.full(size, -1, dtype=np.int8)
    best = np.full(size, 127, dtype=np.int8)
    open_ = np.zeros(size, dtype=bool)
    either = np.zeros(size, dtype=bool)
    for one in graded:
        open_[one.row] |= one.rank == UNKNOWN
        worst[one.row] = np.maximum(worst[one.row], one.rank)
        best[one.row] = np.minimum(best[one.row], np.where(one.rank == UNKNOWN, 127, one.rank))
        either[one.row] |= one.set_id in ALTERNATIVES
    place = np.where(either & (worst < 3), best, worst)
    return np.where((worst >= 0) & ~open_, place + 1, 0).astype(np.int8)


def _kinds(
    table: Table, rows: np.ndarray, ladders: Sequence[Ladder], indicators: Sequence[str], subject: Named, levels: Levels
) -> _Kinds:
    names = list(dict.fromkeys(name for ladder in ladders for name in ladder.condition))
    numeric = [n for n in names if levels.numbers[n]]
    codes = [table.codes[n][rows] if n not in numeric else _codes(table.numbers[n][rows]) for n in names]
    key, sample = distinct(*codes) if codes else (np.zeros(len(rows), np.int32), np.zeros(1, np.int64))
    at = rows[sample]
    texts = {n: [_value(table.text(n, int(r)), subject, n, levels) for r in at] for n in names if n not in numeric}
    numbers = {n: table.numbers[n][at] for n in numeric}
    place = {}
    for indicator in indicators:
        found = np.full(len(at), -1, dtype=np.int32)
        for number, ladder in enumerate(x for x in ladders if x.indicator == indicator):
            holds = np.ones(len(at), dtype=bool)
            for name, asked in ladder.condition.items():
                if isinstance(asked, Interval):
                    holds &= asked.holds(numbers[name])
                else:
                    holds &= np.array([text == asked for text in texts[name]])
            found[holds] = number
        place[indicator] = found
    return _Kinds(key, texts, numbers, place)


def _asks(own: Sequence[Ladder], kinds: _Kinds) -> np.ndarray:
    """Return for which kinds an indicator must be known: those of whose type it has a ladder."""
    size = len(next(iter(kinds.place.values())))
    types = {x.condition.get("type") for x in own}
    if None in types:
        return np.ones(size, dtype=bool)
    return np.array([text in types for text in kinds.texts["type"]], dtype=bool)


def _unmatched(
    table: Table, rows: np.ndarray, ladders: Sequence[Ladder], one: LevelSet, subject: Named, levels: Levels,
    issues: Issues,
) -> None:  # fmt: skip
    """Report rows of no ladder by the first attribute that is empty or that no ladder knows, type by type."""
    names = list(dict.fromkeys(name for x in ladders for name in x.condition))
    kind = np.array([*(_value(t, subject, "type", levels) for t in table.texts["type"]), ""], dtype=object)
    kinds = kind[table.codes["type"][rows]]
    for own in dict.fromkeys(kinds.tolist()):
        left = rows[kinds == own]
        fitting = [x for x in ladders if x.condition.get("type") in (None, own)]
        if not fitting:
            _report(table, left, "type", ladders, names, one, subject, levels, issues)
            continue
        for name in names:
            if name == "type" or any(name not in x.condition for x in fitting):
                continue
            bad = ~_known(table, left, name, fitting, subject, levels)
            if bad.any():
                _report(table, left[bad], name, fitting, names, one, subject, levels, issues)
                left = left[~bad]
        if len(left):
            last = [name for name in names if any(name in x.condition for x in fitting)][-1]
            _report(table, left, last, fitting, names, one, subject, levels, issues)


def _known(
    table: Table, rows: np.ndarray, name: str, ladders: Sequence[Ladder], subject: Named, levels: Levels
) -> np.ndarray:
    """Return which rows have a value of an attribute that some ladder asks for."""
    asked = [x.condition[name] for x in ladders]
    if levels.numbers[name]:
        value = table.numbers[name][rows]
        return np.asarray(np.logical_or.reduce([v.holds(value) for v in asked if isinstance(v, Interval)]))
    texts = np.array([*(_value(t, subject, name, levels) for t in table.texts[name]), ""], dtype=object)
    return np.isin(texts[table.codes[name][rows]], [str(v) for v in asked])


def _report(
    table: Table, rows: np.ndarray, column: str, ladders: Sequence[Ladder], names: Sequence[str], one: LevelSet,
    subject: Named, levels: Levels, issues: Issues,
) -> None:  # fmt: skip
    known = list(dict.fromkeys(x.condition[column] for x in ladders if column in x.condition))
    if levels.numbers[column]:
        first = float(table.numbers[column][rows[0]])
        spans = sorted((v for v in known if isinstance(v, Interval)), key=lambda v: v.distance(first))
        shown: list[object] = [str(v) for v in spans[:4]]
    else:
        entries = [levels.choice(subject.id, column, str(v)) for v in known]
        shown = [Said(f"{e.id} ({e.name_en})", f"{e.id}（{e.name_zh}）") for e in entries]
    issues.add("B632", file=table.file, lines=table.line[rows], column=column, value=subject.id, set=one.id,
               known=list(names), values=shown)  # fmt: skip


def _floors(
    table: Table, row: np.ndarray, own: Sequence[Ladder], ladder_of: np.ndarray, one: LevelSet, issues: Issues
) -> None:
    """Say which floors for other figures a standard has that are not checked here."""
    if one.id not in ALTERNATIVES:
        return
    for number in np.unique(ladder_of).tolist():
        if own[number].tiers[-1].note:
            issues.add("B635", file=table.file, lines=table.line[row[ladder_of == number]], value=one.id,
                       known=own[number].tiers[-1].note)  # fmt: skip


def _codes(values: np.ndarray) -> np.ndarray:
    """Return numbers as codes, -1 where there is none."""
    missing = np.isnan(values)
    encoded = to_arrow(np.where(missing, 0.0, values)).dictionary_encode()
    return np.where(missing, -1, from_arrow(encoded.indices)[0])


def _value(text: str, subject: Named, attribute: str, levels: Levels) -> str:
    """Return the id of a text value; itself where it is in no list."""
    names = levels.choices.get((subject.id, attribute))
    found = names.find(text) if names is not None and text else None
    return found.id if found is not None else text


def _measured(
    table: Table, row: np.ndarray, own: Sequence[Ladder], ladder_of: np.ndarray, one: LevelSet, levels: Levels
) -> tuple[np.ndarray, np.ndarray]:
    """Return measured values and levels in one unit; of pumps, efficiencies by the printed formula."""
    level = np.array([ladder.values for ladder in own])[ladder_of].T
    indicator = own[0].indicator
    if indicator == "pump-constant":
        return table.numbers["efficiency_pct"][row], _pump_levels(table, row, own, ladder_of, level, one)
    value = table.numbers[levels.indicators[indicator].column][row].copy()
    if indicator == "specific-consumption":
        for code in np.unique(table.codes["specific_consumption_unit"][row]).tolist():
            given = table.texts["specific_consumption_unit"][code] if code >= 0 else ""
            for number, ladder in enumerate(own):
                here = (table.codes["specific_consumption_unit"][row] == code) & (ladder_of == number)
                if here.any():
                    value[here] *= _factor(given, ladder.parsed_unit)
        for one_tier in level:  # a converted value that is a level to the last digit but one is at the level
            near = near_levels(value, one_tier[None])
            value[near] = one_tier[near]
    return value, level


def _factor(text: str, unit: units.Unit) -> float:
    """Return the scale from a unit to another; NaN where they do not measure the same."""
    try:
        return float(units.ratio(units.parse(text), unit)) if text else float("nan")
    except (units.UnitError, units.DimensionError):
        return float("nan")


def _pump_levels(
    table: Table, row: np.ndarray, own: Sequence[Ladder], ladder_of: np.ndarray, constant: np.ndarray, one: LevelSet
) -> np.ndarray:
    """Return the efficiencies of the grades [%]: GB 19762-2025, formulas (1) to (3)."""
    numbers = table.numbers
    flow, head, speed = (numbers[name][row] for name in ("flow_m3_h", "head_m", "speed_rpm"))
    kinds = np.array([str(ladder.condition["type"]) for ladder in own])[ladder_of]
    many = np.char.find(kinds, "multistage") >= 0
    stages = np.where(many, numbers["stages"][row], 1.0)
    suctions = np.where(kinds == "double-suction", 2.0, 1.0)
    level = np.full_like(constant, np.nan)
    usable = (flow > 0) & (head > 0) & (speed > 0) & (stages >= 1)
    for kind in np.unique(kinds[usable]).tolist():
        here = (kinds == kind) & usable
        coefficients = [float(c) for c in one.meta.formula[one.meta.formulas[kind]].values()]
        ns = pump_specific_speed(flow[here], head[here], speed[here], suctions[here], stages[here])
        level[:, here] = pump_target_efficiency(ns, flow[here], constant[:, here], coefficients)
    return level
