"""A mask without the soft shadow that a piece throws on its paper."""

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.foreground import Background

_MOST_CHROMA = 6.0  # distance from the paper's own a*b*: a shadow takes light away, not colour
_MOST_DEPTH = 30.0  # L* below the paper
_EDGE = 5.0  # L* within three pixels: a piece has edges, a soft shadow fades
_STEPS = 2.5  # to one L*
_SQUARE = np.ones((3, 3), dtype=np.uint8)
_CROSS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))


def without_shadow(
    mask: NDArray[np.bool_], lab: NDArray[np.float32], background: Background
) -> NDArray[np.bool_]:
    """Return a mask without what is only darker than the paper, fades, and reaches the paper without an edge.

    What is like a shadow inside a piece stays: the piece's own edge lies between it and the paper.  A shadow
    that is sharp stays too.

    Args:
        mask: What differs from the paper, shape ``(height, width)``.
        lab: CIE L*a*b* of the picture, some 250 pixels long, shape ``(height, width, 3)``.
        background: The paper, as ``vision.foreground.background_plane`` gives it.
    """
    left, top, width, height = cv2.boundingRect(mask.view(np.uint8))
    top, left = max(0, top - 1), max(0, left - 1)
    window = np.s_[top : top + height + 2, left : left + width + 2]
    inside = np.ascontiguousarray(mask[window])
    plane, spread = background
    lightness = np.ascontiguousarray(lab[window][..., 0])
    darker = plane[window][..., 0] - lightness
    shade = inside & (darker > 0.0) & (darker < _MOST_DEPTH)
    shade &= ~_beside_edges(lightness, max(_EDGE, 3.0 * spread))
    places = np.flatnonzero(shade)
    rows, columns = np.divmod(places, shade.shape[1])
    in_frame = (rows + top) * mask.shape[1] + columns + left
    tint = lab.reshape(-1, 3).take(in_frame, axis=0) - plane.reshape(-1, 3).take(in_frame, axis=0)
    has_no_tint = np.square(tint[:, 1]) + np.square(tint[:, 2]) < max(_MOST_CHROMA, 4.0 * spread) ** 2
    shade.ravel()[places] = has_no_tint
    count, labels = cv2.connectedComponents(shade.view(np.uint8), connectivity=4)
    near_paper = cv2.dilate((~inside).view(np.uint8), _CROSS).view(np.bool_)
    is_shadow = np.zeros(count, dtype=np.bool_)
    is_shadow[labels[shade & near_paper]] = True
    is_shadow[0] = False
    kept = mask.copy()
    kept.ravel()[in_frame[is_shadow[labels.ravel().take(places)]]] = False
    return kept


def _beside_edges(lightness: NDArray[np.float32], least: float) -> NDArray[np.bool_]:
    # In steps of 0.4 L*, one byte each: OpenCV is four times as fast with those.
    steps = cv2.blur(cv2.convertScaleAbs(lightness, alpha=_STEPS), (3, 3))
    edges = cv2.morphologyEx(steps, cv2.MORPH_GRADIENT, _SQUARE) > _STEPS * least
    return cv2.dilate(edges.view(np.uint8), _SQUARE).view(np.bool_)
