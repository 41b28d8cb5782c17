"""Product chains at scale: 20 000 processes with a few loops, and 200 processes 10 000 times; splu beside each."""

import numpy as np
import pytest
from scipy.sparse import csc_array
from scipy.sparse.linalg import splu

from carbon.footprint.system import Structure

GASES, LOOPS, RING = 7, 5, 20


class Chain:
    """Processes that take from others further down, in random order, and a few rings among them."""

    def __init__(self, size, count):
        random = np.random.default_rng(1)
        consumer = random.integers(0, size - 1, count - LOOPS * RING)
        supplier = np.minimum(consumer + random.geometric(100 / size, len(consumer)), size - 1)
        for first in random.integers(0, size - RING, LOOPS):
            ring = first + np.arange(RING)
            consumer, supplier = np.concatenate([consumer, ring]), np.concatenate([supplier, np.roll(ring, -1)])
        mix = random.permutation(size)
        self.size, self.supplier, self.consumer = size, mix[supplier], mix[consumer]
        self.production, self.amount = np.ones(size), 0.3 * random.lognormal(-3, 1, count)
        self.direct, self.demand = random.random((size, GASES)), np.eye(1, size, mix[0])[0]

    def structure(self):
        return Structure(self.size, supplier=self.supplier, consumer=self.consumer)

    def drawn(self, first, last):
        """Draw every exchange log-normally, each draw from its own number."""
        amount = np.empty((last - first, len(self.amount)))
        for draw in range(first, last):
            np.random.default_rng(draw).standard_normal(out=amount[draw - first])
        amount *= 0.1
        np.exp(amount, out=amount)
        amount *= self.amount
        return self.production, amount, self.direct

    def places(self):
        each = np.arange(self.size)
        return np.concatenate([each, self.supplier]), np.concatenate([each, self.consumer])

    def matrix(self, amount):
        return csc_array((np.concatenate([self.production, -amount]), self.places()), shape=(self.size, self.size))


@pytest.fixture(scope="module")
def large():
    return Chain(20_000, 200_000)


@pytest.fixture(scope="module")
def small():
    return Chain(200, 2_000)


def test_structure(benchmark, large):
    found = benchmark(large.structure)
    assert sum(map(len, found.loops)) >= LOOPS * RING / 2


def test_solve(benchmark, large):
    one = large.structure()
    found = benchmark(one.solve, large.production, large.amount, large.demand)
    assert one.factored(large.production, large.amount).residual(large.demand, found) < 1e-15


def test_solve_again_with_the_same_values(benchmark, large):
    benchmark(large.structure().factored(large.production, large.amount).solve, large.demand)


def test_intensities(benchmark, large):
    benchmark(large.structure().intensities, large.production, large.amount, large.direct)


def test_solve_splu(benchmark, large):
    """Factor and solve the whole matrix, built beforehand: what scipy alone would do."""
    matrix = large.matrix(large.amount)
    found = benchmark.pedantic(lambda: splu(matrix).solve(large.demand), rounds=2)
    ours = large.structure().solve(large.production, large.amount, large.demand)
    assert np.abs(found - ours).max() < 1e-12 * np.abs(found).max()


def test_solve_again_with_the_same_values_splu(benchmark, large):
    benchmark(splu(large.matrix(large.amount)).solve, large.demand)


def test_thousand_draws(benchmark, large):
    one = large.structure()
    found = benchmark.pedantic(one.draws, args=(1_000, large.drawn, large.demand), rounds=2, warmup_rounds=1)
    assert not found.failed


def test_two_draws_splu(benchmark, large):
    """Two of the thousand draws, factored anew each: multiply by 500 to compare."""

    def bare():
        _, amounts, _ = large.drawn(0, 2)
        return [splu(large.matrix(amount)).solve(large.demand) @ large.direct for amount in amounts]

    benchmark.pedantic(bare, rounds=1)


def test_ten_thousand_variants(benchmark, small):
    one = small.structure()
    found = benchmark.pedantic(one.draws, args=(10_000, small.drawn, small.demand), rounds=2, warmup_rounds=1)
    assert not found.failed


def test_ten_thousand_variants_splu(benchmark, small):
    """The same, each variant factored by splu."""

    def bare():
        _, amounts, _ = small.drawn(0, 10_000)
        return [splu(small.matrix(amount)).solve(small.demand) @ small.direct for amount in amounts]

    benchmark.pedantic(bare, rounds=1)
