"""Gates: what policies ask of new and existing projects, held against a verdict, a grade and a level of equipment."""

from __future__ import annotations

from carbon.benchmarks.ladder import UNKNOWN, Ladder
from carbon.benchmarks.lines import EQUIPMENT, NEW
from carbon.benchmarks.policy import Rule, rules
from carbon.errors import Said
from carbon.schema import folded
from carbon.tables import Table

_PARTS = {"energy": Said("energy level", "能效"), "environment": Said("environmental grade", "环保绩效"),
          "equipment": Said("main equipment", "主要用能设备")}  # fmt: skip
_WORDS = {
    "met": Said("met", "符合"), "fails": Said("fails: ", "不符合："), "unknown": Said("not known: ", "未知："),
    "flagged": Said("flagged", "列入"), "clear": Said("not flagged", "不列入"),
    "new": Said("new project", "新建项目准入"), "existing": Said("existing line", "存量要求"),
    "price": Said("tiered electricity price (under study)", "阶梯电价（研究中）"),
    "favoured": Said("favoured output", "支持释放产能"), "upgrade": Said("accelerated retrofit", "加快改造"),
    "retrofit": Said("retrofit", "改造后要求"), "by": Said("by", "期限"),
}  # fmt: skip
_ANY = frozenset({"price", "upgrade"})  # one of the conditions is enough


class Gates:
    """The gates of all policies, by product."""

    def __init__(self) -> None:
        self.by_subject: dict[str, list[Rule]] = {}
        for rule in rules("gates"):
            for subject in rule.subjects:
                self.by_subject.setdefault(subject, []).append(rule)

    def say(self, ladder: Ladder, rank: int, table: Table, row: int, language: str) -> str | None:
        """Return what the gates say of one line held against a sector level, in words; None where none applies."""
        if [t.name for t in ladder.tiers] != ["benchmark", "baseline"]:
            return None
        status = folded(table.text("status", row))
        said = []
        for rule in self.by_subject.get(ladder.subject, ()):
            wanted = {"new", "favoured"} if status in NEW else {"existing", "price", "favoured", "upgrade"}
            if rule["project"] in wanted and (rule["energy"] or rule["environment"]):
                grade = table.text("environment_grade", row)
                said.append(_say(rule, rank, grade, table.text("equipment_level", row), language))
        return "; ".join(said) or None


def conditions(rule: Rule, rank: int, grade: str, equipment: str) -> dict[str, bool | None]:
    """Return whether each condition of a gate holds; None where it is not known.

    Parameters
    ----------
    rule : Rule
        The gate.
    rank : int
        0 = at the benchmark, 1 = between, 2 = below the baseline, -1 = unknown.
    grade : str
        Environmental performance grade, such as ``A``.
    equipment : str
        Level of the main energy-using equipment.
    """
    found: dict[str, bool | None] = {}
    if rule["energy"]:
        reached = None if rank == UNKNOWN else rank <= ["benchmark", "baseline"].index(rule["energy"])
        found["energy"] = (None if reached is None else not reached) if rule["project"] in _ANY else reached
    if rule["environment"]:
        named = map(folded, rule["environment"].split("|"))
        found["environment"] = folded(grade).removesuffix("级") in named if grade else None
    if rule["equipment"]:
        level = EQUIPMENT.get(folded(equipment))
        found["equipment"] = None if level is None else level >= EQUIPMENT[rule["equipment"]]
    return found


def decide(rule: Rule, rank: int, grade: str, equipment: str) -> bool | None:
    """Return whether a gate is passed (or, where one condition is enough, whether a line is flagged)."""
    held = conditions(rule, rank, grade, equipment).values()
    if rule["project"] in _ANY:
        return True if True in held else (None if None in held else False)
    return False if False in held else (None if None in held else True)


def _say(rule: Rule, rank: int, grade: str, equipment: str, language: str) -> str:
    held = conditions(rule, rank, grade, equipment)
    outcome = decide(rule, rank, grade, equipment)

    def word(name: str) -> str:
        return str(getattr(_WORDS[name], language))

    def parts(value: bool | None) -> str:
        return ", ".join(getattr(_PARTS[name], language) for name, state in held.items() if state is value)

    if rule["project"] in _ANY:
        text = word("flagged") if outcome else (word("clear") if outcome is False else word("unknown") + parts(None))
    elif outcome is None:
        text = word("unknown") + parts(None)
    else:
        text = word("met") if outcome else word("fails") + parts(False)
    until = f", {word('by')} {rule['deadline']}" if rule["deadline"] and outcome is False else ""
    return f"{word(rule['project'])}: {text}{until} [{rule.document}]"
