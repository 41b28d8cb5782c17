"""The library: every shipped and user factor set, code lists and method packs behind one object."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator, Sequence
from fractions import Fraction
from functools import cached_property
from pathlib import Path

from carbon import shipped
from carbon.documents import MethodPack, SetMetadata, load
from carbon.errors import DataError, Issues, UsageError, near_misses
from carbon.library.codes import Gas, Item, Names, Region, read_gases, read_items, read_regions
from carbon.library.sets import Factor, FactorSet, check_set
from carbon.schema import folded


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
        self._tables: dict[str, Path] = {}
        for folder in self.folders:
            for path in sorted(folder.glob("*/*.toml")):
                if path.parent.name == "methods":
                    continue
                identifier = f"{path.parent.name}/{path.stem}"
                if identifier in self._tables:
                    issues = Issues()
                    issues.add("F220", file=str(path.name), value=identifier)
                    raise DataError(issues)
                self._tables[identifier] = path
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
        shipped_folder = self.folders[0]
        return [name for name, path in self._tables.items() if path.parent.parent != shipped_folder]

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
            self._sets[identifier] = FactorSet(
                load(path, SetMetadata), path.with_suffix(".csv"), own=path.parent.parent != self.folders[0]
            )
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
        entries = read_items(self.folders[0] / "items.csv")
        for folder in self.folders:
            for path in sorted(folder.glob("*/items.csv")):
                entries += read_items(path)
        return Names(entries)

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
            self._packs[identifier] = load(self._pack_paths[identifier], MethodPack)
        return self._packs[identifier]

    @cached_property
    def _packs(self) -> dict[str, MethodPack]:
        return {}

    @cached_property
    def _pack_paths(self) -> dict[str, Path]:
        return {path.stem: path for folder in self.folders for path in sorted(folder.glob("methods/*.toml"))}

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
            If there is no such set.
        """
        if folded(name) == "none":
            return {}
        identifier = name if "/" in name else f"ipcc-gwp/{folded(name)}"
        if identifier not in self._tables:
            names = sorted(i.split("/")[1] for i in self._tables if i.startswith("ipcc-gwp/"))
            message = f"no GWP set {name!r}; known: {', '.join(names)}, none"
            raise UsageError(message)
        return {factor.gas: factor for factor in self.set(identifier).factors if factor.parameter == "gwp"}

    def factor(self, identifier: str) -> Factor:
        """Return one factor by its id, ``publication/table:row``.

        Raises
        ------
        UsageError
            If there is none.
        """
        for factor in self.set(identifier.split(":", 1)[0]).factors:
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
        """Check every row of every set; see `carbon.library.sets.check_set`."""
        issues = Issues()
        items, regions = frozenset(self.items.entries), frozenset(self.regions.entries)
        gases = frozenset(self.gases.entries)
        for factor_set in self.sets():
            issues += check_set(factor_set, items, regions, gases)
        return issues + self.check_names()

    def check_names(self) -> Issues:
        """Return the names that lead to more than one item (F219)."""
        issues = Issues()
        for word, clash in sorted(self.items.clashes.items()):
            issues.add("F219", file="items.csv", value=word, other=sorted(clash))
        return issues

    @cached_property
    def digest(self) -> str:
        """SHA-256 over every file of the library, in the order of their names."""
        total = hashlib.sha256()
        for folder in self.folders:
            for path in sorted(p for p in folder.rglob("*") if p.suffix in (".csv", ".toml")):
                total.update(str(path.relative_to(folder)).encode() + b"\0" + path.read_bytes() + b"\0")
        return total.hexdigest()

    def standard_coal(self, set_id: str) -> Fraction:
        """Return the heat of standard coal [kJ/kgce] by a set of definitions."""
        return self.set(set_id).index["ncv", "standard-coal"][0].exact


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
        If two sets have one id (F220), or a row of an own set is wrong (F210 to F219).

    Examples
    --------
    >>> load_library().items.find("洗精煤").id
    'cleaned-coal'
    """
    folders = [shipped.folder("factors"), *(Path(path) for path in extra)]
    for folder in folders:
        if not folder.is_dir():
            message = f"no factor folder {folder}"
            raise UsageError(message)
    library = Library(folders, as_of)
    if extra:
        issues = Issues()
        for name in library.own_set_ids:
            items, regions = frozenset(library.items.entries), frozenset(library.regions.entries)
            issues += check_set(library.set(name), items, regions, frozenset(library.gases.entries))
        issues += library.check_names()
        issues.raise_errors()
    return library
