"""Whole studies worked by hand, as data: `cases/studies/<source of the method>/<name>.toml`."""

from __future__ import annotations

import tomllib
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from carbon.footprint.study import footprint

FILES = sorted((Path(__file__).parents[1] / "cases" / "studies").glob("*/*.toml"))
CASES = [
    pytest.param(case, id=f"{path.parent.name}-{case['title']}")
    for path in FILES
    for case in tomllib.loads(path.read_text("utf-8"))["case"]
]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.parent.name)
def test_file_says_where_its_method_is_from(path: Path) -> None:
    document = tomllib.loads(path.read_text("utf-8"))
    assert document["source"]
    assert all(case["work"].strip() for case in document["case"])


@pytest.mark.parametrize("case", CASES)
def test_study_gives_what_was_worked_out(case: dict[str, Any]) -> None:
    found = footprint(
        case["processes"], case["exchanges"], parameters=case.get("parameters"), scenarios=case.get("scenarios"),
        study={"period": "2024", "region": "CN"} | case["study"],
    )  # fmt: skip
    assert not found.issues.errors
    assert {issue.code for issue in found.issues if issue.severity == "warning"} == set(case.get("warned", []))
    assert {name: found.co2e(name) for name in found.solved} == {
        name: pytest.approx(float(Fraction(total)), rel=1e-12) for name, total in case["total"].items()
    }
