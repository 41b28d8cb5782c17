"""Write the tables of the README from what was measured: ``python -m benchmarks.perf.report JSON README``."""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
ORDER = ("whole run", "cold start", "read", "check", "match", "rows", "sums", "totals", "energy", "verdicts", "solve",
         "draws", "studies")  # fmt: skip
LIBRARIES = ("numpy", "scipy", "numba", "pyarrow", "pandas", "polars", "duckdb")
HEAD = "| what | carbon's time ÷ this | median | rows per second |\n| --- | ---: | ---: | ---: |"


def table(document: Mapping[str, Any]) -> str:
    """Return the machine and one table per group.

    Parameters
    ----------
    document : mapping
        What ``--benchmark-json`` writes.
    """
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for one in document["benchmarks"]:
        groups.setdefault(one["group"], []).append(one)
    parts = [machine(document)]
    for title, found in sorted(groups.items(), key=lambda group: ORDER.index(group[0].partition(":")[0])):
        parts += [f"### {title[0].upper()}{title[1:]}", HEAD + "\n" + "\n".join(_lines(found))]
    return "\n\n".join(parts)


def _lines(found: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield a line per measure, the engine first."""
    ours = next((one for one in found if _what(one).startswith("carbon")), None)
    for one in sorted(found, key=lambda one: (one is not ours, not _what(one).startswith(("carbon", "(carbon")))):
        ratio = "" if ours is None or "(" in _what(one)[:1] else _times(_seconds(ours) / _seconds(one))
        rows = one["extra_info"].get("rows", 0)
        pace = _pace(rows / _seconds(one)) if rows else ""
        name = f"**{_what(one)}**" if _what(one).startswith("carbon") else _what(one).strip("()")
        yield f"| {name} | {'1' if one is ours else ratio} | {_time(_seconds(one))} | {pace} |"


def _times(ratio: float) -> str:
    """Return a ratio to two digits.

    Examples
    --------
    >>> _times(0.000812), _times(0.4567), _times(12.34)
    ('0.00081 ×', '0.46 ×', '12 ×')
    """
    return f"{ratio:#.2g}".rstrip(".") + " ×"


def _what(one: Mapping[str, Any]) -> str:
    return str(one["extra_info"].get("what", one["name"]))


def _seconds(one: Mapping[str, Any]) -> float:
    return float(one["stats"]["median"] * one["extra_info"].get("times", 1))


def _time(seconds: float) -> str:
    """Return a time to three digits.

    Examples
    --------
    >>> _time(0.01234), _time(12.34), _time(123.4)
    ('12.3 ms', '12.3 s', '123 s')
    """
    value, unit = (
        (seconds, "s") if seconds >= 1 else (seconds * 1e3, "ms") if seconds >= 1e-3 else (seconds * 1e6, "µs")
    )
    return f"{value:.3g} {unit}" if value < 1000 else f"{value:.0f} {unit}"


def _pace(rows: float) -> str:
    """Return rows per second to two digits.

    Examples
    --------
    >>> _pace(1234567), _pace(12345), _pace(0.31)
    ('1.2 million', '12 000', '0.31')
    """
    if rows < 100:
        return f"{rows:.2g}"
    if rows >= 1e6:
        return f"{rows / 1e6:.2g} million" if rows < 1e8 else f"{rows / 1e6:.0f} million"
    return f"{int(float(f'{rows:.2g}')):,}".replace(",", " ")


def machine(document: Mapping[str, Any]) -> str:
    """Return processor, memory and versions; no name of a host."""
    info = document["machine_info"]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    known = []
    for name in LIBRARIES:
        try:
            known.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            known.append(f"{name} missing")
    cores = info["cpu"].get("count") or os.cpu_count()
    model = f"{info['cpu'].get('brand_raw') or processor()}, {cores} cores, {memory:.0f} GiB"
    python = f"{platform.system()}, Python {info['python_version']}"
    return f"Measured {document['datetime'][:10]} on {model}; {python}, {', '.join(known)}."


def processor() -> str:
    """Return the model of the processor."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text("utf-8").splitlines() if path.is_file() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def fill(text: str, measured: str) -> str:
    """Return a text with what is between the markers replaced.

    Examples
    --------
    >>> fill(f"a {BEGIN} old {END} b", "new") == f"a {BEGIN}\\n\\nnew\\n\\n{END} b"
    True
    """
    before, _, rest = text.partition(BEGIN)
    _, found, after = rest.partition(END)
    if not found:
        message = f"no markers {BEGIN} and {END}"
        raise ValueError(message)
    return f"{before}{BEGIN}\n\n{measured}\n\n{END}{after}"


def main(measured: str, readme: str) -> None:
    """Put the table of one file into another."""
    document = json.loads(Path(measured).read_text("utf-8"))
    path = Path(readme)
    path.write_text(fill(path.read_text("utf-8"), table(document)), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
