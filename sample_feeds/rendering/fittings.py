"""How stones are put on a piece: claws, collets, halos, beads; and bails and rows of grains.

Stones themselves are ``gems``' subject, what a whole piece looks like is ``models``'.
"""

import zlib
from functools import lru_cache

import numpy as np

from sample_feeds.pieces import Cut
from sample_feeds.rendering.gems import gem, is_smooth
from sample_feeds.rendering.shapes import (
    TAU,
    Array,
    Part,
    ball,
    circle,
    collar,
    cut_outline,
    merged,
    placed,
    rotation,
    tube,
)

FACING_UP = rotation(pitch=-90)  # turns what looks along z to look along y: a stone on top of a ring
# Where a cut is held: a share of its outline from the top, counter-clockwise.
_CLAWS: dict[Cut, tuple[float, ...]] = {
    "pear": (0.0, 0.24, 0.40, 0.60, 0.76),
    "marquise": (0.0, 0.20, 0.30, 0.5, 0.70, 0.80),
    "heart": (0.10, 0.28, 0.5, 0.72, 0.90),
    "princess": (0.125, 0.375, 0.625, 0.875),
    "cushion": (0.125, 0.375, 0.625, 0.875),
    "emerald": (0.095, 0.405, 0.595, 0.905),
    "oval": (0.10, 0.40, 0.60, 0.90),
    "cabochon": (0.10, 0.40, 0.60, 0.90),
}


def set_stone(stone: str, cut: Cut, size: float, *, detail: int = 24, prongs: int = 4) -> list[Part]:
    """Return a stone in its setting, looking along z, its girdle in the plane z = 0.

    Args:
        stone: Its material.
        cut: Its cut; a bead sits on a cup.
        size: Its longer side, mm.
        detail: Below 12: as small stones are drawn.
        prongs: How many claws hold a round stone; other cuts have theirs where they need them.
            0: a collet, smooth and all round.
    """
    small = detail < 12
    if cut == "bead":
        return [*_cup(size, small), *gem(stone, cut, size, detail=detail)]
    metal = _claw_setting(cut, size, prongs, small) if prongs else _collet(cut, size, small)
    return [*metal, *gem(stone, cut, size, detail=detail)]


@lru_cache(maxsize=128)
def _cup(size: float, small: bool) -> tuple[Part, ...]:
    """Return the shallow cup and the post that a bead is glued on."""
    round_about = cut_outline("round", 12 if small else 28) * size
    rows = [(-0.14, -0.50), (-0.10, -0.46), (-0.09, -0.40), (-0.14, -0.44)]
    return (
        collar(round_about * 0.62, [(a * size, z * size) for a, z in rows]),
        ball(size * 0.12, detail=4 if small else 7, flatten=0.6).moved((0, 0, -size * 0.49)),
    )


@lru_cache(maxsize=256)
def _collet(cut: Cut, size: float, small: bool) -> tuple[Part, ...]:
    """Return a smooth metal wall round a stone, its lip laid over the girdle, open behind."""
    outline = cut_outline(cut, 18 if small else 56) * size
    thick = max(size * 0.07, 0.28)
    deep = size * (0.26 if small else 0.34)
    lip = size * 0.045
    rows = [
        (-0.12 * size, -deep), (0.35 * thick - 0.05 * size, -deep), (0.9 * thick, -0.2 * lip),
        (0.75 * thick, 0.75 * lip),
        (0.1 * thick, lip), (-0.35 * thick, 0.9 * lip), (-0.35 * thick, -0.4 * lip),
    ]  # fmt: skip
    if small:
        rows = [rows[0], rows[1], rows[2], rows[4], rows[6]]
    else:
        rows.append((-0.12 * size, -deep))
    return (collar(outline, rows),)


@lru_cache(maxsize=256)
def _claw_setting(cut: Cut, size: float, prongs: int, small: bool) -> tuple[Part, ...]:
    """Return a basket: claws from a common foot over the girdle, and the rails that join them."""
    outline = cut_outline(cut, 120) * size
    shares = _CLAWS.get(cut, tuple((index + 0.5) / prongs for index in range(prongs)))
    wire = max(size * 0.085, 0.34)
    deep = size * 0.44
    facing_out = np.roll(outline, -1, axis=0) - np.roll(outline, 1, axis=0)
    claws = []
    for share in shares:
        index = round(share * 120) % 120
        point = outline[index]
        way = np.array([facing_out[index, 1], -facing_out[index, 0]])
        way = way / np.linalg.norm(way)
        # The cleft of a heart looks inwards: its claw reaches over the stone as the others do.
        level = np.array([*point, 0.0])
        out, up = np.array([*way, 0.0]), np.array([0.0, 0.0, 1.0])
        foot = np.array([*(point * 0.42), -deep])
        path = np.array(
            [
                foot, foot * 0.45 + (level + 0.2 * wire * out - 0.12 * size * up) * 0.55,
                level + 0.42 * wire * out - 0.06 * size * up, level + 0.40 * wire * out + 0.03 * size * up,
                level + 0.05 * wire * out + 0.085 * size * up, level - 0.75 * wire * out + 0.10 * size * up,
            ]
        )  # fmt: skip
        width = wire * np.array([0.85, 0.95, 1.0, 1.1, 1.05, 0.55])
        side = np.cross(out, up)
        claws.append(tube(path, width=width, axis=tuple(side), around=5 if small else 8))
    rails = []
    for share, depth in ((0.52, 0.40),) if small else ((0.80, 0.17), (0.50, 0.40)):
        ring = cut_outline(cut, 16 if small else 36) * size * share
        path = np.column_stack([ring, np.full(len(ring), -depth * size)])
        rails.append(
            tube(path, width=wire * 0.85, thickness=wire * 0.7, closed=True, around=6 if small else 8)
        )
    return tuple(merged([*claws, *rails]))


def small_stone(stone: str, size: float, seed: str = "") -> list[Part]:
    """Return a small set stone in the cut that its kind usually has; ``seed`` turns it, as setters do."""
    cut: Cut = "bead" if stone.startswith("pearl") else "round"
    turn = zlib.crc32(seed.encode()) % 360
    return placed(set_stone(stone, cut, size, detail=8, prongs=0), rotation(roll=turn), (0, 0, 0))


def halo_setting(stone: str, cut: Cut, size: float, accent: str, seed: str) -> list[Part]:
    """Return a set stone with small stones close around it, all in one frame."""
    prongs = 4 if cut not in ("cabochon",) else 0
    melee = min(max(size * 0.2, 0.9), 2.2)
    parts = set_stone(stone, cut, size, prongs=prongs)
    along = cut_outline(cut, 240) * size
    step = np.roll(along, -1, axis=0) - np.roll(along, 1, axis=0)
    outward = np.column_stack([step[:, 1], -step[:, 0]]) / np.linalg.norm(step, axis=1, keepdims=True)
    line = along + outward * (melee * 0.66)
    # In the cleft of a heart the line would cross itself.
    clear = np.linalg.norm(line[:, None] - along[None], axis=2).min(axis=1) > 0.65 * melee
    line = line[clear]
    lengths = np.concatenate(
        [[0.0], np.cumsum(np.linalg.norm(np.diff(np.vstack([line, line[:1]]), axis=0), axis=1))]
    )
    count = max(int(lengths[-1] / (melee * 1.09)), 8)
    stations = np.arange(count) * lengths[-1] / count
    places = np.column_stack(
        [np.interp(stations, lengths, np.append(line[:, axis], line[0, axis])) for axis in range(2)]
    )
    rows = [
        (-0.62, -0.85), (0.40, -0.85), (0.64, -0.12), (0.58, 0.05), (0.50, -0.05), (-0.50, -0.05),
        (-0.62, -0.05), (-0.62, -0.85),
    ]  # fmt: skip
    parts.append(collar(line[:: max(len(line) // 72, 1)], np.array(rows) * melee))
    turn = zlib.crc32(seed.encode()) % 45
    one = gem(accent, "bead" if accent.startswith("pearl") else "round", melee, detail=8)
    grains = []
    for index, (x, y) in enumerate(places):
        parts += placed(one, rotation(roll=turn + 17 * index), (x, y, 0.0))
        after = places[(index + 1) % count]
        grains.append(((x + after[0]) / 2, (y + after[1]) / 2))
    middle = np.array(grains)
    radius = melee * 0.13
    for side in (-0.42, 0.42):
        away = np.roll(middle, -1, axis=0) - np.roll(middle, 1, axis=0)
        across = np.column_stack([away[:, 1], -away[:, 0]]) / np.linalg.norm(away, axis=1, keepdims=True)
        spots = middle + across * side * melee
        parts.append(milgrain(np.column_stack([spots, np.full(count, 0.05 * melee)]), radius)[0])
    return merged(parts)


def bead(stone: str, cut: Cut, size: float, seed: str) -> Part:
    """Return a bead, threaded along y: smooth where the stone is, else a ball cut into facets.

    ``seed`` says how far it is turned about its thread.
    """
    del cut  # beads are balls, whatever else the stone is cut as
    body = gem(stone, "bead", size, detail=16 if size >= 5 else 8)[0]
    if is_smooth(stone):
        return body
    return body.turned(rotation(yaw=zlib.crc32(seed.encode()) % 30))


def bail(x: float, y: float, size: float) -> list[Part]:
    """Return the tapered loop by which a pendant hangs; ``x, y`` is where the pendant's own ring is."""
    angle = np.linspace(0, TAU, 28, endpoint=False)
    loop = np.column_stack([np.zeros(28), size * (1.35 * np.cos(angle) + 1.1), 0.78 * size * np.sin(angle)])
    wide = size * (0.42 + 0.5 * np.clip(np.cos(angle), -0.3, 1))
    body = tube(
        loop, width=wide, thickness=size * 0.24, axis=(1, 0, 0), closed=True, around=10, squareness=0.7
    )
    ring = tube(circle(size * 0.42, 18), width=size * 0.2, closed=True, around=7)
    return [body.moved((x, y + 0.15 * size, 0.0)), ring.moved((x, y, 0.0))]


def milgrain(path: Array, size: float) -> list[Part]:
    """Return a row of tiny balls of radius ``size``, one at every point of a path, as one part."""
    one = ball(size, detail=3)
    corners = one.corners[None] + np.asarray(path, dtype=float)[:, None, None, None, :]
    normals = np.broadcast_to(one.normals, corners.shape)
    return [Part(material="metal", corners=corners.reshape(-1, 4, 3), normals=normals.reshape(-1, 4, 3))]
