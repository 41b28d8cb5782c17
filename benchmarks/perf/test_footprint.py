"""Footprint studies at scale: uncertainty of 20 000 processes, 10 000 variants of one of 200."""

from __future__ import annotations

import numpy as np
import pytest

from carbon.footprint.compare import compare
from carbon.footprint.study import footprint
from carbon.footprint.uncertain import uncertainty
from carbon.footprint.variants import variants

VARIANTS, PARAMETERS = 10_000, 20
STUDIES = "studies: with units, formulas and distributions around the solving"


def study(size, inputs, declared):
    """Return an invented study: each process takes from others further down and emits CO2 and CH4."""
    random = np.random.default_rng(1)
    spread = {"distribution": "lognormal", "uncertainty_pct": 10} if declared else {}
    rows = []
    for process in range(size - 1):
        for supplier in np.unique(np.minimum(process + random.geometric(0.05, inputs), size - 1)):
            amount = f"{random.lognormal(-4, 1):.4g}" + ("" if declared else f" * p{supplier % PARAMETERS}")
            rows.append({"process": f"p {process}", "kind": "input", "name": f"p {supplier}", "amount": amount,
                         "unit": "kg", **spread})  # fmt: skip
    for process in range(size):
        rows += [{"process": f"p {process}", "kind": "emission", "name": gas, "amount": f"{random.random():.4g}",
                  "unit": "kg", **spread} for gas in ("CO2", "CH4")]  # fmt: skip
    return footprint(
        [{"process": f"p {n}", "unit": "kg"} for n in range(size)], rows, study={"product": "p 0", "unit": "kg"},
        parameters=[{"parameter": f"p{n}", "value": 1 + n / 10} for n in range(PARAMETERS)],
    )  # fmt: skip


@pytest.fixture(scope="module")
def small(tiny):
    return study(20 if tiny else 200, 10, declared=False)


@pytest.fixture(scope="module")
def large(tiny):
    return study(40 if tiny else 20_000, 9, declared=True)


def test_ten_thousand_variants(measure, small, tiny):
    count = 20 if tiny else VARIANTS
    random = np.random.default_rng(2)
    values = {f"p{n}": random.uniform(0.5, 2.0, count) for n in range(PARAMETERS)}
    found = measure(variants, small, values, group=STUDIES, what="10 000 variants of 200 processes", rows=count,
                    rounds=2)  # fmt: skip
    assert len(found) == count
    assert not found.failed


def test_theory(measure, large):
    measure(uncertainty, large, group=STUDIES, what="uncertainty of 20 000 processes, in theory", rounds=1, warm=0)


def test_thousand_draws(measure, large, tiny):
    count = 10 if tiny else 1_000
    found = measure(uncertainty, large, count, group=STUDIES, what="uncertainty of 20 000 processes, 1 000 draws",
                    rows=count, rounds=1, warm=0)  # fmt: skip
    assert not found.failed


def test_comparison(measure, tiny):
    one, count = study(20 if tiny else 200, 10, declared=True), 20 if tiny else 10_000
    measure(lambda: compare(one, one, draws=count), group=STUDIES, rows=count, rounds=1,
            what="two studies of 200 processes compared in 10 000 draws")  # fmt: skip
