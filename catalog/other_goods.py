"""Goods that a feed itself says are no jewelry: shirts, shoes, handbags, perfume, jewelry boxes.

Only a stated category counts, by the words of ``vocabulary/other_goods.yaml``; a title is never read for it,
and a word that stands nowhere there decides nothing.  Where a category also names jewelry, jewelry wins.
"""

from catalog import vocabulary
from catalog.remembering import remembered
from catalog.texts import comparable

_PATH_MARKS = (">", "»", "|")
_MARKS = (*_PATH_MARKS, "/", ",")
_REMEMBERED = 8192


def levels_of(text: str) -> list[str]:
    """Return the levels of a category path: "Apparel & Accessories > Jewelry > Rings"."""
    for mark in _MARKS:
        if mark in text:
            return [level.strip() for level in text.split(mark) if level.strip()]
    return [text]


@remembered(_REMEMBERED)
def other_goods_stated(text: str, *, language: str = "en") -> str | None:
    """Return which goods a stated category names that are no jewelry, None where it does not clearly do so.

    The last level of a path decides where it is known as a whole: "Jewelry > Jewelry Boxes" are boxes.  Else
    jewelry named anywhere wins, and of the other levels the deepest that names goods: "Clothing > Tops".
    """
    levels = levels_of(text)
    if any(mark in text for mark in _PATH_MARKS) or len(levels) == 1:
        last = levels[-1] if levels else text
        if vocabulary.look_up("category", last, language=language) is None:
            whole = vocabulary.look_up("other_goods", last, language=language)
            if whole is not None:
                return whole
    if any(_speaks_of_jewelry(level, language) for level in levels):
        return None
    named = (_named_at_its_head(level, language) for level in reversed(levels))
    return next((goods for goods in named if goods is not None), None)


def _speaks_of_jewelry(level: str, language: str) -> bool:
    if vocabulary.says_nothing("other_goods", level):
        return True
    category = vocabulary.category_in(level, language=language)
    if category == "set":  # "Kurta Sets" are no sets of jewelry
        return _named_at_its_head(level, language) is None
    words = comparable(level).split()
    return category is not None or any(vocabulary.says_nothing("other_goods", word) for word in words)


def _named_at_its_head(level: str, language: str) -> str | None:
    """Return the goods that a level is named by: "Leather Handbags", not "Top 10"."""
    words = comparable(level).split()
    words = words[: vocabulary.words_before_additions(words, language=language)]
    found = vocabulary.find_in_words("other_goods", words, language=language)
    if not found:
        return None
    if language in vocabulary.HEAD_FIRST and found[0].start == 0:
        return found[0].term
    is_named_last = found[-1].end == len(words) or words[found[-1].end :] in (["set"], ["sets"])
    return found[-1].term if is_named_last else None
