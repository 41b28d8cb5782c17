"""Page of the issue codes."""

from collections import defaultdict

from carbon.errors import catalogue
from generate.markdown import code, heading, prose, slug

GROUPS = {"A": "activity rows 活动数据", "B": "levels, equipment, upgrades 水平、设备与改造", "D": "dates 日期",
          "F": "factors 因子", "M": "methods 方法", "P": "product footprints 产品碳足迹", "T": "tables 表格",
          "U": "units 单位"}  # fmt: skip


def filled(template: str) -> str:
    """Return a message or remedy of the catalogue with … where a value stands.

    Examples
    --------
    >>> filled("'{value}' is no unit[[; nearest: {near}]]")
    "'…' is no unit; nearest: …"
    """
    return template.replace("[[", "").replace("]]", "").format_map(defaultdict(lambda: "…"))


def issue_codes() -> str:
    """Return every issue code: what is said, what it means, how it is mended, in both languages."""
    parts = []
    for letter, about in GROUPS.items():
        parts.append(heading(2, f"{letter} · {about}", f"group-{slug(letter)}"))
        for name, entry in sorted(catalogue().items()):
            if name.startswith(letter):
                parts += _entry(name, entry)
    return "\n".join(parts)


def _entry(name: str, entry: dict[str, str]) -> list[str]:
    parts = [heading(3, f"{name} · {entry['title_en']} · {entry['title_zh']}", slug(name))]
    parts.append(f"*{entry['severity']}*" + (f" · example: {code(entry['example'])}" if entry.get("example") else ""))
    for language in ("en", "zh"):
        said, remedy = (filled(entry[f"{key}_{language}"]) for key in ("message", "remedy"))
        lines = [f"**{prose(said)}**", prose(entry.get(f"meaning_{language}", "")), f"→ {prose(remedy)}"]
        parts.append("\n" + "<br>\n".join(filter(None, lines)) + "\n")
    return parts
