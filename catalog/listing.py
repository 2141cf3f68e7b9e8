"""What one row of a feed becomes: a listing in our vocabulary, a reject, a remark, or damage."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageMention:
    """A picture that a listing names.

    ``location`` is a URL, or a path relative to the feed's ``images`` folder, as the feed gives it; ``role``
    is ours for what the feed says the picture is: primary, detail, worn, frame_360, certificate, community.
    """

    location: str
    alt: str | None = None
    role: str | None = None
    consent: str | None = None  # granted, missing or withdrawn; None where the feed is not asked for it


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachmentMention:
    """A file beside the pictures that a listing names: a drawing, 3D model, certificate or document."""

    kind: str
    location: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Where a field's value came from: the feed's own column and its raw text."""

    column: str
    raw: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One offer of one source, in our vocabulary.

    ``None`` and empty containers mean that the feed did not state the field, or stated what maps to nothing
    (then a Remark says so).  Money is in minor units of ``currency``, lengths in millimetres, fineness in
    parts per mille.
    """

    place: str
    source_id: str
    title: str
    description: str | None = None
    titles: Mapping[str, str] = field(default_factory=dict)
    url: str | None = None
    brand: str | None = None
    category: str | None = None
    metal: str | None = None
    metal_colour: str | None = None
    fineness: int | None = None
    plating: str | None = None
    stones: tuple[str, ...] = ()
    styles: tuple[str, ...] = ()
    colour: str | None = None
    dimensions_mm: Mapping[str, float] = field(default_factory=dict)
    weight_g: float | None = None
    gtin: str | None = None
    mpn: str | None = None
    sku: str | None = None
    certificate: str | None = None
    availability: str = "unknown"
    price_minor: int | None = None
    list_price_minor: int | None = None
    currency: str | None = None
    tax: str | None = None  # included or excluded in the prices
    tax_percent: float | None = None
    rating: float | None = None
    origin: str | None = None
    certificate_details: Mapping[str, Any] | None = None
    contributor: str | None = None  # keyed pseudonym
    claims: Mapping[str, str] | None = None
    images: tuple[ImageMention, ...] = ()
    attachments: tuple[AttachmentMention, ...] = ()
    read_from: Mapping[str, Reading] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reject:
    """A row that did not become a listing, with the code and the sentence that say why."""

    place: str
    reason: str
    message: str
    source_id: str | None = None
    field: str | None = None
    value: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """Something about an accepted row that its owner may want to mend: an unmapped value, an odd price."""

    place: str
    source_id: str
    field: str
    value: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """The delivery cannot be read past this place; what came before it stands."""

    place: str
    message: str
