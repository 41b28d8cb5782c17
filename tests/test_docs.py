"""What the documents show is what happens."""

import doctest
import re
import subprocess
import sys
from pathlib import Path

import pytest

from carbon.cli.commands import app
from carbon.library import load_library

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text("utf-8")


def test_python_in_the_readme_prints_what_it_says():
    code = "\n".join(re.findall(r"```python\n(.*?)```", README, flags=re.S))
    test = doctest.DocTestParser().get_doctest(code, {}, "README.md", "README.md", 0)
    result = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE).run(test)
    assert result.attempted > 4
    assert result.failed == 0


def test_command_in_the_readme_prints_what_it_says(tmp_path):
    command, *expected = re.search(r"```console\n\$ (.*?)```", README, flags=re.S)[1].splitlines()
    words = command.split()
    assert words[0] == "carbon"
    done = subprocess.run(
        [sys.executable, "-m", *words, "-o", str(tmp_path / "out")],
        capture_output=True, encoding="utf-8", cwd=ROOT, check=False,
    )  # fmt: skip
    shown = [line.strip() for line in done.stdout.splitlines()]
    for line in filter(None, map(str.strip, expected)):
        assert line in shown


def test_every_command_and_pack_is_in_the_readme():
    for command in app.registered_commands:
        assert f"carbon {command.name or command.callback.__name__}" in README
    for pack in load_library().pack_ids:
        assert f"`{pack}`" in README


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "factors/README.md"])
def test_paths_that_the_documents_name_exist(name):
    text = (ROOT / name).read_text("utf-8")
    for path in re.findall(r"`((?:carbon|factors|tests|examples|benchmarks)/[\w./-]+)`", text):
        if "<" not in path and "*" not in path:
            assert (ROOT / path).exists(), path


def test_factor_readme_lists_every_set():
    text = (ROOT / "factors" / "README.md").read_text("utf-8")
    for name in load_library().set_ids:
        assert name in text, name


def test_changelog_opens_each_release_with_results_changed():
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    for release in re.split(r"\n## ", text)[1:]:
        assert release.split("\n### ", 1)[1].startswith("Results changed")
