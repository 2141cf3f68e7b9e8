"""Bodies and outlines that jewelry is made of: meshes of quads in millimetres, ready to be shaded.

Knows geometry, not light, colour or pixels.  The x axis points right, y up, and z towards the viewer.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sample_feeds.pieces import Cut

Array = NDArray[np.float64]
TAU = 2 * math.pi
SMOOTH_STONES = frozenset({"opal", "turquoise", "onyx", "moonstone", "pearl"})
CRISP_COSINE = 0.82  # faces that bend more than this show an edge


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Quads of one material.

    ``corners`` has shape ``(n, 4, 3)`` in millimetres (a triangle repeats a corner); ``normals`` has the same
    shape: unit, outward, one per corner, so that bodies are shaded smoothly and facets flat.  A ``solid``
    part is a closed convex polyhedron of a transparent stone: light is traced through it.
    """

    material: str
    corners: Array
    normals: Array
    solid: bool = False

    def moved(self, offset: Sequence[float]) -> "Part":
        """Return the part shifted by ``offset``."""
        return Part(
            material=self.material,
            corners=self.corners + np.asarray(offset),
            normals=self.normals,
            solid=self.solid,
        )

    def turned(self, matrix: Array) -> "Part":
        """Return the part turned about the origin by a rotation ``matrix``, shape ``(3, 3)``."""
        return Part(
            material=self.material,
            corners=self.corners @ matrix.T,
            normals=self.normals @ matrix.T,
            solid=self.solid,
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
    axis: Sequence[float] | None = (0, 0, 1),
    around: int = 12,
    closed: bool = False,
    squareness: float = 1.0,
    material: str = "metal",
) -> Part:
    """Sweep a rounded section along a path; open ends get a shallow cap.

    Args:
        path: Points, shape ``(m, 3)``; a closed path does not repeat its first point.
        width: Full extent along ``axis``, one number or one per point.
        thickness: Full extent across ``axis``; default: as ``width``.
        axis: Direction of the section's width, never parallel to the path; None for round wires that bend
            in all directions.
        around: Facets around the section.
        closed: Whether the last point joins the first.
        squareness: Exponent of the section's superellipse: 1 is round, 0.5 nearly flat.
        material: What it is made of.
    """
    half_width = np.broadcast_to(np.asarray(width, dtype=float), len(path)) / 2
    half_thickness = np.broadcast_to(np.asarray(width if thickness is None else thickness), len(path)) / 2
    if closed:
        path = np.vstack([path, path[:1]])
        half_width, half_thickness = (
            np.append(half_width, half_width[0]),
            np.append(half_thickness, half_thickness[0]),
        )
    following = np.vstack([path[1:], path[1:2] if closed else path[-1:]])
    preceding = np.vstack([path[-2:-1] if closed else path[:1], path[:-1]])
    along = unit(following - preceding)
    across = unit(np.cross(along, np.asarray(axis, dtype=float))) if axis is not None else _carried(along)
    up = np.cross(across, along)
    angle = np.linspace(0, TAU, around + 1)
    cosine, sine = np.cos(angle), np.sin(angle)
    out = np.sign(cosine) * np.abs(cosine) ** squareness
    side = np.sign(sine) * np.abs(sine) ** squareness
    half_width, half_thickness = half_width[:, None, None], half_thickness[:, None, None]
    offsets = (
        half_thickness * across[:, None] * out[None, :, None] + half_width * up[:, None] * side[None, :, None]
    )
    points = path[:, None] + offsets
    power = 2 / squareness - 1
    normals = unit(
        across[:, None] * (np.sign(out) * np.abs(out) ** power)[None, :, None] / half_thickness
        + up[:, None] * (np.sign(side) * np.abs(side) ** power)[None, :, None] / half_width
    )
    if not closed:
        bulge = 0.55 * np.minimum(half_width, half_thickness)
        first = _cap(path[0], offsets[0], normals[0], -along[0], float(bulge[0, 0, 0]))
        last = _cap(path[-1], offsets[-1], normals[-1], along[-1], float(bulge[-1, 0, 0]))
        points = np.concatenate([first[0][::-1], points, last[0]])
        normals = np.concatenate([first[1][::-1], normals, last[1]])
    return grid(material, points, normals)


def _carried(along: Array) -> Array:
    """Return directions across a path that turn with it as little as they can."""
    start = np.cross(along[0], (0.31, 0.87, 0.39))
    if np.linalg.norm(start) < 0.2:
        start = np.cross(along[0], (1.0, 0.0, 0.0))
    across = np.empty_like(along)
    across[0] = start / np.linalg.norm(start)
    for index in range(1, len(along)):
        kept = across[index - 1] - along[index] * (across[index - 1] @ along[index])
        across[index] = kept / max(math.sqrt(kept @ kept), 1e-9)
    return across


def _cap(end: Array, offsets: Array, normals: Array, outward: Array, bulge: float) -> tuple[Array, Array]:
    """Return two more rings that close a tube: points and normals, both ``(2, k, 3)``."""
    share = np.array([0.72, 0.0])[:, None, None]
    rise = np.array([0.7, 1.0])[:, None, None] * bulge
    points = end + offsets[None] * share + outward * rise
    return points, unit(normals[None] * share + outward * np.array([0.7, 1.0])[:, None, None])


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
    return grid(material, normals * stretch, unit(normals / stretch))


def mound(outline: Array, profile: Sequence[tuple[float, float]] | Array, *, material: str = "metal") -> Part:
    """Return a body whose every horizontal section is the outline, scaled.

    Args:
        outline: Counter-clockwise points ``(m, 2)``, star-shaped from the origin.
        profile: Rows (scale, z) from the back outwards and up to the middle of the front, ``(k, 2)``.
            It may end at scale 0, or leave a hole.
        material: What it is made of.
    """
    line = np.asarray(profile, dtype=float)
    ends, facing = _around(outline)
    # The outline is where a gauge function is 1; its gradient there is the outward normal over the distance.
    gradient = facing / np.maximum((facing * ends).sum(axis=2, keepdims=True), 1e-6)
    # Bends are judged in millimetres, not in shares of the outline.
    size = float(np.mean(np.linalg.norm(outline, axis=1)))
    low, high = _bent(line * [size, 1.0])
    return _walls(line, line[:, None, None, :1] * ends[None], gradient * size, low, high, material)


def collar(
    outline: Array, profile: Sequence[tuple[float, float]] | Array, *, material: str = "metal"
) -> Part:
    """Return a wall that follows an outline at a distance: bezels, frames, rims.

    Args:
        outline: Counter-clockwise points ``(m, 2)``.
        profile: Rows (distance outwards in mm, z), ``(k, 2)``, counter-clockwise seen along the outline: from
            the back outwards and up; repeat the first row at the end to close it.
        material: What it is made of.
    """
    line = np.asarray(profile, dtype=float)
    ends, facing = _around(outline)
    mitre = unit(
        np.concatenate(
            [
                facing[:, :1] + np.roll(facing[:, 1:], 1, axis=0),
                facing[:, 1:] + np.roll(facing[:, :1], -1, axis=0),
            ],
            axis=1,
        )
    )
    stretch = 1 / np.maximum((mitre * facing).sum(axis=2, keepdims=True), 0.5)
    low, high = _bent(line)
    points = ends[None] + line[:, None, None, :1] * (mitre * stretch)[None]
    return _walls(line, points, facing, low, high, material)


def _around(outline: Array) -> tuple[Array, Array]:
    """Return both ends of every side of an outline and the normals there, each ``(m, 2, 2)``."""
    ends = np.stack([outline, np.roll(outline, -1, axis=0)], axis=1)
    step = ends[:, 1] - ends[:, 0]
    normal = unit(np.column_stack([step[:, 1], -step[:, 0]]))
    before, after = np.roll(normal, 1, axis=0), np.roll(normal, -1, axis=0)

    def joined(other: Array) -> Array:
        smooth = (normal * other).sum(axis=1, keepdims=True) > CRISP_COSINE
        return np.where(smooth, unit(normal + other), normal)

    return ends, np.stack([joined(before), joined(after)], axis=1)


def _bent(line: Array) -> tuple[Array, Array]:
    """Return a profile's normals at the start and end of every piece, each ``(k - 1, 2)``."""
    step = np.diff(line, axis=0)
    normal = unit(np.column_stack([step[:, 1], -step[:, 0]]))
    low, high = normal.copy(), normal.copy()
    for index in range(len(normal) - 1):
        if normal[index] @ normal[index + 1] > CRISP_COSINE:
            high[index] = low[index + 1] = unit(normal[index] + normal[index + 1])
    return low, high


def _walls(line: Array, points: Array, away: Array, low: Array, high: Array, material: str) -> Part:
    """Make the quads between the layers of ``points`` ``(k, m, 2 ends, 2)``."""
    rows, sides = len(line) - 1, points.shape[1]
    heights = np.broadcast_to(line[:, None, None, 1:], (*points.shape[:3], 1))
    solid = np.concatenate([points, heights], axis=3)
    corners = np.stack([solid[:-1, :, 0], solid[:-1, :, 1], solid[1:, :, 1], solid[1:, :, 0]], axis=2)

    def normals(tilt: Array, end: int) -> Array:
        flat = tilt[:, None, :1] * away[None, :, end]
        return np.concatenate([flat, np.broadcast_to(tilt[:, None, 1:], (rows, sides, 1))], axis=2)

    facing = np.stack([normals(low, 0), normals(low, 1), normals(high, 1), normals(high, 0)], axis=2)
    return Part(material=material, corners=corners.reshape(-1, 4, 3), normals=unit(facing).reshape(-1, 4, 3))


def dome(outline: Array, *, height: float, material: str, rings: int = 9, wall: float = 0.0) -> Part:
    """Return a smooth dome with a flat back over an outline ``(m, 2)`` around the origin: cabochons, petals.

    Args:
        outline: Counter-clockwise points, star-shaped from the origin.
        height: Of the middle above the rim, which lies at z = 0.
        material: What it is made of.
        rings: How finely it is rounded.
        wall: How far the rim's side goes down.
    """
    ends, facing = _around(outline)
    gradient = facing / np.maximum((facing * ends).sum(axis=2, keepdims=True), 1e-6)
    polar = np.linspace(0, TAU / 4, rings)
    share, lift = np.cos(polar), np.sin(polar) * height
    line = np.column_stack([share, lift])
    tilt = np.column_stack([height * share, np.sin(polar)])
    front = _walls(line, line[:, None, None, :1] * ends[None], gradient, tilt[:-1], tilt[1:], material)
    back = mound(outline, [(0.0, -wall), (1.0, -wall), *([(1.0, 0.0)] if wall else [])], material=material)
    return merged([front, back])[0]


def plate(outline: Array, *, thickness: float, bevel: float = 0.4, material: str = "metal") -> Part:
    """Return a flat body with a rounded, faintly domed front; its outline is star-shaped from the origin."""
    size = float(np.max(np.linalg.norm(outline, axis=1)))
    inner = 1 - min(bevel / size, 0.4)
    half = thickness / 2
    drop = min(bevel * 0.6, thickness * 0.6)
    turn = np.linspace(0, TAU / 4, 5)
    rim = [
        (inner + (1 - inner) * math.cos(angle), half - drop + drop * 0.85 * math.sin(angle)) for angle in turn
    ]
    crown = [
        (inner * share, half - (0.15 * drop + 0.012 * size) * share**2 + 0.012 * size)
        for share in (0.75, 0.5, 0.25, 0.0)
    ]
    rows = [(0.0, -half), (0.96, -half), (1.0, -half + 0.04 * size * 0.5), *rim, *crown]
    return mound(outline, rows, material=material)


def cut_outline(cut: Cut, steps: int = 24) -> Array:
    """Return the girdle of a cut, its longest side 1 and upright, shape ``(steps, 2)``, counter-clockwise.

    Points keep equal distances, save that corners are always among them.
    """
    return _spaced(*_cut_path(cut), steps)


def _cut_path(cut: Cut) -> tuple[Array, Array]:
    """Return a fine outline of a cut and which of its points are corners."""
    angle = np.linspace(0, TAU, 240, endpoint=False) + TAU / 4
    cosine, sine = np.cos(angle), np.sin(angle)
    rise = np.linspace(0, 1, 60)
    match cut:
        case "oval" | "cabochon":
            path = np.column_stack([0.385 * cosine, 0.5 * sine])
        case "pear":
            middle, wide = -0.19, 0.31
            side = np.column_stack([-wide * (1 - rise[::-1] ** 1.85), middle + (0.5 - middle) * rise[::-1]])
            low = np.linspace(math.pi, TAU, 90)[1:-1]
            belly = np.column_stack([wide * np.cos(low), middle + 0.31 * np.sin(low)])
            path = np.vstack([side, belly, (side * [-1, 1])[::-1][:-1]])
        case "marquise":
            y = np.linspace(0.5, -0.5, 120)
            left = np.column_stack([-0.26 * (1 - np.abs(2 * y) ** 1.85), y])
            path = np.vstack([left, (left * [-1, 1])[::-1][1:-1]])
        case "heart":
            return heart_outline(240), np.array([0, 120])
        case "cushion":
            x, y = np.sign(cosine) * np.abs(cosine) ** 0.58, np.sign(sine) * np.abs(sine) ** 0.58
            path = np.column_stack([0.46 * x, 0.5 * y])
        case "princess" | "emerald":
            wide, corner = (0.5, 0.035) if cut == "princess" else (0.36, 0.125)
            x, y = wide - corner, 0.5 - corner
            corners = np.array(
                [
                    (0, 0.5),
                    (-x, 0.5),
                    (-wide, y),
                    (-wide, -y),
                    (-x, -0.5),
                    (x, -0.5),
                    (wide, -y),
                    (wide, y),
                    (x, 0.5),
                ]
            )
            share = np.linspace(0, 1, 24, endpoint=False)[:, None]
            ends = np.roll(corners, -1, axis=0)
            path = np.vstack([a + (b - a) * share for a, b in zip(corners, ends, strict=True)])
            return path, np.arange(1, 9) * 24
        case _:
            path = np.column_stack([0.5 * cosine, 0.5 * sine])
    tips = {"pear": [0], "marquise": [0, 119]}.get(cut, [])
    return path, np.array(tips, dtype=int)


def _spaced(path: Array, corners: Array, steps: int) -> Array:
    """Return ``steps`` points of a closed fine path at nearly equal distances, its corners among them."""
    closed = np.vstack([path, path[:1]])
    lengths = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(closed, axis=0), axis=1))])
    whole = float(lengths[-1])
    stations = np.arange(steps) * whole / steps
    taken: set[int] = set()
    for corner in corners:
        free = [index for index in range(steps) if index not in taken]
        near = min(
            free, key=lambda index: abs((stations[index] - lengths[corner] + whole / 2) % whole - whole / 2)
        )
        stations[near] = lengths[corner]
        taken.add(near)
    stations = np.sort(stations)
    return np.column_stack([np.interp(stations, lengths, closed[:, axis]) for axis in range(2)])


def heart_outline(steps: int = 64) -> Array:
    """Return a heart of width 1, counter-clockwise from its cleft, each half convex, ``(steps, 2)``."""
    lobe = np.radians(np.linspace(162, -26, 60))
    middle, radius = np.array([0.243, 0.213]), 0.257
    arc = middle + radius * np.column_stack([np.cos(lobe), np.sin(lobe)])
    end, tip = arc[-1], np.array([0.0, -0.5])
    away = np.array([math.cos(lobe[-1] - TAU / 4), math.sin(lobe[-1] - TAU / 4)])
    bend = end + away * 0.34
    t = np.linspace(0, 1, 40)[1:, None]
    flank = (1 - t) ** 2 * end + 2 * t * (1 - t) * bend + t**2 * tip
    cleft = np.array([[0.0, arc[0, 1] - 0.045]])
    right = np.vstack([cleft, arc, flank])
    left = (right * [-1, 1])[:-1]
    # Both halves get half of the points each, so that cleft and tip stay sharp.
    half = steps // 2

    def spread(line: Array, count: int) -> Array:
        lengths = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
        stations = np.linspace(0, lengths[-1], count, endpoint=False)
        return np.column_stack([np.interp(stations, lengths, line[:, axis]) for axis in range(2)])

    down = spread(np.vstack([left, right[-1:]]), half)
    up = spread(right[::-1], steps - half)
    return np.vstack([down, up])


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


def petal_outline(length: float, width: float) -> Array:
    """Return a petal that stands upright about its middle, shape ``(44, 2)``."""
    t = np.linspace(0, TAU, 44, endpoint=False)
    return np.column_stack([width / 2 * np.sin(t) * -1, length / 2 * np.cos(t) * (1 - 0.12 * np.cos(2 * t))])


def merged(parts: Iterable[Part]) -> list[Part]:
    """Return as few parts as can be: one for each material, and every solid by itself."""
    bodies: dict[str, list[Part]] = {}
    kept: list[Part] = []
    for part in parts:
        if part.solid:
            kept.append(part)
        else:
            bodies.setdefault(part.material, []).append(part)
    joined = [
        Part(
            material=material,
            corners=np.concatenate([part.corners for part in group]),
            normals=np.concatenate([part.normals for part in group]),
        )
        for material, group in bodies.items()
    ]
    return joined + kept


def placed(parts: Iterable[Part], matrix: Array, offset: Sequence[float]) -> list[Part]:
    """Return parts turned about the origin, then shifted."""
    return [part.turned(matrix).moved(offset) for part in parts]


def extent(parts: Iterable[Part], axis: int) -> float:
    """Return how far parts reach along an axis, in millimetres."""
    values = np.concatenate([part.corners[..., axis].ravel() for part in parts])
    return float(values.max() - values.min())


def grid(material: str, points: Array, normals: Array) -> Part:
    """Make quads of a grid of points and their normals, both of shape ``(rows, columns, 3)``."""

    def quads(values: Array) -> Array:
        four = [values[:-1, :-1], values[1:, :-1], values[1:, 1:], values[:-1, 1:]]
        return np.stack(four, axis=2).reshape(-1, 4, 3)

    return Part(material=material, corners=quads(points), normals=quads(unit(normals)))


def skin(
    points: Array, *, rows_closed: bool = False, columns_closed: bool = False, material: str = "metal"
) -> Part:
    """Make a smooth surface of a grid of points ``(rows, columns, 3)``, with normals of the surface itself.

    It faces where its columns' way crossed with its rows' way points; closed grids do not repeat their first
    row or column.
    """
    if rows_closed:
        points = np.concatenate([points, points[:1]])
    if columns_closed:
        points = np.concatenate([points, points[:, :1]], axis=1)
    down, across = _slope(points, 0, rows_closed), _slope(points, 1, columns_closed)
    normals = _mended(np.cross(across, down), points)
    return grid(material, points, normals)


def shell(front: Array, thickness: float, *, material: str = "metal") -> Part:
    """Return a thin curved sheet: a grid of points ``(rows, columns, 3)`` as front, back and rim."""
    normals = _mended(np.cross(_slope(front, 1, False), _slope(front, 0, False)), front)
    back = front - thickness * normals
    edges = [
        np.stack([front[0], back[0]]),
        np.stack([back[-1], front[-1]]),
        np.stack([front[:, -1], back[:, -1]]),
    ]
    edges.append(np.stack([back[:, 0], front[:, 0]]))
    bodies = [grid(material, front, normals), grid(material, back[:, ::-1], -normals[:, ::-1])]
    for edge in edges:
        corners = grid(material, edge, edge).corners
        flat = unit(np.cross(corners[:, 2] - corners[:, 0], corners[:, 3] - corners[:, 1]))
        bodies.append(Part(material=material, corners=corners, normals=np.repeat(flat[:, None], 4, axis=1)))
    return merged(bodies)[0]


def _mended(normals: Array, points: Array) -> Array:
    """Return unit normals of a grid; where it shrinks to a point or a line, the neighbouring row's."""
    for row, beside in ((0, 1), (-1, -2)):
        if np.ptp(points[row], axis=0).max() < 1e-9:
            normals[row] = unit(normals[beside]).mean(axis=0)
        lost = np.linalg.norm(normals[row], axis=1) < 1e-9
        normals[row, lost] = normals[beside, lost]
    return unit(normals)


def _slope(points: Array, axis: int, closed: bool) -> Array:
    slope: Array = np.gradient(points, axis=axis)
    if closed:
        moved = np.moveaxis(slope, axis, 0)
        line = np.moveaxis(points, axis, 0)
        moved[0] = moved[-1] = (line[1] - line[-2]) / 2
    return slope


def unit(vectors: Array) -> Array:
    """Return vectors ``(..., 3)`` scaled to length 1."""
    scaled: Array = vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)
    return scaled
