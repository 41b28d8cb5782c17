"""How long the main job takes in memory, beside the bare pandas merge that a script would do. Run by `make bench`."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import carbon

FACTORS = {"electricity": 0.6191, "calcium-carbonate": 0.44, "magnesium-carbonate": 0.522}
UNITS = {"electricity": "MWh", "calcium-carbonate": "t", "magnesium-carbonate": "t"}


def table(rows: int) -> pd.DataFrame:
    """Return invented activities: 50 plants, 12 months, three items."""
    rng = np.random.default_rng(1)
    item = rng.choice(list(FACTORS), rows)
    return pd.DataFrame(
        {
            "facility": [f"plant {n}" for n in rng.integers(0, 50, rows)],
            "period": [f"2023-{n:02d}" for n in rng.integers(1, 13, rows)],
            "item": item,
            "quantity": rng.uniform(1, 1e4, rows).round(3),
            "unit": [UNITS[name] for name in item],
            "region": "CN-SD",
        }
    )


def bare(frame: pd.DataFrame) -> pd.Series:
    """Merge and group: no checks, no units, no lineage, sums that depend on order."""
    merged = frame.merge(pd.Series(FACTORS, name="factor"), left_on="item", right_index=True)
    merged["co2"] = merged["quantity"] * merged["factor"]
    return merged.groupby(["facility", "period", "item"])["co2"].sum()


@pytest.mark.parametrize("rows", [1_000, 100_000])
@pytest.mark.parametrize("what", ["engine", "bare pandas"])
def test_rows_to_totals(benchmark, what, rows):
    benchmark.group = f"{rows} rows to totals"
    frame = table(rows)
    if what == "bare pandas":
        benchmark(bare, frame)
        return
    library = carbon.load_library()
    benchmark(lambda: carbon.account(frame, method="cn-general", library=library).total_records)
