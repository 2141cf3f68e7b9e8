"""Vectors of accepted pictures.

One partition per hash shard of the image key; one run may take any range of them.
"""

import warnings

import dagster as dg
from sqlalchemy import Engine

from assets.bounds import WorkBounds
from assets.failures import TRANSIENT, permanent
from assets.pieces import OVER_ALL
from catalog.image_ledger import accepted_images
from storage.objects import ObjectStore
from vision.encoder_loader import EncoderLoader
from vision.errors import EncoderError

# One run for any range of shards loads the model once; the parameter is beta, and used knowingly.
warnings.filterwarnings("ignore", message=r".*`backfill_policy`", category=dg.BetaWarning)


@dg.asset(
    deps=[dg.AssetDep("searchable_images", partition_mapping=OVER_ALL)],
    kinds={"openclip", "parquet"},
    code_version="1",
    pool="gpu",
    backfill_policy=dg.BackfillPolicy.single_run(),
    retry_policy=TRANSIENT,
)
def image_embeddings(
    context: dg.AssetExecutionContext,
    catalogue: dg.ResourceParam[Engine],
    objects: dg.ResourceParam[ObjectStore],
    encoder: dg.ResourceParam[EncoderLoader],
    bounds: dg.ResourceParam[WorkBounds],
) -> dg.MaterializeResult:
    """Unit vectors of accepted pictures, kept in parts that are written once and never embedded twice."""
    from vision.embedding import embed_shard

    shards = sorted(int(key) for key in context.partition_keys)
    by_shard: dict[int, list[tuple[int, str]]] = {shard: [] for shard in shards}
    for image_key, image_id in accepted_images(catalogue):
        shard = image_key % bounds.shards
        if shard in by_shard:
            by_shard[shard].append((image_key, image_id))
    with permanent(EncoderError):
        loaded = encoder.load()
    reports = [
        embed_shard(objects, loaded, shard, wanted, workers=bounds.workers, cache=bounds.cache)
        for shard, wanted in by_shard.items()
        if wanted
    ]
    return dg.MaterializeResult(
        metadata={
            "encoder_id": loaded.encoder_id,
            "embedded": sum(report.embedded for report in reports),
            "already_there": sum(report.already for report in reports),
            "failed": sum(len(report.failed) for report in reports),
            "vectors": sum(report.embedded + report.already for report in reports),
        }
    )
