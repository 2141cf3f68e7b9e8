"""One call from vectors to a judged, published snapshot: plan, build, tune, gate, publish.

Repeating it with equal inputs returns the snapshot that stands.  After a kill it goes on from the index files
that were finished; a tier whose images did not change names the file of the snapshot before it.
"""

import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import faiss
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from index_builds.build import build_index, recipe_digest, sorted_inputs
from index_builds.errors import (
    BuildInputError,
    GateCannotRunError,
    IndexBuildError,
    SnapshotDamagedError,
    SnapshotMissingError,
)
from index_builds.gate import Progress, evidence_digest, run_gate, truth_of
from index_builds.ids import ids_digest
from index_builds.index_files import load_index
from index_builds.manifest import (
    INSTEAD_OF,
    VISUAL,
    IndexFile,
    Manifest,
    MetadataFile,
    SnapshotContent,
    Training,
)
from index_builds.metadata_file import canonical_metadata, write_metadata
from index_builds.operating_point import choose_parameters
from index_builds.plans import TierPlan, plan_tier
from index_builds.queries import HELD_OUT, Queries
from index_builds.reading import open_content, open_snapshot
from index_builds.search import OpenSnapshot, OpenTier
from index_builds.settings import IndexSettings
from index_builds.snapshots import Draft, SnapshotStore
from index_builds.staging import keep_only, staging_folder
from index_builds.standing import newest_of
from index_builds.tiers import TIERS, Tier
from storage.objects import sha256_hex, sha256_of_file


@dataclass(frozen=True, slots=True, kw_only=True)
class _TierInput:
    plan: TierPlan
    recipe: str
    keys: NDArray[np.int64]
    vectors: NDArray[np.float32]


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
    progress: Progress | None = None,
) -> Manifest:
    """Build, judge and publish a snapshot of a collection, or return the newest one where it is the same.

    A snapshot that fails the gate is published as refused, for people to look at; it cannot be promoted.

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
        progress: Told of every step: what, done, of how many.

    Raises:
        BuildInputError: If the inputs cannot become a snapshot.
        BuildBusyError: If another process builds the same collection.
        GateCannotRunError: If the gate could not measure what it must.
    """
    tell = progress or (lambda _step, _done, _steps: None)
    if not len(keys):
        message = f"collection {collection} has no image vectors: embed accepted images before building"
        raise BuildInputError(message)
    if HELD_OUT not in queries:
        message = f"the gate needs {HELD_OUT} queries: draw them with queries.held_out_queries"
        raise GateCannotRunError(message)
    tiers = _tier_array(keys, tier_of)[np.argsort(keys, kind="stable")]
    keys, vectors = sorted_inputs(keys, vectors)
    table = canonical_metadata(metadata, keys, tiers)
    truth = truth_of(keys, vectors, table)
    with staging_folder(store.cache, collection) as folder:
        inputs = _plan_tiers(keys, vectors, tiers, settings)
        keep_only(folder, {item.recipe for item in inputs.values()})
        reserved = np.unique(np.concatenate([family.own_keys for family in queries.values()]))
        paths: dict[str, Path] = {}
        files: dict[Tier, dict[str, IndexFile]] = {}
        for number, (tier, item) in enumerate(inputs.items()):
            tell(f"index: {tier}, {item.plan.factory}", number, len(inputs))
            path = _index_file(store, collection, encoder_id, item, folder)
            opened = _opened(tier, item, path)
            parameters = choose_parameters(
                item.plan, opened, item.keys, item.vectors, reserved=reserved, settings=settings.tiers
            )
            files[tier] = {VISUAL: opened.file.model_copy(update={"parameters": parameters})}
            paths[opened.file.digest] = path
        tell("index: metadata", len(inputs), len(inputs))
        data = write_metadata(table)
        staged = folder / sha256_hex(data)
        _write(staged, data)
        paths[staged.name] = staged
        content = SnapshotContent(
            encoder_id=encoder_id,
            dimension=vectors.shape[1],
            metric="inner_product",
            tiers=files,
            live_vectors=len(keys),
            tombstones=0,
            ids_digest=ids_digest(keys),
            metadata=MetadataFile(digest=staged.name, bytes=len(data), rows=table.num_rows),
        )
        promoted = store.promoted(collection)
        evidence = evidence_digest(queries, settings.gate, promoted)
        manifest = _standing(store, collection, content, evidence, promoted, upstream.get(INSTEAD_OF))
        if manifest is None:
            candidate = open_content(content, paths.__getitem__, snapshot_id=None)
            incumbent = None if promoted is None else _incumbent(store, collection, promoted)
            gate = run_gate(
                candidate, truth, queries, incumbent=incumbent, settings=settings.gate, progress=progress
            )
            manifest = store.publish(
                Draft(
                    collection=collection,
                    content=content,
                    paths=paths,
                    parent=promoted,
                    training=Training(
                        seed=settings.tiers.seed,
                        sample_sizes={tier: item.plan.training_size for tier, item in inputs.items()},
                    ),
                    library_versions=_library_versions(),
                    upstream=upstream,
                    gate=gate,
                    run_id=run_id,
                )
            )
        keep_only(folder, set())
    return manifest


def _tier_array(keys: NDArray[np.int64], tier_of: Mapping[int, str] | NDArray[np.str_]) -> NDArray[np.str_]:
    if isinstance(tier_of, Mapping):
        placed = [tier_of.get(int(key)) for key in keys]
    else:
        placed = [str(tier) for tier in tier_of]
    if len(placed) != len(keys):
        message = f"{len(placed)} tiers for {len(keys)} images: give one per key"
        raise BuildInputError(message)
    for key, tier in zip(keys, placed, strict=True):
        if tier not in TIERS:
            message = f"image {int(key)} has tier {tier!r}: place it in one of {', '.join(TIERS)}"
            raise BuildInputError(message)
    return np.array(placed, dtype=np.str_)


def _plan_tiers(
    keys: NDArray[np.int64], vectors: NDArray[np.float32], tiers: NDArray[np.str_], settings: IndexSettings
) -> dict[Tier, _TierInput]:
    inputs: dict[Tier, _TierInput] = {}
    for tier in TIERS:
        rows = np.flatnonzero(tiers == tier)
        if not len(rows):
            continue
        own_keys, own = keys[rows], vectors if len(rows) == len(keys) else vectors[rows]
        approximate = len(rows) > settings.tiers.plan(tier).exact_below
        copies = _largest_copy_group(own) if approximate else 1
        plan = plan_tier(tier, len(rows), vectors.shape[1], settings.tiers, largest_copy_group=copies)
        inputs[tier] = _TierInput(
            plan=plan, recipe=recipe_digest(plan, own_keys, own), keys=own_keys, vectors=own
        )
    return inputs


def _largest_copy_group(vectors: NDArray[np.float32]) -> int:
    return max(Counter(hash(row.tobytes()) for row in vectors).values())


def _index_file(
    store: SnapshotStore, collection: str, encoder_id: str, item: _TierInput, folder: Path
) -> Path:
    """Return a file of this recipe: finished by a killed build, named by a snapshot, or new."""
    staged = folder / item.recipe
    if staged.is_file():
        return staged  # renamed into place whole; its digest is taken anew, and the gate looks inside
    for snapshot_id in _relatives(store, collection, encoder_id):
        try:
            manifest = store.manifest(collection, snapshot_id)
        except IndexBuildError:
            continue  # a damaged relative is no reason not to build
        for channels in manifest.content.tiers.values():
            for file in channels.values():
                if file.recipe == item.recipe and store.intact(file.digest):
                    return store.file(file.digest)
    return build_index(item.plan, item.keys, item.vectors, staged).path


def _relatives(store: SnapshotStore, collection: str, encoder_id: str) -> list[str]:
    """Return the snapshots whose files may be taken again: this encoder's newest, and the promoted one."""
    newest, promoted = newest_of(store, collection, encoder_id), store.promoted(collection)
    found = [newest.snapshot_id] if newest is not None else []
    return found + ([promoted] if promoted is not None and promoted not in found else [])


def _opened(tier: Tier, item: _TierInput, path: Path) -> OpenTier:
    digest = sha256_of_file(path)
    index = load_index(path, digest=digest, mapped=tier != "hot")
    file = IndexFile(
        digest=digest,
        bytes=path.stat().st_size,
        factory=item.plan.factory,
        parameters=dict(item.plan.grid[-1]) if item.plan.grid else {},
        vectors=len(item.keys),
        ids_digest=ids_digest(item.keys),
        recipe=item.recipe,
        resident_fraction=item.plan.resident_fraction,
        reason=item.plan.reason,
    )
    return OpenTier(tier=tier, index=index, file=file, path=path)


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


def _write(path: Path, data: bytes) -> None:
    staged = path.with_name(f".{path.name}.{os.getpid()}.part")
    with staged.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    staged.replace(path)
