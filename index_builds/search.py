"""Search an open snapshot: tiers merged by score, filters that never leak, k results whenever k are eligible.

FAISS is addressed by position below the id map: ``IndexIDMap.search`` rewrites its caller's parameters, and
position bitmaps make cheap selectors.  Every request makes fresh search parameters, so threads share nothing
that changes.

What an index returns is scored again from its decoded vectors in double precision.  The scores of different
tiers then compare, equal vectors tie exactly, and ties are ordered by key; for a Flat tier they are the exact
inner products.

Filters that follow the pictures (a category, a metal) mislead approximate search.  On 200,000 × 512 with a
tenth of the vectors eligible, HNSW at efSearch 128 found 0.55 and IVF at nprobe 16 0.71 of the neighbours;
probing IVF wider by four times the inverse share found 1.00, and comparing all eligible codes took 2 to 4 ms.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from threading import Lock
from typing import Any

import faiss
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from index_builds.errors import SearchError
from index_builds.exact import Neighbours, best_of, pair_scores
from index_builds.filters import SnapshotFilter, satisfying_rows
from index_builds.manifest import IndexFile, SnapshotContent
from index_builds.tiers import SERVED, TIERS, Tier

_SLACK = 8  # more candidates than asked for, so that near-ties at the k-th place are settled by exact score
_SCAN_AT_MOST = 20_000  # eligible vectors that are compared one by one
_WIDEN = 4
_REMEMBERED_FILTERS = 128
_PAIRS = 8_192

_FAISS: Any = faiss  # its typed SWIG classes do not know the keyword arguments that its wrappers add


class OpenTier:
    """One loaded index file.  Safe to share between threads: nothing changes after construction."""

    def __init__(self, *, tier: Tier, index: Any, file: IndexFile, path: Path) -> None:
        self.tier = tier
        self.file = file
        self.path = path
        self.inner = faiss.downcast_index(index.index)
        self.keys: NDArray[np.int64] = faiss.vector_to_array(index.id_map)
        self.owner = index  # frees the inner index when it goes
        self._order = np.argsort(self.keys, kind="stable")
        self._ranked = self.keys[self._order]

    @property
    def count(self) -> int:
        """Vectors in the tier."""
        return len(self.keys)

    def positions_of(self, keys: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the position of each key, ``-1`` where the tier does not hold it."""
        if not self.count:
            return np.full(keys.shape, -1, dtype=np.int64)
        places = np.minimum(np.searchsorted(self._ranked, keys), self.count - 1)
        return np.where(self._ranked[places] == keys, self._order[places], -1).astype(np.int64)

    def vectors(self, positions: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the vectors at some positions, decoded, shape ``(positions, dimension)``."""
        decoded: NDArray[np.float32] = self.inner.reconstruct_batch(positions)
        return decoded

    def search(
        self, queries: NDArray[np.float32], k: int, positions: NDArray[np.int64] | None = None
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Return scores and positions as the index gives them, at the operating point, wider under a filter.

        Args:
            queries: Shape ``(queries, dimension)``.
            k: Candidates per query.
            positions: Sorted eligible positions, ``None`` for all.
        """
        if positions is None or len(positions) == self.count:
            return self._ask(self.inner, queries, k, self.file.parameters, None)
        parameters = dict(self.file.parameters)
        lists = _lists_of(self.inner)
        if "nprobe" in parameters and lists and len(positions) > _SCAN_AT_MOST:
            parameters["nprobe"] = ceil(parameters["nprobe"] * _WIDEN * self.count / len(positions))
            if parameters["nprobe"] < lists:
                return self._ask(self.inner, queries, k, parameters, positions)
        return self.scan(queries, k, positions)

    def scan(
        self, queries: NDArray[np.float32], k: int, positions: NDArray[np.int64] | None
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Compare the queries with the codes of every eligible vector."""
        index = self.inner
        if isinstance(index, faiss.IndexRefine):
            index = faiss.downcast_index(index.refine_index)
        elif isinstance(index, faiss.IndexHNSW):
            index = faiss.downcast_index(index.storage)
        return self._ask(index, queries, k, {"nprobe": _lists_of(index)}, positions)

    def _ask(
        self,
        index: Any,
        queries: NDArray[np.float32],
        k: int,
        parameters: Mapping[str, int],
        positions: NDArray[np.int64] | None,
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        selector = None
        if positions is not None and len(positions) < self.count:
            eligible = np.zeros(self.count, dtype=np.bool_)
            eligible[positions] = True
            selector = _FAISS.IDSelectorBitmap(np.packbits(eligible, bitorder="little"))
        scores, found = index.search(queries, k, params=_search_parameters(index, parameters, selector))
        return scores, found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Eligible:
    """Sorted eligible positions of each tier."""

    positions: Mapping[Tier, NDArray[np.int64]]


class OpenSnapshot:
    """An immutable snapshot in memory.  Safe to share between threads."""

    def __init__(
        self,
        *,
        content: SnapshotContent,
        snapshot_id: str | None,
        tiers: Mapping[Tier, OpenTier],
        metadata: pa.Table,
    ) -> None:
        self.content = content
        self.snapshot_id = snapshot_id
        self.tiers = dict(tiers)
        self.metadata = metadata
        self.row_keys: NDArray[np.int64] = metadata["image_key"].to_numpy()
        self._row_positions = {
            tier: opened.positions_of(self.row_keys) for tier, opened in self.tiers.items()
        }
        self._remembered: OrderedDict[SnapshotFilter, _Eligible] = OrderedDict()
        self._lock = Lock()

    def rows_of(self, key: int) -> list[dict[str, Any]]:
        """Return the listing rows of an image, by listing id; empty when the snapshot does not hold it."""
        start, stop = np.searchsorted(self.row_keys, [key, key + 1])
        rows: list[dict[str, Any]] = self.metadata.slice(start, stop - start).to_pylist()
        return rows

    def search(
        self,
        queries: NDArray[np.float32],
        k: int,
        *,
        where: SnapshotFilter | None = None,
        tiers: tuple[Tier, ...] = SERVED,
        excluding: NDArray[np.int64] | None = None,
        among: NDArray[np.int64] | None = None,
    ) -> Neighbours:
        """Return the ``k`` best images for every query, best first, ties by key.

        Every answer holds k images whenever k are eligible; empty slots are ``-1``.

        Args:
            queries: Unit vectors, float32, shape ``(queries, dimension)``.
            k: Images per query.
            where: What a listing row of the image must satisfy.
            tiers: Which tiers to ask; those that the snapshot does not hold, or that were not opened, add
                nothing.
            excluding: Keys not to return: shape ``(any,)`` for all queries or ``(queries, any)``, padded with
                ``-1``.
            among: Search only these keys.

        Raises:
            SearchError: If the queries do not fit the snapshot, or k is not positive.
        """
        queries = self._checked(queries, k)
        without = _per_query(excluding, len(queries))
        answer = Neighbours(
            keys=np.full((len(queries), k), -1, dtype=np.int64),
            scores=np.full((len(queries), k), -np.inf, dtype=np.float32),
        )
        rows: list[NDArray[np.int64]] = []
        keys: list[NDArray[np.int64]] = []
        scores: list[NDArray[np.float64]] = []
        for tier in TIERS:
            opened = self.tiers.get(tier)
            if opened is None or tier not in tiers or not len(queries):
                continue
            positions = self._eligible(opened, where, among)
            if positions is not None and not len(positions):
                continue
            tier_rows, found = _candidates(opened, queries, k, positions, without)
            rows.append(tier_rows)
            keys.append(opened.keys[found])
            scores.append(_exact_scores(opened, queries, tier_rows, found))
        if rows:
            best_of(
                np.concatenate(rows),
                np.concatenate(keys),
                np.concatenate(scores),
                k=k,
                out_keys=answer.keys,
                out_scores=answer.scores,
            )
        return answer

    def _checked(self, queries: NDArray[np.float32], k: int) -> NDArray[np.float32]:
        if k < 1:
            message = f"k is {k}: ask for at least one result"
            raise SearchError(message)
        if queries.ndim != 2 or queries.shape[1] != self.content.dimension:
            message = (
                f"queries of shape {queries.shape} do not fit a snapshot of dimension "
                f"{self.content.dimension}: "
                f"encode them with {self.content.encoder_id}"
            )
            raise SearchError(message)
        if not np.isfinite(queries).all():
            message = "a query vector has a value that is not a number: encode it again"
            raise SearchError(message)
        return np.ascontiguousarray(queries, dtype=np.float32)

    def _eligible(
        self, opened: OpenTier, where: SnapshotFilter | None, among: NDArray[np.int64] | None
    ) -> NDArray[np.int64] | None:
        positions = None
        if where is not None and not where.asks_nothing:
            positions = self._filtered(where).positions[opened.tier]
        if among is not None:
            wanted = np.unique(opened.positions_of(among))
            wanted = wanted[wanted >= 0]
            positions = wanted if positions is None else np.intersect1d(positions, wanted, assume_unique=True)
        return positions

    def _filtered(self, where: SnapshotFilter) -> _Eligible:
        with self._lock:
            known = self._remembered.get(where)
            if known is not None:
                self._remembered.move_to_end(where)
                return known
        mask = satisfying_rows(self.metadata, where)
        eligible = _Eligible(
            positions={tier: _present(rows[mask]) for tier, rows in self._row_positions.items()}
        )
        with self._lock:
            self._remembered[where] = eligible
            while len(self._remembered) > _REMEMBERED_FILTERS:
                self._remembered.popitem(last=False)
        return eligible


def _candidates(
    opened: OpenTier,
    queries: NDArray[np.float32],
    k: int,
    positions: NDArray[np.int64] | None,
    without: NDArray[np.int64] | None,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return query rows and positions of at least ``k`` candidates per query, where so many are eligible."""
    eligible = opened.count if positions is None else len(positions)
    banned = None if without is None else _banned(opened, positions, without)
    most = 0 if banned is None else max(map(len, banned))
    fetch = min(k + _SLACK + most, eligible)
    _, found = opened.search(queries, fetch, positions)
    kept = _kept(found, banned)
    owed = np.full(len(queries), min(k, eligible), dtype=np.int64)
    if banned is not None:
        owed = np.minimum(k, eligible - np.array([len(own) for own in banned], dtype=np.int64))
    short = np.flatnonzero(kept.sum(axis=1) < owed)
    if len(short):
        # A graph or a few lists may not reach enough eligible vectors; comparing all of them does.
        _, again = opened.scan(queries[short], fetch, positions)
        found[short] = again
        kept[short] = _kept(again, None if banned is None else [banned[row] for row in short])
    rows, slots = np.nonzero(kept)
    return rows.astype(np.int64), found[rows, slots]


def _banned(
    opened: OpenTier, positions: NDArray[np.int64] | None, without: NDArray[np.int64]
) -> list[NDArray[np.int64]]:
    """Return, per query, the eligible positions that it must not find."""
    places = opened.positions_of(without)
    banned = []
    for row in places:
        own = np.unique(row[row >= 0])
        banned.append(own if positions is None else np.intersect1d(own, positions, assume_unique=True))
    return banned


def _kept(found: NDArray[np.int64], banned: list[NDArray[np.int64]] | None) -> NDArray[np.bool_]:
    kept: NDArray[np.bool_] = found >= 0
    if banned is not None:
        for row, own in enumerate(banned):
            if len(own):
                kept[row] &= ~np.isin(found[row], own)
    return kept


def _exact_scores(
    opened: OpenTier, queries: NDArray[np.float32], rows: NDArray[np.int64], positions: NDArray[np.int64]
) -> NDArray[np.float64]:
    scores = np.empty(len(rows), dtype=np.float64)
    for start in range(0, len(rows), _PAIRS):
        part = slice(start, start + _PAIRS)
        distinct, places = np.unique(positions[part], return_inverse=True)
        scores[part] = pair_scores(queries[rows[part]], opened.vectors(distinct)[places])
    return scores


def _per_query(excluding: NDArray[np.int64] | None, queries: int) -> NDArray[np.int64] | None:
    if excluding is None or excluding.size == 0 or not queries:
        return None
    if excluding.ndim == 1:
        return np.broadcast_to(excluding, (queries, len(excluding)))
    if len(excluding) != queries:
        message = f"excluding has {len(excluding)} rows for {queries} queries: give one per query"
        raise SearchError(message)
    return excluding


def _present(positions: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.unique(positions[positions >= 0])


def _lists_of(index: Any) -> int:
    """Return how many inverted lists an index has, below a refinement or a rotation; 0 for none."""
    index = faiss.downcast_index(index)
    if isinstance(index, faiss.IndexRefine):
        return _lists_of(index.base_index)
    if isinstance(index, faiss.IndexPreTransform):
        return _lists_of(index.index)
    return int(index.nlist) if isinstance(index, faiss.IndexIVF) else 0


def _search_parameters(index: Any, wanted: Mapping[str, int], selector: Any) -> Any:
    """Return fresh parameters with the selector where the index looks for it: at the bottom."""
    index = faiss.downcast_index(index)
    if isinstance(index, faiss.IndexRefine):
        below = _search_parameters(index.base_index, wanted, selector)
        return _FAISS.IndexRefineSearchParameters(k_factor=float(wanted["k_factor"]), base_index_params=below)
    if isinstance(index, faiss.IndexPreTransform):
        return _FAISS.SearchParametersPreTransform(
            index_params=_search_parameters(index.index, wanted, selector)
        )
    chosen: dict[str, Any] = {} if selector is None else {"sel": selector}
    if isinstance(index, faiss.IndexHNSW):
        return _FAISS.SearchParametersHNSW(efSearch=wanted["efSearch"], **chosen)
    if isinstance(index, faiss.IndexIVF):
        return _FAISS.SearchParametersIVF(nprobe=wanted["nprobe"], **chosen)
    return _FAISS.SearchParameters(**chosen) if chosen else None
