"""What every test has: floating-point accidents are errors, and one shipped library is shared."""

from __future__ import annotations

import os
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, settings

import carbon
from carbon.library import Library

pytest_plugins = ["shared.imported", "shared.clusters", "shared.pages"]  # their fixtures

# The same examples on every run and machine, nothing kept on disk. A failing law shows its first example as it came,
# since shrinking whole tables takes minutes. HYPOTHESIS_PROFILE=shrink makes it small, =search tries new ones.
COMMON = {
    "database": None,
    "deadline": None,
    "print_blob": True,
    "phases": (Phase.explicit, Phase.generate),
    "suppress_health_check": [HealthCheck.too_slow],
}
settings.register_profile("carbon", derandomize=True, **COMMON)
settings.register_profile("shrink", derandomize=True, **COMMON | {"phases": tuple(Phase)[:-1]})
settings.register_profile("search", **COMMON)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "carbon"))


@pytest.fixture(autouse=True)
def _no_silent_floats() -> Iterator[None]:
    with np.errstate(all="raise"):
        yield


@pytest.fixture(scope="session")
def library() -> Library:
    return carbon.load_library()
