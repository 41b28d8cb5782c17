"""Every shipped factor row, as tests of the shipped library read them."""

from __future__ import annotations

import csv
import tomllib
from decimal import Decimal
from pathlib import Path

from carbon import units

ROOT = Path(__file__).resolve().parents[2]
FACTORS = ROOT / "factors"
TABLES = sorted(path for path in FACTORS.glob("*/*.csv") if path.stem != "items" and path.parent.name != "methods")


def set_id(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def document(path: Path) -> dict[str, object]:
    return tomllib.loads(path.with_suffix(".toml").read_text("utf-8"))


SETS = {set_id(path): path for path in TABLES}
EVERY_ROW = [(name, row) for name, path in SETS.items() for row in rows(path)]
FACTOR_ROWS = [(name, row) for name, row in EVERY_ROW if "parameter" in row]
CODES = {
    kind: {row[kind] for path in [FACTORS / f"{name}.csv", *FACTORS.glob(f"*/{name}.csv")] for row in rows(path)}
    for kind, name in (("item", "items"), ("region", "regions"), ("gas", "gases"))
}
# Standard atomic weights, IUPAC (Commission on Isotopic Abundances and Atomic Weights, abridged values 2021), g/mol
WEIGHT = {
    "H": "1.0080", "C": "12.011", "O": "15.999", "Na": "22.990", "K": "39.098", "Mg": "24.305", "Ca": "40.078",
    "Sr": "87.62", "Ba": "137.33", "Mn": "54.938", "Fe": "55.845", "Li": "6.94",
}  # fmt: skip


def molar(*atoms: str) -> Decimal:
    """Return the molar mass of some atoms: ``molar("C", "O", "O")``. [g/mol]"""
    return sum((Decimal(WEIGHT[atom]) for atom in atoms), Decimal(0))


CO2, CO3 = molar("C", "O", "O"), molar("C", "O", "O", "O")


def grid(name: str) -> dict[str, Decimal]:
    kilogram = units.parse("kgCO2/kWh").scale
    found = {}
    for row in rows(SETS[name]):
        scale = units.parse(row["unit"]).scale / kilogram
        found[row["region"]] = Decimal(row["value"]) * scale.numerator / scale.denominator
    return found
