"""The command that computes product footprints."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from carbon.cli import show
from carbon.cli.app import Dask, Lang, Scheduler, Workers, app, cluster
from carbon.errors import DataError, UsageError

if TYPE_CHECKING:
    from carbon.footprints import Computed, Order


@app.command()
def footprint(
    studies: Annotated[list[Path], typer.Argument(help="Study folders, or folders of studies.")],
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="Result folder; of several studies, its parent.")
    ] = None,
    public: Annotated[
        Path | None, typer.Option("--public", help="A second folder without bill of material, to be shown.")
    ] = None,
    draws: Annotated[int | None, typer.Option("--draws", min=0, help="Monte Carlo draws; beats the study.")] = None,
    explain: Annotated[int | None, typer.Option("--explain", help="Retrace the exchange on this line.")] = None,
    lang: Lang = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document per study, a line each.")] = False,
    report: Annotated[bool, typer.Option("--report/--no-report", help="Write report.html.")] = True,
    dask: Dask = False,
    workers: Workers = 0,
    scheduler: Scheduler = "",
) -> None:
    """Compute product footprints from processes and exchanges."""
    from carbon.cli import show_footprints
    from carbon.cli.checking import FOOTPRINT
    from carbon.cli.paths import expect
    from carbon.footprints import Order, compute, open_study, places, run_studies, run_study

    for path in studies:
        expect(path, FOOTPRINT, lang=lang)
    pool = cluster(dask, workers, scheduler)
    if explain is not None:
        if len(studies) > 1:
            message = "--explain retraces a line of one study; name one"
            raise UsageError(message)
        print(show_footprints.explained(compute(open_study(studies[0], language=lang, draws=0)), explain))
        return
    targets = places(studies, out)
    done: list[tuple[Path, Any]] = []
    good = True
    orders = [
        Order(study, to, open_to) for (study, to), (_, open_to) in zip(targets, places(studies, public), strict=True)
    ]

    def one_after_the_other() -> Iterator[tuple[Order, tuple[Computed, Path] | DataError]]:
        for order in orders:
            try:
                done = run_study(order.study, order.out, public=order.public, pool=pool, report=report, language=lang,
                                 draws=draws)  # fmt: skip
            except DataError as error:
                yield order, error
            else:
                yield order, done

    if pool is not None and len(orders) > 1:
        answers = run_studies(orders, pool, report=report, language=lang, draws=draws)
    else:
        answers = one_after_the_other()
    for order, answer in show.awaited(answers, [f"carbon footprint {order.study}" for order in orders]):
        study = order.study
        if isinstance(answer, DataError):
            answer.language = lang or answer.language
            if len(targets) == 1 and not as_json:
                raise answer
            good = False
            spoken = show.language(answer.language)
            if as_json:
                rows = list(answer.issues.rows(spoken))
                print(json.dumps({"study": str(study), "results": None, "complete": False, "issues": rows},
                                 ensure_ascii=False))  # fmt: skip
            else:
                show.print_issues(answer.issues, spoken)
            continue
        found, where = answer
        good &= found.footprint.complete
        done.append((study, found))
        if as_json:
            print(show_footprints.as_json(study, found, where))
        else:
            show_footprints.summary(found, where, order.public)
    if len(targets) > 1 and done and not as_json:
        spoken_by = {found.footprint.study.language for _, found in done}
        show_footprints.overview(done, spoken_by.pop() if len(spoken_by) == 1 else show.language(lang))
    raise typer.Exit(0 if good else 1)
