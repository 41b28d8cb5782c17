"""Floor 9: does this installation compute? Worked examples with printed answers, and kernels against themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np


def _statistics() -> str:
    """Compute 310 万kWh and 1.5 万m3 of blast-furnace gas: 382.919 tce (工信厅企业〔2024〕56号)."""
    from carbon.inventory import account

    rows = [
        {"facility": "a", "period": "2024", "item": "电力", "quantity": 310, "unit": "万千瓦时"},
        {"facility": "a", "period": "2024", "item": "高炉煤气", "quantity": 1.5, "unit": "万立方米"},
    ]
    energy = {r["item"]: r["tce"] for r in account(rows, method="cn-statistics").energy_records}
    found = energy["electricity"], energy["blast-furnace-gas"], energy["total"]
    return "" if found == (380.99, 1.929, 382.919) else f"expected 380.99, 1.929, 382.919 tce, found {found}"


def _units() -> str:
    """Compare the same electricity in four units, to the bit."""
    from carbon.inventory import account

    amounts = [(100, "kWh"), (0.01, "万千瓦时"), (0.36, "GJ"), (0.1, "MWh")]
    found = set()
    for quantity, unit in amounts:
        row = {"facility": "a", "period": "2023", "item": "electricity", "quantity": quantity, "unit": unit}
        found.add(account([row]).total_records[-1]["co2e_t"])
    return "" if len(found) == 1 else f"four units give {sorted(found)}"


def _shipped() -> str:
    """Check every shipped factor row."""
    from carbon.library import load_library

    issues = load_library().check()
    return "" if not issues else issues[0].text()


def _kernels() -> str:
    """Compare compiled and interpreted kernels, to the bit."""
    from carbon.kernels import COMPILE_ABOVE, run
    from carbon.kernels.sums import BIAS, LIMBS, SIGNATURE, exact_sums

    values = np.linspace(-1e9, 1e9, 1001) / 7.0
    group = (np.arange(1001) % 3).astype(np.int32)
    sums = [np.zeros((3, LIMBS), dtype=np.int64) for _ in range(2)]
    for size, out in zip((0, COMPILE_ABOVE + 1), sums, strict=True):
        run(exact_sums, SIGNATURE, size, values.view(np.int64), group, BIAS, out)
    return "" if np.array_equal(sums[0], sums[1]) else "compiled sums differ from interpreted ones"


TESTS: dict[str, Callable[[], str]] = {
    "shipped factors": _shipped,
    "energy statistics example": _statistics,
    "one amount in four units": _units,
    "compiled kernels": _kernels,
}


def selftest() -> Iterator[tuple[str, str]]:
    """Yield the name of each test and what is wrong; an empty text is good."""
    for name, test in TESTS.items():
        yield name, test()
