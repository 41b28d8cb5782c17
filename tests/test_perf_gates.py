"""What speed rests on and no clock is needed for: work per distinct key, memory, compilations, calls per row."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numba
import pytest

from carbon import kernels, units
from carbon.inventory import accounting
from carbon.run import run
from carbon.scale.stream import Task
from carbon.streams import run_stream

ROOT = Path(__file__).parents[1]
HEADER = "facility,period,item,quantity,unit,use,region"
KEYS = [("electricity", "MWh", "purchased"), ("diesel", "t", "combustion"), ("anthracite", "t", "combustion")]


def write(path: Path, rows: int, plants: int = 5) -> Path:
    """Write a file of the same few keys, over and over."""
    lines = [HEADER]
    for row in range(rows):
        (item, unit, use), month = KEYS[row % 3], row // 3 % 12 + 1
        lines.append(f"plant {row % plants},2023-{month:02d},{item},{row % 9973 + 0.125},{unit},{use},CN-SD")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


class Inline:
    """Compute the partitions of a stream here, one after the other."""

    def run(self, tasks: Iterable[Task], done: Callable[[Task, int], None]) -> None:
        for task in tasks:
            done(task, task())


# --- the cost of matching -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("streamed", [False, True])
def test_matching_goes_with_distinct_keys_and_not_with_rows(
    streamed: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: Counter[str] = Counter()

    def counted(module: Any, name: str) -> None:
        true = getattr(module, name)

        def counting(*args: Any, **options: Any) -> Any:
            calls[name] += 1
            return true(*args, **options)

        monkeypatch.setattr(module, name, counting)

    counted(accounting, "route")
    counted(units, "parse")
    found = []
    for rows in (360, 3_600):
        calls.clear()
        path = write(tmp_path / f"{rows}.csv", rows)
        if streamed:
            run_stream(path, tmp_path / f"{rows}-out", pool=Inline())
        else:
            run(path, tmp_path / f"{rows}-out")
        found.append(dict(calls))
    assert found[0] == found[1]
    assert 36 <= found[0]["route"] <= 4 * 36  # three items in twelve months, twice where a stream folds its parts


# --- no Python per row --------------------------------------------------------------------------------------------


def calls_of(function: Callable[[], Any]) -> int:
    """Return how many functions a call goes through, of Python and of C."""
    count = 0

    def counting(frame: Any, event: str, argument: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(counting)
    try:
        function()
    finally:
        sys.setprofile(before)
    return count


@pytest.mark.parametrize("streamed", [False, True])
def test_no_python_is_run_per_row(streamed: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels, "COMPILE_ABOVE", 0)
    files = [write(tmp_path / f"{rows}.csv", rows) for rows in (600, 6_000, 60_000)]

    def account(path: Path) -> None:
        target = path.with_suffix(".out")
        if streamed:
            run_stream(path, target, pool=Inline(), size=1 << 30)
        else:
            run(path, target)

    account(files[0])  # fills what is kept: units, library, kernels
    few, many = (calls_of(lambda path=path: account(path)) for path in files[1:])
    assert few > 1_000
    assert many - few < 5_400, f"{many - few} calls more for 54 000 rows more"


# --- kernels ------------------------------------------------------------------------------------------------------


def test_each_kernel_is_compiled_once_whatever_the_sizes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: Counter[str] = Counter()
    true, lock = numba.njit, threading.Lock()

    def njit(signature: str, **options: Any) -> Callable[..., Any]:
        def compiling(function: Callable[..., None]) -> Any:
            with lock:
                compiled[function.__name__] += 1
            return true(signature, **options)(function)

        return compiling

    monkeypatch.setattr(numba, "njit", njit)
    monkeypatch.setattr(kernels, "COMPILE_ABOVE", 100)
    kernels._compiled.cache_clear()
    for rows in (300, 1_000, 4_000):
        run(write(tmp_path / f"{rows}.csv", rows), tmp_path / f"{rows}-out")
    run_stream(tmp_path / "4000.csv", tmp_path / "streamed", size=20_000, pool=Inline())
    assert {"products", "exact_sums"} <= compiled.keys()
    assert set(compiled.values()) == {1}, compiled


def texts_of(folder: Path) -> dict[str, bytes]:
    """Return every file of a result but what says when it was made."""
    found = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    return {name: path.read_bytes() for name, path in found.items() if path.suffix != ".npz" and name not in UNLIKE}


UNLIKE = ("provenance.json",)


@pytest.mark.parametrize("case", ["quarterly", "large"])
@pytest.mark.parametrize("streamed", [False, True])
def test_interpreted_and_compiled_kernels_give_the_same_bytes(
    case: str, streamed: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = ROOT / "examples" / "quarterly" if case == "quarterly" else write(tmp_path / "large.csv", 3_000)
    found = []
    for above in (0, 1 << 60):
        monkeypatch.setattr(kernels, "COMPILE_ABOVE", above)
        target = tmp_path / str(above)
        run_stream(path, target, size=30_000) if streamed else run(path, target)
        found.append(texts_of(target))
    assert found[0].keys() == found[1].keys()
    assert {"totals.csv", "energy.csv", "plan.json"} <= found[0].keys()
    assert any(name.endswith(".parquet") for name in found[0])
    assert [name for name in found[0] if found[0][name] != found[1][name]] == []


# --- memory -------------------------------------------------------------------------------------------------------

STREAM = """
import json, sys
from carbon.scale.stream import Threads
from carbon.streams import run_stream
result, _ = run_stream(sys.argv[1], sys.argv[2], pool=Threads(1), size=1 << 20)
status = open("/proc/self/status", encoding="utf-8").read().splitlines()
peak = next((int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM")), 0)
heavy = {name.partition(".")[0] for name in sys.modules} & {"pandas", "plotly", "polars", "duckdb", "distributed"}
print(json.dumps([result.line_counts["read"], peak, sorted(heavy)]))
"""


@pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="the system does not say how much memory was held")
def test_memory_of_a_stream_does_not_grow_with_rows(tmp_path: Path) -> None:
    """A file of four times the rows takes about the same, in partitions of 1 MiB; the files are 8 and 32 MB."""
    peaks = []
    for rows in (150_000, 600_000):
        path = write(tmp_path / f"{rows}.csv", rows)
        command = [sys.executable, "-c", STREAM, str(path), str(tmp_path / f"{rows}-out")]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
        assert done.returncode == 0, done.stderr
        read, peak, heavy = json.loads(done.stdout)
        assert read == rows
        assert heavy == []
        peaks.append(peak)
    assert peaks[1] < peaks[0] * 1.2 + 10, f"{peaks[0]:.0f} MiB, then {peaks[1]:.0f} MiB"


def test_import_of_streams_loads_nothing_heavy() -> None:
    """Without dask, too; where it is installed, pint loads it as soon as a unit is read."""
    code = "import json, sys, carbon.streams; print(json.dumps(sorted({name.split('.')[0] for name in sys.modules})))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    heavy = {"dask", "distributed", "pandas", "numba", "llvmlite", "plotly", "pint", "polars", "duckdb", "scipy"}
    assert not set(json.loads(done.stdout)) & heavy
