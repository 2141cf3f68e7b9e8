"""Watches: the case with its dial towards +z and twelve o'clock at +y, and the strap from its lugs.

Off the wrist the strap falls back a little or closes round a cushion; on it the whole is turned to the arm.
"""

import math
import random
from collections.abc import Callable, Sequence

import numpy as np

from sample_feeds.pieces import Cut, Piece
from sample_feeds.rendering.chains import (
    about_z,
    along,
    circle_section,
    copies,
    frames,
    path_length,
    ribbon,
    swept,
)
from sample_feeds.rendering.fittings import set_stone
from sample_feeds.rendering.models import Model
from sample_feeds.rendering.models.mountings import line_stone, moved, pick, round_balls, turned
from sample_feeds.rendering.shapes import (
    SMOOTH_STONES,
    TAU,
    Array,
    Part,
    ball,
    circle,
    plate,
    rotation,
    tube,
    unit,
)
from sample_feeds.rendering.turning import flat, lofted, rounded_square

WRIST_RATIO = 1.2
_PALE = frozenset({"white", "champagne"})
# Columns: where local x (the crown), y (twelve o'clock) and z (the dial) go on a wrist whose axis is z.
_ON_WRIST = np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]])


def build(piece: Piece, *, worn: bool) -> Model:
    """Return the model of a watch, shown from its front or closed round a wrist."""
    rng = random.Random(piece.key)  # noqa: S311 - a piece's own form, not a secret
    radius = piece.dimensions_mm["diameter"] / 2
    thick = min(piece.dimensions_mm["thickness"], 9.0) * 0.85
    shape = _shape(piece, rng)
    outline = _outline(shape, radius)
    half_height = float(outline[:, 1].max())
    parts, front = _case(piece, rng, outline, shape, thick)
    parts += _dial(piece, rng, outline, shape, front - 0.9)
    body = 25.0
    lug = (
        rng.uniform(0.5, 0.6)
        * 2
        * radius
        * (0.8 if shape == "tonneau" else 0.92 if shape == "square" else 1.0)
    )
    parts += _lugs(lug, half_height, thick)
    strap_line = _strap_line(rng, half_height, thick, body, worn=worn)
    makers: dict[str, Callable[[Piece, random.Random, Sequence[Array], float], list[Part]]] = {
        "leather": _leather,
        "bracelet": _bracelet,
        "mesh": _mesh,
    }
    parts += makers[piece.strap or "leather"](piece, rng, strap_line, lug)
    focus = np.array([0.0, 0.0, thick / 2])
    if worn:
        # The back of the case lies on the skin.
        parts = moved(parts, (0, 0, body + 0.2 + thick / 2))
        parts = turned(parts, _ON_WRIST)
        focus = np.array([0.0, body + thick, 0.0])
    return Model(
        parts=tuple(parts),
        focus=(float(focus[0]), float(focus[1]), float(focus[2])),
        focus_radius=radius * 1.1,
        worn_on="wrist",
        body_radius=body,
    )


def _shape(piece: Piece, rng: random.Random) -> str:
    if piece.design == "chronograph":
        return "round"
    return pick(
        rng, piece.style, ("round", "round", "round", "square", "tonneau"),
        art_deco=("square", "tonneau", "tonneau", "round"), minimalist=("round", "round", "square"),
    )  # fmt: skip


def _outline(shape: str, radius: float) -> Array:
    if shape == "square":
        return rounded_square(radius * 0.9, radius * 0.94, radius * 0.26)
    if shape == "tonneau":
        angle = np.linspace(0, TAU, 80, endpoint=False)
        cosine, sine = np.cos(angle), np.sin(angle)
        x = np.sign(cosine) * np.abs(cosine) ** 0.5 * radius * 0.82 * (1 - 0.16 * sine**2)
        return np.column_stack([x, np.sign(sine) * np.abs(sine) ** 0.55 * radius * 1.08])
    return circle(radius, 80)[:, :2]


def _case(
    piece: Piece, rng: random.Random, outline: Array, shape: str, thick: float
) -> tuple[list[Part], float]:
    """Return the case with bezel and crown, and the height of the glass's seat."""
    radius = float(np.abs(outline[:, 0]).max())
    wide = radius * {"dress": 0.1, "classic": 0.13, "chronograph": 0.17}[piece.design]
    half = thick / 2
    sporty = piece.design == "chronograph" or (
        piece.design == "classic" and rng.random() < 0.3 and shape == "round"
    )
    if piece.stone is not None:
        wide = max(wide, min(piece.stone.size_mm, radius * 0.16) + 0.5)
    rise = 0.8 if piece.stone is None else 0.35
    profile = [
        (radius * 0.45, -half), (radius * 0.2, -half), (radius * 0.1, -half + 0.5), (0.25, -half * 0.35),
        (0.0, -half * 0.15), (0.0, half * 0.4), (0.3, half * 0.55), (0.45, half * 0.6),
        (0.42, half * 0.72), (0.62, half * 0.86), (0.9, half + rise * 0.6), (wide * 0.6, half + rise),
        (wide, half + rise * 0.75), (wide + 0.25, half + rise * 0.4), (wide + 0.3, half - 1.0),
    ]  # fmt: skip
    back = flat(outline * 0.75, 0.0, "metal").turned(rotation(yaw=180)).moved((0, 0, -half))
    parts = [lofted(outline, profile), back]
    front = half + rise * 0.4
    if piece.stone is not None:
        parts += _set_bezel(piece, outline, wide, half + rise * 0.82)
    elif sporty:
        # A scale on the bezel: enamelled ring with pips.
        shade = "black" if piece.dial in ("black", "white", "champagne") else piece.dial or "black"
        inner = 1 - wide / radius
        ring = flat(outline * 0.955, half + rise + 0.06, f"enamel:{shade}", hole=(inner + 0.02) / 0.955)
        parts.append(ring)
        pips = circle(radius * (0.955 + inner) / 2, 12) + np.array([0, 0, half + rise + 0.08])
        parts.append(round_balls(radius * 0.017, pips, detail=3))
        pip = round_balls(radius * 0.04, pips[:1], detail=5)
        parts.append(Part(material="hands", corners=pip.corners, normals=pip.normals))
    elif shape == "round" and piece.style in ("classic", "vintage") and rng.random() < 0.5:
        # A fluted bezel.
        angle = np.linspace(0, TAU, 72, endpoint=False)
        groove = tube(
            np.array([[0, -wide * 0.42, 0], [0, wide * 0.42, 0]]),
            width=radius * 0.07,
            axis=(1, 0, 0),
            around=6,
        )
        places = np.column_stack([-np.sin(angle), np.cos(angle), 0 * angle]) * (radius - wide * 0.58)
        parts += copies([groove], about_z(np.degrees(angle)), places + np.array([0, 0, half + rise * 0.75]))
    parts += _crown(piece, rng, radius, half)
    return parts, front


def _set_bezel(piece: Piece, outline: Array, wide: float, height: float) -> list[Part]:
    stone = piece.stone
    assert stone is not None  # noqa: S101 - asked for by pieces with stones only
    size = min(stone.size_mm, wide)
    # Bezels are set with round stones, whatever the cut of the others: cabochons and beads stay smooth.
    cut: Cut = (
        "cabochon"
        if stone.material.partition(":")[0] in SMOOTH_STONES or stone.cut in ("cabochon", "bead")
        else "round"
    )
    head = set_stone(stone.material, cut, size, detail=10, prongs=0)
    rim = outline * (1 - wide * 0.52 / np.linalg.norm(outline, axis=1, keepdims=True))
    rim = np.column_stack([rim, np.full(len(rim), height)])
    closed = np.vstack([rim, rim[:1]])
    count = max(int(path_length(closed) / (size * 1.06)), 12)
    if not piece.accent and count > 44:
        count = 44
    stations = (np.arange(count) + 0.5) * path_length(closed) / count
    turns = frames(closed, stations, (0, 0, 1))
    places = along(closed, stations)
    other = (np.arange(count) % 2 == 1) & bool(piece.accent)
    made = copies(head, turns[~other], places[~other])
    if other.any() and piece.accent:
        made += copies(
            set_stone(piece.accent, "round", size, detail=10, prongs=0), turns[other], places[other]
        )
    return made


def _crown(piece: Piece, rng: random.Random, radius: float, half: float) -> list[Part]:
    size = max(radius * 0.13, 1.5)

    def knob(long: float, wide: float) -> list[Part]:
        body = tube(np.array([[0, 0, 0], [long, 0, 0]]), width=wide * 2, axis=(0, 1, 0), around=16)
        angle = np.linspace(0, TAU, 18, endpoint=False)
        ridge = tube(
            np.array([[0.15 * long, 0, 0], [0.9 * long, 0, 0]]), width=wide * 0.3, axis=(0, 1, 0), around=5
        )
        ridges = copies([ridge], np.eye(3), np.column_stack([0 * angle, np.cos(angle), np.sin(angle)]) * wide)
        cap = (
            plate(circle(wide * 1.05, 24)[:, :2], thickness=0.4, bevel=0.3)
            .turned(rotation(yaw=90))
            .moved((long, 0, 0))
        )
        return [body, *ridges, cap]

    made = moved(knob(size * 1.35, size), (radius - 0.4, 0, -half * 0.05))
    if piece.style in ("vintage", "art deco") and piece.stone is not None and rng.random() < 0.6:
        tip = line_stone(piece, size * 1.1, cut="cabochon" if piece.stone.cut != "bead" else "bead", prongs=0)
        made += moved(turned(tip, rotation(yaw=90)), (radius + size, 0, -half * 0.05))
    if piece.design == "chronograph":
        for sign in (-1, 1):
            turn = rotation(roll=sign * 27)
            stem = [
                tube(
                    np.array([[radius - 0.5, 0, 0], [radius + size * 0.7, 0, 0]]),
                    width=size * 0.8,
                    axis=(0, 1, 0),
                    around=10,
                )
            ]
            stem += moved(
                [
                    tube(
                        np.array([[0, 0, 0], [size * 0.7, 0, 0]]), width=size * 1.5, axis=(0, 1, 0), around=14
                    )
                ],
                (radius + size * 0.55, 0, 0),
            )
            stem += [
                plate(circle(size * 0.75, 20)[:, :2], thickness=0.3, bevel=0.2)
                .turned(rotation(yaw=90))
                .moved((radius + size * 1.25, 0, 0))
            ]
            made += turned(stem, turn)
    return made


def _dial(piece: Piece, rng: random.Random, outline: Array, shape: str, z: float) -> list[Part]:
    """Return the dial with what is on it: indices, hands, and a chronograph's small dials."""
    radius = float(np.abs(outline[:, 0]).max())
    colour = piece.dial or "white"
    pale = colour in _PALE
    face = outline * 0.9
    parts = [flat(face, z, f"enamel:{colour}")]
    # The sloping ring between dial and glass.
    parts.append(lofted(outline * 0.93, [(0.0, z + 0.85), (radius * 0.09, z + 0.05)]))
    mark = "hands" if not pale else rng.choice(("hands", "enamel:black", "metal"))
    marks: list[Part] = []
    form = pick(
        rng,
        piece.style,
        ("batons", "batons", "dots", "romans"),
        minimalist=("batons", "thin", "dots"),
        modern=("thin", "batons", "dots"),
        art_deco=("romans", "batons"),
        vintage=("romans", "dots", "batons"),
    )  # fmt: skip
    if piece.design == "chronograph":
        form = "batons"
    count = 12
    angle = np.arange(count) * TAU / count
    ray = np.column_stack([np.sin(angle), np.cos(angle)])
    reach = _reach(outline * 0.78, ray)
    places = np.column_stack([ray * reach[:, None], np.full(count, z)])
    turns = about_z(-np.degrees(angle))
    long = radius * {"batons": 0.15, "thin": 0.11, "dots": 0.0, "romans": 0.17}[form]
    if form in ("batons", "thin"):
        wide = radius * (0.05 if form == "batons" else 0.026)
        marks.append(_bar(long, wide, 0.35, taper=rng.choice((1.0, 0.6))).moved((0, -long, 0)))
        double = [marks[0].moved((-wide * 0.75, 0, 0)), marks[0].moved((wide * 0.75, 0, 0))]
        made = copies(marks, turns[1:], places[1:]) + copies(double, turns[:1], places[:1])
    elif form == "dots":
        made = [round_balls(radius * 0.034, places + np.array([0, 0, 0.1]), detail=5)]
        bar = _bar(radius * 0.14, radius * 0.045, 0.35, taper=1.0).moved((0, -radius * 0.1, 0))
        made += copies([bar], turns[::3], places[::3])
    else:
        made = []
        for hour in range(count):
            made += copies(
                _roman(hour or 12, long),
                turns[[hour]],
                places[[hour]] - np.column_stack([ray[[hour]] * long / 2, [0.0]]),
            )
    parts += [Part(material=mark, corners=part.corners, normals=part.normals) for part in made]
    parts.append(_minutes(outline * 0.83, radius, z + 0.04, "enamel:black" if pale else "enamel:white"))
    blued = (
        "enamel:blue"
        if colour == "white" and piece.style in ("classic", "vintage") and rng.random() < 0.4
        else None
    )
    hands = blued or ("hands" if mark != "enamel:black" else "enamel:black")
    if piece.design == "chronograph":
        parts += _small_dials(piece, rng, radius, z, pale, hands)
    elif piece.design == "classic" and rng.random() < 0.6:
        at = float(_reach(outline * 0.66, np.array([[1.0, 0.0]]))[0])
        window = rounded_square(radius * 0.085, radius * 0.07, radius * 0.015, steps=3)
        parts.append(flat(window * 1.25, z + 0.05, hands).moved((at, 0, 0)))
        parts.append(flat(window, z + 0.08, "paper").moved((at, 0, 0)))
        digit = rounded_square(radius * 0.012, radius * 0.045, radius * 0.004, steps=2)
        parts += [
            flat(digit, z + 0.1, "enamel:black").moved((at + side * radius * 0.03, 0, 0)) for side in (-1, 1)
        ]
    if piece.design != "chronograph" and rng.random() < 0.7:
        # Where a maker's name would stand.
        name = rounded_square(radius * 0.13, radius * 0.014, radius * 0.006, steps=2)
        parts.append(
            flat(name, z + 0.05, "enamel:black" if pale else "hands").moved(
                (0, float(_reach(outline * 0.42, np.array([[0.0, 1.0]]))[0]), 0)
            )
        )
    parts += _hands(piece, rng, radius * (0.92 if shape == "tonneau" else 1.0), z, hands)
    return parts


def _reach(outline: Array, ray: Array) -> Array:
    """Return how far rays from the middle, ``(k, 2)`` of unit length, run to an outline."""
    around = np.arctan2(outline[:, 1], outline[:, 0])
    order = np.argsort(around)
    distance = np.linalg.norm(outline, axis=1)
    found: Array = np.interp(np.arctan2(ray[:, 1], ray[:, 0]), around[order], distance[order], period=TAU)
    return found


def _bar(long: float, wide: float, thick: float, *, taper: float) -> Part:
    """Return an applied index or a hand's blade: from the origin along y, roofed, lying on z = 0."""
    end = wide * taper / 2
    base = np.array([[-wide / 2, 0, 0], [wide / 2, 0, 0], [end, long, 0], [-end, long, 0]])
    ridge = np.array([[0, wide * 0.3, thick], [0, long - wide * 0.3, thick]])
    quads = np.array(
        [
            [base[0], ridge[0], ridge[1], base[3]],
            [base[1], base[2], ridge[1], ridge[0]],
            [base[0], base[1], ridge[0], ridge[0]],
            [base[2], base[3], ridge[1], ridge[1]],
        ]
    )
    way = unit(np.cross(quads[:, 1] - quads[:, 0], quads[:, 2] - quads[:, 0]))
    way = np.where(way[:, 2:] < 0, -way, way)
    return Part(material="hands", corners=quads, normals=np.repeat(way[:, None], 4, axis=1))


def _roman(hour: int, tall: float) -> list[Part]:
    """Return an hour in Roman numerals about the origin, upright, raised a little."""
    text = {
        1: "I",
        2: "II",
        3: "III",
        4: "IIII",
        5: "V",
        6: "VI",
        7: "VII",
        8: "VIII",
        9: "IX",
        10: "X",
        11: "XI",
        12: "XII",
    }[hour]
    widths = {"I": 0.26, "V": 0.55, "X": 0.55}
    whole = sum(widths[letter] for letter in text)
    x = -whole / 2
    made = []
    for letter in text:
        middle = (x + widths[letter] / 2) * tall
        x += widths[letter]
        strokes = {"I": ((0.0, 0.0),), "V": ((-0.17, 0.0), (0.17, 0.0)), "X": ((-0.17, 0.17), (0.17, -0.17))}[
            letter
        ]
        for high, low in strokes:
            line = np.array([[middle + low * tall, -tall / 2, 0.05], [middle + high * tall, tall / 2, 0.05]])
            made.append(tube(line, width=tall * 0.1, thickness=tall * 0.1, around=6))
    return made


def _minutes(outline: Array, radius: float, z: float, material: str) -> Part:
    angle = np.arange(60) * TAU / 60
    ray = np.column_stack([np.sin(angle), np.cos(angle)])
    reach = _reach(outline, ray)
    long = np.where(np.arange(60) % 5 == 0, radius * 0.05, radius * 0.03)
    side = np.column_stack([ray[:, 1], -ray[:, 0]]) * radius * 0.006
    inner, outer = ray * (reach - long)[:, None], ray * reach[:, None]
    corners = np.stack([inner - side, outer - side, outer + side, inner + side], axis=1)
    corners = np.concatenate([corners, np.full((60, 4, 1), z)], axis=2)
    return Part(
        material=material, corners=corners, normals=np.broadcast_to(np.array([0.0, 0.0, 1.0]), corners.shape)
    )


def _small_dials(
    piece: Piece, rng: random.Random, radius: float, z: float, pale: bool, hands: str
) -> list[Part]:
    places = rng.choice(
        (
            ((-0.42, 0.0), (0.42, 0.0), (0.0, -0.42)),
            ((-0.42, 0.0), (0.42, 0.0)),
            ((0.0, 0.42), (-0.42, 0.0), (0.0, -0.42)),
        )
    )
    contrast = rng.choice(("black" if pale else "white", piece.dial or "white"))
    size = radius * 0.235
    made = []
    for x, y in places:
        at = (x * radius, y * radius, 0.0)
        small = [flat(circle(size, 40)[:, :2], z + 0.06, f"enamel:{contrast}")]
        small.append(
            tube(circle(size, 40), width=0.16, closed=True, around=5, material="hands").moved(
                (0, 0, z + 0.08)
            )
        )
        pale_small = contrast in _PALE
        small.append(
            _minutes(
                circle(size * 0.92, 40)[:, :2],
                size * 2.2,
                z + 0.09,
                "enamel:black" if pale_small else "enamel:white",
            )
        )
        hand = _bar(size * 0.78, size * 0.12, 0.2, taper=0.4).moved((0, -size * 0.12, 0))
        small.append(hand.turned(rotation(roll=rng.uniform(0, 360))).moved((0, 0, z + 0.1)))
        colour = "enamel:black" if pale_small else "hands" if contrast == piece.dial else hands
        small[-1] = Part(
            material=colour if colour != "enamel:black" or pale_small else "hands",
            corners=small[-1].corners,
            normals=small[-1].normals,
        )
        small.append(ball(size * 0.09, detail=4, material="hands").moved((0, 0, z + 0.15)))
        made += moved(small, at)
    return made


def _hands(piece: Piece, rng: random.Random, radius: float, z: float, material: str) -> list[Part]:
    # Ten past ten, more or less, as watches are photographed: the hands frame the maker's name.
    minute = rng.uniform(7.5, 11.0)
    angles = (-(300 + minute / 2), -minute * 6)
    slim = piece.style in ("minimalist", "modern")
    taper = rng.choice((0.25, 0.9)) if not slim else 1.0
    made = []
    for angle, long, wide, height in ((angles[0], 0.46, 0.075, 0.5), (angles[1], 0.68, 0.055, 0.68)):
        wide = wide * (0.55 if slim else 1.0)
        hand = _bar(radius * (long + 0.12), radius * wide, 0.22, taper=taper).moved((0, -radius * 0.12, 0))
        made.append(hand.turned(rotation(roll=angle)).moved((0, 0, z + height)))
    if piece.design != "dress":
        second = _bar(radius * 0.92, radius * 0.022, 0.1, taper=0.7).moved((0, -radius * 0.2, 0))
        made.append(second.turned(rotation(roll=-rng.uniform(150, 235))).moved((0, 0, z + 0.86)))
    made.append(ball(radius * 0.045, detail=6).moved((0, 0, z + 0.85)))
    return [Part(material=material, corners=part.corners, normals=part.normals) for part in made]


def _lugs(lug: float, half_height: float, thick: float) -> list[Part]:
    made = []
    for sx in (-1, 1):
        t = np.linspace(0, 1, 8)
        x = sx * (lug / 2 + 0.75 + 0.35 * (1 - t))
        line = np.column_stack(
            [x, half_height * 0.6 + (half_height * 0.4 + 1.9) * t, thick * 0.12 - thick * 0.5 * t**1.6]
        )
        made.append(
            tube(
                line,
                width=np.linspace(2.0, 1.5, 8),
                thickness=np.linspace(thick * 0.55, thick * 0.34, 8),
                axis=(1, 0, 0),
                around=12,
                squareness=0.5,
            )
        )
        tip = ball(0.85, detail=6).moved(line[-1])
        made.append(tip)
    bar = tube(np.array([[-lug / 2 - 0.5, 0, 0], [lug / 2 + 0.5, 0, 0]]), width=1.1, axis=(0, 1, 0), around=8)
    made.append(bar.moved((0, half_height + 1.1, -thick * 0.3)))
    return made + turned(made, rotation(roll=180))


def _strap_line(
    rng: random.Random, half_height: float, thick: float, body: float, *, worn: bool
) -> Sequence[Array]:
    """Return the lines of both halves in the yz plane, from the bars at twelve and at six, ``(m, 3)``."""
    start = np.array([0.0, half_height + 0.9, -thick * 0.3])
    flip = np.array([1.0, -1.0, 1.0])
    closed = worn or rng.random() < 0.3
    if not closed:
        reach = half_height * rng.uniform(0.75, 1.25) + 5.0
        t = np.linspace(0, 1, 40)
        sag = reach * rng.uniform(0.16, 0.34)
        line = start + np.column_stack([0 * t, reach * (t - 0.12 * t**3), -sag * t**1.8])
        return line, line * flip
    # Round the wrist, whose middle lies below the case; round a cushion off it.
    depth = body + 0.2 + thick / 2
    wide = WRIST_RATIO * body + 1.6
    low = body + 1.6
    angle = np.linspace(math.pi / 2, -math.pi / 2, 120)
    oval = np.column_stack([0 * angle, wide * np.cos(angle), low * np.sin(angle) - depth])
    # From the lug straight to where a line touches the oval: what would lie above that is not strap.
    tangent = int(np.argmax(oval[:, 1] > start[1] + 1.0))
    best = max(
        range(tangent, 60),
        key=lambda index: math.atan2(oval[index, 2] - start[2], oval[index, 1] - start[1]),
    )
    line = np.vstack([start, oval[best:]])
    line = along(line, np.linspace(0, path_length(line), 70))
    # The tongue runs on past the buckle, outside the other half.
    angle = np.linspace(0, -0.55, 12)[1:]
    lift = 1 + 0.09 * np.linspace(0, 1, 11) ** 0.6
    beyond = np.column_stack([0 * angle, wide * np.sin(angle) * lift, -low * np.cos(angle) * lift - depth])
    tongue = np.vstack([line, beyond * flip])
    return line, along(tongue, np.linspace(0, path_length(tongue), 84)) * flip


def _equal(lines: Sequence[Array]) -> Sequence[Array]:
    """Return both lines as long as the first: metal ends meet, where leather overlaps."""
    reach = path_length(lines[0])
    return lines[0], along(lines[1], np.linspace(0, reach, len(lines[0])))


def _frames_in_plane(line: Array) -> tuple[Array, Array]:
    """Return a line evenly and frames whose local y is the strap's width and local z its outside."""
    even = np.linspace(0, path_length(line), len(line))
    points = along(line, even)
    onward = unit(np.gradient(points, axis=0))
    across = np.tile([1.0, 0.0, 0.0], (len(points), 1))
    face = np.cross(onward, across)
    # Outside is away from the wrist: at the lug it looks towards the viewer.
    if face[0, 2] < 0:
        across, face = -across, -face
    return points, np.stack([onward, across, face], axis=2)


def _leather(piece: Piece, rng: random.Random, lines: Sequence[Array], lug: float) -> list[Part]:
    colour = rng.choice(("leather", "leather", "leather:black"))
    parts: list[Part] = []
    padded = rng.choice((0.9, 1.5)) if piece.style not in ("minimalist", "modern") else 0.6
    stitched = rng.random() < 0.75
    tail = rng.uniform(0.74, 0.9)
    for half, line in enumerate(lines):
        points, turns = _frames_in_plane(line)
        count = len(points)
        share = np.linspace(0, 1, count)
        width = (lug - 0.5) * (1 - (1 - tail) * share)
        if half == 1:
            # The longer half ends in a tongue.
            width = width * np.sqrt(np.clip(1 - ((share - 0.93) / 0.075).clip(0, 1) ** 2, 0.12, 1))
        base = circle_section(0.5, 24, squareness=0.35)
        height = 1.7 + padded * (1 - share) ** 1.5
        section = base[None] * np.stack([width, height], axis=1)[:, None]
        parts.append(swept(points, turns, section, material=colour))
        if stitched:
            step = 2.1
            whole = path_length(points)
            stations = np.arange(2.4, whole - 2.0, step)
            lengths = np.linspace(0, whole, count)
            spots = along(points, stations)
            index = np.searchsorted(lengths, stations).clip(0, count - 1)
            one = tube(
                np.array([[-0.62, 0, 0], [0.62, 0, 0]]),
                width=0.42,
                axis=(0, 1, 0),
                around=6,
                material="thread",
            )
            for side in (-1, 1):
                lift = (height[index] * 0.5 - 0.03)[:, None] * turns[index, :, 2]
                place = spots + turns[index, :, 1] * (side * (width[index] * 0.5 - 1.15))[:, None] + lift
                parts += copies([one], turns[index], place)
        if half == 1:
            holes = np.linspace(0.5, 0.84, 6)
            index = (holes * (count - 1)).astype(int)
            dark = flat(circle(0.62, 14)[:, :2], 0.0, "leather:black")
            rim = tube(circle(0.72, 14), width=0.2, closed=True, around=5, material="leather:black")
            places = points[index] + turns[index, :, 2] * (height[index] * 0.5 + 0.02)[:, None]
            parts += copies([dark, rim], turns[index], places)
        else:
            parts += _buckle(points[-1], turns[-1], float(width[-1]))
            index = int(count * 0.84)
            keeper = tube(
                _band_around(float(width[index]) + 1.0, float(height[index]) + 1.2),
                width=2.6,
                closed=True,
                axis=(1, 0, 0),
                around=8,
                squareness=0.4,
                material=colour,
            )
            parts += copies([keeper], turns[[index]], points[[index]])
    return parts


def _band_around(width: float, height: float) -> Array:
    """Return a closed path round a strap in local y and z, ``(m, 3)``."""
    outline = rounded_square(width / 2, height / 2, min(width, height) * 0.35, steps=5)
    return np.column_stack([np.zeros(len(outline)), outline])


def _buckle(end: Array, turn: Array, width: float) -> list[Part]:
    rim = rounded_square(3.4, width / 2 + 1.3, 1.4, steps=5)
    frame = tube(np.column_stack([rim, np.zeros(len(rim))]), width=1.5, closed=True, around=9)
    tongue = tube(np.array([[-3.0, 0, 0.5], [3.4, 0, 0.7]]), width=1.1, axis=(0, 1, 0), around=8)
    return copies(moved([frame, tongue], (2.6, 0, 0.2)), turn[None], end[None])


def _bracelet(piece: Piece, rng: random.Random, lines: Sequence[Array], lug: float) -> list[Part]:
    form = pick(
        rng,
        piece.style,
        ("three", "five", "solid"),
        art_deco=("five", "solid"),
        minimalist=("solid", "three"),
    )
    shares = {
        "three": ((-0.35, 0.28), (0.0, 0.38), (0.35, 0.28)),
        "five": ((-0.4, 0.19), (-0.2, 0.19), (0.0, 0.19), (0.2, 0.19), (0.4, 0.19)),
        "solid": ((0.0, 0.98),),
    }[form]
    pitch = {"three": 4.6, "five": 3.1, "solid": 5.2}[form] * rng.uniform(0.92, 1.1)
    parts: list[Part] = []
    for line in _equal(lines):
        points, turns = _frames_in_plane(line)
        whole = path_length(points)
        count = max(int(whole / pitch), 3)
        stations = (np.arange(count) + 0.5) * whole / count
        lengths = np.linspace(0, whole, len(points))
        index = np.searchsorted(lengths, stations).clip(0, len(points) - 1)
        taper = 1 - 0.22 * stations / whole
        for column, (share, wide) in enumerate(shares):
            link = _link(whole / count * 0.97, lug * wide * 0.985, 2.7 if column % 2 else 2.4)
            shift = 0.5 * whole / count if form == "three" and column == 1 else 0.0
            spots = along(points, np.minimum(stations + shift, whole))
            across = turns[index, :, 1] * (share * lug * taper)[:, None]
            frame = turns[index].copy()
            parts += _squeezed(link, frame, spots + across, taper)
    return parts


def _link(long: float, wide: float, thick: float) -> Part:
    """Return a link of a metal bracelet about the origin: rounded along the strap (x), flat-ended in y."""
    path = np.array([[0, -wide / 2, 0], [0, -wide / 2 + 0.25, 0], [0, wide / 2 - 0.25, 0], [0, wide / 2, 0]])
    turn = np.stack(
        [
            np.tile([0.0, 1.0, 0.0], (4, 1)),
            np.tile([1.0, 0.0, 0.0], (4, 1)),
            np.tile([0.0, 0.0, 1.0], (4, 1)),
        ],
        axis=2,
    )
    section = circle_section(0.5, 14, squareness=0.55) * [long, thick]
    return swept(path, turn, section, scale=np.array([0.86, 1.0, 1.0, 0.86]))


def _squeezed(part: Part, turns: Array, places: Array, width: Array) -> list[Part]:
    """Place a link at every station, narrowed across by a factor each."""
    corners = (
        part.corners[None]
        * np.stack([np.ones_like(width), width, np.ones_like(width)], axis=1)[:, None, None]
    )
    corners = np.einsum("kij,knqj->knqi", turns, corners) + places[:, None, None]
    normals = np.einsum("kij,nqj->knqi", turns, part.normals)
    return [
        Part(material=part.material, corners=corners.reshape(-1, 4, 3), normals=normals.reshape(-1, 4, 3))
    ]


def _mesh(piece: Piece, rng: random.Random, lines: Sequence[Array], lug: float) -> list[Part]:
    del piece
    parts: list[Part] = []
    lines = _equal(lines)
    for line in lines:
        points, turns = _frames_in_plane(line)
        band = ribbon(points, lug - 0.4, facing=turns[:, :, 2], thickness=1.4)
        parts.append(band)
        bar = _link(2.8, lug - 0.2, 2.4)
        parts += copies([bar], turns[[1]], points[[1]])
    if rng.random() < 0.8:
        points, turns = _frames_in_plane(lines[1])
        index = int(len(points) * 0.72)
        slide = _link(7.0, lug + 1.0, 3.2)
        parts += copies([slide], turns[[index]], points[[index]])
    return parts
