"""Writing laid over a photograph: prices, sizes, article numbers, a shop's watermark.

Writing is what stands in lines: strokes of one ink, thinner than letters are tall, alike in height, on one
base line, on ground that is even around every letter.  Links of a chain, pearls and pavé are lines of small
things as well; they touch each other or repeat one shape, shade from light to dark, and lie in curves.
Whatever is engraved or cut as a letter lies within the piece and is passed over.
"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

WRITING_SIDE_PX = 640  # the longest side that writing is looked for at

_STROKE_PX = 11  # a closing of this size fills strokes of letters and leaves wider things
_LEAST_INK = 22.0  # grey levels between a stroke and what lies around it
# Light writing cannot be read on light paper, nor dark writing on dark: half of the looking is saved.
_LIGHT_PAPER = 190.0
_DARK_PAPER = 65.0
_LETTER_HEIGHT_PX = (5, 60)
_LEAST_LETTERS = 4
_MOST_SPECKS = 900  # more small things than that are a fabric or a leaf, and no page of a catalogue
_LEAST_WRITTEN = 0.3  # of the marks on even ground; the grain of a cloth falls in lines by chance
_SLANTS = np.linspace(-0.5, 0.5, 21, dtype=np.float32)
_LEAST_INKED = 0.0003  # of the frame: four small letters
_MOST_INKED = 0.25  # of the frame; a page of print stays below, fur and gravel do not
_RIM_PX = 3
_EVEN_GROUND = 7.0  # standard deviation of grey levels around a letter


@dataclass(frozen=True, slots=True)
class _Letters:
    """What may be letters, one row each: left, top, width and height in pixels, area, and mean ink."""

    left: NDArray[np.float32]
    top: NDArray[np.float32]
    width: NDArray[np.float32]
    height: NDArray[np.float32]
    area: NDArray[np.float32]
    ink: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.left)

    def chosen(self, which: NDArray[np.bool_] | NDArray[np.intp]) -> "_Letters":
        return _Letters(
            self.left[which],
            self.top[which],
            self.width[which],
            self.height[which],
            self.area[which],
            self.ink[which],
        )


def overlay_text_share(grey: NDArray[np.uint8], piece: NDArray[np.bool_] | None = None) -> float:
    """Return the share of the frame that lines of writing cover, in [0, 1].

    A line counts with the hull around its letters.  It runs across, at most slanted by a half; a line of
    fewer than four letters is not found, nor is one whose letters stand on texture.

    Args:
        grey: Lightness in grey levels, shape ``(height, width)``, its longest side reduced to
            ``WRITING_SIDE_PX``.
        piece: Where the piece is, as ``vision.foreground.piece_within`` says, of any size; what is written
            there belongs to it.
    """
    covered = np.zeros(grey.shape, dtype=np.uint8)
    kernel = np.ones((_STROKE_PX, _STROKE_PX), dtype=np.uint8)
    beside = None if piece is None else _beside(piece, grey.shape)
    paper = float(np.median(grey[::8, ::8]))
    for operation, can_be_read in (
        (cv2.MORPH_BLACKHAT, paper > _DARK_PAPER),
        (cv2.MORPH_TOPHAT, paper < _LIGHT_PAPER),
    ):
        if not can_be_read:
            continue
        ink = np.asarray(cv2.morphologyEx(grey, operation, kernel), dtype=np.uint8)
        letters = _letters(grey, ink if beside is None else ink * beside)
        lines = _lines(letters)
        if sum(map(len, lines)) >= _LEAST_WRITTEN * len(letters):
            for line in lines:
                cv2.fillConvexPoly(covered, _hull(line), 1)
    return float(covered.mean())


def _beside(piece: NDArray[np.bool_], shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Return 1 where the piece is not, and not its outline either."""
    rows, columns = shape
    kept = cv2.resize(piece.astype(np.uint8), (columns, rows), interpolation=cv2.INTER_NEAREST)
    around = np.ones((_STROKE_PX, _STROKE_PX), dtype=np.uint8)
    return np.asarray(1 - cv2.dilate(kept, around), dtype=np.uint8)


def _hull(line: _Letters) -> NDArray[np.int32]:
    right, bottom = line.left + line.width - 1, line.top + line.height - 1
    corners = [np.column_stack((x, y)) for x in (line.left, right) for y in (line.top, bottom)]
    return np.asarray(cv2.convexHull(np.concatenate(corners).astype(np.int32)), dtype=np.int32)


def _letters(grey: NDArray[np.uint8], ink: NDArray[np.uint8]) -> _Letters:
    """Return the small marks of ``ink`` that stand on even ground."""
    marks = np.asarray(ink > _LEAST_INK, dtype=np.uint8)
    if not _LEAST_INKED <= float(marks.mean()) <= _MOST_INKED:
        return _Letters(*(np.empty(0, dtype=np.float32) for _ in range(6)))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(marks, connectivity=8)
    left, top, width, height, area = (stats[:, place].astype(np.int64) for place in range(5))
    low, high = _LETTER_HEIGHT_PX
    small = (np.maximum(width, height) <= high) & (np.maximum(width, height) >= low) & (area >= low)
    small &= (area < 0.95 * width * height) | (width < 0.6 * height)  # an l or a 1 fills its box
    small[0] = False
    if not 0 < np.count_nonzero(small) <= _MOST_SPECKS:
        small[:] = False
    marked = np.flatnonzero(marks)
    total = np.bincount(labels.ravel()[marked], weights=ink.ravel()[marked], minlength=count)
    found = np.flatnonzero(small)
    found = found[_ground_spread(grey, marks, stats[found]) < _EVEN_GROUND]
    return _Letters(
        *(one[found].astype(np.float32) for one in (left, top, width, height, area, total / stats[:, 4]))
    )


def _ground_spread(
    grey: NDArray[np.uint8], marks: NDArray[np.uint8], stats: NDArray[Any]
) -> NDArray[np.float64]:
    """Return how much the ground in and around each mark's box varies, in grey levels."""
    ground = np.asarray(1 - cv2.dilate(marks, np.ones((3, 3), dtype=np.uint8)), dtype=np.uint8)
    values = np.asarray(grey * ground, dtype=np.uint8)
    sums, squares = cv2.integral2(values)
    counts = cv2.integral(ground)
    rows, columns = grey.shape
    left = np.maximum(stats[:, 0] - _RIM_PX, 0)
    top = np.maximum(stats[:, 1] - _RIM_PX, 0)
    right = np.minimum(stats[:, 0] + stats[:, 2] + _RIM_PX, columns)
    bottom = np.minimum(stats[:, 1] + stats[:, 3] + _RIM_PX, rows)

    def inside(table: NDArray[Any]) -> NDArray[np.float64]:
        found: NDArray[np.float64] = (
            table[bottom, right] - table[top, right] - table[bottom, left] + table[top, left]
        ).astype(np.float64)
        return found

    seen = inside(counts)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = inside(sums) / seen
        variance = inside(squares) / seen - mean**2
    enough = seen >= np.maximum(8, 0.1 * (right - left) * (bottom - top))
    return np.where(enough, np.sqrt(np.maximum(variance, 0.0)), np.inf)


def _lines(letters: _Letters) -> list[_Letters]:
    """Return the groups of letters that stand in a line that can be read from left to right."""
    low, high = _LETTER_HEIGHT_PX
    letters = letters.chosen((letters.height >= low) & (letters.height <= high))
    if len(letters) < _LEAST_LETTERS:
        return []
    top, bottom = letters.top, letters.top + letters.height
    left, right = letters.left, letters.left + letters.width
    shorter = np.minimum.outer(letters.height, letters.height)
    taller = np.maximum.outer(letters.height, letters.height)
    overlap = np.minimum.outer(bottom, bottom) - np.maximum.outer(top, top)
    gap = np.maximum.outer(left, left) - np.minimum.outer(right, right)
    fainter = np.minimum.outer(letters.ink, letters.ink) / np.maximum.outer(letters.ink, letters.ink)
    beside = (overlap >= 0.5 * shorter) & (taller <= 2.2 * shorter) & (gap <= 0.9 * taller) & (fainter > 0.5)
    labels = _connected(beside)
    found, sizes = np.unique(labels, return_counts=True)
    groups = [letters.chosen(labels == label) for label in found[sizes >= _LEAST_LETTERS]]
    return [group for group in groups if _is_written(group)]


def _connected(beside: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Return a label for each thing, the same for those that a chain of neighbours joins."""
    labels = np.arange(len(beside))
    while True:
        lowest = np.where(beside, labels[None, :], len(beside)).min(axis=1)
        lowest = lowest[lowest]
        if np.array_equal(lowest, labels):
            return labels
        labels = lowest


def _is_written(line: _Letters) -> bool:
    """Tell whether a row of marks is writing: on one base line, of several shapes, of one ink."""
    tall = float(np.median(line.height))
    across = line.left + line.width / 2
    on_base = max(_straight(across, edge, tall) for edge in (line.top, line.top + line.height))
    shape = line.width / line.height
    fill = line.area / (line.width * line.height)
    varied = float(shape.std()) > 0.15 or float(fill.std()) > 0.08
    return on_base >= 0.6 and varied and float(line.ink.std() / line.ink.mean()) < 0.35


def _straight(across: NDArray[np.floating], edge: NDArray[np.floating], tall: float) -> float:
    """Return the share of edges that lie on their common line, at most slanted by a half."""
    rest = edge[None, :] - _SLANTS[:, None] * across[None, :]
    away = np.abs(rest - np.median(rest, axis=1, keepdims=True))
    return float((away <= max(1.0, 0.12 * tall)).mean(axis=1).max())
