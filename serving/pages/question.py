"""What a page's address asks for: the whole question, so that an address can be kept and passed on."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any
from urllib.parse import urlencode

from babel.numbers import get_currency_precision
from pydantic import Field

from catalog.errors import UnreadableValueError
from catalog.money import to_minor
from serving.api.asking import AskFields
from serving.api.questions import PieceIds, Weight
from serving.asking import Asked
from serving.encoding import AskedPicture
from serving.errors import QueryError

FILTERS = ("category", "metal", "stone", "style", "brand", "source", "availability")
CHANNELS = ("visual", "colour", "shape", "material", "style")
_PRICES = ("price_min", "price_max")
_SEVERAL = (*FILTERS, "like", "unlike")
_ONE = ("q", "sort", "currency", "cursor", "collection", *(f"by_{name}" for name in CHANNELS))
_DROP = "drop"  # what a button takes out: ``like:piece``, ``category:ring``, ``q``, or all ``filters``
_USUAL_WEIGHTS = {"visual": 1.0}
_PAGE = 24

_Weights = Annotated[Weight, Field(description="How much pictures and pieces count in a channel")]


class PageQuestion(AskFields):
    """Words, pieces to be like and unlike, or nothing: then what is new is shown.

    ``currency_assumed`` tells that prices came without a currency, and are of the usual one.
    """

    q: str = ""
    like: PieceIds = Field(default=[])
    unlike: PieceIds = Field(default=[])
    by_visual: _Weights = 1.0
    by_colour: _Weights = 0.0
    by_shape: _Weights = 0.0
    by_material: _Weights = 0.0
    by_style: _Weights = 0.0
    currency_assumed: bool = False

    @property
    def browses(self) -> bool:
        """Whether nothing is looked for."""
        return not (self.q or self.like or self.unlike)

    def weights(self) -> dict[str, float]:
        """Return the weight of every channel."""
        return {name: getattr(self, f"by_{name}") for name in CHANNELS}

    def asked(self, picture: AskedPicture | None = None) -> Asked:
        """Return what is looked for, beside a picture where one was sent."""
        asked = Asked(
            words=(self.q,) if self.q else (),
            pictures=() if picture is None else (picture,),
            liked=tuple(self.like),
            disliked=tuple(self.unlike),
        )
        if picture is None and not self.like and not self.unlike:
            return asked  # words are in the visual channel alone
        return replace(
            asked, channels={name: weight for name, weight in self.weights().items() if weight > 0}
        )


def read_question(
    pairs: Iterable[tuple[str, str]], usual_currency: Callable[[str | None], str | None]
) -> PageQuestion:
    """Return what an address or a form asks; empty fields, as forms send them, ask nothing.

    Prices are whole amounts of ``currency``, such as ``250`` or ``249.90``.

    Args:
        pairs: Names and values, as they were sent.
        usual_currency: Collection -> the currency that prices mean where none is named.

    Raises:
        QueryError: If a price is no number, or nothing has a price that it could be compared with.
        pydantic.ValidationError: If another value does not fit.
    """
    stated = [(name, said) for name, value in pairs if (said := value.strip())]
    dropped = {tuple(said.split(":", 1)) for name, said in stated if name == _DROP}
    if ("filters",) in dropped:
        dropped |= {(name,) for name in (*FILTERS, *_PRICES)}
    given: dict[str, Any] = {"limit": _PAGE}
    prices: dict[str, str] = {}
    for name, said in stated:
        if (name,) in dropped or (name, said) in dropped:
            continue
        if name in _SEVERAL:
            given.setdefault(name, []).append(said)
        elif name in _PRICES:
            prices[name] = said
        elif name in _ONE:
            given[name] = said
    for name in ("like", "unlike"):
        given[name] = list(dict.fromkeys(given.get(name, ())))
    if "currency" in given:
        given["currency"] = given["currency"].upper()
    elif prices or str(given.get("sort", "")).startswith("price"):
        given |= {"currency": usual_currency(given.get("collection")), "currency_assumed": True}
    for name, said in prices.items():
        given[f"{name}_minor"] = _minor(said, given["currency"])
    return PageQuestion.model_validate(given)


def is_tidy(pairs: Iterable[tuple[str, str]], asked: PageQuestion) -> bool:
    """Tell whether an address says what it asks and nothing else, as forms do; any page of it is."""
    stated = list(pairs)
    return any(name == "cursor" for name, _ in stated) or sorted(stated) == sorted(pairs_of(asked))


def _minor(said: str, currency: str | None) -> int:
    if currency is None:
        message = f"the price {said} has no currency, and nothing here has a price: choose a currency"
        raise QueryError(message)
    try:
        minor = to_minor(Decimal(said.replace(",", ".")), currency)
    except (InvalidOperation, OverflowError, ValueError, UnreadableValueError):
        message = f"the price {said!r} is no amount: write it like 250 or 249.90"
        raise QueryError(message) from None
    return minor


def pairs_of(asked: PageQuestion) -> list[tuple[str, str]]:
    """Return a question as the fields of a form; what is usual is left out, as is the place in the pages."""
    pairs = [(name, value) for name in ("q", "collection") if (value := getattr(asked, name))]
    pairs += [(name, value) for name in _SEVERAL for value in getattr(asked, name) or ()]
    pairs += [(name, text) for name, text in amounts_of(asked).items() if text]
    if asked.currency and not asked.currency_assumed:
        pairs.append(("currency", asked.currency))
    if asked.sort != "relevance":
        pairs.append(("sort", asked.sort))
    return pairs + [
        (f"by_{name}", f"{weight:g}")
        for name, weight in asked.weights().items()
        if weight != _USUAL_WEIGHTS.get(name, 0.0)
    ]


def address_of(asked: PageQuestion, *without: str, **changed: str) -> str:
    """Return the address of a question, without some of its parts, others changed.

    The place in the pages is left out unless it is given.
    """
    pairs = [pair for pair in pairs_of(asked) if pair[0] not in (*without, *changed)]
    pairs += [pair for pair in changed.items() if pair[1]]
    return "/" + (f"?{urlencode(pairs)}" if pairs else "")


def amounts_of(asked: PageQuestion) -> Mapping[str, str]:
    """Return the price range as a person writes it; empty where it is open."""
    return {
        name: "" if minor is None or asked.currency is None else _amount(minor, asked.currency)
        for name, minor in (("price_min", asked.price_min_minor), ("price_max", asked.price_max_minor))
    }


def _amount(minor: int, currency: str) -> str:
    return f"{Decimal(minor).scaleb(-get_currency_precision(currency)):f}"
