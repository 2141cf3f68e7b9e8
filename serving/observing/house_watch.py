"""What a house knows of itself, carried over into the figures: caches, snapshots, events, memory, lag."""

import asyncio
import logging
import os
from collections.abc import Mapping
from pathlib import Path

import sqlalchemy as sa
from prometheus_client import Counter
from sqlalchemy.exc import SQLAlchemyError

from index_builds.manifest import Manifest
from index_builds.moments import moment_of
from index_builds.tables import snapshots
from serving.house import ServedHouse
from serving.live_snapshot import LiveSnapshot, ServedSnapshot
from storage.database import reading

logger = logging.getLogger(__name__)
_EVERY_SECONDS = 1.0
_MEMORY = Path("/proc/self/statm")  # Linux


class HouseWatch:
    """Carry a house's own counts over into its metrics.  Used from one event loop."""

    def __init__(self, house: ServedHouse) -> None:
        self._house, self._metrics = house, house.metrics
        self._counted: dict[tuple[int, str], int] = {}
        self._described: dict[str, str] = {}  # collection -> snapshot whose figures stand
        self._published: dict[str, str] = {}

    async def run(self) -> None:
        """Carry over every second, and measure how late each second comes; ends when cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + _EVERY_SECONDS
            await asyncio.sleep(_EVERY_SECONDS)
            self._metrics.loop_lag.observe(max(0.0, loop.time() - due))
            try:
                self.carry_over()
                await asyncio.to_thread(self.read_publications)
            except Exception:  # figures go on after what nobody foresaw
                logger.exception("figures could not be carried over")

    def carry_over(self) -> None:
        """Bring the metrics up to what the house knows now; no I/O but the process's own memory figure."""
        metrics, house = self._metrics, self._house
        for name, figures in house.cache_figures().items():
            self._rise(metrics.cache_hits, name, figures["hits"])
            self._rise(metrics.cache_misses, name, figures["misses"])
            self._rise(metrics.cache_shared, name, figures["shared"])
            metrics.cache_entries.labels(name).set(figures["entries"])
            metrics.cache_bytes.labels(name).set(figures["bytes"])
        metrics.work_pending.set(house.pool.pending)
        recorded = house.recorder.figures()
        metrics.records_waiting.set(recorded.pop("waiting"))
        for outcome, count in recorded.items():
            self._rise(metrics.recorded, outcome, count)
        for name, live in house.live.items():
            self._describe(name, live)
        if _MEMORY.exists():
            pages = int(_MEMORY.read_text(encoding="ascii").split()[1])
            metrics.resident.set(pages * os.sysconf("SC_PAGE_SIZE"))

    def read_publications(self) -> None:
        """Read when what serves was published; where the database is away, the former figure stands."""
        for name, live in self._house.live.items():
            served = live.current
            if served is None or self._published.get(name) == served.snapshot_id:
                continue
            chosen = sa.select(snapshots.c.published_at).where(
                snapshots.c.collection == name, snapshots.c.snapshot_id == served.snapshot_id
            )
            try:
                with reading(self._house.engine) as connection:
                    published = connection.scalar(chosen)
            except SQLAlchemyError:
                continue  # the follower says that the database is away
            self._published[name] = served.snapshot_id
            if published is not None:
                self._metrics.snapshot_published.labels(name).set(moment_of(published).timestamp())

    def _describe(self, name: str, live: LiveSnapshot) -> None:
        metrics, status, served = self._metrics, live.status(), live.current
        self._rise(metrics.swaps, name, status.swaps)
        self._rise(metrics.refusals, name, status.refusals)
        metrics.collection_ready.labels(name).set(served is not None)
        degraded = status.refused is not None or status.unreachable is not None or status.from_copies
        metrics.collection_degraded.labels(name).set(degraded)
        if served is not None and self._described.get(name) != served.snapshot_id:
            self._described[name] = served.snapshot_id
            self._describe_snapshot(name, served)

    def _describe_snapshot(self, name: str, served: ServedSnapshot) -> None:
        self._metrics.snapshot_version.labels(name).set(served.manifest.version)
        self._metrics.snapshot_pieces.labels(name).set(len(served.table))
        for (channel, target), lower in recall_lower(served.manifest).items():
            self._metrics.snapshot_recall.labels(name, channel, target).set(lower)

    def _rise(self, counter: Counter, label: str, now: int) -> None:
        before = self._counted.get((id(counter), label), 0)
        counter.labels(label).inc(max(0, now - before))
        self._counted[id(counter), label] = now


def recall_lower(manifest: Manifest) -> Mapping[tuple[str, str], float]:
    """Return, by channel and target, the least lower bound of recall over unfiltered query families."""
    found: dict[tuple[str, str], float] = {}
    for stratum in manifest.gate.overall():
        key = (stratum.channel, stratum.target)
        found[key] = min(found.get(key, 1.0), stratum.lower)
    return found
