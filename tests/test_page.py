"""The report page: whole in one file, asks the network for nothing, shows the records, keeps hostile text as text."""

from __future__ import annotations

import html
import re
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from shared.pages import HOSTILE, NAMES, check_labels, check_markup, check_print, held, opened, texts

import carbon
from carbon.report import figure
from carbon.report.page import page_of_run, render_page, write_page
from carbon.report.page.parts import page_words
from carbon.report.page.runs.figures import by_facility, by_period, charts
from carbon.report.page.runs.tables import MOST
from carbon.report.page.runs.view import View
from carbon.run import run

ROOT = Path(__file__).resolve().parents[1]
PAGES = ROOT / "carbon" / "report" / "page"
KINDS = ["", *sorted(path.parent.name for path in PAGES.glob("*/page.toml"))]


@pytest.fixture(scope="module", params=["zh", "en"])
def quarterly(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("page") / "job"
    shutil.copytree(ROOT / "examples" / "quarterly", folder, ignore=shutil.ignore_patterns("results"))
    return run(folder, language=request.param)[0]


@pytest.fixture(scope="module")
def page(quarterly: Any) -> str:
    return render_page(quarterly)


@pytest.fixture(scope="module")
def hostile() -> Any:
    rows = pd.DataFrame([
        {"facility": name, "period": f"2024-{month:02d}", "region": "山东", "item": item, "quantity": 7.25 * month,
         "unit": unit, "process": name[::-1], "note": name}
        for name in NAMES for month in (1, 2) for item, unit in (("电力", "MWh"), ("diesel", "t"))
    ])  # fmt: skip
    made = pd.DataFrame(
        [{"facility": name, "product": name, "period": "2024-01", "quantity": 5, "unit": "t"} for name in NAMES]
    )
    return carbon.account(rows, method="cn-general", output=made, language="en")


def big(facilities: int = 2000, months: int = 12) -> Any:
    rows = [
        (
            f"企业 {n:04d} 有限责任公司",
            f"2024-{month:02d}",
            ("山东", "河北", "浙江")[n % 3],
            item,
            1.0 + (n * 37 + month) % 911,
            unit,
        )
        for n in range(facilities)
        for month in range(1, months + 1)
        for item, unit in (("电力", "MWh"), ("天然气", "万Nm3"))
    ]
    frame = pd.DataFrame(rows, columns=["facility", "period", "region", "item", "quantity", "unit"])
    return carbon.account(frame, method="cn-general", language="zh")


# --- one file that asks for nothing ---------------------------------------------------------------------------------


def test_page_loads_nothing_from_elsewhere_and_runs_its_own_scripts_alone(page: str) -> None:
    check_markup(page)


def test_page_of_an_example_is_one_small_file(quarterly: Any, tmp_path: Path) -> None:
    write_page(quarterly, tmp_path / "report.html")
    assert (tmp_path / "report.html").stat().st_size < 6_000_000
    assert [p.name for p in tmp_path.iterdir()] == ["report.html"]


# --- what it says ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_page_words_are_the_same_in_both_languages(kind: str) -> None:
    assert page_words("zh", kind).keys() == page_words("en", kind).keys()
    for name, text in page_words("en", kind).items():
        assert set(re.findall(r"\{\w+\}", text)) == set(re.findall(r"\{\w+\}", page_words("zh", kind)[name])), name


@pytest.mark.parametrize("kind", KINDS)
def test_page_words_are_all_used(kind: str) -> None:
    code = "\n".join(path.read_text("utf-8") for path in PAGES.rglob("*") if path.suffix in (".py", ".js", ".j2"))
    built = {text.split("{")[0] for text in re.findall(r'f"(\w+_\{)', code)}  # w[f"total_{basis}"]
    unused = [
        name
        for name in page_words("en", kind)
        if not re.search(rf"\b{name}\b", code) and not any(name.startswith(start) for start in built)
    ]
    assert unused == []


def test_page_is_in_the_language_of_the_run(quarterly: Any, page: str) -> None:
    w = page_words(quarterly.language)
    assert f'<html lang="{w["lang"]}">' in page
    assert f"<h2>{w['charts']}</h2>" in page


def test_page_says_first_what_is_missing_or_unverified(quarterly: Any, page: str) -> None:
    top = page[: page.index('id="headline"')]
    sets = quarterly.provenance["sets"] | quarterly.provenance["level_sets"]
    for name in (name for name, entry in sets.items() if entry["verification"] != "primary"):
        assert f"<li>{html.escape(name)}</li>" in top
    for issue in quarterly.every_issue:
        assert issue.severity == "note" or f"<b>{issue.code}</b>" in top


def test_page_shows_bad_lines_first() -> None:
    rows = pd.DataFrame({"facility": "A", "period": "2024-01", "region": "山东", "item": ["电力", "no such thing"],
                         "quantity": [1, 2], "unit": ["MWh", "t"]})  # fmt: skip
    result = carbon.account(rows, method="cn-general", on_error="continue")
    page = render_page(result)
    assert '<section id="first" class="bad">' in page
    assert "INCOMPLETE" in page[: page.index('id="headline"')]
    assert page_words("en")["incomplete_note"] in page[page.index('id="headline"') : page.index('id="charts"')]


def weighed(gwp: str = "none", months: tuple[str, ...] = ("2024-01",)) -> Any:
    rows = [
        {"facility": "A", "period": month, "region": "山东", "item": item, "quantity": 2, "unit": unit}
        for month in months for item, unit in (("SF6", "kg"), ("电力", "MWh"))
    ]  # fmt: skip
    return carbon.account(pd.DataFrame(rows), method="cn-general", gwp=gwp, on_error="continue")


def test_page_says_at_the_top_that_totals_are_incomplete_though_every_line_was_computed() -> None:
    result = weighed()
    assert result.provenance["lines"]["bad"] == 0
    page = render_page(result)
    totals = [r["complete"] for r in result.total_records if r["category"] == "total"]
    said = page_words("en", "runs")["lacking_totals"].format(n=totals.count(False), all=len(totals))
    assert '<section id="first" class="bad">' in page
    assert said in page[: page.index('id="headline"')]


def test_page_without_warming_potentials_says_what_it_does_not_draw() -> None:
    view, w = View(weighed()), page_words("en", "runs")
    notes = {chart["title"].split(" (")[0]: chart["note"] for chart in charts(view) if chart}
    assert w["gas_alone"] in notes[w["by_gas"]]
    assert "none" not in notes[w["by_gas"]]
    assert w["sankey_lacking"] in notes[w["sankey"]]
    months = tuple(f"2024-{month:02d}" for month in range(1, 13))
    ((_, cards),) = page_of_run(weighed("none", months)).groups
    warned = {card["label"].split(" (")[0]: bool(card["warn"]) for card in cards}
    assert (warned["Scope 1"], warned["Scope 2"]) == (True, False), "electricity is whole, SF6 cannot be weighed"


def test_page_shows_the_latest_years_first_and_says_how_many_it_leaves_out() -> None:
    months = tuple(f"{year}-{month:02d}" for year in range(2020, 2025) for month in range(1, 13))
    names = [name for name, _ in page_of_run(weighed("ar5", months)).groups]
    assert [name.split(" ")[0] for name in names] == ["2024", "2023", "2022"], "a leap year is no longer than another"
    assert names[-1].endswith(page_words("en", "runs")["period_note"].format(n=3, all=5, file="totals.csv"))


def test_page_on_which_nothing_was_computed_says_so() -> None:
    rows = [{"facility": "A", "period": "2024", "region": "山东", "item": "no such thing", "quantity": 1, "unit": "t"}]
    page = render_page(carbon.account(pd.DataFrame(rows), method="cn-general", on_error="continue"))
    assert f"<p>{page_words('en')['no_figure']}</p>" in page
    assert "item (lines: 1)" in page[: page.index('id="headline"')], "where it is"


def test_headline_shows_the_totals(quarterly: Any, page: str) -> None:
    view = View(quarterly)
    cards = page[page.index('id="headline"') : page.index('id="charts"')]
    for basis in ("location", "market"):
        total = view.totals[(*view.top, "2024", basis)]["co2e_t"]
        assert f"<b>{figure(total)}</b> tCO2e" in cards
    energy = [r for r in quarterly.energy_records if (r["facility"], r["group"], r["period"]) == (*view.top, "2024")]
    for r in (r for r in energy if not r["use"]):
        assert f"<b>{figure(r['tce'])}</b> tce" in cards


def test_table_of_totals_holds_the_records_bit_for_bit(quarterly: Any, page: str) -> None:
    table = held(page)["tables"]["totals"]
    names = ("co2e_t", "co2_t", "ch4_t", "n2o_t", "other_co2e_t", "biogenic_co2_t", "uncertainty_pct")
    view = View(quarterly)
    wanted = sorted(
        str((view.place(r), r["period"], r["category"], r["basis"], [r[name] for name in names]))
        for r in quarterly.total_records
    )
    assert wanted == sorted(str((r[0], r[2], r[-2], r[-1], r[6:13])) for r in table["rows"])
    assert table["rows"][0][2] == "2024", "the longest period first"
    assert table["more"] == ""


def test_other_tables_hold_the_records(quarterly: Any, page: str) -> None:
    tables = held(page)["tables"]
    assert sorted(r[6] for r in tables["energy"]["rows"]) == sorted(r["tce"] for r in quarterly.energy_records)
    values = [r["co2e_t_per_unit"] for r in quarterly.intensity_records]
    assert sorted(str(r[6]) for r in tables["intensity"]["rows"]) == sorted(map(str, values))
    verdicts = list(quarterly.verdicts.records())
    assert sorted(str(r[9]) for r in tables["verdicts"]["rows"]) == sorted(str(r["level"]) for r in verdicts)
    values = {name: entry["value"] for name, entry in quarterly.provenance["factors"].items()}
    weights = {"c2f6": "11100", "cf4": "6630", "sf6": "23500"}  # AR5, WGI table 8.A.1
    values |= {f"ipcc-gwp/ar5:{gas}": value for gas, value in weights.items()}
    assert {r[0]: r[1] for r in tables["factors"]["rows"]} == values


def test_lineage_adds_up_to_every_total(quarterly: Any, page: str) -> None:
    document = held(page)
    keys, spread = document["lineage"]["keys"], document["lineage"]["parts"]
    for row in document["tables"]["totals"]["rows"]:
        place, category, basis = row[-3:]
        assert place >= 0
        sums = [0.0] * 8
        for number, rows, location, market in spread[place]:
            key = keys[number]
            assert rows > 0
            if key["c"] and category in ("total", key["c"]) and row[2] in key["p"]:
                for n, mass in enumerate(market if basis == "market" and market != 0 else location):
                    sums[n] += mass
        for n, value in enumerate(row[6:12]):
            assert value is None or sums[n] == pytest.approx(value, rel=1e-9, abs=1e-9)
    assert all(key["t"] for key in keys)


def test_lineage_adds_up_to_every_figure_of_energy(quarterly: Any, page: str) -> None:
    document, counted = held(page), Counter[str]()
    keys, spread = document["lineage"]["keys"], document["lineage"]["parts"]
    for row in document["tables"]["energy"]["rows"]:
        place, item, use = row[-3:]
        for at, value in ((6, row[6]), (7, row[7])):
            sums = [
                location[at]
                for number, _, location, _ in spread[place]
                if len(location) > at and row[1] in keys[number]["p"]
                and (item == "total" or (item == "control-scope" and keys[number]["control"])
                     or (keys[number]["i"], keys[number]["uses"]) == (item, use))
            ]  # fmt: skip
            assert value is None or sum(sums) == pytest.approx(value, rel=1e-9, abs=1e-9)
            counted[item] += value is not None
    assert min(counted["total"], counted["control-scope"], counted["electricity"]) > 0


def test_lineage_names_the_warming_potentials_with_their_source(quarterly: Any, page: str) -> None:
    lineage = held(page)["lineage"]
    effect = next(key for key in lineage["keys"] if key["i"] == "anode-effect")
    named = {lineage["factors"][n][0]: lineage["factors"][n] for n in effect["f"]}
    assert named["ipcc-gwp/ar5:cf4"][1] == "6630 kgCO2e/kgCF4"
    assert named["ipcc-gwp/ar5:cf4"][3] == "WGI Table 8.A.1"
    assert "<li>ipcc-gwp/ar5</li>" in page[: page.index('id="headline"')], "a secondary transcription"


def test_charts_draw_the_records(quarterly: Any) -> None:
    view = View(quarterly)
    chart = by_period(view)
    assert chart is not None
    for n, period in enumerate(chart["data"][0]["x"]):
        stacked = sum(trace["y"][n] for trace in chart["data"])
        assert stacked == pytest.approx(view.totals[(*view.top, period, "location")]["co2e_t"], rel=1e-12)


def test_whiskers_show_known_intervals(quarterly: Any) -> None:
    view = View(quarterly)
    for r in view.totals.values():
        assert r["uncertainty_pct"] is None
    (_, total), *_ = view.facilities
    view.facilities[0][1].update(uncertainty_pct=10.0)
    chart = by_facility(view)
    total["uncertainty_pct"] = None
    assert chart is not None
    assert chart["data"][-1]["error_x"]["array"] == [abs(total["co2e_t"]) / 10]


# --- hostile names --------------------------------------------------------------------------------------------------


def test_hostile_names_stay_text_in_the_markup(hostile: Any) -> None:
    page = render_page(hostile)
    check_markup(page)
    assert held(page)["tables"]["totals"]["rows"]


def test_hostile_names_are_escaped_in_the_labels_of_charts(hostile: Any) -> None:
    drawn = charts(View(hostile))
    check_labels(drawn)
    assert any("&lt;script&gt;" in text for text in texts([chart["data"] for chart in drawn if chart]))


# --- size -----------------------------------------------------------------------------------------------------------


def test_page_of_two_thousand_facilities_stays_small(tmp_path: Path) -> None:
    result = big()
    assert result.total_records
    assert result.energy_records
    assert result.provenance
    page = render_page(result)
    assert len(page.encode()) < 10_000_000
    totals = held(page)["tables"]["totals"]
    assert len(totals["rows"]) == MOST["totals"]
    assert f"{len(result.total_records) - MOST['totals']:,}" in totals["more"]
    assert totals["rows"][0][0] == "全部设施"


# --- in a browser ---------------------------------------------------------------------------------------------------


def test_browser_draws_and_asks_for_nothing(browser: Any, quarterly: Any, tmp_path: Path) -> None:
    tab, said, asked = opened(browser, page_of_run(quarterly), tmp_path)
    assert said == []
    assert asked == [(tmp_path / "report.html").as_uri()]
    assert tab.locator(".chart").count() >= 6
    assert tab.locator(".chart:not(:has(svg.main-svg))").count() == 0
    assert tab.locator(".sankey-link").count() > 10
    assert tab.locator(".barlayer path").count() > 20


def test_browser_shows_figures_as_the_records_have_them(browser: Any, quarterly: Any, tmp_path: Path) -> None:
    tab, _, _ = opened(browser, page_of_run(quarterly), tmp_path)
    for _ in range(3):
        more = tab.locator("#table-totals .more button")
        if more.count():
            more.click()
    shown = tab.locator("#table-totals tbody tr td:nth-child(7)").all_inner_texts()
    rows = held((tmp_path / "report.html").read_text("utf-8"))["tables"]["totals"]["rows"]
    assert shown == [figure(row[6]) for row in rows]


def test_browser_opens_where_a_figure_comes_from(browser: Any, quarterly: Any, tmp_path: Path) -> None:
    tab, said, _ = opened(browser, page_of_run(quarterly), tmp_path)
    w = page_words(quarterly.language)
    first = tab.locator("#table-totals td button").first
    text = first.inner_text()
    first.click()
    panel = tab.locator("tr.lineage")
    assert w["lineage"] in panel.inner_text()
    assert panel.locator(".sum").inner_text() == text
    panel.locator("summary").first.click()
    assert "activities.csv:" in panel.locator("pre").first.inner_text()
    assert panel.locator("table tbody tr").count() >= 1
    panel.locator(".close").click()
    assert tab.locator("tr.lineage").count() == 0
    assert said == []


def test_browser_opens_where_a_figure_of_energy_and_a_zero_come_from(
    browser: Any, quarterly: Any, tmp_path: Path
) -> None:
    tab, said, _ = opened(browser, page_of_run(quarterly), tmp_path)
    first = tab.locator("#table-energy td button").first
    first.click()
    assert tab.locator("tr.lineage .sum").inner_text() == first.inner_text()
    tab.locator("tr.lineage .close").click()
    tab.locator("#table-totals td:nth-child(9) button").first.click()  # CH4: by these methods there is none
    assert page_words(quarterly.language)["no_parts"] in tab.locator("tr.lineage").inner_text()
    assert said == []


def test_browser_sorts_and_filters(browser: Any, quarterly: Any, tmp_path: Path) -> None:
    tab, _, _ = opened(browser, page_of_run(quarterly), tmp_path)
    tab.locator("#table-energy th button").nth(6).click()
    tce = [r["tce"] for r in quarterly.energy_records]
    assert tab.locator("#table-energy tbody tr td:nth-child(7)").first.inner_text() == figure(max(tce), 3)
    tab.locator("#table-energy input").fill("2024-Q3")
    assert set(tab.locator("#table-energy tbody tr td:nth-child(2)").all_inner_texts()) == {"2024-Q3"}


def test_browser_keeps_hostile_names_as_text(browser: Any, hostile: Any, tmp_path: Path) -> None:
    tab, said, asked = opened(browser, page_of_run(hostile), tmp_path)
    assert said == []
    assert len(asked) == 1
    assert tab.locator("img").count() == 0
    assert tab.locator("body a:not(.modebar-btn)").count() == 0
    assert HOSTILE in tab.locator("#table-totals").inner_text()
    assert HOSTILE in tab.locator("#chart-2").text_content()
    tab.locator("#table-totals td button").first.click()
    tab.locator("tr.lineage summary").first.click()
    assert said == []


def test_browser_reads_no_formula_in_a_name(browser: Any, tmp_path: Path) -> None:
    rows = [{"facility": "$x_1$", "period": "2024", "region": "山东", "item": "电力", "quantity": 1, "unit": "MWh"}]
    result = carbon.account(pd.DataFrame(rows), method="cn-general")
    tab, said, _ = opened(browser, page_of_run(result), tmp_path)
    assert said == [], "Plotly would ask for MathJax"
    assert "$x_1$" in tab.locator(".chart").all_text_contents()[2]


def test_browser_prints_on_a4(browser: Any, quarterly: Any, tmp_path: Path) -> None:
    tab, said, _ = opened(browser, page_of_run(quarterly), tmp_path)
    assert tab.locator("table").count() == 6
    folded = tab.locator("#first details:not([open])")
    assert folded.count() > 0
    tab.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert folded.count() == 0, "paper cannot be unfolded"
    tab.evaluate("dispatchEvent(new Event('afterprint'))")
    assert folded.count() > 0
    check_print(tab)
    assert not tab.locator("#table-totals .tools").is_visible()
    assert not tab.locator("#table-totals th button").first.is_visible(), "no sheet but the first would show it"
    shown = "th => getComputedStyle(th, '::before').content"
    assert (
        tab.locator("#table-totals th").first.evaluate(shown)
        == f'"{page_words(quarterly.language, "runs")["facility"]}"'
    )
    assert said == []
