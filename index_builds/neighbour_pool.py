"""The truth of many questions from one pass: each query's nearest thousand over all live vectors.

A gate asks the same queries of every tier and under every shape of filter.  Working out the exact neighbours
of each question on its own reads all vectors again and again; the nearest thousand, in order, answer nearly
all of them, because the best eligible ones are among them or the question is worked out on its own.

A pool can be carried on when the catalogue changes a little: what has gone is struck out, what is new is
scored, and what was complete down to some score still is.  No FAISS here, and no word of the index that is
under test.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from index_builds.exact import Neighbours, exact_neighbours, pair_scores

POOL = 1_024
_LEAST = POOL // 2  # a pool that has shrunk below this is worked out anew


@dataclass(frozen=True, slots=True, kw_only=True)
class NeighbourPool:
    """Each query's nearest live vectors, best first, equal scores by key.

    ``keys`` and ``scores`` have shape ``(queries, any)``, padded with ``-1`` and ``-inf``.  Every live vector
    whose score exceeds ``complete_above`` of its query is in the list; ``-inf`` where all are.
    """

    keys: NDArray[np.int64]
    scores: NDArray[np.float32]
    complete_above: NDArray[np.float32]

    def take(self, queries: NDArray[np.int64]) -> "NeighbourPool":
        """Return the lists of some queries."""
        return NeighbourPool(
            keys=self.keys[queries],
            scores=self.scores[queries],
            complete_above=self.complete_above[queries],
        )


def pool_of(
    queries: NDArray[np.float32], vectors: NDArray[np.float32], keys: NDArray[np.int64], *, size: int = POOL
) -> NeighbourPool:
    """Work a pool out by brute force.

    Args:
        queries: Shape ``(queries, dimension)``.
        vectors: Of every live image.
        keys: Their keys, sorted.
        size: Neighbours per query to keep.
    """
    kept = min(size, len(keys))
    found = exact_neighbours(queries, vectors, keys, k=kept)
    last = found.scores[:, -1] if kept < len(keys) else np.full(len(queries), -np.inf, dtype=np.float32)
    return NeighbourPool(keys=found.keys, scores=found.scores, complete_above=last.astype(np.float32))


def carried_on(
    pool: NeighbourPool,
    queries: NDArray[np.float32],
    vectors: NDArray[np.float32],
    keys: NDArray[np.int64],
    *,
    gone: NDArray[np.int64],
    new: NDArray[np.int64],
) -> NeighbourPool:
    """Return the pool of a catalogue that changed a little, exactly as if worked out anew to its depth.

    Args:
        pool: Of the catalogue before.
        queries: The pool's queries.
        vectors: Of every live image now.
        keys: Their keys now, sorted.
        gone: Keys that left, or whose vector was replaced.
        new: Rows of ``keys`` that came, or whose vector was replaced.
    """
    held = np.where(np.isin(pool.keys, gone), -1, pool.keys)
    fresh = np.full((len(queries), len(new)), -np.inf, dtype=np.float32)
    for start in range(0, len(new), POOL):
        block = new[start : start + POOL]
        fresh[:, start : start + POOL] = queries @ vectors[block].T
    # A little below the horizon, so that single-precision products do not decide who is looked at.
    rows, columns = np.nonzero(fresh > (pool.complete_above - np.float32(4e-6))[:, None])
    exact = pair_scores(queries[rows], vectors[new[columns]]).astype(np.float32)
    above = exact > pool.complete_above[rows]
    rows, columns, exact = rows[above], columns[above], exact[above]
    old_rows, old_columns = np.nonzero(held >= 0)
    all_rows = np.concatenate([old_rows, rows])
    all_keys = np.concatenate([held[old_rows, old_columns], keys[new[columns]]])
    all_scores = np.concatenate([pool.scores[old_rows, old_columns], exact])
    order = np.lexsort((all_keys, -all_scores, all_rows))
    all_rows, all_keys, all_scores = all_rows[order], all_keys[order], all_scores[order]
    rank = np.arange(len(all_rows)) - np.searchsorted(all_rows, all_rows, side="left")
    width = int(rank.max(initial=0)) + 1
    out = NeighbourPool(
        keys=np.full((len(queries), width), -1, dtype=np.int64),
        scores=np.full((len(queries), width), -np.inf, dtype=np.float32),
        complete_above=pool.complete_above,
    )
    out.keys[all_rows, rank], out.scores[all_rows, rank] = all_keys, all_scores
    return out


def deep_enough(pool: NeighbourPool) -> NDArray[np.bool_]:
    """Tell which lists may be carried on, and which have lost too much to answer most questions."""
    whole = np.isneginf(pool.complete_above)
    enough: NDArray[np.bool_] = whole | ((pool.keys >= 0).sum(axis=1) >= _LEAST)
    return enough


def best_of_pool(
    pool: NeighbourPool,
    queries: NDArray[np.float32],
    vectors: NDArray[np.float32],
    keys: NDArray[np.int64],
    *,
    eligible: NDArray[np.bool_],
    k: int,
    excluding: NDArray[np.int64],
) -> Neighbours:
    """Return each query's ``k`` nearest eligible vectors: out of the pool, or worked out where that is short.

    Args:
        pool: Of these queries over these vectors.
        queries: Shape ``(queries, dimension)``.
        vectors: Of every live image.
        keys: Their keys, sorted.
        eligible: Which of them may be found, shape ``(len(keys),)``.
        k: Neighbours per query.
        excluding: Keys that a query must not find, padded with ``-1``, shape ``(queries, any)``.
    """
    found = Neighbours(
        keys=np.full((len(queries), k), -1, dtype=np.int64),
        scores=np.full((len(queries), k), -np.inf, dtype=np.float32),
    )
    places = np.searchsorted(keys, np.maximum(pool.keys, 0))
    places = np.minimum(places, max(len(keys) - 1, 0))
    allowed = (pool.keys >= 0) & eligible[places]
    for row, own in enumerate(excluding):
        own = own[own >= 0]
        if len(own):
            allowed[row] &= ~np.isin(pool.keys[row], own)
    rank = np.cumsum(allowed, axis=1) - 1
    rows, columns = np.nonzero(allowed & (rank < k))
    found.keys[rows, rank[rows, columns]] = pool.keys[rows, columns]
    found.scores[rows, rank[rows, columns]] = pool.scores[rows, columns]
    short = np.flatnonzero((allowed.sum(axis=1) < k) & ~np.isneginf(pool.complete_above))
    if len(short):
        again = exact_neighbours(
            queries[short],
            vectors,
            keys,
            k=k,
            rows=np.flatnonzero(eligible).astype(np.int64),
            excluding=excluding[short],
        )
        found.keys[short], found.scores[short] = again.keys, again.scores
    return found
