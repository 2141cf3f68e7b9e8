"""What a piece is shown on: how even the frame's border is, and of what kind the background."""

from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.foreground import Background, border_mask

BackgroundKind = Literal["plain_light", "plain_dark", "plain_coloured", "gradient", "busy"]

_LIGHT_FROM = 50.0  # L*
_COLOURED_FROM = 12.0  # distance from grey in a*b*
_FADES_BY = 15.0  # L* across the frame
_SOFT_STEP = 1.2  # L* between neighbours at a few hundred pixels


def border_lightness_spread(lightness: NDArray[np.float32]) -> float:
    """Return the L* between the 5th and the 95th percentile of the frame's border, in [0, 100].

    A chain that runs out of the frame covers less than the percentiles see.

    Args:
        lightness: CIE L*, shape ``(height, width)``.
    """
    low, high = np.percentile(lightness[border_mask(*lightness.shape)], (5, 95))
    return float(high - low)


def background_kind(lab: NDArray[np.float32], background: Background | None) -> BackgroundKind:
    """Return the kind of background that the frame's border shows.

    Plain is one colour, ``plain_light`` and ``plain_dark`` where it is near grey.  ``gradient`` fades, in one
    direction or in none, without edges: paper under a lamp, a soft cloth, what is far out of focus.
    Everything else is ``busy``: wood, fabric, skin and clothes, a room.

    Args:
        lab: CIE L*a*b* of a picture that was reduced to some hundred pixels, shape ``(height, width, 3)``.
        background: What ``vision.foreground.background_plane`` says of it.
    """
    if background is None:
        return "gradient" if _is_soft(lab[..., 0]) else "busy"
    plane = background[0]
    corners = plane[[0, 0, -1, -1], [0, -1, 0, -1]]
    if float(np.ptp(corners[:, 0])) > _FADES_BY:
        return "gradient"
    lightness, a_star, b_star = corners.mean(axis=0)
    if float(np.hypot(a_star, b_star)) >= _COLOURED_FROM:
        return "plain_coloured"
    return "plain_light" if lightness >= _LIGHT_FROM else "plain_dark"


def _is_soft(lightness: NDArray[np.float32]) -> bool:
    """Tell whether neighbours along the border hardly differ, but for where a piece crosses it."""
    steps = (
        cv2.magnitude(cv2.Sobel(lightness, cv2.CV_32F, 1, 0), cv2.Sobel(lightness, cv2.CV_32F, 0, 1)) / 8.0
    )
    return float(np.percentile(steps[border_mask(*lightness.shape)], 80)) < _SOFT_STEP
