"""How well pictures and words meet: the measures of the model card, on vectors of any encoder.

Arrays in, numbers out.  The training loop takes small samples of them, ``benchmarks/relevance.py`` the whole.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from encoder_training.attributes import NAMES, VALUES, code, codes
from encoder_training.captions import Caption, claims_of, fits, full_description, short_query
from sample_feeds.pieces import Piece

Vectors = NDArray[np.float32]
EncodeTexts = Callable[[Sequence[str]], Vectors]

STONES_ASKED = (
    "diamond", "ruby", "sapphire", "emerald", "amethyst", "citrine", "pearl", "opal", "turquoise", "onyx",
)  # fmt: skip
METAL_PHRASES = {"yellow": "yellow gold", "rose": "rose gold", "white": "silver", "black": "black metal"}
_CATEGORY_PROMPTS = (
    "a photo of a {}", "{}", "gold {}", "silver {}", "product photo of a {}", "a {} with a stone", "a {}",
)  # fmt: skip
_SHORT_FORMS = (
    "{metal} {category} with {stone}",
    "{metal} {stone} {category}",
    "{stone} {category} in {metal}",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hits:
    """Which of a measure's cases came out right; the measure is their mean.

    Cases of one group, such as wordings of one query, succeed and fail together: intervals draw whole groups.
    """

    right: NDArray[np.bool_]
    groups: NDArray[np.int64] | None = None

    @property
    def share(self) -> float:
        """Return the share of right cases, in [0, 1]."""
        return float(self.right.mean()) if len(self.right) else float("nan")


def text_to_image(
    pieces: Sequence[Piece],
    pictures: Vectors,
    encode: EncodeTexts,
    *,
    k: int = 10,
    asked: int | None = None,
) -> Hits:
    """Tell for each piece asked for whether its full description finds it among the first ``k``.

    A picture of another piece that answers the very same description is as good.

    Args:
        pieces: One for each picture.
        pictures: Unit vectors of the gallery, one picture a piece.
        encode: Turns texts into unit vectors.
        k: How many are looked at.
        asked: How many of the pieces, from the first, are asked for; the others only compete.
    """
    captions = [full_description(piece) for piece in pieces[:asked]]
    is_right = _fits(captions, pieces)
    found = _nearest(encode([caption.text for caption in captions]), pictures, k)
    _, groups = np.unique([caption.text for caption in captions], return_inverse=True)
    return Hits(right=np.take_along_axis(is_right, found, axis=1).any(axis=1), groups=groups)


def first_hits(
    pieces: Sequence[Piece], pictures: Vectors, encode: EncodeTexts, *, asked: int | None = None
) -> Hits:
    """Tell for each short query whether the first picture has its category, metal group and stone.

    Queries are made of the combinations of the first ``asked`` pieces, in three forms each; a diamond's
    imitation counts as one.
    """
    by_claims: dict[tuple[int, ...], Caption] = {}
    for piece in pieces[:asked]:
        query = short_query(piece)
        by_claims.setdefault(query.claims, query)
    captions: list[Caption] = []
    for claims in sorted(by_claims):
        category, metal, stone = (
            VALUES[name][int(claims[place]).bit_length() - 1] for place, name in enumerate(NAMES[:3])
        )
        metal = METAL_PHRASES[metal].removesuffix(" metal")
        for form in _SHORT_FORMS:
            if stone == "none":
                text = (
                    f"plain {metal} {category}"
                    if form is _SHORT_FORMS[0]
                    else f"{metal} {category} without stones"
                )
            else:
                text = form.format(metal=metal, category=category, stone=stone)
            captions.append(Caption(text, claims))
    captions = list(dict.fromkeys(captions))
    is_right = _fits(captions, pieces)
    found = _nearest(encode([caption.text for caption in captions]), pictures, 1)
    claims_in_order = sorted(by_claims)
    groups = np.array([claims_in_order.index(caption.claims) for caption in captions], dtype=np.int64)
    return Hits(right=np.take_along_axis(is_right, found, axis=1)[:, 0], groups=groups)


def other_view(gallery: Vectors, queries: Vectors, *, k: int) -> Hits:
    """Tell for each query whether its piece, of the same row, is among the first ``k`` of the gallery."""
    found = _nearest(queries, gallery, k)
    return Hits(right=(found == np.arange(len(queries))[:, None]).any(axis=1))


def zero_shot(pieces: Sequence[Piece], pictures: Vectors, encode: EncodeTexts, attribute: str) -> Hits:
    """Tell for each picture whether the nearest prompt names its category, stone or metal group.

    Of stones, only pieces with one of ``STONES_ASKED`` are looked at.
    """
    names, prompts = zero_shot_prompts(attribute)
    classes = class_vectors(prompts, encode)
    column = codes(pieces)[:, NAMES.index(attribute)]
    asked = np.array([code(attribute, name) for name in names])
    is_asked = np.isin(column, asked)
    predicted = asked[(pictures[is_asked] @ classes.T).argmax(axis=1)]
    return Hits(right=predicted == column[is_asked])


def zero_shot_prompts(attribute: str) -> tuple[tuple[str, ...], list[list[str]]]:
    """Return the classes of an attribute and the prompts of each; fixed before anything was measured."""
    categories = VALUES["category"]
    if attribute == "category":
        return categories, category_prompts(categories)
    if attribute == "stone":
        forms = ["{} " + category for category in categories] + ["a photo of jewelry with {}", "{}"]
        return STONES_ASKED, [[form.format(name) for form in forms] for name in STONES_ASKED]
    names = VALUES["metal"]
    forms = ["{} " + category for category in categories] + ["{}"]
    return names, [[form.format(METAL_PHRASES[name]) for form in forms] for name in names]


def category_prompts(categories: Sequence[str]) -> list[list[str]]:
    """Return the prompts of categories, seven each."""
    return [[prompt.format(name) for prompt in _CATEGORY_PROMPTS] for name in categories]


def class_vectors(prompts: Sequence[Sequence[str]], encode: EncodeTexts) -> Vectors:
    """Return one unit vector for each class: the mean of its prompts'."""
    means = np.stack([encode(list(each)).mean(axis=0) for each in prompts])
    unit: Vectors = (means / np.linalg.norm(means, axis=1, keepdims=True)).astype(np.float32)
    return unit


def _fits(captions: Sequence[Caption], pieces: Sequence[Piece]) -> NDArray[np.bool_]:
    with_view = np.column_stack((codes(pieces), np.zeros(len(pieces), dtype=np.int16)))
    return fits(claims_of(captions), with_view)


def _nearest(queries: Vectors, gallery: Vectors, k: int) -> NDArray[np.int64]:
    similar = queries @ gallery.T
    k = min(k, similar.shape[1])
    return np.argsort(-similar, axis=1, kind="stable")[:, :k]
