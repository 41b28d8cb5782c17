"""Tasks on the processes of a Dask cluster: of this machine, or of many that see the same folders.

Workers and scheduler need the same carbon-accounting, and every worker the same paths as the machine that asks. What
travels is small: a partition by its place, and back how many lines it has. What all tasks share is laid once into the
folder of the run and opened once by each worker.
"""

from __future__ import annotations

import hashlib
import logging
import math
import os
import pickle
import queue
import shutil
import socket
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain, islice
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

from carbon import shipped
from carbon.errors import DataError, UsageError
from carbon.inventory.provenance import version
from carbon.library import Library
from carbon.scale.partitions import Partition
from carbon.scale.stream import Task

Item = TypeVar("Item")
Answers = Generator[tuple[Item, Any], None, None]

ANSWERS = 15  # seconds in which a scheduler answers, if there is one
LOOK = 5  # seconds after which workers are counted anew

_WORKSPACE = ".workers-"  # folders in which workers write aside; one for each time that tasks are given out
_HELD = "held"
_AGAIN = "what is whole is kept, and the same command goes on from there"


@dataclass(frozen=True)
class Cluster:
    """Tasks on a Dask cluster, a few at a time.

    Attributes
    ----------
    workers : int
        Processes of a local cluster, one thread each; 0 = one per processor.
    scheduler : str
        Address such as ``tcp://10.0.0.1:8786`` of a running scheduler, whose workers are used instead.
    memory : int
        Of each local worker [bytes]; one that needs more is ended and replaced. 0 = its share of this machine.
    retries : int
        How often a task is tried again that the system failed (a full disk, a lost file), not one whose data is wrong.
    patience : float
        How long to wait for a first or another worker. [s]

    Notes
    -----
    A worker that dies is replaced, and its tasks are given to others. Each writes into a folder of its own and moves
    whole files, lines before the part that says they are whole: two workers that compute one task leave one result. A
    worker that is thought dead and comes back after the run is over finds its folder gone and leaves nothing.

    Local workers import the main module anew: a script that uses this needs ``if __name__ == "__main__":``.

    Examples
    --------
    >>> Cluster(workers=2, scheduler="tcp://10.0.0.1:8786")
    Traceback (most recent call last):
    carbon.errors.UsageError: a running scheduler has its own workers: give their number or its address, not both
    """

    workers: int = 0
    scheduler: str = ""
    memory: int = 0
    retries: int = 2
    patience: float = 60

    def __post_init__(self) -> None:
        if self.workers and self.scheduler:
            message = "a running scheduler has its own workers: give their number or its address, not both"
            raise UsageError(message)
        if self.workers < 0:
            message = f"{self.workers} workers cannot work; 0 stands for one per processor"
            raise UsageError(message)

    def run(self, tasks: Iterable[Task], done: Callable[[Task, int], None]) -> None:
        """Compute tasks, which differ in partition, name and refused rows alone, and tell of each that is whole.

        Raises
        ------
        UsageError
            If Dask is not installed, or a worker has another version, other factors, or does not see the files.
        DataError
            If a partition cannot be computed.
        ConnectionError
            If there is no scheduler or no worker, or they went away.
        ChildProcessError
            If a task ended worker after worker.
        """
        left = iter(tasks)
        first = next(left, None)
        if first is None:
            return
        given: dict[str, Task] = {}

        def pieces() -> Iterator[_Piece]:
            for task in chain([first], left):
                given[task.name] = task
                where = replace(task.partition, path=str(Path(task.partition.path).absolute()))
                yield _Piece(where, task.name, task.refused)

        with _workspace(first) as compute, closing(self.each(compute, pieces())) as answers:
            for piece, answer in answers:
                if isinstance(answer, (DataError, UsageError)):
                    raise answer
                done(given.pop(piece.name), answer)

    def each(self, function: Callable[[Item], Any], items: Iterable[Item]) -> Answers[Item]:
        """Yield items with what a function makes of them on the workers, as they become ready.

        Parameters
        ----------
        function : callable
            Takes an item; it travels with every one. A `DataError` or `UsageError` that it raises is its answer.
        items : iterable
            Picklable; taken as there is room for them.

        Raises
        ------
        UsageError
            If Dask is not installed, or a worker cannot import this package.
        ConnectionError
            As `run`.
        ChildProcessError
            As `run`.
        """
        with self._client() as client:
            call, run, left = _Answer(function), uuid4().hex[:12], iter(items)
            ready: queue.SimpleQueue[Any] = queue.SimpleQueue()
            waiting: dict[str, tuple[Any, Item]] = {}
            numbers, count, looked = iter(range(2**62)), 0, -math.inf
            while True:
                if time.monotonic() - looked > LOOK:  # workers come and go
                    count, looked = self._room(client), time.monotonic()
                for item in islice(left, max(0, count - len(waiting))):
                    key = f"carbon-{run}-{next(numbers)}"
                    future = client.submit(call, item, key=key, retries=self.retries, pure=False)
                    waiting[key] = (future, item)
                    future.add_done_callback(ready.put)
                if not waiting:
                    return
                with suppress(queue.Empty):
                    future = ready.get(timeout=LOOK)
                    answer = _answer(future)
                    yield waiting.pop(future.key)[1], answer

    @contextmanager
    def _client(self) -> Iterator[Any]:
        """Open a connection, and a local cluster if no other is named."""
        try:
            import dask
            from distributed import Client, LocalCluster
            from distributed.comm import get_address_host_port
            from distributed.system import MEMORY_LIMIT
            from distributed.utils import silence_logging_cmgr
        except ImportError as error:
            message = "more than one machine needs Dask: pip install 'carbon-accounting[scale]'"
            raise UsageError(message) from error
        if self.scheduler:
            try:
                get_address_host_port(self.scheduler)
            except ValueError as error:
                message = f"{self.scheduler!r} is no address such as tcp://10.0.0.1:8786: {error}"
                raise UsageError(message) from error
        count = self.workers or os.cpu_count() or 1
        local, client, whole = None, None, False
        answers = min(self.patience, ANSWERS)
        wait = dask.config.set({"distributed.comm.timeouts.connect": f"{answers}s"})
        with wait, silence_logging_cmgr(logging.CRITICAL):  # what goes wrong is said once, and in words
            try:
                if not self.scheduler:
                    local = LocalCluster(
                        n_workers=count, threads_per_worker=1, processes=True, dashboard_address="127.0.0.1:0",
                        memory_limit=self.memory or MEMORY_LIMIT // count, silence_logs="CRITICAL",
                    )  # fmt: skip
                client = Client(local or self.scheduler, timeout=answers, set_as_default=False)
                whole = True
            except (OSError, ValueError, TypeError, RuntimeError) as error:
                what = f"no scheduler answers at {self.scheduler}" if self.scheduler else "no local cluster starts"
                message = f"{what}: {error}"
                raise ConnectionError(message) from error
            finally:
                if not whole and local is not None:
                    local.close()
            try:
                yield client
            finally:
                for one in filter(None, (client, local)):
                    with suppress(Exception):  # what ends the work is said, and not what ends the cluster
                        one.close(timeout=10)

    def _room(self, client: Any) -> int:
        """Return how many tasks to have under way; wait for a first or another worker."""
        until = time.monotonic() + self.patience
        while True:
            try:
                threads: int = sum(client.nthreads(callback_timeout=self.patience).values())
            except (OSError, TimeoutError, RuntimeError, ValueError, AttributeError) as error:
                message = f"the scheduler went away; {_AGAIN}"
                raise ConnectionError(message) from error
            if threads:
                return 2 * threads
            if time.monotonic() > until:
                message = f"no worker came within {self.patience:.0f} s; {_AGAIN}"
                raise ConnectionError(message)
            time.sleep(0.2)


def _answer(future: Any) -> Any:
    """Return what a task answers; what keeps it from answering becomes one clear error."""
    from distributed import KilledWorker

    if future.cancelled():
        message = f"the scheduler went away; {_AGAIN}"
        raise ConnectionError(message)
    try:
        return future.result()
    except KilledWorker as error:
        message = (
            f"{error.allowed_failures + 1} workers ended while they computed one task; perhaps it needs more memory "
            f"than they have: take fewer workers or smaller partitions; {_AGAIN}"
        )
        raise ChildProcessError(message) from error
    except MemoryError as error:
        message = f"a worker has too little memory for one task: take fewer workers or smaller partitions; {_AGAIN}"
        raise ChildProcessError(message) from error
    except ImportError as error:
        message = f"a worker cannot import what it needs; install the same carbon-accounting on all: {error}"
        raise UsageError(message) from error


@dataclass(frozen=True)
class _Answer:
    """A call whose errors of data and usage are answers: they are not tried again."""

    function: Callable[[Any], Any]

    def __call__(self, item: Any) -> Any:
        try:
            return self.function(item)
        except (DataError, UsageError) as error:
            return error


# --- partitions ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Piece:
    """What tells a task from others."""

    partition: Partition
    name: str
    refused: tuple[int, ...]


@dataclass(frozen=True)
class _Compute:
    """Computes pieces on a worker, aside, and moves what is whole into the folder of the run."""

    workspace: str
    digest: str
    version: str

    def __call__(self, piece: _Piece) -> int:
        if self.version != _version():
            message = f"{_here()} has carbon-accounting {_version()}, and {self.version} is asked for; install the same"
            raise UsageError(message)
        workspace = Path(self.workspace)
        for path in (workspace, Path(piece.partition.path)):
            if not path.exists():
                message = f"{_here()} does not see {path}; workers need the same files under the same paths"
                raise UsageError(message)
        own = workspace / uuid4().hex
        own.mkdir()
        try:
            task = replace(
                _opened(self.workspace, self.digest),
                partition=piece.partition, name=piece.name, refused=piece.refused, folder=str(own),
            )  # fmt: skip
            rows = task()
            for suffix in (".parquet", ".npz"):  # what has a part is whole
                (own / f"{piece.name}{suffix}").replace(workspace.parent / f"{piece.name}{suffix}")
        finally:
            shutil.rmtree(own, ignore_errors=True)
        return rows


@contextmanager
def _workspace(task: Task) -> Iterator[_Compute]:
    """Make a folder in which workers write aside, with what all tasks share; what others left is removed."""
    folder = Path(task.folder).absolute()
    for old in folder.glob(f"{_WORKSPACE}*"):
        shutil.rmtree(old, ignore_errors=True)
    workspace = folder / f"{_WORKSPACE}{uuid4().hex[:12]}"
    workspace.mkdir()
    held = pickle.dumps(_packed(task))
    (workspace / _HELD).write_bytes(held)
    try:
        yield _Compute(str(workspace), hashlib.sha256(held).hexdigest(), _version())
    finally:
        gone = folder / f"{_WORKSPACE}{uuid4().hex[:12]}"
        with suppress(OSError):  # at once, so that a worker that still writes in it can move nothing out of it
            workspace.replace(gone)
        shutil.rmtree(gone, ignore_errors=True)


def _packed(task: Task) -> tuple[Any, ...]:
    """Return what tasks share, with the name of the library instead of its content: workers have the shipped one."""
    library = task.ground.library
    own = [str(folder.absolute()) for folder in library.folders if folder != shipped.folder("factors")]
    bare = replace(task.ground, library=None)  # type: ignore[arg-type]
    return replace(task, ground=bare, partition=None, refused=()), own, library.as_of, library.digest  # type: ignore[arg-type]


@lru_cache(maxsize=2)
def _opened(workspace: str, digest: str) -> Task:
    """Return what tasks share, opened once by each process."""
    held = (Path(workspace) / _HELD).read_bytes()
    if hashlib.sha256(held).hexdigest() != digest:  # before it is opened: a pickle can do anything
        message = f"{_here()} finds another {workspace}/{_HELD} than was written"
        raise UsageError(message)
    task, own, as_of, expected = pickle.loads(held)  # noqa: S301
    missing = [folder for folder in own if not Path(folder).is_dir()]
    if missing:
        message = f"{_here()} does not see {missing[0]}; workers need the same files under the same paths"
        raise UsageError(message)
    library = Library([shipped.folder("factors"), *map(Path, own)], as_of)
    if library.digest != expected:
        message = f"{_here()} has other factors than this machine; install the same carbon-accounting on all"
        raise UsageError(message)
    found: Task = replace(task, ground=replace(task.ground, library=library))
    return found


def _version() -> str:
    return version("carbon-accounting")


def _here() -> str:
    return f"worker {os.getpid()} on {socket.gethostname()}"


__all__ = ["Answers", "Cluster"]
