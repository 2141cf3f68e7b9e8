"""The form of a piece in numbers, read off its mask: its aspect, its symmetry, its holes and stones.

Pure functions of a mask and of the pixels under it, at some hundred pixels a side; no verdicts.  What does
not change with place, size or a turn in the plane: aspect, fill, symmetry and holes.  Only a plain background
gives a mask, so only pictures on one have a geometry.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.shadows import without_shadow
from vision.small_view import SmallView
from vision.stone_blobs import stone_count

GEOMETRY_VERSION = "1"

LEAST_HOLE_SHARE = 0.02
"""Of the piece with its holes: a smaller one may be a highlight as white as the paper."""

_GAP_SHARE = 0.035  # of the piece's longer side: what is narrower is a highlight or a broken outline
_LEAST_PART_SHARE = 0.01  # of the largest part: what is smaller is writing, a speck, a reflection
_LEAST_OWN_PART_SHARE = 0.2  # of the largest part
_ANGLES = 180  # turns of two degrees, so axes are told apart by one
_RADII = 40
_RINGS = np.arange(_RADII, dtype=np.float32) + np.float32(0.5)  # area of a place, relative to the others


@dataclass(frozen=True, slots=True, kw_only=True)
class Geometry:
    """One piece's form, as its picture shows it.

    Attributes:
        aspect_ratio: Longer over shorter side of the smallest rectangle around the piece, at least 1.
        fill_share: Share of that rectangle that the piece covers, in (0, 1].
        symmetry: How well the piece lies over its mirror image, at the best of 180 axes through its centre of
            area: their overlap over their union, in [0, 1].
        hole_count: Places where the paper is seen through the piece, of ``LEAST_HOLE_SHARE`` and more.
        stone_count: Estimate of the coloured stones that are seen; None where it cannot tell: see
            ``vision.stone_blobs``.
        part_count: Parts that do not hang together, of a fifth of the largest and more: 2 for a pair of
            earrings that lie apart.
        object_width_px: Width of the upright bounding box around all of it, in pixels of the original.
        object_height_px: Its height.
        part_width_px: Width of the upright bounding box around its largest part, as one earring of a pair.
        part_height_px: Its height.
    """

    aspect_ratio: float
    fill_share: float
    symmetry: float
    hole_count: int
    stone_count: int | None
    part_count: int
    object_width_px: float
    object_height_px: float
    part_width_px: float
    part_height_px: float


def geometry(view: SmallView, size_px: tuple[int, int]) -> Geometry | None:
    """Return the geometry of the piece that a picture shows; None without a mask, or with an empty one.

    Args:
        view: The picture's small view.
        size_px: Width and height of the upright original.
    """
    if view.mask is None or view.background is None:
        return None
    found = _parts(without_shadow(view.mask, view.lab, view.background))
    if found is None:
        return None
    sides = _rectangle(found.points)
    left, top, width, height = cv2.boundingRect(found.points)
    _, _, part_width, part_height = cv2.boundingRect(found.largest)
    rows, columns = view.mask.shape
    across, down = size_px[0] / columns, size_px[1] / rows
    return Geometry(
        aspect_ratio=max(sides) / min(sides),
        fill_share=min(1.0, found.area / (sides[0] * sides[1])),
        symmetry=symmetry(found.mask[top : top + height, left : left + width]),
        hole_count=found.holes,
        stone_count=stone_count(view.lab, found.mask),
        part_count=found.count,
        object_width_px=width * across,
        object_height_px=height * down,
        part_width_px=part_width * across,
        part_height_px=part_height * down,
    )


def aspect_ratio(mask: NDArray[np.bool_]) -> float | None:
    """Return longer over shorter side of the smallest rectangle around a mask; None for an empty one."""
    found = _parts(mask)
    if found is None:
        return None
    sides = _rectangle(found.points)
    return max(sides) / min(sides)


def hole_count(mask: NDArray[np.bool_]) -> int:
    """Return how many holes a mask has, of ``LEAST_HOLE_SHARE`` of it and more."""
    found = _parts(mask)
    return 0 if found is None else found.holes


def symmetry(mask: NDArray[np.bool_]) -> float:
    """Return how well a mask lies over its mirror image at the best axis, in [0, 1]; 0 for an empty one.

    The axis of a figure that has one runs through its centre of area, so only those are tried.  In polar
    coordinates about it a reflection is a reversal and a shift: all axes come from one circular convolution,
    as in Derrode and Ghorbel, "Shape analysis and symmetry detection in gray-level objects using the
    analytical Fourier-Mellin representation" (Signal Processing 84, 2004).  Pixels at the mask's edge count
    in part, so overlap over union is Tanimoto's.

    Args:
        mask: Which pixels show the piece, shape ``(height, width)``.
    """
    shown = np.ascontiguousarray(mask).view(np.uint8)
    if (centre := _centre(shown)) is None:
        return 0.0
    height, width = mask.shape
    far_x, far_y = (max(at, side - 1 - at) for at, side in zip(centre, (width, height), strict=True))
    reach = math.hypot(far_x, far_y) + 1.0
    step = 2 * round(reach / _RADII / 2.0) + 1  # between two places of the polar picture, and odd
    soft = cv2.blur(shown * np.uint8(255), (step, step))
    flags = cv2.WARP_POLAR_LINEAR | cv2.WARP_FILL_OUTLIERS
    # Angles along the rows: what is transformed lies together.
    polar = np.ascontiguousarray(cv2.warpPolar(soft, (_RADII, _ANGLES), centre, reach, flags).T, np.float32)
    waves = np.fft.rfft(polar, axis=1)
    overlaps = np.fft.irfft(_RINGS @ np.square(waves), n=_ANGLES)
    overlap, whole = float(overlaps.max()), float(_RINGS @ np.einsum("ij,ij->i", polar, polar))
    return min(1.0, max(0.0, overlap / (2.0 * whole - overlap)))


def _centre(shown: NDArray[np.uint8]) -> tuple[float, float] | None:
    """Return column and row of the centre of area, in pixels; None for an empty mask."""
    down, across = (cv2.reduce(shown, axis, cv2.REDUCE_SUM, dtype=cv2.CV_32S).ravel() for axis in (1, 0))
    area = int(across.sum())
    if area == 0:
        return None
    return float(across @ np.arange(len(across)) / area), float(down @ np.arange(len(down)) / area)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    """The parts of a mask that belong to the piece.

    Attributes:
        points: Places around all of them, shape ``(n, 1, 2)``, as (column, row).
        largest: Those around the largest.
        mask: Their pixels.
        area: How many these are.
        count: How many parts are no mere bits.
        holes: How many holes are no mere gaps.
    """

    points: NDArray[np.int32]
    largest: NDArray[np.int32]
    mask: NDArray[np.bool_]
    area: float
    count: int
    holes: int


def _parts(mask: NDArray[np.bool_]) -> _Parts | None:
    closed = _without_gaps(mask)
    outlines, nesting = cv2.findContours(closed, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    if not outlines:
        return None
    parents = nesting[0, :, 3]
    polygons = np.array([cv2.contourArea(outline) for outline in outlines])
    steps = np.array([len(outline) for outline in outlines]) / 2.0
    # Pick's theorem: how many pixels lie inside an outline that runs through the middles of pixels.  A part's
    # own outline belongs to it; a hole's outline belongs to what is around the hole.
    pixels = np.where(parents < 0, polygons + steps + 1.0, np.maximum(polygons - steps + 1.0, 0.0))
    parts = parents < 0
    kept = parts & (pixels >= _LEAST_PART_SHARE * pixels[parts].max())
    holes = ~parts & kept[parents]
    whole = float(pixels[kept].sum())
    for outline in _chosen(outlines, parts & ~kept):
        left, top, width, height = cv2.boundingRect(outline)
        window = np.zeros((height, width), np.uint8)
        cv2.drawContours(window, [outline], 0, (1.0,), cv2.FILLED, offset=(-left, -top))
        closed[top : top + height, left : left + width] &= window ^ 1
    return _Parts(
        points=np.concatenate(_chosen(outlines, kept)).astype(np.int32),
        largest=outlines[int(np.argmax(np.where(parts, pixels, 0.0)))].astype(np.int32),
        mask=closed.view(np.bool_),
        area=float(np.count_nonzero(closed)),
        count=int((pixels[parts] >= _LEAST_OWN_PART_SHARE * pixels[parts].max()).sum()),
        holes=int((pixels[holes] >= LEAST_HOLE_SHARE * whole).sum()),
    )


def _chosen(outlines: Sequence[Any], which: NDArray[np.bool_]) -> list[Any]:
    return [outline for outline, is_chosen in zip(outlines, which, strict=True) if is_chosen]


def _without_gaps(mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Return a mask with its narrow gaps closed, as 0 and 1."""
    shown = np.ascontiguousarray(mask).view(np.uint8)
    left, top, width, height = cv2.boundingRect(shown)
    size = 2 * round(_GAP_SHARE * max(width, height) / 2.0) + 1
    closed = shown.copy()
    # At its edge OpenCV takes what lies beyond for filled when it erodes, so a frame's edge closes nothing.
    window = np.s_[max(0, top - size) : top + height + size, max(0, left - size) : left + width + size]
    closed[window] = cv2.morphologyEx(shown[window], cv2.MORPH_CLOSE, np.ones((size, size), np.uint8))
    return closed


def _rectangle(points: NDArray[np.int32]) -> tuple[float, float]:
    """Return the sides of the smallest rectangle around pixels, in pixels, at least 1 each."""
    _, (across, down), _ = cv2.minAreaRect(points)
    return across + 1.0, down + 1.0  # from the middles of pixels to their edges
