"""What a page's address asks for: the whole question, so that an address can be kept and passed on."""

from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlencode

from babel.numbers import get_currency_precision

from catalog.errors import UnreadableValueError
from catalog.money import to_minor
from serving.api.asking import AskFields
from serving.errors import QueryError

FILTERS = ("category", "metal", "stone", "style", "brand", "source", "availability")
_ONE = ("q", "like", "sort", "currency", "cursor", "collection", "price_min", "price_max")
_PAGE = 24


class PageQuestion(AskFields):
    """Words or a piece to look for, or neither: then what is new is shown."""

    q: str = ""
    like: str = ""


def read_question(pairs: Iterable[tuple[str, str]]) -> PageQuestion:
    """Return what an address asks; empty fields, as forms send them, ask nothing.

    Prices are whole amounts of ``currency``, such as ``250`` or ``249.90``.

    Raises:
        QueryError: If a price is no number, or comes without a currency.
        pydantic.ValidationError: If another value does not fit.
    """
    given: dict[str, Any] = {"limit": _PAGE}
    prices: dict[str, str] = {}
    for name, value in pairs:
        said = value.strip()
        if not said:
            continue
        if name in FILTERS:
            given.setdefault(name, []).append(said)
        elif name in ("price_min", "price_max"):
            prices[name] = said
        elif name in _ONE:
            given[name] = said
    if "currency" in given:
        given["currency"] = given["currency"].upper()
    for name, said in prices.items():
        given[f"{name}_minor"] = _minor(said, given.get("currency"))
    return PageQuestion.model_validate(given)


def _minor(said: str, currency: str | None) -> int:
    if currency is None:
        message = f"the price {said} has no currency: choose one, amounts of different ones do not compare"
        raise QueryError(message)
    try:
        minor = to_minor(Decimal(said.replace(",", ".")), currency)
    except (InvalidOperation, OverflowError, ValueError, UnreadableValueError):
        message = f"the price {said!r} is no amount: write it like 250 or 249.90"
        raise QueryError(message) from None
    return minor


def address_of(asked: PageQuestion, **changed: str | None) -> str:
    """Return the address of a question, some of it changed; ``None`` leaves a part out.

    The place in the pages is left out unless it is given.
    """
    pairs: list[tuple[str, str]] = []
    for name in ("q", "like", "collection", "currency"):
        value = changed[name] if name in changed else getattr(asked, name)
        if value:
            pairs.append((name, value))
    sort = changed.get("sort", asked.sort)
    if sort and sort != "relevance":
        pairs.append(("sort", sort))
    for name in FILTERS:
        if name not in changed:
            pairs += [(name, value) for value in getattr(asked, name) or ()]
    pairs += [(name, text) for name, text in amounts_of(asked).items() if text and name not in changed]
    if cursor := changed.get("cursor"):
        pairs.append(("cursor", cursor))
    return "/" + (f"?{urlencode(pairs)}" if pairs else "")


def amounts_of(asked: PageQuestion) -> Mapping[str, str]:
    """Return the price range as a person writes it; empty where it is open."""
    return {
        name: "" if minor is None or asked.currency is None else _amount(minor, asked.currency)
        for name, minor in (("price_min", asked.price_min_minor), ("price_max", asked.price_max_minor))
    }


def _amount(minor: int, currency: str) -> str:
    return f"{Decimal(minor).scaleb(-get_currency_precision(currency)):f}"
