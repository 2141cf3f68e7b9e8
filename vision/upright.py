"""Which way up a piece stands: its own axis, and a picture turned by it.

A watch on its strap, a bar or a chain that was photographed a little askew is set straight.  A piece that
lies across the frame was laid so, a ring seen from the side leans by its perspective, a round one has no
axis: they stay as they are.
"""

import math

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

_LEAST_TILT_DEG = 1.5
_MOST_TILT_DEG = 6.0
_LEAST_ELONGATION = 2.5


def axis_of(mask: NDArray[np.bool_]) -> tuple[float, float] | None:
    """Return how a piece leans and how long it is for its width; None for an empty mask.

    Args:
        mask: Where the piece is, shape ``(height, width)``.

    Returns:
        Degrees from the nearer of the frame's two directions, clockwise positive, in (-45, 45], and the ratio
        of the standard deviations along its principal axes, at least 1.
    """
    moments = cv2.moments(mask.astype(np.uint8), binaryImage=True)
    if moments["m00"] < 3:
        return None
    spread = (
        np.array([[moments["mu20"], moments["mu11"]], [moments["mu11"], moments["mu02"]]]) / moments["m00"]
    )
    lengths, axes = np.linalg.eigh(spread)
    along = axes[:, 1]
    angle = math.degrees(math.atan2(along[1], along[0]))
    tilt = (angle + 45.0) % 90.0 - 45.0
    return tilt, math.sqrt(lengths[1] / max(lengths[0], 1e-9))


def tilt_to_correct(mask: NDArray[np.bool_]) -> float | None:
    """Return by how many degrees a piece stands askew, clockwise positive; None where it should stay.

    One that runs into the frame's edge stays: turned, it would end in the middle of the paper.
    """
    at_edge = mask[0].any() or mask[-1].any() or mask[:, 0].any() or mask[:, -1].any()
    axis = None if at_edge else axis_of(mask)
    if axis is None or axis[1] < _LEAST_ELONGATION or not _LEAST_TILT_DEG <= abs(axis[0]) <= _MOST_TILT_DEG:
        return None
    return axis[0]


def turned(image: Image.Image, tilt_deg: float, fill: tuple[int, int, int]) -> Image.Image:
    """Return a picture turned back by a tilt, of the same size; ``fill`` is the paper's colour."""
    return image.rotate(tilt_deg, resample=Image.Resampling.BICUBIC, fillcolor=fill)
