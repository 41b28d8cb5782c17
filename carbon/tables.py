"""Floor 2: a source against the schema of its table. Every bad cell becomes an issue with file, line, column, remedy.

It knows neither factors nor methods. Work is per distinct text, not per cell.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from carbon.arrays import from_arrow, to_strings
from carbon.errors import Issues, near_misses
from carbon.reading import DATE, RAGGED, Source
from carbon.schema import Column, folded, schema

MAXIMUM_CELL = 2_000
MAXIMUM_COLUMNS = 200
LARGEST, SMALLEST = 1e15, 1e-15
_EXCEL_ERRORS = re.compile(r"#(REF!|N/A|VALUE!|DIV/0!|NAME\?|NUM!|NULL!|SPILL!|CALC!|GETTING_DATA)", re.IGNORECASE)
_PLAIN_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_GROUPED_NUMBER = re.compile(r"[+-]?\d{1,3}([,，' \u00a0\u202f]\d{3})+([.．]\d+)?")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")  # also marks that reverse what is shown
_DATE_TEXT = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}:\d{2}.*)?")


@dataclass(frozen=True)
class Table:
    """A checked table.

    Attributes
    ----------
    name, file, digest : str
        Schema, place and SHA-256 of the input.
    codes : dict of str to int32[rows]
        Text columns as indices into `texts`; -1 is empty.
    texts : dict of str to tuple of str
        The distinct texts of each text column.
    numbers : dict of str to float64[rows]
        Number columns; NaN is empty.
    line : int64[rows]
        Line of the file (header = 1).
    bad : bool[rows]
        Rows that have an error in a cell; they are not computed.
    """

    name: str
    file: str
    digest: str
    codes: dict[str, np.ndarray]
    texts: dict[str, tuple[str, ...]]
    numbers: dict[str, np.ndarray]
    line: np.ndarray
    bad: np.ndarray

    def __len__(self) -> int:
        return len(self.line)

    def text(self, column: str, row: int) -> str:
        """Return one cell of a text column; empty text if empty."""
        code = int(self.codes[column][row])
        return self.texts[column][code] if code >= 0 else ""


def check(source: Source, name: str, issues: Issues) -> Table | None:
    """Check a source against the schema of one table.

    Parameters
    ----------
    source : Source
        What was read.
    name : str
        The table: `activities`, `facilities` or `output`.
    issues : Issues
        Receives what is wrong; rows with a bad cell stay in the table, marked.

    Returns
    -------
    Table or None
        None if the columns themselves are wrong, so that no row can be trusted.
    """
    columns = _match_columns(source, schema(name), issues)
    if columns is None:
        return None
    size = source.rows.num_rows
    codes: dict[str, np.ndarray] = {}
    texts: dict[str, tuple[str, ...]] = {}
    numbers: dict[str, np.ndarray] = {}
    bad = np.zeros(size, dtype=bool)
    for column in schema(name).values():
        array = columns.get(column.name)
        if column.type == "number":
            numbers[column.name] = _numbers(array, column, source, issues, bad, size)
        else:
            codes[column.name], texts[column.name] = _texts(array, column, source, issues, bad, size)
    return Table(name, source.file, source.digest, codes, texts, numbers, source.line, bad)


def _match_columns(source: Source, known: Mapping[str, Column], issues: Issues) -> dict[str, pa.ChunkedArray] | None:
    """Return the arrays by schema column; unknown, double and missing columns are errors of the whole file."""
    by_name = {folded(word): column.name for column in known.values() for word in (column.name, *column.aliases)}
    found: dict[str, pa.ChunkedArray] = {}
    good = True
    headers = source.rows.column_names
    if len(headers) > MAXIMUM_COLUMNS:
        issues.add("T112", file=source.file, value=str(len(headers)), limit=MAXIMUM_COLUMNS)
        return None
    for position, header in enumerate(headers):
        target = by_name.get(folded(header))
        if target is None:
            if not header.strip() and source.rows.column(position).null_count == len(source.rows):
                continue
            near = near_misses(folded(header), by_name)
            issues.add("T106", file=source.file, lines=[1], column=header[:80], value=header[:80],
                       near=list(dict.fromkeys(by_name[word] for word in near)), known=list(known))  # fmt: skip
            good = False
        elif target in found:
            issues.add("T107", file=source.file, lines=[1], column=header[:80], value=target)
            good = False
        else:
            found[target] = source.rows.column(position)
    missing = [column.name for column in known.values() if column.required and column.name not in found]
    if missing:
        issues.add("T103", file=source.file, lines=[1], value=", ".join(missing), found=headers[:40])
        good = False
    return found if good else None


def encode(array: pa.ChunkedArray | pa.Array) -> tuple[np.ndarray, list[str]]:
    """Return an Arrow column as int32 codes (-1 = empty) and its distinct texts."""
    if pa.types.is_dictionary(array.type):
        array = pc.cast(array, array.type.value_type)
    if pa.types.is_null(array.type) or pa.types.is_nested(array.type):
        array = to_strings([None if value is None else str(value) for value in array.to_pylist()])
    elif pa.types.is_temporal(array.type):
        array = pc.binary_join_element_wise(pa.scalar(DATE), pc.cast(array, pa.string()), "")
    elif not pa.types.is_string(array.type):
        array = pc.cast(array, pa.string())
    encoded = array.dictionary_encode(null_encoding="encode")
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks() if encoded.num_chunks != 1 else encoded.chunk(0)
        if isinstance(encoded, pa.ChunkedArray):  # no chunk at all
            return np.empty(0, dtype=np.int32), []
    codes = from_arrow(encoded.indices)[0].astype(np.int32)
    texts = encoded.dictionary.to_pylist()
    if None in texts:
        empty = texts.index(None)
        codes[codes == empty] = -1
        texts[empty] = ""  # no cell has it any more; it keeps the numbers of the others
    return codes, texts


def _texts(
    array: pa.ChunkedArray | None, column: Column, source: Source, issues: Issues, bad: np.ndarray, size: int
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return codes and stripped distinct texts; empty required cells, dates and over-long texts are issues."""
    if array is None:
        return np.full(size, -1, dtype=np.int32), ()
    codes, raw = encode(array)
    distinct: dict[str, int] = {}
    move = np.full(len(raw) + 1, -1, dtype=np.int32)
    for position, value in enumerate(raw):
        problem: str = ""
        parts: dict[str, Any] = {}
        text = unicodedata.normalize("NFC", value).strip()
        if text == RAGGED:
            problem = "-"
        elif text.startswith(DATE):
            text = text[1:].removesuffix("T00:00:00").removesuffix(" 00:00:00")
            problem, parts = ("T121", {"month": text[:7]}) if column.type == "period" else ("", {})
        elif _EXCEL_ERRORS.fullmatch(text):
            problem = "T122"
        elif len(text) > MAXIMUM_CELL:
            problem, parts, text = "T113", {"length": len(text), "limit": MAXIMUM_CELL}, text[:60] + "…"
        elif _CONTROL.search(text):
            problem, text = "T114", _CONTROL.sub("�", text)
        if problem:
            rows = codes == position
            bad |= rows
            if problem != "-":
                issues.add(
                    problem, file=source.file, lines=source.line[rows], column=column.name, value=text[:80], **parts
                )
            continue
        if text:
            move[position] = distinct.setdefault(text, len(distinct))
    bad_before = bad.copy()
    codes = move[codes]
    if column.required and (empty := (codes < 0) & ~bad_before).any():
        issues.add("T108", file=source.file, lines=source.line[empty], column=column.name)
        bad |= empty
    return codes, tuple(distinct)


def _numbers(
    array: pa.ChunkedArray | None, column: Column, source: Source, issues: Issues, bad: np.ndarray, size: int
) -> np.ndarray:
    """Return float64 with NaN for empty; text, negative, non-finite and absurd numbers are issues."""
    if array is None:
        values = np.full(size, np.nan)
        missing = np.ones(size, dtype=bool)
    elif pa.types.is_floating(array.type) or pa.types.is_integer(array.type) or pa.types.is_decimal(array.type):
        values, missing = from_arrow(pc.cast(array, pa.float64(), safe=False))
        if pa.types.is_floating(array.type) and not source.digest:  # a frame's NaN means empty
            missing |= np.isnan(values)
        _range_issues(values, ~missing, column, source, issues, bad)
        values[missing] = np.nan
    else:
        values, missing = _numbers_from_text(array, column, source, issues, bad)
    if column.required and (empty := missing & ~bad).any():
        issues.add("T108", file=source.file, lines=source.line[empty], column=column.name)
        bad |= empty
    return values


def _numbers_from_text(
    array: pa.ChunkedArray, column: Column, source: Source, issues: Issues, bad: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Parse a text column: all at once where every cell is plain, else per distinct text."""
    try:
        text = array if pa.types.is_string(array.type) else pc.cast(array, pa.string())
        values, missing = from_arrow(pc.cast(text, pa.float64()))
        if not missing.all() and np.isfinite(values[~missing]).all():
            _range_issues(values, ~missing, column, source, issues, bad)
            values[missing] = np.nan
            return values, missing
    except pa.ArrowException:
        pass
    codes, raw = encode(array)
    parsed = np.full(len(raw) + 1, np.nan)
    empty = np.zeros(len(raw) + 1, dtype=bool)
    empty[-1] = True
    for position, value in enumerate(raw):
        text = value.strip()
        if not text:
            empty[position] = True
            continue
        code, parts = _number_problem(text)
        if code:
            rows = codes == position
            bad |= rows
            shown = text.lstrip(DATE)
            if text != RAGGED:
                issues.add(
                    code, file=source.file, lines=source.line[rows], column=column.name, value=shown[:80], **parts
                )
            continue
        parsed[position] = float(text)
    values, missing = parsed[codes], empty[codes]
    _range_issues(values, ~missing & ~np.isnan(values), column, source, issues, bad)
    return values, missing


def _number_problem(text: str) -> tuple[str, dict[str, Any]]:
    """Return the code of what keeps a text from being a number, or an empty one, and a suggestion."""
    if _PLAIN_NUMBER.fullmatch(text):
        return ("", {}) if math.isfinite(float(text)) else ("T124", {})
    if text == RAGGED:
        return "-", {}
    if text.startswith(DATE) or _DATE_TEXT.fullmatch(text):
        return "T121", {}
    if _EXCEL_ERRORS.fullmatch(text):
        return "T122", {}
    if folded(text) in ("nan", "inf", "-inf", "+inf", "infinity", "-infinity"):
        return "T124", {}
    narrow = unicodedata.normalize("NFKC", text).replace("，", ",")
    if _GROUPED_NUMBER.fullmatch(narrow):
        return "T120", {"suggestion": re.sub(r"[,' \u00a0\u202f]", "", narrow)}
    if _PLAIN_NUMBER.fullmatch(narrow.strip()):
        return "T120", {"suggestion": narrow.strip()}
    return "T120", {}


def _range_issues(
    values: np.ndarray, given: np.ndarray, column: Column, source: Source, issues: Issues, bad: np.ndarray
) -> None:
    """Report non-finite, negative, too large, too small and out-of-range numbers, each distinct value once."""
    finite = given & np.isfinite(values)
    with np.errstate(invalid="ignore"):
        tests: Sequence[tuple[str, np.ndarray, Iterable[tuple[str, Any]]]] = (
            ("T124", given & ~np.isfinite(values), ()),
            ("T123", finite & (values < max(column.minimum, -LARGEST)), (("minimum", column.minimum),)),
            ("T125", finite & (values > min(column.maximum, LARGEST)),
             (("maximum", min(column.maximum, LARGEST)),)),
            ("T125", finite & (values != 0) & (np.abs(values) < SMALLEST), (("maximum", SMALLEST),)),
        )  # fmt: skip
    for code, rows, parts in tests:
        if not rows.any():
            continue
        bad |= rows
        for value in np.unique(values[rows]) if rows.sum() > 1 else values[rows]:
            same = rows & ((values == value) | (np.isnan(values) if np.isnan(value) else False))
            issues.add(code, file=source.file, lines=source.line[same], column=column.name, value=f"{value:g}",
                       **{key: f"{part:g}" for key, part in parts})  # fmt: skip
