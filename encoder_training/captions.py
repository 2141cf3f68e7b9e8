"""Captions of pieces, and what each of them claims.

A caption is true of every picture that its claims fit, not only of the one it was written for: "gold ring"
fits a third of a batch.  Claims are bit sets over an attribute's values, one per attribute, so that a whole
batch is compared at once and nothing true is trained as false.
"""

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from encoder_training import vocabulary as words
from encoder_training.attributes import NAMES, NONE, code, visible
from sample_feeds.pieces import STONES, Piece

VIEWS = tuple(words.VIEW_WORDS)
CLAIMED = (*NAMES, "view")
_ANY = -1
_MANY_STONES = frozenset(
    {"eternity", "cluster", "three_stone", "station", "strand", "riviere", "tennis", "beaded", "dome"}
)
_OTHER_LANGUAGE_SHARE = 0.12
_VIEW_SHARE = 0.05
_PROMPT_SHARE = 0.3
_ALONE_SHARE = 0.12  # one attribute alone: what a combination that was never seen is put together from
_BARE_SHARE = 0.25
_NAME_SHARE = 0.08  # shops' own names: words the encoder learns to pass over


@dataclass(frozen=True, slots=True)
class Caption:
    """A text, and for each of ``CLAIMED`` a bit set of the values it may have; -1 claims nothing."""

    text: str
    claims: tuple[int, ...]


def fits(claims: NDArray[np.int64], codes: NDArray[np.int16]) -> NDArray[np.bool_]:
    """Return which captions are true of which pictures, shape ``(captions, pictures)``.

    Args:
        claims: Bit sets, shape ``(captions, len(CLAIMED))``.
        codes: Codes of pictures with the view last, shape ``(pictures, len(CLAIMED))``.
    """
    bits = np.left_shift(np.int64(1), codes.astype(np.int64))
    return ((claims[:, None, :] & bits[None, :, :]) != 0).all(axis=2)


def short_query(piece: Piece) -> Caption:
    """Return what a customer types: metal, category and stone, as in ``rose gold ring with an emerald``."""
    phrase = _Phrase(piece)
    metal = {"yellow": "yellow gold", "rose": "rose gold", "white": "silver", "black": "black"}[
        phrase.claim("metal")
    ]
    noun = phrase.claim("category")
    stone = phrase.claim("stone")
    text = f"{metal} {noun}" + ("" if stone == NONE else f" with {_a(stone)}")
    if stone == NONE:
        text = f"plain {text}"
    return phrase.caption(text)


def full_description(piece: Piece) -> Caption:
    """Return all that can be seen of a piece, in fixed words."""
    phrase = _Phrase(piece)
    seen = visible(piece)
    for name in NAMES:
        if name != "finish":
            phrase.claim(name)
    metal = {"yellow": "yellow gold", "rose": "rose gold", "white": "silver", "black": "black"}[seen["metal"]]
    motif = f"{words.MOTIF_WORDS[piece.motif][0]} " if piece.motif else ""
    noun = words.DESIGN_NOUNS[piece.category, piece.design][0]
    if piece.design == "motif":
        noun = piece.category
    parts = [f"{metal} {motif}{noun}"]
    if piece.stone:
        colour = words.STONE_COLOUR_WORDS[piece.stone.colour][0]
        shown = f"{colour} {seen['stone']}" if seen["stone"] in ("sapphire", "pearl") else seen["stone"]
        parts.append(f"{words.CUT_WORDS[piece.stone.cut][0]} {shown}")
        if piece.setting:
            parts.append(words.SETTING_WORDS[piece.setting][0])
    else:
        parts.append("without stones")
    if piece.strap and piece.dial:
        parts += [words.DIAL_WORDS[piece.dial][0], words.STRAP_WORDS[piece.strap][0]]
    return phrase.caption(", ".join(parts))


def draw_caption(piece: Piece, view: str, rng: random.Random) -> Caption:
    """Return a caption in the manner of a query, a title, a tag list or a prompt.

    Args:
        piece: What it is about.
        view: How the picture shows it; mentioned now and then.
        rng: Decides the words and how many attributes are told.
    """
    if rng.random() < _OTHER_LANGUAGE_SHARE:
        return _draw_foreign(piece, rng)
    if rng.random() < _ALONE_SHARE:
        return _draw_alone(piece, rng)
    phrase = _Phrase(piece)
    rich = rng.random()
    metal = _draw_metal(phrase, rng) if rng.random() < 0.72 else ""
    stone = _draw_stone(phrase, rng, rich) if rng.random() < (0.78 if piece.stone else 0.3) else ""
    details = _draw_details(phrase, rng, rich)
    motif = ""
    if piece.motif and rng.random() < 0.65:
        phrase.claim("motif")
        motif = rng.choice(words.MOTIF_WORDS[piece.motif])
    noun = _draw_noun(phrase, rng, obliged=not (metal or stone or motif))
    if rich > 0.8 and rng.random() < 0.5:
        phrase.claim("finish")
        metal = f"{rng.choice(words.FINISH_WORDS[piece.finish])} {metal}".strip()
    text = _join(rng, metal, motif, stone, noun, details, has_stone=piece.stone is not None)
    if rng.random() < _PROMPT_SHARE:
        text = _prompted(rng.choice(words.PROMPTS), text)
    if rng.random() < _VIEW_SHARE:
        text = f"{text}, {_draw_view(phrase, view, rng)}"
    if rng.random() < _NAME_SHARE:
        text = f"{piece.name} {text}" if rng.random() < 0.7 else f"{text}, {piece.brand}"
    if rng.random() < _BARE_SHARE:  # as queries arrive once their words have been looked up
        return phrase.caption(" ".join(words_of(text)))
    case = rng.random()
    text = text.title() if case < 0.15 else text.upper() if case < 0.18 else text
    return phrase.caption(text)


def claims_of(captions: Sequence[Caption]) -> NDArray[np.int64]:
    """Return the bit sets of captions, shape ``(captions, len(CLAIMED))``."""
    return np.array([caption.claims for caption in captions], dtype=np.int64).reshape(-1, len(CLAIMED))


@lru_cache(maxsize=1)
def known_words() -> tuple[str, ...]:
    """Return every word that a caption can contain: runs of letters and digits, lower case, sorted."""
    found: set[str] = set()
    for name, table in vars(words).items():
        if name.isupper():
            found.update(word for text in _texts(table) for word in words_of(text))
    return tuple(sorted(found))


def words_of(text: str) -> list[str]:
    """Split a text as unknown-word detection does: runs of letters and digits, lower case."""
    return re.findall(r"[^\W_]+", text.lower())


def _texts(table: object) -> list[str]:
    if isinstance(table, str):
        return [table]
    if isinstance(table, Mapping):
        return [text for value in table.values() for text in _texts(value)]
    if isinstance(table, (tuple, list)):
        return [text for value in table for text in _texts(value)]
    return []


class _Phrase:
    """Collects what a caption in the making claims of its piece."""

    def __init__(self, piece: Piece) -> None:
        self.piece = piece
        self._seen = visible(piece)
        self._claims: dict[str, int] = {}

    def claim(self, name: str, *also: str) -> str:
        """Claim the piece's own value, or one of several; return its own."""
        value = self._seen[name]
        bits = 0
        for each in (value, *also):
            bits |= 1 << code(name, each)
        self._claims[name] = self._claims.get(name, _ANY) & bits
        return value

    def claim_view(self, view: str) -> None:
        """Claim how the picture shows the piece."""
        self._claims["view"] = 1 << VIEWS.index(view)

    def caption(self, text: str) -> Caption:
        """Return the finished caption."""
        return Caption(text, tuple(self._claims.get(name, _ANY) for name in CLAIMED))


def _metal_key(piece: Piece) -> tuple[str, str]:
    return ("plated", piece.shown_colour) if piece.plating else (piece.metal, piece.metal_colour)


def _draw_metal(phrase: _Phrase, rng: random.Random) -> str:
    group = phrase.claim("metal")
    if rng.random() < 0.25:
        return rng.choice(words.GROUP_WORDS[group])
    return rng.choice(words.METAL_WORDS[_metal_key(phrase.piece)])


def _draw_stone(phrase: _Phrase, rng: random.Random, rich: float) -> str:
    stone = phrase.piece.stone
    if stone is None:
        phrase.claim("stone")
        return rng.choice(words.PLAIN_WORDS)
    number = 1 if phrase.piece.design in _MANY_STONES and rng.random() < 0.8 else 0
    if rng.random() < 0.7:
        phrase.claim("stone")
        noun = words.STONE_NOUNS[stone.name][number]
        own_colours = _COLOURS_OF_STONES[stone.name] > 1
        if (own_colours and rng.random() < 0.7) or (not own_colours and rng.random() < 0.12):
            noun = f"{_draw_stone_colour(phrase, rng)} {noun}"
    else:
        noun = f"{_draw_stone_colour(phrase, rng)} {rng.choice(words.GEM_NOUNS[number])}"
    if rng.random() < (0.2 if rich < 0.5 else 0.55):
        phrase.claim("cut")
        noun = f"{rng.choice(words.CUT_WORDS[stone.cut])} {noun}"
    return noun


def _draw_stone_colour(phrase: _Phrase, rng: random.Random) -> str:
    stone = phrase.piece.stone
    assert stone is not None  # noqa: S101 - callers have looked
    word = rng.choice(words.STONE_COLOUR_WORDS[stone.colour])
    phrase.claim("stone_colour", *_COLOURS_CALLED[word])
    return word


def _draw_noun(phrase: _Phrase, rng: random.Random, *, obliged: bool) -> str:
    piece = phrase.piece
    chance = rng.random()
    if chance < 0.1 and not obliged:
        return rng.choice(words.NOUNS_FOR_ANY)
    phrase.claim("category")
    if chance < 0.5:
        return rng.choice(words.CATEGORY_NOUNS[piece.category][0])
    if chance < 0.57:
        return rng.choice(words.CATEGORY_NOUNS[piece.category][1])
    phrase.claim("design")
    return rng.choice(words.DESIGN_NOUNS[piece.category, piece.design])


def _draw_details(phrase: _Phrase, rng: random.Random, rich: float) -> list[str]:
    piece = phrase.piece
    chance = 0.12 if rich < 0.5 else 0.6
    details = []
    if piece.setting and rng.random() < chance:
        phrase.claim("setting")
        details.append(rng.choice(words.SETTING_WORDS[piece.setting]))
    if piece.accent and rng.random() < chance * 0.5:
        phrase.claim("accent")
        details.append(rng.choice(words.ACCENT_WORDS))
    if piece.dial and rng.random() < max(chance, 0.4):
        phrase.claim("dial")
        details.append(rng.choice(words.DIAL_WORDS[piece.dial]))
    if piece.strap and rng.random() < max(chance, 0.4):
        phrase.claim("strap")
        details.append(rng.choice(words.STRAP_WORDS[piece.strap]))
    rng.shuffle(details)
    return details


def _draw_view(phrase: _Phrase, view: str, rng: random.Random) -> str:
    phrase.claim_view(view)
    if view == "worn" and rng.random() < 0.5:
        return rng.choice(words.WORN_WORDS[phrase.piece.category])
    return rng.choice(words.VIEW_WORDS[view])


def _join(
    rng: random.Random, metal: str, motif: str, stone: str, noun: str, details: list[str], *, has_stone: bool
) -> str:
    manner = rng.random()
    head = " ".join(part for part in (motif, noun) if part)
    if not has_stone and stone and not stone.startswith(("plain", "unset")):
        head, stone = f"{head} {stone}", ""  # "ring without stones", never "without stones ring"
    if manner < 0.34:
        text = " ".join(part for part in (metal, stone, head) if part)
    elif manner < 0.68 and has_stone and stone:
        joint = rng.choice(("with {}", "with {}", "set with {}", "featuring {}", "and {}"))
        text = f"{metal} {head} {joint.format(_a(stone) if rng.random() < 0.6 else stone)}".strip()
    elif manner < 0.85 and metal:
        joint = rng.choice(("in", "in", "made of", "of"))
        text = " ".join(part for part in (stone, head, joint, metal) if part)
    else:
        parts = [part for part in (head, metal, stone) if part]
        rng.shuffle(parts)
        text = (", " if rng.random() < 0.6 else " ").join(parts)
    if details:
        joint = rng.choice((", ", ", ", " with ", " "))
        text = f"{text}{joint}{rng.choice((', ', ' and ', ' ')).join(details)}"
    return text


def _draw_alone(piece: Piece, rng: random.Random) -> Caption:
    """Tell one attribute and nothing else: ``emerald``, ``a photo of jewelry in rose gold``, ``ring``."""
    phrase = _Phrase(piece)
    kind = rng.choice(("metal", "stone", "stone", "category", "motif" if piece.motif else "category"))
    if kind == "category":
        phrase.claim("category")
        text = rng.choice(words.CATEGORY_NOUNS[piece.category][0])
    elif kind == "motif" and piece.motif:
        phrase.claim("motif")
        text = f"{rng.choice(words.MOTIF_WORDS[piece.motif])} {rng.choice(words.NOUNS_FOR_ANY)}"
    else:
        told = _draw_metal(phrase, rng) if kind == "metal" else _draw_stone(phrase, rng, rich=0.0)
        noun = rng.choice(words.NOUNS_FOR_ANY)
        is_plain = kind == "stone" and piece.stone is None
        joint = {"metal": "in", "stone": "with"}[kind]
        forms = [f"{told} {noun}"] if is_plain else [told, f"{told} {noun}", f"{noun} {joint} {told}"]
        text = rng.choice(forms)
    if rng.random() < _PROMPT_SHARE:
        text = _prompted(rng.choice(words.PROMPTS), text)
    return phrase.caption(text)


def _draw_foreign(piece: Piece, rng: random.Random) -> Caption:
    phrase = _Phrase(piece)
    phrase.claim("category")
    key = _metal_key(piece)
    metal = stone = ""
    is_french = rng.random() < 0.55
    categories = words.FRENCH_CATEGORIES if is_french else words.GERMAN_CATEGORIES
    metals = words.FRENCH_METALS if is_french else words.GERMAN_METALS
    stones = words.FRENCH_STONES if is_french else words.GERMAN_STONES
    if rng.random() < 0.7:
        phrase.claim("metal")
        metal = rng.choice(metals[key])
    if piece.stone and rng.random() < 0.75:
        phrase.claim("stone")
        stone = rng.choice(stones[piece.stone.name])
    noun = rng.choice(categories[piece.category])
    manner = rng.random()
    if manner < 0.4:
        text = " ".join(part for part in (noun, metal, stone) if part)
    elif is_french:
        of_metal = f" {metal}" if metal.startswith("en ") or not metal else f" en {metal}"
        text = f"{noun}{of_metal}" + (f" {rng.choice(('et', 'avec'))} {stone}" if stone else "")
    elif manner < 0.7:
        text = f"{noun}{f' aus {metal}' if metal else ''}{f' mit {stone}' if stone else ''}"
    else:
        text = " ".join(part for part in (metal, noun, f"mit {stone}" if stone else "") if part)
    bare = rng.random()
    return phrase.caption(" ".join(words_of(text)) if bare < 0.4 else text.lower() if bare < 0.75 else text)


def _prompted(prompt: str, text: str) -> str:
    starts_bare = " a {}" in prompt or prompt.startswith("a {}")
    if starts_bare and text[:1].lower() in "aeiou" and "a {}" in prompt:
        prompt = prompt.replace("a {}", "an {}")
    return prompt.format(text)


def _a(noun: str) -> str:
    first = noun.split()[-1]
    if first.endswith("s") and first != "topas":
        return noun
    return f"an {noun}" if noun[0].lower() in "aeiou" else f"a {noun}"


def _colours_called() -> dict[str, tuple[str, ...]]:
    called: dict[str, list[str]] = {}
    for colour, names in words.STONE_COLOUR_WORDS.items():
        for name in dict.fromkeys(names):
            called.setdefault(name, []).append(colour)
    return {name: tuple(colours) for name, colours in called.items()}


def _colours_per_stone() -> dict[str, int]:
    return {name: len(set(colours)) for name, (_, colours, _) in STONES.items()}


_COLOURS_CALLED = _colours_called()
_COLOURS_OF_STONES = _colours_per_stone()
