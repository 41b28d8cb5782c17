"""What every test has: floating-point accidents are errors, and one shipped library is shared."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

import carbon
from carbon.library import Library

# The same examples on every run and machine, nothing kept on disk; a law that must look further says so itself.
settings.register_profile(
    "carbon", database=None, deadline=None, derandomize=True, print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)  # fmt: skip
settings.load_profile("carbon")


@pytest.fixture(autouse=True)
def _no_silent_floats() -> Iterator[None]:
    with np.errstate(all="raise"):
        yield


@pytest.fixture(scope="session")
def library() -> Library:
    return carbon.load_library()
