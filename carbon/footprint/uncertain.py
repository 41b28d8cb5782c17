"""How uncertain a footprint is: by theory and by draws, from what rows declare and what factors print.

Every number with limits is one random variable with a name of its own (``exchange:…``, ``parameter:…``, ``factor:…``):
a factor that many exchanges share is drawn once for all of them, and two studies share the draws of equal names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from carbon.errors import Said, UsageError
from carbon.footprint.declarations import DistributionError
from carbon.footprint.distributions import Distributions
from carbon.footprint.loops import SingularSystemError
from carbon.footprint.many import Given, Many
from carbon.footprint.sampling import METHODS, draw, draw_designed, streams
from carbon.footprint.statistics import Summary, rank_shares, ranking, summary
from carbon.footprint.study import Footprint
from carbon.footprint.system import Draws
from carbon.footprint.theory import Analytic, analytic, known_pct, mean_shifts
from carbon.footprint.variables import Variables, find_variables
from carbon.footprint.variants import check_scenario, weighed

RANKED = 1000  # variables whose draws are ranked; the rest is ranked by theory alone
HELD = 2**25  # numbers that a design, which cannot be drawn in parts, may take


@dataclass(frozen=True)
class Uncertainty:
    """How uncertain the footprint of a scenario is.

    Attributes
    ----------
    scenario, method, seed : str, str, int
        What was asked.
    base : float
        The footprint without uncertainty. [kgCO2e]
    draws : float64[draws]
        Footprints; NaN of a draw without a solution. [kgCO2e]
    gases : dict of str to float64[draws]
        The same by gas. [kg]
    analytic : Analytic
        By theory.
    variables : Variables
        What is drawn.
    mean_shift : list of dict
        Variables whose mean is not the number as stated: by how much, and what that adds to the footprint.
    certain : list of dict
        Numbers without limits; they count as certain as stated.
    known_pct : float or None
        Share of the gross footprint [%] of which every number on the way has limits; None where there is none.
    failed : dict of int to SingularSystemError
        Draws in which a loop uses up what it makes; they are in no summary.
    """

    scenario: str
    method: str
    seed: int
    base: float
    draws: np.ndarray
    gases: Mapping[str, np.ndarray]
    analytic: Analytic
    variables: Variables
    mean_shift: list[dict[str, Any]]
    certain: list[dict[str, Any]]
    known_pct: float | None
    failed: Mapping[int, SingularSystemError]
    _given: Any

    def __getstate__(self) -> dict[str, Any]:
        """Return what travels between processes: the ranking goes along, as what it is made from does not."""
        _ = self.ranking
        return self.__dict__ | {"_given": None}

    def __repr__(self) -> str:
        told = self.summary
        spread = f", 95 %: {float(told.low):.6g} … {float(told.high):.6g}" if told is not None else ""
        return f"<Uncertainty of {self.base:.6g} kgCO2e: {len(self.draws)} draws{spread}>"

    @cached_property
    def summary(self) -> Summary | None:
        """Mean, median, standard deviation and 95 % interval of the draws [kgCO2e]; None of fewer than two."""
        good = self.draws[np.isfinite(self.draws)]
        return summary(good) if len(good) > 1 else None

    @cached_property
    def ranking(self) -> list[dict[str, Any]]:
        """Variables by how much of the spread they cause: by theory, and by squared rank correlation of the draws.

        Draws are ranked of the variables that theory puts first: a thousand, fewer with millions of draws.
        """
        theory = self.analytic.share
        order = ranking(np.nan_to_num(theory)).tolist()
        good = np.flatnonzero(np.isfinite(self.draws))
        drawn: dict[int, float] = {}
        if len(good) > 1 and order:
            some = np.array(order[: max(1, min(RANKED, HELD // len(self.draws)))], np.int64)
            drawn = dict(zip(some.tolist(), rank_shares(self._given(some)[:, good], self.draws[good]), strict=True))
        v = self.variables
        return [
            {"key": v.key[n], "kind": v.kind[n], "process": v.process[n], "name": v.name[n], "source_line": v.line[n],
             "analytic_pct": 100 * float(theory[n]), "drawn_pct": 100 * float(drawn[n]) if n in drawn else None}
            for n in order
        ]  # fmt: skip

    @property
    def said(self) -> Said:
        """What stands behind the numbers, in words."""
        count, bare = len(self.variables.key), len(self.certain)
        theory = ("exact", "精确") if self.analytic.exact else ("of first order", "一阶近似")
        share = ("For how much of the footprint every number behind it states its uncertainty is not known",
                 "足迹中各项数值均说明了不确定性的部分有多少，无从得知")  # fmt: skip
        if self.known_pct is not None:
            pct = f"{self.known_pct:.1f} %"
            share = (f"For {pct} of the footprint every number behind it, amount and factor, states its uncertainty",
                     f"足迹中有 {pct} 的部分，其背后的每个数值（数量与因子）均说明了不确定性")  # fmt: skip
            if self.known_pct < 99.95:
                share = (f"{share[0]}; for the rest at least one does not, so that the spread may be wider than shown",
                         f"{share[1]}；其余部分至少有一个数值未说明，实际离散程度可能大于所示")  # fmt: skip
        lost = len(self.failed)
        return Said(
            f"{count} numbers are uncertain; {bare} count as certain: they state no uncertainty, or outputs share "
            f"burdens by them. {share[0]}. The variance by theory is {theory[0]}; shares of outputs stay those of the "
            f"scenario." + (f" {lost} draws have no solution and are left out." if lost else ""),
            f"不确定的数值 {count} 个；另有 {bare} 个数值视为确定：未说明不确定性，或产出按其分配负荷。{share[1]}。"
            f"解析方差为{theory[1]}；产出间的分配比例保持该情景的数值。"
            + (f"{lost} 次抽样无解，未计入。" if lost else ""),
        )


def uncertainty(
    footprint: Footprint, draws: int = 0, seed: int = 1, method: str = "random", scenario: str = "",
    threads: int | None = None, drawn: Draws | None = None,
) -> Uncertainty:  # fmt: skip
    """Return how uncertain a footprint is.

    Parameters
    ----------
    footprint : Footprint
        The study.
    draws : int
        How many draws; 0 = by theory alone.
    seed : int
        Another seed, other draws.
    method : {"random", "latin-hypercube", "sobol"}
        How to draw; a power of two for ``sobol``.
    scenario : str
        Which scenario. A parameter that it sets is as uncertain as it says there.
    threads : int, optional
        As many as there are processors; they change no bit, and neither does the order of rows.
    drawn : Draws, optional
        The footprints of these draws, if `draw_block` has computed them elsewhere.

    Returns
    -------
    Uncertainty

    Raises
    ------
    UsageError
        If there is no such scenario or method, or the number of draws does not fit it.
    DataError
        If an amount cannot be computed in some draw (P708), or a process makes nothing in it (P713).

    Notes
    -----
    What a row declares holds for its amount as a whole; of a transport leg, for mass times distance. Amounts that are
    expressions of parameters follow them, and are multiplied by the spread of the row's own. Limits that a factor
    prints are the 95 % interval of a lognormal distribution if they lie on one side of zero, else of a normal one.

    Examples
    --------
    >>> from carbon.footprint.study import footprint
    >>> found = footprint(
    ...     [{"process": "kiln", "unit": "t"}],
    ...     [{"process": "kiln", "kind": "emission", "name": "CO2", "amount": 800, "unit": "kg",
    ...       "uncertainty_pct": 10}],
    ...     study={"product": "kiln", "unit": "t"})
    >>> uncertainty(found).analytic.summary.sd.round(3).tolist()
    40.817
    """
    drawing = _Drawing(footprint, draws, seed, method, scenario)
    model, variables, unit, given = drawing.model, drawing.variables, drawing.unit, drawing.given
    totals, failed = drawn or (drawing.block(0, draws, threads) if draws else drawing.none)
    value = variables.table.value
    middle, stated = model.slopes(given(variables.table.mean[:, None])), model.slopes(given(value[:, None]))
    return Uncertainty(
        scenario, method, seed, stated.total, weighed(totals, model.weights),
        {gas: totals[:, place] for place, gas in enumerate(footprint.background.gases)},
        analytic(model, variables, middle, given, unit), variables,
        mean_shifts(model, variables, stated, given, unit), drawing.certain,
        known_pct(model, drawing.known, stated, given(value[:, None])),
        failed, lambda some: drawing.numbers(0, draws, some),
    )  # fmt: skip


def draw_block(
    footprint: Footprint, draws: int, first: int, last: int, *, seed: int = 1, method: str = "random",
    scenario: str = "", threads: int | None = None,
) -> Draws:  # fmt: skip
    """Return the footprints of some draws by gas [kg]: blocks put below one another are the draws of one call.

    Parameters
    ----------
    footprint : Footprint
        The study.
    draws : int
        How many draws there are in all.
    first, last : int
        Numbers of the first draw, and of the one after the last.
    seed, method, scenario, threads
        As of `uncertainty`, and so are the errors.

    Examples
    --------
    >>> from carbon.footprint.study import footprint
    >>> found = footprint(
    ...     [{"process": "kiln", "unit": "t"}],
    ...     [{"process": "kiln", "kind": "emission", "name": "CO2", "amount": 800, "unit": "kg",
    ...       "uncertainty_pct": 10}],
    ...     study={"product": "kiln", "unit": "t"})
    >>> whole = draw_block(found, 10, 0, 10).totals
    >>> bool((draw_block(found, 10, 4, 10).totals == whole[4:]).all())
    True
    """
    return _Drawing(footprint, draws, seed, method, scenario).block(first, last, threads)


class _Drawing:
    """What is drawn, and the model that it is put into."""

    def __init__(self, footprint: Footprint, draws: int, seed: int, method: str, scenario: str) -> None:
        check_scenario(footprint, scenario)
        if method not in METHODS or draws < 0:
            message = f"the methods are {', '.join(METHODS)}, with 0 draws or more"
            raise UsageError(message)
        variables, self.certain, self.known = find_variables(footprint, scenario)
        own, named, shared = (variables.of(kind) for kind in ("exchange", "parameter", "factor"))
        definitions = dict(footprint.parameters.definitions) | dict(footprint.parameters.scenarios.get(scenario, {}))
        names = [variables.place[n] for n in named]
        scaled = [name for name in names if definitions[name].names]
        value = variables.table.value
        unit = np.where(value != 0, value, 1.0)  # amounts and factors are multiplied by drawn over stated
        unit[[n for n in named.tolist() if variables.place[n] not in scaled]] = 1.0
        free = [variables.place[n] for n in own.tolist()]
        self.model = Many(
            footprint, scenario, names=names, scaled=scaled, free=free,
            scaled_amounts=[number for number, at in zip(free, value[own], strict=True) if at != 0],
            factors=[variables.place[n] for n in shared],
        )  # fmt: skip
        self.variables, self.unit, self.groups = variables, unit, (own, named, shared)
        self.none = Draws(np.empty((0, len(footprint.background.gases))), {})
        self.stream = streams(variables.key, seed)
        self.designed = None
        if method != "random" and draws and len(value):
            if len(value) * draws > HELD:
                message = f"{draws} draws of {len(value)} numbers are too many for {method}; draw at random"
                raise UsageError(message)
            try:
                self.designed = draw_designed(variables.table, self.stream, draws, method, seed)
            except DistributionError as error:
                raise UsageError(error.said.en) from error

    def given(self, numbers: np.ndarray) -> Given:
        """Return numbers as drawn, float64[variables, draws], as the model takes them."""
        own, named, shared = self.groups
        at = numbers / self.unit[:, None]
        return Given({self.variables.place[n]: at[n] for n in named.tolist()}, at[own].T, at[shared].T)

    def numbers(self, first: int, last: int, some: np.ndarray | None = None) -> np.ndarray:
        """Return what is drawn, float64[variables, draws]; of some variables only, if they are named."""
        if self.designed is not None:
            return self.designed[slice(None) if some is None else some, first:last]
        table, stream = self.variables.table, self.stream
        table, stream = (table, stream) if some is None else (_rows(table, some), stream[some])
        return draw(table, stream, last - first, first=first, threads=1)

    def block(self, first: int, last: int, threads: int | None) -> Draws:
        """Return the footprints of some draws."""
        found = self.model.draws(
            last - first, lambda one, end: self.given(self.numbers(first + one, first + end)), threads
        )
        return Draws(found.totals, {first + number: why for number, why in found.failed.items()})


def _rows(table: Distributions, rows: np.ndarray) -> Distributions:
    return Distributions(table.kind[rows], table.value[rows], np.ascontiguousarray(table.parameter[:, rows]))


__all__ = ["Analytic", "Draws", "Uncertainty", "Variables", "draw_block", "uncertainty"]
