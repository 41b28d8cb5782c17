"""Shares of outputs close to 1 exactly; heat and power by several conventions; recycling by hand."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbon.errors import UsageError
from carbon.footprint.allocation import AllocationError, Output, heat_and_power, shares
from carbon.footprint.recycling import Material, burden

F = Fraction
positive = st.fractions(min_value=F(1, 1000), max_value=1000)


@given(st.lists(st.tuples(positive, positive), min_size=1, max_size=8), st.sampled_from(["mass", "energy", "economic"]))
def test_shares_close_to_one_exactly(rows, method):
    outputs = [Output(str(n), amount, mass=w, energy=w, price=w) for n, (amount, w) in enumerate(rows)]
    found = shares(method, outputs)
    assert sum(found) == 1
    assert all(share > 0 for share in found)


def test_shares_by_each_property():
    # milk 900 kg at 4, cream 100 kg at 36: mass 9:1, economic 3600:3600
    milk = Output("milk", F(900), mass=F(1), price=F(4), fraction=F(2, 5))
    cream = Output("cream", F(100), mass=F(1), price=F(36), fraction=F(3, 5))
    assert shares("mass", [milk, cream]) == [F(9, 10), F(1, 10)]
    assert shares("economic", [milk, cream]) == [F(1, 2), F(1, 2)]
    assert shares("fraction", [milk, cream]) == [F(2, 5), F(3, 5)]
    assert shares("substitution", [milk, cream]) == [1, 0]


def test_single_output_carries_all_without_properties():
    assert shares("economic", [Output("steel", F(1))]) == [1]


@pytest.mark.parametrize(
    ("method", "outputs", "word"),
    [
        ("mass", [Output("a", F(1), mass=F(1)), Output("b", F(1))], "'b' is missing"),
        ("economic", [Output("a", F(1), price=F(0)), Output("b", F(1), price=F(0))], "no price"),
        ("fraction", [Output("a", F(1), fraction=F(1, 2)), Output("b", F(1), fraction=F(49, 100))], "0.99"),
        ("fraction", [Output("a", F(1), fraction=F(1)), Output("b", F(1))], "b is missing"),
        ("weight", [Output("a", F(1))], "known"),
    ],
)
def test_shares_that_cannot_be_found_are_refused_in_both_languages(method, outputs, word):
    with pytest.raises(AllocationError) as caught:
        shares(method, outputs)
    assert word in caught.value.args[0].en
    assert caught.value.args[0].zh


def test_heat_and_power_by_hand():
    # heat 60, power 40. exergy at 300 K ambient and 400 K heat: 60 * (1 - 0.75) = 15 of 55
    assert heat_and_power("energy", F(60), F(40), {}) == F(3, 5)
    assert heat_and_power("exergy", F(60), F(40), {"ambient_k": F(300), "heat_k": F(400)}) == F(15, 55)
    # separate boilers of 90 % and plants of 40 %: 66.67 of fuel against 100
    assert heat_and_power("efficiency", F(60), F(40), {"heat_efficiency": F(9, 10), "power_efficiency": F(2, 5)}) == F(
        2, 5
    )
    assert heat_and_power("heat-ratio", F(60), F(40), {"heat_input": F(150)}) == F(2, 5)


@pytest.mark.parametrize(
    ("convention", "heat", "power", "extra"),
    [("exergy", 1, 1, {}), ("energy", 0, 0, {}), ("heat-ratio", 9, 1, {"heat_input": F(5)}), ("magic", 1, 1, {})],
)
def test_heat_and_power_that_makes_no_sense_is_refused(convention, heat, power, extra):
    with pytest.raises(AllocationError):
        heat_and_power(convention, F(heat), F(power), extra)


def test_recycling_methods_by_hand():
    # primary 10, recycled 2, disposal 1, recycling 3; 20 % recycled content, 80 % recycled at the end; quality 1
    metal = Material(F(10), F(2), F(1), F(3), content=F(1, 5), rate=F(4, 5))
    # cut-off: 0.8*10 + 0.2*2 + 0.2*1 = 8.6
    assert burden(metal, "cut-off")["total"] == F(86, 10)
    # substitution: 10 + 0.8*(3 - 10) + 0.2*1 = 4.6
    assert burden(metal, "substitution")["total"] == F(46, 10)
    # 50/50 lies in the middle: 8 + 0.2*(1 + 5) + 0.5*0.8*(-7) + 0.2 = 6.6
    assert burden(metal, "50/50")["total"] == F(66, 10)


def test_recycling_of_lower_quality_earns_less():
    metal = Material(F(10), F(2), F(1), F(3), content=F(0), rate=F(1), quality_out=F(1, 2))
    # 10 + (3 - 5) = 8
    assert burden(metal, "substitution")["total"] == 8


@given(a=st.fractions(0, 1), content=st.fractions(0, 1), rate=st.fractions(0, 1))
def test_recycling_parts_add_up_and_the_formula_is_linear_in_a(a, content, rate):
    metal = Material(F(10), F(2), F(1), F(3), content=content, rate=rate)
    parts = burden(metal, a)
    assert sum(v for k, v in parts.items() if k != "total") == parts["total"]
    ends = [burden(metal, name)["total"] for name in ("substitution", "cut-off")]
    assert parts["total"] == (1 - a) * ends[0] + a * ends[1]


@pytest.mark.parametrize("change", [{"content": F(2)}, {"rate": F(-1, 2)}])
def test_recycling_shares_outside_their_range_are_refused(change):
    given_ = {"content": F(0), "rate": F(0)} | change
    with pytest.raises(UsageError):
        burden(Material(F(1), F(1), F(1), F(1), **given_), "cut-off")
    with pytest.raises(UsageError):
        burden(Material(F(1), F(1), F(1), F(1), content=F(0), rate=F(0)), "halves")
