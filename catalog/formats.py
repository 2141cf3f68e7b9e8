"""The formats of deliveries: who reads each, which of its fields are ours, how it writes numbers."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from catalog.declarations import FeedDeclaration
from catalog.readers import (
    csv_table,
    google_merchant_tsv,
    google_merchant_xml,
    image_manifest,
    json_document,
    json_lines,
    magento_csv,
    rates_csv,
    shopify_csv,
    shopify_json,
    woocommerce_csv,
    xml_document,
)
from catalog.readers.record import Reader


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One format.

    Attributes:
        read: Its reader.
        mapping: Our field -> column or dotted path, where the format fixes its names.
        by_lines: Whether records are whole lines, so that a cut file's last line is worth nothing.
        plain_numbers: Whether it writes numbers with a point, whatever language the texts are in.
    """

    read: Reader
    mapping: Mapping[str, str] = field(default_factory=dict)
    plain_numbers: bool = False
    by_lines: bool = False


FORMATS: Mapping[str, Format] = {
    "shopify_csv": Format(
        read=shopify_csv.read, mapping=shopify_csv.MAPPING, plain_numbers=True, by_lines=True
    ),
    "shopify_json": Format(read=shopify_json.read, mapping=shopify_json.MAPPING, plain_numbers=True),
    "woocommerce_csv": Format(read=woocommerce_csv.read, mapping=woocommerce_csv.MAPPING, by_lines=True),
    "magento_csv": Format(
        read=magento_csv.read, mapping=magento_csv.MAPPING, plain_numbers=True, by_lines=True
    ),
    "google_merchant_xml": Format(
        read=google_merchant_xml.read, mapping=google_merchant_xml.MAPPING, plain_numbers=True
    ),
    "google_merchant_tsv": Format(
        read=google_merchant_tsv.read,
        mapping=google_merchant_xml.MAPPING,
        plain_numbers=True,
        by_lines=True,
    ),
    "json": Format(read=json_document.read),
    "jsonl": Format(read=json_lines.read, by_lines=True),
    "csv": Format(read=csv_table.read, by_lines=True),
    "xml": Format(read=xml_document.read),
    "rates": Format(read=rates_csv.read, plain_numbers=True, by_lines=True),
    "images": Format(
        read=image_manifest.read,
        mapping={"source_id": "path", "title": "title", "category": "category", "images": "path"},
    ),
}


def format_of(declaration: FeedDeclaration) -> Format:
    """Return a feed's format: a crawl of several pages is kept as JSON Lines."""
    if declaration.pagination is not None and declaration.format == "json":
        return FORMATS["jsonl"]
    return FORMATS[declaration.format]
