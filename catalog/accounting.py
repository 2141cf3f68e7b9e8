"""The books: where every listing and every picture that the feeds hold has ended."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Engine

from catalog.declarations import FeedDeclaration
from catalog.held import Held, held_deliveries
from catalog.image_domains import NOT_JEWELRY, kept_out_in
from catalog.tables import (
    attachments,
    deliveries,
    disagreements,
    feeds,
    image_references,
    images,
    listings,
    piece_listings,
    pieces,
    price_history,
    reference_verdict,
    rejects,
    trends,
    verdicts,
)  # fmt: skip
from storage.database import reading


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedBooks:
    """One feed.  ``items`` is what it holds: its latest full delivery, or all its increments.

    ``image_references`` counts the pictures that its listings name; each stands in exactly one of the states.
    """

    feed: str
    deliveries: int
    items: int
    accepted: int
    rejected: int
    stored: int  # listings whose latest statement stands in those deliveries
    rejects_by_reason: Mapping[str, int]
    live: int
    withdrawn: int
    image_references: int
    image_states: Mapping[str, int]  # accepted, quarantined, review, rejected, failed, pending
    image_reasons: Mapping[str, int]
    attachments: int
    attachment_states: Mapping[str, int]  # fetched, failed, pending
    increments: bool
    error: str | None
    held: tuple[Held, ...]  # deliveries, and pictures, that wait for a person

    @property
    def balanced(self) -> bool:
        """Whether every item is a stored listing or a stored reject, and every picture stands in one state.

        Increments may state a listing again, so there the stored listings are at most the accepted items.
        """
        return (
            self.items == self.accepted + self.rejected
            and self.rejected == sum(self.rejects_by_reason.values())
            and (self.stored == self.accepted or (self.increments and self.stored <= self.accepted))
            and self.image_references == sum(self.image_states.values())
            and self.attachments == sum(self.attachment_states.values())
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionBooks:
    """One collection."""

    collection: str
    feeds: tuple[FeedBooks, ...]
    pieces: int
    joined_pieces: int
    disagreements: int
    distinct_images: int
    renditions: int
    price_spans: int
    trend_rows: int

    @property
    def balanced(self) -> bool:
        """Whether the books of every feed balance."""
        return all(feed.balanced for feed in self.feeds)


def books(engine: Engine, collection: str, declarations: Iterable[FeedDeclaration]) -> CollectionBooks:
    """Read the books of one collection, feeds in the order of their declarations."""
    with reading(engine) as connection:

        def count(table: sa.Table, *conditions: sa.ColumnElement[bool]) -> int:
            chosen = sa.select(sa.func.count()).select_from(table)
            return connection.execute(
                chosen.where(table.c.collection == collection, *conditions)
            ).scalar_one()

        of_collection = sa.select(image_references.c.image_id).where(
            image_references.c.collection == collection, image_references.c.image_id.is_not(None)
        )
        distinct = connection.execute(
            sa.select(sa.func.count(), sa.func.count(images.c.renditions_version)).where(
                images.c.image_id.in_(of_collection)
            )
        ).one()
        return CollectionBooks(
            collection=collection,
            feeds=tuple(_feed(connection, collection, one) for one in declarations),
            pieces=count(pieces, pieces.c.forwarded_to.is_(None)),
            joined_pieces=_joined(connection, collection),
            disagreements=count(disagreements),
            distinct_images=distinct[0],
            renditions=distinct[1],
            price_spans=count(price_history),
            trend_rows=count(trends),
        )


def _joined(connection: Connection, collection: str) -> int:
    several = (
        sa.select(piece_listings.c.piece_id)
        .join(
            listings,
            sa.and_(
                listings.c.collection == piece_listings.c.collection,
                listings.c.listing_id == piece_listings.c.listing_id,
            ),
        )
        .where(piece_listings.c.collection == collection)
        .group_by(piece_listings.c.piece_id)
        .having(sa.func.count(listings.c.feed.distinct()) > 1)
        .subquery()
    )
    return connection.execute(sa.select(sa.func.count()).select_from(several)).scalar_one()


def _feed(connection: Connection, collection: str, declaration: FeedDeclaration) -> FeedBooks:
    feed = declaration.name
    mine = (deliveries.c.collection == collection, deliveries.c.feed == feed)
    read = connection.execute(
        sa.select(deliveries)
        .where(*mine, deliveries.c.state.in_(["read", "damaged"]))
        .order_by(deliveries.c.delivered_at, deliveries.c.delivery_id)
    ).all()
    held = read[-1:] if declaration.deliveries == "full" else read
    stored = connection.execute(
        sa.select(sa.func.count())
        .select_from(listings)
        .where(
            listings.c.collection == collection, listings.c.delivery_id.in_([row.delivery_id for row in held])
        )
    ).scalar_one()
    reasons = {
        row.reason: row.rows
        for row in connection.execute(
            sa.select(rejects.c.reason, sa.func.count().label("rows"))
            .where(rejects.c.delivery_id.in_([row.delivery_id for row in held]))
            .group_by(rejects.c.reason)
            .order_by(rejects.c.reason)
        )
    }
    of_feed = (listings.c.collection == collection, listings.c.feed == feed)
    live, withdrawn = connection.execute(
        sa.select(
            sa.func.count().filter(listings.c.withdrawn_at.is_(None)),
            sa.func.count().filter(listings.c.withdrawn_at.is_not(None)),
        ).where(*of_feed)
    ).one()
    references, states, image_reasons = _images(connection, collection, feed)
    held_files = {
        row.state: row.files
        for row in connection.execute(
            sa.select(attachments.c.state, sa.func.count().label("files"))
            .where(attachments.c.collection == collection, attachments.c.feed == feed, attachments.c.live)
            .group_by(attachments.c.state)
        )
    }
    error = connection.execute(
        sa.select(feeds.c.error).where(feeds.c.collection == collection, feeds.c.feed == feed)
    ).scalar_one_or_none()
    last = connection.execute(
        sa.select(deliveries.c.error, deliveries.c.name)
        .where(*mine)
        .order_by(deliveries.c.delivery_id.desc())
        .limit(1)
    ).one_or_none()
    if error is None and last is not None and last.error:
        error = f"{last.name}: {last.error}"
    waits = tuple(held_deliveries(connection, collection, declaration))
    if error is None and waits:
        error = f"{waits[-1].name}: {waits[-1].reason}"
    accepted = sum(row.accepted for row in held)
    return FeedBooks(
        feed=feed,
        deliveries=len(read),
        items=sum(row.rows for row in held),
        accepted=accepted,
        rejected=sum(row.rejected for row in held),
        stored=accepted if declaration.kind == "rates" else stored,  # a rate is no listing
        rejects_by_reason=reasons,
        live=live,
        withdrawn=withdrawn,
        image_references=references,
        image_states=states,
        image_reasons=image_reasons,
        attachments=sum(held_files.values()),
        attachment_states={state: held_files.get(state, 0) for state in ("fetched", "failed", "pending")},
        increments=declaration.deliveries == "increments",
        error=error,
        held=waits,
    )


def _images(connection: Connection, collection: str, feed: str) -> tuple[int, dict[str, int], dict[str, int]]:
    live = (
        image_references.c.collection == collection,
        image_references.c.feed == feed,
        image_references.c.live,
    )
    no_jewelry = {found.image_id for found in kept_out_in(connection, collection)}
    rows = connection.execute(
        sa.select(
            image_references.c.state,
            image_references.c.reason,
            image_references.c.image_id,
            verdicts.c.verdict,
            verdicts.c.reasons,
        )
        .outerjoin(verdicts, reference_verdict)
        .where(*live)
    )
    total = 0
    states = dict.fromkeys(("accepted", "quarantined", "review", "rejected", "failed", "pending"), 0)
    reasons: dict[str, int] = {}
    for row in rows:
        total += 1
        state = row.state if row.state != "fetched" else row.verdict or "pending"
        is_kept_out = state == "accepted" and row.image_id in no_jewelry
        states["review" if is_kept_out else state] += 1
        if state == "accepted" and not is_kept_out:  # by a person, where it has a reason
            continue
        said: list[Any] = [row.reason] if state == "failed" else [one["rule"] for one in row.reasons or ()]
        said += [NOT_JEWELRY] if is_kept_out else []
        for reason in said:
            reasons[reason] = reasons.get(reason, 0) + 1
    return total, states, dict(sorted(reasons.items()))
