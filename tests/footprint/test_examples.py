"""Both example studies, recomputed from their tables in exact fractions: csv and Fraction only, factors typed here.

Each chain is made by hand, process after process; the loop of the remelted ingots is solved by one division.
"""

from __future__ import annotations

import csv
from fractions import Fraction
from pathlib import Path

import pytest

from carbon.footprints import check_footprint, compute, open_study

F = Fraction
EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
POWER = F("0.5777")  # mee-power-footprint-2024/sources, national average, kgCO2e/kWh
HYDRO, GRID = F("0.0141"), F("0.0327")  # the same: hydro; transmission and distribution with losses
STEAM = F("0.11") * 1000  # cn-heat/default, kgCO2/GJ
GAS = F("389.31") / 10000 * F("0.0153") * F("0.99") * F(44, 12) * 1000  # gb-t-32151-34-2024/fuels, kgCO2/Nm3
DIESEL = F("42.652") * F("0.0202") * F("0.98") * F(44, 12) * 1000  # the same, kgCO2/t
COAL = F("0.0261") * F("0.93") * F(44, 12) * 1000  # the same, bituminous, kgCO2/GJ; calorific value from the row
RAIL, LORRY = F("0.02779"), F("0.93421")  # uk-desnz-2025/freight: kgCO2e/(t*km); kgCO2e/km of the vehicle
PFC = F("0.02") * 7380 + F("0.0011") * 12400  # mee-aluminium-2024/process × ipcc-gwp/ar6, kgCO2e/t
CLINKER = F("0.535") * 1000  # mee-cement-2024/clinker, kgCO2/t


def rows(study: str, table: str) -> list[dict[str, str]]:
    with (EXAMPLES / study / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


class Rows:
    """Numbers of the table of exchanges by process and name."""

    def __init__(self, study: str) -> None:
        self.rows = rows(study, "exchanges")

    def of(self, process: str, name: str, column: str = "数量", kind: str = "") -> F:
        found = [r[column] for r in self.rows if (r["过程"], r["名称"]) == (process, name) and kind in ("", r["类型"])]
        (one,) = found
        return F(one)

    def bought(self, process: str, *names: str) -> F:
        """Amount × factor of the row, which says it per the unit of its amount."""
        for name in names:
            (row,) = [r for r in self.rows if (r["过程"], r["名称"]) == (process, name)]
            assert row["因子单位"].split("/")[1] == row["单位"]
        return sum((self.of(process, n) * self.of(process, n, "因子") for n in names), F(0))


def aluminium(*, green: str = "0", province: str = "0") -> F:
    r = Rows("footprint-aluminium")
    hydro, local = F(green), F(province)
    given = {p["参数"]: p["数值"] for p in rows("footprint-aluminium", "parameters")}
    power, returned = F(given["电解电耗"]), F(given["回炉率"])
    p, rail = "氧化铝生产", "英国货运-铁路-货运列车"
    alumina = (
        r.bought(p, "铝土矿", "烧碱", "天然气上游", "赤泥") + r.of(p, "天然气") * GAS + r.of(p, "蒸汽") * STEAM
        + r.of(p, "电力碳足迹") * POWER + r.of(p, rail) * r.of(p, rail, "运距(km)") * RAIL
    )  # fmt: skip
    p = "阳极制备"
    anode = (
        r.bought(p, "石油焦", "煤沥青", "天然气上游") + r.of(p, "天然气") * GAS + r.of(p, "电力碳足迹") * POWER
        + r.of(p, "CO2")
    )  # fmt: skip
    p, lorry = "铝电解", "英国货运-重型货车(全柴油)-铰接车(>33吨)-平均装载率"
    own = r.of(p, "电力", "因子")
    mix = (1 - hydro - local) * POWER + hydro * (HYDRO + GRID) + local * own
    trip = r.of(p, lorry) / r.of(p, lorry, "载重") * r.of(p, lorry, "运距(km)") * (1 + r.of(p, lorry, "空驶率"))
    liquid = (
        r.of(p, "氧化铝") * alumina + r.of(p, "预焙阳极") * anode + r.bought(p, "氟化铝") + power * mix + trip * LORRY
        + F("0.411") * F(44, 12) * 1000 + r.of(p, "阳极效应") * PFC
    )  # fmt: skip
    p = "废锭重熔"
    remelting = r.bought(p, "天然气上游", "铝灰") + r.of(p, "天然气") * GAS + r.of(p, "电力碳足迹") * POWER
    p = "铝锭铸造"
    casting = r.bought(p, "天然气上游", "铝灰") + r.of(p, "天然气") * GAS + r.of(p, "电力碳足迹") * POWER
    # ingot = casting + (1.015 - b) liquid + b (remelting + 1.03 ingot); the mould release agent is cut off
    return (casting + (F("1.015") - returned) * liquid + returned * remelting) / (
        1 - returned * r.of("废锭重熔", "铝锭")
    )


def cement(*, ratio: str = "0.75", alternative: str = "0.10") -> F:
    r = Rows("footprint-cement")
    share, replaced = F(ratio), F(alternative)
    made = {p["过程"]: p for p in rows("footprint-cement", "processes")}
    given = {p["参数"]: p["数值"] for p in rows("footprint-cement", "parameters")}
    heat, gypsum = F(given["热耗"]), F(given["石膏比例"])
    p = "石灰石开采"
    stone = (
        r.bought(p, "柴油上游", "炸药") + r.of(p, "柴油") * DIESEL + r.of(p, "电力碳足迹") * 1000 * POWER
    ) / F(made[p]["产量"])  # fmt: skip
    p, slag = "高炉炼铁", "粒化高炉矿渣"
    worth = r.of(p, slag) * r.of(p, slag, "单价")  # economic: share of the slag, per tonne of it
    rough = r.of(p, "CO2") * 1000 * worth / (worth + F(made[p]["单价"])) / r.of(p, slag)
    p, rail = "矿渣粉磨", "英国货运-铁路-货运列车"
    ground = (
        r.of(p, slag) * rough + r.of(p, "蒸汽") * STEAM + r.of(p, "电力碳足迹") * POWER
        + r.of(p, rail) * r.of(p, rail, "运距(km)") * RAIL
    )  # fmt: skip
    p = "热电联产"
    burned = r.of(p, "烟煤") * r.of(p, "烟煤", "低位发热量") * COAL + r.bought(p, "烟煤上游")
    power = F(made[p]["产量"]) * F("3.6")
    steam = r.of(p, "余热蒸汽") * r.of(p, "余热蒸汽", "单位热值(MJ)")
    own_power = burned * power / (power + steam) / F(made[p]["产量"])  # energy: the share of 1000 kWh, per kWh
    p = "生料制备"
    meal = r.of(p, "石灰石") * stone + r.bought(p, "硅质与铁质校正料") + r.of(p, "自发电") * own_power
    p, lorry = "熟料烧成", "英国货运-重型货车(全柴油)-铰接车(>33吨)-平均装载率"
    coal = heat * (1 - replaced) / 22000
    trip = r.of(p, lorry, "运距(km)") / r.of(p, lorry, "载重") * (1 + r.of(p, lorry, "空驶率"))
    clinker = (
        r.of(p, "生料") * meal
        + coal * (r.of(p, "烟煤", "低位发热量") * COAL + r.of(p, "烟煤上游", "因子") + trip * LORRY)
        + heat * replaced * F("0.085") * F("0.6") + CLINKER + r.of(p, "自发电") * own_power
        + r.of(p, "电力碳足迹") * POWER
    )  # fmt: skip
    p = "水泥粉磨"
    return (
        share * clinker + (1 - share - gypsum) * ground + gypsum * r.of(p, "脱硫石膏", "因子")
        + r.of(p, "电力碳足迹") * POWER
    )  # fmt: skip


BY_HAND = {
    "footprint-aluminium": {
        "": aluminium(), "绿电": aluminium(green="1"), "半数绿电": aluminium(green="1/2"),
        "省级因子": aluminium(province="1"),
    },
    "footprint-cement": {
        "": cement(), "低熟料": cement(ratio="0.60"), "替代燃料": cement(alternative="0.30"),
        "低熟料加替代燃料": cement(ratio="0.60", alternative="0.30"),
    },
}  # fmt: skip


@pytest.mark.parametrize("study", sorted(BY_HAND))
def test_example_is_what_fractions_make_of_its_tables(study: str) -> None:
    found = compute(open_study(EXAMPLES / study, draws=0)).footprint
    assert found.complete
    assert list(found.solved) == list(BY_HAND[study])
    for scenario, exact in BY_HAND[study].items():
        assert found.co2e(scenario) == pytest.approx(float(exact), rel=1e-12), scenario


@pytest.mark.parametrize("study", sorted(BY_HAND))
def test_example_has_no_error_and_says_that_it_is_invented(study: str) -> None:
    assert not check_footprint(EXAMPLES / study, draws=0).errors
    text = (EXAMPLES / study / "study.toml").read_text("utf-8")
    assert "invented" in text
    for row in rows(study, "exchanges"):  # what a row brings of its own is invented, or names where it stands
        assert not row["因子"] or row["数据来源"].startswith(("虚构", "2023 年电力二氧化碳排放因子公告"))


def test_mould_release_agent_is_cut_off_and_its_share_computed() -> None:
    found = compute(open_study(EXAMPLES / "footprint-aluminium", draws=0)).footprint
    apart = F("0.2") * F("2.5") / (1 - F("0.05") * F("1.03"))  # of one ingot, by the casting that it takes
    kept = BY_HAND["footprint-aluminium"][""]
    assert found.left_out_pct[""] == pytest.approx(float(100 * apart / (apart + kept)), rel=1e-9)


def test_green_power_takes_away_what_the_grid_brought() -> None:
    ours = BY_HAND["footprint-aluminium"]
    # 1 t of ingot takes 0.965 t of liquid per casting, and 1/(1 - 0.05 × 1.03) castings
    liquid = F("0.965") / (1 - F("0.05") * F("1.03"))
    assert ours[""] - ours["绿电"] == liquid * 13350 * (POWER - HYDRO - GRID)


def test_cement_leaves_delivery_out_and_keeps_biogenic_carbon_apart() -> None:
    found = compute(open_study(EXAMPLES / "footprint-cement", draws=0)).footprint
    (outside,) = [i for i in found.issues if i.code == "P733"]
    assert (outside.value, list(outside.lines)) == ("distribution", [34])
    apart = {r["name"]: r["co2e_kg"] for r in found.records if r["part"] == "apart" and r["scenario"] == ""}
    biogenic = 0.75 * 3150 * 0.10 * 0.085 * 0.4
    assert apart == pytest.approx({"biogenic": biogenic, "uptake": -biogenic})
