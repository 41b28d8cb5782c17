"""Laws of factor sets: what does not concern a row changes nothing, and what no longer holds is an issue."""

from __future__ import annotations

import tempfile
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shared.jobs import EMITTED, GASES, Job, columns, files, jobs

import carbon
from carbon.documents import RunElectricity
from carbon.library import Library, load_library

# --- the library ----------------------------------------------------------------------------------------------------

HEADER = "factor_id,item,region,process,parameter,gas,value,unit,low,high,distribution,valid_from,valid_to,page,note"


def own_set(folder: Path, lines: list[str], name: str = "lab", items: str = "") -> Path:
    """Write a factor set of the user's own."""
    place = folder / "plant"
    place.mkdir(parents=True, exist_ok=True)
    (place / f"{name}.csv").write_text("\n".join([HEADER, *lines]) + "\n", encoding="utf-8")
    (place / f"{name}.toml").write_text(
        f'id = "plant/{name}"\ntitle_zh = "化验"\ntitle_en = "laboratory"\npublisher = "plant"\ndocument = "report 7"\n'
        'issued = 2024-01-01\nlicence = "own"\nregion = ""\nverification = "primary"\nverified_from = "report 7"\n'
        'supersedes = []\nbasis = "combustion"\nnotes = ""\n', encoding="utf-8",
    )  # fmt: skip
    if items:
        head = "item,kind,default_use,origin,name_zh,name_en,aliases"
        (place / "items.csv").write_text(f"{head}\n{items}\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def with_unrelated(tmp_path_factory: pytest.TempPathFactory) -> Library:
    """The shipped library and a set that answers nothing that these tables ask."""
    lines = [
        "torch,torch gas,,,emission,CO2,1.5,tCO2/t,,,,,,p. 1,",
        "torch-ncv,torch gas,,,ncv,,40,GJ/t,,,,,,p. 1,",
        "elsewhere,electricity,CN-TW,,emission,CO2,9.9,kgCO2/kWh,,,,2021-01-01,2025-12-31,p. 2,",
        "peat,briquette,,,emission,CO2,9.9,tCO2/t,,,,,,p. 3,",
    ]
    folder = own_set(tmp_path_factory.mktemp("own"), lines, items="torch gas,fuel,combustion,fossil,炬气,torch gas,")
    return load_library([folder])


@settings(max_examples=40)
@given(jobs())
def test_unrelated_factor_set_changes_nothing(library: Library, with_unrelated: Library, job: Job) -> None:
    alone, beside = job.good(library), job.good(with_unrelated)
    assert files(beside) == files(alone)
    assert beside.line_arrow.equals(alone.line_arrow)
    assert list(beside.issues.rows()) == list(alone.issues.rows())
    assert beside.plan.digest == alone.plan.digest


OWN = {  # item and unit of the row, and the user's own factor for it; some have a shipped number that could slip in
    "an item that nobody else knows": ("torch gas", "t", "emission,CO2,1.5,tCO2/t"),
    "coke by emission factor": ("coke", "t", "emission,CO2,3.33,tCO2/t"),
    "limestone": ("limestone", "t", "emission,CO2,0.4,tCO2/t"),
    "electricity of the province": ("electricity", "MWh", "emission,CO2,0.7,kgCO2/kWh"),
    "heat": ("heat", "GJ", "emission,CO2,0.09,tCO2/GJ"),
}


@settings(max_examples=40)
@given(
    st.sampled_from(list(OWN)), st.sampled_from(["2024-Q2", "2024-05", "2024-04-10/2024-06-20"]),
    st.sampled_from([("2024-05-20", "2024-12-31"), ("2024-01-01", "2024-05-20"), ("2024-07-01", "2024-12-31"),
                     ("2023-01-01", "2023-12-31"), ("2030-01-01", "2030-12-31")]),
)  # fmt: skip
def test_narrower_validity_turns_a_result_into_an_issue_and_never_into_another_number(
    which: str, period: str, narrowed: tuple[str, str]
) -> None:
    item, unit, factor = OWN[which]
    region = "CN-SD" if item == "electricity" else ""
    row = {"facility": "a", "period": period, "item": item, "unit": unit, "quantity": "100"}
    results = []
    for first, last in (("2024-01-01", "2024-12-31"), narrowed):
        parameter, gas, value, printed = factor.split(",")
        line = f"own,{item},{region},,{parameter},{gas},{value},{printed},,,,{first},{last},p. 1,"
        with tempfile.TemporaryDirectory() as folder:
            items = "torch gas,fuel,combustion,fossil,炬气,torch gas," if item == "torch gas" else ""
            library = load_library([own_set(Path(folder), [line], items=items)])
            results.append(carbon.account([row], method="cn-steel" if item == "limestone" else "cn-general",
                                          library=library, region="CN-SD",
                                          electricity=RunElectricity(start="province")))  # fmt: skip
    wide, narrow = results
    assert wide.issues.errors == []
    before, after = (columns(result)["co2_kg"][0] if "co2_kg" in columns(result) else None for result in results)
    assert before == pytest.approx(float(Fraction(factor.split(",")[2])) * 100_000)
    if after is None:
        assert narrow.issues.errors[0].code in ("F200", "F202")
        assert list(narrow.issues.errors[0].lines) == [1]
    else:  # the newest earlier year may stand in where the pack says so, and the line says it
        assert after == before, f"{after} in place of {before}, with {[i.code for i in narrow.issues]}"
        assert "F290" in {issue.code for issue in narrow.issues}


@settings(max_examples=40)
@given(jobs())
def test_without_potentials_different_gases_are_not_added(library: Library, job: Job) -> None:
    weighed, plain = job.good(library), job.run(library, gwp="none")
    other = {gas for gas in GASES[1:-1] if any(columns(weighed).get(f"{gas.lower().replace('-', '_')}_kg", []))}
    assert {issue.value for issue in plain.issues.errors} == other
    assert {issue.code for issue in plain.issues.errors} == ({"M303"} if other else set())
    for one, two in zip(weighed.total_records, plain.total_records, strict=True):
        assert all(one[column] == two[column] for column in ("co2_t", "ch4_t", "n2o_t", "biogenic_co2_t"))
        mixed = one["ch4_t"] or one["n2o_t"] or two["other_co2e_t"] is None
        assert (two["co2e_t"] is None) == bool(mixed)
        assert mixed or two["co2e_t"] == one["co2e_t"]
        assert two["complete"] is False or not mixed
    for number, row in enumerate(job.rows):
        gases = [name for name in EMITTED[1:-1] if columns(weighed).get(name, [None] * (number + 1))[number]]
        if gases:
            assert columns(plain)["co2e_kg"][number] is None, f"{row['item']}: {gases} counted as nothing"
