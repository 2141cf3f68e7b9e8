"""How many pieces each value of a facet has under a filter: what a list of choices shows."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from index_builds.filters import SnapshotFilter
from index_builds.tiers import Tier
from serving.live_snapshot import ServedSnapshot

FACETS = ("category", "brand", "metal", "stone", "style", "source", "availability", "tier")
_LISTED = {"stone": "stones", "style": "styles"}
_PRICE = ("price_min_minor", "price_max_minor")


def facet_counts(
    served: ServedSnapshot, where: SnapshotFilter | None, tiers: tuple[Tier, ...], *, most: int
) -> dict[str, Any]:
    """Return counts per facet, and the range of prices per currency.

    A facet's own clause is left out of its counts: they say what choosing another value, too, would add.

    Args:
        served: What is counted.
        where: The filter in force.
        tiers: Which are asked.
        most: Values per facet, the most frequent ones.
    """
    asked = where or SnapshotFilter()
    table = served.table
    codes = table.words["tier"].codes
    inside = np.isin(codes, [place for place, name in enumerate(table.words["tier"].words) if name in tiers])

    def rows_without(*clauses: str) -> NDArray[np.bool_]:
        others = asked.model_copy(update=dict.fromkeys(clauses))
        return inside if others.asks_nothing else inside & served.snapshot.mask(others)

    facets = {facet: _counted(served, facet, rows_without(facet), most) for facet in FACETS}
    shown = rows_without()
    priced = rows_without(*_PRICE) & (table.prices >= 0)
    prices = {}
    for code, currency in enumerate(table.words["currency"].words):
        stated = table.prices[priced & (table.words["currency"].codes == code)]
        if len(stated):
            prices[currency] = {"min_minor": int(stated.min()), "max_minor": int(stated.max())}
    return {"pieces": len(np.unique(table.row_pieces[shown])), "facets": facets, "prices": prices}


def usual_currency(served: ServedSnapshot) -> str | None:
    """Return the currency that most prices of a snapshot are in; None where nothing has a price."""
    currencies = served.table.words["currency"]
    priced = currencies.codes[(served.table.prices >= 0) & (currencies.codes >= 0)]
    if not len(priced):
        return None
    return currencies.words[int(np.bincount(priced).argmax())]


def _counted(served: ServedSnapshot, facet: str, rows: NDArray[np.bool_], most: int) -> list[dict[str, Any]]:
    table = served.table
    if facet in _LISTED:
        column = table.lists[_LISTED[facet]]
        parents = column.parents()
        kept = rows[parents] & (column.codes >= 0)
        pieces, codes, words = table.row_pieces[parents[kept]], column.codes[kept], column.words
    else:
        held = table.words[facet]
        kept = rows & (held.codes >= 0)
        pieces, codes, words = table.row_pieces[kept], held.codes[kept], held.words
    if not words:
        return []
    pairs = np.unique(codes.astype(np.int64) * len(table) + pieces)
    counts = np.bincount(pairs // len(table), minlength=len(words))
    order = sorted(np.flatnonzero(counts).tolist(), key=lambda code: (-counts[code], words[code]))
    return [{"value": words[code], "count": int(counts[code])} for code in order[:most]]
