"""Plants of heat and power in study tables; every expected value is arithmetic written beside it."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from carbon.errors import DataError
from carbon.footprint.allocation import HEAT_AND_POWER, AllocationError, Output, heat_and_power, shares
from carbon.footprint.study import Footprint, footprint
from carbon.schema import choice_ids

F = Fraction
CO2 = 1000  # kg for 40 GJ of power and 60 GJ of heat

# share of the heat, by hand:
# energy      60 / 100
# exergy      60 × (1 - 300/400) = 15 of 15 + 40
# efficiency  60/0.9 = 66.67 against 40/0.4 = 100: 66.67/166.67
# heat ratio  60 GJ of 150 GJ = 150000 MJ
SHARES = {
    "chp-energy": (F(3, 5), {}),
    "chp-exergy": (F(15, 55), {"ambient_k": 300, "heat_k": 400}),
    "chp-efficiency": (F(2, 5), {"heat_efficiency": "90%", "power_efficiency": 0.4}),
    "chp-heat-ratio": (F(2, 5), {"heat_input": 150000}),
}


def plant(method: str, *, of_heat: bool = False, heat: Any = 60, **more: Any) -> list[list[dict[str, Any]]]:
    """Return a plant of 40 GJ of power and 60 GJ of heat, one of them the reference product."""
    outputs = [("power", "40000/3.6", "kWh"), ("steam", str(heat), "GJ")]
    (name, amount, unit), other = outputs[::-1] if of_heat else outputs
    made = {"process": "plant", "product": name, "amount": amount, "unit": unit, "allocation": method,
            "heat_output": "steam"}  # fmt: skip
    flows = [
        {"process": "plant", "kind": "emission", "name": "CO2", "amount": str(CO2), "unit": "kg"},
        {"process": "plant", "kind": "co-product", "name": other[0], "amount": other[1], "unit": other[2]},
    ]
    return [[made | more], flows]


def computed(tables: list[list[dict[str, Any]]], product: str, unit: str, **more: Any) -> Footprint:
    asked = {"product": product, "unit": unit, "period": "2024", "region": "CN"}
    return footprint(*tables, study=asked, **more)


def why(tables: list[list[dict[str, Any]]]) -> Any:
    with pytest.raises(DataError) as caught:
        computed(tables, "power", "kWh")
    (issue,) = [issue for issue in caught.value.issues if issue.code == "P714"]
    return dict(issue.parts)["why"]


@pytest.mark.parametrize("of_heat", [False, True], ids=["power first", "heat first"])
@pytest.mark.parametrize("method", sorted(SHARES))
def test_heat_and_power_share_burdens_and_nothing_is_lost(method: str, of_heat: bool) -> None:
    share, numbers = SHARES[method]
    tables = plant(method, of_heat=of_heat, **numbers)
    steam, power = (computed(tables, product, "GJ") for product in ("steam", "power"))
    assert sum(node.share for node in steam.chain.nodes) == 1  # exactly
    assert steam.co2e() == pytest.approx(float(CO2 * share / 60), rel=1e-12)
    assert power.co2e() == pytest.approx(float(CO2 * (1 - share) / 40), rel=1e-12)


def test_steam_in_tonnes_counts_by_its_heat() -> None:
    # 20 t of steam of 3000 MJ/t are 60 GJ: 3/5 of 1000 kg over 20 t
    made, flows = plant("chp-energy")
    flows[1] |= {"amount": "20", "unit": "t", "allocation_energy": 3000}
    flows[0]["allocation_energy"] = None
    assert computed([made, flows], "steam", "t").co2e() == pytest.approx(30, rel=1e-12)


def test_shares_go_by_the_amounts_of_each_scenario() -> None:
    # heat 60 of 100 GJ; in winter 160 of 200 GJ: 1000 × 0.8 / 160 = 5
    found = computed(plant("chp-energy", heat="h"), "steam", "GJ", parameters=[{"parameter": "h", "value": 60}],
                     scenarios=[{"scenario": "winter", "parameter": "h", "value": 160}])  # fmt: skip
    assert (found.co2e(), found.co2e("winter")) == (pytest.approx(10, rel=1e-12), pytest.approx(5, rel=1e-12))


@pytest.mark.parametrize(
    ("word", "method"),
    [("热电联产-㶲", "chp-exergy"), ("热电联产-热量", "chp-energy"), ("效率法", "chp-efficiency"),
     ("热电联产-供热比", "chp-heat-ratio"), ("供热比法", "chp-heat-ratio"), ("CHP exergy", "chp-exergy"),
     ("质量", "mass"), ("能量", "energy"), ("经济", "economic"), ("自定", "fraction"), ("替代", "substitution")],
)  # fmt: skip
def test_methods_in_both_languages(word: str, method: str) -> None:
    made, flows = plant(word, **SHARES.get(method, (0, {}))[1], allocation_mass=1, price=1, fraction=1)
    flows = flows[:1] if not method.startswith("chp-") else flows
    assert computed([made, flows], "power", "kWh").chain.processes[0].allocation == method


def test_chinese_headings_name_the_numbers() -> None:
    made = [{"过程": "热电", "产品": "电", "数量": "40", "单位": "GJ", "分配方法": "热电联产-㶲", "热产出": "蒸汽",
             "环境温度(K)": 300, "供热温度(K)": 400}]  # fmt: skip
    flows = [{"过程": "热电", "类型": "直接排放", "名称": "CO2", "数量": "55", "单位": "kg"},
             {"过程": "热电", "类型": "联产品", "名称": "蒸汽", "数量": "60", "单位": "GJ"}]  # fmt: skip
    assert computed([made, flows], "蒸汽", "GJ").co2e() == pytest.approx(15 / 60, rel=1e-12)


def test_every_convention_can_be_named_in_a_table() -> None:
    assert {f"chp-{name}" for name in HEAT_AND_POWER} <= set(choice_ids("allocation").values())


@pytest.mark.parametrize(
    ("method", "change", "words"),
    [
        ("chp-exergy", {"ambient_k": 300}, ["heat_k"]),
        ("chp-efficiency", {}, ["heat_efficiency", "power_efficiency"]),
        ("chp-heat-ratio", {}, ["heat_input"]),
        ("chp-heat-ratio", {"heat_input": 59999}, ["heat_input"]),  # 60000 MJ supplied
        ("chp-exergy", {"ambient_k": 400, "heat_k": 300}, ["ambient_k", "heat_k"]),
        ("chp-exergy", {"ambient_k": 500, "heat_k": 300}, ["ambient_k", "heat_k"]),  # 60 × (1 - 5/3) = -40: sum 0
        ("chp-energy", {"heat_output": ""}, ["heat_output", "power", "steam"]),
        ("chp-energy", {"heat_output": "water"}, ["heat_output", "power", "steam"]),
    ],
)
def test_what_is_missing_is_said_in_both_languages(method: str, change: dict[str, Any], words: list[str]) -> None:
    said = why(plant(method, **change))
    assert all(word in said.en and word in said.zh for word in words)


def test_heat_without_its_energy_and_a_third_output_are_refused() -> None:
    made, flows = plant("chp-energy")
    tonnes = [flows[0], flows[1] | {"unit": "t"}]
    assert "heat value of 'steam'" in why([made, tonnes]).en
    assert "it has 3" in why([made, [*flows, flows[1] | {"name": "hot water"}]]).en
    assert "it has 1" in why([made, flows[:1]]).en


def test_shares_of_heat_and_power_keep_the_order_of_the_outputs() -> None:
    power, steam = Output("power", F(40), energy=F(1)), Output("steam", F(60), energy=F(1))
    assert shares("chp-energy", [power, steam], "Steam") == [F(2, 5), F(3, 5)]
    assert shares("chp-energy", [steam, power], "steam") == [F(3, 5), F(2, 5)]
    with pytest.raises(AllocationError):
        shares("chp-magic", [power, steam], "steam")


def test_heat_at_the_temperature_of_its_surroundings_alone_has_nothing_to_share_by() -> None:
    with pytest.raises(AllocationError):  # 0 of 0
        heat_and_power("exergy", F(60), F(0), {"ambient_k": F(300), "heat_k": F(300)})


def test_a_unit_of_energy_needs_no_heat_value_by_energy_either() -> None:
    # 40 GJ of power, 60 GJ of steam
    made, flows = plant("energy")
    assert computed([made, flows], "steam", "GJ").co2e() == pytest.approx(10, rel=1e-12)
