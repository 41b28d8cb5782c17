"""What the cells of a footprint report show: numbers with as many digits as say something, shares, names."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from carbon.report.evidence import data_kind
from carbon.report.markdown import escape
from carbon.schema import choices


def significant(value: float | None) -> str:
    """Return a number for reading with about six digits; a dash where it is unknown.

    Examples
    --------
    >>> significant(12345.678), significant(0.01234567), significant(-0.0), significant(None)
    ('12,345.7', '0.0123457', '0', '–')
    """
    if value is None:
        return "–"
    value = value or 0.0  # no zero is below zero
    size = abs(value)
    digits = next((d for limit, d in ((1e5, 0), (1e4, 1), (1e3, 2), (1e2, 3), (10, 4), (1, 5)) if size >= limit), None)
    return f"{value:.6g}" if digits is None else f"{value:,.{digits}f}"


def aligned(value: float | None, whole: float | None) -> str:
    """Return a number with as many decimals as six digits of a whole have, so that a column of parts adds up.

    Examples
    --------
    >>> aligned(8.4, 12750.6), aligned(0.2, 690.967), aligned(0.0042, 12750.6), aligned(-0.0, 1.0)
    ('8.4', '0.200', '0.0042', '0')
    """
    if value is None or math.isnan(value):
        return "–"
    if not value:
        return "0"
    size = abs(whole or value)
    text = f"{value:,.{max(0, min(12, 5 - math.floor(math.log10(size))))}f}"
    return text if any(digit in "123456789" for digit in text) else f"{value:.2g}"


def compact(value: float) -> str:
    """Return a number with six digits at most, and never an exponent of ten.

    Examples
    --------
    >>> compact(1e6), compact(150.0), compact(0.128864)
    ('1,000,000', '150', '0.128864')
    """
    text = aligned(value, value)
    return text.rstrip("0").rstrip(".") if "." in text else text


def percent(share: float | None) -> str:
    """Return a share with one decimal; one that would read as none is said to be small.

    Examples
    --------
    >>> percent(12.34), percent(0.04), percent(-0.04), percent(-0.0), percent(None)
    ('12.3', '< 0.1', '> -0.1', '0.0', '–')
    """
    if share is None or math.isnan(share):
        return "–"
    if share and abs(share) < 0.05:
        return "< 0.1" if share > 0 else "> -0.1"
    return f"{share or 0.0:,.1f}"


def percents(counts: Sequence[int]) -> list[str]:
    """Return counts in percent of their sum, with as many decimals as one of them needs; the texts sum to 100.

    What is counted once is not shown as 0, and all but one not as 100.

    Examples
    --------
    >>> percents([1, 1999]), percents([1, 1, 1]), percents([0, 5])
    (['0.05', '99.95'], ['33.4', '33.3', '33.3'], ['0.0', '100.0'])
    """
    whole = sum(counts)
    digits = max(1, len(str(whole - 1)) - 2)
    parts = [divmod(count * 10 ** (digits + 2), whole) for count in counts]
    left = 10 ** (digits + 2) - sum(part for part, _ in parts)
    larger = set(sorted(range(len(parts)), key=lambda n: -parts[n][1])[:left])
    return [f"{(part + (n in larger)) / 10**digits:.{digits}f}" for n, (part, _) in enumerate(parts)]


def scenario_name(scenario: str, w: Mapping[str, str]) -> str:
    """Return the name of a scenario, the base case in words."""
    return scenario or w["base"]


def kind_name(kind: str, language: str) -> str:
    """Return the name of a kind of exchange."""
    one = choices("exchange")[kind]
    return one.name_zh if language == "zh" else one.name_en


def data_name(text: str | None, w: Mapping[str, str]) -> str:
    """Return what a row says of its amount, in the language of the report."""
    kind = data_kind(text)
    return w.get(f"data_{kind}", escape(kind))
