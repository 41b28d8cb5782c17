"""Evidence of a footprint: quality row by row, and provenance in full or without the bill of material."""

from __future__ import annotations

import math
import platform
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from carbon.footprint.background import APART, BIOGENIC
from carbon.footprint.study import Footprint
from carbon.footprint.tables import DATA, SCORES
from carbon.inventory.provenance import LIBRARIES, version
from carbon.library import Factor, FactorSet, Library
from carbon.schema import folded

if TYPE_CHECKING:
    from carbon.footprint.statistics import Summary
    from carbon.footprint.uncertain import Uncertainty

QUALITY_COLUMNS = (
    "scenario", "part", "process", "kind", "name", "source_line", "weight_pct", "data", *SCORES, "primary_pct",
    "evidence",
)  # fmt: skip
SENSITIVITY_COLUMNS = (
    "scenario", "key", "kind", "process", "name", "source_line", "analytic_pct", "drawn_pct",
)  # fmt: skip


_OUTSIDE = frozenset({BIOGENIC, *APART.values()})  # gases that the total leaves out


def cleared(records: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return records with nothing in the place of a number that is not known, and no zero below zero.

    Examples
    --------
    >>> cleared([{"share_pct": math.nan, "co2e_kg": -0.0}])
    [{'share_pct': None, 'co2e_kg': 0.0}]
    """
    return [{name: _known(value) for name, value in one.items()} for one in records]


def _known(value: Any) -> Any:
    if not isinstance(value, float):
        return value
    return None if math.isnan(value) else value + 0.0


def footprint_records(found: Footprint) -> list[dict[str, Any]]:
    """Return the footprint by its parts; gases that the total leaves out stand in the part ``apart`` alone."""
    return cleared(r for r in found.records if r["part"] != "gas" or r["name"] not in _OUTSIDE)


def exchange_records(found: Footprint, scenario: str = "") -> list[dict[str, Any]]:
    """Return what each exchange contributes, once, whatever stages of the life cycle it serves."""
    merged: dict[tuple[Any, ...], dict[str, Any]] = {}
    for r in cleared(r for r in found.contribution_records if r["scenario"] == scenario):
        key = (r["source_line"], r["process"], r["kind"], r["name"])
        one = merged.setdefault(key, r)
        if one is not r:
            for name in ("co2e_kg", "share_pct"):
                one[name] = None if one[name] is None or r[name] is None else one[name] + r[name]
    return list(merged.values())


def data_kind(text: str | None) -> str:
    """Return what a row says of its amount: primary, secondary or estimate; other words as they are.

    Examples
    --------
    >>> data_kind("初级数据"), data_kind(None)
    ('primary', '')
    """
    return DATA.get(folded(text or ""), text or "")


def sensitivity_records(uncertainty: Mapping[str, Uncertainty]) -> list[dict[str, Any]]:
    """Return which numbers cause how much of the spread, scenario by scenario, the largest first."""
    return cleared({"scenario": name, **row} for name, one in uncertainty.items() for row in one.ranking)


def spread(one: Uncertainty) -> tuple[bool, Summary]:
    """Return whether it is of draws, and the summary of these, or else that of theory."""
    return (True, one.summary) if one.summary is not None else (False, one.analytic.summary)


def quality_records(found: Footprint) -> list[dict[str, Any]]:
    """Return the quality of every exchange, with its weight in the footprint, then of the whole; each scenario.

    Weights are shares of the absolute contributions, so that a credit counts as much as a burden of its size.
    """
    table, records = found.exchanges, []
    row_of = {int(line): row for row, line in enumerate(table.line)}
    for scenario in found.solved:
        mine = [r for r in found.contribution_records if r["scenario"] == scenario]
        whole = sum(abs(r["co2e_kg"]) for r in mine)
        for r in mine:
            row = row_of[r["source_line"]]
            scores = {name: _number(table.numbers[name][row]) for name in SCORES}
            records.append({
                "scenario": scenario, "part": "exchange", "process": r["process"], "kind": r["kind"],
                "name": r["name"], "source_line": r["source_line"],
                "weight_pct": 100 * abs(r["co2e_kg"]) / whole if whole else None, "data": r["data"], **scores,
                "primary_pct": None, "evidence": table.text("evidence", row) or None,
            })  # fmt: skip
        empty = dict.fromkeys(QUALITY_COLUMNS)
        total = {"scenario": scenario, "part": "total", "weight_pct": 100.0 if whole else None}
        records.append(empty | total | found.quality(scenario))
    return cleared(records)


def evidence(found: Footprint, inputs: Mapping[str, str], uncertainty: Mapping[str, Uncertainty]) -> dict[str, Any]:
    """Return the provenance of a result: enough to compute it anew bit for bit, and to say from what.

    Returns
    -------
    dict
        What `public_evidence` has, and ``inputs`` (SHA-256 by file), ``factors`` with value, document and page,
        ``sets`` with verification, ``own_items``, ``options``, ``issues`` by code, and the numbers that count as
        certain, scenario by scenario.
    """
    result, named = found.background.result, labels(found)
    facts = {} if result is None else result.provenance
    codes = [issue.code for issue in found.issues]
    public = public_evidence(found, inputs, uncertainty)
    return public | {
        "methods": [_method(found)], "gwp": {"set": gwp_name(found), "values": _potentials(found)},
        "certain_numbers": {named[name]: one.certain for name, one in uncertainty.items()},
        "inputs": dict(inputs),
        "processes": len(found.chain.processes), "exchanges": len(found.chain.exchanges),
        "options": {name: _plain(value) for name, value in found.study if name != "pact"},
        "issue_codes": {code: codes.count(code) for code in sorted(set(codes))},
        "sets": facts.get("sets", {}), "own_items": facts.get("own_items", []),
        "factors": facts.get("factors", {}),
        "plan_sha256": facts.get("plan_sha256", ""),
    }  # fmt: skip


def public_evidence(
    found: Footprint, inputs: Mapping[str, str], uncertainty: Mapping[str, Uncertainty]
) -> dict[str, Any]:
    """Return what may be shown of the provenance: totals, method, digests; no name of an input, process or factor."""
    study, named, potentials = found.study, labels(found), gwp_set(found)
    return {
        "title": study.title, "product": study.product,
        "declared_unit": {"amount": str(study.amount), "unit": study.unit, "words": study.functional_unit},
        "boundary": study.boundary, "rule": study.rule, "region": study.region, "period": study.period,
        "methods": [{"id": "own"} if is_own_method(found) else _method(found)],
        "gwp": {"set": "own" if potentials is not None and potentials.own else gwp_name(found),
                "values": _potentials(found)},
        "complete": found.complete,
        "totals_kgco2e": _plain({named[name]: found.co2e(name) for name in found.solved}),
        "left_out_pct": _plain({named[name]: share for name, share in found.left_out_pct.items()}),
        "uncertainty": {named[name]: _spread(one) for name, one in uncertainty.items()},
        "issues": found.issues.counts(),
        "versions": {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}},
        "library_sha256": found.library.digest,
        "inputs": {f"input-{n}": digest for n, digest in enumerate(inputs.values(), start=1)},
    }  # fmt: skip


def _method(found: Footprint) -> dict[str, Any]:
    pack = found.library.pack(found.study.method)
    return {
        "id": pack.id, "title_en": pack.title_en, "title_zh": pack.title_zh, "document": pack.document,
        "verification": pack.verification, "unknown": pack.unknown, "unknown_zh": pack.unknown_zh,
    }  # fmt: skip


def _potentials(found: Footprint) -> dict[str, str]:
    return {gas: str(found.potentials[gas]) for gas in found.background.gases if gas in found.potentials}


def _spread(one: Uncertainty) -> dict[str, Any]:
    """Return how uncertain a scenario is, by draws and by theory, in kgCO2e."""
    drawn = None if one.summary is None else _plain(one.summary._asdict())
    return {
        "method": "analytic" if drawn is None else one.method, "draws": len(one.draws), "seed": one.seed,
        "failed": len(one.failed), "uncertain": len(one.variables.key), "certain": len(one.certain),
        "known_pct": one.known_pct, "by_draws": drawn,
        "by_theory": {"exact": one.analytic.exact, **_plain(one.analytic.summary._asdict())},
    }  # fmt: skip


def is_own_method(found: Footprint) -> bool:
    """Return whether the method pack is the user's and not shipped."""
    return found.study.method not in Library(found.library.folders[:1]).pack_ids


def gwp_set(found: Footprint) -> FactorSet | None:
    """Return the set of warming potentials; None where there is none."""
    name = gwp_name(found)
    if folded(name) == "none":
        return None
    return found.library.set(name if "/" in name else f"ipcc-gwp/{folded(name)}")


def emission_factors(found: Footprint) -> dict[str, Factor]:
    """Return the printed numbers that emissions are computed from, by id; those of energy alone are not among them."""
    if found.background.result is None:
        return {}
    terms = found.background.result.plan.terms
    used = (t for t in terms if t.basis in ("", "location") and not t.target.startswith("energy"))
    return dict(sorted((factor.id, factor) for term in used for factor in term.factors))


def labels(found: Footprint) -> dict[str, str]:
    """Return the scenarios with what they are called where a name is needed; the base case is ``base``."""
    base = "base"
    while base in found.solved:
        base = f"({base})"
    return {name: name or base for name in found.solved}


def gwp_name(found: Footprint) -> str:
    """Return the set of warming potentials that a footprint is weighed by."""
    return found.study.gwp or found.library.pack(found.study.method).gwp


def _number(value: Any) -> float | None:
    return None if np.isnan(value) else float(value)


def _plain(value: Any) -> Any:
    """Return a value as JSON can hold it: what is not known is nothing, and no zero is below zero."""
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    if isinstance(value, (float, np.floating, np.ndarray)):
        return _known(float(value))
    return value if value is None or isinstance(value, (bool, str, int)) else str(value)
