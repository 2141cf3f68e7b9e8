"""How far from neutral the light of a photograph is."""

import numpy as np
from numpy.typing import NDArray

from vision.foreground import border_mask

_LIT = 50.0  # L* below which a tint hardly shows: the same light is half as far from grey on a black thing
_LEAST_LIT = 50  # pixels of the piece that must say so
_LEAST_TINTED_SHARE = 0.1


def border_cast(lab: NDArray[np.float32], mask: NDArray[np.bool_]) -> float:
    """Return the distance from grey, in a*b*, that a plain background and the piece on it have in common.

    A coloured light tints all there is, a coloured cloth only itself: the background's tint counts as far as
    even the least tinted tenth of the piece's lit pixels shows it.  Where nothing of a piece is lit, the
    background's word is taken.

    Args:
        lab: CIE L*a*b*, shape ``(height, width, 3)``.
        mask: Which pixels show the piece, shape ``(height, width)``.
    """
    border = border_mask(*mask.shape)
    paper = border & ~mask
    a_star, b_star = np.median(lab[paper if paper.any() else border][:, 1:], axis=0)
    tint = float(np.hypot(a_star, b_star))
    piece = lab[mask]
    lit = piece[piece[:, 0] >= _LIT]
    if tint == 0.0 or len(lit) < _LEAST_LIT:
        return tint
    along = (lit[:, 1] * a_star + lit[:, 2] * b_star) / tint
    return min(tint, max(0.0, float(np.quantile(along, _LEAST_TINTED_SHARE))))


def brightest_cast(lab: NDArray[np.float32]) -> float:
    """Return the distance from grey of a frame's brightest quarter, a guess at what is neutral in it."""
    lightness = lab[..., 0]
    a_star, b_star = np.median(lab[lightness >= np.quantile(lightness, 0.75)][:, 1:], axis=0)
    return float(np.hypot(a_star, b_star))
