"""Floor 0: where the shipped data lies, in a checkout or in an installed wheel. Reads nothing itself."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_KINDS = {
    "factors": "factors", "examples": "examples", "levels": "benchmarks/levels", "targets": "benchmarks/targets",
    "gates": "benchmarks/gates", "triggers": "benchmarks/triggers", "incentives": "benchmarks/incentives",
}  # fmt: skip


def folder(kind: str) -> Path:
    """Return the folder of shipped data of one kind.

    Parameters
    ----------
    kind : {"factors", "examples", "levels", "targets", "gates", "triggers", "incentives"}
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
    place = _KINDS[kind]
    checkout, wheel = _PACKAGE.parent / place, _PACKAGE / "_shipped" / place
    if checkout.is_dir() and (_PACKAGE.parent / "pyproject.toml").is_file():
        return checkout
    if wheel.is_dir():
        return wheel
    message = f"shipped {kind} data not found beside {_PACKAGE}"
    raise FileNotFoundError(message)
