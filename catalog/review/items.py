"""A row of the review queue, and the id that people call it by."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.decisions import Decision, Kind, Subject
from catalog.tables import feeds, listings

ID_DIGITS = 10  # of a picture's own id, or of a digest of what is asked


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewItem:
    """One question for a person.

    ``listings_out`` is how many live listings no accepted picture shows as long as it is open, and
    ``live_listings`` how many it is about.  ``evidence`` is JSON: it is shown, and kept with the decision.
    """

    kind: Kind
    subject: Subject
    question: str
    options: tuple[str, ...]
    evidence: Mapping[str, Any]
    note: str = ""  # why an option that one would expect is not among the options
    images: tuple[str, ...] = ()  # pictures that it is about; those of ``listings`` where it names none
    listings: tuple[str, ...] = ()
    listings_out: int = 0
    live_listings: int = 0
    since: datetime | None = None
    decided: Decision | None = field(default=None)  # what is in force on it

    @property
    def item_id(self) -> str:
        """Its id: the same as long as it asks the same."""
        return item_id(self.kind, self.subject)


def item_id(kind: Kind, subject: Subject) -> str:
    """Return the id of a question: its kind, and the first digits of a picture's id or of a digest."""
    if kind == "picture":
        return f"{kind}-{subject[0][:ID_DIGITS]}"
    digest = hashlib.sha256(json.dumps([kind, *subject]).encode()).hexdigest()
    return f"{kind}-{digest[:ID_DIGITS]}"


def most_valuable_first(items: Iterable[ReviewItem]) -> list[ReviewItem]:
    """Order questions: what keeps most listings out of search, then most pictures, then the oldest."""

    def rank(item: ReviewItem) -> tuple[Any, ...]:
        since = item.since.isoformat() if item.since else "~"
        keeps_a_picture_out = item.kind == "picture"
        return -item.listings_out, not keeps_a_picture_out, -item.live_listings, since, item.subject

    return sorted(items, key=rank)


def kinds_of_feeds(connection: Connection, collection: str) -> dict[str, str]:
    """Return the kind of every feed that a collection was ever given."""
    chosen = sa.select(feeds.c.feed, feeds.c.kind).where(feeds.c.collection == collection)
    return {row.feed: row.kind for row in connection.execute(chosen)}


SHOWN_FIELDS = (
    *("listing_id", "feed", "title", "url", "brand", "category", "metal", "metal_colour", "fineness"),
    *("plating", "stones", "dimensions_mm", "gtin", "mpn", "certificate", "price_minor", "currency"),
)


def stated(connection: Connection, collection: str, listing_ids: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return what listings state, by their ids, as far as a person compares it; unstated fields left out.

    ``first_seen_at`` and ``withdrawn_at`` are among it for whoever orders them; they are no JSON.
    """
    chosen = sa.select(
        *(listings.c[name] for name in SHOWN_FIELDS), listings.c.first_seen_at, listings.c.withdrawn_at
    ).where(listings.c.collection == collection, listings.c.listing_id.in_(list(listing_ids)))
    return {
        row.listing_id: {name: value for name, value in row._mapping.items() if value not in (None, [], {})}
        for row in connection.execute(chosen.order_by(listings.c.listing_id))
    }


def as_json(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a listing states without what is no JSON."""
    return {name: value for name, value in facts.items() if name in SHOWN_FIELDS}
