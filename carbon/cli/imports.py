"""The command that imports foreign factor files into one's own factor folder."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from carbon.cli import show
from carbon.cli.app import Lang
from carbon.cli.factors import factors
from carbon.errors import UsageError

MOST = 40
_SAID = {
    "en": ("{rows} factors, {items} new items: {folder} ({table})", "already there, nothing written", "… {n} more"),
    "zh": ("{rows} 个因子，{items} 个新项目：{folder}（{table}）", "已存在相同内容，未写入", "……另有 {n} 条"),
}


def _day(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text) if text else None
    except ValueError as error:
        message = f"{text[:40]!r} is no date; write it as 2025-06-30"
        raise UsageError(message) from error


@factors.command("import")
def factors_import(
    files: Annotated[list[Path], typer.Argument(help="Tables (.csv, .xlsx, .parquet) or footprints (.json).")],
    into: Annotated[Path, typer.Option("--into", help="Own factor folder.")],
    publication: Annotated[str, typer.Option("--publication", help="Name of the folder in it: my-supplier-2025.")] = "",
    kind: Annotated[
        Literal["cpcd", "uk", "pact", "table"] | None, typer.Option("--kind", help="Layout; table needs a map.")
    ] = None,
    mapping: Annotated[Path | None, typer.Option("--map", help="Map file: which column says what.")] = None,
    title: Annotated[str, typer.Option("--title", help="Title of the source.")] = "",
    publisher: Annotated[str, typer.Option("--publisher", help="Who published it.")] = "",
    document: Annotated[str, typer.Option("--document", help="Number or name of the document.")] = "",
    issued: Annotated[str, typer.Option("--issued", help="Day of issue: 2025-06-30.")] = "",
    licence: Annotated[str, typer.Option("--licence", help="Terms of use; else: terms not stated.")] = "",
    verification: Annotated[
        Literal["secondary", "unverified"] | None, typer.Option("--verification", help="How sure; else: unverified.")
    ] = None,
    item_kind: Annotated[str, typer.Option("--item-kind", help="Kind of new items: purchased-goods, fuel, …")] = "",
    item_use: Annotated[str, typer.Option("--item-use", help="What is done with them: purchased, combustion, …")] = "",
    item_origin: Annotated[str, typer.Option("--item-origin", help="fossil, biogenic, mixed or none.")] = "",
    as_of: Annotated[str, typer.Option("--as-of", help="Day on which the source was looked at.")] = "",
    replace: Annotated[bool, typer.Option("--replace", help="Replace another import of that name.")] = False,
    lang: Lang = None,
) -> None:
    """Take factor tables or product footprints into an own folder.

    With source, terms and verification.
    """
    from carbon.imports import import_factors

    spoken = show.language(lang)
    with show.busy("carbon factors import"):
        done = import_factors(
            files, into, mapping=mapping, replace=replace, as_of=_day(as_of), language=spoken, kind=kind,
            publication=publication, title=title, publisher=publisher, document=document, issued=_day(issued),
            licence=licence, verification=verification, item_kind=item_kind, item_use=item_use,
            item_origin=item_origin,
        )  # fmt: skip
    found, more = done.issues.ordered(), _SAID[spoken][2]
    for issue in found[:MOST]:
        print(show.issue_line(issue, spoken), file=sys.stderr)
    if len(found) > MOST:
        print(f"{more.format(n=len(found) - MOST)}: {done.folder / 'issues.csv'}", file=sys.stderr)
    print(_SAID[spoken][0].format(rows=done.rows, items=done.items, folder=done.folder, table=done.table))
    if not done.written:
        print(_SAID[spoken][1])
    raise typer.Exit(1 if done.issues.errors else 0)
