"""The chain solver beside the solver of Brightway on random systems, where that is installed."""

from __future__ import annotations

import numpy as np
import pytest

from carbon.footprint.system import Structure

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.mark.parametrize("seed", range(5))
def test_random_systems_agree_with_brightway(seed: int) -> None:
    with np.errstate(all="ignore"):
        calculation = pytest.importorskip("bw2calc")
        packages = pytest.importorskip("bw_processing")
        random = np.random.default_rng(seed)
        size, count, gases = 200, 1200, 3
        supplier, consumer = random.integers(0, size, (2, count))
        production = random.choice([1.0, 10.0, 0.5], size)
        amount = production[supplier] * random.normal(0, 0.05, count)
        direct = random.random((size, gases))
        each = np.arange(size)

        package = packages.create_datapackage(sum_intra_duplicates=True)
        ends = np.array([*zip(each, each, strict=True), *zip(supplier, consumer, strict=True)], packages.INDICES_DTYPE)
        package.add_persistent_vector(
            matrix="technosphere_matrix",
            indices_array=ends,
            data_array=np.concatenate([production, amount]),
            flip_array=np.arange(size + count) >= size,
        )
        flows = np.array([(1000 + gas, process) for process in each for gas in range(gases)], packages.INDICES_DTYPE)
        package.add_persistent_vector(matrix="biosphere_matrix", indices_array=flows, data_array=direct.ravel())
        product = int(random.integers(size))
        other = calculation.LCA({product: 3.0}, data_objs=[package])
        other.lci()

        one = Structure(size, supplier=supplier, consumer=consumer).factored(production, amount)
        runs = one.solve(3.0 * (each == product))
        theirs = np.array([other.supply_array[other.dicts.activity[process]] for process in each.tolist()])
        assert np.abs(runs - theirs).max() <= 1e-9 * np.abs(theirs).max()
        totals = np.asarray(other.inventory.sum(axis=1)).ravel()
        totals = totals[[other.dicts.biosphere[1000 + gas] for gas in range(gases)]]
        assert np.allclose(3.0 * one.intensities(direct)[product], totals, rtol=1e-9)
