"""What the rows of a study declare about their uncertainty: one distribution per amount and per parameter.

A number whose declaration cannot be used stands as it is (P730): its spread is missing, not the number.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from carbon.errors import Issues, Said
from carbon.footprint.chain import Chain
from carbon.footprint.declarations import Distribution, DistributionError, declare, pedigree_variances
from carbon.footprint.expressions import ExpressionError
from carbon.footprint.tables import SCORES, Parameters
from carbon.schema import folded
from carbon.tables import Table

_NUMBERS = ("low", "high", "uncertainty_pct")
_NO_COLUMN = re.compile(r" (?:or|或) g?sd\b")  # of a declaration, not of a row
_WORDS = {
    folded(word): kind
    for kind, words in {
        "none": ("无", "确定"), "lognormal": ("对数正态", "对数正态分布", "log-normal"), "normal": ("正态", "正态分布"),
        "triangular": ("三角", "三角分布", "triangle"), "uniform": ("均匀", "均匀分布"),
    }.items()
    for word in (kind, *words)
}  # fmt: skip
_ZERO = Said(
    "an expression that is 0 in the base case has no limits of its own; give uncertainty_pct, or limits of parameters",
    "基准情景下为 0 的表达式不能填写上下限；请改填 uncertainty_pct，或对其参数声明分布",
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
    case : dict of (str, str) to Distribution
        The same of a scenario and the parameter that it sets.
    """

    exchange: Mapping[int, Distribution] = field(default_factory=dict)
    parameter: Mapping[str, Distribution] = field(default_factory=dict)
    case: Mapping[tuple[str, str], Distribution] = field(default_factory=dict)


def read_declarations(chain: Chain, allocation: str, table: Table, known: Parameters, issues: Issues) -> Declared:
    """Return what exchanges, parameters and scenarios declare; what does not say enough is an error (P730).

    Parameters
    ----------
    chain : Chain
        Exchanges and outputs.
    allocation : str
        How outputs share where a process does not say.
    table : Table
        Their table.
    known : Parameters
        With their table, if there is one.
    issues : Issues
        Receives P730 at the line of the number; the number itself stays in use. Spreads of amounts by which outputs
        share are left out (P744), since shares do not follow draws; parameters that a scenario sets without a spread
        are certain there (P745).

    Notes
    -----
    Five pedigree scores widen a lognormal or normal distribution, or make a lognormal one of a number without limits.
    Limits of a triangle or a uniform distribution are taken as the whole of it, and fewer than five scores rate the
    number without widening it.
    """
    values = known.values()
    amounts: dict[int, Distribution] = {}
    names, outputs = chain.shared(known, allocation)
    saying = _saying(table, scores=True)
    for number, exchange in enumerate(chain.exchanges):
        if saying[exchange.row] and not exchange.part:
            found = _declared(table, exchange.row, exchange.name, exchange.amount, values, issues)
            if found is not None and number in outputs:
                _held(table, exchange.row, "amount", exchange.name, issues)
            elif found is not None:
                amounts[number] = found
    parameters: dict[str, Distribution] = {}
    if known.table is not None:
        saying = _saying(known.table, scores=False)
        for name, row in known.rows.items():
            if saying[row]:
                found = _declared(known.table, row, name, known.definitions[name], values, issues)
                if found is not None and name in names:
                    _held(known.table, row, "parameter", name, issues)
                elif found is not None:
                    parameters[name] = found
    return Declared(amounts, parameters, _cases(known, parameters, names, issues))


def _held(table: Table, row: int, column: str, name: str, issues: Issues) -> None:
    issues.add("P744", file=table.file, lines=[int(table.line[row])], column=column, value=name)


def _cases(
    known: Parameters, parameters: Mapping[str, Distribution], shared: set[str], issues: Issues
) -> dict[tuple[str, str], Distribution]:
    """Return what scenarios declare of the parameters that they set."""
    found: dict[tuple[str, str], Distribution] = {}
    table = known.cases
    if table is None:
        return found
    saying = _saying(table, scores=False)
    for (scenario, name), row in known.case_rows.items():
        if saying[row] and name in shared:
            _held(table, row, "parameter", name, issues)
        elif saying[row]:
            one = _declared(table, row, name, known.scenarios[scenario][name], known.values(scenario), issues)
            if one is not None:
                found[scenario, name] = one
        elif name in parameters:
            issues.add("P745", file=table.file, lines=[int(table.line[row])], column="parameter", value=name,
                       scenario=scenario)  # fmt: skip
    return found


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
        relative = amount.names and value == 0 and not {"low", "high"} & set(limits)  # of what it is in a scenario
        value = 1.0 if relative else value
        found = declare(value, kind, pedigree=pedigree, variances=pedigree_variances(), **limits)
        if amount.names and value == 0 and found.kind != "none":
            raise DistributionError(_ZERO, "distribution")
    except DistributionError as error:
        column = "reliability" if error.column == "pedigree" else error.column
        column = column if column in ("distribution", *_NUMBERS, "reliability") else "distribution"
        issues.add("P730", file=table.file, lines=[int(table.line[row])], column=column, value=name[:80],
                   why=Said(*(_NO_COLUMN.sub("", said) for said in error.said)))  # fmt: skip
        return None
    return found


__all__ = ["Declared", "read_declarations"]
