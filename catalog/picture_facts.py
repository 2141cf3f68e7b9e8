"""What is known of one picture: its measures, its verdict, the listings that show it, and their sizes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Engine

from catalog.errors import CatalogError
from catalog.piece_size import ContradictoryLengthsError, PieceSize, piece_size
from catalog.tables import image_references, images, listings, reference_listing, reference_verdict, verdicts
from storage.database import reading


class UnknownPictureError(CatalogError):
    """No listing of the collection shows a picture of this name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownBy:
    """A listing that shows a picture, and the piece's size that follows from what it states.

    ``refused`` says why its stated lengths give no size though they should.
    """

    listing_id: str
    title: str
    role: str | None
    size: PieceSize | None
    refused: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureFacts:
    """A picture as the catalogue knows it; ``measures`` is empty before it was looked at."""

    image_id: str
    format: str | None
    width: int | None
    height: int | None
    unreadable: str | None
    measures: Mapping[str, Any]
    verdict: str | None
    reasons: Sequence[Mapping[str, Any]]
    shown_by: Sequence[ShownBy]


def picture_facts(engine: Engine, collection: str, image_id: str) -> PictureFacts:
    """Return what a collection knows of a picture.

    Raises:
        UnknownPictureError: If none of its live listings names it.
    """
    with reading(engine) as connection:
        rows = connection.execute(
            sa.select(
                images.c.image_id,
                images.c.format,
                images.c.width,
                images.c.height,
                images.c.unreadable,
                images.c.measures,
                verdicts.c.verdict,
                verdicts.c.reasons,
                image_references.c.role,
                listings.c.listing_id,
                listings.c.title,
                listings.c.category,
                listings.c.dimensions_mm,
            )
            .join(image_references, image_references.c.image_id == images.c.image_id)
            .join(listings, reference_listing)
            .outerjoin(verdicts, reference_verdict)
            .where(
                image_references.c.collection == collection,
                image_references.c.live,
                images.c.image_id == image_id,
            )
            .order_by(listings.c.listing_id, image_references.c.position)
        ).all()
    if not rows:
        message = (
            f"no listing of {collection} shows picture {image_id}: give the whole digest, as `loupe search "
            f"--json` and `loupe review list --json` print it"
        )
        raise UnknownPictureError(message)
    first, once = rows[0], {row.listing_id: row for row in rows}
    measures = first.measures or {}
    return PictureFacts(
        image_id=first.image_id,
        format=first.format,
        width=first.width,
        height=first.height,
        unreadable=first.unreadable,
        measures=measures,
        verdict=first.verdict,
        reasons=first.reasons or [],
        shown_by=[_shown_by(row, measures) for row in once.values()],
    )


def _shown_by(row: Any, measures: Mapping[str, Any]) -> ShownBy:
    size, refused = None, None
    try:
        size = piece_size(row.category, row.dimensions_mm, measures)
    except ContradictoryLengthsError as error:
        refused = str(error)
    return ShownBy(listing_id=row.listing_id, title=row.title, role=row.role, size=size, refused=refused)
