"""One tier of one channel, open for searching: a base index, the delta on top of it, and what has gone.

Everything is addressed by position: first the base's, as FAISS numbers them below its id map, then the
delta's.  ``IndexIDMap.search`` rewrites its caller's parameters, and position bitmaps make cheap selectors.
Every request makes fresh search parameters, so threads share nothing that changes.

A delta is compared with the query whole, since it is small; tombstones sit in the selector, so that what has
gone is never a result, and a key that was replaced is found in the delta alone.
"""

from collections.abc import Mapping
from functools import cached_property
from math import ceil
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from index_builds.errors import SnapshotDamagedError
from index_builds.filter_plan import FilterPlan
from index_builds.ids import distinct
from index_builds.list_probing import ListProbing, below_transforms
from index_builds.manifest import IndexFile
from index_builds.tiers import Tier

_FAISS: Any = faiss  # its typed SWIG classes do not know the keyword arguments that its wrappers add
_NONE: NDArray[np.int64] = np.empty(0, dtype=np.int64)
_MET_PER_RESULT = 16  # eligible vectors that a search under a filter compares at least


class Eligible:
    """Which vectors of a tier may be found: sorted live positions, and the base's as a bitmap when needed."""

    def __init__(self, positions: NDArray[np.int64], base: int) -> None:
        self.positions = positions
        self._base = base
        split = int(np.searchsorted(positions, base))
        self.of_base = positions[:split]
        self.of_delta = positions[split:] - base
        self._by_list: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.positions)

    def by_list(self, lists: ListProbing) -> NDArray[np.int64]:
        """Return how many vectors of the base each of the tier's lists holds, counted once."""
        if self._by_list is None:
            self._by_list = lists.by_list(self.of_base)
        return self._by_list

    def holds(self, positions: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Tell which positions may be found."""
        if not len(self.positions):
            return np.zeros(len(positions), dtype=np.bool_)
        places = np.minimum(np.searchsorted(self.positions, positions), len(self.positions) - 1)
        held: NDArray[np.bool_] = self.positions[places] == positions
        return held

    @cached_property
    def bitmap(self) -> NDArray[np.uint8]:
        """One bit per vector of the base."""
        return bitmap(self.of_base, self._base)


def bitmap(positions: NDArray[np.int64], count: int) -> NDArray[np.uint8]:
    """Return ``count`` bits, those at ``positions`` set, packed as FAISS reads them."""
    bits = np.zeros(count, dtype=np.bool_)
    bits[positions] = True
    return np.packbits(bits, bitorder="little")


class OpenTier:
    """One loaded index.  Safe to share between threads: nothing changes but what is counted at first use.

    Args:
        tier: Which.
        index: The base, an ``IndexIDMap2``.
        file: What the manifest says of it.
        path: The base file.
        delta: An ``IndexIDMap2`` over ``IndexFlatIP``, or None.
        tombstones: Sorted keys of the base that must not be found.
        beside: Digest -> path of the delta and the tombstones.

    Raises:
        SnapshotDamagedError: If a tombstone is no key of the base, or a key lives twice.
    """

    def __init__(
        self,
        *,
        tier: Tier,
        index: Any,
        file: IndexFile,
        path: Path,
        delta: Any = None,
        tombstones: NDArray[np.int64] = _NONE,
        beside: Mapping[str, Path] | None = None,
    ) -> None:
        self.tier = tier
        self.file = file
        self.path = path
        self.paths = {file.digest: path} | dict(beside or {})
        self.inner = faiss.downcast_index(index.index)
        self.owner = index  # frees the inner index when it goes
        self.base_keys: NDArray[np.int64] = faiss.vector_to_array(index.id_map)
        self.delta_keys = _NONE if delta is None else faiss.vector_to_array(delta.id_map)
        self._delta_owner = delta
        self._delta = _vectors_of(delta, self.inner.d)
        self.tombstones = tombstones
        self._positions_by_key(tombstones)

    def _positions_by_key(self, tombstones: NDArray[np.int64]) -> None:
        base = len(self.base_keys)
        self.all_keys: NDArray[np.int64] = (
            np.concatenate([self.base_keys, self.delta_keys]) if len(self.delta_keys) else self.base_keys
        )
        live = np.ones(len(self.all_keys), dtype=np.bool_)
        if len(tombstones):
            gone = np.isin(self.base_keys, tombstones)
            if int(gone.sum()) != len(tombstones):
                message = (
                    f"{self.path} lacks {len(tombstones) - int(gone.sum())} of its {len(tombstones)} "
                    "tombstones: they belong to another base; build the snapshot again"
                )
                raise SnapshotDamagedError(message)
            live[:base] = ~gone
        self.positions: NDArray[np.int64] = np.flatnonzero(live).astype(np.int64)
        keys = self.keys
        if (keys[1:] > keys[:-1]).all():  # as builds leave them: nothing to copy
            self._ranked, self._order = keys, self.positions
        else:
            order = np.argsort(keys, kind="stable")
            self._ranked, self._order = keys[order], self.positions[order]
        self._base_live = None if not len(tombstones) else bitmap(np.flatnonzero(live[:base]), base)
        self._base_count = base - len(tombstones)

    @property
    def count(self) -> int:
        """Vectors that can be found."""
        return len(self.positions)

    @property
    def keys(self) -> NDArray[np.int64]:
        """The live keys in order of position; a key that lives twice, which the gate refuses, twice."""
        return self.all_keys if self.count == len(self.all_keys) else self.all_keys[self.positions]

    def positions_of(self, keys: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the position of each key, ``-1`` where the tier does not hold it."""
        if not self.count:
            return np.full(keys.shape, -1, dtype=np.int64)
        places = np.minimum(np.searchsorted(self._ranked, keys), self.count - 1)
        return np.where(self._ranked[places] == keys, self._order[places], -1).astype(np.int64)

    def vectors(self, positions: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the vectors at some positions, decoded, shape ``(positions, dimension)``."""
        base = len(self.base_keys)
        if not len(self.delta_keys) or not len(positions) or positions.max() < base:
            decoded: NDArray[np.float32] = self.inner.reconstruct_batch(positions)
            return decoded
        found = np.empty((len(positions), self.inner.d), dtype=np.float32)
        in_base = positions < base
        if in_base.any():
            found[in_base] = self.inner.reconstruct_batch(positions[in_base])
        found[~in_base] = self._delta[positions[~in_base] - base]
        return found

    def unlisted(self) -> int:
        """Return how many live vectors of the base lie in none of its inverted lists, where it has any."""
        if self._lists is None:
            return 0
        live = self.positions[: np.searchsorted(self.positions, len(self.base_keys))]
        return int((~self._lists.listed()[live]).sum())

    def prepare(self) -> None:
        """Count now what the first search under a filter would: which list holds which vector."""
        _ = self._lists

    @cached_property
    def _lists(self) -> ListProbing | None:
        return ListProbing(self.inner, len(self.base_keys)) if lists_of(self.inner) else None

    def eligible(self, positions: NDArray[np.int64]) -> Eligible:
        """Return some live positions, made ready for :meth:`search`."""
        return Eligible(positions, len(self.base_keys))

    def search(
        self, queries: NDArray[np.float32], k: int, among: Eligible | None = None
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Return scores and positions as the index gives them, at the operating point, wider under a filter.

        There are up to ``k`` columns of the base, and as many more of the delta; ``-1`` where one is empty.

        Args:
            queries: Shape ``(queries, dimension)``.
            k: Candidates per query.
            among: Only these, ``None`` for all.
        """
        if among is None or len(among) == self.count:
            base = self.ask(self.inner, queries, k, self.file.parameters, self._base_live)
            return self._with_delta(base, queries, k, None)
        return self._with_delta(self._filtered(queries, k, among), queries, k, among)

    def scan(
        self, queries: NDArray[np.float32], k: int, among: Eligible | None
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Compare the queries with every eligible vector, by its code in the base and whole in the delta."""
        return self._with_delta(self.compare_codes(queries, k, among), queries, k, among)

    def _filtered(
        self, queries: NDArray[np.float32], k: int, among: Eligible
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        plan = self.file.filters or FilterPlan()
        eligible = len(among.of_base)
        if not eligible:
            return _nothing(len(queries))
        if eligible <= plan.gather_at_most:
            return self.gather(queries, k, among)
        if "nprobe" in self.file.parameters and eligible > plan.scan_at_most:
            return self.by_lists(queries, k, among, plan.widen)
        share = eligible / max(self._base_count, 1)
        if "efSearch" in self.file.parameters and share >= plan.over_fetch_from:
            found = self.over_fetch(queries, k, share, among)
            if found is not None:
                return found
        return self.compare_codes(queries, k, among)

    def by_lists(
        self, queries: NDArray[np.float32], k: int, among: Eligible, widen: float
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Probe each query's nearest lists until they hold enough eligible vectors of the base.

        Enough are ``widen`` times as many as a search without a filter compares, and some for each result.
        """
        lists, parameters = self._lists, self.file.parameters
        if lists is None:
            message = f"{self.path} has no inverted lists to probe"
            raise SnapshotDamagedError(message)
        compared = parameters["nprobe"] * len(self.base_keys) / lists.lists
        enough = max(widen * compared, float(_MET_PER_RESULT * k))
        needed = lists.needed(queries, among.by_list(lists), enough=enough, least=parameters["nprobe"])
        scores = np.full((len(queries), k), -np.inf, dtype=np.float32)
        found = np.full((len(queries), k), -1, dtype=np.int64)
        for probes in distinct(needed).tolist():
            own = needed == probes
            wider = {**parameters, "nprobe": probes}
            scores[own], found[own] = self.ask(self.inner, queries[own], k, wider, among.bitmap)
        return scores, found

    def gather(
        self, queries: NDArray[np.float32], k: int, among: Eligible
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Decode the eligible vectors of the base and compare them: for few."""
        vectors = self.inner.reconstruct_batch(among.of_base)
        # Not BLAS: its threads would wait for each other longer than a few hundred products take.
        scores = np.einsum("qd,nd->qn", queries, vectors)
        return _best(scores, among.of_base, k)

    def over_fetch(
        self, queries: NDArray[np.float32], k: int, share: float, among: Eligible
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]] | None:
        """Ask for more of all and keep the eligible ones; None where that gives some query fewer than k."""
        fetch = min(2 * ceil(k / share) + k, self._base_count)
        parameters = dict(self.file.parameters)
        parameters["efSearch"] = max(parameters["efSearch"], fetch)
        scores, found = self.ask(self.inner, queries, fetch, parameters, self._base_live)
        allowed = (found >= 0) & _set(among.bitmap, np.maximum(found, 0))
        if (allowed.sum(axis=1) < min(k, len(among.of_base))).any():
            return None
        order = np.argsort(~allowed, axis=1, kind="stable")[:, :k]
        scores, found = np.take_along_axis(scores, order, axis=1), np.take_along_axis(found, order, axis=1)
        found[~np.take_along_axis(allowed, order, axis=1)] = -1
        return scores, found

    def compare_codes(
        self, queries: NDArray[np.float32], k: int, among: Eligible | None
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Compare the queries with the codes of every eligible vector of the base."""
        index = self.inner
        if isinstance(index, faiss.IndexRefine):
            index = faiss.downcast_index(index.refine_index)
        elif isinstance(index, faiss.IndexHNSW):
            index = faiss.downcast_index(index.storage)
        selected = self._base_live if among is None else among.bitmap
        return self.ask(index, queries, k, {"nprobe": lists_of(index)}, selected)

    def ask(
        self,
        index: Any,
        queries: NDArray[np.float32],
        k: int,
        parameters: Mapping[str, int],
        selected: NDArray[np.uint8] | None,
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Ask the base, or a part of it, with fresh parameters and a bitmap of what may be found."""
        selector = None if selected is None else _FAISS.IDSelectorBitmap(selected)
        scores, found = index.search(queries, k, params=_search_parameters(index, parameters, selector))
        return scores, found

    def _with_delta(
        self,
        base: tuple[NDArray[np.float32], NDArray[np.int64]],
        queries: NDArray[np.float32],
        k: int,
        among: Eligible | None,
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        if not len(self.delta_keys):
            return base
        wanted = len(self.delta_keys) if among is None else len(among.of_delta)
        if not wanted:
            return base
        selected = None if among is None else bitmap(among.of_delta, len(self.delta_keys))
        scores, found = self.ask(self._delta_owner.index, queries, min(k, wanted), {}, selected)
        found = np.where(found >= 0, found + len(self.base_keys), -1)
        return np.concatenate([base[0], scores], axis=1), np.concatenate([base[1], found], axis=1)


def lists_of(index: Any) -> int:
    """Return how many inverted lists an index has, below a refinement or a rotation; 0 for none."""
    _, inner = below_transforms(index)
    return int(inner.nlist) if isinstance(inner, faiss.IndexIVF) else 0


def _vectors_of(delta: Any, dimension: int) -> NDArray[np.float32]:
    if delta is None:
        return np.empty((0, dimension), dtype=np.float32)
    flat = faiss.downcast_index(delta.index)
    if not isinstance(flat, faiss.IndexFlat):
        message = f"a delta is a {type(flat).__name__}, not a flat index: build the snapshot again"
        raise SnapshotDamagedError(message)
    return faiss.vector_to_array(flat.codes).view(np.float32).reshape(flat.ntotal, flat.d)


def _best(
    scores: NDArray[np.float32], positions: NDArray[np.int64], k: int
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return the ``k`` best columns of a score matrix per row, as scores and positions."""
    if scores.shape[1] > k:
        chosen = np.argpartition(-scores, k - 1, axis=1)[:, :k]
        return np.take_along_axis(scores, chosen, axis=1), positions[chosen]
    return scores, np.broadcast_to(positions, scores.shape).copy()


def _nothing(queries: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    return np.empty((queries, 0), dtype=np.float32), np.empty((queries, 0), dtype=np.int64)


def _set(packed: NDArray[np.uint8], positions: NDArray[np.int64]) -> NDArray[np.bool_]:
    shifted = packed[positions >> 3] >> (positions & 7).astype(np.uint8)
    bits: NDArray[np.bool_] = (shifted & 1).astype(np.bool_)
    return bits


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
