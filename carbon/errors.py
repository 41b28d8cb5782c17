"""Floor 0: exceptions, the `Issue` that every floor reports with, and the catalogue of issue codes (issues.toml).

CarbonError
├── DataError    the user's or a factor set's data is wrong; carries issues (exit 1)
└── UsageError   a wrong option, a missing file (exit 2)
"""

from __future__ import annotations

import csv
import difflib
import re
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

SEVERITIES = ("error", "warning", "note")


class Said(NamedTuple):
    """A few words in both languages, for a part of a message."""

    en: str
    zh: str


class CarbonError(Exception):
    """Base of every exception that this package raises on purpose."""


class UsageError(CarbonError):
    """A wrong option, path or argument: nothing was computed."""


class DataError(CarbonError):
    """Input data that cannot be computed.

    Parameters
    ----------
    issues : Issues
        What is wrong, one entry per kind of mistake.
    language : str
        Language that the input asks for, if that is known.
    """

    def __init__(self, issues: Issues, language: str = "") -> None:
        self.issues, self.language = issues, language
        super().__init__("\n".join(issue.text() for issue in issues))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.issues, self.language)


# Control characters, what reverses a text, and lone surrogates, which no file can hold.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def printable(text: object) -> str:
    r"""Return a text without the control characters by which it could command a terminal.

    Examples
    --------
    >>> printable("\x1b[2Jplant")
    '�[2Jplant'
    """
    return _CONTROL.sub("�", str(text))


@cache
def catalogue() -> dict[str, dict[str, str]]:
    """Return the issue catalogue: code → severity, title, message, remedy and example, in both languages."""
    with (Path(__file__).parent / "issues.toml").open("rb") as file:
        return tomllib.load(file)


@cache
def _columns_zh() -> dict[str, str]:
    """Return what tables call a column in Chinese: their first alias where they agree, else that of activities."""
    found: dict[str, dict[str, str]] = {}
    for path in (Path(__file__).parent / "schema").glob("*.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                if "column" in row and row["aliases"]:
                    found.setdefault(row["column"], {})[path.stem] = row["aliases"].partition("|")[0]
    chosen = {column: names.get("activities", next(iter(names.values()))) for column, names in found.items()}
    return {c: name for c, name in chosen.items() if "activities" in found[c] or len({*found[c].values()}) == 1}


def _column_said(column: str, language: str) -> str:
    """Return a column as a message names it: in Chinese with its Chinese name first."""
    name = _columns_zh().get(column) if language == "zh" else None
    return f"{name} ({column})" if name else column


def near_misses(word: str, known: Iterable[str], count: int = 3) -> list[str]:
    """Return the known words nearest in spelling to `word`, best first.

    Examples
    --------
    >>> near_misses("anthracit", ["anthracite", "coke", "lignite"])
    ['anthracite']
    """
    words = list(known)
    close = difflib.get_close_matches(word, words, n=count, cutoff=0.6 if len(word) > 3 else 0.5)
    inside = [other for other in words if len(word) > 1 and (word in other or other in word) and other not in close]
    return list(dict.fromkeys(close + sorted(inside, key=len)))[:count]


@dataclass(frozen=True)
class Issue:
    """One kind of mistake (or remark) and every line on which it occurs.

    Attributes
    ----------
    code : str
        Key of the catalogue; the same in every language.
    file, column, value : str
        Where it is and what stands there, made printable; empty if it concerns the whole file.
    lines : sequence of int
        Line numbers as an editor shows them (the header is line 1); empty if it concerns the whole file.
    parts : dict
        What the message template fills in.
    """

    code: str
    file: str = ""
    lines: Sequence[int] = ()
    column: str = ""
    value: str = ""
    parts: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("file", "column", "value"):
            object.__setattr__(self, name, printable(getattr(self, name)))

    @property
    def severity(self) -> str:
        """`error` (the lines are not computed), `warning` (computed, look at it) or `note` (a fallback was used)."""
        return catalogue()[self.code]["severity"]

    def _fill(self, key: str, language: str) -> str:
        column = _column_said(self.column, language)
        words: dict[str, Any] = {"value": self.value, "column": column, "file": self.file}
        for name, given in self.parts.items():
            parts = given if isinstance(given, list) else [given]
            words[name] = ", ".join(getattr(part, language) if isinstance(part, Said) else str(part) for part in parts)
        return printable(_render(catalogue()[self.code][f"{key}_{language}"], words))

    def message(self, language: str = "en") -> str:
        """Return what is wrong, in one sentence."""
        return self._fill("message", language)

    def remedy(self, language: str = "en") -> str:
        """Return how to mend it."""
        return self._fill("remedy", language)

    def said(self, language: str = "en") -> str:
        """Return message, remedy and code on one line."""
        stop = "。" if language == "zh" else ". "
        words = self.message(language).rstrip("。.") + stop + self.remedy(language)
        return f"{words.strip()} [{self.code}]"

    def text(self, language: str = "en") -> str:
        """Return place, message, remedy and code on one line, as printed in a terminal."""
        place = self.file
        if len(self.lines):
            place += f":{self.lines[0]}" + (f" (+{len(self.lines) - 1})" if len(self.lines) > 1 else "")
        where = " ".join(part for part in (place, _column_said(self.column, language)) if part)
        colon = "：" if language == "zh" else ": "
        return (f"{where}{colon}" if where else "") + self.said(language)

    def __str__(self) -> str:
        return self.text()


_CLAUSE = re.compile(r"\[\[(.*?)\]\]")  # a clause of a template, left out where a part of it is empty
_PART = re.compile(r"\{(\w+)")


def _render(template: str, words: dict[str, Any], blank: str = "") -> str:
    """Return a template filled in; what is missing reads as `blank`, and an optional clause without its parts goes."""

    def clause(found: re.Match[str]) -> str:
        return found[1] if blank or all(words.get(name) for name in _PART.findall(found[1])) else ""

    return _CLAUSE.sub(clause, template).format_map(_Blank(words, blank=blank)).strip()


class _Blank(dict[str, Any]):
    """A mapping for templates: what is missing in it reads as one and the same text."""

    def __init__(self, words: dict[str, Any], blank: str) -> None:
        super().__init__(words)
        self.blank = blank

    def __missing__(self, key: str) -> str:
        return self.blank


class Issues(list[Issue]):
    """The issues of one stage or run, in the order found."""

    def add(self, code: str, **details: Any) -> None:
        """Append an issue; unknown keywords become parts of its message."""
        own = {name: details.pop(name) for name in ("file", "lines", "column", "value") if name in details}
        self.append(Issue(code, parts=details, **own))

    def __add__(self, other: list[Issue]) -> Issues:  # type: ignore[override]
        return Issues([*self, *other])

    @property
    def errors(self) -> Issues:
        """Those that keep lines from being computed."""
        return Issues(issue for issue in self if issue.severity == "error")

    def counts(self) -> dict[str, int]:
        """Return lines with errors and lines with warnings (each line once), and the number of notes."""
        found = {}
        for severity in ("error", "warning"):
            mine = [issue for issue in self if issue.severity == severity]
            found[severity] = distinct_lines(mine) + sum(not len(issue.lines) for issue in mine)
        return found | {"note": sum(i.severity == "note" for i in self)}

    def __repr__(self) -> str:
        return "\n".join(f"{i.severity}: {i}" for i in self.ordered()) or "no issues"

    def ordered(self) -> Issues:
        """Return them sorted by severity, code and place, so that output does not depend on the order of discovery."""
        rank = {name: position for position, name in enumerate(SEVERITIES)}

        def place(issue: Issue) -> tuple[int | str, ...]:
            line = issue.lines[0] if len(issue.lines) else 0
            return rank[issue.severity], issue.code, issue.file, line, issue.column, issue.value, issue.message()

        return Issues(sorted(self, key=place))

    def rows(self, language: str = "en") -> Iterator[dict[str, Any]]:
        """Yield records: code, severity, file, line, lines, column, value, message, remedy.

        An error or warning has a record for each of its lines; a note, and what the catalogue calls summed, has one
        with its first line and their number.
        """
        for issue in self.ordered():
            record = {
                "code": issue.code,
                "severity": issue.severity,
                "file": issue.file,
                "line": None,
                "lines": len(issue.lines),
                "column": issue.column,
                "value": issue.value,
                "message": issue.message(language),
                "remedy": issue.remedy(language),
            }
            if not len(issue.lines):
                yield record
            elif issue.severity == "note" or "summed" in catalogue()[issue.code]:
                yield record | {"line": int(issue.lines[0])}
            else:
                for line in issue.lines:
                    yield record | {"line": int(line), "lines": 1}

    def raise_errors(self) -> None:
        """Raise `DataError` if any of them is an error."""
        if self.errors:
            raise DataError(self)


def distinct_lines(issues: Iterable[Issue]) -> int:
    """Return on how many lines some issues occur, each line once."""
    files: dict[str, list[Sequence[int]]] = {}
    for issue in issues:
        files.setdefault(issue.file, []).append(issue.lines)
    return sum(_distinct(lines) for lines in files.values())


def _distinct(lines: list[Sequence[int]]) -> int:
    if len(lines) == 1:
        return len(lines[0])  # an issue names each line once
    if sum(map(len, lines)) < 10_000:
        return len({int(line) for some in lines for line in some})
    import numpy as np

    arrays = [np.asarray(some, dtype=np.int64) for some in lines if len(some)]
    seen = np.zeros(max(int(some.max()) for some in arrays) + 1, dtype=bool)
    for some in arrays:
        seen[some] = True
    return int(seen.sum())


def explain_code(code: str, language: str = "en") -> str:
    """Return title, meaning, remedy and an example of one issue code.

    Raises
    ------
    UsageError
        If there is no such code; near misses are named.

    Examples
    --------
    >>> print(explain_code("U101").splitlines()[0])
    U101 (error): Unknown unit
    """
    entry = catalogue().get(code.upper())
    if entry is None:
        known = [other for other in catalogue() if other[0] == code[:1].upper()] or list(catalogue())
        near = near_misses(code.upper(), known) or known
        message = f"no issue code {code!r}; nearest: {', '.join(near)}"
        raise UsageError(message)
    words = {"en": ("Means", "Remedy", "Example"), "zh": ("含义", "处理", "示例")}[language]
    lines = [f"{code.upper()} ({entry['severity']}): {entry[f'title_{language}']}"]
    lines += [f"{words[0]}: {entry[f'meaning_{language}'].strip()}"] if entry.get(f"meaning_{language}") else []
    lines += [f"{words[1]}: {_render(entry[f'remedy_{language}'], {}, blank='…')}"]
    lines += [f"{words[2]}: {entry['example'].strip()}"] if entry.get("example") else []
    return "\n".join(lines)
