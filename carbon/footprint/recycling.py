"""Recycled content and end of life in one formula; cut-off, 50/50 and substitution are values of its factor A."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from carbon.errors import UsageError

FACTOR_A = {"cut-off": Fraction(1), "50/50": Fraction(1, 2), "substitution": Fraction(0)}


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
