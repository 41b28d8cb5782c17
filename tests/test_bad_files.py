"""The bad-file catalogue: every issue code has an input that earns it, and says what, where and how to mend it.

Cases are data in tests/bad/cases.toml. Beside the bad row each table has a good one, which must still be computed.
"""

from __future__ import annotations

import csv
import datetime as dt
import re
import shutil
import tomllib
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from pyarrow import parquet

import carbon
from carbon import reading
from carbon.errors import DataError, Issue, Issues, catalogue, explain_code
from carbon.footprints import check_footprint
from carbon.imports import import_factors
from carbon.inventory import Result
from carbon.run import run
from carbon.streams import run_stream
from carbon.studies import run_savings, run_upgrade

BAD = Path(__file__).parent / "bad"
CASES = tomllib.loads((BAD / "cases.toml").read_text("utf-8"))["case"]
HEADER = ["facility", "period", "item", "quantity", "unit", "use", "factor", "factor_unit"]
GOOD = ["Good", "2024-01", "diesel", 10, "t", "combustion", 3, "tCO2/t"]
PLANT = ["Plant", "2024-01", "diesel", 5, "t", "combustion", 2, "tCO2/t"]
Patch = pytest.MonkeyPatch
Maker = Callable[[Path, Patch], None]


def book(path: Path, rows: list[list[Any]]) -> None:
    """Write a workbook; a text that begins with # becomes a formula that failed, a date a cell formatted as one."""
    with xlsxwriter.Workbook(path) as made:
        sheet, date = made.add_worksheet(), made.add_format({"num_format": "yyyy-mm-dd"})
        for line, row in enumerate(rows):
            for column, value in enumerate(row):
                if isinstance(value, dt.date):
                    sheet.write_datetime(line, column, value, date)
                elif isinstance(value, str) and value.startswith("#"):
                    sheet.write_formula(line, column, "=1/0", None, value)
                else:
                    sheet.write(line, column, value)


def lines(path: Path, *texts: str) -> None:
    """Write a CSV with the header, the good row and some more lines."""
    path.write_text("\n".join([",".join(HEADER), ",".join(map(str, GOOD)), *texts, ""]), encoding="utf-8")


def no_byte(path: Path, _: Patch) -> None:
    path.write_bytes(b"")


def empty_sheet(path: Path, _: Patch) -> None:
    book(path, [])


def utf_16(path: Path, _: Patch) -> None:
    path.write_text(",".join(HEADER) + "\n", encoding="utf-16")


def not_parquet(path: Path, _: Patch) -> None:
    path.write_bytes(b"PAR1 and then nothing")


def open_quote(path: Path, _: Patch) -> None:
    lines(path, '"Plant,2024-01,diesel,5,t,combustion,2,tCO2/t', "After,2024-01,diesel,5,t,combustion,2,tCO2/t")


def changes_while_read(path: Path, monkeypatch: Patch) -> None:
    """Another program adds a row while the file is being read."""
    read_bytes = Path.read_bytes

    def read_slowly(self: Path) -> bytes:
        found = read_bytes(self)
        if self.name == path.name:
            with self.open("ab") as file:
                file.write(b"Late,2024-01,diesel,5,t,combustion,2,tCO2/t\n")
        return found

    monkeypatch.setattr(Path, "read_bytes", read_slowly)


def small_limit(path: Path, monkeypatch: Patch) -> None:
    monkeypatch.setattr(reading, "MAXIMUM_BYTES", path.stat().st_size - 1)


def zip_bomb(path: Path, monkeypatch: Patch) -> None:
    """A workbook of some kilobytes that unpacks to 4 MiB, where 8 MiB may be read and 2 MiB unpacked."""
    monkeypatch.setattr(reading, "MAXIMUM_BYTES", 8 << 20)
    book(path, [HEADER, GOOD])
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/media/picture.bin", bytes(4 << 20))


def formatted_to_the_edge(path: Path, _: Patch) -> None:
    book(path, [[*HEADER, *[None] * (16383 - len(HEADER)), "x"], GOOD])


def reversed_text(path: Path, _: Patch) -> None:
    lines(path, "Plant\u202e001,2024-01,diesel,5,t,combustion,2,tCO2/t")


def date_in_period(path: Path, _: Patch) -> None:
    book(path, [HEADER, GOOD, ["Plant", dt.date(2024, 3, 1), *PLANT[2:]]])


def date_in_quantity(path: Path, _: Patch) -> None:
    book(path, [HEADER, GOOD, [*PLANT[:3], dt.date(2024, 5, 3), *PLANT[4:]]])


def failed_formula_in_quantity(path: Path, _: Patch) -> None:
    book(path, [HEADER, GOOD, [*PLANT[:3], "#REF!", *PLANT[4:]]])


def failed_formula_in_oxidation(path: Path, _: Patch) -> None:
    book(path, [[*HEADER, "oxidation"], GOOD, [*PLANT, "#N/A"]])


def failed_formula_in_facility(path: Path, _: Patch) -> None:
    book(path, [HEADER, GOOD, ["#NAME?", *PLANT[1:]]])


def second_activity_file(path: Path, _: Patch) -> None:
    book(path / "活动数据.xlsx", [HEADER, GOOD])


MAKERS: dict[str, Maker] = {
    maker.__name__: maker
    for maker in (
        no_byte, empty_sheet, utf_16, not_parquet, open_quote, changes_while_read, small_limit, zip_bomb,
        formatted_to_the_edge, reversed_text, date_in_period, date_in_quantity, failed_formula_in_quantity,
        failed_formula_in_oxidation, failed_formula_in_facility, second_activity_file,
    )
}  # fmt: skip


def prepared(case: dict[str, Any], folder: Path, monkeypatch: Patch) -> Path:
    """Copy the input of a case to a folder where a run may write, and make what is made at test time."""
    source, path = BAD / case["path"], folder / case["path"]
    if source.is_dir():
        shutil.copytree(source, path)
    elif source.is_file():
        shutil.copyfile(source, path)
    if "make" in case:
        MAKERS[case["make"]](path, monkeypatch)
    return path


@dataclass(frozen=True)
class Outcome:
    """What a run of one bad input gave: issues, a result or none, the result folder."""

    issues: Issues
    result: Result | None
    out: Path

    def of(self, case: dict[str, Any]) -> list[Issue]:
        return [i for i in self.issues if i.code == case["code"] and i.value == case.get("value", i.value)]


def import_case(path: Path) -> Issues:
    """Import what stands beside the map file."""
    files = [p for p in sorted(path.iterdir()) if p.name != "map.toml"]
    return import_factors(files, path / "own", mapping=path / "map.toml").issues


COMMANDS: dict[str, Callable[[Path], Issues]] = {  # what a case asks for if not a run
    "benchmark": lambda path: carbon.benchmark(path).issues,
    "portfolio": lambda path: carbon.portfolio(path).verdicts.issues,
    "equipment": lambda path: carbon.grade_equipment(path).issues,
    "levels": lambda path: carbon.benchmark([], levels=carbon.load_levels([path])).issues,
    "import": import_case,
    "upgrade": lambda path: run_upgrade(path, path.with_name("out"))[0].issues,
    "footprint": check_footprint,
    "stream": lambda path: run_stream(path, path.with_name("out"))[0].issues,
    "savings": lambda path: run_savings(path, path.with_name("out"))[0].issues,
}


@pytest.fixture(scope="module")
def outcome_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[dict[str, Any]], Outcome]:
    """Run a case, once."""
    known: dict[str, Outcome] = {}

    def outcome_of(case: dict[str, Any]) -> Outcome:
        if case["path"] not in known:
            folder = tmp_path_factory.mktemp(case["code"])
            result, out = None, folder / "out"
            with pytest.MonkeyPatch.context() as monkeypatch:
                path = prepared(case, folder, monkeypatch)
                try:
                    if "command" in case:
                        issues = COMMANDS[case["command"]](path)
                    else:
                        result, _ = run(path, out)
                except DataError as error:
                    issues = error.issues
            known[case["path"]] = Outcome(result.every_issue if result else issues, result, out)
        return known[case["path"]]

    return outcome_of


Run = Callable[[dict[str, Any]], Outcome]
each_case = pytest.mark.parametrize("case", CASES, ids=[case["path"] for case in CASES])
RUNS = [case for case in CASES if "command" not in case]
each_run = pytest.mark.parametrize("case", RUNS, ids=[case["path"] for case in RUNS])


@each_case
def test_bad_file_earns_its_code_at_its_place(case: dict[str, Any], outcome_of: Run) -> None:
    outcome = outcome_of(case)
    mine = outcome.of(case)
    assert mine, f"no {case['code']} among {[issue.text() for issue in outcome.issues]}"
    assert {issue.severity for issue in mine} == {case["severity"]}
    assert sorted({int(line) for issue in mine for line in issue.lines}) == case["lines"]
    assert {issue.column for issue in mine} == {case.get("column", "")}
    path = Path(case["path"])
    assert {issue.file for issue in mine} == {case.get("file", path.name if path.suffix else "activities.csv")}


@each_case
def test_bad_file_earns_no_other_error(case: dict[str, Any], outcome_of: Run) -> None:
    issues = outcome_of(case).issues
    expected = {*case.get("also", []), *([case["code"]] if case["severity"] == "error" else [])}
    assert {issue.code for issue in issues.errors} == expected, [issue.text() for issue in issues.errors]


@pytest.mark.parametrize("language", ["en", "zh"])
@each_case
def test_bad_file_message_and_remedy_hold_the_key_words(case: dict[str, Any], language: str, outcome_of: Run) -> None:
    mine = outcome_of(case).of(case)
    said = "\n".join(f"{issue.message(language)}\n{issue.remedy(language)}" for issue in mine)
    missing = [word for word in case[f"words_{language}"] if word not in said]
    assert not missing, said
    for issue in mine:
        for text in (issue.message(language), issue.remedy(language), issue.text(language)):
            assert text.strip()
            assert not re.search(r"[{}]|''|“”|\(\)|（）", text), text
        assert issue.text(language).endswith(f"[{case['code']}]")
        has_chinese = re.search(r"[\u4e00-\u9fff]", catalogue()[case["code"]][f"message_{language}"])
        assert bool(has_chinese) == (language == "zh")


@each_run
def test_bad_file_good_rows_are_computed_and_bad_rows_listed(case: dict[str, Any], outcome_of: Run) -> None:
    outcome = outcome_of(case)
    result, issues = outcome.result, outcome.issues
    if case.get("refused"):
        assert result is None
        assert not outcome.out.exists()
        return
    assert result is not None, [issue.text() for issue in issues]
    counts = result.provenance["lines"]
    assert counts == {"read": case["read"], "computed": case["read"] - len(case["bad"]), "bad": len(case["bad"])}
    status = parquet.read_table(outcome.out / "lines.parquet", columns=["line", "status"]).to_pydict()
    assert [line for line, word in zip(*status.values(), strict=True) if word == "error"] == case["bad"]
    listed = {int(line) for issue in issues.errors for line in issue.lines}
    assert set(case["bad"]) <= listed
    assert result.complete == (not issues.errors)
    found = {
        f"{record['facility']} {record['period']}": record
        for record in result.total_records
        if (record["category"], record["basis"]) == ("total", "location")
    }
    for name, tonnes in case.get("totals", {}).items():
        assert found[name]["co2e_t"] == pytest.approx(tonnes, rel=1e-15), name
    for name, masses in case.get("masses", {}).items():
        assert {gas: found[name][gas] for gas in masses} == masses


@each_run
def test_bad_file_is_written_to_issues_csv(case: dict[str, Any], outcome_of: Run) -> None:
    outcome = outcome_of(case)
    if outcome.result is None:
        assert case.get("refused")
        return
    with (outcome.out / "issues.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["code"] == case["code"]]
    rows = [row for row in rows if row["value"] == case.get("value", row["value"])]
    assert {row["severity"] for row in rows} == {case["severity"]}
    numbers = [int(row["line"]) for row in rows if row["line"]]
    if case["severity"] == "error":
        assert sorted(numbers) == case["lines"]
    else:
        assert numbers[:1] == case["lines"][:1]
    assert all(row["message"] and row["remedy"] for row in rows)


def test_every_code_of_the_catalogue_has_a_case_and_every_case_a_code() -> None:
    assert sorted({case["code"] for case in CASES}) == sorted(catalogue())


def test_every_input_is_used_and_named_by_its_code() -> None:
    on_disk = {path.name for path in BAD.iterdir()} - {"cases.toml"}
    assert on_disk <= {case["path"] for case in CASES}
    assert all(case["path"].startswith(f"{case['code']}-") for case in CASES)
    assert all((BAD / case["path"]).exists() or "make" in case for case in CASES)
    assert {case["make"] for case in CASES if "make" in case} == set(MAKERS)


def test_every_code_is_catalogued_in_both_languages() -> None:
    needed = {"severity", "example"} | {
        f"{part}_{language}" for part in ("title", "message", "remedy", "meaning") for language in ("en", "zh")
    }
    for code, entry in catalogue().items():
        assert re.fullmatch(r"[ABDFMPTU]\d{3}", code)
        assert needed <= set(entry), code
        assert set(entry) - needed <= {"summed"}, code
        assert entry["severity"] in ("error", "warning", "note")
        assert all(isinstance(text, str) and text.strip() for text in entry.values()), code


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("code", sorted(catalogue()))
def test_explain_code_prints_title_meaning_remedy_and_example_without_placeholders(code: str, language: str) -> None:
    entry = catalogue()[code]
    text = explain_code(code.lower(), language)
    assert text.splitlines()[0] == f"{code} ({entry['severity']}): {entry[f'title_{language}']}"
    assert entry[f"meaning_{language}"] in text
    assert entry["example"] in text
    remedy = next(line for line in text.splitlines() if line.startswith(("Remedy: ", "处理: ")))
    assert not re.search(r"[{}]", remedy)
