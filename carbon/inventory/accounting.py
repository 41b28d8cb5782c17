"""Activity data in, a result out: resolve, check, route, plan, sum."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np

from carbon.arrays import distinct
from carbon.documents import MethodPack, RunElectricity
from carbon.errors import DataError, Issues, Said, UsageError
from carbon.inventory.checks import (
    check_duplicates,
    check_gaps,
    check_magnitudes,
    check_overlaps,
    check_plausible,
    check_streams,
)
from carbon.inventory.completeness import Completeness
from carbon.inventory.output import check_output, resolve_output
from carbon.inventory.plan import Plan
from carbon.inventory.resolve import OVERRIDES, Activities, Facility, resolve
from carbon.inventory.result import Result
from carbon.inventory.rollup import Cells, Gathered
from carbon.inventory.routes import route
from carbon.inventory.terms import ENERGY, PRIMARY, Key, Routed
from carbon.library import Library, load_library
from carbon.reading import Source, check_sheets, source_of
from carbon.schema import choices
from carbon.tables import Table, check


def account(
    activities: Any,
    *,
    method: str = "cn-general",
    facilities: Any = None,
    output: Any = None,
    gwp: str = "",
    region: str = "",
    as_of: dt.date | None = None,
    electricity: RunElectricity | None = None,
    library: Library | None = None,
    language: str = "en",
    on_error: str = "continue",
    title: str = "",
    issues: Issues | None = None,
) -> Result:
    """Account for the energy and greenhouse gases of facilities.

    Parameters
    ----------
    activities : DataFrame, Arrow table, list of dict, path of a file or carbon.reading.Source
        What was burned, bought, made or sold; columns as in ``carbon describe activities``.
    method : str
        Method pack, such as ``cn-general``, ``cn-steel``, ``ghg-protocol``.
    facilities, output : same kinds as `activities`, optional
        Where facilities are and what they made.
    gwp : str
        Set of warming potentials (``sar`` to ``ar6``); "" = that of the pack, ``none`` = gases are not added.
    region : str
        Region of facilities that name none.
    as_of : datetime.date, optional
        Use only what was published by then.
    electricity : RunElectricity, optional
        Choices about electricity that beat the pack's.
    library : Library, optional
        Factors; the shipped ones if left out.
    language : {"en", "zh"}
        Language of names in the result.
    on_error : {"continue", "stop"}
        Whether good rows are computed although others are bad.
    title : str
        For reports.
    issues : Issues, optional
        What was found while reading; it becomes part of the result.

    Returns
    -------
    Result

    Raises
    ------
    UsageError
        If a method, GWP set or region does not exist.
    DataError
        If the table as a whole cannot be used, or `on_error` is ``stop`` and a row is bad.

    Notes
    -----
    GB/T 32150 for the general frame; each pack names the document it follows.

    Examples
    --------
    >>> import carbon
    >>> row = {"facility": "A", "period": "2023", "item": "电力", "quantity": 100, "unit": "万千瓦时", "region": "山东"}
    >>> result = carbon.account([row], method="cn-general")
    >>> result.totals(by=["facility", "basis"])[["basis", "co2e_t"]].to_dict("records")[0]
    {'basis': 'location', 'co2e_t': 619.1}
    """
    issues = Issues() if issues is None else issues
    given = {"facilities": facilities, "activities": activities, "output": output}
    sources = {name: source_of(one, issues, name, language) for name, one in given.items()
               if one is not None or name == "activities"}  # fmt: skip
    check_sheets(sources.values(), issues)
    ground = Ground.of(
        sources.get("facilities"), sources.get("output"), method=method, gwp=gwp, region=region, as_of=as_of,
        electricity=electricity, library=library or load_library(), language=language, on_error=on_error, title=title,
        issues=issues,
    )  # fmt: skip
    table = checked(sources["activities"], "activities", issues, language)
    rows = resolve(table, ground.library, ground.places, issues, ground.broken)
    check_duplicates(table, "item", issues)
    return settle(rows, ground, issues)


@dataclass(frozen=True)
class Ground:
    """What an account stands on before any row of activities is read.

    Attributes
    ----------
    library : Library
        Factors, as of the day of the account.
    method, gwp, home : str
        Method pack, set of warming potentials ("" = that of the packs), region of facilities that name none.
    said_home : bool
        Whether that region was asked for, and not that of the pack.
    places : dict of str to Facility, optional
        Facilities by the name used in activities, if there is a table of them.
    broken : set of str
        Names whose own row in that table is bad.
    output : Table, optional
        What was made.
    """

    library: Library
    method: str
    gwp: str
    home: str
    said_home: bool
    places: dict[str, Facility] | None
    broken: set[str]
    output: Table | None
    electricity: RunElectricity
    language: str
    on_error: str
    title: str
    as_of: dt.date | None
    known: dict[Key, tuple[Routed, list[tuple[str, dict[str, Any]]]]] = field(default_factory=dict, compare=False)

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"known": {}}

    def route(self, key: Key) -> tuple[Routed, list[tuple[str, dict[str, Any]]]]:
        """Return the outcome of a key and what is wrong with it; each key is routed once, whatever asks for it."""
        if key not in self.known:
            faults: list[tuple[str, dict[str, Any]]] = []
            routed = route(key, self.library, self.electricity, lambda code, **parts: faults.append((code, parts)))
            self.known[key] = routed, faults
        return self.known[key]

    @classmethod
    def of(
        cls, facilities: Source | None, output: Source | None, *, method: str, gwp: str, region: str,
        as_of: dt.date | None, electricity: RunElectricity | None, library: Library, language: str, on_error: str,
        title: str, issues: Issues,
    ) -> Ground:  # fmt: skip
        """Return the ground of an account; parameters and errors are those of `account`."""
        if as_of is not None:
            library = Library(library.folders, as_of)
        home = _region(region or library.pack(method).region, library)
        places: dict[str, Facility] | None = None
        broken: set[str] = set()
        if facilities is not None:
            places, broken = _facilities(checked(facilities, "facilities", issues, language), library, issues)
        made = None if output is None else checked(output, "output", issues, language)
        return cls(library, method, gwp, home, bool(region), places, broken, made, electricity or RunElectricity(),
                   language, on_error, title, as_of)  # fmt: skip


def settle(rows: Activities, ground: Ground, issues: Issues, gathered: Gathered | None = None) -> Result:
    """Check resolved rows against one another, plan and sum them.

    Parameters
    ----------
    rows : Activities
        As resolved.
    ground : Ground
        Everything else.
    issues : Issues
        Receives what is found.
    gathered : Gathered, optional
        What rows that stand for others add up to.

    Returns
    -------
    Result

    Raises
    ------
    DataError
        If a row is bad and the account is to stop at that.
    """
    library, places = ground.library, ground.places
    given_output = None
    if ground.output is not None:
        given_output = resolve_output(ground.output, places, issues, ground.broken)
        check_output(given_output, ground.output, rows, issues)
    check_overlaps(rows, issues)
    plan = plan_rows(rows, ground, issues)
    pack = library.pack(ground.method)
    names = sorted({k.pack for k in plan.keys}, key=lambda name: (name != ground.method, name))
    packs = [library.pack(name) for name in names] or [pack]
    gwp = ground.gwp or _gwp(pack, packs, issues)
    potentials = library.gwp(gwp)
    check_gaps(rows, issues)
    check_streams(rows, issues)
    if gathered is None:
        check_plausible(rows, plan, library, issues)
    if places is not None and (idle := sorted(set(places) - {f.id for f in rows.values["facility"]})):
        issues.add("A411", file=rows.table.file, column="facility", value=", ".join(idle[:20]))
    _notes(rows, plan, packs, potentials, gwp, library, issues)
    if ground.on_error == "stop":
        issues.raise_errors()
    used = [*dict.fromkeys(rows.values["facility"])]
    everyone = [] if places is None else [*places.values()]
    return Result(
        rows=rows,
        plan=plan,
        cells=Cells(plan, rows.index["facility"], used, everyone, gathered),
        packs=tuple(packs),
        potentials={gas: f.exact for gas, f in potentials.items()} | {"CO2": Fraction(1), "CO2e": Fraction(1)},
        gwp_name=gwp,
        completeness=_completeness(rows, plan),
        library=library,
        issues=issues,
        output=given_output,
        output_file="" if ground.output is None else ground.output.file,
        language=ground.language,
        title=ground.title,
        options={"region": ground.home, "as_of": ground.as_of.isoformat() if ground.as_of else "",
                 "on_error": ground.on_error,
                 "electricity": ground.electricity.model_dump(mode="json", exclude_none=True)},
        gathered=gathered,
    )  # fmt: skip


def plan_rows(rows: Activities, ground: Ground, issues: Issues) -> Plan:
    """Return the plan of resolved rows; rows whose key leads nowhere are marked."""
    keys, key = _keys(rows, ground.method, ground.home, "" if ground.said_home else ground.home)
    return _plan(rows, keys, key, ground, issues)


def _gwp(pack: MethodPack, packs: Sequence[MethodPack], issues: Issues) -> str:
    """Return the GWP set that the packs used agree on, else that of the run's pack after saying so."""
    names = sorted({p.gwp for p in packs if p.gwp})
    if len(names) > 1:
        chosen = pack.gwp or names[0]
        issues.add("M306", value=chosen, known=[f"{p.id}: {p.gwp}" for p in packs if p.gwp])
        return chosen
    return names[0] if names else "none"


def _region(text: str, library: Library) -> str:
    if not text:
        return ""
    found = library.regions.find(text)
    if found is None:
        message = f"no region {text!r}; nearest: {', '.join(library.regions.near(text))}"
        raise UsageError(message)
    return found.id


def checked(source: Source, name: str, issues: Issues, language: str) -> Table:
    """Return a checked table; what makes the whole of it useless is raised."""
    if source.rows.num_rows == 0:
        issues.add("T102", file=source.file)
        raise DataError(issues, language)
    table = check(source, name, issues)
    if table is None:
        raise DataError(issues, language)
    return table


def _facilities(table: Table, library: Library, issues: Issues) -> tuple[dict[str, Facility], set[str]]:
    """Return facilities by the name used in activities, and the names whose own row is bad."""
    found: dict[str, Facility] = {}
    broken: set[str] = set()
    for row in range(len(table)):
        if table.bad[row]:
            broken.add(table.text("facility", row))
            continue
        name, where = table.text("facility", row), {"file": table.file, "lines": [int(table.line[row])]}
        if name in found:
            issues.add("T130", **where, column="facility", value=name)
            continue
        region, method = table.text("region", row), table.text("method", row)
        entry = library.regions.find(region) if region else None
        if region and entry is None:
            issues.add("F203", **where, column="region", value=region, near=library.regions.near(region))
        if method and method not in library.pack_ids:
            issues.add("M302", **where, column="method", value=method, known=library.pack_ids)
        if (region and entry is None) or (method and method not in library.pack_ids):
            broken.add(name)
            continue
        found[name] = Facility(
            name, table.text("name", row) or name, entry.id if entry else "", table.text("sector", row), method,
            table.text("group", row),
        )  # fmt: skip
    return found, broken - found.keys() - {""}


def _keys(rows: Activities, method: str, home: str, unsaid: str) -> tuple[tuple[Key, ...], np.ndarray]:
    """Return the distinct keys of the rows, and the number of each row's key.

    `home` is the region of facilities that name none; `unsaid` is the same where nobody named that one either.
    """
    table = rows.table
    facilities: list[Facility] = rows.values["facility"]
    methods = sorted({f.method or method for f in facilities} | {method})
    regions = ["", *sorted({f.region or home for f in facilities})]
    facility = rows.index["facility"]
    pack_of = np.array([methods.index(f.method or method) for f in facilities] + [0], dtype=np.int32)[facility]
    home_of = np.array([regions.index(f.region or home) for f in facilities] + [0], dtype=np.int32)[facility]
    given = {name: ~np.isnan(table.numbers[name]) for name in OVERRIDES}
    states = {name: _states(table.numbers[name]) for name in ("pressure_mpa", "temperature_c")}
    unit_of = {
        name: np.where(given[name], rows.index[f"{name}_unit"], -1) for name in ("ncv", "carbon_content", "factor")
    }
    key, sample = distinct(
        pack_of, rows.index["item"], rows.index["use"], np.where(rows.index["region"] >= 0, -1, home_of),
        rows.index["region"], table.codes["process"], rows.index["period"], rows.index["unit"],
        rows.index["instrument"], *(unit_of[n] + np.where(given[n], 1, 0) for n in unit_of),
        given["oxidation"].astype(np.int32), *(codes for codes, _ in states.values()), rows.bad.astype(np.int32),
    )  # fmt: skip
    default_use = {item.id: item.default_use for item in rows.values["item"]}
    keys: list[Key] = []
    number = np.full(len(sample), -1, dtype=np.int32)
    for place, row in enumerate(sample.tolist()):
        if rows.bad[row]:
            continue
        item = rows.values["item"][rows.index["item"][row]]
        use = _value(rows, "use", row)
        number[place] = len(keys)
        keys.append(
            Key(
                pack=methods[pack_of[row]],
                item=item,
                use=use or default_use[item.id],
                use_given=bool(use),
                region=_value(rows, "region", row) or regions[home_of[row]],
                region_given=bool(_value(rows, "region", row) or regions[home_of[row]] not in ("", unsaid)),
                process=table.text("process", row),
                period=_value(rows, "period", row),
                unit=_value(rows, "unit", row),
                instrument=_value(rows, "instrument", row) or "",
                given=tuple(
                    (name, rows.values[f"{name}_unit"][unit_of[name][row]] if name in unit_of else None)
                    for name in OVERRIDES
                    if given[name][row]
                ),
                pressure=states["pressure_mpa"][1][states["pressure_mpa"][0][row]],
                temperature=states["temperature_c"][1][states["temperature_c"][0][row]],
            )
        )
    moved = number[key]
    moved[moved < 0] = 0
    return tuple(keys), moved


def _value(rows: Activities, name: str, row: int) -> Any:
    place = int(rows.index[name][row])
    return rows.values[name][place] if place >= 0 else None


def _states(numbers: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """Return codes of distinct numbers and the decimals that they print as; the last is empty, for -1."""
    known = numbers[~np.isnan(numbers)]
    if not len(known):
        return np.full(len(numbers), -1, dtype=np.int32), [""]
    values = np.unique(known)
    codes = np.where(np.isnan(numbers), -1, np.searchsorted(values, np.nan_to_num(numbers))).astype(np.int32)
    return codes, [*(repr(float(value)) for value in values), ""]


def _plan(rows: Activities, keys: Sequence[Key], key: np.ndarray, ground: Ground, issues: Issues) -> Plan:
    """Route every key; report what fails once per problem, with all lines on which it occurs."""
    table = rows.table
    found: dict[tuple[Any, ...], tuple[dict[str, Any], list[int]]] = {}
    routed: list[Routed] = []
    for number, one in enumerate(keys):
        outcome, faults = ground.route(one)
        routed.append(outcome)
        for code, parts in faults:
            name = (code, *(f"{k}={v}" for k, v in sorted(parts.items())))
            found.setdefault(name, (parts, []))[1].append(number)
    for (code, *_), (parts, numbers) in found.items():
        lines = table.line[np.isin(key, numbers) & ~rows.bad]
        issues.add(code, file=table.file, lines=np.sort(lines), **parts)
    failed = np.array([r.failed for r in routed], dtype=bool)
    rows.bad = rows.bad | (failed[key] if len(keys) else False)
    check_magnitudes(rows, key, routed, issues)
    measured = [table.numbers[name] for name in OVERRIDES]
    override = np.empty((len(OVERRIDES), 0))
    if not all(np.isnan(values).all() for values in measured):
        override = np.stack([np.nan_to_num(values, nan=1.0) for values in measured])
    quantity = np.ascontiguousarray(np.nan_to_num(table.numbers["quantity"]))
    for array in (key, quantity, override, rows.bad):
        array.setflags(write=False)
    return Plan(tuple(keys), tuple(routed), key, quantity, override, rows.bad)


def _notes(
    rows: Activities, plan: Plan, packs: Sequence[MethodPack], potentials: Mapping[str, Any], gwp: str,
    library: Library, issues: Issues,
) -> None:  # fmt: skip
    """Say what was filled in: uses taken from the item, fallbacks, numbers that were not read in their publication."""
    file = rows.table.file
    counts = np.bincount(plan.key[~rows.bad], minlength=len(plan.keys)) if len(plan.keys) else np.empty(0)
    groups: dict[tuple[str, ...], tuple[dict[str, Any], list[int]]] = {}

    def note(code: str, number: int, **parts: Any) -> None:
        name = (code, *(str(part) for part in parts.values()))
        groups.setdefault(name, (parts, []))[1].append(number)

    def lines_of(numbers: list[int]) -> np.ndarray:
        chosen = np.zeros(len(plan.keys), dtype=bool)
        chosen[numbers] = True
        return np.asarray(rows.table.line[chosen[plan.key] & ~rows.bad])

    unweighted: dict[str, list[int]] = {}
    for number, (key, routed) in enumerate(zip(plan.keys, plan.routed, strict=True)):
        if routed.failed or not counts[number]:
            continue
        if not key.use_given and key.item.kind != "electricity":
            use = choices("use")[key.use]
            note("A401", number, value=key.item.id, column="use", use=Said(use.name_en, use.name_zh))
        for rung in dict.fromkeys(said for t in routed.terms for said in t.rung):
            note("F290", number, value=key.item.id, column="item", rung=rung)
        for name in dict.fromkeys(f.set_id for t in routed.terms for f in t.factors):
            meta = library.set(name).meta
            if meta.verification != "primary":
                note("F291" if meta.verification == "secondary" else "F292", number, value=name)
        for term in routed.terms:
            if term.target not in (ENERGY, PRIMARY, "CO2", "CO2e", "CO2-biogenic") and term.target not in potentials:
                unweighted.setdefault(term.target, []).append(number)
    for (code, *_), (parts, where) in groups.items():
        issues.add(code, file=file, lines=lines_of(where), **parts)
    for gas, where in unweighted.items():
        code = "M303" if gwp == "none" else "M304"
        issues.add(code, file=file, lines=lines_of(where), value=gas, gwp=gwp,
                   gases=sorted({t.target for t in plan.terms} - {ENERGY, PRIMARY}))  # fmt: skip
    _required(rows, plan, packs, issues)


def _required(rows: Activities, plan: Plan, packs: Sequence[MethodPack], issues: Issues) -> None:
    """Warn of facilities that lack what their pack asks of every facility of the sector."""
    facility, key = rows.index["facility"], plan.key
    _, sample = distinct(facility, key, rows.bad.astype(np.int32))
    have: dict[tuple[str, str], set[str]] = {}
    for row in sample.tolist():
        if facility[row] >= 0 and not rows.bad[row]:
            one, routed = plan.keys[key[row]], plan.routed[key[row]]
            name = rows.values["facility"][facility[row]].id
            have.setdefault((name, one.pack), set()).update((one.item.id, routed.category))
    for (name, identifier), found in sorted(have.items()):
        pack = next(p for p in packs if p.id == identifier)
        if lacking := [entry for entry in pack.required if entry not in found]:
            names = {c.id: Said(c.name_en, c.name_zh) for c in pack.category}
            issues.add("M305", file=rows.table.file, value=", ".join(lacking), pack=pack.id, facility=name,
                       lacking=[names.get(entry, Said(entry, entry)) for entry in lacking])  # fmt: skip


def _completeness(rows: Activities, plan: Plan) -> Completeness:
    """Return which facility-periods have rows that could not be computed."""
    missing = Completeness()
    facility, period = rows.index["facility"], rows.index["period"]
    kinds = sorted({routed.lacking for routed in plan.routed})
    lacking = np.array([kinds.index(routed.lacking) for routed in plan.routed] or [0], dtype=np.int32)
    _, sample = distinct(facility, period, rows.bad.astype(np.int32), lacking[plan.key])
    for row in sample.tolist():
        place = int(facility[row])
        span = _value(rows, "period", row)
        if not rows.bad[row]:
            for basis in plan.routed[plan.key[row]].lacking:
                missing.lacking.add((rows.values["facility"][place].id, span, basis))
            missing.spans.setdefault(rows.values["facility"][place].id, set()).add(span)
        elif place < 0:
            missing.everything = True
        else:
            missing.bad.add((rows.values["facility"][place].id, span))
    return missing
