"""Pieces in the order in which they came in."""

import numpy as np

from serving.answering import page_of
from serving.errors import NotServableError
from serving.finding import FoundPiece
from serving.live_snapshot import ServedSnapshot
from serving.queries import Page, Paging, Shape
from serving.settings import ServingSettings


def recent_page(served: ServedSnapshot, shape: Shape, paging: Paging, settings: ServingSettings) -> Page:
    """Return a page of the newest pieces that a filter leaves, of the tiers asked.

    Raises:
        NotServableError: If the catalogue has not said yet when pieces came in.
    """
    signals, table = served.signals, served.table
    if signals is None:
        message = "when pieces came in could not be read from the database: ask again later"
        raise NotServableError(message)
    tiers = table.words["tier"]
    rows = np.isin(tiers.codes, [code for code, name in enumerate(tiers.words) if name in shape.tiers])
    if shape.where is not None:
        rows &= served.mask(shape.where)
    places = np.unique(table.row_pieces[rows])
    seen = np.nan_to_num(signals.first_seen[places], nan=-np.inf)
    order = places[np.lexsort((places, -seen))][: paging.offset + paging.limit + 1]
    found = []
    for place in order.tolist():
        shown = table.rows_of(place)
        shown = shown[rows[shown]]
        found.append(
            FoundPiece(place=place, key=int(table.row_keys[shown[0]]), score=0.0, rows=tuple(shown.tolist()))
        )
    return page_of(served, found, shape, paging, settings)
