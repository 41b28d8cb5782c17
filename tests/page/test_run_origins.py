"""What figures of intensity and of levels open on the page of a run: arithmetic that holds, level, source and page."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from shared.pages import held, opened

from carbon import shipped
from carbon.report.page.runs.page import page_of_run, render_page
from carbon.run import compute, open_job

NUMBER = r"-?[\d,]+(?:\.\d+)?(?:e-?\d+)?"


@pytest.fixture(scope="module", params=["en", "zh"])
def result(request: pytest.FixtureRequest) -> Any:
    return compute(open_job(shipped.folder("examples") / "quarterly", language=request.param))[0]


def value(text: str) -> float:
    return float(text.replace(",", ""))


def opens(result: Any, name: str) -> list[tuple[list[Any], str]]:
    """Return the rows of a table with the texts that they open."""
    document = held(render_page(result))
    width = len(document["tables"][name]["columns"])
    return [(row, document["texts"][row[width]]) for row in document["tables"][name]["rows"]]


def test_divisions_of_an_intensity_hold(result: Any) -> None:
    rows = opens(result, "intensity")
    assert len(rows) == len(result.intensity_records) > 5
    for row, text in rows:
        per_unit = re.search(rf"({NUMBER}) tCO2e ÷ ({NUMBER}) \S+ = ({NUMBER}) tCO2e/", text)
        energy = re.search(rf"({NUMBER}) tce × 1000 ÷ ({NUMBER}) \S+ = ({NUMBER}) kgce/", text)
        money = re.search(rf"({NUMBER}) tCO2e ÷ \(({NUMBER}) CNY ÷ 10000\) = ({NUMBER}) tCO2e", text)
        for found, shown, scale in ((per_unit, row[6], 1), (energy, row[7], 1000), (money, row[8], 10_000)):
            assert (found is None) == (shown is None)
            if found is not None:
                above, below, made = map(value, found.groups())
                assert made == shown
                assert made == pytest.approx(above * scale / below, rel=1e-12)
        assert "output" in text


def test_comparison_with_a_level_says_level_source_page_and_gap(result: Any) -> None:
    rows = opens(result, "verdicts")
    assert len(rows) > 10
    compared = 0
    for row, text in rows:
        if row[9] is None or row[10] is None:
            continue
        compared += 1
        gap = re.search(rf": ({NUMBER}) − ({NUMBER}) = ({NUMBER}) ", text)
        assert gap is not None
        one, other, made = map(value, gap.groups())
        assert made == row[10] == one - other
        assert {one, other} == {row[6], row[9]}
        assert row[3] in text
        assert row[17] in text
        assert row[16] in text
        if row[13]:
            mix = re.search(rf"({NUMBER}) tce × ({NUMBER}) tCO2e/tce = ({NUMBER}) tCO2e", text)
            assert mix is not None
            coal, per, co2e = map(value, mix.groups())
            assert co2e == row[13] == pytest.approx(coal * per, rel=1e-12)
    assert compared > 10


def test_browser_opens_an_intensity_and_a_level(browser: Any, result: Any, tmp_path: Path) -> None:
    tab, said, _ = opened(browser, page_of_run(result), tmp_path)
    for name in ("intensity", "verdicts"):
        tab.locator(f"#table-{name} td button").first.click()
        assert " = " in tab.locator(f"#table-{name} tr.lineage pre").inner_text()
    assert said == []
