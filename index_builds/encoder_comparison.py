"""Two encoders on the same catalogue: which finds more of what, as the catalogue says, belongs together.

Neighbours of one encoder say nothing about another's, so recall against exact search cannot be compared
across encoders.  What can: pictures of one piece should find each other, and words that state attributes
should find pictures of listings with these attributes.  Both are searched exactly, each encoder by its own
vectors of the same pictures, so that only the encoders differ.  Pure NumPy and Arrow.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from index_builds.bootstrap import lower_bound
from index_builds.exact import exact_neighbours
from index_builds.settings import GateSettings

PICTURES = "other pictures of the same piece"
WORDS = "pictures with the attributes asked for"
_STATED = ("metal_colour", "metal", "category")


@dataclass(frozen=True, slots=True, kw_only=True)
class Relevance:
    """One family of questions put to both encoders.

    ``candidate`` and ``incumbent`` are mean shares, in [0, 1], of what could be found among the first k;
    ``lower`` and ``upper`` bound the difference, candidate less incumbent, each with the gate's confidence.
    """

    family: str
    queries: int
    k: int
    candidate: float
    incumbent: float
    lower: float
    upper: float

    @property
    def worse(self) -> bool:
        """Whether the candidate is worse beyond doubt."""
        return self.upper < 0.0

    def __str__(self) -> str:
        return (
            f"{self.family}: {self.incumbent:.3f} before, {self.candidate:.3f} now "
            f"(difference {self.lower:+.3f} to {self.upper:+.3f}, {self.queries} queries, first {self.k})"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrase:
    """Words that state attributes, and the pictures that have them all."""

    text: str
    relevant: NDArray[np.int64]


def attribute_phrases(metadata: pa.Table, *, limit: int, seed: int) -> list[Phrase]:
    """Return phrases such as ``rose gold ring with emerald`` and the keys of the pictures that they describe.

    Args:
        metadata: Listing rows, ``metadata_file.SCHEMA``.
        limit: How many phrases at most.
        seed: Of the draw among more.
    """
    described: dict[str, set[int]] = {}
    for row in metadata.select(["image_key", *_STATED, "stones"]).to_pylist():
        words = [row[name] for name in _STATED]
        if row["category"] is None or not any(words[:-1]):
            continue  # too little is stated to be wrong about
        plain = " ".join(_spoken(word) for word in words if word)
        described.setdefault(plain, set()).add(row["image_key"])
        for stone in row["stones"]:
            described.setdefault(f"{plain} with {_spoken(stone)}", set()).add(row["image_key"])
    ordered = sorted(described)
    drawn = np.sort(np.random.default_rng(seed).permutation(len(ordered))[:limit])
    return [
        Phrase(text=ordered[number], relevant=np.array(sorted(described[ordered[number]]), dtype=np.int64))
        for number in drawn
    ]


def compare_pictures(
    keys: NDArray[np.int64],
    pieces: Sequence[str],
    candidate: NDArray[np.float32],
    incumbent: NDArray[np.float32],
    settings: GateSettings,
) -> Relevance | None:
    """Return how well each encoder finds a piece's other pictures; ``None`` where too few pieces have any.

    Args:
        keys: Image keys.
        pieces: The piece that each picture shows.
        candidate: The new encoder's unit vectors, shape ``(len(keys), any)``.
        incumbent: The present encoder's, shape ``(len(keys), any other)``.
        settings: k, number of queries, confidence and seed.
    """
    order = np.argsort(keys, kind="stable")  # the same pictures are drawn in whatever order they come
    keys, candidate, incumbent = keys[order], candidate[order], incumbent[order]
    named = np.array(pieces, dtype=np.str_)[order]
    _, group, sizes = np.unique(named, return_inverse=True, return_counts=True)
    paired = np.flatnonzero(sizes[group] > 1)
    asked = np.sort(np.random.default_rng(settings.seed).permutation(paired)[: settings.queries_per_family])
    if len(asked) < settings.min_stratum_queries:
        return None
    possible = np.minimum(settings.k, sizes[group[asked]] - 1)

    def shares(vectors: NDArray[np.float32]) -> NDArray[np.float64]:
        own = keys[asked][:, None]
        found = exact_neighbours(vectors[asked], vectors, keys, k=settings.k, excluding=own).keys
        same = (found >= 0) & (group[_rows(keys, found)] == group[asked][:, None])
        share: NDArray[np.float64] = same.sum(axis=1) / possible
        return share

    return _relevance(PICTURES, shares(candidate), shares(incumbent), settings)


def compare_phrases(
    keys: NDArray[np.int64],
    phrases: Sequence[Phrase],
    candidate: tuple[NDArray[np.float32], NDArray[np.float32]],
    incumbent: tuple[NDArray[np.float32], NDArray[np.float32]],
    settings: GateSettings,
) -> Relevance | None:
    """Return how well each encoder finds what words describe; ``None`` where there are too few phrases.

    Args:
        keys: Image keys.
        phrases: From :func:`attribute_phrases`; those that no picture of ``keys`` answers are left out.
        candidate: The new encoder's vectors of the pictures and of the phrases.
        incumbent: The present encoder's.
        settings: k, confidence and seed.
    """
    relevant = [np.isin(keys, phrase.relevant) for phrase in phrases]
    asked = np.array([number for number, members in enumerate(relevant) if members.any()], dtype=np.int64)
    if len(asked) < settings.min_stratum_queries:
        return None
    possible = np.array([min(settings.k, int(relevant[number].sum())) for number in asked])

    def shares(vectors: tuple[NDArray[np.float32], NDArray[np.float32]]) -> NDArray[np.float64]:
        pictures, texts = vectors
        found = exact_neighbours(texts[asked], pictures, keys, k=settings.k).keys
        hits = np.array(
            [
                np.isin(row[:most], keys[relevant[number]]).sum()
                for row, most, number in zip(found, possible, asked, strict=True)
            ]
        )
        share: NDArray[np.float64] = hits / possible
        return share

    return _relevance(WORDS, shares(candidate), shares(incumbent), settings)


def _rows(keys: NDArray[np.int64], asked: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the row of each key among sorted keys; any row for one that is not there."""
    return np.minimum(np.searchsorted(keys, asked), len(keys) - 1).astype(np.int64)


def _relevance(
    family: str, candidate: NDArray[np.float64], incumbent: NDArray[np.float64], settings: GateSettings
) -> Relevance:
    values, counts = np.unique(candidate - incumbent, return_counts=True)

    def bound(of: NDArray[np.float64]) -> float:
        return lower_bound(
            of,
            counts.astype(np.int64),
            samples=settings.bootstrap_samples,
            confidence=settings.confidence,
            seed=settings.seed,
        )

    return Relevance(
        family=family,
        queries=len(candidate),
        k=settings.k,
        candidate=float(candidate.mean()),
        incumbent=float(incumbent.mean()),
        lower=bound(values),
        upper=-bound(-values),
    )


def _spoken(word: str) -> str:
    return word.replace("_", " ")
