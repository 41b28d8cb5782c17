"""The commands. Each parses its arguments, calls one function and prints."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from typer.core import TyperCommand

from carbon.cli import completion, show
from carbon.describe import described, templates
from carbon.errors import DataError, UsageError, printable

if TYPE_CHECKING:
    from carbon.scale.cluster import Cluster

Lang = Annotated[Literal["zh", "en"] | None, typer.Option("--lang", help="Language of messages and reports.")]
Where = Annotated[
    Path, typer.Argument(help="Run folder, activity file (.csv, .xlsx, .parquet), folder or glob of these.")
]
Method = Annotated[
    str, typer.Option("--method", help="Method pack; beats the run file.", autocompletion=completion.methods)
]
Stream = Annotated[bool | None, typer.Option("--stream/--no-stream", help="In constant memory, as large input is.")]
Dask = Annotated[bool, typer.Option("--dask", help="Compute on a Dask cluster; a local one unless told otherwise.")]
Workers = Annotated[int, typer.Option("--workers", min=0, help="Processes of the local cluster; 0 = by processors.")]
Scheduler = Annotated[str, typer.Option("--scheduler", help="Address of a running Dask scheduler.")]

app = typer.Typer(
    name="carbon", no_args_is_help=True, add_completion=True, pretty_exceptions_enable=False,
    help="Energy and carbon accounting: activity data and sourced factors in, retraceable totals out.",
    epilog="中文：carbon init 示例 --lang zh 生成示例文件夹，再按其提示运行。",
)  # fmt: skip


class _OfOnePath(TyperCommand):
    """A command that takes one path, and says what to do when the shell has made many of a pattern."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        files = [Path(word) for word in args if not word.startswith("-") and Path(word).is_file()]
        if len(files) > 1 and len({(file.parent, file.suffix) for file in files}) == 1:
            from carbon.cli.paths import spread_pattern

            raise UsageError(spread_pattern(files[0], self.name or ""))
        return super().parse_args(ctx, args)


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


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="Folder to make.")],
    kind: Annotated[
        Literal["quarterly", "footprint", "upgrade"] | None,
        typer.Argument(help="What to begin with; else the name of the folder if it is one of these, or quarterly."),
    ] = None,
    lang: Lang = None,
) -> None:
    """Make a folder with an invented example to change.

    A run of one quarter, the study of a product footprint, or a study of equipment upgrades.
    """
    from carbon.cli.paths import quoted
    from carbon.report import words
    from carbon.starter import KINDS, make_starter

    spoken = show.language(lang)
    chosen = kind or (folder.name if folder.name in KINDS else "quarterly")
    made = make_starter(folder, chosen, spoken)
    print(*map(printable, made), sep="\n")
    w = words("terminal", spoken)
    command, table = KINDS[chosen]
    print(w["started"])
    print(f"  carbon {command} {quoted(folder)}")
    print(w["own_rows"].format(printable(folder / f"{table}.csv")))
    also = "" if show.language(None) == spoken else f" --lang {spoken}"
    print(f"  carbon describe {table}{also}")
    print(f"  carbon check {quoted(folder)}")
    print(w["other_starts"])
    print("\n".join(f"  carbon init {other}{also}" for other in KINDS if other != chosen))


@app.command(cls=_OfOnePath)
def run(
    path: Where,
    out: Annotated[Path | None, typer.Option("-o", "--out", help="Result folder.")] = None,
    method: Method = "",
    gwp: Annotated[
        str,
        typer.Option("--gwp", help="GWP set: sar, ar4, ar5, ar6, … or none.", autocompletion=completion.potentials),
    ] = "",
    lang: Lang = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    report: Annotated[bool, typer.Option("--report/--no-report", help="Write report.html and report.xlsx.")] = True,
    stream: Stream = None,
    partition: Annotated[int, typer.Option("--partition", min=1, help="MiB of CSV in a partition of a stream.")] = 32,
    dask: Dask = False,
    workers: Workers = 0,
    scheduler: Scheduler = "",
) -> None:
    """Compute a run folder or activity file; write the result folder."""
    from carbon.cli.checking import RUN
    from carbon.cli.paths import expect, quoted
    from carbon.run import run as run_job
    from carbon.streams import is_large, run_stream

    expect(path, RUN, lang=lang)
    pool = cluster(dask, workers, scheduler)
    if pool is not None and stream is False:
        message = "--dask streams; leave --no-stream out"
        raise UsageError(message)
    streamed = pool is not None or (is_large(path) if stream is None else stream)
    asked: dict[str, Any] = {"method": method, "gwp": gwp, "language": lang}
    try:
        if streamed:
            with show.progress(f"carbon run {path}") as told:
                result, where = run_stream(
                    path, out, pool=pool, size=partition << 20, told=told, report=report, **asked
                )
        else:
            with show.busy(f"carbon run {path}"):
                result, where = run_job(path, out, report=report, **asked)
    except DataError as error:
        error.language = lang or error.language
        if not as_json:
            if any(len(issue.lines) for issue in error.issues):
                from carbon.report import words

                error.add_note(words("workbook", show.language(error.language))["marked_how"].format(quoted(path)))
            raise
        import json

        rows = list(error.issues.rows(show.language(error.language)))
        print(json.dumps({"results": None, "complete": False, "issues": rows}, ensure_ascii=False))
        raise typer.Exit(1) from error
    if as_json:
        print(show.as_json(result, where))
    else:
        from carbon.report import words

        show.summary(result, where)
        said, copies = words("workbook", result.language), sorted(where.glob("*-marked.xlsx"))
        for copy in copies:
            print(said["marked_made"].format(printable(copy)))
        if not copies and path.suffix.lower() == ".xlsx" and any(len(i.lines) for i in result.issues.errors):
            print(said["marked_how"].format(printable(path)))
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


@app.command(cls=_OfOnePath)
def check(
    path: Annotated[Path, typer.Argument(help="Run folder, activity file, or study folder (footprints, upgrades, …).")],
    method: Method = "",
    lang: Lang = None,
    marked: Annotated[
        Path | None, typer.Option("--marked", help="Workbook to make: your tables, issues beside the cells.")
    ] = None,
) -> None:
    """Say what is wrong with a run or a study; change nothing."""
    from carbon.cli.checking import check_path, mark_tables
    from carbon.cli.paths import COMMANDS, expect, own_language, quoted
    from carbon.report import words
    from carbon.report.sheets import check_new

    expect(path, *COMMANDS, lang=lang)
    if marked is not None:
        check_new(marked)
    with show.busy(f"carbon check {path}"):
        issues = check_path(path, method=method, language=lang)
    spoken = show.language(lang or own_language(path))
    show.print_issues(issues, spoken, most=1000)
    print(words("terminal", spoken)["counts"].format(**issues.counts()))
    if marked is not None:
        made = mark_tables(path, issues, marked, spoken)
        print(words("workbook", spoken)["marked_made" if made else "marked_nothing"].format(printable(marked)))
    elif path.suffix.lower() == ".xlsx" and any(len(issue.lines) for issue in issues.errors):
        print(words("workbook", spoken)["marked_how"].format(quoted(path)))
    raise typer.Exit(1 if issues.errors else 0)


@app.command()
def explain(
    what: Annotated[str, typer.Argument(help="Issue code (U102), or RESULTS:LINE.", autocompletion=completion.codes)],
    lang: Lang = None,
) -> None:
    """Retrace one line of a result; explain an issue code."""
    from carbon.cli.checking import refuse_study_result
    from carbon.cli.paths import expect_result, quoted
    from carbon.errors import explain_code
    from carbon.report import words
    from carbon.run import explain as explain_result

    folder, _, line = what.rpartition(":")
    w = words("terminal", show.language(lang))
    if folder and re.fullmatch("[0-9]{1,18}", line):
        refuse_study_result(Path(folder), line)
        expect_result(Path(folder), lang)
        print(explain_result(folder, int(line), lang or ""))
    elif Path(what).exists():
        raise UsageError(w["which_line"].format(quoted(Path(what))))
    elif re.fullmatch("[A-Za-z][0-9]{1,5}", what):
        print(explain_code(what, show.language(lang)))
    else:
        raise UsageError(w["not_explained"].format(what=printable(what)))


@app.command()
def describe(
    what: Annotated[str, typer.Argument(help=", ".join(described()), autocompletion=completion.topics)],
    lang: Lang = None,
) -> None:
    """Describe columns of a table, keys of settings, or a closed list.

    What each means, which are required, and what is allowed.
    """
    from carbon.describe import describe as text

    print(text(what, show.language(lang)))


@app.command()
def template(
    what: Annotated[str, typer.Argument(help=", ".join(templates()), autocompletion=completion.tables)],
    lang: Lang = None,
    xlsx: Annotated[bool, typer.Option("--xlsx", help="Make a workbook with lists to choose from instead.")] = False,
    out: Annotated[Path | None, typer.Option("-o", "--out", help="Workbook to make; else NAME.xlsx here.")] = None,
) -> None:
    """Print a table to fill in, or make it as a workbook.

    A CSV with header and one example row; of `study`, the settings of a footprint study (study.toml).
    """
    from carbon.describe import template as text

    found = text(what, show.language(lang))
    if xlsx or out is not None:
        from carbon.cli.paths import quoted
        from carbon.report import words
        from carbon.report.forms import write_form
        from carbon.tables import COMMANDS

        spoken = show.language(lang)
        made = write_form(what, out or Path(f"{what}.xlsx"), spoken)
        said = words("workbook", spoken)
        if what in COMMANDS:
            print(said["made"].format(printable(made), quoted(made), COMMANDS[what]))
        else:
            print(said["made_part"].format(printable(made), f"{what}.xlsx"))
        return
    sys.stdout.write(found if what == "study" else "\ufeff" + found)


@app.command()
def selftest() -> None:
    """Check this installation.

    Shipped data, worked examples, compiled against interpreted arithmetic.
    """
    from carbon.selftest import selftest as test

    failed = False
    for name, problem in test():
        print(f"{'FAIL' if problem else 'ok  '} {name}{': ' + problem if problem else ''}")
        failed |= bool(problem)
    raise typer.Exit(3 if failed else 0)
