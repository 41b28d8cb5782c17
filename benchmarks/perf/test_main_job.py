"""Whole runs, file to totals and Parquet lines, beside what a script would do with the same file.

The bare pipelines join six factors by item, multiply, group by facility, period and item, and write every row with its
mass as Parquet: no checks, no units, no lineage, one gas, sums that depend on order.
"""

from __future__ import annotations

import shutil
import subprocess
import sys

import pandas as pd
import pytest
from pyarrow import parquet

from benchmarks.perf import inputs
from carbon.run import run
from carbon.streams import run_stream

BY = ["facility", "period", "item"]
FACTORS = pd.DataFrame({"item": inputs.ITEMS, "factor": inputs.FACTORS})


def carbon(path, folder):
    return run(path, folder / "results")[0].line_counts["computed"]


def streamed(path, folder):
    shutil.rmtree(folder / "results", ignore_errors=True)  # or it would be taken over as it is
    return run_stream(path, folder / "results")[0].line_counts["computed"]


def pandas_merge(path, folder):
    frame = pd.read_csv(path).merge(FACTORS, on="item")
    frame["co2"] = frame["quantity"] * frame["factor"]
    frame.groupby(BY)["co2"].sum().to_csv(folder / "totals.csv")
    frame.to_parquet(folder / "lines.parquet")


def _lazy(pl, path):
    rows = pl.scan_csv(path).join(pl.from_pandas(FACTORS).lazy(), on="item")
    return rows.with_columns((pl.col("quantity") * pl.col("factor")).alias("co2"))


def polars_once(path, folder):
    """Scan once for both, as polars can if it is asked to."""
    pl = pytest.importorskip("polars")
    rows = _lazy(pl, path)
    lines = rows.sink_parquet(folder / "lines.parquet", lazy=True)
    totals, _ = pl.collect_all([rows.group_by(BY).agg(pl.col("co2").sum()), lines], engine="streaming")
    totals.write_csv(folder / "totals.csv")


def polars_twice(path, folder):
    pl = pytest.importorskip("polars")
    rows = _lazy(pl, path)
    rows.group_by(BY).agg(pl.col("co2").sum()).collect().write_csv(folder / "totals.csv")
    rows.sink_parquet(folder / "lines.parquet")


def duckdb_sql(path, folder):
    with pytest.importorskip("duckdb").connect() as database:
        database.register("factors", FACTORS)
        database.execute(
            f"CREATE TABLE rows AS SELECT a.*, factor, quantity * factor AS co2 "
            f"FROM read_csv('{path}') a JOIN factors USING (item)"
        )
        database.execute(
            f"COPY (SELECT facility, period, item, sum(co2) FROM rows GROUP BY ALL) TO '{folder / 'totals.csv'}'"
        )
        database.execute(f"COPY rows TO '{folder / 'lines.parquet'}' (FORMAT parquet)")


BARE = {
    "polars scan, join, group_by, sink: one scan": polars_once,
    "polars scan, join, group_by, sink: two passes": polars_twice,
    "DuckDB join, GROUP BY, COPY": duckdb_sql,
    "pandas merge, groupby, to_parquet": pandas_merge,
}
ENGINE = {"carbon, in memory": carbon, "carbon, streamed": streamed}


def check(measure, files, folder, tiny, rows, plants, what, **options):
    path = files(rows, plants)
    count = min(rows, 2_000) if tiny else rows
    title = f"whole run: {rows:.0e} rows, {plants} plants".replace("e+0", "e").replace("000 plants", " 000 plants")
    found = measure((ENGINE | BARE)[what], path, folder, group=title, what=what, rows=count, **options)
    lines = found if what in ENGINE else parquet.read_metadata(folder / "lines.parquet").num_rows
    assert lines == count


@pytest.mark.parametrize("what", ["carbon, in memory", *BARE])
@pytest.mark.parametrize("rows", [1_000, 100_000])
def test_small_run(measure, files, tmp_path, tiny, rows, what):
    check(measure, files, tmp_path, tiny, rows, 50, what, rounds=10 if rows == 1_000 else 5)


@pytest.mark.parametrize("what", ["carbon, streamed", *BARE, "carbon, in memory"])
def test_large_run(measure, files, tmp_path, tiny, what):
    once = what in ("carbon, in memory", "pandas merge, groupby, to_parquet")
    check(measure, files, tmp_path, tiny, 5_000_000, 50, what, rounds=1 if once else 3, warm=0 if once else 1)
    shutil.rmtree(tmp_path)


@pytest.mark.parametrize("what", ["carbon, streamed", *BARE])
def test_large_run_of_many_plants(measure, files, tmp_path, tiny, what):
    once = what == "pandas merge, groupby, to_parquet"
    check(measure, files, tmp_path, tiny, 5_000_000, 2_000, what, rounds=1 if once else 2, warm=0)
    shutil.rmtree(tmp_path)


COLD = {
    "carbon run, a file of 1 000 rows": "from carbon.run import run; run(sys.argv[1], sys.argv[2])",
    "import pandas": "import pandas",
    "import polars": "import polars",
    "import duckdb": "import duckdb",
}


@pytest.mark.parametrize("what", COLD)
def test_cold_start(measure, files, tmp_path, what):
    if what.startswith("import"):
        pytest.importorskip(what.split()[1])
    command = [sys.executable, "-c", f"import sys; {COLD[what]}", str(files(1_000)), str(tmp_path / "results")]
    done = measure(lambda: subprocess.run(command, check=True), group="cold start: a process from nothing",
                   what=what, rounds=5)  # fmt: skip
    assert done.returncode == 0
