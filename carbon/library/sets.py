"""Factor sets: one publication table each, numbers as printed, metadata beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from pathlib import Path

from carbon import periods, units
from carbon.documents import SetMetadata
from carbon.library.files import read_csv


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


def span(row: Mapping[str, str]) -> periods.Period:
    """Return the time for which a row holds."""
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
        return tuple(read_csv(self.path).records())

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

    @cached_property
    def points(self) -> dict[tuple[Fraction, Fraction], Factor]:
        """The rows of a steam table by pressure [MPa] and temperature [degree Celsius]."""
        return {
            (Fraction(row["pressure_mpa"]), Fraction(row["temperature_c"])): Factor(
                id=f"{self.id}:{row['factor_id']}", set_id=self.id, item="steam", region="", process="",
                parameter="enthalpy", gas="", value=row["value"], unit=row["unit"], low="", high="", distribution="",
                start=_EVER.start, end=_EVER.end, page=row["page"], note=row["note"],
            )
            for row in self.rows if self.is_enthalpy
        }  # fmt: skip

    def _factor(self, row: dict[str, str]) -> Factor:
        valid = span(row)
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
