"""Pages of the rules as data: method packs, and the rule sets of product footprints."""

from carbon.benchmarks.upgrades.kinds import kinds
from carbon.describe import describe
from carbon.documents import Category, MethodPack
from carbon.library import load_library
from generate.markdown import code, codes, fenced, heading, prose, slug, table, text

ROUTES = {  # route of a pack → where its formula stands
    "factor": "emissions.md#factor", "carbon": "emissions.md#carbon", "anode-carbon": "emissions.md#anode-carbon",
    "gas": "emissions.md#gas", "electricity": "electricity.md#two-bases", "heat": "heat.md#heat",
}  # fmt: skip


def method_packs() -> str:
    """Return every method pack: what it follows, its categories and routes, and what it does not know."""
    library = load_library()
    packs = [library.pack(identifier) for identifier in library.pack_ids]
    parts = []
    for pack in packs:
        parts += _pack(pack)
    return "\n".join(parts)


def rule_sets() -> str:
    """Return the rule sets of product footprints, as the command describes them."""
    return fenced(describe("rules"))


def measure_kinds() -> str:
    """Return the kinds of measures with the formula of their yearly energy."""
    rows = [
        (f"{text(kind.name_en)}<br>{text(kind.name_zh)}<br>{code(kind.id)}", code(kind.formula), codes(kind.needs),
         codes(f"before_{part}, after_{part}" for part in kind.performance), text(kind.unit))
        for kind in kinds()
    ]  # fmt: skip
    return table(("kind", "energy of a year", "what is asked", "how well", "in"), rows)


def _pack(pack: MethodPack) -> list[str]:
    facts = [
        ("document", text(pack.document)), ("verification", text(pack.verification)), ("notes", prose(pack.notes)),
        ("warming potentials", code(pack.gwp)), ("carbon to CO2", code(f"{pack.carbon_to_co2 * 12}/12")),
        ("factors of another year", text({"same-year": "never", "latest": "the newest earlier one"}[pack.periods])),
        ("bases of electricity", codes(pack.bases)), ("its region ladder starts at", code(pack.electricity.start)),
        ("electricity, average", _sets(pack.electricity.location)),
        ("electricity, residual", _sets(pack.electricity.residual)),
        ("standard coal, calorific", _sets(pack.energy.sets)),
        ("standard coal, equivalent", _sets(pack.energy.primary)),
        ("rows that it must have", codes(pack.required)),
    ]  # fmt: skip
    parts = [heading(2, f"{pack.id} · {pack.title_en} · {pack.title_zh}", slug(pack.id))]
    parts.append("\n".join(f"- *{name}*: {value}" for name, value in facts if value) + "\n")
    if pack.category:
        header = ("category", "scope", "kinds", "uses", "items", "routes", "oxidation", "sets")
        parts.append(table(header, map(_category, pack.category)))
    for title, unknown in (("Not known", pack.unknown), ("未知", pack.unknown_zh)):
        parts.append(f"**{title}**\n\n" + "".join(f"- {prose(one)}\n" for one in unknown or ("–",)))
    return parts


def _category(c: Category) -> tuple[str, ...]:
    routes = " · ".join(f"[{route}](../methods/{ROUTES[route]})" for route in c.routes)
    oxidation = "" if c.oxidation is None else code(c.oxidation)
    scope = f"{'' if c.sign > 0 else '− '}{c.scope}"
    return (f"{text(c.name_en)}<br>{text(c.name_zh)}<br>{code(c.id)}", scope, codes(c.kinds), codes(c.uses),
            codes(c.items), routes, oxidation, _sets(c.sets))  # fmt: skip


def _sets(identifiers: list[str]) -> str:
    """Return factor sets with links to what is known of them."""
    return " · ".join(f"[{text(name)}](factors.md#{slug(name)})" for name in identifiers)
