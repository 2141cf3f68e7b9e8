"""Which encoder a collection's pictures and queries are encoded with: the settings', unless a switch holds.

``loupe reembed --switch`` may promote another encoder's snapshot while the settings still name the old one.
That snapshot says so itself, and until the settings change its encoder is the one in force: later runs follow
the promoted line instead of going back to what the settings happen to say.
"""

from collections.abc import Iterable, Sequence

from index_builds import standing
from index_builds.snapshots import SnapshotStore
from vision.encoder_loader import EncoderLoader
from vision.encoder_records import label_of, record_key
from vision.encoders import Encoder, EncoderSettings
from vision.errors import EncoderError


def switched_to(snapshots: SnapshotStore, collection: str, configured: EncoderSettings) -> str | None:
    """Return the id of the encoder that a collection was switched to; ``None`` where the settings hold."""
    return standing.switched_to(snapshots, collection, label_of(configured))


def encoder_in_force(snapshots: SnapshotStore, collection: str, encoders: EncoderLoader) -> Encoder:
    """Return the encoder of a collection's next snapshot.

    Raises:
        EncoderError: If it cannot be loaded.
    """
    switched = switched_to(snapshots, collection, encoders.settings)
    return encoders.load() if switched is None else switched_encoder(encoders, switched, [collection])


def encoder_id_in_force(snapshots: SnapshotStore, collection: str, encoders: EncoderLoader) -> str:
    """Return the id of the encoder of a collection's next snapshot, loading it only where nothing tells it.

    Raises:
        EncoderError: If it must be loaded and cannot be.
    """
    switched = switched_to(snapshots, collection, encoders.settings)
    return switched or encoders.known_id() or encoders.load().encoder_id


def switched_encoder(encoders: EncoderLoader, switched: str, collections: Sequence[str]) -> Encoder:
    """Return the encoder that some collections were switched to.

    Raises:
        EncoderError: If it cannot be loaded, or nothing here says what it was: the configured one, which a
            loader gives in that case, would mix two encoders in one index.
    """
    encoder = encoders.of(switched)
    if encoder.encoder_id != switched:
        message = (
            f"{', '.join(collections)} was switched to encoder {switched}, and {record_key(switched)}, which "
            "says how to load it, is missing: restore it, or run `loupe reembed` with that encoder's settings"
        )
        raise EncoderError(message)
    return encoder


def collections_by_encoder(
    snapshots: SnapshotStore, collections: Iterable[str], configured: EncoderSettings
) -> dict[str | None, list[str]]:
    """Return the collections of every encoder in force, by its id; ``None`` stands for the configured one."""
    chosen: dict[str | None, list[str]] = {}
    for collection in collections:
        chosen.setdefault(switched_to(snapshots, collection, configured), []).append(collection)
    return chosen
