"""Prices as feeds write them, to minor units of an ISO 4217 currency.  No float touches a text."""

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from babel import Locale, UnknownLocaleError
from babel.numbers import get_currency_precision, get_decimal_symbol, list_currencies
from price_parser import Price

from catalog.errors import UnreadableValueError
from catalog.vocabulary import currency_signs

NO_CURRENCY = "XXX"  # ISO 4217's code for "no currency involved"
LARGEST_MINOR = 10**15  # beyond any piece in any currency, and far inside a 64-bit column
_NUMBER = re.compile(r"\d(?:[\d.,' ]*\d)?")
_GROUPED = re.compile(r"\d{1,3}(?P<mark>[.,' ])\d{2,3}(?:(?P=mark)\d{2,3})*")
_FULL_GROUPS = re.compile(r"\d{1,3}(?:[.,' ]\d{2,3})*[.,' ]\d{3}")
_DASH_CENTS = re.compile(r"(?<=\d)[.,]\s?[-–—]+(?!\d)")
_MINUS = re.compile(r"(?:^|[^\w])[-−–]\s*\d|^\s*[-−–]|\(\s*[\d.,]+\s*\)|\d\s*[-−]\s*$")
_NOISE = re.compile(
    r"\b(?:price|only|from|ab|nur|prix|incl|vat|mrp)\b[.:]?|[()*:/=]|(?<!\w)\.|\.(?!\w)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """An amount in minor units of a currency: 2400 USD is 24 dollars."""

    minor: int
    currency: str

    def __str__(self) -> str:
        """The amount with its decimals and its code: ``24.00 USD``."""
        return f"{Decimal(self.minor).scaleb(-get_currency_precision(self.currency))} {self.currency}"


def read_money(value: str | int | float | Decimal, *, currency: str | None, language: str = "en") -> Money:
    """Return the price that a feed states.

    A JSON number is taken as it is.  In a text, two kinds of mark settle themselves (the last is the decimal
    mark); one mark before exactly three digits is what the feed's language makes of it, and nothing is
    rounded: ``1.299`` in an English feed in dollars is refused rather than read as 1299.

    Args:
        value: The feed's value.
        currency: Currency of amounts that state none; it also decides what ``$`` means.
        language: ISO 639-1 code of the feed, for its decimal mark.

    Raises:
        UnreadableValueError: If there is no single positive amount in a known currency.
    """
    if isinstance(value, str):
        code, amount = _read_text(value, currency, language)
    else:
        code, amount = currency, Decimal(str(value))
    if code is None:
        message = f"price {value!r} states no currency: set `currency` on the feed"
        raise UnreadableValueError(message)
    if not amount.is_finite():
        message = f"price {value!r} is no number"
        raise UnreadableValueError(message)
    if amount < 0:
        message = f"price {value!r} is negative"
        raise UnreadableValueError(message)
    if amount == 0:
        message = f"price {value!r} is zero: leave it out where there is no price"
        raise UnreadableValueError(message)
    return Money(minor=to_minor(amount, code), currency=code)


def to_minor(amount: Decimal, currency: str) -> int:
    """Return an amount in minor units, by the currency's number of decimals.

    Raises:
        UnreadableValueError: If it has more decimals than the currency, or is beyond any price.
    """
    if abs(amount.adjusted()) > 20:
        message = f"price {amount} is beyond any price"
        raise UnreadableValueError(message)
    scaled = amount.scaleb(get_currency_precision(currency))
    if scaled != scaled.to_integral_value():
        message = (
            f"price {amount} has more decimals than {currency} has: check the decimal mark and `language`"
        )
        raise UnreadableValueError(message)
    if scaled > LARGEST_MINOR:
        message = f"price {amount} is beyond any price"
        raise UnreadableValueError(message)
    return int(scaled)


def _read_text(text: str, currency: str | None, language: str) -> tuple[str | None, Decimal]:
    plain = _latin_digits(text)
    if not any(letter.isdecimal() for letter in plain):  # a superscript is a digit, and no number
        message = f"price {text!r} is no number"
        raise UnreadableValueError(message)
    if _MINUS.search(plain):
        message = f"price {text!r} is negative"
        raise UnreadableValueError(message)
    plain = _DASH_CENTS.sub("", plain)
    numbers = _NUMBER.findall(plain)
    if not numbers:
        message = f"price {text!r} is no number"
        raise UnreadableValueError(message)
    if len(numbers) > 1:
        message = f"price {text!r} holds several numbers: one price per field"
        raise UnreadableValueError(message)
    sign = " ".join(_NOISE.sub(" ", _NUMBER.sub(" ", plain, count=1)).split())
    return _currency(sign, text, currency, language), _amount(numbers[0], text, language)


def _latin_digits(text: str) -> str:
    if text.isascii() and text.isprintable():
        return text.replace("`", "'").strip()
    marks = {"٫": ".", "٬": ",", "’": "'", "‘": "'", "`": "'", "\u200e": "", "\u200f": "", "\u061c": ""}
    letters = []
    for letter in text:
        if letter in marks:
            letters.append(marks[letter])
        elif letter.isdecimal():
            letters.append(str(unicodedata.decimal(letter)))
        else:
            letters.append(" " if letter.isspace() else letter)
    return "".join(letters).strip()


def _currency(sign: str, text: str, declared: str | None, language: str) -> str | None:
    if not sign:
        return declared
    for candidate in (sign, sign.replace(" ", ""), Price.fromstring(text).currency or ""):
        if candidate.upper() in _codes():
            return candidate.upper()
        meanings = currency_signs().get(
            candidate.casefold().strip("."), currency_signs().get(candidate.casefold())
        )
        if meanings is None and candidate in _locale_signs(language):
            meanings = (_locale_signs(language)[candidate],)
        if meanings is not None:
            if declared in meanings:
                return declared
            if meanings[0] is not None:
                return meanings[0]
            message = f"price {text!r}: {candidate!r} may mean several currencies: set `currency` on the feed"
            raise UnreadableValueError(message)
        if candidate == sign and any(word.upper() in _codes() for word in sign.split()):
            codes = {word.upper() for word in sign.split() if word.upper() in _codes()}
            signs = [word for word in sign.split() if word.upper() not in _codes()]
            if len(codes) == 1 and all(word.casefold() in currency_signs() for word in signs):
                return codes.pop()
    message = f"price {text!r} holds {sign!r}, which is no currency we know"
    raise UnreadableValueError(message)


def _amount(number: str, text: str, language: str) -> Decimal:
    marks = [letter for letter in number if not letter.isdigit()]
    kinds = list(dict.fromkeys(marks))
    if not kinds:
        return Decimal(number)
    last = marks[-1]
    if len(kinds) > 1:
        whole, _, cents = number.rpartition(last)
        if marks.count(last) == 1 and last in ".," and _FULL_GROUPS.fullmatch(whole):
            return Decimal(re.sub(r"\D", "", whole) + "." + cents)
    elif len(marks) > 1 or last in "' ":
        if _FULL_GROUPS.fullmatch(number):
            return Decimal(re.sub(r"\D", "", number))
    else:
        whole, _, rest = number.partition(last)
        is_decimal = len(rest) != 3 or len(whole) > 3 or whole == "0" or last == _decimal_mark(language)
        return Decimal(f"{whole}.{rest}") if is_decimal else Decimal(whole + rest)
    message = f"price {text!r} is not grouped like a number"
    raise UnreadableValueError(message)


@cache
def _codes() -> frozenset[str]:
    return frozenset(list_currencies())


@cache
def _decimal_mark(language: str) -> str:
    try:
        mark: str = get_decimal_symbol(language)
    except UnknownLocaleError:
        return "."
    return mark if mark in ".," else "."


@cache
def _locale_signs(language: str) -> dict[str, str]:
    """Return what CLDR's signs mean in a language: ``$`` is the US dollar in English."""
    try:
        signs = Locale.parse(language).currency_symbols
    except (UnknownLocaleError, ValueError):
        return {}
    return {sign: code for code, sign in signs.items() if not sign.isascii() or len(sign) < 3}
