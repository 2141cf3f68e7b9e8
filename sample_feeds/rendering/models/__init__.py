"""How each piece is built of bodies and fittings, and where a close-up of it looks.

One module per category, each with one ``build``.  Every model is centred near its origin; sizes are the
piece's own, except that chains are drawn shorter than life.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from sample_feeds.pieces import Piece
from sample_feeds.rendering.shapes import Part


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A piece as parts.

    Attributes:
        parts: What it is made of, mm.
        focus: The point that a close-up looks at.
        focus_radius: How far from it the close-up reaches, mm.
        worn_on: Which body it is worn on.
        body_radius: That body's radius, mm: of a finger or a wrist; 0 where it does not matter.
    """

    parts: tuple[Part, ...]
    focus: tuple[float, float, float]
    focus_radius: float
    worn_on: Literal["finger", "wrist", "neck", "ear", "chest", "cloth"]
    body_radius: float


def model_of(piece: Piece, *, worn: bool = False) -> Model:
    """Build the model of a piece; the same piece gives the same model.

    Args:
        piece: What to build.
        worn: Whether it is on a body: a wrist's shape, one earring instead of two.
    """
    # The builders import Model from here.
    from sample_feeds.rendering.models import bracelet, brooch, earrings, necklace, pendant, ring, watch

    builders: dict[str, Callable[..., Model]] = {
        "ring": ring.build,
        "necklace": necklace.build,
        "earrings": earrings.build,
        "bracelet": bracelet.build,
        "pendant": pendant.build,
        "brooch": brooch.build,
        "watch": watch.build,
    }
    return builders[piece.category](piece, worn=worn)
