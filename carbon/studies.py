"""Floor 9: an upgrade study, a check of savings or a portfolio in, a result folder out. Nothing is half-written."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from carbon.benchmarks.portfolios import BELOW_COLUMNS, SHARE_COLUMNS, TARGET_COLUMNS, Portfolio, portfolio
from carbon.benchmarks.upgrades.checking import SAVINGS_COLUMNS, SavingsCheck, check_savings
from carbon.benchmarks.upgrades.files import StudyFile
from carbon.benchmarks.upgrades.flows import CASH_COLUMNS
from carbon.benchmarks.upgrades.upgrading import ABATEMENT_COLUMNS, UPGRADE_COLUMNS, Upgrade, upgrade
from carbon.documents import load, validated
from carbon.errors import DataError, Issues, UsageError, near_misses, printable
from carbon.folders import ISSUE_COLUMNS, MARK, check_target, write_folder, write_tables
from carbon.reading import SUFFIXES, Source, read
from carbon.schema import folded, table_words

_TABLES = {*SUFFIXES, ".xls", ".ods", ".json", ".txt"}  # a folder that is called so was meant to be a file
FILES = {"measures": "upgrade.toml", "savings": "savings.toml"}
WRITTEN = {
    "measures": ("upgrade.csv", "abatement.csv", "cash-flow.csv", "issues.csv", MARK, "report.html"),
    "savings": ("savings-check.csv", "issues.csv", MARK),
    "portfolio": ("targets.csv", "shares.csv", "below-baseline.csv", "issues.csv", MARK),
}


@dataclass(frozen=True)
class Study:
    """What a path asks for.

    Attributes
    ----------
    settings : StudyFile
        The study file, or nothing but a title.
    table : pathlib.Path
        Its table.
    out : pathlib.Path
        Where results go unless said otherwise.
    """

    settings: StudyFile
    table: Path
    out: Path


def open_study(path: str | Path, name: str, **changes: Any) -> Study:
    """Find out what a path asks for.

    Parameters
    ----------
    path : path
        A folder with the study file and its table, the study file, or the table alone.
    name : {"measures", "savings"}
        Which table is meant; its study file is ``upgrade.toml`` or ``savings.toml``.
    **changes
        Settings that beat the study file; None is left out.

    Raises
    ------
    UsageError
        If there is no such path; near misses are named.
    DataError
        If the study file or a setting is wrong (T115 to T117), or there is not just one table (B683).
    """
    given = {key: value for key, value in changes.items() if value not in (None, "")}
    try:
        return _opened(Path(path), name, given)
    except DataError as error:
        raise DataError(error.issues, given.get("language") or error.language) from error


def _opened(path: Path, name: str, given: Mapping[str, Any]) -> Study:
    if path.is_file() and path.suffix.lower() in SUFFIXES:
        settings = validated({"title": printable(path.stem)} | dict(given), StudyFile, "")
        return Study(settings, path, path.with_name(f"{path.stem}-results"))
    if not path.exists():
        parent = path.parent if path.parent.is_dir() else Path()
        near = near_misses(path.name, [p.name for p in parent.iterdir()])
        message = f"no file or folder {path}" + (f"; nearest: {', '.join(near)}" if near else "")
        raise UsageError(message)
    file = path / FILES[name] if path.is_dir() else path
    if file.suffix.lower() != ".toml":
        message = f"cannot read {path.name}: known kinds are {FILES[name]}, {', '.join(SUFFIXES)}"
        raise UsageError(message)
    settings = load(file, StudyFile) if file.is_file() else StudyFile(title=printable(path.resolve().name))
    settings = validated(dict(settings) | dict(given), StudyFile, "")
    return Study(settings, _table(file.parent, name, settings), file.parent / "results")


def _table(folder: Path, name: str, settings: StudyFile) -> Path:
    """Return the table of a study; none, or a second one, is an error."""
    if settings.measures:
        return folder / settings.measures
    words = table_words(name)
    found = [p for p in sorted(folder.iterdir()) if p.suffix.lower() in SUFFIXES and folded(p.stem) in words]
    if len(found) == 1:
        return found[0]
    issues = Issues()
    issues.add("B683", file=folder.name, value=", ".join(p.name for p in found) or str(folder),
               known=[f"{name}{suffix}" for suffix in SUFFIXES])  # fmt: skip
    raise DataError(issues, settings.language)


def run_upgrade(
    path: str | Path, out: str | Path | None = None, *, report: bool = False, **changes: Any
) -> tuple[Upgrade, Path]:  # fmt: skip
    """Compute an upgrade study and write its tables, issues and provenance into a result folder.

    Parameters
    ----------
    path : path
        Study folder, ``upgrade.toml`` or a table of measures.
    out : path, optional
        Result folder; ``results`` beside the study file (``<file>-results`` beside a table) if left out. An earlier
        result there is replaced only when the new one is whole.
    report : bool
        Whether the page ``report.html`` is written, as the command does.
    **changes
        ``language``, ``region``, ``year``, ``as_of``, … beat the study file.

    Returns
    -------
    Upgrade, pathlib.Path
        The result, and where it was written.

    Raises
    ------
    UsageError
        If the path does not exist, or the result folder holds anything but an earlier result.
    DataError
        If nothing can be computed; an earlier result stays.

    Examples
    --------
    >>> import tempfile
    >>> from carbon import shipped
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     found, where = run_upgrade(shipped.folder("examples") / "upgrade", Path(folder) / "results")
    ...     sorted(p.name for p in where.iterdir())
    ['abatement.csv', 'cash-flow.csv', 'issues.csv', 'provenance.json', 'upgrade.csv']
    """
    study, target, source, issues = _prepared(path, "measures", out, changes)
    try:
        found = upgrade(source, study=study.settings, issues=issues)
    except DataError as error:
        raise DataError(error.issues, study.settings.language) from error
    tables = {
        "upgrade.csv": (UPGRADE_COLUMNS, found.records), "abatement.csv": (ABATEMENT_COLUMNS, found.abatement_records),
        "cash-flow.csv": (CASH_COLUMNS, found.flow.records),
    }  # fmt: skip
    _write("measures", target, tables, found, study.settings.language, found if report else None)
    return found, target


def run_savings(path: str | Path, out: str | Path | None = None, **changes: Any) -> tuple[SavingsCheck, Path]:
    """Check savings and write ``savings-check.csv``, ``issues.csv``, ``provenance.json``.

    Parameters
    ----------
    path : path
        Folder with ``savings.csv`` and perhaps ``savings.toml``, that file, or the table.
    out : path, optional
        As in `run_upgrade`.
    **changes
        As in `run_upgrade`.

    Returns
    -------
    SavingsCheck, pathlib.Path
        The result, and where it was written.

    Raises
    ------
    UsageError
        As in `run_upgrade`.
    DataError
        As in `run_upgrade`.
    """
    study, target, source, issues = _prepared(path, "savings", out, changes)
    try:
        found = check_savings(source, study=study.settings, issues=issues)
    except DataError as error:
        raise DataError(error.issues, study.settings.language) from error
    _write("savings", target, {"savings-check.csv": (SAVINGS_COLUMNS, found.records)}, found, study.settings.language)
    return found, target


def run_portfolio(
    path: str | Path, out: str | Path | None = None, *, base: str | Path | None = None,
    own: Sequence[str | Path] = (), today: dt.date | None = None, language: str = "en",
) -> Portfolio:  # fmt: skip
    """Hold a table of lines against the targets, and write all its tables if a folder is given.

    Parameters
    ----------
    path : path
        A table of lines.
    out : path, optional
        Result folder; nothing is written if left out. An earlier result there is replaced only when the new one is
        whole.
    base : path, optional
        The same lines in base years.
    own : sequence of path
        Folders with own level sets.
    today : datetime.date, optional
        From which days to deadlines count; the day of the call if left out.
    language : {"en", "zh"}
        Language of names and words.

    Returns
    -------
    Portfolio

    Raises
    ------
    UsageError
        If a path does not exist, or the result folder is a file, holds anything but an earlier result, or is called
        like a table.
    DataError
        If a table as a whole cannot be used; an earlier result stays.
    """
    target = None if out is None else Path(out)
    if target is not None:
        if target.suffix.lower() in _TABLES:
            message = f"{target}: choose a .csv file for the targets, or a folder for all tables"
            raise UsageError(message)
        check_target(target, WRITTEN["portfolio"])
    found = portfolio(path, base=base, own=own, today=today, language=language)
    if target is not None:
        tables = {
            "targets.csv": (TARGET_COLUMNS, found.target_records()),
            "shares.csv": (SHARE_COLUMNS, found.share_records()),
            "below-baseline.csv": (BELOW_COLUMNS, found.below_records()),
        }
        _write("portfolio", target, tables, found, language)
    return found


def _prepared(
    path: str | Path, name: str, out: str | Path | None, changes: Mapping[str, Any]
) -> tuple[Study, Path, Source, Issues]:
    study = open_study(path, name, **changes)
    target = Path(out) if out is not None else study.out
    check_target(target, WRITTEN[name])
    issues = Issues()
    source = read(study.table, issues, sheet=name)
    if source is None:
        raise DataError(issues, study.settings.language)
    return study, target, source, issues


def _write(
    name: str, target: Path, tables: Mapping[str, tuple[Sequence[str], list[dict[str, Any]]]],
    found: Upgrade | SavingsCheck | Portfolio, language: str, shown: Upgrade | None = None,
) -> None:  # fmt: skip
    """Write a result folder, with the page of what is `shown`."""
    issues = found.verdicts.issues if isinstance(found, Portfolio) else found.issues
    rows = {**tables, "issues.csv": (ISSUE_COLUMNS, list(issues.rows(language)))}

    def fill(folder: Path) -> None:
        write_tables(folder, rows)
        if shown is not None:
            from carbon.report.page.render import write
            from carbon.report.page.upgrades import page_of_upgrade

            write(page_of_upgrade(shown), folder / "report.html")

    write_folder(target, fill, found.provenance, WRITTEN[name])
