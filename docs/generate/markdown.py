"""A little Markdown: text that stays text, and tables."""

import re
from collections.abc import Iterable, Sequence

_SPECIAL = re.compile(r"[\\`*_{}\[\]<>#|~!&\"':+=-]")
_LINK = re.compile(r"(https?)&#58;//")


def text(value: object) -> str:
    r"""Return a text of which nothing is read as Markdown or HTML, on one line.

    Examples
    --------
    >>> text("a|b <i>")
    'a&#124;b &#60;i&#62;'
    """
    return " ".join(_SPECIAL.sub(lambda found: f"&#{ord(found[0])};", str(value)).split())


def code(value: object) -> str:
    """Return a text as code; nothing for an empty one.

    Examples
    --------
    >>> code("a|b")
    '<code>a&#124;b</code>'
    """
    shown = " ".join(str(value).split())
    return f"<code>{_SPECIAL.sub(lambda found: f'&#{ord(found[0])};', shown)}</code>" if shown else ""


def prose(value: object) -> str:
    """Return a text in which only `code` between backticks is read as Markdown.

    Examples
    --------
    >>> prose("see `a|b` and *c*")
    'see <code>a&#124;b</code> and &#42;c&#42;'
    """
    parts = re.split(r"`+([^`]+)`+", " ".join(str(value).split()))
    return "".join(code(part) if n % 2 else _spaced(part) for n, part in enumerate(parts))


def _spaced(part: str) -> str:
    """Return escaped text that keeps a blank at its ends."""
    return f"{' ' if part[:1] == ' ' else ''}{text(part)}{' ' if part[1:] and part[-1] == ' ' else ''}"


def both(english: object, chinese: object) -> str:
    """Return what is said in both languages, one below the other."""
    return "<br>".join(filter(None, map(prose, (english, chinese))))


def codes(values: Iterable[object]) -> str:
    """Return texts as code, one behind the other."""
    return " · ".join(code(value) for value in values)


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; cells are Markdown already. Columns that are empty in every row are left out."""
    body = [list(row) for row in rows]
    kept = [n for n in range(len(header)) if any(row[n] for row in body)]
    lines = [[header[n] for n in kept], ["---"] * len(kept), *([row[n] for n in kept] for row in body)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def heading(depth: int, words: str, anchor: str) -> str:
    """Return a heading with a fixed anchor; its words are plain text."""
    return f"\n{'#' * depth} {text(words)} {{ #{anchor} }}\n"


def slug(identifier: str) -> str:
    """Return an anchor for an identifier.

    Examples
    --------
    >>> slug("mee-grid-2023/average")
    'mee-grid-2023-average'
    """
    return re.sub(r"[^a-z0-9]+", "-", identifier.lower()).strip("-")


def fenced(value: str, language: str = "text") -> str:
    """Return lines as a block of code."""
    return f"\n```{language}\n{value}\n```\n"
