"""What a picture of a piece must show: its silhouette, its stones one by one, its extent in millimetres.

Read off the geometry, not off the pixels: the truth that measurements of pictures are held against.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from sample_feeds.pieces import STONES, Piece
from sample_feeds.rendering.photograph import Shot, scene_before
from sample_feeds.rendering.renderer import seen_quads
from sample_feeds.rendering.shapes import Part

_SAME_CORNER_MM = 1e-4


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """What the camera sees of a piece without its light, its shadow and its paper.

    Attributes:
        piece: Where the piece is, shape ``(height, width)``.
        stones: Number of the stone that a pixel shows, from 1; 0 for metal and background; same shape.
        stone_materials: The material of every stone of the piece, seen or not; number 1 is the first.
        mm_per_px: Millimetres that a pixel covers at the distance of the piece's middle.
    """

    piece: NDArray[np.bool_]
    stones: NDArray[np.int64]
    stone_materials: tuple[str, ...]
    mm_per_px: float

    def stones_seen(self, least_share: float) -> tuple[str, ...]:
        """Return the materials of the stones that cover ``least_share`` of the piece's pixels and more."""
        pixels = np.bincount(self.stones[self.stones > 0], minlength=len(self.stone_materials) + 1)[1:]
        least = least_share * np.count_nonzero(self.piece)
        return tuple(
            material
            for material, covered in zip(self.stone_materials, pixels, strict=True)
            if covered and covered >= least
        )


def outline_of(piece: Piece, shot: Shot, *, size_px: int = 640) -> Outline:
    """Return the outline of a piece in a square picture that ``photograph`` takes of it.

    Raises:
        ValueError: If the view is a certificate, or one that shows more than the piece.
    """
    if shot.view not in ("packshot", "angle", "turntable", "closeup"):
        message = f"view {shot.view!r} shows more than the piece: ask for a studio's view"
        raise ValueError(message)
    scene = scene_before(piece, shot, size_px=size_px)
    parts, quads = seen_quads(scene, (size_px, size_px))
    numbers, materials = _stones_of(parts)
    return Outline(
        piece=quads >= 0,
        stones=np.append(numbers, 0)[quads],  # the last place is what -1, the background, picks
        stone_materials=materials,
        mm_per_px=scene.frame_mm / size_px,
    )


def _stones_of(parts: tuple[Part, ...]) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Return for every quad the number of its stone, 0 for what is none, and the stones' materials.

    Parts may hold copies of a stone, and a faceted heart is two solids: a stone is what shares corners.
    """
    material_of = np.repeat([part.material for part in parts], [len(part.corners) for part in parts])
    is_stone = np.isin([name.partition(":")[0] for name in material_of], list(STONES))
    numbers = np.zeros(len(is_stone), dtype=np.int64)
    if not is_stone.any():
        return numbers, ()
    corners = np.concatenate([part.corners for part in parts])[is_stone]
    places = np.round(corners.reshape(-1, 3) / _SAME_CORNER_MM).astype(np.int64)
    _, corner_of = np.unique(places, axis=0, return_inverse=True)
    count = len(corners)
    size = count + int(corner_of.max()) + 1
    quad_of = np.repeat(np.arange(count), 4)
    links = coo_array((np.ones(len(quad_of)), (quad_of, count + corner_of.ravel())), shape=(size, size))
    _, labels = connected_components(links, directed=False)
    _, first, stone = np.unique(labels[:count], return_index=True, return_inverse=True)
    numbers[is_stone] = stone.ravel() + 1
    return numbers, tuple(str(name) for name in material_of[is_stone][first])
