"""Percentages of counts, as reports print them."""

import math

import pytest

from carbon.report.cells import percents


@pytest.mark.parametrize("counts", [[1, 1999], [1999, 1], [1, 1, 1], [1, 2, 9997], [7, 0, 1_000_000], [3],
                                    [333, 333, 334], [1] * 7])  # fmt: skip
def test_percentages_of_draws_cannot_contradict(counts):
    texts = percents(counts)
    assert math.fsum(map(float, texts)) == pytest.approx(100, abs=1e-9)
    digits = {len(text.split(".")[1]) for text in texts}
    assert len(digits) == 1
    for count, text in zip(counts, texts, strict=True):
        assert (float(text) == 0) == (count == 0)
        assert (float(text) == 100) == (count == sum(counts))
        assert abs(float(text) - 100 * count / sum(counts)) < 10.0 ** -digits.copy().pop()


def test_one_draw_of_two_thousand_is_not_nothing():
    assert percents([1, 1999]) == ["0.05", "99.95"]
