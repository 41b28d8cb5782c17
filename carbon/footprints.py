"""Floor 9: a footprint study in, a result folder out, perhaps another without the bill of material."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from carbon.documents import load, validated
from carbon.errors import DataError, Issues, UsageError, near_misses, printable
from carbon.folders import ISSUE_COLUMNS, MARK, check_target, check_unread, write_folder, write_tables
from carbon.footprint.checks import BALANCE_COLUMNS
from carbon.footprint.files import FootprintFile
from carbon.footprint.sharing import ALLOCATION_COLUMNS, allocation_records
from carbon.footprint.study import CONTRIBUTION_COLUMNS, EDGE_COLUMNS, FOOTPRINT_COLUMNS, Footprint, footprint
from carbon.footprint.uncertain import Draws, Uncertainty, draw_block, uncertainty
from carbon.library import load_library
from carbon.reading import SUFFIXES, Source, read
from carbon.report.evidence import (
    QUALITY_COLUMNS,
    SENSITIVITY_COLUMNS,
    cleared,
    evidence,
    footprint_records,
    labels,
    public_evidence,
    quality_records,
    sensitivity_records,
)
from carbon.report.footprint import render_footprint
from carbon.report.pact import product_footprint, public_footprint
from carbon.report.page import write
from carbon.report.page.footprints import page_of_footprint
from carbon.schema import folded, table_words
from carbon.workbooks import sheet_names

if TYPE_CHECKING:
    from carbon.scale.cluster import Cluster

FILE = "study.toml"
REQUIRED = ("processes", "exchanges")
OPTIONAL = ("parameters", "scenarios")
PUBLIC_PARTS = ("total", "gas", "stage", "origin", "apart")
PUBLIC = ("footprint.csv", "quality.csv", "report.md", "pact.json", MARK)
WRITTEN = (
    *PUBLIC, "contributions.csv", "edges.csv", "allocation.csv", "balances.csv", "sensitivity.csv", "issues.csv",
    "draws.parquet", "report.html",
)  # fmt: skip
BLOCK = 5000  # draws that a worker of a cluster makes at a time


@dataclass(frozen=True)
class Job:
    """What a path asks for.

    Attributes
    ----------
    folder : pathlib.Path
        Where relative paths start.
    settings : FootprintFile
        The study file.
    tables : dict of str to Path
        Input tables by name; several may be sheets of one workbook.
    """

    folder: Path
    settings: FootprintFile
    tables: dict[str, Path]


@dataclass(frozen=True)
class Computed:
    """A footprint with all that is written about it.

    Attributes
    ----------
    footprint : Footprint
        The result.
    uncertainty : dict of str to Uncertainty
        By scenario; empty where no number has limits.
    pact : dict or None
        The footprint in the PACT data model; None where the study does not hold what that needs.
    inputs : dict of str to str
        SHA-256 by name of input file.
    """

    footprint: Footprint
    uncertainty: Mapping[str, Uncertainty]
    pact: dict[str, Any] | None
    inputs: dict[str, str]


def find_studies(path: str | Path) -> list[Path]:
    """Return the study folders that a path means: itself, or those in a folder of studies.

    Raises
    ------
    UsageError
        If there is none; near misses are named.
    """
    path = Path(path)
    if path.is_file() and path.name == FILE:
        return [path.parent]
    if path.is_dir():
        inner = sorted(child for child in path.iterdir() if (child / FILE).is_file())
        if (path / FILE).is_file() or not inner:
            return [path]
        return inner
    if path.exists():
        message = f"cannot read {path.name}: a footprint study is a folder with {FILE}, processes and exchanges"
        raise UsageError(message)
    parent = path.parent if path.parent.is_dir() else Path()
    near = near_misses(path.name, [p.name for p in parent.iterdir()])
    message = f"no folder {path}" + (f"; nearest: {', '.join(near)}" if near else "")
    raise UsageError(message)


def open_study(path: str | Path, **changes: Any) -> Job:
    """Find out what a study folder asks for.

    Parameters
    ----------
    path : path
        A folder with ``study.toml``, ``processes``, ``exchanges`` and perhaps ``parameters`` and ``scenarios`` (CSV,
        Excel, Parquet), or one workbook with these sheets; or its ``study.toml``.
    **changes
        Settings that beat the study file; None and empty texts are left out.

    Raises
    ------
    UsageError
        If there is no such folder, or no study file in it.
    DataError
        If the study file or a setting is wrong (T115 to T117), a table is missing (P740) or there twice (T129).
    """
    found = find_studies(path)
    folder = found[0]
    if len(found) > 1 or not (folder / FILE).is_file():
        message = f"{path} has no {FILE}: product, unit and boundary of the study"
        raise UsageError(message)
    given = {name: value for name, value in changes.items() if value not in (None, "")}
    settings = validated(dict(load(folder / FILE, FootprintFile)) | given, FootprintFile, "")
    return Job(folder, settings, _tables(folder, settings.language))


def _tables(folder: Path, language: str) -> dict[str, Path]:
    """Return the file of each table; a workbook that has no table's name is searched for sheets of that name."""
    files = [path for path in sorted(folder.iterdir()) if path.suffix.lower() in SUFFIXES and path.is_file()]
    words = {name: {folded(word) for word in table_words(name)} for name in (*REQUIRED, *OPTIONAL)}
    named = {name: [path for path in files if folded(path.stem) in words[name]] for name in words}
    taken = {path for paths in named.values() for path in paths}
    books = [path for path in files if path.suffix.lower() == ".xlsx" and path not in taken]
    for book in books:
        sheets = {folded(sheet) for sheet in sheet_names(book.read_bytes())}
        for name, known in words.items():
            if sheets & known:
                named[name].append(book)
    issues = Issues()
    for name, paths in named.items():
        if len(paths) > 1:
            issues.add("T129", file=folder.name, value=", ".join(path.name for path in paths))
        elif not paths and name in REQUIRED:
            issues.add("P740", file=folder.name, value=name, known=[f"{name}{suffix}" for suffix in SUFFIXES])
    if issues:
        raise DataError(issues, language)
    return {name: paths[0] for name, paths in named.items() if paths}


def compute(job: Job, pool: Cluster | None = None) -> Computed:
    """Read the tables of a study and compute its footprint.

    Parameters
    ----------
    job : Job
        What is asked for.
    pool : Cluster, optional
        Whose workers make the draws, block by block; by seed and number they are those of this machine.

    Raises
    ------
    DataError
        If a table as a whole cannot be used, or nothing can be computed.
    """
    issues, settings = Issues(), job.settings
    used = [job.folder / FILE, *job.tables.values()]
    check_unread(job.folder, used, FILE, (*REQUIRED, *OPTIONAL), issues)
    sources: dict[str, Source] = {}
    for name, path in job.tables.items():
        source = read(path, issues, sheet=name)
        if source is not None:
            sources[name] = source
    if len(sources) < len(job.tables):
        raise DataError(issues, settings.language)
    library = load_library([job.folder / folder for folder in settings.factors], settings.as_of)
    library.check_folders().raise_errors()
    try:
        found = footprint(study=settings, library=library, issues=issues, **sources)
        spread = _uncertainty(found, pool)
    except DataError as error:
        raise DataError(error.issues, settings.language) from error
    inputs = {FILE: hashlib.sha256((job.folder / FILE).read_bytes()).hexdigest()}
    inputs |= {printable(job.tables[name].name): source.digest for name, source in sources.items()}
    return Computed(found, spread, product_footprint(found, inputs), inputs)


def _uncertainty(found: Footprint, pool: Cluster | None) -> dict[str, Uncertainty]:
    """Return how uncertain each scenario is, by theory and by draws if any are asked for."""
    if found.co2e() is None:
        return {}
    study = found.study
    drawn = {} if pool is None or study.draws <= BLOCK else _drawn(found, pool)
    each = {
        name: uncertainty(found, study.draws, study.seed, study.sampling, name, drawn=drawn.get(name))
        for name in found.solved
    }
    return each if any(one.variables.key for one in each.values()) else {}


class _Block(NamedTuple):
    scenario: str
    first: int
    last: int


def _drawn(found: Footprint, pool: Cluster) -> dict[str, Draws]:
    """Return the draws of every scenario as the workers of a cluster make them."""
    count = found.study.draws
    gases = len(found.background.gases)
    whole = {name: Draws(np.empty((count, gases)), {}) for name in found.solved}
    blocks = [
        _Block(name, first, min(first + BLOCK, count)) for name in found.solved for first in range(0, count, BLOCK)
    ]
    refused: dict[_Block, DataError | UsageError] = {}
    with closing(pool.each(partial(_draw, found), blocks)) as answers:
        for block, answer in answers:
            if isinstance(answer, (DataError, UsageError)):
                refused[block] = answer
            else:
                whole[block.scenario].totals[block.first : block.last] = answer.totals
                whole[block.scenario].failed.update(answer.failed)
    for block in blocks:  # the first by number, whichever came first
        if block in refused:
            raise refused[block]
    return {name: Draws(one.totals, dict(sorted(one.failed.items()))) for name, one in whole.items()}


def _draw(found: Footprint, block: _Block) -> Draws:
    """Make a block of draws on a worker."""
    study = found.study
    return draw_block(
        found, study.draws, block.first, block.last, seed=study.seed, method=study.sampling, scenario=block.scenario,
        threads=1,
    )  # fmt: skip


def check_footprint(path: str | Path, **changes: Any) -> Issues:
    """Return everything that is wrong with a study, without writing anything."""
    try:
        return compute(open_study(path, **changes)).footprint.issues
    except DataError as error:
        return error.issues


def run_footprint(path: str | Path, out: str | Path | None = None, **changes: Any) -> tuple[Footprint, Path]:
    """Compute a footprint study and write its result folder.

    Parameters
    ----------
    path : path
        Study folder or its ``study.toml``.
    out : path, optional
        Result folder; ``results`` in the study folder if left out. An earlier result there is replaced only when the
        new one is whole.
    **changes
        ``language``, ``draws``, ``seed``, ``gwp``, ``region``, … beat the study file; ``public`` is a second folder,
        without the bill of material; with ``report=True`` there is a page ``report.html``, as the command writes it.

    Returns
    -------
    Footprint, pathlib.Path
        The result, and where it was written.

    Raises
    ------
    UsageError
        If there is no such study, or a result folder holds anything but an earlier result.
    DataError
        If nothing can be computed; an earlier result stays.

    Examples
    --------
    >>> import tempfile
    >>> from carbon import shipped
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     found, where = run_footprint(shipped.folder("examples") / "footprint-cement", Path(folder) / "results")
    ...     (where / "footprint.csv").is_file()
    True
    """
    done, where = run_study(path, out, **changes)
    return done.footprint, where


def run_study(
    path: str | Path, out: str | Path | None = None, *, public: str | Path | None = None, pool: Cluster | None = None,
    report: bool = False, **changes: Any,
) -> tuple[Computed, Path]:  # fmt: skip
    """Compute a footprint study and write its result folder, as `run_footprint`; the workers of a `pool` draw."""
    job = open_study(path, **changes)
    target = Path(out) if out is not None else job.folder / "results"
    check_target(target, WRITTEN)
    if public is not None:
        shown, full = Path(public).resolve(), target.resolve()
        if shown == job.folder.resolve() or shown == full or full in shown.parents or shown in full.parents:
            message = f"{public} is where the full result goes; choose another folder for what may be shown"
            raise UsageError(message)
        check_target(Path(public), PUBLIC)
    done = compute(job, pool)
    write_footprint(done, target, report=report)
    if public is not None:
        export_public(done, Path(public), hashlib.sha256((target / MARK).read_bytes()).hexdigest())
    return done, target


@dataclass(frozen=True)
class Order:
    """One study of a batch.

    Attributes
    ----------
    study : pathlib.Path
        Its folder.
    out, public : pathlib.Path, optional
        Its result folders, as of `run_study`.
    """

    study: Path
    out: Path | None = None
    public: Path | None = None


def run_studies(
    orders: Sequence[Order], pool: Cluster, **changes: Any
) -> Iterator[tuple[Order, tuple[Computed, Path] | DataError]]:
    """Compute studies on the workers of a cluster; each writes its own result folder, as `run_study` does.

    Parameters
    ----------
    orders : sequence of Order
        The studies, each with a result folder of its own.
    pool : Cluster
        Its workers have to see the same folders as this machine.
    **changes
        As of `run_footprint`.

    Yields
    ------
    Order, (Computed, pathlib.Path) or DataError
        In the order given: what `run_study` returns, or what is wrong with the study.

    Raises
    ------
    UsageError
        As `run_study`, or if a worker does not see the folders.
    ConnectionError
        If there is no scheduler or no worker, or they went away.
    ChildProcessError
        If a study ended worker after worker.
    """
    early: dict[int, Any] = {}
    following = 0
    with closing(pool.each(partial(_run_study, changes), enumerate(map(_absolute, orders)))) as answers:
        for (number, _), answer in answers:
            if isinstance(answer, UsageError):
                raise answer
            early[number] = answer
            while following in early:
                order, found = orders[following], early.pop(following)
                where = order.out or order.study / "results"
                if not isinstance(found, DataError) and not where.is_dir():
                    message = f"a worker wrote {where} where this machine does not see it; workers need the same files"
                    raise UsageError(message)
                yield order, found if isinstance(found, DataError) else (found, where)
                following += 1


def _absolute(order: Order) -> Order:
    out, public = (None if path is None else path.absolute() for path in (order.out, order.public))
    return Order(order.study.absolute(), out, public)


def _run_study(changes: Mapping[str, Any], item: tuple[int, Order]) -> Computed:
    """Compute one study on a worker."""
    _, order = item
    return run_study(order.study, order.out, public=order.public, **changes)[0]


def write_footprint(done: Computed, target: Path, *, report: bool = False) -> None:
    """Write the result folder of a study.

    Parameters
    ----------
    done : Computed
        What is written.
    target : pathlib.Path
        The folder; replaced if it is an earlier result.
    report : bool
        Whether ``report.html`` is written.
    """
    found = done.footprint
    tables = {
        "footprint.csv": (FOOTPRINT_COLUMNS, footprint_records(found)),
        "contributions.csv": (CONTRIBUTION_COLUMNS, cleared(found.contribution_records)),
        "edges.csv": (EDGE_COLUMNS, cleared(found.edge_records)),
        "quality.csv": (QUALITY_COLUMNS, quality_records(found)),
        "balances.csv": (BALANCE_COLUMNS, cleared(found.balance_records)),
        "sensitivity.csv": (SENSITIVITY_COLUMNS, sensitivity_records(done.uncertainty)),
        "allocation.csv": (ALLOCATION_COLUMNS, cleared(allocation_records(found))),
        "issues.csv": (ISSUE_COLUMNS, list(found.issues.rows(found.study.language))),
    }

    def fill(folder: Path) -> None:
        write_tables(folder, tables)
        if found.study.draws and done.uncertainty:
            _write_draws(folder / "draws.parquet", done)
        _write_words(folder, done, public=False)
        if report:
            write(page_of_footprint(found, done.inputs, done.uncertainty), folder / "report.html")

    write_folder(target, fill, evidence(found, done.inputs, done.uncertainty), WRITTEN)


def export_public(done: Computed, target: Path, full: str = "") -> None:
    """Write what may be shown of a study: totals, quality, digests, PACT; no process, exchange, factor or issue.

    Shown are the words by which the product is known: title, product, functional unit, region, rule, classes, names of
    scenarios, and the names and identifiers under ``[pact]``.

    Parameters
    ----------
    done : Computed
        What is written.
    target : pathlib.Path
        The folder; replaced if it is an earlier export.
    full : str
        SHA-256 of the provenance of the full result, by which a verifier recognises it.
    """
    found = done.footprint
    totals = [record for record in footprint_records(found) if record["part"] in PUBLIC_PARTS]
    rated = [record for record in quality_records(found) if record["part"] == "total"]

    def fill(folder: Path) -> None:
        tables = {"footprint.csv": (FOOTPRINT_COLUMNS, totals), "quality.csv": (QUALITY_COLUMNS, rated)}
        write_tables(folder, tables)
        _write_words(folder, done, public=True)

    document = public_evidence(found, done.inputs, done.uncertainty) | {"full_result_sha256": full}
    write_folder(target, fill, document, PUBLIC)


def _write_words(folder: Path, done: Computed, *, public: bool) -> None:
    text = render_footprint(done.footprint, done.inputs, done.uncertainty, done.pact is not None, public=public)
    (folder / "report.md").write_text(text, encoding="utf-8")
    if done.pact is not None:
        document = public_footprint(done.pact) if public else done.pact
        text = json.dumps(document, ensure_ascii=False, indent=1) + "\n"
        (folder / "pact.json").write_text(text, encoding="utf-8")


def _write_draws(path: Path, done: Computed) -> None:
    """Write the draws, a column per scenario [kgCO2e]; the base case is called base."""
    import pyarrow as pa
    from pyarrow import parquet

    named = labels(done.footprint)
    parquet.write_table(pa.table({named[name]: one.draws for name, one in done.uncertainty.items()}), path)


def places(paths: Iterable[str | Path], out: str | Path | None) -> list[tuple[Path, Path | None]]:
    """Return every study with where its results go: beside it, in `out`, or of several each in its own folder there.

    Raises
    ------
    UsageError
        If there is no study, or two would go to one place.
    """
    studies = [study for path in paths for study in find_studies(path)]
    if len(studies) == 1 or out is None:
        return [(study, None if out is None else Path(out)) for study in studies]
    names = [study.resolve().name for study in studies]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        message = f"two studies are called {twice[0]}, and both would go to {Path(out) / twice[0]}; run them apart"
        raise UsageError(message)
    return [(study, Path(out) / name) for study, name in zip(studies, names, strict=True)]
