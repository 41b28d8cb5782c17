"""What tests of hostile input share: runs that must end soon, in little memory, with every row accounted for."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import pytest

from carbon.cli import main
from carbon.errors import DataError, Issues
from carbon.inventory import Result
from carbon.run import compute, open_job

NAMES = ["facility", "period", "item", "quantity", "unit", "use", "factor", "factor_unit"]
HEAD = ",".join(NAMES) + "\n"
GOOD = "Good,2024-01,diesel,10,t,combustion,3,tCO2/t\n"  # 30 t
HANG = 60.0  # seconds: far beyond what any machine needs, far short of what a quadratic search takes
DICT = dict(zip(NAMES, ["Good", "2024-01", "diesel", "10", "t", "combustion", "3", "tCO2/t"], strict=True))


@contextmanager
def within_reason() -> Iterator[None]:
    """Break off what takes longer: a hang is a failure and not the end of the whole suite."""

    def broke_off(_: int, __: FrameType | None) -> None:
        message = f"not done within {HANG} s"
        raise TimeoutError(message)

    before = signal.signal(signal.SIGALRM, broke_off)
    signal.setitimer(signal.ITIMER_REAL, HANG)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def outcome(path: Path) -> tuple[Result | None, Issues]:
    """Return the result of a run in memory, or none, and what was said; anything but a clear error comes through."""
    with within_reason():
        try:
            result, _ = compute(open_job(path))
        except DataError as error:
            return None, error.issues
        else:
            assert result.total_records is not None
            return result, result.issues


def table(folder: Path, *rows: str, head: str = HEAD) -> Path:
    path = folder / "activities.csv"
    path.write_text(head + GOOD.rstrip() + "," * (head.count(",") - HEAD.count(",")) + "\n" + "".join(rows), "utf-8")
    return path


def run_folder(folder: Path, toml: str = "", rows: str = GOOD, **files: str | bytes) -> Path:
    """Make a run folder; further files by their path, with two underscores for a slash and one dot at the end."""
    made = folder / "job"
    made.mkdir()
    for name, content in {"run.toml": toml, "activities.csv": HEAD + rows, **files}.items():
        path = made / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return made


def command(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], *words: str | Path) -> tuple[int, str]:
    """Run the command line here; return its exit code and everything it printed."""
    monkeypatch.setattr(sys, "argv", ["carbon", *map(str, words)])
    code = 0
    with within_reason():
        try:
            main()
        except SystemExit as done:
            code = int(done.code or 0)
    captured = capfd.readouterr()
    return code, captured.out + captured.err


def nothing_lost(result: Result) -> None:
    """Every row is computed, or listed as an error with its line."""
    bad = {int(line) for line in result.rows.table.line[result.rows.bad]}
    listed = {int(line) for issue in result.issues.errors for line in issue.lines}
    assert bad <= listed, f"lines {sorted(bad - listed)} are lost in silence"
    assert result.complete == (not result.issues.errors)
    counts = result.provenance["lines"]
    assert counts["read"] == counts["computed"] + counts["bad"]


def good_total(result: Result) -> float | None:
    return next(
        r["co2e_t"]
        for r in result.total_records
        if (r["facility"], r["period"], r["category"], r["basis"]) == ("Good", "2024-01", "total", "location")
    )


def cell(reference: str, text: str) -> str:
    return f'<c r="{reference}" t="inlineStr"><is><t>{text}</t></is></c>'
