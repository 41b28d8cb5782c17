"""Invented activity files of any size, the same for every tool: six text columns and a quantity."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import csv

ITEMS = ("electricity", "anthracite", "diesel", "calcium-carbonate", "natural-gas", "gasoline")
UNITS = ("MWh", "t", "t", "t", "10^4 Nm3", "t")
USES = ("purchased", "combustion", "combustion", "process", "combustion", "combustion")
REGIONS = ("CN-SD", "CN-HE", "CN-JS")
FACTORS = (0.6191, 2.09, 3.1, 0.44, 21.6, 3.0)  # tCO2 per unit, for what is run beside the engine
_BLOCK = 5_000_000


def activities(rows: int, plants: int = 50, seed: int = 1, first: int = 0) -> pa.Table:
    """Return a table of activities, texts as dictionaries: some plants, 12 months, six items."""
    random = np.random.default_rng(seed)
    item, plant, month = (random.integers(0, n, rows, dtype=np.int32) for n in (len(ITEMS), plants, 12))

    def texts(codes: np.ndarray, values: list[str] | tuple[str, ...]) -> pa.Array:
        return pa.DictionaryArray.from_arrays(pa.array(codes), pa.array(values))

    return pa.table(
        {
            "facility": texts(plant, [f"plant {first + n}" for n in range(plants)]),
            "period": texts(month, [f"2023-{n:02d}" for n in range(1, 13)]),
            "item": texts(item, ITEMS),
            "quantity": pa.array(random.uniform(1, 1e4, rows).round(3)),
            "unit": texts(item, UNITS),
            "use": texts(item, USES),
            "region": texts(plant % len(REGIONS), REGIONS),
        }
    )


def plain(table: pa.Table) -> pa.Table:
    """Return the same with plain texts."""
    kinds = [pa.string() if pa.types.is_dictionary(field.type) else field.type for field in table.schema]
    return table.cast(pa.schema(list(zip(table.column_names, kinds, strict=True))))


def write(path: Path, rows: int, plants: int = 50) -> Path:
    """Write activities as CSV, block by block, and return where."""
    writer = None
    for seed, begin in enumerate(range(0, rows, _BLOCK), start=1):
        table = plain(activities(min(_BLOCK, rows - begin), plants, seed))
        writer = writer or csv.CSVWriter(path, table.schema, write_options=csv.WriteOptions(quoting_style="none"))
        writer.write_table(table)
    if writer is not None:
        writer.close()
    return path
