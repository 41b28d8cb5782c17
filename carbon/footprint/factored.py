"""A product chain with values in it: its loops factored once, swept for any number of right-hand sides."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from carbon.footprint.loops import STATES, SingularSystemError, SparseLoop
from carbon.kernels import run
from carbon.kernels.chains import SIGNATURE as SWEEP
from carbon.kernels.chains import demand_sweep
from carbon.kernels.intensities import intensity_sweep
from carbon.kernels.loops import SIGNATURE as FACTOR
from carbon.kernels.loops import factor_loops
from carbon.kernels.residuals import SIGNATURE as RESIDUALS
from carbon.kernels.residuals import residuals

if TYPE_CHECKING:
    from carbon.footprint.system import Structure


class Factored:
    """The system ``A = diag(p) - Z`` for one set of values or for many draws of them.

    Parameters
    ----------
    structure : Structure
        Which process takes from which.
    production : float64[processes] or float64[draws, processes]
        What each process makes of its reference flow; not 0.
    amount : float64[exchanges] or float64[draws, exchanges]
        What each exchange takes.

    Notes
    -----
    Where a loop leaves less than a thousandth of what went into a pivot, one step of refinement follows, with a
    residual that is summed in pairs of floats.

    Examples
    --------
    >>> from carbon.footprint.system import Structure
    >>> chain = Structure(2, supplier=np.array([1, 0]), consumer=np.array([0, 1]))
    >>> Factored(chain, np.ones(2), np.array([0.5, 0.5])).solve(np.array([3.0, 0.0])).tolist()
    [4.0, 2.0]
    """

    def __init__(self, structure: Structure, production: np.ndarray, amount: np.ndarray) -> None:
        production, amount = np.asarray(production, np.float64), np.asarray(amount, np.float64)
        self.structure, self.single = structure, production.ndim == amount.ndim == 1
        draws = max((len(values) for values in (production, amount) if values.ndim > 1), default=1)
        for values, count in ((production, structure.size), (amount, structure.exchanges)):
            if values.shape[-1] != count or not np.isfinite(values).all():
                message = f"{count} finite numbers are needed for each draw"
                raise ValueError(message)
        if not production.all():
            message = "every process has to make or take its reference flow"
            raise ValueError(message)
        self.production = np.ascontiguousarray(
            np.broadcast_to(production[..., structure.order], (draws, structure.size))
        )
        self.amount = np.ascontiguousarray(np.broadcast_to(amount, (draws, structure.exchanges)))
        self._factor()

    def _factor(self) -> None:
        """Factor every loop of every draw."""
        one, draws = self.structure, len(self.production)
        self.factor, self.pivot = np.empty((draws, one.places)), np.zeros((draws, one.size), np.int64)
        state = np.zeros((draws, len(one.dense)), np.int8)
        work = draws * (one.places + int((one.dense[:, 1] ** 3).sum()))
        with np.errstate(all="ignore"):
            run(
                factor_loops, FACTOR, work, self.production, self.amount, one.dense, one.start, one.outer,
                one.supplier, one.exchange, self.factor, self.pivot, state,
            )  # fmt: skip
        for draw, number in np.argwhere(state > 1):  # what is asked of the loop passes unchanged, and so is seen
            begin, size, place = one.dense[number]
            self.factor[draw, place : place + size * size] = np.eye(size).ravel()
            self.pivot[draw, begin : begin + size] = np.arange(size)
        self.sparse = [[self._sparse(draw, *span) for draw in range(draws)] for span in one.sparse]
        spans = [(int(begin), int(begin + size)) for begin, size, _ in one.dense] + one.sparse
        states = np.column_stack([state, *([loop.state for loop in loops] for loops in self.sparse)])
        self.ill = (states == 1).any(axis=1)
        self.failed = [(int(draw), *spans[loop], STATES[states[draw, loop]]) for draw, loop in np.argwhere(states > 1)]

    def _sparse(self, draw: int, begin: int, end: int) -> SparseLoop:
        one = self.structure
        inner = np.arange(one.start[begin], one.start[end])
        inner = inner[one.supplier[inner] < end]
        taken = self.amount[draw, one.exchange[inner]]
        return SparseLoop(
            self.production[draw, begin:end], one.supplier[inner] - begin, one.consumer[inner] - begin, taken
        )

    def _sweep(self, x: np.ndarray, *, up: bool) -> None:
        """Replace right-hand sides by solutions, in the order of the structure: scalings, or upwards intensities."""
        one = self.structure
        work = x.shape[0] * x.shape[2] * (one.size + one.exchanges + one.places)
        between = partial(
            run, intensity_sweep if up else demand_sweep, SWEEP, work, self.production, self.amount, self.factor,
            self.pivot, one.block, one.start, one.outer, one.supplier, one.exchange,
        )  # fmt: skip
        loops = list(zip(one.sparse, self.sparse, strict=True))
        at = one.size if up else 0
        for (begin, end), solvers in reversed(loops) if up else loops:
            between(*((end, at) if up else (at, begin)), x)
            outside = np.arange(one.start[begin], one.start[end])
            outside = outside[one.supplier[outside] >= end]
            supplier, consumer = one.supplier[outside], one.consumer[outside]
            for draw, loop in enumerate(solvers):
                taken = self.amount[draw, one.exchange[outside], None]
                if up:
                    np.add.at(x[draw], consumer, taken * x[draw, supplier])
                    x[draw, begin:end] = loop.solve(x[draw, begin:end], up=True)
                else:
                    x[draw, begin:end] = loop.solve(x[draw, begin:end], up=False)
                    np.add.at(x[draw], supplier, taken * x[draw, consumer])
            at = begin if up else end
        between(*((0, at) if up else (at, one.size)), x)

    def _residual(self, x: np.ndarray, right: np.ndarray, *, up: bool) -> tuple[np.ndarray, np.ndarray]:
        one = self.structure
        left, terms = np.empty_like(x), np.empty_like(x)
        ends = (one.consumer, one.supplier) if up else (one.supplier, one.consumer)
        run(residuals, RESIDUALS, x.size + x.shape[0] * x.shape[2] * one.exchanges, self.production, self.amount, x,
            right, *ends, one.exchange, left, terms)  # fmt: skip
        return left, terms

    def _solutions(self, right: np.ndarray, *, up: bool) -> tuple[np.ndarray, dict[int, SingularSystemError]]:
        """Return what solves the system, [draws, processes, columns], and why a draw has no solution."""
        one = self.structure
        right = np.asarray(right, np.float64)
        right = right[:, None] if right.ndim == 1 else right
        if right.shape[-2] != one.size or not np.isfinite(right).all():
            message = f"a right-hand side has one finite number for each of {one.size} processes"
            raise ValueError(message)
        shape = (len(self.production), one.size, right.shape[-1])
        right = np.ascontiguousarray(np.broadcast_to(right[..., one.order, :], shape))
        x = right.copy()
        failed: dict[int, SingularSystemError] = {}
        with np.errstate(all="ignore"):
            self._sweep(x, up=up)
            if self.ill.any():
                step, _ = self._residual(x, right, up=up)
                self._sweep(step, up=up)
                x[self.ill] += np.where(np.isfinite(step), step, 0.0)[self.ill]
        for draw, begin, end, reason in self.failed:
            if up or (x[draw, begin:end] != 0).any():
                failed.setdefault(draw, SingularSystemError(self._named(slice(begin, end)), reason))
        for draw in np.flatnonzero(~np.isfinite(x).all(axis=(1, 2))).tolist():
            lost = ~np.isfinite(x[draw]).all(axis=1)
            failed.setdefault(draw, SingularSystemError(self._named(lost), "overflow"))
        back = np.empty_like(x)
        back[:, one.order] = x
        return back, failed

    def _named(self, places: Any) -> tuple[int, ...]:
        return tuple(np.sort(self.structure.order[places]).tolist())

    def _answer(self, right: np.ndarray, *, up: bool) -> np.ndarray:
        found, failed = self._solutions(right, up=up)
        for draw in sorted(failed):
            raise failed[draw]
        found = found[..., 0] if np.ndim(right) == 1 else found
        return found[0] if self.single else found

    def scalings(self, demand: np.ndarray) -> tuple[np.ndarray, dict[int, SingularSystemError]]:
        """Return the scalings of every draw, and instead of raising why a draw has none.

        Parameters
        ----------
        demand : float64[processes] or float64[processes, columns]
            Demands f.

        Returns
        -------
        scaling : float64[draws, processes, columns]
            s; it means nothing in a draw that failed.
        failed : dict of int to SingularSystemError
            Draws without a solution.
        """
        return self._solutions(demand, up=False)

    def solve(self, demand: np.ndarray) -> np.ndarray:
        """Return how often each process runs: s in ``A·s = f``.

        Parameters
        ----------
        demand : float64[processes] or float64[processes, columns]
            Demands f. [unit of the process]

        Returns
        -------
        float64[processes] or float64[processes, columns]
            s, with a leading axis if the values have draws. A process that the demand does not reach has 0.

        Raises
        ------
        SingularSystemError
            A loop that the demand reaches uses up what it makes, or more.
        """
        return self._answer(demand, up=False)

    def intensities(self, direct: np.ndarray) -> np.ndarray:
        """Return flows per unit of each reference flow, direct and of the whole chain before: λ in ``λ·A = b``.

        Parameters
        ----------
        direct : float64[processes] or float64[processes, gases]
            What each process emits itself while it makes its production. [kg]

        Returns
        -------
        float64[processes] or float64[processes, gases]
            λ, with a leading axis if the values have draws. [kg per unit of the process]

        Raises
        ------
        SingularSystemError
            A loop uses up what it makes, or more.
        """
        return self._answer(direct, up=True)

    def residual(self, demand: np.ndarray, scaling: np.ndarray) -> float:
        """Return how much of a demand scalings leave over: the largest ``|f - A·s|`` of a process beside its terms.

        Parameters
        ----------
        demand, scaling : float64[processes] or float64[processes, columns]
            What was given to `solve` and what it returned.

        Returns
        -------
        float
            ``max |f - A·s| / (|f| + |p|·|s| + |Z|·|s|)``; 1e-16 is one rounding.
        """
        order = self.structure.order
        f, s = (
            np.ascontiguousarray(values.reshape(len(self.production), len(order), -1)[:, order])
            for values in (np.broadcast_to(demand, scaling.shape), scaling)
        )
        with np.errstate(all="ignore"):
            left, terms = self._residual(s, f, up=False)
        return float((np.abs(left) / np.where(terms > 0, terms, 1.0)).max(initial=0.0))
