"""Foreign factor rows in, checked rows of the shape of `factors/` out. Pure: it reads and writes no file.

What cannot be taken is an issue with its line. No number is converted, no item is equated but by its name.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from carbon import units
from carbon.errors import Issue, Issues, Said, printable
from carbon.library.checks import HEADER, ITEM_HEADER
from carbon.library.codes import ORIGINS, Item, Names
from carbon.library.drafts import Draft, Row, checked, joined
from carbon.library.library import Library
from carbon.library.sets import span
from carbon.schema import choice_ids, choices, folded

LONGEST_NAME = 200
_BOUNDARY = "boundary "  # a note that begins so names what part of a life cycle it is
NEARLY = Fraction(1, 10_000)  # by which publishers differ who convert before they round


@dataclass(frozen=True)
class Imported:
    """What an import gives.

    Attributes
    ----------
    rows, items : list of dict of str to str
        Rows of the factor table and of `items.csv`, sorted by id.
    issues : Issues
        What was left out and why, what was matched, what is new.
    """

    rows: list[Row]
    items: list[Row]
    issues: Issues

    def files(self, facts: Mapping[str, Any], table: str) -> dict[str, bytes]:
        """Return the files of the publication by name: the table, its metadata, `items.csv` if items are new."""
        # JSON texts and lists are TOML too; a date stands without quotes
        lines = [f"{n} = {v if n == 'issued' else json.dumps(v, ensure_ascii=False)}" for n, v in facts.items()]
        texts = {f"{table}.csv": _csv(HEADER, self.rows), f"{table}.toml": "\n".join([*lines, ""]).encode()}
        return texts | ({"items.csv": _csv(ITEM_HEADER, self.items)} if self.items else {})


def _csv(header: Sequence[str], rows: Iterable[Row]) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, header, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def assemble(drafts: Iterable[Draft], publication: str, library: Library, items: Names[Item]) -> Imported:
    """Check drafts and make factor rows and items of them.

    Parameters
    ----------
    drafts : iterable of Draft
        In the order of the source.
    publication : str
        Id of the folder; ids of new items begin with it.
    library : Library
        Regions, gases, parameters; with the user's other publications.
    items : Names
        Known items, and those of other publications of the user.

    Returns
    -------
    Imported
        Good rows, and issues of codes F203, F213, F216, F231 to F239, F244, T108, T113, T114, U101.
    """
    issues = Issues()
    parameters = frozenset(f.parameter for s in library.sets() if not s.own for f in s.factors) - {"gwp"}
    named = [(d, i) for d in drafts if (i := _item_key(d, items, issues)) is not None]
    made, refused = _new_items([d for d, i in named if not i], publication, items, issues)
    rows = []
    for draft, known in named:
        if draft in refused:
            continue
        row = checked(draft, known or made[_name(draft)]["item"], library, parameters, issues)
        if row is not None:
            rows.append((draft, row))
    boundaries: dict[str, set[str]] = {}
    for factor in (factor for name in library.own_set_ids for factor in library.set(name).factors):
        if not factor.process:
            boundaries.setdefault(factor.item, set()).add(_boundary_in(factor.note))
    for draft, row in rows:
        boundaries.setdefault(row["item"], set()).add(" ".join(printable(draft.boundary).split()))
    shipped = Library(library.folders[:1]).items
    apart = {item for item, found in boundaries.items() if item in shipped or len(found) > 1}
    rows = [(draft, _bounded(draft, row, row["item"] in apart)) for draft, row in rows]
    kept = _distinct(rows, issues)
    _name_rows(kept)
    used = {row["item"] for _, row in kept}
    new = sorted((row for row in made.values() if row["item"] in used), key=lambda row: row["item"])
    _say_items(kept, new, items, issues)
    return Imported(sorted((row for _, row in kept), key=lambda row: row["factor_id"]), new, issues)


def merged(issues: Issues) -> Issues:
    """Return issues with those that say the same of several lines as one."""
    lines: dict[tuple[str, ...], set[int]] = {}
    first: dict[tuple[str, ...], Issue] = {}
    for issue in issues:
        key = issue.code, issue.file, issue.column, issue.value, issue.message()
        first.setdefault(key, issue)
        lines.setdefault(key, set()).update(issue.lines)
    return Issues(replace(issue, lines=sorted(lines[key])) for key, issue in first.items())


def line_by_line(issues: Issues) -> Issues:
    """Return issues with one for each line, so that a list of them names every row."""
    return Issues(
        replace(issue, lines=lines) for issue in issues for lines in ([[line] for line in issue.lines] or [[]])
    )


_FORMULA = re.compile(r"[=@]|[+-](?!\d)")  # -10号柴油 is a name


def _name(draft: Draft) -> str:
    return folded(draft.name_zh or draft.name_en)


def _item_key(draft: Draft, items: Names[Item], issues: Issues) -> str | None:
    """Return the known item of a draft, "" for a new one, None if that cannot be told."""
    if draft.item:
        if draft.item in items:
            return draft.item
        issues.add("F213", **draft.where, column="item", value=draft.item[:80])
        return None
    names = list(dict.fromkeys(filter(None, (draft.name_zh.strip(), draft.name_en.strip()))))
    if not names:
        issues.add("T108", **draft.where, column="name")
        return None
    for name in names:
        if len(name) > LONGEST_NAME:
            shown = printable(name[:40])
            issues.add("T113", **draft.where, column="name", value=shown, length=len(name), limit=LONGEST_NAME)
            return None
        if printable(name) != name:
            issues.add("T114", **draft.where, column="name", value=name)
            return None
        if _FORMULA.match(name):
            issues.add("F244", **draft.where, column="name", value=name)
            return None
    found = {e.id for name in names if (e := items.find(name)) is not None}
    found |= {i for name in names for i in items.clashes.get(folded(name), ())}
    if len(found) > 1:
        issues.add("F234", **draft.where, column="name", value=names[0], other=sorted(found))
        return None
    return next(iter(found), "")


def _new_items(
    drafts: Sequence[Draft], publication: str, items: Names[Item], issues: Issues
) -> tuple[dict[str, Row], set[Draft]]:
    """Return the new items by folded name, and the drafts that do not say well what they are of.

    Ids come from the name alone, but for names of one spelling in ASCII.
    """
    kinds = {i.kind for i in items} | {kind for use in choices("use").values() for kind in use.own_kinds}
    uses, made, refused = choice_ids("use"), dict[str, Row](), set[Draft]()
    codes = {"kind": kinds, "default_use": set(uses.values()), "origin": set(ORIGINS)}
    for draft in drafts:
        zh, en = draft.name_zh.strip() or draft.name_en.strip(), draft.name_en.strip() or draft.name_zh.strip()
        use = uses.get(folded(draft.use), draft.use)
        row = {"item": "", "kind": draft.kind, "default_use": use, "origin": draft.origin, "name_zh": zh,
               "name_en": en, "aliases": ""}  # fmt: skip
        bad = [name for name, known in codes.items() if row[name] not in known]
        for name in bad:
            if row[name]:
                known = sorted(codes[name])
                issues.add("F213", **draft.where, column=name, value=row[name][:80], known=known)
            else:
                what = Said(f"{name} of the new item '{zh}'", f"新项目“{zh}”的 {name}")
                option = f"--item-{name.removeprefix('default_')}"
                issues.add("F239", **draft.where, column=name, what=what, option=option)
        if not bad and row != made.setdefault(_name(draft), row):
            what = Said(f"which of two descriptions of '{zh}' holds", f"“{zh}”的两种说明以何者为准")
            issues.add("F239", **draft.where, column="kind", what=what, option="[columns]")
            bad = ["kind"]
        if bad:
            refused.add(draft)
    slugs = [_slug(row["name_en"]) for row in made.values()]
    counts = Counter(slugs)
    for name, slug in zip(made, slugs, strict=True):
        identifier = f"{publication}-{slug or _hash(name)}"
        taken = identifier in items or (slug and counts[slug] > 1)
        made[name]["item"] = f"{identifier}-{_hash(name)}" if taken else identifier
    return made, refused


def _slug(text: str) -> str:
    """Return a text as an ASCII id, or nothing where it has other letters than ASCII ones."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    if any(letter.isalnum() and not letter.isascii() for letter in plain):
        return ""
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:80].strip("-")


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def _bounded(draft: Draft, row: Row, apart: bool) -> Row:
    """Put the boundary where it keeps numbers apart: into the process of a shipped item or one with several."""
    boundary = " ".join(printable(draft.boundary).split())
    if boundary and apart and not row["process"]:
        return row | {"process": boundary}
    return row | {"note": joined(f"{_BOUNDARY}{boundary}" if boundary else "", row["note"])}


def _boundary_in(note: str) -> str:
    """Return the boundary that a note begins with."""
    first = note.split("; ", 1)[0]
    return first.removeprefix(_BOUNDARY) if first.startswith(_BOUNDARY) else ""


def _distinct(rows: Sequence[tuple[Draft, Row]], issues: Issues) -> list[tuple[Draft, Row]]:
    """Return rows of which no two answer one question: what says the same twice is left out, what differs refused."""
    groups: dict[tuple[Any, ...], list[tuple[Draft, Row]]] = {}
    for draft, row in rows:
        key = tuple(row[name] for name in ("item", "region", "process", "parameter", "gas"))
        groups.setdefault((*key, units.parse(row["unit"]).dimension), []).append((draft, row))
    kept = []
    for group in groups.values():
        clusters: list[list[tuple[Draft, Row]]] = []
        last = 0
        for valid, pair in sorted(((span(pair[1]), pair) for pair in group), key=lambda found: found[0].start):
            if clusters and valid.start < last:
                clusters[-1].append(pair)
            else:
                clusters.append([pair])
            last = max(last, valid.end)
        for cluster in clusters:
            (first, row), *others = cluster
            if all(_same(row, other) for _, other in others):
                kept.append((first, row))
                why = Said("the same number stands above it", "上文已有相同数值")
                for draft, _ in others:
                    issues.add("F237", **draft.where, column="value", why=why)
                continue
            values = [f"{draft.value} {draft.printed or draft.unit}" for draft, _ in cluster[:6]]
            for draft, _ in cluster:
                named = draft.name_zh or draft.name_en or draft.item
                issues.add("F232", **draft.where, column="value", value=named[:80], other=values)
    return kept


def _same(row: Row, other: Row) -> bool:
    """Return whether two rows state one number: in one unit exactly, in two as far as they are rounded."""
    if span(row) != span(other):
        return False
    if row["unit"] == other["unit"]:
        return Fraction(row["value"]) == Fraction(other["value"])
    scale = units.ratio(units.parse(other["unit"]), units.parse(row["unit"]))
    slack = _half_step(row["value"]) + _half_step(other["value"]) * scale
    value = Fraction(row["value"])
    return abs(value - Fraction(other["value"]) * scale) <= max(slack, value * NEARLY)


def _half_step(printed: str) -> Fraction:
    return Fraction(1, 2 * 10 ** len(printed.partition(".")[2]))


def _name_rows(rows: Sequence[tuple[Draft, Row]]) -> None:
    """Give every row its id: what the source calls it, else its item; with a mark of what it speaks of, if need be."""
    given = [_slug(draft.id) for draft, _ in rows]
    counts = Counter(given)
    for (_, row), name in zip(rows, given, strict=True):
        mark = _hash("|".join(row[column] for column in HEADER if column not in ("value", "page", "note")))
        row["factor_id"] = name if name and counts[name] == 1 else f"{name or row['item']}-{mark}"


def _say_items(rows: Sequence[tuple[Draft, Row]], new: Sequence[Row], items: Names[Item], issues: Issues) -> None:
    """Note which rows speak of a known item, and which items are new."""
    for identifier in sorted({row["item"] for _, row in rows if row["item"] in items}):
        mine = [(draft, row) for draft, row in rows if row["item"] == identifier]
        lines = sorted({draft.line for draft, _ in mine if draft.line})
        process = sorted({row["process"] for _, row in mine if row["process"]})
        known = f"{items[identifier].name_zh} ({identifier})"
        issues.add("F235", file=mine[0][0].file, lines=lines, column="name", value=known, process=process)
    if new:
        shown = [row["name_zh"] for row in new[:8]] + (["…"] if len(new) > 8 else [])
        issues.add("F236", file="items.csv", value=str(len(new)), names=shown)
