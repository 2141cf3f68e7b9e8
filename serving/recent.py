"""Pieces that nobody asked for by likeness: in the order in which they came in, or by price."""

import numpy as np
from numpy.typing import NDArray

from serving.answering import page_of
from serving.errors import NotServableError
from serving.finding import FoundPiece
from serving.live_snapshot import ServedSnapshot
from serving.queries import Page, Paging, Shape
from serving.settings import ServingSettings


def recent_page(served: ServedSnapshot, shape: Shape, paging: Paging, settings: ServingSettings) -> Page:
    """Return a page of the pieces that a filter leaves, of the tiers asked: the newest first, or by price.

    Raises:
        NotServableError: If the catalogue has not said yet when pieces came in.
    """
    table = served.table
    tiers = table.words["tier"]
    rows = np.isin(tiers.codes, [code for code, name in enumerate(tiers.words) if name in shape.tiers])
    if shape.where is not None:
        rows &= served.snapshot.mask(shape.where)
    places = np.unique(table.row_pieces[rows])
    rank = _price_rank(served, shape, rows) if shape.sort.startswith("price") else _age_rank(served)
    order = places[np.lexsort((places, rank[places]))][: paging.offset + paging.limit + 1]
    found = []
    for place in order.tolist():
        shown = table.rows_of(place)
        shown = shown[rows[shown]]
        found.append(
            FoundPiece(place=place, key=int(table.row_keys[shown[0]]), score=0.0, rows=tuple(shown.tolist()))
        )
    return page_of(served, found, shape, paging, settings)


def _age_rank(served: ServedSnapshot) -> NDArray[np.float64]:
    """Return a number per piece that grows with its age."""
    if served.signals is None:
        message = "when pieces came in could not be read from the database: ask again later"
        raise NotServableError(message)
    return -np.nan_to_num(served.signals.first_seen, nan=-np.inf)


def _price_rank(served: ServedSnapshot, shape: Shape, rows: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return a number per piece by its lowest price in the shape's currency; what has none comes last."""
    table, currencies = served.table, served.table.words["currency"]
    code = currencies.words.index(shape.currency) if shape.currency in currencies.words else -2
    stated = rows & (table.prices >= 0) & (currencies.codes == code)
    lowest = np.full(len(table), np.inf)
    np.minimum.at(lowest, table.row_pieces[stated], table.prices[stated])
    return lowest if shape.sort == "price_asc" else np.where(np.isinf(lowest), np.inf, -lowest)
