"""Exact neighbours remembered between builds, so that a small change costs a small truth.

A file per collection, channel and family, on this machine only.  It says which rows it was worked out over,
by key and fingerprint, and carries its own digest; what does not hold is worked out anew.  Each time a few
of the remembered queries are worked out by brute force beside it, so that a wrong file cannot fool a gate for
long.
"""

import hashlib
import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index_builds.changes import change_since
from index_builds.gate_truth import Truth
from index_builds.neighbour_pool import NeighbourPool, carried_on, deep_enough, pool_of
from index_builds.queries import Queries
from storage.files import write_whole

_WORTH_IT = 20_000  # below, brute force is as quick as reading a file
_AUDITED = 8
_NEAR = 1e-5
_CHANGED_AT_MOST = 0.2
_NAMES = ("queries", "live", "prints", "keys", "scores", "complete_above")


class PoolCache:
    """The remembered neighbours of one collection."""

    def __init__(self, folder: Path, *, seed: int) -> None:
        self._folder = folder
        self._seed = seed

    def pool(self, channel: str, family: str, queries: Queries, truth: Truth) -> NeighbourPool:
        """Return a family's exact neighbours, carried on from the last time where that holds.

        Args:
            channel: Which channel.
            family: Which family.
            queries: Its queries.
            truth: The live images of the channel.
        """
        if len(truth.keys) < _WORTH_IT:
            return pool_of(queries.vectors, truth.vectors, truth.keys)
        prints = truth.prints
        path = self._folder / f"{channel}.{family}.npz"
        known = self._remembered(path, queries.vectors, truth, prints)
        made = self._completed(known, queries.vectors, truth)
        _write(
            path,
            {
                "queries": queries.vectors,
                "live": truth.keys,
                "prints": prints,
                "keys": made.keys,
                "scores": made.scores,
                "complete_above": made.complete_above,
            },
        )
        return made

    def _remembered(
        self,
        path: Path,
        queries: NDArray[np.float32],
        truth: Truth,
        prints: NDArray[np.uint64],
    ) -> dict[int, tuple[NeighbourPool, int]]:
        """Return query row -> its list in a pool that was carried on to the vectors of now."""
        file = _read(path)
        if file is None or file["queries"].shape[1] != queries.shape[1]:
            return {}
        change = change_since(file["live"], file["prints"], truth.keys, prints)
        if len(change.new) + len(change.gone) > _CHANGED_AT_MOST * len(truth.keys):
            return {}
        places = {row.tobytes(): place for place, row in enumerate(file["queries"])}
        shared = [
            (row, places[query.tobytes()]) for row, query in enumerate(queries) if query.tobytes() in places
        ]
        if not shared:
            return {}
        rows = np.array([row for row, _ in shared], dtype=np.int64)
        held = NeighbourPool(
            keys=file["keys"], scores=file["scores"], complete_above=file["complete_above"]
        ).take(np.array([place for _, place in shared], dtype=np.int64))
        pool = carried_on(held, queries[rows], truth.vectors, truth.keys, gone=change.gone, new=change.new)
        enough = deep_enough(pool)
        audited = np.random.default_rng(self._seed).permutation(len(rows))[:_AUDITED]
        anew = pool_of(queries[rows[audited]], truth.vectors, truth.keys, size=64)
        if not _agree(pool.take(audited), anew):
            return {}
        return {int(row): (pool, place) for place, row in enumerate(rows) if enough[place]}

    def _completed(
        self,
        known: dict[int, tuple[NeighbourPool, int]],
        queries: NDArray[np.float32],
        truth: Truth,
    ) -> NeighbourPool:
        missing = np.array([row for row in range(len(queries)) if row not in known], dtype=np.int64)
        fresh = pool_of(queries[missing], truth.vectors, truth.keys) if len(missing) else None
        parts = ([fresh] if fresh is not None else []) + [pool for pool, _ in known.values()][:1]
        width = max(part.keys.shape[1] for part in parts)
        made = NeighbourPool(
            keys=np.full((len(queries), width), -1, dtype=np.int64),
            scores=np.full((len(queries), width), -np.inf, dtype=np.float32),
            complete_above=np.full(len(queries), -np.inf, dtype=np.float32),
        )
        for row, (pool, place) in known.items():
            made.keys[row, : pool.keys.shape[1]] = pool.keys[place]
            made.scores[row, : pool.keys.shape[1]] = pool.scores[place]
            made.complete_above[row] = pool.complete_above[place]
        if fresh is not None:
            made.keys[missing, : fresh.keys.shape[1]] = fresh.keys
            made.scores[missing, : fresh.keys.shape[1]] = fresh.scores
            made.complete_above[missing] = fresh.complete_above
        return made


def _agree(remembered: NeighbourPool, anew: NeighbourPool) -> bool:
    """Tell whether the best scores are the same wherever both lists are complete."""
    width = min(remembered.scores.shape[1], anew.scores.shape[1])
    ours, theirs = remembered.scores[:, :width], anew.scores[:, :width]
    both = np.isfinite(ours) & np.isfinite(theirs)
    filled = (remembered.keys >= 0).sum(axis=1) >= np.minimum((anew.keys >= 0).sum(axis=1), width)
    return bool(filled.all() and (np.abs(ours[both] - theirs[both]) <= _NEAR).all())


def _read(path: Path) -> dict[str, NDArray[Any]] | None:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    stated, rest = data[:64], data[64:]
    if hashlib.sha256(rest).hexdigest().encode() != stated:
        return None
    with np.load(io.BytesIO(rest), allow_pickle=False) as file:
        return {name: file[name] for name in _NAMES} if set(_NAMES) <= set(file.files) else None


def _write(path: Path, arrays: dict[str, NDArray[Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    sink = io.BytesIO()
    np.savez(sink, allow_pickle=False, **arrays)
    data = sink.getvalue()
    write_whole(path, hashlib.sha256(data).hexdigest().encode() + data)
