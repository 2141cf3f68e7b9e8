"""Earrings: a pair side by side, or one at an ear.

Each is built as it hangs from the lobe at the origin, down -y and facing +z.
"""

import math
import random
from collections.abc import Callable

import numpy as np

from sample_feeds.pieces import Piece
from sample_feeds.rendering.chains import (
    about_z,
    circle_section,
    copies,
    frames,
    links,
    mirrored,
    path_length,
    swept,
)
from sample_feeds.rendering.gems import gem
from sample_feeds.rendering.models import Model
from sample_feeds.rendering.models.mountings import (
    accent_stone,
    hung,
    lifted,
    line_stone,
    main_stone,
    moved,
    pick,
    ring_link,
    round_balls,
    span,
    stone_of,
    turned,
)
from sample_feeds.rendering.motifs import motif
from sample_feeds.rendering.shapes import (
    TAU,
    Array,
    Part,
    ball,
    circle,
    dome,
    petal_outline,
    plate,
    rotation,
    tube,
    unit,
)
from sample_feeds.rendering.turning import spun


def build(piece: Piece, *, worn: bool) -> Model:
    """Return the model of a pair of earrings, or of one at an ear."""
    rng = random.Random(piece.key)  # noqa: S311 - a piece's own form, not a secret
    makers: dict[str, Callable[[Piece, random.Random, bool], list[Part]]] = {
        "studs": _stud,
        "drops": _drop,
        "hoops": _hoop,
        "chandelier": _chandelier,
        "jhumka": _jhumka,
        "climber": _climber,
        "discs": _disc,
        "motif": _motif,
    }
    one = makers[piece.design](piece, rng, worn)
    left, right = span(one, 0)
    bottom, top = span(one, 1)
    reach = max(right - left, top - bottom)
    centre = np.array([(left + right) / 2, (bottom + top) / 2, 0.0])
    if worn:
        return Model(
            parts=tuple(one),
            focus=(float(centre[0]), float(centre[1]), 1.0),
            focus_radius=reach * 0.56,
            worn_on="ear",
            body_radius=9.0,
        )
    middled = moved(one, -centre)
    gap = max((right - left) * rng.uniform(0.56, 0.66), 4.0)
    yaw, roll = rng.uniform(0, 11), rng.uniform(-3, 5)
    first = moved(turned(middled, rotation(yaw=-yaw, roll=-roll)), (-gap, 0, 0))
    second = turned(mirrored(middled), rotation(yaw=yaw * rng.choice((1, 1, -0.6)), roll=roll))
    second = moved(second, (gap, -reach * rng.choice((0.0, 0.0, 0.08)), 0))
    return Model(
        parts=(*first, *second),
        focus=(-gap, 0.0, 0.0),
        focus_radius=reach * 0.58,
        worn_on="ear",
        body_radius=9.0,
    )


def _post() -> list[Part]:
    """Return the pin that goes through the lobe and the butterfly behind it, from the origin to -z."""
    pin = tube(np.array([[0, 0, 0.2], [0, 0, -8.0]]), width=0.75, axis=(0, 1, 0), around=8)
    wing = np.linspace(0, TAU * 0.8, 14)
    scroll = np.column_stack([0.95 + 0.75 * np.cos(wing), np.zeros(14), -5.4 + 0.75 * np.sin(wing)])
    one = tube(scroll, width=1.7, thickness=0.35, axis=(0, 1, 0), around=8, squareness=0.5)
    return [pin, one, *mirrored([one])]


def _ear_wire(rng: random.Random, worn: bool) -> list[Part]:
    """Return a wire through the lobe at the origin; its eye lies at (0, -4.2, 0.6).

    Off the ear it is turned aside so that its bow shows, as a photographer lays it.
    """
    kind = rng.choice(("hook", "hook", "lever", "kidney"))
    aside = rng.choice((52, 64, 75))  # drawn on an ear too: what follows has to be the same piece
    if kind == "hook":
        bow = np.linspace(math.radians(-12), math.radians(196), 22)
        line = np.column_stack([0 * bow, 2.6 * np.sin(bow), 2.4 * np.cos(bow) - 2.0])
        front = np.array([[0, -3.2, 0.6], [0, -1.8, 0.6]])
        back = np.array([[0, -5.0, -4.7], [0, -9.0, -5.0], [0, -10.5, -4.4]])
        made = [tube(np.vstack([front, line, back]), width=0.75, axis=(1, 0, 0), around=8)]
        made.append(ball(0.75, detail=5).moved((0, -1.9, 0.6)))
    elif kind == "lever":
        bow = np.linspace(0, TAU, 34, endpoint=False)
        line = np.column_stack([0 * bow, 4.6 * np.sin(bow) - 2.0 + 0.8, 2.6 * np.cos(bow) - 2.0])
        made = [tube(line, width=0.95, axis=(1, 0, 0), closed=True, around=8)]
        made.append(ball(0.9, detail=6, flatten=0.7).moved((0, -2.6, 0.7)))
        made += moved(ring_link(0.75, 0.4, facing=90), (0, -3.6, 0.3))
    else:
        bow = np.linspace(math.radians(-30), math.radians(210), 24)
        line = np.column_stack([0 * bow, 3.6 * np.sin(bow) - 1.2, 3.0 * np.cos(bow) - 2.0])
        foot = np.array([[0, -5.2, -3.6], [0, -5.6, -2.0], [0, -4.6, 0.4]])
        made = [tube(np.vstack([line, foot]), width=0.75, axis=(1, 0, 0), around=8)]
    made += moved(ring_link(0.8, 0.42, facing=55), (0, -3.9, 0.6))
    return made if worn else turned(made, rotation(yaw=aside))


_EYE = np.array([0.0, -4.6, 0.6])  # where things hang from an ear wire


def _top(
    piece: Piece, rng: random.Random, worn: bool, *, size: float, wire: float = 0.5
) -> tuple[list[Part], Array]:
    """Return what holds an earring at the lobe, and the point that the rest hangs from."""
    if rng.random() < wire:
        return _ear_wire(rng, worn), _EYE * [1, 1, 1]
    if piece.stone is not None:
        head = accent_stone(piece, size) if piece.accent or rng.random() < 0.5 else line_stone(piece, size)
    else:
        head = rng.choice(
            (
                [ball(size * 0.42, detail=8)],
                [dome(circle(size / 2, 30)[:, :2], height=size * 0.3, material="metal")],
            )
        )
    head = lifted(head, 0.1)
    low, _ = span(head, 1)
    parts = [*head, *_post()]
    parts += moved(ring_link(0.85, 0.42, facing=60), (0, low - 0.5, 0.6))
    return parts, np.array([0.0, low - 1.1, 0.6])


def _stud(piece: Piece, rng: random.Random, worn: bool) -> list[Part]:
    size = stone_of(piece).size_mm
    head = main_stone(piece, size)
    if piece.accent and piece.setting != "halo":
        form = rng.choice(("above", "below", "crown"))
        low, high = span(head, 1)
        dot = accent_stone(piece, max(size * 0.36, 1.6))
        reach = span(dot, 1)[1]
        if form == "above":
            head += moved(dot, (0, high + reach * 0.9, 0))
        elif form == "below":
            head += moved(dot, (0, low - reach * 0.9, 0))
        else:
            angles = np.radians([-62, -31, 0, 31, 62])
            radius = max(high, -low) + reach * 0.9
            places = np.column_stack([radius * np.sin(angles), -radius * np.cos(angles), 0 * angles])
            head += copies(dot, np.eye(3), places, 1 - 0.16 * np.abs(np.arange(5) - 2))
    elif piece.style in ("vintage", "bohemian") and piece.setting != "halo" and rng.random() < 0.6:
        low, high = span(head, 1)
        left, right = span(head, 0)
        rim = circle((right - left) / 2 + 0.35, max(int(size * 4), 18), radius_y=(high - low) / 2 + 0.35)
        head.append(round_balls(0.36, rim + np.array([0, (high + low) / 2, -size * 0.08]), detail=3))
    del worn
    return [*lifted(head, 0.3), *_post()]


def _drop(piece: Piece, rng: random.Random, worn: bool) -> list[Part]:
    height = piece.dimensions_mm["height"]
    parts, eye = _top(piece, rng, worn, size=rng.uniform(3.0, 4.4), wire=0.6)
    if piece.stone is None:
        return parts + _metal_drop(piece, rng, eye, height)
    size = piece.stone.size_mm * rng.uniform(1.0, 1.15)
    head = main_stone(piece, size)
    low, high = span(head, 1)
    chain = min(max(height - (high - low) - 8.0, 0.0), 16.0) * rng.choice((0.0, 0.5, 1.0))
    if chain > 2.5:
        parts += links(np.linspace(eye, eye - [0, chain, 0], 20), 1.1, long=1.5)
        eye = eye - [0, chain + 0.2, 0]
    if piece.accent and rng.random() < 0.75:
        dot = accent_stone(piece, max(size * 0.38, 1.8))
        reach = span(dot, 1)
        parts += hung(dot, eye + np.array([0, 0.3, 0.2]))
        parts += moved(ring_link(0.7, 0.34, facing=60), eye - [0, reach[1] - reach[0], 0])
        eye = eye - [0, reach[1] - reach[0] + 0.5, 0]
    elif piece.stone.cut == "bead" and rng.random() < 0.7:
        # A cup above the bead, as pearls are capped.
        cap = spun(
            [(size * 0.36, -size * 0.15), (size * 0.3, 0), (size * 0.12, size * 0.12), (0.3, size * 0.16)],
            ribs=8,
        )
        parts += [cap.moved(eye - [0, size * 0.16, 0])]
        eye = eye - [0, size * 0.13, 0]
    parts += hung(head, eye + np.array([0, 0.2, 0.2]))
    if piece.style in ("bohemian", "vintage") and rng.random() < 0.5:
        foot = eye[1] + 0.2 - (high - low)
        parts.append(
            round_balls(0.55, np.array([[0, foot - 0.5, eye[2]], [0, foot - 1.5, eye[2]]]), detail=5)
        )
    return parts


def _metal_drop(piece: Piece, rng: random.Random, eye: Array, height: float) -> list[Part]:
    long = max(height * 0.75, 9.0)
    form = pick(
        rng,
        piece.style,
        ("tear", "bar", "loop", "bead", "leaf"),
        modern=("bar", "loop", "tear"),
        minimalist=("bar", "loop", "bead"),
    )
    if form == "tear":
        radius = long * rng.uniform(0.2, 0.28)
        share = np.linspace(0, 1, 20)
        turn = 0.02 + share * (math.pi - 0.04)
        belly = radius * np.sin(turn) ** 0.9 * (1 - 0.72 * share**1.6) + 0.1
        profile = np.column_stack([belly, -long / 2 * (1 + np.cos(turn))])
        return moved([spun(profile, around=32)], eye)
    if form == "bar":
        bar = tube(
            np.array([[0, 0, 0], [0, -long, 0]]),
            width=rng.uniform(1.6, 2.8),
            thickness=1.6,
            axis=(1, 0, 0),
            around=14,
            squareness=rng.choice((0.4, 1.0)),
        )
        return [bar.moved(eye), *(ball(0.8, detail=6).moved(eye - [0, y, 0]) for y in (0.0, long))]
    if form == "loop":
        tall = long / 2
        wide = tall * rng.uniform(0.5, 0.95)
        thick = rng.uniform(1.1, 2.4)
        swell = thick * (1 - 0.45 * np.cos(np.linspace(0, TAU, 72, endpoint=False)))
        loop = circle(wide, 72, radius_y=tall)
        made = [tube(loop, width=swell, thickness=swell * 0.8, closed=True, around=14)]
        if rng.random() < 0.4:
            made += [
                tube(loop * 0.6 + np.array([0, tall * 0.36, 0]), width=thick * 0.7, closed=True, around=12)
            ]
        return moved(made, eye - [0, tall, 0])
    if form == "bead":
        count = rng.choice((1, 2, 3))
        radius = min(long * 0.22, 4.5)
        made, y = [], 0.0
        for index in range(count):
            one = radius * (0.55 + 0.45 * (index + 1) / count)
            made.append(ball(one, detail=11).moved(eye - [0, y + one, 0]))
            y += 2 * one + 0.2
        return made
    blades = []
    for side in (-1, 1):
        for index in range(4):
            size = long * 0.34 * (1 - 0.12 * abs(index - 1.3))
            blade = dome(petal_outline(size, size * 0.42), height=0.9, material="metal", rings=7)
            turn = rotation(roll=side * 128) @ rotation(pitch=-12)
            blades.append(
                blade.turned(turn).moved(
                    eye - [0, long * (0.14 + 0.2 * index), 0] + turn @ np.array([0, size * 0.5, 0.2])
                )
            )
    stem = tube(
        np.array([eye, eye - [0, long * 0.95, 0]]), width=np.array([1.3, 0.6]), axis=(1, 0, 0), around=8
    )
    return [stem, *blades]


def _hoop(piece: Piece, rng: random.Random, worn: bool) -> list[Part]:
    del worn
    radius = max(piece.dimensions_mm["width"], 10.0) / 2 * rng.uniform(0.98, 1.08)
    thick = min(max(radius * rng.uniform(0.14, 0.3), 1.5), 4.0)
    oval = rng.choice((1.0, 1.0, 1.15))
    steps = 120
    hoop = circle(radius, steps, radius_y=radius * oval)
    angle = np.linspace(0, TAU, steps, endpoint=False)
    form = (
        "set"
        if piece.stone
        else pick(
            rng,
            piece.style,
            ("tube", "crescent", "twist", "flat", "beaded"),
            modern=("flat", "crescent", "tube"),
        )
    )
    yaw = rotation(yaw=rng.uniform(28, 42))
    outward = unit(hoop * [1 / radius**2, 1 / (radius * oval) ** 2, 0])
    turns = np.stack([np.cross([0, 0, 1.0], outward) * -1, np.tile([0, 0, 1.0], (steps, 1)), outward], axis=2)
    fuller = 0.5 - 0.5 * np.cos(angle)  # 0 at the lobe, 1 below
    if form == "set":
        stone = stone_of(piece)
        size = min(stone.size_mm, radius * 0.62)
        made = [
            tube(
                hoop,
                width=size * 0.92 + 0.5,
                thickness=max(thick * 0.62, 1.1),
                closed=True,
                around=14,
                squareness=0.6,
            )
        ]
        head = line_stone(piece, size, prongs=4, many=36)
        step = (span(head, 1)[1] - span(head, 1)[0]) * 1.05
        around = TAU * radius * (1 + oval) / 2
        outside = rng.random() < 0.5
        # On the outside of the half that a viewer sees, or on the side all round but for the lobe.
        first, share = (0.06, 0.46) if outside else (0.12, 0.76)
        count = max(int(around * share / step), 5)
        spots = first + (np.arange(count) + 0.5) / count * share
        index = (spots * steps).astype(int) % steps
        other = (np.arange(count) % 2 == 1) & bool(piece.accent)
        if outside:
            facing = turns[index] @ rotation(roll=90)
            places = hoop[index] + outward[index] * (max(thick * 0.31, 0.55) + 0.15 * size)
        else:
            facing = about_z(np.degrees(angle[index]))
            places = hoop[index] + np.array([0.0, 0.0, size * 0.46 + 0.25 + 0.12 * size])
        made += copies(head, facing[~other], places[~other])
        if other.any():
            made += copies(accent_stone(piece, size * 0.9), facing[other], places[other])
    elif form == "twist":
        made = []
        twist = angle * round(radius * 1.1 + 4)
        for phase in (0.0, math.pi):
            bulge = thick * 0.26 * np.cos(twist + phase)
            path = (
                hoop
                + outward * bulge[:, None]
                + np.column_stack([0 * angle, 0 * angle, thick * 0.26 * np.sin(twist + phase)])
            )
            made.append(tube(path, width=thick * 0.62, closed=True, around=9))
    elif form == "beaded":
        made = [tube(hoop, width=thick * 0.45, closed=True, around=10)]
        count = int(TAU * radius / (thick * 0.95))
        spots = hoop[np.unique((np.arange(count) * steps / count).astype(int))]
        made.append(round_balls(thick * 0.46, spots[spots[:, 1] < radius * 0.55], detail=6))
    else:
        widths = {"tube": 1.0 + 0 * fuller, "crescent": 0.35 + 1.3 * fuller, "flat": 0.9 + 0.35 * fuller}[
            form
        ]
        section = {"tube": (1.0, 1.0), "crescent": (0.75, 1.0), "flat": (0.3, 0.5)}[form]
        shape = circle_section(
            thick * (0.5 if form != "flat" else 0.9), 20, flat=section[0], squareness=section[1]
        )
        made = [swept(hoop, turns, shape, scale=widths, closed=True)]
        if piece.style in ("vintage", "bohemian"):
            rim = hoop + outward * (thick * 0.5 * section[0] * widths + 0.15)[:, None]
            made.append(round_balls(0.36, rim[steps // 8 : -steps // 8 : 3], detail=4))
    # A hinge and a catch at the lobe.
    made.append(ball(thick * 0.42, detail=6).moved((0, radius * oval, 0)))
    top = moved(turned(made, yaw), (0, -radius * oval, 0))
    if rng.random() < 0.3 and radius < 8.5:
        # Small hoops often carry a charm.
        if piece.stone is not None:
            drop = line_stone(piece, max(piece.stone.size_mm * 1.5, 3.5))
        else:
            drop = rng.choice(
                ([ball(2.2, detail=8)], [plate(circle(3.0, 36)[:, :2], thickness=0.9, bevel=0.4)])
            )
        foot = -2 * radius * oval - thick * 0.5
        top += moved(ring_link(1.0, 0.4, facing=65), (0, foot - 0.3, 0))
        top += hung(drop, (0, foot - 1.0, 0.2))
    return top


def _chandelier(piece: Piece, rng: random.Random, worn: bool) -> list[Part]:
    width = max(piece.dimensions_mm["width"], 11.0)
    form = pick(
        rng,
        piece.style,
        ("tiers", "fan", "crescent"),
        bohemian=("crescent", "fan"),
        vintage=("crescent", "tiers", "fan"),
    )
    parts, eye = _top(piece, rng, worn, size=min(width * 0.26, 5.5), wire=0.35)
    makers = {"crescent": _chandbali, "fan": _fan, "tiers": _tiers}
    return parts + makers[form](piece, rng, eye, width)


def _fringe(piece: Piece, size: float) -> list[Part]:
    """Return one bead of a fringe, of the piece's own stone where it has one that is worked as beads."""
    stone = piece.stone
    if stone is None:
        return [ball(size / 2, detail=6)]
    if stone.cut == "bead" or stone.name in ("pearl", "turquoise", "onyx", "opal", "moonstone"):
        return gem(stone.material, "bead", size, detail=10)
    return [ball(size / 2, detail=6)]


def _chandbali(piece: Piece, rng: random.Random, eye: Array, width: float) -> list[Part]:
    """Return a crescent moon with a fringe, after the chandbali of the Mughal courts."""
    radius = width / 2
    count = 72
    centre = eye - [0, radius + 1.2, 0]
    angle = np.linspace(math.radians(148), math.radians(392), count)
    outer = np.column_stack([radius * np.cos(angle), radius * np.sin(angle), 0 * angle])
    share = np.sin((angle - angle[0]) / (angle[-1] - angle[0]) * math.pi)
    band = radius * (0.1 + rng.uniform(0.3, 0.42) * share)
    middle = outer * (1 - band / 2 / radius)[:, None]
    turns = frames(middle, np.linspace(0, path_length(middle), count), (0, 0, 1))
    outward = unit(middle)
    turns = np.stack(
        [
            turns[:, :, 0],
            np.cross(np.tile([0, 0, 1.0], (count, 1)), turns[:, :, 0]),
            np.tile([0, 0, 1.0], (count, 1)),
        ],
        axis=2,
    )
    section = circle_section(1.0, 18, flat=1.0, squareness=0.75)
    outline = section[None] * np.stack([band / 2, 0 * band + 0.7], axis=1)[:, None]
    made = [swept(middle, turns, outline)]
    rim = round_balls(0.38, outer[4:-4:2] + np.array([0, 0, 0.35]), detail=3)
    made.append(rim)
    spots = np.linspace(0.12, 0.88, rng.choice((5, 7, 9)))
    index = (spots * (count - 1)).astype(int)
    lean = np.degrees(np.arctan2(outward[index, 1], outward[index, 0])) + 90
    scale = 0.55 + 0.45 * share[index]
    size = min(float(band.max()) * 0.72, 4.2)
    if piece.stone is not None:
        head = line_stone(piece, size, prongs=0, many=18)
        middle_head = line_stone(piece, min(radius * 0.62, piece.stone.size_mm * 1.2))
    else:
        head = [dome(petal_outline(size, size * 0.6), height=size * 0.24, material="metal", rings=6)]
        middle_head = [dome(circle(radius * 0.26, 30)[:, :2], height=radius * 0.14, material="metal")]
    made += copies(head, about_z(lean), middle[index] + np.array([0, 0, 0.75]), scale)
    # What hangs in the moon.
    made += moved(middle_head, (0, radius * 0.18, 0.6))
    made.append(
        round_balls(
            0.34, circle(span(middle_head, 0)[1] + 0.6, 22) + np.array([0, radius * 0.18, 0.3]), detail=3
        )
    )
    made.append(
        tube(np.array([[0, radius + 1.0, 0], [0, radius * 0.4, 0]]), width=1.1, axis=(1, 0, 0), around=8)
    )
    bow = np.linspace(angle[-1] - TAU, angle[0], 30)
    made.append(tube(radius * np.column_stack([np.cos(bow), np.sin(bow), 0 * bow]), width=0.95, around=8))
    # The fringe hangs straight down from the lower rim.
    drops = np.linspace(0.2, 0.8, rng.choice((9, 11, 13)))
    foot = outer[(drops * (count - 1)).astype(int)]
    gem_size = radius * rng.uniform(0.2, 0.27)
    length = gem_size * (0.5 + 0.5 * np.sin(drops * math.pi)) * rng.choice((0.6, 1.4))
    wires = [tube(np.array([[0, 0.2, 0], [0, -1, 0]]), width=0.36, axis=(1, 0, 0), around=5)]
    for point, drop in zip(foot, length, strict=True):
        stretched = wires[0].corners * [1, drop + 0.4, 1] + point
        made.append(Part(material="metal", corners=stretched, normals=wires[0].normals))
    made += copies(
        _fringe(piece, gem_size),
        np.eye(3),
        foot - np.column_stack([0 * length, length + gem_size * 0.55, 0 * length]),
    )
    made.append(
        round_balls(
            gem_size * 0.17,
            foot - np.column_stack([0 * length, length + gem_size * 1.15, 0 * length]),
            detail=4,
        )
    )
    return moved(made, centre)


def _fan(piece: Piece, rng: random.Random, eye: Array, width: float) -> list[Part]:
    radius = width * 0.5
    centre = eye - [0, 1.0, 0]
    angle = np.radians(np.linspace(205, 335, 60))
    arc = np.column_stack([radius * np.cos(angle), radius * np.sin(angle), 0 * angle])
    frame = np.vstack([[0, 0, 0], arc])
    made = [tube(frame, width=1.1, closed=True, around=9, axis=(0, 0, 1))]
    ribs = np.radians(np.linspace(225, 315, 4))
    spokes = [
        tube(np.array([[0, 0, 0], [radius * math.cos(a), radius * math.sin(a), 0]]), width=0.6, around=6)
        for a in ribs
    ]
    made += spokes
    inner = arc * 0.58
    made.append(tube(inner, width=0.7, around=7))
    count = rng.choice((5, 7))
    drops = np.radians(np.linspace(210, 330, count))
    foot = np.column_stack([radius * np.cos(drops), radius * np.sin(drops), 0 * drops])
    rank = np.abs(np.arange(count) - (count - 1) / 2)
    size = width * 1.15 / count
    if piece.stone is not None:
        one = line_stone(piece, min(size, piece.stone.size_mm), prongs=4, many=14)
        mid = main_stone(piece, min(radius * 0.42, piece.stone.size_mm))
    else:
        drop_outline = petal_outline(size * 1.5, size * 0.72)
        front = dome(drop_outline, height=size * 0.25, material="metal")
        one = [front, front.turned(rotation(yaw=180))]
        mid = [plate(circle(radius * 0.2, 30)[:, :2], thickness=1.0)]
    made += moved(mid, (0, -radius * 0.58, 0.9))
    chain = radius * rng.uniform(0.12, 0.5) * (1.3 - 0.28 * rank)
    for point, drop in zip(foot, chain, strict=True):
        made += links(np.linspace(point, point - [0, drop, 0], 8), 1.0, long=1.5)
    high = span(one, 1)[1]
    scales = 1 - 0.09 * rank
    made += copies(
        one,
        np.eye(3),
        foot - np.column_stack([0 * chain, chain + 0.3 + high * scales, 0 * chain]) + np.array([0, 0, 0.4]),
        scales,
    )
    made.append(round_balls(0.6, arc[4::8] + np.array([0, 0, 0.4]), detail=4))
    return moved(made, centre)


def _tiers(piece: Piece, rng: random.Random, eye: Array, width: float) -> list[Part]:
    """Return bars of falling width, chains between them, and drops below the last."""
    made: list[Part] = []
    tiers = rng.choice((2, 3))
    y = float(eye[1])
    previous: Array | None = None
    one_size = width / (tiers + 2.5)
    if piece.stone is not None:
        one_size = min(max(one_size, 2.6), piece.stone.size_mm * 1.1)
        one = line_stone(piece, one_size, prongs=4, many=12)
    else:
        one = [ball(one_size * 0.42, detail=7)]
    tall = span(one, 1)[1] - span(one, 1)[0]
    for tier in range(tiers):
        # The widest is the middle one, so that it hangs as a lozenge.
        count = (2 if tier != tiers - 1 or tiers == 2 else 1) + (1 if tier == 1 else 0) + (tier == 0) * 0
        xs = (np.arange(count) - (count - 1) / 2) * width / max(count, 2.2)
        y -= tall * 0.75 + 2.2
        row = np.column_stack([xs, 0 * xs + y, 0 * xs + float(eye[2])])
        made += copies(one, np.eye(3), row + np.array([0, 0, 0.5]))
        start = previous if previous is not None else np.array([eye])
        for point in row:
            near = start[np.argmin(np.linalg.norm(start - point, axis=1))]
            made += links(np.linspace(near, point + np.array([0, tall * 0.45, 0]), 8), 1.0, long=1.4)
        previous = row - [0, tall * 0.5, 0]
        y -= tall * 0.3
    assert previous is not None  # noqa: S101 - there are two tiers at least
    drop = (
        main_stone(piece, one_size * 1.5)
        if piece.stone is not None
        else [spun([(0, -6.0), (1.7, -5.2), (2.2, -3.8), (1.4, -1.8), (0.3, 0)], around=24)]
    )
    for point in previous:
        made += moved(ring_link(0.7, 0.34, facing=60), point - [0, 0.3, 0])
        made += hung(drop, point - [0, 0.9, 0])
    return made


def _jhumka(piece: Piece, rng: random.Random, worn: bool) -> list[Part]:
    """Return a bell below a rosette, fringed with beads, after the jhumka of South India."""
    del worn
    width = min(max(piece.dimensions_mm["width"], 10.0), 20.0)
    radius = width / 2
    parts = _post()
    top_size = width * rng.uniform(0.38, 0.5)
    # The rosette on the lobe.
    petals = rng.choice((8, 10, 12))
    leaf = dome(
        petal_outline(top_size * 0.48, top_size * 0.3), height=top_size * 0.09, material="metal", rings=6
    )
    angles = np.arange(petals) * 360 / petals
    turns = about_z(angles)
    parts.append(plate(circle(top_size * 0.42, 36)[:, :2], thickness=0.8, bevel=0.3).moved((0, 0, 0.5)))
    parts += copies([leaf], turns, turns[:, :, 1] * top_size * 0.33 + np.array([0, 0, 0.8]))
    if piece.stone is not None:
        centre = line_stone(piece, min(top_size * 0.62, piece.stone.size_mm * 1.25), prongs=0)
    else:
        centre = [dome(circle(top_size * 0.2, 28)[:, :2], height=top_size * 0.14, material="metal")]
    parts += moved(lifted(centre, 0.9), (0, 0, 0.2))
    y = -top_size * 0.55
    parts += moved(ring_link(0.9, 0.45, facing=70), (0, y - 0.5, 0.6))
    parts.append(ball(0.9, detail=6).moved((0, y - 1.9, 0.6)))
    y -= 2.4
    # The bell.
    tall = radius * rng.uniform(0.85, 1.15)
    tiers = rng.choice((1, 1, 2))
    made: list[Part] = []
    ribs = rng.choice((0, 16, 20, 24))
    for tier in range(tiers):
        scale = 1.0 if tier == 0 else 0.62
        bell_radius, bell_tall = (
            radius * scale,
            tall * (1.0 if tiers == 1 else 0.8) * (1.0 if tier == 0 else 0.7),
        )
        foot = -tall * (1.0 if tiers == 1 else 1.25) if tier == 0 else -bell_tall
        curve = np.linspace(0, math.pi / 2, 12)
        bend = rng.uniform(0.8, 1.15)
        profile = [(bell_radius * 0.93, foot), (bell_radius, foot + 0.5), (bell_radius * 0.965, foot + 1.0)]
        profile += [
            (
                bell_radius * 0.95 * max(math.cos(a), 0.0) ** bend + 0.4,
                foot + 1.0 + (bell_tall - 1.0) * math.sin(a),
            )
            for a in curve
        ]
        made.append(spun(profile, around=60, ribs=ribs, relief=0.05))
        inside = [(bell_radius * 0.3, foot + bell_tall * 0.55), (bell_radius * 0.93, foot + 0.02)]
        made.append(_inward(spun(inside, around=40)))
        angle = np.linspace(0, TAU, int(TAU * bell_radius / 1.05), endpoint=False)
        ring = np.column_stack([np.sin(angle), 0 * angle, np.cos(angle)])
        made.append(round_balls(0.46, ring * bell_radius + np.array([0, foot + 0.45, 0]), detail=3))
        at = max(math.cos(0.55), 0) ** bend
        made.append(
            round_balls(
                0.36,
                ring * (bell_radius * 0.95 * at + 0.55)
                + np.array([0, foot + 1.0 + (bell_tall - 1) * math.sin(0.55), 0]),
                detail=3,
            )
        )
        count = max(int(TAU * bell_radius / (2.3 if tier == 0 else 2.1)), 8)
        angle = np.linspace(0, TAU, count, endpoint=False)
        ring = np.column_stack([np.sin(angle), 0 * angle, np.cos(angle)])
        if tier == 0 or tiers == 2:
            drop_size = 2.0 if tier == 0 else 1.5
            wire = tube(np.array([[0, 0, 0], [0, -1.4, 0]]), width=0.36, axis=(1, 0, 0), around=5)
            made += copies([wire], np.eye(3), ring * bell_radius * 0.97 + np.array([0, foot + 0.1, 0]))
            made += copies(
                _fringe(piece, drop_size),
                np.eye(3),
                ring * bell_radius * 0.97 + np.array([0, foot - 0.9 - drop_size / 2, 0]),
            )
            made.append(
                round_balls(
                    0.35, ring * bell_radius * 0.97 + np.array([0, foot - 1.1 - drop_size, 0]), detail=3
                )
            )
        if piece.stone is not None and tier == 0:
            count = rng.choice((9, 11))
            angle = np.linspace(0, TAU, count, endpoint=False)
            size = min(radius * 0.36, 3.2)
            away = np.column_stack([np.sin(angle), 0 * angle + 0.25, np.cos(angle)])
            face = unit(away)
            onward = unit(np.cross(np.tile([0, 1.0, 0], (count, 1)), face))
            frame = np.stack([onward, np.cross(face, onward), face], axis=2)
            reach = bell_radius * (0.95 * math.cos(0.28) ** bend) + 0.3 - 0.1 * size
            places = np.column_stack(
                [
                    np.sin(angle) * reach,
                    0 * angle + foot + 1.0 + (bell_tall - 1.0) * math.sin(0.28),
                    np.cos(angle) * reach,
                ]
            )
            # Only what can be seen: the back of a bell is plain.
            seen = np.cos(angle) > -0.35
            own = line_stone(piece, size, prongs=0, many=24)
            made += copies(own, frame[seen], places[seen] + face[seen] * 0.25)
    made.append(ball(1.1, detail=7).moved((0, 0.1, 0)))
    return parts + moved(made, (0, y - 0.4, 0.6))


def _inward(part: Part) -> Part:
    """Return the inner side of a body: the same surface, seen from within."""
    return Part(material=part.material, corners=part.corners[:, ::-1], normals=-part.normals[:, ::-1])


def _climber(piece: Piece, rng: random.Random, worn: bool) -> list[Part]:
    """Return a row of stones that follows the lobe's edge upwards from the pin at the origin."""
    del worn
    stone = stone_of(piece)
    height = max(piece.dimensions_mm["height"], 14.0)
    count = rng.choice((5, 6, 7))
    graded = rng.uniform(0.08, 0.15)
    scales = 1 - graded * np.arange(count)
    scales = np.maximum(scales, 0.35)
    size = min(stone.size_mm * 1.1, height / scales.sum())
    head = line_stone(piece, size, prongs=4, many=14)
    step = (span(head, 1)[1] - span(head, 1)[0]) * 1.06
    reach = np.cumsum(scales) * step - scales * step / 2 - scales[0] * step / 2
    bend = rng.uniform(0.008, 0.017)
    lean = 0.3 - 3.4 * bend * reach
    strides = np.concatenate([[0.0], np.diff(reach)])
    path = np.column_stack(
        [np.cumsum(-strides * np.sin(lean)), np.cumsum(strides * np.cos(lean)), np.full(count, 1.2)]
    )
    lean = np.degrees(lean)
    other = (np.arange(count) % 2 == 1) & bool(piece.accent)
    parts = copies(head, about_z(lean[~other]), path[~other], scales[~other])
    if other.any():
        parts += copies(accent_stone(piece, size * 0.9), about_z(lean[other]), path[other], scales[other])
    parts.append(tube(path - [0, 0, 0.6 + size * 0.1], width=0.9, axis=(0, 0, 1), around=8))
    if rng.random() < 0.6:
        # A branch: leaves beside the stones.
        leaf = dome(petal_outline(step * 0.85, step * 0.36), height=step * 0.1, material="metal", rings=7)
        for index in range(1, count):
            for side in (-1, 1):
                turn = about_z(lean[index] - side * 58)
                root = path[index] - [0, 0, 0.5]
                parts += copies(
                    [leaf],
                    turn[None],
                    [root + turn @ np.array([0, step * 0.72 * scales[index], 0])],
                    [scales[index]],
                )
    return [*parts, *_post()]


def _disc(piece: Piece, rng: random.Random, worn: bool) -> list[Part]:
    width = max(piece.dimensions_mm["width"], 9.0)
    form = pick(rng, piece.style, ("stud", "hung", "tiers", "open"), minimalist=("stud", "open"))
    relief = rng.choice(("rings", "plain", "dots", "rays"))

    def coin(size: float) -> list[Part]:
        made = [plate(circle(size / 2, 52)[:, :2], thickness=1.0, bevel=0.5)]
        if relief == "rings":
            made += [
                tube(circle(size * share, 44), width=0.45, closed=True, around=6).moved((0, 0, 0.5))
                for share in (0.4, 0.28, 0.15)
            ]
        elif relief == "dots":
            made.append(
                round_balls(
                    0.36, circle(size * 0.43, max(int(size * 2.2), 14)) + np.array([0, 0, 0.5]), detail=3
                )
            )
        elif relief == "rays":
            ray = tube(
                np.array([[0, size * 0.12, 0], [0, size * 0.38, 0]]), width=np.array([0.7, 0.25]), around=6
            )
            made += copies([ray], about_z(np.arange(18) * 20.0), np.tile([0, 0, 0.45], (18, 1)))
        return made

    if form == "stud":
        return [*lifted(turned(coin(width), rotation(pitch=-4)), 0.3), *_post()]
    parts, eye = _top(piece, rng, worn, size=3.6, wire=0.6)
    if form == "hung":
        return parts + hung(coin(width), eye)
    if form == "open":
        ring = circle(width / 2, 72)
        thick = width * rng.uniform(0.09, 0.16)
        made = [tube(ring, width=thick * 0.6, thickness=thick, closed=True, around=14, squareness=0.6)]
        if rng.random() < 0.5:
            made += moved(coin(width * 0.36), (0, width * 0.2, 0))
        return parts + hung(made, eye)
    sizes = (width * 0.5, width * 0.72, width * 0.95)[rng.choice((0, 1)) :]
    for index, size in enumerate(sizes):
        parts += hung(coin(size), eye)
        eye = eye - [0, size, 0]
        if index < len(sizes) - 1:
            parts += moved(ring_link(0.7, 0.35, facing=65), eye - [0, 0.3, 0])
            eye = eye - [0, 0.8, 0]
    return parts


def _motif(piece: Piece, rng: random.Random, worn: bool) -> list[Part]:
    assert piece.motif is not None  # noqa: S101 - pieces of this design have one
    width = max(piece.dimensions_mm["width"], 9.0)
    one, hang = motif(piece.motif, min(width, 16.0), piece.stone, piece.accent, rng, setting=piece.setting)
    form = rng.choice(("stud", "stud", "hung", "double"))
    if form == "stud":
        # The pin stands where the motif is, not in the bend of a moon or a feather.
        level = np.concatenate([part.corners.reshape(-1, 3) for part in one])
        level = level[np.abs(level[:, 1]) < 1.5] if (np.abs(level[:, 1]) < 1.5).any() else level
        return [*moved(lifted(one, 0.4), (-float(np.median(level[:, 0])), 0, 0)), *_post()]
    if form == "hung":
        parts, eye = _top(piece, rng, worn, size=3.8, wire=0.7)
        return parts + moved(one, eye - np.asarray(hang))
    # A smaller one at the lobe, and the motif below it.
    small = copies(one, np.eye(3), np.zeros((1, 3)), [0.55])
    small = lifted(small, 0.4)
    low, _ = span(small, 1)
    parts = [*small, *_post(), *moved(ring_link(0.9, 0.42, facing=60), (0, low - 0.4, 0.6))]
    return parts + moved(one, np.array([0.0, low - 1.2, 0.6]) - np.asarray(hang))
