"""The command `carbon footprint`, run as a user runs it: in a process of its own, from the shell."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

STUDY = 'title = "Bread"\nproduct = "bread"\nunit = "t"\nperiod = "2024"\n'
PROCESSES = "process,product,amount,unit\nmill,flour,1,t\nbakery,bread,2,t\n"
EXCHANGES = (
    "process,kind,name,amount,unit,data\nmill,emission,CO2,410,kg,primary\n"
    "bakery,input,flour,1.6,t,\nbakery,emission,CO2,40,kg,\n"
)  # 0.8 · 410 + 0.5 · 40 = 348 kgCO2e, of which 328 are measured


def carbon(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    plain = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/tmp"), "LANG": "C.UTF-8"}
    return subprocess.run(
        [sys.executable, "-m", "carbon", "footprint", *map(str, arguments)],
        capture_output=True, encoding="utf-8", env=plain, check=False,
    )  # fmt: skip


@pytest.fixture
def study(tmp_path: Path) -> Path:
    return made(tmp_path / "bread")


def made(folder: Path, settings: str = STUDY, exchanges: str = EXCHANGES) -> Path:
    folder.mkdir(parents=True)
    for name, text in (("study.toml", settings), ("processes.csv", PROCESSES), ("exchanges.csv", exchanges)):
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_terminal_shows_total_stages_what_makes_it_up_and_the_share_of_primary_data(study):
    done = carbon(study)
    assert done.returncode == 0, done.stderr
    shown = " ".join(done.stdout.split())
    assert "Bread · bread · 1 t · cradle to gate" in shown
    assert "base case yes 348.000 348.000" in shown  # production, total
    assert "flour input 328.000 94.3" in shown  # 100 · 328 / 348
    assert "mill CO2 emission 2 328.000 94.3" in shown
    assert "primary data: 94.3 %" in shown
    assert (study / "results" / "report.md").is_file()


def test_chinese_terminal_and_report(study, tmp_path):
    done = carbon(study, "--lang", "zh", "-o", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert "从摇篮到大门" in done.stdout
    assert "## 5. 溯源性" in (tmp_path / "out" / "report.md").read_text("utf-8")


def test_json_is_one_document(study, tmp_path):
    done = carbon(study, "--json", "-o", tmp_path / "out")
    document = json.loads(done.stdout)
    assert document["complete"] is True
    assert document["results"] == str(tmp_path / "out")
    assert {"footprint", "contributions", "first_level", "quality", "issues", "pact"} <= set(document)


def test_several_studies_are_computed_one_after_the_other(tmp_path):
    made(tmp_path / "all" / "one")
    made(tmp_path / "all" / "two", exchanges=EXCHANGES.replace("40,kg", "50,kg"))
    made(tmp_path / "all" / "wrong", STUDY.replace('"bread"', '"cake"'))
    done = carbon(tmp_path / "all", "-o", tmp_path / "out")
    assert done.returncode == 1
    assert "[P720]" in done.stderr
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"one", "two"}
    shown = " ".join(done.stdout.split())
    assert "one bread base case 1 t yes 348.000 two bread base case 1 t yes 353.000" in shown
    lines = [
        json.loads(line) for line in carbon(tmp_path / "all", "-o", tmp_path / "out", "--json").stdout.splitlines()
    ]
    assert [line["complete"] for line in lines] == [True, True, False]
    assert [issue["code"] for issue in lines[2]["issues"]] == ["P720"]


def test_faulty_exchange_is_left_out_and_exit_is_1(tmp_path):
    study = made(tmp_path / "bread", exchanges=EXCHANGES + "bakery,input,butter,1,t,\n")
    done = carbon(study)
    assert done.returncode == 1
    assert "exchanges.csv:5" in done.stderr
    assert "[P710]" in done.stderr
    assert "base case NO" in " ".join(done.stdout.split())


WRONG = [
    (["no-such-folder"], "no file or folder no-such-folder"),
    (["{study}/exchanges.csv"], "is a part of a footprint study; for it: carbon footprint"),
    (["{empty}"], "is an empty folder; looked for a footprint study"),
    (["{study}", "{study}", "--explain", "2"], "name one"),
    (["{study}", "--explain", "99"], "no exchange"),
    (["{study}", "--public", "{study}/results"], "choose another folder"),
    (["{study}", "-o", "{study}"], "not a result"),
]


@pytest.mark.parametrize(("arguments", "words"), WRONG)
def test_wrong_use_is_one_line_and_exit_2(study, tmp_path, arguments, words):
    (tmp_path / "empty").mkdir()
    done = carbon(*(text.format(study=study, empty=tmp_path / "empty") for text in arguments))
    assert done.returncode == 2, done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_line_is_retraced(study):
    done = carbon(study, "--explain", "3")
    assert done.returncode == 0, done.stderr
    assert "exchanges.csv:3 bakery: input flour" in done.stdout
    # 2 t of bread take 1.6 t of flour, 1 t is asked for
    assert "1.6 t × 0.5 × 410 kgCO2e/t = 328.000 kgCO2e (94.3 %); flour by mill" in done.stdout
    assert "410 kg × 0.8 × 1 kgCO2e/kg = 328.000 kgCO2e (94.3 %)" in carbon(study, "--explain", "2").stdout
    zh = carbon(study, "--explain", "3", "--lang", "zh").stdout
    assert "1.6 t × 0.5 × 410 kgCO2e/t = 328.000 kgCO2e (94.3 %)；flour来自mill，含全部上游" in zh
    assert "基准情景" in zh


def test_studies_of_one_language_are_listed_in_it(tmp_path):
    chinese = 'language = "zh"\n' + STUDY
    for name in ("one", "two"):
        made(tmp_path / "same" / name, chinese)
    assert "各项研究" in carbon(tmp_path / "same").stdout
    assert "Studies" in carbon(tmp_path / "same", "--lang", "en").stdout
    made(tmp_path / "mixed" / "one", chinese)
    made(tmp_path / "mixed" / "two")
    assert "Studies" in carbon(tmp_path / "mixed").stdout  # the terminal speaks English here


def test_public_form_is_a_second_folder(study, tmp_path):
    done = carbon(study, "--public", tmp_path / "shown")
    assert done.returncode == 0, done.stderr
    assert {path.name for path in (tmp_path / "shown").iterdir()} == {
        "footprint.csv", "quality.csv", "report.md", "provenance.json"}  # fmt: skip
    assert str(tmp_path / "shown") in done.stdout


def test_draws_are_made_on_request(tmp_path):
    text = EXCHANGES.replace("unit,data", "unit,data,uncertainty_pct").replace("kg,primary", "kg,primary,10")
    study = made(tmp_path / "bread", exchanges=text.replace("t,\n", "t,,\n").replace("kg,\n", "kg,,\n"))
    assert carbon(study, "--draws", "50").returncode == 0
    assert (study / "results" / "draws.parquet").is_file()
    assert carbon(study).returncode == 0
    assert not (study / "results" / "draws.parquet").exists()


def test_studies_side_by_side_say_in_how_many_common_draws_they_are_lower(tmp_path):
    for name, amount in (("one", "10"), ("other", "9")):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "study.toml").write_text(
            'product = "lamp"\nunit = "kg"\nperiod = "2024"\nregion = "CN"\ndraws = 64\n', encoding="utf-8"
        )
        (folder / "processes.csv").write_text("process,unit\nlamp,kg\n", encoding="utf-8")
        (folder / "exchanges.csv").write_text(
            f"process,kind,name,amount,unit\nlamp,emission,CO2,{amount} * kw,kg\n", encoding="utf-8"
        )
        (folder / "parameters.csv").write_text("parameter,value,uncertainty_pct\nkw,1,20\n", encoding="utf-8")
    done = carbon(tmp_path, "--lang", "en")
    assert done.returncode == 0
    assert "Draws below the first study" in done.stdout
    assert "100.0 %" in done.stdout  # nine tenths of the same draw, whatever it is
