"""Cut activity files into partitions, each with a digest: bytes of CSV, row groups of Parquet, whole workbooks."""

from __future__ import annotations

import hashlib
import io
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from carbon.errors import Issues, UsageError
from carbon.reading import SUFFIXES, Source, read, read_bytes

SIZE = 32 << 20  # bytes of CSV in a partition, unless told otherwise
_ROWS = 500_000  # of Parquet


@dataclass(frozen=True)
class Partition:
    """A piece of one file.

    Attributes
    ----------
    path : str
        The file.
    name : str
        The same for messages.
    number : int
        Place among all partitions.
    start, stop : int
        Bytes of a CSV file; row groups of a Parquet file; 0 of a workbook.
    first : int
        Line of its first row, as an editor shows it.
    digest : str
        SHA-256 of what is read for it.
    stamp : (int, int)
        Size of the file and when it was changed [ns], when it was cut.
    header : bytes
        First line of a CSV file.
    """

    path: str
    name: str
    number: int
    start: int
    stop: int
    first: int
    digest: str
    stamp: tuple[int, int]
    header: bytes = b""

    def read(self, issues: Issues) -> Source | None:
        """Return the rows with the lines that they have in the file; None if they cannot be read (issues say why)."""
        path = Path(self.path)
        if _stamp(path) != self.stamp:
            issues.add("T111", file=self.name)
            return None
        if path.suffix.lower() == ".xlsx":
            return read(path, issues, sheet="activities")
        if path.suffix.lower() == ".parquet":
            return self._read_row_groups(path, issues)
        data = bytearray(len(self.header) + self.stop - self.start)
        data[: len(self.header)] = self.header
        with path.open("rb", buffering=0) as file:
            file.seek(self.start)
            count = _fill(file, memoryview(data)[len(self.header) :])
        found = Issues()
        del data[len(self.header) + count :]
        source = read_bytes(data, self.name, ".csv", found, later=self.start > len(self.header))
        by = self.first - self.header.count(b"\n") - 1
        issues.extend(replace(issue, lines=[int(line) + by for line in issue.lines]) for issue in found)
        return None if source is None else replace(shifted(source, by), digest=self.digest)

    def _read_row_groups(self, path: Path, issues: Issues) -> Source | None:
        import pyarrow as pa
        from pyarrow import parquet

        try:
            with parquet.ParquetFile(path) as file:
                rows = file.read_row_groups(list(range(self.start, self.stop)))
        except (pa.ArrowException, OSError, KeyError) as error:
            issues.add("T110", file=self.name, value=str(error)[:120])
            return None
        return Source(self.name, self.digest, rows, np.arange(self.first, self.first + rows.num_rows))


def _stamp(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_size, found.st_mtime_ns


def shifted(source: Source, by: int) -> Source:
    """Return a source whose rows stand further down in their file."""
    refused = tuple(line + by for line in source.refused)
    return replace(source, line=source.line + by, refused=refused) if by else source


def find_files(path: str | Path) -> list[Path]:
    """Return the files that a path means: itself, those of a folder, or those of a glob such as ``meters/*.csv``.

    Raises
    ------
    UsageError
        If there is none.
    """
    given = Path(path)
    if given.is_file():
        return [given]
    if given.is_dir():
        found = sorted(p for p in given.iterdir() if p.suffix.lower() in SUFFIXES and p.is_file())
    else:
        fixed = given
        while any(mark in str(fixed) for mark in "*?["):
            fixed = fixed.parent
        pattern = str(given.relative_to(fixed))
        found = sorted(p for p in fixed.glob(pattern) if p.suffix.lower() in SUFFIXES and p.is_file())
    if not found:
        message = f"no file of activities in {path}; known kinds: {', '.join(SUFFIXES)}"
        raise UsageError(message)
    return found


def partitions(files: Sequence[Path], size: int = SIZE) -> Iterator[Partition]:
    """Yield the partitions of some files, in order; a file is read once for their digests.

    Parameters
    ----------
    files : sequence of pathlib.Path
        CSV, Parquet, Excel.
    size : int
        Bytes of CSV in a partition; other sizes give other partitions and the same results.
    """
    number = 0
    names = _names(files)
    for path, name in zip(files, names, strict=True):
        suffix = path.suffix.lower()
        pieces = _of_csv(path, name, size) if suffix == ".csv" else \
            _of_parquet(path, name) if suffix == ".parquet" else [_whole(path, name)]  # fmt: skip
        for piece in pieces:
            yield replace(piece, number=number)
            number += 1


def _names(files: Sequence[Path]) -> list[str]:
    """Return short names by which the files are told apart."""
    if len({path.name for path in files}) == len(files):
        return [path.name for path in files]
    common = Path(os.path.commonpath([path.parent for path in files]))
    return [path.relative_to(common).as_posix() for path in files]


def _whole(path: Path, name: str) -> Partition:
    return Partition(str(path), name, 0, 0, 0, 2, hashlib.sha256(path.read_bytes()).hexdigest(), _stamp(path))


def _of_csv(path: Path, name: str, size: int) -> Iterator[Partition]:
    """Cut at line ends that lie outside quotes."""
    stamp = _stamp(path)
    with path.open("rb") as file:
        header = _header(file)
    start, line = len(header), header.count(b"\n") + 1
    with path.open("rb", buffering=0) as file:
        file.seek(start)
        held, data = 0, bytearray(size)  # the first bytes of `data` are held from the block before
        while True:
            if held + size > len(data):
                data.extend(bytes(held + size - len(data)))
            count = _fill(file, memoryview(data)[held : held + size])
            held += count
            if not held:
                if line == header.count(b"\n") + 1:  # a header alone
                    yield Partition(
                        str(path), name, 0, start, start, line, hashlib.sha256(header).hexdigest(), stamp, header
                    )
                return
            end = held if count < size else _line_end(data, held)
            if end <= 0:  # one row longer than a partition
                continue
            if _FILLED.search(data, 0, end):
                digest = hashlib.sha256(header)
                digest.update(memoryview(data)[:end])
                yield Partition(str(path), name, 0, start, start + end, line, digest.hexdigest(), stamp, header)
            start += end
            line += data.count(b"\n", 0, end)
            data[: held - end] = data[end:held]
            held -= end
            if count < size:
                return


_FILLED = re.compile(rb"[^\r\n]")


def _fill(file: io.RawIOBase, room: memoryview) -> int:
    """Read until there is no room or no more to read, and return how many bytes came."""
    count = 0
    while count < len(room) and (more := file.readinto(room[count:])):
        count += more
    return count


def _header(file: io.BufferedReader) -> bytes:
    """Return the first lines up to the one that holds something."""
    lines = []
    while line := file.readline(1 << 20):
        lines.append(line)
        if line.strip(b"\xef\xbb\xbf\r\n\t ,;"):
            break
    return b"".join(lines)


def _line_end(data: bytearray, stop: int) -> int:
    """Return the place after the last line end before `stop` that lies outside quotes; 0 if there is none."""
    quotes, end = data.count(b'"', 0, stop), data.rfind(b"\n", 0, stop) + 1
    inside = quotes - data.count(b'"', end, stop)
    while end > 0 and inside % 2:
        before = data.rfind(b"\n", 0, end - 1) + 1
        inside -= data.count(b'"', before, end)
        end = before
    return end


def _of_parquet(path: Path, name: str) -> Iterator[Partition]:
    """Take as many row groups as make a partition."""
    from pyarrow import parquet

    stat = path.stat()
    mark = hashlib.sha256(f"{stat.st_size} {stat.st_mtime_ns}".encode())
    with parquet.ParquetFile(path) as file:
        meta = file.metadata
        mark.update(repr(meta.to_dict()).encode())
        first, start, rows = 2, 0, 0
        for group in range(meta.num_row_groups):
            rows += meta.row_group(group).num_rows
            if rows >= _ROWS or group == meta.num_row_groups - 1:
                digest = mark.copy()
                digest.update(f" {start} {group}".encode())
                yield Partition(str(path), name, 0, start, group + 1, first, digest.hexdigest(), _stamp(path))
                first, start, rows = first + rows, group + 1, 0


def total_bytes(files: Iterable[Path]) -> int:
    """Return the size of some files."""
    return sum(path.stat().st_size for path in files)
