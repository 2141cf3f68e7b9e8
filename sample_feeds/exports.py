"""Feeds as shops export them: Shopify's CSV, Google Merchant's RSS, and a manufacturer's JSON.

Offers in, bytes out; equal offers give equal bytes.
"""

import csv
import io
import json
from collections.abc import Sequence
from datetime import date
from typing import Any
from xml.sax.saxutils import escape

from sample_feeds.assortments import Offer, Sold
from sample_feeds.faults import UNKNOWN_CATEGORY, UNREADABLE_PRICE
from sample_feeds.wording import (
    ENGLISH_CATEGORIES,
    FRENCH_CATEGORIES,
    GOOGLE_CATEGORIES,
    curio_title,
    english_description,
    english_metal,
    english_tags,
    english_title,
    french_description,
    french_dimensions,
    french_title,
    maker_title,
    stone_spec,
)

DIMENSIONS_COLUMN = "Dimensions (product.metafields.custom.dimensions)"
SHOPIFY_COLUMNS = (
    "Handle", "Title", "Body (HTML)", "Vendor", "Product Category", "Type", "Tags", "Published",
    "Option1 Name", "Option1 Value", "Option2 Name", "Option2 Value", "Option3 Name", "Option3 Value",
    "Variant SKU", "Variant Grams", "Variant Inventory Tracker", "Variant Inventory Qty",
    "Variant Inventory Policy", "Variant Fulfillment Service", "Variant Price",
    "Variant Compare At Price", "Variant Requires Shipping", "Variant Taxable", "Variant Barcode",
    "Image Src", "Image Position", "Image Alt Text", "Gift Card", "SEO Title", "SEO Description",
    "Google Shopping / Google Product Category", "Google Shopping / Gender",
    "Google Shopping / Age Group", "Google Shopping / MPN", "Google Shopping / Condition",
    DIMENSIONS_COLUMN, "Variant Image", "Variant Weight Unit", "Variant Tax Code", "Cost per item",
    "Status",
)  # fmt: skip
RING_SIZES = (50, 52, 54)


def shopify_csv(offers: Sequence[Offer], unreadable_price: Offer) -> bytes:
    """Return Shopify's product export: the first row of a product holds what all share.

    Args:
        offers: What is sold.
        unreadable_price: A further product whose price a spreadsheet has spoilt.
    """
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, SHOPIFY_COLUMNS, restval="", lineterminator="\r\n")
    writer.writeheader()
    for position, offer in enumerate((*offers, unreadable_price)):
        price = UNREADABLE_PRICE if position == len(offers) else _decimal(offer.price_minor)
        writer.writerows(_shopify_rows(offer, price))
    return buffer.getvalue().encode()


def google_merchant_xml(offers: Sequence[Offer], without_id: Offer, duplicate: Offer, *, day: date) -> bytes:
    """Return a Google Merchant feed as RSS 2.0.

    Args:
        offers: What is sold.
        without_id: A further item whose id is missing.
        duplicate: A further item that uses the id of another one.
        day: The delivery's day.
    """
    items = [_google_item(offer) for offer in offers]
    items.insert(len(items) // 3, _google_item(without_id))
    items.append(_google_item(duplicate, title_suffix=" (gift box)"))
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<rss version="2.0" xmlns:g="http://base.google.com/ns/1.0">',
        "  <channel>",
        "    <title>Northgem Jewelers</title>",
        "    <link>https://northgem.example</link>",
        f"    <description>Products of {day.isoformat()}</description>",
        *(line for item in items for line in item),
        "  </channel>",
        "</rss>",
        "",
    ]
    return "\n".join(lines).encode()


def maker_json(offers: Sequence[Offer], *, day: date) -> bytes:
    """Return the manufacturer's catalogue: specifications as label and value, no retail prices."""
    document = {
        "house": "Atelier Corbeau",
        "exported": day.isoformat(),
        "currency": "EUR",
        "catalogue": [_maker_item(offer) for offer in offers],
    }
    return (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode()


def _shopify_rows(offer: Offer, price: str) -> list[dict[str, str]]:
    sold, piece = offer.sold, offer.sold.piece
    title = french_title(piece, sold.fineness)
    sizes = RING_SIZES if piece.category == "ring" and not sold.gtin else (None,)
    first = {
        "Title": _with_typo(title) if offer.typo else title,
        "Body (HTML)": french_description(piece, sold.fineness),
        "Vendor": piece.brand,
        "Type": FRENCH_CATEGORIES[piece.category][1],
        "Tags": english_tags(piece),
        "Published": "true",
        "Gift Card": "false",
        "SEO Title": f"{title} | Maison Delorme",
        "Google Shopping / Gender": "unisex",
        "Google Shopping / Age Group": "adult",
        "Google Shopping / MPN": piece.mpn if sold.mpn else "",
        "Google Shopping / Condition": "new",
        DIMENSIONS_COLUMN: french_dimensions(piece),
        "Status": "active",
    }
    rows: list[dict[str, str]] = []
    for number in range(max(len(sizes), len(sold.pictures))):
        row: dict[str, str] = {"Handle": sold.source_id, **(first if number == 0 else {})}
        if number < len(sizes):
            size = sizes[number]
            row |= {
                "Option1 Name": ("Taille" if size else "Title") if number == 0 else "",
                "Option1 Value": str(size) if size else "Default Title",
                "Variant SKU": f"MD-{piece.mpn}" + (f"-{size}" if size else ""),
                "Variant Grams": f"{piece.weight_g:g}",
                "Variant Inventory Tracker": "shopify",
                "Variant Inventory Qty": str(offer.stock if number == 0 else offer.stock // 2),
                "Variant Inventory Policy": "continue" if offer.availability == "preorder" else "deny",
                "Variant Fulfillment Service": "manual",
                "Variant Price": price,
                "Variant Compare At Price": _decimal(offer.list_price_minor)
                if offer.list_price_minor
                else "",
                "Variant Requires Shipping": "true",
                "Variant Taxable": "true",
                "Variant Barcode": piece.gtin if sold.gtin and size is None else "",
                "Variant Weight Unit": "g",
            }
        if number < len(sold.pictures):
            row |= {
                "Image Src": sold.pictures[number].file,
                "Image Position": str(number + 1),
                "Image Alt Text": f"{piece.name}, vue {number + 1}",
            }
        rows.append(row)
    return rows


def _google_item(offer: Offer, title_suffix: str = "") -> list[str]:
    sold, piece = offer.sold, offer.sold.piece
    title = english_title(piece, sold.fineness)
    if sold.misfiled:
        title = curio_title(piece, sold.fineness)
    fields: list[tuple[str, str]] = [
        ("g:id", sold.source_id),
        ("title", (_with_typo(title) if offer.typo else title) + title_suffix),
        ("description", english_description(piece, sold.fineness)),
        ("link", f"https://northgem.example/p/{piece.article_number}"),
        ("g:brand", piece.brand),
        ("g:condition", "new"),
        ("g:availability", offer.availability),
        ("g:price", f"{_decimal(offer.list_price_minor or offer.price_minor)} USD"),
        ("g:sale_price", f"{_decimal(offer.price_minor)} USD" if offer.list_price_minor else ""),
        ("g:gtin", piece.gtin if sold.gtin else ""),
        ("g:mpn", piece.mpn if sold.mpn else ""),
        ("g:identifier_exists", "" if sold.gtin or sold.mpn else "no"),
        ("g:google_product_category", "" if sold.misfiled else str(GOOGLE_CATEGORIES[piece.category])),
        ("g:product_type", _product_type(sold)),
        ("g:material", english_metal(piece, sold.fineness)),
        ("g:color", _colour_word(sold)),
        *(
            (f"g:product_{name}", f"{length:g} mm")
            for name, length in piece.dimensions_mm.items()
            if name in _GOOGLE_SIDES
        ),
        ("g:product_weight", f"{piece.weight_g:g} g"),
        *(
            ("g:image_link" if number == 0 else "g:additional_image_link", picture.file)
            for number, picture in enumerate(sold.pictures)
        ),
    ]  # fmt: skip
    lines = [f"      <{name}>{escape(text)}</{name}>" for name, text in fields if text]
    return ["    <item>", *lines, "    </item>"]


_GOOGLE_SIDES = frozenset({"length", "width", "height"})


def _product_type(sold: Sold) -> str:
    return UNKNOWN_CATEGORY if sold.misfiled else f"Jewelry > {ENGLISH_CATEGORIES[sold.piece.category][1]}"


def _colour_word(sold: Sold) -> str:
    colour = sold.piece.shown_colour
    return {"yellow": "gold", "rose": "rose gold", "white": "silver"}.get(colour, colour)


def _maker_item(offer: Offer) -> dict[str, Any]:
    sold, piece = offer.sold, offer.sold.piece
    specs = [
        ("Metal", english_metal(piece, sold.fineness)),
        ("Fineness", f"{sold.fineness}/1000" if sold.fineness else None),
        ("Metal colour", piece.metal_colour if piece.metal == "gold" else None),
        ("Plating", f"{piece.plating} plated" if piece.plating else None),
        ("Stones", stone_spec(piece)),
        ("Main stone", f"{piece.stone.cut}, {piece.stone.size_mm:g} mm" if piece.stone else None),
        ("Style", piece.style),
        ("Finish", piece.finish),
        ("Design", piece.design.replace("_", " ")),
    ]
    item: dict[str, Any] = {
        "reference": sold.source_id,
        "name": maker_title(piece) if not offer.typo else _with_typo(maker_title(piece)),
        "brand": piece.brand,
        "family": ENGLISH_CATEGORIES[piece.category][1],
        "ean": piece.gtin if sold.gtin else None,
        "mpn": piece.mpn if sold.mpn else None,
        "status": {"preorder": "made to order", "in_stock": "available"}.get(
            offer.availability, offer.availability.replace("_", " ")
        ),
        "specs": [{"label": label, "value": value} for label, value in specs if value],
        "dimensions": {f"{name}_mm": length for name, length in piece.dimensions_mm.items()},
        "weight_g": piece.weight_g,
        "certificate": {"laboratory": "Loupe Gem Lab", "number": piece.certificate}
        if piece.certificate
        else None,
        "images": [
            {"src": picture.file, "alt": f"{piece.name}, picture {number}"}
            for number, picture in enumerate(sold.pictures, start=1)
        ],
    }
    if piece.price_minor % 1000 == 0:  # part of the catalogue comes with a wholesale price
        item["wholesale"] = {"amount": _decimal(offer.price_minor), "currency": "EUR"}
    return item


def _decimal(minor: int) -> str:
    return f"{minor // 100}.{minor % 100:02d}"


def _with_typo(text: str) -> str:
    """Exchange two letters in the last word, as hasty typing does."""
    head, _, word = text.rpartition(" ")
    return f"{head} {word[:-2]}{word[-1]}{word[-2]}" if len(word) > 3 else f"{text}."
