"""Help, completion, terminals and pipes of the command."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from shared.command import COMMAND, ROOT, called, on_a_terminal, piped
from typer.testing import CliRunner

from carbon.benchmarks import load_levels
from carbon.cli import completion
from carbon.cli.commands import INNER, PANELS, app
from carbon.describe import described, templates
from carbon.library import Library

EXAMPLES = ROOT / "examples"
COLOUR = re.compile(r"\x1b\[(?:\d+;)*(?:3\d|4\d|9\d)(?:;\d+)*m")
HEAVY = {"pandas", "numba", "llvmlite", "pint", "numpy", "pyarrow", "scipy", "plotly"}


# --- help ---------------------------------------------------------------------------------------------------------


def test_help_shows_each_command_on_a_line_under_its_panel() -> None:
    done = piped("--help", COLUMNS="80")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    names, panel = {panel: [] for panel in PANELS}, ""
    for line in lines:
        if line.startswith("╭"):
            panel = line.strip("╭╮─ ")
        elif line.startswith("│") and panel in names:
            name = line[2:].split(" ")[0]
            assert name, f"a second line: {line}"
            names[panel].append(name)
    assert names == {panel: list(commands) for panel, commands in PANELS.items()}
    assert re.search("[\u4e00-\u9fff]", [line for line in lines if line.strip()][-1])


def test_chinese_line_of_the_help_works(tmp_path: Path) -> None:
    line = [line for line in piped("--help").stdout.splitlines() if line.strip()][-1]
    words = re.search(r"carbon (init \S+ --lang zh)", line)
    assert words is not None
    assert piped(*words[1].split(), cwd=tmp_path).returncode == 0


EVERY = {(name,): example for commands in PANELS.values() for name, example in commands.items()}
EVERY |= {(outer, name): example for outer, commands in INNER.items() for name, example in commands.items()}


def test_every_command_has_an_example_on_one_line() -> None:
    for names, example in EVERY.items():
        shown = CliRunner().invoke(app, [*names, "--help"], env={"COLUMNS": "80"}).stdout
        assert f"Example: {example}" in shown, names
        assert shlex.split(example)[1 : len(names) + 1] == list(names) or len(names) == 1


def test_examples_of_the_help_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(EXAMPLES, tmp_path / "examples", ignore=shutil.ignore_patterns("results"))
    monkeypatch.chdir(tmp_path)
    for example in EVERY.values():
        if "my-" not in example:  # a folder of one's own
            code, _, said = called(capsys, *shlex.split(example)[1:])
            assert code == (1 if "faulty" in example else 0), (example, said)


# --- completion ---------------------------------------------------------------------------------------------------


def completed(line: str, cwd: Path | None = None) -> tuple[list[str], set[str]]:
    """Return what bash would offer for the last word of a line, and what was loaded for it."""
    code = "print(*sorted({name.split('.')[0] for name in sys.modules}), file=sys.stderr)"
    script = COMMAND[2].replace("main()", f"\ntry: main()\nfinally: {code}")
    words = line.split(" ")
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, encoding="utf-8", check=False, cwd=cwd,
        env={"PATH": os.environ["PATH"], "COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1),
             "_CARBON_COMPLETE": "complete_bash"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.split(), set(done.stderr.split())


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("carbon fo", ["footprint"]),
        ("carbon levels s", ["search", "show", "sets"]),
        ("carbon run --no-r", ["--no-report"]),
        ("carbon run x --lang ", ["zh", "en"]),
        ("carbon run x --gwp ar6", ["ar6", "ar6-20yr", "ar6-unverified"]),
        ("carbon run x --method cn-st", ["cn-statistics", "cn-steel"]),
        ("carbon check x --method gb", ["gb-t-24067"]),
        ("carbon describe stu", ["study"]),
        ("carbon template sc", ["scenarios"]),
        ("carbon init mine ", ["quarterly", "footprint", "upgrade"]),
        ("carbon factors show mee-grid-2023/a", ["mee-grid-2023/average"]),
        ("carbon levels show gb-18613", ["gb-18613-2020/motors"]),
        ("carbon benchmark x --levels gb-18613", ["gb-18613-2020/motors"]),
        ("carbon explain U10", [f"U10{n}" for n in range(1, 7)]),
    ],
)
def test_words_are_completed_without_loading_what_computes(line: str, offered: list[str]) -> None:
    found, loaded = completed(line)
    assert found == offered
    assert not loaded & HEAVY


@pytest.mark.parametrize("line", ["carbon run exam", "carbon footprint ", "carbon run x -o re", "carbon explain res"])
def test_paths_are_left_to_the_shell(line: str) -> None:
    assert completed(line)[0] == []


def test_closed_lists_are_offered_whole(library: Library) -> None:
    assert completion.methods("") == sorted(library.pack_ids)
    assert completion.factor_sets("") == sorted(library.set_ids)
    assert completion.level_sets("") == sorted(load_levels(()).sets)
    assert completion.topics("") == sorted(described())
    assert completion.tables("") == sorted(templates())
    known = {name.split("/")[1] for name in library.set_ids if name.startswith("ipcc-gwp/")}
    assert set(completion.potentials("")) == known | {"none"}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell"])
def test_script_of_a_shell_asks_the_command(shell: str) -> None:
    done = piped(_CARBON_COMPLETE=f"source_{shell}")
    assert done.returncode == 0
    assert f"complete_{shell}" in done.stdout
    assert "carbon" in done.stdout


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash here")
def test_completion_once_installed_works_in_bash(tmp_path: Path) -> None:
    place, quiet = tmp_path / "bin", "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION"
    place.mkdir()
    (place / "carbon").write_text(f'#!/bin/sh\nexec {shlex.join(COMMAND)} "$@"\n', "utf-8")
    (place / "carbon").chmod(0o755)
    done = piped("--install-completion", "bash", HOME=str(tmp_path), **{quiet: "1"})
    assert done.returncode == 0, done.stderr
    script = 'source ~/.bashrc; COMP_WORDS=(carbon describe stu); COMP_CWORD=2; $(complete -p carbon | sed "s/.*-F //;s/ .*//") carbon; echo "${COMPREPLY[@]}"'  # noqa: E501
    path = f"{place}:{os.environ['PATH']}"
    ran = subprocess.run(["bash", "--norc", "-c", script], capture_output=True, encoding="utf-8", check=False,
                         env={"PATH": path, "HOME": str(tmp_path)})  # fmt: skip
    assert ran.stdout == "study\n", ran.stderr


def test_version_and_help_load_nothing_that_computes() -> None:
    for words in (["--version"], ["--help"], ["footprint", "--help"]):
        code = COMMAND[2].replace("main()", "\ntry: main()\nfinally: print(*sys.modules, file=sys.stderr)")
        done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, encoding="utf-8", check=False)
        assert done.returncode == 0
        assert not {name.split(".")[0] for name in done.stderr.split()} & HEAVY


# --- terminals and pipes ------------------------------------------------------------------------------------------


def run_of(folder: Path) -> list[str | Path]:
    return ["run", EXAMPLES / "starter/quarterly/zh", "--no-report", "-o", folder / "out"]


@pytest.mark.parametrize(("environment", "coloured"), [
    ({}, True), ({"NO_COLOR": ""}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False),
])  # fmt: skip
def test_terminal_is_coloured_unless_told_otherwise(environment: dict[str, str], coloured: bool) -> None:
    _, shown = on_a_terminal("--help", **environment)
    assert bool(COLOUR.search(shown)) == coloured


def test_terminal_shows_that_work_goes_on(tmp_path: Path) -> None:
    code, shown = on_a_terminal(*run_of(tmp_path))
    assert code == 0
    assert "carbon run" in shown
    assert "\x1b[?25l" in shown  # the cursor goes while a line is drawn again and again …
    assert shown.rindex("\x1b[?25h") > shown.rindex("\x1b[?25l")  # … and comes back
    code, shown = on_a_terminal(*run_of(tmp_path), NO_COLOR="1")
    assert code == 0
    assert not COLOUR.search(shown)
    code, shown = on_a_terminal(*run_of(tmp_path), TERM="dumb")
    assert code == 0
    assert "\x1b" not in shown


@pytest.mark.parametrize("arguments", [
    ["footprint", EXAMPLES / "starter/footprint/en", EXAMPLES / "starter/footprint/zh"],
    ["upgrade", EXAMPLES / "starter/upgrade/en"],
    ["check", EXAMPLES / "starter/quarterly/en"],
    ["run", EXAMPLES / "starter/quarterly/en", "--stream", "--no-report"],
    ["portfolio", EXAMPLES / "levels/lines.csv", "--today", "2026-01-31"],
    ["benchmark", EXAMPLES / "levels/lines.csv"],
], ids=lambda one: one[0])  # fmt: skip
def test_long_work_is_shown_on_a_terminal_and_a_pipe_is_plain(tmp_path: Path, arguments: list[Any]) -> None:
    out = [] if arguments[0] in ("check", "benchmark", "portfolio") else ["-o", tmp_path / "out"]
    code, shown = on_a_terminal(*arguments, *out)
    assert code in (0, 1)
    assert f"carbon {arguments[0]}" in shown
    if arguments[0] == "footprint":
        assert "(1/2)" in shown
        assert "(2/2)" in shown
    done = piped(*arguments, *out)
    assert done.returncode == code
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f]", done.stdout + done.stderr)


def test_colours_can_be_forced_into_a_pipe(tmp_path: Path) -> None:
    assert "\x1b[" in piped(*run_of(tmp_path), FORCE_COLOR="1").stdout
    assert "\x1b" not in piped(*run_of(tmp_path)).stdout


@pytest.mark.parametrize("encoding", ["ascii", "cp936", "cp1252", "latin-1:strict"])
def test_code_page_of_a_terminal_ends_nothing(tmp_path: Path, encoding: str) -> None:
    for arguments, code in ((run_of(tmp_path), 0), (["--help"], 0), (["run", "不存在"], 2), (["fooo"], 2)):
        done = piped(*arguments, PYTHONIOENCODING=encoding, PYTHONUTF8="0", LC_ALL="C", COLUMNS="80")
        assert done.returncode == code, done.stderr
        assert "Traceback" not in done.stderr
    assert "示例工厂" in piped(*run_of(tmp_path), PYTHONIOENCODING=encoding).stdout


def test_command_and_module_are_one(tmp_path: Path) -> None:
    for command in (COMMAND, [sys.executable, "-m", "carbon"]):
        done = subprocess.run([*command, "--version"], capture_output=True, encoding="utf-8", check=True, cwd=ROOT)
        assert done.stdout == f"{metadata.version('carbon-accounting')}\n"
        shown = subprocess.run([*command, "run"], capture_output=True, encoding="utf-8", check=False, cwd=ROOT)
        assert shown.stderr.startswith("Usage: carbon run ")


def test_workbook_to_fill_in_names_the_command_that_reads_it(tmp_path: Path) -> None:
    for table, command in (("activities", "run"), ("lines", "benchmark"), ("measures", "upgrade")):
        done = piped("template", table, "--xlsx", "-o", f"my {table}.xlsx", cwd=tmp_path)
        assert done.stdout.rstrip().endswith(f"carbon {command} 'my {table}.xlsx'")
    said = piped("template", "exchanges", "--xlsx", cwd=tmp_path).stdout
    assert "carbon run" not in said
    assert "folder" in said
