"""What theory says of an uncertain footprint: variance by variable, shifts of the mean, how much has limits."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from carbon.footprint.declarations import NORMAL_95
from carbon.footprint.loops import SingularSystemError
from carbon.footprint.many import Given, Many, Slopes
from carbon.footprint.statistics import Propagation, Summary, propagate
from carbon.footprint.variables import Variables


@dataclass(frozen=True)
class Analytic:
    """Mean and spread by theory.

    Attributes
    ----------
    propagation : Propagation
        Moments, and the share of the variance by variable.
    exact : bool
        Whether mean and variance are exact: only amounts of flows and, at most one by term, factors are uncertain.
        Otherwise both are of first order about the means of all numbers; the mean is then exact only if no uncertain
        number stands in a denominator, in a loop or twice in one product.
    summary : Summary
        Mean, median, standard deviation and 95 % interval [kgCO2e] of the lognormal with that mean and variance,
        about zero of the normal one.
    share : float64[variables]
        Of the variance that each variable causes alone.
    """

    propagation: Propagation
    exact: bool
    summary: Summary
    share: np.ndarray


def _parameter_slopes(model: Many, at: Slopes, variables: Variables, centre: np.ndarray, given: Any) -> np.ndarray:
    """Return ∂footprint/∂parameter [kgCO2e per unit as drawn], by central differences of the amounts; 0 of others."""
    found = np.zeros(len(centre))
    spread = np.sqrt(variables.table.variance)
    for number in variables.of("parameter").tolist():
        step = 1e-5 * min(abs(centre[number]) or math.inf, spread[number] or math.inf)
        if not 0 < step < math.inf:
            continue
        two = np.repeat(centre[:, None], 2, axis=1)
        two[number] += (-step, step)
        production, amount, _ = model.values(given(two), 2)
        width = two[number, 1] - two[number, 0]
        change = at.amount @ (amount[1] - amount[0]) + at.production @ (production[1] - production[0])
        found[number] = float(change) / width
    return found


def _slopes(
    model: Many, at: Slopes, variables: Variables, centre: np.ndarray, given: Any, unit: np.ndarray
) -> np.ndarray:
    """Return ∂footprint/∂number of every variable at a point [kgCO2e per unit as drawn]."""
    found = _parameter_slopes(model, at, variables, centre, given)
    point = given(centre[:, None])
    production, amount, _ = model.values(point, 1)
    own, shared = variables.of("exchange"), variables.of("factor")
    if len(own):
        drawn = point.amounts[0]
        safe = np.where(drawn != 0, drawn, 1.0)
        per_drawn = np.where(drawn != 0, amount[0][model.free] / safe, _per_one(model, point))
        found[own] = at.amount[model.free] * per_drawn / unit[own]
        nodes, places = model.free_node
        np.add.at(found, own[places], at.production[nodes] * production[0][nodes] / safe[places] / unit[own[places]])
    if len(shared):
        sums = np.zeros(len(shared))
        for entries, factors in model.entry_factors:
            np.add.at(sums, factors, at.entry[entries])
        found[shared] = sums / centre[shared]
    return found


def _per_one(model: Many, point: Given) -> np.ndarray:
    """Return what one of the number given makes of the amounts of free exchanges."""
    ones = Given(point.parameters, np.ones_like(point.amounts), point.factors)
    return np.asarray(model.values(ones, 1)[1][0][model.free])


def analytic(model: Many, variables: Variables, at: Slopes, given: Any, unit: np.ndarray) -> Analytic:
    """Propagate variances: flows exactly as amount × factor, everything else by its slope at the means."""
    mean, variance = variables.table.mean, variables.table.variance
    slope = _slopes(model, at, variables, mean, given, unit)
    own, named, shared = (variables.of(kind) for kind in ("exchange", "parameter", "factor"))
    flows = set(model.entry_exchange.tolist())
    amounts = len(own) + len(named) + 1  # the last one is certain
    of_exchange = np.full(len(model.chain.exchanges), amounts - 1)
    direct = np.array([model.free[n] in flows and mean[own[n]] != 0 for n in range(len(own))], dtype=bool)
    of_exchange[model.free[direct]] = np.flatnonzero(direct)
    amount, factor = of_exchange[model.entry_exchange], np.full(len(at.entry), -1)
    coefficients, rows, columns = [at.entry], [amount], [factor]
    for depth, (entries, factors) in enumerate(model.entry_factors):
        if depth == 0:
            factor[entries] = factors
            continue
        for sign, column in ((1.0, factors), (-1.0, np.full(len(entries), -1))):
            coefficients.append(sign * at.entry[entries])
            rows.append(np.full(len(entries), amounts - 1))
            columns.append(column)
    scale = np.where(mean != 0, mean, 1.0)
    linear = np.concatenate([np.flatnonzero(~direct), len(own) + np.arange(len(named))]).astype(np.int64)
    drawn = np.concatenate([own, named]).astype(np.int64)
    coefficients.append(slope[drawn[linear]] * scale[drawn[linear]])
    rows.append(linear)
    columns.append(np.full(len(linear), -1))
    means = np.ones(amounts)
    means[linear] = 0.0
    done = propagate(
        np.concatenate(coefficients), np.concatenate(rows).astype(np.int64), np.concatenate(columns).astype(np.int64),
        amount_mean=means, amount_variance=np.append(variance[drawn] / scale[drawn] ** 2, 0.0),
        factor_mean=np.ones(len(shared)), factor_variance=variance[shared] / scale[shared] ** 2,
    )  # fmt: skip
    share = np.zeros(len(mean))
    share[drawn], share[shared] = done.amount[:-1], done.factor
    exact = not slope[drawn[linear]].any() and len(model.entry_factors) < 2
    exact = exact and not len(model.free_node[0])
    return Analytic(done, exact, _shape(done), share)


def _shape(done: Propagation) -> Summary:
    if done.mean > 0:
        return done.lognormal()
    half = NORMAL_95 * math.sqrt(done.variance)
    return Summary(*map(np.array, (done.mean, done.mean, math.sqrt(done.variance), done.mean - half, done.mean + half)))


def mean_shifts(model: Many, variables: Variables, at: Slopes, given: Any, unit: np.ndarray) -> list[dict[str, Any]]:
    """Return the variables whose mean is not the number as stated, and what the difference adds at first order."""
    table = variables.table
    if not len(table):
        return []
    mean, value, is_value = table.mean, table.value, table.value_is
    slope = _slopes(model, at, variables, value, given, unit)
    return [
        {"key": variables.key[n], "kind": variables.kind[n], "process": variables.process[n],
         "name": variables.name[n], "source_line": variables.line[n], "value": float(value[n]), "mean": float(mean[n]),
         "value_is": is_value[n], "shift_co2e_kg": float(slope[n] * (mean[n] - value[n]))}
        for n in np.flatnonzero(~np.isclose(mean, value, rtol=1e-12, atol=0.0)).tolist()
    ]  # fmt: skip


def known_pct(model: Many, sure: np.ndarray, at: Slopes, point: Given) -> float | None:
    """Return the share of the gross footprint that comes by known links from known flows alone."""
    production, amount, _ = model.values(point, 1)
    gross = float(np.abs(at.entry).sum())
    if not gross > 0:
        return None
    system = model.structure.factored(
        production[0][model.order], amount[0][model.link] * model.scale * sure[model.link]
    )
    try:
        scaling = system.solve(model.demand)
    except SingularSystemError:
        return None
    safe = np.where(at.scaling != 0, at.scaling, 1.0)
    part = np.clip(np.where(at.scaling != 0, scaling / safe, 0.0), 0.0, 1.0)
    good = sure[model.entry_exchange] & model.entry_limited
    return float(100 * (np.abs(at.entry) * good * part[model.entry_node]).sum() / gross)
