"""Charts of the page of an upgrade study as Plotly figures of their own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from carbon.report.page.upgrades import figures
from carbon.report.page.upgrades.view import View
from carbon.report.plots import figure_of

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

    from carbon.benchmarks.upgrades.upgrading import Upgrade


@dataclass(frozen=True)
class UpgradePlots:
    """Plots of an upgrade study, each a `plotly.graph_objects.Figure`; ``figure.write_image`` needs kaleido.

    Attributes
    ----------
    study : Upgrade
        What is drawn.
    """

    study: Upgrade

    def _figure(self, chart: dict[str, Any] | None, what: str) -> Figure:
        return figure_of(chart, what, self.study.language)

    def macc(self) -> Figure:
        """Return the abatement cost curve: a bar per measure that counts, cheapest first.

        Its width is the CO2e that the measure saves a year after those on its left on the same system [t], its height
        the levelised cost [CNY/t]. What has no known cost, or saves no CO2e, is not drawn.

        Returns
        -------
        plotly.graph_objects.Figure

        Raises
        ------
        UsageError
            If no measure has a known cost of abatement.

        Examples
        --------
        >>> import carbon
        >>> motor = {"measure": "pump motor", "kind": "motor", "power_kw": 90, "load": 0.75, "hours": 4000,
        ...          "before_efficiency_pct": 90, "after_efficiency_pct": 96, "investment_cny": 40000, "life_years": 10}
        >>> price = {"item": "electricity", "value": 0.64, "unit": "CNY/kWh", "source": "contract"}
        >>> study = {"year": 2023, "region": "山东", "discount_rate": 0.08, "price": [price]}
        >>> curve = carbon.upgrade([motor], study=study).plot.macc()
        >>> [(round(bar.width[0], 3), round(bar.y[0], 2)) for bar in curve.data]  # 18 750 kWh at 0.6191 kg/kWh
        [(11.608, -520.22)]
        """
        return self._figure(figures.macc(View(self.study)), "no measure that counts has a known cost of abatement")

    def cash_flow(self) -> Figure:
        """Return what is paid and received by year for all measures that count, with its sums.

        Returns
        -------
        plotly.graph_objects.Figure

        Raises
        ------
        UsageError
            If of no measure that counts investment, saving, support and life are known.

        Examples
        --------
        >>> import carbon
        >>> from carbon import shipped
        >>> from carbon.studies import open_study
        >>> asked = open_study(shipped.folder("examples") / "upgrade", "measures")
        >>> flow = carbon.upgrade(asked.table, study=asked.settings).plot.cash_flow()
        >>> [bar.name for bar in flow.data], flow.data[0].y[0]
        (['Investment', 'Savings', 'Interest subsidy', 'Tax credit', 'Sum', 'Sum, discounted'], -34265000.0)
        """
        return self._figure(
            figures.cash_flow(View(self.study)),
            "of no measure that counts are investment, saving, support and life known",
        )

    def before_after(self) -> Figure:
        """Return energy, CO2e and energy cost a year of the measures that change most, before and after.

        Returns
        -------
        plotly.graph_objects.Figure

        Raises
        ------
        UsageError
            If of no measure the energy or CO2e saved is known.

        Examples
        --------
        >>> import carbon
        >>> motor = {"measure": "pump motor", "kind": "motor", "power_kw": 90, "load": 0.75, "hours": 4000,
        ...          "before_efficiency_pct": 90, "after_efficiency_pct": 96}
        >>> pairs = carbon.upgrade([motor], study={"year": 2023, "region": "山东"}).plot.before_after()
        >>> [(bar.name, round(bar.x[0], 3)) for bar in pairs.data[:2]]  # 300 000 and 281 250 kWh at 0.1229 kgce/kWh
        [('Before', 36.87), ('After', 34.566)]
        """
        return self._figure(
            figures.before_after(View(self.study)), "of no measure the saving of energy or CO2e is known"
        )
