"""One call from vectors to a judged, published snapshot: plan, build, tune, gate, publish.

Repeating it with equal inputs returns the snapshot that stands.  After a kill it goes on from the index files
that were finished; a tier whose images did not change names the file of the snapshot before it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

import faiss
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from index_builds.build import sorted_inputs
from index_builds.channel_names import VISUAL
from index_builds.errors import (
    BuildInputError,
    GateCannotRunError,
    IndexBuildError,
    SnapshotDamagedError,
    SnapshotMissingError,
)
from index_builds.gate import Progress, evidence_digest, run_gate
from index_builds.gate_truth import ChannelEvidence, Truth, truth_of
from index_builds.ids import distinct, ids_digest
from index_builds.keys_file import fingerprints
from index_builds.manifest import (
    INSTEAD_OF,
    ChannelContent,
    IndexFile,
    Manifest,
    MetadataFile,
    SnapshotContent,
    Training,
)
from index_builds.metadata_file import canonical_metadata, write_metadata
from index_builds.neighbour_files import make_lists, standing_lists
from index_builds.plans import plan_tier
from index_builds.queries import HELD_OUT, Queries
from index_builds.reading import open_content, open_snapshot
from index_builds.search import OpenSnapshot
from index_builds.settings import IndexSettings
from index_builds.snapshots import Draft, SnapshotStore
from index_builds.staging import keep_only, staging_folder
from index_builds.standing import newest_of
from index_builds.stopwatch import Stopwatch
from index_builds.tier_files import MadeTier, TierInput, TierVectors, make_tier, tier_input
from index_builds.tier_records import PlanFile
from index_builds.tiers import TIERS, Tier
from storage.files import write_named, write_whole


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelVectors:
    """The vectors of a channel beside the visual one, for those pictures that have one.

    ``vectors`` are unit float32, shape ``(len(keys), dimension)``; ``queries`` are the gate's, by family.
    """

    channel_id: str
    keys: NDArray[np.int64]
    vectors: NDArray[np.float32]
    queries: Mapping[str, Queries]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Channel:
    """A channel's rows, sorted and placed."""

    keys: NDArray[np.int64]
    vectors: NDArray[np.float32]
    prints: NDArray[np.uint64]
    tiers: NDArray[np.str_]
    queries: Mapping[str, Queries]


def build_candidate(
    store: SnapshotStore,
    *,
    collection: str,
    encoder_id: str,
    keys: NDArray[np.int64],
    vectors: NDArray[np.float32],
    metadata: pa.Table,
    tier_of: Mapping[int, str] | NDArray[np.str_],
    queries: Mapping[str, Queries],
    settings: IndexSettings,
    upstream: Mapping[str, str],
    run_id: str | None = None,
    published_at: datetime | None = None,
    progress: Progress | None = None,
    channels: Mapping[str, ChannelVectors] | None = None,
    compact: bool = False,
    piece_tiers: PlanFile | None = None,
) -> Manifest:
    """Build, judge and publish a snapshot of a collection, or return the newest one where it is the same.

    A small change is put on top of the files of the snapshot before, as deltas and tombstones.  Where the
    gate refuses that, everything is built anew and judged again.  A snapshot that fails the gate then is
    published as refused, for people to look at; it cannot be promoted.

    Args:
        store: Where snapshots live.
        collection: Whose snapshot.
        encoder_id: Of the vectors.
        keys: Image keys, in any order.
        vectors: Unit vectors, float32, shape ``(len(keys), dimension)``.
        metadata: Listing rows of exactly these images (``metadata_file.SCHEMA``; a ``tier`` column is
            replaced).
        tier_of: The tier of each key, as a mapping or in the order of ``keys``.
        queries: Family -> gate queries; ``held_out_images`` is required.
        settings: Plans and gate.
        upstream: What the inputs were made of: name -> data version.
        run_id: The run that builds, for people.
        published_at: When, aware; for retention by age.
        progress: Told of every step: what, done, of how many.
        channels: Vectors beside the visual ones, by channel.
        compact: Build every file anew that has a delta or tombstones.
        piece_tiers: The plan that ``tier_of`` follows, to be kept with the snapshot.

    Raises:
        BuildInputError: If the inputs cannot become a snapshot.
        BuildBusyError: If another process builds the same collection.
        GateCannotRunError: If the gate could not measure what it must.
    """
    tell = progress or (lambda _step, _done, _steps: None)
    if not len(keys):
        message = f"collection {collection} has no image vectors: embed accepted images before building"
        raise BuildInputError(message)
    for name, families in [
        (VISUAL, queries),
        *((name, part.queries) for name, part in (channels or {}).items()),
    ]:
        if HELD_OUT not in families:
            message = f"the gate needs {HELD_OUT} queries of {name}: draw them with queries.held_out_queries"
            raise GateCannotRunError(message)
    tiers = _tier_array(keys, tier_of)[np.argsort(keys, kind="stable")]
    keys, vectors = sorted_inputs(keys, vectors)
    table = canonical_metadata(metadata, keys, tiers)
    prints = fingerprints(vectors)
    truth = truth_of(keys, vectors, table, prints)
    rows = {VISUAL: _Channel(keys=keys, vectors=vectors, prints=prints, tiers=tiers, queries=queries)}
    rows |= {name: _placed(name, part, keys, tiers) for name, part in sorted((channels or {}).items())}
    evidence = {
        name: ChannelEvidence(truth=_channel_truth(rows[name], table), queries=rows[name].queries)
        for name in rows
        if name != VISUAL
    }
    ids = {name: part.channel_id for name, part in (channels or {}).items()}
    watch = Stopwatch()
    with staging_folder(store.cache, collection) as folder:
        with watch.stage("plan"):
            inputs = [item for name, part in rows.items() for item in _plan_tiers(name, part, settings)]
        keep_only(folder, {item.recipe for item in inputs})
        with watch.stage("metadata"):
            data = write_metadata(table)
        metadata_path = write_named(folder, data)
        held = MetadataFile(digest=metadata_path.name, bytes=len(data), rows=table.num_rows)
        promoted = store.promoted(collection)
        before = _relatives(store, collection, encoder_id)
        for anew in (True,) if compact else (False, True):
            made = _make_tiers(
                store, inputs, rows, folder, before, settings, anew=anew, tell=tell, watch=watch
            )
            paths = {digest: path for one in made.values() for digest, path in one.paths.items()}
            paths[metadata_path.name] = metadata_path
            content = _content(encoder_id, rows, ids, made, held)
            lists = standing_lists(before, content, store.intact) if settings.neighbours_at_most else None
            if lists is not None:
                content = content.model_copy(update={"neighbours": lists})
                paths[lists.digest] = store.file(lists.digest)
            on_top = any(one.refreshed for one in made.values())
            gate_settings = settings.gate.for_refresh() if on_top else settings.gate
            judged_by = evidence_digest(queries, gate_settings, promoted, evidence)
            manifest = _standing(store, collection, content, judged_by, promoted, upstream.get(INSTEAD_OF))
            if manifest is not None:
                break
            if piece_tiers is not None:
                content = content.model_copy(update={"piece_tiers": piece_tiers.stated})
                paths[piece_tiers.stated.digest] = folder / piece_tiers.stated.digest
                write_whole(folder / piece_tiers.stated.digest, piece_tiers.data)
            candidate = open_content(content, paths.__getitem__, snapshot_id=None)
            if settings.neighbours_at_most and lists is None:
                tell("index: neighbours of pieces", len(inputs), len(inputs))
                with watch.stage("neighbours"):
                    lists_made = make_lists(
                        candidate,
                        table,
                        keys,
                        vectors,
                        tiers,
                        folder,
                        at_most=settings.neighbours_at_most,
                        before=[] if anew else before,
                        path_of=store.file,
                    )
                if lists_made is not None:
                    content = content.model_copy(update={"neighbours": lists_made[0]})
                    paths[lists_made[0].digest] = lists_made[1]
                    candidate = candidate.stating(content)
            with watch.stage("gate"):
                gate = run_gate(
                    candidate,
                    truth,
                    queries,
                    incumbent=None if promoted is None else _incumbent(store, collection, promoted),
                    settings=gate_settings,
                    progress=progress,
                    channels=evidence,
                )
            if gate.passed or not (on_top or any(one.compacted for one in made.values())):
                break
        if manifest is None:
            manifest = store.publish(
                Draft(
                    collection=collection,
                    content=content,
                    paths=paths,
                    parent=promoted,
                    training=Training(
                        seed=settings.tiers.seed,
                        sample_sizes={
                            item.tier: item.plan.training_size for item in inputs if item.channel == VISUAL
                        },
                    ),
                    library_versions=_library_versions(),
                    upstream=upstream,
                    gate=gate,
                    run_id=run_id,
                    published_at=published_at,
                    build_seconds=watch.seconds,
                )
            )
        keep_only(folder, set())
    return manifest


def _placed(name: str, part: ChannelVectors, keys: NDArray[np.int64], tiers: NDArray[np.str_]) -> _Channel:
    own, vectors = sorted_inputs(part.keys, part.vectors)
    places = np.minimum(np.searchsorted(keys, own), len(keys) - 1)
    if not len(own) or (keys[places] != own).any():
        strangers = int((keys[places] != own).sum())
        message = (
            f"channel {name} has {len(own)} vectors, {strangers} of images without a visual vector: "
            "leave out the channel, or the images"
        )
        raise BuildInputError(message)
    return _Channel(
        keys=own, vectors=vectors, prints=fingerprints(vectors), tiers=tiers[places], queries=part.queries
    )


def _channel_truth(part: _Channel, table: pa.Table) -> Truth:
    rows = np.isin(table["image_key"].to_numpy(), part.keys)
    return truth_of(part.keys, part.vectors, table.filter(pa.array(rows)).combine_chunks(), part.prints)


def _make_tiers(
    store: SnapshotStore,
    inputs: list[TierInput],
    rows: Mapping[str, _Channel],
    folder: Path,
    before: list[Manifest],
    settings: IndexSettings,
    *,
    anew: bool,
    tell: Progress,
    watch: Stopwatch,
) -> dict[tuple[Tier, str], MadeTier]:
    made = {}
    for number, item in enumerate(inputs):
        tell(f"index: {item.tier} {item.channel}, {item.plan.factory}", number, len(inputs))
        own = [family.own_keys for family in rows[item.channel].queries.values()]
        with watch.stage(f"index {item.tier} {item.channel}"):
            made[item.tier, item.channel] = make_tier(
                item,
                folder,
                before=before,
                intact=store.intact,
                path_of=store.file,
                reserved=distinct(np.concatenate(own)),
                settings=settings.tiers,
                anew=anew,
            )
    return made


def _content(
    encoder_id: str,
    rows: Mapping[str, _Channel],
    channel_ids: Mapping[str, str],
    made: Mapping[tuple[Tier, str], MadeTier],
    metadata: MetadataFile,
) -> SnapshotContent:
    files: dict[Tier, dict[str, IndexFile]] = {}
    for tier in TIERS:
        own = {channel: one.file for (at, channel), one in made.items() if at == tier}
        if own:
            files[tier] = own
    visual = rows[VISUAL]
    gone = [file[VISUAL].tombstones for file in files.values() if VISUAL in file]
    return SnapshotContent(
        encoder_id=encoder_id,
        dimension=visual.vectors.shape[1],
        metric="inner_product",
        tiers=files,
        live_vectors=len(visual.keys),
        tombstones=sum(part.keys for part in gone if part is not None),
        ids_digest=ids_digest(visual.keys),
        metadata=metadata,
        channels={
            name: ChannelContent(
                channel_id=channel_ids[name],
                dimension=part.vectors.shape[1],
                live_vectors=len(part.keys),
                ids_digest=ids_digest(part.keys),
            )
            for name, part in rows.items()
            if name != VISUAL
        },
    )


def _tier_array(keys: NDArray[np.int64], tier_of: Mapping[int, str] | NDArray[np.str_]) -> NDArray[np.str_]:
    if isinstance(tier_of, Mapping):
        placed = np.array([str(tier_of.get(key)) for key in keys.tolist()], dtype=np.str_)
    else:
        placed = np.asarray(tier_of, dtype=np.str_)
    if len(placed) != len(keys):
        message = f"{len(placed)} tiers for {len(keys)} images: give one per key"
        raise BuildInputError(message)
    strange = np.flatnonzero(~np.isin(placed, TIERS))
    if len(strange):
        key, tier = int(keys[strange[0]]), str(placed[strange[0]])
        message = f"image {key} has tier {tier!r}: place it in one of {', '.join(TIERS)}"
        raise BuildInputError(message)
    return placed


def _plan_tiers(channel: str, part: _Channel, settings: IndexSettings) -> list[TierInput]:
    inputs = []
    for tier in TIERS:
        rows = np.flatnonzero(part.tiers == tier)
        if not len(rows):
            continue
        plan = plan_tier(tier, len(rows), part.vectors.shape[1], settings.tiers)
        inputs.append(
            tier_input(channel, plan, part.keys[rows], TierVectors(part.vectors, rows), part.prints[rows])
        )
    return inputs


def _relatives(store: SnapshotStore, collection: str, encoder_id: str) -> list[Manifest]:
    """Return the snapshots whose files may be taken again: this encoder's newest, and the promoted one."""
    newest, promoted = newest_of(store, collection, encoder_id), store.promoted(collection)
    found = [] if newest is None else [newest]
    if promoted is not None and promoted not in {manifest.snapshot_id for manifest in found}:
        try:
            found.append(store.manifest(collection, promoted))
        except IndexBuildError:
            return found  # a damaged relative is no reason not to build
    return [manifest for manifest in found if manifest.encoder_id == encoder_id]


def _standing(
    store: SnapshotStore,
    collection: str,
    content: SnapshotContent,
    evidence: str,
    promoted: str | None,
    instead_of: str | None,
) -> Manifest | None:
    """Return the encoder's newest snapshot when judging this content again could only repeat what it says."""
    manifest = newest_of(store, collection, content.encoder_id)
    if manifest is None or manifest.content_digest != content.content_digest():
        return None
    if manifest.instead_of != instead_of:
        return None  # of the promoted one too: its remark decides which encoder is in force
    if manifest.snapshot_id != promoted and manifest.gate.evidence_digest != evidence:
        return None
    return manifest if all(map(store.intact, content.file_digests())) else None


def _incumbent(store: SnapshotStore, collection: str, snapshot_id: str) -> OpenSnapshot:
    try:
        return open_snapshot(store, collection, snapshot_id)
    except (SnapshotDamagedError, SnapshotMissingError) as error:
        message = (
            f"the gate cannot compare with the promoted snapshot {collection}/{snapshot_id}: {error}; "
            "restore its files or roll back to a snapshot that is whole"
        )
        raise GateCannotRunError(message) from error


def _library_versions() -> dict[str, str]:
    return {
        "faiss": faiss.__version__,
        "numpy": version("numpy"),
        "pyarrow": version("pyarrow"),
    }
