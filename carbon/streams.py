"""Floor 9: a run folder or files larger than memory in, the same result folder out, its lines in partitions."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from carbon.documents import RunFile, validated
from carbon.errors import DataError, Issues, UsageError, printable
from carbon.folders import MARK, check_target, check_unread, write_folder, write_json
from carbon.inventory import Result
from carbon.inventory.accounting import Ground
from carbon.library import load_library
from carbon.reading import Source, read
from carbon.run import NAMES, WRITTEN, Job, fill_result, open_job
from carbon.scale.cutting import NotUtf8Error
from carbon.scale.partitions import SIZE, find_files, header_of, partitions, total_bytes
from carbon.scale.parts import digest_of_lines
from carbon.scale.stream import Pool, Progress, Streamed, stream
from carbon.schema import folded_header, schema

AUTOMATIC = 192 << 20  # bytes of input from which a run is streamed unless told otherwise


def is_large(path: str | Path) -> bool:
    """Return whether an input is so large, or so many files, that it is streamed unless told otherwise."""
    path = Path(path)
    if path.is_file():
        return path.suffix.lower() != ".xlsx" and path.stat().st_size > AUTOMATIC
    if not path.is_dir():
        return any(mark in str(path) for mark in "*?[") and not path.exists()
    if (path / "run.toml").is_file():
        with suppress(DataError, UsageError):
            files = open_job(path).activities
            return len(files) > 1 or total_bytes(files) > AUTOMATIC
        return False
    tables = [p for p in path.iterdir() if p.is_file() and p.suffix.lower() in (".csv", ".parquet")]
    return total_bytes(tables) > AUTOMATIC


def run_stream(
    path: str | Path, out: str | Path | None = None, *, pool: Pool | None = None, size: int = SIZE,
    told: Callable[[Progress], None] | None = None, report: bool = False, **changes: object,
) -> tuple[Result, Path]:  # fmt: skip
    """Compute a run in constant memory and write its result folder.

    Parameters
    ----------
    path : path
        Run folder, activity file, folder of activity files, or a glob of them such as ``meters/2024-*.csv``.
    out : path, optional
        Result folder; as in `carbon.run.run`. What an interrupted run left beside it is used again, and so are the
        partitions of an earlier result there that have not changed.
    pool : Pool, optional
        What computes partitions; the processors of this machine if left out.
    size : int
        Bytes of CSV in a partition. It changes no number.
    told : callable, optional
        Called with the `Progress` after every partition.
    report : bool
        Whether ``report.html`` and ``report.xlsx`` are written, as the command does.
    **changes
        ``method``, ``gwp``, ``language``, … beat the run file.

    Returns
    -------
    Result, pathlib.Path
        The result, whose lines are in the folder ``lines`` of the results, and where it was written.

    Raises
    ------
    UsageError
        If there is no such input, or the result folder holds anything but an earlier result.
    DataError
        If nothing can be computed; an earlier result stays.

    Examples
    --------
    >>> import tempfile
    >>> from carbon import shipped
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     found, where = run_stream(shipped.folder("examples") / "quarterly", Path(folder) / "results", size=2000)
    ...     found.line_counts, len(list((where / "lines").iterdir())) > 1
    ({'read': 97, 'computed': 97, 'bad': 0}, True)
    """
    job, files = _opened(path, changes)
    target = Path(out) if out is not None else job.out
    check_target(target, WRITTEN)
    issues, sources = Issues(job.issues), dict[str, Source]()
    for name in ("facilities", "output"):
        if name in job.tables and (source := read(job.tables[name], issues, sheet=NAMES[name][0])) is not None:
            sources[name] = source
    with _working(target) as work:
        try:
            done = _computed(job, files, sources, issues, work, _parts(target), pool, size, told)
        except DataError as error:
            raise DataError(error.issues, job.settings.language) from error
        settings = job.settings
        inputs = done.inputs | {printable(job.tables[name].name): source.digest for name, source in sources.items()}
        result = replace(done.result, own_levels=tuple(job.folder / folder for folder in settings.levels))

        def fill(fresh: Path) -> dict[str, str]:
            fill_result(result, fresh, report=report)
            for folder, suffix in (("lines", ".parquet"), ("parts", ".npz")):
                (fresh / folder).mkdir()
                for name in done.keys:
                    _put(work / f"{name}{suffix}", fresh / folder / f"{name}{suffix}")
            write_json(fresh / "parts" / "keys.json", done.keys)
            return {f"lines/{name}.parquet": digest_of_lines(work / f"{name}.npz") for name in done.keys}

        write_folder(target, fill, result.provenance | {"inputs": inputs}, WRITTEN)
        shutil.rmtree(work, ignore_errors=True)
    return result, target


def check_stream(path: str | Path, **changes: object) -> Issues:
    """Return what is wrong with an input that `run_stream` takes, without leaving anything behind.

    Parameters
    ----------
    path : path
        As of `run_stream`.
    **changes
        As of `run_stream`.
    """
    with tempfile.TemporaryDirectory() as folder:
        try:
            result, _ = run_stream(path, Path(folder) / "results", **changes)  # type: ignore[arg-type]
        except DataError as error:
            return error.issues
        return result.every_issue


@contextmanager
def _working(target: Path) -> Iterator[Path]:
    """Give the folder where an unfinished run keeps what is whole, beside its results; no two runs have it at once."""
    target = target.resolve()
    work = target.with_name(f".{target.name}-unfinished")
    if work.is_symlink() or (work.exists() and not work.is_dir()):
        message = f"{work} is in the way: a streamed run keeps there what is whole; move it elsewhere"
        raise UsageError(message)
    work.mkdir(parents=True, exist_ok=True)
    with (work / "lock").open("ab") as file:
        try:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except ImportError:  # no such locks on this system; names of parts keep apart what must not be mixed
            pass
        except OSError as error:
            message = f"another run is writing {target}: wait until it is done, or choose another result folder"
            raise UsageError(message) from error
        yield work


def _put(source: Path, place: Path) -> None:
    """Put a file into a second place, and leave it in the first until all is done."""
    try:
        os.link(source, place)
    except OSError:  # no links here
        shutil.copyfile(source, place)


def _parts(earlier: Path) -> list[Path]:
    """Return the parts of an earlier result that are as they were written."""
    try:
        results = json.loads((earlier / MARK).read_text("utf-8"))["results"]
        paths = sorted((earlier / "parts").glob("*.npz"))
        return [p for p in paths if results.get(f"parts/{p.name}") == hashlib.sha256(p.read_bytes()).hexdigest()]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return []


def _opened(path: str | Path, changes: Mapping[str, object]) -> tuple[Job, list[Path]]:
    """Return what a path asks for, and its activity files."""
    path = Path(path)
    if path.is_file() or (path.is_dir() and _is_run(path)):
        job = open_job(path, **changes)
        return job, job.activities
    files = find_files(path)
    given = {name: value for name, value in changes.items() if value not in (None, "")}
    folder, issues = path if path.is_dir() else files[0].parent, Issues()
    if path.is_dir():
        check_unread(folder, files, "run.toml", NAMES, issues)
    settings = validated({"title": printable(folder.name)} | given, RunFile, "", str(given.get("language", "")))
    whole = folder.resolve()
    return Job(folder, settings, {"activities": files[0]}, whole.with_name(f"{whole.name}-results"), issues), files


def _is_run(folder: Path) -> bool:
    names = {p.stem.casefold() for p in folder.iterdir() if p.is_file()}
    return (folder / "run.toml").is_file() or bool(names & {word.casefold() for word in NAMES["activities"]})


def _computed(
    job: Job,
    files: Sequence[Path],
    sources: Mapping[str, Source],
    issues: Issues,
    work: Path,
    earlier: list[Path],
    pool: Pool | None,
    size: int,
    told: Callable[[Progress], None] | None,
) -> Streamed:
    settings = job.settings
    if "output" in job.tables.keys() - sources.keys() or "facilities" in job.tables.keys() - sources.keys():
        raise DataError(issues)
    library = load_library([job.folder / folder for folder in settings.factors], settings.as_of)
    library.check_folders().raise_errors()
    ground = Ground.of(
        sources.get("facilities"), sources.get("output"), method=settings.method, gwp=settings.gwp,
        region=settings.region, as_of=settings.as_of, electricity=settings.electricity, library=library,
        language=settings.language, on_error=settings.on_error, title=settings.title, issues=issues,
    )  # fmt: skip
    name = files[0].name if len(files) == 1 else job.folder.name
    gwp = settings.gwp or library.pack(settings.method).gwp or "none"
    encodings: dict[Path, str] = {}
    while True:
        progress = Progress(total_bytes(files), told)
        try:
            done = stream(
                partitions(files, size, encodings), ground, work, Issues(issues), name, gwp=_potentials(ground, gwp),
                spread=_has_spread(files, encodings), earlier=earlier, pool=pool, progress=progress,
            )  # fmt: skip
        except NotUtf8Error as error:
            encodings[error.path] = "gb18030"
            continue
        if done.result.gwp_name == gwp:
            return done
        gwp = done.result.gwp_name  # facilities of other packs: lines are weighed anew


def _potentials(ground: Ground, name: str) -> dict[str, Fraction]:
    """Return warming potentials by gas [kgCO2e/kg]."""
    known = {gas: factor.exact for gas, factor in ground.library.gwp(name).items()}
    return known | {"CO2": Fraction(1), "CO2e": Fraction(1)}


def _has_spread(files: Sequence[Path], encodings: Mapping[Path, str]) -> bool:
    """Return whether any file has a column of uncertainties."""
    column = schema("activities")["uncertainty_pct"]
    words = {folded_header(word) for word in (column.name, *column.aliases)}
    return any(words & {folded_header(cell) for cell in header_of(path, encodings)} for path in files)
