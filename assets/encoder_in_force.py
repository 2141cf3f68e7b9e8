"""Which encoder a collection's pictures and queries are encoded with: the settings', unless a switch holds.

``loupe reembed --switch`` may promote another encoder's snapshot while the settings still name the old one.
That snapshot says so itself, and until the settings change its encoder is the one in force: later runs follow
the promoted line instead of going back to what the settings happen to say.
"""

from collections.abc import Iterable

from index_builds.errors import IndexBuildError
from index_builds.snapshots import SnapshotStore
from vision.encoder_loader import EncoderLoader
from vision.encoder_records import label_of
from vision.encoders import Encoder, EncoderSettings


def switched_to(snapshots: SnapshotStore, collection: str, configured: EncoderSettings) -> str | None:
    """Return the id of the encoder that a collection was switched to; ``None`` where the settings hold.

    A promoted snapshot whose manifest cannot be read switches nothing: whoever uses it says what is wrong.
    """
    promoted = snapshots.promoted(collection)
    if promoted is None:
        return None
    try:
        manifest = snapshots.manifest(collection, promoted)
    except IndexBuildError:
        return None
    return manifest.encoder_id if manifest.instead_of == label_of(configured) else None


def encoder_in_force(snapshots: SnapshotStore, collection: str, encoders: EncoderLoader) -> Encoder:
    """Return the encoder of a collection's next snapshot.

    Raises:
        EncoderError: If it cannot be loaded.
    """
    switched = switched_to(snapshots, collection, encoders.settings)
    return encoders.load() if switched is None else encoders.of(switched)


def collections_by_encoder(
    snapshots: SnapshotStore, collections: Iterable[str], configured: EncoderSettings
) -> dict[str | None, list[str]]:
    """Return the collections of every encoder in force, by its id; ``None`` stands for the configured one."""
    chosen: dict[str | None, list[str]] = {}
    for collection in collections:
        chosen.setdefault(switched_to(snapshots, collection, configured), []).append(collection)
    return chosen
