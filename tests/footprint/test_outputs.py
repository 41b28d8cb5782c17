"""A footprint study in, a result folder out: every file, the five parts, PACT, and the form that may be shown."""

import csv
import hashlib
import json
import re
import uuid
from pathlib import Path

import pytest
from pyarrow import parquet

from carbon.errors import DataError, UsageError
from carbon.footprint.study import footprint
from carbon.footprint.tree import contribution_tree
from carbon.footprints import check_footprint, find_studies, open_study, places, run_footprint, run_study
from carbon.library import pact as imported
from carbon.report.pact import decimal

# For 1 t of bread: bakery runs 1/2, flour 1.6/2 = 0.8 t.
#   mill   0.8 · (50 CO2 + 1.2 · 300 wheat) = 0.8 · 410 = 328, of which 40 is its own CO2 and 288 wheat
#   bakery 0.5 · 40 = 20                                              together 348 kgCO2e
# Measured are the 40 and the 20: 60 / 348. Biogenic, outside the total: 0.5 · 200 - 0.8 · 1500 = 100 - 1200.
TOTAL, UPTAKE, PRIMARY = 348.0, -1100.0, 100 * 60 / 348
STUDY = """
title = "Bread"
product = "bread"
unit = "t"
functional_unit = "one tonne of bread at the gate"
region = "CN-SD"
period = "2024"
as_of = 2025-12-01
"""
PACT = """
[pact]
companyName = "Example Bakery (invented)"
companyIds = ["urn:example:company:1"]
productIds = ["urn:gtin:4712345060507"]
fossilCarbonContent = 0
"""
PROCESSES = "process,product,amount,unit\nmill,flour,1,t\nbakery,bread,2,t\n"
HEADER = "process,kind,name,amount,unit,factor,factor_unit,origin,data,reliability,evidence\n"
EXCHANGES = HEADER + (
    "mill,emission,CO2,50,kg,,,,primary,1,gauge 7\n"
    "mill,material,wheat,1.2,t,300,kgCO2e/t,,secondary,3,\n"
    "mill,uptake,CO2,1500,kg,,,,,,\n"
    "bakery,input,flour,1.6 * waste,t,,,,primary,,\n"
    "bakery,emission,CO2,40,kg,,,,primary,2,gauge 7\n"
    "bakery,emission,CO2,200,kg,,,biogenic,,,\n"
)
PARAMETERS = "parameter,value,low,high,distribution\nwaste,1,0.9,1.2,triangular\n"
SCENARIOS = "scenario,parameter,value\nless waste,waste,0.5\n"


def study(folder: Path, settings: str = STUDY, **tables: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "study.toml").write_text(settings, encoding="utf-8")
    given = {"processes": PROCESSES, "exchanges": EXCHANGES, "parameters": PARAMETERS, "scenarios": SCENARIOS} | tables
    for name, text in given.items():
        if text:
            (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return folder


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


# --- the folder ---------------------------------------------------------------------------------------------------


def test_result_folder_holds_every_file_and_says_what_was_computed(tmp_path):
    found, where = run_footprint(study(tmp_path / "bread", STUDY + PACT))
    assert where == tmp_path / "bread" / "results"
    assert {path.name for path in where.iterdir()} == {
        "footprint.csv", "contributions.csv", "edges.csv", "quality.csv", "allocation.csv", "balances.csv",
        "sensitivity.csv", "issues.csv", "provenance.json", "report.md", "pact.json",
    }  # fmt: skip
    assert found.co2e() == pytest.approx(TOTAL, rel=1e-12)
    totals = {r["scenario"]: r for r in rows(where / "footprint.csv") if r["part"] == "total"}
    assert float(totals[""]["co2e_kg"]) == pytest.approx(TOTAL, rel=1e-12)
    assert float(totals["less waste"]["co2e_kg"]) == pytest.approx(328 / 2 + 20, rel=1e-12)  # half the flour
    assert {r["complete"] for r in totals.values()} == {"true"}
    edge = rows(where / "edges.csv")[0]
    assert (edge["source"], edge["target"]) == ("mill", "bakery")
    assert float(edge["co2e_kg"]) == pytest.approx(328, rel=1e-12)


def test_quality_is_stated_row_by_row_and_weighted(tmp_path):
    _, where = run_footprint(study(tmp_path / "bread"))
    base = [r for r in rows(where / "quality.csv") if not r["scenario"]]
    assert float(base[-1]["primary_pct"]) == pytest.approx(PRIMARY, rel=1e-12)
    # reliability: 40 kg at 1, 288 kg at 3, 20 kg at 2
    assert float(base[-1]["reliability"]) == pytest.approx((40 * 1 + 288 * 3 + 20 * 2) / 348, rel=1e-12)
    wheat = next(r for r in base if r["name"] == "wheat")
    assert float(wheat["weight_pct"]) == pytest.approx(100 * 288 / 348, rel=1e-12)
    assert (wheat["data"], wheat["source_line"], wheat["evidence"]) == ("secondary", "3", "")


def test_provenance_holds_the_digests_of_inputs_and_results(tmp_path):
    folder = study(tmp_path / "bread")
    _, where = run_footprint(folder)
    document = json.loads((where / "provenance.json").read_text("utf-8"))
    for name in ("study.toml", "processes.csv", "exchanges.csv", "parameters.csv", "scenarios.csv"):
        assert document["inputs"][name] == hashlib.sha256((folder / name).read_bytes()).hexdigest()
    for name, digest in document["results"].items():
        assert digest == hashlib.sha256((where / name).read_bytes()).hexdigest()
    assert document["rule"] == "gb-t-24067-2024"
    assert document["gwp"]["set"] == "ar6"
    assert document["library_sha256"]
    assert document["totals_kgco2e"]["base"] == pytest.approx(TOTAL, rel=1e-12)


def test_same_study_gives_the_same_bytes(tmp_path):
    folder = study(tmp_path / "bread", STUDY + PACT)
    _, first = run_footprint(folder, tmp_path / "first", draws=64)
    _, second = run_footprint(folder, tmp_path / "second", draws=64)
    for path in first.iterdir():
        assert path.read_bytes() == (second / path.name).read_bytes(), path.name


def test_draws_are_written_a_column_per_scenario(tmp_path):
    _, where = run_footprint(study(tmp_path / "bread"), draws=100, seed=7)
    table = parquet.read_table(where / "draws.parquet")
    assert table.num_rows == 100
    assert table.column_names == ["base", "less waste"]
    drawn = table.column("base").to_numpy()
    assert drawn.min() >= 328 * 0.9 + 20  # the triangle runs from 0.9 to 1.2
    assert drawn.max() <= 328 * 1.2 + 20
    document = json.loads((where / "provenance.json").read_text("utf-8"))
    assert document["uncertainty"]["base"]["draws"] == 100
    first = rows(where / "sensitivity.csv")[0]
    assert (first["kind"], first["name"]) == ("parameter", "waste")


def test_earlier_result_is_replaced_and_anything_else_is_kept(tmp_path):
    folder = study(tmp_path / "bread")
    run_footprint(folder)
    run_footprint(folder)
    (folder / "results" / "mine.txt").write_text("keep", encoding="utf-8")
    with pytest.raises(UsageError, match=r"mine\.txt"):
        run_footprint(folder)
    assert (folder / "results" / "mine.txt").read_text("utf-8") == "keep"


def test_failed_run_leaves_the_earlier_result(tmp_path):
    folder = study(tmp_path / "bread")
    _, where = run_footprint(folder)
    before = (where / "footprint.csv").read_bytes()
    study(folder, STUDY.replace('"bread"', '"cake"'))
    with pytest.raises(DataError):
        run_footprint(folder)
    assert (where / "footprint.csv").read_bytes() == before


# --- the input ----------------------------------------------------------------------------------------------------


def test_one_workbook_holds_all_tables(tmp_path):
    xlsxwriter = pytest.importorskip("xlsxwriter")
    folder = study(tmp_path / "book", processes="", exchanges="", parameters="", scenarios="")
    book = xlsxwriter.Workbook(folder / "模型.xlsx")
    for name, text in (("说明", "any\nthing\n"), ("过程", PROCESSES), ("交换", EXCHANGES), ("参数", PARAMETERS)):
        sheet = book.add_worksheet(name)
        for r, row in enumerate(csv.reader(text.splitlines())):
            sheet.write_row(r, 0, row)
    book.close()
    found, where = run_footprint(folder)
    assert found.co2e() == pytest.approx(TOTAL, rel=1e-12)
    assert list(found.solved) == [""]  # no sheet of scenarios
    assert list(json.loads((where / "provenance.json").read_text("utf-8"))["inputs"]) == ["study.toml", "模型.xlsx"]


def test_own_factors_lie_beside_the_study(tmp_path):
    folder = study(tmp_path / "bread", STUDY + 'factors = ["mine"]\n',
                   exchanges=EXCHANGES.replace("wheat,1.2,t,300,kgCO2e/t", "外购小麦,1.2,t,,"))  # fmt: skip
    with pytest.raises((DataError, UsageError)):
        run_footprint(folder)  # there is no folder "mine" yet
    table = folder / "wheat.csv"
    table.write_text("name,value,unit\n外购小麦,300,kgCO2e/t\n", encoding="utf-8")
    assert check_footprint(folder, factors=[]).errors  # without own factors nothing is filled in


@pytest.mark.parametrize("missing", ["processes", "exchanges"])
def test_missing_table_is_named(tmp_path, missing):
    issues = check_footprint(study(tmp_path / "bread", **{missing: ""}))
    assert [issue.code for issue in issues] == ["P740"]
    assert missing in issues[0].message("en")
    assert missing in issues[0].message("zh")


def test_table_that_is_there_twice_is_refused(tmp_path):
    folder = study(tmp_path / "bread")
    (folder / "过程.csv").write_text(PROCESSES, encoding="utf-8")
    assert [issue.code for issue in check_footprint(folder)] == ["T129"]


@pytest.mark.parametrize("name", ["brede", "bread/processes.csv"])
def test_what_is_no_study_is_a_usage_error(tmp_path, name):
    study(tmp_path / "bread")
    with pytest.raises(UsageError, match=r"bread|cannot read"):
        open_study(tmp_path / name)


def test_folder_without_study_file_says_so(tmp_path):
    with pytest.raises(UsageError, match=r"study\.toml"):
        open_study(tmp_path)


def test_folder_of_studies_is_all_of_them_and_each_has_its_own_results(tmp_path):
    one, two = study(tmp_path / "all" / "one"), study(tmp_path / "all" / "two")
    assert find_studies(tmp_path / "all") == [one, two]
    assert find_studies(one / "study.toml") == [one]
    assert places([tmp_path / "all"], tmp_path / "out") == [
        (one, tmp_path / "out" / "one"), (two, tmp_path / "out" / "two")]  # fmt: skip
    assert places([one], None) == [(one, None)]
    with pytest.raises(UsageError, match="two studies are called one"):
        places([one, study(tmp_path / "more" / "one")], tmp_path / "out")


# --- the report ---------------------------------------------------------------------------------------------------

PARTS = {
    "en": ["Accounting boundary", "Accounting method", "Form of publication", "Data quality", "Traceability"],
    "zh": ["核算边界", "核算方法", "发布形式", "数据质量", "溯源性"],
}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_report_has_the_five_parts(tmp_path, language):
    _, where = run_footprint(study(tmp_path / "bread"), language=language)
    text = (where / "report.md").read_text("utf-8")
    assert re.findall(r"^## \d\. (.*)$", text, flags=re.M) == PARTS[language]
    assert "348.000" in text
    assert hashlib.sha256((tmp_path / "bread" / "exchanges.csv").read_bytes()).hexdigest() in text
    chinese = [line for line in text.splitlines() if re.search("[\u4e00-\u9fff]", line)]
    assert bool(chinese) == (language == "zh"), chinese


def test_report_says_first_that_it_is_incomplete(tmp_path):
    text = EXCHANGES + "bakery,material,stuff nobody knows,1,kg,,,,,,\n"
    found, where = run_footprint(study(tmp_path / "bread", STUDY + PACT, exchanges=text))
    assert not found.complete
    report = (where / "report.md").read_text("utf-8")
    assert report.index("INCOMPLETE") < report.index("## 1.")
    assert {r["complete"] for r in rows(where / "footprint.csv")} == {"false"}
    assert not (where / "pact.json").exists()
    assert "P743" in {r["code"] for r in rows(where / "issues.csv")}


def test_gas_without_potential_leaves_the_total_unknown_and_says_so(tmp_path):
    text = EXCHANGES.replace("bakery,emission,CO2,40", "bakery,emission,CH4,40")
    found, where = run_footprint(study(tmp_path / "bread", STUDY + PACT, exchanges=text), gwp="none", draws=10)
    assert found.co2e() is None
    assert not found.complete
    assert not (where / "pact.json").exists()
    assert "INCOMPLETE" in (where / "report.md").read_text("utf-8")
    for path in where.glob("*.csv"):
        assert "nan" not in path.read_text("utf-8-sig").replace("finance", ""), path.name
    assert next(r for r in rows(where / "footprint.csv") if r["part"] == "total")["co2e_kg"] == ""


def test_scenario_may_be_called_base(tmp_path):
    folder = study(tmp_path / "bread", scenarios="scenario,parameter,value\nbase,waste,0.5\n")
    _, where = run_footprint(folder, draws=10)
    assert parquet.read_table(where / "draws.parquet").column_names == ["(base)", "base"]
    totals = json.loads((where / "provenance.json").read_text("utf-8"))["totals_kgco2e"]
    assert totals == {"(base)": pytest.approx(TOTAL), "base": pytest.approx(328 / 2 + 20)}


def test_text_of_users_stays_text(tmp_path):
    evil = "<script>|[x](y)"
    settings = STUDY.replace('title = "Bread"', f'title = "{evil}"')
    folder = study(tmp_path / "bread", settings, exchanges=EXCHANGES.replace("wheat", evil))
    _, where = run_footprint(folder)
    report = (where / "report.md").read_text("utf-8")
    assert "<script>" not in report
    assert r"\<script\>\|\[x\](y)" in report


def test_first_level_adds_up_to_the_footprint_and_deeper_levels_to_theirs(tmp_path):
    found, _ = run_footprint(study(tmp_path / "bread"))
    first = contribution_tree(found)
    assert [(r["name"], r["co2e_kg"]) for r in first[:2]] == [
        ("flour", pytest.approx(328, rel=1e-12)), ("CO2", pytest.approx(20, rel=1e-12))]  # fmt: skip
    assert sum(r["co2e_kg"] for r in first) == pytest.approx(TOTAL, rel=1e-12)
    deep = contribution_tree(found, depth=2, least=0.05)
    assert [(r["path"], round(r["co2e_kg"], 9)) for r in deep] == [
        ("flour", 328.0), ("flour > wheat", 288.0), ("flour > CO2", 40.0), ("CO2", 20.0)]  # fmt: skip


def test_loop_is_counted_once_in_the_tree(tmp_path):
    # 1 kWh takes 0.2 kWh of itself and emits 1 kg: x = 1 + 0.2·x = 1.25 kg; its own emission 1, its input 0.2·1.25
    found = footprint(
        [{"process": "power", "unit": "kWh"}],
        [{"process": "power", "kind": "input", "name": "power", "amount": 0.2, "unit": "kWh"},
         {"process": "power", "kind": "emission", "name": "CO2", "amount": 1, "unit": "kg"}],
        study={"product": "power", "unit": "kWh"},
    )  # fmt: skip
    assert [(r["kind"], r["co2e_kg"]) for r in contribution_tree(found)] == [
        ("emission", pytest.approx(1.0)), ("input", pytest.approx(0.25))]  # fmt: skip


# --- PACT ---------------------------------------------------------------------------------------------------------


def test_pact_footprint_has_the_mandatory_fields_as_texts(tmp_path):
    _, where = run_footprint(study(tmp_path / "bread", STUDY + PACT))
    document = json.loads((where / "pact.json").read_text("utf-8"))
    assert all(check(document[name]) for name, check in imported.FOOTPRINT.items())
    assert all(check(document["pcf"][name]) for name, check in imported.CARBON.items())
    assert str(uuid.UUID(document["id"])) == document["id"]
    assert document["specVersion"] == "3.0.0"
    assert document["created"] == "2025-12-01T00:00:00Z"
    pcf = document["pcf"]
    expected = {
        "declaredUnitOfMeasurement": "kilogram", "declaredUnitAmount": "1000", "productMassPerDeclaredUnit": "1000",
        "referencePeriodStart": "2024-01-01T00:00:00Z", "referencePeriodEnd": "2025-01-01T00:00:00Z",
        "geographyCountrySubdivision": "CN-SD", "fossilCarbonContent": "0", "exemptedEmissionsPercent": "0",
        "ipccCharacterizationFactors": ["AR6"], "crossSectoralStandards": ["ISO14067"],
        "ccsTechnologicalCO2CaptureIncluded": False,
    }  # fmt: skip
    assert {name: pcf[name] for name in expected} == expected
    numbers = {"pcfExcludingBiogenicUptake": TOTAL, "pcfIncludingBiogenicUptake": TOTAL + UPTAKE,
               "fossilGhgEmissions": TOTAL, "biogenicCO2Uptake": UPTAKE, "primaryDataShare": PRIMARY}  # fmt: skip
    for name, value in numbers.items():
        assert isinstance(pcf[name], str)
        assert float(pcf[name]) == pytest.approx(value, rel=1e-7)


def test_pact_footprint_of_another_result_has_another_identifier(tmp_path):
    folder = study(tmp_path / "bread", STUDY + PACT)
    names = []
    for amount in ("1.2", "1.2", "1.3"):
        study(folder, STUDY + PACT, exchanges=EXCHANGES.replace("wheat,1.2", f"wheat,{amount}"))
        _, where = run_footprint(folder)
        names.append(json.loads((where / "pact.json").read_text("utf-8"))["id"])
    assert names[0] == names[1] != names[2]


def test_pact_footprint_can_be_imported_again(tmp_path):
    from carbon.imports import import_factors

    _, where = run_footprint(study(tmp_path / "bread", STUDY + PACT))
    done = import_factors(
        [where / "pact.json"], tmp_path / "own", kind="pact", publication="bakery-2024",
        item_kind="purchased-goods", item_use="purchased", item_origin="fossil", licence="none",
    )  # fmt: skip
    assert not done.issues.errors, done.issues
    assert done.rows == 1


def test_without_pact_section_a_note_says_what_it_needs(tmp_path):
    found, where = run_footprint(study(tmp_path / "bread"))
    mine = [issue for issue in found.issues if issue.code in ("P741", "P742", "P743")]
    assert [issue.code for issue in mine] == ["P741"]
    assert "companyName" in mine[0].message("zh")
    assert not (where / "pact.json").exists()


def test_share_of_what_is_excluded_is_that_of_the_study(tmp_path):
    said = "[pact]\nexemptedEmissionsPercent = 0"
    found, where = run_footprint(
        study(tmp_path / "bread", STUDY + 'excluded = ["wheat"]' + PACT.replace("[pact]", said))
    )
    assert {issue.column for issue in found.issues if issue.code == "P742"} == {"pact.exemptedEmissionsPercent"}
    assert not (where / "pact.json").exists()


@pytest.mark.parametrize(
    ("old", "new", "column"),
    [
        ('companyName = "Example Bakery (invented)"\n', "", "pact.companyName"),
        ('"urn:example:company:1"', '"4711"', "pact.companyIds"),
        ('["urn:gtin:4712345060507"]', "[]", "pact.productIds"),
        ("fossilCarbonContent = 0", 'fossilCarbonContent = "a lot"', "pact.fossilCarbonContent"),
        ("fossilCarbonContent = 0", "fossilCarbonContent = -1", "pact.fossilCarbonContent"),
        ("companyName =", 'id = "not-a-uuid"\ncompanyName =', "pact.id"),
        ("companyName =", 'companyname = "x"\ncompanyName =', "pact.companyname"),
        ("companyName =", 'ipccCharacterizationFactors = ["six"]\ncompanyName =', "pact.ipccCharacterizationFactors"),
        ("companyName =", "validityPeriodStart = 2025-01-01\ncompanyName =", "pact.validityPeriodEnd"),
        (
            "companyName =",
            "validityPeriodStart = 2025-01-01\nvalidityPeriodEnd = 2028-01-02\ncompanyName =",
            "pact.validityPeriodEnd",
        ),
        (
            "companyName =",
            "validityPeriodStart = 2025-01-01\nvalidityPeriodEnd = 9999-12-31T23:59:59-12:00\ncompanyName =",
            "pact.validityPeriodEnd",
        ),
    ],
)
def test_wrong_pact_field_is_named_and_no_json_written(tmp_path, old, new, column):
    found, where = run_footprint(study(tmp_path / "bread", STUDY + PACT.replace(old, new)))
    assert {issue.column for issue in found.issues if issue.code == "P742"} == {column}
    assert found.complete
    assert not (where / "pact.json").exists()
    for issue in found.issues:
        assert issue.text("en") != issue.text("zh")


@pytest.mark.parametrize(
    ("settings", "exchanges", "words"),
    [
        (STUDY + 'boundary = "cradle-to-grave"\n', EXCHANGES, "cradle-to-gate"),
        (STUDY.replace('period = "2024"\n', ""), EXCHANGES, "no period"),
        (STUDY, EXCHANGES + "bakery,avoided,old bread,1,t,900,kgCO2e/t,,,,\n", "fossil emissions are negative"),
    ],
)
def test_study_outside_the_scope_of_pact_is_refused(tmp_path, settings, exchanges, words):
    found, where = run_footprint(study(tmp_path / "bread", settings + PACT, exchanges=exchanges))
    assert any(words in issue.message("en") for issue in found.issues if issue.code == "P743"), found.issues
    assert not (where / "pact.json").exists()


def test_more_biogenic_carbon_out_than_in_asks_for_the_uptake(tmp_path):
    exchanges = EXCHANGES.replace("mill,uptake,CO2,1500,kg,,,,,,\n", "")
    found, _ = run_footprint(study(tmp_path / "bread", STUDY + PACT, exchanges=exchanges))
    assert [issue.column for issue in found.issues if issue.code == "P742"] == ["pact.biogenicCO2Uptake"]
    _, where = run_footprint(study(tmp_path / "bread", STUDY + PACT + "biogenicCO2Uptake = 0\n", exchanges=exchanges))
    pcf = json.loads((where / "pact.json").read_text("utf-8"))["pcf"]
    assert pcf["pcfIncludingBiogenicUptake"] == pcf["pcfExcludingBiogenicUptake"]


@pytest.mark.parametrize(
    ("unit", "amount", "expected"),
    [("t", "1", ("kilogram", "1000")), ("MWh", "2", ("kilowatt hour", "2000")), ("GJ", "1", ("megajoule", "1000")),
     ("L", "5", ("liter", "5")), ("m3", "1", ("cubic meter", "1")), ("件", "1", ("piece", "1"))],
)  # fmt: skip
def test_declared_unit_is_that_of_pact(tmp_path, unit, amount, expected):
    settings = f'product = "bread"\nunit = "{unit}"\namount = {amount}\nperiod = "2024"\n' + PACT
    settings += 'productDescription = "a thing"\n'
    settings += "productMassPerDeclaredUnit = 3\n" if unit in ("L", "m3", "件") else ""
    folder = study(
        tmp_path / "bread", settings, processes=f"process,product,amount,unit\nbakery,bread,1,{unit}\n",
        exchanges=HEADER + "bakery,emission,CO2,1,kg,,,,,,\n", parameters="", scenarios="",
    )  # fmt: skip
    found, where = run_footprint(folder)
    assert (where / "pact.json").exists(), found.issues
    pcf = json.loads((where / "pact.json").read_text("utf-8"))["pcf"]
    assert (pcf["declaredUnitOfMeasurement"], pcf["declaredUnitAmount"]) == expected
    mass = {"kilogram": "1000", "kilowatt hour": "0", "megajoule": "0"}.get(expected[0], "3")
    assert pcf["productMassPerDeclaredUnit"] == mass


@pytest.mark.parametrize("value", [0.0, -0.0, 1e-9, 123456789.123, 1e22, -2.5e-3])
def test_decimal_is_a_number_without_exponent(value):
    text = decimal(value)
    assert re.fullmatch(r"-?\d+(\.\d+)?", text)
    assert float(text) == pytest.approx(value, rel=1e-9, abs=1e-15)
    assert text != "-0"


# --- what may be shown --------------------------------------------------------------------------------------------

SECRETS = ("mill", "flour", "wheat", "less waste, 0.5", "300 kgCO2e", "gauge 7", "exchanges.csv")


def test_public_form_has_totals_quality_and_digests_and_no_bill_of_material(tmp_path):
    folder = study(tmp_path / "bread", STUDY + PACT)
    done, where = run_study(folder, public=tmp_path / "shown")
    shown = tmp_path / "shown"
    assert {path.name for path in shown.iterdir()} == {
        "footprint.csv", "quality.csv", "report.md", "pact.json", "provenance.json"}  # fmt: skip
    for path in shown.iterdir():
        text = path.read_text("utf-8")
        for secret in SECRETS:
            assert secret not in text, f"{secret} in {path.name}"
    assert {r["part"] for r in rows(shown / "footprint.csv")} <= {"total", "gas", "stage", "origin", "apart"}
    document = json.loads((shown / "provenance.json").read_text("utf-8"))
    full = json.loads((where / "provenance.json").read_text("utf-8"))
    assert sorted(document["inputs"].values()) == sorted(full["inputs"].values())
    assert document["full_result_sha256"] == hashlib.sha256((where / "provenance.json").read_bytes()).hexdigest()
    assert document["totals_kgco2e"]["base"] == done.footprint.co2e()
    whole, part = (json.loads((folder / "pact.json").read_text("utf-8")) for folder in (where, shown))
    assert {name: value for name, value in whole.items() if name != "pcf"} == {
        name: value for name, value in part.items() if name != "pcf"}  # fmt: skip
    assert whole["pcf"].items() >= part["pcf"].items()
    assert whole["pcf"].keys() - part["pcf"].keys() == {"allocationRulesDescription"}  # nothing secondary is shipped
    assert all(check(part["pcf"][name]) for name, check in imported.CARBON.items())


def test_public_form_may_not_take_the_place_of_the_result(tmp_path):
    folder = study(tmp_path / "bread")
    with pytest.raises(UsageError, match="choose another folder"):
        run_study(folder, public=folder / "results")
