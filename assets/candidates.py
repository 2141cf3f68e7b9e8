"""Assembling a candidate: what the catalogue knows and what the encoder saw, handed to the index builder.

Here the rooms meet: vectors from ``vision``, rows and phrases from ``catalog``, tiers and the build from
``index_builds``.  No room knows of another; this module passes data.
"""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from assets.placing import place_pieces
from catalog.demand import Demand
from index_builds.manifest import INSTEAD_OF, Manifest
from index_builds.settings import IndexSettings
from index_builds.snapshots import SnapshotStore
from storage.objects import ObjectStore
from vision.embedding_parts import EmbeddingParts
from vision.encoded_queries import text_vectors
from vision.encoders import Encoder

if TYPE_CHECKING:
    from index_builds.pipeline import ChannelVectors


class NothingSearchableError(Exception):
    """No accepted picture of the collection has a vector, so there is nothing to build."""


class IncompleteEmbeddingsError(Exception):
    """Too many accepted pictures have no vector: an index of the rest would lose pieces without a word."""


def build_candidate_of(
    collection: str,
    frame_key: str,
    phrases: Sequence[str],
    *,
    objects: ObjectStore,
    snapshots: SnapshotStore,
    encoder_id: str,
    load_encoder: Callable[[], Encoder],
    shards: int,
    settings: IndexSettings,
    run_id: str | None,
    instead_of: str | None = None,
    kept_out: Collection[int] = (),
    channels: Sequence[str] = (),
    demand: Demand,
    published_at: datetime | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> Manifest:
    """Build, prove and publish a collection's candidate; the same inputs give the same snapshot.

    Args:
        collection: Its name.
        frame_key: Object key of the ``searchable_images`` frame.
        phrases: Text queries for the gate; the manifest's ``upstream`` counts those without a known word.
        objects: Where frames and embedding parts are.
        snapshots: Where the candidate is published.
        encoder_id: Of the encoder in force; only its vectors are used.
        load_encoder: Loads it, where phrases must be encoded.
        shards: How many embedding shards there are.
        settings: Tiers and gate.
        run_id: The run that builds it, for the manifest.
        instead_of: Label of the encoder that the settings name, where another one was chosen by hand.
        kept_out: Keys of pictures in the frame that show no jewelry; the index does without them.
        channels: Attribute channels to index beside the encoder's vectors; one without any is left out,
            and the manifest's ``upstream`` says so.
        demand: How much each piece is wanted.
        published_at: When, aware; for retention by age.
        progress: Told of every step: what, done, of how many.

    Raises:
        NothingSearchableError: If no accepted picture has a vector.
        IncompleteEmbeddingsError: If fewer of them have one than the gate's coverage asks for.
    """
    from index_builds.pipeline import build_candidate
    from index_builds.queries import HELD_OUT, TEXT, free_queries, held_out_queries

    frame = pq.read_table(BytesIO(objects.get(frame_key)))
    wanted = np.setdiff1d(frame["image_key"].to_numpy(), np.array(sorted(kept_out), dtype=np.int64))
    parts = EmbeddingParts(objects, encoder_id, shards, snapshots.cache)
    keys, vectors = parts.read(wanted)
    if not len(keys):
        message = (
            f"collection {collection} has {len(wanted)} accepted pictures and no vector of encoder "
            f"{encoder_id}: see why its pictures were kept out (`loupe status`), or run the embed job"
        )
        raise NothingSearchableError(message)
    if len(keys) < settings.gate.min_coverage * len(wanted):
        message = (
            f"{len(keys)} of {len(wanted)} accepted pictures of {collection} have a vector of encoder "
            f"{encoder_id}, gate.min_coverage asks for {settings.gate.min_coverage:.0%}: run the "
            "embed job"
        )
        raise IncompleteEmbeddingsError(message)
    metadata = frame.filter(np.isin(frame["image_key"].to_numpy(), keys))
    placed = place_pieces(
        collection, metadata, keys, demand, snapshots, settings.tiers, dimension=vectors.shape[1]
    )
    queries = {
        HELD_OUT: held_out_queries(
            keys,
            vectors,
            _groups(metadata, keys),
            count=settings.gate.queries_per_family,
            seed=settings.gate.seed,
        )
    }
    upstream = {"searchable_images": frame_key} | ({INSTEAD_OF: instead_of} if instead_of else {})
    described = _channels(channels, objects, encoder_id, shards, snapshots, keys, metadata, settings)
    for name in channels:
        if name not in described:
            upstream[f"channel_without_vectors_{name}"] = encoder_id
    texts = text_vectors(objects, encoder_id, load_encoder, phrases)
    if len(texts.vectors):
        queries[TEXT] = free_queries(texts.vectors)
    if texts.dropped:
        upstream["phrases_without_known_words"] = str(texts.dropped)
    return build_candidate(
        snapshots,
        collection=collection,
        encoder_id=encoder_id,
        keys=keys,
        vectors=vectors,
        metadata=metadata,
        tier_of=placed.tier_of,
        piece_tiers=placed.file,
        queries=queries,
        settings=settings,
        upstream=upstream,
        run_id=run_id,
        published_at=published_at,
        progress=progress,
        channels=described,
    )


def embedding_truth(
    manifest: Manifest, snapshots: SnapshotStore, objects: ObjectStore, shards: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return keys and vectors of a snapshot's pictures from the embedding parts, not from its index files."""
    from index_builds.metadata_file import read_metadata

    digest = manifest.content.metadata.digest
    path = snapshots.file(digest)
    keys = np.unique(read_metadata(path.read_bytes(), str(path))["image_key"].to_numpy())
    return EmbeddingParts(objects, manifest.encoder_id, shards, snapshots.cache).read(keys)


def _channels(
    names: Sequence[str],
    objects: ObjectStore,
    encoder_id: str,
    shards: int,
    snapshots: SnapshotStore,
    keys: NDArray[np.int64],
    metadata: pa.Table,
    settings: IndexSettings,
) -> "dict[str, ChannelVectors]":
    from index_builds.pipeline import ChannelVectors
    from index_builds.queries import HELD_OUT, held_out_queries
    from vision.channels.registry import channel_ids

    described: dict[str, ChannelVectors] = {}
    if not names:
        return described
    groups = _groups(metadata, keys)  # in the order of keys, which are sorted
    for name, channel_id in channel_ids(names, encoder_id).items():
        own, vectors = EmbeddingParts(objects, channel_id, shards, snapshots.cache).read(keys)
        if not len(own):
            continue
        queries = held_out_queries(
            own,
            vectors,
            groups[np.searchsorted(keys, own)],
            count=min(settings.gate.queries_per_family, settings.gate.channel_queries),
            seed=settings.gate.seed,
        )
        described[name] = ChannelVectors(
            channel_id=channel_id, keys=own, vectors=vectors, queries={HELD_OUT: queries}
        )
    return described


def _groups(metadata: pa.Table, keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return a group number per picture.

    Pictures of one piece must not find each other as held-out queries.
    """
    first: dict[int, str] = {}
    for key, piece in zip(metadata["image_key"].to_pylist(), metadata["piece_id"].to_pylist(), strict=True):
        first.setdefault(key, piece)
    numbers = {piece: number for number, piece in enumerate(sorted(set(first.values())))}
    return np.array([numbers[first[key]] for key in keys.tolist()], dtype=np.int64)
