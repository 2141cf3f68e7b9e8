"""The ledger of attachments: which files listings name, what became of each, by the digest of its bytes.

Nothing here opens a file: drawings and models are kept as they came, under ``attachments/`` in the object
store, for people and programs that know their formats.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Engine

from catalog.image_fetching import NOT_ASKED, FailedImage, FetchedImage
from catalog.image_ledger import RETRIED_ALWAYS
from catalog.listing import AttachmentMention
from catalog.tables import attachments
from storage.batches import batches
from storage.database import reading
from storage.objects import ObjectStore, digest_key, sha256_hex

WRITE_BATCH = 16


def refer_to_attachments(
    connection: Connection, collection: str, feed: str, stated: Mapping[str, tuple[AttachmentMention, ...]]
) -> None:
    """Bring the attachments of these listings in line with what they now name.

    A file keeps its state while its location stays the same; what a listing no longer names is not live.

    Args:
        stated: Listing id and the files that it names.
    """
    of_listings = (attachments.c.collection == collection, attachments.c.listing_id.in_(list(stated)))
    before = {
        (row.listing_id, row.position): row
        for row in connection.execute(sa.select(attachments).where(*of_listings))
    }
    if not before and not any(stated.values()):
        return
    new = []
    for listing_id, mentions in stated.items():
        for position, mention in enumerate(mentions):
            values = {"kind": mention.kind, "location": mention.location, "name": mention.name, "live": True}
            fresh = {
                "state": "pending",
                "reason": None,
                "message": None,
                "attempts": 0,
                "digest": None,
                "bytes": None,
            }
            known = before.pop((listing_id, position), None)
            if known is None:
                at = {"collection": collection, "listing_id": listing_id, "position": position, "feed": feed}
                new.append(at | values | fresh)
            elif any(getattr(known, name) != value for name, value in values.items()):
                moved = known.location != mention.location
                _set(connection, collection, listing_id, position, values | (fresh if moved else {}))
    for (listing_id, position), row in before.items():
        if row.live:
            _set(connection, collection, listing_id, position, {"live": False})
    if new:
        connection.execute(attachments.insert(), new)


def attachments_to_fetch(engine: Engine, collection: str, feed: str, *, attempts: int) -> list[str]:
    """Return the distinct locations of attachments that wait, or failed in a way worth another try."""
    worth_it = sa.or_(
        attachments.c.reason.in_(sorted(RETRIED_ALWAYS)),
        sa.and_(attachments.c.attempts > 0, attachments.c.attempts < attempts),
    )
    with reading(engine) as connection:
        return list(
            connection.execute(
                sa.select(attachments.c.location)
                .where(
                    attachments.c.collection == collection,
                    attachments.c.feed == feed,
                    attachments.c.live,
                    sa.or_(
                        attachments.c.state == "pending", sa.and_(attachments.c.state == "failed", worth_it)
                    ),
                )
                .distinct()
                .order_by(attachments.c.location)
            ).scalars()
        )


def record_attachments(
    engine: Engine,
    objects: ObjectStore,
    collection: str,
    feed: str,
    outcomes: Iterable[FetchedImage | FailedImage],
) -> dict[str, int]:
    """Store files as they arrive and note every outcome; return how many locations ended in each state.

    Bytes are stored before the rows that name them.  What was not asked stays as it was (``pending``).
    """
    counts: dict[str, int] = {}
    for batch in batches(outcomes, WRITE_BATCH):
        kept = [_kept(objects, one) for one in batch]
        with engine.begin() as connection:
            for location, values in kept:
                state = values["state"] if values else "pending"
                counts[state] = counts.get(state, 0) + 1
                if values:
                    connection.execute(
                        attachments.update()
                        .where(
                            attachments.c.collection == collection,
                            attachments.c.feed == feed,
                            attachments.c.location == location,
                        )
                        .where(*_changing(values))
                        .values(**values)
                    )
    return counts


def _kept(objects: ObjectStore, outcome: FetchedImage | FailedImage) -> tuple[str, dict[str, Any] | None]:
    if isinstance(outcome, FetchedImage):
        digest = sha256_hex(outcome.data)
        key = digest_key("attachments", digest)
        if not objects.exists(key):
            objects.put(key, outcome.data)
        return outcome.location, {
            "state": "fetched", "digest": digest, "bytes": len(outcome.data), "reason": None, "message": None,
        }  # fmt: skip
    if outcome.reason == NOT_ASKED:
        return outcome.location, None
    return outcome.location, {
        "state": "failed",
        "reason": outcome.reason,
        "message": outcome.message,
        "attempts": attachments.c.attempts + 1 if outcome.transient else 0,
    }


def _changing(values: Mapping[str, Any]) -> list[sa.ColumnElement[bool]]:
    """Return the condition that a permanent failure noted already is not written again."""
    if values["state"] == "fetched" or not isinstance(values["attempts"], int):
        return []
    return [
        sa.or_(
            attachments.c.state != "failed",
            attachments.c.reason != values["reason"],
            attachments.c.attempts != 0,
        )
    ]


def _set(
    connection: Connection, collection: str, listing_id: str, position: int, values: Mapping[str, Any]
) -> None:
    connection.execute(
        attachments.update()
        .where(
            attachments.c.collection == collection,
            attachments.c.listing_id == listing_id,
            attachments.c.position == position,
        )
        .values(**values)
    )
