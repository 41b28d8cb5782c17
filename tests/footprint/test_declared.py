"""Which numbers are drawn: scenarios declare their own spread, shares keep theirs out, zero in the base case counts."""

from __future__ import annotations

from typing import Any

import pytest

from carbon.footprint.sharing import allocation_records
from carbon.footprint.study import Footprint, footprint
from carbon.footprint.uncertain import uncertainty

SD = 1.959963984540054  # half-widths of 95 % are so many standard deviations of a normal distribution
NORMAL = {"distribution": "normal", "uncertainty_pct": 10}


def study(rows: list[dict[str, Any]], **tables: Any) -> Footprint:
    made = tables.pop("processes", [{"process": "p", "unit": "kg"}])
    return footprint(made, [{"process": "p", "unit": "kg"} | row for row in rows],
                     study={"product": "p", "unit": "kg", "period": "2024", "region": "CN"}, **tables)  # fmt: skip


def notes(found: Footprint) -> list[tuple[str, str, tuple[int, ...]]]:
    return [(i.code, i.file, tuple(i.lines)) for i in found.issues]


def test_scenario_says_how_uncertain_its_value_is() -> None:
    rows = [{"kind": "emission", "name": "CO2", "amount": "coke"}]
    base = [{"parameter": "coke", "value": "100"} | NORMAL]
    cases = [{"scenario": "less", "parameter": "coke", "value": "80"} | NORMAL,
             {"scenario": "sure", "parameter": "coke", "value": "60"}]  # fmt: skip
    found = study(rows, parameters=base, scenarios=cases)
    spread = {name: uncertainty(found, 64, scenario=name) for name in found.solved}
    assert spread[""].analytic.summary.sd == pytest.approx(10 / SD, rel=1e-9)
    assert spread["less"].analytic.summary.sd == pytest.approx(8 / SD, rel=1e-9)
    assert spread["sure"].analytic.summary.sd == 0
    assert spread["less"].draws == pytest.approx(0.8 * spread[""].draws, rel=1e-12)  # drawn once for both
    assert notes(found) == [("P745", "scenarios", (2,))]


def test_row_that_is_zero_in_the_base_case_spreads_where_it_is_not() -> None:
    rows = [{"kind": "emission", "name": "CO2", "amount": "100 * green"} | NORMAL]
    found = study(rows, parameters=[{"parameter": "green", "value": "0"}],
                  scenarios=[{"scenario": "green", "parameter": "green", "value": "1"}])  # fmt: skip
    assert uncertainty(found).analytic.summary.sd == 0
    green = uncertainty(found, 4096, scenario="green")
    assert green.analytic.summary.sd == pytest.approx(10 / SD, rel=1e-9)
    assert green.summary is not None
    assert green.summary.sd == pytest.approx(10 / SD, rel=0.05)  # about four standard errors of 4096 draws


def test_limits_about_zero_are_refused() -> None:
    rows = [{"kind": "emission", "name": "CO2", "amount": "a", "distribution": "uniform", "low": -1, "high": 1}]
    assert notes(study(rows, parameters=[{"parameter": "a", "value": "0"}])) == [("P730", "exchanges", (1,))]


@pytest.mark.parametrize(("method", "drawn"), [("mass", False), ("fraction", True)])
def test_amount_by_which_outputs_share_is_not_drawn(method: str, drawn: bool) -> None:
    made = [{"process": "p", "unit": "kg", "allocation": method, "fraction": 0.5}]
    rows = [{"kind": "emission", "name": "CO2", "amount": "10"},
            {"kind": "co-product", "name": "b", "amount": "3", "fraction": 0.5} | NORMAL]  # fmt: skip
    found = study(rows, processes=made)
    assert [code for code, _, _ in notes(found)] == ([] if drawn else ["P744"])
    assert bool(uncertainty(found).variables.key) == drawn


def test_shares_and_the_effect_of_the_choice_are_listed() -> None:
    made = [{"process": "p", "unit": "kg", "allocation": "mass", "price": 9}]
    rows = [{"kind": "emission", "name": "CO2", "amount": "8"},
            {"kind": "co-product", "name": "b", "amount": "3", "price": 1}]  # fmt: skip
    found = study(rows, processes=made)
    records = allocation_records(found)
    shares = {(r["product"], r["method"]): r["share_pct"] for r in records if r["product"]}
    assert shares == {("p", "mass"): 25.0, ("b", "mass"): 75.0}
    # by price 9 of 12; no heat value, no fractions, and nothing in the study makes b
    others = {r["method"]: r["co2e_kg"] for r in records if not r["product"]}
    assert others == {"mass": 2.0, "energy": None, "economic": 6.0, "fraction": None, "substitution": None}
    assert found.co2e() == 2.0
    assert found.complete
