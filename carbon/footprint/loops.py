"""Loops of processes that need one another: why a loop delivers nothing, and factors of loops too large to be dense."""

from __future__ import annotations

from typing import Any

import numpy as np

from carbon.errors import CarbonError

REASONS = {
    "singular": "use up all that they make",
    "non-productive": "use up more than they make",
    "overflow": "have to make more than a number can hold",
}
STATES = ("", "", "singular", "non-productive")


class SingularSystemError(CarbonError):
    """A demand that a chain of processes cannot meet, whatever it makes.

    Parameters
    ----------
    processes : tuple of int
        The processes of the loop.
    reason : str
        A key of `REASONS`.

    Examples
    --------
    >>> raise SingularSystemError((3, 5), "singular")
    Traceback (most recent call last):
    carbon.footprint.loops.SingularSystemError: processes 3, 5 use up all that they make
    """

    def __init__(self, processes: tuple[int, ...], reason: str) -> None:
        self.processes, self.reason = processes, reason
        super().__init__(f"processes {', '.join(map(str, processes))} {REASONS[reason]}")

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.processes, self.reason)


def _parity(permutation: np.ndarray) -> int:
    """Return whether an even (1) or odd (-1) number of exchanges makes a permutation."""
    seen, sign = np.zeros(len(permutation), bool), 1
    for first in range(len(permutation)):
        at, length = first, 0
        while not seen[at]:
            seen[at] = True
            at, length = permutation[at], length + 1
        sign = -sign if length and length % 2 == 0 else sign
    return sign


class SparseLoop:
    """The sparse factors of a large loop.

    Attributes
    ----------
    state : int
        As `out_state` of `carbon.kernels.loops.factor_loops`.

    Parameters
    ----------
    production : float64[size]
        What each process makes of its reference flow.
    supplier, consumer : int64[exchanges]
        Processes of each exchange within the loop.
    amount : float64[exchanges]
        What it takes.

    Notes
    -----
    Solves the same ``M`` as that kernel, with rows and columns weighed by powers of two.

    Examples
    --------
    >>> loop = SparseLoop(np.ones(2), np.array([0, 1]), np.array([1, 0]), np.array([0.5, 0.5]))
    >>> loop.solve(np.array([[3.0], [0.0]]), up=False).ravel().tolist()
    [4.0, 2.0]
    """

    def __init__(self, production: np.ndarray, supplier: np.ndarray, consumer: np.ndarray, amount: np.ndarray) -> None:
        from scipy.sparse import csc_array, diags_array
        from scipy.sparse.linalg import splu

        size, each = len(production), np.arange(len(production))
        places = np.concatenate([each, supplier]), np.concatenate([each, consumer])
        m = csc_array((np.concatenate([production, -amount]), places), shape=(size, size))
        m = diags_array(1 / production) @ m
        self.production, self.state = production[:, None], 2
        self.row = _weights(abs(m).max(axis=1))
        self.column = _weights((diags_array(self.row) @ abs(m)).max(axis=0))
        try:
            self.factors = splu((diags_array(self.row) @ m @ diags_array(self.column)).tocsc())
        except RuntimeError:  # exactly singular
            return
        pivots, self.state = self.factors.U.diagonal(), 0
        if (m - diags_array(m.diagonal())).max() > 0:  # credits
            growth = 1 / np.abs(pivots).min()
            odd = np.prod(np.sign(pivots)) * _parity(self.factors.perm_r) * _parity(self.factors.perm_c) < 0
        else:  # growth comes to 1 / (1 - spectral radius of the loop), whatever the units (Collatz and Wielandt)
            x = np.ones((size, 1))
            for _ in range(3):
                before, x = x, self.solve(self.production * x, up=False)
                growth = np.abs(x / before).min()
                odd = bool((x <= 0).any())
                if odd:
                    break
        self.state = 2 if not growth * size < 2.0**49 else 3 if odd else int(growth > 2.0**10)

    def solve(self, right: np.ndarray, *, up: bool) -> np.ndarray:
        """Return the scalings for a demand on the loop or, upwards, the intensities for its direct flows.

        Parameters
        ----------
        right : float64[size, columns]
            Right-hand sides.
        up : bool
            Which of the two.
        """
        if self.state == 2:  # what is asked of the loop passes unchanged, and so is seen
            return right
        found: np.ndarray
        if up:
            found = self.row[:, None] * self.factors.solve(self.column[:, None] * right, "T")
            found /= self.production
        else:
            found = self.column[:, None] * self.factors.solve(self.row[:, None] * (right / self.production))
        return found


def _weights(largest: Any) -> np.ndarray:
    """Return the powers of two that bring maxima near 1."""
    values = np.maximum(largest.toarray().ravel(), 1e-300)
    weights: np.ndarray = np.ldexp(1.0, -np.frexp(values)[1])
    return weights
