"""Text as feeds write it, made fit to keep: one Unicode form, no control characters, no markup."""

import re
import unicodedata
from html import unescape
from html.parser import HTMLParser

from catalog.remembering import remembered

_SURROGATES = re.compile(r"[\ud800-\udfff]")
# PostgreSQL refuses U+0000 in text, and a lone surrogate cannot be encoded at all; JSON feeds can hold both.
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufeff]")
_MARKUP = re.compile(r"</?[a-zA-Z][^<>]*>|&(?:#\d+|#x[0-9a-fA-F]+|[a-zA-Z]\w+);")
_BLOCKS = frozenset(
    {"br", "p", "div", "li", "ul", "ol", "tr", "td", "h1", "h2", "h3", "h4", "h5", "h6", "table"}
)
_REST_OF_TAG = r"""(?:\s(?:[^<>"']|"[^"<>]*"|'[^'<>]*')*)?/?>"""
_BLOCK_TAG = re.compile(rf"</?(?:{'|'.join(sorted(_BLOCKS))}){_REST_OF_TAG}", re.IGNORECASE)
_TAG = re.compile(rf"</?[a-zA-Z][a-zA-Z0-9]*{_REST_OF_TAG}")
_TAKES_A_PARSER = re.compile(r"<[!?]|<\s*/?\s*(?:script|style|textarea|title)\b", re.IGNORECASE)
_COMBINING = re.compile(
    r"[\u0300-\u036f]"
)  # Latin, Greek and Cyrillic accents; Arabic and Devanagari marks stay
_ASCII_PUNCTUATION = {code: " " for code in range(128) if not chr(code).isalnum()}


def storable(text: str) -> str:
    """Return text that every database takes: lone surrogates replaced, control characters gone."""
    return _CONTROLS.sub("", _SURROGATES.sub("\ufffd", text))


def clean_text(text: str) -> str:
    """Return one line of storable text, in Unicode's composed form, with single blanks."""
    if text.isascii() and text.isprintable():
        return " ".join(text.split())  # nothing to compose, nothing to take out: nearly every value of a feed
    return " ".join(unicodedata.normalize("NFC", storable(text)).split())


def may_hold_markup(text: str) -> bool:
    """Tell whether a text holds what looks like a tag or an entity of HTML."""
    return ("<" in text or "&" in text) and _MARKUP.search(text) is not None


def plain_text(text: str) -> str:
    """Return the words of a text that may hold HTML, with a line for each block, entities resolved."""
    if not may_hold_markup(text):
        return _lines(text)
    if (bare := _without_plain_tags(text)) is not None:
        return _lines(bare)
    words = _Words()
    words.feed(text)
    words.close()
    return _lines("".join(words.parts))


def plain_line(text: str) -> str:
    """Return a title-like text as one line: entities resolved, markup gone."""
    return clean_text(plain_text(text)) if may_hold_markup(text) else clean_text(text)


@remembered(16_384)
def comparable(text: str) -> str:
    """Return words to compare: lower case, without Latin accents, punctuation as single spaces.

    Arabic and Devanagari letters keep their marks: there they tell words apart.
    """
    if text.isascii():
        return " ".join(text.lower().translate(_ASCII_PUNCTUATION).split())
    folded = unicodedata.normalize("NFKC", text).casefold()
    bare = unicodedata.normalize("NFC", _COMBINING.sub("", unicodedata.normalize("NFD", folded)))
    return " ".join(
        "".join(letter if unicodedata.category(letter)[0] in "LMN" else " " for letter in bare).split()
    )


def shortened(text: str, length: int) -> str:
    """Return ``text`` cut to ``length`` characters, with an ellipsis where something was cut."""
    return text if len(text) <= length else text[: length - 1] + "…"


def _lines(text: str) -> str:
    lines = (clean_text(line) for line in unescape(text).splitlines())
    return "\n".join(line for line in lines if line)


def _without_plain_tags(text: str) -> str | None:
    """Return what a text says between its tags, None where that takes a parser.

    Comments, scripts, styles and a stray < take one; what shops write in descriptions seldom has them.
    """
    if _TAKES_A_PARSER.search(text):
        return None
    bare = _TAG.sub("", _BLOCK_TAG.sub("\n", text))
    return None if "<" in bare else unescape(bare)


class _Words(HTMLParser):
    """Collect the text between tags; what scripts and styles hold is no text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - the base's
        if tag in ("script", "style"):
            self._hidden += 1
        elif tag in _BLOCKS:
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style"):
            self._hidden = max(0, self._hidden - 1)
        elif tag in _BLOCKS:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.parts.append(data)
