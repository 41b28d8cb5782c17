"""The result of an account: totals, energy, intensity, lines, issues, provenance. Frames are made on demand."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from carbon.documents import MethodPack
from carbon.errors import Issues, UsageError
from carbon.inventory.completeness import Completeness
from carbon.inventory.energy import energy_totals
from carbon.inventory.explain import explain_line
from carbon.inventory.lines import line_table
from carbon.inventory.output import Output, intensities
from carbon.inventory.plan import Plan
from carbon.inventory.provenance import provenance
from carbon.inventory.resolve import Activities
from carbon.inventory.rollup import Cells, Gathered
from carbon.inventory.totals import emission_totals, grouped_totals
from carbon.inventory.uncertainty import Uncertainty
from carbon.library import Library

if TYPE_CHECKING:
    import pandas as pd

    from carbon.benchmarks import Verdicts
    from carbon.report.plots import ResultPlots

TOTALS_COLUMNS = (
    "facility", "group", "period", "scope", "category", "basis", "co2_t", "ch4_t", "n2o_t", "other_co2e_t", "co2e_t",
    "biogenic_co2_t", "uncertainty_pct", "uncertainty_known_pct", "complete",
)  # fmt: skip
ENERGY_COLUMNS = (
    "facility", "group", "period", "item", "item_name", "use", "quantity", "unit", "tce", "tce_primary", "complete",
)  # fmt: skip
INTENSITY_COLUMNS = (
    "facility", "process", "product", "period", "quantity", "unit", "co2e_t", "co2e_t_per_unit", "tce", "kgce_per_unit",
    "revenue_cny", "co2e_t_per_10k_cny", "tce_per_10k_cny", "shared_by", "complete",
)  # fmt: skip


@dataclass(frozen=True)
class Result:
    """What was computed and where every number comes from.

    Attributes
    ----------
    rows : Activities
        The rows as resolved.
    plan : Plan
        Keys, terms and amounts.
    packs : tuple of MethodPack
        Method packs used; the first is that of the run.
    potentials : mapping of gas to Fraction
        Warming potentials. [kgCO2e/kg]
    issues : Issues
        Errors, warnings and notes.
    """

    rows: Activities
    plan: Plan
    cells: Cells
    packs: tuple[MethodPack, ...]
    potentials: Mapping[str, Fraction]
    gwp_name: str
    completeness: Completeness
    library: Library
    issues: Issues
    output: list[Output] | None
    output_file: str
    language: str
    title: str
    options: Mapping[str, Any] = field(default_factory=dict)
    own_levels: tuple[Path, ...] = ()
    gathered: Gathered | None = None

    @cached_property
    def bases(self) -> list[str]:
        """Accounting bases that every pack with emissions has: location, and perhaps market."""
        packs = [pack for pack in self.packs if pack.category]
        return [basis for basis in ("location", "market") if all(basis in p.bases for p in packs)]

    @cached_property
    def total_records(self) -> list[dict[str, Any]]:
        """Totals as records, in the order in which they are written."""
        if not any(pack.category for pack in self.packs):
            return []
        activity = self.rows.table.numbers["uncertainty_pct"]
        uncertainty = None if self.gathered is None else self.gathered.spread
        if self.gathered is None and not np.isnan(activity).all():
            facilities = [*self.cells.facilities]
            index = self.rows.index["facility"]
            uncertainty = Uncertainty(self.plan, index, facilities, activity, self.potentials, self.bases)
        order = [category.id for pack in self.packs for category in pack.category]
        return emission_totals(self.cells, self.potentials, self.bases, self.completeness, order, uncertainty)

    @cached_property
    def energy_records(self) -> list[dict[str, Any]]:
        """Energy by item as records."""
        return energy_totals(self.cells, self.language, self.completeness)

    @cached_property
    def intensity_records(self) -> list[dict[str, Any]]:
        """Emissions and energy per product as records; empty without an output table."""
        if not self.output:
            return []
        return intensities(self.output, self.cells, self.potentials, self.completeness)

    def totals(self, by: str | Sequence[str] | None = None) -> pd.DataFrame:
        """Return emissions in tonnes.

        Parameters
        ----------
        by : str or sequence of str, optional
            Any of facility, group, period, scope, category, basis: one row per combination, nothing counted twice
            (periods are the finest given, facilities single, categories summed unless named, location-based unless
            basis is named). Left out: the full table with roll-ups and total rows, as in ``totals.csv``.

        Returns
        -------
        pandas.DataFrame
            Masses of gases [t] and of CO2e [t]; co2e is empty where a gas has no warming potential.

        Raises
        ------
        UsageError
            If `by` names an unknown column.
        """
        import pandas as pd

        if by is None:
            return pd.DataFrame(self.total_records, columns=list(TOTALS_COLUMNS))
        by = [by] if isinstance(by, str) else by
        if wrong := set(by) - set(TOTALS_COLUMNS[:6]):
            message = f"unknown: {', '.join(sorted(wrong))}; totals go by {', '.join(TOTALS_COLUMNS[:6])}"
            raise UsageError(message)
        bases = self.bases if "basis" in by else ["location"]
        records = grouped_totals(self.cells, self.potentials, bases, self.completeness, list(by))
        return pd.DataFrame(records, columns=[*by, *TOTALS_COLUMNS[6:12], "complete"])

    def energy(self) -> pd.DataFrame:
        """Return energy by item in tonnes of standard coal, with total and control-scope rows."""
        import pandas as pd

        return pd.DataFrame(self.energy_records, columns=list(ENERGY_COLUMNS))

    def intensity(self) -> pd.DataFrame:
        """Return emissions and energy per unit of each product and per 10 000 CNY."""
        import pandas as pd

        return pd.DataFrame(self.intensity_records, columns=list(INTENSITY_COLUMNS))

    @cached_property
    def verdicts(self) -> Verdicts | None:
        """Products held against every level set in force; None without an output table."""
        return self.benchmark()

    @cached_property
    def every_issue(self) -> Issues:
        """The issues of the account and of its verdicts."""
        return self.issues + (self.verdicts.issues if self.verdicts is not None else Issues())

    def benchmark(self, levels: Sequence[str] | None = None, as_of: dt.date | None = None) -> Verdicts | None:
        """Hold the products of this run against sector levels, quotas and allowance benchmarks.

        Parameters
        ----------
        levels : sequence of str, optional
            Ids, publications or kinds of level sets; all in force in each period if left out.
        as_of : datetime.date, optional
            Only sets published by then; that of the run if left out.

        Returns
        -------
        carbon.benchmarks.Verdicts or None
            None without an output table.

        Raises
        ------
        UsageError
            If a level set does not exist.
        """
        from carbon.benchmarks import benchmark_result

        return benchmark_result(self, levels, as_of)

    @property
    def plot(self) -> ResultPlots:
        """Plotly figures: totals, gases, facilities, energy, sankey, intensity; the same as on the page."""
        from carbon.report.plots import ResultPlots

        return ResultPlots(self)

    def issue_table(self) -> pd.DataFrame:
        """Return the issues with message and remedy, as in ``issues.csv``."""
        import pandas as pd

        return pd.DataFrame(list(self.issues.rows(self.language)))

    @cached_property
    def line_arrow(self) -> pa.Table:
        """A line per input row, as an Arrow table.

        Raises
        ------
        UsageError
            If the run was streamed: its lines were written in partitions.
        """
        if self.gathered is not None:
            message = "the lines of a streamed run are in the folder lines of its results"
            raise UsageError(message)
        return line_table(self.rows, self.plan, self.potentials, self.language)

    @property
    def lines(self) -> pd.DataFrame:
        """A line per input row: what was read, factors, rung, route, gases [kg], energy [kgce], status."""
        return self.line_arrow.to_pandas()

    def explain(self, line: int, language: str | None = None) -> str:
        """Return how the number of one input line came about, with every factor, its source and its page.

        Parameters
        ----------
        line : int
            Line of the input file (header = 1), or row of the frame (first = 1).
        language : {"en", "zh"}, optional
            That of the run if left out.

        Raises
        ------
        UsageError
            If there is no such line.
        """
        if self.gathered is not None:
            message = "a line of a streamed run is retraced from its result folder: carbon explain RESULTS:LINE"
            raise UsageError(message)
        place = np.flatnonzero(self.rows.table.line == line)
        if not len(place):
            message = f"no line {line} in {self.rows.table.file}; it has {len(self.rows.table)} data lines"
            raise UsageError(message)
        bad, file = self.rows.bad[place[0]], self.rows.table.file
        problems = [i for i in self.issues if bad and i.severity == "error" and i.file == file and line in i.lines]
        return explain_line(
            self.rows.table, int(place[0]), self.plan, self.potentials, self.gwp_name, self.library,
            language or self.language, problems,
        )  # fmt: skip

    @cached_property
    def provenance(self) -> dict[str, Any]:
        """Versions, digests of inputs, library and plan, method, warming potentials, options, factors used."""
        return provenance(self)

    @property
    def line_counts(self) -> dict[str, int]:
        """How many lines were read, computed, and bad."""
        lines = np.ones(len(self.rows.table), np.int64) if self.gathered is None else self.gathered.lines
        bad = int(lines[self.rows.bad].sum())
        return {"read": int(lines.sum()), "computed": int(lines.sum()) - bad, "bad": bad}

    @property
    def complete(self) -> bool:
        """Whether no row was left out and every gas could be weighed; each total says more in its own `complete`."""
        return not self.issues.errors

    def __repr__(self) -> str:
        lines, warned = self.line_counts, self.issues.counts()["warning"]
        packs = ", ".join(pack.id for pack in self.packs)
        return f"<Result of {packs}: {lines['computed']} of {lines['read']} lines computed, {warned} with warnings>"

    def _repr_html_(self) -> str:
        """Return what a notebook shows: the line above, then totals by facility, period and basis."""
        rows = self.totals()
        shown = rows[rows["category"] == "total"][["facility", "group", "period", "basis", "co2e_t", "complete"]]
        return f"<p>{escape(repr(self))}</p>{shown.to_html(index=False, max_rows=40)}"
