"""Floor 0: where the shipped data lies, in a checkout or in an installed wheel. Reads nothing itself."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_IN_WHEEL = {"factors": "_shipped/factors", "levels": "_shipped/levels", "examples": "_shipped/examples"}
_IN_CHECKOUT = {"factors": "../factors", "levels": "../benchmarks/levels", "examples": "../examples"}


def folder(kind: str) -> Path:
    """Return the folder of shipped data of one kind.

    Parameters
    ----------
    kind : {"factors", "levels", "examples"}
        Which data is wanted.

    Returns
    -------
    pathlib.Path
        The folder beside the running code; a checkout is preferred to a copy inside the package.

    Raises
    ------
    FileNotFoundError
        If neither place exists, which means a broken installation.

    Examples
    --------
    >>> (folder("factors") / "items.csv").is_file()
    True
    """
    for relative in (_IN_CHECKOUT[kind], _IN_WHEEL[kind]):
        path = (_PACKAGE / relative).resolve()
        if path.is_dir() and (relative.startswith("_") or (_PACKAGE.parent / "pyproject.toml").is_file()):
            return path
    message = f"shipped {kind} data not found beside {_PACKAGE}"
    raise FileNotFoundError(message)
