"""Laws of bad rows: they leave the others as they are, and any row is computed or an issue."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from shared.jobs import EMITTED, Job, Row, columns, files, jobs, recipe

import carbon
from carbon.library import Library

VALUES = [*EMITTED, "co2e_kg", "co2e_market_kg", "energy_kgce", "energy_primary_kgce"]


# --- bad rows -------------------------------------------------------------------------------------------------------

FAULTS: list[Row] = [
    {"item": "unobtainium", "use": ""}, {"unit": "ton"}, {"unit": "furlong"}, {"quantity": "-5"}, {"quantity": "abc"},
    {"quantity": "1,250.5"}, {"quantity": ""}, {"quantity": "inf"}, {"use": "burnt"}, {"region": "Atlantis"},
    {"period": "2024-13"}, {"facility": "nobody"}, {"facility": ""}, {"oxidation": "98"}, {"unit": "d"},
    {"factor": "3.1", "factor_unit": ""}, {"item": "#REF!"},
]  # fmt: skip


@settings(max_examples=60)
@given(jobs(least=2), st.data())
def test_bad_rows_leave_the_others_as_they_are(library: Library, job: Job, data: st.DataObject) -> None:
    bad = data.draw(st.dictionaries(st.integers(0, len(job.rows) - 1), st.sampled_from(FAULTS), min_size=1))
    # a medium counts in the energy only, and where that cannot be told it is a warning
    assume(all(fault != {"unit": "d"} or job.rows[number]["item"] != "fresh-water" for number, fault in bad.items()))
    rows = [row | bad.get(number, {}) for number, row in enumerate(job.rows)]
    before, after = columns(job.good(library)), columns(result := replace(job, rows=rows).run(library))
    for number in range(len(rows)):
        assert after["status"][number] == ("error" if number in bad else "computed")
        for name in VALUES:
            found = after.get(name, [None] * len(rows))[number]
            expected = None if number in bad else before.get(name, [None] * len(rows))[number]
            assert found == expected, (number, name)
    told = {line for issue in result.issues.errors for line in issue.lines}
    assert told == {number + 1 for number in bad}
    touched = {(rows[number]["facility"], rows[number]["period"]) for number in bad}
    for record in result.total_records:
        if (record["facility"], record["period"]) in touched:
            assert record["complete"] is False


@pytest.mark.parametrize("unit", ["t/t", "%", "1", "kg/t"])
def test_share_is_no_duration_of_anode_effects(library: Library, unit: str) -> None:
    # minutes per cell-day are a time per time; 3.1 t/t would silently be taken for 3.1 days a day
    row = {"facility": "a", "period": "2024", "item": "阳极效应", "quantity": "1000", "unit": "t", "factor": "3.1"}
    result = carbon.account([row | {"factor_unit": unit}], method="cn-aluminium", library=library)
    assert [list(issue.lines) for issue in result.issues.errors] == [[1]]


@pytest.mark.parametrize(
    ("method", "row"),
    [
        ("cn-aluminium", recipe("炭阳极消耗; process; Nm3")),
        ("cn-aluminium", recipe("阳极效应; process; d", factor="0.12", factor_unit="min/d")),
        ("cn-general", recipe("电力; purchased; t", instrument="self-generated")),
        ("cn-steel", recipe("电力; self-generated; t")),
    ],
)
def test_unit_of_another_kind_is_an_issue_and_not_a_crash(library: Library, method: str, row: Row) -> None:
    result = carbon.account(
        [{"facility": "a", "period": "2024", "quantity": "5", **row}], method=method, library=library
    )
    assert [(issue.code, list(issue.lines)) for issue in result.issues.errors] == [("U103", [1])]


def test_grouped_totals_count_each_amount_once_where_facilities_report_at_different_grain(library: Library) -> None:
    fuel = {"item": "diesel", "unit": "t", "use": "combustion", "factor": "3", "factor_unit": "tCO2/t"}
    months = [{"facility": "a", "period": f"2024-0{m}", "quantity": "10", **fuel} for m in (1, 2, 3)]
    rows = [*months, {"facility": "b", "period": "2024-Q1", "quantity": "20", **fuel}]
    result = carbon.account(rows, method="cn-general", library=library)
    found = result.totals("facility").set_index("facility")["co2e_t"].to_dict()
    assert found == {"a": 90.0, "b": 60.0}  # 3 x 10 x 3 and 20 x 3: a's own quarter is not added to its months


def test_steam_names_the_printed_points_that_its_enthalpy_comes_from(library: Library) -> None:
    row = {"facility": "a", "period": "2024", **recipe("steam; purchased; t", pressure_mpa="1.0"), "quantity": "5"}
    result = carbon.account([row], method="cn-general", library=library)
    (key,) = columns(result)["factor_ids"]
    assert "steam-enthalpy/saturated:saturated-p1-0" in key.split()
    assert "steam-enthalpy/saturated" in result.provenance["sets"]
    assert library.factor("steam-enthalpy/saturated:saturated-p1-0").value in result.explain(1, "en")


def test_warming_potentials_issued_later_are_refused(library: Library) -> None:
    row = {"facility": "a", "period": "2020", "item": "diesel", "unit": "t", "use": "combustion", "quantity": "5"}
    with pytest.raises(carbon.UsageError, match="issued 2021"):  # the sixth assessment report is of 2021
        carbon.account([row], method="cn-general", gwp="ar6", as_of=dt.date(2020, 12, 31), library=library)
    assert carbon.account([row], method="cn-general", gwp="ar5", as_of=dt.date(2020, 12, 31), library=library)


@pytest.mark.parametrize(
    ("method", "row"),
    [
        ("cn-general", recipe("coke; self-generated; t")),
        ("cn-power", recipe("coke; product; t")),
        ("cn-general", recipe("electricity; product; MWh")),  # sold power is `exported` or `conversion-output`
        ("cn-steel", recipe("heat; product; GJ")),
        ("cn-statistics", recipe("coke; fugitive; t")),
        ("cn-statistics", recipe("electricity; captured; MWh")),
        ("cn-general", recipe("oxygen; purchased; Nm3")),  # its coefficient is printed per m3
        ("cn-steel", recipe("compressed-air; purchased; t")),
        ("cn-cement", recipe("fresh-water; purchased; m3")),  # printed per t
    ],
)
def test_row_that_counts_for_nothing_says_so(library: Library, method: str, row: Row) -> None:
    # missing is never zero: a use that neither emits nor moves energy is no silent nothing
    result = carbon.account(
        [{"facility": "a", "period": "2023", "quantity": "5", **row}], method=method, library=library
    )
    lines = columns(result)
    assert all(lines[name][0] is None for name in VALUES if name in lines), "it counts for something after all"
    assert any(1 in issue.lines for issue in result.issues if issue.severity in ("error", "warning"))


def test_absurd_numbers_are_an_issue_and_not_a_crash(library: Library) -> None:
    # every cell is within what a table takes, their product is beyond what a sum can hold
    absurd = {
        "facility": "a", "period": "2024", "item": "coke", "quantity": "1e15", "unit": "万t", "ncv": "1e15",
        "ncv_unit": "TJ/kg", "carbon_content": "1e15", "carbon_content_unit": "MtC/J", "oxidation": "1",
    }  # fmt: skip
    good = {"facility": "a", "period": "2024", "item": "coke", "quantity": "1", "unit": "t"}
    result = carbon.account([good, absurd], method="cn-general", library=library)
    assert {line for issue in result.issues.errors for line in issue.lines} == {2}
    assert columns(result)["status"] == ["computed", "error"]
    assert columns(result)["co2_kg"][0] == pytest.approx(28.435 * 0.0295 * 0.93 * 44 / 12 * 1000)


WILD_UNITS = [
    "t", "kg", "万t", "MWh", "万千瓦时", "GJ", "kJ", "m3", "Nm3", "万Nm3", "gal", "tce", "kgce", "t*km", "km", "d",
    "min", "piece", "万元", "mmBtu_HHV", "short_ton", "MPa", "%", "1", "tCO2", "kgCH4", "m2", "人公里",
]  # fmt: skip
WILD_OVERRIDES = {
    "ncv": ["GJ/t", "kJ/kg", "GJ/万Nm3", "kJ/m3", "kcal/kg", "GJ", "t/GJ", "mmBtu_HHV/short_ton", "kWh", "1"],
    "carbon_content": ["tC/GJ", "tC/t", "%", "tC/万Nm3", "kgC/kg", "tCO2/t", "GJ/t", "tC", "t/tC"],
    "factor": ["tCO2/t", "kgCO2/kWh", "tCO2/GJ", "kgCO2e/(t*km)", "kgCH4/t", "min/d", "t/t", "tC/t", "GJ/t", "tCO2",
               "kgN2O/gal", "kgCO2/mmBtu_HHV", "t/tCO2", "tCO2/万元"],
}  # fmt: skip


@st.composite
def wild_rows(draw: st.DrawFn, library: Library) -> Row:
    """Return a row that a schema would take, whatever it may mean."""
    items = list(library.items.entries)
    row = {
        "facility": "a", "period": draw(st.sampled_from(["2019", "2023-Q1", "2024-07", "2025-02-03/2025-03-04"])),
        "item": draw(st.sampled_from([*items[:340], "bamboo charcoal"]) | st.sampled_from(items)),
        "quantity": draw(st.sampled_from(["0", "1", "12.5", "1e15", "1e-15", "987654321.123"])),
        "unit": draw(st.sampled_from(WILD_UNITS)),
    }  # fmt: skip
    if draw(st.booleans()):
        row["use"] = draw(st.sampled_from(sorted(USES)))
    if draw(st.booleans()):
        row["region"] = draw(st.sampled_from(["CN-SD", "CN", "CN-XZ", "CN-east", "US", "GB"]))
    if draw(st.booleans()):
        row["instrument"] = draw(st.sampled_from(["grid", "green-power", "certificate", "self-generated", "supplier"]))
    for name, units in WILD_OVERRIDES.items():
        if draw(st.integers(0, 3)) == 0:
            row |= {name: draw(st.sampled_from(["0", "0.5", "29.3"])), f"{name}_unit": draw(st.sampled_from(units))}
    if draw(st.integers(0, 3)) == 0:
        row["oxidation"] = draw(st.sampled_from(["0", "0.98", "1"]))
    for name, values in (
        ("pressure_mpa", ["0.5", "1.0", "3.9", "99"]),
        ("temperature_c", ["20", "179.88", "300", "999"]),
    ):
        if draw(st.integers(0, 4)) == 0:
            row[name] = draw(st.sampled_from(values))
    return row


USES = {
    "combustion", "feedstock", "process", "purchased", "exported", "product", "conversion-output", "recovery",
    "captured", "fugitive", "self-generated",
}  # fmt: skip
PACKS = (
    "cn-steel", "cn-cement", "cn-aluminium", "cn-chemicals", "cn-carbon-materials", "cn-power", "cn-general",
    "cn-statistics", "ghg-protocol",
)  # fmt: skip


@settings(max_examples=120)
@given(st.data())
def test_any_row_is_computed_or_an_issue_and_never_a_crash(library: Library, data: st.DataObject) -> None:
    method, gwp = data.draw(st.sampled_from(PACKS)), data.draw(st.sampled_from(["", "sar", "ar6", "none"]))
    rows = data.draw(st.lists(wild_rows(library), min_size=1, max_size=6))
    result = carbon.account(rows, method=method, gwp=gwp, library=library)
    lines = columns(result)
    told = {line for issue in result.issues.errors if issue.code not in ("M303", "M304") for line in issue.lines}
    assert told == {number + 1 for number, status in enumerate(lines["status"]) if status == "error"}
    for number in range(len(rows)):
        values = [lines[name][number] for name in VALUES if name in lines]
        if number + 1 in told:
            assert values.count(None) == len(values)
        assert all(np.isfinite(value) for value in values if value is not None)
    files(result)
    for number in range(len(rows)):
        for language in ("en", "zh"):
            assert rows[number]["facility"] in result.explain(number + 1, language) or number + 1 in told
