"""Paths that a command cannot compute: what was looked for, what is near, which command takes what is there."""

from __future__ import annotations

import os
import shlex
import subprocess
import tomllib
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from carbon.cli import show
from carbon.cli.checking import FOOTPRINT, RUN, SAVINGS, UPGRADE, kinds
from carbon.errors import UsageError, near_misses, printable
from carbon.folders import MARK
from carbon.reading import SUFFIXES
from carbon.report import words
from carbon.schema import folded, table_words

COMMANDS = {RUN: "run", FOOTPRINT: "footprint", UPGRADE: "upgrade", SAVINGS: "savings"}
_STARTERS = {RUN: "", FOOTPRINT: " footprint", UPGRADE: " upgrade"}  # kind → what `carbon init DIR` is told
MOST = 5


def quoted(path: Path) -> str:
    """Return a path as it is pasted into a shell.

    Examples
    --------
    >>> quoted(Path("plant"))
    'plant'
    """
    text = str(path)
    text = f".{os.sep}{text}" if text.startswith("-") else text
    return printable(subprocess.list2cmdline([text]) if os.name == "nt" else shlex.quote(text))


def expect(path: Path, *wanted: str, table: str = "", lang: str | None = None) -> None:
    """Refuse a path that is not there, or holds something else than a command computes.

    Parameters
    ----------
    path : pathlib.Path
        What the user named.
    *wanted : str
        Settings files, such as ``run.toml``, that stand for what the command computes; none if it takes only a table.
    table : str
        Which table it takes as well, such as ``lines``; left out where a folder is the usual way.
    lang : str, optional
        Language of the message; that of the terminal if left out.

    Raises
    ------
    UsageError
        With what was looked for, what is near or inside, and the command to use.
    """
    spoken = show.language(lang)
    w = words("terminal", spoken)
    called = table_words(table)[-1 if spoken == "zh" else 0] if table else ""
    asked = [w[name] for name in wanted] + ([w["a_table"].format(called)] if table else [])
    if len(wanted) == len(COMMANDS):
        asked = [w["run_or_study"]]
    begin = f"carbon template {table} --xlsx" if table else f"carbon init {quoted(path)}{_STARTERS[wanted[0]]}"

    def refuse(said: str, **parts: str) -> NoReturn:
        text = w[said].format(path=printable(path), wanted=w["or"].join(asked), begin=begin, **parts)
        raise UsageError(text)

    def other(said: str, held: str, folder: Path) -> NoReturn:
        refuse(said, what=w[held], command=f"carbon {COMMANDS[held]} {quoted(folder)}")

    if not path.exists():
        if RUN in wanted and any(mark in str(path) for mark in "*?["):
            return  # a glob of activity files
        near = _near(path)
        refuse("nearest" if near else "missing", near=", ".join(near))
    held = kinds(path)
    if set(held) & set(wanted):
        return
    if path.is_file():
        study = path.suffix.lower() in SUFFIXES and (path.parent / FOOTPRINT).is_file()
        if (study and wanted == (FOOTPRINT,)) or (path.suffix == ".toml" and held):
            other("part", FOOTPRINT if study else held[0], path.parent)
        return
    if (path / MARK).is_file():
        refuse("is_result")
    within = sorted(path.iterdir())
    inside = [one for one in within if _holds(one, wanted, table)]
    tables = any(one.is_file() and one.suffix.lower() in SUFFIXES for one in within)  # perhaps parts of one run
    if any(one.is_file() for one in inside) or (inside and not tables):
        refuse("inside", found=", ".join(map(quoted, inside[:MOST])))
    if held:
        other("other", held[0], path)
    if not within:
        refuse("empty")
    if not wanted:
        refuse("is_folder")


def own_language(path: Path) -> str | None:
    """Return the language that the settings of a run or study ask for; None if they do not, or cannot be read."""
    folder = path if path.is_dir() else path.parent
    for held in kinds(path):
        with suppress(OSError, ValueError, RecursionError):
            asked = tomllib.loads((folder / held).read_text("utf-8-sig")).get("language")
            if asked in ("en", "zh"):
                return str(asked)
    return None


def _near(path: Path) -> list[str]:
    """Return what is called nearly like the first part of a path that is not there."""
    above = next((one for one in path.parents if one.is_dir()), Path())
    part = path.relative_to(above).parts[0] if path.parts else ""
    known = [one.name for one in above.iterdir() if 2 * len(one.name) > len(part)]
    return [printable(above / name) for name in near_misses(part, known)]


def _holds(path: Path, wanted: Collection[str], table: str) -> bool:
    """Return whether a command would take what lies in a folder."""
    if path.is_file():
        return path.suffix.lower() in SUFFIXES and folded(path.stem) in map(folded, table_words(table) if table else ())
    return os.access(path, os.R_OK | os.X_OK) and bool(set(kinds(path)) & set(wanted))


def spread_pattern(first: Path, command: str) -> str:
    """Return what is said where the shell has made many files of a pattern, of which one is `first`."""
    pattern = printable(str(first.parent / f"*{first.suffix}")).replace("'", "'\\''")
    return words("terminal", show.language(None))["quote_glob"].format(command=f"carbon {command} '{pattern}'")


def expect_result(folder: Path, lang: str | None = None) -> None:
    """Refuse to retrace what was not computed: no such folder, or a run without results.

    Raises
    ------
    UsageError
        With what is near, or the command that computes it.
    """
    w, near = words("terminal", show.language(lang)), _near(folder)
    if not folder.exists():
        said = w["nearest" if near else "missing"]
        begin = f"carbon init {quoted(folder)}"
        raise UsageError(said.format(path=printable(folder), wanted=w["a_result"], near=", ".join(near), begin=begin))
    if folder.is_file() and (folder.parent / MARK).is_file():
        command = f"carbon explain {quoted(folder.parent)}:2"
        raise UsageError(w["result_file"].format(path=printable(folder), command=command))
    beside = folder.with_name(f"{folder.stem}-results") if folder.is_file() else folder / "results"
    done = any((place / MARK).is_file() for place in (folder, beside))
    if not done and (folder.is_file() or RUN in kinds(folder)):
        raise UsageError(w["not_computed"].format(path=printable(folder), command=f"carbon run {quoted(folder)}"))
