"""Floor 2: the tables, one CSV each: column, type, required, aliases, meaning.

The code, the manual and the templates read the same files. Nothing is read or checked here.
"""

from __future__ import annotations

import csv
import io
import math
import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from carbon.errors import UsageError

_FOLDER = Path(__file__).parent
_WORDS = {
    "activities": ("activities", "活动数据"), "facilities": ("facilities", "设施"), "output": ("output", "产量"),
    "lines": ("lines", "生产线"), "equipment": ("equipment", "设备"), "measures": ("measures", "改造措施"),
    "savings": ("savings", "节能量"), "processes": ("processes", "过程"), "exchanges": ("exchanges", "交换"),
    "parameters": ("parameters", "参数"), "scenarios": ("scenarios", "情景"),
}  # fmt: skip


@dataclass(frozen=True)
class Column:
    """One column of a table's schema."""

    name: str
    type: str
    required: bool
    minimum: float
    maximum: float
    aliases: tuple[str, ...]
    example: str
    meaning_en: str
    meaning_zh: str


@dataclass(frozen=True)
class Choice:
    """One value of a closed list such as `use`.

    Attributes
    ----------
    energy_sign : int
        How such a row counts in the energy balance: 1 consumption, -1 output, 0 not at all.
    own_kinds : tuple of str
        What an item that is in no list may be taken for when a row uses it so, in order.
    """

    id: str
    name_zh: str
    name_en: str
    aliases: tuple[str, ...]
    energy_sign: int
    own_kinds: tuple[str, ...]
    meaning_en: str
    meaning_zh: str


def folded(text: str) -> str:
    """Return a text as compared with names: compatibility forms, case and surrounding blanks do not count.

    Examples
    --------
    >>> folded(" ＣＯ２ ")
    'co2'
    """
    return unicodedata.normalize("NFKC", text).strip().casefold()


def folded_header(text: str) -> str:
    """Return a column header as compared: blanks, underscores and hyphens do not count either.

    Examples
    --------
    >>> folded_header("Carbon Content")
    'carboncontent'
    """
    return re.sub(r"[\s_-]+", "", folded(text))


@cache
def schema(name: str) -> dict[str, Column]:
    """Return the columns of one table.

    Raises
    ------
    UsageError
        If there is no such table; the known ones are named.

    Examples
    --------
    >>> schema("activities")["quantity"].required
    True
    """
    path = _FOLDER / f"{name}.csv"
    if name == "choices" or not path.is_file() or path.parent != _FOLDER:
        message = f"no table {name!r}; known: {', '.join(table_names())}"
        raise UsageError(message)
    with path.open(encoding="utf-8", newline="") as file:
        return {
            row["column"]: Column(
                name=row["column"],
                type=row["type"],
                required=row["required"] == "yes",
                minimum=float(row["minimum"] or -math.inf),
                maximum=float(row["maximum"] or math.inf),
                aliases=tuple(row["aliases"].split("|")) if row["aliases"] else (),
                example=row["example"],
                meaning_en=row["meaning_en"],
                meaning_zh=row["meaning_zh"],
            )
            for row in csv.DictReader(file)
        }


def table_names() -> list[str]:
    """Return the names of all tables that have a schema."""
    return sorted(path.stem for path in _FOLDER.glob("*.csv") if path.stem != "choices")


def table_words(name: str) -> tuple[str, ...]:
    """Return what a table is called in either language, as a file or a sheet.

    Examples
    --------
    >>> table_words("activities")
    ('activities', '活动数据')
    """
    return _WORDS.get(name, (name,))


@cache
def choices(name: str) -> dict[str, Choice]:
    """Return the values of a closed list: `use` or `instrument`."""
    with (_FOLDER / "choices.csv").open(encoding="utf-8", newline="") as file:
        return {
            row["id"]: Choice(
                row["id"],
                row["name_zh"],
                row["name_en"],
                tuple(filter(None, row["aliases"].split("|"))),
                int(row["energy_sign"] or 0),
                tuple(filter(None, row["own_kinds"].split("|"))),
                row["meaning_en"],
                row["meaning_zh"],
            )
            for row in csv.DictReader(file)
            if row["list"] == name
        }


@cache
def choice_ids(name: str) -> dict[str, str]:
    """Return a folded id, name or alias → id of a closed list."""
    return {
        folded(word): choice.id
        for choice in choices(name).values()
        for word in (choice.id, choice.name_zh, choice.name_en, *choice.aliases)
    }


def template(name: str, language: str = "en") -> str:
    """Return a CSV with the header and one example row of a table."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    columns = list(schema(name).values())
    writer.writerow([c.aliases[0] if language == "zh" and c.aliases else c.name for c in columns])
    writer.writerow([column.example if column.required else "" for column in schema(name).values()])
    return out.getvalue()
