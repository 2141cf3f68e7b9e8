"""What a deployment holds, as one plain structure.

The run summary and ``loupe status --json`` both print it.
"""

from collections.abc import Iterable
from typing import Any

from catalog.accounting import CollectionBooks, FeedBooks, books
from index_builds.manifest import Manifest
from index_builds.snapshots import SnapshotStore
from index_builds.standing import standing_candidate
from orchestration.resources import engine_for, snapshot_store
from orchestration.settings import Settings
from storage.handoffs import handed_on
from vision.encoder_records import label_of, recorded_ids


def summarise(settings: Settings, collections: Iterable[str]) -> dict[str, Any]:
    """Return counts per step, rejects by reason, and what is promoted, for each collection.

    Every number comes from the database and the promoted manifest, so whoever asks later gets the same ones.
    """
    store, configured = snapshot_store(settings), label_of(settings.encoder)
    return {
        "collections": {
            name: _collection(
                books(engine_for(settings.database_url), name, settings.collections[name].feeds),
                store,
                configured,
            )
            for name in collections
        }
    }


def _collection(held: CollectionBooks, store: SnapshotStore, configured: str) -> dict[str, Any]:
    promoted = store.promoted(held.collection)
    latest = standing_candidate(
        store,
        held.collection,
        handed_on=handed_on(store.objects, "index_snapshot", held.collection),
        configured=configured,
        configured_ids=recorded_ids(store.objects, configured),
    )
    return {
        "balanced": held.balanced,
        "feeds": {feed.feed: _feed(feed) for feed in held.feeds},
        "pieces": held.pieces,
        "joined_pieces": held.joined_pieces,
        "disagreements": held.disagreements,
        "distinct_images": held.distinct_images,
        "renditions": held.renditions,
        "price_spans": held.price_spans,
        "trend_rows": held.trend_rows,
        "promoted": promoted and _snapshot(store.manifest(held.collection, promoted)),
        "latest_snapshot": latest,
    }


def _feed(feed: FeedBooks) -> dict[str, Any]:
    return {
        "deliveries": feed.deliveries,
        "items": feed.items,
        "accepted": feed.accepted,
        "rejected": feed.rejected,
        "rejects_by_reason": dict(feed.rejects_by_reason),
        "live": feed.live,
        "withdrawn": feed.withdrawn,
        "image_references": feed.image_references,
        "images": dict(feed.image_states),
        "image_reasons": dict(feed.image_reasons),
        "attachments": dict(feed.attachment_states),
        "error": feed.error,
        "held": [
            {
                "name": one.name,
                "delivered_at": one.delivered_at,
                "reason": one.reason,
                "pictures": one.pictures,
            }
            for one in feed.held
        ],
    }


def _snapshot(manifest: Manifest) -> dict[str, Any]:
    return {
        "snapshot_id": manifest.snapshot_id,
        "vectors": manifest.live_vectors,
        "megabytes": round(sum(manifest.content.file_digests().values()) / 1e6, 3),
        "tiers": {
            tier: sum(file.vectors for file in channels.values())
            for tier, channels in manifest.content.tiers.items()
        },
        "recall_at_k": {
            f"{stratum.family}/{stratum.target}": {
                "k": manifest.gate.k,
                "recall": stratum.recall,
                "lower": stratum.lower,
                "queries": stratum.queries,
            }
            for stratum in manifest.gate.overall()
        },
    }
