"""A real Dask cluster of two processes on this machine."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from carbon.scale.cluster import Cluster


@pytest.fixture(scope="module")
def local() -> Iterator[Any]:
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address="127.0.0.1:0", silence_logs="CRITICAL"
    ) as found:
        yield found


@pytest.fixture
def pool(local: Any) -> Cluster:
    return Cluster(scheduler=local.scheduler_address)


@pytest.fixture
def client(local: Any) -> Iterator[Any]:
    distributed = pytest.importorskip("distributed")
    with distributed.Client(local, set_as_default=False) as found:
        found.wait_for_workers(2, timeout=180)
        yield found


def carbon(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "carbon", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
