"""Floor 9: tables, closed lists, units and methods in words, from the same files that the code reads."""

from __future__ import annotations

from carbon.errors import UsageError, near_misses
from carbon.library import load_library
from carbon.schema import choices, schema, table_names
from carbon.units import vocabulary

LISTS = {"uses": "use", "instruments": "instrument"}


def describe(name: str, language: str = "en") -> str:
    """Return what a table, closed list, the unit vocabulary or the method packs hold.

    Raises
    ------
    UsageError
        If there is none of that name.

    Examples
    --------
    >>> print(describe("uses").splitlines()[1])
    feedstock          原料           goes into the product as raw material
    """
    if name in table_names():
        required = {"en": ("required", ""), "zh": ("必填", "")}[language]
        return "\n".join(
            f"{c.name:<20} {c.type:<10} {required[0 if c.required else 1]:<9} "
            f"{c.meaning_zh if language == 'zh' else c.meaning_en}"
            + (f"  [{' | '.join(c.aliases)}]" if c.aliases else "")
            for c in schema(name).values()
        )
    if name in LISTS:
        return "\n".join(
            f"{c.id:<18} {c.name_zh:<12} {c.meaning_zh if language == 'zh' else c.meaning_en}"
            for c in choices(LISTS[name]).values()
        )
    if name == "items":
        return "\n".join(f"{i.id:<44} {i.kind:<12} {i.name_zh} · {i.name_en}" for i in load_library().items)
    if name == "units":
        return "  ".join(vocabulary())
    if name == "methods":
        library = load_library()
        packs = [library.pack(identifier) for identifier in library.pack_ids]
        return "\n".join(f"{p.id:<20} {p.title_zh if language == 'zh' else p.title_en} — {p.document}" for p in packs)
    known = [*table_names(), *LISTS, "items", "units", "methods"]
    message = f"nothing called {name!r} to describe; nearest: {', '.join(near_misses(name, known) or known)}"
    raise UsageError(message)
