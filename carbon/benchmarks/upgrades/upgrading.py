"""Upgrade studies: measures in, what each saves in energy, CO2e, water and money out, and their abatement table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from carbon import periods
from carbon.benchmarks.equipment import Due, due
from carbon.benchmarks.levels import Levels, load_levels
from carbon.benchmarks.policy import rules
from carbon.benchmarks.upgrades.abatement import Ranking, rank
from carbon.benchmarks.upgrades.differences import Accounted, Quantities, account_differences
from carbon.benchmarks.upgrades.files import Price, StudyFile
from carbon.benchmarks.upgrades.flows import CASH_COLUMNS, CashFlow, cash_flow, counted_npv, shares
from carbon.benchmarks.upgrades.grouping import groups
from carbon.benchmarks.upgrades.kinds import SIDES
from carbon.benchmarks.upgrades.measures import Measures, resolve_measures
from carbon.benchmarks.upgrades.money import Money, check_parts, money_of, prices
from carbon.benchmarks.upgrades.retrace import explain_measure, upgrade_provenance
from carbon.benchmarks.upgrades.rows import Report, row_of
from carbon.benchmarks.upgrades.support import Support, schemes, support_of
from carbon.documents import validated
from carbon.errors import DataError, Issues, Said
from carbon.inventory.resolve import NEAR_MISSES
from carbon.library import Library, load_library
from carbon.reading import source_of
from carbon.tables import check

if TYPE_CHECKING:
    import pandas as pd

    from carbon.report.upgrade_plots import UpgradePlots

UPGRADE_COLUMNS = (
    "measure", "kind", "facility", "region", "period", "count", "item", "before", "unit", "item_after", "after",
    "unit_after", "saved", "saved_uncertainty", "tce_before", "tce_after", "tce_saved", "co2e_before_t",
    "co2e_after_t", "co2e_saved_t", "co2e_uncertainty_t", "co2e_known_uncertainty_t", "water_saved_m3",
    "energy_cost_before_cny", "energy_cost_after_cny", "cost_saved_cny", "yearly_saving_cny", "investment_cny",
    "government_funded_cny", "loan_subsidy_cny", "tax_credit_cny", "net_investment_cny", "life_years",
    "payback_years", "npv_cny", "irr_pct", "abatement_cost_cny_t", "renewal", "levels", "factors", "fallback",
    "lacking", "source_line", "status",
)  # fmt: skip
ABATEMENT_COLUMNS = (
    "rank", "measure", "kind", "system", "alternative", "abatement_cost_cny_t", "co2e_saved_t", "tce_saved",
    "counted_co2e_t", "counted_tce", "cumulative_co2e_t", "cumulative_tce", "counted", "investment_cny", "npv_cny",
    "counted_npv_cny", "source_line",
)  # fmt: skip
_COUNTED = {
    "": Said("yes", "计入"), "increase": Said("yes, it takes more of something", "计入，其中有一项增加"),
    "alternative": Said("no, an alternative comes first", "不计，互斥方案已计入"),
    "unknown": Said("no, its saving is not known", "不计，节约量未知"),
    "impossible": Said("no, it would save more than there is", "不计，节约量超过原有用量"),
}  # fmt: skip
_APART = 0.01  # measures of one system that begin with energies further apart than this are hardly one system


@dataclass(frozen=True)
class Upgrade:
    """A study of measures.

    Attributes
    ----------
    given : Measures
        Measures as resolved, with their yearly energy before and after.
    accounted : Accounted
        The same in standard coal and CO2e, through the engine.
    money : Money
        Costs, present values, cost of abatement.
    support : Support
        Subsidies and credits, by rule.
    ranking : Ranking
        Order by cost of abatement; `order` and `counted` are of measures sorted by name, as `by_name` says.
    issues : Issues
        Errors, warnings and notes.
    """

    given: Measures
    accounted: Accounted
    money: Money
    support: Support
    ranking: Ranking
    by_name: np.ndarray
    due: tuple[Due, ...]
    study: StudyFile
    prices: Mapping[str, Price]
    levels: Levels
    library: Library
    issues: Issues
    language: str

    def __repr__(self) -> str:
        good, counts = int((~self.bad).sum()), self.issues.counts()
        return f"<Upgrade of {len(self.given.table)} measures, {good} computed, {counts['warning']} with warnings>"

    def _repr_html_(self) -> str:
        """Return what a notebook shows: the line above, then the abatement table."""
        names = ["rank", "measure", "co2e_saved_t", "counted_co2e_t", "abatement_cost_cny_t", "npv_cny", "counted"]
        return f"<p>{escape(repr(self))}</p>{self.abatement()[names].to_html(index=False, max_rows=40)}"

    @property
    def bad(self) -> np.ndarray:
        """Measures that could not be computed at all, as bool[rows]."""
        return self.given.bad

    @property
    def complete(self) -> bool:
        """Whether no measure was left out."""
        return not self.issues.errors

    def measures(self) -> pd.DataFrame:
        """Return a row per measure in the order of the table, as in ``upgrade.csv``.

        Returns
        -------
        pandas.DataFrame
            A year's energy before and after [unit], tce, CO2e [t], water [m³] and money [CNY]; `saved` where both
            sides have one energy and unit. What is not known is empty, and `lacking` says why.
        """
        import pandas as pd

        return pd.DataFrame(self.records, columns=list(UPGRADE_COLUMNS))

    def abatement(self) -> pd.DataFrame:
        """Return all measures by cost of abatement, cheapest first, as in ``abatement.csv``.

        Returns
        -------
        pandas.DataFrame
            `co2e_saved_t` [t] is of the measure alone; `counted_co2e_t` is what it still saves after those above it
            on the same system, and `cumulative_co2e_t` the sum of that. `counted` says why one does not count.
        """
        import pandas as pd

        return pd.DataFrame(self.abatement_records, columns=list(ABATEMENT_COLUMNS))

    @cached_property
    def records(self) -> list[dict[str, Any]]:
        """The rows of `measures` as dicts."""
        columns = self._columns()
        return [dict(zip(UPGRADE_COLUMNS, row, strict=True))
                for row in zip(*(columns[name] for name in UPGRADE_COLUMNS), strict=True)]  # fmt: skip

    def _columns(self) -> dict[str, list[Any]]:
        given, table, zh = self.given, self.given.table, self.language == "zh"
        same = (given.item["before"] == given.item["after"]) & (given.unit["before"] == given.unit["after"])
        energy = given.energy
        saved = np.where(same, energy["before"] - energy["after"], np.nan)
        limit = np.hypot(*(energy[side] * table.numbers[f"{side}_uncertainty_pct"] / 100 for side in SIDES))
        names = [item.name_zh if zh else item.name_en for item in given.items]
        money, accounted = self.money, self.accounted
        numbers = {
            "before": energy["before"], "after": energy["after"], "saved": saved,
            "saved_uncertainty": np.where(same, limit, np.nan),
            "tce_before": accounted.tce["before"], "tce_after": accounted.tce["after"],
            "tce_saved": accounted.saved("tce"), "co2e_before_t": accounted.co2e_t["before"],
            "co2e_after_t": accounted.co2e_t["after"], "co2e_saved_t": accounted.saved("co2e_t"),
            "co2e_uncertainty_t": accounted.limit_t, "co2e_known_uncertainty_t": accounted.known_limit_t,
            "water_saved_m3": given.water_m3, "energy_cost_before_cny": money.energy_cost["before"],
            "energy_cost_after_cny": money.energy_cost["after"], "cost_saved_cny": money.cost_saved,
            "yearly_saving_cny": money.yearly,
            "investment_cny": money.investment, "government_funded_cny": table.numbers["government_funded_cny"],
            "loan_subsidy_cny": self.support.subsidy, "tax_credit_cny": self.support.credit,
            "net_investment_cny": money.net, "life_years": money.life, "payback_years": money.payback,
            "npv_cny": money.npv, "irr_pct": 100 * money.irr, "abatement_cost_cny_t": money.abatement_cost,
            "count": given.used["count"],
        }  # fmt: skip
        columns: dict[str, list[Any]] = {
            name: _listed(np.where(self.bad, np.nan, values)) for name, values in numbers.items()
        }
        columns |= {name: _worded(table.codes[name], table.texts[name]) for name in ("measure", "facility")}
        columns["kind"] = _worded(given.kind, [k.name_zh if zh else k.name_en for k in given.kinds])
        for side, item, unit in (("before", "item", "unit"), ("after", "item_after", "unit_after")):
            columns[item] = _worded(given.item[side], names)
            columns[unit] = _worded(given.unit[side], given.units)
        columns["region"], columns["period"] = list(given.region), list(given.period)
        columns["source_line"] = table.line.tolist()
        columns["status"] = np.where(self.bad, "error", "computed").tolist()
        columns["renewal"] = _joined(len(table), [(one.text(), one.rows) for one in self.due])
        columns["lacking"] = _joined(len(table), [(getattr(said, self.language), rows) for said, rows in self.lacks()])
        columns["levels"] = [" ".join(self.level_ids(row)) or None for row in range(len(table))]
        for name, part in (("factors", "factor_ids"), ("fallback", "rung")):
            columns[name] = self._of_lines(part)
        return columns

    def lacking(self, row: int, language: str) -> str:
        """Return what is not known of one row, in words."""
        return "; ".join(getattr(said, language) for said, rows in self.lacks() if rows[row])

    def lacks(self) -> Iterator[tuple[Said, np.ndarray]]:
        """Yield what is not known or not defined, with the measures of which it is so as bool[rows]."""
        yield Said("not computed, see its issues", "未计算，见问题清单"), self.bad
        unknown = ~self.bad & np.isnan(self.accounted.saved("co2e_t"))
        yield Said("emission factor", "排放因子"), unknown
        yield Said("standard-coal coefficient", "折标煤系数"), ~self.bad & np.isnan(self.accounted.saved("tce"))
        yield from self.money.missing

    def level_ids(self, row: int) -> list[str]:
        """Return the ids of the levels that the grades of one row stood for."""
        found = [taken.of(row) for taken in self.given.taken.values()]
        return [tier.id for tier in found if tier is not None]

    def _of_lines(self, column: str) -> list[str | None]:
        """Return what the engine's lines of both sides say, each word once."""
        result = self.accounted.result
        if result is None:
            return [None] * len(self.given.table)
        texts = result.line_arrow[column].to_pylist()
        sides = [self.accounted.place[side].tolist() for side in SIDES]
        separator = " " if column == "factor_ids" else "; "
        found: list[str | None] = []
        for places in zip(*sides, strict=True):
            said = [part for p in places if p >= 0 and texts[p] for part in texts[p].split(separator)]
            found.append(separator.join(dict.fromkeys(said)) or None)
        return found

    @cached_property
    def abatement_records(self) -> list[dict[str, Any]]:
        """The rows of `abatement` as dicts."""
        table, ranking, records = self.given.table, self.ranking, self.records
        npv, found = _listed(self.counted_npv), []
        for place, measure in enumerate(ranking.order.tolist()):  # those that are not computed last
            row = int(self.by_name[measure])
            counted, total = ranking.counted[measure].tolist(), ranking.cumulative[place].tolist()
            own = {name: records[row][name] for name in ABATEMENT_COLUMNS if name in records[row]}
            found.append(own | {
                "rank": None if self.bad[row] else place + 1, "system": table.text("system", row) or None,
                "alternative": table.text("alternative", row) or None, "counted_co2e_t": _known(counted[0]),
                "counted_tce": _known(counted[1]), "cumulative_co2e_t": total[0], "cumulative_tce": total[1],
                "counted": getattr(_COUNTED[ranking.reason[measure]], self.language),
                "counted_npv_cny": npv[row],
            })  # fmt: skip
        return found

    @cached_property
    def abatement_by_line(self) -> dict[int, dict[str, Any]]:
        """The rows of `abatement` by line of the table."""
        return {r["source_line"]: r for r in self.abatement_records}

    @cached_property
    def shares(self) -> np.ndarray:
        """Part of each measure's saving that counts beside the others, as float64[rows]."""
        return shares(self)

    @cached_property
    def counted_npv(self) -> np.ndarray:
        """Net present value of what counts, as float64[rows]: the yearly saving is cut as the CO2e is."""
        return counted_npv(self)

    @cached_property
    def flow(self) -> CashFlow:
        """Cash flow of the measures that count."""
        return cash_flow(self)

    def cash_flow(self) -> pd.DataFrame:
        """Return a row per year of what is paid and received for all measures that count and whose money is known.

        Returns
        -------
        pandas.DataFrame
            Year 0 has the investment, the others what is saved and granted [CNY]; without a discount rate the
            discounted columns are empty.
        """
        import pandas as pd

        return pd.DataFrame(self.flow.records, columns=list(CASH_COLUMNS))

    @property
    def plot(self) -> UpgradePlots:
        """Charts of the study as Plotly figures: `macc`, `cash_flow`, `before_after`."""
        from carbon.report.upgrade_plots import UpgradePlots

        return UpgradePlots(self)

    def explain(self, measure: str, language: str = "") -> str:
        """Return how the figures of one measure came about: formulas, levels, factors, money, each with its source.

        Parameters
        ----------
        measure : str
            Its name.
        language : {"en", "zh"}, optional
            That of the study if left out.

        Raises
        ------
        UsageError
            If there is no such measure; near misses are named.
        """
        names = _worded(self.given.table.codes["measure"], self.given.table.texts["measure"])
        return explain_measure(self, row_of(measure, names), language or self.language)

    @cached_property
    def provenance(self) -> dict[str, Any]:
        """Versions, digests, study, prices, and every factor, level and rule used with its document."""
        return upgrade_provenance(self)


def upgrade(
    measures: Any, *, study: StudyFile | Mapping[str, Any] | None = None, library: Library | None = None,
    levels: Levels | None = None, language: str = "", issues: Issues | None = None,
) -> Upgrade:  # fmt: skip
    """Compute what measures on equipment save, cost and pay back, and rank them by cost of abatement.

    Parameters
    ----------
    measures : DataFrame, Arrow table, list of dict, path of a file or carbon.reading.Source
        A row per measure; columns as in ``carbon describe measures``.
    study : StudyFile or mapping, optional
        Year, region, prices, discount rate, support, tax, as in ``upgrade.toml``. None of them has a default: what
        needs one that is missing stays unknown.
    library : Library, optional
        Factors; the shipped ones if left out.
    levels : Levels, optional
        Equipment standards for grades; the shipped ones if left out.
    language : {"en", "zh"}, optional
        That of the study if left out.
    issues : Issues, optional
        What was found while reading; it becomes part of the result.

    Returns
    -------
    Upgrade

    Raises
    ------
    DataError
        If the table as a whole, or the study, cannot be used.
    UsageError
        If the method of the study does not exist.

    Notes
    -----
    Energy by the formulas of `carbon.benchmarks.upgrades.demand`; standard coal and CO2e by `carbon.account`,
    location-based; uncertainty by propagation with shared factors cancelling; measures of one system save shares of
    what is left.

    Examples
    --------
    >>> motor = {"measure": "pump motor", "kind": "motor", "power_kw": 90, "load": 0.75, "hours": 4000}
    >>> motor |= {"before_efficiency_pct": 90, "after_efficiency_pct": 96, "investment_cny": 40000}
    >>> price = {"item": "electricity", "value": 0.64, "unit": "CNY/kWh", "source": "contract"}
    >>> found = upgrade([motor], study={"year": 2023, "region": "山东", "price": [price]})
    >>> found.measures()[["before", "after", "saved", "yearly_saving_cny", "payback_years"]].values.tolist()
    [[300000.0, 281250.0, 18750.0, 12000.0, 3.33...]]
    """
    issues = Issues() if issues is None else issues
    settings = study if isinstance(study, StudyFile) else validated(dict(study or {}), StudyFile, "")
    source = source_of(measures, issues, "measures")
    table = check(source, "measures", issues)
    if table is None:
        raise DataError(issues)
    library = library or load_library(as_of=settings.as_of)
    known = levels or load_levels(as_of=settings.as_of)
    language = language or settings.language
    costs = prices(settings, library, issues)
    chosen = schemes(settings, issues)
    report = Report(table, issues)
    check_parts(report)
    table.bad[report.bad] = True
    given = resolve_measures(table, settings, library, known, issues)
    report.bad = given.bad
    names = _worded(table.codes["measure"], table.texts["measure"])
    limit = {side: table.numbers[f"{side}_uncertainty_pct"] for side in SIDES}
    quantities = Quantities(
        [name or "" for name in names], given.period, given.region, given.items, given.item, given.units, given.unit,
        given.energy, limit,
    )  # fmt: skip
    accounted = account_differences(table, quantities, ~given.bad, method=settings.method, as_of=settings.as_of,
                                    library=library, language=language, issues=issues)  # fmt: skip
    report.bad |= accounted.refused
    support = support_of(report, settings, chosen)
    accounted = accounted.without(report.bad)
    money = money_of(report, given, settings, costs, support, accounted.saved("co2e_t"))
    triggers = _triggers(report, settings, known)
    by_name = np.array(sorted(range(len(table)), key=lambda row: (report.bad[row], names[row] or "", row)),
                       dtype=np.int64)  # fmt: skip
    ranking = _ranked(report, accounted, money, by_name)
    return Upgrade(given, accounted, money, support, ranking, by_name, triggers, settings, costs, known, library,
                   issues, language)  # fmt: skip


def _triggers(report: Report, study: StudyFile, levels: Levels) -> tuple[Due, ...]:
    """Return the renewal triggers that hold; say which equipment is unknown (B671) or cannot be judged (B672)."""
    table = report.table
    today = study.as_of or (periods.year(study.year).last if study.year else None)
    asked = {subject for rule in rules("triggers") for subject in rule.subjects}
    at, unknown = np.flatnonzero((table.codes["equipment"] >= 0) & ~report.bad), 0
    known = [Said(e.id, e.name_zh) for e in levels.plain_equipment if e.id in asked]
    for some in groups(table.codes["equipment"][at]):
        here = at[some]
        text = table.text("equipment", int(here[0]))
        found = levels.plain_equipment.find(text) or levels.subjects.find(text)
        if found is None or found.id not in asked:
            unknown += 1
            near = levels.plain_equipment.near(text) if unknown <= NEAR_MISSES else []
            report.warn("B671", here, "equipment", text, near=near, known=known)
    held = [replace(one, rows=one.rows & ~report.bad, open=one.open & ~report.bad)
            for one in due(table, levels, today)]  # fmt: skip
    for one in held:
        for code in np.unique(table.codes["equipment"][one.open]).tolist():
            here = one.open & (table.codes["equipment"] == code)
            report.warn("B672", here, one.column, table.texts["equipment"][code])
    return tuple(held)


def _ranked(report: Report, accounted: Accounted, money: Money, by_name: np.ndarray) -> Ranking:
    """Rank measures by cost of abatement; warn of systems whose measures begin with different energies (B661)."""
    table = report.table
    saved = np.stack([accounted.saved("co2e_t"), accounted.saved("tce")], axis=1)
    before = np.stack([accounted.co2e_t["before"], accounted.tce["before"]], axis=1)
    at = np.flatnonzero((table.codes["system"] >= 0) & ~np.isnan(before[:, 1]))
    for some in groups(table.codes["system"][at]):
        energies = before[at[some], 1]
        if energies.max() - energies.min() > _APART * energies.max():
            report.warn("B661", at[some], "system", table.text("system", int(at[some[0]])),
                        low=f"{energies.min():.6g}", high=f"{energies.max():.6g}")  # fmt: skip
    return rank(money.abatement_cost[by_name], saved[by_name], before[by_name], table.codes["system"][by_name],
                table.codes["alternative"][by_name])  # fmt: skip


def _known(value: float) -> float | None:
    return None if np.isnan(value) else value


def _listed(values: np.ndarray) -> list[float | None]:
    """Return numbers as a list, None where they are not finite."""
    found = values.astype(object)
    found[~np.isfinite(values)] = None
    return list(found.tolist())


def _worded(codes: np.ndarray, texts: Any) -> list[str | None]:
    return list(np.array([*texts, None], dtype=object)[codes])


def _joined(size: int, said: list[tuple[str, np.ndarray]]) -> list[str | None]:
    """Return what is said of each row, joined; None where nothing is."""
    found: list[str | None] = [None] * size
    for text, rows in said:
        for row in np.flatnonzero(rows).tolist():
            found[row] = f"{found[row]}; {text}" if found[row] else text
    return found
