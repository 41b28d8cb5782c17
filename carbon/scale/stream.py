"""Compute partition after partition in constant memory, keep what is whole, fold the rest into a result folder."""

from __future__ import annotations

import ctypes
import hashlib
import os
import shutil
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from carbon.errors import DataError, Issues
from carbon.inventory import Result
from carbon.inventory.accounting import Ground
from carbon.inventory.provenance import version
from carbon.scale.fold import fold
from carbon.scale.partitions import SIZE, Partition
from carbon.scale.parts import Part, compute_part, digest_of_lines, load, save

_FORMAT = 3  # of parts on disk
_KEPT = ((-3, 32 << 20), (-1, 1 << 30))  # M_MMAP_THRESHOLD, M_TRIM_THRESHOLD of malloc.h [bytes]


@dataclass(frozen=True)
class Task:
    """One partition to be computed.

    Attributes
    ----------
    partition : Partition
        What is read.
    ground : Ground
        What the account stands on.
    folder : str
        Where its part and its lines go.
    name : str
        Of these two files.
    refused : tuple of int
        Combinations that other partitions contradict.
    gwp : mapping of gas to Fraction
        Warming potentials of the lines.
    spread : bool
        Whether uncertainties are summed.
    """

    partition: Partition
    ground: Ground
    folder: str
    name: str
    refused: tuple[int, ...]
    gwp: Mapping[str, Fraction]
    spread: bool

    def __call__(self) -> int:
        """Compute the partition, write lines and then its part, and return how many lines it has.

        Raises
        ------
        DataError
            If it cannot be read, or its columns are wrong.
        """
        folder, issues = Path(self.folder), Issues()
        source = self.partition.read(issues)
        if source is None:
            raise DataError(issues, self.ground.language)
        mine = f"{self.name}.{os.getpid()}"
        lines = folder / f"{mine}.parquet"
        part = compute_part(source, self.ground, issues, self.refused, lines, self.gwp, self.spread)
        if part is None:
            raise DataError(issues, self.ground.language)
        digest = _sha256(lines)
        lines.replace(folder / f"{self.name}.parquet")
        save(part, folder / f"{mine}.npz", digest)
        (folder / f"{mine}.npz").replace(folder / f"{self.name}.npz")  # last: what has a part is whole
        return int(part.lines.sum())


class Pool(Protocol):
    """What computes tasks: threads here, or the workers of a cluster."""

    def run(self, tasks: Iterable[Task], done: Callable[[Task, int], None]) -> None:
        """Compute tasks in any order, and tell of each that is whole."""


@cache
def _keep_blocks() -> None:
    """Have the C library of GNU keep freed memory for the next partition, for the rest of the process.

    By default every array of some megabytes is given back when it is freed, and comes again as pages that the system
    fills with zeros: a seventh of the processor time of a partition. Elsewhere nothing is done.
    """
    with suppress(OSError, AttributeError):
        set_option = ctypes.CDLL("libc.so.6").mallopt
        for option, size in _KEPT:
            set_option(option, size)


@dataclass(frozen=True)
class Threads:
    """Tasks on the processors of this machine, a few at a time."""

    count: int = 0

    def run(self, tasks: Iterable[Task], done: Callable[[Task, int], None]) -> None:
        """Compute tasks; the first that fails stops the others, and what is whole stays."""
        count = self.count or os.cpu_count() or 1
        _keep_blocks()
        with ThreadPoolExecutor(count) as pool:
            waiting: dict[Future[int], Task] = {}
            left = iter(tasks)
            try:
                while True:
                    for task in _first(left, count + 1 - len(waiting)):
                        waiting[pool.submit(task)] = task
                    if not waiting:
                        return
                    ready, _ = wait(waiting, return_when=FIRST_COMPLETED)
                    for future in ready:
                        task = waiting.pop(future)
                        done(task, future.result())
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise


def _first(tasks: Iterator[Task], count: int) -> Iterator[Task]:
    for _ in range(count):
        try:
            yield next(tasks)
        except StopIteration:
            return


@dataclass
class Progress:
    """How far a streamed run is; `told` is called after every partition."""

    total: int = 0
    told: Callable[[Progress], None] | None = None
    read: int = 0
    rows: int = 0
    kept: int = 0
    began: float = field(default_factory=time.monotonic)

    @property
    def rows_per_second(self) -> float:
        """Rows computed per second."""
        return self.rows / max(time.monotonic() - self.began, 1e-9)


@dataclass(frozen=True)
class Streamed:
    """A streamed run.

    Attributes
    ----------
    result : Result
        Totals, energy, intensity, issues.
    keys : dict of str to dict of int to int
        Names of the parts in their order, each with which key of the result a key of its lines is.
    inputs : dict of str to str
        SHA-256 over the partitions of each file.
    """

    result: Result
    keys: dict[str, dict[int, int]]
    inputs: dict[str, str]


def stream(
    pieces: Iterable[Partition],
    ground: Ground,
    folder: Path,
    issues: Issues,
    name: str,
    *,
    gwp: Mapping[str, Fraction],
    spread: bool = False,
    earlier: Collection[Path] = (),
    pool: Pool | None = None,
    progress: Progress | None = None,
) -> Streamed:
    """Compute partitions and fold them.

    Parameters
    ----------
    pieces : iterable of Partition
        The input.
    ground : Ground
        What the account stands on.
    folder : pathlib.Path
        Where parts and lines are kept; what is there and whole is not computed again.
    issues : Issues
        What was found before.
    name : str
        The input, for messages.
    gwp : mapping of gas to Fraction
        Warming potentials of the lines.
    spread : bool
        Whether the files have a column of uncertainties.
    earlier : collection of pathlib.Path
        Parts of an earlier result, beside the folder of its lines; those that would come out the same are taken.
    pool : Pool, optional
        Threads of this machine if left out.
    progress : Progress, optional
        Is told of every partition.

    Returns
    -------
    Streamed

    Raises
    ------
    DataError
        If a partition cannot be computed.
    """
    pool, progress = pool or Threads(), progress or Progress()
    context, known = _context(ground, gwp, spread), {path.stem.partition("-")[2]: path for path in earlier}
    names: list[str] = []
    tasks: list[Task] = []
    digests: dict[str, Any] = {}

    def wanted() -> Iterator[Task]:
        for piece in pieces:
            digests.setdefault(piece.name, hashlib.sha256()).update(piece.digest.encode())
            mark = repr((context, piece.digest, piece.encoding, piece.name, piece.first)).encode()
            name = f"{piece.number:06d}-{hashlib.sha256(mark).hexdigest()[:24]}"
            task = Task(piece, ground, str(folder), name, (), gwp, spread)
            names.append(task.name)
            tasks.append(task)
            if _is_whole(folder, task.name) or _taken(known, task, folder):
                progress.kept += 1
                _tell(progress, task, 0)
            else:
                yield task

    pool.run(wanted(), lambda task, rows: _tell(progress, task, rows))
    if not tasks:
        issues.add("T102", file=name)
        raise DataError(issues, ground.language)
    _say_twice(tasks, issues)
    while True:
        found = fold(len(names), lambda n: _part(tasks[n]), ground, Issues(issues), name)
        if not found.refused:
            inputs = {file: digest.hexdigest() for file, digest in digests.items()}
            return Streamed(found.result, dict(zip(names, found.keys, strict=True)), inputs)
        again = []
        for number, more in found.refused.items():
            rows = sorted({*tasks[number].refused, *more})
            mark, (place, first) = hashlib.sha256(repr(rows).encode()).hexdigest()[:8], names[number].split("-")[:2]
            tasks[number] = replace(tasks[number], refused=tuple(rows), name=f"{place}-{first}-{mark}")
            names[number] = tasks[number].name
            if not (_is_whole(folder, names[number]) or _taken(known, tasks[number], folder)):
                again.append(tasks[number])
        pool.run(iter(again), _silent)


def _say_twice(tasks: Sequence[Task], issues: Issues) -> None:
    """Warn of partitions of the same bytes (T146): a file that lies there twice, or rows that were pasted twice."""
    seen: dict[str, Partition] = {}
    again: dict[tuple[str, str], list[int]] = {}
    for task in tasks:
        piece = task.partition
        first = seen.setdefault(piece.digest, piece)
        if first is not piece:
            again.setdefault((piece.name, first.name), []).append(piece.first)
    for (file, other), lines in again.items():
        issues.add("T146", file=file, lines=lines, value=other)


def _part(task: Task) -> Part:
    """Return a part from the disk; one that was damaged there is computed again."""
    path = Path(task.folder) / f"{task.name}.npz"
    try:
        return load(path)
    except ValueError:
        task()
        return load(path)


def _tell(progress: Progress, task: Task, rows: int) -> None:
    piece = task.partition
    progress.read += piece.stop - piece.start
    progress.rows += rows
    if progress.told is not None:
        progress.told(progress)


def _silent(task: Task, rows: int) -> None:
    """Tell nobody."""


def _is_whole(folder: Path, name: str) -> bool:
    """Return whether part and lines of a partition are there, the lines as they were written."""
    part, lines = folder / f"{name}.npz", folder / f"{name}.parquet"
    try:
        return part.is_file() and lines.is_file() and digest_of_lines(part) == _sha256(lines)
    except ValueError:
        return False


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _context(ground: Ground, gwp: Mapping[str, Fraction], spread: bool) -> str:
    """Return the SHA-256 of what has to be the same for a part to be used again."""
    places = sorted((name, repr(place)) for name, place in (ground.places or {}).items())
    marked = (_FORMAT, version("carbon-accounting"), ground.library.digest, ground.method, ground.gwp, ground.home,
              ground.said_home, places, sorted(ground.broken), spread, sorted(gwp.items()),
              ground.electricity.model_dump_json(), ground.language, str(ground.as_of))  # fmt: skip
    return hashlib.sha256(repr(marked).encode()).hexdigest()


def _taken(known: Mapping[str, Path], task: Task, folder: Path) -> bool:
    """Take part and lines of an earlier result; False if it has none of that content."""
    part = known.get(task.name.partition("-")[2])
    if part is None:
        return False
    try:
        shutil.copyfile(part.parent.parent / "lines" / f"{part.stem}.parquet", folder / f"{task.name}.parquet")
        shutil.copyfile(part, folder / f"{task.name}.npz")
    except OSError:
        return False
    return _is_whole(folder, task.name)


__all__ = ["SIZE", "Part", "Progress", "Task", "Threads", "stream"]
