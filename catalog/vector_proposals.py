"""Joins that vectors of pictures propose: other photographs that look like one design.  Pure NumPy.

An encoder that was trained on other pictures than these is easily led astray, and another encoder must not
turn one catalogue into another: vectors never join, they only ask.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from catalog.joining import agreements, contradictions
from catalog.picture_ties import Proposal

_CHUNK = 1024
_NEAREST = 32
_FLOOR_QUANTILE = 0.95  # the rest are sheets and cards that look alike whatever they are about
_LEAST_LISTINGS = 8  # of other categories; fewer say nothing of what an encoder finds alike


def similarity_floor(
    categories: Sequence[str], keys: NDArray[np.int64], vectors: NDArray[np.float32]
) -> float:
    """Return the cosine that a pair must pass: what pictures of different categories hardly ever reach.

    For every listing the cosine to the nearest picture of another category is taken, which is no design of
    its own for certain; the floor is the 95th percentile.  So every encoder brings its own.

    Args:
        categories: Category of every listing.
        keys: Position of every vector's listing in ``categories``, ascending, shape ``(n,)``.
        vectors: Unit vectors, shape ``(n, dimension)``.

    Returns:
        A cosine; 1 where too few listings of other categories are there to tell.
    """
    category = np.array([sorted(set(categories)).index(name) for name in categories])[keys]
    nearest = np.full(len(categories), -1.0)
    for start in range(0, len(vectors), _CHUNK):
        rows = slice(start, start + _CHUNK)
        cosines = vectors[rows] @ vectors.T
        cosines[category[rows, None] == category[None]] = -1.0
        np.maximum.at(nearest, keys[rows], cosines.max(axis=1))
    told = nearest[nearest > -1.0]
    return float(np.quantile(told, _FLOOR_QUANTILE)) if len(told) >= _LEAST_LISTINGS else 1.0


def vector_proposals(
    rows: Sequence[Mapping[str, Any]],
    vectors: Mapping[str, NDArray[np.float32]],
    piece_of: Mapping[str, str],
) -> list[Proposal]:
    """Return pairs of listings that are each other's nearest of the other's source, sorted.

    Both state the same category, agree in another field and contradict in none, are not one piece yet, and
    their cosine is above ``similarity_floor``.

    Args:
        rows: Listings as stored.
        vectors: Listing to the unit vectors of its accepted pictures, shape ``(pictures, dimension)``.
        piece_of: Listing to its piece.
    """
    rows = [row for row in rows if row["category"] and len(vectors.get(row["listing_id"], ()))]
    if len(rows) < 2:
        return []
    keys = np.repeat(np.arange(len(rows)), [len(vectors[row["listing_id"]]) for row in rows])
    stacked = np.concatenate([vectors[row["listing_id"]] for row in rows]).astype(np.float32)
    floor = similarity_floor([row["category"] for row in rows], keys, stacked)
    best: dict[tuple[int, str], tuple[float, int]] = {}
    of_category: dict[str, list[int]] = defaultdict(list)
    for index, row in enumerate(rows):
        of_category[row["category"]].append(index)
    for members in of_category.values():
        at = np.flatnonzero(np.isin(keys, members))
        for start in range(0, len(at), _CHUNK):
            mine = at[start : start + _CHUNK]
            cosines = stacked[mine] @ stacked[at].T
            for one, row_cosines in zip(keys[mine].tolist(), cosines, strict=True):
                above = np.flatnonzero(row_cosines > floor)
                nearest = above[np.argsort(-row_cosines[above], kind="stable")][:_NEAREST]
                for other, cosine in zip(
                    keys[at[nearest]].tolist(), row_cosines[nearest].tolist(), strict=True
                ):
                    if _may_be_one(rows[one], rows[other]):
                        side = one, rows[other]["feed"]
                        best[side] = max(best.get(side, (-1.0, 0)), (round(cosine, 4), -other))
    proposals = []
    for (one, feed), (cosine, negative) in best.items():
        other = -negative
        back = best.get((other, rows[one]["feed"]))
        if one > other or back is None or back[1] != -one or feed != rows[other]["feed"]:
            continue
        first, second = sorted((rows[one]["listing_id"], rows[other]["listing_id"]))
        if piece_of.get(first) == piece_of.get(second) and first in piece_of:
            continue
        evidence = {
            "by": "vectors",
            "cosine": cosine,
            "floor": round(floor, 4),
            "agree": agreements(rows[one], rows[other]),
            "contradict": [],
        }
        proposals.append(Proposal(first=first, second=second, evidence=evidence))
    return sorted(proposals, key=lambda one: (one.first, one.second))


def _may_be_one(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return one["feed"] != other["feed"] and not contradictions(one, other) and len(agreements(one, other)) > 1
