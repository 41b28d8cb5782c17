"""Floor 1: the closed unit vocabulary and exact scales between units. Numbers stay fractions; nothing is guessed.

pint reads `units.txt` once into an empty registry; this module alone talks to pint, and never per row.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

from carbon import shipped
from carbon.errors import near_misses

Dimension = frozenset[tuple[str, int]]

_MASS_UNITS = ("kg", "g", "mg", "t", "kt", "Mt", "万t", "万吨", "吨", "千克", "克")
_OPERATORS = str.maketrans({"·": "*", "⋅": "*", "•": "*", "×": "*", "∙": "*"})
_TOKEN = re.compile(r"\s*(?:(\d+(?:\.\d+)?(?:[eE]\d+)?)|([()*/^])|([^\s()*/^]+))")
_BEYOND = Fraction(10**30)
_TENS = frozenset(10.0**power for power in range(13))
_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
_POWER = re.compile(r"(?<=[0-9])[⁰¹²³⁴⁵⁶⁷⁸⁹]+")  # 10⁴ is a power, m³ a name
_GAS_WORDS = (("二氧化碳当量", "CO2e"), ("二氧化碳", "CO2"), ("CO2-eq", "CO2e"), ("CO2eq", "CO2e"), ("CO2-e", "CO2e"),
              ("吨碳", "吨C"))  # fmt: skip
_SAID_TWICE = re.compile(r"([^()*/^]+)\(([^()]+)\)")
_GAS_APART = re.compile(r"(?<![A-Za-z])(kg|g|mg|t|kt|Mt|吨|千克)[ -](?=(?:CO2e?|CH4|N2O|SF6|NF3|C)(?![A-Za-z0-9]))")
REFUSED = {"ton": "t", "tons": "t", "nm3": "Nm3", "cal": "kcal", "btu": "mmBtu_HHV", "mmbtu": "mmBtu_HHV", "t": "t"}


class UnitError(ValueError):
    """A text that is not a unit of the vocabulary; `near` holds suggestions."""

    def __init__(self, text: str, near: Iterable[str] = ()) -> None:
        self.text, self.near = text, list(near)
        super().__init__(f"{text!r} is not a unit here; nearest: {', '.join(self.near) or 'none'}")

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.text, self.near)


class DimensionError(ValueError):
    """Two units that do not measure the same thing (kWh and t, m3 and Nm3, kgCO2 and kgCH4)."""


@dataclass(frozen=True)
class Unit:
    """A unit of measure.

    Attributes
    ----------
    text : str
        As written.
    scale : Fraction
        How many base units it is, exactly.
    dimension : frozenset of (str, int)
        Base dimensions with their powers; a gas (`CO2`, `CH4`) or carbon (`C`) is one of them.
    """

    text: str
    scale: Fraction
    dimension: Dimension

    def power(self, base: str) -> int:
        """Return the power of one base dimension, such as ``"energy"`` or ``"CO2"``; 0 if absent."""
        return dict(self.dimension).get(base, 0)

    @property
    def species(self) -> str:
        """The gas (or ``C``) whose mass stands in the numerator; empty if there is none."""
        return next((name for name, power in sorted(self.dimension) if power > 0 and name in species()), "")

    def describe(self) -> str:
        """Return the dimension in words, such as ``CO2 mass / energy``."""
        up = " ".join(n if p == 1 else f"{n}^{p}" for n, p in sorted(self.dimension) if p > 0)
        down = " ".join(n if p == -1 else f"{n}^{-p}" for n, p in sorted(self.dimension) if p < 0)
        return (up or "1") + (f" / {down}" if down else "")

    def __mul__(self, other: Unit) -> Unit:
        return Unit(f"{self.text}*{other.text}", self.scale * other.scale, _times(self.dimension, other.dimension, 1))

    def __truediv__(self, other: Unit) -> Unit:
        return Unit(f"{self.text}/{other.text}", self.scale / other.scale, _times(self.dimension, other.dimension, -1))


def _times(left: Dimension, right: Dimension, sign: int) -> Dimension:
    powers = dict(left)
    for name, power in right:
        powers[name] = powers.get(name, 0) + sign * power
    return frozenset((name, power) for name, power in powers.items() if power)


@cache
def species() -> frozenset[str]:
    """Return the ids of all gases (factors/gases.csv) and ``C`` for carbon."""
    with (shipped.folder("factors") / "gases.csv").open(encoding="utf-8", newline="") as file:
        return frozenset(row["gas"] for row in csv.DictReader(file)) | {"C"}


@cache
def _registry() -> Any:
    import pint

    registry = pint.UnitRegistry(None, non_int_type=Fraction)
    registry.load_definitions(Path(__file__).with_name("units.txt"))
    return registry


@cache
def vocabulary() -> tuple[str, ...]:
    """Return every unit name, symbol and alias that is known, in the order of `units.txt`."""
    lines = Path(__file__).with_name("units.txt").read_text("utf-8").splitlines()
    names = []
    for line in lines:
        if line and not line.startswith("#"):
            parts = [part.strip() for part in line.split("=")]
            names += [part for part in (parts[0], *parts[2:]) if part]
    return tuple(names)


@cache
def _atom(name: str) -> Unit:
    """Return the unit of one word of the vocabulary, or of a mass unit with a gas behind it."""
    if name in ("%", "1"):
        return Unit(name, Fraction(1, 100 if name == "%" else 1), frozenset())
    if name in vocabulary():
        registry = _registry()
        quantity = registry.Quantity(Fraction(1), name).to_root_units()
        powers = {str(base).strip("[]"): int(power) for base, power in quantity.dimensionality.items()}
        return Unit(name, Fraction(quantity.magnitude), frozenset(powers.items()))
    for mass in sorted(_MASS_UNITS, key=len, reverse=True):
        gas = name.removeprefix(mass)
        if gas != name and gas in species():
            unit = _atom(mass)
            return Unit(name, unit.scale, unit.dimension | {(gas, 1)})
    hint = REFUSED.get(name.lower())
    raise UnitError(name, [hint] if hint else near_misses(name, vocabulary()))


def _in_formula(text: str) -> str:
    """Return gases written in words or with their equivalence mark as their ids: 吨二氧化碳当量 → 吨CO2e."""
    for word, gas in _GAS_WORDS:
        text = text.replace(word, gas)
    return text


@cache
def parse(text: str) -> Unit:
    """Return the unit that a text names.

    Parameters
    ----------
    text : str
        A unit (``万千瓦时``, ``t``), a gas mass (``tCO2``), or a quotient or product of them
        (``kgCO2/kWh``, ``GJ/10^4 Nm3``, ``kgCO2e/(t*km)``).

    Returns
    -------
    Unit

    Raises
    ------
    UnitError
        If a word of it is not in the vocabulary (code U101).

    Examples
    --------
    >>> parse("万千瓦时").scale / parse("GJ").scale
    Fraction(36, 1)
    >>> parse("tCO2").dimension == parse("tCH4").dimension
    False
    """
    raised = _POWER.sub(lambda found: "^" + found[0].translate(_RAISED), text.strip())
    cleaned = unicodedata.normalize("NFKC", raised).translate(_OPERATORS).replace("**", "^")
    cleaned = _GAS_APART.sub(r"\1", _in_formula(cleaned))
    if (twice := _SAID_TWICE.fullmatch(cleaned)) is not None:  # 吨(t): the same unit in two languages
        first, second = parse(twice[1]), parse(twice[2])
        if (first.scale, first.dimension) != (second.scale, second.dimension):
            raise UnitError(text, [twice[1], twice[2]])
        return Unit(text.strip(), first.scale, first.dimension)
    tokens, position = [], 0
    while position < len(cleaned):
        match = _TOKEN.match(cleaned, position)
        if match is None:
            break
        tokens.append(match.groups())
        position = match.end()
    if not tokens or len(tokens) > 24:
        raise UnitError(text)
    unit, rest = _product(tokens, text)
    if rest:
        raise UnitError(text)
    return Unit(text.strip(), unit.scale, unit.dimension)


def _ten(number: str, text: str) -> Fraction:
    """Return a number inside a unit, which is a power of ten; `104 Nm3` is a lost exponent and refused."""
    if re.fullmatch(r"10{0,12}|1[eE]\d{1,2}", number) and (value := float(number)) in _TENS:
        return Fraction(int(value))
    raise UnitError(text, [text.replace(number, f"{number[:2]}^{number[2:]}")] if number.startswith("10") else [])


def _product(tokens: list[tuple[str, ...]], text: str) -> tuple[Unit, list[tuple[str, ...]]]:
    """Parse what is joined by ``*`` or ``/`` (or a number and a unit) up to a bracket; return it and the rest."""
    unit, divide, expect, bare = Unit("", Fraction(1), frozenset()), False, True, False
    while tokens:
        number, operator, word = tokens[0]
        if operator == ")":
            break
        tokens = tokens[1:]
        if operator in ("*", "/"):
            if expect:
                raise UnitError(text)
            divide, expect = operator == "/", True
            continue
        if not expect and not bare:
            raise UnitError(text)  # two units side by side are no product
        bare = bool(number)
        if operator == "(":
            part, tokens = _product(tokens, text)
            if not tokens or tokens[0][1] != ")":
                raise UnitError(text)
            tokens = tokens[1:]
        elif number:
            part = Unit(number, _ten(number, text), frozenset())
        elif word:
            part = _atom(word)
        else:
            raise UnitError(text)
        if len(tokens) > 1 and tokens[0][1] == "^" and (tokens[1][0] or "").isdigit() and int(tokens[1][0]) <= 12:
            power, tokens = int(tokens[1][0]), tokens[2:]
            part = Unit("", part.scale**power, frozenset((name, p * power) for name, p in part.dimension))
        if not 1 / _BEYOND < part.scale < _BEYOND:
            raise UnitError(text)
        unit = unit / part if divide else unit * part
        expect = False
        # a bare number scales what follows it and stays on its side of the slash: GJ/10^4 Nm3
        if not (number and tokens and tokens[0][2]):
            divide = False
    if expect:
        raise UnitError(text)
    return unit, tokens


def ratio(source: Unit, target: Unit) -> Fraction:
    """Return by what a number in `source` is multiplied to be in `target`, exactly.

    Raises
    ------
    DimensionError
        If they do not measure the same thing.

    Examples
    --------
    >>> ratio(parse("kWh"), parse("MJ"))
    Fraction(18, 5)
    """
    if source.dimension != target.dimension:
        message = f"{source.text} ({source.describe()}) is not {target.text} ({target.describe()})"
        raise DimensionError(message)
    return source.scale / target.scale


def add(amounts: Iterable[tuple[Fraction | int | str, str]], gwp: Mapping[str, Fraction] | None = None) -> Fraction:
    """Add amounts of different units [kg]; different gases only with a set of warming potentials.

    Parameters
    ----------
    amounts : iterable of (number, unit)
        Masses of gases.
    gwp : mapping of gas to Fraction, optional
        Warming potentials [kgCO2e/kg]; without it only amounts of one and the same gas can be added.

    Returns
    -------
    Fraction
        Kilograms of the one gas, or of CO2e where `gwp` is given.

    Raises
    ------
    DimensionError
        If gases are mixed without `gwp`, or one of them is missing there.

    Examples
    --------
    >>> add([(2, "tCO2"), (1, "kgCH4")], gwp={"CO2": Fraction(1), "CH4": Fraction(28)})
    Fraction(2028, 1)
    """
    total, first = Fraction(0), None
    for number, text in amounts:
        unit = parse(text)
        kilogram = parse(f"kg{unit.species}" if unit.species else "kg")
        mass = Fraction(number) * ratio(unit, kilogram)
        if gwp is not None and unit.species != "CO2e":
            if unit.species not in gwp:
                message = f"no warming potential for {unit.species or unit.text}"
                raise DimensionError(message)
            mass *= gwp[unit.species]
        elif first is not None and gwp is None and unit.species != first:
            message = f"{first} and {unit.species} cannot be added without a GWP set"
            raise DimensionError(message)
        first = unit.species
        total += mass
    return total
