"""Open snapshots for searching, every file checked against its digest before it is read."""

from collections.abc import Callable
from pathlib import Path

from index_builds.errors import SnapshotDamagedError
from index_builds.index_files import load_index
from index_builds.manifest import VISUAL, SnapshotContent, occupied_tiers
from index_builds.metadata_file import read_metadata
from index_builds.search import OpenSnapshot, OpenTier
from index_builds.snapshots import SnapshotStore
from index_builds.tiers import TIERS, Tier
from storage.objects import sha256_hex


def open_content(
    content: SnapshotContent,
    path_of: Callable[[str], Path],
    *,
    snapshot_id: str | None,
    tiers: tuple[Tier, ...] = TIERS,
) -> OpenSnapshot:
    """Open the files that a content names.

    Args:
        content: Of a manifest, or of a draft that is still to be judged.
        path_of: Gives the local file of a digest.
        snapshot_id: The snapshot's id; ``None`` for a draft.
        tiers: Which tiers to open; the others stay on disk and answer nothing.

    Raises:
        SnapshotDamagedError: If a file is missing, damaged, or not what the content says.
    """
    what = snapshot_id or "the draft"
    opened: dict[Tier, OpenTier] = {}
    for tier in occupied_tiers(content):
        if tier not in tiers:
            continue
        file = content.tiers[tier][VISUAL]
        path = path_of(file.digest)
        index = load_index(path, digest=file.digest, mapped=tier != "hot")
        if index.d != content.dimension or index.ntotal != file.vectors:
            message = (
                f"{tier} file of {what} holds {index.ntotal} × {index.d}, "
                f"the manifest says {file.vectors} × {content.dimension}: build the snapshot again"
            )
            raise SnapshotDamagedError(message)
        opened[tier] = OpenTier(tier=tier, index=index, file=file, path=path)
    path = path_of(content.metadata.digest)
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        message = f"metadata file {path} of {what} is missing: restore it, or build the snapshot again"
        raise SnapshotDamagedError(message) from None
    if sha256_hex(data) != content.metadata.digest:
        message = f"metadata file {path} of {what} is damaged: restore it, or build the snapshot again"
        raise SnapshotDamagedError(message)
    return OpenSnapshot(
        content=content, snapshot_id=snapshot_id, tiers=opened, metadata=read_metadata(data, str(path))
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
