"""A cheap mask of the piece on a plain background.

Packshots are shot on paper: the frame's border is one colour, perhaps fading from side to side.  Whatever
differs from it is the piece (and its shadow).  Worn shots and busy backgrounds get no mask rather than a
wrong one.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

_BORDER_SHARE = 0.03
_PLAIN_SPREAD = 4.0
_PLAIN_INLIERS = 0.7
_MIN_DISTANCE = 8.0
_MIN_SPECK_SHARE = 0.0002
_MAX_OBJECT_SHARE = 0.95


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
    height, width = lab.shape[:2]
    background = _background_plane(lab, border_mask(height, width))
    if background is None:
        return None
    plane, spread = background
    distance = np.sqrt(np.square(lab - plane).sum(axis=2))
    differs = (distance > max(_MIN_DISTANCE, 4.0 * spread)).astype(np.uint8)
    found = cv2.morphologyEx(differs, cv2.MORPH_CLOSE, np.ones((3, 3), dtype=np.uint8)).astype(np.uint8)
    mask = _without_specks(found, min_pixels=max(4, round(height * width * _MIN_SPECK_SHARE)))
    return None if mask.mean() > _MAX_OBJECT_SHARE else mask


def _background_plane(
    lab: NDArray[np.float32], border: NDArray[np.bool_]
) -> tuple[NDArray[np.float32], float] | None:
    """Return the background's colour at every pixel and its residual spread, or None when it is not plain."""
    height, width = border.shape
    rows, columns = np.nonzero(border)
    colours = lab[border]
    places = np.column_stack((np.ones(len(rows)), rows / height, columns / width)).astype(np.float32)
    inliers = np.linalg.norm(colours - np.median(colours, axis=0), axis=1) < 3.0 * _MIN_DISTANCE
    for _ in range(2):
        if inliers.mean() < _PLAIN_INLIERS:
            return None
        plane, *_ = np.linalg.lstsq(places[inliers], colours[inliers], rcond=None)
        residuals = np.linalg.norm(colours - places @ plane, axis=1)
        inliers = residuals < _MIN_DISTANCE
    if inliers.mean() < _PLAIN_INLIERS:
        return None
    spread = float(np.median(residuals[inliers]))
    if spread > _PLAIN_SPREAD:
        return None
    row_part = np.linspace(0, 1, height, endpoint=False, dtype=np.float32)[:, None, None] * plane[1]
    column_part = np.linspace(0, 1, width, endpoint=False, dtype=np.float32)[None, :, None] * plane[2]
    return plane[0] + row_part + column_part, spread


def _without_specks(found: NDArray[np.uint8], min_pixels: int) -> NDArray[np.bool_]:
    count, labels, stats, _ = cv2.connectedComponentsWithStats(found, connectivity=8)
    is_kept = stats[:, cv2.CC_STAT_AREA] >= min_pixels
    is_kept[0] = False
    kept: NDArray[np.bool_] = is_kept[labels] if count > 1 else np.zeros(found.shape, dtype=np.bool_)
    return kept
