"""The assets as this deployment runs them: group, owner, partitions and automation of each, in one table."""

from dataclasses import dataclass
from datetime import timedelta

import dagster as dg

from assets import (
    attachments,
    attributes,
    channels,
    embeddings,
    feeds,
    images,
    index,
    pieces,
    quality,
    search_quality,
)
from orchestration.automation import when_upstream_changed, when_upstream_ran
from orchestration.partitions import Partitions


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where an asset belongs and when it runs by itself."""

    group: str
    owner: str
    partitions: dg.PartitionsDefinition
    automation: dg.AutomationCondition | None = None
    fresh_within: timedelta | None = None


HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def places(partitions: Partitions) -> dict[str, Place]:
    """Return every asset's place, in reading order of the flow."""
    feed_days, collections, shards = partitions.feed_days, partitions.collections, partitions.shards
    ingest, search = "team:ingest", "team:search"
    return {
        "deliveries": Place(group="feeds", owner=ingest, partitions=feed_days, fresh_within=2 * HOUR),
        "listings": Place(group="feeds", owner=ingest, partitions=feed_days),
        "rejects": Place(group="feeds", owner=ingest, partitions=feed_days),
        "price_history": Place(group="feeds", owner=ingest, partitions=feed_days),
        "images": Place(
            group="pictures", owner=ingest, partitions=collections, automation=when_upstream_changed()
        ),
        "picture_relations": Place(
            group="pictures", owner=ingest, partitions=collections, automation=when_upstream_ran()
        ),
        "attachments": Place(
            group="catalogue", owner=ingest, partitions=collections, automation=when_upstream_ran()
        ),
        "image_verdicts": Place(
            group="pictures", owner=ingest, partitions=collections, automation=when_upstream_ran()
        ),
        "pieces": Place(
            group="catalogue", owner=ingest, partitions=collections, automation=when_upstream_ran()
        ),
        # By the nightly job alone: with it the next snapshot places every piece anew.
        "piece_demand": Place(group="catalogue", owner=search, partitions=collections),
        # By the nightly job alone: what it is made from comes by the second, not with the catalogue.
        "search_quality": Place(group="serving", owner=search, partitions=collections),
        "trends": Place(
            group="catalogue", owner=ingest, partitions=collections, automation=when_upstream_ran()
        ),
        "quality_docs": Place(
            group="pictures", owner=ingest, partitions=collections, automation=when_upstream_ran()
        ),
        "renditions": Place(
            group="pictures", owner=ingest, partitions=collections, automation=when_upstream_ran()
        ),
        "searchable_images": Place(
            group="pictures", owner=search, partitions=collections, automation=when_upstream_ran()
        ),
        "image_embeddings": Place(
            group="index", owner=search, partitions=shards, automation=when_upstream_changed()
        ),
        "channel_vectors": Place(
            group="index", owner=search, partitions=shards, automation=when_upstream_ran()
        ),
        "join_proposals": Place(
            group="catalogue",
            owner=ingest,
            partitions=collections,
            # Embeddings run after every change of pieces; following both would propose without new vectors.
            automation=when_upstream_ran(ignoring=dg.AssetSelection.assets("pieces")),
        ),
        "piece_attributes": Place(
            group="catalogue",
            owner=ingest,
            partitions=collections,
            # As for join_proposals: without new vectors there is nothing new to suggest.
            automation=when_upstream_ran(ignoring=dg.AssetSelection.assets("pieces")),
        ),
        "index_snapshot": Place(
            group="index",
            owner=search,
            partitions=collections,
            # Embeddings run after every change of searchable_images, and channels after embeddings; following
            # all of them would build without new vectors.
            automation=when_upstream_ran(
                ignoring=dg.AssetSelection.assets("searchable_images", "image_embeddings")
            ),
        ),
        "promoted_index": Place(
            group="index",
            owner=search,
            partitions=collections,
            automation=when_upstream_ran(),
            fresh_within=DAY,
        ),
    }


def placed_assets(partitions: Partitions) -> list[dg.AssetsDefinition]:
    """Return all assets with their places applied."""
    table = places(partitions)

    def put(spec: dg.AssetSpec) -> dg.AssetSpec:
        place = table[spec.key.to_user_string()]
        return spec.replace_attributes(
            group_name=place.group,
            owners=[place.owner],
            partitions_def=place.partitions,
            automation_condition=place.automation,
            freshness_policy=place.fresh_within
            and dg.FreshnessPolicy.time_window(fail_window=place.fresh_within),
        )

    definitions = [
        feeds.deliveries,
        feeds.intake,
        images.images,
        images.picture_relations,
        images.image_verdicts,
        pieces.pieces,
        pieces.piece_demand,
        pieces.trends,
        search_quality.search_quality,
        attachments.attachments,
        quality.quality_docs,
        images.renditions,
        images.searchable_images,
        embeddings.image_embeddings,
        channels.channel_vectors,
        pieces.join_proposals,
        attributes.piece_attributes,
        index.index_snapshot,
        index.promoted_index,
    ]
    return list(dg.map_asset_specs(put, definitions))
