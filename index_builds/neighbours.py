"""Each live piece's nearest other pieces, worked out when a snapshot is built: "more like this" is a lookup.

A piece asks with the mean of its served pictures, its own left out, and what is found is folded to pieces.
When little changed, lists are carried on: what has gone is struck out, and a new piece enters the lists of
those it finds itself.  A piece is asked again when it changed, or when too little of its list is left.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from index_builds.errors import SnapshotDamagedError
from index_builds.keys_file import fingerprints
from index_builds.recall import first_occurrences
from index_builds.search import OpenSnapshot
from index_builds.tiers import SERVED
from storage.objects import sha256_of_file

KEPT = 32  # per piece; a quarter of them may go before the piece is asked again
_ENOUGH = 24
_DEPTH = 4  # pictures asked for per piece wanted
_BLOCK = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class PieceNeighbours:
    """Lists of nearest pieces, best first.

    ``piece_ids`` is sorted.  ``places`` are rows of ``piece_ids``, shape ``(pieces, kept)``, ``-1`` where a
    list ends; ``scores`` the inner products.  ``prints`` are fingerprints of the vectors that asked.
    """

    piece_ids: NDArray[np.str_]
    prints: NDArray[np.uint64]
    places: NDArray[np.int32]
    scores: NDArray[np.float32]

    def of(self, piece_id: str) -> list[tuple[str, float]] | None:
        """Return the nearest pieces of one with their scores, or None where it has no list."""
        place = int(np.searchsorted(self.piece_ids, piece_id))
        if place == len(self.piece_ids) or self.piece_ids[place] != piece_id:
            return None
        held = self.places[place] >= 0
        near = self.piece_ids[self.places[place][held]]
        return list(zip(near.tolist(), self.scores[place][held].tolist(), strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedPieces:
    """The pieces that are served, their pictures, and the vector that each asks with.

    ``members`` are rows ``(piece, picture)`` sorted by piece: places in ``piece_ids``, and image keys.
    """

    piece_ids: NDArray[np.str_]
    member_pieces: NDArray[np.int64]
    member_keys: NDArray[np.int64]
    vectors: NDArray[np.float32]


def served_pieces(
    metadata: pa.Table, keys: NDArray[np.int64], vectors: NDArray[np.float32], tiers: NDArray[np.str_]
) -> ServedPieces:
    """Gather the pieces with a picture in a served tier.

    Args:
        metadata: Canonical rows.
        keys: Sorted image keys.
        vectors: Their unit vectors.
        tiers: The tier of each key.
    """
    row_keys = metadata["image_key"].to_numpy()
    rows = np.searchsorted(keys, row_keys)
    served = np.isin(tiers, SERVED)[rows]
    named = metadata["piece_id"].combine_chunks().dictionary_encode()
    names = np.asarray(named.dictionary.to_pylist(), dtype=np.str_)
    codes = named.indices.to_numpy()[served].astype(np.int64)
    piece_ids, order = np.unique(names[np.unique(codes)], return_inverse=True)
    place_of = np.full(len(names), -1, dtype=np.int64)
    place_of[np.unique(codes)] = order
    pairs = np.unique(np.stack([place_of[codes], rows[served]], axis=1), axis=0)
    sums = np.zeros((len(piece_ids), vectors.shape[1]), dtype=np.float32)
    np.add.at(sums, pairs[:, 0], vectors[pairs[:, 1]])
    lengths = np.linalg.norm(sums, axis=1, keepdims=True)
    return ServedPieces(
        piece_ids=piece_ids,
        member_pieces=pairs[:, 0],
        member_keys=keys[pairs[:, 1]],
        vectors=(sums / np.maximum(lengths, 1e-9)).astype(np.float32),
    )


def neighbours_of(
    opened: OpenSnapshot, pieces: ServedPieces, *, before: PieceNeighbours | None = None
) -> PieceNeighbours:
    """Return the lists of every served piece, carried on from those before where there are any.

    Args:
        opened: The snapshot, all served tiers open.
        pieces: What it serves.
        before: Lists of an earlier snapshot of the same encoder.
    """
    count = len(pieces.piece_ids)
    made = PieceNeighbours(
        piece_ids=pieces.piece_ids,
        prints=fingerprints(pieces.vectors),
        places=np.full((count, KEPT), -1, dtype=np.int32),
        scores=np.full((count, KEPT), -np.inf, dtype=np.float32),
    )
    fresh = np.ones(count, dtype=np.bool_)
    if before is not None and len(before.piece_ids):
        fresh = _carry_on(before, made)
    asked = np.flatnonzero(fresh)
    for start in range(0, len(asked), _BLOCK):
        block = asked[start : start + _BLOCK]
        made.places[block], made.scores[block] = _asked(opened, pieces, block)
    if before is not None and len(asked) < count:
        _enter(made, asked, ~fresh)
    return made


def _carry_on(before: PieceNeighbours, made: PieceNeighbours) -> NDArray[np.bool_]:
    """Copy the lists of unchanged pieces without what has gone; return which pieces must be asked."""
    now_of = np.minimum(np.searchsorted(made.piece_ids, before.piece_ids), len(made.piece_ids) - 1)
    same = made.piece_ids[now_of] == before.piece_ids
    # A neighbour that changed is struck out as one that went: it enters again as a new one.
    same &= made.prints[now_of] == before.prints
    now = np.where(same, now_of, -1)
    old = np.flatnonzero(same)
    places = np.where(before.places[old] >= 0, now[np.maximum(before.places[old], 0)], -1)
    order = np.argsort(places < 0, axis=1, kind="stable")
    made.places[now[old]] = np.take_along_axis(places, order, axis=1)
    scores = np.where(places >= 0, before.scores[old], -np.inf)
    made.scores[now[old]] = np.take_along_axis(scores, order, axis=1)
    fresh = np.ones(len(made.piece_ids), dtype=np.bool_)
    had = (before.places[old] >= 0).sum(axis=1)
    fresh[now[old]] = (places >= 0).sum(axis=1) < np.minimum(_ENOUGH, had)
    return fresh


def _asked(
    opened: OpenSnapshot, pieces: ServedPieces, block: NDArray[np.int64]
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    starts = np.searchsorted(pieces.member_pieces, block)
    stops = np.searchsorted(pieces.member_pieces, block, side="right")
    own = np.full((len(block), int((stops - starts).max())), -1, dtype=np.int64)
    for row, (start, stop) in enumerate(zip(starts.tolist(), stops.tolist(), strict=True)):
        own[row, : stop - start] = pieces.member_keys[start:stop]
    found = opened.search(pieces.vectors[block], KEPT * _DEPTH, tiers=SERVED, excluding=own)
    by_key = np.argsort(pieces.member_keys, kind="stable")
    ranked = pieces.member_keys[by_key]
    at = np.minimum(np.searchsorted(ranked, found.keys), len(ranked) - 1)
    piece = np.where(found.keys >= 0, pieces.member_pieces[by_key[at]], -1)
    piece[piece == block[:, None]] = -1  # a picture that the piece shares with another
    kept = (piece >= 0) & first_occurrences(piece)
    rank = np.cumsum(kept, axis=1) - 1
    rows, columns = np.nonzero(kept & (rank < KEPT))
    places = np.full((len(block), KEPT), -1, dtype=np.int32)
    scores = np.full((len(block), KEPT), -np.inf, dtype=np.float32)
    places[rows, rank[rows, columns]] = piece[rows, columns]
    scores[rows, rank[rows, columns]] = found.scores[rows, columns]
    return places, scores


def _enter(made: PieceNeighbours, asked: NDArray[np.int64], carried: NDArray[np.bool_]) -> None:
    """Let the pieces that were asked enter the carried lists of those they found, where they are nearer."""
    rows, columns = np.nonzero(made.places[asked] >= 0)
    near = made.places[asked[rows], columns].astype(np.int64)
    scores = made.scores[asked[rows], columns]
    newcomers = asked[rows]
    entering = carried[near] & (scores > made.scores[near, -1])
    if not entering.any():
        return
    near, scores, newcomers = near[entering], scores[entering], newcomers[entering]
    order = np.argsort(near, kind="stable")
    targets, starts = np.unique(near[order], return_index=True)
    for target, own in zip(targets.tolist(), np.split(order, starts[1:]), strict=True):
        places = np.concatenate([made.places[target], newcomers[own].astype(np.int32)])
        values = np.concatenate([made.scores[target], scores[own]])
        best = np.lexsort((places, -values))[:KEPT]
        made.places[target], made.scores[target] = places[best], values[best]


def neighbours_bytes(neighbours: PieceNeighbours) -> bytes:
    """Return the Parquet bytes of the lists; equal lists give equal bytes."""
    width = neighbours.places.shape[1]
    table = pa.table(
        {
            "piece_id": pa.array(neighbours.piece_ids.tolist(), pa.string()),
            "fingerprint": pa.array(neighbours.prints),
            "places": pa.FixedSizeListArray.from_arrays(pa.array(neighbours.places.ravel()), width),
            "scores": pa.FixedSizeListArray.from_arrays(pa.array(neighbours.scores.ravel()), width),
        }
    )
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd", store_schema=True)
    return sink.getvalue()


def read_neighbours(path: Path, digest: str) -> PieceNeighbours:
    """Return the lists of a file, checked against its digest.

    Raises:
        SnapshotDamagedError: If the file is missing, damaged, or of another kind.
    """
    try:
        found = sha256_of_file(path)
        if found != digest:
            message = (
                f"neighbours file {path} has digest {found[:12]}, its manifest says {digest[:12]}: "
                "it is damaged; restore it, or build the snapshot again"
            )
            raise SnapshotDamagedError(message)
        table = pq.read_table(path).combine_chunks()
        columns: Sequence[pa.Array] = [
            table[name].combine_chunks() for name in ("piece_id", "fingerprint", "places", "scores")
        ]
    except FileNotFoundError:
        message = f"neighbours file {path} is missing: restore it, or build the snapshot again"
        raise SnapshotDamagedError(message) from None
    except (pa.ArrowInvalid, KeyError) as error:
        message = f"neighbours file {path} cannot be read: {error}; build the snapshot again"
        raise SnapshotDamagedError(message) from error
    rows = table.num_rows
    return PieceNeighbours(
        piece_ids=np.asarray(columns[0].to_pylist(), dtype=np.str_),
        prints=columns[1].to_numpy(),
        places=columns[2].flatten().to_numpy().reshape(rows, -1),
        scores=columns[3].flatten().to_numpy().reshape(rows, -1),
    )
