"""Roles of a collection's pictures, kept beside its references; ``catalog.picture_roles`` decides them."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Engine

from catalog.picture_roles import ShownPicture, roles_of
from catalog.tables import image_references, images
from storage.batches import batches

_WRITE_BATCH = 500


def assign_roles(
    engine: Engine, collection: str, kind_of_feed: Mapping[str, str], language_of_feed: Mapping[str, str]
) -> int:
    """Give every live reference its role; return how many roles changed.

    Args:
        kind_of_feed: Feed name to its kind.
        language_of_feed: Feed name to the language of its texts.
    """
    with engine.begin() as connection:
        rows = connection.execute(
            sa.select(
                image_references.c.listing_id,
                image_references.c.position,
                image_references.c.feed,
                image_references.c.location,
                image_references.c.alt,
                image_references.c.role_stated,
                image_references.c.role,
                images.c.measures,
            )
            .outerjoin(images, images.c.image_id == image_references.c.image_id)
            .where(image_references.c.collection == collection, image_references.c.live)
            .order_by(image_references.c.listing_id, image_references.c.position)
        ).all()
        by_listing: dict[str, list[Any]] = {}
        for row in rows:
            by_listing.setdefault(row.listing_id, []).append(row)
        changed = []
        for listing_id, shown in by_listing.items():
            feed = shown[0].feed
            roles = roles_of(
                [
                    ShownPicture(
                        location=row.location, alt=row.alt, stated=row.role_stated, measures=row.measures
                    )
                    for row in shown
                ],
                feed_kind=kind_of_feed.get(feed, "retailer"),
                language=language_of_feed.get(feed, "en"),
            )
            changed += [
                {"of": listing_id, "at": row.position, "new": role}
                for row, role in zip(shown, roles, strict=True)
                if row.role != role
            ]
        for some in batches(changed, _WRITE_BATCH):
            connection.execute(
                image_references.update()
                .where(
                    image_references.c.collection == collection,
                    image_references.c.listing_id == sa.bindparam("of"),
                    image_references.c.position == sa.bindparam("at"),
                )
                .values(role=sa.bindparam("new")),
                some,
            )
    return len(changed)
