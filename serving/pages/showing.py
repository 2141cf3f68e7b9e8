"""How values are written on the page."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from babel.dates import format_date
from babel.numbers import format_currency, get_currency_precision

_LOCALE = "en"
_NAMES = {
    "category": "Kind",
    "source": "Shop",
    "dimensions_mm": "Size",
    "weight_g": "Weight",
    "gtin": "GTIN",
    "mpn": "Maker's number",
    "certificate_details": "Certificate says",
    "origin": "Made in",
}
_UNITS = {"dimensions_mm": " mm", "weight_g": " g"}


def orders(browses: bool) -> list[tuple[str, str]]:
    """Return the orders that an answer may come in, as a form sends them; the usual one is sent empty."""
    by_price = [("price_asc", "Price, low first"), ("price_desc", "Price, high first")]
    newest = "Newest first"
    return [("", newest), *by_price] if browses else [("", "Best match"), ("newest", newest), *by_price]


def money(minor: int | None, currency: str | None) -> str:
    """Return an amount with its currency; a dash where there is none."""
    if minor is None or not currency:
        return "\N{EN DASH}"
    amount = Decimal(minor).scaleb(-get_currency_precision(currency))
    return format_currency(amount, currency, locale=_LOCALE)


def card_price(piece: Mapping[str, Any], currency: str | None) -> tuple[int | None, str | None]:
    """Return the price that a card shows: in ``currency`` where it has one there, else its own.

    The lowest of those in stock, else the lowest, as a piece's own price is.
    """
    own = [one for one in piece["offers"] if one["price_minor"] is not None and one["currency"] == currency]
    best = min(own, key=lambda one: (one["availability"] != "in_stock", one["price_minor"]), default=piece)
    return best["price_minor"], best["currency"]


def day(moment: datetime | date | str | None) -> str:
    """Return the day of a moment, such as ``5 Jan 2026``; a dash where there is none."""
    if moment is None:
        return "\N{EN DASH}"
    known = date.fromisoformat(moment[:10]) if isinstance(moment, str) else moment
    return format_date(known, "d MMM y", locale=_LOCALE)


def srcset(renditions: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the sizes of a picture's renditions, the cut-out excepted; one of each width."""
    widths = {one["width"]: one["url"] for name, one in renditions.items() if name.isdigit()}
    return ", ".join(f"{url} {width}w" for width, url in widths.items())


def words(value: str | None) -> str:
    """Return a word of our vocabulary as people write it."""
    return (value or "").replace("_", " ")


def choices(counted: list[dict[str, Any]], chosen: list[str], *, most: int) -> list[dict[str, Any]]:
    """Return the values a filter offers: the most frequent ones, and all that are chosen.

    A form sends only what it shows: a chosen value that it left out would be lost with the next search.

    Args:
        counted: Every value and its count, the most frequent first; a value that is absent counts none.
        chosen: What the filter holds now.
        most: Values offered besides those that are chosen.
    """
    known = {one["value"] for one in counted}
    kept = [one for place, one in enumerate(counted) if place < most or one["value"] in chosen]
    return kept + [{"value": value, "count": 0} for value in dict.fromkeys(chosen) if value not in known]


def name_of(field: str) -> str:
    """Return what a field is called."""
    return _NAMES.get(field, words(field).capitalize())


def fact(field: str, value: Any) -> str:
    """Return a fact's value as text."""
    unit = _UNITS.get(field, "")
    if isinstance(value, dict):
        return ", ".join(
            f"{words(str(name))} {said}{unit}" for name, said in value.items() if said is not None
        )
    if isinstance(value, list):
        return ", ".join(fact("", one) for one in value)
    return words(f"{value}{unit}")
