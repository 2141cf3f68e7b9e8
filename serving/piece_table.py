"""The rows of a snapshot seen by piece, as columns that one value can be read of in a microsecond.

Words that repeat are kept once.  A card is what an answer shows of a piece; cards of whole pieces are kept as
JSON, since the same pieces are shown again and again.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
from numpy.typing import NDArray

from serving.bounded_cache import BoundedCache
from serving.picture_urls import picture_urls

_REPEATING = (
    "piece_id", "tier", "source", "category", "brand", "metal", "metal_colour", "colour", "availability",
    "currency",
)  # fmt: skip
_OWN = ("image_id", "listing_id", "title", "url")
_LISTS = ("stones", "styles")
_CARD_BYTES = 64_000_000


class _Words:
    """A column of repeating words: a number per row, ``-1`` for none, and the words."""

    def __init__(self, column: pa.ChunkedArray) -> None:
        encoded = column.combine_chunks().dictionary_encode()
        self.words: list[str] = encoded.dictionary.to_pylist()
        self.codes: NDArray[np.int32] = encoded.indices.fill_null(-1).to_numpy().astype(np.int32)

    def __getitem__(self, row: int) -> str | None:
        code = self.codes[row]
        return None if code < 0 else self.words[code]


class _WordLists:
    """A column of lists of repeating words."""

    def __init__(self, column: pa.ChunkedArray) -> None:
        lists = column.combine_chunks()
        if isinstance(lists, pa.ChunkedArray):
            lists = lists.chunk(0)
        encoded = lists.flatten().dictionary_encode()
        self.words: list[str] = encoded.dictionary.to_pylist()
        self.codes: NDArray[np.int32] = encoded.indices.fill_null(-1).to_numpy().astype(np.int32)
        offsets = lists.offsets.to_numpy()
        self.offsets: NDArray[np.int64] = (offsets - offsets[0]).astype(np.int64)

    def __getitem__(self, row: int) -> list[str]:
        return [
            self.words[code] for code in self.codes[self.offsets[row] : self.offsets[row + 1]] if code >= 0
        ]

    def parents(self) -> NDArray[np.int64]:
        """Return the row of every word."""
        return np.repeat(np.arange(len(self.offsets) - 1), np.diff(self.offsets))


class PieceTable:
    """Rows by piece.  Safe to share between threads."""

    def __init__(self, metadata: pa.Table) -> None:
        self.words = {name: _Words(metadata[name]) for name in _REPEATING}
        self.lists = {name: _WordLists(metadata[name]) for name in _LISTS}
        self._own = {name: metadata[name].combine_chunks() for name in _OWN}
        self.row_keys: NDArray[np.int64] = metadata["image_key"].to_numpy()
        self.prices: NDArray[np.int64] = metadata["price_minor"].fill_null(-1).to_numpy()  # -1: none
        names = np.asarray(self.words["piece_id"].words, dtype=np.str_)
        ranked = np.argsort(names, kind="stable")
        place_of = np.empty(len(names), dtype=np.int32)
        place_of[ranked] = np.arange(len(names), dtype=np.int32)
        self.piece_ids: list[str] = names[ranked].tolist()
        self.place_of = {name: place for place, name in enumerate(self.piece_ids)}
        self.row_pieces: NDArray[np.int32] = place_of[self.words["piece_id"].codes]
        self._rows: NDArray[np.int64] = np.argsort(self.row_pieces, kind="stable").astype(np.int64)
        self._starts: NDArray[np.int64] = np.searchsorted(
            self.row_pieces[self._rows], np.arange(len(names) + 1)
        ).astype(np.int64)
        self._cards: BoundedCache[int, bytes] = BoundedCache(entries=len(names), size=_CARD_BYTES)

    def __len__(self) -> int:
        return len(self.piece_ids)

    def rows_of(self, place: int) -> NDArray[np.int64]:
        """Return the rows of a piece, by picture and listing."""
        return self._rows[self._starts[place] : self._starts[place + 1]]

    def own(self, name: str, row: int) -> str | None:
        """Return a value of a column whose values rarely repeat."""
        value: str | None = self._own[name][row].as_py()
        return value

    def stated(self, name: str, rows: Sequence[int]) -> str | None:
        """Return the first value of a repeating column that some rows state."""
        column = self.words[name]
        return next((value for row in rows if (value := column[row]) is not None), None)

    def card_json(self, place: int) -> bytes:
        """Return the card of a whole piece as JSON."""
        card = self._cards.get(place)
        if card is None:
            card = orjson.dumps(self.card(place, self.rows_of(place).tolist()))
            self._cards.put(place, card, len(card))
        return card

    def card(self, place: int, rows: Sequence[int]) -> dict[str, Any]:
        """Return what is shown of a piece, as some of its rows state it; there is at least one."""
        stated = {name: self.stated(name, rows) for name in ("category", "brand", "metal", "metal_colour")}
        offers: dict[str, dict[str, Any]] = {}
        images: dict[str, None] = {}
        for row in rows:
            listing_id = str(self.own("listing_id", row))
            images[str(self.own("image_id", row))] = None
            if listing_id not in offers:
                offers[listing_id] = self._offer(listing_id, row)
        cheapest = min(
            (one for one in offers.values() if one["price_minor"] is not None),
            key=lambda one: (one["availability"] != "in_stock", one["price_minor"]),
            default=None,
        )
        return {
            "piece_id": self.piece_ids[place],
            "title": self.own("title", rows[0]),
            **stated,
            "stones": _all(self.lists["stones"], rows),
            "styles": _all(self.lists["styles"], rows),
            "colour": self.stated("colour", rows),
            "tier": self.words["tier"][rows[0]],
            "price_minor": None if cheapest is None else cheapest["price_minor"],
            "currency": None if cheapest is None else cheapest["currency"],
            "pictures": [picture_urls(image_id) for image_id in images],
            "offers": list(offers.values()),
        }

    def _offer(self, listing_id: str, row: int) -> dict[str, Any]:
        price = int(self.prices[row])
        return {
            "listing_id": listing_id,
            "source": self.words["source"][row],
            "availability": self.words["availability"][row],
            "price_minor": None if price < 0 else price,
            "currency": self.words["currency"][row],
            "title": self.own("title", row),
            "url": self.own("url", row),
        }


def _all(column: _WordLists, rows: Iterable[int]) -> list[str]:
    return list(dict.fromkeys(word for row in rows for word in column[row]))
