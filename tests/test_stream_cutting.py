"""Odd files and folders give the same in partitions as whole: encodings, quotes, line ends, blank rows, copies."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet
from shared.clusters import carbon
from test_streams import HEAD, activities, both, errors_of, lines_of

from carbon.errors import DataError, UsageError
from carbon.run import explain, run
from carbon.scale import cutting
from carbon.scale.partitions import partitions
from carbon.streams import run_stream

ROWS = activities(40).splitlines()[1:]
BLANK = ",,,,,,"


def noted(*notes: str) -> str:
    """Return rows with a column of notes, as they are written."""
    rows = [f"{row},{notes[n % len(notes)]}" for n, row in enumerate(ROWS)]
    return "\n".join([HEAD.strip() + ",note", *rows]) + "\n"


def spread(values: list[str], head: str = "", end: str = "\n") -> str:
    rows = [f"{row},{values[n % len(values)]}" for n, row in enumerate(ROWS)]
    return head + end.join([HEAD.strip() + ",uncertainty_pct", *rows]) + end


ODD: dict[str, str | bytes] = {
    "line ends of two kinds": HEAD.strip() + "\r" + "\r".join(ROWS[:3]) + "\n" + "\n".join(ROWS[3:]) + "\n",
    "line ends of old": (HEAD + "\n".join(ROWS) + "\n").replace("\n", "\r"),
    "GB18030 that could be UTF-8": (HEAD + "\n".join([
        *(row.replace("plant 0", "泰山") for row in ROWS),
        *(row.replace("plant 0", "北河") for row in activities(40, 2).splitlines()[1:]),
    ])).encode("gb18030"),
    "one row of another encoding": b"\n".join([
        HEAD.strip().encode(), *(row.encode() for row in ROWS[:30]),
        "北河,2023-01,diesel,5,t,combustion,CN-SD".encode("gb18030"),
        *(row.replace("plant 1", "北河").encode() for row in ROWS[30:]),
    ]),
    "blank rows at the end": HEAD + "\n".join([*ROWS, *[BLANK] * 60]) + "\n",
    "blank rows between": HEAD + "\n".join([*ROWS[:20], *[BLANK] * 60, *ROWS[20:]]) + "\n",
    "inches": noted('5" pipe', "plain"),
    "inches and line breaks": noted('5" pipe', '"two\nlines"', "plain", '"a ""word"""'),
    "a heading of two lines": noted('"two\nlines"', "x").replace("region,note", 'region,"note\n"'),
    "a blank row in quotes first": '"","","","","","",""\n' + HEAD + "\n".join(ROWS) + "\n",
    "a mark and quotes first": "\ufeff" + HEAD.replace("facility", '"facility"') + "\n".join(ROWS) + "\n",
    "a mark and quotes in GB18030": ("\ufeff" + HEAD.replace("facility", '"facility"') + "\n".join(
        row.replace("plant 0", "北河") for row in ROWS)).encode("gb18030"),
    "no uncertainty in its column": spread([""]),
    "uncertainty in one row": spread(["", "", "", "", "", "", "", "5"]),
    "uncertainty below a blank line": spread(["5", ""], head="\n"),
    "uncertainty and old line ends": spread(["5", ""], end="\r"),
    "no line end at the end": HEAD + "\n".join(ROWS),
}  # fmt: skip


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
@pytest.mark.parametrize("size", [150, 1000])
def test_odd_file_is_the_same_in_partitions(odd: str | bytes, size: int, tmp_path: Path) -> None:
    source = tmp_path / "activities.csv"
    source.write_bytes(odd if isinstance(odd, bytes) else odd.encode())
    one, whole, other, parts = both(source, size)
    assert lines_of(whole) == lines_of(parts)
    assert errors_of(one) == errors_of(other)


REFUSED = {
    "a NUL early": (HEAD + "\n".join(ROWS[:20]) + "\0\n" + "\n".join(ROWS)).encode(),
    "UTF-16": (HEAD + "\n".join(ROWS)).encode("utf-16"),
    "nothing": b"",
    "blanks": f"{BLANK}\n".encode() * 100,
    "a heading alone": HEAD.encode(),
    "an open quote": (HEAD + "\n".join([*ROWS[:20], '"plant 0,2023-01', *ROWS[20:]])).encode(),
}


@pytest.mark.parametrize("data", REFUSED.values(), ids=REFUSED)
def test_what_is_refused_whole_is_refused_in_partitions(data: bytes, tmp_path: Path) -> None:
    source = tmp_path / "activities.csv"
    source.write_bytes(data)
    said = []
    for function in (run, lambda path, out: run_stream(path, out, size=200)):
        with pytest.raises(DataError) as caught:
            function(source, tmp_path / "out")
        said.append(sorted((i.code, tuple(i.lines)) for i in caught.value.issues.errors))
    assert said[0] == said[1]


def test_stray_quotes_do_not_make_one_partition_of_all(tmp_path: Path) -> None:
    source = tmp_path / "activities.csv"
    source.write_text(noted('5" pipe', "x", "y"), encoding="utf-8")
    pieces = list(partitions([source], 400))
    assert len(pieces) > 5
    assert all(piece.stop - piece.start < 500 for piece in pieces)
    assert [piece.first for piece in pieces[1:]] == [
        1 + source.read_bytes()[: piece.start].count(b"\n") for piece in pieces[1:]
    ]


@pytest.mark.parametrize("text", ['a,b\n"x\ny",1\n"q""r",2\n', "a,b\r\n1,2\r\n", 'a,b\n"",""\n'])
def test_plain_text_is_known(text: str) -> None:
    data = bytearray(text.encode())
    assert cutting._is_plain(data, len(data), ord(","))


@pytest.mark.parametrize("text", ['a,b\n5" pipe,1\n', 'a,b\n"x"y,1\n', "a,b\rc,d\n", 'a,b\n "x",1\n', 'a,b\n"x,1\n'])
def test_what_is_not_plain_is_known(text: str) -> None:
    data = bytearray(text.encode())
    assert not cutting._is_plain(data, len(data), ord(","))


# --- Parquet and folders ------------------------------------------------------------------------------------------


def table(rows: int = 20) -> pa.Table:
    cells = [row.split(",") for row in ROWS[:rows]]
    names = HEAD.strip().split(",")
    columns = {name: [row[n] for row in cells] for n, name in enumerate(names)}
    return pa.table(columns | {"quantity": [float(row[3]) for row in cells]}, schema=pa.schema(
        [(name, pa.float64() if name == "quantity" else pa.string()) for name in names]))  # fmt: skip


@pytest.mark.parametrize("kind", ["no rows", "no row groups", "cut off"])
def test_parquet_without_rows_is_refused(kind: str, tmp_path: Path) -> None:
    source = tmp_path / "activities.parquet"
    parquet.write_table(table(0 if kind != "cut off" else 20), source)
    if kind == "no row groups":
        with parquet.ParquetWriter(source, table().schema):
            pass
    if kind == "cut off":
        source.write_bytes(source.read_bytes()[:-20])
    with pytest.raises(DataError) as caught:
        run_stream(source, tmp_path / "out")
    assert [i.code for i in caught.value.issues] == ["T110" if kind == "cut off" else "T102"]


def test_changed_parquet_of_the_same_age_is_computed_again(tmp_path: Path) -> None:
    source, found = tmp_path / "activities.parquet", table()
    options = {"use_dictionary": False, "compression": "none", "write_statistics": False}
    parquet.write_table(found, source, **options)
    stat = source.stat()
    run_stream(source, tmp_path / "out")
    before = (tmp_path / "out" / "totals.csv").read_bytes()
    values = found["quantity"].to_pylist()
    changed = found.set_column(3, "quantity", pa.array([values[0] + 1000, *values[1:]]))
    parquet.write_table(changed, source, **options)
    os.utime(source, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert source.stat().st_size == stat.st_size
    run_stream(source, tmp_path / "out")
    assert (tmp_path / "out" / "totals.csv").read_bytes() != before
    both(source, 1000)


def test_files_of_a_folder_are_named_by_their_issues(tmp_path: Path) -> None:
    folder = tmp_path / "meters"
    folder.mkdir()
    bad = "plant 0,2023-01,diesel,5,ton,combustion,CN-SD"
    for name, at in (("a", 5), ("b", 7)):
        rows = (
            [*ROWS[: at - 2], bad, *ROWS[at - 2 : 20]] if name == "a" else [*ROWS[20 : at + 18], bad, *ROWS[at + 18 :]]
        )
        (folder / f"{name}.csv").write_text(HEAD + "\n".join(rows) + "\n", encoding="utf-8")
    for junk in ("~$a.csv", "._a.csv", "notes.tsv"):
        (folder / junk).write_text("x", encoding="utf-8")
    result, where = run_stream(folder, tmp_path / "out", size=300)
    assert errors_of(result) == [("U102", "a.csv", (5,)), ("U102", "b.csv", (7,))]
    assert "U102" in explain(where, 5)
    shutil.copyfile(folder / "a.csv", folder / "c.csv")
    result, _ = run_stream(folder, tmp_path / "out")
    (twice,) = [issue for issue in result.issues if issue.code == "T146"]
    assert (twice.file, twice.value, list(twice.lines)) == ("c.csv", "a.csv", [2])


def test_renamed_file_has_its_new_name(tmp_path: Path) -> None:
    folder = tmp_path / "meters"
    folder.mkdir()
    (folder / "a.csv").write_text(HEAD + "\n".join(ROWS) + "\n", encoding="utf-8")
    run_stream(folder, tmp_path / "out")
    (folder / "a.csv").rename(folder / "b.csv")
    _, where = run_stream(folder, tmp_path / "out")
    assert {line["file"] for line in lines_of(where)} == {"b.csv"}


def test_every_line_of_a_fault_is_listed_and_explained(tmp_path: Path) -> None:
    rows = ["plant 0,2023-01,diesel,5,ton,combustion,CN-SD"] * 30
    source = tmp_path / "activities.csv"
    source.write_text(HEAD + "\n".join([*ROWS[:10], *rows, *ROWS[10:]]) + "\n", encoding="utf-8")
    one, _, other, parts = both(source, 500)
    assert errors_of(one) == errors_of(other) == [("U102", "activities.csv", tuple(range(12, 42)))]
    assert "U102" in explain(parts, 31)


def test_faults_of_rows_with_the_same_texts_are_told_apart(tmp_path: Path) -> None:
    head = HEAD.strip() + ",factor,factor_unit,carbon_content,carbon_content_unit\n"
    rows = [f"{row},,,," for row in ROWS[:10]]
    rows += ["plant 0,2023-01,foo,5,t,combustion,CN-SD,,,,", "plant 0,2023-01,foo,5,t,combustion,CN-SD,2,,,"]
    rows += [f"plant 0,2023-01,diesel,5,t,combustion,CN-SD,,,{value},tC/t" for value in (86, 87)]
    source = tmp_path / "activities.csv"
    source.write_text(head + "\n".join(rows) + "\n", encoding="utf-8")
    for size in (200, 10_000):
        one, _, other, _ = both(source, size)
        assert errors_of(one) == errors_of(other)
        assert len(errors_of(one)) >= 3


# --- what is used again -------------------------------------------------------------------------------------------


def test_parts_of_other_potentials_are_not_used_again(tmp_path: Path) -> None:
    """Facilities of two packs: as long as rows of one are there, its potentials weigh the lines."""
    folder = tmp_path / "job"
    folder.mkdir()
    (folder / "run.toml").write_text('method = "cn-general"\n', encoding="utf-8")
    (folder / "facilities.csv").write_text("facility,method,region\nF1,ghg-protocol,CN-SD\nF2,cn-general,CN-SD\n")
    head = "facility,period,item,quantity,unit,use,uncertainty_pct\n"
    rows = [f"F1,2023-{n:02d},methane,{n},t,fugitive,5" for n in range(1, 13)]
    (folder / "activities.csv").write_text(head + "\n".join(rows) + "\n")
    first, _ = run_stream(folder, tmp_path / "out", size=250)
    rows += [f"F2,2023-{n:02d},diesel,{n},t,combustion,5" for n in range(1, 13)]
    (folder / "activities.csv").write_text(head + "\n".join(rows) + "\n")
    again, streamed = run_stream(folder, tmp_path / "out", size=250)
    assert first.gwp_name != again.gwp_name
    _, whole = run(folder, tmp_path / "whole")
    assert (streamed / "totals.csv").read_bytes() == (whole / "totals.csv").read_bytes()
    assert lines_of(streamed) == lines_of(whole)


@pytest.mark.parametrize("damage", ["lines cut off", "part edited", "part foreign"])
def test_damaged_parts_of_an_earlier_result_are_not_used_again(damage: str, tmp_path: Path) -> None:
    source, out = tmp_path / "activities.csv", tmp_path / "out"
    source.write_text(activities(100), encoding="utf-8")
    run_stream(source, out, size=1000)
    before = {p.name: p.read_bytes() for p in (out / "lines").iterdir()}
    part = sorted((out / "parts").glob("*.npz"))[1]
    if damage == "lines cut off":
        lines = out / "lines" / f"{part.stem}.parquet"
        lines.write_bytes(lines.read_bytes()[:100])
    elif damage == "part foreign":
        part.write_bytes(b"PK\x03\x04 and more")
    else:
        import numpy as np

        with np.load(part) as found:
            arrays = {name: found[name] for name in found.files}
        with part.open("wb") as file:
            np.savez(file, **(arrays | {"amount": arrays["amount"] * 3}))
    run_stream(source, out, size=1000)
    assert {p.name: p.read_bytes() for p in (out / "lines").iterdir()} == before
    both(source, 1000)


def test_damaged_lines_of_an_unfinished_run_are_not_used_again(tmp_path: Path) -> None:
    from test_streams import Some

    source, out = tmp_path / "activities.csv", tmp_path / "out"
    source.write_text(activities(100), encoding="utf-8")
    with pytest.raises(KeyboardInterrupt):
        run_stream(source, out, size=1000, pool=Some(3))
    (work,) = [path for path in tmp_path.iterdir() if path.name.startswith(".")]
    sorted(work.glob("*.parquet"))[0].write_bytes(b"")
    _, where = run_stream(source, out, size=1000)
    _, whole = run(source, tmp_path / "whole")
    assert lines_of(where) == lines_of(whole)


def test_second_run_into_a_result_waits_for_nobody(tmp_path: Path) -> None:
    source, out = tmp_path / "activities.csv", tmp_path / "out"
    source.write_text(activities(50), encoding="utf-8")
    work = tmp_path / ".out-unfinished"
    work.mkdir()
    code = """
import fcntl, sys, time
file = open(sys.argv[1], "ab")
fcntl.flock(file, fcntl.LOCK_EX)
print("held", flush=True)
time.sleep(600)
"""
    command = [sys.executable, "-c", code, str(work / "lock")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        try:
            assert holder.stdout is not None
            assert holder.stdout.readline() == "held\n"
            with pytest.raises(UsageError, match="another run is writing"):
                run_stream(source, out)
        finally:
            holder.kill()
    run_stream(source, out)
    assert not work.exists()


@pytest.mark.parametrize("kind", ["link", "file"])
def test_what_is_in_the_way_is_left_alone(kind: str, tmp_path: Path) -> None:
    source, mine = tmp_path / "activities.csv", tmp_path / "mine"
    source.write_text(activities(20), encoding="utf-8")
    mine.mkdir()
    (mine / "a.parquet").write_text("mine", encoding="utf-8")
    place = tmp_path / ".out-unfinished"
    place.symlink_to(mine) if kind == "link" else place.write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError, match="in the way"):
        run_stream(source, tmp_path / "out")
    assert (mine / "a.parquet").read_text("utf-8") == "mine"


def test_killed_while_results_are_put_in_place_goes_on_from_its_parts(tmp_path: Path) -> None:
    source, out = tmp_path / "activities.csv", tmp_path / "out"
    source.write_text(activities(200), encoding="utf-8")
    code = """
import sys, time
import carbon.folders as folders
folders._swap = lambda *_: (print("written", flush=True), time.sleep(600))
from carbon.streams import run_stream
run_stream(sys.argv[1], sys.argv[2], size=1000)
"""
    command = [sys.executable, "-c", code, str(source), str(out)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as killed:
        assert killed.stdout is not None
        assert killed.stdout.readline() == "written\n"
        os.kill(killed.pid, signal.SIGKILL)
    kept: list[int] = []
    run_stream(source, out, size=1000, told=lambda progress: kept.append(progress.kept))
    assert kept[-1] > 5


def test_results_of_here_lie_beside_and_not_within(tmp_path: Path) -> None:
    folder = tmp_path / "meters"
    folder.mkdir()
    for n in range(2):
        (folder / f"{n}.csv").write_text(HEAD + "\n".join(ROWS[20 * n : 20 * n + 20]) + "\n", encoding="utf-8")
    done = subprocess.run([sys.executable, "-m", "carbon", "run", ".", "--stream", "--no-report"], cwd=folder,
                          capture_output=True, encoding="utf-8", check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert sorted(p.name for p in folder.iterdir()) == ["0.csv", "1.csv"]
    assert (tmp_path / "meters-results" / "totals.csv").is_file()


def test_files_of_a_pattern_are_checked(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.csv").write_text(HEAD + "plant 0,2023-01,diesel,5,ton,combustion,CN-SD\n", "utf-8")
    done = carbon("check", tmp_path / "*.csv", "--lang", "en")
    assert done.returncode == 1
    assert all(f"{name}.csv:2" in done.stdout + done.stderr for name in "ab")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.csv", "b.csv"]


@pytest.mark.parametrize("said", ["meters", "meters/2023-*.csv"])
def test_run_folder_names_a_folder_or_pattern_of_activities(said: str, tmp_path: Path) -> None:
    job = tmp_path / "job"
    (job / "meters").mkdir(parents=True)
    (job / "run.toml").write_text(f'activities = "{said}"\nmethod = "cn-general"\n', encoding="utf-8")
    (job / "facilities.csv").write_text(
        "facility,region,group\n" + "".join(f"plant {n},CN-SD,north\n" for n in range(4)), encoding="utf-8"
    )
    for n in range(4):
        text = HEAD + "\n".join(ROWS[10 * n : 10 * n + 10]) + "\n"
        (job / "meters" / f"2023-{n + 1:02d}.csv").write_text(text, encoding="utf-8")
    done = carbon("run", job, "-o", tmp_path / "out", "--no-report", "--lang", "en")
    assert done.returncode == 0, done.stderr
    assert "T143" not in done.stderr
    (job / "run.toml").write_text('method = "cn-general"\n', encoding="utf-8")
    (job / "activities.csv").write_text(HEAD + "\n".join(ROWS) + "\n", encoding="utf-8")
    run(job, tmp_path / "whole")
    for name in ("totals.csv", "energy.csv"):
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    assert b"north" in (tmp_path / "out" / "totals.csv").read_bytes()


def test_several_files_are_not_computed_in_memory(tmp_path: Path) -> None:
    (tmp_path / "run.toml").write_text('activities = "*.csv"\n', encoding="utf-8")
    for name in ("a", "b"):
        (tmp_path / f"{name}.csv").write_text(HEAD + "\n".join(ROWS) + "\n", encoding="utf-8")
    with pytest.raises(UsageError, match="2 files, which carbon run --stream"):
        run(tmp_path, tmp_path / "out")
