"""How many coloured stones does a piece show?  An estimate from compact blobs of a colour that no metal has.

Colourless stones look like the metal around them and are not counted; nor can none be told from a few of
those.  The bounds were read off the sample house's renders: see ``docs/pictures.md``.
"""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

LEAST_STONE_SHARE = 0.005
"""Of the piece's pixels: a smaller blob is no stone that can be told from a reflection."""

MOST_STONES = 12
"""Beyond these, stones are so small or so close that they run into each other."""

_LEAST_CHROMA = 8.0
_GOLD_CHROMA = 9.0
_LEAST_GOLD_SHARE = 0.3  # of the piece: so much of a metal's own colour, and the metal is gold
_LEAST_CHROMA_ON_GREY = 18.0  # of a stone in gold's hues on a grey metal, which reflects some warm light
_LEAST_FILL = 0.5  # of its upright box: a stone is compact
_LEAST_EXPLAINED = 0.85  # of the coloured pixels: where they are scattered, colour is no sign of stones
_CORE = 0.7  # of a blob's deepest point: what is as deep is the middle of a stone
_LEAST_PIXELS = 6
# Hues of gold from 35 degrees (rose) to 115 degrees (greenish), as slopes of a* over b*.
_LEAST_SLOPE, _MOST_SLOPE = math.tan(math.radians(90.0 - 115.0)), math.tan(math.radians(90.0 - 35.0))
_SQUARE = np.ones((3, 3), dtype=np.uint8)
_GAP = np.ones((5, 5), dtype=np.uint8)  # facets reflect white: what lies between coloured ones is stone, too


def stone_count(lab: NDArray[np.float32], mask: NDArray[np.bool_]) -> int | None:
    """Return an estimate of the coloured stones that a piece shows, at least 1; None where it cannot tell.

    A pixel is coloured when its hue is none of gold's, or when it is golden on a grey metal.  Coloured pixels
    close up to blobs, large compact blobs are stones, and one with several middles is as many stones that
    touch.  It cannot tell where there is no such blob, where most coloured pixels are outside of them, and
    beyond ``MOST_STONES``.

    Args:
        lab: CIE L*a*b*, some 250 pixels long, shape ``(height, width, 3)``.
        mask: Which pixels show the piece, shape ``(height, width)``.
    """
    # Pixels on the piece's outline are half paper.
    inner = cv2.erode(mask.view(np.uint8), _SQUARE, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    places = np.flatnonzero(inner.view(np.bool_))
    if not len(places):
        return None
    colours = lab.reshape(-1, 3).take(places, axis=0)
    a_star, b_star = np.ascontiguousarray(colours[:, 1]), np.ascontiguousarray(colours[:, 2])
    square = a_star * a_star + b_star * b_star
    is_golden = (b_star > 0.0) & (a_star > _LEAST_SLOPE * b_star) & (a_star < _MOST_SLOPE * b_star)
    is_coloured = (square > _LEAST_CHROMA**2) & ~is_golden
    if np.count_nonzero(is_golden & (square > _GOLD_CHROMA**2)) <= _LEAST_GOLD_SHARE * len(places):
        is_coloured |= is_golden & (square > _LEAST_CHROMA_ON_GREY**2)
    least = max(_LEAST_PIXELS, LEAST_STONE_SHARE * np.count_nonzero(mask))
    if np.count_nonzero(is_coloured) < least:
        return None
    coloured = np.zeros(mask.shape, dtype=np.uint8)
    coloured.ravel()[places[is_coloured]] = 1
    left, top, width, height = cv2.boundingRect(coloured)
    # Room for what closing dilates, so that it erodes back to what it was.
    around = coloured[max(0, top - 4) : top + height + 4, max(0, left - 4) : left + width + 4]
    return _stones_among(cv2.morphologyEx(around, cv2.MORPH_CLOSE, _GAP).astype(np.uint8, copy=False), least)


def _stones_among(closed: NDArray[np.uint8], least: float) -> int | None:
    count, labels, stats, _ = cv2.connectedComponentsWithStats(closed, connectivity=4)
    area = stats[:, cv2.CC_STAT_AREA]
    is_stone = (area >= least) & (
        area >= _LEAST_FILL * stats[:, cv2.CC_STAT_WIDTH] * stats[:, cv2.CC_STAT_HEIGHT]
    )
    is_stone[0] = False
    if not is_stone.any() or area[is_stone].sum() < _LEAST_EXPLAINED * area[1:].sum():
        return None
    depth = cv2.distanceTransform(closed, cv2.DIST_L2, 3)
    places = np.flatnonzero(closed.view(np.bool_))
    blob, deep = labels.ravel()[places].astype(np.intp), depth.ravel()[places]
    deepest = np.zeros(count, dtype=np.float32)
    np.maximum.at(deepest, blob, deep)
    deepest[~is_stone] = np.inf
    middles = np.zeros(closed.shape, dtype=np.uint8)
    middles.ravel()[places[deep > _CORE * deepest[blob]]] = 1
    stones = int(cv2.connectedComponents(middles, connectivity=8)[0]) - 1
    return stones if stones <= MOST_STONES else None
