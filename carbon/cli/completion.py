"""What the shell offers when a word is completed: closed lists, read from names of files and nothing heavier."""

from __future__ import annotations

import re
from collections.abc import Iterable

from carbon import shipped


def _starting(names: Iterable[str], incomplete: str) -> list[str]:
    return sorted(name for name in names if name.startswith(incomplete))


def methods(incomplete: str) -> list[str]:
    """Return the shipped method packs that begin with some letters.

    Examples
    --------
    >>> methods("cn-st")
    ['cn-statistics', 'cn-steel']
    """
    return _starting((path.stem for path in (shipped.folder("factors") / "methods").glob("*.toml")), incomplete)


def potentials(incomplete: str) -> list[str]:
    """Return the sets of warming potentials, and none.

    Examples
    --------
    >>> potentials("sa")
    ['sar']
    """
    names = [path.stem for path in (shipped.folder("factors") / "ipcc-gwp").glob("*.toml")]
    return _starting([*names, "none"], incomplete)


def factor_sets(incomplete: str) -> list[str]:
    """Return the shipped factor sets, as publication/table.

    Examples
    --------
    >>> factor_sets("mee-grid-2023/a")
    ['mee-grid-2023/average']
    """
    return _sets("factors", incomplete)


def level_sets(incomplete: str) -> list[str]:
    """Return the shipped level sets, as publication/table.

    Examples
    --------
    >>> level_sets("gb-18613")
    ['gb-18613-2020/motors']
    """
    return _sets("levels", incomplete)


def _sets(kind: str, incomplete: str) -> list[str]:
    found = (f"{path.parent.name}/{path.stem}" for path in shipped.folder(kind).glob("*/*.toml"))
    return _starting((name for name in found if not name.startswith("methods/")), incomplete)


def codes(incomplete: str) -> list[str]:
    """Return the issue codes that begin with a letter and some digits; nothing of other words, which are folders.

    Examples
    --------
    >>> codes("u101")
    ['U101']
    """
    from carbon.errors import catalogue

    return _starting(catalogue(), incomplete.upper()) if re.fullmatch("[A-Za-z][0-9]*", incomplete) else []


def tables(incomplete: str) -> list[str]:
    """Return what `carbon template` makes."""
    from carbon.describe import templates

    return _starting(templates(), incomplete)


def topics(incomplete: str) -> list[str]:
    """Return what `carbon describe` describes."""
    from carbon.describe import described

    return _starting(described(), incomplete)
