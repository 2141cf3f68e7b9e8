"""Lengths and weights as feeds write them, to millimetres and grams.

What is stated is kept, never averaged.  ``45 cm`` is one value.  A range (``1.5-2 cm``) and an extender
(``45 cm + 5 cm``, ``45-50 cm (Adjustable)``) give the least value under the name and the greatest under
``<name>_max``.  Several sides (``4 cm x 3.1 cm``) give the first under the name, the next under ``<name>_2``,
``<name>_3``, in the order stated.  A unit after the last number holds for those before it.
"""

import re

from catalog.errors import UnreadableValueError
from catalog.remembering import remembered
from catalog.texts import comparable
from catalog.vocabulary import find_in_words

MM_OF_UNIT = {
    "mm": 1.0, "millimetre": 1.0, "millimeter": 1.0, "millimetres": 1.0, "millimeters": 1.0, "مم": 1.0,
    "ملم": 1.0,
    "cm": 10.0, "cms": 10.0, "centimetre": 10.0, "centimeter": 10.0, "centimetres": 10.0,
    "centimeters": 10.0, "سم": 10.0,
    "m": 1000.0, "metre": 1000.0, "meter": 1000.0,
    "in": 25.4, "inch": 25.4, "inches": 25.4, '"': 25.4, "”": 25.4, "″": 25.4, "''": 25.4, "zoll": 25.4,
    "pouce": 25.4, "pouces": 25.4, "بوصة": 25.4, "ft": 304.8, "feet": 304.8,
}  # fmt: skip
GRAMS_OF_UNIT = {
    "g": 1.0, "gm": 1.0, "gms": 1.0, "gr": 1.0, "gram": 1.0, "grams": 1.0, "gramm": 1.0, "gramme": 1.0,
    "grammes": 1.0,
    "جرام": 1.0, "غرام": 1.0, "mg": 0.001, "kg": 1000.0, "oz": 28.349523125, "ounce": 28.349523125,
    "ounces": 28.349523125, "ozt": 31.1034768, "lb": 453.59237, "lbs": 453.59237, "ct": 0.2, "cts": 0.2,
    "carat": 0.2, "carats": 0.2, "dwt": 1.55517384, "tola": 11.6638038,
}  # fmt: skip
LONGEST_MM = 10_000.0
HEAVIEST_G = 50_000.0

_NUMBER = r"\d+(?:[.,]\d+)?(?:\s+\d/\d+)?|\d/\d+"


def _unit_pattern(units: dict[str, float]) -> str:
    return "|".join(re.escape(unit) for unit in sorted(units, key=len, reverse=True))


_LENGTH = re.compile(
    rf"(?<![\w.,/])(?P<number>{_NUMBER})(?:\s*-?\s*(?P<unit>(?:{_unit_pattern(MM_OF_UNIT)})(?![^\W\d_])))?"
    rf"(?P<next>\s*(?:-|–|—|to|bis|à|\+|x|×|\*)\s*(?=(?:\d)))?",
    re.IGNORECASE,
)
_WEIGHT = re.compile(
    rf"(?<![\w.,/])(?P<number>{_NUMBER})\s*(?P<unit>(?:{_unit_pattern(GRAMS_OF_UNIT)})(?!\w))?", re.IGNORECASE
)
_SEGMENT = re.compile(r"[,;\n]\s+|\n|;")


def read_lengths(text: str, name: str, *, unit: str | None = "mm") -> dict[str, float]:
    """Return the lengths that ``text`` states, in millimetres, under ``name`` and names made from it.

    Args:
        text: One measure, a range, or several sides.
        name: Our name of the measure, as ``width``.
        unit: Unit of numbers that state none; None refuses them.

    Raises:
        UnreadableValueError: If the text holds no length.
    """
    groups = _length_groups(text, unit)
    if not groups:
        message = f"{text!r} holds no length: write a number with mm, cm or inches"
        raise UnreadableValueError(message)
    lengths: dict[str, float] = {}
    for position, (least, greatest) in enumerate(groups[:3], start=1):
        key = name if position == 1 else f"{name}_{position}"
        lengths[key] = least
        if greatest is not None:
            lengths[f"{key}_max"] = greatest
    return lengths


def read_labelled_lengths(text: str, *, language: str = "en") -> dict[str, float]:
    """Return every length of a text that names its measures, in millimetres, by our names of them.

    ``Motif Height: 0.98 cm, Width: 0.63 cm`` gives ``motif_height`` and ``width``.  A length without a name
    is ``size``; the first statement of a name stands.  A text without any length gives nothing.
    """
    lengths: dict[str, float] = {}
    for segment in _SEGMENT.split(text):
        for key, value in _named_lengths(segment, language):
            lengths.setdefault(key, value)
    return lengths


def read_weight(text: str) -> float:
    """Return a weight in grams; a number without a unit is grams.

    Raises:
        UnreadableValueError: If the text holds no weight, or one no piece has.
    """
    match = _WEIGHT.search(text)
    if match is None:
        message = f"{text!r} holds no weight: write a number with g, oz or ct"
        raise UnreadableValueError(message)
    grams = _number(match["number"]) * GRAMS_OF_UNIT[(match["unit"] or "g").casefold()]
    if not 0 < grams <= HEAVIEST_G:
        message = f"{text!r} is no weight of a piece"
        raise UnreadableValueError(message)
    return round(grams, 4)


@remembered(8192)
def _named_lengths(segment: str, language: str) -> tuple[tuple[str, float], ...]:
    """Return the lengths of one statement: "Width: 0.63 cm" is said of many a piece."""
    first = _LENGTH.search(segment)
    if first is None:
        return ()
    label = comparable(segment[: first.start()]).split() or comparable(segment).split()
    named = find_in_words("dimension", label, language=language)
    try:
        return tuple(read_lengths(segment, named[-1].term if named else "size", unit=None).items())
    except UnreadableValueError:
        return ()


@remembered(4096)
def _length_groups(text: str, unit: str | None) -> tuple[tuple[float, float | None], ...]:
    """Return (least, greatest) per side; greatest is None where one value was stated."""
    chain: list[tuple[float, str | None, str]] = []  # number, its unit, the joint to the next one
    for match in _LENGTH.finditer(text):
        joint = (match["next"] or "").strip().casefold()
        if chain and not chain[-1][2]:
            break  # the first chain of numbers is the measure; what follows is another statement
        stated = match["unit"].casefold() if match["unit"] else None
        if stated is None and not joint and not chain and unit is None:
            continue
        chain.append((_number(match["number"]), stated, joint))
    units = [stated for _, stated, _ in chain]
    following = unit
    for position in range(len(units) - 1, -1, -1):
        following = units[position] or following
        units[position] = following
    if not chain or None in units:
        return ()
    groups: list[tuple[float, float | None]] = []
    joint = "x"
    for (number, _, after), known in zip(chain, units, strict=True):
        length = round(number * MM_OF_UNIT[known or "mm"], 4)
        if joint in {"x", "×", "*"} or not groups:
            groups.append((length, None))
        else:
            least, greatest = groups[-1]
            reach = (greatest or least) + length if joint == "+" else max(greatest or least, length)
            groups[-1] = (min(least, length), reach) if joint != "+" else (least, reach)
        joint = after
    return tuple(group for group in groups if all(0 < one <= LONGEST_MM for one in group if one is not None))


def _number(text: str) -> float:
    whole, _, fraction = text.replace(",", ".").rpartition(" ")
    if "/" in fraction:
        upper, lower = fraction.split("/")
        return (float(whole) if whole.strip() else 0.0) + (int(upper) / int(lower) if int(lower) else 0.0)
    return float(text.replace(",", "."))
