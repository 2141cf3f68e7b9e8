"""Our vocabulary: which words of a feed stand for which of our terms, as data in ``vocabulary/*.yaml``.

A word that stands for nothing gives None; nothing here guesses.  Each file maps our term to spellings by
language; two entries are not terms: ``unstated`` holds words that say nothing about the field
(``Accessories`` is no category), ``ignored`` phrases that hold a term's word and mean something else
(``gold tone``, ``key ring``).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal, NamedTuple

import yaml

from catalog.remembering import remembered
from catalog.texts import comparable

Field = Literal[
    "category", "other_goods", "picture_role", "metal", "metal_colour", "plating", "stone", "style", "colour",
    "availability", "dimension", "consent", "tax", "era", "motif", "setting", "material_look",
    "craftsmanship",
]  # fmt: skip
_REMEMBERED = 8192  # a column's values repeat: "sterling silver" is looked up once, not a million times
_NO_TERMS = frozenset({"unstated", "ignored"})
# Their scripts keep them apart from every other language, so they are read whatever the feed's is.
_ALWAYS_READ = ("en", "ar", "hi")
HEAD_FIRST = frozenset({"fr", "ar"})  # "collier pendentif" is a necklace; "pendant necklace" is one too
_ARABIC_PREFIXES = ("وال", "بال", "ال", "و", "ب")
_ADDITIONS = {
    "en": ("with", "w", "featuring", "in", "for", "on", "by", "from"),
    "fr": ("avec", "pour", "en", "sur", "par"),
    "de": ("mit", "fur", "in", "aus", "auf", "von"),
    "ar": ("مع", "من", "في"),
}


class Found(NamedTuple):
    """One of our terms inside a longer text, by the words it covers: ``start`` up to before ``end``."""

    term: str
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Phrases:
    by_words: Mapping[tuple[str, ...], str]
    longest_from: Mapping[str, int]  # first word -> words of the longest phrase that begins with it


def terms(field: Field) -> tuple[str, ...]:
    """Return our terms of a field, in the order of its file."""
    return tuple(term for term in _entries(field) if term not in _NO_TERMS)


def spellings(field: Field, term: str, *, language: str = "en") -> tuple[str, ...]:
    """Return the words of a language that stand for a term, in the order of its file."""
    return tuple(_entries(field)[term].get(language, ()))


@remembered(_REMEMBERED)
def look_up(field: Field, text: str, *, language: str = "en") -> str | None:
    """Return the term that the whole of ``text`` stands for, None when it stands for nothing.

    Every language is tried, the feed's own first.
    """
    term = _whole(field, language).get(comparable(text))
    return None if term in _NO_TERMS else term


def says_nothing(field: Field, text: str) -> bool:
    """Tell whether ``text`` is known to state nothing about the field: ``Accessories`` as a category."""
    return _whole(field, "en").get(comparable(text)) == "unstated"


def find(field: Field, text: str, *, language: str = "en") -> list[Found]:
    """Return the terms inside ``text``, in its order: whole words, the longest phrase first."""
    return find_in_words(field, comparable(text).split(), language=language)


def find_in_words(field: Field, words: list[str], *, language: str = "en") -> list[Found]:
    """Return the terms among ``words``, which are already comparable (see ``catalog.texts.comparable``)."""
    phrases = _phrases(field, language)
    longest_from = phrases.longest_from
    if longest_from.keys().isdisjoint(words) and "".join(words).isascii():
        return []  # most words are none of ours, and this asks for all of them at once
    found = []
    free = 0  # words before it belong to a phrase already
    for at, word in enumerate(words):
        reach = longest_from.get(word) or (0 if word.isascii() else 1)
        if at < free or not reach:
            continue
        for length in range(min(reach, len(words) - at), 0, -1):
            term = phrases.by_words.get(tuple(words[at : at + length]))
            if term is None and length == 1 and not word.isascii():
                term = _without_arabic_prefix(phrases, word)
            if term is not None:
                if term not in _NO_TERMS:
                    found.append(Found(term, at, at + length))
                free = at + length
                break
    return found


@remembered(_REMEMBERED)
def find_all(field: Field, text: str, *, language: str = "en") -> tuple[str, ...]:
    """Return the distinct terms inside ``text``, in its order."""
    return tuple(dict.fromkeys(found.term for found in find(field, text, language=language)))


@remembered(_REMEMBERED)
def names_another_field(field: Field, text: str, *, language: str = "en") -> bool:
    """Tell whether ``text`` is a word of another field, or of none: "gold rings" among the styles."""
    others: tuple[Field, ...] = ("category", "metal", "stone", "plating")
    return says_nothing(field, text) or any(
        find(other, text, language=language) for other in others if other != field
    )


@remembered(_REMEMBERED)
def category_in(text: str, *, language: str = "en") -> str | None:
    """Return the category that a title or a longer column value names, None when it names none.

    What follows "with" or "in" belongs to the piece and does not name it.  Of several, a set wins, else the
    head noun: the last one in English, German and Hindi, the first in French and Arabic.
    """
    words = comparable(text).split()
    found = find_in_words("category", words, language=language)
    if not found:
        return None
    if any(one.term == "set" for one in found):
        return "set"
    first_stop = words_before_additions(words, language=language)
    heads = [one for one in found if one.start < first_stop] or found[:1]
    reads_head_first = language in HEAD_FIRST and any(not word.isascii() for word in words)
    return heads[0 if reads_head_first or (language == "fr") else -1].term


def words_before_additions(words: list[str], *, language: str) -> int:
    """Return how many words name a thing, before those that say what it comes with: "ring with a stone"."""
    stops = _ADDITIONS.get(language, ()) + _ADDITIONS["en"]
    return next((at for at, word in enumerate(words) if at > 0 and word in stops), len(words))


@cache
def currency_signs() -> Mapping[str, tuple[str | None, ...]]:
    """Return currency signs in lower case with the codes they can mean, the default first."""
    return {str(sign).casefold(): tuple(codes) for sign, codes in _file("currency").items()}


@cache
def _entries(field: Field) -> Mapping[str, Mapping[str, list[str]]]:
    entries: Mapping[str, Mapping[str, list[str]]] = _file(field)
    return entries


def _file(name: str) -> Mapping[str, Mapping[str, list[str]]]:
    text = (files("catalog") / "vocabulary" / f"{name}.yaml").read_text(encoding="utf-8")
    content: Mapping[str, Mapping[str, list[str]]] = yaml.safe_load(text)
    return content


@cache
def _whole(field: Field, language: str) -> Mapping[str, str]:
    spellings: dict[str, str] = {}
    for preferred in (True, False):
        for term, by_language in _entries(field).items():
            for spoken, words in by_language.items():
                if (spoken in (language, "en")) is preferred:
                    for word in words:
                        spellings.setdefault(comparable(word), term)
    for term in terms(field):
        spellings[comparable(term)] = term  # our own terms read back
    if language != "en":  # the feed's language wins over English where a word means two things
        for term, by_language in _entries(field).items():
            for word in by_language.get(language, ()):
                spellings[comparable(word)] = term
    return spellings


@cache
def _phrases(field: Field, language: str) -> _Phrases:
    by_words: dict[tuple[str, ...], str] = {}
    for spoken in dict.fromkeys((language, *_ALWAYS_READ)):
        for term, by_language in _entries(field).items():
            if term == "unstated":
                continue
            for word in by_language.get(spoken, ()):
                by_words.setdefault(tuple(comparable(word).split()), term)
    longest_from: dict[str, int] = {}
    for phrase in by_words:
        if phrase:
            longest_from[phrase[0]] = max(longest_from.get(phrase[0], 0), len(phrase))
    return _Phrases(by_words=by_words, longest_from=longest_from)


def _without_arabic_prefix(phrases: _Phrases, word: str) -> str | None:
    """Read a word without the article or particle written onto it: "والذهب" is "and the gold"."""
    for prefix in _ARABIC_PREFIXES:
        if word.startswith(prefix) and len(word) > len(prefix) + 1:
            term = phrases.by_words.get((word.removeprefix(prefix),))
            if term is not None:
                return term
    return None
