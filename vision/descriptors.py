"""Classical descriptors of colour and shape, to be fused with an encoder's vectors.

A small encoder that was trained on renders knows what a ring is and is easily led astray by real light; a
histogram of colours and a silhouette know less and are not.  All vectors are unit vectors, so that an inner
product of two is a similarity; a vector of zeros says that there was nothing to describe.
"""

import math
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.colour import srgb_to_lab
from vision.foreground import foreground_mask

_HUES = 12
_CHROMA_LEVELS = (8.0, 30.0)
_LIGHTNESS_BINS = 6
_DEGREES = 360.0

_MOMENT_DEGREES = np.array([1.0, 2.0, 2.0, 2.0, 4.0, 3.0, 4.0])
_RADIAL_RINGS = 16
_FOURIER_TERMS = 12
_CONTOUR_POINTS = 128
_CANVAS_PX = 64
_GRID = 4
_ORIENTATIONS = 8


def descriptor_mask(rgb: NDArray[np.uint8]) -> NDArray[np.bool_] | None:
    """Return which pixels show the piece, shape ``(height, width)``; None where the background is not plain.

    Args:
        rgb: sRGB pixels, shape ``(height, width, 3)``, reduced to some hundred pixels.
    """
    mask = foreground_mask(srgb_to_lab(rgb))
    return mask if mask is not None and mask.any() else None


def colour_descriptor(rgb: NDArray[np.uint8], mask: NDArray[np.bool_] | None) -> NDArray[np.float32]:
    """Return the colours of the piece as a unit vector of 30 numbers.

    A histogram over CIE L*a*b*: hue in 12 bins at two levels of chroma, and lightness in 6 bins for what has
    no hue; hues and lightnesses are shared between neighbouring bins, so that a small change of light changes
    little.  Square roots of shares are stored: the inner product is then the Bhattacharyya coefficient, and
    its distance Hellinger's (Arandjelović and Zisserman, "Three things everyone should know to improve object
    retrieval", 2012).

    Args:
        rgb: sRGB pixels, shape ``(height, width, 3)``.
        mask: Which pixels to describe, shape ``(height, width)``; None for all of them.
    """
    shown = rgb.reshape(-1, 3) if mask is None else rgb[mask]
    if not len(shown):
        return np.zeros(2 * _HUES + _LIGHTNESS_BINS, dtype=np.float32)
    lab = srgb_to_lab(shown[None])[0]
    chroma = np.hypot(lab[:, 1], lab[:, 2])
    # How much a pixel counts as grey, as pale and as strong in colour; the three add up to one.
    coloured = np.clip(chroma / _CHROMA_LEVELS[0] - 0.5, 0.0, 1.0)
    strong = coloured * np.clip(chroma / _CHROMA_LEVELS[1] - 0.5, 0.0, 1.0)
    hue = np.degrees(np.arctan2(lab[:, 2], lab[:, 1])) % _DEGREES
    at_hue = hue * (_HUES / _DEGREES) - 0.5
    at_lightness = np.clip(lab[:, 0] * (_LIGHTNESS_BINS / 100.0) - 0.5, 0.0, _LIGHTNESS_BINS - 1.0)
    counts = np.concatenate(
        (
            _shared_histogram(at_hue, coloured - strong, _HUES),
            _shared_histogram(at_hue, strong, _HUES),
            _shared_histogram(at_lightness, 1.0 - coloured, _LIGHTNESS_BINS),
        )
    )
    shares: NDArray[np.float64] = counts / counts.sum()
    return np.sqrt(shares).astype(np.float32)


def shape_descriptor(mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return the silhouette of the piece as a unit vector of 164 numbers.

    Four parts of equal weight.  Three do not change with place, size or a turn in the plane: seven moments
    (Hu, "Visual pattern recognition by moment invariants", 1962, their roots), how full each of 16
    rings round the centre is, with its holes, and the magnitudes of 12 Fourier coefficients of the outline
    (Zhang and Lu, "A comparative study of Fourier descriptors for shape representation and retrieval", 2002).
    The fourth changes with a turn, as pieces are shown upright: orientations of the edge in 4 × 4 cells of a
    square around the piece (Dalal and Triggs, "Histograms of oriented gradients for human detection", 2005).

    Args:
        mask: Which pixels show the piece, shape ``(height, width)``.
    """
    length = 7 + _RADIAL_RINGS + _FOURIER_TERMS + _GRID * _GRID * _ORIENTATIONS + 1
    if not mask.any():
        return np.zeros(length, dtype=np.float32)
    canvas = centred(mask)
    parts = (*silhouette_parts(canvas), _edge_grid(canvas))
    return _unit(np.concatenate([_unit(part) for part in parts])).astype(np.float32)


def silhouette_parts(
    canvas: NDArray[np.float32],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return the three parts of ``shape_descriptor`` that no turn changes: moments, rings and outline.

    Args:
        canvas: A piece as ``centred`` returns it.
    """
    return _moments(canvas), _radial_profile(canvas), _outline(canvas)


def fused_similarity(
    query: Mapping[str, NDArray[np.float32]],
    gallery: Mapping[str, NDArray[np.float32]],
    weights: Mapping[str, float],
) -> NDArray[np.float32]:
    """Return weighted sums of cosines, shape ``(queries, gallery)``.

    Where a picture has no descriptor of a kind (a row of zeros), that kind says nothing about it, and the
    other kinds count for more.

    Args:
        query: Rows of unit vectors by kind, such as ``{"encoder": …, "colour": …, "shape": …}``.
        gallery: The same kinds.
        weights: Weight of each kind to be used, positive.

    Raises:
        ValueError: If a weighted kind is missing, or no weight is positive.
    """
    if missing := [kind for kind in weights if kind not in query or kind not in gallery]:
        message = (
            f"there are no vectors of kind {', '.join(missing)}: describe both sides, or drop the weight"
        )
        raise ValueError(message)
    if not weights or min(weights.values()) < 0.0 or max(weights.values()) == 0.0:
        message = f"weights are {dict(weights)}: they must not be negative, and one must be positive"
        raise ValueError(message)
    shape = len(next(iter(query.values()))), len(next(iter(gallery.values())))
    total = np.zeros(shape, dtype=np.float32)
    weight_sum = np.zeros(shape, dtype=np.float32)
    for kind, weight in weights.items():
        one, other = query[kind], gallery[kind]
        total += np.float32(weight) * (one @ other.T)
        says = np.outer(np.any(one != 0.0, axis=1), np.any(other != 0.0, axis=1))
        weight_sum += np.float32(weight) * says
    return np.divide(total, weight_sum, out=np.zeros_like(total), where=weight_sum > 0.0)


def _shared_histogram(
    at: NDArray[np.floating[Any]], weight: NDArray[np.floating[Any]], bins: int
) -> NDArray[np.float64]:
    """Count values between bin centres to both neighbours; what lies beyond the last goes to the first."""
    below = np.floor(at).astype(np.int64)
    above_share = at - below
    places = np.concatenate((below % bins, (below + 1) % bins))
    shares = np.concatenate((weight * (1.0 - above_share), weight * above_share))
    return np.bincount(places, shares, minlength=bins).astype(np.float64)


def _unit(vector: NDArray[np.float64]) -> NDArray[np.float64]:
    length = float(np.linalg.norm(vector))
    return vector / length if length > 0.0 else vector


def centred(mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return the piece with its centre of area in the middle of a square that it just fits when turned.

    Args:
        mask: Which pixels show the piece, at least one, shape ``(height, width)``.

    Returns:
        How much of each pixel is the piece, in [0, 1], shape ``(64, 64)``.
    """
    rows, columns = np.nonzero(mask)
    centre_x, centre_y = columns.mean(), rows.mean()
    radius = max(float(np.hypot(columns - centre_x, rows - centre_y).max()), 0.5) + 0.5
    scale = (_CANVAS_PX / 2.0 - 1.0) / radius
    middle = (_CANVAS_PX - 1) / 2.0
    matrix = np.array([[scale, 0.0, middle - scale * centre_x], [0.0, scale, middle - scale * centre_y]])
    # Warping takes single samples: average first what lies between them.
    image = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), max(0.3, 0.5 / scale))
    return cv2.warpAffine(image, matrix, (_CANVAS_PX, _CANVAS_PX), flags=cv2.INTER_LINEAR).astype(np.float32)


def _moments(canvas: NDArray[np.float32]) -> NDArray[np.float64]:
    moments = np.abs(cv2.HuMoments(cv2.moments(canvas)).ravel().astype(np.float64))
    # Each is a product of so many central moments; its root is of one order of magnitude with the others.
    # The last one's sign, lost here, only tells mirror images apart.
    roots: NDArray[np.float64] = np.power(moments, 1.0 / _MOMENT_DEGREES)
    return roots


def _radial_profile(canvas: NDArray[np.float32]) -> NDArray[np.float64]:
    rings, sizes = _rings()
    return np.bincount(rings, canvas.ravel(), minlength=_RADIAL_RINGS + 1)[:_RADIAL_RINGS] / sizes


@lru_cache(maxsize=1)
def _rings() -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    middle = (_CANVAS_PX - 1) / 2.0
    rows, columns = np.mgrid[0:_CANVAS_PX, 0:_CANVAS_PX]
    radius = np.hypot(rows - middle, columns - middle) / (_CANVAS_PX / 2.0)
    rings = np.minimum((radius * _RADIAL_RINGS).astype(np.int64), _RADIAL_RINGS).ravel()
    return rings, np.bincount(rings, minlength=_RADIAL_RINGS + 1)[:_RADIAL_RINGS].astype(np.float64)


def _outline(canvas: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return magnitudes of the outline's low Fourier coefficients, and how much of it is in one piece."""
    outlines, _ = cv2.findContours((canvas > 0.3).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    longest = max(outlines, key=len, default=None)
    if longest is None or len(longest) < 3:
        return np.zeros(_FOURIER_TERMS + 1)
    points = longest[:, 0, :].astype(np.float64)
    closed = np.vstack((points, points[:1]))
    travelled = np.concatenate(([0.0], np.cumsum(np.hypot(*np.diff(closed, axis=0).T))))
    at = np.linspace(0.0, travelled[-1], _CONTOUR_POINTS, endpoint=False)
    outline = np.interp(at, travelled, closed[:, 0]) + 1j * np.interp(at, travelled, closed[:, 1])
    spectrum = np.abs(np.fft.fft(outline - outline.mean()))
    # The first coefficient is the size, in whichever direction the outline was followed.
    half = _FOURIER_TERMS // 2
    size = max(spectrum[1], spectrum[-1])
    if spectrum[-1] > spectrum[1]:
        spectrum = np.roll(spectrum[::-1], 1)
    low = np.concatenate((spectrum[2 : 2 + half], spectrum[-1 : -1 - half : -1])) / size
    share = len(longest) / sum(len(outline) for outline in outlines)
    return np.append(low, share)


def _edge_grid(canvas: NDArray[np.float32]) -> NDArray[np.float64]:
    smooth = cv2.GaussianBlur(canvas, (5, 5), 1.0)
    across, down = cv2.Sobel(smooth, cv2.CV_32F, 1, 0), cv2.Sobel(smooth, cv2.CV_32F, 0, 1)
    strength = np.hypot(across, down)
    # An edge and its opposite side count alike: only the direction of the line matters.
    at = (np.arctan2(down, across) % math.pi) * (_ORIENTATIONS / math.pi)
    cell = _CANVAS_PX // _GRID
    grid = np.concatenate(
        [
            _shared_histogram(
                at[row : row + cell, column : column + cell].ravel(),
                strength[row : row + cell, column : column + cell].ravel(),
                _ORIENTATIONS,
            )
            for row in range(0, _CANVAS_PX, cell)
            for column in range(0, _CANVAS_PX, cell)
        ]
    )
    roots: NDArray[np.float64] = np.sqrt(grid)
    return roots
