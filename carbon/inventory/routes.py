"""One key in, its terms out: which category of its method pack, which emission route, which energy."""

from __future__ import annotations

from carbon.documents import Category, MethodPack, RunElectricity
from carbon.errors import Said
from carbon.inventory.chains import FailedError, Report
from carbon.inventory.emission_routes import EmissionRoutes
from carbon.inventory.energy_routes import ENERGY_KINDS, EnergyRoutes
from carbon.inventory.terms import Key, Routed, Term
from carbon.library import Library
from carbon.schema import choices

ENERGY_ONLY = ("self-generated", "conversion-output", "recovery", "exported", "product")


def kinds_of(key: Key) -> tuple[str, ...]:
    """Return what the item of a key may be taken for; an item with its own factor is what its use makes it."""
    own = choices("use")[key.use].own_kinds
    if key.item.kind == "own":
        return own
    brings = key.measured("factor") or key.measured("carbon_content")
    return (key.item.kind, *own) if key.item.kind == "medium" and brings else (key.item.kind,)


def category_of(pack: MethodPack, key: Key) -> Category | None:
    """Return the first category of a pack that a key belongs to; named items before kinds."""
    for kind in kinds_of(key):
        fitting = [c for c in pack.category if kind in c.kinds and key.use in c.uses]
        named = [c for c in fitting if key.item.id in c.items]
        found = next(iter(named), next((c for c in fitting if not c.items), None))
        if found is not None:
            return found
    return None


def route(key: Key, library: Library, electricity: RunElectricity, report: Report) -> Routed:
    """Return the terms of a key, or a failed outcome after reporting why.

    Parameters
    ----------
    key : Key
        What is computed.
    library : Library
        Factors and method packs.
    electricity : RunElectricity
        The run's own choices about electricity.
    report : callable
        Called with an issue code and its parts.
    """
    pack = library.pack(key.pack)
    category = category_of(pack, key)
    name, terms, lacking = "energy-only", list[Term](), list[str]()
    energy = EnergyRoutes(key, library, electricity, report)
    try:
        if category is not None:
            emissions = EmissionRoutes(key, library, electricity, report)
            name, terms = emissions.terms(category)
            lacking = emissions.lacking
        else:
            _check_energy_only(pack, key, report)
        terms = [*terms, *energy.terms(category, optional=bool(pack.category))]
    except FailedError:
        return Routed(failed=True)
    used = {slot.column for term in terms for slot in term.slots}
    for measured, _ in key.given:
        if measured not in used:
            report("A402", column=measured, value=key.item.id)
    idle = not (terms or lacking or energy.lacking)
    if idle and (key.use != "self-generated" or key.item.kind == "fuel"):
        report("A413", column="use", value=energy.said, use=_said(key.use), pack=pack.id)
    elif category is None and pack.category and key.item.kind == "fuel":
        report("A407", column="use", value=energy.said, use=_said(key.use))
    if category is not None and key.item.kind == "fuel" and key.use == "product" and pack.energy.sets:
        report("A410", column="use", value=energy.said)
    label, scope = (category.id, category.scope) if category else ("", 0)
    return Routed(label, scope, name, tuple(terms), energy.non_fossil(), (*lacking, *energy.lacking))


def _said(use: str) -> Said:
    """Return a use in words."""
    return Said(choices("use")[use].name_en, choices("use")[use].name_zh)


def _check_energy_only(pack: MethodPack, key: Key, report: Report) -> None:
    """Refuse rows that a pack has no category for, unless they only move energy."""
    moved = key.use in ENERGY_ONLY or (key.item.kind == "medium" and key.use == "purchased")
    if key.item.kind in ENERGY_KINDS and (not pack.category or moved):
        if key.item.kind == "electricity" and key.unit.power("energy") != 1:
            report("U103", column="unit", value=key.unit.text, unit=key.unit.text, expected=["kWh"])
            raise FailedError
        return
    uses = sorted({use for c in pack.category for use in c.uses if set(kinds_of(key)) & set(c.kinds)})
    report(
        "M301",
        column="use",
        value=key.use,
        used=_said(key.use),
        item=f"{key.item.name_zh} ({key.item.id})",
        pack=pack.id,
        known=[_said(u) for u in uses],
    )
    raise FailedError
