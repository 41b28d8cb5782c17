"""How a row came to its emissions: printed equations that hold, for every kind of row, worked by hand beside them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from carbon.errors import UsageError
from carbon.footprint.study import Footprint, footprint
from carbon.footprints import compute, open_study
from carbon.report.retracing import retrace

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
STUDY = {"product": "cake", "unit": "t", "period": "2024", "region": "CN"}
OVEN = {"process": "oven", "product": "cake", "amount": 2, "unit": "t"}  # 4 t of cake: 2 runs
CO2 = {"process": "oven", "kind": "emission", "name": "CO2", "amount": 10, "unit": "kg"}
_NUMBER = r"-?[\d,]+(?:\.\d+)?(?:e[+-]\d+)?"


def oven(*rows: dict[str, Any], processes: Any = (OVEN,), study: Any = None, **tables: Any) -> Footprint:
    given = [{"process": "oven", **row} for row in rows]
    return footprint(list(processes), given, study=STUDY | {"amount": 4} | (study or {}), **tables)


def lines(found: Footprint, line: int = 1) -> list[str]:
    text = retrace(found, line)
    for _ in equations(text):  # each is worked again
        pass
    return [one.strip() for one in text.split("\n")]


def equations(text: str) -> Iterator[tuple[Fraction, str]]:
    """Yield the result and the words behind it of every product, or sum of products, after working it again."""
    product = rf"{_NUMBER}(?: [^×=+]+)?(?: × {_NUMBER}[^×=+]*)*"
    for line in text.split("\n"):
        found = re.match(rf" *(?:1 \S+: )?({product}(?: \+ {product})*) = ({_NUMBER})( .*)", line)
        if (
            found is None
            or not (" × " in found[1] or " / " in found[1])
            or "*" in line.partition(" = ")[0].replace("t*km", "")
        ):
            continue
        worked = Fraction(0)
        for term in found[1].split(" + "):
            size = Fraction(1)
            for part in term.split(" × "):
                for place, factor in enumerate(part.split(" / ")):
                    number = Fraction(re.match(_NUMBER, factor)[0].replace(",", ""))
                    size = size / number if place else size * number
            worked += size
        shown = found[2].replace(",", "")
        digits = 30 if "e" in shown else len(shown.partition(".")[2])
        most = Fraction(51, 100 * 10**digits)  # half a digit, and the rounding of what is multiplied
        assert abs(worked - Fraction(shown)) <= most, line
        yield Fraction(shown), found[3]


# --- amounts ------------------------------------------------------------------------------------------------------


LEG = {"kind": "transport", "name": "lorry", "amount": "mass / 1000", "unit": "t", "distance_km": "100",
       "empty_return": 0.5, "factor": 0.1, "factor_unit": "kgCO2e/(t*km)"}  # fmt: skip
MASS = [{"parameter": "mass", "value": 128.864}]
HALF = [{"scenario": "half", "parameter": "mass", "value": 64.432}]


def test_leg_is_mass_by_distance_with_its_empty_return_in_every_scenario() -> None:
    said = lines(oven(LEG, CO2, parameters=MASS, scenarios=HALF))
    # 128.864 / 1000 · 100 · 1.5 = 19.3296 t*km; 2 runs · 0.1 kgCO2e = 3.86592, beside 2 · 10 kg of CO2
    assert said[:5] == [
        "exchanges:1 oven: transport lorry", "base case:", "mass / 1000 = 0.128864 t (mass = 128.864)",
        "0.128864 t × 100 km × 1.5 = 19.3296 t*km (1.5 = 1 + empty return 0.5)",
        "19.3296 t*km × 2 × 0.1 kgCO2e/(t*km) = 3.86592 kgCO2e (16.2 %)",
    ]  # fmt: skip
    assert said[5:9] == [
        "half:", "mass / 1000 = 0.064432 t (mass = 64.432)",
        "0.064432 t × 100 km × 1.5 = 9.6648 t*km (1.5 = 1 + empty return 0.5)",
        "9.6648 t*km × 2 × 0.1 kgCO2e/(t*km) = 1.93296 kgCO2e (8.8 %)",
    ]  # fmt: skip


def test_leg_by_vehicle_is_in_kilometres_of_the_vehicle() -> None:
    row = LEG | {"amount": 500, "unit": "kg", "load_t": 20, "factor": 0.8, "factor_unit": "kgCO2e/km"}
    # 0.5 t · 100 km · 1.5 / 20 t = 3.75 km; 3.75 · 2 · 0.8 = 6
    said = lines(oven(row))
    assert said[2:5] == [
        "500 kg = 0.5 t", "0.5 t × 100 km × 1.5 / 20 t = 3.75 km (1.5 = 1 + empty return 0.5)",
        "3.75 km × 2 × 0.8 kgCO2e/km = 6.00000 kgCO2e (100.0 %)",
    ]  # fmt: skip


def test_leg_in_tonne_kilometres_and_in_kilometres() -> None:
    plain = {key: value for key, value in LEG.items() if key not in ("distance_km", "empty_return")}
    mass = plain | {"amount": 50, "unit": "t*km"}
    assert lines(oven(mass))[2] == "50 t*km × 2 × 0.1 kgCO2e/(t*km) = 10.0000 kgCO2e (100.0 %)"
    loaded = mass | {"load_t": 20, "factor": 0.8, "factor_unit": "kgCO2e/km"}
    assert lines(oven(loaded))[2:4] == ["50 t*km / 20 t = 2.5 km",
                                        "2.5 km × 2 × 0.8 kgCO2e/km = 4.00000 kgCO2e (100.0 %)"]  # fmt: skip
    way = loaded | {"amount": 30, "unit": "km", "load_t": None, "empty_return": 0.2}
    assert lines(oven(way))[2:4] == ["30 km × 1.2 = 36 km (1.2 = 1 + empty return 0.2)",
                                     "36 km × 2 × 0.8 kgCO2e/km = 57.6000 kgCO2e (100.0 %)"]  # fmt: skip


# --- links --------------------------------------------------------------------------------------------------------


MILL = {"process": "mill", "product": "flour", "amount": 4, "unit": "t"}
GRIND = {"process": "mill", "kind": "emission", "name": "CO2", "amount": 1640, "unit": "kg"}  # 410 kg a tonne


def test_link_carries_what_its_supplier_carries_in_the_unit_of_the_row() -> None:
    row = {"kind": "input", "name": "flour", "amount": 1600, "unit": "kg"}
    said = lines(oven(row, CO2, GRIND, processes=(OVEN, MILL)))
    # 1600 kg · 2 runs · 0.41 kg a kilogram = 1312, beside 20 of the oven
    assert said[2] == (
        "1,600 kg × 2 × 0.41 kgCO2e/kg = 1,312.00 kgCO2e (98.5 %); flour by mill, with all that lies upstream"
    )


def test_credit_runs_below_zero() -> None:
    row = {"kind": "avoided", "name": "flour", "amount": 0.5, "unit": "t"}
    said = lines(oven(row, CO2 | {"amount": 300}, GRIND, processes=(OVEN, MILL)))
    # 600 - 2 · 0.5 · 410 = 190; 410 / 190 = 215.8 %
    assert said[2].startswith("0.5 t × -2 × 410 kgCO2e/t = -410.000 kgCO2e (-215.8 %); flour by mill")
    bought = {"kind": "avoided", "name": "butter", "amount": 5, "unit": "kg", "factor": 9, "factor_unit": "kgCO2e/kg"}
    assert lines(oven(bought, CO2 | {"amount": 100}))[2] == "5 kg × -2 × 9 kgCO2e/kg = -90.0000 kgCO2e (-81.8 %)"


def test_waste_counts_what_its_treatment_emits() -> None:
    dump = {"process": "dump", "product": "ash", "amount": -10, "unit": "kg"}
    burns = {"process": "dump", "kind": "emission", "name": "CO2", "amount": 30, "unit": "kg"}
    row = {"kind": "waste", "name": "ash", "amount": 4, "unit": "kg"}
    # 3 kg of CO2 a kilogram of ash: 4 · 2 · 3
    said = lines(oven(row, burns, processes=(OVEN, dump)))
    assert said[2].startswith("4 kg × 2 × 3 kgCO2e/kg = 24.0000 kgCO2e (100.0 %); ash by dump")


# --- outputs ------------------------------------------------------------------------------------------------------


CRUMBS = {"kind": "co-product", "name": "crumbs", "amount": 0.5, "unit": "t", "allocation_mass": 1000}
BY_MASS = OVEN | {"allocation_mass": 1000}


def test_runs_of_a_process_with_two_outputs_are_those_of_their_shares() -> None:
    # cake has 2 of 2.5 t: 0.8 of 2 runs
    said = lines(oven(CO2, CRUMBS, processes=(BY_MASS,)))
    assert said[2] == "10 kg × 1.6 × 1 kgCO2e/kg = 16.0000 kgCO2e (100.0 %)"


@pytest.mark.parametrize(
    ("language", "share", "carries"),
    [("en", "bears 20 % of the burdens of oven, shared by mass",
      "1 t carries 4.00000 kgCO2e, with all that lies upstream"),
     ("zh", "分摊oven负荷的 20 %，分配方法：质量", "1 t 携带 4.00000 kgCO2e，含全部上游")],
)  # fmt: skip
def test_co_product_says_its_share_and_by_what(language: str, share: str, carries: str) -> None:
    # 0.5 of 2.5 t; 0.2 · 10 kg / 0.5 t = 4 a tonne
    said = lines(oven(CO2, CRUMBS, processes=(BY_MASS,), study={"language": language}), 2)
    assert said[2:4] == [share, carries]


def test_share_of_a_co_product_follows_the_scenario() -> None:
    row = CRUMBS | {"amount": "left"}
    found = oven(CO2, row, processes=(BY_MASS,), parameters=[{"parameter": "left", "value": 0.5}],
                 scenarios=[{"scenario": "much", "parameter": "left", "value": 2}])  # fmt: skip
    said = lines(found, 2)
    assert "bears 50 % of the burdens of oven, shared by mass" in said[said.index("much:") :]
    assert "10 kg × 1 × 1 kgCO2e/kg = 10.0000 kgCO2e (100.0 %)" in lines(found, 1)  # 0.5 of 2 runs


def test_co_product_by_substitution_is_a_credit() -> None:
    row = {"kind": "co-product", "name": "flour", "amount": 0.5, "unit": "t"}
    found = oven(row, CO2 | {"amount": 300}, GRIND, processes=(OVEN, MILL), study={"allocation": "substitution"})
    said = lines(found)
    assert said[2].startswith("0.5 t × -2 × 410 kgCO2e/t = -410.000 kgCO2e")
    assert said[3] == "a credit by substitution: the main product bears all burdens"


# --- what is left out or kept apart -------------------------------------------------------------------------------


BUTTER = {"kind": "material", "name": "butter", "amount": 5, "unit": "kg", "factor": 9, "factor_unit": "kgCO2e/kg"}


def test_row_that_is_left_out_says_what_it_would_be() -> None:
    said = lines(oven(BUTTER, CO2, study={"excluded": ["butter"], "cut_off": 0.9}))
    assert said[2:4] == ["left out by the study (excluded), counted as 0; taken in it would be:",
                         "5 kg × 2 × 9 kgCO2e/kg = 90.0000 kgCO2e"]  # fmt: skip
    linked = {"kind": "input", "name": "flour", "amount": 1, "unit": "t"}
    said = lines(oven(linked, CO2, GRIND, processes=(OVEN, MILL), study={"excluded": ["flour"], "cut_off": 0.99}))
    assert said[3] == "1 t × 2 × 410 kgCO2e/t = 820.000 kgCO2e; flour by mill, with all that lies upstream"


@pytest.mark.parametrize(
    ("row", "equation"),
    [({"kind": "emission", "origin": "biogenic"}, "10 kg × 2 × 1 kgCO2/kg = 20.0000 kgCO2 (biogenic CO2: {apart})"),
     ({"kind": "uptake"}, "10 kg × -2 × 1 kgCO2/kg = -20.0000 kgCO2 (CO2 taken up: {apart})"),
     ({"kind": "stored"}, "10 kg × 2 × 1 kgCO2/kg = 20.0000 kgCO2 (CO2 stored in the product: {apart})"),
     ({"kind": "fuel", "name": "straw", "origin": "biogenic", "factor": 1.5, "factor_unit": "kgCO2/kg"},
      "10 kg × 2 × 1.5 kgCO2/kg = 30.0000 kgCO2 (biogenic CO2: {apart})")],
)  # fmt: skip
def test_biogenic_carbon_is_kept_apart(row: dict[str, Any], equation: str) -> None:
    found = oven(CO2 | row, CO2)
    said = lines(found)
    assert said[2] == equation.format(apart="kept apart, not in the total")
    assert "no emission" not in retrace(found, 1)
    assert found.co2e() == 20.0
    zh = retrace(oven(CO2 | row, CO2, study={"language": "zh"}), 1)
    assert "单独报告，不计入合计" in zh
    assert "无排放" not in zh


def test_fuel_that_is_biogenic_by_its_item_is_kept_apart_too() -> None:
    fuel = {"kind": "fuel", "name": "biogas", "amount": 10, "unit": "Nm3", "factor": 1.9, "factor_unit": "kgCO2/Nm3"}
    found = oven(fuel, CO2)
    text = retrace(found, 1)
    assert found.co2e() == 20.0
    assert "10 Nm3 × 2 × 1.9 kgCO2/Nm3 = 38.0000 kgCO2 (biogenic CO2: kept apart, not in the total)" in text
    assert "biogenic CO2 = 1 Nm3 × 1.9 kgCO2/Nm3" in text  # and its source below
    assert "no emission" not in text


def test_gas_is_weighed_by_its_potential() -> None:
    methane = CO2 | {"name": "CH4", "amount": 0.5}
    said = lines(oven(methane))
    # AR6: 27.9
    assert said[2:4] == ["1 kg: 1 kg CH4 × 27.9 = 27.9 kgCO2e (in CO2e, by GWP ar6)",
                         "0.5 kg × 2 × 27.9 kgCO2e/kg = 27.9000 kgCO2e (100.0 %)"]  # fmt: skip
    said = lines(oven(methane, CO2, study={"gwp": "none"}))
    assert said[2:4] == ["0.5 kg × 2 × 1 kg/kg = 1.00000 kg CH4", "GWP none has no warming potential of CH4: no kgCO2e"]
    assert lines(oven(methane, CO2, study={"gwp": "none"}), 2)[2] == "10 kg × 2 × 1 kgCO2e/kg = 20.0000 kgCO2e"


# --- recycling ----------------------------------------------------------------------------------------------------


MAKES = {"metal": 10, "scrap metal": 2, "tip": 1, "remelting": 3}  # kg of CO2 a kilogram


def recycled(method: str, **more: Any) -> Footprint:
    row = {"kind": "input", "name": "metal", "amount": 5, "unit": "kg", "recycled_content": 0.2,
           "recycled_by": "scrap metal", "recovery_rate": 0.8, "recycling_by": "remelting",
           "disposal_by": "tip"}  # fmt: skip
    emit = [{"process": name, "kind": "emission", "name": "CO2", "amount": kg, "unit": "kg"}
            for name, kg in MAKES.items()]  # fmt: skip
    processes = (OVEN, *({"process": name, "unit": "kg"} for name in MAKES))
    return oven(row, *emit, processes=processes, study={"recycling": method, "boundary": "cradle-to-grave", **more})


def test_row_with_columns_of_recycling_shows_each_part() -> None:
    # half of the credit: 0.2 · 2 · 0.5 + (0.8 + 0.2 · 0.5) · 10 + 0.5 · 0.8 · (3 - 10) + 0.2 · 1 = 6.6 a kilogram
    found = recycled("50/50")
    text = retrace(found, 1)
    said = lines(found)
    assert said[2].startswith("5 kg × 2 × 6.6 kgCO2e/kg = 66.0000 kgCO2e (100.0 %); ")
    for part, equation in (
        ("primary material: input metal", "0.9 kg × 10 × 10 kgCO2e/kg = 90.0000 kgCO2e (136.4 %)"),
        ("recycled content: input scrap metal", "0.1 kg × 10 × 2 kgCO2e/kg = 2.00000 kgCO2e (3.0 %)"),
        ("recycling at the end of life: waste remelting", "0.4 kg × 10 × 3 kgCO2e/kg = 12.0000 kgCO2e (18.2 %)"),
        ("replaced by recycling: avoided metal", "0.4 kg × -10 × 10 kgCO2e/kg = -40.0000 kgCO2e (-60.6 %)"),
        ("disposal: waste tip", "0.2 kg × 10 × 1 kgCO2e/kg = 2.00000 kgCO2e (3.0 %)"),
    ):
        place = said.index(part)
        assert any(one.startswith(equation) for one in said[place + 1 : place + 4]), (part, said[place + 1 : place + 4])
    assert "再生料投入" in retrace(recycled("50/50", language="zh"), 1)
    sums = [number for number, words in equations(text) if " kgCO2e (" in f" {words}"]
    assert sums[0] == sum(sums[1:]) == 66


def test_recycled_row_that_is_left_out_has_no_parts() -> None:
    said = lines(recycled("50/50", excluded=["metal"], cut_off=0.99))
    assert said[3].startswith("5 kg × 2 × 6.6 kgCO2e/kg = 66.0000 kgCO2e; ")
    assert not any(one.startswith("recycled content") for one in said)


# --- rows without emissions ---------------------------------------------------------------------------------------


def test_row_that_was_not_computed_says_why() -> None:
    found = oven(CO2, {"kind": "input", "name": "buter", "amount": 1, "unit": "kg"})
    assert "[P710]" in retrace(found, 2)
    assert "not computed" in retrace(found, 2)
    found = oven(
        CO2, CRUMBS | {"allocation_mass": None, "unit": "L"}, processes=(BY_MASS, MILL), study={"product": "mill"}
    )
    assert retrace(found, 2).startswith("exchanges:2 oven: co-product crumbs — not computed")
    assert "[P714]" in retrace(found, 2)  # of the process
    found = oven(CO2, BUTTER | {"unit": "kgs"})
    assert "exchanges:2 oven: material butter — not computed" in retrace(found, 2)
    found = oven(CO2, BUTTER | {"stage": "use"})
    assert "[P733]" in retrace(found, 2)
    with pytest.raises(UsageError, match="line 3"):
        retrace(found, 3)


# --- whole examples -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("name", ["footprint-aluminium", "footprint-cement"])
def test_every_row_of_the_examples_works_out_to_its_contribution(name: str, language: str) -> None:
    found = compute(open_study(EXAMPLES / name, language=language, draws=0)).footprint
    linked = {int(found.exchanges.line[found.chain.exchanges[n].row]) for n in found.chain.link.tolist()}
    shown = 0
    for line in found.exchanges.line.tolist():
        results = [float(number) for number, words in equations(retrace(found, line))
                   if re.match(r" kgCO2e \(-?\d", words)]  # fmt: skip
        records = found.edge_records if line in linked else found.contribution_records
        wanted = [
            sum(r["co2e_kg"] for r in records if (r["source_line"], r["scenario"]) == (line, scenario))
            for scenario in found.solved
        ]
        if not results:  # a co-product, what is kept apart, what is left out
            assert not any(wanted)
            continue
        assert results == pytest.approx(wanted, rel=1e-5, abs=1e-9), line
        shown += 1
    assert shown > 25
