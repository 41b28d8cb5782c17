"""Plots from the API: the figures of the page, with their titles, and a clear word where there is nothing to draw."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from shared.pages import HOSTILE, texts

import carbon
from carbon.errors import UsageError
from carbon.footprint.study import Footprint, footprint
from carbon.footprint.uncertain import uncertainty
from carbon.report.page.footprints import figures, networks
from carbon.report.page.footprints.view import View as FootprintView
from carbon.report.page.runs import figures as of_run
from carbon.report.page.runs.view import View
from carbon.run import run

graph_objects = pytest.importorskip("plotly.graph_objects")
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def quarterly(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("plots") / "job"
    shutil.copytree(ROOT / "examples" / "quarterly", folder, ignore=shutil.ignore_patterns("results"))
    return run(folder, language="zh")[0]


def kiln(scenarios: Any = None, name: str = "CO2", **study: Any) -> Footprint:
    rows = [{"process": "kiln", "kind": "emission", "name": "CO2", "amount": "800*p", "unit": "kg",
             "uncertainty_pct": 10, "note": name}]  # fmt: skip
    return footprint(
        [{"process": "kiln", "unit": "t"}], rows, parameters=[{"parameter": "p", "value": 1}], scenarios=scenarios,
        study={"product": "kiln", "unit": "t", "seed": 5} | study,
    )  # fmt: skip


def same(plot: Any, chart: dict[str, Any]) -> None:
    """Demand that a figure draws what a chart of the page draws."""
    assert isinstance(plot, graph_objects.Figure)
    given = graph_objects.Figure(chart["data"])
    assert json.loads(plot.to_json())["data"] == json.loads(given.to_json())["data"]
    assert plot.layout.title.text == chart["title"]
    assert plot.layout.title.subtitle.text.replace("<br>", "").replace(" ", "") == chart["note"].replace(" ", "")


def test_plots_of_a_run_are_those_of_its_page(quarterly: Any) -> None:
    view = View(quarterly)
    for plot, chart in (
        (quarterly.plot.totals(), of_run.by_period(view)), (quarterly.plot.gases(), of_run.by_gas(view)),
        (quarterly.plot.facilities(), of_run.by_facility(view)), (quarterly.plot.energy(), of_run.energy_mix(view)),
        (quarterly.plot.sankey(), of_run.sankey(view)), (quarterly.plot.intensity(), of_run.against_levels(view)[0]),
    ):  # fmt: skip
        assert chart is not None
        same(plot, chart)


def test_intensity_is_chosen_by_product_and_levels(quarterly: Any) -> None:
    for key in of_run.compared(View(quarterly)):
        assert key[0] in quarterly.plot.intensity(key[0], key[1]).layout.title.text
    with pytest.raises(UsageError, match=r"there is nothing to draw: held against levels are: .+ \(ndrc"):
        quarterly.plot.intensity("paper")


def test_plots_of_a_footprint_are_those_of_its_page() -> None:
    found = kiln([{"scenario": "worn", "parameter": "p", "value": 1.5}], draws=200)
    spread = {name: uncertainty(found, 200, 5, "random", name) for name in found.solved}
    view = FootprintView(found, spread)
    for plot, chart in (
        (found.plot.contributions(), figures.contributions(view)), (found.plot.stages(), figures.stages(view)),
        (found.plot.tree(), networks.tree(view)), (found.plot.sankey(), networks.sankey(view)),
        (found.plot.scenarios(), figures.scenarios(view)), (found.plot.uncertainty(), figures.distribution(view)),
        (found.plot.sensitivity(), figures.sensitivity(view)),
    ):  # fmt: skip
        assert chart is not None
        same(plot, chart)
    assert sorted(found.plot.contributions().data[0].x) == [800.0]
    assert found.plot.scenarios().layout.xaxis.title.text == "kgCO2e / 1 t"


def test_draws_of_a_plot_are_those_asked_for() -> None:
    found = kiln()
    (bars, curve, *_) = found.plot.uncertainty(draws=100, seed=9).data
    drawn = uncertainty(found, 100, 9).draws
    counts, _ = np.histogram(drawn, len(bars.x), range=tuple(map(float, np.quantile(drawn, [0.001, 0.999]))))
    assert [*bars.y] == pytest.approx(counts.tolist(), rel=1e-12), "percent of a hundred draws"
    assert [trace.type for trace in found.plot.uncertainty(draws=0).data] == ["scatter"] * 4, "theory alone"
    assert curve.type == "scatter"


def test_nothing_to_draw_is_said() -> None:
    rows = pd.DataFrame(
        {"facility": ["A"], "period": ["2024"], "item": ["no such thing"], "quantity": [1], "unit": ["t"]}
    )
    result = carbon.account(rows, method="cn-general", on_error="continue")
    for name in ("totals", "gases", "facilities", "energy", "sankey", "intensity"):
        with pytest.raises(UsageError, match="there is nothing to draw"):
            getattr(result.plot, name)()
    rows = [{"process": "kiln", "kind": "emission", "name": "CO2", "amount": 0, "unit": "kg"}]
    found = footprint([{"process": "kiln", "unit": "t"}], rows, study={"product": "kiln", "unit": "t"})
    for name in ("contributions", "stages", "sankey", "scenarios", "uncertainty", "sensitivity"):
        with pytest.raises(UsageError, match="there is nothing to draw"):
            getattr(found.plot, name)()


def test_hostile_names_stay_text_in_plots() -> None:
    found = footprint(
        [{"process": HOSTILE, "product": HOSTILE, "unit": "t"}],
        [{"process": HOSTILE, "kind": "material", "name": HOSTILE, "amount": 1, "unit": "t", "factor": 2,
          "factor_unit": "tCO2e/t", "uncertainty_pct": 5}],
        study={"product": HOSTILE, "unit": "t", "title": HOSTILE},
    )  # fmt: skip
    for name in ("contributions", "tree", "sankey", "uncertainty", "sensitivity"):
        assert not any("<script" in text for text in texts(json.loads(getattr(found.plot, name)().to_json())))


def test_footprint_in_a_notebook_is_its_table_escaped() -> None:
    found = kiln([{"scenario": HOSTILE, "parameter": "p", "value": 2}])
    shown = found._repr_html_()
    assert "1 t kiln: 800 kgCO2e" in shown
    assert HOSTILE not in shown
    assert shown.count("<tr") == len(found.records) + 1
