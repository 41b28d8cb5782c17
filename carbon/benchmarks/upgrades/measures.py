"""Measures as they are computed: a checked table becomes the yearly energy of each row before and after.

Work is per kind with arrays and per distinct text; a row that cannot be computed is marked and an issue says why.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from carbon import units
from carbon.benchmarks.levels import Levels
from carbon.benchmarks.upgrades import demand
from carbon.benchmarks.upgrades.files import StudyFile
from carbon.benchmarks.upgrades.grades import Taken, performance_of_grade
from carbon.benchmarks.upgrades.grouping import groups
from carbon.benchmarks.upgrades.kinds import SIDES, Kind, kinds
from carbon.benchmarks.upgrades.rows import Report, UnreadableError, find_item, periods_of, regions_of, unique_names
from carbon.errors import Issues, Said, UsageError
from carbon.inventory.resolve import unit_code
from carbon.library import Item, Library, Names
from carbon.tables import Table

_SIZES = frozenset({"power_kw", "capacity_kva", "amperage_ka", "volume_m3", "capacity_t_a"})  # a trigger may ask


@dataclass(frozen=True)
class Measures:
    """Measures and their yearly energy.

    Attributes
    ----------
    table : Table
        As checked.
    kinds : tuple of Kind
        Distinct kinds; `kind` is the index of each row, -1 = unknown.
    items : tuple of Item
        Distinct energies; `item` holds the index of each row by side.
    units : tuple of str
        Distinct units; `unit` holds the index of each row by side.
    energy : dict of str to float64[rows]
        Yearly energy of all pieces, by side. [unit of the row]
    used : dict of str to float64[rows]
        What went into the formulas: columns by name, with loads of profiles and levels of grades filled in.
    taken : dict of str to Taken
        Levels that grades stood for, by side and performance column.
    period, region : tuple of str
        Text by row; that of the study where the row has none.
    water_m3 : float64[rows]
        Water saved a year [m³]; NaN where the row does not speak of it.
    bad : bool[rows]
        Rows that cannot be computed.
    """

    table: Table
    kinds: tuple[Kind, ...]
    kind: np.ndarray
    items: tuple[Item, ...]
    item: dict[str, np.ndarray]
    units: tuple[str, ...]
    unit: dict[str, np.ndarray]
    energy: dict[str, np.ndarray]
    used: dict[str, np.ndarray]
    taken: dict[str, Taken]
    period: tuple[str, ...]
    region: tuple[str, ...]
    water_m3: np.ndarray
    bad: np.ndarray


def resolve_measures(table: Table, study: StudyFile, library: Library, levels: Levels, issues: Issues) -> Measures:
    """Compute the yearly energy of measures before and after.

    Parameters
    ----------
    table : Table
        Checked measures.
    study : StudyFile
        Year and region of rows that name none.
    library : Library
        Names of energies.
    levels : Levels
        For grades.
    issues : Issues
        Receives what cannot be computed, and why.
    """
    report = Report(table, issues)
    unique_names(report, "measure")
    known = kinds()
    kind_of = report.texts("kind", _named(known, "B651", [Said(k.id, k.name_zh) for k in known]))
    chosen = tuple(dict.fromkeys(k for k in kind_of if k is not None))
    kind = np.array([chosen.index(k) if k is not None else -1 for k in kind_of], dtype=np.int32)
    period = periods_of(report, study)
    items, item = _items(report, chosen, kind, library)
    used = {name: values.copy() for name, values in table.numbers.items()}
    used["count"] = np.nan_to_num(used["count"], nan=1.0)
    _profiles(report, used)
    _unused(report, chosen, kind)
    taken: dict[str, Taken] = {}
    for number, one in enumerate(chosen):
        _complete(report, one, kind == number, used)
    for number, one in enumerate(chosen):
        taken |= _grades(report, one, (kind == number) & ~report.bad, used, levels, taken)
    for number, one in enumerate(chosen):
        _possible(report, one, kind == number, used)
    unit_texts, unit, scale = _quantity_units(report, chosen, kind)
    energy = {side: np.full(len(table), np.nan) for side in SIDES}
    for number, one in enumerate(chosen):
        rows = np.flatnonzero((kind == number) & ~report.bad)
        for side in SIDES:
            energy[side][rows] = _energy(one, side, {n: v[rows] for n, v in used.items()}) * scale[side][rows]
    water = _water(report, used)
    region = regions_of(report, study, library, "upgrade.toml")
    for side in SIDES:
        energy[side][report.bad] = np.nan
    return Measures(table, chosen, kind, items, item, unit_texts, unit, energy, used, taken, period, region, water,
                    report.bad)  # fmt: skip


def _named(known: Names[Any], code: str, words: list[Said]) -> Callable[[str], Any]:
    def read(text: str) -> Any:
        found = known.find(text)
        if found is None:
            raise UnreadableError(code, known.near, known=words)
        return found

    return read


def _items(
    report: Report, chosen: tuple[Kind, ...], kind: np.ndarray, library: Library
) -> tuple[tuple[Item, ...], dict[str, np.ndarray]]:
    before = report.texts("item", find_item(library))
    after = report.texts("item_after", find_item(library))
    for number, one in enumerate(chosen):
        here = (kind == number) & (report.table.codes["item"] < 0)
        if one.item:
            before[here] = library.items[one.item]
        else:
            report.error("B652", here, "item", one.id, known=["item"])
    after = np.where(report.table.codes["item_after"] < 0, before, after)
    items = tuple(dict.fromkeys(i for i in (*before, *after) if i is not None))
    place = {item: number for number, item in enumerate(items)}
    index = {
        side: np.array([-1 if i is None else place[i] for i in found], dtype=np.int32)
        for side, found in (("before", before), ("after", after))
    }
    return items, index


def _profiles(report: Report, used: dict[str, np.ndarray]) -> None:
    """Fill in load and hours of rows that bring a profile; of a transformer the load is the root mean square."""
    table = report.table
    used["mean_square_load"] = used["load"] ** 2

    def read(text: str) -> tuple[float, float, float]:
        try:
            parts = text.replace("；", ";").replace("：", ":").split(";")
            pairs = [tuple(map(float, part.split(":"))) for part in parts if part.strip()]
            array = np.array(pairs, dtype=np.float64)
            loads, hours = array.T
            if not (np.isfinite(array).all() and array.min() >= 0 and loads.max() <= 1.5 and hours.sum() <= 8784):
                raise ValueError(text)
            return demand.mean_load(array), demand.mean_square_load(array), float(hours.sum())
        except (ValueError, UsageError) as error:
            raise UnreadableError(code="B654") from error

    given = table.codes["profile"] >= 0
    for name in ("load", "hours"):
        report.error("B653", given & ~np.isnan(used[name]), "profile", known=["profile", name])
    for row, found in zip(np.flatnonzero(given), report.texts("profile", read)[given], strict=True):
        if found is not None:
            used["load"][row], used["mean_square_load"][row], used["hours"][row] = found


def _given(table: Table, column: str) -> np.ndarray:
    numbers = table.numbers.get(column)
    return np.asarray(table.codes[column] >= 0 if numbers is None else ~np.isnan(numbers))


def _unused(report: Report, chosen: tuple[Kind, ...], kind: np.ndarray) -> None:
    """Warn of cells that speak of equipment of another kind (B658)."""
    table = report.table
    special = frozenset().union(*(k.columns for k in kinds()))
    for number, one in enumerate(chosen):
        for column in sorted(special - one.columns):
            rows = (kind == number) & _given(table, column) & ~report.bad
            if column in _SIZES:
                rows &= table.codes["equipment"] < 0
            if column == "hours":
                rows &= np.isnan(table.numbers["water_flow_m3_h"])
            report.warn("B658", rows, column, one.id, known=sorted(one.columns))


def _complete(report: Report, one: Kind, rows: np.ndarray, used: Mapping[str, np.ndarray]) -> None:
    """Report rows that lack what their kind needs (B652), or have a number and a grade for it (B653)."""
    table = report.table
    lacking: dict[str, np.ndarray] = {}
    for name in one.needs:
        lacking[name] = np.isnan(used[name]) if name in used else table.codes[name] < 0
    for side in SIDES:
        graded = table.codes[f"grade_{side}"] >= 0
        for name in one.performance:
            column = f"{side}_{name}"
            given = ~np.isnan(table.numbers[column])
            if one.levels and name in one.levels:
                report.error("B653", rows & graded & given, column, known=[column, f"grade_{side}"])
                given = given | graded
            lacking[column] = ~given
        if one.drive:
            bare = graded & np.isnan(table.numbers["drive_efficiency_pct"])
            lacking["drive_efficiency_pct"] = lacking.get("drive_efficiency_pct", False) | bare
    if "specific" in one.performance:
        lacking["before_specific_unit"] = table.codes["before_specific_unit"] < 0
    before = report.bad.copy()
    known = [*one.needs, *(f"{side}_{name}" for name in one.performance for side in SIDES)]
    for column, empty in lacking.items():
        side, _, name = column.partition("_")
        grade = f"grade_{side}" if side in SIDES and name in (one.levels or ()) else ""
        report.warn("B652", rows & empty & ~before, column, one.id, known=known, grade=grade)
        report.bad |= rows & empty


def _grades(
    report: Report, one: Kind, rows: np.ndarray, used: dict[str, np.ndarray], levels: Levels, before: dict[str, Taken]
) -> dict[str, Taken]:
    """Fill in performance of rows that name a grade; return the levels that were taken, with those of other kinds."""
    found: dict[str, Taken] = {}
    for column, indicator in (one.levels or {}).items():
        for side in SIDES:
            here = rows & (report.table.codes[f"grade_{side}"] >= 0)
            if here.any():
                name = f"{side}_{column}"
                taken = performance_of_grade(report, one.subject, one.sets, indicator, side, here, levels)
                used[name] = np.where(here, taken.value, used[name])
                found[name] = taken.joined(before.get(name))
    return found


def _possible(report: Report, one: Kind, rows: np.ndarray, used: Mapping[str, np.ndarray]) -> None:
    """Report numbers that no equipment of the kind can have (B655)."""
    fraction = Said("it looks like a fraction; efficiencies are in per cent", "看似小数，效率请以百分数填写")
    above = Said("an efficiency is at most 100 %", "效率不超过 100%")
    zero = Said("it is divided by", "该值为除数")
    connected = Said("it cannot run longer than it is connected", "带负荷时间不应超过接入时间")

    def test(column: str, wrong: np.ndarray, why: Said) -> None:
        wrong = rows & wrong & ~report.bad
        if wrong.any():
            report.error("B655", wrong, column, f"{used[column][wrong][0]:g}", kind=Said(one.name_en, one.name_zh),
                         why=why)  # fmt: skip

    with np.errstate(invalid="ignore"):
        for side in SIDES:
            if "efficiency_pct" in one.performance:
                column = f"{side}_efficiency_pct"
                test(column, used[column] <= 1.3, fraction)
                if one.id != "boiler":
                    test(column, used[column] > 100, above)
            if "cop" in one.performance:
                test(f"{side}_cop", used[f"{side}_cop"] == 0, zero)
        if one.drive:
            test("drive_efficiency_pct", used["drive_efficiency_pct"] <= 1.3, fraction)
        if "connected_hours" in one.needs:
            test("hours", used["hours"] > used["connected_hours"], connected)


def _quantity_units(
    report: Report, chosen: tuple[Kind, ...], kind: np.ndarray
) -> tuple[tuple[str, ...], dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Return the unit of each row's energy by side, and by what output × specific consumption is multiplied."""
    table = report.table
    size = len(table)
    texts: dict[str, int] = {one.unit: 0 for one in chosen if one.unit}
    texts = {text: number for number, text in enumerate(texts)}
    own = np.array([texts.get(one.unit, -1) for one in chosen] + [-1], dtype=np.int32)[kind]
    unit = {side: own.copy() for side in SIDES}
    scale = {side: np.ones(size) for side in SIDES}
    by_output = np.array(["specific" in one.performance for one in chosen] + [False])[kind] & ~report.bad
    codes = {side: table.codes[f"{side}_specific_unit"] for side in SIDES}
    codes["after"] = np.where(codes["after"] < 0, codes["before"], codes["after"])
    places = {"before": table.texts["before_specific_unit"], "after": table.texts["after_specific_unit"]}
    for side in SIDES:
        own_text = table.codes[f"{side}_specific_unit"] >= 0
        at = np.flatnonzero(by_output)
        for some in groups(codes[side][at], table.codes["output_unit"][at], own_text[at].astype(np.int32)):
            rows = at[some]
            first = int(rows[0])
            text = (places[side] if own_text[first] else places["before"])[codes[side][first]]
            try:
                energy, factor = _per_output(text, table.text("output_unit", first))
            except UnreadableError as error:
                parts = {"column": f"{side}_specific_unit", "value": text} | error.parts
                report.error(error.code, rows, near=error.nearest(text), **parts)
                continue
            unit[side][rows] = texts.setdefault(energy, len(texts))
            scale[side][rows] = factor
    return tuple(texts), unit, scale


def _per_output(text: str, output: str) -> tuple[str, float]:
    """Return the energy unit of a specific consumption, and by what output is multiplied to be in its other unit."""
    energy, _, product = text.rpartition("/")
    for one, place in ((text, {}), (output, {"column": "output_unit", "value": output})):
        try:
            units.parse(one)
        except units.UnitError as error:
            raise UnreadableError(unit_code(one), error.near, **place) from error
    try:
        units.parse(energy)
        return energy, float(units.ratio(units.parse(output), units.parse(product)))
    except (units.UnitError, units.DimensionError) as error:
        raise UnreadableError(code="B657", output=output) from error


def _energy(one: Kind, side: str, used: Mapping[str, np.ndarray]) -> np.ndarray:
    """Return the yearly energy of rows of one kind."""
    count = used["count"]

    def own(name: str) -> np.ndarray:
        return used[f"{side}_{name}"]

    match one.id:
        case "motor":
            energy = demand.motor_kwh(used["power_kw"], used["load"], own("efficiency_pct"), used["hours"])
        case "transformer":
            load = np.sqrt(used["mean_square_load"])
            energy = demand.transformer_kwh(own("no_load_kw"), own("load_kw"), load, used["hours"],
                                            used["connected_hours"])  # fmt: skip
        case "boiler":
            energy = demand.boiler_fuel_gj(used["heat_gj"], own("efficiency_pct"))
        case "pump":
            energy = demand.pump_kwh(used["flow_m3_h"], used["head_m"], used["density_kg_m3"], own("efficiency_pct"),
                                     used["hours"])  # fmt: skip
        case "fan":
            energy = demand.fan_kwh(used["flow_m3_h"], used["pressure_pa"], own("efficiency_pct"), used["hours"])
        case "compressor":
            energy = demand.compressor_kwh(used["flow_m3_min"] * used["load"], own("specific_power_kw_min_m3"),
                                           used["hours"])  # fmt: skip
        case "chiller":
            energy = demand.chiller_kwh(used["cooling_kw"] * used["load"], own("cop"), used["hours"])
        case "lighting":
            return demand.lighting_kwh(count, own("watts"), used["hours"])
        case _:
            energy = demand.specific_demand(used["output"], own("specific"))
    drive = used["drive_efficiency_pct"] if one.drive else np.full(len(count), np.nan)
    return np.asarray(energy * count / np.where(np.isnan(drive), 1.0, drive / 100))


def _water(report: Report, used: Mapping[str, np.ndarray]) -> np.ndarray:
    """Return water saved as drift a year [m³] of all pieces; of half-told rows an issue says what is missing."""
    names = ("water_flow_m3_h", "before_drift_pct", "after_drift_pct")
    told = np.logical_or.reduce([~np.isnan(used[name]) for name in names]) & ~report.bad
    for name in (*names, "hours"):
        report.error("B652", told & np.isnan(used[name]), name, "cooling-tower", known=[*names, "hours"])
    rows = np.flatnonzero(told & ~report.bad)
    saved = np.full(len(told), np.nan)
    flow, hours = used["water_flow_m3_h"][rows], used["hours"][rows]
    before, after = (demand.drift_m3(flow, used[f"{side}_drift_pct"][rows], hours) for side in SIDES)
    saved[rows] = (before - after) * used["count"][rows]
    return saved
