"""One product chain as a linear system: analysed once, solved for any values, demands and draws.

Process j makes p_j of its own reference flow and takes z_ij of that of process i. With ``A = diag(p) - Z``, a demand f
makes the processes run ``A·s = f`` times, and direct flows b of the processes make intensities ``λ·A = b``.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import NamedTuple

import numpy as np

from carbon.footprint.factored import Factored
from carbon.footprint.loops import SingularSystemError

SPARSE_ABOVE = 150  # processes of a loop: dense factors up to here, sparse ones are faster above
CHUNK = 2**20  # numbers that a thread holds at a time

Values = Callable[[int, int], tuple[np.ndarray, np.ndarray, np.ndarray]]


class Draws(NamedTuple):
    """Footprints of many draws.

    Attributes
    ----------
    totals : float64[draws, gases]
        ``Σ_j s_j·b_j``; NaN in a draw that has no solution.
    failed : dict of int to SingularSystemError
        Those draws, and why.
    """

    totals: np.ndarray
    failed: dict[int, SingularSystemError]


class Structure:
    """Which process takes from which, without any value: blocks in the order of supply, loops, sorted exchanges.

    Parameters
    ----------
    size : int
        Number of processes.
    supplier, consumer : int[exchanges]
        Processes of each exchange. Several exchanges between the same two add up in the order given.

    Notes
    -----
    Blocks are the strongly connected components of the chain (scipy.sparse.csgraph), in an order in which consumers
    precede their suppliers; the system is block-triangular in it.

    Examples
    --------
    >>> chain = Structure(2, supplier=np.array([1]), consumer=np.array([0]))
    >>> chain.solve(np.array([10.0, 100.0]), np.array([2.0]), np.array([1000.0, 0.0])).tolist()
    [100.0, 2.0]
    """

    def __init__(self, size: int, *, supplier: np.ndarray, consumer: np.ndarray) -> None:
        from scipy.sparse import csr_array
        from scipy.sparse.csgraph import connected_components

        supplier, consumer = np.asarray(supplier, np.int64), np.asarray(consumer, np.int64)
        for ends in (supplier, consumer):
            if ends.shape != supplier.shape or ends.ndim != 1 or ((ends < 0) | (ends >= size)).any():
                message = f"an exchange has one supplier and one consumer, each from 0 to {size - 1}"
                raise ValueError(message)
        graph = csr_array((np.ones(len(supplier)), (supplier, consumer)), shape=(size, size))
        blocks, label = connected_components(graph, directed=True, connection="strong")
        # labels follow the depth-first search: a component has its number before any from which it can be reached
        if (label[consumer] > label[supplier]).any():
            message = "components are not in the order of supply"
            raise RuntimeError(message)
        self.size, self.exchanges = size, len(supplier)
        self.order = np.argsort(label, kind="stable")
        place = np.empty(size, np.int64)
        place[self.order] = np.arange(size)
        self.exchange = np.lexsort((place[supplier], place[consumer]))
        self.supplier, self.consumer = place[supplier][self.exchange], place[consumer][self.exchange]
        self.start = np.searchsorted(self.consumer, np.arange(size + 1))
        ends = np.cumsum(np.bincount(label, minlength=blocks))
        end = ends[label[self.order]]
        begin = np.concatenate([[0], ends])[label[self.order]]
        inner = self.supplier < end[self.consumer]
        self.outer = self.start[:-1] + np.bincount(self.consumer[inner], minlength=size)
        starts = np.unique(begin[self.consumer[inner]])
        width = end[starts] - starts
        self.sparse = [(int(a), int(b)) for a, b in zip(starts, end[starts], strict=True) if b - a > SPARSE_ABOVE]
        starts, width = starts[width <= SPARSE_ABOVE], width[width <= SPARSE_ABOVE]
        squares = np.cumsum(width**2)
        self.dense = np.stack([starts, width, squares - width**2], axis=1)
        self.places = int(squares[-1]) if len(squares) else 0
        self.block = np.stack([begin, end, np.full(size, -1)], axis=1)
        for first, count, at in self.dense:
            self.block[first : first + count, 2] = at
        for array in vars(self).values():
            if isinstance(array, np.ndarray):
                array.setflags(write=False)

    @cached_property
    def loops(self) -> list[np.ndarray]:
        """Processes that need one another or themselves, loop by loop, consumers first."""
        spans = sorted([*self.sparse, *((int(a), int(a + n)) for a, n, _ in self.dense)])
        return [np.sort(self.order[first:last]) for first, last in spans]

    def reached(self, demand: np.ndarray) -> np.ndarray:
        """Return which processes a demand can reach, whatever the values are.

        Parameters
        ----------
        demand : float64[processes] or float64[processes, columns]
            Where it is 0 there is none.
        """
        found = (demand != 0).reshape(self.size, -1).any(axis=1)[self.order]
        at = 0
        while at < self.size:
            until = int(self.block[at, 1])
            if found[at:until].any():
                found[at:until] = True
                found[self.supplier[self.start[at] : self.start[until]]] = True
            at = until
        back = np.empty(self.size, bool)
        back[self.order] = found
        return back

    def factored(self, production: np.ndarray, amount: np.ndarray) -> Factored:
        """Return the system with its loops factored, for many right-hand sides.

        Parameters
        ----------
        production : float64[processes] or float64[draws, processes]
            What each process makes of its reference flow; not 0, negative where it takes it (treatment). [own unit]
        amount : float64[exchanges] or float64[draws, exchanges]
            What each exchange takes of the supplier's reference flow; negative for a credit. [unit of the supplier]
        """
        return Factored(self, production, amount)

    def solve(self, production: np.ndarray, amount: np.ndarray, demand: np.ndarray) -> np.ndarray:
        """Return how often each process runs: s in ``A·s = f``; see `Factored.solve`.

        Parameters
        ----------
        production, amount
            As of `factored`.
        demand : float64[processes] or float64[processes, columns]
            Demands f. [unit of the process]
        """
        return self.factored(production, amount).solve(demand)

    def intensities(self, production: np.ndarray, amount: np.ndarray, direct: np.ndarray) -> np.ndarray:
        """Return flows per unit of each reference flow: λ in ``λ·A = b``; see `Factored.intensities`.

        Parameters
        ----------
        production, amount
            As of `factored`.
        direct : float64[processes] or float64[processes, gases]
            What each process emits itself while it makes its production.
        """
        return self.factored(production, amount).intensities(direct)

    def draws(
        self, count: int, values: Values, demand: np.ndarray, *, threads: int | None = None, beside: int = 0
    ) -> Draws:
        """Return the footprints of one demand for many draws of all values.

        Parameters
        ----------
        count : int
            Number of draws.
        values : callable
            ``values(first, last)`` returns production, amount and direct flows of the draws `first` to `last`, as
            ``float64[processes]``, ``float64[exchanges]``, ``float64[processes, gases]``, each with or without a
            leading axis of draws. It is called from several threads and has to depend on the numbers of the draws only.
        demand : float64[processes]
            Demand f.
        threads : int, optional
            By default as many as there are processors. No bit of the result depends on it.
        beside : int
            Numbers of each draw that `values` holds beside its results; fewer draws are taken at a time.
        """
        step = max(1, CHUNK // (self.exchanges + self.size + self.places + beside + 1))

        def part(first: int) -> Draws:
            last = min(first + step, count)
            production, amount, direct = map(np.asarray, values(first, last))
            system = Factored(self, np.broadcast_to(production, (last - first, self.size)), amount)
            scaling, failed = system.scalings(demand[:, None])
            direct = np.broadcast_to(direct, (last - first, self.size, direct.shape[-1]))
            # summed row by row, so that neither the chunk nor the number of threads matters
            with np.errstate(all="ignore"):
                totals = np.array([(s * b).sum(axis=0) for s, b in zip(scaling, direct, strict=True)])
            totals[list(failed)] = np.nan
            return Draws(totals, {first + draw: why for draw, why in failed.items()})

        firsts = range(0, count, step)
        with ThreadPoolExecutor(threads or os.cpu_count()) as pool:
            parts = list(pool.map(part, firsts))
        failed = {draw: why for found in parts for draw, why in found.failed.items()}
        return Draws(np.concatenate([found.totals for found in parts]), failed)
