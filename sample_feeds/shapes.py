"""Shapes of pieces: meshes of quads in millimetres, ready to be shaded.

Knows bodies and how jewelry is put together, not light, colour or pixels.  The x axis points right, y up, and z
towards the viewer; every model is centred near the origin.
"""

import math
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sample_feeds.pieces import Cut, Piece

Array = NDArray[np.float64]
TAU = 2 * math.pi


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Quads of one material.

    ``corners`` has shape ``(n, 4, 3)`` in millimetres (a triangle repeats a corner), ``normals`` ``(n, 3)``, unit and
    outward.  ``glint`` in [0, 1], shape ``(n,)``, tells neighbouring facets apart; 0.5 everywhere on smooth bodies.
    """

    material: str
    corners: Array
    normals: Array
    glint: Array

    def moved(self, offset: Sequence[float]) -> "Part":
        """Return the part shifted by ``offset``."""
        return Part(
            material=self.material, corners=self.corners + np.asarray(offset), normals=self.normals, glint=self.glint
        )

    def turned(self, rotation: Array) -> "Part":
        """Return the part turned about the origin by a rotation matrix, shape ``(3, 3)``."""
        return Part(
            material=self.material,
            corners=self.corners @ rotation.T,
            normals=self.normals @ rotation.T,
            glint=self.glint,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A piece as parts, with the point and radius (mm) that a close-up looks at."""

    parts: tuple[Part, ...]
    focus: tuple[float, float, float]
    focus_radius: float


def rotation(*, pitch: float = 0.0, yaw: float = 0.0, roll: float = 0.0) -> Array:
    """Return the matrix that turns by ``roll`` about z, then ``yaw`` about y, then ``pitch`` about x, in degrees."""
    a, b, c = (math.radians(angle) for angle in (pitch, yaw, roll))
    about_x = np.array([[1, 0, 0], [0, math.cos(a), -math.sin(a)], [0, math.sin(a), math.cos(a)]])
    about_y = np.array([[math.cos(b), 0, math.sin(b)], [0, 1, 0], [-math.sin(b), 0, math.cos(b)]])
    about_z = np.array([[math.cos(c), -math.sin(c), 0], [math.sin(c), math.cos(c), 0], [0, 0, 1]])
    return about_x @ about_y @ about_z


def model_of(piece: Piece) -> Model:
    """Build the model of a piece; the same piece gives the same model."""
    builder: Callable[[Piece], Model] = {
        "ring": _ring,
        "necklace": _necklace,
        "earrings": _earrings,
        "bracelet": _bracelet,
        "pendant": _pendant,
        "brooch": _brooch,
        "watch": _watch,
    }[piece.category]
    return builder(piece)


# ---- bodies


def _grid(material: str, points: Array, normals: Array, glint: Array | None = None) -> Part:
    """Make quads of a grid of points ``(rows, columns, 3)``; normals are given at the points and averaged."""
    corners = np.stack([points[:-1, :-1], points[1:, :-1], points[1:, 1:], points[:-1, 1:]], axis=2).reshape(-1, 4, 3)
    mean = (normals[:-1, :-1] + normals[1:, :-1] + normals[1:, 1:] + normals[:-1, 1:]).reshape(-1, 3)
    shades = np.full(len(corners), 0.5) if glint is None else glint.reshape(-1)
    return Part(material=material, corners=corners, normals=_unit(mean), glint=shades)


def _unit(vectors: Array) -> Array:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)


def _noise(count: int, seed: str) -> Array:
    return np.random.default_rng(zlib.crc32(seed.encode())).random(count)


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
    along = _unit(following - preceding)
    across = _unit(np.cross(along, np.asarray(axis, dtype=float)))
    up = np.cross(across, along)
    angle = np.linspace(0, TAU, around + 1)
    cosine, sine = np.cos(angle), np.sin(angle)
    out = np.sign(cosine) * np.abs(cosine) ** squareness
    side = np.sign(sine) * np.abs(sine) ** squareness
    half_width = np.broadcast_to(np.asarray(width, dtype=float), len(path) - closed)
    half_thickness = np.broadcast_to(np.asarray(width if thickness is None else thickness), len(path) - closed)
    if closed:
        half_width, half_thickness = np.append(half_width, half_width[0]), np.append(half_thickness, half_thickness[0])
    half_width, half_thickness = half_width[:, None, None] / 2, half_thickness[:, None, None] / 2
    points = (
        path[:, None]
        + half_thickness * across[:, None] * out[None, :, None]
        + half_width * up[:, None] * side[None, :, None]
    )
    power = 2 / squareness - 1
    normals = _unit(
        across[:, None] * (np.sign(out) * np.abs(out) ** power)[None, :, None] / half_thickness
        + up[:, None] * (np.sign(side) * np.abs(side) ** power)[None, :, None] / half_width
    )
    return _grid(material, points, normals)


def circle(radius: float, steps: int, *, radius_y: float | None = None) -> Array:
    """Return points of a circle or ellipse in the xy plane, counter-clockwise from the top, shape ``(steps, 3)``."""
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
    return _grid(material, normals * stretch, _unit(normals / stretch))


def dome(outline: Array, *, height: float, material: str, rings: int = 9) -> Part:
    """Return a smooth dome over an outline ``(m, 2)`` that surrounds the origin: cabochons, petals, pillows."""
    share = np.sin(np.linspace(TAU / 4, 0, rings))
    lift = np.sqrt(np.maximum(1 - share**2, 0)) * height
    closed = np.vstack([outline, outline[:1]])
    points = np.concatenate(
        [share[:, None, None] * closed[None], np.broadcast_to(lift[:, None, None], (rings, len(closed), 1))], axis=2
    )
    size = float(np.mean(np.linalg.norm(outline, axis=1)))
    slope = np.maximum(lift / max(height, 1e-6), 0.02)[:, None]
    away = _unit(closed)[None] * share[:, None, None] * height / size
    normals = _unit(np.concatenate([away, np.broadcast_to(slope[..., None], (*away.shape[:2], 1))], axis=2))
    return _grid(material, points, normals)


def plate(outline: Array, *, thickness: float, bevel: float = 0.4, material: str = "metal") -> Part:
    """Return a flat body with a bevelled, faintly domed front over an outline that is star-shaped from the origin."""
    size = float(np.max(np.linalg.norm(outline, axis=1)))
    inner = 1 - min(bevel / size, 0.4)
    scale = np.array([1.0, 1.0, inner, inner * 0.78, inner * 0.55, inner * 0.3, 0.0])
    depth = np.array([-thickness / 2, thickness / 2 - bevel * 0.6, *([thickness / 2] * 5)])
    tilt = np.array([1.0, 0.75, 0.34, 0.16, 0.10, 0.05, 0.0])
    closed = np.vstack([outline, outline[:1]])
    tangent = np.roll(outline, -1, axis=0) - np.roll(outline, 1, axis=0)
    edge = _unit(np.column_stack([tangent[:, 1], -tangent[:, 0]]))
    edge = np.vstack([edge, edge[:1]])
    points = np.concatenate(
        [scale[:, None, None] * closed[None], np.broadcast_to(depth[:, None, None], (len(scale), len(closed), 1))], 2
    )
    upright = np.sqrt(np.maximum(1 - tilt**2, 0))
    normals = np.concatenate(
        [tilt[:, None, None] * edge[None], np.broadcast_to(upright[:, None, None], (len(scale), len(closed), 1))], 2
    )
    return _grid(material, points, _unit(normals))


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
            corners = np.array([[-0.36, -0.36], [-0.24, -0.5], [0.24, -0.5], [0.36, -0.36], [0.36, 0.36], [0.24, 0.5]])
            corners = np.vstack([corners, [[-0.24, 0.5], [-0.36, 0.36]]])
            per_side = max(steps // 8, 1)
            share = np.linspace(0, 1, per_side, endpoint=False)[:, None]
            ends = np.roll(corners, -1, axis=0)
            return np.vstack([start + (end - start) * share for start, end in zip(corners, ends, strict=True)])
        case _:
            return 0.5 * np.column_stack([cosine, sine])


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
        [scale[:, None, None] * closed[None], np.broadcast_to(height[:, None, None], (rings, len(closed), 1))], axis=2
    )
    tilt = np.array([0.62, 0.45, 0.2, 0.12, 0.08])
    away = _unit(closed)
    normals = np.concatenate(
        [tilt[:, None, None] * away[None], np.broadcast_to(np.sqrt(1 - tilt**2)[:, None, None], (rings, len(closed), 1))],
        axis=2,
    )
    if steps:
        points[-1, :, :2] = scale[-1] * closed
        points = np.concatenate([points, np.broadcast_to([0.0, 0.0, height[-1]], (1, len(closed), 3))])
        normals = np.concatenate([normals, np.broadcast_to([0.0, 0.0, 1.0], (1, len(closed), 3))])
    columns = len(outline)
    rows = len(points) - 1
    share = np.arange(columns)
    # Neighbouring facets alternate between bright and dark as a cut stone's do; the noise keeps them from a pattern.
    alternating = np.stack([((share // (1 + (row % 2)) + row) % 2) for row in range(rows)]).astype(float)
    noise = _noise(rows * columns, f"{stone}{cut}{seed}").reshape(rows, columns)
    if steps:
        side = np.repeat(_noise(8 * rows, f"step{seed}").reshape(rows, 8), max(columns // 8, 1), axis=1)[:, :columns]
        glint = 0.25 * noise + 0.75 * side
    else:
        glint = 0.42 * alternating + 0.58 * noise
    return _grid(stone, points, _unit(normals), glint)


def _all(parts: Iterable[Part | Iterable[Part]]) -> tuple[Part, ...]:
    flat: list[Part] = []
    for part in parts:
        if isinstance(part, Part):
            flat.append(part)
        else:
            flat.extend(part)
    return tuple(flat)


def _placed(parts: Iterable[Part], matrix: Array, offset: Sequence[float]) -> list[Part]:
    return [part.turned(matrix).moved(offset) for part in parts]


# ---- settings


def _set_stone(stone: str, cut: Cut, size: float, *, detail: int = 24, prongs: int = 4, seed: str = "") -> list[Part]:
    """Return a stone in its collet with prongs, looking along z, its girdle in the plane z = 0."""
    if cut == "bead" or stone == "pearl":
        cup = ball(size * 0.2, detail=5).moved((0, 0, -size * 0.42))
        return [cup, gem(stone, cut, size, detail=detail)]
    girdle = cut_outline(cut, detail) * size
    path = np.column_stack([girdle * 0.99, np.full(len(girdle), -size * 0.05)])
    parts = [
        tube(path, width=size * 0.16, thickness=max(size * 0.07, 0.25), closed=True, around=6),
        gem(stone, cut, size, detail=detail, seed=seed),
    ]
    if prongs and cut != "cabochon":
        for index in range(prongs):
            x, y = girdle[int((index + 0.5) * len(girdle) / prongs) % len(girdle)] * 0.97
            parts.append(ball(max(size * 0.065, 0.2), detail=4).moved((x, y, size * 0.07)))
    return parts


def _small_stone(stone: str, size: float, seed: str) -> list[Part]:
    cut: Cut = "bead" if stone == "pearl" else "cabochon" if stone in _SMOOTH else "round"
    return _set_stone(stone, cut, size, detail=8, prongs=0, seed=seed)


_SMOOTH = frozenset({"opal", "turquoise", "onyx", "moonstone"})


def _halo(stone: str, cut: Cut, size: float, accent: str, seed: str) -> list[Part]:
    accent_size = max(size * 0.24, 1.1)
    girdle = cut_outline(cut, 48) * (size + accent_size * 1.35)
    length = np.cumsum(np.linalg.norm(np.diff(np.vstack([girdle, girdle[:1]]), axis=0), axis=1))
    count = max(int(length[-1] / (accent_size * 1.08)), 8)
    parts = _set_stone(stone, cut, size, seed=seed)
    for index in range(count):
        x, y = girdle[int(np.searchsorted(length, length[-1] * index / count)) % len(girdle)]
        parts += _placed(_small_stone(accent, accent_size, f"{seed}{index}"), np.eye(3), (x, y, -size * 0.06))
    return parts


def _up() -> Array:
    """The turn that makes what looks along z look along y: a stone on top of a ring."""
    return rotation(pitch=-90)


# ---- pieces


def _stone_of(piece: Piece) -> tuple[str, Cut, float]:
    if piece.stone is None:
        message = f"design {piece.design} of {piece.key} needs a stone"
        raise ValueError(message)
    return piece.stone.name, piece.stone.cut, piece.stone.size_mm


def _milgrain(path: Array, size: float) -> list[Part]:
    return [ball(size, detail=3).moved(point) for point in path]


def _ring(piece: Piece) -> Model:
    inner = piece.dimensions_mm["diameter"] / 2
    width = piece.dimensions_mm["width"]
    thick = 1.5 if width < 4 else 1.8
    middle = inner + thick / 2
    outer = inner + thick
    square = {"modern": 0.45, "art deco": 0.5}.get(piece.style, 0.8)
    steps = 96
    hoop = circle(middle, steps)
    swell = np.cos(np.linspace(0, TAU, steps, endpoint=False)) * 0.5 + 0.5
    parts: list[Part] = []
    focus = (0.0, outer + 1.0, 0.0)
    match piece.design:
        case "band":
            parts.append(tube(hoop, width=width, thickness=thick, closed=True, around=16, squareness=square))
        case "twist":
            turn = np.linspace(0, TAU * 9, steps, endpoint=False)
            for phase in (0.0, math.pi):
                bulge = (middle + 0.28 * width * np.cos(turn + phase))[:, None] / middle
                path = hoop * bulge + np.column_stack([0 * turn, 0 * turn, 0.28 * width * np.sin(turn + phase)])
                parts.append(tube(path, width=width * 0.5, closed=True, around=8))
        case "signet":
            shank = 0.5 * width + (9 - 0.5 * width) * swell**3
            parts.append(tube(hoop, width=shank, thickness=thick + 0.6 * swell**3, closed=True, around=16, squareness=square))
            shape = cut_outline("oval" if piece.style != "art deco" else "emerald", 32) * 12
            parts += _placed([plate(shape[:, ::-1][::-1], thickness=1.4, bevel=0.9)], _up(), (0, outer + 0.6, 0))
        case "eternity":
            stone, cut, size = _stone_of(piece)
            parts.append(
                tube(hoop, width=max(size * 0.9, width * 0.6), thickness=thick, closed=True, around=10, squareness=0.5)
            )
            count = int(TAU * outer / (size * 1.06))
            one = _set_stone(stone, cut, size, detail=16, prongs=0)
            for index in range(count):
                angle = 360 * index / count
                parts += _placed(one, rotation(roll=angle) @ _up(), (
                    -outer * math.sin(math.radians(angle)), outer * math.cos(math.radians(angle)), 0
                ))  # fmt: skip
            focus = (0.0, outer, 0.0)
        case _:
            taper = width * (1 - 0.45 * swell)
            parts.append(tube(hoop, width=taper, thickness=thick, closed=True, around=14, squareness=square))
            parts += _ring_head(piece, outer)
    if piece.style == "vintage" and piece.design in ("band", "signet"):
        rim = circle(outer, 60)
        for side in (-1, 1):
            parts += _milgrain(rim + np.array([0, 0, side * width * 0.38]), 0.38)
    size = piece.stone.size_mm if piece.stone else 4.0
    return Model(parts=_all(parts), focus=focus, focus_radius=max(size * 1.3, 6.5))


def _ring_head(piece: Piece, outer: float) -> list[Part]:
    stone, cut, size = _stone_of(piece)
    lift = outer + size * 0.3
    gallery = tube(
        np.array([[0, outer - 0.8, 0], [0, outer + size * 0.26, 0]]),
        width=np.array([size * 0.3, size * 0.72]),
        around=12,
    )
    parts: list[Part] = [gallery]
    match piece.design:
        case "halo":
            parts += _placed(_halo(stone, cut, size, piece.accent or stone, piece.key), _up(), (0, lift, 0))
        case "trilogy":
            parts += _placed(_set_stone(stone, cut, size, seed=piece.key), _up(), (0, lift, 0))
            for side in (-1, 1):
                angle = side * math.degrees(size * 0.92 / outer)
                radius = outer + size * 0.16
                head = _set_stone(piece.accent or stone, cut if (piece.accent or stone) == stone else "round", size * 0.72)
                parts += _placed(head, rotation(roll=-angle) @ _up(), (
                    radius * math.sin(math.radians(angle)), radius * math.cos(math.radians(angle)), 0
                ))  # fmt: skip
        case "cluster":
            parts += _placed(_set_stone(stone, cut, size * 1.1, detail=16), _up(), (0, lift + 0.5, 0))
            around = 8
            for index in range(around):
                angle = TAU * index / around
                other = piece.accent if piece.accent and index % 2 else stone
                small = _set_stone(other, cut if other == stone else "round", size * 0.78, detail=12, prongs=0)
                offset = (size * 1.02 * math.cos(angle), lift, size * 1.02 * math.sin(angle))
                parts += _placed(small, _up(), offset)
        case _:
            parts += _placed(_set_stone(stone, cut, size, prongs=6 if cut == "round" else 4, seed=piece.key), _up(), (0, lift, 0))
            if piece.accent:
                for side in (-1, 1):
                    for step in (1, 2, 3):
                        angle = side * math.degrees((size * 0.42 + step * 1.7) / outer)
                        parts += _placed(_small_stone(piece.accent, 1.5, f"{step}"), rotation(roll=-angle) @ _up(), (
                            (outer + 0.1) * math.sin(math.radians(angle)), (outer + 0.1) * math.cos(math.radians(angle)), 0
                        ))  # fmt: skip
    return parts


def _links(path: Array, width: float, *, long: float = 1.5) -> list[Part]:
    """Return chain links along an open path, alternately flat and on edge."""
    lengths = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1))])
    pitch = width * long * 0.72
    count = max(int(lengths[-1] / pitch), 2)
    stations = np.linspace(0, lengths[-1], count + 1)
    points = np.column_stack([np.interp(stations, lengths, path[:, axis]) for axis in range(3)])
    oval = circle(width / 2, 12, radius_y=width * long / 2)
    link = tube(oval, width=width * 0.26, closed=True, around=5)
    parts = []
    for index in range(count):
        step = points[index + 1] - points[index]
        angle = math.degrees(math.atan2(-step[0], step[1]))
        lean = rotation(roll=angle) @ rotation(yaw=20 if index % 2 else 78)
        parts.append(link.turned(lean).moved((points[index] + points[index + 1]) / 2))
    return parts


def _rope(path: Array, width: float, *, closed: bool = False) -> Part:
    """Return a fine chain as a tube whose thickness pulses: seen from a necklace's distance, links are glimmer."""
    pulse = width * (1 + 0.34 * np.cos(np.arange(len(path)) * math.pi))
    body = tube(path, width=pulse, closed=closed, around=6)
    shades = 0.5 + 0.4 * (np.arange(len(body.glint)) // 6 % 2 - 0.5)
    return Part(material=body.material, corners=body.corners, normals=body.normals, glint=shades)


def _neckline(length: float, steps: int, *, depth: float = 1.0) -> Array:
    """Return a necklace laid out as it hangs: closed at the nape, widest below it, from the nape round to it."""
    angle = np.linspace(0, TAU, steps)
    radius = length / 6.6
    x = radius * 0.82 * np.sin(angle) * (1 - 0.28 * np.cos(angle))
    y = radius * depth * np.cos(angle) * 1.12
    return np.column_stack([x, y, np.zeros(steps)])


def _necklace(piece: Piece) -> Model:
    length = piece.dimensions_mm["length"] * 0.42  # drawn shorter than life: a true-to-scale chain leaves no room
    width = piece.dimensions_mm["width"]
    line = _neckline(length, 360)
    bottom = line[180]
    parts: list[Part] = []
    focus, radius = (0.0, float(bottom[1]), 0.0), 14.0
    chain = max(min(width, 2.2) * 0.62, 0.8)
    match piece.design:
        case "chain":
            link = 2.2 + width
            parts += _links(line, link, long=1.2 if piece.style in ("modern", "art deco") else 1.55)
        case "bar":
            parts.append(_rope(line, chain))
            bar = np.array([[-13.0, bottom[1], 1.0], [-6.0, bottom[1] - 0.4, 1.2], [6.0, bottom[1] - 0.4, 1.2], [13.0, bottom[1], 1.0]])
            parts.append(tube(bar, width=1.6 + width * 0.5, axis=(0, 1, 0), around=10, squareness=0.5))
        case "strand":
            stone, cut, size = _stone_of(piece)
            parts += _beads(line, stone, cut, size, graded=piece.style in ("classic", "vintage"))
            radius = size * 2.6
        case "station":
            stone, cut, size = _stone_of(piece)
            parts.append(_rope(line, chain))
            for index in range(5):
                x, y, _ = line[180 + (index - 2) * 30]
                other = piece.accent if piece.accent and index % 2 else stone
                head = _set_stone(other, cut if other == stone else "round", size * 1.25, detail=16, prongs=0)
                parts += _placed(head, np.eye(3), (x, y, 1.2))
        case "statement":
            stone, cut, size = _stone_of(piece)
            parts.append(_rope(line, chain * 1.4))
            for index in range(-4, 5):
                scale = 1 - 0.13 * abs(index)
                x, y, _ = line[180 + index * 17]
                lean = math.degrees(math.atan2(x, -y + length / 6.6)) * 0.9
                big = _set_stone(stone, cut, size * scale, detail=20 if abs(index) < 3 else 12, seed=str(index))
                parts += _placed(big, rotation(roll=lean), (x * 1.04, y - size * 0.62 * scale, 2.0))
                dot = _small_stone(piece.accent or stone, size * 0.3 * scale, str(index))
                parts += _placed(dot, np.eye(3), (x, y, 2.2))
            radius = 22.0
        case _:
            stone, cut, size = _stone_of(piece)
            parts.append(_rope(line, chain))
            below = bottom[1] - size * 0.75 - 2.5
            parts += _bail(0, bottom[1] - 1.0, 1.6)
            head = _set_stone(stone, cut, size * 1.5, seed=piece.key)
            if piece.accent:
                head = _halo(stone, cut, size * 1.35, piece.accent, piece.key)
            parts += _placed(head, np.eye(3), (0, below - size * 0.18, 1.5))
            focus, radius = (0.0, float(below), 0.0), size * 1.9
    clasp = tube(circle(1.9, 14), width=0.7, closed=True, around=6)
    parts.append(clasp.moved(line[0] + np.array([0, 0.6, 0.6])))
    return Model(parts=_all(parts), focus=focus, focus_radius=radius)


def _beads(line: Array, stone: str, cut: Cut, size: float, *, graded: bool) -> list[Part]:
    lengths = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    parts: list[Part] = []
    place = size * 0.5
    while place < lengths[-1] - size * 0.3:
        share = place / lengths[-1]
        scale = 0.62 + 0.38 * math.sin(math.pi * share) ** 2 if graded else 0.86
        diameter = size * 0.62 * scale
        x, y, z = (float(np.interp(place, lengths, line[:, axis])) for axis in range(3))
        if stone == "pearl" or cut in ("bead", "cabochon"):
            parts.append(ball(diameter / 2, material=stone, detail=7).moved((x, y, z)))
        else:
            bead = gem(stone, "round", diameter, detail=12, seed=str(int(place)))
            parts.append(bead.moved((x, y, z)))
        place += diameter * 1.04
    return parts


def _bail(x: float, y: float, size: float) -> list[Part]:
    loop = circle(size, 16, radius_y=size * 1.4) * np.array([0.55, 1, 1])
    return [tube(loop, width=size * 0.55, closed=True, around=8).turned(rotation(yaw=35)).moved((x, y, 0.8))]


def _earrings(piece: Piece) -> Model:
    width, height = piece.dimensions_mm["width"], piece.dimensions_mm["height"]
    match piece.design:
        case "studs":
            stone, cut, size = _stone_of(piece)
            one = _set_stone(stone, cut, size, prongs=4, seed=piece.key)
            if piece.accent:
                one += _placed(_small_stone(piece.accent, size * 0.34, "top"), np.eye(3), (0, size * 0.72, 0))
        case "halo_studs":
            stone, cut, size = _stone_of(piece)
            one = _halo(stone, cut, size, piece.accent or stone, piece.key)
        case "drops":
            stone, cut, size = _stone_of(piece)
            hook = np.column_stack(
                [
                    1.6 * np.cos(np.linspace(-0.4, math.pi, 18)) + 1.2,
                    2.6 * np.sin(np.linspace(-0.4, math.pi, 18)) + height / 2,
                    np.zeros(18),
                ]
            )
            one = [tube(hook, width=0.8, around=6)]
            one.append(_rope(np.linspace([-0.4, height / 2, 0], [-0.4, -height / 2 + size, 0], 14), 0.9))
            if piece.accent:
                one += _placed(_small_stone(piece.accent, size * 0.5, "a"), np.eye(3), (-0.4, height / 2 - size * 0.3, 0.6))
            one += _placed(_set_stone(stone, cut, size, seed=piece.key), np.eye(3), (-0.4, -height / 2 + size * 0.4, 0.8))
        case "discs":
            round_plate = plate(circle(width / 2, 48)[:, :2], thickness=1.2, bevel=0.7)
            one = [round_plate, tube(circle(width * 0.28, 30), width=0.5, closed=True, around=6).moved((0, 0, 0.6))]
        case _:
            thick = min(max(width * 0.16, 1.4), 3.4)
            hoop = tube(circle(width / 2, 64), width=thick * 1.3, thickness=thick, closed=True, around=14)
            one = _placed([hoop], rotation(yaw=38), (0, 0, 0))
            if piece.style == "vintage":
                one += _placed(_milgrain(circle(width / 2 + thick * 0.45, 30), 0.45), rotation(yaw=38), (0, 0, 0))
    gap = max(_extent(one, 0) * 0.68, 4.0)
    left = _placed(one, rotation(yaw=-8, roll=5), (-gap, 0, 0))
    mirrored = one if piece.design != "hoops" else _placed(one, rotation(yaw=-76), (0, 0, 0))
    right = _placed(mirrored, rotation(yaw=8, roll=-5), (gap, -_extent(one, 1) * 0.1, 0))
    parts = _all([left, right])
    return Model(parts=parts, focus=(-gap, 0, 0), focus_radius=max(_extent(one, 0), _extent(one, 1)) * 0.56)


def _extent(parts: Iterable[Part], axis: int) -> float:
    values = np.concatenate([part.corners[..., axis].ravel() for part in parts])
    return float(values.max() - values.min())


def _bracelet(piece: Piece) -> Model:
    radius = piece.dimensions_mm["length"] / TAU
    width = piece.dimensions_mm["width"]
    lying = rotation(pitch=90)  # the wrist's axis is upright: the loop lies before the viewer
    loop = circle(radius, 120, radius_y=radius * 0.82)
    front = np.array([0.0, -radius * 0.82, 0.0])
    parts: list[Part] = []
    match piece.design:
        case "bangle":
            square = {"modern": 0.4, "art deco": 0.45, "minimalist": 1.0}.get(piece.style, 0.7)
            parts.append(tube(loop, width=width * 1.2, thickness=2.6, closed=True, around=16, squareness=square))
            if piece.style in ("vintage", "bohemian"):
                for side in (-1, 1):
                    parts += _milgrain(circle(radius + 1.2, 90, radius_y=radius * 0.82 + 1.2) + [0, 0, side * width * 0.5], 0.6)
        case "chain":
            parts += [part for part in _links(np.vstack([loop, loop[:1]]), 3.0 + width * 0.7, long=1.45)]
        case "beaded":
            stone, cut, size = _stone_of(piece)
            count = int(TAU * radius * 0.91 / (size * 1.03))
            for index in range(count):
                x, y, _ = loop[int(index * 120 / count)]
                turn = rotation(roll=math.degrees(math.atan2(-x, y))) @ _up()
                if index % 9 == 4:
                    parts.append(ball(size * 0.36, detail=7).moved((x, y, 0)))
                elif stone == "pearl" or cut in ("bead", "cabochon"):
                    parts.append(ball(size / 2, material=stone, detail=7).moved((x, y, 0)))
                else:
                    bead = gem(stone, "round", size, detail=12, seed=str(index))
                    parts += _placed([bead, _flipped(bead)], turn, (x, y, 0))
        case "tennis":
            stone, cut, size = _stone_of(piece)
            parts.append(tube(loop, width=size * 0.7, thickness=1.2, closed=True, around=6))
            count = int(TAU * radius * 0.91 / (size * 1.16))
            for index in range(count):
                x, y, _ = loop[int(index * 120 / count)]
                turn = rotation(roll=math.degrees(math.atan2(-x, y))) @ _up()
                other = piece.accent if piece.accent and index % 2 else stone
                one = _set_stone(other, cut if other == stone else "round", size * 1.1, detail=12, prongs=0, seed=str(index % 5))
                outward = _unit(np.array([[x, y, 0.0]]))[0] * 0.8
                parts += _placed(one, turn, (x + outward[0], y + outward[1], 0))
        case _:
            stone, cut, size = _stone_of(piece)
            parts.append(_rope(loop, 1.6, closed=True))
            for index in range(7):
                x, y, _ = loop[(60 + (index - 3) * 9) % 120]
                turn = rotation(roll=math.degrees(math.atan2(-x, y))) @ _up()
                other = piece.accent if piece.accent and index % 2 else stone
                one = _set_stone(other, cut if other == stone else "round", size * 1.3, detail=16, prongs=0, seed=str(index))
                parts += _placed(one, turn, (x, y - 0.8, 0))
    focus = lying @ front * np.array([1, 1, 1])
    placed = _placed(_all(parts), rotation(pitch=-90), (0, 0, 0))
    focus = rotation(pitch=-90) @ front
    return Model(parts=tuple(placed), focus=(float(focus[0]), float(focus[1]), float(focus[2])), focus_radius=radius * 0.42)


def _flipped(part: Part) -> Part:
    return part.turned(rotation(yaw=180))


def _heart(steps: int = 64) -> Array:
    t = np.linspace(0, TAU, steps, endpoint=False)
    x = 16 * np.sin(t) ** 3
    y = 13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)
    return np.column_stack([-x, y + 2.5]) / 34


def _star(points: int, inner: float, steps: int = 8) -> Array:
    corners = [
        (radius * math.sin(-math.pi * index / points), radius * math.cos(math.pi * index / points))
        for index in range(2 * points)
        for radius in ((0.5,) if index % 2 == 0 else (inner / 2,))
    ]
    share = np.linspace(0, 1, steps, endpoint=False)[:, None]
    starts = np.array(corners)
    return np.vstack([a + (b - a) * share for a, b in zip(starts, np.roll(starts, -1, axis=0), strict=True)])


def _cross(steps: int = 4) -> Array:
    arm = 0.13
    corners = np.array(
        [
            (-arm, 0.5), (-arm, 0.22), (-0.36, 0.22), (-0.36, -0.04), (-arm, -0.04), (-arm, -0.5), (arm, -0.5), (arm, -0.04),
            (0.36, -0.04), (0.36, 0.22), (arm, 0.22), (arm, 0.5),
        ]
    )  # fmt: skip
    corners = corners - [0, 0.09]
    share = np.linspace(0, 1, steps, endpoint=False)[:, None]
    return np.vstack([a + (b - a) * share for a, b in zip(corners, np.roll(corners, -1, axis=0), strict=True)])


def _pendant(piece: Piece) -> Model:
    width, height = piece.dimensions_mm["width"], piece.dimensions_mm["height"]
    parts: list[Part] = []
    top = height / 2
    match piece.design:
        case "drop":
            stone, cut, size = _stone_of(piece)
            size = max(size, height * 0.62)
            parts += _halo(stone, cut, size, piece.accent, piece.key) if piece.accent else _set_stone(stone, cut, size)
            top = size * (0.5 if not piece.accent else 0.72)
        case "disc":
            stone, cut, size = _stone_of(piece)
            parts.append(plate(circle(width / 2, 64)[:, :2], thickness=1.6, bevel=0.9))
            parts += _placed(_set_stone(stone, cut, size, detail=16), np.eye(3), (0, 0, 1.2))
            top = width / 2
            if piece.accent:
                for index in range(12):
                    angle = TAU * index / 12
                    spot = (width * 0.36 * math.cos(angle), width * 0.36 * math.sin(angle), 1.1)
                    parts += _placed(_small_stone(piece.accent, 1.6, str(index)), np.eye(3), spot)
        case "heart":
            stone, cut, size = _stone_of(piece)
            parts.append(plate(_heart() * width, thickness=2.4, bevel=2.2))
            parts += _placed(_set_stone(stone, cut, size, detail=16), np.eye(3), (0, width * 0.02, 1.7))
            top = width * 0.36
        case "cross":
            parts.append(plate(_cross() * height * 1.1, thickness=1.8, bevel=0.7))
            top = height * 0.44
        case "star":
            parts.append(plate(_star(6 if piece.style == "art deco" else 5, 0.46) * height, thickness=2.4, bevel=2.4))
            top = height / 2
        case _:
            parts.append(plate(circle(width / 2, 64)[:, :2], thickness=1.6, bevel=0.8))
            rim = circle(width * 0.4, 40)
            parts += [part.moved((0, 0, 0.9)) for part in _milgrain(rim, 0.45)]
            parts.append(plate(_star(8, 0.55) * width * 0.6, thickness=1.0, bevel=1.4).moved((0, 0, 0.9)))
            top = width / 2
    parts += _bail(0, top + 1.7, 2.0)
    side = np.linspace(0, 1, 40)[:, None]
    reach = max(width, height) * 0.62
    for sign in (-1, 1):
        strand = np.array([[0, top + 3.4, -0.6]]) + side * np.array([[sign * reach, reach * 1.02, -1.0]])
        parts.append(_rope(strand + np.column_stack([0 * side[:, 0], -reach * 0.16 * np.sin(side[:, 0] * math.pi), 0 * side[:, 0]]), 0.95))
    return Model(parts=_all(parts), focus=(0.0, 0.0, 0.0), focus_radius=max(width, height) * 0.56)


def _petal(length: float, width: float) -> Array:
    t = np.linspace(0, TAU, 28, endpoint=False)
    return np.column_stack([width / 2 * np.sin(t) * -1, length / 2 * np.cos(t) * (1 - 0.12 * np.cos(2 * t))])


def _brooch(piece: Piece) -> Model:
    width, height = piece.dimensions_mm["width"], piece.dimensions_mm["height"]
    reach = min(width, height) / 2
    parts: list[Part] = []
    stretch = np.array([width / max(width, height), height / max(width, height)]) * max(width, height) / (2 * reach)
    match piece.design:
        case "flower":
            stone, cut, size = _stone_of(piece)
            petals = {"minimalist": 5, "classic": 6, "art deco": 8}.get(piece.style, 7)
            for ring, (count, scale, lift) in enumerate(((petals, 1.0, 0.0), (petals, 0.62, 1.6))):
                for index in range(count):
                    angle = 360 / count * (index + ring / 2)
                    leaf = dome(_petal(reach * 0.66 * scale, reach * 0.5 * scale), height=2.2, material="metal", rings=7)
                    matrix = rotation(roll=angle) @ rotation(pitch=-14)
                    place = matrix @ np.array([0, reach * 0.62 * scale, lift])
                    parts.append(leaf.turned(matrix).moved(place))
            parts += _placed(_set_stone(stone, cut, size, seed=piece.key), np.eye(3), (0, 0, 4.5))
            if piece.accent:
                for index in range(petals):
                    angle = TAU * (index + 0.5) / petals
                    spot = (size * 0.8 * math.sin(angle), size * 0.8 * math.cos(angle), 4.2)
                    parts += _placed(_small_stone(piece.accent, 1.9, str(index)), np.eye(3), spot)
        case "sunburst":
            stone, cut, size = _stone_of(piece)
            rays = 20
            for index in range(rays):
                long = 1.0 if index % 2 == 0 else 0.7
                direction = np.array([math.sin(TAU * index / rays), math.cos(TAU * index / rays), 0.0])
                ray = np.linspace(size * 0.42, reach * long, 6)[:, None] * direction * np.array([*stretch, 1.0])
                parts.append(tube(ray, width=np.linspace(2.1, 0.5, 6), around=6))
                tip = piece.accent or stone
                if index % 2 == 0:
                    parts += _placed(_small_stone(tip, 2.3, str(index)), np.eye(3), tuple(ray[-1] + [0, 0, 0.6]))
            parts += _placed(_set_stone(stone, cut, size * 1.2, seed=piece.key), np.eye(3), (0, 0, 1.6))
        case "leaf":
            spine = np.column_stack(
                [np.sin(np.linspace(-0.5, 0.5, 30)) * reach * 0.4, np.linspace(-1, 1, 30) * height / 2, np.zeros(30)]
            )
            parts.append(tube(spine, width=np.linspace(2.2, 0.7, 30), around=8))
            for index in range(2, 14):
                for side in (-1, 1):
                    size = reach * 0.62 * math.sin(math.pi * index / 15) + 2
                    blade = dome(_petal(size, size * 0.36), height=1.6, material="metal", rings=6)
                    matrix = rotation(roll=-side * 52) @ rotation(pitch=-10)
                    root = spine[index * 2]
                    parts.append(blade.turned(matrix).moved(root + matrix @ np.array([0, size * 0.5, 0.4])))
        case _:
            for side in (-1, 1):
                t = np.linspace(0, TAU, 60)
                loop = np.column_stack(
                    [side * width * 0.25 * (1 - np.cos(t)), height * 0.3 * np.sin(t) * np.sin(t / 2), 1.5 * np.sin(t / 2)]
                )
                parts.append(tube(loop, width=4.2, thickness=1.0, around=10, squareness=0.6))
                tail = np.column_stack(
                    [side * np.linspace(0, width * 0.3, 20), -np.linspace(0, height * 0.5, 20), 0.8 * np.sin(np.linspace(0, 5, 20))]
                )
                parts.append(tube(tail, width=np.linspace(2.4, 4.4, 20), thickness=1.0, around=10, squareness=0.6))
            parts.append(ball(3.6, flatten=0.7, detail=10).moved((0, 0, 1.6)))
    return Model(parts=_all(parts), focus=(0.0, 0.0, 0.0), focus_radius=reach * 0.72)


def _watch(piece: Piece) -> Model:
    radius = piece.dimensions_mm["diameter"] / 2
    leather = piece.style in ("classic", "vintage", "minimalist")
    square = piece.style == "art deco"
    outline = cut_outline("cushion" if square else "round", 72) * radius * (2.15 if square else 2)
    rim = np.column_stack([outline, np.zeros(len(outline))])
    parts: list[Part] = [
        plate(outline, thickness=5.0, bevel=0.6),
        tube(rim * 0.95 + [0, 0, 2.6], width=2.2, thickness=2.4, closed=True, around=12),
        plate(outline * 0.86, thickness=0.6, bevel=0.2, material="dial dark" if piece.style in ("modern", "bohemian") else "dial light").moved((0, 0, 2.6)),
        tube(np.array([[radius, 0, 0], [radius + 3.2, 0, 0]]), width=3.4, around=12).moved((0, 0, 0)),
    ]  # fmt: skip
    for index in range(12):
        angle = TAU * index / 12
        inward, outward = radius * (0.6 if index % 3 == 0 else 0.68), radius * 0.76
        direction = np.array([math.sin(angle), math.cos(angle), 0.0])
        parts.append(tube(np.array([direction * inward, direction * outward]) + [0, 0, 3.2], width=radius * 0.035, thickness=radius * 0.05, around=6))
    for angle, long, wide in ((math.radians(304), 0.46, 0.07), (math.radians(48), 0.68, 0.05)):
        direction = np.array([math.sin(angle), math.cos(angle), 0.0])
        parts.append(tube(np.array([direction * -radius * 0.1, direction * radius * long]) + [0, 0, 3.6], width=radius * wide, around=6))
    parts.append(ball(radius * 0.06, detail=5).moved((0, 0, 3.7)))
    if piece.stone is not None:
        count = int(TAU * radius * 0.97 / (piece.stone.size_mm * 1.1))
        cut: Cut = "round" if piece.stone.cut not in ("bead", "cabochon") else piece.stone.cut
        one = _set_stone(piece.stone.name, cut, piece.stone.size_mm, detail=8, prongs=0)
        for index in range(count):
            x, y, _ = rim[int(index * len(rim) / count)] * 0.96
            parts += _placed(one, np.eye(3), (x, y, 4.0))
    strap = radius * 0.98
    reach = radius * 1.25
    for side in (-1, 1):
        start = side * radius * 0.86
        if leather:
            end = start + side * reach
            t = np.linspace(0, 1, 12)
            line = np.column_stack([0 * t, start + (end - start) * t, -1.5 - 5 * t**2])
            parts.append(tube(line, width=np.linspace(strap, strap * 0.86, 12), thickness=2.2, axis=(1, 0, 0), around=14, squareness=0.4, material="leather"))
            for edge in (-1, 1):
                stitch = line + np.column_stack([edge * np.linspace(strap, strap * 0.86, 12) * 0.42, 0 * t, 0 * t + 1.15])
                parts.append(tube(stitch, width=0.35, around=4, material="thread"))
        else:
            rows = 6
            for row in range(rows):
                y = start + side * reach * (row + 0.6) / rows
                drop = -1.5 - 5 * ((row + 0.5) / rows) ** 2
                for share, wide in ((-0.36, 0.26), (0.0, 0.4), (0.36, 0.26)):
                    link = tube(
                        np.array([[strap * (share - wide / 2), y, drop], [strap * (share + wide / 2), y, drop]]),
                        width=reach / rows * 0.94, thickness=2.4, axis=(0, 1, 0), around=10, squareness=0.6,
                    )  # fmt: skip
                    parts.append(link)
    return Model(parts=_all(parts), focus=(0.0, 0.0, 0.0), focus_radius=radius * 1.0)
