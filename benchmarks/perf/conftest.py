"""What every benchmark has: its size, and a measure that knows its group. Without --benchmark-enable all is tiny."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from benchmarks.perf import inputs


@dataclass(frozen=True)
class Measure:
    """One line of the table in the README.

    Attributes
    ----------
    benchmark : fixture
        Of pytest-benchmark.
    """

    benchmark: Any

    def __call__(
        self, function: Callable[..., Any], *args: Any, group: str, what: str, rows: int = 0, rounds: int = 0,
        warm: int = 1, times: float = 1,
    ) -> Any:  # fmt: skip
        """Measure a call and return what it returns.

        Parameters
        ----------
        function, *args
            What is called.
        group : str
            Title of the table; the first line of a group that begins with `carbon` is what the others are held against.
        what : str
            Name of the line.
        rows : int
            Rows that the call works through; 0 = none are counted.
        rounds : int
            How often it is called; 0 = as often as pytest-benchmark finds fit.
        warm : int
            How often it is called before that, if `rounds` is given.
        times : float
            How often the call would have to be made for the work of the other lines.
        """
        self.benchmark.group = group
        self.benchmark.extra_info |= {"what": what, "rows": rows, "times": times}
        if rounds:
            return self.benchmark.pedantic(function, args=args, rounds=rounds, warmup_rounds=warm)
        return self.benchmark(function, *args)


@pytest.fixture
def measure(benchmark):
    return Measure(benchmark)


@pytest.fixture(scope="session")
def tiny(request):
    """Whether everything is run once and small, to see that it runs."""
    return not request.config.getoption("benchmark_enable")


@pytest.fixture(scope="session")
def files(tiny, tmp_path_factory):
    """Return a function: rows and plants → a CSV file of them, written once."""
    folder, known = tmp_path_factory.mktemp("perf"), {}

    def file(rows: int, plants: int = 50) -> Path:
        if (rows, plants) not in known:
            size = min(rows, 2_000) if tiny else rows
            known[rows, plants] = inputs.write(folder / f"{rows}-{plants}.csv", size, plants)
        return known[rows, plants]

    yield file
    for path in known.values():
        path.unlink()
