"""The kernels of product chains against their equations in exact fractions, and compiled against interpreted."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from carbon.footprint.system import Structure
from carbon.kernels import COMPILE_ABOVE, run
from carbon.kernels.chains import SIGNATURE as SWEEP
from carbon.kernels.chains import demand_sweep
from carbon.kernels.intensities import intensity_sweep
from carbon.kernels.loops import SIGNATURE as FACTOR
from carbon.kernels.loops import factor_loops
from carbon.kernels.residuals import SIGNATURE as RESIDUALS
from carbon.kernels.residuals import residuals

COMPILED = COMPILE_ABOVE + 1
DRAWS, COLUMNS = 2, 3
seeds = pytest.mark.parametrize("seed", range(12))


class Chain:
    """A random chain of twelve processes whose loops have credits, treatment and own use, with what kernels take."""

    def __init__(self, seed: int) -> None:
        random = np.random.default_rng(seed)
        self.size, count = 12, 26
        supplier, consumer = random.integers(0, self.size, (2, count))
        self.structure = one = Structure(self.size, supplier=supplier, consumer=consumer)
        self.production = random.choice([-1.0, 1.0, 10.0, 0.3], (DRAWS, self.size))
        # every row uses less than it makes, so that no loop fails whatever the signs are
        weight = np.abs(self.production[:, one.supplier]) / (3 * count)
        self.amount = np.empty((DRAWS, count))
        self.amount[:, one.exchange] = weight * random.choice([-2.0, 1.0, 3.0], (DRAWS, count))
        self.right = random.standard_normal((DRAWS, self.size, COLUMNS))
        for array in (self.production, self.amount, self.right):
            array.setflags(write=False)

    def factors(self, size: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        one = self.structure
        factor, pivot = np.zeros((DRAWS, one.places)), np.zeros((DRAWS, self.size), np.int64)
        state = np.zeros((DRAWS, len(one.dense)), np.int8)
        run(factor_loops, FACTOR, size, self.production, self.amount, one.dense, one.start, one.outer, one.supplier,
            one.exchange, factor, pivot, state)  # fmt: skip
        return factor, pivot, state

    def swept(self, kernel: Callable[..., None], size: int = 0, cut: int = 0) -> np.ndarray:
        one, x = self.structure, self.right.copy()
        factor, pivot, _ = self.factors(size)
        spans = [(0, cut), (cut, self.size)]
        for first, last in spans if kernel is demand_sweep else reversed(spans):
            run(kernel, SWEEP, size, self.production, self.amount, factor, pivot, one.block, one.start, one.outer,
                one.supplier, one.exchange, first, last, x)  # fmt: skip
        return x

    def left(self, x: np.ndarray, *, up: bool, size: int = 0) -> tuple[np.ndarray, np.ndarray]:
        one = self.structure
        out, terms = np.empty_like(x), np.empty_like(x)
        ends = (one.consumer, one.supplier) if up else (one.supplier, one.consumer)
        run(residuals, RESIDUALS, size, self.production, self.amount, x, self.right, *ends, one.exchange, out, terms)
        return out, terms

    def system(self, draw: int) -> list[list[Fraction]]:
        """Return A of the sorted processes, exactly."""
        one, zero = self.structure, Fraction(0)
        a = [
            [Fraction(self.production[draw, i]) if i == j else zero for j in range(self.size)] for i in range(self.size)
        ]
        for i, j, e in zip(one.supplier, one.consumer, one.exchange, strict=True):
            a[i][j] -= Fraction(self.amount[draw, e])
        return a

    def exactly_left(self, x: np.ndarray, *, up: bool) -> list[tuple[Fraction, Fraction]]:
        """Return b - A·x, or b - x·A, and the sum of magnitudes, row after row."""
        found = []
        for draw in range(DRAWS):
            a = self.system(draw)
            a = [list(row) for row in zip(*a, strict=True)] if up else a
            for i in range(self.size):
                for c in range(COLUMNS):
                    right = Fraction(self.right[draw, i, c])
                    terms = [a[i][j] * Fraction(x[draw, j, c]) for j in range(self.size)]
                    found.append((right - sum(terms), abs(right) + sum(map(abs, terms))))
        return found


@seeds
@pytest.mark.parametrize("kernel", [demand_sweep, intensity_sweep])
def test_sweep_solves_the_equations(kernel: Callable[..., None], seed: int) -> None:
    chain = Chain(seed)
    for left, terms in chain.exactly_left(chain.swept(kernel), up=kernel is intensity_sweep):
        assert abs(left) <= terms * Fraction(1, 10**15)


@seeds
def test_factors_multiply_to_the_loop_with_its_rows_exchanged(seed: int) -> None:
    chain = Chain(seed)
    factor, pivot, state = chain.factors()
    assert not state.any()
    for draw in range(DRAWS):
        a = chain.system(draw)
        for begin, size, place in chain.structure.dense:
            span = range(begin, begin + size)
            rows = [[a[i][j] / Fraction(chain.production[draw, i]) for j in span] for i in span]
            for k in range(size):
                other = pivot[draw, begin + k]
                rows[k], rows[other] = rows[other], rows[k]
            lu = factor[draw, place : place + size * size].reshape(size, size)
            for i in range(size):
                for j in range(size):
                    parts = [Fraction(lu[i, k]) * Fraction(lu[k, j]) for k in range(min(i, j + 1))]
                    parts += [Fraction(lu[i, j])] if i <= j else []
                    assert abs(sum(parts) - rows[i][j]) < Fraction(1, 10**14)


@seeds
@pytest.mark.parametrize("up", [False, True])
def test_residual_is_exact_to_the_last_bit_but_one(seed: int, up: bool) -> None:
    chain = Chain(seed)
    x = chain.swept(intensity_sweep if up else demand_sweep)
    left, _ = chain.left(x, up=up)
    for found, (exact, terms) in zip(left.ravel(), chain.exactly_left(x, up=up), strict=True):
        assert abs(Fraction(found) - exact) <= abs(exact) * Fraction(1, 2**51) + terms * Fraction(1, 2**98)


@pytest.mark.parametrize("seed", [0, 5])
@pytest.mark.parametrize("kernel", [demand_sweep, intensity_sweep])
def test_compiled_and_interpreted_agree_to_the_bit(kernel: Callable[..., None], seed: int) -> None:
    chain = Chain(seed)
    up = kernel is intensity_sweep
    assert all(np.array_equal(a, b) for a, b in zip(chain.factors(), chain.factors(COMPILED), strict=True))
    x = chain.swept(kernel)
    assert np.array_equal(x, chain.swept(kernel, COMPILED))
    pairs = zip(chain.left(x, up=up), chain.left(x, up=up, size=COMPILED), strict=True)
    assert all(np.array_equal(a, b) for a, b in pairs)


@seeds
@pytest.mark.parametrize("kernel", [demand_sweep, intensity_sweep])
def test_sweep_in_two_parts_is_the_sweep(kernel: Callable[..., None], seed: int) -> None:
    chain = Chain(seed)
    for cut in np.unique(chain.structure.block[:, 0]):
        assert np.array_equal(chain.swept(kernel, cut=int(cut)), chain.swept(kernel))


def two(own: float, first: float, second: float, production: tuple[float, float] = (1.0, 1.0)) -> tuple[Any, ...]:
    """Return factors, pivots and state of two processes: 0 takes `own` of itself and `first` of 1, 1 `second` of 0."""
    out: tuple[Any, ...] = np.zeros((1, 4)), np.zeros((1, 2), np.int64), np.zeros((1, 1), np.int8)
    ends = np.array([[0, 2, 0]]), np.array([0, 2, 3]), np.array([2, 3]), np.array([0, 1, 0]), np.arange(3)
    run(factor_loops, FACTOR, 0, np.array([production]), np.array([[own, first, second]]), *ends, *out)
    return out[0][0].tolist(), out[1][0].tolist(), int(out[2][0, 0])


def test_factors_of_two_processes_by_hand() -> None:
    # M = [[1 - 0.5, -0.25], [-0.5, 1]]: l = -0.5 / 0.5 = -1, u = 1 - (-1) · (-0.25) = 0.75
    assert two(0.5, 0.5, 0.25) == ([0.5, -0.25, -1.0, 0.75], [0, 1], 0)


def test_credits_may_exchange_rows() -> None:
    # M = [[1 - 1, 2], [-0.5, 1]]: the first pivot is lost, so the second row comes first; det = 1
    assert two(1.0, 0.5, -2.0) == ([-0.5, 1.0, -0.0, 2.0], [1, 1], 0)


@pytest.mark.parametrize("scale", [1e-12, 1e-3, 1.0, 1e7, 1e15])
def test_units_of_a_process_do_not_matter_to_the_verdict(scale: float) -> None:
    assert two(0.0, 0.5 * scale, 2.0 / scale)[2] == 2  # 0.5 · 2 = 1: nothing is left
    assert two(0.0, 0.5 * scale, 2.5 / scale)[2] == 3  # 1.25: more is used than made
    assert two(0.0, 0.5 * scale, 1.5 / scale)[2] == 0  # 0.75: a quarter is left
    assert two(0.0, -0.5 * scale, -2.5 / scale)[2] == 3  # credits that outbid one another: det = 1 - 1.25
    assert two(0.0, 0.5 * scale, -2.5 / scale)[2] == 0  # a credit against a use: det = 1 + 1.25
    assert two(0.0, 0.5 * scale, 2.0 / scale * (1 - 1e-6))[2] == 1  # a millionth is left


def test_treatment_takes_its_reference_flow() -> None:
    # process 1 treats 1 unit of waste, process 0 leaves 0.5 of it and treatment needs 1.5 of process 0: 0.75 < 1
    assert two(0.0, -0.5, 1.5, (1.0, -1.0))[2] == 0
    assert two(0.0, -0.5, 2.5, (1.0, -1.0))[2] == 3


def test_own_use_of_everything_is_singular_and_of_more_is_not_productive() -> None:
    assert two(1.0, 0.0, 0.0)[2] == 2
    assert two(1.5, 0.0, 0.0)[2] == 3
