"""Several questions in one: channels weighed against each other, and things that are not wanted.

Late fusion: each wanted term asks its own channel for candidates, and every candidate is then scored in every
term's channel.  A similarity is counted in standard deviations over what two pictures drawn by chance have in
that channel, since a cosine of 0.9 is ordinary between colours and rare between views.  A term that is not
wanted takes away only where a candidate is more like it than chance.  A picture without a vector in a channel
is judged by the others.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from index_builds.channel_names import VISUAL
from index_builds.errors import SearchError
from index_builds.exact import pair_scores
from index_builds.filters import SnapshotFilter
from index_builds.ids import distinct
from index_builds.search import OpenSnapshot
from index_builds.tiers import SERVED, TIERS, Tier

_LEAST_DEPTH = 200
_DEPTH_PER_RESULT = 8
_PAIRS = 2_048
_LEAST_SPREAD = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One part of a question: a unit vector in a channel, and how much it counts.

    ``vector`` has shape ``(dimension,)``.  A negative ``weight`` asks for what is not like it.  ``label``
    names the part in explanations.
    """

    channel: str
    vector: NDArray[np.float32]
    weight: float
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FusedHit:
    """A picture, its score, and what each term gave or took; a term that could not judge it is absent."""

    key: int
    score: float
    parts: dict[str, float]


class Noticed(Protocol):
    """Is told of each term's search in its own channel."""

    def __call__(
        self,
        snapshot: OpenSnapshot,
        query: NDArray[np.float32],
        answer: NDArray[np.int64],
        *,
        where: SnapshotFilter | None,
        tiers: tuple[Tier, ...],
        excluding: NDArray[np.int64] | None,
    ) -> None:
        """Note that a channel answered a query, shape ``(dimension,)``, with keys, best first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChanceLevel:
    """Cosine of two pictures drawn by chance in one channel: mean and standard deviation."""

    mean: float
    deviation: float


def chance_level(channel: OpenSnapshot, *, seed: int = 11) -> ChanceLevel:
    """Measure what similarity means in a channel, on pairs of its pictures; the same snapshot gives the same.

    Args:
        channel: One channel of an open snapshot, all tiers that are open.
        seed: Of the pairs.
    """
    keys = np.sort(np.concatenate([channel.tiers[tier].keys for tier in TIERS if tier in channel.tiers]))
    random = np.random.default_rng(seed)
    first, second = (random.integers(len(keys), size=min(_PAIRS, len(keys) ** 2)) for _ in range(2))
    apart = first != second
    if not apart.any():
        return ChanceLevel(mean=0.0, deviation=1.0)
    left, _ = channel.vectors_of(keys[first[apart]])
    right, _ = channel.vectors_of(keys[second[apart]])
    cosines = pair_scores(left, right)
    return ChanceLevel(mean=float(cosines.mean()), deviation=max(float(cosines.std()), _LEAST_SPREAD))


class FusedSearch:
    """Fused search over one open snapshot.  Safe to share between threads: nothing in it changes."""

    def __init__(self, snapshot: OpenSnapshot) -> None:
        self._snapshot = snapshot
        self.levels = {name: chance_level(snapshot.channel(name)) for name in snapshot.channels}

    def search(
        self,
        terms: Sequence[Term],
        k: int,
        *,
        where: SnapshotFilter | None = None,
        tiers: tuple[Tier, ...] = SERVED,
        excluding: NDArray[np.int64] | None = None,
        noticed: Noticed | None = None,
    ) -> list[FusedHit]:
        """Return the ``k`` best pictures, best first, equal scores by key.

        Args:
            terms: At least one with a positive weight.
            k: Pictures wanted.
            where: What a listing row of the picture must satisfy.
            tiers: Which tiers to ask.
            excluding: Keys not to return, shape ``(any,)``.
            noticed: Is told of the searches that this one consists of.

        Raises:
            SearchError: If no term is wanted, a weight is no number, or a term does not fit its channel.
        """
        wanted = self._checked(terms, k)
        depth = max(_LEAST_DEPTH, _DEPTH_PER_RESULT * k)
        found = []
        for term in wanted:
            channel = self._snapshot.channel(term.channel)
            keys = channel.search(
                term.vector[None], depth, where=where, tiers=tiers, excluding=excluding
            ).keys[0]
            found.append(keys)
            if noticed is not None:
                noticed(channel, term.vector, keys, where=where, tiers=tiers, excluding=excluding)
        if all(term.channel != VISUAL for term in wanted) and len(distinct(np.concatenate(found))) <= k:
            # Pictures without a vector in the channels asked are eligible, too.
            anything = np.full(
                (1, self._snapshot.dimension), self._snapshot.dimension**-0.5, dtype=np.float32
            )
            found.append(
                self._snapshot.search(anything, depth, where=where, tiers=tiers, excluding=excluding).keys[0]
            )
        keys = distinct(np.concatenate(found))
        keys = keys[keys >= 0]
        if not len(keys):
            return []
        parts = np.stack([self._part(term, keys) for term in terms])
        total = self._total(terms, parts)
        order = np.lexsort((keys, -total))[:k]
        return [
            FusedHit(
                key=int(keys[place]),
                score=float(total[place]),
                parts={
                    term.label: float(parts[number, place])
                    for number, term in enumerate(terms)
                    if np.isfinite(parts[number, place])
                },
            )
            for place in order
        ]

    def _checked(self, terms: Sequence[Term], k: int) -> list[Term]:
        if k < 1:
            message = f"k is {k}: ask for at least one result"
            raise SearchError(message)
        if not all(np.isfinite(term.weight) for term in terms):
            message = "a term's weight is not a number: weigh every term"
            raise SearchError(message)
        wanted = [term for term in terms if term.weight > 0]
        if not wanted:
            message = "no term is wanted: give at least one of a positive weight beside what is not wanted"
            raise SearchError(message)
        for term in terms:
            dimension = self._snapshot.channel(term.channel).dimension
            if term.vector.shape != (dimension,) or not np.isfinite(term.vector).all():
                message = (
                    f"term {term.label!r} of shape {term.vector.shape} does not fit the {term.channel} "
                    f"channel of dimension {dimension}: describe it again"
                )
                raise SearchError(message)
        return wanted

    def _part(self, term: Term, keys: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return what a term gives each picture, NaN where it cannot judge it."""
        vectors, held = self._snapshot.channel(term.channel).vectors_of(keys)
        level = self.levels[term.channel]
        queries = np.broadcast_to(term.vector, vectors.shape)
        standing = (pair_scores(np.ascontiguousarray(queries), vectors) - level.mean) / level.deviation
        counted = standing if term.weight > 0 else np.maximum(standing, 0.0)
        return np.where(held, term.weight * counted, np.nan)

    def _total(self, terms: Sequence[Term], parts: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return sums over terms, those that could not judge a picture made up for by the others."""
        weights = np.array([term.weight for term in terms])
        wanted = weights > 0
        judged = np.isfinite(parts)
        asked = weights[wanted].sum()
        share = (weights[wanted, None] * judged[wanted]).sum(axis=0) / asked
        given = np.nansum(parts[wanted], axis=0) / np.maximum(share, 1e-9)
        total: NDArray[np.float64] = np.where(share > 0, given, -1e9) + np.nansum(parts[~wanted], axis=0)
        return total
