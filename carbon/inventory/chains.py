"""Chains: what every route is made of. A quantity, factors found for its key, and units that must lead to a gas.

Also what is said when no factor is found: the most telling of several misses, with the rungs tried and what is nearest.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from carbon import units
from carbon.documents import Category, RunElectricity
from carbon.errors import Said
from carbon.inventory.steam import enthalpy
from carbon.inventory.terms import Key, Slot, Term, UnfitError, product
from carbon.library import Factor, FactorSet, Library, Match, Miss, find
from carbon.units import Unit

Report = Callable[..., None]
PARAMETERS = {
    "ncv": Said("net calorific value", "低位发热量"), "carbon_content": Said("carbon content", "含碳量"),
    "oxidation": Said("oxidation", "碳氧化率"), "emission": Said("emission factor", "排放因子"),
    "gce": Said("standard-coal coefficient", "折标准煤系数"),
}  # fmt: skip
FEED_WATER = "steam-enthalpy/feedwater-unverified"


class FailedError(Exception):
    """A key that cannot be computed; the issue has been reported."""


class Chains:
    """The chains of one key.

    Parameters
    ----------
    key : Key
        What is computed.
    library : Library
        Factors.
    electricity : RunElectricity
        The run's own choices about electricity.
    report : callable
        Called with an issue code and its parts.
    """

    def __init__(self, key: Key, library: Library, electricity: RunElectricity, report: Report) -> None:
        self.key, self.library, self.electricity, self.report = key, library, electricity, report
        self.said = f"{key.item.name_zh} ({key.item.id})" if key.item.kind != "own" else key.item.name_zh
        self.pack = library.pack(key.pack)
        self.lacking: list[str] = []

    def term(
        self,
        slots: Sequence[Slot],
        sign: int,
        *,
        basis: str = "",
        rung: tuple[Said, ...] = (),
    ) -> Term:
        """Return the term of a chain; raises UnfitError if its units do not lead to a gas."""
        gas, scale = product(self.key.unit, tuple(slots), self.pack.carbon_to_co2)
        if gas == "CO2" and self.key.item.origin == "biogenic":
            gas = "CO2-biogenic"
        carbon = self.pack.carbon_to_co2 if any(slot.unit.power("C") for slot in slots) else None
        return Term(gas, tuple(slots), scale * sign, sign, carbon, basis, rung)

    def given(self, name: str) -> Slot:
        """Return the slot of a measured value of the rows."""
        return Slot(name, self.key.unit_of(name), column=name)

    def default(self, name: str, match: Match) -> Slot:
        """Return the slot of a printed number."""
        return Slot(name, match.factor.parsed_unit, value=match.factor.exact, factors=(match.factor,))

    def find(
        self, sets: Sequence[FactorSet], parameter: str, item: str = "", gas: str = "",
        accept: Callable[[Factor], bool] = lambda _: True, ladder: Sequence[str] | None = None, rule: str = "",
    ) -> Match | Miss:  # fmt: skip
        """Find the factor of the key, in the user's own sets first; see `carbon.library.find`."""
        key = self.key
        match: Match | Miss = Miss("absent")
        for part in ([s for s in sets if s.own], [s for s in sets if not s.own]):
            if part:
                match = find(
                    part, parameter, item or key.item.id, gas=gas, process=key.process, period=key.period,
                    regions=self.library.ladder(key.region) if ladder is None else ladder,
                    rule=rule or self.pack.periods, accept=accept,
                )  # fmt: skip
            if isinstance(match, Match) or match.reason in ("period", "unit", "range", "ambiguous"):
                break  # an own factor that does not hold is an issue, not a reason to take another number
        return replace(match, parameter=parameter) if isinstance(match, Miss) else match

    def fits(self, *before: Slot) -> Callable[[Factor], bool]:
        """Return a test whether a factor's unit ends the chain at a gas."""

        def accept(factor: Factor) -> bool:
            try:
                product(self.key.unit, (*before, Slot("", factor.parsed_unit)), self.pack.carbon_to_co2)
            except UnfitError:
                return False
            return True

        return accept

    @staticmethod
    def is_mass(unit: Unit) -> bool:
        """Return whether a unit measures plain mass."""
        return set(unit.dimension) == {("mass", 1)}

    def steam_chains(self) -> list[tuple[tuple[Slot, ...], int]]:
        """Return the chains from a mass of steam to its heat: (enthalpy - that of feed water)."""
        key = self.key
        water = self.find(self.library.known([FEED_WATER]), "feedwater_enthalpy", item="steam")
        if isinstance(water, Miss):
            self.missing([water], None)
            raise FailedError
        feed = self.default("feedwater_enthalpy", water)
        if key.measured("ncv"):
            return [((self.given("ncv"),), 1), ((feed,), -1)]
        if not key.pressure and not key.temperature:
            self.report("F206", column="pressure_mpa", value=self.said)
            raise FailedError
        state = enthalpy(self.library, key.pressure, key.temperature)
        if isinstance(state, Said):
            self.report("F207", column="temperature_c" if key.temperature else "pressure_mpa", why=state,
                        value=f"{key.pressure or '-'} MPa, {key.temperature or '-'} °C")  # fmt: skip
            raise FailedError
        read, text = state
        heat = Slot("enthalpy", units.parse("kJ/kg"), value=read.value - feed.value,
                    factors=read.factors + feed.factors,
                    text=f"{text} - {feed.factors[0].value}")  # fmt: skip
        return [((heat,), 1)]

    def _kin(self, category: Category) -> list[str]:
        """Return items with a factor here whose name ends like that of the key (原煤: 烟煤, 无烟煤, 褐煤)."""
        known = {
            item for s in self.library.known(category.sets) for parameter, item in s.index if parameter != "oxidation"
        }
        names = [self.library.items[item] for item in sorted(known) if item in self.library.items]
        last = self.key.item.name_zh[-1:]
        own = self.key.item
        kin = [
            i
            for i in names
            if i.kind == own.kind and i.id != own.id and (own.kind == "carbonate" or i.name_zh.endswith(last))
        ]
        return [f"{i.name_zh} ({i.id})" for i in kin][:6]

    @staticmethod
    def unit_code(left: Unit, right: Unit) -> str:
        """Return the code for two units that do not meet: a special one for m3 against Nm3."""
        bases = {base for unit in (left, right) for base, _ in unit.dimension}
        return "U106" if {"length", "normal_volume"} <= bases else "U103"

    def missing(self, misses: Sequence[Miss], category: Category | None) -> None:
        """Report the most telling of several misses."""
        order = ("ambiguous", "unit", "period", "region", "process", "range", "absent")
        miss = min(misses, key=lambda m: (order.index(m.reason), m.parameter != "oxidation"), default=Miss("absent"))
        key = self.key
        parts: dict[str, Any] = {
            "item": key.item.id, "region": key.region or "-", "period": key.period.label, "pack": self.pack.id,
            "tried": list(miss.tried) , "category": category.id if category else "energy",
            "nearest": [f"{f.id} ({f.value or '-'} {f.unit})" for f in miss.nearest] , "unit": key.unit.text,
        }  # fmt: skip
        if miss.reason == "unit":
            expected = sorted({f.unit.split("/", 1)[-1] for f in miss.nearest})
            code = next((c for f in miss.nearest if (c := self.unit_code(key.unit, f.parsed_unit)) == "U106"), "U103")
            self.report(code, column="unit", value=key.unit.text, expected=expected, **{**parts, "unit": key.item.id})
            return
        code = {"period": "F202", "ambiguous": "F208"}.get(miss.reason, "F200")
        parts["parameter"] = PARAMETERS.get(miss.parameter, Said("factor", "因子"))
        if miss.reason == "absent" and miss.parameter != "oxidation" and category is not None:
            parts["nearest"] = self._kin(category)
        self.report(code, column="item", value=self.said, **{k: v for k, v in parts.items() if k != "unit"})
