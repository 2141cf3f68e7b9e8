"""Pictures that rules leave to a person: those in review, and those whose vectors show no jewelry."""

from collections.abc import Container
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.decisions import OPTIONS, REJECT, Decision, DecisionError, Subject, in_force
from catalog.image_domains import OutOfDomain, kept_out_in
from catalog.image_ledger import strictest
from catalog.joining import DECIDED
from catalog.review.items import ReviewItem, kinds_of_feeds
from catalog.tables import image_references, images, listings, reference_verdict, verdicts


def waiting(connection: Connection, collection: str) -> list[ReviewItem]:
    """Return the pictures in review on which nothing is decided."""
    held = in_force(connection, collection, "picture")
    kept_out = [one.image_id for one in kept_out_in(connection, collection)]
    which = sa.or_(verdicts.c.verdict == "review", verdicts.c.image_id.in_(kept_out))
    found = _items(connection, collection, which, held)
    return [item for item in found if item.decided is None]


def item(connection: Connection, collection: str, subject: Subject) -> ReviewItem:
    """Return the question about any picture that a listing of the collection shows.

    Raises:
        DecisionError: If none shows it, or it was not judged yet.
    """
    held = in_force(connection, collection, "picture")
    found = _items(connection, collection, verdicts.c.image_id == subject[0], held)
    if not found:
        message = (
            f"picture {subject[0]} is not among the judged pictures of {collection}: "
            f"`loupe run -c {collection}` judges what is new"
        )
        raise DecisionError(message)
    return found[0]


def shown_somewhere(connection: Connection, collection: str) -> dict[str, str | None]:
    """Return every picture that a listing of the collection shows, and why it is unreadable where it is."""
    chosen = (
        sa.select(images.c.image_id, images.c.unreadable)
        .join(image_references, image_references.c.image_id == images.c.image_id)
        .where(image_references.c.collection == collection)
    )
    return {row.image_id: row.unreadable for row in connection.execute(chosen)}


def _items(
    connection: Connection, collection: str, which: sa.ColumnElement[bool], held: dict[Subject, Decision]
) -> list[ReviewItem]:
    kinds = kinds_of_feeds(connection, collection)
    kept_out = {one.image_id: one for one in kept_out_in(connection, collection)}
    with_pictures = _listings_with_an_accepted_picture(connection, collection, kept_out)
    rows: dict[str, Any] = {}
    shown_by: dict[str, dict[str, Any]] = {}
    for row in connection.execute(
        sa.select(
            verdicts.c.image_id,
            verdicts.c.verdict,
            verdicts.c.reasons,
            verdicts.c.rules_version,
            images.c.measures,
            images.c.measures_version,
            images.c.unreadable,
            images.c.unreadable_message,
            listings.c.listing_id,
            listings.c.feed,
            listings.c.title,
            listings.c.first_seen_at,
            listings.c.withdrawn_at,
        )
        .join(images, images.c.image_id == verdicts.c.image_id)
        .join(
            image_references,
            sa.and_(
                image_references.c.collection == verdicts.c.collection,
                image_references.c.image_id == verdicts.c.image_id,
                image_references.c.live,
            ),
        )
        .join(
            listings,
            sa.and_(
                listings.c.collection == verdicts.c.collection,
                listings.c.listing_id == image_references.c.listing_id,
            ),
        )
        .where(verdicts.c.collection == collection, which)
        .order_by(listings.c.first_seen_at, listings.c.listing_id)
    ):
        rows.setdefault(row.image_id, row)
        shown_by.setdefault(row.image_id, {})[row.listing_id] = row
    return [
        _item(rows[image_id], shown, kinds, with_pictures, held.get((image_id,)), kept_out.get(image_id))
        for image_id, shown in shown_by.items()
    ]


def _item(
    row: Any,
    shown: dict[str, Any],
    kinds: dict[str, str],
    with_pictures: set[str],
    decided: Decision | None,
    out_of_domain: OutOfDomain | None,
) -> ReviewItem:
    live = [one for one, listing in shown.items() if listing.withdrawn_at is None]
    by_rules = [finding for finding in row.reasons if finding["rule"] != DECIDED]
    if out_of_domain is not None:
        by_rules.append(out_of_domain.finding())
    evidence: dict[str, Any] = {
        "verdict": row.verdict if out_of_domain is None else "review",
        "findings": by_rules,
        "feed_kind": strictest(kinds.get(listing.feed, "retailer") for listing in shown.values()),
        "rules_version": row.rules_version,
        "measures": row.measures,
        "measures_version": row.measures_version,
        "shown_by": {one: listing.title for one, listing in shown.items()},
    }
    if decided is not None and any(finding["rule"] == DECIDED for finding in row.reasons):
        # The verdict in force is a person's: what the rules said before is in that person's evidence.
        evidence |= {key: decided.evidence[key] for key in ("verdict", "findings") if key in decided.evidence}
    unreadable = row.unreadable is not None
    said = ", ".join(finding["rule"] for finding in evidence["findings"])
    return ReviewItem(
        kind="picture",
        subject=(row.image_id,),
        question=f"{said or 'nothing found'}: {row.title}",
        options=(REJECT,) if unreadable else OPTIONS["picture"],
        note=f"its bytes show no picture, {row.unreadable_message}" if unreadable else "",
        evidence=evidence,
        images=(row.image_id,),
        listings=tuple(shown),
        listings_out=sum(one not in with_pictures for one in live),
        live_listings=len(live),
        since=row.first_seen_at,
        decided=decided,
    )


def _listings_with_an_accepted_picture(
    connection: Connection, collection: str, kept_out: Container[str]
) -> set[str]:
    chosen = (
        sa.select(image_references.c.listing_id, image_references.c.image_id)
        .join(verdicts, reference_verdict)
        .where(
            image_references.c.collection == collection,
            image_references.c.live,
            verdicts.c.verdict == "accepted",
        )
    )
    return {row.listing_id for row in connection.execute(chosen) if row.image_id not in kept_out}
