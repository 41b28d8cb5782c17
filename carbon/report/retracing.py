"""How one row of the exchanges came to its emissions, as equations that can be worked again by hand."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from carbon import units
from carbon.errors import Issues, UsageError
from carbon.footprint.background import APART, BIOGENIC, weights
from carbon.footprint.expressions import Expression
from carbon.footprint.study import Footprint, Solved
from carbon.footprint.tables import Exchange
from carbon.inventory.explain import explain_record, plan_document
from carbon.report.evidence import gwp_name
from carbon.report.footprint import kind_name, scenario_name, significant
from carbon.report.markdown import figure
from carbon.report.words import words
from carbon.schema import choice_ids, choices, folded

_SAID = {
    "en": {
        "legend": "amount × runs × kgCO2e per unit; runs: how often the process runs for {declared}, by the shares of "
                  "its outputs; below 0 for a credit",
        "carried": "; {name} by {process}, with all that lies upstream", "empty": "{trip} = 1 + empty return {share}",
        "left_out": "left out by the study (excluded), counted as 0; taken in it would be:",
        "apart": "kept apart, not in the total", "emitted": "biogenic CO2", "taken": "CO2 taken up",
        "stored": "CO2 stored in the product", "in_co2e": "in CO2e, by GWP {gwp}",
        "unweighed": "GWP {gwp} has no warming potential of {gas}: no kgCO2e",
        "co-product": "bears {share} % of the burdens of {process}, shared by {method}",
        "carries": "1 {unit} carries {mass} kgCO2e, with all that lies upstream",
        "substituted": "a credit by substitution: the main product bears all burdens",
        "parts": "of the material with its recycling ({process}):", "bad": "not computed",
        "primary": "primary material", "recycled_by": "recycled content",
        "recycling_by": "recycling at the end of life", "replaced_by": "replaced by recycling",
        "disposal_by": "disposal", "per_unit": "factor of one unit",
    },
    "zh": {
        "legend": "数量 × 运行次数 × 每单位 kgCO2e；运行次数：为得到 {declared}，过程的运行次数（按产出分摊）；"
                  "小于 0 为扣减",
        "carried": "；{name}来自{process}，含全部上游", "empty": "{trip} = 1 + 空驶率 {share}",
        "left_out": "研究声明排除（excluded），按 0 计；如计入则为：",
        "apart": "单独报告，不计入合计", "emitted": "生物源 CO2", "taken": "吸收的 CO2",
        "stored": "储存于产品的 CO2", "in_co2e": "按 GWP {gwp} 折算 CO2e",
        "unweighed": "GWP {gwp} 中没有 {gas} 的增温潜势，无法折算 kgCO2e",
        "co-product": "分摊{process}负荷的 {share} %，分配方法：{method}",
        "carries": "1 {unit} 携带 {mass} kgCO2e，含全部上游",
        "substituted": "按替代法扣减：主产品承担全部负荷",
        "parts": "其中，含循环利用的材料（{process}）：", "bad": "未计算",
        "primary": "原生料", "recycled_by": "再生料投入", "recycling_by": "生命末期回收再生",
        "replaced_by": "回收所替代", "disposal_by": "处置", "per_unit": "单位数量的因子",
    },
}  # fmt: skip
_APART = {BIOGENIC: "emitted", APART["uptake"]: "taken", APART["stored"]: "stored"}


def retrace(found: Footprint, line: int) -> str:
    """Return how one row of the exchanges came to its emissions, scenario by scenario.

    Parameters
    ----------
    found : Footprint
        As computed.
    line : int
        Line of the table of exchanges, as an editor shows it.

    Returns
    -------
    str
        Equations, amount × runs × factor = result, that hold to the digits printed; then factors and their sources,
        and what is wrong with the row.

    Raises
    ------
    UsageError
        If no exchange stands on that line.
    """
    table, chain, lang = found.exchanges, found.chain, found.study.language
    rows = np.flatnonzero(table.line == line)
    if not len(rows):
        message = f"no exchange of the study on line {line} of {table.file}"
        raise UsageError(message)
    w, row = _SAID[lang], int(rows[0])
    here = [number for number, one in enumerate(chain.exchanges) if one.row == row]
    process, kind, item = (table.text(column, row) for column in ("process", "kind", "name"))
    known = choice_ids("exchange").get(folded(kind))
    out = [f"{table.file}:{line} {process}: {kind_name(known, lang) if known else kind} {item}"]
    places = {table.file: line}
    if here and _counted(found, here[0]):
        for name in found.solved:
            out.append(f"  {scenario_name(name, words('footprint', lang))}:")
            out += [f"    {text}" for text in _Scenario(found, name).row(here)]
        if any(" × " in text for text in out):
            declared = f"{found.study.amount} {found.study.unit} {found.study.product}"
            out.append(f"  {w['legend'].format(declared=declared)}")
        for number in here:
            out += _sources(found, number)
    else:
        out[0] += f" — {w['bad']}"
        places |= {one.file: one.line for one in chain.processes if folded(one.name) == folded(process)}
    wrong = Issues(i for i in found.issues if i.severity != "note" and places.get(i.file) in i.lines)
    return "\n".join([*out, *(f"  {issue.text(lang)}" for issue in wrong.ordered())])


def _counted(found: Footprint, number: int) -> bool:
    """Return whether an exchange is linked, has a factor, shares burdens, or emits nothing by what it is."""
    chain = found.chain
    if number in chain.link or chain.exchanges[number].kind == "resource":
        return True
    shared = any(node.exchange == number for node in chain.nodes)
    return shared or (number in chain.flow and bool(found.background.known[number]))


class _Amount(NamedTuple):
    """An amount, as it is printed, and its unit."""

    value: float
    shown: str
    unit: str


@dataclass(frozen=True)
class _Scenario:
    """One scenario of a study, of which rows are retraced."""

    found: Footprint
    name: str

    @cached_property
    def solved(self) -> Solved:
        return self.found.solved[self.name]

    @cached_property
    def w(self) -> Mapping[str, str]:
        return _SAID[self.found.study.language]

    @cached_property
    def values(self) -> Mapping[str, Any]:
        return self.found.parameters.values(self.name)

    def row(self, here: list[int]) -> Iterator[str]:
        """Yield what is said of a row: of its exchange, and of the parts that its columns of recycling make."""
        main, *parts = here
        yield from self.exchange(main)
        if not parts or main in self.found.chain.left_out:
            return
        yield self.w["parts"].format(process=self.found.chain.exchanges[main].through)
        for number in parts:
            one = self.found.chain.exchanges[number]
            part = "replaced_by" if one.kind == "avoided" else one.part if one.part.endswith("_by") else "primary"
            said = list(self.exchange(number))
            yield f"  {self.w[part]}: {kind_name(one.kind, self.found.study.language)} {one.name}"
            yield from (f"    {text}" for text in said)

    def exchange(self, number: int) -> Iterator[str]:
        """Yield the equations of one exchange."""
        chain, one = self.solved.chain, self.found.chain.exchanges[number]
        shared = [node for node, made in enumerate(chain.nodes) if made.exchange == number]
        links, flows = np.flatnonzero(chain.link == number), np.flatnonzero(chain.flow == number)
        if not _counted(self.found, number):
            yield self.w["bad"]
        elif shared:
            yield from self._co_product(one, shared[0])
        elif one.kind == "resource":
            meaning = choices("exchange")[one.kind]
            yield meaning.meaning_zh if self.found.study.language == "zh" else meaning.meaning_en
        else:
            if number in chain.left_out:
                yield self.w["left_out"]
            amount = yield from self._amount(one)
            yield from (self._link(number, links, amount) if len(links) else self._flow(number, flows, amount))

    def _amount(self, one: Exchange) -> Generator[str, None, _Amount]:
        """Yield how an amount is made, and return it."""
        amount, unit = float(one.amount.evaluate(self.values)), one.unit.text
        yield from self._worked(one.amount, amount, unit)
        if one.distance is None and one.trip == 1 and not one.by_vehicle:
            return _Amount(amount, f"{_number(amount)} {unit}", unit)
        numbers, whole, divided, empty = self.found.exchanges.numbers, amount, "", ""
        if one.by_vehicle:
            wanted = units.parse("t" if one.distance is not None else "t*km")
            whole = amount * float(units.ratio(one.unit, wanted))
            if whole != amount:
                yield f"{_number(amount)} {unit} = {_number(whole)} {wanted.text}"
            unit = wanted.text
        product = [f"{_number(whole)} {unit}"]
        if one.distance is not None:
            distance = float(one.distance.evaluate(self.values))
            yield from self._worked(one.distance, distance, "km")
            product.append(f"{_number(distance)} km")
            whole *= distance
        share = float(np.nan_to_num(numbers["empty_return"][one.row]))
        if share:
            product.append(_number(1 + share))
            whole *= 1 + share
            empty = f" ({self.w['empty'].format(trip=_number(1 + share), share=_number(share))})"
        if one.by_vehicle:
            load = float(numbers["load_t"][one.row])
            divided, whole = f" / {_number(load)} t", whole / load
        shown = f"{_number(whole, 10)} {one.measure}"
        yield f"{' × '.join(product)}{divided} = {shown}{empty}"
        return _Amount(whole, shown, one.measure)

    def _worked(self, written: Expression, value: float, unit: str) -> Iterator[str]:
        """Yield what an expression comes to, with its parameters; nothing of a number."""
        try:
            plain = float(written.text) == value
        except ValueError:
            plain = False
        if not plain:
            names = ", ".join(f"{name} = {_number(float(self.values[name]))}" for name in written.names)
            yield f"{written.text} = {_number(value)} {unit}" + (f" ({names})" if names else "")

    def _link(self, number: int, links: np.ndarray, amount: _Amount) -> Iterator[str]:
        """Yield what a link to another process carries."""
        chain, one = self.solved.chain, self.found.chain.exchanges[number]
        supplier = int(chain.supplier[links[0]])
        node = chain.nodes[supplier]
        ratio = float(units.ratio(one.unit, node.unit))
        runs = float((self.solved.scaling[chain.consumer[links]] * chain.scale[links]).sum()) / ratio
        gases = self.solved.intensity[supplier] * ratio
        if self.solved.production[supplier] < 0:  # a treatment makes less of what it takes in
            runs, gases = -runs, -gases
        behind = self.w["carried"].format(name=node.product, process=chain.processes[node.process].name)
        yield from self._equation(amount, runs, gases, number, behind)
        if one.kind == "co-product":
            yield self.w["substituted"]

    def _flow(self, number: int, flows: np.ndarray, amount: _Amount) -> Iterator[str]:
        """Yield what a row with gases of its own brings, and what of it is kept apart."""
        chain, background = self.solved.chain, self.found.background
        runs = float((self.solved.scaling[chain.owner[flows]] * chain.part[flows]).sum())
        gases = background.per_unit[number]
        by_gas = {gas: float(mass) for gas, mass in zip(background.gases, gases, strict=True) if mass}
        if not by_gas or not by_gas.keys() <= _APART.keys():
            yield from self._equation(amount, runs, gases, number)
        for gas, name in _APART.items():
            if gas in by_gas:
                mass, said = significant(amount.value * runs * by_gas[gas]), f"{self.w[name]}: {self.w['apart']}"
                yield f"{_by_unit(amount, runs, by_gas[gas], 'kgCO2')} = {mass} kgCO2 ({said})"

    def _equation(
        self, amount: _Amount, runs: float, gases: np.ndarray, number: int, behind: str = ""
    ) -> Iterator[str]:
        """Yield amount × runs × kgCO2e per unit = kgCO2e; gas by gas where one has no warming potential."""
        known, gwp = self.found.potentials, gwp_name(self.found)
        by_gas = {gas: float(mass) for gas, mass in zip(self.found.background.gases, gases, strict=True)
                  if mass and gas not in _APART}  # fmt: skip
        if unknown := [gas for gas in by_gas if gas not in known]:
            for gas, mass in by_gas.items():
                total = significant(amount.value * runs * mass)
                yield f"{_by_unit(amount, runs, mass, 'kg')} = {total} kg {gas}{behind}"
            yield self.w["unweighed"].format(gwp=gwp, gas=", ".join(unknown))
            return
        factor = sum(mass * float(known[gas]) for gas, mass in by_gas.items())
        if not behind and set(by_gas) - {"CO2", "CO2e"}:
            terms = [
                f"{_number(mass)} kg {gas}" + ("" if known[gas] == 1 else f" × {_number(float(known[gas]))}")
                for gas, mass in by_gas.items()
            ]
            said = self.w["in_co2e"].format(gwp=gwp)
            yield f"1 {amount.unit}: {' + '.join(terms)} = {_number(factor, 10)} kgCO2e ({said})"
        mass, whole = amount.value * runs * factor, self.found.co2e(self.name)
        share = f" ({figure(100 * mass / whole, 1)} %)" if whole and number not in self.found.chain.left_out else ""
        yield f"{_by_unit(amount, runs, factor, 'kgCO2e')} = {significant(mass)} kgCO2e{share}{behind}"

    def _co_product(self, one: Exchange, node: int) -> Iterator[str]:
        """Yield the share of an output in the burdens of its process, and what one unit of it carries."""
        made = self.solved.chain.nodes[node]
        process = self.found.chain.processes[one.process]
        method = words("footprint", self.found.study.language)[process.allocation or self.found.study.allocation]
        share = _number(float(100 * made.share))
        yield self.w["co-product"].format(share=share, process=process.name, method=method)
        known = weights(self.found.background.gases, self.found.potentials)
        carried = self.solved.intensity[node]
        mass = float(carried[carried != 0] @ known[carried != 0])
        yield self.w["carries"].format(unit=one.unit.text, mass=significant(None if np.isnan(mass) else mass))


def _sources(found: Footprint, number: int) -> list[str]:
    """Return the factors of one unit of an exchange with their sources; nothing of a link or a gas itself."""
    result, place = found.background.result, found.background.line_of.get(number)
    if result is None or place is None or not found.background.known[number]:
        return []
    one, table, lang = found.chain.exchanges[number], result.rows.table, found.study.language
    at = int(result.plan.key[place])
    alone = replace(result.plan, keys=(result.plan.keys[at],), routed=(result.plan.routed[at],))
    document = plan_document(alone, result.library, result.potentials, result.gwp_name)
    (key,) = document["keys"]
    biogenic = {BIOGENIC} | ({"CO2"} if one.origin == "biogenic" and one.kind != "captured" else set())
    name = _SAID[lang]["emitted"]
    terms = [term | {"target": name} if term["target"] in biogenic else term for term in key["terms"]]
    used = {factor for term in terms for slot in term["slots"] for factor in slot["factors"]}
    factors = {identifier: factor for identifier, factor in document["factors"].items() if identifier in used}
    record: dict[str, Any] = {column: table.text(column, place) for column in table.codes}
    record |= {column: float(v[place]) for column, v in table.numbers.items() if not np.isnan(v[place])}
    record |= {"file": table.file, "line": int(table.line[place])}
    text = explain_record(record, key | {"terms": terms}, factors, document["gwp"], result.gwp_name, lang)
    head, *rest = text.split("\n")
    return [f"  {_SAID[lang]['per_unit']}: {head.split(' ', 1)[1]}", *(f"  {line}" for line in rest)]


def _by_unit(amount: _Amount, runs: float, factor: float, mass: str) -> str:
    """Return amount × runs × mass per unit."""
    unit = f"({amount.unit})" if set(amount.unit) & set("*/·") else amount.unit
    return f"{amount.shown} × {_number(runs)} × {_number(factor, 10)} {mass}/{unit}"


def _number(value: float, digits: int = 12) -> str:
    """Return a number with so many digits at most, thousands set apart by commas."""
    return f"{value:,.{digits}g}"
