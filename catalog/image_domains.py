"""Accepted pictures that, by their vectors, show no jewelry: kept out of every index until somebody looks.

A score comes from the encoder in force, once per picture; whether it keeps the picture out is decided when it
is asked for, since it depends on what the listings say by then: where one that shows the picture states a
category of jewelry, the feed's word outranks the picture's, and the lower bound holds.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection, Engine
from sqlalchemy.dialects import postgresql, sqlite

from catalog.decisions import ACCEPT, in_force
from catalog.tables import image_domains, image_references, images, listings, reference_listing, verdicts
from storage.batches import batches
from storage.database import reading

NOT_JEWELRY = "not_jewelry"
_WRITE_BATCH = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class OutOfDomain:
    """A picture that is kept out: its score, and the least that it would need."""

    image_id: str
    image_key: int
    score: float
    required: float

    def finding(self) -> dict[str, object]:
        """Return it as a finding, as verdicts have them."""
        required = f"at least {self.required:g}"
        return {"rule": NOT_JEWELRY, "measured": round(self.score, 4), "required": required, "unit": "logit"}


def unscored_images(engine: Engine, collection: str, domain_id: str) -> list[tuple[int, str]]:
    """Return (image_key, image_id) of accepted pictures that this head has not scored, sorted by key."""
    with reading(engine) as connection:
        rows = connection.execute(
            sa.select(images.c.image_key, images.c.image_id)
            .join(verdicts, verdicts.c.image_id == images.c.image_id)
            .outerjoin(
                image_domains,
                sa.and_(
                    image_domains.c.collection == verdicts.c.collection,
                    image_domains.c.image_id == verdicts.c.image_id,
                    image_domains.c.domain_id == domain_id,
                ),
            )
            .where(
                verdicts.c.collection == collection,
                verdicts.c.verdict == "accepted",
                image_domains.c.image_id.is_(None),
            )
            .order_by(images.c.image_key)
        )
        return [(row.image_key, row.image_id) for row in rows]


def note_scores(
    engine: Engine,
    collection: str,
    domain_id: str,
    scores: Mapping[str, float],
    *,
    bound: float,
) -> None:
    """Keep the scores of pictures, in place of what any other head said of them.

    Args:
        domain_id: What names the head.
        scores: Picture to score.
        bound: Least score of jewelry.
    """
    for some in batches(sorted(scores.items()), _WRITE_BATCH):
        with engine.begin() as connection:
            insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
            said = insert(image_domains).values(
                [
                    {
                        "collection": collection,
                        "image_id": image_id,
                        "domain_id": domain_id,
                        "score": score,
                        "bound": bound,
                    }
                    for image_id, score in some
                ]
            )
            # Two runs, of different shards, may both find a picture without a score.
            connection.execute(
                said.on_conflict_do_update(
                    index_elements=["collection", "image_id"],
                    set_={name: said.excluded[name] for name in ("domain_id", "score", "bound")},
                )
            )


def forget_scores(engine: Engine, collection: str) -> int:
    """Forget what was said of a collection's pictures: its encoder has no head.

    Return of how many something was said.
    """
    with engine.begin() as connection:
        return connection.execute(
            image_domains.delete().where(image_domains.c.collection == collection)
        ).rowcount


def kept_out(engine: Engine, collection: str) -> list[OutOfDomain]:
    """Return the accepted pictures of a collection that show no jewelry, sorted by id."""
    with reading(engine) as connection:
        return kept_out_in(connection, collection)


def kept_out_in(connection: Connection, collection: str) -> list[OutOfDomain]:
    """Return the same inside a transaction; what a person accepted is never among them."""
    decided = in_force(connection, collection, "picture")
    accepted = {image_id for (image_id,), one in decided.items() if one.decision == ACCEPT}
    rows = connection.execute(
        sa.select(image_domains.c.image_id, images.c.image_key, image_domains.c.score, image_domains.c.bound)
        .join(images, images.c.image_id == image_domains.c.image_id)
        .join(
            verdicts,
            sa.and_(
                verdicts.c.collection == image_domains.c.collection,
                verdicts.c.image_id == image_domains.c.image_id,
            ),
        )
        .join(
            image_references,
            sa.and_(
                image_references.c.collection == image_domains.c.collection,
                image_references.c.image_id == image_domains.c.image_id,
                image_references.c.live,
                sa.or_(image_references.c.role.is_(None), image_references.c.role != "certificate"),
            ),
        )
        .join(listings, reference_listing)
        .where(
            image_domains.c.collection == collection,
            image_domains.c.score < image_domains.c.bound,
            verdicts.c.verdict == "accepted",
        )
        .group_by(image_domains.c.image_id, images.c.image_key, image_domains.c.score, image_domains.c.bound)
        .having(sa.func.count(listings.c.category) == 0)  # of those that state one
        .order_by(image_domains.c.image_id)
    )
    return [
        OutOfDomain(image_id=row.image_id, image_key=row.image_key, score=row.score, required=row.bound)
        for row in rows
        if row.image_id not in accepted
    ]
