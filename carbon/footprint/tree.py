"""Contribution tree of a footprint: what the final process emits itself, and what each of its inputs carries."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from carbon.footprint.background import weights
from carbon.footprint.study import Footprint

TREE_COLUMNS = ("scenario", "level", "path", "process", "kind", "name", "co2e_kg", "share_pct", "source_line")
DEEPEST = 20


def contribution_tree(
    footprint: Footprint, scenario: str = "", *, depth: int = 1, least: float = 0.0
) -> list[dict[str, Any]]:
    """Return what makes up the footprint of the declared unit, level by level.

    The rows of one level below a row sum to that row where nothing is cut; an input carries all that lies upstream of
    it, so that a loop is counted once.

    Parameters
    ----------
    footprint : Footprint
        As computed.
    scenario : str
        One of its scenarios; the base case if left out.
    depth : int
        Levels, 1 to `DEEPEST`.
    least : float
        Share of the footprint below which a row is left out, from 0 to 1.

    Returns
    -------
    list of dict
        Columns as in `TREE_COLUMNS`; masses in kgCO2e.
    """
    study, chain = footprint.study, footprint.chain
    node = chain.node(study.product)
    total = footprint.co2e(scenario)
    if node is None or total is None:
        return []
    demand = float(chain.demand(study, footprint.solved[scenario].production)[node])
    tree = _Tree(footprint, scenario, least * abs(total))
    rows = []
    for row in tree.rows(node, demand, 1, min(depth, DEEPEST), ""):
        rows.append({"scenario": scenario, **row, "share_pct": 100 * row["co2e_kg"] / total if total else None})
    return rows


class _Tree:
    """One scenario, walked from a node upstream."""

    def __init__(self, footprint: Footprint, scenario: str, least: float) -> None:
        self.solved, self.table = footprint.solved[scenario], footprint.exchanges
        self.chain = self.solved.chain
        self.least = least
        weighed = weights(footprint.background.gases, footprint.potentials)
        self.per_unit = footprint.background.per_unit @ weighed
        self.carried = self.solved.intensity @ weighed

    def rows(self, node: int, demand: float, level: int, depth: int, path: str) -> Iterator[dict[str, Any]]:
        """Yield the rows below so many units of a node, largest first, each before its own."""
        chain, amount = self.chain, self.solved.amount
        runs = demand / self.solved.production[node]
        found: list[tuple[float, int, int, float]] = []
        for place in np.flatnonzero(chain.owner == node).tolist():
            exchange = int(chain.flow[place])
            found.append(
                (float(runs * amount[exchange] * chain.part[place] * self.per_unit[exchange]), exchange, -1, 0)
            )
        for place in np.flatnonzero(chain.consumer == node).tolist():
            exchange, supplier = int(chain.link[place]), int(chain.supplier[place])
            taken = float(runs * amount[exchange] * chain.scale[place])
            found.append((float(taken * self.carried[supplier]), exchange, supplier, taken))
        process = chain.processes[chain.nodes[node].process].name
        for mass, number, supplier, taken in sorted(found, key=lambda one: (-abs(one[0]), one[1])):
            if abs(mass) < self.least or number in chain.left_out:
                continue
            exchange_of = chain.exchanges[number]
            here = f"{path} > {exchange_of.name}" if path else exchange_of.name
            yield {
                "level": level, "path": here, "process": process, "kind": exchange_of.kind, "name": exchange_of.name,
                "co2e_kg": mass, "source_line": int(self.table.line[exchange_of.row]),
            }  # fmt: skip
            if supplier >= 0 and level < depth and taken:
                yield from self.rows(supplier, taken, level + 1, depth, here)
