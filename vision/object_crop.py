"""The square around the piece that an encoder sees, found the same way for gallery, queries and training.

A piece fills a tenth of one shop's packshot and all of another's; cut to the piece, both look alike to a
small encoder.  Only a plain background says where the piece is; on any other the whole picture stays.
Nothing is ever squashed: what the square needs beyond the frame is filled with the border's own colour.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vision.colour import srgb_to_lab
from vision.foreground import background_plane

OBJECT_CROP_VERSION = "1"
"""Part of the id of every encoder that crops: raise it with anything here that moves a box by a pixel."""

_LOOKED_AT_PX = 96
_LEAST_PX = 8
_MIN_DISTANCE = 8.0
_MIN_CHROMA_DISTANCE = 6.0
_MIN_EDGE = 5.0
_MIN_SPECK_SHARE = 0.0008
_MAX_BOX_SHARE = 0.9
_MIN_BOX_SIDE_SHARE = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectCrop:
    """How pictures are cut to the piece before an encoder's own resize.

    Attributes:
        margin: Background kept on each side, as a share of the piece's longer side.
        decode_scale: Shortest side of the picture that is searched for the piece, in input sizes: at 2, a
            piece that fills half of the frame reaches the model at its full sharpness.
    """

    margin: float = 0.08
    decode_scale: float = 2.0

    def __post_init__(self) -> None:
        if not 0.0 <= self.margin <= 1.0:
            message = f"margin is {self.margin}: it must be between 0 and 1, a share of the piece's side"
            raise ValueError(message)
        if not 1.0 <= self.decode_scale <= 8.0:
            message = f"decode_scale is {self.decode_scale}: it must be between 1 and 8 input sizes"
            raise ValueError(message)

    def decode_px(self, input_px: int) -> int:
        """Return the shortest side that a picture for an encoder of ``input_px`` is decoded at."""
        return math.ceil(self.decode_scale * input_px)


def object_box(rgb: NDArray[np.uint8]) -> tuple[int, int, int, int] | None:
    """Return where the piece is, or None where cropping would not help.

    Looks at a copy of 48 to 96 px.  A pixel shows the piece when it differs from the plane through the
    border's colours, and does so in hue or beside an edge: the soft shadow below a piece is only darker, and
    fades.

    Args:
        rgb: sRGB pixels, shape ``(height, width, 3)``.

    Returns:
        ``(left, top, right, bottom)`` in pixels of ``rgb``, right and bottom exclusive; None when the
        background is not plain, nothing stands out from it, or the box is nearly the whole picture.
    """
    height, width = rgb.shape[:2]
    small = _small(rgb)
    lab = srgb_to_lab(small)
    rows, columns = lab.shape[:2]
    background = background_plane(lab)
    if background is None:
        return None
    plane, spread = background
    difference = lab - plane
    squares = np.square(difference)
    chroma_square = squares[..., 1] + squares[..., 2]
    floor = max(_MIN_DISTANCE, 4.0 * spread)
    differs = squares[..., 0] + chroma_square > floor * floor
    chroma_floor = max(_MIN_CHROMA_DISTANCE, 4.0 * spread)
    edges = cv2.morphologyEx(difference[..., 0], cv2.MORPH_GRADIENT, _CROSS)
    sharp = cv2.dilate((edges > max(_MIN_EDGE, 3.0 * spread)).astype(np.uint8), _SQUARE)
    shown = differs & ((chroma_square > chroma_floor * chroma_floor) | (sharp > 0))
    extent = _extent(shown.astype(np.uint8), min_pixels=max(2, round(rows * columns * _MIN_SPECK_SHARE)))
    if extent is None:
        return None
    left, top, right, bottom = extent
    if max((right - left) / columns, (bottom - top) / rows) < _MIN_BOX_SIDE_SHARE:
        return None
    if (right - left) * (bottom - top) > _MAX_BOX_SHARE * rows * columns:
        return None
    # Outwards to whole pixels: rounding never cuts into the piece.
    return (
        left * width // columns,
        top * height // rows,
        min(width, -(-right * width // columns)),
        min(height, -(-bottom * height // rows)),
    )


def object_square(rgb: NDArray[np.uint8], crop: ObjectCrop) -> tuple[int, int, int, int]:
    """Return the square around the piece and its margin; it may reach beyond the frame.

    Args:
        rgb: sRGB pixels, shape ``(height, width, 3)``.
        crop: How much to leave around the piece.

    Returns:
        ``(left, top, right, bottom)`` in pixels of ``rgb``; around the whole picture where no piece was
        found.
    """
    height, width = rgb.shape[:2]
    left, top, right, bottom = object_box(rgb) or (0, 0, width, height)
    longer = max(right - left, bottom - top)
    # A piece that fills the frame gets no margin beyond it: that would only shrink the piece.
    side = max(longer, min(round(longer * (1.0 + 2.0 * crop.margin)), max(height, width)))
    left, top = (left + right - side) // 2, (top + bottom - side) // 2
    return left, top, left + side, top + side


def cut_to_object(image: Image.Image, crop: ObjectCrop, input_px: int) -> Image.Image:
    """Return an upright sRGB picture as the square around its piece, ready for a resize to ``input_px``.

    A picture that comes larger than the crop needs is first averaged down by a whole factor, as the decoder
    does with a large JPEG, so that both look for the piece at about the same size.
    """
    factor = min(image.size) // crop.decode_px(input_px)
    reduced = image.reduce(factor) if factor > 1 else image
    square = Image.fromarray(cropped_to_object(np.asarray(reduced), crop))
    # Averaging by a whole factor first halves the cost of the resize that follows.
    factor = square.width // input_px
    return square.reduce(factor) if factor > 1 else square


def cropped_to_object(rgb: NDArray[np.uint8], crop: ObjectCrop) -> NDArray[np.uint8]:
    """Return the square around the piece, or around the whole picture where no piece can be told.

    Args:
        rgb: sRGB pixels, shape ``(height, width, 3)``; reduce very large ones first.
        crop: How much to leave around the piece.

    Returns:
        Pixels of shape ``(side, side, 3)``, at the resolution of ``rgb``.
    """
    height, width = rgb.shape[:2]
    left, top, right, bottom = object_square(rgb, crop)
    window = rgb[max(0, top) : min(height, bottom), max(0, left) : min(width, right)]
    beyond = max(0, -top), max(0, bottom - height), max(0, -left), max(0, right - width)
    if not any(beyond):
        return window
    colour = [int(value) for value in border_colour(rgb)]
    square = cv2.copyMakeBorder(window, *beyond, cv2.BORDER_CONSTANT, value=colour)
    return square.astype(np.uint8, copy=False)


def border_colour(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the median colour of the outermost pixels, shape ``(3,)``."""
    border = np.concatenate((rgb[0], rgb[-1], rgb[:, 0], rgb[:, -1]))
    middle = len(border) // 2
    median: NDArray[np.uint8] = np.partition(border, middle, axis=0)[middle]
    return median


def _extent(shown: NDArray[np.uint8], min_pixels: int) -> tuple[int, int, int, int] | None:
    """Return the box around all that is no speck."""
    _, _, stats, _ = cv2.connectedComponentsWithStats(shown, connectivity=8)
    parts = stats[1:][stats[1:, cv2.CC_STAT_AREA] >= min_pixels]
    if not len(parts):
        return None
    left, top = parts[:, cv2.CC_STAT_LEFT], parts[:, cv2.CC_STAT_TOP]
    right, bottom = left + parts[:, cv2.CC_STAT_WIDTH], top + parts[:, cv2.CC_STAT_HEIGHT]
    return int(left.min()), int(top.min()), int(right.max()), int(bottom.max())


def _small(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Halve a picture until its longer side is at most 96 px; one row or column may fall away each time."""
    while max(rgb.shape[:2]) > _LOOKED_AT_PX and min(rgb.shape[:2]) >= _LEAST_PX:
        height, width = rgb.shape[0] // 2, rgb.shape[1] // 2
        # OpenCV has a fast path for whole halves alone: 0.02 ms from 260 px, where any other size takes 0.16.
        rgb = cv2.resize(
            rgb[: 2 * height, : 2 * width], (width, height), interpolation=cv2.INTER_AREA
        ).astype(np.uint8, copy=False)
    return rgb


_CROSS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
_SQUARE = np.ones((3, 3), dtype=np.uint8)
