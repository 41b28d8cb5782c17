"""Floor 2: pydantic models of the small documents: run file, method pack, metadata of a factor set.

Rows never come here. An unknown key is an error that names the known ones.
"""

from __future__ import annotations

import datetime as dt
import re
import tomllib
from codecs import BOM_UTF8
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from carbon.errors import DataError, Issues, Said, near_misses, printable
from carbon.units import parse

Language = Literal["zh", "en"]
Verification = Literal["primary", "secondary", "unverified"]
Basis = Literal["location", "market"]


def _fraction(value: Any) -> Fraction:
    """Return a number or a text such as ``44/12`` exactly; floats in a TOML file are taken as printed."""
    text = str(value)
    if _ENDLESS.search(text):
        raise ValueError(Said("more than two digits of an exponent", "指数超过两位"))
    try:
        return Fraction(text)
    except ZeroDivisionError as error:
        raise ValueError(Said("a fraction cannot have 0 below", "分母不能为 0")) from error


def _one_line(text: str) -> str:
    """Return a text of one line; a control character in it is refused."""
    if printable(text) != text:
        raise ValueError(Said("a line break or another control character", "含有换行或其他控制字符"))
    return text


_ENDLESS = re.compile(r"[eE][+-]?[\d_]{3,}")  # as an exact number it would fill the memory
Line = Annotated[str, AfterValidator(_one_line)]
Exact = Annotated[Fraction, BeforeValidator(_fraction)]


class Document(BaseModel):
    """A small document: frozen, and a key that it does not know is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class SetMetadata(Document):
    """What is known about one table of a publication."""

    id: str
    title_zh: str
    title_en: str
    publisher: str
    document: str
    issued: dt.date
    licence: str
    region: str = ""
    verification: Verification
    verified_from: str
    supersedes: list[str] = []
    basis: str = ""
    notes: str = ""


class LevelMetadata(Document):
    """What is known about one table of levels.

    Attributes
    ----------
    issued, effective : date, optional
        When it became known, and from when it holds; None = not known here.
    kind : {"sector", "quota", "equipment", "ets"}
        What its tiers decide.
    tiers : list of str
        Names of the tiers, best first.
    formula : dict of str to dict of str to Fraction
        Coefficients of printed formulas.
    formulas : dict of str to str
        Which type follows which formula.
    """

    id: str
    title_zh: str
    title_en: str
    publisher: str
    document: str
    issued: dt.date | None = None
    effective: dt.date | None = None
    licence: str
    kind: Literal["sector", "quota", "equipment", "ets"]
    tiers: list[str] = Field(min_length=1)
    verification: Verification
    verified_from: str
    supersedes: list[str] = []
    notes: str = ""
    formula: dict[str, dict[str, Exact]] = {}
    formulas: dict[str, str] = {}


class ElectricityRule(Document):
    """How purchased electricity gets its factor.

    Attributes
    ----------
    start : {"province", "grid", "nation"}
        Where the region ladder begins.
    location, residual : list of str
        Sets of average factors and, for market-based accounting, of residual factors.
    """

    start: Literal["province", "grid", "nation"] = "province"
    location: list[str] = []
    residual: list[str] = []


class EnergyRule(Document):
    """How quantities become standard coal.

    Attributes
    ----------
    sets : list of str
        Coefficients at calorific value (当量), in the order in which they are tried.
    primary : list of str
        Coefficients at primary-equivalent value (等价).
    definition : str
        The set that says how many kilojoules a kilogram of standard coal has.
    """

    sets: list[str] = []
    primary: list[str] = []
    definition: str = "gb-t-2589-2020/definitions"


class Category(Document):
    """One category of a report and what belongs to it.

    Attributes
    ----------
    kinds, uses, items : list of str
        Rows whose item is of such a kind, used so; `items` narrows it to some items.
    routes : list of str
        How a row without its own factor is computed, in the order in which they are tried.
    sets : list of str
        Where default factors come from, in order.
    oxidation : Fraction, optional
        Taken where the row has none; sets are not asked (carbon balances lose nothing: 1).
    """

    id: str
    name_zh: str
    name_en: str
    scope: Literal[1, 2, 3]
    sign: Literal[1, -1] = 1
    kinds: list[str]
    uses: list[str]
    items: list[str] = []
    routes: list[Literal["factor", "carbon", "anode-carbon", "gas", "electricity", "heat"]]
    sets: list[str] = []
    oxidation: Exact | None = None


class MethodPack(Document):
    """A reporting rule as data.

    Attributes
    ----------
    unknown : list of str
        What this pack does not know; repeated in every report made with it.
    carbon_to_co2 : Fraction
        Mass of CO2 per mass of carbon.
    """

    id: str
    title_zh: str
    title_en: str
    document: str
    issued: dt.date | None = None
    verification: Verification
    notes: str = ""
    unknown: list[str] = []
    unknown_zh: list[str] = []
    gwp: str = ""
    carbon_to_co2: Exact = Fraction(44, 12)
    region: str = ""
    periods: Literal["same-year", "latest"] = "latest"
    bases: list[Basis] = ["location"]
    electricity: ElectricityRule = ElectricityRule()
    energy: EnergyRule = EnergyRule()
    category: list[Category] = []
    required: list[str] = []


class RunElectricity(Document):
    """Choices about electricity in a run file; each beats the pack's."""

    start: Literal["province", "grid", "nation"] | None = None
    periods: Literal["same-year", "latest"] | None = None
    primary_gce: Exact | None = None
    primary_unit: Line = "kgce/kWh"
    primary_source: Line = ""

    @model_validator(mode="after")
    def _sourced(self) -> RunElectricity:
        if self.primary_gce is not None:
            if not self.primary_source.strip():
                en = "primary_gce needs primary_source: which publication, which year"
                raise ValueError(Said(en, "primary_gce 须有 primary_source：出自何文件、何年"))
            if set(parse(self.primary_unit).dimension) != {("standard_coal", 1), ("energy", -1)}:
                en = "primary_unit is standard coal per electricity, such as kgce/kWh or tce/万kWh"
                raise ValueError(Said(en, "primary_unit 为单位电量的标准煤量，如 kgce/kWh 或 tce/万kWh"))
        return self


class RunFile(Document):
    """`run.toml`: what to compute and how.

    Attributes
    ----------
    method : str
        Method pack; a facility may name another.
    gwp : str
        GWP set, such as ``ar5``; empty = the pack's; ``none`` = gases are not added.
    as_of : date
        Only sets published by then are used, so that a filing can be replayed.
    on_error : {"continue", "stop"}
        Whether good rows are computed although others are bad.
    factors : list of str
        Folders with own factor sets, relative to the run folder.
    levels : list of str
        Folders with own level sets, likewise.
    """

    title: Line = ""
    method: Line = "cn-general"
    gwp: Line = ""
    as_of: dt.date | None = None
    language: Language = "en"
    on_error: Literal["continue", "stop"] = "continue"
    region: Line = ""
    factors: list[Line] = []
    levels: list[Line] = []
    activities: Line = ""
    electricity: RunElectricity = Field(default_factory=RunElectricity)


_REASONS = {
    "missing": "缺少此项", "literal_error": "不在允许的取值之内", "string_type": "应为文本", "list_type": "应为列表",
    "date_type": "应为日期（如 2025-04-30）", "date_from_datetime_parsing": "应为日期（如 2025-04-30）",
    "less_than": "超过上限", "less_than_equal": "超过上限", "greater_than": "低于下限",
    "greater_than_equal": "低于下限",
    "string_too_short": "不得为空", "too_short": "不得为空", "int_parsing": "应为整数", "float_parsing": "应为数字",
    "value_error": "应为数字", "model_type": "应为一组键值", "model_attributes_type": "应为一组键值",
}  # fmt: skip
Model = TypeVar("Model", bound=Document)


def load(path: Path, model: type[Model], language: str = "") -> Model:
    """Return a TOML document as its model.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    model : type
        `RunFile`, `MethodPack` or `SetMetadata`.
    language : str
        In which what is wrong is to be said, if that is known; else that of the document.

    Raises
    ------
    DataError
        If it is not TOML (T115), or a key is unknown (T116) or a value wrong (T117); all at once.
    """
    data, issues = path.read_bytes(), Issues()
    stated = _STATED.search(data)
    language = language or (stated[1].decode() if stated else "")
    try:
        content = tomllib.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start + (3 if data.startswith(BOM_UTF8) else 0)) + 1
        why = Said(
            "it is not in UTF-8; GB18030 is what Windows often saves", "不是 UTF-8 编码，可能以 GBK/GB18030 保存"
        )
        issues.add("T115", file=path.name, lines=[line], why=why)
        raise DataError(issues, language) from error
    except (ValueError, RecursionError) as error:  # also a number of too many digits, lists too deep in each other
        place, why_not = _AT_LINE.search(str(error)), str(error)[:160]
        issues.add("T115", file=path.name, lines=[int(place[1])] if place else [], why=why_not)
        raise DataError(issues, language) from error
    return validated(content, model, path.name, language)


_STATED = re.compile(rb"""^\s*language\s*=\s*["'](zh|en)["']""", re.MULTILINE)
_AT_LINE = re.compile(r"\(at line ([0-9]{1,9})")


def validated(content: dict[str, Any], model: type[Model], file: str, language: str = "") -> Model:
    """Return values as their model.

    Parameters
    ----------
    content : dict
        Values by key.
    model : type
        `RunFile`, `MethodPack` or `SetMetadata`.
    file : str
        Where they come from, for messages; may be empty.
    language : str
        In which what is wrong is to be said, if that is known.

    Raises
    ------
    DataError
        If a key is unknown (T116) or a value wrong (T117); all at once.
    """
    try:
        return model.model_validate(content)
    except ValidationError as error:
        issues = Issues()
        for problem in error.errors(include_url=False):
            *places, key = (str(part) for part in problem["loc"] or ("",))
            if problem["type"] == "extra_forbidden":
                known = known_keys(model, places)
                issues.add("T116", file=file, column=".".join([*places, key]), value=key, known=known,
                           near=near_misses(key, known))  # fmt: skip
            else:
                given = "" if problem["type"] == "missing" else str(problem["input"])[:80]
                own = next(iter(getattr(problem.get("ctx", {}).get("error"), "args", ())), None)
                general = Said(problem["msg"], _REASONS.get(problem["type"], problem["msg"]))
                why = own if isinstance(own, Said) else general
                issues.add("T117", file=file, column=".".join([*places, key]), value=given, why=why)
        raise DataError(issues, language) from error


def known_keys(model: type[BaseModel], places: list[str]) -> list[str]:
    """Return the keys that a (nested) model knows."""
    for place in places:
        field = model.model_fields.get(place)
        for kind in (field.annotation, *getattr(field.annotation, "__args__", ())) if field else ():
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                model = kind
    return list(model.model_fields)
