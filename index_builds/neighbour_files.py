"""The neighbour lists of a snapshot as a file: taken again, carried on or worked out."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from index_builds.errors import SnapshotDamagedError, SnapshotMissingError
from index_builds.manifest import Manifest, NeighboursFile, SnapshotContent
from index_builds.neighbours import (
    PieceNeighbours,
    neighbours_bytes,
    neighbours_of,
    read_neighbours,
    served_pieces,
)
from index_builds.search import OpenSnapshot
from storage.files import write_named


def standing_lists(
    before: Sequence[Manifest], content: SnapshotContent, intact: Callable[[str], bool]
) -> NeighboursFile | None:
    """Return the lists of a snapshot that holds all else alike, so that nothing is worked out for them."""
    for manifest in before:
        lists = manifest.content.neighbours
        alike = manifest.content.model_copy(update={"neighbours": None})
        if lists is not None and alike.content_digest() == content.content_digest() and intact(lists.digest):
            return lists
    return None


def make_lists(
    opened: OpenSnapshot,
    metadata: pa.Table,
    keys: NDArray[np.int64],
    vectors: NDArray[np.float32],
    tiers: NDArray[np.str_],
    folder: Path,
    *,
    at_most: int,
    before: Sequence[Manifest],
    path_of: Callable[[str], Path],
) -> tuple[NeighboursFile, Path] | None:
    """Write the lists of what a snapshot serves into a folder; None where it serves no piece, or too many.

    Args:
        opened: The snapshot.
        metadata: Its canonical rows.
        keys: Sorted image keys.
        vectors: Their vectors.
        tiers: The tier of each key.
        folder: Where the file goes, named by its digest.
        at_most: Pieces, served or not, up to which lists are made.
        before: Snapshots whose lists may be carried on, the likeliest first; none to work all out.
        path_of: Gives a file of the store.
    """
    named = metadata["piece_id"].combine_chunks().dictionary_encode()
    if len(named.dictionary) > at_most:
        return None
    pieces = served_pieces(metadata, keys, vectors, tiers)
    if not len(pieces.piece_ids):
        return None
    lists = neighbours_of(opened, pieces, before=_before(before, path_of))
    data = neighbours_bytes(lists)
    path = write_named(folder, data)
    return NeighboursFile(digest=path.name, bytes=len(data), pieces=len(lists.piece_ids)), path


def lists_of(content: SnapshotContent, path_of: Callable[[str], Path]) -> PieceNeighbours | None:
    """Return the lists that a content names, checked against their digest; None where it names none.

    Raises:
        SnapshotDamagedError: If the file is not what was published.
        SnapshotMissingError: If it is gone.
    """
    if content.neighbours is None:
        return None
    return read_neighbours(path_of(content.neighbours.digest), content.neighbours.digest)


def _before(before: Sequence[Manifest], path_of: Callable[[str], Path]) -> PieceNeighbours | None:
    for manifest in before:
        lists = manifest.content.neighbours
        if lists is not None:
            try:
                return read_neighbours(path_of(lists.digest), lists.digest)
            except (SnapshotDamagedError, SnapshotMissingError):
                continue  # damaged lists of before are no reason not to build
    return None
