"""Floor 9: a run folder or a bare activity file in, a result folder out. Nothing is half-written."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from carbon.arrays import parquet_options
from carbon.documents import RunFile, load, validated
from carbon.errors import DataError, Issues, UsageError, near_misses, printable
from carbon.folders import ISSUE_COLUMNS, MARK, check_target, check_unread, write_folder, write_json, write_tables
from carbon.inventory import Result, account
from carbon.inventory.explain import explain_record, plan_document
from carbon.library import Library, load_library
from carbon.reading import MAXIMUM_BYTES, SUFFIXES, Source, read
from carbon.report import cell, render_markdown
from carbon.scale.partitions import find_files
from carbon.schema import folded, table_words
from carbon.workbooks import filled_sheets

MOST_MARKED = 2 << 20  # bytes of a workbook that is copied with marks along with a run
NAMES = {name: table_words(name) for name in ("activities", "facilities", "output")}
WRITTEN = {
    "totals.csv", "energy.csv", "intensity.csv", "benchmarks.csv", "issues.csv", "lines.parquet", "lines", "parts",
    "plan.json", MARK, "report.md", "report.html",
    "report.xlsx",
}  # fmt: skip


@dataclass(frozen=True)
class Job:
    """What a path asks for.

    Attributes
    ----------
    folder : pathlib.Path
        Where relative paths start.
    settings : RunFile
        The run file, or its defaults.
    tables : dict of str to Path
        Input tables; several may be sheets of one workbook, and activities a folder or a pattern of files.
    out : pathlib.Path
        Where results go unless said otherwise.
    issues : Issues
        Files of the folder that are not read.
    """

    folder: Path
    settings: RunFile
    tables: dict[str, Path]
    out: Path
    issues: Issues = field(default_factory=Issues)

    @property
    def activities(self) -> list[Path]:
        """The files of activities: mostly one, else those of the folder or pattern that the run file names.

        Raises
        ------
        UsageError
            If there is none.
        """
        table = self.tables["activities"]
        several = table.is_dir() or (not table.exists() and any(mark in str(table) for mark in "*?["))
        return find_files(table) if several else [table]


def open_job(path: str | Path, **changes: Any) -> Job:
    """Find out what a path asks for.

    Parameters
    ----------
    path : path
        A run folder (``run.toml``, ``activities.csv``, perhaps ``facilities.csv`` and ``output.csv``) or one file. A
        workbook may hold facilities and output as sheets of these names, or 设施 and 产量, if no such files exist.
    **changes
        Settings that beat the run file; None is left out.

    Raises
    ------
    UsageError
        If there is no such path; near misses are named.
    DataError
        If the run file or a setting is wrong (T115 to T117), or there are no or several activity files (T128, T129).
    """
    path = Path(path)
    given = {name: value for name, value in changes.items() if value not in (None, "")}
    language = str(given.get("language", ""))
    if path.is_file() and path.suffix.lower() in SUFFIXES:
        settings = validated({"title": printable(path.stem)} | given, RunFile, "", language)
        return Job(path.parent, settings, _with_sheets({"activities": path}), path.with_name(f"{path.stem}-results"))
    if path.is_file() and path.name == "run.toml":
        path = path.parent
    if path.is_file():
        message = f"cannot read {path.name}: known kinds are {', '.join(SUFFIXES)}; save it as one of them"
        raise UsageError(message)
    if not path.is_dir():
        parent = path.parent if path.parent.is_dir() else Path()
        near = near_misses(path.name, [p.name for p in parent.iterdir()])
        message = f"no file or folder {path}" + (f"; nearest: {', '.join(near)}" if near else "")
        raise UsageError(message)
    found = path / "run.toml"
    settings = load(found, RunFile, language) if found.is_file() else RunFile(title=printable(path.resolve().name))
    settings = validated(dict(settings) | given, RunFile, "", language)
    tables = {name: table for name in NAMES if (table := _table(path, name, settings)) is not None}
    issues = Issues()
    if "activities" not in tables:
        check_unread(path, [found, *tables.values()], found.name, NAMES, issues)
        issues.add("T128", file=path.name, value=str(path), known=[f"activities{suffix}" for suffix in SUFFIXES])
        raise DataError(issues, settings.language)
    job = Job(path, settings, _with_sheets(tables), path / "results", issues)
    check_unread(path, [found, *tables.values(), *job.activities], found.name, NAMES, issues)
    return job


def _with_sheets(tables: dict[str, Path]) -> dict[str, Path]:
    """Return tables with those that are no files of their own but sheets of the workbook of activities."""
    book = tables["activities"]
    if book.suffix.lower() != ".xlsx" or not book.is_file():
        return tables
    sheets = {folded(title) for title in filled_sheets(book, MAXIMUM_BYTES // 4)}
    lacking = [name for name in NAMES if name not in tables]
    return tables | {name: book for name in lacking if sheets & {folded(word) for word in NAMES[name]}}


def _table(folder: Path, name: str, settings: RunFile) -> Path | None:
    """Return the file of one input table; two of them are an error, since one would be ignored."""
    if name == "activities" and settings.activities:
        return folder / settings.activities
    found = [p for p in sorted(folder.iterdir()) if p.suffix.lower() in SUFFIXES and folded(p.stem) in NAMES[name]]
    if len(found) > 1:
        issues = Issues()
        issues.add("T129", file=folder.name, value=", ".join(p.name for p in found))
        raise DataError(issues, settings.language)
    return found[0] if found else None


def compute(job: Job) -> tuple[Result, dict[str, str]]:
    """Read the tables of a job and account for them.

    Returns
    -------
    Result, dict of str to str
        The result, and SHA-256 by name of input file.

    Raises
    ------
    DataError
        If a table as a whole cannot be used.
    UsageError
        If there are several files of activities, which a streamed run computes.
    """
    issues = Issues(job.issues)
    settings = job.settings
    sources: dict[str, Source] = {}
    files = job.activities
    if len(files) > 1:
        message = f"{job.tables['activities']} are {len(files)} files, which carbon run --stream (run_stream) computes"
        raise UsageError(message)
    for name, path in (job.tables | {"activities": files[0]}).items():
        source = read(path, issues, sheet=NAMES[name][0])
        if source is not None:
            sources[name] = source
    if "activities" not in sources or len(sources) < len(job.tables):
        raise DataError(issues, settings.language)
    try:
        library = load_library([job.folder / folder for folder in settings.factors], settings.as_of)
        library.check_folders().raise_errors()
        result = _account(job, sources, library, issues)
    except DataError as error:
        raise DataError(error.issues, settings.language) from error
    named = {name: path.relative_to(job.folder).as_posix() for name, path in job.tables.items()}
    return result, {printable(named[name]): source.digest for name, source in sources.items()}


def _account(job: Job, sources: dict[str, Source], library: Library, issues: Issues) -> Result:
    settings = job.settings
    result = account(
        sources["activities"], facilities=sources.get("facilities"), output=sources.get("output"),
        method=settings.method, gwp=settings.gwp, region=settings.region, as_of=settings.as_of,
        electricity=settings.electricity, library=library, language=settings.language, on_error=settings.on_error,
        title=settings.title, issues=issues,
    )  # fmt: skip
    return replace(result, own_levels=tuple(job.folder / folder for folder in settings.levels))


def check(path: str | Path, **changes: Any) -> Issues:
    """Return everything that is wrong with an input, without writing anything.

    Examples
    --------
    >>> from carbon import shipped
    >>> check(shipped.folder("examples") / "quarterly").errors
    no issues
    """
    try:
        return compute(open_job(path, **changes))[0].every_issue
    except DataError as error:
        return error.issues


def run(
    path: str | Path, out: str | Path | None = None, *, report: bool = False, **changes: Any
) -> tuple[Result, Path]:  # fmt: skip
    """Compute a run folder or activity file and write the result folder.

    Parameters
    ----------
    path : path
        Run folder or activity file.
    out : path, optional
        Result folder; ``results`` in the run folder (``<file>-results`` beside a file) if left out. An earlier result
        there is replaced only when the new one is whole.
    report : bool
        Whether ``report.html`` and ``report.xlsx`` are written, and a marked copy of a workbook with issues, as the
        command does.
    **changes
        ``method``, ``gwp``, ``language``, … beat the run file.

    Returns
    -------
    Result, pathlib.Path
        The result, and where it was written.

    Raises
    ------
    UsageError
        If the path does not exist, or the result folder holds anything but an earlier result.
    DataError
        If nothing can be computed; an earlier result stays.
    """
    job = open_job(path, **changes)
    target = Path(out) if out is not None else job.out
    check_target(target, WRITTEN)
    result, digests = compute(job)
    write(result, target, digests, report=report, tables=job.tables.values())
    return result, target


def fill_result(result: Result, fresh: Path, *, report: bool = False) -> None:
    """Write everything but lines and provenance into a new folder; page and workbook if they are asked for."""
    from carbon.inventory.result import ENERGY_COLUMNS, INTENSITY_COLUMNS, TOTALS_COLUMNS

    tables = {
        "totals.csv": (TOTALS_COLUMNS, result.total_records),
        "energy.csv": (ENERGY_COLUMNS, result.energy_records),
        "intensity.csv": (INTENSITY_COLUMNS, result.intensity_records),
    }
    if result.verdicts is not None:
        from carbon.benchmarks.verdicts import COLUMNS

        tables["benchmarks.csv"] = (COLUMNS, list(result.verdicts.records()))
    tables["issues.csv"] = (ISSUE_COLUMNS, list(result.every_issue.rows(result.language)))
    write_tables(fresh, tables)
    write_json(fresh / "plan.json", plan_document(result.plan, result.library, result.potentials, result.gwp_name))
    (fresh / "report.md").write_text(render_markdown(result), encoding="utf-8")
    if report:
        from carbon.report.page import write_page
        from carbon.report.workbook import write_workbook

        write_page(result, fresh / "report.html")
        write_workbook(result, fresh / "report.xlsx")


def write_marked(
    tables: Iterable[Path], folder: Path, digests: Collection[str], issues: Issues, language: str
) -> None:  # fmt: skip
    """Write a copy of each workbook that has issues, marked beside its cells: ``<name>-marked.xlsx``.

    Of one with more than `MOST_MARKED` bytes it would take longer than a report may: ``carbon check --marked`` does it.

    Parameters
    ----------
    tables : iterable of Path
        Input tables.
    folder : pathlib.Path
        Receives the copies.
    digests : collection of str
        SHA-256 of what was computed; a file that has changed since is not copied.
    issues : Issues
        What is wrong.
    language : {"en", "zh"}
        Of the texts.
    """
    placed = [i.file for i in issues if i.severity != "note" and len(i.lines)]
    for path in dict.fromkeys(tables):
        named = any(file.startswith(printable(path.name)) for file in placed)
        if named and path.suffix.lower() == ".xlsx" and path.stat().st_size <= MOST_MARKED:
            from carbon.report.marked import marked_bytes

            data = path.read_bytes()
            unchanged = hashlib.sha256(data).hexdigest() in digests
            if unchanged and (made := marked_bytes({path.name: data}, issues, language)):
                (folder / f"{path.stem[:80]}-marked.xlsx").write_bytes(made)


def write(
    result: Result, target: Path, digests: dict[str, str], *, report: bool = False, tables: Iterable[Path] = ()
) -> None:
    """Write a result folder: all files into a new folder beside it, then swap.

    Parameters
    ----------
    result : Result
        What is written.
    target : pathlib.Path
        The folder; replaced if it is an earlier result.
    digests : dict of str to str
        SHA-256 of every input file.
    report : bool
        Whether ``report.html`` and ``report.xlsx`` are written, as the command does.
    tables : iterable of Path
        Input tables, of which workbooks with issues are copied with marks if there is a report.
    """

    def fill(fresh: Path) -> None:
        from pyarrow import parquet

        fill_result(result, fresh, report=report)
        if report:
            write_marked(tables, fresh, digests.values(), result.every_issue, result.language)
        lines = result.line_arrow
        parquet.write_table(lines, fresh / "lines.parquet", **parquet_options(lines))

    write_folder(target, fill, result.provenance | {"inputs": digests}, WRITTEN)


def explain(folder: str | Path, line: int, language: str = "") -> str:
    """Return how one line of a result folder was computed, from the folder alone.

    Raises
    ------
    UsageError
        If the folder is not a whole result, or has no such line.
    """
    folder = Path(folder)
    beside = folder.with_name(f"{folder.stem}-results")
    if folder.is_file() and (beside / MARK).is_file():
        folder = beside
    if not (folder / MARK).is_file() and (folder / "results" / MARK).is_file():
        folder = folder / "results"
    if not (folder / MARK).is_file():
        message = f"{folder} is not a result folder (no {MARK})"
        raise UsageError(message)
    try:
        return _explain(folder, line, language)
    except (OSError, ValueError, KeyError) as error:
        message = f"{folder} is damaged, compute it anew: {error}"
        raise UsageError(message) from error


def _explain(folder: Path, line: int, language: str) -> str:
    import pyarrow.compute as pc
    from pyarrow import parquet

    document = json.loads((folder / MARK).read_text("utf-8"))
    language = language or document["options"]["language"]
    wanted = pc.field("line") == max(-1, min(line, 1 << 62))
    files = sorted((folder / "lines").glob("*.parquet")) or [folder / "lines.parquet"]
    found = [(path, lines) for path in files if (lines := parquet.read_table(path, filters=wanted)).num_rows]
    if not found:
        spans = [pc.min_max(parquet.read_table(path, columns=["line"])["line"]).as_py() for path in files]
        ends = [end for span in spans for end in span.values() if end is not None]
        message = f"{folder} has no line {line}" + (f"; its lines are {min(ends)} to {max(ends)}" if ends else "")
        raise UsageError(message)
    path, lines = found[0]
    record = {name: value for name, value in lines.slice(0, 1).to_pylist()[0].items() if value is not None}
    if record["status"] == "error":
        return _explain_bad(folder, record, line, language)
    plan = json.loads((folder / "plan.json").read_text("utf-8"))
    number = record["key"]
    if path.parent.name == "lines":  # of a partition, which numbers its keys itself
        number = json.loads((folder / "parts" / "keys.json").read_text("utf-8"))[path.stem][str(number)]
    key = plan["keys"][number]
    used = {name for term in key["terms"] for slot in term["slots"] for name in slot["factors"]}
    factors = {name: factor for name, factor in plan["factors"].items() if name in used}
    return explain_record(record, key, factors, plan["gwp"], plan["gwp_set"], language)


def _explain_bad(folder: Path, record: dict[str, Any], line: int, language: str) -> str:
    import csv

    name = cell(printable(record["file"]))
    with (folder / "issues.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = [r for r in csv.DictReader(file) if (r["file"], r["line"], r["severity"]) == (name, str(line), "error")]
    words = {"en": "not computed", "zh": "未计算"}[language]
    head = f"{record['file']}:{line} {record.get('item', '')} — {words}"
    return "\n".join([head, *(f"  {r['column']}: {r['message']} {r['remedy']} [{r['code']}]" for r in rows)])
