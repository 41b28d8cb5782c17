"""Floor 9: first folders to change, copied from the shipped examples."""

from __future__ import annotations

from pathlib import Path

from carbon import shipped
from carbon.errors import UsageError

KINDS = {  # kind → command that computes it, table that is changed first
    "quarterly": ("run", "activities"),
    "footprint": ("footprint", "exchanges"),
    "upgrade": ("upgrade", "measures"),
}
_MARK = b"\xef\xbb\xbf"  # by which Excel knows that a CSV file is UTF-8


def make_starter(folder: Path, kind: str = "quarterly", language: str = "en") -> list[Path]:
    """Make a folder with a small invented example that computes as it is.

    Parameters
    ----------
    folder : pathlib.Path
        It must not exist, or be empty.
    kind : {"quarterly", "footprint", "upgrade"}
        A run of a quarter, a study of a product, or a study of measures.
    language : {"en", "zh"}
        Language of its headers, names and comments.

    Returns
    -------
    list of pathlib.Path
        The files made, the settings first.

    Raises
    ------
    UsageError
        If the folder holds anything, or cannot be made because of a file.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     [path.name for path in make_starter(Path(folder) / "mine", "upgrade")]
    ['upgrade.toml', 'measures.csv']
    """
    above = next(one for one in (folder, *folder.parents) if one.exists())
    if not above.is_dir():
        message = f"{folder} cannot be made: {above} is a file; nothing was changed"
        raise UsageError(message)
    if above == folder and any(folder.iterdir()):
        message = f"{folder} exists and is not empty; nothing was changed: choose another name"
        raise UsageError(message)
    source = shipped.folder("examples") / "starter" / kind / language
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for path in sorted(source.iterdir(), key=lambda one: (one.suffix != ".toml", one.name)):
        data = path.read_bytes()
        made.append(folder / path.name)
        made[-1].write_bytes(_MARK + data if path.suffix == ".csv" else data)
    return made
