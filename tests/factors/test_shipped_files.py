"""Every shipped row: what it says, where it says it from, and whether it fits the other rows."""

from __future__ import annotations

import csv
import datetime as dt
import re
import tomllib
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from carbon import units
from carbon.library import Library, load_library

ROOT = Path(__file__).resolve().parents[2]
FACTORS = ROOT / "factors"
HEADER = [
    "factor_id", "item", "region", "process", "parameter", "gas", "value", "unit", "low", "high", "distribution",
    "valid_from", "valid_to", "page", "note",
]  # fmt: skip
STEAM_HEADER = ["factor_id", "phase", "pressure_mpa", "temperature_c", "value", "unit", "page", "note"]
METADATA = {
    "id", "title_zh", "title_en", "publisher", "document", "issued", "licence", "region", "verification",
    "verified_from", "supersedes", "basis", "notes",
}  # fmt: skip
MAY_BE_EMPTY = {"region", "supersedes", "basis", "notes"}
TABLES = sorted(path for path in FACTORS.glob("*/*.csv") if path.stem != "items" and path.parent.name != "methods")
PACKS = sorted((FACTORS / "methods").glob("*.toml"))


def set_id(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def document(path: Path) -> dict[str, object]:
    return tomllib.loads(path.with_suffix(".toml").read_text("utf-8"))


def values(name: str) -> dict[str, dict[str, str]]:
    """Return the rows of one table by their id."""
    return {row["factor_id"]: row for row in rows(FACTORS / f"{name}.csv")}


SETS = {set_id(path): path for path in TABLES}
EVERY_ROW = [(name, row) for name, path in SETS.items() for row in rows(path)]
FACTOR_ROWS = [(name, row) for name, row in EVERY_ROW if "parameter" in row]
CODES = {
    kind: {row[kind] for path in [FACTORS / f"{name}.csv", *FACTORS.glob(f"*/{name}.csv")] for row in rows(path)}
    for kind, name in (("item", "items"), ("region", "regions"), ("gas", "gases"))
}
KINDS = {
    row["item"]: row["kind"] for path in [FACTORS / "items.csv", *FACTORS.glob("*/items.csv")] for row in rows(path)
}
each_table = pytest.mark.parametrize("path", TABLES, ids=set_id)


def test_there_is_a_library_to_check() -> None:
    assert len(TABLES) >= 80
    assert len(EVERY_ROW) > 2500


def test_checker_of_the_library_finds_nothing(library: Library) -> None:
    assert [issue.text() for issue in library.check()] == []


def test_library_holds_exactly_the_files(library: Library) -> None:
    assert library.set_ids == sorted(SETS)
    assert sum(len(found.rows) for found in library.sets()) == len(EVERY_ROW)


# --- files ----------------------------------------------------------------------------------------------------------


@each_table
def test_file_is_plain_csv_sorted_by_id(path: Path) -> None:
    data = path.read_bytes()
    assert not data.startswith(b"\xef\xbb\xbf"), "byte order mark"
    assert b"\r" not in data, "carriage return"
    assert data.endswith(b"\n")
    assert not data.endswith(b"\n\n")
    header = data.decode("utf-8").splitlines()[0].split(",")
    assert header in (HEADER, STEAM_HEADER)
    ids = [row["factor_id"] for row in rows(path)]
    assert ids == sorted(ids)
    assert len(ids) == len(set(ids)), "two rows of one id"
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name) for name in ids)
    assert len(set_id(path)) <= 60
    assert all(None not in row and None not in row.values() for row in rows(path)), "too many or too few cells"


@each_table
def test_metadata_are_complete(path: Path) -> None:
    found = document(path)
    assert set(found) == METADATA
    assert found["id"] == set_id(path)
    for key in METADATA - MAY_BE_EMPTY:
        assert found[key], key
    assert isinstance(found["issued"], dt.date)
    assert dt.date(1990, 1, 1) <= found["issued"] <= dt.date(2026, 12, 31)
    assert found["region"] in CODES["region"] | {""}
    assert found["basis"] in ("combustion", "process", "energy", "life-cycle", "production", "gwp", "property", "")


@each_table
def test_verification_is_honest(path: Path) -> None:
    # factors/README.md: rows that could not be confirmed stand in `<table>-unverified`, and nowhere else
    found = document(path)
    assert found["verification"] in ("primary", "secondary", "unverified")
    assert (found["verification"] == "unverified") == path.stem.endswith("-unverified")
    if found["verification"] == "primary":
        said = str(found["verified_from"]).lower()
        assert "official" in said or "publication" in said, "primary means: read in the publication itself"
        assert "secondary" not in said


@each_table
def test_row_that_calls_itself_unchecked_stands_in_an_unverified_table(path: Path) -> None:
    doubts = [row["factor_id"] for row in rows(path) if row["note"].startswith("not checked against")]
    assert not doubts or path.stem.endswith("-unverified")


@each_table
def test_superseded_sets_exist(path: Path) -> None:
    found = document(path)
    for older in found["supersedes"]:
        assert older in SETS
        assert document(SETS[older])["issued"] <= found["issued"]
        assert older != found["id"]


def test_every_toml_has_its_table() -> None:
    stems = {path.with_suffix("") for path in FACTORS.glob("*/*.toml") if path.parent.name != "methods"}
    assert stems == {path.with_suffix("") for path in TABLES}


# --- rows -----------------------------------------------------------------------------------------------------------


def test_places_are_given() -> None:
    assert [f"{name}:{row['factor_id']}" for name, row in EVERY_ROW if not row["page"].strip()] == []


@pytest.mark.parametrize("column", ["item", "region", "gas"])
def test_codes_are_known(column: str) -> None:
    unknown = {row[column] for _, row in FACTOR_ROWS if row[column]} - CODES[column]
    assert unknown == set()


def test_numbers_are_printed_numbers_in_order() -> None:
    for name, row in FACTOR_ROWS:
        place = f"{name}:{row['factor_id']}"
        for column in ("value", "low", "high"):
            assert re.fullmatch(r"(\d+(\.\d+)?([eE][-+]?\d+)?)?", row[column]), f"{place} {column} {row[column]!r}"
        known = [Decimal(row[column]) for column in ("low", "value", "high") if row[column]]
        assert known, f"{place} has no number"
        assert known == sorted(known), place
        assert bool(row["low"]) == bool(row["high"]) or row["value"], place


def test_intervals_are_sane() -> None:
    for name, row in FACTOR_ROWS:
        place = f"{name}:{row['factor_id']}"
        assert bool(row["valid_from"]) == bool(row["valid_to"]), place
        if row["valid_from"]:
            first, last = dt.date.fromisoformat(row["valid_from"]), dt.date.fromisoformat(row["valid_to"])
            assert dt.date(1990, 1, 1) <= first < last <= dt.date(2030, 12, 31), place


def test_no_two_rows_answer_one_question() -> None:
    seen: dict[tuple[str, ...], str] = {}
    for name, row in FACTOR_ROWS:
        dimension = str(sorted(units.parse(row["unit"]).dimension))
        question = (name, *(row[c] for c in ("item", "region", "process", "parameter", "gas", "valid_from")), dimension)
        place = f"{name}:{row['factor_id']}"
        assert question not in seen, f"{place} and {seen.get(question)}"
        seen[question] = place


def test_distributions_are_known() -> None:
    assert {row["distribution"] for _, row in FACTOR_ROWS} <= {"", "normal", "lognormal"}


def bases(unit: str) -> dict[str, int]:
    return dict(units.parse(unit).dimension)


AMOUNTS = ({"mass": -1}, {"length": -3}, {"normal_volume": -1}, {"energy": -1}, {"standard_coal": -1})
SHARES = {
    "oxidation", "sulphur", "ash", "anode_loss", "utilisation", "collection", "removal", "production_loss",
    "combustion_efficiency", "mcf", "purity", "carbonate_content", "conversion", "k1", "k2", "k3", "clinker_fraction",
}  # fmt: skip


@pytest.mark.parametrize("parameter", sorted({row["parameter"] for _, row in FACTOR_ROWS}))
def test_unit_suits_the_parameter(parameter: str) -> None:
    for name, row in FACTOR_ROWS:
        if row["parameter"] != parameter:
            continue
        place, unit = f"{name}:{row['factor_id']} {row['unit']}", bases(row["unit"])
        number = Fraction(row["value"]) if row["value"] else None
        match parameter:
            case "ncv":
                assert unit.pop("energy", 0) == (0 if row["item"] == "electricity" else 1), place
                assert unit in AMOUNTS or row["unit"] == "kJ/kWh", place
            case "carbon_content":
                assert unit.pop("C") == 1, place
                unit["mass"] = unit.get("mass", 0) - 1  # the mass of the carbon itself
                assert {k: v for k, v in unit.items() if v} in AMOUNTS, place
            case "emission":
                assert units.parse(row["unit"]).species == row["gas"], place
                assert unit.pop(row["gas"]) == 1, place
                assert unit.get("mass", 0) - 1 <= 0, place
            case "gwp":
                assert unit == {"CO2e": 1, row["gas"]: -1} or row["gas"] == "CO2e", place
                assert not row["item"], place
            case "gce" | "gce_primary":
                plain = row["unit"] in ("tce/tce", "kgce/kgoe")  # fuels that are counted in it, and standard oil
                assert unit.pop("standard_coal", 0) == (0 if plain else 1), place
                assert unit in AMOUNTS or plain, place
            case "enthalpy" | "feedwater_enthalpy":
                assert unit == {"energy": 1, "mass": -1}, place
            case "density":
                assert unit in ({"mass": 1, "normal_volume": -1}, {"mass": 1, "length": -3}), place
            case _ if parameter in SHARES:
                assert unit == {}, place
                scale = units.parse(row["unit"]).scale
                for column in ("low", "value", "high"):
                    assert not row[column] or 0 <= Fraction(row[column]) * scale <= 1, place
        assert number is None or number >= 0, place


def test_gas_is_named_where_a_gas_is_meant() -> None:
    for name, row in FACTOR_ROWS:
        assert (row["parameter"] in ("emission", "gwp")) == bool(row["gas"]), f"{name}:{row['factor_id']}"


def test_values_are_of_a_plausible_size() -> None:
    # bounds from physics: hydrogen has 120 MJ/kg, carbon is at most the whole of a fuel, coal has 30 kgC/GJ
    for name, row in FACTOR_ROWS:
        if not row["value"]:
            continue
        unit = units.parse(row["unit"])
        number = Fraction(row["value"]) * unit.scale
        place = f"{name}:{row['factor_id']} {row['value']} {row['unit']}"
        if row["parameter"] == "ncv" and unit.dimension == units.parse("MJ/kg").dimension:
            assert Fraction(1) <= number / units.parse("MJ/kg").scale <= 142, place
        if row["parameter"] == "carbon_content" and unit.dimension == units.parse("tC/t").dimension:
            assert 0 < number / units.parse("tC/t").scale <= 1, place
        if row["parameter"] == "carbon_content" and unit.dimension == units.parse("tC/GJ").dimension:
            assert Fraction("0.005") <= number / units.parse("tC/GJ").scale <= Fraction("0.1"), place


# --- code lists -----------------------------------------------------------------------------------------------------


def test_names_are_unambiguous(library: Library) -> None:
    assert library.items.clashes == {}
    assert library.regions.clashes == {}
    assert library.gases.clashes == {}


@pytest.mark.parametrize(
    "path", [FACTORS / "items.csv", *sorted(FACTORS.glob("*/items.csv"))], ids=lambda p: p.parent.name
)
def test_items_are_complete(path: Path, library: Library) -> None:
    kinds = {
        "fuel", "electricity", "heat", "steam", "medium", "carbonate", "material", "substitute", "gas", "freight",
        "travel", "waste", "water", "upstream", "activity", "purchased-goods",
    }  # fmt: skip
    uses = {row["id"] for row in rows(ROOT / "carbon" / "schema" / "choices.csv") if row["list"] == "use"}
    for row in rows(path):
        assert row["kind"] in kinds, row
        assert row["default_use"] in uses | {""}, row  # empty: every row of it must say its use
        assert row["origin"] in ("fossil", "biogenic", "mixed", "none"), row
        assert row["name_zh"], row
        assert row["name_en"], row
        for word in (row["item"], row["name_zh"], row["name_en"], *filter(None, row["aliases"].split("|"))):
            assert word == word.strip(), row
            found = library.items.find(word)
            assert found is not None, f"{word} leads nowhere"
            assert found.id == row["item"], word


def test_every_gas_can_be_entered_as_an_item(library: Library) -> None:
    # fugitive emissions are entered as the gas itself; CO2e and the split of methane by origin are not items
    items = {item.id for item in library.items if item.kind == "gas"}
    for row in rows(FACTORS / "gases.csv"):
        if row["gas"] not in ("CO2e", "CO2-biogenic", "CH4-fossil", "CH4-nonfossil"):
            assert row["gas"].lower() in items


def test_regions_lead_up_to_their_nation(library: Library) -> None:
    found = {row["region"]: row for row in rows(FACTORS / "regions.csv")}
    for row in found.values():
        if row["kind"] == "province":
            assert library.ladder(row["region"])[-2:] == ("CN", "")
        assert not row["parent"] or row["parent"] in found
    assert sum(row["kind"] == "province" for row in found.values()) == 34  # 23 + 5 + 4 + 2
    assert sum(row["kind"] == "grid" for row in found.values()) == 7


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


# Standard atomic weights, IUPAC (Commission on Isotopic Abundances and Atomic Weights, abridged values 2021), g/mol
WEIGHT = {
    "H": "1.0080", "C": "12.011", "O": "15.999", "Na": "22.990", "K": "39.098", "Mg": "24.305", "Ca": "40.078",
    "Sr": "87.62", "Ba": "137.33", "Mn": "54.938", "Fe": "55.845", "Li": "6.94",
}  # fmt: skip


def molar(*atoms: str) -> Decimal:
    """Return the molar mass of some atoms: ``molar("C", "O", "O")``. [g/mol]"""
    return sum((Decimal(WEIGHT[atom]) for atom in atoms), Decimal(0))


CO2, CO3 = molar("C", "O", "O"), molar("C", "O", "O", "O")
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


def grid(name: str) -> dict[str, Decimal]:
    kilogram = units.parse("kgCO2/kWh").scale
    found = {}
    for row in rows(SETS[name]):
        scale = units.parse(row["unit"]).scale / kilogram
        found[row["region"]] = Decimal(row["value"]) * scale.numerator / scale.denominator
    return found


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


# --- method packs ---------------------------------------------------------------------------------------------------

each_pack = pytest.mark.parametrize(
    "pack", [tomllib.loads(p.read_text("utf-8")) for p in PACKS], ids=[p.stem for p in PACKS]
)


def named_sets(pack: dict) -> Iterator[str]:
    yield from pack.get("electricity", {}).get("location", [])
    yield from pack.get("electricity", {}).get("residual", [])
    yield from pack["energy"]["sets"]
    yield from pack["energy"].get("primary", [])
    yield pack["energy"]["definition"]
    for category in pack.get("category", []):
        yield from category.get("sets", [])


def test_nine_packs_are_shipped() -> None:
    assert {path.stem for path in PACKS} >= {
        "cn-general", "cn-power", "cn-steel", "cn-cement", "cn-aluminium", "cn-chemicals", "cn-carbon-materials",
        "cn-statistics", "ghg-protocol",
    }  # fmt: skip


@each_pack
def test_pack_names_only_what_exists(pack: dict, library: Library) -> None:
    assert set(named_sets(pack)) <= set(SETS)
    assert not pack.get("gwp") or f"ipcc-gwp/{pack['gwp']}" in SETS
    assert pack.get("region", "") in CODES["region"] | {""}
    assert library.pack(pack["id"]).id == pack["id"]
    definition = [r for r in rows(SETS[pack["energy"]["definition"]]) if r["item"] == "standard-coal"]
    assert [row["parameter"] for row in definition] == ["ncv"]


@each_pack
def test_pack_names_a_set_once_per_list(pack: dict) -> None:
    lists = [c.get("sets", []) for c in pack.get("category", [])]
    lists += [pack["energy"]["sets"], pack["energy"].get("primary", [])]
    lists += [pack.get("electricity", {}).get(name, []) for name in ("location", "residual")]
    for names in lists:
        assert len(names) == len(set(names))


@each_pack
def test_categories_are_made_of_known_parts(pack: dict) -> None:
    uses = {row["id"] for row in rows(ROOT / "carbon" / "schema" / "choices.csv") if row["list"] == "use"}
    own = {kind for row in rows(ROOT / "carbon" / "schema" / "choices.csv") for kind in row["own_kinds"].split("|")}
    ids = [category["id"] for category in pack.get("category", [])]
    assert len(ids) == len(set(ids))
    for category in pack.get("category", []):
        assert set(category["kinds"]) <= set(KINDS.values()) | own, category["id"]
        assert set(category["uses"]) <= uses, category["id"]
        assert set(category.get("items", [])) <= set(KINDS), category["id"]
        assert {KINDS[item] for item in category.get("items", [])} <= set(category["kinds"]), category["id"]
        assert category.get("sign", 1) == (-1 if deducts(category) else 1), category["id"]
    assert set(pack.get("required", [])) <= {*ids, *KINDS}


def deducts(category: dict) -> bool:
    """Return whether a category is a deduction: exports, carbon that leaves in products, captured CO2, substitutes."""
    return category["scope"] < 3 and bool(
        {"exported", "product", "captured"} & set(category["uses"]) or "substitute" in category["kinds"]
    )


@each_pack
def test_every_set_of_a_category_serves_it(pack: dict) -> None:
    """A set that holds no item of the kinds of its category can never be used there: a mistake in the pack."""
    for category in pack.get("category", []):
        for name in category.get("sets", []):
            kinds = {KINDS[row["item"]] for row in rows(SETS[name])}
            assert kinds & set(category["kinds"]), f"{pack['id']} {category['id']}: {name} has only {sorted(kinds)}"


@each_pack
def test_every_emission_factor_of_a_pack_can_be_reached(pack: dict) -> None:
    """An item that stands in a set of the pack, but in none of the categories that read the set, is lost."""
    lost = set()
    for name in {name for category in pack.get("category", []) for name in category.get("sets", [])}:
        readers = [category for category in pack["category"] if name in category.get("sets", [])]
        for row in rows(SETS[name]):
            fits = [c for c in readers if KINDS[row["item"]] in c["kinds"]]
            fits = [c for c in fits if not c.get("items") or row["item"] in c["items"]]
            if row["parameter"] in ("emission", "carbon_content") and not fits:
                lost.add((name, row["item"]))
    assert lost == set()


@each_pack
def test_what_a_pack_does_not_know_is_said_in_both_languages(pack: dict) -> None:
    assert len(pack.get("unknown", [])) == len(pack.get("unknown_zh", []))
    assert all(text.strip() for text in [*pack["unknown"], *pack["unknown_zh"]])
    assert all(re.search(r"[\u4e00-\u9fff]", text) for text in pack["unknown_zh"])
    assert pack["verification"] in ("primary", "secondary", "unverified")
    assert pack["title_zh"]
    assert pack["title_en"]
    assert pack["document"]


def test_library_is_read_from_these_files() -> None:
    assert load_library().folders[0].resolve() == FACTORS.resolve()
