"""A footprint in the data model of PACT (Partnership for Carbon Transparency), version 3.0: ProductFootprint as JSON.

Names, kinds and what is mandatory: Technical Specifications for PCF Data Exchange, version 3.0.0. Decimals are texts.
What the study does not hold is asked for under ``[pact]`` in study.toml; nothing is filled in.

``primaryDataShare`` is the share of the footprint for which activity data and emission data are primary (PACT
Methodology, 4.2.2); ``secondaryEmissionFactorSources`` names databases and publications, not the user's own sets.
"""

from __future__ import annotations

import datetime as dt
import math
import re
import uuid
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

from carbon import periods, units
from carbon.errors import Issues, Said, near_misses
from carbon.footprint.files import FootprintFile
from carbon.footprint.study import Footprint
from carbon.library.pact import CARBON, FOOTPRINT, UNITS, YEARS
from carbon.report.evidence import data_kind, emission_factors, gwp_name
from carbon.report.words import words

VERSION = "3.0.0"
ASKED = ("companyName", "companyIds", "productIds", "fossilCarbonContent")  # no study holds these
WEIGHTLESS = frozenset({"kilowatt hour", "megajoule", "ton kilometer", "hour"})  # their products have no mass
_URN = re.compile(r"[uU][rR][nN]:[A-Za-z0-9][A-Za-z0-9-]{0,31}:\S+")
_WHOLE = re.compile(r"[-+]?[0-9]{1,30}(\.[0-9]{1,30})?")
_TOP = (
    "id", "created", "status", "companyName", "companyIds", "productDescription", "productIds",
    "productClassifications", "productNameCompany", "comment", "validityPeriodStart", "validityPeriodEnd",
    "precedingPfIds",
)  # fmt: skip
_LISTS = ("companyIds", "productIds", "productClassifications", "precedingPfIds", "crossSectoralStandards",
          "ipccCharacterizationFactors")  # fmt: skip
_URNS = ("companyIds", "productIds", "productClassifications")
_FLAGS = ("packagingEmissionsIncluded",)
_DECIMALS = (
    "productMassPerDeclaredUnit", "fossilCarbonContent", "biogenicCarbonContent", "recycledCarbonContent",
    "exemptedEmissionsPercent", "biogenicCO2Uptake", "packagingGhgEmissions", "outboundLogisticsGhgEmissions",
    "primaryDataShare",
)  # fmt: skip
_WORDS = ("boundaryProcessesDescription", "exemptedEmissionsDescription", "allocationRulesDescription",
          "technologicalCO2CaptureOrigin")  # fmt: skip
KEYS = (*_TOP, "crossSectoralStandards", "ipccCharacterizationFactors", *_DECIMALS, *_FLAGS, *_WORDS)
WITHHELD = frozenset({"comment", "secondaryEmissionFactorSources", *_WORDS})  # not shown in public; none is mandatory


def product_footprint(found: Footprint, inputs: Mapping[str, str]) -> dict[str, Any] | None:
    """Return the base case of a study as a PACT ProductFootprint; None where it cannot be one.

    Parameters
    ----------
    found : Footprint
        The result; its issues receive what is missing (P741), wrong (P742) or out of the scope of PACT (P743).
    inputs : mapping of str to str
        SHA-256 of the input files; with the result they make the identifier, so that another result has another one.
    """
    given, issues = found.study.pact, found.issues
    if not given:
        issues.add("P741", file="study.toml", column="pact", known=list(ASKED))
        return None
    before = len(issues)
    given = _read(given, issues)
    _scope(found, issues)
    made = _carbon(found, given, issues)
    if len(issues) > before:
        return None
    document = _document(found, given, inputs) | {"pcf": made}
    _validate(document, issues)
    return None if len(issues) > before else document


def public_footprint(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a ProductFootprint without free texts and without the sources of factors, which may name suppliers.

    All of these fields may be absent in the data model; PACT asks for ``secondaryEmissionFactorSources`` where
    secondary data were used, so that the full document is the one to exchange.
    """
    shown = {name: value for name, value in document.items() if name not in WITHHELD}
    return shown | {"pcf": {name: value for name, value in document["pcf"].items() if name not in WITHHELD}}


def primary_data_share(found: Footprint) -> float | None:
    """Return the share of the footprint of which amount and emission factor are primary [%]; None where none is.

    Counted are rows that say primary and into which no printed factor enters: gases themselves, and fuels or materials
    with a factor, or calorific value and contents, of their own.
    """
    chain, result = found.chain, found.background.result
    printed: set[int] = set()
    if result is not None:
        line_of = {place: number for number, place in found.background.line_of.items()}
        for row, term in zip(*(part.tolist() for part in result.plan.entries), strict=True):
            one = result.plan.terms[term]
            if one.basis in ("", "location") and not one.target.startswith("energy") and one.factors:
                printed.add(int(found.exchanges.line[chain.exchanges[line_of[row]].row]))
    mine = [r for r in found.contribution_records if not r["scenario"]]
    whole = math.fsum(abs(r["co2e_kg"]) for r in mine)
    both = math.fsum(
        abs(r["co2e_kg"]) for r in mine if data_kind(r["data"]) == "primary" and r["source_line"] not in printed
    )
    return 100 * both / whole if both else None


def decimal(value: float | Fraction) -> str:
    """Return a number as a decimal text without exponent, of at most 15 digits behind the point.

    Examples
    --------
    >>> decimal(1.25e-7), decimal(1000.0), decimal(Fraction(1, 8))
    ('0.000000125', '1000', '0.125')
    """
    exact = (
        Decimal(value.numerator) / Decimal(value.denominator) if isinstance(value, Fraction) else Decimal(repr(value))
    )
    text = f"{exact:.15f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def _say(issues: Issues, name: str, value: Any, en: str, zh: str) -> None:
    shown = value if isinstance(value, (str, int, float)) else ""
    issues.add("P742", file="study.toml", column=f"pact.{name}", value=str(shown)[:80], why=Said(en, zh))


def _read(given: Mapping[str, Any], issues: Issues) -> dict[str, Any]:
    """Return the fields that are given and of the right kind."""
    found: dict[str, Any] = {}
    for name, value in given.items():
        if name not in KEYS:
            near = ", ".join(near_misses(name, KEYS))
            _say(issues, name[:60], "", f"no such field{'; nearest: ' + near if near else ''}",
                 f"没有该项目{'；相近：' + near if near else ''}")  # fmt: skip
        elif name in _LISTS:
            if not isinstance(value, list) or not value or not all(isinstance(v, str) and v.strip() for v in value):
                _say(issues, name, value, "expected: a list of texts", "应为文本列表")
            elif name in _URNS and (wrong := [v for v in value if not _URN.fullmatch(v)]):
                _say(
                    issues,
                    name,
                    wrong[0],
                    "expected: a URN, such as urn:gtin:4712345060507",
                    "应为 URN，如 urn:gtin:4712345060507",
                )
            else:
                found[name] = list(dict.fromkeys(value))
        elif name in _FLAGS:
            if isinstance(value, bool):
                found[name] = value
            else:
                _say(issues, name, value, "expected: true or false", "应为 true 或 false")
        elif name in _DECIMALS:
            text = decimal(float(value)) if isinstance(value, (int, float)) and not isinstance(value, bool) else value
            if isinstance(text, str) and _WHOLE.fullmatch(text):
                found[name] = text
            else:
                _say(issues, name, value, "expected: a decimal number", "应为十进制数")
        elif isinstance(value, (dt.datetime, dt.date)):
            found[name] = _moment(value)
        elif isinstance(value, str) and value.strip():
            found[name] = value
        else:
            _say(issues, name, value, "expected: a text", "应为文本")
    for name in ASKED:
        if name not in given:
            _say(issues, name, "", "it is mandatory and missing", "必填项缺失")
    return found


def _scope(found: Footprint, issues: Issues) -> None:
    """Report what keeps a study from being a PACT footprint."""
    if found.study.boundary != "cradle-to-gate":
        issues.add("P743", file="study.toml", column="boundary", value=found.study.boundary, why=Said(
            f"its boundary is {found.study.boundary}, and PACT footprints are cradle-to-gate",
            f"其边界为 {found.study.boundary}，而 PACT 碳足迹为从摇篮到大门"))  # fmt: skip
    if not found.complete or found.co2e() is None:
        issues.add("P743", file="study.toml", why=Said("it is incomplete", "研究不完整"))
    if not found.study.period:
        issues.add("P743", file="study.toml", column="period", why=Said("it names no period", "未填写期间"))


def _carbon(found: Footprint, given: Mapping[str, Any], issues: Issues) -> dict[str, Any]:
    """Return the data type CarbonFootprint."""
    study = found.study
    unit, amount = _declared(study)
    if not unit:
        _say(issues, "declaredUnitOfMeasurement", study.unit, f"the unit of the study is none of {', '.join(UNITS)}",
             f"研究的单位不属于：{'、'.join(UNITS)}")  # fmt: skip
        return {}
    mass = given.get("productMassPerDeclaredUnit", "0" if unit in WEIGHTLESS else None)
    if unit == "kilogram":
        if mass is not None and Fraction(mass) != amount:
            _say(
                issues,
                "productMassPerDeclaredUnit",
                mass,
                "the declared unit is a mass of another size",
                "与声明单位的质量不符",
            )
        mass = decimal(amount)
    standards = given.get("crossSectoralStandards") or (
        ["ISO14067"] if "ISO 14067" in found.library.pack(study.method).document else None
    )
    potentials = given.get("ipccCharacterizationFactors") or _report(gwp_name(found))
    left_out = found.left_out_pct.get("")
    exempt = given.get("exemptedEmissionsPercent") or (None if left_out is None else decimal(left_out))
    if left_out and exempt is not None and float(exempt) < left_out * (1 - 1e-9):
        _say(issues, "exemptedEmissionsPercent", exempt, f"the study leaves out {left_out:.3g} %",
             f"研究实际排除了 {left_out:.3g} %")  # fmt: skip
    for name, value, en, zh in (
        ("productMassPerDeclaredUnit", mass, "the mass of the declared unit is mandatory", "声明单位的质量为必填"),
        ("crossSectoralStandards", standards, "the standards applied are mandatory", "所用标准为必填"),
        ("ipccCharacterizationFactors", potentials, "the warming potentials name no report", "增温潜势未对应报告"),
        ("exemptedEmissionsPercent", exempt, "the share of what is excluded is not known", "排除部分的占比未知"),
    ):  # fmt: skip
        if value is None:
            _say(issues, name, "", en, zh)
    if len(issues.errors) or found.co2e() is None or not study.period:
        return {}
    sums = _sums(found)
    net = sums["biogenic carbon"]
    uptake = given.get("biogenicCO2Uptake", None if net > 0 else decimal(net))
    if uptake is None:
        _say(issues, "biogenicCO2Uptake", "", "more biogenic CO2 is emitted than taken up; say what the product holds",
             "生物源二氧化碳排放多于吸收，请填写产品所含的吸收量")  # fmt: skip
        return {}
    for name in ("fossil", "biogenic", "land-use", "aviation"):
        if sums[name] < 0:
            zh = words("footprint", "zh")[name]
            issues.add(
                "P743", file="study.toml", value=name, why=Said(f"its {name} emissions are negative", f"其{zh}排放为负")
            )
    span = periods.parse(study.period)
    total = found.co2e() or 0.0
    fields = {
        "declaredUnitOfMeasurement": unit, "declaredUnitAmount": decimal(amount), "productMassPerDeclaredUnit": mass,
        "referencePeriodStart": _moment(span.first), "referencePeriodEnd": _moment(span.last + dt.timedelta(days=1)),
        **_geography(found), "pcfExcludingBiogenicUptake": decimal(total),
        "pcfIncludingBiogenicUptake": decimal(total + float(uptake)),
        "fossilGhgEmissions": decimal(sums["fossil"] + sums["aviation"]),
        "fossilCarbonContent": given.get("fossilCarbonContent"),
        "landUseChangeGhgEmissions": decimal(sums["land-use"]), "biogenicNonCO2Emissions": decimal(sums["biogenic"]),
        "biogenicCO2Uptake": uptake, "aircraftGhgEmissions": decimal(sums["aviation"]),
        "ccsTechnologicalCO2CaptureIncluded": bool(sums["captured"]),
        "ipccCharacterizationFactors": potentials, "crossSectoralStandards": standards,
        "exemptedEmissionsPercent": exempt,
        "allocationRulesDescription": f"Allocation where a process does not say otherwise: {study.allocation}",
    }  # fmt: skip
    if sums["captured"]:
        fields["ccsTechnologicalCO2Capture"] = decimal(sums["captured"])
    if (share := primary_data_share(found)) is not None:
        fields["primaryDataShare"] = decimal(round(share, 6))
    if sources := _sources(found):
        fields["secondaryEmissionFactorSources"] = sources
    extra = {name: given[name] for name in (*_DECIMALS, *_FLAGS, *_WORDS) if name in given}
    return fields | extra


def _declared(study: FootprintFile) -> tuple[str, Fraction]:
    """Return the PACT unit nearest to the declared unit, and how many of it that is; an empty name if there is none."""
    own = units.parse(study.unit)
    found = []
    for name, text in UNITS.items():
        if text and units.parse(text).dimension == own.dimension:
            ratio = Fraction(units.ratio(own, units.parse(text)))
            size = math.log10(ratio)
            found.append((abs(size - round(size)) > 1e-12, ratio < 1, abs(size), name, study.amount * ratio))
    return min(found)[3:] if found else ("", Fraction(0))


def _sums(found: Footprint) -> dict[str, float]:
    """Return the base case by origin of its carbon without what is captured, what is captured, and net biogenic CO2."""
    sums = dict.fromkeys(("fossil", "biogenic", "land-use", "aviation", "captured"), 0.0)
    for record in found.contribution_records:
        if not record["scenario"]:
            sums["captured" if record["kind"] == "captured" else record["origin"]] += record["co2e_kg"]
    apart = {r["name"]: r["co2e_kg"] for r in found.records if r["part"] == "apart" and not r["scenario"]}
    return sums | {"biogenic carbon": apart.get("biogenic", 0.0) + min(0.0, apart.get("uptake", 0.0))}


def _geography(found: Footprint) -> dict[str, str]:
    """Return country or province; nothing where the study names no region, or one that is neither."""
    region = found.library.regions.find(found.study.region) if found.study.region else None
    if region is None:
        return {}
    if re.fullmatch("[A-Z]{2}", region.id):
        return {"geographyCountry": region.id}
    if region.kind == "province" and re.fullmatch("[A-Z]{2}-[A-Z0-9]{1,3}", region.id):
        return {"geographyCountrySubdivision": region.id}
    return {"geographyCountry": region.id[:2]}


def _sources(found: Footprint) -> list[dict[str, str]]:
    """Return the publications that emissions are computed from; sets of the user's own folders are none."""
    names = dict.fromkeys(factor.set_id for factor in emission_factors(found).values())
    sets = [found.library.set(name) for name in names]
    pairs = dict.fromkeys(
        (f"{one.meta.document} {one.meta.title_en}".strip(), one.meta.issued.isoformat()) for one in sets if not one.own
    )
    return [{"name": name, "version": issued} for name, issued in pairs]


def _report(name: str) -> list[str] | None:
    """Return the assessment report of a set of warming potentials."""
    found = re.search(r"ar([0-9])", name.lower())
    return [f"AR{found[1]}"] if found else ["AR2"] if name.lower().endswith("sar") else None


def _moment(day: dt.date) -> str:
    """Return the beginning of a day, or a time, in UTC."""
    if isinstance(day, dt.datetime):
        try:
            moment = (day if day.tzinfo else day.replace(tzinfo=dt.UTC)).astimezone(dt.UTC)
        except OverflowError:  # at the ends of time: said when the document is checked
            return day.isoformat()
        return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    return f"{day.isoformat()}T00:00:00Z"


def _document(found: Footprint, given: Mapping[str, Any], inputs: Mapping[str, str]) -> dict[str, Any]:
    """Return everything but the footprint itself."""
    study = found.study
    seed = "|".join([found.library.digest, *inputs.values(), repr(found.co2e()), repr(sorted(map(str, study)))])
    fields = {
        "id": str(uuid.uuid5(uuid.NAMESPACE_OID, seed)), "specVersion": VERSION,
        "created": _moment(study.as_of or dt.datetime.now(dt.UTC)), "status": "Active",
        "productDescription": study.functional_unit or study.title, "productNameCompany": study.product,
    }  # fmt: skip
    return fields | {name: given[name] for name in _TOP if name in given}


def _validate(document: Mapping[str, Any], issues: Issues) -> None:
    """Report fields that the data model does not allow; what was made here is held to the same checks as an import."""
    wrong = [name for name, check in FOOTPRINT.items() if not check(document.get(name))]
    wrong += [name for name, check in CARBON.items() if not check(document["pcf"].get(name))]
    for name in ("id", "precedingPfIds"):
        listed = document.get(name, [])
        if not all(_is_uuid(text) for text in ([listed] if isinstance(listed, str) else listed)):
            wrong.append(name)
    wrong += _valid_times(document)
    if not all(re.fullmatch("AR[0-9]{1,2}", text) for text in document["pcf"]["ipccCharacterizationFactors"]):
        wrong.append("ipccCharacterizationFactors")
    wrong += ["status"] if document["status"] not in ("Active", "Deprecated") else []
    wrong += ["primaryDataShare"] if not 0 <= Fraction(document["pcf"].get("primaryDataShare", "0")) <= 100 else []
    for name in dict.fromkeys(wrong):
        value = document.get(name, document["pcf"].get(name))
        _say(issues, name, value, "not as the data model asks", "不符合数据模型的要求")


def _valid_times(document: Mapping[str, Any]) -> list[str]:
    """Return the ends of the validity that are no times or out of order: after the period, for at most 3 years."""
    names = ("validityPeriodStart", "validityPeriodEnd")
    given = [name for name in names if name in document]
    if wrong := [name for name in given if not FOOTPRINT["created"](document[name])]:
        return wrong
    if not given:
        return []
    if len(given) < len(names):
        return [name for name in names if name not in given]
    start, end, made = (dt.datetime.fromisoformat(text) for text in (
        document[names[0]], document[names[1]], document["pcf"]["referencePeriodEnd"]))  # fmt: skip
    latest = made.replace(year=made.year + YEARS, day=28 if (made.month, made.day) == (2, 29) else made.day)
    return [] if made <= start < end <= latest else [names[1]]


def _is_uuid(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False
