"""Purity of precious metal: karat, hallmark and millesimal spellings to parts per mille.

Karat values follow the hallmarks of ISO 9202 where there is one (14 K is 585, not 583), else the exact share.
"""

import re

from catalog.errors import UnreadableValueError

PER_MILLE_OF_KARAT = {
    24: 999, 23: 958, 22: 916, 21: 875, 20: 833, 19: 800, 18: 750, 17: 708, 16: 667, 15: 625, 14: 585,
    13: 542, 12: 500, 11: 458, 10: 417, 9: 375, 8: 333,
}  # fmt: skip
GOLD_MARKS = frozenset(
    {333, 375, 417, 500, 583, 585, 625, 750, 800, 833, 875, 900, 916, 917, 958, 986, 990, 995, 999}
)
SILVER_MARKS = frozenset({800, 830, 835, 875, 900, 916, 925, 935, 940, 950, 958, 970, 980, 990, 999})
PLATINUM_MARKS = frozenset({500, 585, 600, 800, 850, 900, 950, 990, 999})
MARKS_OF_METAL = {
    "gold": GOLD_MARKS, "silver": SILVER_MARKS, "platinum": PLATINUM_MARKS, "palladium": PLATINUM_MARKS,
}  # fmt: skip

_MARKS = GOLD_MARKS | SILVER_MARKS | PLATINUM_MARKS

KARAT = re.compile(
    r"(?<![\w.,])(\d{1,2})\s*-?\s*(?:k(?:arat|arats|t|ts)?|ct|cts|carat|carats|قيراط|कैरेट)(?!\w)"
    r"|(?:عيار)\s*(\d{2})(?!\d)",
    re.IGNORECASE,
)
_DIGIT = re.compile(r"\d")
_THREE_DIGITS = re.compile(r"\d{3}")
_SHARE = re.compile(r"(?<![\w.,])(\d{3,4})\s*(?:/\s*1000|‰|er(?!\w))", re.IGNORECASE)
_BARE = re.compile(r"(?<![\w.,/])(\d{3})(?![\w/]|[.,]\d)")
_DECIMAL = re.compile(r"(?<![\w.,])0?[.,](\d{3})(?!\d)")


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


def statements(text: str) -> list[tuple[int, int, int, bool]]:
    """Return every purity in ``text`` as (start, end, parts per mille, written as karat), in its order.

    A carat weight ("1.5 ct") is no purity; neither is a number that no hallmark knows ("304 stainless
    steel").
    """
    if not _DIGIT.search(text):
        return []
    found: list[tuple[int, int, int, bool]] = []
    for match in KARAT.finditer(text):
        karat = int(match.group(1) or match.group(2))
        if karat in PER_MILLE_OF_KARAT:
            found.append((match.start(), match.end(), PER_MILLE_OF_KARAT[karat], True))
    for pattern in (_SHARE, _DECIMAL, _BARE) if _THREE_DIGITS.search(text) else ():
        for match in pattern.finditer(text):
            value = int(match.group(1))
            taken = any(start < match.end() and match.start() < end for start, end, *_ in found)
            if value in _MARKS and not taken:
                found.append((match.start(), match.end(), value, False))
    return sorted(found)


def read_fineness(text: str) -> int | None:
    """Return the parts per mille that ``text`` states for the metal; None when it is only a plating's.

    ``18K Gold plating`` is gold on something else: the piece's own purity stays unsaid.

    Raises:
        UnreadableValueError: If the text holds no purity at all, or several different ones.
    """
    from catalog.metals import read_metal  # metals needs the patterns above

    if not statements(text):
        if text.strip().isdecimal() and int(text) in PER_MILLE_OF_KARAT:
            return PER_MILLE_OF_KARAT[int(text)]
        message = f"{text!r} holds no purity: write 18K, 750 or 750/1000"
        raise UnreadableValueError(message)
    stated = read_metal(text)
    if stated.fineness is not None or stated.plating is not None:
        return stated.fineness
    values = {value for *_, value, _ in statements(text)}
    if len(values) > 1:
        message = f"{text!r} holds several purities: {', '.join(map(str, sorted(values)))} per mille"
        raise UnreadableValueError(message)
    return values.pop()
