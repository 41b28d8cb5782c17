"""Upgrade studies as files: the example, words, and bad and hostile input.

Expected values stand beside the arithmetic that gives them. Factors used by hand: electricity of Shandong 2023 0.6191
kgCO2/kWh and 0.1229 kgce/kWh; bituminous coal 0.0261 tC/GJ, oxidation 0.93; natural gas 0.0153 tC/GJ, 0.99.
"""

from __future__ import annotations

import json
import math
import shutil
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from shared.upgrades import MONEY, MOTOR, POWER, RULE, STUDY, lamp, near, study

from carbon import shipped
from carbon.benchmarks.upgrades.checking import SavingsCheck
from carbon.benchmarks.upgrades.differences import Accounted
from carbon.benchmarks.upgrades.kinds import kinds
from carbon.benchmarks.upgrades.upgrading import UPGRADE_COLUMNS, Upgrade, upgrade
from carbon.errors import DataError, Issues, UsageError, catalogue
from carbon.studies import open_study, run_savings, run_upgrade

BAD = Path(__file__).parents[1] / "bad"
CASES = [c for c in tomllib.loads((BAD / "cases.toml").read_text("utf-8"))["case"]
         if c.get("command") in ("upgrade", "savings")]  # fmt: skip


# --- the example --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> tuple[Upgrade, Path]:
    return run_upgrade(shipped.folder("examples") / "upgrade", tmp_path_factory.mktemp("upgrade") / "results")


def test_example_has_forty_pieces_of_all_kinds_and_no_error(example: tuple[Upgrade, Path]) -> None:
    found, _ = example
    assert len(found.records) == 40
    assert {kind.id for kind in found.given.kinds} == {kind.id for kind in kinds()}
    assert found.complete
    assert not [issue for issue in found.issues if issue.severity != "note"], found.issues
    assert found.provenance["lines"] == {"read": 40, "computed": 40, "bad": 0}


def test_example_is_ranked_and_counts_nothing_twice(example: tuple[Upgrade, Path]) -> None:
    records = example[0].abatement_records
    assert [r["rank"] for r in records] == list(range(1, 41))
    known = [r["abatement_cost_cny_t"] for r in records if r["abatement_cost_cny_t"] is not None]
    assert known == sorted(known)
    assert records[-1]["cumulative_co2e_t"] == near(sum(r["counted_co2e_t"] for r in records))
    for system in ("circulating water", "compressed air"):
        own = [r for r in records if r["system"] == system]
        assert len(own) >= 2
        assert sum(r["counted_co2e_t"] for r in own) < sum(r["co2e_saved_t"] for r in own)
        left = math.prod(1 - r["co2e_saved_t"] / _before(example[0], r["measure"]) for r in own)
        assert sum(r["counted_co2e_t"] for r in own) == near(_before(example[0], own[0]["measure"]) * (1 - left))
    assert sum(r["counted_co2e_t"] > 0 for r in records if r["alternative"] == "boiler B1") == 1


def _before(found: Upgrade, measure: str) -> float:
    return float(next(r["co2e_before_t"] for r in found.records if r["measure"] == measure))


def test_example_has_loan_credit_water_and_triggers(example: tuple[Upgrade, Path]) -> None:
    by_name = {r["measure"]: r for r in example[0].records}
    # 240 000 in equal parts over three years: (240 000 + 160 000) · 1 %
    assert by_name["Boiler B2 economiser"]["loan_subsidy_cny"] == near(4_000)
    # 10 % of 380 000 - 30 000
    assert by_name["Packing line control"]["tax_credit_cny"] == near(35_000)
    tower = by_name["Cooling tower C1 fan and drift eliminators"]
    assert tower["water_saved_m3"] == near(3780)
    assert tower["renewal"].startswith("renew")
    assert by_name["Aluminium cell line E1"]["renewal"].startswith("phase-out")


def test_written_files_are_the_same_every_time_and_replace_whole(example: tuple[Upgrade, Path], tmp_path: Path) -> None:
    _, first = example
    names = ["abatement.csv", "cash-flow.csv", "issues.csv", "provenance.json", "upgrade.csv"]
    assert sorted(p.name for p in first.iterdir()) == names
    for _ in range(2):
        _, second = run_upgrade(shipped.folder("examples") / "upgrade", tmp_path / "results")
    assert all((first / name).read_bytes() == (second / name).read_bytes() for name in names)
    head = (first / "upgrade.csv").read_text("utf-8-sig").splitlines()[0]
    assert head == ",".join(UPGRADE_COLUMNS)
    document = json.loads((first / "provenance.json").read_text("utf-8"))
    assert document["levels"]["gb-18613-2020/motors:motor-75kw-4-poles-1"]["value"] == "96.7"
    assert document["rules"]["mof-54-2024/incentives:equipment-loan-2024-rate"]["document"].endswith("财金〔2024〕54号")
    assert "mee-grid-2023/average:electricity-cn-sd-2023" in document["engine"]["factors"]
    assert document["study"]["price"][0]["source"] == "invented for this example"


def test_failed_run_leaves_an_earlier_result_and_foreign_folders_alone(tmp_path: Path) -> None:
    folder = tmp_path / "study"
    shutil.copytree(shipped.folder("examples") / "upgrade", folder)
    _, where = run_upgrade(folder)
    before = (where / "upgrade.csv").read_bytes()
    (folder / "measures.csv").write_text("measure,colour\na,red\n", encoding="utf-8")
    with pytest.raises(DataError, match="T106"):
        run_upgrade(folder)
    assert (where / "upgrade.csv").read_bytes() == before
    (where / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError, match=r"notes\.txt"):
        run_upgrade(folder)
    with pytest.raises(UsageError, match="nearest: study"):
        open_study(tmp_path / "stuyd", "measures")


# --- words --------------------------------------------------------------------------------------------------------


def test_explanation_retraces_a_measure() -> None:
    found = study(MOTOR | {"investment_cny": 20_000, "life_years": 2}, price=[POWER], discount_rate=0.1)
    text = found.explain("motor")
    for words in ("power_kw × load × hours / efficiency = 300,000 kWh", "0.6191 kgCO2/kWh", "before_efficiency_pct 90",
                  "18,750 kWh", "0.64 CNY/kWh (invented)", "12,000 CNY", "discount rate 0.1, 2 years"):  # fmt: skip
        assert words in text
    assert "静态投资回收期" in found.explain("motor", "zh")
    with pytest.raises(UsageError, match="nearest: motor"):
        found.explain("moter")
    bad = upgrade([MOTOR | {"hours": ""}], study=STUDY)
    assert "[B652]" in bad.explain("motor")


def test_results_in_chinese() -> None:
    found = upgrade([MOTOR], study=STUDY | {"language": "zh"})
    assert (found.records[0]["kind"], found.records[0]["item"]) == ("电动机", "电力")
    assert found.records[0]["lacking"] == "能源价格; 投资额; 寿命; 折现率"


# --- bad and hostile input ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def outcome_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[dict[str, Any]], tuple[Any, Issues, Path]]:
    known: dict[str, tuple[Any, Issues, Path]] = {}

    def outcome_of(case: dict[str, Any]) -> tuple[Any, Issues, Path]:
        if case["path"] not in known:
            out = tmp_path_factory.mktemp(case["code"]) / "out"
            try:
                found, _ = {"upgrade": run_upgrade, "savings": run_savings}[case["command"]](BAD / case["path"], out)
                known[case["path"]] = found, found.issues, out
            except DataError as error:
                known[case["path"]] = None, error.issues, out
        return known[case["path"]]

    return outcome_of


@pytest.mark.parametrize("case", CASES, ids=[case["path"] for case in CASES])
def test_bad_file_earns_its_code(case: dict[str, Any], outcome_of: Callable[..., tuple[Any, Issues, Path]]) -> None:
    found, issues, out = outcome_of(case)
    mine = [i for i in issues if i.code == case["code"] and i.value == case.get("value", i.value)]
    assert mine, issues
    assert {i.severity for i in mine} == {case["severity"]}
    assert sorted({int(line) for i in mine for line in i.lines}) == case["lines"]
    assert case.get("column", "") in {i.column for i in mine}
    assert {i.file for i in mine} == {case.get("file", case["path"])}
    expected = {*case.get("also", []), *([case["code"]] if case["severity"] == "error" else [])}
    assert {i.code for i in issues.errors} == expected, issues
    for language in ("en", "zh"):
        said = "\n".join(f"{i.message(language)}\n{i.remedy(language)}" for i in mine)
        assert not [word for word in case[f"words_{language}"] if word not in said], said
        assert "{" not in said
    if case.get("refused"):
        assert found is None
        assert not out.exists()
        return
    bad = [int(line) for line, flag in zip(_table(found).line, _bad(found), strict=True) if flag]
    assert bad == case["bad"]
    assert len(_table(found)) == case["read"]
    saved = {r["measure"]: r.get("saved", r.get("saving")) for r in reversed(found.records)}
    assert {name: saved[name] for name in case["saved"]} == near(case["saved"])
    assert f"{case['code']},{case['severity']}" in (out / "issues.csv").read_text("utf-8-sig")


def _table(found: Upgrade | SavingsCheck) -> Any:
    return found.given.table if isinstance(found, Upgrade) else found.table


def _bad(found: Upgrade | SavingsCheck) -> Any:
    return found.bad


def test_every_code_of_studies_has_a_bad_file() -> None:
    assert {c["code"] for c in CASES} == {code for code in catalogue() if "B650" <= code <= "B689"}


@pytest.mark.parametrize(
    "more",
    [
        {"hours": 1e300}, {"power_kw": "1e-300"}, {"measure": "\x1b[2J"}, {"profile": "1:" * 900, "load": ""},
        {"load": "", "hours": "", "profile": "nan:1; inf:2"}, {"commissioned": "99999"}, {"count": 1e15},
        {"investment_cny": 1e15, "life_years": 100}, {"region": "'; drop"}, {"period": "0000"},
        {"grade_after": "🙂" * 99},
        {"before_efficiency_pct": 0}, {"item": "x" * 1999}, {"loan_cny": 1e15, "loan_years": 0},
        {"hours": 1e-9, "investment_cny": 1e15}, {"maintenance_saving_cny": -1e15, "investment_cny": 1e-10},
        {"before_uncertainty_pct": 1000, "after_uncertainty_pct": 0}, {"system": "s" * 1999, "alternative": "=1+1"},
    ],
    ids=str,
)  # fmt: skip
def test_odd_numbers_and_texts_end_in_issues_or_figures(more: dict[str, Any]) -> None:
    settings = STUDY | MONEY | {"incentive": RULE}
    found = upgrade([lamp("good", 50, 0), MOTOR | more], study=settings)
    assert found.records[0]["saved"] == 5_000
    assert len(found.records) == 2
    found.abatement_records, found.provenance, found.explain("good")


def test_many_unknown_words_are_said_without_going_over_the_table_for_each() -> None:
    rows = [MOTOR | {"measure": f"m{n}", "kind": f"kind {n}", "equipment": f"thing {n}"} for n in range(3000)]
    found = upgrade([lamp("good", 50, 0), *rows], study=STUDY)
    assert len([i for i in found.issues if i.code == "B651"]) == 3000
    assert found.records[0]["saved"] == 5_000


def test_a_large_table_is_computed_with_arrays() -> None:
    size = 2000
    columns = {name: [value] * size for name, value in MOTOR.items()}
    columns |= {"measure": [f"m{n}" for n in range(size)], "load": [0.5 + n / 10_000 for n in range(size)]}
    found = upgrade(columns, study=STUDY)
    records = found.records
    assert records[1000]["before"] == near(90 * 0.6 * 4000 / 0.9)
    assert isinstance(found.accounted, Accounted)
    assert len(records) == size
