"""Looking at a feed's file without keeping it: what is accepted, rejected, remarked, where it breaks."""

import csv
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from catalog.community.pseudonyms import NO_PSEUDONYMS, Pseudonyms
from catalog.declarations import FeedDeclaration, FeedFormat
from catalog.errors import FeedRefusedError
from catalog.listing import Damage, Listing, Reject, Remark
from catalog.money import NO_CURRENCY
from catalog.rates.rate import Rate
from catalog.readers import json_document
from catalog.readers.compression import unpacked
from catalog.readers.encodings import encoding_of
from catalog.readers.google_merchant_tsv import attribute_name
from catalog.readers.record import Record
from catalog.readers.tables import sniffed_delimiter
from catalog.reading import Statement, read_delivery
from catalog.texts import comparable

EXAMPLES = 3
MOST_REMARK_VALUES = (
    10_000  # distinct (field, value) pairs counted apart; what comes after is counted by field
)
_START = 1 << 16

# Our field -> column names that shops use for it, best first, as ``comparable`` spells them.
COLUMN_NAMES: Mapping[str, tuple[str, ...]] = {
    "source_id": ("id", "product id", "productid", "item id", "sku", "handle", "code", "product code",
                  "reference", "article number", "style number", "uuid", "slug",
                  "url", "link", "image url"),
    "title": ("title", "name", "product name", "productname", "product title", "item name", "titre", "nom",
              "titel", "bezeichnung", "العنوان", "الاسم", "description"),
    "description": ("description", "body", "body html", "details", "long description", "beschreibung"),
    "url": ("url", "link", "product url", "product link", "permalink"),
    "brand": ("brand", "vendor", "manufacturer", "designer", "marque", "marke"),
    "category": ("category", "type", "product type", "articletype", "article type", "categories", "kategorie",
                 "categorie", "subcategory", "sub category"),
    "metal": ("metal", "material", "metal type", "materials", "metall", "matiere"),
    "metal_colour": ("metal colour", "metal color", "metalcolor"),
    "fineness": ("purity", "fineness", "karat", "metal purity", "carat"),
    "plating": ("plating", "plating material", "finish"),
    "stones": ("stone", "stones", "stone type", "gemstone", "gemstones", "gemstone type"),
    "styles": ("style", "styles"),
    "colour": ("colour", "color", "base colour", "basecolour", "base color", "farbe", "couleur"),
    "dimensions_mm.*": ("dimensions", "dimension", "measurements"),
    "ring_size": ("ring size", "ring sizes"),
    "weight": ("weight", "weight g", "weight grams", "gross weight", "gewicht", "poids"),
    "gtin": ("gtin", "ean", "upc", "barcode", "ean13"),
    "mpn": ("mpn", "part number", "manufacturer part number"),
    "sku": ("sku", "variant sku"),
    "certificate": ("certificate", "certificate number", "certification"),
    "availability": ("availability", "stock", "in stock", "stock status", "quantity", "inventory"),
    "price": ("sale price", "saleprice", "price", "current price", "selling price", "preis", "prix", "السعر"),
    "list_price": ("list price", "regular price", "original price", "compare at price", "mrp", "rrp"),
    "currency": ("currency", "currency code"),
    "rating": ("rating", "average rating"),
    "images": ("images", "image", "image url", "imageurl", "image link", "image urls", "image src", "picture",
               "photo", "thumbnail", "img", "bild", "imagem"),
    "images_alt": ("image alt", "imagealt", "image alt text", "alt"),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectSummary:
    """The rejects of one reason: how many, and the first few."""

    reason: str
    count: int
    examples: tuple[Reject, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RemarkSummary:
    """One thing remarked: how often, and where first.  ``value`` is None where too many differ."""

    field: str
    value: str | None
    count: int
    message: str
    first_place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckReport:
    """What a file holds, as the catalogue would read it."""

    path: str
    declaration: FeedDeclaration
    accepted: int
    rejected: int
    without_images: int
    without_price: int
    without_currency: int  # priced in XXX: amounts without a currency, and the feed declares none
    missing_images: int  # relative paths that lie under no base, or not in the base's folder
    rejects: tuple[RejectSummary, ...]  # most frequent first
    remarks: tuple[RemarkSummary, ...]  # most frequent first
    damage: Damage | None

    @property
    def items(self) -> int:
        """Rows or products that the file holds, as far as it can be read."""
        return self.accepted + self.rejected

    @property
    def good(self) -> bool:
        """Whether every item was accepted and the file is whole."""
        return self.rejected == 0 and self.damage is None


def check_file(
    path: Path, declaration: FeedDeclaration | None = None, pseudonyms: Pseudonyms = NO_PSEUDONYMS
) -> CheckReport:
    """Read a file as a delivery of ``declaration``, keeping nothing but counts and examples.

    Args:
        path: The file.
        declaration: How to read it; None guesses it from the file's beginning.
        pseudonyms: What contributors are called.

    Raises:
        FeedRefusedError: If there is no such file, or its format cannot be guessed.
    """
    if not path.is_file():
        message = f"{path} is no file: give the path of a feed's file"
        raise FeedRefusedError(message, reason="missing_file")
    declared = declaration or guess_format(path)
    return _report(path, declared, read_delivery(path, declared, pseudonyms))


def guess_format(path: Path) -> FeedDeclaration:
    """Return a declaration that fits a file, by its beginning: format, records, mapping by column names.

    The currency of bare prices cannot be guessed: it is XXX, ISO 4217's code for none.

    Raises:
        FeedRefusedError: If the beginning fits no format, or no column looks like an id and a title.
    """
    if not path.is_file():
        message = f"{path} is no file: give the path of a feed's file"
        raise FeedRefusedError(message, reason="missing_file")
    with unpacked(path) as plain:
        if plain.path is None:
            raise _unknown(path, plain.damage.message if plain.damage else "holds nothing")
        return _guessed(path, plain.path)


def _guessed(path: Path, plain: Path) -> FeedDeclaration:
    """Guess by the plain content of ``path``, which lies at ``plain``."""
    if plain.stat().st_size == 0:
        return _declared(path, "jsonl", {"source_id": "id", "title": "title"})
    with plain.open(encoding=encoding_of(plain).name, errors="replace", newline="") as file:
        start = file.read(_START)
    text = start.lstrip("\ufeff \t\r\n")
    if text.startswith("<"):
        if re.search(r"<(rss|feed|rdf)\b", text[:4096], re.IGNORECASE):
            return _declared(path, "google_merchant_xml", {})
        raise _unknown(path, "is markup, but neither an RSS nor an Atom feed")
    if text.startswith(("{", "[")):
        return _guessed_json(path, plain, text)
    header = next((line for line in start.splitlines() if line.strip()), "")
    delimiter = sniffed_delimiter(header)
    columns = [" ".join(column.split()) for column in next(csv.reader([header], delimiter=delimiter), [])]
    if {"Title", "Variant Price"} <= set(columns) or {"Title", "URL handle"} <= set(columns):
        return _declared(path, "shopify_csv", {})
    if {"Type", "Name", "Regular price"} <= set(columns):
        return _declared(path, "woocommerce_csv", {})
    if {"sku", "product_type", "attribute_set_code"} <= set(columns):
        return _declared(path, "magento_csv", {})
    names = {attribute_name(column) for column in columns}
    if delimiter == "\t" and {"id", "title"} <= names and names & {"image_link", "availability", "condition"}:
        return _declared(path, "google_merchant_tsv", {})
    if len(columns) < 2:
        raise _unknown(path, "has no header with several columns")
    return _declared(path, "csv", _guessed_mapping(path, columns))


def _report(path: Path, declaration: FeedDeclaration, statements: Iterable[Statement]) -> CheckReport:
    accepted = rejected = without_images = without_price = without_currency = missing_images = 0
    reasons: dict[str, list[Reject]] = {}
    reason_counts: dict[str, int] = {}
    remarks: dict[tuple[str, str | None], list[Any]] = {}
    damage: Damage | None = None
    for one in statements:
        match one:
            case Listing():
                accepted += 1
                without_images += not one.images
                without_price += one.price_minor is None
                without_currency += one.currency == NO_CURRENCY
                missing_images += sum(_is_missing(mention.location, declaration) for mention in one.images)
            case Rate():
                accepted += 1
            case Reject():
                rejected += 1
                reason_counts[one.reason] = reason_counts.get(one.reason, 0) + 1
                examples = reasons.setdefault(one.reason, [])
                if len(examples) < EXAMPLES:
                    examples.append(one)
            case Remark():
                full = len(remarks) >= MOST_REMARK_VALUES and (one.field, one.value) not in remarks
                noted = remarks.setdefault(
                    (one.field, None if full else one.value), [0, one.message, one.place]
                )
                noted[0] += 1
            case Damage():
                damage = one
    return CheckReport(
        path=str(path),
        declaration=declaration,
        accepted=accepted,
        rejected=rejected,
        without_images=without_images,
        without_price=without_price,
        without_currency=without_currency,
        missing_images=missing_images,
        rejects=tuple(
            RejectSummary(reason=reason, count=count, examples=tuple(reasons[reason]))
            for reason, count in sorted(reason_counts.items(), key=lambda item: (-item[1], item[0]))
        ),
        remarks=tuple(
            RemarkSummary(field=field, value=value, count=count, message=message, first_place=place)
            for (field, value), (count, message, place) in sorted(
                remarks.items(), key=lambda item: (-item[1][0], item[0][0], item[0][1] or "")
            )
        ),
        damage=damage,
    )


def _is_missing(location: str, declaration: FeedDeclaration) -> bool:
    """Whether a picture's path leads nowhere, as far as that can be seen without asking a host."""
    address = location.strip()
    if "://" in address or address.startswith("//") or declaration.format == "images":
        return False
    if declaration.images is None:
        return (
            not Path(address).is_absolute()
            and "://" not in declaration.location
            and not (Path(declaration.location).parent / address).is_file()
        )
    return "://" not in declaration.images and not (Path(declaration.images) / address.lstrip("/")).is_file()


def _declared(
    path: Path, chosen: FeedFormat, mapping: dict[str, str], records: str | None = None
) -> FeedDeclaration:
    return FeedDeclaration(
        name="checked",
        kind="retailer",
        format=chosen,
        location=str(path),
        mapping=mapping,
        records=records,
        currency=NO_CURRENCY,
    )


def _guessed_json(path: Path, plain: Path, text: str) -> FeedDeclaration:
    if re.match(r'\s*\{\s*"products"\s*:', text) and '"variants"' in text and '"body_html"' in text:
        return _declared(path, "shopify_json", {})
    lines = [line for line in text.splitlines() if line.strip()]
    first = _object(lines[0])
    if first is not None and (len(lines) > 1 or path.suffix in (".jsonl", ".ndjson")):
        return _declared(path, "jsonl", _guessed_mapping(path, _columns(first)))
    for records in (None, *_lists_in(text)):
        trial = _declared(path, "json", {"source_id": "id", "title": "title"}, records)
        for one in json_document.read(plain, trial):
            if isinstance(one, Record):
                return _declared(path, "json", _guessed_mapping(path, _columns(one.fields)), records)
            if isinstance(one, Damage):
                break
    if first is not None:
        return _declared(path, "jsonl", _guessed_mapping(path, _columns(first)))
    raise _unknown(path, "is JSON without a list of objects at its top or one level below")


def _object(line: str) -> dict[str, Any] | None:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _lists_in(text: str) -> list[str]:
    """Return the keys before a list of objects near a document's beginning, the usual names first."""
    names = dict.fromkeys(re.findall(r'"([\w-]{1,40})"\s*:\s*\[\s*\{', text))
    usual = ("products", "items", "records", "data", "results", "listings", "catalog", "catalogue")
    return [*(name for name in usual if name in names), *(name for name in names if name not in usual)]


def _columns(record: Mapping[str, Any]) -> list[str]:
    """Return the paths of a record's plain values, as ``name.en`` or ``images[].src``."""
    columns = []
    for key, value in record.items():
        if isinstance(value, Mapping):
            texts = [inner for inner, one in value.items() if isinstance(one, str | int | float)]
            preferred = next(
                (inner for inner in ("en", "value", "amount", "name", "url") if inner in texts), None
            )
            columns += [f"{key}.{preferred}"] if preferred else []
        elif isinstance(value, list) and value and isinstance(value[0], Mapping):
            inner = next((name for name in ("src", "url", "href") if name in value[0]), None)
            columns += [f"{key}[].{inner}"] if inner else []
        elif isinstance(value, list):
            columns.append(f"{key}[]")
        else:
            columns.append(key)
    return columns


def _guessed_mapping(path: Path, columns: Iterable[str]) -> dict[str, str]:
    by_name: dict[str, str] = {}
    for column in columns:
        by_name.setdefault(comparable(re.split(r"[.\[]", column)[0].replace("_", " ")), column)
        by_name.setdefault(comparable(column), column)
    mapping: dict[str, str] = {}
    for field, names in COLUMN_NAMES.items():
        found = next((by_name[name] for name in names if name in by_name), None)
        if found is not None:
            mapping[field] = found
    price, regular = by_name.get("price"), by_name.get("sale price") or by_name.get("saleprice")
    if price and regular:
        mapping |= {"price": f"{regular} | {price}", "list_price": price}
    missing = [field for field in ("source_id", "title") if field not in mapping]
    if missing:
        raise _unknown(
            path, f"has no column that looks like {' or '.join(missing)}; it has: {', '.join(by_name)[:300]}"
        )
    if mapping.get("description") == mapping["title"]:
        del mapping["description"]
    if mapping.get("sku") == mapping["source_id"]:
        del mapping["sku"]
    return mapping


def _unknown(path: Path, what: str) -> FeedRefusedError:
    message = (
        f"{path} {what}: declare the feed with its format and mapping, "
        "and check the file again with --feed and the feed's name"
    )
    return FeedRefusedError(message, reason="wrong_format")
