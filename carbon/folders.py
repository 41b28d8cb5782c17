"""Floor 9: result folders. All files go into a new folder beside the target, then the two are swapped."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from carbon.errors import Issues, UsageError, near_misses
from carbon.reading import SUFFIXES
from carbon.report import csv_bytes
from carbon.schema import folded, table_names, table_words

MARK = "provenance.json"
ISSUE_COLUMNS = ("code", "severity", "file", "line", "lines", "column", "value", "message", "remedy")
DEBRIS = {".DS_Store", "desktop.ini", "Thumbs.db"}  # what file managers leave behind
DOCUMENTS = ("run.toml", "study.toml", "upgrade.toml", "savings.toml")
_INPUTS = (*SUFFIXES, ".toml", ".xls", ".xlsm", ".et", ".ods", ".csv.txt", ".toml.txt")  # that a user may mean as such
MOST_UNREAD = 20


def check_target(target: Path, names: Collection[str]) -> None:
    """Refuse a target that is, or lies below, a file, and a folder with anything else than an earlier result.

    Parameters
    ----------
    target : pathlib.Path
        Where results are to go.
    names : collection of str
        Files that a result of this kind has.

    Raises
    ------
    UsageError
        If something would be lost.
    """
    above = next((parent for parent in target.parents if parent.exists()), target)
    if not above.is_dir():
        message = f"{target} cannot be made: {above} is a file; choose another with -o"
        raise UsageError(message)
    if not os.access(above, os.W_OK):
        message = f"{target} cannot be written: {above} is read-only; make it writable, or choose another folder"
        raise UsageError(message)
    if not target.exists():
        return
    found = {path.name for path in target.iterdir()} if target.is_dir() else set()
    if not target.is_dir() or (found and not _is_result(target)):
        message = f"{target} exists and is not a result folder; choose another with -o, or remove it"
        raise UsageError(message)
    if others := sorted(name for name in found - set(names) - DEBRIS if not _is_unchanged(target, name)):
        message = f"{target} also holds {', '.join(others[:5])}, which a new result would replace; move it elsewhere"
        raise UsageError(message)


def _is_result(folder: Path) -> bool:
    """Return whether a folder has the mark of a result, and not just a file of that name."""
    with suppress(OSError, ValueError):
        document = json.loads((folder / MARK).read_text("utf-8"))
        return isinstance(document, dict) and {"inputs", "results"} <= document.keys()
    return False


def _is_unchanged(folder: Path, name: str) -> bool:
    """Return whether a file is as the earlier result wrote it, so that nothing of the user's is lost with it."""
    with suppress(OSError, ValueError):
        written = json.loads((folder / MARK).read_text("utf-8"))["results"]
        return isinstance(written, dict) and written.get(name) == _sha256(folder / name)
    return False


def check_unread(folder: Path, used: Iterable[Path], document: str, tables: Iterable[str], issues: Issues) -> None:
    """Warn of files in an input folder that look like input and were not read (T143), with the nearest known name.

    Parameters
    ----------
    folder : pathlib.Path
        Run or study folder.
    used : iterable of pathlib.Path
        What is read of it.
    document : str
        Its settings, such as ``run.toml``.
    tables : iterable of str
        Tables that it may hold, such as ``activities``; files named for other commands are not spoken of.
    issues : Issues
        Receives the warnings: one per file that is near to a known name, one for all others.
    """
    taken = {_identity(path) for path in used if path.is_file()}
    tables = tuple(tables)
    words = [word for name in tables for word in table_words(name)]
    foreign = {folded(word) for name in table_names() if name not in tables for word in table_words(name)}
    others: list[str] = []
    for path in sorted(folder.iterdir()):
        name = folded(path.name)
        ending = next((end for end in sorted(_INPUTS, key=len, reverse=True) if name.endswith(end)), "")
        stem = name.removesuffix(ending)
        is_table = ".toml" not in ending
        elsewhere = stem in foreign if is_table else path.name in DOCUMENTS and path.name != document
        if not ending or name.startswith((".", "~$")) or elsewhere or not path.is_file():
            continue
        if _identity(path) in taken:
            continue
        near = near_misses(stem, words if is_table else [document.removesuffix(".toml")], 1)
        if near:
            kind = (ending if ending in SUFFIXES else ".csv") if is_table else ".toml"
            issues.add("T143", file=path.name, value=path.name, near=f"{near[0]}{kind}")
        else:
            others.append(path.name)
    if others:
        listed = [*others[:MOST_UNREAD], *(["…"] if len(others) > MOST_UNREAD else [])]
        issues.add("T143", file=folder.name, value=", ".join(listed))


def _identity(path: Path) -> tuple[int, int]:
    """Return what is the same of one file by whatever name."""
    found = path.stat()
    return found.st_dev, found.st_ino


def write_folder(
    target: Path, fill: Callable[[Path], Mapping[str, str] | None], document: dict[str, Any], names: Collection[str]
) -> None:
    """Write a result folder: all files into a new folder beside it, then swap.

    Parameters
    ----------
    target : pathlib.Path
        The folder; replaced if it is an earlier result.
    fill : callable
        Writes everything but the provenance into the folder that it is given; may return SHA-256 by name of files of
        which it has them, so that large ones are not read again.
    document : dict
        Provenance; digests of the results are added.
    names : collection of str
        Files that a result of this kind has.

    Raises
    ------
    UsageError
        If something else would be lost, or the system refuses to write there.
    """
    target = Path(os.path.realpath(target))  # what a link points to is replaced, and not the link
    check_target(target, names)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    except OSError as error:
        raise _refused(target, error) from error
    try:
        known = fill(fresh) or {}
        files = {path.relative_to(fresh).as_posix(): path for path in sorted(fresh.rglob("*")) if path.is_file()}
        results = {name: known.get(name) or _sha256(path) for name, path in files.items()}
        write_json(fresh / MARK, document | {"results": results})
        fresh.chmod(0o755)
        _swap(fresh, target)
    except OSError as error:
        raise _refused(target, error) from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _refused(target: Path, error: OSError) -> UsageError:
    """Return what the system said of a folder that cannot be written, without names that nobody gave it."""
    why = error.strerror or type(error).__name__
    return UsageError(
        f"{target} cannot be written ({why}): check {target.parent} and its disk, or choose another folder"
    )


def write_tables(folder: Path, tables: Mapping[str, tuple[Sequence[str], Iterable[dict[str, Any]]]]) -> None:
    """Write CSV files: columns and records by name of the file."""
    for name, (columns, records) in tables.items():
        (folder / name).write_bytes(csv_bytes(columns, records))


def write_json(path: Path, document: Any) -> None:
    """Write a document as people read it."""
    path.write_text(json.dumps(document, ensure_ascii=False, indent=1, sort_keys=False) + "\n", encoding="utf-8")


def _swap(fresh: Path, target: Path) -> None:
    """Put a finished folder in the place of an earlier one; the earlier one goes only after that."""
    if not target.exists():
        fresh.replace(target)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{target.name}-old-", dir=target.parent))
    try:
        target.replace(old / "was")
        try:
            fresh.replace(target)
        except OSError:
            (old / "was").replace(target)
            raise
        shutil.rmtree(old / "was", ignore_errors=True)
    finally:
        with suppress(OSError):  # only if it is empty: the earlier result stays where it could not be put back
            old.rmdir()


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
