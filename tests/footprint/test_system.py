"""The chain solver: laws, exact fractions, a general sparse solver beside it, loops of any size, draws."""

from __future__ import annotations

import pickle
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csc_array
from scipy.sparse.linalg import splu

from carbon.footprint import system
from carbon.footprint.loops import SingularSystemError
from carbon.footprint.system import Structure

Exchanges = list[tuple[int, int, float]]  # supplier, consumer, amount


class Model:
    """A chain with its values."""

    def __init__(self, production: list[float], exchanges: Exchanges, demand: list[float]) -> None:
        self.size, self.exchanges = len(production), exchanges
        self.supplier, self.consumer = (np.array([e[k] for e in exchanges], np.int64) for k in (0, 1))
        self.amount = np.array([e[2] for e in exchanges], float)
        self.production, self.demand = np.array(production, float), np.array(demand, float)
        self.structure = Structure(self.size, supplier=self.supplier, consumer=self.consumer)

    def solve(self) -> np.ndarray:
        return self.structure.solve(self.production, self.amount, self.demand)

    def matrix(self) -> csc_array:
        each = np.arange(self.size)
        places = np.concatenate([each, self.supplier]), np.concatenate([each, self.consumer])
        return csc_array((np.concatenate([self.production, -self.amount]), places), shape=(self.size, self.size))

    def exact(self) -> list[list[Fraction]]:
        a = [[Fraction(0)] * self.size for _ in range(self.size)]
        for i, made in enumerate(self.production):
            a[i][i] += Fraction(made)
        for i, j, taken in self.exchanges:
            a[i][j] -= Fraction(taken)
        return a


def eliminated(a: list[list[Fraction]], right: list[Fraction]) -> list[Fraction] | None:
    """Return x in A·x = right by elimination in fractions; None if A is singular."""
    rows, size = [[*row, b] for row, b in zip(a, right, strict=True)], len(right)
    for k in range(size):
        chosen = next((i for i in range(k, size) if rows[i][k]), None)
        if chosen is None:
            return None
        rows[k], rows[chosen] = rows[chosen], rows[k]
        rows[k] = [value / rows[k][k] for value in rows[k]]
        for i in range(size):
            if i != k and rows[i][k]:
                rows[i] = [x - rows[i][k] * y for x, y in zip(rows[i], rows[k], strict=True)]
    return [row[-1] for row in rows]


def agrees(found: np.ndarray, expected: list[Fraction], tolerance: float = 1e-12) -> bool:
    largest = max(map(abs, expected), default=Fraction(0))
    return all(abs(Fraction(a) - b) <= Fraction(tolerance) * largest for a, b in zip(found, expected, strict=True))


@st.composite
def models(draw: st.DrawFn, *, least: float = -1.0) -> Model:
    """Draw chains of which every process delivers something: its consumers take less than it makes."""
    size = draw(st.integers(1, 8))
    production = draw(st.lists(st.sampled_from([-1.0, 1.0, 0.3, 10.0, 1000.0]), min_size=size, max_size=size))
    ends, share = st.integers(0, size - 1), st.floats(least, 1.0).map(lambda x: round(x, 3))
    links = draw(st.lists(st.tuples(ends, ends, share), max_size=20))
    exchanges = [(i, j, 0.95 * x * production[i] / max(len(links), 1)) for i, j, x in links]
    demand = draw(st.lists(st.sampled_from([0.0, 0.0, 1.0, -2.0, 1e6]), min_size=size, max_size=size))
    return Model(production, exchanges, demand)


# --- oracles ------------------------------------------------------------------------------------------------------


@given(models())
def test_solution_is_that_of_elimination_in_fractions(model: Model) -> None:
    expected = eliminated(model.exact(), [Fraction(x) for x in model.demand])
    assert expected is not None
    assert agrees(model.solve(), expected)


@given(models(), st.data())
def test_intensities_are_those_of_elimination_in_fractions(model: Model, data: st.DataObject) -> None:
    direct = data.draw(st.lists(st.integers(0, 99).map(float), min_size=model.size, max_size=model.size))
    transposed = [list(column) for column in zip(*model.exact(), strict=True)]
    expected = eliminated(transposed, [Fraction(x) for x in direct])
    assert expected is not None
    assert agrees(model.structure.intensities(model.production, model.amount, np.array(direct)), expected)


@given(
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4), st.sampled_from([0.1, 0.25, 0.5, 1.0, 2.0])), max_size=9)
)
def test_a_chain_without_credits_is_refused_if_and_only_if_a_demand_for_all_cannot_be_met(links: Exchanges) -> None:
    model = Model([1.0] * 5, links, [1.0] * 5)
    expected = eliminated(model.exact(), [Fraction(1)] * 5)
    # x ≥ 0 with A·x = 1 exists if and only if A is a non-singular M-matrix, that is: if all loops deliver something
    if expected is not None and min(expected) > 0:
        assert agrees(model.solve(), expected)
    else:
        with pytest.raises(SingularSystemError):
            model.solve()


@pytest.mark.parametrize("seed", range(8))
def test_solution_is_that_of_a_general_sparse_solver(seed: int) -> None:
    random = np.random.default_rng(seed)
    size, count = 300, 1500
    consumer = random.integers(0, size - 20, count)
    supplier = consumer + random.integers(-1, 20, count)
    supplier = np.maximum(supplier, 0)
    mix = random.permutation(size)
    exchanges = list(zip(mix[supplier].tolist(), mix[consumer].tolist(), random.lognormal(-3, 1, count), strict=True))
    model = Model(random.choice([1.0, 5.0, 1000.0], size).tolist(), exchanges, random.random(size).tolist())
    expected = splu(model.matrix()).solve(model.demand)
    assert np.abs(model.solve() - expected).max() <= 1e-12 * np.abs(expected).max()
    direct = random.random((size, 3))
    expected = splu(model.matrix().T.tocsc()).solve(direct)
    found = model.structure.intensities(model.production, model.amount, direct)
    assert np.abs(found - expected).max() <= 1e-12 * np.abs(expected).max()


# --- laws ---------------------------------------------------------------------------------------------------------


@given(models(), st.sampled_from([0.5, 3.0, -7.0]))
def test_scaling_a_demand_scales_the_solution(model: Model, by: float) -> None:
    found = model.structure.solve(model.production, model.amount, by * model.demand)
    assert np.allclose(found, by * model.solve(), rtol=0, atol=1e-12 * np.abs(found).max(initial=0))


@given(models(), st.randoms(use_true_random=False))
def test_permuting_processes_permutes_the_solution(model: Model, chance: object) -> None:
    to = list(range(model.size))
    chance.shuffle(to)  # type: ignore[attr-defined]
    back = np.argsort(to)
    other = Model(
        model.production[back].tolist(), [(to[i], to[j], x) for i, j, x in model.exchanges], model.demand[back].tolist()
    )
    one = model.solve()
    assert np.allclose(other.solve()[to], one, rtol=0, atol=1e-12 * np.abs(one).max(initial=0))


@given(models())
def test_halves_of_an_exchange_are_the_exchange(model: Model) -> None:
    halves = [(i, j, x / 2) for i, j, x in model.exchanges for _ in range(2)]
    other, one = Model(model.production.tolist(), halves, model.demand.tolist()).solve(), model.solve()
    assert np.allclose(other, one, rtol=0, atol=1e-13 * np.abs(one).max(initial=0))


@given(models())
def test_processes_that_no_demand_reaches_change_nothing(model: Model) -> None:
    # two that use up more than they make, and one that takes from everybody
    size = model.size
    more = [(size, size + 1, 2.0), (size + 1, size, 2.0), *((i, size + 2, 1.0) for i in range(size + 2))]
    other = Model([*model.production, 1, 1, 1], [*model.exchanges, *more], [*model.demand, 0, 0, 0]).solve()
    one = model.solve()
    assert np.allclose(other[:size], one, rtol=0, atol=1e-13 * np.abs(one).max(initial=0))
    assert not other[size:].any()


@given(models())
def test_residual_is_of_the_size_of_one_rounding(model: Model) -> None:
    system = model.structure.factored(model.production, model.amount)
    found = system.solve(model.demand)
    assert system.residual(model.demand, found) <= 4e-16
    assert system.residual(model.demand, found + 1) > 1e-9


@given(models(), st.integers(1, 3))
def test_direct_flows_of_the_runs_are_the_intensities_of_the_demand(model: Model, gases: int) -> None:
    direct = np.arange(1.0, model.size * gases + 1).reshape(model.size, gases)
    system = model.structure.factored(model.production, model.amount)
    runs, intensities = system.solve(model.demand), system.intensities(direct)
    assert intensities.shape == (model.size, gases)
    size = np.abs(runs) @ direct + np.abs(model.demand) @ np.abs(intensities)
    assert (np.abs(runs @ direct - model.demand @ intensities) <= 1e-12 * size).all()


@given(models())
def test_many_demands_at_once_are_each_alone_to_the_bit(model: Model) -> None:
    system = model.structure.factored(model.production, model.amount)
    demands = np.stack([model.demand, np.ones(model.size), -3 * model.demand], axis=1)
    together = system.solve(demands)
    for column in range(3):
        assert np.array_equal(together[:, column], system.solve(demands[:, column]))


# --- structure ----------------------------------------------------------------------------------------------------


@given(st.integers(1, 12).flatmap(lambda n: st.tuples(st.just(n), st.lists(st.tuples(*[st.integers(0, n - 1)] * 2)))))
def test_blocks_come_in_the_order_of_supply(case: tuple[int, list[tuple[int, int]]]) -> None:
    size, links = case
    supplier, consumer = (np.array([link[k] for link in links], np.int64) for k in (0, 1))
    one = Structure(size, supplier=supplier, consumer=consumer)
    reach = np.eye(size, dtype=bool)
    reach[consumer, supplier] = True
    for k in range(size):
        reach |= reach[:, [k]] & reach[[k], :]
    assert sorted(one.order) == list(range(size))
    for process in range(size):
        assert np.array_equal(one.reached(np.eye(size)[process]), reach[process])
    place = np.argsort(one.order)
    assert all(place[i] < place[j] for i in range(size) for j in range(size) if reach[i, j] and not reach[j, i])
    loops = {frozenset(np.flatnonzero(reach[i] & reach[:, i]).tolist()) for i in range(size)}
    own = {frozenset([i]) for i, j in links if i == j}
    assert {frozenset(loop.tolist()) for loop in one.loops} == {loop for loop in loops if len(loop) > 1 or loop in own}


def test_chain_without_exchanges_or_processes() -> None:
    none = np.empty(0, np.int64)
    assert Structure(0, supplier=none, consumer=none).solve(np.empty(0), np.empty(0), np.empty(0)).shape == (0,)
    one = Structure(2, supplier=none, consumer=none)
    assert one.solve(np.array([4.0, -1.0]), np.empty(0), np.array([2.0, 3.0])).tolist() == [0.5, -3.0]
    assert one.loops == []


@pytest.mark.parametrize(
    ("supplier", "consumer"),
    [([0], [2]), ([-1], [0]), ([0, 1], [1]), ([[0]], [[1]])],
    ids=["far", "negative", "few", "2d"],
)
def test_exchange_without_its_two_processes_is_refused(supplier: list[int], consumer: list[int]) -> None:
    with pytest.raises(ValueError, match="from 0 to 1"):
        Structure(2, supplier=np.array(supplier), consumer=np.array(consumer))


@pytest.mark.parametrize(
    ("production", "amount", "demand", "said"),
    [
        ([1.0, 0.0], [1.0], [1.0, 0.0], "reference flow"),
        ([1.0, np.nan], [1.0], [1.0, 0.0], "2 finite numbers"),
        ([1.0, 1.0], [np.inf], [1.0, 0.0], "1 finite numbers"),
        ([1.0, 1.0], [1.0, 2.0], [1.0, 0.0], "1 finite numbers"),
        ([1.0, 1.0], [1.0], [1.0], "each of 2 processes"),
        ([1.0, 1.0], [1.0], [1.0, np.nan], "each of 2 processes"),
    ],
)
def test_values_that_do_not_fit_are_refused(
    production: list[float], amount: list[float], demand: list[float], said: str
) -> None:
    one = Structure(2, supplier=np.array([1]), consumer=np.array([0]))
    with pytest.raises(ValueError, match=said):
        one.solve(np.array(production), np.array(amount), np.array(demand))


# --- loops --------------------------------------------------------------------------------------------------------


def ring(size: int, share: float, *, behind: int = 3) -> Model:
    """Return a chain before a ring: each process of the ring takes 1 of the next, the last `share` of the first.

    A demand of 1 for the process before all goes round for ever: every process of the ring runs 1 / (1 - share) times,
    and so do all behind it.
    """
    first, last = 1, size
    exchanges = [(first, 0, 1.0), *((i + 1, i, 1.0) for i in range(first, last)), (first, last, share)]
    exchanges += [(i + 1, i, 1.0) for i in range(last, last + behind)]
    return Model([1.0] * (size + behind + 1), exchanges, [1.0] + [0.0] * (size + behind))


@pytest.mark.parametrize("size", [1, 2, 40, system.SPARSE_ABOVE, system.SPARSE_ABOVE + 1, 2000])
@pytest.mark.parametrize("share", [0.5, 0.999999, -3.0, 0.0])
def test_ring_of_any_size_runs_as_its_geometric_series(size: int, share: float) -> None:
    model = ring(size, share)
    expected = np.full(model.size, 1 / (1 - share))
    expected[0] = 1
    assert np.allclose(model.solve(), expected, rtol=1e-14, atol=0)
    # 1 kg of every process: with all of them before it, the last has caused the whole chain
    intensities = model.structure.intensities(model.production, model.amount, np.ones(model.size))
    assert intensities[0] == pytest.approx(1 + (model.size - 1) / (1 - share), rel=1e-12)


@pytest.mark.parametrize("size", [1, 2, 40, system.SPARSE_ABOVE + 50])
@pytest.mark.parametrize(("share", "reason"), [(1.0, "singular"), (1.25, "non-productive"), (9.0, "non-productive")])
def test_ring_that_delivers_nothing_is_named(size: int, share: float, reason: str) -> None:
    model = ring(size, share)
    with pytest.raises(SingularSystemError) as found:
        model.solve()
    assert found.value.processes == tuple(range(1, size + 1))
    assert found.value.reason == reason
    with pytest.raises(SingularSystemError):
        model.structure.intensities(model.production, model.amount, np.ones(model.size))
    again = pickle.loads(pickle.dumps(found.value))
    assert (str(again), again.processes, again.reason) == (str(found.value), found.value.processes, reason)
    model.demand[:] = [*[0.0] * (model.size - 1), 5.0]  # what lies behind the ring does not need it
    assert model.solve().tolist() == model.demand.tolist()


@pytest.mark.parametrize("size", [2, system.SPARSE_ABOVE + 1])
def test_credits_that_outbid_one_another_are_refused_and_credits_that_do_not_are_solved(size: int) -> None:
    model = ring(size, -2.0)
    model.amount[1] = -1.0  # two negative amounts round the ring: -1 · -2 = 2 > 1
    with pytest.raises(SingularSystemError, match="use up more than they make"):
        model.solve()
    model.amount[model.amount == -2.0] = -0.5  # -1 · -0.5 = 0.5: the first runs 1 / (1 - 0.5) = 2 times, the next -2
    assert model.solve()[:3].tolist() == pytest.approx([1, 2, -2])


@pytest.mark.parametrize("size", [3, system.SPARSE_ABOVE + 1])
def test_units_do_not_matter(size: int) -> None:
    model = ring(size, 0.75)
    one = model.solve()
    unit = 10.0 ** np.random.default_rng(size).integers(-12, 13, model.size)  # new units per old one
    other = model.structure.solve(model.production * unit, model.amount * unit[model.supplier], model.demand * unit)
    assert np.allclose(other, one, rtol=1e-12, atol=0)
    # and a run of another size
    run = 10.0 ** np.random.default_rng(size + 1).integers(-6, 7, model.size)
    other = model.structure.solve(model.production * run, model.amount * run[model.consumer], model.demand)
    assert np.allclose(other * run, one, rtol=1e-12, atol=0)


@pytest.mark.parametrize(("left", "tolerance"), [(1e-4, 1e-15), (1e-7, 1e-15), (1e-10, 1e-11)])
def test_ill_conditioned_loop_is_refined(left: float, tolerance: float) -> None:
    # `left` of 1 remains of what goes round, so an error of 1e-16 grows to 1e-16 / left, and is squared by one step
    share = (1 - left) / (0.3 / 3 * 2.1 / 7)
    model = Model([1.0, 3.0, 7.0], [(1, 0, 0.3), (2, 1, 2.1), (0, 2, share)], [1, 0.1, 0.2])
    expected = eliminated(model.exact(), [Fraction(x) for x in model.demand])
    assert expected is not None
    assert max(expected) > 1 / left
    assert agrees(model.solve(), expected, tolerance)


def test_large_loop_is_solved_as_a_dense_one(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(3)
    size, count = 60, 240
    supplier, consumer = random.integers(0, size, (2, count))
    exchanges = [
        (i, j, x) for i, j, x in zip(supplier.tolist(), consumer.tolist(), random.normal(0, 0.15, count), strict=True)
    ]
    production = random.choice([-1.0, 2.0, 5.0], size).tolist()
    dense = Model(production, exchanges, random.random(size).tolist())
    monkeypatch.setattr(system, "SPARSE_ABOVE", 1)
    sparse = Model(production, exchanges, dense.demand.tolist())
    assert len(sparse.structure.sparse) == 1
    assert not dense.structure.sparse
    assert np.allclose(sparse.solve(), dense.solve(), rtol=0, atol=1e-12)
    direct = random.random((size, 2))
    both = [m.structure.intensities(m.production, m.amount, direct) for m in (sparse, dense)]
    assert np.allclose(*both, rtol=0, atol=1e-12)


def test_more_than_a_number_can_hold_is_refused() -> None:
    model = Model([1.0] * 3, [(1, 0, 1e200), (2, 1, 1e200)], [1.0, 0, 0])
    with pytest.raises(SingularSystemError, match=r"process\w+ 2 have to make more"):
        model.solve()


# --- draws --------------------------------------------------------------------------------------------------------


def drawn(model: Model, spread: float) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(7)
    return model.amount * random.lognormal(0, spread, (50, len(model.amount))), random.random((50, model.size, 2))


@pytest.mark.parametrize("size", [3, system.SPARSE_ABOVE + 1])
def test_draw_is_the_footprint_of_its_values(size: int) -> None:
    model = ring(size, 0.5)
    amount, direct = drawn(model, 0.0001)
    found = model.structure.draws(
        50, lambda first, last: (model.production, amount[first:last], direct[first:last]), model.demand
    )
    assert not found.failed
    for draw in (0, 17, 49):
        runs = model.structure.solve(model.production, amount[draw], model.demand)
        assert np.array_equal(found.totals[draw], (runs[:, None] * direct[draw]).sum(axis=0))


def test_threads_and_chunks_change_no_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    model = ring(5, 0.5)
    amount, direct = drawn(model, 0.1)
    found = []
    for threads, chunk in ((1, 2**20), (1, 1), (2, 60), (7, 100)):
        monkeypatch.setattr(system, "CHUNK", chunk)
        found.append(
            model.structure.draws(
                50, lambda first, last: (model.production, amount[first:last], direct[0]), model.demand, threads=threads
            ).totals
        )
    assert all(np.array_equal(found[0], other) for other in found[1:])


def test_draw_without_a_solution_is_listed_and_the_others_are_computed() -> None:
    model = ring(2, 0.5)
    amount = np.tile(model.amount, (4, 1))
    amount[1, model.amount == 0.5], amount[3, model.amount == 0.5] = 1.0, 1.5
    found = model.structure.draws(
        4, lambda first, last: (model.production, amount[first:last], np.ones((model.size, 1))), model.demand
    )
    assert {draw: (why.processes, why.reason) for draw, why in found.failed.items()} == {
        1: ((1, 2), "singular"),
        3: ((1, 2), "non-productive"),
    }
    assert np.isnan(found.totals[[1, 3]]).all()
    assert found.totals[[0, 2], 0].tolist() == [1 + 2 * 5, 1 + 2 * 5]  # one before, two in the ring, three behind


def test_values_may_stay_the_same_in_all_draws() -> None:
    model = ring(3, 0.5)
    found = model.structure.draws(
        9, lambda first, last: (model.production, model.amount, np.ones((model.size, 1))), model.demand, threads=1
    )
    assert found.totals.tolist() == [[1 + 2 * 6]] * 9


def test_factored_draws_have_a_leading_axis() -> None:
    model = ring(3, 0.5)
    many = model.structure.factored(model.production, np.stack([model.amount, model.amount]))
    one = model.solve()
    assert np.array_equal(many.solve(model.demand), np.stack([one, one]))
    assert many.solve(np.stack([model.demand] * 4, axis=1)).shape == (2, model.size, 4)
    assert many.intensities(np.ones((model.size, 3))).shape == (2, model.size, 3)
    assert many.residual(model.demand, many.solve(model.demand)) < 1e-15
