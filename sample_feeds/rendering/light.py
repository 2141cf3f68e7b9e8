"""Light as an environment: what a surface sees when it looks into any direction.

A photographer's table is soft boxes and dark cards round a piece; a phone picture is a window, a lamp, a
room.  Each is a rectangle on the sphere of directions that covers what lies behind it.
"""

import math
import random
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CARD_FIELDS = 13  # direction (3), across / half width (3), up / half height (3), colour (3), softness


@dataclass(frozen=True, slots=True, kw_only=True)
class Light:
    """An environment and the direction of its strongest source, in view space.

    Attributes:
        sky: Linear colours overhead, at the horizon and underneath, shape ``(3, 3)``.
        cards: Boxes and dark cards, later ones in front, shape ``(n, CARD_FIELDS)``.
        key: Unit vector towards the main source.
        key_colour: Its linear colour, as diffuse surfaces feel it.
        ambient: What share of diffuse light comes from everywhere.
        softness_mm: How fast shadows blur with the distance of what casts them, in mm per mm.
        shadow: How dark a full shadow is, in [0, 1].
    """

    sky: NDArray[np.float32]
    cards: NDArray[np.float32]
    key: NDArray[np.float32]
    key_colour: NDArray[np.float32]
    ambient: float
    softness_mm: float
    shadow: float


def _card(
    azimuth: float, elevation: float, width: float, height: float, colour: tuple[float, ...], softness: float
) -> list[float]:
    """Return a rectangle in the direction ``azimuth`` (0 is the camera's right), ``elevation``; degrees."""
    a, e = math.radians(azimuth), math.radians(elevation)
    # y is up, z towards the camera.
    forward = np.array([math.cos(e) * math.cos(a), math.sin(e), math.cos(e) * math.sin(a)])
    across = np.cross([0.0, 1.0, 0.0], forward)
    across = across / max(float(np.linalg.norm(across)), 1e-6)
    up = np.cross(forward, across)
    half_width, half_height = math.tan(math.radians(width) / 2), math.tan(math.radians(height) / 2)
    return [*forward, *(across / half_width), *(up / half_height), *colour, softness]


def studio(
    rng: random.Random, *, ground: tuple[float, float, float], variety: float = 1.0, frontal: bool = False
) -> Light:
    """Return a packshot's light: a bright tent with soft boxes and the dark cards that give metal its lines.

    Args:
        rng: What varies from picture to picture.
        ground: Linear colour of what the piece lies on: metal mirrors it.
        variety: 0 for the same light always, 1 for another photographer each time.
        frontal: Whether the main box stands near the camera, as it does over pieces that lie on a sheet.
    """

    def vary(middle: float, spread: float) -> float:
        return middle + variety * rng.uniform(-spread, spread)

    warm = vary(0.0, 0.05)
    tint = (1.0 + warm, 1.0, 1.0 - warm)

    def coloured(level: float) -> tuple[float, ...]:
        return tuple(level * channel for channel in tint)

    side = 1.0 if rng.random() < 0.5 + 0.5 * (1 - variety) else -1.0
    key_azimuth = 90 + side * (vary(30, 14) if frontal else vary(58, 22))
    key_elevation = vary(48, 12)
    level = vary(0.40, 0.10)
    cards = [
        _card(
            90, vary(2, 10), vary(62, 14), vary(46, 14), coloured(vary(0.06, 0.04)), 0.5
        ),  # the camera's side
        _card(90 + vary(0, 20), 84, 110, 100, coloured(vary(1.25, 0.25)), 0.35),  # overhead
        _card(key_azimuth, key_elevation, vary(56, 16), vary(70, 18), coloured(vary(2.3, 0.5)), 0.16),
        _card(
            90 - side * vary(80, 16), vary(18, 14), vary(34, 12), vary(92, 20), coloured(vary(1.45, 0.4)), 0.2
        ),
        _card(90 + side * vary(104, 10), vary(5, 8), vary(13, 5), 120, coloured(0.02), 0.25),  # dark card
        _card(90 - side * vary(38, 10), vary(-4, 10), vary(10, 5), 120, coloured(0.04), 0.3),  # dark card
        _card(90 + side * vary(24, 18), vary(62, 12), 9, 9, coloured(vary(7.0, 2.5)), 0.3),  # a bare lamp
        _card(90 - side * vary(48, 24), vary(38, 16), 6, 6, coloured(vary(6.0, 2.5)), 0.3),
        _card(90 + side * vary(8, 24), vary(-22, 12), 12, 7, coloured(vary(2.4, 1.2)), 0.3),
    ]
    sky = np.array([coloured(level + 0.3), coloured(level), [0.85 * channel for channel in ground]])
    return _light(sky, cards, key_azimuth, key_elevation, tint, rng, variety, ambient=0.62, shadow=0.5)


def room(rng: random.Random, *, ground: tuple[float, float, float]) -> Light:
    """Return the light that an amateur finds: a window or a lamp, walls, things standing about."""
    warmth = rng.choice((-0.10, -0.04, 0.0, 0.05, 0.14, 0.26))
    tint = (1.0 + warmth, 1.0 + 0.25 * warmth, 1.0 - 0.9 * warmth)

    def coloured(level: float, shade: float = 0.0) -> tuple[float, ...]:
        return tuple(level * (channel + rng.uniform(-shade, shade)) for channel in tint)

    azimuth, elevation = rng.uniform(-20, 200), rng.uniform(20, 78)
    flash = rng.random() < 0.15
    if flash:
        azimuth, elevation = 90 + rng.uniform(-6, 6), rng.uniform(2, 12)
    window = (
        (9, 9, rng.uniform(9, 16)) if flash else (rng.uniform(14, 60), rng.uniform(20, 75), rng.uniform(2, 5))
    )
    cards = [  # furniture, walls, the photographer
        _card(
            rng.uniform(0, 360), rng.uniform(-25, 70), rng.uniform(15, 80), rng.uniform(20, 90),
            coloured(rng.choice((0.05, 0.15, 0.3, 0.6, 1.0)), 0.12), rng.uniform(0.1, 0.6),
        )
        for _ in range(rng.randint(3, 7))
    ]  # fmt: skip
    cards.append(
        _card(90, rng.uniform(-5, 25), rng.uniform(20, 50), rng.uniform(30, 60), coloured(0.06), 0.4)
    )
    cards.append(_card(azimuth, elevation, window[0], window[1], coloured(window[2]), rng.uniform(0.05, 0.3)))
    cards += [  # lamps
        _card(rng.uniform(0, 360), rng.uniform(25, 80), 7, 7, coloured(rng.uniform(3, 9)), 0.3)
        for _ in range(rng.randint(0, 3))
    ]
    level = rng.uniform(0.28, 0.6)
    sky = np.array(
        [coloured(level * 1.3, 0.05), coloured(level, 0.08), [0.7 * channel for channel in ground]]
    )
    return _light(
        sky,
        cards,
        azimuth,
        elevation,
        tint,
        rng,
        1.0,
        ambient=rng.uniform(0.35, 0.65),
        shadow=rng.uniform(0.5, 0.85),
    )


def _light(
    sky: NDArray[np.float64],
    cards: list[list[float]],
    azimuth: float,
    elevation: float,
    tint: tuple[float, ...],
    rng: random.Random,
    variety: float,
    *,
    ambient: float,
    shadow: float,
) -> Light:
    rows = np.array(cards, dtype=np.float32)
    a, e = math.radians(azimuth), math.radians(elevation)
    key = np.array([math.cos(e) * math.cos(a), math.sin(e), math.cos(e) * math.sin(a)])
    return Light(
        sky=sky.astype(np.float32),
        cards=rows,
        key=key.astype(np.float32),
        key_colour=np.array(tint, dtype=np.float32),
        ambient=ambient,
        softness_mm=0.35 + 0.35 * variety * rng.random(),
        shadow=shadow,
    )
