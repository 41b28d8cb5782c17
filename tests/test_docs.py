"""What the documents show is what happens."""

import re
import shutil
from pathlib import Path

import pytest
from shared.documents import ROOT, run_page, snippets

from carbon.cli.commands import app
from carbon.library import load_library

README = (ROOT / "README.md").read_text("utf-8")
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with a copy of the examples, which is the current one."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples", ignore=shutil.ignore_patterns("*results*"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_what_a_page_shows_is_what_happens(page, place):
    text = page.read_text("utf-8")
    for module in re.findall(r"(?m)^needs: (\w+)$", text.partition("\n---\n")[0]):
        pytest.importorskip(module)
    run_page(text, page.relative_to(ROOT).as_posix())


@pytest.mark.parametrize(
    "page",
    [
        "```python\n>>> 1 + 1\n3\n```\n",
        "```python\nprint(1)\n```\n",
        "```console\n$ carbon explain U102\nU102 (note): …\n```\n",
        "```console\n$ carbon explain U999\n…\n```\n",
        "```toml\na = \n```\n",
        "```csv\na,b\n1\n```\n",
        "```sh\nmake nothing\n```\n",
        "```sh\npip install 'carbon-accounting[nothing]'\n```\n",
        "```yaml\na: 1\n```\n",
        "```bat\n.venv\\Scripts\\carbon run examples\\nothing\n```\n",
    ],
    ids=["wrong", "no doctest", "other output", "exit code", "toml", "csv", "target", "extra", "kind", "path"],
)
def test_a_page_that_shows_something_else_is_found(page, place):
    with pytest.raises((AssertionError, ValueError, pytest.fail.Exception)):
        run_page(page, "page.md")


def test_the_readme_and_the_tutorials_have_snippets_that_run():
    for page in (ROOT / "README.md", *(ROOT / "docs" / "tutorials").glob("*.md")):
        assert {"python", "console"} & {one.kind for one in snippets(page.read_text("utf-8"))}, page


def test_every_command_and_pack_is_in_the_readme():
    for command in app.registered_commands:
        assert f"carbon {command.name or command.callback.__name__}" in README
    for pack in load_library().pack_ids:
        assert f"`{pack}`" in README


def test_links_of_the_readme_lead_somewhere():
    links = re.findall(r"\]\(([^)#]+)", README)
    assert "docs/zh/quick.md" in links
    for link in links:
        assert (ROOT / link).exists(), link


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
