"""A picture in twice 64 bits, few of which change when the same photograph is re-encoded, resized or padded.

Hashes only propose: thin pieces on white paper look alike to them.  What they propose is confirmed by
``vision.photograph_comparison``.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.small_view import SmallView

PERCEPTUAL_HASH_VERSION = "1"
"""Raise it with anything here that moves a bit."""

_SIDE_PX = 32
_TERMS = 8
MIRROR_BITS = int("10101010" * _TERMS, 2)
"""What a mirror changes, the bits of odd horizontal frequencies: ``hash ^ MIRROR_BITS`` is its hash."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PerceptualHashes:
    """Two hashes, unsigned numbers of 64 bits: each survives what the other does not.

    ``piece`` is of the piece's bounding box and does not see paddings and borders; ``frame`` is of the whole
    picture and hardly sees a line of text beside the piece, which widens the box.  They are equal where the
    background is not plain.
    """

    piece: int
    frame: int


def perceptual_hashes(view: SmallView) -> PerceptualHashes:
    """Return the hashes of an upright picture.

    The DCT hash (Zauner, "Implementation and Benchmarking of Perceptual Image Hash Functions", 2010): which
    of the 64 lowest frequencies of a grey 32 × 32 thumbnail are positive.  Against zero and not against their
    median, so that the hash of the mirror image follows from it.
    """
    lightness = view.lab[..., 0]
    rows, columns = piece_window(view.mask, lightness.shape)
    return PerceptualHashes(piece=_hash(lightness[rows, columns]), frame=_hash(lightness))


def piece_window(mask: NDArray[np.bool_] | None, shape: tuple[int, ...]) -> tuple[slice, slice]:
    """Return rows and columns of the piece's bounding box; of the whole frame where no piece is known.

    Args:
        mask: Which pixels show the piece, shape ``(height, width)``, or None.
        shape: ``(height, width)`` of the frame.
    """
    if mask is None or not mask.any():
        return slice(0, shape[0]), slice(0, shape[1])
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def _hash(lightness: NDArray[np.float32]) -> int:
    small = cv2.resize(lightness, (_SIDE_PX, _SIDE_PX), interpolation=cv2.INTER_AREA)
    # Without the mean's row and column: they say how bright the picture is and where, and all studios agree.
    low = cv2.dct(small.astype(np.float32))[1 : _TERMS + 1, 1 : _TERMS + 1]
    return int.from_bytes(np.packbits(low.ravel() > 0.0).tobytes())
