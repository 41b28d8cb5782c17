"""Workbooks to fill in: the header of a table, what each column means in both languages, lists to choose from."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from xlsxwriter import Workbook

from carbon.library import Library, load_library
from carbon.report.sheets import FORMS, MADE, OPTIONS, check_new, spread, write_new
from carbon.report.words import words
from carbon.schema import Column, choices, schema, table_words
from carbon.workbooks import LISTS_SHEET, column_letters

ROWS = 5_000  # that offer lists
_SHARED = ("use", "instrument", "exchange", "allocation")
UNITS: Mapping[str, tuple[str, ...]] = {  # offered by column; the vocabulary knows more
    "unit": (
        "t", "kg", "万t", "kt", "kWh", "MWh", "万kWh", "GWh", "MJ", "GJ", "TJ", "Nm3", "千Nm3", "万Nm3", "m3", "万m3",
        "L", "kL", "kgce", "tce", "kgCO2", "tCO2", "tCO2e", "t·km", "CNY",
    ),
    "ncv_unit": ("GJ/t", "MJ/kg", "kJ/kg", "kcal/kg", "GJ/万Nm3", "MJ/Nm3", "kJ/Nm3"),
    "carbon_content_unit": ("tC/GJ", "tC/TJ", "tC/t", "tC/万Nm3", "%"),
    "factor_unit": (
        "kgCO2/kWh", "tCO2/MWh", "tCO2/GJ", "tCO2/t", "kgCO2/kg", "tCO2/万Nm3", "kgCO2e/kWh", "kgCO2e/kg", "tCO2e/t",
        "kgCH4/t", "kgN2O/t",
    ),
}  # fmt: skip
_KINDS = ("fuel", "electricity", "heat", "steam", "medium", "carbonate", "material")  # offered before others


def form_bytes(table: str, language: str = "en") -> bytes:
    """Return a workbook to fill in for one table; `carbon run` reads it back.

    Parameters
    ----------
    table : str
        Name of the table, such as ``activities``.
    language : {"en", "zh"}
        Of the header and of the lists; the notes have both.

    Raises
    ------
    UsageError
        If there is no such table.
    """
    w, columns = words("workbook", language), list(schema(table).values())
    out = io.BytesIO()
    book = Workbook(out, OPTIONS)
    book.set_properties({"created": MADE})
    looks = {name: book.add_format(dict(FORMS[name])) for name in ("head", "required")}
    text, number = book.add_format({"num_format": "@"}), book.add_format({"num_format": "General"})
    sheet = book.add_worksheet(table_words(table)[-1 if language == "zh" else 0])
    lists = book.add_worksheet(LISTS_SHEET)
    lists.hide()
    library, shown = load_library(), 0
    for place, column in enumerate(columns):
        title = header(column, language)
        sheet.write_string(0, place, title, looks["required" if column.required else "head"])
        sheet.write_comment(0, place, note(column), {"x_scale": 2.4, "y_scale": 1.6})
        is_number = column.type in ("number", "share")
        sheet.set_column(place, place, max(12.0, spread(title) + 4), number if is_number else text)
        allowed: dict[str, Any] = {"error_type": "warning", "ignore_blank": True}
        if offered := offers(column, library, language):
            letters, name = column_letters(shown + 1), f"list_{column.name}"
            lists.write_column(0, shown, offered)
            shown += 1
            book.define_name(name, f"={LISTS_SHEET}!${letters}$1:${letters}${len(offered)}")
            allowed |= {"validate": "list", "source": f"={name}", "error_message": w["form_bad"]}
        elif is_number:
            low, high = (limit if math.isfinite(limit) else sign * 1e300
                         for limit, sign in ((column.minimum, -1), (column.maximum, 1)))  # fmt: skip
            allowed |= {"validate": "decimal", "criteria": "between", "minimum": low, "maximum": high}
            allowed |= {"error_message": w["form_number"]}
        if "validate" in allowed:
            sheet.data_validation(1, place, ROWS, place, allowed)
    sheet.set_row(0, 30)
    sheet.freeze_panes(1, sum(column.required for column in columns[:3]))
    book.close()
    return out.getvalue()


def write_form(table: str, path: Path, language: str = "en") -> Path:
    """Write a workbook to fill in for one table, and return where.

    Raises
    ------
    UsageError
        If there is no such table, the file does not end in ``.xlsx``, its folder does not exist, or it is there.
    """
    check_new(path)
    return write_new(path, form_bytes(table, language))


def header(column: Column, language: str) -> str:
    """Return what a column is called in a language."""
    return column.aliases[0] if language == "zh" and column.aliases else column.name


def note(column: Column) -> str:
    """Return what a column means, in both languages."""
    zh, en = words("workbook", "zh"), words("workbook", "en")
    state = "form_required" if column.required else "form_optional"
    names = column.aliases[0] if column.aliases else column.name, column.name
    parts = [
        f"{zh['form_title'].format(name=names[0], state=zh[state])}\n{column.meaning_zh}",
        f"{en['form_title'].format(name=names[1], state=en[state])}\n{column.meaning_en}",
        column.example and f"→ {column.example}",
    ]
    return "\n".join(filter(None, parts))


def offers(column: Column, library: Library, language: str) -> list[str]:
    """Return what a column lets choose from, as the engine knows it; nothing where anything may stand.

    Parameters
    ----------
    column : Column
        Of a table.
    library : Library
        Its items and regions.
    language : {"en", "zh"}
        Of the names.
    """
    if column.type in _SHARED:
        return [c.name_zh if language == "zh" else c.name_en for c in choices(column.type).values()]
    if column.type == "unit":
        return list(UNITS.get(column.name, ()))
    if column.name == "item":
        ranks = {kind: rank for rank, kind in enumerate(_KINDS)}
        items = sorted(library.items, key=lambda item: ranks.get(item.kind, len(ranks)))
        return _known(library.items, {item.id: item.name(language) for item in items})
    if column.type == "region":
        names = {r.id: r.name_zh if language == "zh" else r.name_en for r in library.regions}
        return _known(library.regions, names)
    return []


def _known(entries: Any, names: Mapping[str, str]) -> list[str]:
    """Return names by which their entries are found, else their ids."""
    found = {key: entries.find(name) for key, name in names.items()}
    return [name if (one := found[key]) is not None and one.id == key else key for key, name in names.items()]
