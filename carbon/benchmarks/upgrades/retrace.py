"""How the figures of a study came about: one measure in words, and the provenance of all of them."""

from __future__ import annotations

import platform
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from carbon.benchmarks.ladder import Tier
from carbon.benchmarks.upgrades.differences import Accounted
from carbon.benchmarks.upgrades.kinds import SIDES
from carbon.benchmarks.upgrades.money import WATER
from carbon.benchmarks.upgrades.support import LOAN
from carbon.errors import Issues
from carbon.inventory.explain import explain_line
from carbon.inventory.provenance import LIBRARIES, version
from carbon.tables import Table

if TYPE_CHECKING:
    from carbon.benchmarks.upgrades.upgrading import Upgrade

_WORDS = {
    "en": {
        "before": "before", "after": "after", "bad": "not computed", "saved": "saved a year", "level": "level of grade",
        "alone": "alone", "uncertainty": "uncertainty of the CO2e saved",
        "known": "known part, other limits are not printed",
        "price": "price", "yearly": "money saved a year", "investment": "investment", "funded": "government money",
        "loan": "interest subsidy", "credit": "tax credit", "net": "net investment", "payback": "simple payback",
        "npv": "net present value", "irr": "internal rate of return", "cost": "cost of abatement",
        "due": "renewal trigger,",
        "lacking": "not known", "pieces": "pieces", "water": "water", "rate": "discount rate", "life": "years",
        "interaction": "counted beside the other measures", "drive": "drive",
    },
    "zh": {
        "before": "改造前", "after": "改造后", "bad": "未计算", "saved": "年节约", "level": "等级对应限值",
        "alone": "单独实施", "uncertainty": "减排量不确定度", "known": "已知部分，其余因子未载明不确定度",
        "price": "价格", "yearly": "年节省费用", "investment": "投资", "funded": "财政资金",
        "loan": "贷款贴息", "credit": "税额抵免", "net": "净投资", "payback": "静态投资回收期",
        "npv": "净现值", "irr": "内部收益率", "cost": "减排成本", "due": "更新淘汰条件：",
        "lacking": "未知", "pieces": "台", "water": "节水", "rate": "折现率", "life": "年",
        "interaction": "与其他措施合并后计入", "drive": "传动",
    },
}  # fmt: skip


def explain_measure(study: Upgrade, row: int, language: str) -> str:
    """Return how the figures of one measure came about.

    Parameters
    ----------
    study : Upgrade
        The study.
    row : int
        Row of its table.
    language : {"en", "zh"}
        Language of the words.
    """
    w, given, table = _WORDS[language], study.given, study.given.table
    line = int(table.line[row])
    head = f"{table.file}:{line} {table.text('measure', row)}"
    if given.bad[row]:
        return "\n".join([f"{head} — {w['bad']}", *why_not(study.issues, table, row, language)])
    kind = given.kinds[given.kind[row]]
    out = [f"{head} ({kind.name_zh if language == 'zh' else kind.name_en})"]
    for side in SIDES:
        columns = [*kind.needs, *(f"{side}_{name}" for name in kind.performance)]
        parts = [f"{name} {number_text(given.used[name][row])}" for name in columns if name in given.used]
        if kind.drive and not np.isnan(given.used["drive_efficiency_pct"][row]):
            parts.append(f"{w['drive']} {number_text(given.used['drive_efficiency_pct'][row])} %")
        if given.used["count"][row] != 1:
            parts.append(f"× {number_text(given.used['count'][row])} {w['pieces']}")
        unit = given.units[given.unit[side][row]]
        out.append(f"  {w[side]}: {kind.formula} = {number_text(given.energy[side][row])} {unit}; {', '.join(parts)}")
        for name, taken in given.taken.items():
            tier = taken.of(row)
            if name.startswith(side) and tier is not None:
                value = number_text(float(taken.value[row]))
                out.append(f"      {w['level']}: {name} {value} [{tier.id}] {_source(study, tier)}")
    result = study.accounted.result
    if result is not None:
        for side in SIDES:
            place = int(study.accounted.place[side][row])
            text = explain_line(result.rows.table, place, result.plan, result.potentials, result.gwp_name,
                                result.library, language, ())  # fmt: skip
            out += [f"  {w[side]}: {text}".replace("\n", "\n    ")]
    record = study.records[row]
    out += _saved(record, w) + _money(study, record, row, w)
    if record["renewal"]:
        out.append(f"  {w['due']} {record['renewal']}")
    counted = study.abatement_by_line[line]
    if counted["system"] or counted["alternative"]:
        out.append(f"  {w['interaction']}: {_maybe(counted['counted_co2e_t'], 'tCO2e')} ({counted['counted']})")
    if record["lacking"]:
        out.append(f"  {w['lacking']}: {study.lacking(row, language)}")
    return "\n".join(out)


def why_not(issues: Issues, table: Table, row: int, language: str) -> list[str]:
    """Return the errors of one row as lines of text; those of the study where it has none of its own."""
    line = int(table.line[row])
    own = [issue for issue in issues.errors if issue.file == table.file and line in issue.lines]
    said = own or [issue for issue in issues.errors if not len(issue.lines)]
    return [f"  {issue.text(language)}" for issue in said]


def _source(study: Upgrade, tier: Tier) -> str:
    meta = study.levels.sets[tier.id.partition(":")[0]].meta
    return f"{meta.document}, {tier.page} ({tier.verification})"


def _saved(record: dict[str, Any], w: dict[str, str]) -> list[str]:
    parts = [_maybe(record["saved"], record["unit"]), _maybe(record["tce_saved"], "tce"),
             _maybe(record["co2e_saved_t"], "tCO2e")]  # fmt: skip
    if record["water_saved_m3"] is not None:
        parts.append(f"{w['water']} {number_text(record['water_saved_m3'])} m3")
    out = [f"  {w['saved']}: {', '.join(parts)}"]
    if record["co2e_uncertainty_t"] is not None:
        out.append(f"  {w['uncertainty']}: ± {number_text(record['co2e_uncertainty_t'])} t")
    elif record["co2e_known_uncertainty_t"]:
        out.append(f"  {w['uncertainty']}: ± {number_text(record['co2e_known_uncertainty_t'])} t ({w['known']})")
    return out


def _money(study: Upgrade, record: dict[str, Any], row: int, w: dict[str, str]) -> list[str]:
    given = study.given
    out = []
    items = dict.fromkeys(given.items[given.item[side][row]].id for side in SIDES)
    if record["water_saved_m3"] is not None:
        items[WATER] = None
    for item in items:
        if item in study.prices:
            price = study.prices[item]
            out.append(f"  {w['price']} {item}: {plain(price.value)} {price.unit} ({price.source})")
    out.append(f"  {w['yearly']}: {_maybe(record['yearly_saving_cny'], 'CNY')}")
    if record["investment_cny"] is None:
        return out
    parts = [f"{w['investment']} {number_text(record['investment_cny'])} CNY"]
    if record["government_funded_cny"]:
        parts.append(f"{w['funded']} {number_text(record['government_funded_cny'])}")
    for scheme in study.support.schemes:
        loan = scheme.kind == LOAN
        name, label = ("loan_subsidy_cny", "loan") if loan else ("tax_credit_cny", "credit")
        if record[name] is None or record[name]:
            parts.append(f"{w[label]} {_maybe(record[name], '')} [{scheme.rule}: {scheme.source}]".replace("  ", " "))
    parts.append(f"{w['net']} {_maybe(record['net_investment_cny'], 'CNY')}")
    out.append("  " + ", ".join(parts))
    rate = study.study.discount_rate
    at = f"{w['rate']} {rate:g}" if rate is not None else f"{w['rate']} ?"
    life = f"{number_text(record['life_years'])} {w['life']}" if record["life_years"] else f"? {w['life']}"
    out.append(f"  {w['payback']} {_maybe(record['payback_years'], '')}; {w['npv']} {_maybe(record['npv_cny'], 'CNY')}"
               f" ({at}, {life}); {w['irr']} {_maybe(record['irr_pct'], '%')}; "
               f"{w['cost']} {_maybe(record['abatement_cost_cny_t'], 'CNY/tCO2e')}")  # fmt: skip
    return out


def _maybe(value: float | None, unit: str) -> str:
    return ("?" if value is None else f"{number_text(value)} {unit}").strip()


def number_text(value: float) -> str:
    """Return a number for people: thousands set apart, at most ten digits.

    Examples
    --------
    >>> number_text(1234.5), number_text(2 / 3)
    ('1,234.5', '0.6666666667')
    """
    number = float(value)
    return f"{int(number):,}" if number.is_integer() and abs(number) < 1e15 else f"{number:,.10g}"


def plain(value: Any) -> Any:
    """Return a value as a JSON document holds it: exact numbers as numbers, dates as texts."""
    if isinstance(value, dict):
        return {str(name): plain(entry) for name, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(entry) for entry in value]
    if isinstance(value, Fraction):
        number = float(value)
        return int(number) if number.is_integer() else number
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)


def engine_provenance(accounted: Accounted) -> dict[str, Any]:
    """Return what the engine says of the rows that it was given; empty where it was given none."""
    if accounted.result is None:
        return {}
    whole = accounted.result.provenance
    return {name: whole[name] for name in ("library_sha256", "plan_sha256", "methods", "gwp", "sets", "factors")}


def upgrade_provenance(study: Upgrade) -> dict[str, Any]:
    """Return versions, digests, the study as read, and every factor, level and rule used with its document."""
    given, table = study.given, study.given.table
    used = {tier.id: tier for taken in given.taken.values() for tier in taken.tiers}
    sources = {one.rule.id: one.rule for one in study.due}
    sources |= {r.id: r for scheme in study.support.schemes for r in scheme.rows}
    return {
        "title": study.study.title,
        "versions": {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}},
        "inputs": {table.file: table.digest},
        "study": plain(study.study.model_dump()),
        "engine": engine_provenance(study.accounted),
        "levels_sha256": study.levels.digest,
        "levels": {
            name: {"value": tier.value, "page": tier.page, "verification": tier.verification,
                   "document": study.levels.sets[name.partition(":")[0]].meta.document}
            for name, tier in sorted(used.items())
        },
        "rules": {name: {"document": rule.document, "quote": rule["quote"], "place": rule.source}
                  for name, rule in sorted(sources.items())},
        "options": {"language": study.language},
        "lines": {"read": len(table), "computed": int((~study.bad).sum()), "bad": int(study.bad.sum())},
        "issues": study.issues.counts(),
    }  # fmt: skip
