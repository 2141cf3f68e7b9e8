"""Answers as the OpenAPI document describes them.  They are written without passing through these models."""

from pydantic import BaseModel, ConfigDict, Field


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True)


class Picture(_Answer):
    """A picture and where its renditions are."""

    image_id: str = Field(description="SHA-256 of the original file")
    sizes: dict[str, str] = Field(examples=[{"160": "/v1/images/5be1…/160.webp"}])
    srcset: str = Field(examples=["/v1/images/5be1…/160.webp 160w, /v1/images/5be1…/512.webp 512w"])


class Offer(_Answer):
    """One listing of a piece."""

    listing_id: str = Field(examples=["maison:R-1042"])
    source: str = Field(examples=["maison"])
    availability: str = Field(examples=["in_stock"])
    price_minor: int | None = Field(examples=[129_900])
    currency: str | None = Field(examples=["EUR"])
    title: str | None = Field(examples=["Emerald ring in yellow gold"])
    url: str | None = Field(examples=["https://shop.example/r-1042"])


class PieceCard(_Answer):
    """A piece as lists show it; under a filter, with the listings that satisfy it.

    The price is the lowest of those in stock, else the lowest.
    """

    piece_id: str = Field(examples=["p-6f0c2a8e"])
    title: str | None
    category: str | None = Field(examples=["ring"])
    brand: str | None
    metal: str | None = Field(examples=["gold"])
    metal_colour: str | None
    stones: list[str] = Field(examples=[["emerald"]])
    styles: list[str]
    colour: str | None
    tier: str = Field(examples=["hot"])
    price_minor: int | None
    currency: str | None
    pictures: list[Picture]
    offers: list[Offer]


class Hit(_Answer):
    """A piece of an answer and its best picture.

    ``score`` is the inner product of unit vectors for a single question, and standard deviations above
    chance for a fused one.  ``parts`` come with ``explain=true``.
    """

    score: float = Field(examples=[0.312])
    image_id: str
    piece: PieceCard
    same_picture: list[str] = Field(description="Other pieces that show this very picture")
    parts: dict[str, float] | None = None


class SearchAnswer(_Answer):
    """Pieces, best first."""

    collection: str = Field(examples=["sample"])
    snapshot_id: str = Field(examples=["00000007-5be1d0c2a8e1"])
    search_id: str = Field(
        description="Of this search and its further pages; events that it leads to name it",
        examples=["019ac0de-7c1e-7b4a-9f60-0c2a8e15be1d"],
    )
    offset: int = Field(description="Position of the first hit in the whole answer, from 0")
    tiers: list[str] = Field(examples=[["hot", "warm"]])
    hits: list[Hit]
    next_cursor: str | None = Field(
        description="Repeat the question with it for the next page; null at the end.  It holds for the "
        "snapshot "
        "that it was made on, which answers for some minutes after it was replaced; then 410."
    )
    unknown_words: list[str] = Field(description="Words that the encoder was never trained on; left out")
    near_words: dict[str, list[str]] = Field(description="Known words that are spelt like them")
    timings_ms: dict[str, float] = Field(examples=[{"encode": 4.1, "search": 2.3, "total": 6.9}])
    cached: bool = Field(description="Whether the hits were remembered from an earlier answer")


class BatchAnswer(_Answer):
    """An answer, or a problem, per question."""

    answers: list[SearchAnswer | dict[str, object]]


class Collection(_Answer):
    """A collection and what of it can be searched."""

    name: str
    label: str
    default: bool
    ready: bool
    snapshot_id: str | None
    pieces: int | None
    pictures: int | None
    channels: list[str]


class Collections(_Answer):
    """Every collection."""

    collections: list[Collection]


class Moved(_Answer):
    """Where a merged piece went."""

    collection: str
    piece_id: str
    moved_to: str


class PieceDocument(_Answer):
    """What is known of a piece."""

    collection: str
    piece_id: str
    title: str
    description: str | None
    first_seen_at: str
    facts: dict[str, dict[str, object]] = Field(
        description="The value that counts, and every value with the listings that state it",
        examples=[{"metal": {"value": "gold", "values": [{"value": "gold", "sources": [
            {"listing_id": "maison:R-1042", "source": "maison", "column": "Metal", "raw": "Or 750"}]}]}}],
    )  # fmt: skip
    attributes: list[dict[str, object]] = Field(description="Decided, stated, or suggested by pictures")
    pictures: list[dict[str, object]]
    listings: list[dict[str, object]]


class Offers(_Answer):
    """Every listing of a piece with its price."""

    collection: str
    piece_id: str
    offers: list[dict[str, object]]


class PriceHistory(_Answer):
    """Spans of time in which price and availability held, per listing."""

    collection: str
    piece_id: str
    listings: list[dict[str, object]]


class FacetValue(_Answer):
    """A value and the pieces that have it."""

    value: str
    count: int


class Facets(_Answer):
    """Pieces per value under a filter."""

    collection: str
    snapshot_id: str
    pieces: int
    facets: dict[str, list[FacetValue]]
    prices: dict[str, dict[str, int]] = Field(examples=[{"EUR": {"min_minor": 1_900, "max_minor": 990_000}}])


class Trends(_Answer):
    """Daily rows, the oldest first."""

    collection: str
    rows: list[dict[str, object]]


class Stats(_Answer):
    """Figures of a collection."""

    collection: str
    pieces: int
    listings: int
    pictures_waiting: int
    delivered_at: str | None
    promoted_at: str | None
    snapshot: dict[str, object] | None
    events: dict[str, object] = Field(
        description="Events by kind and recorded searches of the last 24 hours; what this process wrote"
    )
    caches: dict[str, dict[str, int]]


class Problem(_Answer):
    """RFC 9457: what is wrong, where, and what to do."""

    type: str = Field(examples=["urn:loupe:problem:query"])
    title: str
    status: int
    detail: str
    remedy: str | None = None
    place: str | None = None
    errors: list[dict[str, str]] | None = None
