"""Where a plan stands beside the front of other indexes: pure comparison of points that were measured.

A point is one index at one setting of its search parameters.  A rival of a plan takes no more bytes and finds
no less; the fastest rival is the front at that budget and that recall.  What counts as "no more", "no less"
and "faster" is stated here, since every measurement has noise.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

BYTES_TOLERANCE = 0.02  # of the plan's bytes: a rotation or a coarser quantiser is no other budget
RECALL_TOLERANCE = 0.001  # a rival may find so much less of ten and still counts: to the plan's disadvantage
SPEED_TOLERANCE = 0.10  # single queries on one thread repeat to about this

Standing = Literal["above", "on", "below"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One index at one setting: its size, what it found of the exact ten, and single queries per second."""

    index: str
    parameters: dict[str, int]
    bytes_per_vector: float
    recall: float
    queries_per_second: float


def fastest_rival(plan: Point, points: Iterable[Point], *, any_size: bool = False) -> Point | None:
    """Return the fastest point that finds no less than the plan and, unless of any size, takes no more bytes.

    None where there is no such point.
    """
    rivals = [
        point
        for point in points
        if point.recall >= plan.recall - RECALL_TOLERANCE
        and (any_size or point.bytes_per_vector <= plan.bytes_per_vector * (1 + BYTES_TOLERANCE))
    ]
    return max(rivals, key=lambda point: point.queries_per_second, default=None)


def standing(speed_of_rival: float | None) -> Standing:
    """Return where a plan stands whose fastest rival answers so many times as many queries per second.

    ``None``, for a plan without a rival, is above.
    """
    if speed_of_rival is None or speed_of_rival < 1 - SPEED_TOLERANCE:
        return "above"
    return "on" if speed_of_rival <= 1 + SPEED_TOLERANCE else "below"


def tolerances() -> dict[str, float]:
    """Return what counts as equal, for the record."""
    return {"bytes": BYTES_TOLERANCE, "recall": RECALL_TOLERANCE, "speed": SPEED_TOLERANCE}
