"""Stones as they are cut: closed convex polyhedra that bend light, and smooth bodies of those that do not.

A faceted stone is what remains of a block when a plane is ground for every facet, so that it is closed and
convex whatever its outline is.  The round brilliant follows Tolkowsky's proportions (1919) with a modern
table: table 56 %, crown 34 degrees, pavilion 41 degrees; other brilliants scale its slopes with their
outline.
"""

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from sample_feeds.pieces import Cut
from sample_feeds.rendering.shapes import (
    SMOOTH_STONES,
    TAU,
    Array,
    Part,
    ball,
    cut_outline,
    dome,
    heart_outline,
    unit,
)

MELEE_MM = 2.5  # smaller stones get the seventeen facets of a single cut
_TABLE = 0.56
_CROWN = math.tan(math.radians(34.0))
_PAVILION = math.tan(math.radians(41.0))
_OVAL = 0.77  # width of an oval, of its length
_GIRDLE = 0.012  # half its thickness, of the stone's shorter half
# Of a round brilliant of radius 1, from where its facets meet (star length 50 %, lower halves 77 %):
# share of the radius at which a tier is anchored, the height there, and its slope.
_STAR = (_TABLE * math.cos(TAU / 16), 0.395)
_UPPER = 0.85
_LOWER = 0.906


def is_smooth(stone: str) -> bool:
    """Say whether a stone of this material is opaque or milky, so that it is never cut in facets."""
    return stone.partition(":")[0] in SMOOTH_STONES


def gem(stone: str, cut: Cut, size_mm: float, *, detail: int = 24) -> list[Part]:
    """Return a stone that looks along z, its girdle in the plane z = 0.

    A faceted heart is two solids, since a solid has to be convex; everything else is one part.

    Args:
        stone: Its material, as ``Stone.material`` says it.
        cut: Its cut; stones that are not transparent are smooth, in that outline.
        size_mm: Its longer side.
        detail: Below 12, or of stones below ``MELEE_MM``: few facets.
    """
    return list(_gem(stone, cut, float(size_mm), detail < 12 or size_mm < MELEE_MM))


@lru_cache(maxsize=512)
def _gem(stone: str, cut: Cut, size: float, small: bool) -> tuple[Part, ...]:
    if cut == "bead" and is_smooth(stone):
        return (ball(size / 2, material=stone, detail=8 if small else 14),)
    if is_smooth(stone) or cut == "cabochon":
        return (_buff_top(stone, cut, size, small),)
    return tuple(
        Part(material=stone, corners=corners * size, normals=normals, solid=True)
        for corners, normals in _facets(cut, small)
    )


def _buff_top(stone: str, cut: Cut, size: float, small: bool) -> Part:
    """Return a cabochon of a cut's outline: a flat back, a low wall and a dome."""
    outline = cut_outline(cut, 20 if small else 48) * size
    height = size * (0.36 if cut == "cabochon" else 0.25)
    if stone.startswith("pearl"):
        height = size * 0.36
    return dome(outline, height=height, material=stone, rings=6 if small else 12, wall=size * 0.05)


@lru_cache(maxsize=64)
def _facets(cut: Cut, small: bool) -> tuple[tuple[Array, Array], ...]:
    """Return the solids of a cut of size 1 as corners and normals of quads."""
    match cut:
        case "bead":
            solids = [_planes_of_bead(small)]
        case "emerald":
            solids = [_planes_of_steps(cut_outline("emerald", 9), small)]
        case "princess":
            solids = [_planes_of_princess(small)]
        case "heart":
            solids = [_planes_of_half_heart(side, small) for side in (1, -1)]
        case _:
            solids = [_planes_of_brilliant(cut, small)]
    made = []
    for planes in solids:
        corners, normals = polyhedron(planes)
        if cut == "bead":
            corners = corners / np.ptp(corners.reshape(-1, 3), axis=0)[:2].max()
        for array in (corners, normals):
            array.flags.writeable = False
        made.append((corners, normals))
    return tuple(made)


def polyhedron(planes: Array) -> tuple[Array, Array]:
    """Return the faces of what lies behind all planes, as quads ``(n, 4, 3)`` and their flat normals.

    Args:
        planes: Rows (outward normal, distance from the origin), ``(k, 4)``; what cuts nothing is left out.
    """
    _, first = np.unique(np.round(planes, 7), axis=0, return_index=True)
    normals, offsets = planes[np.sort(first), :3], planes[np.sort(first), 3]
    corners, facing = [], []
    for index, normal in enumerate(normals):
        across = unit(np.cross(normal, (0.577, 0.211, 0.789)))
        up = np.cross(normal, across)
        middle = normal * offsets[index]
        face = np.array([middle + 4 * (a * across + b * up) for a, b in ((-1, -1), (1, -1), (1, 1), (-1, 1))])
        for other, (away, offset) in enumerate(zip(normals, offsets, strict=True)):
            if other == index:
                continue
            outside = face @ away - offset
            if outside.max() > 1e-9:
                face = _clipped(face, outside)
                if len(face) < 3:
                    break
        face = _without_repeats(face)
        if len(face) < 3:
            continue
        for start in range(1, len(face) - 1, 2):
            quad = [0, start, start + 1, min(start + 2, len(face) - 1)]
            corners.append(face[quad])
            facing.append(np.broadcast_to(normal, (4, 3)))
    return np.array(corners), np.array(facing)


def _clipped(face: Array, outside: Array) -> Array:
    kept = []
    for index in range(len(face)):
        after = (index + 1) % len(face)
        if outside[index] <= 0:
            kept.append(face[index])
        if (outside[index] < 0 < outside[after]) or (outside[after] < 0 < outside[index]):
            share = outside[index] / (outside[index] - outside[after])
            kept.append(face[index] + share * (face[after] - face[index]))
    return np.array(kept).reshape(-1, 3)


def _without_repeats(face: Array) -> Array:
    if len(face) < 3:
        return face
    # Facets that meet in one point do so within rounding; slivers a thousandth long are nobody's facet.
    apart = np.linalg.norm(face - np.roll(face, 1, axis=0), axis=1) > 1e-3
    return face[apart]


def _plane(azimuth: Array, slope: Array | float, radius: Array | float, height: float) -> Array:
    """Return planes that look outwards at an azimuth and fall by ``slope`` (negative ones: rise) outwards.

    ``radius`` is their distance from the axis at ``height``.
    """
    azimuth = np.atleast_1d(azimuth)
    slope = np.broadcast_to(slope, azimuth.shape)
    normal = unit(
        np.column_stack([np.abs(slope) * np.cos(azimuth), np.abs(slope) * np.sin(azimuth), np.sign(slope)])
    )
    anchor = np.column_stack(
        [radius * np.cos(azimuth), radius * np.sin(azimuth), np.full(len(azimuth), height)]
    )
    return np.column_stack([normal, (normal * anchor).sum(axis=1)])


def _upright(outline: Array) -> Array:
    """Return the vertical planes of a girdle."""
    step = np.roll(outline, -1, axis=0) - outline
    normal = unit(np.column_stack([step[:, 1], -step[:, 0], np.zeros(len(step))]))
    return np.column_stack([normal, (normal[:, :2] * outline).sum(axis=1)])


def _level(z: float) -> Array:
    return np.array([[0.0, 0.0, math.copysign(1.0, z), abs(z)]])


def _support(outline: Array, azimuth: Array) -> Array:
    """Return how far an outline reaches in each direction."""
    directions = np.column_stack([np.cos(azimuth), np.sin(azimuth)])
    reach: Array = (outline @ directions.T).max(axis=0)
    return reach


def _azimuths(outline: Array) -> tuple[Array, Array]:
    """Return the directions that an outline's sides and corners look in."""
    step = np.roll(outline, -1, axis=0) - outline
    sides = unit(np.column_stack([step[:, 1], -step[:, 0]]))
    points = unit(sides + np.roll(sides, 1, axis=0))
    return np.arctan2(sides[:, 1], sides[:, 0]), np.arctan2(points[:, 1], points[:, 0])


def _planes_of_brilliant(cut: Cut, small: bool) -> Array:
    # An oval is a round stone drawn long: its facets meet as exactly.
    drawn: Cut = "round" if cut == "oval" else cut
    planes = _brilliant(
        cut_outline(drawn, 8 if small else 32), cut_outline(drawn, 8 if small else 16), small=small
    )
    if cut == "oval":
        planes = planes / np.array([_OVAL, 1.0, (1 + _OVAL) / 2, 1.0])
        planes = planes / np.linalg.norm(planes[:, :3], axis=1, keepdims=True)
    return planes


def _brilliant(girdle: Array, stations: Array, *, small: bool) -> Array:
    """Return a brilliant's planes over a girdle; mains stand at every other station, stars between them."""
    short = float(min(np.ptp(girdle[:, 0]), np.ptp(girdle[:, 1]))) / 2
    sides, points = _azimuths(stations)
    mains, stars = (points, sides) if small else (points[::2], points[1::2])
    crown = (1 - _TABLE) * _CROWN * short
    edge = 0.0 if small else _GIRDLE * short

    def tier(azimuth: Array, slope: float, height: float, share: float = 1.0) -> Array:
        reach = _support(girdle, azimuth)
        return _plane(azimuth, slope * short / reach, share * reach, height)

    planes = [_level(crown + edge), tier(mains, _CROWN, edge), tier(mains, -_PAVILION, -edge)]
    if small:
        return np.concatenate(planes)
    planes += [
        _upright(girdle),
        tier(stars, _STAR[1], crown + edge, _STAR[0]),
        tier(sides, _UPPER, edge),
        tier(sides, -_LOWER, -edge),
    ]
    return np.concatenate(planes)


def _planes_of_half_heart(side: int, small: bool) -> Array:
    """Return half a heart: its own brilliant, cut off in the middle."""
    steps = 16 if small else 36
    outline = heart_outline(steps)
    half = outline[outline[:, 0] * side >= -1e-9]
    # From the cleft or the tip onwards, so that no side but the middle one is missing.
    half = half[np.argsort(np.arctan2(half[:, 1], half[:, 0] * side + 1e-9))]
    half = half if side > 0 else half[::-1]
    sides, _ = _azimuths(half)
    outward = np.cos(sides) * side > 1e-6
    outward |= np.abs(np.sin(sides)) > 0.999
    azimuth = sides[np.cos(sides) * side > -0.98]
    edge = 0.0 if small else _GIRDLE * 0.5
    crown = 0.5 * (1 - _TABLE) * _CROWN
    reach = _support(half, azimuth)
    mains = slice(None, None, 1 if small else 2)
    planes = [
        _level(crown + edge),
        np.array([[-float(side), 0.0, 0.0, 0.0]]),
        _plane(azimuth[mains], _CROWN * 0.5 / reach[mains], reach[mains], edge),
        _plane(azimuth[mains], -_PAVILION * 0.5 / reach[mains], reach[mains], -edge),
    ]
    if not small:
        planes += [
            _upright(half),
            _plane(azimuth[1::2], _UPPER * 0.5 / reach[1::2], reach[1::2], edge),
            _plane(azimuth[1::2], -_LOWER * 0.5 / reach[1::2], reach[1::2], -edge),
        ]
    return np.concatenate(planes)


def _planes_of_steps(girdle: Array, small: bool) -> Array:
    """Return a step cut's planes: rows of facets parallel to the girdle, a keel underneath."""
    sides, _ = _azimuths(girdle)
    sides = np.unique(np.round(sides, 9))
    reach = _support(girdle, sides)
    short = float(np.ptp(girdle[:, 0])) / 2
    edge = 0.0 if small else _GIRDLE * short

    def rows(steps: Sequence[tuple[float, float]], sign: float) -> list[Array]:
        made, inset, height = [], 0.0, edge
        for slope, width in steps:
            made.append(_plane(sides, sign * slope, reach - inset, sign * height))
            inset, height = inset + width * short, height + slope * width * short
        return made

    # (slope, width of the step as a share of the shorter half)
    crown = ((0.7, 0.35),) if small else ((1.0, 0.11), (0.75, 0.13), (0.5, 0.13))
    pavilion = ((0.95, 1.0),) if small else ((1.35, 0.26), (1.0, 0.34), (0.72, 1.0))
    top = edge + short * sum(slope * width for slope, width in crown)
    planes = [_level(top), *rows(crown, 1.0), *rows(pavilion, -1.0)]
    if not small:
        planes.append(_upright(girdle))
    return np.concatenate(planes)


def _planes_of_princess(small: bool) -> Array:
    """Return a princess cut's planes: a square crown, and chevrons that run from the corners to the culet."""
    girdle = cut_outline("princess", 9)
    sides = np.arange(4) * TAU / 4
    corners = sides + TAU / 8
    edge = 0.0 if small else _GIRDLE * 0.5
    top = edge + 0.115
    corner = float(_support(girdle, corners[:1])[0])
    planes = [
        _level(top),
        _plane(sides, 0.62, 0.5, edge),
        _plane(corners, 0.50, corner, edge),
        _plane(sides, -1.62, 0.5, -edge),
    ]
    if small:
        planes.append(_plane(corners, -0.85, corner, -edge))
        return np.concatenate([*planes, _plane(sides, -1.1, 0.40, -edge - 0.16)])
    planes += [_upright(girdle), _plane(sides, 0.30, 0.345, top)]
    # Each pair of chevrons leans further from its side towards the corner, and reaches deeper.
    for lean, share, slope in ((13.0, 0.93, 1.25), (24.0, 0.83, 1.04), (34.0, 0.72, 0.90)):
        for sign in (-1, 1):
            azimuth = sides + sign * math.radians(lean)
            planes.append(
                _plane(
                    azimuth,
                    -slope,
                    0.5 * share * math.sqrt(2) * math.cos(TAU / 8 - math.radians(lean)),
                    -edge - 0.06,
                )
            )
    planes.append(_plane(corners, -0.86, corner, -edge))
    return np.concatenate(planes)


def _planes_of_bead(small: bool) -> Array:
    """Return a ball cut into facets, in rows from pole to pole along y, so that it threads as a bead."""
    rows = (
        ((0.0, 8), (44.0, 8), (-44.0, 8))
        if small
        else ((0.0, 12), (30.0, 12), (-30.0, 12), (58.0, 8), (-58.0, 8))
    )
    normals = [np.array([[0.0, 1.0, 0.0], [0.0, -1.0, 0.0]])]
    for index, (latitude, count) in enumerate(rows):
        turn = (np.arange(count) + (0.5 if index % 2 == 0 and index else 0.0)) * TAU / count
        flat, rise = math.cos(math.radians(latitude)), math.sin(math.radians(latitude))
        normals.append(np.column_stack([flat * np.cos(turn), np.full(count, rise), flat * np.sin(turn)]))
    stacked = np.concatenate(normals)
    return np.column_stack([stacked, np.full(len(stacked), 0.5)])
