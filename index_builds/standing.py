"""Which of a collection's snapshots the ordinary runs stand on, where others were tried out in between.

Encoders are told apart by their ids, and by the label of the one that the settings name.
"""

from collections.abc import Collection

from index_builds.errors import IndexBuildError
from index_builds.manifest import Manifest
from index_builds.snapshots import SnapshotStore


def newest_of(store: SnapshotStore, collection: str, *encoder_ids: str) -> Manifest | None:
    """Return the newest snapshot of some encoders: another encoder's, tried out in between, is passed over.

    ``None`` also where a newer one cannot be read: what it was is not known.
    """
    for entry in store.list(collection):
        try:
            manifest = store.manifest(collection, entry.snapshot_id)
        except IndexBuildError:
            return None
        if manifest.encoder_id in encoder_ids:
            return manifest
    return None


def switched_to(store: SnapshotStore, collection: str, configured: str) -> str | None:
    """Return the id of the encoder that a collection was switched to; ``None`` where the settings hold.

    A promoted snapshot whose manifest cannot be read switches nothing: whoever uses it says what is wrong.

    Args:
        store: Where snapshots live.
        collection: Whose encoder.
        configured: Label of the encoder that the settings name.
    """
    promoted = store.promoted(collection)
    if promoted is None:
        return None
    try:
        manifest = store.manifest(collection, promoted)
    except IndexBuildError:
        return None
    return manifest.encoder_id if manifest.instead_of == configured else None


def standing_candidate(
    store: SnapshotStore,
    collection: str,
    *,
    handed_on: str | None,
    configured: str,
    configured_ids: Collection[str],
) -> str | None:
    """Return the newest snapshot of the encoder in force, never that of an encoder on trial.

    Args:
        store: Where snapshots live.
        collection: Whose candidate.
        handed_on: The snapshot that the last build handed on; ``None`` where that is not known.
        configured: Label of the encoder that the settings name.
        configured_ids: The ids that encoders of this label have had here.
    """
    switched = switched_to(store, collection, configured)
    if handed_on is not None:
        try:
            encoder_id = store.manifest(collection, handed_on).encoder_id
        except IndexBuildError:
            pass  # removed by retention, or damaged: look for the newest that is there
        else:
            if switched in (None, encoder_id):
                return handed_on
    found = newest_of(store, collection, *(configured_ids if switched is None else (switched,)))
    return None if found is None else found.snapshot_id
