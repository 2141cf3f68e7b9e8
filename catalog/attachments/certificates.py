"""What a feed states of a certificate: laboratory, number, and the four Cs, as fields."""

import re
from collections.abc import Mapping
from typing import Any

from catalog.texts import clean_text, shortened

PARTS = ("laboratory", "number", "carat", "colour", "clarity", "cut")
LONGEST_PART = 100
HEAVIEST_CARAT = 10_000  # the largest gem diamond ever found weighed 3,106 carats
_CARAT = re.compile(r"(\d+(?:[.,]\d+)?)\s*(?:ct|cts|carats?|karat)?\.?", re.IGNORECASE)
# GIA's clarity grades, also used by IGI and HRD; spelt with blanks and in any case by feeds.
_CLARITY = re.compile(r"(fl|if|loupe clean|vvs|vs|si|i|p)\s*-?\s*([123]?)", re.IGNORECASE)


def read_certificate(stated: Mapping[str, str]) -> tuple[dict[str, Any], list[tuple[str, str, str]]]:
    """Return the details of a certificate, and what cannot be read as (part, text, sentence).

    Texts stay as the feed states them, but for the weight, a number in carats, and the spelling of clarity
    and colour grades (``vvs 1`` is ``VVS1``).

    Args:
        stated: Part (one of ``PARTS``) and its text.
    """
    details: dict[str, Any] = {}
    complaints: list[tuple[str, str, str]] = []
    for part in PARTS:
        text = shortened(clean_text(stated.get(part, "")), LONGEST_PART)
        if not text:
            continue
        if part == "carat":
            match = _CARAT.fullmatch(text)
            carat = float(match.group(1).replace(",", ".")) if match else 0.0
            if 0 < carat <= HEAVIEST_CARAT:
                details[part] = carat
            else:
                complaints.append((part, text, f"{text!r} is no weight in carats: it was left out"))
        elif part == "clarity" and (grade := _CLARITY.fullmatch(text)):
            details[part] = "".join(grade.groups()).upper().replace("LOUPE CLEAN", "IF")
        else:
            details[part] = text.upper() if part == "colour" and len(text) == 1 else text
    return details, complaints
