"""Code lists: items, regions, gases. A name or alias in either language leads to one id, or to none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from carbon.errors import near_misses
from carbon.library.files import read_csv
from carbon.schema import folded


class _Entry(Protocol):
    @property
    def id(self) -> str: ...
    @property
    def name_zh(self) -> str: ...
    @property
    def name_en(self) -> str: ...
    @property
    def aliases(self) -> tuple[str, ...]: ...


Entry = TypeVar("Entry", bound=_Entry)
ORIGINS = ("fossil", "biogenic", "mixed", "none")


@dataclass(frozen=True)
class Item:
    """Something burned, bought, made or emitted.

    Attributes
    ----------
    kind : str
        What it is for a method: fuel, electricity, heat, steam, medium, carbonate, material, gas, …
    default_use : str
        What is done with it unless the row says otherwise.
    origin : {"fossil", "biogenic", "mixed", "none"}
        Where its carbon comes from.
    """

    id: str
    kind: str
    default_use: str
    origin: str
    name_zh: str
    name_en: str
    aliases: tuple[str, ...] = ()

    def name(self, language: str) -> str:
        """Return its name in one language."""
        return self.name_zh if language == "zh" else self.name_en


@dataclass(frozen=True)
class Region:
    """A province, a grid region, a nation."""

    id: str
    kind: str
    parent: str
    name_zh: str
    name_en: str
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True)
class Gas:
    """A greenhouse gas, or carbon dioxide of biogenic origin."""

    id: str
    family: str
    name_zh: str
    name_en: str
    aliases: tuple[str, ...] = ()


class Names(Generic[Entry]):
    """A code list that is searched by id, name or alias.

    Parameters
    ----------
    entries : iterable
        Entries with `id`, `name_zh`, `name_en`, `aliases`; a name that two entries share leads to neither.
    """

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.entries: dict[str, Entry] = {}
        self._by_name: dict[str, str] = {}
        self.clashes: dict[str, set[str]] = {}
        for entry in entries:
            self.entries[entry.id] = entry
            for word in {folded(word) for word in (entry.id, entry.name_zh, entry.name_en, *entry.aliases) if word}:
                other = self._by_name.setdefault(word, entry.id)
                if other != entry.id:
                    self.clashes.setdefault(word, {other}).add(entry.id)

    def __getitem__(self, identifier: str) -> Entry:
        return self.entries[identifier]

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries.values())

    def __len__(self) -> int:
        return len(self.entries)

    def __contains__(self, identifier: str) -> bool:
        return identifier in self.entries

    def find(self, text: str) -> Entry | None:
        """Return the entry that a text names, or None if no entry or more than one has that name."""
        word = folded(text)
        if word in self.clashes:
            return None
        identifier = self._by_name.get(word)
        return None if identifier is None else self.entries[identifier]

    def near(self, text: str) -> list[str]:
        """Return up to three names nearest to a text, each with its id."""
        words = near_misses(folded(text), self._by_name, count=6)
        found = dict.fromkeys(self._by_name[word] for word in words)
        return [f"{i} ({self.entries[i].name_zh})" for i in list(found)[:3]]


def _aliases(row: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(filter(None, (row.get("aliases") or "").split("|")))


def read_items(path: Path) -> list[Item]:
    """Return the items of one `items.csv`."""
    return [
        Item(r["item"], r["kind"], r["default_use"], r["origin"], r["name_zh"], r["name_en"], _aliases(r))
        for r in read_csv(path).records()
    ]


def read_regions(path: Path) -> list[Region]:
    """Return the regions of `regions.csv`."""
    return [
        Region(r["region"], r["kind"], r["parent"], r["name_zh"], r["name_en"], _aliases(r))
        for r in read_csv(path).records()
    ]


def read_gases(path: Path) -> list[Gas]:
    """Return the gases of `gases.csv`."""
    return [Gas(r["gas"], r["family"], r["name_zh"], r["name_en"], _aliases(r)) for r in read_csv(path).records()]
