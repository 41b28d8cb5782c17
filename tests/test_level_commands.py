"""What the commands about levels print and write of careless input: no traceback, nothing lost, in either language."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LINES = ROOT / "examples" / "levels" / "lines.csv"
MOTORS = "设备名称,设备,额定功率,极数,效率\nM1,电动机,75,4,93.6\n"
MEASURES = (
    "measure,kind,power_kw,load,hours,before_efficiency_pct,after_efficiency_pct\nfirst,motor,90,0.75,4000,90,96\n"
)
SAVINGS = "measure,before_energy,after_energy,energy_unit,before_output,after_output\nfan,1000,990,MWh,100,110\n"
CLINKER = "facility,line,product,period,value,unit\n"
CHINESE = {"benchmark", "portfolio", "equipment", "upgrade", "savings"}


def carbon(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    plain = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/tmp"), "LANG": "C.UTF-8"}
    return subprocess.run(
        [sys.executable, "-m", "carbon", *map(str, arguments)],
        capture_output=True, encoding="utf-8", env=plain, check=False,
    )  # fmt: skip


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


# --- careless tables --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "text", "codes"),
    [
        ("equipment", MOTORS + "M2,电动机,75\n", {"T109"}),
        ("equipment", MOTORS + "M2,,75,4,94\n合计,,,,\n#REF!,#REF!,75,4,94\n", {"T108", "T122", "T131"}),
        ("upgrade", MEASURES + ",motor,90,0.75,4000,90,96\n合计,,,,,,\n", {"T108", "T131"}),
        ("upgrade", MEASURES + "#REF!,motor,90,0.75,4000,90,96\nb,motor,90\n", {"T122", "T109"}),
        ("savings", SAVINGS + ",1000,990,MWh,100,110\n#N/A,1000,990,MWh,100,110\n合计,,,,,\n",
         {"T108", "T122", "T131"}),
        ("savings", SAVINGS + "b,1000\n", {"T109"}),
        ("benchmark", CLINKER + "A,1,水泥熟料,2024,99,kgce/t\n,,,,,x\n#REF!,1,,2024\nB,1,水泥熟料,soon,99,kgce/t\n",
         {"T108", "T109", "D101"}),
        ("portfolio", CLINKER + "A,1,水泥熟料,2024,99,kgce/t\n,,,,,x\n#REF!,1,水泥熟料,2024,9,kgce/t\n",
         {"T108", "T122"}),
    ],
)  # fmt: skip
def test_empty_failed_and_ragged_cells_end_in_issues_and_the_good_row_is_shown(
    command: str, text: str, codes: set[str], tmp_path: Path
) -> None:
    path = written(tmp_path / f"{command}.csv", text)
    if command == "upgrade":
        path.rename(tmp_path / "measures.csv")
        path = written(tmp_path / "upgrade.toml", "year = 2023\n")
    done = carbon(command, path)
    assert done.returncode == 1, done.stderr
    assert not [code for code in codes if f"[{code}]" not in done.stderr], done.stderr
    good = {"equipment": "M1", "upgrade": "first", "savings": "fan", "benchmark": "A 1", "portfolio": "clinker"}
    assert good[command] in done.stdout


def test_an_absurd_rate_of_return_is_unknown_and_the_study_goes_on(tmp_path: Path) -> None:
    head = MEASURES.splitlines()[0]
    written(
        tmp_path / "measures.csv",
        f"{head},investment_cny\na,motor,9e9,0.75,8000,90,96,1\nb,motor,90,0.75,4000,90,96,9e4\n",
    )
    written(tmp_path / "upgrade.toml", 'year = 2023\nregion = "山东"\ndiscount_rate = 0.08\nlife_years = 10\n'
            '[[price]]\nitem = "electricity"\nvalue = 620\nunit = "CNY/kWh"\nsource = "x"\n')  # fmt: skip
    done = carbon("upgrade", tmp_path)
    assert done.returncode == 0, done.stderr
    first, second = rows(tmp_path / "results" / "upgrade.csv")
    assert (first["irr_pct"], first["lacking"]) == (
        "",
        "its internal rate is above 1,000,000 % a year; look at the figures",
    )
    assert float(second["irr_pct"]) == pytest.approx(100 * 18_750 * 620 / 9e4, rel=1e-6)


# --- what stands in tables --------------------------------------------------------------------------------------------


def test_refused_lines_stand_in_the_table_and_in_the_terminal_and_counts_agree(tmp_path: Path) -> None:
    line = "A,1,水泥熟料,2024,99,kgce/t\n"
    path = written(
        tmp_path / "lines.csv", f"{CLINKER}{line}{line}B,1,水泥熟料,2024,N/A,kgce/t\nC,1,水泥熟料,2024,0,kgce/t\n"
    )
    done = carbon("benchmark", path, "--levels", "sector", "-o", tmp_path / "out.csv")
    assert done.returncode == 1
    found = {row["source_line"]: (row["status"], row["reason"]) for row in rows(tmp_path / "out.csv")}
    assert found == {
        "2": ("computed", ""), "3": ("computed", ""), "4": ("error", "Text in a number [T120]"),
        "5": ("error", "Figure that must be above 0 [B622]"),
    }  # fmt: skip
    shown = [text for text in done.stdout.splitlines() if "水泥熟料" in text]
    assert [word in text for text, word in zip(shown, ("at the", "at the", "error", "error"), strict=True)] == [
        True
    ] * 4
    assert "at the benchmark: 2  error: 2" in done.stdout
    assert "lines.csv:2 (+1): these rows are equal in every cell" in done.stderr


def test_only_the_newest_period_is_shown_and_the_rest_is_counted(tmp_path: Path) -> None:
    path = written(tmp_path / "lines.csv", f"{CLINKER}A,1,水泥熟料,2023,104,kgce/t\nA,1,水泥熟料,2024,99,kgce/t\n")
    done = carbon("benchmark", path, "--levels", "sector")
    assert [text.split()[3] for text in done.stdout.splitlines() if "水泥熟料" in text] == ["2024"]
    assert "1 more in -o FILE" in done.stdout


# --- portfolios -------------------------------------------------------------------------------------------------------


def test_a_base_with_a_bad_cell_is_said_and_ends_with_1(tmp_path: Path) -> None:
    now = written(tmp_path / "now.csv", f"{CLINKER}A,1,水泥熟料,2024,99,kgce/t\n")
    base = written(tmp_path / "base.csv", f"{CLINKER}A,1,水泥熟料,2020,N/A,kgce/t\n")
    assert carbon("portfolio", now).returncode == 0
    done = carbon("portfolio", now, "--base", base)
    assert done.returncode == 1
    assert "base.csv:2 value" in done.stderr


def test_portfolio_writes_a_result_folder_and_nothing_into_another(tmp_path: Path) -> None:
    out = tmp_path / "results"
    for _ in range(2):  # an earlier result is replaced
        assert carbon("portfolio", LINES, "-o", out, "--today", "2025-06-30").returncode == 0
    assert {path.name for path in out.iterdir()} == {
        "targets.csv", "shares.csv", "below-baseline.csv", "issues.csv", "provenance.json"
    }  # fmt: skip
    document = json.loads((out / "provenance.json").read_text("utf-8"))
    assert set(document["inputs"]) == {"lines.csv"}
    assert set(document["results"]) == {"targets.csv", "shares.csv", "below-baseline.csv", "issues.csv"}
    assert document["options"] == {"language": "en", "today": "2025-06-30"}
    mine = tmp_path / "mine"
    mine.mkdir()
    written(mine / "letter.txt", "dear")
    written(out / "notes.txt", "mine")
    for target, words in ((mine, "not a result folder"), (out, "notes.txt"), (tmp_path / "y.xlsx", ".csv file for the"),
                          (mine / "letter.txt", "letter.txt")):  # fmt: skip
        before = sorted(path.name for path in tmp_path.rglob("*"))
        done = carbon("portfolio", LINES, "-o", target)
        assert done.returncode == 2
        assert words in done.stderr
        assert sorted(path.name for path in tmp_path.rglob("*")) == before
    assert carbon("portfolio", LINES, "-o", tmp_path / "targets.CSV").returncode == 0
    assert rows(tmp_path / "targets.CSV")


# --- language ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", sorted(CHINESE))
def test_a_table_that_cannot_be_used_is_refused_in_chinese(command: str, tmp_path: Path) -> None:
    path = written(tmp_path / "table.csv", "a,colour\n1,red\n")
    done = carbon(command, path, "--lang", "zh")
    assert done.returncode == 1
    assert "错误: table.csv:1：缺少必填列" in done.stderr  # T103
    assert "本表没有“colour”列" in done.stderr  # T106
    assert "error:" not in done.stderr


@pytest.mark.parametrize(
    ("command", "text", "words"),
    [
        ("upgrade", 'title = "a\n', "不是有效的 TOML"), ("savings", "languag = 1\n", "没有名为“languag”的键"),
        ("upgrade", 'languag = "zh"\n', "没有名为“languag”的键"), ("savings", 'title = "a\n', "不是有效的 TOML"),
    ],
)  # fmt: skip
def test_a_study_file_that_cannot_be_used_is_refused_in_chinese(
    command: str, text: str, words: str, tmp_path: Path
) -> None:
    written(tmp_path / ("measures.csv" if command == "upgrade" else "savings.csv"), "measure\na\n")
    written(tmp_path / f"{command}.toml", text)
    done = carbon(command, tmp_path, "--lang", "zh")
    assert done.returncode == 1
    assert words in done.stderr
    assert "error:" not in done.stderr


@pytest.mark.parametrize("arguments", [("benchmark", LINES, "--own"), ("levels", "sets", "--own"), ("levels", "check")])
def test_an_empty_folder_of_own_levels_is_an_error(arguments: tuple[str | Path, ...], tmp_path: Path) -> None:
    done = carbon(*arguments, tmp_path, "--lang", "zh")
    assert done.returncode == 1
    assert "没有能效水平数据" in done.stderr
    assert "[B620]" in done.stderr
