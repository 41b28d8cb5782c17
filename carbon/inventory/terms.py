"""What one key contributes: terms, each a product of the row's quantity and named factors."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from carbon import units
from carbon.errors import Said
from carbon.library import Factor, Item
from carbon.periods import Period
from carbon.units import Unit

ENERGY, PRIMARY = "energy", "energy-primary"
ZERO_INSTRUMENTS = ("green-power", "certificate", "self-generated")


@dataclass(frozen=True)
class Slot:
    """One factor of a product.

    Attributes
    ----------
    name : str
        What it is: ncv, carbon_content, oxidation, factor, enthalpy, …
    unit : Unit
        Its unit as printed or entered.
    column : str
        Override column of the row that it is read from; empty = `value`.
    value : Fraction
        Default value, exactly; 1 where `column` is set.
    factors : tuple of Factor
        Where the default comes from (more than one for a derived value).
    text : str
        How a derived value comes about, such as ``1 - 0.02 - 0.004``.
    """

    name: str
    unit: Unit
    column: str = ""
    value: Fraction = Fraction(1)
    factors: tuple[Factor, ...] = ()
    text: str = ""


@dataclass(frozen=True)
class Term:
    """One gas (or energy) of one key: ``amount = quantity · scale · Π slots``.

    Attributes
    ----------
    target : str
        Gas id, ``"energy"`` or ``"energy-primary"``.
    basis : str
        ``"location"``, ``"market"``, or "" for both.
    scale : Fraction
        All unit scales, the carbon ratio and the sign; the result is in kilograms. [kg or kgce per unit of the row]
    carbon : Fraction or None
        The carbon-to-CO2 ratio, where it is part of the scale.
    rung : tuple of Said
        What the matches had to give up.
    """

    target: str
    slots: tuple[Slot, ...]
    scale: Fraction
    sign: int
    carbon: Fraction | None = None
    basis: str = ""
    rung: tuple[Said, ...] = ()

    @property
    def factors(self) -> tuple[Factor, ...]:
        """Every printed number that it uses."""
        return tuple(factor for slot in self.slots for factor in slot.factors)

    @cached_property
    def fixed(self) -> Fraction:
        """What is known of it before any row: scale and printed numbers in one, exactly."""
        return self.scale * math.prod((slot.value for slot in self.slots), start=Fraction(1))

    @cached_property
    def digits(self) -> float:
        """Decimal logarithm of the magnitude of `fixed`; 0 where that is nothing."""
        return math.log10(abs(self.fixed.numerator)) - math.log10(self.fixed.denominator) if self.fixed else 0.0


@dataclass(frozen=True)
class Key:
    """A distinct combination of everything that decides how rows are computed, except their numbers.

    Attributes
    ----------
    units : dict
        Units of the measured values that the rows bring: ``ncv``, ``carbon_content``, ``factor``; ``oxidation``.
    pressure, temperature : str
        State of steam as printed; empty if not given. [MPa, degree Celsius]
    """

    pack: str
    item: Item
    use: str
    use_given: bool
    region: str
    region_given: bool
    process: str
    period: Period
    unit: Unit
    instrument: str
    given: tuple[tuple[str, Unit | None], ...]
    pressure: str = ""
    temperature: str = ""

    def measured(self, name: str) -> bool:
        """Return whether its rows bring a measured value."""
        return any(given == name for given, _ in self.given)

    def unit_of(self, name: str) -> Unit:
        """Return the unit of a measured value."""
        unit = dict(self.given)[name]
        return unit if unit is not None else units.parse("1")


@dataclass(frozen=True)
class Routed:
    """The outcome for one key.

    Attributes
    ----------
    category : str
        Category of the pack; empty where only energy is counted.
    scope : int
        1, 2 or 3; 0 where only energy is counted.
    route : str
        How it was computed.
    terms : tuple of Term
        Gases and energy.
    non_fossil : bool
        Whether its energy is left out of the control scope as non-fossil.
    lacking : tuple of str
        Bases on which it could not be computed although the other one could.
    failed : bool
        Whether its rows cannot be computed.
    """

    category: str = ""
    scope: int = 0
    route: str = ""
    terms: tuple[Term, ...] = ()
    non_fossil: bool = False
    lacking: tuple[str, ...] = ()
    failed: bool = False


class UnfitError(Exception):
    """A unit in a chain that does not lead to a mass of gas; a matter of control flow inside routes."""


def product(unit: Unit, slots: tuple[Slot, ...], carbon: Fraction | None) -> tuple[str, Fraction]:
    """Return the gas that a chain of units leads to, and its scale to kilograms.

    Parameters
    ----------
    unit : Unit
        Unit of the quantity.
    slots : tuple of Slot
        Factors of the chain.
    carbon : Fraction or None
        Mass of CO2 per mass of carbon, where the chain leads to carbon.

    Raises
    ------
    UnfitError
        If the product is not a mass of one gas.

    Examples
    --------
    >>> ncv, cc = Slot("ncv", units.parse("GJ/t")), Slot("carbon_content", units.parse("tC/GJ"))
    >>> product(units.parse("t"), (ncv, cc), Fraction(44, 12))
    ('CO2', Fraction(11000, 3))
    """
    total = unit
    for slot in slots:
        total = total * slot.unit
    gas = total.species
    if gas == "C" and carbon is not None:
        kilogram, ratio, gas = units.parse("kgC"), carbon, "CO2"
    elif gas and gas != "C":
        kilogram, ratio = units.parse(f"kg{gas}"), Fraction(1)
    else:
        raise UnfitError
    if total.dimension != kilogram.dimension:
        raise UnfitError
    return gas, total.scale / kilogram.scale * ratio
