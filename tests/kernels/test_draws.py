"""`uniforms` and `quantiles` against plain statements of their formulas, published numbers, and themselves compiled."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats

from carbon.kernels import COMPILE_ABOVE, run
from carbon.kernels.draws import SIGNATURE as UNIFORMS
from carbon.kernels.draws import uniforms
from carbon.kernels.quantiles import SIGNATURE as QUANTILES
from carbon.kernels.quantiles import quantiles

COMPILED = COMPILE_ABOVE + 1
NONE, LOGNORMAL, NORMAL, TRIANGULAR, UNIFORM = range(5)


def numbers(streams: list[int], first: int, count: int, size: int = 0) -> np.ndarray:
    """Run the kernel; its input is read-only."""
    stream = np.array(streams, dtype=np.uint64)
    stream.setflags(write=False)
    out = np.full((len(streams), count), np.nan)
    with np.errstate(over="ignore"):  # whole numbers modulo 2**64
        run(uniforms, UNIFORMS, size, stream, first, out)
    return out


def plain(stream: int, number: int) -> float:
    """Return what the formula says, in whole numbers of Python and fractions."""
    most = 2**64
    word = (stream + (number + 1) * 0x9E3779B97F4A7C15) % most
    word = (word ^ word >> 30) * 0xBF58476D1CE4E5B9 % most
    word = (word ^ word >> 27) * 0x94D049BB133111EB % most
    return float((Fraction((word ^ word >> 31) // 4096) + Fraction(1, 2)) / 2**52)


def inverse(kind: int, parameters: tuple[float, float, float], points: np.ndarray, size: int = 0) -> np.ndarray:
    """Run the kernel on one row."""
    out = np.array(points, dtype=np.float64, ndmin=2)
    table = np.array([parameters], dtype=np.float64).T.copy()
    table.setflags(write=False)
    run(quantiles, QUANTILES, size, np.array([kind], dtype=np.int8), table, out)
    return out[0]


# --- uniform numbers


def test_published_numbers_of_splitmix64() -> None:
    # the first words of the generator started at 0, which its authors' code and java.util.SplittableRandom give
    words = [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F]
    # and at 1234567
    others = [6457827717110365317, 3203168211198807973, 9817491932198370423]
    expected = [[((word >> 12) + 0.5) / 2**52 for word in row] for row in (words, others)]
    assert numbers([0, 1234567], 0, 3).tolist() == expected


@pytest.mark.parametrize("size", [0, COMPILED])
@given(st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=3), st.integers(0, 2**40))
def test_uniform_numbers_are_what_the_formula_says(size: int, streams: list[int], first: int) -> None:
    found = numbers(streams, first, 3, size)
    assert found.tolist() == [[plain(stream, first + n) for n in range(3)] for stream in streams]


def test_compiled_and_interpreted_uniform_numbers_agree_to_the_bit() -> None:
    streams = [0, 1, 2**63, 2**64 - 1, 88172645463325252]
    assert numbers(streams, 5, 2000, COMPILED).tobytes() == numbers(streams, 5, 2000).tobytes()


def test_no_number_is_zero_or_one() -> None:
    # all 52 bits 0 or 1: the extreme numbers are 2**-53 and 1 - 2**-53, and both are floats
    assert (0 + 0.5) * 2.0**-52 == 2.0**-53 > 0
    assert (2**52 - 1 + 0.5) * 2.0**-52 == 1 - 2.0**-53 < 1


def test_uniform_numbers_pass_for_uniform_and_independent() -> None:
    found = numbers([1, 2, 3, 4], 0, 100_000, COMPILED)
    for row in found:
        # Kolmogorov-Smirnov: the chance of a worse fit; serial correlation: standard error 1/√n
        assert stats.kstest(row, "uniform").pvalue > 1e-4
        assert abs(np.corrcoef(row[:-1], row[1:])[0, 1]) < 4 / math.sqrt(100_000)
    apart = np.corrcoef(found)[~np.eye(4, dtype=bool)]
    assert abs(apart).max() < 4 / math.sqrt(100_000)


# --- quantiles

POINTS = np.concatenate(
    [np.geomspace(2.0**-53, 0.5, 4001), 1 - np.geomspace(2.0**-53, 0.4999, 4001), np.linspace(0.01, 0.99, 981)]
)


@pytest.mark.parametrize(
    ("p", "z"), [(0.25, -0.6744897501960817), (0.001, -3.090232306167814), (1e-20, -9.262340089798408)]
)
def test_published_normal_quantiles(p: float, z: float) -> None:
    # the three values printed with AS 241 for checking
    assert inverse(NORMAL, (0.0, 1.0, 0.0), np.array([p]))[0] == pytest.approx(z, rel=1e-15)


@pytest.mark.parametrize("size", [0, COMPILED])
def test_normal_quantiles_agree_with_scipy(size: int) -> None:
    # both claim about 1e-16; ten units in the last place between them
    found, oracle = inverse(NORMAL, (0.0, 1.0, 0.0), POINTS, size), special.ndtri(POINTS)
    assert np.abs(found - oracle).max() <= 10 * np.spacing(np.abs(oracle).max())
    assert (np.abs(found - oracle) <= 10 * np.spacing(np.abs(oracle))).all()


@pytest.mark.parametrize("size", [0, COMPILED])
@pytest.mark.parametrize(
    ("kind", "parameters", "oracle"),
    [
        (NONE, (7.0, 0.0, 0.0), None),
        (LOGNORMAL, (3.0, 0.4, 0.0), stats.lognorm(0.4, scale=3.0)),
        (NORMAL, (-2.0, 5.0, 0.0), stats.norm(-2.0, 5.0)),
        (TRIANGULAR, (1.0, 2.0, 5.0), stats.triang(0.25, 1.0, 4.0)),
        (TRIANGULAR, (1.0, 1.0, 5.0), stats.triang(0.0, 1.0, 4.0)),
        (TRIANGULAR, (1.0, 5.0, 5.0), stats.triang(1.0, 1.0, 4.0)),
        (UNIFORM, (-1.0, 3.0, 0.0), stats.uniform(-1.0, 4.0)),
    ],
)
def test_quantiles_agree_with_scipy(size: int, kind: int, parameters: tuple[float, float, float], oracle) -> None:
    found = inverse(kind, parameters, POINTS, size)
    expected = np.full(len(POINTS), 7.0) if oracle is None else oracle.ppf(POINTS)
    # scipy's own rounding: it shifts and scales what it computes for the unit distribution
    np.testing.assert_allclose(found, expected, rtol=2e-14, atol=2e-15)


def test_negative_lognormal_is_the_mirror_image() -> None:
    # the 97.5 % quantile of minus x is minus the 2.5 % quantile of x
    points = np.array([0.025, 0.5, 0.975])
    mirrored = inverse(LOGNORMAL, (-3.0, -0.4, 0.0), points)
    assert mirrored.tolist() == pytest.approx((-inverse(LOGNORMAL, (3.0, 0.4, 0.0), points))[::-1].tolist())
    assert (np.diff(mirrored) > 0).all()


@pytest.mark.parametrize("kind", [LOGNORMAL, NORMAL, TRIANGULAR, UNIFORM])
def test_quantiles_rise(kind: int) -> None:
    found = inverse(kind, (1.0, 2.0, 5.0), np.sort(POINTS))
    assert (np.diff(found) >= 0).all()


@pytest.mark.parametrize("kind", [TRIANGULAR, UNIFORM])
def test_spread_of_nothing_is_the_value(kind: int) -> None:
    assert set(inverse(kind, (4.0, 4.0, 4.0), POINTS).tolist()) == {4.0}


def test_compiled_and_interpreted_quantiles_agree_to_the_bit() -> None:
    for kind in range(5):
        slow, fast = (inverse(kind, (1.0, 2.0, 5.0), POINTS, size) for size in (0, COMPILED))
        assert slow.tobytes() == fast.tobytes()


def test_results_are_the_same_with_numba_switched_off() -> None:
    code = (
        "import sys, json; sys.path.insert(0, sys.argv[1]); import numpy as np, carbon.kernels as k; "
        "from test_draws import *; assert k._compiled(uniforms, UNIFORMS) is uniforms; "
        "u = numbers([3, 2**64 - 2], 9, 50, COMPILED); "
        "print(json.dumps([x.hex() for x in inverse(LOGNORMAL, (2.0, 0.5, 0.0), u[1], COMPILED).tolist()]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, os.path.dirname(__file__)],  # noqa: PTH120
        capture_output=True, text=True, check=False, env=os.environ | {"NUMBA_DISABLE_JIT": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    here = inverse(LOGNORMAL, (2.0, 0.5, 0.0), numbers([3, 2**64 - 2], 9, 50, COMPILED)[1], COMPILED)
    assert json.loads(done.stdout) == [x.hex() for x in here.tolist()]


def test_inputs_are_declared_read_only() -> None:
    assert UNIFORMS.count("readonly=True") == UNIFORMS.count("Array(") == 1
    assert QUANTILES.count("readonly=True") == QUANTILES.count("Array(") == 2
