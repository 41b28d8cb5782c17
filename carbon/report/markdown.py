"""`report.md`: what was computed, what is missing, where the numbers come from. Chinese or English, text escaped."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING, Any

from carbon.errors import distinct_lines, printable
from carbon.inventory.totals import scope_sums
from carbon.report.words import words
from carbon.schema import choices

if TYPE_CHECKING:
    from carbon.errors import Issue, Issues
    from carbon.inventory import Result

_SPECIAL = re.compile(r"([\\`*_\[\]#|<>~])")
LONGEST_TABLE = 40


def escape(text: Any) -> str:
    r"""Return user text so that it stays text in Markdown and in HTML made from it.

    Examples
    --------
    >>> print(escape("<script>|"))
    \<script\>\|
    """
    return _SPECIAL.sub(r"\\\1", printable(" ".join(str(text).split())))


def figure(value: float | None, digits: int = 2) -> str:
    """Return a number for reading: thousands apart, a few decimals (GB/T 8170: half to even), a dash where unknown.

    Examples
    --------
    >>> figure(30.165), figure(220.295), figure(1234567.0), figure(-0.0), figure(None)
    ('30.16', '220.30', '1,234,567.00', '0.00', '–')
    """
    if value is None:
        return "–"
    if value and abs(value) < 10**-digits:
        return f"{value:.3g}"
    return f"{Decimal(repr(value or 0.0)):,.{digits}f}"


def table(
    header: Sequence[str], rows: Iterable[Sequence[str]], numbers: int, file: str, w: dict[str, str]
) -> list[str]:
    """Return a Markdown table, its last columns numbers, cut after `LONGEST_TABLE` rows with a pointer to the file."""
    rows, count = cut(rows)
    rules = [" ---: " if place >= len(header) - numbers else " --- " for place in range(len(header))]
    lines = ["| " + " | ".join(header) + " |", "|" + "|".join(rules) + "|"]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    if count > len(rows):
        lines += ["", w["more"].format(n=count - len(rows), file=file)]
    return [*lines, ""]


class Rows:
    """Rows of a table that are formatted only as far as they are shown."""

    def __init__(self, records: Sequence[Any], form: Callable[[Any], Sequence[str]]) -> None:
        self.records, self.form = records, form

    def __iter__(self) -> Iterator[Sequence[str]]:
        return map(self.form, self.records)

    def __len__(self) -> int:
        return len(self.records)


def cut(rows: Iterable[Sequence[str]]) -> tuple[list[Sequence[str]], int]:
    """Return the rows that a table shows, and how many there are."""
    rows = rows if isinstance(rows, (Rows, list)) else list(rows)
    return list(islice(rows, LONGEST_TABLE)), len(rows)


def render_markdown(result: Result) -> str:
    """Return the report of a result in its language.

    Parameters
    ----------
    result : Result
        What was computed.

    Returns
    -------
    str
        Markdown; what is missing or unverified stands first.
    """
    w = words("report", result.language)
    zh = result.language == "zh"
    out = [f"# {escape(result.title) or w['report']}", ""]
    facts = result.provenance
    pack = facts["methods"]
    names = ", ".join(f"{p['title_zh' if zh else 'title_en']} (`{p['id']}`, {p['document']})" for p in pack)
    out += [
        f"{w['method']}: {names}  ",
        f"{w['gwp']}: {result.gwp_name if result.gwp_name != 'none' else w['none']}",
        "",
    ]
    out += _first(result, facts, w)
    if result.total_records:
        out += [f"## {w['emissions']}", ""]
        for basis in result.bases:
            out += [f"### {w[basis]} (tCO2e)", "", *_matrix(result, basis, w)]
        if any(r["uncertainty_known_pct"] is not None for r in result.total_records):
            out += [w["uncertain"], ""]
    out += (
        _energy(result, w)
        + _intensity(result, w)
        + _verdicts(result, w)
        + issue_section(result.every_issue, result.language, w, "##")
        + _sources(facts, w, result.language)
    )
    return "\n".join(out)


def _first(result: Result, facts: dict[str, Any], w: dict[str, str]) -> list[str]:
    lines, counts = facts["lines"], facts["issues"]
    zh = result.language == "zh"
    out = [f"## {w['first']}", ""]
    out.append("- " + (f"**{w['incomplete'].format(**lines)}**" if lines["bad"] else w["complete"]))
    out.append("- " + w["warnings"].format(**counts))
    for level in ("unverified", "secondary"):
        sets = [name for name, entry in facts["sets"].items() if entry["verification"] == level]
        out += [f"- {w[level]}: {', '.join(f'`{name}`' for name in sets)}"] if sets else []
    out += [f"- {w['own']}: {', '.join(map(escape, facts['own_items']))}"] if facts["own_items"] else []
    for pack in facts["methods"]:
        texts = pack["unknown_zh" if zh else "unknown"]
        out += [f"- {w['unknown']} (`{pack['id']}`):", *(f"    - {text}" for text in texts)] if texts else []
    return [*out, f"- {w['retrace']}", ""]


def place(record: dict[str, Any], w: dict[str, str]) -> str:
    """Return what a record is for: a facility, a group of them, all of them."""
    if record["facility"]:
        return escape(record["facility"])
    return f"{w['group']} {escape(record['group'])}" if record["group"] else w["all"]


def _matrix(result: Result, basis: str, w: dict[str, str]) -> list[str]:
    """Return the totals of one basis: a row per place and period, a column per category."""
    zh = result.language == "zh"
    names = {c.id: c.name_zh if zh else c.name_en for p in result.packs for c in p.category}
    records = [r for r in result.total_records if r["basis"] == basis]
    met = {r["category"] for r in records}
    used = [name for name in names if name in met]
    found: dict[tuple[str, str, str], dict[str, dict[str, Any]]] = {}
    for r in records:
        found.setdefault((r["facility"], r["group"], r["period"]), {})[r["category"]] = r
    scopes = sorted({r["scope"] for r in records} - {"total"})

    def row(entry: tuple[tuple[str, str, str], dict[str, dict[str, Any]]]) -> list[str]:
        (facility, group, period), cells = entry
        where = place({"facility": facility, "group": group}, w)
        total = cells["total"]
        end = figure(total["co2e_t"]) + ("" if total["complete"] else f" ({w['incomplete_mark']})")
        if total["uncertainty_pct"] is not None:
            end += f" ± {figure(total['uncertainty_pct'], 1)} %"
        known = scope_sums(cells.values())
        sums = [figure(known[scope]) if scope in known else "" for scope in scopes]
        values = [figure(cells[c]["co2e_t"]) if c in cells else "" for c in used]
        return [where, period, *values, *sums, f"**{end}**"]

    rows = Rows([*found.items()], row)
    header = [w["facility"], w["period"], *(names[c] for c in used), *(f"{w['scope']} {s}" for s in scopes), w["total"]]
    return table(header, rows, len(header) - 2, "totals.csv", w)


def _energy(result: Result, w: dict[str, str]) -> list[str]:
    """Return total and control-scope energy of every place and period, then items of the longest periods."""
    records = result.energy_records
    if not records:
        return []
    found: dict[tuple[str, str, str], dict[str, dict[str, Any]]] = {}
    for r in records:
        if r["item"] in ("total", "control-scope"):
            found.setdefault((r["facility"], r["group"], r["period"]), {})[r["item"]] = r

    def total(entry: tuple[tuple[str, str, str], dict[str, dict[str, Any]]]) -> list[str]:
        (facility, group, period), cells = entry
        where = place({"facility": facility, "group": group}, w)
        mark = "" if cells["total"]["complete"] else f" ({w['incomplete_mark']})"
        control, primary = figure(cells["control-scope"]["tce"], 3), figure(cells["total"]["tce_primary"], 3)
        return [where, period, figure(cells["total"]["tce"], 3) + mark, control, primary]

    rows = Rows([*found.items()], total)
    header = [w["facility"], w["period"], "tce", w["control"], w["primary"]]
    out = [f"## {w['energy']}", "", *table(header, rows, 3, "energy.csv", w)]
    uses = choices("use")
    longest = result.cells.longest

    def item(r: dict[str, Any]) -> list[str]:
        use = uses[r["use"]].name_zh if result.language == "zh" else uses[r["use"]].name_en
        quantity = f"{figure(r['quantity'])} {r['unit']}" if r["quantity"] is not None else ""
        return [place(r, w), r["period"], escape(r["item_name"]), use, quantity, figure(r["tce"], 3),
                figure(r["tce_primary"], 3)]  # fmt: skip

    rows = Rows([r for r in records if r["use"] and r["period"] in longest], item)
    header = [w["facility"], w["period"], w["item"], w["used"], w["quantity"], "tce", w["primary"]]
    return [*out, f"### {w['by_item']}", "", *table(header, rows, 3, "energy.csv", w)]


def _intensity(result: Result, w: dict[str, str]) -> list[str]:
    if not result.intensity_records:
        return []
    rows = [
        [escape(r["facility"]), escape(r["process"]), r["period"], escape(r["product"]),
         f"{figure(r['quantity'])} {escape(r['unit'])}", figure(r["co2e_t_per_unit"], 4), figure(r["kgce_per_unit"], 2),
         figure(r["co2e_t_per_10k_cny"], 4)]
        for r in result.intensity_records
    ]  # fmt: skip
    header = [
        w["facility"],
        w["process"],
        w["period"],
        w["product"],
        w["output"],
        w["per_unit"],
        w["kgce"],
        w["per_money"],
    ]
    return [f"## {w['intensity']}", "", *table(header, rows, 4, "intensity.csv", w)]


def _verdicts(result: Result, w: dict[str, str]) -> list[str]:
    """Return where products stand against sector levels, quotas and allowance benchmarks, a row per product and set."""
    if result.verdicts is None:
        return []
    said, rows = words("verdict", result.language), []
    records = list(result.verdicts.records())
    for one in by_set(records):
        first = one[0]
        levels = " / ".join(figure(r["level"], 2) for r in one if r["tier"])
        what = " ".join(filter(None, (first["product"], first["condition"])))
        value = f"{figure(first['value'])} {first['unit']}" if first["unit"] else first["reason"] or ""
        rows.append(
            [escape(first["facility"]), first["period"] or "", escape(what), escape(first["set"]),
             said[first["verdict"]], escape(value), levels, figure(first["gap_pct"], 1),
             figure(first["tce_to_save"], 1), figure(first["co2e_t_to_save"], 1)]
        )  # fmt: skip
    names = ("facility", "period", "product", "level_set", "verdict", "measured", "levels", "gap", "tce_best",
             "co2_best")  # fmt: skip
    gates = dict.fromkeys(f"{r['facility']} {r['product']}: {r['gate']}" for r in records if r["gate"])
    grid = table([w[name] for name in names], rows, 5, "benchmarks.csv", w)
    out = [f"## {w['verdicts']}", "", *grid, w["verdict_note"], ""]
    return out + ([f"### {w['gates']}", "", *(f"- {escape(text)}" for text in gates), ""] if gates else [])


def by_set(records: Iterable[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Return the rows of one line and set together, best tier first."""
    found: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for r in records:
        key = (r["source_line"], r["facility"], r["product"], r["period"], r["set"], r["condition"], r["indicator"])
        found.setdefault(key, []).append(r)
    return list(found.values())


def issue_section(issues: Issues, language: str, w: dict[str, str], heading: str) -> list[str]:
    """Return the issues under a heading, if there are any; notes of one code stand together."""
    grouped: dict[tuple[str, ...], list[Issue]] = {}
    for issue in issues.ordered():
        key = (issue.code,) if issue.severity == "note" else (issue.code, issue.message(language))
        grouped.setdefault(key, []).append(issue)
    rows = []
    for found in grouped.values():
        first, lines = found[0], distinct_lines(found)
        text = first.message(language)
        text = w["values"].format(n=len(found), first=text) if len(found) > 1 else text
        rows.append([first.code, w[first.severity], escape(text), escape(first.remedy(language)), str(lines or "")])
    header = [w["code"], w["severity"], w["message"], w["remedy"], w["lines"]]
    return [f"{heading} {w['issues']}", "", *table(header, rows, 1, "issues.csv", w)] if rows else []


def _sources(facts: dict[str, Any], w: dict[str, str], language: str) -> list[str]:
    rows = [
        [f"`{name}`", escape(f"{entry['document']} {entry[f'title_{language}']}"),
         w[f"is_{entry['verification']}"]]
        for name, entry in facts["sets"].items()
    ]  # fmt: skip
    return [
        f"## {w['sources']}",
        "",
        *table([w["set"], w["document"], w["verification"]], rows, 0, "provenance.json", w),
    ]
