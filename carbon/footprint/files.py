"""Pydantic models of `study.toml`: product, boundary and choices of a footprint study, and its class table."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from itertools import pairwise
from typing import Any, Literal

from pydantic import Field, model_validator

from carbon.documents import Document, Exact, Language, Line


class ClassTable(Document):
    """Classes by which a footprint is graded (分级管理), as the user knows them; none is shipped.

    Attributes
    ----------
    limits : dict of str to Fraction
        Upper limit by name of class, best first [kgCO2e of the declared unit]; equality is still of the class.
    beyond : str
        The class of whatever lies beyond the last limit.
    source : str
        Where the table is from.
    """

    limits: dict[Line, Exact] = Field(min_length=1)
    beyond: Line = ""
    source: Line

    @property
    def pairs(self) -> list[tuple[str, Fraction | None]]:
        """Names with their limits, best first; None = whatever lies beyond."""
        return [*self.limits.items(), *([(self.beyond, None)] if self.beyond else [])]

    @model_validator(mode="after")
    def _rising(self) -> ClassTable:
        limits = list(self.limits.values())
        if any(low >= high for low, high in pairwise(limits)) or self.beyond in self.limits:
            message = "limits rise from the best class to the worst, and each class has one name"
            raise ValueError(message)
        return self


class FootprintFile(Document):
    """`study.toml`: the product of a footprint study, its boundary and its choices.

    Attributes
    ----------
    product : str
        A product of `processes`; its footprint is asked for.
    unit, amount : str, Fraction
        Declared or functional unit: how much of it.
    functional_unit : str
        The same in words, for reports.
    boundary : {"cradle-to-gate", "cradle-to-grave", "gate-to-gate"}
        Which stages are inside.
    method : str
        Method pack that finds the factors.
    allocation : str
        How outputs share burdens where a process does not say.
    recycling : str
        Who has the credit of recycled material: cut-off, 50/50, substitution, or factor A as an expression.
    cut_off : float, optional
        Largest share of the footprint that may be left out.
    excluded : list of str
        What was left out, in words.
    draws, seed : int
        Monte Carlo; 0 draws = analytic uncertainty alone.
    sampling : {"random", "latin-hypercube", "sobol"}
        How to draw; a power of two for sobol, which does not pair scenarios.
    classes : ClassTable, optional
        Classes by which the footprint is graded.
    pact : dict
        What a footprint in the PACT data model needs beside the study, under the names of that model: ``companyName``.
    """

    title: Line = ""
    product: Line
    unit: Line
    amount: Exact = Field(default=Fraction(1), gt=0)
    functional_unit: Line = ""
    boundary: Literal["cradle-to-gate", "cradle-to-grave", "gate-to-gate"] = "cradle-to-gate"
    rule: Line = "gb-t-24067-2024"
    method: Line = "gb-t-24067"
    gwp: Line = ""
    allocation: Literal["mass", "energy", "economic", "fraction", "substitution"] = "mass"
    recycling: Line = "cut-off"
    cut_off: float | None = Field(default=None, ge=0, lt=1)
    excluded: list[Line] = Field(default_factory=list)
    region: Line = ""
    period: Line = ""
    as_of: dt.date | None = None
    language: Language = "en"
    factors: list[Line] = Field(default_factory=list)
    draws: int = Field(default=0, ge=0, le=1_000_000)
    sampling: Literal["random", "latin-hypercube", "sobol"] = "random"
    seed: int = Field(default=1, ge=0, lt=2**63)
    classes: ClassTable | None = None
    pact: dict[str, Any] = Field(default_factory=dict)
