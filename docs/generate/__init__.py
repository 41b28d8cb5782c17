"""Parts of the reference, made of what the program reads: no table of it is copied by hand, none is committed.

A page names the part that belongs into it on a line of its own: `{{ tables }}`.
"""

import re
from collections.abc import Callable

from generate.catalogue import issue_codes
from generate.interface import command_line, python_names
from generate.publications import factor_sets, level_sets
from generate.rules import measure_kinds, method_packs, rule_sets
from generate.schemas import lists, settings_files, tables, units

PARTS: dict[str, Callable[[], str]] = {
    part.__name__: part
    for part in (
        tables, settings_files, lists, units, factor_sets, level_sets, measure_kinds, method_packs, rule_sets,
        issue_codes, command_line, python_names,
    )
}  # fmt: skip
_PLACE = re.compile(r"(?m)^\{\{ (\w+) \}\}$")


def filled(markdown: str) -> str:
    """Return a page with its parts in place.

    Raises
    ------
    KeyError
        If there is no part of that name.
    """
    return _PLACE.sub(lambda found: PARTS[found[1]](), markdown)
