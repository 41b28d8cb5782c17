"""The sentence a verifier wants: quantity, each factor with source and page, the arithmetic, the result.

It works on plain records, so that a line of a result in memory and a line of a result folder read alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

from carbon.errors import Issue
from carbon.inventory.plan import Plan
from carbon.inventory.terms import ENERGY, PRIMARY, Key, Routed, Term
from carbon.library import Library
from carbon.schema import choices
from carbon.tables import Table

_WORDS = {
    "en": {
        "line": "line", "use": "use", "region": "region", "category": "category", "scope": "scope",
        "method": "method", "measured": "measured, on the row", "derived": "by method",
        "energy": "energy", "primary": "primary energy", "location": "location-based",
        "market": "market-based", "total": "together", "rung": "fallback",
        "gwp": "warming potentials",
        "nothing": "no emission: counted as energy only or zero by its instrument",
        "bad": "not computed", "deducted": "deducted", "carbon": "carbon to CO2", "read": "primary",
        "process": "process", "meter": "meter", "evidence": "evidence", "note": "note",
        "secondary": "secondary", "unverified": "unverified",
    },
    "zh": {
        "line": "第", "use": "用途", "region": "地区", "category": "类别", "scope": "范围", "method": "方法包",
        "measured": "本行实测值", "derived": "由方法给定", "energy": "能耗", "primary": "等价值能耗",
        "location": "基于位置", "market": "基于市场", "total": "合计", "rung": "替代", "gwp": "全球变暖潜势",
        "nothing": "无排放：仅计能耗，或凭证对应排放为零", "bad": "未计算",
        "deducted": "扣除", "carbon": "碳转化为二氧化碳",
        "read": "已核对原文", "process": "工序", "meter": "计量器具", "evidence": "证据", "note": "备注",
        "secondary": "二次转录", "unverified": "未核实",
    },
}  # fmt: skip


def plan_document(plan: Plan, library: Library, gwp: Mapping[str, Fraction], gwp_name: str) -> dict[str, Any]:
    """Return the plan as a document: keys, their terms, and every factor with its publication.

    With a line of ``lines.parquet`` it is all that is needed to retrace a number, without this library.
    """
    return {
        "gwp_set": gwp_name,
        "gwp": {gas: str(value) for gas, value in sorted(gwp.items()) if gas in {t.target for t in plan.terms}},
        "keys": [_key_document(key, routed, library) for key, routed in zip(plan.keys, plan.routed, strict=True)],
        "factors": factor_documents(plan, library),
    }


def factor_documents(plan: Plan, library: Library) -> dict[str, dict[str, str]]:
    """Return every factor used, by id, with its value as printed and its source."""
    used = {factor.id: factor for term in plan.terms for factor in term.factors}
    found = {}
    for name, factor in sorted(used.items()):
        meta = library.set(factor.set_id).meta
        found[name] = {
            "value": factor.value, "unit": factor.unit, "low": factor.low, "high": factor.high, "page": factor.page,
            "document": meta.document, "title_en": meta.title_en, "title_zh": meta.title_zh,
            "publisher": meta.publisher, "issued": meta.issued.isoformat(), "verification": meta.verification,
            "note": factor.note,
        }  # fmt: skip
    return found


def _key_document(key: Key, routed: Routed, library: Library) -> dict[str, Any]:
    named = {c.id: c for c in library.pack(key.pack).category}.get(routed.category)
    return {
        "item": key.item.id, "name_en": key.item.name_en, "name_zh": key.item.name_zh, "use": key.use,
        "use_en": choices("use")[key.use].name_en, "use_zh": choices("use")[key.use].name_zh,
        "region": key.region, "period": key.period.label, "unit": key.unit.text, "method": key.pack,
        "category": routed.category, "category_en": named.name_en if named else "",
        "category_zh": named.name_zh if named else "", "scope": routed.scope, "route": routed.route,
        "terms": [_term_document(term) for term in routed.terms],
    }  # fmt: skip


def _term_document(term: Term) -> dict[str, Any]:
    return {
        "target": term.target, "basis": term.basis, "scale": str(term.scale), "sign": term.sign,
        "carbon": _ratio(term.carbon), "rung": [said._asdict() for said in term.rung],
        "slots": [
            {
                "name": slot.name, "column": slot.column, "value": _decimal(slot.value), "unit": slot.unit.text,
                "text": slot.text, "factors": [factor.id for factor in slot.factors],
            }
            for slot in term.slots
        ],
    }  # fmt: skip


def _ratio(carbon: Fraction | None) -> str:
    """Return the carbon-to-CO2 ratio as printed; empty where it plays no part."""
    if carbon is None:
        return ""
    return "44/12" if carbon == Fraction(44, 12) else _decimal(carbon)


def _decimal(value: Fraction) -> str:
    number = float(value)
    return repr(int(number)) if number.is_integer() else repr(number)


def explain_line(
    table: Table, row: int, plan: Plan, gwp: Mapping[str, Fraction], gwp_name: str, library: Library, language: str,
    problems: Iterable[Issue],
) -> str:  # fmt: skip
    """Return the explanation of one row of a result in memory."""
    record: dict[str, Any] = {name: table.text(name, row) for name in table.codes}
    record |= {name: float(values[row]) for name, values in table.numbers.items() if values[row] == values[row]}
    record |= {"file": table.file, "line": int(table.line[row])}
    problems = list(problems)
    if problems:
        words = _WORDS[language]
        head = f"{table.file}:{record['line']} {record.get('item', '')} — {words['bad']}"
        return "\n".join([head, *(f"  {issue.text(language)}" for issue in problems)])
    document = _key_document(plan.keys[plan.key[row]], plan.routed[plan.key[row]], library)
    names = {f for t in document["terms"] for s in t["slots"] for f in s["factors"]}
    factors = {name: entry for name, entry in factor_documents(plan, library).items() if name in names}
    weights = {gas: str(value) for gas, value in gwp.items()}
    return explain_record(record, document, factors, weights, gwp_name, language)


def explain_record(
    record: Mapping[str, Any], key: Mapping[str, Any], factors: Mapping[str, Mapping[str, str]],
    gwp: Mapping[str, str], gwp_name: str, language: str,
) -> str:  # fmt: skip
    """Return how one line was computed.

    Parameters
    ----------
    record : mapping
        The line as entered: file, line, facility, period, item, quantity, unit and measured values.
    key : mapping
        Its key from the plan document.
    factors : mapping
        Factors by id, with value, unit, document, page, verification.
    gwp : mapping of gas to str
        Warming potentials.
    gwp_name : str
        Their set.
    language : {"en", "zh"}
        Language of the words.
    """
    w = _WORDS[language]
    name = key[f"name_{language}"]
    place = f"{record['file']}:{record['line']}"
    out = [f"{place} {record['facility']} {key['period']} {name}: {_number(record['quantity'])} {key['unit']}"]
    facts = [f"{w['method']} {key['method']}", f"{w['use']} {key[f'use_{language}']}"]
    facts += [f"{w['region']} {key['region']}"] if key["region"] else []
    facts += (
        [f"{w['category']} {key[f'category_{language}']}", f"{w['scope']} {key['scope']}"] if key["category"] else []
    )
    out.append("  " + " · ".join(facts))
    seen = [f"{w[name]} {record[name]}" for name in ("process", "meter", "evidence", "note") if record.get(name)]
    out += ["  " + " · ".join(seen)] if seen else []
    weighed: dict[str, float] = {}
    shown: set[str] = set()
    for term in key["terms"]:
        amount, arithmetic = _arithmetic(record, key, term, w)
        target = term["target"]
        if target == PRIMARY and arithmetic in shown:
            continue
        shown.add(arithmetic)
        label = {ENERGY: w["energy"], PRIMARY: w["primary"]}.get(target, target)
        basis = f" ({w[term['basis']]})" if term["basis"] else ""
        out.append(f"  {label}{basis} = {arithmetic}")
        if target not in (ENERGY, PRIMARY, "CO2-biogenic") and target in gwp:
            for side in [term["basis"]] if term["basis"] else ["location", "market"]:
                weighed[side] = weighed.get(side, 0.0) + amount * float(Fraction(gwp[target]))
        if term["rung"]:
            out.append(f"      {w['rung']}: " + "; ".join(said[language] for said in term["rung"]))
    gases = [t["target"] for t in key["terms"] if t["target"] not in (ENERGY, PRIMARY, "CO2-biogenic")]
    if not gases:
        out.append(f"  {w['nothing']}")
    elif set(gases) != {"CO2"} and set(gases) <= set(gwp):  # one unknown part leaves no total
        used = ", ".join(f"{gas} {gwp[gas]}" for gas in dict.fromkeys(gases) if gas in gwp)
        out.append(f"  CO2e {w['total']}: {_number(weighed.get('location', 0.0))} kg ({w['gwp']} {gwp_name}: {used})")
    for identifier, factor in factors.items():
        title = factor[f"title_{language}"]
        unit = "" if factor["unit"] == "1" else f" {factor['unit']}"
        sure = "read" if factor["verification"] == "primary" else factor["verification"]
        source = f"{factor['document']} {title}, {factor['page']} ({w[sure]})"
        out.append(f"  [{identifier}] {factor['value']}{unit} — {source}")
    return "\n".join(out)


def _arithmetic(
    record: Mapping[str, Any], key: Mapping[str, Any], term: Mapping[str, Any], w: Mapping[str, str]
) -> tuple[float, str]:
    """Return the amount of a term in kilograms and its product written out."""
    parts = [f"{_number(record['quantity'])} {key['unit']}"]
    amount = Fraction(repr(float(record["quantity"]))) * Fraction(term["scale"])
    for slot in term["slots"]:
        value = record[slot["column"]] if slot["column"] else float(slot["value"])
        amount *= Fraction(repr(float(value)))
        if slot["name"] == "gas":
            continue
        unit = "" if slot["unit"] in ("1", "1/1") else f" {slot['unit']}"
        source = slot["text"] or (f"{w['measured']}" if slot["column"] else "")
        shown = f"{_number(value)}{unit}" + (f" [{source}]" if source else "")
        if slot["text"].startswith("1 / "):
            shown = f"({slot['text']})"
        parts.append(shown)
    if term["carbon"]:
        parts.append(f"{term['carbon']} [{w['carbon']}]")
    sign = f"− ({w['deducted']}) " if term["sign"] < 0 else ""
    unit = "kgce" if term["target"] in (ENERGY, PRIMARY) else f"kg{term['target']}"
    tonnes = "tce" if unit == "kgce" else "t" + unit[2:]
    total = float(amount)
    return total, f"{sign}{' × '.join(parts)} = {_number(total)} {unit} = {_number(float(amount / 1000))} {tonnes}"


def _number(value: Any) -> str:
    """Return a number with all its digits, thousands set apart by commas."""
    number = float(value)
    if number.is_integer() and abs(number) < 1e15:
        return f"{int(number):,}"
    text = repr(number)
    if "e" in text:
        return text
    whole, decimals = text.split(".")
    sign = "-" if whole.startswith("-") else ""
    return f"{sign}{int(whole.lstrip('-')):,}.{decimals}"
