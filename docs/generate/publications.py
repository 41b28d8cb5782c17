"""Pages of the shipped factor sets and level sets: whose they are, under which terms, how sure, how many rows."""

import datetime as dt
from collections.abc import Iterable
from itertools import groupby
from typing import Any

from carbon.benchmarks import load_levels
from carbon.documents import LevelMetadata, SetMetadata
from carbon.library import FactorSet, load_library
from generate.markdown import code, codes, heading, prose, slug, table, text

KINDS = {"sector": "Benchmark and baseline levels 标杆水平与基准水平", "quota": "Energy quotas 单位产品能耗限额",
         "equipment": "Equipment grades 设备能效等级", "ets": "Allowance benchmarks 碳排放基准值"}  # fmt: skip


def factor_sets() -> str:
    """Return every shipped factor set."""
    sets = list(load_library().sets())
    parts = [
        table(
            ("set", "rows", "verification", "document", "title"),
            [
                (f"[{text(one.id)}](#{slug(one.id)})", str(len(one.rows)), text(one.meta.verification),
                 text(one.meta.document), text(one.meta.title_en))
                for one in sets
            ],
        ),
    ]  # fmt: skip
    for publication, group in groupby(sets, key=lambda one: one.id.split("/")[0]):
        parts.append(heading(2, publication, slug(publication)))
        for one in group:
            parts += [heading(3, one.id, slug(one.id)), _facts(one.meta, _held(one))]
    return "\n".join(parts)


def _held(one: FactorSet) -> list[tuple[str, str]]:
    kinds = ["enthalpy"] if one.is_enthalpy else sorted({row["parameter"] for row in one.rows})
    gases = sorted({row.get("gas", "") for row in one.rows} - {""})
    return [("rows", str(len(one.rows))), ("parameters", codes(kinds)), ("gases", codes(gases[:12]))]


def level_sets() -> str:
    """Return every shipped level set."""
    levels = load_levels()
    parts = []
    for kind, title in KINDS.items():
        sets = [one for one in levels.sets.values() if one.meta.kind == kind]
        parts.append(heading(2, title, f"kind-{kind}"))
        parts.append(
            table(
                ("set", "levels", "of them unknown", "verification", "document", "in force"),
                [
                    (f"[{text(one.id)}](#{slug(one.id)})", str(len(tiers)), str(sum(not t.value for t in tiers) or ""),
                     text(one.meta.verification), text(one.meta.document), _day(one.meta.effective or one.meta.issued))
                    for one in sets
                    for tiers in [[tier for ladder in one.ladders for tier in ladder.tiers]]
                ],
            )
        )  # fmt: skip
        for one in sets:
            named = (levels.subjects[subject] for subject in one.subjects)
            held = [("tiers, best first", codes(one.meta.tiers)),
                    ("of", text(", ".join(f"{entry.name_en} {entry.name_zh}" for entry in named)))]  # fmt: skip
            parts += [heading(3, one.id, slug(one.id)), _facts(one.meta, held)]
    return "\n".join(parts)


def _day(day: dt.date | None) -> str:
    return "" if day is None else day.isoformat()


def _facts(meta: SetMetadata | LevelMetadata, held: Iterable[tuple[str, str]]) -> str:
    """Return what is known of a table of a publication."""
    both: Any = meta
    facts = [
        ("title", text(f"{meta.title_en} · {meta.title_zh}")), ("document", text(meta.document)),
        ("publisher", text(meta.publisher)), ("issued", _day(meta.issued)),
        ("in force from", _day(getattr(both, "effective", None))), ("region", code(getattr(both, "region", ""))),
        ("basis", text(getattr(both, "basis", ""))), *held, ("licence", text(meta.licence)),
        ("verification", f"{text(meta.verification)}: {text(meta.verified_from)}"),
        ("supersedes", codes(meta.supersedes)), ("notes", prose(meta.notes)),
    ]  # fmt: skip
    return "\n".join(f"- *{name}*: {value}" for name, value in facts if value) + "\n"
