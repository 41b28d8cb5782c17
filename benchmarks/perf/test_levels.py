"""Levels at scale: a hundred thousand lines, a million motors; each beside a fair baseline in the same run."""

import numpy as np
import pandas as pd
import pytest

import carbon

LINES, MOTORS = "verdicts: 1e5 lines against a level set", "verdicts: 1e6 motors against their grades"


@pytest.fixture(scope="module")
def lines(tiny):
    count = 100 if tiny else 100_000
    random = np.random.default_rng(1)
    return pd.DataFrame(
        {
            "facility": random.choice(["A", "B", "C"], count),
            "product": random.choice(["水泥熟料", "平板玻璃", "焦炭", "合成氨"], count),
            "type": random.choice(["捣固焦炉", "顶装焦炉"], count),
            "value": random.uniform(80, 140, count).round(2),
            "unit": "kgce/t",
            "capacity_t_d": random.integers(400, 1200, count),
            "output": 1000,
            "output_unit": "t",
            "co2e_t": 200,
        }
    )


@pytest.fixture(scope="module")
def motors(tiny):
    count = 100 if tiny else 1_000_000
    random = np.random.default_rng(1)
    return pd.DataFrame(
        {
            "equipment": "电动机",
            "power_kw": random.choice([7.5, 11, 15, 22, 30, 75, 110, 160], count),
            "poles": random.choice([2, 4, 6, 8], count),
            "efficiency_pct": random.uniform(85, 97, count).round(1),
        }
    )


def test_judge_lines(measure, lines):
    found = measure(lambda: carbon.benchmark(lines, levels=["ndrc-723-2023"]), group=LINES, rows=len(lines), rounds=3,
                    what="carbon: cells checked, units, conditions, savings")  # fmt: skip
    assert sum(found.counts().values()) == len(lines)


def test_judge_lines_bare(measure, lines):
    """Compare one pair of numbers per line, with the levels known beforehand: what pandas alone would do."""

    def bare():
        value = lines["value"]
        return np.select([value <= 100, value <= 117], ["at-benchmark", "between"], "below-baseline")

    measure(bare, group=LINES, what="pandas: one pair of numbers for all lines", rows=len(lines), rounds=3)


def test_judge_lines_merged(measure, lines):
    """Join a table of levels by product and compare."""
    table = pd.DataFrame({"product": lines["product"].unique(), "best": 100.0, "least": 117.0})

    def bare():
        joined = lines.merge(table, on="product", how="left")
        value = joined["value"]
        conditions = [value <= joined["best"], value <= joined["least"]]
        joined["verdict"] = np.select(conditions, ["at-benchmark", "between"], "below-baseline")
        joined["saving"] = ((value - joined["best"]) * joined["output"] / 1000).clip(lower=0)
        return joined["verdict"].value_counts()

    measure(bare, group=LINES, what="pandas merge by product, select, saving", rows=len(lines), rounds=3)


def test_grade_motors(measure, motors):
    found = measure(carbon.grade_equipment, motors, group=MOTORS, what="carbon: cells checked, grades in force",
                    rows=len(motors), rounds=2)  # fmt: skip
    assert sum(found.counts().values()) == len(motors)


def test_grade_motors_bare(measure, motors):
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

    measure(bare, group=MOTORS, what="pandas merge by power and poles, select", rows=len(motors), rounds=2)
