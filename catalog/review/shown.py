"""The pictures to look at beside a question."""

from collections import Counter
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Engine

from catalog.review.items import ReviewItem
from catalog.tables import image_references, listings, reference_listing, reference_verdict, verdicts
from storage.database import reading

PER_LISTING = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownPicture:
    """A picture, the listing that shows it, and its verdict."""

    image_id: str
    listing_id: str
    title: str
    verdict: str


def pictures_beside(engine: Engine, collection: str, item: ReviewItem) -> list[ShownPicture]:
    """Return the pictures of a question: what it is about first, then a few of each listing."""
    with reading(engine) as connection:
        rows = connection.execute(
            sa.select(
                image_references.c.image_id,
                image_references.c.listing_id,
                listings.c.title,
                verdicts.c.verdict,
            )
            .join(listings, reference_listing)
            .join(verdicts, reference_verdict)
            .where(
                image_references.c.collection == collection,
                image_references.c.live,
                image_references.c.listing_id.in_(item.listings),
            )
            .order_by(image_references.c.listing_id, image_references.c.position)
        ).all()
    asked = set(item.images)
    places = {listing_id: place for place, listing_id in enumerate(item.listings)}
    found: dict[object, ShownPicture] = {}
    per_listing: Counter[str] = Counter()
    for row in sorted(rows, key=lambda row: (row.image_id not in asked, places[row.listing_id])):
        # A picture that is asked about stands once; two listings that show the same one are seen to do so.
        key = row.image_id if row.image_id in asked else (row.image_id, row.listing_id)
        if key not in found and per_listing[row.listing_id] < PER_LISTING:
            per_listing[row.listing_id] += 1
            found[key] = ShownPicture(
                image_id=row.image_id, listing_id=row.listing_id, title=row.title, verdict=row.verdict
            )
    return list(found.values())
