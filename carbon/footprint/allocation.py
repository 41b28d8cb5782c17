"""Shares of the outputs of one process, exactly: mass, energy, economic value, own fractions, heat and power."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType

from carbon.errors import Said
from carbon.schema import folded

METHODS = ("mass", "energy", "economic", "fraction", "substitution")
HEAT_AND_POWER: Mapping[str, tuple[str, ...]] = MappingProxyType({
    "energy": (), "exergy": ("ambient_k", "heat_k"), "efficiency": ("heat_efficiency", "power_efficiency"),
    "heat-ratio": ("heat_input",),
})  # fmt: skip
_BY = {"mass": "mass", "energy": "energy", "economic": "price"}
_NAMES = {"mass": Said("mass", "质量"), "energy": Said("heat value", "热值"), "price": Said("price", "价格"),
          "fraction": Said("fraction", "分配比例")}  # fmt: skip


class AllocationError(ValueError):
    """Outputs that cannot share a burden; its argument says why in both languages."""


@dataclass(frozen=True)
class Output:
    """One output of a process.

    Attributes
    ----------
    name : str
        The product.
    amount : Fraction
        How much of it the process makes. [its unit]
    mass, energy, price, fraction : Fraction or None
        Mass [kg], heat value [MJ] and price of one unit, and its own share; None = not given.
    """

    name: str
    amount: Fraction
    mass: Fraction | None = None
    energy: Fraction | None = None
    price: Fraction | None = None
    fraction: Fraction | None = None


def shares(
    method: str, outputs: Sequence[Output], heat: str = "", given: Mapping[str, Fraction] | None = None
) -> list[Fraction]:
    """Return the share of each output in the burdens of its process; they add up to 1 exactly.

    Parameters
    ----------
    method : {"mass", "energy", "economic", "fraction", "substitution"} or str
        How they share. By substitution the first output, which is the reference, carries all, and what the others
        replace is credited as an avoided product. ``chp-`` with a convention of `heat_and_power` is for one heat and
        one power.
    outputs : sequence of Output
        The reference product first.
    heat : str
        Name of the output that is the heat, where a plant makes heat and power.
    given : mapping of str to Fraction, optional
        Numbers of the plant that its convention asks for.

    Returns
    -------
    list of Fraction

    Raises
    ------
    AllocationError
        If a property or a number is missing, all weights are zero, or own fractions do not add up to 1.

    Notes
    -----
    ISO 14067:2018 and GB/T 24067-2024 put subdivision and expansion of the system before allocation by a physical
    relation, and that before economic value; which is taken is the choice of the study and is shown with its effect.

    Examples
    --------
    >>> steam = Output("steam", Fraction(3), energy=Fraction(2800))
    >>> power = Output("power", Fraction(1), energy=Fraction(3600))
    >>> [str(share) for share in shares("energy", [power, steam])]
    ['3/10', '7/10']
    """
    prefix, _, convention = method.partition("chp-")
    if not prefix and convention in HEAT_AND_POWER:
        return _combined(convention, outputs, heat, given or {})
    if method not in METHODS:
        known = [*METHODS, *(f"chp-{name}" for name in HEAT_AND_POWER)]
        raise AllocationError(Said(f"no allocation {method!r}; known: {', '.join(known)}",
                                   f"没有分配方法“{method}”，可用：{'、'.join(known)}"))  # fmt: skip
    if method == "fraction" and len(outputs) == 1 and outputs[0].fraction is not None:
        return _own(outputs)
    if method == "substitution" or len(outputs) == 1:
        return [Fraction(1), *[Fraction(0)] * (len(outputs) - 1)]
    if method == "fraction":
        return _own(outputs)
    column = _BY[method]
    weights = [_weight(output, column) for output in outputs]
    total = sum(weights, Fraction(0))
    if total <= 0 or min(weights) < 0:
        raise AllocationError(Said(f"the outputs have no {_NAMES[column].en} to share by",
                                   f"各产出的{_NAMES[column].zh}合计不为正，无法分配"))  # fmt: skip
    return [weight / total for weight in weights]


def _weight(output: Output, column: str) -> Fraction:
    """Return the mass, energy or worth of an output."""
    each: Fraction | None = getattr(output, column)
    if each is None:
        raise AllocationError(Said(f"the {_NAMES[column].en} of {output.name!r} is missing",
                                   f"缺少“{output.name}”的{_NAMES[column].zh}"))  # fmt: skip
    return each * output.amount


def _combined(convention: str, outputs: Sequence[Output], heat: str, given: Mapping[str, Fraction]) -> list[Fraction]:
    """Return the shares of one heat and one power, in the order of the outputs."""
    if len(outputs) != 2:
        raise AllocationError(Said(f"heat and power are two outputs; it has {len(outputs)}",
                                   f"热电联产须有热、电两种产出，现有 {len(outputs)} 种"))  # fmt: skip
    names = [output.name for output in outputs]
    found = [folded(name) == folded(heat) for name in names]
    if sum(found) != 1:
        raise AllocationError(Said(f"heat_output has to name the one that is the heat: {' or '.join(names)}",
                                   f"heat_output 须写明哪种产出是热：{'或'.join(names)}"))  # fmt: skip
    energy = [_weight(output, "energy") for output in outputs]
    at = found.index(True)
    share = heat_and_power(convention, energy[at], energy[1 - at], given)
    return [share if is_heat else 1 - share for is_heat in found]


def _own(outputs: Sequence[Output]) -> list[Fraction]:
    missing = [output.name for output in outputs if output.fraction is None]
    if missing:
        raise AllocationError(Said(f"the fraction of {', '.join(missing)} is missing",
                                   f"缺少{'、'.join(missing)}的分配比例"))  # fmt: skip
    given = [output.fraction or Fraction(0) for output in outputs]
    total = sum(given, Fraction(0))
    if total != 1:
        raise AllocationError(Said(f"the fractions add up to {float(total):.10g}, not to 1",
                                   f"分配比例合计为 {float(total):.10g}，应恰为 1"))  # fmt: skip
    return given


def heat_and_power(convention: str, heat: Fraction, power: Fraction, given: Mapping[str, Fraction]) -> Fraction:
    """Return the share of the heat in the burdens of a combined heat and power plant; the rest is that of the power.

    Parameters
    ----------
    convention : {"energy", "exergy", "efficiency", "heat-ratio"}
        ``energy``: by heat content. ``exergy``: heat counts by its Carnot factor ``1 - ambient_k / heat_k``.
        ``efficiency``: by the fuel that separate plants of `heat_efficiency` and `power_efficiency` would burn.
        ``heat-ratio`` (供热比): heat supplied over the heat that the plant takes up, `heat_input`.
    heat, power : Fraction
        Output, in one unit of energy.
    given : mapping of str to Fraction
        What the convention asks for.

    Returns
    -------
    Fraction
        Between 0 and 1.

    Raises
    ------
    AllocationError
        If something is missing or does not make sense.

    Examples
    --------
    >>> str(heat_and_power("energy", Fraction(60), Fraction(40), {}))
    '3/5'
    >>> separate = {"heat_efficiency": Fraction(9, 10), "power_efficiency": Fraction(2, 5)}
    >>> str(heat_and_power("efficiency", Fraction(60), Fraction(40), separate))
    '2/5'
    """
    if convention not in HEAT_AND_POWER:
        raise AllocationError(Said(f"no convention {convention!r}; known: {', '.join(HEAT_AND_POWER)}",
                                   f"没有热电分摊方法“{convention}”，可用：{'、'.join(HEAT_AND_POWER)}"))  # fmt: skip
    needed = HEAT_AND_POWER[convention]
    if absent := [name for name in needed if given.get(name, Fraction(0)) <= 0]:
        raise AllocationError(Said(f"{', '.join(absent)} is missing or not above 0",
                                   f"{'、'.join(absent)} 缺失或不大于 0"))  # fmt: skip
    if heat < 0 or power < 0 or heat + power == 0:
        raise AllocationError(
            Said("heat and power must be 0 or more, and not both 0", "热、电产出须不小于 0 且不同时为 0")
        )
    left, right = heat, power
    if convention == "exergy":
        left = heat * (1 - given["ambient_k"] / given["heat_k"])
    elif convention == "efficiency":
        left, right = heat / given["heat_efficiency"], power / given["power_efficiency"]
    elif convention == "heat-ratio":
        right = given["heat_input"] - heat
    if left < 0 or right < 0 or left + right == 0:
        raise AllocationError(Said(f"the share of the heat lies outside 0 to 1; see {', '.join(needed)}",
                                   f"热力分摊比例超出 0 至 1，请核对 {'、'.join(needed)}"))  # fmt: skip
    return left / (left + right)
