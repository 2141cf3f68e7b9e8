"""What people say their pictures show: the listing that a claim names, where it exists.

A claim is no truth: a customer may name the wrong product.  It is kept as stated beside what it resolves to.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Engine

from catalog.errors import UnreadableValueError
from catalog.identifiers import read_gtin
from catalog.tables import listings
from storage.batches import batches

CLAIM_PARTS = ("feed", "source_id", "url", "gtin")
_BATCH = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimsReport:
    """Claims of live listings, how many name a listing that we hold, and how many changed."""

    claims: int
    resolved: int
    changed: int


def claim_of(stated: Mapping[str, str]) -> dict[str, str]:
    """Return a claim's parts as they are kept: a readable GTIN as 14 digits, everything else as stated."""
    claim = {part: stated[part] for part in CLAIM_PARTS if stated.get(part)}
    if "gtin" in claim:
        with suppress(UnreadableValueError):  # kept as stated: it names nothing, and says what somebody typed
            claim["gtin"] = read_gtin(claim["gtin"])
    return claim


def resolve_claims(engine: Engine, collection: str) -> ClaimsReport:
    """Find the listing that each claim of a collection names, and note it where it changed.

    The source's own id counts first, together with its feed where the claim says it, then the page's address,
    then the GTIN.  An id or address that several listings share names none of them; of several offers of one
    GTIN, which are one piece, the first by its id is named.
    """
    with engine.begin() as connection:
        rows = connection.execute(
            sa.select(
                listings.c.listing_id, listings.c.feed, listings.c.claims, listings.c.claimed_listing_id
            )
            .where(listings.c.collection == collection, listings.c.claims.is_not(None))
            .order_by(listings.c.listing_id)
        ).all()
        if not rows:
            return ClaimsReport(claims=0, resolved=0, changed=0)
        known = {
            part: _holders(
                connection, collection, column, {row.claims[part] for row in rows if part in row.claims}
            )
            for part, column in (
                ("source_id", listings.c.source_id), ("url", listings.c.url), ("gtin", listings.c.gtin),
            )
        }  # fmt: skip
        resolved = changed = 0
        for row in rows:
            named = _named(row.claims, row.feed, known)
            resolved += named is not None
            if named != row.claimed_listing_id:
                changed += 1
                connection.execute(
                    listings.update()
                    .where(listings.c.collection == collection, listings.c.listing_id == row.listing_id)
                    .values(claimed_listing_id=named)
                )
    return ClaimsReport(claims=len(rows), resolved=resolved, changed=changed)


def _holders(
    connection: Connection, collection: str, column: sa.ColumnElement[Any], values: Iterable[str]
) -> dict[str, list[tuple[str, str]]]:
    """Return the (feed, listing id) pairs that hold each value, by listing id."""
    holders: dict[str, list[tuple[str, str]]] = {}
    for some in batches(sorted(values), _BATCH):
        for value, feed, listing_id in connection.execute(
            sa.select(column, listings.c.feed, listings.c.listing_id)
            .where(listings.c.collection == collection, column.in_(some), listings.c.claims.is_(None))
            .order_by(listings.c.listing_id)
        ):
            holders.setdefault(value, []).append((feed, listing_id))
    return holders


def _named(
    claim: Mapping[str, str], own_feed: str, known: Mapping[str, Mapping[str, list[tuple[str, str]]]]
) -> str | None:
    for part in ("source_id", "url", "gtin"):
        found = [
            listing_id
            for feed, listing_id in known[part].get(claim.get(part, ""), ())
            if feed == claim.get("feed", feed) and feed != own_feed
        ]
        if len(found) == 1 or (found and part == "gtin"):
            return found[0]
    return None
