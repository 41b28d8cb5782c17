"""Energy routes: how one key becomes standard coal, at calorific (当量) and primary-equivalent (等价) value.

A measured net calorific value comes first, then the coefficient of the pack, then its default net calorific value
(GB/T 2589-2020, clause 4: measured before statistical before reference values).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from carbon import units
from carbon.documents import Category
from carbon.errors import Said
from carbon.inventory.chains import Chains, FailedError
from carbon.inventory.terms import ENERGY, PRIMARY, ZERO_INSTRUMENTS, Slot, Term
from carbon.library import Factor, Match, Miss
from carbon.schema import choices

ENERGY_KINDS = ("fuel", "electricity", "heat", "steam", "medium")


class EnergyRoutes(Chains):
    """The energy terms of one key."""

    @property
    def kind(self) -> str:
        """What the item is; an item of the user's own is what its use makes it."""
        key = self.key
        if key.item.kind != "own":
            return key.item.kind
        return (
            "fuel"
            if "fuel" in choices("use")[key.use].own_kinds and key.use in ("combustion", "exported")
            else "material"
        )

    def terms(self, category: Category | None, *, optional: bool) -> list[Term]:
        """Return tonnes of standard coal: by measured NCV, by coefficient, else by the default NCV."""
        key = self.key
        sign = choices("use")[key.use].energy_sign
        if sign == 0 or (self.kind not in ENERGY_KINDS):
            return []
        terms: list[Term] = []
        if self.kind != "medium":
            chains: list[tuple[tuple[Slot, ...], int]] = [((), 1)]
            if self.kind == "steam" and self.is_mass(key.unit):
                chains = self.steam_chains()
            for before, direction in chains:
                found = self._slots(category, before)
                if found is not None:
                    terms.append(self._term(found[0], sign * direction, ENERGY, found[1]))
            if not terms:
                if not optional:
                    self.missing([self._gce_miss()], category)
                    raise FailedError
                self.lacking.append(ENERGY)
                self.report("F205", column="item", value=self.said, unit=key.unit.text)
        primary = self._primary(terms)
        if primary is None and self.kind == "medium":
            self.lacking.append(ENERGY)
            self.report("F205", column="item", value=self.said, unit=key.unit.text)
        if primary is not None:
            terms.append(self._term(primary[0], sign, PRIMARY, primary[1]))
        return terms

    def _term(self, slots: Sequence[Slot], sign: int, target: str, rung: tuple[Said, ...]) -> Term:
        total = self.key.unit
        for slot in slots:
            total = total * slot.unit
        scale = total.scale / units.parse("kgce").scale * sign
        return Term(target, tuple(slots), scale, sign, rung=rung)

    def _leads_to_coal(self, *slots: Slot) -> bool:
        total = self.key.unit
        for slot in slots:
            total = total * slot.unit
        return set(total.dimension) == {("standard_coal", 1)}

    def _coal(self) -> Slot:
        factor = self.library.set(self.pack.energy.definition).index["ncv", "standard-coal"][0]
        return Slot("standard_coal", units.parse("1") / factor.parsed_unit, value=1 / factor.exact, factors=(factor,),
                    text=f"1 / {factor.value} {factor.unit}")  # fmt: skip

    def _slots(
        self, category: Category | None, before: tuple[Slot, ...]
    ) -> tuple[tuple[Slot, ...], tuple[Said, ...]] | None:
        """Return the chain from the row's unit (and the heat of steam, if that comes before) to standard coal."""
        key = self.key
        if self._leads_to_coal(*before):
            return before, ()
        if self.kind == "fuel" and self._leads_to_coal(self._coal()):
            return (self._coal(),), ()
        if key.measured("ncv") and self.kind == "fuel":
            slots = (self.given("ncv"), self._coal())
            return (slots, ()) if self._leads_to_coal(*slots) else None
        known = self.library.known(self.pack.energy.sets)
        name = "heat" if self.kind == "steam" else key.item.id
        match = self.find(known, "gce", item=name, accept=self._coal_accept(*before))
        if isinstance(match, Match):
            return (*before, self.default("gce", match)), match.rung
        edition = [s for c in ([category] if category else self.pack.category) for s in c.sets if "carbon" in c.routes]
        sets = self.library.known([*edition, *self.pack.energy.sets])
        coal = self._coal()
        match = self.find(sets, "ncv", accept=self._coal_accept(*before, coal))
        if isinstance(match, Match) and self.kind == "fuel":
            rung = Said(f"no coefficient in {key.unit.text}: by default net calorific value",
                        f"无以 {key.unit.text} 计的系数：按缺省低位发热量折算")  # fmt: skip
            return (self.default("ncv", match), coal), (rung, *match.rung)
        return None

    def _coal_accept(self, *before: Slot) -> Callable[[Factor], bool]:
        return lambda factor: self._leads_to_coal(*before, Slot("", factor.parsed_unit))

    def _gce_miss(self) -> Miss:
        match = self.find(self.library.known(self.pack.energy.sets), "gce")
        return match if isinstance(match, Miss) else Miss("unit", nearest=(match.factor,))

    def _primary(self, terms: list[Term]) -> tuple[tuple[Slot, ...], tuple[Said, ...]] | None:
        """Return the primary-equivalent value where a coefficient exists; a fuel is its own primary energy."""
        key = self.key
        if self.kind == "fuel":
            return (terms[0].slots, terms[0].rung) if terms else None
        if key.item.id == "electricity" and self.electricity.primary_gce is not None:
            unit = units.parse(self.electricity.primary_unit)
            slot = Slot("gce_primary", unit, value=self.electricity.primary_gce,
                        text=f"run.toml: {self.electricity.primary_source}")  # fmt: skip
            return ((slot,), ()) if self._leads_to_coal(slot) else None
        known = self.library.known(self.pack.energy.primary)
        match = self.find(known, "gce_primary", accept=self._coal_accept())
        return ((self.default("gce_primary", match),), match.rung) if isinstance(match, Match) else None

    def non_fossil(self) -> bool:
        """Return whether the energy of the key is left out of the control scope as non-fossil."""
        key = self.key
        return key.item.origin == "biogenic" or (self.kind == "electricity" and key.instrument in ZERO_INSTRUMENTS)
