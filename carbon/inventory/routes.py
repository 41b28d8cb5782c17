"""One key in, its terms out: which category of its method pack, which emission route, which energy."""

from __future__ import annotations

from carbon.documents import Category, MethodPack, RunElectricity
from carbon.inventory.chains import FailedError, Report
from carbon.inventory.emission_routes import EmissionRoutes
from carbon.inventory.energy_routes import ENERGY_KINDS, EnergyRoutes
from carbon.inventory.terms import Key, Routed, Term
from carbon.library import Library
from carbon.schema import choices

ENERGY_ONLY = ("self-generated", "conversion-output", "recovery", "exported", "product")


def category_of(pack: MethodPack, key: Key) -> Category | None:
    """Return the first category of a pack that a key belongs to; named items before kinds."""
    kind = choices("use")[key.use].own_kind if key.item.kind == "own" else key.item.kind
    fitting = [c for c in pack.category if kind in c.kinds and key.use in c.uses]
    named = [c for c in fitting if key.item.id in c.items]
    return next(iter(named), next((c for c in fitting if not c.items), None))


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
    label, scope = (category.id, category.scope) if category else ("", 0)
    return Routed(label, scope, name, tuple(terms), energy.non_fossil(), tuple(lacking))


def _check_energy_only(pack: MethodPack, key: Key, report: Report) -> None:
    """Refuse rows that a pack has no category for, unless they only move energy."""
    if key.item.kind in ENERGY_KINDS and (not pack.category or key.use in ENERGY_ONLY or key.item.kind == "medium"):
        return
    uses = sorted({use for c in pack.category for use in c.uses if key.item.kind in c.kinds})
    report("M301", column="use", value=key.use, item=key.item.id, pack=pack.id, known=uses or ["-"])
    raise FailedError
