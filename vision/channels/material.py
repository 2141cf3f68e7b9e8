"""The channel ``material``: what the surface is like, from its texture and from the encoder's words.

Texture, inside the mask: local energy at four scales, how lightness is spread, how much of it runs in one
direction (the structure tensor's coherence), share and sizes of the highlights, and the hues of what is pale
enough to be metal.  Words: the encoder's shares of metals and of finishes (``vision.channels.prompt_axes``,
``vocabulary/material.yaml``).  The parts are weighted as chosen on the tuning houses of
docs/channels.md.

Without a mask the middle of the frame is described; for an encoder that knows none of the words, or a picture
without its vector, texture alone.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.channels.histograms import Floats, root_shares, shared_counts, shared_round_counts, unit
from vision.channels.looking import mask_or_middle
from vision.channels.prompt_axes import PromptAxes
from vision.colour import srgb_to_lab

VERSION = "1"
VOCABULARY = "material"
METAL, FINISH = "metal", "finish"
TEXTURE_DIMENSION = 102

_WORD_WEIGHT = 1.0  # of the squared length, for metals as for finishes
_TEXTURE_WEIGHT = 0.5
_SCALES_PX = (0.8, 1.6, 3.2, 6.4)
_ENERGIES = 8
_LIGHTNESSES = 12
_COHERENCES = 8
_TENSOR_PX = 2.0
_HIGHLIGHT_ABOVE_MEDIAN = 25.0  # L*
_HIGHLIGHT_CHROMA = 30.0
_HIGHLIGHT_BINS = 6
_HUES = 24
_HUELESS_CHROMA = (4.0, 12.0)  # from where on a pixel has a hue at all, and has one wholly
_METAL_CHROMA = 40.0
_LEAST_INNER_PX = 30


def material_vector(
    pixels: NDArray[np.uint8],
    mask: NDArray[np.bool_] | None,
    visual: NDArray[np.float32] | None,
    metals: PromptAxes,
    finishes: PromptAxes,
) -> NDArray[np.float32]:
    """Return the surface as a unit vector of metals, finishes and texture.

    Args:
        pixels: sRGB, shape ``(height, width, 3)``.
        mask: Which pixels show the piece, shape ``(height, width)``; None for the middle of the frame.
        visual: The encoder's unit vector of the picture, None where it has none.
        metals: The encoder's axes of metals.
        finishes: Its axes of finishes.
    """
    parts = [np.sqrt(_TEXTURE_WEIGHT) * texture(pixels, mask)]
    for axes in (metals, finishes):
        said = None if visual is None else axes.roots_of_shares(visual)
        parts.append(np.zeros(axes.axis_count) if said is None else np.sqrt(_WORD_WEIGHT) * said)
    return unit(np.concatenate(parts)).astype(np.float32)


def texture(pixels: NDArray[np.uint8], mask: NDArray[np.bool_] | None) -> NDArray[np.float64]:
    """Return the surface's texture, highlights and metal hues, shape ``(TEXTURE_DIMENSION,)``."""
    solid = mask_or_middle(mask, *pixels.shape[:2])
    rows, columns = np.nonzero(solid)
    window = slice(rows.min(), rows.max() + 1), slice(columns.min(), columns.max() + 1)
    piece = solid[window]
    lab = srgb_to_lab(np.ascontiguousarray(pixels[window]))
    lightness, chroma = lab[..., 0], np.hypot(lab[..., 1], lab[..., 2])
    inner = _inner(piece)
    median = float(np.median(lightness[inner]))
    highlights = inner & (lightness > median + _HIGHLIGHT_ABOVE_MEDIAN) & (chroma < _HIGHLIGHT_CHROMA)
    hue = np.degrees(np.arctan2(lab[..., 2], lab[..., 1])) % 360.0
    parts = {
        "energy": (1.0, _energies(lightness, piece, inner)),
        "lightness": (0.5, root_shares(shared_counts(lightness[inner], 0.0, 100.0, _LIGHTNESSES))),
        "contrast": (
            0.5,
            root_shares(shared_counts(lightness[inner] - median, -50.0, 50.0, _LIGHTNESSES)),
        ),
        "coherence": (0.5, _coherence(lightness, piece, inner)),
        "highlights": (0.5, _highlights(highlights, int(np.count_nonzero(inner)))),
        "metal_hue": (1.0, _metal_hues(hue[inner], chroma[inner])),
    }
    return unit(np.concatenate([np.sqrt(weight) * unit(part) for weight, part in parts.values()]))


def _inner(piece: NDArray[np.bool_]) -> NDArray[np.bool_]:
    eroded = cv2.erode(
        piece.astype(np.uint8), np.ones((3, 3), np.uint8), borderType=cv2.BORDER_CONSTANT, borderValue=0
    ).astype(np.bool_)
    return eroded if np.count_nonzero(eroded) >= _LEAST_INNER_PX else piece


def _energies(
    lightness: NDArray[np.float32], piece: NDArray[np.bool_], inner: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Return how much lightness differs between neighbouring scales, without what lies outside the piece."""
    weight = piece.astype(np.float32)
    finer: Floats = lightness
    found = []
    for scale in _SCALES_PX:
        total = cv2.GaussianBlur(weight, (0, 0), scale)
        coarser = cv2.GaussianBlur(lightness * weight, (0, 0), scale) / np.maximum(total, 1e-3)
        energy = np.log2(np.abs(finer - coarser)[inner] + 0.25)
        found.append(root_shares(shared_counts(energy, -2.0, 5.0, _ENERGIES)))
        finer = coarser
    return np.concatenate(found)


def _coherence(
    lightness: NDArray[np.float32], piece: NDArray[np.bool_], inner: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Return how far gradients nearby run in one direction: brushed surfaces against hammered ones."""
    across, down = cv2.Sobel(lightness, cv2.CV_32F, 1, 0), cv2.Sobel(lightness, cv2.CV_32F, 0, 1)
    weight = piece.astype(np.float32)
    xx, yy, xy = (
        cv2.GaussianBlur(product * weight, (0, 0), _TENSOR_PX)
        for product in (across * across, down * down, across * down)
    )
    coherence = np.sqrt(np.square(xx - yy) + 4.0 * np.square(xy)) / np.maximum(xx + yy, 1e-3)
    return root_shares(shared_counts(coherence[inner], 0.0, 1.0, _COHERENCES))


def _highlights(shown: NDArray[np.bool_], area: int) -> NDArray[np.float64]:
    """Return the highlights' share of the piece, and how their pixels are spread over sizes."""
    share = np.log2(np.array([np.count_nonzero(shown) / area + 2.0**-8]))
    _, _, stats, _ = cv2.connectedComponentsWithStats(shown.astype(np.uint8), connectivity=8)
    sizes = stats[1:, cv2.CC_STAT_AREA].astype(np.float64)
    return np.concatenate(
        [
            root_shares(shared_counts(share, -8.0, -1.0, _HIGHLIGHT_BINS)),
            root_shares(shared_counts(np.log2(sizes), 0.0, 8.0, _HIGHLIGHT_BINS, sizes)),
        ]
    )


def _metal_hues(hue: Floats, chroma: Floats) -> NDArray[np.float64]:
    """Return the hues of what is pale enough to be metal, then the shares without hue and too strong."""
    low, high = _HUELESS_CHROMA
    coloured = np.clip((chroma - low) / (high - low), 0.0, 1.0)
    is_pale = chroma < _METAL_CHROMA
    hues = shared_round_counts(hue, _HUES, coloured * is_pale)
    rest = np.array([(1.0 - coloured).sum(), (coloured * ~is_pale).sum()])
    return root_shares(np.concatenate([hues, rest]))
