"""Periods: every way to write one, in Chinese and English, leap years, containment, and texts that are none."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from shared.hostility import within_reason

from carbon import periods
from carbon.periods import Period, PeriodError


def days(first: str, last: str) -> Period:
    """Return the period of two printed dates, counted here by the calendar of the standard library."""
    epoch = dt.date(1970, 1, 1).toordinal()
    begin, end = (dt.date.fromisoformat(text).toordinal() - epoch for text in (first, last))
    return Period(begin, end + 1)


YEAR, QUARTER = days("2024-01-01", "2024-12-31"), days("2024-01-01", "2024-03-31")
MARCH, OCTOBER = days("2024-03-01", "2024-03-31"), days("2024-10-01", "2024-10-31")
FORMS = [
    *((text, YEAR) for text in ("2024", "2024年", "2024年度", "２０２４年", " 2024 ")),
    *(
        (text, QUARTER)
        for text in (
            "2024-Q1", "2024Q1", "2024q1", "2024 Q1", "2024/Q1", "2024年第一季度", "2024年一季度", "2024年第1季度",
            "2024年1季度", "2024第一季度", "２０２４年第１季度", "2024-01-01/2024-03-31", "2024/1/1~2024/3/31",
            "2024.01.01至2024.03.31", "2024-01-01 / 2024-03-31", "2024-01-01—2024-03-31", "2024-01-01--2024-03-31",
        )
    ),
    *(
        (text, MARCH)
        for text in (
            "2024-03", "2024-3", "2024/03", "2024/3", "2024.3", "2024.03", "2024年3月", "2024年03月", "２０２４年３月",
            "2024-03-01/2024-03-31",
        )
    ),
    *((text, OCTOBER) for text in ("2024-10", "2024.10", "2024年10月", "2024/10")),
    ("2024-Q2", days("2024-04-01", "2024-06-30")),
    ("2024年第二季度", days("2024-04-01", "2024-06-30")),
    ("2024-Q3", days("2024-07-01", "2024-09-30")),
    ("2024年三季度", days("2024-07-01", "2024-09-30")),
    ("2024-Q4", days("2024-10-01", "2024-12-31")),
    ("2024年第四季度", days("2024-10-01", "2024-12-31")),
    ("2024-12", days("2024-12-01", "2024-12-31")),
    ("2024-01-15/2024-02-14", days("2024-01-15", "2024-02-14")),
    ("2023-12-16/2024-01-15", days("2023-12-16", "2024-01-15")),
    ("2024-02-29/2024-02-29", days("2024-02-29", "2024-02-29")),
    ("2024年1-3月", QUARTER),
    ("2024年上半年", days("2024-01-01", "2024-06-30")),
    ("1970", days("1970-01-01", "1970-12-31")),
    ("2199", days("2199-01-01", "2199-12-31")),
]  # fmt: skip


@pytest.mark.parametrize(("text", "period"), FORMS, ids=[text for text, _ in FORMS])
def test_parse_every_form_gives_its_days(text: str, period: Period) -> None:
    assert periods.parse(text) == period


@pytest.mark.parametrize(
    ("text", "count"),
    [("2023-02", 28), ("2024-02", 29), ("2100-02", 28), ("2000-02", 29), ("2023", 365), ("2024", 366), ("2100", 365),
     ("2000", 366), ("2023-Q1", 90), ("2024-Q1", 91), ("2024-12", 31), ("2024-04", 30)],
)  # fmt: skip
def test_parse_leap_years_have_their_day(text: str, count: int) -> None:
    period = periods.parse(text)
    assert period.end - period.start == count


INVALID = [
    "", " ", "24", "202", "20241", "20240301", "2024-13", "2024-00", "2024-0", "2024-Q0", "2024-Q5", "2024-Q",
    "2024-Q12", "2024年第五季度", "2024年13月", "2024年0月", "2024-03-01", "2024/3/1", "2023-02-29/2023-03-01",
    "2024-02-30/2024-03-01", "2024-03-31/2024-03-01", "2024-01-01/", "/2024-01-01", "2024-01-01/2024-13-01", "1969",
    "2200", "0000", "9999", "9999-12", "1969-12-31/1970-01-31", "2199-12-31/2200-01-01", "24年上半年",
    "上半年", "2024-W01", "FY2024", "Q1", "Q1 2024", "03-2024", "March 2024", "2024-03-01T00:00", "-2024", "+2024",
    "2024.0", "2024-03-", "2024--03", "nan", "None", "0", "2024\0", "\0", "2024; drop", "2024\n2025", "{2024}",
    "二〇二四年", "2" * 100_000, "2024" + " " * 100_000 + "x", "2024-" * 50_000, "\u202e2024", "2024\u200b",
]  # fmt: skip


@pytest.mark.parametrize("text", INVALID, ids=lambda text: repr(text[:24]))
def test_parse_what_is_no_period_raises(text: str) -> None:
    with within_reason(), pytest.raises(PeriodError):
        periods.parse(text)


@given(st.text(alphabet="0123456789-/.Qq年季度月第一四至~ \0²", max_size=24))
@example("2024年第²季度")
@example("2024-٣")
def test_parse_any_text_gives_a_period_of_at_least_a_day_or_a_period_error(text: str) -> None:
    try:
        period = periods.parse(text)
    except PeriodError:
        return
    assert period.start < period.end
    assert 1970 <= period.first.year <= period.last.year <= 2199


@pytest.mark.parametrize(
    ("text", "grain", "label"),
    [("2024年3月", "month", "2024-03"), ("2024年第一季度", "quarter", "2024-Q1"), ("2024年", "year", "2024"),
     ("2024-01-01/2024-03-31", "quarter", "2024-Q1"), ("2024-03-01/2024-03-31", "month", "2024-03"),
     ("2024/1/1至2024/12/31", "year", "2024"), ("2024-01-15/2024-02-14", "range", "2024-01-15/2024-02-14"),
     ("2024-01-01/2024-06-30", "range", "2024-01-01/2024-06-30")],
)  # fmt: skip
def test_label_of_a_period_is_its_plainest_form_and_parses_back(text: str, grain: str, label: str) -> None:
    period = periods.parse(text)
    assert (period.grain, period.label, str(period)) == (grain, label, label)
    assert periods.parse(label) == period


def test_first_and_last_day_are_both_inside() -> None:
    assert (QUARTER.first, QUARTER.last) == (dt.date(2024, 1, 1), dt.date(2024, 3, 31))


@pytest.mark.parametrize("year", [2023, 2024, 2100])
def test_months_make_quarters_and_quarters_make_years_without_gap(year: int) -> None:
    months = [periods.month(year, number) for number in range(1, 13)]
    quarters = [periods.quarter(year, number) for number in range(1, 5)]
    whole = periods.year(year)
    assert months[0].start == whole.start
    assert months[-1].end == whole.end
    assert [one.end for one in months[:-1]] == [two.start for two in months[1:]]
    for number, quarter in enumerate(quarters):
        three = months[3 * number : 3 * number + 3]
        assert (three[0].start, three[-1].end) == (quarter.start, quarter.end)
        assert all(month.within(quarter) and month.quarter == quarter and month.year == whole for month in three)
        assert quarter.within(whole)
        assert quarter.year == whole


@pytest.mark.parametrize(
    ("inner", "outer", "inside"),
    [("2024-03", "2024-Q1", True), ("2024-Q1", "2024", True), ("2024-Q1", "2024-Q1", True),
     ("2024-04", "2024-Q1", False), ("2024", "2024-Q1", False), ("2023-12-16/2024-01-15", "2024", False),
     ("2024-01-15/2024-02-14", "2024-Q1", True), ("2024-03", "2023-Q1", False)],
)  # fmt: skip
def test_within_holds_where_every_day_is_inside(inner: str, outer: str, inside: bool) -> None:
    assert periods.parse(inner).within(periods.parse(outer)) is inside


@pytest.mark.parametrize(
    ("one", "other", "shared"),
    [("2024-03", "2024-04", False), ("2024-03", "2024-Q1", True), ("2024", "2025", False),
     ("2023-12-16/2024-01-15", "2024-01", True), ("2024-01-01/2024-01-31", "2024-01-31/2024-02-01", True)],
)  # fmt: skip
def test_overlaps_holds_where_a_day_is_shared_both_ways(one: str, other: str, shared: bool) -> None:
    assert periods.parse(one).overlaps(periods.parse(other)) is shared
    assert periods.parse(other).overlaps(periods.parse(one)) is shared


def test_periods_sort_by_their_first_day() -> None:
    texts = ["2025", "2024-Q2", "2024-01", "2024-Q1"]
    assert [str(p) for p in sorted(map(periods.parse, texts))] == ["2024-01", "2024-Q1", "2024-Q2", "2025"]


@pytest.mark.parametrize(
    ("text", "number"), [("1970-01-01", 0), ("1970-01-02", 1), ("1971-01-01", 365), ("2000-03-01", 11017)]
)
def test_date_counts_days_from_1970(text: str, number: int) -> None:
    assert periods.date(text) == number


@pytest.mark.parametrize("text", ["2024-02-30", "2024-13-01", "24-01-01", "2024/01/01", "yesterday", ""])
def test_date_that_is_none_raises(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        periods.date(text)
