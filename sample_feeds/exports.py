"""Feeds as sellers export them: Shopify's CSV, Google Merchant's RSS, a German CSV, a manufacturer's JSON.

Offers in, bytes out; equal offers give equal bytes.
"""

import csv
import io
import json
from collections.abc import Sequence
from datetime import date
from typing import Any
from xml.sax.saxutils import escape

from sample_feeds import english, french, german
from sample_feeds.assortments import Sold
from sample_feeds.drawings import drawing_name
from sample_feeds.faults import UNKNOWN_CATEGORY, UNREADABLE_PRICE
from sample_feeds.market import Offer
from sample_feeds.pieces import Piece
from sample_feeds.wording import decimal_comma, decimal_point, mistyped

Extra = tuple[str, Offer]  # the kind of a stray row, and what stands in it
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
GERMAN_COLUMNS = (
    "Artikelnummer", "Bezeichnung", "Beschreibung", "Marke", "Warengruppe", "Material", "Feingehalt",
    "Steine", "Stil", "Maße", "Gewicht", "EAN", "Herstellernummer", "Verfügbarkeit", "Bestand", "Preis",
    "Statt-Preis", "Währung", "Bild 1", "Bild 2", "Bild 3", "Bild 4", "Bild 5", "Bild 6", "Bild 7", "Bild 8",
)  # fmt: skip
RING_SIZES = (50, 52, 54)
MADE_IN = "France"


def shopify_csv(offers: Sequence[Offer], extras: Sequence[Extra]) -> bytes:
    """Return Shopify's product export: the first row of a product holds what all share.

    Args:
        offers: What is sold.
        extras: Further products whose price a spreadsheet has spoilt.
    """
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, SHOPIFY_COLUMNS, restval="", lineterminator="\r\n")
    writer.writeheader()
    for offer in offers:
        writer.writerows(_shopify_rows(offer, decimal_point(offer.price_minor)))
    for _, offer in extras:
        writer.writerows(_shopify_rows(offer, UNREADABLE_PRICE))
    return buffer.getvalue().encode()


def google_merchant_xml(offers: Sequence[Offer], extras: Sequence[Extra], *, day: date) -> bytes:
    """Return a Google Merchant feed as RSS 2.0.

    Args:
        offers: What is sold.
        extras: Further items: ``row_without_id`` lacks its id, ``duplicate_id`` uses another one's.
        day: The delivery's day.
    """
    items = [_google_item(offer) for offer in offers]
    for kind, offer in extras:
        if kind == "duplicate_id":
            items.append(_google_item(offer, title_suffix=" (gift box)"))
        else:
            items.insert(len(items) // 3, _google_item(offer))
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


def german_csv(offers: Sequence[Offer], extras: Sequence[Extra]) -> bytes:
    """Return a German shop's export: semicolons, decimal commas, cp1252, a column for every picture.

    Args:
        offers: What is sold, or what has changed.
        extras: Further rows that hold a semicolon outside of quotes.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=";", lineterminator="\r\n")
    writer.writerow(GERMAN_COLUMNS)
    writer.writerows(_german_row(offer) for offer in offers)
    for _, offer in extras:
        row = _german_row(offer)
        buffer.write(";".join([row[0], f"{row[1]}; neu eingetroffen", *row[2:]]) + "\r\n")
    return buffer.getvalue().encode("cp1252")


def maker_json(offers: Sequence[Offer], extras: Sequence[Extra], *, day: date) -> bytes:
    """Return the manufacturer's catalogue: specifications as label and value, no retail prices.

    Args:
        offers: What is made.
        extras: Further records whose name is missing.
        day: The delivery's day.
    """
    document = {
        "house": "Atelier Corbeau",
        "exported": day.isoformat(),
        "currency": "EUR",
        "catalogue": [
            *(_maker_item(offer) for offer in offers),
            *({**_maker_item(offer), "name": ""} for _, offer in extras),
        ],
    }
    return (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode()


def _shopify_rows(offer: Offer, price: str) -> list[dict[str, str]]:
    sold, piece = offer.sold, offer.sold.piece
    title = french.title(piece, sold.fineness)
    sizes = RING_SIZES if piece.category == "ring" and not sold.gtin else (None,)
    first = {
        "Title": mistyped(title) if offer.mistyped else title,
        "Body (HTML)": french.description(piece, sold.fineness),
        "Vendor": piece.brand,
        "Type": french.CATEGORIES[piece.category][1],
        "Tags": english.tags(piece),
        "Published": "true",
        "Gift Card": "false",
        "SEO Title": f"{title} | Maison Delorme",
        "Google Shopping / Gender": "unisex",
        "Google Shopping / Age Group": "adult",
        "Google Shopping / MPN": piece.mpn if sold.mpn else "",
        "Google Shopping / Condition": "new",
        DIMENSIONS_COLUMN: french.dimensions(piece),
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
                "Variant Compare At Price": decimal_point(offer.list_price_minor)
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
    astray = sold.misfiled == ""
    title = (english.title_without_category if astray else english.title)(piece, sold.fineness)
    list_price = offer.list_price_minor
    kind = UNKNOWN_CATEGORY if astray else f"Jewelry > {english.CATEGORIES[piece.category][1]}"
    fields: list[tuple[str, str]] = [
        ("g:id", sold.source_id),
        ("title", (mistyped(title) if offer.mistyped else title) + title_suffix),
        ("description", english.description(piece, sold.fineness)),
        ("link", f"https://northgem.example/p/{piece.article_number}"),
        ("g:brand", piece.brand),
        ("g:condition", "new"),
        ("g:availability", offer.availability),
        ("g:price", f"{decimal_point(list_price or offer.price_minor)} {offer.currency}"),
        ("g:sale_price", f"{decimal_point(offer.price_minor)} {offer.currency}" if list_price else ""),
        ("g:gtin", _stated_gtin(sold)),
        ("g:mpn", piece.mpn if sold.mpn else ""),
        ("g:identifier_exists", "" if sold.gtin or sold.mpn else "no"),
        ("g:google_product_category", "" if astray else str(english.GOOGLE_CATEGORIES[piece.category])),
        ("g:product_type", kind),
        ("g:material", english.metal(piece, sold.fineness)),
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


def _stated_gtin(sold: Sold) -> str:
    if not sold.gtin:
        return ""
    gtin = sold.piece.gtin
    return f"{gtin[:-1]}{(int(gtin[-1]) + 3) % 10}" if sold.broken_gtin else gtin


def _colour_word(sold: Sold) -> str:
    colour = sold.piece.shown_colour
    return {"yellow": "gold", "rose": "rose gold", "white": "silver"}.get(colour, colour)


def _german_row(offer: Offer) -> list[str]:
    sold, piece = offer.sold, offer.sold.piece
    title = german.title(piece, sold.fineness)
    pictures = [picture.file for picture in sold.pictures[:8]]
    return [
        sold.source_id,
        mistyped(title) if offer.mistyped else title,
        german.description(piece),
        german.brand(piece),
        german.CATEGORIES[sold.misfiled or piece.category][1],
        german.metal(piece, sold.fineness),
        f"{sold.fineness}/1000" if sold.fineness else "",
        german.stones(piece),
        german.STYLES[piece.style],
        german.dimensions(piece),
        f"{piece.weight_g:g} g".replace(".", ","),
        piece.gtin if sold.gtin else "",
        piece.mpn if sold.mpn else "",
        german.AVAILABILITIES[offer.availability],
        str(offer.stock),
        decimal_comma(offer.price_minor),
        decimal_comma(offer.list_price_minor) if offer.list_price_minor else "",
        offer.currency,
        *pictures,
        *[""] * (8 - len(pictures)),
    ]


def _maker_item(offer: Offer) -> dict[str, Any]:
    sold, piece = offer.sold, offer.sold.piece
    name = english.makers_title(piece)
    item: dict[str, Any] = {
        "reference": sold.source_id,
        "name": mistyped(name) if offer.mistyped else name,
        "brand": piece.brand,
        "family": english.CATEGORIES[piece.category][1],
        "ean": piece.gtin if sold.gtin else None,
        "mpn": piece.mpn if sold.mpn else None,
        "status": {"preorder": "made to order", "in_stock": "available"}.get(
            offer.availability, offer.availability.replace("_", " ")
        ),
        "specs": [
            {"label": label, "value": value} for label, value in english.specifications(piece, sold.fineness)
        ],
        "dimensions": {f"{name}_mm": length for name, length in piece.dimensions_mm.items()},
        "weight_g": piece.weight_g,
        "made_in": MADE_IN,
        "certificate": _certificate(piece),
        "drawings": [{"file": drawing_name(sold.source_id), "title": f"{piece.name}, outline"}],
        "images": [
            {
                "src": picture.file,
                "alt": f"{piece.name}, {_PICTURE_WORDS.get(picture.view, 'picture')} {number}",
            }
            for number, picture in enumerate(sold.pictures, start=1)
        ],
    }
    if piece.price_minor % 1000 == 0:  # part of the catalogue comes with a wholesale price
        item["wholesale"] = {"amount": decimal_point(offer.price_minor), "currency": offer.currency}
    return item


def _certificate(piece: Piece) -> dict[str, str] | None:
    if not piece.certificate:
        return None
    stated = {"laboratory": "Loupe Gem Lab", "number": piece.certificate}
    if piece.stone is not None:
        stated |= {"colour": piece.stone.colour, "cut": piece.stone.cut}
    return stated


_PICTURE_WORDS = {"turntable": "turntable", "certificate": "certificate"}
