"""What pictures suggest beside what feeds state.  One partition per collection."""

import dagster as dg
from sqlalchemy import Engine

from assets.bounds import WorkBounds
from assets.encoder_in_force import encoder_id_in_force, encoder_in_force
from assets.failures import TRANSIENT, permanent
from assets.pieces import OVER_ALL
from assets.schemas import schema_metadata
from catalog import tables
from catalog.attributes.settings import EnrichmentSettings
from catalog.declarations import FeedRegistry
from catalog.errors import CatalogError
from index_builds.snapshots import SnapshotStore
from storage.objects import ObjectStore
from vision.embedding_parts import EmbeddingParts
from vision.encoder_loader import EncoderLoader
from vision.errors import EncoderError


@dg.asset(
    deps=["pieces", dg.AssetDep("image_embeddings", partition_mapping=OVER_ALL)],
    kinds={"openclip", "sqlalchemy"},
    code_version="1",
    retry_policy=TRANSIENT,
    metadata=schema_metadata(tables.piece_attributes),
)
def piece_attributes(
    context: dg.AssetExecutionContext,
    catalogue: dg.ResourceParam[Engine],
    objects: dg.ResourceParam[ObjectStore],
    snapshots: dg.ResourceParam[SnapshotStore],
    feeds: dg.ResourceParam[FeedRegistry],
    encoder: dg.ResourceParam[EncoderLoader],
    bounds: dg.ResourceParam[WorkBounds],
    enrichment: dg.ResourceParam[EnrichmentSettings],
) -> dg.MaterializeResult:
    """Style, era, motif, setting, look and craft of pieces: stated, decided, or suggested by pictures."""
    from assets.enrichment import enrich  # scipy takes a while to import, and definitions import this module
    from quality.reliability_display import reliability_display

    collection = context.partition_key
    with permanent(EncoderError, CatalogError):
        encoder_id = encoder_id_in_force(snapshots, collection, encoder)
        done = enrich(
            catalogue,
            objects,
            EmbeddingParts(objects, encoder_id, bounds.shards, bounds.cache),
            collection,
            lambda: encoder_in_force(snapshots, collection, encoder),
            feeds.languages(collection),
            enrichment,
        )
    return dg.MaterializeResult(
        data_version=dg.DataVersion(done.inputs[:32]),
        metadata={
            "dagster/partition_row_count": sum(sum(one.values()) for one in done.states.values()),
            "rows_changed": done.changed,
            "questions": done.questions,
            "encoder_id": encoder_id,
            **reliability_display(
                done.states, done.calibrations, done.left_out, done.unknown, floor=enrichment.floor
            ),
        },
    )
