"""Streamed runs: the bytes of a run in memory, whatever the partitions; what is whole is kept, what is wrong said."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from carbon import shipped
from carbon.errors import DataError, UsageError
from carbon.inventory import Result
from carbon.run import explain, run
from carbon.scale.partitions import partitions
from carbon.scale.stream import Task
from carbon.streams import run_stream

SAME = ("totals.csv", "energy.csv", "intensity.csv", "benchmarks.csv", "plan.json")
HEAD = "facility,period,item,quantity,unit,use,region\n"
ITEMS = {
    "electricity": "MWh,",
    "anthracite": "t,combustion",
    "diesel": "t,combustion",
    "calcium-carbonate": "t,process",
}


def activities(rows: int, seed: int = 1) -> str:
    rng = random.Random(seed)
    lines = []
    for _ in range(rows):
        item = rng.choice(list(ITEMS))
        unit, use = ITEMS[item].split(",")
        use = use or rng.choice(["purchased", "exported"])
        where = f"plant {rng.randrange(4)},2023-{rng.randrange(1, 13):02d}"
        lines.append(f"{where},{item},{rng.uniform(1, 999):.3f},{unit},{use},CN-SD")
    return HEAD + "\n".join(lines) + "\n"


def both(source: Path, size: int, **changes: Any) -> tuple[Result, Path, Result, Path]:
    """Run in memory and streamed; what is folded is the same, byte for byte."""
    one, whole = run(source, source.parent / "in-memory", **changes)
    other, parts = run_stream(source, source.parent / "streamed", size=size, **changes)
    for name in SAME:
        if (whole / name).exists():
            assert (parts / name).read_bytes() == (whole / name).read_bytes(), name
    assert one.line_counts == other.line_counts
    assert sorted({i.code for i in one.issues}) == sorted({i.code for i in other.issues})
    return one, whole, other, parts


def errors_of(result: Result) -> list[tuple[str, str, tuple[int, ...]]]:
    return sorted((issue.code, issue.file, tuple(sorted(issue.lines))) for issue in result.issues.errors)


def lines_of(folder: Path) -> list[dict[str, Any]]:
    """Return the lines of a result, without the numbers of keys, which each partition counts for itself."""
    tables = [parquet.read_table(path) for path in sorted((folder / "lines").glob("*.parquet"))]
    whole = (
        pa.concat_tables(tables, promote_options="default") if tables else parquet.read_table(folder / "lines.parquet")
    )
    return sorted(whole.drop_columns(["key"]).to_pylist(), key=lambda line: (line["file"], line["line"]))


class Some:
    """A pool that computes so many tasks and then fails, as a machine that is switched off."""

    def __init__(self, most: int = 1_000_000) -> None:
        self.most, self.done = most, 0

    def run(self, tasks: Iterable[Task], done: Callable[[Task, int], None]) -> None:
        for task in tasks:
            if self.done == self.most:
                raise KeyboardInterrupt
            done(task, task())
            self.done += 1


# --- the same bytes -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [700, 3_000, 1 << 30])
def test_quarterly_report_is_the_same_in_any_partitions(tmp_path: Path, size: int) -> None:
    one, whole = run(shipped.folder("examples") / "quarterly", tmp_path / "whole")
    other, parts = run_stream(shipped.folder("examples") / "quarterly", tmp_path / "parts", size=size)
    for name in SAME:
        assert (parts / name).read_bytes() == (whole / name).read_bytes()
    assert lines_of(parts) == lines_of(whole)
    assert [i.text() for i in one.issues.errors] == [i.text() for i in other.issues.errors]


@given(seed=st.integers(0, 1000), rows=st.integers(1, 120), size=st.integers(60, 3000))
def test_random_tables_are_the_same_in_any_partitions(
    tmp_path_factory: pytest.TempPathFactory, seed: int, rows: int, size: int
) -> None:
    source = tmp_path_factory.mktemp("random") / "activities.csv"
    source.write_text(activities(rows, seed), encoding="utf-8")
    both(source, size)


BAD = {
    "an unknown item": "plant 0,2023-01,unobtainium,5,t,combustion,CN-SD",
    "a number that is none": "plant 1,2023-02,diesel,1e,t,combustion,CN-SD",
    "an unknown region": "plant 2,2023-02,electricity,5,MWh,purchased,Atlantis",
    "a row of fewer cells": "plant 1,2023-02,diesel",
    "an unknown unit": "plant 3,2023-02,electricity,5,ton,purchased,CN-SD",
    "no factor": "plant 3,2023-02,electricity,5,t,purchased,CN-SD",
    "a whole year beside months": "plant 0,2023,diesel,5,t,combustion,CN-SD",
    "an absurd amount": "plant 0,2023-01,diesel,9e14,t,combustion,CN-SD",
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
@pytest.mark.parametrize("size", [200, 2_000])
def test_bad_rows_are_the_same_in_any_partitions(tmp_path: Path, bad: str, size: int) -> None:
    good = activities(100).splitlines()
    source = tmp_path / "activities.csv"
    source.write_text("\n".join([*good[:30], bad, *good[30:]]) + "\n", encoding="utf-8")
    one, whole, other, parts = both(source, size)
    assert lines_of(parts) == lines_of(whole)
    assert errors_of(one) == errors_of(other)


def test_mark_that_is_not_seen_far_down_spoils_its_row_alone(tmp_path: Path) -> None:
    """A NUL says of the beginning of a file that it is no text, and of a partition further down nothing."""
    good = activities(200).splitlines()
    bad = "plant 0,2023-01,die\0sel,5,t,combustion,CN-SD"
    source = tmp_path / "activities.csv"
    source.write_text("\n".join([*good[:190], bad, *good[190:]]) + "\n", encoding="utf-8")
    for size in (300, 9_000):
        one, _, other, _ = both(source, size)
        for found in (one, other):
            assert [(i.code, list(i.lines)) for i in found.issues.errors] == [("T114", [191])]


def test_measured_values_and_uncertainties_are_the_same(tmp_path: Path) -> None:
    rng = random.Random(3)
    head = "facility,period,item,quantity,unit,use,ncv,ncv_unit,uncertainty_pct,meter"
    rows = [
        f"plant {rng.randrange(3)},2023-{rng.randrange(1, 5):02d},anthracite,{rng.uniform(1, 9):.2f},t,combustion,"
        f"{rng.choice([',', '23.1,GJ/t', '24.5,GJ/t'])},{rng.choice(['', '2', '5'])},M{rng.randrange(2)}"
        for _ in range(80)
    ]  # fmt: skip
    source = tmp_path / "activities.csv"
    source.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    both(source, 400)


@pytest.mark.parametrize("kind", ["quoted", "line breaks in cells", "gb18030", "semicolons", "windows", "bom"])
def test_kinds_of_csv_are_cut_at_the_end_of_rows(tmp_path: Path, kind: str) -> None:
    source = tmp_path / "activities.csv"
    rows = list(csv.reader(activities(60).splitlines()))
    rows[0].append("note")
    rows[1:] = [[*row, "第二行\n次行，\"引\"" if kind == "line breaks in cells" and n % 7 == 0 else "甲"]
                for n, row in enumerate(rows[1:])]  # fmt: skip
    quoting = csv.QUOTE_ALL if kind in ("quoted", "line breaks in cells") else csv.QUOTE_MINIMAL
    code = {"gb18030": "gb18030", "bom": "utf-8-sig"}.get(kind, "utf-8")
    with source.open("w", encoding=code, newline="") as file:
        end = "\r\n" if kind == "windows" else "\n"
        writer = csv.writer(file, delimiter=";" if kind == "semicolons" else ",", quoting=quoting, lineterminator=end)
        writer.writerows(rows)
    _, whole, _, parts = both(source, 300)
    assert lines_of(parts) == lines_of(whole)
    assert len(list((parts / "lines").iterdir())) > 3


def test_parquet_and_folders_and_globs(tmp_path: Path) -> None:
    folder = tmp_path / "meters"
    folder.mkdir()
    text = activities(90).splitlines()
    for n in range(3):
        (folder / f"{n}.csv").write_text("\n".join([text[0], *text[1 + 30 * n : 31 + 30 * n]]) + "\n", encoding="utf-8")
    columns = list(zip(*(line.split(",") for line in text[1:]), strict=True))
    table = pa.table(dict(zip(text[0].split(","), map(pa.array, columns), strict=True)))
    table = table.set_column(3, "quantity", table.column("quantity").cast(pa.float64()))
    parquet.write_table(table, tmp_path / "activities.parquet", row_group_size=20)
    _, whole, _, parts = both(tmp_path / "activities.parquet", 100)
    for source in (folder, str(folder / "*.csv")):
        _, other = run_stream(source, tmp_path / "of-files", size=500)
        for name in ("totals.csv", "energy.csv"):
            assert (other / name).read_bytes() == (whole / name).read_bytes() == (parts / name).read_bytes()
    with pytest.raises(UsageError):
        run_stream(str(folder / "*.xls"), tmp_path / "none")


# --- what is whole is kept ----------------------------------------------------------------------------------------


def test_interrupted_run_goes_on_where_it_was(tmp_path: Path) -> None:
    source, out = tmp_path / "activities.csv", tmp_path / "out"
    source.write_text(activities(200), encoding="utf-8")
    with pytest.raises(KeyboardInterrupt):
        run_stream(source, out, size=1000, pool=Some(4))
    assert not out.exists()
    rest = Some()
    _, where = run_stream(source, out, size=1000, pool=rest)
    count = len(list((where / "lines").iterdir()))
    assert rest.done == count - 4 > 0
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []
    run(source, tmp_path / "whole")
    assert (where / "totals.csv").read_bytes() == (tmp_path / "whole" / "totals.csv").read_bytes()


def test_changed_partitions_alone_are_computed_again(tmp_path: Path) -> None:
    source, out = tmp_path / "activities.csv", tmp_path / "out"
    text = activities(200)
    source.write_text(text, encoding="utf-8")
    run_stream(source, out, size=1000)
    again = Some()
    run_stream(source, out, size=1000, pool=again)
    assert again.done == 0
    source.write_text(text + "plant 9,2023-01,diesel,1,t,combustion,CN-SD\n", encoding="utf-8")
    more = Some()
    found, where = run_stream(source, out, size=1000, pool=more)
    assert more.done == 1
    assert found.line_counts["read"] == 201
    run(source, tmp_path / "whole")
    assert (where / "totals.csv").read_bytes() == (tmp_path / "whole" / "totals.csv").read_bytes()
    other = Some()
    run_stream(source, out, size=1000, pool=other, gwp="ar5")
    assert other.done > 1  # other settings, other parts


def test_damaged_part_is_computed_again(tmp_path: Path) -> None:
    source, out = tmp_path / "activities.csv", tmp_path / "out"
    source.write_text(activities(100), encoding="utf-8")
    with pytest.raises(KeyboardInterrupt):
        run_stream(source, out, size=1000, pool=Some(3))
    (work,) = [path for path in tmp_path.iterdir() if path.name.startswith(".")]
    part = sorted(work.glob("*.npz"))[1]
    part.write_bytes(part.read_bytes()[:100])
    _, where = run_stream(source, out, size=1000)
    run(source, tmp_path / "whole")
    assert (where / "totals.csv").read_bytes() == (tmp_path / "whole" / "totals.csv").read_bytes()


def test_partition_that_cannot_be_read_leaves_the_earlier_result(tmp_path: Path) -> None:
    source, out = tmp_path / "activities.csv", tmp_path / "out"
    source.write_text(activities(100), encoding="utf-8")
    run_stream(source, out, size=1000)
    before = (out / "totals.csv").read_bytes()
    source.write_text(activities(100) + "plant 1,2023-01\n" + '"unclosed\n', encoding="utf-8")
    with pytest.raises(DataError) as caught:
        run_stream(source, out, size=1000)
    assert {issue.code for issue in caught.value.issues.errors} & {"T109", "T110"}
    assert (out / "totals.csv").read_bytes() == before


def test_file_that_changes_while_it_is_read_is_refused(tmp_path: Path) -> None:
    source = tmp_path / "activities.csv"
    source.write_text(activities(100), encoding="utf-8")

    class Meddling(Some):
        def run(self, tasks: Iterable[Task], done: Callable[[Task, int], None]) -> None:
            for task in tasks:
                source.write_text(activities(101), encoding="utf-8")
                done(task, task())

    with pytest.raises(DataError) as caught:
        run_stream(source, tmp_path / "out", size=1000, pool=Meddling())
    assert [issue.code for issue in caught.value.issues] == ["T111"]


# --- lines --------------------------------------------------------------------------------------------------------


def test_line_of_any_partition_is_retraced_as_in_memory(tmp_path: Path) -> None:
    source = tmp_path / "activities.csv"
    source.write_text(activities(120), encoding="utf-8")
    _, whole, result, parts = both(source, 800)
    for line in (2, 47, 121):
        assert explain(parts, line) == explain(whole, line)
    with pytest.raises(UsageError):
        result.explain(2)
    with pytest.raises(UsageError):
        _ = result.line_arrow
    assert json.loads((parts / "provenance.json").read_text("utf-8"))["lines"]["read"] == 120


def test_partitions_hold_every_line_once(tmp_path: Path) -> None:
    source = tmp_path / "activities.csv"
    source.write_text(activities(120), encoding="utf-8")
    for size in (100, 1000, 10**6):
        pieces = list(partitions([source], size))
        data = source.read_bytes()
        assert b"".join(data[p.start : p.stop] for p in pieces) == data[len(HEAD) :]
        assert [p.first for p in pieces] == [2 + data[len(HEAD) : p.start].count(b"\n") for p in pieces]
