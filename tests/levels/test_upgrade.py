"""Energy of measures by kind, in standard coal and CO2e, the uncertainty of what is saved, and grades.

Expected values stand beside the arithmetic that gives them. Factors used by hand: electricity of Shandong 2023 0.6191
kgCO2/kWh and 0.1229 kgce/kWh; bituminous coal 0.0261 tC/GJ, oxidation 0.93; natural gas 0.0153 tC/GJ, 0.99.
"""

from __future__ import annotations

import datetime as dt
import math
from pathlib import Path
from typing import Any

import pytest
from shared.upgrades import MOTOR, STUDY, codes, near, one, study

from carbon import load_library
from carbon.benchmarks.upgrades.kinds import kinds
from carbon.benchmarks.upgrades.savings import difference_uncertainty
from carbon.benchmarks.upgrades.upgrading import upgrade
from carbon.schema import schema

# --- energy by kind -----------------------------------------------------------------------------------------------

ENERGY: list[tuple[dict[str, Any], float, float, str]] = [
    # 90 · 0.75 · 4000 = 270 000 kWh at the shaft; / 0.9 = 300 000, / 0.96 = 281 250
    (MOTOR, 300_000, 281_250, "kWh"),
    # mean load (0.4 · 2000 + 0.8 · 4000) / 6000 = 2/3: 90 · 4000 = 360 000 at the shaft; / 0.9 = 400 000
    (MOTOR | {"load": "", "hours": "", "profile": "0.4:2000; 0.8:4000"}, 400_000, 375_000, "kWh"),
    # 1 · 8760 + 0.25 · 10 · 8000 = 28 760; 0.5 · 8760 + 0.25 · 8 · 8000 = 20 380
    ({"kind": "变压器", "load": 0.5, "hours": 8000, "connected_hours": 8760, "before_no_load_kw": 1,
      "before_load_kw": 10, "after_no_load_kw": 0.5, "after_load_kw": 8}, 28_760, 20_380, "kWh"),
    # mean square (0.25 · 6000 + 1 · 2000) / 8000 = 0.4375: 8000 + 0.4375 · 10 · 8000 = 43 000; after half of it
    ({"kind": "transformer", "profile": "0.5:6000;1:2000", "connected_hours": 8000, "before_no_load_kw": 1,
      "before_load_kw": 10, "after_no_load_kw": 0.5, "after_load_kw": 5}, 43_000, 21_500, "kWh"),
    ({"kind": "boiler", "item": "烟煤", "heat_gj": 9000, "before_efficiency_pct": 75, "after_efficiency_pct": 90},
     12_000, 10_000, "GJ"),
    # 1000 · 9.80665 · 360 / 3600 · 100 m · 1000 h / 1000 = 98 066.5 kWh of water power; / 0.5, / 0.8
    ({"kind": "水泵", "flow_m3_h": 360, "head_m": 100, "density_kg_m3": 1000, "hours": 1000,
      "before_efficiency_pct": 50, "after_efficiency_pct": 80}, 196_133, 122_583.125, "kWh"),
    # the same with a drive of 50 %: twice as much
    ({"kind": "pump", "flow_m3_h": 360, "head_m": 100, "density_kg_m3": 1000, "hours": 1000, "drive_efficiency_pct": 50,
      "before_efficiency_pct": 50, "after_efficiency_pct": 80}, 392_266, 245_166.25, "kWh"),
    # 36000 / 3600 · 1000 / 1000 = 10 kW for 8000 h, / 0.8 and / 0.5
    ({"kind": "风机", "flow_m3_h": 36000, "pressure_pa": 1000, "hours": 8000, "before_efficiency_pct": 50,
      "after_efficiency_pct": 80}, 160_000, 100_000, "kWh"),
    # 20 · 0.5 · 6000 = 60 000 m³/min h; · 7 and · 6.5
    ({"kind": "空压机", "flow_m3_min": 20, "load": 0.5, "hours": 6000, "before_specific_power_kw_min_m3": 7,
      "after_specific_power_kw_min_m3": 6.5}, 420_000, 390_000, "kWh"),
    # 1000 · 0.5 · 3000 = 1 500 000 kWh of cold; / 4, / 5
    ({"kind": "冷水机组", "cooling_kw": 1000, "load": 0.5, "hours": 3000, "before_cop": 4, "after_cop": 5},
     375_000, 300_000, "kWh"),
    ({"kind": "照明", "count": 200, "hours": 3000, "before_watts": 40, "after_watts": 15}, 24_000, 9_000, "kWh"),
    # 2 万t = 20 000 t · 13 500 kWh/t
    ({"kind": "电解槽", "output": 2, "output_unit": "万t", "before_specific": 13_500, "before_specific_unit": "kWh/t",
      "after_specific": 13_000}, 270e6, 260e6, "kWh"),
    ({"kind": "generic", "item": "natural-gas", "output": 100, "output_unit": "t", "before_specific": 2,
      "before_specific_unit": "GJ/t", "after_specific": 1500, "after_specific_unit": "MJ/t"}, 200, 150_000, "GJ"),
]  # fmt: skip


@pytest.mark.parametrize(("row", "before", "after", "unit"), ENERGY, ids=[r["kind"] for r, *_ in ENERGY])
def test_energy_of_each_kind(row: dict[str, Any], before: float, after: float, unit: str) -> None:
    record = one({"measure": "it"} | row)
    assert (record["before"], record["after"], record["unit"]) == (near(before), near(after), unit)
    both = one({"measure": "it"} | row | {"count": 3 * row.get("count", 1)})
    assert both["before"] == near(3 * before)


def test_every_kind_is_tried_above() -> None:
    assert {kinds().find(row["kind"]).id for row, *_ in ENERGY} == {kind.id for kind in kinds()}


def test_kinds_name_columns_that_the_table_has() -> None:
    known = set(schema("measures"))
    for kind in kinds():
        assert kind.columns <= known, kind.id
        assert set(kind.levels or ()) <= set(kind.performance)


# --- standard coal and CO2e ---------------------------------------------------------------------------------------


def test_electricity_saved_in_coal_and_co2e_by_the_factor_of_year_and_region() -> None:
    record = one(MOTOR)
    assert record["saved"] == 18_750
    assert record["tce_saved"] == near(18_750 * 0.1229 / 1000)
    assert record["co2e_saved_t"] == near(18_750 * 0.6191 / 1000)
    assert "mee-grid-2023/average:electricity-cn-sd-2023" in record["factors"]
    # Shandong 2022: 0.6410
    assert one(MOTOR | {"period": 2022})["co2e_saved_t"] == near(18_750 * 0.6410 / 1000)


def test_a_region_of_the_study_that_is_none_is_said_once_at_the_study() -> None:
    own = MOTOR | {"measure": "own", "region": "山东"}
    found = upgrade([MOTOR, MOTOR | {"measure": "b"}, own], study=STUDY | {"region": "安微"})
    [issue] = [i for i in found.issues if i.code == "F203"]
    assert (issue.file, issue.column, issue.value, list(issue.lines)) == ("upgrade.toml", "region", "安微", [])
    assert "安徽" in issue.remedy("zh")
    assert found.bad.tolist() == [True, True, False]
    assert found.records[2]["co2e_saved_t"] == near(18_750 * 0.6191 / 1000)
    assert "upgrade.toml region" in found.explain("b")


def test_another_carrier_after() -> None:
    row = {"measure": "b", "kind": "锅炉", "item": "烟煤", "item_after": "天然气", "heat_gj": 9000,
           "before_efficiency_pct": 75, "after_efficiency_pct": 90}  # fmt: skip
    record = one(row)
    coal, gas = 12_000 * 0.0261 * 0.93 * 44 / 12, 10_000 * 0.0153 * 0.99 * 44 / 12
    assert record["saved"] is None
    assert (record["co2e_before_t"], record["co2e_after_t"]) == (near(coal), near(gas))
    assert record["co2e_saved_t"] == near(coal - gas)
    assert record["tce_saved"] == near(2_000 / 29.307)  # 29 307 kJ/kgce


def test_without_a_factor_energy_stays_and_co2e_is_unknown() -> None:
    found = upgrade([MOTOR | {"item": "raw-coal"}], study=STUDY)
    record = found.records[0]
    assert record["saved"] == 18_750
    assert record["co2e_saved_t"] is None
    assert "emission factor" in record["lacking"]
    assert {i.code for i in found.issues.errors} == {"F200"}


# --- uncertainty of the difference --------------------------------------------------------------------------------


def test_limits_that_are_not_printed_leave_the_known_part() -> None:
    record = one(MOTOR | {"before_uncertainty_pct": 2, "after_uncertainty_pct": 3})
    # 300 000 kWh ± 2 % and 281 250 kWh ± 3 %, each · 0.6191 kg
    known = math.hypot(300 * 0.02, 281.25 * 0.03)
    assert record["saved_uncertainty"] == near(known * 1000)
    assert record["co2e_uncertainty_t"] is None
    assert record["co2e_known_uncertainty_t"] == near(known * 0.6191)


@pytest.fixture
def lab(tmp_path: Path) -> Any:
    """A library whose diesel and gas have printed limits throughout: ± 1 % and ± 2 % of carbon, oxidation exact."""
    folder = tmp_path / "own" / "lab"
    folder.mkdir(parents=True)
    head = "factor_id,item,region,process,parameter,gas,value,unit,low,high,distribution,valid_from,valid_to,page,note"
    rows = [
        f"{item}-{name},{item},,,{name},,{value},{unit},{low},{high},,,,p. 1,"
        for item, carbon, low_, high_ in (("diesel", "20", "19.8", "20.2"), ("natural-gas", "15", "14.7", "15.3"))
        for name, value, unit, low, high in (
            ("carbon_content", carbon, "kgC/GJ", low_, high_),
            ("oxidation", "1", "1", "1", "1"),
        )
    ]
    (folder / "fuel.csv").write_text("\n".join([head, *rows, ""]), encoding="utf-8")
    (folder / "fuel.toml").write_text(
        'id = "lab/fuel"\ntitle_zh = "化验"\ntitle_en = "Laboratory"\npublisher = "own"\ndocument = "test"\n'
        'issued = 2023-01-01\nlicence = "own"\nverification = "primary"\nverified_from = "the laboratory"\n',
        encoding="utf-8",
    )
    return load_library([tmp_path / "own"])


@pytest.mark.parametrize(("before", "after"), [(1.0, 2.0), (0.0, 0.0), (5.0, 1.0)])
def test_shared_factor_mostly_cancels(lab: Any, before: float, after: float) -> None:
    row = {"measure": "b", "kind": "boiler", "item": "diesel", "heat_gj": 9000, "before_efficiency_pct": 75,
           "after_efficiency_pct": 90, "before_uncertainty_pct": before, "after_uncertainty_pct": after}  # fmt: skip
    record = upgrade([row], study=STUDY | {"method": "ghg-protocol"}, library=lab).records[0]
    b, a = 12_000 * 0.020 * 44 / 12, 10_000 * 0.020 * 44 / 12
    assert record["co2e_saved_t"] == near(b - a)
    assert record["co2e_uncertainty_t"] == near(float(difference_uncertainty(b, a, before, after, 1.0)))


def test_factors_of_two_carriers_do_not_cancel(lab: Any) -> None:
    row = {"measure": "b", "kind": "boiler", "item": "diesel", "item_after": "natural-gas", "heat_gj": 9000,
           "before_efficiency_pct": 75, "after_efficiency_pct": 90, "before_uncertainty_pct": 0,
           "after_uncertainty_pct": 0}  # fmt: skip
    record = upgrade([row], study=STUDY | {"method": "ghg-protocol"}, library=lab).records[0]
    b, a = 12_000 * 0.020 * 44 / 12, 10_000 * 0.015 * 44 / 12
    assert record["co2e_uncertainty_t"] == near(math.hypot(b * 0.01, a * 0.02))


# --- grades -------------------------------------------------------------------------------------------------------


def test_grades_stand_for_the_printed_levels() -> None:
    rows = [
        # GB 18613-2020 table 1, 75 kW, 4 poles: 96.7, 96.0, 95.0
        {"measure": "m", "kind": "motor", "power_kw": 75, "poles": 4, "load": 0.8, "hours": 1000, "grade_before": "3级",
         "grade_after": 1},
        # GB 20052-2024 table 2, dry 10 kV, amorphous, 1000 kVA: P0 0.385 and 0.55
        {"measure": "t", "kind": "transformer", "capacity_kva": 1000, "type": "dry-10kv", "core": "amorphous",
         "insulation": "F", "load": 0, "hours": 0, "connected_hours": 1000, "grade_before": 3, "grade_after": 1},
        # GB 24500-2020, biomass above 10 t/h: 91, 88, 86
        {"measure": "b", "kind": "boiler", "item": "diesel", "heat_gj": 7826, "type": "生物质锅炉", "capacity_t_h": 20,
         "grade_before": 3, "grade_after": 1},
        # GB 19153-2019 table 1, oil-injected rotary, air-cooled, 1.5 kW, 0.3 MPa: 5.8, 6.5, 7.4
        {"measure": "k", "kind": "compressor", "flow_m3_min": 1, "load": 1, "hours": 100, "power_kw": 1.5,
         "pressure_mpa": 0.3, "type": "oil-injected-rotary", "cooling": "风冷", "grade_before": 2, "grade_after": 1},
        # GB 19577-2024 table 2, comfort, air-cooled: grade 1 is 3.4
        {"measure": "w", "kind": "chiller", "cooling_kw": 340, "load": 1, "hours": 100, "type": "comfort-air-cooled",
         "before_cop": 2, "grade_after": 1},
    ]  # fmt: skip
    m, t, b, k, w = study(*rows).records
    assert (m["before"], m["after"]) == (near(60_000 / 0.95), near(60_000 / 0.967))
    assert m["levels"].split() == [f"gb-18613-2020/motors:motor-75kw-4-poles-{n}" for n in (3, 1)]
    assert (t["before"], t["after"]) == (near(550), near(385))
    assert (b["before"], b["after"]) == (near(9100), near(8600))
    assert (k["before"], k["after"]) == (near(650), near(580))
    assert (w["before"], w["after"]) == (near(17_000), near(10_000))


def test_grade_of_a_pump_goes_by_the_printed_formula() -> None:
    # double suction, 800 m³/h, 50 m, 2900 r/min: ns = 3.65 · 2900 · √(800 / 3600 / 2) / 50^0.75 = 187.6472
    ns = 3.65 * 2900 * math.sqrt(800 / 7200) / 50**0.75
    x, y = math.log(ns), math.log(800)
    base = -8.44 * x**2 - 0.48 * y**2 + 0.09 * x * y + 84.63 * x + 8.5 * y
    row = {"measure": "p", "kind": "pump", "type": "double-suction", "flow_m3_h": 800, "head_m": 50, "speed_rpm": 2900,
           "density_kg_m3": 1000, "hours": 1000, "drive_efficiency_pct": 90, "grade_before": 3,
           "grade_after": 1}  # fmt: skip
    record = one(row)
    water = 1000 * 9.80665 * 800 / 3600 * 50  # W
    assert record["before"] == near(water / ((base - 168.33) / 100) / 0.9)
    assert record["after"] == near(water / ((base - 162.33) / 100) / 0.9)


def test_a_level_set_issued_later_does_not_exist_yet() -> None:
    row = {"measure": "p", "kind": "pump", "type": "double-suction", "flow_m3_h": 800, "head_m": 50, "speed_rpm": 2900,
           "density_kg_m3": 1000, "hours": 1000, "drive_efficiency_pct": 90, "grade_before": 3,
           "grade_after": 1}  # fmt: skip
    found = upgrade([row], study=STUDY | {"as_of": dt.date(2025, 12, 31)})
    assert codes(found) == {"B656"}
    assert found.records[0]["before"] is None
