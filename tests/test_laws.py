"""Laws over random activity tables of real items, units and regions under several method packs (design §8)."""

from __future__ import annotations

import csv
import random
import tempfile
from collections import defaultdict
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pyarrow import parquet
from shared.jobs import POTENTIALS, Job, Row, columns, exact, files, jobs

import carbon
from carbon.kernels import COMPILE_ABOVE
from carbon.library import Library
from carbon.run import write

ROUNDOFF = Fraction(1, 2**53)
MASSES = ("co2_t", "ch4_t", "n2o_t", "other_co2e_t", "co2e_t", "biogenic_co2_t")


def close(found: Fraction | float | None, expected: Fraction, gross: Fraction, steps: int = 8) -> bool:
    """Return whether a number is right to within a few roundings of what was added and taken away."""
    return found is not None and abs(Fraction(found) - expected) <= steps * ROUNDOFF * gross


def gross_by_place(result: carbon.Result) -> dict[tuple[str, str, str], Fraction]:
    """Return how much was added and taken away in each (facility, period), per basis. [kg CO2e and biogenic CO2]"""
    lines = columns(result)
    found: dict[tuple[str, str, str], Fraction] = defaultdict(Fraction)
    for number, name in enumerate(lines["facility"]):
        for basis, column in (("location", "co2e_kg"), ("market", "co2e_market_kg")):
            found[name, lines["period"][number], basis] += abs(exact(lines[column][number]))
            if "co2_biogenic_kg" in lines:
                found[name, lines["period"][number], basis] += abs(exact(lines["co2_biogenic_kg"][number]))
    return found


def scaled(row: Row, factor: Fraction) -> Row:
    changed = Fraction(row["quantity"]) * factor
    return row | {"quantity": str(Decimal(changed.numerator) / Decimal(changed.denominator))}


# --- the input's own freedom ----------------------------------------------------------------------------------------


@settings(max_examples=60)
@given(jobs(), st.randoms(use_true_random=False))
def test_order_of_rows_does_not_change_a_byte(library: Library, job: Job, chance: random.Random) -> None:
    mixed = list(job.rows)
    chance.shuffle(mixed)
    assert files(replace(job, rows=mixed).good(library)) == files(job.good(library))


@settings(max_examples=40)
@given(jobs(), st.data())
def test_row_split_in_two_gives_the_same_totals(library: Library, job: Job, data: st.DataObject) -> None:
    which = data.draw(st.integers(0, len(job.rows) - 1))
    half = scaled(job.rows[which], Fraction(1, 2))
    split = [*job.rows[:which], half, *job.rows[which + 1 :], half | {"note": "the other half"}]
    whole, parts = job.good(library), replace(job, rows=split).good(library)
    bound = {
        basis: sum(v for (_, _, b), v in gross_by_place(whole).items() if b == basis)
        for basis in ("location", "market")
    }
    for one, two in zip(whole.total_records, parts.total_records, strict=True):
        assert {k: v for k, v in one.items() if k not in MASSES} == {k: v for k, v in two.items() if k not in MASSES}
        for column in MASSES:
            assert abs(exact(one[column]) - exact(two[column])) <= bound[one["basis"]] / 1000 / 10**15
    gross = sum((abs(exact(value)) for value in columns(whole)["energy_kgce"]), Fraction(0)) / 1000
    for one, two in zip(whole.energy_records, parts.energy_records, strict=True):
        assert (one["tce"] is None) == (two["tce"] is None)
        assert abs(exact(one["tce"]) - exact(two["tce"])) <= gross / 10**15


@settings(max_examples=40)
@given(jobs(), st.integers(-3, 12))
def test_quantities_times_a_power_of_two_give_totals_times_it(library: Library, job: Job, power: int) -> None:
    factor = Fraction(2) ** power
    once, scaled_up = job.good(library), replace(job, rows=[scaled(row, factor) for row in job.rows]).good(library)
    for one, two in zip(once.total_records, scaled_up.total_records, strict=True):
        for column in MASSES:
            assert (one[column] is None) == (two[column] is None)
            assert exact(two[column]) == exact(one[column]) * factor, column
    for one, two in zip(once.energy_records, scaled_up.energy_records, strict=True):
        for column in ("tce", "tce_primary", "quantity"):
            assert exact(two[column]) == exact(one[column]) * factor, column


UNITS = {  # how many of the first one each unit is; the same amount is entered in two of them
    "electricity": ["kWh: 1", "MWh: 1000", "万千瓦时: 10000", "GJ: 1000/3.6", "MJ: 1/3.6", "亿千瓦时: 100000000"],
    "heat": ["GJ: 1", "MJ: 0.001", "百万千焦: 1", "kJ: 0.000001", "TJ: 1000"],
    "coke": ["t: 1", "kg: 0.001", "万吨: 10000", "千克: 0.001"],
    "limestone": ["t: 1", "kg: 0.001", "kt: 1000"],
    "natural-gas": ["万Nm3: 10000", "Nm3: 1", "标准立方米: 1"],
    "sf6": ["kg: 1", "g: 0.001", "t: 1000"],
}


@settings(max_examples=60)
@given(
    st.sampled_from(list(UNITS)), st.sampled_from(["cn-steel", "cn-general"]), st.data(), st.integers(1, 10**6 - 1),
    st.integers(-2, 3),
)  # fmt: skip
def test_same_amount_in_another_unit_gives_the_same_bits(
    library: Library, item: str, method: str, data: st.DataObject, whole: int, exponent: int
) -> None:
    assume(not (item == "limestone" and method == "cn-general"))  # that pack has pure calcium carbonate only
    amount = Fraction(whole) * Fraction(10) ** exponent * 9  # a multiple of 9 is a finite decimal in kWh and in GJ
    found = set()
    for text in data.draw(st.lists(st.sampled_from(UNITS[item]), min_size=2, max_size=4, unique=True)):
        unit, size = text.split(": ")
        top, _, below = size.partition("/")
        number = amount / (Fraction(top) / Fraction(below or "1"))
        quantity = Decimal(number.numerator) / Decimal(number.denominator)
        assert Fraction(quantity) == number
        assume(quantity <= 10**15)  # the largest number that a table takes
        row = {"facility": "steel", "period": "2023", "item": item, "unit": unit, "quantity": f"{quantity:f}"}
        result = Job([row], names=["steel"]).good(library, facilities=None, method=method, region="CN-SD")
        totals = tuple(r[c].hex() for r in result.total_records for c in ("co2_t", "co2e_t", "other_co2e_t"))
        found.add((totals, tuple(r["tce"].hex() for r in result.energy_records)))
    assert len(found) == 1


@settings(max_examples=30)
@given(jobs(), st.sampled_from(["GJ/t", "MJ/kg", "kJ/kg", "GJ/kg", "TJ/kt"]), st.integers(10_000, 34_000))
def test_unit_of_a_measured_value_changes_no_bit(library: Library, job: Job, unit: str, kilojoules: int) -> None:
    per = {"GJ/t": -3, "MJ/kg": -3, "kJ/kg": 0, "GJ/kg": -6, "TJ/kt": -3}
    base = {"facility": "steel", "period": "2023", "item": "coke", "unit": "t", "quantity": job.rows[0]["quantity"]}
    first = base | {"ncv": str(kilojoules), "ncv_unit": "kJ/kg", "oxidation": "0.99"}
    other = base | {"ncv": str(Decimal(kilojoules).scaleb(per[unit])), "ncv_unit": unit, "oxidation": "0.99"}
    one, two = (columns(Job([row]).good(library)) for row in (first, other))
    for column in ("co2_kg", "co2e_kg", "energy_kgce"):
        assert two[column][0] == one[column][0]


# --- sums -----------------------------------------------------------------------------------------------------------


@settings(max_examples=50)
@given(jobs())
def test_totals_are_the_exact_sums_of_their_lines(library: Library, job: Job) -> None:
    result = job.good(library)
    lines = columns(result)
    gross = gross_by_place(result)
    sums: dict[tuple[str, ...], dict[str, Fraction]] = defaultdict(lambda: defaultdict(Fraction))
    for number, name in enumerate(lines["facility"]):
        if not lines["category"][number]:
            continue
        for basis, co2e in (("location", "co2e_kg"), ("market", "co2e_market_kg")):
            for category in (lines["category"][number], "total"):
                cell = sums[name, lines["period"][number], basis, category]
                cell["co2e_t"] += exact(lines[co2e][number])
                if basis == "location":
                    for column in ("co2", "ch4", "n2o", "biogenic_co2"):
                        gas = "co2_biogenic_kg" if column == "biogenic_co2" else f"{column}_kg"
                        cell[f"{column}_t"] += exact(lines.get(gas, [0.0] * len(lines["facility"]))[number])
    seen = 0
    for record in result.total_records:
        key = record["facility"], record["period"], record["basis"], record["category"]
        for column, kilograms in sums.get(key, {}).items():
            bound = gross[key[0], key[1], key[2]] + abs(kilograms)
            assert close(record[column], kilograms / 1000, bound / 1000), (key, column)
            seen += 1
    assert seen or not any(lines["category"])


def quarter_of(label: str) -> str:
    """Return the quarter of a month; a quarter and a year stay what they are."""
    year, _, part = label.partition("-")
    return f"{year}-Q{(int(part) + 2) // 3}" if part.isdigit() else label


@settings(max_examples=50)
@given(jobs())
def test_categories_places_and_periods_add_up(library: Library, job: Job) -> None:
    result = job.good(library)
    native = {row["period"] for row in job.rows}
    gross = sum(gross_by_place(result).values(), Fraction(0)) / 1000
    records = result.total_records
    total = {(r["facility"], r["group"], r["period"], r["basis"]): r for r in records if r["category"] == "total"}
    spans = {span for label in native for span in (label, quarter_of(label), label[:4])}
    assert {period for _, _, period, _ in total} == (spans if records else set())
    for (facility, group, period, basis), record in total.items():
        for column in MASSES:
            parts = [
                exact(r[column])
                for r in records
                if (r["facility"], r["group"], r["period"], r["basis"]) == (facility, group, period, basis)
                and r["category"] != "total"
            ]
            assert close(record[column], sum(parts, Fraction(0)), gross), "categories → total"
            inside = [
                exact(r[column])
                for (name, member, span, side), r in total.items()
                if name and (span, side) == (period, basis) and (member == group or not group)
            ]
            assert facility or close(record[column], sum(inside, Fraction(0)), gross), "facilities → group, all"
            months = [
                exact(r[column])
                for (name, member, span, side), r in total.items()
                if (name, member, side) == (facility, group, basis) and span in native and span.startswith(period)
            ]
            if period not in native and "Q" not in period:
                assert close(record[column], sum(months, Fraction(0)), gross), "months → year"


@settings(max_examples=50)
@given(jobs())
def test_co2e_is_the_sum_of_gases_by_their_potentials(library: Library, job: Job) -> None:
    lines = columns(job.good(library))
    potentials = {"CO2": 1, **POTENTIALS[job.gwp]}
    for number in range(len(job.rows)):
        direct = "kgCO2e" in job.rows[number].get("factor_unit", "")
        masses = {
            gas: exact(lines.get(f"{gas.lower().replace('-', '_')}_kg", [None] * (number + 1))[number])
            for gas in potentials
        }
        expected = sum((Fraction(potentials[gas]) * mass for gas, mass in masses.items()), Fraction(0))
        if direct:
            expected += exact(lines["co2e_kg"][number])
        assert close(lines["co2e_kg"][number] or 0.0, expected, abs(expected))


@settings(max_examples=30)
@given(jobs())
def test_written_lines_add_up_to_written_totals(library: Library, job: Job) -> None:
    result = job.good(library)
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "out"
        write(result, target, {})
        lines = parquet.read_table(target / "lines.parquet").to_pydict()
        with (target / "totals.csv").open(encoding="utf-8-sig", newline="") as file:
            totals = list(csv.DictReader(file))
        with (target / "energy.csv").open(encoding="utf-8-sig", newline="") as file:
            energy = list(csv.DictReader(file))
    for basis, column in (("location", "co2e_kg"), ("market", "co2e_market_kg")):
        whole = sum(map(exact, lines[column]), Fraction(0))
        written = [
            Fraction(float(r["co2e_t"]))
            for r in totals
            if r["facility"] and r["category"] == "total" and r["basis"] == basis and r["period"] in lines["period"]
        ]
        gross = sum((abs(exact(value)) for value in lines[column]), Fraction(0)) / 1000
        assert close(sum(written, Fraction(0)), whole / 1000, gross)
    coal = [exact(value) for value in lines["energy_kgce"]]
    written = [
        Fraction(float(r["tce"] or 0))
        for r in energy
        if r["facility"] and r["item"] == "total" and r["period"] in lines["period"]
    ]
    assert close(sum(written, Fraction(0)), sum(coal, Fraction(0)) / 1000, sum(map(abs, coal), Fraction(0)) / 1000)


@settings(max_examples=30)
@given(jobs(least=2))
def test_facilities_accounted_apart_come_to_the_same(library: Library, job: Job) -> None:
    together = [r for r in job.good(library).total_records if r["facility"]]
    apart = []
    for name in sorted({row["facility"] for row in job.rows}):
        alone = replace(job, rows=[row for row in job.rows if row["facility"] == name])
        apart += [r for r in alone.good(library).total_records if r["facility"]]

    def order(record: dict[str, Any]) -> tuple[str, ...]:
        return tuple(str(record[name]) for name in ("facility", "period", "basis", "category"))

    assert sorted(together, key=order) == sorted(apart, key=order)


@settings(max_examples=20)
@given(jobs())
def test_language_changes_no_number(library: Library, job: Job) -> None:
    english, chinese = job.good(library), job.good(library, language="zh")
    assert english.total_records == chinese.total_records
    for one, two in zip(english.energy_records, chinese.energy_records, strict=True):
        assert one | {"item_name": ""} == two | {"item_name": ""}


def test_table_above_the_threshold_is_summed_exactly(library: Library) -> None:
    # more entries than are interpreted: compiled kernels, and a total that only exact sums get right
    size = COMPILE_ABOVE // 2
    draw = np.random.default_rng(7)
    quantity = draw.integers(1, 10**9, size) / 10.0 ** draw.integers(0, 5, size)
    table = pa.table({
        "facility": pa.array(np.where(draw.random(size) < 0.5, "a", "b").tolist()),
        "period": ["2023"] * size, "item": ["coke"] * size, "unit": ["t"] * size,
        "use": pa.array(np.where(draw.random(size) < 0.5, "combustion", "product").tolist()),
        "quantity": quantity,
    })  # fmt: skip
    result = carbon.account(table, method="cn-steel", library=library)
    assert len(result.plan.entries[0]) > COMPILE_ABOVE
    lines = columns(result)
    for record in result.total_records:
        if record["facility"] and record["category"] == "total" and record["basis"] == "location":
            inside = [
                exact(v) for v, f in zip(lines["co2e_kg"], lines["facility"], strict=True) if f == record["facility"]
            ]
            assert record["co2e_t"] == float(sum(inside, Fraction(0)) / 1000)
    backwards = carbon.account(table.take(np.arange(size)[::-1]), method="cn-steel", library=library)
    assert files(backwards) == files(result)
