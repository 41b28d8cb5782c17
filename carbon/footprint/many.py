"""One study for many values at once: draws and variants of parameters, amounts and factors, structure analysed once.

Everything is put in the order of its names, so that the order of rows in a file changes no bit of a result.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from carbon.errors import DataError, Issues
from carbon.footprint.background import weights
from carbon.footprint.chain import loop_names
from carbon.footprint.expressions import Expression, ExpressionError, resolve_parameters
from carbon.footprint.loops import SingularSystemError
from carbon.footprint.study import Footprint
from carbon.footprint.system import Draws, Structure
from carbon.footprint.terms import exchange_keys, flow_terms

_ONE = Expression.parse("1")


@dataclass(frozen=True)
class Given:
    """Values of some draws.

    Attributes
    ----------
    parameters : dict of str to float64[draws]
        Of the names of the model: what each is, or what its expression is multiplied by.
    amounts : float64[draws, free]
        Of its free exchanges: the amount, or what the expression of the amount is multiplied by.
    factors : float64[draws, factors]
        What its factors are multiplied by.
    """

    parameters: Mapping[str, np.ndarray] = field(default_factory=dict)
    amounts: np.ndarray = field(default_factory=lambda: np.empty((0, 0)))
    factors: np.ndarray = field(default_factory=lambda: np.empty((0, 0)))


@dataclass(frozen=True)
class Slopes:
    """What the footprint becomes when one number changes, at one point.

    Attributes
    ----------
    total : float
        The footprint there. [kgCO2e]
    production : float64[nodes]
        Change by what each output makes. [kgCO2e per unit]
    amount : float64[exchanges]
        Change by amount of exchange. [kgCO2e per unit]
    entry : float64[entries]
        What each term of a flow contributes. [kgCO2e]
    scaling : float64[nodes]
        How often each output is made, in the order of the model.
    """

    total: float
    production: np.ndarray
    amount: np.ndarray
    entry: np.ndarray
    scaling: np.ndarray


class Many:
    """A scenario of a study, to be evaluated for many values.

    Attributes
    ----------
    entry_exchange, entry_node, entry_gas : int64[entries]
        Terms of flows: one gas of one exchange for one output, by one chain of factors.
    entry_kg : float64[entries]
        Of one unit of the exchange. [kg]
    entry_limited : bool[entries]
        Whether every factor of it has printed limits.
    entry_factors : tuple of (int64[...], int64[...])
        Entries and their factor: the first one of each entry, then the second ones, and so on.

    Parameters
    ----------
    footprint : Footprint
        The study.
    scenario : str
        Whose values hold where none are given.
    names : sequence of str
        Parameters that are given.
    scaled : collection of str
        Those of them whose values multiply their expressions instead of replacing them.
    free : sequence of int
        Exchanges whose amounts are given; amounts that are expressions are multiplied where `scaled_amounts` says so.
    factors : sequence of str
        Factors, by id, that are multiplied.

    Notes
    -----
    Shares of outputs (allocation) stay those of the scenario, and so does the declared unit.
    """

    def __init__(
        self, footprint: Footprint, scenario: str = "", *, names: Sequence[str] = (), scaled: Sequence[str] = (),
        free: Sequence[int] = (), scaled_amounts: Sequence[int] = (), factors: Sequence[str] = (),
    ) -> None:  # fmt: skip
        self.footprint, self.chain = footprint, footprint.solved[scenario].chain
        self.names, self.scaled = tuple(names), frozenset(scaled)
        known = footprint.parameters
        definitions = dict(known.definitions) | dict(known.scenarios.get(scenario, {}))
        self.base = known.values(scenario)
        self._later = _dependents(definitions, self.names, self.scaled)
        varying = {*self.names, *(name for name, _ in self._later)}
        replaced = set(free) - set(scaled_amounts)
        self._expand(replaced, varying)
        self.free = np.array(free, np.int64)
        at = {number: place for place, number in enumerate(free)}
        outputs = [(n, at[node.exchange]) for n, node in enumerate(self.chain.nodes) if node.exchange in at]
        self.free_node = np.array(outputs, np.int64).reshape(-1, 2).T
        self._order()
        self._entries({identifier: place for place, identifier in enumerate(factors)})
        self._width = (
            len(self._amount)
            + 2 * len(self.entry_kg)
            + len(self._production) * len(footprint.background.gases)
            + len(self.free)
            + len(factors)
        )
        self.weights = weights(footprint.background.gases, footprint.potentials)

    def _expand(self, replaced: set[int], varying: set[str]) -> None:
        """Split amounts into those that stay and those that are evaluated anew."""
        chain = self.chain
        exchanges = tuple(replace(e, amount=_ONE) if n in replaced else e for n, e in enumerate(chain.exchanges))
        nodes = tuple(replace(n, amount=_ONE) if n.exchange in replaced else n for n in chain.nodes)
        whole = replace(chain, exchanges=exchanges, nodes=nodes)
        self._amount = whole.amounts(self.base).reshape(-1)
        self._production = whole.production(self.base)
        names = [{*e.amount.names, *(e.distance.names if e.distance else ())} for e in exchanges]
        own = [n for n, used in enumerate(names) if used & varying]
        made = [n for n, node in enumerate(nodes) if varying.intersection(node.amount.names)]
        left = frozenset(place for place, n in enumerate(own) if n in chain.left_out)
        self._own, self._made = np.array(own, np.int64), np.array(made, np.int64)
        self._some = replace(chain, exchanges=tuple(exchanges[n] for n in own), nodes=tuple(nodes[n] for n in made),
                             left_out=left)  # fmt: skip

    def _order(self) -> None:
        """Order outputs, links and flows by their names."""
        chain = self.chain
        processes = chain.processes
        labels = [(processes[n.process].name, n.product, n.exchange >= 0) for n in chain.nodes]
        self.order = np.array(sorted(range(len(labels)), key=labels.__getitem__), np.int64)
        self.rank = np.empty(len(labels), np.int64)
        self.rank[self.order] = np.arange(len(labels))
        self.keys = exchange_keys(self.footprint)
        place = np.empty(len(self.keys), np.int64)
        place[sorted(range(len(self.keys)), key=self.keys.__getitem__)] = np.arange(len(self.keys))
        supplier, consumer = self.rank[chain.supplier], self.rank[chain.consumer]
        order = np.lexsort((place[chain.link], consumer, supplier))
        self.link, self.scale = chain.link[order], chain.scale[order]
        self.supplier, self.consumer = supplier[order], consumer[order]
        self.structure = Structure(len(chain.nodes), supplier=self.supplier, consumer=self.consumer)
        self.flows = np.lexsort((self.rank[chain.owner], place[chain.flow]))
        self.demand = np.empty(len(chain.nodes))
        self.demand[self.rank] = chain.demand(self.footprint.study, self._production)

    def _entries(self, factors: Mapping[str, int]) -> None:
        """Split flows into terms, each a gas by a chain of factors."""
        chain, background = self.chain, self.footprint.background
        terms = flow_terms(self.footprint)
        found: list[tuple[int, int, int, float, bool]] = []
        used: list[list[int]] = []
        for flow in self.flows.tolist():
            number = int(chain.flow[flow])
            for gas, kilograms, own, limited in terms.get(number, ()):
                place = background.gases.index(gas)
                found.append(
                    (number, int(self.rank[chain.owner[flow]]), place, kilograms * float(chain.part[flow]), limited)
                )
                used.append([factors[factor.id] for factor in own if factor.id in factors])
        exchange, node, gas_of, mass, sure = zip(*found, strict=True) if found else ((), (), (), (), ())
        self.entry_exchange, self.entry_node = np.array(exchange, np.int64), np.array(node, np.int64)
        self.entry_gas, self.entry_kg = np.array(gas_of, np.int64), np.array(mass, float)
        self.entry_limited = np.array(sure, bool)
        deepest = max(map(len, used), default=0)
        self.entry_factors = tuple(
            (
                np.array([n for n, own in enumerate(used) if len(own) > depth], np.int64),
                np.array([own[depth] for own in used if len(own) > depth], np.int64),
            )
            for depth in range(deepest)
        )

    def values(self, given: Given, draws: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return production, amounts of exchanges and kilograms per unit of entries, by draw (entries: by column).

        Raises
        ------
        DataError
            If a number cannot be computed in some draw (P708), or a process makes nothing in it (P713).
        """
        production = np.tile(self._production, (draws, 1))
        amount = np.tile(self._amount, (draws, 1))
        known: dict[str, Any] = {}
        try:
            known |= self._known(given.parameters) if len(self._own) or len(self._made) else {}
            if len(self._own):
                amount[:, self._own] = self._some.amounts(known)
            if len(self._made):
                production[:, self._made] = self._some.production(known)
        except ExpressionError as error:
            raise self._fault(code="P708", **self._where(known), why=error.said) from error
        if len(self.free):
            amount[:, self.free] *= given.amounts
            nodes, places = self.free_node
            production[:, nodes] *= given.amounts[:, places]
        idle = np.flatnonzero((production == 0).any(axis=0))
        if len(idle):
            process = self.chain.processes[self.chain.nodes[idle[0]].process]
            raise self._fault(code="P713", value=process.name, file=process.file, lines=[process.line], column="amount")
        mass = np.broadcast_to(self.entry_kg[:, None], (len(self.entry_kg), draws))
        for entries, factors in self.entry_factors:
            mass = mass if mass.flags.writeable else mass.copy()
            mass[entries] *= given.factors[:, factors].T
        return production, amount, mass

    def _where(self, known: Mapping[str, Any]) -> dict[str, Any]:
        """Return the first row of which the amount has no value, or what to call the parameters."""
        table = self.footprint.exchanges
        for exchange in self._some.exchanges if known else ():
            for column, one in (("amount", exchange.amount), ("distance_km", exchange.distance)):
                try:
                    _ = one.evaluate(known) if one is not None else None
                except ExpressionError:
                    line = int(table.line[exchange.row])
                    return {
                        "file": table.file,
                        "lines": [line],
                        "column": column,
                        "value": one.text[:80] if one else "",
                    }
        where = self.footprint.parameters.table
        return {"file": where.file if where is not None else "", "column": "value", "value": ", ".join(self.names)[:80]}

    def _known(self, given: Mapping[str, np.ndarray]) -> dict[str, Any]:
        known: dict[str, Any] = dict(self.base)
        known |= {name: given[name] for name in self.names if name not in self.scaled}
        for name, expression in self._later:
            value = expression.evaluate(known)
            known[name] = value * given[name] if name in self.scaled else value
        return known

    def draws(self, count: int, given: Callable[[int, int], Given], threads: int | None = None) -> Draws:
        """Return the gases of the declared unit [kg] for many draws, as float64[draws, gases].

        Parameters
        ----------
        count : int
            How many.
        given : callable
            ``given(first, last)`` returns the values of the draws `first` to `last`; called from several threads.
        threads : int, optional
            As many as there are processors; they change no bit.

        Raises
        ------
        DataError
            If a number cannot be computed in some draw (P708), or a process makes nothing in it (P713).
        """
        from scipy.sparse import csr_array

        gases, nodes = len(self.footprint.background.gases), len(self.chain.nodes)
        rows = self.entry_node * gases + self.entry_gas
        sums = csr_array(
            (np.ones(len(rows)), (rows, np.arange(len(rows)))), shape=(nodes * gases, len(rows))
        )  # adds entries of one output and gas in their order

        def part(first: int, last: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
            production, amount, mass = self.values(given(first, last), last - first)
            direct = sums @ (amount.T[self.entry_exchange] * mass)
            shaped = np.moveaxis(direct.reshape(nodes, gases, last - first), -1, 0)
            return production[:, self.order], amount[:, self.link] * self.scale, np.ascontiguousarray(shaped)

        return self.structure.draws(count, part, self.demand, threads=threads, beside=self._width)

    def _fault(self, *, code: str, **parts: Any) -> DataError:
        issues = Issues()
        issues.add(code, **parts)
        return DataError(issues, self.footprint.study.language)

    def slopes(self, given: Given) -> Slopes:
        """Return first derivatives of the footprint at one point (``given`` has one draw), by λ·s.

        Raises
        ------
        DataError
            As `values`, or if a loop uses up what it makes there (P721).
        """
        production, amount, mass = self.values(given, 1)
        scale = amount[0][self.link] * self.scale
        weighed = mass[:, 0] * np.nan_to_num(self.weights)[self.entry_gas]
        direct = np.zeros(len(self.order))
        np.add.at(direct, self.entry_node, amount[0][self.entry_exchange] * weighed)
        try:
            system = self.structure.factored(production[0][self.order], scale)
            scaling, intensity = system.solve(self.demand), system.intensities(direct)
        except SingularSystemError as error:
            loop = loop_names(self.chain, self.order[list(error.processes)].tolist())
            raise self._fault(
                code="P721", value=self.footprint.study.product, loop=loop, why=str(error)[:200]
            ) from error
        each = weighed * scaling[self.entry_node]
        by_amount = np.zeros(amount.shape[1])
        np.add.at(by_amount, self.entry_exchange, each)
        np.add.at(by_amount, self.link, self.scale * intensity[self.supplier] * scaling[self.consumer])
        entry = each * amount[0][self.entry_exchange]
        by_production = (-intensity * scaling)[self.rank]
        unknown = math.nan if np.isnan(self.weights).any() else 1.0  # a gas has no warming potential
        total = math.fsum(entry.tolist()) * unknown
        return Slopes(total, by_production * unknown, by_amount * unknown, entry * unknown, scaling)


def _dependents(
    definitions: Mapping[str, Expression], names: Sequence[str], scaled: frozenset[str]
) -> list[tuple[str, Expression]]:
    """Return the parameters that change with the names, each after those that it uses."""
    given, found = set(names) - scaled, []
    changed = set(given)
    for name in resolve_parameters(definitions):
        if name not in given and (name in scaled or changed.intersection(definitions[name].names)):
            found.append((name, definitions[name]))
            changed.add(name)
    return found
