"""The charts of the page as Plotly figures of their own, for notebooks and scripts: the same pictures, with titles."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from carbon.errors import UsageError
from carbon.report.page.parts import label

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

    from carbon.footprint.study import Footprint
    from carbon.inventory import Result
    from carbon.report.page.footprints.view import View as FootprintView
    from carbon.report.page.runs.view import View as RunView

WIDTH = {"en": 110, "zh": 56}  # letters of a line of notes


def figure_of(chart: dict[str, Any] | None, what: str, language: str) -> Figure:
    """Return a chart of the page as a Plotly figure with title and notes above it.

    Parameters
    ----------
    chart : dict or None
        As of `carbon.report.page.charts.chart`.
    what : str
        What it would have shown, for the error.
    language : {"en", "zh"}
        Of its words.

    Raises
    ------
    UsageError
        If there is nothing to draw.
    """
    if chart is None:
        message = f"there is nothing to draw: {what}"
        raise UsageError(message)
    from plotly.graph_objects import Figure

    layout = dict(chart["layout"])
    notes = [label(line, 400) for line in textwrap.wrap(chart["note"], WIDTH[language])]
    above = 48 + 16 * len(notes)
    layout |= {
        "title": {"text": label(chart["title"], 160), "x": 0.01, "xanchor": "left", "yref": "container", "y": 0.98,
                  "yanchor": "top", "subtitle": {"text": "<br>".join(notes), "font": {"size": 12, "color": "#555"}}},
        "margin": layout["margin"] | {"t": layout["margin"]["t"] + above}, "height": layout["height"] + above,
    }  # fmt: skip
    return Figure(chart["data"], layout)


@dataclass(frozen=True)
class ResultPlots:
    """Plots of a run, each a `plotly.graph_objects.Figure`; ``figure.write_image`` needs the package kaleido.

    Attributes
    ----------
    result : Result
        What was computed.

    Examples
    --------
    >>> import carbon, pandas
    >>> rows = pandas.DataFrame({"facility": "A", "period": "2024-01", "region": "山东", "item": "electricity",
    ...                          "quantity": [120], "unit": "MWh"})
    >>> figure = carbon.account(rows, method="cn-general").plot.totals()
    >>> figure.layout.title.text
    'Emissions by period and scope, location-based'
    """

    result: Result

    @property
    def _view(self) -> RunView:
        from carbon.report.page.runs.view import View

        return View(self.result)

    def _figure(self, chart: dict[str, Any] | None, what: str) -> Figure:
        return figure_of(chart, what, self.result.language)

    def totals(self) -> Figure:
        """Return emissions by period and scope, location-based, with their 95 % interval where it is known."""
        from carbon.report.page.runs.figures import by_period

        return self._figure(by_period(self._view), "no emissions were computed")

    def gases(self) -> Figure:
        """Return emissions by period and gas, location-based, in CO2e."""
        from carbon.report.page.runs.figures import by_gas

        return self._figure(by_gas(self._view), "no gas has both a mass and a warming potential")

    def facilities(self) -> Figure:
        """Return the largest facilities by scope in the last of the longest periods."""
        from carbon.report.page.runs.figures import by_facility

        return self._figure(by_facility(self._view), "no emissions were computed")

    def energy(self) -> Figure:
        """Return energy by item in tonnes of standard coal in the last of the longest periods."""
        from carbon.report.page.runs.figures import energy_mix

        return self._figure(energy_mix(self._view), "no energy was computed")

    def sankey(self) -> Figure:
        """Return the flow of CO2e from carriers to facilities and processes to scopes."""
        from carbon.report.page.runs.figures import sankey

        return self._figure(sankey(self._view), "no emissions were computed")

    def intensity(self, product: str = "", levels: str = "") -> Figure:
        """Return the intensity of a product against a set of levels.

        Parameters
        ----------
        product : str
            As the verdicts call it; the one with most to say if left out.
        levels : str
            The set of levels; the first by benchmark and baseline if left out.

        Raises
        ------
        UsageError
            If nothing was held against such a set.
        """
        from carbon.report.page.runs.figures import compared
        from carbon.report.page.runs.figures import levels as levels_of

        view = self._view
        found = compared(view)
        for key, lines in found.items():
            if product in ("", key[0]) and levels in ("", key[1]):
                return self._figure(levels_of(view, key, lines), "")
        known = "; ".join(f"{key[0]} ({key[1]})" for key in [*found][:10])
        return self._figure(None, f"held against levels are: {known}" if known else "nothing was held against levels")


@dataclass(frozen=True)
class FootprintPlots:
    """Plots of a footprint, each a `plotly.graph_objects.Figure`; ``figure.write_image`` needs the package kaleido.

    Attributes
    ----------
    footprint : Footprint
        What was computed.

    Examples
    --------
    >>> from carbon.footprint.study import footprint
    >>> found = footprint(
    ...     [{"process": "kiln", "unit": "t"}],
    ...     [{"process": "kiln", "kind": "emission", "name": "CO2", "amount": 800, "unit": "kg",
    ...       "uncertainty_pct": 10}],
    ...     study={"product": "kiln", "unit": "t"})
    >>> found.plot.contributions().layout.xaxis.title.text
    'kgCO2e / 1 t'
    >>> len(found.plot.uncertainty(draws=200).data[0].x)
    14
    """

    footprint: Footprint

    def _view(self, draws: int | None = None, seed: int | None = None, *, spread: bool = False) -> FootprintView:
        """Return the footprint as its page looks at it, with its uncertainty if that is shown."""
        from carbon.footprint.uncertain import uncertainty
        from carbon.report.page.footprints.view import View

        found, study = self.footprint, self.footprint.study
        if not spread or found.co2e() is None:
            return View(found)
        count, first = study.draws if draws is None else draws, study.seed if seed is None else seed
        each = {name: uncertainty(found, count, first, study.sampling, name) for name in found.solved}
        return View(found, each if any(one.variables.key for one in each.values()) else {})

    def _figure(self, chart: dict[str, Any] | None, what: str) -> Figure:
        return figure_of(chart, what, self.footprint.study.language)

    def contributions(self) -> Figure:
        """Return the exchanges that contribute most to the base case; credits lie below zero."""
        from carbon.report.page.footprints.figures import contributions

        return self._figure(contributions(self._view()), "no exchange contributes anything that is known")

    def stages(self) -> Figure:
        """Return the life-cycle stages of each scenario."""
        from carbon.report.page.footprints.figures import stages

        return self._figure(stages(self._view()), "no stage contributes anything that is known")

    def tree(self) -> Figure:
        """Return what makes up the base case, level by level: its own emissions and what each input carries."""
        from carbon.report.page.footprints.networks import tree

        return self._figure(tree(self._view()), "no exchange contributes anything that is known")

    def sankey(self) -> Figure:
        """Return the flow of CO2e from what emits to processes and on to the product; credits are left out."""
        from carbon.report.page.footprints.networks import sankey

        return self._figure(sankey(self._view()), "the footprint of the base case is not known, or not above zero")

    def scenarios(self, draws: int | None = None, seed: int | None = None) -> Figure:
        """Return the scenarios side by side with their 95 % intervals.

        Parameters
        ----------
        draws, seed : int, optional
            Of the intervals, as of the study if left out; 0 draws = by theory.

        Raises
        ------
        UsageError
            If there is no scenario beside the base case.
        """
        from carbon.report.page.footprints.figures import scenarios

        return self._figure(scenarios(self._view(draws, seed, spread=True)), "the study has one scenario alone")

    def uncertainty(self, draws: int | None = None, seed: int | None = None) -> Figure:
        """Return how the base case spreads: draws as a histogram, theory as a curve, the 95 % interval.

        Parameters
        ----------
        draws, seed : int, optional
            As of the study if left out; 0 draws = by theory alone.

        Raises
        ------
        UsageError
            If no number of the study states its uncertainty.
        """
        from carbon.report.page.footprints.figures import distribution

        chart = distribution(self._view(draws, seed, spread=True))
        return self._figure(chart, "no number of the study states its uncertainty")

    def sensitivity(self, draws: int | None = None, seed: int | None = None) -> Figure:
        """Return which numbers cause the spread of the base case.

        Parameters
        ----------
        draws, seed : int, optional
            As of the study if left out; 0 draws = by theory alone.

        Raises
        ------
        UsageError
            If no number of the study states its uncertainty.
        """
        from carbon.report.page.footprints.figures import sensitivity

        chart = sensitivity(self._view(draws, seed, spread=True))
        return self._figure(chart, "no number of the study states its uncertainty")
