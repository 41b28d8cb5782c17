"""Sheets of `report.xlsx` that list evidence: levels, factors, issues, provenance; and what its tables share."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from math import isfinite
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from carbon.errors import catalogue
from carbon.report.grid import Column
from carbon.report.words import words

if TYPE_CHECKING:
    from carbon.errors import Issues
    from carbon.inventory import Result
    from carbon.report.sheets import Book, Sheet

MOST_ISSUES = 5_000
MOST_TOTALS = 50_000  # more than anybody reads in a sheet; totals.csv holds all
MOST_RECORDS = 20_000  # of another table that a file of the result holds in full
_LENGTHS = (365, 90, 28)  # days that a year, a quarter and a month have at least


def pick(records: Sequence[Mapping[str, Any]], name: str) -> list[Any]:
    """Return one value of each record."""
    return [record[name] for record in records]


def begin(book: Book, name: str, w: Mapping[str, str], back: str, about: str) -> Sheet:
    """Begin a sheet with the way back and what it holds.

    Parameters
    ----------
    book : Book
        Receives it.
    name : str
        What it is called.
    w : mapping of str to str
        Words.
    back : str
        The place to which it leads back.
    about : str
        What it holds.
    """
    sheet = book.sheet(name)
    sheet.about = about
    sheet.line(w["back"], look="link", link=back)
    sheet.line(about, form="part")
    return sheet


def names_of(result: Result) -> dict[str, str]:
    """Return the names of categories, in the order of the method packs."""
    zh = result.language == "zh"
    return {c.id: c.name_zh if zh else c.name_en for p in result.packs for c in p.category}


def ranks(result: Result) -> dict[str, int]:
    """Return the periods of a result by label: 0 as long as a year, 1 as a quarter, 2 as a month, 3 shorter."""
    return {p.label: sum(p.end - p.start < days for days in _LENGTHS) for p in result.cells.periods}


class Part(NamedTuple):
    """Records that are shown, and how many are left out."""

    records: Sequence[dict[str, Any]]
    left: int


def longest(records: Sequence[dict[str, Any]], result: Result, most: int = MOST_RECORDS) -> Part:
    """Return the records of the longest periods, as many as people look through, and how many are left out.

    Parameters
    ----------
    records : sequence of dict
        With a period each.
    result : Result
        Of which they are.
    most : int
        How many there may be; those of the longest periods are kept whatever their number.
    """
    if len(records) <= most:
        return Part(records, 0)
    rank = ranks(result)
    counts = Counter(map(itemgetter("period"), records))
    kept, room = set[str](), most
    for place in range(len(_LENGTHS) + 1):
        labels = {label for label in counts if rank.get(label, len(_LENGTHS)) == place}
        room -= sum(counts[label] for label in labels)
        if kept and room < 0:
            break
        kept |= labels
    shown = [r for r in records if r["period"] in kept]
    return Part(shown, len(records) - len(shown))


def whole(values: Sequence[bool], w: Mapping[str, str]) -> Column:
    """Return the column that says whether rows are complete; those that are not stand out."""
    return Column(w["is_whole"], [w["yes" if value else "no"] for value in values], "mark", {w["no"]: "alarm"})


def more(file: str, w: Mapping[str, str]) -> str:
    """Return what stands below a table that is cut."""
    return w["more"].replace("{file}", file)


def filled(columns: Sequence[Column], always: int) -> list[Column]:
    """Return columns without those, behind the first ones, that hold nothing."""
    return [c for n, c in enumerate(columns) if n < always or any(v is not None and v != "" for v in c.values)]


def level_sheet(sheet: Sheet, part: Part, language: str, w: Mapping[str, str]) -> None:
    """Write what `benchmarks.csv` holds: every product against every tier of every level set."""
    said = words("verdict", language)
    records, left = part
    good, bad = ("at-benchmark", "within", "met", "1"), ("below-baseline", "above", "not met", "beyond-3")
    marks = {said[v]: "good" for v in good} | {said[v]: "alarm" for v in bad} | {said["unknown"]: "warn"}
    reached = {True: w["yes"], False: w["no"]}
    own: dict[str, Callable[[Any], Any]] = {
        "verdict": lambda v: said.get(v, v),
        "tier": lambda v: w.get(f"tier_{v}", v),
        "reached": lambda v: reached.get(v, v),
        "verification": lambda v: w.get(f"is_{v}", v),
        "deadline": lambda v: None if v is None else str(v),
    }
    columns = []
    for name, title, form in (
        ("facility", "facility", "text"), ("line", "production_line", "text"), ("process", "process", "text"),
        ("product", "product", "text"), ("period", "period", "text"), ("verdict", "verdict", "text"),
        ("set", "level_set", "text"), ("indicator", "indicator", "text"), ("boundary", "boundary", "text"),
        ("condition", "condition", "text"), ("value", "measured", "fine"), ("unit", "unit", "text"),
        ("tier", "tier", "text"), ("level", "level", "fine"), ("reached", "reached", "text"),
        ("gap", "gap_abs", "fine"), ("gap_pct", "gap_pct", "percent"), ("tce_to_save", "tce_save", "mass"),
        ("co2e_t_to_save", "co2_save", "mass"), ("deadline", "deadline", "text"), ("gate", "gate", "text"),
        ("reason", "reason", "text"), ("verification", "verification", "text"), ("level_id", "level_id", "text"),
        ("page", "page", "text"), ("source_line", "line", "count"),
    ):  # fmt: skip
        form_of = own.get(name, lambda v: v)
        values = [form_of(r[name]) for r in records]
        columns.append(Column(w[title], values, form, marks if name == "verdict" else None))
    sheet.table(filled(columns, 7), more("benchmarks.csv", w), 1, left)


def factor_sheet(sheet: Sheet, result: Result, w: Mapping[str, str]) -> None:
    """Write every factor used, as printed, with where it is printed and how sure that is."""
    factors = result.provenance["factors"]
    records = list(factors.values())
    looks = {w["is_unverified"]: "alarm", w["is_secondary"]: "warn", w["is_primary"]: "good"}
    columns = [
        Column(w["factor"], list(factors)),
        Column(w["value"], [_printed(r["value"]) for r in records], "number"),
        Column(w["unit"], pick(records, "unit")),
        *(Column(w[name], [_printed(r[name]) for r in records], "number") for name in ("low", "high")),
        Column(w["verification"], [w.get(f"is_{r['verification']}", r["verification"]) for r in records], marks=looks),
        Column(w["document"], pick(records, "document")),
        Column(w["page"], pick(records, "page")),
        Column(w["title"], pick(records, f"title_{result.language}")),
        *(Column(w[name], pick(records, name)) for name in ("publisher", "issued")),
        Column(w["note_text"], pick(records, "note")),
    ]
    sheet.table(filled(columns, 3), more("provenance.json", w), 1)


def _printed(text: str) -> float | int | str:
    """Return a printed number as a number; anything else as it is.

    Examples
    --------
    >>> _printed("0.5306"), _printed("44/12"), _printed("25"), _printed("")
    (0.5306, '44/12', 25, '')
    """
    try:
        value = float(text)
    except ValueError:
        return text
    return text if not isfinite(value) else int(value) if text.isdigit() and len(text) < 16 else value


def issue_sheet(
    sheet: Sheet, issues: Issues, language: str, w: Mapping[str, str],
    place: Callable[[Mapping[str, Any]], str | None] | None = None,
) -> None:  # fmt: skip
    """Write what `issues.csv` holds, the gravest first, as far as people read.

    Parameters
    ----------
    sheet : Sheet
        Receives it.
    issues : Issues
        What is wrong.
    language : {"en", "zh"}
        Of the texts.
    w : mapping of str to str
        Words.
    place : callable, optional
        Returns the place in the workbook of which a row of the list speaks.
    """
    count = sum(
        1 if issue.severity == "note" or "summed" in catalogue()[issue.code] else max(1, len(issue.lines))
        for issue in issues
    )
    records = list(islice(issues.rows(language), MOST_ISSUES))
    looks = {w["error"]: "alarm", w["warning"]: "warn"}
    columns = [
        Column(w["code"], pick(records, "code")),
        Column(w["severity"], [w[r["severity"]] for r in records], marks=looks),
        Column(w["file"], pick(records, "file")),
        Column(w["line"], pick(records, "line"), "count", links=place and [place(r) for r in records]),
        Column(w["lines"], pick(records, "lines"), "count"),
        Column(w["column"], pick(records, "column")),
        Column(w["said"], [str(r["value"]) for r in records]),
        Column(w["message"], pick(records, "message"), "wrapped"),
        Column(w["remedy"], pick(records, "remedy"), "wrapped"),
    ]
    sheet.table(columns, more("issues.csv", w), 1, count - len(records))


def provenance_sheet(sheet: Sheet, result: Result, w: Mapping[str, str]) -> None:
    """Write the provenance document, a row per fact; the factors have a sheet of their own."""
    facts = [(key, value) for key, value in _flat("", result.provenance) if not key.startswith("factors")]
    columns = [
        Column(w["key"], [key for key, _ in facts]),
        Column(w["content"], [value if isinstance(value, int) else str(value) for _, value in facts], "number"),
    ]
    sheet.table(columns, more("provenance.json", w))
    sheet.widths(40, 80)


def _flat(before: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Yield what a document holds, each fact under the names that lead to it."""
    inner = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    if isinstance(value, (Mapping, list)):
        for name, each in inner:
            yield from _flat(f"{before} › {name}" if before else str(name), each)
    else:
        yield before, value if isinstance(value, (str, int)) else json.dumps(value, default=str)
