"""How each piece is built of bodies and fittings, and where a close-up of it looks.

One function per category.  Every model is centred near the origin; sizes follow the piece's own, except that
chains are drawn shorter than life.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from sample_feeds.fittings import (
    FACING_UP,
    bail,
    bead,
    beads,
    halo_setting,
    links,
    milgrain,
    set_stone,
    small_stone,
)
from sample_feeds.pieces import Cut, Piece
from sample_feeds.shapes import (
    TAU,
    Array,
    Part,
    ball,
    circle,
    cross_outline,
    cut_outline,
    dome,
    extent,
    heart_outline,
    petal_outline,
    placed,
    plate,
    rotation,
    star_outline,
    tube,
    unit,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A piece as parts, with the point and radius (mm) that a close-up looks at."""

    parts: tuple[Part, ...]
    focus: tuple[float, float, float]
    focus_radius: float


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


def _ring(piece: Piece) -> Model:
    inner = piece.dimensions_mm["diameter"] / 2
    width = piece.dimensions_mm["width"]
    thick = 1.5 if width < 4 else 1.8
    middle = inner + thick / 2
    outer = inner + thick
    square = {"modern": 0.45, "art deco": 0.5}.get(piece.style, 0.8)
    steps = 180
    hoop = circle(middle, steps)
    swell = np.cos(np.linspace(0, TAU, steps, endpoint=False)) * 0.5 + 0.5
    parts: list[Part] = []
    focus = (0.0, outer + 1.0, 0.0)
    match piece.design:
        case "band":
            parts.append(tube(hoop, width=width, thickness=thick, closed=True, around=28, squareness=square))
        case "twist":
            turn = np.linspace(0, TAU * 9, steps, endpoint=False)
            for phase in (0.0, math.pi):
                bulge = (middle + 0.28 * width * np.cos(turn + phase))[:, None] / middle
                path = hoop * bulge + np.column_stack(
                    [0 * turn, 0 * turn, 0.28 * width * np.sin(turn + phase)]
                )
                parts.append(tube(path, width=width * 0.5, closed=True, around=8))
        case "signet":
            shank = 0.5 * width + (9 - 0.5 * width) * swell**3
            parts.append(
                tube(
                    hoop,
                    width=shank,
                    thickness=thick + 0.6 * swell**3,
                    closed=True,
                    around=28,
                    squareness=square,
                )
            )
            shape = cut_outline("oval" if piece.style != "art deco" else "emerald", 32) * 12
            parts += placed(
                [plate(shape[:, ::-1][::-1], thickness=1.4, bevel=0.9)], FACING_UP, (0, outer + 0.6, 0)
            )
        case "eternity":
            stone, cut, size = _stone_of(piece)
            parts.append(
                tube(
                    hoop,
                    width=max(size * 0.9, width * 0.6),
                    thickness=thick,
                    closed=True,
                    around=10,
                    squareness=0.5,
                )
            )
            count = int(TAU * outer / (size * 1.06))
            one = set_stone(stone, cut, size, detail=16, prongs=0)
            for index in range(count):
                angle = 360 * index / count
                parts += placed(one, rotation(roll=angle) @ FACING_UP, (
                    -outer * math.sin(math.radians(angle)), outer * math.cos(math.radians(angle)), 0
                ))  # fmt: skip
            focus = (0.0, outer, 0.0)
        case _:
            taper = width * (1 - 0.45 * swell)
            parts.append(tube(hoop, width=taper, thickness=thick, closed=True, around=24, squareness=square))
            parts += _ring_head(piece, outer)
    if piece.style == "vintage" and piece.design in ("band", "signet"):
        rim = circle(outer - 0.1, 72)
        for side in (-1, 1):
            parts += milgrain(rim + np.array([0, 0, side * width * 0.36]), 0.27)
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
            parts += placed(
                halo_setting(stone, cut, size, piece.accent or stone, piece.key), FACING_UP, (0, lift, 0)
            )
        case "trilogy":
            parts += placed(set_stone(stone, cut, size, seed=piece.key), FACING_UP, (0, lift, 0))
            for side in (-1, 1):
                angle = side * math.degrees(size * 0.92 / outer)
                radius = outer + size * 0.16
                head = set_stone(
                    piece.accent or stone, cut if (piece.accent or stone) == stone else "round", size * 0.72
                )
                parts += placed(head, rotation(roll=-angle) @ FACING_UP, (
                    radius * math.sin(math.radians(angle)), radius * math.cos(math.radians(angle)), 0
                ))  # fmt: skip
        case "cluster":
            parts += placed(set_stone(stone, cut, size * 1.1, detail=16), FACING_UP, (0, lift + 0.5, 0))
            around = 8
            for index in range(around):
                angle = TAU * index / around
                other = piece.accent if piece.accent and index % 2 else stone
                small = set_stone(other, cut if other == stone else "round", size * 0.78, detail=12, prongs=0)
                offset = (size * 1.02 * math.cos(angle), lift, size * 1.02 * math.sin(angle))
                parts += placed(small, FACING_UP, offset)
        case _:
            parts += placed(
                set_stone(stone, cut, size, prongs=6 if cut == "round" else 4, seed=piece.key),
                FACING_UP,
                (0, lift, 0),
            )
            if piece.accent:
                for side in (-1, 1):
                    for step in (1, 2, 3):
                        angle = side * math.degrees((size * 0.42 + step * 1.7) / outer)
                        turn, radius = math.radians(angle), outer + 0.1
                        small = small_stone(piece.accent, 1.5, str(step))
                        place = (radius * math.sin(turn), radius * math.cos(turn), 0)
                        parts += placed(small, rotation(roll=-angle) @ FACING_UP, place)
    return parts


def _necklace(piece: Piece) -> Model:
    length = piece.dimensions_mm["length"] * 0.42  # a chain true to scale would leave its pendant no room
    width = piece.dimensions_mm["width"]
    line = _neckline(length, 360)
    bottom = line[180]
    parts: list[Part] = []
    focus, radius = (0.0, float(bottom[1]), 0.0), 14.0
    chain = max(min(width, 2.4) * 0.8, 1.5)
    match piece.design:
        case "chain":
            link = 2.2 + width
            parts += links(line, link, long=1.2 if piece.style in ("modern", "art deco") else 1.55)
        case "bar":
            parts += links(line, chain)
            bar = np.array(
                [
                    [-13.0, bottom[1], 1.0],
                    [-6.0, bottom[1] - 0.4, 1.2],
                    [6.0, bottom[1] - 0.4, 1.2],
                    [13.0, bottom[1], 1.0],
                ]
            )
            parts.append(tube(bar, width=1.6 + width * 0.5, axis=(0, 1, 0), around=10, squareness=0.5))
        case "strand":
            stone, cut, size = _stone_of(piece)
            parts += beads(line, stone, cut, size, graded=piece.style in ("classic", "vintage"))
            radius = size * 2.6
        case "station":
            stone, cut, size = _stone_of(piece)
            parts += links(line, chain)
            for index in range(5):
                x, y, _ = line[180 + (index - 2) * 30]
                other = piece.accent if piece.accent and index % 2 else stone
                head = set_stone(other, cut if other == stone else "round", size * 1.25, detail=16, prongs=0)
                parts += placed(head, np.eye(3), (x, y, 1.2))
        case "statement":
            stone, cut, size = _stone_of(piece)
            parts += links(line, chain * 1.4)
            for index in range(-4, 5):
                scale = 1 - 0.13 * abs(index)
                x, y, _ = line[180 + index * 17]
                lean = math.degrees(math.atan2(x, -y + length / 6.6)) * 0.9
                big = set_stone(
                    stone, cut, size * scale, detail=20 if abs(index) < 3 else 12, seed=str(index)
                )
                parts += placed(big, rotation(roll=lean), (x * 1.04, y - size * 0.62 * scale, 2.0))
                dot = small_stone(piece.accent or stone, size * 0.3 * scale, str(index))
                parts += placed(dot, np.eye(3), (x, y, 2.2))
            radius = 22.0
        case _:
            stone, cut, size = _stone_of(piece)
            parts += links(line, chain)
            below = bottom[1] - size * 0.75 - 2.5
            parts += bail(0, bottom[1] - 1.0, 1.6)
            head = set_stone(stone, cut, size * 1.5, seed=piece.key)
            if piece.accent:
                head = halo_setting(stone, cut, size * 1.35, piece.accent, piece.key)
            parts += placed(head, np.eye(3), (0, below - size * 0.18, 1.5))
            focus, radius = (0.0, float(below), 0.0), size * 1.9
    clasp = tube(circle(1.9, 14), width=0.7, closed=True, around=6)
    parts.append(clasp.moved(line[0] + np.array([0, 0.6, 0.6])))
    return Model(parts=_all(parts), focus=focus, focus_radius=radius)


def _neckline(length: float, steps: int, *, depth: float = 1.0) -> Array:
    """Return a necklace laid out as it hangs: from the nape round to it, widest in its middle."""
    angle = np.linspace(0, TAU, steps)
    radius = length / 6.6
    x = radius * 0.82 * np.sin(angle) * (1 - 0.28 * np.cos(angle))
    y = radius * depth * np.cos(angle) * 1.12
    return np.column_stack([x, y, np.zeros(steps)])


def _earrings(piece: Piece) -> Model:
    width, height = piece.dimensions_mm["width"], piece.dimensions_mm["height"]
    match piece.design:
        case "studs":
            stone, cut, size = _stone_of(piece)
            one = set_stone(stone, cut, size, prongs=4, seed=piece.key)
            if piece.accent:
                one += placed(small_stone(piece.accent, size * 0.34, "top"), np.eye(3), (0, size * 0.72, 0))
        case "halo_studs":
            stone, cut, size = _stone_of(piece)
            one = halo_setting(stone, cut, size, piece.accent or stone, piece.key)
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
            one += links(np.linspace([-0.4, height / 2, 0], [-0.4, -height / 2 + size, 0], 14), 0.9)
            if piece.accent:
                one += placed(
                    small_stone(piece.accent, size * 0.5, "a"),
                    np.eye(3),
                    (-0.4, height / 2 - size * 0.3, 0.6),
                )
            one += placed(
                set_stone(stone, cut, size, seed=piece.key), np.eye(3), (-0.4, -height / 2 + size * 0.4, 0.8)
            )
        case "discs":
            round_plate = plate(circle(width / 2, 48)[:, :2], thickness=1.2, bevel=0.7)
            one = [
                round_plate,
                tube(circle(width * 0.28, 30), width=0.5, closed=True, around=6).moved((0, 0, 0.6)),
            ]
        case _:
            thick = min(max(width * 0.16, 1.4), 3.4)
            hoop = tube(circle(width / 2, 120), width=thick * 1.3, thickness=thick, closed=True, around=22)
            one = placed([hoop], rotation(yaw=38), (0, 0, 0))
            if piece.style == "vintage":
                one += placed(
                    milgrain(circle(width / 2 + thick * 0.45, 30), 0.45), rotation(yaw=38), (0, 0, 0)
                )
    gap = max(extent(one, 0) * 0.68, 4.0)
    left = placed(one, rotation(yaw=-8, roll=5), (-gap, 0, 0))
    mirrored = one if piece.design != "hoops" else placed(one, rotation(yaw=-76), (0, 0, 0))
    right = placed(mirrored, rotation(yaw=8, roll=-5), (gap, -extent(one, 1) * 0.1, 0))
    parts = _all([left, right])
    return Model(parts=parts, focus=(-gap, 0, 0), focus_radius=max(extent(one, 0), extent(one, 1)) * 0.56)


def _bracelet(piece: Piece) -> Model:
    radius = piece.dimensions_mm["length"] / TAU
    width = piece.dimensions_mm["width"]
    loop = circle(radius, 180, radius_y=radius * 0.82)
    front = np.array([0.0, -radius * 0.82, 0.0])
    parts: list[Part] = []
    match piece.design:
        case "bangle":
            square = {"modern": 0.4, "art deco": 0.45, "minimalist": 1.0}.get(piece.style, 0.7)
            parts.append(
                tube(loop, width=width * 1.2, thickness=2.6, closed=True, around=28, squareness=square)
            )
            if piece.style in ("vintage", "bohemian"):
                for side in (-1, 1):
                    rim = circle(radius + 1.2, 90, radius_y=radius * 0.82 + 1.2)
                    parts += milgrain(rim + np.array([0, 0, side * width * 0.5]), 0.6)
        case "chain":
            parts += links(np.vstack([loop, loop[:1]]), 3.0 + width * 0.7, long=1.45)
        case "beaded":
            stone, cut, size = _stone_of(piece)
            count = int(TAU * radius * 0.91 / (size * 1.03))
            for index in range(count):
                x, y, _ = loop[int(index * 180 / count)]
                if index % 9 == 4:
                    parts.append(ball(size * 0.36, detail=7).moved((x, y, 0)))
                else:
                    parts.append(bead(stone, cut, size, str(index % 7)).moved((x, y, 0)))
        case "tennis":
            stone, cut, size = _stone_of(piece)
            parts.append(tube(loop, width=size * 0.7, thickness=1.2, closed=True, around=6))
            count = int(TAU * radius * 0.91 / (size * 1.12))
            for index in range(count):
                x, y, _ = loop[int(index * 180 / count)]
                turn = rotation(roll=math.degrees(math.atan2(-x, y))) @ FACING_UP
                other = piece.accent if piece.accent and index % 2 else stone
                one = set_stone(
                    other,
                    cut if other == stone else "round",
                    size * 1.25,
                    detail=12,
                    prongs=0,
                    seed=str(index % 5),
                )
                outward = unit(np.array([[x, y, 0.0]]))[0] * 0.8
                parts += placed(one, turn, (x + outward[0], y + outward[1], 0))
        case _:
            stone, cut, size = _stone_of(piece)
            parts += links(np.vstack([loop, loop[:1]]), 2.0)
            for index in range(7):
                x, y, _ = loop[(90 + (index - 3) * 13) % 180]
                turn = rotation(roll=math.degrees(math.atan2(-x, y))) @ FACING_UP
                other = piece.accent if piece.accent and index % 2 else stone
                one = set_stone(
                    other,
                    cut if other == stone else "round",
                    size * 1.3,
                    detail=16,
                    prongs=0,
                    seed=str(index),
                )
                parts += placed(one, turn, (x, y - 0.8, 0))
    lying = placed(parts, FACING_UP, (0, 0, 0))  # the wrist's axis is upright
    focus = FACING_UP @ front
    return Model(
        parts=tuple(lying),
        focus=(float(focus[0]), float(focus[1]), float(focus[2])),
        focus_radius=radius * 0.42,
    )


def _pendant(piece: Piece) -> Model:
    width, height = piece.dimensions_mm["width"], piece.dimensions_mm["height"]
    parts: list[Part] = []
    top = height / 2
    match piece.design:
        case "drop":
            stone, cut, size = _stone_of(piece)
            size = max(size, height * 0.62)
            parts += (
                halo_setting(stone, cut, size, piece.accent, piece.key)
                if piece.accent
                else set_stone(stone, cut, size)
            )
            top = size * (0.5 if not piece.accent else 0.72)
        case "disc":
            stone, cut, size = _stone_of(piece)
            parts.append(plate(circle(width / 2, 64)[:, :2], thickness=1.6, bevel=0.9))
            parts += placed(set_stone(stone, cut, size, detail=16), np.eye(3), (0, 0, 1.2))
            top = width / 2
            if piece.accent:
                for index in range(12):
                    angle = TAU * index / 12
                    spot = (width * 0.36 * math.cos(angle), width * 0.36 * math.sin(angle), 1.1)
                    parts += placed(small_stone(piece.accent, 1.6, str(index)), np.eye(3), spot)
        case "heart":
            stone, cut, size = _stone_of(piece)
            parts.append(plate(heart_outline() * width, thickness=2.4, bevel=2.2))
            parts += placed(set_stone(stone, cut, size, detail=16), np.eye(3), (0, width * 0.02, 1.7))
            top = width * 0.36
        case "cross":
            parts.append(plate(cross_outline() * height * 1.1, thickness=1.8, bevel=0.7))
            top = height * 0.44
        case "star":
            parts.append(
                plate(
                    star_outline(6 if piece.style == "art deco" else 5, 0.46) * height,
                    thickness=2.4,
                    bevel=2.4,
                )
            )
            top = height / 2
        case _:
            parts.append(plate(circle(width / 2, 64)[:, :2], thickness=1.6, bevel=0.8))
            rim = circle(width * 0.4, 40)
            parts += [part.moved((0, 0, 0.9)) for part in milgrain(rim, 0.45)]
            parts.append(
                plate(star_outline(8, 0.55) * width * 0.6, thickness=1.0, bevel=1.4).moved((0, 0, 0.9))
            )
            top = width / 2
    parts += bail(0, top + 1.7, 2.0)
    side = np.linspace(0, 1, 40)[:, None]
    reach = max(width, height) * 0.62
    for sign in (-1, 1):
        strand = np.array([[0, top + 3.4, -0.6]]) + side * np.array([[sign * reach, reach * 1.02, -1.0]])
        parts += links(
            strand
            + np.column_stack([0 * side[:, 0], -reach * 0.16 * np.sin(side[:, 0] * math.pi), 0 * side[:, 0]]),
            0.95,
        )
    return Model(parts=_all(parts), focus=(0.0, 0.0, 0.0), focus_radius=max(width, height) * 0.56)


def _brooch(piece: Piece) -> Model:
    width, height = piece.dimensions_mm["width"], piece.dimensions_mm["height"]
    reach = min(width, height) / 2
    parts: list[Part] = []
    stretch = (
        np.array([width / max(width, height), height / max(width, height)]) * max(width, height) / (2 * reach)
    )
    match piece.design:
        case "flower":
            stone, cut, size = _stone_of(piece)
            petals = {"minimalist": 5, "classic": 6, "art deco": 8}.get(piece.style, 7)
            for ring, (count, scale, lift) in enumerate(((petals, 1.0, 0.0), (petals, 0.62, 1.6))):
                for index in range(count):
                    angle = 360 / count * (index + ring / 2)
                    leaf = dome(
                        petal_outline(reach * 0.66 * scale, reach * 0.5 * scale),
                        height=1.3,
                        material="metal",
                        rings=13,
                    )
                    matrix = rotation(roll=angle) @ rotation(pitch=-14)
                    place = matrix @ np.array([0, reach * 0.62 * scale, lift])
                    parts.append(leaf.turned(matrix).moved(place))
            parts += placed(set_stone(stone, cut, size, seed=piece.key), np.eye(3), (0, 0, 4.5))
            if piece.accent:
                for index in range(petals):
                    angle = TAU * (index + 0.5) / petals
                    spot = (size * 0.8 * math.sin(angle), size * 0.8 * math.cos(angle), 4.2)
                    parts += placed(small_stone(piece.accent, 1.9, str(index)), np.eye(3), spot)
        case "sunburst":
            stone, cut, size = _stone_of(piece)
            rays = 20
            for index in range(rays):
                long = 1.0 if index % 2 == 0 else 0.7
                direction = np.array([math.sin(TAU * index / rays), math.cos(TAU * index / rays), 0.0])
                ray = (
                    np.linspace(size * 0.42, reach * long, 6)[:, None] * direction * np.array([*stretch, 1.0])
                )
                parts.append(tube(ray, width=np.linspace(2.1, 0.5, 6), around=6))
                tip = piece.accent or stone
                if index % 2 == 0:
                    parts += placed(
                        small_stone(tip, 2.3, str(index)), np.eye(3), tuple(ray[-1] + [0, 0, 0.6])
                    )
            parts += placed(set_stone(stone, cut, size * 1.2, seed=piece.key), np.eye(3), (0, 0, 1.6))
        case "leaf":
            spine = np.column_stack(
                [
                    np.sin(np.linspace(-0.5, 0.5, 30)) * reach * 0.4,
                    np.linspace(-1, 1, 30) * height / 2,
                    np.zeros(30),
                ]
            )
            parts.append(tube(spine, width=np.linspace(2.2, 0.7, 30), around=8))
            for index in range(2, 14):
                for side in (-1, 1):
                    size = reach * 0.62 * math.sin(math.pi * index / 15) + 2
                    blade = dome(petal_outline(size, size * 0.36), height=1.2, material="metal", rings=10)
                    matrix = rotation(roll=-side * 52) @ rotation(pitch=-10)
                    root = spine[index * 2]
                    parts.append(blade.turned(matrix).moved(root + matrix @ np.array([0, size * 0.5, 0.4])))
        case _:
            for side in (-1, 1):
                t = np.linspace(0, TAU, 60)
                loop = np.column_stack(
                    [
                        side * width * 0.25 * (1 - np.cos(t)),
                        height * 0.3 * np.sin(t) * np.sin(t / 2),
                        1.5 * np.sin(t / 2),
                    ]
                )
                parts.append(tube(loop, width=4.2, thickness=1.0, around=10, squareness=0.6))
                tail = np.column_stack(
                    [
                        side * np.linspace(0, width * 0.3, 20),
                        -np.linspace(0, height * 0.5, 20),
                        0.8 * np.sin(np.linspace(0, 5, 20)),
                    ]
                )
                parts.append(
                    tube(tail, width=np.linspace(2.4, 4.4, 20), thickness=1.0, around=10, squareness=0.6)
                )
            parts.append(ball(3.6, flatten=0.7, detail=10).moved((0, 0, 1.6)))
    return Model(parts=_all(parts), focus=(0.0, 0.0, 0.0), focus_radius=reach * 0.72)


def _watch(piece: Piece) -> Model:
    radius = piece.dimensions_mm["diameter"] / 2
    leather = piece.style in ("classic", "vintage", "minimalist")
    square = piece.style == "art deco"
    dial = "dial dark" if piece.style in ("modern", "bohemian") else "dial light"
    outline = cut_outline("cushion" if square else "round", 72) * radius * (2.15 if square else 2)
    rim = np.column_stack([outline, np.zeros(len(outline))])
    parts: list[Part] = [
        tube(rim, width=5.0, thickness=1.0, closed=True, around=10, squareness=0.5),
        tube(rim * 0.95, width=2.2, thickness=2.4, closed=True, around=12).moved((0, 0, 2.6)),
        plate(outline * 0.86, thickness=0.6, bevel=0.2, material=dial).moved((0, 0, 2.6)),
        tube(np.array([[radius, 0, 0], [radius + 3.2, 0, 0]]), width=3.4, around=12),
    ]
    for index in range(12):
        angle = TAU * index / 12
        inward, outward = radius * (0.6 if index % 3 == 0 else 0.68), radius * 0.76
        direction = np.array([math.sin(angle), math.cos(angle), 0.0])
        index_line = np.array([direction * inward, direction * outward])
        mark = tube(index_line, width=radius * 0.035, thickness=radius * 0.05, around=6)
        parts.append(mark.moved((0, 0, 3.5)))
    for angle, long, wide in ((math.radians(304), 0.46, 0.07), (math.radians(48), 0.68, 0.05)):
        direction = np.array([math.sin(angle), math.cos(angle), 0.0])
        hand = np.linspace(direction * -radius * 0.1, direction * radius * long, 9)
        body = tube(hand, width=radius * wide * 0.5, thickness=radius * wide, around=6)
        parts.append(body.moved((0, 0, 3.9)))
    parts.append(ball(radius * 0.06, detail=5).moved((0, 0, 4.2)))
    if piece.stone is not None:
        count = int(TAU * radius * 0.97 / (piece.stone.size_mm * 1.1))
        cut: Cut = "round" if piece.stone.cut not in ("bead", "cabochon") else piece.stone.cut
        one = set_stone(piece.stone.name, cut, piece.stone.size_mm, detail=8, prongs=0)
        for index in range(count):
            x, y, _ = rim[int(index * len(rim) / count)] * 0.96
            parts += placed(one, np.eye(3), (x, y, 4.0))
    strap = radius * 0.98
    reach = radius * 1.25
    for side in (-1, 1):
        start = side * radius * 0.86
        if leather:
            end = start + side * reach
            t = np.linspace(0, 1, 12)
            line = np.column_stack([0 * t, start + (end - start) * t, -1.5 - 5 * t**2])
            parts.append(
                tube(
                    line,
                    width=np.linspace(strap, strap * 0.86, 12),
                    thickness=2.2,
                    axis=(1, 0, 0),
                    around=14,
                    squareness=0.4,
                    material="leather",
                )
            )
            for edge in (-1, 1):
                stitch = line + np.column_stack(
                    [edge * np.linspace(strap, strap * 0.86, 12) * 0.42, 0 * t, 0 * t + 1.15]
                )
                parts.append(tube(stitch, width=0.35, around=4, material="thread"))
        else:
            rows = 6
            for row in range(rows):
                y = start + side * reach * (row + 0.6) / rows
                drop = -1.5 - 5 * ((row + 0.5) / rows) ** 2
                for share, wide in ((-0.36, 0.26), (0.0, 0.4), (0.36, 0.26)):
                    ends = [strap * (share - wide / 2), strap * (share + wide / 2)]
                    parts.append(
                        tube(
                            np.array([[x, y, drop] for x in ends]),
                            width=reach / rows * 0.94,
                            thickness=2.4,
                            axis=(0, 1, 0),
                            around=10,
                            squareness=0.6,
                        )
                    )
    return Model(parts=_all(parts), focus=(0.0, 0.0, 0.0), focus_radius=radius * 1.0)


def _stone_of(piece: Piece) -> tuple[str, Cut, float]:
    if piece.stone is None:
        message = f"design {piece.design} of {piece.key} needs a stone"
        raise ValueError(message)
    return piece.stone.name, piece.stone.cut, piece.stone.size_mm


def _all(parts: Iterable[Part | Iterable[Part]]) -> tuple[Part, ...]:
    flat: list[Part] = []
    for part in parts:
        if isinstance(part, Part):
            flat.append(part)
        else:
            flat.extend(part)
    return tuple(flat)
