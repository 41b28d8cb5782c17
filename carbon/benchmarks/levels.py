"""The level sets, shipped and the user's, behind one object: load, search, find the ladders of a product."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from pathlib import Path

from carbon import periods, shipped, units
from carbon.benchmarks.conditions import disjoint, in_words, parse_condition
from carbon.benchmarks.ladder import Correction, Ladder, Tier
from carbon.documents import LevelMetadata, load
from carbon.errors import Issues, Said, UsageError, near_misses
from carbon.library import Names
from carbon.library.files import label, read_csv
from carbon.schema import folded, schema

HEADER = (
    "level_id", "subject", "condition", "indicator", "boundary", "tier", "value", "unit", "better", "strictness",
    "deadline", "valid_from", "valid_to", "correction", "verification", "corroborated_by", "page", "note",
)  # fmt: skip
EVER = (0, 2**31)
SURENESS = ("primary", "secondary", "unverified")
_SAME = ("subject", "condition", "indicator", "boundary", "unit", "better", "valid_from", "valid_to")
_NUMBER = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,30})?")
_LINEAR = re.compile(r"(\w+):(-?[0-9]{1,12}(?:\.[0-9]{1,12})?):(-?[0-9]{1,12}(?:\.[0-9]{1,12})?)", re.ASCII)
_FACTOR = re.compile(r"(\w+)=([\w-]+):\*([0-9]{1,12}(?:\.[0-9]{1,12})?)", re.ASCII)


@dataclass(frozen=True)
class Named:
    """An entry of a code list: a product, a kind of equipment, a boundary, an indicator."""

    id: str
    kind: str
    name_zh: str
    name_en: str
    aliases: tuple[str, ...] = ()
    column: str = ""

    def name(self, language: str) -> str:
        """Return its name in one language."""
        return self.name_zh if language == "zh" else self.name_en


@dataclass(frozen=True)
class LevelSet:
    """One table of a publication; its rows become ladders as they are asked for.

    Attributes
    ----------
    meta : LevelMetadata
        Publication, tiers, verification.
    path : pathlib.Path
        Its CSV file.
    levels : Levels
        Whose code lists it uses.
    """

    meta: LevelMetadata
    path: Path
    levels: Levels

    @property
    def id(self) -> str:
        """Publication and table."""
        return self.meta.id

    @property
    def is_shipped(self) -> bool:
        """Whether it is of the project, and not the user's own."""
        return self.path.is_relative_to(shipped.folder("levels"))

    @property
    def since(self) -> dt.date | None:
        """The day from which it is known: issued, else in force."""
        return self.meta.issued or self.meta.effective

    @cached_property
    def _rows(self) -> dict[str, list[tuple[int, dict[str, str]]]]:
        found: dict[str, list[tuple[int, dict[str, str]]]] = {}
        for line, cells in read_csv(self.path).rows:
            row = dict(zip(HEADER, cells, strict=False))
            found.setdefault(row["subject"], []).append((line, row))
        return found

    @cached_property
    def _known(self) -> dict[str, tuple[Ladder, ...]]:
        return {}

    def of(self, subject: str) -> tuple[Ladder, ...]:
        """Return the ladders of one product or kind of equipment."""
        if subject not in self._known:
            groups = _grouped(self._rows.get(subject, []))
            self._known[subject] = tuple(_ladder(self.meta, rows, self.levels) for rows in groups)
        return self._known[subject]

    @property
    def subjects(self) -> tuple[str, ...]:
        """What it has levels of."""
        return tuple(self._rows)

    @property
    def ladders(self) -> tuple[Ladder, ...]:
        """All of its ladders."""
        return tuple(ladder for subject in self.subjects for ladder in self.of(subject))

    def check(self, issues: Issues) -> None:
        """Report rows that cannot be used and ladders that overlap (B620)."""
        file, printed = self.path, read_csv(self.path)
        if printed.header != HEADER:
            why = Said(f"its header is not {','.join(HEADER)}", f"表头应为 {','.join(HEADER)}")
            issues.add("B620", file=label(file), lines=[1], value=",".join(printed.header)[:80], why=why)
            return
        good = []
        for line, cells in printed.rows:
            if len(cells) == len(HEADER):
                good.append((line, dict(zip(HEADER, cells, strict=True))))
            else:
                why = Said(f"{len(cells)} cells, not {len(HEADER)}", f"{len(cells)} 个单元格，应为 {len(HEADER)} 个")
                issues.add("B620", file=label(file), lines=[line], value=cells[0], why=why)
        ladders: list[Ladder] = []
        for rows in _grouped(good):
            lines = [line for line, _ in rows]
            try:
                one = _ladder(self.meta, rows, self.levels)
            except ValueError as error:
                why = next((a for a in error.args if isinstance(a, Said)), Said(str(error), str(error)))
                issues.add("B620", file=label(file), lines=lines, value=rows[0][1]["level_id"], why=why)
                continue
            for other in ladders:
                if _clash(one, other):
                    why = Said(f"it overlaps {other.tiers[0].id}", f"与 {other.tiers[0].id} 的适用条件重叠")
                    issues.add("B620", file=label(file), lines=lines, value=one.tiers[0].id, why=why)
            ladders.append(one)


class Levels:
    """Level sets and their code lists.

    Parameters
    ----------
    folders : sequence of pathlib.Path
        The shipped folder first, then the user's.
    as_of : datetime.date, optional
        Sets issued later do not exist; one of unknown date does.

    Raises
    ------
    DataError
        If a set cannot be used (B620), each bad row by file and line.
    """

    def __init__(self, folders: Sequence[Path], as_of: dt.date | None = None) -> None:
        self.folders, self.as_of = tuple(folders), as_of
        issues = Issues()
        self.sets: dict[str, LevelSet] = {}
        for place, folder in enumerate(self.folders):
            if place:
                _check_folder(folder, issues)
            for path in sorted(p for p in folder.glob("*/*.toml") if p.with_suffix(".csv").is_file()):
                one = LevelSet(load(path, LevelMetadata), path.with_suffix(".csv"), self)
                if one.id != f"{path.parent.name}/{path.stem}" or one.id in self.sets:
                    why = Said("its id is not its folder and file, or is taken", "id 与文件夹和文件名不符，或已被占用")
                    issues.add("B620", file=label(path), value=one.id, why=why)
                elif place:
                    one.check(issues)
                if as_of is None or one.since is None or one.since <= as_of:
                    self.sets[one.id] = one
        issues.raise_errors()

    def __repr__(self) -> str:
        return f"<Levels of {len(self.sets)} sets, {len(self.subjects)} products and kinds of equipment>"

    def _names(self, table: str, column: str) -> Names[Named]:
        return Names(
            Named(r[column], r.get("kind", ""), r["name_zh"], r["name_en"], _words(r.get("aliases", "")),
                  r.get("column", ""))
            for folder in self.folders if (folder / f"{table}.csv").is_file()
            for r in read_csv(folder / f"{table}.csv").records()
        )  # fmt: skip

    @cached_property
    def subjects(self) -> Names[Named]:
        """Products and kinds of equipment by id, name or alias."""
        return self._names("subjects", "subject")

    @cached_property
    def plain_equipment(self) -> Names[Named]:
        """Kinds of equipment of which only policies speak, by age or size."""
        rows = read_csv(shipped.folder("triggers") / "subjects.csv").records()
        return Names(Named(r["subject"], r["kind"], r["name_zh"], r["name_en"], _words(r["aliases"])) for r in rows)

    @cached_property
    def indicators(self) -> Names[Named]:
        """What is compared, by id, name or alias."""
        return self._names("indicators", "indicator")

    @cached_property
    def boundaries(self) -> Names[Named]:
        """What it covers, by id or name."""
        return self._names("boundaries", "boundary")

    @cached_property
    def numbers(self) -> dict[str, bool]:
        """Attributes of conditions, and whether each is a number."""
        rows = [r for folder in self.folders if (folder / "attributes.csv").is_file()
                for r in read_csv(folder / "attributes.csv").records()]  # fmt: skip
        return {r["attribute"]: r["kind"] == "number" for r in rows}

    @cached_property
    def choices(self) -> dict[tuple[str, str], Names[Named]]:
        """Text values by (subject, attribute)."""
        found: dict[tuple[str, str], list[Named]] = {}
        for folder in self.folders:
            for r in read_csv(folder / "choices.csv").records() if (folder / "choices.csv").is_file() else ():
                entry = Named(r["value"], "", r["name_zh"], r["name_en"], _words(r["aliases"]))
                found.setdefault((r["subject"], r["attribute"]), []).append(entry)
        return {key: Names(entries) for key, entries in found.items()}

    def near(self, text: str, kind: str) -> list[str]:
        """Return names near to a text that are products, or kinds of equipment."""
        return [word for word in self.subjects.near(text) if self.subjects[word.split()[0]].kind == kind]

    def product(self, text: str) -> tuple[Named | None, str]:
        """Return the product that a text names, and its type if the text is the name of a type (铝液, 捣固焦)."""
        subject = self.subjects.find(text)
        if subject is not None:
            return subject, ""
        hits = [(s, found.id) for (s, attribute), names in self.choices.items() if attribute == "type"
                and self.subjects[s].kind == "product" and (found := names.find(text)) is not None]  # fmt: skip
        return (self.subjects[hits[0][0]], hits[0][1]) if len(hits) == 1 else (None, "")

    @cached_property
    def digest(self) -> str:
        """SHA-256 over the tables in use and their metadata."""
        sha = hashlib.sha256()
        for identifier in sorted(self.sets):
            path = self.sets[identifier].path
            sha.update(path.read_bytes() + path.with_suffix(".toml").read_bytes())
        return sha.hexdigest()

    def set(self, identifier: str) -> LevelSet:
        """Return one set.

        Raises
        ------
        UsageError
            If there is none of that id; near misses are named.
        """
        if identifier not in self.sets:
            near = near_misses(identifier, self.sets) or sorted(self.sets)[:5]
            message = f"no level set {identifier!r}; nearest: {', '.join(near)}"
            raise UsageError(message)
        return self.sets[identifier]

    def chosen(self, identifiers: Sequence[str] | None) -> tuple[str, ...]:
        """Return the ids of the sets that are asked for: full ids, publications or kinds; all of them if None."""
        if identifiers is None:
            return tuple(self.sets)
        wanted: dict[str, None] = {}
        for name in identifiers:
            hits = [i for i, s in self.sets.items() if name in (i, i.split("/")[0], s.meta.kind)]
            wanted |= dict.fromkeys(hits or [self.set(name).id])
        return tuple(wanted)

    def search(self, text: str) -> list[Ladder]:
        """Return the ladders whose product, condition, indicator or document has every word of a text."""
        asked = folded(text).split()
        return [
            ladder for one in self.sets.values() for ladder in one.ladders
            if all(word in self._haystack(one, ladder) for word in asked)
        ]  # fmt: skip

    def _haystack(self, one: LevelSet, ladder: Ladder) -> str:
        subject = self.subjects[ladder.subject]
        indicator = self.indicators[ladder.indicator]
        named = [self.choice(ladder.subject, name, value) for name, value in ladder.condition.items()
                 if isinstance(value, str)]  # fmt: skip
        words = [word for each in named for word in (each.name_zh, each.name_en, *each.aliases)]
        parts = [
            ladder.tiers[0].id, one.meta.document, one.meta.title_zh, one.meta.title_en, subject.id, subject.name_zh,
            subject.name_en, *subject.aliases, indicator.name_zh, indicator.name_en, in_words(ladder.condition),
            *words, *(tier.id for tier in ladder.tiers),
        ]  # fmt: skip
        return folded(" ".join(parts))

    def choice(self, subject: str, attribute: str, value: str) -> Named:
        """Return the entry of a text value; itself where it has no name."""
        names = self.choices.get((subject, attribute))
        return names[value] if names is not None and value in names else Named(value, "", value, value)

    def ladder(self, level: str) -> tuple[LevelSet, Ladder]:
        """Return the set and ladder of one level id.

        Raises
        ------
        UsageError
            If there is no such level.
        """
        one = self.set(level.partition(":")[0])
        for ladder in one.ladders:
            if any(tier.id == level for tier in ladder.tiers):
                return one, ladder
        near = near_misses(level, [tier.id for ladder in one.ladders for tier in ladder.tiers])
        message = f"no level {level!r}; nearest: {', '.join(near)}"
        raise UsageError(message)


def _check_folder(folder: Path, issues: Issues) -> None:
    """Report a folder without level sets, and tables and pages of facts that lack one another (B620)."""
    tables, pages = (set(folder.glob(f"*/*.{kind}")) for kind in ("csv", "toml"))
    if not tables and not pages:
        why = Said("it has no level set: a folder in it with a table .csv and its page .toml of the same name",
                   "其中没有能效水平数据：应有一个子文件夹，内含数据表 .csv 及同名的 .toml")  # fmt: skip
        name = folder.absolute().name
        issues.add("B620", file=name, value=name, why=why)
    for path in sorted(tables | pages):
        other = path.with_suffix(".toml" if path in tables else ".csv")
        if other not in tables | pages:
            why = Said(f"there is no {other.suffix} of the same name", f"没有同名的 {other.suffix}")
            issues.add("B620", file=label(path), value=f"{path.parent.name}/{path.stem}", why=why)


def _grouped(rows: Iterable[tuple[int, dict[str, str]]]) -> list[list[tuple[int, dict[str, str]]]]:
    """Return rows of one ladder together."""
    groups: dict[tuple[str, ...], list[tuple[int, dict[str, str]]]] = {}
    for line, row in rows:
        groups.setdefault(tuple(row[name] for name in _SAME), []).append((line, row))
    return list(groups.values())


def _ladder(meta: LevelMetadata, rows: list[tuple[int, dict[str, str]]], levels: Levels) -> Ladder:
    """Return the ladder of some rows; `ValueError` says what is wrong with them."""
    by_tier = {row["tier"]: row for _, row in rows}
    if sorted(by_tier) != sorted(meta.tiers) or len(rows) != len(meta.tiers):
        raise ValueError(Said(f"its tiers are not {', '.join(meta.tiers)}", f"档位应为 {'、'.join(meta.tiers)}"))
    first = rows[0][1]
    words = {"better": ("lower", "higher"), "strictness": ("inclusive", "strict"), "verification": SURENESS}
    for _, row in rows:
        for name, known_words in words.items():
            if row[name] not in known_words:
                raise ValueError(Said(f"{name} is none of {', '.join(known_words)}",
                                      f"{name} 应为 {'、'.join(known_words)} 之一"))  # fmt: skip
    if first["deadline"]:
        periods.date(first["deadline"])
    lists = {"subject": levels.subjects, "indicator": levels.indicators, "boundary": levels.boundaries}
    for name, known in lists.items():
        if first[name] not in known:
            raise ValueError(Said(f"unknown {name} {first[name]!r}", f"未知的 {name}：{first[name]}"))
    tiers, corrections = [], []
    for name in meta.tiers:
        row = by_tier[name]
        if not row["page"] or not row["verification"]:
            raise ValueError(Said("a level without page or verification", "缺少出处页码或核实程度"))
        if row["value"] and not _NUMBER.fullmatch(row["value"]):
            raise ValueError(Said(f"{row['value'][:40]!r} is not a number", f"“{row['value'][:40]}”不是数字"))
        tiers.append(
            Tier(f"{meta.id}:{row['level_id']}", name, row["value"], row["strictness"] == "strict",
                 row["verification"], row["corroborated_by"], row["page"], row["note"])
        )  # fmt: skip
        corrections.append(_correction(row["correction"]))
    if first["unit"]:
        units.parse(first["unit"])
    elif any(tier.value for tier in tiers):
        raise ValueError(Said("a value without unit", "数值缺少单位"))
    start = periods.date(first["valid_from"]) if first["valid_from"] else EVER[0]
    end = periods.date(first["valid_to"]) + 1 if first["valid_to"] else EVER[1]
    if start >= end:
        raise ValueError(Said("it ends before it begins", "有效期止于开始之前"))
    condition = parse_condition(first["condition"], levels.numbers)
    _askable(meta, [*condition, *(c.attribute for c in corrections if c is not None)], corrections)
    known_values = [Fraction(t.value) * (1 if first["better"] == "lower" else -1) for t in tiers if t.value]
    if known_values != sorted(known_values):
        raise ValueError(Said("its tiers are not in order, best first", "各档数值未按由优到劣排列"))
    return Ladder(
        meta.id, first["subject"], condition, first["indicator"],
        first["boundary"], first["unit"], first["better"] == "lower", tuple(tiers), tuple(corrections),
        first["deadline"], start, end,
    )  # fmt: skip


def _askable(meta: LevelMetadata, names: Sequence[str], corrections: Sequence[Correction | None]) -> None:
    """Refuse attributes that a row of the table to be compared does not have."""
    columns = schema("equipment" if meta.kind == "equipment" else "lines")
    for name in names:
        texts = ("type", "salt") if meta.kind != "equipment" else tuple(columns)
        if name not in columns or (columns[name].type == "text" and name not in texts):
            raise ValueError(Said(f"no row has {name!r} to compare by", f"对标数据没有可用于比较的列“{name}”"))
    for one in corrections:
        if one is not None and (columns[one.attribute].type == "number") == bool(one.kind):
            raise ValueError(Said(f"{one.attribute!r} cannot correct a level so", f"“{one.attribute}”不能用于此种修正"))


def _words(text: str) -> tuple[str, ...]:
    return tuple(filter(None, text.split("|")))


def _correction(text: str) -> Correction | None:
    """Return a printed correction: ``clinker_ratio_pct:75:1.10`` or ``salt=sun-dried:*1.18``."""
    if not text:
        return None
    linear, factor = _LINEAR.fullmatch(text), _FACTOR.fullmatch(text)
    if factor is not None:
        return Correction(factor[1], Fraction(0), Fraction(factor[3]), factor[2])
    if linear is None:
        raise ValueError(Said(f"a correction that cannot be read: {text[:40]!r}", f"无法识别的修正：{text[:40]}"))
    return Correction(linear[1], Fraction(linear[2]), Fraction(linear[3]))


def _clash(one: Ladder, two: Ladder) -> bool:
    """Return whether two ladders could both be meant by the same line."""
    same = (one.subject, one.indicator, one.boundary) == (two.subject, two.indicator, two.boundary)
    apart = one.end <= two.start or two.end <= one.start
    return same and not apart and disjoint(one.condition, two.condition) is False


def load_levels(extra: Sequence[str | Path] = (), as_of: dt.date | None = None) -> Levels:
    """Return the shipped level sets, and the user's.

    Parameters
    ----------
    extra : sequence of path
        Folders with own sets, of the same shape as ``benchmarks/levels``.
    as_of : datetime.date, optional
        Only what was published by then.

    Returns
    -------
    Levels

    Raises
    ------
    DataError
        If a set cannot be used (B620).
    UsageError
        If a folder does not exist.

    Examples
    --------
    >>> [t.value for t in load_levels().ladder("ndrc-723-2023/sector:cement-clinker-benchmark")[1].tiers]
    ['100', '117']
    """
    for folder in map(Path, extra):
        if not folder.is_dir():
            message = f"no folder {folder} with level sets"
            raise UsageError(message)
    return Levels([shipped.folder("levels"), *map(Path, extra)], as_of)
