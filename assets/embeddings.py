"""Vectors of accepted pictures.

One partition per hash shard of the image key; one run may take any range of them.
"""

import warnings
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING

import dagster as dg
import numpy as np
from sqlalchemy import Engine

from assets.bounds import WorkBounds
from assets.domains import score_domains
from assets.encoder_in_force import collections_by_encoder, switched_encoder
from assets.failures import TRANSIENT, permanent
from assets.pieces import OVER_ALL
from catalog.declarations import FeedRegistry
from catalog.image_ledger import accepted_images
from index_builds.snapshots import SnapshotStore
from storage.objects import ObjectStore
from vision.encoder_loader import EncoderLoader
from vision.encoder_records import record_encoder
from vision.encoders import Encoder
from vision.errors import EncoderError

if TYPE_CHECKING:
    from vision.embedding import EmbeddingReport

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
    snapshots: dg.ResourceParam[SnapshotStore],
    feeds: dg.ResourceParam[FeedRegistry],
    encoder: dg.ResourceParam[EncoderLoader],
    bounds: dg.ResourceParam[WorkBounds],
) -> dg.MaterializeResult:
    """Unit vectors of accepted pictures, kept in parts that are written once and never embedded twice."""
    shards = {int(key) for key in context.partition_keys}
    reports: list[EmbeddingReport] = []
    encoder_ids: list[str] = []
    failures: list[str] = []
    kept_out: dict[str, int | str] = {}
    for switched, collections in collections_by_encoder(
        snapshots, feeds.collections, encoder.settings
    ).items():
        pictures = {picture for name in collections for picture in accepted_images(catalogue, name)}
        encoder_id = encoder.known_id() if switched is None else None  # a switched one that is lost is named
        there = (
            None if encoder_id is None else already_embedded(objects, encoder_id, pictures, shards, bounds)
        )
        try:
            if encoder_id is not None and there is not None:
                reports.append(there)  # most runs: nothing waits, and no model is loaded to find that out
            else:
                loaded = _loaded(objects, encoder, switched, collections)
                reports += embed_pictures(objects, loaded, pictures, shards, bounds)
                encoder_id = loaded.encoder_id
        except EncoderError as error:
            failures.append(
                f"{', '.join(collections)}: {error}"
            )  # the others' pictures are embedded all the same
            continue
        encoder_ids.append(encoder_id)
        for name in collections:
            try:
                kept_out[name] = score_domains(catalogue, objects, encoder_id, name, bounds)
            except EncoderError as error:  # its head is damaged
                failures.append(f"{name}: {error}")
    with permanent(EncoderError):
        if failures:
            raise EncoderError("; ".join(failures))
    return dg.MaterializeResult(
        metadata={
            "encoder_id": ", ".join(encoder_ids),
            "embedded": sum(report.embedded for report in reports),
            "already_there": sum(report.already for report in reports),
            "failed": sum(len(report.failed) for report in reports),
            "vectors": sum(report.embedded + report.already for report in reports),
            "kept_out_as_not_jewelry": kept_out,
        }
    )


def _loaded(
    objects: ObjectStore, encoder: EncoderLoader, switched: str | None, collections: Sequence[str]
) -> Encoder:
    if switched is not None:
        return switched_encoder(encoder, switched, collections)
    loaded = encoder.load()
    record_encoder(objects, loaded, encoder.settings)
    return loaded


def already_embedded(
    objects: ObjectStore,
    encoder_id: str,
    pictures: Iterable[tuple[int, str]],
    shards: Collection[int],
    bounds: WorkBounds,
) -> "EmbeddingReport | None":
    """Return the report of a run with nothing to embed; None where a picture of these shards waits."""
    from vision.embedding import EmbeddingReport
    from vision.embedding_parts import present_keys

    keys = np.array([key for key, _ in pictures if key % bounds.shards in shards], dtype=np.int64)
    for shard in {int(shard) for shard in np.unique(keys % bounds.shards)}:
        present = present_keys(objects, encoder_id, shard, bounds.cache)
        if not np.isin(keys[keys % bounds.shards == shard], present).all():
            return None
    return EmbeddingReport(embedded=0, already=len(keys), failed=(), parts=(), seconds=0.0)


def embed_pictures(
    objects: ObjectStore,
    encoder: Encoder,
    pictures: Iterable[tuple[int, str]],
    shards: Collection[int],
    bounds: WorkBounds,
    on_progress: Callable[[int], None] | None = None,
) -> "list[EmbeddingReport]":
    """Embed those pictures of some shards that have no vector of this encoder yet, shard by shard.

    Args:
        objects: Holds the pictures and takes the vectors.
        encoder: The model.
        pictures: ``(image_key, image_id)`` of every picture that should have a vector, of any shard.
        shards: Which shards to work on.
        bounds: Threads, number of shards, cache.
        on_progress: Told how many more pictures were dealt with, after each stored part.
    """
    from vision.embedding import embed_shard
    from vision.preparation import PreparationProcesses

    by_shard: dict[int, list[tuple[int, str]]] = {shard: [] for shard in sorted(shards)}
    for image_key, image_id in pictures:
        shard = image_key % bounds.shards
        if shard in by_shard:
            by_shard[shard].append((image_key, image_id))
    reports = []
    with ExitStack() as stack:
        # Beside a GPU, processes prepare the pictures; each imports torch, so all shards share them.
        preparation = (
            stack.enter_context(PreparationProcesses(encoder.preprocess, bounds.workers))
            if encoder.on_gpu
            else None
        )
        for shard, wanted in by_shard.items():
            if not wanted:
                continue
            reports.append(
                embed_shard(
                    objects,
                    encoder,
                    shard,
                    wanted,
                    workers=bounds.workers,
                    cache=bounds.cache,
                    on_progress=_Increments(on_progress),
                    preparation=preparation,
                )
            )
    return reports


class _Increments:
    """Turn counts since a shard's start into what was added since the last count."""

    def __init__(self, tell: Callable[[int], None] | None) -> None:
        self._tell = tell
        self._told = 0

    def __call__(self, done: int, _total: int) -> None:
        if self._tell is not None:
            self._tell(done - self._told)
        self._told = done
