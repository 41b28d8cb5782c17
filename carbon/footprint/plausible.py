"""What a study says and is unlikely to mean: rows twice, credits by sign, origins, processes that nothing reaches."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import breadth_first_order

from carbon.errors import DataError, Issues
from carbon.footprint.chain import BACKGROUND, Chain
from carbon.footprint.files import FootprintFile
from carbon.inventory.checks import check_duplicates
from carbon.library import Library
from carbon.tables import LARGEST, Table

_DIRECT = frozenset({"fuel", "process", "electricity"})


def check_region(study: FootprintFile, library: Library, issues: Issues) -> None:
    """Refuse a region that is none (F203)."""
    if study.region and library.regions.find(study.region) is None:
        near = library.regions.near(study.region)
        issues.add("F203", file="study.toml", column="region", value=study.region, near=near)
        raise DataError(issues, study.language)


def check_rows(chain: Chain, table: Table, library: Library, issues: Issues) -> None:
    """Report rows twice (A403), fossil things called biogenic (P747), certificates without effect (P750)."""
    check_duplicates(table, "name", issues)
    for exchange in chain.exchanges:
        where = {"file": table.file, "lines": [int(table.line[exchange.row])]}
        own = not np.isnan(table.numbers["factor"][exchange.row])
        if exchange.origin == "biogenic" and exchange.kind in BACKGROUND:
            item = library.items.find(exchange.name)
            if exchange.kind == "electricity" or (item is not None and item.origin == "fossil"):
                issues.add("P747", **where, column="origin", value=exchange.name)
                table.bad[exchange.row] = True
        cover = table.text("instrument", exchange.row)
        if exchange.kind == "electricity" and cover and not own:
            item = library.items.find(exchange.name)
            if item is not None and item.id == "electricity":
                issues.add("P750", **where, column="instrument", value=exchange.name, cover=cover)


def check_reach(chain: Chain, wanted: int, issues: Issues) -> None:
    """Warn of processes without any exchange, and of those that the product does not need (P749)."""
    size = len(chain.nodes)
    needs = csr_array((np.ones(len(chain.link)), (chain.consumer, chain.supplier)), shape=(size, size))
    reached = {chain.nodes[n].process for n in breadth_first_order(needs, wanted)[0].tolist()}
    busy = {exchange.process for exchange in chain.exchanges}
    made = {node.process for node in chain.nodes}
    for number, process in enumerate(chain.processes):
        if number in made and (number not in reached or number not in busy):
            code = "P749" if number in reached else "P753"
            issues.add(code, file=process.file, lines=[process.line], column="process", value=process.name)


def check_amounts(
    chain: Chain, amounts: Mapping[str, np.ndarray], production: Mapping[str, np.ndarray], table: Table, issues: Issues
) -> None:
    """Warn of amounts below zero (P748), and refuse amounts beyond what anything can be (P708), in any scenario."""
    taken = dict(zip(chain.link.tolist(), chain.supplier.tolist(), strict=True))
    for scenario, amount in amounts.items():
        for number in np.flatnonzero((amount < 0) | ~(np.abs(amount) <= LARGEST)).tolist():
            exchange = chain.exchanges[number]
            where = {"file": table.file, "lines": [int(table.line[exchange.row])], "column": "amount"}
            if not abs(amount[number]) <= LARGEST:
                issues.add("T125", **where, value=exchange.amount.text[:80], maximum=f"{LARGEST:g}")
                raise DataError(issues)
            if not (exchange.kind == "input" and production[scenario][taken.get(number, 0)] < 0):
                issues.add("P748", **where, value=exchange.name, scenario=scenario)
        if not (np.abs(production[scenario]) <= LARGEST).all():
            node = chain.nodes[int(np.argmin(np.abs(production[scenario]) <= LARGEST))]
            process = chain.processes[node.process]
            issues.add("T125", file=process.file, lines=[process.line], column="amount", value=node.amount.text[:80],
                       maximum=f"{LARGEST:g}")  # fmt: skip
            raise DataError(issues)
