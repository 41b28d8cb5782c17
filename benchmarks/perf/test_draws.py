"""How long two hundred million draws take, in blocks, on the processors there are; numpy's own draws beside them."""

from __future__ import annotations

import numpy as np
import pytest

from carbon.footprint.distributions import Distributions, declare
from carbon.footprint.sampling import draw, streams

DRAWS, BLOCKS = 1_000, 10
NUMPY = {
    "uniform": lambda random, out: random.random(out=out),
    "normal": lambda random, out: random.standard_normal(out=out),
    "lognormal": lambda random, out: np.exp(random.standard_normal(out=out), out=out),
    "triangular": lambda random, out: np.copyto(out, random.triangular(1, 2, 4, out.shape)),
}


@pytest.mark.parametrize("kind", NUMPY)
@pytest.mark.parametrize("what", ["carbon: by seed and row, whatever the order", "numpy Generator: one stream"])
def test_two_hundred_million_draws(measure, tiny, what, kind):
    rows = 20 if tiny else 20_000
    out = np.empty((rows, DRAWS))
    table = Distributions.of([declare(2.0, kind, low=1.0, high=4.0)] * rows)
    stream = streams([f"row {number}" for number in range(rows)], seed=1)
    random = np.random.default_rng(1)

    def blocks():
        for block in range(BLOCKS):
            if what.startswith("carbon"):
                draw(table, stream, DRAWS, first=block * DRAWS, out=out)
            else:
                NUMPY[kind](random, out)

    measure(blocks, group=f"draws: 2e8, {kind}", what=what, rows=out.size * BLOCKS, rounds=2, warm=0)
    assert out.std() > 0.1
