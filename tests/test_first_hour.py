"""The first hour of a new user: examples to begin with, and what is said of wrong paths."""

from __future__ import annotations

import csv
import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from shared.command import ROOT, called, piped

from carbon.cli.paths import expect, quoted
from carbon.errors import UsageError
from carbon.starter import KINDS, make_starter

EXAMPLES = ROOT / "examples"
Capture = pytest.CaptureFixture[str]


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def number(text: str) -> float:
    return float(text.replace(",", ""))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a folder as users have: the examples, an empty folder, files of other kinds, a result."""
    folder = tmp_path_factory.mktemp("here")
    shutil.copytree(EXAMPLES, folder / "examples", ignore=shutil.ignore_patterns("results"))
    (folder / "empty").mkdir()
    (folder / "notes.txt").write_text("notes\n", "utf-8")
    (folder / "book.xls").write_bytes(b"\xd0\xcf\x11\xe0")
    assert piped("run", "examples/starter/quarterly/en", "--no-report", "-o", "done", cwd=folder).returncode == 0
    return folder


@pytest.fixture
def here(place: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in that folder, in English, on a wide terminal."""
    monkeypatch.chdir(place)
    for name, value in (("CARBON_LANG", "en"), ("COLUMNS", "200")):
        monkeypatch.setenv(name, value)
    return place


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty folder, in English."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CARBON_LANG", "en")
    return tmp_path


# --- init ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("kind", KINDS)
def test_what_init_prints_can_be_pasted(nowhere: Path, capsys: Capture, kind: str, language: str) -> None:
    code, shown, _ = called(capsys, "init", "my plant; #1", kind, "--lang", language)
    assert code == 0
    commands = [shlex.split(line) for line in shown.splitlines() if line.startswith("  carbon ")]
    assert [words[1] for words in commands] == [KINDS[kind][0], "describe", "check", "init", "init"]
    for words in commands:
        code, _, said = called(capsys, *words[1:])
        assert code == 0, words
        assert not re.search(r"\berror:|错误:", said)
    assert {path.name for path in nowhere.iterdir()} == {"my plant; #1", *KINDS} - {kind}
    assert (nowhere / "my plant; #1" / "results" / "provenance.json").is_file()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.usefixtures("nowhere")
def test_what_is_made_in_chinese_is_checked_in_chinese(capsys: Capture, kind: str) -> None:
    _, shown, _ = called(capsys, "init", "mine", kind, "--lang", "zh")
    (described,) = re.findall("carbon (describe .*)", shown)
    assert re.search("[\u4e00-\u9fff]{4}", called(capsys, *described.split())[1].splitlines()[0])
    assert "行有错误" in called(capsys, "check", "mine")[1]
    assert "lines with errors" in called(capsys, "check", "mine", "--lang", "en")[1]


@pytest.mark.parametrize("kind", KINDS)
def test_example_to_begin_with_says_the_same_in_both_languages(tmp_path: Path, capsys: Capture, kind: str) -> None:
    table = {"quarterly": "totals.csv", "footprint": "footprint.csv", "upgrade": "upgrade.csv"}[kind]
    found, names = {}, {}
    for language in ("en", "zh"):
        files = make_starter(tmp_path / language, kind, language)
        assert all(path.read_bytes().startswith(b"\xef\xbb\xbf") for path in files if path.suffix == ".csv")
        assert {"en": "invented", "zh": "虚构"}[language] in files[0].read_text("utf-8")
        text = "".join(path.read_text("utf-8") for path in files)
        assert bool(re.search("[\u4e00-\u9fff]", text)) == (language == "zh")
        assert called(capsys, KINDS[kind][0], tmp_path / language)[0] == 0
        found[language] = rows(tmp_path / language / "results" / table)
        names[language] = {path.name for path in (tmp_path / language).iterdir()}
    assert names["en"] == names["zh"]
    kept = [name for name in found["en"][0] if re.search("co2e|tce|kwh|cny", name, re.IGNORECASE)]
    assert kept
    one, other = ([[row[name] for name in kept] for row in found[language]] for language in ("en", "zh"))
    assert one == other


def test_quarter_to_begin_with_holds_what_its_rows_say(tmp_path: Path, capsys: Capture) -> None:
    make_starter(tmp_path / "q")
    assert called(capsys, "run", tmp_path / "q", "--no-report")[0] == 0
    found = {(row["category"], row["basis"]): float(row["co2_t"])
             for row in rows(tmp_path / "q/results/totals.csv") if row["period"] == "2024-Q1"}  # fmt: skip
    # 3100 MWh at 0.6191 kgCO2/kWh (Shandong 2023); 60 t of CaCO3 at 0.440 tCO2/t
    assert found["purchased-electricity", "location"] == pytest.approx(3100 * 0.6191, rel=1e-12)
    assert found["process", "location"] == pytest.approx(60 * 0.44, rel=1e-12)


def test_footprint_to_begin_with_is_the_sum_of_its_rows(tmp_path: Path, capsys: Capture) -> None:
    make_starter(tmp_path / "f", "footprint")
    assert called(capsys, "footprint", tmp_path / "f")[0] == 0
    found = {(row["scenario"], row["name"]): float(row["co2e_kg"])
             for row in rows(tmp_path / "f/results/footprint.csv") if row["part"] == "stage"}  # fmt: skip
    # plate, wire, powder, gas supply, carton
    others = 8 * 2.6 + 12 * 4.1 + 42 * 0.35 + 15 * 0.9
    assert found["", "raw-materials"] == pytest.approx(2200 / 0.92 + others, rel=1e-12)
    assert found["better cutting plan", "raw-materials"] == pytest.approx(2200 / 0.95 + others, rel=1e-12)
    # of 35 + 55 kWh at 0.5777 kgCO2e/kWh (life cycle, national, 2024) 40 % come from the roof
    saved = found["", "production"] - found["roof full of panels", "production"]
    assert saved == pytest.approx(0.4 * 90 * 0.5777, rel=1e-9)


def test_upgrades_to_begin_with_save_what_their_formulas_say(tmp_path: Path, capsys: Capture) -> None:
    make_starter(tmp_path / "u", "upgrade")
    assert called(capsys, "upgrade", tmp_path / "u")[0] == 0
    found = {row["measure"]: float(row["co2e_saved_t"]) for row in rows(tmp_path / "u/results/abatement.csv")}
    grid = 0.6191 / 1000  # tCO2/kWh, Shandong 2023
    lifted = 998 * 9.80665 * 1800 * 32 * 8000 / 3_600_000  # kWh in the water
    assert found["Cooling water pump"] == pytest.approx(lifted * (1 / 0.68 - 1 / 0.76) * grid, rel=1e-12)
    assert found["Hall lighting"] == pytest.approx(240 * (400 - 150) / 1000 * 5200 * grid, rel=1e-12)
    lost = (1.77 - 0.385) * 8760 + 0.55**2 * (8.13 - 6.59) * 8000
    assert found["Transformer T1"] == pytest.approx(lost * grid, rel=1e-12)


@pytest.mark.parametrize(
    ("name", "file"), [("upgrade", "upgrade.toml"), ("footprint", "study.toml"), ("mine", "run.toml")]
)
def test_folder_called_like_a_kind_is_of_that_kind_and_else_a_quarter(
    nowhere: Path, capsys: Capture, name: str, file: str
) -> None:
    assert called(capsys, "init", name)[0] == 0
    assert (nowhere / name / file).is_file()


@pytest.mark.parametrize("place", ["file", "file/below", "full"])
def test_init_changes_nothing_that_is_there(nowhere: Path, capsys: Capture, place: str) -> None:
    (nowhere / "file").write_text("kept", "utf-8")
    (nowhere / "full").mkdir()
    (nowhere / "full" / "thesis.txt").write_text("kept", "utf-8")
    code, _, said = called(capsys, "init", place)
    assert code == 2
    assert "nothing was changed" in said
    assert {path.name for path in nowhere.rglob("*")} == {"file", "full", "thesis.txt"}


# --- wrong paths --------------------------------------------------------------------------------------------------

COMPUTE = ["run", "check", "footprint", "benchmark", "portfolio", "equipment", "upgrade", "savings"]
OTHERS = {
    "run": ["footprint-cement", "upgrade", "savings"],
    "footprint": ["quarterly", "upgrade", "savings"],
    "upgrade": ["quarterly", "footprint-cement", "savings"],
    "savings": ["quarterly", "footprint-cement", "upgrade"],
    "benchmark": ["footprint-cement", "upgrade", "savings"],
    "portfolio": ["quarterly", "footprint-cement", "upgrade"],
    "equipment": ["quarterly", "footprint-cement", "upgrade"],
}
OWN = {"quarterly": "run", "footprint-cement": "footprint", "upgrade": "upgrade", "savings": "savings"}


def refused(capsys: Capture, *arguments: str) -> str:
    """Return what is said of wrong arguments."""
    code, shown, said = called(capsys, *arguments)
    assert code == 2, shown + said
    assert "Traceback" not in said
    assert shown == ""
    return said


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("command", COMPUTE)
def test_path_that_is_not_there_is_answered_with_what_is_near(capsys: Capture, command: str) -> None:
    assert "nearest: examples/quarterly" in refused(capsys, command, "examples/quartely")
    assert "nearest: examples" in refused(capsys, command, "exampels/quarterly/deep")
    said = refused(capsys, command, "zzz")
    assert "no file or folder zzz; looked for" in said
    assert re.search(r"To begin with: carbon (init zzz|template \w+ --xlsx)", said)
    said = refused(capsys, command, "zzz", "--lang", "zh")
    assert "没有文件或文件夹 zzz；所需为" in said


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("command", COMPUTE)
def test_empty_folder_is_answered_with_how_to_begin(capsys: Capture, command: str) -> None:
    said = refused(capsys, command, "empty")
    assert "empty is an empty folder" in said
    words = shlex.split(said.rpartition("To begin with: ")[2])
    assert words[:2] in (["carbon", "init"], ["carbon", "template"])


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(("command", "name"), [(one, name) for one, names in OTHERS.items() for name in names])
def test_folder_of_another_kind_is_answered_with_its_command(capsys: Capture, command: str, name: str) -> None:
    said = refused(capsys, command, f"examples/{name}")
    assert said.rstrip().endswith(f"carbon {OWN[name]} examples/{name}")


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("command", COMPUTE)
def test_folder_of_results_is_not_computed(capsys: Capture, command: str) -> None:
    assert "done is a folder of results" in refused(capsys, command, "done")


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("command", COMPUTE)
@pytest.mark.parametrize("file", ["notes.txt", "book.xls"])
def test_file_of_a_wrong_type_is_answered_with_the_right_ones(capsys: Capture, command: str, file: str) -> None:
    said = refused(capsys, command, file)
    assert "cannot read" in said
    assert "study.toml" in said if command == "footprint" else ".csv, .parquet, .xlsx" in said


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "examples"], "found in examples/faulty, examples/quarterly"),
        (["upgrade", "examples"], "found in examples/upgrade"),
        (["portfolio", "examples/levels"], "found in examples/levels/lines.csv"),
        (["run", "examples/upgrade/upgrade.toml"], "an upgrade study; for it: carbon upgrade examples/upgrade"),
        (["footprint", "examples/footprint-cement/exchanges.csv"], "carbon footprint examples/footprint-cement"),
        (["explain", "zzz:3"], "no file or folder zzz; looked for a folder of results"),
        (["explain", "dome:3"], "nearest: done"),
        (["explain", "examples/upgrade:3"], "carbon upgrade examples/upgrade --explain MEASURE"),
        (["explain", "examples/faulty:3"], "first: carbon run examples/faulty"),
        (["explain", "done"], "say which line: carbon explain done:2"),
        (["explain", "done:9999"], "no line 9999; its lines are 2 to 6"),
        (["explain", "done:two"], "neither an issue code"),
        (["footprnt", "x"], "Did you mean 'footprint'?"),
        (["factors", "serch"], "Did you mean 'search'?"),
        (["run", "x", "--outt", "y"], "--out"),
        (["init", "x", "quaterly"], "'quarterly', 'footprint'"),
        (["run", "examples/quarterly", "-o", "notes.txt/x"], "notes.txt is a file"),
        (["portfolio", "examples/levels/lines.csv", "--base", "zzz"], "no file or folder zzz"),
    ],
)  # fmt: skip
def test_wrong_word_is_answered_with_the_right_one(capsys: Capture, arguments: list[str], words: str) -> None:
    assert words in refused(capsys, *arguments)


@pytest.mark.usefixtures("here")
def test_table_given_to_the_wrong_command_is_answered_with_the_right_one(capsys: Capture) -> None:
    code, _, said = called(capsys, "equipment", "examples/levels/lines.csv")
    assert code == 1
    assert "carbon benchmark" in said


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="nothing is forbidden to this user")
@pytest.mark.parametrize("command", COMPUTE)
def test_folder_that_may_not_be_read_is_said_to_be_so(nowhere: Path, capsys: Capture, command: str) -> None:
    (nowhere / "closed").mkdir(mode=0)
    assert "closed" in refused(capsys, command, "closed")


@pytest.mark.usefixtures("nowhere")
def test_system_that_refuses_is_quoted_without_numbers(capsys: Capture) -> None:
    said = refused(capsys, "init", "x" * 300)
    assert said.startswith("carbon: File name too long: ")
    assert "Errno" not in said


def test_folder_of_tables_may_be_streamed_whatever_lies_below_it(tmp_path: Path) -> None:
    make_starter(tmp_path / "meters" / "old")
    shutil.copy(tmp_path / "meters/old/activities.csv", tmp_path / "meters/2024-q1.csv")
    expect(tmp_path / "meters", "run.toml")
    expect(tmp_path / "meters" / "2024-*.csv", "run.toml")
    (tmp_path / "meters/2024-q1.csv").unlink()
    with pytest.raises(UsageError, match="found in"):
        expect(tmp_path / "meters", "run.toml")


@pytest.mark.skipif(os.name == "nt", reason="for shells of POSIX")
@pytest.mark.parametrize("name", ["a b", "$(rm x)", "it's", "-o", "示例", "a;b", "*"])
def test_quoted_path_comes_out_of_a_shell_as_it_was(name: str) -> None:
    done = subprocess.run(["sh", "-c", f"printf %s {quoted(Path(name))}"], capture_output=True, check=True)
    assert Path(done.stdout.decode()) == Path(name)
    assert not done.stdout.startswith(b"-")
