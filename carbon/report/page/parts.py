"""What pages of every kind share: words, text that stays text, numbers, tables, cards, what is read before them."""

from __future__ import annotations

import html
import math
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from carbon.errors import distinct_lines, printable
from carbon.report.markdown import figure
from carbon.report.words import words

if TYPE_CHECKING:
    from carbon.errors import Issue
    from carbon.library import Library

MOST_ISSUES, MOST_FACTORS, MOST_FIRST, MOST_NAMES = 600, 1500, 8, 60
LONGEST_TEXT = 400


@cache
def page_words(language: str, kind: str = "") -> dict[str, str]:
    """Return the words of the pages in one language, with those of one kind of page.

    Parameters
    ----------
    language : {"en", "zh"}
        Of the page.
    kind : str
        Folder of the kind, such as ``runs``: the words of its ``page.toml`` beat those that all share.

    Examples
    --------
    >>> page_words("zh")["lineage"]
    '这个数字从何而来'
    """
    found: dict[str, str] = {}
    for folder in dict.fromkeys(["", kind]):
        with (Path(__file__).parent / folder / "page.toml").open("rb") as file:
            found |= tomllib.load(file)[language]
    return found


def clean(text: Any, most: int = LONGEST_TEXT) -> str:
    r"""Return user text on one line, without control characters, not longer than a cell can show.

    Examples
    --------
    >>> clean("a\nb"), clean("abcdef", 4)
    ('a b', 'abc…')
    """
    found = printable(" ".join(str(text).split()))
    return found if len(found) <= most else f"{found[: most - 1]}…"


def label(text: Any, most: int = 28) -> str:
    """Return user text as a label of a chart, where a little HTML would be read: it stays text.

    Examples
    --------
    >>> label("<b>A & B</b>")
    '&lt;b&gt;A &amp; B&lt;/b&gt;'
    """
    return html.escape(clean(text, most), quote=False)


def fitted(text: Any, width: int) -> str:
    """Return user text as a label of a chart that is no wider than so many Latin letters; a Chinese one takes two.

    Examples
    --------
    >>> fitted("clinker", 4), fitted("熟料烧成", 6), fitted("熟料", 4)
    ('cli…', '熟料…', '熟料')
    """
    held, whole = 0, clean(text)
    for place, letter in enumerate(whole):
        held += 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        if held > width:
            kept = whole[:place]
            while sum(2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in kept) > width - 1:
                kept = kept[:-1]
            return html.escape(f"{kept}…", quote=False)
    return html.escape(whole, quote=False)


def number(value: Any) -> float | None:
    """Return a number as JSON can hold it: nothing where it is not known, and no zero below zero.

    Examples
    --------
    >>> number(-0.0), number(float("nan")), number(None)
    (0.0, None, None)
    """
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return None
    return float(value) + 0.0


def table(
    title: str, columns: Iterable[str], rows: Sequence[Sequence[Any]], w: Mapping[str, str], file: str,
    count: int | None = None, *, opens: str = "", whole: Iterable[int] = (),
) -> dict[str, Any]:  # fmt: skip
    """Return a table of the page; it is left out of the page where it has no rows.

    Parameters
    ----------
    title : str
        Above it.
    columns : iterable of str
        Names of columns, in words where `w` knows them, each with marks at its end: ``#n`` for numbers of n decimals,
        ``!`` for a list to choose from, ``-`` if it is not printed, ``*`` if a click on its figure opens where that
        comes from.
    rows : sequence of sequence
        Cells as text, number or None; beyond the columns what `opens` needs.
    w : mapping of str to str
        Words of the page.
    file : str
        Beside the page, with all rows.
    count : int, optional
        How many rows that file has, if more than are shown.
    opens : {"", "text", "lineage", "energy"}
        What a figure opens. ``text``: each row ends in a number of the texts of the page, -1 for none. ``lineage``: in
        place, category and basis of the lineage of runs; ``energy``: in place, item and use.
    whole : iterable of int
        Rows that are totals.

    Examples
    --------
    >>> made = table("Parts", ["name!", "kgCO2e#3*"], [["kiln", 1.5, 0]], {"name": "Name"}, "parts.csv", opens="text")
    >>> [column["label"] for column in made["columns"]]
    ['Name', 'kgCO2e']
    """
    made = []
    for text in columns:
        key, _, digits = text.rstrip("!-*").partition("#")
        marks = text[len(key) :]
        made.append({
            "label": w.get(key, key), "key": key, "digits": int(digits) if digits else None,
            "list": "!" in marks, "aux": "-" in marks, "opens": "*" in marks,
        })  # fmt: skip
    more = (count or 0) - len(rows)
    return {
        "title": title, "columns": made, "rows": rows, "file": file, "opens": opens, "whole": [*whole],
        "more": w["csv_more"].format(n=f"{more:,}", file=file) if more > 0 else "",
    }  # fmt: skip


def card(name: str, shown: str, unit: str, *, note: str = "", warn: str = "", main: bool = False) -> dict[str, Any]:
    """Return a card of the headline: name, figure as it is shown, unit, and what is to be said of it.

    Parameters
    ----------
    name, shown, unit : str
        Texts of the card.
    note, warn : str
        Below the figure: what it is, and what is wrong with it.
    main : bool
        Whether it is what the page is about.
    """
    return {"label": name, "figure": shown, "unit": unit, "main": main, "note": note, "warn": warn}


def point(kind: str, said: str, names: Iterable[str]) -> dict[str, Any]:
    """Return names to be read before the numbers under one heading.

    Parameters
    ----------
    kind : {"unverified", "secondary", "own", "unknown"}
        How it is shown: what is unverified stands open, and what a method does not know takes the whole width.
    said : str
        The heading.
    names : iterable of str
        Texts below it; a heading without any is left out of the page.
    """
    held = [*names]
    shown = [clean(name, 1000) for name in held[:MOST_NAMES]] + (["…"] if len(held) > MOST_NAMES else [])
    return {"kind": kind, "label": said, "names": shown, "count": len(held)}


def unsure(language: str, *sets: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the points that name the sets not read in the publication itself, unverified ones first.

    Parameters
    ----------
    language : {"en", "zh"}
        Of the page.
    *sets : mapping of str to mapping
        By id, with ``verification``, as provenance holds them.
    """
    said = words("report", language)
    return [
        point(level, said[level], [name for each in sets for name, one in each.items() if one["verification"] == level])
        for level in ("unverified", "secondary")
    ]


def first(
    issues: Sequence[Issue], language: str, *, bad: bool, state: str, counts: str, points: Iterable[dict[str, Any]]
) -> dict[str, Any]:
    """Return what must be read before the numbers.

    Parameters
    ----------
    issues : sequence of Issue
        Of which the errors and warnings that most depends on are named.
    language : {"en", "zh"}
        Of the page.
    bad : bool
        Whether something is missing from the numbers.
    state, counts : str
        Whether they are whole, and how many issues there are, in words.
    points : iterable of dict
        As of `point`.
    """
    said = words("report", language)
    out: dict[str, Any] = {
        "bad": bad, "state": state, "counts": counts, "points": [one for one in points if one["names"]],
        "errors": [], "warnings": [],
    }  # fmt: skip
    for row in issue_rows(issues, language)[0]:
        kind = {said["error"]: "errors", said["warning"]: "warnings"}.get(row[1])
        if kind and len(out[kind]) < MOST_FIRST:
            where = " ".join(filter(None, (row[2] if row[3] is None else f"{row[2]}:{row[3]}", row[5])))
            out[kind].append({"code": row[0], "where": where, "lines": row[4], "message": row[6], "remedy": row[7]})
    return out


def issue_rows(issues: Sequence[Issue], language: str) -> tuple[list[list[Any]], int]:
    """Return the issues as rows, one for what is said in the same words, and how many such rows there are in all."""
    said = words("report", language)
    grouped: dict[tuple[str, ...], list[Issue]] = {}
    rank = {"error": 0, "warning": 1, "note": 2}
    for issue in issues:
        key = (issue.code, issue.file, issue.column, issue.value if issue.severity != "note" else "")
        grouped.setdefault(key, []).append(issue)
    entries = sorted(grouped.values(), key=lambda found: (rank[found[0].severity], found[0].code))
    rows = []
    for found in entries[:MOST_ISSUES]:
        one, lines = found[0], distinct_lines(found)
        text = one.message(language)
        if len(found) > 1 and len({issue.value for issue in found}) > 1:
            text = said["values"].format(n=len(found), first=text)
        line = min((int(issue.lines[0]) for issue in found if len(issue.lines)), default=None)
        rows.append([one.code, said[one.severity], clean(one.file), line, lines or None, clean(one.column),
                     clean(text), clean(one.remedy(language))])  # fmt: skip
    return rows, len(entries)


def potentials(library: Library, name: str, gases: Iterable[str]) -> dict[str, dict[str, str]]:
    """Return the warming potentials that weigh gases other than CO2, by gas: id, set, and what factors say.

    Parameters
    ----------
    library : Library
        That knows the set.
    name : str
        Of the set, such as ``ar5``; ``none`` weighs nothing.
    gases : iterable of str
        That were met.
    """
    weights, met, found = library.gwp(name), {*gases} - {"CO2"}, {}
    for gas in sorted(met & weights.keys()):
        factor = weights[gas]
        meta = library.set(factor.set_id).meta
        found[gas] = {
            "id": factor.id, "set": factor.set_id, "value": factor.value, "unit": factor.unit, "low": factor.low,
            "high": factor.high, "page": factor.page, "document": meta.document, "title_en": meta.title_en,
            "title_zh": meta.title_zh, "verification": meta.verification, "note": factor.note,
        }  # fmt: skip
    return found


def issue_table(issues: Sequence[Issue], language: str) -> dict[str, Any]:
    """Return the issues as a table of the page."""
    w = page_words(language)
    rows, count = issue_rows(issues, language)
    columns = ["code!", "severity!", "file", "line#0", "lines#0", "column", "message", "remedy"]
    return table(w["issues"], columns, rows, w, "issues.csv", count)


def factor_table(facts: Mapping[str, Mapping[str, Any]], language: str) -> dict[str, Any]:
    """Return the factors used as a table of the page, as provenance holds them: by id, with document and page."""
    w, said = page_words(language), words("report", language)
    rows = [
        [clean(name), entry["value"], clean(entry["unit"]), entry["low"] or "", entry["high"] or "",
         clean(f"{entry['document']} {entry[f'title_{language}']}"), clean(entry["page"]),
         said[f"is_{entry['verification']}"], clean(entry["note"] or "")]
        for name, entry in islice(facts.items(), MOST_FACTORS)
    ]  # fmt: skip
    columns = ["factor", "number", "unit", "low-", "high-", "document", "page", "verification!", "note-"]
    return table(w["factors"], columns, rows, w, "provenance.json", len(facts))


__all__ = [
    "card", "clean", "factor_table", "figure", "first", "fitted", "issue_rows", "issue_table", "label", "number",
    "page_words", "point", "potentials", "table", "unsure",
]  # fmt: skip
