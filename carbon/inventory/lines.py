"""The line table: one line per input row, with lineage and results. Built per key and gathered, never per row."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

import numpy as np
import pyarrow as pa

from carbon.arrays import to_arrow, to_dictionary
from carbon.inventory.plan import Plan
from carbon.inventory.resolve import Activities
from carbon.inventory.terms import ENERGY, PRIMARY
from carbon.schema import schema


def line_table(rows: Activities, plan: Plan, gwp: Mapping[str, Fraction], language: str) -> pa.Table:
    """Return one line per input row.

    Parameters
    ----------
    rows : Activities
        What was read.
    plan : Plan
        What was computed.
    gwp : mapping of gas to Fraction
        Warming potentials. [kgCO2e/kg]
    language : {"en", "zh"}
        Language of item names.

    Returns
    -------
    pyarrow.Table
        Columns: line, status, the input columns, what each resolved to, route, rung, factor ids, each gas [kg],
        co2e_kg (location-based), co2e_market_kg, energy_kgce, energy_primary_kgce, key.
    """
    table = rows.table
    good = ~rows.bad
    columns: dict[str, pa.Array] = {
        "file": to_dictionary(np.zeros(len(table), np.int32), [table.file]),
        "line": to_arrow(table.line),
        "status": to_dictionary(good.astype(np.int32), ["error", "computed"]),
    }
    for name in schema(table.name):
        if name in table.numbers:
            values = table.numbers[name]
            columns[name] = to_arrow(values, np.isnan(values))
        else:
            columns[name] = to_dictionary(table.codes[name], table.texts[name])
    keys = list(zip(plan.keys, plan.routed, strict=True))
    per_key = {
        "item_id": [k.item.id for k, _ in keys],
        "item_name": [k.item.name(language) for k, _ in keys],
        "used_as": [k.use for k, _ in keys],
        "used_region": [k.region for k, _ in keys],
        "method": [k.pack for k, _ in keys],
        "category": [r.category for _, r in keys],
        "scope": [str(r.scope) if r.scope else "" for _, r in keys],
        "route": [r.route for _, r in keys],
        "rung": ["; ".join(dict.fromkeys(getattr(s, language) for t in r.terms for s in t.rung)) for _, r in keys],
        "factor_ids": [" ".join(dict.fromkeys(f.id for t in r.terms for f in t.factors)) for _, r in keys],
    }
    whole = bool(good.all())
    index = plan.key if whole else np.where(good, plan.key, -1).astype(np.int32)
    for name, texts in per_key.items():
        columns[name] = to_dictionary(index, texts)
    targets = [t.target for t in plan.terms]
    bases = np.array([("", "location", "market").index(t.basis) for t in plan.terms], dtype=np.int8)
    terms = np.diff(plan.first_term)[plan.key] * good if keys else np.zeros(len(table), np.int64)
    begin = np.cumsum(terms) - terms  # of the entries of each row

    def spread(chosen: np.ndarray, weight: np.ndarray | None = None, without: np.ndarray | None = None) -> pa.Array:
        """Add the chosen entries of each row; null where the row has none, or has one of those it must be `without`."""
        each = np.bincount(plan.term_key[chosen], minlength=len(keys))
        lacking = np.bincount(plan.term_key[without], minlength=len(keys)) if without is not None else 0 * each
        unknown = np.append((each == 0) | (lacking > 0), True)
        total = np.zeros(len(table))
        for place in range(int(each.max(initial=0)) if len(plan.amount) else 0):  # mostly once: one term of a gas
            at = np.zeros(len(keys) + 1, dtype=np.int64)
            factor = np.zeros(len(keys) + 1)
            for number in np.flatnonzero(each > place).tolist():
                mine = np.flatnonzero(chosen[plan.first_term[number] : plan.first_term[number + 1]])[place]
                at[number] = mine
                factor[number] = 1.0 if weight is None else weight[plan.first_term[number] + mine]
            part = plan.amount.take(begin + at.take(index, mode="wrap"), mode="clip")
            if not whole or (factor[:-1] != 1.0).any():
                part *= factor.take(index, mode="wrap")
            total += part
        return to_arrow(total, unknown[index] if unknown[:-1].any() or not whole else None)

    for gas in sorted(set(targets) - {ENERGY, PRIMARY}):
        chosen = np.array([t == gas for t in targets]) & (bases != 2)
        columns[f"{gas.lower().replace('-', '_')}_kg"] = spread(chosen)
    weight = np.array([float(gwp.get(t, 0)) for t in targets])
    weighed = np.array([t in gwp for t in targets], dtype=bool)
    unweighed = np.array([t not in gwp and t not in (ENERGY, PRIMARY, "CO2-biogenic") for t in targets], dtype=bool)
    for name, other in (("co2e_kg", 2), ("co2e_market_kg", 1)):
        columns[name] = spread(weighed & (bases != other), weight, without=unweighed & (bases != other))
    columns["energy_kgce"] = spread(np.array([t == ENERGY for t in targets], dtype=bool))
    columns["energy_primary_kgce"] = spread(np.array([t == PRIMARY for t in targets], dtype=bool))
    columns["key"] = to_arrow(index, ~good)
    return pa.table(columns)
