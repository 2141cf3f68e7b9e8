"""Purity of precious metal in a text: karat, hallmark and millesimal spellings to parts per mille.

Spellings and marks are data (``vocabulary/fineness.yaml``).  What a purity belongs to, the metal or its
plating, is read by ``catalog.metals``.
"""

import re
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

import yaml

from catalog.errors import UnreadableValueError
from catalog.texts import comparable


def _data() -> dict[str, Any]:
    text = (files("catalog") / "vocabulary" / "fineness.yaml").read_text(encoding="utf-8")
    content: dict[str, Any] = yaml.safe_load(text)
    return content


_DATA = _data()
PER_MILLE_OF_KARAT: dict[int, int] = _DATA["karat"]
MARKS_OF_METAL = {metal: frozenset(marks) for metal, marks in _DATA["marks"].items()}
_MARKS = frozenset().union(*MARKS_OF_METAL.values())
_METAL_OF_SYMBOL: dict[str, str] = _DATA["symbols"]


def _one_of(spellings: list[str]) -> str:
    return "|".join(re.escape(one) for one in sorted(spellings, key=len, reverse=True))


KARAT = re.compile(
    rf"(?<![\w.,])(\d{{1,2}})\s*-?\s*(?:{_one_of(_DATA['after_karat'])})(?!\w)"
    rf"|(?:{_one_of(_DATA['before_karat'])})\s*(\d{{2}})(?!\d)",
    re.IGNORECASE,
)
_DIGIT = re.compile(r"\d")
_THREE_DIGITS = re.compile(r"\d{3}")
_SYMBOL = re.compile(
    rf"(?<!\w)({_one_of(list(_METAL_OF_SYMBOL))})\.?[ -]?(\d{{3}})(?!\w|[.,]\d)", re.IGNORECASE
)
_SHARE = re.compile(rf"(?<![\w.,])(\d{{3,4}})\s*(?:{_one_of(_DATA['after_mark'])})(?!\w)", re.IGNORECASE)
_BARE = re.compile(r"(?<![\w.,/])(\d{3})(?![\w/]|[.,]\d)")
_DECIMAL = re.compile(r"(?<![\w.,])0?[.,](\d{3})(?!\d)")
_PERCENT = re.compile(r"(?<![\w.,])(\d{2}[.,]\d)\s*%")  # "92.5 %"; a whole number of per cent is anything's


class Purity(NamedTuple):
    """One purity inside a text: where it stands, and what it says."""

    start: int
    end: int
    per_mille: int
    is_karat: bool
    metal: str | None = None  # where the purity's own letters name it: "Pt950"


def per_mille_of_karat(karat: int) -> int:
    """Return the parts per mille of a karat number.

    Raises:
        UnreadableValueError: If no alloy is marked so.
    """
    if karat not in PER_MILLE_OF_KARAT:
        message = f"{karat} karat is no purity: karats run from 8 to 24"
        raise UnreadableValueError(message)
    return PER_MILLE_OF_KARAT[karat]


def karat_of(per_mille: int) -> int | None:
    """Return the karat number of a gold purity, None when it is none of the usual ones."""
    close = min(PER_MILLE_OF_KARAT, key=lambda karat: abs(PER_MILLE_OF_KARAT[karat] - per_mille))
    return close if abs(PER_MILLE_OF_KARAT[close] - per_mille) <= 2 else None


def named_purity(text: str) -> int | None:
    """Return the parts per mille that a name fixes by itself, as ``sterling`` does; None for other texts."""
    return _names().get(comparable(text))


def statements(text: str) -> list[Purity]:
    """Return every purity in ``text``, in its order.

    A carat weight ("1.5 ct") is no purity; neither is a number that no hallmark knows ("304 stainless
    steel").
    """
    if not _DIGIT.search(text):
        return []
    found: list[Purity] = []
    for match in KARAT.finditer(text):
        karat = int(match.group(1) or match.group(2))
        if karat in PER_MILLE_OF_KARAT:
            found.append(Purity(match.start(), match.end(), PER_MILLE_OF_KARAT[karat], True))
    if _THREE_DIGITS.search(text):
        for match in _SYMBOL.finditer(text):
            metal = _METAL_OF_SYMBOL[match.group(1).lower()]
            if int(match.group(2)) in MARKS_OF_METAL[metal]:
                found.append(Purity(match.start(), match.end(), int(match.group(2)), False, metal))
        for pattern in (_SHARE, _DECIMAL, _BARE):
            found += _marks(text, pattern, found)
    if "%" in text:
        found += _marks(text, _PERCENT, found)
    return sorted(found)


def _marks(text: str, pattern: re.Pattern[str], found: list[Purity]) -> list[Purity]:
    marks = []
    for match in pattern.finditer(text):
        value = int(re.sub(r"[.,]", "", match.group(1)))
        taken = any(one.start < match.end() and match.start() < one.end for one in found)
        if value in _MARKS and not taken:
            marks.append(Purity(match.start(), match.end(), value, False))
    return marks


@cache
def _names() -> dict[str, int]:
    return {comparable(name): per_mille for name, per_mille in _DATA["names"].items()}
