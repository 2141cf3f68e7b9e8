"""Soft bodies: capsules that flow into each other, and the mesh of their common skin.

A body is a signed distance field (mm, negative inside) of capsules in groups; its surface becomes quads by
naive surface nets (Gibson, "Constrained elastic surface nets", 1998), whose corners are then drawn onto the
field and take their normals from it.  Knows no anatomy.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numba
import numpy as np
from numpy.typing import NDArray

from sample_feeds.rendering.shapes import Array, Part

_BLOCK = 4  # cells along a block's side: blocks far from the surface are never looked into


@dataclass(frozen=True, slots=True, kw_only=True)
class Mesh:
    """Quads that share their corners, small enough to be kept.

    ``points`` and unit ``normals`` have shape ``(m, 3)``, ``quads`` holds their indices, shape ``(n, 4)``.
    """

    material: str
    points: NDArray[np.float32]
    normals: NDArray[np.float32]
    quads: NDArray[np.int32]

    def moved(self, turn: Array, offset: Array) -> "Mesh":
        """Return the mesh turned about the origin, then shifted."""
        return Mesh(
            material=self.material,
            points=(self.points @ turn.T + offset).astype(np.float32),
            normals=(self.normals @ turn.T).astype(np.float32),
            quads=self.quads,
        )

    def placed(self, turn: Array, offset: Array, *, scale: float = 1.0, mirrored: bool = False) -> Part:
        """Return the mesh scaled, turned, shifted, then mirrored about x=0 if asked for, as a part."""
        points, normals = scale * self.points @ turn.T + offset, self.normals @ turn.T
        quads = self.quads
        if mirrored:
            flip = np.array([-1.0, 1.0, 1.0])
            points, normals, quads = points * flip, normals * flip, quads[:, ::-1]
        return Part(material=self.material, corners=points[quads], normals=normals[quads])


def grid_mesh(material: str, points: Array, normals: Array) -> Mesh:
    """Return the quads between points and unit normals of a grid, both ``(rows, columns, 3)``."""
    rows, columns = points.shape[:2]
    index = np.arange(rows * columns, dtype=np.int32).reshape(rows, columns)
    quads = np.stack([index[:-1, :-1], index[1:, :-1], index[1:, 1:], index[:-1, 1:]], axis=2).reshape(-1, 4)
    return Mesh(
        material=material,
        points=points.reshape(-1, 3).astype(np.float32),
        normals=normals.reshape(-1, 3).astype(np.float32),
        quads=quads,
    )


class Sculpture:
    """Capsules and creases, collected one by one.

    Group 0 is the trunk.  Every other group flows into the trunk, but not into its neighbours: fingers that
    touch stay fingers.
    """

    def __init__(self, *, trunk_blend: float) -> None:
        self._capsules: list[tuple[float, ...]] = []
        self._groups: list[tuple[float, float]] = [(trunk_blend, 0.0)]  # blend within, blend with the trunk
        self._creases: list[tuple[float, ...]] = []
        self._lines = 0

    def group(self, *, blend: float, trunk_blend: float) -> int:
        """Open a group and return its number.

        Args:
            blend: Over how many mm its capsules flow into each other.
            trunk_blend: Over how many mm it flows into the trunk.
        """
        self._groups.append((blend, trunk_blend))
        return len(self._groups) - 1

    def capsule(
        self,
        group: int,
        start: Sequence[float],
        end: Sequence[float],
        radius: float,
        end_radius: float | None = None,
        *,
        flat: Sequence[float] | None = None,
        flatness: float = 1.0,
    ) -> None:
        """Add a capsule; along the unit direction ``flat`` it is ``flatness`` as thick as its radius says."""
        last = radius if end_radius is None else end_radius
        direction = (0.0, 1.0, 0.0) if flat is None else tuple(flat)
        self._capsules.append((group, *start, *end, radius, last, *direction, flatness))

    def chain(self, group: int, points: Array, radii: Array) -> None:
        """Add capsules along points, shape ``(m, 3)``, that share their radii where they meet."""
        for index in range(len(points) - 1):
            self.capsule(
                group, points[index], points[index + 1], float(radii[index]), float(radii[index + 1])
            )

    def crease(self, points: Array, *, width: float, depth: float) -> None:
        """Press a groove along points on the surface, shape ``(m, 3)``; a negative depth raises a cord."""
        for start, end in pairwise(points):
            self._creases.append((*start, *end, width, depth, self._lines))
        self._lines += 1

    def onto(self, points: Array, *, lift: float = 0.0) -> Array:
        """Return points drawn onto the surface, shape ``(m, 3)``, or ``lift`` mm above it."""
        capsules, groups, creases = self._arrays()
        moved: Array = np.array(points, dtype=np.float64).reshape(-1, 3)
        _draw(moved, capsules, groups, creases, lift)
        return moved

    def mesh(self, material: str, low: Sequence[float], high: Sequence[float], step: float) -> Mesh:
        """Return the surface inside a box, open where the box cuts it.

        Args:
            material: What the surface is made of.
            low: The box's lower corner in mm.
            high: Its upper corner.
            step: Side of a cell in mm; a quad is about as large.
        """
        capsules, groups, creases = self._arrays()
        corner = np.asarray(low, dtype=np.float64)
        blocks = np.ceil((np.asarray(high) - corner) / (step * _BLOCK)).astype(np.int64)
        points, normals, quads = _nets(corner, blocks, float(step), capsules, groups, creases)
        return Mesh(
            material=material,
            points=points.astype(np.float32),
            normals=normals.astype(np.float32),
            quads=quads,
        )

    def _arrays(self) -> tuple[Array, Array, Array]:
        capsules = np.array(sorted(self._capsules, key=lambda one: one[0]), dtype=np.float64)
        creases = np.array(self._creases, dtype=np.float64).reshape(-1, 9)
        return capsules, np.array(self._groups, dtype=np.float64), creases


def curve(points: Array, count: int) -> Array:
    """Return ``count`` points of a Catmull-Rom spline through points ``(m, 3)``, evenly over its spans."""
    ends = np.vstack([2 * points[0] - points[1], points, 2 * points[-1] - points[-2]])
    place = np.linspace(0, len(points) - 1, count)
    span = np.minimum(place.astype(int), len(points) - 2)
    t = (place - span)[:, None]
    a, b, c, d = (ends[span + shift] for shift in range(4))
    cubic = (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3
    drawn: Array = 0.5 * (2 * b + (c - a) * t + cubic)
    return drawn


@numba.njit(cache=True, nogil=True, fastmath=True)
def _capsule(c: Array, x: float, y: float, z: float) -> float:  # pragma: no cover - compiled
    """Return the distance to one capsule, exact where it is round and of one radius."""
    ax, ay, az = c[4] - c[1], c[5] - c[2], c[6] - c[3]
    px, py, pz = x - c[1], y - c[2], z - c[3]
    share = (px * ax + py * ay + pz * az) / (ax * ax + ay * ay + az * az + 1e-12)
    share = min(max(share, 0.0), 1.0)
    px, py, pz = px - share * ax, py - share * ay, pz - share * az
    radius = c[7] + share * (c[8] - c[7])
    flatness = c[12]
    if flatness == 1.0:
        return math.sqrt(px * px + py * py + pz * pz) - radius
    up = px * c[9] + py * c[10] + pz * c[11]
    squared = px * px + py * py + pz * pz + up * up * (1 / (flatness * flatness) - 1)
    away = math.sqrt(squared)
    # The gradient of a stretched length is longer than 1: divided by it, distances stay distances.
    slope = math.sqrt(max(squared + up * up * (1 / (flatness * flatness) - 1) / (flatness * flatness), 1e-9))
    return (away - radius) * min(1.0, away / slope) if away > 1e-6 else -radius * flatness


@numba.njit(cache=True, nogil=True, fastmath=True)
def _flow(a: float, b: float, blend: float) -> float:  # pragma: no cover - compiled
    """Return the smaller of two distances, rounded where they are alike (Quilez's quadratic minimum)."""
    share = max(blend - abs(a - b), 0.0) / max(blend, 1e-6)
    return min(a, b) - share * share * blend * 0.25


@numba.njit(cache=True, nogil=True, fastmath=True)
def _field(
    x: float, y: float, z: float, capsules: Array, chosen: NDArray[np.int64], count: int, groups: Array,
    creases: Array, pressed: NDArray[np.int64], pressed_count: int,
) -> float:  # pragma: no cover - compiled  # fmt: skip
    far = 1e6
    trunk = total = far
    current, group = 0, far
    for place in range(count):
        capsule = capsules[chosen[place]]
        belongs = int(capsule[0])
        if belongs != current:
            if current == 0:
                trunk = total = group
            else:
                total = _flow(total, _flow(trunk, group, groups[current, 1]), 0.7)
            current, group = belongs, far
        group = _flow(group, _capsule(capsule, x, y, z), groups[current, 0])
    if current > 0:
        group = _flow(total, _flow(trunk, group, groups[current, 1]), 0.7)
    if abs(group) > 6.0 or pressed_count == 0:
        return group
    # A line is as deep where its pieces meet as elsewhere: the nearest piece counts alone.
    line, nearest, depth = -1.0, 9.0, 0.0
    for place in range(pressed_count):
        c = creases[pressed[place]]
        if c[8] != line:
            if nearest < 9.0:
                group += depth * math.exp(-nearest)
            line, nearest, depth = c[8], 9.0, c[7]
        ax, ay, az = c[3] - c[0], c[4] - c[1], c[5] - c[2]
        px, py, pz = x - c[0], y - c[1], z - c[2]
        share = (px * ax + py * ay + pz * az) / (ax * ax + ay * ay + az * az + 1e-12)
        share = min(max(share, 0.0), 1.0)
        px, py, pz = px - share * ax, py - share * ay, pz - share * az
        nearest = min(nearest, (px * px + py * py + pz * pz) / (c[6] * c[6]))
    if nearest < 9.0:
        group += depth * math.exp(-nearest)
    return group


@numba.njit(cache=True, nogil=True)
def _draw(
    points: Array, capsules: Array, groups: Array, creases: Array, lift: float
) -> None:  # pragma: no cover - compiled
    chosen, pressed = np.arange(len(capsules)), np.arange(len(creases))
    e = 0.2
    for index in range(len(points)):
        for _ in range(6):
            x, y, z = points[index]
            d = _field(x, y, z, capsules, chosen, len(chosen), groups, creases, pressed, len(pressed))
            if abs(d - lift) < 0.03:
                break
            gx = (
                _field(x + e, y, z, capsules, chosen, len(chosen), groups, creases, pressed, len(pressed)) - d
            )
            gy = (
                _field(x, y + e, z, capsules, chosen, len(chosen), groups, creases, pressed, len(pressed)) - d
            )
            gz = (
                _field(x, y, z + e, capsules, chosen, len(chosen), groups, creases, pressed, len(pressed)) - d
            )
            length = max(math.sqrt(gx * gx + gy * gy + gz * gz), 1e-9)
            move = (d - lift) / length
            points[index, 0] -= move * gx
            points[index, 1] -= move * gy
            points[index, 2] -= move * gz


@numba.njit(cache=True, nogil=True)
def _nets(
    low: Array, blocks: NDArray[np.int64], step: float, capsules: Array, groups: Array, creases: Array
) -> tuple[Array, Array, NDArray[np.int32]]:  # pragma: no cover - compiled
    nx, ny, nz = blocks[0] * _BLOCK, blocks[1] * _BLOCK, blocks[2] * _BLOCK
    unknown = np.float32(1e5)
    values = np.full((nx + 1, ny + 1, nz + 1), unknown, dtype=np.float32)
    vertex = np.full((nx, ny, nz), -1, dtype=np.int32)
    places = np.empty((60000, 3), dtype=np.float64)
    normals = np.empty((60000, 3), dtype=np.float64)
    count = 0
    everything, all_pressed = np.arange(len(capsules)), np.empty(0, dtype=np.int64)
    chosen, pressed = np.empty(len(capsules), dtype=np.int64), np.empty(len(creases), dtype=np.int64)
    half = 0.5 * step * _BLOCK * math.sqrt(3.0)
    # How much farther than the nearest capsule one of a group still matters.
    slack = np.empty(len(groups))
    slack[0] = groups[0, 0]
    for index in range(1, len(groups)):
        slack[index] = max(groups[index, 0], groups[index, 1])
        slack[0] = max(slack[0], groups[index, 1])
    widest, deepest = slack.max(), 1.0
    for index in range(len(creases)):
        deepest = max(deepest, abs(creases[index, 7]))
    distances = np.empty(len(capsules))
    e = 0.25
    for bx in range(blocks[0]):
        for by in range(blocks[1]):
            for bz in range(blocks[2]):
                x = low[0] + (bx + 0.5) * _BLOCK * step
                y = low[1] + (by + 0.5) * _BLOCK * step
                z = low[2] + (bz + 0.5) * _BLOCK * step
                nearest = 1e6
                for index in range(len(capsules)):
                    distances[index] = _capsule(capsules[index], x, y, z)
                    nearest = min(nearest, distances[index])
                # Blending only ever adds: up to some of its width outside the nearest capsule.
                if nearest > 1.3 * half + 0.25 * widest + deepest:
                    continue
                middle = _field(
                    x, y, z, capsules, everything, len(everything), groups, creases, all_pressed, 0
                )
                if abs(middle) > 1.3 * half + deepest:
                    continue
                chosen_count = 0
                for index in range(len(capsules)):
                    if distances[index] < nearest + 2 * half + slack[int(capsules[index, 0])]:
                        chosen[chosen_count] = index
                        chosen_count += 1
                pressed_count = 0
                for index in range(len(creases)):
                    c = creases[index]
                    reach = 0.5 * math.sqrt((c[3] - c[0]) ** 2 + (c[4] - c[1]) ** 2 + (c[5] - c[2]) ** 2)
                    away = math.sqrt(
                        (0.5 * (c[0] + c[3]) - x) ** 2
                        + (0.5 * (c[1] + c[4]) - y) ** 2
                        + (0.5 * (c[2] + c[5]) - z) ** 2
                    )
                    if away < reach + half + 3 * c[6] + 1:
                        pressed[pressed_count] = index
                        pressed_count += 1
                for i in range(bx * _BLOCK, (bx + 1) * _BLOCK + 1):
                    for j in range(by * _BLOCK, (by + 1) * _BLOCK + 1):
                        for k in range(bz * _BLOCK, (bz + 1) * _BLOCK + 1):
                            if values[i, j, k] == unknown:
                                values[i, j, k] = _field(
                                    low[0] + i * step, low[1] + j * step, low[2] + k * step,
                                    capsules, chosen, chosen_count, groups, creases, pressed, pressed_count,
                                )  # fmt: skip
                for i in range(bx * _BLOCK, (bx + 1) * _BLOCK):
                    for j in range(by * _BLOCK, (by + 1) * _BLOCK):
                        for k in range(bz * _BLOCK, (bz + 1) * _BLOCK):
                            x, y, z, found = _crossing(values, i, j, k)
                            if found == 0 or count >= len(places):
                                continue
                            x, y, z = low[0] + x * step, low[1] + y * step, low[2] + z * step
                            d = _field(
                                x,
                                y,
                                z,
                                capsules,
                                chosen,
                                chosen_count,
                                groups,
                                creases,
                                pressed,
                                pressed_count,
                            )
                            gx = (
                                _field(
                                    x + e,
                                    y,
                                    z,
                                    capsules,
                                    chosen,
                                    chosen_count,
                                    groups,
                                    creases,
                                    pressed,
                                    pressed_count,
                                )
                                - d
                            )
                            gy = (
                                _field(
                                    x,
                                    y + e,
                                    z,
                                    capsules,
                                    chosen,
                                    chosen_count,
                                    groups,
                                    creases,
                                    pressed,
                                    pressed_count,
                                )
                                - d
                            )
                            gz = (
                                _field(
                                    x,
                                    y,
                                    z + e,
                                    capsules,
                                    chosen,
                                    chosen_count,
                                    groups,
                                    creases,
                                    pressed,
                                    pressed_count,
                                )
                                - d
                            )
                            length = max(math.sqrt(gx * gx + gy * gy + gz * gz), 1e-9)
                            move = min(max(d, -0.5 * step), 0.5 * step)
                            vertex[i, j, k] = count
                            normals[count] = (gx / length, gy / length, gz / length)
                            places[count, 0] = x - move * gx / length
                            places[count, 1] = y - move * gy / length
                            places[count, 2] = z - move * gz / length
                            count += 1
    quads = np.empty((2 * count + 16, 4), dtype=np.int32)
    made = 0
    for i in range(1, nx):
        for j in range(1, ny):
            for k in range(1, nz):
                if vertex[i, j, k] < 0:
                    continue
                for axis in range(3):
                    # The grid edge from this node along the axis, and the four cells round it.
                    di, dj, dk = axis == 0, axis == 1, axis == 2
                    start, end = values[i, j, k], values[i + di, j + dj, k + dk]
                    if start == unknown or end == unknown or (start < 0) == (end < 0):
                        continue
                    if axis == 0:
                        a, b, c, d4 = (
                            vertex[i, j - 1, k - 1],
                            vertex[i, j, k - 1],
                            vertex[i, j, k],
                            vertex[i, j - 1, k],
                        )
                    elif axis == 1:
                        a, b, c, d4 = (
                            vertex[i - 1, j, k - 1],
                            vertex[i - 1, j, k],
                            vertex[i, j, k],
                            vertex[i, j, k - 1],
                        )
                    else:
                        a, b, c, d4 = (
                            vertex[i - 1, j - 1, k],
                            vertex[i, j - 1, k],
                            vertex[i, j, k],
                            vertex[i - 1, j, k],
                        )
                    if a < 0 or b < 0 or c < 0 or d4 < 0 or made >= len(quads):
                        continue
                    if start < 0:
                        quads[made] = (a, b, c, d4)
                    else:
                        quads[made] = (d4, c, b, a)
                    made += 1
    return places[:count].copy(), normals[:count].copy(), quads[:made].copy()


@numba.njit(cache=True, nogil=True)
def _crossing(
    values: NDArray[np.float32], i: int, j: int, k: int
) -> tuple[float, float, float, int]:  # pragma: no cover - compiled
    """Return the mean of where a cell's edges cross the surface, in cells, and how many do."""
    x, y, z, found = 0.0, 0.0, 0.0, 0
    for a in range(2):
        for b in range(2):
            for axis in range(3):
                if axis == 0:
                    i0, j0, k0 = i, j + a, k + b
                elif axis == 1:
                    i0, j0, k0 = i + a, j, k + b
                else:
                    i0, j0, k0 = i + a, j + b, k
                start = values[i0, j0, k0]
                end = values[i0 + (axis == 0), j0 + (axis == 1), k0 + (axis == 2)]
                if (start < 0) == (end < 0):
                    continue
                share = start / (start - end)
                x += i0 + (share if axis == 0 else 0.0)
                y += j0 + (share if axis == 1 else 0.0)
                z += k0 + (share if axis == 2 else 0.0)
                found += 1
    if found == 0:
        return 0.0, 0.0, 0.0, 0
    return x / found, y / found, z / found, found
