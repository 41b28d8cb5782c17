"""Pages of the tables, the settings files, the closed lists and the units."""

import math

from carbon.describe import SETTINGS, model_of, settings
from carbon.library import load_library
from carbon.schema import choices, schema, table_names, table_words
from carbon.units import parse, vocabulary
from generate.markdown import both, code, codes, heading, slug, table, text

LISTS = {"use": "用途", "instrument": "电力来源", "exchange": "交换类型", "allocation": "分配方法"}


def _written(kind: str, required: bool, low: float = -math.inf, high: float = math.inf) -> str:
    """Return how a value is written: its type, whether it must stand there, its limits."""
    limits = ("" if math.isinf(low) else f"≥ {low:g}", "" if math.isinf(high) else f"≤ {high:g}")
    return ", ".join(filter(None, (code(kind), "**required**" if required else "", *limits)))


def tables() -> str:
    """Return the columns of every table."""
    parts = []
    for name in table_names():
        parts.append(heading(2, " ".join(dict.fromkeys(table_words(name))), slug(name)))
        parts.append(
            table(
                ("column", "written as", "meaning 含义", "example", "also"),
                [
                    (code(c.name), _written(c.type, c.required, c.minimum, c.maximum), both(c.meaning_en, c.meaning_zh),
                     code(c.example), text("、".join(c.aliases)))
                    for c in schema(name).values()
                ],
            )
        )  # fmt: skip
    return "\n".join(parts)


def settings_files() -> str:
    """Return the keys of every settings file."""
    parts = []
    for name, (file, _, _) in SETTINGS.items():
        parts.append(heading(2, file, slug(file)))
        chinese = {one.key: one.meaning for one in settings(model_of(name), "zh")}
        parts.append(
            table(
                ("key", "written as", "meaning 含义", "allowed", "default"),
                [
                    (code(one.key), _written(one.kind, one.required), both(one.meaning, chinese[one.key]),
                     codes(filter(None, one.allowed.split(" | "))), "" if one.default is None else code(one.default))
                    for one in settings(model_of(name))
                ],
            )
        )  # fmt: skip
    return "\n".join(parts)


def lists() -> str:
    """Return the closed lists, the kinds of items and the regions."""
    parts = []
    for name, about in LISTS.items():
        parts.append(heading(2, f"{name} {about}", slug(name)))
        parts.append(
            table(
                ("value", "中文", "English", "meaning 含义", "also", "in the energy balance"),
                [
                    (code(c.id), text(c.name_zh), text(c.name_en), both(c.meaning_en, c.meaning_zh),
                     text("、".join(c.aliases)), {1: "consumption", -1: "output"}.get(c.energy_sign, ""))
                    for c in choices(name).values()
                ],
            )
        )  # fmt: skip
    library = load_library()
    parts.append(heading(2, "region 地区", "region"))
    parts.append(
        table(
            ("value", "kind", "中文", "English", "part of"),
            [(code(r.id), text(r.kind), text(r.name_zh), text(r.name_en), code(r.parent)) for r in library.regions],
        )
    )
    parts.append(heading(2, "item 项目", "item"))
    parts.append(
        table(
            ("value", "kind", "中文", "English", "use if none is given", "carbon"),
            [(code(i.id), text(i.kind), text(i.name_zh), text(i.name_en), code(i.default_use), text(i.origin))
             for i in library.items],
        )
    )  # fmt: skip
    return "\n".join(parts)


def units() -> str:
    """Return every unit that is read, with its other spellings and its exact scale."""
    words: dict[tuple[object, ...], list[str]] = {}
    for word in vocabulary():
        unit = parse(word)
        words.setdefault((unit.dimension, unit.scale), []).append(word)
    rows = sorted(words.items(), key=lambda entry: (str(entry[0][0]), entry[0][1]))
    return table(
        ("dimension", "written as", "scale"),
        [(text(parse(names[0]).describe()), codes(names), code(scale)) for (_, scale), names in rows],
    )
