"""What is unlikely to be meant is said or refused; every expected number is arithmetic written beside it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from carbon.errors import DataError
from carbon.footprint.study import Footprint, footprint
from carbon.footprint.variants import variants

CO2 = {"process": "p", "kind": "emission", "name": "CO2", "amount": "1", "unit": "kg"}
SLUDGE = {"process": "treat", "kind": "emission", "name": "CO2", "amount": "3", "unit": "kg"}
PLANT = [{"process": "p", "unit": "kg"}, {"process": "treat", "product": "sludge", "amount": "-1", "unit": "kg"}]


def study(*rows: dict[str, Any], processes: Any = None, **more: Any) -> Footprint:
    tables = {name: more.pop(name) for name in ("parameters", "scenarios") if name in more}
    asked = {"product": "p", "unit": "kg", "period": "2024", "region": "CN"} | more
    return footprint(processes or [{"process": "p", "unit": "kg"}], list(rows), study=asked, **tables)


def row(kind: str, name: str, amount: Any = "1", unit: str = "kg", **more: Any) -> dict[str, Any]:
    return {"process": "p", "kind": kind, "name": name, "amount": amount, "unit": unit} | more


def said(found: Footprint) -> list[tuple[str, tuple[int, ...], str]]:
    return [(i.code, tuple(i.lines), i.column) for i in found.issues if i.severity != "note"]


# --- amounts ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("amount", ["2024-10-11", "2024/1/5", "2024.1.5", "1/5/2024", "2024-10-11 00:00:00"])
def test_date_as_an_amount_is_refused(amount: str) -> None:
    assert said(study(CO2, row("emission", "CH4", amount))) == [("T121", (2,), "amount")]


@pytest.mark.parametrize("amount", ["100-200", "100 – 200", "1.5~2", "3至5"])
def test_range_as_an_amount_is_refused(amount: str) -> None:
    assert said(study(CO2, row("emission", "CH4", amount))) == [("T120", (2,), "amount")]


@pytest.mark.parametrize("amount", ["0.411 * 44 / 12", "(5) - 2", "3 - a", "1e-3"])
def test_arithmetic_stays_arithmetic(amount: str) -> None:
    assert not said(study(CO2, row("emission", "CH4", amount), parameters=[{"parameter": "a", "value": 1}]))


def test_amount_beyond_what_anything_can_be_is_refused() -> None:
    with pytest.raises(DataError) as caught:
        study(row("emission", "SF6", "1e300 * 1e8"))
    assert [issue.code for issue in caught.value.issues.errors] == ["T125"]


def test_amount_below_zero_is_said_in_each_scenario() -> None:
    found = study(CO2, row("emission", "CO2", "a", note="x"), parameters=[{"parameter": "a", "value": 1}],
                  scenarios=[{"scenario": "low", "parameter": "a", "value": "-3"}])  # fmt: skip
    assert said(found) == [("P748", (2,), "amount")]
    assert found.co2e("low") == -2.0


def test_rows_twice_are_said_and_both_counted() -> None:
    found = study(CO2, CO2)
    assert said(found) == [("A403", (1, 2), "")]
    assert found.co2e() == 2.0


def test_uncertain_distance_alone_can_be_drawn_and_varied() -> None:
    leg = row("transport", "truck", "1", "t", distance_km="d", factor=0.1, factor_unit="kgCO2e/(t*km)")
    found = study(leg, parameters=[{"parameter": "d", "value": 100, "uncertainty_pct": 10}])
    assert found.co2e() == pytest.approx(10.0, rel=1e-12)
    assert variants(found, {"d": [100.0, 200.0]}).co2e == pytest.approx([10.0, 20.0], rel=1e-12)


# --- treatments ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("rows", "asked", "total"), [
    ([row("waste", "sludge", "2")], "p", 7),  # 1 + 2 · 3
    ([row("input", "sludge", "-2")], "p", 7),  # the same by signs of a matrix
    ([row("avoided", "sludge", "2")], "p", -5),  # 1 - 2 · 3
    ([], "sludge", 3),  # the service of treating one kilogram
])  # fmt: skip
def test_signs_of_treatments(rows: list[dict[str, Any]], asked: str, total: float) -> None:
    found = study(CO2, SLUDGE, *rows, processes=PLANT, product=asked)
    assert found.co2e() == pytest.approx(total, rel=1e-12)
    assert variants(found).co2e == pytest.approx([total], rel=1e-12)
    assert "P748" not in {code for code, _, _ in said(found)}


def test_treatment_makes_nothing_that_could_be_taken() -> None:
    assert ("P746", (3,), "kind") in said(study(CO2, SLUDGE, row("input", "sludge", "2"), processes=PLANT))


# --- origins, certificates, regions -------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "name"), [("fuel", "无烟煤"), ("process", "石灰石"), ("electricity", "电力")])
def test_fossil_things_are_not_biogenic(kind: str, name: str) -> None:
    unit = "kWh" if kind == "electricity" else "t"
    found = study(CO2, row(kind, name, "1", unit, origin="biogenic", factor=0.5, factor_unit=f"kgCO2/{unit}"))
    assert ("P747", (2,), "origin") in said(found)


def test_certificate_on_the_average_mix_is_said() -> None:
    found = study(row("electricity", "电力", "1000", "kWh", instrument="绿电"))
    assert ("P750", (1,), "instrument") in said(found)


def test_region_of_the_study_is_said_at_the_study() -> None:
    with pytest.raises(DataError) as caught:
        study(CO2, region="安微")
    assert [(i.code, i.file, i.column) for i in caught.value.issues] == [("F203", "study.toml", "region")]


# --- chain --------------------------------------------------------------------------------------------------------


def test_processes_without_rows_and_without_use_are_said() -> None:
    names = [{"process": name, "unit": "kg"} for name in ("p", "empty", "orphan")]
    found = study(CO2, CO2 | {"process": "orphan"}, row("input", "empty"), processes=names)
    assert said(found) == [("P749", (2,), "process"), ("P753", (3,), "process")]


def test_process_that_cannot_share_is_named_once() -> None:
    furnace = {"process": "furnace", "product": "steel", "unit": "t", "allocation": "economic", "price": 1}
    slag = row("co-product", "slag", "0.1", "t", process="furnace")
    found = study(CO2, slag, row("input", "steel", "1", "t"), processes=[{"process": "p", "unit": "kg"}, furnace])
    assert [code for code, _, _ in said(found)] == ["P714"]
    assert not found.complete


@pytest.mark.parametrize(("own", "other"), [({"allocation_mass": 1}, {}), ({}, {"allocation_mass": 2})])
def test_mass_that_contradicts_the_unit_is_refused(own: dict[str, Any], other: dict[str, Any]) -> None:
    made = {"process": "p", "unit": "t", "allocation": "mass"} | own
    with pytest.raises(DataError) as caught:
        study(CO2, row("co-product", "b", "1000", "kg", **other), processes=[made], unit="t")
    assert [issue.code for issue in caught.value.issues.errors] == ["P714", "P720"]


def test_tonnes_weigh_what_they_weigh() -> None:
    # 1 t beside 1000 kg: a half; a dry mass of 600 kg a tonne beside 1000 kg: 600/1600
    made = {"process": "p", "unit": "t", "allocation": "mass"}
    slag = row("co-product", "b", "1000", "kg")
    assert study(CO2, slag, processes=[made], unit="t").co2e() == pytest.approx(0.5, rel=1e-12)
    dry = made | {"allocation_mass": 600}
    assert study(CO2, slag, processes=[dry], unit="t").co2e() == pytest.approx(0.375, rel=1e-12)


def test_own_fraction_of_a_single_output_is_one() -> None:
    made = {"process": "p", "unit": "kg", "allocation": "fraction", "fraction": 0.5}
    with pytest.raises(DataError) as caught:
        study(CO2, processes=[made])
    assert "P714" in {issue.code for issue in caught.value.issues}


def test_outputs_times_exchanges_are_bounded() -> None:
    others = [row("co-product", f"b{n}", "1", "kg", allocation_mass=1) for n in range(1500)]
    gases = [row("emission", "CO2", "1", note=str(n)) for n in range(1500)]
    with pytest.raises(DataError) as caught:
        study(*others, *gases, processes=[{"process": "p", "unit": "kg", "allocation": "mass"}])
    assert [issue.code for issue in caught.value.issues.errors] == ["P751"]


def test_what_comes_from_nature_counts_in_the_balance_alone() -> None:
    found = study(CO2, row("resource", "limestone", "1.02"))
    (mass,) = [r for r in found.balance_records if r["balance"] == "mass"]
    # in 1.02 kg, out 1 kg of product and 1 kg of CO2
    assert (mass["in"], mass["out"]) == (1.02, 2.0)
    assert found.co2e() == 1.0


def test_left_out_without_a_limit_is_said() -> None:
    found = study(CO2, row("emission", "CO2", "9", origin="land-use", note="x"), row("material", "m", "1", factor=1,
                  factor_unit="kgCO2e/kg"), excluded=["m"])  # fmt: skip
    assert ("P752", (), "cut_off") in said(found)


# --- stages -------------------------------------------------------------------------------------------------------


def stages(found: Footprint) -> dict[str, float]:
    return {r["name"]: r["co2e_kg"] for r in found.records if r["part"] == "stage"}


def test_stage_of_a_row_holds_all_that_stands_behind_it() -> None:
    # metal 10, scrap melting 3; one kilogram goes in, 0.8 come back and spare metal: 10 + 0.8·3 - 0.8·10
    names = [{"process": name, "unit": "kg"} for name in ("p", "metal", "melting", "power")]
    rows = [
        row("input", "metal", stage="raw-materials"), row("input", "melting", "0.8", stage="end-of-life"),
        row("avoided", "metal", "0.8", stage="end-of-life"), row("emission", "CO2", "0.5"),
        row("emission", "CO2", "4", process="metal"), row("input", "power", "2", process="metal"),
        row("emission", "CO2", "3", process="power"), row("emission", "CO2", "3", process="melting"),
    ]  # fmt: skip
    found = study(*rows, processes=names, boundary="cradle-to-grave")
    assert stages(found) == pytest.approx({"raw-materials": 10.0, "production": 0.5, "end-of-life": -5.6}, rel=1e-12)
    assert sum(r["co2e_kg"] for r in found.contribution_records) == pytest.approx(found.co2e(), rel=1e-12)
    gate = study(*rows, processes=names, boundary="cradle-to-gate")
    assert gate.co2e() == pytest.approx(10.5, rel=1e-12)


def test_stage_before_all_others_counts_in_a_loop() -> None:
    # power needs metal: p takes 1 metal (raw); metal m = 1 + 0.5 w, power w = m: m = 2, w = 2; 2·4 + 2·3 = 14
    names = [{"process": name, "unit": "kg"} for name in ("p", "metal", "power")]
    found = study(
        row("input", "metal", stage="raw-materials"), row("input", "power", process="metal"),
        row("input", "metal", "0.5", process="power", stage="use"), row("emission", "CO2", "4", process="metal"),
        row("emission", "CO2", "3", process="power"), row("emission", "CO2", "1"), processes=names,
        boundary="cradle-to-grave",
    )  # fmt: skip
    assert stages(found) == pytest.approx({"raw-materials": 14.0, "production": 1.0}, rel=1e-12)


def test_many_parameters_and_scenarios_are_evaluated_once() -> None:
    parameters = [{"parameter": f"a{n}", "value": 1 if n == 0 else f"a{n - 1} + 0"} for n in range(300)]
    cases = [{"scenario": f"s{n}", "parameter": f"a{n}", "value": "2"} for n in range(200)]
    found = study(row("emission", "CO2", "a299"), parameters=parameters, scenarios=cases)
    assert found.co2e() == 1.0
    assert {found.co2e(f"s{n}") for n in range(200)} == {2.0}
    assert np.isfinite(found.co2e("s0") or np.nan)
