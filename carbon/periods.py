"""Floor 1: reporting periods and dates. A period is half-open in days since 1970-01-01; text goes in and comes out."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from dataclasses import dataclass
from functools import cache

_EPOCH = dt.date(1970, 1, 1)
_MONTHS = re.compile(r"(\d{4})年(\d{1,2})月?\s*[-—~至到]\s*(\d{1,2})月份?")
_MONTH_RANGE = re.compile(r"(\d{4})-(\d{1,2})\s*(?:/|~|至)\s*(\d{4})-(\d{1,2})")
_HALF = re.compile(r"(\d{4})年?(上|下)半年")
_YEAR = re.compile(r"(\d{4})(?:年|年度)?")
_QUARTER = re.compile(r"(\d{4})[-/年 ]?\s*(?:[Qq]([1-4])|第?([1-4一二三四])季度?)")
_MONTH = re.compile(r"(\d{4})[-/.年](\d{1,2})(?:月份?)?")
_RANGE = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})\s*(?:/|~|至|--|—)\s*(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})")
_CHINESE = {"一": 1, "二": 2, "三": 3, "四": 4}
FIRST_YEAR, LAST_YEAR = 1970, 2199


class PeriodError(ValueError):
    """A text that is not a period."""


@dataclass(frozen=True, order=True)
class Period:
    """A span of whole days.

    Attributes
    ----------
    start, end : int
        First day and the day after the last, in days since 1970-01-01.
    """

    start: int
    end: int

    @property
    def first(self) -> dt.date:
        """The first day."""
        return _EPOCH + dt.timedelta(days=self.start)

    @property
    def last(self) -> dt.date:
        """The last day."""
        return _EPOCH + dt.timedelta(days=self.end - 1)

    @property
    def grain(self) -> str:
        """`month`, `quarter`, `year` or `range`."""
        return _grain(self)

    @property
    def label(self) -> str:
        """As written in tables: ``2024-03``, ``2024-Q1``, ``2024`` or ``2024-01-15/2024-02-14``."""
        return _label(self)

    @property
    def month(self) -> Period:
        """The calendar month of its first day."""
        return month(self.first.year, self.first.month)

    @property
    def quarter(self) -> Period:
        """The calendar quarter of its first day."""
        return quarter(self.first.year, (self.first.month + 2) // 3)

    @property
    def year(self) -> Period:
        """The calendar year of its first day."""
        return year(self.first.year)

    def within(self, other: Period) -> bool:
        """Return whether every day of it lies in the other."""
        return other.start <= self.start and self.end <= other.end

    def overlaps(self, other: Period) -> bool:
        """Return whether they share a day."""
        return self.start < other.end and other.start < self.end

    def __str__(self) -> str:
        return self.label


@cache
def _grain(period: Period) -> str:
    for name, other in (("month", period.month), ("quarter", period.quarter), ("year", period.year)):
        if other == period:
            return name
    return "range"


@cache
def _label(period: Period) -> str:
    first = period.first
    match period.grain:
        case "month":
            return f"{first:%Y-%m}"
        case "quarter":
            return f"{first.year}-Q{(first.month + 2) // 3}"
        case "year":
            return f"{first.year}"
    return f"{first.isoformat()}/{period.last.isoformat()}"


def days(date: dt.date) -> int:
    """Return a date as days since 1970-01-01."""
    return (date - _EPOCH).days


def date(text: str) -> int:
    """Return an ISO date as days since 1970-01-01.

    Examples
    --------
    >>> date("1970-01-02")
    1
    """
    return days(dt.date.fromisoformat(text))


def span(first: dt.date, last: dt.date) -> Period:
    """Return the period from the first to the last day, both included."""
    return Period(days(first), days(last) + 1)


def year(number: int) -> Period:
    """Return a calendar year."""
    return span(dt.date(number, 1, 1), dt.date(number, 12, 31))


def quarter(number: int, part: int) -> Period:
    """Return quarter 1 to 4 of a year."""
    return Period(month(number, 3 * part - 2).start, month(number, 3 * part).end)


def month(number: int, part: int) -> Period:
    """Return month 1 to 12 of a year."""
    after = dt.date(number + part // 12, part % 12 + 1, 1)
    return Period(days(dt.date(number, part, 1)), days(after))


@cache
def parse(text: str) -> Period:
    """Return the period that a text names.

    Parameters
    ----------
    text : str
        ``2024``, ``2024-Q1``, ``2024-03`` or ``2024-01-01/2024-03-31``; the Chinese forms ``2024年``,
        ``2024年第一季度``, ``2024年3月`` and ``2024年1-3月`` as well.

    Raises
    ------
    PeriodError
        If it is none of these, or no such day exists (code D101).

    Examples
    --------
    >>> parse("2024-Q1") == parse("2024-01-01/2024-03-31")
    True
    """
    cleaned = unicodedata.normalize("NFKC", text).strip()
    try:
        if found := _RANGE.fullmatch(cleaned):
            numbers = [int(part) for part in found.groups()]
            period = span(dt.date(*numbers[:3]), dt.date(*numbers[3:]))
        elif found := _QUARTER.fullmatch(cleaned):
            part = found[2] or found[3]
            period = quarter(int(found[1]), _CHINESE.get(part) or int(part))
        elif found := _MONTHS.fullmatch(cleaned):
            period = Period(month(int(found[1]), int(found[2])).start, month(int(found[1]), int(found[3])).end)
        elif found := _MONTH_RANGE.fullmatch(cleaned):
            numbers = [int(part) for part in found.groups()]
            period = Period(month(numbers[0], numbers[1]).start, month(numbers[2], numbers[3]).end)
        elif found := _HALF.fullmatch(cleaned):
            first, last = (1, 6) if found[2] == "上" else (7, 12)
            period = Period(month(int(found[1]), first).start, month(int(found[1]), last).end)
        elif found := _MONTH.fullmatch(cleaned):
            period = month(int(found[1]), int(found[2]))
        elif found := _YEAR.fullmatch(cleaned):
            period = year(int(found[1]))
        else:
            raise PeriodError(text)
        valid = period.start < period.end and FIRST_YEAR <= period.first.year <= period.last.year <= LAST_YEAR
    except (ValueError, OverflowError) as error:
        raise PeriodError(text) from error
    if not valid:
        raise PeriodError(text)
    return period
