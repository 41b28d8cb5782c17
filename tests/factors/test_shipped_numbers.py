"""Shipped numbers against one another, against stoichiometry, and as their publications print them."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction

import pytest
from shared.factor_rows import CO2, CO3, FACTOR_ROWS, FACTORS, SETS, grid, molar, rows

from carbon import units
from carbon.library import Library


def values(name: str) -> dict[str, dict[str, str]]:
    """Return the rows of one table by their id."""
    return {row["factor_id"]: row for row in rows(FACTORS / f"{name}.csv")}


# --- one table against another --------------------------------------------------------------------------------------

STANDARD_COAL = 29307  # kJ/kg, 7000 kcal (IT): GB/T 2589-2020, 3.3


def gce_pairs() -> Iterator[tuple[str, Decimal, Decimal]]:
    for table in ("fuels", "fuels-unverified"):
        found = values(f"gb-t-2589-2020/{table}")
        for name, row in found.items():
            other = found.get(name.removesuffix("-gce") + "-ncv")
            if name.endswith("-gce") and other is not None:
                for column in ("low", "value", "high"):
                    if row[column] and other[column]:
                        yield f"{name}-{column}", Decimal(row[column]), Decimal(other[column])


@pytest.mark.parametrize(("name", "coefficient", "ncv"), [pytest.param(*pair, id=pair[0]) for pair in gce_pairs()])
def test_coefficient_is_the_heating_value_over_that_of_standard_coal(
    name: str, coefficient: Decimal, ncv: Decimal
) -> None:
    # printed with four decimals, some cut and some rounded: within one unit of the fourth place
    assert abs(ncv / STANDARD_COAL - coefficient) <= Decimal("0.0001")


def test_standard_coal_and_oil_agree_with_the_calorie() -> None:
    # 7000 and 10000 kcal of 4.1868 kJ
    found = values("gb-t-2589-2020/definitions")
    assert abs(Decimal(found["standard-coal-ncv"]["value"]) - 7000 * Decimal("4.1868")) <= Decimal("0.6")
    assert Decimal(found["standard-oil-ncv"]["value"]) == 10000 * Decimal("4.1868")
    assert abs(Decimal(found["standard-oil-gce"]["value"]) - Decimal(41868) / STANDARD_COAL) <= Decimal("0.0001")


STOICHIOMETRY = {  # tonnes of CO2 per tonne of pure carbonate
    "calcium-carbonate": CO2 / (molar("Ca") + CO3),
    "limestone": CO2 / (molar("Ca") + CO3),
    "magnesium-carbonate": CO2 / (molar("Mg") + CO3),
    "dolomite": 2 * CO2 / (molar("Ca", "Mg") + 2 * CO3),
    "sodium-carbonate": CO2 / (molar("Na", "Na") + CO3),
    "sodium-bicarbonate": CO2 / (molar("Na", "H") + CO3),  # all of its carbon, as the guidelines print it
    "potassium-carbonate": CO2 / (molar("K", "K") + CO3),
    "lithium-carbonate": CO2 / (molar("Li", "Li") + CO3),
    "strontium-carbonate": CO2 / (molar("Sr") + CO3),
    "barium-carbonate": CO2 / (molar("Ba") + CO3),
    "manganese-carbonate": CO2 / (molar("Mn") + CO3),
    "iron-carbonate": CO2 / (molar("Fe") + CO3),
}


@pytest.mark.parametrize(
    "table", ["gb-t-32151-34-2024/carbonates", "ndrc-24-guidelines/carbonates", "ipcc-2006/carbonates"]
)
def test_carbonates_agree_with_their_stoichiometry(table: str) -> None:
    checked = 0
    for row in rows(SETS[table]):
        if row["item"] in STOICHIOMETRY:
            assert row["unit"] == "tCO2/t"
            assert abs(Decimal(row["value"]) - STOICHIOMETRY[row["item"]]) <= Decimal("0.001"), row["factor_id"]
            checked += 1
    assert checked >= 6


def test_no_raw_material_gives_more_co2_than_the_pure_carbonate() -> None:
    for name, row in FACTOR_ROWS:
        if row["parameter"] == "emission" and row["gas"] == "CO2" and row["item"] in STOICHIOMETRY:
            assert Decimal(row["value"]) <= STOICHIOMETRY[row["item"]] + Decimal("0.001"), f"{name}:{row['factor_id']}"


# IPCC 2006, volume 2, table 2.2: kilograms of CO2 per terajoule (net), rounded to three digits in the table
IPCC_CO2 = {
    "crude-oil": 73300, "gasoline": 69300, "diesel": 74100, "fuel-oil": 77400, "lpg": 63100, "naphtha": 73300,
    "petroleum-coke": 97500, "anthracite": 98300, "coking-coal": 94600, "bituminous-coal": 94600, "lignite": 101000,
    "coke": 107000, "natural-gas": 56100, "coke-oven-gas": 44400, "blast-furnace-gas": 260000,
}  # fmt: skip


@pytest.mark.parametrize("item", sorted(IPCC_CO2))
def test_carbon_content_agrees_with_the_emission_factor_of_the_ipcc(item: str) -> None:
    # carbon × 44/12: table 1.3 against table 2.2, whose last digit is rounded
    row = values("ipcc-2006/fuels")[f"{item}-carbon-content"]
    assert row["unit"] == "kgC/GJ"
    co2 = Decimal(row["value"]) * 44 / 12 * 1000
    assert abs(co2 - IPCC_CO2[item]) / IPCC_CO2[item] <= Decimal("0.003")


EDITIONS = ["mee-cets-2024/fuels", "gb-t-32151-34-2024/fuels", "ndrc-24-guidelines/fuels", "ipcc-2006/fuels"]


@pytest.mark.parametrize("name", EDITIONS)
def test_heat_and_carbon_of_one_edition_belong_to_one_fuel(name: str) -> None:
    """Carbon per mass, the product of heating value and carbon per heat, cannot be more than the fuel itself."""
    found = values(name)
    checked = 0
    for key, row in found.items():
        other = found.get(key.removesuffix("-ncv") + "-carbon-content")
        if key.endswith("-ncv") and other and row["value"] and other["value"] and row["unit"] == "GJ/t":
            scale = units.parse(other["unit"]).scale / units.parse("tC/GJ").scale
            share = Fraction(row["value"]) * Fraction(other["value"]) * scale
            assert Fraction(1, 20) < share < Fraction("0.98"), f"{key}: {float(share):.3f} t of carbon per tonne"
            checked += 1
    assert checked >= 8


GRIDS = sorted(name for name in SETS if "grid" in name.split("/")[0] and "fossil" not in name)


@pytest.mark.parametrize("name", GRIDS)
def test_grid_factor_lies_between_none_and_a_poor_coal_plant(name: str) -> None:
    assert all(0 < value < Decimal("1.5") for value in grid(name).values())


@pytest.mark.parametrize("year", [2021, 2022, 2023])
def test_whole_grid_lies_between_its_parts(year: int, library: Library) -> None:
    found = grid(f"mee-grid-{year}/average")
    provinces = {name: value for name, value in found.items() if library.regions[name].kind == "province"}
    assert len(provinces) == 30  # Tibet, Hong Kong, Macao and Taiwan are not published
    assert min(provinces.values()) < found["CN"] < max(provinces.values())
    for region in (name for name in found if library.regions[name].kind == "grid"):
        inside = [value for name, value in provinces.items() if library.regions[name].parent == region]
        assert min(inside) <= found[region] <= max(inside), region


@pytest.mark.parametrize("year", [2021, 2022, 2023])
def test_residual_and_fossil_electricity_are_dirtier_than_the_average(year: int) -> None:
    nation = grid(f"mee-grid-{year}/average")["CN"]
    (residual,), (fossil,) = rows(SETS[f"mee-grid-{year}/residual"]), rows(SETS[f"mee-grid-{year}/fossil"])
    assert nation < Decimal(residual["value"]) < Decimal(fossil["value"])


@pytest.mark.parametrize(
    ("year", "region", "value"),
    [
        (2023, "CN", "0.5306"), (2023, "CN-SD", "0.6191"), (2023, "CN-YN", "0.1333"), (2023, "CN-south", "0.4042"),
        (2022, "CN", "0.5366"), (2022, "CN-HE", "0.7252"), (2022, "CN-east", "0.5617"),
        (2021, "CN", "0.5568"), (2021, "CN-ZJ", "0.5422"), (2021, "CN-north", "0.7120"),
    ],
)  # fmt: skip
def test_grid_factor_as_announced(year: int, region: str, value: str) -> None:
    # announcements of the Ministry of Ecology and Environment and the National Bureau of Statistics for 2021 to 2023
    row = values(f"mee-grid-{year}/average")[f"electricity-{region.lower()}-{year}"]
    assert (row["value"], row["unit"]) == (value, "kgCO2/kWh")
    assert (row["valid_from"], row["valid_to"]) == (f"{year}-01-01", f"{year}-12-31")


# --- warming potentials ---------------------------------------------------------------------------------------------

# typed from the reports of working group I: SAR technical summary table 4, TAR table 6.7, AR4 table 2.14, AR5 table
# 8.A.1 (8.7 with feedback), AR6 table 7.SM.7
GWP = {
    "sar": {"CH4": 21, "N2O": 310, "HFC-23": 11700, "HFC-134a": 1300, "HFC-152a": 140, "CF4": 6500, "C2F6": 9200,
            "SF6": 23900},
    "tar": {"CH4": 23, "N2O": 296, "HFC-23": 12000, "HFC-134a": 1300, "CF4": 5700, "C2F6": 11900, "SF6": 22200},
    "ar4": {"CH4": 25, "N2O": 298, "HFC-23": 14800, "HFC-32": 675, "HFC-125": 3500, "HFC-134a": 1430, "CF4": 7390,
            "C2F6": 12200, "SF6": 22800, "NF3": 17200},
    "ar5": {"CH4": 28, "N2O": 265, "HFC-23": 12400, "HFC-32": 677, "HFC-125": 3170, "HFC-134a": 1300, "HFC-143a": 4800,
            "CF4": 6630, "C2F6": 11100, "C3F8": 8900, "SF6": 23500, "NF3": 16100},
    "ar6": {"CH4": "27.9", "CH4-fossil": "29.8", "N2O": 273, "HFC-23": 14600, "HFC-32": 771, "HFC-134a": 1530,
            "CF4": 7380, "C2F6": 12400, "SF6": 25200, "NF3": 17400},
    "ar6-20yr": {"CH4": "81.2", "N2O": 273, "SF6": 18300},
    "ar5-feedback": {"CH4": 34, "N2O": 298},
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "gas", "value"), [(name, gas, v) for name, row in GWP.items() for gas, v in row.items()]
)
def test_warming_potential_as_reported(name: str, gas: str, value: str | int, library: Library) -> None:
    found = library.gwp(name)[gas].exact
    assert found == Fraction(value)


@pytest.mark.parametrize(
    "name", sorted(name for name in SETS if name.startswith("ipcc-gwp/") and "unverified" not in name)
)
def test_warming_potential_of_co2_is_one(name: str, library: Library) -> None:
    found = library.gwp(name.removeprefix("ipcc-gwp/"))
    assert found["CO2"].exact == 1
    assert all(factor.unit == f"kgCO2e/kg{gas}" for gas, factor in found.items())
    assert len(found) >= 30


# --- energy statistics ----------------------------------------------------------------------------------------------

STATISTICS = [  # 工信厅企业〔2024〕56号, 参考折标准煤系数: line of the collection of September 2024, item, number, unit
    (2776, "anthracite", "0.9428", "tce/t"),
    (2777, "coking-coal", "0.9", "tce/t"),
    (2778, "bituminous-coal", "0.7143", "tce/t"),
    (2779, "lignite", "0.4286", "tce/t"),
    (2780, "cleaned-coal", "0.9", "tce/t"),
    (2781, "blast-furnace-gas", "1.286", "tce/万m3"),
    (2782, "converter-gas", "2.714", "tce/万m3"),
    (2783, "other-gas", "1.786", "tce/万m3"),
    (2784, "heat", "0.0341", "tce/GJ"),
    (2785, "electricity", "1.229", "tce/万kWh"),
    (2786, "municipal-waste", "0.2714", "tce/t"),
    (2787, "biomass", "1", "tce/tce"),
    (2788, "waste-heat", "0.0341", "tce/GJ"),
    (2789, "industrial-waste", "0.4285", "tce/t"),
    (2790, "other-fuels", "1", "tce/tce"),
]


@pytest.mark.parametrize(("line", "item", "value", "unit"), STATISTICS)
def test_statistics_coefficient_as_printed(line: int, item: str, value: str, unit: str) -> None:
    found = [row for row in rows(SETS["miit-sme-2024/coefficients"]) if row["item"] == item]
    assert [(row["parameter"], row["value"], row["unit"]) for row in found] == [("gce", value, unit)]
    assert f"L{line}" in found[0]["page"]


def test_statistics_print_fifteen_coefficients() -> None:
    assert len(rows(SETS["miit-sme-2024/coefficients"])) == len(STATISTICS) == 15
