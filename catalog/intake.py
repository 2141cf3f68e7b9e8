"""Reading a delivery into the catalogue.

Listings, rejects, price history and picture references, all or nothing.

A delivery is one transaction, and its first statement claims the delivery.  A crash leaves the catalogue as
it was before it, and the delivery still waiting; a second run waits for the first one and changes nothing.
"""

import hashlib
import json
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import chain, islice
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Engine

from catalog.attachments.ledger import refer_to_attachments
from catalog.breakers import HISTORY, DeliveryMeasures, Limits, reasons_to_hold
from catalog.community.consent import NO_CONSENT, allows, refusal
from catalog.declarations import FeedDeclaration
from catalog.deliveries import WAITING, Delivery
from catalog.listing import Damage, Listing, Reject, Remark
from catalog.price_history import close_spans, note_prices
from catalog.rates.rate import Rate
from catalog.rates.table import note_rates
from catalog.reading import Statement
from catalog.tables import deliveries, image_references, listings, rejects
from storage.batches import batches

BATCH_ROWS = 1000  # bound on memory; SQLite's parameter limit stands far above it
PARSED_AHEAD = 50_000  # statements parsed before the transaction: parsing must not hold SQLite's write lock
HOLD_ABOVE_SHARE = 0.9  # a full delivery that would withdraw more is held: feeds break, houses do not
HOLD_FROM_LISTINGS = 20

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class IntakeReport:
    """What one delivery did.  ``items`` is what it held as far as it could be read: accepted + rejected."""

    delivery: str
    state: str  # read, damaged, held, superseded, or taken: another run took it
    accepted: int = 0
    rejected: int = 0
    remarks: int = 0
    added: int = 0
    changed: int = 0
    stale: int = 0  # accepted listings left as they are: a later delivery had stated them
    withdrawn: int = 0
    price_spans: int = 0
    rejects_by_reason: Mapping[str, int]
    error: str | None = None

    @property
    def items(self) -> int:
        """Rows or products that the delivery held."""
        return self.accepted + self.rejected


class _HeldError(Exception):
    """Rolls the catalogue back to its state before the delivery; never seen outside."""


def take_in(
    engine: Engine,
    delivery: Delivery,
    declaration: FeedDeclaration,
    statements: Iterable[Statement],
) -> IntakeReport:
    """Read one delivery into the catalogue and note what became of it.

    A full delivery withdraws the feed's listings that it leaves out, unless it is damaged.  A full delivery
    older than one already read changes nothing (``superseded``).  One that states nothing, would withdraw
    nearly everything, or trips a circuit breaker is ``held``: the catalogue keeps its last good state until
    somebody releases it.  A listing that a later delivery has stated stays as it is (``stale``).  A delivery
    that another run has taken in the meantime changes nothing (``taken``).

    The first PARSED_AHEAD statements are drawn before the transaction begins, the others inside it.
    """
    counts = _Counts()
    coming = iter(statements)
    ahead = list(islice(coming, PARSED_AHEAD))
    with engine.begin() as connection:
        if not _claim(connection, delivery):
            return _report(delivery, counts, "taken")
        if declaration.deliveries == "full" and _newer_was_read(connection, delivery):
            counts.error = "a delivery with a later date was read before it, so it changes nothing"
            return _finish(connection, delivery, counts, "superseded")
        try:
            with connection.begin_nested():
                _read_all(connection, delivery, declaration, chain(ahead, coming), counts)
        except _HeldError as error:
            held = _Counts()
            held.error = str(error)
            held.measures = counts.measures
            return _finish(connection, delivery, held, "held")
        if counts.stale:
            _log.warning(
                "%s.%s %s: %d listings were stated by a later delivery and stay as they are",
                delivery.collection,
                delivery.feed,
                delivery.name,
                counts.stale,
            )
        if declaration.deliveries == "full":
            _supersede_held(connection, delivery)
        return _finish(connection, delivery, counts, "damaged" if counts.damage else "read")


class _Counts:
    def __init__(self) -> None:
        self.accepted = self.rejected = self.remarks = self.added = self.changed = 0
        self.stale = self.withdrawn = self.price_spans = 0
        self.damage = False
        self.measures = DeliveryMeasures()
        self.error: str | None = None
        self.reasons: dict[str, int] = {}


def _claim(connection: Connection, delivery: Delivery) -> bool:
    """Whether the delivery is this run's; it is rolled back with the transaction."""
    claimed = connection.execute(
        deliveries.update()
        .where(
            deliveries.c.delivery_id == delivery.delivery_id,
            deliveries.c.state == delivery.state,
            deliveries.c.state.in_(WAITING),
        )
        .values(state="reading")
    )
    return claimed.rowcount == 1


def _read_all(
    connection: Connection,
    delivery: Delivery,
    declaration: FeedDeclaration,
    statements: Iterable[Statement],
    counts: "_Counts",
) -> None:
    live_before = _live(connection, delivery)
    counts.measures.is_first = live_before == 0
    history = _history(connection, delivery)
    for batch in batches(_counted(statements, counts), BATCH_ROWS):
        _store(connection, delivery, batch, counts, keep_former=declaration.kind != "community")
    if delivery.state != "released":
        _require_usual(delivery, declaration, history, counts)
    if declaration.deliveries == "increments" or counts.damage:
        return
    unstated = _unstated(connection, delivery)
    nearly_all = live_before >= HOLD_FROM_LISTINGS and len(unstated) > HOLD_ABOVE_SHARE * live_before
    empty = counts.accepted == 0 and live_before > 0
    if delivery.state != "released" and (nearly_all or empty):
        message = (
            f"holds {counts.accepted} listings and {counts.rejected} rejects, and would withdraw "
            f"{len(unstated)} of the {live_before} listings that the feed had: held, the catalogue keeps its "
            "state; deliver the whole catalogue again, declare deliveries: increments, or have it read as it "
            f"is with loupe feeds release {delivery.collection}.{delivery.feed}"
        )
        raise _HeldError(message)
    _withdraw(connection, delivery, unstated)
    counts.withdrawn = len(unstated)


def _supersede_held(connection: Connection, delivery: Delivery) -> None:
    """Put aside what of a full feed was held before: read now, it would change nothing."""
    connection.execute(
        deliveries.update()
        .where(
            deliveries.c.collection == delivery.collection,
            deliveries.c.feed == delivery.feed,
            deliveries.c.state == "held",
            deliveries.c.delivered_at < delivery.delivered_at,
        )
        .values(state="superseded")
    )


def _require_usual(
    delivery: Delivery, declaration: FeedDeclaration, history: Sequence[Mapping[str, float]], counts: _Counts
) -> None:
    """Raise _HeldError for a damaged delivery of a feed that is read whole or not at all, or a breaker."""
    reasons = []
    if counts.damage and declaration.damage == "hold":
        reasons.append(f"it is damaged ({counts.error})")
    limits = Limits(**declaration.breakers.model_dump(exclude={"pictures_failed"}))
    is_full = declaration.deliveries == "full" and not counts.damage
    reasons += reasons_to_hold(counts.measures.figures(), history, limits, is_full=is_full)
    if reasons:
        message = (
            f"{'; '.join(reasons)}: held, the catalogue keeps its state; deliver it again, widen the feed's "
            "breakers, or have it read as it is with loupe feeds release "
            f"{delivery.collection}.{delivery.feed}"
        )
        raise _HeldError(message)


def _history(connection: Connection, delivery: Delivery) -> list[dict[str, float]]:
    """Return the figures of the feed's last deliveries that were read whole, the latest first.

    What a person released begins a new habit: nothing before it is a yardstick any more.
    """
    found = connection.execute(
        sa.select(deliveries.c.figures)
        .where(
            deliveries.c.collection == delivery.collection,
            deliveries.c.feed == delivery.feed,
            deliveries.c.state == "read",
            deliveries.c.figures.is_not(None),
        )
        .order_by(deliveries.c.delivered_at.desc(), deliveries.c.delivery_id.desc())
        .limit(HISTORY)
    ).scalars()
    history = []
    for figures in found:
        history.append(figures)
        if figures.get("released"):
            break
    return history


def _counted(statements: Iterable[Statement], counts: _Counts) -> Iterator[Listing | Rate | Reject]:
    for statement in statements:
        match statement:
            case Listing():
                counts.accepted += 1
                counts.measures.count(statement)
                yield statement
            case Rate():
                counts.accepted += 1
                yield statement
            case Reject():
                counts.rejected += 1
                counts.measures.rejected += 1
                counts.reasons[statement.reason] = counts.reasons.get(statement.reason, 0) + 1
                yield statement
            case Remark():
                counts.remarks += 1
            case Damage():
                counts.damage = True
                counts.error = f"{statement.place}: {statement.message}"


def _store(
    connection: Connection,
    delivery: Delivery,
    batch: Sequence[Listing | Rate | Reject],
    counts: _Counts,
    *,
    keep_former: bool,
) -> None:
    refused = [
        {
            "collection": delivery.collection,
            "feed": delivery.feed,
            "delivery_id": delivery.delivery_id,
            **asdict(one),
        }
        for one in batch
        if isinstance(one, Reject)
    ]
    if refused:
        connection.execute(rejects.insert(), refused)
    note_rates(connection, delivery.collection, [one for one in batch if isinstance(one, Rate)])
    stated = {_listing_id(delivery, one): one for one in batch if isinstance(one, Listing)}
    if not stated:
        return
    before = {
        row.listing_id: row
        for row in connection.execute(
            sa.select(
                listings.c.listing_id,
                listings.c.content_digest,
                listings.c.last_seen_at,
                listings.c.price_minor,
                listings.c.currency,
            ).where(listings.c.collection == delivery.collection, listings.c.listing_id.in_(list(stated)))
        )
    }
    late = [one for one, row in before.items() if row.last_seen_at > delivery.delivered_at]
    counts.stale += len(late)
    for listing_id in late:
        del stated[listing_id]
    rows = {listing_id: _row(delivery, listing_id, listing) for listing_id, listing in stated.items()}
    new, changed, same = [], [], []
    for listing_id, row in rows.items():
        known = before.get(listing_id)
        if known is None:
            counts.measures.unseen += 1
            new.append({**row, "first_seen_at": delivery.delivered_at})
        elif known.content_digest != row["content_digest"]:
            counts.measures.compare_price(
                (known.price_minor, known.currency), (row["price_minor"], row["currency"])
            )
            changed.append({f"new_{name}": value for name, value in row.items()})
        else:
            price = known.price_minor, known.currency
            counts.measures.compare_price(price, price)
            same.append(
                {
                    "new_listing_id": listing_id,
                    "new_last_seen_at": delivery.delivered_at,
                    "new_place": row["place"],
                }
            )
    counts.added += len(new)
    counts.changed += len(changed)
    if new:
        connection.execute(listings.insert(), new)
    mine = (
        listings.c.collection == delivery.collection,
        listings.c.listing_id == sa.bindparam("new_listing_id"),
    )
    if changed:
        names = [
            name.removeprefix("new_")
            for name in changed[0]
            if name not in ("new_collection", "new_listing_id")
        ]
        connection.execute(
            listings.update().where(*mine).values({name: sa.bindparam(f"new_{name}") for name in names}),
            changed,
        )
    if same:
        connection.execute(
            listings.update()
            .where(*mine)
            .values(
                last_seen_at=sa.bindparam("new_last_seen_at"),
                delivery_id=delivery.delivery_id,
                place=sa.bindparam("new_place"),
                withdrawn_at=None,
            ),
            same,
        )
    counts.price_spans += note_prices(
        connection,
        delivery.collection,
        list(rows.values()),
        at=delivery.delivered_at,
        delivery_id=delivery.delivery_id,
    )
    _refer_to_images(connection, delivery, stated, keep_former=keep_former)
    files = {listing_id: listing.attachments for listing_id, listing in stated.items()}
    refer_to_attachments(connection, delivery.collection, delivery.feed, files)


def _listing_id(delivery: Delivery, listing: Listing) -> str:
    return f"{delivery.feed}:{listing.source_id}"


def _row(delivery: Delivery, listing_id: str, listing: Listing) -> dict[str, Any]:
    values = asdict(listing)
    place = values.pop("place")  # no part of what is stated: a row that moved has not changed
    images, files = values.pop("images"), values.pop("attachments")
    canonical = json.dumps(
        {**values, "images": images, "attachments": files}, sort_keys=True, ensure_ascii=False
    ).encode()
    return {
        "collection": delivery.collection,
        "listing_id": listing_id,
        "feed": delivery.feed,
        "delivery_id": delivery.delivery_id,
        "last_seen_at": delivery.delivered_at,
        "withdrawn_at": None,
        "content_digest": hashlib.sha256(canonical).hexdigest(),
        "place": place,
        **values,
    }


def _refer_to_images(
    connection: Connection, delivery: Delivery, stated: Mapping[str, Listing], *, keep_former: bool
) -> None:
    """Bring the picture references of these listings in line with what they now name.

    A reference keeps its state while its location stays the same; a new location waits to be fetched.  With
    ``keep_former`` it shows the picture it had until then (``catalog.held`` says how long); a customer's
    picture that is not named any more may have lost its consent, and goes at once.  One without consent is
    not fetched, and lets go of its picture when consent is withdrawn.
    """
    before = {
        (row.listing_id, row.position): row
        for row in connection.execute(
            sa.select(
                image_references.c.listing_id,
                image_references.c.position,
                image_references.c.location,
                image_references.c.alt,
                image_references.c.role_stated,
                image_references.c.live,
                image_references.c.consent,
            ).where(
                image_references.c.collection == delivery.collection,
                image_references.c.listing_id.in_(list(stated)),
            )
        )
    }
    new: list[dict[str, Any]] = []
    moved: list[tuple[dict[str, Any], dict[str, Any]]] = []
    for listing_id, listing in stated.items():
        for position, mention in enumerate(listing.images):
            known = before.pop((listing_id, position), None)
            may = allows(mention.consent)
            values: dict[str, Any] = {
                "location": mention.location,
                "alt": mention.alt,
                "role_stated": mention.role,
                "state": "pending" if may else "failed",
                "reason": None if may else NO_CONSENT,
                "message": None if may else refusal(mention.consent),
                "attempts": 0,
                "image_id": None,
                "live": True,
                "consent": mention.consent,
            }
            at = {"collection": delivery.collection, "listing_id": listing_id, "position": position}
            if known is None:
                new.append({**at, "feed": delivery.feed, **values})
            elif known.location != mention.location or allows(known.consent) != may:
                former = ("image_id",) if keep_former and may else ()
                moved.append((at, {name: value for name, value in values.items() if name not in former}))
            elif (known.alt, known.role_stated, known.consent, known.live) != (
                mention.alt,
                mention.role,
                mention.consent,
                True,
            ):
                same: dict[str, Any] = {
                    "alt": mention.alt,
                    "role_stated": mention.role,
                    "live": True,
                    "consent": mention.consent,
                }
                moved.append((at, same if may else same | {"message": values["message"]}))
    if new:
        connection.execute(image_references.insert(), new)
    for (listing_id, position), row in before.items():
        if row.live:
            at = {"collection": delivery.collection, "listing_id": listing_id, "position": position}
            moved.append((at, {"live": False}))
    for at, values in moved:
        connection.execute(
            image_references.update()
            .where(*(image_references.c[name] == value for name, value in at.items()))
            .values(**values)
        )


def _live(connection: Connection, delivery: Delivery) -> int:
    return connection.execute(
        sa.select(sa.func.count())
        .select_from(listings)
        .where(
            listings.c.collection == delivery.collection,
            listings.c.feed == delivery.feed,
            listings.c.withdrawn_at.is_(None),
        )
    ).scalar_one()


def _newer_was_read(connection: Connection, delivery: Delivery) -> bool:
    return (
        connection.execute(
            sa.select(deliveries.c.delivery_id)
            .where(
                deliveries.c.collection == delivery.collection,
                deliveries.c.feed == delivery.feed,
                deliveries.c.state.in_(["read", "damaged"]),
                deliveries.c.delivered_at > delivery.delivered_at,
            )
            .limit(1)
        ).one_or_none()
        is not None
    )


def _unstated(connection: Connection, delivery: Delivery) -> list[str]:
    return list(
        connection.execute(
            sa.select(listings.c.listing_id).where(
                listings.c.collection == delivery.collection,
                listings.c.feed == delivery.feed,
                listings.c.delivery_id != delivery.delivery_id,
                listings.c.withdrawn_at.is_(None),
            )
        ).scalars()
    )


def _withdraw(connection: Connection, delivery: Delivery, listing_ids: Sequence[str]) -> None:
    for some in batches(listing_ids, BATCH_ROWS):
        connection.execute(
            listings.update()
            .where(listings.c.collection == delivery.collection, listings.c.listing_id.in_(some))
            .values(withdrawn_at=delivery.delivered_at)
        )
        close_spans(connection, delivery.collection, some, at=delivery.delivered_at)


def _finish(connection: Connection, delivery: Delivery, counts: _Counts, state: str) -> IntakeReport:
    connection.execute(
        deliveries.update()
        .where(deliveries.c.delivery_id == delivery.delivery_id)
        .values(
            state=state,
            rows=counts.accepted + counts.rejected,
            accepted=counts.accepted,
            rejected=counts.rejected,
            warnings=counts.remarks,
            error=counts.error,
            figures=counts.measures.figures() | ({"released": 1} if delivery.state == "released" else {}),
        )
    )
    return _report(delivery, counts, state)


def _report(delivery: Delivery, counts: _Counts, state: str) -> IntakeReport:
    return IntakeReport(
        delivery=delivery.name,
        state=state,
        accepted=counts.accepted,
        rejected=counts.rejected,
        remarks=counts.remarks,
        added=counts.added,
        changed=counts.changed,
        stale=counts.stale,
        withdrawn=counts.withdrawn,
        price_spans=counts.price_spans,
        rejects_by_reason=dict(sorted(counts.reasons.items())),
        error=counts.error,
    )
