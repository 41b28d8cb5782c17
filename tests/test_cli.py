"""The command, run as a user runs it: in a process of its own, from the shell."""

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
DEMO = ROOT / "examples" / "quarterly"


def carbon(*arguments: str | Path, cwd: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    plain = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/tmp"), "LANG": "C.UTF-8"}
    return subprocess.run(
        [sys.executable, "-m", "carbon", *map(str, arguments)],
        capture_output=True,
        encoding="utf-8",
        cwd=cwd,
        env=plain | environment,
        check=False,
    )


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_run_on_the_demo_writes_every_result_and_exits_0(tmp_path):
    done = carbon("run", DEMO, "-o", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {
        "totals.csv", "energy.csv", "intensity.csv", "benchmarks.csv", "issues.csv", "lines.parquet", "plan.json",
        "provenance.json", "report.md", "report.html", "report.xlsx",
    }  # fmt: skip
    header = (tmp_path / "out" / "totals.csv").read_text("utf-8-sig").splitlines()[0].split(",")
    assert header[:12] == [
        "facility", "group", "period", "scope", "category", "basis", "co2_t", "ch4_t", "n2o_t", "other_co2e_t",
        "co2e_t", "biogenic_co2_t",
    ]  # fmt: skip
    assert "北河钢铁" in done.stdout
    assert str(tmp_path / "out") in done.stdout


def test_run_on_faulty_rows_computes_the_good_ones_and_exits_1(tmp_path):
    done = carbon("run", ROOT / "examples" / "faulty", "-o", tmp_path / "out")
    assert done.returncode == 1
    assert "[U102]" in done.stderr
    totals = rows(tmp_path / "out" / "totals.csv")
    assert all(row["complete"] == "false" for row in totals if row["category"] == "total")
    assert any(float(row["co2e_t"] or 0) > 0 for row in totals)


def test_json_is_one_document(tmp_path):
    done = carbon("run", DEMO, "-o", tmp_path / "out", "--json")
    document = json.loads(done.stdout)
    assert document["complete"] is True
    assert {"totals", "energy", "intensity", "issues", "provenance"} <= set(document)


def test_json_of_an_unusable_file_is_a_document_too(tmp_path):
    (tmp_path / "a.csv").write_text("facility,period\nA,2024\n", encoding="utf-8")
    done = carbon("run", tmp_path / "a.csv", "--json")
    assert done.returncode == 1
    assert [issue["code"] for issue in json.loads(done.stdout)["issues"]] == ["T103"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "no-such-folder"], "no file or folder"),
        (["run", str(DEMO), "--method", "cn-stel"], "no method pack"),
        (["run", str(DEMO), "--gwp", "ar9"], "no GWP set"),
        (["describe", "activites"], "nearest: activities"),
        (["describe", "x"], "exchanges, facilities, lines"),
        (["describe", "x"], "run, study, upgrade-study"),
        (["template", "nothing"], "no table"),
        (["template", "nothing"], "scenarios, study"),
        (["explain", "U999"], "nearest: U"),
        (["factors", "show", "mee-grid-2023/averag"], "nearest: mee-grid-2023/average"),
        (["factors", "search", "unobtainium"], "no factor has"),
        (["run", str(DEMO), "--colour"], "No such option"),
    ],
)
def test_wrong_usage_says_what_is_known_and_exits_2(arguments, words, tmp_path):
    done = carbon(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_results_are_not_written_over_something_else(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work", encoding="utf-8")
    done = carbon("run", DEMO, "-o", tmp_path / "mine")
    assert done.returncode == 2
    assert (tmp_path / "mine" / "thesis.txt").read_text("utf-8") == "years of work"


def test_init_then_run_then_explain(tmp_path):
    assert carbon("init", tmp_path / "new").returncode == 0
    assert carbon("init", tmp_path / "new").returncode == 2
    assert carbon("run", tmp_path / "new").returncode == 0
    for language, words in (("en", "kgCO2"), ("zh", "方法包")):
        done = carbon("explain", f"{tmp_path / 'new' / 'results'}:2", "--lang", language)
        assert done.returncode == 0
        assert words in done.stdout
        assert "1.229" in done.stdout or "0.1229 kgce/kWh" in done.stdout


def test_explain_of_a_line_that_was_not_computed_says_why(tmp_path):
    carbon("run", ROOT / "examples" / "faulty", "-o", tmp_path / "out")
    done = carbon("explain", f"{tmp_path / 'out'}:4")
    assert done.returncode == 0
    assert "[U102]" in done.stdout


@pytest.mark.parametrize("language", ["zh", "en"])
def test_check_explain_describe_speak_both_languages(language):
    done = carbon("check", ROOT / "examples" / "faulty", "--lang", language)
    assert done.returncode == 1
    assert ("错误" in done.stderr) == (language == "zh")
    assert carbon("explain", "f201", "--lang", language).returncode == 0
    for name in ("activities", "facilities", "output", "uses", "instruments", "units", "methods"):
        done = carbon("describe", name, "--lang", language)
        assert done.returncode == 0
        assert done.stdout.strip()


def test_template_can_be_run_as_it_is(tmp_path):
    (tmp_path / "mine.csv").write_text(carbon("template", "activities").stdout, encoding="utf-8")
    done = carbon("run", tmp_path / "mine.csv", "--method", "cn-general")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "mine-results" / "totals.csv").is_file()


def test_selftest_and_factor_commands_work():
    done = carbon("selftest")
    assert done.returncode == 0, done.stdout
    assert "FAIL" not in done.stdout
    assert "0.6191" in carbon("factors", "search", "mee-grid-2023", "average", "山东").stdout
    assert "公告2025年第47号" in carbon("factors", "show", "mee-grid-2023/average:electricity-cn-sd-2023").stdout
    assert "gb-t-2589-2020/fuels" in carbon("factors", "sets").stdout


def test_gb18030_file_with_chinese_headers_gives_the_same_totals(tmp_path):
    for name, encoding in (("a", "utf-8"), ("b", "gb18030"), ("c", "utf-8-sig")):
        shutil.copytree(DEMO, tmp_path / name, ignore=shutil.ignore_patterns("results"))
        text = (DEMO / "activities.csv").read_text("utf-8")
        (tmp_path / name / "activities.csv").write_bytes(text.encode(encoding))
        assert carbon("run", tmp_path / name).returncode == 0
    totals = {(tmp_path / name / "results" / "totals.csv").read_bytes() for name in "abc"}
    assert len(totals) == 1


def test_a_failed_run_leaves_the_earlier_result(tmp_path):
    shutil.copytree(DEMO, tmp_path / "run", ignore=shutil.ignore_patterns("results"))
    carbon("run", tmp_path / "run")
    before = (tmp_path / "run" / "results" / "totals.csv").read_bytes()
    (tmp_path / "run" / "activities.csv").write_text("", encoding="utf-8")
    done = carbon("run", tmp_path / "run")
    assert done.returncode == 1
    assert "[T102]" in done.stderr
    assert (tmp_path / "run" / "results" / "totals.csv").read_bytes() == before
    assert {p.name for p in (tmp_path / "run").iterdir()} == {
        "run.toml", "activities.csv", "facilities.csv", "output.csv", "results",
    }  # fmt: skip
