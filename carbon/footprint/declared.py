"""What the rows of a study declare about their uncertainty: one distribution per amount and per parameter.

A number whose declaration cannot be used stands as it is (P730): its spread is missing, not the number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from carbon.errors import Issues, Said
from carbon.footprint.declarations import Distribution, DistributionError, declare, pedigree_variances
from carbon.footprint.expressions import ExpressionError
from carbon.footprint.tables import SCORES, Exchange, Parameters
from carbon.schema import folded
from carbon.tables import Table

_NUMBERS = ("low", "high", "uncertainty_pct")
_WORDS = {
    folded(word): kind
    for kind, words in {
        "none": ("无", "确定"), "lognormal": ("对数正态", "对数正态分布", "log-normal"), "normal": ("正态", "正态分布"),
        "triangular": ("三角", "三角分布", "triangle"), "uniform": ("均匀", "均匀分布"),
    }.items()
    for word in (kind, *words)
}  # fmt: skip
_ZERO = Said(
    "an expression that is 0 in the base case cannot be scaled by draws; declare its parameters instead",
    "基准情景下为 0 的表达式无法按比例抽样；请改为对其参数声明分布",
)


@dataclass(frozen=True)
class Declared:
    """Distributions of the numbers of a study.

    Attributes
    ----------
    exchange : dict of int to Distribution
        Amount of each exchange that declares one, about its value in the base case. [unit of the row]
    parameter : dict of str to Distribution
        Each parameter that declares one.
    """

    exchange: Mapping[int, Distribution] = field(default_factory=dict)
    parameter: Mapping[str, Distribution] = field(default_factory=dict)


def read_declarations(exchanges: Sequence[Exchange], table: Table, known: Parameters, issues: Issues) -> Declared:
    """Return what exchanges and parameters declare; what does not say enough is an error (P730).

    Parameters
    ----------
    exchanges : sequence of Exchange
        Those of the chain, in its order.
    table : Table
        Their table.
    known : Parameters
        With their table, if there is one.
    issues : Issues
        Receives P730 at the line of the number; the number itself stays in use.

    Notes
    -----
    Five pedigree scores widen a lognormal or normal distribution, or make a lognormal one of a number without limits.
    Limits of a triangle or a uniform distribution are taken as the whole of it, and fewer than five scores rate the
    number without widening it.
    """
    values = known.values()
    amounts: dict[int, Distribution] = {}
    saying = _saying(table, scores=True)
    for number, exchange in enumerate(exchanges):
        if saying[exchange.row] and not exchange.part:
            found = _declared(table, exchange.row, exchange.name, exchange.amount, values, issues)
            if found is not None:
                amounts[number] = found
    parameters: dict[str, Distribution] = {}
    if known.table is not None:
        saying = _saying(known.table, scores=False)
        for name, row in known.rows.items():
            if saying[row]:
                found = _declared(known.table, row, name, known.definitions[name], values, issues)
                if found is not None:
                    parameters[name] = found
    return Declared(amounts, parameters)


def _saying(table: Table, *, scores: bool) -> np.ndarray:
    """Return which rows say anything about their uncertainty, as bool[rows]."""
    said = np.asarray(table.codes["distribution"]) >= 0
    for name in _NUMBERS:
        said = said | ~np.isnan(table.numbers[name])
    if scores:
        said = said | np.logical_and.reduce([~np.isnan(table.numbers[name]) for name in SCORES])
    return np.asarray(said)


def _declared(
    table: Table, row: int, name: str, amount: Any, values: Mapping[str, Any], issues: Issues
) -> Distribution | None:
    try:
        value = float(amount.evaluate(values))
    except ExpressionError:  # reported where it is computed
        return None
    word = table.text("distribution", row)
    kind = _WORDS.get(folded(word), word)
    given = {column: float(table.numbers[column][row]) for column in _NUMBERS}
    limits = {column: number for column, number in given.items() if not np.isnan(number)}
    scores = [float(table.numbers[column][row]) for column in SCORES if column in table.numbers]
    rated = len(scores) == len(SCORES) and not np.isnan(scores).any() and kind not in ("triangular", "uniform")
    pedigree: Any = [int(score) if score.is_integer() else score for score in scores] if rated else None
    if pedigree is not None and not kind and set(limits) == {"low", "high"}:
        pedigree = None  # says which distribution is missing, not that the scores are
    try:
        found = declare(value, kind, pedigree=pedigree, variances=pedigree_variances(), **limits)
        if amount.names and value == 0 and found.kind != "none":
            if not kind and not limits:  # scores alone rate the number; they spread nothing about zero
                return None
            raise DistributionError(_ZERO, "distribution")
    except DistributionError as error:
        column = "reliability" if error.column == "pedigree" else error.column
        column = column if column in ("distribution", *_NUMBERS, "reliability") else "distribution"
        issues.add("P730", file=table.file, lines=[int(table.line[row])], column=column, value=name[:80],
                   why=error.said)  # fmt: skip
        return None
    return found


__all__ = ["Declared", "read_declarations"]
