"""Footprint studies at scale: uncertainty of 20 000 processes, 10 000 variants of one of 200. Run by `make bench`."""

from __future__ import annotations

import numpy as np
import pytest

from carbon.footprint.compare import compare
from carbon.footprint.study import footprint
from carbon.footprint.uncertain import uncertainty
from carbon.footprint.variants import variants

VARIANTS, PARAMETERS = 10_000, 20


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
def small():
    return study(200, 10, declared=False)


@pytest.fixture(scope="module")
def large():
    return study(20_000, 9, declared=True)


def test_ten_thousand_variants_of_a_study_of_200(benchmark, small):
    random = np.random.default_rng(2)
    values = {f"p{n}": random.uniform(0.5, 2.0, VARIANTS) for n in range(PARAMETERS)}
    found = benchmark.pedantic(variants, args=(small, values), rounds=3, warmup_rounds=1)
    assert len(found) == VARIANTS
    assert not found.failed


def test_theory_of_20_000_processes(benchmark, large):
    benchmark.pedantic(uncertainty, args=(large,), rounds=1, warmup_rounds=0)


def test_thousand_draws_of_20_000_processes(benchmark, large):
    found = benchmark.pedantic(uncertainty, args=(large, 1000), rounds=1, warmup_rounds=1)
    assert not found.failed


def test_comparison_of_a_study_of_200(benchmark):
    one = study(200, 10, declared=True)
    benchmark.pedantic(compare, args=(one, one), kwargs={"draws": 10_000}, rounds=1, warmup_rounds=1)
