"""How values are written on the page."""

from decimal import Decimal
from typing import Any

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


def money(minor: int | None, currency: str | None) -> str:
    """Return an amount with its currency; a dash where there is none."""
    if minor is None or not currency:
        return "\N{EN DASH}"
    amount = Decimal(minor).scaleb(-get_currency_precision(currency))
    return format_currency(amount, currency, locale=_LOCALE)


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
