"""WooCommerce's product export: a product's variations are rows of their own that name it as their parent.

Variations may stand anywhere, so the file is read twice: first what variations say of their parents, then
the products.  Measures stand under headers that name their unit, ``Weight (kg)``.
https://woocommerce.com/document/product-csv-importer-exporter/
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from catalog.declarations import FeedDeclaration
from catalog.errors import UnreadableValueError
from catalog.listing import Reject
from catalog.money import read_money
from catalog.readers.record import Read, Record
from catalog.readers.tables import Row, read_rows

MAPPING = {
    "source_id": "SKU | ID",
    "title": "Name",
    "description": "Description | Short description",
    "brand": "Brands | attributes.brand",
    "category": "Categories",
    "metal": "attributes.metal | attributes.material | attributes.metal type",
    "metal_colour": "attributes.metal colour | attributes.metal color",
    "fineness": "attributes.purity | attributes.fineness | attributes.karat",
    "plating": "attributes.plating",
    "stones": "attributes.stone | attributes.stones | attributes.gemstone | attributes.gemstones",
    "styles": "attributes.style",
    "colour": "attributes.colour | attributes.color",
    "weight": "weight",
    "dimensions_mm.length": "length",
    "dimensions_mm.width": "width",
    "dimensions_mm.height": "height",
    "gtin": "GTIN, UPC, EAN, or ISBN",
    "sku": "SKU",
    "availability": "availability",
    "price": "Sale price | Regular price",
    "list_price": "Regular price",
    "images": "Images",
}
_ATTRIBUTE_NAME = re.compile(r"Attribute (\d+) name")
_SALE_DATES = ("Date sale price starts", "Date sale price ends")
_MEASURE = re.compile(r"(Weight|Length|Width|Height) \((\w+)\)")


def read(path: Path, declaration: FeedDeclaration) -> Iterator[Read]:
    """Yield one record per product that is published."""
    variations = _variations(path, declaration)
    parents = _parents(path)
    for one in read_rows(path, required=(("ID", "SKU"), ("Name",), ("Type",))):
        if not isinstance(one, Row):
            yield one
            continue
        cells = one.cells
        if _is_variation(one):
            parent = cells.get("Parent", "").strip()
            if parent not in parents:
                message = f"the variation's parent {parent!r} is not in the file: export them together"
                yield _refused(one, "missing_parent", "Parent", message)
            continue
        if not _is_published(cells):
            message = "the product is not published: the shop itself does not show it"
            yield _refused(one, "not_published", "Published", message)
            continue
        own = sorted(
            (each for name in _names(cells) for each in variations.get(name, [])), key=lambda pair: pair[0]
        )
        yield Record(place=one.place, fields=_product(cells, [kept for _, kept in own]))


def _refused(row: Row, reason: str, field: str, message: str) -> Reject:
    source_id = row.cells.get("SKU", "").strip() or row.cells.get("ID", "").strip() or None
    value = row.cells.get(field, "").strip()
    return Reject(
        place=row.place, reason=reason, message=message, source_id=source_id, field=field, value=value
    )


def _names(cells: dict[str, str]) -> list[str]:
    """Return the names by which a variation may call a product."""
    sku, number = cells.get("SKU", "").strip(), cells.get("ID", "").strip()
    return [name for name in (sku, f"id:{number}" if number else "") if name]


def _variations(path: Path, declaration: FeedDeclaration) -> dict[str, list[tuple[float, dict[str, str]]]]:
    """Return price and cells of variations by their parent's SKU or ``id:<its ID>``."""
    found: dict[str, list[tuple[float, dict[str, str]]]] = {}
    for one in read_rows(path):
        if not isinstance(one, Row) or not _is_variation(one) or not _is_published(one.cells):
            continue
        kept = {
            name: one.cells.get(name, "")
            for name in (
                "Sale price",
                "Regular price",
                "In stock?",
                "Backorders allowed?",
                "Images",
                *_SALE_DATES,
            )
        }
        kept = _undated(kept)
        price = _price(kept["Sale price"].strip() or kept["Regular price"].strip(), declaration)
        found.setdefault(one.cells.get("Parent", "").strip(), []).append((price, kept))
    return found


def _parents(path: Path) -> set[str]:
    """Return every name by which a variation may call a product of the file."""
    found: set[str] = set()
    for one in read_rows(path):
        if isinstance(one, Row) and not _is_variation(one):
            found.update(_names(one.cells))
    return found


def _undated(cells: dict[str, str]) -> dict[str, str]:
    """Return the cells without a sale price that begins or ends on a day: it may not hold today."""
    is_dated = any(cells.get(name, "").strip() for name in _SALE_DATES)
    return cells | {"Sale price": ""} if is_dated else cells


def _is_published(cells: dict[str, str]) -> bool:
    return cells.get("Published", "1").strip() in ("1", "")


def _is_variation(row: Row) -> bool:
    return row.cells.get("Type", "").strip().casefold().startswith("variation")


def _price(text: str, declaration: FeedDeclaration) -> float:
    """Return a price to sort by: one that is missing last, one that cannot be read first, to be rejected."""
    if not text:
        return float("inf")
    try:
        currency = declaration.currency or "USD"  # of all rows alike: only their order is asked for
        return read_money(text, currency=currency, language=declaration.language).minor
    except UnreadableValueError:
        return float("-inf")


def _product(cells: dict[str, str], variations: list[dict[str, str]]) -> dict[str, Any]:
    cells = _undated(cells)
    product: dict[str, Any] = dict(cells)
    if variations and not (cells.get("Sale price", "").strip() or cells.get("Regular price", "").strip()):
        product |= {name: variations[0][name] for name in ("Sale price", "Regular price")}
    states = {_sellable(one) for one in (variations or [cells])}
    product["availability"] = next(
        (state for state in ("in_stock", "preorder", "out_of_stock") if state in states), ""
    )
    images = [
        one
        for text in (cells.get("Images", ""), *(each["Images"] for each in variations))
        for one in _urls(text)
    ]
    product["Images"] = list(dict.fromkeys(images))
    # "Sale, Jewelry > Rings": the deepest path says most.
    paths = [
        path.strip() for path in cells.get("Categories", "").replace("\\,", "\0").split(",") if path.strip()
    ]
    product["Categories"] = max(paths, key=lambda path: path.count(">"), default="").replace("\0", ",")
    product["attributes"] = _attributes(cells)
    for column, cell in cells.items():
        measure = _MEASURE.fullmatch(column)
        if measure and cell.strip():
            product[measure[1].casefold()] = f"{cell.strip()} {measure[2]}"
    return product


def _urls(text: str) -> list[str]:
    return [one.strip() for one in re.split(r"\s*,\s*(?=https?://)|\s*,\s+", text) if one.strip()]


def _attributes(cells: dict[str, str]) -> dict[str, str]:
    attributes = {}
    for column, cell in cells.items():
        match = _ATTRIBUTE_NAME.fullmatch(column)
        if match and cell.strip():
            name = cell.strip().casefold().removeprefix("pa_").replace("_", " ").replace("-", " ")
            attributes[name] = cells.get(f"Attribute {match[1]} value(s)", "").strip()
    return attributes


def _sellable(cells: dict[str, str]) -> str:
    in_stock = cells.get("In stock?", "").strip().casefold()
    if in_stock in ("1", "yes", "instock"):
        return "in_stock"
    if in_stock == "backorder" or cells.get("Backorders allowed?", "").strip() in ("1", "notify"):
        return "preorder"
    return "out_of_stock" if in_stock in ("0", "no", "outofstock") else ""
