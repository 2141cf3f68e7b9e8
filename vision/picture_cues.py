"""Is a picture a page of print: a grading report, a warranty card?  Counted in lines; no verdict here."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.colour import reduced
from vision.decoding import DecodedImage

CUES_VERSION = "1"

_SHEET_SIDE_PX = 512
_PAPER_GREY = 170
_LEAST_PAPER_SHARE = 0.55
_INK_STEP = 45  # grey levels below its surroundings: the weave of linen is fainter than print
_LINE_HEIGHT = (0.008, 0.05)  # of the frame's height
_LEAST_ASPECT = 2.5  # a line of print is wide and low
_LEAST_FILL = 0.4
_SAME_EDGE = 0.015  # of the frame's width


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureCues:
    """What tells the part that a picture plays.

    Attributes:
        print_lines: Lines of print that begin at one left edge of a light page; 0 where the picture is none.
    """

    print_lines: int


def picture_cues(decoded: DecodedImage) -> PictureCues:
    """Return the cues of a picture."""
    return PictureCues(print_lines=print_lines(np.asarray(reduced(decoded.image, _SHEET_SIDE_PX))))


def print_lines(rgb: NDArray[np.uint8]) -> int:
    """Return how many lines of print begin at one left edge, 0 where most of the frame is no light paper.

    Ink is what is darker than its surroundings.  Letters that stand close together close up to bars; bars
    that are wide, low and of a line's height are lines, and a text's lines begin below each other.

    Args:
        rgb: sRGB pixels, shape ``(height, width, 3)``, some 500 pixels a side.
    """
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    if float((grey >= _PAPER_GREY).mean()) < _LEAST_PAPER_SHARE:
        return 0
    height, width = grey.shape
    around = cv2.blur(grey, (31, 31)).astype(np.int16)
    ink = ((around - grey) > _INK_STEP).astype(np.uint8)
    closed = cv2.morphologyEx(ink, cv2.MORPH_CLOSE, np.ones((1, max(3, width // 50)), dtype=np.uint8))
    _, _, boxes, _ = cv2.connectedComponentsWithStats(closed, connectivity=8)
    left, across, down, area = (
        boxes[1:, column]
        for column in (cv2.CC_STAT_LEFT, cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT, cv2.CC_STAT_AREA)
    )
    low, high = (share * height for share in _LINE_HEIGHT)
    is_line = (down >= low) & (down <= high) & (across >= _LEAST_ASPECT * down)
    edges = np.sort(left[is_line & (area >= _LEAST_FILL * across * down)])
    if not len(edges):
        return 0
    behind = np.searchsorted(edges, edges + _SAME_EDGE * width, side="right")
    return int((behind - np.arange(len(edges))).max())
