"""What can be seen of a piece, in codes: what captions may claim, what heads learn, what is a match.

Codes follow the eye and not the invoice.  Silver, white gold, platinum and steel are one metal group, and
diamond and cubic zirconia are one stone: no photograph of a polished piece tells them apart, and a model that
is asked to would learn noise.
"""

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from sample_feeds.pieces import DESIGNS, DIALS, MOTIFS, SETTINGS, STONES, STRAPS, Piece

METAL_GROUPS: Mapping[str, str] = {
    "yellow": "yellow",
    "rose": "rose",
    "white": "white",
    "silver": "white",
    "grey": "white",
    "black": "black",
}
"""Colour that the eye meets -> metal group."""

HELD_OUT_SHARE = 0.12

_LOOKALIKES = {"cubic zirconia": "diamond"}
_CUTS = (
    "round", "oval", "pear", "marquise", "cushion", "princess", "emerald", "heart", "cabochon", "bead",
)  # fmt: skip
_STONE_COLOURS = tuple(dict.fromkeys(colour for _, colours, _ in STONES.values() for colour in colours))
_DESIGNS = tuple(dict.fromkeys(design for both in DESIGNS.values() for half in both for design in half))
NONE = "none"
VALUES: Mapping[str, tuple[str, ...]] = {
    "category": tuple(DESIGNS),
    "metal": ("yellow", "rose", "white", "black"),
    "stone": (NONE, *(name for name in STONES if name not in _LOOKALIKES)),
    "stone_colour": (NONE, *_STONE_COLOURS),
    "cut": (NONE, *_CUTS),
    "setting": (NONE, *SETTINGS),
    "accent": (NONE, "accents"),
    "design": _DESIGNS,
    "motif": (NONE, *MOTIFS),
    "strap": (NONE, *STRAPS),
    "dial": (NONE, *DIALS),
    "finish": ("polished", "brushed", "hammered", "matte"),
}
"""Attribute -> its values; a code is a value's place."""

NAMES = tuple(VALUES)
_PLACES: Mapping[str, Mapping[str, int]] = {
    name: {value: place for place, value in enumerate(values)} for name, values in VALUES.items()
}


def metal_group(piece: Piece) -> str:
    """Return ``yellow``, ``rose``, ``white`` or ``black``."""
    return METAL_GROUPS[piece.shown_colour]


def visible_stone(piece: Piece) -> str:
    """Return the main stone's name, a diamond for its imitation, or ``none``."""
    return _LOOKALIKES.get(piece.stone.name, piece.stone.name) if piece.stone else NONE


def visible(piece: Piece) -> dict[str, str]:
    """Return every attribute's value as the eye has it; ``none`` where the piece has none."""
    stone = piece.stone
    return {
        "category": piece.category,
        "metal": metal_group(piece),
        "stone": visible_stone(piece),
        "stone_colour": stone.colour if stone else NONE,
        "cut": stone.cut if stone else NONE,
        "setting": piece.setting or NONE,
        "accent": "accents" if piece.accent else NONE,
        "design": piece.design,
        "motif": piece.motif or NONE,
        "strap": piece.strap or NONE,
        "dial": piece.dial or NONE,
        "finish": piece.finish,
    }


def code(name: str, value: str) -> int:
    """Return the place of a value among its attribute's."""
    return _PLACES[name][value]


def codes(pieces: Sequence[Piece]) -> NDArray[np.int16]:
    """Return the codes of pieces, shape ``(pieces, attributes)``, columns as in ``NAMES``."""
    rows = [[code(name, value) for name, value in visible(piece).items()] for piece in pieces]
    return np.array(rows, dtype=np.int16).reshape(len(pieces), len(NAMES))


def is_held_out(category: str, metal: str, stone: str) -> bool:
    """Tell whether pieces of this category, metal group and stone are kept from training.

    A hash decides, so that the answer is the same for every catalogue and every version of Python.
    """
    digest = hashlib.sha256(f"loupe-held-out/{category}/{metal}/{stone}".encode()).digest()
    return int.from_bytes(digest[:4]) / 2**32 < HELD_OUT_SHARE


def is_piece_held_out(piece: Piece) -> bool:
    """Tell whether a piece's combination is kept from training."""
    return is_held_out(piece.category, metal_group(piece), visible_stone(piece))
