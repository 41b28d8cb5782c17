"""Sheets of `report.xlsx` that list evidence: levels, factors, issues, provenance; and what its tables share."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from math import isfinite
from typing import TYPE_CHECKING, Any

from carbon.errors import catalogue
from carbon.report.sheets import Book, Column
from carbon.report.words import words

if TYPE_CHECKING:
    from carbon.errors import Issues
    from carbon.inventory import Result

MOST_ISSUES = 20_000


def pick(records: Sequence[Mapping[str, Any]], name: str) -> list[Any]:
    """Return one value of each record."""
    return [record[name] for record in records]


def whole(values: Sequence[bool], w: Mapping[str, str]) -> Column:
    """Return the column that says whether rows are complete; those that are not stand out."""
    return Column(w["is_whole"], [w["yes" if value else "no"] for value in values], "mark", {w["no"]: "alarm"})


def more(file: str, w: Mapping[str, str]) -> str:
    """Return what stands below a table that is cut."""
    return w["more"].replace("{file}", file)


def filled(columns: Sequence[Column], always: int) -> list[Column]:
    """Return columns without those, behind the first ones, that hold nothing."""
    return [c for n, c in enumerate(columns) if n < always or any(v is not None and v != "" for v in c.values)]


def level_sheet(book: Book, result: Result, w: Mapping[str, str]) -> None:
    """Write what `benchmarks.csv` holds: every product against every tier of every level set."""
    said = words("verdict", result.language)
    records = [] if result.verdicts is None else list(result.verdicts.records())
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
    book.sheet(w["level_sheet"]).table(filled(columns, 7), more("benchmarks.csv", w), 1)


def factor_sheet(book: Book, result: Result, w: Mapping[str, str]) -> None:
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
    book.sheet(w["factor_sheet"]).table(filled(columns, 3), more("provenance.json", w), 1)


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


def issue_sheet(book: Book, issues: Issues, language: str, w: Mapping[str, str]) -> None:
    """Write what `issues.csv` holds, the gravest first, as far as people read."""
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
        Column(w["line"], pick(records, "line"), "count"),
        Column(w["lines"], pick(records, "lines"), "count"),
        Column(w["column"], pick(records, "column")),
        Column(w["said"], [str(r["value"]) for r in records]),
        Column(w["message"], pick(records, "message"), "wrapped"),
        Column(w["remedy"], pick(records, "remedy"), "wrapped"),
    ]
    book.sheet(w["issue_sheet"]).table(columns, more("issues.csv", w), 1, count - len(records))


def provenance_sheet(book: Book, result: Result, w: Mapping[str, str]) -> None:
    """Write the provenance document, a row per fact; the factors have a sheet of their own."""
    facts = [(key, value) for key, value in _flat("", result.provenance) if not key.startswith("factors")]
    columns = [
        Column(w["key"], [key for key, _ in facts]),
        Column(w["content"], [value if isinstance(value, int) else str(value) for _, value in facts], "number"),
    ]
    sheet = book.sheet(w["provenance"])
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
