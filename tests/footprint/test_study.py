"""Studies from tables to totals; every expected value is arithmetic written beside it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from carbon.errors import DataError, UsageError
from carbon.footprint.checks import BALANCE_COLUMNS
from carbon.footprint.rules import find_rule, rules
from carbon.footprint.study import Footprint, footprint
from carbon.footprint.variants import variants

Rows = list[dict[str, Any]]


def process(name: str, product: str = "", amount: Any = 1, unit: str = "kg", **more: Any) -> dict[str, Any]:
    return {"process": name, "product": product or name, "amount": str(amount), "unit": unit} | more


def row(of: str, kind: str, name: str, amount: Any, unit: str = "kg", **more: Any) -> dict[str, Any]:
    return {"process": of, "kind": kind, "name": name, "amount": str(amount), "unit": unit} | more


def co2(of: str, amount: Any, **more: Any) -> dict[str, Any]:
    return row(of, "emission", "CO2", amount, **more)


def full(rows: Rows) -> Rows:
    """Give every row every column that one of them has."""
    columns = dict.fromkeys(key for one in rows for key in one)
    return [{column: one.get(column) for column in columns} for one in rows]


def study(processes: Rows, exchanges: Rows, product: str, unit: str = "kg", **more: Any) -> Footprint:
    tables = {name: more.pop(name) for name in ("parameters", "scenarios") if name in more}
    asked = {"product": product, "unit": unit, "period": "2024", "region": "CN"} | more
    return footprint(full(processes), full(exchanges), study=asked, **tables)


def codes(found: Footprint) -> set[str]:
    return {issue.code for issue in found.issues}


# one refinery: 60 kg of petrol and 40 kg of naphtha for 200 kg of CO2; petrol 44 MJ and 9 CNY, naphtha 45 MJ and 4 CNY
SHARES = {
    "mass": (60 / 100, {"allocation_mass": 1}, {"allocation_mass": 1}),
    "energy": (60 * 44 / (60 * 44 + 40 * 45), {"allocation_energy": 44}, {"allocation_energy": 45}),
    "economic": (60 * 9 / (60 * 9 + 40 * 4), {"price": 9}, {"price": 4}),
    "fraction": (0.7, {"fraction": 0.7}, {"fraction": 0.3}),
}


@pytest.mark.parametrize("method", sorted(SHARES))
def test_outputs_share_burdens_and_nothing_is_lost(method: str) -> None:
    share, petrol, naphtha = SHARES[method]
    made = [process("refinery", "petrol", 60, allocation=method, **petrol)]
    flows = [co2("refinery", 200), row("refinery", "co-product", "naphtha", 40, **naphtha)]
    one, other = (study(made, flows, product).co2e() for product in ("petrol", "naphtha"))
    assert one == pytest.approx(200 * share / 60, rel=1e-12)
    assert 60 * one + 40 * other == pytest.approx(200, rel=1e-12)  # closes


def test_shares_go_by_the_amounts_of_each_scenario() -> None:
    # petrol 60 and naphtha 40 by mass: 200 × 0.6 / 60 = 2; naphtha 140: 200 × 0.3 / 60 = 1
    made = [process("refinery", "petrol", 60, allocation="mass", allocation_mass=1)]
    flows = [co2("refinery", 200), row("refinery", "co-product", "naphtha", "n", allocation_mass=1)]
    found = study(made, flows, "petrol", parameters=[{"parameter": "n", "value": 40}],
                  scenarios=[{"scenario": "more", "parameter": "n", "value": 140}])  # fmt: skip
    assert (found.co2e(), found.co2e("more")) == (pytest.approx(2, rel=1e-12), pytest.approx(1, rel=1e-12))
    assert sum(r["co2e_kg"] for r in found.contribution_records if r["scenario"] == "more") == pytest.approx(1)
    with pytest.raises(UsageError, match="share burdens by n"):
        variants(found, {"n": [40, 140]})


def test_substitution_credits_what_the_co_product_replaces() -> None:
    made = [process("digester", "gas", 1, "GJ", allocation="substitution"), process("works", "fertiliser")]
    flows = [co2("digester", 30), row("digester", "co-product", "fertiliser", 5), co2("works", 2)]
    assert study(made, flows, "gas", "GJ").co2e() == pytest.approx(30 - 5 * 2)


def test_co_product_that_nothing_else_makes_cannot_be_credited() -> None:
    made = [process("digester", "gas", 1, "GJ", allocation="substitution")]
    found = study(made, [co2("digester", 30), row("digester", "co-product", "fertiliser", 5)], "gas", "GJ")
    assert "P710" in codes(found)
    assert not found.complete


def test_recycling_loop_is_solved_exactly() -> None:
    # a foundry returns 0.2 kg of scrap per kg to its furnace: metal = 3 + 0.2 × (0.5 + metal) → 3.1 / 0.8
    made = [process("foundry", "casting"), process("furnace", "remelt")]
    flows = [co2("foundry", 3), row("foundry", "input", "remelt", 0.2), co2("furnace", 0.5),
             row("furnace", "input", "casting", 1)]  # fmt: skip
    assert study(made, flows, "casting").co2e() == pytest.approx(3.1 / 0.8, rel=1e-12)


def test_provider_says_which_of_two_producers() -> None:
    made = [process("mill", "plate"), process("old", "steam", 1, "GJ"), process("new", "steam", 1, "GJ")]
    flows = [co2("old", 90), co2("new", 50), row("mill", "input", "steam", 2, "GJ", provider="new")]
    assert study(made, flows, "plate").co2e() == pytest.approx(100)
    found = study(made, [*flows[:2], row("mill", "input", "steam", 2, "GJ")], "plate")
    assert "P711" in codes(found)
    assert not found.complete


@pytest.mark.parametrize(("kind", "sent", "treated"), [("waste", 0.1, -1), ("waste", 0.1, 1), ("input", -0.1, -1)])
def test_waste_goes_to_its_treatment_however_that_is_written(kind: str, sent: float, treated: float) -> None:
    # the mill sends 0.1 kg of sludge per kg to a pond that takes in 1 t for 40 kg of CO2
    made = [process("mill", "plate"), process("pond", "sludge", treated, "t")]
    flows = [co2("mill", 2), row("mill", kind, "sludge", sent), co2("pond", 40)]
    found = study(made, flows, "plate")
    assert found.co2e() == pytest.approx(2 + 0.1 / 1000 * 40)
    assert found.solved[""].scaling[1] == pytest.approx(0.0001)


def test_units_convert_between_what_is_taken_and_what_is_made() -> None:
    made = [process("mill", "plate", 1, "t"), process("station", "power", 1, "MWh")]
    flows = [row("mill", "input", "power", 360, "MJ"), co2("station", 0.5, unit="t")]
    assert study(made, flows, "plate", "kg", amount=10).co2e() == pytest.approx(10 / 1000 * 0.1 * 500)


def test_parameters_and_scenarios_change_amounts_and_production() -> None:
    made, flows = [process("mill", "plate", "1 - loss")], [co2("mill", "2 * heat")]
    found = study(
        made, flows, "plate",
        parameters=[{"parameter": "loss", "value": "0.2"}, {"parameter": "heat", "value": "loss + 3"}],
        scenarios=[{"scenario": "lean", "parameter": "loss", "value": "0.5"}],
    )  # fmt: skip
    assert found.co2e() == pytest.approx(2 * 3.2 / 0.8)
    assert found.co2e("lean") == pytest.approx(2 * 3.5 / 0.5)


def test_biogenic_carbon_is_apart_and_not_in_the_total() -> None:
    flows = [co2("mill", 2), co2("mill", 5, origin="biogenic"), row("mill", "uptake", "CO2", 9),
             row("mill", "stored", "CO2", 4)]  # fmt: skip
    found = study([process("mill", "board")], flows, "board", amount=10)
    assert found.co2e() == pytest.approx(20)
    apart = {r["name"]: r["co2e_kg"] for r in found.records if r["part"] == "apart"}
    assert apart == pytest.approx({"biogenic": 50, "uptake": -90, "stored": 40})


def test_avoided_product_is_a_credit_from_the_study_or_the_background() -> None:
    made = [process("plant", "heat", 1, "GJ"), process("boiler", "steam", 1, "GJ")]
    flows = [co2("plant", 60), row("plant", "avoided", "steam", 0.5, "GJ"), co2("boiler", 70)]
    assert study(made, flows, "heat", "GJ").co2e() == pytest.approx(60 - 35)
    bought = row("plant", "avoided", "peat", 2, "t", factor=10, factor_unit="kgCO2e/t")
    assert study(made[:1], [flows[0], bought], "heat", "GJ").co2e() == pytest.approx(60 - 20)


RAIL = {"name": "uk-freight-rail-freight-train", "region": "GB", "period": "2025"}  # 0.02779 kgCO2e/(t*km)
LORRY = {"name": "uk-freight-hgv-artic-over-33-t-laden-average", "region": "GB", "period": "2025"}  # 0.93421 kgCO2e/km


@pytest.mark.parametrize(
    ("leg", "by_hand"),
    [
        (RAIL | {"amount": "12", "unit": "t", "distance_km": "350"}, 12 * 350 * 0.02779),
        (RAIL | {"amount": "12000", "unit": "kg", "distance_km": "350"}, 12 * 350 * 0.02779),
        (RAIL | {"amount": "4200", "unit": "t*km"}, 12 * 350 * 0.02779),
        (RAIL | {"amount": "12", "unit": "t", "distance_km": "100 * legs"}, 12 * 400 * 0.02779),
        (RAIL | {"amount": "12", "unit": "t", "distance_km": "350", "empty_return": 0.5}, 12 * 350 * 1.5 * 0.02779),
        (LORRY | {"amount": "12", "unit": "t", "distance_km": "350", "load_t": 24}, 12 / 24 * 350 * 0.93421),
        (LORRY | {"amount": "12000", "unit": "kg", "distance_km": "350", "load_t": 24, "empty_return": 1},
         12 / 24 * 350 * 2 * 0.93421),
        (LORRY | {"amount": "4200", "unit": "t*km", "load_t": 24}, 4200 / 24 * 0.93421),
        (LORRY | {"amount": "700", "unit": "km", "empty_return": 0.25}, 700 * 1.25 * 0.93421),
    ],
)  # fmt: skip
def test_leg_is_mass_times_distance_with_empty_return_or_by_vehicle(leg: dict[str, Any], by_hand: float) -> None:
    flows = [{"process": "mill", "kind": "transport"} | leg]
    found = study([process("mill", "plate")], flows, "plate", parameters=[{"parameter": "legs", "value": "4"}])
    assert found.co2e() == pytest.approx(by_hand, rel=1e-12)
    assert found.contribution_records[0]["unit"] in ("t*km", "kg*km", "km")


def test_load_of_a_volume_is_refused() -> None:
    leg = row("mill", "transport", LORRY["name"], 12, "m3", distance_km="9", load_t=5)
    found = study([process("mill", "plate")], [co2("mill", 1), leg], "plate")
    assert "P712" in codes(found)


def test_boundary_takes_the_stages_inside_it() -> None:
    made = [process("mill", "plate"), process("mine", "ore", stage="raw-materials")]
    flows = [co2("mill", 5), row("mill", "input", "ore", 2), co2("mine", 3), co2("mill", 1, stage="transport"),
             co2("mill", 10, stage="use"), co2("mill", 20, stage="回收处置")]  # fmt: skip
    totals = {"gate-to-gate": 5, "cradle-to-gate": 5 + 6 + 1, "cradle-to-grave": 5 + 6 + 1 + 10 + 20}
    outside = {"gate-to-gate": {"raw-materials", "transport", "use", "end-of-life"},
               "cradle-to-gate": {"use", "end-of-life"}, "cradle-to-grave": set()}  # fmt: skip
    for boundary, total in totals.items():
        found = study(made, flows, "plate", boundary=boundary)
        assert found.co2e() == pytest.approx(total)
        assert {i.value for i in found.issues if i.code == "P733"} == outside[boundary]


def test_excluded_exchange_is_computed_apart_and_held_against_the_limit() -> None:
    made = [process("mill", "plate"), process("works", "paint")]
    flows = [co2("mill", 98), row("mill", "input", "paint", 1), co2("works", 2)]
    asked: dict[str, Any] = {"excluded": ["Paint", "travel of staff"]}
    found = study(made, flows, "plate", cut_off=0.02, **asked)
    assert found.co2e() == pytest.approx(98)
    assert found.left_out_pct[""] == pytest.approx(2)
    assert "P731" in codes(study(made, flows, "plate", cut_off=0.019, **asked))
    assert "P731" not in codes(found)
    free = study(made, flows, "plate", **asked)  # no limit is known, so none is held against it
    assert "P731" not in codes(free)
    assert free.left_out_pct[""] == pytest.approx(2)
    assert study(made, flows, "plate").left_out_pct == {"": 0.0}


def test_fuel_wants_its_upstream_by_name_or_item() -> None:
    made, fuel = [process("mill", "plate")], row("mill", "fuel", "diesel", 1, "t")
    named = row("mill", "material", "diesel, extraction", 1, "t", factor=600, factor_unit="kgCO2e/t")
    shipped = row("mill", "material", "uk-wtt-diesel-mineral", 1, "t", region="GB", period="2025")
    assert "P732" in codes(study(made, [fuel], "plate"))
    assert "P732" not in codes(study(made, [fuel, named], "plate"))
    assert "P732" not in codes(study(made, [fuel, shipped], "plate"))
    two = study(made, [fuel, named, row("mill", "fuel", "coke", 1, "t")], "plate")
    assert [i.value for i in two.issues if i.code == "P732"] == ["coke"]


def test_mass_balance_weighs_what_it_can_and_names_the_rest() -> None:
    # 8 kg of stone + 5 pieces of 0.4 kg in; 7 kg of plate + 1 kg of dust + 1.5 kg of CO2 out
    made = [process("mill", "plate", 7), process("shop", "bolt", 1, "pc", allocation_mass=0.4)]
    flows = [
        row("mill", "material", "stone", 8, factor=1, factor_unit="kgCO2e/kg"), row("mill", "input", "bolt", 5, "pc"),
        row("mill", "material", "paint", 2, "L", factor=1, factor_unit="kgCO2e/L"),
        row("mill", "waste", "dust", 1, factor=1, factor_unit="kgCO2e/kg"), co2("mill", 1.5),
        row("mill", "fuel", "diesel", 3), row("mill", "electricity", "电力碳足迹", 4, "kWh"),
    ]  # fmt: skip
    found = study(made, flows, "plate")
    mill = next(r for r in found.balance_records if r["process"] == "mill")
    assert list(mill) == list(BALANCE_COLUMNS)
    assert (mill["balance"], mill["unit"], mill["unweighed"]) == ("mass", "kg", "paint")
    assert (mill["in"], mill["out"]) == pytest.approx((10, 9.5))
    assert mill["difference_pct"] == pytest.approx(-5)


def test_energy_balance_of_what_makes_energy() -> None:
    # 1 t of coal of 20 GJ and 100 kWh in; 3600 kWh and 4 GJ of steam out
    made = [process("station", "power", 3600, "kWh", allocation="energy", allocation_energy=3.6)]
    flows = [row("station", "fuel", "bituminous-coal", 1, "t", ncv=20, ncv_unit="GJ/t"),
             row("station", "electricity", "电力碳足迹", 100, "kWh"),
             row("station", "co-product", "steam", 4, "GJ", allocation_energy=1000)]  # fmt: skip
    found = study(made, flows, "power", "kWh")
    (energy,) = [r for r in found.balance_records if r["balance"] == "energy"]
    assert (energy["in"], energy["out"]) == pytest.approx((20_000 + 360, 3600 * 3.6 + 4000))


def test_rule_sets_are_the_general_one_and_nineteen_products_by_name_only() -> None:
    known = rules()
    assert len(known) == 1 + 19
    assert [rule.id for rule in known.values() if rule.known] == ["gb-t-24067-2024"]
    for rule in known.values():
        if rule.product_zh:
            assert rule.title_zh == f"温室气体 产品碳足迹量化方法与要求 {rule.product_zh}"
            assert (rule.cut_off, rule.boundaries, rule.declared_unit) == (None, (), "")
    assert find_rule("《温室气体 产品碳足迹量化方法与要求 合成氨》") is known["ammonia"]
    assert find_rule("") is None


def test_rule_misspelt_is_an_error_with_near_misses() -> None:
    found = study([process("mill", "plate")], [co2("mill", 1)], "plate", rule="lithium-batery")
    (issue,) = [i for i in found.issues if i.code == "P734"]
    assert "lithium-battery" in issue.remedy()
    assert not found.complete


def test_bad_row_is_left_out_and_the_rest_computed() -> None:
    found = study([process("mill", "plate")], [co2("mill", 3), row("mill", "input", "ore", 1)], "plate")
    assert found.co2e() == pytest.approx(3)
    assert not found.complete


def test_process_that_makes_nothing_in_one_scenario_stops_the_study() -> None:
    with pytest.raises(DataError) as caught:
        study([process("mill", "plate", "x")], [co2("mill", 3)], "plate", parameters=[{"parameter": "x", "value": "1"}],
              scenarios=[{"scenario": "idle", "parameter": "x", "value": "0"}])  # fmt: skip
    assert [issue.code for issue in caught.value.issues] == ["P713"]


def test_order_of_rows_changes_no_bit_of_a_chain_without_sums() -> None:
    made = [process("c"), process("a"), process("b")]
    flows = [row("a", "input", "b", 3), row("b", "input", "c", 7), co2("c", 0.1)]
    totals = {study(made[::step], flows[::step], "a").co2e() for step in (1, -1)}
    assert len(totals) == 1
    assert totals.pop() == pytest.approx(2.1)


def test_contributions_add_up_to_the_total_of_every_scenario() -> None:
    made = [process("mill", "plate", allocation="mass", allocation_mass=1), process("mine", "ore", 10)]
    flows = [co2("mill", "a"), row("mill", "co-product", "scale", 0.25, allocation_mass=1), co2("mine", 4),
             row("mill", "input", "ore", 2), row("mine", "emission", "CH4", 0.1)]  # fmt: skip
    found = study(made, flows, "plate", parameters=[{"parameter": "a", "value": "1"}],
                  scenarios=[{"scenario": "more", "parameter": "a", "value": "2"}])  # fmt: skip
    for scenario in ("", "more"):
        mine = [r for r in found.contribution_records if r["scenario"] == scenario]
        assert np.sum([r["co2e_kg"] for r in mine]) == pytest.approx(found.co2e(scenario), rel=1e-12)
    assert found.co2e("more") - found.co2e() == pytest.approx(1 / 1.25)


def test_a_footprint_is_graded_by_the_table_of_the_study() -> None:
    classes = {"limits": {"A": 10, "B": "20.5"}, "beyond": "C", "source": "invented"}
    for amount, name in ((10, "A"), (10.1, "B"), (20.5, "B"), (21, "C")):
        found = study([process("bread")], [co2("bread", amount)], "bread", classes=classes)
        assert found.grade() == name
        assert [(r["name"], r["co2e_kg"]) for r in found.records if r["part"] == "class"] == [(name, amount)]
    with pytest.raises(DataError, match="T117"):
        study([process("bread")], [co2("bread", 1)], "bread", classes=classes | {"limits": {"A": 10, "B": 10}})


def test_what_is_left_out_is_weighed_without_its_sign() -> None:
    # 10 stay; 5 and -5 are left out: 10 of 20, and not nothing
    flows = [co2("bread", 10), row("bread", "material", "x", 5, factor=1, factor_unit="kgCO2/kg"),
             row("bread", "avoided", "y", 5, factor=1, factor_unit="kgCO2/kg")]  # fmt: skip
    found = study([process("bread")], flows, "bread", excluded=["x", "y"], cut_off=0.05)
    assert found.left_out_pct[""] == pytest.approx(50)
    assert "P731" in codes(found)


@pytest.mark.parametrize("kind", ["material", "fuel"])
def test_co2_of_biogenic_origin_stays_apart_whatever_the_row_is(kind: str) -> None:
    burnt = row("bread", kind, "木材" if kind == "fuel" else "纸", 1, "t", origin="biogenic", factor=1.5,
                factor_unit="tCO2/t")  # fmt: skip
    found = study([process("bread")], [co2("bread", 10), burnt], "bread")
    assert found.co2e() == pytest.approx(10)
    assert [r["co2e_kg"] for r in found.records if r["name"] == "biogenic" and r["part"] == "apart"] == [1500]


def test_a_gas_and_its_unit_that_contradict_each_other_are_refused() -> None:
    found = study([process("bread")], [row("bread", "emission", "SF6", 1, "kgCO2")], "bread")
    assert "P715" in codes(found)
    assert not found.complete


def test_waste_follows_what_its_treatment_does_in_each_scenario() -> None:
    # treating 0.5 of what a run of 10 takes for 20 kg: 1 kg, whichever way the run is written
    made = [process("bread"), process("tip", "waste", "q")]
    flows = [row("bread", "waste", "waste", 0.5), co2("tip", 20)]
    found = study(made, flows, "bread", parameters=[{"parameter": "q", "value": 10}],
                  scenarios=[{"scenario": "taken", "parameter": "q", "value": -10}])  # fmt: skip
    assert (found.co2e(), found.co2e("taken")) == (pytest.approx(1), pytest.approx(1))
