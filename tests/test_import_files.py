"""Imports and the disk: nothing of the user's is replaced unasked, and hostile files are refused."""

from __future__ import annotations

import datetime as dt
import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shared.imported import EXAMPLES, MAP, codes, footprint, rows_of, supplier

from carbon import imports
from carbon.cli import main
from carbon.errors import CarbonError, DataError, UsageError
from carbon.imports import Import, import_factors
from carbon.library.layouts import spelled

# --- files and folders --------------------------------------------------------------------------------------------


def test_another_import_of_that_name_is_replaced_only_if_asked(table: Callable[..., Import]) -> None:
    first = table("A,1,kgCO2e/kg")
    assert first.written
    assert not table("A,1,kgCO2e/kg").written
    before = {path.name: path.read_bytes() for path in first.folder.iterdir()}
    with pytest.raises(UsageError, match="--replace"):
        table("A,2,kgCO2e/kg")
    assert {path.name: path.read_bytes() for path in first.folder.iterdir()} == before
    assert table("A,2,kgCO2e/kg", replace=True).written
    assert [row["value"] for row in rows_of(first.folder, "factors.csv")] == ["2"]
    assert [path.name for path in first.folder.parent.iterdir()] == ["mine"]


def test_folder_with_other_files_is_never_replaced(table: Callable[..., Import], tmp_path: Path) -> None:
    done = table("A,1,kgCO2e/kg")
    (done.folder / "steam.csv").write_text("by hand", encoding="utf-8")
    with pytest.raises(UsageError):
        table("A,2,kgCO2e/kg", replace=True)
    assert (done.folder / "steam.csv").read_text("utf-8") == "by hand"


def test_nothing_is_written_if_nothing_can_be_taken(table: Callable[..., Import], tmp_path: Path) -> None:
    for lines in ([], ["A,,kgCO2e/kg"], ["A,x,kgCO2e/kg"]):
        with pytest.raises(DataError) as caught:
            table(*lines)
        assert caught.value.issues.errors
    assert not (tmp_path / "own").exists()


def test_failure_while_writing_leaves_the_earlier_import(
    table: Callable[..., Import], monkeypatch: pytest.MonkeyPatch
) -> None:
    done = table("A,1,kgCO2e/kg")
    before = {path.name: path.read_bytes() for path in done.folder.iterdir()}

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("carbon.folders._swap", full)
    with pytest.raises((OSError, CarbonError), match="No space"):
        table("A,2,kgCO2e/kg", replace=True)
    assert {path.name: path.read_bytes() for path in done.folder.iterdir()} == before
    assert [path.name for path in done.folder.parent.iterdir()] == ["mine"]


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "../x", "a/b", "/tmp/x", "A", "a--b", "-a", "a_b", "a\n", "因子", "methods", "uk-desnz-2025",
     "a" * 61],
)  # fmt: skip
def test_publication_is_a_plain_name_of_ones_own(table: Callable[..., Import], tmp_path: Path, name: str) -> None:
    with pytest.raises(CarbonError):
        table("A,1,kgCO2e/kg", publication=name)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["list.csv", "map.toml"]


def test_shipped_folder_and_files_are_refused_as_target(tmp_path: Path) -> None:
    target = tmp_path / "file"
    target.write_text("", encoding="utf-8")
    for into in (target, Path(__file__).parents[1] / "factors"):
        with pytest.raises(UsageError, match="own factors"):
            import_factors([EXAMPLES / "uk-like.csv"], into, kind="uk", publication="mine")


@pytest.mark.parametrize(
    ("text", "code"),
    [("", "F240"), ("[", "F240"), ("[" * 100_000, "F240"), ('{"a":' * 100_000, "F240"), ("NaN", "F240"),
     ('{"data": Infinity}', "F240"), ('{"id": 1, "id": 2}', "F240"), ("9" * 10_000, "F240"), ("null", "F230"),
     ("[]", "F230"), ('{"data": []}', "F230"), ('{"data": [1]}', "F230"), ('"text"', "F230"), ("{}", "F242"),
     ('{"data": [' + "{}," * 20_000 + "{}]}", "T112"), (json.dumps({"specVersion": "3.0.0", "pcf": [[]]}), "F241"),
     ('{"specVersion": "3.0.0", "id": ' + "[" * 900 + "]" * 900 + "}", "F241")],
)  # fmt: skip
def test_hostile_json_is_a_clear_error(tmp_path: Path, text: str, code: str) -> None:
    with pytest.raises(DataError) as caught:
        supplier(tmp_path, text)
    assert code in codes(caught.value.issues)
    assert not (tmp_path / "own").exists()


@pytest.mark.parametrize("end", ["9999-12-31T23:59:59Z", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00"])
def test_times_at_the_edge_of_the_calendar_are_no_crash(tmp_path: Path, end: str) -> None:
    try:
        done = supplier(tmp_path, footprint(pcf={"referencePeriodEnd": end}), as_of=dt.date(2025, 6, 30))
    except DataError:
        return
    assert done.rows == 1


def test_name_with_a_lone_surrogate_or_a_formula(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        supplier(tmp_path, json.dumps(footprint(productNameCompany="a\ud800b")))
    assert "T114" in codes(caught.value.issues)
    with pytest.raises(DataError) as caught:
        supplier(tmp_path, footprint(productNameCompany="=HYPERLINK(1)"))
    assert "F244" in codes(caught.value.issues)
    done = supplier(tmp_path, footprint(productNameCompany="-10号柴油添加剂"))
    assert rows_of(done.folder, "items.csv")[0]["name_en"] == "-10号柴油添加剂"


def test_large_files_are_refused_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imports, "MAXIMUM_BYTES", 100)
    with pytest.raises(DataError) as caught:
        supplier(tmp_path, footprint())
    assert codes(caught.value.issues) == {"T112": []}


def test_facts_that_are_not_given_are_asked_for(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        import_factors([EXAMPLES / "cpcd-like.csv"], tmp_path / "own", kind="cpcd", publication="cpcd")
    assert {issue.column for issue in caught.value.issues.errors} == {"publisher", "issued"}


def test_unknown_keys_of_a_map_name_the_nearest(table: Callable[..., Import]) -> None:
    with pytest.raises(DataError) as caught:
        table("A,1,kgCO2e/kg", map_text=MAP + 'regoin = "x"\n')
    assert "region" in caught.value.issues[0].remedy()
    with pytest.raises(DataError) as caught:
        table("A,1,kgCO2e/kg", map_text=MAP.replace('unit = "unit"', 'unit = "units"'))
    assert "unit" in caught.value.issues[0].remedy()


def test_units_that_a_map_spells(table: Callable[..., Import]) -> None:
    done = table("A,1,kg CO2 eq. per sack", map_text=MAP + '[units]\n"kg CO2 eq. per sack" = "kgCO2e/pc"\n')
    [row] = rows_of(done.folder, "factors.csv")
    assert (row["unit"], row["note"]) == ("kgCO2e/pc", "printed unit kg CO2 eq. per sack")


@given(st.text(max_size=40))
def test_spelling_a_unit_never_fails(text: str) -> None:
    assert isinstance(spelled(text, {}), str)


def test_command_says_what_it_did(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import carbon.cli.imports  # noqa: F401 - adds the command

    def command(*words: str) -> int:
        monkeypatch.setattr(sys, "argv", ["carbon", "factors", "import", *words, "--into", str(tmp_path / "own")])
        with pytest.raises(SystemExit) as left:
            main()
        return int(left.value.code or 0)

    assert command(str(EXAMPLES / "uk-like.csv"), "--kind", "uk", "--publication", "uk", "--lang", "zh") == 0
    said = capsys.readouterr()
    assert "2 个因子，2 个新项目" in said.out
    assert "[F237]" in said.err
    assert command(str(EXAMPLES / "uk-like.csv"), "--kind", "uk", "--publication", "../uk") == 2
    assert command(str(EXAMPLES / "uk-lik.csv"), "--kind", "uk", "--publication", "uk") == 2
    assert "uk-like.csv" in capsys.readouterr().err
    assert command(str(EXAMPLES / "cpcd-like.csv"), "--kind", "cpcd", "--publication", "c") == 1
    assert "--issued" in capsys.readouterr().err
    assert command(str(EXAMPLES / "cpcd-like.csv"), "--kind", "cpcd", "--publication", "c", "--issued", "soon") == 2
