"""Floor 9: a first run folder, copied from the shipped example."""

from __future__ import annotations

import shutil
from pathlib import Path

from carbon import shipped
from carbon.errors import UsageError

FILES = ("run.toml", "activities.csv", "facilities.csv", "output.csv")


def make_run_folder(folder: Path, language: str = "en") -> list[Path]:
    """Make a run folder with an invented example.

    Parameters
    ----------
    folder : pathlib.Path
        It must not exist, or be empty.
    language : {"en", "zh"}
        Language of its headers, names and comments.

    Returns
    -------
    list of pathlib.Path
        The files made.

    Raises
    ------
    UsageError
        If the folder holds anything.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        message = f"{folder} exists and is not empty; nothing was changed"
        raise UsageError(message)
    folder.mkdir(parents=True, exist_ok=True)
    source = shipped.folder("examples") / "starter" / language
    return [Path(shutil.copyfile(source / name, folder / name)) for name in FILES]
