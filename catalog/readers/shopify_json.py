"""Shopify's ``/products.json``: what a storefront shows of itself, and what the Admin API answers.

One record per product, its variants beside it.  A crawl of several pages is kept as JSON Lines, one product
a line.  Prices are bare numbers in the shop's currency, so the declaration has to name it.
https://shopify.dev/docs/api/ajax/reference/product
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from catalog.declarations import FeedDeclaration
from catalog.listing import Reject
from catalog.readers import json_document, json_lines
from catalog.readers.record import Read, Record

MAPPING = {
    "source_id": "handle | id",
    "title": "title",
    "description": "body_html",
    "url": "url",
    "brand": "vendor",
    "category": "product_type",
    "weight": "weight",
    "gtin": "barcode",
    "sku": "sku",
    "availability": "availability",
    "price": "price",
    "list_price": "list_price",
    "images": "images[].src",
    "images_alt": "images[].alt",
}


def read(path: Path, declaration: FeedDeclaration) -> Iterator[Read]:
    """Yield one record per product."""
    if declaration.pagination is not None:
        found = json_lines.read(path, declaration)
    else:
        records = declaration.records or "products"
        found = json_document.read(path, declaration.model_copy(update={"records": records}))
    for one in found:
        if not isinstance(one, Record):
            yield one
        elif one.fields.get("status") == "draft":
            message = "the product is a draft: the shop itself does not show it"
            handle = one.fields.get("handle")
            yield Reject(
                place=one.place,
                reason="not_published",
                message=message,
                source_id=handle if isinstance(handle, str) else None,
                field="status",
                value="draft",
            )
        else:
            yield Record(place=one.place, fields=_product(one.fields))


def _product(product: Mapping[str, Any]) -> dict[str, Any]:
    variants = [one for one in _list(product, "variants") if isinstance(one, Mapping)]
    cheapest = _cheapest(variants)
    only = variants[0] if len(variants) == 1 else {}
    grams = cheapest.get("grams")
    return {
        **product,
        "price": cheapest.get("price"),
        "list_price": _unless_zero(cheapest.get("compare_at_price")),
        "weight": f"{grams} g" if isinstance(grams, int | Decimal) and grams > 0 else None,
        # A code of one variant names that variant; only a product without choices is named by it.
        "sku": only.get("sku"),
        "barcode": only.get("barcode"),
        "availability": _availability(product, variants),
        "images": _images(product),
    }


def _list(product: Mapping[str, Any], name: str) -> list[Any]:
    value = product.get(name)
    return value if isinstance(value, list) else []


def _images(product: Mapping[str, Any]) -> list[Any]:
    placed = []
    for order, one in enumerate(_list(product, "images")):
        image = {"src": one} if isinstance(one, str) else one
        if isinstance(image, Mapping) and image.get("src"):
            position = image.get("position")
            placed.append((position if isinstance(position, int) else 10**9, order, image))
    return [image for *_, image in sorted(placed, key=lambda each: each[:2])]


def _cheapest(variants: list[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return the cheapest variant; one whose price cannot be read comes first, to be rejected."""
    priced = []
    for variant in variants:
        if variant.get("price") in (None, ""):
            continue
        price = _number(variant["price"])
        if price is None:
            return variant
        priced.append((price, variant))
    return min(priced, key=lambda one: one[0])[1] if priced else {}


def _unless_zero(value: Any) -> Any:
    return None if _number(value) == 0 else value


def _number(value: Any) -> Decimal | None:
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _availability(product: Mapping[str, Any], variants: list[Mapping[str, Any]]) -> str:
    if product.get("status") == "archived":
        return "discontinued"
    states = {_sellable(variant) for variant in variants}
    return next((state for state in ("in_stock", "preorder", "out_of_stock") if state in states), "")


def _sellable(variant: Mapping[str, Any]) -> str:
    if isinstance(variant.get("available"), bool):
        return "in_stock" if variant["available"] else "out_of_stock"
    if "inventory_quantity" not in variant:
        return ""
    if variant.get("inventory_management") in (None, ""):
        return "in_stock"  # Shopify sells what it does not count
    quantity = _number(variant["inventory_quantity"])
    if quantity is None:
        return ""
    if quantity > 0:
        return "in_stock"
    return "preorder" if variant.get("inventory_policy") == "continue" else "out_of_stock"
