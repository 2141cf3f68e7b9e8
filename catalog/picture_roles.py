"""What part each picture of a listing plays: primary, detail, worn, frame_360, certificate or community.

Pure: no SQL, no pixels.  What the feed states comes first, then what a file name or an alternative text says,
then the feed's kind, then whether the picture is a page of print, and last its place among the others.
Whether somebody wears a piece is not read off its colours: beige boxes and silk pass for skin.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

from catalog import vocabulary
from catalog.texts import comparable

Role = Literal["primary", "detail", "worn", "frame_360", "certificate", "community"]
ROLES_VERSION = "1"

SHEET_LINES = 7
"""From so many lines of print on, a light picture is a page; no render of jewelry among 2,200 has above 5."""
_SEGMENTS = re.compile(r"\s*[,;:|–—()]\s*|\s+-\s+")
_STEM = re.compile(r"\.[A-Za-z0-9]{2,5}$")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownPicture:
    """One picture that a listing names, in the feed's order.

    Attributes:
        location: URL or path, as the feed gives it.
        alt: Its alternative text.
        stated: Our role, where the feed states one that we know.
        measures: What was measured in it, None while nobody has looked.
    """

    location: str
    alt: str | None = None
    stated: str | None = None
    measures: Mapping[str, Any] | None = None


def stated_role(text: str, *, language: str = "en") -> str | None:
    """Return the role that a feed's own word for it stands for, None when it stands for nothing."""
    return vocabulary.look_up("picture_role", text, language=language)


def roles_of(pictures: Sequence[ShownPicture], *, feed_kind: str, language: str = "en") -> tuple[Role, ...]:
    """Return the role of each picture of one listing, in its order.

    At most one picture is ``primary`` without having been called so: the first that nothing else is said of.

    Args:
        pictures: As the listing names them.
        feed_kind: ``retailer``, ``manufacturer`` or ``community``.
        language: Of the feed's texts.
    """
    roles: list[str | None] = []
    for picture in pictures:
        role = picture.stated or _told(_stem(picture.location), language)
        for segment in _SEGMENTS.split(picture.alt or ""):
            role = role or _told(segment, language)
        if feed_kind == "community" and role not in ("certificate", "frame_360"):
            role = "community"
        roles.append(role or _seen(picture.measures))
    is_led = "primary" in roles
    for place, role in enumerate(roles):
        if role is None:
            roles[place], is_led = ("detail", True) if is_led else ("primary", True)
    return tuple(roles)  # type: ignore[arg-type] # the vocabulary's terms are the roles


def _stem(location: str) -> str:
    """Return a file's name as words: ``.../opaline-0012-PORTEE.jpg`` is "opaline 0012 PORTEE"."""
    try:
        path = urlsplit(location).path or location
    except ValueError:
        path = location
    name = _STEM.sub("", unquote(path).rstrip("/").rpartition("/")[2])
    return _CAMEL.sub(" ", name).replace("_", " ").replace("-", " ")


def _told(text: str, language: str) -> str | None:
    """Return the role that a text ends with: names come first, views last, and "box chain" is no box.

    Numbers and words like "view" behind it do not count.
    """
    words = comparable(text).split()
    while words and len(words) > 1 and (words[-1].isdecimal() and words[-1] != "360"):
        words.pop()
    while len(words) > 1 and vocabulary.says_nothing("picture_role", words[-1]):
        words.pop()
    found = vocabulary.find_in_words("picture_role", words, language=language)
    return found[-1].term if found and found[-1].end == len(words) else None


def _seen(measures: Mapping[str, Any] | None) -> str | None:
    """Return what a picture's pixels say of its role, None where they say nothing."""
    if not measures:
        return None
    lines = measures.get("print_lines")
    return "certificate" if lines is not None and lines >= SHEET_LINES else None
