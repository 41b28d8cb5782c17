"""`report.md` of a product footprint in the five parts: boundary, method, form, data quality, traceability."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from carbon.footprint.recycling import FACTOR_A
from carbon.footprint.rules import find_rule
from carbon.footprint.study import Footprint
from carbon.footprint.tables import SCORES
from carbon.footprint.tree import contribution_tree
from carbon.report.cells import aligned, compact, data_name, kind_name, percent, scenario_name, significant
from carbon.report.evidence import (
    cleared,
    emission_factors,
    exchange_records,
    footprint_records,
    gwp_name,
    gwp_set,
    is_own_method,
)
from carbon.report.markdown import escape, figure, issue_section, table
from carbon.report.pact import decimal, primary_data_share
from carbon.report.shares import share_lines
from carbon.report.spread import cause_lines, spread_lines
from carbon.report.words import words
from carbon.schema import choice_ids, choices, folded

if TYPE_CHECKING:
    from carbon.footprint.uncertain import Uncertainty

MOST = 10
OPEN_PCT = 5.0  # a balance that differs by more is named
RECYCLING = frozenset({*FACTOR_A, "截断法", "五五法", "替代法"})  # others are expressions of the user's parameters


def render_footprint(
    found: Footprint, inputs: Mapping[str, str], uncertainty: Mapping[str, Uncertainty], pact: bool, *,
    public: bool = False,
) -> str:  # fmt: skip
    """Return the report of a footprint in its language.

    Parameters
    ----------
    found : Footprint
        What was computed.
    inputs : mapping of str to str
        SHA-256 by name of input file.
    uncertainty : mapping of str to Uncertainty
        By scenario; may be empty.
    pact : bool
        Whether a PACT footprint is written beside it.
    public : bool
        Without the bill of material: no process, exchange, factor, input file or issue is named.

    Returns
    -------
    str
        Markdown; what is incomplete stands first.
    """
    w = words("footprint", found.study.language)
    study = found.study
    out = [f"# {escape(study.title) or w['report']}", "", f"**{headline(found, w)}**", ""]
    out += [f"- {w['public']}"] if public else []
    gap = w["incomplete_public" if public else "incomplete_full"]
    space = " " if study.language == "en" else ""
    out += [f"- {w['is_complete']}" if found.complete else f"- **{w['is_incomplete']}{space}{gap}**"]
    out += [f"- {w['counts'].format(**found.issues.counts())}", ""]
    parts = (
        ("boundary", _boundary(found, w, public)), ("method", _method(found, w, public)),
        ("form", _form(found, uncertainty, w, pact, public)), ("quality", _quality(found, uncertainty, w, public)),
        ("trace", _trace(found, inputs, w, public)),
    )  # fmt: skip
    for number, (name, lines) in enumerate(parts, start=1):
        out += [f"## {number}. {w[name]}", "", *lines]
    return "\n".join(out).rstrip("\n") + "\n"


def headline(found: Footprint, w: Mapping[str, str], scenario: str = "") -> str:
    """Return the footprint of the declared unit in one phrase."""
    return f"{_declared(found)} {escape(found.study.product)}{w['colon']}{significant(found.co2e(scenario))} kgCO2e"


def _declared(found: Footprint) -> str:
    return f"{decimal(found.study.amount)} {escape(found.study.unit)}"


def _facts(pairs: Iterable[tuple[str, str]], w: Mapping[str, str]) -> list[str]:
    return [*(f"- {w[name]}{w['colon']}{text}" for name, text in pairs if text), ""]


def _boundary(found: Footprint, w: dict[str, str], public: bool) -> list[str]:
    study = found.study
    stages = dict.fromkeys(r["name"] for r in found.records if r["part"] == "stage")
    rule = find_rule(study.rule)
    limit = min((one for one in (study.cut_off, rule.cut_off if rule else None) if one is not None), default=None)
    gone = found.left_out_pct.items()
    shares = [f"{escape(scenario_name(name, w))} {'–' if s is None else f'{s or 0:.2g} %'}" for name, s in gone]
    sizes = w["sizes"].format(processes=len(found.chain.processes), exchanges=len(found.chain.exchanges))
    return _facts((
        ("product", escape(study.product)), ("declared", _declared(found)),
        ("words", escape(study.functional_unit)), ("system", w[study.boundary]),
        ("stages", w["comma"].join(w[name] for name in stages)), ("region", escape(study.region) or w["unknown"]),
        ("period", escape(study.period) or w["unknown"]),
        ("excluded", "" if public else w["semicolon"].join(map(escape, study.excluded)) or w["nothing"]),
        ("left_out", w["comma"].join(shares)),
        ("limit", w["unknown"] if limit is None else f"{100 * limit:.3g} %"), ("processes", "" if public else sizes),
    ), w)  # fmt: skip


def _method(found: Footprint, w: dict[str, str], public: bool) -> list[str]:
    study, zh = found.study, found.study.language == "zh"
    pack, rule = found.library.pack(study.method), find_rule(study.rule)
    title = escape(study.rule) if rule is None else f"{rule.title_zh if zh else rule.title_en} {rule.document}".strip()
    if rule is None or not rule.known:
        title += f" ({w['rule_unread']})"
    elif rule.verification != "primary":
        title += f" ({w[f'is_{rule.verification}']})"
    hidden = public and is_own_method(found)
    named = f"{pack.title_zh if zh else pack.title_en} (`{pack.id}`{w['comma']}{pack.document})"
    own = [f"{escape(p.name)} {w[p.allocation]}" for p in found.chain.processes if p.allocation]
    changes = [
        f"{escape(name)}{w['colon']}" + w["comma"].join(f"{escape(p)} = {escape(e.text)}" for p, e in changed.items())
        for name, changed in found.parameters.scenarios.items()
    ]
    recycled = escape(study.recycling) if not public or study.recycling in RECYCLING else w["own_recycling"]
    out = _facts((
        ("rule", title), ("pack", w["own_pack"] if hidden else named), ("gwp", _potentials(found, w, public)),
        ("allocation", w[study.allocation]), ("own_allocation", "" if public else w["comma"].join(own)),
        ("recycling", recycled if any(p.recycling for p in found.chain.processes) else ""),
        ("electricity", _electricity(found, w, public)),
        ("scenarios", "" if public else w["semicolon"].join(changes)),
    ), w)[:-1]  # fmt: skip
    out += [f"- {w['loops']}"]
    unknown = () if hidden else pack.unknown_zh if zh else pack.unknown
    lines = [f"- {w['pack_unknown']}{w['colon'].rstrip()}", *(f"    - {text}" for text in unknown)] if unknown else []
    return [*out, *lines, "", *([] if public else share_lines(found, w))]


def _potentials(found: Footprint, w: dict[str, str], public: bool) -> str:
    """Return the set of warming potentials, and its values of the gases that the study has."""
    held = gwp_set(found)
    if held is None:
        return w["no_gwp"]
    meta = held.meta
    name = f"{meta.title_zh if found.study.language == 'zh' else meta.title_en} (`{gwp_name(found)}`)"
    gases = [gas for gas in found.background.gases if found.potentials.get(gas, 1) != 1]
    values = w["comma"].join(f"{gas} {float(found.potentials[gas]):,g}" for gas in gases)
    return (w["own_gwp"] if public and held.own else name) + (f"{w['semicolon']}{values}" if values else "")


def _electricity(found: Footprint, w: dict[str, str], public: bool) -> str:
    """Return which electricity was taken, by certificate or average mix, and whether by an own factor."""
    table_of, zh = found.exchanges, found.study.language == "zh"
    said: dict[str, None] = {}
    for exchange in found.chain.exchanges:
        if exchange.kind == "electricity":
            cover, own = table_of.text("instrument", exchange.row), bool(table_of.text("factor_unit", exchange.row))
            known = choices("instrument").get(choice_ids("instrument").get(folded(cover), ""))
            given = "" if public else escape(cover)
            given = given if known is None else known.name_zh if zh else known.name_en
            name = given or (w["uncovered"] if own else w["average"])
            name = f"{w['own_factor']}{w['comma']}{name}" if own else name
            said[name if public else f"{escape(exchange.name)}{w['colon']}{name}"] = None
    return w["semicolon"].join(said) or w["no_electricity"]


def _form(
    found: Footprint, uncertainty: Mapping[str, Uncertainty], w: dict[str, str], pact: bool, public: bool
) -> list[str]:
    mark = {True: w["yes"], False: f"**{w['no']}**"}
    classes = found.study.classes
    rows = [
        [escape(scenario_name(name, w)), mark[found.complete], *([] if classes is None else [_class(found, name, w)]),
         f"**{significant(found.co2e(name))}**"]
        for name in found.solved
    ]  # fmt: skip
    out = [f"### {w['result'].format(declared=_declared(found))}", ""]
    header = [w["scenario"], w["complete"], *([] if classes is None else [w["class"]]), w["total"]]
    out += table(header, rows, 1, "footprint.csv", w)
    out += [] if classes is None else [f"- {w['class_source']}{w['colon']}{escape(classes.source)}", ""]
    for part in ("gas", "stage", "origin", "apart", *(() if public else ("process",))):
        out += _matrix(found, part, w)
    if not public:
        out += _level(found, w) + _top(found, w)
    names = ["footprint.csv", "quality.csv", "provenance.json"]
    names += [] if public else ["contributions.csv", "edges.csv", "allocation.csv", "balances.csv",
                             "sensitivity.csv", "issues.csv"]  # fmt: skip
    names += [] if public or not (found.study.draws and uncertainty) else ["draws.parquet"]
    out += [f"- {w['files']}{w['colon']}{w['comma'].join(f'`{name}`' for name in names)}"]
    if not pact:
        return [*out, f"- {w['pact_no_public' if public else 'pact_no']}", ""]
    share = primary_data_share(found)
    kind = "pds_given" if "primaryDataShare" in found.study.pact else "pds_none" if share is None else "pds"
    counted = w[kind].format(share=percent(share))
    space = " " if found.study.language == "en" else ""
    return [*out, f"- {w['pact_public' if public else 'pact_yes']}{space}{counted}", ""]


def _class(found: Footprint, scenario: str, w: dict[str, str]) -> str:
    if not found.complete:
        return w["ungraded"]
    return escape(found.grade(scenario) or w["beyond"])


def _matrix(found: Footprint, part: str, w: dict[str, str]) -> list[str]:
    """Return one breakdown: a row per name, a column per scenario, then the share in the base case."""
    records = [r for r in footprint_records(found) if r["part"] == part]
    if not records:
        return []
    names = dict.fromkeys(r["name"] for r in records)
    at = {(r["scenario"], r["name"]): r for r in records}
    rows = []
    for name in names:
        cells = [at.get((scenario, name), {}) for scenario in found.solved]
        share = [] if part == "apart" else [percent(cells[0].get("share_pct"))]
        shown = name if part in ("gas", "process") else w.get(name, name)
        rows.append([escape(shown), *(aligned(cell.get("co2e_kg"), found.co2e()) for cell in cells), *share])
    header = [w["name"], *(escape(scenario_name(name, w)) for name in found.solved)]
    header += [] if part == "apart" else [w["share"]]
    out = [f"### {w[part]}", "", *table(header, rows, len(header) - 1, "footprint.csv", w)]
    whole = part == "gas" and any(r["name"] == "CO2e" and r["co2e_kg"] for r in records)
    return [*out, w["whole"], ""] if whole else out


def _level(found: Footprint, w: dict[str, str]) -> list[str]:
    rows = [
        [escape(r["name"]), kind_name(r["kind"], found.study.language), str(r["source_line"]),
         aligned(r["co2e_kg"], found.co2e()), percent(r["share_pct"])]
        for r in contribution_tree(found)
    ]  # fmt: skip
    header = [w["name"], w["kind"], w["line"], "kgCO2e", w["share"]]
    return [f"### {w['level']}", "", *table(header, rows, 3, "edges.csv", w)]


def _top(found: Footprint, w: dict[str, str]) -> list[str]:
    rows = [
        [escape(r["process"]), escape(r["name"]), kind_name(r["kind"], found.study.language),
         data_name(r["data"], w), str(r["source_line"]), aligned(r["co2e_kg"], found.co2e()), percent(r["share_pct"])]
        for r in largest(found)
    ]  # fmt: skip
    header = [w["in_process"], w["name"], w["kind"], w["data"], w["line"], "kgCO2e", w["share"]]
    return [f"### {w['top']}", "", *table(header, rows, 3, "contributions.csv", w)]


def largest(found: Footprint, scenario: str = "", most: int = MOST) -> list[dict[str, Any]]:
    """Return the exchanges that contribute most, burdens and credits by their size."""
    mine = exchange_records(found, scenario)

    def size(r: dict[str, Any]) -> tuple[float, int]:  # what is not known may be the largest
        return -math.inf if r["co2e_kg"] is None else -abs(r["co2e_kg"]), r["source_line"]

    return sorted(mine, key=size)[:most]


def _quality(found: Footprint, uncertainty: Mapping[str, Uncertainty], w: dict[str, str], public: bool) -> list[str]:
    rows = []
    for scenario in found.solved:
        (rated,) = cleared([found.quality(scenario)])
        scores = [w["unrated"] if rated[name] is None else figure(rated[name], 2) for name in SCORES]
        rows.append([escape(scenario_name(scenario, w)), percent(rated["primary_pct"]), *scores])
    header = [w["scenario"], w["primary_share"], *(w[name] for name in SCORES)]
    out = [f"{w['pedigree']}{w['colon'].rstrip()}", "", *table(header, rows, 6, "quality.csv", w)]
    out += [w["primary_note"], "", f"### {w['uncertainty']}", "", *spread_lines(found, uncertainty, w)]
    if public:
        return out
    out += (cause_lines(found, uncertainty, w) if uncertainty else []) + _balances(found, w)
    return out + issue_section(found.issues, found.study.language, w, "###")


def _balances(found: Footprint, w: dict[str, str]) -> list[str]:
    opened = [
        r for r in found.balance_records
        if not r["scenario"] and r["difference_pct"] is not None and abs(r["difference_pct"]) > OPEN_PCT
    ]  # fmt: skip
    if not opened:
        return [w["balanced"], ""]
    rows = [
        [escape(r["process"]), w[r["balance"]], r["unit"], compact(r["in"]), compact(r["out"]),
         percent(r["difference_pct"]) if abs(r["difference_pct"]) < 1000 else "> 1,000"]
        for r in opened
    ]  # fmt: skip
    header = [w["in_process"], w["kind_of_balance"], w["unit"], w["in"], w["out"], w["difference"]]
    return [f"### {w['balance']}", "", *table(header, rows, 3, "balances.csv", w)]


def _trace(found: Footprint, inputs: Mapping[str, str], w: dict[str, str], public: bool) -> list[str]:
    rows = {e.row for e in found.chain.exchanges}
    proven = sum(bool(found.exchanges.text("evidence", row)) for row in rows)
    colon, bare = w["colon"], w["colon"].rstrip()
    library = f"- {w['library']}{colon}`{found.library.digest}`"
    if public:
        digests = [f"    - `{digest}`" for digest in inputs.values()]
        return [f"- {w['digests']}{bare}", *digests, library, f"- {w['retrace_public']}", ""]
    out = [f"- {w['evidence']}{colon}{w['checked'].format(n=proven, all=len(rows))}", f"- {w['inputs']}{bare}"]
    out += [f"    - {escape(name)}{colon}`{digest}`" for name, digest in inputs.items()]
    return [*out, library, f"- {w['retrace']}", "", *_factors(found, w)]


def _factors(found: Footprint, w: dict[str, str]) -> list[str]:
    """Return the printed numbers that emissions are computed from, then the publications, each once."""
    used, zh = emission_factors(found), found.study.language == "zh"
    if not used:
        return []
    rows = [
        [f"`{name}`", f"{one.value} {'' if one.unit == '1' else escape(one.unit)}".strip(), escape(one.page)]
        for name, one in used.items()
    ]  # fmt: skip
    out = [f"### {w['factors']}", "", *table([w["factor"], w["value"], w["page"]], rows, 0, "provenance.json", w)]
    metas = {name: found.library.set(name).meta for name in dict.fromkeys(one.set_id for one in used.values())}
    lines = [
        [f"`{name}`", escape(one.document), escape(one.title_zh if zh else one.title_en),
         w[f"is_{one.verification}"]]
        for name, one in metas.items()
    ]  # fmt: skip
    header = [w["set"], w["document"], w["title"], w["verification"]]
    return [*out, f"### {w['publications']}", "", *table(header, lines, 0, "provenance.json", w)]


__all__ = ["MOST", "headline", "kind_name", "largest", "render_footprint", "scenario_name", "significant"]
