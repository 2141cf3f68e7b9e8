"""Rings: a shank that fits a finger, and what stands on it.

The hoop lies in the xy plane, the finger's axis is z, and the head is at the top.  Angles of a hoop are
measured from its top, clockwise seen from the front.
"""

import math
import random
from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np

from sample_feeds.pieces import Cut, Piece
from sample_feeds.rendering.chains import copies
from sample_feeds.rendering.fittings import FACING_UP, halo_setting, milgrain, set_stone, small_stone
from sample_feeds.rendering.models import Model
from sample_feeds.rendering.models.mountings import pick, stone_of
from sample_feeds.rendering.motifs import blade, motif
from sample_feeds.rendering.shapes import (
    TAU,
    Array,
    Part,
    ball,
    circle,
    cut_outline,
    dome,
    merged,
    mound,
    placed,
    rotation,
    skin,
    star_outline,
    tube,
    unit,
)

_STEPS = 168
_Profile = Literal["domed", "flat", "knife", "bevelled", "hollow"]
_Built = tuple[list[Part], tuple[float, float, float], float]
# What a style does to a plain shank's section.
_PROFILES: dict[str, tuple[_Profile, ...]] = {
    "minimalist": ("domed", "flat"),
    "classic": ("domed",),
    "vintage": ("domed", "bevelled"),
    "art deco": ("bevelled", "flat"),
    "bohemian": ("domed", "hollow"),
    "modern": ("flat", "knife", "hollow"),
}


def build(piece: Piece, *, worn: bool) -> Model:
    """Return the model of a ring; it is the same on a finger."""
    del worn
    rng = random.Random(piece.key)  # noqa: S311 - a piece's own form, not a secret
    makers: dict[str, Callable[[Piece, random.Random], _Built]] = {
        "solitaire": _solitaire,
        "three_stone": _three_stone,
        "eternity": _eternity,
        "cluster": _cluster,
        "bypass": _bypass,
        "signet": _signet,
        "dome": _dome,
        "band": _band,
        "twist": _twist,
        "motif": _motif,
        "stacked": _stacked,
    }
    parts, focus, radius = makers[piece.design](piece, rng)
    return Model(
        parts=tuple(merged(parts)),
        focus=focus,
        focus_radius=max(radius, 4.5),
        worn_on="finger",
        body_radius=piece.dimensions_mm["diameter"] / 2,
    )


def shank(
    inner: float,
    width: float | Array,
    thick: float | Array,
    *,
    profile: _Profile = "domed",
    steps: int = _STEPS,
    offset: float | Array = 0.0,
) -> Part:
    """Return a hoop with a comfort-fit inside.

    Args:
        inner: Radius of the finger, mm.
        width: Along the finger, one number or one per angle.
        thick: Across the metal, likewise.
        profile: What its outside is like.
        steps: Points around.
        offset: Where its middle lies along the finger, likewise.
    """
    half = np.broadcast_to(np.asarray(width, dtype=float), steps)[:, None] / 2
    thick = np.broadcast_to(np.asarray(thick, dtype=float), steps)[:, None]
    middle = np.broadcast_to(np.asarray(offset, dtype=float), steps)[:, None]
    share = np.linspace(-1, 1, 13)[None]
    edge = {"domed": 0.42, "flat": 0.88, "knife": 0.55, "bevelled": 0.62, "hollow": 1.0}[profile]
    match profile:
        case "domed":
            crown = edge + (1 - edge) * np.sqrt(np.maximum(1 - share**2, 0))
        case "knife":
            crown = edge + (1 - edge) * (1 - np.abs(share))
        case "bevelled":
            crown = np.minimum(1.0, edge + (1 - edge) * (1 - np.abs(share)) / 0.28)
        case "hollow":
            crown = 0.80 + 0.20 * share**4
        case _:
            crown = edge + (1 - edge) * np.minimum(1.0, (1 - np.abs(share)) / 0.12)
    comfort = 0.16 * thick * share**2
    outside = (inner + thick * crown, half * share)
    inside = (inner + comfort, half * share[:, ::-1])
    rim = np.linspace(0, 1, 3)[None]
    bottom, top = inner + 0.16 * thick, inner + thick * crown[:, :1]
    wall = bottom + (top - bottom) * rim
    patches = [
        outside,
        inside,
        (wall, -half * np.ones_like(rim)),
        (wall, half * np.ones_like(rim)),
    ]
    if profile == "knife":
        patches[0] = (outside[0][:, :7], outside[1][:, :7])
        patches.append((outside[0][:, 6:], outside[1][:, 6:]))
    angle = np.linspace(0, TAU, steps, endpoint=False)[:, None]
    made = []
    for radius, z in patches:
        points = np.stack(
            np.broadcast_arrays(radius * np.sin(angle), radius * np.cos(angle), z + middle), axis=2
        )
        made.append(skin(points, rows_closed=True))
    return merged(made)[0]


def _angles(steps: int = _STEPS) -> Array:
    """Return the angles of a hoop's points, in [-pi, pi), 0 at the top."""
    return (np.linspace(0, TAU, steps, endpoint=False) + math.pi) % TAU - math.pi


def _bump(reach: float, steps: int = _STEPS) -> Array:
    """Return a swell that is 1 at the hoop's top and fades to 0 at an angle ``reach``, radians."""
    return np.clip(np.cos(np.clip(_angles(steps) / reach, -1, 1) * math.pi / 2), 0, 1) ** 2


def on_hoop(parts: Sequence[Part], radius: float, degrees: float, z: float = 0.0) -> list[Part]:
    """Return parts that look along z set upright on a hoop, ``degrees`` clockwise from its top."""
    turn = math.radians(degrees)
    place = (radius * math.sin(turn), radius * math.cos(turn), z)
    return placed(parts, rotation(roll=-degrees) @ FACING_UP, place)


def _plain(piece: Piece, rng: random.Random, *, narrow: float = 1.0) -> tuple[float, float, _Profile]:
    """Return the width, thickness and section that a piece's style asks of its shank."""
    width = piece.dimensions_mm["width"] * narrow
    if piece.style == "minimalist":
        width *= 0.72
    thick = {"minimalist": 1.2, "modern": 1.9, "art deco": 1.8}.get(piece.style, 1.55) * rng.uniform(
        0.92, 1.15
    )
    return width, thick, rng.choice(_PROFILES[piece.style])


def _head(
    piece: Piece, size: float, *, cut: Cut | None = None, side: bool = False
) -> tuple[list[Part], float]:
    """Return the main stone in its setting, looking along z, and how high its girdle stands over its foot."""
    stone = stone_of(piece)
    shape = cut or stone.cut
    if shape == "bead":
        return set_stone(stone.material, "bead", size), size * 0.52
    if piece.setting == "halo" and not side:
        melee = min(max(size * 0.2, 0.9), 2.2)
        made = halo_setting(stone.material, shape, size, piece.accent or stone.material, piece.key)
        return made, max(size * 0.42, melee * 0.9)
    if piece.setting == "bezel":
        return set_stone(stone.material, shape, size, prongs=0), size * 0.32
    return set_stone(
        stone.material, shape, size, prongs=6 if shape == "round" and size > 6 else 4
    ), size * 0.42


def _pedestal(cut: Cut, size: float, height: float, share: float) -> Part:
    """Return the cone of metal between a setting and the hoop."""
    outline = (
        cut_outline("oval" if cut in ("pear", "marquise", "cabochon", "oval", "emerald") else "round", 28)
        * size
    )
    return mound(
        outline,
        [
            (0.30, -height - 1.1),
            (0.34, -height),
            (share * 0.78, -0.5 * height),
            (share, -0.30 * height),
            (0.0, -0.28 * height),
        ],
    )


def _solitaire(piece: Piece, rng: random.Random) -> _Built:
    stone = stone_of(piece)
    size = stone.size_mm
    inner = piece.dimensions_mm["diameter"] / 2
    width, thick, profile = _plain(piece, rng, narrow=0.75)
    width = max(width, 1.5)
    form = pick(
        rng,
        piece.style,
        ("cathedral", "pinched", "split", "plain"),
        modern=("tension", "pinched", "split"),
        vintage=("cathedral", "split"),
        art_deco=("stepped", "cathedral"),
        minimalist=("pinched", "plain"),
        bohemian=("rope", "plain"),
    )
    one, stands = _head(piece, size)
    if (
        piece.style == "modern"
        and stone.cut in ("oval", "marquise", "emerald", "pear")
        and rng.random() < 0.5
    ):
        one = placed(one, rotation(roll=90), (0, 0, 0))
    outer = inner + thick
    girdle = outer + stands - 0.35
    parts: list[Part] = on_hoop(one, girdle, 0)
    parts += on_hoop(
        [_pedestal(stone.cut, size, stands, 0.62 if piece.setting == "bezel" else 0.40)], girdle, 0
    )
    top = _bump(0.9)
    if form in ("pinched", "cathedral", "stepped"):
        parts.append(shank(inner, width * (1 - 0.32 * top), thick * (1 + 0.10 * top), profile=profile))
    elif form == "split":
        # Two arms that part towards the stone.
        apart = _bump(1.15) * size * rng.uniform(0.22, 0.32)
        for sign in (-1, 1):
            parts.append(
                shank(
                    inner,
                    width * (0.52 - 0.05 * top),
                    thick,
                    profile=profile,
                    offset=sign * (apart + width * 0.22),
                )
            )
        parts.append(shank(inner, width * (1 - 0.999 * _bump(1.5)) + 0.02, thick * 0.98, profile=profile))
    elif form == "tension":
        parts.append(shank(inner, width * (1 + 0.35 * top), thick * (1 + 0.5 * _bump(0.6)), profile="flat"))
    else:
        parts.append(shank(inner, width, thick, profile=profile))
    if form == "cathedral":
        for side in (-1, 1):
            for z in (-0.28, 0.28):
                s = np.linspace(0, 1, 16)
                angle = side * (0.95 - 0.78 * s)
                radius = inner + thick * 0.7 + (stands * 0.72) * s**1.8
                line = np.column_stack(
                    [radius * np.sin(angle), radius * np.cos(angle), np.full(16, z * width * 0.9)]
                )
                parts.append(
                    tube(line, width=width * 0.36, thickness=thick * np.linspace(0.8, 0.5, 16), around=8)
                )
    if form == "stepped":
        for side in (-1, 1):
            for step in range(3):
                block = tube(
                    np.array([[-0.75, 0, 0], [0.75, 0, 0]]),
                    width=thick * (0.9 - 0.2 * step),
                    thickness=width * (1.15 - 0.18 * step),
                    axis=(0, 0, 1),
                    around=16,
                    squareness=0.3,
                )
                at = math.degrees((size * 0.36 + 0.9 + 1.55 * step) / outer) * side
                parts += on_hoop([block], outer + 0.32 - 0.1 * step, at)
    if form == "rope":
        parts += _rope_edges(inner, width, thick, rng)
    first = math.degrees((size * (0.56 if piece.setting != "halo" else 0.78) + 0.4) / outer)
    if piece.accent and form != "stepped" and form != "cathedral":
        parts += _shoulder_stones(
            piece.accent, outer - 0.12, min(width * 0.62, 1.9), first, rng.choice((3, 4, 5, 6))
        )
    elif piece.style == "vintage":
        parts += _milgrain_edges(inner + thick * 0.62, width * 0.78, first)
    return parts, (0.0, girdle, 0.0), size * 1.15


def _shoulder_stones(accent: str, radius: float, size: float, first: float, count: int) -> list[Part]:
    """Return small stones down both shoulders of a hoop."""
    size = max(size, 1.0)
    step = math.degrees(size * 1.12 / radius)
    parts: list[Part] = []
    for side in (-1, 1):
        for index in range(count):
            one = small_stone(accent, size, f"{side}{index}")
            parts += on_hoop(one, radius + 0.12 * size, side * (first + step * (index + 0.3)))
    return parts


def _milgrain_edges(radius: float, width: float, first: float = 0.0) -> list[Part]:
    """Return rows of grains along both edges of a hoop, outside ``first`` degrees from its top."""
    count = int(TAU * radius / 0.62)
    angles = np.linspace(0, TAU, count, endpoint=False)
    angles = angles[np.abs((angles + math.pi) % TAU - math.pi) > math.radians(first)]
    rows = [
        np.column_stack(
            [radius * np.sin(angles), radius * np.cos(angles), np.full(len(angles), side * width / 2)]
        )
        for side in (-1, 1)
    ]
    return milgrain(np.vstack(rows), 0.26)


def _strands(
    radius: float, width: float, count: int, turns: int, *, share: float, z: float = 0.0
) -> list[Part]:
    """Return wires laid round each other along a hoop."""
    angle = np.linspace(0, TAU, max(turns * 14, _STEPS), endpoint=False)
    made = []
    swing = width * (1 - share) / 2
    for strand in range(count):
        phase = turns * angle + TAU * strand / count
        out = radius + swing * np.cos(phase)
        line = np.column_stack([out * np.sin(angle), out * np.cos(angle), z + swing * np.sin(phase)])
        made.append(tube(line, width=width * share, closed=True, around=9))
    return made


def _rope_edges(inner: float, width: float, thick: float, rng: random.Random) -> list[Part]:
    """Return a rope of two wires along each edge of a hoop."""
    turns = rng.choice((26, 32, 38))
    parts: list[Part] = []
    for side in (-1, 1):
        parts += _strands(inner + thick * 0.62, 0.85, 2, turns, share=0.56, z=side * width * 0.5)
    return parts


def _three_stone(piece: Piece, rng: random.Random) -> _Built:
    stone = stone_of(piece)
    size = stone.size_mm
    inner = piece.dimensions_mm["diameter"] / 2
    width, thick, profile = _plain(piece, rng, narrow=0.7)
    width = max(width, 1.6)
    outer = inner + thick
    one, stands = _head(piece, size)
    girdle = outer + stands - 0.3
    parts: list[Part] = on_hoop(one, girdle, 0)
    parts += on_hoop([_pedestal(stone.cut, size, stands, 0.5)], girdle, 0)
    scale = rng.choice((0.66, 0.75, 0.86))
    side_size = size * scale
    across = size * (0.5 if stone.cut not in ("pear", "marquise", "oval", "emerald", "cabochon") else 0.38)
    halo = piece.setting == "halo" and stone.cut != "bead"
    across += (min(max(size * 0.2, 0.9), 2.2) * 1.3) if halo else 0.15
    half = side_size * (0.5 if stone.cut not in ("pear", "marquise", "oval", "emerald", "cabochon") else 0.38)
    small, low = _head(piece, side_size, side=True)
    radius = outer + low - 0.45
    for side in (-1, 1):
        angle = side * math.degrees((across + half * 1.08 + 0.15) / (radius + 0.5))
        parts += on_hoop(small, radius, angle)
        parts += on_hoop([_pedestal(stone.cut, side_size, low, 0.45)], radius, angle)
    parts.append(shank(inner, width * (1 - 0.15 * _bump(0.8)), thick, profile=profile))
    if piece.accent:
        first = math.degrees((across + 2.1 * half + 0.6) / outer)
        parts += _shoulder_stones(
            piece.accent, outer - 0.12, min(width * 0.6, 1.7), first, rng.choice((2, 3, 4))
        )
    elif piece.style in ("vintage", "bohemian"):
        parts += _milgrain_edges(inner + thick * 0.62, width * 0.8, 42)
    return parts, (0.0, girdle, 0.0), size * 1.7


def _eternity(piece: Piece, rng: random.Random) -> _Built:
    stone = stone_of(piece)
    size = stone.size_mm
    inner = piece.dimensions_mm["diameter"] / 2
    thick = rng.uniform(1.35, 1.7)
    outer = inner + thick
    full = rng.random() < 0.55
    form = {"bezel": "bezel", "halo": "channel"}.get(piece.setting or "prong", "prong")
    slim = {
        "oval": 0.77,
        "cabochon": 0.77,
        "pear": 0.64,
        "marquise": 0.54,
        "emerald": 0.73,
        "cushion": 0.93,
    }.get(stone.cut, 1.0)
    pitch = size * slim * (1.16 if form == "bezel" else 1.07)
    radius = outer + 0.12 * size
    count = int(TAU * radius / pitch)
    step = 360 / count
    reach = count if full else max(round(count * rng.uniform(0.36, 0.5)) // 2 * 2 + 1, 7)
    bead = stone.cut == "bead"
    prongs = 4 if form == "prong" and not bead else 0
    one = set_stone(stone.material, stone.cut, size, prongs=prongs) if form != "channel" or bead else None
    if one is None:
        bare = set_stone(stone.material, stone.cut, size, prongs=0)
        one = [part for part in bare if part.material != "metal"]
    parts: list[Part] = []
    second = None
    if piece.accent:
        second = small_stone(piece.accent, size * rng.choice((0.6, 0.75)), piece.key)
    for index in range(reach):
        angle = (index - (reach - 1) / 2) * step
        if (second is not None and index % 2 and not full) or (second is not None and index % 2):
            parts += on_hoop(second, radius, angle)
        else:
            parts += on_hoop(one, radius if not bead else radius + 0.2 * size, angle)
    width = size * (1.0 if form != "channel" else 1.5)
    if form == "channel":
        for side in (-1, 1):
            wall = shank(
                inner + 0.1, size * 0.22, thick + 0.22 * size, profile="flat", offset=side * size * 0.60
            )
            parts.append(wall)
        parts.append(shank(inner, size * 1.05, thick * 0.62, profile="flat"))
    else:
        fade = 1.0 if full else 1 - 0.22 * (1 - _bump(2.6))
        parts.append(
            shank(
                inner,
                width * 0.82 * fade,
                thick * (0.62 if full else 0.62 + 0.36 * (1 - _bump(2.4))),
                profile="domed",
            )
        )
    if piece.style == "vintage":
        parts += _milgrain_edges(
            outer + 0.1 * size if form == "channel" else inner + thick * 0.55, width * 0.92
        )
    return parts, (0.0, outer, 0.0), size * 2.2


def _cluster(piece: Piece, rng: random.Random) -> _Built:
    stone = stone_of(piece)
    size = stone.size_mm
    inner = piece.dimensions_mm["diameter"] / 2
    width, thick, profile = _plain(piece, rng, narrow=0.8)
    outer = inner + thick
    form = rng.choice(("daisy", "daisy", "oval", "scattered"))
    prongs = 0 if piece.setting == "bezel" else 4
    lift = outer + size * 0.62
    parts: list[Part] = []
    big = size * rng.uniform(1.0, 1.35)
    seats: list[tuple[float, float, float, float]] = []  # x across, z along, size, height below the middle
    if form == "scattered":
        seats = [(0, 0, big, 0)]
        for index in range(6):
            angle = TAU * index / 6 + rng.uniform(-0.12, 0.12)
            scale = rng.choice((0.62, 0.8, 1.0))
            reach = (big + size * scale) * 0.53
            seats.append(
                (
                    reach * math.cos(angle),
                    reach * math.sin(angle),
                    size * scale,
                    rng.uniform(0.08, 0.3) * size,
                )
            )
    else:
        count = rng.choice((6, 7, 8))
        stretch = 1.28 if form == "oval" else 1.0
        small = min(size * 0.9, 2 * math.sin(math.pi / count) * (big * 0.5 + size * 0.5) * 0.98)
        seats = [(0, 0, big, 0)]
        for index in range(count):
            angle = TAU * index / count
            reach = (big + small) * 0.52
            seats.append((reach * math.cos(angle), reach * stretch * math.sin(angle), small, 0.22 * size))
    made: dict[tuple[str, float], list[Part]] = {}
    for index, (x, z, wide, down) in enumerate(seats):
        accent = piece.accent is not None and index > 0 and (index % 2 == 0 or piece.setting == "halo")
        key = ("accent" if accent else "main", round(wide, 2))
        if key not in made:
            if accent and piece.accent:
                made[key] = set_stone(piece.accent, "round", wide * 0.92, prongs=prongs)
            else:
                made[key] = set_stone(stone.material, stone.cut, wide, prongs=prongs)
        splay = rotation(roll=-math.degrees(x * 0.045)) @ rotation(pitch=math.degrees(z * 0.045))
        parts += placed(made[key], splay @ FACING_UP, (x, lift - down, z))
    reach = max(abs(x) for x, _, _, _ in seats), max(abs(z) for _, z, _, _ in seats)
    bowl = circle(1.0, 32)[:, :2] * np.array([reach[0] * 1.05 + 0.3, reach[1] * 1.05 + 0.3])
    basket = mound(
        bowl,
        [
            (0.22, -0.95 * size),
            (0.5, -0.66 * size),
            (0.82, -0.40 * size),
            (0.92, -0.34 * size),
            (0.0, -0.30 * size),
        ],
    )
    parts += on_hoop([basket], lift - 0.1 * size, 0)
    parts.append(shank(inner, width * (1 + 0.25 * _bump(0.9)), thick, profile=profile))
    if piece.style == "bohemian":
        parts += _rope_edges(inner, width, thick, rng)
    return parts, (0.0, lift, 0.0), max(reach) + size * 0.8


def _bypass(piece: Piece, rng: random.Random) -> _Built:
    inner = piece.dimensions_mm["diameter"] / 2
    width, thick, _ = _plain(piece, rng, narrow=0.55)
    width = max(width, 1.7)
    over = rng.uniform(14, 34)
    apart = rng.uniform(0.55, 0.8) * width + (0.0 if piece.stone is None else piece.stone.size_mm * 0.34)
    angle = np.radians(np.linspace(-180 - 0, 180, 150))
    # One end leaves to the left behind, the other to the right in front.
    share = np.linspace(-1, 1, 150)
    turn = share * math.radians(180 + over)
    z = apart * np.sign(share) * np.clip((np.abs(share) - 0.45) / 0.55, 0, 1) ** 1.4
    radius = inner + thick / 2 + 0.0 * angle
    # The hoop is closed at the bottom and its ends pass each other at the top.
    line = np.column_stack([-radius * np.sin(turn), -radius * np.cos(turn), z])
    taper = 1 - 0.45 * np.clip((np.abs(share) - 0.6) / 0.4, 0, 1)
    square = {"modern": 0.55, "art deco": 0.5}.get(piece.style, 0.85)
    parts: list[Part] = [
        tube(line, width=width * taper, thickness=thick * (0.8 + 0.2 * taper), around=18, squareness=square)
    ]
    ends = [(math.degrees(math.atan2(x, y)), depth) for x, y, depth in (line[0], line[-1])]
    outer = inner + thick
    focus = (0.0, outer + 0.6, 0.0)
    if piece.stone is None:
        form = rng.choice(("ball", "leaf", "drop", "curl"))
        for (at, depth), sign in zip(ends, (-1, 1), strict=True):
            if form == "leaf":
                leaf = blade(width * 2.4, width * 1.25, cup=-0.3, lift=0.4, groove=0.25, blunt=0.9)
                one = placed([leaf], rotation(roll=-90.0 * sign), (0, 0, 0.1))
            elif form == "drop":
                outline = cut_outline("pear", 32) * width * 1.9
                one = placed(
                    [dome(outline, height=width * 0.5, material="metal", wall=0.4)],
                    rotation(roll=90.0 * sign),
                    (0, 0, 0),
                )
            elif form == "curl":
                s = np.linspace(0, 1, 40)
                reach = width * 0.75 * (1 - 0.8 * s)
                curl = np.column_stack(
                    [sign * (reach * np.sin(TAU * 1.3 * s)), reach * np.cos(TAU * 1.3 * s), 0 * s]
                )
                one = [tube(curl, width=width * 0.42 * (1 - 0.4 * s), axis=None, around=8)]
            else:
                one = [ball(width * 0.62, detail=9)]
            parts += on_hoop(one, outer - thick * 0.35, at, depth)
        return parts, focus, width * 2.4
    stone = stone_of(piece)
    size = stone.size_mm
    one, stands = _head(piece, size)
    other, low = one, stands
    if piece.accent and piece.setting != "halo":
        other, low = small_stone(piece.accent, size * 0.62, piece.key), size * 0.62 * 0.3
    elif rng.random() < 0.5:
        other, low = _head(piece, size * 0.7, side=True)
    for (at, depth), head, high in zip(ends, (one, other), (stands, low), strict=True):
        parts += on_hoop(head, outer + high - 0.35, at, depth)
    return parts, focus, size * 1.7


def _plaque(form: str) -> Array:
    if form == "shield":
        t = np.linspace(-1, 1, 22)
        low = np.column_stack([0.43 * t, -0.5 + 0.62 * np.abs(t) ** 1.7])
        return np.vstack([low, [[0.43, 0.38], [0.22, 0.44], [0.0, 0.5], [-0.22, 0.44], [-0.43, 0.38]]])
    return cut_outline(
        {"oval": "oval", "cushion": "cushion", "octagon": "emerald", "square": "princess"}.get(form, "round"),
        56,
    )


def _signet(piece: Piece, rng: random.Random) -> _Built:
    inner = piece.dimensions_mm["diameter"] / 2
    thick = rng.uniform(1.5, 1.8)
    form = pick(
        rng,
        piece.style,
        ("oval", "round", "cushion", "octagon"),
        art_deco=("octagon", "square"),
        modern=("square", "cushion", "round"),
        vintage=("shield", "oval"),
    )
    long = rng.uniform(10, 14) if piece.style != "minimalist" else rng.uniform(7.5, 10)
    if piece.stone is not None:
        long = max(long * 0.84, piece.stone.size_mm + 3.2)
    outline = _plaque(form) * long
    half = float(np.abs(outline[:, 0]).max())
    reach_z = float(np.ptp(outline[:, 1]))
    rise = rng.uniform(0.5, 0.9)
    table = inner + thick + rise
    base = piece.dimensions_mm["width"] * 0.55 + 0.8
    # The hoop swells until it is as wide as its table, and is ground flat on top.
    angle = _angles()
    swell = np.clip(1 - np.abs(angle) / 1.35, 0, 1)
    swell = swell**2 * (3 - 2 * swell)
    width = base + (reach_z * 0.94 - base) * swell**1.3
    edge_at = math.atan2(half, table)
    peak = (table - 0.35) / math.cos(edge_at) - inner - thick
    past = np.clip((np.abs(angle) - edge_at) / 1.0, 0, 1)
    fall = 1 - past**2 * (3 - 2 * past)
    flat = (table - 0.35) / np.cos(np.minimum(np.abs(angle), edge_at)) - inner
    body = np.where(np.abs(angle) < edge_at, flat, thick + peak * fall)
    parts: list[Part] = [shank(inner, width, body, profile="domed")]
    edge = 0.55
    rows = [(0.0, -2.2), (0.82, -2.2), (1.0, -0.85), (1.0, -0.25), (1 - edge / half, 0.0), (0.0, 0.0)]
    parts += placed([mound(outline, rows)], FACING_UP, (0, table + 0.25, 0))
    top = table + 0.25
    if piece.stone is not None:
        stone = piece.stone
        size = min(stone.size_mm, long - 2.4)
        one, _ = _head(piece, size)
        if piece.setting == "bezel" or stone.cut == "bead":
            one = set_stone(stone.material, stone.cut, size, prongs=0)
        parts += placed(one, FACING_UP, (0, top + size * (0.16 if stone.cut != "bead" else 0.46), 0))
    relief = (
        rng.choice(("rim", "rays", "star", "initial", "plain"))
        if piece.stone is None
        else rng.choice(("rim", "plain"))
    )
    flatwork: list[Part] = []
    if relief == "rim" or piece.style == "vintage":
        path = np.column_stack([outline * (1 - 1.25 / half), np.zeros(len(outline))])
        flatwork.append(tube(path, width=0.5, closed=True, around=7))
    if piece.style in ("vintage", "bohemian"):
        flatwork += milgrain(np.column_stack([outline * 0.965, np.full(len(outline), -0.08)]), 0.24)
    if relief == "rays":
        ray = tube(
            np.array([[0, half * 0.12, 0], [0, half * 0.72, 0]]), width=np.array([0.75, 0.2]), around=6
        )
        angles = np.arange(12) * TAU / 12
        turns = np.stack([rotation(roll=math.degrees(a)) for a in angles])
        flatwork += copies([ray], turns, np.zeros((12, 3)))
    elif relief == "star":
        points = rng.choice((5, 6, 8))
        outline_star = star_outline(points, 0.42, 3) * half * 1.3
        flatwork.append(mound(outline_star, [(1.0, -0.1), (1.0, 0.12), (0.0, 0.55)]))
    elif relief == "initial":
        flatwork += _monogram(half * 0.8, rng)
    parts += placed(flatwork, FACING_UP, (0, top, 0))
    if piece.accent and piece.setting != "halo":
        for side in (-1, 1):
            for index in range(2):
                at = side * math.degrees((half + 1.1 + 1.9 * index) / (inner + thick + 0.5))
                parts += on_hoop(
                    small_stone(piece.accent, 1.5, f"{side}{index}"), inner + thick + 0.75 - 0.2 * index, at
                )
    return parts, (0.0, top, 0.0), long * 0.62


def _monogram(size: float, rng: random.Random) -> list[Part]:
    """Return a raised initial with a flourish."""
    letters = {
        "L": [[(-0.3, 0.6), (-0.3, -0.5), (0.4, -0.5)]],
        "V": [[(-0.45, 0.6), (0.0, -0.55), (0.45, 0.6)]],
        "M": [[(-0.5, -0.55), (-0.42, 0.55), (0.0, -0.15), (0.42, 0.55), (0.5, -0.55)]],
        "A": [[(-0.45, -0.55), (0.0, 0.6), (0.45, -0.55)], [(-0.24, -0.1), (0.24, -0.1)]],
        "K": [[(-0.35, 0.6), (-0.35, -0.55)], [(0.4, 0.6), (-0.3, 0.0), (0.42, -0.55)]],
    }
    parts = []
    for stroke in letters[rng.choice(sorted(letters))]:
        line = np.array([(x * size, y * size, 0.05) for x, y in stroke])
        t = np.linspace(0, len(line) - 1, 6 * len(line))
        path = np.column_stack([np.interp(t, np.arange(len(line)), line[:, axis]) for axis in range(3)])
        parts.append(tube(path, width=0.5, thickness=0.16 * size, around=8))
    return parts


def _dome(piece: Piece, rng: random.Random) -> _Built:
    inner = piece.dimensions_mm["diameter"] / 2
    width = piece.dimensions_mm["width"]
    swell = _bump(rng.uniform(1.5, 2.0))
    top_width = max(width * rng.uniform(1.6, 2.1), rng.uniform(8, 11)) * (
        0.75 if piece.style == "minimalist" else 1.0
    )
    wide = 2.4 + 0.18 * width + (top_width - 2.4 - 0.18 * width) * swell
    rise = rng.uniform(1.6, 2.6)
    thick = 1.3 + rise * swell
    top = inner + 1.3 + rise
    angle = np.linspace(0, TAU, _STEPS, endpoint=False)[:, None]
    share = np.linspace(-1, 1, 25)[None]
    form = pick(
        rng,
        piece.style,
        ("smooth", "ribs", "croissant", "grains"),
        art_deco=("ribs", "steps"),
        modern=("smooth", "twist"),
        vintage=("ribs", "croissant"),
        bohemian=("twist", "grains"),
    )
    if piece.stone is not None:
        form = "smooth"
    body = 0.28 + 0.72 * np.sqrt(np.maximum(1 - share**2, 0))
    if form == "ribs":
        body = body * (1 - 0.10 * swell[:, None] * np.abs(np.sin(4.5 * math.pi * (share + 1) / 2)) ** 0.7)
    elif form == "steps":
        body = 0.34 + 0.66 * np.floor((1 - np.abs(share)) * 3.999) / 3
    elif form in ("croissant", "twist"):
        lean = 2.2 if form == "croissant" else 4.5
        cords = rng.choice((13, 16, 20))
        wave = np.abs(np.sin(0.5 * cords * (angle + lean * share * 0.22)))
        body = body * (1 - 0.20 * swell[:, None] * (1 - wave**0.6))
    half = wide[:, None] / 2
    radius = inner + thick[:, None] * body
    points = np.stack(
        np.broadcast_arrays(radius * np.sin(angle), radius * np.cos(angle), half * share), axis=2
    )
    lining = inner + 0.10 * np.abs(share) ** 2
    back = np.stack(
        np.broadcast_arrays(lining * np.sin(angle), lining * np.cos(angle), half * share[:, ::-1]), axis=2
    )
    parts: list[Part] = [skin(points, rows_closed=True), skin(back, rows_closed=True)]
    rims = [np.stack([points[:, side], back[:, -1 - side]], axis=1) for side in (0, -1)]
    parts += [skin(rim, rows_closed=True) for rim in rims]
    if form == "grains":
        spots = []
        for row, z in enumerate(np.linspace(-0.7, 0.7, 5)):
            for at in np.linspace(-0.9, 0.9, 15):
                a = at + (0.06 if row % 2 else 0)
                index = round(a / TAU * _STEPS) % _STEPS
                r = inner + thick[index] * (0.28 + 0.72 * math.sqrt(1 - z * z)) + 0.05
                spots.append((r * math.sin(a), r * math.cos(a), z * wide[index] / 2))
        parts += milgrain(np.array(spots), 0.42)
    if piece.stone is None:
        return parts, (0.0, top, 0.0), top_width * 0.62
    stone = piece.stone
    size = stone.size_mm
    prongs = 4 if piece.setting == "prong" and stone.cut != "bead" else 0
    main = set_stone(stone.material, stone.cut, size, prongs=prongs, detail=8)
    accent = small_stone(piece.accent, size * 0.72, piece.key) if piece.accent else None
    rows = max(int(top_width * 0.92 / (size * 1.12)), 1)
    for row in range(rows):
        z_share = ((row + 0.5) / rows * 2 - 1) * 0.86
        arch = 0.28 + 0.72 * math.sqrt(1 - z_share**2)
        count = int(2 * 0.95 * top / (size * 1.13))
        for index in range(count):
            a = (index - (count - 1) / 2 + (0.5 if row % 2 else 0)) * size * 1.13 / top
            if abs(a) > 0.95 - 0.25 * abs(z_share):
                continue
            k = round(a / TAU * _STEPS) % _STEPS
            r = inner + thick[k] * arch
            lean = math.degrees(math.asin(z_share)) * 0.72
            z = z_share * wide[k] / 2
            one = accent if accent is not None and (row + index) % 2 else main
            lift = size * (0.12 if stone.cut != "bead" or one is accent else 0.35)
            turn = rotation(roll=-math.degrees(a)) @ rotation(pitch=lean) @ FACING_UP
            parts += placed(one, turn, ((r + lift) * math.sin(a), (r + lift) * math.cos(a), z * 1.02))
    return parts, (0.0, top, 0.0), top_width * 0.66


def _band(piece: Piece, rng: random.Random) -> _Built:
    inner = piece.dimensions_mm["diameter"] / 2
    width, thick, profile = _plain(piece, rng)
    parts = _one_band(inner, width, thick, profile, piece.style, rng)
    return parts, (0.0, inner + thick, 0.0), max(width * 1.2, 5.0)


def _one_band(
    inner: float,
    width: float,
    thick: float,
    profile: _Profile,
    style: str,
    rng: random.Random,
    z: float = 0.0,
) -> list[Part]:
    decor = pick(
        rng,
        style,
        ("plain", "groove", "milgrain"),
        vintage=("milgrain", "leaves"),
        art_deco=("steps", "chevrons"),
        bohemian=("rope", "grains"),
        modern=("groove", "plain", "steps"),
        minimalist=("plain",),
    )
    if width < 2.2 and decor in ("leaves", "chevrons", "rope", "steps"):
        decor = "grains" if decor == "rope" else "plain"
    outer = inner + thick
    parts: list[Part] = []
    if decor == "steps":
        return [
            shank(inner, width, thick * 0.72, profile="flat", offset=z),
            shank(inner + 0.1, width * 0.66, thick - 0.1 + 0.15, profile="flat", offset=z),
            shank(inner + 0.1, width * 0.28, thick - 0.1 + 0.5, profile="flat", offset=z),
        ]
    if decor == "groove":
        gap = width * 0.05 + 0.1
        at = rng.choice((0.0, 0.22)) * width
        left, right = (width / 2 + at - gap / 2), (width / 2 - at - gap / 2)
        return [
            shank(
                inner,
                left,
                thick,
                profile="flat" if profile == "hollow" else profile,
                offset=z - width / 2 + left / 2,
            ),
            shank(
                inner,
                right,
                thick,
                profile="flat" if profile == "hollow" else profile,
                offset=z + width / 2 - right / 2,
            ),
            shank(inner, width * 0.9, thick * 0.72, profile="flat", offset=z),
        ]
    parts.append(
        shank(
            inner,
            width,
            thick,
            profile="flat" if decor in ("leaves", "chevrons", "rope") else profile,
            offset=z,
        )
    )
    if decor == "milgrain":
        edge = 0.62 if profile == "domed" else 0.9
        parts += [part.moved((0, 0, z)) for part in _milgrain_edges(inner + thick * edge + 0.05, width * 0.9)]
    elif decor == "grains":
        count = int(TAU * outer / 1.0)
        angles = np.linspace(0, TAU, count, endpoint=False)
        spots = np.column_stack([outer * np.sin(angles), outer * np.cos(angles), np.full(count, z)])
        parts += milgrain(spots, 0.44)
    elif decor == "rope":
        parts += [part.moved((0, 0, z)) for part in _rope_edges(inner, width * 0.96, thick + 0.3, rng)]
        if width > 4:
            parts += _strands(outer + 0.1, 1.1, 2, 26, share=0.56, z=z)
    elif decor in ("leaves", "chevrons"):
        count = int(TAU * outer / (width * (0.62 if decor == "leaves" else 0.42)))
        leaf = blade(
            width * 0.78,
            width * 0.4,
            lift=0.2,
            groove=0.12,
            cup=-0.12,
            blunt=0.9,
            rows=8,
            columns=7,
            thickness=0.3,
        )
        bar = tube(
            np.array(
                [
                    [-0.36 * width, -0.16 * width, 0.0],
                    [0, 0.12 * width, 0.05],
                    [0.36 * width, -0.16 * width, 0.0],
                ]
            ),
            width=0.45,
            around=6,
        )
        one = (
            placed([leaf], rotation(roll=30), (0, -0.34 * width, 0.05))
            if decor == "leaves"
            else placed([bar], rotation(roll=90), (0, 0, 0.05))
        )
        degrees = np.arange(count) * 360 / count
        turns = np.stack([rotation(roll=-d) @ FACING_UP for d in degrees])
        a = np.radians(degrees)
        parts += copies(
            one, turns, np.column_stack([outer * np.sin(a), outer * np.cos(a), np.full(count, z)])
        )
    return parts


def _twist(piece: Piece, rng: random.Random) -> _Built:
    inner = piece.dimensions_mm["diameter"] / 2
    width = max(piece.dimensions_mm["width"] * (0.75 if piece.style == "minimalist" else 0.95), 2.0)
    form = rng.choice(("rope", "ribbon", "open", "braid"))
    steps = 220
    angle = np.linspace(0, TAU, steps, endpoint=False)
    parts: list[Part] = []
    if form == "rope":
        strands = rng.choice((2, 3))
        share = 0.56 if strands == 2 else 0.5
        parts += _strands(inner + width * 0.42, width * 0.85, strands, rng.choice((7, 9, 12)), share=share)
        thick = width * 0.85
    elif form == "ribbon":
        # A square bar turned about its own axis.
        turns = rng.choice((8, 10, 12))
        thick = min(width, 3.0)
        section = np.linspace(0, TAU, 24, endpoint=False)
        radius = (np.abs(np.cos(section)) ** 5 + np.abs(np.sin(section)) ** 5) ** (-1 / 5) * thick * 0.40
        a = angle[:, None]
        phase = section[None] + turns * a / 2
        out = inner + thick * 0.52 + radius[None] * np.cos(phase)
        points = np.stack([out * np.sin(a), out * np.cos(a), radius[None] * np.sin(phase)], axis=2)
        parts.append(skin(points[:, ::-1], rows_closed=turns % 2 == 0, columns_closed=True))
    elif form == "open":
        thick = 1.5
        waves = rng.choice((3, 4, 5))
        for sign in (-1, 1):
            z = sign * width * 0.42 * np.sin(waves * angle)
            radius = inner + thick / 2 + 0.35 * sign * np.cos(waves * angle)
            line = np.column_stack([radius * np.sin(angle), radius * np.cos(angle), z])
            parts.append(tube(line, width=width * 0.34, thickness=thick * 0.85, closed=True, around=14))
    else:
        waves = rng.choice((8, 10, 12))
        thick = 1.8
        for strand in range(3):
            phase = waves * angle + TAU * strand / 3
            z = width * 0.36 * np.sin(phase)
            radius = inner + 0.9 + 0.38 * np.cos(2 * phase)
            line = np.column_stack([radius * np.sin(angle), radius * np.cos(angle), z])
            parts.append(tube(line, width=width * 0.34, thickness=0.95, closed=True, around=10))
    if piece.style in ("vintage", "art deco") and form != "open":
        for side in (-1, 1):
            parts.append(shank(inner, 0.7, 1.1, profile="domed", offset=side * width * 0.56))
    return parts, (0.0, inner + thick, 0.0), max(width * 1.3, 5.0)


def _motif(piece: Piece, rng: random.Random) -> _Built:
    inner = piece.dimensions_mm["diameter"] / 2
    width, thick, profile = _plain(piece, rng, narrow=0.62)
    width = max(width, 1.5)
    outer = inner + thick
    size = rng.uniform(9, 13) * (0.82 if piece.style == "minimalist" else 1.0)
    one, _ = motif(piece.motif or "flower", size, piece.stone, piece.accent, rng, setting=piece.setting)
    parts: list[Part] = []
    # Wide ornaments bend round the finger a little; narrow ones lie across it.
    lie = rng.choice((0, 0, 90)) if piece.motif in ("leaf", "feather", "snake", "cross", "bow") else 0
    bent = [
        _wrapped(part, outer + 0.2) if not part.solid else part
        for part in placed(one, rotation(roll=lie), (0, 0, 0))
    ]
    lift = _settled(bent, outer)
    parts += placed(list(bent), FACING_UP, (0, outer + lift, 0))
    seat = circle(1.0, 24)[:, :2] * min(size * 0.22, 2.2)
    parts += placed(
        [mound(seat, [(1.0, -1.2), (0.9, lift + 0.4), (0.0, lift + 0.4)])], FACING_UP, (0, outer, 0)
    )
    parts.append(shank(inner, width * (1 + 0.3 * _bump(0.8)), thick, profile=profile))
    if piece.style == "vintage":
        parts += _milgrain_edges(inner + thick * 0.62, width * 0.8, math.degrees(size * 0.5 / outer))
    elif piece.style == "bohemian":
        parts += _rope_edges(inner, width, thick, rng)
    return parts, (0.0, outer + 1.0, 0.0), size * 0.62


def _wrapped(part: Part, radius: float) -> Part:
    """Return a relief bent gently, so that its sides follow a finger's roundness."""
    corners = part.corners.copy()
    slope = 0.45 * corners[..., 0] / radius
    corners[..., 2] -= 0.225 * corners[..., 0] ** 2 / radius
    normals = part.normals.copy()
    normals[..., 0] += slope * part.normals[..., 2]
    return Part(material=part.material, corners=corners, normals=unit(normals), solid=part.solid)


def _settled(parts: Sequence[Part], radius: float) -> float:
    """Return how high a relief stands, so that nothing of it reaches into the finger."""
    points = np.concatenate([part.corners.reshape(-1, 3) for part in parts if not part.solid])
    points = points[np.abs(points[:, 0]) < radius * 0.9]
    clear = np.sqrt(radius**2 - points[:, 0] ** 2) - radius - points[:, 2]
    return float(max(clear.max() - 0.6, 0.1))


def _stacked(piece: Piece, rng: random.Random) -> _Built:
    inner = piece.dimensions_mm["diameter"] / 2
    count = rng.choice((2, 3, 3, 4))
    whole = max(piece.dimensions_mm["width"] * 1.25, 1.5 * count)
    shares = [rng.uniform(0.7, 1.3) for _ in range(count)]
    gap = 0.18
    parts: list[Part] = []
    z = -whole / 2
    kinds = rng.sample(["plain", "grains", "rope", "knife", "wave", "flat"], count)
    top = inner
    for share, kind in zip(shares, kinds, strict=True):
        wide = whole * share / sum(shares)
        middle = z + wide / 2
        thick = rng.uniform(1.15, 1.6)
        lean = 0.0
        match kind:
            case "rope":
                parts += _strands(
                    inner + wide * 0.44, wide * 0.9, 2, rng.choice((22, 28)), share=0.56, z=middle
                )
            case "grains":
                radius = inner + wide * 0.42
                number = int(TAU * radius / (wide * 0.86))
                a = np.linspace(0, TAU, number, endpoint=False)
                spots = np.column_stack([radius * np.sin(a), radius * np.cos(a), np.full(number, middle)])
                one = ball(wide * 0.45, detail=5)
                parts += copies([one], np.eye(3), spots)
                parts.append(shank(inner, wide * 0.4, wide * 0.5, profile="flat", offset=middle))
            case "wave":
                a = np.linspace(0, TAU, _STEPS, endpoint=False)
                parts.append(
                    shank(
                        inner, wide * 0.6, thick, profile="domed", offset=middle + wide * 0.16 * np.sin(9 * a)
                    )
                )
            case _:
                profile: _Profile = {"knife": "knife", "flat": "flat"}.get(kind, "domed")
                parts.append(shank(inner, wide - gap, thick, profile=profile, offset=middle + lean))
        top = max(top, inner + thick)
        z += wide
    return parts, (0.0, top, 0.0), max(whole * 0.9, 5.0)
