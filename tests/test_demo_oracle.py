"""The shipped example, computed a second time: csv and fractions only, formulas row by row, factors typed here.

Nothing of the engine is used on this side. Factors stand with the set they were read from; results must agree to 1e-12.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pytest

from carbon.inventory import Result
from carbon.run import compute, open_job, run

EXAMPLE = Path(__file__).resolve().parents[1] / "examples" / "quarterly"
Row = dict[str, str]
Key = tuple[str, str, str, str]  # facility, quarter, scope, basis

CO2_PER_C = Fraction(44, 12)
# ipcc-gwp/ar5
GWP = {"CO2": 1, "CF4": 6630, "C2F6": 11100, "SF6": 23500}
# mee-cets-2024/fuels: GJ/t or GJ/万Nm3; tC/GJ; oxidation (coal: mee-cets-2024/oxidation-process-level-unverified)
NCV = {"无烟煤": "22.867", "柴油": "42.652", "天然气": "389.310"}
CARBON = {"无烟煤": "0.02749", "烟煤": "0.02618", "柴油": "0.02020", "天然气": "0.01532"}
OXIDATION = {"无烟煤": "1", "天然气": "0.99"}
# mee-steel-2024/inputs, mee-steel-2024/products, mee-cement-2024/clinker, mee-cement-2024/substitutes: tCO2/t
PROCESS = {"石灰石": "0.440", "白云石": "0.471", "废钢": "0.037", "生铁": "0.172", "硅酸盐水泥熟料": "0.535"}
DEDUCTED = {"粗钢": "0.037", "电石渣": "0.480"}
# mee-grid-2023/average of the provinces (the newest year there is), mee-grid-2023/residual: kgCO2/kWh
GRID = {"北河钢铁": "0.6516", "东岭水泥": "0.6553", "南江铝业": "0.1333"}
RESIDUAL = "0.6096"
# cn-heat/default: tCO2/GJ
HEAT = "0.11"
# steam-enthalpy/saturated at 1.0 MPa, steam-enthalpy/feedwater-unverified: kJ/kg
STEAM, FEED_WATER = "2776.9", "83.74"
# mee-aluminium-2024/process
ANODE_CARBON, SULPHUR, ASH = "0.411", "0.02", "0.004"
CF4_PER_T, C2F6_PER_T, SLOPE, RATIO = "0.02", "0.0011", "0.143", "0.1"
# gb-t-2589-2020: GJ/tce; tce per t, MWh, GJ. The others have no coefficient there in their unit: by default NCV
STANDARD_COAL = "29.307"
BLAST_FURNACE_GAS_NCV = "33.000"
DIESEL_GCE, ELECTRICITY_GCE, HEAT_GCE = "1.4571", "0.1229", "0.03412"


def read(name: str) -> list[Row]:
    with (EXAMPLE / f"{name}.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def of(row: Row, column: str, default: str = "") -> Fraction:
    return Fraction(row[column] or default)


def emissions(row: Row) -> Iterator[tuple[str, str, str, Fraction]]:
    """Yield scope, basis ("" = both), gas and tonnes of one row, by the formula of its method."""
    item, use, quantity = row["项目"], row["用途"], of(row, "数量")
    if item == "电力":
        if use == "自发自用":
            assert row["电力来源"] == "自发自用"
            return
        kilowatt_hours = quantity * 10000
        yield "2", "location", "CO2", kilowatt_hours * Fraction(GRID[row["设施"]]) / 1000
        residual = Fraction(0) if row["电力来源"] in ("绿电", "绿证") else Fraction(RESIDUAL)
        yield "2", "market", "CO2", kilowatt_hours * residual / 1000
    elif item == "热力":
        assert use == "输出"
        yield "2", "", "CO2", -quantity * Fraction(HEAT)
    elif item == "蒸汽":
        assert row["压力"] == "1.0"
        yield "2", "", "CO2", quantity * (Fraction(STEAM) - Fraction(FEED_WATER)) / 1000 * Fraction(HEAT)
    elif use == "回收利用":
        assert item == "高炉煤气"  # energy only: its carbon came in with the coke
    elif item == "炭阳极消耗":
        yield "1", "", "CO2", quantity * Fraction(ANODE_CARBON) * (1 - Fraction(SULPHUR) - Fraction(ASH)) * CO2_PER_C
    elif item == "阳极效应":
        if row["因子"]:
            assert row["因子单位"] == "min/d"
            cf4 = quantity * Fraction(SLOPE) * of(row, "因子") / 1000
            c2f6 = cf4 * Fraction(RATIO)
        else:
            cf4, c2f6 = quantity * Fraction(CF4_PER_T) / 1000, quantity * Fraction(C2F6_PER_T) / 1000
        yield "1", "", "CF4", cf4
        yield "1", "", "C2F6", c2f6
    elif item == "六氟化硫":
        assert row["单位"] == "kg"
        yield "1", "", "SF6", quantity / 1000
    elif item in PROCESS and use == "过程":
        yield "1", "", "CO2", quantity * Fraction(PROCESS[item])
    elif item in DEDUCTED and use in ("产品", "原料"):
        yield "1", "", "CO2", -quantity * Fraction(DEDUCTED[item])
    else:
        assert use in ("", "燃烧"), row
        assert row["低位发热量单位"] in ("", "GJ/t")
        assert row["含碳量单位"] in ("", "tC/GJ")
        heat = quantity * of(row, "低位发热量", NCV.get(item, ""))
        carbon = heat * of(row, "含碳量", CARBON.get(item, "")) * of(row, "碳氧化率", OXIDATION.get(item, ""))
        yield "1", "", "CO2", carbon * CO2_PER_C


def standard_coal(row: Row) -> Fraction:
    """Return the energy of one row at calorific value. [tce]"""
    item, use, quantity = row["项目"], row["用途"], of(row, "数量")
    if item == "电力":
        return Fraction(0) if use == "自发自用" else quantity * 10 * Fraction(ELECTRICITY_GCE)  # 万kWh
    if item == "热力":
        return -quantity * Fraction(HEAT_GCE)
    if item == "蒸汽":
        return quantity * (Fraction(STEAM) - Fraction(FEED_WATER)) / 1000 * Fraction(HEAT_GCE)
    if item == "高炉煤气":
        assert use == "回收利用"
        return -quantity * Fraction(BLAST_FURNACE_GAS_NCV) / Fraction(STANDARD_COAL)
    if item == "柴油":
        assert not row["低位发热量"]
        return quantity * Fraction(DIESEL_GCE)
    if row["低位发热量"] or item in NCV:
        return quantity * of(row, "低位发热量", NCV.get(item, "")) / Fraction(STANDARD_COAL)
    return Fraction(0)


def expected() -> tuple[dict[Key, dict[str, Fraction]], dict[tuple[str, str], Fraction]]:
    """Return tonnes of each gas by facility, quarter, scope and basis, and tce by facility and quarter."""
    gases: dict[Key, dict[str, Fraction]] = defaultdict(lambda: defaultdict(Fraction))
    coal: dict[tuple[str, str], Fraction] = defaultdict(Fraction)
    for row in read("activities"):
        place = row["设施"], row["周期"]
        coal[place] += standard_coal(row)
        for scope, basis, gas, tonnes in emissions(row):
            for one in [basis] if basis else ["location", "market"]:
                gases[*place, scope, one][gas] += tonnes
    return gases, coal


@pytest.fixture(scope="module")
def result() -> Result:
    return compute(open_job(EXAMPLE))[0]


def close(found: float | None, exact: Fraction) -> bool:
    return found is not None and abs(Fraction(found) - exact) <= abs(exact) / 10**12


def co2e(gases: dict[str, Fraction]) -> Fraction:
    return sum((tonnes * GWP[gas] for gas, tonnes in gases.items()), Fraction(0))


def test_example_is_the_one_that_is_recomputed() -> None:
    rows = read("activities")
    assert len(rows) > 90
    assert {row["设施"] for row in rows} == set(GRID)
    assert {row["周期"] for row in rows} == {f"2024-Q{n}" for n in range(1, 5)}
    settings = (EXAMPLE / "run.toml").read_text("utf-8")
    assert 'start = "province"' in settings


def test_every_line_was_computed(result: Result) -> None:
    assert result.complete, [issue.text() for issue in result.issues.errors]
    assert result.gwp_name == "ar5"


def test_emissions_by_facility_quarter_scope_and_basis(result: Result) -> None:
    gases, _ = expected()
    found: dict[Key, dict[str, Fraction]] = defaultdict(lambda: defaultdict(Fraction))
    quarters = {f"2024-Q{n}" for n in range(1, 5)}
    for r in result.total_records:
        if r["facility"] and r["period"] in quarters and r["category"] != "total":
            key = r["facility"], r["period"], r["scope"], r["basis"]
            for column in ("co2_t", "other_co2e_t", "co2e_t"):
                found[key][column] += Fraction(r[column])
            assert r["ch4_t"] == r["n2o_t"] == r["biogenic_co2_t"] == 0
    assert set(found) == set(gases)
    for key, masses in gases.items():
        assert close(found[key]["co2e_t"], co2e(masses)), key
        assert close(found[key]["co2_t"], masses["CO2"]), key
        rest = {gas: tonnes for gas, tonnes in masses.items() if gas != "CO2"}
        assert close(found[key]["other_co2e_t"], co2e(rest)), key


@pytest.mark.parametrize("basis", ["location", "market"])
def test_totals_by_facility_quarter_and_year_and_of_the_group(result: Result, basis: str) -> None:
    gases, _ = expected()
    totals: dict[tuple[str, str], Fraction] = defaultdict(Fraction)
    for (facility, quarter, _, one), masses in gases.items():
        if one == basis:
            for place in (facility, ""):
                for period in (quarter, "2024"):
                    totals[place, period] += co2e(masses)
    records = [r for r in result.total_records if r["category"] == "total" and r["basis"] == basis]
    assert {(r["facility"], r["period"]) for r in records} == set(totals)
    for r in records:
        assert close(r["co2e_t"], totals[r["facility"], r["period"]]), r
        assert r["complete"] is True


def test_energy_by_facility_quarter_and_year_and_of_the_group(result: Result) -> None:
    _, coal = expected()
    totals: dict[tuple[str, str], Fraction] = defaultdict(Fraction)
    for (facility, quarter), tonnes in coal.items():
        for place in (facility, ""):
            for period in (quarter, "2024"):
                totals[place, period] += tonnes
    records = [r for r in result.energy_records if r["item"] == "total"]
    assert {(r["facility"], r["period"]) for r in records} == set(totals)
    for r in records:
        assert close(r["tce"], totals[r["facility"], r["period"]]), r


def test_intensity_of_each_product(result: Result) -> None:
    gases, coal = expected()
    made = read("output")
    assert len(result.intensity_records) == len(made) == 20
    made = [row for row in made if not row["工序"]]  # products of whole facilities
    assert len(made) == 8
    by_place = {(r["facility"], r["period"], r["product"]): r for r in result.intensity_records}
    for row in made:
        r = by_place[row["设施"], row["周期"], row["产品"]]
        tonnes = sum(
            (co2e(m) for (f, q, _, b), m in gases.items() if (f, q, b) == (row["设施"], row["周期"], "location")),
            Fraction(0),
        )
        assert row["单位"] == r["unit"] == "t"
        assert close(r["co2e_t_per_unit"], tonnes / of(row, "产量"))
        assert close(r["kgce_per_unit"], coal[row["设施"], row["周期"]] * 1000 / of(row, "产量"))
        assert close(r["co2e_t_per_10k_cny"], tonnes / (of(row, "营业收入") / 10000))


def test_written_files_hold_these_numbers(tmp_path: Path) -> None:
    gases, _ = expected()
    _, where = run(EXAMPLE, tmp_path / "out")
    with (where / "totals.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = [r for r in csv.DictReader(file) if r["category"] == "total" and r["facility"] and "-Q" in r["period"]]
    assert len(rows) == 24
    for r in rows:
        exact = sum(
            (co2e(m) for (f, q, _, b), m in gases.items() if (f, q, b) == (r["facility"], r["period"], r["basis"])),
            Fraction(0),
        )
        assert close(float(r["co2e_t"]), exact)
