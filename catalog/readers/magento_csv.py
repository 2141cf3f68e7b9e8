"""Magento's (Adobe Commerce's) product export, with the small languages inside its cells.

``additional_attributes`` holds ``metal=Gold,stone=Diamond|Ruby``; ``configurable_variations`` holds
``sku=a,size=6|sku=b,size=7``.  A configurable product has no price of its own: its variants are rows that are
not visible individually, anywhere in the file, so it is read twice.  Rows of one store view repeat the SKU
with that view's texts and belong to the row before them.
https://experienceleague.adobe.com/en/docs/commerce-admin/systems/data-transfer/data-attributes-product
"""

import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from catalog.declarations import FeedDeclaration
from catalog.listing import Reject
from catalog.readers.record import Read, Record
from catalog.readers.tables import Row, read_rows

MAPPING = {
    "source_id": "sku",
    "title": "name",
    "description": "description | short_description",
    "brand": "attributes.manufacturer | attributes.brand",
    "category": "category",
    "metal": "attributes.metal | attributes.metal_type | attributes.material",
    "metal_colour": "attributes.metal_color | attributes.metal_colour",
    "fineness": "attributes.purity | attributes.fineness | attributes.karat | attributes.metal_purity",
    "plating": "attributes.plating",
    "stones": "attributes.stone | attributes.stones | attributes.gemstone | attributes.stone_type",
    "styles": "attributes.style",
    "colour": "attributes.color | attributes.colour",
    "gtin": "attributes.gtin | attributes.ean | attributes.upc | attributes.barcode",
    "mpn": "attributes.mpn",
    "sku": "sku",
    "certificate": "attributes.certificate | attributes.certificate_number",
    "availability": "availability",
    "price": "special_price | price",
    "list_price": "price",
    "images": "images",
}
_HIDDEN = "not visible individually"
_NEXT_ATTRIBUTE = re.compile(r",(?=[A-Za-z_][A-Za-z0-9_]*=)")
_STATES = ("in_stock", "preorder", "out_of_stock")


def read(path: Path, declaration: FeedDeclaration) -> Iterator[Read]:  # noqa: ARG001 - the Reader shape
    """Yield one record per product that the shop shows."""
    variants, parents = _variants(path)
    waiting: Record | None = None
    last_sku: str | None = None  # of the last row that is no store view's, whatever became of it
    for one in read_rows(path, required=(("sku",), ("name",))):
        if not isinstance(one, Row):
            if waiting is not None:
                yield waiting
                waiting = None
            yield one
            continue
        cells = one.cells
        sku, view = cells["sku"].strip(), cells.get("store_view_code", "").strip()
        if view and last_sku is not None and sku in (last_sku, ""):
            if waiting is not None:
                waiting.fields["views"][view] = {name: cell for name, cell in cells.items() if cell.strip()}
            continue
        last_sku = sku
        if waiting is not None:
            yield waiting
            waiting = None
        if sku in variants and sku in parents:
            continue  # a part of its configurable product
        refusal = _refusal(one, sku)
        if refusal is not None:
            yield refusal
            continue
        waiting = Record(place=one.place, fields=_product(cells, sku, variants))
    if waiting is not None:
        yield waiting


def attributes_in(cell: str) -> dict[str, str]:
    """Return what ``additional_attributes`` holds; several values of one attribute are joined with commas.

    A comma ends an attribute only where the next one begins, and none inside quotation marks does.
    """
    found = {}
    for part in _split_outside_quotes(cell):
        name, equals, value = part.partition("=")
        if equals and name.strip():
            text = value.strip()
            if len(text) > 1 and text[0] == text[-1] == '"':
                text = text[1:-1].replace('""', '"')
            found[name.strip().casefold()] = ", ".join(one.strip() for one in text.split("|") if one.strip())
    return found


def _split_outside_quotes(cell: str) -> Iterator[str]:
    part = ""
    for piece in _NEXT_ATTRIBUTE.split(cell):
        part = f"{part},{piece}" if part else piece
        if part.count('"') % 2 == 0:
            yield part
            part = ""
    if part:
        yield part


def _variants(path: Path) -> tuple[dict[str, dict[str, str]], set[str]]:
    """Return the rows that are shown in no list, by SKU, and the SKUs that configurable products name."""
    hidden: dict[str, dict[str, str]] = {}
    named: set[str] = set()
    for one in read_rows(path):
        if not isinstance(one, Row) or one.cells.get("store_view_code", "").strip():
            continue
        cells = one.cells
        if cells.get("visibility", "").strip().casefold() == _HIDDEN:
            hidden[cells.get("sku", "").strip()] = {
                name: cells.get(name, "")
                for name in (
                    "price",
                    "special_price",
                    "special_price_from_date",
                    "special_price_to_date",
                    "is_in_stock",
                    "qty",
                    "product_online",
                )
            }
        named.update(_children(cells))
    return hidden, named


def _children(cells: dict[str, str]) -> list[str]:
    found = []
    for variation in cells.get("configurable_variations", "").split("|"):
        for part in variation.split(","):
            name, _, value = part.partition("=")
            if name.strip() == "sku" and value.strip():
                found.append(value.strip())
    return found


def _refusal(row: Row, sku: str) -> Reject | None:
    if row.cells.get("visibility", "").strip().casefold() == _HIDDEN:
        message = "the product is not visible individually, and no configurable product names it"
        field, reason = "visibility", "not_published"
    elif row.cells.get("product_online", "").strip() == "2":
        message = "the product is disabled: the shop itself does not show it"
        field, reason = "product_online", "not_published"
    else:
        return None
    value = row.cells.get(field, "").strip()
    return Reject(
        place=row.place, reason=reason, message=message, source_id=sku or None, field=field, value=value
    )


def _product(cells: dict[str, str], sku: str, variants: dict[str, dict[str, str]]) -> dict[str, Any]:
    own = [variants[child] for child in _children(cells) if child in variants]
    own = [one for one in own if one["product_online"].strip() != "2"]
    priced = min(own, key=_price, default=cells) if not cells.get("price", "").strip() else cells
    states = {_sellable(one) for one in (own or [cells])}
    # "Default Category/Jewelry/Rings,Default Category/Sale": the deepest path says most.
    paths = [path.strip() for path in cells.get("categories", "").split(",") if path.strip()]
    deepest = max(paths, key=lambda path: path.count("/"), default="")
    return {
        **cells,
        "sku": sku,
        "price": priced.get("price", ""),
        "special_price": _special(priced),
        "availability": next((state for state in _STATES if state in states), ""),
        "category": " > ".join(level.strip() for level in deepest.split("/")),
        "attributes": attributes_in(cells.get("additional_attributes", "")),
        "images": _images(cells),
        "views": {},
    }


def _special(cells: dict[str, str]) -> str:
    """Return the special price; one that begins or ends on a day may not hold today, and is left out."""
    dated = (cells.get(f"special_price_{end}_date", "").strip() for end in ("from", "to"))
    return "" if any(dated) else cells.get("special_price", "")


def _price(cells: dict[str, str]) -> Decimal:
    """Return a price to sort by: one that is missing last, one that cannot be read first, to be rejected."""
    text = (_special(cells) or cells.get("price", "")).strip()
    if not text:
        return Decimal("Infinity")
    try:
        price = Decimal(text)
    except InvalidOperation:
        return Decimal("-Infinity")
    return price if price.is_finite() else Decimal("-Infinity")


def _sellable(cells: dict[str, str]) -> str:
    in_stock = cells.get("is_in_stock", "").strip()
    return {"1": "in_stock", "0": "out_of_stock"}.get(in_stock, "")


def _images(cells: dict[str, str]) -> list[str]:
    texts = [cells.get("base_image", ""), *cells.get("additional_images", "").split(",")]
    # Paths begin below the media folder with a slash; against a base they are relative.
    found = [text.strip() if "://" in text else text.strip().lstrip("/") for text in texts]
    return [one for one in dict.fromkeys(found) if one and one != "no_selection"]
