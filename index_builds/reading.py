"""Open snapshots for searching, every file checked against its digest before it is read."""

from collections.abc import Callable
from concurrent.futures import Executor
from pathlib import Path

import numpy as np
import pyarrow as pa

from index_builds.channel_names import VISUAL
from index_builds.errors import SnapshotDamagedError
from index_builds.index_files import load_index
from index_builds.keys_file import read_keys
from index_builds.manifest import IndexFile, SnapshotContent, is_mapped, occupied_tiers
from index_builds.metadata_file import read_metadata
from index_builds.open_tier import OpenTier
from index_builds.pointer_trust import trusted_statement
from index_builds.search import OpenSnapshot
from index_builds.snapshots import SnapshotStore
from index_builds.tiers import TIERS, Tier
from storage.objects import sha256_hex


def open_content(
    content: SnapshotContent,
    path_of: Callable[[str], Path],
    *,
    snapshot_id: str | None,
    tiers: tuple[Tier, ...] = TIERS,
    channels: tuple[str, ...] | None = None,
    at_once: Executor | None = None,
) -> OpenSnapshot:
    """Open the files that a content names.

    Args:
        content: Of a manifest, or of a draft that is still to be judged.
        path_of: Gives the local file of a digest.
        snapshot_id: The snapshot's id; ``None`` for a draft.
        tiers: Which tiers to open; the others stay on disk and answer nothing.
        channels: Which channels to open beside the visual one; ``None`` for all.
        at_once: Threads that search the tiers of a single query at the same time.

    Raises:
        SnapshotDamagedError: If a file is missing, damaged, or not what the content says.
    """
    what = snapshot_id or "the draft"
    opened: dict[str, dict[Tier, OpenTier]] = {VISUAL: {}}
    for tier in occupied_tiers(content):
        for channel, file in content.tiers[tier].items():
            if tier in tiers and (channels is None or channel in channels or channel == VISUAL):
                opened.setdefault(channel, {})[tier] = open_tier(
                    tier, file, path_of, dimension=content.dimension_of(channel), what=f"{channel} of {what}"
                )
    rows = read_rows(content, path_of, what)
    return OpenSnapshot(
        content=content,
        snapshot_id=snapshot_id,
        tiers=opened.pop(VISUAL),
        metadata=rows,
        channels=opened,
        at_once=at_once,
    )


def read_rows(content: SnapshotContent, path_of: Callable[[str], Path], what: str) -> pa.Table:
    """Return the metadata rows of a content, without opening its index files.

    Args:
        content: Of a manifest, or of a draft.
        path_of: Gives the local file of a digest.
        what: Names the snapshot in errors.

    Raises:
        SnapshotDamagedError: If the file is missing or damaged.
    """
    path = path_of(content.metadata.digest)
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        message = f"metadata file {path} of {what} is missing: restore it, or build the snapshot again"
        raise SnapshotDamagedError(message) from None
    if sha256_hex(data) != content.metadata.digest:
        message = f"metadata file {path} of {what} is damaged: restore it, or build the snapshot again"
        raise SnapshotDamagedError(message)
    return read_metadata(data, str(path))


def open_tier(
    tier: Tier, file: IndexFile, path_of: Callable[[str], Path], *, dimension: int, what: str
) -> OpenTier:
    """Open a tier of one channel: its base, its delta and its tombstones.

    Raises:
        SnapshotDamagedError: If a file is missing, damaged, or not what the manifest says.
    """
    path = path_of(file.digest)
    index = load_index(path, digest=file.digest, mapped=is_mapped(tier, file.factory))
    delta, tombstones = None, np.empty(0, dtype=np.int64)
    if file.delta is not None:
        delta = load_index(path_of(file.delta.digest), digest=file.delta.digest, mapped=False)
    if file.tombstones is not None:
        tombstones = read_keys(path_of(file.tombstones.digest), file.tombstones.digest)
    held = [(index, file.vectors)] + ([(delta, file.delta.vectors)] if file.delta is not None else [])
    for part, vectors in held:
        if part.d != dimension or part.ntotal != vectors:
            message = (
                f"{tier} file of {what} holds {part.ntotal} × {part.d}, "
                f"the manifest says {vectors} × {dimension}: build the snapshot again"
            )
            raise SnapshotDamagedError(message)
    beside = [part for part in (file.delta, file.tombstones) if part is not None]
    return OpenTier(
        tier=tier,
        index=index,
        file=file,
        path=path,
        delta=delta,
        tombstones=tombstones,
        beside={part.digest: path_of(part.digest) for part in beside},
    )


def open_snapshot(
    store: SnapshotStore, collection: str, snapshot_id: str, *, tiers: tuple[Tier, ...] = TIERS
) -> OpenSnapshot:
    """Open a published snapshot, its manifest and every file checked against their digests.

    Raises:
        SnapshotMissingError: If there is no such snapshot.
        SnapshotDamagedError: If its manifest or a file is not what was published.
    """
    manifest = store.manifest(collection, snapshot_id)
    return open_content(manifest.content, store.file, snapshot_id=snapshot_id, tiers=tiers)


def open_promoted(
    store: SnapshotStore, collection: str, *, tiers: tuple[Tier, ...] = TIERS
) -> OpenSnapshot | None:
    """Open what is promoted in a collection; ``None`` before the first promotion.

    Where signatures are demanded, a trusted key must say now that this snapshot is the promoted one.

    Raises:
        SnapshotMissingError: If the promoted snapshot, or one of its files, is gone.
        SnapshotDamagedError: If its manifest or a file is not what was published.
        UntrustedError: If the pointer or the manifest is not what a trusted key says.
    """
    pointer = store.pointer(collection)
    now = None if store.signing is None else store.signing.clock()
    statement = trusted_statement(store, collection, pointer, now=now)
    if pointer.snapshot_id is None:
        return None
    digest = None if statement is None else statement.manifest_digest
    manifest = store.manifest(collection, pointer.snapshot_id, digest=digest)
    return open_content(manifest.content, store.file, snapshot_id=pointer.snapshot_id, tiers=tiers)
