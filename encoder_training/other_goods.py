"""Pictures of goods that are no jewelry, drawn flat: what an encoder of jewelry is told apart from.

Silhouettes of clothing, shoes, bags, bottles, household goods and people, filled with the sample house's
cloths and surfaces, on the papers that shops use; and scenes that show nothing at all.  They are crude on
purpose: nothing here has to be recognised, it only has to lie where no piece of jewelry does.  The same seed
gives the same picture.
"""

import math
import random
from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from sample_feeds.rendering.backdrops import backdrop

Pixels = NDArray[np.float32]
Points = list[tuple[float, float]]
_CLOTHS = ("linen", "knit", "patterned cloth", "patterned cloth", "satin", "velvet", "leather")
_PAPERS = ("white",) * 6 + ("off-white", "grey gradient", "soft colour gradient", "wood planks", "room bokeh")
_EMPTY = (
    "white", "off-white", "grey gradient", "soft colour gradient", "black", "marble", "wood planks", "linen",
    "velvet", "satin", "knit", "paper", "printed page", "concrete", "leather", "slate", "sand", "pebbles",
    "terrazzo", "brushed-metal", "tiled floor", "patterned cloth", "rug", "leaves/flowers blurred",
    "room bokeh", "card", "box",
)  # fmt: skip
_SKINS = ((0.96, 0.86, 0.79), (0.93, 0.78, 0.67), (0.84, 0.66, 0.52), (0.62, 0.44, 0.32), (0.36, 0.24, 0.17))
_HAIRS = ((0.07, 0.05, 0.04), (0.16, 0.1, 0.07), (0.36, 0.24, 0.14), (0.72, 0.58, 0.38), (0.6, 0.6, 0.6))
_SUPERSAMPLED = 1


class _Sheet:
    """A picture being drawn; coordinates run from 0 to 1 in both directions."""

    def __init__(self, rng: random.Random, side_px: int) -> None:
        self.rng = rng
        self.side = side_px * _SUPERSAMPLED
        self.numbers = np.random.default_rng(rng.getrandbits(32))
        self.image = backdrop(rng.choice(_PAPERS), (self.side, self.side), rng).copy()
        self.has_shadow = rng.random() < 0.5

    def colour(self) -> tuple[float, float, float]:
        """Return a colour that goods are made in: half of them greys, blacks and browns."""
        rng = self.rng
        if rng.random() < 0.45:
            grey = rng.choice((rng.uniform(0.04, 0.25), rng.uniform(0.3, 0.95)))
            return (grey, grey * rng.uniform(0.92, 1.0), grey * rng.uniform(0.85, 1.05))
        hue, saturation, value = rng.random(), rng.uniform(0.25, 0.95), rng.uniform(0.2, 0.95)
        red, green, blue = cv2.cvtColor(
            np.array([[[360 * hue, saturation, value]]], dtype=np.float32), cv2.COLOR_HSV2RGB
        )[0, 0].tolist()
        return (red, green, blue)

    def mask(self, points: Points, *, rounded: bool = True) -> Pixels:
        """Return a filled outline, 1 inside; ``rounded`` runs a smooth curve through the points."""
        outline = np.array(points, dtype=np.float64)
        if rounded:
            outline = _curve(outline)
        drawn = np.zeros((self.side, self.side), dtype=np.uint8)
        cv2.fillPoly(drawn, [np.round(outline * self.side * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
        return drawn.astype(np.float32) / 255.0

    def stroke(self, points: Points, width: float, *, rounded: bool = True) -> Pixels:
        """Return a line along points as a mask."""
        line = np.array(points, dtype=np.float64)
        line = _curve(line, closed=False) if rounded and len(line) > 2 else line
        drawn = np.zeros((self.side, self.side), dtype=np.uint8)
        thick = max(1, round(width * self.side))
        cv2.polylines(
            drawn, [np.round(line * self.side * 16).astype(np.int32)], False, 255, thick, cv2.LINE_AA, 4
        )
        return drawn.astype(np.float32) / 255.0

    def cloth(self, *, kinds: tuple[str, ...] = _CLOTHS, plain: float = 0.5) -> Pixels:
        """Return a surface to fill with: dyed plainly, or one of the sample house's cloths."""
        if self.rng.random() < plain:
            return np.broadcast_to(np.array(self.colour(), dtype=np.float32), self.image.shape)
        made = backdrop(self.rng.choice(kinds), (self.side, self.side), self.rng)
        return made * (0.5 + 0.6 * np.array(self.colour(), dtype=np.float32))

    def put(self, mask: Pixels, fill: Pixels | tuple[float, float, float], *, depth: float = 0.35) -> None:
        """Lay a filled mask down, rounded towards its edges, with folds and perhaps a shadow."""
        surface = np.broadcast_to(np.asarray(fill, dtype=np.float32), self.image.shape)
        if self.has_shadow and depth > 0:
            shift = round(0.012 * self.side)
            shade = cv2.GaussianBlur(np.roll(mask, (shift, shift), (0, 1)), (0, 0), 0.02 * self.side)
            self.image *= 1.0 - 0.3 * shade[..., None]
        round_off = cv2.GaussianBlur(mask, (0, 0), 0.05 * self.side)
        side_light = cv2.Sobel(round_off, cv2.CV_32F, 1, 0, ksize=3) * 0.05 * self.side
        bumps = self.numbers.standard_normal((9, 9)).astype(np.float32)
        folds = cv2.resize(bumps, (self.side, self.side), interpolation=cv2.INTER_CUBIC)
        light = 1.0 - depth * (1.0 - round_off) + depth * side_light + 0.25 * depth * folds
        shaded = np.clip(surface * light[..., None], 0, 1)
        self.image = self.image * (1 - mask[..., None]) + shaded * mask[..., None]

    def draw(self, points: Points, width: float, colour: tuple[float, float, float]) -> None:
        """Draw a seam, a lace or a strap."""
        self.put(self.stroke(points, width), colour, depth=0.0)

    def ellipse(self, x: float, y: float, across: float, down: float) -> Pixels:
        """Return an ellipse as a mask, by its half axes."""
        turns = np.linspace(0, math.tau, 48, endpoint=False)
        return self.mask([(x + across * math.cos(t), y + down * math.sin(t)) for t in turns], rounded=False)

    def writing(self, x: float, y: float, height: float, lines: int) -> None:
        """Print letters that nobody has to read."""
        ink = np.zeros((self.side, self.side), dtype=np.uint8)
        for line in range(lines):
            letters = "".join(self.rng.choice("ABCDEFGHKLMNOPRSTUVW 0123456789") for _ in range(6))
            at = (round(x * self.side), round((y + 1.3 * line * height) * self.side))
            size, thick = height * self.side / 22, max(1, round(height * self.side / 9))
            cv2.putText(ink, letters, at, cv2.FONT_HERSHEY_DUPLEX, size, 255, thick, cv2.LINE_AA)
        self.put(ink.astype(np.float32) / 255.0, self.colour(), depth=0.0)

    def finished(self) -> NDArray[np.uint8]:
        """Return the picture at its own size, seen by a camera that is a little noisy."""
        side = self.side // _SUPERSAMPLED
        small = cv2.resize(self.image.astype(np.float32), (side, side), interpolation=cv2.INTER_AREA)
        if self.rng.random() < 0.3:
            small = cv2.GaussianBlur(small, (0, 0), self.rng.uniform(0.4, 1.2))
        small = small + self.rng.uniform(0, 0.02) * self.numbers.standard_normal(small.shape)
        return (np.clip(small, 0, 1) * 255).astype(np.uint8)


def _curve(points: NDArray[np.float64], *, closed: bool = True, steps: int = 6) -> NDArray[np.float64]:
    """Return Catmull and Rom's curve through points."""
    if closed:
        around = np.concatenate((points[-1:], points, points[:2]))
    else:
        around = np.concatenate((points[:1], points, points[-1:]))
    t = np.linspace(0, 1, steps, endpoint=False)[:, None]
    a, b, c, d = around[:-3], around[1:-2], around[2:-1], around[3:]
    return np.concatenate([_between(*four, t) for four in zip(a, b, c, d, strict=True)])


def _between(
    p0: NDArray[np.float64],
    p1: NDArray[np.float64],
    p2: NDArray[np.float64],
    p3: NDArray[np.float64],
    t: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return the curve from ``p1`` to ``p2``, at ``t`` from 0 to 1."""
    square, cube = 2 * p0 - 5 * p1 + 4 * p2 - p3, 3 * p1 - p0 - 3 * p2 + p3
    between: NDArray[np.float64] = 0.5 * (2 * p1 + (p2 - p0) * t + square * t**2 + cube * t**3)
    return between


def _placed(points: Points, *, x: float, y: float, size: float, turn: float) -> Points:
    """Return points turned about the origin, enlarged, and moved to a place."""
    cos, sin = size * math.cos(turn), size * math.sin(turn)
    return [(x + px * cos - py * sin, y + px * sin + py * cos) for px, py in points]


def _mirrored(half: Points, centre: float) -> Points:
    """Close an outline given from top to bottom on its right side."""
    return half + [(2 * centre - x, y) for x, y in reversed(half)]


def _top(sheet: _Sheet, *, x: float, top: float, wide: float, high: float, sleeves: float) -> None:
    """Draw a garment of the upper body: shirt, blouse, jumper, vest."""
    rng = sheet.rng
    neck = rng.uniform(0.16, 0.3) * wide
    shoulder = 0.5 * wide
    half: Points = [(x + neck, top), (x + shoulder, top + 0.08 * high)]
    if sleeves > 0:
        out = rng.uniform(0.05, 0.3) * wide
        half += [
            (x + shoulder + out, top + sleeves * high),
            (x + shoulder + out - 0.18 * wide, top + (sleeves + 0.03) * high),
        ]
    half += [
        (x + shoulder * 0.96, top + 0.3 * high),
        (x + shoulder * rng.uniform(0.78, 1.0), top + 0.65 * high),
        (x + shoulder * rng.uniform(0.85, 1.15), top + high),
    ]
    body = sheet.mask(_mirrored(half, x), rounded=rng.random() < 0.4)
    sheet.put(body, sheet.cloth(plain=0.55), depth=rng.uniform(0.2, 0.5))
    red, green, blue = sheet.colour()
    dark = (0.4 * red, 0.4 * green, 0.4 * blue)
    deep = rng.uniform(0.03, 0.2) * high
    sheet.put(sheet.mask([(x - neck, top), (x, top + deep), (x + neck, top), (x, top + 0.02)]), dark, depth=0)
    if rng.random() < 0.5:
        sheet.draw([(x, top + deep), (x, top + high)], 0.004, dark)
        for place in range(6):
            y = top + deep + (place + 0.5) * (high - deep) / 6
            sheet.put(sheet.ellipse(x, y, 0.006, 0.006), sheet.colour(), depth=0)
    elif rng.random() < 0.6:
        sheet.writing(x - 0.3 * wide, top + 0.4 * high, rng.uniform(0.03, 0.07), rng.randint(1, 4))


def _shirt(sheet: _Sheet) -> None:
    rng = sheet.rng
    sleeves = rng.choice((0.0, 0.0, rng.uniform(0.25, 0.45), rng.uniform(0.7, 0.95)))
    _top(sheet, x=0.5, top=0.12, wide=rng.uniform(0.4, 0.6), high=rng.uniform(0.6, 0.76), sleeves=sleeves)


def _folded(sheet: _Sheet) -> None:
    """Draw a shirt folded for the shelf: a rectangle with a collar."""
    rng = sheet.rng
    left, right, top, bottom = rng.uniform(0.12, 0.28), rng.uniform(0.7, 0.88), 0.12, rng.uniform(0.8, 0.92)
    sheet.put(sheet.mask([(left, top), (right, top), (right, bottom), (left, bottom)], rounded=False),
              sheet.cloth(plain=0.4), depth=0.25)  # fmt: skip
    inside, deep = sheet.colour(), rng.uniform(0.1, 0.2)
    sheet.put(sheet.mask([(0.38, top), (0.5, top + deep), (0.62, top), (0.5, top - 0.04)]), inside, depth=0.3)
    for side in (-1, 1):
        collar = [(0.5, top + deep), (0.5 + side * 0.16, top + 0.02), (0.5 + side * 0.17, top + 0.9 * deep)]
        sheet.put(sheet.mask(collar, rounded=False), sheet.cloth(plain=0.7), depth=0.2)


def _dress(sheet: _Sheet) -> None:
    rng = sheet.rng
    wide, waist, hem = rng.uniform(0.12, 0.17), rng.uniform(0.08, 0.12), rng.uniform(0.12, 0.3)
    half: Points = [(0.5 + 0.5 * wide, 0.1), (0.5 + wide, 0.12), (0.5 + wide, 0.3), (0.5 + waist, 0.42),
                    (0.5 + 0.7 * hem, 0.65), (0.5 + hem, rng.uniform(0.8, 0.92))]  # fmt: skip
    sheet.put(sheet.mask(_mirrored(half, 0.5)), sheet.cloth(plain=0.3), depth=0.4)
    if rng.random() < 0.5:
        sheet.draw([(0.5 - waist, 0.42), (0.5 + waist, 0.42)], 0.02, sheet.colour())


def _trousers(
    sheet: _Sheet, *, x: float = 0.5, top: float = 0.08, wide: float = 0.16, end: float = 0.93
) -> None:
    rng = sheet.rng
    leg = rng.uniform(0.6, 1.0) * wide
    half: Points = [(x + 0.85 * wide, top), (x + wide, top + 0.25 * (end - top)), (x + 0.1 + 0.5 * leg, end),
                    (x + 0.03, end), (x + 0.005, top + 0.35 * (end - top))]  # fmt: skip
    sheet.put(sheet.mask(_mirrored(half, x), rounded=False), sheet.cloth(plain=0.7), depth=0.4)
    sheet.draw([(x - 0.85 * wide, top + 0.02), (x + 0.85 * wide, top + 0.02)], 0.015, sheet.colour())


def _shorts(sheet: _Sheet) -> None:
    _trousers(sheet, top=0.25, wide=sheet.rng.uniform(0.22, 0.3), end=sheet.rng.uniform(0.6, 0.8))


def _person(sheet: _Sheet) -> None:
    """Draw somebody who models clothes: a whole figure, or cut at the waist or the neck."""
    rng = sheet.rng
    scale = rng.choice((0.55, 0.8, 1.0, 1.3))
    x, head_y = rng.uniform(0.45, 0.55), rng.choice((0.1, 0.14, -0.08 * scale))
    skin, hair = rng.choice(_SKINS), rng.choice(_HAIRS)
    head = 0.062 * scale
    top = head_y + 2.1 * head
    wide, high = rng.uniform(0.24, 0.32) * scale, rng.uniform(0.34, 0.5) * scale
    if rng.random() < 0.5:  # hair that falls over the shoulders
        sheet.put(sheet.ellipse(x, head_y + 0.9 * head, 1.25 * head, 2.2 * head), hair, depth=0.3)
    legs_end = top + high + rng.uniform(0.4, 0.55) * scale
    for side in (-1, 1):
        bend = rng.uniform(0.5, 0.95)
        arm = [(x + side * 0.46 * wide, top + 0.07), (x + side * bend * wide, top + 0.5 * high),
               (x + side * rng.uniform(0.3, 0.9) * wide, top + rng.uniform(0.7, 1.05) * high)]  # fmt: skip
        sheet.put(sheet.stroke(arm, 0.05 * scale), skin, depth=0.3)
        leg = [(x + side * 0.22 * wide, top + 0.8 * high), (x + side * 0.25 * wide, legs_end)]
        sheet.put(sheet.stroke(leg, 0.075 * scale), skin, depth=0.3)
    if rng.random() < 0.75:
        _trousers(sheet, x=x, top=top + 0.85 * high, wide=0.45 * wide, end=min(legs_end, top + 1.4 * high)
                  if rng.random() < 0.4 else legs_end)  # fmt: skip
    sheet.put(sheet.stroke([(x, head_y), (x, top + 0.05)], 0.065 * scale), skin, depth=0.25)
    _top(sheet, x=x, top=top, wide=wide, high=high, sleeves=rng.choice((0.0, 0.3, 0.35, 0.85)))
    sheet.put(sheet.ellipse(x, head_y + 0.4 * head, head, 1.35 * head), skin, depth=0.3)
    sheet.put(sheet.ellipse(x, head_y - 0.55 * head, 1.05 * head, 0.7 * head), hair, depth=0.3)
    for side in (-1, 1):
        sheet.put(sheet.ellipse(x + side * 0.4 * head, head_y + 0.3 * head, 0.13 * head, 0.07 * head),
                  (0.1, 0.08, 0.07), depth=0)  # fmt: skip
    sheet.put(sheet.ellipse(x, head_y + 1.0 * head, 0.3 * head, 0.08 * head), (0.7, 0.35, 0.33), depth=0)


def _one_shoe(sheet: _Sheet, x: float, y: float, size: float) -> None:
    rng = sheet.rng
    heel, ankle = rng.choice((0.02, 0.03, 0.06, 0.24)), rng.choice((0.2, 0.24, 0.45))
    upper = [(0.0, 0.0), (0.03, -ankle), (0.2, -ankle - 0.02), (0.34, -0.17), (0.66, -0.1), (0.95, -0.02),
             (1.0, 0.06), (0.9, 0.09), (0.5, 0.1 - 0.2 * heel), (0.05, 0.08 - heel)]  # fmt: skip
    turn = rng.uniform(-0.15, 0.45)

    def placed(points: Points) -> Points:
        return _placed(points, x=x, y=y, size=size, turn=turn)

    main = sheet.cloth(kinds=("leather", "satin", "linen", "knit"), plain=0.6)
    sole = [(0.0, 0.03), (0.5, 0.09), (1.0, 0.07), (1.0, 0.12), (0.5, 0.14), (0.0, 0.12)]
    if heel > 0.2:
        sheet.put(sheet.mask(placed([(0.02, -0.1), (0.1, -0.1), (0.06, 0.16), (0.0, 0.16)])), main, depth=0.3)
    else:
        sheet.put(sheet.mask(placed(sole)), sheet.colour(), depth=0.3)
    sheet.put(sheet.mask(placed(upper)), main, depth=0.5)
    if rng.random() < 0.6:
        inside = [(0.05, -ankle + 0.01), (0.18, -ankle - 0.01), (0.3, -0.18), (0.15, -0.15)]
        sheet.put(sheet.mask(placed(inside)), sheet.colour(), depth=0.3)
    detail = sheet.colour()
    for lace in range(rng.choice((0, 0, 4, 6))):
        at = 0.33 + 0.045 * lace
        sheet.draw(placed([(at, -0.17 + 0.15 * (at - 0.33)), (at + 0.06, -0.06)]), 0.012 * size / 0.6, detail)
    for _ in range(rng.choice((0, 1, 3))):
        at = rng.uniform(0.3, 0.7)
        sheet.draw(placed([(at, 0.06), (at + 0.1, -0.02), (at + 0.2, 0.04)]), 0.015, detail)


def _shoe(sheet: _Sheet) -> None:
    rng = sheet.rng
    size = rng.uniform(0.55, 0.8)
    if rng.random() < 0.3:
        _one_shoe(sheet, 0.08, 0.42, 0.8 * size)
    _one_shoe(sheet, 0.5 - 0.5 * size, 0.58, size)


def _sandal(sheet: _Sheet) -> None:
    rng = sheet.rng
    sole = [(0.08, 0.6), (0.3, 0.5), (0.6, 0.5), (0.9, 0.58), (0.92, 0.66), (0.6, 0.72), (0.3, 0.7)]
    sheet.put(sheet.mask(sole), sheet.cloth(plain=0.5), depth=0.4)
    strap = sheet.colour()
    middle = rng.uniform(0.6, 0.75)
    for foot in ((0.42, 0.52), (0.5, 0.7)):
        sheet.put(sheet.stroke([foot, (0.55, 0.42), (middle, 0.56)], rng.uniform(0.03, 0.06)), strap)


def _bag(sheet: _Sheet) -> None:
    rng = sheet.rng
    left, right = rng.uniform(0.1, 0.24), rng.uniform(0.76, 0.9)
    top, bottom = rng.uniform(0.36, 0.5), rng.uniform(0.8, 0.94)
    fill = sheet.cloth(kinds=("leather", "knit", "satin", "linen"), plain=0.6)
    handle = [(left + 0.08, top + 0.03), (0.35, rng.uniform(0.05, 0.25)), (0.65, rng.uniform(0.05, 0.25)),
              (right - 0.08, top + 0.03)]  # fmt: skip
    sheet.put(sheet.stroke(handle, rng.uniform(0.015, 0.04)), sheet.colour(), depth=0.2)
    slope = rng.uniform(-0.04, 0.06)
    body = [(left + slope, top), (right - slope, top), (right, bottom), (left, bottom)]
    sheet.put(sheet.mask(body, rounded=rng.random() < 0.5), fill, depth=0.4)
    if rng.random() < 0.6:
        flap = [
            (left + slope, top),
            (right - slope, top),
            (right - 0.05, 0.6 * bottom),
            (left + 0.05, 0.6 * bottom),
        ]
        sheet.put(sheet.mask(flap), sheet.cloth(plain=0.5), depth=0.3)
    sheet.put(sheet.mask([(0.47, 0.58), (0.53, 0.58), (0.53, 0.63), (0.47, 0.63)], rounded=False),
              (0.8, 0.7, 0.4), depth=0.2)  # fmt: skip


def _backpack(sheet: _Sheet) -> None:
    rng = sheet.rng
    wide = rng.uniform(0.2, 0.28)
    sheet.put(sheet.stroke([(0.43, 0.14), (0.5, 0.05), (0.57, 0.14)], 0.02), sheet.colour(), depth=0.1)
    half: Points = [
        (0.5 + 0.6 * wide, 0.11),
        (0.5 + wide, 0.3),
        (0.5 + 1.1 * wide, 0.85),
        (0.5 + 0.8 * wide, 0.93),
    ]
    sheet.put(sheet.mask(_mirrored(half, 0.5)), sheet.cloth(plain=0.7), depth=0.45)
    for top, bottom in ((0.25, 0.5), (0.56, 0.86)):
        pocket = [
            (0.5 - 0.75 * wide, top),
            (0.5 + 0.75 * wide, top),
            (0.5 + 0.8 * wide, bottom),
            (0.5 - 0.8 * wide, bottom),
        ]
        sheet.put(sheet.mask(pocket), sheet.cloth(plain=0.8), depth=0.35)
        sheet.draw([(0.5 - 0.7 * wide, top + 0.03), (0.5 + 0.7 * wide, top + 0.03)], 0.008, sheet.colour())
    if rng.random() < 0.6:
        sheet.writing(0.42, 0.4, 0.03, 1)


def _bottle(sheet: _Sheet) -> None:
    """Draw what cosmetics and drinks come in: bottles, jars, tubes, cans."""
    rng = sheet.rng
    wide, top = rng.uniform(0.07, 0.26), rng.uniform(0.2, 0.5)
    cap = rng.uniform(0.06, 0.18)
    neck = rng.uniform(0.35, 1.0) * wide
    half: Points = [
        (0.5 + neck, top),
        (0.5 + wide, top + rng.uniform(0.01, 0.1)),
        (0.5 + wide, 0.9),
        (0.5 + 0.95 * wide, 0.92),
    ]
    sheet.put(sheet.mask(_mirrored(half, 0.5), rounded=False), sheet.colour(), depth=0.55)
    lid = [(0.5 - neck, top - cap), (0.5 + neck, top - cap), (0.5 + neck, top), (0.5 - neck, top)]
    sheet.put(sheet.mask(lid, rounded=False), sheet.colour(), depth=0.5)
    if rng.random() < 0.7:
        label = [(0.5 - wide, 0.6), (0.5 + wide, 0.6), (0.5 + wide, 0.8), (0.5 - wide, 0.8)]
        sheet.put(sheet.mask(label, rounded=False), sheet.colour(), depth=0.2)
        sheet.writing(0.5 - 0.8 * wide, 0.68, 0.2 * wide, 2)


def _strip(sheet: _Sheet) -> None:
    """Draw a tie, a scarf or a belt laid out straight."""
    rng = sheet.rng
    narrow, wide = rng.uniform(0.015, 0.04), rng.uniform(0.035, 0.1)
    lean = rng.uniform(-0.15, 0.15)
    body = [
        (0.5 - narrow, 0.1),
        (0.5 + narrow, 0.1),
        (0.5 + lean + wide, 0.85),
        (0.5 + lean, 0.93),
        (0.5 + lean - wide, 0.85),
    ]
    sheet.put(sheet.mask(body, rounded=False), sheet.cloth(plain=0.3), depth=0.3)
    knot = [
        (0.5 - 1.6 * narrow, 0.06),
        (0.5 + 1.6 * narrow, 0.06),
        (0.5 + narrow, 0.14),
        (0.5 - narrow, 0.14),
    ]
    sheet.put(sheet.mask(knot, rounded=False), sheet.cloth(plain=0.3), depth=0.3)


def _glasses(sheet: _Sheet) -> None:
    rng = sheet.rng
    y, across, down = rng.uniform(0.42, 0.58), rng.uniform(0.13, 0.18), rng.uniform(0.09, 0.16)
    frame, glass = sheet.colour(), rng.choice((sheet.colour(), (0.08, 0.07, 0.07), (0.9, 0.93, 0.95)))
    for side in (-1, 1):
        arm = [
            (0.5 + side * 2.1 * across, y - 0.4 * down),
            (0.5 + side * 0.42, y - 0.2),
            (0.5 + side * 0.4, y + 0.05),
        ]
        sheet.put(sheet.stroke(arm, 0.02), frame, depth=0.1)
        sheet.put(sheet.ellipse(0.5 + side * 1.1 * across, y, 1.12 * across, 1.15 * down), frame, depth=0.3)
        sheet.put(sheet.ellipse(0.5 + side * 1.1 * across, y, 0.95 * across, 0.95 * down), glass, depth=0.3)
    sheet.put(sheet.stroke([(0.5 - 0.1, y), (0.5, y - 0.03), (0.5 + 0.1, y)], 0.02), frame, depth=0.1)


def _cap(sheet: _Sheet) -> None:
    crown = [(0.15, 0.6), (0.2, 0.35), (0.42, 0.22), (0.65, 0.32), (0.72, 0.6)]
    sheet.put(sheet.mask(crown), sheet.cloth(plain=0.6), depth=0.4)
    sheet.put(
        sheet.mask([(0.4, 0.58), (0.72, 0.56), (0.95, 0.66), (0.7, 0.68), (0.42, 0.66)]),
        sheet.cloth(plain=0.7),
    )


def _box(sheet: _Sheet) -> None:
    """Draw a rectangular thing: a telephone, a book, a parcel, a cushion, a picture."""
    rng = sheet.rng
    across, down = rng.uniform(0.15, 0.4), rng.uniform(0.2, 0.42)
    turn = rng.uniform(-0.4, 0.4)
    corners = [(-across, -down), (across, -down), (across, down), (-across, down)]

    def placed(share: float) -> Points:
        return _placed(corners, x=0.5, y=0.5, size=share, turn=turn)

    sheet.put(sheet.mask(placed(1.0), rounded=rng.random() < 0.2), sheet.cloth(plain=0.6), depth=0.25)
    sheet.put(sheet.mask(placed(rng.uniform(0.6, 0.92)), rounded=False), sheet.cloth(plain=0.5), depth=0.15)
    if rng.random() < 0.5:
        sheet.writing(0.38, 0.45, 0.05, rng.randint(1, 3))


def _cup(sheet: _Sheet) -> None:
    rng = sheet.rng
    wide, narrow = rng.uniform(0.18, 0.28), rng.uniform(0.12, 0.26)
    handle = [(0.5 + wide, 0.42), (0.5 + wide + 0.14, 0.5), (0.5 + narrow, 0.68)]
    fill = sheet.cloth(plain=0.8)
    sheet.put(sheet.stroke(handle, 0.04), fill, depth=0.2)
    half: Points = [(0.5 + wide, 0.32), (0.5 + 0.5 * (wide + narrow), 0.6), (0.5 + narrow, 0.82)]
    sheet.put(sheet.mask(_mirrored(half, 0.5), rounded=False), fill, depth=0.5)
    sheet.put(sheet.ellipse(0.5, 0.32, wide, 0.06), sheet.colour(), depth=0.3)


def _furniture(sheet: _Sheet) -> None:
    rng = sheet.rng
    fill = sheet.cloth(kinds=("wood planks", "leather", "linen", "velvet"), plain=0.3)
    for x in (0.2, 0.34, 0.68, 0.8):
        sheet.put(sheet.stroke([(x, 0.55), (x + rng.uniform(-0.04, 0.04), 0.92)], 0.03), fill, depth=0.2)
    seat = [(0.14, 0.5), (0.86, 0.5), (0.84, 0.62), (0.16, 0.62)]
    sheet.put(sheet.mask(seat), sheet.cloth(plain=0.5), depth=0.4)
    if rng.random() < 0.7:
        back = [(0.2, rng.uniform(0.08, 0.25)), (0.8, 0.15), (0.82, 0.52), (0.18, 0.52)]
        sheet.put(sheet.mask(back), fill, depth=0.4)


def _banner(sheet: _Sheet) -> None:
    """Draw what shops show while a picture is missing, or a logo."""
    rng = sheet.rng
    if rng.random() < 0.5:
        sheet.image[:] = sheet.colour()
    sheet.writing(rng.uniform(0.05, 0.3), rng.uniform(0.3, 0.6), rng.uniform(0.05, 0.11), rng.randint(1, 4))


def _nothing(sheet: _Sheet) -> None:
    """Show a surface on which nothing lies."""
    sheet.image = backdrop(sheet.rng.choice(_EMPTY), (sheet.side, sheet.side), sheet.rng).copy()


_DRAWN: dict[str, tuple[Callable[[_Sheet], None], int]] = {
    "shirt": (_shirt, 4),
    "folded shirt": (_folded, 2),
    "dress": (_dress, 3),
    "trousers": (_trousers, 2),
    "shorts": (_shorts, 2),
    "person": (_person, 8),
    "shoe": (_shoe, 5),
    "sandal": (_sandal, 2),
    "bag": (_bag, 3),
    "backpack": (_backpack, 2),
    "bottle": (_bottle, 3),
    "strip": (_strip, 2),
    "glasses": (_glasses, 2),
    "cap": (_cap, 1),
    "box": (_box, 3),
    "cup": (_cup, 2),
    "furniture": (_furniture, 2),
    "banner": (_banner, 2),
    "nothing": (_nothing, 4),
}
KINDS = tuple(_DRAWN)
"""What can be drawn."""


def draw_other_goods(seed: int, side_px: int) -> tuple[str, NDArray[np.uint8]]:
    """Return what a seed draws, one of ``KINDS``, and its pixels, shape ``(side_px, side_px, 3)``."""
    rng = random.Random(f"other-goods-{seed}")  # noqa: S311 - reproducible, not a secret
    kind = rng.choices(KINDS, weights=[weight for _, weight in _DRAWN.values()])[0]
    sheet = _Sheet(rng, side_px)
    _DRAWN[kind][0](sheet)
    return kind, sheet.finished()
