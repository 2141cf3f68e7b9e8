"""Chains, cords, ribbons and strings of beads along any path, and how one ornament is put in many places.

Everything repeated is built once and placed by whole arrays.  Frames are rotation matrices, shape
``(k, 3, 3)``: local x runs along the path, local z faces out of it, and local y is what is left.
"""

import math
from collections.abc import Iterable, Sequence

import numpy as np

from sample_feeds.pieces import Cut
from sample_feeds.rendering.gems import gem
from sample_feeds.rendering.shapes import TAU, Array, Part, ball, circle, grid, rotation, tube, unit

# Of the kinds that a plain chain may be; the last three have no links of their own.
CHAIN_KINDS = ("cable", "belcher", "paperclip", "curb", "figaro", "box", "rope", "snake", "herringbone")
FINE_KINDS = ("cable", "belcher", "curb", "box", "rope", "snake")


def copies(
    parts: Iterable[Part], turns: Array, places: Array, scales: Sequence[float] | Array | None = None
) -> list[Part]:
    """Return every part once at each of ``k`` places.

    Copies of a body are one part; solids stay apart, since each has to be convex.

    Args:
        parts: What is placed, about the origin.
        turns: Rotations ``(k, 3, 3)``, or one for all.
        places: Offsets ``(k, 3)`` in millimetres.
        scales: One factor each; default 1.
    """
    places = np.asarray(places, dtype=float).reshape(-1, 3)
    turns = np.broadcast_to(turns, (len(places), 3, 3))
    factors = np.ones(len(places)) if scales is None else np.asarray(scales, dtype=float)
    if not len(places):
        return []
    made: list[Part] = []
    for part in parts:
        flat = np.concatenate([part.corners.reshape(-1, 3), part.normals.reshape(-1, 3)])
        turned = np.matmul(flat[None], turns.transpose(0, 2, 1))
        half = len(flat) // 2
        corners = turned[:, :half] * factors[:, None, None] + places[:, None]
        normals = turned[:, half:]
        if part.solid:
            made += [
                Part(
                    material=part.material,
                    corners=one.reshape(-1, 4, 3),
                    normals=way.reshape(-1, 4, 3),
                    solid=True,
                )
                for one, way in zip(corners, normals, strict=True)
            ]
        else:
            made.append(
                Part(
                    material=part.material,
                    corners=corners.reshape(-1, 4, 3),
                    normals=normals.reshape(-1, 4, 3),
                )
            )
    return made


def mirrored(parts: Iterable[Part]) -> list[Part]:
    """Return parts with left and right exchanged."""
    flip = np.array([-1.0, 1.0, 1.0])
    return [
        Part(
            material=part.material,
            corners=part.corners[:, ::-1] * flip,
            normals=part.normals[:, ::-1] * flip,
            solid=part.solid,
        )
        for part in parts
    ]


def about_z(degrees: Array | Sequence[float]) -> Array:
    """Return the rotations about z by every angle, shape ``(k, 3, 3)``."""
    angle = np.radians(np.asarray(degrees, dtype=float))
    cosine, sine, zero = np.cos(angle), np.sin(angle), np.zeros_like(angle)
    rows = [cosine, -sine, zero, sine, cosine, zero, zero, zero, zero + 1]
    return np.stack(rows, axis=-1).reshape(*angle.shape, 3, 3)


def path_length(path: Array) -> float:
    """Return the length of an open path ``(m, 3)`` in millimetres."""
    return float(np.linalg.norm(np.diff(path, axis=0), axis=1).sum())


def along(path: Array, stations: Sequence[float] | Array) -> Array:
    """Return the points of an open path at distances (mm) from its start, shape ``(k, 3)``."""
    lengths = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1))])
    return np.column_stack([np.interp(stations, lengths, path[:, axis]) for axis in range(3)])


def frames(path: Array, stations: Sequence[float] | Array, facing: Array | Sequence[float]) -> Array:
    """Return the frames ``(k, 3, 3)`` of an open path at distances from its start.

    Args:
        path: Points ``(m, 3)``.
        stations: Distances in millimetres, ``k`` of them.
        facing: Where local z shall point as nearly as it can: one direction, or one for every station.
    """
    stations = np.asarray(stations, dtype=float)
    step = path_length(path) / max(len(path) - 1, 1)
    return _frames_of(unit(along(path, stations + step) - along(path, stations - step)), np.asarray(facing))


def pitched(path: Array, pitch: float) -> tuple[Array, float]:
    """Return the middles of equal steps of about ``pitch`` along an open path, and the exact step."""
    whole = path_length(path)
    count = max(round(whole / pitch), 1)
    return (np.arange(count) + 0.5) * whole / count, whole / count


def swept(
    path: Array,
    turns: Array,
    section: Array,
    *,
    scale: Array | None = None,
    closed: bool = False,
    material: str = "metal",
) -> Part:
    """Sweep a section along a path of given frames, with normals of the surface as it comes out.

    Args:
        path: Points ``(k, 3)``; a closed path does not repeat its first point.
        turns: The frames of the points, ``(k, 3, 3)``.
        section: Outline in local y and z about the path, ``(m, 2)``, or one for every point, ``(k, m, 2)``.
        scale: Factor of the section at every point.
        closed: Whether the last point joins the first; else both ends get a flat cap.
        material: What it is made of.
    """
    outline = np.broadcast_to(section, (len(path), *section.shape[-2:]))
    if scale is not None:
        outline = outline * np.asarray(scale)[:, None, None]
    offsets = outline[..., :1] * turns[:, None, :, 1] + outline[..., 1:] * turns[:, None, :, 2]
    points = path[:, None] + offsets
    around = np.roll(points, -1, axis=1) - np.roll(points, 1, axis=1)
    if closed:
        onward = np.roll(points, -1, axis=0) - np.roll(points, 1, axis=0)
    else:
        onward = np.gradient(points, axis=0)
    normals = unit(np.cross(around, onward))
    inward = np.einsum("kmi,kmi->km", normals, offsets) < 0
    # One sign for all: thin ribbons have spots where the offset says nothing about outside.
    normals = -normals if inward.mean() > 0.5 else normals
    points, normals = (np.concatenate([one, one[:, :1]], axis=1) for one in (points, normals))
    if closed:
        points, normals = (np.concatenate([one, one[:1]]) for one in (points, normals))
        return grid(material, points, normals)
    body = grid(material, points, normals)
    caps = []
    for end, sign in ((0, -1.0), (-1, 1.0)):
        rim, middle = points[end], path[end]
        way = sign * turns[end, :, 0]
        fan = np.stack([rim[:-1], rim[1:], np.broadcast_to(middle, rim[1:].shape)], axis=1)
        corners = np.concatenate([fan, fan[:, 2:]], axis=1)
        caps.append((corners, np.broadcast_to(way, corners.shape)))
    return Part(
        material=material,
        corners=np.concatenate([body.corners, *(corners for corners, _ in caps)]),
        normals=np.concatenate([body.normals, *(normals for _, normals in caps)]),
    )


def chain(
    kind: str, path: Array, width: float, *, facing: Sequence[float] | Array = (0, 0, 1), closed: bool = False
) -> list[Part]:
    """Return a chain along a path.

    Args:
        kind: One of ``CHAIN_KINDS``.
        path: Points ``(m, 3)``; a closed path repeats its first point.
        width: Over the links, in millimetres.
        facing: Where the flat side of the links looks, one direction or one for every point of the path.
        closed: Whether the path comes back to its start.

    Raises:
        KeyError: If there is no such kind.
    """
    makers = {
        "cable": lambda: links(path, width, long=1.4, facing=facing),
        "belcher": lambda: links(path, width, long=1.05, wire=0.3, facing=facing),
        "paperclip": lambda: links(path, width, long=2.7, wire=0.2, facing=facing),
        "curb": lambda: curb(path, width, facing=facing),
        "figaro": lambda: curb(path, width, facing=facing, pattern=(1, 1, 1, 2.1)),
        "box": lambda: box_chain(path, width * 0.8, facing=facing),
        "rope": lambda: [rope(path, width * 0.95, facing=facing, closed=closed)],
        "snake": lambda: [snake(path, width * 0.8, facing=facing, closed=closed)],
        "herringbone": lambda: [ribbon(path, width * 1.5, facing=facing, closed=closed, weave="herringbone")],
    }
    return makers[kind]()


def links(
    path: Array,
    width: float,
    *,
    long: float = 1.5,
    wire: float = 0.24,
    facing: Sequence[float] | Array = (0, 0, 1),
) -> list[Part]:
    """Return oval links, alternately flat and on edge; ``long`` and ``wire`` are in widths."""
    stretched = width * long
    stations, step = pitched(path, stretched - 1.75 * width * wire)
    link = _oval_link(stretched, width, wire * width)
    turns = frames(path, stations, _facing_at(path, facing, stations))
    places = along(path, stations)
    grown = step / (stretched - 1.75 * width * wire)
    flat, edge = _about_x(14.0), _about_x(104.0)
    made = copies([link], turns[::2] @ flat, places[::2], np.full(len(places[::2]), grown))
    return made + copies([link], turns[1::2] @ edge, places[1::2], np.full(len(places[1::2]), grown))


def curb(
    path: Array,
    width: float,
    *,
    facing: Sequence[float] | Array = (0, 0, 1),
    pattern: Sequence[float] = (1,),
    wire: float = 0.27,
) -> list[Part]:
    """Return a curb chain: twisted links that lie flat; ``pattern`` repeats lengths of links (Figaro)."""
    unit_pitch = width * 0.74
    extra = width * 1.3 - unit_pitch
    pitches = np.array(pattern) * unit_pitch + (np.array(pattern) - 1) * extra * 0.6
    whole = path_length(path)
    rounds = max(round(whole / pitches.sum()), 1)
    sizes = np.tile(np.arange(len(pattern)), rounds)
    steps = pitches[sizes] * whole / (rounds * pitches.sum())
    stations = np.cumsum(steps) - steps / 2
    turns = frames(path, stations, _facing_at(path, facing, stations)) @ (
        rotation(pitch=32) @ rotation(roll=16)
    )
    places = along(path, stations)
    made: list[Part] = []
    for length in sorted(set(pattern)):
        chosen = np.isin(sizes, [index for index, value in enumerate(pattern) if value == length])
        pitch = pitches[list(pattern).index(length)]
        link = _oval_link(pitch + extra, width, wire * width, squareness=0.7)
        made += copies([link], turns[chosen], places[chosen])
    return made


def box_chain(path: Array, width: float, *, facing: Sequence[float] | Array = (0, 0, 1)) -> list[Part]:
    """Return a box chain: square links, every second one on its side."""
    stations, _ = pitched(path, width * 0.86)
    half, soft = width * 0.42, width * 0.14
    corners = [(sx * half, sy * half) for sx, sy in ((1, 1), (-1, 1), (-1, -1), (1, -1))]
    square = []
    for (x, y), (dx, dy) in zip(corners, ((0, -1), (1, 0), (0, 1), (-1, 0)), strict=True):
        square += [(x + soft * dx, y + soft * dy, 0.0), (x + soft * -abs(dy) * np.sign(x), y, 0.0)]
    ordered = sorted(square, key=lambda point: math.atan2(point[1], point[0]))
    link = tube(
        np.array(ordered), width=width * 0.74, thickness=width * 0.2, closed=True, around=6, squareness=0.5
    )
    turns, places = frames(path, stations, _facing_at(path, facing, stations)), along(path, stations)
    tilt = _about_x(45.0)
    made = copies([link], turns[::2] @ tilt, places[::2])
    return made + copies([link], turns[1::2] @ tilt @ _about_x(90.0), places[1::2])


def rope(
    path: Array,
    width: float,
    *,
    facing: Sequence[float] | Array = (0, 0, 1),
    closed: bool = False,
    strands: int = 2,
    lay: float = 2.1,
    material: str = "metal",
) -> Part:
    """Return strands laid round each other; ``lay`` is the length of a turn in widths."""
    whole = path_length(path)
    rounds = max(round(whole / (lay * width)), 1)
    count = min(rounds * 12, 900)
    stations = np.linspace(0, whole, count, endpoint=not closed)
    turns, places = frames(path, stations, _facing_at(path, facing, stations)), along(path, stations)
    thick = {2: 0.56, 3: 0.5}.get(strands, 0.42)
    made = []
    for strand in range(strands):
        phase = TAU * (rounds * stations / whole + strand / strands)
        away = np.cos(phase)[:, None] * turns[:, :, 1] + np.sin(phase)[:, None] * turns[:, :, 2]
        line = places + away * width * (1 - thick) / 2
        onward = (
            np.gradient(line, axis=0) if not closed else np.roll(line, -1, axis=0) - np.roll(line, 1, axis=0)
        )
        own = _frames_of(unit(onward), away)
        made.append(swept(line, own, circle_section(width * thick / 2, 8), closed=closed, material=material))
    return Part(
        material=material,
        corners=np.concatenate([part.corners for part in made]),
        normals=np.concatenate([part.normals for part in made]),
    )


def snake(
    path: Array, width: float, *, facing: Sequence[float] | Array = (0, 0, 1), closed: bool = False
) -> Part:
    """Return a snake chain: a supple tube of narrow rings."""
    whole = path_length(path)
    rings = max(round(whole / (width * 0.55)), 4)
    per_ring = 4 if rings < 260 else 3
    count = rings * per_ring + (not closed)
    stations = np.linspace(0, whole, count, endpoint=not closed)
    turns, places = frames(path, stations, _facing_at(path, facing, stations)), along(path, stations)
    groove = 1 - 0.14 * np.abs(np.cos(math.pi * rings * stations / whole)) ** 3
    return swept(places, turns, circle_section(width / 2, 10), scale=groove, closed=closed)


def ribbon(
    path: Array,
    width: float,
    *,
    thickness: float | None = None,
    facing: Sequence[float] | Array = (0, 0, 1),
    closed: bool = False,
    weave: str = "milanese",
    material: str = "metal",
) -> Part:
    """Return a woven flat band, "milanese" or "herringbone"; the back is plain."""
    whole = path_length(path)
    thick = thickness or max(width * 0.12, 0.8)
    milanese = weave == "milanese"
    cell = max(width / 11, 0.8) if milanese else max(width / 5, 0.9)
    steps = 3 if milanese else 4
    rows = max(round(whole / cell), 2)
    columns = max(round(width / cell), 3) * steps if milanese else 12
    count = rows * steps + (not closed)
    stations = np.linspace(0, whole, count, endpoint=not closed)
    turns, places = frames(path, stations, _facing_at(path, facing, stations)), along(path, stations)
    share = np.linspace(-1, 1, columns + 1)
    u = (stations / whole * rows)[:, None]
    if milanese:
        # Spirals that lean one way in every second row: what a Milanese strap is woven of.
        v = ((share + 1) * columns / steps / 2)[None]
        lean = np.where(np.floor(v) % 2 == 0, 1.0, -1.0)
        relief = np.sin(math.pi * (v % 1.0)) * (0.6 + 0.4 * np.cos(TAU * (u + lean * 0.5 * (v % 1.0))))
        depth = cell * 0.3
    else:
        relief = (u + 1.6 * np.abs(share)[None] * width / 2 / cell) % 1.0
        depth = cell * 0.16
    front = thick / 2 * (1 - 0.5 * share**6)[None] + depth * (relief - 0.5) * (1 - share**8)[None]
    front[:, [0, -1]] = thick * 0.22
    side = share * width / 2
    back = np.linspace(1, -1, 5)
    outline = np.concatenate(
        [
            np.stack([np.broadcast_to(side, front.shape), front], axis=2),
            np.broadcast_to(
                np.column_stack([back * width / 2, -thick / 2 * (1 - 0.5 * back**4)]), (count, 5, 2)
            ),
        ],
        axis=1,
    )
    return swept(places, turns, outline, closed=closed, material=material)


def bead_string(
    path: Array,
    stone: str,
    cut: Cut,
    size: float,
    *,
    graded: float = 0.0,
    gap: float = 0.03,
    spacer: float = 0.0,
    every: int = 1,
) -> list[Part]:
    """Return beads threaded along an open path, filling it.

    Args:
        path: Points ``(m, 3)``.
        stone: Material of the beads.
        cut: How they are cut.
        size: Diameter of the largest, mm.
        graded: How much smaller the beads at both ends are, as a share of ``size``.
        gap: Between two beads, as a share of ``size``.
        spacer: Diameter in ``size`` of the metal balls between beads; 0 for none.
        every: How many beads lie between two spacers.
    """
    whole = path_length(path)
    room = size * (gap + spacer / every)
    sizes: list[float] = []
    reach = 0.0
    while reach < whole:
        share = min(reach / whole, 1.0)
        sizes.append(size * (1 - graded * (1 - math.sin(math.pi * share) ** 1.3)))
        reach += sizes[-1] + room
    # Sizes are stretched a little so that the string comes out even.
    diameters = np.array(sizes) * whole / reach
    stretch = whole / reach
    gaps = np.full(len(sizes), size * gap * stretch)
    spaced = np.zeros(len(sizes), dtype=bool)
    if spacer:
        spaced = (np.arange(len(sizes)) % every) == every - 1
        gaps = gaps + spaced * size * spacer * stretch
    ends = np.cumsum(diameters + gaps)
    stations = ends - gaps - diameters / 2
    turns, places = frames(path, stations, (0, 0, 1)), along(path, stations)
    # Beads are pierced along y.
    made = copies(gem(stone, cut, size), turns @ rotation(roll=90), places, diameters / size)
    if spacer:
        made += copies(
            [ball(size * spacer * 0.5, detail=5)], np.eye(3), along(path, (ends - gaps / 2)[spaced])
        )
    return made


def circle_section(radius: float, around: int, *, flat: float = 1.0, squareness: float = 1.0) -> Array:
    """Return a rounded section for ``swept``: ``(around, 2)``; ``flat`` scales its z, see ``tube``."""
    angle = np.linspace(0, TAU, around, endpoint=False) + math.pi / around
    cosine, sine = np.cos(angle), np.sin(angle)
    return (
        np.column_stack(
            [
                np.sign(cosine) * np.abs(cosine) ** squareness,
                flat * np.sign(sine) * np.abs(sine) ** squareness,
            ]
        )
        * radius
    )


def _facing_at(path: Array, facing: Sequence[float] | Array, stations: Array) -> Array:
    """Return the facing for every station: as it is where there is one for all."""
    given = np.asarray(facing, dtype=float)
    if given.ndim == 1:
        return given
    lengths = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1))])
    return np.column_stack([np.interp(stations, lengths, given[:, axis]) for axis in range(3)])


def _frames_of(onward: Array, facing: Array) -> Array:
    facing = np.broadcast_to(facing, onward.shape)
    up = unit(np.cross(facing, onward))
    return np.stack([onward, up, np.cross(onward, up)], axis=2)


def _about_x(degrees: float) -> Array:
    return rotation(pitch=degrees)


def _oval_link(length: float, width: float, wire: float, *, squareness: float = 1.0) -> Part:
    """Return one link, its length along x: straight sides and round ends as long links have."""
    radius = (width - wire) / 2
    straight = max((length - width) / 2, 0.0)
    bend = circle(radius, 14)
    line = bend[:, [1, 0, 2]] * np.array([1.0, -1.0, 1.0])
    line[:, 0] += np.sign(np.round(line[:, 0], 6)) * straight
    return tube(line, width=wire, closed=True, around=6, squareness=squareness)
