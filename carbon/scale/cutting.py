"""Cut CSV files at the ends of rows, rows being what the reader of whole files takes for one.

Where every quote is around a whole cell and lines end in LF or CR LF, a line end outside quotes is the end of a row.
From the first place that is otherwise, rows are read one by one with the csv module: slower, in no more memory.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from carbon.reading import BINARY, any_length, delimiter_of, is_binary

_CHUNK = 1 << 20
_BLANK = re.compile(rb'(?:[\s,;"]|\xc2\xa0|\xe3\x80\x80)*')
_MARKS = ("\ufeff".encode(), "\ufeff".encode("gb18030"))
_LINE_END = re.compile(rb"\r\n|\r|\n")


class NotUtf8Error(Exception):
    """A file that was taken for UTF-8 is none."""

    def __init__(self, path: Path) -> None:
        super().__init__(str(path))
        self.path = path


class Piece(NamedTuple):
    """Some rows of a CSV file.

    Attributes
    ----------
    start, stop : int
        Their bytes.
    first : int
        Line of the first, as an editor shows it.
    digest : str
        SHA-256 of header and rows.
    header : bytes
        Everything up to the end of the header.
    """

    start: int
    stop: int
    first: int
    digest: str
    header: bytes


def cut(path: Path, size: int, encoding: str) -> Iterator[Piece]:
    """Yield the pieces of a CSV file, in order; at least one, whatever it holds.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    size : int
        Bytes of a piece, about.
    encoding : {"utf-8", "gb18030"}
        Of its text.

    Raises
    ------
    NotUtf8Error
        If it should be UTF-8 and is not.
    """
    with path.open("rb", buffering=0) as file:
        begin = bytearray(min(path.stat().st_size, _CHUNK))
        del begin[fill(file, memoryview(begin)) :]
        if is_binary(begin):  # which reading the first bytes says
            yield Piece(0, min(len(begin), BINARY), 1, hashlib.sha256(begin).hexdigest(), b"")
            return
        delimiter = delimiter_of(begin.decode(encoding, "replace"))
        header = _header(file, delimiter, encoding) if delimiter else b""
        _checked(header, path, encoding)
        one = False
        for piece, blank in _pieces(file, path, size, encoding, delimiter or ",", header):
            if not blank:
                one = True
                yield piece
        if not one:  # a header alone, or nothing
            yield Piece(len(header), len(header), lines_in(header) + 1, hashlib.sha256(header).hexdigest(), header)


def header_cells(path: Path, encoding: str = "utf-8") -> list[str]:
    """Return the cells of the header of a CSV file; none where there is no header."""
    with path.open("rb", buffering=0) as file:
        begin = bytearray(min(path.stat().st_size, _CHUNK))
        del begin[fill(file, memoryview(begin)) :]
        delimiter = None if is_binary(begin) else delimiter_of(begin.decode(encoding, "replace"))
        if delimiter is None:
            return []
        text = _header(file, delimiter, encoding).decode(encoding, "replace").removeprefix("\ufeff")
    *_, last = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) or [[]]
    return last


def fill(file: io.RawIOBase, room: memoryview) -> int:
    """Read until there is no room or no more to read, and return how many bytes came."""
    count = 0
    while count < len(room) and (more := file.readinto(room[count:])):
        count += more
    return count


def _pieces(
    file: io.FileIO, path: Path, size: int, encoding: str, delimiter: str, header: bytes
) -> Iterator[tuple[Piece, bool]]:
    """Yield pieces and whether they are blank, fast as long as the file is plain."""
    start, line = len(header), lines_in(header) + 1
    file.seek(start)
    held, data = 0, bytearray(size)  # the first bytes of `data` are held from the block before
    while True:
        if held + size > len(data):
            data.extend(bytes(held + size - len(data)))
        count = fill(file, memoryview(data)[held : held + size])
        held += count
        if not held:
            return
        end = held if count < size else _line_end(data, held)
        if end <= 0 or not _is_plain(data, end, ord(delimiter)):
            del data
            yield from _carefully(file, path, size, encoding, delimiter, header, start, line)
            return
        yield _piece(data, end, path, encoding, header, start, line)
        start += end
        line += data.count(b"\n", 0, end)
        data[: held - end] = data[end:held]
        held -= end
        if count < size:
            return


def _carefully(
    file: io.FileIO, path: Path, size: int, encoding: str, delimiter: str, header: bytes, start: int, line: int
) -> Iterator[tuple[Piece, bool]]:
    """Yield pieces of the rest of a file, read row by row."""

    def taken(stop: int) -> tuple[Piece, bool]:
        data = bytearray(stop - start)
        with path.open("rb", buffering=0) as again:
            again.seek(start)
            del data[fill(again, memoryview(data)) :]
        return _piece(data, len(data), path, encoding, header, start, line)

    file.seek(start)
    lines = _Lines(file, start)
    rows = csv.reader(lines, delimiter=delimiter, strict=True)
    first = line
    with any_length():
        while True:
            try:
                row = next(rows, None)
            except csv.Error:  # whoever reads the last piece says what is wrong with it
                row = None
            if row is None:
                break
            if lines.offset - start >= size:
                yield taken(lines.offset)
                start, line = lines.offset, first + rows.line_num
    stop = path.stat().st_size
    if stop > start:
        yield taken(stop)


def _piece(
    data: bytearray, stop: int, path: Path, encoding: str, header: bytes, start: int, line: int
) -> tuple[Piece, bool]:
    view = memoryview(data)[:stop]
    try:
        if not data.isascii():
            _checked(view, path, encoding)
        digest = hashlib.sha256(header)
        digest.update(view)
    finally:
        view.release()
    return Piece(start, start + stop, line, digest.hexdigest(), header), bool(_BLANK.fullmatch(data, 0, stop))


def _checked(data: bytes | memoryview, path: Path, encoding: str) -> None:
    if encoding == "utf-8":
        try:
            str(data, "utf-8")
        except UnicodeDecodeError as error:
            raise NotUtf8Error(path) from error


class _Lines:
    """Lines of a file from some place on, ended by LF, CR LF or CR, as text of a letter a byte.

    Attributes
    ----------
    offset : int
        Where the line after the last one begins.
    """

    def __init__(self, file: io.FileIO, offset: int) -> None:
        self.offset = offset
        self._lines = self._read(file)

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self.offset += len(line)
        return line.decode("latin-1")

    @staticmethod
    def _read(file: io.FileIO) -> Iterator[bytes]:
        parts: list[bytes] = []
        while chunk := file.read(_CHUNK):
            if chunk.endswith(b"\r"):
                chunk += file.read(1) or b""
            lines = chunk.splitlines(keepends=True)
            lines[0] = b"".join([*parts, lines[0]])
            whole = lines[-1].endswith((b"\n", b"\r"))
            yield from lines if whole else lines[:-1]
            parts = [] if whole else [lines[-1]] if len(lines) > 1 else [lines[0]]
        if any(parts):
            yield b"".join(parts)


def _header(file: io.FileIO, delimiter: str, encoding: str) -> bytes:
    """Return everything up to the end of the first row that is not blank."""
    file.seek(0)
    start = file.read(max(map(len, _MARKS))) or b""
    begin = next((len(mark) for mark in _MARKS if start.startswith(mark)), 0)
    file.seek(begin)
    lines = _Lines(file, begin)
    with any_length():
        rows = csv.reader(lines, delimiter=delimiter, strict=True)
        blank = True
        while blank:
            try:
                row = next(rows, None)
            except csv.Error:  # whoever reads it says what is wrong
                break
            cells = [cell.encode("latin-1").decode(encoding, "replace") for cell in row or ()]
            blank = row is not None and not any(map(str.strip, cells))
    file.seek(0)
    return file.read(lines.offset) or b""


def lines_in(header: bytes) -> int:
    """Return how many lines some text has, as an editor counts them."""
    return len(_LINE_END.findall(header)) + (bool(header) and not header.endswith((b"\n", b"\r")))


def _line_end(data: bytearray, stop: int) -> int:
    """Return the place after the last line end before `stop` that lies outside quotes; 0 if there is none."""
    quotes, end = data.count(b'"', 0, stop), data.rfind(b"\n", 0, stop) + 1
    inside = quotes - data.count(b'"', end, stop)
    while end > 0 and inside % 2:
        before = data.rfind(b"\n", 0, end - 1) + 1
        inside -= data.count(b'"', before, end)
        end = before
    return end


def _is_plain(data: bytearray, stop: int, delimiter: int) -> bool:
    """Return whether each CR is before an LF, and quotes are around whole cells or doubled within them."""
    if data.find(b"\r", 0, stop) >= 0 and data.count(b"\r", 0, stop) != data.count(b"\r\n", 0, stop):
        return False
    if data.find(b'"', 0, stop) < 0:
        return True
    marks = np.frombuffer(data, np.uint8, stop)
    places = np.flatnonzero(marks == ord('"'))
    if len(places) % 2:
        return False
    opens, closes = places[0::2], places[1::2]
    before, after = marks[np.maximum(opens - 1, 0)], marks[np.minimum(closes + 1, stop - 1)]
    doubled = closes[:-1] + 1 == opens[1:]
    good = (opens == 0) | (before == delimiter) | (before == 10)
    good[1:] |= doubled
    ends = (closes == stop - 1) | (after == delimiter) | (after == 10) | (after == 13)
    ends[:-1] |= doubled
    return bool(good.all() and ends.all())
