"""A picture at the size that tones, masks and hashes are taken at, made once for all who look at it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vision.colour import reduced, srgb_to_lab
from vision.foreground import Background, background_plane, mask_against

SMALL_SIDE_PX = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class SmallView:
    """An upright picture with its longest side at most ``SMALL_SIDE_PX``.

    Attributes:
        lab: CIE L*a*b*, float32, shape ``(height, width, 3)``.
        background: The background where it is plain, else None.
        mask: Which pixels show the piece, shape ``(height, width)``; None where the background is not plain.
    """

    lab: NDArray[np.float32]
    background: Background | None
    mask: NDArray[np.bool_] | None


def small_view(image: Image.Image) -> SmallView:
    """Return the small view of an upright sRGB picture."""
    lab = srgb_to_lab(np.asarray(reduced(image, SMALL_SIDE_PX)))
    background = background_plane(lab)
    return SmallView(lab=lab, background=background, mask=mask_against(background, lab))
