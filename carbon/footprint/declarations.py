"""What a row declares about an uncertain number: limits, a standard deviation or a half-width, perhaps a pedigree.

Limits are kept as printed, so the printed value need not be mean or median of what they declare.
"""

from __future__ import annotations

import math
import pkgutil
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from carbon.errors import Said

KINDS = ("none", "lognormal", "normal", "triangular", "uniform")  # numbered as the kernel numbers them
PEDIGREE = ("reliability", "completeness", "time", "geography", "technology")
NORMAL_95 = 1.959963984540054  # 97.5 % quantile of the standard normal distribution
LARGEST, WIDEST = 1e100, 10.0  # a magnitude, a standard deviation of the logarithm: moments and draws stay finite


class DistributionError(ValueError):
    """A declaration that says too little, too much or the impossible.

    Attributes
    ----------
    said : Said
        What is wrong and how to mend it, in both languages.
    column : str
        Field that it concerns.
    """

    def __init__(self, said: Said, column: str) -> None:
        self.said, self.column = said, column
        super().__init__(said.en)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.said, self.column)


@dataclass(frozen=True)
class Distribution:
    """An uncertain number.

    Attributes
    ----------
    kind : str
        One of `KINDS`.
    value : float
        The number as printed, which a deterministic calculation uses.
    parameters : tuple of three floats
        none: value; lognormal: median, standard deviation of the logarithm (negative below zero); normal: mean,
        standard deviation; triangular: minimum, mode, maximum; uniform: minimum, maximum. Unused ones are zero.
    """

    kind: str
    value: float
    parameters: tuple[float, float, float]


def declare(
    value: float, distribution: str = "", *, low: float | None = None, high: float | None = None,
    sd: float | None = None, gsd: float | None = None, uncertainty_pct: float | None = None,
    pedigree: Sequence[int] | None = None, variances: Mapping[str, Sequence[float]] | None = None,
) -> Distribution:  # fmt: skip
    """Return the distribution that a row declares.

    Parameters
    ----------
    value : float
        The number as printed; for a triangle its mode.
    distribution : str
        One of `KINDS`; ``none`` switches all uncertainty off. Empty: none if nothing is given, lognormal with `gsd`
        or `pedigree`, normal with `sd` or `uncertainty_pct`; limits alone do not say enough.
    low, high : float, optional
        Lognormal and normal: limits of the 95 % interval. Triangular and uniform: minimum and maximum.
    sd : float, optional
        Standard deviation (normal). [unit of the value]
    gsd : float, optional
        Geometric standard deviation (lognormal), at least 1; not its square.
    uncertainty_pct : float, optional
        Half-width of the 95 % interval. Normal: value ± value·pct/100; lognormal: from value / (1 + pct/100) to
        value · (1 + pct/100). [%]
    pedigree : five of 1 to 5, optional
        Scores in the order of `PEDIGREE`; they widen a lognormal or a normal distribution.
    variances : mapping of str to five floats, optional
        Variance of the logarithm by score that each field adds, such as `pedigree_variances` returns.

    Raises
    ------
    DistributionError
        If it says too little, too much or the impossible.

    Examples
    --------
    >>> declare(100.0, uncertainty_pct=5)
    Distribution(kind='normal', value=100.0, parameters=(100.0, 2.551067..., 0.0))
    """
    numbers = {"value": value, "low": low, "high": high, "sd": sd, "gsd": gsd, "uncertainty_pct": uncertainty_pct}
    given = {name: float(number) for name, number in numbers.items() if number is not None}
    for name, number in given.items():
        if not abs(number) <= LARGEST:
            raise DistributionError(Said(f"{name} is not a number of reasonable size", f"{name} 不是合理的数值"), name)
    value = given.pop("value")
    kind = distribution or _implied(set(given), pedigree is not None)
    _enough(kind, set(given), pedigree is not None)
    if kind == "none":
        return Distribution(kind, value, (value, 0.0, 0.0))
    if "low" in given and not (given["low"] <= value <= given["high"] and given["low"] < given["high"]):
        said = Said("low, value and high do not rise in this order", "low、数值、high 未依次递增")
        raise DistributionError(said, "low")
    if kind == "triangular":
        return Distribution(kind, value, (given["low"], value, given["high"]))
    if kind == "uniform":
        return Distribution(kind, value, (given["low"], given["high"], 0.0))
    extra = _log_variance(pedigree, variances or {}) if pedigree is not None else 0.0
    centre, spread = (_lognormal if kind == "lognormal" else _normal)(value, given)
    if kind == "normal":  # times an independent factor of mean 1 whose logarithm has that variance
        squares = math.expm1(extra)
        return Distribution(kind, value, (centre, math.sqrt(spread**2 * (1 + squares) + centre**2 * squares), 0.0))
    spread = math.sqrt(spread**2 + extra)
    if spread > WIDEST:
        said = Said("the distribution is wider than numbers go", "分布过宽")
        raise DistributionError(said, "gsd" if "gsd" in given else "high")
    return Distribution(kind, value, (centre, math.copysign(spread, value), 0.0))


def _implied(given: set[str], pedigree: bool) -> str:
    """Return the distribution that a row without one means."""
    if "gsd" in given or (pedigree and not given):
        return "lognormal"
    if given & {"sd", "uncertainty_pct"}:
        return "normal"
    if not given:
        return "none"
    said = Said(
        f"low and high alone do not say which distribution; write {', '.join(KINDS[1:])}",
        f"仅有 low 和 high 不能确定分布；请写 {'、'.join(KINDS[1:])}",
    )
    raise DistributionError(said, "distribution")


def _enough(kind: str, given: set[str], pedigree: bool) -> None:
    """See that a declaration is of a known kind and says its spread once."""
    if kind not in KINDS:
        said = Said(
            f"there is no distribution '{kind[:40]}'; write {', '.join(KINDS)}",
            f"没有分布“{kind[:40]}”；可用：{'、'.join(KINDS)}",
        )
        raise DistributionError(said, "distribution")
    own = {"lognormal": "gsd", "normal": "sd"}.get(kind)
    choices = [{"low", "high"}, *([{own}, {"uncertainty_pct"}] if own else [])]
    if kind != "none" and given not in choices and not (own and pedigree and not given):
        words = ["low + high", *([own, "uncertainty_pct"] if own else [])]
        found = ", ".join(sorted(given)) or "-"
        said = Said(
            f"a {kind} distribution takes {' or '.join(words)}; found: {found}",
            f"{kind} 分布需要 {' 或 '.join(words)}；实际给出：{found}",
        )
        raise DistributionError(said, "distribution")
    if pedigree and kind in ("triangular", "uniform"):
        said = Said(
            f"a pedigree cannot widen a {kind} distribution; write lognormal or normal",
            f"谱系评分不能加宽 {kind} 分布；请改用 lognormal 或 normal",
        )
        raise DistributionError(said, "pedigree")


def _lognormal(value: float, given: Mapping[str, float]) -> tuple[float, float]:
    """Return median and standard deviation of the logarithm."""
    if "low" in given:
        low, high = given["low"], given["high"]
        if low <= 0 <= high:
            said = Said(
                "the limits of a lognormal distribution lie on one side of zero; write normal, triangular or uniform",
                "对数正态分布的上下限须同在零的一侧；请改用 normal、triangular 或 uniform",
            )
            raise DistributionError(said, "low")
        median = math.copysign(math.sqrt(abs(low)) * math.sqrt(abs(high)), low)
        return median, abs(math.log(abs(high)) - math.log(abs(low))) / (2 * NORMAL_95)
    if given.get("gsd", 1.0) < 1:
        said = Said("a geometric standard deviation is 1 or more", "几何标准差不小于 1")
        raise DistributionError(said, "gsd")
    return value, math.log(given.get("gsd", 1.0)) or _half_width(given, math.log1p)


def _normal(value: float, given: Mapping[str, float]) -> tuple[float, float]:
    """Return mean and standard deviation."""
    if "low" in given:
        return (given["low"] + given["high"]) / 2, (given["high"] - given["low"]) / (2 * NORMAL_95)
    if given.get("sd", 0.0) < 0:
        raise DistributionError(Said("a standard deviation is not negative", "标准差不得为负"), "sd")
    return value, given.get("sd", 0.0) or abs(value) * _half_width(given, float)


def _half_width(given: Mapping[str, float], of: Callable[[float], float]) -> float:
    percent = given.get("uncertainty_pct", 0.0)
    if percent < 0:
        raise DistributionError(Said("a half-width is not negative", "不确定度半宽不得为负"), "uncertainty_pct")
    return of(percent / 100) / NORMAL_95


def _log_variance(scores: Sequence[int], variances: Mapping[str, Sequence[float]]) -> float:
    if len(scores) != len(PEDIGREE) or any(score not in (1, 2, 3, 4, 5) for score in scores):
        said = Said(
            f"a pedigree is five scores from 1 to 5: {', '.join(PEDIGREE)}",
            f"谱系评分为五个 1–5 的分值：{'、'.join(PEDIGREE)}",
        )
        raise DistributionError(said, "pedigree")
    for name in PEDIGREE:
        if len(variances.get(name, ())) != 5 or not all(0 <= number < WIDEST for number in variances[name]):
            said = Said(
                f"the pedigree needs five variances of the logarithm for {name}", f"谱系的 {name} 须给出五个对数方差"
            )
            raise DistributionError(said, "pedigree")
    return math.fsum(variances[name][int(score) - 1] for name, score in zip(PEDIGREE, scores, strict=True))


@cache
def pedigree_variances() -> dict[str, tuple[float, ...]]:
    """Return the shipped variances by field and score (pedigree.toml, which names source and verification).

    Examples
    --------
    >>> pedigree_variances()["time"]
    (0.0, 0.0002, 0.002, 0.008, 0.04)
    """
    document = tomllib.loads((pkgutil.get_data("carbon.footprint", "pedigree.toml") or b"").decode("utf-8"))
    return {name: tuple(float(number) for number in document["variance"][name]) for name in PEDIGREE}
