"""`report.md` of a product footprint in the five parts: boundary, method, form, data quality, traceability."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from carbon.footprint.grades import grades
from carbon.footprint.rules import find_rule
from carbon.footprint.statistics import probability_below
from carbon.footprint.study import Footprint
from carbon.footprint.tables import SCORES
from carbon.footprint.tree import contribution_tree
from carbon.report.evidence import cleared, gwp_name, spread
from carbon.report.markdown import escape, figure, table
from carbon.report.words import words
from carbon.schema import choices

if TYPE_CHECKING:
    from carbon.errors import Issue
    from carbon.footprint.uncertain import Uncertainty

MOST = 10
OPEN_PCT = 5.0  # a balance that differs by more is named


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
    out = [f"# {escape(study.title) or w['report']}", "", f"**{escape(study.product)}**: {headline(found, w)}", ""]
    out += [f"- {w['public']}"] if public else []
    out += [f"- {w['is_complete']}" if found.complete else f"- **{w['is_incomplete']}**"]
    out += [f"- {w['counts'].format(**found.issues.counts())}", ""]
    parts = (
        ("boundary", _boundary(found, w, public)), ("method", _method(found, w, public)),
        ("form", _form(found, w, pact, public)), ("quality", _quality(found, uncertainty, w, public)),
        ("trace", _trace(found, inputs, w, public)),
    )  # fmt: skip
    for number, (name, lines) in enumerate(parts, start=1):
        out += [f"## {number}. {w[name]}", "", *lines]
    return "\n".join(out).rstrip("\n") + "\n"


def headline(found: Footprint, w: Mapping[str, str], scenario: str = "") -> str:
    """Return the footprint of the declared unit in one phrase."""
    amount = figure(float(found.study.amount), 4).rstrip("0").rstrip(".")
    return f"{significant(found.co2e(scenario))} kgCO2e {w['per']} {amount} {escape(found.study.unit)}"


def significant(value: float | None) -> str:
    """Return a number for reading with about six digits; a dash where it is unknown.

    Examples
    --------
    >>> significant(12345.678), significant(0.01234567), significant(None)
    ('12,345.7', '0.0123457', '–')
    """
    if value is None:
        return "–"
    size = abs(value)
    digits = next((d for limit, d in ((1e5, 0), (1e4, 1), (1e3, 2), (1e2, 3), (10, 4), (1, 5)) if size >= limit), None)
    return f"{value:.6g}" if digits is None else f"{value:,.{digits}f}"


def scenario_name(scenario: str, w: Mapping[str, str]) -> str:
    """Return the name of a scenario, the base case in words."""
    return scenario or w["base"]


def _facts(pairs: Iterable[tuple[str, str]], w: Mapping[str, str]) -> list[str]:
    return [*(f"- {w[name]}: {text}" for name, text in pairs if text), ""]


def _boundary(found: Footprint, w: dict[str, str], public: bool) -> list[str]:
    study = found.study
    stages = dict.fromkeys(r["name"] for r in found.records if r["part"] == "stage")
    rule = find_rule(study.rule)
    limit = study.cut_off if study.cut_off is not None or rule is None else rule.cut_off
    shares = [f"{escape(scenario_name(name, w))} {figure(share)} %" for name, share in found.left_out_pct.items()]
    sizes = f"{len(found.chain.processes)}, {len(found.chain.exchanges)}"
    return _facts((
        ("product", escape(study.product)), ("declared", f"{study.amount} {escape(study.unit)}"),
        ("words", escape(study.functional_unit)), ("system", w[study.boundary]),
        ("stages", ", ".join(w[name] for name in stages)), ("region", escape(study.region) or w["unknown"]),
        ("period", escape(study.period) or w["unknown"]),
        ("excluded", "" if public else "; ".join(map(escape, study.excluded)) or w["nothing"]),
        ("left_out", ", ".join(shares)), ("limit", w["unknown"] if limit is None else f"{figure(100 * limit)} %"),
        ("processes", "" if public else sizes),
    ), w)  # fmt: skip


def _method(found: Footprint, w: dict[str, str], public: bool) -> list[str]:
    study, zh = found.study, found.study.language == "zh"
    pack, rule = found.library.pack(study.method), find_rule(study.rule)
    title = escape(study.rule) if rule is None else f"{rule.title_zh if zh else rule.title_en} {rule.document}".strip()
    if rule is None or not rule.known:
        title += f" ({w['rule_unread']})"
    elif rule.verification != "primary":
        title += f" ({w[f'is_{rule.verification}']})"
    own = [f"{escape(p.name)} {w[p.allocation]}" for p in found.chain.processes if p.allocation]
    changes = [
        f"{escape(name)}: " + ", ".join(f"{escape(p)} = {escape(e.text)}" for p, e in changed.items())
        for name, changed in found.parameters.scenarios.items()
    ]
    out = _facts((
        ("rule", title), ("pack", f"{pack.title_zh if zh else pack.title_en} (`{pack.id}`, {pack.document})"),
        ("gwp", gwp_name(found) if gwp_name(found) != "none" else w["none"]), ("allocation", w[study.allocation]),
        ("own_allocation", "" if public else ", ".join(own)),
        ("recycling", escape(study.recycling) if any(p.recycling for p in found.chain.processes) else ""),
        ("electricity", _electricity(found, w, public)), ("scenarios", "" if public else "; ".join(changes)),
    ), w)[:-1]  # fmt: skip
    out += [f"- {w['loops']}"]
    unknown = pack.unknown_zh if zh else pack.unknown
    return [*out, *([f"- {w['pack_unknown']}:", *(f"    - {text}" for text in unknown)] if unknown else []), ""]


def _electricity(found: Footprint, w: dict[str, str], public: bool) -> str:
    """Return which electricity was taken, by certificate or average mix, and whether by an own factor."""
    table_of, zh = found.exchanges, found.study.language == "zh"
    said: dict[str, None] = {}
    for exchange in found.chain.exchanges:
        if exchange.kind == "electricity":
            cover = table_of.text("instrument", exchange.row)
            known = choices("instrument").get(cover)
            given = escape(cover) if known is None else known.name_zh if zh else known.name_en
            name = given if cover else w["average"]
            own = f", {w['own_factor']}" if table_of.text("factor_unit", exchange.row) else ""
            said[name + own if public else f"{escape(exchange.name)}: {name}{own}"] = None
    return "; ".join(said) or w["no_electricity"]


def _form(found: Footprint, w: dict[str, str], pact: bool, public: bool) -> list[str]:
    mark = {True: w["yes"], False: f"**{w['no']}**"}
    rows = [
        [escape(scenario_name(name, w)), mark[found.complete], f"**{significant(found.co2e(name))}**"]
        for name in found.solved
    ]
    out = [f"### {w['result']} (kgCO2e {w['per']} {found.study.amount} {escape(found.study.unit)})", ""]
    out += table([w["scenario"], w["complete"], w["total"]], rows, 1, "footprint.csv", w)
    if found.study.classes is not None:
        named = [f"{escape(scenario_name(name, w))} {escape(found.grade(name) or w['none'])}" for name in found.solved]
        out += [f"- {w['class']} ({escape(found.study.classes.source)}): {', '.join(named)}", ""]
    for part in ("gas", "stage", "origin", "apart", *(() if public else ("process",))):
        out += _matrix(found, part, w)
    if not public:
        out += _level(found, w) + _top(found, w)
    names = ["`footprint.csv`", "`quality.csv`", "`provenance.json`"]
    names += (
        [] if public else ["`contributions.csv`", "`edges.csv`", "`balances.csv`", "`sensitivity.csv`", "`issues.csv`"]
    )
    return [*out, f"- {w['files']}: {', '.join(names)}", f"- {w['pact_yes' if pact else 'pact_no']}", ""]


def _matrix(found: Footprint, part: str, w: dict[str, str]) -> list[str]:
    """Return one breakdown: a row per name, a column per scenario, then the share in the base case."""
    records = cleared(r for r in found.records if r["part"] == part)
    if not records:
        return []
    names = dict.fromkeys(r["name"] for r in records)
    at = {(r["scenario"], r["name"]): r for r in records}
    rows = []
    for name in names:
        cells = [at.get((scenario, name), {}) for scenario in found.solved]
        share = [] if part == "apart" else [figure(cells[0].get("share_pct"), 1)]
        shown = name if part in ("gas", "process") else w.get(name, name)
        rows.append([escape(shown), *(significant(cell.get("co2e_kg")) for cell in cells), *share])
    header = [w["name"], *(escape(scenario_name(name, w)) for name in found.solved)]
    header += [] if part == "apart" else [w["share"]]
    return [f"### {w[part]}", "", *table(header, rows, len(header) - 1, "footprint.csv", w)]


def _level(found: Footprint, w: dict[str, str]) -> list[str]:
    rows = [
        [escape(r["name"]), kind_name(r["kind"], found.study.language), str(r["source_line"]),
         significant(r["co2e_kg"]), figure(r["share_pct"], 1)]
        for r in contribution_tree(found)
    ]  # fmt: skip
    header = [w["name"], w["kind"], w["line"], "kgCO2e", w["share"]]
    return [f"### {w['level']}", "", *table(header, rows, 3, "edges.csv", w)]


def _top(found: Footprint, w: dict[str, str]) -> list[str]:
    rows = [
        [escape(r["process"]), escape(r["name"]), kind_name(r["kind"], found.study.language), escape(r["data"] or ""),
         str(r["source_line"]), significant(r["co2e_kg"]), figure(r["share_pct"], 1)]
        for r in largest(found)
    ]  # fmt: skip
    header = [w["in_process"], w["name"], w["kind"], w["data"], w["line"], "kgCO2e", w["share"]]
    return [f"### {w['top']}", "", *table(header, rows, 3, "contributions.csv", w)]


def largest(found: Footprint, scenario: str = "", most: int = MOST) -> list[dict[str, Any]]:
    """Return the exchanges that contribute most, burdens and credits by their size."""
    mine = cleared(r for r in found.contribution_records if r["scenario"] == scenario)

    def size(r: dict[str, Any]) -> tuple[float, int]:  # what is not known may be the largest
        return -math.inf if r["co2e_kg"] is None else -abs(r["co2e_kg"]), r["source_line"]

    return sorted(mine, key=size)[:most]


def kind_name(kind: str, language: str) -> str:
    """Return the name of a kind of exchange."""
    one = choices("exchange")[kind]
    return one.name_zh if language == "zh" else one.name_en


def _quality(found: Footprint, uncertainty: Mapping[str, Uncertainty], w: dict[str, str], public: bool) -> list[str]:
    rows = []
    for scenario in found.solved:
        (rated,) = cleared([found.quality(scenario)])
        scores = [w["unrated"] if rated[name] is None else figure(rated[name], 2) for name in SCORES]
        share = "–" if rated["primary_pct"] is None else f"{figure(rated['primary_pct'], 1)} %"
        rows.append([escape(scenario_name(scenario, w)), share, *scores])
    header = [w["scenario"], w["primary"], *(w[name] for name in SCORES)]
    out = [f"{w['pedigree']}:", "", *table(header, rows, 6, "quality.csv", w), f"### {w['uncertainty']}", ""]
    out += _spread(found, uncertainty, w, public)
    return out if public else out + _balances(found, w) + _issues(found, w)


def _spread(found: Footprint, uncertainty: Mapping[str, Uncertainty], w: dict[str, str], public: bool) -> list[str]:
    """Return mean and interval by scenario, what stands behind them and, of the base case, what causes the spread."""
    if not uncertainty:
        return [w["no_limits"], ""]
    rows = []
    for name, one in uncertainty.items():
        drawn, summary = spread(one)
        how = w["draws"].format(n=len(one.draws), seed=one.seed) if drawn else w["analytic"]
        values = (summary.mean, summary.median, summary.low, summary.high)
        rows.append([escape(scenario_name(name, w)), how, *(significant(float(value)) for value in values)])
    header = [w["scenario"], "kgCO2e", w["mean"], w["median"], w["low"], w["high"]]
    base = next(iter(uncertainty.values()))
    out = [*table(header, rows, 4, "draws.parquet", w), getattr(base.said, found.study.language), ""]
    out += _pairs(found, uncertainty, w)
    if public:
        return out
    if base.mean_shift:
        largest_first = sorted(base.mean_shift, key=lambda r: -abs(r["shift_co2e_kg"]))
        rows = [
            [escape(r["name"]), str(r["source_line"] or ""), significant(r["value"]), significant(r["mean"]),
             significant(r["shift_co2e_kg"])]
            for r in largest_first[:MOST]
        ]  # fmt: skip
        header = [w["name"], w["line"], w["value"], w["mean"], "kgCO2e"]
        out += [f"{w['shift']}:", "", *table(header, rows, 4, "provenance.json", w)]
    ranked = [r for r in base.ranking[:MOST] if r["analytic_pct"]]
    rows = [
        [escape(" ".join(filter(None, (r["process"], r["name"])))), w[f"of_{r['kind']}"], str(r["source_line"] or ""),
         figure(r["analytic_pct"], 1), figure(r["drawn_pct"], 1)]
        for r in ranked
    ]  # fmt: skip
    header = [w["name"], w["kind"], w["line"], w["by_theory"], w["by_draws"]]
    return [*out, f"{w['sensitivity']}:", "", *table(header, rows, 3, "sensitivity.csv", w)]


def _pairs(found: Footprint, uncertainty: Mapping[str, Uncertainty], w: dict[str, str]) -> list[str]:
    """Return how likely each scenario lies below the base case, by common random numbers, and the classes of draws."""
    base, *others = uncertainty.items()
    if len(base[1].draws) < 2:
        return []
    out = []
    for name, one in others:
        good = np.isfinite(one.draws) & np.isfinite(base[1].draws)
        if good.sum() > 1:
            below = probability_below(one.draws[good], base[1].draws[good])
            out.append("- " + w["below_base"].format(
                name=escape(name), p=figure(100 * below.probability, 1), error=figure(100 * below.standard_error, 1)
            ))  # fmt: skip
    if found.study.classes is not None:
        for name, one in uncertainty.items():
            shares = grades(one.draws, found.study.classes.pairs).items()
            said = ", ".join(f"{escape(grade)} {figure(100 * share, 1)} %" for grade, share in shares if share)
            out.append(f"- {w['class_draws']}, {escape(scenario_name(name, w))}: {said or w['none']}")
    return [*out, ""] if out else []


def _balances(found: Footprint, w: dict[str, str]) -> list[str]:
    opened = [
        r for r in found.balance_records
        if not r["scenario"] and r["difference_pct"] is not None and abs(r["difference_pct"]) > OPEN_PCT
    ]  # fmt: skip
    if not opened:
        return [w["balanced"], ""]
    rows = [
        [escape(r["process"]), w[r["balance"]], r["unit"], significant(r["in"]), significant(r["out"]),
         figure(r["difference_pct"], 1)]
        for r in opened
    ]  # fmt: skip
    header = [w["in_process"], "", w["unit"], w["in"], w["out"], w["difference"]]
    return [f"### {w['balance']}", "", *table(header, rows, 3, "balances.csv", w)]


def _issues(found: Footprint, w: dict[str, str]) -> list[str]:
    """Return the issues: errors and warnings one by one, notes of one code together."""
    language = found.study.language
    grouped: dict[tuple[str, ...], list[Issue]] = {}
    for issue in found.issues.ordered():
        key = (issue.code,) if issue.severity == "note" else (issue.code, issue.message(language))
        grouped.setdefault(key, []).append(issue)
    rows = []
    for issues in grouped.values():
        first, lines = issues[0], {(i.file, line) for i in issues for line in i.lines}
        text = first.message(language)
        text = w["values"].format(n=len(issues), first=text) if len(issues) > 1 else text
        rows.append(
            [first.code, w[first.severity], escape(text), escape(first.remedy(language)), str(len(lines) or "")]
        )
    header: Sequence[str] = [w["code"], w["severity"], w["message"], w["remedy"], w["lines"]]
    return [f"### {w['issues']}", "", *table(header, rows, 1, "issues.csv", w)] if rows else []


def _trace(found: Footprint, inputs: Mapping[str, str], w: dict[str, str], public: bool) -> list[str]:
    rows = {e.row for e in found.chain.exchanges}
    proven = sum(bool(found.exchanges.text("evidence", row)) for row in rows)
    digests = [f"- {w['inputs']}:"]
    digests += [
        f"    - `{digest}`" if public else f"    - {escape(name)}: `{digest}`" for name, digest in inputs.items()
    ]
    out = [f"- {w['evidence']}: {proven} / {len(rows)}"] if not public else []
    out += [*digests, f"- {w['library']}: `{found.library.digest}`", f"- {w['retrace']}", ""]
    result = found.background.result
    if public or result is None:
        return out
    factors = [
        [f"`{name}`", f"{one['value']} {'' if one['unit'] == '1' else escape(one['unit'])}".strip(),
         escape(f"{one['document']} {one[f'title_{found.study.language}']}".strip()), escape(one["page"]),
         w[f"is_{one['verification']}"]]
        for name, one in result.provenance["factors"].items()
    ]  # fmt: skip
    header = [w["factor"], w["value"], w["document"], w["page"], w["verification"]]
    return [*out, f"### {w['factors']}", "", *table(header, factors, 0, "provenance.json", w)]
