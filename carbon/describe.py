"""Floor 9: tables, settings files, lists, units, methods and rules in words, from what the code itself reads."""

from __future__ import annotations

import datetime as dt
import inspect
import json
import tomllib
from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args, get_origin

from carbon.errors import UsageError, near_misses
from carbon.schema import choices, schema, table_names
from carbon.schema import template as table_template
from carbon.units import vocabulary

if TYPE_CHECKING:
    from carbon.documents import Document

LISTS = {"uses": "use", "instruments": "instrument", "kinds": "exchange", "allocations": "allocation"}
SETTINGS = {  # name → file, model and where it lives
    "run": ("run.toml", "carbon.documents", "RunFile"),
    "study": ("study.toml", "carbon.footprint.files", "FootprintFile"),
    "upgrade-study": ("upgrade.toml", "carbon.benchmarks.upgrades.files", "StudyFile"),
}
_TYPES = {str: "text", int: "integer", float: "number", Fraction: "number", dt.date: "date", dict: "table"}
_WORDS = {
    "en": {"required": "required", "default": "default", "unread": "its text is not held", "boundaries": "boundary",
           "allocation": "allocation", "cut_off": "cut-off", "template": "`carbon describe study` explains every key",
           "more": "May be added"},
    "zh": {"required": "必填", "default": "缺省", "unread": "文本未收录", "boundaries": "系统边界",
           "allocation": "分配方法", "cut_off": "取舍限值", "template": "carbon describe study 列出全部设置项",
           "more": "还可填写"},
}  # fmt: skip
_SHOWN = ("amount", "boundary", "region", "period", "language")  # by a template, beside what is required


def described() -> list[str]:
    """Return all that `describe` knows.

    Examples
    --------
    >>> "study" in described()
    True
    """
    return [*table_names(), *SETTINGS, *LISTS, "items", "units", "methods", "rules"]


def templates() -> list[str]:
    """Return all that `template` knows.

    Examples
    --------
    >>> "study" in templates()
    True
    """
    return [*table_names(), "study"]


def describe(name: str, language: str = "en") -> str:
    """Return what a table, settings file, closed list, the units, method packs or rule sets hold.

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
    if name in SETTINGS:
        return "\n".join(_setting_line(one, language) for one in settings(model_of(name), language))
    if name in LISTS:
        return "\n".join(
            f"{c.id:<18} {c.name_zh:<12} {c.meaning_zh if language == 'zh' else c.meaning_en}"
            for c in choices(LISTS[name]).values()
        )
    if name == "items":
        from carbon.library import load_library

        return "\n".join(f"{i.id:<44} {i.kind:<12} {i.name_zh} · {i.name_en}" for i in load_library().items)
    if name == "units":
        return "  ".join(vocabulary())
    if name == "methods":
        from carbon.library import load_library

        library = load_library()
        packs = [library.pack(identifier) for identifier in library.pack_ids]
        return "\n".join(f"{p.id:<20} {p.title_zh if language == 'zh' else p.title_en} — {p.document}" for p in packs)
    if name == "rules":
        return "\n".join(_rules(language))
    near = near_misses(name, described())
    message = f"nothing called {name!r} to describe" + (f"; nearest: {', '.join(near)}" if near else "")
    message += f"; known: {', '.join(described())}"
    raise UsageError(message)


def template(name: str, language: str = "en") -> str:
    """Return a file to fill in: the CSV of a table with one row, or the settings of a footprint study.

    Raises
    ------
    UsageError
        If there is none of that name.
    """
    if name == "study":
        return "\n".join(_study(language)) + "\n"
    if name not in table_names():
        near = near_misses(name, templates())
        message = f"no table or study file {name!r}" + (f"; nearest: {', '.join(near)}" if near else "")
        message += f"; known: {', '.join(templates())}"
        raise UsageError(message)
    return table_template(name, language)


def model_of(name: str) -> type[Document]:
    """Return the model of a settings file."""
    _, module, model = SETTINGS[name]
    found: type[Document] = getattr(import_module(module), model)
    return found


def inner_model(annotation: Any) -> type[Document] | None:
    """Return the model that a value, a list of values or an optional value is of; None where it is plain."""
    from carbon.documents import Document

    for one in (annotation, *get_args(annotation)):
        if isinstance(one, type) and issubclass(one, Document):
            return one
    return None


@cache
def _texts() -> dict[str, dict[str, dict[str, str]]]:
    found: dict[str, dict[str, dict[str, str]]] = tomllib.loads(
        Path(__file__).with_suffix(".toml").read_text(encoding="utf-8")
    )
    return found


def documented(model: type[Document]) -> dict[str, str]:
    """Return what the docstring of a model says of its keys, under Attributes.

    Examples
    --------
    >>> documented(model_of("run"))["levels"]
    'Folders with own level sets, likewise.'
    """
    said: dict[str, str] = {}
    names: list[str] = []
    _, _, listed = inspect.cleandoc(model.__doc__ or "").partition("Attributes\n----------\n")
    for line in listed.split("\n"):
        text = line.strip().replace("``", "`")
        if line.startswith("    "):
            said |= {name: f"{said.get(name, '')} {text}".strip() for name in names}
        else:
            names = [name.strip() for name in text.partition(" : ")[0].split(",")] if " : " in text else []
    return said


def meaning(model: type[Document], key: str, language: str) -> str:
    """Return what a key of a settings file means; empty where nothing says it."""
    own = _texts().get(model.__name__, {}).get(key, {}).get(language, "")
    return own or (documented(model).get(key, "") if language == "en" else "")


class Setting(NamedTuple):
    """One key of a settings file: how it is written, what it means, which values it allows."""

    key: str
    kind: str
    required: bool
    meaning: str
    allowed: str
    default: Any


def settings(model: type[Document], language: str = "en", before: str = "") -> Iterator[Setting]:
    """Yield the keys of a settings file, those of tables in it behind them.

    Examples
    --------
    >>> [one.key for one in settings(model_of("run")) if one.required]
    []
    """
    for key, field in model.model_fields.items():
        inner = inner_model(field.annotation)
        kind = _kind(field.annotation) if inner is None else f"[[{key}]]" if _is_list(field.annotation) else f"[{key}]"
        given = None if field.is_required() else field.get_default(call_default_factory=True)
        default = None if given in ("", [], {}) or inner is not None else given
        said = meaning(model, key, language)
        yield Setting(before + key, kind, field.is_required(), said, _allowed(model, key, field), default)
        if inner is not None:
            yield from settings(inner, language, f"{before}{key}.")


def _setting_line(one: Setting, language: str) -> str:
    """Return the line that describes a key."""
    w = _WORDS[language]
    text = f"{one.key:<26} {one.kind:<13} {w['required'] if one.required else '':<9} {one.meaning}"
    text += f"  [{one.allowed}]" if one.allowed else ""
    return text + (f"  ({w['default']} {one.default})" if one.default is not None else "")


def _plain(annotation: Any) -> Any:
    """Return an annotation without None and without what checks it."""
    parts = [one for one in get_args(annotation) if one is not type(None)]
    if hasattr(annotation, "__metadata__") or (type(None) in get_args(annotation) and len(parts) == 1):
        return _plain(parts[0])
    return annotation


def _is_list(annotation: Any) -> bool:
    return get_origin(_plain(annotation)) is list


def _kind(annotation: Any) -> str:
    """Return how a value is written."""
    plain = _plain(annotation)
    if get_origin(plain) is Literal:
        return "choice"
    if get_origin(plain) is list:
        return f"list of {_kind(get_args(plain)[0])}"
    return _TYPES.get(get_origin(plain) or plain, "text")


def _allowed(model: type[Document], key: str, field: Any) -> str:
    """Return the values that a key allows, its limits, or where they are listed."""
    plain = _plain(field.annotation)
    if get_origin(plain) is Literal:
        return " | ".join(map(str, get_args(plain)))
    if key == "method":
        return "carbon describe methods"
    if key == "gwp":
        from carbon.library import load_library

        library = load_library()
        return " | ".join([*(name.split("/")[1] for name in library.set_ids if name.startswith("ipcc-gwp/")), "none"])
    if model.__name__ == "FootprintFile" and key in ("rule", "recycling", "pact"):
        from carbon.footprint.recycling import FACTOR_A
        from carbon.report.pact import KEYS

        return {"rule": "carbon describe rules", "recycling": " | ".join((*FACTOR_A, "…")), "pact": " | ".join(KEYS)}[
            key
        ]
    signs = (("ge", "≥"), ("gt", ">"), ("le", "≤"), ("lt", "<"))
    limits = [(sign, getattr(one, name)) for one in field.metadata for name, sign in signs if hasattr(one, name)]
    return ", ".join(
        f"{sign} {limit:,}" if isinstance(limit, int) else f"{sign} {float(limit):g}" for sign, limit in limits
    )


def _rules(language: str) -> Iterator[str]:
    """Yield the rule sets of product footprints, with what is known of each."""
    from carbon.footprint.rules import rules
    from carbon.report import words

    w, sure = _WORDS[language], words("footprint", language)
    for rule in rules().values():
        zh = language == "zh"
        product = rule.product_zh if zh else rule.product_en
        title = rule.title_zh if zh else rule.title_en
        said = f"{rule.document} ({sure[f'is_{rule.verification}']})" if rule.known else w["unread"]
        facts = [f"{w[name]}: {', '.join(getattr(rule, name))}" for name in ("boundaries", "allocation")
                 if getattr(rule, name)]  # fmt: skip
        facts += [] if rule.cut_off is None else [f"{w['cut_off']}: {rule.cut_off:g}"]
        facts += list(filter(None, (rule.declared_unit, rule.data_quality, rule.notes_zh if zh else rule.notes_en)))
        yield f"{rule.id:<24} {product:<14} {title} — " + "; ".join([said, *facts])


def _study(language: str) -> Iterator[str]:
    """Yield the lines of a study file that goes with the templates of the tables."""
    w, model, made = _WORDS[language], model_of("study"), schema("processes")
    fields = model.model_fields
    given: dict[str, Any] = {"product": made["process"].example, "language": language}
    given |= {name: made[name].example for name in ("unit", "region", "period")}
    yield f"# {SETTINGS['study'][0]}: {w['template']}"
    shown = [key for key, field in fields.items() if field.is_required() or key in _SHOWN]
    for key in shown:
        value = given[key] if key in given else fields[key].get_default()
        allowed = _allowed(model, key, fields[key])
        text = json.dumps(value, ensure_ascii=False) if isinstance(value, str) else str(value)
        yield f"{key} = {text}  # {meaning(model, key, language)}" + (f" [{allowed}]" if allowed else "")
    yield f"# {w['more']}: {', '.join(key for key in fields if key not in shown)}"
