"""A piece's size in millimetres, from its outline in a picture and a length that its listing states.

Only lengths that an outline shows are taken.  A ring's diameter is its inside and its width the band's, a
chain's length runs round the neck, a watch's diameter leaves the strap out, and a pendant is mostly
photographed on its chain: those say nothing about the outline.  Of a pair of earrings, one is measured.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from catalog.errors import CatalogError

MOST_DISAGREEMENT = 1.2
"""Ratio of the scales that two lengths lead to; a piece seen a little from the side shows less."""

# category -> our names of stated lengths that run across, and of those that run down
_ACROSS: Mapping[str, tuple[str, ...]] = {"brooch": ("width",), "earrings": ("width", "motif_width")}
_DOWN: Mapping[str, tuple[str, ...]] = {"brooch": ("height",), "earrings": ("height", "motif_height")}


class ContradictoryLengthsError(CatalogError):
    """Two stated lengths cannot both be right of what the picture shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PieceSize:
    """A piece's upright bounding box in millimetres.

    Attributes:
        width_mm: How far it reaches across.
        height_mm: How far it reaches down.
        mm_per_px: Millimetres that a pixel of the original covers.
        taken_from: The stated length that gave the scale: the one that covers more pixels.
        agrees_with: Further stated lengths that lead to nearly the same scale.
    """

    width_mm: float
    height_mm: float
    mm_per_px: float
    taken_from: str
    agrees_with: tuple[str, ...]


def piece_size(
    category: str | None, stated_mm: Mapping[str, float], measures: Mapping[str, Any]
) -> PieceSize | None:
    """Return a piece's size, or None where no stated length is one that its outline shows.

    A length stated as a range gives no scale, nor do earrings that do not lie apart as one or two.

    Args:
        category: In our vocabulary.
        stated_mm: A listing's ``dimensions_mm``.
        measures: What was measured in the picture, with the fields of ``vision.geometry.Geometry``.

    Raises:
        ContradictoryLengthsError: If two stated lengths lead to scales further apart than
            ``MOST_DISAGREEMENT``.
    """
    kind = category or ""
    outline = _outline(kind, measures)
    if outline is None:
        return None
    scales = {
        name: (stated_mm[name] / pixels, pixels)
        for names, pixels in zip((_ACROSS.get(kind, ()), _DOWN.get(kind, ())), outline, strict=True)
        for name in names
        if name in stated_mm and f"{name}_max" not in stated_mm
    }
    if not scales:
        return None
    low, high = (pick(scales, key=lambda name: scales[name][0]) for pick in (min, max))
    if scales[high][0] > MOST_DISAGREEMENT * scales[low][0]:
        message = (
            f"{low} of {stated_mm[low]:g} mm and {high} of {stated_mm[high]:g} mm cannot both be right: the "
            f"picture shows {scales[low][1]:.0f} and {scales[high][1]:.0f} pixels; correct one in the feed"
        )
        raise ContradictoryLengthsError(message)
    best = max(scales, key=lambda name: scales[name][1])
    mm_per_px = scales[best][0]
    return PieceSize(
        width_mm=outline[0] * mm_per_px,
        height_mm=outline[1] * mm_per_px,
        mm_per_px=mm_per_px,
        taken_from=best,
        agrees_with=tuple(name for name in scales if name != best),
    )


def _outline(category: str, measures: Mapping[str, Any]) -> tuple[float, float] | None:
    """Return width and height of what stated lengths speak of, in pixels of the original."""
    if category not in _ACROSS or not measures.get("object_width_px"):
        return None
    if category != "earrings":
        return measures["object_width_px"], measures["object_height_px"]
    if measures["part_count"] > 2:
        return None
    return measures["part_width_px"], measures["part_height_px"]
