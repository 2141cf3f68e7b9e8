"""Colour spaces as arrays.  No files, no thresholds."""

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image


def srgb_to_lab(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return CIE L*a*b* (D65) of sRGB pixels: L* in [0, 100], a* and b* in their own units, same shape."""
    scaled = pixels.astype(np.float32) / np.float32(255.0)
    return cv2.cvtColor(scaled, cv2.COLOR_RGB2Lab).astype(np.float32, copy=False)


def reduced(image: Image.Image, longest_side_px: int) -> Image.Image:
    """Return ``image`` with its longest side at most ``longest_side_px``, averaged down; never enlarged."""
    scale = longest_side_px / max(image.size)
    if scale >= 1.0:
        return image
    width, height = (max(1, round(side * scale)) for side in image.size)
    return image.resize((width, height), Image.Resampling.BOX)
