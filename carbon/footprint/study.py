"""A study in, a footprint out: tables, chain, background, solution, contributions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from carbon import units
from carbon.documents import validated
from carbon.errors import DataError, Issues
from carbon.footprint.background import APART, BIOGENIC, Background, find_background, weights
from carbon.footprint.chain import LOOP_REASONS, Chain, build, loop_names
from carbon.footprint.checks import balance_records, check_cut_off, check_study, left_out, within
from carbon.footprint.declared import Declared, read_declarations
from carbon.footprint.evaluation import check_legs, check_names, check_period, check_values
from carbon.footprint.expressions import ExpressionError
from carbon.footprint.files import FootprintFile
from carbon.footprint.grades import grade
from carbon.footprint.loops import SingularSystemError
from carbon.footprint.plausible import check_amounts, check_reach, check_region, check_rows
from carbon.footprint.recycling import with_recycling
from carbon.footprint.stages import by_stage
from carbon.footprint.tables import SCORES, STAGES, Parameters, read_exchanges, read_parameters, read_processes
from carbon.library import Library, load_library
from carbon.reading import source_of
from carbon.tables import Table, check

if TYPE_CHECKING:
    import pandas as pd

    from carbon.report.plots import FootprintPlots

APART_GASES = frozenset({BIOGENIC, *APART.values()})
UNDATED = "2000"  # of rows that bring their own factor, where the study names no period: no factor of a year is taken
CONTRIBUTION_COLUMNS = (
    "scenario", "process", "kind", "name", "stage", "origin", "amount", "unit", "runs", "co2e_kg", "share_pct", "data",
    "source_line",
)  # fmt: skip
EDGE_COLUMNS = ("scenario", "source", "target", "product", "kind", "name", "amount", "unit", "co2e_kg", "source_line")
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
    each : float64[flows, gases]
        Gases of each background flow for one run of its node. [kg]
    staged : dict of str to float64[nodes]
        The part of `scaling` that stands behind rows which name a stage and lead to a process, by that stage; "" is
        the part of which each exchange has a stage of its own. They add up to `scaling`.
    """

    chain: Chain
    scaling: np.ndarray
    intensity: np.ndarray
    production: np.ndarray
    amount: np.ndarray
    each: np.ndarray
    staged: Mapping[str, np.ndarray]

    @property
    def flow(self) -> np.ndarray:
        """Gases of each background flow for the declared unit [kg], as float64[flows, gases]."""
        return np.asarray(self.each * self.scaling[self.chain.owner][:, None])

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
        flow, count = self.chain.flow, len(self.chain.exchanges)
        for scenario, solved in self.solved.items():
            each = solved.each @ self._weights
            total = float(each @ solved.scaling[self.chain.owner])
            for stage, scaling in solved.staged.items():
                runs_of = scaling[self.chain.owner]
                masses = np.bincount(flow, each * runs_of, count).tolist()
                runs = np.bincount(flow, np.abs(runs_of * solved.chain.part), count).tolist()
                for number in np.unique(flow if not stage else flow[runs_of != 0]).tolist():
                    exchange, mass = self.chain.exchanges[number], masses[number]
                    records.append({
                        "scenario": scenario, "process": self.chain.processes[exchange.process].name,
                        "kind": exchange.kind, "name": exchange.name, "stage": stage or exchange.stage,
                        "origin": exchange.origin, "amount": float(runs[number] * solved.amount[number]),
                        "unit": exchange.measure, "runs": runs[number], "co2e_kg": mass,
                        "share_pct": 100 * mass / total if total else None, "data": exchange.data or None,
                        "source_line": int(self.exchanges.line[exchange.row]),
                    })  # fmt: skip
        return records

    @cached_property
    def contributions_by_scenario(self) -> dict[str, list[dict[str, Any]]]:
        """The rows of `contributions` of each scenario."""
        found: dict[str, list[dict[str, Any]]] = {scenario: [] for scenario in self.solved}
        for record in self.contribution_records:
            found[record["scenario"]].append(record)
        return found

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
                    "target": processes[nodes[consumer].process].name, "product": nodes[consumer].product,
                    "kind": self.chain.exchanges[link].kind, "name": nodes[supplier].product, "amount": amount,
                    "unit": nodes[supplier].unit.text, "co2e_kg": float(amount * carried[supplier]),
                    "source_line": int(self.exchanges.line[self.chain.exchanges[link].row]),
                })  # fmt: skip
        return records

    @cached_property
    def records(self) -> list[dict[str, Any]]:
        """The footprint by total, gas, stage, process and origin of its carbon, scenario by scenario.

        The part ``apart`` is biogenic CO2 that the total leaves out: emitted, taken up (negative), stored. [kg]
        """
        records: list[dict[str, Any]] = []
        for scenario, solved in self.solved.items():
            mine = self.contributions_by_scenario[scenario]
            total = self.co2e(scenario)
            parts: list[tuple[str, str, float]] = [("total", "", float("nan") if total is None else total)]
            parts += [("gas", g, float(m * w)) for g, m, w in zip(self.background.gases, solved.total, self._weights,
                                                                  strict=True) if g not in APART_GASES]  # fmt: skip
            for part, column, order in (
                ("stage", "stage", list(STAGES)), ("process", "process", [p.name for p in self.chain.processes]),
                ("origin", "origin", ["fossil", "biogenic", "land-use", "aviation"]),
            ):  # fmt: skip
                sums: dict[str, float] = {}
                for r in mine:
                    sums[r[column]] = sums.get(r[column], 0.0) + r["co2e_kg"]
                parts += [(part, name, sums[name]) for name in order if name in sums]
            for name, gas in (("biogenic", BIOGENIC), *APART.items()):
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

    def again(self, chain: Chain) -> float | None:
        """Return the footprint of the base case [kgCO2e] with other shares of outputs.

        Parameters
        ----------
        chain : Chain
            The study, shared otherwise.

        Raises
        ------
        DataError
            If a process makes nothing.
        SingularSystemError
            If a loop has no solution.
        """
        solved = _solve(chain, self.background, self.parameters.values(), self.study, Issues())
        total = float(solved.total @ self._weights)
        return None if np.isnan(total) else total

    def table(self) -> pd.DataFrame:
        """Return the footprint by total, gas, stage, process and origin [kgCO2e]."""
        import pandas as pd

        return pd.DataFrame(self.records, columns=list(FOOTPRINT_COLUMNS))

    def quality(self, scenario: str = "") -> dict[str, float | None]:
        """Return the share of the footprint that rests on primary data [%], and pedigree scores weighted by it."""
        mine = self.contributions_by_scenario[scenario]
        whole = sum(abs(r["co2e_kg"]) for r in mine)
        if not whole:
            return dict.fromkeys(["primary_pct", *SCORES])
        primary = sum(abs(r["co2e_kg"]) for r in mine if r["data"] == "primary")
        found: dict[str, float | None] = {"primary_pct": 100 * primary / whole}
        at = {int(line): row for row, line in enumerate(self.exchanges.line)}
        for name in SCORES:
            scores = [(abs(r["co2e_kg"]), self.exchanges.numbers[name][at[r["source_line"]]]) for r in mine]
            rated = [(w, float(s)) for w, s in scores if not np.isnan(s)]
            weight = sum(w for w, _ in rated)
            found[name] = sum(w * s for w, s in rated) / weight if weight else None
        return found

    @property
    def plot(self) -> FootprintPlots:
        """Plotly figures: contributions, stages, tree, sankey, scenarios, uncertainty, sensitivity; as on the page."""
        from carbon.report.plots import FootprintPlots

        return FootprintPlots(self)

    def _repr_html_(self) -> str:
        """Return what a notebook shows: the line below, then the footprint by its parts."""
        return f"<p>{escape(repr(self))}</p>{self.table().to_html(index=False, max_rows=40)}"

    def __repr__(self) -> str:
        total = self.co2e(next(iter(self.solved), ""))
        shown = "unknown" if total is None else f"{total:.6g} kgCO2e"
        shown += "" if self.complete else ", incomplete: see issues"
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
    check_region(asked, library, issues)
    made = _table(processes, "processes", issues)
    flows = _table(exchanges, "exchanges", issues)
    values = None if parameters is None else _table(parameters, "parameters", issues)
    cases = None if scenarios is None else _table(scenarios, "scenarios", issues)
    known = read_parameters(values, cases, issues)
    units_of = read_processes(made, issues)
    rows = read_exchanges(flows, units_of, issues)
    check_names(rows, units_of, known, flows, issues)
    _stop(issues, "P706")
    rows, units_of = with_recycling(rows, units_of, flows, asked.recycling, known, issues)
    rows = within([row for row in rows if not flows.bad[row.row]], asked, flows, issues)
    base = known.values()
    whole = build(units_of, rows, asked.allocation, base, flows, issues)
    chain = replace(whole, left_out=left_out(rows, asked))
    check_study(asked, chain, flows, library, issues)
    check_rows(chain, flows, library, issues)
    check_period(asked, chain, flows, issues)
    background = find_background(
        chain, flows, asked.region, asked.period or UNDATED, asked.method, asked.gwp, library, asked.language, issues
    )
    wanted = chain.node(asked.product)
    if wanted is None:
        issues.add(
            "P720",
            file="study.toml",
            column="product",
            value=asked.product,
            known=list(dict.fromkeys(n.product for n in chain.nodes))[:12],
        )
        raise DataError(issues, asked.language)
    try:
        chain.demand(asked, chain.production(base))
    except (units.UnitError, units.DimensionError) as error:
        issues.add("P712", file="study.toml", column="unit", value=asked.unit, expected=chain.nodes[wanted].unit.text)
        raise DataError(issues, asked.language) from error
    try:
        check_legs(chain, known, flows, issues)
        given = {name: known.values(name) for name in ("", *known.scenarios)}
        shared = {name: _shared(whole, known, name, asked.allocation, given[name], flows, issues) for name in given}
        kept = {name: replace(one, left_out=chain.left_out) for name, one in shared.items()}
        check_reach(chain, wanted, issues)
        amounts = {name: one.amounts(given[name]) for name, one in shared.items()}
        check_amounts(chain, amounts, {n: one.production(given[n]) for n, one in shared.items()}, flows, issues)
        solved = {name: _solve(kept[name], background, given[name], asked, issues) for name in given}
        uncut = {name: _solve(shared[name], background, given[name], asked, issues)
                 for name in given if chain.left_out}  # fmt: skip
    except ExpressionError as error:
        check_values(chain, known, flows, issues)
        raise DataError(issues, asked.language) from error
    except SingularSystemError as error:
        issues.add("P721", value=asked.product, loop=loop_names(chain, error.processes), why=LOOP_REASONS[error.reason])
        raise DataError(issues, asked.language) from error
    declared = read_declarations(chain, asked.allocation, flows, known, issues)
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
    chain: Chain, background: Background, values: Mapping[str, Any], asked: FootprintFile, issues: Issues
) -> Solved:
    """Solve one scenario; a process that makes nothing in it is an error (P713)."""
    production, amount = chain.production(values), chain.amounts(values)
    if not production.all():
        for node in np.flatnonzero(production == 0).tolist():
            process = chain.processes[chain.nodes[node].process]
            issues.add("P713", file=process.file, lines=[process.line], column="amount", value=process.name)
        raise DataError(issues)
    taken, demand = amount[chain.link] * chain.scale, chain.demand(asked, production)
    system = chain.structure.factored(production, taken)
    scaling = system.solve(demand)
    each = (amount[chain.flow] * chain.part)[:, None] * background.per_unit[chain.flow]
    direct = np.zeros((len(chain.nodes), len(background.gases)))
    np.add.at(direct, chain.owner, each)
    intensity = system.intensities(direct) if len(background.gases) else direct
    staged = by_stage(chain, system, production, taken, demand, scaling)
    return Solved(chain, scaling, intensity, production, amount, each, staged)


def _stop(issues: Issues, *codes: str) -> None:
    if any(issue.code in codes for issue in issues):
        raise DataError(issues)


def _table(given: Any, name: str, issues: Issues) -> Table:
    table = check(source_of(given, issues, name), name, issues)
    if table is None:
        raise DataError(issues)
    return table
