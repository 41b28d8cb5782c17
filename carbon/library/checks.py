"""Checks of factor sets and code lists: everything is right before anything is used."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from carbon import units
from carbon.errors import DataError, Issues
from carbon.library.codes import ORIGINS, Item, Names
from carbon.library.files import label, read_csv
from carbon.library.sets import Factor, FactorSet, span
from carbon.schema import choice_ids

LEAST, MOST = Fraction(1, 10**12), Fraction(10**9)
HEADER = (
    "factor_id", "item", "region", "process", "parameter", "gas", "value", "unit", "low", "high",
    "distribution", "valid_from", "valid_to", "page", "note",
)  # fmt: skip
ENTHALPY_HEADER = ("factor_id", "phase", "pressure_mpa", "temperature_c", "value", "unit", "page", "note")
ITEM_HEADER = ("item", "kind", "default_use", "origin", "name_zh", "name_en", "aliases")
_NUMBER = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,30})?")
_DAY = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})?")


@dataclass(frozen=True)
class Codes:
    """The ids that factor rows may use, by column."""

    item: Collection[str]
    region: Collection[str]
    gas: Collection[str]
    parameter: Collection[str]


def check_items(paths: Iterable[Path], kinds: Collection[str], taken: Names[Item]) -> Issues:
    """Check each `items.csv` of the user's own.

    Parameters
    ----------
    paths : iterable of pathlib.Path
        The files.
    kinds : collection of str
        Kinds that method packs know.
    taken : Names
        Shipped items, whose ids it may not use.

    Returns
    -------
    Issues
        Codes F210, F211, F213, F219, F222, T108; empty if all is well.
    """
    issues = Issues()
    seen: set[str] = set()
    known = {"kind": kinds, "default_use": {"", *choice_ids("use").values()}, "origin": ORIGINS}
    for where, row in (row for path in paths for row in _rows(path, (ITEM_HEADER,), issues)):
        identifier = row["item"]
        if not identifier or identifier in seen:
            issues.add("F211", **where, column="item", value=identifier)
        elif identifier in taken:
            both = [taken[identifier].name_zh, row["name_zh"]]
            issues.add("F219", **where, column="item", value=identifier, other=both)
        seen.add(identifier)
        for column in ("name_zh", "name_en"):
            if not row[column].strip():
                issues.add("T108", **where, column=column)
        for column, codes in known.items():
            if row[column] not in codes:
                issues.add("F213", **where, column=column, value=row[column], known=sorted(filter(None, codes)))
    return issues


def _rows(
    path: Path, headers: Collection[tuple[str, ...]], issues: Issues
) -> list[tuple[dict[str, Any], dict[str, str]]]:
    """Return place and cells of the rows; report a wrong header (nothing is returned then) and rows of other length."""
    name = label(path)
    try:
        header, rows = read_csv(path)
    except DataError as error:
        issues += error.issues
        return []
    known = list(next(iter(headers)))
    if header not in headers:
        issues.add("F210", file=name, lines=[1], value=", ".join(header)[:120], known=known)
        return []
    for line, cells in rows:
        if len(cells) != len(header):
            issues.add("F210", file=name, lines=[line], value=cells[0][:80], known=known)
    return [
        ({"file": name, "lines": [line]}, dict(zip(header, cells, strict=True)))
        for line, cells in rows
        if len(cells) == len(header)
    ]


def check_set(found: FactorSet, codes: Codes) -> Issues:
    """Check every row of a set: known codes, numbers, units, intervals, limits, places, no two rows on one key.

    Parameters
    ----------
    found : FactorSet
        The set.
    codes : Codes
        Known ids.

    Returns
    -------
    Issues
        Codes F210 to F218, F221, F222, T108, U101; empty if all is well.
    """
    issues = Issues()
    if not found.path.exists():
        issues.add("F221", file=label(found.path), value=found.id)
        return issues
    seen: dict[str, int] = {}
    for where, row in _rows(found.path, (HEADER,) if found.own else (HEADER, ENTHALPY_HEADER), issues):
        if row["factor_id"] in seen or not row["factor_id"]:
            issues.add("F211", **where, column="factor_id", value=row["factor_id"])
        seen[row["factor_id"]] = where["lines"][0]
        if not row["page"].strip():
            issues.add("F212", **where, column="page", value=row["factor_id"])
        numbers = _check_numbers(row, where, issues)
        try:
            units.parse(row["unit"])
        except units.UnitError as error:
            issues.add("U101", **where, column="unit", value=row["unit"], near=error.near)
        if "parameter" in row:
            _check_row(row, numbers, codes, where, issues)
    if not issues:
        _check_overlaps(found, issues, seen)
    return issues


def _check_numbers(row: Mapping[str, str], where: dict[str, Any], issues: Issues) -> dict[str, Fraction]:
    """Return the numbers of a row: plain decimals as a source prints them."""
    numbers = {}
    for column in ("value", "low", "high", "pressure_mpa", "temperature_c"):
        if text := row.get(column):
            number = Fraction(text) if _NUMBER.fullmatch(text) else None
            if number is None or not LEAST <= (abs(number) or 1) <= MOST:
                issues.add("F214", **where, column=column, value=text[:80])
            else:
                numbers[column] = number
    return numbers


def _check_row(
    row: Mapping[str, str], numbers: Mapping[str, Fraction], codes: Codes, where: dict[str, Any], issues: Issues
) -> None:
    for column in ("item", "region", "gas"):
        if row[column] and row[column] not in getattr(codes, column):
            issues.add("F213", **where, column=column, value=row[column][:80])
    if not row["item"] and row["parameter"] != "gwp":
        issues.add("T108", **where, column="item")
    if row["parameter"] not in codes.parameter:
        issues.add("F213", **where, column="parameter", value=row["parameter"][:80], known=sorted(codes.parameter))
    low, value, high = (numbers.get(name) for name in ("low", "value", "high"))
    known = [number for number in (low, value, high) if number is not None]
    if not known and not row["value"]:
        issues.add("F214", **where, column="value", value="")
    if known != sorted(known):
        issues.add("F215", **where, column="value", value=row["value"], low=row["low"], high=row["high"])
    if not _is_span(row):
        issues.add("F216", **where, column="valid_from", value=f"{row['valid_from']}…{row['valid_to']}"[:80])
    needs_gas = row["parameter"] in ("emission", "gwp")
    if needs_gas != bool(row["gas"]):
        issues.add("F217", **where, column="gas", value=row["gas"], parameter=row["parameter"])


def _is_span(row: Mapping[str, str]) -> bool:
    """Return whether a row has days of the calendar that begin before they end, or none."""
    if not (_DAY.fullmatch(row["valid_from"]) and _DAY.fullmatch(row["valid_to"])):
        return False
    try:
        valid = span(row)
    except ValueError:
        return False
    return valid.start < valid.end


def _check_overlaps(found: FactorSet, issues: Issues, seen: Mapping[str, int]) -> None:
    keys: dict[tuple[str, ...], list[Factor]] = {}
    for factor in found.factors:
        dimension = "|".join(sorted(map(str, factor.parsed_unit.dimension)))
        key = (factor.item, factor.region, factor.process, factor.parameter, factor.gas, dimension)
        for other in keys.setdefault(key, []):
            if factor.start < other.end and other.start < factor.end:
                line = seen[factor.id.split(":", 1)[1]]
                issues.add("F218", file=label(found.path), lines=[line], column="factor_id", value=factor.id,
                           other=other.id)  # fmt: skip
        keys[key].append(factor)
