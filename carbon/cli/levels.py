"""Commands about levels: compare lines, judge portfolios, grade equipment, look levels up."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated

import typer

from carbon.cli import show
from carbon.cli.app import Lang, app
from carbon.cli.completion import level_sets
from carbon.errors import UsageError

Chosen = Annotated[
    list[str] | None,
    typer.Option(
        "--levels", help="Level set, publication or kind: sector, quota, ets. Repeatable.", autocompletion=level_sets
    ),
]
Lines = Annotated[Path, typer.Argument(help="Table of lines (.csv, .xlsx, .parquet).")]
Own = Annotated[list[Path] | None, typer.Option("--own", help="Folder with own level sets.")]
Today = Annotated[str | None, typer.Option("--today", help="Day from which ages and deadlines count: 2026-01-31.")]
Explain = Annotated[str | None, typer.Option("--explain", help="Retrace one measure, by its name.")]
Out = Annotated[Path | None, typer.Option("-o", "--out", help="CSV file to write.")]

levels = typer.Typer(no_args_is_help=True, help="Search, show, list and check sector levels, quotas and grades.")
app.add_typer(levels, name="levels")


@app.command()
def benchmark(
    path: Annotated[Path, typer.Argument(help="Table of lines (.csv, .xlsx, .parquet), or run folder.")],
    chosen: Chosen = None,
    own: Own = None,
    out: Out = None,
    lang: Lang = None,
) -> None:
    """Hold lines, or the products of a run, against levels."""
    from carbon.benchmarks import benchmark as judge
    from carbon.benchmarks.verdicts import COLUMNS
    from carbon.cli import show_levels
    from carbon.cli.checking import RUN
    from carbon.cli.paths import expect
    from carbon.report import write_csv
    from carbon.run import compute, open_job

    expect(path, RUN, table="lines", lang=lang)
    spoken = show.language(lang)
    with show.work(f"carbon benchmark {path}", lang):
        if path.is_dir() or path.name == "run.toml":
            result, _ = compute(open_job(path, language=lang))
            verdicts = result.benchmark(chosen)
        else:
            verdicts = judge(path, levels=chosen, own=own or (), language=spoken)
    if verdicts is None:
        message = f"{path} has no output table, so there is nothing to compare"
        raise UsageError(message)
    if out is not None:
        write_csv(out, COLUMNS, verdicts.records())
    show_levels.verdicts(verdicts, spoken, out)
    raise typer.Exit(1 if verdicts.issues.errors else 0)


@app.command()
def portfolio(
    path: Lines,
    own: Own = None,
    base: Annotated[Path | None, typer.Option("--base", help="The same lines in base years.")] = None,
    today: Today = None,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="CSV file for targets, or folder for all tables.")
    ] = None,
    lang: Lang = None,
) -> None:
    """Judge many lines: shares at the benchmark, dated targets.

    Shares go by capacity and by count; lines below the baseline are listed.
    """
    from carbon.benchmarks.portfolios import TARGET_COLUMNS
    from carbon.cli import show_levels
    from carbon.cli.paths import expect
    from carbon.report import write_csv
    from carbon.studies import run_portfolio

    for lines in (path, *filter(None, [base])):
        expect(lines, table="lines", lang=lang)
    spoken = show.language(lang)
    with show.work(f"carbon portfolio {path}", lang):
        table = out is not None and out.suffix.lower() == ".csv"
        found = run_portfolio(path, None if table else out, base=base, own=own or (), today=_day(today),
                              language=spoken)  # fmt: skip
    if out is not None and table:
        write_csv(out, TARGET_COLUMNS, found.target_records())
    show_levels.portfolio(found, spoken, out)
    raise typer.Exit(1 if found.verdicts.issues.errors else 0)


@app.command()
def equipment(
    path: Annotated[Path, typer.Argument(help="List of equipment (.csv, .xlsx, .parquet).")],
    today: Today = None,
    out: Out = None,
    lang: Lang = None,
) -> None:
    """Grade equipment by its standards; say what is due for renewal."""
    from carbon.benchmarks import grade_equipment
    from carbon.benchmarks.equipment import GRADE_COLUMNS
    from carbon.cli import show_levels
    from carbon.cli.paths import expect
    from carbon.report import write_csv

    expect(path, table="equipment", lang=lang)
    spoken = show.language(lang)
    with show.work(f"carbon equipment {path}", lang):
        graded = grade_equipment(path, today=_day(today), language=spoken)
        records = graded.records()
    if out is not None:
        write_csv(out, GRADE_COLUMNS, records)
    show_levels.equipment(graded, records, spoken, out)
    raise typer.Exit(1 if graded.issues.errors else 0)


@app.command()
def upgrade(
    path: Annotated[Path, typer.Argument(help="Study folder, upgrade.toml, or a table of measures.")],
    out: Annotated[Path | None, typer.Option("-o", "--out", help="Result folder.")] = None,
    explain: Explain = None,
    report: Annotated[bool, typer.Option("--report/--no-report", help="Write report.html.")] = True,
    lang: Lang = None,
) -> None:
    """Compare equipment before and after: energy, CO2e and money.

    Cost, payback, NPV and IRR of each measure, and an abatement table of all.
    """
    from carbon.cli import show_levels
    from carbon.cli.checking import UPGRADE
    from carbon.cli.paths import expect
    from carbon.studies import run_upgrade

    expect(path, UPGRADE, lang=lang)
    with show.work(f"carbon upgrade {path}", lang):
        study, where = run_upgrade(path, out, report=report, language=lang)
    if explain is not None:
        print(study.explain(explain, lang or ""))
    else:
        show_levels.upgrade(study, where, lang or study.language)
    raise typer.Exit(0 if study.complete else 1)


@app.command()
def savings(
    path: Annotated[Path, typer.Argument(help="Folder, savings.toml, or a table of measured savings.")],
    out: Annotated[Path | None, typer.Option("-o", "--out", help="Result folder.")] = None,
    explain: Explain = None,
    lang: Lang = None,
) -> None:
    """Recompute claimed savings from what was measured.

    Before and after, with output normalised.
    """
    from carbon.cli import show_levels
    from carbon.cli.checking import SAVINGS
    from carbon.cli.paths import expect
    from carbon.studies import run_savings

    expect(path, SAVINGS, table="savings", lang=lang)
    with show.work(f"carbon savings {path}", lang):
        checked, where = run_savings(path, out, language=lang)
    if explain is not None:
        print(checked.explain(explain, lang or ""))
    else:
        show_levels.savings(checked, where, lang or checked.language)
    raise typer.Exit(0 if checked.complete else 1)


def _day(text: str | None) -> dt.date | None:
    try:
        return None if text is None else dt.date.fromisoformat(text)
    except ValueError:
        message = f"{text!r} is not a day; write it as 2026-01-31"
        raise UsageError(message) from None


@levels.command("search")
def search(
    text: Annotated[list[str], typer.Argument(metavar="WORDS", help="Words, in any language.")],
    own: Own = None,
    lang: Lang = None,
) -> None:
    """Search levels by product, equipment, condition or document."""
    from carbon.benchmarks import load_levels
    from carbon.cli import show_levels

    with show.work("carbon levels search", lang):
        known = load_levels(own or ())
    found = known.search(" ".join(text))
    if not found:
        near = known.subjects.near(text[0])
        message = f"no level has {' '.join(text)!r}" + (f"; products near it: {', '.join(near)}" if near else "")
        raise UsageError(message)
    show_levels.ladders(known, found, show.language(lang))


@levels.command("show")
def show_one(
    level: Annotated[str, typer.Argument(help="A level (set:row), a set, or a product.", autocompletion=level_sets)],
    own: Own = None,
    lang: Lang = None,
) -> None:
    """Show a level with its source, or all levels of a set or a product."""
    from carbon.benchmarks import load_levels
    from carbon.cli import show_levels

    with show.work("carbon levels show", lang):
        known = load_levels(own or ())
    spoken = show.language(lang)
    subject = known.subjects.find(level)
    if ":" in level:
        print(show_levels.page(known, level, spoken))
    elif subject is not None:
        found = [ladder for one in known.sets.values() for ladder in one.of(subject.id)]
        show_levels.ladders(known, found, spoken)
    else:
        one = known.set(level)
        show_levels.sets([one], spoken)
        print(one.meta.notes)
        show_levels.ladders(known, list(one.ladders), spoken)


@levels.command("sets")
def list_sets(own: Own = None, lang: Lang = None) -> None:
    """List level sets."""
    from carbon.benchmarks import load_levels
    from carbon.cli import show_levels

    with show.work("carbon levels sets", lang):
        known = load_levels(own or ())
    show_levels.sets(list(known.sets.values()), show.language(lang))


@levels.command("check")
def check(
    folder: Annotated[Path | None, typer.Argument(help="Own level folder; else the shipped one.")] = None,
    lang: Lang = None,
) -> None:
    """Check every row of level sets."""
    from carbon.benchmarks import load_levels
    from carbon.errors import Issues
    from carbon.report import words

    with show.work("carbon levels check", lang):
        known, issues = load_levels([folder] if folder else ()), Issues()
    for one in known.sets.values():
        one.check(issues)
    spoken = show.language(lang)
    show.print_issues(issues, spoken, most=1000)
    ladders = sum(len(one.ladders) for one in known.sets.values())
    print(words("terminal", spoken)["checked"].format(ladders=ladders, sets=len(known.sets), issues=len(issues)))
    raise typer.Exit(1 if issues else 0)
