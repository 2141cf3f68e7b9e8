"""Compare a candidate with what is promoted: what would be lost, over the images that both hold."""

import numpy as np
from numpy.typing import NDArray

from index_builds.channel_names import VISUAL
from index_builds.exact import Neighbours, pair_scores
from index_builds.gate_report import SKIPS, Comparison, Paired, paired_bound
from index_builds.gate_truth import AskedFamily, Truth
from index_builds.ids import distinct, held_in
from index_builds.queries import Queries
from index_builds.recall import Found, count_found
from index_builds.search import OpenSnapshot
from index_builds.settings import GateSettings
from index_builds.tiers import TIERS


class Incumbent:
    """One channel of what is promoted, asked the same queries over the images that both hold."""

    def __init__(
        self, name: str | None, skipped: str | None, snapshot: OpenSnapshot | None, common: NDArray[np.int64]
    ) -> None:
        self._name, self._skipped, self._snapshot, self._common = name, skipped, snapshot, common
        self._families: list[Paired] = []

    @classmethod
    def of(cls, candidate: OpenSnapshot, incumbent: OpenSnapshot | None, truth: Truth) -> "Incumbent":
        """Return what a channel of a candidate is compared with, or why it is not.

        Args:
            candidate: The channel, all tiers open.
            incumbent: The promoted snapshot, all tiers open; ``None`` when nothing was promoted yet.
            truth: Of the channel's live images; only those are compared.
        """
        none = np.empty(0, dtype=np.int64)
        if incumbent is None:
            return cls(None, SKIPS[0], None, none)
        name = incumbent.snapshot_id
        if not _same_vectors(candidate, incumbent):
            return cls(name, SKIPS[1], None, none)
        theirs = incumbent.channel(candidate.channel_name)
        common = distinct(_held(candidate))
        common = common[held_in(common, distinct(_held(theirs))) & (truth.rows_of(common) >= 0)]
        return cls(name, None if len(common) else SKIPS[2], theirs, common)

    def compare(
        self, candidate: OpenSnapshot, truth: Truth, family: AskedFamily, settings: GateSettings
    ) -> None:
        """Ask both the family's queries, and keep their recall over the common images.

        Nothing is asked where the comparison is skipped, and nothing kept where no query has a neighbour.

        Args:
            candidate: The channel that was given to :meth:`of`.
            truth: The truth that was given to :meth:`of`.
            family: The queries, with the truth of all of them.
            settings: ``k``, and how the difference is bounded.
        """
        if self._snapshot is None or self._skipped is not None:
            return
        eligible = np.zeros(len(truth.keys), dtype=np.bool_)
        eligible[truth.rows_of(self._common)] = True
        exact = family.exact.best(np.arange(len(family.queries)), eligible, settings.k)
        ours, theirs = (
            _found_among(snapshot, truth, family.queries, exact, self._common, settings.k)
            for snapshot in (candidate, self._snapshot)
        )
        counts = _paired_histogram(ours, theirs)
        if not counts:
            return
        possible = np.array([row[2] for row in counts], dtype=np.float64)
        asked = np.array([row[3] for row in counts], dtype=np.float64)
        _, lower = paired_bound(counts, settings)
        self._families.append(
            Paired(
                family=family.name,
                channel=family.channel,
                queries=int(asked.sum()),
                candidate=float(np.average([row[0] for row in counts] / possible, weights=asked)),
                incumbent=float(np.average([row[1] for row in counts] / possible, weights=asked)),
                difference_lower=lower,
                counts=counts,
            )
        )

    def comparison(self) -> Comparison:
        """Return what the report says: the families that were compared, or one of ``SKIPS``."""
        if self._skipped is not None:
            return Comparison(incumbent=self._name, skipped=self._skipped)
        skipped = None if self._families else SKIPS[2]
        return Comparison(
            incumbent=self._name,
            skipped=skipped,
            common_images=len(self._common),
            families=tuple(self._families),
        )


def _same_vectors(candidate: OpenSnapshot, incumbent: OpenSnapshot) -> bool:
    name = candidate.channel_name
    if name == VISUAL:
        return candidate.content.encoder_id == incumbent.content.encoder_id
    if name not in incumbent.channels:
        return False
    return candidate.content.channels[name].channel_id == incumbent.content.channels[name].channel_id


def _found_among(
    snapshot: OpenSnapshot,
    truth: Truth,
    queries: Queries,
    exact: Neighbours,
    common: NDArray[np.int64],
    k: int,
) -> Found:
    answer = snapshot.search(queries.vectors, k, tiers=TIERS, excluding=queries.excluding, among=common)
    places = truth.rows_of(answer.keys)
    scores = np.full(answer.keys.shape, -np.inf, dtype=np.float64)
    query, slot = np.nonzero((answer.keys >= 0) & (places >= 0) & np.isin(answer.keys, common))
    scores[query, slot] = pair_scores(queries.vectors[query], truth.vectors[places[query, slot]])
    return count_found(exact, answer.keys, scores)


def _paired_histogram(ours: Found, theirs: Found) -> tuple[tuple[int, int, int, int], ...]:
    rows = np.stack([ours.found, theirs.found, ours.possible], axis=1)[ours.possible > 0]
    kinds, counts = np.unique(rows, axis=0, return_counts=True)
    return tuple(
        (int(row[0]), int(row[1]), int(row[2]), int(count)) for row, count in zip(kinds, counts, strict=True)
    )


def _held(snapshot: OpenSnapshot) -> NDArray[np.int64]:
    return np.concatenate([tier.keys for tier in snapshot.tiers.values()])
