"""Product chains at scale: 20 000 processes with a few loops, and 200 processes 10 000 times; splu beside each."""

import numpy as np
import pytest
from scipy.sparse import csc_array
from scipy.sparse.linalg import splu

from carbon.footprint.system import Structure

GASES, LOOPS, RING = 7, 5, 20
SOLVE, AGAIN = "solve: 20 000 processes, 200 000 exchanges", "solve: again with the same values"
DRAWS, VARIANTS = "draws: 1 000 of 20 000 processes", "draws: 10 000 of 200 processes"


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
def large(tiny):
    return Chain(200, 2_000) if tiny else Chain(20_000, 200_000)


@pytest.fixture(scope="module")
def small():
    return Chain(200, 2_000)


def test_solve(measure, large):
    one = large.structure()
    found = measure(one.solve, large.production, large.amount, large.demand, group=SOLVE, rounds=3,
                    what="carbon: order known")  # fmt: skip
    assert one.factored(large.production, large.amount).residual(large.demand, found) < 1e-15


def test_structure(measure, large):
    found = measure(large.structure, group=SOLVE, what="(carbon: order and loops, once per study)", rounds=3)
    assert found.loops


def test_intensities(measure, large):
    one = large.structure()
    measure(one.intensities, large.production, large.amount, large.direct, group=SOLVE, rounds=3,
            what="(carbon: seven gases of every process)")  # fmt: skip


def test_solve_splu(measure, large):
    """Factor and solve the whole matrix, built beforehand: what scipy alone would do."""
    matrix = large.matrix(large.amount)
    found = measure(lambda: splu(matrix).solve(large.demand), group=SOLVE, what="scipy splu", rounds=2, warm=0)
    ours = large.structure().solve(large.production, large.amount, large.demand)
    assert np.abs(found - ours).max() < 1e-12 * np.abs(found).max()


def test_solve_again(measure, large):
    factored = large.structure().factored(large.production, large.amount)
    measure(factored.solve, large.demand, group=AGAIN, what="carbon")


def test_solve_again_splu(measure, large):
    measure(splu(large.matrix(large.amount)).solve, large.demand, group=AGAIN, what="scipy splu, factored before")


def test_thousand_draws(measure, large, tiny):
    count = 2 if tiny else 1_000
    found = measure(large.structure().draws, count, large.drawn, large.demand, group=DRAWS, what="carbon",
                    rows=count, rounds=2)  # fmt: skip
    assert not found.failed


def test_thousand_draws_splu(measure, large):
    """Two of the thousand draws, factored anew each."""

    def bare():
        _, amounts, _ = large.drawn(0, 2)
        return [splu(large.matrix(amount)).solve(large.demand) @ large.direct for amount in amounts]

    measure(bare, group=DRAWS, what="scipy splu: two draws, times 500", rows=1_000, rounds=1, warm=0, times=500)


def test_ten_thousand_variants(measure, small, tiny):
    count = 10 if tiny else 10_000
    found = measure(small.structure().draws, count, small.drawn, small.demand, group=VARIANTS, what="carbon",
                    rows=count, rounds=2)  # fmt: skip
    assert not found.failed


def test_ten_thousand_variants_splu(measure, small, tiny):
    """The same, each variant factored by splu."""
    count = 10 if tiny else 10_000

    def bare():
        _, amounts, _ = small.drawn(0, count)
        return [splu(small.matrix(amount)).solve(small.demand) @ small.direct for amount in amounts]

    measure(bare, group=VARIANTS, what="scipy splu", rows=count, rounds=1, warm=0)
