"""Everything that answers are made of: collections, their live snapshots, the catalogue, the encoder."""

import logging
import os
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from threading import Event, Thread
from typing import Any

from sqlalchemy import Engine

from catalog.declarations import FeedDeclaration
from catalog.events.pseudonyms import EventPseudonyms
from catalog.events.settings import EventSettings
from index_builds.faiss_threads import searching_threads
from index_builds.snapshots import SnapshotStore
from index_builds.tiers import TIERS
from serving.bounded_cache import BoundedCache
from serving.encoding import QueryEncoding
from serving.errors import UnknownThingError
from serving.events.live_shadow import LiveShadow, ShadowMeasuring
from serving.events.recorder import EventRecorder
from serving.garbage import WHOLE_EVERY, set_aside
from serving.guards.client_keys import ClientKeys
from serving.live_snapshot import LiveSnapshot
from serving.local_copies import LocalCopies
from serving.observing.metrics import ServingMetrics
from serving.settings import ServingSettings
from serving.signed_urls import SignedUrls, signed_urls
from serving.single_flight import SingleFlight
from serving.work import WorkPool
from storage.objects import ObjectStore
from vision.encoder_loader import EncoderLoader

logger = logging.getLogger(__name__)


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(kw_only=True)
class ServedHouse:
    """One deployment as serving sees it.  What is written to the engine is what searches and people did.

    Args:
        labels: Collection name -> what people call it, in the order to show them.
        default_collection: Which one a request without a collection means.
        store: Where snapshots live.
        engine: The catalogue.
        objects: Where renditions are.
        encoder: Encodes queries.
        settings: Limits, sizes and periods.
        copies: Folder of local copies.
        events: What is recorded, and how.
        clock: The present moment, aware.
        feeds: Collection name -> its declared feeds, for the admin pages.
    """

    labels: Mapping[str, str]
    default_collection: str
    store: SnapshotStore
    engine: Engine
    objects: ObjectStore
    encoder: EncoderLoader
    settings: ServingSettings
    copies: Path
    events: EventSettings = field(default_factory=EventSettings)
    clock: Callable[[], datetime] = _utc_now
    feeds: Mapping[str, Sequence[FeedDeclaration]] = field(default_factory=dict)
    live: dict[str, LiveSnapshot] = field(init=False)
    pool: WorkPool = field(init=False)
    encoding: QueryEncoding = field(init=False)
    asking: SingleFlight[Any] = field(init=False)
    results: BoundedCache[Hashable, Any] = field(init=False)
    pictures: BoundedCache[str, bytes] = field(init=False)
    metrics: ServingMetrics = field(default_factory=ServingMetrics)
    keys: ClientKeys = field(init=False)
    signed: SignedUrls | None = field(init=False)
    recorder: EventRecorder = field(init=False)
    pseudonyms: EventPseudonyms = field(init=False)
    shadows: dict[str, LiveShadow] = field(init=False)

    def __post_init__(self) -> None:
        # A question's own thread searches one tier; each of the others may need one more.
        self._tier_threads = (
            searching_threads(
                self.settings.threads * (len(TIERS) - 1),
                each=self.settings.faiss_threads,
                name="loupe-tier",
            )
            if self.settings.tiers_at_once and (os.cpu_count() or 1) > 1
            else None
        )
        self.live = {
            name: LiveSnapshot(
                self.store,
                name,
                encoder=self.encoder,
                copies=LocalCopies(self.copies / name),
                kept=self.settings.kept_snapshots,
                kept_seconds=self.settings.kept_seconds,
                at_once=self._tier_threads,
            )
            for name in self.labels
        }
        self.pool = WorkPool(
            threads=self.settings.threads,
            waiting=self.settings.waiting,
            faiss_threads=self.settings.faiss_threads,
            waited=self.metrics.work_waiting.observe,
            refused=partial(self.metrics.turned_away, "busy"),
        )
        self.keys = ClientKeys(self.engine)
        self.signed = signed_urls(self.settings.delivery, self.objects)
        self.encoding = QueryEncoding(self.encoder, self.pool, self.settings)
        self.asking = SingleFlight()
        self.results = BoundedCache(
            entries=100_000,
            size=self.settings.result_cache_mb * 1_000_000,
            seconds=self.settings.result_cache_seconds,
        )
        self.pictures = BoundedCache(entries=20_000, size=self.settings.picture_cache_mb * 1_000_000)
        key = self.events.pseudonym_key
        self.pseudonyms = EventPseudonyms(
            self.engine, None if key is None else key.get_secret_value().encode()
        )
        self.recorder = EventRecorder(self.engine, self.events, self.clock, self.pseudonyms)
        share = self.events.shadow_share if self.events.recorded else 0.0
        self.shadows = {name: LiveShadow(share, self.clock) for name in self.labels}
        self._measuring = ShadowMeasuring(self.engine, self.shadows)
        self._stop = Event()
        self._follower: Thread | None = None

    def chosen(self, collection: str | None) -> LiveSnapshot:
        """Return the live snapshot of a collection, the default one where none is named.

        Raises:
            UnknownThingError: If there is no such collection.
        """
        name = collection or self.default_collection
        if name not in self.live:
            message = f"there is no collection {name!r}: there are {', '.join(self.live)}"
            raise UnknownThingError(message)
        return self.live[name]

    def cache_figures(self) -> dict[str, dict[str, int]]:
        """Return hits, misses, entries and bytes of this process's caches, and what was shared in flight."""
        caches: dict[str, BoundedCache[Any, Any]] = {
            "vectors": self.encoding.cache,
            "answers": self.results,
            "pictures": self.pictures,
        }
        shared = {"vectors": self.encoding.flights.shared, "answers": self.asking.shared}
        return {
            name: {
                "hits": cache.hits,
                "misses": cache.misses,
                "entries": len(cache),
                "bytes": cache.bytes,
                "shared": shared.get(name, 0),
            }
            for name, cache in caches.items()
        }

    def refresh(self) -> bool:
        """Look at every pointer and at the keys once; what goes wrong with one keeps no other back.

        Return whether another snapshot serves now.
        """
        self.keys.refresh()
        swapped = False
        for live in self.live.values():
            try:
                swapped |= live.refresh()
            except Exception:  # the thread that follows must outlive what nobody foresaw
                logger.exception("collection %s could not be refreshed", live.collection)
        return swapped

    def follow_now(self, collection: str) -> None:
        """Look at one pointer at once, for somebody who has just moved it."""
        if self.live[collection].refresh():
            self._set_aside()

    def measure_shadows(self) -> None:
        """Measure now the live searches that were drawn to be asked again."""
        self._measuring.measure()

    def follow(self) -> None:
        """Start to follow pointers, write events and measure samples, each in a thread of its own."""
        self._stop.clear()
        self._follower = Thread(target=self._run, name="loupe-follow", daemon=True)
        self._follower.start()
        self.recorder.start()
        self._measuring.start()

    def stop(self) -> None:
        """Stop following, wait for what is being worked on, and write the events that wait."""
        self._stop.set()
        if self._follower is not None:
            self._follower.join()
            self._follower = None
        self.pool.close()
        self._measuring.stop()
        if self._tier_threads is not None:
            self._tier_threads.shutdown(wait=True)
        self.recorder.stop()

    def _run(self) -> None:
        while not self._stop.wait(self.settings.poll_seconds):
            if self.refresh():
                self._set_aside()

    def _set_aside(self) -> None:
        swaps = sum(live.status().swaps for live in self.live.values())
        set_aside(everything=swaps % WHOLE_EVERY == 0)
