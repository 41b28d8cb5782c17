"""What a path holds, a run or a study of footprints, upgrades or savings: each is checked by what computes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from carbon.errors import DataError, Issues, UsageError
from carbon.folders import MARK
from carbon.reading import SUFFIXES
from carbon.schema import folded, table_words

FOOTPRINT, UPGRADE, SAVINGS, RUN = "study.toml", "upgrade.toml", "savings.toml", "run.toml"
_TABLES = {FOOTPRINT: ("processes", "exchanges"), UPGRADE: ("measures",), SAVINGS: ("savings",), RUN: ("activities",)}
_RESULTS = {
    "footprint.csv": (FOOTPRINT, "footprint study", "carbon footprint {study} --explain {line}"),
    "upgrade.csv": (UPGRADE, "study of upgrades", "carbon upgrade {study} --explain MEASURE"),
    "savings-check.csv": (SAVINGS, "check of savings", "carbon savings {study} --explain MEASURE"),
}


def check_path(path: Path, *, method: str = "", language: str | None = None) -> Issues:
    """Return everything that is wrong with a path: with its run, its studies, or all that it holds of these.

    Raises
    ------
    UsageError
        If there is no such path, or a study file is missing.
    """
    changes = {"method": method, "language": language}
    issues = Issues()
    for file in kinds(path) or [RUN]:
        issues.extend(_CHECKS[file](path, changes))
    return issues


def mark_tables(path: Path, issues: Issues, file: Path, language: str) -> bool:
    """Write the workbooks and CSV files of a path into one workbook, with their issues beside the cells.

    Parameters
    ----------
    path : pathlib.Path
        What was checked.
    issues : Issues
        What is wrong with it.
    file : pathlib.Path
        The workbook to make.
    language : {"en", "zh"}
        Of the texts.

    Returns
    -------
    bool
        Whether it was made: not if no issue has a line in any of them.

    Raises
    ------
    UsageError
        If it cannot be made there.
    """
    from carbon.report.marked import marked_bytes
    from carbon.report.sheets import write_new

    folder = path if path.is_dir() else path.parent
    given = {place.name: place for place in _tables(path)}
    for issue in issues:
        for name in (issue.file, issue.file.rpartition("[")[0]):
            if name and ".." not in Path(name).parts and (folder / name).is_file():
                given.setdefault(name, folder / name)
    known = {name: place for name, place in given.items() if place.suffix.lower() in (".csv", ".xlsx")}
    made = marked_bytes({name: place.read_bytes() for name, place in known.items()}, issues, language)
    if made is not None:
        write_new(file, made)
    return made is not None


def _tables(path: Path) -> list[Path]:
    """Return the input tables of a run, as far as it says which."""
    from carbon.run import open_job

    if kinds(path) not in ([], [RUN]):
        return [path] if path.is_file() else []
    try:
        return [place for place in open_job(path).tables.values() if place.is_file()]
    except DataError:
        return []


def kinds(path: Path) -> list[str]:
    """Return the study files that stand for what a path holds: itself, beside its tables, or in a folder of studies."""
    if path.is_file():
        word = folded(path.stem) if path.suffix.lower() in SUFFIXES else ""
        own = {file: {folded(name) for name in table_words(_TABLES[file][0])} for file in (UPGRADE, SAVINGS)}
        return [file for file in _TABLES if path.name == file or word in own.get(file, ())]
    if not path.is_dir():
        return []
    words = {folded(one.stem) for one in path.iterdir() if one.suffix.lower() in SUFFIXES}
    found = [
        file for file, tables in _TABLES.items()
        if (path / file).is_file() or any(folded(word) in words for name in tables for word in table_words(name))
    ]  # fmt: skip
    inner = any((child / FOOTPRINT).is_file() for child in path.iterdir())
    return found or ([FOOTPRINT] if inner else [])


def _footprints(path: Path, changes: Mapping[str, Any]) -> Issues:
    from carbon.footprints import check_footprint, find_studies

    studies = find_studies(path)
    found = Issues()
    for study in studies:
        place = f"{study.name}/" if len(studies) > 1 else ""
        found.extend(replace(issue, file=place + issue.file) for issue in check_footprint(study, **changes))
    return found


def _run(path: Path, changes: Mapping[str, Any]) -> Issues:
    from carbon.run import check
    from carbon.streams import check_stream, is_large

    return check_stream(path, **changes) if is_large(path) else check(path, **changes)


def _measures(path: Path, changes: Mapping[str, Any], name: str) -> Issues:
    from carbon.benchmarks import check_savings, upgrade
    from carbon.reading import read
    from carbon.studies import open_study

    issues = Issues()
    try:
        study = open_study(path, name, **changes)
        source = read(study.table, issues, sheet=name)
        if source is None:
            return issues
        if name == "measures":
            return upgrade(source, study=study.settings, issues=issues).issues
        return check_savings(source, study=study.settings, issues=issues).issues
    except DataError as error:
        return error.issues


_CHECKS: Mapping[str, Callable[[Path, Mapping[str, Any]], Issues]] = {
    FOOTPRINT: _footprints,
    UPGRADE: lambda path, changes: _measures(path, changes, "measures"),
    SAVINGS: lambda path, changes: _measures(path, changes, "savings"),
    RUN: _run,
}


def refuse_study_result(folder: Path, line: str) -> None:
    """Say how the result of a study is retraced; nothing of a run.

    Raises
    ------
    UsageError
        If the folder, or the results in it, are those of a study.
    """
    places = (folder, folder / "results")
    if any((place / "lines.parquet").is_file() for place in places):
        return
    for place in places:
        for name, (file, what, command) in _RESULTS.items():
            if (place / file).is_file() or ((place / MARK).is_file() and (place / name).is_file()):
                near = [one for one in (place, place.parent) if (one / file).is_file()]
                said = command.format(study=near[0] if near else "STUDY", line=line)
                message = f"{place} belongs to a {what}, whose rows are retraced by: {said}"
                raise UsageError(message)
