"""Google Merchant's XML feed: RSS items and Atom entries, read one by one with constant memory.

Entities and external references are refused by defusedxml; the network is never asked.  A broken document
yields the products before the break, then one Damage with its line.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

from defusedxml.ElementTree import iterparse

from catalog.declarations import FeedDeclaration
from catalog.listing import Damage
from catalog.readers.record import EMPTY_FILE, Read, Record
from catalog.readers.xml_document import XML_BREAKS, local_name, xml_damage

MAPPING = {
    "source_id": "id",
    "title": "title",
    "description": "description | summary | content",
    "url": "link",
    "brand": "brand",
    "category": "product_type | google_product_category | category",
    "metal": "material",
    "colour": "color",
    "dimensions_mm.length": "product_length",
    "dimensions_mm.width": "product_width",
    "dimensions_mm.height": "product_height",
    "weight": "product_weight",
    "gtin": "gtin",
    "mpn": "mpn",
    "availability": "availability",
    "price": "sale_price | price",
    "list_price": "price",
    "images": "image_link, additional_image_link, additional_image_link[]",
}
_GOOGLE = "{http://base.google.com/ns/1.0}"
_ITEMS = frozenset({"item", "entry"})


def read(path: Path, declaration: FeedDeclaration) -> Iterator[Read]:  # noqa: ARG001 - the Reader shape
    """Yield the products of a Google Merchant XML feed, by attribute name without prefix."""
    if path.stat().st_size == 0:
        yield EMPTY_FILE
        return
    count = 0
    parents: list[Element] = []
    inside = 0
    with path.open("rb") as file:
        try:
            for event, element in iterparse(file, events=("start", "end"), forbid_dtd=False):
                is_item = local_name(element.tag) in _ITEMS
                if inside and not is_item:
                    continue
                if event == "start":
                    parents.append(element)
                    inside += is_item
                    continue
                parents.pop()
                inside -= is_item
                if is_item and not inside:
                    count += 1
                    yield Record(place=f"item {count}", fields=_fields(element))
                if not inside:
                    # Outside an item nothing is needed again; kept, it would be the whole document in memory.
                    element.clear()
                    if parents:
                        parents[-1].remove(element)
        except XML_BREAKS as error:
            yield xml_damage(error, count, "products")
            return
    if count == 0 and not _looks_like_a_feed(path):
        yield Damage(place="file", message="the document holds neither RSS <item> nor Atom <entry> elements")


def _fields(item: Element) -> dict[str, Any]:
    """Return an item's attributes; Google's win over RSS's or Atom's of one name, repeated ones are lists."""
    google: dict[str, list[Any]] = {}
    plain: dict[str, list[Any]] = {}
    for child in item:
        name = local_name(child.tag)
        value: Any
        if len(child):
            value = {local_name(one.tag): (one.text or "").strip() for one in child}
        elif name == "link" and child.get("href"):
            if child.get("rel", "alternate") != "alternate":
                continue
            value = child.get("href")
        elif name == "category" and child.get("term"):
            value = child.get("term")
        else:
            value = (child.text or "").strip()
        into = google if isinstance(child.tag, str) and child.tag.startswith(_GOOGLE) else plain
        into.setdefault(name, []).append(value)
    merged = plain | google
    return {name: values[0] if len(values) == 1 else values for name, values in merged.items()}


def _looks_like_a_feed(path: Path) -> bool:
    with path.open("rb") as file:
        start = file.read(4096).lower()
    return b"<rss" in start or b"<feed" in start or b"<rdf" in start
