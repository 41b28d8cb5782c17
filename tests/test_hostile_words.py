"""An attacker's texts: none becomes a formula, markup or a terminal command in what is written."""

from __future__ import annotations

import csv
import io
import json
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest
from shared.hostility import GOOD, HEAD, command, run_folder

from carbon.run import run

# --- what is printed and written

FORMULAS = [
    "=cmd|' /C calc'!A0",
    "=1+1",
    "+1+1",
    "-2+3",
    "@SUM(A1)",
    '=HYPERLINK("http://x","y")',
    " =1",
    "-",
    "--",
    "'=1",
]


def test_formula_in_every_name_is_written_as_text(tmp_path: Path) -> None:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    for text in FORMULAS:
        writer.writerow([text, "2024-01", "diesel", 1, "t", "combustion", 3, "tCO2/t"])
        writer.writerow([text, "2024-01", text, 1, "t", "combustion", 3, "tCO2/t"])
        writer.writerow([text, text, text, text, text, text, 3, text])
    made = io.StringIO()
    csv.writer(made, lineterminator="\n").writerows([[t, t, "2024", 1, "t"] for t in FORMULAS])
    job = run_folder(tmp_path, 'title = "=cmd|x"\n', out.getvalue())
    (job / "output.csv").write_text("facility,product,period,quantity,unit\n" + made.getvalue(), encoding="utf-8")
    _, where = run(job)
    seen = 0
    for name in ("totals.csv", "energy.csv", "intensity.csv", "issues.csv"):
        with (where / name).open(encoding="utf-8-sig", newline="") as file:
            for row in csv.reader(file):
                for cell in row:
                    seen += cell.startswith("'")
                    if cell[:1] in "=+-@\t\r" and cell not in ("", "-"):
                        float(cell)  # a number, or it would run
    assert seen > 50


MARKUP = [
    "<script>alert(1)</script>", "a|b", "[x](javascript:alert(1))", "![x](http://x/y.png)", "`x`", "**b**", "# h",
    "$x$", "<!-- x", "a\\|b", "~~x~~", "&lt;b&gt;",
]  # fmt: skip


def test_markup_in_every_name_stays_text_in_the_report(tmp_path: Path) -> None:
    rows = "".join(
        f'"{text}",2024-01,"{text}",1,t,combustion,3,tCO2/t\n"{text}","{text}",diesel,1,t,,,\n' for text in MARKUP
    )
    _, where = run(run_folder(tmp_path, f"title = {json.dumps(MARKUP[0])}\n", rows))
    report = (where / "report.md").read_text("utf-8")
    for line in report.splitlines():
        bare = line.replace("\\\\", "").replace("\\<", "").replace("\\[", "").replace("\\|", "")
        assert "<script" not in bare
        assert "<!--" not in bare
        assert "[x" not in bare
        if line.startswith("|"):
            assert bare.count("|") >= 4
    tables = [block.splitlines() for block in report.split("\n\n") if block.startswith("|")]
    for lines in tables:
        widths = {line.replace("\\\\", "").replace("\\|", "").count("|") for line in lines}
        assert len(widths) == 1, lines[:3]


ESCAPE = "\x1b]0;owned\x07\x1b[2J\x9b31m"
PRINTED: dict[str, Callable[[Path], Path]] = {
    "number": lambda d: run_folder(d, rows=GOOD + f"Plant,2024-01,diesel,{ESCAPE}5,t,combustion,2,tCO2/t\n"),
    "period": lambda d: run_folder(d, rows=GOOD + f"Plant,{ESCAPE},diesel,5,t,combustion,2,tCO2/t\n"),
    "long text": lambda d: run_folder(d, rows=GOOD + f"{ESCAPE}{'x' * 3000},2024-01,diesel,5,t,combustion,2,tCO2/t\n"),
    "header": lambda d: run_folder(d, **{"activities.csv": HEAD.replace("unit,", f"{ESCAPE},", 1) + GOOD}),
    "title": lambda d: run_folder(d, f"title = {json.dumps(ESCAPE)}\n"),
    "key": lambda d: run_folder(d, f"{json.dumps(ESCAPE)} = 1\n"),
    "value": lambda d: run_folder(d, f"on_error = {json.dumps(ESCAPE)}\n"),
    "method": lambda d: run_folder(d, f"method = {json.dumps(ESCAPE)}\n"),
    "activity file": lambda d: run_folder(d, f"activities = {json.dumps(ESCAPE + '.csv')}\n"),
    "factor folder": lambda d: run_folder(d, f"factors = [{json.dumps(ESCAPE)}]\n"),
    "name of the file": lambda d: (run_folder(d) / "activities.csv").rename(d / f"{ESCAPE}.csv"),
}


@pytest.mark.parametrize("verb", ["check", "run"])
@pytest.mark.parametrize("make", PRINTED.values(), ids=PRINTED.keys())
def test_terminal_escape_in_the_input_reaches_neither_terminal_nor_report(
    verb: str, make: Callable[[Path], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    code, printed = command(monkeypatch, capfd, verb, make(tmp_path))
    assert code in (0, 1, 2), printed
    texts = [printed, *(path.read_text("utf-8-sig") for name in ("report.md", "issues.csv", "totals.csv")
                        for path in tmp_path.rglob(name))]  # fmt: skip
    for text in texts:
        found = {f"U+{ord(c):04X}" for c in text if unicodedata.category(c) == "Cc" and c not in "\n\t\r"}
        assert not found
