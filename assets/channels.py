"""Vectors of accepted pictures in the attribute channels: colour, shape, material, style.

Partitions are those of the embeddings, which ``material`` and ``style`` are computed from.
"""

import warnings
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import dagster as dg
from sqlalchemy import Engine

from assets.bounds import WorkBounds
from assets.encoder_in_force import collections_by_encoder, switched_encoder
from assets.failures import TRANSIENT, permanent
from catalog.declarations import FeedRegistry
from catalog.image_ledger import accepted_images
from index_builds.snapshots import SnapshotStore
from storage.objects import ObjectStore
from vision.channels.selection import ChannelSelection
from vision.encoder_loader import EncoderLoader
from vision.encoders import Encoder
from vision.errors import ChannelError, EmbeddingPartError, EncoderError

if TYPE_CHECKING:
    from vision.channels.computing import ChannelReport, ChannelStanding

# As in assets.embeddings: one run for any range of shards; the parameter is beta, and used knowingly.
warnings.filterwarnings("ignore", message=r".*`backfill_policy`", category=dg.BetaWarning)

Pictures = Mapping[int, Sequence[tuple[int, str]]]  # shard -> (image_key, image_id)


@dg.asset(
    deps=["image_embeddings"],
    kinds={"opencv", "parquet"},
    code_version="1",
    backfill_policy=dg.BackfillPolicy.single_run(),
    retry_policy=TRANSIENT,
)
def channel_vectors(
    context: dg.AssetExecutionContext,
    catalogue: dg.ResourceParam[Engine],
    objects: dg.ResourceParam[ObjectStore],
    snapshots: dg.ResourceParam[SnapshotStore],
    feeds: dg.ResourceParam[FeedRegistry],
    encoder: dg.ResourceParam[EncoderLoader],
    bounds: dg.ResourceParam[WorkBounds],
    channels: dg.ResourceParam[ChannelSelection],
) -> dg.MaterializeResult:
    """Unit vectors of accepted pictures by what they show: colours, silhouette, surface, design family."""
    shards = {int(key) for key in context.partition_keys}
    vectors: Counter[str] = Counter()
    without: Counter[str] = Counter()
    described, failed = 0, 0
    with permanent(EncoderError, ChannelError, EmbeddingPartError):
        for switched, names in collections_by_encoder(snapshots, feeds.collections, encoder.settings).items():
            encoder_id = switched or encoder.known_id() or encoder.load().encoder_id
            accepted = {picture for name in names for picture in accepted_images(catalogue, name)}
            pictures = pictures_by_shard(accepted, shards, bounds)
            if pending_shards(objects, channels, encoder_id, pictures, bounds):
                loaded = encoder.load() if switched is None else switched_encoder(encoder, switched, names)
                for report in describe_pictures(objects, loaded, channels, pictures, bounds):
                    described += sum(report.described.values())
                    failed += len(report.failed)
            for name, _, standing in standings(objects, channels, encoder_id, pictures, bounds):
                vectors[name] += standing.vectors
                without.update({f"{name}: {reason}": count for reason, count in standing.gaps.items()})
    return dg.MaterializeResult(
        metadata={
            **{f"{name}_vectors": vectors[name] for name in channels.names},
            "described": described,
            "without": dict(without),
            "failed": failed,
        }
    )


def pictures_by_shard(
    pictures: Iterable[tuple[int, str]], shards: Collection[int], bounds: WorkBounds
) -> Pictures:
    """Return the pictures of some shards, by shard; a shard without any is left out."""
    found: dict[int, list[tuple[int, str]]] = {}
    for picture in sorted(pictures):
        if (shard := picture[0] % bounds.shards) in shards:
            found.setdefault(shard, []).append(picture)
    return found


def standings(
    objects: ObjectStore,
    channels: ChannelSelection,
    encoder_id: str,
    pictures: Pictures,
    bounds: WorkBounds,
) -> "Iterable[tuple[str, int, ChannelStanding]]":
    """Yield what there is of every channel and shard, without a model."""
    from vision.channels.computing import channel_standing
    from vision.channels.registry import channel_ids

    for name, channel_id in channel_ids(channels.names, encoder_id).items():
        for shard, wanted in pictures.items():
            yield (
                name,
                shard,
                channel_standing(objects, channel_id, encoder_id, shard, wanted, bounds.cache),
            )


def pending_shards(
    objects: ObjectStore,
    channels: ChannelSelection,
    encoder_id: str,
    pictures: Pictures,
    bounds: WorkBounds,
) -> set[int]:
    """Return the shards that some picture waits in; most runs find none, and load no model for it."""
    return {
        shard
        for _, shard, standing in standings(objects, channels, encoder_id, pictures, bounds)
        if len(standing.pending)
    }


def describe_pictures(
    objects: ObjectStore,
    encoder: Encoder,
    channels: ChannelSelection,
    pictures: Pictures,
    bounds: WorkBounds,
) -> "list[ChannelReport]":
    """Describe those pictures that some channel knows nothing of yet, shard by shard."""
    from vision.channels.computing import compute_channel_shard
    from vision.channels.registry import open_channels

    opened = open_channels(channels.names, encoder)
    return [
        compute_channel_shard(
            objects,
            opened,
            encoder.encoder_id,
            shard,
            bounds.shards,
            wanted,
            workers=bounds.workers,
            cache=bounds.cache,
        )
        for shard, wanted in pictures.items()
    ]
