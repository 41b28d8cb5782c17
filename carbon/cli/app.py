"""The commands. Each parses its arguments, calls one function and prints."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from carbon.cli import show
from carbon.describe import described, templates
from carbon.errors import DataError, UsageError
from carbon.report import words

if TYPE_CHECKING:
    from carbon.scale.cluster import Cluster

Lang = Annotated[Literal["zh", "en"] | None, typer.Option("--lang", help="Language of messages and reports.")]
Where = Annotated[
    Path, typer.Argument(help="Run folder, activity file (.csv, .xlsx, .parquet), folder or glob of these.")
]
Method = Annotated[str, typer.Option("--method", help="Method pack; beats the run file.")]
Extra = Annotated[list[Path] | None, typer.Option("--factors", help="Folder with own factor sets.")]
Stream = Annotated[bool | None, typer.Option("--stream/--no-stream", help="In constant memory, as large input is.")]
Dask = Annotated[bool, typer.Option("--dask", help="Compute on a Dask cluster; a local one unless told otherwise.")]
Workers = Annotated[int, typer.Option("--workers", min=0, help="Processes of the local cluster; 0 = by processors.")]
Scheduler = Annotated[str, typer.Option("--scheduler", help="Address of a running Dask scheduler.")]

app = typer.Typer(
    name="carbon", no_args_is_help=True, add_completion=True, pretty_exceptions_enable=False,
    help="Energy and carbon accounting: activity data and sourced factors in, retraceable totals out.",
)  # fmt: skip


def _version(wanted: bool) -> None:
    """Print the version and leave."""
    if wanted:
        from carbon import __version__

        print(__version__)
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Energy and carbon accounting: activity data and sourced factors in, retraceable totals out."""
    del version


factors = typer.Typer(no_args_is_help=True, help="Search, show, list and check emission factors.")
app.add_typer(factors, name="factors", rich_help_panel="Look up")


@app.command(rich_help_panel="Work")
def init(folder: Annotated[Path, typer.Argument(help="Folder to make.")], lang: Lang = None) -> None:
    """Make a run folder with an example to change: run.toml, activities.csv, facilities.csv, output.csv."""
    from carbon.starter import make_run_folder

    spoken = show.language(lang)
    for path in make_run_folder(folder, spoken):
        print(path)
    print(words("terminal", spoken)["started"].format(folder / "activities.csv", folder))


@app.command(rich_help_panel="Work")
def run(
    path: Where,
    out: Annotated[Path | None, typer.Option("-o", "--out", help="Result folder.")] = None,
    method: Method = "",
    gwp: Annotated[str, typer.Option("--gwp", help="GWP set: sar, ar4, ar5, ar6, … or none.")] = "",
    lang: Lang = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    report: Annotated[bool, typer.Option("--report/--no-report", help="Write report.html and report.xlsx.")] = True,
    stream: Stream = None,
    dask: Dask = False,
    workers: Workers = 0,
    scheduler: Scheduler = "",
) -> None:
    """Compute a run folder or activity file and write the result folder."""
    from carbon.run import run as run_job
    from carbon.streams import is_large, run_stream

    pool = cluster(dask, workers, scheduler)
    streamed = pool is not None or (is_large(path) if stream is None else stream)
    asked: dict[str, Any] = {"method": method, "gwp": gwp, "language": lang}
    try:
        if streamed:
            with show.progress(f"carbon run {path}") as told:
                result, where = run_stream(path, out, pool=pool, told=told, report=report, **asked)
        else:
            with show.busy(f"carbon run {path}"):
                result, where = run_job(path, out, report=report, **asked)
    except DataError as error:
        error.language = lang or error.language
        if not as_json:
            raise
        import json

        rows = list(error.issues.rows(show.language(error.language)))
        print(json.dumps({"results": None, "complete": False, "issues": rows}, ensure_ascii=False))
        raise typer.Exit(1) from error
    if as_json:
        print(show.as_json(result, where))
    else:
        show.summary(result, where)
    raise typer.Exit(0 if result.complete else 1)


def cluster(dask: bool, workers: int, scheduler: str) -> Cluster | None:
    """Return the cluster that options ask for.

    Raises
    ------
    UsageError
        If they contradict one another.
    """
    if not dask:
        if workers or scheduler:
            message = "--workers and --scheduler go with --dask"
            raise UsageError(message)
        return None
    from carbon.scale.cluster import Cluster

    return Cluster(workers, scheduler)


@app.command(rich_help_panel="Work")
def check(
    path: Annotated[Path, typer.Argument(help="Run folder, activity file, or study folder (footprints, upgrades, …).")],
    method: Method = "",
    lang: Lang = None,
) -> None:
    """Check an input or a study and print everything that is wrong, without writing anything."""
    from carbon.cli.checking import check_path

    with show.busy(f"carbon check {path}"):
        issues = check_path(path, method=method, language=lang)
    spoken = show.language(lang)
    show.print_issues(issues, spoken, most=1000)
    print(words("terminal", spoken)["counts"].format(**issues.counts()))
    raise typer.Exit(1 if issues.errors else 0)


@app.command(rich_help_panel="Look up")
def explain(
    what: Annotated[str, typer.Argument(help="Issue code (U102), or RESULTS:LINE.")], lang: Lang = None
) -> None:
    """Explain an issue code, or how one line of a result was computed."""
    from carbon.cli.checking import refuse_study_result
    from carbon.errors import explain_code
    from carbon.run import explain as explain_result

    folder, _, line = what.rpartition(":")
    if folder and re.fullmatch("[0-9]{1,18}", line):
        refuse_study_result(Path(folder), line)
        print(explain_result(folder, int(line), lang or ""))
    else:
        if Path(what).exists():
            message = f"say which line: carbon explain {what}:2"
            raise UsageError(message)
        print(explain_code(what, show.language(lang)))


@app.command(rich_help_panel="Look up")
def describe(
    what: Annotated[str, typer.Argument(help=", ".join(described()))],
    lang: Lang = None,
) -> None:
    """Describe the columns of a table, the keys of a settings file, or a list: what is required, allowed, meant."""
    from carbon.describe import describe as text

    print(text(what, show.language(lang)))


@app.command(rich_help_panel="Work")
def template(
    what: Annotated[str, typer.Argument(help=", ".join(templates()))],
    lang: Lang = None,
    xlsx: Annotated[bool, typer.Option("--xlsx", help="Make a workbook with lists to choose from instead.")] = False,
    out: Annotated[Path | None, typer.Option("-o", "--out", help="Workbook to make; else NAME.xlsx here.")] = None,
) -> None:
    """Print a CSV with header and one example row, or the settings of a footprint study (study.toml)."""
    from carbon.describe import template as text

    found = text(what, show.language(lang))
    if xlsx or out is not None:
        from carbon.report.forms import write_form

        spoken = show.language(lang)
        made = write_form(what, out or Path(f"{what}.xlsx"), spoken)
        print(words("workbook", spoken)["made"].format(made, made))
        return
    sys.stdout.write(found if what == "study" else "\ufeff" + found)


@app.command(rich_help_panel="Look up")
def selftest() -> None:
    """Check this installation: shipped data, worked examples, compiled against interpreted arithmetic."""
    from carbon.selftest import selftest as test

    failed = False
    for name, problem in test():
        print(f"{'FAIL' if problem else 'ok  '} {name}{': ' + problem if problem else ''}")
        failed |= bool(problem)
    raise typer.Exit(3 if failed else 0)


@factors.command("search")
def factors_search(
    words: Annotated[list[str], typer.Argument(help="Words, in any language.")],
    extra: Extra = None,
    lang: Lang = None,
) -> None:
    """Search factors by item, region, document, year."""
    from carbon.library import load_library

    library = load_library(extra or ())
    found = library.search(" ".join(words))
    if not found:
        near = library.items.near(words[0])
        message = f"no factor has {' '.join(words)!r}" + (f"; items near it: {', '.join(near)}" if near else "")
        raise UsageError(message)
    show.factor_rows(library, found, show.language(lang))


@factors.command("show")
def factors_show(
    factor: Annotated[str, typer.Argument(help="publication/table:row, or a whole set.")],
    extra: Extra = None,
    lang: Lang = None,
) -> None:
    """Show one factor with its source, or all rows of a set."""
    from carbon.library import load_library

    library = load_library(extra or ())
    spoken = show.language(lang)
    if ":" in factor:
        print(show.factor_page(library, library.factor(factor), spoken))
        return
    found = library.set(factor)
    show.set_rows([found], spoken)
    print(found.meta.notes)
    show.factor_rows(library, found.factors, spoken)


@factors.command("sets")
def factors_sets(extra: Extra = None, lang: Lang = None) -> None:
    """List factor sets."""
    from carbon.library import load_library

    show.set_rows(load_library(extra or ()).sets(), show.language(lang))


@factors.command("check")
def factors_check(
    folder: Annotated[Path | None, typer.Argument(help="Own factor folder; else the shipped one.")] = None,
    lang: Lang = None,
) -> None:
    """Check every row of factor sets."""
    from carbon.library import load_library

    library = load_library([folder] if folder else ())
    issues = library.check()
    show.print_issues(issues, show.language(lang), most=1000)
    print(f"{sum(len(s.rows) for s in library.sets())} rows in {len(library.set_ids)} sets, {len(issues)} issues")
    raise typer.Exit(1 if issues else 0)
