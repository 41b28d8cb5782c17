"""Provenance: enough to say what was computed from what, by which code and numbers, with which choices."""

from __future__ import annotations

import platform
from importlib import metadata
from typing import TYPE_CHECKING, Any

from carbon.inventory.explain import factor_documents

if TYPE_CHECKING:
    from carbon.inventory.result import Result

LIBRARIES = ("carbon-accounting", "numpy", "numba", "pyarrow", "pint", "pydantic")


def version(name: str) -> str:
    """Return the installed version of a distribution; empty if it runs from a plain folder."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def provenance(result: Result) -> dict[str, Any]:
    """Return the provenance document of a result.

    Returns
    -------
    dict
        ``versions``, ``inputs`` (SHA-256 of each file), ``library_sha256``, ``plan_sha256``, ``methods``, ``gwp``,
        ``options``, ``lines``, ``sets`` (how sure we are of each set used), ``unknown``.
    """
    plan = result.plan
    sets: dict[str, dict[str, str]] = {}
    for factor in {f.id: f for t in plan.terms for f in t.factors}.values():
        meta = result.library.set(factor.set_id).meta
        sets[factor.set_id] = {
            "document": meta.document, "title_en": meta.title_en, "title_zh": meta.title_zh,
            "issued": meta.issued.isoformat(), "verification": meta.verification, "licence": meta.licence,
        }  # fmt: skip
    table = result.rows.table
    verdicts = result.verdicts
    levels = {} if verdicts is None else {
        held.ladder.set_id: verdicts.levels.sets[held.ladder.set_id].meta for held in verdicts.held
    }  # fmt: skip
    return {
        "title": result.title,
        "versions": {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}},
        "inputs": {table.file: table.digest},
        "library_sha256": result.library.digest,
        "plan_sha256": plan.digest,
        "methods": [
            {"id": p.id, "title_en": p.title_en, "title_zh": p.title_zh, "document": p.document,
             "verification": p.verification, "unknown": p.unknown, "unknown_zh": p.unknown_zh}
            for p in result.packs
        ],
        "gwp": {"set": result.gwp_name,
                "values": {gas: str(v) for gas, v in sorted(result.potentials.items())
                           if gas in {t.target for t in plan.terms}}},
        "options": dict(result.options) | {"language": result.language},
        "lines": result.line_counts,
        "issues": result.every_issue.counts(),
        "own_items": sorted(set(result.rows.own_items)),
        "sets": dict(sorted(sets.items())),
        "levels_sha256": verdicts.levels.digest if verdicts is not None else "",
        "level_sets": {
            name: {"document": meta.document, "title_en": meta.title_en, "title_zh": meta.title_zh,
                   "verification": meta.verification}
            for name, meta in sorted(levels.items())
        },
        "factors": factor_documents(plan, result.library),
    }  # fmt: skip
