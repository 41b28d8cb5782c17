"""Commands about emission factors: look them up, check them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from carbon.cli import completion, show
from carbon.cli.app import Lang, app
from carbon.errors import UsageError

Extra = Annotated[list[Path] | None, typer.Option("--factors", help="Folder with own factor sets.")]

factors = typer.Typer(no_args_is_help=True, help="Search, show, list and check emission factors.")
app.add_typer(factors, name="factors")


@factors.command("search")
def factors_search(
    text: Annotated[list[str], typer.Argument(metavar="WORDS", help="Words, in any language.")],
    extra: Extra = None,
    lang: Lang = None,
) -> None:
    """Search factors by item, region, document, year."""
    from carbon.cli import show_factors
    from carbon.library import load_library

    library = load_library(extra or ())
    found = library.search(" ".join(text))
    if not found:
        near = library.items.near(text[0])
        message = f"no factor has {' '.join(text)!r}" + (f"; items near it: {', '.join(near)}" if near else "")
        raise UsageError(message)
    show_factors.factor_rows(library, found, show.language(lang))


@factors.command("show")
def factors_show(
    factor: Annotated[
        str, typer.Argument(help="publication/table:row, or a whole set.", autocompletion=completion.factor_sets)
    ],
    extra: Extra = None,
    lang: Lang = None,
) -> None:
    """Show one factor with its source, or all rows of a set."""
    from carbon.cli import show_factors
    from carbon.library import load_library

    library = load_library(extra or ())
    spoken = show.language(lang)
    if ":" in factor:
        print(show_factors.factor_page(library, library.factor(factor), spoken))
        return
    found = library.set(factor)
    show_factors.set_rows([found], spoken)
    print(found.meta.notes)
    show_factors.factor_rows(library, found.factors, spoken)


@factors.command("sets")
def factors_sets(extra: Extra = None, lang: Lang = None) -> None:
    """List factor sets."""
    from carbon.cli import show_factors
    from carbon.library import load_library

    show_factors.set_rows(load_library(extra or ()).sets(), show.language(lang))


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
