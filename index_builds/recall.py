"""Recall of an approximate index against exact search.

Pure NumPy: no FAISS, no I/O.  Neighbours are int64 image keys, shape ``(queries, k)``; ``-1`` marks an empty
slot, as FAISS returns it.
"""

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from index_builds.exact import Neighbours

TIE_TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Neighbours found per query, of the possible: k, or fewer when fewer are eligible."""

    found: NDArray[np.int64]
    possible: NDArray[np.int64]


def count_found(
    exact: Neighbours,
    found_keys: NDArray[np.int64],
    true_scores: NDArray[np.float64],
    *,
    tolerance: float = TIE_TOLERANCE,
) -> Found:
    """Count the neighbours found per query, where ties of the k-th count as found.

    A key counts when its true score reaches the k-th exact score less ``tolerance``, whatever rank it was
    returned at; a key returned twice counts once.

    Args:
        exact: Ground truth, best first.
        found_keys: Keys from the index under test, shape ``(queries, k)``.
        true_scores: Inner products of query and found key from the embedding truth, same shape; ``-inf``
            where the key is unknown or was not eligible.
        tolerance: How far below the k-th exact score still counts.

    Raises:
        ValueError: If the shapes differ.
    """
    if not exact.keys.shape == found_keys.shape == true_scores.shape:
        message = (
            f"shapes differ: exact {exact.keys.shape}, found {found_keys.shape}, scores {true_scores.shape}"
        )
        raise ValueError(message)
    possible = (exact.keys >= 0).sum(axis=1).astype(np.int64)
    last = np.take_along_axis(exact.scores, np.maximum(possible - 1, 0)[:, None], axis=1).astype(np.float64)
    good = first_occurrences(found_keys) & (found_keys >= 0) & (true_scores >= last - tolerance)
    return Found(found=np.minimum(good.sum(axis=1), possible).astype(np.int64), possible=possible)


def recall(counted: Found) -> float:
    """Return the mean share of possible neighbours that were found, over queries that have any, in [0, 1].

    Raises:
        ValueError: If no query has a neighbour to find.
    """
    asked = counted.possible > 0
    if not asked.any():
        message = "recall is undefined: no query has an eligible neighbour"
        raise ValueError(message)
    return float(np.mean(counted.found[asked] / counted.possible[asked]))


def first_occurrences(keys: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Mark the first place of every key within its row."""
    order = np.argsort(keys, axis=1, kind="stable")
    ranked = np.take_along_axis(keys, order, axis=1)
    fresh = np.ones_like(ranked, dtype=np.bool_)
    fresh[:, 1:] = ranked[:, 1:] != ranked[:, :-1]
    marked = np.empty_like(fresh)
    np.put_along_axis(marked, order, fresh, axis=1)
    return marked


def histogram(counted: Found) -> tuple[tuple[int, int, int], ...]:
    """Return sorted ``(found, possible, queries)`` triples: all that mean and bound follow from.

    Queries without an eligible neighbour have nothing to find and are left out.
    """
    pairs = Counter(
        (int(found), int(possible))
        for found, possible in zip(counted.found, counted.possible, strict=True)
        if possible > 0
    )
    return tuple((found, possible, queries) for (found, possible), queries in sorted(pairs.items()))
