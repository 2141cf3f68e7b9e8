"""A cheap mask of the piece on a plain background.

Packshots are shot on paper: the frame's border is one colour, perhaps fading from side to side.  Whatever
differs from it is the piece (and its shadow).  Worn shots and busy backgrounds get no mask rather than a
wrong one.
"""

import math
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

_BORDER_SHARE = 0.03
_PLAIN_SPREAD = 4.0
_PLAIN_INLIERS = 0.7
_MIN_DISTANCE = 8.0
_MIN_SPECK_SHARE = 0.0002
_MAX_OBJECT_SHARE = 0.95
_LEAST_SPAN = 0.1
_MOST_HOLE_SHARE = 0.03
_IDENTITY = np.eye(3, dtype=np.float32)

# A background's colour at every pixel, shape (height, width, 3), and its residual spread.
Background = tuple[NDArray[np.float32], float]


def border_mask(height: int, width: int) -> NDArray[np.bool_]:
    """Return which pixels form the frame's border, shape ``(height, width)``."""
    thickness = max(1, round(min(height, width) * _BORDER_SHARE))
    border = np.ones((height, width), dtype=np.bool_)
    border[thickness:-thickness, thickness:-thickness] = False
    return border


def foreground_mask(lab: NDArray[np.float32]) -> NDArray[np.bool_] | None:
    """Return which pixels show the piece, or None when the background is not plain.

    The background is a plane through the border's colours, so that a soft fall-off of light stays background;
    border pixels that a piece covers are left out of it.  An empty frame gives a mask without a pixel.

    Args:
        lab: CIE L*a*b* of a picture that was reduced to some hundred pixels, shape ``(height, width, 3)``.
    """
    return mask_against(background_plane(lab), lab)


def mask_against(background: Background | None, lab: NDArray[np.float32]) -> NDArray[np.bool_] | None:
    """Return which pixels differ from a background, as ``foreground_mask`` does; None without one."""
    if background is None:
        return None
    height, width = lab.shape[:2]
    plane, spread = background
    distance = np.sqrt(np.square(lab - plane).sum(axis=2))
    differs = (distance > max(_MIN_DISTANCE, 4.0 * spread)).astype(np.uint8)
    found = cv2.morphologyEx(differs, cv2.MORPH_CLOSE, np.ones((3, 3), dtype=np.uint8)).astype(np.uint8)
    mask = without_specks(found, min_pixels=max(4, round(height * width * _MIN_SPECK_SHARE)))
    return None if mask.mean() > _MAX_OBJECT_SHARE else mask


def background_plane(lab: NDArray[np.float32]) -> Background | None:
    """Return the background's colour at every pixel and its residual spread, or None when it is not plain.

    Args:
        lab: CIE L*a*b*, shape ``(height, width, 3)``.
    """
    # einsum and broadcasting on purpose: a threaded BLAS spins longer on matrices this thin than it computes.
    height, width = lab.shape[:2]
    border, at_border = _border_places(height, width)
    colours = lab.reshape(-1, 3)[border]
    least = _PLAIN_INLIERS * len(border)
    middle = len(border) // 2
    inliers = _squares(colours - np.partition(colours, middle, axis=0)[middle]) < (3.0 * _MIN_DISTANCE) ** 2
    for _ in range(2):
        count = np.count_nonzero(inliers)
        if count < least:
            return None
        places = at_border[inliers]
        # The ridge decides where the border says nothing: a picture one pixel high has no slope downwards.
        normal = np.einsum("ni,nj->ij", places, places) + np.float32(1e-6 * count) * _IDENTITY
        plane = np.linalg.solve(normal, np.einsum("ni,nj->ij", places, colours[inliers]))
        residual_squares = _squares(colours - np.einsum("ni,ij->nj", at_border, plane))
        inliers = residual_squares < _MIN_DISTANCE**2
    kept = residual_squares[inliers]
    if len(kept) < least:
        return None
    spread = math.sqrt(np.partition(kept, len(kept) // 2)[len(kept) // 2])
    if spread > _PLAIN_SPREAD:
        return None
    down = np.arange(height, dtype=np.float32)[:, None, None] / np.float32(height)
    across = np.arange(width, dtype=np.float32)[None, :, None] / np.float32(width)
    return plane[0] + down * plane[1] + across * plane[2], spread


def _squares(colours: NDArray[np.float32]) -> NDArray[np.float32]:
    squares: NDArray[np.float32] = np.einsum("ij,ij->i", colours, colours)
    return squares


@lru_cache(maxsize=64)
def _border_places(height: int, width: int) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """Return the border's pixels as flat positions, and ``(1, row, column)`` of them, as shares."""
    border = np.flatnonzero(border_mask(height, width))
    rows, columns = np.divmod(border, width)
    places = np.column_stack((np.ones(len(border)), rows / height, columns / width)).astype(np.float32)
    return border, places


def without_specks(found: NDArray[np.uint8], min_pixels: int) -> NDArray[np.bool_]:
    """Return the pixels of ``found`` that hang together with at least ``min_pixels`` of their kind."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(found, connectivity=8)
    is_kept = stats[:, cv2.CC_STAT_AREA] >= min_pixels
    is_kept[0] = False
    kept: NDArray[np.bool_] = is_kept[labels] if count > 1 else np.zeros(found.shape, dtype=np.bool_)
    return kept


def piece_within(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the parts of a mask that are large both ways, with their small holes: the piece without writing.

    A line of writing is long and low; a thin chain is thin, but spans the frame both ways.
    """
    height, width = mask.shape
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    spans = np.minimum(stats[:, cv2.CC_STAT_WIDTH] / width, stats[:, cv2.CC_STAT_HEIGHT] / height)
    is_large = spans >= _LEAST_SPAN
    is_large[0] = False
    large = is_large[labels]
    _, labels, stats, _ = cv2.connectedComponentsWithStats((~large).astype(np.uint8), connectivity=4)
    is_hole = stats[:, cv2.CC_STAT_AREA] < _MOST_HOLE_SHARE * height * width
    is_hole[0] = False
    found: NDArray[np.bool_] = large | is_hole[labels]
    return found
