"""Policy rules as data: dated targets, gates of projects, triggers of renewal, incentives; each with its quote."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

from carbon import shipped
from carbon.documents import SetMetadata, load
from carbon.library.files import read_csv


@dataclass(frozen=True)
class Rule:
    """One row of a policy table.

    Attributes
    ----------
    id : str
        Table and row: ``ndrc-730-2024/gates:steel-new``.
    document : str
        Number of the document.
    fields : dict of str to str
        The row as it stands.
    """

    id: str
    document: str
    issued: dt.date
    fields: dict[str, str]

    def __getitem__(self, name: str) -> str:
        return self.fields[name]

    @property
    def subjects(self) -> tuple[str, ...]:
        """Products or kinds of equipment of which it speaks."""
        return tuple(self.fields["subjects"].split("|"))

    @property
    def value(self) -> Fraction | None:
        """Its number, exactly; None where it has none."""
        return Fraction(self.fields["value"]) if self.fields["value"] else None

    @property
    def source(self) -> str:
        """Document and line of the policy digest."""
        return f"{self.document} ({self.fields['page']} L{self.fields['line'].replace('|', ', L')})"


@cache
def rules(kind: str) -> tuple[Rule, ...]:
    """Return every rule of one kind.

    Parameters
    ----------
    kind : {"targets", "gates", "triggers", "incentives"}
        Which table.

    Examples
    --------
    >>> next(r for r in rules("gates") if r.id == "ndrc-733-2024/gates:cement-new")["energy"]
    'benchmark'
    """
    column = {"targets": "target_id", "gates": "gate_id", "triggers": "trigger_id", "incentives": "incentive_id"}[kind]
    found = []
    for path in sorted(shipped.folder(kind).glob("*/*.toml")):
        meta = load(path, SetMetadata)
        for row in read_csv(path.with_suffix(".csv")).records():
            found.append(Rule(f"{meta.id}:{row[column]}", meta.document, meta.issued, row))
    return tuple(found)
