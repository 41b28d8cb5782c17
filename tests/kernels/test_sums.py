"""`exact_sums` against `fractions.Fraction` and `math.fsum`: no order, no split and no cancellation changes a bit."""

from __future__ import annotations

import json
import math
import os
import random
import subprocess
import sys
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carbon.inventory.plan import Sums
from carbon.kernels import COMPILE_ABOVE, run
from carbon.kernels.sums import BIAS, LIMBS, SIGNATURE, WIDE_BIAS, WIDE_LIMBS, exact_sums

SHAPES = [pytest.param(BIAS, LIMBS, id="narrow"), pytest.param(WIDE_BIAS, WIDE_LIMBS, id="wide")]
COMPILED = COMPILE_ABOVE + 1
SMALLEST = 2.0 ** (53 - BIAS)  # as the docstring says: every float from here up is held whole
LARGEST = math.ldexp(1 - 2.0**-53, 32 * (LIMBS - 2) - BIAS + 52)  # its 53 bits end in the third limb from the top


def accumulate(
    values: list[float], group: list[int] | None = None, groups: int = 1, *, size: int = 0, bias: int = BIAS,
    limbs: int = LIMBS, out: np.ndarray | None = None,
) -> np.ndarray:  # fmt: skip
    """Return the accumulators of the groups."""
    bits = np.array(values, dtype=np.float64).view(np.int64)
    index = np.array(group if group is not None else [0] * len(values), dtype=np.int32)
    for array in (bits, index):
        array.setflags(write=False)
    out = np.zeros((groups, limbs), dtype=np.int64) if out is None else out
    run(exact_sums, SIGNATURE, size, bits, index, bias, out)
    return out


def read(limbs: np.ndarray, bias: int = BIAS) -> Fraction:
    """Return what an accumulator says it holds: Σ limb · 2**(32·i - bias)."""
    return sum((Fraction(limb) * Fraction(2) ** (32 * i - bias) for i, limb in enumerate(limbs.tolist())), Fraction(0))


masses = st.one_of(
    st.floats(min_value=SMALLEST, max_value=2.0**120),
    st.floats(min_value=-(2.0**120), max_value=-SMALLEST),
    st.floats(min_value=-1e9, max_value=1e9).filter(lambda x: x == 0 or abs(x) >= SMALLEST),
    st.integers(-(10**15), 10**15).map(float),
    st.just(0.0),
    st.just(-0.0),
)


@given(st.lists(masses, max_size=60))
def test_sum_is_exact(values: list[float]) -> None:
    assert read(accumulate(values)[0]) == sum(map(Fraction, values), Fraction(0))


@given(st.lists(masses, max_size=60))
def test_rounded_sum_is_fsum(values: list[float]) -> None:
    assert float(read(accumulate(values)[0])) == math.fsum(values)


@given(st.lists(st.tuples(masses, st.integers(-1, 3)), max_size=60))
def test_groups_are_summed_apart_and_minus_one_is_no_group(pairs: list[tuple[float, int]]) -> None:
    found = accumulate([value for value, _ in pairs], [group for _, group in pairs], 4)
    for group in range(4):
        assert read(found[group]) == sum((Fraction(v) for v, g in pairs if g == group), Fraction(0))


@given(st.lists(masses, max_size=60), st.randoms(use_true_random=False))
def test_order_does_not_matter_to_a_single_limb(values: list[float], chance: random.Random) -> None:
    mixed = list(values)
    chance.shuffle(mixed)
    assert np.array_equal(accumulate(values), accumulate(mixed))


@given(st.lists(st.tuples(masses, st.integers(-1, 2)), max_size=60), st.data())
def test_accumulators_of_parts_add_up_to_that_of_the_whole(pairs: list[tuple[float, int]], data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(pairs)))
    whole, first, rest = (
        accumulate([value for value, _ in part], [group for _, group in part], 3)
        for part in (pairs, pairs[:cut], pairs[cut:])
    )
    assert np.array_equal(first + rest, whole)


@given(st.lists(masses, max_size=40), st.lists(masses, max_size=40))
def test_kernel_adds_to_what_is_there(first: list[float], rest: list[float]) -> None:
    assert np.array_equal(accumulate(rest, out=accumulate(first)), accumulate(first + rest))


@given(st.lists(st.tuples(masses, st.integers(-1, 3)), max_size=60))
def test_compiled_and_interpreted_agree_to_the_bit(pairs: list[tuple[float, int]]) -> None:
    values, group = [value for value, _ in pairs], [group for _, group in pairs]
    assert np.array_equal(accumulate(values, group, 4), accumulate(values, group, 4, size=COMPILED))


@given(st.lists(masses, max_size=60))
def test_wide_accumulators_hold_the_same_number(values: list[float]) -> None:
    wide = accumulate(values, bias=WIDE_BIAS, limbs=WIDE_LIMBS)
    assert read(wide[0], WIDE_BIAS) == sum(map(Fraction, values), Fraction(0))


@settings(max_examples=50)
@given(
    st.lists(st.tuples(masses.filter(lambda x: abs(x) < 2.0**90), st.integers(0, 5)), min_size=1, max_size=60),
    st.lists(st.integers(-1, 2), min_size=6),
)
def test_sums_of_sums_lose_nothing(pairs: list[tuple[float, int]], larger: list[int]) -> None:
    # months to quarters to years, plants to groups: carries are settled in between (up to 1e27 kg each)
    fine = Sums.of(np.array([value for value, _ in pairs]), np.array([group for _, group in pairs]), 6)
    coarse = fine.by(np.array(larger[:6]), 3).fractions()
    for target in range(3):
        assert coarse[target] == sum((Fraction(v) for v, g in pairs if larger[g] == target), Fraction(0))


def test_large_table_compiled_and_interpreted_agree_to_the_bit() -> None:
    draw = np.random.default_rng(20240904)
    values = (draw.standard_normal(20_000) * 10.0 ** draw.integers(-12, 20, 20_000)).tolist()
    group = draw.integers(-1, 50, 20_000).tolist()
    found = accumulate(values, group, 50, size=COMPILED)
    assert np.array_equal(found, accumulate(values, group, 50))
    for number in (0, 17, 49):
        assert float(read(found[number])) == math.fsum(v for v, g in zip(values, group, strict=True) if g == number)


def test_result_is_the_same_with_numba_switched_off() -> None:
    values = [1e40, 1 / 3, -1e40, 5e-30, -0.1]
    code = (
        "import sys, json; sys.path.insert(0, sys.argv[1]); import carbon.kernels as k; "
        "from test_sums import accumulate, exact_sums, SIGNATURE, COMPILED; "
        "assert k._compiled(exact_sums, SIGNATURE) is exact_sums; "
        "print(json.dumps(accumulate(json.loads(sys.argv[2]), size=COMPILED).tolist()))"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, os.path.dirname(__file__), json.dumps(values)],  # noqa: PTH120
        capture_output=True, text=True, check=False, env=os.environ | {"NUMBA_DISABLE_JIT": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == accumulate(values, size=COMPILED).tolist()


def test_amount_beyond_the_accumulator_is_refused_and_not_written_elsewhere() -> None:
    # compiled code would write behind the array
    with pytest.raises((OverflowError, ValueError)):
        Sums.of(np.array([1.0, 1e60]), np.array([0, 0]), 1)


# --- limiting cases -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, COMPILED])
@pytest.mark.parametrize(
    ("values", "total"),
    [
        ([], 0),  # nothing is nothing
        ([0.0, -0.0], 0),  # neither zero counts
        ([0.1] * 10, sum([Fraction(0.1)] * 10)),  # ten tenths are a little more than 1, as the float 0.1 is
        ([1e40, 1.0, -1e40], 1),  # a float sum would have lost the 1
        ([1.0, 1e40, -1e40], 1),  # … in any order
        ([2.0**100, 2.0**-100, -(2.0**100)], Fraction(1, 2**100)),  # 200 binary places apart
        ([-3.5, -2.25], Fraction(-23, 4)),  # deductions alone are negative
        ([5.0, -5.0], 0),  # all that was bought was sold on
        ([9007199254740992.0, 1.0, 1.0], 9007199254740994),  # 2**53 + 1 is no float
    ],
)
def test_known_sums(values: list[float], total: Fraction, size: int) -> None:
    assert read(accumulate(values, size=size)[0]) == total


@pytest.mark.parametrize("size", [0, COMPILED])
@pytest.mark.parametrize("value", [SMALLEST, math.nextafter(SMALLEST, 1), LARGEST, -SMALLEST, -LARGEST])
def test_smallest_and_largest_magnitudes_are_held_whole(value: float, size: int) -> None:
    assert read(accumulate([value], size=size)[0]) == Fraction(value)


@pytest.mark.parametrize("size", [0, COMPILED])
def test_largest_and_smallest_together_lose_nothing(size: int) -> None:
    values = [LARGEST, SMALLEST, LARGEST, -LARGEST, SMALLEST, -SMALLEST]
    assert read(accumulate(values, size=size)[0]) == Fraction(LARGEST) + Fraction(SMALLEST)


@pytest.mark.parametrize(("bias", "limbs"), SHAPES)
def test_a_kilogram_has_room_on_both_sides(bias: int, limbs: int) -> None:
    # a milligram of a gas beside the emissions of the world for a million years, in kilograms
    values = [1e-6, 5e13 * 1e6]
    assert read(accumulate(values, bias=bias, limbs=limbs)[0], bias) == sum(map(Fraction, values))


def test_many_additions_need_no_carry() -> None:
    # the same ten thousand entries four hundred times: four million additions into one accumulator, all bits set
    values = [math.nextafter(2.0**40, 0)] * 10_000
    out = np.zeros((1, LIMBS), dtype=np.int64)
    for _ in range(400):
        accumulate(values, size=COMPILED, out=out)
    assert read(out[0]) == 4_000_000 * Fraction(values[0])


@pytest.mark.parametrize("exponent", range(-100, 100, 7))
def test_limbs_have_room_for_the_promised_number_of_additions(exponent: int) -> None:
    # 2**29 entries with every bit set must stay inside the int64 of each limb
    found = accumulate([math.nextafter(2.0**exponent, 0)])
    assert 0 < int(np.abs(found).max()) * 2**29 < 2**63


def test_inputs_are_declared_read_only() -> None:
    inputs, _, output = SIGNATURE.rpartition(", int64, ")
    assert inputs.count("readonly=True") == inputs.count("Array(") == 2
    assert "int64[:, ::1]" in output
