"""Where the piece is, as a soft mask fine enough to cut it out.

On a plain background the distance from the background's colour says it (``vision.foreground``).  Where the
background is not plain, GrabCut is asked, which needs to be told where to look: the frame's border is
background, its middle probably the piece.  What comes out of that is believed only when it neither fills the
frame nor runs along its border, and when most of its colours are not those of what was left: a hand cut out
with its ring, or a ring with the velvet it lies on, shares its colours with the rest of the frame.

GrabCut: Rother, Kolmogorov, Blake, "GrabCut: interactive foreground extraction using iterated graph cuts",
ACM Transactions on Graphics 23(3), 2004.
"""

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vision.colour import reduced, srgb_to_lab
from vision.foreground import background_plane, border_mask, mask_against

_GRABCUT_SIDE_PX = 176
_GRABCUT_ROUNDS = 3
_BORDER_SHARE = 0.04
_SURE_CENTRE_SHARE = 0.12  # half-axes of the ellipse that is taken for the piece, as a share of the frame
_LEAST_SHARE = 0.01
_MOST_SHARE = 0.55
_MOST_BORDER_CONTACT = 0.15
_SOFT = (0.5, 1.5)  # of the distance that separates piece and paper: where alpha rises from 0 to 1
_SMALL_HOLE_SHARE = 0.01
_MOST_SHARED_COLOURS = 0.6
_COLOUR_STEP = np.array(
    [8.0, 12.0, 12.0], dtype=np.float32
)  # of L*, a*, b*: a colour of a piece or of its ground
_RARE_COLOUR_SHARE = 0.001


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectMask:
    """A piece's mask.

    Attributes:
        alpha: How much of a pixel is the piece, in [0, 1], shape ``(height, width)``, float32.
        background: L*a*b* of the background at every pixel where it is plain, else None.
        found_by: ``plain_background`` or ``grabcut``.
    """

    alpha: NDArray[np.float32]
    background: NDArray[np.float32] | None
    found_by: Literal["plain_background", "grabcut"]

    @property
    def solid(self) -> NDArray[np.bool_]:
        """Return the pixels that are more piece than background."""
        return self.alpha > 0.5


def object_mask(image: Image.Image) -> ObjectMask | None:
    """Return the mask of a picture's piece, or None when none can be trusted.

    Args:
        image: An upright sRGB picture, some hundred pixels long; the mask is of its size.
    """
    lab = srgb_to_lab(np.asarray(image))
    return _on_plain_background(lab) or _by_grabcut(image)


def _on_plain_background(lab: NDArray[np.float32]) -> ObjectMask | None:
    background = background_plane(lab)
    found = mask_against(background, lab)
    if found is None or background is None or not found.any():
        return None
    plane, spread = background
    distance = np.sqrt(np.square(lab - plane).sum(axis=2))
    least = max(8.0, 4.0 * spread)
    soft = np.clip((distance / least - _SOFT[0]) / (_SOFT[1] - _SOFT[0]), 0.0, 1.0)
    near = cv2.dilate(found.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(np.bool_)
    alpha = np.where(near, soft, 0.0).astype(np.float32)
    alpha[_small_holes(found)] = 1.0  # highlights as white as the paper belong to the piece
    return ObjectMask(alpha=alpha, background=plane, found_by="plain_background")


def _small_holes(found: NDArray[np.bool_]) -> NDArray[np.bool_]:
    count, labels, stats, _ = cv2.connectedComponentsWithStats((~found).astype(np.uint8), connectivity=4)
    is_small = stats[:, cv2.CC_STAT_AREA] < _SMALL_HOLE_SHARE * np.count_nonzero(found)
    is_small[0] = False
    holes: NDArray[np.bool_] = is_small[labels] if count > 1 else np.zeros(found.shape, dtype=np.bool_)
    return holes


def _by_grabcut(image: Image.Image) -> ObjectMask | None:
    small = reduced(image, _GRABCUT_SIDE_PX)
    pixels = cv2.cvtColor(np.asarray(small), cv2.COLOR_RGB2BGR)
    height, width = pixels.shape[:2]
    if min(height, width) < 16:
        return None
    labels = np.full((height, width), cv2.GC_PR_BGD, dtype=np.uint8)
    margin_y, margin_x = max(1, round(height * _BORDER_SHARE)), max(1, round(width * _BORDER_SHARE))
    labels[:margin_y], labels[-margin_y:], labels[:, :margin_x], labels[:, -margin_x:] = (cv2.GC_BGD,) * 4
    centre = (width // 2, height // 2)
    cv2.ellipse(labels, centre, (round(width * 0.36), round(height * 0.36)), 0, 0, 360, cv2.GC_PR_FGD, -1)
    sure = round(width * _SURE_CENTRE_SHARE), round(height * _SURE_CENTRE_SHARE)
    cv2.ellipse(labels, centre, sure, 0, 0, 360, cv2.GC_FGD, -1)
    cv2.setRNGSeed(0)  # its mixtures start from a random assignment
    try:
        cv2.grabCut(
            pixels,
            labels,
            (0, 0, 1, 1),
            np.zeros((1, 65)),
            np.zeros((1, 65)),
            _GRABCUT_ROUNDS,
            cv2.GC_INIT_WITH_MASK,
        )
    except cv2.error:
        return None  # a frame of one colour has no two mixtures
    solid = (labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD)
    contact = solid[border_mask(height, width)].mean()
    if not _LEAST_SHARE <= solid.mean() <= _MOST_SHARE or contact > _MOST_BORDER_CONTACT:
        return None
    if shared_colours(srgb_to_lab(np.asarray(small)), solid) > _MOST_SHARED_COLOURS:
        return None
    alpha = cv2.resize(solid.astype(np.float32), image.size, interpolation=cv2.INTER_LINEAR)
    alpha = cv2.GaussianBlur(alpha, (0, 0), max(0.8, max(image.size) / _GRABCUT_SIDE_PX / 2))
    return ObjectMask(alpha=np.clip(alpha, 0.0, 1.0), background=None, found_by="grabcut")


def shared_colours(lab: NDArray[np.float32], solid: NDArray[np.bool_]) -> float:
    """Return the share of a piece's pixels, in [0, 1], whose colour the background has too.

    Args:
        lab: CIE L*a*b*, shape ``(height, width, 3)``.
        solid: Where the piece is, shape ``(height, width)``.
    """
    steps = ((lab + np.array([0.0, 128.0, 128.0])) / _COLOUR_STEP).astype(np.int64)
    colours = steps[..., 0] * 4096 + steps[..., 1] * 64 + steps[..., 2]
    found, counts = np.unique(colours[~solid], return_counts=True)
    common = found[counts > _RARE_COLOUR_SHARE * np.count_nonzero(~solid)]
    return float(np.isin(colours[solid], common).mean()) if solid.any() else 1.0
