"""Necklaces, as they hang: an open line from the nape down to the front and back to the nape.

Lengths are shorter than life: beside a chain true to scale its pendant would be a dot.
"""

import math
import random
from collections.abc import Callable, Sequence

import numpy as np

from sample_feeds.pieces import Piece
from sample_feeds.rendering.chains import (
    about_z,
    along,
    bead_string,
    chain,
    circle_section,
    copies,
    frames,
    links,
    path_length,
    ribbon,
    rope,
    swept,
)
from sample_feeds.rendering.gems import gem
from sample_feeds.rendering.models import Model
from sample_feeds.rendering.models.mountings import (
    accent_stone,
    hung,
    line_stone,
    main_stone,
    moved,
    pick,
    ring_link,
    round_balls,
    span,
    stone_of,
    tapered_bail,
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

SCALE = 0.34  # of the length as it is drawn

_Built = tuple[list[Part], tuple[float, float, float], float]


def build(piece: Piece, *, worn: bool) -> Model:
    """Return the model of a necklace: in a plane, or leaning back round a neck from the collarbones up."""
    rng = random.Random(piece.key)  # noqa: S311 - a piece's own form, not a secret
    makers: dict[str, Callable[[Piece, random.Random], _Built]] = {
        "solitaire": _solitaire,
        "station": _station,
        "strand": _strand,
        "riviere": _riviere,
        "statement": _statement,
        "lariat": _lariat,
        "choker": _choker,
        "chain": _chain,
        "bar": _bar,
        "disc": _disc,
        "motif": _motif,
    }
    parts, focus, radius = makers[piece.design](piece, rng)
    neck = piece.dimensions_mm["length"] * SCALE / TAU
    return Model(
        parts=tuple(_round_the_neck(parts, neck) if worn else parts),
        focus=focus,
        focus_radius=radius,
        worn_on="neck",
        body_radius=neck,
    )


def _round_the_neck(parts: Sequence[Part], radius: float) -> list[Part]:
    """Return parts pushed back as shoulders fall back, and aside, as far as neck and shoulders let one see.

    What lies behind the neck is left out.  A solid is sheared as a whole: its facets have to stay flat.
    """
    top = span(parts, 1)[1]
    made = []
    for part in parts:
        y = part.corners[..., 1]
        if y.max() < -0.2 * radius:
            made.append(part)
            continue
        at = np.full_like(y, y.mean()) if part.solid else y
        middle = np.abs(part.corners[..., 0].mean(axis=1)) < 0.42 * radius
        seen = (at.mean(axis=1) < 0.92 * top) & ~(middle & (at.mean(axis=1) > 0.55 * top))
        if not seen.any():
            continue
        above = np.maximum(at / radius + 0.2, 0.0)
        dive = np.maximum(at / top - 0.68, 0.0)
        depth = radius * (0.42 * above**1.3 + 2.2 * dive**1.3)
        slope = 0.546 * above**0.3 + 2.86 * dive**0.3
        corners, normals = part.corners.copy(), part.normals.copy()
        corners[..., 2] -= depth + slope * (y - at)
        x = np.full_like(y, corners[..., 0].mean()) if part.solid else corners[..., 0]
        rise = np.clip((1.07 * at / top - 0.1) / 0.9, 0, 1)
        corners[..., 0] += np.sign(x) * np.maximum(0.82 * radius - np.abs(x), 0) * rise**2 * (3 - 2 * rise)
        normals[..., 1] += slope * normals[..., 2]
        made.append(
            Part(material=part.material, corners=corners[seen], normals=unit(normals[seen]), solid=part.solid)
        )
    return made


def neckline(length: float, *, pointed: float = 0.0, narrow: float = 0.0, tall: float = 1.1) -> Array:
    """Return the line of a necklace from the nape to its left, the front, and back, shape ``(361, 3)``.

    Args:
        length: Of the whole line, mm.
        pointed: 0 for a round front; 0.6 for a V.
        narrow: How much narrower it is at the nape than at the front, as a share.
        tall: Its height over its width.
    """
    angle = np.linspace(0, TAU, 361)
    front = (1 - np.cos(angle)) / 2
    sine = np.sin(angle)
    x = -np.sign(sine) * np.abs(sine) ** (1 + pointed * front) * (1 - narrow * np.cos(angle))
    line = np.column_stack([x, tall * np.cos(angle), np.zeros(361)])
    return line * length / path_length(line)


def _line(piece: Piece, rng: random.Random, *, pointed: float = 0.0) -> Array:
    return neckline(
        piece.dimensions_mm["length"] * SCALE,
        pointed=pointed + rng.uniform(0.0, 0.12),
        narrow=rng.uniform(0.0, 0.16),
        tall=rng.uniform(1.0, 1.18),
    )


def _fine(piece: Piece, rng: random.Random, line: Array, *, heavier: float = 1.0) -> list[Part]:
    """Return the chain that carries something."""
    kind = pick(
        rng,
        piece.style,
        ("cable", "belcher", "curb", "box", "rope"),
        modern=("snake", "box", "paperclip", "cable"),
        minimalist=("cable", "snake", "box"),
        bohemian=("belcher", "cable", "rope"),
    )
    width = min(max(piece.dimensions_mm["width"] * 0.55, 1.15), 1.9) * heavier
    return chain(kind, line, width * (1.25 if kind == "paperclip" else 1.0)) + _clasp(line, width)


def _fine_sides(piece: Piece, sides: Sequence[Array]) -> list[Part]:
    """Return the chain on both sides of something, of one kind, without the clasps of its halves."""
    own = (random.Random(piece.key) for _ in sides)  # noqa: S311 - a piece's own form, not a secret
    return [part for side, rng in zip(sides, own, strict=True) for part in _fine(piece, rng, side)[:-2]]


def _clasp(line: Array, width: float) -> list[Part]:
    radius = max(width * 1.1, 1.7)
    ring = tube(circle(radius, 20), width=radius * 0.34, closed=True, around=8)
    lever = tube(
        np.array([[radius * 0.8, radius * 0.5, 0], [radius * 1.5, radius * 0.9, 0]]),
        width=radius * 0.3,
        around=6,
    )
    return moved([ring, lever], line[0] + np.array([0.0, 0.0, 0.5]))


def _front(line: Array, offset: float = 0.0) -> tuple[Array, float]:
    """Return the point ``offset`` mm to the right of the front's middle, and how the line leans there."""
    station = [path_length(line) / 2 + offset]
    turn = frames(line, station, (0, 0, 1))[0]
    return along(line, station)[0], math.degrees(math.atan2(turn[1, 0], turn[0, 0]))


def _without_middle(line: Array, gap: float) -> tuple[Array, Array]:
    """Return the two sides of a line, which end ``gap`` mm apart."""
    whole = path_length(line)
    near = np.linspace(0, whole / 2 - gap / 2, 180)
    return along(line, near), along(line, whole - near[::-1])


def _around_front(line: Array, count: int, step: float) -> tuple[Array, Array, Array]:
    """Return places, lean (degrees) and rank from the middle of ``count`` stations ``step`` mm apart."""
    rank = np.arange(count) - (count - 1) / 2
    stations = path_length(line) / 2 + rank * step
    turns = frames(line, stations, (0, 0, 1))
    return along(line, stations), np.degrees(np.arctan2(turns[:, 1, 0], turns[:, 0, 0])), np.abs(rank)


def _solitaire(piece: Piece, rng: random.Random) -> _Built:
    stone = stone_of(piece)
    size = stone.size_mm * rng.uniform(1.25, 1.5)
    head = main_stone(piece, size)
    low, high = span(head, 1)
    left, right = span(head, 0)
    middle, _ = _front(line := _line(piece, rng, pointed=0.35))
    form = rng.choice(("hung", "held", "stacked" if piece.accent or rng.random() < 0.3 else "hung"))
    if form == "held":
        sides = _without_middle(line, right - left + 0.6)
        parts = _fine_sides(piece, sides)
        parts += _clasp(line, 1.5)
        for side in sides:
            end = side[-1] if side is sides[0] else side[0]
            parts += moved(ring_link(0.9, 0.4, facing=30), end)
        at = (float(middle[0]), float(middle[1]) - (high + low) / 2, 0.6)
        parts += moved(head, at)
        return parts, at, size * 1.7
    parts = _fine(piece, rng, line)
    bail = max(size * 0.22, 1.5)
    parts += moved(tapered_bail(bail), (0, middle[1] + bail * 0.2, 0))
    top = middle[1] - bail * 2.1
    if form == "stacked":
        dot = accent_stone(piece, max(size * 0.36, 2.0))
        parts += hung(dot, (0, top, 0.4))
        reach = span(dot, 1)
        top -= reach[1] - reach[0]
        parts += moved(ring_link(0.8, 0.35, facing=60), (0, top - 0.1, 0.3))
        top -= 0.5
    parts += hung(head, (0, top, 0.6))
    return parts, (0.0, float(top - high), 0.6), size * 1.75


def _station(piece: Piece, rng: random.Random) -> _Built:
    stone = stone_of(piece)
    line = _line(piece, rng)
    size = stone.size_mm * rng.uniform(1.05, 1.25)
    count = rng.choice((5, 7, 9))
    step = path_length(line) * rng.uniform(0.5, 0.66) / count
    graded = rng.choice((0.0, 0.0, 0.07))
    places, lean, rank = _around_front(line, count, step)
    parts = _fine(piece, rng, line)
    scales = 1 - graded * rank
    places = places + np.array([0, 0, 0.9])
    other = (np.arange(count) % 2 == 1) & bool(piece.accent)
    if rng.random() < 0.4 and stone.cut != "bead":
        # Hung below the chain instead of held in it.
        drop = np.array([0.0, -size * 0.72, 0.0])
        parts += copies(ring_link(0.8, 0.35, facing=50), np.eye(3), places + np.array([0, -0.8, -0.6]))
        places, lean = places + drop, lean * 0.35
    head = line_stone(piece, size, many=count)
    parts += copies(head, about_z(lean[~other]), places[~other], scales[~other])
    if other.any():
        parts += copies(accent_stone(piece, size * 0.8), about_z(lean[other]), places[other], scales[other])
    middle, _ = _front(line)
    return parts, (0.0, float(middle[1]), 0.9), step * 1.3


def _strand(piece: Piece, rng: random.Random) -> _Built:
    stone = stone_of(piece)
    size = stone.size_mm * rng.uniform(0.6, 0.72)
    graded = (
        rng.choice((0.0, 0.22, 0.42))
        if piece.style in ("classic", "vintage")
        else rng.choice((0.0, 0.0, 0.3))
    )
    spacer = rng.choice((0.0, 0.0, 0.22, 0.34))
    rows = rng.choice((1, 1, 1, 2) if size < 6 else (1,))
    length = piece.dimensions_mm["length"] * SCALE
    shape = {"pointed": 0.05, "narrow": rng.uniform(0, 0.14), "tall": rng.uniform(1.0, 1.15)}
    parts: list[Part] = []
    for row in range(rows):
        line = neckline(length - row * TAU * size * 1.05, **shape)
        line = line + np.array([0.0, row * size * 0.12, 0.0])
        parts += bead_string(
            along(line, np.linspace(1.6, path_length(line) - 1.6, 300)),
            stone.material, stone.cut, size, graded=graded, spacer=spacer, every=rng.choice((1, 3, 4)),
        )  # fmt: skip
        if row == 0:
            outer = line
    parts += _clasp(outer, size * 0.34)
    middle, _ = _front(outer)
    if rows == 1 and rng.random() < 0.25:
        parts += hung(gem(stone.material, "bead", size * 1.25, detail=10), (0, middle[1] - size * 0.9, 0))
        parts += moved(ring_link(size * 0.2, size * 0.09, facing=60), (0, middle[1] - size * 0.7, 0))
    return parts, (0.0, float(middle[1]), 0.0), size * 2.8


def _riviere(piece: Piece, rng: random.Random) -> _Built:
    stone = stone_of(piece)
    line = _line(piece, rng)
    size = stone.size_mm * rng.uniform(0.82, 0.95)
    whole = path_length(line)
    graded = rng.uniform(0.0, 0.45)
    head = line_stone(piece, size, prongs=4, many=44)
    # Stones stand upright to the line or along it, as their cut is longer one way than the other.
    lying = stone.cut in ("marquise", "oval", "pear", "emerald") and rng.random() < 0.4
    low, high = span(head, 1 if lying else 0)
    sizes: list[float] = []
    reach = 1.5
    while reach < whole - 1.5:
        scale = 1 - graded * (0.5 + 0.5 * math.cos(TAU * reach / whole)) ** 0.8
        sizes.append(scale)
        reach += (high - low) * scale * 1.04
    scales = np.array(sizes)
    room = scales * (whole - 3.0) / scales.sum()
    stations = 1.5 + np.cumsum(room) - room / 2
    turns = frames(line, stations, (0, 0, 1)) @ rotation(roll=90.0 if lying else 180.0)
    places = along(line, stations)
    fits = (whole - 3.0) / scales.sum() / ((high - low) * 1.04)
    other = (np.arange(len(scales)) % 2 == 1) & bool(piece.accent) & (piece.setting != "bezel")
    parts = copies(head, turns[~other], places[~other], scales[~other] * fits)
    if other.any():
        parts += copies(accent_stone(piece, size * 0.8), turns[other], places[other], scales[other] * fits)
    parts.append(tube(line - np.array([0, 0, size * 0.22]), width=0.7, around=6))
    parts += _clasp(line, 1.6)
    middle, _ = _front(line)
    if piece.setting == "halo":
        drop = main_stone(piece, size * 1.7)
        parts += hung(drop, (0, middle[1] - size * 0.55, 0.8))
        return parts, (0.0, float(middle[1] - size), 0.5), size * 3.4
    return parts, (0.0, float(middle[1]), 0.0), size * 3.2


def _statement(piece: Piece, rng: random.Random) -> _Built:
    stone = stone_of(piece)
    form = pick(rng, piece.style, ("fan", "tiers"), vintage=("kundan", "fan"), bohemian=("kundan", "fan"))
    line = _line(piece, rng)
    size = stone.size_mm * rng.uniform(0.82, 1.0)
    middle, _ = _front(line)
    makers = {"fan": _fan, "tiers": _tiers, "kundan": _kundan}
    parts = makers[form](piece, rng, line, size)
    return parts, (0.0, float(middle[1] - size * 0.4), 1.0), size * 2.9


def _fan(piece: Piece, rng: random.Random, line: Array, size: float) -> list[Part]:
    count = rng.choice((7, 9, 11))
    taper = rng.uniform(0.07, 0.11)
    head = line_stone(piece, size, prongs=4, many=2 * count)
    low, high = span(head, 0)
    bottom, top = span(head, 1)
    scale = 1 - taper * np.abs(np.arange(count) - (count - 1) / 2)
    room = scale * (high - low) * rng.uniform(1.08, 1.2)
    offsets = np.cumsum(room) - room / 2 - room.sum() / 2
    stations = path_length(line) / 2 + offsets
    turns = frames(line, stations, (0, 0, 1))
    lean = np.degrees(np.arctan2(turns[:, 1, 0], turns[:, 0, 0])) * 0.85
    places = along(line, stations)
    matrices = about_z(lean)
    down = -matrices[:, :, 1]
    parts = _fine(piece, rng, line, heavier=1.35)
    dot = accent_stone(piece, size * 0.34)
    parts += copies(dot, matrices, places + np.array([0, 0, 1.2]), scale)
    hang = places + down * (size * 0.2 + top * scale[:, None]) + np.array([0, 0, 1.0])
    parts += copies(head, matrices, hang, scale)
    if rng.random() < 0.65:
        below = hang + down * ((-bottom + size * 0.2) * scale[:, None])
        small = accent_stone(piece, size * 0.3) if rng.random() < 0.5 else [ball(size * 0.13, detail=6)]
        parts += copies(small, matrices, below, scale)
        if rng.random() < 0.6:
            drop = line_stone(piece, size * 0.62, prongs=0, many=2 * count)
            reach = span(drop, 1)[1]
            parts += copies(drop, matrices, below + down * ((size * 0.16 + reach) * scale[:, None]), scale)
    return parts


def _tiers(piece: Piece, rng: random.Random, line: Array, size: float) -> list[Part]:
    parts = _fine(piece, rng, line, heavier=1.5)
    head = line_stone(piece, size * 0.8, prongs=4, many=20)
    wide = span(head, 0)[1] - span(head, 0)[0]
    tall = span(head, 1)[1] - span(head, 1)[0]
    rows = rng.choice((2, 3))
    first = rng.choice((7, 9))
    middle, _ = _front(line)
    for row in range(rows):
        count = first - 2 * row
        scale = 1 - 0.14 * row
        places, lean, rank = _around_front(line, count, wide * 1.1)
        sizes = scale * (1 - 0.05 * rank)
        matrices = about_z(lean * 0.9)
        down = -matrices[:, :, 1] * (tall * (0.42 + 0.98 * row))
        # Lower rows hold together below the first row's middle.
        places = places * np.array([1 - 0.10 * row, 1, 1]) + down + np.array([0, 0, 0.9 + 0.15 * row])
        dots = places - down / max(np.linalg.norm(down[0]), 1e-6) * tall * 0.5
        parts.append(round_balls(size * 0.085, dots))
        parts += copies(head, matrices, places, sizes)
    lowest = middle[1] - tall * (0.42 + 0.98 * (rows - 1)) - tall * 0.45
    drop = main_stone(piece, size * 1.1)
    parts += hung(drop, (0, lowest, 1.0))
    return parts


def _kundan(piece: Piece, rng: random.Random, line: Array, size: float) -> list[Part]:
    """Return a collar of stones in gold foil plates with a fringe of beads, after Rajasthan's kundan."""
    stone = stone_of(piece)
    count = rng.choice((7, 9, 11))
    parts: list[Part] = []
    unit_size = size * 0.82
    plate_form = rng.choice(("round", "petal", "drop"))
    rosette = line_stone(piece, unit_size, prongs=0, many=count)
    half = max(span(rosette, 0)[1], span(rosette, 1)[1]) + 0.9
    outline = {
        "round": circle(half, 28)[:, :2],
        "petal": circle(half * 1.05, 40)[:, :2]
        * (1 + 0.07 * np.cos(8 * np.linspace(0, TAU, 40, endpoint=False)))[:, None],
        "drop": petal_outline(half * 2.5, half * 2.0) - [0, half * 0.15],
    }[plate_form]
    lift = -span(rosette, 2)[0] * 0.35 + 0.4
    rim = outline[:: max(len(outline) // 22, 1)] * 0.93
    unit_parts = [
        plate(outline, thickness=1.0, bevel=0.5),
        round_balls(0.36, np.column_stack([rim, np.full(len(rim), 0.5)]), detail=3),
        *moved(rosette, (0, 0, lift)),
    ]
    scale = 1 - 0.055 * np.abs(np.arange(count) - (count - 1) / 2)
    room = scale * half * 2.02
    offsets = np.cumsum(room) - room / 2 - room.sum() / 2
    stations = path_length(line) / 2 + offsets
    turns = frames(line, stations, (0, 0, 1))
    matrices = about_z(np.degrees(np.arctan2(turns[:, 1, 0], turns[:, 0, 0])))
    places = along(line, stations) + np.array([0, 0, 0.6])
    parts += copies(unit_parts, matrices, places, scale)
    # Sides: twisted cord, or a string of the piece's own beads.
    sides = _without_middle(line, room.sum() - 0.6)
    for side in sides:
        if stone.name == "pearl" and rng.random() < 0.7:
            parts += bead_string(side, stone.material, "bead", size * 0.34, gap=0.02)
        else:
            parts.append(rope(side, 2.2, strands=3))
    parts += _clasp(line, 1.7)
    # The fringe: a drop under every plate, the longest in the middle.
    down = -matrices[:, :, 1]
    foot = -float(outline[:, 1].min())
    below = places + down * (foot * scale)[:, None]
    small = [ball(size * 0.1, detail=5)]
    parts += copies(small, matrices, below + down * size * 0.1, scale)
    own = stone.cut == "bead" or stone.name in ("pearl", "turquoise", "onyx", "opal", "moonstone")
    fringe = gem(stone.material, "bead", size * 0.42, detail=10) if own else [ball(size * 0.2, detail=6)]
    parts += copies(fringe, matrices, below + down * (size * 0.2 + size * 0.21), scale)
    if count % 4 == 1 or rng.random() < 0.6:
        middle = count // 2
        drop = copies(unit_parts, np.eye(3), np.zeros((1, 3)), [1.12])
        parts += hung(drop, (0, float(below[middle][1]) - size * 0.64, 0.6))
    return parts


def _lariat(piece: Piece, rng: random.Random) -> _Built:
    line = _line(piece, rng, pointed=rng.uniform(0.3, 0.5))
    line = line * rng.uniform(0.84, 0.92)
    middle, _ = _front(line)
    tail = path_length(line) * rng.uniform(0.13, 0.22)
    top = float(middle[1])
    parts = _fine(piece, rng, line)
    fall = np.array([[0.0, top - 1.2, 0.0], [0.0, top - tail, 0.0]])
    fall = along(fall, np.linspace(0, tail - 1.2, 40))
    width = min(max(piece.dimensions_mm["width"] * 0.55, 1.15), 1.9)
    ends = [fall]
    if rng.random() < 0.4:
        ends.append(along(fall, np.linspace(0, tail * rng.uniform(0.55, 0.75), 30)) + np.array([2.2, 0, 0]))
        ends[0] = fall + np.array([-1.0, 0, 0])
    for end in ends:
        parts += links(end, width, long=1.45)
    if piece.stone is None:
        knot = tube(circle(2.3, 24), width=1.3, closed=True, around=10)
        parts += moved([knot], (0, top - 0.9, 0.4))
        for end in ends:
            if rng.random() < 0.5:
                bar = tube(np.array([[0, 0, 0], [0, -9.0, 0]]), width=1.7, axis=(1, 0, 0), around=12)
                parts += [bar.moved(end[-1]), ball(0.85, detail=6).moved(end[-1] + np.array([0, -9.0, 0]))]
                parts.append(ball(0.85, detail=6).moved(end[-1]))
            else:
                drop = spun(
                    [(0, -6.5), (1.6, -6.0), (2.5, -4.4), (2.4, -3.0), (1.2, -1.0), (0.4, 0)], around=24
                )
                parts.append(drop.moved(end[-1]))
        return parts, (0.0, top - tail, 0.0), 11.0
    stone = piece.stone
    size = stone.size_mm * rng.uniform(1.05, 1.25)
    if piece.accent or rng.random() < 0.6:
        parts += moved(accent_stone(piece, size * 0.55), (0, top - 0.4, 0.8))
    else:
        parts += moved([tube(circle(2.0, 24), width=1.2, closed=True, around=10)], (0, top - 0.8, 0.3))
    head = main_stone(piece, size)
    parts += moved(ring_link(0.9, 0.4, facing=50), ends[0][-1])
    parts += hung(head, ends[0][-1] + np.array([0, -0.7, 0.5]))
    for end in ends[1:]:
        parts += hung(line_stone(piece, size * 0.7), end[-1] + np.array([0, -0.3, 0.4]))
    return parts, (0.0, float(ends[0][-1][1] - size * 0.5), 0.5), size * 2.1


def _choker(piece: Piece, rng: random.Random) -> _Built:
    length = piece.dimensions_mm["length"] * SCALE * rng.uniform(0.82, 0.9)
    line = neckline(length, narrow=rng.uniform(-0.02, 0.05), tall=rng.uniform(0.92, 1.0))
    middle, _ = _front(line)
    whole = path_length(line)
    width = piece.dimensions_mm["width"]
    if piece.stone is None:
        form = pick(
            rng, piece.style, ("torque", "herringbone", "twisted", "rows"), modern=("torque", "herringbone")
        )
        parts = _plain_choker(form, line, width, rng)
        return parts, (0.0, float(middle[1]), 0.0), 15.0
    stone = piece.stone
    size = stone.size_mm * rng.uniform(0.95, 1.15)
    form = pick(
        rng,
        piece.style,
        ("torque", "linked", "ribbon"),
        bohemian=("cord", "linked"),
        vintage=("cord", "linked"),
    )
    parts = []
    if form == "torque":
        # An open collar whose ends meet as two stones at the front.
        gap = size * 1.5
        arcs = _without_middle(line, gap)
        hoop = np.concatenate([arcs[0][::-1], arcs[1][::-1][1:]])[::-1]
        hoop = along(hoop, np.linspace(0, path_length(hoop), 200))
        turns = frames(hoop, np.linspace(0, path_length(hoop), 200), (0, 0, 1))
        taper = 0.7 + 0.3 * np.abs(np.linspace(-1, 1, 200))
        parts.append(swept(hoop, turns, circle_section(0.8 + 0.28 * width, 14), scale=taper))
        head = line_stone(piece, size)
        for end, scale in ((hoop[0], 1.0), (hoop[-1], rng.choice((1.0, 0.75)))):
            parts += copies(head, np.eye(3), [end + np.array([0, 0, 1.2])], [scale])
    elif form == "cord":
        parts.append(rope(line, 2.4, strands=3, material="cord"))
        parts += moved(tapered_bail(1.6), (0, middle[1] + 0.4, 0))
        head = main_stone(piece, size * 1.15)
        parts += hung(head, (0, float(middle[1]) - 3.2, 0.8))
        places, _, _ = _around_front(line, 2, size * 2.4)
        parts += copies([spun([(1.3, -1.2), (1.6, -0.6), (1.6, 0.6), (1.3, 1.2)], around=20)],
                        frames(line, whole / 2 + np.array([-1.2, 1.2]) * size, (0, 0, 1)) @ rotation(roll=90),
                        places)  # fmt: skip
        parts += _clasp(line, 1.6)
    elif form == "ribbon":
        parts.append(ribbon(line, 2.2 + width, weave="herringbone", thickness=1.2))
        head = main_stone(piece, size * 1.15)
        low, _ = span(head, 2)
        parts += moved(head, (0, float(middle[1]), 0.8 - low * 0.6))
        places, lean, _ = _around_front(line, 6, size * 1.5)
        if piece.accent:
            parts += copies(accent_stone(piece, 2.2), about_z(lean), places + np.array([0, 0, 1.0]))
        parts += _clasp(line, 1.8)
    else:
        head = line_stone(piece, size * 0.85, many=26)
        wide = span(head, 0)[1] - span(head, 0)[0]
        count = max(int(whole * 0.96 / (wide + 2.0)), 6)
        count -= (count + 1) % 2
        step = whole * 0.97 / count
        places, lean, _ = _around_front(line, count, step)
        matrices = about_z(lean)
        parts += copies(head, matrices, places + np.array([0, 0, 0.8]))
        between, lean, _ = _around_front(line, count - 1, step)
        if piece.accent:
            parts += copies(
                accent_stone(piece, min(2.0, step - wide)), about_z(lean), between + np.array([0, 0, 0.6])
            )
        for side in (-1, 1):
            # Two thin wires hold the row together.
            rail = line * (1 + side * size * 0.16 / 26)
            parts.append(tube(rail - np.array([0, 0, 0.4]), width=0.6, around=6))
        if rng.random() < 0.5:
            parts += hung(main_stone(piece, size), (0, float(middle[1]) - size * 0.5, 0.9))
        parts += _clasp(line, 1.6)
    return parts, (0.0, float(middle[1]), 0.8), size * 2.2


def _plain_choker(form: str, line: Array, width: float, rng: random.Random) -> list[Part]:
    whole = path_length(line)
    stations = np.linspace(0, whole, 200)
    turns = frames(line, stations, (0, 0, 1))
    even = along(line, stations)
    if form == "herringbone":
        return [ribbon(line, 3.2 + width * 1.1, weave="herringbone", thickness=1.2), *_clasp(line, 1.8)]
    if form == "rows":
        parts = _clasp(line, 1.8)
        kind = rng.choice(("snake", "rope", "curb"))
        for row in range(rng.choice((3, 4))):
            step = 1.5 + width * 0.3
            parts += chain(
                kind, line * (1 - row * step * 0.8 / 24) + np.array([0, row * 0.25, 0]), step * 1.05
            )
        return parts
    swell = 0.62 + 0.38 * np.sin(np.pi * stations / whole) ** rng.choice((1, 3, 6))
    if form == "twisted":
        parts = [rope(line, 2.0 + width * 0.6, strands=3, lay=2.4)]
        return parts + _clasp(line, 1.8)
    thick = 1.3 + 0.3 * width
    open_part = slice(6, 194)
    shape = circle_section(thick, 18, flat=rng.uniform(0.5, 1.0), squareness=rng.choice((1.0, 0.7)))
    parts = [swept(even[open_part], turns[open_part], shape, scale=swell[open_part])]
    parts += [ball(thick * 0.9, detail=8).moved(even[index]) for index in (6, 193)]
    if rng.random() < 0.4:
        parts.append(round_balls(thick * 1.25, even[[88, 100, 112]], detail=9))
    return parts


def _chain(piece: Piece, rng: random.Random) -> _Built:
    line = _line(piece, rng)
    kind = pick(
        rng,
        piece.style,
        ("cable", "belcher", "curb", "figaro", "rope", "snake"),
        modern=("paperclip", "snake", "herringbone", "curb", "box"),
        art_deco=("paperclip", "box", "figaro", "herringbone"),
        vintage=("belcher", "rope", "figaro", "curb"),
        bohemian=("belcher", "cable", "rope"),
    )
    width = (1.9 + piece.dimensions_mm["width"] * 0.95) * rng.uniform(0.92, 1.1)
    parts = chain(kind, line, width) + _clasp(line, width * 0.6)
    middle, _ = _front(line)
    if (
        piece.style in ("vintage", "modern")
        and kind in ("belcher", "cable", "paperclip", "curb")
        and rng.random() < 0.5
    ):
        # A T-bar through a ring at the front.
        ring = tube(circle(width * 1.3, 32), width=width * 0.42, closed=True, around=10)
        parts += moved([ring], (0, middle[1] - width * 0.4, 0.8))
        bar = tube(np.array([[-width * 2.0, 0, 0], [width * 2.0, 0, 0]]), width=width * 0.42, around=10)
        parts += moved([bar], (0, middle[1] - width * 0.2, 0.8))
        parts += [
            ball(width * 0.3, detail=6).moved((side * width * 2.0, middle[1] - width * 0.2, 0.8))
            for side in (-1, 1)
        ]
    return parts, (0.0, float(middle[1]), 0.0), max(width * 3.4, 12.0)


def _bar(piece: Piece, rng: random.Random) -> _Built:
    width = piece.dimensions_mm["width"]
    long = rng.uniform(22, 32)
    thick = 1.3 + width * 0.55
    form = rng.choice(("across", "across", "upright"))
    squareness = {"modern": 0.35, "art deco": 0.35, "minimalist": 1.0}.get(
        piece.style, rng.choice((0.4, 1.0))
    )
    if form == "upright":
        line = _line(piece, rng, pointed=0.4)
        parts = _fine(piece, rng, line)
        middle, _ = _front(line)
        top = float(middle[1]) - 3.0
        parts += moved(tapered_bail(1.5), (0, middle[1] + 0.3, 0))
        bar = np.linspace([0, top, 0.3], [0, top - long, 0.3], 12)
        frame = frames(bar, np.linspace(0, long, 12), (0, 0, 1))
        parts.append(swept(bar, frame, circle_section(thick / 2, 20, squareness=squareness)))
        return parts, (0.0, top - long / 2, 0.3), long * 0.65
    line = _line(piece, rng, pointed=0.25)
    sides = _without_middle(line, long + 1.5)
    parts = _fine_sides(piece, sides)
    parts += _clasp(line, 1.5)
    left, right = sides[0][-1], sides[1][0]
    sag = rng.choice((0.0, 1.2, 3.0))
    share = np.linspace(0, 1, 32)
    bar = left + (right - left) * (0.03 + 0.94 * share[:, None])
    bar = bar - np.column_stack([0 * share, sag * 4 * share * (1 - share), 0 * share - 0.3])
    frame = frames(bar, np.linspace(0, path_length(bar), 32), (0, 0, 1))
    taper = np.ones(32) if rng.random() < 0.6 else 0.55 + 0.45 * np.sin(np.pi * share)
    parts.append(
        swept(bar, frame, circle_section(thick / 2, 20, flat=0.8, squareness=squareness), scale=taper)
    )
    for end in (left, right):
        parts += moved(ring_link(1.0, 0.45, facing=25), end)
    if rng.random() < 0.35:
        parts.append(round_balls(thick * 0.62, bar[[4, 27]], detail=8))
    focus = (bar[15] + bar[16]) / 2
    return parts, (0.0, float(focus[1]), 0.3), long * 0.6


def _disc(piece: Piece, rng: random.Random) -> _Built:
    line = _line(piece, rng, pointed=0.2)
    parts = _fine(piece, rng, line)
    middle, _ = _front(line)
    size = rng.uniform(13, 19)
    form = pick(
        rng,
        piece.style,
        ("one", "three", "open", "coin"),
        minimalist=("one", "open"),
        vintage=("coin", "three"),
    )
    if form == "three":
        places, lean, rank = _around_front(line, rng.choice((3, 5)), size * 0.66)
        coin = _coin(size * 0.62, rng)
        drop = np.array([0, -size * 0.31 - 1.6, 0.4])
        parts += copies(coin, about_z(lean * 0.25), places + drop, 1 - 0.1 * rank)
        parts += copies(ring_link(1.0, 0.4, facing=55), np.eye(3), places + np.array([0, -0.9, 0.2]))
        return parts, (0.0, float(middle[1]) - size * 0.4, 0.4), size * 1.0
    parts += moved(tapered_bail(1.7), (0, middle[1] + 0.4, 0))
    at = (0.0, float(middle[1]) - 3.3 - size / 2, 0.4)
    if form == "open":
        ring = circle(size * 0.42, 64)
        thick = size * rng.uniform(0.10, 0.17)
        parts += moved(
            [tube(ring, width=thick * 0.7, thickness=thick, closed=True, around=14, squareness=0.7)], at
        )
        parts += moved(ring_link(0.9, 0.4, facing=60), (0, at[1] + size * 0.46, 0.4))
    else:
        coin = _coin(size, rng, rim=form == "coin")
        parts += moved(turned(coin, rotation(yaw=rng.uniform(-8, 8))), at)
    return parts, at, size * 0.85


def _coin(size: float, rng: random.Random, *, rim: bool = False) -> list[Part]:
    """Return a disc as jewellers relieve it: rings, rays or a beaded rim."""
    parts = [plate(circle(size / 2, 56)[:, :2], thickness=1.1, bevel=0.5)]
    relief = rng.choice(("rings", "rays", "dome", "plain"))
    if rim:
        dots = circle(size * 0.455, max(int(size * 2.3), 20))
        parts.append(round_balls(size * 0.024, dots + np.array([0, 0, 0.55]), detail=3))
    if relief == "rings":
        parts += [
            tube(circle(size * share, 48), width=0.42, closed=True, around=6).moved((0, 0, 0.55))
            for share in (0.38, 0.27, 0.16)
        ]
    elif relief == "rays":
        ray = tube(
            np.array([[0, size * 0.13, 0], [0, size * 0.37, 0]]), width=np.array([0.7, 0.25]), around=6
        )
        parts += copies([ray], about_z(np.arange(16) * 22.5), np.tile([0, 0, 0.5], (16, 1)))
        parts.append(ball(size * 0.07, detail=6, flatten=0.6).moved((0, 0, 0.55)))
    elif relief == "dome":
        parts.append(
            dome(circle(size * 0.3, 40)[:, :2], height=size * 0.07, material="metal").moved((0, 0, 0.5))
        )
    return parts


def _motif(piece: Piece, rng: random.Random) -> _Built:
    assert piece.motif is not None  # noqa: S101 - pieces of this design have one
    line = _line(piece, rng, pointed=0.3)
    parts = _fine(piece, rng, line)
    middle, _ = _front(line)
    form = rng.choice(("one", "one", "one", "row"))
    if form == "row":
        size = rng.uniform(8, 10.5)
        places, lean, rank = _around_front(line, rng.choice((3, 5)), size * 1.35)
        one, hang = motif(piece.motif, size, piece.stone, piece.accent, rng, setting=piece.setting)
        one = moved(one, -np.asarray(hang))
        parts += copies(one, about_z(lean * 0.3), places + np.array([0, -1.6, 0.5]), 1 - 0.08 * rank)
        parts += copies(ring_link(1.0, 0.4, facing=55), np.eye(3), places + np.array([0, -0.9, 0.2]))
        return parts, (0.0, float(middle[1]) - size * 0.5, 0.5), size * 1.3
    size = rng.uniform(15, 21)
    one, hang = motif(piece.motif, size, piece.stone, piece.accent, rng, setting=piece.setting)
    bail = 1.7
    parts += moved(tapered_bail(bail), (0, middle[1] + 0.4, 0))
    at = np.array([0.0, float(middle[1]) + 0.4 - 2.35 * bail, 0.3])
    parts += moved(one, at - np.asarray(hang))
    low, high = span(one, 1)
    return parts, (0.0, float(at[1] - (high - low) / 2), 0.3), size * 0.85
