"""Recycled content and end of life on the row of a material, against the formula, and what it refuses."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from carbon.errors import UsageError
from carbon.footprint.recycling import FACTOR_A, Material, burden
from carbon.footprint.study import Footprint, footprint
from carbon.footprint.uncertain import uncertainty
from carbon.footprint.variants import variants

F = Fraction
# kg of CO2 of one kg: primary 10, recycled 2, disposal 1, recycling at the end of life 3
MAKES = {"primary": 10, "recycled": 2, "disposal": 1, "recycling": 3}
WHOLE = {"recycled_content": "0.2", "recycled_by": "recycled", "recovery_rate": "0.8", "recycling_by": "recycling",
         "disposal_by": "disposal"}  # fmt: skip
A = [{"parameter": "A", "value": "0.5"}, {"parameter": "R2", "value": "0.8", "low": "0.7", "high": "0.9"}]


def study(row: dict[str, Any], method: str = "cut-off", *, more: Any = (), **tables: Any) -> Footprint:
    part = {"process": "part", "kind": "input", "name": "primary", "amount": "1", "unit": "kg"}
    return footprint(
        [{"process": name, "unit": "kg"} for name in ("part", *MAKES)],
        [{"process": name, "kind": "emission", "name": "CO2", "amount": str(co2), "unit": "kg"}
         for name, co2 in MAKES.items()] + [part | row, *more],
        study={"product": "part", "unit": "kg", "period": "2024", "region": "CN", "boundary": "cradle-to-grave",
               "recycling": method}, **tables,
    )  # fmt: skip


def said(found: Footprint) -> list[tuple[str, str]]:
    return [(issue.code, issue.column) for issue in found.issues.errors]


@pytest.mark.parametrize("method", sorted(FACTOR_A))
@pytest.mark.parametrize("quality", [("1", "1"), ("0.9", "0.7")])
def test_row_and_formula_agree(method: str, quality: tuple[str, str]) -> None:
    found = study(WHOLE | {"quality_in": quality[0], "quality_out": quality[1]}, method)
    metal = Material(F(10), F(2), F(1), F(3), content=F("0.2"), rate=F("0.8"), quality_in=F(quality[0]),
                     quality_out=F(quality[1]))  # fmt: skip
    assert found.co2e() == pytest.approx(float(burden(metal, method)["total"]), rel=1e-12)
    assert found.complete


@pytest.mark.parametrize(
    ("word", "method"), [("截断法", "cut-off"), ("五五法", "50/50"), ("替代法", "substitution"), ("1 / 2", "50/50")]
)
def test_methods_have_chinese_names_and_may_be_expressions(word: str, method: str) -> None:
    assert study(WHOLE, word).co2e() == study(WHOLE, method).co2e()


def test_shares_follow_parameters_and_scenarios() -> None:
    found = study(WHOLE | {"recovery_rate": "R2"}, "A", parameters=A,
                  scenarios=[{"scenario": "none recovered", "parameter": "R2", "value": "0"}])  # fmt: skip
    assert found.co2e() == pytest.approx(6.6, rel=1e-12)
    # 0.8·10 + 0.2·(0.5·2 + 0.5·10) + 1·1
    assert found.co2e("none recovered") == pytest.approx(10.2, rel=1e-12)


def test_amount_of_the_row_spreads_all_its_parts_together() -> None:
    # 6.6 kg of CO2 per kg of metal, ± 10 % of the metal alone: ± 10 % of the footprint
    found = study(WHOLE | {"distribution": "normal", "uncertainty_pct": 10}, "50/50")
    known = uncertainty(found, draws=4096, seed=3)
    assert known.analytic.summary.sd == pytest.approx(0.66 / 1.959963984540054, rel=1e-9)
    assert known.summary is not None
    assert known.summary.sd == pytest.approx(known.analytic.summary.sd, rel=0.05)  # 4 standard errors of 4096 draws


def test_shares_that_are_uncertain_parameters_spread_the_footprint() -> None:
    # of R2: 0.5·(3 - 10) - 1 = -4.5 kg per unit, uniform 0.7 to 0.9 has a standard deviation of 0.2/√12
    uniform = [A[0], A[1] | {"distribution": "uniform"}]
    found = study(WHOLE | {"recovery_rate": "R2"}, "50/50", parameters=uniform)
    known = uncertainty(found, draws=0)
    assert known.analytic.summary.sd == pytest.approx(4.5 * 0.2 / 12**0.5, rel=1e-6)


def test_variants_change_the_amount_by_the_name_of_the_row() -> None:
    found = study(WHOLE, "50/50")
    assert variants(found, amounts={("part", "primary"): [1.0, 2.0]}).co2e == pytest.approx([6.6, 13.2], rel=1e-12)


def test_name_of_the_process_of_recycling_is_never_taken_from_another() -> None:
    rows = [WHOLE | {"process": "part", "kind": "input", "name": "primary", "amount": "1", "unit": "kg"}]
    found = study(WHOLE, more=rows)
    names = [process.name for process in found.chain.processes]
    assert len(names) == len(set(names)) == 7
    assert found.co2e() == pytest.approx(17.2, rel=1e-12)


@pytest.mark.parametrize(("row", "code", "column"), [
    (WHOLE | {"recycled_by": ""}, "P719", "recycled_by"),
    (WHOLE | {"disposal_by": ""}, "P719", "disposal_by"),
    (WHOLE | {"recycling_by": ""}, "P719", "recycling_by"),
    (WHOLE | {"recycled_content": ""}, "P719", "recycled_content"),
    ({"quality_out": "0.9"}, "P719", "recovery_rate"),
    (WHOLE | {"recycled_by": "recicled"}, "P710", "recycled_by"),
    (WHOLE | {"recovery_rate": "1.2"}, "P708", "recovery_rate"),
    (WHOLE | {"recycled_content": "-0.1"}, "P708", "recycled_content"),
    (WHOLE | {"recycled_content": "1/0"}, "P708", "recycled_content"),
    (WHOLE | {"recovery_rate": "80 %"}, "P701", "recovery_rate"),
    (WHOLE | {"recovery_rate": "rate"}, "P707", "recovery_rate"),
    (WHOLE | {"kind": "avoided"}, "P719", "kind"),
    (WHOLE | {"factor": 3, "factor_unit": "kgCO2e/kg"}, "P716", "factor"),
])  # fmt: skip
def test_what_is_missing_or_none_is_said_at_its_column(row: dict[str, Any], code: str, column: str) -> None:
    found = study(row, "50/50")
    assert said(found) == [(code, column)]
    assert not found.complete


@pytest.mark.parametrize(("method", "code"), [("half", "P707"), ("1.5", "P708"), ("50 %", "P701")])
def test_method_that_is_none_is_refused(method: str, code: str) -> None:
    found = study(WHOLE, method)
    assert said(found) == [(code, "recycling")]
    assert not found.complete


def test_formula_refuses_a_method_that_is_none() -> None:
    with pytest.raises(UsageError):
        burden(Material(F(10), F(2), F(1), F(3), content=F(0), rate=F(0)), "half")
