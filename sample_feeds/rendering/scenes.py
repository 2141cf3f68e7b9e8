"""How each kind of picture is set up: pose, props, light and what lies behind."""

import random
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sample_feeds.pieces import Piece
from sample_feeds.rendering.backdrops import backdrop
from sample_feeds.rendering.bodies import hand, worn
from sample_feeds.rendering.light import Light, room, studio
from sample_feeds.rendering.models import Model
from sample_feeds.rendering.renderer import Scene, fitting_frame, look_from
from sample_feeds.rendering.shapes import Part

Colour = tuple[float, float, float]
_WHITE: Colour = (0.92, 0.92, 0.92)
# category -> pitch and yaw from which a shop shows it
_POSES = {
    "ring": (26.0, 32.0),
    "bracelet": (24.0, -16.0),
    "earrings": (4.0, 0.0),
    "watch": (8.0, -12.0),
    "necklace": (5.0, 0.0),
    "pendant": (5.0, 0.0),
    "brooch": (6.0, 0.0),
}
_STANDING = frozenset({"ring", "bracelet"})  # on a table; the others hang before or lie on a sheet
_PAPERS = ("white", "white", "white", "off-white", "grey gradient", "soft colour gradient")
_TABLES = (
    "marble", "wood planks", "linen", "velvet", "knit", "paper", "concrete", "leather", "slate", "sand",
    "terrazzo", "brushed-metal", "tiled floor", "patterned cloth", "satin", "printed page", "pebbles", "rug",
)  # fmt: skip
_FAR = ("room bokeh", "leaves/flowers blurred", "grey gradient", "off-white", "soft colour gradient", "black")
# Linear colours of skin, from very light to very dark, after the Monk Skin Tone scale's ten swatches.
_SKINS: tuple[Colour, ...] = (
    (0.92, 0.80, 0.71), (0.89, 0.73, 0.62), (0.84, 0.64, 0.49), (0.72, 0.50, 0.34), (0.62, 0.40, 0.24),
    (0.42, 0.24, 0.12), (0.26, 0.13, 0.065), (0.15, 0.075, 0.038), (0.075, 0.040, 0.024),
    (0.045, 0.026, 0.018),
)  # fmt: skip
_HAIRS: tuple[Colour, ...] = (
    (0.012, 0.009, 0.007),
    (0.04, 0.02, 0.01),
    (0.12, 0.06, 0.025),
    (0.35, 0.24, 0.12),
)
_CLOTHS: tuple[Colour, ...] = (
    (0.8, 0.79, 0.77), (0.02, 0.02, 0.025), (0.03, 0.05, 0.14), (0.35, 0.05, 0.06), (0.25, 0.27, 0.22),
    (0.5, 0.36, 0.28), (0.08, 0.16, 0.12), (0.55, 0.50, 0.42),
)  # fmt: skip


def scene_of(
    piece: Piece,
    model: Model,
    view: str,
    rng: random.Random,
    *,
    turn_degrees: float,
    size_px: int,
    tinted: bool = True,
) -> Scene:
    """Set up one picture.

    ``tinted`` says whether a studio picture may lie on coloured paper.

    Raises:
        ValueError: If there is no view of this name.
    """
    match view:
        case "packshot" | "angle" | "turntable" | "closeup":
            return _packshot(piece, model, view, rng, turn_degrees, tinted=tinted)
        case "worn":
            return _worn(piece, model, rng, size_px)
        case "hand":
            return _in_hand(piece, model, rng, size_px)
        case "card" | "phone":
            return _lying(piece, model, view, rng, size_px)
        case _:
            message = f"there is no view {view!r} to set up"
            raise ValueError(message)


def _packshot(
    piece: Piece, model: Model, view: str, rng: random.Random, turn_degrees: float, *, tinted: bool
) -> Scene:
    pitch, yaw = _POSES[piece.category]
    roll = 0.0
    if view == "packshot":
        pitch, yaw = pitch + rng.uniform(-6, 6), yaw * rng.choice((1, 1, -1)) + rng.uniform(-9, 9)
    elif view == "turntable":
        pitch, yaw = pitch + 4, yaw + turn_degrees
    elif piece.category in _STANDING:
        pitch, yaw = rng.uniform(8, 62), rng.uniform(-75, 75)
    else:
        pitch, yaw, roll = pitch + rng.uniform(-14, 38), yaw + rng.uniform(-40, 40), rng.uniform(-14, 14)
    paper = "white" if view == "turntable" else rng.choice(_PAPERS)
    if paper == "soft colour gradient" and not tinted:
        paper = "off-white"
    if view in ("angle", "closeup") and rng.random() < 0.2:
        paper = "black"
    turn = look_from(pitch=pitch, yaw=yaw, roll=roll)
    centre, frame, depth = fitting_frame(model.parts, turn, rng.uniform(0.66, 0.86))
    if view == "turntable":
        # All frames of a turn share one scale: the widest side's.
        frame = 1.35 * max(_extent(model.parts))
    if view == "closeup":
        focus = np.asarray(model.focus, dtype=float)
        centre = focus + 0.15 * (centre - focus)
        frame = max(2.0 * model.focus_radius / rng.uniform(0.62, 0.92), 0.3 * frame)
    behind = backdrop(paper, (96, 96), rng)
    return Scene(
        parts=model.parts,
        metal=piece.shown_colour,
        finish=piece.finish,
        turn=turn,
        centre=centre,
        distance_mm=4.5 * frame + depth,
        frame_mm=frame,
        light=studio(
            rng,
            ground=_mean(behind),
            variety=0.3 if view == "turntable" else 1.0,
            frontal=piece.category not in _STANDING,
        ),
        ground=_ground(piece, model.parts),
        backdrop=behind,
    )


def _lying(piece: Piece, model: Model, view: str, rng: random.Random, size_px: int) -> Scene:
    """Lay a piece on a card or a table, seen from above as somebody with a phone does."""
    if piece.category in _STANDING and rng.random() < 0.5:
        pitch, yaw, roll = rng.uniform(15, 75), rng.uniform(-80, 80), rng.uniform(-8, 8)
    else:
        pitch, yaw, roll = rng.uniform(-12, 32), rng.uniform(-26, 26), rng.uniform(-40, 40)
        if piece.category in _STANDING:
            pitch, roll = pitch + 10, rng.uniform(-180, 180)
    if view == "card":
        pitch, yaw, roll = pitch * 0.4 if piece.category not in _STANDING else pitch, yaw * 0.5, roll * 0.4
    kind = rng.choice(("card", "card", "card", "box")) if view == "card" else rng.choice(_TABLES)
    turn = look_from(pitch=pitch, yaw=yaw, roll=roll)
    share = rng.uniform(0.34, 0.62) if view == "card" else rng.uniform(0.3, 0.8)
    centre, frame, depth = fitting_frame(model.parts, turn, share)
    centre = centre + turn.T @ np.array([rng.uniform(-0.08, 0.08), rng.uniform(-0.08, 0.08), 0.0]) * frame
    px = min(size_px, 512)
    behind = backdrop(kind, (px, px), rng)
    light = room(rng, ground=_mean(behind)) if rng.random() < 0.75 else studio(rng, ground=_mean(behind))
    return _scene(
        piece, model.parts, turn, centre, frame, depth, light, behind, _ground(piece, model.parts), rng
    )


def _worn(piece: Piece, model: Model, rng: random.Random, size_px: int) -> Scene:
    props = worn(model.worn_on, model.body_radius, rng)
    pitch, yaw, roll = rng.uniform(-8, 14), rng.uniform(-26, 26), rng.uniform(-9, 9)
    share = rng.uniform(0.42, 0.8)
    if model.worn_on == "finger":
        pitch, yaw, roll = rng.uniform(38, 88), rng.uniform(-35, 35), rng.uniform(-180, 180)
        share = rng.uniform(0.2, 0.5)
    elif model.worn_on == "wrist":
        pitch, yaw, roll = rng.uniform(35, 85), rng.uniform(-35, 35), rng.uniform(-110, 110)
        share = rng.uniform(0.4, 0.7)
    elif model.worn_on == "ear":
        yaw, share = rng.uniform(-35, 35), rng.uniform(0.14, 0.42)
    elif model.worn_on in ("chest", "cloth"):
        share = rng.uniform(0.22, 0.5)
    turn = look_from(pitch=pitch, yaw=yaw, roll=roll)
    centre, frame, depth = fitting_frame(model.parts, turn, share)
    centre = centre + turn.T @ np.array([rng.uniform(-0.1, 0.1), rng.uniform(-0.1, 0.1), 0.0]) * frame
    px = min(size_px, 384)
    behind = backdrop(rng.choice(_FAR), (px, px), rng)
    tones = _tones(rng)
    ground = tuple(0.5 * (a + b) for a, b in zip(tones["skin"], _mean(behind), strict=True))
    light = room(rng, ground=ground) if rng.random() < 0.6 else studio(rng, ground=ground)
    return _scene(piece, (*model.parts, *props), turn, centre, frame, depth, light, behind, None, rng, tones)


def _in_hand(piece: Piece, model: Model, rng: random.Random, size_px: int) -> Scene:
    pitch, yaw = _POSES[piece.category]
    reach = max(_extent(model.parts)) / 2
    props = hand(reach, rng)
    turn = look_from(
        pitch=pitch + rng.uniform(-14, 26),
        yaw=yaw * rng.uniform(-1, 1) + rng.uniform(-14, 14),
        roll=rng.uniform(-35, 35),
    )
    centre, frame, depth = fitting_frame(model.parts, turn, rng.uniform(0.3, 0.6))
    # The hand holds what the camera sees, does not turn with the piece, and stays behind most of it.
    props = tuple(
        part.moved((0, 0, _behind(model.parts, props, turn, centre))).turned(turn.T) for part in props
    )
    px = min(size_px, 384)
    behind = backdrop(rng.choice((*_FAR, *_TABLES)), (px, px), rng)
    tones = _tones(rng)
    light = room(rng, ground=tones["skin"]) if rng.random() < 0.8 else studio(rng, ground=tones["skin"])
    parts = tuple(part.moved(-centre) for part in model.parts)
    return _scene(piece, (*parts, *props), turn, 0.0 * centre, frame, depth, light, behind, None, rng, tones)


def _behind(
    parts: Sequence[Part], props: Sequence[Part], turn: NDArray[np.float64], centre: NDArray[np.float64]
) -> float:
    """Return how far to move props along z so that they touch a piece from behind, in view space (mm)."""
    seen = (np.concatenate([part.corners[:, 0] for part in parts]) - centre) @ turn.T
    low, high = seen.min(axis=0), seen.max(axis=0)
    held = np.concatenate([part.corners[:, 0] for part in props])
    inside = ((held[:, :2] > 0.85 * low[:2]) & (held[:, :2] < 0.85 * high[:2])).all(axis=1)
    if not inside.any():
        return 0.0
    return float(low[2] + 0.3 * (high[2] - low[2]) - np.percentile(held[inside, 2], 92))


def _scene(
    piece: Piece,
    parts: Sequence[Part],
    turn: NDArray[np.float64],
    centre: NDArray[np.float64],
    frame: float,
    depth: float,
    light: Light,
    behind: NDArray[np.float32],
    ground: tuple[Sequence[float], float] | None,
    rng: random.Random,
    tones: dict[str, Colour] | None = None,
) -> Scene:
    return Scene(
        parts=parts,
        metal=piece.shown_colour,
        finish=piece.finish,
        turn=turn,
        centre=centre,
        distance_mm=max(rng.uniform(2.6, 5.0) * frame, 1.2 * depth + frame),
        frame_mm=frame,
        light=light,
        ground=ground,
        backdrop=behind,
        tones=tones or {},
        exposure=rng.uniform(0.85, 1.15),
        metered=True,
    )


def _tones(rng: random.Random) -> dict[str, Colour]:
    place = rng.triangular(0, len(_SKINS) - 1.001, 2.2)
    low, share = int(place), place % 1
    skin = tuple(a + (b - a) * share for a, b in zip(_SKINS[low], _SKINS[low + 1], strict=True))
    polish = rng.choice(
        (None, None, (0.42, 0.01, 0.03), (0.8, 0.55, 0.55), (0.75, 0.7, 0.66), (0.02, 0.02, 0.03))
    )
    nail = polish or tuple(min(0.9, 1.06 * channel + 0.03) for channel in skin)
    return {
        "skin": skin,
        "nail": nail,
        "hair": rng.choice(_HAIRS),
        "fabric": rng.choice(_CLOTHS),
    }


def _ground(piece: Piece, parts: Sequence[Part]) -> tuple[Sequence[float], float]:
    """Return the table under a standing piece, or the sheet behind a lying one."""
    axis = 1 if piece.category in _STANDING else 2
    lowest = min(float(part.corners[..., axis].min()) for part in parts)
    normal = [0.0, 0.0, 0.0]
    normal[axis] = 1.0
    return normal, lowest - 0.05


def _extent(parts: Sequence[Part]) -> NDArray[np.float64]:
    low = np.min([part.corners.min(axis=(0, 1)) for part in parts], axis=0)
    high = np.max([part.corners.max(axis=(0, 1)) for part in parts], axis=0)
    extent: NDArray[np.float64] = high - low
    return extent


def _mean(backdrop_: NDArray[np.float32]) -> Colour:
    red, green, blue = (float(channel) for channel in (backdrop_.mean(axis=(0, 1)) ** 2.2))
    return red, green, blue
