"""Shopify's product export: several rows per product, one listing each.

Rows of a product stand together under one handle; the first holds what all share, each may add a variant
and a picture.  Column names of the export before and since 2024 are both read.
https://help.shopify.com/en/manual/products/import-export/using-csv
"""

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from itertools import groupby
from pathlib import Path
from typing import Any

from catalog.declarations import FeedDeclaration
from catalog.listing import Reject
from catalog.readers.record import Read, Record
from catalog.readers.tables import Row, read_rows

MAPPING = {
    "source_id": "Handle",
    "title": "Title",
    "description": "Body (HTML)",
    "brand": "Vendor",
    "category": "Type | Product Category | Google Shopping / Google Product Category",
    "weight": "Variant Grams",
    "gtin": "Variant Barcode",
    "mpn": "Google Shopping / MPN",
    "sku": "Variant SKU",
    "availability": "availability",
    "price": "Variant Price",
    "list_price": "Variant Compare At Price",
    "images": "images[].src",
    "images_alt": "images[].alt",
}
# Since 2024 -> before: the older names are what the mapping and messages use.
OLDER_NAMES = {
    "URL handle": "Handle",
    "Description": "Body (HTML)",
    "Product category": "Product Category",
    "Published on online store": "Published",
    "SKU": "Variant SKU",
    "Barcode": "Variant Barcode",
    "Price": "Variant Price",
    "Compare-at price": "Variant Compare At Price",
    "Inventory tracker": "Variant Inventory Tracker",
    "Inventory quantity": "Variant Inventory Qty",
    "Continue selling when out of stock": "Variant Inventory Policy",
    "Weight value (grams)": "Variant Grams",
    "Product image URL": "Image Src",
    "Image position": "Image Position",
    "Image alt text": "Image Alt Text",
}
MANY_ROWS = 10_000  # Shopify allows 2,048 variants and 250 pictures; more is a column of equal handles


def read(path: Path, declaration: FeedDeclaration) -> Iterator[Read]:  # noqa: ARG001 - the Reader shape
    """Yield one record per product."""
    required = (("Handle", "URL handle"), ("Title",), ("Variant Price", "Price"))
    for (_, alone), group in groupby(read_rows(path, required=required), key=_grouping):
        if alone is not None:
            yield from (one for one in group if not isinstance(one, Row))
            continue
        rows: list[Row] = []
        for one in group:
            if isinstance(one, Row) and len(rows) < MANY_ROWS:
                rows.append(one)
        older = [_older(row) for row in rows]
        if not older[0].get("Handle", "").strip():
            for row in rows:
                message = "the row has no handle, so it belongs to no product"
                yield Reject(place=row.place, reason="missing_id", message=message, field="Handle")
            continue
        yield Record(place=rows[0].place, fields=_product(older))


def _grouping(one: Any) -> tuple[str, int | None]:
    if not isinstance(one, Row):
        return "", id(one)
    return (one.cells.get("Handle") or one.cells.get("URL handle") or "").strip(), None


def _older(row: Row) -> dict[str, str]:
    if "URL handle" not in row.cells:
        return row.cells
    return {OLDER_NAMES.get(column, column): cell for column, cell in row.cells.items()}


def _product(rows: list[dict[str, str]]) -> dict[str, Any]:
    product: dict[str, Any] = dict(rows[0])
    for column, cell in rows[0].items():
        if len(rows) > 1 and (not cell or cell.isspace()):
            product[column] = next((row[column] for row in rows if row.get(column, "").strip()), "")
    variants = [row for row in rows if row.get("Variant Price", "").strip()]
    cheapest = _cheapest(variants)
    return {
        **product,
        "Variant Price": cheapest.get("Variant Price", ""),
        "Variant Compare At Price": _unless_zero(cheapest.get("Variant Compare At Price", "")),
        "Variant Grams": _unless_zero(cheapest.get("Variant Grams", "")),
        # A code of one variant names that variant; only a product without choices is named by it.
        "Variant SKU": _only(variants, "Variant SKU"),
        "Variant Barcode": _only(variants, "Variant Barcode"),
        "availability": _availability(product, variants),
        "images": _images(rows),
    }


def _cheapest(variants: list[dict[str, str]]) -> dict[str, str]:
    """Return the cheapest variant; one whose price cannot be read comes first, to be rejected."""
    priced = []
    for variant in variants:
        try:
            price = Decimal(variant["Variant Price"].strip())
        except InvalidOperation:
            return variant
        if not price.is_finite():
            return variant
        priced.append((price, variant))
    return min(priced, key=lambda one: one[0])[1] if priced else {}


def _unless_zero(cell: str) -> str:
    """Return the cell, empty where it holds Shopify's zero for "none"."""
    try:
        return "" if Decimal(cell.strip()) == 0 else cell
    except InvalidOperation:
        return cell


def _only(variants: list[dict[str, str]], column: str) -> str:
    values = {variant.get(column, "").strip() for variant in variants} - {""}
    return values.pop() if len(values) == 1 and len(variants) == 1 else ""


def _availability(product: dict[str, str], variants: list[dict[str, str]]) -> str:
    status = product.get("Status", "").strip().casefold()
    if status == "archived":
        return "discontinued"
    if not variants:
        return ""
    sellable = {_sellable(variant) for variant in variants}
    return next((state for state in ("in_stock", "preorder", "out_of_stock") if state in sellable), "")


def _sellable(variant: dict[str, str]) -> str:
    if not variant.get("Variant Inventory Tracker", "").strip():
        return "in_stock"  # Shopify sells what it does not count
    try:
        quantity = int(Decimal(variant.get("Variant Inventory Qty", "").strip() or "0"))
    except (InvalidOperation, ValueError, OverflowError):
        return ""
    if quantity > 0:
        return "in_stock"
    goes_on = variant.get("Variant Inventory Policy", "").strip().casefold() in {"continue", "true"}
    return "preorder" if goes_on else "out_of_stock"


def _images(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    placed = []
    for order, row in enumerate(rows):
        if row.get("Image Src", "").strip():
            position = row.get("Image Position", "").strip()
            rank = int(position) if position.isdecimal() and len(position) < 9 else 10**9
            placed.append(
                (rank, order, {"src": row["Image Src"].strip(), "alt": row.get("Image Alt Text", "").strip()})
            )
    return [image for *_, image in sorted(placed, key=lambda one: one[:2])]
