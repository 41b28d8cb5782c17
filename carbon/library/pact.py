"""Product footprints of suppliers in the data model of PACT (Partnership for Carbon Transparency), version 3.0. Pure.

Names and what is mandatory: Technical Specifications for PCF Data Exchange, version 3.0.0, data types ProductFootprint
and CarbonFootprint. Decimals are texts there; the end of a period is exclusive.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from typing import Any

from carbon.errors import Issues, Said, near_misses, printable
from carbon.library.drafts import Draft

UNITS = {
    "liter": "L", "kilogram": "kg", "cubic meter": "m3", "kilowatt hour": "kWh", "megajoule": "MJ",
    "ton kilometer": "t*km", "square meter": "m2", "piece": "pc", "hour": "h", "megabit second": "",
}  # fmt: skip
VERSION = re.compile(r"3\.0\.[0-9]{1,3}(-[0-9]{8})?")
_DECIMAL = re.compile(r"[-+]?[0-9]{1,30}(\.[0-9]{1,30})?")
MOST, MOST_KEYS = 10_000, 200
YEARS = 3  # that a footprint is valid after its reference period, if it names no period
Check = Callable[[Any], bool]
Say = Callable[[str, object, Said], None]


def _text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _texts(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(_text(each) for each in value)


def _decimal(value: Any) -> bool:
    return isinstance(value, str) and bool(_DECIMAL.fullmatch(value))


def _positive(value: Any) -> bool:
    return _decimal(value) and Fraction(value) > 0


def _not_negative(value: Any) -> bool:
    return _decimal(value) and Fraction(value) >= 0


def _time(value: Any) -> dt.datetime | None:
    try:
        found = dt.datetime.fromisoformat(value)
        found.astimezone(dt.UTC)  # overflows at the ends of time
    except (TypeError, ValueError, OverflowError):
        return None
    return found if found.tzinfo else None  # days are those of its own clock


def _moment(value: Any) -> bool:
    return _time(value) is not None


_WORDS: dict[Check, Said] = {
    _text: Said("a text", "非空文本"),
    _texts: Said("a list of texts", "非空文本列表"),
    _decimal: Said("a decimal in quotes", "加引号的十进制数"),
    _positive: Said("a decimal above 0 in quotes", "加引号的大于 0 的十进制数"),
    _not_negative: Said("a decimal of at least 0 in quotes", "加引号的不小于 0 的十进制数"),
    _moment: Said("a time with its zone, such as 2025-01-01T00:00:00Z", "带时区的时间，如 2025-01-01T00:00:00Z"),
}
FOOTPRINT: dict[str, Check] = {
    "id": _text, "created": _moment, "status": _text, "companyName": _text, "companyIds": _texts,
    "productDescription": lambda value: isinstance(value, str), "productIds": _texts, "productNameCompany": _text,
    "pcf": lambda value: isinstance(value, dict),
}  # fmt: skip
CARBON: dict[str, Check] = {
    "declaredUnitOfMeasurement": _text, "declaredUnitAmount": _positive, "productMassPerDeclaredUnit": _not_negative,
    "referencePeriodStart": _moment, "referencePeriodEnd": _moment, "pcfExcludingBiogenicUptake": _decimal,
    "pcfIncludingBiogenicUptake": _decimal, "fossilGhgEmissions": _not_negative, "fossilCarbonContent": _not_negative,
    "ipccCharacterizationFactors": _texts, "crossSectoralStandards": _texts, "exemptedEmissionsPercent": _not_negative,
}  # fmt: skip


def read_json(data: bytes) -> Any:
    """Return a JSON document; a key that stands twice, NaN and Infinity are refused.

    Raises
    ------
    ValueError
        If it is not such a document, or too deep; the text says why.
    """

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            names = [name for name, _ in pairs]
            message = f"the key {next(name for name in names if names.count(name) > 1)[:80]!r} stands twice"
            raise ValueError(message)
        return found

    def refuse(word: str) -> None:
        message = f"{word} is no number"
        raise ValueError(message)

    try:
        return json.loads(data.decode("utf-8-sig"), object_pairs_hook=unique, parse_constant=refuse)
    except RecursionError as error:
        message = "it is nested too deeply"
        raise ValueError(message) from error


def drafts(
    document: Any, file: str, constants: Mapping[str, str], as_of: dt.date | None, issues: Issues
) -> list[Draft]:
    """Return what the footprints of a document say.

    Parameters
    ----------
    document : JSON value
        One footprint, or ``{"data": …}`` with one or a list of them.
    file : str
        Name for messages.
    constants : mapping
        Kind, use and origin of the products.
    as_of : datetime.date, optional
        Footprints must exist and be valid on that day.
    issues : Issues
        Receives F230, F241 to F243.
    """
    inner = document.get("data", document) if isinstance(document, dict) else document
    found = inner if isinstance(inner, list) else [inner]
    listed = isinstance(inner, list)
    if not found or not all(isinstance(each, dict) for each in found):
        issues.add("F230", file=file, column="data", value="ProductFootprint", near=["{…}", '{"data": […]}'])
        return []
    if len(found) > MOST:
        issues.add("T112", file=file, value=f"{len(found)} footprints", limit=MOST)
        return []
    made = [_draft(each, f"data[{n}]." if listed else "", file, as_of, issues) for n, each in enumerate(found)]
    return [_with(draft, constants) for draft in made if draft is not None]


def origin(documents: Iterable[Any]) -> dict[str, str]:
    """Return publisher, title, document and day of footprints: who made them, which version, when the last was made."""
    inner = [each.get("data", each) for each in documents if isinstance(each, dict)]
    listed = [f for each in inner for f in (each if isinstance(each, list) else [each]) if isinstance(f, dict)]
    names = ", ".join(sorted({str(f["companyName"]) for f in listed if _text(f.get("companyName"))}))
    created = [time.date().isoformat() for f in listed if (time := _time(f.get("created"))) is not None]
    versions = ", ".join(sorted({str(f["specVersion"]) for f in listed if _text(f.get("specVersion"))}))
    return {
        "publisher": printable(names)[:200], "title": printable(f"Product footprints of {names}")[:200],
        "document": printable(f"PACT product footprints, specification {versions}")[:200],
        "issued": max(created, default=""),
    }  # fmt: skip


def _with(draft: dict[str, str], constants: Mapping[str, str]) -> Draft:
    file = draft.pop("file")
    return Draft(file, 0, **(dict(constants) | draft))


def _draft(
    given: dict[str, Any], place: str, file: str, as_of: dt.date | None, issues: Issues
) -> dict[str, str] | None:
    """Return the parts of a draft, or None after saying what is wrong with a footprint."""
    before = len(issues)
    version = given.get("specVersion")
    if not isinstance(version, str) or not VERSION.fullmatch(version):
        shown = version[:40] if isinstance(version, str) else "–"
        issues.add("F242", file=file, column=f"{place}specVersion", value=shown, known="3.0.x")
        return None

    def say(name: str, value: object, why: Said) -> None:
        shown = str(value)[:80] if isinstance(value, (str, int, float)) else ""
        issues.add("F241", file=file, column=place + name, value=shown, why=why)

    _check(given, FOOTPRINT, "", say)
    pcf = given.get("pcf")
    if not isinstance(pcf, dict):
        return None
    _check(pcf, CARBON, "pcf.", say)
    if len(issues) > before:
        return None
    name = pcf["declaredUnitOfMeasurement"]
    if not UNITS.get(name):
        near = Said(f"known: {', '.join(key for key, unit in UNITS.items() if unit)}", f"可用：{'、'.join(UNITS)}")
        say("pcf.declaredUnitOfMeasurement", name, near)
    amount = Fraction(pcf["declaredUnitAmount"])
    if amount.denominator != 1 or not re.fullmatch("10{0,9}", str(amount)):
        say("pcf.declaredUnitAmount", pcf["declaredUnitAmount"], Said(
            "1, 10, 100, … is expected: numbers are not converted", "应为 1、10、100……：数值不作换算"))  # fmt: skip
    start, end = _time(pcf["referencePeriodStart"]), _time(pcf["referencePeriodEnd"])
    if start is None or end is None or not start < end:
        say("pcf.referencePeriodEnd", pcf["referencePeriodEnd"], Said("it ends after it begins", "应晚于开始时间"))
    elif len(issues) == before and _is_usable(given, end, place, file, as_of, issues):
        return _parts(given, pcf, amount, start, end) | {"file": file}
    return None


def _check(given: Mapping[str, Any], checks: Mapping[str, Check], prefix: str, say: Say) -> None:
    for name, check in checks.items():
        if name not in given:
            near = near_misses(name, given, count=1) if len(given) <= MOST_KEYS else []
            en, zh = (f"; nearest: {near[0]}", f"；相近：{near[0]}") if near else ("", "")
            say(prefix + name, None, Said(f"it is mandatory and missing{en}", f"必填项缺失{zh}"))
        elif not check(given[name]):
            words = _WORDS.get(check, Said("another kind of value", "其他类型的值"))
            say(prefix + name, given[name], Said(f"expected: {words.en}", f"应为：{words.zh}"))


def _is_usable(
    given: Mapping[str, Any], end: dt.datetime, place: str, file: str, as_of: dt.date | None, issues: Issues
) -> bool:
    """Return whether a footprint is active, and valid on a day; say so if not."""
    limit, day, created = _time(given.get("validityPeriodEnd")), as_of, _time(given["created"])
    last = limit.date() if limit else _years_later(end.date())
    why = None
    if given["status"] != "Active":
        why = Said(f"its status is {given['status'][:40]}", f"其状态为 {given['status'][:40]}")
    elif day is not None and created is not None and created.date() > day:
        why = Said(f"it was created after {day}", f"其创建日期晚于 {day}")
    elif day is not None and last <= day:
        why = Said(f"it was valid until {last}", f"其有效期至 {last}")
    if why is not None:
        issues.add("F243", file=file, column=f"{place}status", value=str(given["productNameCompany"])[:80], why=why)
    return why is None


def _years_later(day: dt.date) -> dt.date:
    return day.replace(year=min(day.year + YEARS, dt.MAXYEAR), day=28 if (day.month, day.day) == (2, 29) else day.day)


def _parts(
    given: Mapping[str, Any], pcf: Mapping[str, Any], amount: Fraction, start: dt.datetime, end: dt.datetime
) -> dict[str, str]:
    unit = UNITS[pcf["declaredUnitOfMeasurement"]]
    below = f"({amount} {unit})" if amount != 1 else f"({unit})" if "*" in unit else unit
    place = next((str(pcf[n]) for n in ("geographyCountrySubdivision", "geographyCountry", "geographyRegionOrSubregion")
                  if pcf.get(n)), "")  # fmt: skip
    declared = f"{pcf['declaredUnitAmount']} {pcf['declaredUnitOfMeasurement']}"
    facts = {
        "company": given["companyName"], "product": ", ".join(given["productIds"]), "made in": place,
        "including biogenic uptake": pcf["pcfIncludingBiogenicUptake"], "mass kg": pcf["productMassPerDeclaredUnit"],
        "GWP": ", ".join(pcf["ipccCharacterizationFactors"]), "standards": ", ".join(pcf["crossSectoralStandards"]),
        "exempted %": pcf["exemptedEmissionsPercent"], "valid until": str(given.get("validityPeriodEnd") or ""),
    }  # fmt: skip
    return {
        "id": given["id"], "name_zh": given["productNameCompany"], "name_en": given["productNameCompany"],
        "boundary": "cradle-to-gate", "gas": "CO2e", "value": pcf["pcfExcludingBiogenicUptake"],
        "unit": f"kgCO2e/{below}", "printed": f"kgCO2e per {declared}",
        "valid_from": start.date().isoformat(), "valid_to": (end - dt.timedelta(microseconds=1)).date().isoformat(),
        "page": f"footprint {given['id']}, pcfExcludingBiogenicUptake",
        "note": "; ".join(f"{name} {text}" for name, text in facts.items() if text),
    }  # fmt: skip
