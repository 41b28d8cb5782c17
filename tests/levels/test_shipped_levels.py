"""Every shipped level: what it says, where it says it from, and whether its ladder is one."""

from __future__ import annotations

import csv
import datetime as dt
import re
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from carbon import units
from carbon.benchmarks.conditions import Interval, disjoint, parse_condition
from carbon.benchmarks.levels import load_levels

ROOT = Path(__file__).resolve().parents[2] / "benchmarks" / "levels"
HEADER = [
    "level_id", "subject", "condition", "indicator", "boundary", "tier", "value", "unit", "better", "strictness",
    "deadline", "valid_from", "valid_to", "correction", "verification", "corroborated_by", "page", "note",
]  # fmt: skip
TIERS = {
    "sector": ["benchmark", "baseline"], "quota": ["1", "2", "3"], "equipment": ["1", "2", "3"], "ets": ["allowance"],
}  # fmt: skip
WEAKEST = ["primary", "secondary", "unverified"]
SOURCE = ("publisher", "document", "licence", "title_zh", "title_en", "verified_from")
LADDER = ("subject", "condition", "indicator", "boundary", "valid_from", "valid_to")
KNOWN_BY = {"subject": "subjects", "indicator": "indicators", "boundary": "boundaries"}
TABLES = sorted(ROOT.glob("*/*.csv"))

Row = dict[str, str]
Meta = dict[str, Any]


def set_id(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


def rows(path: Path) -> list[Row]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def document(path: Path) -> Meta:
    return tomllib.loads(path.with_suffix(".toml").read_text("utf-8"))


def ladders(table: list[Row]) -> list[list[Row]]:
    found = defaultdict(list)
    for row in table:
        found[tuple(row[name] for name in LADDER)].append(row)
    return list(found.values())


CODES = {name: rows(ROOT / f"{name}.csv") for name in ("subjects", "indicators", "boundaries", "attributes", "choices")}
IDS = {column: {row[column] for row in CODES[name]} for column, name in KNOWN_BY.items()}
KINDS = {row["subject"]: row["kind"] for row in CODES["subjects"]}
MEASURES = {row["indicator"]: row["kind"] for row in CODES["indicators"]}
ORDER = [row["attribute"] for row in CODES["attributes"]]
NUMBERS = {row["attribute"]: row["kind"] == "number" for row in CODES["attributes"]}
CHOICES = {(row["subject"], row["attribute"], row["value"]) for row in CODES["choices"]}
LEVELS = {set_id(path): {row["level_id"]: row for row in rows(path)} for path in TABLES}
SECTOR = LEVELS["ndrc-723-2023/sector"]
each_table = pytest.mark.parametrize("path", TABLES, ids=set_id)


# --- what is checked ------------------------------------------------------------------------------------------------


def faults(meta: Meta, table: list[Row]) -> list[str]:
    """Return what is wrong with one table; nothing if it can be used."""
    found = [*faults_of_document(meta, table)]
    ids = Counter(row["level_id"] for row in table)
    found += [f"{name}: two rows of one id" for name, count in ids.items() if count > 1]
    for row in table:
        found += [f"{row['level_id']}: {what}" for what in faults_of_row(meta, row)]
    if not found:
        for ladder in ladders(table):
            found += [f"{ladder[0]['level_id']}: {what}" for what in faults_of_ladder(meta["tiers"], ladder)]
        found += overlaps(ladders(table))
    return found


def faults_of_document(meta: Meta, table: list[Row]) -> Iterator[str]:
    yield from (f"no {name}" for name in SOURCE if not meta.get(name))
    if meta["tiers"] != TIERS[meta["kind"]]:
        yield "tiers of another kind"
    if meta["verification"] != max((row["verification"] for row in table), key=["", *WEAKEST].index):
        yield "verification is not that of the weakest row"
    for name in ("issued", "effective"):
        if name in meta and not (type(meta[name]) is dt.date and dt.date(2000, 1, 1) <= meta[name]):
            yield f"{name} is no day"


def faults_of_row(meta: Meta, row: Row) -> Iterator[str]:
    if not re.fullmatch(rf"[a-z0-9]+(-[a-z0-9]+)*-{row['tier']}", row["level_id"]):
        yield "id is not well formed"
    yield from (f"no {name}" for name in ("page", "boundary", "verification") if not row[name])
    yield from (f"unknown {name}" for name in KNOWN_BY if row[name] not in IDS[name])
    if KINDS.get(row["subject"]) != MEASURES.get(row["indicator"]):
        yield "an indicator of another kind of subject"
    if row["verification"] not in WEAKEST or row["better"] not in ("lower", "higher"):
        yield "a word that is not known"
    if row["strictness"] not in ("inclusive", "strict") or row["tier"] not in meta["tiers"]:
        yield "a word that is not known"
    if row["value"] and not re.fullmatch(r"-?\d+(\.\d+)?", row["value"]):
        yield "value is no plain decimal number"
    if row["value"] and not row["unit"]:
        yield "value without unit"
    if row["unit"] and not parses(row["unit"]):
        yield "unit does not parse"
    for name in ("deadline", "valid_from", "valid_to"):
        if row[name] and dt.date.fromisoformat(row[name]).isoformat() != row[name]:
            yield f"{name} is no day"
    yield from faults_of_condition(row)
    yield from faults_of_correction(row)


def parses(unit: str) -> bool:
    try:
        units.parse(unit)
    except units.UnitError:
        return False
    return True


def faults_of_condition(row: Row) -> Iterator[str]:
    condition = parse_condition(row["condition"], NUMBERS)
    if list(condition) != sorted(condition, key=ORDER.index):
        yield "attributes out of order"
    for attribute, value in condition.items():
        if not isinstance(value, Interval) and (row["subject"], attribute, value) not in CHOICES:
            yield f"unknown choice {attribute}={value}"


def faults_of_correction(row: Row) -> Iterator[str]:
    if not row["correction"]:
        return
    number = re.fullmatch(r"(\w+):-?[\d.]+:-?[\d.]+", row["correction"])
    choice = re.fullmatch(r"(\w+)=([\w-]+):\*[\d.]+", row["correction"])
    if number and NUMBERS.get(number[1]):
        return
    if not (choice and (row["subject"], choice[1], choice[2]) in CHOICES):
        yield "correction cannot be read"


def faults_of_ladder(tiers: list[str], ladder: list[Row]) -> Iterator[str]:
    if sorted(row["tier"] for row in ladder) != sorted(tiers):
        yield "tiers are not complete"
    for name in ("unit", "better", "deadline"):
        if len({row[name] for row in ladder}) != 1:
            yield f"{name} differs between the tiers"
    best_first = sorted(ladder, key=lambda row: tiers.index(row["tier"]))
    known = [Decimal(row["value"]) for row in best_first if row["value"]]
    if known != sorted(known, reverse=ladder[0]["better"] == "higher"):
        yield "a better tier is easier to reach"


def overlaps(found: list[list[Row]]) -> Iterator[str]:
    """Yield pairs of ladders that one line could meet both."""
    alike = defaultdict(list)
    for ladder in found:
        row = ladder[0]
        key = tuple(row[name] for name in ("subject", "indicator", "boundary"))
        alike[key].append((row, parse_condition(row["condition"], NUMBERS)))
    for ones in alike.values():
        for place, (one, condition) in enumerate(ones):
            for two, other in ones[:place]:
                years = (one["valid_to"] or "9") < two["valid_from"] or (two["valid_to"] or "9") < one["valid_from"]
                if not years and not disjoint(condition, other):
                    yield f"{one['level_id']} overlaps {two['level_id']}"


# --- every table ----------------------------------------------------------------------------------------------------


@each_table
def test_table_has_no_fault(path: Path) -> None:
    assert faults(document(path), rows(path)) == []


@each_table
def test_file_is_plain_csv_sorted_by_id(path: Path) -> None:
    data = path.read_bytes()
    assert not data.startswith(b"\xef\xbb\xbf"), "byte order mark"
    assert b"\r" not in data
    assert data.decode("utf-8").splitlines()[0].split(",") == HEADER
    table = rows(path)
    assert all(None not in row and None not in row.values() for row in table), "too many or too few cells"
    assert [row["level_id"] for row in table] == sorted(row["level_id"] for row in table)
    assert document(path)["id"] == set_id(path)


def test_every_toml_has_its_table_and_is_loaded() -> None:
    assert sorted(ROOT.glob("*/*.toml")) == [path.with_suffix(".toml") for path in TABLES]
    loaded = load_levels()
    assert sorted(loaded.sets) == sorted(LEVELS)
    assert sum(len(one.ladders) for one in loaded.sets.values()) == sum(len(ladders(rows(path))) for path in TABLES)


@pytest.mark.parametrize("name", ["subjects", "indicators", "boundaries", "choices"])
def test_no_name_leads_to_two_entries(name: str) -> None:
    leads = defaultdict(set)
    for row in CODES[name]:
        scope = (row["subject"], row["attribute"]) if name == "choices" else ()
        own = row["value"] if name == "choices" else next(iter(row.values()))
        words = [own, row["name_zh"], row["name_en"], *row.get("aliases", "").split("|")]
        assert row["name_zh"], own
        assert row["name_en"], own
        for word in filter(None, words):
            leads[*scope, word.casefold()].add(own)
    assert {word: entries for word, entries in leads.items() if len(entries) > 1} == {}


def test_choices_are_of_known_subjects_and_text_attributes() -> None:
    for subject, attribute, _ in CHOICES:
        assert subject in KINDS
        assert NUMBERS[attribute] is False
    assert len(CHOICES) == len(CODES["choices"])


def test_every_product_has_a_level_and_every_equipment_measure_a_column() -> None:
    used = {row["subject"] for table in LEVELS.values() for row in table.values()}
    assert used == set(KINDS)
    columns = [row["column"] for row in CODES["indicators"] if row["kind"] == "equipment" and row["column"]]
    assert len(columns) == len(set(columns))
    assert not any(row["column"] for row in CODES["indicators"] if row["kind"] == "product")


# --- the check finds what is wrong ----------------------------------------------------------------------------------

BROKEN = {
    "no page": {"page": ""},
    "no verification": {"verification": ""},
    "no boundary": {"boundary": ""},
    "unknown subject": {"subject": "unobtainium"},
    "unknown indicator": {"indicator": "unit-luck"},
    "unknown choice": {"condition": "type=imaginary"},
    "unit does not parse": {"unit": "kgce/parsec"},
    "value without unit": {"unit": ""},
    "unit differs": {"unit": "tce/t"},
    "no plain decimal": {"value": "1E2"},
    "no plain decimal number": {"value": "nan"},
    "easier to reach": {"value": "999"},
    "tiers are not complete": {"condition": "capacity_t_d=(0,500]"},
    "not well formed": {"level_id": "Coke_1-benchmark"},
    "correction cannot be read": {"correction": "__import__('os')"},
}


@pytest.mark.parametrize(("fault", "change"), BROKEN.items(), ids=BROKEN)
def test_broken_row_is_found(fault: str, change: Row) -> None:
    path = ROOT / "ndrc-723-2023" / "sector.csv"
    broken = [row | change if row["level_id"] == "coke-top-charged-benchmark" else row for row in rows(path)]
    assert any(fault in found for found in faults(document(path), broken))


@pytest.mark.parametrize("name", SOURCE)
def test_table_without_source_is_found(name: str) -> None:
    path = ROOT / "gb-21342-2025" / "limits.csv"
    meta = document(path)
    assert faults(meta | {name: ""}, rows(path)) == [f"no {name}"]
    assert faults({key: value for key, value in meta.items() if key != name}, rows(path)) == [f"no {name}"]


def test_overlap_is_found() -> None:
    path = ROOT / "gb-21340-2019" / "limits.csv"
    wider = [row | {"condition": row["condition"].replace("(800,", "[800,")} for row in rows(path)]
    assert [found for found in faults(document(path), wider) if "overlaps" in found]


# --- the sector levels of 2023 --------------------------------------------------------------------------------------


def test_sector_levels_have_36_fields_of_which_eleven_are_empty() -> None:
    fields = defaultdict(list)
    for row in SECTOR.values():
        fields[int(re.fullmatch(r"附件 第(\d+)项", row["page"])[1])].append(row)
    assert sorted(fields) == list(range(1, 37))
    empty = [number for number, found in fields.items() if not any(row["value"] for row in found)]
    assert sorted(empty) == list(range(26, 37))
    for number, found in fields.items():
        assert {row["deadline"] for row in found} == {"2026-12-31" if number in empty else "2025-12-31"}
        assert all(bool(row["value"]) == (number not in empty) for row in found)


def test_29_pairs_are_corroborated_by_the_very_levels_that_they_name() -> None:
    named = [row for row in SECTOR.values() if row["corroborated_by"]]
    assert len(named) == 2 * 29
    for row in named:
        level, standard = re.match(r"level (\d) of (GB \d+-\d{4}) ", row["corroborated_by"]).groups()
        assert level == {"benchmark": "2", "baseline": "3"}[row["tier"]]
        quota = LEVELS[standard.lower().replace(" ", "-") + "/limits"].values()
        names = ("subject", "indicator", "boundary", "unit")
        same = [o for o in quota if o["tier"] == level and all(o[name] == row[name] for name in names)]
        same = [o for o in same if not o["condition"] or o["condition"].endswith(row["condition"])]
        assert [Decimal(o["value"]) for o in same] == [Decimal(row["value"])], row["level_id"]


def test_only_what_was_read_somewhere_is_secondary() -> None:
    secondary = {row["subject"] + row["condition"] for row in SECTOR.values() if row["verification"] == "secondary"}
    assert secondary == {"coketype=stamp-charged", "cement-clinker", "blast-furnace-iron", "converter-steel"}


# --- values typed from the publications' transcriptions -------------------------------------------------------------

SPOT = {
    "ndrc-723-2023/sector:cement-clinker": ["benchmark 100 kgce/t", "baseline 117 kgce/t"],
    "ndrc-723-2023/sector:converter-steel": ["benchmark -30 kgce/t", "baseline -10 kgce/t"],
    "gb-16780-2021/limits:cement-clinker": ["1 100 kgce/t", "2 107 kgce/t", "3 117 kgce/t"],
    "gb-18613-2020/motors:motor-75kw-4-poles": ["1 96.7 %", "2 96.0 %", "3 95.0 %"],
    "gb-30253-2024/motors:motor-pm-line-start-75kw-4-poles": ["1 97.0 %", "2 96.7 %", "3 96.0 %"],
    "gb-20052-2024/transformers:transformer-dry-10kv-f-1000kva": ["1 7.315 kW", "2 7.315 kW", "3 8.13 kW"],
    "gb-20052-2024/transformers:transformer-dry-10kv-oriented-1000kva": ["1 1.02 kW", "2 1.205 kW", "3 1.415 kW"],
    "gb-19762-2025/pumps:pump-single-suction-5-to-300-m3-h": ["1 161.33 %", "2 163.33 %", "3 168.33 %"],
    "gb-19762-2025/pumps:pump-multistage-100-to-3000-m3-h": ["1 140.33 %", "2 142.33 %", "3 150.33 %"],
    "mee-ets-power/2023-2024:power-generation-gas-electricity-2024": ["allowance 0.3288 tCO2/MWh"],
}  # fmt: skip


@pytest.mark.parametrize(("ladder", "expected"), SPOT.items(), ids=SPOT)
def test_spot_values(ladder: str, expected: list[str]) -> None:
    name, _, level = ladder.partition(":")
    for tier in expected:
        row = LEVELS[name][f"{level}-{tier.split()[0]}"]
        assert f"{row['tier']} {row['value']} {row['unit']}" == tier


def test_pump_formulas_stand_as_printed() -> None:
    meta = document(ROOT / "gb-19762-2025" / "pumps.csv")
    assert meta["formula"] == {
        "single-stage": {"a": "-8.44", "b": "-0.48", "c": "0.09", "d": "84.63", "e": "8.5"},
        "multistage": {"a": "-6.93", "b": "-0.19", "c": "-0.4", "d": "72.67", "e": "8.73"},
    }
    types = {row["condition"].split("; ")[0].removeprefix("type=") for row in LEVELS["gb-19762-2025/pumps"].values()}
    assert set(meta["formulas"]) == types
    assert set(meta["formulas"].values()) == set(meta["formula"])


def test_level_two_that_is_no_ladder_is_left_out() -> None:
    table = LEVELS["gb-21258-2024/limits"]
    left_out = sorted(name for name, row in table.items() if "reads 285" in row["note"])
    assert left_out == [f"coal-power-{unit}-supply-coal-rate-2" for unit in
                        ("sc-300", "sc-600", "subcritical-300", "subcritical-600")]  # fmt: skip
    assert not any(table[name]["value"] for name in left_out)
