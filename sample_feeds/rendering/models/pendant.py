"""Pendants: what hangs from a chain, with its bail and as much of the chain as a picture shows."""

import math
import random
from collections.abc import Callable, Sequence

import numpy as np

from sample_feeds.pieces import Piece
from sample_feeds.rendering.chains import FINE_KINDS, chain, copies
from sample_feeds.rendering.fittings import bail, bead, halo_setting, milgrain, set_stone, small_stone
from sample_feeds.rendering.models import Model
from sample_feeds.rendering.models.mountings import moved, pick, ring_link, span, stone_of
from sample_feeds.rendering.motifs import blade, motif
from sample_feeds.rendering.shapes import (
    TAU,
    Array,
    Part,
    ball,
    circle,
    cut_outline,
    dome,
    heart_outline,
    merged,
    mound,
    placed,
    plate,
    rotation,
    star_outline,
    tube,
)

_Built = tuple[list[Part], tuple[float, float]]  # the ornament about the origin, and where it hangs (x, y)


def build(piece: Piece, *, worn: bool) -> Model:
    """Return the model of a pendant; it hangs on a chest as it does on a stand."""
    del worn
    rng = random.Random(piece.key)  # noqa: S311 - a piece's own form, not a secret
    makers: dict[str, Callable[[Piece, random.Random], _Built]] = {
        "drop": _drop,
        "disc": _disc,
        "locket": _locket,
        "cluster": _cluster,
        "bar": _bar,
        "motif": _motif,
    }
    parts, (x, y) = makers[piece.design](piece, rng)
    low, high = span(parts, 1)
    left, right = span(parts, 0)
    reach = max(high - low, right - left)
    size = min(max(reach * 0.075, 1.0), 1.9)
    deep = span(parts, 2)[0]
    middle = 0.25 * (deep + span(parts, 2)[1])
    parts += moved(bail(x, y + size * 0.30, size), (0, 0, middle))
    parts += _chain(rng, piece.style, (x, y + size * 2.2, middle), reach)
    return Model(
        parts=tuple(merged(parts)),
        focus=(0.0, 0.5 * (low + high), 0.0),
        focus_radius=0.56 * reach,
        worn_on="chest",
        body_radius=0.0,
    )


def _chain(rng: random.Random, style: str, eye: tuple[float, float, float], reach: float) -> list[Part]:
    """Return two strands of chain that rise from a bail's eye."""
    width = rng.uniform(1.0, 1.5) * (0.85 if style == "minimalist" else 1.0)
    kind = rng.choice(FINE_KINDS)
    slope = rng.uniform(0.75, 1.15)
    long = max(0.62 * reach, 9.0)
    t = np.linspace(0, 1, 24)
    parts: list[Part] = []
    path = np.column_stack(
        [
            np.concatenate([-(t[::-1]), t[1:]]) * long,
            np.concatenate([t[::-1], t[1:]]) ** 1.12 * long * slope,
            -0.08 * long * np.concatenate([t[::-1], t[1:]]),
        ]
    )
    return parts + [part.moved(eye) for part in chain(kind, path, width)]


def _setting(piece: Piece, size: float) -> list[Part]:
    """Return the main stone in its setting, its girdle at z = 0."""
    stone = stone_of(piece)
    if piece.setting == "halo" and stone.cut != "bead":
        return halo_setting(stone.material, stone.cut, size, piece.accent or stone.material, piece.key)
    prongs = 0 if piece.setting == "bezel" else 6 if stone.cut == "round" and size > 7 else 4
    return set_stone(stone.material, stone.cut, size, prongs=prongs)


def _drop(piece: Piece, rng: random.Random) -> _Built:
    stone = stone_of(piece)
    size = stone.size_mm
    form = pick(
        rng,
        piece.style,
        ("single", "topped", "scrolled", "framed"),
        minimalist=("single",),
        bohemian=("capped", "fringed"),
        vintage=("scrolled", "single", "capped"),
    )
    parts: list[Part] = []
    if stone.cut == "bead":
        # A bead hangs on a pin from a cap of leaves.
        parts.append(bead(stone.material, "bead", size, piece.key))
        leaf = blade(
            size * 0.42,
            size * 0.34,
            cup=-0.04 * size,
            lift=0.08 * size,
            groove=0.02 * size,
            blunt=0.8,
            thickness=0.25,
        )
        leaf = leaf.turned(rotation(pitch=90)).moved((0, 0, 0))
        count = rng.choice((5, 6, 8))
        one = leaf.turned(rotation(pitch=32)).moved((0, 0.50 * size, 0))
        turns = np.stack([rotation(yaw=index * 360 / count) for index in range(count)])
        parts += copies([one], turns, np.zeros((count, 3)))
        parts.append(ball(size * 0.09, detail=6).moved((0, 0.52 * size, 0)))
        parts.append(ball(size * 0.055, detail=6).moved((0, -0.51 * size, 0)))
        top = 0.58 * size
    else:
        one = _setting(piece, size)
        parts += one
        top = span(one, 1)[1]
    if form == "framed" and stone.cut != "bead":
        outline = (
            cut_outline(stone.cut if stone.cut != "heart" else "round", 64) * size * rng.uniform(1.5, 1.75)
        )
        if piece.setting == "halo":
            outline = outline * 1.25
        path = np.column_stack([outline, np.full(len(outline), -0.1 * size)])
        parts.append(
            tube(
                path,
                width=max(size * 0.10, 0.8),
                thickness=max(size * 0.08, 0.7),
                closed=True,
                around=12,
                squareness=0.7,
            )
        )
        frame_top = float(outline[:, 1].max())
        post = np.array([[0, top - 0.3, -0.1 * size], [0, frame_top, -0.1 * size]])
        parts.append(tube(post, width=max(size * 0.09, 0.7), axis=(1, 0, 0), around=8))
        top = frame_top + 0.05 * size
    elif form == "scrolled":
        for side in (-1, 1):
            t = np.linspace(0, 1, 40)
            radius = size * 0.17 * (1 - 0.72 * t)
            turn = TAU * 1.3 * t
            curl = np.column_stack(
                [
                    side * (size * 0.15 + radius * np.sin(turn) * 1.0),
                    top + size * 0.17 - radius * np.cos(turn),
                    0 * t,
                ]
            )
            parts.append(tube(curl, width=size * (0.085 - 0.05 * t), around=8))
            parts.append(
                ball(size * 0.045, detail=5).moved((side * size * 0.17, top + size * 0.17, 0.02 * size))
            )
        stem = np.array([[0, top - 0.5, 0], [0, top + size * 0.36, 0]])
        parts.append(tube(stem, width=size * 0.08, axis=(1, 0, 0), around=8))
        top += size * 0.36
    upper = piece.accent is not None or form == "topped"
    if upper:
        # A smaller stone swings between bail and drop.
        wide = max(size * rng.uniform(0.3, 0.42), 2.0)
        material = piece.accent or stone.material
        parts += moved(ring_link(0.75, 0.34, facing=55), (0, top + 0.45, 0))
        small = small_stone(material, wide, piece.key)
        parts += moved(small, (0, top + 0.95 + wide * 0.55, 0.0))
        top += 0.95 + wide * 1.1
    if form == "fringed":
        low = span(parts, 1)[0]
        for index in range(-2, 3):
            x = index * size * 0.17
            y = low + 0.06 * index**2 * size * 0.6
            line = np.array(
                [[x, y + 0.2, -0.12 * size], [x, y - size * (0.34 - 0.05 * abs(index)), -0.12 * size]]
            )
            parts.append(tube(line, width=0.5, axis=(0, 0, 1), around=6))
            parts.append(ball(0.75, detail=6).moved(line[1]))
    elif form == "capped" and stone.cut != "bead":
        low = span(parts, 1)[0]
        parts += milgrain(
            np.array(
                [
                    [0.0, low - 0.5, -0.1],
                    [-1.0, low - 0.15, -0.1],
                    [1.0, low - 0.15, -0.1],
                    [0, low - 1.6, -0.1],
                ]
            ),
            0.62,
        )
    return _centred(parts, (0.0, top))


def _centred(parts: Sequence[Part], top: tuple[float, float]) -> _Built:
    low, high = span(parts, 1)
    shift = -(low + high) / 2
    return moved(parts, (0, shift, 0)), (top[0], top[1] + shift)


def _disc(piece: Piece, rng: random.Random) -> _Built:
    half = piece.dimensions_mm["width"] / 2
    thick = {"minimalist": 0.9, "modern": 1.6}.get(piece.style, 1.3)
    form = pick(
        rng,
        piece.style,
        ("coin", "concave", "sunray", "plain"),
        minimalist=("plain",),
        art_deco=("stepped", "sunray"),
        bohemian=("grains", "moonface", "sunray"),
        modern=("concave", "offset"),
        vintage=("coin", "sunray"),
    )
    outline = (
        (
            cut_outline("emerald", 64) * [1.3, 1.0]
            if form == "stepped" and rng.random() < 0.5
            else circle(0.5, 72)[:, :2]
        )
        * 2
        * half
    )
    parts: list[Part] = []
    z = thick / 2
    hole = None
    match form:
        case "concave":
            rows = [
                (0.0, -z),
                (0.96, -z),
                (1.0, -0.4 * z),
                (1.0, 0.9 * z),
                (0.97, z),
                (0.9, 0.7 * z),
                (0.6, 0.05 * z),
                (0.3, -0.25 * z),
                (0.0, -0.35 * z),
            ]
            parts.append(mound(outline, rows))
            z = -0.3 * z
        case "stepped":
            parts.append(
                mound(
                    outline,
                    [(0, -z), (1, -z), (1, 0), (0.8, 0), (0.8, 0.5 * z), (0.6, 0.5 * z), (0.6, z), (0, z)],
                )
            )
        case _:
            parts.append(plate(outline, thickness=thick, bevel=0.45))
    if form == "coin":
        parts += milgrain(circle(half * 0.88, int(half * 5)) + np.array([0, 0, z * 0.9]), half * 0.035)
        parts.append(
            tube(circle(half * 0.97, 72), width=thick * 1.15, thickness=half * 0.07, closed=True, around=10)
        )
    elif form == "sunray":
        count = rng.choice((16, 20, 24))
        ray = tube(
            np.array([[0, half * 0.40, 0], [0, half * 0.65, 0], [0, half * 0.90, 0]]),
            width=np.array([0.25, 0.5, 0.45]),
            thickness=np.array([0.3, TAU * half * 0.5 / count, TAU * half * 0.62 / count]),
            around=7,
        )
        turns = np.stack([rotation(roll=index * 360 / count) for index in range(count)])
        parts += copies([ray], turns, np.tile([0, 0, z * 0.9], (count, 1)))
    elif form == "grains":
        for share, number in ((0.9, 30), (0.74, 24)):
            parts += milgrain(circle(half * share, number) + np.array([0, 0, z]), half * 0.045)
        hole = star_outline(8, 0.55, 3) * half
    elif form == "moonface":
        parts.append(
            tube(
                _crescent_line(half * 0.62),
                width=0.5,
                thickness=half * 0.28 * np.sin(np.linspace(0.05, math.pi - 0.05, 30)) + 0.1,
                around=10,
            ).moved((0, 0, z))
        )
        for x, y in ((0.30, 0.32), (0.42, -0.10), (0.10, 0.0)):
            parts.append(
                mound(star_outline(5, 0.45, 2) * half * 0.2, [(1.0, 0), (1.0, 0.15), (0, 0.4)]).moved(
                    (half * x, half * y, z * 0.95)
                )
            )
    if piece.stone is not None:
        size = min(piece.stone.size_mm, half * (1.0 if piece.setting != "halo" else 0.72))
        at = (
            (half * rng.choice((-0.36, 0.36)), half * -0.3)
            if form in ("offset", "plain") and rng.random() < 0.7
            else (0.0, 0.0)
        )
        if form == "moonface":
            at = (0.26 * half, 0.02 * half)
        lift = z + size * (0.24 if piece.stone.cut != "bead" else 0.46)
        parts += moved(_setting(piece, size), (*at, lift))
        if piece.accent and form not in ("moonface", "coin", "grains"):
            count = rng.choice((6, 8, 12))
            for index in range(count):
                angle = TAU * index / count
                if form in ("offset", "plain"):
                    if index >= 3:
                        break
                    spot = (at[0] * (0.1 - 0.42 * index), at[1] + half * (0.38 + 0.28 * index))
                else:
                    spot = (half * 0.74 * math.sin(angle), half * 0.74 * math.cos(angle))
                parts += moved(
                    small_stone(piece.accent, max(half * 0.15, 1.1), str(index)),
                    (*spot, max(z, thick * 0.42) + 0.3),
                )
    elif hole is not None:
        parts.append(mound(hole * 0.9, [(1.0, z), (1.0, z + 0.2), (0.0, z + 0.8)]))
    elif form in ("sunray", "stepped"):
        parts.append(
            dome(circle(half * 0.3, 36)[:, :2], height=half * 0.14, material="metal").moved((0, 0, z))
        )
    elif form == "coin":
        parts.append(
            mound(
                star_outline(rng.choice((6, 8, 12)), rng.uniform(0.45, 0.7), 3) * half * 1.1,
                [(1.0, z), (1.0, z + 0.15), (0.0, z + 0.7)],
            )
        )
    top = float(outline[:, 1].max())
    return parts, (0.0, top)


def _crescent_line(radius: float) -> Array:
    angle = np.linspace(0.28 * TAU, 0.86 * TAU, 30)
    return np.column_stack([radius * np.cos(angle) * 0.86, radius * np.sin(angle), 0 * angle])


def _locket(piece: Piece, rng: random.Random) -> _Built:
    width = piece.dimensions_mm["width"]
    form = rng.choice(("oval", "round", "heart", "cushion"))
    outline = {
        "oval": circle(0.5, 72, radius_y=0.5 * rng.uniform(1.2, 1.35))[:, :2],
        "round": circle(0.5, 72)[:, :2],
        "heart": heart_outline(80),
        "cushion": cut_outline("cushion", 72),
    }[form] * width
    half = width / 2
    deep = width * rng.uniform(0.12, 0.17)
    parts: list[Part] = []
    bulge = [(math.cos(a), deep * (0.18 + 0.82 * math.sin(a))) for a in np.linspace(0, TAU / 4, 9)]
    front = mound(outline, [(0.97, 0.03), (1.0, 0.06), *bulge])
    # Turned round, every outline but the heart's is its own mirror image; the heart is symmetrical too.
    back = front.turned(rotation(yaw=180))
    parts += [front, back]
    # Two leaves meet in a seam, with a hinge on the left and a thumb piece on the right.
    left = outline[np.argmin(outline[:, 0])]
    long = width * (0.08 if form == "heart" else 0.13)
    for shift in (-1, 0, 1):
        middle_y = float(left[1]) + shift * long
        ends = np.array(
            [
                [left[0] + (0.25 if form == "heart" else -0.05), middle_y + end * 0.44 * long, 0.0]
                for end in (-1, 1)
            ]
        )
        parts.append(tube(ends, width=1.15, around=10))
    right = outline[np.argmax(outline[:, 0])]
    parts.append(ball(0.6, detail=6).moved((float(right[0]) + 0.2, float(right[1]), 0)))
    relief = pick(
        rng,
        piece.style,
        ("frame", "wreath", "scrolls", "rays"),
        minimalist=("plain",),
        art_deco=("rays", "frame"),
        vintage=("scrolls", "wreath"),
        modern=("plain", "frame"),
    )
    share = 0.80

    def height(scale: float) -> float:
        return deep * (0.18 + 0.82 * math.sqrt(max(1 - scale * scale, 0)))

    if relief in ("frame", "wreath", "scrolls") or piece.style == "vintage":
        path = np.column_stack([outline * share, np.full(len(outline), height(share))])
        parts.append(tube(path, width=0.55, closed=True, around=8))
        if piece.style in ("vintage", "bohemian", "classic"):
            parts += milgrain(
                np.column_stack([outline[::2] * 0.90, np.full(len(outline[::2]), height(0.90))]), 0.30
            )
    if relief == "wreath":
        count = 22
        leaf = blade(
            width * 0.15, width * 0.075, lift=0.15, groove=0.1, blunt=0.9, rows=7, columns=5, thickness=0.2
        )
        index = np.arange(count) * len(outline) // count
        tangent = np.roll(outline, -1, axis=0)[index] - outline[index]
        angles = (
            np.degrees(np.arctan2(tangent[:, 1], tangent[:, 0]))
            - 90
            + np.where(np.arange(count) % 2, 24, -24)
        )
        turns = np.stack([rotation(roll=float(a)) for a in angles])
        parts += copies(
            [leaf], turns, np.column_stack([outline[index] * 0.62, np.full(count, height(0.62) + 0.02)])
        )
    elif relief == "scrolls":
        for sx in (-1, 1):
            for sy in (-1, 1):
                t = np.linspace(0, 1, 36)
                radius = width * 0.13 * (1 - 0.75 * t)
                x = sx * (width * 0.20 + radius * np.cos(TAU * 1.25 * t))
                y = sy * (width * 0.24 + radius * np.sin(TAU * 1.25 * t))
                scale = np.minimum(np.hypot(x, y) / (width * 0.5), 0.95)
                z = np.array([height(float(one)) for one in scale])
                parts.append(tube(np.column_stack([x, y, z]), width=np.linspace(0.7, 0.35, 36), around=7))
    elif relief == "rays":
        count = 16
        for index in range(count):
            angle = TAU * index / count
            s = np.linspace(0.34, 0.74, 6)
            reach = s * half * 0.98
            path = np.column_stack(
                [reach * math.sin(angle), reach * math.cos(angle), [height(float(one)) for one in s]]
            )
            parts.append(tube(path, width=np.linspace(0.8, 0.35, 6), around=6))
    middle = (0.0, 0.0 if form != "heart" else 0.03 * width)
    if piece.stone is not None:
        size = min(piece.stone.size_mm, width * (0.42 if piece.setting != "halo" else 0.3))
        lift = height(0.25) + size * (0.20 if piece.stone.cut != "bead" else 0.42)
        parts += moved(_setting(piece, size), (*middle, lift))
        if piece.accent and piece.setting != "halo":
            for index in range(6):
                angle = TAU * (index + 0.5) / 6
                spot = (width * 0.30 * math.cos(angle), width * 0.30 * math.sin(angle))
                parts += moved(
                    small_stone(piece.accent, width * 0.075, str(index)), (*spot, height(0.6) + 0.15)
                )
    elif relief == "plain" and piece.style != "minimalist":
        parts.append(
            mound(
                star_outline(rng.choice((6, 8)), 0.4, 3) * width * 0.3, [(1.0, -0.2), (1.0, 0.1), (0.0, 0.5)]
            ).moved((*middle, height(0.2)))
        )
    elif relief != "plain":
        parts.append(
            dome(circle(width * 0.12, 30)[:, :2], height=width * 0.06, material="metal").moved(
                (*middle, height(0.2) - 0.1)
            )
        )
    near = outline[np.abs(outline[:, 0]) < 0.05 * width]
    return _centred(parts, (0.0, float(near[:, 1].max())))


def _cluster(piece: Piece, rng: random.Random) -> _Built:
    stone = stone_of(piece)
    size = stone.size_mm
    form = rng.choice(("flower", "cascade", "grapes", "ring"))
    prongs = 0 if piece.setting == "bezel" else 4
    seats: list[tuple[float, float, float, float]] = []
    match form:
        case "flower":
            count = rng.choice((6, 7, 8))
            seats = [(0, 0, 0.3 * size, size * 1.15)]
            small = min(size, 2 * math.sin(math.pi / count) * size * 1.08)
            reach = (size * 1.15 + small) * 0.53
            seats += [
                (reach * math.sin(TAU * i / count), reach * math.cos(TAU * i / count), 0.0, small)
                for i in range(count)
            ]
        case "ring":
            count = rng.choice((7, 8, 9))
            reach = size * 1.08 / (2 * math.sin(math.pi / count))
            seats = [
                (
                    reach * math.sin(TAU * i / count),
                    reach * math.cos(TAU * i / count),
                    0.0,
                    size * (0.72 if i % 2 else 1.0),
                )
                for i in range(count)
            ]
        case "cascade":
            y = 0.0
            for index, scale in enumerate((1.0, 0.8, 0.9, 0.66, 0.5)):
                seats.append(
                    (
                        size * 0.36 * (1 if index % 2 else -1) * (1 - 0.12 * index),
                        y,
                        0.12 * index % 0.3,
                        size * scale,
                    )
                )
                y -= size * scale * 0.84
        case _:
            for row, number in enumerate((4, 3, 2, 1)):
                for index in range(number):
                    seats.append(
                        (
                            (index - (number - 1) / 2) * size * 0.98,
                            -row * size * 0.86,
                            0.25 * size * ((row + index) % 2),
                            size * 0.95,
                        )
                    )
    parts: list[Part] = []
    for index, (x, y, z, wide) in enumerate(seats):
        accent = piece.accent is not None and index % 2 == 1
        if accent and piece.accent:
            one = set_stone(piece.accent, "round", wide * 0.86, prongs=prongs)
        else:
            one = set_stone(stone.material, stone.cut, wide, prongs=prongs)
        parts += moved(one, (x, y, z))
    # Wires behind join the settings.
    back = -0.34 * size
    for index, (x, y, z, _) in enumerate(seats[1:], start=1):
        before = min(seats[:index], key=lambda seat: math.hypot(seat[0] - x, seat[1] - y))
        line = np.array(
            [
                [x, y, z + back],
                [(x + before[0]) / 2, (y + before[1]) / 2, back],
                [before[0], before[1], before[2] + back],
            ]
        )
        parts.append(tube(line, width=max(size * 0.14, 0.6), axis=None, around=7))
    first, last = seats[1 if form == "flower" else 0], seats[-1]
    if form == "ring":
        line = np.array([[last[0], last[1], back], [first[0], first[1], back]])
        parts.append(tube(line, width=max(size * 0.14, 0.6), axis=None, around=7))
    if form == "grapes" or form == "cascade":
        top = max(y + wide / 2 for _, y, _, wide in seats)
        for sx in (-1, 1):
            leaf = blade(size * 1.3, size * 0.7, lift=0.12 * size, groove=0.06 * size, blunt=0.8)
            parts += placed(
                [leaf],
                rotation(roll=-sx * rng.uniform(62, 78)),
                (sx * 0.1 * size, top + 0.05 * size, -0.1 * size),
            )
        stem = np.array([[0, top - 0.5 * size, back], [0, top + 0.35 * size, -0.05 * size]])
        parts.append(tube(stem, width=max(0.14 * size, 0.7), axis=(1, 0, 0), around=8))
        return _centred(parts, (0.0, top + 0.35 * size))
    return _centred(parts, (0.0, span(parts, 1)[1]))


def _bar(piece: Piece, rng: random.Random) -> _Built:
    long = max(piece.dimensions_mm["height"], 16.0)
    wide = rng.uniform(2.2, 4.2) * (0.7 if piece.style == "minimalist" else 1.0)
    thick = rng.uniform(1.2, 2.0)
    form = pick(
        rng,
        piece.style,
        ("slab", "round", "twisted"),
        modern=("slab", "twisted"),
        art_deco=("stepped", "slab"),
        bohemian=("wound", "twisted"),
        vintage=("grained", "twisted"),
    )
    y = np.linspace(-long / 2, long / 2, 40)
    line = np.column_stack([0 * y, y, 0 * y])
    parts: list[Part] = []
    match form:
        case "slab" | "grained":
            parts.append(tube(line, width=thick, thickness=wide, around=24, squareness=0.28))
            if form == "grained":
                for side in (-1, 1):
                    parts += milgrain(
                        np.column_stack(
                            [
                                np.full(30, side * wide * 0.36),
                                np.linspace(-0.47, 0.47, 30) * long,
                                np.full(30, thick * 0.5),
                            ]
                        ),
                        0.26,
                    )
        case "stepped":
            for share, high in ((1.0, 0.6), (0.78, 1.0), (0.5, 1.35)):
                parts.append(
                    tube(
                        line * [1, share, 1],
                        width=thick * high,
                        thickness=wide * share,
                        around=20,
                        squareness=0.25,
                    )
                )
        case "wound":
            parts.append(tube(line, width=wide * 0.6, around=16))
            t = np.linspace(0, 1, 260)
            coil = np.column_stack(
                [
                    wide * 0.36 * np.cos(TAU * 13 * t),
                    (t - 0.5) * long * 0.56,
                    wide * 0.36 * np.sin(TAU * 13 * t),
                ]
            )
            parts.append(tube(coil, width=0.55, axis=None, around=6))
            parts += [ball(wide * 0.42, detail=8).moved((0, side * long / 2, 0)) for side in (-1, 1)]
        case "twisted":
            for phase in (0.0, math.pi):
                t = np.linspace(0, 1, 150)
                turn = TAU * rng.choice((3, 4)) * t + phase
                parts.append(
                    tube(
                        np.column_stack(
                            [wide * 0.25 * np.cos(turn), (t - 0.5) * long, wide * 0.25 * np.sin(turn)]
                        ),
                        width=wide * 0.5,
                        axis=None,
                        around=10,
                    )
                )
            parts += [ball(wide * 0.42, detail=8).moved((0, side * long / 2, 0)) for side in (-1, 1)]
        case _:
            parts.append(tube(line, width=wide * 0.72, thickness=wide * 0.72, around=20))
            parts += [
                tube(circle(wide * 0.40, 24), width=0.7, closed=True, around=8)
                .turned(rotation(pitch=90))
                .moved((0, at * long, 0))
                for at in (-0.42, -0.36, 0.36, 0.42)
            ]
    if rng.random() < 0.3:
        # Lying bars hang by both ends.
        parts = placed(parts, rotation(roll=90), (0, 0, 0))
        for side in (-1, 1):
            string = np.array([[side * (long / 2 - 1.2), wide * 0.35, 0], [side * 0.4, long * 0.42, 0]])
            parts.append(tube(string, width=0.6, axis=(0, 0, 1), around=6))
        return parts, (0.0, long * 0.42)
    return parts, (0.0, long / 2 + 0.3)


def _motif(piece: Piece, rng: random.Random) -> _Built:
    size = max(piece.dimensions_mm["width"], piece.dimensions_mm["height"] * 0.85)
    one, hang = motif(piece.motif or "flower", size, piece.stone, piece.accent, rng, setting=piece.setting)
    parts = list(one)
    if piece.style in ("art deco", "vintage") and rng.random() < 0.35:
        low, high = span(parts, 1)
        left, right = span(parts, 0)
        radius = 0.54 * max(high - low, right - left)
        middle = (low + high) / 2
        hoop = tube(
            circle(radius, 80), width=1.0, thickness=0.9, closed=True, around=10, squareness=0.7
        ).moved((0, middle, 0.3))
        parts.append(hoop)
        if piece.style == "vintage":
            parts += moved(milgrain(circle(radius, 52), 0.42), (0, middle, 0.75))
        # What is framed touches its frame above and below.
        for y in (low, high):
            end = middle + math.copysign(radius, y - middle)
            parts.append(
                tube(np.array([[0, y * 0.92, 0.4], [0, end, 0.3]]), width=0.8, axis=(1, 0, 0), around=7)
            )
        return parts, (0.0, middle + radius)
    return parts, (hang[0], hang[1])
