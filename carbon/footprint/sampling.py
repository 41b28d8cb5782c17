"""Draws of uncertain numbers: each depends on the seed, its own key and its own number, and on nothing else.

So any rows, in any order, in any blocks, on any number of threads, give the same bits; rows with the same key (a shared
factor) draw the same; and two studies with the same keys and seed can be compared draw by draw.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from carbon.errors import Said
from carbon.footprint.declarations import DistributionError
from carbon.footprint.distributions import Distributions
from carbon.kernels import run
from carbon.kernels.draws import SIGNATURE as UNIFORMS
from carbon.kernels.draws import uniforms
from carbon.kernels.quantiles import SIGNATURE as QUANTILES
from carbon.kernels.quantiles import quantiles

METHODS = ("random", "latin-hypercube", "sobol")
_BLOCK = 1 << 15  # numbers at a time: they stay in the cache between the two kernels


def streams(keys: Sequence[str], seed: int) -> np.ndarray:
    """Return the stream of random numbers of each key.

    Parameters
    ----------
    keys : sequence of str
        What names each random variable; equal keys are one and the same variable.
    seed : int
        Another seed, other streams.

    Returns
    -------
    uint64[rows]
        BLAKE2b of seed and key: the same on every machine.

    Examples
    --------
    >>> one, other, again = streams(["steel/CO2", "grid", "steel/CO2"], seed=7).tolist()
    >>> one == again, one == other
    (True, False)
    """
    texts = (f"{seed} {key}".encode("utf-8", "surrogatepass") for key in keys)
    hashed = [hashlib.blake2b(text, digest_size=8).digest() for text in texts]
    return np.frombuffer(b"".join(hashed), dtype="<u8").astype(np.uint64)


def draw(
    table: Distributions, stream: np.ndarray, count: int, *, first: int = 0, threads: int = 0,
    out: np.ndarray | None = None,
) -> np.ndarray:  # fmt: skip
    """Return random draws.

    Parameters
    ----------
    table : Distributions
        Distribution of each row.
    stream : uint64[rows]
        As `streams` gives them.
    count : int
        How many draws of each row.
    first : int
        Number of the first draw: blocks of draws put side by side are the draws of one call.
    threads : int
        How many threads; 0 = one per processor. They change nothing but the time.
    out : float64[rows, count], optional
        Where to put them.

    Returns
    -------
    float64[rows, count]

    Examples
    --------
    >>> from carbon.footprint.distributions import declare
    >>> table = Distributions.of([declare(10.0, sd=1.0), declare(2.0, "uniform", low=1.0, high=4.0)])
    >>> stream = streams(["coal", "grid"], seed=1)
    >>> whole = draw(table, stream, 4)
    >>> bool((draw(table, stream, 2, first=2) == whole[:, 2:]).all())
    True
    """
    out = np.empty((len(table), count)) if out is None else out
    size = out.size

    def fill(block: tuple[slice, slice]) -> None:
        rows, draws = block
        part = out[block]
        with np.errstate(over="ignore"):  # whole numbers modulo 2**64, where the kernel is interpreted
            run(uniforms, UNIFORMS, size, stream[rows], first + draws.start, part)
        _transform(table, rows, part, size)

    high = max(1, _BLOCK // max(1, count))
    wide = _BLOCK if high == 1 else max(1, count)  # a block of one row is contiguous, wherever it ends
    blocks = [
        (slice(row, min(row + high, len(table))), slice(begin, min(begin + wide, count)))
        for row in range(0, len(table), high)
        for begin in range(0, count, wide)
    ]
    for block in blocks[:1]:  # compiles, before threads want it at once
        fill(block)
    with ThreadPoolExecutor(threads or os.cpu_count() or 1) as pool:
        list(pool.map(fill, blocks[1:]))
    return out


def _transform(table: Distributions, rows: slice, part: np.ndarray, size: int) -> None:
    """Replace uniform numbers by quantiles."""
    run(quantiles, QUANTILES, size, table.kind[rows], np.ascontiguousarray(table.parameter[:, rows]), part)


def draw_designed(table: Distributions, stream: np.ndarray, count: int, method: str, seed: int = 0) -> np.ndarray:
    """Return draws that cover the distributions more evenly than random ones.

    Parameters
    ----------
    table : Distributions
        Distribution of each row.
    stream : uint64[rows]
        As `streams` gives them.
    count : int
        How many draws; a power of two for ``sobol``. They hang together: no part of them is a sample of its own.
    method : str
        ``latin-hypercube``: one draw from each of `count` equally probable parts, in an order of the row's own;
        rows and studies stay comparable as with `draw`. ``sobol``: scrambled Sobol points, a dimension per distinct
        stream; the rows may come in any order, but another set of streams gives other draws.
    seed : int
        Scrambles the Sobol points.

    Returns
    -------
    float64[rows, count]

    Raises
    ------
    DistributionError
        If there is no such method, or Sobol points cannot be had in that number or for so many variables.

    Examples
    --------
    >>> from carbon.footprint.distributions import declare
    >>> even = draw_designed(
    ...     Distributions.of([declare(0.5, "uniform", low=0.0, high=1.0)]), streams(["a"], 3), 4, "latin-hypercube"
    ... )
    >>> sorted(int(number * 4) for number in even[0])
    [0, 1, 2, 3]
    """
    if method == "latin-hypercube":
        out = _latin_hypercube(stream, count)
    elif method == "sobol":
        out = _sobol(stream, count, seed)
    else:
        said = Said(f"the methods are {', '.join(METHODS)}", f"抽样方法为 {'、'.join(METHODS)}")
        raise DistributionError(said, "method")
    _transform(table, slice(None), out, out.size)
    return out


def _latin_hypercube(stream: np.ndarray, count: int) -> np.ndarray:
    """Return uniform numbers, one in each part; order and place in the part are two draws of the row."""
    number = np.empty((len(stream), count))
    place = np.empty((len(stream), count))
    with np.errstate(over="ignore"):
        run(uniforms, UNIFORMS, number.size, stream, 0, number)
        run(uniforms, UNIFORMS, number.size, stream, count, place)
    part = np.argsort(np.argsort(number, axis=1, kind="stable"), axis=1, kind="stable")
    return np.clip((part + place) / count, 2.0**-53, 1 - 2.0**-53)


def _sobol(stream: np.ndarray, count: int, seed: int) -> np.ndarray:
    from scipy.stats import qmc

    own, place = np.unique(stream, return_inverse=True)
    if count < 1 or count & (count - 1) or len(own) > qmc.Sobol.MAXDIM:
        said = Said(
            f"Sobol points come in powers of two and for {qmc.Sobol.MAXDIM} variables at most; found {count} draws of "
            f"{len(own)} variables",
            f"Sobol 点数须为 2 的幂，变量至多 {qmc.Sobol.MAXDIM} 个；此处为 {count} 次抽样、{len(own)} 个变量",
        )
        raise DistributionError(said, "method")
    points = qmc.Sobol(len(own), scramble=True, rng=np.random.default_rng(seed)).random(count)
    return np.ascontiguousarray(np.clip(points.T[place], 2.0**-53, 1 - 2.0**-53))
