"""What lies behind and under a piece: papers, tables, cloths, cards and boxes, made of noise.

Knows nothing of pieces and of cameras: a backdrop is a flat picture, and a piece lies on its middle.
Surfaces are made square, then laid under a random perspective and under uneven light.
"""

import colorsys
import math
import random
from collections.abc import Callable, Mapping
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Pixels = NDArray[np.float32]
Colour = tuple[float, float, float]
_T = TypeVar("_T")

_SURFACE = 420  # units along a surface's side: patterns are stated in them, whatever the pixels
_BLURRED_PX = 128


class Source:
    """Random numbers for one surface, and how many pixels a side it is made at."""

    def __init__(self, seed: int, px: int) -> None:
        numbers = np.random.default_rng(seed)
        self.random, self.uniform, self.normal = numbers.random, numbers.uniform, numbers.normal
        self.integers, self.choice = numbers.integers, numbers.choice
        self.standard_normal = numbers.standard_normal
        self.px = px

    @property
    def pixel(self) -> float:
        """How many units a pixel covers."""
        return _SURFACE / self.px


def backdrop(kind: str, size: tuple[int, int], rng: random.Random) -> Pixels:
    """Return a backdrop as sRGB in [0, 1], shape ``(height, width, 3)``; the same for the same random state.

    Args:
        kind: One of ``KINDS``.
        size: Height and width in pixels.
        rng: What is drawn from; its state moves on by the same amount whatever the size.

    Raises:
        ValueError: If there is no such kind.
    """
    if kind not in _MAKERS:
        message = f"no backdrop {kind!r}: one of {', '.join(KINDS)}"
        raise ValueError(message)
    # A third of the surface is seen at least: more pixels than this would not be.
    source = Source(rng.getrandbits(64), min(max(round(0.9 * max(size)), 192), _SURFACE))
    made = _MAKERS[kind](source)
    if kind in TEXTURED and kind not in _BLURRED:
        made = _laid(made, size, source)
    elif made.shape[:2] != size:
        made = cv2.resize(
            made, (size[1], size[0]), interpolation=cv2.INTER_CUBIC if kind in _BLURRED else cv2.INTER_AREA
        )
    if kind not in PLAIN:
        made = made * _uneven_light(size, source)
    return np.clip(made, 0, 1, dtype=np.float32)


# Plain papers.


def _white(source: Source) -> Pixels:
    return np.full((8, 8, 3), source.choice((1.0, 1.0, 0.985)), dtype=np.float32)


def _off_white(source: Source) -> Pixels:
    base = source.uniform(0.86, 0.96) * np.array([1.0, source.uniform(0.97, 1.0), source.uniform(0.92, 1.0)])
    return _shaded(base, 0.05, source)


def _grey_gradient(source: Source) -> Pixels:
    base = source.uniform(0.45, 0.88) * np.array([1.0, 1.0, source.uniform(0.98, 1.03)])
    return _shaded(base, 0.28, source)


def _soft_colour(source: Source) -> Pixels:
    colour = np.array(_hue(source.random(), source.uniform(0.05, 0.35), source.uniform(0.7, 0.96)))
    return _shaded(colour, 0.2, source)


def _black(source: Source) -> Pixels:
    return _shaded(np.full(3, source.uniform(0.02, 0.08)), 0.5, source)


def _shaded(colour: NDArray[np.float64], depth: float, source: Source) -> Pixels:
    """Return a colour that darkens along one direction and towards the corners."""
    y, x = np.mgrid[-1:1:96j, -1:1:96j].astype(np.float32)
    angle = source.uniform(0, math.tau)
    along = 0.5 + 0.36 * (x * math.cos(angle) + y * math.sin(angle))
    light = 1 - depth * source.uniform(0.3, 1) * along - 0.4 * depth * source.random() * (x * x + y * y) / 2
    return _tinted(light, colour)


# Surfaces.


def _marble(source: Source) -> Pixels:
    ground, vein = _pick(
        source,
        (
            ((0.95, 0.95, 0.94), (0.45, 0.46, 0.48)),
            ((0.93, 0.91, 0.88), (0.62, 0.5, 0.36)),
            ((0.09, 0.09, 0.1), (0.85, 0.84, 0.8)),
            ((0.14, 0.27, 0.22), (0.75, 0.85, 0.78)),
            ((0.88, 0.72, 0.68), (0.62, 0.38, 0.36)),
            ((0.55, 0.55, 0.57), (0.88, 0.88, 0.88)),
        ),
    )
    cloud = _fractal(source, 3, 4)
    bent = _fractal(source, 2, 5) + 0.35 * cloud
    veins = np.exp(-((bent / 0.05) ** 2)) * np.clip(0.6 + cloud, 0, 1)
    veins += 0.5 * np.exp(-(((bent - 0.5 + 0.4 * cloud) / 0.025) ** 2))
    return _blend(np.clip(0.75 * veins + 0.13 * np.clip(cloud, 0, 2), 0, 1), ground, vein)


def _wood(source: Source) -> Pixels:
    dark, light = _pick(
        source,
        (
            ((0.36, 0.22, 0.12), (0.62, 0.42, 0.25)),
            ((0.58, 0.42, 0.27), (0.8, 0.64, 0.45)),
            ((0.17, 0.1, 0.06), (0.34, 0.21, 0.13)),
            ((0.5, 0.47, 0.43), (0.72, 0.69, 0.64)),
            ((0.72, 0.69, 0.64), (0.9, 0.88, 0.84)),
            ((0.4, 0.17, 0.09), (0.6, 0.3, 0.18)),
        ),
    )
    rows, columns = _coordinates(source)
    planks = int(source.integers(2, 8))
    place = columns / _SURFACE * planks
    plank = np.floor(place).astype(int)
    shift = source.random(planks + 1) * 30
    lightness = source.normal(0, 0.14, planks + 1)
    flow = _smooth(source, 3, 2 * planks) * 0.8 + _smooth(source, 2, 5) * 0.5
    rings = np.sin((place * source.uniform(2, 5) + 2.2 * flow + shift[plank] * 6).astype(np.float32))
    fibre = _smooth(source, 7, 210)
    grain = 0.5 + 0.22 * rings + 0.12 * fibre + 0.1 * flow + lightness[plank]
    edge = np.abs(place - np.round(place)) * _SURFACE / planks
    gap = np.exp(-((edge / 1.3) ** 2)) if source.random() < 0.75 else np.zeros_like(edge)
    wood = _blend(np.clip(grain, 0, 1.15), dark, light) * (1 - 0.75 * gap)[..., None]
    del rows
    return _float(wood)


def _linen(source: Source) -> Pixels:
    colour = _cloth_colour(source)
    return _tinted(
        _weave(source, source.uniform(0.1, 0.25)) * _folds(source, source.uniform(0, 0.22)), colour
    )


def _velvet(source: Source) -> Pixels:
    colour = _hue(source.random(), source.uniform(0.35, 0.85), source.uniform(0.12, 0.5))
    pile = 1 + 0.09 * _smooth(source, 190, 190) + 0.14 * _fractal(source, 3, 3)
    sheen = np.clip(_folds(source, source.uniform(0.1, 0.5)) * pile, 0, 3)
    return _float(_tinted(sheen, colour) + 0.06 * np.clip(sheen - 1, 0, 1)[..., None])


def _satin(source: Source) -> Pixels:
    colour = _hue(source.random(), source.uniform(0.03, 0.6), source.uniform(0.3, 0.95))
    # Folds are ridges, and run more or less one way.
    lean = _smooth(source, int(source.integers(2, 5)), 2)
    height = np.abs(_smooth(source, 2, 3) + 0.5 * lean) + 0.35 * np.abs(_smooth(source, 5, 4))
    height = cv2.GaussianBlur(_float(height), (0, 0), 7 / source.pixel)
    slope = cv2.Sobel(height, cv2.CV_32F, 1, 0, ksize=3) + 0.6 * cv2.Sobel(height, cv2.CV_32F, 0, 1, ksize=3)
    slope = 0.4 * slope / (float(slope.std()) + 1e-6)
    sheen = source.uniform(0.1, 0.35) * np.clip(slope, 0, 1.2) ** 2
    return _float(_tinted(0.8 + 0.4 * np.clip(slope, -1.2, 1.5), colour) + sheen[..., None])


def _knit(source: Source) -> Pixels:
    """Rows of V-shaped stitches, each a pair of leaning, rounded yarns."""
    colour = _cloth_colour(source)
    rows, columns = _coordinates(source)
    stitch = source.uniform(9, 30)
    wander = 0.12 * stitch
    x = (columns + wander * _smooth(source, 9, 9)) / stitch
    y = (rows + wander * _smooth(source, 9, 9)) / (0.8 * stitch)
    if source.random() < 0.3:  # ribbed
        x = x + 0.12 * np.sin(x * math.pi)
    across = x % 1
    lean = y - 0.9 * np.abs(across - 0.5) * 2
    round_along = np.abs(np.sin(math.pi * (lean % 1)))
    round_across = np.abs(np.sin(math.pi * ((2 * across) % 1)))
    yarn = 0.35 + 0.75 * np.sqrt(round_along * 0.8 + 0.1) * (0.35 + 0.65 * round_across)
    strands = 1 + 0.08 * np.sin(lean * math.tau * 3) + 0.1 * _smooth(source, 180, 180)
    return _tinted(yarn * strands * _folds(source, 0.15), colour)


def _paper(source: Source) -> Pixels:
    colour = _pick(
        source,
        (
            (0.95, 0.94, 0.92),
            (0.9, 0.87, 0.8),
            (0.74, 0.6, 0.44),
            (0.85, 0.88, 0.9),
            (0.92, 0.82, 0.82),
            (0.25, 0.26, 0.28),
        ),
    )
    fibres = 0.03 * _smooth(source, 160, 90) + 0.025 * _smooth(source, 60, 60) + 0.02 * _fractal(source, 4, 3)
    light = 1 + fibres * source.uniform(0.4, 2)
    if source.random() < 0.4:
        rows, columns = _coordinates(source)
        crease = (columns - rows * source.uniform(-0.4, 0.4) - source.uniform(60, 340)) / 4
        light = light - 0.07 * crease * np.exp(-(crease**2))
    return _tinted(light, colour)


def _printed(source: Source) -> Pixels:
    """A page of a book or a newspaper: lines of grey words nobody can read."""
    light = _paper(source)
    ink = np.zeros((_SURFACE, _SURFACE), dtype=np.uint8)
    pitch = int(source.integers(9, 20))
    for top in range(pitch, _SURFACE - pitch, pitch):
        column = int(source.integers(20, 34))
        end = _SURFACE - 24 if source.random() < 0.85 else int(source.integers(120, 380))
        while column < end:
            word = int(source.integers(1, 8)) * pitch // 3
            for letter in range(column, column + word, max(pitch // 4, 2)):
                tall = pitch // 4 + int(source.integers(0, 3) == 0) * (pitch // 6)
                cv2.line(ink, (letter, top), (letter + int(source.integers(0, 2)), top - tall), 255, 1)
            column += word + pitch // 3
    cover = _drawn(cv2.GaussianBlur(ink, (0, 0), 0.7).astype(np.float32) / 255, source)
    return _float(light * (1 - 0.75 * cover)[..., None])


def _concrete(source: Source) -> Pixels:
    grey = source.uniform(0.35, 0.78)
    colour = (grey, grey * source.uniform(0.96, 1.0), grey * source.uniform(0.9, 1.0))
    light = 1 + 0.13 * _fractal(source, 3, 6) + 0.05 * _smooth(source, 200, 200)
    pits = np.clip(_smooth(source, 90, 90) - 1.9, 0, 1)
    return _tinted(light - 0.5 * pits, colour)


def _leather(source: Source) -> Pixels:
    """Pebbles between creases: the ridges of fine noise."""
    colour = _pick(
        source,
        (
            (0.36, 0.2, 0.12),
            (0.58, 0.36, 0.2),
            (0.11, 0.1, 0.1),
            (0.75, 0.62, 0.5),
            (0.3, 0.09, 0.09),
            (0.2, 0.26, 0.22),
        ),
    )
    cells = int(source.integers(26, 70))
    crease = np.exp(-((_smooth(source, cells, cells) / 0.22) ** 2)) + np.exp(
        -((_smooth(source, cells, cells) / 0.22) ** 2)
    )
    crease = cv2.GaussianBlur(crease, (0, 0), 0.8 / source.pixel)
    relief = _relief(crease, source)
    return _tinted(1 - 0.2 * crease + 0.22 * relief + 0.1 * _fractal(source, 3, 3), colour)


def _slate(source: Source) -> Pixels:
    grey = source.uniform(0.16, 0.38)
    colour = (grey, grey * source.uniform(1.0, 1.05), grey * source.uniform(1.0, 1.12))
    height = _fractal(source, 4, 6) + 0.5 * _smooth(source, 8, 60)
    relief = _relief(np.round(height * 4) / 4 + 0.4 * height, source)
    return _tinted(1 + 0.28 * np.clip(relief, -1.5, 1.5) + 0.14 * height, colour)


def _sand(source: Source) -> Pixels:
    colour = _pick(source, ((0.82, 0.7, 0.52), (0.9, 0.84, 0.74), (0.62, 0.53, 0.42), (0.4, 0.37, 0.34)))
    rows, columns = _coordinates(source)
    ripple = np.sin((rows + 0.3 * columns) / source.uniform(12, 40) + 1.6 * _smooth(source, 4, 4))
    grains = 0.7 * source.standard_normal((source.px, source.px), dtype=np.float32)
    return _tinted(1 + 0.13 * grains + 0.1 * ripple * source.random() + 0.08 * _fractal(source, 3, 4), colour)


def _pebbles(source: Source) -> Pixels:
    """Round stones of a garden path, big ones last so that they lie on top."""
    ground = np.full((_SURFACE, _SURFACE, 3), 0.16, dtype=np.float32)
    warm = source.uniform(0.88, 1.0)
    for reach in np.sort(source.uniform(7, 26, 420)):
        at = source.integers(0, _SURFACE, 2)
        grey = float(source.uniform(0.25, 0.85))
        axes = (int(reach), int(reach * source.uniform(0.55, 0.95)))
        angle = float(source.uniform(0, 180))
        tone = (grey, grey * (0.5 + 0.5 * warm), grey * warm)
        cv2.ellipse(ground, (int(at[0]) + 2, int(at[1]) + 3), axes, angle, 0, 360, (0.1, 0.1, 0.1), -1)
        cv2.ellipse(ground, (int(at[0]), int(at[1])), axes, angle, 0, 360, tone, -1, cv2.LINE_AA)
        lit = tuple(min(1.0, 1.13 * channel) for channel in tone)
        small = (axes[0] * 6 // 10, axes[1] * 6 // 10)
        cv2.ellipse(ground, (int(at[0]) - 2, int(at[1]) - 3), small, angle, 0, 360, lit, -1, cv2.LINE_AA)
    light = 1 + 0.08 * _smooth(source, 120, 120)
    return _float(_drawn(cv2.GaussianBlur(ground, (0, 0), 1.6), source) * light[..., None])


def _terrazzo(source: Source) -> Pixels:
    ground = _pick(source, ((0.93, 0.92, 0.89), (0.8, 0.79, 0.77), (0.3, 0.3, 0.32), (0.9, 0.82, 0.78)))
    sheet = np.full((_SURFACE, _SURFACE, 3), ground, dtype=np.float32)
    tones = [_hue(source.random(), source.uniform(0.05, 0.5), source.uniform(0.25, 0.9)) for _ in range(5)]
    for _ in range(int(source.integers(120, 380))):
        corners = int(source.integers(4, 7))
        reach = source.uniform(2, 15) * source.uniform(0.5, 1)
        angle = np.sort(source.uniform(0, math.tau, corners))
        at = source.uniform(0, _SURFACE, 2)
        chip = at + reach * np.column_stack([np.cos(angle), np.sin(angle)]) * source.uniform(
            0.6, 1.2, (corners, 1)
        )
        cv2.fillPoly(sheet, [np.round(chip).astype(np.int32)], tones[int(source.integers(5))], cv2.LINE_AA)
    return _float(_drawn(sheet, source) * (1 + 0.03 * _smooth(source, 60, 60))[..., None])


def _brushed_metal(source: Source) -> Pixels:
    colour = _pick(source, ((0.72, 0.73, 0.75), (0.55, 0.56, 0.58), (0.78, 0.66, 0.48), (0.2, 0.2, 0.22)))
    lines = 0.045 * _smooth(source, 210, 3) + 0.03 * _smooth(source, 210, 12)
    glow = 0.13 * _smooth(source, 2, 4)
    return _tinted(1 + lines + glow, colour)


def _tiles(source: Source) -> Pixels:
    count = int(source.integers(2, 9))
    base = np.array(_hue(source.random(), source.uniform(0, 0.35), source.uniform(0.45, 0.95)))
    grout = source.uniform(0.3, 0.9)
    rows, columns = _coordinates(source)
    y = rows / _SURFACE * count
    x = columns / _SURFACE * count * source.choice((1.0, 0.5))
    if source.random() < 0.4:
        x = x + 0.5 * (np.floor(y) % 2)
    edge = np.minimum(0.5 - np.abs(x % 1 - 0.5), 0.5 - np.abs(y % 1 - 0.5)) * _SURFACE / count
    tile = (np.floor(x).astype(int) * 7 + np.floor(y).astype(int) * 13) % 61
    tones = 1 + source.normal(0, source.choice((0.02, 0.09)), 61)
    if source.random() < 0.25:
        tones = tones * np.where((np.arange(61) % 2) > 0, 1.0, 0.35)
    light = tones[tile] * (1 + 0.05 * _fractal(source, 4, 4))
    seam = np.clip(edge / source.uniform(1.5, 4), 0, 1)[..., None]
    return _float(_tinted(light, base) * seam + grout * (1 - seam))


def _patterned(source: Source) -> Pixels:
    """Cloth with stripes, checks, dots or flowers printed on it."""
    rows, columns = _coordinates(source)
    first = _cloth_colour(source)
    second = _hue(source.random(), source.uniform(0.1, 0.8), source.uniform(0.2, 0.95))
    pitch = source.uniform(16, 60)
    pattern = int(source.integers(4))
    x, y = columns / pitch, rows / pitch
    if pattern == 0:
        printed = _edge(np.sin(x * math.tau) - source.uniform(-0.6, 0.6), 0.15)
    elif pattern == 1:
        printed = 0.5 * _edge(np.sin(x * math.tau), 0.12) + 0.5 * _edge(np.sin(y * math.tau), 0.12)
    elif pattern == 2:
        away = np.hypot((x + 0.5 * (np.floor(y) % 2)) % 1 - 0.5, y % 1 - 0.5)
        printed = _edge(source.uniform(0.15, 0.36) - away, 0.05)
    else:
        sheet = np.zeros((_SURFACE, _SURFACE), dtype=np.float32)
        for _ in range(int(source.integers(14, 60))):
            at = source.uniform(0, _SURFACE, 2)
            petals, reach, start = int(source.integers(4, 8)), source.uniform(6, 24), source.uniform(0, 1)
            for petal in range(petals):
                angle = math.tau * (petal / petals + start)
                middle = at + 0.6 * reach * np.array([math.cos(angle), math.sin(angle)])
                axes = (int(0.5 * reach), int(0.28 * reach))
                cv2.ellipse(
                    sheet,
                    middle.astype(int).tolist(),
                    axes,
                    math.degrees(angle),
                    0,
                    360,
                    1.0,
                    -1,
                    cv2.LINE_AA,
                )
            cv2.circle(sheet, at.astype(int).tolist(), max(int(0.18 * reach), 1), 0.4, -1, cv2.LINE_AA)
        printed = _drawn(sheet, source)
    cloth = _blend(_float(printed), first, second)
    return _float(cloth * (_weave(source, 0.12) * _folds(source, 0.2))[..., None])


def _fur(source: Source) -> Pixels:
    """A rug or a towel: soft tufts that lean here and there."""
    colour = _pick(
        source,
        ((0.93, 0.91, 0.88), (0.7, 0.68, 0.66), (0.82, 0.72, 0.6), (0.3, 0.27, 0.26), (0.85, 0.7, 0.72)),
    )
    hairs = _smooth(source, 200, 70) * 0.6 + _smooth(source, 110, 50) * 0.7
    rows, columns = _coordinates(source)
    lean_x = (columns + 26 * _smooth(source, 5, 5)).astype(np.float32)
    lean_y = (rows + 26 * _smooth(source, 5, 5)).astype(np.float32)
    hairs = cv2.remap(hairs, lean_x, lean_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
    return _tinted(0.95 + 0.09 * hairs + 0.07 * _fractal(source, 8, 3), colour)


# Far away, out of focus.


def _foliage(source: Source) -> Pixels:
    sheet = np.full(
        (_BLURRED_PX, _BLURRED_PX, 3),
        colorsys.hsv_to_rgb(0.28, 0.4, source.uniform(0.15, 0.6)),
        dtype=np.float32,
    )
    blossom = source.random()
    for _ in range(int(source.integers(60, 130))):
        at = source.integers(0, _BLURRED_PX, 2)
        flower = source.random() < 0.22
        hue = blossom + source.normal(0, 0.03) if flower else source.uniform(0.2, 0.38)
        tone = _hue(
            hue, source.uniform(0.25, 0.75), source.uniform(0.5, 1.0) if flower else source.uniform(0.1, 0.7)
        )
        axes = (int(source.integers(4, 22)), int(source.integers(3, 9)))
        if flower:
            axes = (axes[1], axes[1])
        cv2.ellipse(sheet, at.tolist(), axes, float(source.uniform(0, 180)), 0, 360, tone, -1)
    return _float(cv2.GaussianBlur(sheet, (0, 0), source.uniform(2.5, 9)))


def _room(source: Source) -> Pixels:
    """A room far behind: walls, furniture, a window, lamps as discs."""
    wall = _hue(source.random(), source.uniform(0, 0.25), source.uniform(0.3, 0.9))
    sheet = np.full((_BLURRED_PX, _BLURRED_PX, 3), wall, dtype=np.float32)
    sheet[int(source.uniform(0.55, 0.95) * _BLURRED_PX) :] = _hue(
        source.uniform(0.04, 0.12), 0.4, source.uniform(0.2, 0.6)
    )
    for _ in range(int(source.integers(4, 12))):
        corner = source.integers(-20, _BLURRED_PX, 2)
        side = source.integers(10, 60, 2)
        tone = _hue(source.random(), source.uniform(0, 0.5), source.uniform(0.08, 0.95))
        cv2.rectangle(sheet, corner.tolist(), (corner + side).tolist(), tone, -1)
    if source.random() < 0.5:
        corner = source.integers(-20, _BLURRED_PX - 30, 2)
        cv2.rectangle(
            sheet, corner.tolist(), (corner + source.integers(30, 70, 2)).tolist(), (1.6, 1.6, 1.7), -1
        )
    sheet = cv2.GaussianBlur(sheet, (0, 0), source.uniform(3, 10))
    if source.random() < 0.5:
        discs = np.zeros_like(sheet)
        reach = int(source.integers(3, 10))
        for _ in range(int(source.integers(5, 30))):
            tone = np.array(_hue(source.uniform(0.02, 0.16), source.uniform(0, 0.6), 1.0)) * source.uniform(
                0.2, 0.8
            )
            disc = np.zeros_like(sheet)
            cv2.circle(
                disc, source.integers(0, _BLURRED_PX, 2).tolist(), reach, tone.tolist(), -1, cv2.LINE_AA
            )
            discs += disc
        sheet = sheet + cv2.GaussianBlur(discs, (0, 0), 0.8)
    return _float(sheet)


# Things that a piece lies in or on.


def _card(source: Source) -> Pixels:
    """A jewelry card on a table: corners rounded, a maker's scribble, holes for hooks."""
    table = _MAKERS[
        _pick(source, ("wood planks", "linen", "marble", "paper", "concrete", "velvet", "terrazzo", "knit"))
    ](source)
    side = source.px
    sheet = _laid(table, (side, side), source)
    wide, tall = source.uniform(0.56, 0.86) * side, source.uniform(0.66, 0.94) * side
    colour = _pick(
        source,
        ((0.97, 0.97, 0.96), (0.97, 0.97, 0.96), (0.95, 0.93, 0.88), (0.75, 0.6, 0.43), (0.68, 0.53, 0.37),
         (0.07, 0.07, 0.075), (0.93, 0.85, 0.83), (0.8, 0.86, 0.83), (0.2, 0.24, 0.33)),
    )  # fmt: skip
    card = Image.new("RGBA", (side, side), (*_bytes(colour), 0))
    left, top = (side - wide) / 2, (side - tall) / 2
    shape = (left, top, left + wide, top + tall)
    pen = ImageDraw.Draw(card)
    pen.rounded_rectangle(shape, source.choice((2, 9, 20)) / source.pixel, fill=(*_bytes(colour), 255))
    dark = sum(colour) < 1.2
    ink = _bytes(
        _pick(source, ((0.92, 0.9, 0.86), (0.8, 0.66, 0.4)))
        if dark
        else _pick(source, ((0.15, 0.15, 0.16), (0.6, 0.45, 0.25), (0.4, 0.4, 0.42)))
    )
    _scribble(pen, shape, (*ink, 255), source)
    hole = (28, 26, 25, 255)
    for place in _pick(source, ((), (0.5,), (0.42, 0.58), (0.36, 0.64))):
        x, y, reach = left + place * wide, top + 0.13 * tall, source.uniform(2.5, 5) / source.pixel
        pen.ellipse((x - reach, y - reach, x + reach, y + reach), fill=hole)
    card = card.rotate(source.normal(0, 7), Image.Resampling.BILINEAR)
    pixels = np.asarray(card, dtype=np.float32) / 255
    cover = pixels[..., 3:]
    shadow = cv2.GaussianBlur(cover[..., 0], (0, 0), source.uniform(2, 9) / source.pixel)
    shift = np.array(
        [[1, 0, source.uniform(-7, 7) / source.pixel], [0, 1, source.uniform(1, 9) / source.pixel]]
    )
    shadow = cv2.warpAffine(shadow, shift, (side, side), borderMode=cv2.BORDER_REPLICATE)
    sheet = sheet * (1 - 0.45 * shadow)[..., None]
    fibres = 1 + 0.012 * _smooth(source, 150, 120)[..., None]
    return _float(sheet * (1 - cover) + pixels[..., :3] * fibres * cover)


def _scribble(
    pen: ImageDraw.ImageDraw, shape: tuple[float, float, float, float], ink: tuple[int, ...], source: Source
) -> None:
    """Write a maker's name and a line or two of small print into a card's foot or head."""
    left, top, right, bottom = shape
    middle = (left + right) / 2
    size = source.uniform(0.045, 0.085) * (right - left)
    foot = bool(source.random() < 0.6)
    y = bottom - 2.2 * size if foot else top + 1.6 * size
    letters = "".join(source.choice(list("aeiourlnstmv"), int(source.integers(4, 9))))
    word = _pick(source, (letters.title(), letters.upper(), f"{letters[:1].upper()} & {letters[1:].title()}"))
    pen.text((middle, y), word, fill=ink, font=ImageFont.load_default(size=size), anchor="mm")
    if source.random() < 0.6:
        pen.line(
            (middle - 1.4 * size, y + 0.8 * size, middle + 1.4 * size, y + 0.8 * size), fill=ink, width=1
        )
        small = "".join(source.choice(list("aeiourlnstmv   "), 22)).strip()
        pen.text(
            (middle, y + 1.3 * size),
            small,
            fill=ink,
            font=ImageFont.load_default(size=0.42 * size),
            anchor="mm",
        )


def _box(source: Source) -> Pixels:
    """An open box from above: a rim, dark walls, a soft cushion with a slot for a ring."""
    side = _SURFACE
    table = _MAKERS[_pick(source, ("wood planks", "linen", "marble", "paper", "concrete", "satin"))](source)
    sheet = _laid(table, (source.px, source.px), source)
    wide, tall = source.uniform(0.62, 0.98, 2) * side / 2
    rows, columns = _coordinates(source)
    turn = source.normal(0, 0.12)
    x = (columns - side / 2) * math.cos(turn) + (rows - side / 2) * math.sin(turn)
    y = (rows - side / 2) * math.cos(turn) - (columns - side / 2) * math.sin(turn)
    corner = source.uniform(6, 40)
    away = (
        np.hypot(np.maximum(np.abs(x) - wide + corner, 0), np.maximum(np.abs(y) - tall + corner, 0)) - corner
    )
    away = away + np.minimum(np.maximum(np.abs(x) - wide, np.abs(y) - tall) + corner, 0)
    rim = source.uniform(9, 24)
    outside = np.array(_hue(source.random(), source.uniform(0.1, 0.8), source.uniform(0.1, 0.8)))
    lining = np.array(
        _pick(
            source, ((0.93, 0.91, 0.87), (0.1, 0.1, 0.11), tuple(outside), _hue(source.random(), 0.5, 0.35))
        )
    )
    inner = -away - rim
    pillow = 0.55 + 0.45 * np.clip(inner / 26, 0, 1) ** 0.6 + 0.1 * np.tanh(-y / 60)
    pile = 1 + 0.07 * _smooth(source, 190, 190) + 0.06 * _fractal(source, 4, 3)
    if source.random() < 0.7:
        slot = np.exp(-((y / source.uniform(2.5, 5)) ** 2)) * (np.abs(x) < wide - rim - 8)
        pillow = pillow * (1 - 0.75 * slot) + 0.14 * np.exp(-(((y - 9) / 6) ** 2))
    cushion = _tinted(pillow * pile, lining)
    walls = _tinted(0.85 + 0.3 * np.clip(-y / 200, -0.5, 0.5), outside)
    shadow = 1 - 0.5 * np.exp(-np.clip(away - 3, 0, None) / 16)
    sheet = sheet * shadow[..., None]
    box = np.where((inner > 0)[..., None], cushion, walls)
    cover = np.clip(0.5 - away / source.pixel, 0, 1)[..., None]
    return _float(sheet * (1 - cover) + box * cover)


# Light and perspective.


def _laid(surface: Pixels, size: tuple[int, int], source: Source) -> Pixels:
    """Lay a surface under a camera: turned, nearer or farther, at a slant."""
    height, width = size
    half = source.px / 2
    angle = source.uniform(0, math.tau) if source.random() < 0.5 else source.normal(0, 0.15)
    # Whatever the turn, a square of this share of the surface stays inside it.
    zoom = source.uniform(0.36, 0.66)
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], dtype=np.float64) * zoom * half
    longer = max(height, width)
    corners *= np.array([width / longer, height / longer])
    far = source.uniform(1.0, 1.35)
    corners[:2, 0] *= far
    corners[:2, 1] *= far
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    seen = (corners @ turn.T + half).astype(np.float32)
    target = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float32)
    matrix = cv2.getPerspectiveTransform(seen, target)
    laid = cv2.warpPerspective(
        surface, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
    )
    return _float(laid)


def _uneven_light(size: tuple[int, int], source: Source) -> Pixels:
    """Return what light does to a surface, shape ``(height, width, 1)``: a gradient, sometimes a vignette."""
    y, x = np.mgrid[-1:1:24j, -1:1:24j].astype(np.float32)
    angle = source.uniform(0, math.tau)
    slope = source.uniform(0, 0.16) * (x * math.cos(angle) + y * math.sin(angle))
    light = source.uniform(0.86, 1.06) + slope - source.uniform(0, 0.08) * (x * x + y * y)
    return cv2.resize(_float(light), (size[1], size[0]), interpolation=cv2.INTER_LINEAR)[..., None]


def _folds(source: Source, depth: float) -> Pixels:
    """Return the shading of cloth that does not lie flat, around 1."""
    along = _smooth(source, int(source.integers(2, 4)), int(source.integers(2, 6)))
    return _float(1 + depth * np.tanh(1.4 * along) * 0.8)


def _weave(source: Source, depth: float) -> Pixels:
    """Return warp and weft: uneven threads over and under each other, around 1."""
    rows, columns = _coordinates(source)
    pitch = max(source.uniform(2.6, 5.5), 1.3 * source.pixel)
    wander = 0.5 * _smooth(source, 24, 24)
    x, y = (columns + wander) / pitch * math.pi, (rows + wander) / pitch * math.pi
    over = np.sin(x) * np.sin(y)
    slubs = 0.5 * _smooth(source, 12, 210) + 0.5 * _smooth(source, 210, 12)
    return _float(1 + depth * (0.55 * over + 0.75 * slubs + 0.2 * _smooth(source, 200, 200)))


def _smooth(source: Source, rows: int, columns: int) -> Pixels:
    """Return smooth noise of about ``rows`` by ``columns`` bumps, mean 0, deviation about 1."""
    coarse = source.standard_normal((rows + 3, columns + 3), dtype=np.float32)
    if rows * columns > 1600:
        return _float(1.3 * cv2.resize(coarse, (source.px, source.px), interpolation=cv2.INTER_LINEAR))
    # Cubic interpolation mirrors at the rim: a bump and a half are cut off.
    tall, wide = math.ceil(source.px * (rows + 3) / rows), math.ceil(source.px * (columns + 3) / columns)
    grown = cv2.resize(coarse, (wide, tall), interpolation=cv2.INTER_CUBIC)
    top, left = (tall - source.px) // 2, (wide - source.px) // 2
    return _float(1.2 * grown[top : top + source.px, left : left + source.px])


def _fractal(source: Source, cells: int, octaves: int) -> Pixels:
    """Return noise whose every octave is twice as fine and weighs 0.55 of the one before."""
    total = np.zeros((source.px, source.px), dtype=np.float32)
    for octave in range(octaves):
        if cells * 2**octave > source.px / 2:
            break
        total += 0.55**octave * _smooth(source, cells * 2**octave, cells * 2**octave)
    return total / np.float32(1.35)


def _coordinates(source: Source) -> tuple[Pixels, Pixels]:
    """Return row and column of every pixel, in units."""
    line = np.arange(source.px, dtype=np.float32) * np.float32(source.pixel)
    shape = (source.px, source.px)
    return np.broadcast_to(line[:, None], shape), np.broadcast_to(line, shape)


def _relief(height: Pixels, source: Source, size: int = 3) -> Pixels:
    """Return how bright a rough surface is where light falls from a corner, about 0."""
    return _float(cv2.Sobel(height, cv2.CV_32F, 1, 1, ksize=size) / np.float32(source.pixel**2))


def _drawn(sheet: Pixels, source: Source) -> Pixels:
    """Bring what was drawn a unit a pixel to the surface's pixels."""
    if source.px == _SURFACE:
        return sheet
    return _float(cv2.resize(sheet, (source.px, source.px), interpolation=cv2.INTER_AREA))


def _edge(values: NDArray[np.floating], soft: float) -> Pixels:
    return _float(np.clip(values / soft * 0.5 + 0.5, 0, 1))


def _blend(share: NDArray[np.floating], first: Colour, second: Colour) -> Pixels:
    start, end = np.array(first, dtype=np.float32), np.array(second, dtype=np.float32)
    return _float(start + _float(share)[..., None] * (end - start))


def _tinted(light: NDArray[np.floating], colour: Colour | NDArray[np.float64]) -> Pixels:
    return _float(light)[..., None] * np.asarray(colour, dtype=np.float32)


def _cloth_colour(source: Source) -> Colour:
    """Return what cloths are dyed: mostly naturals, sometimes strong colours."""
    if source.random() < 0.45:
        return _pick(
            source,
            (
                (0.93, 0.91, 0.86),
                (0.85, 0.79, 0.69),
                (0.66, 0.6, 0.53),
                (0.4, 0.41, 0.43),
                (0.13, 0.13, 0.15),
                (0.96, 0.96, 0.96),
            ),
        )
    return _hue(source.random(), source.uniform(0.15, 0.75), source.uniform(0.25, 0.92))


def _hue(hue: float, saturation: float, value: float) -> Colour:
    turn = float(hue) % 1
    if 0.16 < turn < 0.45:  # few things are dyed in the greens of leaves and limes
        saturation, value = 0.65 * saturation, 0.85 * value
    return colorsys.hsv_to_rgb(turn, float(saturation), float(value))


def _pick(source: Source, choices: tuple[_T, ...]) -> _T:
    return choices[int(source.integers(len(choices)))]


def _bytes(colour: Colour) -> tuple[int, int, int]:
    red, green, blue = (min(255, max(0, round(255 * channel))) for channel in colour)
    return red, green, blue


def _float(values: NDArray[np.floating]) -> Pixels:
    return np.asarray(values, dtype=np.float32)


_BLURRED = ("leaves/flowers blurred", "room bokeh")
_MAKERS: Mapping[str, Callable[[Source], Pixels]] = {
    "white": _white,
    "off-white": _off_white,
    "grey gradient": _grey_gradient,
    "soft colour gradient": _soft_colour,
    "black": _black,
    "marble": _marble,
    "wood planks": _wood,
    "linen": _linen,
    "velvet": _velvet,
    "satin": _satin,
    "knit": _knit,
    "paper": _paper,
    "printed page": _printed,
    "concrete": _concrete,
    "leather": _leather,
    "slate": _slate,
    "sand": _sand,
    "pebbles": _pebbles,
    "terrazzo": _terrazzo,
    "brushed-metal": _brushed_metal,
    "tiled floor": _tiles,
    "patterned cloth": _patterned,
    "rug": _fur,
    "leaves/flowers blurred": _foliage,
    "room bokeh": _room,
    "card": _card,
    "box": _box,
}
KINDS: tuple[str, ...] = tuple(_MAKERS)
PLAIN = ("white", "off-white", "grey gradient", "soft colour gradient", "black")
CARD = ("card",)
BOX = ("box",)
TEXTURED = tuple(kind for kind in KINDS if kind not in (*PLAIN, *CARD, *BOX))
