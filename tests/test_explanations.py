"""What is said about a line multiplies out to it, and what is missing is said wherever it counts."""

from __future__ import annotations

import json
import re
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from pyarrow import parquet
from shared.jobs import Job, columns, exact, jobs, size

import carbon
from carbon.library import Library
from carbon.run import explain, write


def evaluated(arithmetic: str) -> tuple[Fraction, Fraction]:
    """Return what a written product comes to, and the kilograms that it says it comes to."""
    product, kilograms, tonnes = arithmetic.split(" = ")
    sign = -1 if product.startswith("− ") else 1
    result = Fraction(sign)
    for written in re.sub(r"^− \([^)]*\) ", "", product).split(" × "):
        part = re.sub(r" \[.*\]$", "", written)
        if part == "44/12":
            result *= Fraction(44, 12)
        elif found := re.fullmatch(r"\(1 / (\S+) (\S+)\)", part):
            result /= Fraction(found[1]) * size(found[2])
        else:
            number, _, unit = part.replace(",", "").partition(" ")
            result *= Fraction(number) * size(unit or "1")
    said = Fraction(kilograms.replace(",", "").split(" ")[0])
    assert abs(Fraction(tonnes.replace(",", "").split(" ")[0]) * 1000 - said) <= abs(said) / 10**14
    return result, said


def explained(text: str) -> Iterator[tuple[str, str, Fraction]]:
    """Yield target, basis and kilograms of each product that an explanation writes out, after checking it."""
    for line in text.splitlines()[2:]:
        if found := re.fullmatch(r"  ([\w-]+|primary energy)(?: \((location|market)-based\))? = (.* = .* = .*)", line):
            result, said = evaluated(found[3])
            assert abs(result - said) <= abs(said) / 10**12, line
            yield found[1], found[2] or "", said


@settings(max_examples=40)
@given(jobs(most=6))
def test_explanation_multiplies_out_to_the_line(library: Library, job: Job) -> None:
    result = job.good(library)
    lines = columns(result)
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "out"
        write(result, target, {})
        plan = json.loads((target / "plan.json").read_text("utf-8"))
        stored = parquet.read_table(target / "lines.parquet").to_pylist()
        texts = [explain(target, number + 1) for number in range(len(job.rows))]
    for number, row in enumerate(job.rows):
        assert texts[number] == result.explain(number + 1)
        sums: dict[str, Fraction] = defaultdict(Fraction)
        for term in plan["keys"][stored[number]["key"]]["terms"]:
            amount = Fraction(row["quantity"]) * Fraction(term["scale"])
            for slot in term["slots"]:
                amount *= Fraction(row[slot["column"]]) if slot["column"] else Fraction(slot["value"])
            if term["basis"] != "market":
                sums[term["target"]] += amount
        written: dict[str, Fraction] = defaultdict(Fraction)
        for target_name, basis, kilograms in explained(texts[number]):
            if basis != "market":
                written[{"primary energy": "energy-primary"}.get(target_name, target_name)] += kilograms
        for name, amount in sums.items():
            column = {"energy": "energy_kgce", "energy-primary": "energy_primary_kgce"}.get(
                name, f"{name.lower().replace('-', '_')}_kg"
            )
            assert abs(exact(lines[column][number]) - amount) <= abs(amount) / 10**14, (row["item"], name)
            if name in written or name != "energy-primary":  # left out where it is the energy itself
                assert abs(written[name] - amount) <= abs(amount) / 10**12, (row["item"], name)


def test_grouped_totals_say_what_is_missing_as_the_full_table_does(library: Library) -> None:
    fuel = {"item": "diesel", "unit": "t", "use": "combustion", "factor": "3", "factor_unit": "tCO2/t"}
    good = {"facility": "a", "period": "2023-01", "quantity": "10", **fuel}
    bad = [good | {"period": "2023-02", "quantity": "x"}, good | {"facility": "b", "quantity": "x"}]
    result = carbon.account([good, *bad], method="cn-general", library=library)
    (everything,) = result.totals([]).to_dict("records")
    assert everything["co2e_t"] == 30.0  # 10 x 3
    assert not everything["complete"]
    assert not result.totals("scope")["complete"].any()
    assert result.totals("facility").fillna(-1.0).set_index("facility")["co2e_t"].to_dict() == {"a": 30.0, "b": -1.0}
    assert result.totals(["facility", "period"]).set_index(["facility", "period"])["complete"].to_dict() == {
        ("a", "2023-01"): True, ("a", "2023-02"): False, ("b", "2023-01"): False,
    }  # fmt: skip


@pytest.mark.parametrize("turned", [False, True])
def test_each_basis_that_lacks_something_says_so_whatever_the_order(library: Library, turned: bool) -> None:
    gas = {"item": "natural-gas", "unit": "t", "use": "combustion", "factor": "2", "factor_unit": "tCO2/t"}
    power = {"item": "electricity", "unit": "MWh", "region": "CN-SD"}  # no residual factor of 2019
    rows = [{"facility": "a", "period": "2019", "quantity": "5", **row} for row in (gas, power)]
    result = carbon.account(rows[::-1] if turned else rows, method="cn-general", library=library)
    market = [r for r in result.total_records if (r["category"], r["basis"]) == ("total", "market")]
    assert market
    assert not any(r["complete"] for r in market)
    coal = [r for r in result.energy_records if r["item"] == "total"]
    assert coal
    assert not any(r["complete"] for r in coal)


def test_year_with_one_month_of_another_item_is_not_complete(library: Library) -> None:
    rows = [
        {"facility": "a", "period": "2023", "item": "natural-gas", "quantity": "5", "unit": "万Nm3"},
        {"facility": "a", "period": "2023-01", "item": "electricity", "quantity": "5", "unit": "MWh", "region": "CN"},
    ]
    result = carbon.account(rows, method="cn-general", library=library)
    year = [r for r in result.total_records if r["period"] == "2023" and r["category"] == "total"]
    assert year
    assert not any(r["complete"] for r in year)
