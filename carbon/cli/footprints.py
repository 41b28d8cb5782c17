"""The command that computes product footprints."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from carbon.cli import show, show_footprints
from carbon.cli.app import Lang, app
from carbon.errors import DataError, UsageError


@app.command(rich_help_panel="Work")
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
) -> None:
    """Compute product footprints from tables of processes and exchanges."""
    from carbon.footprints import compute, open_study, places, run_study

    if explain is not None:
        if len(studies) > 1:
            message = "--explain retraces a line of one study; name one"
            raise UsageError(message)
        print(show_footprints.explained(compute(open_study(studies[0], language=lang, draws=0)), explain))
        return
    targets = places(studies, out)
    shown = [where for _, where in places(studies, public)]
    done: list[tuple[Path, Any]] = []
    good = True
    for (study, target), public_target in zip(targets, shown, strict=True):
        try:
            with show.busy(f"carbon footprint {study}"):
                found, where = run_study(study, target, public=public_target, language=lang, draws=draws)
        except DataError as error:
            error.language = lang or error.language
            if len(targets) == 1 and not as_json:
                raise
            good = False
            spoken = show.language(error.language)
            if as_json:
                rows = list(error.issues.rows(spoken))
                print(json.dumps({"study": str(study), "results": None, "complete": False, "issues": rows},
                                 ensure_ascii=False))  # fmt: skip
            else:
                show.print_issues(error.issues, spoken)
            continue
        good &= found.footprint.complete
        done.append((study, found))
        if as_json:
            print(show_footprints.as_json(study, found, where))
        else:
            show_footprints.summary(found, where, public_target)
    if len(targets) > 1 and done and not as_json:
        spoken_by = {found.footprint.study.language for _, found in done}
        show_footprints.overview(done, spoken_by.pop() if len(spoken_by) == 1 else show.language(lang))
    raise typer.Exit(0 if good else 1)
