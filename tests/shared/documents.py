"""Snippets of a document, run one after the other in a folder of its own: what a page shows is what happens.

``python`` with >>> is a doctest (a page shares its names), ``console`` runs its ``$ carbon …`` lines and compares what
they print, a fence with a title is written as that file, ``sh`` may name targets of the Makefile and what pip installs,
``bat`` the same for Windows, and everything else must at least parse. In a shown output ``…`` stands for what is left
out.
"""

import contextlib
import csv
import doctest
import io
import json
import re
import shlex
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from carbon.cli import main

ROOT = Path(__file__).resolve().parents[2]
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
_FENCE = re.compile(r"(?ms)^( *)```(\w*)(?: +title=\"([^\"]+)\")?\n(.*?)^\1```$")
_INSTALL = re.compile(r"(?:python3? -m )?pip install (?:\.|'carbon-accounting\[(\w+)\]'|'\.\[(\w+)\]')")


class Snippet(NamedTuple):
    """One fence of a page."""

    kind: str
    title: str
    text: str
    line: int


def snippets(text: str) -> Iterator[Snippet]:
    """Yield the fences of a page."""
    for found in _FENCE.finditer(text):
        body = re.sub(rf"(?m)^{found[1]}", "", found[4])
        yield Snippet(found[2], found[3] or "", body, text[: found.start()].count("\n") + 2)


def run_page(text: str, name: str) -> None:
    """Run every snippet of a page in the current folder."""
    names: dict[str, Any] = {}
    for one in snippets(text):
        where = f"{name}:{one.line}"
        if one.title:
            Path(one.title).parent.mkdir(parents=True, exist_ok=True)
            Path(one.title).write_text(one.text, encoding="utf-8")
        if one.kind == "python":
            run_python(one, where, names)
        elif one.kind == "console":
            run_console(one, where)
        else:
            parse(one, where)


def run_python(one: Snippet, where: str, names: dict[str, Any]) -> None:
    """Run a doctest; names that it makes stay."""
    test = doctest.DocTestParser().get_doctest(one.text, names, where, where, 0)
    assert test.examples, f"{where}: python without >>>"
    told: list[str] = []
    done = doctest.DocTestRunner(optionflags=FLAGS).run(test, out=told.append, clear_globs=False)
    names.update(test.globs)
    assert done.failed == 0, "".join(told)


def run_console(one: Snippet, where: str) -> None:
    """Run each `$ carbon …` line, and compare what it prints; `; echo $?` shows that it does not end with 0."""
    commands = re.split(r"(?m)^\$ ", one.text)[1:]
    assert commands, f"{where}: console without $"
    for each in commands:
        command, _, wanted = each.partition("\n")
        command, asks, _ = command.partition("; echo $?")
        shown, code = carbon(command)
        shown += f"{code}\n" if asks else ""
        assert asks or code == 0, f"{where}: {command} ended with {code}\n{shown}"
        wanted = wanted.replace("…", "...")
        if wanted.strip() and not doctest.OutputChecker().check_output(wanted, shown.replace("…", "..."), FLAGS):
            pytest.fail(f"{where}: {command}\n--- expected\n{wanted}\n--- got\n{shown}")


def carbon(command: str) -> tuple[str, int]:
    """Return what a command prints, and its exit code."""
    words = shlex.split(command)
    assert words[0] == "carbon", command
    out, code = io.StringIO(), 0
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        patch.setattr(sys, "argv", words)
        patch.setenv("CARBON_LANG", "en")
        try:
            main()
        except SystemExit as leaving:
            code = int(leaving.code or 0)
    return out.getvalue(), code


def parse(one: Snippet, where: str) -> None:
    """Read a snippet of another kind as what it says it is."""
    if one.kind == "toml":
        tomllib.loads(one.text)
    elif one.kind == "json":
        json.loads(one.text)
    elif one.kind == "csv":
        widths = {len(row) for row in csv.reader(io.StringIO(one.text))}
        assert len(widths) == 1, f"{where}: rows of {widths} cells"
    elif one.kind == "bat":
        for line in one.text.splitlines():
            command, *words = line.replace("\\", "/").split()
            known = command in ("py", ".venv/Scripts/activate", ".venv/Scripts/pip", ".venv/Scripts/carbon")
            assert known, f"{where}: {line}"
            assert not words or words[-1] == ".venv" or (ROOT / words[-1]).exists(), f"{where}: {line}"
    elif one.kind == "sh":
        targets = re.findall(r"(?m)^(\w+):", (ROOT / "Makefile").read_text("utf-8"))
        extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
        for line in one.text.splitlines():
            command = line.partition("#")[0].strip()
            found = _INSTALL.fullmatch(command)
            assert command.removeprefix("make ") in targets or found, f"{where}: {command}"
            assert not found or not (found[1] or found[2]) or (found[1] or found[2]) in extras, f"{where}: {command}"
    else:
        pytest.fail(f"{where}: nothing runs a snippet of {one.kind!r}")
