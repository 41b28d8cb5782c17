"""How outputs share the burdens of their process, and what another way to share would make of the footprint."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from carbon.errors import DataError, Issues
from carbon.footprint.allocation import METHODS
from carbon.footprint.chain import Chain, build
from carbon.footprint.loops import SingularSystemError

if TYPE_CHECKING:
    from carbon.footprint.study import Footprint

ALLOCATION_COLUMNS = ("scenario", "process", "product", "method", "amount", "unit", "share_pct", "co2e_kg")
MOST_PROCESSES = 12  # of which other ways to share are computed
LARGEST_STUDY = 50_000  # exchanges; each way to share is another solution


def allocation_records(found: Footprint) -> list[dict[str, Any]]:
    """Return the share of every output of processes with several, then the footprint if one of them shared otherwise.

    Returns
    -------
    list of dict
        Columns as in `ALLOCATION_COLUMNS`. A row without a product is the footprint of the base case if that process
        alone shared by `method`; None where the tables do not say what that needs.
    """
    records = []
    for scenario, solved in found.solved.items():
        chain = solved.chain
        for number in _several(chain):
            process = chain.processes[number]
            method = process.allocation or found.study.allocation
            for place, node in enumerate(chain.nodes):
                if node.process == number:
                    records.append({
                        "scenario": scenario, "process": process.name, "product": node.product, "method": method,
                        "amount": float(solved.production[place]), "unit": node.unit.text,
                        "share_pct": float(100 * node.share), "co2e_kg": None,
                    })  # fmt: skip
    if records and len(found.chain.exchanges) <= LARGEST_STUDY:
        records += [
            {"scenario": "", "process": found.chain.processes[number].name, "product": "", "method": method,
             "amount": None, "unit": "", "share_pct": None, "co2e_kg": total}
            for number in _several(found.chain)[:MOST_PROCESSES]
            for method, total in alternatives(found, number).items()
        ]  # fmt: skip
    return records


def alternatives(found: Footprint, number: int) -> dict[str, float | None]:
    """Return the footprint of the base case [kgCO2e] by each way in which a process can share; None where it cannot."""
    totals: dict[str, float | None] = {}
    for method in METHODS:
        processes = list(found.chain.processes)
        processes[number] = replace(processes[number], allocation=method)
        issues, table = Issues(), replace(found.exchanges, bad=found.exchanges.bad.copy())
        values = found.parameters.values()
        try:
            chain = build(processes, found.chain.exchanges, found.study.allocation, values, table, issues)
            if issues.errors:
                raise DataError(issues)
            totals[method] = found.again(replace(chain, left_out=found.chain.left_out))
        except (DataError, SingularSystemError):
            totals[method] = None
    return totals


def _several(chain: Chain) -> list[int]:
    """Return the processes with co-products."""
    return sorted({exchange.process for exchange in chain.exchanges if exchange.kind == "co-product"})
