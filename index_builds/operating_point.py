"""Choose the search parameters of an approximate index: the cheapest whose recall bound reaches the target.

Tuning queries are images of the tier itself, and never those that the gate will ask.
"""

import numpy as np
from numpy.typing import NDArray

from index_builds.bootstrap import lower_bound
from index_builds.exact import exact_neighbours, pair_scores
from index_builds.open_tier import OpenTier
from index_builds.plans import TierPlan
from index_builds.recall import count_found
from index_builds.settings import TierSettings

_K = 10
_SAMPLES = 1000
_CONFIDENCE = 0.95
_AS_GOOD = 0.002


def choose_parameters(
    plan: TierPlan,
    opened: OpenTier,
    keys: NDArray[np.int64],
    vectors: NDArray[np.float32],
    *,
    reserved: NDArray[np.int64],
    settings: TierSettings,
) -> dict[str, int]:
    """Return the first point of the plan's grid whose lower recall bound reaches the target.

    Where none does, because the codes themselves lose more than that, searching on buys nothing: then it is
    the first whose bound is as good as the best (within 0.002).  On 200,000 × 512, 8-bit codes stopped at a
    bound of 0.979 however wide the graph was searched.

    Args:
        plan: Of the tier.
        opened: Its index, at any parameters.
        keys: Sorted keys of the tier.
        vectors: Their vectors.
        reserved: Keys that the gate asks about.
        settings: How many queries to tune with, and the seed.
    """
    if plan.exact:
        return {}
    free = np.flatnonzero(~np.isin(keys, reserved))
    if not len(free):
        return dict(plan.grid[-1])  # nothing to measure with: the most thorough point
    rows = np.sort(np.random.default_rng(settings.seed).permutation(free)[: settings.tuning_queries])
    queries, own = vectors[rows], keys[rows]
    k = min(_K, max(1, len(keys) - 1))
    exact = exact_neighbours(queries, vectors, keys, k=k, excluding=own[:, None])
    bounds: list[float] = []
    for parameters in plan.grid:
        tuned = OpenTier(
            tier=opened.tier,
            index=opened.owner,
            file=opened.file.model_copy(update={"parameters": parameters}),
            path=opened.path,
        )
        # One more than k, for the query's own image.
        _, found = tuned.search(queries, min(k + 1, len(keys)))
        answered = np.where(found >= 0, tuned.keys[np.maximum(found, 0)], -1)
        answered[answered == own[:, None]] = -1
        order = np.argsort(
            answered < 0, axis=1, kind="stable"
        )  # empty slots last, the index's order otherwise
        answered = np.take_along_axis(answered, order, axis=1)[:, :k]
        places = np.minimum(np.searchsorted(keys, answered), len(keys) - 1)
        scores = np.full(answered.shape, -np.inf, dtype=np.float64)
        query, slot = np.nonzero(answered >= 0)
        scores[query, slot] = pair_scores(queries[query], vectors[places[query, slot]])
        counted = count_found(exact, answered, scores)
        shares = counted.found / np.maximum(counted.possible, 1)
        lower = lower_bound(
            shares,
            np.ones(len(shares), dtype=np.int64),
            samples=_SAMPLES,
            confidence=_CONFIDENCE,
            seed=settings.seed,
        )
        bounds.append(lower)
        if lower >= plan.target_recall:
            return dict(parameters)
    settled = next(place for place, lower in enumerate(bounds) if lower >= max(bounds) - _AS_GOOD)
    return dict(plan.grid[settled])
