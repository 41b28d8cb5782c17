"""The result folder: whole or not at all, never over something else, the earlier one safe until the new one stands."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from carbon.errors import DataError, Issues, UsageError
from carbon.folders import check_unread
from carbon.inventory import account
from carbon.run import check, explain, open_job, run

HEAD = "facility,period,item,quantity,unit,use,factor,factor_unit\n"
GOOD = "Good,2024-01,diesel,10,t,combustion,3,tCO2/t\n"  # 30 t
BAD = "Plant,2024-01,diesel,ten,t,combustion,2,tCO2/t\n"
WRITTEN = {
    "totals.csv", "energy.csv", "intensity.csv", "issues.csv", "lines.parquet", "plan.json", "provenance.json",
    "report.md",
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run folder whose result was computed once."""
    made = tmp_path / "plant"
    made.mkdir()
    (made / "run.toml").write_text('title = "Plant"\n', encoding="utf-8")
    (made / "activities.csv").write_text(HEAD + GOOD, encoding="utf-8")
    run(made)
    return made


def state(folder: Path) -> dict[str, str]:
    """Return every file below a folder with the digest of its bytes."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        if path.is_file()
        else "folder"
        for path in sorted(folder.rglob("*"))
    }


def test_run_writes_the_whole_result_and_nothing_beside_it(folder: Path) -> None:
    assert {path.name for path in folder.iterdir()} == {"run.toml", "activities.csv", "results"}
    assert {path.name for path in (folder / "results").iterdir()} == WRITTEN


def test_run_digests_in_the_provenance_are_those_of_the_files(folder: Path) -> None:
    document = json.loads((folder / "results" / "provenance.json").read_text("utf-8"))
    known = {name.split("/")[-1]: digest for name, digest in state(folder).items()}
    assert document["inputs"] == {"activities.csv": known["activities.csv"]}
    assert set(document["results"]) <= WRITTEN
    assert {"totals.csv", "energy.csv", "issues.csv", "lines.parquet"} <= set(document["results"])
    for name, digest in document["results"].items():
        assert known[name] == digest, name


def test_run_again_with_the_same_input_writes_the_same_bytes(folder: Path) -> None:
    before = state(folder)
    run(folder)
    assert state(folder) == before


def test_run_again_replaces_the_earlier_result(folder: Path) -> None:
    (folder / "activities.csv").write_text(HEAD + GOOD + GOOD.replace("2024-01", "2024-02"), encoding="utf-8")
    result, where = run(folder)
    assert where == folder / "results"
    assert result.provenance["lines"]["computed"] == 2
    assert "2024-02" in (where / "totals.csv").read_text("utf-8-sig")
    assert {path.name for path in folder.iterdir()} == {"run.toml", "activities.csv", "results"}


def test_run_with_a_bad_row_replaces_the_result_and_marks_it_incomplete(folder: Path) -> None:
    (folder / "activities.csv").write_text(HEAD + GOOD + BAD, encoding="utf-8")
    result, where = run(folder)
    assert not result.complete
    assert "T120" in (where / "issues.csv").read_text("utf-8-sig")


FAILURES: dict[str, Callable[[Path], object]] = {
    "no row": lambda f: (f / "activities.csv").write_text(HEAD, encoding="utf-8"),
    "unknown column": lambda f: (f / "activities.csv").write_text("x," + HEAD + "1," + GOOD, encoding="utf-8"),
    "no activity file": lambda f: (f / "activities.csv").unlink(),
    "two activity files": lambda f: (f / "活动数据.csv").write_text(HEAD + GOOD, encoding="utf-8"),
    "not toml": lambda f: (f / "run.toml").write_text("title = ", encoding="utf-8"),
    "unknown key": lambda f: (f / "run.toml").write_text('titel = "x"\n', encoding="utf-8"),
    "unknown method": lambda f: (f / "run.toml").write_text('method = "cn-stell"\n', encoding="utf-8"),
    "unknown gwp": lambda f: (f / "run.toml").write_text('gwp = "ar9"\n', encoding="utf-8"),
    "unknown region": lambda f: (f / "run.toml").write_text('region = "Atlantis"\n', encoding="utf-8"),
    "no factor folder": lambda f: (f / "run.toml").write_text('factors = ["own"]\n', encoding="utf-8"),
    "bad facilities": lambda f: (f / "facilities.csv").write_text("facility\n", encoding="utf-8"),
    "bad output": lambda f: (f / "output.csv").write_text("facility,produkt\nGood,x\n", encoding="utf-8"),
    "stop on error": lambda f: (
        (f / "run.toml").write_text('on_error = "stop"\n', encoding="utf-8"),
        (f / "activities.csv").write_text(HEAD + GOOD + BAD, encoding="utf-8"),
    ),
}


@pytest.mark.parametrize("spoil", FAILURES.values(), ids=FAILURES.keys())
def test_run_that_fails_leaves_the_earlier_result_and_nothing_else(
    spoil: Callable[[Path], object], folder: Path
) -> None:
    spoil(folder)
    before = state(folder)
    with pytest.raises((DataError, UsageError)):
        run(folder)
    assert state(folder) == before
    assert explain(folder, 2)


@pytest.mark.parametrize("step", [
    "folders.csv_bytes", "run.render_markdown", "folders.write_json", "folders._sha256", "run.plan_document",
    "folders._swap",
])  # fmt: skip
def test_run_that_breaks_while_writing_leaves_the_earlier_result_and_no_temporary_folder(
    step: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full_disk(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    before = state(folder)
    monkeypatch.setattr(f"carbon.{step}", full_disk)
    with pytest.raises((OSError, UsageError)):
        run(folder)
    monkeypatch.undo()
    assert state(folder) == before


@pytest.mark.parametrize("failing", [1, 2])
def test_swap_that_fails_puts_the_earlier_result_back_and_cleans_up(
    failing: int, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace, calls = Path.replace, []

    def replace_and_fail(self: Path, target: Path) -> Path:
        calls.append(self.name)
        if len(calls) == failing:
            raise OSError(5, "Input/output error")
        return replace(self, target)

    before = state(folder)
    monkeypatch.setattr(Path, "replace", replace_and_fail)
    with pytest.raises((OSError, UsageError)):
        run(folder)
    monkeypatch.undo()
    assert len(calls) >= failing
    assert state(folder) == before


def test_check_writes_nothing(folder: Path) -> None:
    before = state(folder)
    assert not check(folder).errors
    assert state(folder) == before


# --- never over something that is not a result


def test_run_into_a_folder_of_other_files_is_refused(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "letters"
    other.mkdir()
    (other / "letter.txt").write_text("dear", encoding="utf-8")
    before = state(tmp_path)
    with pytest.raises(UsageError, match="letters"):
        run(folder, other)
    assert state(tmp_path) == before


def test_run_into_a_file_is_refused(folder: Path) -> None:
    before = state(folder)
    with pytest.raises(UsageError, match=r"activities\.csv"):
        run(folder, folder / "activities.csv")
    assert state(folder) == before


def test_run_into_its_own_input_folder_is_refused(folder: Path) -> None:
    before = state(folder)
    with pytest.raises(UsageError, match="plant"):
        run(folder, folder)
    assert state(folder) == before


def test_run_below_a_file_is_refused(folder: Path) -> None:
    before = state(folder)
    with pytest.raises(UsageError):
        run(folder, folder / "activities.csv" / "results")
    assert state(folder) == before


def test_run_into_an_empty_folder_is_welcome(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    run(folder, tmp_path / "empty")
    assert {path.name for path in (tmp_path / "empty").iterdir()} == WRITTEN


def test_run_makes_the_folders_above_its_result(folder: Path, tmp_path: Path) -> None:
    run(folder, tmp_path / "a" / "b" / "out")
    assert {path.name for path in (tmp_path / "a" / "b").iterdir()} == {"out"}


def test_run_does_not_destroy_what_the_user_put_into_the_result_folder(folder: Path) -> None:
    """A letter filed beside the result is no result: refuse, or keep it."""
    (folder / "results" / "letter to the verifier.docx").write_bytes(b"dear")
    try:
        run(folder)
    except UsageError as error:
        assert "letter to the verifier.docx" in str(error)  # noqa: PT017
    assert (folder / "results" / "letter to the verifier.docx").read_bytes() == b"dear"


def test_run_into_a_folder_with_a_foreign_provenance_file_is_refused(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "museum"
    other.mkdir()
    (other / "provenance.json").write_text('{"painting": "bought 1890"}', encoding="utf-8")
    (other / "painting.jpg").write_bytes(b"jpg")
    before = state(other)
    with pytest.raises(UsageError):
        run(folder, other)
    assert state(other) == before


def test_run_through_a_link_leaves_what_the_link_points_to(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "letters"
    other.mkdir()
    (other / "letter.txt").write_text("dear", encoding="utf-8")
    (tmp_path / "link").symlink_to(other)
    with pytest.raises(UsageError):
        run(folder, tmp_path / "link")
    assert (other / "letter.txt").read_text("utf-8") == "dear"


# --- settings


def test_run_of_one_file_writes_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "january.csv"
    path.write_text(HEAD + GOOD, encoding="utf-8")
    _, where = run(path)
    assert where == tmp_path / "january-results"
    assert {p.name for p in tmp_path.iterdir()} == {"january.csv", "january-results"}


@pytest.mark.parametrize("target", ["folder", "file"])
@pytest.mark.parametrize(
    "changes",
    [{"metod": "cn-steel"}, {"language": "fr"}, {"on_error": "ignore"}, {"as_of": "2024-13-01"}, {"factors": "own"}],
    ids=str,
)
def test_open_job_wrong_setting_is_a_clear_error_for_a_folder_and_for_a_file(
    target: str, changes: dict[str, str], folder: Path
) -> None:
    path = folder if target == "folder" else folder / "activities.csv"
    with pytest.raises((UsageError, DataError)):
        open_job(path, **changes)


def test_open_job_near_misses_of_a_path_are_named(folder: Path) -> None:
    with pytest.raises(UsageError, match="plant"):
        run(folder.with_name("plnat"))


@pytest.mark.parametrize("line", [0, 1, 3, -1, 10**30])
def test_explain_line_that_is_not_there_is_a_clear_error(line: int, folder: Path) -> None:
    with pytest.raises(UsageError, match=str(line)):
        explain(folder, line)


@pytest.mark.parametrize("name", ["plan.json", "lines.parquet", "provenance.json"])
@pytest.mark.parametrize("damage", ["cut", "gone"])
def test_explain_damaged_result_is_a_clear_error(name: str, damage: str, folder: Path) -> None:
    path = folder / "results" / name
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:20])
    else:
        path.unlink()
    with pytest.raises((UsageError, DataError)):
        explain(folder, 2)


# --- files of the folder that are not read


def unread(folder: Path) -> dict[str, str]:
    """Return the files that a check names as not read, with the name that it suggests."""
    found = [issue for issue in check(folder) if issue.code == "T143"]
    assert {issue.severity for issue in found} <= {"warning"}
    return {issue.value: str(issue.parts.get("near", "")) for issue in found}


@pytest.mark.parametrize(
    ("name", "near"),
    [("run.toml.txt", "run.toml"), ("Run.toml", "run.toml"), ("run .toml", "run.toml"), ("outputs.csv", "output.csv"),
     ("activities-Q2.csv", "activities.csv"), ("facility.xlsx", "facilities.xlsx"), ("设施表.csv", "设施.csv"),
     ("产量 2024.xls", "产量.csv"), ("Output.csv.txt", "output.csv"), ("meter.csv", ""), ("x.toml", "")],
)  # fmt: skip
def test_file_whose_name_has_a_slip_is_named_with_the_nearest_known_name(name: str, near: str, folder: Path) -> None:
    (folder / name).write_text("x", encoding="utf-8")
    assert unread(folder) == {name: near}


@pytest.mark.parametrize(
    "name",
    ["lines.csv", "设备.xlsx", "study.toml", "notes.md", "scan.pdf", "~$activities.xlsx", ".hidden.csv", "a.csv.bak"],
)
def test_file_for_another_command_or_of_another_kind_is_not_spoken_of(name: str, folder: Path) -> None:
    (folder / name).write_text("x", encoding="utf-8")
    assert unread(folder) == {}


def test_many_unread_files_are_one_warning(folder: Path) -> None:
    for number in range(50):
        (folder / f"{number:02}.csv").write_text("x", encoding="utf-8")
    (value,) = unread(folder)
    assert value.startswith("00.csv, 01.csv")
    assert value.endswith("…")


def test_what_is_read_is_not_named_as_unread(folder: Path) -> None:
    (folder / "facilities.csv").write_text("facility\nGood\n", encoding="utf-8")
    (folder / "data.csv").write_text(HEAD + GOOD, encoding="utf-8")
    (folder / "run.toml").write_text('activities = "data.csv"\n', encoding="utf-8")
    (folder / "factors.csv").mkdir()
    assert unread(folder) == {"activities.csv": "activities.csv"}


def test_unread_file_is_named_beside_the_missing_activity_file(folder: Path) -> None:
    (folder / "activities.csv").rename(folder / "activities-Q2.csv")
    with pytest.raises(DataError) as caught:
        open_job(folder)
    assert {issue.code for issue in caught.value.issues} == {"T128", "T143"}


def test_footprint_folder_can_ask_the_same(tmp_path: Path) -> None:
    for name in ("study.toml", "processes.csv", "exchanges.csv", "scenario.csv", "run.toml", "activities.csv"):
        (tmp_path / name).write_text("x", encoding="utf-8")
    used = [tmp_path / name for name in ("study.toml", "processes.csv", "exchanges.csv")]
    issues = Issues()
    check_unread(tmp_path, used, "study.toml", ("processes", "exchanges", "parameters", "scenarios"), issues)
    assert [(i.code, i.file, i.parts["near"]) for i in issues] == [("T143", "scenario.csv", "scenarios.csv")]


# --- where the system refuses


def test_read_only_place_is_refused_before_anything_is_computed_and_named(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def computed(*_: object) -> None:
        pytest.fail("computed in vain")

    (tmp_path / "shared").mkdir()
    monkeypatch.setattr("carbon.run.compute", computed)
    monkeypatch.setattr("os.access", lambda path, mode: Path(path) != tmp_path / "shared")
    with pytest.raises(UsageError, match=r"shared is read-only"):
        run(folder, tmp_path / "shared" / "out")
    assert list((tmp_path / "shared").iterdir()) == []


@pytest.mark.parametrize("step", ["tempfile.mkdtemp", "carbon.folders._swap"])
def test_refusal_of_the_system_names_the_folder_and_no_temporary_one(
    step: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", str(tmp_path / ".out-x8a7b"))

    monkeypatch.setattr(step, refused)
    with pytest.raises(UsageError) as caught:
        run(folder, tmp_path / "out")
    assert str(tmp_path / "out") in str(caught.value)
    assert "Permission denied" in str(caught.value)
    assert "choose another folder" in str(caught.value)
    assert ".out-" not in str(caught.value)


# --- the language of what stops everything

STOPS: dict[str, Callable[[Path], object]] = {
    "not toml": lambda f: (f / "run.toml").write_text('language = "zh"\ntitle = ', encoding="utf-8"),
    "not utf-8": lambda f: (f / "run.toml").write_bytes('title = "北河"\nlanguage = "zh"\n'.encode("gb18030")),
    "unknown key": lambda f: (f / "run.toml").write_text('titel = "x"\nlanguage = "zh"\n', encoding="utf-8"),
    "wrong value": lambda f: (f / "run.toml").write_text('language = "zh"\non_error = "x"\n', encoding="utf-8"),
    "two files": lambda f: (
        (f / "run.toml").write_text('language = "zh"\n', encoding="utf-8"),
        (f / "活动数据.csv").write_text(HEAD + GOOD, encoding="utf-8"),
    ),
    "no file": lambda f: (
        (f / "run.toml").write_text('language = "zh"\n', encoding="utf-8"), (f / "activities.csv").unlink()
    ),
    "factors": lambda f: (
        (f / "run.toml").write_text('language = "zh"\nfactors = ["own"]\n', encoding="utf-8"), (f / "own").mkdir()
    ),
    "unknown column": lambda f: (
        (f / "run.toml").write_text('language = "zh"\n', encoding="utf-8"),
        (f / "activities.csv").write_text("x," + HEAD + "1," + GOOD, encoding="utf-8"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("asked", [None, "zh", "en"])
@pytest.mark.parametrize("spoil", STOPS.values(), ids=STOPS.keys())
def test_error_that_stops_everything_knows_its_language(
    spoil: Callable[[Path], object], asked: str | None, folder: Path
) -> None:
    spoil(folder)
    with pytest.raises(DataError) as caught:
        run(folder, language=asked)
    assert caught.value.language == (asked or "zh")


@pytest.mark.parametrize(("mark", "line"), [(b"", 3), (b"\xef\xbb\xbf", 3)], ids=["plain", "with a mark"])
def test_settings_that_are_not_utf_8_are_said_with_their_line(mark: bytes, line: int, folder: Path) -> None:
    text = mark + b'# settings\nmethod = "cn-general"\n' + 'title = "北河"\n'.encode("gb18030")
    (folder / "run.toml").write_bytes(text)
    with pytest.raises(DataError) as caught:
        open_job(folder)
    (issue,) = caught.value.issues
    assert (issue.code, list(issue.lines)) == ("T115", [line])
    assert "codec" not in issue.text()
    assert "GBK" in issue.text("zh")


# --- output of another period, facilities whose row is wrong

OUTPUT = "facility,process,product,period,quantity,unit\n"


def made(folder: Path, *lines: str) -> list[tuple[str, list[int]]]:
    (folder / "output.csv").write_text(OUTPUT + "".join(f"{line}\n" for line in lines), encoding="utf-8")
    return [(i.code, [int(n) for n in i.lines]) for i in check(folder) if i.code in ("A415", "A416", "A405", "A417")]


@pytest.mark.parametrize(
    ("line", "code"),
    [("Good,,x,2024-01,5,t", ""), ("Good,,x,2024-Q1,5,t", ""), ("Good,,x,2024,5,t", ""),
     ("Good,,x,2024-02,5,t", "A415"), ("Good,,x,2023,5,t", "A415"), ("Good,,x,2024-01-01/2024-01-15,5,t", "A415"),
     ("Goood,,x,2024-01,5,t", "A415"), ("Good,kiln,x,2024-01,5,t", "A415"), ("Good,,x,2024-01,0,t", "A416"),
     ("Good,,x,2023,0,t", "A415")],
)  # fmt: skip
def test_output_that_leads_to_no_intensity_is_said(line: str, code: str, folder: Path) -> None:
    assert made(folder, "Good,,y,2024-01,1,t", line) == ([(code, [3])] if code else [])


def test_output_of_zero_beside_more_of_the_same_is_nothing_to_speak_of(folder: Path) -> None:
    assert made(folder, "Good,,x,2024-01,0,t", "Good,,x,2024-01,5,t") == []


def test_output_whose_activity_rows_are_bad_is_left_to_their_own_issue(folder: Path) -> None:
    (folder / "activities.csv").write_text(HEAD + GOOD + BAD, encoding="utf-8")
    assert made(folder, "Plant,,x,2024-01,5,t") == []


def test_periods_that_the_activity_rows_have_are_named(folder: Path) -> None:
    made(folder, "Good,,x,2023,5,t")
    (issue,) = [i for i in check(folder) if i.code == "A415"]
    assert "2024-01" in issue.remedy()


@pytest.mark.parametrize(
    ("row", "codes"),
    [("Plant,Zhejang,", {"F203"}), ("Plant,,cn-stell", {"M302"}), ("Plant,Zhejang,cn-stell", {"F203", "M302"}),
     ("Plant,#REF!,", {"T122"})],
)  # fmt: skip
def test_facility_whose_own_row_is_wrong_is_not_called_missing(row: str, codes: set[str], folder: Path) -> None:
    (folder / "facilities.csv").write_text(f"facility,region,method\nGood,CN-SD,\n{row}\n", encoding="utf-8")
    (folder / "activities.csv").write_text(HEAD + GOOD + BAD.replace("ten", "10"), encoding="utf-8")
    errors = check(folder).errors
    assert {issue.code for issue in errors} == codes | {"A417"}
    assert [(i.value, list(i.lines)) for i in errors if i.code == "A417"] == [("Plant", [3])]
    assert made(folder, "Plant,,x,2024-01,5,t") == [("A417", [3]), ("A417", [2])]


def test_notebook_shows_totals_and_text_stays_text() -> None:
    row = {"facility": "<script>x", "period": "2024", "item": "diesel", "quantity": 1, "unit": "t", "use": "combustion"}
    shown = account([row])._repr_html_()
    assert "&lt;script&gt;x" in shown
    assert "<script>" not in shown
    assert "1 of 1 lines computed" in shown
