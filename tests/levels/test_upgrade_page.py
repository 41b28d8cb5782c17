"""The page of an upgrade study: its figures are those of the tables, unknown stays unknown, hostile names stay text."""

from __future__ import annotations

import csv
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from shared.pages import HOSTILE, NAMES, check_labels, check_markup, check_print, held, opened
from shared.upgrades import MONEY, POWER, STUDY, lamp, near, study
from typer.testing import CliRunner

import carbon
from carbon import shipped
from carbon.benchmarks.upgrades.upgrading import Upgrade, upgrade
from carbon.cli.commands import app
from carbon.errors import UsageError
from carbon.report.page.parts import figure, page_words
from carbon.report.page.render import render
from carbon.report.page.upgrades import page_of_upgrade
from carbon.report.page.upgrades.figures import before_after, macc, paybacks, present_values
from carbon.report.page.upgrades.view import MOST_MEASURES, View
from carbon.studies import run_upgrade

KG = 0.6191  # kgCO2/kWh, Shandong 2023
EXAMPLE = shipped.folder("examples") / "upgrade"


@pytest.fixture(scope="module", params=["zh", "en"])
def example(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Upgrade, Path]:
    return run_upgrade(EXAMPLE, tmp_path_factory.mktemp("page") / "results", report=True, language=request.param)


@pytest.fixture(scope="module")
def page(example: tuple[Upgrade, Path]) -> str:
    return (example[1] / "report.html").read_text("utf-8")


@pytest.fixture(scope="module")
def hostile() -> Upgrade:
    rows = [lamp(name, 40 + 5 * n, 100 * n, facility=name, system=name, alternative=name[::-1], note=name)
            for n, name in enumerate(NAMES)]  # fmt: skip
    price = POWER | {"source": HOSTILE}
    return upgrade(rows, study=STUDY | MONEY | {"price": [price], "title": HOSTILE, "life_years": 3})


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def numbers(found: list[dict[str, str]], column: str) -> list[float | None]:
    return [float(r[column]) if r[column] else None for r in found]


def column(table: dict[str, Any], key: str) -> list[Any]:
    at = [one["key"] for one in table["columns"]].index(key)
    return [row[at] for row in table["rows"]]


def curve(chart: dict[str, Any] | None) -> list[tuple[float, float, float]]:
    """Return the bars of a curve from left to right: where each begins, its width, its height."""
    assert chart is not None
    return sorted(bar for t in chart["data"] for bar in zip(t["x"], t["width"], t["y"], strict=True))


# --- figures are those of the tables ---------------------------------------------------------------------------------


def test_tables_show_the_figures_of_the_files(example: tuple[Upgrade, Path], page: str) -> None:
    tables = held(page)["tables"]
    for name, file, keys in (
        ("measures", "upgrade.csv", ("tce_saved", "co2e_saved_t", "npv_cny", "payback_years", "energy_cost_after_cny")),
        ("abatement", "abatement.csv", ("abatement_cost_cny_t", "counted_co2e_t", "cumulative_co2e_t", "npv_cny")),
        ("cash", "cash-flow.csv", ("investment_cny", "saving_cny", "cumulative_cny", "cumulative_discounted_cny")),
    ):
        written = rows(example[1] / file)
        assert len(tables[name]["rows"]) == len(written)
        for key in keys:
            assert column(tables[name], key) == numbers(written, key), key


def test_charts_draw_the_figures_of_the_files(example: tuple[Upgrade, Path]) -> None:
    view, written = View(example[0]), rows(example[1] / "abatement.csv")
    drawn = [r for r in written if r["abatement_cost_cny_t"] and float(r["counted_co2e_t"]) > 0]
    bars = curve(macc(view))
    assert [bar[1] for bar in bars] == numbers(drawn, "counted_co2e_t")
    assert [bar[2] for bar in bars] == numbers(drawn, "abatement_cost_cny_t")
    assert [start + width for start, width, _ in bars] == near(numbers(drawn, "cumulative_co2e_t"))

    by_name = {r["measure"]: r for r in rows(example[1] / "upgrade.csv")}
    pairs = before_after(view)
    assert pairs is not None
    keys = (
        "tce_before",
        "tce_after",
        "co2e_before_t",
        "co2e_after_t",
        "energy_cost_before_cny",
        "energy_cost_after_cny",
    )
    largest = sorted(by_name.values(), key=lambda r: -abs(float(r["co2e_saved_t"])))[:20]
    for trace, key in zip(pairs["data"], keys, strict=True):
        assert trace["x"][::-1] == numbers(largest, key), key
    for chart, key in ((present_values(view), "npv_cny"), (paybacks(view), "payback_years")):
        assert chart is not None
        shown = [value for trace in chart["data"] for value in trace["x"]]
        assert sorted(shown) == sorted(filter(None, numbers([*by_name.values()], key)))


def test_headline_shows_what_counts(example: tuple[Upgrade, Path], page: str) -> None:
    cards = page[page.index('id="headline"') : page.index('id="charts"')]
    last = rows(example[1] / "abatement.csv")[-1]
    assert f"<b>{figure(float(last['cumulative_co2e_t']))}</b> tCO2e" in cards
    assert f"<b>{figure(float(last['cumulative_tce']))}</b> tce" in cards
    flow = rows(example[1] / "cash-flow.csv")
    assert f"<b>{figure(-float(flow[0]['investment_cny']), 0)}</b> CNY" in cards
    assert f"<b>{figure(float(flow[-1]['cumulative_discounted_cny']), 0)}</b> CNY" in cards


def test_every_measure_opens_the_text_of_its_retracing(example: tuple[Upgrade, Path], page: str) -> None:
    document = held(page)
    for name in ("measures", "abatement", "support"):
        table = document["tables"][name]
        assert table["opens"] == "text"
        assert any(one["opens"] for one in table["columns"])
        for measure, row in zip(column(table, "measure"), table["rows"], strict=True):
            assert document["texts"][row[-1]] == example[0].explain(measure)


def test_curve_of_three_measures_by_hand() -> None:
    found = study(lamp("half", 50, 10_000, system="s"), lamp("quarter", 75, 100, system="s"), lamp("own", 90, 0),
                  **MONEY)  # fmt: skip
    # own: 1000 kWh, 640 CNY. quarter: 2500 kWh, 1600 CNY. half: 5000 kWh, 3200 CNY, and after quarter 3750 kWh.
    # At rate 0 and a life of one year the cost is what is paid less what is saved, over the CO2e of the measure alone.
    bars = curve(macc(View(found)))
    assert [bar[0] for bar in bars] == near([0, KG, 3.5 * KG])
    assert [bar[1] for bar in bars] == near([KG, 2.5 * KG, 3.75 * KG])
    assert [bar[2] for bar in bars] == near([-640 / KG, -1500 / (2.5 * KG), 6800 / (5 * KG)])


def test_a_bar_that_would_flatten_the_others_is_cut_and_named() -> None:
    # dear saves 1 kWh for 3200.64 CNY net of 0.64: 3200 / 0.0006191 t, against -3200 / 3.0955 t of the others
    found = study(lamp("a", 50, 0), lamp("b", 50, 0), lamp("dear", 99.99, 3200.64), **MONEY)
    chart = macc(View(found))
    assert chart is not None
    assert chart["layout"]["yaxis"]["range"][1] == near(1.08 * 5 * 3200 / (5 * KG) + 0.08 * 3200 / (5 * KG))
    assert "dear" in chart["note"]
    assert curve(chart)[-1][2] == near(3200 / (KG / 1000)), "its height stays what it is"


def test_a_long_curve_keeps_its_outline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("carbon.report.page.upgrades.figures.MOST_BARS", 2)
    found = study(*[lamp(f"lamp {n}", 50 + 10 * n, 1000 * n) for n in range(4)], **MONEY)
    chart = macc(View(found))
    assert chart is not None
    outline, *bars = chart["data"]
    assert "fill" not in outline, "lines lie above bars: a filled one would hide them"
    # 50, 40, 30 and 20 % of 10 000 kWh, the cheapest first as they stand
    assert outline["x"] == near([0, 5 * KG, 9 * KG, 12 * KG, 14 * KG])
    assert curve({"data": bars}) == [near((0, 5 * KG, -3200 / (5 * KG))), near((5 * KG, 4 * KG, -1560 / (4 * KG)))]
    assert "2" in chart["note"]


# --- what is not known ----------------------------------------------------------------------------------------------


def test_unknown_stays_unknown_and_stands_first() -> None:
    bare = lamp("no price and no investment", 50, 0)
    del bare["investment_cny"]
    found = study(bare)
    page = render(page_of_upgrade(found))
    w = page_words("en", "upgrades")
    top, cards = page[: page.index('id="headline"')], page[page.index('id="headline"') : page.index('id="charts"')]
    assert w["unknown_amounts"] in top
    assert "investment_cny (1): no price and no investment" in top
    assert cards.count("<b>–</b> CNY") == 2
    assert w["cash_no_rate"] in cards
    assert "<b>5.00</b>" not in cards
    assert f"<b>{figure(5 * KG)}</b> tCO2e" in cards
    assert macc(View(found)) is None
    for plot in (found.plot.macc, found.plot.cash_flow):
        with pytest.raises(UsageError, match="nothing to draw"):
            plot()
    pairs = found.plot.before_after()
    assert pairs.data[0].x == (1.229,)
    assert [(t.text, t.xaxis) for t in pairs.data if t.type == "scatter"] == [(("?",), "x3")], "no price, no cost"


def test_measures_without_a_cost_are_listed_and_not_drawn() -> None:
    bare = lamp("bare", 50, 0)
    del bare["investment_cny"]
    chart = macc(View(study(bare, lamp("known", 50, 100), **MONEY)))
    assert chart is not None
    assert len(curve(chart)) == 1
    assert "(1): bare." in chart["note"]


def test_a_measure_that_is_not_computed_makes_the_page_incomplete() -> None:
    found = upgrade([lamp("good", 50, 100), {"measure": "bad", "kind": "lighting"}], study=STUDY | MONEY)
    page = render(page_of_upgrade(found))
    assert '<section id="first" class="bad">' in page
    assert "INCOMPLETE: 1 of 2 measures" in page[: page.index('id="headline"')]
    texts = held(page)["texts"]
    assert found.explain("bad") in texts


def test_support_whose_conditions_were_not_checked_stands_first(example: tuple[Upgrade, Path], page: str) -> None:
    w = page_words(example[0].language, "upgrades")
    top = page[: page.index('id="headline"')]
    assert w["unchecked_support"] in top
    for rule in ("equipment-loan-2024", "special-equipment-retrofit-tax-credit"):
        assert rule in top
    assert "gb-t-2589-2020/fuels" in top, "a set that was not read in the publication"
    table = held(page)["tables"]["support"]
    amounts = dict(zip(column(table, "rule"), column(table, "amount_cny"), strict=True))
    assert amounts == {"equipment-loan-2024": near(4000), "special-equipment-retrofit-tax-credit": near(35_000)}


# --- words, hostile names, size -------------------------------------------------------------------------------------


def test_words_are_the_same_in_both_languages() -> None:
    zh, en = page_words("zh", "upgrades"), page_words("en", "upgrades")
    assert zh.keys() == en.keys()
    for name, text in en.items():
        assert set(re.findall(r"\{\w+\}", text)) == set(re.findall(r"\{\w+\}", zh[name])), name


def test_every_column_of_a_table_has_words(page: str) -> None:
    for table in held(page)["tables"].values():
        for one in table["columns"]:
            assert "_" not in one["label"], one["key"]


def test_hostile_names_stay_text(hostile: Upgrade) -> None:
    shown = page_of_upgrade(hostile)
    check_markup(render(shown))
    check_labels(shown.charts)
    assert "&lt;script&gt;" in str(shown.charts)
    assert hostile.plot.macc().data


def test_page_of_many_measures_stays_small_and_says_what_it_leaves_out() -> None:
    many = [lamp(f"照明改造 {n:05d} 号", 20 + n % 70, 50 + n, facility=f"{n % 30} 号车间") for n in range(3000)]
    found = upgrade(many, study=STUDY | MONEY | {"life_years": 5})
    text = render(page_of_upgrade(found))
    assert len(text.encode()) < 10_000_000
    document = held(text)
    table = document["tables"]["measures"]
    assert len(table["rows"]) == MOST_MEASURES
    assert "1,500" in table["more"]
    left_out = {r["measure"] for r in found.records} - set(column(table, "measure"))
    smallest = min(column(table, "co2e_saved_t"))
    assert all(r["co2e_saved_t"] <= smallest for r in found.records if r["measure"] in left_out)
    rest = page_words("en", "upgrades")["no_text"]
    assert rest in document["texts"]
    assert document["texts"][table["rows"][-1][-1]] in (rest, found.explain(table["rows"][-1][1]))


# --- files and figures ----------------------------------------------------------------------------------------------


def test_command_writes_the_page_unless_told_not_to(tmp_path: Path) -> None:
    folder = tmp_path / "study"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("results"))
    done = CliRunner().invoke(app, ["upgrade", str(folder)])
    assert done.exit_code == 0
    assert "report.html" in done.output
    assert (folder / "results" / "report.html").is_file()
    again = CliRunner().invoke(app, ["upgrade", str(folder), "--no-report"])
    assert again.exit_code == 0
    assert not (folder / "results" / "report.html").exists()
    run_upgrade(folder)
    assert not (folder / "results" / "report.html").exists(), "off in Python"


def test_plots_are_the_charts_of_the_page(example: tuple[Upgrade, Path], page: str) -> None:
    drawn = held(page)["charts"]
    for chart, plot in zip(drawn, ("macc", "cash_flow", "before_after"), strict=False):
        shown = getattr(example[0].plot, plot)()
        assert shown.layout.title.text == chart["title"]
        assert [[*t.y] for t in shown.data] == [t["y"] for t in chart["data"]]


def test_a_notebook_shows_the_abatement_table(hostile: Upgrade) -> None:
    shown = hostile._repr_html_()
    assert shown.startswith("<p>&lt;Upgrade of 4 measures")
    assert "<script>" not in shown
    assert "&lt;script&gt;" in shown


def test_importing_a_study_loads_no_plotly() -> None:
    assert carbon.upgrade is upgrade
    source = Path(upgrade.__code__.co_filename).read_text("utf-8")
    assert not re.search(r"^(from|import) .*(plotly|carbon\.report)", source, re.MULTILINE)


# --- in a browser ---------------------------------------------------------------------------------------------------


def test_browser_draws_and_opens_the_text_of_a_measure(
    browser: Any, example: tuple[Upgrade, Path], tmp_path: Path
) -> None:
    study_, where = example
    tab, said, asked = opened(browser, page_of_upgrade(study_), tmp_path)
    assert asked == [(tmp_path / "report.html").as_uri()]
    assert tab.locator(".chart:not(:has(svg.main-svg))").count() == 0
    assert tab.locator("#chart-0 .barlayer path").count() == 38
    saved = [figure(value) for value in numbers(rows(where / "upgrade.csv"), "tce_saved")]
    assert tab.locator("#table-measures tbody tr td:nth-child(4)").all_inner_texts() == saved
    tab.locator("#table-measures td button").nth(1).click()
    text = tab.locator("tr.lineage pre").text_content()
    assert text == study_.explain(study_.records[0]["measure"])
    tab.locator("tr.lineage .close").click()
    tab.locator("#table-abatement input").fill("Boiler B1")
    assert tab.locator("#table-abatement tbody tr").count() == 2
    tab.locator("#table-measures th button").nth(3).click()
    largest = max(r["tce_saved"] for r in study_.records)
    assert tab.locator("#table-measures tbody tr td:nth-child(4)").first.inner_text() == figure(largest)
    check_print(tab)
    assert said == []


def test_browser_keeps_hostile_names_as_text(browser: Any, hostile: Upgrade, tmp_path: Path) -> None:
    tab, said, asked = opened(browser, page_of_upgrade(hostile), tmp_path)
    tab.locator("#table-measures td button").first.click()
    assert HOSTILE in tab.locator("tr.lineage pre").text_content()
    assert HOSTILE in tab.locator("#table-measures").inner_text()
    assert tab.locator("img, body a:not(.modebar-btn)").count() == 0
    assert len(asked) == 1
    assert said == []
