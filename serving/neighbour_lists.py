"""The lists of nearest pieces that a snapshot brings, as answers that are written once and looked up."""

from typing import Any

import orjson

from index_builds.neighbours import PieceNeighbours
from serving.bounded_cache import BoundedCache
from serving.piece_table import PieceTable
from serving.queries import Page, Paging, Shape

_HITS_BYTES = 128_000_000


class NeighbourPages:
    """Pages of "more like this" of one snapshot, by piece.  Safe to share between threads."""

    def __init__(self, lists: PieceNeighbours | None, table: PieceTable) -> None:
        self._lists, self._table = lists, table
        self._pages: BoundedCache[tuple[int, int, int], Page] = BoundedCache(
            entries=max(len(table), 1) * 2, size=_HITS_BYTES
        )

    def page(self, place: int, paging: Paging) -> Page | None:
        """Return a page of a piece's list, or None where the list does not reach that far.

        It ends within the list only where the list itself shows that there is more.
        """
        key = (place, paging.offset, paging.limit)
        known = self._pages.get(key)
        if known is None:
            known = self._made(place, paging)
            if known is not None:
                self._pages.put(key, known, len(known.hits) + 200)
        return known

    def _made(self, place: int, paging: Paging) -> Page | None:
        lists, table = self._lists, self._table
        near = None if lists is None else lists.of(table.piece_ids[place])
        end = paging.offset + paging.limit
        if near is None or len(near) <= end:
            return None
        shown = near[paging.offset : end]
        hits: list[dict[str, Any]] = []
        for piece_id, score in shown:
            other = table.place_of[piece_id]
            hits.append(
                {
                    "score": round(score, 6),
                    "image_id": table.own("image_id", int(table.rows_of(other)[0])),
                    "piece": orjson.Fragment(table.card_json(other)),
                    "same_picture": [],
                }
            )
        pieces = tuple(piece_id for piece_id, _ in shown)
        return Page(hits=orjson.dumps(hits), pieces=pieces, next_offset=end)


def is_lookup(shape: Shape) -> bool:
    """Tell whether a question is answered by lists: by likeness alone, of the tiers that are served."""
    return shape == Shape()
