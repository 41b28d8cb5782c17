"""One model, thousands of variants: bills of material as arrays of parameters and amounts, computed in one call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from carbon.errors import UsageError, near_misses
from carbon.footprint.expressions import ExpressionError, parameter_name
from carbon.footprint.loops import SingularSystemError
from carbon.footprint.many import Given, Many
from carbon.footprint.study import Footprint
from carbon.schema import folded


@dataclass(frozen=True)
class Variants:
    """Footprints of many variants.

    Attributes
    ----------
    co2e : float64[variants]
        Of the declared unit; NaN of a variant without a solution, or where a gas has no warming potential. [kgCO2e]
    gases : dict of str to float64[variants]
        The same by gas. [kg]
    failed : dict of int to SingularSystemError
        Variants of which a loop uses up what it makes.
    """

    co2e: np.ndarray
    gases: Mapping[str, np.ndarray]
    failed: Mapping[int, SingularSystemError]

    def __len__(self) -> int:
        return len(self.co2e)


def variants(
    footprint: Footprint, parameters: Any = None, *, amounts: Mapping[Sequence[str], Any] | None = None,
    scenario: str = "", threads: int | None = None,
) -> Variants:  # fmt: skip
    """Compute one study for many values of its parameters and amounts.

    Parameters
    ----------
    footprint : Footprint
        The study.
    parameters : mapping of str to float64[variants] or DataFrame, optional
        Values by name of parameter; a single number holds for all. Parameters that use them follow.
    amounts : mapping of (process, name) or (process, kind, name) to float64[variants], optional
        Amounts of exchanges, in their units; they replace what the rows say.
    scenario : str
        Whose values hold for everything else.
    threads : int, optional
        As many as there are processors; they change no bit.

    Returns
    -------
    Variants

    Raises
    ------
    UsageError
        If there is no such scenario, parameter or exchange, or two exchanges go by one name, or lengths differ, or a
        value is not a finite number, or the shares of outputs would change.
    DataError
        If an amount cannot be computed in some variant (P708), or a process makes nothing in it (P713).

    Examples
    --------
    >>> from carbon.footprint.study import footprint
    >>> found = footprint(
    ...     [{"process": "wheel", "unit": "kg"}],
    ...     [{"process": "wheel", "kind": "emission", "name": "CO2", "amount": "2 * mass", "unit": "kg"}],
    ...     parameters=[{"parameter": "mass", "value": 1}], study={"product": "wheel", "unit": "kg"})
    >>> variants(found, {"mass": [1.0, 2.0, 5.0]}).co2e.tolist()
    [2.0, 4.0, 10.0]
    """
    check_scenario(footprint, scenario)
    named = () if parameters is None else parameters.items()
    given = {_parameter(footprint, str(name)): _numbers(name, array) for name, array in named}
    taken = {_exchange(footprint, key): _numbers(key, array) for key, array in (amounts or {}).items()}
    names, outputs = footprint.chain.sharing(footprint.parameters, scenario)
    if moved := names & set(given) or {footprint.chain.exchanges[n].name for n in outputs & set(taken)}:
        message = f"outputs share burdens by {', '.join(sorted(moved))}; compute each value as a scenario of its own"
        raise UsageError(message)
    lengths = {len(array) for array in (*given.values(), *taken.values()) if array.ndim}
    if len(lengths) > 1:
        message = f"arrays of different lengths: {', '.join(map(str, sorted(lengths)))}"
        raise UsageError(message)
    count = lengths.pop() if lengths else 1
    given = {name: np.broadcast_to(array, count) for name, array in given.items()}
    matrix = np.stack([np.broadcast_to(array, count) for array in taken.values()], axis=-1) if taken \
        else np.empty((count, 0))  # fmt: skip
    model = Many(footprint, scenario, names=list(given), free=list(taken))

    def part(first: int, last: int) -> Given:
        return Given({name: array[first:last] for name, array in given.items()}, matrix[first:last])

    found = model.draws(count, part, threads) if count else None
    gases = footprint.background.gases
    totals = np.empty((0, len(gases))) if found is None else found.totals
    by_gas = {gas: totals[:, place] for place, gas in enumerate(gases)}
    return Variants(weighed(totals, model.weights), by_gas, found.failed if found else {})


def weighed(totals: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return kgCO2e of kilograms by gas, row by row, so that the number of rows changes no bit."""
    found = np.zeros(len(totals))
    for place, weight in enumerate(weights):
        found = found + totals[:, place] * weight
    return found


def check_scenario(footprint: Footprint, scenario: str) -> None:
    """Raise UsageError if a study has no such scenario."""
    if scenario not in footprint.solved:
        near = near_misses(scenario, footprint.solved)
        message = f"there is no scenario '{scenario}'" + (f"; nearest: {', '.join(near)}" if near else "")
        raise UsageError(message)


def _numbers(name: Any, given: Any) -> np.ndarray:
    try:
        array = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError):
        array = np.array(np.nan)
    if array.ndim > 1 or not np.isfinite(array).all():
        message = f"{name}: finite numbers are needed, one for each variant"
        raise UsageError(message)
    return array


def _parameter(footprint: Footprint, given: str) -> str:
    known = footprint.parameters.definitions
    try:
        name = parameter_name(given)
    except ExpressionError:
        name = given
    if name not in known:
        near = near_misses(name, known)
        message = f"there is no parameter '{given}'" + (f"; nearest: {', '.join(near)}" if near else "")
        raise UsageError(message)
    return name


def _exchange(footprint: Footprint, key: Sequence[str]) -> int:
    """Return the one exchange that a process and a name, perhaps with a kind between, lead to."""
    words = [folded(word) for word in ((key,) if isinstance(key, str) else key)]
    if len(words) not in (2, 3):
        message = f"{key}: an exchange is named by (process, name) or (process, kind, name)"
        raise UsageError(message)
    chain = footprint.chain
    found = [
        number
        for number, e in enumerate(chain.exchanges)
        if [folded(chain.processes[e.process].name), folded(e.name)] == [words[0], words[-1]]
        and (len(words) == 2 or folded(e.kind) == words[1])
    ]
    if len(found) != 1:
        message = f"{tuple(key)} leads to {len(found)} exchanges; it has to lead to one"
        raise UsageError(message)
    return found[0]
