"""Runs and footprints on real Dask workers, of which some are killed: the same bytes, or a clear word and nothing half.

Everything stands on one local cluster of two processes, but where a scheduler is killed.
"""

from __future__ import annotations

import csv
import json
import os
import pickle
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from shared.clusters import carbon

from carbon import shipped
from carbon.errors import DataError, UsageError
from carbon.inventory import accounting
from carbon.run import run
from carbon.scale import cluster as module
from carbon.scale.cluster import Cluster
from carbon.scale.stream import Progress, Task, Threads
from carbon.streams import run_stream

distributed = pytest.importorskip("distributed")

TABLES = ("totals.csv", "energy.csv", "benchmarks.csv", "intensity.csv", "issues.csv")
HEAD = "facility,period,item,quantity,unit,region,meter\n"


@pytest.fixture(scope="module")
def quarterly(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run folder with facilities of three packs, meters, output and levels; and its result in memory."""
    folder = tmp_path_factory.mktemp("quarterly")
    example = shipped.folder("examples") / "quarterly"
    for path in example.iterdir():
        if path.is_file():
            shutil.copy(path, folder)
    run(folder, folder / "memory")
    return folder


def activities(path: Path, count: int) -> Path:
    """Write rows of which some are bad and some belong to meters."""
    items = [("electricity", "MWh"), ("coke", "t"), ("diesel", "t"), ("natural gas", "万Nm3"), ("gravel", "t")]
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(HEAD)
        for n in range(count):
            item, unit = items[n % 7 % 5]
            unit = "ton" if n % 501 == 500 else unit
            file.write(f"plant {n % 11},2024-{n % 12 + 1:02d},{item},{n * 1.37 + 0.1:.3f},{unit},CN-SD,m{n}\n")
    return path


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that takes a while, and its result in memory."""
    folder = tmp_path_factory.mktemp("many")
    run(activities(folder / "activities.csv", 12_000), folder / "memory")
    return folder / "activities.csv"


SIZE = 20_000  # bytes: some thirty partitions of that file


def tables(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in TABLES if (folder / name).exists()}


def leftovers(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name.startswith("."))


# --- the same bytes -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("size", "least"), [(1 << 20, 1), (4000, 2), (1200, 6), (500, 12)])  # one per worker, and more
def test_dask_gives_the_bytes_of_memory_and_stream_with_any_number_of_partitions(
    size: int, least: int, quarterly: Path, pool: Cluster, tmp_path: Path
) -> None:
    run_stream(quarterly, tmp_path / "stream", pool=Threads(2), size=size)
    _, where = run_stream(quarterly, tmp_path / "dask", pool=pool, size=size)
    expected = tables(quarterly / "memory")
    assert len(expected) == len(TABLES)
    assert tables(tmp_path / "stream") == expected
    assert tables(where) == expected
    assert len(list((where / "lines").iterdir())) >= least
    assert leftovers(tmp_path) == []


def test_local_cluster_of_its_own_gives_the_same_bytes(quarterly: Path, tmp_path: Path) -> None:
    _, where = run_stream(quarterly, tmp_path / "out", pool=Cluster(workers=2), size=2000)
    assert tables(where) == tables(quarterly / "memory")


def test_row_groups_of_parquet_go_to_workers(
    many: Path, pool: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pyarrow import csv as arrow
    from pyarrow import parquet

    monkeypatch.setattr("carbon.scale.partitions._ROWS", 2_000)
    source = tmp_path / "activities.parquet"
    parquet.write_table(arrow.read_csv(many), source, row_group_size=1_000)
    _, where = run_stream(source, tmp_path / "out", pool=pool)
    run(source, tmp_path / "memory")
    assert len(list((where / "lines").iterdir())) == 6
    assert tables(where) == tables(tmp_path / "memory")


def test_relative_paths_and_own_factors_are_found_by_workers(
    many: Path, pool: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = shipped.folder("factors") / "cn-grid-2023"
    found = own if own.is_dir() else next(p for p in shipped.folder("factors").iterdir() if "grid" in p.name)
    job = tmp_path / "job"
    (job / "own").mkdir(parents=True)
    name = f"own-{found.name}"
    shutil.copytree(found, job / "own" / name)
    for path in (job / "own" / name).glob("*.toml"):
        path.write_text(path.read_text("utf-8").replace(f'"{found.name}/', f'"{name}/'), encoding="utf-8")
    shutil.copy(many, job / "activities.csv")
    (job / "run.toml").write_text('factors = ["own"]\n', encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    run("job", "memory")
    run_stream("job", "dask", pool=pool, size=150_000)
    assert tables(tmp_path / "dask") == tables(tmp_path / "memory")


def test_what_is_sent_is_small_and_the_ground_is_not_sent_with_every_task(quarterly: Path, tmp_path: Path) -> None:
    sent: list[tuple[int, int]] = []

    class Measured(Cluster):
        def each(self, function: Callable[[Any], Any], items: Any) -> Iterator[tuple[Any, Any]]:
            for item in items:
                sent.append((len(pickle.dumps(function)), len(pickle.dumps(item))))
                yield item, function(item)

    _, where = run_stream(quarterly, tmp_path / "out", pool=Measured(), size=2000)
    assert tables(where) == tables(quarterly / "memory")
    assert len(sent) > 4
    assert max(function + item for function, item in sent) < 2_000  # [bytes]


# --- what goes wrong ----------------------------------------------------------------------------------------------


def kill_a_busy_worker(client: Any) -> int:
    """Kill a worker that has a task, as kill -9 does, and return its process."""
    pids = client.run(os.getpid)
    until = time.monotonic() + 60
    while time.monotonic() < until:
        for address, keys in client.processing().items():
            if any(str(key).startswith("carbon-") for key in keys):
                os.kill(pids[address], signal.SIGKILL)
                return int(pids[address])
    pytest.fail("no worker had a task")


def test_worker_that_is_killed_midway_changes_no_byte(many: Path, pool: Cluster, client: Any, tmp_path: Path) -> None:
    before = set(client.run(os.getpid).values())
    killed: list[int] = []

    def told(progress: Progress) -> None:
        if not killed:
            killed.append(kill_a_busy_worker(client))

    _, where = run_stream(many, tmp_path / "out", pool=pool, size=SIZE, told=told)
    assert tables(where) == tables(many.parent / "memory")
    assert len(list((where / "lines").iterdir())) > 20
    assert leftovers(tmp_path) == []
    client.wait_for_workers(2, timeout=180)
    assert set(killed) <= before
    assert not set(killed) & set(client.run(os.getpid).values())


def die_once(folder: Path, number: int) -> int:
    try:
        (folder / "died").mkdir()
    except FileExistsError:
        return number * number
    os.kill(os.getpid(), signal.SIGKILL)
    return -1


def test_task_whose_worker_dies_is_computed_by_another(pool: Cluster, client: Any, tmp_path: Path) -> None:
    found = dict(pool.each(partial(die_once, tmp_path), range(6)))
    assert found == {0: 0, 1: 1, 2: 4, 3: 9, 4: 16, 5: 25}
    client.wait_for_workers(2, timeout=180)


def die(number: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_task_that_ends_worker_after_worker_is_reported(pool: Cluster, client: Any) -> None:
    def allow(count: int, dask_scheduler: Any) -> None:
        dask_scheduler.allowed_failures = count

    client.run_on_scheduler(allow, 0)
    try:
        with pytest.raises(ChildProcessError, match=r"1 workers ended while they computed one task.*memory"):
            list(pool.each(die, [1]))
    finally:
        client.run_on_scheduler(allow, 3)
    client.wait_for_workers(2, timeout=180)


def fail_twice(folder: Path, number: int) -> int:
    if len(list(folder.iterdir())) < 2:
        (folder / f"{len(list(folder.iterdir()))}").touch()
        raise OSError(28, "No space left on device")
    return number


def test_fault_of_the_system_is_tried_again_and_then_raised(pool: Cluster, tmp_path: Path) -> None:
    assert list(pool.each(partial(fail_twice, tmp_path), [7])) == [(7, 7)]
    shutil.rmtree(tmp_path)
    tmp_path.mkdir()
    with pytest.raises(OSError, match="No space left"):
        list(Cluster(scheduler=pool.scheduler, retries=1).each(partial(fail_twice, tmp_path), [7]))


def spoiled(many: Path, path: Path, line: int) -> Path:
    """Write the rows with bytes in one line that are no text."""
    lines = many.read_bytes().splitlines(keepends=True)
    lines[line - 1] = b"plant \xff\xfe\xfa" + lines[line - 1]
    path.write_bytes(b"".join(lines))
    return path


@pytest.mark.parametrize("line", [12, 6000])
def test_malformed_partition_is_reported_with_file_and_line_and_leaves_no_result(
    line: int, many: Path, pool: Cluster, tmp_path: Path
) -> None:
    path = spoiled(many, tmp_path / "activities.csv", line)
    with pytest.raises(DataError) as threads:
        run_stream(path, tmp_path / "threads", pool=Threads(2), size=SIZE)
    with pytest.raises(DataError) as found:
        run_stream(path, tmp_path / "out", pool=pool, size=SIZE)
    assert [str(issue) for issue in found.value.issues] == [str(issue) for issue in threads.value.issues]
    assert found.value.issues[0].code == "T104"
    assert found.value.issues[0].file == "activities.csv"
    if line == 12:
        assert list(found.value.issues[0].lines) == [12]
    assert not (tmp_path / "out").exists()
    assert list((tmp_path / ".out-unfinished").glob(".workers-*")) == []
    shutil.copy(many, path)
    kept: list[int] = []
    run_stream(path, tmp_path / "out", pool=pool, size=SIZE, told=lambda progress: kept.append(progress.kept))
    assert tables(tmp_path / "out") == tables(many.parent / "memory")
    assert line == 12 or kept[-1] > 0
    assert leftovers(tmp_path) == [".threads-unfinished"]


def scheduler(folder: Path) -> tuple[str, list[subprocess.Popen[bytes]]]:
    """Start a scheduler and a worker as a cluster of machines has them."""
    where = folder / "scheduler.json"
    start = [sys.executable, "-W", "ignore", "-m", "dask"]
    ports = ["--port", "0", "--no-dashboard", "--host", "127.0.0.1"]
    quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": folder}
    commands = [
        [*start, "scheduler", *ports, "--scheduler-file", str(where)],
        [*start, "worker", "--scheduler-file", str(where), "--nthreads", "1", "--no-nanny", "--no-dashboard",
         "--death-timeout", "60", "--local-directory", str(folder)],
    ]  # fmt: skip
    processes = [subprocess.Popen(command, **quiet) for command in commands]
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if where.is_file() and (text := where.read_text("utf-8")):
            return json.loads(text)["address"], processes
        time.sleep(0.05)
    pytest.fail("no scheduler came up")


def test_scheduler_that_goes_away_is_reported_and_the_next_run_goes_on(
    many: Path, pool: Cluster, tmp_path: Path
) -> None:
    address, processes = scheduler(tmp_path)
    read = []

    def told(progress: Progress) -> None:
        read.append(progress.rows)
        if len(read) == 4:
            processes[0].kill()

    try:
        with pytest.raises(ConnectionError, match=r"scheduler went away.*goes on from there"):
            run_stream(many, tmp_path / "out", pool=Cluster(scheduler=address, patience=30), size=SIZE, told=told)
    finally:
        for process in processes:
            process.kill()
            process.wait()
    assert not (tmp_path / "out").exists()
    unfinished = tmp_path / ".out-unfinished"
    assert len(list(unfinished.glob("*.npz"))) >= 4
    kept: list[int] = []
    _, where = run_stream(many, tmp_path / "out", pool=pool, size=SIZE, told=lambda p: kept.append(p.kept))
    assert kept[-1] >= 4
    assert tables(where) == tables(many.parent / "memory")
    assert leftovers(tmp_path) == []


def test_no_scheduler_at_an_address_is_reported(many: Path, tmp_path: Path) -> None:
    with pytest.raises(ConnectionError, match=r"no scheduler answers at tcp://127.0.0.1:1"):
        run_stream(many, tmp_path / "out", pool=Cluster(scheduler="tcp://127.0.0.1:1", patience=1))
    assert not (tmp_path / "out").exists()


def test_scheduler_without_workers_is_reported(many: Path, tmp_path: Path) -> None:
    with (
        distributed.LocalCluster(n_workers=0, dashboard_address="127.0.0.1:0", silence_logs="CRITICAL") as empty,
        pytest.raises(ConnectionError, match="no worker came within 1 s"),
    ):
        run_stream(many, tmp_path / "out", pool=Cluster(scheduler=empty.scheduler_address, patience=1))


# --- one task, two workers ----------------------------------------------------------------------------------------


@pytest.fixture
def task(many: Path, tmp_path: Path) -> Task:
    found: list[Task] = []

    class Held(Cluster):
        def run(self, tasks: Any, done: Any) -> None:
            found.extend(tasks)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_stream(many, tmp_path / "out", pool=Held(), size=SIZE)
    return found[0]


def piece_of(task: Task) -> Any:
    return module._Piece(task.partition, task.name, task.refused)


def test_two_workers_that_compute_one_task_leave_one_whole_result(task: Task, client: Any) -> None:
    folder = Path(task.folder)
    task()
    expected = {path.name: path.read_bytes() for path in folder.glob("0*")}
    for name in expected:
        (folder / name).unlink()
    with module._workspace(task) as compute:
        futures = [client.submit(compute, piece_of(task), pure=False, workers=[one]) for one in client.nthreads()] * 2
        rows = {future.result() for future in futures}
        threads = [threading.Thread(target=compute, args=(piece_of(task),)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [path.name for path in Path(compute.workspace).iterdir()] == ["held"]
    assert len(rows) == 1
    assert {path.name: path.read_bytes() for path in folder.glob("0*")} == expected
    assert list(folder.glob(".*")) == []


def test_worker_that_comes_back_after_the_run_leaves_nothing(task: Task) -> None:
    with module._workspace(task) as compute:
        pass
    with pytest.raises(UsageError, match=r"does not see .*workers need the same files"):
        compute(piece_of(task))
    assert list(Path(task.folder).glob("0*")) == []


def test_worker_of_another_version_or_with_other_factors_is_refused(task: Task, monkeypatch: Any) -> None:
    with module._workspace(task) as compute:
        monkeypatch.setattr(module, "_version", lambda: "0.0.9")
        with pytest.raises(UsageError, match=r"has carbon-accounting 0\.0\.9, and .* is asked for"):
            compute(piece_of(task))
        monkeypatch.undo()
        monkeypatch.setattr(accounting.Library, "digest", "0")
        with pytest.raises(UsageError, match="has other factors than this machine"):
            compute(piece_of(task))


def test_what_was_laid_for_workers_is_not_opened_if_another_wrote_it(task: Task) -> None:
    with module._workspace(task) as compute:
        (Path(compute.workspace) / "held").write_bytes(b"cos\nsystem\n(S'true'\ntR.")
        with pytest.raises(UsageError, match="finds another"):
            compute(piece_of(task))


def test_file_that_a_worker_does_not_see_is_named(many: Path, pool: Cluster, tmp_path: Path) -> None:
    class Elsewhere(Cluster):
        def run(self, tasks: Any, done: Any) -> None:
            def moved() -> Iterator[Task]:
                for one in tasks:
                    path.unlink(missing_ok=True)
                    yield one

            super().run(moved(), done)

    path = Path(shutil.copy(many, tmp_path))
    with pytest.raises(UsageError, match=r"worker \d+ on .* does not see .*activities\.csv"):
        run_stream(path, tmp_path / "out", pool=Elsewhere(scheduler=pool.scheduler))
    assert not (tmp_path / "out").exists()


# --- the command --------------------------------------------------------------------------------------------------


def test_command_runs_on_a_cluster(quarterly: Path, pool: Cluster, tmp_path: Path) -> None:
    done = carbon("run", quarterly, "--dask", "--scheduler", pool.scheduler, "-o", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert tables(tmp_path / "out") == tables(quarterly / "memory")
    with (tmp_path / "out" / "totals.csv").open(encoding="utf-8-sig", newline="") as file:
        assert len(list(csv.DictReader(file))) > 10


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--workers", "2"], "--workers and --scheduler go with --dask"),
        (["--dask", "--workers", "2", "--scheduler", "tcp://127.0.0.1:1"], "not both"),
        (["--dask", "--scheduler", "10.0.0.1"], "is no address such as tcp://"),
        (["--dask", "--scheduler", "nonsense://x"], "is no address such as tcp://"),
    ],
)
def test_command_refuses_what_cannot_be_meant(options: list[str], says: str, quarterly: Path, tmp_path: Path) -> None:
    done = carbon("run", quarterly, *options, "-o", tmp_path / "out")
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()


def test_without_dask_it_says_what_to_install(quarterly: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(UsageError, match=r"pip install 'carbon-accounting\[scale\]'"):
        run_stream(quarterly, tmp_path / "out", pool=Cluster(workers=1))
