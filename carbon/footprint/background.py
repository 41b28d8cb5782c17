"""Background of a study: every exchange that is no link, as gases per unit, by way of the accounting engine.

Fuels, electricity, materials, transport and waste become rows of one activity table with the quantity 1, so that items,
units, factors, own numbers, rungs and messages are those of every other account.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np
import pyarrow as pa

from carbon import units
from carbon.arrays import to_arrow, to_strings
from carbon.errors import Issues
from carbon.footprint.chain import BACKGROUND, Chain
from carbon.footprint.tables import Exchange
from carbon.inventory import Result, account
from carbon.library import Library
from carbon.reading import Source
from carbon.schema import choices
from carbon.tables import Table
from carbon.units import Unit

CARRIED = ("instrument", "factor_unit", "ncv_unit", "carbon_content_unit")
APART = {"uptake": "CO2-uptake", "stored": "CO2-stored"}  # biogenic carbon that the total leaves out
MEASURED = ("factor", "ncv", "carbon_content", "oxidation", "pressure_mpa", "temperature_c")


@dataclass(frozen=True)
class Background:
    """Gases of each exchange.

    Attributes
    ----------
    gases : tuple of str
        Columns.
    per_unit : float64[exchanges, gases]
        Of one unit of each exchange, before the sign of its kind. [kg]
    known : bool[exchanges]
        Whether it was found; where not, the study is incomplete.
    result : Result or None
        The account, for lineage.
    line_of : dict of int to int
        Row of the account of each exchange.
    """

    gases: tuple[str, ...]
    per_unit: np.ndarray
    known: np.ndarray
    result: Result | None
    line_of: dict[int, int]


def find_background(
    chain: Chain, table: Table, region: str, period: str, method: str, gwp: str, library: Library, language: str,
    issues: Issues,
) -> Background:  # fmt: skip
    """Return the gases of every exchange that is not a link.

    Parameters
    ----------
    chain : Chain
        The study.
    table : Table
        Its exchanges.
    region, period : str
        Of exchanges and processes that name none.
    method, gwp : str
        Method pack and set of warming potentials.
    library : Library
        Factors.
    language : {"en", "zh"}
        Of messages.
    issues : Issues
        Receives what the account reports, at the lines of the exchanges, and gases that are none (P715).
    """
    linked = set(chain.link.tolist())
    wanted = [n for n in dict.fromkeys(chain.flow.tolist()) if n not in linked]
    asked = [n for n in wanted if chain.exchanges[n].kind in BACKGROUND | {"avoided"}]
    masses: dict[int, dict[str, float]] = {}
    for number in wanted:
        if number not in asked:
            found = _direct(chain.exchanges[number], table, library, issues)
            if found is not None:
                masses[number] = found
    result = _account(chain, asked, table, region, period, method, gwp, library, language, issues) if asked else None
    if result is not None:
        heard = [issue for issue in result.issues if issue.code not in _QUIET]
        issues.extend(replace(issue, column=_COLUMNS.get(issue.column, issue.column)) for issue in heard)
        masses |= _masses(result, asked)
    for number, by_gas in masses.items():
        one = chain.exchanges[number]
        if one.origin == "biogenic" and one.kind != "captured" and "CO2" in by_gas:
            by_gas[BIOGENIC] = by_gas.pop("CO2") + by_gas.get(BIOGENIC, 0.0)
    gases = tuple(sorted({gas for found in masses.values() for gas in found}))
    per_unit = np.zeros((len(chain.exchanges), len(gases)))
    known = np.ones(len(chain.exchanges), dtype=bool)
    for number in wanted:
        known[number] = number in masses
        for gas, mass in masses.get(number, {}).items():
            per_unit[number, gases.index(gas)] = mass
    return Background(gases, per_unit, known, result, {n: place for place, n in enumerate(asked)})


LIFE_CYCLE = "electricity-lifecycle"  # what electricity from the grid brings into a product, upstream and losses too


def _grid(name: str, library: Library) -> bool:
    """Return whether a name is electricity and no more: a factor of direct emissions would leave its upstream out."""
    item = library.items.find(name)
    return item is not None and item.id == "electricity"


BIOGENIC = "CO2-biogenic"
_COLUMNS = {"facility": "process", "item": "name", "quantity": "amount", "use": "kind"}  # as exchanges call them
_QUIET = frozenset({"D105", "D104", "M305", "A403", "A401"})  # of a year of activities, not of exchanges


def _direct(exchange: Exchange, table: Table, library: Library, issues: Issues) -> dict[str, float] | None:
    """Return a gas that an exchange itself is, in kilograms per unit."""
    name = exchange.unit.species or exchange.name
    gas = library.gases.find(name) or library.gases.find(name.replace(" ", ""))
    identifier = gas.id if gas is not None else ("CO2e" if name == "CO2e" else "")
    named, species = library.gases.find(exchange.name), exchange.unit.species
    if named is not None and species not in ("", "CO2e", named.id):
        identifier = ""
    mass = Unit("", exchange.unit.scale, frozenset(p for p in exchange.unit.dimension if p[0] != exchange.unit.species))
    if not identifier or mass.dimension != units.parse("kg").dimension:
        issues.add("P715", file=table.file, lines=[int(table.line[exchange.row])], column="name", value=exchange.name,
                   near=library.gases.near(exchange.name))  # fmt: skip
        table.bad[exchange.row] = True
        return None
    if identifier == "CO2" and (exchange.kind in APART or exchange.origin == "biogenic"):
        identifier = APART.get(exchange.kind, BIOGENIC)
    elif exchange.kind in APART:
        issues.add("P717", file=table.file, lines=[int(table.line[exchange.row])], column="name", value=exchange.name)
        table.bad[exchange.row] = True
        return None
    return {identifier: float(units.ratio(mass, units.parse("kg")))}


def _account(
    chain: Chain, asked: Sequence[int], table: Table, region: str, period: str, method: str, gwp: str,
    library: Library, language: str, issues: Issues,
) -> Result:  # fmt: skip
    uses = choices("exchange")
    texts = ("facility", "item", "unit", "use", "region", "period", *CARRIED)
    rows: dict[str, list[Any]] = {name: [] for name in texts}
    numbers: dict[str, list[float]] = {name: [] for name in MEASURED}
    for number in asked:
        exchange, process = chain.exchanges[number], chain.processes[chain.exchanges[number].process]
        row = exchange.row
        use = uses[exchange.kind].own_kinds
        own = not np.isnan(table.numbers["factor"][row])
        plain = exchange.kind == "electricity" and not own and _grid(exchange.name, library)
        if plain:
            issues.add("P738", file=table.file, lines=[int(table.line[row])], column="name", value=exchange.name,
                       taken=LIFE_CYCLE)  # fmt: skip
        values = {
            "facility": process.name, "item": LIFE_CYCLE if plain else exchange.name,
            "unit": exchange.measure, "use": use[0] if use else "",
            "region": table.text("region", row) or process.region or region,
            "period": table.text("period", row) or process.period or period,
        }  # fmt: skip
        for name, value in (values | {name: table.text(name, row) for name in CARRIED}).items():
            rows[name].append(value or None)
        for name in MEASURED:
            numbers[name].append(float(table.numbers[name][row]))
    columns = {name: to_strings(values) for name, values in rows.items()}
    for name, values_of in numbers.items():
        array = np.array(values_of)
        columns[name] = to_arrow(array, np.isnan(array))
    columns["quantity"] = to_arrow(np.ones(len(asked)))
    lines = np.array([int(table.line[chain.exchanges[n].row]) for n in asked], dtype=np.int64)
    source = Source(table.file, "study", pa.table(columns), lines, header=0)
    return account(source, method=method, gwp=gwp, library=library, language=language)


def _masses(result: Result, asked: Sequence[int]) -> dict[int, dict[str, float]]:
    """Return kilograms by gas of each computed row, location-based."""
    row, term = result.plan.entries
    found: dict[int, dict[str, float]] = {n: {} for place, n in enumerate(asked) if not result.plan.bad[place]}
    for r, t, amount in zip(row.tolist(), term.tolist(), result.plan.amount.tolist(), strict=True):
        one = result.plan.terms[t]
        if one.basis in ("", "location") and not one.target.startswith("energy"):
            masses = found[asked[r]]
            masses[one.target] = masses.get(one.target, 0.0) + amount
    return found


def weights(gases: Sequence[str], potentials: dict[str, Fraction]) -> np.ndarray:
    """Return warming potentials of gases as float64[gases]; 0 of what is apart, NaN of a gas without one."""
    apart = dict.fromkeys((BIOGENIC, *APART.values()), 0.0)
    known = {gas: float(value) for gas, value in potentials.items()} | apart
    return np.array([known.get(gas, np.nan) for gas in gases])
