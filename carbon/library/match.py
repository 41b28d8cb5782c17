"""Match one key to its factor: which set, which rung of the region ladder, which year. Two on one rung is a miss.

This is where people argue, so it is plain Python over distinct keys; rows never come here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from carbon.errors import Said
from carbon.library.sets import Factor, FactorSet
from carbon.periods import Period


@dataclass(frozen=True)
class Match:
    """The factor found and how.

    Attributes
    ----------
    factor : Factor
        The printed number.
    rung : tuple of Said
        What had to be given up to find it, in words; empty if nothing.
    """

    factor: Factor
    rung: tuple[Said, ...] = ()


@dataclass(frozen=True)
class Miss:
    """Why nothing was found.

    Attributes
    ----------
    reason : {"absent", "period", "region", "process", "range", "unit", "ambiguous"}
        The step of the ladder on which the search ended.
    tried : tuple of Said
        Rungs tried, in order.
    nearest : tuple of Factor
        What there is instead.
    """

    reason: str
    tried: tuple[Said, ...] = ()
    nearest: tuple[Factor, ...] = field(default=())
    parameter: str = ""


def find(
    sets: Sequence[FactorSet],
    parameter: str,
    item: str,
    *,
    gas: str = "",
    regions: Sequence[str] = ("",),
    process: str = "",
    period: Period,
    rule: str = "latest",
    accept: Callable[[Factor], bool] = lambda _: True,
) -> Match | Miss:
    """Find the factor of one key.

    Parameters
    ----------
    sets : sequence of FactorSet
        Tried in order.
    parameter, item, gas, process : str
        What number of what; `process` may be empty.
    regions : sequence of str
        The ladder: province, grid region, nation, and "" for a number that holds anywhere.
    period : Period
        The time that it must speak of.
    rule : {"same-year", "latest"}
        Whether an earlier year may stand in where the period's own is not published.
    accept : callable, optional
        Says whether the unit of a factor can be used.

    Returns
    -------
    Match or Miss
        Ladder: region before time before set; within a set, the named process before the general number.
    """
    every = [f for s in sets for f in s.index.get((parameter, item), ()) if f.gas == gas]
    if not every:
        return Miss("absent", tuple(Said(s.id, s.id) for s in sets))
    ranged = [f for f in every if f.value]
    if not ranged:
        return Miss("range", nearest=tuple(every))
    usable = {unit for unit, f in {f.unit: f for f in ranged}.items() if accept(f)}
    fitting = [f for f in ranged if f.unit in usable]
    if not fitting:
        return Miss("unit", nearest=tuple(ranged))
    processed = [f for f in fitting if f.process in ("", process)]
    if not processed:
        return Miss("process", nearest=tuple(fitting))
    order = {s.id: position for position, s in enumerate(sets)}
    listed = [s.id for s in sets if (parameter, item) in s.index]
    tried: list[Said] = []
    in_region = False
    place = {region: number for number, region in enumerate(regions)}
    for region in regions:
        here = [f for f in processed if f.region == region]
        tried.append(Said(region or "anywhere", region or "不限地区"))
        if not here:
            continue
        in_region = True
        current = [f for f in here if f.start <= period.start and period.end <= f.end]
        earlier = [f for f in here if f.start <= period.start] if rule == "latest" else []
        latest = max((f.end for f in earlier), default=0)
        for year, candidates in (("", current), ("earlier", [f for f in earlier if f.end == latest])):
            if not candidates:
                continue
            best = min(order[f.set_id] for f in candidates)
            best_set = [f for f in candidates if order[f.set_id] == best]
            named = [f for f in best_set if f.process == process] or best_set
            if len(named) > 1:
                return Miss("ambiguous", tuple(tried), tuple(named))
            finer = [r for r in regions[: list(regions).index(region)] if r] if any(f.region for f in processed) else []
            return Match(named[0], _rung(named[0], finer, year, listed))
        tried[-1] = Said(f"{tried[-1].en} (not for {period.label})", f"{tried[-1].zh}（无 {period.label}）")
    nearest = sorted(processed, key=lambda f: (place.get(f.region, 99), abs(f.start - period.start), f.id))
    return Miss("period" if in_region else "region", tuple(tried), tuple(nearest[:3]))


def _rung(factor: Factor, finer: Sequence[str], year: str, listed: Sequence[str]) -> tuple[Said, ...]:
    """Say what was given up: finer regions that have no number, the period's own year, sets that come first."""
    steps = []
    if finer:
        here = factor.region
        steps.append(Said(f"region {finer[0]} → {here or 'general'}", f"地区 {finer[0]} → {here or '通用'}"))
    if year:
        label = Period(factor.start, factor.end).label
        steps.append(Said(f"latest earlier year ({label})", f"采用最近的较早年份（{label}）"))
    place = listed.index(factor.set_id) if factor.set_id in listed else 0
    if place and not factor.dated:
        steps.append(
            Said(f"set {place + 1} of the list: {factor.set_id}", f"清单中第 {place + 1} 个因子集：{factor.set_id}")
        )
    return tuple(steps)
