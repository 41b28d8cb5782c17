"""What a reader of a footprint is shown: nothing secret, nothing untrue, no number that contradicts another."""

import csv
import json
import math
import re
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from carbon import shipped
from carbon.footprint.study import footprint
from carbon.footprint.uncertain import uncertainty
from carbon.footprints import run_study
from carbon.imports import import_factors
from carbon.report.cells import aligned, percent, significant
from carbon.report.evidence import cleared, data_kind, exchange_records, footprint_records
from carbon.report.footprint import largest, render_footprint
from carbon.report.markdown import figure
from carbon.report.pact import primary_data_share

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
ZH = re.compile("[\u4e00-\u9fff]")
SECRET = "verborgen"  # in every text of the user that is no name of the product

# For 1 t of bread: the mill runs 0.8, the bakery once.
PROCESSES = "process,product,amount,unit\nverborgen mill,verborgen flour,1,t\nbakery verborgen,bread,1,t\n"
COLUMNS = (
    "process", "kind", "name", "amount", "unit", "factor", "factor_unit", "instrument", "origin", "data", "reliability",
    "completeness", "time", "geography", "technology", "uncertainty_pct", "recycled_content", "recycled_by",
    "evidence", "note",
)  # fmt: skip
ROWS: list[dict[str, Any]] = [
    {"process": "verborgen mill", "kind": "emission", "name": "CO2", "amount": 50, "unit": "kg", "data": "primary",
     "uncertainty_pct": 10},
    {"process": "verborgen mill", "kind": "emission", "name": "CH4", "amount": 0.2, "unit": "kg", "data": "estimate"},
    {"process": "verborgen mill", "kind": "material", "name": "verborgen wheat", "amount": "verborgen_part",
     "unit": "t", "factor": 300, "factor_unit": "kgCO2e/t", "data": "secondary", "reliability": 3, "completeness": 2,
     "time": 1, "geography": 3, "technology": 2},
    {"process": "verborgen mill", "kind": "electricity", "name": "electricity", "amount": 90, "unit": "kWh",
     "instrument": "green-power", "data": "primary"},
    {"process": "verborgen mill", "kind": "uptake", "name": "CO2", "amount": 1500, "unit": "kg"},
    {"process": "bakery verborgen", "kind": "input", "name": "verborgen flour", "amount": "0.8 * verborgen_waste",
     "unit": "t", "data": "primary"},
    {"process": "bakery verborgen", "kind": "material", "name": "verborgen casting", "amount": 4, "unit": "kg",
     "data": "secondary"},
    {"process": "bakery verborgen", "kind": "input", "name": "verborgen flour", "amount": 0.01, "unit": "t",
     "recycled_content": "0.5", "recycled_by": "verborgen flour"},
    {"process": "bakery verborgen", "kind": "material", "name": "verborgen oil", "amount": 1, "unit": "kg",
     "factor": 1, "factor_unit": "kgCO2e/kg"},
    {"process": "bakery verborgen", "kind": "emission", "name": "CO2", "amount": 200, "unit": "kg",
     "origin": "biogenic"},
]  # fmt: skip
EXCHANGES = [row | {"evidence": "verborgen meter", "note": "verborgen"} for row in ROWS]
PARAMETERS = (
    "parameter,value,low,high,distribution,note\nverborgen_part,1.2,1,1.5,triangular,verborgen\n"
    "verborgen_waste,1,,,,\nverborgen_a,0.5,,,,\n"
)
SCENARIOS = "scenario,parameter,value,note\nleaner,verborgen_part,verborgen_a * 2,verborgen\n"
STUDY = """
title = "Bread"
product = "bread"
unit = "t"
functional_unit = "one tonne of bread at the gate"
region = "CN-SD"
period = "2024"
as_of = 2025-12-01
excluded = ["verborgen oil", "verborgen travel"]
recycling = "verborgen_a"
factors = ["verborgen-factors"]
method = "verborgen-method"
gwp = "ipcc-gwp/verborgen"
draws = 60

[classes]
source = "class table of the example"
limits = {A = 5, B = 500}

[pact]
companyName = "Example Bakery (invented)"
companyIds = ["urn:example:company:1"]
productIds = ["urn:gtin:4712345060507"]
fossilCarbonContent = 0
ipccCharacterizationFactors = ["AR6"]
comment = "verborgen comment"
boundaryProcessesDescription = "verborgen milling"
exemptedEmissionsDescription = "verborgen oil is small"
allocationRulesDescription = "by mass of verborgen flour"
technologicalCO2CaptureOrigin = "none at verborgen"
"""


def table(rows: list[dict[str, Any]], columns: tuple[str, ...] = COLUMNS) -> str:
    lines = [",".join(str(row.get(name, "")) for name in columns) for row in rows]
    return "\n".join([",".join(columns), *lines]) + "\n"


def own_factors(folder: Path) -> None:
    """A supplier's footprint imported, a method of our own, warming potentials of our own."""
    document = (EXAMPLES / "imports" / "supplier-pact.json").read_text("utf-8")
    document = document.replace("Example Castings Ltd", "Verborgen Ltd").replace("Casting GC-12 (invented)",
                                                                                "verborgen casting")  # fmt: skip
    folder.mkdir(parents=True)
    (folder / "supplier.json").write_text(document, encoding="utf-8")
    done = import_factors([folder / "supplier.json"], folder, kind="pact", publication="verborgen-2024",
                          item_kind="purchased-goods", item_use="purchased", item_origin="fossil",
                          licence="none")  # fmt: skip
    assert done.rows == 1
    for name, old, new in (("methods", "gb-t-24067", "verborgen-method"), ("ipcc-gwp", "ar6", "verborgen")):
        (folder / name).mkdir()
        for path in (shipped.folder("factors") / name).glob(f"{old}.*"):
            text = path.read_text("utf-8").replace(f'id = "{old}"', f'id = "{new}"')
            text = text.replace(f'"ipcc-gwp/{old}"', f'"ipcc-gwp/{new}"')
            text = text.replace('title_en = "', 'title_en = "Verborgen ').replace(
                'title_zh = "', 'title_zh = "Verborgen '
            )
            text = text.replace('unknown = [\n    "', 'unknown = [\n    "Verborgen ')
            (folder / name / f"{new}{path.suffix}").write_text(text, encoding="utf-8")


def study(folder: Path, settings: str = STUDY, exchanges: list[dict[str, Any]] = EXCHANGES) -> Path:
    folder.mkdir(parents=True)
    if "verborgen-factors" in settings:
        own_factors(folder / "verborgen-factors")
    (folder / "study.toml").write_text(settings, encoding="utf-8")
    for name, text in (("processes", PROCESSES), ("exchanges", table(exchanges)), ("parameters", PARAMETERS),
                       ("scenarios", SCENARIOS)):  # fmt: skip
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return folder


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def columns_of(text: str, heading: str) -> list[list[str]]:
    """Cells of the first table below a heading, without header and rule."""
    lines = text[text.index(heading) :].splitlines()
    first = next(n for n, line in enumerate(lines) if line.startswith("|"))
    found = []
    for line in lines[first + 2 :]:
        if not line.startswith("|"):
            break
        found.append([cell.strip() for cell in line.strip("|").split("|")])
    return found


# --- what may be shown --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Path, Path]:
    folder = tmp_path_factory.mktemp("bread")
    done, where = run_study(study(folder / "bread"), folder / "full", public=folder / "shown")
    return done, where, folder / "shown"


def test_no_word_of_the_user_but_those_of_the_product_is_public(result):
    done, where, shown = result
    assert done.footprint.complete, list(done.footprint.issues)
    assert {path.name for path in shown.iterdir()} == {
        "footprint.csv", "quality.csv", "report.md", "pact.json", "provenance.json"}  # fmt: skip
    for path in shown.iterdir():
        assert SECRET not in path.read_text("utf-8-sig").casefold(), path.name
    for name in ("contributions.csv", "quality.csv", "report.md", "provenance.json", "pact.json"):
        assert SECRET in (where / name).read_text("utf-8-sig").casefold(), name  # so the test can fail
    report = (shown / "report.md").read_text("utf-8")
    for word in ("Bread", "bread", "one tonne of bread at the gate", "leaner", "class table of the example"):
        assert word in report


@pytest.mark.parametrize("language", ["en", "zh"])
def test_neither_is_one_public_of_an_incomplete_study(tmp_path, language):
    exchanges = [*EXCHANGES, {"process": "bakery verborgen", "kind": "material", "name": "verborgen x", "amount": 1,
                              "unit": "kg"}]  # fmt: skip
    folder = study(tmp_path / "bread", exchanges=exchanges)
    done, where = run_study(folder, tmp_path / "full", public=tmp_path / "shown", language=language)
    assert not done.footprint.complete
    for path in (tmp_path / "shown").iterdir():
        assert SECRET not in path.read_text("utf-8-sig").casefold(), path.name
    assert SECRET in (where / "issues.csv").read_text("utf-8-sig")


def test_public_pact_footprint_has_no_source_and_no_free_text(result):
    _, where, shown = result
    whole, part = (json.loads((folder / "pact.json").read_text("utf-8")) for folder in (where, shown))
    assert "comment" in whole
    assert whole["pcf"].keys() - part["pcf"].keys() == {
        "secondaryEmissionFactorSources", "boundaryProcessesDescription", "exemptedEmissionsDescription",
        "allocationRulesDescription", "technologicalCO2CaptureOrigin"}  # fmt: skip
    assert whole.keys() - part.keys() == {"comment"}


def test_full_pact_footprint_names_publications_and_not_the_sets_of_the_user(result):
    done, where, _ = result
    sources = json.loads((where / "pact.json").read_text("utf-8"))["pcf"]["secondaryEmissionFactorSources"]
    used = done.footprint.background.result.provenance["sets"]
    assert "verborgen-2024/footprints" in used
    assert [one["version"] for one in sources] == ["2025-09-28"]  # the electricity of the study, and no standard coal
    assert SECRET not in json.dumps(sources).casefold()


# --- true of what is there ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("pact", [True, False])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_file_that_a_report_names_is_beside_it(tmp_path, language, pact):
    settings = STUDY if pact else STUDY[: STUDY.index("[pact]")]
    folder = study(tmp_path / "bread", settings)
    _, where = run_study(folder, tmp_path / "full", public=tmp_path / "shown", language=language)
    for place in (where, tmp_path / "shown"):
        report = (place / "report.md").read_text("utf-8")
        named = set(re.findall(r"`([a-z]+\.(?:csv|json|parquet))`", report))
        there = {path.name for path in place.iterdir()} - {"report.md"}
        assert named - {"pact.json"} == there - {"pact.json"}, place
        assert ("pact.json" in there) == pact
    assert bool(ZH.search(report)) == (language == "zh")


@pytest.mark.parametrize(("language", "words"), [("en", ("issues say", "line of the exchange", "issues below")),
                                                 ("zh", ("问题清单", "行号"))])  # fmt: skip
def test_public_report_sends_nobody_to_what_it_does_not_have(tmp_path, language, words):
    exchanges = [
        *EXCHANGES,
        {"process": "bakery verborgen", "kind": "material", "name": "x", "amount": 1, "unit": "kg"},
    ]
    folder = study(tmp_path / "bread", exchanges=exchanges)
    _, where = run_study(folder, tmp_path / "full", public=tmp_path / "shown", language=language)
    shown, full = ((place / "report.md").read_text("utf-8") for place in (tmp_path / "shown", where))
    for word in words:
        assert word not in shown
        assert word in full


def test_many_scenarios_point_to_a_file_that_is_there(tmp_path):
    folder = study(tmp_path / "bread")
    lines = [f"s{n},verborgen_part,{1 + n / 100}\n" for n in range(45)]
    (folder / "scenarios.csv").write_text("scenario,parameter,value\n" + "".join(lines), encoding="utf-8")
    _, where = run_study(folder, tmp_path / "full", public=tmp_path / "shown", draws=2)
    for place in (where, tmp_path / "shown"):
        for name in re.findall(r"more rows in (\S+)", (place / "report.md").read_text("utf-8")):
            assert (place / name).is_file(), name


# --- uncertainty --------------------------------------------------------------------------------------------------


def test_draws_and_theory_stand_side_by_side(result):
    done, where, shown = result
    for place in (where, shown):
        facts = json.loads((place / "provenance.json").read_text("utf-8"))["uncertainty"]
        assert list(facts) == ["base", "leaner"]
        for name, one in done.uncertainty.items():
            held = facts[name or "base"]
            assert held["by_draws"]["mean"] == np.mean(one.draws)
            assert held["by_draws"]["sd"] == np.std(one.draws, ddof=1)
            assert held["by_theory"]["sd"] == float(one.analytic.summary.sd)
            assert held["by_theory"]["exact"] is one.analytic.exact
        cells = columns_of((place / "report.md").read_text("utf-8"), "### Uncertainty")
        assert [row[0] for row in cells] == ["base case", "leaner"]
        whole = done.footprint.co2e()
        for row, one in zip(cells, done.uncertainty.values(), strict=True):
            for at, summary in ((1, one.summary), (4, one.analytic.summary)):
                low, high = aligned(float(summary.low), whole), aligned(float(summary.high), whole)
                expected = [aligned(float(summary.mean), whole), aligned(float(summary.sd), whole), f"{low} … {high}"]
                assert row[at : at + 3] == expected


def test_without_draws_theory_stands_alone(tmp_path):
    _, where = run_study(study(tmp_path / "bread"), tmp_path / "full", draws=0)
    report = (where / "report.md").read_text("utf-8")
    assert [len(row) for row in columns_of(report, "### Uncertainty")] == [4, 4]
    assert json.loads((where / "provenance.json").read_text("utf-8"))["uncertainty"]["base"]["by_draws"] is None
    assert "draws.parquet" not in report


@pytest.mark.parametrize(("language", "words"), [("en", ("amount and factor", "pedigree scores", "lognormal")),
                                                 ("zh", ("数量与因子", "五项评分", "对数正态"))])  # fmt: skip
def test_report_says_what_stands_behind_the_spread(tmp_path, language, words):
    _, where = run_study(study(tmp_path / "bread"), tmp_path / "full", language=language)
    report = (where / "report.md").read_text("utf-8")
    for word in words:
        assert word in report
    certain = report[report.index({"en": "Numbers that count as certain", "zh": "视为确定的数值"}[language]) :]
    for name in ("verborgen\\_waste", "verborgen wheat", "verborgen casting"):
        assert name in certain.split("###")[0]


def test_without_five_scores_nothing_is_said_of_them(tmp_path):
    exchanges = [{name: value for name, value in row.items() if name != "technology"} for row in EXCHANGES]
    _, where = run_study(study(tmp_path / "bread", exchanges=exchanges), tmp_path / "full")
    assert "pedigree scores is uncertain" not in (where / "report.md").read_text("utf-8")


def test_footprint_of_which_every_number_is_known_is_not_said_to_have_a_rest():
    found = footprint([{"process": "kiln", "unit": "t"}],
                      [{"process": "kiln", "kind": "emission", "name": "CO2", "amount": 800, "unit": "kg",
                        "uncertainty_pct": 10}], study={"product": "kiln", "unit": "t"})  # fmt: skip
    said = uncertainty(found).said
    assert "100.0 % of the footprint" in said.en
    assert "rest" not in said.en
    assert "其余" not in said.zh


def test_footprint_that_cannot_be_weighed_is_not_said_to_have_no_uncertain_number(tmp_path):
    _, where = run_study(study(tmp_path / "bread"), tmp_path / "full", gwp="none")
    report = (where / "report.md").read_text("utf-8")
    assert "could not be weighed, so its uncertainty is unknown" in report
    assert not re.search(r"\bnan\b", report)


# --- classes ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("language", "words"), [("en", "not graded: the footprint is incomplete"),
                                                 ("zh", "不予分级：碳足迹不完整")])  # fmt: skip
def test_incomplete_footprint_is_not_graded_and_neither_are_its_draws(tmp_path, language, words):
    exchanges = [
        *EXCHANGES,
        {"process": "bakery verborgen", "kind": "material", "name": "x", "amount": 1, "unit": "kg"},
    ]
    _, where = run_study(study(tmp_path / "bread", exchanges=exchanges), tmp_path / "full", language=language)
    report = (where / "report.md").read_text("utf-8")
    cells = columns_of(report, "## 3.")
    assert [row[2] for row in cells] == [words, words]
    assert {"en": "Draws in each class", "zh": "各等级的抽样占比"}[language] not in report


def test_footprint_beyond_the_last_limit_is_said_to_be(tmp_path):
    settings = STUDY.replace("{A = 5, B = 500}", "{A = 5}")
    _, where = run_study(study(tmp_path / "bread", settings), tmp_path / "full")
    report = (where / "report.md").read_text("utf-8")
    assert [row[2] for row in columns_of(report, "## 3.")] == ["beyond the last class"] * 2
    assert "Draws in each class (base case): beyond the last class 100.0 %" in report


# --- numbers and names --------------------------------------------------------------------------------------------


def test_no_zero_is_below_zero(result):
    assert [significant(-0.0), figure(-0.0), figure(-0.0, 1), percent(-0.0), aligned(-0.0, 10.0)] == [
        "0", "0.00", "0.0", "0.0", "0"]  # fmt: skip
    assert [math.copysign(1, record["a"]) for record in cleared([{"a": -0.0}])] == [1.0]
    for place in result[1:]:
        for path in place.iterdir():
            if path.suffix != ".parquet":
                found = re.findall(r"(?<![\d.eE])-0(?:\.0+)?(?![\d.])", path.read_text("utf-8-sig"))
                assert not found, path.name


def test_biogenic_carbon_stands_in_its_own_table_alone(result):
    done, where, shown = result
    gases = {"CH4", "CO2", "CO2e"}
    assert {r["name"] for r in footprint_records(done.footprint) if r["part"] == "gas"} == gases
    for place in (where, shown):
        records = rows(place / "footprint.csv")
        assert {r["name"] for r in records if r["part"] == "gas"} == gases
        assert {r["name"] for r in records if r["part"] == "apart"} == {"biogenic", "uptake"}
        report = (place / "report.md").read_text("utf-8")
        assert [row[0] for row in columns_of(report, "### By gas")] == sorted(gases)
        assert "CO2e: from factors that state CO2 equivalents as a whole" in report


def test_gases_that_are_known_apart_are_not_said_to_be_whole():
    found = footprint([{"process": "kiln", "unit": "t"}],
                      [{"process": "kiln", "kind": "emission", "name": "CO2", "amount": 800, "unit": "kg"}],
                      study={"product": "kiln", "unit": "t"})  # fmt: skip
    assert "as a whole" not in render_footprint(found, {}, {}, pact=False)


@pytest.mark.parametrize(("language", "names"), [("zh", {"初级数据", "次级数据", "估算", ""}),
                                                 ("en", {"primary", "secondary", "estimate", ""})])  # fmt: skip
def test_data_column_speaks_the_language_of_the_report(tmp_path, language, names):
    _, where = run_study(study(tmp_path / "bread"), tmp_path / "full", language=language)
    report = (where / "report.md").read_text("utf-8")
    heading = {"en": "### Largest contributions", "zh": "### 贡献最大的交换"}[language]
    assert {row[3] for row in columns_of(report, heading)} == names
    assert {r["data"] for r in rows(where / "contributions.csv")} <= {"primary", "secondary", "estimate", ""}


def test_words_for_data_are_those_of_the_tables():
    assert [data_kind(word) for word in ("Primary", "初级数据", "实测", "次级数据", "估算", "guess", None)] == [
        "primary", "primary", "primary", "secondary", "estimate", "guess", ""]  # fmt: skip


@pytest.mark.parametrize(
    ("language", "words"), [("en", "Share of primary activity data %"), ("zh", "初级活动数据占比 %")]
)
def test_share_of_primary_data_is_named_for_what_it_counts(tmp_path, language, words):
    done, where = run_study(study(tmp_path / "bread"), tmp_path / "full", language=language)
    report = (where / "report.md").read_text("utf-8")
    assert f"| {words} |" in report
    heading = {"en": "## 4. Data quality", "zh": "## 4. 数据质量"}[language]
    assert columns_of(report, heading)[0][1] == f"{done.footprint.quality()['primary_pct']:.1f}"


def test_exchange_of_two_stages_is_listed_once():
    records = [
        {"scenario": "", "process": "p", "kind": "input", "name": "n", "stage": stage, "source_line": 2,
         "co2e_kg": mass, "share_pct": mass, "data": None}
        for stage, mass in (("production", 40.0), ("use", 60.0))
    ]  # fmt: skip
    (one,) = exchange_records(SimpleNamespace(contribution_records=records))
    assert (one["co2e_kg"], one["share_pct"]) == (100.0, 100.0)


# --- PACT: primaryDataShare ---------------------------------------------------------------------------------------


def kiln(*exchanges: dict[str, Any]) -> Any:
    return footprint([{"process": "kiln", "unit": "t"}], [{"process": "kiln", **one} for one in exchanges],
                     study={"product": "kiln", "unit": "t", "period": "2024", "region": "CN"})  # fmt: skip


OWN = {"kind": "material", "name": "clay", "amount": 100, "unit": "kg", "factor": 3, "factor_unit": "kgCO2e/kg"}
GRID = {"kind": "electricity", "name": "电力碳足迹", "amount": 1000, "unit": "kWh", "data": "primary"}  # 577.7 kgCO2e


def test_metered_power_times_a_published_factor_is_no_primary_data_of_pact():
    found = kiln(GRID, OWN | {"data": "secondary"})
    assert found.quality()["primary_pct"] == pytest.approx(100 * 577.7 / 877.7)
    assert primary_data_share(found) is None


@pytest.mark.parametrize("own", [
    OWN | {"data": "primary"},  # 100 × 3
    {"kind": "emission", "name": "CO2", "amount": 300, "unit": "kg", "data": "实测"},
])  # fmt: skip
def test_rows_with_a_factor_of_their_own_are(own):
    assert primary_data_share(kiln(GRID, own)) == pytest.approx(100 * 300 / 877.7)


def test_pact_json_leaves_the_share_out_or_says_the_stricter_one(tmp_path, result):
    _, where, _ = result
    done = result[0].footprint
    stated = json.loads((where / "pact.json").read_text("utf-8"))["pcf"]["primaryDataShare"]
    contributions = [r for r in done.contribution_records if not r["scenario"]]
    whole = sum(abs(r["co2e_kg"]) for r in contributions)
    measured = sum(r["co2e_kg"] for r in contributions if r["name"] == "CO2" and r["data"] == "primary")
    assert float(stated) == pytest.approx(100 * measured / whole, abs=1e-6)
    assert float(stated) < done.quality()["primary_pct"]
    assert f"primaryDataShare, {float(stated):.1f} %, counts only" in (where / "report.md").read_text("utf-8")
    exchanges = [row | {"data": "secondary"} if row["kind"] == "emission" else row for row in EXCHANGES]
    _, where = run_study(study(tmp_path / "bread", exchanges=exchanges), tmp_path / "full")
    assert "primaryDataShare" not in json.loads((where / "pact.json").read_text("utf-8"))["pcf"]
    assert "primaryDataShare is left out" in (where / "report.md").read_text("utf-8")


@pytest.mark.parametrize(("given", "good"), [("12.5", True), ('"100"', True), ("101", False), ("-1", False)])
def test_study_may_state_the_share_itself(tmp_path, given, good):
    done, where = run_study(study(tmp_path / "bread", STUDY + f"primaryDataShare = {given}\n"), tmp_path / "full")
    assert (where / "pact.json").exists() == good
    if good:
        pcf = json.loads((where / "pact.json").read_text("utf-8"))["pcf"]
        assert float(pcf["primaryDataShare"]) == float(given.strip('"'))
    else:
        assert [i.column for i in done.footprint.issues if i.code == "P742"] == ["pact.primaryDataShare"]


# --- it reads well ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["footprint-aluminium", "footprint-cement"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_example_reads_well(tmp_path, name, language):
    shutil.copytree(EXAMPLES / name, tmp_path / name)
    done, where = run_study(tmp_path / name, tmp_path / "full", draws=50, language=language)
    report = (where / "report.md").read_text("utf-8")
    for cell in (cell for line in report.splitlines() if line.startswith("| ") for cell in line.split("|")):
        assert not re.fullmatch(r" ?-?\d[\d,.]*e[+-]\d+ ?", cell), cell  # no exponent
        assert len(re.sub(r"\D", "", cell)) <= 8 or not re.fullmatch(r" \**-?[\d,.]+\** ", cell), cell
    if language == "zh":
        prose = [line for line in report.splitlines() if line.startswith("- ") and "`" not in line]
        assert not [line for line in prose if re.search("[\u4e00-\u9fff]: ", line)], "half-width colons"
    total = done.footprint.co2e()
    assert f"{significant(total)} kgCO2e" in report.splitlines()[2]
    parts = [
        float(row[1].replace(",", ""))
        for row in columns_of(report, {"en": "### By life", "zh": "### 按生命"}[language])
    ]
    assert sum(parts) == pytest.approx(total, abs=3 * 10.0 ** (math.floor(math.log10(total)) - 5))
    assert len(largest(done.footprint)) == 10
