"""The channel ``colour``: which hues, lightnesses and strengths of colour the piece has, whatever its shape.

A distribution over CIE L*a*b* inside the mask: 24 hues at four strengths of chroma, and three lightnesses for
what has no hue.  Shares are raised to the power 0.15, not to the usual root: a stone is a hundredth of the
piece and half of what the eye calls its colour.  0.15 was chosen on the tuning houses of docs/channels.md; a
lower power finds stones better still and metals worse.

Without a mask a picture has no colour: its middle was tried, and skin and cloth, taken for rose gold and
silver, cost more than the missing pictures do.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.channels.histograms import shared_counts, shared_round_counts, unit
from vision.colour import srgb_to_lab

VERSION = "1"
DIMENSION = 99

_HUES = 24
_STRENGTHS = (0.0, 8.0, 18.0, 32.0, 55.0)  # of chroma, where a pixel counts wholly; the first has no hue
_LIGHTNESSES = 3
_POWER = 0.15
_LEAST_INNER_PX = 60


def colour_vector(pixels: NDArray[np.uint8], mask: NDArray[np.bool_] | None) -> NDArray[np.float32] | None:
    """Return the piece's colours as a unit vector, shape ``(DIMENSION,)``; None without a mask.

    Args:
        pixels: sRGB, shape ``(height, width, 3)``.
        mask: Which pixels show the piece, shape ``(height, width)``.
    """
    if mask is None or not mask.any():
        return None
    lab = srgb_to_lab(pixels[_inner(mask)][None])[0]
    chroma = np.hypot(lab[:, 1], lab[:, 2])
    hue = np.degrees(np.arctan2(lab[:, 2], lab[:, 1])) % 360.0
    # Each pixel counts to the two nearest strengths, its weights add up to one.
    at = np.interp(chroma, _STRENGTHS, np.arange(len(_STRENGTHS)))
    weights = [np.clip(1.0 - np.abs(at - strength), 0.0, 1.0) for strength in range(len(_STRENGTHS))]
    counts = np.concatenate(
        [shared_round_counts(hue, _HUES, weight) for weight in weights[1:]]
        + [shared_counts(lab[:, 0], 0.0, 100.0, _LIGHTNESSES, weights[0])]
    )
    powers: NDArray[np.float64] = np.power(counts / counts.sum(), _POWER)
    return unit(powers).astype(np.float32)


def _inner(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Leave out the edge, whose pixels are mixed with the ground, where enough remains."""
    eroded = cv2.erode(mask.astype(np.uint8), np.ones((3, 3), dtype=np.uint8)).astype(np.bool_)
    return eroded if np.count_nonzero(eroded) > _LEAST_INNER_PX else mask
