"""What the figures of a footprint open: the sum behind a part of it, and the equations of a row of the exchanges."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from carbon.errors import printable
from carbon.footprint.background import APART, BIOGENIC, weights
from carbon.report.cells import percent, significant
from carbon.report.page.footprints.view import View
from carbon.report.page.parts import clean
from carbon.report.retracing import retrace

MOST_LINES = 300  # whose equations the page holds: of the largest contributions; of large studies fewer
MOST_WORK = 1_500_000  # lines times exchanges, since each line is looked for among all
MOST_PARTS = 40  # of a sum
_COLUMN = {"stage": "stage", "process": "process", "origin": "origin"}
_GAS_OF = {"biogenic": BIOGENIC, **APART}


@dataclass
class Origins:
    """Texts of the page, each once, by number.

    Attributes
    ----------
    view : View
        The footprint.
    texts : list of str
        What was asked for so far.
    """

    view: View
    texts: list[str] = field(default_factory=list)
    _lines: dict[int, int] = field(default_factory=dict)
    _held: dict[tuple[str, str, str], list[dict[str, Any]]] = field(default_factory=dict)

    def line(self, line: int) -> int | None:
        """Return the number of the text that retraces a row of the exchanges; None once the page holds enough."""
        if line not in self._lines:
            if len(self._lines) >= min(MOST_LINES, MOST_WORK // len(self.view.found.exchanges)):
                return None
            text = "\n".join(printable(one)[:1000] for one in retrace(self.view.found, line).split("\n"))
            self._lines[line] = self._add(text)
        return self._lines[line]

    def part(self, record: dict[str, Any]) -> int | None:
        """Return the number of the text that sums up a part of the footprint; None of what is no sum."""
        if record["part"] == "class" or record["co2e_kg"] is None:
            return None
        summed = [r for r in self._parts(record) if r["co2e_kg"]]
        summed.sort(key=lambda r: -abs(r["co2e_kg"]))
        w, unit = self.view.w, "kg CO2" if record["part"] == "apart" else "kgCO2e"
        shown = [(r["co2e_kg"], f"{r['process']} · {r['name']} ({w['at_row'].format(n=r['source_line'])})")
                 for r in summed[:MOST_PARTS]]  # fmt: skip
        rest = record["co2e_kg"] - sum(mass for mass, _ in shown)
        if len(summed) > len(shown):
            shown.append((rest, w["smaller"].format(n=len(summed) - len(shown))))
        total = self.view.totals[record["scenario"]]
        share = record["share_pct"] is not None
        width = max((len(significant(mass)) for mass, _ in shown), default=0)
        lines = [
            f"  {significant(mass):>{width}} {unit}"
            + (f"  {percent(100 * mass / total):>6} %" if share and total else "") + f"  {clean(name, 120)}"
            for mass, name in shown
        ]  # fmt: skip
        words = [self.view.scenario(record["scenario"]), w["part_" + record["part"]], self.view.part(record)]
        head = " · ".join(filter(None, words))
        return self._add("\n".join([head, *lines, f"= {significant(record['co2e_kg'])} {unit}"]))

    def _add(self, text: str) -> int:
        self.texts.append(text)
        return len(self.texts) - 1

    def _parts(self, record: dict[str, Any]) -> list[dict[str, Any]]:
        """Return what a part is the sum of: records of exchanges, each with its mass."""
        scenario, part, name = record["scenario"], record["part"], record["name"]
        if part in ("gas", "apart"):
            return self._of_gas(scenario, name if part == "gas" else _GAS_OF[name], part == "gas")
        if not self._held:
            for r in self.view.contributions:
                for column in ("total", *_COLUMN.values()):
                    self._held.setdefault((r["scenario"], column, r.get(column, "")), []).append(r)
        return self._held.get((scenario, part, name), [])

    def _of_gas(self, scenario: str, gas: str, weighed: bool) -> list[dict[str, Any]]:
        """Return the mass of one gas of each exchange, in CO2e where it is weighed [kg]."""
        found = self.view.found
        chain, solved = found.chain, found.solved[scenario]
        place = found.background.gases.index(gas)
        weight = float(weights([gas], found.potentials)[0]) if weighed else 1.0
        masses = np.bincount(chain.flow, solved.flow[:, place], len(chain.exchanges)) * weight
        return [
            {"process": chain.processes[one.process].name, "name": one.name, "co2e_kg": float(masses[number]),
             "source_line": int(found.exchanges.line[one.row])}
            for number, one in enumerate(chain.exchanges) if masses[number]
        ]  # fmt: skip
