"""Footprints on real Dask workers: the bytes of this machine."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from shared.clusters import carbon

from carbon.errors import DataError
from carbon.footprint.uncertain import uncertainty
from carbon.footprints import Order, compute, open_study, run_studies, run_study
from carbon.scale.cluster import Cluster

pytest.importorskip("distributed")

STUDY = """title = "Kiln {name}"
product = "clinker"
unit = "t"
draws = {draws}
sampling = "{sampling}"
"""


def study(folder: Path, draws: int = 500, sampling: str = "random") -> Path:
    folder.mkdir(parents=True)
    (folder / "study.toml").write_text(STUDY.format(name=folder.name, draws=draws, sampling=sampling), "utf-8")
    (folder / "processes.csv").write_text("process,product,unit\nkiln,clinker,t\nmill,meal,t\n", "utf-8")
    (folder / "exchanges.csv").write_text(
        "process,kind,name,amount,unit,uncertainty_pct\n"
        "kiln,emission,CO2,830,kg,4\nkiln,input,meal,1.55,t,2\nmill,emission,CO2,12*wear,kg,15\n",
        "utf-8",
    )
    (folder / "parameters.csv").write_text(
        "parameter,value,distribution,low,high\nwear,1.1,triangular,0.9,1.4\n", "utf-8"
    )
    (folder / "scenarios.csv").write_text("scenario,parameter,value\nworn,wear,1.3\n", "utf-8")
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_batch_of_studies_on_workers_writes_what_one_after_the_other_writes(pool: Cluster, tmp_path: Path) -> None:
    folders = [study(tmp_path / "studies" / name) for name in ("a", "b", "c", "d")]
    broken = study(tmp_path / "studies" / "e")
    (broken / "processes.csv").write_text("process,produkt\nkiln,t\n", "utf-8")
    for folder in folders:
        run_study(folder, tmp_path / "one" / folder.name, public=tmp_path / "shown" / folder.name)
    orders = [Order(f, tmp_path / "two" / f.name, tmp_path / "public" / f.name) for f in (*folders[:2], broken,
                                                                                         *folders[2:])]  # fmt: skip
    found = list(run_studies(orders, pool))
    assert [order for order, _ in found] == orders
    for order, answer in found:
        if order.study == broken:
            assert isinstance(answer, DataError)
            assert not order.out.exists()
            continue
        done, where = answer
        assert where == order.out
        assert contents(where) == contents(tmp_path / "one" / order.study.name)
        assert contents(order.public) == contents(tmp_path / "shown" / order.study.name)
        assert done.uncertainty["worn"].summary is not None
        assert done.uncertainty[""].ranking[0]["drawn_pct"] > 50


@pytest.mark.parametrize("sampling", ["random", "latin-hypercube", "sobol"])
def test_draws_on_workers_are_those_of_this_machine(
    sampling: str, pool: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("carbon.footprints.BLOCK", 300)
    job = open_study(study(tmp_path / "kiln", 1024, sampling))
    here, there = compute(job), compute(job, pool)
    assert here.uncertainty.keys() == there.uncertainty.keys() == {"", "worn"}
    for name, one in here.uncertainty.items():
        np.testing.assert_array_equal(one.draws, there.uncertainty[name].draws, strict=True)
        assert one.ranking == there.uncertainty[name].ranking
        again = uncertainty(here.footprint, 1024, 1, sampling, name).draws
        np.testing.assert_array_equal(again, one.draws)


def test_draw_that_cannot_be_computed_is_reported_as_here(
    pool: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("carbon.footprints.BLOCK", 100)
    folder = study(tmp_path / "kiln", 1000)
    (folder / "exchanges.csv").write_text(
        "process,kind,name,amount,unit\nkiln,emission,CO2,sqrt(wear - 1),kg\nkiln,input,meal,1.55,t\n", "utf-8"
    )
    job = open_study(folder)
    with pytest.raises(DataError) as here:
        compute(job)
    with pytest.raises(DataError) as there:
        compute(job, pool)
    assert str(there.value) == str(here.value)
    assert "P708" in str(there.value)


def test_footprint_command_spreads_studies_over_a_cluster(pool: Cluster, tmp_path: Path) -> None:
    folders = [study(tmp_path / name) for name in ("a", "b")]
    spread = carbon("footprint", *folders, "--dask", "--scheduler", pool.scheduler, "-o", tmp_path / "two")
    alone = carbon("footprint", *folders, "-o", tmp_path / "one")
    assert spread.returncode == alone.returncode == 0, spread.stderr
    assert spread.stdout.replace(str(tmp_path / "two"), str(tmp_path / "one")) == alone.stdout
    for name in ("a", "b"):
        assert contents(tmp_path / "two" / name) == contents(tmp_path / "one" / name)
    refused = carbon("footprint", *folders, "--workers", "2")
    assert refused.returncode == 2
    assert "go with --dask" in refused.stderr
