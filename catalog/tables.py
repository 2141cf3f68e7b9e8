"""The catalogue's SQL tables.  Column meanings only; reading and writing live with each subject.

Every row belongs to a collection, except pictures: a picture is its bytes, and the same bytes may serve many
collections.  Times are UTC, without offset, as ISO 8601 text sorts (``UtcTime``).  Money is in minor units.
"""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Column, ForeignKeyConstraint, Index, MetaData, Table
from sqlalchemy.types import JSON, BigInteger, Boolean, Float, Integer, String, Text, TypeDecorator

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class UtcTime(TypeDecorator[datetime]):
    """An instant in UTC with second precision, kept as sortable text; naive datetimes are refused."""

    impl = String(20)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> str | None:  # noqa: ARG002 - SQLAlchemy's
        """Write ``2026-01-31T09:30:00Z``."""
        if value is None:
            return None
        if value.tzinfo is None:
            message = f"{value!r} has no time zone: pass an aware datetime"
            raise ValueError(message)
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's
        """Read it back as an aware datetime."""
        return None if value is None else datetime.strptime(value, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


feeds = Table(
    "feeds",
    metadata,
    Column("collection", String(64), primary_key=True),
    Column("feed", String(64), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("checked_at", UtcTime),
    Column(
        "validators", JSON, nullable=False
    ),  # file or page -> ETag, Last-Modified, digest: what "unchanged" means
    Column("error", Text),  # the last check's failure, null when it went well
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("delivery_id", Integer, primary_key=True, autoincrement=True),
    Column("collection", String(64), nullable=False),
    Column("feed", String(64), nullable=False),
    Column("name", String(512), nullable=False),  # file, page set or folder listing it came as
    Column("digest", String(64), nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column(
        "delivered_at", UtcTime, nullable=False
    ),  # date in the name, Last-Modified, else when it was received
    Column("day", String(10), nullable=False),  # partition it was received in
    Column("state", String(12), nullable=False),  # received, read, damaged, held, released, superseded
    Column("rows", Integer),
    Column("accepted", Integer),
    Column("rejected", Integer),
    Column("warnings", Integer),
    Column("error", Text),  # what broke off the reading, with its place
    Column("figures", JSON),  # what it was like, as circuit breakers compare: rows, shares, price level
    Index("ix_deliveries_feed", "collection", "feed", "delivery_id"),
)

listings = Table(
    "listings",
    metadata,
    Column("collection", String(64), primary_key=True),
    Column("listing_id", String(300), primary_key=True),  # "<feed>:<the source's own id>"
    Column("feed", String(64), nullable=False),
    Column("source_id", String(235), nullable=False),
    Column("delivery_id", Integer, nullable=False),  # the delivery that last stated it
    Column("place", String(64)),  # where it stood there: "row 12", "item 7"; null until it is read again
    Column("first_seen_at", UtcTime, nullable=False),
    Column("last_seen_at", UtcTime, nullable=False),
    Column("withdrawn_at", UtcTime),  # set when a full delivery no longer holds it
    Column("content_digest", String(64), nullable=False),
    Column("title", Text, nullable=False),
    Column("description", Text),
    Column("titles", JSON, nullable=False),  # language -> title, where the feed has several
    Column("url", Text),
    Column("brand", String(200)),
    Column("category", String(32)),  # our vocabulary; null when nothing maps
    Column("metal", String(32)),
    Column("metal_colour", String(32)),
    Column("fineness", Integer),  # per mille
    Column("plating", String(32)),
    Column("stones", JSON, nullable=False),  # names in our vocabulary, in the feed's order
    Column("styles", JSON, nullable=False),
    Column("colour", String(32)),
    Column("dimensions_mm", JSON, nullable=False),  # width, height, length, diameter, ... -> millimetres
    Column("weight_g", Float),
    Column("gtin", String(14)),
    Column("mpn", String(100)),
    Column("sku", String(100)),
    Column("certificate", String(100)),
    Column(
        "availability", String(16), nullable=False
    ),  # in_stock, out_of_stock, preorder, discontinued, unknown
    Column("price_minor", BigInteger),
    Column("list_price_minor", BigInteger),
    Column("currency", String(3)),
    Column("rating", Float),
    Column("origin", String(100)),  # where it was made, as stated
    Column(
        "certificate_details", JSON(none_as_null=True)
    ),  # laboratory, number, carat, colour, clarity, cut -> as stated
    Column("contributor", String(64)),  # keyed pseudonym of whoever sent it in
    Column(
        "claims", JSON(none_as_null=True)
    ),  # feed, source_id, url, gtin -> of the listing that its pictures are said to show
    Column("claimed_listing_id", String(300)),  # the listing that these name, where it exists
    Column("tax", String(8)),  # included or excluded in the prices; null where it is not stated
    Column("tax_percent", Float),
    Column("read_from", JSON, nullable=False),  # our field -> {"column": ..., "raw": ...}
    ForeignKeyConstraint(["delivery_id"], ["deliveries.delivery_id"]),
    Index("ix_listings_feed", "collection", "feed"),
    Index("ix_listings_gtin", "collection", "gtin"),
    Index("ix_listings_mpn", "collection", "mpn"),
)

rejects = Table(
    "rejects",
    metadata,
    Column("reject_id", Integer, primary_key=True, autoincrement=True),
    Column("collection", String(64), nullable=False),
    Column("feed", String(64), nullable=False),
    Column("delivery_id", Integer, nullable=False),
    Column("place", String(64), nullable=False),  # "row 12", "item 7"
    Column("source_id", String(235)),
    Column("reason", String(40), nullable=False),
    Column("field", String(64)),
    Column("value", Text),
    Column("message", Text, nullable=False),
    ForeignKeyConstraint(["delivery_id"], ["deliveries.delivery_id"]),
    Index("ix_rejects_delivery", "delivery_id"),
)

pieces = Table(
    "pieces",
    metadata,
    Column("collection", String(64), primary_key=True),
    Column("piece_id", String(32), primary_key=True),
    Column("forwarded_to", String(32)),  # set when this piece was merged into another
    Column("category", String(32)),
    Column("brand", String(200)),
    Column("title", Text, nullable=False),
    Column("first_seen_at", UtcTime, nullable=False),
)

piece_listings = Table(
    "piece_listings",
    metadata,
    Column("collection", String(64), primary_key=True),
    Column("listing_id", String(300), primary_key=True),
    Column("piece_id", String(32), nullable=False),
    # alone, decided, gtin, certificate, brand_mpn, brand_attributes, pictures
    Column("rule", String(32), nullable=False),
    Index("ix_piece_listings_piece", "collection", "piece_id"),
)

disagreements = Table(
    "disagreements",
    metadata,
    Column("collection", String(64), primary_key=True),
    Column("piece_id", String(32), primary_key=True),
    Column("field", String(32), primary_key=True),
    Column("said", JSON, nullable=False),  # listing_id -> value
    Column("counts", String(300)),  # the listing whose word counts; null when nobody's does
    Column("why", Text),
)

source_trust = Table(
    "source_trust",
    metadata,
    Column("collection", String(64), primary_key=True),
    Column("feed", String(64), primary_key=True),
    Column("field", String(32), primary_key=True),
    Column("agreed", Integer, nullable=False),  # contradictions with an outcome in which it was right
    Column("disagreed", Integer, nullable=False),
    Column("trust", Float, nullable=False),  # in (0, 1): see catalog.source_trust
)

decisions = Table(
    "decisions",
    metadata,
    Column("decision_id", Integer, primary_key=True, autoincrement=True),  # orders them: clocks do not
    Column("collection", String(64), nullable=False),
    Column("kind", String(16), nullable=False),  # picture, join, contradiction, attribute
    # [image_id], [listing_id, listing_id] sorted, [piece_id, field], [piece_id, attribute]
    Column("subject", JSON, nullable=False),
    Column("decision", String(300), nullable=False),  # see catalog.decisions
    Column("who", String(200), nullable=False),
    Column("why", Text, nullable=False),
    Column("evidence", JSON, nullable=False),  # what was known of the subject when it was decided
    Column("decided_at", UtcTime, nullable=False),
    Index("ix_decisions_kind", "collection", "kind"),
)

images = Table(
    "images",
    metadata,
    Column("image_id", String(64), primary_key=True),  # SHA-256 of the original bytes
    Column("image_key", BigInteger, nullable=False, unique=True),  # its first 63 bits
    Column("bytes", BigInteger, nullable=False),
    Column("format", String(8)),
    Column("width", Integer),
    Column("height", Integer),
    Column("unreadable", String(40)),  # reason code when the bytes are no picture we accept
    Column("unreadable_message", Text),
    Column("measures", JSON),
    Column("perceptual_hash", String(16)),  # of the piece: 64 bits as hexadecimal digits
    Column("frame_hash", String(16)),  # of the whole frame
    Column("measures_version", String(16)),  # of measures and hashes
    # {"files": name -> {"digest", "width", "height"}, "thumbhash", "processing": {"cast_ab", "tilt_deg"}}
    Column("renditions", JSON),
    Column("renditions_version", String(16)),
)

image_references = Table(
    "image_references",
    metadata,
    Column("collection", String(64), primary_key=True),
    Column("listing_id", String(300), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("feed", String(64), nullable=False),
    Column("location", Text, nullable=False),  # URL or path, as the feed gives it
    Column("alt", Text),
    Column("role_stated", String(16)),  # what the feed says of it, in our vocabulary
    Column("role", String(16)),  # primary, detail, worn, frame_360, certificate, community
    Column("state", String(12), nullable=False),  # pending, fetched, failed
    Column("reason", String(40)),  # reason code of a failure
    Column("message", Text),
    Column("attempts", Integer, nullable=False),
    Column("image_id", String(64)),
    Column("live", Boolean, nullable=False),  # false once its listing no longer names it
    Column("consent", String(10)),  # granted, missing, withdrawn; null where the feed is not asked for it
    Index("ix_image_references_state", "collection", "state"),
    Index("ix_image_references_image", "image_id"),
)

attachments = Table(
    "attachments",
    metadata,
    Column("collection", String(64), primary_key=True),
    Column("listing_id", String(300), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("feed", String(64), nullable=False),
    Column("kind", String(16), nullable=False),  # drawing, model_3d, certificate, document
    Column("location", Text, nullable=False),  # URL or path, as the feed gives it
    Column("name", String(200), nullable=False),
    Column("digest", String(64)),  # names its bytes in the object store
    Column("bytes", BigInteger),
    Column("state", String(12), nullable=False),  # pending, fetched, failed
    Column("reason", String(40)),
    Column("message", Text),
    Column("attempts", Integer, nullable=False),
    Column("live", Boolean, nullable=False),  # false once its listing no longer names it
    Index("ix_attachments_state", "collection", "state"),
)

exchange_rates = Table(
    "exchange_rates",
    metadata,
    Column("collection", String(64), primary_key=True),
    Column("base", String(3), primary_key=True),
    Column("quote", String(3), primary_key=True),
    Column("day", String(10), primary_key=True),  # from which it holds
    Column("rate", String(40), nullable=False),  # units of quote for one of base, as a decimal text
)

verdicts = Table(
    "verdicts",
    metadata,
    Column("collection", String(64), primary_key=True),
    Column("image_id", String(64), primary_key=True),
    Column("verdict", String(12), nullable=False),  # accepted, quarantined, review, rejected
    Column("reasons", JSON, nullable=False),  # [{"rule", "measured", "required"}]
    Column("rules_version", String(16), nullable=False),
)

picture_relations = Table(
    "picture_relations",
    metadata,
    Column("collection", String(64), primary_key=True),
    Column("first", String(64), primary_key=True),  # image_id, the smaller of the two
    Column("second", String(64), primary_key=True),
    Column("relation", String(24), nullable=False),  # same_photograph, altered_photograph, look_alike
    Column("evidence", JSON, nullable=False),  # what comparing their pixels gave, and how they were laid
    Column("version", String(16), nullable=False),
)

picture_flags = Table(
    "picture_flags",
    metadata,
    Column("collection", String(64), primary_key=True),
    Column("image_id", String(64), primary_key=True),
    Column("flag", String(24), primary_key=True),  # placeholder, near_duplicate, several_sellers, copied
    Column("evidence", JSON, nullable=False),
)

join_proposals = Table(
    "join_proposals",
    metadata,
    Column("collection", String(64), primary_key=True),
    Column("first", String(300), primary_key=True),  # listing_id, the smaller of the two
    Column("second", String(300), primary_key=True),
    Column("evidence", JSON, nullable=False),
)

image_domains = Table(
    "image_domains",
    metadata,
    Column("collection", String(64), primary_key=True),
    Column("image_id", String(64), primary_key=True),
    Column("domain_id", String(64), nullable=False),  # the head that gave the score, by its digest
    Column("score", Float, nullable=False),  # logit of "shows jewelry"
    Column(
        "bound", Float, nullable=False
    ),  # below it the picture is kept out, unless its listing states jewelry
)

piece_attributes = Table(
    "piece_attributes",
    metadata,
    Column("collection", String(64), primary_key=True),
    Column("piece_id", String(32), primary_key=True),
    Column("attribute", String(32), primary_key=True),  # style, era, motif, setting, material_look, ...
    Column("state", String(12), nullable=False),  # decided, stated, suggested, contradicts, review
    Column("stated", JSON, nullable=False),  # term -> the listings that state it
    Column("decided", String(64)),  # a person's answer: a term, or none
    Column("suggested", String(64)),  # the likeliest term by the pictures' vectors; null where there is none
    Column("confidence", Float),  # of the suggestion, in [0, 1]
    Column("calibrated", Boolean, nullable=False),  # whether the confidence was fitted, measured and holds
    Column("asked", Boolean, nullable=False),  # whether it is a question for a person
    Column("likely", JSON, nullable=False),  # the likeliest answers with what they are worth, best first
)

price_history = Table(
    "price_history",
    metadata,
    Column("collection", String(64), primary_key=True),
    Column("listing_id", String(300), primary_key=True),
    Column("valid_from", UtcTime, primary_key=True),
    Column("valid_to", UtcTime),  # null while it holds
    Column("price_minor", BigInteger),
    Column("list_price_minor", BigInteger),
    Column("currency", String(3)),
    Column("availability", String(16), nullable=False),
    Column("delivery_id", Integer, nullable=False),
    ForeignKeyConstraint(["delivery_id"], ["deliveries.delivery_id"]),
)

events = Table(
    "events",
    metadata,
    Column("event_id", Integer, primary_key=True, autoincrement=True),
    Column("collection", String(64), nullable=False),
    Column("piece_id", String(32), nullable=False),
    Column("kind", String(12), nullable=False),  # view, click, favourite, purchase, found
    Column("occurred_at", UtcTime, nullable=False),
    Column("sent_id", String(36)),  # the sender's own UUID of it: what is sent twice is kept once
    Column("client", String(34)),  # keyed pseudonyms (catalog.events.pseudonyms); null where none was named
    Column("session", String(34)),
    Column("search_id", String(36)),  # the search that led to it
    Column("position", Integer),  # in that search's answer, from 0, as the sender says
    Column("after_search_ms", Integer),  # from the search to the event
    Index("ix_events_time", "collection", "occurred_at"),
    Index("ix_events_sent", "collection", "sent_id", unique=True),
)

event_counts = Table(
    "event_counts",  # searches that found a piece, and events whose rows have expired: nobody's, but how many
    metadata,
    Column("collection", String(64), primary_key=True),
    Column("day", String(10), primary_key=True),
    Column("piece_id", String(32), primary_key=True),
    Column("kind", String(12), primary_key=True),
    Column("count", Integer, nullable=False),
)

event_salts = Table(
    "event_salts",  # keys of pseudonyms where the settings name none; forgotten after two days
    metadata,
    Column("day", String(10), primary_key=True),
    Column("salt", String(64), nullable=False),  # hexadecimal
)

searches = Table(
    "searches",  # a page of an answer each; who asked and what was asked for is not kept
    metadata,
    Column("search_id", String(36), primary_key=True),
    Column("first_position", Integer, primary_key=True),  # of the page in the whole answer
    Column("collection", String(64), nullable=False),
    Column("kind", String(12), nullable=False),  # text, image, hybrid, similar, recent
    Column("snapshot_id", String(80), nullable=False),  # that answered
    Column("asked_at", UtcTime, nullable=False),
    Column("filtered", Boolean, nullable=False),
    Column("pieces", JSON, nullable=False),  # ids, in the order shown
    Column("latency_ms", Float, nullable=False),
    Index("ix_searches_time", "collection", "asked_at"),
)

search_quality = Table(
    "search_quality",
    metadata,
    Column("collection", String(64), primary_key=True),
    Column("day", String(10), primary_key=True),
    Column("kind", String(12), primary_key=True),
    Column("snapshot_id", String(80), primary_key=True),
    Column("searches", Integer, nullable=False),  # of those that were recorded
    Column("zero_results", Integer, nullable=False),
    Column("clicked", Integer, nullable=False),  # searches with a click on what they showed
    Column("clicks", Integer, nullable=False),  # pieces that were clicked
    Column("purchased", Integer, nullable=False),  # searches with a purchase of what they showed
    Column("mrr", Float, nullable=False),  # mean of 1 / rank of the uppermost hit clicked, 0 without a click
    Column("diversity", Float),  # share of pairs of the first ten hits that differ in brand or category
    Column("seconds_to_click", Float),  # median, of searches with a click that came in time
    Column("latency_ms", Float, nullable=False),  # median of first pages
)

piece_demand = Table(
    "piece_demand",
    metadata,
    Column("collection", String(64), primary_key=True),
    Column("piece_id", String(32), primary_key=True),
    Column("day", String(10), nullable=False),  # that the figures speak of; events lose worth from then on
    Column("demand", Float, nullable=False),  # decayed worth of views, clicks, favourites and purchases
    Column("touches", Integer, nullable=False),  # searches that answered with the piece, lately
)

demand_days = Table(
    "demand_days",  # says that demand was worked out, also where nobody asked for anything
    metadata,
    Column("collection", String(64), primary_key=True),
    Column("day", String(10), nullable=False),
)

trends = Table(
    "trends",
    metadata,
    Column("collection", String(64), primary_key=True),
    Column("day", String(10), primary_key=True),
    Column("facet", String(16), primary_key=True),  # category, metal, stone, style
    Column("value", String(64), primary_key=True),
    Column("currency", String(3), primary_key=True),  # XXX (ISO 4217: no currency) where no price was stated
    Column("supply", Integer, nullable=False),  # live listings at the day's end
    Column("in_stock", Integer, nullable=False),
    Column("price_median_minor", BigInteger),
    Column("demand", Integer),  # events of the day; null while there are none at all
)

# On what rows are joined: a reference is of one listing, a listing of one piece, and a reference's collection
# has one verdict on its picture.
reference_listing = sa.and_(
    listings.c.collection == image_references.c.collection,
    listings.c.listing_id == image_references.c.listing_id,
)
listing_piece = sa.and_(
    piece_listings.c.collection == listings.c.collection,
    piece_listings.c.listing_id == listings.c.listing_id,
)
reference_verdict = sa.and_(
    verdicts.c.collection == image_references.c.collection,
    verdicts.c.image_id == image_references.c.image_id,
)
