"""Which ladders a line is held against. Another route, boundary or indicator is refused and not compared."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from carbon import units
from carbon.benchmarks.ladder import Ladder
from carbon.benchmarks.levels import Levels, LevelSet
from carbon.benchmarks.lines import LineKey
from carbon.errors import Said, near_misses
from carbon.library import Factor, Library
from carbon.schema import folded

DEFAULT = "unit-energy"
COEFFICIENT_SET = "gb-t-2589-2020/fuels"
_ELECTRIC = ("wh", "千瓦时", "度")


@dataclass(frozen=True)
class Match:
    """A ladder for some lines, or why there is none.

    Attributes
    ----------
    ladder : Ladder or None
        What they are held against.
    scale : Fraction
        By what their value is multiplied to be in the unit of the ladder.
    code : str
        Issue of a comparison that was refused (``B601`` …); empty if it is made.
    value : str
        What stands in the table.
    parts : dict
        For the message.
    factors : tuple of Factor
        Coefficients used.
    """

    set_id: str
    ladder: Ladder | None
    scale: Fraction = Fraction(1)
    code: str = ""
    column: str = ""
    value: str = ""
    parts: tuple[tuple[str, object], ...] = ()
    factors: tuple[Factor, ...] = ()


def coefficient(library: Library) -> Factor:
    """Return the standard-coal coefficient of electricity at calorific value (GB/T 2589-2020, table A.1)."""
    return next(f for f in library.set(COEFFICIENT_SET).factors if (f.item, f.parameter) == ("electricity", "gce"))


def find_ladders(key: LineKey, levels: Levels, chosen: Sequence[str], library: Library) -> list[Match]:
    """Return the ladders of one key in the chosen sets; several of one set differ in a number of the line.

    Parameters
    ----------
    key : LineKey
        What is made, how, and in which unit it is measured.
    levels : Levels
        All level sets.
    chosen : sequence of str
        Ids of the sets to compare with.
    library : Library
        Where the coefficient of electricity comes from.
    """
    subject, kind = levels.product(key.product)
    key = replace(key, type=key.type or kind)
    if subject is None or subject.kind != "product":
        near = levels.near(key.product, "product")
        return [Match("", None, code="B601", column="product", value=key.product, parts=(("near", near),))]
    matches: list[Match] = []
    for identifier in chosen:
        one = levels.sets[identifier]
        own = [ladder for ladder in one.of(subject.id) if _in_force(one, ladder, key)]
        if own:
            matches += _narrow(key, one, own, levels, library)
    if not matches:
        near = [s.meta.document for s in levels.sets.values() if subject.id in s.subjects]
        return [Match("", None, code="B611", column="product", value=key.product, parts=(("known", near),))]
    return matches


def _in_force(one: LevelSet, ladder: Ladder, key: LineKey) -> bool:
    if key.period is None:
        return True
    since = one.meta.effective
    held = ladder.start <= key.period.start and key.period.end <= ladder.end
    return (since is None or since <= key.period.last) and held


def _narrow(key: LineKey, one: LevelSet, ladders: list[Ladder], levels: Levels, library: Library) -> list[Match]:
    """Narrow the ladders of a set by indicator, boundary and type; say which of them refuses."""

    def refused(code: str, column: str, value: str, known: Iterable[object], near: Sequence[str] = ()) -> list[Match]:
        parts = (("known", list(dict.fromkeys(known))), ("near", list(near)), ("set", one.id))
        return [Match(one.id, None, code=code, column=column, value=value, parts=parts)]

    if not any(ladder.known for ladder in ladders):
        return refused("B606", "product", key.product, [t.id for ladder in ladders for t in ladder.tiers])
    indicators = list(dict.fromkeys(ladder.indicator for ladder in ladders))
    names = [Said(levels.indicators[i].name_en, levels.indicators[i].name_zh) for i in indicators]
    if key.indicator:
        asked = levels.indicators.find(key.indicator)
        if asked is None or asked.id not in indicators:
            return refused("B604", "indicator", key.indicator, names)
        wanted = asked.id
    else:
        fitting = [i for i in indicators if any(_convertible(key.unit, x) for x in ladders if x.indicator == i)]
        if DEFAULT not in fitting and len(fitting) != 1:  # electricity alone is not yet comprehensive energy
            if not fitting and not _is_electric(key.unit):
                return [_scaled(key, one, ladders[0], library)]
            return refused("B604", "indicator", key.indicator, names)
        wanted = DEFAULT if DEFAULT in fitting else fitting[0]
    ladders = [ladder for ladder in ladders if ladder.indicator == wanted]
    types = [ladder.condition.get("type") for ladder in ladders]
    if any(types):
        names_of = levels.choices.get((ladders[0].subject, "type"))
        known = [levels.choice(ladders[0].subject, "type", str(t)) for t in types if t]
        chosen = names_of.find(key.type) if names_of is not None and key.type else None
        ladders = [x for x in ladders if x.condition.get("type") in (None, chosen.id if chosen else None)]
        if not ladders:
            near = near_misses(folded(key.type), [folded(k.name_zh) for k in known]) if key.type else []
            return refused("B602", "type", key.type, [Said(k.name_en, k.name_zh) for k in known], near)
    boundaries = list(dict.fromkeys(ladder.boundary for ladder in ladders))
    if key.boundary or len(boundaries) > 1:
        asked_boundary = levels.boundaries.find(key.boundary) if key.boundary else None
        if asked_boundary is None or asked_boundary.id not in boundaries:
            named = [Said(levels.boundaries[b].name_en, levels.boundaries[b].name_zh) for b in boundaries]
            return refused("B603", "boundary", key.boundary, named)
        ladders = [ladder for ladder in ladders if ladder.boundary == asked_boundary.id]
    return [_scaled(key, one, ladder, library) for ladder in ladders]


def _is_electric(unit: units.Unit) -> bool:
    """Return whether a specific value is in a unit in which electricity, and not heat, is metered."""
    return any(word in unit.text.split("/")[0].casefold() for word in _ELECTRIC)


def _convertible(unit: units.Unit, ladder: Ladder) -> bool:
    """Return whether a value can be in the unit of a ladder; a ladder without values has none to object with."""
    return not ladder.unit or unit.dimension == ladder.parsed_unit.dimension


def _scaled(key: LineKey, one: LevelSet, ladder: Ladder, library: Library) -> Match:
    """Return a ladder with the scale of the values; electricity becomes standard coal where a level is in it."""
    if not ladder.known or not ladder.unit:
        return Match(one.id, None, code="B606", column="product", value=key.product,
                     parts=(("set", one.id), ("known", [tier.id for tier in ladder.tiers])))  # fmt: skip
    target = ladder.parsed_unit
    if key.unit.dimension == target.dimension:
        return Match(one.id, ladder, units.ratio(key.unit, target))
    factor = coefficient(library)
    coal = key.unit * factor.parsed_unit
    if _is_electric(key.unit) and coal.dimension == target.dimension:
        return Match(one.id, ladder, units.ratio(coal, target) * factor.exact, factors=(factor,))
    return Match(one.id, None, code="B607", column="unit", value=key.unit.text,
                 parts=(("known", ladder.unit), ("set", one.id)))  # fmt: skip
