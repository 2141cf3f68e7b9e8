"""Pictures of pieces: shading and painting.  The one module that a renderer would replace.

Light is an environment of soft boxes looked up by reflection, as a photographer's table has them; faces are
painted back to front with Pillow at twice the size and reduced.  The same piece, view and size give the same
bytes.
"""

import io
import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from sample_feeds.models import Model, model_of
from sample_feeds.pieces import Piece
from sample_feeds.shapes import Part, rotation

SUPERSAMPLING = 2
JPEG_QUALITY = 90

Array = NDArray[np.float64]
Colour = tuple[int, int, int]

# Dark, body, light and highlight of every surface.
RAMPS: dict[str, tuple[Colour, Colour, Colour, Colour]] = {
    "yellow": ((84, 52, 12), (190, 138, 44), (242, 208, 120), (255, 251, 232)),
    "rose": ((92, 44, 32), (198, 128, 104), (243, 196, 174), (255, 246, 240)),
    "white": ((58, 60, 64), (150, 153, 158), (221, 223, 226), (249, 249, 250)),
    "silver": ((48, 51, 57), (142, 147, 155), (222, 226, 232), (248, 249, 250)),
    "grey": ((34, 36, 40), (104, 108, 114), (174, 178, 184), (244, 246, 248)),
    "black": ((10, 10, 13), (44, 45, 50), (104, 106, 114), (232, 236, 244)),
    "diamond": ((96, 112, 132), (198, 212, 226), (238, 245, 251), (255, 255, 255)),
    "cubic zirconia": ((104, 116, 128), (208, 218, 226), (242, 247, 250), (255, 255, 255)),
    "ruby": ((74, 0, 18), (186, 10, 48), (240, 72, 104), (255, 226, 232)),
    "sapphire": ((4, 12, 74), (22, 54, 168), (78, 122, 232), (226, 236, 255)),
    "emerald": ((0, 48, 26), (4, 128, 74), (70, 196, 134), (224, 255, 238)),
    "amethyst": ((44, 8, 84), (120, 52, 178), (182, 126, 232), (244, 230, 255)),
    "citrine": ((122, 64, 0), (226, 148, 12), (252, 204, 84), (255, 250, 222)),
    "topaz": ((0, 66, 112), (44, 150, 208), (128, 208, 244), (232, 250, 255)),
    "garnet": ((44, 0, 8), (122, 12, 26), (188, 52, 62), (255, 218, 218)),
    "peridot": ((54, 76, 0), (134, 168, 24), (196, 222, 92), (250, 255, 224)),
    "aquamarine": ((52, 116, 128), (132, 204, 212), (194, 236, 238), (246, 255, 255)),
    "pearl": ((128, 112, 108), (226, 214, 206), (248, 242, 236), (255, 255, 255)),
    "opal": ((112, 132, 148), (206, 218, 220), (242, 240, 232), (255, 255, 255)),
    "turquoise": ((8, 88, 92), (46, 172, 172), (118, 214, 206), (236, 255, 252)),
    "onyx": ((4, 4, 6), (20, 20, 24), (62, 64, 72), (240, 242, 248)),
    "moonstone": ((110, 124, 148), (196, 208, 226), (232, 240, 250), (255, 255, 255)),
    "dial light": ((150, 148, 144), (226, 224, 218), (244, 243, 239), (255, 255, 255)),
    "dial dark": ((10, 16, 28), (24, 36, 58), (54, 70, 98), (150, 166, 190)),
    "leather": ((30, 15, 8), (92, 52, 30), (142, 90, 58), (198, 152, 118)),
    "thread": ((120, 96, 70), (196, 172, 140), (228, 210, 184), (250, 240, 224)),
}
_STOPS = np.array([0.0, 0.42, 0.76, 1.0])
_LEVELS = 256
_METALS = frozenset({"yellow", "rose", "white", "silver", "grey", "black"})
_SMOOTH = frozenset(
    {"pearl", "opal", "turquoise", "onyx", "moonstone", "dial light", "dial dark", "leather", "thread"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Where the camera stands and what lies behind: angles in degrees, colours top and bottom.

    ``closeness`` above 0 moves from the whole piece (0) to its focus (1).
    """

    name: str
    pitch: float
    yaw: float
    roll: float = 0.0
    closeness: float = 0.0
    margin: float = 0.11
    background: tuple[Colour, Colour] = ((255, 255, 255), (255, 255, 255))
    shadow: float = 0.34
    light: float = 0.0  # turn of the soft boxes about the camera's axis, in degrees


_BASE_PITCH = {"ring": 30.0, "bracelet": 27.0, "earrings": 4.0, "watch": 6.0}
_BASE_YAW = {"ring": 32.0, "bracelet": -14.0, "earrings": 0.0, "watch": -12.0}


def view_of(piece: Piece, name: str) -> View:
    """Return one of the views that shops publish of a piece.

    ``front`` is a packshot on white, ``angle`` the piece turned on a faint grey, ``detail`` a close-up;
    ``studio``, ``studio_angle``, ``studio_detail`` and ``table`` are by other photographers: other side,
    other light.

    Raises:
        ValueError: If there is no view of this name.
    """
    pitch, yaw = _BASE_PITCH.get(piece.category, 7.0), _BASE_YAW.get(piece.category, 0.0)
    jitter = zlib.crc32(f"{piece.key}{name}".encode()) / 2**32 - 0.5
    side = -1.0 if yaw else 1.0
    match name:
        case "front":
            return View(name=name, pitch=pitch, yaw=yaw)
        case "angle":
            return View(
                name=name,
                pitch=pitch + 20 + 8 * jitter,
                yaw=yaw * 0.3 + 20,
                roll=-9 + 6 * jitter,
                background=((250, 250, 249), (233, 232, 230)),
                light=24,
            )
        case "detail":
            return View(
                name=name,
                pitch=pitch + 10,
                yaw=yaw * 0.7 + 8,
                closeness=0.8,
                background=((252, 251, 249), (238, 235, 231)),
                light=-18,
            )
        case "studio":
            return View(
                name=name,
                pitch=pitch + 6,
                yaw=side * max(abs(yaw) * 0.85, 13),
                roll=3 * jitter,
                margin=0.15,
                background=((246, 248, 251), (228, 232, 238)),
                shadow=0.42,
                light=-34,
            )
        case "studio_angle":
            return View(
                name=name,
                pitch=pitch + 27,
                yaw=side * (abs(yaw) * 0.5 + 16),
                roll=10 + 6 * jitter,
                margin=0.13,
                background=((247, 243, 238), (231, 223, 213)),
                shadow=0.45,
                light=48,
            )
        case "table":
            return View(
                name=name,
                pitch=pitch + 2,
                yaw=-yaw * 0.7 + 10,
                roll=-6 + 8 * jitter,
                margin=0.17,
                background=((244, 245, 244), (222, 225, 222)),
                shadow=0.5,
                light=-70,
            )
        case "studio_detail":
            return View(
                name=name,
                pitch=pitch + 16,
                yaw=side * 14,
                roll=5,
                closeness=0.62,
                background=((251, 251, 252), (238, 239, 242)),
                light=12,
            )
    message = f"there is no view {name!r}: front, angle, detail, studio, studio_angle, studio_detail, table"
    raise ValueError(message)


def draw_piece(piece: Piece, view: View, *, size: int = 640) -> Image.Image:
    """Draw a piece as an RGB picture of ``size`` by ``size`` pixels."""
    model = model_of(piece)
    corners, colours = _shade(model, view, piece)
    projected = _project(corners, model, view, size * SUPERSAMPLING)
    canvas = Image.new("RGBX", (size * SUPERSAMPLING,) * 2, (0, 0, 0, 0))
    painter = ImageDraw.Draw(canvas)
    for quad, colour in zip(projected.reshape(len(projected), 8).tolist(), colours, strict=True):
        painter.polygon(quad, fill=colour)
    return _compose(canvas, view, size)


def jpeg_bytes(picture: Image.Image, *, quality: int = JPEG_QUALITY) -> bytes:
    """Return a picture as JPEG, without metadata."""
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=quality, subsampling=0)
    return buffer.getvalue()


def _shade(model: Model, view: View, piece: Piece) -> tuple[Array, list[Colour]]:
    """Turn the model before the camera and colour the faces that look at it, farthest first."""
    turn = rotation(pitch=view.pitch) @ rotation(yaw=view.yaw) @ rotation(roll=view.roll)
    reach = max(float(np.abs(part.corners).max()) for part in model.parts)
    faces, tints, depths = [], [], []
    for material, parts in _by_material(model).items():
        corners = np.concatenate([part.corners for part in parts]) @ turn.T
        normals = np.concatenate([part.normals for part in parts]) @ turn.T
        glint = np.concatenate([part.glint for part in parts])
        seen = normals[:, 2] > -0.05
        corners, normals, glint = corners[seen], normals[seen], glint[seen]
        surface = piece.shown_colour if material == "metal" else material
        faces.append(corners)
        lookup = normals.copy()
        if material == "metal":
            # The soft boxes stand near: a flat face mirrors by where it is, not only by how it is turned.
            lookup[:, :2] += 0.14 * corners[:, :, :2].mean(axis=1) / reach
        tints.append(_tint(surface, lookup, glint, view, piece.finish if material == "metal" else "polished"))
        depths.append(corners[:, :, 2].mean(axis=1))
    order = np.argsort(np.concatenate(depths), kind="stable")
    tones = np.concatenate(tints)[order].tolist()
    return np.concatenate(faces)[order], [(red, green, blue, 255) for red, green, blue in tones]  # type: ignore[misc]


def _by_material(model: Model) -> dict[str, list[Part]]:
    grouped: dict[str, list[Part]] = {}
    for part in model.parts:
        grouped.setdefault(part.material, []).append(part)
    return grouped


def _tint(surface: str, normals: Array, glint: Array, view: View, finish: str) -> NDArray[np.uint8]:
    if surface in _METALS:
        level = _metal_level(normals, glint, view, finish)
    elif surface in _SMOOTH:
        level = _smooth_level(normals, view, glossy=surface not in ("leather", "thread"))
    else:
        level = _facet_level(normals, glint, view)
    tints = _ramp(surface)[np.clip(level * (_LEVELS - 1), 0, _LEVELS - 1).astype(np.intp)]
    if surface in ("opal", "moonstone"):
        tints = _iridescent(tints, normals, 46 if surface == "opal" else 22)
    elif surface == "diamond":
        tints = _fire(tints, glint)
    return tints


def _ramp(surface: str) -> NDArray[np.uint8]:
    stops = np.array(RAMPS[surface], dtype=float)
    levels = np.linspace(0, 1, _LEVELS)
    return np.column_stack([np.interp(levels, _STOPS, stops[:, channel]) for channel in range(3)]).astype(
        np.uint8
    )


def _reflected(normals: Array, view: View) -> tuple[Array, Array, Array]:
    facing = np.clip(normals[:, 2], 0, 1)
    x, y = 2 * facing * normals[:, 0], 2 * facing * normals[:, 1]
    turn = np.radians(view.light)
    return x * np.cos(turn) - y * np.sin(turn), x * np.sin(turn) + y * np.cos(turn), facing


def _bump(value: Array, centre: float, width: float) -> Array:
    return np.exp(-(((value - centre) / width) ** 2))


def _metal_level(normals: Array, glint: Array, view: View, finish: str) -> Array:
    x, y, facing = _reflected(normals, view)
    if finish == "hammered":
        ripple = np.sin(normals[:, 0] * 31 + normals[:, 1] * 17) * np.cos(
            normals[:, 1] * 29 - normals[:, 2] * 13
        )
        x, y = x + 0.16 * ripple, y - 0.16 * ripple
    soft = 1.7 if finish == "brushed" else 1.0
    level = 0.57 + 0.15 * y
    level += 0.52 * _bump(y, 0.62, 0.24 * soft) * _bump(x, -0.18, 0.75)
    level += 0.34 * _bump(x, -0.72, 0.16 * soft) * _bump(y, 0.05, 0.6)
    level += 0.24 * _bump(x, 0.80, 0.13 * soft) * _bump(y, -0.1, 0.6)
    level += 0.14 * _bump(y, -0.68, 0.2 * soft)
    level -= 0.36 * _bump(y, 0.14, 0.13 * soft) * (1 - 0.6 * _bump(x, 0, 0.25))
    level -= 0.30 * _bump(y, -0.32, 0.16 * soft)
    level -= 0.22 * (1 - facing) ** 3
    return np.asarray(level + 0.5 * (glint - 0.5))


def _smooth_level(normals: Array, view: View, *, glossy: bool) -> Array:
    x, y, facing = _reflected(normals, view)
    level = 0.22 + 0.34 * facing + 0.2 * (0.5 + 0.5 * normals[:, 1])
    if glossy:
        level = level + 0.75 * _bump(x, -0.5, 0.2) * _bump(y, 0.55, 0.2) + 0.16 * _bump(y, -0.75, 0.2)
    return np.asarray(level)


def _facet_level(normals: Array, glint: Array, view: View) -> Array:
    x, y, _ = _reflected(normals, view)
    flash = np.sin(9 * x + 7 * y + 12 * glint) * 0.5 + 0.5
    level = 0.16 + 0.34 * glint + 0.3 * flash + 0.1 * y
    return np.asarray(level + 0.55 * (glint > 0.86) + 0.4 * _bump(x, -0.35, 0.16) * _bump(y, 0.4, 0.2))


def _iridescent(tints: NDArray[np.uint8], normals: Array, strength: float) -> NDArray[np.uint8]:
    waves = [np.sin(7 * normals[:, 0] + 5 * normals[:, 1] + phase) for phase in (0.0, 2.1, 4.2)]
    return np.clip(tints + strength * 0.5 * np.column_stack(waves), 0, 255).astype(np.uint8)


def _fire(tints: NDArray[np.uint8], glint: Array) -> NDArray[np.uint8]:
    """Tinge a few facets of a diamond with the colours into which it splits light."""
    hue = (glint * 7919) % 1.0
    strength = np.where((glint * 104729) % 1.0 > 0.8, 34.0, 6.0)
    waves = np.column_stack([np.cos(2 * np.pi * (hue - shift)) for shift in (0, 1 / 3, 2 / 3)])
    tinged: NDArray[np.uint8] = np.clip(tints + strength[:, None] * waves, 0, 255).astype(np.uint8)
    return tinged


def _project(corners: Array, model: Model, view: View, pixels: int) -> Array:
    """Return pixel positions, shape ``(n, 4, 2)``."""
    turn = rotation(pitch=view.pitch) @ rotation(yaw=view.yaw) @ rotation(roll=view.roll)
    low, high = corners[..., :2].reshape(-1, 2).min(axis=0), corners[..., :2].reshape(-1, 2).max(axis=0)
    whole_centre, whole_radius = (low + high) / 2, float(max(high - low)) / 2
    focus = (turn @ np.array(model.focus))[:2]
    centre = whole_centre + (focus - whole_centre) * min(view.closeness * 1.25, 1.0)
    radius = whole_radius + (min(model.focus_radius, whole_radius) - whole_radius) * view.closeness
    distance = 9.0 * whole_radius
    nearness = distance / (distance - corners[..., 2:3])
    scale = pixels / 2 * (1 - 2 * view.margin) / radius
    flat = (corners[..., :2] - centre) * nearness * scale
    return np.stack([pixels / 2 + flat[..., 0], pixels / 2 - flat[..., 1]], axis=-1)


def _compose(canvas: Image.Image, view: View, size: int) -> Image.Image:
    """Lay the painted piece with its shadow on the background."""
    # Nothing was painted where the canvas is black: averaging gives colour times cover, and X is the cover.
    *painted, cover = canvas.reduce(SUPERSAMPLING).split()
    ground = _background(view, size)
    light = _shadow(cover, size).point([round(255 - view.shadow * level) for level in range(256)])
    uncovered = ImageChops.multiply(light, ImageChops.invert(cover))
    ground = ImageChops.multiply(ground, Image.merge("RGB", [uncovered] * 3))
    return _bloom(ImageChops.add(Image.merge("RGB", painted), ground), cover)


def _background(view: View, size: int) -> Image.Image:
    top, bottom = view.background
    share = [(row / 255) ** 1.4 for row in range(256)]
    columns = [
        bytes(round(start + (end - start) * part) for part in share)
        for start, end in zip(top, bottom, strict=True)
    ]
    bands = [Image.frombytes("L", (1, 256), column) for column in columns]
    return Image.merge("RGB", bands).resize((size, size), Image.Resampling.BILINEAR)


def _shadow(cover: Image.Image, size: int) -> Image.Image:
    """Return how much light is taken from every pixel: by a near, dark shadow and by a far, soft one."""
    small = size // 4
    cast = cover.resize((small, small), Image.Resampling.BOX)
    total = Image.new("L", (small, small), 0)
    for offset, blur, strength in ((0.012, 0.010, 0.55), (0.034, 0.036, 0.75)):
        moved = Image.new("L", (small, small), 0)
        moved.paste(cast, (round(offset * small * 0.5), round(offset * small)))
        soft = moved.filter(ImageFilter.GaussianBlur(blur * small))
        total = ImageChops.add(total, soft.point([round(level * strength) for level in range(256)]))
    return total.resize((size, size), Image.Resampling.BICUBIC)


def _bloom(picture: Image.Image, cover: Image.Image) -> Image.Image:
    """Let the brightest points of the piece shine a little over their edge."""
    red, green, blue = picture.split()
    darkest = ImageChops.darker(ImageChops.darker(red, green), blue)
    bright = darkest.point([min(max(level - 235, 0) * 12, 240) for level in range(256)])
    bright = ImageChops.multiply(bright, cover.point([255 if level > 252 else 0 for level in range(256)]))
    spread = bright.reduce(2).filter(ImageFilter.GaussianBlur(picture.width / 260))
    glow = spread.point([round(level * 0.2) for level in range(256)])
    glow = glow.resize(picture.size, Image.Resampling.BILINEAR)
    return ImageChops.add(picture, Image.merge("RGB", [glow] * 3))
