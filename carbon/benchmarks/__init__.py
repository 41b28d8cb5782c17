"""Floor 6: sector levels, verdicts, portfolio shares and targets, equipment grades, upgrade studies.

Levels, targets, gates, triggers and incentives are data in ``benchmarks/``. Accounting itself is left to inventory.
"""

from carbon.benchmarks.benchmarking import benchmark, benchmark_result
from carbon.benchmarks.equipment import Equipment, grade_equipment
from carbon.benchmarks.levels import Levels, load_levels
from carbon.benchmarks.portfolios import Portfolio, portfolio
from carbon.benchmarks.upgrades.checking import SavingsCheck, check_savings
from carbon.benchmarks.upgrades.upgrading import Upgrade, upgrade
from carbon.benchmarks.verdicts import Verdicts

__all__ = [
    "Equipment", "Levels", "Portfolio", "SavingsCheck", "Upgrade", "Verdicts", "benchmark", "benchmark_result",
    "check_savings", "grade_equipment", "load_levels", "portfolio", "upgrade",
]  # fmt: skip
