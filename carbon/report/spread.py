"""The part of a footprint report on its uncertainty: how much, what causes it, what counts as certain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from carbon.footprint.grades import grades
from carbon.footprint.statistics import Summary, probability_below
from carbon.footprint.study import Footprint
from carbon.footprint.tables import SCORES
from carbon.report.cells import aligned, compact, percent, percents, scenario_name
from carbon.report.markdown import LONGEST_TABLE, escape, figure, table

if TYPE_CHECKING:
    from carbon.footprint.uncertain import Uncertainty

MOST = 10
SHIFT = 1e-4  # share of the footprint from which a mean that is not as stated is named


def spread_lines(found: Footprint, uncertainty: Mapping[str, Uncertainty], w: dict[str, str]) -> list[str]:
    """Return how uncertain each scenario is, by draws and by theory side by side, and what stands behind it."""
    if found.co2e() is None:
        return [w["unweighed"], ""]
    if not uncertainty:
        return [w["no_limits"], ""]
    base = next(iter(uncertainty.values()))
    drawn = any(one.summary is not None for one in uncertainty.values())
    shape = w["lognormal" if base.analytic.propagation.mean > 0 else "normal"]
    how = w["spread" if drawn else "spread_theory"].format(
        method=w[base.method], n=f"{len(base.draws):,}", seed=base.seed, shape=shape
    )
    rows = []
    for name, one in uncertainty.items():
        cells = _interval(one.summary, found) if drawn else []
        rows.append([escape(scenario_name(name, w)), *cells, *_interval(one.analytic.summary, found)])
    ways = ("draws", "theory") if drawn else ("theory",)
    header = [w["scenario"], *(w[f"{name}_{way}"] for way in ways for name in ("mean", "sd", "interval"))]
    out = [f"{how}{w['colon'].rstrip()}", "", *table(header, rows, len(header) - 1, "provenance.json", w)]
    out += [getattr(base.said, found.study.language), ""]
    rated = np.logical_and.reduce([~np.isnan(found.exchanges.numbers[name]) for name in SCORES])
    out += [w["pedigree_spread"], ""] if any(rated[e.row] for e in found.chain.exchanges) else []
    return out + _pairs(found, uncertainty, w)


def _interval(one: Summary | None, found: Footprint) -> list[str]:
    """Return mean, standard deviation and 95 % interval as cells."""
    if one is None:
        return ["–"] * 3
    mean, sd, low, high = (aligned(float(value), found.co2e()) for value in (one.mean, one.sd, one.low, one.high))
    return [mean, sd, f"{low} … {high}"]


def cause_lines(found: Footprint, uncertainty: Mapping[str, Uncertainty], w: dict[str, str]) -> list[str]:
    """Return of the base case what causes the spread, which means are not as stated, and what counts as certain."""
    base, whole = next(iter(uncertainty.values())), found.co2e()
    ranked = [r for r in base.ranking[:MOST] if r["analytic_pct"]]
    drawn = base.summary is not None
    rows = [
        [escape(" ".join(filter(None, (r["process"], r["name"])))), w[f"of_{r['kind']}"], str(r["source_line"] or ""),
         percent(r["analytic_pct"]), *([percent(r["drawn_pct"])] if drawn else [])]
        for r in ranked
    ]  # fmt: skip
    header = [w["name"], w["kind"], w["line"], w["by_theory"], *([w["by_draws"]] if drawn else [])]
    out = [f"#### {w['sensitivity']}", "", *table(header, rows, len(header) - 2, "sensitivity.csv", w)]
    least = SHIFT * abs(whole or 0.0)
    shifts = sorted(base.mean_shift, key=lambda r: -abs(r["shift_co2e_kg"]))[:MOST]
    unit_of = {int(found.exchanges.line[e.row]): e.unit.text for e in found.chain.exchanges}
    rows = []
    for r in (r for r in shifts if abs(r["shift_co2e_kg"]) >= least):
        unit = f" {escape(unit_of[r['source_line']])}" if r["kind"] == "exchange" else ""
        change = "–" if not r["value"] else f"{100 * (r['mean'] / r['value'] - 1):+.2g}"
        rows.append([escape(" ".join(filter(None, (r["process"], r["name"])))), w[f"of_{r['kind']}"],
                     str(r["source_line"] or ""), f"{compact(r['value'])}{unit}", change,
                     aligned(r["shift_co2e_kg"], whole)])  # fmt: skip
    header = [w["name"], w["kind"], w["line"], w["value"], w["shift_pct"], w["shift_co2e"]]
    out += [f"#### {w['shift']}", "", *table(header, rows, 4, "provenance.json", w)] if rows else []
    return out + _certain(base.certain, w)


def _certain(certain: Sequence[Mapping[str, Any]], w: dict[str, str]) -> list[str]:
    """Return the numbers that state no uncertainty by kind, those of exchanges a line per process."""
    out: list[str] = []
    for kind in ("exchange", "factor", "parameter"):
        mine = [r for r in certain if r["kind"] == kind]
        by_process: dict[str, list[str]] = {}
        for r in mine[:LONGEST_TABLE]:
            name, line = escape(r["name"]), r["source_line"]
            by_process.setdefault(r["process"], []).append(w["at_line"].format(name=name, line=line) if line else name)
        lines = {process: w["comma"].join(names) for process, names in by_process.items()}
        alone = f"{w['colon']}{lines.pop('')}" if "" in lines else ""
        out += [f"- {w[f'of_{kind}s']} ({len(mine)}){alone}"] if mine else []
        out += [f"    - {escape(process)}{w['colon']}{names}" for process, names in lines.items()]
        out += [f"    - {w['more_names'].format(n=len(mine) - LONGEST_TABLE)}"] if len(mine) > LONGEST_TABLE else []
    return [f"#### {w['certain']}", "", *out, ""] if out else []


def _pairs(found: Footprint, uncertainty: Mapping[str, Uncertainty], w: dict[str, str]) -> list[str]:
    """Return how likely each scenario lies below the base case, by common random numbers, and the classes of draws."""
    base, *others = uncertainty.items()
    out = []
    for name, one in others:
        good = np.isfinite(one.draws) & np.isfinite(base[1].draws) if len(one.draws) else np.zeros(0, bool)
        count = int(good.sum())
        if count > 1:
            below = probability_below(one.draws[good], base[1].draws[good])
            k = round(below.probability * count)
            kind = "below_all" if k == count else "below" if k else "below_none"
            out.append("- " + w[kind].format(
                name=escape(name), k=f"{k:,}", n=f"{count:,}", p=percents([k, count - k])[0],
                error=figure(100 * below.standard_error, 2),
            ))  # fmt: skip
    if found.study.classes is not None and found.complete:
        for name, one in uncertainty.items():
            count = int(np.isfinite(one.draws).sum())
            if count > 1:
                held = {grade: round(share * count) for grade, share in
                        grades(one.draws, found.study.classes.pairs).items()}  # fmt: skip
                rest = count - sum(held.values())
                shares = zip([*map(escape, held), w["no_class"]], percents([*held.values(), rest]),
                             [*held.values(), rest], strict=True)  # fmt: skip
                said = w["comma"].join(f"{grade} {share} %" for grade, share, number in shares if number)
                out.append(f"- {w['class_draws']} ({escape(scenario_name(name, w))}){w['colon']}{said}")
    return [*out, ""] if out else []
