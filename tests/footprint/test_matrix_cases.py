"""Matrix cases of textbooks, and cases worked by hand, as data: `cases/footprint/<source>/<name>.toml`."""

from __future__ import annotations

import tomllib
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from carbon.footprint.loops import SingularSystemError
from carbon.footprint.system import Structure

FILES = sorted((Path(__file__).parents[1] / "cases" / "footprint").glob("*/*.toml"))
CASES = [
    pytest.param(case, id=f"{path.parent.name}-{case['title']}")
    for path in FILES
    for case in tomllib.loads(path.read_text("utf-8"))["case"]
]
SOLVED = [case for case in CASES if "scaling" in case.values[0]]
REFUSED = [case for case in CASES if "reason" in case.values[0]]


def fractions(words: list[str]) -> list[Fraction]:
    return [Fraction(word) for word in words]


def floats(words: list[Any]) -> np.ndarray:
    return np.array([floats(word) if isinstance(word, list) else float(Fraction(word)) for word in words])


def structure(case: dict[str, Any]) -> tuple[Structure, np.ndarray, np.ndarray]:
    place = {name: number for number, name in enumerate(case["processes"])}
    supplier = np.array([place[name] for name, _, _ in case["exchanges"]])
    consumer = np.array([place[name] for _, name, _ in case["exchanges"]])
    amount = floats([amount for _, _, amount in case["exchanges"]])
    return Structure(len(place), supplier=supplier, consumer=consumer), floats(case["production"]), amount


def test_every_case_is_solved_or_refused() -> None:
    assert len(FILES) >= 3
    assert len(SOLVED) + len(REFUSED) == len(CASES)


@pytest.mark.parametrize("case", SOLVED)
def test_printed_answer_solves_the_equations_exactly(case: dict[str, Any]) -> None:
    left = dict(zip(case["processes"], fractions(case["demand"]), strict=True))
    runs = dict(zip(case["processes"], fractions(case["scaling"]), strict=True))
    for name, made in zip(case["processes"], fractions(case["production"]), strict=True):
        left[name] -= made * runs[name]
    for supplier, consumer, taken in case["exchanges"]:
        left[supplier] += Fraction(taken) * runs[consumer]
    assert not any(left.values())
    for number, total in enumerate(case.get("total", [])):
        rows = zip(case["direct"], fractions(case["scaling"]), strict=True)
        assert sum(Fraction(row[number]) * run for row, run in rows) == Fraction(total)


@pytest.mark.parametrize("case", SOLVED)
def test_engine_gives_the_printed_answer(case: dict[str, Any]) -> None:
    chain, production, amount = structure(case)
    demand = floats(case["demand"])
    assert chain.solve(production, amount, demand) == pytest.approx(floats(case["scaling"]), rel=1e-12)
    if "total" in case:
        intensities = chain.intensities(production, amount, floats(case["direct"]))
        assert demand @ intensities == pytest.approx(floats(case["total"]), rel=1e-12)


@pytest.mark.parametrize("case", REFUSED)
def test_engine_names_the_loop_that_cannot_deliver(case: dict[str, Any]) -> None:
    chain, production, amount = structure(case)
    with pytest.raises(SingularSystemError) as found:
        chain.solve(production, amount, floats(case["demand"]))
    assert found.value.reason == case["reason"]
    assert [case["processes"][number] for number in found.value.processes] == case["loop"]
