"""Bodies of a lathe and of a loft: bells, caps and cases, from an outline and a profile.

Surfaces are smooth around and crisp where the profile bends sharply, as turned metal is.
"""

import math
from collections.abc import Sequence

import numpy as np

from sample_feeds.rendering.shapes import TAU, Array, Part, grid, unit

CRISP_DEGREES = 28.0  # a profile that bends more than this shows an edge


def spun(
    profile: Sequence[tuple[float, float]] | Array,
    *,
    around: int = 48,
    ribs: int = 0,
    relief: float = 0.06,
    material: str = "metal",
) -> Part:
    """Turn a profile about the y axis.

    Args:
        profile: Radius and height of points from the bottom of the outside upwards, mm.
        around: Facets around.
        ribs: How many flutes it has; 0 for none.
        relief: Depth of the flutes as a share of the radius.
        material: What it is made of.
    """
    line = np.asarray(profile, dtype=float)
    if ribs:
        around = ribs * max(round(around / ribs), 4)
    angle = np.linspace(0, TAU, around, endpoint=False)
    swell = 1 + relief * (np.abs(np.sin(ribs * angle / 2)) - 0.6) if ribs else np.ones(around)
    outline = np.column_stack([np.sin(angle), np.cos(angle)]) * swell[:, None]
    radii, heights = line[:, 0], line[:, 1]
    points = np.stack(
        [
            radii[:, None] * outline[None, :, 0],
            np.broadcast_to(heights[:, None], (len(line), around)),
            radii[:, None] * outline[None, :, 1],
        ],
        axis=2,
    )
    return _crisp(points, line, material)


def lofted(
    outline: Array, profile: Sequence[tuple[float, float]] | Array, *, material: str = "metal"
) -> Part:
    """Stack an outline at changing depth and inset.

    Args:
        outline: Points ``(m, 2)``, counter-clockwise, about the origin.
        profile: Inset (mm towards the middle) and z of every layer, from the back outwards and to the front.
        material: What it is made of.
    """
    line = np.asarray(profile, dtype=float)
    away = edge_normals(outline)
    reach = float(np.linalg.norm(outline, axis=1).min())
    # Beyond its sharpest corner's radius an inset outline would fold over: from there on it shrinks instead.
    step = np.linalg.norm(np.roll(outline, -1, axis=0) - outline, axis=1)
    bend = np.linalg.norm(np.roll(away, -1, axis=0) - away, axis=1)
    limit = min(0.8 * float((step / np.maximum(bend, 1e-9)).min()), 0.45 * reach)
    points = []
    for inset, z in line:
        share = max(inset - limit, 0.0) / (reach - limit)
        moved = (outline - away * min(inset, limit)) * max(1 - share, 0.0)
        points.append(np.column_stack([moved, np.full(len(outline), z)]))
    return _crisp(np.array(points), np.column_stack([-line[:, 0], line[:, 1]]), material)


def edge_normals(outline: Array) -> Array:
    """Return the outward unit normals of a counter-clockwise outline ``(m, 2)``."""
    tangent = np.roll(outline, -1, axis=0) - np.roll(outline, 1, axis=0)
    return unit(np.column_stack([tangent[:, 1], -tangent[:, 0]]))


def flat(outline: Array, z: float, material: str, *, hole: float = 0.0) -> Part:
    """Return a flat face towards z: an outline ``(m, 2)`` filled to its middle, or to a share of it."""
    closed = np.vstack([outline, outline[:1]])
    outer = np.column_stack([closed, np.full(len(closed), z)])
    inner = np.column_stack([closed * hole, np.full(len(closed), z)])
    points = np.stack([outer, inner])
    return grid(material, points, np.broadcast_to(np.array([0.0, 0.0, 1.0]), points.shape))


def _crisp(points: Array, line: Array, material: str) -> Part:
    """Make quads of layers ``(k, m, 3)`` of a closed outline, split where the profile bends sharply."""
    points = np.concatenate([points, points[:, :1]], axis=1)
    around = np.roll(points[:, :-1], -1, axis=1) - np.roll(points[:, :-1], 1, axis=1)
    around = np.concatenate([around, around[:, :1]], axis=1)
    # A layer that has shrunk to a point has no way around: it borrows its neighbour's.
    sizes = np.linalg.norm(around, axis=2).max(axis=1)
    for index in np.flatnonzero(sizes < 1e-6):
        around[index] = around[index - 1] if index else around[index + 1]
    steps = np.diff(points, axis=0)
    faces = unit(np.cross(around[:-1] + around[1:], steps))
    heading = np.degrees(np.arctan2(np.diff(line[:, 1]), np.diff(line[:, 0])))
    bends = np.abs((np.diff(heading) + 180) % 360 - 180) > CRISP_DEGREES
    low, high = faces.copy(), faces.copy()
    for layer, bent in enumerate(bends):
        if not bent:
            shared = unit(faces[layer] + faces[layer + 1])
            high[layer], low[layer + 1] = shared, shared
    corners, normals = [], []
    for layer in range(len(points) - 1):
        part = grid(material, points[layer : layer + 2], np.stack([low[layer], high[layer]]))
        corners.append(part.corners)
        normals.append(part.normals)
    return Part(material=material, corners=np.concatenate(corners), normals=np.concatenate(normals))


def rounded_square(half_width: float, half_height: float, corner: float, *, steps: int = 8) -> Array:
    """Return a rectangle with round corners, counter-clockwise, ``(4 * (steps + side), 2)``."""
    points = []
    for quarter, (sx, sy) in enumerate(((1, 1), (-1, 1), (-1, -1), (1, -1))):
        turn = np.linspace(quarter * TAU / 4, (quarter + 1) * TAU / 4, steps)
        centre = np.array([sx * (half_width - corner), sy * (half_height - corner)])
        points.append(centre + corner * np.column_stack([np.cos(turn), np.sin(turn)]))
    corners = np.concatenate(points)
    # Long sides are divided, so that smooth shading does not smear a corner along them.
    ends = np.roll(corners, -1, axis=0)
    made = []
    for start, end in zip(corners, ends, strict=True):
        pieces = 4 if math.dist(start, end) > 0.5 * min(half_width, half_height) else 1
        made += [start + (end - start) * part / pieces for part in range(pieces)]
    return np.array(made)
