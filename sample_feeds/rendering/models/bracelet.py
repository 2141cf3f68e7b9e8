"""Bracelets and bangles: closed round a wrist, or as a photographer sets them up.

All are built round the wrist's axis z with their main side at +y; a pose turns them where nobody wears them.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sample_feeds.pieces import Piece
from sample_feeds.rendering.chains import (
    about_z,
    along,
    bead_string,
    chain,
    circle_section,
    copies,
    path_length,
    ribbon,
    rope,
    swept,
)
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
from sample_feeds.rendering.shapes import TAU, Array, Part, ball, circle, plate, rotation, tube, unit
from sample_feeds.rendering.turning import rounded_square

WRIST_RATIO = 1.2  # of a wrist's width to its depth
_RIGID = frozenset({"bangle", "cuff"})
_ALONG_Y = rotation(roll=90.0)  # what stands upright across the band lies along it


@dataclass(frozen=True, slots=True, kw_only=True)
class _Round:
    """The closed line of a bracelet, from the wrist's underside round to it, and where it looks.

    ``path`` and ``facing`` have shape ``(m, 3)``, the first point repeated at the end.
    """

    path: Array
    facing: Array

    @property
    def length(self) -> float:
        return path_length(self.path)

    def at(self, offsets: Array) -> tuple[Array, Array]:
        """Return places and frames at distances (mm) from the middle of the main side.

        Local x runs along the bracelet, y along the wrist, z outwards.
        """
        stations = (self.length / 2 + np.atleast_1d(np.asarray(offsets, dtype=float))) % self.length
        lengths = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(self.path, axis=0), axis=1))])
        facing = unit(
            np.column_stack([np.interp(stations, lengths, self.facing[:, axis]) for axis in range(3)])
        )
        onward = unit(np.cross(np.tile([0.0, 0.0, 1.0], (len(stations), 1)), facing))
        turns = np.stack([onward, np.cross(facing, onward), facing], axis=2)
        return along(self.path, stations), turns

    def grown(self, outwards: float, aside: float = 0.0) -> "_Round":
        """Return the line moved outwards and along the wrist."""
        return _Round(path=self.path + self.facing * outwards + np.array([0, 0, aside]), facing=self.facing)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wrist:
    """Half axes of what a bracelet closes round, mm: along x, and along y."""

    half_width: float
    half_depth: float


def build(piece: Piece, *, worn: bool) -> Model:
    """Return the model of a bracelet, round a wrist or set up."""
    rng = random.Random(piece.key)  # noqa: S311 - a piece's own form, not a secret
    body = 25.0 * piece.dimensions_mm["length"] / 182.0
    wrist = _Wrist(half_width=WRIST_RATIO * body, half_depth=body)
    if not worn:
        # Off the wrist a bracelet is rounder, and drawn a little short of life so that its stones show.
        shrunk = body * (0.98 if piece.design in _RIGID else 0.86)
        wrist = _Wrist(half_width=shrunk * rng.uniform(1.02, 1.15), half_depth=shrunk)
    makers: dict[str, Callable[[Piece, random.Random, _Wrist], list[Part]]] = {
        "tennis": _tennis,
        "beaded": _beaded,
        "station": _station,
        "bangle": _bangle,
        "cuff": _cuff,
        "charm": _charm,
        "chain": _chain,
        "mesh": _mesh,
        "motif": _motif,
    }
    parts = makers[piece.design](piece, rng, wrist)
    focus = np.array([0.0, wrist.half_depth + 2.0, 0.0])
    if not worn:
        pose = _pose(piece, rng)
        parts = turned(parts, pose)
        focus = pose @ focus
    return Model(
        parts=tuple(parts),
        focus=(float(focus[0]), float(focus[1]), float(focus[2])),
        focus_radius=body * 0.55,
        worn_on="wrist",
        body_radius=body,
    )


def _pose(piece: Piece, rng: random.Random) -> Array:
    """Return how a bracelet is set up on a table whose plane is xz: lying, main side in front, or upright."""
    if piece.design in _RIGID and rng.random() < 0.5:
        return rotation(yaw=rng.choice((-1, 1)) * rng.uniform(28, 58))
    # Turned about y first, so that the wrist's axis points up afterwards and what hangs from it hangs down.
    lean = rng.choice((0.0, rng.uniform(4, 16)))  # as if a hidden prop raised its far side
    return rotation(pitch=lean, yaw=rng.uniform(-14, 14)) @ rotation(pitch=90) @ rotation(yaw=180)


def _round(body: _Wrist, clear: float) -> _Round:
    """Return the line that keeps ``clear`` mm from the wrist."""
    angle = np.linspace(-TAU / 4, TAU * 3 / 4, 361)
    outline = np.column_stack([body.half_width * np.cos(angle), body.half_depth * np.sin(angle), 0 * angle])
    facing = unit(outline / [body.half_width**2, body.half_depth**2, 1.0])
    return _Round(path=outline + facing * clear, facing=facing)


def _band_chain(kind: str, line: _Round, width: float) -> list[Part]:
    return chain(kind, line.path, width, facing=line.facing, closed=True)


def _fine(
    piece: Piece, rng: random.Random, body: _Wrist, *, heavier: float = 1.0
) -> tuple[_Round, list[Part]]:
    width = min(max(piece.dimensions_mm["width"] * 0.32, 1.5), 2.6) * heavier
    line = _round(body, width * 0.5 + 0.5)
    kind = pick(
        rng, piece.style, ("cable", "belcher", "curb", "rope", "box"),
        modern=("paperclip", "box", "snake", "curb"), minimalist=("cable", "snake", "box"),
        bohemian=("belcher", "cable", "rope"),
    )  # fmt: skip
    parts = _band_chain(kind, line, width * (1.5 if kind == "paperclip" else 1.0))
    return line, parts + _clasp(line, width)


def _clasp(line: _Round, width: float) -> list[Part]:
    """Return a ring and a lobster clasp's body on the underside."""
    radius = max(width * 0.9, 1.6)
    places, turns = line.at(np.array([line.length / 2 - 3.2, -line.length / 2 + 3.2]))
    ring = tube(circle(radius, 20), width=radius * 0.36, closed=True, around=8)
    claw = tube(
        np.array(
            [
                [-radius * 1.7, 0, 0],
                [-radius * 0.6, radius * 0.35, 0],
                [radius * 0.5, radius * 0.25, 0],
                [radius * 1.6, 0, 0],
            ]
        ),
        width=np.array([0.7, 1.2, 1.2, 0.6]) * radius * 0.7,
        thickness=np.array([0.5, 1.5, 1.5, 0.5]) * radius * 0.7,
        around=10,
    )
    made = copies([ring], turns[:1], places[:1])
    return made + copies([claw], turns[1:], places[1:])


def _outside(
    parts: list[Part],
    line: _Round,
    offsets: Array,
    *,
    floor: float,
    scales: Array | None = None,
    upright: bool = False,
    turn: Array | None = None,
) -> list[Part]:
    """Put parts at places along the line, their deepest point ``floor`` mm outside it, looking outwards."""
    parts = lifted(parts, floor)
    places, turns = line.at(offsets)
    matrix = turns if upright else turns @ _ALONG_Y
    if turn is not None:
        matrix = matrix @ turn
    return copies(parts, matrix, places, scales)


def _tennis(piece: Piece, rng: random.Random, body: _Wrist) -> list[Part]:
    stone = stone_of(piece)
    size = stone.size_mm * rng.uniform(1.3, 1.5)
    head = lifted(line_stone(piece, size, prongs=4, many=48), 0.0)
    depth = span(head, 2)[1]
    sunk = 0.24 * size  # the claws' feet stand between the links
    line = _round(body, 0.5 + sunk)
    lying = stone.cut in ("marquise", "oval", "pear", "emerald") and rng.random() < 0.6
    low, high = span(head, 1) if lying else span(head, 0)
    gap = rng.choice((0.05, 0.15, 0.5))
    whole = line.length + TAU * depth * 0.5
    count = max(int((whole - 7.0) / (high - low + gap)), 12)
    count -= count % 2 == 0
    step = (line.length - 7.0) / count
    offsets = (np.arange(count) - (count - 1) / 2) * step
    other = (np.arange(count) % 2 == 1) & bool(piece.accent)
    graded = 1 - rng.choice((0.0, 0.0, 0.32)) * np.abs(np.linspace(-1, 1, count)) ** 1.5
    parts = _outside(head, line, offsets[~other], floor=-sunk, scales=graded[~other], upright=not lying)
    if other.any():
        parts += _outside(
            accent_stone(piece, size * 0.82), line, offsets[other], floor=-sunk, scales=graded[other]
        )
    rail = line.grown(depth * 0.3 - sunk)
    parts.append(
        tube(rail.path[:-1], width=size * 0.42, thickness=0.7, closed=True, around=8, squareness=0.6)
    )
    places, turns = line.at(np.array([line.length / 2]))
    box = tube(
        np.array([[-3.4, 0, 0], [3.4, 0, 0]]),
        width=size * 0.8,
        thickness=2.0,
        axis=(0, 1, 0),
        around=12,
        squareness=0.4,
    )
    ends = [
        plate(
            np.array([[0.9, -size * 0.36], [0.9, size * 0.36], [-0.9, size * 0.36], [-0.9, -size * 0.36]]),
            thickness=0.4,
            bevel=0.1,
        )
        .turned(rotation(yaw=sign * 90))
        .moved((sign * 3.4, 0, 0))
        for sign in (-1, 1)
    ]
    return parts + copies([box, *ends], turns, places + turns[:, :, 2] * 0.9)


def _beaded(piece: Piece, rng: random.Random, body: _Wrist) -> list[Part]:
    stone = stone_of(piece)
    size = min(stone.size_mm, 9.5) * rng.uniform(0.9, 1.0)
    line = _round(body, size / 2 + 0.2)
    spacer = rng.choice((0.0, 0.0, 0.3, 0.45))
    parts = bead_string(
        line.path, stone.material, stone.cut, size, graded=rng.choice((0.0, 0.0, 0.25)), spacer=spacer,
        every=rng.choice((1, 2, 4)),
    )  # fmt: skip
    places, turns = line.at(np.array([0.0]))
    if rng.random() < 0.5:
        # One ornament among the beads: a rondelle, a ball, or a small stone of the accent's kind.
        charm = rng.choice(("ball", "tag", "rondelle"))
        if charm == "ball":
            one: list[Part] = [ball(size * 0.56, detail=10)]
            one.append(round_balls(size * 0.06, circle(size * 0.56, 20)[:, [2, 0, 1]], detail=3))
            parts += copies(one, turns, places)
        elif charm == "tag":
            foot = moved(ring_link(1.3, 0.5), (0, -size * 0.55, 0.4))
            foot += moved(
                [plate(circle(3.6, 40)[:, :2], thickness=0.9, bevel=0.4)], (0, -size * 0.55 - 4.8, 0.9)
            )
            parts += copies(foot, turns, places + turns[:, :, 2] * size * 0.3)
        else:
            ring = tube(
                circle(size * 0.3, 24),
                width=size * 0.34,
                thickness=size * 0.4,
                closed=True,
                around=10,
                squareness=0.6,
            )
            dots = round_balls(size * 0.07, circle(size * 0.5, 16), detail=3)
            for offset in (-size * 1.5, size * 1.5):
                spot, frame = line.at(np.array([offset]))
                parts += copies([ring, dots], frame @ rotation(yaw=90), spot)
    if piece.accent:
        for offset in (-size * 2.5, size * 2.5):
            parts += _outside(accent_stone(piece, size * 0.4), line, np.array([offset]), floor=size * 0.46)
    return parts


def _station(piece: Piece, rng: random.Random, body: _Wrist) -> list[Part]:
    stone = stone_of(piece)
    size = stone.size_mm * rng.uniform(1.5, 1.8)
    line, parts = _fine(piece, rng, body)
    count = rng.choice((5, 7, 9))
    step = line.length * rng.uniform(0.55, 0.8) / count
    offsets = (np.arange(count) - (count - 1) / 2) * step
    other = (np.arange(count) % 2 == 1) & bool(piece.accent)
    head = line_stone(piece, size, many=count)
    parts += _outside(head, line, offsets[~other], floor=-min(0.28 * size, 1.6))
    if other.any():
        parts += _outside(accent_stone(piece, size * 0.75), line, offsets[other], floor=-0.5)
    return parts


def _arc(line: _Round, count: int, share: float) -> tuple[Array, Array]:
    """Return places and frames of the main ``share`` of the line, evenly."""
    reach = line.length * share / 2
    return line.at(np.linspace(-reach, reach, count))


def _bangle(piece: Piece, rng: random.Random, body: _Wrist) -> list[Part]:
    width = piece.dimensions_mm["width"]
    forms = ("stones", "row", "kada") if piece.stone else ("plain", "twist", "set of three", "kada", "knife")
    favoured = {
        "bohemian": ("stones", "kada") if piece.stone else ("twist", "kada", "set of three"),
        "vintage": ("stones", "kada") if piece.stone else ("plain", "kada", "twist"),
    }
    form = pick(rng, piece.style, forms, **favoured)
    thick = rng.uniform(2.0, 2.9)
    line = _round(body, 1.2 + thick / 2)
    places, turns = _whole(line, 180)
    parts: list[Part] = []
    square = {"modern": 0.4, "art deco": 0.4, "minimalist": 1.0}.get(piece.style, rng.choice((0.6, 0.85)))
    if form == "twist":
        return [
            rope(
                line.grown(width * 0.2).path,
                max(width * 0.85, 3.2),
                facing=line.facing,
                closed=True,
                strands=rng.choice((2, 3)),
                lay=2.6,
            )
        ]
    if form == "set of three":
        each = max(width * 0.42, 2.0)
        for index in (-1, 0, 1):
            # Thin bangles lie loosely on each other.
            loose = line.grown(rng.uniform(0.0, 0.8), index * each * 1.15)
            spots, frame = _whole(loose, 140)
            if index == 0 and rng.random() < 0.6:
                parts.append(rope(loose.path, each, facing=loose.facing, closed=True))
            else:
                parts.append(
                    swept(spots, frame, circle_section(each / 2, 14, squareness=square), closed=True)
                )
        return parts
    if form == "knife":
        edge = np.array([[0.5, -0.45], [0.5, 0.1], [0.06, 0.5], [-0.06, 0.5], [-0.5, 0.1], [-0.5, -0.45]])
        body_section = np.repeat(edge, 2, axis=0) * [width * 1.1, thick]
        parts.append(swept(places, turns, body_section, closed=True))
        return parts
    if form == "kada":
        # Open in front: two ends that meet as knobs, the way of a Punjabi kada with heads.
        wide = max(width * 0.8, 4.0)
        spots, frame = line.at(np.linspace(wide * 0.75, line.length - wide * 0.75, 170))
        share = np.abs(np.linspace(-1, 1, 170))
        section = circle_section(0.5, 20, squareness=0.9) * [wide, thick + 0.8]
        grown = 0.78 + 0.3 * share**5
        parts.append(swept(spots + frame[:, :, 2] * 0.3, frame, section, scale=grown))
        for index, sign in ((0, 1), (-1, -1)):
            knob = spots[index] + frame[index, :, 2] * 1.1 - sign * frame[index, :, 0] * 0.6
            if piece.stone is not None:
                head = lifted(line_stone(piece, max(piece.stone.size_mm * 1.3, wide * 0.8), prongs=0), 0.2)
                parts.append(ball(wide * 0.56, detail=10).moved(knob))
                parts += copies(head, frame[[index]] @ _ALONG_Y, [knob + frame[index, :, 2] * wide * 0.3])
            else:
                parts.append(ball(wide * 0.64, detail=12).moved(knob))
            collar = tube(
                circle(wide * 0.42, 24), width=wide * 0.18, thickness=wide * 0.2, closed=True, around=8
            )
            parts += copies(
                [collar],
                frame[[index]] @ rotation(yaw=90),
                [spots[index] + sign * frame[index, :, 0] * wide * 0.4 + frame[index, :, 2] * 0.3],
            )
        if piece.stone is not None:
            offsets = np.concatenate(
                [np.linspace(wide * 2, wide * 2 + 14, 4), -np.linspace(wide * 2, wide * 2 + 14, 4)]
            )
            small = accent_stone(piece, wide * 0.42)
            parts += _outside(small, line, offsets, floor=thick / 2 - 0.2)
        return parts
    section = circle_section(0.5, 24, squareness=square) * [width * 1.15, thick]
    if form == "plain":
        if rng.random() < 0.3:
            bulge = 1 + 0.5 * np.exp(-((np.linspace(-1, 1, 180, endpoint=False) / 0.3) ** 2))
            section = section * np.stack([bulge, 1 + 0 * bulge], axis=1)[:, None]
        parts.append(swept(places, turns, section, closed=True))
        if piece.style in ("vintage", "bohemian"):
            for side in (-1, 1):
                parts.append(
                    round_balls(
                        0.55,
                        places[::2]
                        + turns[::2, :, 1] * side * width * 0.42
                        + turns[::2, :, 2] * thick * 0.42,
                        detail=4,
                    )
                )
        return parts
    parts.append(swept(places, turns, section, closed=True))
    size = piece.stone.size_mm * 1.35 if piece.stone else 3.0
    if form == "row":
        head = line_stone(piece, size, prongs=4, many=24)
        step = (span(head, 0)[1] - span(head, 0)[0]) * 1.05
        count = int(line.length * 0.46 / step) | 1
        offsets = (np.arange(count) - (count - 1) / 2) * step
        other = (np.arange(count) % 2 == 1) & bool(piece.accent)
        parts += _outside(head, line, offsets[~other], floor=thick * 0.1, upright=True)
        if other.any():
            parts += _outside(accent_stone(piece, size * 0.85), line, offsets[other], floor=thick * 0.2)
        return parts
    head = main_stone(piece, size * 1.25)
    parts += _outside(head, line, np.array([0.0]), floor=thick * 0.05, upright=True)
    reach = span(head, 0)[1]
    for index in range(1, 4):
        other = (
            accent_stone(piece, size * (0.8 - 0.14 * index))
            if piece.accent
            else line_stone(piece, size * (1 - 0.16 * index))
        )
        reach += span(other, 1)[1] * 1.1
        parts += _outside(other, line, np.array([-reach, reach]), floor=thick * 0.1)
        reach += span(other, 1)[1] * 1.1
    return parts


def _whole(line: _Round, count: int) -> tuple[Array, Array]:
    """Return places and frames all round, the last not the first again."""
    return line.at(np.linspace(-line.length / 2, line.length / 2, count, endpoint=False))


def _cuff(piece: Piece, rng: random.Random, body: _Wrist) -> list[Part]:
    """Return a stiff band that is open underneath, or in front between two stones."""
    wide = piece.dimensions_mm["width"] * rng.uniform(1.7, 2.6) + 2.0
    thick = rng.uniform(1.3, 1.9)
    line = _round(body, 0.9 + thick / 2)
    front_open = piece.stone is not None and wide < 14 and rng.random() < 0.35
    gap = line.length * rng.uniform(0.12, 0.17)
    if front_open:
        gap = piece.stone.size_mm * 1.8 if piece.stone else gap
        wide = min(wide, 7.0)
    share = np.sin(np.linspace(-TAU / 4, TAU / 4, 150))  # dense at the ends, which are round
    spots, frame = line.at(share * (line.length - gap) / 2 + (line.length / 2 if front_open else 0.0))
    flare = rng.choice((0.0, 0.25, 0.5))
    rounded = np.sqrt(np.clip(1 - ((np.abs(share) - 0.93) / 0.072).clip(0, 1) ** 2, 0.05, 1))
    width = wide * (1 - flare * np.abs(share) ** 1.4 if not front_open else 1 + 0 * share) * rounded
    base = circle_section(0.5, 28, squareness=0.42)
    concave = rng.choice((0.0, 0.0, 0.9))
    section = base[None] * np.stack([width, np.full(150, thick)], axis=1)[:, None]
    section[..., 1] += concave * (np.abs(base[:, 0]) * 2)[None] ** 2 * (wide / 16)
    parts = [swept(spots, frame, section)]
    edge = rng.choice(("rope", "line", "none", "none")) if wide > 8 else "none"
    inner = slice(8, -8)
    for side in (-1, 1) if edge != "none" else ():
        rim = (
            spots[inner]
            + frame[inner, :, 1] * (side * width[inner] * 0.43)[:, None]
            + frame[inner, :, 2] * (thick * 0.5 + concave * wide / 20)
        )
        if edge == "rope":
            parts.append(rope(rim, 1.3, facing=frame[inner, :, 2]))
        else:
            parts.append(tube(rim, width=0.8, axis=(0, 0, 1), around=7))
    if piece.stone is None:
        if wide > 9 and rng.random() < 0.6:
            form = rng.choice(("grooves", "balls"))
            for row in (-0.2, 0.0, 0.2):
                at = (
                    spots[inner]
                    + frame[inner, :, 1] * (row * width[inner])[:, None]
                    + frame[inner, :, 2] * thick * 0.46
                )
                if form == "grooves":
                    parts.append(tube(at, width=wide * 0.09, thickness=1.1, axis=(0, 0, 1), around=8))
                elif row == 0.0:
                    parts.append(round_balls(wide * 0.07, at[:: max(int(wide * 0.28), 2)], detail=5))
        return parts
    size = piece.stone.size_mm
    if front_open:
        head = lifted(line_stone(piece, size), thick * 0.2)
        return parts + copies(head, frame[[2, -3]] @ _ALONG_Y, spots[[2, -3]], [1.0, rng.choice((1.0, 0.75))])
    head = main_stone(piece, size * 1.35)
    parts += _outside(head, line, np.array([0.0]), floor=thick * 0.3, upright=rng.random() < 0.6)
    reach = span(head, 0)[1]
    form = rng.choice(("sides", "alone", "scatter"))
    small = accent_stone(piece, size * 0.45)
    if form == "sides":
        offsets = np.array([reach + size * 0.5 * (index + 0.8) for index in range(3)])
        parts += _outside(small, line, np.concatenate([offsets, -offsets]), floor=thick * 0.4)
    elif form == "scatter" and wide > 9:
        offsets = np.array([reach + size * 0.9, reach + size * 2.1, -reach - size * 0.9, -reach - size * 2.1])
        for side in (-1, 1):
            parts += _outside(small, line.grown(0, side * wide * 0.2), offsets, floor=thick * 0.4)
    return parts


def _charm(piece: Piece, rng: random.Random, body: _Wrist) -> list[Part]:
    assert piece.motif is not None  # noqa: S101 - pieces of this design have one
    line, parts = _fine(piece, rng, body, heavier=1.35)
    count = rng.choice((5, 7))
    step = line.length * rng.uniform(0.075, 0.1)
    offsets = (np.arange(count) - (count - 1) / 2) * step
    places, turns = line.at(offsets)
    size = rng.uniform(9.5, 12.5)
    one, hang = motif(piece.motif, size, piece.stone, piece.accent, rng, setting=piece.setting)
    one = moved(one, -np.asarray(hang))
    drop: list[Part] = []
    if piece.stone is not None:
        drop = hung(line_stone(piece, max(piece.stone.size_mm, 4.5)), (0, 0, 0))
    else:
        drop = hung(
            rng.choice(([ball(2.6, detail=9)], [plate(circle(4.0, 40)[:, :2], thickness=0.9, bevel=0.4)])),
            (0, 0, 0),
        )
    # What hangs lies on the arm's skin, not in it: its back is at the chain's own clearance.
    rings = np.arange(count)
    charms = rings % 2 == (count // 2) % 2
    down = -turns[:, :, 1]
    outwards = turns[:, :, 2]
    parts += copies(ring_link(1.3, 0.5, facing=70), turns, places + down * 1.4)
    swing = about_z([rng.uniform(-9, 9) for _ in rings])
    for chosen, hangs in ((charms, one), (~charms, drop)):
        back = span(hangs, 2)[0]
        foot = places[chosen] + down[chosen] * 2.5 + outwards[chosen] * (-back - 0.3)
        parts += copies(hangs, turns[chosen] @ swing[chosen], foot)
    return parts


def _chain(piece: Piece, rng: random.Random, body: _Wrist) -> list[Part]:
    width = (3.2 + piece.dimensions_mm["width"] * 0.75) * rng.uniform(0.9, 1.1)
    kind = pick(
        rng, piece.style, ("curb", "figaro", "cable", "belcher", "rope"),
        modern=("paperclip", "curb", "herringbone", "snake"), art_deco=("paperclip", "box", "figaro"),
        vintage=("belcher", "curb", "rope"), minimalist=("paperclip", "cable", "snake", "herringbone"),
    )  # fmt: skip
    width = min(width, {"paperclip": 4.6, "rope": 6.0, "snake": 6.0, "box": 6.0}.get(kind, 9.0))
    line = _round(body, width * (0.5 if kind not in ("curb", "figaro", "herringbone") else 0.36) + 0.3)
    parts = _band_chain(kind, line, width)
    if kind in ("cable", "belcher", "curb") and rng.random() < 0.45:
        # A tag on the clasp's ring, or a T-bar in front.
        places, turns = line.at(np.array([0.0]))
        ring = tube(circle(width * 0.95, 30), width=width * 0.3, closed=True, around=10)
        bar = tube(
            np.array([[-width * 1.5, 0, 0.6], [width * 1.5, 0, 0.6]]),
            width=width * 0.3,
            axis=(0, 1, 0),
            around=10,
        )
        ends = [ball(width * 0.22, detail=6).moved((sign * width * 1.5, 0, 0.6)) for sign in (-1, 1)]
        parts += copies(
            [ring, bar.turned(rotation(roll=78)), *turned(ends, rotation(roll=78))],
            turns,
            places + turns[:, :, 2] * width * 0.25,
        )
        return parts
    return parts if kind == "herringbone" else parts + _clasp(line, width * 0.55)


def _mesh(piece: Piece, rng: random.Random, body: _Wrist) -> list[Part]:
    width = 5.0 + piece.dimensions_mm["width"] * rng.uniform(0.8, 1.1)
    line = _round(body, 1.1)
    weave = rng.choice(("milanese", "milanese", "herringbone"))
    parts = [ribbon(line.path, width, facing=line.facing, closed=True, weave=weave, thickness=1.3)]
    places, turns = line.at(np.array([0.0]))
    form = rng.choice(("slide", "buckle", "plain"))
    if form == "slide":
        box = tube(
            np.array([[-3.2, 0, 0.3], [3.2, 0, 0.3]]),
            width=width + 1.6,
            thickness=3.2,
            axis=(0, 1, 0),
            around=16,
            squareness=0.35,
        )
        sides = [
            plate(
                np.array(
                    [
                        [1.5, -width / 2 - 0.7],
                        [1.5, width / 2 + 0.7],
                        [-1.5, width / 2 + 0.7],
                        [-1.5, -width / 2 - 0.7],
                    ]
                ),
                thickness=0.3,
                bevel=0.1,
            )
            .turned(rotation(yaw=sign * 90))
            .moved((sign * 3.2, 0, 0.3))
            for sign in (-1, 1)
        ]
        bars = [
            tube(
                np.array([[x, -width * 0.4, 2.0], [x, width * 0.4, 2.0]]), width=0.7, axis=(1, 0, 0), around=7
            )
            for x in (-1.6, 0.0, 1.6)
        ]
        return parts + copies([box, *sides, *bars], turns, places)
    if form == "buckle":
        rim = rounded_square(5.0, width / 2 + 1.2, 1.6)
        rim = np.column_stack([rim, np.zeros(len(rim))])
        frame = tube(rim, width=1.7, closed=True, around=9)
        tongue = tube(np.array([[-5.0, 0, 0.8], [4.8, 0, 1.1]]), width=1.3, axis=(0, 1, 0), around=8)
        keeper = tube(
            np.array([[9.0, -width / 2 - 0.5, 0.9], [9.0, width / 2 + 0.5, 0.9]]),
            width=2.2,
            thickness=1.0,
            axis=(1, 0, 0),
            around=9,
            squareness=0.5,
        )
        return parts + copies([frame, tongue, keeper], turns, places + turns[:, :, 2] * 0.9)
    caps, cap_turns = line.at(np.array([-line.length / 2 + 4.0, line.length / 2 - 4.0]))
    cap = tube(
        np.array([[-2.2, 0, 0], [2.2, 0, 0]]),
        width=width + 0.8,
        thickness=2.1,
        axis=(0, 1, 0),
        around=14,
        squareness=0.35,
    )
    return parts + copies([cap], cap_turns, caps)


def _motif(piece: Piece, rng: random.Random, body: _Wrist) -> list[Part]:
    assert piece.motif is not None  # noqa: S101 - pieces of this design have one
    line, parts = _fine(piece, rng, body)
    form = rng.choice(("one", "three", "five"))
    size = {"one": rng.uniform(15, 19), "three": rng.uniform(11, 13), "five": rng.uniform(8.5, 10)}[form]
    count = {"one": 1, "three": 3, "five": 5}[form]
    one, _ = motif(piece.motif, size, piece.stone, piece.accent, rng, setting=piece.setting)
    low, high = span(one, 1)
    one = lifted(moved(one, (0, -(low + high) / 2, 0)), 0.0)
    wide = span(one, 0)[1] - span(one, 0)[0]
    offsets = (np.arange(count) - (count - 1) / 2) * (wide + rng.uniform(3, 7))
    parts += _outside(
        one, line, offsets, floor=-0.4, upright=True, scales=1 - 0.1 * np.abs(np.arange(count) - count // 2)
    )
    return parts
