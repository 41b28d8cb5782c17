"""Floor 1: numpy arrays to Arrow and back through their buffers, without a copy and without loading pandas."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

_SMALL = 1 << 16
_TYPES = {"int8": pa.int8(), "int32": pa.int32(), "int64": pa.int64(), "float64": pa.float64()}


def to_arrow(values: np.ndarray, missing: np.ndarray | None = None) -> pa.Array:
    """Return an array as an Arrow array.

    Parameters
    ----------
    values : int8, int32, int64 or float64[rows]
        What it holds.
    missing : bool[rows], optional
        Where it is null.

    Examples
    --------
    >>> to_arrow(np.array([1, 2]), np.array([False, True])).to_pylist()
    [1, None]
    """
    values = np.ascontiguousarray(values)
    valid = None
    if missing is not None and missing.any():
        valid = pa.py_buffer(np.packbits(~missing, bitorder="little"))
    return pa.Array.from_buffers(_TYPES[values.dtype.name], len(values), [valid, pa.py_buffer(values)])


def from_arrow(array: pa.Array | pa.ChunkedArray) -> tuple[np.ndarray, np.ndarray]:
    """Return a number array as numpy, and where it is null (there its values mean nothing).

    Returns
    -------
    values : int32, int64 or float64[rows]
        A copy.
    missing : bool[rows]
        Nulls.

    Examples
    --------
    >>> values, missing = from_arrow(pa.array([1.5, None]))
    >>> float(values[0]), missing.tolist()
    (1.5, [False, True])
    """
    values, missing = [], []
    for chunk in array.chunks if isinstance(array, pa.ChunkedArray) else [array]:
        valid, data = chunk.buffers()
        dtype = np.dtype(str(chunk.type).replace("double", "float64"))
        stop = chunk.offset + len(chunk)
        values.append(np.frombuffer(data, dtype=dtype)[chunk.offset : stop] if len(chunk) else np.empty(0, dtype))
        bits = (
            np.ones(stop, bool) if valid is None else np.unpackbits(np.frombuffer(valid, np.uint8), bitorder="little")
        )
        missing.append(bits[chunk.offset : stop] == 0)
    if not values:
        return np.empty(0, np.float64), np.empty(0, bool)
    return np.concatenate(values), np.concatenate(missing)


def to_strings(texts: Sequence[str | None]) -> pa.Array:
    """Return texts as an Arrow string array.

    Examples
    --------
    >>> to_strings(["a", None]).to_pylist()
    ['a', None]
    """
    parts = [(text or "").encode("utf-8", "surrogatepass") for text in texts]
    ends = np.cumsum([0, *map(len, parts)], dtype=np.int64)
    missing = np.array([text is None for text in texts], dtype=bool)
    valid = pa.py_buffer(np.packbits(~missing, bitorder="little")) if missing.any() else None
    buffers = [valid, pa.py_buffer(ends), pa.py_buffer(b"".join(parts))]
    return pa.Array.from_buffers(pa.large_string(), len(parts), buffers).cast(pa.string())


def to_dictionary(codes: np.ndarray, texts: Sequence[str]) -> pa.DictionaryArray:
    """Return codes into texts as an Arrow dictionary array with each text once; a negative code is null.

    Parameters
    ----------
    codes : int[rows]
        Indices into `texts`.
    texts : sequence of str
        What they mean.

    Examples
    --------
    >>> to_dictionary(np.array([0, -1, 1]), ["a", "a"]).to_pylist()
    ['a', None, 'a']
    """
    if not len(texts):
        return pa.DictionaryArray.from_arrays(pa.nulls(len(codes), pa.int32()), to_strings([]))
    place = {text: number for number, text in enumerate(dict.fromkeys(texts))}
    moved = codes
    if len(place) < len(texts) or codes.dtype != np.int32:
        moved = np.array([*(place[text] for text in texts), -1], dtype=np.int32).take(codes, mode="wrap")
    missing = None
    if moved.min(initial=0) < 0:
        moved, missing = np.maximum(moved, 0), moved < 0
    return pa.DictionaryArray.from_arrays(to_arrow(moved, missing), to_strings(list(place)))


def parquet_options(table: pa.Table) -> dict[str, Any]:
    """Return how a table is written fast as Parquet: codes for texts, plain numbers, an index of the column `line`.

    Computed masses and energies hardly ever repeat, so that to compress them takes time and saves nothing.
    """
    texts = [field.name for field in table.schema if pa.types.is_dictionary(field.type)]
    return {
        "use_dictionary": texts,
        "write_statistics": ["line"],
        "compression": {n: "none" if n.endswith(("_kg", "_kgce")) else "snappy" for n in table.column_names},
        "column_encoding": {"line": "DELTA_BINARY_PACKED"} if "line" in table.column_names else None,
    }


def distinct(*codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return numbers for the distinct combinations of several code columns.

    Parameters
    ----------
    *codes : int[rows]
        Codes from -1 up.

    Returns
    -------
    key : int32[rows]
        Number of the combination of each row, in order of appearance.
    sample : int64[keys]
        The first row of each combination.

    Examples
    --------
    >>> key, sample = distinct(np.array([1, 0, 1]), np.array([2, 2, 2]))
    >>> key.tolist(), sample.tolist()
    ([0, 1, 0], [0, 1])
    """
    combined = np.zeros(len(codes[0]), dtype=np.int64)
    size = 1
    for column in codes:
        top = int(column.max(initial=-1)) + 2
        if not len(column) or column.min() == top - 2:  # the same in every row
            continue
        if size * top > 2**62:
            encoded = to_arrow(combined).dictionary_encode()
            combined, size = from_arrow(encoded.indices)[0].astype(np.int64), len(encoded.dictionary)
        combined = combined * top + (column + 1)
        size *= top
    if size <= max(_SMALL, 4 * len(combined)):
        return _numbered(combined, size)
    encoded = to_arrow(combined).dictionary_encode()
    key = from_arrow(encoded.indices)[0]
    sample = np.zeros(len(encoded.dictionary), dtype=np.int64)
    sample[key[::-1]] = np.arange(len(key) - 1, -1, -1)
    return key, sample


def _numbered(codes: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Return `distinct` of codes below a size by a table of that size."""
    first = np.full(size, -1, dtype=np.int64)
    first[codes[::-1]] = np.arange(len(codes) - 1, -1, -1)
    found = np.flatnonzero(first >= 0)
    order = found[np.argsort(first[found], kind="stable")]
    number = np.zeros(size, dtype=np.int32)
    number[order] = np.arange(len(order), dtype=np.int32)
    return number[codes], first[order]


def repeated(*columns: np.ndarray) -> np.ndarray:
    """Return the rows that are equal to another in every column, in order.

    Parameters
    ----------
    *columns : int[rows] or float64[rows]
        What is compared, floats by their bits.

    Examples
    --------
    >>> repeated(np.array([1, 2, 1]), np.array([0.5, 0.5, 0.5])).tolist()
    [0, 2]
    """
    mixed = np.zeros(len(columns[0]), dtype=np.uint64)
    with np.errstate(over="ignore"):
        for column in columns:
            bits = column.view(np.uint64) if column.dtype == np.float64 else column.astype(np.int64).view(np.uint64)
            mixed = (mixed ^ bits) * np.uint64(0x9E3779B97F4A7C15)
            mixed ^= mixed >> np.uint64(29)
    ordered = np.sort(mixed)
    twice = np.unique(ordered[1:][ordered[1:] == ordered[:-1]])
    rows = np.flatnonzero(np.isin(mixed, twice)) if len(twice) else np.empty(0, np.int64)
    if not len(rows):
        return rows
    views = [column[rows].view(np.int64) if column.dtype == np.float64 else column[rows] for column in columns]
    number, sample = distinct(*(np.unique(view, return_inverse=True)[1] for view in views))
    return np.asarray(rows[(np.bincount(number, minlength=len(sample)) > 1)[number]])
