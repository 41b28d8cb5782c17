"""Equipment graded by its standard, and due for renewal by age or size.

Grade 1 = advanced (先进), 2 = saving (节能), 3 = access (准入), as 发改环资〔2024〕127号 maps them. A table of a
million rows is matched per distinct kind and size and graded with arrays.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from carbon import periods, units
from carbon.benchmarks.grading import Graded, combined, grade_rows
from carbon.benchmarks.levels import Levels, Named, load_levels
from carbon.benchmarks.policy import Rule, rules
from carbon.errors import DataError, Issues, Said
from carbon.inventory.checks import check_duplicates
from carbon.reading import source_of
from carbon.tables import LARGEST, Table, check

if TYPE_CHECKING:
    import pandas as pd

TIERS = {"1": Said("advanced", "先进"), "2": Said("saving", "节能"), "3": Said("access", "准入")}
BELOW = Said("below access", "低于准入")
GRADE_COLUMNS = (
    "source_line", "facility", "name", "equipment", "count", "grade", "level", "set", "indicator", "value", "grade_1",
    "grade_2", "grade_3", "unit", "level_id", "verification", "renewal", "renewal_undecided", "reason",
)  # fmt: skip
_TRIGGER_UNITS = {"age_years": "year", "capacity_kva": "kVA", "power_kw": "kW", "amperage_ka": "", "volume_m3": "m3",
                  "capacity_t_a": "t"}  # fmt: skip
_COMPARE = {"gt": np.greater, "ge": np.greater_equal, "lt": np.less, "le": np.less_equal}


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
    due: tuple[Due, ...]
    issues: Issues
    language: str

    def __repr__(self) -> str:
        counts = ", ".join(f"{n} of grade {grade}" for grade, n in self.counts().items())
        return f"<Equipment, {len(self.table)} rows: {counts}>"

    @cached_property
    def grade(self) -> np.ndarray:
        """Grade of every row as int8[rows]: 1, 2, 3; 4 = below grade 3; 0 = unknown."""
        return np.where(self.table.bad, np.int8(0), combined(self.graded, len(self.table)))

    @cached_property
    def number(self) -> np.ndarray:
        """Machines of every row as int64[rows]; 1 where the cell is empty or wrong."""
        given = self.table.numbers["count"]
        with np.errstate(invalid="ignore"):
            good = (given >= 1) & (given <= LARGEST)
        return np.asarray(np.where(good, given, 1.0).astype(np.int64))

    def counts(self) -> dict[str, int]:
        """Return the number of machines of every grade."""
        names = {1: "1", 2: "2", 3: "3", 4: "below 3", 0: "unknown"}
        sums = {name: int(self.number[self.grade == grade].sum()) for grade, name in names.items()}
        return {name: total for name, total in sums.items() if total}

    def share(self, most: int = 2) -> tuple[float, float]:
        """Return the share of machines of grade `most` or better [%]: with unknown ones outside, and inside."""
        good = self.number[(self.grade > 0) & (self.grade <= most)].sum()
        open_ = self.number[self.grade == 0].sum()
        whole = self.number.sum()
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
        columns["count"] = self.number
        columns["grade"] = np.array(["unknown", "1", "2", "3", "below 3"], dtype=object)[self.grade]
        names = [TIERS[g] for g in ("1", "2", "3")]
        said = [None, *(getattr(name, self.language) for name in (*names, BELOW))]
        columns["level"] = np.array(said, dtype=object)[self.grade]
        for name in ("set", "indicator", "unit", "level_id", "verification", "reason", "renewal", "renewal_undecided"):
            columns[name] = np.full(size, None, dtype=object)
        for name in ("value", "grade_1", "grade_2", "grade_3"):
            columns[name] = np.full(size, np.nan)
        for one in self.graded:
            self._limiting(one, columns)
        for issue in self.issues:
            if issue.severity == "error" or (issue.code.startswith("B63") and issue.severity != "note"):
                rows = np.isin(self.table.line, np.asarray(issue.lines))
                columns["reason"][rows & (self.grade == 0)] = f"{issue.message(self.language)} [{issue.code}]"
        for trigger in self.due:
            for name, rows, text in (
                ("renewal", trigger.rows, trigger.text()),
                ("renewal_undecided", trigger.open, trigger.open_text(self.language)),
            ):
                for row in np.flatnonzero(rows).tolist():
                    said = columns[name][row]
                    columns[name][row] = text if said in (None, text) else f"{said}; {text}"
        return pd.DataFrame({name: columns[name] for name in GRADE_COLUMNS})

    def records(self) -> list[dict[str, Any]]:
        """Return the rows of `grades` as records, None where something is not known."""
        frame = self.grades().astype(object)
        found: list[dict[str, Any]] = frame.where(frame.notna(), None).to_dict("records")
        return found

    def _limiting(self, one: Graded, columns: dict[str, Any]) -> None:
        """Fill in the rows of which this indicator limits the grade."""
        wanted = self.grade[one.row] - 1
        limits = np.where(wanted < 0, (one.rank < 0) | (one.rank > 2), one.rank == wanted)
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
    _check(table, known, issues)
    graded: list[Graded] = []
    for number, text in enumerate(table.texts["equipment"]):
        rows = np.flatnonzero((table.codes["equipment"] == number) & ~table.bad)
        subject = _subject(text, known)
        if not len(rows):
            continue
        where = {"file": table.file, "lines": table.line[rows], "column": "equipment", "value": text}
        if subject is None:
            near = known.near(text, "equipment")
            issues.add("B631", **where, near=near)
            continue
        sets = [s for s in known.sets.values() if s.meta.kind == "equipment" and subject.id in s.subjects]
        for one in sets:
            graded += grade_rows(table, rows, one, subject, known, issues)
        if not sets and not any(subject.id in rule.subjects for rule in rules("triggers")):
            issues.add("B631", **where, near=())
    found = due(table, known, today or dt.date.today())
    for trigger in found:
        trigger.report(table, issues)
    check_duplicates(table, "equipment", issues)
    return Equipment(table, known, tuple(graded), found, issues, language)


def _subject(text: str, levels: Levels) -> Named | None:
    found = levels.subjects.find(text)
    return found if found is not None and found.kind == "equipment" else levels.plain_equipment.find(text)


def _check(table: Table, levels: Levels, issues: Issues) -> None:
    """Report efficiencies that were written as a fraction of one or are above 100 %, and days that are none."""
    value = table.numbers["efficiency_pct"]
    condensing = levels.subjects.find("boiler")
    boiler = np.array([*(_subject(text, levels) == condensing for text in table.texts["equipment"]), False])
    with np.errstate(invalid="ignore"):
        fraction = (value <= 1.3) & ~table.bad
        above = (value > 100) & ~boiler[table.codes["equipment"]] & ~table.bad
    for rows in (fraction & (value == 0), fraction & (value != 0)):
        if rows.any():
            first = float(value[rows][0])
            issues.add("B634", file=table.file, lines=table.line[rows], column="efficiency_pct", value=f"{first:g}",
                       suggestion=[f"{100 * first:g}"] if first else [])  # fmt: skip
    if above.any():
        issues.add("B636", file=table.file, lines=table.line[above], column="efficiency_pct",
                   value=f"{value[above][0]:g}")  # fmt: skip
    table.bad[fraction | above] = True
    for code, text in enumerate(table.texts["commissioned"]):
        try:
            periods.parse(text)
        except periods.PeriodError:
            rows = table.codes["commissioned"] == code
            issues.add("D101", file=table.file, lines=table.line[rows], column="commissioned", value=text)
            table.bad[rows] = True


@dataclass(frozen=True)
class Due:
    """A trigger of renewal held against a list of equipment.

    Attributes
    ----------
    rule : Rule
        The trigger.
    column : str
        What it goes by.
    rows, open : bool[rows]
        Which rows it holds for, and for which it cannot be decided.
    """

    rule: Rule
    column: str
    rows: np.ndarray
    open: np.ndarray

    def text(self) -> str:
        """Return what is due, with its document."""
        return f"{self.rule['action']}: {self.rule['quote']} [{self.rule.document}]"

    def open_text(self, language: str) -> str:
        """Return that it is not known whether it is due."""
        said = Said(f"not decided, {self.column} is empty or too coarse", f"无法判断，{self.column} 为空或精度不足")
        return f"{getattr(said, language)}: {self.rule['quote']} [{self.rule.document}]"

    def report(self, table: Table, issues: Issues) -> None:
        """Note the rows that cannot be decided (B672)."""
        if self.open.any():
            issues.add("B672", file=table.file, lines=table.line[self.open], column=self.column,
                       value=table.text("equipment", int(np.flatnonzero(self.open)[0])))  # fmt: skip


def ages(table: Table, today: dt.date) -> tuple[np.ndarray, np.ndarray]:
    """Return the years that every row is in service, at least and at most, as float64[rows]; NaN where not said."""
    found = np.full((2, len(table)), np.nan)
    for code, text in enumerate(table.texts["commissioned"]):
        try:
            since = periods.parse(text)
        except periods.PeriodError:
            continue
        for place, day in enumerate((since.last, since.first)):
            found[place, table.codes["commissioned"] == code] = _years(day, today)
    return found[0], found[1]


def _years(since: dt.date, today: dt.date) -> float:
    whole = max(0, today.year - since.year - ((today.month, today.day) < (since.month, since.day)))
    first = (since.month, since.day) if (since.month, since.day) != (2, 29) else (3, 1)
    return whole + max(0, (today - dt.date(since.year + whole, *first)).days) / 366


def due(table: Table, levels: Levels, today: dt.date | None) -> tuple[Due, ...]:
    """Return the triggers that hold or cannot be decided; without a day no age is known."""
    found = []
    nothing = np.full(len(table), np.nan)
    age = (nothing, nothing) if today is None else ages(table, today)
    subject = [_subject(text, levels) for text in table.texts["equipment"]]
    names = [s.id if s else "" for s in subject]
    for rule in rules("triggers"):
        hits = [name in rule.subjects for name in names]
        attribute = rule["attribute"]
        if not any(hits) or attribute not in _TRIGGER_UNITS or rule.value is None:
            continue
        least, most = age if attribute == "age_years" else (table.numbers[attribute],) * 2
        limit = float(rule.value * _to_column(rule["unit"], _TRIGGER_UNITS[attribute]))
        asked = np.array([*hits, False])[table.codes["equipment"]] & ~table.bad
        holds, may = (_COMPARE[rule["comparison"]](value, limit) for value in (least, most))
        rows, open_ = asked & holds & may, asked & ((holds != may) | np.isnan(least))
        if rows.any() or open_.any():
            found.append(Due(rule, "commissioned" if attribute == "age_years" else attribute, rows, open_))
    return tuple(found)


def _to_column(printed: str, column: str) -> Fraction:
    """Return by what a printed limit is multiplied to be in the unit of its column."""
    printed = printed.removesuffix("/年")
    if column in ("", "year") or printed == column:
        return Fraction(1)
    return units.ratio(units.parse(printed), units.parse(column))
