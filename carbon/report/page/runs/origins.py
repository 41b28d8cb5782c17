"""What the figures of intensity and of levels open: the division or the comparison written out, with its sources."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from carbon.report.page.parts import clean
from carbon.report.page.runs.view import View


def intensity_text(view: View, record: Mapping[str, Any]) -> str:
    """Return how the figures of one row of ``intensity.csv`` came about, line by line."""
    w, r = view.w, record
    unit, amount = clean(r["unit"]), f"{_exact(r['quantity'])} {clean(r['unit'])}"
    lines = [" · ".join(clean(r[name]) for name in ("facility", "process", "product", "period") if r[name])]
    if r["co2e_t_per_unit"] is not None:
        lines.append(f"{_exact(r['co2e_t'])} tCO2e ÷ {amount} = {_exact(r['co2e_t_per_unit'])} tCO2e/{unit}")
    if r["kgce_per_unit"] is not None:
        lines.append(f"{_exact(r['tce'])} tce × 1000 ÷ {amount} = {_exact(r['kgce_per_unit'])} kgce/{unit}")
    if r["co2e_t_per_10k_cny"] is not None:
        money = f"({_exact(r['revenue_cny'])} CNY ÷ 10000)"
        lines.append(f"{_exact(r['co2e_t'])} tCO2e ÷ {money} = {_exact(r['co2e_t_per_10k_cny'])} tCO2e / 10000 CNY")
    if (r["shared_by"] or 0) > 1:
        lines.append(w["origin_shared"].format(n=r["shared_by"]))
    return "\n".join([*lines, w["origin_intensity"].format(file=clean(view.result.output_file))])


def verdict_text(view: View, record: Mapping[str, Any], tier: str) -> str:
    """Return how one comparison with a level came about, line by line; `tier` is the name of the level in words."""
    w, r = view.w, record
    unit, value, level, gap = clean(r["unit"] or ""), r["value"], r["level"], r["gap"]
    lines = [" · ".join(clean(r[name]) for name in ("facility", "line", "process", "product", "period") if r[name])]
    if value is not None:
        lines.append(f"{w['value']}: {clean(r['indicator'] or '')} {_exact(value)} {unit}")
    if level is not None:
        meta = view.result.provenance["level_sets"].get(r["set"], {})
        source = clean(" ".join(filter(None, (meta.get("document"), meta.get(f"title_{view.result.language}")))))
        said = view.said.get(f"is_{r['verification']}", "")
        lines.append(f"{w['level']} ({tier}): {_exact(level)} {unit} [{clean(r['level_id'] or '')}] — {source}, "
                     f"{clean(r['page'] or '')} ({said})")  # fmt: skip
        lines += [w["origin_corrected"].format(text=clean(r["correction"]))] if r["correction"] else []
    if gap is not None and value is not None:
        pair = (value, level) if gap == value - level else (level, value)
        share = f" = {_exact(r['gap_pct'])} %" if r["gap_pct"] is not None else ""
        lines.append(f"{w['gap']}: {_exact(pair[0])} − {_exact(pair[1])} = {_exact(gap)} {unit}{share}")
    if r["tce_to_save"] and r["co2e_t_to_save"] is not None and r["co2e_t_per_tce"] is not None:
        mix = f"{_exact(r['tce_to_save'])} tce × {_exact(r['co2e_t_per_tce'])} tCO2e/tce"
        lines.append(f"{w['co2_save']}: {mix} = {_exact(r['co2e_t_to_save'])} tCO2e ({w['origin_mix']})")
    if r["factors"]:
        lines.append(f"{w['origin_factors']}: {clean(r['factors'])}")
    lines += [clean(r[name]) for name in ("reason", "gate") if r[name]]
    where = w["origin_line"].format(file=clean(view.result.output_file), line=r["source_line"])
    return "\n".join([*lines, where])


def _exact(value: float | None) -> str:
    """Return a number with all its digits and thousands apart.

    Examples
    --------
    >>> _exact(1234.5), _exact(20.0), _exact(None)
    ('1,234.5', '20', '?')
    """
    if value is None:
        return "?"
    return f"{int(value):,}" if float(value).is_integer() else f"{value:,}"
