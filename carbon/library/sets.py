"""Factor sets: one publication table each, numbers as printed, metadata beside it."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from pathlib import Path

from carbon import periods, units
from carbon.documents import SetMetadata
from carbon.errors import Issues

HEADER = (
    "factor_id", "item", "region", "process", "parameter", "gas", "value", "unit", "low", "high",
    "distribution", "valid_from", "valid_to", "page", "note",
)  # fmt: skip
ENTHALPY_HEADER = ("factor_id", "phase", "pressure_mpa", "temperature_c", "value", "unit", "page", "note")


@dataclass(frozen=True)
class Factor:
    """One printed number.

    Attributes
    ----------
    id : str
        Set and row: ``mee-grid-2023/average:electricity-cn-sd-2023``.
    value, low, high : str
        As printed; empty if the publication has none.
    unit : str
        As printed, in the vocabulary.
    start, end : int
        Half-open days for which it holds; (-inf, inf) is written as 0 and 2**31.
    """

    id: str
    set_id: str
    item: str
    region: str
    process: str
    parameter: str
    gas: str
    value: str
    unit: str
    low: str
    high: str
    distribution: str
    start: int
    end: int
    page: str
    note: str

    @property
    def exact(self) -> Fraction:
        """The printed value, exactly."""
        return Fraction(self.value)

    @property
    def parsed_unit(self) -> units.Unit:
        """The printed unit, parsed."""
        return units.parse(self.unit)

    @property
    def dated(self) -> bool:
        """Whether it speaks of a limited time."""
        return self.start > _EVER.start or self.end < _EVER.end

    @property
    def relative_uncertainty(self) -> float | None:
        """Half-width of its 95 % interval relative to its value; None where limits are not printed."""
        if not (self.low and self.high and self.value) or self.exact == 0:
            return None
        return float((Fraction(self.high) - Fraction(self.low)) / 2 / abs(self.exact))


_EVER = periods.Period(0, 2**31)


def _span(row: Mapping[str, str]) -> periods.Period:
    start = periods.date(row["valid_from"]) if row["valid_from"] else _EVER.start
    end = periods.date(row["valid_to"]) + 1 if row["valid_to"] else _EVER.end
    return periods.Period(start, end)


@dataclass(frozen=True)
class FactorSet:
    """One table of a publication.

    Attributes
    ----------
    meta : SetMetadata
        Publisher, document, issue date, verification.
    path : pathlib.Path
        Its CSV file; rows are read on first use.
    own : bool
        Whether it is the user's and not shipped.
    """

    meta: SetMetadata
    path: Path
    own: bool = False

    @property
    def id(self) -> str:
        """Publication and table."""
        return self.meta.id

    @cached_property
    def rows(self) -> tuple[dict[str, str], ...]:
        """The rows as printed."""
        with self.path.open(encoding="utf-8-sig", newline="") as file:
            return tuple(csv.DictReader(file))

    @property
    def is_enthalpy(self) -> bool:
        """Whether it is a steam table (pressure, temperature → enthalpy) and not a factor table."""
        return bool(self.rows) and "phase" in self.rows[0]

    @cached_property
    def factors(self) -> tuple[Factor, ...]:
        """The rows of a factor table."""
        if self.is_enthalpy:
            return ()
        return tuple(self._factor(row) for row in self.rows)

    def _factor(self, row: dict[str, str]) -> Factor:
        valid = _span(row)
        return Factor(
            id=f"{self.id}:{row['factor_id']}", set_id=self.id, item=row["item"], region=row["region"],
            process=row["process"], parameter=row["parameter"], gas=row["gas"], value=row["value"],
            unit=row["unit"], low=row["low"], high=row["high"], distribution=row["distribution"],
            start=valid.start, end=valid.end, page=row["page"], note=row["note"],
        )  # fmt: skip

    @cached_property
    def index(self) -> dict[tuple[str, str], tuple[Factor, ...]]:
        """Factors by (parameter, item)."""
        found: dict[tuple[str, str], list[Factor]] = {}
        for factor in self.factors:
            found.setdefault((factor.parameter, factor.item), []).append(factor)
        return {key: tuple(value) for key, value in found.items()}


def check_set(found: FactorSet, items: frozenset[str], regions: frozenset[str], gases: frozenset[str]) -> Issues:
    """Check every row of a set: known codes, numbers, units, intervals, limits, places, no two rows on one key.

    Parameters
    ----------
    found : FactorSet
        The set.
    items, regions, gases : frozenset of str
        Known ids.

    Returns
    -------
    Issues
        Codes F210 to F218; empty if all is well.
    """
    issues = Issues()
    name = f"{found.id}.csv"
    try:
        with found.path.open(encoding="utf-8-sig", newline="") as file:
            header = tuple(next(csv.reader(file), ()))
            file.read()
    except FileNotFoundError:
        issues.add("F221", file=name, value=found.id)
        return issues
    except UnicodeDecodeError:
        issues.add("T104", file=name)
        return issues
    if header not in (HEADER, ENTHALPY_HEADER):
        issues.add("F210", file=name, lines=[1], value=", ".join(header)[:120], known=list(HEADER))
        return issues
    seen: dict[str, int] = {}
    for line, row in enumerate(found.rows, start=2):
        where: dict[str, object] = {"file": name, "lines": [line]}
        if None in row or None in row.values():
            issues.add("F210", **where, value=row.get("factor_id") or "", known=list(HEADER))
            continue
        if row["factor_id"] in seen or not row["factor_id"]:
            issues.add("F211", **where, column="factor_id", value=row["factor_id"])
        seen[row["factor_id"]] = line
        if not row["page"].strip():
            issues.add("F212", **where, column="page", value=row["factor_id"])
        for column, known in (("item", items), ("region", regions), ("gas", gases)):
            if row.get(column) and row[column] not in known:
                issues.add("F213", **where, column=column, value=row[column])
        numbers = _check_numbers(row, where, issues)
        try:
            units.parse(row["unit"])
        except units.UnitError as error:
            issues.add("U101", **where, column="unit", value=row["unit"], near=error.near)
        if header == HEADER:
            _check_row(row, numbers, where, issues)
    if header == HEADER and not issues:
        _check_overlaps(found, issues, name, seen)
    return issues


def _check_numbers(row: Mapping[str, str], where: dict[str, object], issues: Issues) -> dict[str, Fraction]:
    numbers = {}
    for column in ("value", "low", "high", "pressure_mpa", "temperature_c"):
        if row.get(column):
            try:
                numbers[column] = Fraction(row[column])
            except (ValueError, ZeroDivisionError):
                issues.add("F214", **where, column=column, value=row[column])
    return numbers


def _check_row(
    row: Mapping[str, str], numbers: Mapping[str, Fraction], where: dict[str, object], issues: Issues
) -> None:
    low, value, high = (numbers.get(name) for name in ("low", "value", "high"))
    known = [number for number in (low, value, high) if number is not None]
    if not known and not row["value"]:
        issues.add("F214", **where, column="value", value="")
    if known != sorted(known):
        issues.add("F215", **where, column="value", value=row["value"], low=row["low"], high=row["high"])
    try:
        valid = _span(row)
        if valid.start >= valid.end:
            issues.add("F216", **where, column="valid_from", value=f"{row['valid_from']}…{row['valid_to']}")
    except ValueError:
        issues.add("F216", **where, column="valid_from", value=f"{row['valid_from']}…{row['valid_to']}")
    needs_gas = row["parameter"] in ("emission", "gwp")
    if needs_gas != bool(row["gas"]):
        issues.add("F217", **where, column="gas", value=row["gas"], parameter=row["parameter"])


def _check_overlaps(found: FactorSet, issues: Issues, name: str, seen: Mapping[str, int]) -> None:
    keys: dict[tuple[str, ...], list[Factor]] = {}
    for factor in found.factors:
        dimension = "|".join(sorted(map(str, factor.parsed_unit.dimension)))
        key = (factor.item, factor.region, factor.process, factor.parameter, factor.gas, dimension)
        for other in keys.setdefault(key, []):
            if factor.start < other.end and other.start < factor.end:
                line = seen[factor.id.split(":", 1)[1]]
                issues.add("F218", file=name, lines=[line], column="factor_id", value=factor.id, other=other.id)
        keys[key].append(factor)
