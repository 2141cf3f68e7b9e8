"""Pieces as questions: the vector of a piece is the mean of its pictures', per channel."""

import numpy as np
from numpy.typing import NDArray

from serving.errors import UnknownThingError
from serving.live_snapshot import ServedSnapshot


def place_in(served: ServedSnapshot, piece_id: str) -> int:
    """Return a piece's row in the piece table.

    Raises:
        UnknownThingError: If the snapshot does not hold it.
    """
    place = served.table.place_of.get(piece_id)
    if place is None:
        message = f"snapshot {served.snapshot_id} holds no piece {piece_id!r}: search names them"
        raise UnknownThingError(message)
    return place


def keys_of(served: ServedSnapshot, place: int) -> NDArray[np.int64]:
    """Return the image keys of a piece."""
    return np.unique(served.table.row_keys[served.table.rows_of(place)])


def piece_vector(served: ServedSnapshot, place: int, channel: str) -> NDArray[np.float32] | None:
    """Return a piece's unit vector in a channel, shape ``(dimension,)``; None where no picture has one."""
    vectors, held = served.snapshot.channel(channel).vectors_of(keys_of(served, place))
    if not held.any():
        return None
    mean = vectors[held].mean(axis=0)
    length = float(np.linalg.norm(mean))
    unit: NDArray[np.float32] = (mean / length if length > 0 else mean).astype(np.float32)
    return unit
