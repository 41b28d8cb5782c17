"""Names of exchanges that outlast the order of rows, and the terms of their flows: gas, kilograms, printed factors."""

from __future__ import annotations

from carbon.footprint.study import Footprint
from carbon.library import Factor


def exchange_keys(footprint: Footprint) -> list[str]:
    """Return the name of each exchange, the same whatever the order of rows: ``exchange:process|kind|name|n``.

    Exchanges of one process that are alike in kind and name are numbered by supplier, amount, unit, stage and spread.
    """
    chain, declared = footprint.chain, footprint.declared.exchange
    groups: dict[tuple[str, str, str], list[int]] = {}
    for number, e in enumerate(chain.exchanges):
        groups.setdefault((chain.processes[e.process].name, e.kind, e.name), []).append(number)
    keys = [""] * len(chain.exchanges)
    for (process, kind, name), found in groups.items():
        numbers = found
        if len(numbers) > 1:
            spread = [str(declared.get(n, "")) for n in numbers]
            alike = [(e.provider, e.amount.text, e.unit.text, e.stage) for e in (chain.exchanges[n] for n in numbers)]
            numbers = [n for *_, n in sorted(zip(alike, spread, numbers, strict=True))]
        for place, number in enumerate(numbers, 1):
            keys[number] = f"exchange:{process}|{kind}|{name}|{place}"
    return keys


def flow_terms(footprint: Footprint) -> dict[int, list[tuple[str, float, tuple[Factor, ...], bool]]]:
    """Return gas, kilograms per unit, shipped factors and whether each has printed limits, term by term.

    A value that is derived from several printed ones has no limits of its own, and one that a row brings has none.
    """
    background = footprint.background
    terms: dict[int, list[tuple[str, float, tuple[Factor, ...], bool]]] = {}
    if background.result is not None:
        plan = background.result.plan
        exchange = {place: number for number, place in background.line_of.items()}
        for row, term, amount in zip(*(part.tolist() for part in (*plan.entries, plan.amount)), strict=True):
            one = plan.terms[term]
            if one.basis in ("", "location") and not one.target.startswith("energy"):
                own = tuple(f for slot in one.slots if not slot.text for f in slot.factors)
                own = tuple(f for f in own if f.relative_uncertainty)
                bare = any(
                    s.column or (s.factors and (s.text or any(f.relative_uncertainty is None for f in s.factors)))
                    for s in one.slots
                )
                terms.setdefault(exchange[row], []).append((one.target, amount, own, not bare))
    found = {}
    for number in dict.fromkeys(footprint.chain.flow.tolist()):
        mine = []
        for place, gas in enumerate(background.gases):
            mass = float(background.per_unit[number, place])
            parts = [part for part in terms.get(number, ()) if part[0] == gas]
            whole = sum(part[1] for part in parts)
            if parts and whole:  # as the background counts it, whatever it is multiplied by
                mine += [(gas, mass * part[1] / whole, part[2], part[3]) for part in parts]
            elif mass:
                mine.append((gas, mass, (), not parts))
        found[number] = mine
    return found
