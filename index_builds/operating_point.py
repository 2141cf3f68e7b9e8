"""Choose the search parameters of an approximate index, and keep what was measured on the way.

Tuning queries are images of the tier itself, never those that the gate will ask, and points midway between
two images, which stand for questions that come from no picture.  The choice is the first point of the plan's
grid, cheapest first, whose lower recall bound reaches the target in both families: by recall alone, so that
equal inputs choose alike.  Latencies are measured beside it, for people.
"""

import time
from dataclasses import dataclass

import faiss
import numpy as np
from numpy.typing import NDArray

from index_builds.bootstrap import lower_bound
from index_builds.exact import Neighbours, exact_neighbours, pair_scores
from index_builds.manifest import OperatingPoint
from index_builds.open_tier import OpenTier
from index_builds.plans import TierPlan
from index_builds.recall import count_found
from index_builds.settings import TierSettings

_K = 10
_SAMPLES = 1000
_CONFIDENCE = 0.95
_AS_GOOD = 0.002
_TIMED = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuned:
    """The parameters chosen, and every point that was measured, cheapest first."""

    parameters: dict[str, int]
    points: tuple[OperatingPoint, ...]


def choose_parameters(
    plan: TierPlan,
    opened: OpenTier,
    keys: NDArray[np.int64],
    vectors: NDArray[np.float32],
    *,
    reserved: NDArray[np.int64],
    settings: TierSettings,
) -> Tuned:
    """Return the first point of the plan's grid whose lower recall bound reaches the target.

    Where none does, because the codes themselves lose more than that, searching on buys nothing: then it is
    the first whose bound is as good as the best (within 0.002).

    Args:
        plan: Of the tier.
        opened: Its index, at any parameters.
        keys: Sorted keys of the tier.
        vectors: Their vectors.
        reserved: Keys that the gate asks about.
        settings: How many queries to tune with, and the seed.
    """
    if plan.exact:
        return Tuned(parameters={}, points=())
    free = np.flatnonzero(~np.isin(keys, reserved))
    if not len(free):
        # Nothing to measure with: the most thorough point.
        return Tuned(parameters=dict(plan.grid[-1]), points=())
    families = _families(keys, vectors, free, settings)
    points: list[OperatingPoint] = []
    for parameters in plan.grid:
        tuned = OpenTier(
            tier=opened.tier,
            index=opened.owner,
            file=opened.file.model_copy(update={"parameters": parameters}),
            path=opened.path,
        )
        bounds, means = zip(
            *(_measured(tuned, keys, vectors, one, settings.seed) for one in families), strict=True
        )
        middle, high = _milliseconds(tuned, families[0].queries)
        points.append(
            OperatingPoint(
                parameters=dict(parameters),
                recall_at_10=min(means),
                recall_at_10_lower=min(bounds),
                latency_ms_p50=middle,
                latency_ms_p95=high,
            )
        )
        if min(bounds) >= plan.target_recall:
            return Tuned(parameters=dict(parameters), points=tuple(points))
    best = max(point.recall_at_10_lower for point in points)
    settled = next(point for point in points if point.recall_at_10_lower >= best - _AS_GOOD)
    return Tuned(parameters=dict(settled.parameters), points=tuple(points))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Family:
    queries: NDArray[np.float32]
    own: NDArray[np.int64]  # the query's own key, -1 for none
    exact: Neighbours


def _families(
    keys: NDArray[np.int64], vectors: NDArray[np.float32], free: NDArray[np.int64], settings: TierSettings
) -> list[_Family]:
    drawn = np.random.default_rng(settings.seed).permutation(free)
    rows = np.sort(drawn[: settings.tuning_queries])
    pairs = drawn[: 2 * (len(drawn[: settings.tuning_queries]) // 2)].reshape(2, -1)
    midway = vectors[pairs[0]] + vectors[pairs[1]]
    lengths = np.linalg.norm(midway, axis=1, keepdims=True)
    midway = (midway / np.maximum(lengths, 1e-6)).astype(np.float32)[lengths[:, 0] > 0.1]
    k = min(_K, max(1, len(keys) - 1))
    families = []
    for queries, own in ((vectors[rows], keys[rows]), (midway, np.full(len(midway), -1, dtype=np.int64))):
        if len(queries):
            exact = exact_neighbours(queries, vectors, keys, k=k, excluding=own[:, None])
            families.append(_Family(queries=np.ascontiguousarray(queries), own=own, exact=exact))
    return families


def _measured(
    tuned: OpenTier, keys: NDArray[np.int64], vectors: NDArray[np.float32], family: _Family, seed: int
) -> tuple[float, float]:
    """Return the lower bound and the mean of recall at one operating point."""
    k = family.exact.keys.shape[1]
    # One more than k, for the query's own image.
    _, found = tuned.search(family.queries, min(k + 1, len(keys)))
    answered = np.where(found >= 0, tuned.all_keys[np.maximum(found, 0)], -1)
    answered[answered == family.own[:, None]] = -1
    # Empty slots last, the index's order otherwise.
    order = np.argsort(answered < 0, axis=1, kind="stable")
    answered = np.take_along_axis(answered, order, axis=1)[:, :k]
    places = np.minimum(np.searchsorted(keys, answered), len(keys) - 1)
    scores = np.full(answered.shape, -np.inf, dtype=np.float64)
    query, slot = np.nonzero(answered >= 0)
    scores[query, slot] = pair_scores(family.queries[query], vectors[places[query, slot]])
    counted = count_found(family.exact, answered, scores)
    shares = counted.found / np.maximum(counted.possible, 1)
    ones = np.ones(len(shares), dtype=np.int64)
    bound = lower_bound(shares, ones, samples=_SAMPLES, confidence=_CONFIDENCE, seed=seed)
    return bound, float(shares.mean())


def _milliseconds(tuned: OpenTier, queries: NDArray[np.float32]) -> tuple[float, float]:
    """Return median and 95th percentile of single queries on one thread."""
    threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        taken = []
        for row in range(min(_TIMED, len(queries))):
            started = time.perf_counter()
            tuned.search(queries[row : row + 1], _K)
            taken.append(time.perf_counter() - started)
    finally:
        faiss.omp_set_num_threads(threads)
    middle, high = np.quantile(taken, [0.5, 0.95]) * 1000
    return round(float(middle), 3), round(float(high), 3)
