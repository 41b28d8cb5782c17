"""What tests of upgrade studies share: one motor, lamps, a price, a study without errors."""

from __future__ import annotations

from typing import Any

import pytest

from carbon.benchmarks.upgrades.checking import SavingsCheck
from carbon.benchmarks.upgrades.upgrading import Upgrade, upgrade

near = pytest.approx
STUDY = {"year": 2023, "region": "山东"}
POWER = {"item": "electricity", "value": 0.64, "unit": "CNY/kWh", "source": "invented"}
MOTOR = {
    "measure": "motor", "kind": "motor", "power_kw": 90, "load": 0.75, "hours": 4000, "before_efficiency_pct": 90,
    "after_efficiency_pct": 96,
}  # fmt: skip
MONEY = {"price": [POWER], "discount_rate": 0, "life_years": 1}
RULE = [{"rule": "equipment-loan-2024"}]


def study(*rows: dict[str, Any], **settings: Any) -> Upgrade:
    found = upgrade(list(rows), study=STUDY | settings)
    assert not found.issues.errors, found.issues
    return found


def one(row: dict[str, Any], **settings: Any) -> dict[str, Any]:
    return study(row, **settings).records[0]


def codes(found: Upgrade | SavingsCheck) -> set[str]:
    return {issue.code for issue in found.issues if issue.code.startswith("B")}


def lamp(name: str, after: float, investment: float, **more: Any) -> dict[str, Any]:
    """100 lamps of 100 W for 1000 h: 10 000 kWh before, 100 · `after` after."""
    return {"measure": name, "kind": "lighting", "count": 100, "hours": 1000, "before_watts": 100, "after_watts": after,
            "investment_cny": investment, **more}  # fmt: skip
