"""Brooches: sprays, bursts, bars, wreaths and ornaments, with the pin that fastens them."""

import math
import random
from collections.abc import Callable, Sequence

import numpy as np

from sample_feeds.pieces import Piece
from sample_feeds.rendering.chains import about_z, along, copies
from sample_feeds.rendering.fittings import halo_setting, milgrain, set_stone, small_stone
from sample_feeds.rendering.models import Model
from sample_feeds.rendering.models.mountings import moved, pick, span
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
    tube,
)


def build(piece: Piece, *, worn: bool) -> Model:
    """Return the model of a brooch; it is the same on cloth."""
    del worn
    rng = random.Random(piece.key)  # noqa: S311 - a piece's own form, not a secret
    makers: dict[str, Callable[[Piece, random.Random], list[Part]]] = {
        "spray": _spray,
        "sunburst": _sunburst,
        "bar": _bar,
        "wreath": _wreath,
        "motif": _motif,
    }
    parts = makers[piece.design](piece, rng)
    (left, right), (low, high) = span(parts, 0), span(parts, 1)
    parts = moved(parts, (-(left + right) / 2, -(low + high) / 2, 0))
    parts += _pin(parts, right - left)
    reach = max(right - left, high - low)
    return Model(
        parts=tuple(merged(parts)),
        focus=(0.0, 0.0, 0.0),
        focus_radius=0.38 * reach,
        worn_on="cloth",
        body_radius=0.0,
    )


def _pin(parts: Sequence[Part], width: float) -> list[Part]:
    """Return the pin, its hinge and its catch, behind everything."""
    back = span(parts, 2)[0]
    half = 0.40 * width
    needle = np.column_stack(
        [np.linspace(-half, half, 12), np.zeros(12), back - 1.9 - 0.35 * np.sin(np.linspace(0, math.pi, 12))]
    )
    hinge = tube(
        np.array([[-half, 0, back + 0.6], [-half, 0, back - 2.2]]), width=1.5, axis=(0, 1, 0), around=10
    )
    catch = tube(
        np.array([[half, 0, back + 0.6], [half, 0, back - 1.5]]), width=1.0, axis=(0, 1, 0), around=8
    )
    hook = (
        tube(circle(0.9, 18)[2:15], width=0.5, axis=(0, 0, 1), around=7)
        .turned(rotation(pitch=90))
        .moved((half, 0, back - 1.9))
    )
    return [tube(needle, width=np.linspace(0.9, 0.35, 12), axis=(0, 1, 0), around=8), hinge, catch, hook]


def _main(piece: Piece, size: float, *, plain: bool = False) -> list[Part]:
    """Return the main stone in its setting, standing on z = 0; without one a boss."""
    if piece.stone is None:
        body = dome(circle(size * 0.5, 36)[:, :2], height=size * 0.34, material="metal", wall=0.2 * size)
        return [
            body.moved((0, 0, 0.2 * size)),
            *milgrain(circle(size * 0.54, 18) + np.array([0, 0, 0.12 * size]), size * 0.07),
        ]
    stone = piece.stone
    if piece.setting == "halo" and stone.cut != "bead" and not plain:
        one = halo_setting(stone.material, stone.cut, size, piece.accent or stone.material, piece.key)
    else:
        one = set_stone(stone.material, stone.cut, size, prongs=0 if piece.setting == "bezel" else 4)
    metal = [part for part in one if part.material == "metal"]
    return moved(one, (0, 0, -min(float(part.corners[..., 2].min()) for part in metal)))


def _tip(piece: Piece, size: float, seed: str) -> list[Part]:
    """Return what sits at the end of a stem or ray, standing on z = 0: an accent, a stone or a ball."""
    if piece.accent is not None:
        return moved(small_stone(piece.accent, size, seed), (0, 0, 0.2 * size))
    if piece.stone is not None and piece.stone.cut != "bead":
        return moved(
            set_stone(piece.stone.material, piece.stone.cut, size, prongs=0, detail=16), (0, 0, 0.2 * size)
        )
    if piece.stone is not None:
        return moved(set_stone(piece.stone.material, "bead", size), (0, 0, 0.35 * size))
    return [ball(size * 0.42, detail=7)]


def _curve(start: Sequence[float], bend: Sequence[float], end: Sequence[float], count: int = 24) -> Array:
    t = np.linspace(0, 1, count)[:, None]
    line: Array = (
        (1 - t) ** 2 * np.asarray(start) + 2 * t * (1 - t) * np.asarray(bend) + t**2 * np.asarray(end)
    )
    return line


def _leaf(length: float, rng: random.Random, style: str) -> Part:
    slim = {"modern": 0.28, "art deco": 0.34, "minimalist": 0.3}.get(style, rng.uniform(0.36, 0.5))
    return blade(
        length,
        length * slim,
        lift=0.09 * length,
        groove=0.05 * length,
        cup=-0.03 * length,
        blunt=rng.uniform(0.75, 1.05),
        rows=13,
        columns=9,
        thickness=0.45,
    )


def _blossom(piece: Piece, size: float, rng: random.Random, centre: float) -> list[Part]:
    """Return a flower that stands on z = 0, the main stone or a boss in its middle."""
    count = rng.choice((5, 5, 6, 8))
    half = size / 2
    petal = blade(
        half,
        min(TAU * half / count * 0.66, half * 0.95),
        cup=0.10 * half,
        lift=0.12 * half,
        groove=0.04 * half,
        blunt=rng.uniform(0.3, 0.5),
        thickness=0.4,
    ).turned(rotation(pitch=rng.uniform(8, 20)))
    turns = about_z(np.arange(count) * 360 / count)
    parts = copies([petal], turns, np.zeros((count, 3)))
    if rng.random() < 0.5:
        parts += copies(
            [petal],
            about_z((np.arange(count) + 0.5) * 360 / count),
            np.tile([0, 0, 0.10 * half], (count, 1)),
            np.full(count, 0.68),
        )
    return parts + moved(_main(piece, centre), (0, 0, 0.06 * half))


def _spray(piece: Piece, rng: random.Random) -> list[Part]:
    width, height = piece.dimensions_mm["width"], piece.dimensions_mm["height"]
    form = pick(
        rng,
        piece.style,
        ("bouquet", "branch", "fan"),
        modern=("grasses", "branch"),
        minimalist=("branch", "grasses"),
        vintage=("bouquet",),
        bohemian=("bouquet", "grasses"),
    )
    root = np.array([-0.12 * width, -0.5 * height, 0.0])
    tie = root + np.array([0.08 * width, 0.2 * height, 0.4])
    parts: list[Part] = []
    size = piece.stone.size_mm if piece.stone else 5.0
    ends: list[tuple[Array, float]] = []
    count = {"bouquet": 5, "branch": 1, "fan": 7, "grasses": 6}[form]
    if form == "branch":
        spine = _curve(root, (0.34 * width, -0.05 * height, 2.0), (0.02 * width, 0.5 * height, 0.6), 40)
        parts.append(tube(spine, width=np.linspace(2.0, 0.8, 40), axis=None, around=9))
        number = rng.choice((7, 9, 11))
        for index in range(number):
            share = 0.16 + 0.80 * index / (number - 1)
            at = along(spine, [share * float(np.linalg.norm(np.diff(spine, axis=0), axis=1).sum())])[0]
            side = 1 if index % 2 else -1
            long = height * rng.uniform(0.24, 0.32) * (1 - 0.45 * share) + 3
            way = rotation(roll=-side * rng.uniform(38, 60) + (share - 0.4) * 20)
            parts += placed(
                [_leaf(long, rng, piece.style)], way @ rotation(pitch=rng.uniform(-4, 10)), tuple(at)
            )
            if index % 3 == 1 or piece.accent:
                spot = at + way @ np.array([side * 1.2, long * 0.5, 0.0]) + np.array([side * 1.6, 0, 0.6])
                parts.append(tube(np.array([at, spot]), width=0.7, axis=None, around=6))
                parts += moved(_tip(piece, min(max(size * 0.55, 2.0), 3.2), str(index)), tuple(spot))
        top = spine[-1]
        parts += moved(_main(piece, size), top + np.array([0, 0.1 * size, 0.2]))
        ends.append((top, size))
        return parts
    for index in range(count):
        spread = (index - (count - 1) / 2) / max((count - 1) / 2, 1)
        turn = spread * (0.62 if form != "fan" else 0.95)
        reach = height * (0.66 - 0.12 * spread**2 + rng.uniform(-0.06, 0.06))
        end = tie + np.array(
            [reach * math.sin(turn) * width / height * 1.15, reach * math.cos(turn), rng.uniform(0.2, 1.4)]
        )
        bend = tie + np.array([spread * 0.02 * width, 0.42 * reach, 0.8])
        parts.append(tube(_curve(tie, bend, end), width=np.linspace(1.3, 0.75, 24), axis=None, around=8))
        foot = root + np.array([spread * -0.16 * width, rng.uniform(-0.03, 0.03) * height, 0])
        parts.append(
            tube(
                _curve(foot, (foot + tie) / 2 + [0, 0, 0.3], tie, 10),
                width=np.linspace(1.0, 1.25, 10),
                axis=None,
                around=8,
            )
        )
        if form == "grasses" and index % 2:
            grain = _leaf(height * 0.36, rng, "modern")
            parts += placed(
                [grain], rotation(roll=-math.degrees(turn) * 1.2), tuple(end - [0, 0.12 * height, 0])
            )
        ends.append((end, turn))
        at = _curve(tie, bend, end)[rng.randrange(8, 13)]
        side = 1 if index % 2 else -1
        if abs(spread) > 0.2 or form == "fan":
            leaf = _leaf(height * rng.uniform(0.2, 0.28), rng, piece.style)
            parts += placed([leaf], rotation(roll=-math.degrees(turn) - side * 44), tuple(at))
    middle = min(range(count), key=lambda index: abs(ends[index][1]))
    for index, (end, _) in enumerate(ends):
        if index == middle or (form == "bouquet" and index % 2 == 0):
            own = index == middle or piece.stone is not None
            wide = (0.44 if index == middle else 0.32) * min(width, height)
            if index == middle:
                parts += moved(_blossom(piece, max(wide, size * 2.3), rng, size), end + np.array([0, 0, 0.8]))
            elif own:
                parts += moved(
                    _blossom(piece, max(wide, size * 1.7), rng, size * 0.72), end + np.array([0, 0, 0.3])
                )
            else:
                parts += moved(_blossom(piece, wide, rng, wide * 0.24), end + np.array([0, 0, 0.3]))
        elif form != "grasses" or index % 2 == 0:
            parts += moved(_tip(piece, min(max(size * 0.6, 2.2), 3.4), str(index)), tuple(end))
    band = tube(circle(0.075 * width, 24, radius_y=1.5), width=2.2, thickness=0.6, closed=True, around=8)
    parts += placed([band.turned(rotation(pitch=90))], np.eye(3), tuple(tie))
    return parts


def _sunburst(piece: Piece, rng: random.Random) -> list[Part]:
    half = 0.5 * min(piece.dimensions_mm["width"], piece.dimensions_mm["height"])
    size = piece.stone.size_mm if piece.stone else half * 0.5
    halo = piece.setting == "halo"
    core = size * (0.62 if not halo else 0.85) + 0.8
    rays = rng.choice((12, 16, 20, 24))
    form = pick(
        rng,
        piece.style,
        ("tapered", "wavy", "stepped", "needles"),
        art_deco=("stepped", "fans"),
        modern=("needles",),
        minimalist=("needles",),
    )
    parts: list[Part] = []
    for index in range(rays):
        level = index % 2 if rays < 20 else (0, 2, 1, 2)[index % 4]
        long = half * (1.0, 0.72, 0.52)[level] if form != "needles" else half * rng.uniform(0.6, 1.0)
        s = np.linspace(0, 1, 14)
        y = core * 0.7 + (long - core * 0.7) * s
        x = 0.06 * half * np.sin(TAU * 1.2 * s) * s if form == "wavy" and level == 0 else 0 * s
        z = 1.0 + 0.8 * np.sin(math.pi * s) * 0.5 - 0.25 * level
        broad = TAU * core / rays * 0.9
        if form == "needles":
            thick, flat = np.full(14, 0.75), np.full(14, 0.75)
        elif form in ("stepped", "fans"):
            thick = (
                broad * (1.2 - 0.35 * np.floor(s * 2.99)) if form == "stepped" else broad * (0.5 + 1.3 * s)
            )
            flat = np.full(14, 0.9)
        else:
            thick, flat = broad * 1.1 * (1 - s) ** 0.7 + 0.3, 1.5 * (1 - 0.7 * s)
        ray = tube(
            np.column_stack([x, y, z]),
            width=flat,
            thickness=thick,
            axis=(0, 0, 1),
            around=10,
            squareness=0.45 if form in ("stepped", "fans") else 1.15,
        )
        way = rotation(roll=index * 360 / rays)
        made = [ray]
        if level == 0 or (form == "needles" and index % 3 == 0):
            tip = _tip(piece, max(min(half * 0.11, 2.6), 1.6), str(index))
            made += moved(tip, (float(x[-1]), float(y[-1]), float(z[-1]) - 0.1))
        elif form != "needles":
            made.append(ball(0.55, detail=5).moved((0, float(y[-1]), float(z[-1]))))
        parts += placed(made, way, (0, 0, 0))
    disc = mound(
        circle(core, 44)[:, :2], [(0, 0.2), (1.0, 0.2), (1.06, 1.0), (1.0, 1.9), (0.9, 2.2), (0.0, 2.4)]
    )
    parts += [disc, *milgrain(circle(core * 1.03, max(int(core * 8), 16)) + np.array([0, 0, 1.95]), 0.36)]
    parts += moved(_main(piece, size if piece.stone else core * 1.2), (0, 0, 2.1))
    return parts


def _bar(piece: Piece, rng: random.Random) -> list[Part]:
    long = piece.dimensions_mm["width"] * 1.15
    half = long / 2
    form = pick(
        rng,
        piece.style,
        ("knife", "navette", "filigree"),
        art_deco=("deco", "navette"),
        vintage=("filigree", "navette"),
        modern=("slant", "twin"),
        minimalist=("twin", "knife"),
        bohemian=("rope", "filigree"),
    )
    size = piece.stone.size_mm if piece.stone else 4.0
    x = np.linspace(-half, half, 40)
    line = np.column_stack([x, 0 * x, 0 * x + 0.8])
    parts: list[Part] = []
    tall = max(size * 1.5, 5.0)
    match form:
        case "knife":
            parts.append(
                tube(
                    line,
                    width=1.8,
                    thickness=1.2 + 1.6 * np.cos(x / half * math.pi / 2) ** 2,
                    axis=(0, 0, 1),
                    around=12,
                    squareness=1.2,
                )
            )
        case "twin":
            for side in (-1, 1):
                rail = line + np.array([side * 0.04 * long, side * size * 0.42, 0])
                parts.append(tube(rail, width=1.3, axis=(0, 0, 1), around=12, squareness=0.6))
            for at in np.linspace(-0.40 * long, 0.40 * long, 5):
                rung = np.array([[at, -size * 0.5, 0.6], [at, size * 0.5, 0.6]])
                parts.append(tube(rung, width=0.9, around=8))
        case "slant":
            way = rotation(roll=rng.uniform(10, 24))
            parts += placed(
                [tube(line, width=1.4, thickness=3.0, axis=(0, 0, 1), around=20, squareness=0.3)],
                way,
                (0, 0, 0),
            )
            parts += placed(
                [tube(line * [0.6, 1, 1], width=1.6, axis=(0, 0, 1), around=12, squareness=0.5)],
                way,
                (0.1 * long, -3.4, 0),
            )
            for at in (-0.1, 0.05, 0.2):
                spot = way @ np.array([at * long, 0, 0])
                parts.append(
                    tube(
                        np.array([[spot[0], spot[1], 0.6], [spot[0] + 0.9, spot[1] - 3.2, 0.6]]),
                        width=0.9,
                        around=8,
                    )
                )
        case "rope":
            t = np.linspace(0, 1, 220)
            for phase in (0.0, TAU / 3, 2 * TAU / 3):
                turn = TAU * 9 * t + phase
                parts.append(
                    tube(
                        np.column_stack([(t - 0.5) * long, 0.85 * np.cos(turn), 1.0 + 0.85 * np.sin(turn)]),
                        width=1.5,
                        axis=None,
                        around=8,
                    )
                )
            parts += [ball(1.9, detail=9).moved((side * half, 0, 1.0)) for side in (-1, 1)]
        case _:
            turn = np.linspace(0, TAU, 80, endpoint=False)
            lying = np.array([[0.0, 1.0], [-1.0, 0.0]])
            if form == "navette":
                pointed = tall / 2 * np.sin(turn) * (1 - 0.35 * np.cos(turn) ** 2)
                outline = np.column_stack([half * np.cos(turn), pointed])
            elif form == "deco":
                outline = (cut_outline("emerald", 64) @ lying) * [long, tall / 0.72]
            else:
                outline = (cut_outline("cushion", 72) @ lying) * [long, tall / 0.92]
            path = np.column_stack([outline, np.full(len(outline), 0.7)])
            parts.append(tube(path, width=1.5, thickness=1.0, closed=True, around=10, squareness=0.7))
            if form == "deco":
                for share in (0.86, 0.72):
                    parts.append(
                        tube(
                            path * [share + 0.06, share, 1],
                            width=1.1,
                            thickness=0.6,
                            closed=True,
                            around=8,
                            squareness=0.6,
                        )
                    )
                parts.append(mound(outline * 0.7, [(0, 0.2), (1, 0.2), (1, 0.7), (0, 0.8)]))
            else:
                parts += _filigree(half, tall, rng)
                parts += milgrain(np.column_stack([outline[::2], np.full(len(outline[::2]), 1.45)]), 0.34)
    parts += moved(_main(piece, size), (0, 0, 1.0))
    reach = size * (0.62 if piece.setting != "halo" else 0.9)
    row = rng.choice((1, 2, 3))
    for side in (-1, 1):
        for index in range(row):
            at = reach + (half * 0.86 - reach) * (index + 1) / (row + 0.35)
            if form == "slant":
                break
            wide = min(max(size * 0.62 * (1 - 0.14 * index), 1.8), half * 0.42 / row)
            own = piece.stone is not None and index % 2 == 0 and piece.accent is None
            one = _main(piece, wide, plain=True) if own else _tip(piece, wide, f"{side}{index}")
            parts += moved(one, (side * at, 0, 1.0))
    return parts


def _filigree(half: float, tall: float, rng: random.Random) -> list[Part]:
    """Return scrolls of wire that fill a long frame."""
    parts: list[Part] = []
    count = max(int(half / (tall * 0.62)), 2)
    t = np.linspace(0, 1, 30)
    tight = rng.uniform(1.1, 1.5)
    for side in (-1, 1):
        for index in range(count):
            middle = side * half * (index + 0.75) / (count + 0.35)
            room = tall * 0.42 * math.sqrt(max(1 - (middle / half) ** 2 * 0.62, 0.2))
            for up in (-1, 1):
                radius = room * 0.52 * (1 - 0.75 * t)
                turn = TAU * tight * t
                curl = np.column_stack(
                    [
                        middle + side * radius * np.sin(turn),
                        up * (room * 0.50 - radius * np.cos(turn)),
                        0 * t + 0.75,
                    ]
                )
                parts.append(tube(curl, width=np.linspace(0.75, 0.45, 30), axis=(0, 0, 1), around=7))
            parts.append(ball(0.5, detail=5).moved((middle, 0, 0.9)))
    spine = np.array([[-half * 0.97, 0, 0.55], [half * 0.97, 0, 0.55]])
    parts.append(tube(spine, width=0.8, axis=(0, 0, 1), around=8))
    return parts


def _wreath(piece: Piece, rng: random.Random) -> list[Part]:
    width, height = piece.dimensions_mm["width"], piece.dimensions_mm["height"]
    rx, ry = 0.40 * width, 0.40 * min(height, width * 1.15)
    form = pick(
        rng,
        piece.style,
        ("laurel", "flowers", "ribboned"),
        modern=("rings", "laurel"),
        minimalist=("laurel",),
        art_deco=("rings", "buckle"),
    )
    parts: list[Part] = []
    size = piece.stone.size_mm if piece.stone else 3.8
    rim = circle(rx, 90, radius_y=ry)
    parts.append(tube(rim + np.array([0, 0, 0.5]), width=1.2, closed=True, around=9))
    if form in ("rings", "buckle"):
        parts.append(
            tube(
                rim * [0.80, 0.80, 1] + np.array([0, 0, 0.5]),
                width=1.1,
                closed=True,
                around=9,
                squareness=0.7,
            )
        )
        count = rng.choice((16, 20, 24))
        bar = np.array([[0, 0.78, 0], [0, 1.02, 0]])
        for index in range(count):
            turn = rotation(roll=index * 360 / count)
            ends = (bar @ turn.T) * [rx, ry, 1] + np.array([0, 0, 0.5])
            parts.append(tube(ends, width=0.8, axis=(0, 0, 1), around=7))
        seats = rng.choice((4, 6, 8))
        for index in range(seats):
            angle = TAU * (index + 0.5) / seats + TAU / 4
            spot = (0.9 * rx * math.cos(angle), 0.9 * ry * math.sin(angle), 0.6)
            one = (
                _main(piece, size * (0.95 if index % 2 == 0 else 0.7), plain=True)
                if index % 2 == 0 or piece.accent is None
                else _tip(piece, size * 0.6, str(index))
            )
            parts += moved(one, spot)
        return parts
    count = rng.choice((18, 22, 26))
    gap = 0.0 if form != "laurel" or rng.random() < 0.4 else 0.5
    leaf = _leaf(TAU * (rx + ry) / 2 / count * rng.uniform(2.0, 2.5), rng, piece.style)
    seats = rng.choice((5, 6, 7)) if form != "flowers" else 5
    for index in range(count):
        # Laurel grows up both sides from the bottom.
        share = (index // 2 + 0.5) / (count / 2)
        side = 1 if index % 2 else -1
        angle = -TAU / 4 + side * share * (math.pi - gap)
        at = np.array([rx * math.cos(angle), ry * math.sin(angle), 0.5])
        heading = math.degrees(angle) + (0 if side > 0 else 180)
        for lean in (-34, 34):
            way = rotation(roll=heading + lean) @ rotation(pitch=8.0)
            parts.append(leaf.turned(way).moved(at))
    for index in range(seats):
        angle = TAU * index / seats + TAU / 4 + math.pi
        if gap and index == 0 and form == "laurel":
            continue
        spot = (rx * math.cos(angle), ry * math.sin(angle), 1.2)
        if form == "flowers":
            flower = _blossom(piece, max(size * 2.2, rx * 0.55), rng, size * 0.9)
            parts += moved(flower, spot)
        else:
            one = (
                _main(piece, size, plain=True)
                if index % 2 == 0 or piece.accent is None
                else _tip(piece, size * 0.7, str(index))
            )
            parts += moved(one, spot)
    if form == "ribboned":
        bow, _ = motif("bow", rx * 1.05, None, None, rng)
        parts += moved(bow, (0, -ry * 1.02, 1.0))
    return parts


def _motif(piece: Piece, rng: random.Random) -> list[Part]:
    size = max(piece.dimensions_mm["width"], piece.dimensions_mm["height"]) * 0.92
    main, _ = motif(piece.motif or "flower", size, piece.stone, piece.accent, rng, setting=piece.setting)
    parts = list(main)
    if piece.style in ("modern", "bohemian") and rng.random() < 0.4:
        # A smaller one of its kind beside it.
        other, _ = motif(piece.motif or "flower", size * 0.5, None, None, rng)
        side = rng.choice((-1, 1))
        (left, right), (low, _) = span(parts, 0), span(parts, 1)
        at = (right if side > 0 else left) * 0.78
        parts += placed(other, rotation(roll=-side * 18), (at, low * 0.5, 0.02 * size))
    return parts
