"""The steps of an account, one by one, on a million rows, each beside the same in plain pandas, polars or numpy."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pandas as pd
import pytest

import carbon
from benchmarks.perf import inputs
from carbon.errors import Issues
from carbon.inventory.accounting import Ground, plan_rows
from carbon.inventory.energy import energy_totals
from carbon.inventory.plan import Sums
from carbon.inventory.resolve import resolve
from carbon.inventory.rollup import Cells
from carbon.inventory.totals import emission_totals
from carbon.reading import from_frame
from carbon.tables import check

TEXTS = ("facility", "period", "item", "unit", "use", "region")
COAL = (0.1229, 0.7143, 1.4571, 0.0, 13.3, 1.4714)  # tce per unit, for what is run beside the engine
CELLS, MATCH, ROWS, SUMS, TOTALS, ENERGY = (
    "check: every cell of 1e6 rows", "match: 1e6 rows to their factors", "rows: quantity × factor",
    "sums: by facility and term", "totals: by facility, month, quarter, year, category",
    "energy: by facility, month, quarter, year, item",
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Steps:
    """One table at every stage."""

    source: object
    frame: pd.DataFrame
    table: object
    ground: Ground
    result: object

    def __len__(self):
        return len(self.frame)

    @property
    def entries(self):
        return len(self.result.plan.entries[0])


@pytest.fixture(scope="module")
def steps(tiny):
    rows = inputs.activities(2_000 if tiny else 1_000_000)
    source = from_frame(rows, "activities")
    ground = Ground.of(
        None, None, method="cn-general", gwp="", region="", as_of=None, electricity=None,
        library=carbon.load_library(), language="en", on_error="continue", title="", issues=Issues(),
    )  # fmt: skip
    result = carbon.account(source, library=ground.library)
    assert result.line_counts["bad"] == 0
    return Steps(source, inputs.plain(rows).to_pandas(), check(source, "activities", Issues()), ground, result)


@pytest.fixture(scope="module")
def factors():
    names = ("item", "unit", "factor", "tce")
    return pd.DataFrame(dict(zip(names, (inputs.ITEMS, inputs.UNITS, inputs.FACTORS, COAL), strict=True)))


# --- check --------------------------------------------------------------------------------------------------------


def test_check(measure, steps):
    measure(lambda: check(steps.source, "activities", Issues()), group=CELLS, what="carbon", rows=len(steps), rounds=3)


def test_check_pandas(measure, steps):
    """Hold texts against lists, look for blanks, see that numbers are numbers within bounds."""

    def bare():
        frame = steps.frame
        bad = pd.to_numeric(frame["quantity"], errors="coerce").between(0, 1e15, inclusive="neither").eq(other=False)
        for name, known in (("item", inputs.ITEMS), ("unit", inputs.UNITS), ("use", inputs.USES)):
            bad |= ~frame[name].isin(known)
        for name in TEXTS:
            bad |= frame[name].isna() | frame[name].str.strip().eq("")
        return bad

    found = measure(bare, group=CELLS, what="pandas: isin, isna, strip", rows=len(steps), rounds=2)
    assert not found.any()


def test_check_polars(measure, steps):
    pl = pytest.importorskip("polars")
    frame = pl.from_pandas(steps.frame)

    def bare():
        bad = ~pl.col("quantity").is_between(0, 1e15, closed="none")
        for name, known in (("item", inputs.ITEMS), ("unit", inputs.UNITS), ("use", inputs.USES)):
            bad |= ~pl.col(name).is_in(list(known))
        for name in TEXTS:
            bad |= pl.col(name).is_null() | (pl.col(name).str.strip_chars() == "")
        return frame.select(bad)

    measure(bare, group=CELLS, what="polars: is_in, is_null, strip_chars", rows=len(steps), rounds=3)


# --- match --------------------------------------------------------------------------------------------------------


def test_match(measure, steps):
    def match():
        rows = resolve(steps.table, steps.ground.library, None, Issues())
        return plan_rows(rows, steps.ground, Issues())

    found = measure(match, group=MATCH, what="carbon: resolve, distinct keys, routes", rows=len(steps), rounds=3)
    assert not found.bad.any()


def test_match_pandas(measure, steps, factors):
    measure(lambda: steps.frame.merge(factors, on=["item", "unit"]), group=MATCH, what="pandas merge", rows=len(steps),
            rounds=3)  # fmt: skip


def test_match_polars(measure, steps, factors):
    pl = pytest.importorskip("polars")
    left, right = pl.from_pandas(steps.frame), pl.from_pandas(factors)
    measure(lambda: left.join(right, on=["item", "unit"]), group=MATCH, what="polars join", rows=len(steps), rounds=3)


# --- rows and sums ------------------------------------------------------------------------------------------------


def test_rows(measure, steps):
    plan = steps.result.plan
    fresh = [dataclasses.replace(plan) for _ in range(4)]
    for one in fresh:
        assert one.terms
        assert len(one.entries[0])
    left = iter(fresh)
    measure(lambda: next(left).amount, group=ROWS, what="carbon: decimal products to 32 digits, rounded once",
            rows=steps.entries, rounds=3)  # fmt: skip


def test_rows_numpy(measure, steps):
    row, term = steps.result.plan.entries
    quantity, factor = steps.result.plan.quantity, np.linspace(0.1, 1, len(steps.result.plan.terms))
    measure(lambda: quantity[row] * factor[term], group=ROWS, what="numpy floats, rounded as it comes",
            rows=steps.entries, rounds=3)  # fmt: skip


@pytest.fixture(scope="module")
def groups(steps):
    row, term = steps.result.plan.entries
    facility = steps.result.rows.index["facility"][row]
    number, place = np.unique(facility.astype(np.int64) * len(steps.result.plan.terms) + term, return_inverse=True)
    return place.astype(np.int32), len(number)


def test_sums(measure, steps, groups):
    amount = steps.result.plan.amount
    found = measure(Sums.of, amount, *groups, group=SUMS, what="carbon: exact in any order", rows=steps.entries,
                    rounds=3)  # fmt: skip
    assert len(found.limbs) == groups[1]


def test_sums_bincount(measure, steps, groups):
    amount = steps.result.plan.amount
    measure(lambda: np.bincount(groups[0], amount, groups[1]), group=SUMS, what="numpy bincount, depends on order",
            rows=steps.entries, rounds=3)  # fmt: skip


def test_sums_fsum(measure, steps, groups):
    """Sort, cut and add exactly: what the standard library has for it."""
    amount = steps.result.plan.amount

    def bare():
        order = np.argsort(groups[0], kind="stable")
        edges = np.searchsorted(groups[0][order], np.arange(1, groups[1]))
        return [math.fsum(part.tolist()) for part in np.split(amount[order], edges)]

    measure(bare, group=SUMS, what="math.fsum by group, exact", rows=steps.entries, rounds=2)


# --- totals and energy --------------------------------------------------------------------------------------------


def levels(frame: pd.DataFrame, value: str) -> list[pd.Series]:
    """Sum by month, and these sums by quarter and year, for facilities and for all together."""
    finest = frame.groupby(["facility", "period", "item"], as_index=False)[value].sum()
    year, month = finest["period"].str[:4], finest["period"].str[5:].astype(int)
    finest = finest.assign(quarter=year + "-Q" + ((month + 2) // 3).astype(str), year=year)
    whens = ("period", "quarter", "year")
    return [finest.groupby([*who, when, "item"])[value].sum() for when in whens for who in (["facility"], [])]


def test_totals(measure, steps):
    result = steps.result
    order = [category.id for pack in result.packs for category in pack.category]

    def totals():
        cells = Cells(result.plan, result.rows.index["facility"], [*dict.fromkeys(result.rows.values["facility"])])
        return emission_totals(cells, result.potentials, result.bases, result.completeness, order, None)

    found = measure(totals, group=TOTALS, what="carbon: exact, by gas and basis, with lacking rows named",
                    rows=len(steps), rounds=3)  # fmt: skip
    assert found == result.total_records


def test_totals_pandas(measure, steps, factors):
    frame = steps.frame.merge(factors, on=["item", "unit"])
    frame["co2"] = frame["quantity"] * frame["factor"]
    measure(levels, frame, "co2", group=TOTALS, what="pandas groupby, one gas", rows=len(steps), rounds=2)


def test_energy(measure, steps):
    result = steps.result

    def energy():
        cells = Cells(result.plan, result.rows.index["facility"], [*dict.fromkeys(result.rows.values["facility"])])
        return energy_totals(cells, "en", result.completeness)

    found = measure(energy, group=ENERGY, what="carbon: exact, both equivalents, control scope", rows=len(steps),
                    rounds=3)  # fmt: skip
    assert found == result.energy_records


def test_energy_pandas(measure, steps, factors):
    frame = steps.frame.merge(factors, on=["item", "unit"])
    frame["coal"] = frame["quantity"] * frame["tce"]
    measure(levels, frame, "coal", group=ENERGY, what="pandas groupby, one equivalent", rows=len(steps), rounds=2)
