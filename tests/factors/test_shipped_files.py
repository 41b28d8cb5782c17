"""Every shipped row: what it says, where it says it from, and whether it fits the other rows."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from shared.factor_rows import (
    CODES,
    EVERY_ROW,
    FACTOR_ROWS,
    FACTORS,
    ROOT,
    SETS,
    TABLES,
    document,
    rows,
    set_id,
)

from carbon import units
from carbon.library import Library

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
