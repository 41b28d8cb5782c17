"""The product chain of a study: outputs as nodes, exchanges as links or background flows, burdens allocated exactly."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from carbon import units
from carbon.errors import DataError, Issues, Said, near_misses
from carbon.footprint.allocation import AllocationError, Output, shares
from carbon.footprint.expressions import Expression, ExpressionError
from carbon.footprint.files import FootprintFile
from carbon.footprint.system import Structure
from carbon.footprint.tables import PROPERTIES, Exchange, Parameters, Process, exact
from carbon.schema import folded
from carbon.tables import Table

BACKGROUND = frozenset({"material", "fuel", "electricity", "heat", "transport", "waste", "process", "captured"})
MOST = 2_000_000  # exchanges times outputs
GASES = frozenset({"emission", "uptake", "stored"})
_LINKED = frozenset({"waste", "avoided", "co-product"})  # where a process makes what they name
_KG, _MJ = units.parse("kg"), units.parse("MJ")


@dataclass(frozen=True)
class Node:
    """One output of one process, with the share of its burdens.

    Attributes
    ----------
    process : int
        The process.
    product : str
        What it is.
    amount : Expression
        How much the process makes of it. [unit]
    share : Fraction
        Of the burdens of the process.
    exchange : int
        Row of the co-product; -1 = the reference product.
    """

    process: int
    product: str
    amount: Expression
    unit: units.Unit
    share: Fraction
    exchange: int = -1


@dataclass(frozen=True)
class Chain:
    """What is linked to what.

    Attributes
    ----------
    processes, exchanges : tuple
        As read.
    nodes : tuple of Node
        Outputs; the reference product of a process before its co-products.
    link : int64[links]
        Exchange of each link.
    supplier, consumer : int64[links]
        Nodes.
    scale : float64[links]
        From the unit of the exchange to that of the supplier, with sign and share of the consumer.
    flow, owner : int64[flows]
        Exchange and node of each background flow or direct emission.
    part : float64[flows]
        Share of the node.
    left_out : frozenset of int
        Exchanges that the cut-off rule of the study leaves out.
    """

    processes: tuple[Process, ...]
    exchanges: tuple[Exchange, ...]
    nodes: tuple[Node, ...]
    link: np.ndarray
    supplier: np.ndarray
    consumer: np.ndarray
    scale: np.ndarray
    flow: np.ndarray
    owner: np.ndarray
    part: np.ndarray
    left_out: frozenset[int] = frozenset()

    @cached_property
    def structure(self) -> Structure:
        """Which node takes from which."""
        return Structure(len(self.nodes), supplier=self.supplier, consumer=self.consumer)

    def node(self, product: str) -> int | None:
        """Return the node of a product, or of a process by its name; None if there is none or several."""
        word = folded(product)
        found = [n for n, node in enumerate(self.nodes) if folded(node.product) == word]
        if len(found) != 1:
            found = [n for n, node in enumerate(self.nodes)
                     if folded(self.processes[node.process].name) == word and node.exchange < 0]  # fmt: skip
        return found[0] if len(found) == 1 else None

    def demand(self, study: FootprintFile, production: np.ndarray) -> np.ndarray:
        """Return the declared unit as float64[nodes]; of a treatment, which makes less of its waste, it is negative.

        Parameters
        ----------
        study : FootprintFile
            Product, unit and amount.
        production : float64[nodes]
            What each output makes.

        Raises
        ------
        UnitError
            If the declared unit is none.
        DimensionError
            If it is not one of the product.
        """
        found, place = np.zeros(len(self.nodes)), self.node(study.product)
        if place is not None:
            amount = float(study.amount * units.ratio(units.parse(study.unit), self.nodes[place].unit))
            found[place] = math.copysign(amount, float(production[place]))
        return found

    def shared(self, parameters: Parameters, allocation: str) -> tuple[set[str], set[int]]:
        """Return the parameters and co-products by whose amounts outputs share, in any scenario."""
        several = {node.process for node in self.nodes if node.exchange >= 0
                   and _method(self.processes[node.process], allocation) != "fraction"}  # fmt: skip
        nodes = [node for node in self.nodes if node.process in several]
        names = {name for node in nodes for name in node.amount.names}
        behind = {name for scenario in ("", *parameters.scenarios) for name in parameters.behind(names, scenario)}
        return behind, {node.exchange for node in nodes if node.exchange >= 0}

    def sharing(self, parameters: Parameters, scenario: str = "") -> tuple[set[str], set[int]]:
        """Return the parameters and co-products that shares, and the direction of waste, depend on."""
        several = {node.process for node in self.nodes if node.exchange >= 0}
        several |= {self.nodes[supplier].process for link, supplier in zip(self.link.tolist(), self.supplier.tolist(),
                                                                           strict=True)
                    if self.exchanges[link].kind in ("waste", "avoided")}  # fmt: skip
        nodes = [node for node in self.nodes if node.process in several]
        names = {name for node in nodes for name in node.amount.names}
        return parameters.behind(names, scenario), {node.exchange for node in nodes if node.exchange >= 0}

    def production(self, values: Mapping[str, Any]) -> np.ndarray:
        """Return what each node makes, as float64[..., nodes]."""
        return _stacked([node.amount for node in self.nodes], values)

    def amounts(self, values: Mapping[str, Any]) -> np.ndarray:
        """Return the amount of each exchange, 0 of one left out, as float64[..., exchanges].

        Transport legs are in mass × km with their empty return, or in kilometres of the vehicle.
        """
        amount = _stacked([e.amount for e in self.exchanges], values)
        legs = [(n, e.distance) for n, e in enumerate(self.exchanges) if e.distance is not None]
        if legs:
            distance = _stacked([distance for _, distance in legs if distance], values)
            shape = np.broadcast_shapes(amount.shape[:-1], distance.shape[:-1])
            amount = np.broadcast_to(amount, (*shape, amount.shape[-1])).copy()
            amount[..., [n for n, _ in legs]] *= distance
        return np.asarray(amount * self._trips)

    @cached_property
    def _trips(self) -> np.ndarray:
        """What each amount is multiplied by: empty return and vehicles of a leg, 0 of what is left out."""
        return np.array([0.0 if n in self.left_out else e.trip for n, e in enumerate(self.exchanges)])

    @cached_property
    def by_process(self) -> dict[int, list[int]]:
        """Exchanges of each process."""
        found: dict[int, list[int]] = {}
        for number, exchange in enumerate(self.exchanges):
            found.setdefault(exchange.process, []).append(number)
        return found


def _stacked(expressions: Sequence[Expression], values: Mapping[str, Any]) -> np.ndarray:
    known: dict[str, np.ndarray] = {}
    for one in expressions:
        if one.text not in known:
            known[one.text] = one.evaluate(values)
    return np.stack(np.broadcast_arrays(*(known[one.text] for one in expressions)), axis=-1).copy() if expressions \
        else np.empty(0)  # fmt: skip


def build(
    processes: Sequence[Process], exchanges: Sequence[Exchange], allocation: str, values: Mapping[str, Any],
    table: Table, issues: Issues,
) -> Chain:  # fmt: skip
    """Link exchanges to the outputs that supply them, and share burdens among outputs.

    Parameters
    ----------
    processes, exchanges : sequence
        As read.
    allocation : str
        Method of processes that name none.
    values : mapping of str to float
        Parameters of a scenario; shares of outputs go by them.
    table : Table
        The exchanges, to mark bad rows.
    issues : Issues
        Receives missing suppliers (P710), two producers (P711), units that do not fit (P712), zero production (P713),
        outputs that cannot share (P714).
    """
    nodes = _nodes(processes, exchanges, allocation, values, issues)
    by_product: dict[str, list[int]] = {}
    own: dict[int, list[int]] = {}
    negative = {n for n, node in enumerate(nodes) if _number(node.amount, values) < 0}
    for number, node in enumerate(nodes):
        by_product.setdefault(folded(node.product), []).append(number)
        own.setdefault(node.process, []).append(number)
    _check_size(processes, exchanges, own, issues)
    lost = {folded(p.product) for n, p in enumerate(processes) if n not in own}  # of outputs that cannot share
    lost |= {folded(e.name) for e in exchanges if e.kind == "co-product" and e.process not in own}
    lost -= by_product.keys()
    links: list[tuple[int, int, int, float]] = []
    flows: list[tuple[int, int, float]] = []
    for number, exchange in enumerate(exchanges):
        if exchange.kind == "resource" or (
            exchange.kind == "co-product" and _method(processes[exchange.process], allocation) != "substitution"
        ):
            continue
        inside = (
            exchange.kind == "input"
            or exchange.part.endswith("_by")
            or (exchange.kind in _LINKED and not exchange.part and folded(exchange.name) in by_product)
        )
        if inside and folded(exchange.through or exchange.name) in lost:
            table.bad[exchange.row] = True
            continue
        if exchange.kind == "co-product" and not inside:
            _fail("P710", exchange, "name", exchange.name, table, issues, near=near_misses(exchange.name, by_product))
            continue
        sign = -1.0 if exchange.kind in ("avoided", "co-product", "uptake") else 1.0
        mine = own.get(exchange.process, [])  # none of a process whose outputs cannot share
        if inside:
            found = _supplier(exchange, by_product, processes, nodes, table, issues)
            if found is None:
                continue
            scale = _scale(exchange, nodes[found], table, issues)
            if found in negative and exchange.kind in ("waste", "avoided"):
                sign = -sign  # what leaves as waste is what its treatment makes less of
            elif found in negative and _number(exchange.amount, values) > 0:
                treatment = processes[nodes[found].process].name
                _fail("P746", exchange, "kind", exchange.name, table, issues, treatment=treatment)
                continue
            if scale is not None:
                links += [(number, found, n, sign * scale * float(nodes[n].share)) for n in mine]
        else:
            flows += [(number, n, sign * float(nodes[n].share)) for n in mine]
    columns = list(zip(*links, strict=True)) or [(), (), (), ()]
    parts = list(zip(*flows, strict=True)) or [(), (), ()]
    whole = [np.array(column, dtype=np.int64) for column in columns[:3]]
    return Chain(
        tuple(processes), tuple(exchanges), tuple(nodes), whole[0], whole[1], whole[2], np.array(columns[3], float),
        np.array(parts[0], np.int64), np.array(parts[1], np.int64), np.array(parts[2], float),
    )  # fmt: skip


def _check_size(
    processes: Sequence[Process], exchanges: Sequence[Exchange], own: Mapping[int, list[int]], issues: Issues
) -> None:
    """Refuse a study whose exchanges times outputs would fill the memory (P751)."""
    count = Counter(exchange.process for exchange in exchanges)
    if sum(number * len(own.get(process, ())) for process, number in count.items()) > MOST:
        worst = max(count, key=lambda process: count[process] * len(own.get(process, ())))
        issues.add("P751", file=processes[worst].file, lines=[processes[worst].line], column="process",
                   value=processes[worst].name, limit=f"{MOST:,}")  # fmt: skip
        raise DataError(issues)


def _method(process: Process, allocation: str) -> str:
    return process.allocation or allocation


def _fail(code: str, exchange: Exchange, column: str, value: str, table: Table, issues: Issues, **parts: Any) -> None:
    issues.add(code, file=table.file, lines=[int(table.line[exchange.row])], column=column, value=value[:80], **parts)
    table.bad[exchange.row] = True


def _nodes(
    processes: Sequence[Process], exchanges: Sequence[Exchange], allocation: str, values: Mapping[str, Any],
    issues: Issues,
) -> list[Node]:  # fmt: skip
    extra: dict[int, list[int]] = {}
    for number, exchange in enumerate(exchanges):
        if exchange.kind == "co-product":
            extra.setdefault(exchange.process, []).append(number)
    nodes = []
    for number, process in enumerate(processes):
        shared = [] if _method(process, allocation) == "substitution" else extra.get(number, [])
        outputs = [(process.product, process.amount, process.unit, process.properties)]
        outputs += [(e.name, e.amount, e.unit, e.properties) for e in (exchanges[number] for number in shared)]
        try:
            made = [
                Output(name, _number(amount, values), *(_property(given, column, unit) for column in PROPERTIES))
                for name, amount, unit, given in outputs
            ]
            if made[0].amount == 0:
                issues.add("P713", file=process.file, lines=[process.line], column="amount", value=process.name)
                continue
            plant = {column: exact(number) for column, number in process.plant.items()}
            parts = shares(_method(process, allocation), made, process.heat_output, plant)
        except (AllocationError, ExpressionError) as error:
            why = error.args[0] if isinstance(error, AllocationError) else error.said
            issues.add("P714", file=process.file, lines=[process.line], column="allocation", value=process.name,
                       why=why)  # fmt: skip
            continue
        kept = [-1, *shared]
        nodes += [
            Node(number, name, amount, unit, share, exchange)
            for (name, amount, unit, _), share, exchange in zip(outputs, parts, kept, strict=True)
        ]
    return nodes


def _number(amount: Expression, values: Mapping[str, Any]) -> Fraction:
    return amount.fraction() if amount.exact and not amount.names else exact(float(amount.evaluate(values)))


def _property(given: Mapping[str, float], column: str, unit: units.Unit) -> Fraction | None:
    """Return a property of one unit of an output; the mass of a tonne and the heat of a joule go without saying.

    Raises
    ------
    AllocationError
        If what is given cannot be that of the unit. A dry mass is below that of the unit.
    """
    known = exact(given[column]) if column in given else None
    bare = units.Unit("", unit.scale, frozenset(p for p in unit.dimension if p[0] != unit.species))
    own = {"allocation_mass": _KG, "allocation_energy": _MJ}.get(column)
    if own is None or bare.dimension != own.dimension:
        return known
    implied = units.ratio(bare, own)
    least = implied / 20 if column == "allocation_mass" else implied
    if known is not None and not least <= known <= implied:
        size = f"{float(implied):g}"
        raise AllocationError(Said(f"{column} = {float(known):g} is not that of 1 {unit.text}, which is {size}",
                                   f"{column} = {float(known):g} 与单位不符：1 {unit.text} 为 {size}"))  # fmt: skip
    return implied if known is None else known


def _supplier(
    exchange: Exchange, by_product: Mapping[str, list[int]], processes: Sequence[Process], nodes: Sequence[Node],
    table: Table, issues: Issues,
) -> int | None:  # fmt: skip
    """Return the node that supplies an exchange; none or several are errors."""
    found = by_product.get(folded(exchange.through or exchange.name), [])
    if exchange.provider and not (exchange.through or exchange.part):
        found = [n for n in found if folded(processes[nodes[n].process].name) == folded(exchange.provider)]
    if len(found) == 1:
        return found[0]
    if found:
        names = [processes[nodes[n].process].name for n in found]
        _fail("P711", exchange, exchange.part or "name", exchange.name, table, issues, known=names)
    else:
        known = {folded(p.product): p.product for p in processes if not p.recycling}
        near = [known[word] for word in near_misses(folded(exchange.name), known)]
        column = exchange.part or ("provider" if exchange.provider else "name")
        value = exchange.name if exchange.part else exchange.provider or exchange.name
        _fail("P710", exchange, column, value, table, issues, near=near)
    return None


def _scale(exchange: Exchange, node: Node, table: Table, issues: Issues) -> float | None:
    try:
        return float(units.ratio(exchange.unit, node.unit))
    except units.DimensionError:
        _fail("P712", exchange, "unit", exchange.unit.text, table, issues, expected=node.unit.text)
        return None


LOOP_REASONS = {
    "singular": Said("they use up all that they make", "其产出全部被自身消耗"),
    "non-productive": Said("they use up more than they make", "其消耗超过产出"),
    "overflow": Said("they would have to make more than a number can hold", "所需产出超出数值范围"),
}


def loop_names(chain: Chain, places: Sequence[int]) -> Said:
    """Return the processes of a loop in words."""
    names = list(dict.fromkeys(chain.processes[chain.nodes[n].process].name for n in places))
    shown = names if len(names) <= 8 else [*names[:7], "…"]
    return Said(" → ".join(shown), " → ".join(shown))
