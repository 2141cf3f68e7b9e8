"""What worn models share: the piece's own stone in its setting, hung things, rings and wires."""

import math
import random
from collections.abc import Iterable, Sequence

import numpy as np

from sample_feeds.pieces import Cut, Piece, Stone
from sample_feeds.rendering.fittings import halo_setting, set_stone, small_stone
from sample_feeds.rendering.shapes import Array, Part, ball, circle, rotation, tube

ROW_QUADS = (
    9_000  # of a row of stones: a piece has some 40 000 at most, its chain and its other rows included
)


def stone_of(piece: Piece) -> Stone:
    """Return the main stone.

    Raises:
        ValueError: If the piece has none.
    """
    if piece.stone is None:
        message = f"design {piece.design} of {piece.key} needs a stone"
        raise ValueError(message)
    return piece.stone


def main_stone(piece: Piece, size: float, *, cut: Cut | None = None) -> list[Part]:
    """Return the piece's stone in its setting, ``size`` mm, looking along z, its girdle at z = 0."""
    stone = stone_of(piece)
    cut = cut or stone.cut
    if piece.setting == "halo" and cut != "bead":
        return halo_setting(stone.material, cut, size, piece.accent or stone.material, piece.key)
    return line_stone(piece, size, cut=cut, prongs=6 if cut == "round" else 4)


def line_stone(
    piece: Piece, size: float, *, cut: Cut | None = None, prongs: int = 4, many: int = 1
) -> list[Part]:
    """Return the piece's stone as it is set in rows: without a halo.

    ``many`` says how many of them there will be: too many for all facets get few.
    """
    stone = stone_of(piece)
    prongs = 0 if piece.setting == "bezel" else prongs
    fine = set_stone(stone.material, cut or stone.cut, size, prongs=prongs)
    if many * sum(len(part.corners) for part in fine) < ROW_QUADS:
        return fine
    return set_stone(stone.material, cut or stone.cut, size, detail=8, prongs=prongs)


def accent_stone(piece: Piece, size: float) -> list[Part]:
    """Return a small stone of the accent's kind, else of the main stone's."""
    return small_stone(piece.accent or stone_of(piece).material, size, "accent")


def lifted(parts: Sequence[Part], floor: float = 0.0) -> list[Part]:
    """Return parts shifted along z so that their deepest metal or stone lies at ``floor``."""
    low = min(float(part.corners[..., 2].min()) for part in parts)
    return [part.moved((0, 0, floor - low)) for part in parts]


def span(parts: Iterable[Part], axis: int) -> tuple[float, float]:
    """Return how far parts reach along an axis: lowest and highest, mm."""
    reach = [(float(part.corners[..., axis].min()), float(part.corners[..., axis].max())) for part in parts]
    return min(low for low, _ in reach), max(high for _, high in reach)


def moved(parts: Iterable[Part], offset: Sequence[float] | Array) -> list[Part]:
    """Return parts shifted by ``offset``."""
    return [part.moved(offset) for part in parts]


def turned(parts: Iterable[Part], matrix: Array) -> list[Part]:
    """Return parts turned about the origin."""
    return [part.turned(matrix) for part in parts]


def hung(parts: Sequence[Part], at: Sequence[float], *, drop: float = 0.0) -> list[Part]:
    """Return parts hung by the top of their middle from a point, ``drop`` mm below it."""
    _, top = span(parts, 1)
    return moved(parts, (at[0], at[1] - drop - top, at[2]))


def ring_link(radius: float, wire: float, *, facing: float = 0.0) -> list[Part]:
    """Return a jump ring about the origin; ``facing`` degrees about y turn it on edge."""
    return [tube(circle(radius, 16), width=wire, closed=True, around=7).turned(rotation(yaw=facing))]


def tapered_bail(size: float) -> list[Part]:
    """Return a bail that a chain runs through along x; it hangs from the origin, its eye at y = -2.2 size."""
    angle = np.linspace(0, 2 * math.pi, 28, endpoint=False)
    loop = np.column_stack([np.zeros(28), size * (1.25 * np.cos(angle) - 0.75), 0.72 * size * np.sin(angle)])
    wide = size * (0.5 + 0.55 * np.clip(np.cos(angle), -0.2, 1))
    body = tube(
        loop, width=wide, thickness=size * 0.26, axis=(1, 0, 0), closed=True, around=10, squareness=0.7
    )
    return [body, *moved(ring_link(size * 0.42, size * 0.2), (0, -2.1 * size, 0))]


def round_balls(radius: float, places: Array, *, detail: int = 4) -> Part:
    """Return balls at every place as one part."""
    one = ball(radius, detail=detail)
    places = np.asarray(places, dtype=float).reshape(-1, 1, 1, 3)
    corners = (one.corners[None] + places).reshape(-1, 4, 3)
    return Part(material="metal", corners=corners, normals=np.tile(one.normals, (len(places), 1, 1)))


def pick(rng: random.Random, style: str, choices: Sequence[str], **favoured: Sequence[str]) -> str:
    """Return one of the choices, drawn from those of the piece's style where it has its own."""
    return rng.choice(list(favoured.get(style.replace(" ", "_"), choices)))
