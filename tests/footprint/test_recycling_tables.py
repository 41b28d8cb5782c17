"""Recycled content and end of life in study tables: amounts as expressions of factor A, which scenarios set."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from carbon.footprint.recycling import FACTOR_A, Material, burden
from carbon.footprint.study import Footprint, footprint

F = Fraction
# kg of CO2 of one kg: primary 10, recycled 2, disposal 1, recycling at the end of life 3
MAKES = {"primary": 10, "recycled": 2, "disposal": 1, "recycling": 3}
# the formula of carbon.footprint.recycling, one row for each burden
ROWS = [
    ("input", "primary", "1 - R1 + R1 * (1 - A) * Qin", "raw-materials"),
    ("input", "recycled", "R1 * A", "raw-materials"),
    ("input", "recycling", "(1 - A) * R2", "end-of-life"),
    ("avoided", "primary", "(1 - A) * R2 * Qout", "end-of-life"),
    ("input", "disposal", "1 - R2", "end-of-life"),
]


def study(**shares: Any) -> Footprint:
    values = {"A": 1, "R1": 0, "R2": 0, "Qin": 1, "Qout": 1} | shares
    return footprint(
        [{"process": name, "unit": "kg"} for name in ("part", *MAKES)],
        [{"process": name, "kind": "emission", "name": "CO2", "amount": str(co2), "unit": "kg", "stage": None}
         for name, co2 in MAKES.items()]
        + [{"process": "part", "kind": kind, "name": name, "amount": amount, "unit": "kg", "stage": stage}
           for kind, name, amount, stage in ROWS],
        parameters=[{"parameter": name, "value": value} for name, value in values.items()],
        scenarios=[{"scenario": name, "parameter": "A", "value": str(float(a))} for name, a in FACTOR_A.items()],
        study={"product": "part", "unit": "kg", "period": "2024", "region": "CN", "boundary": "cradle-to-grave"},
    )  # fmt: skip


def test_three_methods_side_by_side_by_hand() -> None:
    # 20 % recycled content, 80 % recycled at the end of life, quality 1
    found = study(R1=0.2, R2=0.8)
    # 0.8×10 + 0.2×2 + 0.2×1
    assert found.co2e("cut-off") == pytest.approx(8.6, rel=1e-12)
    # 8 + 0.2×(1 + 5) + 0.5×0.8×(3 - 10) + 0.2×1
    assert found.co2e("50/50") == pytest.approx(6.6, rel=1e-12)
    # 10 + 0.8×(3 - 10) + 0.2×1
    assert found.co2e("substitution") == pytest.approx(4.6, rel=1e-12)


@pytest.mark.parametrize("method", sorted(FACTOR_A))
def test_tables_and_formula_agree_with_loss_of_quality(method: str) -> None:
    found = study(R1=0.3, R2=0.6, Qin=0.9, Qout=0.7)
    metal = Material(F(10), F(2), F(1), F(3), content=F("0.3"), rate=F("0.6"), quality_in=F("0.9"),
                     quality_out=F("0.7"))  # fmt: skip
    assert found.co2e(method) == pytest.approx(float(burden(metal, method)["total"]), rel=1e-12)
