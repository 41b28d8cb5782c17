"""Foreign factor files become a publication of one's own factor folder: as printed, nothing equated, nothing lost.

All suppliers, products and numbers here are invented; expected values are read off the input or worked out beside it.
"""

from __future__ import annotations

import datetime as dt
import random
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import xlsxwriter
from pyarrow import parquet
from shared.imported import EXAMPLES, ITEM, MAP, PACT, SOURCE, codes, footprint, rows_of, supplier

from carbon import load_library
from carbon.errors import DataError, UsageError
from carbon.imports import Import, import_factors
from carbon.library import pact
from carbon.library.layouts import settings
from carbon.run import run

UK = "ID,Scope,Level 1,Level 2,Level 3,Level 4,Column Text,UOM,GHG/Unit,GHG Conversion Factor 2025"


# --- the four layouts ---------------------------------------------------------------------------------------------


def test_cpcd_keeps_numbers_as_printed_and_boundaries_apart(tmp_path: Path) -> None:
    done = import_factors([EXAMPLES / "cpcd-like.csv"], tmp_path, kind="cpcd", publication="cpcd", **SOURCE)
    rows = {row["factor_id"]: row for row in rows_of(done.folder, "footprints.csv")}
    assert {name: (row["value"], row["unit"]) for name, row in rows.items()} == {
        "00001x0012024c": ("1.50", "tCO2e/t"), "00002x0012024c": ("0.90", "kgCO2e/kg"),
        "00002x0022024c": ("0.10", "kgCO2e/kg"), "00003x0012024c": ("0.70", "kgCO2e/kg"),
    }  # fmt: skip
    assert "printed unit tCO2e / 公吨" in rows["00001x0012024c"]["note"]
    assert "boundary 摇篮到大门" in rows["00001x0012024c"]["note"]
    assert [row["process"] for row in rows.values()] == ["", "摇篮到大门", "大门到坟墓", "摇篮到大门"]
    assert rows["00003x0012024c"]["item"] == "diesel"
    assert all((row["valid_from"], row["valid_to"]) == ("2024-01-01", "2024-12-31") for row in rows.values())
    assert [row["name_zh"] for row in rows_of(done.folder, "items.csv")] == [
        "示例光伏组件（虚构）", "示例包装纸箱（虚构）",
    ]  # fmt: skip
    assert set(codes(done.issues)) == {"F235", "F236", "F238"}


def test_uk_flat_file_gives_kilometres_once_and_its_licence(tmp_path: Path) -> None:
    done = import_factors([EXAMPLES / "uk-like.csv"], tmp_path, kind="uk", publication="uk")
    rows = rows_of(done.folder, "conversion-factors.csv")
    # 0.2000 kg/km × 1.609344 km/mile = 0.32187 kg/mile: the line of miles says the same
    assert [(row["value"], row["unit"]) for row in rows] == [("100.5", "kgCO2e/t"), ("0.2000", "kgCO2e/km")]
    assert codes(done.issues)["F237"] == [4]
    meta = tomllib.loads((done.folder / "conversion-factors.toml").read_text("utf-8"))
    assert "Open Government Licence v3.0" in meta["licence"]
    assert (meta["issued"], meta["region"]) == (dt.date(2025, 1, 1), "GB")
    assert "Only the year of issue is known." in meta["notes"]
    assert rows_of(done.folder, "items.csv")[0]["kind"] == "freight"


def uk_file(path: Path, *rows: str, above: int = 0) -> Path:
    cells = [["UK Government GHG Conversion Factors", *[""] * 9]] * above + [
        line.split(",") for line in (UK, *(f"{n},Scope 1,{row}" for n, row in enumerate(rows)))
    ]
    if path.suffix == ".xlsx":
        with xlsxwriter.Workbook(path) as book:
            book.add_worksheet("Introduction")
            sheet = book.add_worksheet("Factors by Category")
            for n, row in enumerate(cells):
                for m, cell in enumerate(row):
                    if cell:
                        sheet.write(n, m, float(cell) if n > above and m == 9 else cell)
    else:
        path.write_text("\n".join(map(",".join, cells)) + "\n", encoding="utf-8")
    return path


FUEL = "Fuels,Liquid fuels,Invented oil,,,litres"


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_uk_gases_stand_beside_their_total_and_lines_above_the_heading_are_passed_over(
    tmp_path: Path, suffix: str
) -> None:
    gases = [f"{FUEL},kg CO2e of {gas} per unit,{value}" for gas, value in
             (("CO2", "2.5"), ("CH4", "0.00002"), ("N2O", "0.03"))]  # fmt: skip
    path = uk_file(tmp_path / f"flat{suffix}", f"{FUEL},kg CO2e,2.53002", *gases, above=5)
    done = import_factors([path], tmp_path / "own", kind="uk", publication="uk")
    rows = rows_of(done.folder, "conversion-factors.csv")
    assert {row["process"]: row["value"] for row in rows} == {
        "": "2.53002", "CO2e of CO2": "2.5", "CO2e of CH4": "0.00002", "CO2e of N2O": "0.03"
    }  # fmt: skip
    assert {row["gas"] for row in rows} == {"CO2e"}
    assert all("set of potentials is not named" in row["note"] for row in rows if row["process"])
    [item] = rows_of(done.folder, "items.csv")
    assert (item["kind"], item["default_use"], item["origin"]) == ("fuel", "combustion", "fossil")


def test_uk_rows_that_are_no_factor_are_listed(tmp_path: Path) -> None:
    path = uk_file(
        tmp_path / "flat.csv",
        f"{FUEL},kg CO2e,2.5", f"{FUEL},kg CO2e of CO2 per unit,2.4", f"{FUEL},kWh (Net CV),10",
        "Fuels,Liquid fuels,Other oil,,,litres,kg CO2e,",
        "Outside of scopes,Biofuel,Invented,,,litres,kg CO2e of CO2 per unit,1.5",
        "Hotel stay,Hotel stay,Nowhere,,,Room per night,kg CO2e,9",
    )  # fmt: skip
    done = import_factors([path], tmp_path / "own", kind="uk", publication="uk")
    rows = rows_of(done.folder, "conversion-factors.csv")
    assert [(row["value"], row["gas"], row["unit"]) for row in rows] == [
        ("2.5", "CO2e", "kgCO2e/L"), ("1.5", "CO2-biogenic", "kgCO2-biogenic/L"),
    ]  # fmt: skip
    assert codes(done.issues)["F237"] == [3, 4, 5]
    assert codes(done.issues)["U101"] == [7]


def test_pact_footprint_speaks_of_its_reference_period(tmp_path: Path) -> None:
    done = supplier(tmp_path, footprint(), as_of=dt.date(2025, 6, 30))
    [row] = rows_of(done.folder, "footprints.csv")
    assert (row["value"], row["unit"], row["gas"]) == ("1.80", "kgCO2e/kg", "CO2e")
    assert (row["valid_from"], row["valid_to"]) == ("2024-01-01", "2024-12-31")  # its end is exclusive
    assert (row["region"], row["process"]) == ("", "")
    assert row["page"] == f"footprint {PACT['id']}, pcfExcludingBiogenicUptake"
    for words in ("GWP AR6", "made in CN", "including biogenic uptake 1.80", "boundary cradle-to-gate"):
        assert words in row["note"]
    meta = tomllib.loads((done.folder / "footprints.toml").read_text("utf-8"))
    assert (meta["publisher"], meta["issued"]) == (PACT["companyName"], dt.date(2025, 3, 31))
    assert (meta["verification"], meta["licence"]) == ("unverified", "terms not stated")
    assert "as of 2025-06-30" in meta["verified_from"]


@pytest.mark.parametrize("wrap", [lambda f: f, lambda f: {"data": f}, lambda f: {"data": [f]}])
def test_pact_takes_one_footprint_or_a_list(tmp_path: Path, wrap: Callable[[Any], Any]) -> None:
    assert supplier(tmp_path, wrap(footprint())).rows == 1


@pytest.mark.parametrize(
    ("unit", "amount", "expected"),
    [("liter", "1", "kgCO2e/L"), ("ton kilometer", "1", "kgCO2e/(t*km)"), ("piece", "1000", "kgCO2e/(1000 pc)"),
     ("kilowatt hour", "1.0", "kgCO2e/kWh"), ("ton kilometer", "10", "kgCO2e/(10 t*km)")],
)  # fmt: skip
def test_pact_declared_unit_is_spelled_and_not_converted(tmp_path: Path, unit: str, amount: str, expected: str) -> None:
    changed = footprint(pcf={"declaredUnitOfMeasurement": unit, "declaredUnitAmount": amount})
    [row] = rows_of(supplier(tmp_path, changed).folder, "footprints.csv")
    assert (row["value"], row["unit"]) == ("1.80", expected)


@pytest.mark.parametrize("name", sorted(pact.FOOTPRINT))
def test_pact_mandatory_property_of_a_footprint(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataError) as caught:
        supplier(tmp_path, footprint(**{name: None}))
    assert {(i.code, i.column) for i in caught.value.issues} == {("F241", name)}


@pytest.mark.parametrize("name", sorted(pact.CARBON))
@pytest.mark.parametrize("value", [None, 1.8, True, "NaN", "", [], {}])
def test_pact_mandatory_property_of_a_carbon_footprint(tmp_path: Path, name: str, value: object) -> None:
    with pytest.raises(DataError) as caught:
        supplier(tmp_path, {"data": [footprint(pcf={name: value})]})
    if (name, value) != ("declaredUnitOfMeasurement", "NaN"):
        assert {(i.code, i.column) for i in caught.value.issues} == {("F241", f"data[0].pcf.{name}")}


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"specVersion": "2.3.0"}, "F242"), ({"specVersion": "3.1.0"}, "F242"), ({"specVersion": 3}, "F242"),
     ({"specVersion": None}, "F242"), ({"status": "Deprecated"}, "F243"), ({"created": "2025-07-01T00:00:00Z"}, "F243"),
     ({"validityPeriodEnd": "2025-06-30T00:00:00Z"}, "F243"),
     ({"pcf": {"referencePeriodEnd": "2022-06-30T00:00:00Z", "referencePeriodStart": "2021-06-30T00:00:00Z"}}, "F243"),
     ({"pcf": {"declaredUnitAmount": "12"}}, "F241"), ({"pcf": {"declaredUnitAmount": "0.5"}}, "F241"),
     ({"pcf": {"declaredUnitOfMeasurement": "megabit second"}}, "F241"),
     ({"pcf": {"referencePeriodEnd": "2023-01-01T00:00:00Z"}}, "F241"),
     ({"pcf": {"pcfExcludingBiogenicUptake": "-1.8"}}, "F231"), ({"created": "2025-03-31"}, "F241")],
)  # fmt: skip
def test_pact_footprint_that_cannot_be_used_is_refused_and_the_others_are_taken(
    tmp_path: Path, changes: dict[str, Any], code: str
) -> None:
    bad = footprint(productNameCompany="Bad", id="00000000-0000-4000-8000-000000000009")
    bad = {k: v for k, v in (bad | {k: v for k, v in changes.items() if k != "pcf"}).items() if v is not None}
    bad["pcf"] |= changes.get("pcf", {})
    done = supplier(tmp_path, {"data": [bad, footprint()]}, as_of=dt.date(2025, 6, 30))
    assert done.rows == 1
    assert code in codes(done.issues)


@pytest.mark.parametrize("suffix", [".csv", ".xlsx", ".parquet"])
def test_tables_of_every_kind_of_file_give_the_same_rows(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"list{suffix}"
    columns = {"name": ["材料甲", "材料乙"], "value": [1.5, 0.00002], "unit": ["kgCO2e / 千克", "kgCO2e / 平方米"]}
    if suffix == ".csv":
        path.write_text("name,value,unit\n材料甲,1.5,kgCO2e / 千克\n材料乙,2e-05,kgCO2e / 平方米\n", encoding="gb18030")
    elif suffix == ".parquet":
        parquet.write_table(pa.table(columns), path)
    else:
        with xlsxwriter.Workbook(path) as book:
            sheet = book.add_worksheet()
            for n, (name, cells) in enumerate(columns.items()):
                sheet.write_column(0, n, [name, *cells])
    (tmp_path / "map.toml").write_text(MAP, encoding="utf-8")
    done = import_factors([path], tmp_path / "own", mapping=tmp_path / "map.toml", publication="mine", **SOURCE, **ITEM)
    found = {(row["value"], row["unit"]) for row in rows_of(done.folder, "factors.csv")}
    assert found == {("1.5", "kgCO2e/kg"), ("0.00002", "kgCO2e/m2")}


def test_several_files_make_one_table(tmp_path: Path) -> None:
    (tmp_path / "map.toml").write_text(MAP, encoding="utf-8")
    for n in (1, 2):
        (tmp_path / f"list{n}.csv").write_text(f"name,value,unit\nBoard {n},{n},kgCO2e/kg\n", encoding="utf-8")
    files = [tmp_path / "list1.csv", tmp_path / "list2.csv"]
    done = import_factors(files, tmp_path / "own", mapping=tmp_path / "map.toml", publication="mine", **SOURCE, **ITEM)
    assert {row["page"] for row in rows_of(done.folder, "factors.csv")} == {"list1.csv, line 2", "list2.csv, line 2"}
    with pytest.raises(UsageError, match="different names"):
        import_factors([files[0], files[0]], tmp_path / "own", kind="uk", publication="mine")


def test_map_file_says_everything(tmp_path: Path) -> None:
    done = import_factors([EXAMPLES / "supplier-list.csv"], tmp_path, mapping=EXAMPLES / "map.toml")
    rows = {row["page"]: row for row in rows_of(done.folder, "factors.csv")}
    assert {page: (row["value"], row["unit"]) for page, row in rows.items()} == {
        "证书 A-1": ("2.40", "kgCO2e/kg"), "证书 A-2": ("3.10", "kgCO2e/kg"),
    }  # fmt: skip
    assert done.table == "example-paints-2024/factors"


# --- what an import never does ------------------------------------------------------------------------------------


def test_every_example_passes_the_check_of_own_folders_and_is_not_primary(tmp_path: Path) -> None:
    for name, options in (("cpcd-like.csv", {"kind": "cpcd", **SOURCE}), ("uk-like.csv", {"kind": "uk"}),
                          ("supplier-pact.json", {"kind": "pact"}), ("supplier-list.csv", {})):  # fmt: skip
        mapping = EXAMPLES / "map.toml" if name == "supplier-list.csv" else None
        publication = f"own-{name.partition('.')[0]}"
        import_factors([EXAMPLES / name], tmp_path, mapping=mapping, publication=publication, **options)
    library = load_library([tmp_path])
    assert not library.check()
    assert len(library.own_set_ids) == 4
    assert {library.set(name).meta.verification for name in library.own_set_ids} == {"unverified"}
    with pytest.raises(DataError) as caught:
        settings({"source": {"verification": "primary"}}, "map.toml")
    assert {issue.code for issue in caught.value.issues} == {"T117"}


def job(tmp_path: Path, *lines: str, method: str = "ghg-protocol") -> Path:
    folder = tmp_path / "job"
    folder.mkdir(exist_ok=True)
    (folder / "run.toml").write_text(f'method = "{method}"\nfactors = ["../own"]\n', encoding="utf-8")
    text = "\n".join(["facility,period,item,quantity,unit,use,process", *lines, ""])
    (folder / "activities.csv").write_text(text, encoding="utf-8")
    return folder


def total(folder: Path, out: Path) -> float | None:
    result, _ = run(folder, out)
    assert result.complete, list(result.issues)
    found = [r["co2e_t"] for r in result.total_records if (r["category"], r["basis"]) == ("total", "location")]
    assert len(set(found)) == 1
    return found[0]


def test_run_with_imported_factors_computes(tmp_path: Path) -> None:
    import_factors([EXAMPLES / "supplier-list.csv"], tmp_path / "own", mapping=EXAMPLES / "map.toml")
    supplier(tmp_path, footprint())
    folder = job(tmp_path, "Plant,2024-01,示例涂料（虚构）,100,kg,,", "Plant,2024-01,Casting GC-12 (invented),5,t,,")
    # 100 kg × 2.40 kg/kg = 0.24 t; 5 t × 1.80 t/t = 9 t
    assert total(folder, tmp_path / "out") == pytest.approx(9.24, rel=1e-15)


def test_run_with_imported_flat_file_computes(tmp_path: Path) -> None:
    path = uk_file(
        tmp_path / "flat.csv", f"{FUEL},kg CO2e,2.5", "Freighting goods,Vans,Invented,,,tonne.km,kg CO2e,0.6"
    )
    import_factors([path], tmp_path / "own", kind="uk", publication="uk")
    names = ["Fuels - Liquid fuels - Invented oil", "Freighting goods - Vans - Invented"]
    folder = job(tmp_path, f"Plant,2025-01,{names[0]},1000,L,,", f"Plant,2025-01,{names[1]},500,t*km,,")
    with (folder / "run.toml").open("a", encoding="utf-8") as file:
        file.write('region = "GB"\n')
    # 1000 L × 2.5 kg/L = 2.5 t; 500 t·km × 0.6 kg/(t·km) = 0.3 t
    assert total(folder, tmp_path / "out") == pytest.approx(2.8, rel=1e-15)


def test_imported_stage_of_a_fuel_never_becomes_its_combustion_factor(tmp_path: Path) -> None:
    import_factors([EXAMPLES / "supplier-list.csv"], tmp_path / "own", mapping=EXAMPLES / "map.toml")
    folder = job(tmp_path, "Plant,2024-01,diesel,10,t,combustion,", method="cn-general")
    before = total(folder, tmp_path / "before")
    import_factors([EXAMPLES / "cpcd-like.csv"], tmp_path / "own", kind="cpcd", publication="cpcd", **SOURCE)
    assert total(folder, tmp_path / "after") == before


def test_different_numbers_for_one_thing_are_all_refused(table: Callable[..., Import]) -> None:
    done = table("Good,1.5,kgCO2e/kg", "B,2.42,tCO2e/t", "B,2.55,tCO2e/t", "C,0.50,kgCO2e/kg", "C,0.5,kgCO2e/kg")
    assert [row["value"] for row in rows_of(done.folder, "factors.csv")] in (["1.5", "0.50"], ["0.50", "1.5"])
    assert codes(done.issues)["F232"] == [3, 4]
    assert codes(done.issues)["F237"] == [6]
    assert len(rows_of(done.folder, "items.csv")) == 2  # what has no row is no item either


def test_same_number_in_another_unit_is_taken_once_and_a_different_one_is_not(table: Callable[..., Import]) -> None:
    done = table("A,0.36,kgCO2e/kWh", "A,0.100,tCO2e/GJ", "B,0.36,kgCO2e/kWh", "B,0.11,tCO2e/GJ")
    # 0.36 kg/kWh ÷ 3.6 MJ/kWh = 0.100 t/GJ
    assert [(r["value"], r["unit"]) for r in rows_of(done.folder, "factors.csv")] == [("0.36", "kgCO2e/kWh")]
    assert codes(done.issues)["F232"] == [4, 5]


@pytest.mark.parametrize(
    ("line", "code"),
    [('B,"1,234",kgCO2e/kg', "F231"), ("B,-1,kgCO2e/kg", "F231"), ("B,NaN,kgCO2e/kg", "F231"),
     ("B,inf,kgCO2e/kg", "F231"),
     ("B,1e99,kgCO2e/kg", "F231"), ("B,1e-30,kgCO2e/kg", "F231"), (f"B,{'9' * 40},kgCO2e/kg", "F231"),
     ("B,１,kgCO2e/kg", "F231"), ("B,=1+1,kgCO2e/kg", "F231"), (",1,kgCO2e/kg", "T108"), ("B,1,kgCO2e/ton", "U101"),
     ("B,1,", "U101"), ("B,1,kgCO2e", "F233"), ("B,1,kg/kg", "F233"), ("B,1,t*kgCO2e", "F233"),
     ("B,1,kg/kgCO2e", "F233"),
     ("B,1,kgCO2e/pc*yr", "F233"), ("B,1,kgC/kg", "F233"), ("B,1,kgCO2e/" + "kg*" * 60 + "kg", "U101"),
     ("B\x1b[2J,1,kgCO2e/kg", "T114"), ("B" * 300 + ",1,kgCO2e/kg", "T113"), ("B,,kgCO2e/kg", "F237")],
)  # fmt: skip
def test_row_that_cannot_be_taken_is_listed_with_its_line(table: Callable[..., Import], line: str, code: str) -> None:
    done = table("Good,1.5,kgCO2e/kg", line)
    assert done.rows == 1
    assert codes(done.issues)[code] == [3]
    listed = [row for row in rows_of(done.folder, "issues.csv") if row["line"] == "3"]
    assert code in {row["\ufeffcode"] for row in listed}


@pytest.mark.parametrize(
    ("column", "value", "code"),
    [("region", "Atlantis", "F203"), ("year", "2024年度", "F216"), ("year", "24", "F216"), ("gas", "CH4", "F233"),
     ("gas", "phlogiston", "F233"), ("parameter", "gwp", "F213"), ("parameter", "ncv", "F217"),
     ("item", "none", "F213"),
     ("kind", "thing", "F213"), ("use", "eaten", "F213"), ("origin", "lunar", "F213"), ("valid_from", "soon", "F216")],
)  # fmt: skip
def test_other_columns_are_checked(table: Callable[..., Import], column: str, value: str, code: str) -> None:
    head = f"name,value,unit,{column}"
    gas = 'gas = "CO2e"\n' if column == "parameter" and value == "ncv" else ""
    map_text = MAP + f'{column} = "{column}"\n' + (f"[constants]\n{gas}" if gas else "")
    done = table("Good,1.5,kgCO2e/kg,", f"B,1,kgCO2e/kg,{value}", head=head, map_text=map_text)
    assert done.rows == 1
    assert codes(done.issues)[code] == [3]


def test_regions_years_and_other_parameters_are_taken(table: Callable[..., Import]) -> None:
    head = "name,value,unit,where,when,what"
    map_text = MAP + 'region = "where"\nyear = "when"\nparameter = "what"\n'
    done = table(
        "Steam,0.11,tCO2/GJ,山东,2024年,", "Oil X,40.1,GJ/t,,,ncv", "Oil X,1.2e-3,kgCH4/GJ,,2024,",
        head=head, map_text=map_text,
    )  # fmt: skip
    found = {(r["parameter"], r["gas"]): r for r in rows_of(done.folder, "factors.csv")}
    steam = found["emission", "CO2"]
    assert (steam["item"], steam["region"], steam["valid_from"]) == ("steam", "CN-SD", "2024-01-01")
    assert found["ncv", ""]["unit"] == "GJ/t"
    assert (found["emission", "CH4"]["value"], found["emission", "CH4"]["note"]) == ("0.0012", "printed 1.2e-3")


def test_items_do_not_depend_on_the_order_of_rows(tmp_path: Path) -> None:
    lines = [f"材料 {n},{n}.5,kgCO2e/kg" for n in range(1, 40)] + ["A-b,1,kgCO2e/kg", "A b,2,kgCO2e/kg"]
    texts = []
    for seed in range(3):
        random.Random(seed).shuffle(lines)
        (tmp_path / "list.csv").write_text("\n".join(["name,value,unit", *lines, ""]), encoding="utf-8")
        (tmp_path / "map.toml").write_text(MAP, encoding="utf-8")
        done = import_factors([tmp_path / "list.csv"], tmp_path / f"own{seed}", mapping=tmp_path / "map.toml",
                              publication="mine", **SOURCE, **ITEM)  # fmt: skip
        texts.append((done.folder / "items.csv").read_bytes())
    assert texts[0] == texts[1] == texts[2]
    assert len({row["item"] for row in rows_of(done.folder, "items.csv")}) == 41


def test_footprint_of_the_next_year_stands_beside_that_of_the_last(tmp_path: Path) -> None:
    supplier(tmp_path, footprint())
    newer = footprint(pcf={"referencePeriodStart": "2025-01-01T00:00:00Z", "referencePeriodEnd": "2026-01-01T00:00:00Z",
                           "pcfExcludingBiogenicUptake": "1.70"})  # fmt: skip
    done = supplier(tmp_path, newer, publication="supplier-2026")
    assert done.items == 0
    name = PACT["productNameCompany"]
    folder = job(tmp_path, f"Plant,2024-01,{name},1,t,,")
    assert total(folder, tmp_path / "out") == pytest.approx(1.8, rel=1e-15)
    folder = job(tmp_path, f"Plant,2025-01,{name},1,t,,")
    assert total(folder, tmp_path / "out") == pytest.approx(1.7, rel=1e-15)


def test_another_boundary_of_an_own_item_is_kept_apart(table: Callable[..., Import]) -> None:
    options = {"head": "name,value,unit,stage", "map_text": MAP + 'boundary = "stage"\n'}
    table("A,1,kgCO2e/kg,gate", **options)
    for publication, stage, process in (("second", "gate", ""), ("third", "grave", "grave")):
        done = table(f"A,2,kgCO2e/kg,{stage}", publication=publication, **options)
        [row] = rows_of(done.folder, "factors.csv")
        assert (row["process"], done.items) == (process, 0)


def test_ragged_row_costs_no_other_row(table: Callable[..., Import]) -> None:
    done = table("A,1,kgCO2e/kg", "B,1,000,kgCO2e/kg", "C,3,kgCO2e/kg")
    assert done.rows == 2
    assert codes(done.issues)["T109"] == [3]


def test_period_of_a_footprint_is_of_its_own_clock(tmp_path: Path) -> None:
    year = {"referencePeriodStart": "2024-01-01T00:00:00+08:00", "referencePeriodEnd": "2025-01-01T00:00:00+08:00"}
    done = supplier(tmp_path, {"data": [footprint(pcf=year)]})
    assert [(r["valid_from"], r["valid_to"]) for r in rows_of(done.folder, "footprints.csv")] == [
        ("2024-01-01", "2024-12-31")
    ]
