"""Whether a study is whole: its boundary, what it leaves out, fuels without upstream, balances of mass and energy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from carbon import units
from carbon.errors import Issues, Said
from carbon.footprint.chain import GASES, Chain
from carbon.footprint.files import FootprintFile
from carbon.footprint.rules import find_rule, near_rules
from carbon.footprint.tables import STAGES, Exchange, Process
from carbon.library import Library
from carbon.schema import folded
from carbon.tables import Table

INSIDE = {
    "cradle-to-gate": frozenset({"raw-materials", "transport", "production"}),
    "cradle-to-grave": frozenset(STAGES),
    "gate-to-gate": frozenset({"production"}),
}
BALANCE_COLUMNS = ("scenario", "process", "balance", "unit", "in", "out", "difference_pct", "unweighed")
_ZH = {"raw-materials": "原材料获取", "transport": "运输", "production": "生产", "distribution": "分销", "use": "使用",
       "end-of-life": "回收处置"}  # fmt: skip
_LINKS = frozenset({"input", "co-product"})
_SOURCES = frozenset({"input", "material", "uptake", "resource"})
_SINKS = frozenset({"co-product", "waste", "emission"})


def check_study(study: FootprintFile, chain: Chain, table: Table, library: Library, issues: Issues) -> None:
    """Report what a study names or leaves open.

    Its rules (P734, P736), fuels (P732), background rows (P737), factors that nothing takes (P716), and what it
    leaves out without an amount (P718).
    """
    _check_rule(study, issues)
    _check_fuels(chain, table, library, issues)
    _check_links(chain, table, issues)
    _check_factors(chain, table, issues)
    named = {folded(e.name) for e in chain.exchanges}
    words = [name for name in study.excluded if folded(name) not in named]
    if words:
        issues.add("P718", file="study.toml", column="excluded", value="; ".join(words)[:80])


def _check_factors(chain: Chain, table: Table, issues: Issues) -> None:
    """Report factors of rows that take none: links to a process of the study, and gases (P716)."""
    linked = set(chain.link.tolist())
    for number, exchange in enumerate(chain.exchanges):
        if exchange.through or exchange.part.endswith("_by"):
            continue  # the factor is that of the primary material
        if (number in linked or exchange.kind in GASES) and not np.isnan(table.numbers["factor"][exchange.row]):
            issues.add("P716", file=table.file, lines=[int(table.line[exchange.row])], column="factor",
                       value=exchange.name)  # fmt: skip


def _check_rule(study: FootprintFile, issues: Issues) -> None:
    rule = find_rule(study.rule)
    if rule is None:
        issues.add("P734", file="study.toml", column="rule", value=study.rule, near=near_rules(study.rule))
    elif not rule.known:
        issues.add("P736", file="study.toml", column="rule", value=rule.title_zh)


def within(exchanges: Sequence[Exchange], study: FootprintFile, table: Table, issues: Issues) -> list[Exchange]:
    """Return the exchanges inside the boundary; what lies outside is left out and said (P733).

    Links between processes that name no stage stay: the exchanges of the process that they lead to have their own.
    """
    inside = INSIDE[study.boundary]
    outside: dict[str, list[int]] = {}
    kept = []
    for exchange in exchanges:
        if exchange.stage in inside or (exchange.kind in _LINKS and not exchange.staged):
            kept.append(exchange)
        else:
            outside.setdefault(exchange.stage, []).append(int(table.line[exchange.row]))
    for stage in STAGES:
        if stage in outside:
            issues.add("P733", file=table.file, lines=outside[stage], column="stage", value=stage,
                       stage=Said(stage, _ZH[stage]), boundary=study.boundary)  # fmt: skip
    return kept


def left_out(exchanges: Sequence[Exchange], study: FootprintFile) -> frozenset[int]:
    """Return the exchanges that the study names as excluded."""
    words = {folded(name) for name in study.excluded}
    return frozenset(n for n, e in enumerate(exchanges) if folded(e.name) in words and not e.part)


def check_cut_off(study: FootprintFile, shares: Mapping[str, float | None], issues: Issues) -> None:
    """Report scenarios that leave out more than the cut-off rule allows (P731), or anything without a limit (P752)."""
    rule = find_rule(study.rule)
    limits = [one for one in (study.cut_off, rule.cut_off if rule else None) if one is not None]
    limit = min(limits, default=None)
    for scenario, share in shares.items():
        if limit is None and share:
            issues.add("P752", file="study.toml", column="cut_off", value=f"{100 * share:.3g} %", scenario=scenario)
        if limit is not None and share is not None and share > limit:
            issues.add("P731", file="study.toml", column="excluded", value=f"{100 * share:.3g} %",
                       limit=f"{100 * limit:.3g} %", scenario=scenario)  # fmt: skip


def _check_fuels(chain: Chain, table: Table, library: Library, issues: Issues) -> None:
    """Note fuels of which no exchange brings the upstream (P732)."""
    for numbers in chain.by_process.values():
        mine = [chain.exchanges[n] for n in numbers]
        fuels = [e for e in mine if e.kind == "fuel"]
        upstream = [e for e in mine if is_upstream(e, mine, library)] if fuels else []
        bare = [f for f in fuels if not any(_named_after(u, f) for u in upstream)]
        if len(upstream) < len(fuels):  # else each has one, whatever it is called
            for fuel in bare:
                issues.add("P732", file=table.file, lines=[int(table.line[fuel.row])], column="name", value=fuel.name)


def _check_links(chain: Chain, table: Table, issues: Issues) -> None:
    """Warn of rows that take from the background what a process of the study makes (P737)."""
    made = {folded(node.product) for node in chain.nodes}
    linked = set(chain.link.tolist())
    for number in dict.fromkeys(chain.flow.tolist()):
        exchange = chain.exchanges[number]
        if number not in linked and (exchange.provider or folded(exchange.name) in made):
            issues.add("P737", file=table.file, lines=[int(table.line[exchange.row])], column="kind",
                       value=exchange.name)  # fmt: skip


def _named_after(upstream: Exchange, fuel: Exchange) -> bool:
    return folded(fuel.name) in folded(upstream.name)


def is_upstream(exchange: Exchange, mine: Sequence[Exchange], library: Library) -> bool:
    """Return whether an exchange stands for what was emitted before a fuel of its process arrived."""
    if exchange.kind not in ("material", "input"):
        return False
    item = library.items.find(exchange.name)
    return (item is not None and item.kind == "upstream") or any(
        _named_after(exchange, fuel) for fuel in mine if fuel.kind == "fuel"
    )


def balance_records(
    chain: Chain, production: np.ndarray, amounts: np.ndarray, released: np.ndarray, table: Table, library: Library,
    scenario: str = "",
) -> list[dict[str, Any]]:  # fmt: skip
    """Return mass and energy into and out of every process, for what it makes.

    Parameters
    ----------
    chain : Chain
        The study.
    production : float64[nodes]
        What each output makes.
    amounts : float64[exchanges]
        As the parameters make them.
    released : float64[exchanges]
        Mass of gas of one unit of each exchange that is a process emission. [kg]
    table : Table
        The exchanges, for measured calorific values.
    library : Library
        What items are.
    scenario : str
        Its name, for the records.

    Returns
    -------
    list of dict
        Mass [kg] of every process that has any; energy [MJ] of those that make energy. `difference_pct` is
        ``(out - in) / in``; what has no known mass or heat is named in `unweighed` and counts for nothing.

    Notes
    -----
    Fuels stay out of the balance of mass, as do the gases computed from them: air is no exchange. What comes from the
    ground is none either, so a quarry or a mine makes more than it takes.
    """
    supplier = {int(link): int(node) for link, node in zip(chain.link, chain.supplier, strict=True)}
    outputs: dict[int, list[int]] = {}
    for node in range(len(chain.nodes)):
        outputs.setdefault(chain.nodes[node].process, []).append(node)
    records = []
    for number, process in enumerate(chain.processes):
        if process.recycling:  # shares, not masses that pass through
            continue
        mine = [(n, chain.exchanges[n]) for n in chain.by_process.get(number, []) if n not in chain.left_out]
        made = [
            (chain.nodes[n].product, float(production[n]), chain.nodes[n].unit, _properties(chain, n))
            for n in outputs.get(number, [])
        ]
        for balance, unit, column in (("mass", "kg", "allocation_mass"), ("energy", "MJ", "allocation_energy")):
            if balance == "energy" and not any(_measure(1.0, u, given, unit, column) for _, _, u, given in made):
                continue
            inside, outside, unknown = 0.0, 0.0, list[str]()
            for name, amount, of, given in made:
                found = _measure(amount, of, given, unit, column)
                if found is None and not (balance == "mass" and _is_energy(of)):
                    unknown.append(name)
                outside += max(found or 0.0, 0.0)
                inside += max(-(found or 0.0), 0.0)  # a treatment takes in what it makes less of
            for place, exchange in mine:
                if balance == "mass" and exchange.kind == "process":
                    outside += float(amounts[place] * released[place])
                side = _side(exchange, balance, [e for _, e in mine], library, chain)
                if not side:
                    continue
                given = _properties(chain, supplier[place]) if place in supplier else {}
                given = {**given, **exchange.properties, **_heat_value(table, exchange)}
                found = _measure(float(amounts[place]), exchange.unit, given, unit, column)
                if found is None:
                    unknown.append(exchange.name)
                elif side > 0:
                    inside += found
                else:
                    outside += found
            if inside or outside or unknown:
                records.append({
                    "scenario": scenario, "process": process.name, "balance": balance, "unit": unit, "in": inside,
                    "out": outside, "difference_pct": 100 * (outside - inside) / inside if inside else None,
                    "unweighed": "; ".join(dict.fromkeys(unknown)),
                })  # fmt: skip
    return records


def _side(exchange: Exchange, balance: str, mine: Sequence[Exchange], library: Library, chain: Chain) -> int:
    """Return 1 for what enters, -1 for what leaves, 0 for what is neither."""
    if balance == "energy":
        if exchange.kind in ("fuel", "electricity", "heat"):
            return 1
        return 1 if exchange.kind == "input" and _is_energy(exchange.unit) else 0
    if exchange.kind == "process":  # a carbonate that decomposes enters; other process rows count activity
        item = library.items.find(exchange.name)
        return 1 if item is not None and item.kind == "carbonate" else 0
    if exchange.kind == "co-product":
        return 0 if any(n.exchange >= 0 and chain.exchanges[n.exchange] is exchange
                        for n in chain.nodes) else -1  # fmt: skip
    if exchange.kind in _SOURCES:
        no_mass = exchange.kind == "input" and _is_energy(exchange.unit)
        return 0 if no_mass or is_upstream(exchange, mine, library) else 1
    return -1 if exchange.kind in _SINKS else 0


def _is_energy(unit: units.Unit) -> bool:
    return unit.dimension == units.parse("MJ").dimension


def _properties(chain: Chain, node: int) -> Mapping[str, float]:
    one = chain.nodes[node]
    process: Process = chain.processes[one.process]
    return process.properties if one.exchange < 0 else chain.exchanges[one.exchange].properties


def _heat_value(table: Table, exchange: Exchange) -> dict[str, float]:
    """Return the measured calorific value of a row [MJ] per unit of its amount."""
    value = float(table.numbers["ncv"][exchange.row])
    if np.isnan(value):
        return {}
    per = units.parse(f"MJ/({exchange.unit.text})")
    try:
        return {"allocation_energy": value * float(units.ratio(units.parse(table.text("ncv_unit", exchange.row)), per))}
    except (units.UnitError, units.DimensionError):
        return {}


def _measure(amount: float, of: units.Unit, given: Mapping[str, float], unit: str, column: str) -> float | None:
    """Return an amount as mass or energy, by its unit or by what one unit of it weighs or holds."""
    bare = units.Unit("", of.scale, frozenset(p for p in of.dimension if p[0] != of.species))
    wanted = units.parse(unit)
    if bare.dimension == wanted.dimension:
        return amount * float(units.ratio(bare, wanted))
    return amount * given[column] if column in given else None
