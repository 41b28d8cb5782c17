"""What the terminal shows: that work goes on, issues, a summary of a run. Plain where it is piped."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from carbon import periods
from carbon.errors import DataError, Issue, Issues, printable

if TYPE_CHECKING:
    from carbon.benchmarks import Verdicts
    from carbon.inventory import Result
    from carbon.scale.stream import Progress

MOST_ISSUES = 20
MOST_ROWS = 16
T = TypeVar("T")


def language(given: str | None) -> str:
    """Return the language of messages: as given, else that of the terminal."""
    if given:
        return given
    spoken = os.environ.get("CARBON_LANG") or os.environ.get("LC_ALL") or os.environ.get("LANG") or ""
    return "zh" if spoken.lower().startswith("zh") else "en"


def console(error: bool = False) -> Any:
    """Return a rich console; wide and without colour where it is piped."""
    from rich.console import Console

    stream = sys.stderr if error else sys.stdout
    return Console(file=stream, width=None if stream.isatty() else 4000, highlight=False, soft_wrap=False)


def _redraws() -> bool:
    """Return whether standard error is a terminal on which a line can be drawn anew."""
    return sys.stderr.isatty() and os.environ.get("TERM", "").lower() not in ("dumb", "unknown")


@contextmanager
def busy(text: str) -> Iterator[None]:
    """Show that work goes on and for how long; nothing where it is not a terminal."""
    if not _redraws():
        yield
        return
    from rich.progress import Progress as Bar
    from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn("line"), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    with Bar(*columns, console=console(error=True), transient=True) as bar:
        bar.add_task(printable(text), total=None)
        yield


def awaited(answers: Iterable[T], texts: Sequence[str]) -> Iterator[T]:
    """Yield answers as they come; while each is awaited, its text and its number of all are shown as `busy`."""
    coming = iter(answers)
    for number, text in enumerate(texts, 1):
        with busy(text if len(texts) == 1 else f"{text} ({number}/{len(texts)})"):
            answer = next(coming)
        yield answer


@contextmanager
def progress(text: str) -> Iterator[Callable[[Progress], None] | None]:
    """Show how far a streamed run is, with rows per second and time left; nothing where it is not a terminal."""
    if not _redraws():
        yield None
        return
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TextColumn("{task.percentage:.0f} %"),
               TextColumn("{task.fields[speed]} rows/s"), TimeRemainingColumn())  # fmt: skip
    with Bar(*columns, console=console(error=True), transient=True) as bar:
        task = bar.add_task(printable(text), total=None, speed="–")

        def told(state: Progress) -> None:
            bar.update(task, total=state.total, completed=state.read, speed=f"{state.rows_per_second:,.0f}")

        yield told


@contextmanager
def work(text: str, lang: str | None) -> Iterator[None]:
    """Show a spinner while work goes on; what ends it is said in the language that was asked for."""
    try:
        with busy(text):
            yield
    except DataError as error:
        error.language = lang or error.language
        raise


def rows(
    title: str, header: Sequence[str], records: Iterable[Sequence[str | None]], numbers: int, where: str = ""
) -> None:
    """Print a table whose last `numbers` columns are numbers; a cell that is None stays empty."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    grid = Table(title=Text(title), title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for place, name in enumerate(header):
        number = place >= len(header) - numbers
        grid.add_column(Text(name), justify="right" if number else "left", no_wrap=number, overflow="fold")
    for record in records:
        grid.add_row(*(Text(part or "") for part in record))
    console().print(grid)
    if where:
        print(where)


def print_issues(issues: Issues, lang: str, most: int = MOST_ISSUES, *, notes: bool = False) -> None:
    """Print the first issues by severity, each once with the number of its lines, to standard error."""
    from carbon.report import words

    ordered = [issue for issue in issues.ordered() if notes or issue.severity != "note"]
    for issue in ordered[:most]:
        print(issue_line(issue, lang), file=sys.stderr)
    if len(ordered) > most:
        print(words("terminal", lang)["more"].format(n=len(ordered) - most, file="issues.csv"), file=sys.stderr)


def issue_line(issue: Issue, lang: str) -> str:
    """Return an issue as one line of the terminal."""
    from carbon.report import words

    return f"{words('terminal', lang)[issue.severity]}: {issue.text(lang)}"


def summary(result: Result, out: Path) -> None:
    """Print totals, energy and intensity of a run, then its issues."""
    from carbon.inventory.totals import scope_sums
    from carbon.report import figure, words

    lang, out = result.language, Path(printable(out))
    w = words("terminal", lang)
    facts = result.provenance
    packs = ", ".join(f"{p['title_zh' if lang == 'zh' else 'title_en']} ({p['id']})" for p in facts["methods"])
    print(f"{printable(result.title)} · {packs} · GWP {result.gwp_name}")
    coal = {(r["facility"], r["group"], r["period"]): r for r in result.energy_records if r["item"] == "total"}
    energy = {name: r["tce"] for name, r in coal.items()}
    grouped: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for r in result.total_records:
        grouped.setdefault((r["facility"], r["group"], r["period"]), []).append(r)
    found: dict[tuple[str, str, str], dict[str, Any]] = {}
    for name, records_of in grouped.items():
        totals = [r for r in records_of if r["category"] == "total"]
        found[name] = {
            **scope_sums(r for r in records_of if r["basis"] == "location"),
            **{r["basis"]: r["co2e_t"] for r in totals},
            "complete": all(r["complete"] for r in totals),
        }
    for name in energy:
        found.setdefault(name, {"complete": True})
        found[name]["complete"] &= coal[name]["complete"]
    scopes = sorted({s for cells in found.values() for s in cells if s in ("1", "2", "3")})
    bases = [b for b in ("location", "market") if any(b in cells for cells in found.values())]
    digits = 2 if console().width >= 110 else 0
    header = [w["facility"], w["period"], *(f"{w['scope']} {s}" for s in scopes)]
    header += [w["total"] if b == "location" else w["market"] for b in bases] + [w["energy"]]
    shown = list(found.items())
    if len(shown) > MOST_ROWS:
        chosen = _chosen_periods(found, result.cells.longest)
        shown = [pair for pair in shown if pair[0][2] in chosen]
        sums = [pair for pair in shown if not pair[0][0]]
        shown = ([pair for pair in shown if pair[0][0]][: max(0, MOST_ROWS - len(sums))] + sums)[:MOST_ROWS]
    records = []
    for (facility, group, period), cells in shown:
        where = facility or (f"{w['group']} {group}" if group else w["all"])
        mark = "" if cells["complete"] else f" ({w['incomplete']})"
        records.append(
            [where, period + mark, *(figure(cells.get(s), digits) for s in scopes),
             *(figure(cells.get(b), digits) for b in bases),
             figure(energy.get((facility, group, period)), digits)]
        )  # fmt: skip
    more = w["more"].format(n=len(found) - len(shown), file=out / "totals.csv") if len(shown) < len(found) else ""
    rows("", header, records, len(header) - 2, more)
    if result.intensity_records:
        head = [w["facility"], w["product"], w["period"], w["unit"], w["per_unit"], w["kgce"]]
        body = [
            [
                r["facility"],
                r["product"],
                r["period"],
                r["unit"],
                figure(r["co2e_t_per_unit"], 4),
                figure(r["kgce_per_unit"], 2),
            ]
            for r in result.intensity_records
        ]
        rest = w["more"].format(n=len(body) - MOST_ROWS, file=out / "intensity.csv") if len(body) > MOST_ROWS else ""
        rows("", head, body[:MOST_ROWS], 2, rest)
    if result.verdicts is not None:
        verdict_rows(result.verdicts, lang, out / "benchmarks.csv")
    print_issues(result.every_issue, lang)
    print(f"{w['lines'].format(**facts['lines'])}; {w['counts'].format(**facts['issues'])}")
    page = "report.html, report.xlsx, " if (out / "report.html").is_file() else ""
    print(f"{w['results']}: {out}  ({w['details']}: {page}report.md, totals.csv, energy.csv, issues.csv)")


def _chosen_periods(found: Mapping[tuple[str, str, str], Mapping[str, Any]], longest: set[str]) -> set[str]:
    """Return the periods of which a digest speaks: the longest, or if none of these is whole, the last that is."""
    whole = {period for (_, _, period), cells in found.items() if cells["complete"]}
    if whole & longest or not whole:
        return longest
    known = [periods.parse(text) for text in whole]
    return {max(known, key=lambda one: (one.end - one.start, one.end)).label}


def _ends(one: list[dict[str, Any]]) -> tuple[str, int]:
    """Return by what the newest of some verdicts is known: the day on which its period ends, then its place."""
    text = one[0]["period"]
    return str(periods.parse(text).last) if text else "", -one[0]["source_line"]


def _newest(found: Iterable[list[dict[str, Any]]]) -> list[list[dict[str, Any]]]:
    """Return the verdicts on each line in its newest period, all that are given for it, and every line with an error.

    Lines keep the order of the table.
    """
    ends: dict[tuple[str, ...], str] = {}
    names = ("facility", "line", "product", "set", "condition")
    every = list(found)
    good = [one for one in every if one[0]["status"] != "error"]
    for one in sorted(good, key=_ends):
        ends[tuple(str(one[0][name]) for name in names)] = one[0]["period"]
    newest = [one for one in good if ends[tuple(str(one[0][name]) for name in names)] == one[0]["period"]]
    wrong = [one for one in every if one[0]["status"] == "error"]
    return sorted(newest + wrong, key=lambda one: int(one[0]["source_line"]))


def verdict_rows(verdicts: Verdicts, lang: str, file: Path | None) -> None:
    """Print where lines stand in their newest period, against sector levels and allowances or else what there is."""
    from carbon.report import by_set, figure, words

    w, said = words("terminal", lang), words("verdict", lang)
    found = by_set(verdicts.records())
    kinds = {name: one.meta.kind for name, one in verdicts.levels.sets.items()}
    chief = [one for one in found if kinds.get(one[0]["set"]) in ("sector", "ets", None)] or found
    body = []
    for one in _newest(chief):
        first = one[0]
        levels = " / ".join(figure(r["level"], 2) for r in one if r["tier"])
        gap = "" if first["gap_pct"] is None else f"{first['gap_pct']:+.1f} %"
        body.append(
            [" ".join(filter(None, (first["facility"], first["line"]))), first["product"] or "",
             first["period"] or "", first["set"].split("/")[0],
             first["unit"] or "", w["error"] if first["status"] == "error" else said[first["verdict"]],
             figure(first["value"]), levels or first["reason"] or "", gap]
        )  # fmt: skip
    head = [w["facility"], w["product"], w["period"], w["set"], w["unit"], w["verdict"], w["measured"], w["levels"],
            w["gap"]]  # fmt: skip
    more = len(found) - min(len(body), MOST_ROWS)
    rows("", head, body[:MOST_ROWS], 3, w["more"].format(n=more, file=file or "-o FILE") if more else "")


def as_json(result: Result, out: Path) -> str:
    """Return a run as one JSON document for machines."""
    document = {
        "results": str(out), "complete": result.complete, "totals": result.total_records,
        "energy": result.energy_records, "intensity": result.intensity_records,
        "benchmarks": list(result.verdicts.records()) if result.verdicts is not None else [],
        "issues": list(result.every_issue.rows(result.language)),
        "provenance": result.provenance,
    }  # fmt: skip
    return json.dumps(document, ensure_ascii=False)
