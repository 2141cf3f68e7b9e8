"""Measure where one way of searching under a filter becomes cheaper than the next.

Times differ from machine to machine and from run to run, so what is measured here shapes no digest.  Between
two queries other memory is read, as other requests would: comparing the same codes again and again looks
three times as quick as it is.  How far lists must be probed is measured by recall, on filters that follow the
vectors' position, which are the hard ones: half-spaces, and the surroundings of one vector, in which hardly
any query lies.
"""

import time
from collections.abc import Callable
from functools import partial

import faiss
import numpy as np
from numpy.typing import NDArray

from index_builds.exact import exact_neighbours
from index_builds.filter_plan import FilterPlan
from index_builds.open_tier import Eligible, OpenTier, lists_of

_QUERIES = 16
_K = 10
_LEAST = 20_000  # below, every way is fast
_WIDENINGS = (0.5, 1.0, 2.0, 4.0, 8.0)
_WIDENING_QUERIES = 64
_SHARES = (0.02, 0.1)
_ENOUGH = 0.99
_OTHER_BYTES = 16 << 20  # several times a core's own cache


def measured_filter_plan(opened: OpenTier, vectors: NDArray[np.float32], *, seed: int) -> FilterPlan:
    """Return the crossovers of one tier, on one thread.

    Args:
        opened: The tier at its operating point, without delta or tombstones.
        vectors: Its vectors in key order.
        seed: Of the queries drawn.
    """
    if opened.count < _LEAST:
        return FilterPlan()
    order = np.argsort(opened.base_keys, kind="stable")  # key order -> position
    random = np.random.default_rng(seed)
    drawn = random.permutation(opened.count)[:_QUERIES]
    queries = np.ascontiguousarray(vectors[drawn])
    threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        gather = _gather_at_most(opened, queries, random)
        if lists_of(opened.inner):
            asked = np.ascontiguousarray(vectors[random.permutation(opened.count)[:_WIDENING_QUERIES]])
            widen = _widening(opened, vectors, asked, order, random)
            scan = _scan_at_most(opened, queries, random, widen, gather)
            return FilterPlan(gather_at_most=gather, scan_at_most=scan, widen=widen)
        if "efSearch" in opened.file.parameters:
            return FilterPlan(
                gather_at_most=gather, over_fetch_from=_over_fetch_from(opened, queries, random)
            )
        return FilterPlan(gather_at_most=gather)
    finally:
        faiss.omp_set_num_threads(threads)


def _gather_at_most(opened: OpenTier, queries: NDArray[np.float32], random: np.random.Generator) -> int:
    best = 0
    for eligible in (250, 1_000, 4_000, 16_000):
        among = _some(opened, eligible, random)
        if among is None:
            break
        by_gathering = _seconds(queries, partial(opened.gather, k=_K, among=among))
        by_scanning = _seconds(queries, partial(opened.compare_codes, k=_K, among=among))
        if by_gathering >= by_scanning:
            break
        best = eligible
    return best


def _scan_at_most(
    opened: OpenTier, queries: NDArray[np.float32], random: np.random.Generator, widen: float, gather: int
) -> int:
    best = gather
    for share in (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1):
        eligible = int(share * opened.count)
        among = _some(opened, eligible, random)
        if among is None or eligible <= gather:
            continue
        by_lists = _seconds(queries, partial(opened.by_lists, k=_K, among=among, widen=widen))
        by_scanning = _seconds(queries, partial(opened.compare_codes, k=_K, among=among))
        if by_lists < by_scanning:
            break
        best = eligible
    return best


def _over_fetch_from(opened: OpenTier, queries: NDArray[np.float32], random: np.random.Generator) -> float:
    for share in (0.1, 0.2, 0.3, 0.5, 0.7, 0.9):
        among = _some(opened, int(share * opened.count), random)
        if among is None:
            continue
        by_fetching = _seconds(queries, partial(opened.over_fetch, k=_K, share=share, among=among))
        by_scanning = _seconds(queries, partial(opened.compare_codes, k=_K, among=among))
        if by_fetching < by_scanning:
            return share
    return 2.0


def _widening(
    opened: OpenTier,
    vectors: NDArray[np.float32],
    queries: NDArray[np.float32],
    order: NDArray[np.int64],
    random: np.random.Generator,
) -> float:
    """Return the least widening under which filters that follow the position lose at most one in a hundred.

    Of the neighbours that all lists give: what their codes lose, probing more of them does not bring back.
    Where no step is enough, the widest.
    """
    needed = _WIDENINGS[0]
    for share in _SHARES:
        direction = random.standard_normal(vectors.shape[1], dtype=np.float32)
        around = vectors[random.integers(len(vectors))]
        for towards in (direction, around):
            side: NDArray[np.float32] = vectors @ towards
            rows: NDArray[np.int64] = np.flatnonzero(side >= float(np.quantile(side, 1 - share)))
            exact = exact_neighbours(
                queries, vectors, np.arange(len(vectors), dtype=np.int64), k=_K, rows=rows
            )
            wanted = opened.base_keys[order[np.maximum(exact.keys, 0)]].tolist()
            among = opened.eligible(np.sort(order[rows]))

            def hits_of(found: NDArray[np.int64], wanted: list[list[int]] = wanted) -> int:
                answered = np.where(found >= 0, opened.base_keys[np.maximum(found, 0)], -1).tolist()
                return sum(len(set(a) & set(b)) for a, b in zip(wanted, answered, strict=True))

            best = hits_of(opened.by_lists(queries, _K, among, float("inf"))[1])
            for widen in (step for step in _WIDENINGS if step >= needed):
                _, found = opened.by_lists(queries, _K, among, widen)
                needed = widen
                if hits_of(found) >= _ENOUGH * best:
                    break
    return needed


def _some(opened: OpenTier, eligible: int, random: np.random.Generator) -> Eligible | None:
    if not 0 < eligible < opened.count:
        return None
    drawn: NDArray[np.int64] = random.permutation(opened.count)[:eligible].astype(np.int64)
    return opened.eligible(np.sort(drawn))


def _seconds(queries: NDArray[np.float32], ask: Callable[[NDArray[np.float32]], object]) -> float:
    """Return the median seconds of one query, the first one not counted."""
    ask(queries[:1])
    taken = []
    other = np.ones(_OTHER_BYTES, dtype=np.uint8)
    for row in range(len(queries)):
        other.max()
        started = time.perf_counter()
        ask(queries[row : row + 1])
        taken.append(time.perf_counter() - started)
    return float(np.median(taken))
