"""Floor 4: arithmetic on arrays, one formula per module, compiled by numba above a size, interpreted below it.

Arrays in, arrays out: no strings, no dates, no units, no NaN, no validation. Kernels do not import one another.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from threading import Lock
from typing import Any

COMPILE_ABOVE = 50_000
_COMPILING = Lock()


@cache
def _compiled(function: Callable[..., None], signature: str) -> Callable[..., None]:
    import numba

    options = {"nogil": True, "error_model": "numpy"}
    try:
        return numba.njit(signature, cache=True, **options)(function)  # type: ignore[no-any-return]
    except RuntimeError:  # no place to keep the machine code
        return numba.njit(signature, **options)(function)  # type: ignore[no-any-return]


def run(function: Callable[..., None], signature: str, size: int, *arrays: Any) -> None:
    """Run a kernel: the very same function, interpreted for few elements and compiled for many.

    Parameters
    ----------
    function : callable
        The kernel; it writes its results into its last array.
    signature : str
        Its numba signature; inputs are read-only and contiguous.
    size : int
        Number of elements; compilation (or loading numba) pays above `COMPILE_ABOVE`.
    *arrays
        Its arguments.
    """
    if size > COMPILE_ABOVE:
        with _COMPILING:  # threads that start together compile once
            function = _compiled(function, signature)
    function(*arrays)
