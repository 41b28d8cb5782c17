"""Checks of savings: measured energy before and after, adjusted to output, against what is claimed."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from carbon import periods, units
from carbon.benchmarks.upgrades.differences import Accounted, Quantities, account_differences
from carbon.benchmarks.upgrades.files import StudyFile
from carbon.benchmarks.upgrades.grouping import groups
from carbon.benchmarks.upgrades.kinds import SIDES
from carbon.benchmarks.upgrades.retrace import engine_provenance, number_text, plain, why_not
from carbon.benchmarks.upgrades.rows import (
    Report,
    UnreadableError,
    find_item,
    periods_of,
    regions_of,
    row_of,
    unique_names,
)
from carbon.benchmarks.upgrades.savings import UNKNOWN, NormalisedSaving, judge_claim, normalised_saving
from carbon.documents import validated
from carbon.errors import DataError, Issues, Said
from carbon.inventory.explain import explain_line
from carbon.inventory.provenance import LIBRARIES, version
from carbon.inventory.resolve import unit_code
from carbon.library import Library, load_library
from carbon.reading import source_of
from carbon.tables import Table, check

if TYPE_CHECKING:
    import pandas as pd

SAVINGS_COLUMNS = (
    "measure", "facility", "item", "region", "period", "baseline_period", "before_energy", "after_energy",
    "energy_unit", "before_output", "after_output", "output_unit", "fixed_share", "adjusted_baseline", "saving",
    "uncertainty", "saving_pct", "tce_saved", "co2e_saved_t", "claimed", "claimed_unit", "found", "difference",
    "tolerance", "verdict", "source_line", "status",
)  # fmt: skip
_VERDICTS = {
    "confirmed": Said("confirmed", "属实"), "overstated": Said("overstated", "偏高"),
    "understated": Said("understated", "偏低"), UNKNOWN: Said("unknown", "未知"),
}  # fmt: skip
_LIMITS = ("before_energy", "before_output", "after_energy", "after_output")
_DAYS_APART = 3  # months and quarters differ by as much, and leap years


@dataclass(frozen=True)
class SavingsCheck:
    """Savings as found, and the verdict on what was claimed.

    Attributes
    ----------
    table : Table
        As checked.
    saving : NormalisedSaving
        Adjusted baseline, saving and its uncertainty. [unit of the energy of the row]
    accounted : Accounted
        The adjusted baseline and the energy after in standard coal and CO2e, where the energy is named.
    found, difference, tolerance : float64[rows]
        Saving in the unit of the claim, claim less that, and how far it may be off; NaN = not known.
    verdict : str[rows]
        ``confirmed``, ``overstated``, ``understated`` or ``unknown``.
    issues : Issues
        Errors, warnings and notes.
    """

    table: Table
    saving: NormalisedSaving
    accounted: Accounted
    found: np.ndarray
    difference: np.ndarray
    tolerance: np.ndarray
    verdict: np.ndarray
    period: tuple[str, ...]
    region: tuple[str, ...]
    bad: np.ndarray
    study: StudyFile
    issues: Issues
    language: str

    def __repr__(self) -> str:
        names, counts = np.unique(self.verdict, return_counts=True)
        said = ", ".join(f"{n} {name}" for name, n in zip(names.tolist(), counts.tolist(), strict=True))
        return f"<SavingsCheck of {len(self.table)} savings: {said}>"

    @property
    def complete(self) -> bool:
        """Whether no row was left out."""
        return not self.issues.errors

    def savings(self) -> pd.DataFrame:
        """Return a row per saving in the order of the table, as in ``savings-check.csv``.

        Returns
        -------
        pandas.DataFrame
            `saving` [energy_unit] is the adjusted baseline less the energy after; `found`, `difference` and
            `tolerance` are in `claimed_unit`. What is not known is empty.
        """
        import pandas as pd

        return pd.DataFrame(self.records, columns=list(SAVINGS_COLUMNS))

    @cached_property
    def records(self) -> list[dict[str, Any]]:
        """The rows of `savings` as dicts."""
        table = self.table
        numbers = {name: table.numbers[name] for name in (*_LIMITS, "claimed")} | {
            "fixed_share": np.nan_to_num(table.numbers["fixed_share"]), "adjusted_baseline": self.saving.baseline,
            "saving": self.saving.saving, "uncertainty": self.saving.uncertainty, "saving_pct": self.saving.saving_pct,
            "tce_saved": self.accounted.saved("tce"), "co2e_saved_t": self.accounted.saved("co2e_t"),
            "found": self.found, "difference": self.difference, "tolerance": self.tolerance,
        }  # fmt: skip
        columns: dict[str, list[Any]] = {}
        for name, values in numbers.items():
            cells = values.astype(object)
            cells[~np.isfinite(values)] = None
            columns[name] = cells.tolist()
        for name in ("measure", "facility", "item", "baseline_period", "energy_unit", "output_unit", "claimed_unit"):
            columns[name] = list(np.array([*table.texts[name], None], dtype=object)[table.codes[name]])
        columns["period"], columns["region"] = list(self.period), list(self.region)
        claimed = ~np.isnan(table.numbers["claimed"])
        columns["verdict"] = [getattr(_VERDICTS[word], self.language) if said else None
                              for word, said in zip(self.verdict.tolist(), claimed.tolist(), strict=True)]  # fmt: skip
        columns["source_line"] = table.line.tolist()
        columns["status"] = np.where(self.bad, "error", "computed").tolist()
        return [dict(zip(SAVINGS_COLUMNS, row, strict=True))
                for row in zip(*(columns[name] for name in SAVINGS_COLUMNS), strict=True)]  # fmt: skip

    def explain(self, measure: str, language: str = "") -> str:
        """Return how one saving and its verdict came about.

        Parameters
        ----------
        measure : str
            Its name.
        language : {"en", "zh"}, optional
            That of the study if left out.

        Raises
        ------
        UsageError
            If there is no such row; near misses are named.
        """
        names = [record["measure"] for record in self.records]
        return _explained(self, row_of(measure, names), language or self.language)

    @cached_property
    def provenance(self) -> dict[str, Any]:
        """Versions, digests, study, and every factor used with its document."""
        table = self.table
        return {
            "title": self.study.title,
            "versions": {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}},
            "inputs": {table.file: table.digest},
            "study": plain(self.study.model_dump()),
            "engine": engine_provenance(self.accounted),
            "options": {"language": self.language},
            "lines": {"read": len(table), "computed": int((~self.bad).sum()), "bad": int(self.bad.sum())},
            "issues": self.issues.counts(),
        }


def check_savings(
    savings: Any, *, study: StudyFile | Mapping[str, Any] | None = None, library: Library | None = None,
    language: str = "", issues: Issues | None = None,
) -> SavingsCheck:  # fmt: skip
    """Recompute savings from measured energy and output, and judge what was claimed.

    Parameters
    ----------
    savings : DataFrame, Arrow table, list of dict, path of a file or carbon.reading.Source
        A row per measure; columns as in ``carbon describe savings``.
    study : StudyFile or mapping, optional
        Year, region and method for tce and CO2e of rows that name their energy.
    library : Library, optional
        Factors; the shipped ones if left out.
    language : {"en", "zh"}, optional
        That of the study if left out.
    issues : Issues, optional
        What was found while reading; it becomes part of the result.

    Returns
    -------
    SavingsCheck

    Raises
    ------
    DataError
        If the table as a whole, or the study, cannot be used.
    UsageError
        If the method of the study does not exist.

    Notes
    -----
    Saving = energy before · (fixed share + (1 - fixed share) · output after / output before) - energy after, in the
    sense of GB/T 28750-2012. A claim is confirmed if it is off by no more than its tolerance, else by the uncertainty.

    Examples
    --------
    >>> row = {"measure": "fan", "before_energy": 1000, "after_energy": 990, "energy_unit": "MWh"}
    >>> row |= {"before_output": 100, "after_output": 110, "claimed": 140, "claimed_unit": "MWh", "tolerance": 5}
    >>> check_savings([row]).savings()[["adjusted_baseline", "saving", "difference", "verdict"]].values.tolist()
    [[1100.0, 110.0, 30.0, 'overstated']]
    """
    issues = Issues() if issues is None else issues
    settings = study if isinstance(study, StudyFile) else validated(dict(study or {}), StudyFile, "")
    table = check(source_of(savings, issues, "savings"), "savings", issues)
    if table is None:
        raise DataError(issues)
    library = library or load_library(as_of=settings.as_of)
    report = Report(table, issues)
    unique_names(report, "measure")
    items = report.texts("item", find_item(library))
    named = table.codes["item"] >= 0
    period = periods_of(report, settings, named)
    alike = _periods_apart(report, period)
    energy_unit, claimed_unit = report.texts("energy_unit", _unit), report.texts("claimed_unit", _unit)
    _possible(report)
    region = regions_of(report, settings, library, "savings.toml", named)
    found = _normalised(table, report.bad)
    kinds = tuple(dict.fromkeys(i for i in items if i is not None))
    places = {item: number for number, item in enumerate(kinds)}
    index = np.array([-1 if i is None else places[i] for i in items], dtype=np.int32)
    unit = table.codes["energy_unit"]
    energy = {"before": found.baseline, "after": np.where(report.bad, np.nan, table.numbers["after_energy"])}
    nothing = np.full(len(table), np.nan)
    quantities = Quantities(
        [table.text("measure", row) for row in range(len(table))], period, region, kinds, dict.fromkeys(SIDES, index),
        table.texts["energy_unit"], dict.fromkeys(SIDES, unit), energy, dict.fromkeys(SIDES, nothing),
    )  # fmt: skip
    accounted = account_differences(table, quantities, ~report.bad & named, method=settings.method,
                                    as_of=settings.as_of, library=library, language=language or settings.language,
                                    issues=issues)  # fmt: skip
    report.bad |= accounted.refused
    found, accounted = _without(found, report.bad), accounted.without(report.bad)
    there, limit = _in_claimed_unit(report, found, accounted, energy_unit, claimed_unit)
    given = table.numbers["tolerance"]
    tolerance = np.where(report.bad, np.nan, np.where(np.isnan(given), limit, given))
    claimed = ~np.isnan(table.numbers["claimed"]) & ~report.bad
    report.warn("B682", claimed & ~np.isnan(there) & np.isnan(tolerance), "tolerance")
    verdict, difference = judge_claim(np.where(claimed, table.numbers["claimed"], np.nan), there, tolerance)
    verdict[~alike] = UNKNOWN
    return SavingsCheck(table, found, accounted, there, difference, tolerance, verdict, period, region, report.bad,
                        settings, issues, language or settings.language)  # fmt: skip


def _unit(text: str) -> units.Unit:
    try:
        return units.parse(text)
    except units.UnitError as error:
        raise UnreadableError(unit_code(text), error.near) from error


def _possible(report: Report) -> None:
    """Report outputs of nought that leave no baseline (B655), and tolerances larger than what is claimed (B685)."""
    numbers = report.table.numbers
    none = Said("the baseline is divided by it", "基准能耗须除以该值")
    gone = Said("with no output and no fixed share there is no baseline to save from",
                "无产量且无固定能耗，没有可比的基准能耗")  # fmt: skip
    still = (numbers["after_output"] == 0) & (np.nan_to_num(numbers["fixed_share"]) == 0)
    for column, rows, why in (("before_output", numbers["before_output"] == 0, none), ("after_output", still, gone)):
        report.error("B655", rows, column, "0", kind=Said("a saving", "节能量"), why=why)
    limit, claimed = numbers["tolerance"], np.abs(numbers["claimed"])
    wide = (limit > claimed) & (claimed > 0) & ~report.bad
    for value in np.unique(limit[wide]).tolist():
        report.error("B685", wide & (limit == value), "tolerance", f"{value:g}")


def _periods_apart(report: Report, period: tuple[str, ...]) -> np.ndarray:
    """Return where nothing speaks against comparing the two periods, as bool[rows].

    A baseline that does not end before the reporting period is an error (B684), one of another length a warning (B681).
    """

    def read(text: str) -> periods.Period:
        try:
            return periods.parse(text)
        except periods.PeriodError as error:
            raise UnreadableError(code="D101") from error

    before = report.texts("baseline_period", read)
    alike = np.ones(len(before), dtype=bool)
    places: dict[str, int] = {}
    codes = np.array([places.setdefault(text, len(places)) for text in period], dtype=np.int32)
    at = np.flatnonzero(np.array([span is not None for span in before]) & ~report.bad)
    for some in groups(report.table.codes["baseline_period"][at], codes[at]):
        rows = at[some]
        text = period[rows[0]]
        if not text:
            continue
        old, new = before[rows[0]], read(text)
        lengths = {"before": old.end - old.start, "after": new.end - new.start}
        value = report.table.text("baseline_period", int(rows[0]))
        if old.end > new.start:
            report.error("B684", rows, "baseline_period", value, period=text)
        elif abs(lengths["before"] - lengths["after"]) > _DAYS_APART:
            report.warn("B681", rows, "baseline_period", value, **lengths)
            alike[rows] = False
    return alike


def _normalised(table: Table, bad: np.ndarray) -> NormalisedSaving:
    """Return the savings of rows; NaN where a row is bad."""

    def good(name: str) -> np.ndarray:
        return np.where(bad, np.nan, table.numbers[name])

    before, made_before, after, made_after = map(good, _LIMITS)
    one, two, three, four = (good(f"{name}_uncertainty_pct") for name in _LIMITS)
    fixed = np.nan_to_num(good("fixed_share"))
    return normalised_saving(before, made_before, after, made_after, fixed, (one, two, three, four))


def _without(found: NormalisedSaving, bad: np.ndarray) -> NormalisedSaving:
    """Return savings without those of bad rows."""
    columns = (found.baseline, found.saving, found.uncertainty, found.saving_pct)
    baseline, saving, limit, percent = (np.where(bad, np.nan, values) for values in columns)
    return NormalisedSaving(baseline, saving, limit, percent)


def _in_claimed_unit(
    report: Report, found: NormalisedSaving, accounted: Accounted, energy: np.ndarray, claimed: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return savings and their uncertainty in the units of the claims; NaN where they do not go together (B680)."""
    table = report.table
    there, limit = np.full(len(table), np.nan), np.full(len(table), np.nan)
    asked = ~np.isnan(table.numbers["claimed"]) & ~report.bad
    missing = Said("its unit is empty", "单位为空")
    report.warn("B680", asked & (table.codes["claimed_unit"] < 0), "claimed_unit", "", why=missing)
    tonnes = (("tce", accounted.saved("tce")), ("tCO2e", accounted.saved("co2e_t")))
    at = np.flatnonzero(asked & (table.codes["claimed_unit"] >= 0))
    for some in groups(table.codes["energy_unit"][at], table.codes["claimed_unit"][at]):
        rows = at[some]
        source, target = energy[rows[0]], claimed[rows[0]]
        if source.dimension == target.dimension:
            scale = float(units.ratio(source, target))
            there[rows], limit[rows] = found.saving[rows] * scale, found.uncertainty[rows] * scale
            continue
        why = Said("it is of another kind", "类型不同")
        for text, values in tonnes:
            if units.parse(text).dimension == target.dimension:
                there[rows] = values[rows] * float(units.ratio(units.parse(text), target))
                why = Said("what the energy is in that is not known", "该能源折算值未知")
        unknown = rows[np.isnan(there[rows])]
        report.warn("B680", unknown, "claimed_unit", table.text("claimed_unit", int(rows[0])), why=why)
    return there, limit


_WORDS = {
    "en": {"bad": "not computed", "baseline": "adjusted baseline", "saving": "saving", "claimed": "claimed",
           "found": "found", "off": "difference", "tolerance": "tolerance", "verdict": "verdict", "before": "baseline",
           "after": "after", "unknown": "not known"},
    "zh": {"bad": "未计算", "baseline": "校准基准能耗", "saving": "节能量", "claimed": "声称", "found": "核算",
           "off": "差额", "tolerance": "允许偏差", "verdict": "结论", "before": "校准基准", "after": "改造后",
           "unknown": "未知"},
}  # fmt: skip


def _explained(checked: SavingsCheck, row: int, language: str) -> str:
    w, table, record = _WORDS[language], checked.table, checked.records[row]
    line = int(table.line[row])
    head = f"{table.file}:{line} {record['measure']}"
    if checked.bad[row]:
        return "\n".join([f"{head} — {w['bad']}", *why_not(checked.issues, table, row, language)])
    unit, n = record["energy_unit"], number_text
    fixed = record["fixed_share"]
    share = f"({n(fixed)} + {n(1 - fixed)} × {n(record['after_output'])} / {n(record['before_output'])})"
    out = [
        head,
        f"  {w['baseline']} = {n(record['before_energy'])} {unit} × {share} = {n(record['adjusted_baseline'])} {unit}",
    ]
    limit = f" ± {n(record['uncertainty'])}" if record["uncertainty"] is not None else ""
    difference = f"{n(record['adjusted_baseline'])} − {n(record['after_energy'])}"
    out.append(f"  {w['saving']} = {difference} = {n(record['saving'])} {unit}{limit}")
    result = checked.accounted.result
    for side in SIDES:
        place = int(checked.accounted.place[side][row])
        if result is not None and place >= 0:
            text = explain_line(result.rows.table, place, result.plan, result.potentials, result.gwp_name,
                                result.library, language, ())  # fmt: skip
            out.append(f"  {w[side]}: {text}".replace("\n", "\n    "))
    if record["claimed"] is not None:
        parts = [f"{w[word]} {n(record[name]) if record[name] is not None else w['unknown']}"
                 for word, name in (("claimed", "claimed"), ("found", "found"), ("off", "difference"),
                                    ("tolerance", "tolerance"))]  # fmt: skip
        verdict = getattr(_VERDICTS[str(checked.verdict[row])], language)
        out.append(f"  {', '.join(parts)} {record['claimed_unit'] or ''} → {w['verdict']}: {verdict}")
    return "\n".join(out)
