"""The reference holds everything that the program reads, as text that stays text; the built manual asks no network."""

import inspect
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import get_args

import pytest
from generate import PARTS, filled
from generate.interface import commands, docstring, public_names
from generate.markdown import code, prose, slug, table, text
from generate.rules import ROUTES
from shared.documents import ROOT

from carbon.benchmarks import load_levels
from carbon.cli.commands import app
from carbon.describe import SETTINGS, model_of, settings
from carbon.documents import Category
from carbon.errors import catalogue
from carbon.library import load_library
from carbon.schema import choices, schema, table_names
from carbon.units import vocabulary

PAGES = sorted((ROOT / "docs").rglob("*.md"))


@pytest.fixture(scope="module")
def made() -> dict[str, str]:
    return {name: part() for name, part in PARTS.items()}


def test_every_part_is_on_exactly_one_page():
    wanted = [name for page in PAGES for name in re.findall(r"(?m)^\{\{ (\w+) \}\}$", page.read_text("utf-8"))]
    assert sorted(wanted) == sorted(PARTS)


def test_a_part_that_nobody_makes_is_an_error():
    assert filled("before\n\n{{ units }}\n").startswith("before")
    with pytest.raises(KeyError):
        filled("{{ unit }}")


def test_every_column_and_key_has_its_row(made):
    for name in table_names():
        section = made["tables"].split(f"{{ #{slug(name)} }}")[1].split("\n## ")[0]
        for column in schema(name).values():
            assert f"| {code(column.name)} |" in section, (name, column.name)
            assert prose(column.meaning_zh) in section
    for name, (file, _, _) in SETTINGS.items():
        section = made["settings_files"].split(f"{{ #{slug(file)} }}")[1].split("\n## ")[0]
        for one in settings(model_of(name)):
            assert f"| {code(one.key)} |" in section, (name, one.key)


def test_every_value_of_a_list_and_every_unit_has_its_row(made):
    library = load_library()
    for name in ("use", "instrument", "exchange", "allocation"):
        for value in choices(name):
            assert f"| {code(value)} |" in made["lists"]
    for entry in (*library.items, *library.regions):
        assert f"| {code(entry.id)} |" in made["lists"]
    for word in vocabulary():
        assert code(word) in made["units"]


def test_every_set_says_whose_it_is_under_which_terms_and_how_sure(made):
    for one in load_library().sets():
        section = made["factor_sets"].split(f"### {text(one.id)} {{")[1].split("\n### ")[0]
        for wanted in (one.meta.document, one.meta.licence, one.meta.verification, one.meta.verified_from):
            assert text(wanted) in section, one.id
        assert f"- *rows*: {len(one.rows)}\n" in section
    for one in load_levels().sets.values():
        section = made["level_sets"].split(f"### {text(one.id)} {{")[1].split("\n### ")[0]
        assert text(one.meta.document) in section
        assert text(one.meta.licence) in section


def test_every_issue_code_has_message_and_remedy_in_both_languages(made):
    for name, entry in catalogue().items():
        section = made["issue_codes"].split(f"{{ #{slug(name)} }}")[1].split("\n### ")[0]
        for language in ("en", "zh"):
            assert text(entry[f"title_{language}"]) in made["issue_codes"]
            for key in ("message", "remedy"):
                first = re.split(r"[{\[]", entry[f"{key}_{language}"])[0].strip().replace("`", "")
                assert text(first).strip() in re.sub("</?code>", "", section), (name, key)


def test_every_pack_says_what_it_does_not_know_and_every_route_has_its_formula(made):
    library = load_library()
    for name in library.pack_ids:
        pack = library.pack(name)
        section = made["method_packs"].split(f"{{ #{slug(name)} }}")[1].split("\n## ")[0]
        for unknown in (*pack.unknown, *pack.unknown_zh):
            assert prose(unknown) in section
        for category in pack.category:
            assert code(category.id) in section
    assert set(ROUTES) == set(get_args(get_args(Category.model_fields["routes"].annotation)[0]))
    for place in ROUTES.values():
        page, anchor = place.split("#")
        assert f"{{ #{anchor} }}" in (ROOT / "docs" / "methods" / page).read_text("utf-8")


def test_every_command_option_and_public_name_has_its_place(made):
    for name, command in commands(app, "carbon"):
        section = made["command_line"].split(f"{{ #{slug(name)} }}")[1].split("\n## ")[0]
        rows = [row for row in section.splitlines() if row.startswith("| <code>")]
        assert len(rows) == len(inspect.signature(command).parameters), name
    assert code("--report") in made["command_line"]
    for name, _ in public_names():
        assert f"{{ #{slug(name)} }}" in made["python_names"]


HOSTILE = "a|b <script>x</script> **c** _d_ `e [f](g) {{ h }} &amp; #i\nj"


def test_text_stays_text_in_a_page():
    markdown = pytest.importorskip("markdown")
    shown = markdown.markdown(table(("x", "y"), [(text(HOSTILE), code(HOSTILE))]), extensions=["tables", "attr_list"])
    cells = re.findall(r"<td>(.*?)</td>", shown, flags=re.S)
    words: list[str] = []

    class Reader(HTMLParser):
        def handle_data(self, data: str) -> None:
            words.append(data)

    Reader().feed(cells[0])
    assert len(cells) == 2
    assert "".join(words) == " ".join(HOSTILE.split())
    assert "<script" not in shown


def test_a_docstring_of_the_numpy_form_becomes_lists_and_code():
    said = docstring(
        "Add.\n\nParameters\n----------\na : int\n    A number,\n    at most 3.\n\nExamples\n--------\n>>> 1\n1"
    )
    assert "- <code>a</code> (int) — A number, at most 3.\n" in said
    assert "```pycon\n>>> 1\n1\n```" in said


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Iterator[Path]:
    pytest.importorskip("material")
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    quiet = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, env=quiet, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    yield folder
    shutil.rmtree(folder)


def test_the_built_manual_has_every_page_and_asks_nothing_of_the_network(site):
    for page in PAGES:
        assert (site / page.relative_to(ROOT / "docs").with_suffix(".html")).is_file()
    assert not list(site.rglob("*.py"))
    loads = re.compile(r'(?:<(?:script|img|iframe|link)[^>]*(?:src|href)="?|url\(|@import )["\']?(?:https?:)?//')
    for file in (*site.rglob("*.html"), *site.rglob("*.css")):
        assert not loads.search(file.read_text("utf-8")), file
    assert json.dumps("标准煤")[1:-1] in (site / "search" / "search_index.js").read_text("utf-8")
