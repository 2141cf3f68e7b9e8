"""Shadow recall of a process: live searches drawn, asked again exhaustively beside the request, and counted.

Query vectors stay in memory until they are measured; only counts are written.
"""

import logging
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from itertools import cycle
from threading import Event, Lock, Thread

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
from serving.errors import first_line

logger = logging.getLogger(__name__)
_PAUSE_SECONDS = 0.2
_REST = 20  # times what a sample took
_WRITE_SECONDS = 5.0
_AT_MOST = 32  # samples that wait: each keeps the snapshot that answered it in memory
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
        self._measuring = Lock()
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
        with self._measuring:
            for collection in self._shadows:
                self._measure(collection, None)
            self._write()

    def _measure(self, collection: str, most: int | None) -> None:
        try:
            with threads(1):  # comparing every code must not take the cores that requests need
                measured = self._shadows[collection].measure(most)
        except (IndexBuildError, OSError) as error:
            logger.warning("shadow recall of %s is left out: %s", collection, first_line(error))
        else:
            self._measured.setdefault(collection, []).extend(measured)

    def _write(self) -> None:
        """Add what was measured to the counts; what cannot be written is left out."""
        measured, self._measured = self._measured, {}
        for collection, found in measured.items():
            try:
                write_shadow_recall(self._engine, collection, together(found))
            except SQLAlchemyError as error:
                logger.warning("shadow recall of %s is left out: %s", collection, first_line(error))

    def _run(self) -> None:
        pause, write_at = _PAUSE_SECONDS, time.monotonic() + _WRITE_SECONDS
        in_turn = cycle(self._shadows)  # a house has a collection
        while not self._stopping.wait(pause):
            start = time.monotonic()
            try:
                with self._measuring:
                    self._measure(next(in_turn), 1)
                    if start >= write_at:
                        self._write()
                        write_at = start + _WRITE_SECONDS
            except Exception:  # the thread must outlive what nobody foresaw, and samples must not pile up
                logger.exception("shadow recall could not be measured")
            pause = max(_PAUSE_SECONDS, _REST * (time.monotonic() - start))
        with self._measuring:
            self._write()
