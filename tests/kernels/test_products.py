"""`products` against the plain statement of its formula, in fractions: amount = quantity · scale · Π factors."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from carbon.inventory.plan import decimal_pairs
from carbon.kernels import COMPILE_ABOVE, run
from carbon.kernels.products import SIGNATURE, products

SLOTS = 5
# what real chains of units come to: kWh, 万kWh, GJ, kcal, t, 万Nm3 → kg CO2 and kgce, with 44/12 and signs
SCALES = [
    Fraction(text)
    for text in (
        "1", "-1", "1000", "1/1000", "10000", "10000000", "18/5", "-18/5", "36", "5/18", "1/36", "11/3", "11000/3",
        "-11000/3", "11/3000", "110000/3", "1/29307", "1000/29307", "20934/5", "2929/2500", "41868/10000", "1/8640",
    )
]  # fmt: skip
US_SCALES = [  # L → gal, m3 → gal, kWh → mmBtu (both gross), kcal · tC/TJ · 44/12, lb → kg, lb/gal
    Fraction(125000000, 473176473), Fraction(125000000000, 473176473), Fraction(180000000, 52752792631),
    Fraction(38379, 2500000000), Fraction(45359237, 100000000), Fraction(736351250, 6145149),
]  # fmt: skip


def pairs(numbers: Iterable[Fraction]) -> np.ndarray:
    """Return exact numbers as floats, high + low: float64[2, numbers]."""
    numbers = list(numbers)
    high = [float(number) for number in numbers]
    low = [float(number - Fraction(top)) for number, top in zip(numbers, high, strict=True)]
    return np.array([high, low], dtype=np.float64)


@dataclass(frozen=True)
class Case:
    """Arguments of the kernel, made from plain lists."""

    quantity: list[float]
    override: list[list[float]]
    scale: list[Fraction]
    column: list[list[int]]
    value: list[list[float]]
    entries: list[tuple[int, int]]

    def run(self, size: int = 0) -> np.ndarray:
        """Run the kernel: interpreted up to the threshold, compiled above it. All inputs are read-only."""
        whole = [
            scale * math.prod((as_entered(v) for c, v in zip(columns, values, strict=True) if c < 0), start=Fraction(1))
            for scale, columns, values in zip(self.scale, self.column, self.value, strict=True)
        ]
        measured = [[c for c in columns if c >= 0] for columns in self.column]
        arrays = [
            pairs(as_entered(q) for q in self.quantity),
            np.ascontiguousarray(np.stack([pairs(as_entered(v) for v in row) for row in self.override], axis=1)),
            pairs(whole),
            np.array([columns + [-1] * (SLOTS - len(columns)) for columns in measured], dtype=np.int32),
            np.array([row for row, _ in self.entries], dtype=np.int64),
            np.array([term for _, term in self.entries], dtype=np.int32),
        ]
        for array in arrays:
            array.setflags(write=False)
        out = np.full(len(self.entries), np.nan)
        run(products, SIGNATURE, size, *arrays, out)
        return out

    def factors(self, row: int, term: int) -> list[float]:
        columns, values = self.column[term], self.value[term]
        return [values[s] if columns[s] < 0 else self.override[columns[s]][row] for s in range(SLOTS)]


def single(quantity: float, scale: Fraction, *factors: float, size: int = 0) -> float:
    """Run one quantity with default factors."""
    value = [*factors, *[1.0] * (SLOTS - len(factors))]
    return float(Case([quantity], [[1.0]] * 4, [scale], [[-1] * SLOTS], [value], [(0, 0)]).run(size)[0])


def decimals(digits: int, most_places: int) -> st.SearchStrategy[float]:
    """Return floats that print with so many significant digits and decimals at most."""
    whole = st.integers(1, 10**digits - 1)
    return st.builds(lambda n, p: float(f"{n}e-{p}"), whole, st.integers(0, most_places))


@st.composite
def cases(draw: st.DrawFn) -> Case:
    rows, terms = draw(st.integers(1, 5)), draw(st.integers(1, 4))
    number = decimals(6, 6)
    table = st.lists(number, min_size=rows, max_size=rows)
    slots = st.lists(number, min_size=SLOTS, max_size=SLOTS)
    columns = st.lists(st.integers(-1, 3), min_size=SLOTS, max_size=SLOTS)
    entry = st.tuples(st.integers(0, rows - 1), st.integers(0, terms - 1))
    return Case(
        draw(st.lists(decimals(9, 5), min_size=rows, max_size=rows)),
        draw(st.lists(table, min_size=4, max_size=4)),
        draw(st.lists(st.sampled_from(SCALES), min_size=terms, max_size=terms)),
        draw(st.lists(columns, min_size=terms, max_size=terms)),
        draw(st.lists(slots, min_size=terms, max_size=terms)),
        draw(st.lists(entry, max_size=12)),
    )


def as_entered(quantity: float) -> Fraction:
    """Return the decimal that a float prints as: what the user typed."""
    return Fraction(repr(float(quantity)))


# --- twins ----------------------------------------------------------------------------------------------------------


@given(cases())
def test_amount_is_the_exact_product_rounded_once(case: Case) -> None:
    for (row, term), amount in zip(case.entries, case.run(), strict=True):
        exact = as_entered(case.quantity[row]) * case.scale[term]
        for factor in case.factors(row, term):
            exact *= as_entered(factor)
        assert float(amount).hex() == float(exact).hex()


@given(st.lists(st.one_of(decimals(15, 15), st.floats(1e-15, 1e15)), max_size=30))
def test_decimal_pairs_hold_what_the_floats_print_as(numbers: list[float]) -> None:
    found = decimal_pairs(np.array(numbers, dtype=np.float64))
    for number, high, low in zip(numbers, *found.tolist(), strict=True):
        assert high == number
        exact = as_entered(number)
        if len(exact_digits(number)) <= 15:
            assert abs(Fraction(high) + Fraction(low) - exact) <= abs(exact) / 2**104
        else:  # more digits than a float holds for sure: it stands for itself
            assert abs(Fraction(low)) <= abs(Fraction(high)) / 2**52


def exact_digits(number: float) -> str:
    """Return the significant digits that a float prints with."""
    return "".join(map(str, Decimal(repr(number)).as_tuple().digits)).strip("0")


@given(cases())
def test_compiled_and_interpreted_agree_to_the_bit(case: Case) -> None:
    assert case.run(COMPILE_ABOVE + 1).tobytes() == case.run(COMPILE_ABOVE).tobytes()


def test_large_table_compiled_and_interpreted_agree_to_the_bit() -> None:
    draw = np.random.default_rng(20240904)
    rows = 4000
    case = Case(
        (draw.integers(1, 10**9, rows) / 10.0 ** draw.integers(0, 6, rows)).tolist(),
        draw.uniform(0.001, 50, (4, rows)).tolist(),
        SCALES,
        draw.integers(-1, 4, (len(SCALES), SLOTS)).tolist(),
        draw.uniform(0.001, 50, (len(SCALES), SLOTS)).tolist(),
        list(zip(range(rows), draw.integers(0, len(SCALES), rows).tolist(), strict=True)),
    )
    assert case.run(COMPILE_ABOVE + 1).tobytes() == case.run().tobytes()


def test_result_is_the_same_with_numba_switched_off() -> None:
    case = Case([0.1, 31240.5, 1e9 / 3], [[26.1] * 3] * 4, [Fraction(11000, 3)], [[0, -1, -1, -1, -1]],
                [[1.0, 0.02618, 0.98, 1.0, 1.0]], [(0, 0), (1, 0), (2, 0)])  # fmt: skip
    code = (
        "import sys, json; sys.path.insert(0, sys.argv[1]); from test_products import Case, COMPILE_ABOVE; "
        "from fractions import Fraction; import carbon.kernels as k; q, o, n, d, c, v, e = json.loads(sys.argv[2]); "
        "out = Case(q, o, [Fraction(n, d)], c, v, [tuple(x) for x in e]).run(COMPILE_ABOVE + 1); "
        "from carbon.kernels.products import products, SIGNATURE; "
        "assert k._compiled(products, SIGNATURE) is products; print(json.dumps([x.hex() for x in out.tolist()]))"
    )
    arguments = json.dumps([case.quantity, case.override, 11000, 3, case.column, case.value, case.entries])
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, os.path.dirname(__file__), arguments],  # noqa: PTH120
        capture_output=True, text=True, check=False, env=os.environ | {"NUMBA_DISABLE_JIT": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [amount.hex() for amount in case.run(COMPILE_ABOVE + 1).tolist()]


# --- the change of unit ---------------------------------------------------------------------------------------------


def places(quantity: float) -> int:
    """Return how many decimals a float prints with."""
    return max(0, -int(Decimal(repr(quantity)).as_tuple().exponent))


def odd(number: int) -> int:
    """Return a whole number without its factors of two: what a float must hold in 53 bits."""
    return number >> ((number & -number).bit_length() - 1)


@settings(max_examples=300)
@given(decimals(15, 15), st.sampled_from(SCALES + US_SCALES))
def test_change_of_unit_is_rounded_once_where_the_divisor_is_a_float(q: float, scale: Fraction) -> None:
    assume(odd(scale.denominator * 10 ** places(q)) < 2**53)
    assert single(q, scale).hex() == float(as_entered(q) * scale).hex()


@settings(max_examples=300)
@given(decimals(15, 15), st.sampled_from(SCALES))
def test_change_of_unit_is_rounded_once_for_every_decimal_of_fifteen_digits(q: float, scale: Fraction) -> None:
    # "the quantity is taken as the decimal number that it prints as, multiplied and divided … and rounded once"
    assert single(q, scale).hex() == float(as_entered(q) * scale).hex()


@given(decimals(15, 15), st.sampled_from(US_SCALES))
@example(577.411087581093, Fraction(125000000, 473176473))
@example(5.856e-05, Fraction(180000000, 52752792631))
@example(0.000364227476339, Fraction(38379, 2500000000))
def test_change_of_unit_is_rounded_once_for_gallons_pounds_and_btu_too(q: float, scale: Fraction) -> None:
    assert single(q, scale).hex() == float(as_entered(q) * scale).hex()


@pytest.mark.parametrize("size", [0, COMPILE_ABOVE + 1])
def test_same_amount_in_four_units_gives_the_same_bits(size: int) -> None:
    # 100 kWh = 0.01 万kWh = 0.36 GJ = 0.1 MWh; scales to kWh; 0.5306 kgCO2/kWh
    given_in = [(100.0, "1"), (0.01, "10000"), (0.36, "2500/9"), (0.1, "1000")]
    found = {single(quantity, Fraction(scale), 0.5306, size=size).hex() for quantity, scale in given_in}
    assert found == {(53.06).hex()}


def test_tenth_of_a_kilowatt_hour_is_exactly_the_float_036_megajoule() -> None:
    # 0.1 × 3.6 is 0.36000000000000004 in floats; the decimal product is 0.36
    assert 0.1 * 3.6 != 0.36
    assert single(0.1, Fraction(18, 5)) == 0.36


# --- limiting cases -------------------------------------------------------------------------------------------------


@given(st.floats(1e-15, 1e15))
def test_scale_of_one_leaves_every_float_as_it_is(q: float) -> None:
    # n = d: there is nothing to compute, so a number of 17 digits keeps them
    assert single(q, Fraction(1)) == q


@given(decimals(15, 6), st.sampled_from(SCALES))
def test_sign_of_the_scale_is_the_sign_of_the_amount(q: float, scale: Fraction) -> None:
    # deductions are the same magnitudes below zero: rounding to nearest is symmetric
    assert single(q, -scale) == -single(q, scale)


@given(decimals(9, 4), st.sampled_from(SCALES), st.integers(-8, 8))
def test_power_of_two_goes_through_exactly(q: float, scale: Fraction, power: int) -> None:
    # multiplying by 2**k moves the exponent only, as long as the decimal of the result is found
    assert single(q * 2.0**power, scale, 0.5306) == single(q, scale, 0.5306) * 2.0**power


def test_zero_quantity_gives_zero() -> None:
    assert single(0.0, Fraction(11000, 3), 26.1, 0.02618, 0.98) == 0


def test_zero_factor_gives_zero() -> None:
    # green power: the factor of its instrument is zero
    assert single(123.4, Fraction(1000), 0.0) == 0


def test_unused_slots_change_nothing() -> None:
    # they hold 1, and x · 1 = x in floats
    assert single(7.3, Fraction(36), 0.123) == single(7.3, Fraction(36), 0.123, 1.0, 1.0, 1.0, 1.0)


def test_largest_quantity_in_the_largest_unit_stays_finite() -> None:
    # 1e15 万kWh is the largest number that a table takes, in joules
    assert single(1e15, Fraction(36_000_000_000)) == 3.6e25


def test_smallest_quantity_is_not_lost() -> None:
    # 1e-15 kg in tonnes
    assert single(1e-15, Fraction(1, 1000)) == 1e-18


def test_whole_numbers_are_exact() -> None:
    # 3 · 44/12 = 11 exactly
    assert single(3.0, Fraction(44, 12)) == 11.0


def test_no_entries_write_nothing() -> None:
    case = Case([1.0], [[1.0]] * 4, [Fraction(1)], [[-1] * SLOTS], [[1.0] * SLOTS], [])
    assert case.run().shape == (0,)
    assert case.run(COMPILE_ABOVE + 1).shape == (0,)


def test_measured_value_of_its_own_row_is_used() -> None:
    # two rows, the second with another calorific value in column 0
    case = Case([2.0, 2.0], [[10.0, 20.0], [1.0, 1.0], [1.0, 1.0], [1.0, 1.0]], [Fraction(1)], [[0, -1, -1, -1, -1]],
                [[99.0, 3.0, 1.0, 1.0, 1.0]], [(0, 0), (1, 0)])  # fmt: skip
    assert case.run().tolist() == [60.0, 120.0]


def test_inputs_are_declared_read_only() -> None:
    # pandas 3 hands out read-only arrays, and a kernel that wrote to one must not compile
    inputs, _, output = SIGNATURE.rpartition(",")
    assert inputs.count("readonly=True") == inputs.count("Array(") == 6
    assert "float64[::1]" in output
