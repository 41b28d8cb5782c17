"""The page of a footprint, put together: what must be read first, headline, charts, tables, equations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from carbon.footprint.rules import find_rule
from carbon.report.cells import percent, significant
from carbon.report.evidence import data_kind, evidence, gwp_name
from carbon.report.page.footprints.figures import charts
from carbon.report.page.footprints.origins import Origins
from carbon.report.page.footprints.tables import tables
from carbon.report.page.footprints.view import View
from carbon.report.page.parts import card, clean, figure, first, number, point, unsure
from carbon.report.page.render import Page

if TYPE_CHECKING:
    from carbon.footprint.study import Footprint
    from carbon.footprint.uncertain import Uncertainty

MOST_CARDS = 12


def page_of_footprint(found: Footprint, inputs: Mapping[str, str], uncertainty: Mapping[str, Uncertainty]) -> Page:
    """Return the page of a footprint in the language of its study, with the whole bill of material.

    Parameters
    ----------
    found : Footprint
        What was computed.
    inputs : mapping of str to str
        SHA-256 by name of input file.
    uncertainty : mapping of str to Uncertainty
        By scenario; may be empty.
    """
    view = View(found, uncertainty)
    w, facts, origins = view.w, evidence(found, inputs, uncertainty), Origins(view)
    made = tables(view, origins, facts["factors"] | {one["id"]: one for one in view.potentials.values()})
    digests = [f"{clean(name, 60)} {digest[:12]}" for name, digest in inputs.items()]
    return Page(
        language=view.language,
        title=clean(found.study.title) or w["report"],
        facts=_facts(view, facts),
        first=_first(view, facts),
        headline=f"{w['footprint_of']} {view.declared}",
        groups=_headline(view),
        charts=charts(view),
        tables=made,
        made_from=w["semicolon"].join([f"{w['library']} {found.library.digest[:12]}", *digests]),
        texts=origins.texts,
    )


def _facts(view: View, facts: Mapping[str, Any]) -> str:
    """Return what is to be known at once: unit, boundary, method, rule, potentials, place and time."""
    study, w, zh = view.found.study, view.w, view.language == "zh"
    rule, pack = find_rule(study.rule), facts["methods"][0]
    named = study.rule if rule is None else f"{rule.title_zh if zh else rule.title_en} {rule.document}".strip()
    pairs = (
        ("", study.functional_unit), ("", w[study.boundary]),
        ("pack", f"{pack[f'title_{view.language}']} ({pack['id']}, {pack['document']})"), ("rule", named),
        ("gwp", gwp_name(view.found)), ("region", study.region or w["unstated"]),
        ("period", study.period or w["unstated"]),
    )  # fmt: skip
    return " · ".join(clean(f"{w[name]}{w['colon']}{text}" if name else text, 200) for name, text in pairs if text)


def _first(view: View, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return what must be read before the numbers: what is missing, unverified, estimated, unknown, left out."""
    found, w, zh = view.found, view.w, view.language == "zh"
    study, pack, rule = found.study, facts["methods"][0], find_rule(found.study.rule)
    unweighed = [view.scenario(name) for name in found.solved if view.totals[name] is None]
    points = [point("unverified", w["unweighed"], unweighed)]
    points += unsure(view.language, facts["sets"], {one["set"]: one for one in view.potentials.values()})
    if pack["verification"] != "primary":
        said = f"{w['pack_read']}{w['colon']}{w['is_' + pack['verification']]}"
        points.append(point(pack["verification"], said, [f"{pack[f'title_{view.language}']} ({pack['id']})"]))
    points.append(point("own", w["own_items"], facts["own_items"]))
    guessed = [
        f"{r['process']} · {r['name']} ({w['at_row'].format(n=r['source_line'])}, {percent(r['share_pct'])} %)"
        for r in view.exchanges if data_kind(r["data"]) == "estimate"
    ]  # fmt: skip
    points.append(point("own", w["estimates"], guessed))
    if rule is None or not rule.known:
        name = study.rule if rule is None else rule.title_zh if zh else rule.title_en
        points.append(point("unknown", f"{w['rule']}{w['colon']}{w['rule_unread']}", [name]))
    elif rule.verification != "primary":
        points.append(point("unknown", w["rule"], [f"{rule.document} ({w[f'is_{rule.verification}']})"]))
    shares = [
        f"{view.scenario(n)} {'–' if s is None else f'{s:.2g} %'}" for n, s in found.left_out_pct.items() if s != 0
    ]
    gone = [*study.excluded, *([f"{w['left_out']}{w['colon']}{w['comma'].join(shares)}"] if shares else [])]
    points.append(point("unknown", w["excluded"], gone))
    points.append(point("unknown", f"{w['unknown_to']} ({pack['id']})", pack["unknown_zh" if zh else "unknown"]))
    if not view.uncertainty:
        points.append(point("unknown", w["uncertainty_of"], [w["no_limits"]]))
    space = " " if view.language == "en" else ""
    return first(
        found.issues.ordered(), view.language, bad=not found.complete, points=points,
        state=w["is_complete"] if found.complete else f"{w['is_incomplete']}{space}{w['incomplete_full']}",
        counts=w["counts"].format(**found.issues.counts()),
    )  # fmt: skip


def _headline(view: View) -> list[tuple[str, list[dict[str, Any]]]]:
    """Return a card for each scenario, then what the base case rests on."""
    found, w = view.found, view.w
    cards = []
    for name in [*found.solved][:MOST_CARDS]:
        around, graded = view.interval(name), found.grade(name)
        notes = []
        if around is not None:
            limits = f"{significant(float(around.low))} … {significant(float(around.high))}"
            notes.append(f"{w['interval']}{w['colon']}{limits}")
        if found.study.classes is not None:
            notes.append(f"{w['class']}{w['colon']}{w['ungraded'] if not found.complete else graded or w['beyond']}")
        warn = "" if found.complete else w["incomplete_note"]
        cards.append(card(view.scenario(name), significant(view.totals[name]), "kgCO2e",
                          note=clean("; ".join(notes)), warn=warn, main=not name))  # fmt: skip
    more = len(found.solved) - len(cards)
    base = []
    primary = found.quality()["primary_pct"]
    if primary is not None:
        base.append(card(w["primary_share"].removesuffix(" %"), figure(number(primary), 1), "%"))
    left_out = found.left_out_pct.get("")
    if left_out:
        base.append(card(w["left_out"], f"{left_out:.2g}", "%"))
    base += [
        card(f"{w['apart_of']}{w['colon']}{w[r['name']]}", significant(r["co2e_kg"]), "kg CO2")
        for r in view.records if r["part"] == "apart" and not r["scenario"] and r["co2e_kg"]
    ]  # fmt: skip
    title = w["scenarios_more"].format(n=len(cards), all=len(found.solved)) if more else ""
    return [(title, cards), *([(w["base_rests"], base)] if base else [])]
