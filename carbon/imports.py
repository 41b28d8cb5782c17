"""Floor 9: foreign factor files in, a publication of the user's own factor folder out. Nothing is half-written."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import shutil
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from carbon import shipped
from carbon.documents import load
from carbon.errors import DataError, Issues, Said, UsageError, near_misses, printable
from carbon.folders import ISSUE_COLUMNS, MARK, write_folder
from carbon.library import Library, load_library, pact, uk
from carbon.library.drafts import Draft
from carbon.library.importing import assemble, line_by_line, merged
from carbon.library.layouts import Grid, ImportMap, drafts, settings
from carbon.reading import read
from carbon.report import csv_bytes
from carbon.workbooks import cell_text, read_sheet

MAXIMUM_BYTES, MAXIMUM_ROWS = 32 << 20, 30_000
TABLES = {"cpcd": "footprints", "uk": "conversion-factors", "pact": "footprints", "table": "factors"}
_PUBLICATION = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_PREAMBLE = 20  # lines above a heading that are looked through


@dataclass(frozen=True)
class Import:
    """What was imported.

    Attributes
    ----------
    folder : pathlib.Path
        The publication.
    table : str
        Id of the factor set.
    rows, items : int
        How many factors it has, and new items.
    written : bool
        False where the same import stood there already.
    issues : Issues
        What was left out and why, what was matched, what is new.
    """

    folder: Path
    table: str
    rows: int
    items: int
    written: bool
    issues: Issues


def import_factors(
    files: Sequence[str | Path],
    into: str | Path,
    *,
    mapping: str | Path | None = None,
    replace: bool = False,
    as_of: dt.date | None = None,
    language: str = "en",
    **options: Any,
) -> Import:
    """Import factor files into a publication of one's own factor folder.

    Parameters
    ----------
    files : sequence of path
        Tables (`.csv`, `.xlsx`, `.parquet`), or `.json` of product footprints.
    into : path
        The factor folder, made if need be; runs take it by ``factors = [...]``.
    mapping : path, optional
        A map file (TOML): `carbon.library.layouts.ImportMap`.
    replace : bool
        Whether another import of that publication may be replaced.
    as_of : datetime.date, optional
        Day on which the source was looked at; product footprints must be valid on it.
    language : {"en", "zh"}
        Of `issues.csv`.
    **options
        ``kind``, ``publication``, ``title``, ``publisher``, ``document``, ``issued``, ``licence``, ``verification``,
        ``item_kind``, ``item_use``, ``item_origin`` beat the map file; None is left out.

    Returns
    -------
    Import

    Raises
    ------
    UsageError
        If there is no such file, the publication is no plain name, or something would be lost.
    DataError
        If nothing can be taken (F230, F239, F240, …); nothing is written then.
    """
    plan = _plan(mapping, options)
    into = Path(into)
    target = into / _publication(plan.publication, into)
    if not files or len({Path(path).name for path in files}) < len(files):
        message = "name one file, or several of different names"
        raise UsageError(message)
    issues = Issues()
    digests: dict[str, str] = {}
    documents: list[Any] = []
    found: list[Draft] = []
    for path in map(Path, files):
        data = _bytes(path, issues)
        if data is None:
            continue
        digests[printable(path.name)] = hashlib.sha256(data).hexdigest()
        if plan.kind == "pact":
            try:
                documents.append(pact.read_json(data))
            except ValueError as error:
                issues.add("F240", file=path.name, value=str(error)[:160])
            else:
                found += pact.drafts(documents[-1], path.name, plan.constants.given(), as_of, issues)
        elif (grid := _grid(path, data, plan, issues)) is not None:
            found += (uk.drafts if plan.kind == "uk" else drafts)(grid, plan, issues)
    facts = _facts(plan, found, documents, digests, as_of, issues)
    if not found and not issues.errors:
        issues.add("T102", file=Path(files[0]).name)
    if not found or facts is None:
        raise DataError(merged(issues))
    with tempfile.TemporaryDirectory(prefix="carbon-import-") as name:
        stage = Path(name)
        known = _others(into, target.name, stage)
        made = assemble(found, target.name, known, known.items)
        issues = merged(issues + made.issues)
        if not made.rows:
            raise DataError(issues)
        texts = made.files(facts, TABLES[plan.kind])
        (stage / target.name).mkdir()
        for file, text in texts.items():
            (stage / target.name / file).write_bytes(text)
        load_library([stage])
    document = {"inputs": digests, "import": plan.model_dump(mode="json", exclude_defaults=True)}
    listed = {"issues.csv": csv_bytes(ISSUE_COLUMNS, line_by_line(issues).rows(language))}
    written = _write(target, texts, listed, document, replace)
    return Import(target, facts["id"], len(made.rows), len(made.items), written, issues)


def _plan(mapping: str | Path | None, options: dict[str, Any]) -> ImportMap:
    """Return the map file with what the options say instead."""
    given: dict[str, Any] = {}
    if mapping is not None:
        if not Path(mapping).is_file():
            message = f"no map file {str(mapping)[:200]}"
            raise UsageError(message)
        given = load(Path(mapping), ImportMap).model_dump(exclude_unset=True)
    for name, value in options.items():
        if value in (None, ""):
            continue
        if name in ("kind", "publication"):
            given[name] = value
        elif name.startswith("item_"):
            given["constants"] = {**given.get("constants", {}), name.removeprefix("item_"): value}
        else:
            given["source"] = {**given.get("source", {}), name: value}
    return settings(given, Path(mapping).name if mapping is not None else "")


def _publication(name: str, into: Path) -> str:
    """Return the name of the folder to make if it is plain and not that of a shipped publication."""
    if not _PUBLICATION.fullmatch(name) or len(name) > 60:
        message = f"--publication {printable(name)[:80]!r}: write a plain name such as my-supplier-2025"
        raise UsageError(message)
    here = shipped.folder("factors")
    if name == "methods" or (here / name).exists():
        message = f"--publication {name!r} is the name of a shipped folder; choose another"
        raise UsageError(message)
    if into.exists() and (not into.is_dir() or into.resolve() == here):
        message = f"{into} is no folder for own factors; choose another with --into"
        raise UsageError(message)
    return name


def _bytes(path: Path, issues: Issues) -> bytes | None:
    if not path.is_file():
        near = near_misses(path.name, [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else [])
        message = f"no file {path}" + (f"; nearest: {', '.join(near)}" if near else "")
        raise UsageError(message)
    if path.stat().st_size > MAXIMUM_BYTES:
        size, limit = f"{path.stat().st_size / 2**20:.1f} MiB", f"{MAXIMUM_BYTES >> 20} MiB"
        issues.add("T112", file=path.name, value=size, limit=limit)
        return None
    return path.read_bytes()


def _grid(path: Path, data: bytes, plan: ImportMap, issues: Issues) -> Grid | None:
    """Return a table as text, from its heading on; what stands above the heading is passed over."""
    rows: list[tuple[int, list[str]]]
    if path.suffix.lower() == ".xlsx":
        sheet = read_sheet(data, [plan.sheet], path.name, issues, MAXIMUM_BYTES)
        if sheet is None:
            return None
        width = max((len(row) for row in sheet), default=0)
        filled = [[*(cell or "" for cell in row), *[""] * (width - len(row))] for row in sheet]
        rows = [(line, row) for line, row in enumerate(filled, start=1) if any(cell.strip() for cell in row)]
    else:
        source = read(path, issues, plan.sheet)
        if source is None:
            return None
        if source.rows.num_rows > MAXIMUM_ROWS or source.rows.nbytes > 4 * MAXIMUM_BYTES:
            issues.add("T112", file=path.name, value=f"{source.rows.num_rows} rows", limit=MAXIMUM_ROWS)
            return None
        columns = [[cell_text(cell) or "" for cell in column.to_pylist()] for column in source.rows.columns]
        refused = set(source.refused)
        body = zip(source.line.tolist(), zip(*columns, strict=True), strict=True)
        rows = [(source.header, list(source.rows.column_names))]
        rows += [(line, list(cells)) for line, cells in body if line not in refused]
    if len(rows) < 2 or len(rows) > MAXIMUM_ROWS:
        code, parts = ("T102", {}) if len(rows) < 2 else ("T112", {"value": f"{len(rows)} rows", "limit": MAXIMUM_ROWS})
        issues.add(code, file=path.name, **parts)
        return None
    wanted = set(uk.COLUMNS) if plan.kind == "uk" else set(plan.columns.given().values())
    heading = next((n for n, (_, row) in enumerate(rows[:_PREAMBLE]) if wanted <= {c.strip() for c in row}), 0)
    return Grid(path.name, rows[heading][1], rows[heading + 1 :])


def _facts(
    plan: ImportMap,
    found: Sequence[Draft],
    documents: Sequence[Any],
    digests: dict[str, str],
    as_of: dt.date | None,
    issues: Issues,
) -> dict[str, Any] | None:
    """Return the metadata of the set, or None after saying what of it is not known."""
    source, notes = plan.source, [plan.source.notes]
    facts: dict[str, Any] = {name: getattr(source, name) for name in ("title", "publisher", "document", "issued")}
    if plan.kind == "pact":
        facts = {name: facts[name] or text for name, text in pact.origin(documents).items()}
    if plan.kind == "uk":
        year = max((draft.year for draft in found), default="")
        facts = {n: text.replace("{year}", year) if isinstance(text, str) else text for n, text in facts.items()}
        if not facts["issued"] and year:
            facts["issued"] = f"{year}-01-01"
            notes.append("Only the year of issue is known.")
    lacking = [name for name, text in facts.items() if not text]
    if found:
        for name in lacking:
            issues.add("F239", column=name, what=Said(f"{name} of the source", f"来源的 {name}"), option=f"--{name}")
    if lacking:
        return None
    read_from = "; ".join(f"{file} (SHA-256 {digest})" for file, digest in digests.items())
    return {
        "id": f"{plan.publication}/{TABLES[plan.kind]}",
        "title_zh": facts["title"], "title_en": facts["title"], "publisher": facts["publisher"],
        "document": facts["document"], "issued": str(facts["issued"]),
        "licence": source.licence or "terms not stated", "region": plan.constants.region,
        "verification": source.verification,
        "verified_from": f"imported from {read_from}" + (f", as of {as_of}" if as_of else ""),
        "supersedes": [], "basis": source.basis, "notes": " ".join(filter(None, notes)),
    }  # fmt: skip


def _others(into: Path, publication: str, stage: Path) -> Library:
    """Return the library with the user's other publications, copied to a stage."""
    for pattern in ("*/*.csv", "*/*.toml"):
        for path in sorted(into.glob(pattern)):
            if path.parent.name != publication:
                (stage / path.parent.name).mkdir(exist_ok=True)
                shutil.copyfile(path, stage / path.parent.name / path.name)
    return load_library([stage])


def _write(
    target: Path, texts: dict[str, bytes], listed: dict[str, bytes], document: dict[str, Any], replace: bool
) -> bool:
    """Write the publication; return False if the same stands there already."""
    if target.exists():
        digests = {name: hashlib.sha256(text).hexdigest() for name, text in texts.items()}
        here: dict[str, str] = {}
        with suppress(OSError, ValueError, AttributeError):
            here = {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in target.iterdir() if p.name != MARK}
        if digests == {name: digest for name, digest in here.items() if name not in listed}:
            return False
        if not replace:
            message = f"{target} holds something else; choose another --publication, or say --replace"
            raise UsageError(message)

    def fill(fresh: Path) -> None:
        for name, text in (texts | listed).items():
            (fresh / name).write_bytes(text)

    write_folder(target, fill, document, {*texts, *listed, "items.csv", MARK})
    return True
