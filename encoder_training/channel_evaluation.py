"""Does a channel find its own attribute, and better than ``visual`` does?  Arrays in, numbers out.

Every picture asks for the pictures of other pieces that share its attribute; the measure is mean average
precision.  Channel and ``visual`` answer the same questions over the same gallery, so their difference is
taken question by question, and its bounds from a bootstrap over pieces.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from encoder_training.attributes import NONE, metal_group
from sample_feeds.pieces import Piece

_SAMPLES = 2000
_SEED = 1
_SAME_FAMILY = {"drops": "drop", "discs": "disc"}
# What of a stone's colour the eye tells apart by hue; a stone without colour has none, as no stone has.
_HUE_FAMILIES: Mapping[str, str] = {
    "colourless": NONE,
    "dark red": "red",
    "pale blue": "blue",
    "golden": "yellow",
    "lime green": "green",
    "milky": "white",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A channel beside ``visual`` on one attribute; bounds are those of 95 % confidence.

    Attributes:
        channel: Mean average precision of the channel.
        visual: Of ``visual``.
        chance: Of a gallery in no order, on average.
        channel_bounds: Lower and upper bound of the channel's.
        gain: Channel minus ``visual``.
        gain_bounds: Lower and upper bound of the gain.
        queries: How many questions were asked.
    """

    channel: float
    visual: float
    chance: float
    channel_bounds: tuple[float, float]
    gain: float
    gain_bounds: tuple[float, float]
    queries: int


def attributes_of(piece: Piece) -> dict[str, str]:
    """Return what pictures of a piece are asked for, by attribute.

    ``colours`` is the metal's colour with the stone's hue, ``material`` the metal's colour with the finish,
    ``silhouette`` category and design, ``family`` the design over all categories or the motif; ``manner`` is
    the style that the house's titles state.
    """
    stone = piece.stone.colour if piece.stone else NONE
    hue = _HUE_FAMILIES.get(stone, stone)
    metal = metal_group(piece)
    return {
        "colours": f"{metal} {hue}",
        "metal colour": metal,
        "stone hue": hue,
        "silhouette": f"{piece.category} {piece.design}",
        "category": piece.category,
        "material": f"{metal} {piece.finish}",
        "finish": piece.finish,
        "family": piece.motif if piece.motif else _SAME_FAMILY.get(piece.design, piece.design),
        "manner": piece.style,
    }


def average_precisions(
    vectors: NDArray[np.float32], labels: NDArray[np.int64], pieces: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return every picture's average precision and what chance gives; NaN where nothing is to be found.

    A query's own piece is no part of its gallery.

    Args:
        vectors: Unit vectors, shape ``(n, dimension)``.
        labels: The attribute's value of each, shape ``(n,)``.
        pieces: Which piece each shows, shape ``(n,)``.
    """
    similar = vectors @ vectors.T
    found = np.full(len(vectors), np.nan)
    chance = np.full(len(vectors), np.nan)
    for query in range(len(vectors)):
        others = pieces != pieces[query]
        relevant = labels[others] == labels[query]
        if not relevant.any():
            continue
        places = np.flatnonzero(relevant[np.argsort(-similar[query, others], kind="stable")])
        found[query] = float(((np.arange(len(places)) + 1.0) / (places + 1.0)).mean())
        chance[query] = float(relevant.mean())
    return found, chance


def compare(
    channel: NDArray[np.float32],
    visual: NDArray[np.float32],
    values: Sequence[str],
    pieces: NDArray[np.int64],
) -> Compared:
    """Return how well a channel and ``visual`` find the pictures that share a value.

    Args:
        channel: Unit vectors of pictures that the channel describes, one a row.
        visual: The encoder's of the same pictures.
        values: The attribute's value of each picture.
        pieces: Which piece each shows.

    Raises:
        ValueError: If no value is shared by two pieces.
    """
    _, labels = np.unique(np.asarray(values), return_inverse=True)
    ours, chance = average_precisions(channel, labels.astype(np.int64), pieces)
    theirs, _ = average_precisions(visual, labels.astype(np.int64), pieces)
    asked = ~np.isnan(ours)
    if not asked.any():
        message = f"no value of {len(values)} pictures is shared by two pieces: draw more pieces"
        raise ValueError(message)
    ours, theirs, groups = ours[asked], theirs[asked], pieces[asked]
    return Compared(
        channel=float(ours.mean()),
        visual=float(theirs.mean()),
        chance=float(chance[asked].mean()),
        channel_bounds=_bounds(ours, groups),
        gain=float((ours - theirs).mean()),
        gain_bounds=_bounds(ours - theirs, groups),
        queries=int(asked.sum()),
    )


def _bounds(values: NDArray[np.float64], groups: NDArray[np.int64]) -> tuple[float, float]:
    """Return the percentile bootstrap's 95 % bounds of a mean; whole pieces are drawn."""
    _, group = np.unique(groups, return_inverse=True)
    sizes, sums = np.bincount(group), np.bincount(group, weights=values)
    drawn = np.random.default_rng(_SEED).integers(len(sizes), size=(_SAMPLES, len(sizes)))
    means = sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1)
    low, high = np.percentile(means, (2.5, 97.5))
    return float(low), float(high)
