"""A picture as every channel sees it: small, without a cast, with the piece's mask.

Gallery and query go the same way from the decoded picture, so that neither is described from pixels that a
lossy rendition has changed.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vision.colour import reduced
from vision.object_masks import object_mask
from vision.white_balance import cast_of, corrected

LOOKING_VERSION = "1"
"""Part of every channel's id: raise it with anything here, or in masks and casts, that changes a mask."""

LOOKED_AT_PX = 256
_MIDDLE_SHARE = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class LookedAt:
    """What channels are computed from.

    Attributes:
        pixels: sRGB, shape ``(height, width, 3)``, longest side at most ``LOOKED_AT_PX``.
        mask: Which pixels show the piece, shape ``(height, width)``; None where no mask can be trusted.
        on_plain_ground: Whether the mask was told from a plain ground.
    """

    pixels: NDArray[np.uint8]
    mask: NDArray[np.bool_] | None
    on_plain_ground: bool


def look_at(image: Image.Image) -> LookedAt:
    """Return what channels see of an upright sRGB picture."""
    small = reduced(image, LOOKED_AT_PX)
    cast = cast_of(small)
    if cast is not None:
        small = corrected(small, cast)
    found = object_mask(small)
    mask = None if found is None or not found.solid.any() else found.solid
    return LookedAt(
        pixels=np.asarray(small, dtype=np.uint8),
        mask=mask,
        on_plain_ground=mask is not None and found is not None and found.found_by == "plain_background",
    )


def mask_or_middle(mask: NDArray[np.bool_] | None, height: int, width: int) -> NDArray[np.bool_]:
    """Return the mask, or where there is none the middle half of the frame both ways.

    A piece that cannot be cut out of its surroundings is most often in the middle.
    """
    if mask is not None and mask.any():
        return mask
    middle = np.zeros((height, width), dtype=np.bool_)
    margin_y, margin_x = (int(side * (1.0 - _MIDDLE_SHARE) / 2.0) for side in (height, width))
    middle[margin_y : height - margin_y, margin_x : width - margin_x] = True
    return middle
