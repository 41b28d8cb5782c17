"""One partition computed: exact sums and a sample row of each combination of facility, key and meter."""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from carbon.arrays import distinct, parquet_options
from carbon.errors import Issue, Issues, Said
from carbon.inventory.accounting import Ground, plan_rows
from carbon.inventory.checks import check_duplicates, check_plausible
from carbon.inventory.lines import line_table
from carbon.inventory.plan import Plan, Sums
from carbon.inventory.resolve import OVERRIDES, UNIT_COLUMNS, Activities, resolve
from carbon.inventory.uncertainty import Uncertainty
from carbon.reading import Source
from carbon.tables import Table, check

MOST_LINES = 1_000  # of one issue of one partition that are kept one by one


@dataclass(frozen=True)
class Part:
    """What a partition leaves behind.

    Attributes
    ----------
    table : Table
        A sample row of each combination, with the lines that they have in the file.
    key : int32[rows]
        Number of its key in the lines of the partition.
    lost : bool[rows]
        Whether a sample row stands for lines that are not computed, for whatever reason.
    lines : int64[rows]
        How many lines each stands for.
    amount : int64[terms, limbs]
        Exact sums of every term of the keys of the rows that are not bad, row after row.
    first : int64[rows]
        Where the sums of a row begin.
    quantity : int64[rows, limbs]
        Exact sums of the quantities.
    spoiled : int64[lines, 2]
        Rows that are lost, and the lines that they stand for: up to `MOST_LINES` of each.
    issues : Issues
        Of cells and rows; what concerns combinations is found again when parts are folded.
    spread : Uncertainty, optional
        Where the input has a column of uncertainties.
    says_spread : bool
        Whether any line gives one.
    """

    table: Table
    key: np.ndarray
    lost: np.ndarray
    lines: np.ndarray
    amount: np.ndarray
    first: np.ndarray
    quantity: np.ndarray
    spoiled: np.ndarray = field(default_factory=lambda: np.empty((0, 2), dtype=np.int64))
    issues: Issues = field(default_factory=Issues)
    spread: Uncertainty | None = None
    says_spread: bool = False


def compute_part(
    source: Source, ground: Ground, issues: Issues, refused: Sequence[int] = (), lines_to: Path | None = None,
    gwp: Mapping[str, Fraction] | None = None, spread: bool = False,
) -> Part | None:  # fmt: skip
    """Compute one partition.

    Parameters
    ----------
    source : Source
        Its rows.
    ground : Ground
        What the account stands on.
    issues : Issues
        What was found while reading.
    refused : sequence of int
        Combinations, by their number in the part, that other partitions contradict; they are not computed.
    lines_to : pathlib.Path, optional
        Where its lines are written, as Parquet.
    gwp : mapping of gas to Fraction, optional
        Warming potentials of the lines. [kgCO2e/kg]
    spread : bool
        Whether uncertainties are summed.

    Returns
    -------
    Part or None
        None if its columns are wrong (issues say why).
    """
    table = check(source, "activities", issues)
    if table is None:
        return None
    silent = Issues()  # texts and combinations are spoken of once, when parts are folded
    rows = resolve(table, ground.library, ground.places, silent, ground.broken)
    check_duplicates(table, "item", issues)
    plan = plan_rows(rows, ground, silent)
    number, sample = _combinations(rows, plan)
    if len(refused):
        rows.bad = rows.bad | np.isin(number, refused)
        plan = Plan(plan.keys, plan.routed, plan.key, plan.quantity, plan.override, rows.bad)
    check_plausible(rows, plan, ground.library, issues)
    if lines_to is not None:
        from pyarrow import parquet

        written = line_table(rows, plan, gwp or {}, ground.language)
        parquet.write_table(written, lines_to, **parquet_options(written))
    counted = np.bincount(number, minlength=len(sample)).astype(np.int64)
    return Part(
        taken(table, sample),
        plan.key[sample],
        rows.bad[sample],
        counted,
        *_sums(plan, number, sample),
        _spoiled(rows, number),
        _short(issues),
        _spread(rows, plan, gwp or {}) if spread else None,
        not np.isnan(table.numbers["uncertainty_pct"]).all(),
    )


VALUED = (*OVERRIDES, "pressure_mpa", "temperature_c")
RESOLVED = ("facility", "period", "item", "unit", "use", "region", "process", "instrument", *UNIT_COLUMNS[1:])


def _combinations(rows: Activities, plan: Plan) -> tuple[np.ndarray, np.ndarray]:
    """Return `distinct` of facility, key and meter; rows that are bad go by all their texts."""
    table = rows.table
    key = np.where(rows.bad, -1, plan.key)
    bad = []
    if rows.bad.any():
        bad = [np.where(rows.bad, table.codes[name], -1) for name in RESOLVED]
        bad += [valued(table.numbers[name], rows.bad) for name in VALUED]
    cause = rows.bad.astype(np.int32) + table.bad
    return distinct(rows.index["facility"], key, table.codes["meter"], cause, *bad)


def valued(numbers: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return numbers for the distinct values of some rows, as int32[rows]; -1 elsewhere and where there is none."""
    codes = np.full(len(numbers), -1, dtype=np.int32)
    here = np.flatnonzero(rows & ~np.isnan(numbers))
    codes[here] = np.unique(numbers[here], return_inverse=True)[1]
    return codes


def _spoiled(rows: Activities, number: np.ndarray) -> np.ndarray:
    bad = np.flatnonzero(rows.bad)
    bad = bad[np.argsort(number[bad], kind="stable")]
    _, begin, count = np.unique(number[bad], return_index=True, return_counts=True)
    bad = bad[np.arange(len(bad)) - np.repeat(begin, count) < MOST_LINES]
    return np.stack([number[bad].astype(np.int64), rows.table.line[bad]], axis=1)


def _sums(plan: Plan, number: np.ndarray, sample: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return exact sums of amounts by combination and term, where each begins, and of quantities."""
    good = ~plan.bad[sample]
    terms = np.where(good, np.diff(plan.first_term)[plan.key[sample]] if len(plan.keys) else 0, 0)
    first = np.cumsum(terms) - terms
    fine, _, _ = plan.spans
    amount = Sums.of(plan.amount, plan.along(first[number[fine]]), int(terms.sum()))
    quantity = Sums.of(plan.quantity[fine], number[fine], len(sample))
    return amount.limbs, first, quantity.limbs


def _spread(rows: Activities, plan: Plan, gwp: Mapping[str, Fraction]) -> Uncertainty:
    facilities = [*dict.fromkeys(rows.values["facility"])]
    pct = rows.table.numbers["uncertainty_pct"]
    return Uncertainty(plan, rows.index["facility"], facilities, pct, gwp, ["location", "market"])


def taken(table: Table, rows: np.ndarray) -> Table:
    """Return some rows of a table, with the texts that they use."""
    codes, texts = {}, {}
    for name, column in table.codes.items():
        used, moved = np.unique(column[rows], return_inverse=True)
        blank = int(len(used) > 0 and used[0] < 0)
        codes[name] = (moved - blank).astype(np.int32)
        texts[name] = tuple(table.texts[name][code] for code in used[blank:].tolist())
    numbers = {name: column[rows] for name, column in table.numbers.items()}
    return Table(table.name, table.file, table.digest, codes, texts, numbers, table.line[rows], table.bad[rows].copy())


def joined(tables: Sequence[Table]) -> Table:
    """Return tables below one another."""
    one = tables[0]
    codes, texts = {}, {}
    for name in one.codes:
        known: dict[str, int] = {}
        columns = []
        for table in tables:
            move = np.array([*(known.setdefault(text, len(known)) for text in table.texts[name]), -1], dtype=np.int32)
            columns.append(move[table.codes[name]])
        codes[name], texts[name] = np.concatenate(columns), tuple(known)
    numbers = {name: np.concatenate([table.numbers[name] for table in tables]) for name in one.numbers}
    line, bad = (np.concatenate([getattr(table, name) for table in tables]) for name in ("line", "bad"))
    return Table(one.name, one.file, one.digest, codes, texts, numbers, line, bad)


def _short(issues: Iterable[Issue]) -> Issues:
    """Return issues with the first of their lines."""
    return Issues(
        Issue(i.code, i.file, np.asarray(i.lines)[:MOST_LINES].tolist(), i.column, i.value, i.parts) for i in issues
    )


# --- on disk ------------------------------------------------------------------------------------------------------


def save(part: Part, path: Path, lines: str = "") -> None:
    """Write a part, and the SHA-256 of its file of lines; nothing in the file is code."""
    table = part.table
    arrays = {"line": table.line, "bad": table.bad, "key": part.key, "lost": part.lost, "lines": part.lines,
              "first": part.first, "spoiled": part.spoiled}  # fmt: skip
    arrays |= _packed("amount", part.amount) | _packed("quantity", part.quantity)
    arrays |= {f"codes.{name}": codes for name, codes in table.codes.items()}
    arrays |= {f"numbers.{name}": numbers for name, numbers in table.numbers.items()}
    facts = {
        "name": table.name, "file": table.file, "digest": table.digest, "texts": table.texts,
        "issues": [[i.code, i.file, list(map(int, i.lines)), i.column, i.value, _plain(i.parts)] for i in part.issues],
        "spread": None if part.spread is None else part.spread.document(), "says_spread": part.says_spread,
        "lines_sha256": lines,
    }  # fmt: skip
    arrays["facts"] = np.frombuffer(json.dumps(facts, ensure_ascii=False).encode("utf-8", "surrogatepass"), np.uint8)
    with path.open("wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]


def load(path: Path) -> Part:
    """Read a part that `save` wrote.

    Raises
    ------
    ValueError
        If it is damaged.
    """
    try:
        return _loaded(path)
    except (OSError, ValueError, KeyError, TypeError, IndexError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        message = f"{path.name} is damaged: {error}"
        raise ValueError(message) from error


def digest_of_lines(path: Path) -> str:
    """Return the SHA-256 of the lines that a part was saved with.

    Raises
    ------
    ValueError
        If it is damaged.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as found:
            return str(json.loads(found["facts"].tobytes())["lines_sha256"])
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        message = f"{path.name} is damaged: {error}"
        raise ValueError(message) from error


def _loaded(path: Path) -> Part:
    with path.open("rb") as file, np.load(file, allow_pickle=False) as found:
        arrays = {name: found[name] for name in found.files}
    facts = json.loads(arrays["facts"].tobytes().decode("utf-8", "surrogatepass"))
    split: dict[str, dict[str, np.ndarray]] = {"codes": {}, "numbers": {}}
    for name, array in arrays.items():
        kind, _, column = name.partition(".")
        if column:
            split[kind][column] = array
    texts = {name: tuple(values) for name, values in facts["texts"].items()}
    table = Table(facts["name"], facts["file"], facts["digest"], split["codes"], texts, split["numbers"],
                  arrays["line"], arrays["bad"])  # fmt: skip
    issues = Issues(
        Issue(code, file, lines, column, value, {name: _rich(v) for name, v in parts.items()})
        for code, file, lines, column, value, parts in facts["issues"]
    )
    spread = None if facts["spread"] is None else Uncertainty.of_document(facts["spread"])
    return Part(
        table,
        arrays["key"],
        arrays["lost"],
        arrays["lines"],
        _unpacked("amount", arrays),
        arrays["first"],
        _unpacked("quantity", arrays),
        arrays["spoiled"],
        issues,
        spread,
        facts["says_spread"],
    )


def _packed(name: str, limbs: np.ndarray) -> dict[str, np.ndarray]:
    """Return accumulators without the limbs at either end that are nothing in all of them; mostly four are left."""
    filled = np.flatnonzero(limbs.any(axis=0))
    first, stop = (int(filled[0]), int(filled[-1]) + 1) if len(filled) else (0, 0)
    return {name: np.ascontiguousarray(limbs[:, first:stop]), f"{name}_at": np.array([first, limbs.shape[1]])}


def _unpacked(name: str, arrays: Mapping[str, np.ndarray]) -> np.ndarray:
    part, (first, width) = arrays[name], arrays[f"{name}_at"].tolist()
    limbs = np.zeros((len(part), width), dtype=np.int64)
    limbs[:, first : first + part.shape[1]] = part
    return limbs


def _plain(parts: Any) -> Any:
    if isinstance(parts, Said):
        return {"en": parts.en, "zh": parts.zh}
    if isinstance(parts, dict):
        return {name: _plain(value) for name, value in parts.items()}
    if isinstance(parts, (list, tuple)):
        return [_plain(value) for value in parts]
    return parts if isinstance(parts, (int, float, str, bool)) or parts is None else str(parts)


def _rich(value: Any) -> Any:
    if isinstance(value, dict) and value.keys() == {"en", "zh"}:
        return Said(**value)
    return [_rich(one) for one in value] if isinstance(value, list) else value
