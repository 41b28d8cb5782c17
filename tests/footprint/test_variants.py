"""Variants of one study: each equals the study with those numbers written into its tables."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from carbon.errors import DataError, UsageError
from carbon.footprint.study import Footprint, footprint
from carbon.footprint.variants import variants


def study(p: Any = 2, share: Any = 0.25, glue: Any = 0.5, loop: Any = 0.1) -> Footprint:
    """A box of board and glue; board takes boxes back."""
    return footprint(
        [{"process": "box", "unit": "kg", "amount": "1 + share"}, {"process": "board", "unit": "kg"}],
        [{"process": "box", "kind": "input", "name": "board", "amount": "p * twice / 4", "unit": "kg"},
         {"process": "box", "kind": "emission", "name": "CO2", "amount": glue, "unit": "kg"},
         {"process": "box", "kind": "emission", "name": "CH4", "amount": "share", "unit": "g"},
         {"process": "board", "kind": "emission", "name": "CO2", "amount": "3 * share + 1", "unit": "kg"},
         {"process": "board", "kind": "input", "name": "box", "amount": loop, "unit": "kg"}],
        study={"product": "box", "unit": "kg"},
        parameters=[{"parameter": "p", "value": p}, {"parameter": "share", "value": share},
                    {"parameter": "twice", "value": "2 * p"}],
        scenarios=[{"scenario": "thin", "parameter": "p", "value": 1}],
    )  # fmt: skip


def test_by_hand() -> None:
    """Without the loop: (p·2p/4·(1 + 3·share) + glue) / (1 + share); p = 2, share = 1, glue = 0.5: 8.5 / 2 kgCO2."""
    found = variants(study(loop=0), {"share": [1.0]})
    assert found.gases["CO2"].tolist() == pytest.approx([4.25], rel=1e-14)
    assert found.gases["CH4"].tolist() == pytest.approx([0.0005], rel=1e-14)  # 1 g / 2


def test_each_is_the_study_with_its_numbers() -> None:
    random = np.random.default_rng(4)
    p, share, glue = random.uniform(0.5, 2, 50), random.uniform(0, 1, 50), random.uniform(0, 3, 50)
    loop = random.uniform(0, 0.1, 50)
    amounts = {("box", "emission", "CO2"): glue, ("board", "box"): loop}
    found = variants(study(), {"p": p, "share": share}, amounts=amounts)
    assert len(found) == 50
    for n in range(50):
        alone = study(*(float(values[n]) for values in (p, share, glue, loop)))
        assert found.co2e[n] == pytest.approx(alone.co2e(), rel=1e-12)


def test_nothing_given_is_the_study_itself() -> None:
    assert variants(study()).co2e.tolist() == pytest.approx([study().co2e()], rel=1e-14)


def test_a_parameter_that_is_an_expression_can_be_given() -> None:
    found = variants(study(), {"twice": [0.0, 4.0]})
    assert found.co2e[1] == pytest.approx(study().co2e(), rel=1e-14)
    assert found.co2e[0] < found.co2e[1]


def test_scenario_and_single_numbers_and_frames() -> None:
    one = study()
    found = variants(one, pd.DataFrame({"share": [0.25, 0.5]}), scenario="thin")
    assert found.co2e[0] == pytest.approx(one.co2e("thin"), rel=1e-14)
    both = variants(one, {"share": [0.25, 0.5], "p": 1})
    assert both.co2e.tolist() == pytest.approx(found.co2e.tolist(), rel=1e-14)


def test_an_amount_of_nothing_can_be_given() -> None:
    """Glue is 0 in the study; 2 kg of it for 1.25 boxes of which the loop takes some back."""
    assert variants(study(glue=0), amounts={("box", "emission", "CO2"): [2.0]}).co2e == pytest.approx(
        study(glue=2).co2e()
    )


def test_neither_number_of_variants_nor_threads_change_a_bit() -> None:
    p = np.linspace(0.5, 2, 3000)
    whole = variants(study(), {"p": p}, threads=1)
    again = variants(study(), {"p": p}, threads=4)
    assert np.array_equal(whole.co2e, again.co2e)
    assert np.array_equal(variants(study(), {"p": p[:7]}).co2e, whole.co2e[:7])


def test_no_variants() -> None:
    assert len(variants(study(), {"p": []})) == 0


def test_loop_that_uses_up_what_it_makes() -> None:
    found = variants(study(), amounts={("board", "box"): [0.1, 0.625, 9.0]})  # 2 kg of board for 1.25 boxes
    assert list(found.failed) == [1, 2]
    assert np.isfinite(found.co2e).tolist() == [True, False, False]


def test_variant_that_cannot_be_computed() -> None:
    with pytest.raises(DataError) as caught:
        variants(study(), {"share": [0.0, -1.0]})  # makes 1 + share
    assert [issue.code for issue in caught.value.issues] == ["P713"]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"parameters": {"shar": [1.0]}}, "share"),
        ({"parameters": {"p": [1.0, 2.0], "share": [1.0, 2.0, 3.0]}}, "2, 3"),
        ({"parameters": {"p": [float("nan")]}}, "finite"),
        ({"parameters": {"p": [[1.0]]}}, "finite"),
        ({"parameters": {"p": "many"}}, "finite"),
        ({"amounts": {("box", "paint"): [1.0]}}, "0 exchanges"),
        ({"amounts": {("box",): [1.0]}}, "process, name"),
        ({"scenario": "thinn"}, "thin"),
    ],
)
def test_wrong_use(given: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        variants(study(), **given)
