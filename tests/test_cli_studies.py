"""What the command says of studies: checks them, describes their settings, gives files to begin with."""

from __future__ import annotations

import re
import shutil
import tomllib
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from carbon.cli.checking import check_path, kinds, refuse_study_result
from carbon.cli.commands import app
from carbon.describe import (
    SETTINGS,
    describe,
    described,
    documented,
    inner_model,
    meaning,
    model_of,
    template,
    templates,
)
from carbon.documents import Document, load
from carbon.errors import DataError, UsageError
from carbon.footprint.files import FootprintFile
from carbon.footprint.rules import rules
from carbon.footprints import compute, open_study, run_study
from carbon.run import check as check_run
from carbon.schema import schema
from carbon.studies import run_savings, run_upgrade

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
TABLES = ("processes", "exchanges", "parameters", "scenarios")


def command(*arguments: str | Path) -> Any:
    return CliRunner().invoke(app, [str(one) for one in arguments])


def copied(name: str, to: Path) -> Path:
    return Path(shutil.copytree(EXAMPLES / name, to / name, ignore=shutil.ignore_patterns("results")))


def lines_of(issues: Any, code: str) -> list[tuple[str, list[int]]]:
    return [(issue.file, list(issue.lines)) for issue in issues if issue.code == code]


# --- check --------------------------------------------------------------------------------------------------------


def test_footprint_study_is_checked_as_one(tmp_path: Path) -> None:
    study = copied("footprint-cement", tmp_path)
    assert not check_path(study).errors
    text = (study / "exchanges.csv").read_text("utf-8").replace("石灰石开采,material,炸药", "石灰石开采,input,炸药")
    (study / "exchanges.csv").write_text(text, encoding="utf-8")
    for path in (study, study / "study.toml"):
        assert lines_of(check_path(path), "P710") == [("exchanges.csv", [4])]
    done = command("check", study, "--lang", "en")
    assert done.exit_code == 1
    assert "[P710]" in done.stderr
    assert not (study / "results").exists()


def test_folder_of_studies_says_in_which_study(tmp_path: Path) -> None:
    for name in ("one", "two"):
        study = tmp_path / "all" / name
        study.mkdir(parents=True)
        for table in TABLES:
            (study / f"{table}.csv").write_text(template(table), encoding="utf-8")
        (study / "study.toml").write_text(template("study"), encoding="utf-8")
    assert not check_path(tmp_path / "all").errors
    (tmp_path / "all" / "two" / "study.toml").write_text('product = "x"\nunit = "t"\nperiod = "2024"\n', "utf-8")
    assert [issue.file for issue in check_path(tmp_path / "all").errors] == ["two/study.toml"]


def test_upgrade_study_and_savings_are_checked_as_such(tmp_path: Path) -> None:
    study = copied("upgrade", tmp_path)
    assert not check_path(study).errors
    text = (study / "upgrade.toml").read_text("utf-8")
    (study / "upgrade.toml").write_text(text.replace("discount_rate", "discount_rat"), encoding="utf-8")
    assert [issue.code for issue in check_path(study).errors] == ["T116"]
    savings = copied("savings", tmp_path)
    assert not check_path(savings).errors
    (savings / "savings.csv").write_text("measure\nx\n", encoding="utf-8")
    assert {issue.code for issue in check_path(savings).errors} == {"T103"}
    assert kinds(EXAMPLES / "upgrade" / "measures.csv") == ["upgrade.toml"]
    assert kinds(EXAMPLES / "savings" / "savings.csv") == ["savings.toml"]


def test_run_is_checked_as_before(tmp_path: Path) -> None:
    assert not check_path(EXAMPLES / "quarterly").errors
    assert kinds(EXAMPLES / "quarterly" / "activities.csv") == []
    alone = check_path(EXAMPLES / "quarterly" / "activities.csv", method="cn-general")
    before = check_run(EXAMPLES / "quarterly" / "activities.csv", method="cn-general")
    assert [issue.text() for issue in alone] == [issue.text() for issue in before]
    assert "M301" in {issue.code for issue in alone.errors}  # that pack has no limestone as feedstock
    assert [issue.code for issue in check_path(tmp_path).errors] == ["T128"]
    with pytest.raises(UsageError, match="no file or folder"):
        check_path(tmp_path / "nothing")


def test_folder_that_is_a_run_and_a_study_is_checked_as_both(tmp_path: Path) -> None:
    study = copied("footprint-cement", tmp_path)
    (study / "activities.csv").write_text("facility,period\nA,2024\n", encoding="utf-8")
    assert kinds(study) == ["study.toml", "run.toml"]
    assert {"T103", "P733"} <= {issue.code for issue in check_path(study)}  # columns of the run, a stage of the study


def test_tables_without_a_study_file_say_what_is_missing(tmp_path: Path) -> None:
    for table in ("processes", "exchanges"):
        (tmp_path / f"{table}.csv").write_text(template(table), encoding="utf-8")
    with pytest.raises(UsageError, match=r"has no study\.toml: product, unit and boundary"):
        check_path(tmp_path)


# --- explain ------------------------------------------------------------------------------------------------------


def test_result_of_a_study_says_how_its_rows_are_retraced(tmp_path: Path) -> None:
    study = copied("footprint-cement", tmp_path)
    run_study(study, draws=0)
    for place in (study, study / "results"):
        done = command("explain", f"{place}:3")
        assert done.exit_code != 0
        with pytest.raises(UsageError, match=re.escape(f"carbon footprint {study} --explain 3")):
            refuse_study_result(place, "3")
    run_study(study, tmp_path / "elsewhere", draws=0)
    with pytest.raises(UsageError, match="carbon footprint STUDY --explain 3"):
        refuse_study_result(tmp_path / "elsewhere", "3")
    run_upgrade(EXAMPLES / "upgrade", tmp_path / "up")
    with pytest.raises(UsageError, match="carbon upgrade STUDY --explain MEASURE"):
        refuse_study_result(tmp_path / "up", "3")
    run_savings(EXAMPLES / "savings", tmp_path / "saved")
    with pytest.raises(UsageError, match="carbon savings STUDY --explain MEASURE"):
        refuse_study_result(tmp_path / "saved", "3")
    refuse_study_result(EXAMPLES / "quarterly", "3")  # a run


# --- describe -----------------------------------------------------------------------------------------------------


def keys(model: type[Document], before: str = "") -> list[tuple[type[Document], str, str]]:
    found = []
    for key, field in model.model_fields.items():
        found.append((model, key, before + key))
        inner = inner_model(field.annotation)
        found += keys(inner, f"{before}{key}.") if inner is not None else []
    return found


EVERY = [
    pytest.param(model, key, id=f"{name}-{place}") for name in SETTINGS for model, key, place in keys(model_of(name))
]


@pytest.mark.parametrize(("model", "key"), EVERY)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_key_of_a_settings_file_says_what_it_means(model: type[Document], key: str, language: str) -> None:
    said = meaning(model, key, language)
    assert said.strip()
    assert bool(re.search("[\u4e00-\u9fff]", said)) or language == "en"


def test_meanings_are_of_keys_that_are_there_and_said_once() -> None:
    texts = tomllib.loads((Path(__file__).parents[1] / "carbon" / "describe.toml").read_text("utf-8"))
    models = {model.__name__: model for name in SETTINGS for model, _, _ in keys(model_of(name))}
    for name, entries in texts.items():
        assert set(entries) <= set(models[name].model_fields), name
        assert not {key for key, entry in entries.items() if "en" in entry} & set(documented(models[name])), name


@pytest.mark.parametrize("language", ["en", "zh"])
def test_settings_are_described_from_their_model(language: str) -> None:
    for name in SETTINGS:
        text = describe(name, language)
        assert [line.split()[0] for line in text.splitlines()] == [place for _, _, place in keys(model_of(name))]
    study = {line.split()[0]: line for line in describe("study", language).splitlines()}
    assert "[cradle-to-gate | cradle-to-grave | gate-to-gate]" in study["boundary"]
    assert "[mass | energy | economic | fraction | substitution]" in study["allocation"]
    assert "[≥ 0, < 1]" in study["cut_off"]
    assert "[≥ 0, ≤ 1,000,000]" in study["draws"]
    assert {"en": "required", "zh": "必填"}[language] in study["product"]
    assert {"en": "(default 1)", "zh": "(缺省 1)"}[language] in study["amount"]
    assert " | ar6 | " in study["gwp"]
    assert "companyName" in study["pact"]
    assert "[[price]]" in describe("upgrade-study", language)
    assert "[province | grid | nation]" in describe("run", language)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_rules_are_listed_with_what_is_known_of_them(language: str) -> None:
    shown = describe("rules", language).splitlines()
    assert [line.split()[0] for line in shown] == list(rules())
    assert "GB/T 24067-2024" in shown[0]
    assert {"en": "unverified", "zh": "未核实"}[language] in shown[0]
    assert {"en": "its text is not held", "zh": "文本未收录"}[language] in shown[list(rules()).index("cement")]


def test_help_names_everything_that_can_be_asked() -> None:
    for name, known in (("describe", described()), ("template", templates())):
        done = command(name, "--help")
        words = set(re.sub(r"[^\w-]+", " ", done.stdout).split())
        assert set(known) <= words, name
    for name in described():
        assert describe(name).strip()
    for name in templates():
        assert template(name).strip()


# --- templates ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "zh"])
def test_templates_make_a_study_that_computes(tmp_path: Path, language: str) -> None:
    for table in TABLES:
        done = command("template", table, "--lang", language)
        (tmp_path / f"{table}.csv").write_text(done.stdout, encoding="utf-8")
    (tmp_path / "study.toml").write_text(command("template", "study", "--lang", language).stdout, encoding="utf-8")
    found = compute(open_study(tmp_path)).footprint
    assert not found.issues.errors
    assert found.complete
    assert found.study.language == language
    # 13500 kWh with 2 % and with 1 % loss, by 0.5777 kgCO2e/kWh of the national grid in 2024
    base, less = found.solved
    assert found.co2e(base) == pytest.approx(13770 * 0.5777, rel=1e-12)
    assert found.co2e(less) == pytest.approx(13635 * 0.5777, rel=1e-12)


def test_study_template_holds_the_keys_of_the_model(tmp_path: Path) -> None:
    (tmp_path / "study.toml").write_text(template("study"), encoding="utf-8")
    found = load(tmp_path / "study.toml", FootprintFile)
    assert found.product == schema("processes")["process"].example
    text = template("study")
    assert all(re.search(rf"(?m)^(# .*)?\b{key}\b", text) for key in FootprintFile.model_fields)


# --- parameters, spreads ------------------------------------------------------------------------------------------


def refused(parameters: list[dict[str, Any]], scenarios: list[dict[str, Any]] | None = None) -> Any:
    from carbon.footprint.study import footprint

    with pytest.raises(DataError) as error:
        footprint([{"process": "a", "unit": "t"}],
                  [{"process": "a", "kind": "emission", "name": "CO2", "amount": "x", "unit": "kg"}],
                  parameters=parameters, scenarios=scenarios, study={"product": "a", "unit": "t"})  # fmt: skip
    return error.value.issues


def parameter(name: str, value: Any) -> dict[str, Any]:
    return {"parameter": name, "value": value}


def test_parameter_without_a_value_is_found_on_its_line() -> None:
    good = parameter("good", 1)
    circle = [good, parameter("x", "y + 1"), parameter("y", "x")]
    assert lines_of(refused(circle), "P706") == [("parameters", [2, 3])]
    assert lines_of(refused([good, parameter("x", "nobody")]), "P706") == [("parameters", [2])]
    assert lines_of(refused([good, parameter("x", "good / (good - 1)")]), "P706") == [("parameters", [2])]


def test_parameter_without_a_value_in_a_scenario_is_found_on_the_line_of_the_scenario() -> None:
    base = [parameter("z", 1), parameter("x", "1 / z")]
    zero = [{"scenario": "zero", **parameter("z", 2)}, {"scenario": "none", **parameter("z", 0)}]
    assert lines_of(refused(base, zero), "P706") == [("scenarios", [2])]
    circle = [{"scenario": "round", **parameter("z", "x")}]
    assert lines_of(refused(base, circle), "P706") == [("scenarios", [1])]


@pytest.mark.parametrize("kind", ["normal", "lognormal"])
def test_spread_that_says_too_little_names_columns_that_rows_have(kind: str) -> None:
    from carbon.footprint.study import footprint

    row = {"process": "a", "kind": "emission", "name": "CO2", "amount": 1, "unit": "kg", "distribution": kind}
    found = footprint([{"process": "a", "unit": "t"}], [row], study={"product": "a", "unit": "t"})
    (issue,) = [issue for issue in found.issues if issue.code == "P730"]
    assert "low + high or uncertainty_pct; found: -" in issue.message("en")
    assert "low + high 或 uncertainty_pct；" in issue.message("zh")


def test_unknown_item_of_an_exchange_is_mended_with_columns_that_exchanges_have() -> None:
    from carbon.footprint.study import footprint

    row = {"process": "a", "kind": "material", "name": "unobtainium", "amount": 1, "unit": "kg"}
    found = footprint([{"process": "a", "unit": "t"}], [row], study={"product": "a", "unit": "t", "period": "2024"})
    (issue,) = [issue for issue in found.issues if issue.code == "F201"]
    for language, words in (("en", "of activities, `use` as well"), ("zh", "活动数据另填 use")):
        assert words in issue.remedy(language)
    mended = row | {"factor": 2, "factor_unit": "kgCO2e/kg"}  # as it says
    found = footprint([{"process": "a", "unit": "t"}], [mended], study={"product": "a", "unit": "t", "period": "2024"})
    assert found.complete
    assert found.co2e() == 2.0
