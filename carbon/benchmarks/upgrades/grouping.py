"""Rows by what they share, sorted once, so that work per group does not go over all rows again."""

from __future__ import annotations

import numpy as np

from carbon.arrays import distinct


def groups(*codes: np.ndarray) -> list[np.ndarray]:
    """Return the rows of every distinct combination of codes, in the order in which combinations appear.

    Parameters
    ----------
    *codes : int[rows]
        Codes from -1 up.

    Examples
    --------
    >>> [rows.tolist() for rows in groups(np.array([1, 0, 1]), np.array([2, 2, 2]))]
    [[0, 2], [1]]
    """
    if not len(codes[0]):
        return []
    key, sample = distinct(*codes)
    order = np.argsort(key, kind="stable")
    ends = np.searchsorted(key[order], np.arange(len(sample) + 1))
    return [order[ends[n] : ends[n + 1]] for n in range(len(sample))]
