"""A sheet for each facility of the report: its sums are those of the totals, its items add up, links lead there."""

from __future__ import annotations

import io
import math
import re
import zipfile
from pathlib import Path
from typing import Any
from xml.sax.saxutils import unescape

import pandas as pd
import pytest
from shared.books import grid, names, table

import carbon
from carbon.report import facilities, listings
from carbon.report.listings import names_of
from carbon.report.words import words
from carbon.report.workbook import workbook_bytes
from carbon.run import compute, open_job
from carbon.streams import run_stream

QUARTERLY = Path(__file__).resolve().parents[1] / "examples" / "quarterly"


@pytest.fixture(scope="module", params=["en", "zh"])
def result(request):
    return compute(open_job(QUARTERLY, language=request.param))[0]


@pytest.fixture(scope="module")
def data(result):
    return workbook_bytes(result)


MASSES = {"co2_t": "co2", "ch4_t": "ch4", "n2o_t": "n2o"}


def facility_rows(data: bytes, facility: str, w: dict[str, str]) -> list[dict[str, Any]]:
    return table(grid(data, facility), w["period"])


def test_subtotals_and_totals_of_a_facility_are_those_of_the_table(result, data):
    w = words("report", result.language) | words("workbook", result.language)
    named = names_of(result) | {"total": w["total"]}
    for facility in ("北河钢铁", "南江铝业", "东岭水泥"):
        rows = facility_rows(data, facility, w)
        sums = {(r[w["period"]], r[w["category"]]): r for r in rows if r[w["is_whole"]]}
        records = [r for r in result.total_records if r["facility"] == facility]
        assert len(sums) * len(result.bases) == len(records)
        for record in records:
            row = sums[record["period"], named[record["category"]]]
            assert row[w[f"total_{record['basis']}"]] == record["co2e_t"]
            if record["basis"] == "location":
                assert {name: row[w[title]] for name, title in MASSES.items()} == {
                    name: record[name] for name in MASSES
                }


def test_items_add_up_to_their_subtotal_and_quantities_to_those_entered(result, data):
    w = words("report", result.language) | words("workbook", result.language)
    for facility in ("北河钢铁", "南江铝业", "东岭水泥"):
        items: dict[tuple[str, str], list[float]] = {}
        rows = facility_rows(data, facility, w)
        for row in (r for r in rows if not r[w["is_whole"]]):
            items.setdefault((row[w["period"]], row[w["category"]]), []).append(row[w["total_market"]])
        assert len(items) > 10
        for row in (r for r in rows if r[w["is_whole"]] and r[w["category"]] != w["total"]):
            assert math.fsum(items[row[w["period"]], row[w["category"]]]) == pytest.approx(
                row[w["total_market"]], rel=1e-14
            )


def test_an_item_shows_how_it_was_computed(result, data):
    w = words("report", result.language) | words("workbook", result.language)
    row = next(r for r in facility_rows(data, "南江铝业", w) if r[w["unit"]] == "万Nm3" and r[w["period"]] == "2024")
    assert row[w["computed"]] == "CO2 × 389.31 GJ/万Nm3 × 0.01532 tC/GJ × 0.99 × 44/12"
    assert row[w["quantity"]] == 1150.0  # 285.4 + 291.2 + 288.8 + 284.6
    # by hand: 1150 × 389.31 × 0.01532 × 0.99 × 44/12 = 24897.6747954 t
    assert row[w["co2"]] == pytest.approx(24897.6747954, rel=1e-12)
    assert (row[w["row_count"]], row[w["first_line"]]) == (4, 78)
    assert {f"mee-cets-2024/fuels:natural-gas-{n}" for n in ("ncv", "carbon-content", "oxidation")} == set(
        row[w["factor_sheet"]].split()
    )


def test_links_lead_to_every_sheet_and_back(data):
    found = links(data)
    first, *others = names(data)
    assert set(found[names(data)[1]]) >= {f"'{name}'!A1" for name in others if name != names(data)[1]}
    for name in others:
        assert f"'{first}'!A1" in found[name]
    assert {"'北河钢铁'!A1", "'南江铝业'!A1", "'东岭水泥'!A1"} <= set(found[first])


def links(data: bytes) -> dict[str, list[str]]:
    """Return by sheet where its links lead."""
    link, quotes = re.compile(r'<hyperlink ref="[A-Z]+[0-9]+" location="([^"]*)"/>'), {"&quot;": '"'}
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        sheets = [archive.read(f"xl/worksheets/sheet{n}.xml").decode() for n in range(1, len(names(data)) + 1)]
    found = [[unescape(place, quotes) for place in link.findall(sheet)] for sheet in sheets]
    return dict(zip(names(data), found, strict=True))


def many(facilities: int, months: int = 2) -> Any:
    rows = [{"facility": f"F{n:03d}'s", "period": f"2024-{m:02d}", "item": "diesel", "quantity": n + 1, "unit": "t"}
            for n in range(facilities) for m in range(1, months + 1)]  # fmt: skip
    return carbon.account(pd.DataFrame(rows), method="cn-general", language="en")


def test_only_the_largest_of_many_facilities_have_a_sheet_and_the_summary_says_so(monkeypatch):
    monkeypatch.setattr(facilities, "MOST_SHEETS", 3)
    found = many(5)
    made = workbook_bytes(found)
    assert names(made)[-3:] == ["F002's", "F003's", "F004's"]
    lines = [str(row[0]) for row in grid(made, 0)]
    assert words("workbook", "en")["no_sheet"].format(n=3, left=2) in lines
    assert [place for place in links(made)["Summary"] if "F00" in place] == [
        "'F002''s'!A1",
        "'F003''s'!A1",
        "'F004''s'!A1",  # of January, which is longer than February
    ]


def test_rows_that_are_too_many_are_counted(monkeypatch):
    monkeypatch.setattr(facilities, "MOST_ROWS", 5)
    monkeypatch.setattr(facilities, "MOST_ITEMS", 1)
    rows = [{"facility": "A", "period": f"2024-{m:02d}", "item": item, "quantity": q, "unit": "t", "use": "combustion"}
            for m in (1, 2, 3) for item, q in (("diesel", 3), ("gasoline", 2), ("coke", 1))]  # fmt: skip
    made = workbook_bytes(carbon.account(pd.DataFrame(rows), method="cn-general", language="en"))
    shown = grid(made, "A")
    items = [row[2] for row in shown if row[0] == "2024"]
    assert items[:2] == ["diesel", "… and 2 more rows in lines.parquet"]  # the largest, and the others
    assert "… and 16 more rows in totals.csv, lines.parquet" in [
        row[0] for row in shown
    ]  # a quarter, three months; 4 each


def test_long_tables_keep_the_longest_periods_and_count_the_others(monkeypatch):
    monkeypatch.setattr(listings, "MOST_TOTALS", 10)
    found = many(2, 12)
    records, left = listings.longest(found.total_records, found, 60)
    # three places (two and both), two categories (fuel combustion, total), two bases
    assert {r["period"] for r in records} == {"2024", "2024-Q1", "2024-Q2", "2024-Q3", "2024-Q4"}
    assert (len(records), left) == (5 * 12, 12 * 12)
    records, left = listings.longest(found.total_records, found, 1)
    assert {r["period"] for r in records} == {"2024"}


def test_streamed_result_has_the_same_facility_sheets(tmp_path):
    rows = [f"A,2024-{m:02d},diesel,{m},t" for m in range(1, 13)] * 20
    path = tmp_path / "activities.csv"
    path.write_text("facility,period,item,quantity,unit\n" + "\n".join(rows) + "\n", "utf-8")
    streamed, _ = run_stream(path, tmp_path / "out", size=1000, language="en")
    made, other = workbook_bytes(streamed), workbook_bytes(compute(open_job(path, language="en"))[0])
    w = words("report", "en") | words("workbook", "en")
    one, two = facility_rows(made, "A", w), facility_rows(other, "A", w)
    assert all("First line" not in row for row in one)
    assert one == [{name: value for name, value in row.items() if name != "First line"} for row in two]
