"""Every command, registered: rooms add theirs to `app` when they are imported; here they are put in order."""

from typer.models import CommandInfo, TyperInfo

from carbon.cli import factors, footprints, imports, levels
from carbon.cli.app import app

__all__ = ["app", "factors", "footprints", "imports", "levels"]

PANELS = {  # panel of `carbon --help` → commands in order, each with an example
    "Begin": {
        "init": "carbon init mine --lang zh",
        "template": "carbon template activities --xlsx",
    },
    "Compute": {
        "run": "carbon run examples/quarterly --lang en",
        "footprint": "carbon footprint examples/footprint-cement --draws 1000",
        "benchmark": "carbon benchmark examples/levels/lines.csv --levels sector",
        "portfolio": "carbon portfolio examples/levels/lines.csv --today 2026-01-31",
        "equipment": "carbon equipment examples/levels/equipment.csv",
        "upgrade": "carbon upgrade examples/upgrade",
        "savings": "carbon savings examples/savings",
    },
    "Check and retrace": {
        "check": "carbon check examples/faulty",
        "explain": "carbon explain examples/quarterly/results:5",
        "selftest": "carbon selftest",
    },
    "Look up": {
        "describe": "carbon describe activities --lang zh",
        "factors": "carbon factors search 山东 电力",
        "levels": "carbon levels search 水泥",
    },
}
INNER = {  # of commands that have commands
    "factors": {
        "search": "carbon factors search 山东 电力",
        "show": "carbon factors show mee-grid-2023/average",
        "sets": "carbon factors sets",
        "check": "carbon factors check my-factors",
        "import": "carbon factors import list.csv --into my-factors --map map.toml",
    },
    "levels": {
        "search": "carbon levels search 水泥",
        "show": "carbon levels show gb-18613-2020/motors",
        "sets": "carbon levels sets",
        "check": "carbon levels check my-levels",
    },
}
_ORDER = [name for commands in PANELS.values() for name in commands]


def _name(command: CommandInfo | TyperInfo) -> str:
    return str(command.name or getattr(command.callback, "__name__", ""))


app.registered_commands.sort(key=lambda command: _ORDER.index(_name(command)))
_EVERY: list[CommandInfo | TyperInfo] = [*app.registered_commands, *app.registered_groups]
for one in _EVERY:
    one.rich_help_panel = next(panel for panel, examples in PANELS.items() if _name(one) in examples)
    one.epilog = f"Example: {PANELS[one.rich_help_panel][_name(one)]}"
for outer, rooms in (("factors", factors.factors), ("levels", levels.levels)):
    for inner in rooms.registered_commands:
        inner.epilog = f"Example: {INNER[outer][_name(inner)]}"
