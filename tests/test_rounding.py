"""Exact sums become floats all at once, each as `float(Fraction)` gives it; equal rows are found exactly."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbon.arrays import distinct, repeated
from carbon.errors import Issue, distinct_lines
from carbon.inventory.plan import Sums, from_limbs
from carbon.inventory.rounding import pairs_of, rounded_sums, sure, weighed_sums

amounts = st.floats(min_value=-1e25, max_value=1e25, allow_subnormal=False).map(lambda x: 0.0 if abs(x) < 1e-30 else x)


def exact(sums: Sums) -> list[Fraction]:
    return [from_limbs(row, sums.bias) for row in sums.limbs.tolist()]


@given(st.lists(st.tuples(amounts, st.integers(0, 4)), max_size=60), st.sampled_from([1, 7, 1000]))
def test_sums_are_rounded_once(rows: list[tuple[float, int]], divisor: int) -> None:
    sums = Sums.of(np.array([x for x, _ in rows], float), np.array([g for _, g in rows], np.int32), 5)
    assert rounded_sums(sums, divisor).tolist() == [float(number / divisor) for number in exact(sums)]


@given(st.lists(st.tuples(amounts, st.integers(0, 3)), max_size=40),
       st.lists(st.tuples(amounts, st.integers(0, 3)), max_size=40))  # fmt: skip
def test_weighed_sums_are_rounded_once_even_where_they_cancel(
    one: list[tuple[float, int]], other: list[tuple[float, int]]
) -> None:
    weights = {"a": Fraction(1, 1000), "b": Fraction(-279, 10_000)}
    found = {
        name: Sums.of(np.array([x for x, _ in rows], float), np.array([g for _, g in rows], np.int32), 4)
        for name, rows in (("a", one), ("b", other))
    }
    totals = weighed_sums({name: (np.arange(4), sums) for name, sums in found.items()}, weights, 4)
    rows = zip(exact(found["a"]), exact(found["b"]), strict=True)
    assert totals.tolist() == [float(a * weights["a"] + b * weights["b"]) for a, b in rows]


@pytest.mark.parametrize("number", [2.0**53, 2.0**52, 1.0, 4503599627370497.0])
def test_half_way_between_two_floats_is_taken_exactly(number: float) -> None:
    half = float(np.spacing(number)) / 2
    for extra in (half, half + 2.0**-70, half - 2.0**-70, -half / 2):
        sums = Sums.of(np.array([number, extra]), np.zeros(2, np.int32), 1)
        assert rounded_sums(sums).tolist() == [float(Fraction(number) + Fraction(extra))]
    assert not sure(pairs_of(Sums.of(np.array([number, half]), np.zeros(2, np.int32), 1)))[0]


@given(st.lists(st.tuples(st.integers(-1, 3), st.sampled_from([0.5, 1.5, -0.5]), st.integers(-1, 2)), max_size=30))
def test_equal_rows_are_found(rows: list[tuple[int, float, int]]) -> None:
    columns = [np.array(column) for column in zip(*rows, strict=True)] if rows else [np.empty(0, np.int64)]
    assert repeated(*columns).tolist() == [n for n, row in enumerate(rows) if rows.count(row) > 1]


@given(st.lists(st.tuples(st.integers(-1, 90_000), st.integers(-1, 5)), min_size=1, max_size=50))
def test_combinations_are_numbered_in_order_whatever_their_size(rows: list[tuple[int, int]]) -> None:
    columns = [np.array(column) for column in zip(*rows, strict=True)]
    wide = [np.concatenate([column, [2**40]]) for column in columns]  # too wide for a table of all combinations
    order = list(dict.fromkeys(rows))
    for given_columns in (columns, wide):
        key, sample = distinct(*given_columns)
        assert key[: len(rows)].tolist() == [order.index(row) for row in rows]
        assert sample[: len(order)].tolist() == [rows.index(row) for row in order]


def test_lines_are_counted_once_for_each_file() -> None:
    many = np.arange(20_000)
    issues = [Issue("T108", "a", many), Issue("T120", "a", [5, 30_000]), Issue("T120", "b", [5]), Issue("T108", "c")]
    assert distinct_lines(issues) == 20_002
