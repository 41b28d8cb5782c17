"""How long two hundred million draws take, in blocks, on the processors there are. Run by `make bench`."""

from __future__ import annotations

import numpy as np
import pytest

from carbon.footprint.distributions import Distributions, declare
from carbon.footprint.sampling import draw, streams

ROWS, DRAWS, BLOCKS = 20_000, 1_000, 10


@pytest.mark.parametrize("kind", ["uniform", "normal", "lognormal", "triangular"])
def test_two_hundred_million_draws(benchmark, kind):
    benchmark.group = "2e8 draws"
    table = Distributions.of([declare(2.0, kind, low=1.0, high=4.0)] * ROWS)
    stream = streams([f"row {number}" for number in range(ROWS)], seed=1)
    out = np.empty((ROWS, DRAWS))

    def blocks():
        for block in range(BLOCKS):
            draw(table, stream, DRAWS, first=block * DRAWS, out=out)

    benchmark.pedantic(blocks, rounds=1, warmup_rounds=0)
