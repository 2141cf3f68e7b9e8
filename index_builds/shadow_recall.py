"""Ask a share of live queries again, exhaustively, of the snapshot that answered them.

The gate asks what it can think of; customers ask otherwise, and their questions shift while a snapshot
serves.  The comparison reads every code of the same snapshot, so it measures what the approximate search
loses and nothing else: not the encoder, not the codes.  No I/O: ``service_records`` keeps the counts, and
``service_recall`` judges them.
"""

from dataclasses import dataclass
from datetime import datetime
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from index_builds.exact import Neighbours
from index_builds.filters import SnapshotFilter
from index_builds.ids import distinct
from index_builds.recall import count_found
from index_builds.search import OpenSnapshot
from index_builds.service_recall import HourlyRecall, hour_text, together
from index_builds.tiers import Tier

K = 10  # of each answer, the first so many are looked at
AT_MOST = 1_000  # samples that wait to be measured


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sample:
    """One answered query, and how to ask it again."""

    snapshot: OpenSnapshot
    query: NDArray[np.float32]
    answer: NDArray[np.int64]
    where: SnapshotFilter | None
    tiers: tuple[Tier, ...]
    excluding: NDArray[np.int64] | None
    hour: str


class ShadowRecall:
    """Draw a share of live queries, and measure them when there is time.  Safe to share between threads.

    A sample keeps the snapshot that answered it in memory until it is measured; ``at_most`` wait at once,
    and while so many do no further one is drawn.

    Args:
        share: Of the queries, in [0, 1].
        seed: Of the draw.
        at_most: Samples that may wait.

    Raises:
        ValueError: If ``share`` is no share.
    """

    def __init__(self, *, share: float, seed: int, at_most: int = AT_MOST) -> None:
        if not 0.0 <= share <= 1.0:
            message = f"share is {share}: give the part of the queries to ask again, from 0 to 1"
            raise ValueError(message)
        self._share = share
        self._at_most = at_most
        self._random = np.random.default_rng(seed)
        self._waiting: list[_Sample] = []
        self._lock = Lock()

    def consider(
        self,
        snapshot: OpenSnapshot,
        query: NDArray[np.float32],
        answer: NDArray[np.int64],
        *,
        where: SnapshotFilter | None,
        tiers: tuple[Tier, ...],
        at: datetime,
        excluding: NDArray[np.int64] | None = None,
    ) -> bool:
        """Maybe keep an answered query to be measured; tell whether it was.

        Args:
            snapshot: That answered: one channel of what was promoted then.
            query: Shape ``(dimension,)``.
            answer: Keys, best first, with ``-1`` in the slots that stayed empty of those asked for.
            where: As it was asked.
            tiers: As it was asked.
            at: When, aware.
            excluding: As it was asked, shape ``(any,)``.

        Raises:
            ValueError: If the snapshot is a draft, or ``at`` has no time zone.
        """
        if snapshot.snapshot_id is None:
            message = "a draft answered: shadow recall is of published snapshots"
            raise ValueError(message)
        hour = hour_text(at)
        with self._lock:
            drawn = self._random.random() < self._share and len(self._waiting) < self._at_most
            if drawn and len(answer):
                self._waiting.append(
                    _Sample(
                        snapshot=snapshot,
                        query=query.copy(),
                        answer=answer[:K].copy(),
                        where=where,
                        tiers=tiers,
                        excluding=None if excluding is None else excluding.copy(),
                        hour=hour,
                    )
                )
                return True
        return False

    def measure(self, most: int | None = None) -> list[HourlyRecall]:
        """Ask waiting samples again, comparing all codes, and return the counts per hour and channel.

        A query without an eligible neighbour has nothing to find and is left out.

        Args:
            most: So many of them, those that wait longest; None for all.
        """
        with self._lock:
            most = len(self._waiting) if most is None else most
            samples, self._waiting = self._waiting[:most], self._waiting[most:]
        counts = []
        for sample in samples:
            found, possible = _measured(sample)
            if possible:
                counts.append(
                    HourlyRecall(
                        hour=sample.hour,
                        snapshot_id=sample.snapshot.snapshot_id or "",
                        channel=sample.snapshot.channel_name,
                        queries=1,
                        found=found,
                        possible=possible,
                    )
                )
        return together(counts)


def _measured(sample: _Sample) -> tuple[int, int]:
    """Return the neighbours found and possible of one sample."""
    k = len(sample.answer)
    exact = _ask(sample, k, among=None, exhaustive=True)
    # Asked among its own keys, an answer keeps those that it was allowed to give, with their scores.
    own = _ask(sample, k, among=distinct(sample.answer[sample.answer >= 0]), exhaustive=False)
    counted = count_found(exact, own.keys, own.scores.astype(np.float64))
    return int(counted.found[0]), int(counted.possible[0])


def _ask(sample: _Sample, k: int, *, among: NDArray[np.int64] | None, exhaustive: bool) -> Neighbours:
    return sample.snapshot.search(
        sample.query[None, :],
        k,
        where=sample.where,
        tiers=sample.tiers,
        excluding=sample.excluding,
        among=among,
        exhaustive=exhaustive,
    )
