"""Terms and a shape in, the bytes of an answer out.  Runs in a worker thread; nothing here waits.

The first pieces by relevance are put in order (sorted, or ranked anew) as one window of fixed size, so that
pages of one question fit together; beyond it they follow by relevance.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from index_builds.fusion import Term
from serving.events.live_shadow import LiveShadow
from serving.finding import FoundPiece, find_pieces
from serving.live_snapshot import ServedSnapshot
from serving.queries import Page, Paging, Shape, Stopwatch
from serving.ranking import ranked
from serving.settings import ServingSettings


def answer_terms(
    served: ServedSnapshot,
    terms: Sequence[Term],
    shape: Shape,
    paging: Paging,
    settings: ServingSettings,
    watch: Stopwatch,
    *,
    excluding: NDArray[np.int64] | None = None,
    without: frozenset[int] = frozenset(),
    shadow: LiveShadow | None = None,
) -> Page:
    """Return one page of the pieces that terms find; ``shadow`` may ask what is searched again."""
    end = paging.offset + paging.limit
    wanted = min(max(end + 1, _window(shape, settings)), settings.most_results + 1)
    with watch.stage("search"):
        found = find_pieces(
            served,
            terms,
            wanted,
            where=shape.where,
            tiers=shape.tiers,
            excluding=excluding,
            without=without,
            shadow=shadow,
        )
    with watch.stage("rank"):
        if shape.sort == "relevance":
            weights = settings.ranking.model_copy(update=dict(shape.weights))
            found = ranked(served, found, weights, currency=shape.currency, explain=shape.explain)
        else:
            found = in_order(served, found[: settings.sort_window], shape)
    with watch.stage("write"):
        return page_of(served, found, shape, paging, settings)


def page_of(
    served: ServedSnapshot,
    found: Sequence[FoundPiece],
    shape: Shape,
    paging: Paging,
    settings: ServingSettings,
) -> Page:
    """Cut a page out of ordered pieces and write it."""
    end = paging.offset + paging.limit
    hits = [hit_json(served, one, explain=shape.explain) for one in found[paging.offset : end]]
    more = len(found) > end and end < settings.most_results
    shown = tuple(served.table.piece_ids[one.place] for one in found[paging.offset : end])
    return Page(hits=orjson.dumps(hits), pieces=shown, next_offset=end if more else None)


def hit_json(served: ServedSnapshot, found: FoundPiece, *, explain: bool) -> dict[str, Any]:
    """Return a hit, ready to be written.

    Args:
        served: Whose.
        found: The piece.
        explain: Whether to say what the score is made of.
    """
    table = served.table
    whole = len(found.rows) == len(table.rows_of(found.place))  # its card need not be made anew
    card: Any = (
        orjson.Fragment(table.card_json(found.place)) if whole else table.card(found.place, found.rows)
    )
    row = int(np.searchsorted(table.row_keys, found.key))
    hit: dict[str, Any] = {
        "score": round(found.score, 6),
        "image_id": table.own("image_id", row),
        "piece": card,
        "same_picture": [table.piece_ids[place] for place in found.twins],
    }
    if explain:
        hit["parts"] = found.parts
    return hit


def in_order(served: ServedSnapshot, found: Sequence[FoundPiece], shape: Shape) -> list[FoundPiece]:
    """Return pieces sorted as a shape asks; what has no price in the currency, or no date, comes last."""
    table = served.table
    if shape.sort in ("price_asc", "price_desc"):
        sign = 1 if shape.sort == "price_asc" else -1

        def price(one: FoundPiece) -> tuple[bool, int]:
            stated = [
                int(table.prices[row])
                for row in one.rows
                if table.prices[row] >= 0 and table.words["currency"][row] == shape.currency
            ]
            return (not stated, sign * min(stated) if stated else 0)

        return sorted(found, key=price)
    return sorted(found, key=lambda one: -_seen(served, one))


def _seen(served: ServedSnapshot, one: FoundPiece) -> float:
    signals = served.signals
    return float("-inf") if signals is None else float(signals.first_seen[one.place])


def _window(shape: Shape, settings: ServingSettings) -> int:
    return settings.sort_window if shape.sort != "relevance" else settings.ranking.window
