"""What tests of imports share: invented suppliers and tables."""

from __future__ import annotations

import csv
import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from carbon.errors import Issues
from carbon.imports import Import, import_factors

EXAMPLES = Path(__file__).parents[2] / "examples" / "imports"
SOURCE = {"title": "list (invented)", "publisher": "Example Ltd", "document": "list 7", "issued": dt.date(2025, 1, 1)}
ITEM = {"item_kind": "purchased-goods", "item_use": "purchased", "item_origin": "mixed"}
PACT: dict[str, Any] = json.loads((EXAMPLES / "supplier-pact.json").read_text("utf-8"))["data"][0]
MAP = '[columns]\nname = "name"\nvalue = "value"\nunit = "unit"\n'


def rows_of(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def codes(issues: Issues) -> dict[str, list[int]]:
    """Return the lines by code."""
    found: dict[str, list[int]] = {}
    for issue in issues:
        found.setdefault(issue.code, []).extend(map(int, issue.lines))
    return {code: sorted(lines) for code, lines in found.items()}


@pytest.fixture
def table(tmp_path: Path) -> Callable[..., Import]:
    """Import lines of text through a map of name, value and unit."""

    def table(*lines: str, head: str = "name,value,unit", map_text: str = MAP, **options: Any) -> Import:
        path, mapping = tmp_path / "list.csv", tmp_path / "map.toml"
        path.write_text("\n".join([head, *lines, ""]), encoding="utf-8")
        mapping.write_text(map_text, encoding="utf-8")
        return import_factors(
            [path], tmp_path / "own", mapping=mapping, **({"publication": "mine"} | SOURCE | ITEM | options)
        )

    return table


def supplier(tmp_path: Path, document: object, **options: Any) -> Import:
    path = tmp_path / "supplier.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")
    return import_factors([path], tmp_path / "own", kind="pact", **({"publication": "supplier"} | options))


def footprint(**changes: Any) -> dict[str, Any]:
    """Return the footprint of the example with other properties; `pcf` changes single ones, None removes one."""
    made = json.loads(json.dumps(PACT))
    for name, value in (changes.pop("pcf") if isinstance(changes.get("pcf"), dict) else {}).items():
        made["pcf"].pop(name) if value is None else made["pcf"].update({name: value})
    for name, value in changes.items():
        made.pop(name) if value is None else made.update({name: value})
    return made
