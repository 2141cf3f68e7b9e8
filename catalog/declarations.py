"""What a feed is: its declaration in ``loupe.yaml``, as a typed value.  Reading it lives elsewhere."""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

from catalog.field_paths import checked_path
from catalog.ring_sizes import system_names

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,30}$")]
FeedKind = Literal["retailer", "manufacturer", "community", "rates"]
FeedFormat = Literal[
    "shopify_csv",
    "shopify_json",
    "woocommerce_csv",
    "magento_csv",
    "google_merchant_xml",
    "google_merchant_tsv",
    "json",
    "jsonl",
    "csv",
    "xml",
    "images",
    "rates",
]
NEEDS_MAPPING = frozenset({"json", "jsonl", "csv", "xml"})
PAGED = frozenset({"json", "jsonl", "shopify_json"})
MAPPED_FIELDS = (
    "source_id", "title", "description", "url", "brand", "category", "metal", "metal_colour", "fineness",
    "plating", "stones", "styles", "colour", "weight", "gtin", "mpn", "sku", "certificate", "availability",
    "price", "list_price", "currency", "rating", "images", "images_alt", "images_role", "ring_size", "origin",
    "images_consent", "contributor", "tax", "tax_percent",
)  # fmt: skip
ATTACHMENT_KINDS = ("drawing", "model_3d", "certificate", "document")
# title.fr: the title in another language.  dimensions_mm.*: a text that names its measures itself.
# ring_size.us: bare sizes of one system.  attachments.drawing: files of one kind.
_NAMED_FIELD = re.compile(
    rf"title\.[a-z]{{2}}|dimensions_mm\.([a-z][a-z0-9_]{{0,30}}|\*)|ring_size\.({'|'.join(system_names())})"
    rf"|attachments\.({'|'.join(ATTACHMENT_KINDS)})"
    r"|certificate_details\.(laboratory|number|carat|colour|clarity|cut)"
    r"|claims\.(feed|source_id|url|gtin)"
)


class Pagination(BaseModel):
    """How an HTTP feed continues: by page number, by cursor, or by the next URL in a field or header."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    style: Literal["page", "cursor", "next_field", "link"]
    parameter: str = "page"  # page: the query parameter that counts; cursor: the one that takes the cursor
    first: int = 1
    next_field: str | None = None  # dotted path in a JSON answer to the next page's URL, or to the cursor
    records_field: str | None = None  # dotted path to the records, to see that a page is empty
    max_pages: int = Field(default=1000, ge=1)

    @model_validator(mode="after")
    def _cursor_has_a_place(self) -> "Pagination":
        if self.style == "cursor" and self.next_field is None:
            message = "pagination by cursor needs next_field: the dotted path to the cursor in an answer"
            raise ValueError(message)
        return self


class BreakerSettings(BaseModel):
    """How far a delivery may stand from its feed's past: see ``catalog.breakers.Limits``.

    ``pictures_failed`` is by how much the share of new pictures that could not be fetched may rise.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    rows_lost: float = Field(default=0.6, gt=0, le=1)
    price_factor: float = Field(default=2.0, gt=1)
    field_lost: float = Field(default=0.4, gt=0, le=1)
    rejected: float = Field(default=0.3, gt=0, le=1)
    unseen: float = Field(default=0.6, gt=0, le=1)
    pictures_failed: float = Field(default=0.3, gt=0, le=1)


class FeedDeclaration(BaseModel):
    """One source of one collection."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Name
    kind: FeedKind
    format: FeedFormat
    location: str  # folder, file, http(s)://, s3://bucket/prefix
    files: str = "*"  # which files of a folder or prefix are deliveries, as a glob
    deliveries: Literal["full", "increments"] = "full"  # full: what a delivery leaves out has been withdrawn
    damage: Literal["keep", "hold"] = "keep"  # keep: what precedes a break is read; hold: nothing is
    breakers: BreakerSettings = BreakerSettings()
    images: str | None = None  # base of relative picture paths: a folder, URL or s3:// prefix
    attachments: str | None = None  # base of relative paths of other files; default: that of pictures
    images_pattern: str | None = None  # picture path per row where no column holds one: "images/{id}.jpg"
    member: str | None = None  # zip: glob of the file in it that is the feed; default: the only one
    # json: dotted path to the list of records, by default the document; xml: path to the elements
    records: str | None = None
    mapping: dict[str, str] = Field(default_factory=dict)  # our field -> column or dotted path
    defaults: dict[str, str] = Field(default_factory=dict)  # our field -> raw text for rows that state none
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] | None = None  # of bare numbers
    language: Annotated[str, StringConstraints(pattern=r"^[a-z]{2}$")] = (
        "en"  # of texts, and of number spelling
    )
    pagination: Pagination | None = None
    requests_per_second: float = Field(default=4.0, gt=0)
    connections: int = Field(default=8, ge=1, le=64)

    @field_validator("mapping", "defaults")
    @classmethod
    def _known_fields(cls, fields: dict[str, str]) -> dict[str, str]:
        for field in fields:
            if field not in MAPPED_FIELDS and not _NAMED_FIELD.fullmatch(field):
                known = ", ".join(
                    (
                        *MAPPED_FIELDS,
                        "title.<language>",
                        "dimensions_mm.<name>",
                        "ring_size.<system>",
                        "attachments.<kind>",
                        "certificate_details.<part>",
                        "claims.<part>",
                    )
                )
                message = f"{field!r} is no field of a listing: use one of {known}"
                raise ValueError(message)
        return fields

    @field_validator("mapping")
    @classmethod
    def _readable_paths(cls, mapping: dict[str, str]) -> dict[str, str]:
        for path in mapping.values():
            checked_path(path)
        return mapping

    @model_validator(mode="after")
    def _mapping_where_needed(self) -> "FeedDeclaration":
        if (
            self.format in NEEDS_MAPPING
            and not {"source_id", "title"} <= self.mapping.keys() | self.defaults.keys()
        ):
            message = f"format {self.format} fixes no field names: map at least source_id and title"
            raise ValueError(message)
        if (self.kind == "rates") is not (self.format == "rates"):
            message = (
                "a table of exchange rates has kind: rates and format: rates, and nothing else has either"
            )
            raise ValueError(message)
        if self.format == "xml" and not self.records:
            message = "format xml needs records: the path to the elements, as catalogue.products.product"
            raise ValueError(message)
        if self.pagination is not None and self.format not in PAGED:
            message = f"format {self.format} comes in one piece: pagination is for {', '.join(sorted(PAGED))}"
            raise ValueError(message)
        return self


class FeedRegistry:
    """Every declared feed by the name that partitions and messages use: ``<collection>.<feed>``."""

    def __init__(
        self,
        collections: Mapping[str, Sequence[FeedDeclaration]],
        reporting_currencies: Mapping[str, str] | None = None,
    ) -> None:
        self.reporting_currencies = dict(reporting_currencies or {})
        self.collections = {name: tuple(feeds) for name, feeds in collections.items()}
        self._by_key = {
            f"{collection}.{feed.name}": (collection, feed)
            for collection, feeds in self.collections.items()
            for feed in feeds
        }

    def names(self) -> list[str]:
        """Return every feed's full name, in the order of their declaration."""
        return list(self._by_key)

    def named(self, key: str) -> tuple[str, FeedDeclaration]:
        """Return the collection and declaration behind a key."""
        if key not in self._by_key:
            message = f"there is no feed {key!r}: the settings declare {', '.join(self._by_key)}"
            raise KeyError(message)
        return self._by_key[key]

    def kinds(self, collection: str) -> dict[str, str]:
        """Return each feed's kind, by feed name."""
        return {feed.name: feed.kind for feed in self.collections[collection]}

    def languages(self, collection: str) -> dict[str, str]:
        """Return the language of each feed's texts, by feed name."""
        return {feed.name: feed.language for feed in self.collections[collection]}
