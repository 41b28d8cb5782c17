"""The flat file of the UK Government conversion factors for greenhouse gas reporting (sheet Factors by Category). Pure.

A row is one gas of one activity in one unit, by Scope, Level 1 to 4, Column Text, UOM, GHG/Unit and year.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from carbon.errors import Issues, Said, near_misses
from carbon.library.drafts import Draft
from carbon.library.layouts import Grid, ImportMap, places_of, say_unused, with_value

COLUMNS = ("ID", "Scope", "Level 1", "Level 2", "Level 3", "Level 4", "Column Text", "UOM", "GHG/Unit")
_VALUE = re.compile(r"GHG Conversion Factor ([0-9]{4})")
_GAS = re.compile(r"kg CO2e(?: of (CO2|CH4|N2O)(?: per unit)?)?")
_UNITS = {
    "tonnes": "t", "kg": "kg", "litres": "L", "million litres": "10^6 L", "cubic metres": "m3", "GJ": "GJ",
    "kWh": "kWh", "kWh (Net CV)": "kWh", "kWh (Gross CV)": "kWh_HHV", "km": "km", "miles": "mile",
    "tonne.km": "(t*km)", "passenger.km": "(passenger*km)",
}  # fmt: skip
_KINDS = (  # what the first level begins with → kind, use, origin of its items
    ("WTT-", "upstream", "purchased", "mixed"),
    ("Transmission and distribution", "upstream", "purchased", "mixed"),
    ("Outside of scopes", "fuel", "purchased", "biogenic"),
    ("Fuels", "fuel", "combustion", "fossil"),
    ("Bioenergy", "fuel", "combustion", "biogenic"),
    ("Refrigerant", "activity", "fugitive", "fossil"),
    ("Passenger vehicles", "activity", "process", "fossil"),
    ("Delivery vehicles", "activity", "process", "fossil"),
    ("Material use", "material", "purchased", "mixed"),
    ("Waste disposal", "waste", "purchased", "mixed"),
    ("Water", "water", "purchased", "none"),
    ("Freighting goods", "freight", "purchased", "fossil"),
    ("Business travel", "travel", "purchased", "fossil"),
    ("Hotel stay", "travel", "purchased", "mixed"),
)


def drafts(grid: Grid, plan: ImportMap, issues: Issues) -> list[Draft]:
    """Return the rows of the flat file: totals, and single gases (as CO2e) where all three stand beside a total.

    Parameters
    ----------
    grid : Grid
        The table.
    plan : ImportMap
        Further units; kind, use and origin where the first level says none.
    issues : Issues
        Receives F230, F237, F238, T107.
    """
    years = [(at, m[1]) for at, name in enumerate(grid.header) if (m := _VALUE.fullmatch(name.strip()))]
    places = places_of(grid, {name: name for name in COLUMNS}, issues)
    if len(years) != 1:
        near = near_misses("GHG Conversion Factor", grid.header)
        issues.add("F230", file=grid.file, column="value", value="GHG Conversion Factor (year)", near=near)
    if places is None or len(years) != 1:
        return []
    at, year = years[0]
    say_unused(grid, {at, *places.values()}, issues)
    rows = []
    other: list[int] = []
    for line, cells in with_value(grid, at, issues):
        said = {name: cells[place].strip() for name, place in places.items()}
        match = _GAS.fullmatch(said["GHG/Unit"])
        if match is None:
            other.append(line)
        else:
            rows.append((line, cells[at], said, match[1] or ""))
    if other:
        why = Said("it is no mass of CO2e", "不是二氧化碳当量")
        issues.add("F237", file=grid.file, lines=other, column="GHG/Unit", why=why)
    gases: dict[tuple[str, ...], set[str]] = {}
    for _, _, said, gas in rows:
        gases.setdefault(_key(said), set()).add(gas)
    partial: list[int] = []
    found = []
    for line, value, said, gas in rows:
        outside = said["Level 1"] == "Outside of scopes"
        if gas and not outside and gases[_key(said)] != {"", "CO2", "CH4", "N2O"}:
            partial.append(line)
            continue
        found.append(_draft(Draft(grid.file, line, value=value, year=year), said, "" if outside else gas, plan))
    if partial:
        why = Said("not all of CO2, CH4, N2O and their total are there", "CO2、CH4、N2O 及合计不齐全")
        issues.add("F237", file=grid.file, lines=partial, column="GHG/Unit", why=why)
    return found


def _key(said: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(said[name] for name in COLUMNS[1:8])


def _draft(draft: Draft, said: Mapping[str, str], gas: str, plan: ImportMap) -> Draft:
    name = " - ".join(filter(None, (said[level] for level in COLUMNS[2:7])))
    outside = said["Level 1"] == "Outside of scopes"
    kinds: Sequence[str] = next((k[1:] for k in _KINDS if said["Level 1"].startswith(k[0])), ("", "", ""))
    constants = plan.constants.given()
    kind, use, origin = (
        known or constants.get(field, "") for field, known in zip(("kind", "use", "origin"), kinds, strict=True)
    )
    species = "CO2-biogenic" if outside else "CO2e"
    below = plan.units.get(said["UOM"]) or _UNITS.get(said["UOM"], said["UOM"])
    notes = []
    if outside:
        notes.append("outside of scopes, CO2 of biogenic origin")
    if gas:
        notes.append(f"part of the total: CO2e of {gas}, weighted by the publisher; the set of potentials is not named")
    return replace(
        draft, id=said["ID"], name_zh=name, name_en=name, kind=kind, use=use, origin=origin,
        region=constants.get("region", ""), process=f"CO2e of {gas}" if gas else "", gas=species,
        unit=f"kg{species}/{below}", printed=f"{said['GHG/Unit']} / {said['UOM']}",
        page=f"Factors by Category, row {said['ID']}", note="; ".join(notes),
    )  # fmt: skip
