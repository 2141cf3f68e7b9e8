"""Bodies and outlines that jewelry is made of: meshes of quads in millimetres, ready to be shaded.

Knows geometry, not light, colour or pixels.  The x axis points right, y up, and z towards the viewer.
"""

import math
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sample_feeds.pieces import Cut

Array = NDArray[np.float64]
TAU = 2 * math.pi
SMOOTH_STONES = frozenset({"opal", "turquoise", "onyx", "moonstone", "pearl"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Quads of one material.

    ``corners`` has shape ``(n, 4, 3)`` in millimetres (a triangle repeats a corner), ``normals`` ``(n, 3)``,
    unit and outward.  ``glint`` in [0, 1], shape ``(n,)``, tells neighbouring facets apart; smooth bodies
    have 0.5 everywhere.
    """

    material: str
    corners: Array
    normals: Array
    glint: Array

    def moved(self, offset: Sequence[float]) -> "Part":
        """Return the part shifted by ``offset``."""
        return Part(
            material=self.material,
            corners=self.corners + np.asarray(offset),
            normals=self.normals,
            glint=self.glint,
        )

    def turned(self, matrix: Array) -> "Part":
        """Return the part turned about the origin by a rotation ``matrix``, shape ``(3, 3)``."""
        return Part(
            material=self.material,
            corners=self.corners @ matrix.T,
            normals=self.normals @ matrix.T,
            glint=self.glint,
        )


def rotation(*, pitch: float = 0.0, yaw: float = 0.0, roll: float = 0.0) -> Array:
    """Return the matrix that turns by ``roll`` about z, ``yaw`` about y, then ``pitch`` about x (degrees)."""
    a, b, c = (math.radians(angle) for angle in (pitch, yaw, roll))
    about_x = np.array([[1, 0, 0], [0, math.cos(a), -math.sin(a)], [0, math.sin(a), math.cos(a)]])
    about_y = np.array([[math.cos(b), 0, math.sin(b)], [0, 1, 0], [-math.sin(b), 0, math.cos(b)]])
    about_z = np.array([[math.cos(c), -math.sin(c), 0], [math.sin(c), math.cos(c), 0], [0, 0, 1]])
    turned: Array = about_x @ about_y @ about_z
    return turned


def tube(
    path: Array,
    *,
    width: float | Array,
    thickness: float | Array | None = None,
    axis: Sequence[float] = (0, 0, 1),
    around: int = 12,
    closed: bool = False,
    squareness: float = 1.0,
    material: str = "metal",
) -> Part:
    """Sweep a rounded section along a path.

    Args:
        path: Points, shape ``(m, 3)``; a closed path does not repeat its first point.
        width: Full extent along ``axis``, one number or one per point.
        thickness: Full extent across ``axis``; default: as ``width``.
        axis: Direction of the section's width, never parallel to the path.
        around: Facets around the section.
        closed: Whether the last point joins the first.
        squareness: Exponent of the section's superellipse: 1 is round, 0.5 nearly flat.
        material: What it is made of.
    """
    if closed:
        path = np.vstack([path, path[:1]])
    following = np.vstack([path[1:], path[1:2] if closed else path[-1:]])
    preceding = np.vstack([path[-2:-1] if closed else path[:1], path[:-1]])
    along = unit(following - preceding)
    across = unit(np.cross(along, np.asarray(axis, dtype=float)))
    up = np.cross(across, along)
    angle = np.linspace(0, TAU, around + 1)
    cosine, sine = np.cos(angle), np.sin(angle)
    out = np.sign(cosine) * np.abs(cosine) ** squareness
    side = np.sign(sine) * np.abs(sine) ** squareness
    half_width = np.broadcast_to(np.asarray(width, dtype=float), len(path) - closed)
    half_thickness = np.broadcast_to(
        np.asarray(width if thickness is None else thickness), len(path) - closed
    )
    if closed:
        half_width, half_thickness = (
            np.append(half_width, half_width[0]),
            np.append(half_thickness, half_thickness[0]),
        )
    half_width, half_thickness = half_width[:, None, None] / 2, half_thickness[:, None, None] / 2
    points = (
        path[:, None]
        + half_thickness * across[:, None] * out[None, :, None]
        + half_width * up[:, None] * side[None, :, None]
    )
    power = 2 / squareness - 1
    normals = unit(
        across[:, None] * (np.sign(out) * np.abs(out) ** power)[None, :, None] / half_thickness
        + up[:, None] * (np.sign(side) * np.abs(side) ** power)[None, :, None] / half_width
    )
    return _grid(material, points, normals)


def circle(radius: float, steps: int, *, radius_y: float | None = None) -> Array:
    """Return points of an ellipse in the xy plane, counter-clockwise from the top, shape ``(steps, 3)``."""
    angle = np.linspace(0, TAU, steps, endpoint=False) + TAU / 4
    tall = radius if radius_y is None else radius_y
    return np.column_stack([radius * np.cos(angle), tall * np.sin(angle), np.zeros(steps)])


def ball(radius: float, *, material: str = "metal", detail: int = 10, flatten: float = 1.0) -> Part:
    """Return a sphere about the origin, its depth scaled by ``flatten``."""
    polar = np.linspace(0, math.pi, detail + 1)
    round_about = np.linspace(0, TAU, 2 * detail + 1)
    normals = np.stack(
        [
            np.sin(polar)[:, None] * np.cos(round_about),
            np.sin(polar)[:, None] * np.sin(round_about),
            np.repeat(np.cos(polar)[:, None], len(round_about), axis=1),
        ],
        axis=-1,
    )
    stretch = np.array([radius, radius, radius * flatten])
    return _grid(material, normals * stretch, unit(normals / stretch))


def dome(outline: Array, *, height: float, material: str, rings: int = 9) -> Part:
    """Return a smooth dome over an outline ``(m, 2)`` around the origin: cabochons, petals, pillows."""
    share = np.sin(np.linspace(TAU / 4, 0, rings))
    lift = np.sqrt(np.maximum(1 - share**2, 0)) * height
    closed = np.vstack([outline, outline[:1]])
    points = np.concatenate(
        [share[:, None, None] * closed[None], np.broadcast_to(lift[:, None, None], (rings, len(closed), 1))],
        axis=2,
    )
    size = float(np.mean(np.linalg.norm(outline, axis=1)))
    slope = np.maximum(lift / max(height, 1e-6), 0.02)[:, None]
    away = unit(closed)[None] * share[:, None, None] * height / size
    normals = unit(np.concatenate([away, np.broadcast_to(slope[..., None], (*away.shape[:2], 1))], axis=2))
    return _grid(material, points, normals)


def plate(outline: Array, *, thickness: float, bevel: float = 0.4, material: str = "metal") -> Part:
    """Return a flat body with a bevelled, faintly domed front; its outline is star-shaped from the origin."""
    size = float(np.max(np.linalg.norm(outline, axis=1)))
    inner = 1 - min(bevel / size, 0.4)
    face = np.linspace(inner, 0, 11)
    scale = np.concatenate([[1.0, 1.0, (1 + inner) / 2], face])
    depth = np.concatenate(
        [[-thickness / 2, thickness / 2 - bevel * 0.6, thickness / 2 - bevel * 0.2], [thickness / 2] * 11]
    )
    tilt = np.concatenate([[1.0, 0.75, 0.55], 0.34 * face**1.5])
    closed = np.vstack([outline, outline[:1]])
    tangent = np.roll(outline, -1, axis=0) - np.roll(outline, 1, axis=0)
    edge = unit(np.column_stack([tangent[:, 1], -tangent[:, 0]]))
    edge = np.vstack([edge, edge[:1]])
    points = np.concatenate(
        [
            scale[:, None, None] * closed[None],
            np.broadcast_to(depth[:, None, None], (len(scale), len(closed), 1)),
        ],
        2,
    )
    upright = np.sqrt(np.maximum(1 - tilt**2, 0))
    normals = np.concatenate(
        [
            tilt[:, None, None] * edge[None],
            np.broadcast_to(upright[:, None, None], (len(scale), len(closed), 1)),
        ],
        2,
    )
    return _grid(material, points, unit(normals))


def gem(stone: str, cut: Cut, size_mm: float, *, detail: int = 24, seed: str = "") -> Part:
    """Return a stone that looks along z: faceted, or smooth where it is a cabochon or a pearl."""
    if cut == "bead" or stone == "pearl":
        return ball(size_mm / 2, material=stone, detail=9 if detail > 12 else 6)
    outline = cut_outline(cut, detail) * size_mm
    if cut == "cabochon":
        return dome(outline, height=size_mm * 0.3, material=stone, rings=9 if detail > 12 else 6)
    steps = cut == "emerald"
    scale = np.array([1.0, 0.8, 0.58, 0.3, 0.0] if not steps else [1.0, 0.86, 0.7, 0.52, 0.26])
    height = np.array([0.0, 0.11, 0.17, 0.175, 0.18]) * size_mm
    closed = np.vstack([outline, outline[:1]])
    rings = len(scale)
    points = np.concatenate(
        [
            scale[:, None, None] * closed[None],
            np.broadcast_to(height[:, None, None], (rings, len(closed), 1)),
        ],
        axis=2,
    )
    tilt = np.array([0.62, 0.45, 0.2, 0.12, 0.08])
    away = unit(closed)
    normals = np.concatenate(
        [
            tilt[:, None, None] * away[None],
            np.broadcast_to(np.sqrt(1 - tilt**2)[:, None, None], (rings, len(closed), 1)),
        ],
        axis=2,
    )
    if steps:
        points[-1, :, :2] = scale[-1] * closed
        points = np.concatenate([points, np.broadcast_to([0.0, 0.0, height[-1]], (1, len(closed), 3))])
        normals = np.concatenate([normals, np.broadcast_to([0.0, 0.0, 1.0], (1, len(closed), 3))])
    columns = len(outline)
    rows = len(points) - 1
    share = np.arange(columns)
    # Neighbouring facets alternate between bright and dark as a cut stone's do; noise breaks the pattern.
    alternating = np.stack([((share // (1 + (row % 2)) + row) % 2) for row in range(rows)]).astype(float)
    uneven = noise(rows * columns, f"{stone}{cut}{seed}").reshape(rows, columns)
    if steps:
        side = np.repeat(noise(8 * rows, f"step{seed}").reshape(rows, 8), max(columns // 8, 1), axis=1)[
            :, :columns
        ]
        glint = 0.25 * uneven + 0.75 * side
    else:
        glint = 0.42 * alternating + 0.58 * uneven
    return _grid(stone, points, unit(normals), glint)


def cut_outline(cut: Cut, steps: int = 24) -> Array:
    """Return the girdle of a cut, longest side 1, shape ``(steps, 2)``, counter-clockwise."""
    angle = np.linspace(0, TAU, steps, endpoint=False) + TAU / (2 * steps)
    cosine, sine = np.cos(angle), np.sin(angle)
    match cut:
        case "oval" | "cabochon":
            return np.column_stack([0.39 * cosine, 0.5 * sine])
        case "pear":
            width = 0.36 * (1 - 0.55 * np.clip(sine, 0, 1) ** 1.6)
            return np.column_stack([width * cosine, 0.5 * sine])
        case "marquise":
            return np.column_stack([0.27 * cosine * (1 - 0.45 * np.abs(sine) ** 3), 0.5 * sine])
        case "cushion" | "princess":
            power = 0.55 if cut == "cushion" else 0.26
            x, y = np.sign(cosine) * np.abs(cosine) ** power, np.sign(sine) * np.abs(sine) ** power
            return 0.46 * np.column_stack([x, y])
        case "emerald":
            corners = np.array(
                [[-0.36, -0.36], [-0.24, -0.5], [0.24, -0.5], [0.36, -0.36], [0.36, 0.36], [0.24, 0.5]]
            )
            corners = np.vstack([corners, [[-0.24, 0.5], [-0.36, 0.36]]])
            per_side = max(steps // 8, 1)
            share = np.linspace(0, 1, per_side, endpoint=False)[:, None]
            ends = np.roll(corners, -1, axis=0)
            return np.vstack(
                [start + (end - start) * share for start, end in zip(corners, ends, strict=True)]
            )
        case _:
            return 0.5 * np.column_stack([cosine, sine])


def heart_outline(steps: int = 64) -> Array:
    """Return a heart of height and width about 1, shape ``(steps, 2)``."""
    t = np.linspace(0, TAU, steps, endpoint=False)
    x = 16 * np.sin(t) ** 3
    y = 13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)
    return np.column_stack([-x, y + 2.5]) / 34


def star_outline(points: int, inner: float, steps: int = 8) -> Array:
    """Return a star of diameter 1 whose notches lie at ``inner`` of it, shape ``(2 * points * steps, 2)``."""
    corners = [
        (radius * math.sin(-math.pi * index / points), radius * math.cos(math.pi * index / points))
        for index in range(2 * points)
        for radius in ((0.5,) if index % 2 == 0 else (inner / 2,))
    ]
    share = np.linspace(0, 1, steps, endpoint=False)[:, None]
    starts = np.array(corners)
    return np.vstack([a + (b - a) * share for a, b in zip(starts, np.roll(starts, -1, axis=0), strict=True)])


def cross_outline(steps: int = 4) -> Array:
    """Return a Latin cross of height 1 about where its arms meet, shape ``(12 * steps, 2)``."""
    arm = 0.13
    corners = np.array(
        [
            (-arm, 0.5), (-arm, 0.22), (-0.36, 0.22), (-0.36, -0.04), (-arm, -0.04), (-arm, -0.5),
            (arm, -0.5), (arm, -0.04), (0.36, -0.04), (0.36, 0.22), (arm, 0.22), (arm, 0.5),
        ]
    )  # fmt: skip
    corners = corners - [0, 0.09]
    share = np.linspace(0, 1, steps, endpoint=False)[:, None]
    return np.vstack(
        [a + (b - a) * share for a, b in zip(corners, np.roll(corners, -1, axis=0), strict=True)]
    )


def petal_outline(length: float, width: float) -> Array:
    """Return a petal that stands upright about its middle, shape ``(44, 2)``."""
    t = np.linspace(0, TAU, 44, endpoint=False)
    return np.column_stack([width / 2 * np.sin(t) * -1, length / 2 * np.cos(t) * (1 - 0.12 * np.cos(2 * t))])


def placed(parts: Iterable[Part], matrix: Array, offset: Sequence[float]) -> list[Part]:
    """Return parts turned about the origin, then shifted."""
    return [part.turned(matrix).moved(offset) for part in parts]


def extent(parts: Iterable[Part], axis: int) -> float:
    """Return how far parts reach along an axis, in millimetres."""
    values = np.concatenate([part.corners[..., axis].ravel() for part in parts])
    return float(values.max() - values.min())


def _grid(material: str, points: Array, normals: Array, glint: Array | None = None) -> Part:
    """Make quads of a grid of points ``(rows, columns, 3)``; normals are given at the points and averaged."""
    corners = np.stack([points[:-1, :-1], points[1:, :-1], points[1:, 1:], points[:-1, 1:]], axis=2).reshape(
        -1, 4, 3
    )
    mean = (normals[:-1, :-1] + normals[1:, :-1] + normals[1:, 1:] + normals[:-1, 1:]).reshape(-1, 3)
    shades = np.full(len(corners), 0.5) if glint is None else glint.reshape(-1)
    return Part(material=material, corners=corners, normals=unit(mean), glint=shades)


def unit(vectors: Array) -> Array:
    """Return vectors ``(..., 3)`` scaled to length 1."""
    scaled: Array = vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)
    return scaled


def noise(count: int, seed: str) -> Array:
    """Return ``count`` numbers in [0, 1), the same for the same seed."""
    return np.random.default_rng(zlib.crc32(seed.encode())).random(count)
