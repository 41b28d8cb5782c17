"""The page of a footprint: figures of the result, equations behind them, credits, loops, hostile names."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from shared.pages import HOSTILE, NAMES, check_labels, check_markup, check_print, held, opened, texts

from carbon.footprint.study import Footprint, footprint
from carbon.footprint.uncertain import uncertainty
from carbon.footprints import Computed, compute, open_study, run_footprint, run_study
from carbon.report.page import Page, render
from carbon.report.page.footprints import figures, networks, page_of_footprint
from carbon.report.page.footprints.view import View
from carbon.report.page.parts import page_words
from carbon.report.retracing import retrace

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
PROCESSES = [
    {"process": "kiln", "product": "clinker", "unit": "t"}, {"process": "mill", "product": "meal", "unit": "t"},
    {"process": "boiler", "product": "steam", "unit": "GJ"},
]  # fmt: skip
EXCHANGES = [
    {"process": "kiln", "kind": "emission", "name": "CO2", "amount": 800, "unit": "kg"},
    {"process": "kiln", "kind": "input", "name": "meal", "amount": 1.5, "unit": "t"},
    {"process": "mill", "kind": "emission", "name": "CO2", "amount": 10, "unit": "kg"},
    {"process": "kiln", "kind": "avoided", "name": "steam", "amount": 4, "unit": "GJ"},
    {"process": "boiler", "kind": "emission", "name": "CO2", "amount": 50, "unit": "kg"},
]  # 800 + 1.5 · 10 - 4 · 50 = 615 kgCO2e


def made(exchanges: list[dict[str, Any]] = EXCHANGES, processes: Any = PROCESSES, **study: Any) -> Footprint:
    return footprint(processes, exchanges, study={"product": "clinker", "unit": "t"} | study)


def page_of(found: Footprint) -> Page:
    return page_of_footprint(found, {}, {})


@pytest.fixture(scope="module", params=["zh", "en"])
def aluminium(request: pytest.FixtureRequest) -> Computed:
    return compute(open_study(EXAMPLES / "footprint-aluminium", language=request.param, draws=500))


@pytest.fixture(scope="module")
def page(aluminium: Computed) -> Page:
    return page_of_footprint(aluminium.footprint, aluminium.inputs, aluminium.uncertainty)


@pytest.fixture(scope="module")
def hostile() -> Computed:
    """A study in which every name is an attack, with scenarios, classes, a loop and uncertainty."""
    one, two, item, shown = NAMES
    found = footprint(
        [{"process": one, "product": two, "unit": "t"}, {"process": two[::-1], "product": item, "unit": "t"}],
        [{"process": one, "kind": "input", "name": item, "amount": 2, "unit": "t", "evidence": shown, "data": one},
         {"process": one, "kind": "emission", "name": "CO2", "amount": "7*p", "unit": "kg", "uncertainty_pct": 9},
         {"process": two[::-1], "kind": "input", "name": two, "amount": 0.1, "unit": "t"},
         {"process": two[::-1], "kind": "material", "name": shown.strip(), "amount": 2, "unit": "kg",
          "factor": 3, "factor_unit": "kgCO2e/kg", "uncertainty_pct": 20, "data": "estimate"}],
        parameters=[{"parameter": "p", "value": 1}], scenarios=[{"scenario": one, "parameter": "p", "value": 2}],
        study={"product": two, "unit": "t", "title": one, "functional_unit": two, "excluded": [one], "region": "",
               "classes": {"source": one, "limits": {one: 5}, "beyond": two}},
    )  # fmt: skip
    spread = {name: uncertainty(found, 100, 1, "random", name) for name in found.solved}
    return Computed(found, spread, None, {HOSTILE: "0" * 64})


# --- the figures are those of the result ----------------------------------------------------------------------------


def records(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / f"{name}.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def bits(values: Any) -> Counter[float | None]:
    return Counter(None if value in ("", None) else float(value) for value in values)


@pytest.mark.parametrize("study", ["footprint-aluminium", "footprint-cement"])
def test_tables_hold_the_figures_of_the_files_bit_for_bit(study: str, tmp_path: Path) -> None:
    _, where = run_footprint(EXAMPLES / study, tmp_path / "out", draws=300, report=True)
    tables = held((where / "report.html").read_text("utf-8"))["tables"]
    columns = {
        "footprint": {"kgCO2e": "co2e_kg", "share": "share_pct"},
        "contributions": {"kgCO2e": "co2e_kg", "share": "share_pct", "amount": "amount", "line": "source_line"},
        "edges": {"kgCO2e": "co2e_kg", "amount": "amount", "line": "source_line"},
        "quality": {"weight_pct": "weight_pct", "reliability": "reliability", "primary_pct": "primary_pct"},
        "sensitivity": {"by_theory": "analytic_pct", "by_draws": "drawn_pct"},
        "balances": {"in": "in", "out": "out", "difference": "difference_pct"},
        "allocation": {"share_of": "share_pct", "total_if": "co2e_kg"},
    }
    for name, pairs in columns.items():
        written = records(where, name)
        if not written:
            assert name not in tables
            continue
        keys = [column["key"] for column in tables[name]["columns"]]
        for key, column in pairs.items():
            shown = [row[keys.index(key)] for row in tables[name]["rows"]]
            assert bits(shown) == bits(r[column] for r in written), (name, key)
        assert tables[name]["more"] == ""


def test_headline_shows_total_and_interval_of_every_scenario() -> None:
    found = made([EXCHANGES[0] | {"uncertainty_pct": 10}, *EXCHANGES[1:]])
    spread = {"": uncertainty(found)}
    (_, cards), *_ = page_of_footprint(found, {}, spread).groups
    assert [card["figure"] for card in cards] == ["615.000"]
    low, high = (f"{float(spread[''].analytic.summary[n]):.3f}" for n in (3, 4))
    assert cards[0]["note"] == f"95 % interval: {low} … {high}"


# --- where they come from -------------------------------------------------------------------------------------------


def test_every_figure_of_a_contribution_opens_its_equation(page: Page, aluminium: Computed) -> None:
    for name in ("contributions", "edges"):
        table = page.tables[name]
        line = [column["key"] for column in table["columns"]].index("line")
        assert table["opens"] == "text"
        for row in table["rows"]:
            assert page.texts[row[-1]] == retrace(aluminium.footprint, row[line])


def test_parts_open_the_sum_behind_them() -> None:
    page = page_of(made())
    total, gas = (page.texts[page.tables["footprint"]["rows"][n][-1]] for n in (0, 1))
    assert [line.split()[0] for line in total.split("\n")[1:-1]] == ["800.000", "-200.000", "15.0000"]
    assert total.split("\n")[-1] == gas.split("\n")[-1] == "= 615.000 kgCO2e"
    assert "kiln · CO2 (line 1)" in total


def test_sums_that_parts_open_come_to_their_figures(page: Page, aluminium: Computed) -> None:
    for row in page.tables["footprint"]["rows"]:
        _, *lines, last = page.texts[row[-1]].split("\n")
        terms = [float(line.split()[0].replace(",", "")) for line in lines]
        assert sum(terms) == pytest.approx(row[3], rel=1e-5, abs=1e-4), "printed with six digits"
        assert last.startswith("= ")


# --- charts ---------------------------------------------------------------------------------------------------------


def test_credits_lie_below_zero_and_are_left_out_of_flows() -> None:
    view = View(made())
    chart = figures.contributions(view)
    assert {trace["name"]: trace["x"] for trace in chart["data"]} == {"burden": [15.0, 800.0], "credit": [-200.0]}
    tree = {trace["name"]: trace["x"] for trace in networks.tree(view)["data"]}
    assert tree["credit"] == [-200.0, -200.0], "the steam, and the CO2 of its boiler below it"
    assert tree["of the process itself"] == [15.0, 800.0]
    flow = networks.sankey(view)
    assert min(flow["data"][0]["link"]["value"]) > 0
    assert "left out: -200.000 kgCO2e" in flow["note"], "800 + 15 are drawn, 615 leave"


def test_flows_balance_in_every_process_of_a_loop(aluminium: Computed) -> None:
    chart = networks.sankey(View(aluminium.footprint))
    trace = chart["data"][0]
    into: dict[int, float] = {}
    out: dict[int, float] = {}
    for source, target, mass in zip(*(trace["link"][name] for name in ("source", "target", "value")), strict=True):
        out[source] = out.get(source, 0.0) + mass
        into[target] = into.get(target, 0.0) + mass
    middle = into.keys() & out.keys()
    assert len(middle) == 5
    for node in middle:
        assert into[node] == pytest.approx(out[node], rel=1e-9)
    ends = {trace["node"]["label"][node]: mass for node, mass in into.items() if node not in out}
    assert ends["1 t 铝锭"] == pytest.approx(aluminium.footprint.co2e(), rel=1e-12)
    assert [name.startswith("↺") for name in ends].count(True) == 1
    starts = {trace["node"]["label"][node]: mass for node, mass in out.items() if node not in into}
    (again,) = (name for name in ends if name.startswith("↺"))
    assert starts[again] == pytest.approx(ends[again], rel=1e-12), "what leaves the picture comes back into it"


def test_many_processes_are_folded_into_others() -> None:
    count = 40
    processes = [{"process": f"p{n}", "product": f"x{n}", "unit": "t"} for n in range(count)]
    exchanges = [{"process": f"p{n}", "kind": "emission", "name": "CO2", "amount": 1, "unit": "kg"}
                 for n in range(count)]  # fmt: skip
    exchanges += [{"process": "p0", "kind": "input", "name": f"x{n}", "amount": n, "unit": "t"}
                  for n in range(1, count)]  # fmt: skip
    found = made(exchanges, processes, product="x0")
    trace = networks.sankey(View(found))["data"][0]
    assert found.co2e() == 1 + sum(range(1, count))
    assert trace["node"]["label"].count("others") == 1
    assert len(trace["node"]["label"]) <= networks.MOST_PROCESSES + 4
    last = trace["node"]["label"].index("1 t x0")
    assert [v for v, t in zip(trace["link"]["value"], trace["link"]["target"], strict=True) if t == last] == [781.0]
    assert len(networks.tree(View(found))["data"][0]["x"]) <= figures.FEW * 2


def test_histogram_and_theory_hold_the_same_mass(aluminium: Computed) -> None:
    chart = figures.distribution(View(aluminium.footprint, aluminium.uncertainty))
    bars, curve = chart["data"][:2]
    outside = 500 - round(sum(bars["y"]) * 5)
    assert 0 <= outside <= 4
    x, y = curve["x"], curve["y"]
    mass = sum((b - a) * (p + q) / 2 for a, b, p, q in zip(x, x[1:], y, y[1:], strict=False)) / bars["width"]
    assert mass == pytest.approx(100, abs=1.5)
    marks = {trace["name"]: trace["x"][0] for trace in chart["data"][2:]}
    drawn = aluminium.uncertainty[""].summary
    assert [*marks.values()] == [float(drawn.low), float(drawn.mean), float(drawn.high)]


def test_scenarios_have_whiskers_of_their_intervals(aluminium: Computed) -> None:
    chart = figures.scenarios(View(aluminium.footprint, aluminium.uncertainty))
    whisker = chart["data"][-1]
    error = whisker["error_x"]
    for value, up, down, name in zip(
        whisker["x"], error["array"], error["arrayminus"], [*aluminium.footprint.solved][::-1], strict=True
    ):
        drawn = aluminium.uncertainty[name].summary
        assert (value - down, value + up) == pytest.approx((float(drawn.low), float(drawn.high)), rel=1e-12)


def test_no_chart_without_data() -> None:
    view = View(made())
    for none in (figures.scenarios, figures.distribution, figures.sensitivity, figures.pedigree, figures.data_kinds):
        assert none(view) is None, none.__name__
    assert all(chart["data"] for chart in figures.charts(view) if chart)
    first = page_of(made()).first
    assert any("No number of this study states its uncertainty" in name for p in first["points"] for name in p["names"])


def test_unknown_total_is_said_and_not_drawn() -> None:
    gas = [EXCHANGES[0], {"process": "kiln", "kind": "emission", "name": "CH4", "amount": 1, "unit": "kg"}]
    page = page_of(made(gas, PROCESSES[:1], gwp="none"))
    assert page.first["bad"]
    assert page.groups[0][1][0]["figure"] == "–"
    assert page.first["points"][0]["kind"] == "unverified"
    assert 'section id="first" class="bad"' in render(page)


# --- hostile names --------------------------------------------------------------------------------------------------


def test_hostile_names_stay_text(hostile: Computed) -> None:
    page = page_of_footprint(hostile.footprint, hostile.inputs, hostile.uncertainty)
    assert len([chart for chart in page.charts if chart]) >= 7
    check_labels(page.charts)
    assert any("&lt;script&gt;" in text for text in texts([chart["data"] for chart in page.charts if chart]))
    check_markup(render(page))


# --- the files ------------------------------------------------------------------------------------------------------


def test_page_is_written_when_asked_for_and_never_into_the_public_folder(tmp_path: Path) -> None:
    study = EXAMPLES / "footprint-cement"
    run_footprint(study, tmp_path / "plain", draws=0)
    assert not (tmp_path / "plain" / "report.html").exists()
    _, where = run_study(study, tmp_path / "full", public=tmp_path / "public", report=True, draws=0)
    assert (where / "report.html").stat().st_size < 6_000_000
    assert not (tmp_path / "public" / "report.html").exists()
    again = run_study(study, tmp_path / "again", report=True, draws=0)[1]
    assert (again / "report.html").read_bytes() == (where / "report.html").read_bytes()


# --- in a browser ---------------------------------------------------------------------------------------------------


def test_browser_draws_and_asks_for_nothing(browser: Any, page: Page, tmp_path: Path) -> None:
    tab, said, asked = opened(browser, page, tmp_path)
    assert said == []
    assert asked == [(tmp_path / "report.html").as_uri()]
    assert tab.locator(".chart").count() == 9
    assert tab.locator(".chart:not(:has(svg.main-svg))").count() == 0
    assert tab.locator(".sankey-link").count() > 10


def test_browser_opens_the_equation_of_a_contribution(
    browser: Any, page: Page, aluminium: Computed, tmp_path: Path
) -> None:
    tab, said, _ = opened(browser, page, tmp_path)
    tab.locator("#table-contributions td button").first.click()
    panel = tab.locator("#table-contributions tr.lineage")
    assert page_words(page.language)["lineage"] in panel.inner_text()
    line = aluminium.footprint.contribution_records
    largest = max((r for r in line if not r["scenario"]), key=lambda r: r["co2e_kg"])
    assert panel.locator("pre").inner_text() == retrace(aluminium.footprint, largest["source_line"])
    panel.locator(".close").click()
    tab.locator("#table-footprint td button").first.click()
    assert "12,750.6 kgCO2e" in tab.locator("#table-footprint tr.lineage pre").inner_text()
    assert said == []


def test_browser_prints_on_a4(browser: Any, page: Page, tmp_path: Path) -> None:
    tab, said, _ = opened(browser, page, tmp_path)
    check_print(tab)
    assert said == []


def test_browser_keeps_hostile_names_as_text(browser: Any, hostile: Computed, tmp_path: Path) -> None:
    page = page_of_footprint(hostile.footprint, hostile.inputs, hostile.uncertainty)
    tab, said, asked = opened(browser, page, tmp_path)
    assert len(asked) == 1
    assert tab.locator("img").count() == 0
    assert HOSTILE in tab.locator("#table-contributions").inner_text()
    for name in ("footprint", "contributions", "edges"):
        tab.locator(f"#table-{name} td button").first.click()
        assert HOSTILE in tab.locator(f"#table-{name} tr.lineage pre").inner_text()
    assert said == []


def test_share_of_primary_data_is_a_dash_where_no_gas_can_be_weighed() -> None:
    exchanges = [{"process": "kiln", "kind": "emission", "name": "SF6", "amount": 5, "unit": "kg"}]
    found = made(exchanges, PROCESSES[:1], gwp="none")
    figures = [card["figure"] for _, cards in page_of(found).groups for card in cards]
    assert figures == ["–", "–"], "total and share"


def test_text_behind_a_part_names_it() -> None:
    page = page_of(made())
    heads = {text.split("\n")[0] for text in page.texts}
    assert {"base case · process · kiln", "base case · gas · CO2", "base case · total"} <= heads


def test_page_names_the_warming_potentials_with_their_source() -> None:
    exchanges = [{"process": "kiln", "kind": "emission", "name": "SF6", "amount": 5, "unit": "kg"}]
    page = page_of(made(exchanges, PROCESSES[:1], gwp="ar5"))
    row = next(row for row in page.tables["factors"]["rows"] if row[0] == "ipcc-gwp/ar5:sf6")
    assert row[1:3] == ["23500", "kgCO2e/kgSF6"]
    assert any("ipcc-gwp/ar5" in point["names"] for point in page.first["points"]), "a secondary transcription"
