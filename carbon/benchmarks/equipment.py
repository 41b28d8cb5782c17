"""Equipment graded by its standard, and due for renewal by age or size.

Grade 1 = advanced (先进), 2 = saving (节能), 3 = access (准入), as 发改环资〔2024〕127号 maps them. A table of a
million rows is matched per distinct kind and size and graded with arrays.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from carbon import periods, units
from carbon.arrays import distinct, from_arrow, to_arrow
from carbon.benchmarks.benchmarking import source_of
from carbon.benchmarks.conditions import Interval
from carbon.benchmarks.demand import pump_specific_speed, pump_target_efficiency
from carbon.benchmarks.ladder import Ladder, near_levels, rank
from carbon.benchmarks.levels import Levels, LevelSet, Named, load_levels
from carbon.benchmarks.policy import Rule, rules
from carbon.errors import DataError, Issues, Said
from carbon.tables import Table, check

if TYPE_CHECKING:
    import pandas as pd

TEXTS = ("type", "fuel", "heating", "source", "cooling", "core", "connection", "insulation")
TIERS = {"1": Said("advanced", "先进"), "2": Said("saving", "节能"), "3": Said("access", "准入")}
BELOW = Said("below access", "低于准入")
GRADE_COLUMNS = (
    "source_line", "facility", "name", "equipment", "count", "grade", "level", "set", "indicator", "value", "grade_1",
    "grade_2", "grade_3", "unit", "level_id", "verification", "renewal", "reason",
)  # fmt: skip
_TRIGGER_UNITS = {"age_years": "year", "capacity_kva": "kVA", "power_kw": "kW", "amperage_ka": "", "volume_m3": "m3",
                  "capacity_t_a": "t"}  # fmt: skip
_ALTERNATIVES = frozenset({"gb-19577-2024/chillers"})  # either figure is enough (tables 1 and 2)


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
class Equipment:
    """A graded list of equipment.

    Attributes
    ----------
    table : Table
        As checked.
    graded : tuple of Graded
        Every comparison made.
    issues : Issues
        What could not be graded, and why.
    """

    table: Table
    levels: Levels
    graded: tuple[Graded, ...]
    due: tuple[tuple[Rule, np.ndarray], ...]
    issues: Issues
    language: str

    def __repr__(self) -> str:
        counts = ", ".join(f"{n} of grade {grade}" for grade, n in self.counts().items())
        return f"<Equipment, {len(self.table)} rows: {counts}>"

    @cached_property
    def grade(self) -> np.ndarray:
        """Grade of every row as int8[rows]: 1, 2, 3; 4 = below grade 3; 0 = unknown.

        Every indicator of a standard must reach a grade; where its tables are alternatives, one of them.
        """
        worst = np.full(len(self.table), -1, dtype=np.int8)
        seen = np.zeros(len(self.table), dtype=bool)
        lacking = np.zeros(len(self.table), dtype=bool)
        for one in self.graded:
            place = one.rank
            if one.set_id in _ALTERNATIVES:
                fresh = ~seen[one.row] | (worst[one.row] < 0)
                better = np.where(fresh, place, np.where(place < 0, worst[one.row], np.minimum(worst[one.row], place)))
                worst[one.row] = better
            else:
                lacking[one.row] |= place < 0
                worst[one.row] = np.maximum(worst[one.row], place)
            seen[one.row] = True
        return np.where(seen & ~lacking & (worst >= 0), worst + 1, 0).astype(np.int8)

    def counts(self) -> dict[str, int]:
        """Return the number of machines of every grade."""
        number = np.nan_to_num(self.table.numbers["count"], nan=1.0)
        names = {1: "1", 2: "2", 3: "3", 4: "below 3", 0: "unknown"}
        sums = {name: int(number[self.grade == grade].sum()) for grade, name in names.items()}
        return {name: total for name, total in sums.items() if total}

    def share(self, most: int = 2) -> tuple[float, float]:
        """Return the share of machines of grade `most` or better [%]: with unknown ones outside, and inside."""
        number = np.nan_to_num(self.table.numbers["count"], nan=1.0)
        good = number[(self.grade > 0) & (self.grade <= most)].sum()
        open_ = number[self.grade == 0].sum()
        whole = number.sum()
        return float(100 * good / whole), float(100 * (good + open_) / whole)

    def grades(self) -> pd.DataFrame:
        """Return a row per row of the list: grade, the indicator that limits it, its levels, renewal triggers.

        Returns
        -------
        pandas.DataFrame
            `grade` is 1, 2, 3, ``below 3`` or ``unknown``; `grade_1` … are the levels of the limiting indicator [unit].
        """
        import pandas as pd

        size = len(self.table)
        columns: dict[str, Any] = {name: self._text(name) for name in ("facility", "name", "equipment")}
        columns["source_line"] = self.table.line
        columns["count"] = np.nan_to_num(self.table.numbers["count"], nan=1.0).astype(np.int64)
        columns["grade"] = np.array(["unknown", "1", "2", "3", "below 3"], dtype=object)[self.grade]
        names = [TIERS[g] for g in ("1", "2", "3")]
        said = [None, *(getattr(name, self.language) for name in (*names, BELOW))]
        columns["level"] = np.array(said, dtype=object)[self.grade]
        for name in ("set", "indicator", "unit", "level_id", "verification", "reason", "renewal"):
            columns[name] = np.full(size, None, dtype=object)
        for name in ("value", "grade_1", "grade_2", "grade_3"):
            columns[name] = np.full(size, np.nan)
        for one in self.graded:
            self._limiting(one, columns)
        for issue in self.issues:
            if issue.code.startswith("B63") and issue.severity != "note":
                rows = np.isin(self.table.line, np.asarray(issue.lines))
                columns["reason"][rows & (self.grade == 0)] = f"{issue.message(self.language)} [{issue.code}]"
        for rule, rows in self.due:
            text = f"{rule['action']}: {rule['quote']} [{rule.document}]"
            for row in np.flatnonzero(rows).tolist():
                columns["renewal"][row] = "; ".join(filter(None, (columns["renewal"][row], text)))
        return pd.DataFrame({name: columns[name] for name in GRADE_COLUMNS})

    def records(self) -> list[dict[str, Any]]:
        """Return the rows of `grades` as records, None where something is not known."""
        frame = self.grades().astype(object)
        found: list[dict[str, Any]] = frame.where(frame.notna(), None).to_dict("records")
        return found

    def _limiting(self, one: Graded, columns: dict[str, Any]) -> None:
        """Fill in the rows of which this indicator limits the grade."""
        wanted = self.grade[one.row] - 1
        limits = (one.rank == wanted) | (wanted < 0)
        free = np.array([known is None for known in columns["set"][one.row]])
        here = np.flatnonzero(limits & free)
        row = one.row[here]
        zh = self.language == "zh"
        indicator = self.levels.indicators["efficiency" if one.indicator == "pump-constant" else one.indicator]
        columns["set"][row] = one.set_id
        columns["indicator"][row] = indicator.name_zh if zh else indicator.name_en
        columns["unit"][row] = np.array(["%" if one.indicator == "pump-constant" else x.unit for x in one.ladders],
                                        dtype=object)[one.ladder[here]]  # fmt: skip
        columns["level_id"][row] = np.array([x.tiers[0].id for x in one.ladders], dtype=object)[one.ladder[here]]
        sure = [min((t.verification for t in x.tiers), key=_sureness) for x in one.ladders]
        columns["verification"][row] = np.array(sure, dtype=object)[one.ladder[here]]
        columns["value"][row] = one.value[here]
        for place in range(3):
            columns[f"grade_{place + 1}"][row] = one.levels[place][here]

    def _text(self, column: str) -> np.ndarray:
        texts = np.array([*self.table.texts[column], None], dtype=object)
        return np.asarray(texts[self.table.codes[column]])


def _sureness(verification: str) -> int:
    return ("unverified", "secondary", "primary").index(verification)


def grade_equipment(
    equipment: Any, *, levels: Levels | None = None, today: dt.date | None = None, language: str = "en",
    issues: Issues | None = None,
) -> Equipment:  # fmt: skip
    """Grade a list of equipment by its standards, and find what is due for renewal.

    Parameters
    ----------
    equipment : DataFrame, Arrow table, list of dict, path of a file or carbon.reading.Source
        A row per machine (or per `count` equal ones); columns as in ``carbon describe equipment``.
    levels : Levels, optional
        Level sets; the shipped ones if left out.
    today : datetime.date, optional
        From which ages count; the day of the call if left out.
    language : {"en", "zh"}
        Language of names.
    issues : Issues, optional
        What was found while reading.

    Returns
    -------
    Equipment

    Raises
    ------
    DataError
        If the table as a whole cannot be used.

    Notes
    -----
    GB 18613-2020 (motors), GB 30253-2024, GB 20052-2024 (transformers: no-load and load loss both), GB 24500-2020,
    GB 19577-2024, GB 19761-2020, GB 19153-2019, GB/T 36561-2018, GB 19762-2025 (pumps, by formula).

    Examples
    --------
    >>> motor = {"equipment": "电动机", "power_kw": 75, "poles": 4, "efficiency_pct": 95.4}
    >>> grade_equipment([motor]).grades()[["grade", "grade_1", "grade_2", "grade_3"]].values.tolist()
    [['3', 96.7, 96.0, 95.0]]
    """
    issues = Issues() if issues is None else issues
    known = levels or load_levels()
    table = check(source_of(equipment, issues, "equipment"), "equipment", issues)
    if table is None:
        raise DataError(issues)
    _fractions(table, issues)
    graded = []
    for number, text in enumerate(table.texts["equipment"]):
        rows = np.flatnonzero((table.codes["equipment"] == number) & ~table.bad)
        subject = _subject(text, known)
        if not len(rows):
            continue
        where = {"file": table.file, "lines": table.line[rows], "column": "equipment", "value": text}
        if subject is None:
            issues.add("B631", **where, near=known.subjects.near(text))
            continue
        sets = [s for s in known.sets.values() if s.meta.kind == "equipment" and subject.id in s.subjects]
        for one in sets:
            graded += _grade(table, rows, one, subject, known, issues)
        if not sets and not any(subject.id in rule.subjects for rule in rules("triggers")):
            issues.add("B631", **where, near=())
    return Equipment(table, known, tuple(graded), tuple(_due(table, known, today or dt.date.today())), issues, language)


def _subject(text: str, levels: Levels) -> Named | None:
    found = levels.subjects.find(text)
    return found if found is not None and found.kind == "equipment" else levels.plain_equipment.find(text)


def _fractions(table: Table, issues: Issues) -> None:
    """Report efficiencies that were written as a fraction of one."""
    value = table.numbers["efficiency_pct"]
    with np.errstate(invalid="ignore"):
        rows = (value <= 1.3) & ~table.bad
    if rows.any():
        issues.add("B634", file=table.file, lines=table.line[rows], column="efficiency_pct",
                   value=f"{value[rows][0]:g}", suggestion=f"{100 * value[rows][0]:g}")  # fmt: skip
        table.bad[rows] = True


def _grade(
    table: Table, rows: np.ndarray, one: LevelSet, subject: Named, levels: Levels, issues: Issues
) -> list[Graded]:
    """Hold rows against every indicator of one set, matched per distinct kind and size."""
    ladders = one.of(subject.id)
    names = list(dict.fromkeys(name for ladder in ladders for name in ladder.condition))
    numeric = [n for n in names if levels.numbers[n]]
    codes = [table.codes[n][rows] if n not in numeric else _codes(table.numbers[n][rows]) for n in names]
    key, sample = distinct(*codes) if codes else (np.zeros(len(rows), np.int32), np.zeros(1, np.int64))
    at = rows[sample]
    texts = {n: [_value(table.text(n, int(r)), subject, n, levels) for r in at] for n in names if n not in numeric}
    numbers = {n: table.numbers[n][at] for n in numeric}
    found: list[Graded] = []
    matched = np.zeros(len(at), dtype=bool)
    measured = np.full(len(rows), one.id not in _ALTERNATIVES)
    lacking = np.zeros(len(rows), dtype=bool)
    wanted: dict[str, None] = {}
    for indicator in dict.fromkeys(ladder.indicator for ladder in ladders):
        own = [ladder for ladder in ladders if ladder.indicator == indicator]
        place = np.full(len(at), -1, dtype=np.int32)
        for number, ladder in enumerate(own):
            holds = np.ones(len(at), dtype=bool)
            for name, asked in ladder.condition.items():
                if isinstance(asked, Interval):
                    holds &= asked.holds(numbers[name])
                else:
                    holds &= np.array([text == asked for text in texts[name]])
            place[holds] = number
        matched |= place >= 0
        here = np.flatnonzero(place[key] >= 0)
        if not len(here):
            continue
        row, ladder_of = rows[here], place[key][here]
        value, level = _measured(table, row, own, ladder_of, one, levels)
        wanted |= {levels.indicators[indicator].column or "efficiency_pct": None}
        given = ~np.isnan(value)
        if one.id in _ALTERNATIVES:
            measured[here] |= given
        else:
            lacking[here] |= ~given
        strict = np.array([x.strict for x in own])[ladder_of].T
        lower = np.array([x.lower and indicator != "pump-constant" for x in own])[ladder_of]
        found.append(
            Graded(one.id, indicator, tuple(own), row, ladder_of, value, level, rank(value, level, strict, lower))
        )
    blank = matched[key] & (lacking | ~measured)
    if blank.any():
        issues.add("B633", file=table.file, lines=table.line[rows[blank]], column=next(iter(wanted)), value=subject.id,
                   known=list(wanted), set=one.id)  # fmt: skip
    if not matched[key].all():
        _unmatched(table, rows[~matched[key]], names, one, subject, levels, issues)
    return found


def _unmatched(
    table: Table, rows: np.ndarray, names: Sequence[str], one: LevelSet, subject: Named, levels: Levels, issues: Issues
) -> None:
    """Report rows of no ladder by the first attribute that is empty or that no ladder knows, with what is known."""
    ladders = one.of(subject.id)
    left = np.ones(len(rows), dtype=bool)
    for name in names:
        known = list(dict.fromkeys(x.condition[name] for x in ladders if name in x.condition))
        if levels.numbers[name]:
            value = table.numbers[name][rows]
            holds = np.logical_or.reduce([v.holds(value) for v in known if isinstance(v, Interval)])
            first = value[~holds][0] if (~holds).any() else 0.0
            near = sorted((v for v in known if isinstance(v, Interval)), key=lambda v: v.distance(first))
            shown: list[object] = [str(v) for v in near[:4]]
        else:
            texts = [_value(t, subject, name, levels) for t in (*table.texts[name], "")]
            holds = np.isin(np.array(texts, dtype=object)[table.codes[name][rows]], [str(v) for v in known])
            entries = [levels.choice(subject.id, name, str(v)) for v in known]
            shown = [Said(f"{e.id} ({e.name_en})", f"{e.id}（{e.name_zh}）") for e in entries]
        if any(name not in x.condition for x in ladders):
            continue
        if (bad := left & ~holds).any():
            issues.add("B632", file=table.file, lines=table.line[rows[bad]], column=name, value=subject.id, set=one.id,
                       known=names, values=shown)  # fmt: skip
            left &= holds
    if left.any():
        issues.add("B632", file=table.file, lines=table.line[rows[left]], column=names[0], value=subject.id,
                   set=one.id, known=names, values=[])  # fmt: skip


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
    stages = np.nan_to_num(numbers["stages"][row], nan=1.0)
    kinds = np.array([str(ladder.condition["type"]) for ladder in own])[ladder_of]
    suctions = np.where(kinds == "double-suction", 2.0, 1.0)
    level = np.full_like(constant, np.nan)
    usable = (flow > 0) & (head > 0) & (speed > 0)
    for kind in np.unique(kinds[usable]).tolist():
        here = (kinds == kind) & usable
        coefficients = [float(c) for c in one.meta.formula[one.meta.formulas[kind]].values()]
        ns = pump_specific_speed(flow[here], head[here], speed[here], suctions[here], stages[here])
        level[:, here] = pump_target_efficiency(ns, flow[here], constant[:, here], coefficients)
    return level


def ages(table: Table, today: dt.date) -> np.ndarray:
    """Return the years that every row is certainly in service as float64[rows], NaN where it is not said."""
    found = np.full(len(table), np.nan)
    for code, text in enumerate(table.texts["commissioned"]):
        try:
            since = periods.parse(text).last
        except periods.PeriodError:
            continue
        whole = today.year - since.year - ((today.month, today.day) < (since.month, since.day))
        passed = since.replace(year=since.year + whole, day=min(since.day, 28)) if whole >= 0 else since
        found[table.codes["commissioned"] == code] = whole + max(0, (today - passed).days) / 366
    return found


def _due(table: Table, levels: Levels, today: dt.date) -> list[tuple[Rule, np.ndarray]]:
    """Return the triggers that hold, each with its rows."""
    found = []
    age = ages(table, today)
    subject = [_subject(text, levels) for text in table.texts["equipment"]]
    names = [s.id if s else "" for s in subject]
    for rule in rules("triggers"):
        hits = [name in rule.subjects for name in names]
        attribute = rule["attribute"]
        if not any(hits) or attribute not in _TRIGGER_UNITS or rule.value is None:
            continue
        value = age if attribute == "age_years" else table.numbers[attribute]
        limit = float(rule.value * _to_column(rule["unit"], _TRIGGER_UNITS[attribute]))
        with np.errstate(invalid="ignore"):
            tests = {"gt": value > limit, "ge": value >= limit, "lt": value < limit, "le": value <= limit}
        rows = np.array([*hits, False])[table.codes["equipment"]] & tests[rule["comparison"]]
        if rows.any():
            found.append((rule, rows))
    return found


def _to_column(printed: str, column: str) -> Fraction:
    """Return by what a printed limit is multiplied to be in the unit of its column."""
    printed = printed.removesuffix("/年")
    if column in ("", "year") or printed == column:
        return Fraction(1)
    return units.ratio(units.parse(printed), units.parse(column))
