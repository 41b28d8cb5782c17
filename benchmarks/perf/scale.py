"""What SCALE.md measures. Every measure runs in a process of its own, so that its peak of memory is its own.

python -m benchmarks.perf.scale make ROWS FILE [PLANTS]      write an invented file
python -m benchmarks.perf.scale memory FILE                  account for it in memory
python -m benchmarks.perf.scale stream FILE [THREADS]        the same streamed
python -m benchmarks.perf.scale cluster FILE WORKERS         the same on a local Dask cluster
python -m benchmarks.perf.scale tasks COUNT WORKERS          hand that many empty tasks to such a cluster
python -m benchmarks.perf.scale cut FILE                     find the partitions of a file and their digests
python -m benchmarks.perf.scale fold FOLDER PARTS [PLANTS]   fold that many parts of 500 000 rows, of the same plants
python -m benchmarks.perf.scale grow FOLDER PARTS [PLANTS]   the same, each part of plants of its own
"""

from __future__ import annotations

import os
import resource
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.perf import inputs
from carbon.errors import Issues
from carbon.inventory.accounting import Ground
from carbon.library import load_library
from carbon.reading import from_frame
from carbon.run import run
from carbon.scale import fold as folding
from carbon.scale.cluster import Cluster
from carbon.scale.partitions import partitions
from carbon.scale.parts import compute_part, load, save
from carbon.scale.stream import Threads
from carbon.streams import run_stream


def make(rows: str, file: str, plants: str = "50") -> None:
    """Write an invented file."""
    inputs.write(Path(file), int(float(rows)), int(plants))


def memory(file: str) -> None:
    """Run a file in memory."""
    began = time.monotonic()
    result, where = run(file, Path(file).with_suffix(".results"))
    told(time.monotonic() - began, result.line_counts["read"], where)
    shutil.rmtree(where)


def stream(file: str, threads: str = "0") -> None:
    """Run a file streamed, from nothing."""
    where = Path(file).with_suffix(".results")
    shutil.rmtree(where, ignore_errors=True)
    began = time.monotonic()
    result, _ = run_stream(file, where, pool=Threads(int(threads)))
    told(time.monotonic() - began, result.line_counts["read"], where)
    shutil.rmtree(where)


def cluster(file: str, workers: str) -> None:
    """Run a file on a local cluster, start and end of the cluster included."""
    where = Path(file).with_suffix(".results")
    shutil.rmtree(where, ignore_errors=True)
    began = time.monotonic()
    result, _ = run_stream(file, where, pool=Cluster(workers=int(workers)))
    told(time.monotonic() - began, result.line_counts["read"], where)
    print(f"largest worker: {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024:.0f} MiB")
    shutil.rmtree(where)


def tasks(count: str, workers: str) -> None:
    """Hand out tasks that do nothing."""
    began, first = time.monotonic(), 0.0
    for done, _ in enumerate(Cluster(workers=int(workers)).each(abs, range(int(count)))):
        first = first if done else time.monotonic()
    spent = time.monotonic() - first
    print(f"first task after {first - began:.1f} s, then {int(count) / spent:.0f} tasks per second")


def cut(file: str) -> None:
    """Cut a file, which one process does for all workers."""
    began = time.monotonic()
    count = sum(1 for _ in partitions([Path(file)]))
    spent = time.monotonic() - began
    print(f"{count} partitions: {Path(file).stat().st_size / spent / 1e9:.2f} GB per second, peak {peak():.0f} MiB")


def fold(folder: str, parts: str, plants: str = "50") -> None:
    """Fold a few parts again and again, as if each were of other rows."""
    _fold(Path(folder), int(parts), int(plants), 8, 0)


def grow(folder: str, parts: str, plants: str = "50") -> None:
    """Fold parts of which none has a combination of another."""
    _fold(Path(folder), int(parts), int(plants), int(parts), int(plants))


def _fold(place: Path, parts: int, plants: int, made: int, step: int) -> None:
    rows = 500_000
    place.mkdir(parents=True, exist_ok=True)
    ground = Ground.of(
        None, None, method="cn-general", gwp="", region="", as_of=None, electricity=None, library=load_library(),
        language="en", on_error="continue", title="", issues=Issues(),
    )  # fmt: skip
    for number in range(made):
        source = from_frame(inputs.activities(rows, plants, number + 1, number * step), "activities")
        part = compute_part(source, ground, Issues())
        assert part is not None
        save(part, place / f"{number}.npz")
    sizes = [(place / f"{number}.npz").stat().st_size for number in range(made)]
    before, began = peak(), time.monotonic()
    found = folding.fold(parts, lambda n: load(place / f"{n % made}.npz"), ground, Issues(), "invented")
    spent = time.monotonic() - began
    lines = found.result.line_counts["read"]
    assert lines == parts * rows, lines
    print(f"{parts} parts of {lines:,} rows, {len(found.result.plan.key):,} combinations: {spent:.1f} s, "
          f"{spent / parts * 1e3:.1f} ms and {sum(sizes) / made / 1e6:.2f} MB a part, "
          f"peak {peak():.0f} MiB ({before:.0f} before)")  # fmt: skip
    shutil.rmtree(place)


def told(seconds: float, rows: int, where: Path) -> None:
    """Print what a run took and left."""
    sizes = {kind: sum(path.stat().st_size for path in found) for kind, found in _kinds(where)}
    held = ", ".join(f"{kind} {size / rows:.2f}" for kind, size in sizes.items())
    print(f"{rows:,} rows in {seconds:.1f} s: {rows / seconds / 1e6:.2f} million rows per second, "
          f"{seconds / rows * 1e6:.2f} s and {processor_time() / rows * 1e6:.2f} processor seconds per million, "
          f"peak {peak():.0f} MiB; bytes per row: {held}")  # fmt: skip


def _kinds(where: Path) -> Iterator[tuple[str, list[Path]]]:
    files = [path for path in where.rglob("*") if path.is_file()]
    yield "lines", [path for path in files if path.suffix == ".parquet"]
    yield "parts", [path for path in files if path.parent.name == "parts"]


def processor_time() -> float:
    """Return the seconds that this process has computed, on all processors."""
    spent = os.times()
    return spent.user + spent.system


def peak() -> float:
    """Return the most memory that this process has held. [MiB]"""
    lines = Path("/proc/self/status").read_text("utf-8").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


COMMANDS = (make, memory, stream, cluster, tasks, cut, fold, grow)

if __name__ == "__main__":
    {one.__name__: one for one in COMMANDS}[sys.argv[1]](*sys.argv[2:])
