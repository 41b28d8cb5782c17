"""What the terminal shows of levels, verdicts, portfolios and equipment."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from carbon.cli.show import MOST_ROWS, print_issues, rows, verdict_rows
from carbon.report import figure, words

if TYPE_CHECKING:
    from carbon.benchmarks import Equipment, Levels, Portfolio, SavingsCheck, Upgrade, Verdicts
    from carbon.benchmarks.ladder import Ladder
    from carbon.benchmarks.levels import LevelSet


MOST_STUDY = 60


def verdicts(found: Verdicts, lang: str, out: Path | None) -> None:
    """Print where lines stand, how many have which verdict, and what could not be compared."""
    verdict_rows(found, lang, out)
    said = words("verdict", lang) | {"error": words("terminal", lang)["error"]}
    print("  ".join(f"{said[name]}: {number}" for name, number in sorted(found.counts().items())))
    print_issues(found.issues, lang, notes=True)
    _written(out, lang)


def portfolio(found: Portfolio, lang: str, out: Path | None) -> None:
    """Print shares, lines below the baseline and targets."""
    w = words("terminal", lang)
    body = []
    for r in found.share_records():
        ends = [(r[f"{kind}_share_pct"], r[f"{kind}_share_most_pct"]) for kind in ("capacity", "count")]
        shares = [figure(least, 1) + ("" if least == most else f" … {figure(most, 1)}") for least, most in ends]
        body.append([r["product"], str(r["lines"]), *shares, str(r["below"]), str(r["unknown"])])
    head = [w[n] for n in ("product", "number", "by_capacity", "by_count", "below", "unknown")]
    rows("", head, body, 5)
    lines = found.below_records()
    if lines:
        head = [w[n] for n in ("facility", "line", "product", "measured", "baseline", "deadline", "days", "energy")]
        body = [
            [r["facility"] or "", r["line"] or "", r["product"], figure(r["value"]), figure(r["baseline"]),
             r["deadline"] or "", str(int(r["days_left"])) if r["deadline"] else "", _some(r["tce_to_save"])]
            for r in lines[:MOST_ROWS]
        ]  # fmt: skip
        rows(w["below"], head, body, 1)
    said = words("verdict", lang)
    body = [
        [r["target_id"], f"{r['word']} {_some(r['target'])} {r['unit']}", r["due"], _some(r["now"]), said[r["verdict"]],
         r["needed"] or ""]
        for r in found.target_records()
    ]  # fmt: skip
    rows(w["targets"], [w[n] for n in ("target", "asked", "due", "now", "verdict", "needed")], body, 0)
    print_issues(found.verdicts.issues, lang, notes=True)
    _written(out, lang)


def equipment(found: Equipment, records: Sequence[dict[str, Any]], lang: str, out: Path | None) -> None:
    """Print grades, the first machines of a list and what is due."""
    w = words("terminal", lang)
    body = [
        [r["name"] or str(r["source_line"]), r["equipment"], r["grade"], r["level"] or "", r["indicator"] or "",
         _some(r["value"]), " / ".join(_some(r[f"grade_{n}"]) for n in (1, 2, 3)) if r["set"] else "",
         r["renewal"] or r["reason"] or ""]
        for r in records[:MOST_ROWS]
    ]  # fmt: skip
    head = [w[n] for n in ("name", "equipment", "grade", "level", "indicator", "measured", "levels", "remark")]
    rows("", head, body, 0)
    if len(records) > MOST_ROWS:
        print(w["more"].format(n=len(records) - MOST_ROWS, file=out or "-o FILE"))
    least, most = found.share(2)
    share = figure(least, 1) if least == most else f"{figure(least, 1)} … {figure(most, 1)}"
    counts = "  ".join(f"{w['grade']} {name}: {number}" for name, number in found.counts().items())
    print(f"{counts}  |  {w['saving_share']}: {share} %")
    print_issues(found.issues, lang)
    _written(out, lang)


def ladders(levels: Levels, found: Sequence[Ladder], lang: str) -> None:
    """Print levels, a row per ladder."""
    w = words("terminal", lang)
    body = []
    for x in found:
        condition = "; ".join(
            levels.choice(x.subject, name, value).name(lang) if isinstance(value, str) else f"{name} {value}"
            for name, value in x.condition.items()
        )
        values = " / ".join(t.value or "–" for t in x.tiers)
        sure = ", ".join(dict.fromkeys(t.verification for t in x.tiers))
        body.append(
            [x.tiers[0].id, levels.subjects[x.subject].name(lang), condition, levels.indicators[x.indicator].name(lang),
             levels.boundaries[x.boundary].name(lang), " / ".join(t.name for t in x.tiers), values, x.unit, sure]
        )  # fmt: skip
    names = ("first", "product", "condition", "indicator", "boundary", "tiers", "levels", "unit", "verification")
    rows("", [w[name] for name in names], body, 0)


def page(levels: Levels, level: str, lang: str) -> str:
    """Return one level with everything that is known of it."""
    one, x = levels.ladder(level)
    tier = next(t for t in x.tiers if t.id == level)
    w = words("terminal", lang)
    meta = one.meta
    title = meta.title_zh if lang == "zh" else meta.title_en
    condition = "; ".join(f"{name} {value}" for name, value in x.condition.items())
    how = f"{w['lower' if x.lower else 'higher']}, {w['strict' if tier.strict else 'inclusive']}"
    lines = [
        f"{tier.id}",
        f"  {levels.subjects[x.subject].name(lang)} {condition}",
        f"  {levels.indicators[x.indicator].name(lang)}, {levels.boundaries[x.boundary].name(lang)}",
        f"  {tier.name}: {tier.value or w['unknown']} {x.unit} ({how})",
        f"  {meta.document} {title}, {tier.page}",
        f"  {meta.publisher}"
        + (f", {w['issued']} {meta.issued}" if meta.issued else "")
        + (f", {w['effective']} {meta.effective}" if meta.effective else ""),
        f"  {tier.verification}: {meta.verified_from}",
    ]
    correction = x.corrections[x.tiers.index(tier)]
    if correction is not None:
        slope, reference = float(correction.slope), float(correction.reference)
        rule = f"+ {slope:g} × ({correction.attribute} - {reference:g})"
        if correction.kind:
            rule = f"× {slope:g} ({correction.attribute} = {correction.kind})"
        lines.append(f"  {w['correction']}: {rule}")
    lines += [f"  {w['deadline']}: {x.deadline}"] if x.deadline else []
    lines += [f"  {w['corroborated']}: {tier.corroborated_by}"] if tier.corroborated_by else []
    lines += [f"  {w['note']}: {tier.note}"] if tier.note else []
    return "\n".join(lines)


def sets(found: Sequence[LevelSet], lang: str) -> None:
    """Print level sets, one per row."""
    w = words("terminal", lang)
    body = [
        [s.id, s.meta.kind, s.meta.document, s.meta.title_zh if lang == "zh" else s.meta.title_en,
         str(s.meta.effective or s.meta.issued or ""), s.meta.verification, str(len(s.ladders))]
        for s in found
    ]  # fmt: skip
    rows("", [w[n] for n in ("set", "kind", "document", "title", "date", "verification", "ladders")], body, 1)


def _some(value: float | None) -> str:
    """Return a number as people write it; nothing where there is none."""
    if value is None or math.isnan(value):
        return ""
    return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:,.5g}"


def _written(out: Path | None, lang: str) -> None:
    if out is not None:
        print(f"{words('terminal', lang)['results']}: {out}")


def upgrade(study: Upgrade, out: Path, lang: str) -> None:
    """Print the abatement table of a study, cheapest first, with its totals."""
    w = words("terminal", lang)
    payback = {r["source_line"]: r for r in study.records}
    body = []
    for r in study.abatement_records:
        more = payback[r["source_line"]]
        body.append(
            [str(r["rank"] or ""), r["measure"], _some(r["tce_saved"]), _some(r["co2e_saved_t"]),
             _some(r["counted_co2e_t"]), _some(r["cumulative_co2e_t"]), _some(r["investment_cny"]),
             _some(more["payback_years"]), _some(more["irr_pct"]), _some(r["abatement_cost_cny_t"])]
        )  # fmt: skip
    names = ("rank", "measure", "energy", "saved_co2", "counted", "cumulative", "investment", "payback", "irr", "cost")
    rows("", [w[name] for name in names], body[:MOST_STUDY], 8)
    if len(body) > MOST_STUDY:
        print(w["more"].format(n=len(body) - MOST_STUDY, file=out / "abatement.csv"))
    print_issues(study.issues, lang)
    page = "report.html, " if (out / "report.html").is_file() else ""
    files = "upgrade.csv, abatement.csv, cash-flow.csv, issues.csv, provenance.json"
    print(f"{w['results']}: {out}  ({w['details']}: {page}{files})")


def savings(checked: SavingsCheck, out: Path, lang: str) -> None:
    """Print claimed savings beside what was found."""
    w = words("terminal", lang)
    body = [
        [r["measure"], r["energy_unit"] or "", _some(r["adjusted_baseline"]), _some(r["after_energy"]),
         _some(r["saving"]), _some(r["claimed"]), r["claimed_unit"] or "", r["verdict"] or ""]
        for r in checked.records
    ]  # fmt: skip
    names = ("measure", "unit", "adjusted", "after", "saving", "claimed", "unit", "verdict")
    rows("", [w[name] for name in names], body[:MOST_STUDY], 6)
    print_issues(checked.issues, lang)
    print(f"{w['results']}: {out}  ({w['details']}: savings-check.csv, issues.csv, provenance.json)")
