"""Queries over a promoted snapshot: words, a picture, or a piece in; pieces with their listings out.

One picture is one vector; an answer is about pieces, so pictures of one piece are folded into its best one.
"""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index_builds.filters import SnapshotFilter
from index_builds.reading import open_promoted
from index_builds.search import OpenSnapshot
from index_builds.snapshots import SnapshotStore
from index_builds.tiers import SERVED, Tier
from serving.errors import NotServableError, QueryError
from vision.encoder_loader import EncoderLoader
from vision.encoders import Encoder
from vision.known_words import ReadText, named_with_hints
from vision.preparation import prepare
from vision.queries import encode_queries

_PICTURES_PER_PIECE = 4  # how many times k pictures are asked for, so that k pieces remain after folding


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One piece of an answer.

    Its best picture's score (inner product of unit vectors) and the listings that show it.
    """

    piece_id: str
    score: float
    image_id: str
    title: str
    listings: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Hits, best first, and the snapshot that gave them.

    Attributes:
        snapshot_id: The promoted snapshot.
        tiers: Those of its tiers that were asked.
        hits: Pieces, best first.
        unknown_words: Words of the query that the encoder was never trained on; they were left out.
        near_words: For some of them, known words that are spelt like them.
    """

    snapshot_id: str
    tiers: tuple[Tier, ...]
    hits: tuple[Hit, ...]
    unknown_words: tuple[str, ...] = ()
    near_words: dict[str, tuple[str, ...]] = field(default_factory=dict)


class CollectionSearch:
    """Search one collection's promoted snapshot.  Safe to share between threads."""

    def __init__(self, snapshot: OpenSnapshot, encoder: EncoderLoader) -> None:
        self.snapshot = snapshot
        self._encoder = encoder

    def by_text(
        self, text: str, k: int, where: SnapshotFilter | None = None, tiers: tuple[Tier, ...] = SERVED
    ) -> Answer:
        """Answer words.

        Words that the encoder was never trained on are left out, and named in the answer.

        Raises:
            QueryError: If there are none, or none that the encoder was trained on.
            NotServableError: If the configured encoder is not the one the snapshot was built with.
        """
        if not text.strip():
            message = "the text of a query is empty: say what to look for"
            raise QueryError(message)
        query = encode_queries(self._matching_encoder(), [text])
        read = query.read[0]
        if query.dropped:
            raise QueryError(_nothing_known(text, read))
        answer = self._answer(query.vectors, k, where, tiers, None)
        return replace(answer, unknown_words=read.unknown, near_words=read.near)

    def by_image(
        self, data: bytes, k: int, where: SnapshotFilter | None = None, tiers: tuple[Tier, ...] = SERVED
    ) -> Answer:
        """Answer a picture's bytes; an unreadable one raises ``vision.errors.UnreadableImageError``."""
        encoder = self._matching_encoder()
        pixels = prepare(
            data, encoder.preprocess
        )  # the gallery's own path: another one finds other neighbours
        return self._answer(encoder.encode_images(pixels[None]), k, where, tiers, None)

    def like(
        self, piece_id: str, k: int, where: SnapshotFilter | None = None, tiers: tuple[Tier, ...] = SERVED
    ) -> Answer:
        """Answer "more like this": the mean of a piece's pictures, the piece itself left out.

        Needs no encoder.

        Raises:
            QueryError: If the snapshot does not hold the piece.
        """
        pieces = self.snapshot.metadata["piece_id"].to_numpy(zero_copy_only=False)
        own = np.unique(self.snapshot.row_keys[pieces == piece_id])
        if not len(own):
            message = f"snapshot {self.snapshot.snapshot_id} holds no piece {piece_id!r}: search names them"
            raise QueryError(message)
        vectors = [
            opened.vectors(positions[positions >= 0])
            for opened in self.snapshot.tiers.values()
            for positions in [opened.positions_of(own)]
        ]
        mean = np.concatenate(vectors).mean(axis=0, keepdims=True)
        length = float(np.linalg.norm(mean))
        query = mean / length if length > 0 else mean
        return self._answer(query.astype(np.float32), k, where, tiers, own)

    def _matching_encoder(self) -> Encoder:
        built_with = self.snapshot.content.encoder_id
        encoder = self._encoder.of(built_with)
        if encoder.encoder_id != built_with:
            message = (
                f"snapshot {self.snapshot.snapshot_id} was built with encoder {built_with}, the settings "
                f"name {encoder.encoder_id}: run `loupe run` to build one for it, or set the encoder back"
            )
            raise NotServableError(message)
        return encoder

    def _answer(
        self,
        query: NDArray[np.float32],
        k: int,
        where: SnapshotFilter | None,
        tiers: tuple[Tier, ...],
        excluding: NDArray[np.int64] | None,
    ) -> Answer:
        asked = k * _PICTURES_PER_PIECE
        hits, more = self._folded(query, k, asked, where, tiers, excluding)
        while len(hits) < k and more:
            # Pieces with more pictures than expected crowd the others out: ask deeper.
            asked *= 4
            hits, more = self._folded(query, k, asked, where, tiers, excluding)
        return Answer(
            snapshot_id=str(self.snapshot.snapshot_id),
            tiers=tuple(tier for tier in tiers if tier in self.snapshot.tiers),
            hits=tuple(hits),
        )

    def _folded(
        self,
        query: NDArray[np.float32],
        k: int,
        pictures: int,
        where: SnapshotFilter | None,
        tiers: tuple[Tier, ...],
        excluding: NDArray[np.int64] | None,
    ) -> tuple[list[Hit], bool]:
        """Fold the best pictures into at most k pieces; say whether there are more pictures to ask for."""
        found = self.snapshot.search(query, pictures, where=where, tiers=tiers, excluding=excluding)
        hits: dict[str, Hit] = {}
        for key, score in zip(found.keys[0], found.scores[0], strict=True):
            if key < 0 or len(hits) == k:
                break
            rows = self.snapshot.rows_of(int(key))
            shown = [row for row in rows if where is None or where.is_satisfied_by(row)]
            for row in shown:
                if row["piece_id"] not in hits and len(hits) < k:
                    listings = tuple(_listing(one) for one in shown if one["piece_id"] == row["piece_id"])
                    hits[row["piece_id"]] = Hit(
                        piece_id=row["piece_id"],
                        score=float(score),
                        image_id=row["image_id"],
                        title=row["title"],
                        listings=listings,
                    )
        return list(hits.values()), bool(found.keys[0, -1] >= 0)


def open_collection(store: SnapshotStore, collection: str, encoder: EncoderLoader) -> CollectionSearch:
    """Open what is promoted in a collection.

    Raises:
        NotServableError: If nothing is promoted yet.
        UntrustedError: If signatures are demanded, and what is promoted is not what a trusted key says.
    """
    snapshot = open_promoted(store, collection)
    if snapshot is None:
        message = f"collection {collection} has no promoted snapshot: run `loupe run` and see what it says"
        raise NotServableError(message)
    return CollectionSearch(snapshot, encoder)


def _nothing_known(text: str, read: ReadText) -> str:
    if not read.unknown:
        return f"the query {text!r} names nothing: say what to look for, such as a piece, a metal or a stone"
    return (
        f"the encoder has never seen any of the words {named_with_hints(read.unknown, read.near)}: "
        "say it in words for the piece, its metal, its stone or its motif, or search with a picture"
    )


def _listing(row: dict[str, Any]) -> dict[str, Any]:
    names = ("listing_id", "source", "tier", "availability", "price_minor", "currency", "title", "url")
    return {name: row[name] for name in names}
