"""Colour correction of a picture by its own paper: what was photographed as grey becomes grey.

The frame's border says which colour the light had, where it is plain and light enough to be paper.  Each
channel of linear sRGB is scaled so that the border is neutral and no lighter than it was (the diagonal model
after von Kries).  A coloured backdrop is a choice and no cast: a strong tint is left alone, and so is a faint
one.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vision.colour import reduced, srgb_to_lab
from vision.foreground import background_plane, border_mask

_SIDE_PX = 256
_LIGHT_ENOUGH = 65.0  # L* of paper
_FAINT_AB = 2.5
_BACKDROP_AB = 9.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """The tint of a picture's paper.

    Attributes:
        gains: What each channel of linear RGB is multiplied by, at most 1 for the strongest.
        distance_ab: How far the paper was from grey in the a*b* plane.
    """

    gains: tuple[float, float, float]
    distance_ab: float


def cast_of(image: Image.Image) -> Cast | None:
    """Return the tint to take out of an upright sRGB picture; None where there is none, or none is known."""
    small = np.asarray(reduced(image, _SIDE_PX))
    lab = srgb_to_lab(small)
    background = background_plane(lab)
    if background is None:
        return None
    at_border = border_mask(*lab.shape[:2])
    lightness, a, b = np.median(background[0][at_border], axis=0)
    distance = float(np.hypot(a, b))
    if lightness < _LIGHT_ENOUGH or not _FAINT_AB <= distance <= _BACKDROP_AB:
        return None
    near = np.square(lab - background[0]).sum(axis=2) < 64.0
    paper = _linear(small[at_border & near]).mean(axis=0)
    gains = paper.min() / np.maximum(paper, 1e-6)
    luminance = np.array([0.2126, 0.7152, 0.0722])
    gains *= (luminance @ paper) / (luminance @ (gains * paper))  # as light as before
    gains /= max(1.0, float((gains * paper).max()))
    return Cast(gains=(float(gains[0]), float(gains[1]), float(gains[2])), distance_ab=distance)


def corrected(image: Image.Image, cast: Cast) -> Image.Image:
    """Return the picture without a tint."""
    levels = np.arange(256, dtype=np.float64) / 255.0
    table = [_encoded(_linear_of(levels) * gain) for gain in cast.gains]
    return image.point([int(level) for channel in table for level in np.round(channel * 255.0)])


def _linear(pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
    return _linear_of(pixels.astype(np.float64) / 255.0)


def _linear_of(encoded: NDArray[np.float64]) -> NDArray[np.float64]:
    """IEC 61966-2-1, the sRGB standard."""
    return np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)


def _encoded(linear: NDArray[np.float64]) -> NDArray[np.float64]:
    bounded = np.clip(linear, 0.0, 1.0)
    return np.where(bounded <= 0.0031308, bounded * 12.92, 1.055 * bounded ** (1 / 2.4) - 0.055)
