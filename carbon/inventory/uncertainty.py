"""Analytic uncertainty of totals: activity data independent by row, factors shared by rows fully correlated.

``u(total)² = Σ_rows (E_row · u_activity)² + Σ_factors (Σ_rows E_row · u_factor)²`` with 95 % half-widths
(IPCC 2006, volume 1, chapter 3, approach 1). Limits that nobody printed are not zero: the share that is known is told.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from carbon.arrays import distinct
from carbon.inventory.plan import Plan, Sums
from carbon.inventory.resolve import Facility
from carbon.inventory.rollup import Place, roll_up_periods
from carbon.inventory.terms import ENERGY, PRIMARY
from carbon.kernels.sums import WIDE_BIAS, WIDE_LIMBS
from carbon.periods import Period, parse

TOTAL = "total"


class Uncertainty:
    """Variances of the finest totals (facility, period, category, basis), added up on demand.

    Parameters
    ----------
    plan : Plan
        Amounts and terms.
    facility : int32[rows]
        Facility of each row.
    facilities : list of Facility
        Their meaning.
    activity_pct : float64[rows]
        Half-width of the 95 % interval of each quantity, NaN = not given. [%]
    gwp : mapping of gas to Fraction
        Warming potentials.
    bases : list of str
        ``location``, ``market``.
    """

    def __init__(
        self, plan: Plan, facility: np.ndarray, facilities: list[Facility], activity_pct: np.ndarray,
        gwp: Mapping[str, Fraction], bases: list[str],
    ) -> None:  # fmt: skip
        self.facilities = facilities
        self._cells: dict[tuple[str, Period, str, str], tuple[Fraction, Fraction, Fraction]] = {}
        self._effects: dict[tuple[str, Period, str, str], dict[str, Fraction]] = {}
        row, term = plan.entries
        weight = np.array(
            [float(gwp.get(t.target, 0)) if t.target not in (ENERGY, PRIMARY) else 0.0 for t in plan.terms]
        )
        known_factor = np.array([_limits_known(t) for t in plan.terms], dtype=bool)
        co2e = plan.amount * weight[term] if len(row) else np.empty(0)
        for basis in bases:
            applies = np.array(
                [t.basis in ("", basis) and weight[n] != 0 for n, t in enumerate(plan.terms)], dtype=bool
            )
            chosen = applies[term] if len(row) else np.empty(0, bool)
            self._activity(plan, facility, row[chosen], term[chosen], co2e[chosen], activity_pct, known_factor, basis)
            self._factors(plan, facility, row[chosen], term[chosen], co2e[chosen], basis)

    def document(self) -> dict[str, Any]:
        """Return the variances as plain texts, exactly."""

        def named(name: tuple[str, Period, str, str]) -> list[str]:
            return [name[0], name[1].label, *name[2:]]

        return {
            "facilities": [[f.id, f.name, f.region, f.sector, f.method, f.group] for f in self.facilities],
            "cells": [[named(name), [str(number) for number in cell]] for name, cell in self._cells.items()],
            "effects": [[named(name), {factor: str(effect) for factor, effect in effects.items()}]
                        for name, effects in self._effects.items()],
        }  # fmt: skip

    @classmethod
    def of_document(cls, given: Mapping[str, Any]) -> Uncertainty:
        """Return what `document` wrote."""
        found = cls.__new__(cls)
        found.facilities = [Facility(*fields) for fields in given["facilities"]]

        def named(words: list[str]) -> tuple[str, Period, str, str]:
            return words[0], parse(words[1]), words[2], words[3]

        found._cells = {named(w): (Fraction(a), Fraction(b), Fraction(c)) for w, (a, b, c) in given["cells"]}
        found._effects = {
            named(w): {factor: Fraction(effect) for factor, effect in effects.items()}
            for w, effects in given["effects"]
        }
        return found

    def merged(self, other: Uncertainty) -> None:
        """Take in the variances of other rows."""
        for name, cell in other._cells.items():
            old = self._cells.get(name, (Fraction(0), Fraction(0), Fraction(0)))
            self._cells[name] = (old[0] + cell[0], old[1] + cell[1], old[2] + cell[2])
        for name, effects in other._effects.items():
            own = self._effects.setdefault(name, {})
            for factor, effect in effects.items():
                own[factor] = own.get(factor, Fraction(0)) + effect
        known = {f.id for f in self.facilities}
        self.facilities = [*self.facilities, *(f for f in other.facilities if f.id not in known)]

    def _activity(
        self, plan: Plan, facility: np.ndarray, row: np.ndarray, term: np.ndarray, co2e: np.ndarray,
        activity_pct: np.ndarray, known_factor: np.ndarray, basis: str,
    ) -> None:  # fmt: skip
        """Sum (E·u)² by cell, one E per row, and how much of |E| has every limit known."""
        if not len(row):
            return
        own, first = distinct(row.astype(np.int64), np.zeros(len(row), np.int64))
        per_row = np.array([float(x) for x in Sums.of(co2e, own, len(first)).fractions()])
        known = np.ones(len(first), dtype=bool)
        np.logical_and.at(known, own, known_factor[term])
        rows = row[first]
        relative = activity_pct[rows] / 100
        known &= ~np.isnan(relative)
        cell, sample = distinct(facility[rows], plan.key[rows])
        square = (per_row * np.nan_to_num(relative)) ** 2
        wide = {"bias": WIDE_BIAS, "limbs": WIDE_LIMBS}
        variance = Sums.of(square, cell, len(sample), **wide).fractions()
        gross = Sums.of(np.abs(per_row), cell, len(sample)).fractions()
        sure = Sums.of(np.where(known, np.abs(per_row), 0.0), cell, len(sample)).fractions()
        for number, r in enumerate(rows[sample].tolist()):
            name = self._name(plan, facility, r, basis)
            old = self._cells.get(name, (Fraction(0), Fraction(0), Fraction(0)))
            self._cells[name] = (old[0] + variance[number], old[1] + gross[number], old[2] + sure[number])

    def _name(self, plan: Plan, facility: np.ndarray, row: int, basis: str) -> tuple[str, Period, str, str]:
        key = int(plan.key[row])
        return self.facilities[facility[row]].id, plan.keys[key].period, plan.routed[key].category, basis

    def _factors(
        self, plan: Plan, facility: np.ndarray, row: np.ndarray, term: np.ndarray, co2e: np.ndarray, basis: str
    ) -> None:
        """Sum E·u of each factor by cell; factors shared by rows and cells are added before they are squared."""
        if not len(row):
            return
        cell, sample = distinct(facility[row], term)
        sums = Sums.of(co2e, cell, len(sample)).fractions()
        for number, entry in enumerate(sample.tolist()):
            name = self._name(plan, facility, int(row[entry]), basis)
            effects = self._effects.setdefault(name, {})
            for factor in (f for slot in plan.terms[term[entry]].slots if not slot.text for f in slot.factors):
                if (limit := factor.relative_uncertainty) is not None:
                    effect = sums[number] * Fraction(limit)
                    effects[factor.id] = effects.get(factor.id, Fraction(0)) + effect

    @cached_property
    def _totals(self) -> dict[tuple[Place, Period, str, str], _Spread]:
        """Cells added up over every place, period and category that contains them."""
        totals: dict[tuple[Place, Period, str, str], _Spread] = {}
        groups = {f.id: f.group for f in self.facilities}
        for name, cell in self._cells.items():
            facility, native, category, basis = name
            group = groups[facility]
            places = [Place(facility, group), Place("", "")] + ([Place("", group)] if group else [])
            for place in places:
                for period in roll_up_periods(native):
                    for label in (category, TOTAL):
                        spread = totals.setdefault((place, period, label, basis), _Spread())
                        spread.add(cell, self._effects.get(name, {}))
        return totals

    def of(self, place: Place, period: Period, category: str, basis: str, co2e_t: float | None) -> dict[str, Any]:
        """Return `uncertainty_pct` (None unless every limit is known) and `uncertainty_known_pct` of one total."""
        spread = self._totals.get((place, period, category, basis), _Spread())
        if not spread.gross:
            return {"uncertainty_pct": None, "uncertainty_known_pct": None}
        variance = spread.activity + sum((effect**2 for effect in spread.effects.values()), Fraction(0))
        percent = None
        if spread.sure == spread.gross and co2e_t:
            percent = 100 * math.sqrt(float(variance)) / abs(co2e_t * 1000)
        return {"uncertainty_pct": percent, "uncertainty_known_pct": float(100 * spread.sure / spread.gross)}


@dataclass
class _Spread:
    """What the uncertainty of one total is made of: activity variance, gross and sure CO2e, effect of each factor."""

    activity: Fraction = Fraction(0)
    gross: Fraction = Fraction(0)
    sure: Fraction = Fraction(0)
    effects: dict[str, Fraction] = field(default_factory=dict)

    def add(self, cell: tuple[Fraction, Fraction, Fraction], effects: Mapping[str, Fraction]) -> None:
        self.activity, self.gross, self.sure = self.activity + cell[0], self.gross + cell[1], self.sure + cell[2]
        for factor, effect in effects.items():
            self.effects[factor] = self.effects.get(factor, Fraction(0)) + effect


def _limits_known(term: Any) -> bool:
    """Return whether every number of a term that somebody measured has printed limits.

    Limits of a value that is derived from printed ones (a difference, an interpolation) are nobody's.
    """
    for slot in term.slots:
        if slot.column:
            return False
        if slot.factors and (slot.text or any(factor.relative_uncertainty is None for factor in slot.factors)):
            return False
    return True
