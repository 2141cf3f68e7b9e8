"""From terms to pieces: pictures are searched, and folded into the pieces that they show.

One picture is one vector; an answer is about pieces.  A picture that several pieces share is shown once,
under the first of them, and the others are named there.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import ceil

import numpy as np
from numpy.typing import NDArray

from index_builds.channel_names import VISUAL
from index_builds.filters import SnapshotFilter
from index_builds.fusion import Term
from index_builds.tiers import SERVED, Tier
from serving.events.live_shadow import LiveShadow
from serving.live_snapshot import ServedSnapshot

_SLACK = 8  # more pictures than the wanted pieces have on average, since some have more


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundPiece:
    """A piece, its best picture, and what that picture's score is made of.

    ``place`` is its row in the piece table, ``rows`` those of its rows that an answer may show, ``parts``
    what each term gave; ``twins`` are places of pieces that share the picture.
    """

    place: int
    key: int
    score: float
    rows: tuple[int, ...]
    parts: dict[str, float] = field(default_factory=dict)
    twins: list[int] = field(default_factory=list)


def find_pieces(
    served: ServedSnapshot,
    terms: Sequence[Term],
    wanted: int,
    *,
    where: SnapshotFilter | None = None,
    tiers: tuple[Tier, ...] = SERVED,
    excluding: NDArray[np.int64] | None = None,
    without: frozenset[int] = frozenset(),
    shadow: LiveShadow | None = None,
) -> list[FoundPiece]:
    """Return up to ``wanted`` pieces, best first: fewer only where no more are eligible.

    Args:
        served: What to search.
        terms: At least one with a positive weight; a single visual one is scored by its inner product,
        several by
            fusion.
        wanted: Pieces.
        where: What a listing of the piece must satisfy; only listings that do are shown.
        tiers: Which to ask.
        excluding: Keys of pictures not to find.
        without: Places of pieces not to find.
        shadow: Is shown what was searched.
    """
    if where is not None and where.asks_nothing:
        where = None
    asked = ceil(wanted * served.pictures_per_piece) + len(without) + _SLACK
    while True:
        keys, scores, parts = _pictures(served, terms, asked, where, tiers, excluding, shadow)
        found = _folded(served, keys, scores, parts, wanted, where, without)
        if len(found) >= wanted or len(keys) < asked:
            return found
        shadow = None  # of one question, one search is enough
        asked *= 4  # pieces of many pictures crowd the others out: ask deeper


def _pictures(
    served: ServedSnapshot,
    terms: Sequence[Term],
    count: int,
    where: SnapshotFilter | None,
    tiers: tuple[Tier, ...],
    excluding: NDArray[np.int64] | None,
    shadow: LiveShadow | None,
) -> tuple[list[int], list[float], list[dict[str, float]]]:
    if len(terms) == 1 and terms[0].channel == VISUAL and terms[0].weight > 0:
        found = served.snapshot.search(
            terms[0].vector[None], count, where=where, tiers=tiers, excluding=excluding
        )
        if shadow is not None:
            shadow.consider(
                served.snapshot,
                terms[0].vector,
                found.keys[0],
                where=where,
                tiers=tiers,
                excluding=excluding,
            )
        held = found.keys[0] >= 0
        scores = [float(score) for score in found.scores[0][held]]
        label = terms[0].label
        return found.keys[0][held].tolist(), scores, [{label: score} for score in scores]
    noticed = None if shadow is None else shadow.consider
    hits = served.fused.search(terms, count, where=where, tiers=tiers, excluding=excluding, noticed=noticed)
    return [hit.key for hit in hits], [hit.score for hit in hits], [hit.parts for hit in hits]


def _folded(
    served: ServedSnapshot,
    keys: Sequence[int],
    scores: Sequence[float],
    parts: Sequence[dict[str, float]],
    wanted: int,
    where: SnapshotFilter | None,
    without: frozenset[int],
) -> list[FoundPiece]:
    table = served.table
    mask = None if where is None else served.snapshot.mask(where)
    sought = np.array(keys, dtype=np.int64)
    starts = np.searchsorted(table.row_keys, sought)
    stops = np.searchsorted(table.row_keys, sought, side="right")
    found: list[FoundPiece] = []
    seen = set(without)
    first_rows, last_rows = starts.tolist(), stops.tolist()
    for number, key in enumerate(keys):
        rows = np.arange(first_rows[number], last_rows[number])
        if mask is not None:
            rows = rows[mask[rows]]
        first: FoundPiece | None = None
        for place in dict.fromkeys(table.row_pieces[rows].tolist()):
            if place in seen:
                continue
            seen.add(place)
            if first is not None:
                first.twins.append(place)
                continue
            if len(found) == wanted:
                return found
            shown = table.rows_of(place)
            if mask is not None:
                shown = shown[mask[shown]]
            first = FoundPiece(
                place=place, key=key, score=scores[number], rows=tuple(shown.tolist()), parts=parts[number]
            )
            found.append(first)
    return found
