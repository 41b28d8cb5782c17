"""Levels at scale: a hundred thousand lines, a million motors; each beside a fair baseline in the same run."""

import numpy as np
import pandas as pd
import pytest

import carbon

LINES, MOTORS = 100_000, 1_000_000


@pytest.fixture(scope="module")
def lines():
    random = np.random.default_rng(1)
    return pd.DataFrame(
        {
            "facility": random.choice(["A", "B", "C"], LINES),
            "product": random.choice(["水泥熟料", "平板玻璃", "焦炭", "合成氨"], LINES),
            "type": random.choice(["捣固焦炉", "顶装焦炉"], LINES),
            "value": random.uniform(80, 140, LINES).round(2),
            "unit": "kgce/t",
            "capacity_t_d": random.integers(400, 1200, LINES),
            "output": 1000,
            "output_unit": "t",
            "co2e_t": 200,
        }
    )


@pytest.fixture(scope="module")
def motors():
    random = np.random.default_rng(1)
    return pd.DataFrame(
        {
            "equipment": "电动机",
            "power_kw": random.choice([7.5, 11, 15, 22, 30, 75, 110, 160], MOTORS),
            "poles": random.choice([2, 4, 6, 8], MOTORS),
            "efficiency_pct": random.uniform(85, 97, MOTORS).round(1),
        }
    )


def test_judge_lines(benchmark, lines):
    assert sum(benchmark(carbon.benchmark, lines, levels=["ndrc-723-2023"]).counts().values()) == LINES


def test_judge_lines_bare(benchmark, lines):
    """Compare one pair of numbers per line, with the levels known beforehand: what pandas alone would do."""

    def bare():
        value = lines["value"]
        return np.select([value <= 100, value <= 117], ["at-benchmark", "between"], "below-baseline")

    benchmark(bare)


def test_grade_motors(benchmark, motors):
    assert sum(benchmark.pedantic(carbon.grade_equipment, args=(motors,), rounds=2).counts().values()) == MOTORS


def test_grade_motors_bare(benchmark, motors):
    """Join a table of levels on power and poles and compare: what pandas alone would do."""
    one = carbon.load_levels().set("gb-18613-2020/motors")
    table = pd.DataFrame(
        [(float(x.condition["power_kw"].low), int(x.condition["poles"].low), *x.values) for x in one.ladders],
        columns=["power_kw", "poles", "g1", "g2", "g3"],
    )

    def bare():
        joined = motors.merge(table, on=["power_kw", "poles"], how="left")
        value = joined["efficiency_pct"]
        return np.select([value >= joined["g1"], value >= joined["g2"], value >= joined["g3"]], [1, 2, 3], 4)

    benchmark.pedantic(bare, rounds=2)
