"""Emission routes: how one key becomes masses of gases. Few and general; its method pack says which it may take.

Quantity × emission factor; quantity × NCV × carbon content × oxidation × 44/12; mass × carbon fraction × 44/12; anode
consumption and anode effects; the item itself is the gas; electricity on two bases; heat, and steam by its enthalpy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from carbon import units
from carbon.documents import Category
from carbon.errors import Said
from carbon.inventory.chains import Chains, FailedError
from carbon.inventory.terms import ZERO_INSTRUMENTS, Slot, Term, UnfitError
from carbon.library import Factor, FactorSet, Match, Miss
from carbon.units import Unit

DECIDED = ("period", "unit", "range", "ambiguous")
_SHARES_OF_A_DAY = (Fraction(1, 24), Fraction(1, 1440), Fraction(1, 86400))  # h/d, min/d, s/d


class EmissionRoutes(Chains):
    """The emission terms of one key."""

    def terms(self, category: Category) -> tuple[str, list[Term]]:
        """Return the route taken and its terms; raises FailedError after reporting."""
        self._refuse_wrong_overrides()
        try:
            return self._route(category)
        except UnfitError:
            self.report("U103", column="unit", value=self.key.unit.text, unit=self.key.unit.text, expected=[])
            raise FailedError from None

    def _route(self, category: Category) -> tuple[str, list[Term]]:
        key = self.key
        if "electricity" in category.routes:
            return "electricity", self._electricity(category)
        if key.item.id == "anode-effect" and (not key.measured("factor") or self._is_duration(key.unit_of("factor"))):
            return "anode-effect", self._anode_effect(category)
        if "heat" in category.routes:
            return "heat", self._heat(category)
        if key.measured("factor"):
            return "own-factor", [self._own_factor(category)]
        routes = ["carbon"] if key.measured("carbon_content") else list(category.routes)
        own = any(s.own and ("emission", key.item.id) in s.index for s in self.library.known(category.sets))
        if own and not key.measured("carbon_content"):
            routes.insert(0, "factor")  # the user's own factor set comes before every default
        if key.measured("ncv") and key.use == "combustion" and "carbon" in routes:
            routes.sort(key=lambda name: name != "carbon")
        misses: list[Miss] = []
        for route in routes:
            found = self._try(route, category, misses)
            if found:
                return route, found
            if own and any(miss.reason in DECIDED for miss in misses):
                break  # the user's own factor does not hold here: no other number takes its place
        self.missing(misses, category)
        raise FailedError

    def _try(self, route: str, category: Category, misses: list[Miss]) -> list[Term]:
        if route == "gas":
            return self._gas(category, misses)
        if route == "anode-carbon":
            return self._anode_carbon(category, misses)
        if route == "factor":
            return self._default_factor(category, misses)
        found = self._carbon(category, misses)
        return [found] if found else []

    def _own_factor(self, category: Category, basis: str = "") -> Term:
        """Return the row's own emission factor, through the net calorific value where it is per heat."""
        key = self.key
        unit = key.unit_of("factor")
        if not unit.species:
            self.report("U105", column="factor_unit", value=unit.text)
            raise FailedError
        own = [Slot("factor", unit, column="factor")]
        burned = key.item.kind == "fuel" or key.use == "combustion"
        if key.measured("oxidation") and (unit.species == "C" or not burned):
            own.append(self.given("oxidation"))  # a fuel's factor of CO2 has its oxidation in it
        try:
            return self.term(own, category.sign, basis=basis)
        except UnfitError:
            pass
        ncv = self._ncv(category, unit, [])
        if ncv is not None:
            try:
                return self.term([ncv[0], *own], category.sign, basis=basis, rung=ncv[1])
            except UnfitError:
                pass
        expected = f"kg{unit.species}/{key.unit.text}"
        self.report(self.unit_code(key.unit, unit), column="factor_unit", value=unit.text, unit=key.unit.text,
                    expected=expected)  # fmt: skip
        raise FailedError

    def _ncv(
        self, category: Category, follow: Unit, misses: list[Miss], publication: str = ""
    ) -> tuple[Slot, tuple[Said, ...]] | None:
        """Return the net calorific value that leads from the row's unit to the heat unit of what follows."""

        def heat(unit: Unit) -> bool:
            chained = self.key.unit * unit * follow
            return chained.power("energy") == 0 and set(chained.dimension) in ({("mass", 1), (follow.species, 1)},)

        if self.key.measured("ncv"):
            slot = self.given("ncv")
            return (slot, ()) if heat(slot.unit) else None
        sets = [s for s in self.library.known(category.sets) if not publication or s.id.split("/")[0] == publication]
        match = self.find(sets, "ncv", accept=lambda factor: heat(factor.parsed_unit))
        if isinstance(match, Miss):
            misses.append(match)
            return None
        return self.default("ncv", match), match.rung

    def _carbon(self, category: Category, misses: list[Miss]) -> Term | None:
        """Return quantity × [NCV ×] carbon content × oxidation × 44/12, all defaults from one publication."""
        key = self.key
        sets = self.library.known(category.sets)
        rung: tuple[Said, ...] = ()
        publication = ""
        if key.measured("carbon_content"):
            content = self.given("carbon_content")
            if not content.unit.dimension:  # % is a mass fraction
                whole = units.parse("kgC/kg") * content.unit
                content = Slot("carbon_content", replace(whole, text=content.unit.text), column="carbon_content")
            elif content.unit.power("C") != 1:
                self.report("U104", column="carbon_content_unit", value=content.unit.text)
                raise FailedError
        else:
            match = self.find(sets, "carbon_content", accept=self._carbon_accept)
            if isinstance(match, Miss):
                misses.append(match)
                return None
            content = self.default("carbon_content", match)
            publication = match.factor.set_id.split("/")[0]
            rung += match.rung
        slots = [content]
        if content.unit.power("energy") and not key.unit.power("energy"):
            ncv = self._ncv(category, content.unit, misses, publication)
            if ncv is None:
                if key.measured("ncv"):
                    given = key.unit_of("ncv")
                    self.report(self.unit_code(key.unit, given), column="ncv_unit", value=given.text,
                                unit=key.unit.text, expected=f"GJ/{key.unit.text}")  # fmt: skip
                    raise FailedError
                return None
            slots.insert(0, ncv[0])
            rung += ncv[1]
            publication = publication or (ncv[0].factors[0].set_id.split("/")[0] if ncv[0].factors else "")
        oxidation = self._oxidation(category, sets, publication, misses)
        if oxidation is None:
            return None
        slots.append(oxidation[0])
        rung += oxidation[1]
        try:
            return self.term(slots, category.sign, rung=rung)
        except UnfitError:
            column = "carbon_content_unit" if content.column else "unit"
            self.report(self.unit_code(key.unit, content.unit), column=column, value=content.unit.text,
                        unit=key.unit.text, expected=f"tC/{key.unit.text}")  # fmt: skip
            raise FailedError from None

    def _carbon_accept(self, factor: Factor) -> bool:
        return bool(factor.parsed_unit.power("energy")) or self.fits()(factor)

    def _oxidation(
        self, category: Category, sets: Sequence[FactorSet], publication: str, misses: list[Miss]
    ) -> tuple[Slot, tuple[Said, ...]] | None:
        if self.key.measured("oxidation"):
            return self.given("oxidation"), ()
        if category.oxidation is not None:
            return Slot("oxidation", units.parse("1"), value=category.oxidation, text=f"{category.id}: no loss"), ()
        same = [s for s in sets if not publication or s.id.split("/")[0] == publication]
        match = self.find(same, "oxidation")
        if isinstance(match, Miss):
            misses.append(match)
            return None
        return self.default("oxidation", match), match.rung

    def _default_factor(self, category: Category, misses: list[Miss]) -> list[Term]:
        """Return quantity × default emission factor for each gas that the best publication prints."""
        sets = self.library.known(category.sets)
        gases = sorted({f.gas for s in sets for f in s.index.get(("emission", self.key.item.id), ())})
        found: list[tuple[Match, list[Slot]]] = []
        for gas in gases:
            match = self.find(sets, "emission", gas=gas, accept=self.fits())
            if isinstance(match, Match):
                found.append((match, [self.default("factor", match)]))
            else:
                misses.append(match)
        if not gases:
            misses.append(Miss("absent", tuple(Said(s.id, s.id) for s in sets)))
        if not found:
            return []
        order = [s.id for s in sets]
        best = min(found, key=lambda pair: order.index(pair[0].factor.set_id))[0].factor.set_id.split("/")[0]
        extra = [self.given("oxidation")] if self.key.measured("oxidation") else []
        return [
            self.term([*slots, *extra], category.sign, rung=match.rung)
            for match, slots in found
            if match.factor.set_id.split("/")[0] == best
        ]

    def _gas(self, category: Category, misses: list[Miss]) -> list[Term]:
        """Return the quantity itself, where the item is a greenhouse gas."""
        gas = next((gas.id for gas in self.library.gases if gas.id.lower() == self.key.item.id), "")
        if not gas:
            misses.append(Miss("absent"))
            return []
        slot = Slot("gas", units.parse(f"kg{gas}/kg"))
        try:
            return [self.term([slot], category.sign)]
        except UnfitError:
            self.report("U103", column="unit", value=self.key.unit.text, unit=self.key.unit.text, expected="kg, t")
            raise FailedError from None

    def _anode_carbon(self, category: Category, misses: list[Miss]) -> list[Term]:
        """Return output × net anode consumption × (1 - sulphur - ash) × 44/12."""
        sets = self.library.known(category.sets)
        parts = [self.find(sets, name) for name in ("anode_carbon", "sulphur", "ash")]
        if any(isinstance(part, Miss) for part in parts):
            misses += [part for part in parts if isinstance(part, Miss)]
            return []
        consumption, sulphur, ash = (part for part in parts if isinstance(part, Match))
        shares = [part.factor.exact * part.factor.parsed_unit.scale for part in (sulphur, ash)]
        purity = Slot(
            "purity", units.parse("1"), value=1 - shares[0] - shares[1], factors=(sulphur.factor, ash.factor),
            text=f"1 - {sulphur.factor.value} {sulphur.factor.unit} - {ash.factor.value} {ash.factor.unit}",
        )  # fmt: skip
        return [self.term([self.default("anode_carbon", consumption), purity], category.sign, rung=consumption.rung)]

    @staticmethod
    def _is_duration(unit: Unit) -> bool:
        return set(unit.dimension) == {("time", 1)} or (not unit.dimension and unit.scale in _SHARES_OF_A_DAY)

    def _anode_effect(self, category: Category) -> list[Term]:
        """Return perfluorocarbons: by slope × minutes per cell-day if the row brings them, else by default factors."""
        misses: list[Miss] = []
        if not self.key.measured("factor"):
            if terms := self._default_factor(category, misses):
                return terms
            self.missing(misses, category)
            raise FailedError
        sets = self.library.known(category.sets)
        slope, ratio = self.find(sets, "anode_slope", gas=""), self.find(sets, "gas_ratio", gas="")
        if isinstance(slope, Miss) or isinstance(ratio, Miss):
            self.missing([m for m in (slope, ratio) if isinstance(m, Miss)], category)
            raise FailedError
        unit = self.key.unit_of("factor")
        days = unit if unit.dimension else replace(unit * units.parse("d"), text=unit.text)
        duration = Slot("factor", days, column="factor")
        chain = [duration, self.default("anode_slope", slope)]
        return [
            self.term(chain, category.sign, rung=slope.rung),
            self.term([*chain, self.default("gas_ratio", ratio)], category.sign, rung=ratio.rung),
        ]

    def _electricity(self, category: Category) -> list[Term]:
        """Return purchased or exported electricity, location-based and market-based side by side.

        Location: the average factor of the region ladder. Market: nothing for green power, certificates and own
        non-fossil generation, the supplier's factor, else the residual factor.
        """
        key, rule = self.key, self.pack.electricity
        start = self.electricity.start or rule.start
        periods = self.electricity.periods or self.pack.periods
        instrument = key.instrument or "grid"
        if instrument == "supplier" and not key.measured("factor"):
            self.report("T126", column="factor", needed="instrument = supplier")
            raise FailedError
        terms = []
        for basis, names in (("location", rule.location), ("market", rule.residual)):
            if basis not in self.pack.bases:
                continue
            if instrument == "self-generated" or (basis == "market" and instrument in ZERO_INSTRUMENTS):
                none = Slot(
                    "factor", units.parse("kgCO2/kWh"), value=Fraction(0), text=f"instrument {instrument}: none"
                )
                terms.append(self.term([none], category.sign, basis=basis))
                continue
            given = key.measured("factor")
            if given and (instrument, basis) in (("grid", "location"), ("supplier", "market")):
                terms.append(self._own_factor(category, basis))
                continue
            if basis == "location" and start == "province" and not key.region_given:
                self.report("A406", column="region", value="")
            residual = basis == "market" and category.sign > 0
            # one residual mix serves the whole nation: a finer one is not published
            match = self.find(
                self.library.known(names if residual or basis == "location" else rule.location), "emission",
                item="electricity", gas="CO2", accept=self.fits(),
                ladder=self.library.ladder(key.region, "nation" if residual else start), rule=periods,
            )  # fmt: skip
            if isinstance(match, Miss) and residual and given and instrument == "grid":
                average = Said("no residual factor: the row's own average", "无剩余因子：采用本行的平均因子")
                terms.append(replace(self._own_factor(category, basis), rung=(average,)))
                continue
            if isinstance(match, Miss) and residual and terms:
                self.lacking.append(basis)
                self.report("F209", column="item", value=self.said, period=key.period.label)
                continue
            if isinstance(match, Miss) and instrument == "supplier" and "market" in self.pack.bases:
                self.lacking.append(basis)
                self.report("F209", column="item", value=self.said, period=key.period.label)
                continue
            if isinstance(match, Miss):
                self.missing([match], category)
                raise FailedError
            terms.append(self.term([self.default("factor", match)], category.sign, basis=basis, rung=match.rung))
        return terms

    def _heat(self, category: Category) -> list[Term]:
        """Return heat × factor; steam by mass through its enthalpy above that of feed water."""
        key = self.key
        rung: tuple[Said, ...] = ()
        if key.measured("factor"):
            own = self.given("factor")
            if not own.unit.species:
                self.report("U105", column="factor_unit", value=own.unit.text)
                raise FailedError
            try:
                return [self.term([own], category.sign)]
            except UnfitError:
                pass
        else:
            match = self.find(self.library.known(category.sets), "emission", gas="CO2",
                              accept=lambda factor: factor.parsed_unit.power("energy") == -1)  # fmt: skip
            if isinstance(match, Miss):
                self.missing([match], category)
                raise FailedError
            own, rung = self.default("factor", match), match.rung
        steam = self.is_mass(key.unit) and key.item.kind == "steam"
        chains = self.steam_chains() if steam else [((), 1)]
        try:
            return [self.term([*chain, own], category.sign * sign, rung=rung) for chain, sign in chains]
        except UnfitError:
            wrong = "factor_unit" if key.measured("factor") else "unit"
            value = own.unit.text if key.measured("factor") else key.unit.text
            expected = ["tCO2/GJ"] if key.measured("factor") else ["GJ", "MJ"]
            self.report("U103", column=wrong, value=value, unit=key.unit.text, expected=expected)
            raise FailedError from None

    def _refuse_wrong_overrides(self) -> None:
        key = self.key
        if key.measured("ncv") and not key.unit_of("ncv").power("energy"):
            self.report("U103", column="ncv_unit", value=key.unit_of("ncv").text, unit=key.unit.text,
                        expected=f"GJ/{key.unit.text}")  # fmt: skip
            raise FailedError
