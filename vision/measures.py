"""What can be measured of a photograph: numbers with units, no verdicts.

Every measure is a small pure function of arrays that answers in one direction along its own ladder of
degradation (more blur, more light, more tint).  Thresholds belong to the quality rules.  Where the background
is plain, the piece is measured and not the paper around it: a packshot is mostly paper.
"""

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vision.background import BackgroundKind, background_kind, border_lightness_spread
from vision.colour import reduced
from vision.colour_cast import border_cast, brightest_cast
from vision.decoding import DecodedImage
from vision.foreground import piece_within
from vision.moire import moire, spread_tiles
from vision.overlay_text import WRITING_SIDE_PX, overlay_text_share
from vision.small_view import SmallView, small_view

MEASURES_VERSION = "3"

_SHARPNESS_SIDE_PX = 448
# Rounding to 8 bits turns the slope of a strong blur into steps of one level, which look like detail.
_EIGHT_BIT_STEP = 1.0
_SHADOW_LIGHTNESS = 3.0
_HIGHLIGHT_LIGHTNESS = 98.5
_CLOSE_PX = 512
_TILE_PX = 16
_BLOCK_PX = 8
_LEAST_STEP = 0.25  # a difference of neighbours, in grey levels, below which paper is even
_NOISE_KERNEL = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], dtype=np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """One photograph in numbers.  Lightness is CIE L*, 0 black to 100 white; shares are in [0, 1].

    Attributes:
        width_px: Width of the upright original.
        height_px: Height of the upright original.
        object_longest_px: Longest side of the piece's bounding box in the original; None without a mask.
        sharpness: 0 for what a blur would not change, towards 1 for fine detail; of the piece where there is
            a mask, seen at one fixed size, so that the same shot scores alike at 500 and at 2,000 pixels.
        mean_lightness: Mean L* of the piece, or of the frame without a mask.
        shadows_clipped_share: Share of those pixels that are black.
        highlights_clipped_share: Share of those pixels that are white.
        contrast_lightness: L* between the 5th and the 95th percentile around the piece.
        colour_cast_ab: Distance from grey, in the a*b* plane, of what should be neutral; a coloured paper is
            a cast as far as the piece on it is tinted as well.
        colour_cast_reference: ``border`` of a plain background, which is trustworthy, or the frame's
            ``brightest`` pixels, which are a guess.
        object_share: Share of the frame that the piece covers; 0 for an empty frame; None without a mask.
        centre_offset_share: Distance from the frame's centre to the bounding box's, over half the diagonal.
        border_contact_share: Share of the frame's outermost pixels that the piece covers.
        noise_lightness: Standard deviation, in grey levels of 255, of what flat parts of the frame should not
            vary; looked at in original pixels, since reducing a picture hides its noise.
        blockiness: How much more neighbours differ across the edges of JPEG's blocks than inside them; 0 for
            a picture that was never compressed, 1 and more where the blocks are all that is left.
        background: What the border shows: ``plain_light``, ``plain_dark`` or ``plain_coloured`` paper,
            a ``gradient``, or something ``busy``.
        border_lightness_spread: L* between the 5th and the 95th percentile of the frame's border; 0 is even.
        overlay_text_share: Share of the frame that lines of writing cover, beside the piece where there is a
            mask; each letter has to stand on even ground.
        moire_lightness: Amplitude, in grey levels of 255, of the strongest fine ripple that runs through the
            whole frame, as a photographed screen's does; of original pixels.
    """

    width_px: int
    height_px: int
    object_longest_px: int | None
    sharpness: float
    mean_lightness: float
    shadows_clipped_share: float
    highlights_clipped_share: float
    contrast_lightness: float
    colour_cast_ab: float
    colour_cast_reference: Literal["border", "brightest"]
    object_share: float | None
    centre_offset_share: float | None
    border_contact_share: float | None
    noise_lightness: float
    blockiness: float
    background: BackgroundKind
    border_lightness_spread: float
    overlay_text_share: float
    moire_lightness: float

    @property
    def shortest_side_px(self) -> int:
        """Return the shorter side of the upright original, in pixels."""
        return min(self.width_px, self.height_px)

    @property
    def touches_border(self) -> bool | None:
        """Tell whether the piece runs into the frame's edge; None without a mask."""
        return None if self.border_contact_share is None else self.border_contact_share > 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A bounding box as shares of the frame, right and bottom exclusive."""

    left: float
    top: float
    right: float
    bottom: float


def tone_mask(decoded: DecodedImage) -> NDArray[np.bool_] | None:
    """Return where the piece is at the size that tones are measured at; None without a plain background."""
    return small_view(decoded.image).mask


def measure(
    decoded: DecodedImage,
    *,
    mask: NDArray[np.bool_] | Literal["find"] | None = "find",
    view: SmallView | None = None,
) -> Measures:
    """Measure a photograph.

    One decoded fast to 448 pixels or more gives nearly the same numbers, but for noise and blocks: those are
    of original pixels, and a decoder that reduces takes them away.

    Args:
        decoded: The photograph.
        mask: Where the piece is, as ``tone_mask`` says, or None for the whole frame.  By default it is looked
            for here; a picture that was changed is better measured where its original showed the piece.
        view: Its small view, where somebody has it already.
    """
    view = view or small_view(decoded.image)
    lab, paper = view.lab, view.background
    if isinstance(mask, str):
        mask = view.mask
    box = bounding_box(mask) if mask is not None else None
    lightness = lab[..., 0]
    subject = lightness[mask] if mask is not None and mask.any() else lightness.ravel()
    close = _grey_centre(decoded.image)
    reference: Literal["border", "brightest"] = "border" if mask is not None else "brightest"
    return Measures(
        width_px=decoded.width,
        height_px=decoded.height,
        object_longest_px=_longest_px(box, decoded.width, decoded.height),
        sharpness=_sharpness_of(decoded.image, mask, box),
        mean_lightness=float(subject.mean()),
        shadows_clipped_share=shadows_clipped_share(subject),
        highlights_clipped_share=highlights_clipped_share(subject),
        contrast_lightness=contrast(_inside(lightness, box)),
        colour_cast_ab=border_cast(lab, mask) if mask is not None else brightest_cast(lab),
        colour_cast_reference=reference,
        object_share=None if mask is None else float(mask.mean()),
        centre_offset_share=None if box is None else centre_offset_share(box),
        border_contact_share=None if mask is None else border_contact_share(mask),
        noise_lightness=noise(close),
        blockiness=blockiness(close, far=(decoded.image.height % _BLOCK_PX, decoded.image.width % _BLOCK_PX)),
        background=background_kind(lab, paper),
        border_lightness_spread=border_lightness_spread(lightness),
        overlay_text_share=_overlay_text_of(decoded.image, mask),
        moire_lightness=moire(spread_tiles(decoded.image)),
    )


def sharpness(
    grey: NDArray[np.float32], weights: NDArray[np.float32] | None = None, noise_floor: float = 0.0
) -> float:
    """Return how much of the fine variation a strong blur would take away, in [0, 1].

    The no-reference blur metric of Crete et al., "The blur effect: perception and estimation with a new
    no-reference perceptual blur metric" (SPIE 2007), as 1 - blur.  It is a ratio, so contrast and exposure
    cancel out.

    Args:
        grey: Lightness in any linear unit, shape ``(height, width)``.
        weights: What counts, same shape; everything when None.
        noise_floor: Variation between neighbours that means nothing, in the unit of ``grey``.
    """
    blurred = (cv2.blur(grey, (9, 1)), cv2.blur(grey, (1, 9)))
    kept = []
    for axis, smooth in zip((1, 0), blurred, strict=True):
        before = np.maximum(np.abs(np.diff(grey, axis=axis)) - noise_floor, 0.0)
        lost = np.maximum(before - np.abs(np.diff(smooth, axis=axis)), 0.0)
        if weights is not None:
            counted = weights[:, 1:] if axis == 1 else weights[1:]
            before, lost = before * counted, lost * counted
        total = float(before.sum())
        kept.append(float(lost.sum()) / total if total > 0.0 else 0.0)
    return min(kept)


def shadows_clipped_share(lightness: NDArray[np.float32]) -> float:
    """Return the share of pixels that are black to the eye, in [0, 1]."""
    return float((lightness <= _SHADOW_LIGHTNESS).mean())


def highlights_clipped_share(lightness: NDArray[np.float32]) -> float:
    """Return the share of pixels that are paper white, in [0, 1]."""
    return float((lightness >= _HIGHLIGHT_LIGHTNESS).mean())


def contrast(lightness: NDArray[np.float32]) -> float:
    """Return the L* between the 5th and the 95th percentile, in [0, 100]."""
    low, high = np.percentile(lightness, (5, 95))
    return float(high - low)


def bounding_box(mask: NDArray[np.bool_]) -> Box | None:
    """Return the box around a mask's pixels, or None when it has none."""
    if not mask.any():
        return None
    height, width = mask.shape
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return Box(
        left=columns[0] / width,
        top=rows[0] / height,
        right=(columns[-1] + 1) / width,
        bottom=(rows[-1] + 1) / height,
    )


def centre_offset_share(box: Box) -> float:
    """Return how far a box's centre lies from the frame's: 0 in the middle, 1 in a corner."""
    across = (box.left + box.right) / 2.0 - 0.5
    down = (box.top + box.bottom) / 2.0 - 0.5
    return float(np.hypot(across, down) / np.hypot(0.5, 0.5))


def border_contact_share(mask: NDArray[np.bool_]) -> float:
    """Return the share of the frame's outermost pixels that a mask covers, in [0, 1]."""
    edge = np.concatenate((mask[0], mask[-1], mask[1:-1, 0], mask[1:-1, -1]))
    return float(edge.mean())


def noise(grey: NDArray[np.float32]) -> float:
    """Return the standard deviation of a picture's noise, in the unit of ``grey``.

    The Laplacian difference of Immerkaer, "Fast noise variance estimation" (CVIU 64, 1996), which edges and
    slopes hardly answer; of the least busy half of the picture's tiles, so that a chain or a fabric is not
    taken for noise.

    Args:
        grey: Lightness in original pixels, shape ``(height, width)``.
    """
    if min(grey.shape) < 2 * _TILE_PX:
        return 0.0
    answer = np.abs(cv2.filter2D(grey, cv2.CV_32F, _NOISE_KERNEL))[1:-1, 1:-1]
    rows, columns = (size // _TILE_PX for size in answer.shape)
    tiles = answer[: rows * _TILE_PX, : columns * _TILE_PX].reshape(rows, _TILE_PX, columns, _TILE_PX)
    busy = tiles.mean(axis=(1, 3))
    calm = tiles.transpose(0, 2, 1, 3)[busy <= np.median(busy)]
    # The coefficients square to 36; a normal variable deviates by sqrt(2 / pi) sigma in the mean.
    return float(np.mean(calm) * np.sqrt(np.pi / 2) / 6.0)


def blockiness(grey: NDArray[np.float32], far: tuple[int, int] = (0, 0)) -> float:
    """Return by how much neighbours differ more across JPEG's block edges than inside blocks, 0 for no more.

    Args:
        grey: Lightness in original pixels whose first row and column begin a block, shape
            ``(height, width)``.
        far: Where blocks begin, in rows and in columns, when the picture was turned upright and they are
            counted from its other end; the larger excess of the two counts.
    """
    excess = []
    for axis in (0, 1):
        steps = np.abs(np.diff(grey, axis=axis)).mean(axis=1 - axis)
        usable = len(steps) // _BLOCK_PX * _BLOCK_PX
        if usable < 4 * _BLOCK_PX:
            return 0.0
        by_place = steps[:usable].reshape(-1, _BLOCK_PX).mean(axis=0)
        edges = {(begin - 1) % _BLOCK_PX for begin in (0, far[axis])}
        excess.append(max(_excess(by_place, edge) for edge in edges))
    return max(0.0, float(np.mean(excess)))


def _excess(by_place: NDArray[np.float32], edge: int) -> float:
    inside = float(np.delete(by_place, edge).mean())
    return (float(by_place[edge]) - inside) / (inside + _LEAST_STEP)


def _grey_centre(image: Image.Image) -> NDArray[np.float32]:
    """Return the middle of a picture in its own pixels, cut where JPEG's blocks begin."""
    width, height = image.size
    left, top = (max(0, (size - _CLOSE_PX) // 2) // _BLOCK_PX * _BLOCK_PX for size in (width, height))
    return _grey(image.crop((left, top, min(width, left + _CLOSE_PX), min(height, top + _CLOSE_PX))))


def _longest_px(box: Box | None, width_px: int, height_px: int) -> int | None:
    if box is None:
        return None
    return round(max((box.right - box.left) * width_px, (box.bottom - box.top) * height_px))


def _inside(lightness: NDArray[np.float32], box: Box | None) -> NDArray[np.float32]:
    if box is None:
        return lightness
    height, width = lightness.shape
    rows = slice(round(box.top * height), round(box.bottom * height))
    return lightness[rows, round(box.left * width) : round(box.right * width)]


def _sharpness_of(image: Image.Image, mask: NDArray[np.bool_] | None, box: Box | None) -> float:
    if mask is None or box is None:
        return sharpness(_grey(reduced(image, _SHARPNESS_SIDE_PX)), noise_floor=_EIGHT_BIT_STEP)
    width, height = image.size
    frame = (
        int(box.left * width),
        int(box.top * height),
        max(int(box.left * width) + 1, round(box.right * width)),
        max(int(box.top * height) + 1, round(box.bottom * height)),
    )
    grey = _grey(reduced(image.crop(frame), _SHARPNESS_SIDE_PX))
    rows, columns = mask.shape
    cut = mask[
        int(box.top * rows) : round(box.bottom * rows), int(box.left * columns) : round(box.right * columns)
    ].astype(np.uint8)
    # Blur spreads a piece's outline into the paper: count a rim around it too.
    resized = cv2.resize(cut, grey.shape[::-1], interpolation=cv2.INTER_NEAREST)
    weights = cv2.dilate(resized, np.ones((9, 9), dtype=np.uint8)).astype(np.float32)
    return sharpness(grey, weights, noise_floor=_EIGHT_BIT_STEP)


def _overlay_text_of(image: Image.Image, mask: NDArray[np.bool_] | None) -> float:
    grey = np.asarray(reduced(image.convert("L"), WRITING_SIDE_PX))
    return overlay_text_share(grey, None if mask is None else piece_within(mask))


def _grey(image: Image.Image) -> NDArray[np.float32]:
    return np.asarray(image.convert("L"), dtype=np.float32)
