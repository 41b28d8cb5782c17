"""Cut activity files into partitions, each with a digest: bytes of CSV, row groups of Parquet, whole workbooks."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from carbon.errors import Issues, UsageError
from carbon.reading import SUFFIXES, Source, read, read_bytes
from carbon.scale.cutting import cut, fill, header_cells, lines_in

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
        First lines of a CSV file, up to the end of its header.
    encoding : str
        Of a CSV file; empty of one that is no text.
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
    encoding: str = ""

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
            count = fill(file, memoryview(data)[len(self.header) :])
        found = Issues()
        del data[len(self.header) + count :]
        source = read_bytes(data, self.name, ".csv", found, encoding=self.encoding)
        by = self.first - lines_in(self.header) - 1
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
        if not rows.num_rows:
            issues.add("T102", file=self.name)
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
        found = sorted(p for p in given.iterdir() if _is_input(p))
    else:
        fixed = given
        while any(mark in str(fixed) for mark in "*?["):
            fixed = fixed.parent
        pattern = str(given.relative_to(fixed))
        found = sorted(p for p in fixed.glob(pattern) if _is_input(p))
    if not found:
        message = f"no file of activities in {path}; known kinds: {', '.join(SUFFIXES)}"
        raise UsageError(message)
    return found


def header_of(path: Path, encodings: Mapping[Path, str]) -> Sequence[str]:
    """Return the headings of a file; none of what cannot be read, which reading says."""
    import pyarrow as pa
    from pyarrow import parquet

    suffix = path.suffix.lower()
    if suffix == ".csv":
        return header_cells(path, encodings.get(path, "utf-8"))
    if suffix == ".parquet":
        try:
            return list(parquet.read_schema(path).names)
        except (pa.ArrowException, OSError):
            return []
    source = read(path, Issues(), sheet="activities")
    return [] if source is None else source.rows.column_names


def _is_input(path: Path) -> bool:
    """Return whether a file is a table, and not what Office or a system left beside one."""
    return path.suffix.lower() in SUFFIXES and not path.name.startswith((".", "~$")) and path.is_file()


def partitions(
    files: Sequence[Path], size: int = SIZE, encodings: Mapping[Path, str] | None = None
) -> Iterator[Partition]:
    """Yield the partitions of some files, in order; a file is read once for their digests.

    Parameters
    ----------
    files : sequence of pathlib.Path
        CSV, Parquet, Excel.
    size : int
        Bytes of CSV in a partition; other sizes give other partitions and the same results.
    encodings : mapping of path to str
        Encodings of CSV files that are not UTF-8.

    Raises
    ------
    NotUtf8Error
        If a CSV file that `encodings` does not name turns out to be no UTF-8.
    """
    number = 0
    names = _names(files)
    for path, name in zip(files, names, strict=True):
        suffix = path.suffix.lower()
        pieces = _of_csv(path, name, size, (encodings or {}).get(path, "utf-8")) if suffix == ".csv" else \
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


def _of_csv(path: Path, name: str, size: int, encoding: str) -> Iterator[Partition]:
    stamp = _stamp(path)
    for piece in cut(path, size, encoding):
        known = encoding if piece.header or piece.start else ""
        place = piece.start, piece.stop, piece.first
        yield Partition(str(path), name, 0, *place, piece.digest, stamp, piece.header, known)


def _of_parquet(path: Path, name: str) -> Iterator[Partition]:
    """Take as many row groups as make a partition; what cannot be opened is one, of which reading says why."""
    import pyarrow as pa
    from pyarrow import parquet

    stamp = _stamp(path)
    try:
        with parquet.ParquetFile(path) as file:
            meta = file.metadata
    except (pa.ArrowException, OSError):
        yield _whole(path, name)
        return
    first, start, rows = 2, 0, 0
    digest = hashlib.sha256(meta.schema.to_arrow_schema().serialize())
    for group in range(meta.num_row_groups):
        rows += meta.row_group(group).num_rows
        digest.update(_bytes_of(path, meta.row_group(group)))
        if rows >= _ROWS or group == meta.num_row_groups - 1:
            if rows or meta.num_rows == 0:
                yield Partition(str(path), name, 0, start, group + 1, first, digest.hexdigest(), stamp)
            first, start, rows = first + rows, group + 1, 0
            digest = hashlib.sha256(meta.schema.to_arrow_schema().serialize())
    if not meta.num_row_groups:
        yield _whole(path, name)


def _bytes_of(path: Path, group: Any) -> bytes:
    """Return the bytes of a row group."""
    columns = [group.column(n) for n in range(group.num_columns)]
    pages = [(c.dictionary_page_offset or c.data_page_offset, c.total_compressed_size) for c in columns]
    begin = min((start for start, _ in pages), default=0)
    with path.open("rb") as file:
        file.seek(begin)
        return file.read(max((start + size for start, size in pages), default=0) - begin)


def total_bytes(files: Iterable[Path]) -> int:
    """Return the size of some files."""
    return sum(path.stat().st_size for path in files)
