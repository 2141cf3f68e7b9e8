"""What the text of one cell says in our vocabulary, and what is to be remarked about it.

Pure functions of the text and the feed's language, so that a feed's repeating values are read once
(``catalog.cells``).  A complaint is the text complained of and the sentence that says why.
"""

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Generic, NamedTuple, TypeVar

from catalog import vocabulary
from catalog.dimensions import read_labelled_lengths, read_lengths
from catalog.errors import UnreadableValueError
from catalog.fineness import statements
from catalog.metals import MetalStatement, read_fineness, read_metal
from catalog.other_goods import levels_of, other_goods_stated
from catalog.remembering import remembered
from catalog.ring_sizes import read_ring_sizes
from catalog.texts import shortened

T = TypeVar("T")
Complaints = tuple[tuple[str, str], ...]


class Said(NamedTuple, Generic[T]):
    """What a cell says, and what is to be remarked about it."""

    value: T
    complaints: Complaints = ()


def parsed(text: str, parse: Callable[[str], T]) -> Said[T | None]:
    """Return what ``parse`` makes of the text; nothing and its complaint where it is unreadable."""
    try:
        return Said(parse(text))
    except UnreadableValueError as error:
        return Said(None, ((text, str(error)),))


class OtherGoods(NamedTuple):
    """A category of goods that are no jewelry, and what is to be said of a row that states it."""

    message: str


def category(text: str, language: str) -> Said[str | OtherGoods | None]:
    """Return the category that a column names; no complaint where it is known to say nothing."""
    goods = other_goods_stated(text, language=language)
    if goods is not None:
        message = (
            f"the category {text!r} is of {goods.replace('_', ' ')}, no jewelry: the row was left out; where "
            "the feed means something else by it, map category to another column"
        )
        return Said(OtherGoods(message))
    levels = levels_of(text)
    for level in reversed(levels):
        term = vocabulary.look_up("category", level, language=language)
        term = term or vocabulary.category_in(level, language=language)
        if term is not None:
            return Said(term)
    if all(vocabulary.says_nothing("category", part) for part in levels):
        return Said(None)
    return Said(
        None, ((text, f"{shortened(text, 80)!r} is no category of jewelry that we know: it was left empty"),)
    )


def metal(name: str, text: str, language: str) -> Said[MetalStatement]:
    """Return what a column says about metal.

    Args:
        name: Which column it is: ``metal``, ``metal_colour``, ``fineness`` or ``plating``.
        text: Its text.
        language: The feed's language.
    """
    if name in ("metal_colour", "plating"):
        whole = vocabulary.look_up("metal_colour" if name == "metal_colour" else "plating", text)
        if whole is None and name == "plating":  # a plating column may name the bare metal
            bare = vocabulary.look_up("metal", text, language=language)
            whole = bare if bare in vocabulary.terms("plating") else None
        if whole is not None and name == "metal_colour":
            return Said(MetalStatement(metal_colour=whole))
        if whole is not None:
            colour = read_metal(text, language=language).metal_colour
            return Said(MetalStatement(plating=whole, metal_colour=colour))
    said = read_metal(text, language=language)
    if name == "fineness":
        return _fineness(text, said)
    if name == "metal" and not said.says_something:
        whole = vocabulary.look_up("metal", text, language=language)
        if whole is not None:
            return Said(MetalStatement(metal=whole))
    if said.several and name == "metal":
        names = ", ".join(said.several)
        kept = f", their purity of {said.fineness} per mille was kept" if said.fineness else ""
        return Said(
            said, ((text, f"{shortened(text, 80)!r} names several metals ({names}): none was chosen{kept}"),)
        )
    if not said.says_something and not says_nothing_of_metal(text):
        message = f"{shortened(text, 80)!r} is no {name.replace('_', ' ')} that we know: it was left empty"
        return Said(said, ((text, message),))
    return Said(said)


def says_nothing_of_metal(text: str) -> bool:
    """Tell whether every part of a text is known to name no metal."""
    return all(vocabulary.says_nothing("metal", part) for part in text.replace("/", ",").split(","))


def terms(name: str, field: vocabulary.Field, text: str, language: str) -> Said[tuple[str, ...]]:
    """Return our terms of a field in a list of words, each once, in its order; ``name`` is our column's."""
    found_terms: dict[str, None] = {}
    complaints: list[tuple[str, str]] = []
    for part in text.replace(";", ",").split(","):
        found, known = _terms_of_part(field, part.strip(), language)
        found_terms.update(dict.fromkeys(found))
        if not known:
            bare = part.strip()
            complaints.append((bare, f"{bare!r} is none of the {name} we know: it was left out"))
    return Said(tuple(found_terms), tuple(complaints))


@remembered(8192)
def _terms_of_part(field: vocabulary.Field, part: str, language: str) -> tuple[tuple[str, ...], bool]:
    """Return the terms of one of several words, and whether it is a word we know, of whatever field."""
    whole = vocabulary.look_up(field, part, language=language)
    found = (whole,) if whole else vocabulary.find_all(field, part, language=language)
    known = bool(found or not part) or vocabulary.names_another_field(field, part, language=language)
    return found, known


def colour(text: str, language: str) -> Said[str | None]:
    """Return the one colour that a column names; ``multicolour`` where it names several."""
    term = vocabulary.look_up("colour", text, language=language)
    found = (term,) if term else vocabulary.find_all("colour", text, language=language)
    if found:
        return Said(found[0] if len(found) == 1 else "multicolour")
    if vocabulary.says_nothing("colour", text):
        return Said(None)
    return Said(None, ((text, f"{shortened(text, 80)!r} is no colour that we know: it was left empty"),))


def lengths(name: str, text: str, language: str) -> Said[dict[str, float]]:
    """Return the lengths in millimetres that a column states; of ``*``, those that the text names itself."""
    if name != "*":
        found = parsed(text, lambda said: read_lengths(said, name))
        return Said(found.value or {}, found.complaints)
    named = read_labelled_lengths(text, language=language)
    return Said(named, () if named else ((text, "the text names no length with a unit"),))


def ring_sizes(system: str | None, text: str) -> Said[dict[str, float]]:
    """Return the inside of a ring in millimetres, by our names of it; ``system`` is that of bare sizes."""
    found = parsed(text, lambda said: read_ring_sizes(said, system))
    return Said(found.value or {}, found.complaints)


def availability(text: str, language: str) -> Said[str | None]:
    """Return the availability that a word, the end of an address, or a count of pieces stands for."""
    if text.removeprefix("-").replace(".", "", 1).isdecimal():
        return Said("in_stock" if Decimal(text) > 0 else "out_of_stock")
    term = vocabulary.look_up("availability", text.rpartition("/")[2], language=language)
    if term is None:
        message = f"{shortened(text, 80)!r} is no availability that we know: it was left unknown"
        return Said("unknown", ((text, message),))
    return Said(term)


def tax(text: str, language: str) -> Said[str | None]:
    """Return whether prices hold the tax: ``included`` or ``excluded``."""
    term = vocabulary.look_up("tax", text, language=language)
    if term is None:
        message = f"{shortened(text, 80)!r} says neither that tax is included nor that it is not: left empty"
        return Said(None, ((text, message),))
    return Said(term)


def tax_percent(text: str) -> float:
    """Return a rate of tax in per cent.

    Raises:
        UnreadableValueError: If it is none, or outside 0 to 100.
    """
    try:
        number = Decimal(text.replace(",", ".").removesuffix("%").strip())
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or not 0 <= number <= 100:
        message = f"tax {text!r} is no rate in per cent"
        raise UnreadableValueError(message)
    return float(number)


def rating(text: str) -> float:
    """Return a rating as a number.

    Raises:
        UnreadableValueError: If it is none, or outside 0 to 100.
    """
    try:
        number = Decimal(text.replace(",", ".").split("/")[0].strip())
    except InvalidOperation:
        message = f"rating {text!r} is no number"
        raise UnreadableValueError(message) from None
    if not number.is_finite() or not 0 <= number <= 100:
        message = f"rating {text!r} is outside 0 to 100"
        raise UnreadableValueError(message)
    return float(number)


def _fineness(text: str, said: MetalStatement) -> Said[MetalStatement]:
    try:
        purity = read_fineness(text)
    except UnreadableValueError as error:
        unclear = statements(text) or not said.says_something  # the bare name of a metal is no complaint here
        return Said(said, ((text, str(error)),) if unclear else ())
    return Said(
        MetalStatement(
            metal=said.metal,
            metal_colour=said.metal_colour,
            fineness=purity,
            plating=said.plating,
            several=said.several,
        )
    )
