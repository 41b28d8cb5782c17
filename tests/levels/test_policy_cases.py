"""Worked cases of policies and standards as data: `cases/levels/<document>/<name>.toml`, arithmetic written out.

A file holds tables of a kind: `verdict` (lines held against levels), `target` (a portfolio held against dated targets),
`change` (one figure against a base), `gate` (project rules), `renewal` (age and size), `strict` (own levels of 低于).
Their `work` is multiplied out here, in fractions and without the engine.
"""

from __future__ import annotations

import ast
import csv
import datetime as dt
import io
import operator
import tomllib
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

import carbon
from carbon.benchmarks.gates import conditions, decide
from carbon.benchmarks.levels import HEADER
from carbon.benchmarks.policy import rules
from carbon.benchmarks.targets import check_change

FOLDER = Path(__file__).parents[1] / "cases" / "levels"
FILES = sorted(FOLDER.glob("*/*.toml"))
KINDS = {
    "verdict": {"title", "source", "levels", "rows"},
    "target": {"title", "source", "work", "want", "now", "mend", "shares", "strict", "rows", "base"},
    "change": {"title", "source", "rows"},
    "gate": {"title", "source", "rows"},
    "renewal": {"title", "source", "today", "rows"},
    "strict": {"title", "source", "rows"},
}
WANTED = {"want", "tier", "level", "gap", "tce", "co2e", "code", "work"}
SIGNS: dict[type, Callable[[Fraction, Fraction], Fraction]] = {
    ast.Mult: operator.mul, ast.Div: operator.truediv, ast.Add: operator.add, ast.Sub: operator.sub,
}  # fmt: skip
OUTCOMES = {"met": True, "not met": False, "unknown": None, "passes": True, "fails": False}
ROW = dict.fromkeys(HEADER, "") | {
    "level_id": "unit-allowance", "subject": "coal-power", "indicator": "supply-coal-rate", "boundary": "unit",
    "tier": "allowance", "unit": "gce/kWh", "better": "lower", "strictness": "strict", "verification": "secondary",
    "page": "4.4.3",
}  # fmt: skip
META = """
id = "own/units"
title_zh = "设计供电煤耗"
title_en = "Design coal consumption"
publisher = "国家发展改革委等部门"
document = "发改环资〔2024〕165号"
licence = "facts from a public document; no text reproduced"
kind = "ets"
tiers = ["allowance"]
verification = "secondary"
verified_from = "policy collection"
"""


def of(kind: str) -> pytest.MarkDecorator:
    """Return every table of one kind as the parameter `case`."""
    found = [
        pytest.param(case, id=f"{path.parent.name}-{kind}-{number}")
        for path in FILES
        for number, case in enumerate(tomllib.loads(path.read_text("utf-8")).get(kind, []), start=1)
    ]
    return pytest.mark.parametrize("case", found)


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.strip("\n"))))


def lines(case: dict[str, Any], name: str = "rows") -> list[dict[str, str]]:
    """Return the rows as the engine gets them: without what is expected of them."""
    shared = {"facility": "Plant"}
    return [shared | {k: v for k, v in row.items() if k not in WANTED and v} for row in table(case[name])]


def multiplied_out(text: str) -> Fraction:
    def value(node: ast.AST) -> Fraction:
        match node:
            case ast.BinOp(left, sign, right):
                return SIGNS[type(sign)](value(left), value(right))
            case ast.UnaryOp(ast.USub(), inside):
                return -value(inside)
            case ast.Constant():
                return Fraction(ast.get_source_segment(text, node) or "")
        raise AssertionError(ast.dump(node))

    return value(ast.parse(text, mode="eval").body)


def check_work(work: str) -> None:
    for step in filter(None, work.split("; ")):
        left, right = step.split(" = ")
        half = Fraction(1, 2 * 10 ** len(right.partition(".")[2]))
        assert abs(multiplied_out(left) - Fraction(right)) <= half, f"wrong arithmetic: {step}"


def test_every_file_has_known_tables_and_names_its_source() -> None:
    assert len(FILES) >= 10
    for path in FILES:
        for kind, cases in tomllib.loads(path.read_text("utf-8")).items():
            for case in cases:
                assert set(case) <= KINDS[kind], path
                assert case["title"]
                assert len(case["source"]) >= 8
                for work in (case.get("work", ""), *(row.get("work") or "" for row in table(case["rows"]))):
                    check_work(work)


@of("verdict")
def test_verdicts_come_to_what_the_case_says(case: dict[str, Any]) -> None:
    wanted = table(case["rows"])
    verdicts = carbon.benchmark(lines(case), levels=case["levels"])
    records = [dict(record) for record in verdicts.records()]
    assert not {issue.code for issue in verdicts.issues} & {"B622", "B623", "B624"}
    assert {record["line"] for record in records} == {row["line"] for row in wanted}
    for row in wanted:
        name = row["line"]
        mine = [r for r in records if r["line"] == name and r["tier"] == (row.get("tier") or r["tier"])]
        assert {record["verdict"] for record in mine} == {row["want"]}, name
        if code := row.get("code"):
            assert all(f"[{code}]" in record["reason"] for record in mine), name
        for column, shown in (("level", "level"), ("gap", "gap"), ("tce", "tce_to_save"), ("co2e", "co2e_t_to_save")):
            if row.get(column):
                expected = None if row[column] == "none" else pytest.approx(float(row[column]), rel=1e-12, abs=1e-12)
                assert [record[shown] for record in mine] == [expected], f"{name}: {column}"


@of("target")
def test_targets_come_to_what_the_case_says(case: dict[str, Any]) -> None:
    base = lines(case, "base") if "base" in case else None
    fleet = carbon.portfolio(lines(case), base=base, today=dt.date(2025, 6, 30))
    assert not {issue.code for issue in fleet.verdicts.issues} & {"B622", "B623", "B624"}
    found = {record["target_id"]: record for record in fleet.target_records()}
    assert {name: found[name]["verdict"] for name in case["want"]} == case["want"]
    for name, now in case.get("now", {}).items():
        assert found[name]["now"] == pytest.approx(now, rel=1e-12)
    for name, named in case.get("mend", {}).items():
        assert found[name]["lines_to_mend"] == named
    for kind, text in case.get("shares", {}).items():
        share = fleet.share_by_capacity if kind == "capacity" else fleet.share_by_count
        own = share(strict=case.get("strict", False))
        assert (own.least, own.most) == (Fraction(text), Fraction(text))


@of("change")
def test_changes_come_to_what_the_case_says(case: dict[str, Any]) -> None:
    known = {rule.id: rule for rule in rules("targets")}
    for row in table(case["rows"]):
        rule = known[row["target"]]
        tolerance = float(row["tolerance"]) if row.get("tolerance") else None
        found = check_change(rule, float(row["base"]), float(row["now"]), tolerance)
        assert found is OUTCOMES[row["want"]], row
        assert rule["base_year"] == row["base_year"], row


@of("gate")
def test_gates_come_to_what_the_case_says(case: dict[str, Any]) -> None:
    known = {rule.id: rule for rule in rules("gates")}
    for row in table(case["rows"]):
        asked = (known[row["gate"]], int(row["rank"]), row["grade"], row["equipment"])
        assert decide(*asked) is OUTCOMES[row["want"]], row
        if row["fails"]:
            assert [name for name, held in conditions(*asked).items() if held is False] == row["fails"].split(), row


@of("renewal")
def test_renewals_come_to_what_the_case_says(case: dict[str, Any]) -> None:
    found = carbon.grade_equipment(lines(case), today=case["today"])
    assert not {issue.code for issue in found.issues} & {"A403", "B622", "B623", "B624"}
    graded = found.grades()
    due = dict(zip(graded["name"], graded["renewal"].notna(), strict=True))
    assert due == {row["name"]: row["want"] == "yes" for row in table(case["rows"])}


@of("strict")
def test_below_a_level_means_below_it(case: dict[str, Any], tmp_path: Path) -> None:
    for number, row in enumerate(table(case["rows"])):
        folder = tmp_path / str(number) / "own"
        folder.mkdir(parents=True)
        (folder / "units.toml").write_text(META, encoding="utf-8")
        with (folder / "units.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, HEADER, lineterminator="\n")
            writer.writeheader()
            writer.writerow(ROW | {"value": row["level"]})
        levels = carbon.load_levels([folder.parent])
        line = {"facility": "P", "product": "煤电机组", "value": float(row["value"]), "unit": row["unit"]}
        records = carbon.benchmark([line | {"indicator": "供电煤耗"}], levels=levels).records()
        assert [r["verdict"] for r in records if r["set"] == "own/units"] == [row["want"]], row
