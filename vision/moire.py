"""The pattern that a photographed screen leaves: one fine ripple through the whole frame."""

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

_TILE_PX = 128
_TILES = 3  # along each side
_BLOCK_LINES = _TILE_PX // 8  # JPEG's blocks answer at multiples of this frequency
_TAPER = np.hanning(_TILE_PX).astype(np.float32)
_WINDOW = np.outer(_TAPER, _TAPER) * np.float32(
    2.0 / _TAPER.sum() ** 2
)  # makes a ripple's peak its amplitude
_LOWEST = 10  # cycles in a tile: what is coarser than a dozen pixels is the scene


def moire(tiles: NDArray[np.float32]) -> float:
    """Return the amplitude of the strongest fine ripple that tiles share, in the unit of ``tiles``.

    A ripple counts with its amplitude in the middling tile, so that a chain or a mesh strap, which fills some
    of them, counts for nothing, and with what it stands above the frequencies around it, so that noise does
    not count either.  JPEG's block frequencies are left out.  A woven cloth that fills the frame does ripple.

    Args:
        tiles: Lightness in original pixels, shape ``(tiles, 128, 128)``; no tiles give 0.
    """
    if not len(tiles):
        return 0.0
    level = (tiles - tiles.mean(axis=(1, 2), keepdims=True)) * _WINDOW
    amplitude = np.stack([_amplitude(tile) for tile in level])
    middle = len(amplitude) // 2
    shared = np.partition(amplitude, middle, axis=0)[middle]
    # Columns beyond the last frequency mirror it; rows go round.
    around = cv2.medianBlur(np.pad(shared, ((2, 2), (0, 0)), mode="wrap"), 5)[2:-2]
    above = (shared - around)[_FINE]
    return max(0.0, float(above.max()))


def _amplitude(tile: NDArray[np.float32]) -> NDArray[np.float32]:
    found = cv2.dft(tile, flags=cv2.DFT_COMPLEX_OUTPUT)[:, : _TILE_PX // 2 + 1]
    return np.asarray(cv2.magnitude(found[..., 0], found[..., 1]), dtype=np.float32)


def spread_tiles(image: Image.Image) -> NDArray[np.float32]:
    """Return tiles of a picture's lightness in its own pixels, spread evenly over the frame.

    Shape ``(9, 128, 128)``; no tiles of a picture that is smaller than one.
    """
    width, height = image.size
    if min(width, height) < _TILE_PX:
        return np.empty((0, _TILE_PX, _TILE_PX), dtype=np.float32)
    lefts, tops = (np.linspace(0, size - _TILE_PX, _TILES).astype(int) for size in (width, height))
    boxes = [(left, top, left + _TILE_PX, top + _TILE_PX) for top in tops.tolist() for left in lefts.tolist()]
    return np.stack([np.asarray(image.crop(box).convert("L"), dtype=np.float32) for box in boxes])


def _fine_frequencies() -> NDArray[np.bool_]:
    rows = np.abs(np.fft.fftfreq(_TILE_PX, 1.0 / _TILE_PX))[:, None]
    columns = np.fft.rfftfreq(_TILE_PX, 1.0 / _TILE_PX)[None, :]
    is_fine = np.hypot(rows, columns) >= _LOWEST

    def on_block_line(one: NDArray[np.floating]) -> NDArray[np.bool_]:
        away = one % _BLOCK_LINES
        near: NDArray[np.bool_] = np.minimum(away, _BLOCK_LINES - away) <= 1
        return near

    found: NDArray[np.bool_] = is_fine & ~(on_block_line(rows) & on_block_line(columns))
    return found


_FINE = _fine_frequencies()
