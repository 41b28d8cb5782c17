"""Recycled content and end of life in one formula; cut-off, 50/50 and substitution are values of its factor A."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from carbon.errors import Issues, Said, UsageError
from carbon.footprint.expressions import Expression, ExpressionError
from carbon.footprint.tables import Exchange, Parameters, Process, Reader
from carbon.schema import folded
from carbon.tables import Table

FACTOR_A = {"cut-off": Fraction(1), "50/50": Fraction(1, 2), "substitution": Fraction(0)}
_NAMES = {"截断法": "cut-off", "五五法": "50/50", "替代法": "substitution"}
SHARES = ("recycled_content", "quality_in", "recovery_rate", "quality_out")
PARTNERS = ("recycled_by", "recycling_by", "replaced_by", "disposal_by")
_NEEDS = {"recycled_by": "recycled_content", "quality_in": "recycled_content", "recycling_by": "recovery_rate",
          "replaced_by": "recovery_rate", "quality_out": "recovery_rate"}  # fmt: skip
# part, kind, share of the amount: the formula of `burden`, term by term
_FORMULA = (
    ("name", "", "1 - {recycled_content} + {recycled_content} * (1 - {a}) * {quality_in}"),
    ("recycled_by", "input", "{recycled_content} * {a}"),
    ("recycling_by", "waste", "(1 - {a}) * {recovery_rate}"),
    ("replaced_by", "avoided", "(1 - {a}) * {recovery_rate} * {quality_out}"),
    ("disposal_by", "waste", "1 - {recovery_rate}"),
)
_END = frozenset({"recycling_by", "replaced_by", "disposal_by"})


@dataclass(frozen=True)
class Material:
    """What the recycling of one material is made of, each per unit of the material.

    Attributes
    ----------
    virgin, recycled : Fraction
        Burden of primary material, and of making the recycled one that goes in.
    disposal, recycling : Fraction
        Burden of disposing of it at its end of life, and of recycling it then.
    replaced : Fraction or None
        Burden of the primary material that recycling at the end of life replaces; that of `virgin` if None.
    content, rate : Fraction
        Share of recycled material going in (R1), and share that is recycled at the end of life (R2).
    quality_in, quality_out : Fraction
        Quality of the recycled material over that of the primary one, going in and coming out.
    """

    virgin: Fraction
    recycled: Fraction
    disposal: Fraction
    recycling: Fraction
    content: Fraction
    rate: Fraction
    replaced: Fraction | None = None
    quality_in: Fraction = Fraction(1)
    quality_out: Fraction = Fraction(1)


def burden(material: Material, method: str | Fraction) -> dict[str, Fraction]:
    """Return the burden of one unit of a material over its life, by part.

    Parameters
    ----------
    material : Material
        What it is made of.
    method : {"cut-off", "50/50", "substitution"} or Fraction
        How credits go to the supplier and the user of recycled material: factor A of the formula, 1 = all to the user.

    Returns
    -------
    dict of str to Fraction
        ``primary``, ``recycled content``, ``end-of-life recycling``, ``disposal`` and their ``total``.

    Raises
    ------
    UsageError
        If the method is unknown or a share lies outside 0 to 1.

    Notes
    -----
    ``(1-R1) Ev + R1 (A Er + (1-A) Ev Qin) + (1-A) R2 (Ee - Ev* Qout) + (1-R2) Ed``: the circular footprint formula of
    the product environmental footprint method, Commission Recommendation (EU) 2021/2279, annex I, without recovery of
    energy.

    Examples
    --------
    >>> half = Fraction(1, 2)
    >>> metal = Material(Fraction(10), Fraction(2), Fraction(1), Fraction(2), content=half, rate=half)
    >>> {name: str(burden(metal, name)["total"]) for name in FACTOR_A}
    {'cut-off': '13/2', '50/50': '13/2', 'substitution': '13/2'}
    """
    if isinstance(method, str):
        if method not in FACTOR_A:
            message = f"no recycling method {method!r}; known: {', '.join(FACTOR_A)}"
            raise UsageError(message)
        factor = FACTOR_A[method]
    else:
        factor = method
    for name, share in (("factor A", factor), ("content", material.content), ("rate", material.rate)):
        if not 0 <= share <= 1:
            message = f"{name} must lie between 0 and 1, got {float(share):g}"
            raise UsageError(message)
    m = material
    replaced = m.virgin if m.replaced is None else m.replaced
    parts = {
        "primary": (1 - m.content) * m.virgin,
        "recycled content": m.content * (factor * m.recycled + (1 - factor) * m.virgin * m.quality_in),
        "end-of-life recycling": (1 - factor) * m.rate * (m.recycling - replaced * m.quality_out),
        "disposal": (1 - m.rate) * m.disposal,
    }
    return parts | {"total": sum(parts.values(), Fraction(0))}


def with_recycling(
    rows: Sequence[Exchange], processes: Sequence[Process], table: Table, method: str, known: Parameters,
    issues: Issues,
) -> tuple[list[Exchange], list[Process]]:  # fmt: skip
    """Give each row with columns of recycling a process of its own that shares its material by the formula.

    Parameters
    ----------
    rows, processes : sequence
        As read.
    table : Table
        The exchanges, to mark bad rows.
    method : str
        cut-off, 50/50, substitution, or an expression for factor A.
    known : Parameters
        Shares may use them, and scenarios change them.
    issues : Issues
        Receives what is missing (P719), expressions (P701, P707), shares outside 0 to 1 (P708).

    Returns
    -------
    rows, processes : list
        Such a row takes its material from a process of its own, and this one takes primary and recycled material,
        recycling and disposal at the end of life, and has the credit of what recycling replaces.
    """
    asking = [row for row in rows if any(table.text(column, row.row) for column in (*SHARES, *PARTNERS))]
    if not asking:
        return list(rows), list(processes)
    factor = _factor_a(method, known, issues)
    made, found = list(processes), dict[int, list[Exchange]]()
    names = {folded(word) for process in processes for word in (process.name, process.product)}
    reader = Reader(table, issues)
    for row in asking:
        reader.row = row.row
        parts = None if factor is None else _parts(row, reader, factor, known)
        if parts is None:
            table.bad[row.row] = True
            continue
        owner = processes[row.process]
        name = _unused(f"♻ {row.name} · {owner.name}", names)
        found[row.row] = [
            replace(row, kind="input", staged=False, through=name),
            *(replace(p, process=len(made)) for p in parts),
        ]
        made.append(
            Process(name, name, Expression.parse("1"), row.unit, row.stage, owner.region, owner.period, "", {},
                    int(table.line[row.row]), table.file, recycling=True)
        )  # fmt: skip
    return [part for row in rows for part in found.get(row.row, [row])], made


def _unused(name: str, names: set[str]) -> str:
    """Return a name that nothing has, and take it."""
    given, number = name, 1
    while folded(given) in names:
        number += 1
        given = f"{name} {number}"
    names.add(folded(given))
    return given


def _factor_a(method: str, known: Parameters, issues: Issues) -> Expression | None:
    """Return factor A; None after reporting what is wrong with it."""
    name = _NAMES.get(method, method)
    if name in FACTOR_A:
        return Expression.parse(str(FACTOR_A[name]))
    where = {"file": "study.toml", "column": "recycling"}
    try:
        found = Expression.parse(method)
    except ExpressionError as error:
        issues.add("P701", **where, value=method[:80], why=error.said)
        return None
    if missing := [name for name in found.names if name not in known.definitions]:
        issues.add("P707", **where, value=missing[0], known=[*FACTOR_A, *known.definitions][:12])
        return None
    for scenario, why in _outside(found, known):
        issues.add("P708", **where, value=method[:80], why=why, scenario=scenario)
        return None
    return found


def _outside(share: Expression, known: Parameters) -> Iterator[tuple[str, Said]]:
    """Yield the scenarios in which a share is none, and why."""
    for scenario in ("", *known.scenarios):
        try:
            value = float(share.evaluate(known.values(scenario)))
        except ExpressionError as error:
            yield scenario, error.said
            continue
        if not 0 <= value <= 1:
            why = f"a share lies between 0 and 1, this is {value:g}"
            yield scenario, Said(why, f"比例应在 0 与 1 之间，现为 {value:g}")


def _parts(row: Exchange, reader: Reader, factor: Expression, known: Parameters) -> list[Exchange] | None:
    """Return the parts of a row; None after reporting why there are none."""
    given = {column: reader.text(column) for column in (*SHARES, *PARTNERS)}
    if row.kind not in ("input", "material"):
        why = Said("only an input or a material has columns of recycling", "仅 input 与 material 可填写循环利用各列")
        reader.fail("P719", "kind", row.name, why=why)
        return None
    for column, needed in _NEEDS.items():
        if given[column] and not given[needed]:
            why = Said(f"{column} asks for {needed}, which is empty", f"已填写 {column}，但 {needed} 为空")
            reader.fail("P719", needed, row.name, why=why)
            return None
    shares = _shares(reader, known)
    if shares is None:
        return None
    at_the_end = bool(given["recovery_rate"] or given["disposal_by"])
    parts = []
    for part, kind, formula in _FORMULA:
        try:
            share = Expression.parse(formula.format(a=f"({factor.text})", **shares))
        except ExpressionError as error:
            reader.fail("P701", part, row.name, why=error.said)
            return None
        if (part in _END and not at_the_end) or (not share.names and not share.evaluate({})):
            continue
        name = given.get(part) or (row.name if part in ("name", "replaced_by") else "")
        if not name:
            reader.fail("P719", part, row.name, why=Said(f"{part} is empty", f"循环利用各列中 {part} 为空"))
            return None
        by_factor = row.kind == "material" and not given.get(part)  # of the row
        stage = "end-of-life" if part in _END else row.stage
        parts.append(replace(row, kind=kind or row.kind, name=name, amount=share, stage=stage, properties={},
                             staged=row.staged or part in _END,
                             part="name" if by_factor else part))  # fmt: skip
    return parts


def _shares(reader: Reader, known: Parameters) -> dict[str, str] | None:
    """Return the shares of a row as texts in brackets; None after reporting one that is none."""
    shares = {}
    for column, default in zip(SHARES, ("0", "1", "0", "1"), strict=True):
        found = reader.expression(column, default)
        if found is None:
            return None
        if missing := [name for name in found.names if name not in known.definitions]:
            reader.fail("P707", column, missing[0], known=list(known.definitions)[:12])
            return None
        for scenario, why in _outside(found, known):
            reader.fail("P708", column, found.text, why=why, scenario=scenario)
            return None
        shares[column] = f"({found.text})"
    return shares
