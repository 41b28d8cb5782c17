"""What the terminal shows of product footprints."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from carbon.cli.show import print_issues, rows
from carbon.errors import printable
from carbon.footprint.compare import paired
from carbon.footprint.tree import contribution_tree
from carbon.report import figure, words
from carbon.report.evidence import cleared, labels, spread
from carbon.report.footprint import MOST, kind_name, largest, scenario_name, significant
from carbon.report.retracing import retrace

if TYPE_CHECKING:
    from carbon.footprints import Computed


def summary(done: Computed, out: Path, public: Path | None) -> None:
    """Print the footprint by scenario and stage, what makes it up, its largest exchanges and its issues."""
    found = done.footprint
    study, lang = found.study, found.study.language
    w, t = words("footprint", lang), words("terminal", lang)
    declared = f"{study.amount} {study.unit}"
    print(printable(f"{study.title or w['report']} · {study.product} · {declared} · {w[study.boundary]}"))
    stages = list(dict.fromkeys(r["name"] for r in found.records if r["part"] == "stage"))
    at = {(r["scenario"], r["part"], r["name"]): r["co2e_kg"] for r in found.records}
    body = []
    for name in found.solved:
        mark = w["yes"] if found.complete else w["no"]
        limits = [""] if done.uncertainty else []
        if name in done.uncertainty:
            _, around = spread(done.uncertainty[name])
            limits = [f"{significant(float(around.low))} … {significant(float(around.high))}"]
        graded = [] if study.classes is None else [found.grade(name) or w["none"]]
        body.append([scenario_name(name, w), mark, *graded, *(significant(at.get((name, "stage", s))) for s in stages),
                     significant(found.co2e(name)), *limits])  # fmt: skip
    head = [w["scenario"], w["complete"], *([] if study.classes is None else [w["class"]]), *(w[s] for s in stages)]
    head.append(f"{w['total']} kgCO2e")
    head += ["95 %"] if done.uncertainty else []
    rows("", head, body, len(head) - (2 if study.classes is None else 3))
    for one in list(done.uncertainty.values())[:1]:
        print(f"{w['uncertainty']}: {getattr(one.said, lang)}")
    level = contribution_tree(found)
    body = [[r["name"], kind_name(r["kind"], lang), significant(r["co2e_kg"]), figure(r["share_pct"], 1)]
            for r in level[:MOST]]  # fmt: skip
    more = t["more"].format(n=len(level) - MOST, file=out / "edges.csv") if len(level) > MOST else ""
    rows(w["level"], [w["name"], w["kind"], "kgCO2e", w["share"]], body, 2, more)
    body = [
        [r["process"], r["name"], kind_name(r["kind"], lang), str(r["source_line"]), significant(r["co2e_kg"]),
         figure(r["share_pct"], 1)]
        for r in largest(found)
    ]  # fmt: skip
    rows(w["top"], [w["in_process"], w["name"], w["kind"], w["line"], "kgCO2e", w["share"]], body, 3)
    primary = cleared([found.quality()])[0]["primary_pct"]
    print(f"{w['primary']}: {'–' if primary is None else f'{figure(primary, 1)} %'}")
    print_issues(found.issues, lang)
    print(t["counts"].format(**found.issues.counts()))
    page = ["report.html"] if (out / "report.html").is_file() else []
    pact = [] if done.pact is None else ["pact.json"]
    names = [*page, "report.md", "footprint.csv", "contributions.csv", "quality.csv", *pact]
    print(f"{w['results']}: {printable(out)}  ({', '.join(names)})")
    if public is not None:
        print(f"{w['public_at']}: {printable(public)}")


def overview(done: Sequence[tuple[Path, Computed]], lang: str) -> None:
    """Print the footprints of several studies below one another."""
    w = words("footprint", lang)
    body = [
        [study.name, one.footprint.study.product, scenario_name(name, w),
         f"{one.footprint.study.amount} {one.footprint.study.unit}",
         w["yes"] if one.footprint.complete else w["no"], significant(one.footprint.co2e(name)),
         _below(one, done[0][1], name)]
        for study, one in done for name in one.footprint.solved
    ]  # fmt: skip
    head = ["", w["product"], w["scenario"], w["declared"], w["complete"], "kgCO2e", w["lower"]]
    if not any(row[-1] for row in body):
        head, body = head[:-1], [row[:-1] for row in body]
    rows(w["studies"], head, body, len(head) - 5)


def _below(one: Computed, first: Computed, scenario: str) -> str:
    """Return in how many of the common draws a study is below the base case of the first; empty where none pair."""
    left, right = one.uncertainty.get(scenario), first.uncertainty.get("")
    if left is None or right is None or left is right:
        return ""
    below = paired(one.footprint, left, first.footprint, right)
    return "" if below is None else f"{below.percent:.1f} % (± {below.percent_error:.1f} %)"


def as_json(study: Path, done: Computed, out: Path) -> str:
    """Return a study as one JSON document on one line."""
    found = done.footprint
    named = labels(found)
    document = {
        "study": str(study), "results": str(out), "complete": found.complete, "product": found.study.product,
        "unit": found.study.unit, "amount": str(found.study.amount), "boundary": found.study.boundary,
        "footprint": cleared(found.records), "contributions": cleared(found.contribution_records),
        "first_level": contribution_tree(found),
        "quality": {named[name]: cleared([found.quality(name)])[0] for name in found.solved},
        "uncertainty": {
            named[name]: {key: float(value) for key, value in spread(one)[1]._asdict().items()}
            for name, one in done.uncertainty.items()
        },
        "pact": done.pact is not None, "issues": list(found.issues.rows(found.study.language)),
    }  # fmt: skip
    return json.dumps(document, ensure_ascii=False)


def explained(done: Computed, line: int) -> str:
    """Return how the contribution of one exchange came about, scenario by scenario; as `retrace`."""
    return printable_lines(retrace(done.footprint, line).split("\n"))


def printable_lines(lines: Sequence[str]) -> str:
    """Return lines without control characters."""
    return "\n".join(printable(part) for line in lines for part in line.split("\n"))
