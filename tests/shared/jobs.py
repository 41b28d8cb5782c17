"""Random activity tables of real items, units and regions, for laws."""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

import carbon
from carbon.library import Library
from carbon.run import write

Row = dict[str, str]
FACILITIES: dict[str, Row] = {
    "steel": {"region": "河北", "method": "cn-steel", "group": "north"},
    "cement": {"region": "CN-AH", "method": "cn-cement", "group": "north"},
    "smelter": {"region": "云南", "method": "cn-aluminium", "group": "south"},
    "chemicals": {"region": "山东", "method": "cn-chemicals", "group": "north"},
    "electrodes": {"region": "CN-HA", "method": "cn-carbon-materials", "group": ""},
    "workshop": {"region": "浙江", "method": "cn-general", "group": "south"},
    "abroad": {"region": "US", "method": "ghg-protocol", "group": ""},
}


def recipe(text: str, **more: str) -> Row:
    """Return the cells of one kind of row: ``item use unit``."""
    item, use, unit = text.split("; ")
    return {"item": item, "use": use, "unit": unit, **more}


ELECTRICITY = [
    recipe("电力; purchased; 万千瓦时"),
    recipe("electricity; purchased; MWh", instrument="green-power"),
    recipe("electricity; purchased; kWh", region="四川"),
    recipe("electricity; exported; MWh"),
    recipe("electricity; purchased; MWh", instrument="supplier", factor="0.4123", factor_unit="kgCO2/kWh"),
    recipe("heat; purchased; GJ"),
    recipe("steam; purchased; t", pressure_mpa="1.0"),
]
RECIPES: dict[str, list[Row]] = {
    "steel": [
        *ELECTRICITY,
        recipe("焦炭; combustion; t", ncv="28.62", ncv_unit="GJ/t", oxidation="0.99", carbon_content="0.0294",
               carbon_content_unit="tC/GJ"),
        recipe("无烟煤; combustion; t"),
        recipe("natural-gas; combustion; 万Nm3"),
        recipe("blast-furnace-gas; recovery; 万Nm3"),
        recipe("coke-oven-gas; exported; Nm3"),
        recipe("limestone; process; t"),
        recipe("scrap-steel; process; kg"),
        recipe("crude-steel; product; t"),
        recipe("coal-tar; product; t"),
        recipe("co2; captured; t"),
    ],
    "cement": [
        *ELECTRICITY[:4],
        recipe("烟煤; combustion; t", ncv="23350", ncv_unit="kJ/kg", oxidation="0.98"),
        recipe("diesel; combustion; kg"),
        recipe("硅酸盐水泥熟料; process; t"),
        recipe("电石渣; feedstock; t"),
        recipe("electricity; self-generated; MWh", instrument="self-generated"),
    ],
    "smelter": [
        *ELECTRICITY[:4],
        recipe("炭阳极消耗; process; t"),
        recipe("阳极效应; process; t"),
        recipe("阳极效应; process; t", factor="0.12", factor_unit="min/d"),
        recipe("sf6; fugitive; kg"),
        recipe("natural-gas; combustion; Nm3"),
    ],
    "chemicals": [
        *ELECTRICITY[:2],
        recipe("natural-gas; feedstock; 万Nm3"),
        recipe("甲醇; product; t"),
        recipe("urea; product; kg"),
        recipe("硝酸(双加压法); process; t"),
        recipe("sodium-carbonate; process; t", oxidation="0.97"),
        recipe("anthracite; combustion; t"),
    ],
    "electrodes": [
        *ELECTRICITY[:1],
        recipe("石油焦; feedstock; t"),
        recipe("石墨电极; product; t", carbon_content="99.5", carbon_content_unit="%"),
        recipe("calcium-carbonate; process; t"),
    ],
    "workshop": [
        *ELECTRICITY,
        recipe("lpg; combustion; t"),
        recipe("HFC-134a; fugitive; kg"),
        recipe("bamboo charcoal; combustion; t", factor="2.9", factor_unit="tCO2/t"),
        recipe("fresh-water; purchased; t"),
    ],
    "abroad": [
        recipe("natural-gas; combustion; mmBtu_HHV"),
        recipe("bituminous-coal; combustion; short_ton"),
        recipe("biodiesel; combustion; gal"),
        recipe("electricity; purchased; MWh", region="CN-SD", factor="0.207", factor_unit="kgCO2e/kWh"),
        recipe("ch4; fugitive; kg"),
    ],
}  # fmt: skip
# typed from the assessment reports (100 years), for the gases that these recipes emit
POTENTIALS = {
    "sar": {"CH4": 21, "N2O": 310, "CF4": 6500, "C2F6": 9200, "SF6": 23900, "HFC-134a": 1300},
    "ar4": {"CH4": 25, "N2O": 298, "CF4": 7390, "C2F6": 12200, "SF6": 22800, "HFC-134a": 1430},
    "ar5": {"CH4": 28, "N2O": 265, "CF4": 6630, "C2F6": 11100, "SF6": 23500, "HFC-134a": 1300},
    "ar6": {"CH4": Fraction("27.9"), "N2O": 273, "CF4": 7380, "C2F6": 12400, "SF6": 25200, "HFC-134a": 1530},
}
GASES = ("CO2", "CH4", "N2O", "CF4", "C2F6", "SF6", "HFC-134a", "CO2e")
EMITTED = [f"{gas.lower().replace('-', '_')}_kg" for gas in (*GASES[:-1], "CO2-biogenic")]
PERIODS = {
    "month": [f"{year}-{month:02d}" for year in (2021, 2024) for month in range(1, 13)],
    "quarter": [f"{year}-Q{part}" for year in (2022, 2023, 2025) for part in range(1, 5)],
    "year": [str(year) for year in range(2021, 2026)],
}


@dataclass(frozen=True)
class Job:
    """A random activity table and the facilities that it speaks of."""

    rows: list[Row]
    gwp: str = "ar5"
    names: list[str] = field(default_factory=lambda: list(FACILITIES))

    def run(self, library: Library, **options: Any) -> carbon.Result:
        places = [{"facility": name, **FACILITIES[name]} for name in self.names]
        options = {"gwp": self.gwp, "facilities": places, "library": library, "method": "cn-general"} | options
        return carbon.account(self.rows, **options)

    def good(self, library: Library, **options: Any) -> carbon.Result:
        result = self.run(library, **options)
        assert result.issues.errors == [], [issue.text() for issue in result.issues.errors]
        return result


quantities = st.builds(lambda n, p: str(Decimal(n).scaleb(-p)), st.integers(1, 10**9 - 1), st.integers(0, 4))


@st.composite
def jobs(draw: st.DrawFn, most: int = 14, least: int = 1) -> Job:
    names = draw(st.lists(st.sampled_from(list(FACILITIES)), min_size=1, max_size=4, unique=True))
    spans = draw(
        st.lists(st.sampled_from(PERIODS[draw(st.sampled_from(list(PERIODS)))]), min_size=1, max_size=4, unique=True)
    )
    rows = []
    for number in range(draw(st.integers(least, most))):
        name = draw(st.sampled_from(names))
        cells = draw(st.sampled_from(RECIPES[name]))
        rows.append({
            "facility": name, "period": draw(st.sampled_from(spans)), **cells, "quantity": draw(quantities),
            "note": str(number),
        })  # fmt: skip
    return Job(rows, draw(st.sampled_from(list(POTENTIALS))), sorted(names))


def files(result: carbon.Result) -> dict[str, bytes]:
    """Write a result folder; return the bytes of its tables of numbers."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "out"
        write(result, target, {})
        return {name: (target / name).read_bytes() for name in ("totals.csv", "energy.csv", "intensity.csv")}


def columns(result: carbon.Result) -> dict[str, list[Any]]:
    return result.line_arrow.to_pydict()


def exact(value: float | None) -> Fraction:
    return Fraction(value or 0.0)


SIZES = {  # in kg, J, m3, Nm3, s, m, kgce, GJ gross: typed here, not taken from the engine
    "kg": "1", "g": "1/1000", "t": "1000", "short_ton": "90718474/100000",
    "J": "1", "kJ": "1000", "MJ": "1000000", "GJ": "1000000000", "TJ": "1000000000000",
    "kWh": "3600000", "MWh": "3600000000", "万kWh": "36000000000", "万千瓦时": "36000000000",
    "m3": "1", "万m3": "10000", "Nm3": "1", "万Nm3": "10000", "gal": "3785411784/1000000000000",
    "mmBtu_HHV": "105505585262/100000000000", "kgce": "1", "tce": "1000", "min": "60", "d": "86400", "km": "1000",
    "%": "1/100", "1": "1",
    "min/d": "60",  # minutes of anode effect per cell and day: the slope is per minute of these
}  # fmt: skip


def size(unit: str) -> Fraction:
    """Return how large a unit such as ``kgCF4/(t*min)`` is, gases left out."""
    if unit in SIZES:
        return Fraction(SIZES[unit])
    text = unit.replace("·", "*")
    flat = re.sub(r"/\(([^()]*)\)", lambda found: "/" + found[1].replace("*", "/"), text)
    result, divide = Fraction(1), False
    for token in re.findall(r"[*/]|[^*/]+", flat):
        if token in "*/":
            divide = token == "/"
            continue
        bare = next((m for m in ("kg", "g", "t") if token.removeprefix(m) in {*GASES, "C", "CO2-biogenic"}), token)
        result = result / Fraction(SIZES[bare]) if divide else result * Fraction(SIZES[bare])
    return result
