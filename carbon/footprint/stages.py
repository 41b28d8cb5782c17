"""Life-cycle stages of what stands behind a row that names its stage and leads to another process."""

from __future__ import annotations

import numpy as np

from carbon.footprint.chain import Chain
from carbon.footprint.factored import Factored
from carbon.footprint.system import Structure
from carbon.footprint.tables import STAGES


def by_stage(
    chain: Chain, system: Factored, production: np.ndarray, taken: np.ndarray, demand: np.ndarray, scaling: np.ndarray
) -> dict[str, np.ndarray]:
    """Split how often each node runs by the stage of the first row before it that names one and leads to a process.

    Parameters
    ----------
    chain : Chain
        The study.
    system : Factored
        Its system.
    production, demand, scaling : float64[nodes]
        What each node makes, what is asked of it, and how often it runs.
    taken : float64[links]
        What each link takes for one run of its consumer.

    Returns
    -------
    dict of str to float64[nodes]
        By stage; "" is what no such row stands before. They add up to `scaling`.

    Raises
    ------
    SingularSystemError
        If the chain without these rows has no solution.

    Notes
    -----
    With A the system and N the links that name a stage, ``(A + N)·s₀ = f`` are the runs before any of them, and
    ``A·s = N·s₀`` those behind the links of a stage.
    """
    stages = [chain.exchanges[link].stage if chain.exchanges[link].staged else "" for link in chain.link.tolist()]
    named = np.array([bool(stage) for stage in stages], dtype=bool)
    if not named.any():
        return {"": scaling}
    rest = Structure(len(chain.nodes), supplier=chain.supplier[~named], consumer=chain.consumer[~named])
    own = rest.factored(production, taken[~named]).solve(demand)
    found = [stage for stage in STAGES if stage in set(stages)]
    asked = np.zeros((len(chain.nodes), len(found)))
    place = np.array([found.index(stage) for stage in stages if stage])
    np.add.at(asked, (chain.supplier[named], place), taken[named] * own[chain.consumer[named]])
    behind = system.solve(asked)
    return {"": own} | {stage: behind[:, column] for column, stage in enumerate(found)}
