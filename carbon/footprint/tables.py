"""Tables of a study, resolved: processes and their outputs, exchanges and what they are, parameters, scenarios."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np

from carbon import periods, units
from carbon.errors import Issues, Said, near_misses
from carbon.footprint.allocation import HEAT_AND_POWER
from carbon.footprint.expressions import (
    Expression,
    ExpressionError,
    evaluate_parameters,
    parameter_name,
    resolve_parameters,
)
from carbon.inventory.resolve import unit_code
from carbon.schema import choice_ids, choices, folded
from carbon.tables import Table

PROPERTIES = ("allocation_mass", "allocation_energy", "price", "fraction")
SCORES = ("reliability", "completeness", "time", "geography", "technology")
STAGES = ("raw-materials", "transport", "production", "distribution", "use", "end-of-life")
_STAGES = {
    "raw-materials": ("原材料获取", "原材料", "raw materials"), "transport": ("运输", "transport"),
    "production": ("生产", "生产加工", "制造", "production"), "distribution": ("分销", "distribution"),
    "use": ("使用", "use"), "end-of-life": ("回收处置", "生命末期", "end of life", "废弃"),
}  # fmt: skip
STAGE_IDS = {folded(word): stage for stage, names in _STAGES.items() for word in (stage, *names)}
ORIGINS = {"fossil": "fossil", "化石": "fossil", "": "fossil", "biogenic": "biogenic", "生物源": "biogenic",
           "land-use": "land-use", "土地利用": "land-use", "aviation": "aviation", "航空": "aviation"}  # fmt: skip

DATA = {"primary": "primary", "初级数据": "primary", "初级": "primary", "一手": "primary", "实测": "primary",
        "secondary": "secondary", "次级数据": "secondary", "次级": "secondary", "二手": "secondary",
        "estimate": "estimate", "estimated": "estimate", "估算": "estimate", "估计": "estimate"}  # fmt: skip


@dataclass(frozen=True)
class Process:
    """A unit process.

    Attributes
    ----------
    name, product : str
        Itself, and what it makes.
    amount : Expression
        How much it makes for its exchanges. [unit]
    properties : dict of str to float
        What it can share burdens by.
    heat_output : str
        Which of its outputs is the heat, where it makes heat and power.
    recycling : bool
        Whether it was made of a row's columns of recycling.
    plant : dict of str to float
        Numbers of a plant of heat and power, by which they can share.
    """

    name: str
    product: str
    amount: Expression
    unit: units.Unit
    stage: str
    region: str
    period: str
    allocation: str
    properties: Mapping[str, float]
    line: int
    file: str = ""
    heat_output: str = ""
    recycling: bool = False
    plant: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Exchange:
    """A row of the table of exchanges.

    Attributes
    ----------
    row : int
        Row of the table.
    process : int
        Whose it is.
    kind : str
        Of the closed list.
    amount : Expression
        How much, per amount of its process. [unit]
    trip : float
        What a transport leg is multiplied by: the empty return and, by vehicle, the number of vehicles per unit.
    by_vehicle : bool
        Whether a leg is counted in kilometres of the vehicle, by its load, not in mass × distance.
    staged : bool
        Whether the row names its stage; else it has that of its process.
    through : str
        The process, made of the row's columns of recycling, that this row takes its material from.
    part : str
        Which part of recycling this is, where such a process has it; its amount is a share, not one of the row.
    data : {"primary", "secondary", "estimate", ""}
        How the amount is known.
    """

    row: int
    process: int
    kind: str
    name: str
    amount: Expression
    unit: units.Unit
    provider: str
    stage: str
    origin: str
    distance: Expression | None
    properties: Mapping[str, float] = field(default_factory=dict)
    trip: float = 1.0
    by_vehicle: bool = False
    staged: bool = False
    through: str = ""
    part: str = ""
    data: str = ""

    @property
    def measure(self) -> str:
        """Unit of what a factor is taken by: that of the amount, of a leg mass × km or km of the vehicle."""
        if self.by_vehicle:
            return "km"
        return self.unit.text if self.distance is None else f"{self.unit.text}*km"


@dataclass(frozen=True)
class Parameters:
    """Parameters of a study, and what scenarios change."""

    definitions: Mapping[str, Expression]
    scenarios: Mapping[str, Mapping[str, Expression]]
    table: Table | None = None
    rows: Mapping[str, int] = field(default_factory=dict)
    cases: Table | None = None
    case_rows: Mapping[tuple[str, str], int] = field(default_factory=dict)
    _known: dict[str, dict[str, np.ndarray]] = field(default_factory=dict, compare=False, repr=False)

    def values(self, scenario: str = "") -> dict[str, np.ndarray]:
        """Return the value of every parameter in a scenario, each after those that it uses.

        Raises
        ------
        ExpressionError
            If a definition cannot be evaluated.
        """
        if scenario not in self._known:
            self._known[scenario] = self._evaluated(self.scenarios.get(scenario, {}))
        return self._known[scenario]

    def _evaluated(self, changes: Mapping[str, Expression]) -> dict[str, np.ndarray]:
        if not changes or any(one.names for one in changes.values()):  # names may change the order
            return evaluate_parameters(dict(self.definitions) | dict(changes))
        found, moved = dict(self.values()), set[str]()
        for name in found:
            if name in changes or not moved.isdisjoint(self.definitions[name].names):
                found[name] = changes.get(name, self.definitions[name]).evaluate(found)
                moved.add(name)
        return found

    def changed(self, scenario: str) -> set[str]:
        """Return the parameters that a scenario sets."""
        return set(self.scenarios.get(scenario, {}))

    def behind(self, names: Iterable[str], scenario: str = "") -> set[str]:
        """Return some parameters with all by which they are defined in a scenario."""
        written = dict(self.definitions) | dict(self.scenarios.get(scenario, {}))
        found: set[str] = set()
        left = list(names)
        while left:
            name = left.pop()
            if name not in found:
                found.add(name)
                left += written[name].names if name in written else ()
        return found


class Reader:
    """One table, read row by row with an issue for what cannot be used.

    Parameters
    ----------
    table : Table
        As checked; bad rows are marked in it.
    issues : Issues
        Receives problems.
    """

    def __init__(self, table: Table, issues: Issues) -> None:
        self.table, self.issues = table, issues
        self.row = 0
        self._near: dict[str, list[str]] = {}
        self._expressions: dict[str, Expression | ExpressionError] = {}

    def rows(self) -> Iterable[int]:
        """Yield the good rows, each being the current one meanwhile."""
        for row in np.flatnonzero(~self.table.bad).tolist():
            self.row = row
            yield row

    def text(self, column: str) -> str:
        """Return a text of the current row."""
        return self.table.text(column, self.row)

    def number(self, column: str) -> float | None:
        """Return a number of the current row; None where there is none."""
        value = float(self.table.numbers[column][self.row])
        return None if np.isnan(value) else value

    def fail(self, code: str, column: str, value: str, **parts: Any) -> None:
        """Report the current row and mark it."""
        lines = [int(self.table.line[self.row])]
        self.issues.add(code, file=self.table.file, lines=lines, column=column, value=value[:80], **parts)
        self.table.bad[self.row] = True

    def near(self, word: str, known: Iterable[str]) -> list[str]:
        """Return names near to one that is not known; of the first hundred such names, since looking takes time."""
        if word not in self._near:
            self._near[word] = near_misses(word, known) if len(self._near) < 100 else []
        return self._near[word]

    def expression(self, column: str, default: str = "") -> Expression | None:
        """Return an expression of the current row; None after reporting it (P701)."""
        text = self.text(column) or default
        if text not in self._expressions:
            try:
                self._expressions[text] = Expression.parse(text)
            except ExpressionError as error:
                self._expressions[text] = error
        found = self._expressions[text]
        if isinstance(found, ExpressionError):
            self.fail("P701", column, text, why=found.said)
            return None
        return found

    def unit(self, column: str) -> units.Unit | None:
        """Return a unit of the current row; None after reporting it."""
        text = self.text(column)
        try:
            return units.parse(text)
        except units.UnitError as error:
            self.fail(unit_code(text), column, text, near=error.near)
            return None

    def choice(self, column: str, known: Mapping[str, str], default: str = "") -> str | None:
        """Return a value of a closed list; None after reporting it (T127)."""
        text = self.text(column)
        if not text:
            return default
        if (found := known.get(folded(text))) is None:
            self.fail("T127", column, text, near=list(dict.fromkeys(known.values())))
        return found


def read_processes(table: Table, issues: Issues) -> list[Process]:
    """Return the processes of a table; the same name twice is an error (P702)."""
    reader, found = Reader(table, issues), []
    seen: dict[str, int] = {}
    allocations = choice_ids("allocation")
    plant = [name for names in HEAT_AND_POWER.values() for name in names]
    for row in reader.rows():
        name, line = reader.text("process"), int(table.line[row])
        if folded(name) in seen:
            reader.fail("P702", "process", name, first=seen[folded(name)])
            continue
        amount, unit = reader.expression("amount", "1"), reader.unit("unit")
        stage = reader.choice("stage", STAGE_IDS, "production")
        allocation = reader.choice("allocation", allocations)
        if amount is None or unit is None or stage is None or allocation is None or not _period(reader):
            continue
        seen[folded(name)] = line
        found.append(
            Process(name, reader.text("product") or name, amount, unit, stage, reader.text("region"),
                    reader.text("period"), allocation, _numbers(reader, PROPERTIES), line, table.file,
                    reader.text("heat_output"), plant=_numbers(reader, plant))
        )  # fmt: skip
    return found


def read_exchanges(table: Table, processes: list[Process], issues: Issues) -> list[Exchange]:
    """Return the exchanges of a table; one of a process that is not there is an error (P703)."""
    reader, found = Reader(table, issues), []
    at = {folded(process.name): number for number, process in enumerate(processes)}
    kinds = choice_ids("exchange")
    for row in reader.rows():
        process = at.get(folded(reader.text("process")))
        if process is None:
            near = [processes[at[n]].name for n in reader.near(folded(reader.text("process")), at)]
            reader.fail("P703", "process", reader.text("process"), near=near)
            continue
        kind = reader.choice("kind", kinds)
        amount, unit = reader.expression("amount"), reader.unit("unit")
        stage = reader.choice("stage", STAGE_IDS, processes[process].stage)
        origin = reader.choice("origin", ORIGINS, "fossil")
        distance = reader.expression("distance_km") if reader.text("distance_km") else None
        data = reader.choice("data", DATA)
        bad = table.bad[row] or None in (kind, amount, unit, stage, origin, data) or not _period(reader)
        if bad or amount is None or unit is None or not kind or not stage or not origin:
            continue
        trip = _trip(reader, kind, unit, distance)
        if trip is None:
            continue
        found.append(
            Exchange(row, process, kind, reader.text("name"), amount, unit, reader.text("provider"), stage, origin,
                     distance, _numbers(reader, PROPERTIES), trip, reader.number("load_t") is not None,
                     staged=bool(reader.text("stage")), data=data or "")
        )  # fmt: skip
    return found


def _trip(reader: Reader, kind: str, unit: units.Unit, distance: Expression | None) -> float | None:
    """Return what a leg is multiplied by, 1 of what is none; None after reporting it (P704, P712, P735)."""
    empty, load = reader.number("empty_return"), reader.number("load_t")
    if kind != "transport":
        for column, given in (("distance_km", distance), ("empty_return", empty), ("load_t", load)):
            if given is not None:
                reader.fail("P735", column, reader.text("name"))
                return None
        return 1.0
    tonne_km = units.parse("t*km")
    if distance is None and unit.power("length") == 0:
        reader.fail("P704", "distance_km", reader.text("name"))
        return None
    trip = 1.0 + (empty or 0.0)
    if load is None:
        return trip
    try:
        whole = units.ratio(unit, tonne_km if distance is None else units.parse("t"))
    except units.DimensionError:
        reader.fail("P712", "unit", unit.text, expected="t*km" if distance is None else "t")
        return None
    return trip * float(whole) / load


def read_parameters(parameters: Table | None, scenarios: Table | None, issues: Issues) -> Parameters:
    """Return parameters and scenarios; doubled names, circles and unknown names are errors (P705, P706)."""
    definitions: dict[str, Expression] = {}
    changes: dict[str, dict[str, Expression]] = {}
    rows: dict[str, int] = {}
    case_rows: dict[tuple[str, str], int] = {}
    spelled: dict[str, str] = {}
    if parameters is not None:
        reader = Reader(parameters, issues)
        for _ in reader.rows():
            name, value = _name(reader), reader.expression("value")
            if name is None or value is None:
                continue
            if name in definitions:
                reader.fail("P705", "parameter", name)
            else:
                definitions[name] = value
                rows[name] = reader.row
    if scenarios is not None:
        reader = Reader(scenarios, issues)
        for _ in reader.rows():
            name, value = _name(reader), reader.expression("value")
            if name is not None and value is not None:
                if name not in definitions:
                    reader.fail("P706", "parameter", name, why=Said("no such parameter", "没有该参数"),
                                near=reader.near(name, definitions))  # fmt: skip
                    continue
                scenario = spelled.setdefault(folded(reader.text("scenario")), reader.text("scenario"))
                if name in changes.setdefault(scenario, {}):
                    reader.fail("P705", "parameter", name)
                else:
                    changes[scenario][name] = value
                    case_rows[scenario, name] = reader.row
    found = Parameters(definitions, changes, parameters, rows, scenarios, case_rows)
    for scenario in ("", *changes):
        try:
            found.values(scenario)
        except ExpressionError as error:
            names = _without_value(dict(definitions) | changes.get(scenario, {}), error)
            behind = found.behind(names, scenario) if scenario else set()  # of a scenario, what it sets
            at = [row for (case, name), row in case_rows.items() if case == scenario and name in behind]
            table = scenarios if at else parameters
            at = at or [rows[name] for name in names]
            issues.add("P706", file=table.file if table is not None else "", column="value",
                       lines=sorted(int(table.line[row]) for row in at) if table is not None else [],
                       value=", ".join(names)[:80], why=error.said, near=[])  # fmt: skip
            if not scenario:
                break
    return found


def _without_value(written: Mapping[str, Expression], error: ExpressionError) -> list[str]:
    """Return the parameters in which evaluation failed."""
    if error.kind == "circular":
        return list(dict.fromkeys(error.names))
    if error.kind == "unknown":
        return [name for name, one in written.items() if error.names[0] in one.names]
    values: dict[str, np.ndarray] = {}
    for name in resolve_parameters(written):
        try:
            values[name] = written[name].evaluate(values)
        except ExpressionError:
            return [name]
    return []


def _name(reader: Reader) -> str | None:
    try:
        return parameter_name(reader.text("parameter"))
    except ExpressionError as error:
        reader.fail("P701", "parameter", reader.text("parameter"), why=error.said)
        return None


def _period(reader: Reader) -> bool:
    text = reader.text("period")
    try:
        if text:
            periods.parse(text)
    except periods.PeriodError:
        reader.fail("D101", "period", text)
        return False
    return True


def _numbers(reader: Reader, columns: Iterable[str]) -> dict[str, float]:
    return {name: value for name in columns if (value := reader.number(name)) is not None}


def exact(number: float) -> Fraction:
    """Return the decimal that a float prints as."""
    return Fraction(repr(float(number)))


__all__ = [
    "ORIGINS", "PROPERTIES", "SCORES", "STAGES", "Exchange", "Parameters", "Process", "Reader", "choices", "exact",
    "read_exchanges", "read_parameters", "read_processes",
]  # fmt: skip
