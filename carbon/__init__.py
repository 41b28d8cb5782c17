"""Energy and carbon accounting: activity data and sourced factors in, retraceable totals out.

Importing this package loads neither numba nor pint nor plotly; names below are loaded on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from carbon.benchmarks import benchmark, check_savings, grade_equipment, load_levels, portfolio, upgrade
    from carbon.errors import CarbonError, DataError, Issue, Issues, UsageError
    from carbon.footprint.study import Footprint
    from carbon.footprints import run_footprint
    from carbon.inventory import Result, account
    from carbon.library import Library, load_library

_HOMES = {
    "account": "carbon.inventory",
    "benchmark": "carbon.benchmarks",
    "grade_equipment": "carbon.benchmarks",
    "load_levels": "carbon.benchmarks",
    "portfolio": "carbon.benchmarks",
    "upgrade": "carbon.benchmarks",
    "check_savings": "carbon.benchmarks",
    "Footprint": "carbon.footprint.study",
    "run_footprint": "carbon.footprints",
    "Result": "carbon.inventory",
    "Library": "carbon.library",
    "load_library": "carbon.library",
    "CarbonError": "carbon.errors",
    "DataError": "carbon.errors",
    "UsageError": "carbon.errors",
    "Issue": "carbon.errors",
    "Issues": "carbon.errors",
}
__all__ = [
    "CarbonError", "DataError", "Footprint", "Issue", "Issues", "Library", "Result", "UsageError", "account",
    "benchmark", "check_savings", "grade_equipment", "load_levels", "load_library", "portfolio", "run_footprint",
    "upgrade",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib import metadata

        return metadata.version("carbon-accounting")
    if name not in _HOMES:
        message = f"module 'carbon' has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
