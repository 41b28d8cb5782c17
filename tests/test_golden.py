"""Whole jobs, byte for byte; tests/golden/README.md holds the arithmetic of every figure."""

from pathlib import Path

import pytest

from carbon.run import run

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize("name", sorted(p.parent.name for p in GOLDEN.glob("*/in")))
def test_golden_run_is_byte_identical(name, tmp_path):
    run(GOLDEN / name / "in", tmp_path / "out")
    expected = sorted((GOLDEN / name / "out").iterdir())
    assert expected
    for path in expected:
        assert (tmp_path / "out" / path.name).read_bytes() == path.read_bytes(), path.name
