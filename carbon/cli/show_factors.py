"""What the terminal shows of emission factors and their sets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from carbon.cli.show import rows

if TYPE_CHECKING:
    from carbon.library import Factor, FactorSet, Library


def factor_rows(library: Library, factors: Sequence[Factor], lang: str) -> None:
    """Print factors, one per row."""
    records = []
    for factor in factors:
        name = library.items[factor.item].name(lang) if factor.item in library.items else factor.gas
        valid = "" if not factor.dated else _span(factor)
        value = factor.value or f"{factor.low}…{factor.high}"
        sure = library.set(factor.set_id).meta.verification
        records.append([factor.id, name, factor.region, factor.parameter, factor.gas, value, factor.unit, valid, sure])
    head = {
        "en": ["factor", "item", "region", "parameter", "gas", "value", "unit", "valid", "verification"],
        "zh": ["因子", "项目", "地区", "参数", "气体", "数值", "单位", "有效期", "核实程度"],
    }[lang]
    rows("", head, records, 0)


def _span(factor: Factor) -> str:
    from carbon.periods import Period

    return Period(factor.start, factor.end).label


def factor_page(library: Library, factor: Factor, lang: str) -> str:
    """Return all that is known about one factor."""
    meta = library.set(factor.set_id).meta
    title = meta.title_zh if lang == "zh" else meta.title_en
    lines = [
        f"{factor.id}",
        f"  {factor.parameter} {factor.gas} = {factor.value or '–'} {factor.unit}".replace("  =", " ="),
    ]
    lines += [f"  95 %: {factor.low} … {factor.high}"] if factor.low or factor.high else []
    lines += [f"  valid: {_span(factor)}"] if factor.dated else []
    lines += [f"  {meta.document} {title}, {factor.page}", f"  {meta.publisher}, issued {meta.issued}"]
    lines += [f"  {meta.verification}: {meta.verified_from}"]
    lines += [f"  note: {factor.note}"] if factor.note else []
    return "\n".join(lines)


def set_rows(sets: Iterable[FactorSet], lang: str) -> None:
    """Print factor sets, one per row."""
    records = [
        [s.id, s.meta.document, s.meta.title_zh if lang == "zh" else s.meta.title_en, s.meta.issued.isoformat(),
         s.meta.verification, str(len(s.rows))]
        for s in sets
    ]  # fmt: skip
    head = {
        "en": ["set", "document", "title", "issued", "verification", "rows"],
        "zh": ["因子集", "文件", "标题", "发布日期", "核实程度", "行数"],
    }[lang]
    rows("", head, records, 1)
