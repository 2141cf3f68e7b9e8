"""Another encoder beside the one in force: its vectors, its snapshot, what it would change, and the switch.

Nothing that serving or the hourly runs read is touched before the pointer moves, and that one step moves it
through the same proof as any promotion.  Everything before it can be killed and goes on where it was.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from sqlalchemy import Engine

from assets.bounds import WorkBounds
from assets.candidates import build_candidate_of, embedding_truth
from assets.embeddings import embed_pictures
from catalog.demand import demand_of
from catalog.image_domains import kept_out
from catalog.image_ledger import accepted_images
from catalog.query_phrases import query_phrases
from index_builds.encoder_comparison import Relevance
from index_builds.errors import GateRefusedError, IndexBuildError
from index_builds.manifest import Manifest
from index_builds.settings import IndexSettings
from index_builds.snapshots import SnapshotStore
from storage.objects import ObjectStore
from vision.embedding_parts import EmbeddingParts
from vision.encoder_loader import EncoderLoader
from vision.encoder_records import identity_of, label_of, record_encoder
from vision.encoders import Encoder, EncoderSettings
from vision.errors import EncoderError, VisionError
from vision.queries import encode_queries

Tell = Callable[[str, int, int], None]  # what is done now, how much of it is done, of how much


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """What a deployment has, as far as changing its encoder needs it."""

    catalogue: Engine
    objects: ObjectStore
    snapshots: SnapshotStore
    encoders: EncoderLoader
    index: IndexSettings
    bounds: WorkBounds


@dataclass(frozen=True, slots=True, kw_only=True)
class Embedded:
    """What became of the pictures: vectors made now, vectors that were there, pictures that give none."""

    encoder_id: str
    label: str
    dimension: int
    embedded: int
    already: int
    failed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A collection's snapshot of another encoder beside what is promoted.

    Attributes:
        collection: Whose.
        snapshot_id: Of the candidate.
        beside: The promoted snapshot; ``None`` before the first promotion.
        label: The candidate's encoder.
        beside_label: The promoted snapshot's encoder, as far as it is known.
        gate_failures: What the gate holds against it; empty when it passed.
        relevance: Both encoders on the same questions; empty where ``not_compared`` says why.
        not_compared: Why some comparison was left out.
    """

    collection: str
    snapshot_id: str
    beside: str | None
    label: str
    beside_label: str | None
    gate_failures: tuple[str, ...]
    relevance: tuple[Relevance, ...]
    not_compared: str | None

    @property
    def worse(self) -> tuple[Relevance, ...]:
        """Where the new encoder finds less, beyond doubt."""
        return tuple(one for one in self.relevance if one.worse)


def embed_beside(house: House, other: EncoderLoader, collections: Sequence[str], tell: Tell) -> Embedded:
    """Embed every accepted picture of some collections with another encoder, beside the vectors there are.

    Raises:
        EncoderError: If the encoder cannot be loaded, or has the label of the configured one and is another.
    """
    tell("loading the encoder", 0, 1)
    encoder = other.load()
    _tell_apart(house.encoders, other)  # here too: not after hours of embedding
    record_encoder(house.objects, encoder, other.settings)
    pictures = {picture for name in collections for picture in accepted_images(house.catalogue, name)}
    done = 0

    def more(count: int) -> None:
        nonlocal done
        done += count
        tell("embedding", min(done, waiting), waiting)

    waiting = waiting_pictures(house, encoder.encoder_id, pictures)
    tell("embedding", 0, waiting)
    reports = embed_pictures(
        house.objects, encoder, pictures, range(house.bounds.shards), house.bounds, on_progress=more
    )
    return Embedded(
        encoder_id=encoder.encoder_id,
        label=label_of(other.settings),
        dimension=encoder.dimension,
        embedded=sum(report.embedded for report in reports),
        already=sum(report.already for report in reports),
        failed=sum(len(report.failed) for report in reports),
    )


def waiting_pictures(house: House, encoder_id: str, pictures: set[tuple[int, str]]) -> int:
    """Return how many of the pictures have no vector of an encoder yet."""
    parts = EmbeddingParts(house.objects, encoder_id, house.bounds.shards, house.bounds.cache)
    present = {key for shard in range(house.bounds.shards) for key in parts.present(shard).tolist()}
    return sum(key not in present for key, _ in pictures)


def judge_beside(
    house: House,
    other: EncoderLoader,
    collection: str,
    frame_key: str,
    *,
    run_id: str | None,
    published_at: datetime,
    tell: Tell,
) -> Judged:
    """Build a collection's candidate with another encoder, run its gate, compare it with the promoted one.

    Args:
        house: The deployment.
        other: The other encoder, whose vectors are there.
        collection: Whose candidate.
        frame_key: Object key of the ``searchable_images`` frame.
        run_id: The run that builds it.
        published_at: When, aware; for retention by age.
        tell: Told of every step.

    Raises:
        EncoderError: If the encoder cannot be loaded, or has the label of the configured one and is another.
        NothingSearchableError: If no accepted picture has a vector.
        IncompleteEmbeddingsError: If too few have one.
    """
    encoder, gate = other.load(), house.index.gate
    _tell_apart(house.encoders, other)
    configured, label = label_of(house.encoders.settings), label_of(other.settings)
    manifest = build_candidate_of(
        collection,
        frame_key,
        query_phrases(house.catalogue, collection, limit=gate.queries_per_family, seed=gate.seed),
        objects=house.objects,
        snapshots=house.snapshots,
        encoder_id=encoder.encoder_id,
        load_encoder=lambda: encoder,
        shards=house.bounds.shards,
        settings=house.index,
        run_id=run_id,
        instead_of=None if label == configured else configured,
        kept_out=[found.image_key for found in kept_out(house.catalogue, collection)],
        demand=demand_of(house.catalogue, collection),
        published_at=published_at,
        progress=tell,
    )
    promoted = house.snapshots.promoted(collection)
    relevance: list[Relevance] = []
    beside_label, why = None, "nothing is promoted yet"
    if promoted is not None:
        incumbent = house.snapshots.manifest(collection, promoted)
        if incumbent.encoder_id == manifest.encoder_id:
            beside_label, why = label, "the promoted snapshot has the same encoder"
        else:
            tell("comparing the encoders", 0, 1)
            beside_label, relevance, why = _compared(house, encoder, manifest, incumbent)
    return Judged(
        collection=collection,
        snapshot_id=manifest.snapshot_id,
        beside=promoted,
        label=label,
        beside_label=beside_label,
        gate_failures=tuple(manifest.gate.failures),
        relevance=tuple(relevance),
        not_compared=why or None,
    )


def switch(house: House, judged: Judged, *, actor: str, moved_at: datetime, even_if_worse: bool) -> int:
    """Promote a judged candidate, and keep the snapshot it replaces; return the pointer's version.

    Raises:
        GateRefusedError: If the gate does not hold, or the encoder is worse beyond doubt and that was not
            accepted.
    """
    from index_builds.promotion import promote
    from index_builds.tier_records import record_tiers

    if judged.worse and not even_if_worse:
        message = (
            f"{judged.label} finds less than {judged.beside_label or 'the present encoder'} in "
            f"{judged.collection}: {'; '.join(map(str, judged.worse))}. The old one keeps serving; "
            "--even-if-worse switches all the same"
        )
        raise GateRefusedError(message)
    manifest = house.snapshots.manifest(judged.collection, judged.snapshot_id)
    left = house.snapshots.promoted(judged.collection)
    if left is not None and left != judged.snapshot_id:
        # Hours of the new encoder's snapshots must not push the way back out of retention.  Pinned before the
        # move, since a run that is killed in between would never pin; a pin too many does no harm.
        house.snapshots.pin(judged.collection, left)
    said = "; ".join(map(str, judged.relevance)) or judged.not_compared
    pointer = promote(
        house.snapshots,
        judged.collection,
        judged.snapshot_id,
        settings=house.index.gate,
        actor=actor,
        moved_at=moved_at,
        truth=lambda: embedding_truth(manifest, house.snapshots, house.objects, house.bounds.shards),
        reason=f"switched to {judged.label}; {said}",
    )
    record_tiers(house.snapshots, judged.collection)
    return pointer.version


def _tell_apart(encoders: EncoderLoader, other: EncoderLoader) -> None:
    """Raise EncoderError where the configured encoder and another one have one label.

    A switch is remembered by the configured encoder's label, so one between them would be undone silently.
    """
    label = label_of(other.settings)
    if label != label_of(encoders.settings) or identity_of(other.settings) == identity_of(encoders.settings):
        return
    if other.load().encoder_id != encoders.load().encoder_id:
        message = (
            f"{_place(other.settings)} is another encoder than {_place(encoders.settings)} of the settings, "
            f"and both go by the name {label!r}: rename one file or folder, so that they can be told apart"
        )
        raise EncoderError(message)


def _place(settings: EncoderSettings) -> str:
    return " with ".join(str(path) for path in (settings.model, settings.checkpoint) if path is not None)


def _compared(
    house: House, encoder: Encoder, manifest: Manifest, incumbent: Manifest
) -> tuple[str | None, list[Relevance], str]:
    """Return the incumbent's label, the comparisons, and why any was left out."""
    from index_builds.encoder_comparison import attribute_phrases, compare_phrases, compare_pictures
    from index_builds.reading import open_content
    from vision.encoder_records import recorded_encoder

    gate, found, why = house.index.gate, list[Relevance](), list[str]()
    record = recorded_encoder(house.objects, incumbent.encoder_id)
    label = None if record is None else label_of(record.settings)
    metadata = open_content(manifest.content, house.snapshots.file, snapshot_id=None, tiers=()).metadata
    held = np.unique(metadata["image_key"].to_numpy())
    ours, theirs = (_parts(house, one).read(held) for one in (manifest, incumbent))
    keys = np.intersect1d(ours[0], theirs[0])
    if not len(keys):
        return label, found, "no picture has vectors of both encoders"
    vectors, others = (of[np.isin(have, keys)] for have, of in (ours, theirs))
    piece_of = dict(zip(metadata["image_key"].to_pylist(), metadata["piece_id"].to_pylist(), strict=True))
    pictures = compare_pictures(keys, [piece_of[key] for key in keys.tolist()], vectors, others, gate)
    if pictures is None:
        why.append(f"fewer than {gate.min_stratum_queries} pictures show a piece that others show too")
    else:
        found.append(pictures)
    try:
        before = house.encoders.of(incumbent.encoder_id)
        if before.encoder_id != incumbent.encoder_id:
            why.append(f"words: encoder {incumbent.encoder_id} is not known here")
            return label, found, "; ".join(why)
    except (VisionError, IndexBuildError) as error:
        why.append(f"words: {error}")
        return label, found, "; ".join(why)
    phrases = attribute_phrases(metadata, limit=gate.queries_per_family, seed=gate.seed)
    texts = [phrase.text for phrase in phrases]
    now, then = encode_queries(encoder, texts), encode_queries(before, texts)
    kept, in_now, in_then = np.intersect1d(now.kept, then.kept, assume_unique=True, return_indices=True)
    if len(kept) < len(phrases):
        why.append(f"words: {len(phrases) - len(kept)} phrases have no word that both encoders know")
    words = compare_phrases(
        keys,
        [phrases[number] for number in kept.tolist()],
        (vectors, now.vectors[in_now]),
        (others, then.vectors[in_then]),
        gate,
    )
    if words is None:
        why.append(f"words: fewer than {gate.min_stratum_queries} phrases can be made of what listings state")
    else:
        found.append(words)
    return label, found, "; ".join(why)


def _parts(house: House, manifest: Manifest) -> EmbeddingParts:
    return EmbeddingParts(house.objects, manifest.encoder_id, house.bounds.shards, house.snapshots.cache)
