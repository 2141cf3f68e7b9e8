"""The channel ``shape``: silhouette and contour, whatever the size, place and turn in the plane.

Seven descriptions of the mask, none of which changes with size, place or turn: moments, fullness of rings and
the outline's Fourier magnitudes (``vision.descriptors``); magnitudes of the angular Fourier terms of 16 rings
of the silhouette and of its edge (a Fourier–Mellin signature: Derrode and Ghorbel, "Robust and efficient
Fourier–Mellin transform approximations for gray-level image reconstruction and complete invariant
description", 2001); how thick the piece is; and how many parts and holes it has, how long and how convex it
is.  A linear discriminant (Fisher's, with a ridge) then keeps the 32 directions that tell designs apart and
drops those that tell two photographs of one design apart.  It was fitted on the tuning houses by
``python -m encoder_training channel-shape`` and lies beside this file.

Without a mask a picture has no shape.
"""

import math
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import safetensors.numpy
from numpy.typing import NDArray

from storage.objects import sha256_hex
from vision.channels.histograms import root_shares, shared_counts, unit
from vision.descriptors import centred, silhouette_parts

VERSION = "1"
PROJECTION = Path(__file__).parent / "shape_projection.safetensors"

_RINGS = 16
_ORDERS = 8
_ANGLES = 128
_THICKNESSES = 13
_THINNEST = -6.5  # log2 of a half-thickness as a share of the radius
_LEAST_PART_SHARE = 0.03
_LEAST_HOLE_SHARE = 0.005


@dataclass(frozen=True, slots=True, kw_only=True)
class ShapeProjection:
    """Which directions of the descriptions are kept.

    Attributes:
        mean: What is typical of all pieces, shape ``(described,)``.
        directions: Shape ``(described, dimension)``.
        digest: Of its file: part of the channel's id.
    """

    mean: NDArray[np.float32]
    directions: NDArray[np.float32]
    digest: str

    @property
    def dimension(self) -> int:
        """Return the length of the channel's vectors."""
        return int(self.directions.shape[1])


@cache
def shipped_projection() -> ShapeProjection:
    """Return the projection that lies beside this file."""
    data = PROJECTION.read_bytes()
    tensors = safetensors.numpy.load(data)
    return ShapeProjection(mean=tensors["mean"], directions=tensors["directions"], digest=sha256_hex(data))


def shape_vector(mask: NDArray[np.bool_] | None) -> NDArray[np.float32] | None:
    """Return the silhouette as a unit vector; None without a mask.

    Args:
        mask: Which pixels show the piece, shape ``(height, width)``.
    """
    if mask is None or not mask.any():
        return None
    projection = shipped_projection()
    kept = (described_shape(mask) - projection.mean) @ projection.directions
    length = float(np.linalg.norm(kept))
    return (kept / length).astype(np.float32) if length > 0.0 else None


def described_shape(mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the seven descriptions of a mask with at least one pixel, each of length 1, in a row."""
    canvas = centred(mask)
    across, down = cv2.Sobel(canvas, cv2.CV_32F, 1, 0), cv2.Sobel(canvas, cv2.CV_32F, 0, 1)
    edge = np.hypot(across, down)
    parts = (
        *silhouette_parts(canvas),
        np.sqrt(_ring_spectra(canvas)),
        np.sqrt(_ring_spectra(edge)),
        root_shares(_thicknesses(mask)),
        np.sqrt(_topology(mask)),
    )
    return np.concatenate([unit(part) for part in parts])


def _ring_spectra(canvas: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return magnitudes of the first angular Fourier terms of every ring, larger rings counting for more."""
    side = canvas.shape[0]
    middle = (side - 1) / 2.0
    rings = cv2.warpPolar(
        canvas, (2 * _RINGS, _ANGLES), (middle, middle), side / 2.0, cv2.INTER_LINEAR
    ).T.reshape(_RINGS, 2, _ANGLES)
    spectra = np.abs(np.fft.rfft(rings.mean(axis=1), axis=1))[:, : _ORDERS + 1] / _ANGLES
    spectra[:, 1:] *= 2.0
    weighted: NDArray[np.float64] = spectra * np.sqrt(np.arange(_RINGS) + 0.5)[:, None]
    return weighted.ravel()


def _thicknesses(mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Count pixels by their distance from the edge, as a share of the piece's radius."""
    rows, columns = np.nonzero(mask)
    radius = float(np.hypot(rows - rows.mean(), columns - columns.mean()).max()) + 1.0
    # A pixel of paper all round: a piece that is cut by the frame has an edge there.
    inside = cv2.distanceTransform(np.pad(mask, 1).astype(np.uint8), cv2.DIST_L2, 5)[1:-1, 1:-1]
    depth = np.log2(inside[mask] / radius + 2.0**-7)
    return shared_counts(depth, _THINNEST, 0.0, _THICKNESSES)


def _topology(mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return parts, holes, length and convexity as weights of neighbouring bins."""
    padded = np.pad(mask, 1)
    area = np.count_nonzero(mask)
    _, _, parts, _ = cv2.connectedComponentsWithStats(padded.astype(np.uint8), connectivity=8)
    part_count = np.count_nonzero(parts[1:, cv2.CC_STAT_AREA] > _LEAST_PART_SHARE * area)
    _, _, grounds, _ = cv2.connectedComponentsWithStats((~padded).astype(np.uint8), connectivity=4)
    hole_count = np.count_nonzero(grounds[1:, cv2.CC_STAT_AREA] > _LEAST_HOLE_SHARE * area) - 1
    rows, columns = np.nonzero(mask)
    points = np.column_stack((columns, rows)).astype(np.int32)
    spread = np.linalg.eigvalsh(np.cov(points.T)).tolist() if area > 1 else [1.0, 1.0]
    length = math.sqrt(max(spread[0], 0.0) / spread[1]) if spread[1] > 0.0 else 1.0
    hull = max(float(cv2.contourArea(cv2.convexHull(points))), 1.0)
    return np.concatenate(
        [
            _placed(float(part_count), 1.0, 4.0, 4),
            _placed(float(max(int(hole_count), 0)), 0.0, 4.0, 5),
            _placed(length, 0.0, 1.0, 8),
            _placed(area / hull, 0.0, 1.05, 8),
        ]
    )


def _placed(value: float, low: float, high: float, places: int) -> NDArray[np.float64]:
    """Return a value as weights of the two nearest of evenly spaced places."""
    at = min(max((value - low) / (high - low), 0.0), 1.0) * (places - 1)
    weights: NDArray[np.float64] = np.clip(1.0 - np.abs(np.arange(places) - at), 0.0, 1.0)
    return weights
