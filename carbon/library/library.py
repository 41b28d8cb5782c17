"""The library: every shipped and user factor set, code lists and method packs behind one object."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path

from carbon import shipped
from carbon.documents import MethodPack, SetMetadata, load
from carbon.errors import DataError, Issues, Said, UsageError, near_misses
from carbon.library.checks import Codes, check_items, check_set
from carbon.library.codes import Gas, Item, Names, Region, read_gases, read_items, read_regions
from carbon.library.files import label, unreadable
from carbon.library.sets import Factor, FactorSet
from carbon.schema import choices, folded

BESIDE = ("items.csv", "issues.csv")  # tables of a publication that are no factor sets


class Library:
    """Factor sets, code lists and method packs, read as they are asked for.

    Parameters
    ----------
    folders : sequence of pathlib.Path
        Data folders; the first is the shipped one, the others are the user's.
    as_of : datetime.date, optional
        Sets issued later do not exist, so that a filing can be replayed as it stood.
    """

    def __init__(self, folders: Sequence[Path], as_of: dt.date | None = None) -> None:
        self.folders = tuple(folders)
        self.as_of = as_of
        documents: dict[str, Path] = {}
        for path in (path for folder in self.folders for path in sorted(folder.glob("*/*.toml"))):
            identifier = f"{path.parent.name}/{path.stem}"
            if not path.is_file():
                raise unreadable(path)
            if identifier in documents:
                issues = Issues()
                issues.add("F220", file=path.name, value=identifier)
                raise DataError(issues)
            documents[identifier] = path
        self._pack_paths = {path.stem: path for path in documents.values() if path.parent.name == "methods"}
        self._packs: dict[str, MethodPack] = {}
        self._tables = {name: path for name, path in documents.items() if path.parent.name != "methods"}
        self._sets: dict[str, FactorSet] = {}
        self._known: dict[tuple[str, ...], list[FactorSet]] = {}

    def __repr__(self) -> str:
        return f"<Library of {len(self._tables)} factor sets, {len(self.items)} items, digest {self.digest[:12]}>"

    @property
    def set_ids(self) -> list[str]:
        """The ids of all sets, also of those issued after `as_of`."""
        return sorted(self._tables)

    @cached_property
    def own_set_ids(self) -> list[str]:
        """The ids of the user's sets, in the order of their folders."""
        return [name for name, path in self._tables.items() if self._is_own(path)]

    def _is_own(self, path: Path) -> bool:
        return self.folders[0] not in (path.parent, path.parent.parent)

    def set(self, identifier: str) -> FactorSet:
        """Return one factor set.

        Raises
        ------
        UsageError
            If there is none of that id; near misses are named.
        """
        if identifier not in self._sets:
            path = self._tables.get(identifier)
            if path is None:
                message = f"no factor set {identifier!r}; nearest: {', '.join(near_misses(identifier, self._tables))}"
                raise UsageError(message)
            meta = load(path, SetMetadata)
            _named(path, meta.id, identifier)
            self._sets[identifier] = FactorSet(meta, path.with_suffix(".csv"), own=self._is_own(path))
        return self._sets[identifier]

    def known(self, identifiers: Sequence[str]) -> list[FactorSet]:
        """Return those sets that were published by `as_of`; the user's own are tried before them all."""
        names = tuple(dict.fromkeys([*self.own_set_ids, *identifiers]))
        if names not in self._known:
            found = [self.set(name) for name in names]
            self._known[names] = [s for s in found if self.as_of is None or s.meta.issued <= self.as_of]
        return self._known[names]

    def sets(self) -> Iterator[FactorSet]:
        """Yield every set in the order of ids."""
        for identifier in self.set_ids:
            yield self.set(identifier)

    @cached_property
    def items(self) -> Names[Item]:
        """Items by id, name or alias: the common list, then those of single publications."""
        return Names(item for path in self._item_paths for item in read_items(path))

    @cached_property
    def _item_paths(self) -> list[Path]:
        own = [path for folder in self.folders for path in sorted(folder.glob("*/items.csv"))]
        return [self.folders[0] / "items.csv", *own]

    @cached_property
    def regions(self) -> Names[Region]:
        """Regions by id, name or alias."""
        return Names(read_regions(self.folders[0] / "regions.csv"))

    @cached_property
    def gases(self) -> Names[Gas]:
        """Gases by id, name or alias."""
        return Names(read_gases(self.folders[0] / "gases.csv"))

    def ladder(self, region: str, start: str = "province") -> tuple[str, ...]:
        """Return a region and what lies above it, from a rung on, ending with "" for anywhere.

        Examples
        --------
        >>> load_library().ladder("CN-SD")
        ('CN-SD', 'CN-north', 'CN', '')
        """
        chain: list[str] = []
        while region and region in self.regions and region not in chain:
            chain.append(region)
            region = self.regions[region].parent
        kinds = {"province": (), "grid": ("province",), "nation": ("province", "grid")}[start]
        return (*(r for r in chain if self.regions[r].kind not in kinds), "")

    def pack(self, identifier: str) -> MethodPack:
        """Return one method pack.

        Raises
        ------
        UsageError
            If there is none of that id; the known ones are named.
        """
        if identifier not in self.pack_ids:
            message = f"no method pack {identifier!r}; known: {', '.join(self.pack_ids)}"
            raise UsageError(message)
        if identifier not in self._packs:
            path = self._pack_paths[identifier]
            pack = load(path, MethodPack)
            _named(path, pack.id, identifier)
            self._packs[identifier] = pack
        return self._packs[identifier]

    @property
    def pack_ids(self) -> list[str]:
        """The ids of all method packs."""
        return sorted(self._pack_paths)

    def gwp(self, name: str) -> dict[str, Factor]:
        """Return the warming potentials of a set by gas.

        Parameters
        ----------
        name : str
            ``ar5`` or ``ipcc-gwp/ar5``; ``none`` has no potentials at all.

        Raises
        ------
        UsageError
            If there is no such set, or it was issued after `as_of`.
        """
        if folded(name) == "none":
            return {}
        identifier = name if "/" in name else f"ipcc-gwp/{folded(name)}"
        if identifier not in self._tables or not identifier.startswith("ipcc-gwp/"):
            names = sorted(i.split("/")[1] for i in self._tables if i.startswith("ipcc-gwp/"))
            message = f"no GWP set {name!r}; known: {', '.join(names)}, none"
            raise UsageError(message)
        found = self.set(identifier)
        if self.as_of is not None and found.meta.issued > self.as_of:
            message = (
                f"GWP set {name!r} was issued {found.meta.issued}, after as_of {self.as_of}; choose an earlier one"
            )
            raise UsageError(message)
        return {factor.gas: factor for factor in found.factors if factor.parameter == "gwp"}

    def factor(self, identifier: str) -> Factor:
        """Return one factor by its id, ``publication/table:row``.

        Raises
        ------
        UsageError
            If there is none.
        """
        found = self.set(identifier.split(":", 1)[0])
        for factor in (*found.factors, *found.points.values()):
            if factor.id == identifier:
                return factor
        message = f"no factor {identifier!r}"
        raise UsageError(message)

    def search(self, words: str, limit: int = 50) -> list[Factor]:
        """Return factors whose id, item, region, document or note has every word (in any language).

        Examples
        --------
        >>> [factor.value for factor in load_library().search("mee-grid-2023 average 山东 电力")]
        ['0.6191']
        """
        wanted = [folded(word) for word in words.split()]
        found = []
        for factor_set in self.sets():
            meta = factor_set.meta
            common = folded(f"{meta.title_zh} {meta.title_en} {meta.document}")
            for factor in factor_set.factors:
                text = " ".join([common, factor.id, factor.parameter, factor.gas, factor.note, *self._words(factor)])
                if all(word in folded(text) for word in wanted):
                    found.append(factor)
                    if len(found) >= limit:
                        return found
        return found

    def _words(self, factor: Factor) -> list[str]:
        words = []
        for names, key in ((self.items, factor.item), (self.regions, factor.region)):
            if key in names:
                entry = names[key]
                words += [entry.name_zh, entry.name_en, *entry.aliases]
        return words

    def check(self) -> Issues:
        """Check every row of every set; see `carbon.library.checks.check_set`."""
        issues = self.check_folders()
        for factor_set in self.sets():
            issues += check_set(factor_set, self._codes)
        return issues + self.check_names()

    def check_folders(self, *, empty: bool = True) -> Issues:
        """Return the user's own folders without any factor set, list of items or method pack (F294).

        Parameters
        ----------
        empty : bool
            Whether a folder in which there is nothing at all is one of them.
        """
        issues = Issues()
        own = (*self._tables.values(), *self._pack_paths.values(), *self._item_paths)
        for folder in self.folders[1:]:
            if not any(path.is_relative_to(folder) for path in own) and (empty or any(folder.iterdir())):
                loose = sorted(p.name for pattern in ("*.csv", "*/*.csv", "*.toml") for p in folder.glob(pattern))
                issues.add("F294", file=folder.name, value=folder.name, found=loose[:5])
        return issues

    @cached_property
    def _codes(self) -> Codes:
        """The ids that rows may use; a parameter is known if a shipped set has it."""
        shipped_sets = (self.set(name) for name, path in self._tables.items() if not self._is_own(path))
        parameters = frozenset(factor.parameter for found in shipped_sets for factor in found.factors)
        return Codes(self.items.entries, self.regions.entries, self.gases.entries, parameters)

    def check_own(self) -> Issues:
        """Check the user's own documents, then items, then sets, before anything of them is used."""
        issues = self._lonely()
        packs = [name for name, path in self._pack_paths.items() if self._is_own(path)]
        for read, names in ((self.pack, packs), (self.set, self.own_set_ids)):
            for name in names:
                try:
                    read(name)
                except DataError as error:
                    issues += error.issues
        if issues:
            return issues
        taken = Names(i for path in self._item_paths if not self._is_own(path) for i in read_items(path))
        kinds = {item.kind for item in taken} | {kind for use in choices("use").values() for kind in use.own_kinds}
        kinds |= {kind for name in packs for category in self.pack(name).category for kind in category.kinds}
        issues += check_items(filter(self._is_own, self._item_paths), kinds, taken)
        if issues:
            return issues
        for name in self.own_set_ids:
            issues += check_set(self.set(name), self._codes)
        return issues + self.check_names()

    def _lonely(self) -> Issues:
        """Return the tables of own publications that have no `.toml`, and would not be read (F293)."""
        issues = Issues()
        for path in (path for folder in self.folders[1:] for path in sorted(folder.glob("*/*.csv"))):
            if path.name not in BESIDE and path.is_file() and not path.with_suffix(".toml").exists():
                near = sorted(p.name for p in path.parent.iterdir() if p.name.startswith(f"{path.stem}."))
                near = [name for name in near if ".toml" in name.lower()]
                issues.add("F293", file=label(path), value=f"{path.parent.name}/{path.stem}", near=near)
        return issues

    def check_names(self) -> Issues:
        """Return the names that lead to more than one item (F219)."""
        issues = Issues()
        for word, clash in sorted(self.items.clashes.items()):
            issues.add("F219", file="items.csv", value=word, other=sorted(clash))
        return issues

    @cached_property
    def digest(self) -> str:
        """SHA-256 over every file that the library reads, folder by folder in the order of their names."""
        tables = [file for path in self._tables.values() for file in (path, path.with_suffix(".csv"))]
        lists = [self.folders[0] / name for name in ("regions.csv", "gases.csv")]
        files = {*tables, *lists, *self._pack_paths.values(), *self._item_paths}
        total = hashlib.sha256()
        for folder in self.folders:
            for path in sorted(file for file in files if file.is_relative_to(folder)):
                total.update(str(path.relative_to(folder)).encode() + b"\0" + path.read_bytes() + b"\0")
        return total.hexdigest()


def _named(path: Path, given: str, expected: str) -> None:
    """Report a document whose id is not that of its place (T117)."""
    if given != expected:
        issues = Issues()
        why = Said(f'by its place it is "{expected}"', f"按所在位置应为“{expected}”")
        issues.add("T117", file=label(path), column="id", value=given[:80], why=why)
        raise DataError(issues)


def load_library(extra: Sequence[str | Path] = (), as_of: dt.date | None = None) -> Library:
    """Load the shipped factor library, and the user's own folders with it.

    Parameters
    ----------
    extra : sequence of path
        Folders of the same shape as `factors/`: ``<publication>/<table>.csv`` with ``<table>.toml``. Their sets are
        tried before the shipped ones.
    as_of : datetime.date, optional
        Leave out what was issued later.

    Returns
    -------
    Library

    Raises
    ------
    UsageError
        If a folder does not exist.
    DataError
        If two sets or packs have one id (F220), or anything of the user's own is wrong (F210 to F222, F293, F294).

    Examples
    --------
    >>> load_library().items.find("洗精煤").id
    'cleaned-coal'
    """
    folders = [shipped.folder("factors"), *(Path(path) for path in extra)]
    for folder in folders:
        if not os.path.isdir(folder):  # noqa: PTH112 - unlike Path.is_dir, false for a name that is too long
            message = f"no factor folder {str(folder)[:200]}"
            raise UsageError(message)
    library = Library(folders, as_of)
    if extra:
        library.check_own().raise_errors()
        library.check_folders(empty=False).raise_errors()
    return library
