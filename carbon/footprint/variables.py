"""The random variables of a study: amounts, parameters and factors that have limits, each with a name of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from carbon.footprint.declarations import Distribution, DistributionError, declare
from carbon.footprint.distributions import Distributions
from carbon.footprint.study import Footprint
from carbon.footprint.terms import exchange_keys, flow_terms
from carbon.library import Factor


@dataclass(frozen=True)
class Variables:
    """The random variables of a scenario, ordered by name.

    Attributes
    ----------
    key : tuple of str
        What each draws by.
    kind : tuple of str
        exchange, parameter or factor.
    name, process : tuple of str
        What it is in the study, and whose exchange.
    line : tuple of int or None
        Where it is declared.
    place : tuple of int or str
        Exchange by number, parameter by name, factor by id.
    table : Distributions
        What each draws from.
    """

    key: tuple[str, ...]
    kind: tuple[str, ...]
    name: tuple[str, ...]
    process: tuple[str, ...]
    line: tuple[int | None, ...]
    place: tuple[Any, ...]
    table: Distributions

    def of(self, kind: str) -> np.ndarray:
        """Return the places of one kind, as int64[...]."""
        return np.array([n for n, own in enumerate(self.kind) if own == kind], np.int64)


def factor_distribution(factor: Factor) -> Distribution | None:
    """Return the distribution of a factor by its printed limits; None where there are none.

    Examples
    --------
    >>> from carbon.library import load_library
    >>> factor_distribution(load_library().factor("ipcc-2006/fuels:naphtha-ncv")).kind
    'lognormal'
    """
    if not factor.relative_uncertainty:
        return None
    low, high = float(factor.low), float(factor.high)
    kind = factor.distribution or ("lognormal" if low > 0 or high < 0 else "normal")
    try:
        return declare(float(factor.exact), kind, low=low, high=high)
    except DistributionError:
        return None


def find_variables(footprint: Footprint, scenario: str) -> tuple[Variables, list[dict[str, Any]], np.ndarray]:
    """Return the random variables of a scenario, the numbers without limits, and whose amounts have them.

    Parameters
    ----------
    footprint : Footprint
        The study.
    scenario : str
        A parameter that it sets is as uncertain as it says there.

    Returns
    -------
    variables : Variables
        Ordered by name.
    certain : list of dict
        Numbers that count as certain as stated.
    known : bool[exchanges]
        Exchanges whose amounts, or the parameters behind them, have limits.
    """
    chain, declared, table = footprint.chain, footprint.declared, footprint.exchanges
    changed = footprint.parameters.scenarios.get(scenario, {})
    rows: list[tuple[str, str, str, str, int | None, Any, Distribution]] = []
    certain: list[dict[str, Any]] = []
    definitions = footprint.parameters.definitions
    lines = {n: int(footprint.parameters.table.line[r]) for n, r in footprint.parameters.rows.items()} \
        if footprint.parameters.table is not None else {}  # fmt: skip
    sure: set[str] = set()
    for name in footprint.parameters.values(scenario):  # each after those that it uses
        found = declared.case.get((scenario, name)) if name in changed else declared.parameter.get(name)
        used = (changed.get(name) or definitions[name]).names
        if found is not None or (used and sure.issuperset(used)):
            sure.add(name)
        elif not used:
            certain.append({"kind": "parameter", "process": "", "name": name, "source_line": lines.get(name)})
        if found is not None and found.kind != "none":
            rows.append((f"parameter:{name}", "parameter", name, "", lines.get(name), name, found))
    keys = exchange_keys(footprint)
    known = np.zeros(len(chain.exchanges), dtype=bool)
    for number, exchange in enumerate(chain.exchanges):
        process, line = chain.processes[exchange.process].name, int(table.line[exchange.row])
        found = declared.exchange.get(number)
        names = exchange.amount.names
        known[number] = found is not None or (bool(names or exchange.part) and sure.issuperset(names))
        if not (found or names or exchange.part):
            certain.append({"kind": "exchange", "process": process, "name": exchange.name, "source_line": line})
        if found is not None and found.kind != "none":
            rows.append((keys[number], "exchange", exchange.name, process, line, number, found))
    terms = flow_terms(footprint)
    bare: set[tuple[str, str]] = set()
    factors: dict[str, Distribution] = {}
    for number, parts in terms.items():
        for _, _, own, limited in parts:
            for factor in own:
                if factor.id not in factors and (spread := factor_distribution(factor)) is not None:
                    factors[factor.id] = spread
            if not limited:
                exchange = chain.exchanges[number]
                bare.add((chain.processes[exchange.process].name, exchange.name))
    certain += [{"kind": "factor", "process": p, "name": n, "source_line": None} for p, n in sorted(bare)]
    rows += [(f"factor:{i}", "factor", i, "", None, i, spread) for i, spread in factors.items()]
    rows.sort(key=lambda row: row[0])
    key, kind, name_of, process_of, line_of, place, table_of = list(zip(*rows, strict=True)) or [()] * 7
    found_variables = Variables(key, kind, name_of, process_of, line_of, place, Distributions.of(table_of))
    return found_variables, certain, known
