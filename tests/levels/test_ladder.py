"""Conditions of levels, and where on a ladder a value stands: bounds, unknown levels, laws."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbon.benchmarks.conditions import Interval, disjoint, in_words, parse_condition, parse_interval
from carbon.benchmarks.ladder import UNKNOWN, near_levels, rank

NUMBERS = {"capacity_t_d": True, "poles": True, "power_kw": True, "type": False, "core": False}

# Eighths: sums, products with powers of two and comparisons of them are exact in float64.
eighths = st.integers(-800, 800).map(lambda number: number / 8)
ladders = st.lists(st.none() | eighths, min_size=1, max_size=4)


def stands(value: float, levels: list[float | None], strict: list[bool], lower: bool) -> int:
    """Return the rank of one value."""
    column = np.array([[np.nan if level is None else level] for level in levels])
    return int(rank(np.array([value]), column, np.array(strict)[:, None], lower)[0])


# --- intervals and conditions -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("(500,800]", [500.1, 800], [500, 800.1, np.nan]),
        ("[50,inf)", [50, 1e9], [49.9, np.nan]),
        ("(-inf,5)", [-1e9, 4.9], [5, np.nan]),
        ("[0, 0.5]", [0, 0.5], [-0.1, 0.51]),
        ("75", [75], [74.9, 75.1, np.nan]),
        ("-2", [-2], [2]),
        ("(0.5,10]", [0.6, 10], [0.5]),
    ],
)
def test_interval_holds_what_its_brackets_say(text: str, inside: list[float], outside: list[float]) -> None:
    interval = parse_interval(text)
    assert interval.holds(np.array(inside, dtype=float)).all()
    assert not interval.holds(np.array(outside, dtype=float)).any()


@pytest.mark.parametrize(
    "text",
    [
        "", "[", "5,8", "[5;8]", "[8,5]", "[5,5)", "(5,5]", "(5,5)", "[a,b]", "nan", "inf", "[nan,5]", "1e3",
        "[0,1e999]", "[1/0,5]", "[1/2,1]", "[inf,5]", "[5,-inf]", "9" * 31, "[0," + "9" * 5000 + "]", "[0,5] x", "٣",
        "1,000",
    ],
)  # fmt: skip
def test_interval_refuses_what_is_none(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        parse_interval(text)


def test_distance_is_to_the_nearer_end() -> None:
    band = parse_interval("(500,800]")
    assert [band.distance(value) for value in (400, 500, 600, 801)] == [100, 0, 0, 1]
    assert band.distance(float("nan")) == float("inf")


@pytest.mark.parametrize(
    ("one", "two", "together"),
    [
        ("(0,5]", "(5,8]", False), ("(0,5]", "[5,8]", True), ("[0,5)", "[5,8]", False), ("(0,9)", "[5,8]", True),
        ("[5,inf)", "(-inf,5]", True), ("[5,inf)", "(-inf,5)", False), ("5", "(4,6)", True), ("5", "(5,6)", False),
    ],
)  # fmt: skip
def test_intervals_overlap_only_in_a_number_of_both(one: str, two: str, together: bool) -> None:
    assert parse_interval(one).overlaps(parse_interval(two)) is together
    assert parse_interval(two).overlaps(parse_interval(one)) is together


@given(*[st.tuples(st.integers(0, 4), st.integers(0, 4), st.booleans(), st.booleans())] * 2)
def test_overlap_is_that_some_quarter_lies_in_both(
    one: tuple[int, int, bool, bool], two: tuple[int, int, bool, bool]
) -> None:
    bands = [
        Interval(Fraction(min(low, high)), Fraction(max(low, high)), (closed, shut) if low != high else (True, True))
        for low, high, closed, shut in (one, two)
    ]
    quarters = np.arange(-1, 6, 0.25)
    assert bands[0].overlaps(bands[1]) == bool((bands[0].holds(quarters) & bands[1].holds(quarters)).any())


def test_interval_reads_as_it_is_written() -> None:
    for text in ("(500, 800]", "[50, inf)", "(-inf, 5)", "75", "[0, 0.5]"):
        assert str(parse_interval(text)) == text


def test_condition_is_its_attributes() -> None:
    found = parse_condition("type=dry-10kv; capacity_t_d=(500,800]", NUMBERS)
    assert found == {"type": "dry-10kv", "capacity_t_d": parse_interval("(500,800]")}
    assert in_words(found) == "type dry-10kv; capacity_t_d (500, 800]"
    assert parse_condition("", NUMBERS) == {}


@pytest.mark.parametrize(
    "text", ["colour=red", "type", "type=", "=dry", "poles=4; poles=6", "poles=four", "type=a=b;core"]
)
def test_condition_refuses_unknown_doubled_and_empty_attributes(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        parse_condition(text, NUMBERS)


@pytest.mark.parametrize(
    ("one", "two", "apart"),
    [
        ("type=a", "type=b", True), ("type=a", "type=a", False), ("type=a", "core=b", False), ("", "type=a", False),
        ("type=a; poles=2", "type=a; poles=4", True), ("poles=[2,4]", "poles=4", False),
        ("poles=2", "power_kw=2", False),
    ],
)  # fmt: skip
def test_conditions_are_disjoint_where_no_line_can_meet_both(one: str, two: str, apart: bool) -> None:
    assert disjoint(parse_condition(one, NUMBERS), parse_condition(two, NUMBERS)) is apart


# --- rank -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "levels", "strict", "lower", "expected"),
    [
        (100.0, [100, 117], False, True, 0), (100.1, [100, 117], False, True, 1), (117.0, [100, 117], False, True, 1),
        (117.1, [100, 117], False, True, 2), (100.0, [100, 117], True, True, 1), (117.0, [100, 117], True, True, 2),
        (96.7, [96.7, 96, 95], False, False, 0), (96.6, [96.7, 96, 95], False, False, 1),
        (95.0, [96.7, 96, 95], True, False, 3), (-30.0, [-30, -10], False, True, 0), (0.0, [-30, -10], False, True, 2),
        (110.0, [None, 117], False, True, UNKNOWN),  # at the benchmark, or between
        (118.0, [None, 117], False, True, 2),  # below the baseline, whatever the benchmark
        (90.0, [100, None], False, True, 0),  # at the best tier, whatever the others
        (110.0, [100, None], False, True, UNKNOWN),
        (100.0, [None, None], False, True, UNKNOWN),
        (100.0, [None], False, True, UNKNOWN), (float("nan"), [100, 117], False, True, UNKNOWN),
        (15.0, [10, None, 20], False, True, UNKNOWN), (25.0, [10, None, 20], False, True, 3),
        (15.0, [10, 15, 15], False, True, 1),  # two grades of one number: the better one
    ],
)  # fmt: skip
def test_rank_by_hand(value: float, levels: list[float | None], strict: bool, lower: bool, expected: int) -> None:
    assert stands(value, levels, [strict] * len(levels), lower) == expected


def test_rank_is_decided_column_by_column() -> None:
    levels = np.array([[100.0, 96.7, np.nan], [117.0, 95.0, 10.0]])
    strict = np.array([[False, False, False], [False, True, False]])
    found = rank(np.array([101.0, 95.0, 5.0]), levels, strict, np.array([True, False, True]))
    assert found.tolist() == [1, 2, UNKNOWN]
    assert rank(np.array([]), np.zeros((2, 0)), np.zeros((2, 0), bool), True).tolist() == []


def worst_and_best(value: float, levels: list[float | None], strict: bool) -> set[int]:
    """Return every rank that some filling of the gaps gives; lower is better and levels climb."""
    gaps = [place for place, level in enumerate(levels) if level is None]
    candidates = {-1000.0, value - 0.01, value, value + 0.01, 1000.0, *(level for level in levels if level is not None)}
    found = set()
    for filling in itertools.product(candidates, repeat=len(gaps)):
        filled = list(levels)
        for place, level in zip(gaps, filling, strict=True):
            filled[place] = level
        if all(a <= b for a, b in itertools.pairwise(filled)):
            reached = [value < level if strict else value <= level for level in filled]
            found.add(reached.index(True) if True in reached else len(filled))
    return found


@given(eighths, ladders, st.booleans())
def test_rank_is_unknown_exactly_where_the_gaps_leave_more_than_one_answer(
    value: float, levels: list[float | None], strict: bool
) -> None:
    known = sorted(level for level in levels if level is not None)
    climbing = [None if level is None else known.pop(0) for level in levels]
    possible = worst_and_best(value, climbing, strict)
    expected = possible.pop() if len(possible) == 1 else UNKNOWN
    assert stands(value, climbing, [strict] * len(climbing), True) == expected


@given(eighths, eighths, st.lists(eighths, min_size=1, max_size=4), st.booleans(), st.booleans())
def test_rank_is_monotone_in_the_value(one: float, two: float, levels: list[float], strict: bool, lower: bool) -> None:
    ladder = sorted(levels, reverse=not lower)
    better, worse = (min(one, two), max(one, two)) if lower else (max(one, two), min(one, two))
    flags = [strict] * len(ladder)
    assert stands(better, ladder, flags, lower) <= stands(worse, ladder, flags, lower)


@given(eighths, ladders, st.booleans(), st.booleans(), st.sampled_from([0.125, 0.5, 2.0, 3.0, 1024.0]))
def test_rank_keeps_when_value_and_levels_are_multiplied(
    value: float, levels: list[float | None], strict: bool, lower: bool, factor: float
) -> None:
    flags = [strict] * len(levels)
    scaled = [None if level is None else level * factor for level in levels]
    assert stands(value * factor, scaled, flags, lower) == stands(value, levels, flags, lower)


@given(eighths, ladders, st.booleans(), st.booleans())
def test_rank_of_higher_is_better_is_that_of_the_mirror(
    value: float, levels: list[float | None], strict: bool, lower: bool
) -> None:
    flags = [strict] * len(levels)
    mirrored = [None if level is None else -level for level in levels]
    assert stands(-value, mirrored, flags, not lower) == stands(value, levels, flags, lower)


@given(eighths, st.lists(eighths, min_size=1, max_size=4), st.integers(0, 3), st.booleans(), st.booleans())
def test_hiding_a_level_never_gives_another_answer_than_unknown(
    value: float, levels: list[float], hidden: int, strict: bool, lower: bool
) -> None:
    ladder: list[float | None] = sorted(levels, reverse=not lower)
    flags = [strict] * len(ladder)
    known = stands(value, ladder, flags, lower)
    ladder[hidden % len(ladder)] = None
    assert stands(value, ladder, flags, lower) in (known, UNKNOWN)


def test_near_levels_finds_what_only_exact_arithmetic_can_tell() -> None:
    levels = np.array([[100.0, 100.0, np.nan, 100.0], [117.0, 117.0, 117.0, 117.0]])
    values = np.array([0.3 / 3 * 1000, 100.0001, 117.0, np.nan])
    assert near_levels(values, levels).tolist() == [True, False, True, False]
