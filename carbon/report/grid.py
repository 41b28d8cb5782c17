"""Columns of a worksheet as XML: numbers as numbers with all their digits, texts as texts, whatever they begin with."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from carbon.errors import printable

NUMBERS = frozenset({"count", "mass", "fine", "percent", "number", "any"})  # forms of numbers
_MOST_TEXT = 32_767  # UTF-16 units in a cell
_NUMBER, _TEXT, _TRUTH = '"><v>', '" t="s"><v>', '" t="b"><v>'
_NONE = "\ufffe\uffff"


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Attributes
    ----------
    title : str
        Its header, with the unit.
    values : sequence
        Its cells; numbers where its form is one of numbers, and None for nothing.
    form : str
        How they look, of `FORMS`.
    marks : mapping of str to str
        Texts that stand out, with the look of each, of `LOOKS`.
    looks : sequence of str, optional
        The look of each cell, an empty one too; several are divided by blanks.
    links : sequence of str or None, optional
        The place in the workbook to which each cell leads.
    """

    title: str
    values: Sequence[Any]
    form: str = "text"
    marks: Mapping[str, str] | None = None
    looks: Sequence[str] | None = None
    links: Sequence[str | None] | None = None


@dataclass(frozen=True)
class Numbering:
    """By what numbers a workbook knows looks and texts.

    Attributes
    ----------
    style : callable
        Form and look → number.
    text : callable
        Text → number.
    """

    style: Callable[[str, str], int]
    text: Callable[[str], int]


def plain(text: object) -> str:
    r"""Return a text that any cell can hold, and that is none of XML of a cell either.

    Examples
    --------
    >>> plain("a\x00\uffffb"), plain("<r>x</r>"), len(plain("x" * 40_000))
    ('a��b', '<r>x</r> ', 16001)
    """
    return kept(str(text).replace("\r\n", " ").replace("\n", " ").replace("\t", " "))


def kept(text: str) -> str:
    r"""Return a text that any cell can hold, with its line breaks and tabulators.

    Examples
    --------
    >>> kept("a\r\nb\t\x00")
    'a\nb\t�'
    """
    if text.isprintable() and len(text) <= _MOST_TEXT // 2 and not text.startswith("<r>"):
        return text
    lines = text.replace("\r\n", "\n").split("\n")
    shown = "\n".join("\t".join(printable(part) for part in line.split("\t")) for line in lines)
    said = re.sub(f"[{_NONE}]", "�", shown)
    if len(said) > _MOST_TEXT // 2 and len(said.encode("utf-16-le")) // 2 > _MOST_TEXT:
        said = said[:16_000] + "…"
    return f"{said} " if said.startswith("<r>") and said.endswith("</r>") else said  # else taken for rich text


def row_xml(columns: Sequence[Column], letters: Sequence[str], first: int, part: slice, by: Numbering,
            heights: Sequence[str] | None = None) -> memoryview:  # fmt: skip
    """Return some rows of a table as XML in UTF-8.

    Parameters
    ----------
    columns : sequence of Column
        All of the same length.
    letters : sequence of str
        Where each stands.
    first : int
        Row of the first of them, from 1.
    part : slice
        Which of the values.
    by : Numbering
        Of looks and texts.
    heights : sequence of str, optional
        Attribute of the height of each row.

    Examples
    --------
    >>> by = Numbering(style=lambda form, look: 3, text=lambda text: 7)
    >>> bytes(row_xml([Column("n", [1.5, None], "mass")], ["A"], 2, slice(0, 2), by))
    b'<row r="2"><c r="A2" s="3"><v>1.5</v></c></row><row r="3"></row>'
    """
    size = len(columns[0].values[part])
    rows = pc.cast(pa.array(np.arange(first, first + size)), pa.string())
    cells = [_cells(column, part, letter, rows, by) for column, letter in zip(columns, letters, strict=True)]
    high = [pa.array(heights, pa.string())] if heights is not None else []
    found = _joined('<row r="', rows, '"', *high, ">", *cells, "</row>", nulls="skip")
    ends = np.frombuffer(found.buffers()[1], np.int32)
    return memoryview(found.buffers()[2] or b"")[: int(ends[size])]


def _joined(*parts: Any, nulls: str = "emit_null") -> pa.Array:
    return pc.binary_join_element_wise(*parts, "", null_handling=nulls)


def _cells(column: Column, part: slice, letters: str, rows: pa.Array, by: Numbering) -> pa.Array:
    """Return cells below one another as XML; null for what is empty and looks like nothing."""
    values = column.values[part]
    content, kind, looks = _content(column, values, by)
    if column.looks is not None or column.links is not None:
        given = column.looks[part] if column.looks is not None else [""] * len(values)
        if column.links is not None:
            given = [f"{look} link" if link else look for look, link in zip(given, column.links[part], strict=True)]
        looks = pa.array(given, pa.string()).dictionary_encode()
    if looks is None:
        return _joined(f'<c r="{letters}', rows, f'" s="{by.style(column.form, "")}', kind, content, "</v></c>")
    known = looks.dictionary.to_pylist()
    numbers = [str(by.style(column.form, look)) for look in known]
    style = pa.array(numbers, pa.string()).take(looks.indices)
    head = _joined(f'<c r="{letters}', rows, '" s="', style)
    full = _joined(head, kind, content, "</v></c>")
    if column.looks is None:
        return full
    blank = pa.array([None if not look else '"/>' for look in known], pa.string()).take(looks.indices)
    return pc.coalesce(full, _joined(head, blank))


def _content(column: Column, values: Sequence[Any], by: Numbering) -> tuple[pa.Array, Any, pa.DictionaryArray | None]:
    """Return what stands in cells, null for nothing; of what kind it is; the look of each if its text has one."""
    is_number = column.form in NUMBERS
    try:
        if column.form == "any":
            return (*_mixed(values, is_number=True, by=by), None)
        if is_number:
            numbers = pa.array(values, pa.float64(), from_pandas=True)
            numbers = pc.if_else(pc.is_finite(numbers), pc.add(numbers, 0.0), pa.scalar(None, pa.float64()))
            return pc.cast(numbers, pa.string()), _NUMBER, None
        texts = pa.array(values, pa.string()).dictionary_encode()
    except (pa.ArrowInvalid, pa.ArrowTypeError, UnicodeEncodeError):
        return (*_mixed(values, is_number=is_number, by=by), _marked(column, map(str, values)))
    known = texts.dictionary.to_pylist()
    places = pa.array([str(by.text(text)) if text else None for text in known], pa.string())
    if not column.marks:
        return places.take(texts.indices), _TEXT, None
    looks = pa.array([column.marks.get(text, "") for text in known], pa.string()).take(texts.indices)
    return places.take(texts.indices), _TEXT, pc.fill_null(looks, "").dictionary_encode()


def _marked(column: Column, texts: Any) -> pa.DictionaryArray | None:
    marks = column.marks
    return pa.array([marks.get(text, "") for text in texts], pa.string()).dictionary_encode() if marks else None


def _mixed(values: Sequence[Any], *, is_number: bool, by: Numbering) -> tuple[pa.Array, pa.Array]:
    """Return what stands in cells of texts, numbers and truths, and of what kind each is."""
    content: list[str | None] = []
    kinds: list[str] = []
    for value in values:
        kind, said = _TEXT, None
        if is_number and type(value) in (int, float):
            kind, said = _NUMBER, repr(value + 0) if isfinite(value) else None
        elif is_number and type(value) is bool:
            kind, said = _TRUTH, str(int(value))
        elif value is not None and value != "":
            said = str(by.text(str(value)))
        content.append(said)
        kinds.append(kind)
    return pa.array(content, pa.string()), pa.array(kinds, pa.string())
