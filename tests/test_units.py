"""Units: exact scales, the closed vocabulary, refused words, gases as dimensions, compound units, hostile texts."""

from __future__ import annotations

import pickle
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from shared.hostility import within_reason

from carbon import units
from carbon.units import DimensionError, UnitError

# name = definition = symbol = alias …: read here on its own, so that a word the code forgets is missed
LINES = [
    [part.strip() for part in line.split("=")]
    for line in Path(units.__file__).with_name("units.txt").read_text("utf-8").splitlines()
    if line and not line.startswith("#")
]
WORDS = [(parts[0], word) for parts in LINES for word in [parts[0], *parts[2:]]]

# From the definitions of the units: SI, the 15th CGPM (kWh), the international table calorie and Btu, the avoirdupois
# pound, the US gallon of 231 cubic inches of 2.54 cm, GB/T 2589 (7 000 kcal of coal against 10 000 kcal of oil).
EXACT = [
    ("kWh", "MJ", Fraction(18, 5)),
    ("MWh", "GJ", Fraction(18, 5)),
    ("万kWh", "GJ", Fraction(36)),
    ("万千瓦时", "kWh", Fraction(10_000)),
    ("亿kWh", "GWh", Fraction(100)),
    ("百万千瓦时", "GWh", Fraction(1)),
    ("度", "kWh", Fraction(1)),
    ("Wh", "J", Fraction(3_600)),
    ("TJ", "GJ", Fraction(1_000)),
    ("百万千焦", "GJ", Fraction(1)),
    ("kcal", "kJ", Fraction("4.1868")),
    ("Gcal", "GJ", Fraction("4.1868")),
    ("百万大卡", "Gcal", Fraction(1)),
    ("mmBtu_HHV", "GJ_HHV", Fraction("1.05505585262")),
    ("kWh_HHV", "GJ_HHV", Fraction("0.0036")),
    ("tce", "kgce", Fraction(1_000)),
    ("万吨标准煤", "tce", Fraction(10_000)),
    ("toe", "tce", Fraction(10, 7)),
    ("t", "kg", Fraction(1_000)),
    ("kt", "t", Fraction(1_000)),
    ("Mt", "t", Fraction(1_000_000)),
    ("万吨", "t", Fraction(10_000)),
    ("g", "kg", Fraction(1, 1_000)),
    ("mg", "g", Fraction(1, 1_000)),
    ("lb", "kg", Fraction("0.45359237")),
    ("short_ton", "lb", Fraction(2_000)),
    ("重量箱", "kg", Fraction(50)),
    ("km", "m", Fraction(1_000)),
    ("mile", "km", Fraction("1.609344")),
    ("万m2", "m2", Fraction(10_000)),
    ("m2", "m*m", Fraction(1)),
    ("m3", "m^3", Fraction(1)),
    ("L", "m3", Fraction(1, 1_000)),
    ("gal", "L", 231 * Fraction("2.54") ** 3 / 1_000),
    ("千m3", "m3", Fraction(1_000)),
    ("万m3", "m3", Fraction(10_000)),
    ("亿m3", "万m3", Fraction(10_000)),
    ("万Nm3", "Nm3", Fraction(10_000)),
    ("tkm", "t*km", Fraction(1)),
    ("吨公里", "kg*m", Fraction(1_000_000)),
    ("h", "d", Fraction(1, 24)),
    ("min", "h", Fraction(1, 60)),
    ("yr", "d", Fraction(365)),
    ("%", "1", Fraction(1, 100)),
    ("pct", "%", Fraction(1)),
    ("万元", "CNY", Fraction(10_000)),
]


def quickly(text: str) -> units.Unit | None:
    """Parse a hostile text: a unit or a UnitError, and nothing that goes on and on."""
    with within_reason():
        try:
            return units.parse(text)
        except UnitError:
            return None


@pytest.mark.parametrize(("source", "target", "scale"), EXACT, ids=str)
def test_ratio_of_two_units_is_the_exact_fraction(source: str, target: str, scale: Fraction) -> None:
    assert units.ratio(units.parse(source), units.parse(target)) == scale
    assert units.ratio(units.parse(target), units.parse(source)) == 1 / scale


def test_ratio_is_a_fraction_and_not_a_float() -> None:
    assert isinstance(units.ratio(units.parse("kWh"), units.parse("MJ")), Fraction)


@pytest.mark.parametrize(("name", "word"), WORDS, ids=[word for _, word in WORDS])
def test_parse_every_word_of_the_vocabulary_gives_the_unit_of_its_line(name: str, word: str) -> None:
    unit = units.parse(word)
    assert unit.scale > 0
    assert (unit.scale, unit.dimension) == (units.parse(name).scale, units.parse(name).dimension)
    assert unit.text == word


def test_vocabulary_has_no_word_twice_and_lists_every_word() -> None:
    words = [word for _, word in WORDS]
    assert sorted(words) == sorted(set(words))
    assert set(units.vocabulary()) == set(words)


@pytest.mark.parametrize(
    ("word", "near"),
    [
        ("ton", "t"), ("tons", "t"), ("Ton", "t"), ("TON", "t"), ("T", "t"), ("cal", "kcal"), ("CAL", "kcal"),
        ("btu", "mmBtu_HHV"), ("BTU", "mmBtu_HHV"), ("mmBtu", "mmBtu_HHV"), ("nm3", "Nm3"),
    ],
)  # fmt: skip
def test_parse_refused_word_raises_and_names_the_unit_to_write(word: str, near: str) -> None:
    with pytest.raises(UnitError) as caught:
        units.parse(word)
    assert caught.value.text == word
    assert near in caught.value.near
    assert near in str(caught.value)


@pytest.mark.parametrize(
    "word",
    ["kn", "knot", "mt", "MT", "kgs", "KM3", "kmeter", "kilo", "kkg", "µg", "CO2", "kgco2", "kgCO3", "°C",
     "kl", "吨煤", "万", "斤", "磅", "mu", "e", "pi", "count", "delta_t"],
)  # fmt: skip
def test_parse_word_outside_the_vocabulary_raises(word: str) -> None:
    with pytest.raises(UnitError):
        units.parse(word)


@pytest.mark.parametrize("word", ["kwhh", "吨标准媒", "GJJ", "万立方兆"])
def test_parse_misspelt_word_names_near_misses(word: str) -> None:
    with pytest.raises(UnitError) as caught:
        units.parse(word)
    assert caught.value.near


def test_kilotonne_is_a_mass_and_no_knot() -> None:
    assert units.parse("kt").dimension == units.parse("kg").dimension
    assert units.parse("kt").scale == 1_000_000  # kg


@pytest.mark.parametrize(("one", "other"), [("m3", "Nm3"), ("万m3", "万Nm3"), ("kgCO2/m3", "kgCO2/Nm3")])
def test_ratio_cubic_metre_to_normal_cubic_metre_is_refused(one: str, other: str) -> None:
    with pytest.raises(DimensionError):
        units.ratio(units.parse(one), units.parse(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [("kWh", "t"), ("GJ", "GJ_HHV"), ("GJ", "tce"), ("tCO2", "tCH4"), ("tCO2", "tCO2e"), ("tCO2", "t"), ("tC", "tCO2"),
     ("m2", "m3"), ("t", "t/t"), ("kgCO2/kWh", "kgCO2/kg"), ("件", "t"), ("元", "t")],
)  # fmt: skip
def test_ratio_of_units_of_different_kind_is_refused(one: str, other: str) -> None:
    with pytest.raises(DimensionError) as caught:
        units.ratio(units.parse(one), units.parse(other))
    assert one in str(caught.value)
    assert other in str(caught.value)


@pytest.mark.parametrize(
    ("texts", "same"),
    [
        (["m3", "m³", "㎥", "M3", "立方米", "m^3", "m*m*m", "m**3"], "m3"),
        (["Nm3", "Nm³", "NM3", "标方", "标准立方米"], "Nm3"),
        (["m2", "m²", "㎡", "平方米"], "m2"),
        (["kg", "ｋｇ", "㎏", "KG", "公斤", " kg "], "kg"),
        (["t*km", "t·km", "t×km", "t⋅km", "t•km", "(t*km)", "吨公里"], "tkm"),
        (["万t", "万吨", "10^4 t", "10⁴ t", "10⁴t", "10**4 t", "10000 t"], "万t"),
        (["10^4 kWh", "10⁴kWh", "10⁴ kWh", "万度"], "万kWh"),
        (["10³ m³", "10³m³", "10^3 m3", "1000 m3", "千立方米"], "千m3"),
        (["10^4 Nm3", "10⁴Nm³", "10⁴ Nm³"], "万Nm3"),
        (["10^8 m3", "10⁸ m³"], "亿m3"),
        (["kgCO2/(t*km)", "kgCO2/(t·km)", "kgCO2 / ( t * km )", "kgCO2/tkm", "(kgCO2)/((t)*(km))"], "gCO2/(kg*km)"),
        (["GJ/10^4 Nm3", "GJ/10⁴Nm³", "GJ/(10^4 Nm3)", "GJ/万Nm3"], "10^2 kJ/Nm3"),
        (["tCO2/10^4 t", "tCO2/万t", "tCO2/(10^4 t)"], "10^2 mgCO2/kg"),
        (["kgCO2/kWh", "tCO2/MWh"], "kgCO2/度"),
        (["tCO2/TJ", "kgCO2/GJ"], "gCO2/MJ"),
        (["kg/t", "ｋｇ／ｔ"], "g/kg"),
    ],
    ids=lambda part: part if isinstance(part, str) else part[0],
)  # fmt: skip
def test_parse_ways_to_write_one_unit_agree(texts: list[str], same: str) -> None:
    wanted = units.parse(same)
    for text in texts:
        found = units.parse(text)
        assert (found.scale, found.dimension) == (wanted.scale, wanted.dimension), text


@pytest.mark.parametrize(
    ("text", "scale", "dimension"),
    [
        ("kgCO2/(t*km)", Fraction(1, 10**6), {("mass", 0), ("CO2", 1), ("length", -1)}),
        ("GJ/10^4 Nm3", Fraction(10**9, 10**4), {("energy", 1), ("normal_volume", -1)}),
        ("tC/GJ", Fraction(10**3, 10**9), {("mass", 1), ("C", 1), ("energy", -1)}),
        ("kgCO2e/(10^4 t*km)", Fraction(1, 10**10), {("CO2e", 1), ("length", -1)}),
        ("t/(h*d)", Fraction(24 * 1000), {("mass", 1), ("time", -2)}),
        ("t/h/d", Fraction(24 * 1000), {("mass", 1), ("time", -2)}),
        ("kg/m^3", Fraction(1), {("mass", 1), ("length", -3)}),
        ("kWh/kWh", Fraction(1), set()),
    ],
)
def test_parse_compound_unit_has_exact_scale_and_dimension(
    text: str, scale: Fraction, dimension: set[tuple[str, int]]
) -> None:
    unit = units.parse(text)
    assert unit.scale == scale
    assert unit.dimension == {pair for pair in dimension if pair[1]}


@pytest.mark.parametrize("text", ["104 Nm3", "103 m3", "108 m3", "104t", "2 t", "GJ/104 Nm3", "12 t", "1e5000 t"])
def test_parse_number_that_is_no_power_of_ten_is_refused_as_a_lost_exponent(text: str) -> None:
    with pytest.raises(UnitError):
        units.parse(text)


def test_parse_lost_exponent_names_the_power_that_may_be_meant() -> None:
    with pytest.raises(UnitError) as caught:
        units.parse("104 Nm3")
    assert caught.value.near == ["10^4 Nm3"]


@pytest.mark.parametrize(
    ("text", "gas"),
    [("tCO2", "CO2"), ("kgCH4/t", "CH4"), ("gN2O", "N2O"), ("tC/GJ", "C"), ("吨CO2", "CO2"), ("kgSF6", "SF6"),
     ("tCO2e", "CO2e"), ("t", ""), ("kg/tCO2", "")],
)  # fmt: skip
def test_species_is_the_gas_in_the_numerator(text: str, gas: str) -> None:
    assert units.parse(text).species == gas


def test_gas_is_a_dimension_of_its_own() -> None:
    dimensions = [units.parse(f"t{gas}").dimension for gas in ("CO2", "CH4", "N2O", "CO2e", "C")]
    assert len({*dimensions, units.parse("t").dimension}) == 6
    assert units.parse("tCO2/tCO2").dimension == frozenset()


def test_power_of_a_base_dimension_counts_numerator_and_denominator() -> None:
    unit = units.parse("kgCO2/GJ")
    assert [unit.power(name) for name in ("mass", "CO2", "energy", "length")] == [1, 1, -1, 0]


def test_multiply_and_divide_units_keeps_exact_scale_and_cancels_dimensions() -> None:
    quantity, ncv, content = units.parse("t"), units.parse("GJ/t"), units.parse("tC/GJ")
    product = quantity * ncv * content
    assert (product.scale, product.dimension) == (1000, units.parse("kgC").dimension)
    assert (units.parse("kWh") / units.parse("h")).scale == Fraction(3_600_000 * 24)


def test_add_one_gas_in_different_units_is_the_exact_mass_in_kilograms() -> None:
    assert units.add([(2, "tCO2"), ("0.5", "kgCO2"), (Fraction(1, 3), "gCO2")]) == Fraction("2000.5") + Fraction(
        1, 3000
    )


@pytest.mark.parametrize(
    "amounts",
    [[(1, "tCO2"), (1, "tCH4")], [(1, "tCO2"), (1, "tCO2e")], [(1, "tCO2"), (1, "t")], [(1, "t"), (1, "tCO2")],
     [(1, "tC"), (1, "tCO2")]],
)  # fmt: skip
def test_add_different_gases_without_potentials_is_refused(amounts: list[tuple[int, str]]) -> None:
    with pytest.raises(DimensionError):
        units.add(amounts)


def test_add_different_gases_with_potentials_weighs_each() -> None:
    gwp = {"CO2": Fraction(1), "CH4": Fraction(28)}
    assert units.add([(2, "tCO2"), (1, "kgCH4"), (3, "kgCO2e")], gwp=gwp) == 2000 + 28 + 3


def test_add_gas_without_its_potential_is_refused() -> None:
    with pytest.raises(DimensionError):
        units.add([(1, "tCO2"), (1, "kgN2O")], gwp={"CO2": Fraction(1), "CH4": Fraction(28)})


@pytest.mark.parametrize("unit", ["kWh", "m3", "kgCO2/kWh"])
def test_add_what_is_no_mass_is_refused(unit: str) -> None:
    with pytest.raises(DimensionError):
        units.add([(1, unit)])


HOSTILE = {
    "tower of powers": "9**9**9", "chained power": "10^12^12", "infinite": "1e999", "huge exponent": "1e99999999 t",
    "huge exponent below": "kg/1e99999999", "many digits": "9" * 5_000 + " t", "more digits": "1" + "0" * 10**6 + " t",
    "huge power": "t^999999999", "negative power": "t^-1", "broken power": "t^1.5", "power of unit": "t^t",
    "import": "__import__('os').system('true')", "lambda": "(lambda:1)()", "attribute": "t.__class__", "format": "{t}",
    "percent": "%s%n", "shell": "t;rm -rf /", "substitution": "$(t)", "path": "../../etc/passwd", "null": "t\0",
    "null alone": "\0", "surrogate": "t\ud800", "reversed": "\u202et", "zero": "0", "zero below": "t/0",
    "zero unit": "0.0 t", "open": "(t", "closed": "t)", "nothing inside": "()", "two slashes": "t//t",
    "slash first": "/t", "slash last": "t/", "star first": "*t", "star last": "t*", "empty": "", "blank": "  ",
    "tab": "\t", "only operators": "*/^", "long word": "t" * 10**6, "long chinese": "吨" * 10**5,
    "long product": "t*" * 50_000 + "t", "deep brackets": "(" * 10**5 + "t" + ")" * 10**5, "open brackets": "(" * 10**5,
    "long blank": "x" + " " * 10**6 + "y", "minus": "-t", "plus": "+t", "nan": "nan t", "underscore": "1_0 t",
    "comma": "1,000 t", "equation": "t=kg", "definition": "foo = 3 * t", "comment": "# t", "offset": "degC",
    "half": "½ t", "brackets": "[mass]",
}  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_parse_hostile_text_raises_and_evaluates_nothing(text: str) -> None:
    assert quickly(text) is None


@given(st.text(alphabet="tkgmNCOH2340159/*()^ .e-³⁴ｔ万吨%\0_", max_size=24))
@example("(10^12)^12")
@example("10³³ t")
@example("1e13 t")
@example("²")
@example("t^٣")
@example("t^²")
@example("٣ t")
def test_parse_any_text_gives_a_positive_exact_unit_or_a_unit_error(text: str) -> None:
    unit = quickly(text)
    assert unit is None or (isinstance(unit.scale, Fraction) and unit.scale > 0)


def test_unit_error_survives_pickling() -> None:
    error = pickle.loads(pickle.dumps(UnitError("ton", ["t"])))
    assert (error.text, error.near, str(error)) == ("ton", ["t"], str(UnitError("ton", ["t"])))
