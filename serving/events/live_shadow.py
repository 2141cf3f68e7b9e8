"""Shadow recall of a process: live searches drawn, asked again exhaustively beside the request, and counted.

Query vectors stay in memory until they are measured, seconds later; only counts are written.
"""

import logging
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from threading import Event, Thread

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from index_builds.errors import IndexBuildError
from index_builds.faiss_threads import threads
from index_builds.filters import SnapshotFilter
from index_builds.search import OpenSnapshot
from index_builds.service_recall import HourlyRecall, together
from index_builds.service_records import write_shadow_recall
from index_builds.shadow_recall import ShadowRecall
from index_builds.tiers import Tier

logger = logging.getLogger(__name__)
_PAUSE_SECONDS = 0.2
_REST = 20  # times what a sample took
_WRITE_SECONDS = 5.0
_AT_MOST = 32  # samples that wait: they keep a snapshot in memory, and a process that ends waits for them
_SEED = 5


class LiveShadow:
    """One collection's sampler, given a clock.  Safe to share between threads.

    Args:
        share: Of the searches.
        clock: The present moment, aware.
    """

    def __init__(self, share: float, clock: Callable[[], datetime]) -> None:
        self._share, self._clock = share, clock
        self._recall = ShadowRecall(share=share, seed=_SEED, at_most=_AT_MOST)

    def consider(
        self,
        snapshot: OpenSnapshot,
        query: NDArray[np.float32],
        answer: NDArray[np.int64],
        *,
        where: SnapshotFilter | None,
        tiers: tuple[Tier, ...],
        excluding: NDArray[np.int64] | None,
    ) -> None:
        """Maybe keep an answered search of one channel to be measured.

        Args:
            snapshot: The channel that answered.
            query: Shape ``(dimension,)``.
            answer: Keys, best first, with ``-1`` in slots that stayed empty.
            where: As it was asked.
            tiers: As it was asked.
            excluding: As it was asked.
        """
        if self._share > 0 and snapshot.snapshot_id is not None:
            self._recall.consider(
                snapshot, query, answer, where=where, tiers=tiers, at=self._clock(), excluding=excluding
            )

    def measure(self, most: int | None = None) -> list[HourlyRecall]:
        """Measure what waits, or the samples that wait longest."""
        return self._recall.measure(most)


class ShadowMeasuring:
    """Measure every collection's samples in a thread of its own: one, then a rest.

    Comparing every code takes as long as dozens of searches do.  Sample after sample would hold a core while
    requests queue up for it.

    Args:
        engine: Where counts go.
        shadows: By collection.
    """

    def __init__(self, engine: Engine, shadows: Mapping[str, LiveShadow]) -> None:
        self._engine, self._shadows = engine, shadows
        self._measured: dict[str, list[HourlyRecall]] = {}
        self._stopping = Event()
        self._thread: Thread | None = None

    def start(self) -> None:
        """Start to measure."""
        self._stopping.clear()
        self._thread = Thread(target=self._run, name="loupe-shadow", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Write what was measured, and end; samples that wait are dropped."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def measure(self) -> None:
        """Measure what waits, and add it to the counts."""
        self._measure(None)
        self._write()

    def _measure(self, most: int | None) -> None:
        for collection, shadow in self._shadows.items():
            try:
                with threads(1):  # comparing every code must not take the cores that requests need
                    measured = shadow.measure(most)
            except (IndexBuildError, OSError) as error:
                _left_out(collection, error)
            else:
                self._measured.setdefault(collection, []).extend(measured)

    def _write(self) -> None:
        """Add what was measured to the counts; what cannot be written is left out."""
        measured, self._measured = self._measured, {}
        for collection, found in measured.items():
            try:
                write_shadow_recall(self._engine, collection, together(found))
            except SQLAlchemyError as error:
                _left_out(collection, error)

    def _run(self) -> None:
        pause, write_at = _PAUSE_SECONDS, time.monotonic() + _WRITE_SECONDS
        while not self._stopping.wait(pause):
            start = time.monotonic()
            self._measure(1)
            pause = max(_PAUSE_SECONDS, _REST * (time.monotonic() - start))
            if time.monotonic() >= write_at:
                self._write()
                write_at = time.monotonic() + _WRITE_SECONDS
        self._write()


def _left_out(collection: str, error: Exception) -> None:
    logger.warning("shadow recall of %s is left out: %s", collection, str(error).splitlines()[0])
