"""Floor 2: a source against the schema of its table. Every bad cell becomes an issue with file, line, column, remedy.

It knows neither factors nor methods. Work is per distinct text, not per cell.
"""

from __future__ import annotations

import datetime as dt
import math
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from carbon.arrays import from_arrow, to_arrow, to_strings
from carbon.errors import Issues, Said, near_misses
from carbon.reading import TOGETHER, Source
from carbon.schema import Column, folded, folded_header, schema, table_names, table_words
from carbon.workbooks import STORED, column_letters

MAXIMUM_CELL = 2_000
MAXIMUM_COLUMNS = 200
LARGEST, SMALLEST, SMALLEST_FACTOR = 1e15, 1e-15, 1e-12
TOTAL_WORDS = frozenset({"合计", "总计", "小计", "累计", "共计", "total", "sum", "subtotal", "grandtotal"})
TOTAL_ENDINGS = ("合计", "总计", "小计", "累计", "共计", "合計", "總計", "小計")
_TOTAL_END = frozenset("计計lmLMｌｍＬＭ")  # the last letters of all of these
TOTAL_COLUMNS = ("facility", "item", "product")  # beside the first column
OWN_NAMES = ("parameters", "scenarios")  # tables in which `total` may be a name of the user's own
COMMANDS = {"activities": "run", "lines": "benchmark", "equipment": "equipment", "measures": "upgrade",
            "savings": "savings"}  # fmt: skip
_EXCEL_ERRORS = re.compile(r"#(REF!|N/A|VALUE!|DIV/0!|NAME\?|NUM!|NULL!|SPILL!|CALC!|GETTING_DATA)", re.IGNORECASE)
_PLAIN_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_SHARE = re.compile(r"(\d{1,3}(?:\.\d{1,12})?) ?%", re.ASCII)
_GROUPED_NUMBER = re.compile(r"[+-]?\d{1,3}([,，' \u00a0\u202f]\d{3})+([.．]\d+)?")
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})  # marks that are not seen, and those that reverse what is shown
_DATE_TEXT = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}.*)?|\d{2}:\d{2}:\d{2}.*", re.ASCII)
_DAY = re.compile(r"\d{4}([-/.])\d{1,2}\1\d{1,2}(\D.*)?|\d{1,2}/\d{1,2}/\d{4}", re.ASCII)
_RANGE = re.compile(r"[\d.]+\s*[-–—~～至]\s*[\d.]+", re.ASCII)
_ONE_DAY = re.compile(
    r"(\d{4})(?:([-/.])(\d{1,2})\2(\d{1,2})|年(\d{1,2})月(\d{1,2})日)([T ]\d{1,2}:\d{2}.*)?", re.ASCII
)
_SERIAL = re.compile(r"[34567]\d{4}", re.ASCII)  # of a day as Excel counts them, from 1982 on
_DECIMAL_COMMA = re.compile(r"([+-]?)(\d+(?:[.' \u00a0\u202f]\d{3})*|0),(\d+)", re.ASCII)
_OCTOBER = re.compile(r"\d{4}\.1", re.ASCII)
_EXCEL_EPOCH = dt.date(1899, 12, 30)
_VANISHED = re.compile(r"[+-]?[0.]*[1-9]", re.ASCII)  # begins a number that is not zero


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
        The table: `activities`, `facilities`, `output`, … (`carbon.schema.table_names`).
    issues : Issues
        Receives what is wrong; rows with a bad cell stay in the table, marked.

    Returns
    -------
    Table or None
        None if the columns themselves are wrong, so that no row can be trusted.
    """
    columns = _match_columns(source, name, issues)
    if columns is None:
        return None
    size = source.rows.num_rows
    codes: dict[str, np.ndarray] = {}
    texts: dict[str, tuple[str, ...]] = {}
    numbers: dict[str, np.ndarray] = {}
    bad = np.isin(source.line, source.refused) if source.refused else np.zeros(size, dtype=bool)
    empty, none = np.full(size, np.nan), np.full(size, -1, dtype=np.int32)  # of all columns that are not given
    for blank in (empty, none):
        blank.setflags(write=False)
    for column in schema(name).values():
        array = columns.get(column.name)
        if array is None and column.type in ("number", "share"):
            numbers[column.name] = empty
        elif array is None:
            codes[column.name], texts[column.name] = none, ()
        elif column.type in ("number", "share"):
            numbers[column.name] = _numbers(array, column, source, issues, bad)
        else:
            codes[column.name], texts[column.name] = _texts(array, column, source, issues, bad)
    found = Table(name, source.file, source.digest, codes, texts, numbers, source.line, bad)
    _check_totals(found, next(iter(columns), ""), issues)
    _check_required(found, issues)
    return found


def is_total(text: str) -> bool:
    """Return whether a name says that its row is a sum of others.

    Examples
    --------
    >>> [is_total(text) for text in ("合 计", "Total:", "一分厂小计", "Total Energies")]
    [True, True, True, False]
    """
    if text.rstrip(" :：\u3000")[-1:] not in _TOTAL_END:
        return False
    word = re.sub(r"[\s:：]+", "", folded(text))
    return word in TOTAL_WORDS or word.endswith(TOTAL_ENDINGS)


def _check_totals(table: Table, first: str, issues: Issues) -> None:
    """Report rows that are sums of others: they would be counted twice."""
    sure = () if table.name in OWN_NAMES else {first, *TOTAL_COLUMNS}
    lacking = np.logical_or.reduce(list(_empty(table).values())) & ~table.bad
    for name, texts in table.texts.items():
        here = ~table.bad if name in sure else lacking
        for code, text in enumerate(texts) if here.any() else ():
            if is_total(text) and (rows := here & (table.codes[name] == code) & ~table.bad).any():
                issues.add("T131", file=table.file, lines=table.line[rows], column=name, value=text)
                table.bad[rows] = True


def _empty(table: Table) -> dict[str, np.ndarray]:
    """Return which cells of the required columns are empty."""
    required = [c.name for c in schema(table.name).values() if c.required]
    return {n: np.isnan(table.numbers[n]) if n in table.numbers else table.codes[n] < 0 for n in required}


def _check_required(table: Table, issues: Issues) -> None:
    """Report empty cells of required columns."""
    before = table.bad.copy()
    for name, rows in _empty(table).items():
        if (blank := rows & ~before).any():
            parts = {"number": name} if name in table.numbers else {}
            parts |= {"book": table.file} if ".xlsx" in table.file.lower() else {}
            issues.add("T108", file=table.file, lines=table.line[blank], column=name, **parts)
            table.bad[blank] = True


def _match_columns(source: Source, name: str, issues: Issues) -> dict[str, pa.ChunkedArray] | None:
    """Return the arrays by schema column; unknown, double and missing columns are errors of the whole file."""
    known = schema(name)
    by_name = _headings(name)
    found: dict[str, pa.ChunkedArray] = {}
    good = True
    headers = source.rows.column_names
    lines = [source.header] if source.header else []
    if len(headers) > MAXIMUM_COLUMNS:
        issues.add("T112", file=source.file, value=str(len(headers)), limit=MAXIMUM_COLUMNS)
        return None
    if (other := _other_table(headers, name)) is not None:
        issues.add("T145", file=source.file, lines=lines, value=other, table=name, kind=table_words(other)[-1],
                   wanted=table_words(name)[-1], how=_use(other))  # fmt: skip
        return None
    for position, header in enumerate(headers):
        target, shown = by_name.get(folded_header(header)), _shown(header[:80])
        if target is None:
            if not header.strip() and source.rows.column(position).null_count == len(source.rows):
                continue
            good = False
            if not header.strip():
                place = f"{position + 1} ({column_letters(position + 1)})"
                issues.add("T144", file=source.file, lines=lines, value=place)
                continue
            near = near_misses(folded_header(header), by_name)
            issues.add("T106", file=source.file, lines=lines, column=shown, value=shown,
                       near=list(dict.fromkeys(_said(known[by_name[word]]) for word in near)),
                       known=[_said(column) for column in known.values()])  # fmt: skip
        elif target in found:
            issues.add("T107", file=source.file, lines=lines, column=shown, value=target)
            good = False
        else:
            found[target] = source.rows.column(position)
    missing = [column.name for column in known.values() if column.required and column.name not in found]
    if missing:
        issues.add(
            "T103",
            file=source.file,
            lines=lines,
            value=", ".join(missing),
            missing=[Said(column, f"{_said(known[column]).zh} ({column})") for column in missing],
            table=name,
            found=[_shown(header[:80]) for header in headers[:40]],
        )
        good = False
    return found if good else None


def _other_table(headers: Sequence[str], name: str) -> str | None:
    """Return the table to which headers belong if that is not the one asked for: most are its, and far fewer ours."""
    given = {folded_header(header) for header in headers} - {""}
    lacking: dict[str, bool] = {}
    known: dict[str, int] = {}
    for table in table_names():
        found = {_headings(table).get(word) for word in given} - {None}
        known[table] = len(given & _headings(table).keys())
        lacking[table] = any(c.required and c.name not in found for c in schema(table).values())
    kin = next((group for group in TOGETHER if name in group), ())
    best = max(known, key=lambda table: (known[table], table == name, not lacking[table], table in kin))
    if best == name or not lacking[name] or 2 * known[best] <= len(given):
        return None
    return best if known[best] >= known[name] + 3 or (not lacking[best] and known[best] > known[name]) else None


def _use(table: str) -> Said:
    """Return what to do with a table."""
    if table in COMMANDS:
        return Said(f"use `carbon {COMMANDS[table]}`", f"请使用 carbon {COMMANDS[table]}")
    en, zh = ("run", "运行") if table in TOGETHER[0] else ("study", "研究")
    return Said(f"put it into a {en} folder as {table}.csv", f"请以 {table}.csv 为名放入{zh}文件夹")


@cache
def _headings(name: str) -> dict[str, str]:
    """Return the columns of a table by every heading that is understood."""
    return {folded_header(word): column.name for column in schema(name).values()
            for word in (column.name, *column.aliases)}  # fmt: skip


def _said(column: Column) -> Said:
    """Return the name of a column as people of each language write it."""
    return Said(column.name, column.aliases[0] if column.aliases else column.name)


def encode(array: pa.ChunkedArray | pa.Array) -> tuple[np.ndarray, list[str]]:
    """Return an Arrow column as int32 codes (-1 = empty) and its distinct texts."""
    if pa.types.is_nested(array.type):
        array = to_strings([None if value is None else str(value) for value in array.to_pylist()])
    if not pa.types.is_dictionary(array.type):
        array = array.dictionary_encode()
    elif isinstance(array, pa.ChunkedArray):
        array = array.unify_dictionaries()
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    codes, missing = from_arrow(array.indices)
    codes = codes.astype(np.int32, copy=False)
    codes[missing] = -1
    texts = _decoded(array.dictionary)
    used = np.zeros(len(texts) + 1, dtype=bool)
    used[codes] = True
    used[-1] = True  # stands for -1
    if used.all():
        return codes, texts
    move = np.cumsum(used, dtype=np.int32) - 1
    move[-1] = -1
    return move[codes], [text for text, seen in zip(texts, used[:-1].tolist(), strict=True) if seen]


def _decoded(values: pa.Array) -> list[str]:
    """Return distinct values as texts; bytes that are no text become �."""
    kind = values.type
    plain = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    try:
        if plain or pa.types.is_temporal(kind) or pa.types.is_boolean(kind) or pa.types.is_null(kind):
            return [STORED.sub("", text or "") for text in pc.cast(values, pa.string()).to_pylist()]
        return [(data or b"").decode("utf-8", "replace") for data in pc.cast(values, pa.binary()).to_pylist()]
    except pa.ArrowNotImplementedError:
        return ["" if value is None else str(value) for value in values.to_pylist()]


def _shown(text: str) -> str:
    """Return a text with � for every character that is not seen.

    Examples
    --------
    >>> _shown("Go" + chr(0x200B) + "od")
    'Go�od'
    """
    if text.isprintable():
        return text
    return "".join("�" if unicodedata.category(mark) in _HIDDEN else mark for mark in text)


Problem = tuple[str, str, Mapping[str, Any]]  # code, value shown, parts of the message


def _report(
    problems: Mapping[int, Problem], codes: np.ndarray, column: Column, source: Source, issues: Issues, bad: np.ndarray
) -> None:
    """Report what is wrong with distinct values, each once with all its lines, and mark their rows."""
    if not problems:
        return
    order = np.argsort(codes, kind="stable")
    ends = np.searchsorted(codes[order], np.arange(max(problems) + 2))
    for position, (code, value, parts) in problems.items():
        rows = order[ends[position] : ends[position + 1]]
        bad[rows] = True
        issues.add(code, file=source.file, lines=source.line[rows], column=column.name, value=value, **parts)


def _texts(
    array: pa.ChunkedArray, column: Column, source: Source, issues: Issues, bad: np.ndarray
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return codes and stripped distinct texts; dates, hidden characters and over-long texts are issues."""
    codes, raw = encode(array)
    lasting = column.type == "expression" and pa.types.is_duration(array.type)
    distinct: dict[str, int] = {}
    problems: dict[int, Problem] = {}
    move = np.full(len(raw) + 1, -1, dtype=np.int32)
    for position, value in enumerate(raw):
        text = unicodedata.normalize("NFC", value).strip()
        problem = ("T121", text, {}) if lasting else _text_problem(text, column)
        if problem:
            problems[position] = problem
        elif text:
            move[position] = distinct.setdefault(text, len(distinct))
    _report(problems, codes, column, source, issues, bad)
    if len(distinct) == len(raw):
        return codes, tuple(distinct)
    return move[codes], tuple(distinct)


def _text_problem(text: str, column: Column) -> Problem | None:
    """Return what keeps a text from being used."""
    if len(text) > MAXIMUM_CELL:
        return "T113", _shown(text[:60]) + "…", {"length": len(text), "limit": MAXIMUM_CELL}
    if "�" in (shown := _shown(text)):
        return "T114", shown[:80], {}
    if _EXCEL_ERRORS.fullmatch(text):
        return "T122", text, {}
    if column.type == "expression" and (_DATE_TEXT.fullmatch(text) or _DAY.fullmatch(text)):
        return "T121", text, {}
    if column.type == "expression" and _RANGE.fullmatch(text):
        return "T120", text, {}
    if column.type == "period" and (day := _day(text)):
        return "T121", text if text[:4] == day[:4] else f"{text} = {day}", {"month": day[:7]}
    if column.type == "period" and _DATE_TEXT.fullmatch(text):
        return "T121", text, {}
    if column.type == "period" and _OCTOBER.fullmatch(text):
        return "T132", text, {"first": f"{text[:4]}-01", "tenth": f"{text[:4]}-10"}
    return None


def _day(text: str) -> str:
    """Return the day that a text names, or that Excel counts so, as YYYY-MM-DD; empty text if none.

    Examples
    --------
    >>> _day("2024/1/5"), _day("45300"), _day("2024-03")
    ('2024-01-05', '2024-01-09', '')
    """
    if _SERIAL.fullmatch(text):
        return (_EXCEL_EPOCH + dt.timedelta(days=int(text))).isoformat()
    found = _ONE_DAY.fullmatch(text)
    if found is None:
        return ""
    year, _, month, day, month_zh, day_zh, _ = found.groups()
    try:
        return dt.date(int(year), int(month or month_zh), int(day or day_zh)).isoformat()
    except ValueError:
        return ""


def _numbers(array: pa.ChunkedArray, column: Column, source: Source, issues: Issues, bad: np.ndarray) -> np.ndarray:
    """Return float64 with NaN for empty; text, negative, non-finite and absurd numbers are issues."""
    if pa.types.is_floating(array.type) or pa.types.is_integer(array.type) or pa.types.is_decimal(array.type):
        values, missing = from_arrow(pc.cast(array, pa.float64(), safe=False))
        if pa.types.is_floating(array.type) and not source.digest:  # a frame's NaN means empty
            missing |= np.isnan(values)
        _range_issues(values, ~missing, column, source, issues, bad)
        values[missing] = np.nan
    elif pa.types.is_duration(kind := array.type.value_type if pa.types.is_dictionary(array.type) else array.type):
        codes, raw = encode(array)
        lasting: dict[int, Problem] = {n: ("T120", f"{text} {kind.unit}", {}) for n, text in enumerate(raw)}
        _report(lasting, codes, column, source, issues, bad)
        values, missing = np.full(len(codes), np.nan), codes < 0
    else:
        values, missing = _numbers_from_text(array, column, source, issues, bad)
    values[missing] = np.nan
    return values


def _numbers_from_text(
    array: pa.ChunkedArray, column: Column, source: Source, issues: Issues, bad: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Parse a text column: all at once where every cell is plain, else per distinct text."""
    try:
        text = array if pa.types.is_string(array.type) else pc.cast(array, pa.string())
        values, missing = from_arrow(pc.cast(text, pa.float64()))
        zeros = np.flatnonzero(~missing & (values == 0))
        vanished = len(zeros) and any(map(_VANISHED.match, encode(text.take(to_arrow(zeros)))[1]))
        if not missing.all() and np.isfinite(values[~missing]).all() and not vanished:
            _range_issues(values, ~missing, column, source, issues, bad)
            values[missing] = np.nan
            return values, missing
    except pa.ArrowException:
        pass
    codes, raw = encode(array)
    parsed = np.full(len(raw) + 1, np.nan)
    empty = np.zeros(len(raw) + 1, dtype=bool)
    empty[-1] = True
    problems: dict[int, Problem] = {}
    for position, value in enumerate(raw):
        text = value.strip()
        if not text:
            empty[position] = True
        elif column.type == "share" and (share := _SHARE.fullmatch(unicodedata.normalize("NFKC", text))):
            parsed[position] = float(Fraction(share[1]) / 100)
        else:
            code, parts = _number_problem(text)
            if code:
                problems[position] = code, _shown(text[:80]), parts
            else:
                parsed[position] = float(text)
    _report(problems, codes, column, source, issues, bad)
    values, missing = parsed[codes], empty[codes]
    _range_issues(values, ~missing & ~np.isnan(values), column, source, issues, bad)
    return values, missing


def _number_problem(text: str) -> tuple[str, dict[str, Any]]:
    """Return the code of what keeps a text from being a number, or an empty one, and a suggestion."""
    if _PLAIN_NUMBER.fullmatch(text):
        number = float(text)
        if number == 0 and _VANISHED.match(text):
            return "T125", {"maximum": f"{SMALLEST:g}"}
        return ("", {}) if math.isfinite(number) else ("T124", {})
    if _DATE_TEXT.fullmatch(text):
        return "T121", {}
    if _EXCEL_ERRORS.fullmatch(text):
        return "T122", {}
    if folded(text) in ("nan", "inf", "-inf", "+inf", "infinity", "-infinity"):
        return "T124", {}
    narrow = unicodedata.normalize("NFKC", text).replace("，", ",")
    if (found := _DECIMAL_COMMA.fullmatch(narrow)) and (found[2].lstrip("0") == "" or len(found[3]) != 3):
        whole = re.sub(r"\D", "", found[2])
        return "T120", {"suggestion": f"{found[1]}{whole}.{found[3]}"}
    if _GROUPED_NUMBER.fullmatch(narrow) and not narrow.lstrip("+-").startswith("0"):
        return "T120", {"suggestion": re.sub(r"[,' \u00a0\u202f]", "", narrow)}
    if _PLAIN_NUMBER.fullmatch(narrow.strip()):
        return "T120", {"suggestion": narrow.strip()}
    return "T120", {}


def _range_issues(
    values: np.ndarray, given: np.ndarray, column: Column, source: Source, issues: Issues, bad: np.ndarray
) -> None:
    """Report non-finite, negative, too large, too small and out-of-range numbers, each distinct value once."""
    finite = given & np.isfinite(values)
    smallest = SMALLEST if column.required else SMALLEST_FACTOR
    with np.errstate(invalid="ignore"):
        tests: Sequence[tuple[str, np.ndarray, Iterable[tuple[str, Any]]]] = (
            ("T124", given & ~np.isfinite(values), ()),
            ("T123", finite & (values < max(column.minimum, -LARGEST)), (("minimum", column.minimum),)),
            ("T125", finite & (values > min(column.maximum, LARGEST)),
             (("maximum", min(column.maximum, LARGEST)),)),
            ("T125", finite & (values != 0) & (np.abs(values) < smallest), (("maximum", smallest),)),
        )  # fmt: skip
    for code, rows, parts in tests:
        if not rows.any():
            continue
        distinct, inverse = np.unique(values[rows], return_inverse=True)
        codes = np.full(len(values), -1, dtype=np.int32)
        codes[rows] = inverse
        shown = {key: f"{part:g}" for key, part in parts}
        problems = {place: (code, f"{value:g}", shown) for place, value in enumerate(distinct.tolist())}
        _report(problems, codes, column, source, issues, bad)
