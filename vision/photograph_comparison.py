"""Do two pictures show the same photograph?  Their pixels, laid over each other, decide.

Other photographs of the same design, and look-alikes, differ in fine detail however alike their outlines
are: every photograph has its own reflections, links and shadows.  No thresholds here.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vision.colour import reduced, srgb_to_lab
from vision.foreground import foreground_mask
from vision.perceptual_hash import piece_window

COMPARISON_VERSION = "1"

_REDUCED_PX = 320
_SIDE_PX = 128
_FINE_SIGMA_PX, _COARSE_SIGMA_PX = 1.0, 3.0
_SMOOTH_SIGMA_PX = 2.0
_ITERATIONS = 40
_ALTERED_DISTANCE = 12.0
_LEAST_WEIGHT = 16.0


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A square cut from a picture.

    Attributes:
        lab: CIE L*a*b*, shape ``(128, 128, 3)``.
        share: How much of each pixel shows the piece, in [0, 1], shape ``(128, 128)``; None where the
            background is not plain.
        aspect: Width over height of what was cut, before it was made square.
    """

    lab: NDArray[np.float32]
    share: NDArray[np.float32] | None
    aspect: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedPhotograph:
    """A picture ready to be compared: its piece's bounding box and its whole frame."""

    piece: View
    frame: View


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotographComparison:
    """How far two pictures are the same photograph.

    Attributes:
        detail_correlation: Correlation of fine lightness detail on the piece, in [-1, 1]; 1 for one
            photograph, whatever its brightness and contrast.
        mask_overlap: Intersection over union of the two pieces' masks; None without plain backgrounds.
        colour_distance_ab: Mean distance in the a*b* plane on the piece.
        altered_share: Share of the piece whose smoothed colour differs by more than 12 after the best change
            of brightness and contrast: another stone, a recoloured metal, a text laid over it.
        stretch: How much wider one is than the other, 1 and more; 1 for what was only scaled.
    """

    detail_correlation: float
    mask_overlap: float | None
    colour_distance_ab: float
    altered_share: float
    stretch: float


def prepare_photograph(image: Image.Image) -> PreparedPhotograph:
    """Cut an upright sRGB picture for comparison."""
    rgb = np.asarray(reduced(image, _REDUCED_PX))
    mask = foreground_mask(srgb_to_lab(rgb))
    if mask is not None and not mask.any():
        mask = None
    whole = slice(0, rgb.shape[0]), slice(0, rgb.shape[1])
    return PreparedPhotograph(
        piece=_view(rgb, mask, piece_window(mask, rgb.shape[:2])), frame=_view(rgb, mask, whole)
    )


def compare_photographs(first: View, second: View, *, is_mirrored: bool) -> PhotographComparison:
    """Lay the second view over the first and compare them where they show the piece.

    The alignment maximises the enhanced correlation coefficient over affine maps (Evangelidis and Psarakis,
    "Parametric Image Alignment Using Enhanced Correlation Coefficient Maximization", 2008), from boxes that
    already match: it mends a box that is a few pixels off, and no more.

    Args:
        first: One picture's piece or frame.
        second: The other's, cut alike.
        is_mirrored: Compare with the second one's mirror image.
    """
    lab, share = second.lab, second.share
    if is_mirrored:
        lab = np.ascontiguousarray(lab[:, ::-1])
        share = None if share is None else np.ascontiguousarray(share[:, ::-1])
    matrix = _aligned(first.lab[..., 0], lab[..., 0])
    other = _warped(lab, matrix, cv2.BORDER_REPLICATE)
    inside = (_warped(np.ones(lab.shape[:2], np.float32), matrix, cv2.BORDER_CONSTANT) > 0.99).astype(
        np.float32
    )
    weight, overlap = inside, None
    if first.share is not None:
        weight = inside * first.share
        if share is not None:
            moved = _warped(share, matrix, cv2.BORDER_CONSTANT)
            both, either = np.minimum(first.share, moved), np.maximum(first.share, moved)
            overlap = float((both * inside).sum() / max(1e-6, float((either * inside).sum())))
            weight = inside * either
    widths = math.hypot(matrix[0, 0], matrix[1, 0]) / max(1e-6, math.hypot(matrix[0, 1], matrix[1, 1]))
    # The map's own stretch makes up for boxes of unlike aspect: what is left was done to the picture.
    stretch = first.aspect / (second.aspect * widths)
    chroma = np.hypot(first.lab[..., 1] - other[..., 1], first.lab[..., 2] - other[..., 2])
    return PhotographComparison(
        detail_correlation=_correlation(_detail(first.lab[..., 0]), _detail(other[..., 0]), weight),
        mask_overlap=overlap,
        colour_distance_ab=float((chroma * weight).sum() / max(1.0, float(weight.sum()))),
        altered_share=_altered_share(first.lab, other, weight),
        stretch=max(stretch, 1.0 / stretch),
    )


def _view(rgb: NDArray[np.uint8], mask: NDArray[np.bool_] | None, window: tuple[slice, slice]) -> View:
    pixels = rgb[window]
    square = cv2.resize(pixels, (_SIDE_PX, _SIDE_PX), interpolation=cv2.INTER_AREA)
    share = None
    if mask is not None:
        shown = mask[window].astype(np.float32)
        share = cv2.resize(shown, (_SIDE_PX, _SIDE_PX), interpolation=cv2.INTER_AREA).astype(np.float32)
    return View(
        lab=srgb_to_lab(square.astype(np.uint8, copy=False)),
        share=share,
        aspect=pixels.shape[1] / pixels.shape[0],
    )


def _aligned(fixed: NDArray[np.float32], moving: NDArray[np.float32]) -> NDArray[np.float32]:
    identity = np.eye(2, 3, dtype=np.float32)
    criteria = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, _ITERATIONS, 1e-5)
    one, other = np.ascontiguousarray(fixed), np.ascontiguousarray(moving)
    everywhere = np.ones(one.shape, dtype=np.uint8)
    try:
        _, matrix = cv2.findTransformECC(one, other, identity, cv2.MOTION_AFFINE, criteria, everywhere, 5)
    except cv2.error:  # it does not converge: two pictures that have nothing to do with each other
        return np.eye(2, 3, dtype=np.float32)
    return np.asarray(matrix, dtype=np.float32)


def _warped(pixels: NDArray[np.float32], matrix: NDArray[np.float32], border: int) -> NDArray[np.float32]:
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    size = (_SIDE_PX, _SIDE_PX)
    return cv2.warpAffine(pixels, matrix, size, flags=flags, borderMode=border).astype(np.float32)


def _detail(lightness: NDArray[np.float32]) -> NDArray[np.float32]:
    plane = np.ascontiguousarray(lightness)
    fine = cv2.GaussianBlur(plane, (0, 0), _FINE_SIGMA_PX)
    return (fine - cv2.GaussianBlur(plane, (0, 0), _COARSE_SIGMA_PX)).astype(np.float32)


def _correlation(one: NDArray[np.float32], other: NDArray[np.float32], weight: NDArray[np.float32]) -> float:
    total = float(weight.sum())
    if total < _LEAST_WEIGHT:
        return 0.0
    one = one - float((one * weight).sum()) / total
    other = other - float((other * weight).sum()) / total
    scale = math.sqrt(float((one * one * weight).sum()) * float((other * other * weight).sum()))
    return float((one * other * weight).sum()) / scale if scale > 0.0 else 0.0


def _altered_share(
    one: NDArray[np.float32], other: NDArray[np.float32], weight: NDArray[np.float32]
) -> float:
    total = float(weight.sum())
    if total < _LEAST_WEIGHT:
        return 1.0
    smooth, moved = (cv2.GaussianBlur(lab, (0, 0), _SMOOTH_SIGMA_PX) for lab in (one, other))
    light, moved_light = smooth[..., 0], moved[..., 0]
    mean, moved_mean = float((light * weight).sum()) / total, float((moved_light * weight).sum()) / total
    spread = float((np.square(moved_light - moved_mean) * weight).sum())
    together = float(((light - mean) * (moved_light - moved_mean) * weight).sum())
    gain = together / spread if spread > 0.0 else 1.0
    difference = smooth - moved
    difference[..., 0] = (light - mean) - gain * (moved_light - moved_mean)
    differs = np.square(difference).sum(axis=2) > _ALTERED_DISTANCE**2
    return float((differs * weight).sum()) / total
