"""The command as a user runs it: in a process of its own, from a shell, a pipe or a terminal."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest

import carbon as package
from carbon.cli import main

ROOT = Path(package.__file__).resolve().parents[1]
COMMAND = [sys.executable, "-c", f"import sys; sys.path[0] = {str(ROOT)!r}; from carbon.cli import main; main()"]


def _environment(given: dict[str, str]) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "LANG": "C.UTF-8", "TERM": "xterm-256color"} | given


def piped(*arguments: str | Path, cwd: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command with its output piped."""
    return subprocess.run(
        [*COMMAND, *map(str, arguments)], capture_output=True, encoding="utf-8", cwd=cwd,
        env=_environment(environment), check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip


def on_a_terminal(*arguments: str | Path, cwd: Path | None = None, **environment: str) -> tuple[int, str]:
    """Run the command on a terminal of 40 lines and 100 columns; return its exit code and all that it wrote."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
    with subprocess.Popen(
        [*COMMAND, *map(str, arguments)], stdin=theirs, stdout=theirs, stderr=theirs, cwd=cwd,
        env=_environment(environment),
    ) as process:  # fmt: skip
        os.close(theirs)
        written = bytearray()
        while True:
            try:
                part = os.read(ours, 65536)
            except OSError:  # its other end is closed
                break
            if not part:
                break
            written += part
        os.close(ours)
    return process.returncode, written.decode("utf-8")


def called(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, str, str]:
    """Call the command in this process, where a process of its own shows nothing more: exit code, output, errors."""
    before, sys.argv = sys.argv, ["carbon", *map(str, arguments)]
    capsys.readouterr()
    try:
        with pytest.raises(SystemExit) as end:
            main()
    finally:
        sys.argv = before
    code = end.value.code
    return code if isinstance(code, int) else int(code is not None), *capsys.readouterr()
