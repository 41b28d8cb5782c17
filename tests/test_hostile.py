"""An attacker's inputs: each ends in a result or a clear error, soon; no row is lost, no cell becomes a command."""

from __future__ import annotations

import csv
import io
import json
import os
import resource
import signal
import subprocess
import sys
import unicodedata
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import pyarrow as pa
import pytest
import xlsxwriter
from pyarrow import parquet

from carbon import load_library
from carbon.cli import main
from carbon.errors import CarbonError, DataError, Issues
from carbon.inventory import Result, account
from carbon.run import compute, open_job, run

NAMES = ["facility", "period", "item", "quantity", "unit", "use", "factor", "factor_unit"]
HEAD = ",".join(NAMES) + "\n"
GOOD = "Good,2024-01,diesel,10,t,combustion,3,tCO2/t\n"  # 30 t
HANG = 60.0  # seconds: far beyond what any machine needs, far short of what a quadratic search takes
DICT = dict(zip(NAMES, ["Good", "2024-01", "diesel", "10", "t", "combustion", "3", "tCO2/t"], strict=True))


@contextmanager
def within_reason() -> Iterator[None]:
    """Break off what takes longer: a hang is a failure and not the end of the whole suite."""

    def broke_off(_: int, __: FrameType | None) -> None:
        message = f"not done within {HANG} s"
        raise TimeoutError(message)

    before = signal.signal(signal.SIGALRM, broke_off)
    signal.setitimer(signal.ITIMER_REAL, HANG)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextmanager
def little_memory(more: int = 1 << 29) -> Iterator[None]:
    """Allow so many more bytes: what would fill the machine becomes a MemoryError."""
    used = int(Path("/proc/self/statm").read_text("ascii").split()[0]) * resource.getpagesize()
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (used + more, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


def outcome(path: Path) -> tuple[Result | None, Issues]:
    """Return the result of a run in memory, or none, and what was said; anything but a clear error comes through."""
    with within_reason():
        try:
            result, _ = compute(open_job(path))
        except DataError as error:
            return None, error.issues
        else:
            assert result.total_records is not None
            return result, result.issues


def table(folder: Path, *rows: str, head: str = HEAD) -> Path:
    path = folder / "activities.csv"
    path.write_text(head + GOOD.rstrip() + "," * (head.count(",") - HEAD.count(",")) + "\n" + "".join(rows), "utf-8")
    return path


def run_folder(folder: Path, toml: str = "", rows: str = GOOD, **files: str | bytes) -> Path:
    """Make a run folder; further files by their path, with two underscores for a slash and one dot at the end."""
    made = folder / "job"
    made.mkdir()
    for name, content in {"run.toml": toml, "activities.csv": HEAD + rows, **files}.items():
        path = made / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return made


def command(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], *words: str | Path) -> tuple[int, str]:
    """Run the command line here; return its exit code and everything it printed."""
    monkeypatch.setattr(sys, "argv", ["carbon", *map(str, words)])
    code = 0
    with within_reason():
        try:
            main()
        except SystemExit as done:
            code = int(done.code or 0)
    captured = capfd.readouterr()
    return code, captured.out + captured.err


def nothing_lost(result: Result) -> None:
    """Every row is computed, or listed as an error with its line."""
    bad = {int(line) for line in result.rows.table.line[result.rows.bad]}
    listed = {int(line) for issue in result.issues.errors for line in issue.lines}
    assert bad <= listed, f"lines {sorted(bad - listed)} are lost in silence"
    assert result.complete == (not result.issues.errors)
    counts = result.provenance["lines"]
    assert counts["read"] == counts["computed"] + counts["bad"]


def good_total(result: Result) -> float | None:
    return next(
        r["co2e_t"]
        for r in result.total_records
        if (r["facility"], r["period"], r["category"], r["basis"]) == ("Good", "2024-01", "total", "location")
    )


# --- cells

CELLS = {
    "the reader's own mark of a ragged row": "\0ragged,2024-01,diesel,5,t,combustion,2,tCO2/t\n",
    "the same mark in a number": "Plant,2024-01,diesel,\0ragged,t,combustion,2,tCO2/t\n",
    "the reader's own mark of a date": "\x01Plant,2024-01,diesel,5,t,combustion,2,tCO2/t\n",
    "that mark in a unit": "Plant,2024-01,diesel,5,\x01t,combustion,2,tCO2/t\n",
    "null in a name": "Pl\0ant,2024-01,diesel,5,t,combustion,2,tCO2/t\n",
    "null in a number": "Plant,2024-01,diesel,5\0,t,combustion,2,tCO2/t\n",
    "escape in a name": "\x1b[2JPlant,2024-01,diesel,5,t,combustion,2,tCO2/t\n",
    "bell in an item": "Plant,2024-01,die\x07sel,5,t,combustion,2,tCO2/t\n",
    "delete in a name": "Plant\x7f,2024-01,diesel,5,t,combustion,2,tCO2/t\n",
    "reversed name": "Plant\u202e001,2024-01,diesel,5,t,combustion,2,tCO2/t\n",
    "isolated name": "Plant\u2066001,2024-01,diesel,5,t,combustion,2,tCO2/t\n",
    "infinite quantity": "Plant,2024-01,diesel,1e400,t,combustion,2,tCO2/t\n",
    "quantity beyond a double": "Plant,2024-01,diesel," + "9" * 1500 + ",t,combustion,2,tCO2/t\n",
    "quantity that vanishes": "Plant,2024-01,diesel,1e-400,t,combustion,2,tCO2/t\n",
    "negative infinity": "Plant,2024-01,diesel,-inf,t,combustion,2,tCO2/t\n",
    "hexadecimal": "Plant,2024-01,diesel,0x10,t,combustion,2,tCO2/t\n",
    "underscore": "Plant,2024-01,diesel,1_000,t,combustion,2,tCO2/t\n",
    "full-width digits": "Plant,2024-01,diesel,１２３,t,combustion,2,tCO2/t\n",
    "arabic digits": "Plant,2024-01,diesel,٣,t,combustion,2,tCO2/t\n",
    "circled digit": "Plant,2024-01,diesel,①,t,combustion,2,tCO2/t\n",
    "two points": "Plant,2024-01,diesel,1.250.5,t,combustion,2,tCO2/t\n",
    "two signs": "Plant,2024-01,diesel,--5,t,combustion,2,tCO2/t\n",
    "a formula": "Plant,2024-01,diesel,=1+1,t,combustion,2,tCO2/t\n",
    "huge unit": "Plant,2024-01,diesel,5,10^12*10^12*10^12*10^12*10^12 t,combustion,2,tCO2/t\n",
    "huge unit in brackets": "Plant,2024-01,diesel,5,((10^12)^12)^12*t,combustion,2,tCO2/t\n",
    "huge power of ten": "Plant,2024-01,diesel,5,1e99999999 t,combustion,2,tCO2/t\n",
    "huge factor unit": "Plant,2024-01,diesel,5,t,combustion,2,10^12*10^12*10^12*10^12*10^12 tCO2/t\n",
    "tower of powers": "Plant,2024-01,diesel,5,9**9**9 t,combustion,2,tCO2/t\n",
    "code in a unit": "Plant,2024-01,diesel,5,__import__('os').system('true'),combustion,2,tCO2/t\n",
    "template in a unit": "Plant,2024-01,diesel,5,{value.__class__},combustion,2,tCO2/t\n",
    "percent in an item": "Plant,2024-01,%s%n%x,5,t,,,\n",
    "path as an item": "Plant,2024-01,../../etc/passwd,5,t,,,\n",
    "long item": f"Plant,2024-01,{'x' * 1_999},5,t,,,\n",
    "long period": f"Plant,{'2024-' * 399},diesel,5,t,combustion,2,tCO2/t\n",
    "long unit": f"Plant,2024-01,diesel,5,{'t*' * 999}t,combustion,2,tCO2/t\n",
    "very long name": f"{'x' * 200_000},2024-01,diesel,5,t,combustion,2,tCO2/t\n",
    "very long number": f"Plant,2024-01,diesel,{'1' * 200_000},t,combustion,2,tCO2/t\n",
}  # fmt: skip


@pytest.mark.parametrize("row", CELLS.values(), ids=CELLS.keys())
def test_hostile_cell_in_a_file_is_listed_and_the_good_rows_computed(row: str, tmp_path: Path) -> None:
    padding = "Good,2024-02,diesel,1,t,combustion,3,tCO2/t\n" * 100  # so that a null does not stand at the beginning
    result, issues = outcome(table(tmp_path, padding, row))
    assert result is not None, issues
    nothing_lost(result)
    assert [int(line) for line in result.rows.table.line[result.rows.bad]] == [103]
    assert good_total(result) == 30.0


@pytest.mark.parametrize("row", CELLS.values(), ids=CELLS.keys())
def test_hostile_cell_in_a_frame_is_listed_and_the_good_rows_computed(row: str) -> None:
    with within_reason():
        result = account([DICT, dict(zip(NAMES, row.rstrip("\n").split(","), strict=True))])
        nothing_lost(result)
        assert result.rows.bad.tolist() == [False, True]
        assert good_total(result) == 30.0


def test_very_long_cell_costs_its_own_row_alone_though_other_cells_are_quoted(tmp_path: Path) -> None:
    result, issues = outcome(table(tmp_path, f'"Plant",2024-01,{"x" * 200_000},5,t,combustion,2,tCO2/t\n'))
    assert result is not None, [issue.text()[:200] for issue in issues]
    assert [(i.code, [int(line) for line in i.lines]) for i in issues.errors] == [("T113", [3])]
    assert good_total(result) == 30.0


@pytest.mark.parametrize(
    "mark",
    ["\u200b", "\u200e", "\u200f", "\u2060", "\ufeff", "\u00ad", "\u2028", "\u2029", "\u061c", "\ufff9", "\U000e0041"],
    ids=lambda mark: f"U+{ord(mark):04X}",
)
def test_invisible_character_does_not_make_a_second_facility_in_silence(mark: str, tmp_path: Path) -> None:
    """Format characters are invisible and part equal names; left out or refused, but not a plant of their own."""
    assert unicodedata.category(mark) in ("Cf", "Zl", "Zp")
    result, _ = outcome(table(tmp_path, GOOD.replace("Good", f"Go{mark}od").replace("2024-01", "2024-02")))
    assert result is not None
    facilities = {record["facility"] for record in result.total_records} - {""}
    assert facilities == {"Good"}


@pytest.mark.parametrize(("text", "never"), [("n/a", "0"), ("无", "0"), ("-", "0"), ("1250,5", "1250"), ("0,5", "0"),
                                             ("1.250,5", "1.250"), ("about 5", "0"), ("5 t", "0")])  # fmt: skip
def test_text_in_a_number_is_not_answered_with_an_invented_number(text: str, never: str, tmp_path: Path) -> None:
    _, issues = outcome(table(tmp_path, f'Plant,2024-01,diesel,"{text}",t,combustion,2,tCO2/t\n'))
    (issue,) = issues.errors
    assert issue.code == "T120"
    assert f"write {never} " not in issue.remedy("en") + " "
    assert f"写作 {never} " not in issue.remedy("zh") + " "


def test_row_with_two_mistakes_names_them_both(tmp_path: Path) -> None:
    _, issues = outcome(table(tmp_path, "Plant,2024-99,no-such-item,five,ton,burnt,,\n"))
    assert {issue.code for issue in issues.errors} == {"D101", "F201", "T120", "T127", "U102"}


@pytest.mark.parametrize(
    ("ncv", "content"),
    [("1e15,TJ/mg", "1e15,MtC/J"), ("1e15,TJ/kg", "1e15,tC/J"), ("1e-15,J/Mt", "1e15,MtC/J")],
)
def test_absurd_product_of_allowed_numbers_is_an_issue_or_exact(ncv: str, content: str, tmp_path: Path) -> None:
    head = HEAD.strip() + ",ncv,ncv_unit,carbon_content,carbon_content_unit\n"
    result, _ = outcome(table(tmp_path, f"Plant,2024-01,coke,1e15,Mt,combustion,,,{ncv},{content}\n", head=head))
    assert result is not None
    nothing_lost(result)
    assert good_total(result) == 30.0


@pytest.mark.parametrize(
    ("row", "tonnes"),
    [("1e12,Mt,combustion,1e3,tCO2/t", 1e21), ("1e13,Mt,combustion,1e9,tCO2/t", 1e28),
     ("1e15,万t,combustion,1e14,tCO2/t", 1e33), ("1e15,Mt,combustion,1e15,MtCO2/g", 1e48)],
)  # fmt: skip
def test_large_quantity_in_a_large_unit_is_exact_or_an_issue(row: str, tonnes: float, tmp_path: Path) -> None:
    result, _ = outcome(table(tmp_path, f"Plant,2024-01,diesel,{row}\n"))
    assert result is not None
    nothing_lost(result)
    assert good_total(result) == 30.0
    if not result.rows.bad.any():
        found = [r["co2e_t"] for r in result.total_records if r["facility"] == "Plant" and r["category"] == "total"]
        assert found[0] == pytest.approx(tonnes, rel=1e-12)


# --- headers


@pytest.mark.parametrize(
    "head",
    ["facility,facility,period,item,quantity,unit\n", "facility,设施,period,item,quantity,unit\n", ",,,,,\n", "\0,\0\n",
     "facility;period,item\tquantity\n", '"facility\n,period"\n', "facility" * 50_000 + "\n",
     ",".join("x" * 300) + "\n", "=cmd|' /C calc'!A0,+1,-1,@x,{0},%s\n", "\x1b[2J,\u202e,\ufeff\n",
     "facility,period,item,quantity,unit," + "," * 5_000 + "\n"],
    ids=range(11),
)  # fmt: skip
def test_hostile_header_is_a_clear_error(head: str, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(head + "1,2,3,4,5,6\n", encoding="utf-8")
    result, issues = outcome(path)
    assert result is None
    assert issues.errors
    assert all(len(issue.text()) < 4_000 for issue in issues)


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


# --- run files and paths

TOMLS = {
    "password file": 'activities = "../../../../../../../../etc/passwd"\n',
    "password file, absolute": 'activities = "/etc/passwd"\n',
    "the folder itself": 'activities = "."\n',
    "a device": 'activities = "/dev/zero"\n',
    "null in a path": 'activities = "a\\u0000.csv"\n',
    "long path": f'activities = "{"a" * 5_000}.csv"\n',
    "factors from etc": 'factors = ["/etc"]\n',
    "factors from the password file": 'factors = ["/etc/passwd"]\n',
    "long factor folder": f'factors = ["{"a" * 5_000}"]\n',
    "null in a factor folder": 'factors = ["a\\u0000"]\n',
    "deep list": "title = " + "[" * 5_000 + "]" * 5_000 + "\n",
    "deep table": "title = " + "{a = " * 2_000 + "1" + "}" * 2_000 + "\n",
    "deep dots": ".".join(["a"] * 5_000) + " = 1\n",
    "deep brackets in a key": "[" + ".".join(["a"] * 5_000) + "]\n",
    "endless number": 'title = "x"\n[electricity]\nprimary_gce = "1e99999999"\n',
    "huge number": '[electricity]\nprimary_gce = "1e400"\n',
    "huge digits": "as_of = " + "9" * 10_000 + "\n",
    "nothing below": '[electricity]\nprimary_gce = "1/0"\n',
    "not a number": "[electricity]\nprimary_gce = nan\n",
    "unknown unit": '[electricity]\nprimary_gce = 0.3\nprimary_unit = "ton/kWh"\n',
    "hostile unit": '[electricity]\nprimary_gce = 0.3\nprimary_unit = "9**9**9"\n',
    "empty unit": '[electricity]\nprimary_gce = 0.3\nprimary_unit = ""\n',
    "method as a path": 'method = "../methods/cn-steel"\n',
    "gwp as a path": 'gwp = "../ipcc-gwp/ar5"\n',
    "gwp of another kind": 'gwp = "cn-heat/default"\n',
    "template": 'method = "{0.__class__}"\ntitle = "{title}%s"\n',
}
POWER = "Plant,2023,electricity,10,MWh,purchased,,\n"


@pytest.mark.parametrize("verb", ["check", "run"])
@pytest.mark.parametrize("toml", TOMLS.values(), ids=TOMLS.keys())
def test_hostile_run_file_ends_in_a_result_or_a_clear_error(
    verb: str, toml: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    job = run_folder(tmp_path, toml, GOOD + POWER)
    code, printed = command(monkeypatch, capfd, verb, job)
    assert code in (0, 1, 2), printed
    assert "root:" not in printed  # nothing of /etc/passwd
    assert {path.name for path in job.iterdir()} <= {"run.toml", "activities.csv", "results"}
    if code == 2:
        assert printed.strip()
        assert not (job / "results").exists()


@pytest.mark.parametrize(
    "toml", ['gwp = "cn-heat/default"\n', '[electricity]\nprimary_gce = 0.3\nprimary_unit = "ton/kWh"\n',
             '[electricity]\nprimary_gce = 0.3\nprimary_unit = "kg/kWh"\n', "[electricity]\nprimary_gce = -1\n"],
    ids=["gwp set that is none", "unknown unit", "unit that leads to no coal", "negative coal"],
)  # fmt: skip
def test_wrong_choice_in_a_run_file_is_refused_and_not_ignored(toml: str, tmp_path: Path) -> None:
    job = run_folder(tmp_path, toml, GOOD + POWER)
    with pytest.raises(CarbonError):
        compute(open_job(job))


@pytest.mark.parametrize("words", [("check", "x" * 5_000), ("run", "x" * 5_000), ("check", "a\nb"), ("explain", "x:²"),
                                   ("explain", "{x}"), ("describe", "../../etc/passwd"), ("template", "../x"),
                                   ("factors", "show", "../../x:y"), ("factors", "check", "x" * 5_000)],
                         ids=lambda words: " ".join(words)[:24])  # fmt: skip
def test_hostile_argument_is_a_usage_error(
    words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    code, printed = command(monkeypatch, capfd, *words)
    assert code == 2, printed


LINKS: dict[str, Callable[[Path], object]] = {
    "to itself": lambda p: p.symlink_to(p),
    "to nothing": lambda p: p.symlink_to(p.with_name("nothing.csv")),
    "to a device": lambda p: p.symlink_to("/dev/zero"),
    "to a folder": lambda p: p.symlink_to(p.parent),
    "pipe": os.mkfifo,
    "folder": lambda p: p.mkdir(),
}


@pytest.mark.parametrize("name", ["activities.csv", "facilities.csv"])
@pytest.mark.parametrize("make", LINKS.values(), ids=LINKS.keys())
def test_table_that_is_no_file_is_a_clear_error(name: str, make: Callable[[Path], object], tmp_path: Path) -> None:
    job = run_folder(tmp_path)
    (job / name).unlink(missing_ok=True)
    make(job / name)
    with within_reason(), little_memory(), pytest.raises(CarbonError):
        run(job)
    assert not (job / "results").exists()


# --- factor sets of an attacker, or of a tired colleague

FACTOR_HEAD = (
    "factor_id,item,region,process,parameter,gas,value,unit,low,high,distribution,valid_from,valid_to,page,note\n"
)
FACTOR = "s1,steam,CN,,emission,CO2,0.2,tCO2/GJ,,,,,,p. 1,\n"
META = """id = "mine/steam"
title_zh = "蒸汽"
title_en = "steam"
publisher = "p"
document = "d"
issued = 2024-01-01
licence = "own"
verification = "primary"
verified_from = "invoice"
"""
ITEM_HEAD = "item,kind,default_use,origin,name_zh,name_en,aliases\n"
STEAM = "Good,2024-01,steam,10,GJ,purchased,,\n"  # with the own factor 0.2 tCO2/GJ: 2 t


def own_set(folder: Path, text: str | bytes = FACTOR_HEAD + FACTOR, meta: str | bytes = META, **files: Any) -> Path:
    made = {"own/mine/steam.csv": text, "own/mine/steam.toml": meta, **files}
    return run_folder(folder, 'factors = ["own"]\n', STEAM, **made)


def test_own_set_is_used(tmp_path: Path) -> None:
    result, _ = outcome(own_set(tmp_path))
    assert result is not None
    assert good_total(result) == 2.0


WRONG_SETS: dict[str, dict[str, Any]] = {
    "slash in a number": {"text": FACTOR_HEAD + FACTOR.replace(",0.2,", ",1/2,")},
    "division by zero": {"text": FACTOR_HEAD + FACTOR.replace(",0.2,", ",1/0,")},
    "underscore in a number": {"text": FACTOR_HEAD + FACTOR.replace(",0.2,", ",1_000,")},
    "full-width number": {"text": FACTOR_HEAD + FACTOR.replace(",0.2,", ",１,")},
    "endless number": {"text": FACTOR_HEAD + FACTOR.replace(",0.2,", ",1e99999999,")},
    "huge number": {"text": FACTOR_HEAD + FACTOR.replace(",0.2,", ",1e400,")},
    "many digits": {"text": FACTOR_HEAD + FACTOR.replace(",0.2,", f",{'9' * 5_000},")},
    "infinite": {"text": FACTOR_HEAD + FACTOR.replace(",0.2,", ",inf,")},
    "unknown parameter": {"text": FACTOR_HEAD + FACTOR.replace("emission,CO2", "emmission,")},
    "week as a date": {"text": FACTOR_HEAD + FACTOR.replace("GJ,,,,,", "GJ,,,,2024-W01-1,")},
    "cell beyond all measure": {"text": FACTOR_HEAD + FACTOR.replace("p. 1", "p" * 200_000)},
    "no utf-8": {"text": (FACTOR_HEAD + FACTOR.replace("p. 1", "第1页")).encode("gb18030")},
    "open quote": {"text": FACTOR_HEAD + '"' + FACTOR},
    "semicolons": {"text": (FACTOR_HEAD + FACTOR).replace(",", ";")},
    "deep metadata": {"meta": "id = " + "[" * 5_000 + "]" * 5_000},
    "metadata in latin-1": {"meta": b'id = "\xe9"'},
    "id of a shipped set": {"meta": META.replace("mine/steam", "cn-heat/default")},
    "id of another place": {"meta": META.replace("mine/steam", "other/place")},
    "empty id": {"meta": META.replace("mine/steam", "")},
    "metadata that is a folder": {"own/mine/other.toml/x": "y"},
    "items without columns": {"own/mine/items.csv": "id,kind\na,b\n"},
    "items with a short row": {"own/mine/items.csv": ITEM_HEAD + "my-x,fuel\n"},
    "items without an id": {"own/mine/items.csv": ITEM_HEAD + ",fuel,combustion,fossil,我的,my x,\n"},
    "items in gb18030": {"own/mine/items.csv": (ITEM_HEAD + "my-x,fuel,combustion,fossil,我的,x,\n").encode("gb18030")},
    "item of unknown kind": {"own/mine/items.csv": ITEM_HEAD + "my-x,fule,combustion,fossil,我的,my x,\n"},
    "item of unknown use": {"own/mine/items.csv": ITEM_HEAD + "my-x,fuel,burn,fossil,我的,my x,\n"},
    "item of unknown origin": {"own/mine/items.csv": ITEM_HEAD + "my-x,fuel,combustion,fosil,我的,my x,\n"},
    "item that takes a shipped id": {
        "own/mine/items.csv": ITEM_HEAD + "diesel,fuel,combustion,biogenic,柴油,diesel,\n"
    },
}  # fmt: skip


@pytest.mark.parametrize("parts", WRONG_SETS.values(), ids=WRONG_SETS.keys())
def test_wrong_own_set_is_refused_with_a_clear_error(parts: dict[str, Any], tmp_path: Path) -> None:
    job = own_set(tmp_path, **parts)
    with within_reason(), pytest.raises(CarbonError):
        run(job)
    assert not (job / "results").exists()


FINE_SETS: dict[str, dict[str, Any]] = {
    "byte order mark": {"text": (FACTOR_HEAD + FACTOR).encode("utf-8-sig")},
    "crlf": {"text": (FACTOR_HEAD + FACTOR).replace("\n", "\r\n")},
    "items with a mark": {
        "own/mine/items.csv": (ITEM_HEAD + "my-x,fuel,combustion,fossil,我的,my x,\n").encode("utf-8-sig")
    },
    "folder named like a table": {"own/mine/notes.csv/x": "y"},
    "other files": {"own/README.md": "x", "own/mine/scan.pdf": b"\xff\xfe"},
}


@pytest.mark.parametrize("parts", FINE_SETS.values(), ids=FINE_SETS.keys())
def test_harmless_own_set_is_used(parts: dict[str, Any], tmp_path: Path) -> None:
    job = own_set(tmp_path, **parts)
    with within_reason():
        result, _ = run(job)
    assert good_total(result) == 2.0


@pytest.mark.parametrize("make", [LINKS[name] for name in ("to itself", "to nothing", "to a device", "pipe")],
                         ids=["link to itself", "link to nothing", "link to a device", "pipe"])  # fmt: skip
def test_own_folder_with_something_that_is_no_file_is_no_trap(make: Callable[[Path], object], tmp_path: Path) -> None:
    job = own_set(tmp_path)
    make(job / "own" / "mine" / "zz.csv")
    with within_reason(), little_memory():
        try:
            result, _ = run(job)
        except CarbonError:
            return
    assert good_total(result) == 2.0


def test_own_method_pack_does_not_replace_a_shipped_one_in_silence(tmp_path: Path) -> None:
    shipped = next(path for path in load_library().folders[0].glob("methods/cn-general.toml")).read_text("utf-8")
    job = own_set(tmp_path, **{"own/methods/cn-general.toml": shipped.replace('gwp = "ar5"', 'gwp = "sar"')})
    (job / "activities.csv").write_text(HEAD + "Good,2024-01,ch4,1,t,fugitive,,\n", encoding="utf-8")
    try:
        result, issues = outcome(job)
    except CarbonError:
        return
    assert issues.errors or (result is not None and good_total(result) == 28.0)  # AR5, as cn-general says


# --- workbooks and Parquet

SHEET = '<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{}</sheetData></worksheet>'


def workbook(path: Path, sheet: str) -> Path:
    """Write a workbook whose first sheet is this XML."""
    with xlsxwriter.Workbook(path) as made:
        made.add_worksheet()
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in (members | {"xl/worksheets/sheet1.xml": sheet.encode()}).items():
            archive.writestr(name, data)
    return path


def cell(reference: str, text: str) -> str:
    return f'<c r="{reference}" t="inlineStr"><is><t>{text}</t></is></c>'


def rows_of(*lines: str) -> str:
    """Return rows of inline texts, one text with commas per row."""
    return "".join(
        f'<row r="{number}">'
        + "".join(cell(f"{'ABCDEFGH'[place]}{number}", text) for place, text in enumerate(line.strip().split(",")))
        + "</row>"
        for number, line in enumerate(lines, start=1)
    )


TWO = rows_of(HEAD, GOOD)
WORKBOOKS = {
    "reference to row zero": SHEET.format(TWO + '<row r="3"><c r="A0"><v>1</v></c></row>'),
    "reference beyond all sheets": SHEET.format(TWO + '<row r="3"><c r="ZZZZZZZZ99999999999"><v>1</v></c></row>'),
    "reference without letters": SHEET.format(TWO + '<row r="3"><c r="33"><v>1</v></c></row>'),
    "string that does not exist": SHEET.format(TWO + '<row r="3"><c r="A3" t="s"><v>999999</v></c></row>'),
    "style that does not exist": SHEET.format(TWO + '<row r="3"><c r="A3" s="9999"><v>1</v></c></row>'),
    "cut": SHEET.format(TWO)[:-40],
    "deep": SHEET.format(TWO + "<x>" * 50_000),
    "entity": '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + SHEET.format(TWO.replace("Good", "&x;")),
    "laughs": '<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>' + SHEET.format(TWO.replace("Good", "&b;")),
    "no xml": "\0" * 1000,
    "empty": "",
}  # fmt: skip


@pytest.mark.parametrize("sheet", WORKBOOKS.values(), ids=WORKBOOKS.keys())
def test_hostile_workbook_is_read_or_refused(sheet: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    result, issues = outcome(workbook(tmp_path / "a.xlsx", sheet))
    if result is None:
        assert issues.errors
    else:
        nothing_lost(result)
        assert good_total(result) in (30.0, None)
    assert "root:" not in capfd.readouterr().err


@pytest.mark.parametrize(
    "data",
    [b"", b"PK", b"PK\x05\x06" + bytes(18), b"not a zip at all", bytes.fromhex("d0cf11e0a1b11ae1") + bytes(1000),
     b"<html><table><tr><td>facility</td></tr></table></html>"],
    ids=["empty", "two bytes", "empty archive", "text", "old workbook", "web page"],
)  # fmt: skip
def test_file_that_is_no_workbook_is_refused(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.xlsx").write_bytes(data)
    result, issues = outcome(tmp_path / "a.xlsx")
    assert result is None
    assert issues.errors


def test_workbook_in_an_archive_of_a_later_version_is_refused(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", SHEET.format(TWO))
    data = bytearray(path.read_bytes())
    place = data.index(b"PK\x01\x02")  # the first entry of the central directory; then: made by, needed to extract
    data[place + 6] = 90
    path.write_bytes(bytes(data))
    result, issues = outcome(path)
    assert (result is None and issues.errors) or (result is not None and good_total(result) == 30.0)


def test_workbook_with_a_lonely_cell_at_the_far_corner_is_refused_before_it_fills_the_memory(tmp_path: Path) -> None:
    """A workbook of 5 kB: a dense grid to XFD1048576 would take 17 thousand million cells. In a process of its own."""
    far = '<row r="1048576">' + cell("XFD1048576", "x") + "</row>"
    path = workbook(tmp_path / "a.xlsx", SHEET.format(TWO + far))
    assert path.stat().st_size < 10_000
    done = subprocess.run(
        [sys.executable, "-m", "carbon", "check", str(path)],
        capture_output=True,
        encoding="utf-8",
        timeout=20,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30)),
    )
    assert done.returncode == 1, done.stderr[-300:]
    assert "T112" in done.stderr


def test_parquet_with_a_name_twice_is_refused(tmp_path: Path) -> None:
    arrays = [pa.array([text]) for text in DICT.values()]
    parquet.write_table(pa.Table.from_arrays([*arrays, arrays[0]], names=[*NAMES, "facility"]), tmp_path / "a.parquet")
    result, issues = outcome(tmp_path / "a.parquet")
    assert result is None
    assert {issue.code for issue in issues.errors} <= {"T107", "T110"}


@pytest.mark.parametrize("mark", ["\0ragged", "\x01Good", "\x01"])
def test_parquet_cannot_forge_the_marks_of_the_reader(mark: str, tmp_path: Path) -> None:
    columns = {name: [text, mark if name == "facility" else text] for name, text in DICT.items()}
    parquet.write_table(pa.table(columns), tmp_path / "a.parquet")
    result, _ = outcome(tmp_path / "a.parquet")
    assert result is not None
    nothing_lost(result)
    assert result.rows.bad.tolist() == [False, True]


# --- many

CROWDS: dict[str, tuple[int, str, Callable[[int], str]]] = {
    "good": (100_000, HEAD, lambda _: GOOD),
    "the same bad number": (100_000, HEAD, lambda _: "Good,2024-01,diesel,x,t,combustion,3,tCO2/t\n"),
    "ragged": (100_000, HEAD, lambda _: "Good,2024-01,diesel\n"),
    "different notes": (
        100_000, HEAD.strip() + ",note\n", lambda n: f"Good,2024-01,diesel,1,t,combustion,3,tCO2/t,note {n}\n"
    ),
    "different bad numbers": (40_000, HEAD, lambda n: f"Good,2024-01,diesel,{n}x,t,combustion,3,tCO2/t\n"),
    "different bad periods": (40_000, HEAD, lambda n: f"Good,P{n},diesel,1,t,combustion,3,tCO2/t\n"),
    "unknown items": (1_000, HEAD, lambda n: f"Good,2024-01,invoice-{n},1,t,,,\n"),
    "unknown units": (1_000, HEAD, lambda n: f"Good,2024-01,diesel,1,unit-{n},combustion,3,tCO2/t\n"),
    "own items": (10_000, HEAD, lambda n: f"Good,2024-01,my item {n},1,t,combustion,3,tCO2/t\n"),
    "negative numbers": (20_000, HEAD, lambda n: f"Good,2024-01,diesel,-{n + 1},t,combustion,3,tCO2/t\n"),
    "plants, half of them with a bad row": (
        2_000, HEAD, lambda n: f"Plant {n},2024-01,diesel,{'x' if n % 2 else 1},t,combustion,3,tCO2/t\n"
    ),
}  # fmt: skip


@pytest.mark.parametrize(("count", "head", "row"), CROWDS.values(), ids=CROWDS.keys())
def test_very_many_rows_and_different_texts_are_all_accounted_for(
    count: int, head: str, row: Callable[[int], str], tmp_path: Path
) -> None:
    """A wrong column pasted over another one is a daily mistake; near misses must not cost the morning."""
    path = tmp_path / "a.csv"
    path.write_text(head + "".join(map(row, range(count))), encoding="utf-8")
    result, _ = outcome(path)
    assert result is not None
    nothing_lost(result)
    assert result.provenance["lines"]["read"] == count
