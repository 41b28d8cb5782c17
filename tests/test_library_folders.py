"""Own factor folders: what lies in one and would not be read stops everything, since shipped factors would step in."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_cli import carbon

from carbon.errors import DataError, Issue
from carbon.library import load_library
from carbon.run import check

HEADER = "factor_id,item,region,process,parameter,gas,value,unit,low,high,distribution,valid_from,valid_to,page,note"
LINE = "power,electricity,CN-SD,,emission,CO2,0.1,kgCO2/kWh,,,,,,p. 1,"
META = (
    'id = "mine/power"\ntitle_zh = "供电（虚构）"\ntitle_en = "power (invented)"\npublisher = "Example Ltd"\n'
    'document = "letter 7"\nissued = 2024-01-01\nlicence = "own"\nverification = "primary"\n'
    'verified_from = "letter 7"\n'
)


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """Return the own folder of a run: one table, its page not there yet."""
    table = tmp_path / "own" / "mine" / "power.csv"
    table.parent.mkdir(parents=True)
    table.write_text(f"{HEADER}\n{LINE}\n", encoding="utf-8")
    (tmp_path / "run.toml").write_text('factors = ["own"]\n', encoding="utf-8")
    rows = "facility,period,item,quantity,unit,region\nGood,2024-01,electricity,1,MWh,CN-SD\n"
    (tmp_path / "activities.csv").write_text(rows, encoding="utf-8")
    return tmp_path / "own"


def refused(own: Path) -> list[Issue]:
    """Return the errors of the folder's own codes; loading it must fail as well as a run."""
    with pytest.raises(DataError) as caught:
        load_library([own])
    errors = check(own.parent).errors
    assert [i.code for i in caught.value.issues] == [i.code for i in errors]
    return errors


def test_table_with_its_page_is_used(own: Path) -> None:
    (own / "mine" / "power.toml").write_text(META, encoding="utf-8")
    assert not check(own.parent).errors
    assert load_library([own]).own_set_ids == ["mine/power"]


@pytest.mark.parametrize("name", ["power.toml.txt", "power.TOML.TXT", "Power.toml.bak", ""])
def test_table_whose_page_has_another_name_is_refused(name: str, own: Path) -> None:
    if name:
        (own / "mine" / name).write_text(META, encoding="utf-8")
    (issue,) = refused(own)
    assert (issue.code, issue.file, issue.value) == ("F293", "mine/power.csv", "mine/power")
    assert (name.startswith("power") and name in issue.remedy()) or issue.parts["near"] == []


def test_second_table_without_its_page_is_refused_although_the_first_is_whole(own: Path) -> None:
    (own / "mine" / "power.toml").write_text(META, encoding="utf-8")
    (own / "mine" / "heat.csv").write_text(f"{HEADER}\n{LINE}\n", encoding="utf-8")
    assert [(i.code, i.value) for i in refused(own)] == [("F293", "mine/heat")]


@pytest.mark.parametrize("name", ["items.csv", "issues.csv"])
def test_table_that_is_no_factor_set_needs_no_page(name: str, own: Path) -> None:
    (own / "mine" / "power.toml").write_text(META, encoding="utf-8")
    item = "item,kind,default_use,origin,name_zh,name_en,aliases\nmy-x,fuel,combustion,fossil,我的,my x,\n"
    (own / "mine" / name).write_text(item if name == "items.csv" else "code,severity\n", encoding="utf-8")
    assert not check(own.parent).errors


@pytest.mark.parametrize("depth", ["the publication itself", "a folder above", "only words"])
def test_folder_of_another_depth_is_refused_with_what_lies_in_it(depth: str, own: Path) -> None:
    (own / "mine" / "power.toml").write_text(META, encoding="utf-8")
    if depth == "only words":
        (own / "mine" / "power.toml").unlink()
        (own / "mine" / "power.csv").rename(own / "mine" / "readme.txt")
        (issue,) = refused(own)
        assert issue.parts["found"] == []
        return
    (own.parent / "run.toml").write_text(
        f'factors = ["{"own/mine" if depth == "the publication itself" else "."}"]\n', encoding="utf-8"
    )
    (issue,) = check(own.parent).errors
    assert issue.code == "F294"
    assert ("power.csv" in issue.message()) == (depth == "the publication itself")


def test_empty_folder_is_refused_by_a_run_and_by_the_check_of_factors(own: Path) -> None:
    (own / "mine" / "power.csv").unlink()
    (own / "mine").rmdir()
    assert [i.code for i in check(own.parent).errors] == ["F294"]
    assert [i.code for i in load_library([own]).check()] == ["F294"]


def test_check_of_factors_says_what_would_not_be_read(own: Path) -> None:
    done = carbon("factors", "check", own)
    assert done.returncode == 1
    assert "[F293]" in done.stderr
    for path in (own / "mine" / "power.csv", own / "mine"):
        path.unlink() if path.is_file() else path.rmdir()
    done = carbon("factors", "check", own)
    assert done.returncode == 1
    assert "[F294]" in done.stderr
