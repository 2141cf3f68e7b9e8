"""Exact neighbours by brute force: the truth that an index is measured against.

Pure NumPy: no FAISS and no I/O.  Scores are inner products of unit vectors, summed in double precision pair
by pair, so that a score depends on its two vectors alone and equal vectors tie exactly.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

QUERY_BLOCK = 256
VECTOR_BLOCK = 16_384
# Single-precision products of unit vectors are good to about 1e-7 in 2,048 dimensions; candidates this close
# to the k-th are looked at again in double precision.
SCREEN = np.float32(4e-6)
_PAIR_BLOCK = 8_192


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbours:
    """Best first: int64 image keys and float32 inner products, both of shape ``(queries, k)``.

    An empty slot holds key ``-1`` and score ``-inf``.  Equal scores are ordered by key.
    """

    keys: NDArray[np.int64]
    scores: NDArray[np.float32]


def exact_neighbours(
    queries: NDArray[np.float32],
    vectors: NDArray[np.float32],
    keys: NDArray[np.int64],
    *,
    k: int,
    rows: NDArray[np.int64] | None = None,
    excluding: NDArray[np.int64] | None = None,
) -> Neighbours:
    """Return the ``k`` nearest of ``vectors`` for every query.

    Args:
        queries: Shape ``(queries, dimension)``.
        vectors: Shape ``(vectors, dimension)``.
        keys: The key of each vector.
        k: Neighbours per query.
        rows: Search among these rows only, for filters and tiers.
        excluding: Keys that a query must not find (its own, and its group's), shape ``(queries, any)``,
            padded with -1.
    """
    every = np.arange(len(keys), dtype=np.int64) if rows is None else rows
    return nearest(
        queries, keys[every], lambda start, stop: vectors[every[start:stop]], k=k, excluding=excluding
    )


def nearest(
    queries: NDArray[np.float32],
    keys: NDArray[np.int64],
    read: Callable[[int, int], NDArray[np.float32]],
    *,
    k: int,
    excluding: NDArray[np.int64] | None = None,
) -> Neighbours:
    """Return the ``k`` nearest among vectors that are read in blocks.

    Args:
        queries: Shape ``(queries, dimension)``.
        keys: The key of each vector that ``read`` can give, in its order.
        read: Gives the vectors of ``keys[start:stop]``; may be asked for a block several times.
        k: Neighbours per query.
        excluding: As for :func:`exact_neighbours`.
    """
    found = Neighbours(
        keys=np.full((len(queries), k), -1, dtype=np.int64),
        scores=np.full((len(queries), k), -np.inf, dtype=np.float32),
    )
    for start in range(0, len(queries), QUERY_BLOCK):
        block = slice(start, start + QUERY_BLOCK)
        without = None if excluding is None else excluding[block]
        _search_block(queries[block], keys, read, k, without, found.keys[block], found.scores[block])
    return found


def pair_scores(queries: NDArray[np.float32], vectors: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the inner product of each query with the vector of the same row, in double precision."""
    scores = np.empty(len(queries), dtype=np.float64)
    for start in range(0, len(queries), _PAIR_BLOCK):
        block = slice(start, start + _PAIR_BLOCK)
        # einsum, not BLAS: the sum's order must not depend on how many pairs are scored together.
        scores[block] = np.einsum(
            "nd,nd->n", queries[block].astype(np.float64), vectors[block].astype(np.float64)
        )
    return scores


def best_of(
    query_rows: NDArray[np.int64],
    keys: NDArray[np.int64],
    scores: NDArray[np.float64],
    *,
    k: int,
    out_keys: NDArray[np.int64],
    out_scores: NDArray[np.float32],
) -> None:
    """Write the ``k`` best candidates of every query, best first, equal scores by key.

    Args:
        query_rows: The query that each candidate answers.
        keys: Candidates.
        scores: Their scores.
        k: Slots per query.
        out_keys: Filled, shape ``(queries, k)``.
        out_scores: Filled, same shape.
    """
    rounded = scores.astype(np.float32)
    order = np.lexsort((keys, -rounded, query_rows))
    query_rows, keys, rounded = query_rows[order], keys[order], rounded[order]
    rank = np.arange(len(query_rows)) - np.searchsorted(query_rows, query_rows, side="left")
    kept = rank < k
    out_keys[query_rows[kept], rank[kept]] = keys[kept]
    out_scores[query_rows[kept], rank[kept]] = rounded[kept]


def _search_block(
    queries: NDArray[np.float32],
    keys: NDArray[np.int64],
    read: Callable[[int, int], NDArray[np.float32]],
    k: int,
    excluding: NDArray[np.int64] | None,
    out_keys: NDArray[np.int64],
    out_scores: NDArray[np.float32],
) -> None:
    threshold = np.full(len(queries), -np.inf, dtype=np.float32)  # the k-th best score so far, per query
    best = np.full((len(queries), k), -np.inf, dtype=np.float32)
    candidate_rows: list[NDArray[np.int64]] = []
    candidate_keys: list[NDArray[np.int64]] = []
    candidate_scores: list[NDArray[np.float64]] = []
    for start in range(0, len(keys), VECTOR_BLOCK):
        stop = min(start + VECTOR_BLOCK, len(keys))
        vectors = read(start, stop)
        similarity = queries @ vectors.T
        if excluding is not None:
            _blank(similarity, keys[start:stop], excluding)
        merged = np.concatenate([best, similarity], axis=1)
        best = np.partition(merged, merged.shape[1] - k, axis=1)[:, -k:]
        threshold = best.min(axis=1)
        rows, columns = np.nonzero((similarity >= (threshold - SCREEN)[:, None]) & (similarity > -np.inf))
        candidate_rows.append(rows)
        candidate_keys.append(keys[start:stop][columns])
        candidate_scores.append(pair_scores(queries[rows], vectors[columns]))
    if candidate_rows:
        best_of(
            np.concatenate(candidate_rows),
            np.concatenate(candidate_keys),
            np.concatenate(candidate_scores),
            k=k,
            out_keys=out_keys,
            out_scores=out_scores,
        )


def _blank(similarity: NDArray[np.float32], keys: NDArray[np.int64], excluding: NDArray[np.int64]) -> None:
    order = np.argsort(keys, kind="stable")
    ranked = keys[order]
    first = np.searchsorted(ranked, excluding, side="left")
    last = np.searchsorted(ranked, excluding, side="right")
    for query, slot in zip(*np.nonzero((last > first) & (excluding >= 0)), strict=True):
        similarity[query, order[first[query, slot] : last[query, slot]]] = -np.inf
