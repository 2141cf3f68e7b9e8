"""What every shop's way with words has in common: slugs, slips, and how amounts and lengths are written.

Words themselves are in ``french``, ``english`` and ``german``; which shop says what, and in which format, is
``exports``' subject.
"""

import re
import unicodedata
from collections.abc import Mapping

KARATS: Mapping[int, int] = {375: 9, 585: 14, 750: 18}


def slug(text: str) -> str:
    """Return a text as a URL's last part: ASCII letters, digits and hyphens."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")


def mistyped(text: str) -> str:
    """Exchange two letters in the last word, as hasty typing does."""
    head, _, word = text.rpartition(" ")
    return f"{head} {word[:-2]}{word[-1]}{word[-2]}" if len(word) > 3 else f"{text}."


def decimal_point(minor: int) -> str:
    """Return an amount in minor units with two decimals: ``1290.00``."""
    return f"{minor // 100}.{minor % 100:02d}"


def decimal_comma(minor: int) -> str:
    """Return an amount in minor units as Germans write it: ``1.290,00``."""
    return f"{minor // 100:,}".replace(",", ".") + f",{minor % 100:02d}"


def labelled_lengths(lengths: Mapping[str, float], labels: Mapping[str, str], mark: str) -> str:
    """Return lengths under their names with decimal commas: ``Largeur : 4,5 mm; Diamètre : 17 mm``.

    Args:
        lengths: Millimetres by our names.
        labels: What a language calls them.
        mark: What stands between name and number.
    """
    return "; ".join(
        f"{labels[name]}{mark}{length:g} mm".replace(".", ",") for name, length in lengths.items()
    )
