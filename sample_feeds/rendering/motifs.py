"""Ornaments that pieces are named after: flowers, hearts, snakes, as little reliefs that face z.

Every maker draws its ornament ``size`` mm wide or tall about the origin, its back near z = 0, and says
where a main stone sits and where small ones may; ``motif`` sets them.
"""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from sample_feeds.pieces import Setting, Stone
from sample_feeds.rendering.chains import about_z, copies
from sample_feeds.rendering.fittings import halo_setting, milgrain, set_stone, small_stone
from sample_feeds.rendering.shapes import (
    TAU,
    Array,
    Part,
    ball,
    circle,
    collar,
    dome,
    heart_outline,
    merged,
    mound,
    placed,
    rotation,
    shell,
    skin,
    star_outline,
    tube,
)

Point = tuple[float, float, float]


@dataclass(slots=True, kw_only=True)
class Relief:
    """An ornament's metal, and where its stones go.

    Attributes:
        parts: The metal.
        seat: Where the main stone's setting stands.
        room: The largest stone that fits there, mm.
        turn: How far the stone is turned, degrees counter-clockwise.
        centre: What fills the seat when there is no stone.
        spots: Where small stones may sit, with their sizes.
        mirror: Whether a second main stone belongs to the left of the first.
    """

    parts: list[Part]
    seat: Point
    room: float
    turn: float = 0.0
    centre: list[Part] = field(default_factory=list)
    spots: list[tuple[Point, float]] = field(default_factory=list)
    mirror: bool = False


def motif(
    name: str,
    size_mm: float,
    stone: Stone | None,
    accent: str | None,
    rng: random.Random,
    *,
    setting: Setting | None = None,
) -> tuple[list[Part], Point]:
    """Return an ornament about the origin, facing z, and the top of its rim, where it hangs.

    Args:
        name: One of ``MOTIFS``.
        size_mm: Its longer side; its back lies near z = 0.
        stone: The main stone, made smaller where there is little room.
        accent: Material of small stones around it.
        rng: What its fine form follows from.
        setting: How the main stone is held; a collet if nothing is said.

    Raises:
        KeyError: If there is no such motif.
    """
    makers: dict[str, Callable[[float, random.Random, bool], Relief]] = {
        "flower": _flower,
        "leaf": _leaf,
        "heart": _heart,
        "star": _star,
        "moon": _moon,
        "butterfly": _butterfly,
        "bow": _bow,
        "cross": _cross,
        "snake": _snake,
        "feather": _feather,
        "sun": _sun,
        "knot": _knot,
    }
    relief = makers[name](size_mm, rng, stone is not None)
    parts = merged(relief.parts)
    if stone is None:
        parts += relief.centre
    else:
        halo = setting == "halo" and accent is not None and stone.cut != "bead"
        side = min(stone.size_mm, relief.room * (0.72 if halo else 1.0))
        if halo and accent is not None:
            one = halo_setting(stone.material, stone.cut, side, accent, name)
        else:
            one = set_stone(stone.material, stone.cut, side, prongs=4 if setting == "prong" else 0)
        x, y, z = relief.seat
        lift = z + side * (0.30 if stone.cut != "bead" else 0.45)
        parts += placed(one, rotation(roll=relief.turn), (x, y, lift))
        if relief.mirror:
            parts += placed(one, rotation(roll=-relief.turn), (-x, y, lift))
    if accent is not None:
        for index, ((x, y, z), width) in enumerate(relief.spots):
            parts += placed(small_stone(accent, width, str(index)), np.eye(3), (x, y, z + 0.18 * width))
    parts = merged(parts)
    return parts, _top(parts, size_mm)


def _top(parts: list[Part], size: float) -> Point:
    """Return the highest point near the middle: a jump ring there holds on to metal."""
    corners = np.concatenate([part.corners.reshape(-1, 3) for part in parts])
    near = corners[np.abs(corners[:, 0]) < 0.09 * size]
    top = near[np.argmax(near[:, 1])] if len(near) else corners[np.argmax(corners[:, 1])]
    return float(top[0]), float(top[1]) - 0.02 * size, float(top[2])


def blade(
    length: float,
    width: float,
    *,
    cup: float = 0.0,
    lift: float = 0.0,
    groove: float = 0.0,
    blunt: float = 0.45,
    notch: float = 0.0,
    rows: int = 11,
    columns: int = 9,
    thickness: float | None = None,
) -> Part:
    """Return a petal or leaf that grows from the origin along y.

    Args:
        length: From root to tip, mm.
        width: Where it is widest.
        cup: How far its sides rise above its middle, mm; negative: droop.
        lift: How far its middle arches up, mm.
        groove: Depth of the fold along its middle, mm.
        blunt: Exponent of its tip: small is round, 1 pointed.
        notch: How far the tip's middle lies back, mm.
        rows: Fineness along.
        columns: Fineness across.
        thickness: Of the sheet, mm.
    """
    u = (1 - np.cos(math.pi * np.linspace(0.02, 1, rows))) / 2
    v = np.linspace(-1, 1, columns)
    rise, fall = 0.62, blunt
    peak = rise / (rise + fall)
    shape = (u / peak) ** rise * ((1 - u) / (1 - peak)) ** fall
    x = width / 2 * shape[:, None] * v[None]
    y = length * u[:, None] - notch * (1 - np.abs(v[None])) * u[:, None] ** 4
    z = (
        lift * np.sin(math.pi * u[:, None] ** 0.8)
        + cup * shape[:, None] * v[None] ** 2
        - groove * shape[:, None] * np.exp(-((v[None] / 0.22) ** 2))
    )
    points = np.stack([x, y + 0 * x, z + 0 * x], axis=2)
    return shell(points, thickness or max(0.035 * length, 0.25))


def _around(part: Part, count: int, *, start: float = 0.0, tilt: float = 0.0, out: float = 0.0) -> list[Part]:
    """Return copies of a part that grows along y, all round; ``out`` is where they begin."""
    angles = start + np.arange(count) * 360 / count
    turns = about_z(angles)
    return copies([part.turned(rotation(pitch=tilt))], turns, turns[:, :, 1] * out)


def _grains(count: int, radius: float, size: float, z: float) -> list[Part]:
    spots = circle(radius, count) + np.array([0, 0, z])
    return milgrain(spots, size)


def _flower(size: float, rng: random.Random, jewelled: bool) -> Relief:
    form = rng.choice(("daisy", "blossom", "double", "dogwood"))
    count = {"daisy": rng.choice((10, 12, 14)), "dogwood": 4, "blossom": 5, "double": rng.choice((5, 6))}[
        form
    ]
    half = size / 2
    wide = min(2 * math.pi / count * half * (0.62 if form != "daisy" else 0.72), 0.95 * half)
    cup = rng.uniform(0.05, 0.13) * size * (1 if form != "daisy" else 0.4)
    petal = blade(
        half * 0.97,
        wide * rng.uniform(0.95, 1.12),
        cup=cup,
        lift=rng.uniform(0.03, 0.08) * size,
        groove=rng.uniform(0.01, 0.03) * size,
        blunt=rng.uniform(0.3, 0.5),
        notch=rng.choice((0.0, 0.06, 0.1)) * half if form in ("blossom", "dogwood") else 0.0,
    )
    tilt = rng.uniform(4, 12)
    parts = _around(petal, count, tilt=tilt)
    top = 0.06 * size
    if form == "double":
        small = blade(
            half * 0.66, wide * 0.72, cup=cup * 0.9, lift=0.05 * size, groove=0.02 * size, blunt=0.36
        )
        parts += [
            part.moved((0, 0, 0.05 * size))
            for part in _around(small, count, start=180 / count, tilt=tilt + 12)
        ]
        top = 0.10 * size
    room = size * 0.34
    boss = dome(circle(size * 0.11, 28)[:, :2], height=size * 0.08, material="metal").moved((0, 0, top))
    seeds = _grains(9, size * 0.085, size * 0.03, top + 0.05 * size) + _grains(
        14, size * 0.125, size * 0.024, top
    )
    spots = []
    for index in range(count):
        angle = math.radians(360 / count * index + 90)
        reach = half * 0.55
        spots.append(
            ((reach * math.cos(angle), reach * math.sin(angle), 0.07 * size), min(wide * 0.34, size * 0.1))
        )
    if jewelled:
        parts += _grains(16, size * 0.135, size * 0.022, top)
    return Relief(
        parts=parts,
        seat=(0, 0, top),
        room=room,
        centre=[boss, *seeds],
        spots=spots if count < 9 else spots[::2],
    )


def _leaf(size: float, rng: random.Random, jewelled: bool) -> Relief:
    lean = rng.uniform(-16, 16)
    width = size * rng.uniform(0.40, 0.58)
    bend = rng.uniform(-0.14, 0.14) * size
    rows, columns = 44, 25
    u = (1 - np.cos(math.pi * np.linspace(0.0, 1, rows))) / 2
    v = np.linspace(-1, 1, columns)
    shape = (u ** rng.uniform(0.6, 0.85)) * (1 - u) ** rng.uniform(0.7, 1.0)
    shape = shape / shape.max()
    teeth = rng.choice((0.0, 0.0, 0.05, 0.08))
    veins = rng.choice((6, 7, 9))
    slant = rng.uniform(0.45, 0.8)
    # Veins are ridges that run from the middle outwards and up.
    phase = (u[:, None] - slant * 0.28 * np.abs(v)[None] * shape[:, None]) * veins
    saw = 1 + teeth * ((2 * phase) % 1.0) * np.abs(v)[None] ** 4
    x = width / 2 * shape[:, None] * v[None] * saw + bend * np.sin(math.pi * u)[:, None]
    y = size * 0.92 * (u[:, None] - 0.5) + 0.05 * size * np.abs(v)[None] * shape[:, None]
    ridge = np.exp(-((((phase % 1.0) - 0.5) / 0.16) ** 2)) * (1 - np.exp(-((v[None] / 0.15) ** 2)))
    arch = rng.uniform(0.05, 0.10) * size
    z = (
        arch * shape[:, None] * (1 - 0.8 * v[None] ** 2)
        - 0.04 * size * np.exp(-((v[None] / 0.13) ** 2)) * shape[:, None]
    )
    z = z + 0.016 * size * ridge * shape[:, None] ** 0.5 + 0.07 * size * (u[:, None] - 0.4) ** 2
    sheet = shell(np.stack([x, y, z], axis=2), max(0.03 * size, 0.3))
    t = np.linspace(0, 1, 26)
    along = np.interp(t, np.linspace(0, 1, rows), u)
    line = np.column_stack(
        [
            bend * np.sin(math.pi * along),
            size * 0.92 * (along - 0.5),
            arch * np.interp(along, u, shape) - 0.03 * size + 0.07 * size * (along - 0.4) ** 2,
        ]
    )
    rib = tube(line, width=np.linspace(0.055, 0.02, 26) * size, around=7)
    stem_t = np.linspace(0, 1, 12)
    stem = np.column_stack(
        [
            0.10 * size * stem_t**2 * math.copysign(1, bend),
            -0.46 * size - 0.13 * size * stem_t,
            0.02 * size * stem_t,
        ]
    )
    parts = [sheet, rib, tube(stem, width=0.06 * size, around=8)]
    row = [
        (
            (bend * math.sin(math.pi * share), size * 0.92 * (share - 0.5), arch * 0.9),
            size * 0.075 * (1.2 - share),
        )
        for share in np.linspace(0.42, 0.86, 5)
    ]
    if rng.random() < 0.35:
        small = placed(merged([sheet, rib]), rotation(roll=rng.choice((-1, 1)) * 52), (0, 0, -0.02 * size))
        shrunk = [
            Part(material=part.material, corners=part.corners * 0.5, normals=part.normals) for part in small
        ]
        side = 1 if small[0].corners[:, :, 0][small[0].corners[:, :, 1] > 0.2 * size].mean() > 0 else -1
        parts += [part.moved((0.17 * size * side, -0.36 * size, 0)) for part in shrunk]
    turn = rotation(roll=lean)
    parts = placed(parts, turn, (0, 0, 0))
    seat = turn @ np.array([bend * math.sin(math.pi * 0.22), -0.20 * size, 0.02 * size])
    spots = []
    for spot, wide in row:
        x, y, z = turn @ np.array(spot)
        spots.append(((float(x), float(y), float(z)), wide))
    del jewelled
    return Relief(
        parts=parts,
        seat=(float(seat[0]), float(seat[1]), float(seat[2])),
        room=width * 0.6,
        turn=lean,
        spots=spots,
    )


def _heart(size: float, rng: random.Random, jewelled: bool) -> Relief:
    outline = heart_outline(96) * size * np.array([1.0, rng.uniform(0.94, 1.06)])
    form = rng.choice(("puffed", "open", "framed"))
    if form == "open":
        wide = rng.uniform(0.07, 0.13) * size
        line = np.column_stack([outline * 0.93, np.full(96, 0.5 * wide)])
        share = np.abs(np.arange(96) / 48 - 1)
        swell = wide * (0.7 + 0.6 * np.sin(math.pi * share) ** 2)
        frame = tube(line, width=wide * 1.05, thickness=swell, closed=True, around=14, squareness=0.8)
        spots = [((float(x) * 0.93, float(y) * 0.93, wide * 0.95), wide * 0.85) for x, y in outline[52:92:4]]
        seat = (0.0, 0.42 * size * 0.30 if not jewelled else 0.10 * size, 0.1 * size)
        bar = []
        if jewelled:
            # The stone stands between two arms.
            for side in (-1, 1):
                arm = np.array(
                    [
                        [side * 0.46 * size, 0.16 * size, wide * 0.5],
                        [side * 0.3 * size, 0.13 * size, wide * 0.45],
                        [0, 0.10 * size, wide * 0.3],
                    ]
                )
                bar.append(tube(arm, width=wide * 0.6, around=8))
        return Relief(parts=[frame, *bar], seat=seat, room=size * 0.44, spots=spots)
    high = rng.uniform(0.13, 0.2) * size
    if form == "puffed":
        body = dome(outline, height=high, material="metal", rings=14, wall=0.03 * size).moved(
            (0, 0, 0.03 * size)
        )
        return Relief(
            parts=[body],
            seat=(0, 0.02 * size, high * 0.72),
            room=size * 0.36,
            spots=[
                ((float(x) * 0.72, float(y) * 0.72, high * 0.66), size * 0.075) for x, y in outline[4:93:11]
            ],
        )
    rim = collar(
        outline * 0.92,
        [
            (-0.03 * size, 0),
            (0.05 * size, 0),
            (0.055 * size, 0.05 * size),
            (0.03 * size, 0.10 * size),
            (0, 0.10 * size),
            (-0.03 * size, 0.03 * size),
        ],
    )
    body = dome(outline * 0.86, height=high * 0.75, material="metal", rings=12).moved((0, 0, 0.03 * size))
    dots = milgrain(np.column_stack([outline[::2] * 0.93, np.full(48, 0.10 * size)]), 0.021 * size)
    return Relief(
        parts=[rim, body, *dots],
        seat=(0, 0.03 * size, high * 0.55),
        room=size * 0.36,
        spots=[((float(x) * 0.62, float(y) * 0.62, high * 0.6), size * 0.07) for x, y in outline[4:93:11]],
    )


def _faceted(outline: Array, high: float, wall: float) -> Part:
    """Return a body of flat facets between an outline's corners and a raised middle."""
    after = np.roll(outline, -1, axis=0)
    count = len(outline)
    rim, next_rim = (np.column_stack([line, np.full(count, wall)]) for line in (outline, after))
    top = np.broadcast_to([0.0, 0.0, wall + high], (count, 3))
    down = np.array([0.0, 0.0, wall])
    faces = np.concatenate(
        [
            np.stack([rim, next_rim, top, top], axis=1),
            np.stack([rim - down, next_rim - down, next_rim, rim], axis=1),
            np.stack([next_rim - down, rim - down, np.zeros((count, 3)), np.zeros((count, 3))], axis=1),
        ]
    )
    flat = np.cross(faces[:, 1] - faces[:, 0], faces[:, 2] - faces[:, 0])
    flat = flat / np.linalg.norm(flat, axis=1, keepdims=True)
    return Part(material="metal", corners=faces, normals=np.repeat(flat[:, None], 4, axis=1))


def _star(size: float, rng: random.Random, jewelled: bool) -> Relief:
    points = rng.choice((5, 5, 6, 8))
    inner = {5: rng.uniform(0.38, 0.52), 6: rng.uniform(0.42, 0.6), 8: rng.uniform(0.36, 0.5)}[points]
    outline = star_outline(points, inner, 1) * size
    if points == 8:
        outline[2::4] *= rng.uniform(0.6, 0.8)  # a north star: every second ray is short
    high = rng.uniform(0.09, 0.15) * size
    parts = [_faceted(outline, high, 0.05 * size)]
    spots = [
        ((float(x) * 0.66, float(y) * 0.66, 0.05 * size + high * 0.30), 0.085 * size) for x, y in outline[::2]
    ]
    if rng.random() < 0.4:
        frame = np.column_stack([outline * 1.0, np.full(len(outline), 0.05 * size)])
        parts.append(tube(frame, width=0.045 * size, closed=True, around=6))
        parts.append(milgrain(frame[::2], 0.045 * size)[0])
    if jewelled:
        seat = dome(circle(size * 0.13, 28)[:, :2], height=0.03 * size, material="metal", wall=0.1 * size)
        parts.append(seat.moved((0, 0, 0.05 * size + high * 0.6)))
    return Relief(parts=parts, seat=(0, 0, 0.05 * size + high * 0.55), room=size * 0.36, spots=spots)


def _moon(size: float, rng: random.Random, jewelled: bool) -> Relief:
    open_ = math.radians(rng.uniform(42, 62))
    lean = rng.uniform(-35, 20)
    thick = rng.uniform(0.26, 0.36) * size
    high = rng.uniform(0.10, 0.16) * size
    turn = np.linspace(open_, TAU - open_, 70)
    share = np.abs(np.sin((turn - open_) / (TAU - 2 * open_) * math.pi))
    half = size / 2
    band = np.maximum(thick * share**0.8, 0.015 * size)
    section = np.linspace(0, TAU, 25)[:-1]
    flat = np.where(np.sin(section) > 0, np.sin(section), 0.25 * np.sin(section))
    radius = (half - band / 2)[:, None] + band[:, None] / 2 * np.cos(section)[None]
    z = high * share[:, None] ** 0.7 * flat[None] + 0.25 * high
    points = np.stack([radius * np.cos(turn)[:, None], radius * np.sin(turn)[:, None], z], axis=2)
    parts = [skin(points[:, ::-1], columns_closed=True)]
    matrix = rotation(roll=lean)
    hollow = matrix @ np.array([0.06 * size, 0.0, 0.0])
    if jewelled or rng.random() < 0.6:
        # What lies in its arms is held from the belly.
        arm = np.array(
            [[-half * 0.55, 0, 0.35 * high], [-half * 0.2, 0, 0.3 * high], [0.06 * size, 0, 0.2 * high]]
        )
        parts.append(tube(arm, width=0.07 * size, around=8))
    small_star = [_faceted(star_outline(5, 0.45, 1) * size * 0.34, 0.05 * size, 0.03 * size)]
    spots = []
    for at in np.linspace(open_ + 0.55, TAU - open_ - 0.55, 7):
        middle = half - thick * math.sin((at - open_) / (TAU - 2 * open_) * math.pi) ** 0.8 / 2
        x, y, z0 = matrix @ np.array([middle * math.cos(at), middle * math.sin(at), high * 0.95])
        spots.append(((float(x), float(y), float(z0)), 0.09 * size))
    parts = placed(parts, matrix, (0, 0, 0))
    star = placed(
        small_star, rotation(roll=rng.uniform(0, 72)), (float(hollow[0]), float(hollow[1]), 0.1 * high)
    )
    centre = star if len(parts) > 1 else []
    return Relief(
        parts=parts,
        seat=(float(hollow[0]), float(hollow[1]), 0.0),
        room=size * 0.38,
        centre=centre,
        spots=spots,
    )


def _butterfly(size: float, rng: random.Random, jewelled: bool) -> Relief:
    half = size / 2
    raise_ = rng.uniform(14, 30)
    wire = 0.045 * size
    spread = rng.uniform(0.9, 1.1)

    def wing(points: list[tuple[float, float]], root: tuple[float, float]) -> list[Part]:
        knots = np.array([root, *points, root]) * half
        t = np.linspace(0, len(knots) - 1, 60)
        # A closed Catmull-Rom spline through the wing's corners.
        line = np.column_stack([_spline(knots[:, axis], t) for axis in range(2)])
        flat = np.column_stack([line, np.zeros(60)])
        made = [tube(flat[:-1], width=wire * 1.25, thickness=wire, closed=True, around=8)]
        for share in (0.26, 0.42, 0.57, 0.72):
            end = line[int(share * 59)]
            start = np.array(root) * half
            mid = start + (end - start) * 0.55 + np.array([0.0, 0.05 * half])
            s = np.linspace(0, 1, 9)[:, None]
            path = (1 - s) ** 2 * start + 2 * s * (1 - s) * mid + s**2 * end
            made.append(tube(np.column_stack([path, np.zeros(9)]), width=wire * 0.62, around=6))
        if solid:
            centre = line.mean(axis=0)
            body = mound(
                (line[:-1] - centre)[:: 1 if _turns_left(line) else -1] * 0.97,
                [
                    (0.0, -0.2 * wire),
                    (1.0, -0.2 * wire),
                    (1.0, 0.05 * wire),
                    (0.6, 0.35 * wire),
                    (0.0, 0.45 * wire),
                ],
            )
            made.append(body.moved((*centre, 0.0)))
        return made

    solid = rng.random() < 0.5
    upper = [(0.42 * spread, 0.78), (0.93 * spread, 0.86), (0.98 * spread, 0.45), (0.62, 0.06)]
    lower = [(0.55, 0.02), (0.80 * spread, -0.28), (0.62 * spread, -0.78), (0.24, -0.52)]
    right = wing(upper, (0.06, 0.10)) + wing(lower, (0.06, -0.02))
    right = placed(merged(right), rotation(yaw=-raise_), (0, 0, 0.05 * size))
    left = [
        Part(
            material=part.material,
            corners=part.corners[:, ::-1] * [-1, 1, 1],
            normals=part.normals[:, ::-1] * [-1, 1, 1],
        )
        for part in right
    ]
    y = np.linspace(-0.62, 0.42, 22) * half
    girth = half * np.interp(
        np.linspace(0, 1, 22), [0, 0.15, 0.5, 0.62, 0.78, 0.9, 1], [0.03, 0.09, 0.12, 0.10, 0.19, 0.16, 0.06]
    )
    body = tube(
        np.column_stack([0 * y, y, 0 * y + 0.09 * size]),
        width=girth,
        thickness=girth,
        axis=(0, 0, 1),
        around=12,
    )
    head = ball(0.085 * half, detail=7).moved((0, 0.48 * half, 0.10 * size))
    feelers = []
    for side in (-1, 1):
        s = np.linspace(0, 1, 10)
        line = np.column_stack(
            [side * half * (0.02 + 0.30 * s**1.5), half * (0.5 + 0.42 * s), 0.10 * size + 0.05 * size * s]
        )
        feelers += [tube(line, width=0.03 * size, around=6), ball(0.03 * size, detail=5).moved(line[-1])]
    spots = []
    for side in (-1, 1):
        for x, y0, wide in (
            (0.78, 0.60, 0.10),
            (0.56, 0.36, 0.085),
            (0.55, -0.42, 0.085),
            (0.36, -0.24, 0.07),
        ):
            lift = math.tan(math.radians(raise_)) * x * half
            spots.append(((side * x * half * 0.96, y0 * half, 0.07 * size + lift), wide * size))
    del jewelled
    # The stone is the thorax.
    return Relief(
        parts=[*right, *left, body, head, *feelers],
        seat=(0, 0.06 * half, 0.13 * size),
        room=0.28 * size,
        spots=spots,
    )


def _spline(values: Array, t: Array) -> Array:
    """Return a closed Catmull-Rom spline through values, the last of which repeats the first."""
    count = len(values) - 1
    index = np.minimum(t.astype(int), count - 1)
    s = t - index
    a, b, c, d = (values[(index + shift) % count] for shift in (-1, 0, 1, 2))
    curve: Array = 0.5 * (
        2 * b + (c - a) * s + (2 * a - 5 * b + 4 * c - d) * s**2 + (3 * b - a - 3 * c + d) * s**3
    )
    return curve


def _turns_left(line: Array) -> bool:
    x, y = line[:, 0], line[:, 1]
    return bool((x * np.roll(y, -1) - y * np.roll(x, -1)).sum() > 0)


def _bow(size: float, rng: random.Random, jewelled: bool) -> Relief:
    half = size / 2
    high = rng.uniform(0.09, 0.14) * size
    wide = rng.uniform(0.38, 0.5) * half
    droop = rng.uniform(-0.06, 0.16) * half
    u = np.linspace(0, 1, 34)
    v = np.linspace(-1, 1, 11)
    out = np.sin(math.pi * u) ** 0.85
    breadth = (0.15 * half + wide * out) * 1.0
    x = half * 0.96 * out[:, None] + 0.05 * half * (1 - v[None] ** 2) * out[:, None]
    # The strip goes out in front, bends round at the end and comes back behind.
    depth = high * (0.45 + 0.62 * np.sin(2 * math.pi * u) + 0.15 * np.cos(math.pi * u))
    fold = (
        0.035 * size * np.cos(3 * math.pi * v[None] / 2) * (1 - out[:, None]) * np.cos(math.pi * u)[:, None]
    )
    y = breadth[:, None] * v[None] + (droop * out)[:, None] + 0.10 * half * out[:, None]
    points = np.stack([x + 0 * y, y, depth[:, None] + fold + 0.0 * y], axis=2)
    loop = shell(points[:, ::-1], max(0.03 * size, 0.3))
    s = np.linspace(0, 1, 22)
    long, away = rng.uniform(0.62, 0.85) * half, rng.uniform(0.3, 0.6) * half
    tail_wide = 0.09 * half + 0.17 * half * s
    tx = away * s[:, None] ** 1.2 + tail_wide[:, None] * v[None]
    ty = (
        -long * s[:, None]
        - 0.04 * half
        + tail_wide[:, None] * v[None] * 0.45
        + 0.16 * half * np.abs(v[None]) * -(s[:, None] ** 6)
    )
    tz = high * (0.25 + 0.22 * np.sin(5 * s))[:, None] + 0 * tx
    tail = shell(np.stack([tx, ty, tz], axis=2)[:, ::-1], max(0.03 * size, 0.3))
    right = merged([loop, tail])
    left = [
        Part(
            material=part.material,
            corners=part.corners[:, ::-1] * [-1, 1, 1],
            normals=part.normals[:, ::-1] * [-1, 1, 1],
        )
        for part in right
    ]
    knot_y = np.linspace(-0.17, 0.19, 9) * half
    knot = tube(
        np.column_stack([0 * knot_y, knot_y, high * 0.75 + 0 * knot_y]), width=0.9 * high,
        thickness=half * (0.26 + 0.05 * np.cos(np.linspace(0, TAU, 9))), axis=(0, 0, 1), around=14,
        squareness=0.75,
    )  # fmt: skip
    spots = []
    for side in (-1, 1):
        for share, wide_ in ((0.42, 0.075), (0.62, 0.09), (0.82, 0.10)):
            spots.append(((side * share * half, (droop + 0.10 * half) * share, high * 1.05), wide_ * size))
    del jewelled
    return Relief(
        parts=[*right, *left, knot], seat=(0, 0.01 * half, high * 1.05), room=0.3 * size, spots=spots
    )


def _cross(size: float, rng: random.Random, jewelled: bool) -> Relief:
    form = rng.choice(("round", "flat", "flared", "budded"))
    wide = rng.uniform(0.10, 0.15) * size
    arms = [(0.0, 0.30), (90.0, 0.30), (-90.0, 0.30), (180.0, 0.62)]
    reach = {angle: share * size / 0.92 for angle, share in arms}
    parts: list[Part] = []
    z = 0.06 * size
    for angle, long in reach.items():
        s = np.linspace(0, 1, 9)
        swell = (
            wide * (0.75 + 0.75 * s**2)
            if form == "flared"
            else np.full(9, wide * (1.0 if form != "budded" else 0.72))
        )
        line = np.column_stack([0 * s, long * s, 0 * s + z])
        flat = {"round": 0.9, "flat": 0.42, "flared": 0.5, "budded": 1.0}[form]
        arm = tube(line, width=wide * 0.72, thickness=swell, axis=(0, 0, 1), around=16, squareness=flat)
        ends = [arm]
        if form == "budded":
            for x, y in ((0, 0.10), (-0.09, 0), (0.09, 0)):
                ends.append(
                    ball(wide * 0.46, detail=7, flatten=0.8).moved((x * size * 0.9, long + y * size * 0.7, z))
                )
        parts += placed(ends, rotation(roll=angle), (0, 0, 0))
    spots = []
    for angle, long in reach.items():
        turn = rotation(roll=angle)
        count = max(int(long / (wide * 0.95)), 1)
        for index in range(count):
            x, y, _ = turn @ np.array([0, long * (index + 0.75) / count - 0.02 * size, 0])
            if not jewelled or math.hypot(x, y) > 0.16 * size:
                spots.append(((float(x), float(y), z + wide * 0.30), wide * 0.68))
    shift = 0.16 * size
    parts = [part.moved((0, shift, 0)) for part in parts]
    spots = [((x, y + shift, z0), width) for (x, y, z0), width in spots]
    boss = ball(wide * 0.62, detail=8, flatten=0.6).moved((0, shift, z + wide * 0.2))
    return Relief(
        parts=parts,
        seat=(0, shift, z + wide * 0.2),
        room=size * 0.30,
        centre=[boss] if form != "flat" else [],
        spots=spots,
    )


def _snake(size: float, rng: random.Random, jewelled: bool) -> Relief:
    form = rng.choice(("coil", "wave", "winding"))
    count = 190
    t = np.linspace(0, 1, count)
    half = size / 2
    side = rng.choice((-1, 1))
    if form == "coil":
        angle = TAU * rng.uniform(1.35, 1.6) * t + 0.6
        radius = half * (0.88 - 0.30 * t) * (1 - 0.12 * np.clip((t - 0.85) / 0.15, 0, 1))
        x, y = radius * np.cos(angle), radius * np.sin(angle)
        z = half * (0.10 + 0.26 * t)
    else:
        bends = rng.uniform(1.1, 1.35) if form == "wave" else 1.6
        swing = TAU * bends * t + 0.3
        x = half * (0.62 if form == "wave" else 0.66 * (1 - 0.35 * t)) * np.sin(swing)
        y = half * (-0.90 + 1.62 * t) - half * 0.13 * np.sin(2 * swing)
        z = half * (0.16 + 0.08 * np.sin(swing + 1.0))
    line = np.column_stack([side * x, y, z])
    girth = half * 0.24 * np.interp(t, [0, 0.12, 0.55, 0.86, 0.93, 1], [0.10, 0.5, 1.0, 0.85, 0.72, 0.85])
    around = 18
    along = np.gradient(line, axis=0)
    along = along / np.linalg.norm(along, axis=1, keepdims=True)
    across = np.cross(along, [0, 0, 1.0])
    across = across / np.linalg.norm(across, axis=1, keepdims=True)
    up = np.cross(across, along)
    angle = np.linspace(0, TAU, around, endpoint=False)
    scales = rng.choice((0.0, 0.05, 0.08))
    # Scales: rows that are shifted by half a scale from ring to ring.
    rows = TAU * 38 * t[:, None] + math.pi * (np.arange(around) % 2)[None]
    relief = 1 + scales * np.sin(rows) * (np.sin(angle) > -0.4)[None]
    ring = np.cos(angle)[None, :, None] * across[:, None] + np.sin(angle)[None, :, None] * up[:, None]
    body = skin(
        (line[:, None] + ring * (girth[:, None] / 2 * relief)[..., None])[:, ::-1], columns_closed=True
    )
    head_at, way = line[-1], along[-1]
    flat = math.degrees(math.atan2(-way[0], way[1]))
    wide = half * 0.30
    a = np.linspace(0, TAU, 32, endpoint=False) + TAU / 4
    snout = np.column_stack([wide * 0.5 * np.cos(a) * (1 - 0.28 * np.sin(a)), wide * 0.82 * np.sin(a)])
    nose = dome(snout, height=wide * 0.34, material="metal", rings=8, wall=wide * 0.16)
    eyes = [ball(wide * 0.09, detail=5).moved((sx * wide * 0.24, wide * 0.30, wide * 0.26)) for sx in (-1, 1)]
    turn = rotation(roll=flat)
    ahead = head_at + way * wide * 0.55 * np.array([1, 1, 0])
    parts = [body, *placed([nose, *eyes], turn, (float(ahead[0]), float(ahead[1]), float(head_at[2])))]
    # It carries its stone on a bend of its body, or guards it within its coil.
    middle = line[int(count * (0.56 if form == "wave" else 0.47))]
    seat, room = (float(middle[0]), float(middle[1]), float(middle[2])), 0.26 * size
    if form == "coil":
        seat, room = (0.0, 0.0, 0.02 * size), 0.34 * size
        if jewelled:
            post = np.array(
                [[0, 0, 0.03], [side * x[70] * 0.5, y[70] * 0.5, 0.05], [side * x[70], y[70], z[70] / size]]
            )
            parts.append(tube(post * [1, 1, size], width=0.06 * size, axis=None, around=8))
    spots = [
        ((float(px), float(py), float(pz) + float(g) * 0.42), float(g) * 0.5)
        for (px, py, pz), g in zip(line[30:168:12], girth[30:168:12], strict=True)
    ]
    return Relief(parts=parts, seat=seat, room=room, spots=spots)


def _feather(size: float, rng: random.Random, jewelled: bool) -> Relief:
    half = size / 2
    bend = rng.uniform(0.08, 0.2) * size * rng.choice((-1, 1))
    lean = rng.uniform(-14, 14)
    barbs = rng.choice((18, 22, 26))
    wide = rng.uniform(0.19, 0.27) * size
    t = np.linspace(0, 1, 30)

    def spine(share: Array) -> Array:
        return np.column_stack(
            [
                bend * (np.sin(math.pi * share * 0.9) - 0.4),
                half * (-0.97 + 1.9 * share),
                0.05 * size + 0 * share,
            ]
        )

    quill = tube(spine(t), width=np.linspace(0.055, 0.018, 30) * size, around=8)
    parts = [quill]
    splits = {rng.randrange(4, barbs - 3) for _ in range(3)}
    for side in (-1, 1):
        for index in range(barbs):
            share = 0.20 + 0.78 * index / barbs
            if index in splits and side > 0:
                continue
            root = spine(np.array([share]))[0]
            long = wide * math.sin(math.pi * (0.14 + 0.80 * (share - 0.2) / 0.8)) ** 0.7
            angle = math.radians(58 - 32 * (share - 0.2))
            s = np.linspace(0, 1, 6)
            path = root + np.column_stack(
                [
                    side * long * math.sin(angle) * s,
                    long * math.cos(angle) * s + 0.20 * long * s**2,
                    0.025 * size * np.sin(math.pi * s * 0.9) - 0.02 * size * s,
                ]
            )
            thick = 1.9 * size * 0.78 / barbs * (1 - 0.55 * s**2) * 0.62
            parts.append(
                tube(path, width=0.028 * size, thickness=np.maximum(thick, 0.05), around=6, squareness=0.8)
            )
    spots = [
        ((float(x), float(y), 0.075 * size), 0.05 * size) for x, y, _ in spine(np.linspace(0.34, 0.85, 7))
    ]
    turn = rotation(roll=lean)
    root = turn @ spine(np.array([0.16]))[0]
    spots = [(tuple(float(c) for c in turn @ np.array(at)), width) for at, width in spots]
    del jewelled
    return Relief(
        parts=placed(parts, turn, (0, 0, 0)), seat=(float(root[0]), float(root[1]), 0.04 * size),
        room=size * 0.28,         turn=lean, spots=spots,
    )  # fmt: skip


def _sun(size: float, rng: random.Random, jewelled: bool) -> Relief:
    half = size / 2
    count = rng.choice((8, 10, 12, 16))
    core = half * rng.uniform(0.40, 0.52)
    form = rng.choice(("flames", "spikes", "both"))
    s = np.linspace(0, 1, 12)
    parts = []
    z = 0.05 * size
    for index in range(2 if form == "both" else 1):
        long = half if index == 0 else half * rng.uniform(0.78, 0.92)
        wavy = form == "flames" or (form == "both" and index == 1)
        y = core * 0.85 + (long - core * 0.85) * s
        x = (0.10 * half * np.sin(TAU * s) * s) if wavy else 0 * s
        girth = 2 * math.pi * core / count * (0.8 if form != "both" else 0.6) * (1 - s) ** 0.8 + 0.012 * size
        ray = tube(
            np.column_stack([x, y, 0 * s + z]),
            width=0.10 * size * (1 - 0.75 * s),
            thickness=girth,
            around=8,
            squareness=1.3,
        )
        parts += _around(ray, count, start=index * 180 / count)
    disc = dome(circle(core, 48)[:, :2], height=0.10 * size, material="metal", wall=0.06 * size).moved(
        (0, 0, z)
    )
    rim = tube(circle(core * 1.02, 48), width=0.05 * size, closed=True, around=8).moved(
        (0, 0, z + 0.02 * size)
    )
    parts += [disc, rim]
    spots = []
    for index in range(count):
        angle = TAU * index / count + TAU / 4
        reach = core + (half - core) * 0.30
        spots.append(((reach * math.cos(angle), reach * math.sin(angle), z + 0.04 * size), 0.07 * size))
    del jewelled
    inner = _grains(max(int(core * 9), 14), core * 0.84, 0.022 * size, z + 0.06 * size)
    return Relief(parts=[*parts, *inner], seat=(0, 0, z + 0.07 * size), room=core * 1.5, spots=spots)


def _knot(size: float, rng: random.Random, jewelled: bool) -> Relief:
    form = rng.choice(("trinity", "five", "love", "endless"))
    half = size / 2
    wire = rng.uniform(0.09, 0.13) * size
    t = np.linspace(0, TAU, 200, endpoint=False)
    parts = []
    if form == "love":
        u = np.linspace(0, TAU, 80, endpoint=False)
        for side in (-1, 1):
            loop = np.column_stack(
                [
                    half * (side * 0.24 + 0.62 * np.cos(u)) * 1.05,
                    half * (0.50 * np.sin(u) + 0.20 * side * np.cos(u)),
                    wire * (0.9 + 0.62 * side * np.cos(2 * u)),
                ]
            )
            for shift in (-0.5, 0.5):
                scale = 1 + shift * 0.22
                centre = np.array([half * side * 0.24, 0, 0])
                parts.append(
                    tube(
                        (loop - centre) * [scale, scale, 1] + centre, width=wire * 0.8, closed=True, around=10
                    )
                )
    else:
        loops, lobes = {"trinity": (2, 3), "five": (2, 5), "endless": (3, 4)}[form]
        depth = {"trinity": 0.5, "five": 0.36, "endless": 0.42}[form]
        radius = half * 0.93 / (1 + depth)
        r = radius * (1 + depth * np.cos(lobes * t))
        z = wire * (0.7 + 0.62 * np.sin(lobes * t + 0.0))
        angle = loops * t + TAU / 4
        line = np.column_stack([r * np.cos(angle), r * np.sin(angle), z])
        double = rng.random() < 0.5
        if double:
            across = np.cross(np.roll(line, -1, axis=0) - np.roll(line, 1, axis=0), [0, 0, 1.0])
            across = across / np.linalg.norm(across, axis=1, keepdims=True)
            parts += [
                tube(line + shift * wire * across, width=wire * 0.62, closed=True, around=9)
                for shift in (-0.32, 0.32)
            ]
        else:
            parts.append(tube(line, width=wire, closed=True, around=12))
        if rng.random() < 0.35:
            parts.append(
                tube(circle(radius * 1.0, 64), width=wire * 0.6, closed=True, around=8).moved(
                    (0, 0, wire * 0.7)
                )
            )
    spots = [((x, y, wire * 1.4), wire * 0.7) for x, y, _ in (circle(half * 0.62, 6)).tolist()]
    if jewelled:
        parts.append(
            dome(circle(size * 0.12, 24)[:, :2], height=0.03 * size, material="metal", wall=wire).moved(
                (0, 0, wire)
            )
        )
    return Relief(
        parts=parts, seat=(0, 0, wire * 1.0), room=size * 0.32, spots=spots if form == "love" else []
    )
