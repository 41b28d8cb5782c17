"""Worked examples as data: `cases/<standard>/<name>.toml`, with the arithmetic written out.

Every line of a case carries its product (``work``); every total the sum of its lines. The test first multiplies those
out itself, in fractions and without the engine, then compares the engine with them.
"""

from __future__ import annotations

import ast
import csv
import io
import re
import tomllib
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

import carbon
from carbon.library import Library

FOLDER = Path(__file__).with_name("cases")
FILES = sorted(FOLDER.glob("*/*.toml"))
CASES = [
    pytest.param(case, id=f"{path.parent.name}/{path.stem}-{number}")
    for path in FILES
    for number, case in enumerate(tomllib.loads(path.read_text("utf-8"))["case"], start=1)
]
KEYS = {"title", "source", "method", "gwp", "note", "rows", "totals", "energy", "alike"}
WORK = {"work": "tCO2e", "work_market": "tCO2e", "work_energy": "tce"}
TOLERANCE = Fraction(1, 100)  # tonnes, per line, per category and in total

each_case = pytest.mark.parametrize("case", CASES)


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.strip("\n"))))


def number(text: str) -> Fraction:
    return Fraction(text.replace("−", "-"))


def multiplied_out(text: str) -> Fraction:
    """Return what a product or sum written with × and − comes to, in exact fractions."""

    def of(node: ast.AST) -> Fraction:
        match node:
            case ast.BinOp(left, ast.Mult(), right):
                return of(left) * of(right)
            case ast.BinOp(left, ast.Div(), right):
                return of(left) / of(right)
            case ast.BinOp(left, ast.Add(), right):
                return of(left) + of(right)
            case ast.BinOp(left, ast.Sub(), right):
                return of(left) - of(right)
            case ast.UnaryOp(ast.USub(), inside):
                return -of(inside)
            case ast.Constant():
                return Fraction(ast.get_source_segment(source, node) or "")
        raise AssertionError(ast.dump(node))

    source = text.replace("×", "*").replace("−", "-").strip()
    return of(ast.parse(source, mode="eval").body)


def checked(work: str, unit: str) -> Fraction:
    """Return the result of ``product = result unit`` after multiplying it out."""
    product, result, found = re.fullmatch(r"(.+) = (\S+)(?: (\S+))?", work).groups()
    assert found in (unit, None), f"{work}: in {unit}"
    decimals = len(result.partition(".")[2])
    assert abs(multiplied_out(product) - number(result)) <= Fraction(1, 2 * 10**decimals), f"wrong arithmetic: {work}"
    return number(result)


def printed_half(work: str) -> Fraction:
    """Return half a unit of the last printed place of ``product = result unit``, with room for one float."""
    result = number(work.partition(" = ")[2].split()[0])
    places = len(work.partition(" = ")[2].split()[0].partition(".")[2])
    return Fraction(1, 2 * 10**places) + abs(result) / 2**52


def inputs(case: dict[str, Any]) -> list[dict[str, str]]:
    return [{k: v for k, v in row.items() if k not in WORK and v} for row in table(case["rows"])]


def accounted(case: dict[str, Any], rows: list[dict[str, str]], library: Library) -> carbon.Result:
    result = carbon.account(rows, method=case["method"], gwp=case.get("gwp", ""), library=library)
    assert result.issues.errors == [], [issue.text() for issue in result.issues.errors]
    return result


def test_there_are_cases_of_every_sector() -> None:
    assert {path.parent.name for path in FILES} >= {
        "energy-statistics", "cets-ag-02-cement", "cets-ag-03-steel", "cets-ag-04-aluminium", "ndrc-2013-chemicals",
        "gb-t-32151-34-carbon-materials", "gb-t-32151-steam", "ghg-protocol", "ipcc", "units",
    }  # fmt: skip


@each_case
def test_case_is_complete_and_its_arithmetic_is_right(case: dict[str, Any]) -> None:
    assert set(case) <= KEYS
    assert case["title"]
    assert len(case["source"]) > 20
    rows = table(case["rows"])
    assert all(any(row.get(name) for name in WORK) for row in rows), "every line says how its number comes about"
    for name, unit in WORK.items():
        for row in rows:
            if row.get(name):
                checked(row[name], unit)
    for name, column in (("totals", "co2e_t"), ("energy", "tce")):
        for row in table(case.get(name, "")):
            assert abs(checked(row["work"], "") - Fraction(row[column])) <= Fraction(1, 10**6)


@each_case
def test_lines_come_to_what_the_case_says(case: dict[str, Any], library: Library) -> None:
    rows = table(case["rows"])
    lines = accounted(case, inputs(case), library).line_arrow.to_pylist()
    columns = {"work": "co2e_kg", "work_market": "co2e_market_kg", "work_energy": "energy_kgce"}
    for row, line in zip(rows, lines, strict=True):
        for name, unit in WORK.items():
            if not row.get(name):
                continue
            found = line[columns[name]]
            assert found is not None, f"{row['item']}: no {columns[name]}"
            missed = abs(Fraction(found) / 1000 - checked(row[name], unit))
            assert missed <= printed_half(row[name]), f"{row['item']}: {found / 1000}"


@each_case
def test_totals_come_to_what_the_case_says(case: dict[str, Any], library: Library) -> None:
    rows = inputs(case)
    result = accounted(case, rows, library)
    expected = {(row["category"], row["basis"]): Fraction(row["co2e_t"]) for row in table(case.get("totals", ""))}
    found: dict[tuple[str, str], Fraction] = {}
    native = {(row["facility"], row["period"]) for row in rows}
    bases = {basis for _, basis in expected}
    for record in result.total_records:
        if (record["facility"], record["period"]) in native and record["basis"] in bases:
            assert record["co2e_t"] is not None, f"{record['facility']} {record['category']}"
            key = (record["category"], record["basis"])
            found[key] = found.get(key, Fraction(0)) + Fraction(record["co2e_t"])
    for key, tonnes in expected.items():
        assert key in found, f"no category {key}; found {sorted(found)}"
        assert abs(found[key] - tonnes) <= TOLERANCE, f"{key}: {float(found[key])}, expected {float(tonnes)}"
    assert set(found) == set(expected)


@each_case
def test_energy_comes_to_what_the_case_says(case: dict[str, Any], library: Library) -> None:
    first = inputs(case)[0]
    records = accounted(case, inputs(case), library).energy_records
    found = {
        (r["item"], r["use"]): r["tce"]
        for r in records
        if (r["facility"], r["period"]) == (first["facility"], first["period"])
    }
    for row in table(case.get("energy", "")):
        printed = Fraction(row["tce"])
        assert abs(Fraction(found[row["item"], row["use"]]) - printed) <= Fraction(1, 10**6), row


def test_printed_example_of_the_notice_is_met_to_the_last_digit(library: Library) -> None:
    # 工信厅企业〔2024〕56号 (L2794) prints 380.99, 1.929 and 382.919: the very floats, not neighbours of them
    rows = [
        {"facility": "A", "period": "2024", "item": "电力", "quantity": "310", "unit": "万千瓦时"},
        {"facility": "A", "period": "2024", "item": "高炉煤气", "quantity": "1.5", "unit": "万立方米"},
    ]
    records = carbon.account(rows, method="cn-statistics", library=library).energy_records
    found = {record["item"]: record["tce"] for record in records}
    assert (found["electricity"], found["blast-furnace-gas"], found["total"]) == (380.99, 1.929, 382.919)


@pytest.mark.parametrize("case", [case for case in CASES if case.values[0].get("alike")])
def test_one_amount_in_several_units_gives_the_same_bits(case: dict[str, Any], library: Library) -> None:
    found = set()
    for row in inputs(case):
        result = accounted(case, [row], library)
        totals = tuple((r["category"], r["basis"], r["co2e_t"].hex()) for r in result.total_records)
        found.add((totals, tuple((r["item"], r["tce"].hex()) for r in result.energy_records)))
    assert len(inputs(case)) > 1
    assert len(found) == 1
