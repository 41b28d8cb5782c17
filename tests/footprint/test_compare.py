"""Comparison with common random numbers, by hand; classes."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from carbon.errors import UsageError
from carbon.footprint.compare import compare
from carbon.footprint.grades import grade, grades
from carbon.footprint.study import Footprint, footprint

Z = 1.959963984540054  # 97.5 % quantile of the standard normal distribution
DRAWS = 10_000


def lamp(*amounts: tuple[str, Any, float], unit: str = "kg", **own: Any) -> Footprint:
    """A process that emits CO2; (name of its own input, amount, half-width in %)."""
    made = [{"process": "lamp", "unit": unit}, *({"process": name, "unit": "kg"} for name, *_ in amounts)]
    rows = [{"process": "lamp", "kind": "input", "name": name, "amount": 1, "unit": "kg"} for name, *_ in amounts]
    rows += [{"process": name, "kind": "emission", "name": "CO2", "amount": amount, "unit": "kg",
              **({"uncertainty_pct": width} if width else {})} for name, amount, width in amounts]  # fmt: skip
    return footprint(made, rows, study={"product": "lamp", "unit": unit}, **own)


@pytest.mark.parametrize("method", ["random", "latin-hypercube"])
def test_a_study_is_equal_to_itself(method: str) -> None:
    one = lamp(("glass", 3, 40), ("wire", 5, 20))
    found = compare(one, one, 100, method=method)
    assert not found.draws.any()
    assert found.below.probability == 0
    assert found.below.ties == 1
    assert found.base == 0
    assert found.difference.sd == 0
    assert found.same_unit


def test_what_is_shared_cancels() -> None:
    """Glass is the same in both; only the wire differs: sd of the difference is that of two wires.

    a - b = 5·(1 ± 20 %) - 6 (certain), normal with mean -1 and sd 1 / 1.96: below 0 with probability Φ(1.96) = 97.5 %.
    """
    a, b = lamp(("glass", 100, 40), ("wire", 5, 20)), lamp(("rod", 6, 0), ("glass", 100, 40))
    found = compare(a, b, DRAWS)
    assert found.base == pytest.approx(-1, rel=1e-12)
    sd = 0.2 * 5 / Z
    assert found.difference.sd == pytest.approx(sd, rel=4 / math.sqrt(2 * DRAWS))
    assert abs(found.difference.mean + 1) < 4 * sd / math.sqrt(DRAWS)
    error = math.sqrt(0.975 * 0.025 / DRAWS)
    assert abs(found.below.probability - 0.975) < 4 * error
    assert found.below.standard_error == pytest.approx(error, rel=0.1)
    assert found.common == ("exchange:glass|emission|CO2|1",)
    assert f"{100 * found.below.probability:.1f} %" in found.said.en
    assert f"{100 * found.below.probability:.1f} %" in found.said.zh


def test_the_same_name_is_the_same_quantile_whatever_the_amount() -> None:
    """1 % more of everything is below in no draw, however wide the spread."""
    found = compare(lamp(("glass", 101, 30)), lamp(("glass", 100, 30)), 1000)
    assert found.below.probability == 0
    assert found.below.ties == 0


def test_scenarios_of_one_study() -> None:
    """Power is drawn once for both; the scenario changes how much is needed: 10·x against 8·x."""
    one = lamp(("power", "hours", 25), parameters=[{"parameter": "hours", "value": 10}],
               scenarios=[{"scenario": "short", "parameter": "hours", "value": 8}])  # fmt: skip
    found = compare(one, one, 500, scenarios=("short", ""))
    assert found.below.probability == 1
    assert found.base == pytest.approx(-2)
    assert found.draws == pytest.approx(-0.25 * found.a.draws, rel=1e-9)


def test_declared_units_that_differ_are_said() -> None:
    assert not compare(lamp(("glass", 1, 1)), lamp(("glass", 1, 1), unit="t"), 10).same_unit
    assert "单位" in compare(lamp(("glass", 1, 1)), lamp(("glass", 1, 1), unit="t"), 10).said.zh


@pytest.mark.parametrize("wrong", [{"method": "sobol"}, {"draws": 1}, {"scenarios": ("", "no")}])
def test_wrong_use(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        compare(lamp(("glass", 1, 1)), lamp(("glass", 1, 1)), **wrong)


CLASSES = {"1": 400, "2": "550.5", "3": Fraction(700)}


@pytest.mark.parametrize(
    ("value", "found"), [(0, "1"), (-5, "1"), (400, "1"), (400.0000001, "2"), (550.5, "2"), (700, "3"), (700.1, None)]
)
def test_grade(value: float, found: str | None) -> None:
    assert grade(value, CLASSES) == found
    assert grade(value, list(CLASSES.items())) == found


def test_last_class_may_be_open() -> None:
    assert grade(1e9, [("A", 1), ("B", None)]) == "B"


def test_shares_of_draws_by_class() -> None:
    draws = np.array([1.0, 400.0, 401.0, np.nan, 9e9])
    assert grades(draws, CLASSES) == {"1": 0.5, "2": 0.25, "3": 0.0}
    assert grades(draws, [("A", 400), ("B", None)]) == {"A": 0.5, "B": 0.5}


@pytest.mark.parametrize(
    "classes",
    [[], [("A", 2), ("B", 1)], [("A", 1), ("B", 1)], [("A", 1), ("A", 2)], [("A", None), ("B", 2)], [("A", "much")],
     [("A", float("nan"))], [("A", float("inf"))]],
)  # fmt: skip
def test_class_tables_that_are_none(classes: Any) -> None:
    with pytest.raises(UsageError):
        grade(1, classes)


@pytest.mark.parametrize("value", [float("nan"), "many", None])
def test_what_has_no_class(value: Any) -> None:
    with pytest.raises(UsageError):
        grade(value, CLASSES)


def test_no_draws_to_grade() -> None:
    with pytest.raises(UsageError):
        grades(np.array([np.nan]), CLASSES)
