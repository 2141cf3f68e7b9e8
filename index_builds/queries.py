"""The questions that a gate asks: vectors with what each of them must not find."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from index_builds.canonical import canonical_json
from index_builds.errors import BuildInputError
from storage.objects import sha256_hex

HELD_OUT = "held_out_images"
TEXT = "text"
LOGGED = "logged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Queries:
    """Queries of one family.

    ``vectors`` are unit float32, shape ``(queries, dimension)``.  ``own_keys`` names the image that each
    query is taken from, ``-1`` for none; ``excluding`` the keys that it must not find (its own and its
    group's), shape ``(queries, any)``, padded with ``-1``.
    """

    vectors: NDArray[np.float32]
    own_keys: NDArray[np.int64]
    excluding: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.vectors)

    def take(self, rows: NDArray[np.int64]) -> "Queries":
        """Return some of the queries."""
        return Queries(
            vectors=self.vectors[rows], own_keys=self.own_keys[rows], excluding=self.excluding[rows]
        )

    def digest(self) -> str:
        """Return a digest of the queries, so that a gate can tell whether it has judged by them before."""
        shapes = canonical_json([list(self.vectors.shape), list(self.excluding.shape)])
        parts = (shapes, self.vectors.tobytes(), self.own_keys.tobytes(), self.excluding.tobytes())
        return sha256_hex(b"".join(parts))


def free_queries(vectors: NDArray[np.float32]) -> Queries:
    """Return queries that come from no image of the snapshot, such as text or logged ones."""
    none = np.full(len(vectors), -1, dtype=np.int64)
    return Queries(
        vectors=np.ascontiguousarray(vectors, dtype=np.float32), own_keys=none, excluding=none[:, None]
    )


def held_out_queries(
    keys: NDArray[np.int64],
    vectors: NDArray[np.float32],
    groups: NDArray[np.int64] | None,
    *,
    count: int,
    seed: int,
) -> Queries:
    """Draw images as queries, each with its own group held out.

    Where holding out would leave nothing to find, because every image is of one group, only the image itself
    is held out; a single image asks for itself.

    Args:
        keys: Image keys.
        vectors: Their vectors, float32.
        groups: A group number per image: near-duplicates, or views of one piece.  ``None``: each is its own.
        count: Queries to draw, at most.
        seed: Of the draw; the same images give the same queries in whatever order they come.

    Raises:
        BuildInputError: If there is no image, or the shapes disagree.
    """
    if len(keys) == 0 or len(keys) != len(vectors) or (groups is not None and len(groups) != len(keys)):
        message = (
            f"{len(keys)} keys, {len(vectors)} vectors and {None if groups is None else len(groups)} groups"
        )
        raise BuildInputError(f"cannot draw held-out queries from {message}")
    order = np.argsort(keys, kind="stable")
    ranked = keys[order]
    drawn = sampled(ranked, count=count, seed=seed)
    own = ranked[drawn]
    members: list[NDArray[np.int64]] = [own[row : row + 1] for row in range(len(own))]
    if groups is not None:
        labels = groups[order]
        by_group = np.argsort(labels, kind="stable")
        sorted_labels = labels[by_group]
        starts = np.searchsorted(sorted_labels, labels[drawn], side="left")
        stops = np.searchsorted(sorted_labels, labels[drawn], side="right")
        if (stops - starts < len(keys)).all():
            members = [
                np.sort(ranked[by_group[start:stop]]) for start, stop in zip(starts, stops, strict=True)
            ]
    if len(keys) == 1:
        members = [own[:0]]
    excluding = np.full((len(own), max(1, max(map(len, members)))), -1, dtype=np.int64)
    for row, group in enumerate(members):
        excluding[row, : len(group)] = group
    return Queries(
        vectors=np.ascontiguousarray(vectors[order[drawn]], dtype=np.float32),
        own_keys=own,
        excluding=excluding,
    )


def sampled(keys: NDArray[np.int64], *, count: int, seed: int) -> NDArray[np.int64]:
    """Return the sorted places of a sample of keys: all of them where there are no more than ``count``.

    Drawn by a hash of the key, not of the place: a catalogue that changes a little keeps nearly all its
    sample.
    """
    drawn: NDArray[np.int64] = np.sort(np.argsort(_mixed(keys, seed), kind="stable")[:count])
    return drawn


def _mixed(keys: NDArray[np.int64], seed: int) -> NDArray[np.uint64]:
    """Return a well-mixed number per key: SplitMix64's finaliser (Steele, Lea and Flood, 2014)."""
    mixed = keys.astype(np.uint64) + np.uint64((seed * 0x9E3779B97F4A7C15) % 2**64)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))
