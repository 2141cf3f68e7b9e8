"""The truth of many questions from one pass: a family's queries scored against every live vector.

A gate asks the same queries of every tier and under every shape of filter.  Their scores with all live
vectors take ``queries / dimension`` of the vectors' own memory and one matrix product, and answer every such
question exactly: broad filters out of each query's nearest thousand, narrow ones out of the scores of the
eligible.  Single-precision products only choose who is looked at; what decides is summed in double precision.
No FAISS here, and no word of the index that is under test.
"""

import numpy as np
from numpy.typing import NDArray

from index_builds.exact import SCREEN, VECTOR_BLOCK, Neighbours, best_of, pair_scores
from index_builds.queries import Queries

NEAREST = 1_024


class TrueNeighbours:
    """Exact neighbours of one family's queries, under any filter.

    Args:
        queries: The family; what a query excludes it never finds.
        vectors: Of every live image, unit float32, shape ``(images, dimension)``.
        keys: Their keys, sorted.
    """

    def __init__(self, queries: Queries, vectors: NDArray[np.float32], keys: NDArray[np.int64]) -> None:
        self._queries, self._vectors, self._keys = queries.vectors, vectors, keys
        self._scores = np.empty((len(queries), len(keys)), dtype=np.float32)
        for start in range(0, len(keys), VECTOR_BLOCK):
            block = slice(start, start + VECTOR_BLOCK)
            self._scores[:, block] = queries.vectors @ vectors[block].T
        places = np.minimum(np.searchsorted(keys, queries.excluding), len(keys) - 1)
        query, slot = np.nonzero((queries.excluding >= 0) & (keys[places] == queries.excluding))
        self._scores[query, places[query, slot]] = -np.inf
        kept = min(NEAREST, len(keys))
        self._near = np.empty((len(queries), kept), dtype=np.int64)
        for row, scores in enumerate(self._scores):
            self._near[row] = np.argpartition(scores, len(keys) - kept)[len(keys) - kept :]
        self._near_scores = np.take_along_axis(self._scores, self._near, axis=1)
        # Whoever is not among the nearest scores no more than this.
        self._horizon = (
            self._near_scores.min(axis=1)
            if kept < len(keys)
            else np.full(len(queries), -np.inf, dtype=np.float32)
        )

    def best(self, members: NDArray[np.int64], eligible: NDArray[np.bool_], k: int) -> Neighbours:
        """Return the ``k`` nearest eligible images of some queries, equal scores by key.

        Args:
            members: Rows of the queries.
            eligible: Which images may be found, shape ``(images,)``.
            k: Neighbours per query; missing ones are ``-1``.
        """
        near = self._near[members]
        scores = np.where(eligible[near], self._near_scores[members], np.float32(-np.inf))
        least = _kth_best(scores, k)
        known = least > self._horizon[members] + SCREEN
        known |= np.isneginf(self._horizon[members])
        asked, columns = np.nonzero((scores >= (least - SCREEN)[:, None]) & ~np.isneginf(scores))
        among = known[asked]
        queries, rows = [asked[among]], [near[asked[among], columns[among]]]
        far = np.flatnonzero(~known)
        allowed = np.flatnonzero(eligible) if len(far) else np.empty(0, dtype=np.int64)
        for number in far.tolist():
            own = self._scores[members[number], allowed]
            chosen = np.flatnonzero((own >= _kth_best(own[None], k)[0] - SCREEN) & ~np.isneginf(own))
            queries.append(np.full(len(chosen), number, dtype=np.int64))
            rows.append(allowed[chosen])
        query_rows, image_rows = np.concatenate(queries), np.concatenate(rows)
        found = Neighbours(
            keys=np.full((len(members), k), -1, dtype=np.int64),
            scores=np.full((len(members), k), -np.inf, dtype=np.float32),
        )
        best_of(
            query_rows,
            self._keys[image_rows],
            pair_scores(self._queries[members[query_rows]], self._vectors[image_rows]),
            k=k,
            out_keys=found.keys,
            out_scores=found.scores,
        )
        return found


def _kth_best(scores: NDArray[np.float32], k: int) -> NDArray[np.float32]:
    """Return each row's k-th best score, ``-inf`` where a row has fewer."""
    if scores.shape[1] < k:
        return np.full(len(scores), -np.inf, dtype=np.float32)
    kth: NDArray[np.float32] = np.partition(scores, scores.shape[1] - k, axis=1)[:, scores.shape[1] - k]
    return kth
