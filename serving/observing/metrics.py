"""The figures of one serving process, as Prometheus takes them.  Names, labels and buckets; no I/O.

Labels are bounded: routes are templates, never paths; kinds, stages, caches and collections are ours.  With
several worker processes the client library keeps values in files that all of them share
(``PROMETHEUS_MULTIPROC_DIR``, which ``loupe serve`` sets); each gauge says how the processes' values become
one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

Kind = Literal["text", "image", "similar", "hybrid", "recent"]
Refusal = Literal["busy", "rate", "time"]
KINDS: tuple[Kind, ...] = ("text", "image", "similar", "hybrid", "recent")

# Around what the benchmarks measure: lookups take half a millisecond, pictures tens, an overloaded second.
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
_HITS = (0, 1, 5, 10, 24, 50, 100, 1_000)


@dataclass(slots=True)
class SearchFigures:
    """What is counted of one kind of search.  Safe to share between threads.

    ``traced`` is told each stage that ends: its kind, its name, its seconds.
    """

    kind: Kind
    stages: Histogram
    hits: Histogram
    empty: Counter
    traced: Callable[[str, str, float], None] | None = None

    def stage(self, name: str, seconds: float) -> None:
        """Note how long a stage of an answer took."""
        self.stages.labels(self.kind, name).observe(seconds)
        if self.traced is not None:
            self.traced(self.kind, name, seconds)

    def answered(self, count: int, *, first: bool) -> None:
        """Note the hits of a page; a first page without any is an empty result."""
        self.hits.labels(self.kind).observe(count)
        if first and not count:
            self.empty.labels(self.kind).inc()


class ServingMetrics:
    """Every figure there is, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()

        def counter(name: str, says: str, *labels: str) -> Counter:
            return Counter(f"loupe_{name}", says, labels, registry=self.registry)

        def gauge(name: str, says: str, together: str, *labels: str) -> Gauge:
            return Gauge(f"loupe_{name}", says, labels, registry=self.registry, multiprocess_mode=together)  # type: ignore[arg-type]  # a literal of the library's own

        def histogram(name: str, says: str, *labels: str, buckets: tuple[float, ...] = _SECONDS) -> Histogram:
            return Histogram(f"loupe_{name}", says, labels, registry=self.registry, buckets=buckets)

        self.requests = counter(
            "http_requests", "Requests by route template and status", "method", "route", "status"
        )
        self.request_seconds = histogram(
            "http_request_duration_seconds", "From the first byte asked to the last one sent", "route"
        )
        self.in_flight = gauge("http_requests_in_flight", "Requests being answered", "livesum")
        self.refused = counter("requests_refused", "Requests turned away, by reason", "reason")
        self.work_waiting = histogram("work_wait_duration_seconds", "What work waited for a thread")
        self.work_pending = gauge("work_pending", "Work in threads or waiting for one", "livesum")
        self.loop_lag = histogram("event_loop_lag_seconds", "How late the event loop woke up")
        self.resident = gauge("resident_memory_bytes", "Memory of the processes", "livesum")

        self._stages = histogram(
            "search_stage_duration_seconds", "Of one answer: encode, search, rank, write", "kind", "stage"
        )
        self._hits = histogram("search_hits", "Hits of a page", "kind", buckets=_HITS)
        self._empty = counter("searches_empty", "Questions that found nothing", "kind")

        self.cache_hits = counter("cache_hits", "Found in a cache", "cache")
        self.cache_misses = counter("cache_misses", "Not found in a cache", "cache")
        self.cache_shared = counter("cache_shared", "Joined the same work of another request", "cache")
        self.cache_entries = gauge("cache_entries", "Entries of a cache", "livesum", "cache")
        self.cache_bytes = gauge("cache_bytes", "Bytes of a cache", "livesum", "cache")

        self.snapshot_version = gauge(
            "snapshot_version", "Version that serves; of several workers the last one's", "livemin",
            "collection",
        )  # fmt: skip
        self.snapshot_published = gauge(
            "snapshot_published_timestamp_seconds", "When what serves was published", "livemin", "collection"
        )
        self.snapshot_recall = gauge(
            "snapshot_recall_lower", "Lower bound of recall at the gate, the worst query family", "livemin",
            "collection", "channel", "target",
        )  # fmt: skip
        self.snapshot_pieces = gauge("snapshot_pieces", "Pieces that can be found", "livemin", "collection")
        self.collection_ready = gauge(
            "collection_ready", "1 where a collection can be searched", "livemin", "collection"
        )
        self.collection_degraded = gauge(
            "collection_degraded", "1 where a promoted snapshot is refused, or the pointer unreachable",
            "livemax", "collection",
        )  # fmt: skip
        self.swaps = counter("snapshot_swaps", "Snapshots that began to serve", "collection")
        self.refusals = counter("snapshot_refusals", "Attempts that were refused", "collection")

        self.recorded = counter("records", "Events and searches: written, refused, left out, lost", "outcome")
        self.records_waiting = gauge("records_waiting", "Events and searches to be written", "livesum")

        self._searches = {kind: SearchFigures(kind, self._stages, self._hits, self._empty) for kind in KINDS}
        for kind in KINDS:
            self._empty.labels(kind)  # nothing yet is a figure, too
        for reason in ("busy", "rate", "time"):
            self.refused.labels(reason)

    def of(self, kind: Kind) -> SearchFigures:
        """Return what is counted of one kind of search."""
        return self._searches[kind]

    def trace_stages(self, traced: Callable[[str, str, float], None]) -> None:
        """Tell of each stage that ends, too."""
        for figures in self._searches.values():
            figures.traced = traced

    def turned_away(self, reason: Refusal) -> None:
        """Note a request that was refused for what else is going on, not for what it asks."""
        self.refused.labels(reason).inc()
