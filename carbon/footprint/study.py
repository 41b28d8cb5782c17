"""A study in, a footprint out: tables, chain, background, solution, contributions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from carbon import periods, units
from carbon.documents import validated
from carbon.errors import DataError, Issues, Said, near_misses
from carbon.footprint.background import APART, Background, find_background, weights
from carbon.footprint.chain import BACKGROUND, LOOP_REASONS, Chain, build, loop_names
from carbon.footprint.checks import balance_records, check_cut_off, check_study, left_out, within
from carbon.footprint.declared import Declared, read_declarations
from carbon.footprint.expressions import ExpressionError
from carbon.footprint.files import FootprintFile
from carbon.footprint.grades import grade
from carbon.footprint.loops import SingularSystemError
from carbon.footprint.recycling import with_recycling
from carbon.footprint.tables import SCORES, STAGES, Parameters, read_exchanges, read_parameters, read_processes
from carbon.library import Library, load_library
from carbon.reading import source_of
from carbon.tables import Table, check

if TYPE_CHECKING:
    import pandas as pd

UNDATED = "2000"  # of rows that bring their own factor, where the study names no period: no factor of a year is taken
CONTRIBUTION_COLUMNS = (
    "scenario", "process", "kind", "name", "stage", "origin", "amount", "unit", "runs", "co2e_kg", "share_pct", "data",
    "source_line",
)  # fmt: skip
EDGE_COLUMNS = ("scenario", "source", "target", "name", "amount", "unit", "co2e_kg")
FOOTPRINT_COLUMNS = ("scenario", "part", "name", "co2e_kg", "share_pct", "complete")


@dataclass(frozen=True)
class Solved:
    """One scenario, solved.

    Attributes
    ----------
    chain : Chain
        Of the study, with the shares that outputs have in this scenario.
    scaling : float64[nodes]
        How often each output is made for the declared unit.
    intensity : float64[nodes, gases]
        Gases of one unit of each output, with all that lies upstream. [kg]
    amount : float64[exchanges]
        As the parameters make it.
    flow : float64[flows, gases]
        Gases of each background flow for the declared unit. [kg]
    """

    chain: Chain
    scaling: np.ndarray
    intensity: np.ndarray
    production: np.ndarray
    amount: np.ndarray
    flow: np.ndarray

    @property
    def total(self) -> np.ndarray:
        """Gases of the declared unit [kg], as float64[gases]."""
        return np.asarray(self.flow.sum(axis=0))


@dataclass(frozen=True)
class Footprint:
    """The footprint of a product, and where it comes from.

    Attributes
    ----------
    study : FootprintFile
        What was asked for.
    chain : Chain
        Processes and links.
    background : Background
        Gases of exchanges.
    parameters : Parameters
        And scenarios.
    issues : Issues
        Errors, warnings and notes.
    left_out_pct : mapping of str to float
        Scenario by scenario, the share of what the study excludes in the footprint with it [%]; 0 where nothing that
        it excludes has an amount, None where a gas has no warming potential.
    declared : Declared
        What amounts and parameters say about their uncertainty.
    """

    study: FootprintFile
    chain: Chain
    background: Background
    parameters: Parameters
    exchanges: Table
    issues: Issues
    library: Library
    solved: Mapping[str, Solved]
    left_out_pct: Mapping[str, float | None]
    declared: Declared = field(default_factory=Declared)

    @property
    def complete(self) -> bool:
        """Whether no row was left out and every gas could be weighed."""
        return not self.issues.errors and bool(self.background.known.all()) and not np.isnan(self._weights).any()

    @cached_property
    def _weights(self) -> np.ndarray:
        return weights(self.background.gases, self.potentials)

    @cached_property
    def potentials(self) -> dict[str, Fraction]:
        """Warming potentials used [kgCO2e/kg]."""
        name = self.study.gwp or self.library.pack(self.study.method).gwp
        return {g: f.exact for g, f in self.library.gwp(name).items()} | {"CO2": Fraction(1), "CO2e": Fraction(1)}

    def co2e(self, scenario: str = "") -> float | None:
        """Return the footprint of the declared unit [kgCO2e]; None where a gas has no warming potential."""
        total = float(self.solved[scenario].total @ self._weights)
        return None if np.isnan(total) else total

    def contributions(self) -> pd.DataFrame:
        """Return what every exchange contributes to the declared unit [kgCO2e], scenario by scenario."""
        import pandas as pd

        return pd.DataFrame(self.contribution_records, columns=list(CONTRIBUTION_COLUMNS))

    @cached_property
    def contribution_records(self) -> list[dict[str, Any]]:
        """The rows of `contributions`."""
        records = []
        for scenario, solved in self.solved.items():
            weighed = solved.flow @ self._weights
            total = weighed.sum()
            flow, count = self.chain.flow, len(self.chain.exchanges)
            masses = np.bincount(flow, weighed, count).tolist()
            runs = np.bincount(flow, np.abs(solved.scaling[self.chain.owner] * solved.chain.part), count).tolist()
            for number in np.unique(flow).tolist():
                exchange, mass = self.chain.exchanges[number], masses[number]
                records.append({
                    "scenario": scenario, "process": self.chain.processes[exchange.process].name,
                    "kind": exchange.kind, "name": exchange.name, "stage": exchange.stage, "origin": exchange.origin,
                    "amount": float(runs[number] * solved.amount[number]), "unit": exchange.measure,
                    "runs": runs[number], "co2e_kg": mass,
                    "share_pct": float(100 * mass / total) if total else None,
                    "data": self.exchanges.text("data", exchange.row) or None,
                    "source_line": int(self.exchanges.line[exchange.row]),
                })  # fmt: skip
        return records

    @cached_property
    def edge_records(self) -> list[dict[str, Any]]:
        """What flows between processes for the declared unit, with the emissions that it carries: Sankey edges."""
        records = []
        for scenario, solved in self.solved.items():
            carried = solved.intensity @ self._weights
            for link, supplier, consumer, scale in zip(
                self.chain.link.tolist(), self.chain.supplier.tolist(), self.chain.consumer.tolist(),
                solved.chain.scale.tolist(), strict=True,
            ):  # fmt: skip
                amount = float(solved.scaling[consumer] * solved.amount[link] * scale)
                nodes, processes = self.chain.nodes, self.chain.processes
                records.append({
                    "scenario": scenario, "source": processes[nodes[supplier].process].name,
                    "target": processes[nodes[consumer].process].name, "name": nodes[supplier].product,
                    "amount": amount, "unit": nodes[supplier].unit.text, "co2e_kg": float(amount * carried[supplier]),
                })  # fmt: skip
        return records

    @cached_property
    def records(self) -> list[dict[str, Any]]:
        """The footprint by total, gas, stage, process and origin of its carbon, scenario by scenario.

        The part ``apart`` is biogenic CO2 that the total leaves out: emitted, taken up (negative), stored. [kg]
        """
        records: list[dict[str, Any]] = []
        for scenario, solved in self.solved.items():
            mine = [r for r in self.contribution_records if r["scenario"] == scenario]
            total = self.co2e(scenario)
            parts: list[tuple[str, str, float]] = [("total", "", float("nan") if total is None else total)]
            parts += [("gas", g, float(m * w)) for g, m, w in zip(self.background.gases, solved.total, self._weights,
                                                                  strict=True)]  # fmt: skip
            for part, column, order in (
                ("stage", "stage", list(STAGES)), ("process", "process", [p.name for p in self.chain.processes]),
                ("origin", "origin", ["fossil", "biogenic", "land-use", "aviation"]),
            ):  # fmt: skip
                sums: dict[str, float] = {}
                for r in mine:
                    sums[r[column]] = sums.get(r[column], 0.0) + r["co2e_kg"]
                parts += [(part, name, sums[name]) for name in order if name in sums]
            for name, gas in (("biogenic", "CO2-biogenic"), *APART.items()):
                if gas in self.background.gases:
                    parts.append(("apart", name, float(solved.total[self.background.gases.index(gas)])))
            graded = self.grade(scenario)
            parts += [("class", graded, parts[0][2])] if graded is not None else []
            for part, name, value in parts:
                known = None if np.isnan(value) else value
                share = None if known is None or not total or part == "apart" else 100 * known / total
                records.append({"scenario": scenario, "part": part, "name": name, "co2e_kg": known, "share_pct": share,
                                "complete": self.complete})  # fmt: skip
        return records

    def grade(self, scenario: str = "") -> str | None:
        """Return the class of a footprint by the class table of the study; None without one, or beyond its limits."""
        classes, total = self.study.classes, self.co2e(scenario)
        return None if classes is None or total is None or not self.complete else grade(total, classes.pairs)

    @cached_property
    def balance_records(self) -> list[dict[str, Any]]:
        """Mass and energy into and out of every process, scenario by scenario."""
        released = self.background.per_unit @ np.array([gas != "CO2e" for gas in self.background.gases], float)
        return [
            record
            for name, solved in self.solved.items()
            for record in balance_records(
                self.chain, solved.production, solved.amount, released, self.exchanges, self.library, name
            )
        ]

    def table(self) -> pd.DataFrame:
        """Return the footprint by total, gas, stage, process and origin [kgCO2e]."""
        import pandas as pd

        return pd.DataFrame(self.records, columns=list(FOOTPRINT_COLUMNS))

    def quality(self, scenario: str = "") -> dict[str, float | None]:
        """Return the share of the footprint that rests on primary data [%], and pedigree scores weighted by it."""
        mine = [r for r in self.contribution_records if r["scenario"] == scenario]
        whole = sum(abs(r["co2e_kg"]) for r in mine)
        if not whole:
            return dict.fromkeys(["primary_pct", *SCORES])
        primary = sum(abs(r["co2e_kg"]) for r in mine if (r["data"] or "") in ("primary", "初级数据", "实测"))
        found: dict[str, float | None] = {"primary_pct": 100 * primary / whole}
        at = {int(line): row for row, line in enumerate(self.exchanges.line)}
        for name in SCORES:
            scores = [(abs(r["co2e_kg"]), self.exchanges.numbers[name][at[r["source_line"]]]) for r in mine]
            rated = [(w, float(s)) for w, s in scores if not np.isnan(s)]
            weight = sum(w for w, _ in rated)
            found[name] = sum(w * s for w, s in rated) / weight if weight else None
        return found

    def __repr__(self) -> str:
        total = self.co2e(next(iter(self.solved), ""))
        shown = "unknown" if total is None else f"{total:.6g} kgCO2e"
        return f"<Footprint of {float(self.study.amount):g} {self.study.unit} {self.study.product}: {shown}>"


def footprint(
    processes: Any, exchanges: Any, *, study: FootprintFile | Mapping[str, Any], parameters: Any = None,
    scenarios: Any = None, library: Library | None = None, issues: Issues | None = None,
) -> Footprint:  # fmt: skip
    """Compute the footprint of a product from tables of processes and exchanges.

    Parameters
    ----------
    processes, exchanges, parameters, scenarios : DataFrame, list of dict, path or carbon.reading.Source
        Columns as in ``carbon describe processes``, ``exchanges``, ``parameters``, ``scenarios``.
    study : FootprintFile or mapping
        Product, declared unit, boundary, choices.
    library : Library, optional
        Factors; the shipped ones if left out.
    issues : Issues, optional
        What was found while reading.

    Returns
    -------
    Footprint

    Raises
    ------
    DataError
        If a table as a whole cannot be used, the product is not made (P720), or a loop has no solution (P721).

    Examples
    --------
    >>> found = footprint(
    ...     [{"process": "power", "product": "electricity", "unit": "kWh", "amount": 10},
    ...      {"process": "refinery", "product": "oil", "unit": "L", "amount": 100}],
    ...     [{"process": "power", "kind": "input", "name": "oil", "amount": 2, "unit": "L"},
    ...      {"process": "power", "kind": "emission", "name": "CO2", "amount": 1, "unit": "kg"},
    ...      {"process": "refinery", "kind": "emission", "name": "CO2", "amount": 10, "unit": "kg"}],
    ...     study={"product": "electricity", "unit": "kWh", "amount": 1000})
    >>> found.co2e()
    120.0
    """
    issues = Issues() if issues is None else issues
    asked = study if isinstance(study, FootprintFile) else validated(dict(study), FootprintFile, "")
    library = library or load_library(asked.factors, asked.as_of)
    made = _table(processes, "processes", issues)
    flows = _table(exchanges, "exchanges", issues)
    values = None if parameters is None else _table(parameters, "parameters", issues)
    cases = None if scenarios is None else _table(scenarios, "scenarios", issues)
    known = read_parameters(values, cases, issues)
    units_of = read_processes(made, issues)
    rows = read_exchanges(flows, units_of, issues)
    _check_names(rows, units_of, known, flows, issues)
    _stop(issues, "P706")
    rows, units_of = with_recycling(rows, units_of, flows, asked.recycling, known, issues)
    rows = within([row for row in rows if not flows.bad[row.row]], asked, flows, issues)
    base = known.values()
    whole = build(units_of, rows, asked.allocation, base, flows, issues)
    chain = replace(whole, left_out=left_out(rows, asked))
    check_study(asked, chain, flows, library, issues)
    _check_period(asked, chain, flows, issues)
    background = find_background(
        chain, flows, asked.region, asked.period or UNDATED, asked.method, asked.gwp, library, asked.language, issues
    )
    wanted = chain.node(asked.product)
    if wanted is None:
        issues.add("P720", value=asked.product, known=list(dict.fromkeys(n.product for n in chain.nodes))[:12])
        raise DataError(issues, asked.language)
    demand = np.zeros(len(chain.nodes))
    try:
        demand[wanted] = float(asked.amount * units.ratio(units.parse(asked.unit), chain.nodes[wanted].unit))
    except (units.UnitError, units.DimensionError) as error:
        issues.add("P712", value=asked.unit, expected=chain.nodes[wanted].unit.text)
        raise DataError(issues, asked.language) from error
    try:
        _check_legs(chain, known, flows, issues)
        given = {name: known.values(name) for name in ("", *known.scenarios)}
        shared = {name: _shared(whole, known, name, asked.allocation, given[name], flows, issues) for name in given}
        kept = {name: replace(one, left_out=chain.left_out) for name, one in shared.items()}
        solved = {name: _solve(kept[name], background, given[name], demand, issues) for name in given}
        uncut = {name: _solve(shared[name], background, given[name], demand, issues)
                 for name in given if chain.left_out}  # fmt: skip
    except ExpressionError as error:
        _check_values(chain, known, flows, issues)
        raise DataError(issues, asked.language) from error
    except SingularSystemError as error:
        issues.add("P721", value=asked.product, loop=loop_names(chain, error.processes), why=LOOP_REASONS[error.reason])
        raise DataError(issues, asked.language) from error
    declared = read_declarations(chain.exchanges, flows, known, issues)
    found = Footprint(asked, chain, background, known, flows, issues, library, solved, {}, declared)
    shares = {name: _left_out(found, name, uncut.get(name)) for name in solved}
    check_cut_off(asked, shares, issues)
    return replace(found, left_out_pct={name: None if s is None else 100 * s for name, s in shares.items()})


def _left_out(found: Footprint, scenario: str, uncut: Solved | None) -> float | None:
    """Return the share of what is left out in the footprint with it; None where it is not known.

    Burdens and credits that are left out both count as sizes, so that they do not hide each other.
    """
    kept = found.co2e(scenario)
    if kept is None or uncut is None:
        return None if kept is None else 0.0
    weights, chain = found._weights, uncut.chain
    flows = np.bincount(chain.flow, uncut.flow @ weights, len(chain.exchanges))
    taken = uncut.scaling[chain.consumer] * uncut.amount[chain.link] * chain.scale
    flows += np.bincount(chain.link, taken * (uncut.intensity @ weights)[chain.supplier], len(chain.exchanges))
    gone = float(np.abs(flows[sorted(found.chain.left_out)]).sum())
    return None if np.isnan(gone) else gone / (abs(kept) + gone) if gone else 0.0


def _shared(
    chain: Chain, known: Parameters, scenario: str, allocation: str, values: Mapping[str, Any], table: Table,
    issues: Issues,
) -> Chain:  # fmt: skip
    """Return the chain with the shares that outputs have in a scenario; one that cannot share in it is an error."""
    if not scenario or not chain.sharing(known, scenario)[0] & known.changed(scenario):
        return chain
    before = len(issues.errors)
    found = build(chain.processes, chain.exchanges, allocation, values, table, issues)
    if len(issues.errors) > before:
        raise DataError(issues)
    return found


def _solve(
    chain: Chain, background: Background, values: Mapping[str, Any], demand: np.ndarray, issues: Issues
) -> Solved:
    """Solve one scenario; a process that makes nothing in it is an error (P713)."""
    production, amount = chain.production(values), chain.amounts(values)
    if not production.all():
        for node in np.flatnonzero(production == 0).tolist():
            process = chain.processes[chain.nodes[node].process]
            issues.add("P713", file=process.file, lines=[process.line], column="amount", value=process.name)
        raise DataError(issues)
    system = chain.structure.factored(production, amount[chain.link] * chain.scale)
    scaling = system.solve(demand)
    each = (amount[chain.flow] * chain.part)[:, None] * background.per_unit[chain.flow]
    direct = np.zeros((len(chain.nodes), len(background.gases)))
    np.add.at(direct, chain.owner, each)
    intensity = system.intensities(direct) if len(background.gases) else direct
    return Solved(chain, scaling, intensity, production, amount, each * scaling[chain.owner][:, None])


def _check_period(asked: FootprintFile, chain: Chain, table: Table, issues: Issues) -> None:
    """Refuse a period that is none, or its lack where a factor of a year is asked for (P739)."""
    dated = [table.text("period", e.row) or chain.processes[e.process].period for e in chain.exchanges]
    own = ~np.isnan(table.numbers["factor"])
    needed = any(e.kind in BACKGROUND and not day and not own[e.row]
                 for e, day in zip(chain.exchanges, dated, strict=True))  # fmt: skip
    try:
        if needed or asked.period:
            periods.parse(asked.period)
    except periods.PeriodError as error:
        issues.add("P739", file="study.toml", column="period", value=asked.period)
        raise DataError(issues, asked.language) from error


def _check_legs(chain: Chain, known: Parameters, table: Table, issues: Issues) -> None:
    """Refuse distances below zero in any scenario (P708)."""
    for scenario in ("", *known.scenarios):
        values = known.values(scenario)
        for exchange in chain.exchanges:
            if exchange.distance is not None and not float(exchange.distance.evaluate(values)) >= 0:
                why = Said("a distance below 0", "运距小于 0")
                issues.add("P708", file=table.file, lines=[int(table.line[exchange.row])], column="distance_km",
                           value=exchange.distance.text[:80], why=why, scenario=scenario)  # fmt: skip
                raise DataError(issues)


def _check_names(
    rows: Sequence[Any], processes: Sequence[Any], known: Parameters, table: Table, issues: Issues
) -> None:
    """Report amounts that use parameters which are not there (P706)."""
    for row in rows:
        for column, one in (("amount", row.amount), ("distance_km", row.distance)):
            for name in one.names if one is not None else ():
                if name not in known.definitions:
                    issues.add("P707", file=table.file, lines=[int(table.line[row.row])], column=column, value=name,
                               known=list(known.definitions)[:12])  # fmt: skip
                    table.bad[row.row] = True
    for process in processes:
        for name in process.amount.names:
            if name not in known.definitions:
                why, near = Said("no such parameter", "没有该参数"), near_misses(name, known.definitions)
                issues.add("P706", file=process.file, lines=[process.line], column="amount", value=name, why=why,
                           near=near)  # fmt: skip


def _check_values(chain: Chain, known: Parameters, table: Table, issues: Issues) -> None:
    """Report amounts that have no value in a scenario (P708)."""
    places = [(p.file, p.line, "amount", p.amount) for p in chain.processes]
    for exchange in chain.exchanges:
        line = int(table.line[exchange.row])
        places += [(table.file, line, "amount", exchange.amount)]
        places += [(table.file, line, "distance_km", exchange.distance)] if exchange.distance is not None else []
    for scenario in ("", *known.scenarios):
        values = known.values(scenario)
        for file, line, column, amount in places:
            try:
                amount.evaluate(values)
            except ExpressionError as error:
                issues.add("P708", file=file, lines=[line], column=column, value=amount.text[:80], why=error.said,
                           scenario=scenario)  # fmt: skip


def _stop(issues: Issues, *codes: str) -> None:
    if any(issue.code in codes for issue in issues):
        raise DataError(issues)


def _table(given: Any, name: str, issues: Issues) -> Table:
    table = check(source_of(given, issues, name), name, issues)
    if table is None:
        raise DataError(issues)
    return table
