"""The searchable artefacts of a collection: candidate snapshot and promoted pointer.

One partition per collection.
"""

from collections.abc import Callable
from datetime import datetime

import dagster as dg
from sqlalchemy import Engine

from assets.bounds import WorkBounds
from assets.candidates import (
    IncompleteEmbeddingsError,
    NothingSearchableError,
    build_candidate_of,
    embedding_truth,
)
from assets.encoder_in_force import encoder_id_in_force, encoder_in_force, switched_to
from assets.failures import TRANSIENT, permanent
from assets.gate_display import gate_metadata, manifest_metadata
from assets.pieces import OVER_ALL
from catalog.demand import demand_of
from catalog.image_domains import kept_out
from catalog.query_phrases import query_phrases
from index_builds.errors import GateRefusedError, SigningKeyError, SnapshotDamagedError
from index_builds.settings import IndexSettings
from index_builds.snapshots import SnapshotStore
from storage.objects import ObjectStore
from vision.channels.selection import ChannelSelection
from vision.encoder_loader import EncoderLoader
from vision.encoder_records import label_of
from vision.errors import EncoderError


@dg.asset(
    deps=[
        dg.AssetDep("image_embeddings", partition_mapping=OVER_ALL),
        dg.AssetDep("channel_vectors", partition_mapping=OVER_ALL),
    ],
    kinds={"faiss"},
    code_version="1",
    retry_policy=TRANSIENT,
)
def index_snapshot(
    context: dg.AssetExecutionContext,
    searchable_images: str,
    catalogue: dg.ResourceParam[Engine],
    objects: dg.ResourceParam[ObjectStore],
    snapshots: dg.ResourceParam[SnapshotStore],
    encoder: dg.ResourceParam[EncoderLoader],
    index_settings: dg.ResourceParam[IndexSettings],
    bounds: dg.ResourceParam[WorkBounds],
    channels: dg.ResourceParam[ChannelSelection],
    clock: dg.ResourceParam[Callable[[], datetime]],
) -> dg.MaterializeResult[str]:
    """Candidate index over every accepted picture, one file per tier and channel, with the gate's report."""
    collection = context.partition_key
    gate = index_settings.gate
    switched = switched_to(snapshots, collection, encoder.settings)
    with permanent(
        EncoderError, NothingSearchableError, IncompleteEmbeddingsError, SigningKeyError, SnapshotDamagedError
    ):
        manifest = build_candidate_of(
            collection,
            searchable_images,
            query_phrases(catalogue, collection, limit=gate.queries_per_family, seed=gate.seed),
            objects=objects,
            snapshots=snapshots,
            encoder_id=encoder_id_in_force(snapshots, collection, encoder),
            load_encoder=lambda: encoder_in_force(snapshots, collection, encoder),
            instead_of=None if switched is None else label_of(encoder.settings),
            kept_out=[found.image_key for found in kept_out(catalogue, collection)],
            channels=channels.names,
            demand=demand_of(catalogue, collection),
            shards=bounds.shards,
            settings=index_settings,
            run_id=context.run.run_id,
            published_at=clock(),
        )
    return dg.MaterializeResult(
        value=manifest.snapshot_id,
        data_version=dg.DataVersion(manifest.content_digest[:32]),
        metadata=manifest_metadata(manifest),
    )


@dg.asset(kinds={"sqlalchemy"}, code_version="1", retry_policy=TRANSIENT)
def promoted_index(
    context: dg.AssetExecutionContext,
    index_snapshot: str,
    objects: dg.ResourceParam[ObjectStore],
    snapshots: dg.ResourceParam[SnapshotStore],
    encoder: dg.ResourceParam[EncoderLoader],
    index_settings: dg.ResourceParam[IndexSettings],
    bounds: dg.ResourceParam[WorkBounds],
    clock: dg.ResourceParam[Callable[[], datetime]],
) -> dg.MaterializeResult:
    """The pointer that serving follows, moved only to a snapshot that has passed its gate."""
    from index_builds.pointer_trust import renew
    from index_builds.promotion import promote
    from index_builds.tier_records import record_tiers

    collection = context.partition_key
    with permanent(SnapshotDamagedError, SigningKeyError):
        renew(snapshots, collection, signed_at=clock())  # readers of signed pointers ask that it be said anew
        record_tiers(snapshots, collection)  # of what is promoted by now, whoever did that
    moves = snapshots.history(collection)
    if moves and moves[-1].kind == "rollback":
        # Somebody went back on purpose: no hourly run may undo that; `snapshots promote` ends it.
        standing = snapshots.pointer(collection)
        context.log.warning(f"automatic promotion is paused since the rollback to {standing.snapshot_id}")
        return dg.MaterializeResult(
            metadata={"snapshot_id": standing.snapshot_id, "held_back": index_snapshot}
        )
    manifest = snapshots.manifest(collection, index_snapshot)
    if switched_to(snapshots, collection, encoder.settings) not in (None, manifest.encoder_id):
        # Built before the switch: promoting it would undo what a person decided.
        context.log.warning(f"{index_snapshot} was built with the encoder before the switch")
        return dg.MaterializeResult(
            metadata={"snapshot_id": snapshots.promoted(collection), "held_back": index_snapshot}
        )
    with permanent(GateRefusedError, SnapshotDamagedError, SigningKeyError):
        pointer = promote(
            snapshots,
            collection,
            index_snapshot,
            settings=index_settings.gate,
            actor=f"run {context.run.run_id}",
            moved_at=clock(),
            truth=lambda: embedding_truth(manifest, snapshots, objects, bounds.shards),
        )
        record_tiers(snapshots, collection)
    return dg.MaterializeResult(
        data_version=dg.DataVersion(index_snapshot),
        metadata={
            "snapshot_id": index_snapshot,
            "pointer_version": pointer.version,
            **gate_metadata(manifest),
        },
    )
