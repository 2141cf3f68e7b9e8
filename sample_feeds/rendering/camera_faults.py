"""What phones, amateurs and shops' marketing do to a picture, each thing recorded so that truth can state it.

Works on finished pictures, whatever they show.  Amounts run from 0 (nothing) to 1 (as bad as pictures that
are still published); the same picture, amount and random state give the same pixels.
"""

import io
import math
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Pixels = NDArray[np.float32]  # (height, width, 3), sRGB in [0, 1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that was done to a picture; ``amount`` is in [0, 1]."""

    kind: str
    amount: float


def phone(image: Image.Image, rng: random.Random, strength: float) -> tuple[Image.Image, tuple[Fault, ...]]:
    """Return the picture as a phone in an amateur's hand takes it, in its old size, and what went wrong.

    Args:
        image: What a good camera sees, RGB.
        rng: What is drawn from; its state moves on.
        strength: From 0 (a steady hand in good light) to 1; values outside are clipped.
    """
    strength = min(max(strength, 0.0), 1.0)
    wanted = []
    for kind, chance, usual in _HABITS:
        # Drawn even where unused, so that a stronger amateur makes the same mistakes, and more of them.
        drawn, amount = rng.random(), rng.uniform(0.35, 1.0) * usual
        if drawn < chance * (0.25 + 0.75 * strength):
            wanted.append(Fault(kind=kind, amount=round(amount * (0.3 + 0.7 * strength), 3)))
    exclusive = {"overexposure": "underexposure", "motion blur": "defocus"}
    present = {fault.kind for fault in wanted}
    faults = tuple(fault for fault in wanted if exclusive.get(fault.kind) not in present)
    for fault in faults:
        image = degrade(image, fault.kind, fault.amount, rng)
    return image, faults


def degrade(image: Image.Image, kind: str, amount: float, rng: random.Random) -> Image.Image:
    """Return the RGB picture with one fault, in its old size; more ``amount`` is always worse.

    Raises:
        ValueError: If there is no such kind, or ``amount`` is outside [0, 1].
    """
    if kind not in _DOERS:
        message = f"no degradation {kind!r}: one of {', '.join(DEGRADATIONS)}"
        raise ValueError(message)
    if not 0 <= amount <= 1:
        message = f"an amount of {amount} for {kind!r}: from 0 to 1"
        raise ValueError(message)
    image = image.convert("RGB")
    if amount == 0:
        return image
    done = _DOERS[kind](np.asarray(image, dtype=np.float32) / 255, amount, rng)
    return _image(done)


def marketing(image: Image.Image, rng: random.Random) -> tuple[Image.Image, tuple[Fault, ...]]:
    """Return the picture with what shops lay over it, in its old size, and what that was.

    One or two of: a discount badge, a strip of text, a frame, a logo in a corner, a collage of the picture
    and a detail of it.  A fault's amount is the share of the picture that is not the photograph any more.
    """
    doers: dict[str, Callable[[Image.Image, random.Random], tuple[Image.Image, float]]] = {
        "badge": _badge,
        "text strip": _strip,
        "border": _border,
        "logo": _logo,
        "collage": _collage,
    }
    kinds = rng.sample(list(doers), k=rng.choice((1, 1, 2)))
    faults = []
    image = image.convert("RGB")
    for kind in sorted(kinds, key=["collage", "border", "text strip", "badge", "logo"].index):
        image, amount = doers[kind](image, rng)
        faults.append(Fault(kind=kind, amount=round(amount, 3)))
    return image, tuple(faults)


# Framing.


def _tilt(pixels: Pixels, amount: float, rng: random.Random) -> Pixels:
    """Roll the horizon; the picture grows as far as its corners need, so that nothing outside it shows."""
    angle = 28 * amount * rng.choice((-1, 1))
    height, width = pixels.shape[:2]
    turn = math.radians(abs(angle))
    long, short = max(width, height), min(width, height)
    grow = 1 + 0.75 * (math.cos(turn) + long / short * math.sin(turn) - 1)
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), angle, grow)
    return _warped(pixels, matrix)


def _off_centre(pixels: Pixels, amount: float, rng: random.Random) -> Pixels:
    height, width = pixels.shape[:2]
    angle = rng.uniform(0, math.tau)
    shift = 0.22 * amount * np.array([width * math.cos(angle), height * math.sin(angle)])
    grow = 1 + 0.18 * amount * rng.random()
    matrix = np.array(
        [
            [grow, 0, shift[0] + width / 2 * (1 - grow)],
            [0, grow, shift[1] + height / 2 * (1 - grow)],
        ]
    )
    return _warped(pixels, matrix)


def _keystone(pixels: Pixels, amount: float, rng: random.Random) -> Pixels:
    """Hold the phone at a slant to the table."""
    height, width = pixels.shape[:2]
    pull = 0.16 * amount
    side = rng.randrange(4)
    before = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], dtype=np.float32)
    after = before.copy()
    first, second = side, (side + 1) % 4
    along = before[second] - before[first]
    after[first] -= pull * along
    after[second] += pull * along
    scale = np.array([width, height], dtype=np.float32)
    matrix = cv2.getPerspectiveTransform(before * scale, after * scale)
    turned = cv2.warpPerspective(
        pixels, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
    )
    return np.asarray(turned, dtype=np.float32)


# Light.


def _cast(pixels: Pixels, amount: float, rng: random.Random) -> Pixels:
    """Balance white for another lamp: tungsten, shade, fluorescent green, magenta."""
    tint = np.array(
        rng.choice(
            (
                (0.55, 0.05, -0.75),
                (0.45, 0.12, -0.5),
                (-0.5, 0.0, 0.5),
                (-0.2, 0.35, -0.25),
                (0.2, -0.3, 0.25),
            )
        )
    )
    gains = np.exp(0.85 * amount * tint).astype(np.float32)
    return _srgb(_linear(pixels) * (gains / float(gains @ np.array([0.3, 0.6, 0.1]))))


def _underexposure(pixels: Pixels, amount: float, rng: random.Random) -> Pixels:
    lifted = 0.012 * amount * rng.random()  # a phone lifts its shadows to a haze
    return _srgb(_linear(pixels) * 2 ** (-2.6 * amount) + lifted)


def _overexposure(pixels: Pixels, amount: float, rng: random.Random) -> Pixels:
    glare = cv2.GaussianBlur(_linear(pixels), (0, 0), 0.03 * max(pixels.shape[:2]))
    return _srgb((_linear(pixels) + 0.1 * amount * rng.random() * glare) * 2 ** (1.7 * amount))


def _flash(pixels: Pixels, amount: float, rng: random.Random) -> Pixels:
    """Fire the flash: a hot spot near the middle, a dark surrounding, cold light."""
    x, y = _axes(pixels)
    distance = np.hypot(x - rng.uniform(-0.25, 0.25), y - rng.uniform(-0.25, 0.25))
    spot = np.exp(-((distance / rng.uniform(0.3, 0.55)) ** 2))[..., None]
    cold = np.array([0.96, 1.0, 1.05], dtype=np.float32)
    lit = _linear(pixels) * (1 - 0.5 * amount + 2.2 * amount * spot) * cold
    # What shines back burns out first: the glow follows what is bright already.
    bright = cv2.GaussianBlur(np.clip(lit - 0.7, 0, 1), (0, 0), 0.02 * max(pixels.shape[:2]))
    return _srgb(lit + 1.5 * amount * bright + 0.04 * amount * spot)


def _shadow(pixels: Pixels, amount: float, rng: random.Random) -> Pixels:
    """Let the photographer, a window frame or a leaf throw a shadow."""
    x, y = _axes(pixels)
    angle = rng.uniform(0, math.tau)
    along = x * math.cos(angle) + y * math.sin(angle)
    across = -x * math.sin(angle) + y * math.cos(angle)
    soft = rng.choice((0.012, 0.04, 0.12))
    edge = along + 0.1 * rng.random() * np.sin(across * rng.uniform(1, 6) + rng.uniform(0, 6))
    if rng.random() < 0.5:
        inside = _step(edge - rng.uniform(-0.3, 0.3), soft)
    else:
        half = rng.uniform(0.12, 0.3)
        centre = rng.uniform(-0.4, 0.4)
        inside = _step(edge - centre + half, soft) * (1 - _step(edge - centre - half, soft))
    depth = (0.8 * amount * inside)[..., None] * np.array([1.0, 0.97, 0.92], dtype=np.float32)
    return _srgb(_linear(pixels) * (1 - depth))


# Lens and hand.


def _motion_blur(pixels: Pixels, amount: float, rng: random.Random) -> Pixels:
    reach = max(2.0, 0.075 * amount * max(pixels.shape[:2]))
    angle = rng.uniform(0, math.pi)
    bend = rng.uniform(-0.3, 0.3)
    size = 2 * math.ceil(reach / 2) + 3
    kernel = np.zeros((size, size), dtype=np.float32)
    for share in np.linspace(-0.5, 0.5, 4 * size):
        x = size // 2 + reach * share * math.cos(angle + bend * share)
        y = size // 2 + reach * share * math.sin(angle + bend * share)
        kernel[min(max(round(y), 0), size - 1), min(max(round(x), 0), size - 1)] += 1
    return _blurred(pixels, kernel)


def _defocus(pixels: Pixels, amount: float, rng: random.Random) -> Pixels:
    """Focus before or behind the piece: a disc, in linear light, as a lens has it."""
    radius = 0.022 * amount * max(pixels.shape[:2]) * rng.uniform(0.95, 1.0)
    size = 2 * math.ceil(radius) + 1
    y, x = np.mgrid[:size, :size] - size // 2
    kernel = np.clip(radius + 0.5 - np.hypot(x, y), 0, 1).astype(np.float32)
    return _blurred(pixels, kernel)


def _finger(pixels: Pixels, amount: float, rng: random.Random) -> Pixels:
    """Lay a blurred finger over a corner of the lens."""
    x, y = _axes(pixels)
    angle = rng.choice((0.25, 0.75, 1.25, 1.75)) * math.pi + rng.uniform(-0.4, 0.4)
    reach = 1.36 - 0.5 * amount
    inside = _step(x * math.cos(angle) + y * math.sin(angle) - reach + 0.15 * (x * y), 0.14)[..., None]
    light = rng.uniform(0.12, 0.8)
    flesh = np.array([0.62, 0.3, 0.22], dtype=np.float32) * light
    return _srgb(_linear(pixels) * (1 - inside) + flesh * inside)


def _haze(pixels: Pixels, amount: float, rng: random.Random) -> Pixels:
    """Smear the lens with grease: light spills, contrast goes."""
    linear = _linear(pixels)
    height, width = pixels.shape[:2]
    small = cv2.resize(linear, (max(width // 8, 1), max(height // 8, 1)), interpolation=cv2.INTER_AREA)
    spill = cv2.GaussianBlur(small, (0, 0), 0.05 * max(small.shape[:2]) * rng.uniform(0.7, 1.3) + 0.5)
    spill = cv2.resize(spill, (width, height))
    return _srgb(linear * (1 - 0.45 * amount) + 0.55 * amount * spill + 0.03 * amount)


# Sensor and processing.


def _noise(pixels: Pixels, amount: float, rng: random.Random) -> Pixels:
    """Add grain: shot noise grows with the root of light, and a phone smears it over a pixel or two."""
    height, width = pixels.shape[:2]
    source = np.random.default_rng(rng.getrandbits(64))
    grain = source.standard_normal((height, width, 1), dtype=np.float32)
    coarse = source.standard_normal((height // 2 + 1, width // 2 + 1, 1), dtype=np.float32)
    grain = 0.7 * grain + 0.7 * cv2.resize(coarse, (width, height))[..., None]
    level = 0.085 * amount * (0.45 + 0.9 * np.sqrt(np.clip(1 - pixels.mean(axis=2, keepdims=True), 0, 1)))
    return np.asarray(pixels + level * grain, dtype=np.float32)


def _chroma_noise(pixels: Pixels, amount: float, rng: random.Random) -> Pixels:
    """Add coloured blotches, as dim light leaves them."""
    height, width = pixels.shape[:2]
    source = np.random.default_rng(rng.getrandbits(64))
    blotches = source.standard_normal((height // 3 + 1, width // 3 + 1, 3), dtype=np.float32)
    blotches -= blotches.mean(axis=2, keepdims=True)
    return np.asarray(pixels + 0.08 * amount * cv2.resize(blotches, (width, height)), dtype=np.float32)


def _oversharpening(pixels: Pixels, amount: float, rng: random.Random) -> Pixels:
    radius = rng.uniform(0.9, 1.8) * max(pixels.shape[:2]) / 512 + 0.4
    return np.asarray(
        pixels + 3.2 * amount * (pixels - cv2.GaussianBlur(pixels, (0, 0), radius)), dtype=np.float32
    )


def _smoothing(pixels: Pixels, amount: float, rng: random.Random) -> Pixels:
    """Smear textures as a beauty filter or a strong noise filter does, and keep edges."""
    steps = 1 + round(2 * amount)
    bytes_ = _bytes(pixels)
    for _ in range(steps):
        bytes_ = cv2.bilateralFilter(bytes_, 7, 12 + 50 * amount, 3 + rng.random())
    return np.asarray(bytes_, dtype=np.float32) / 255


def _jpeg(pixels: Pixels, amount: float, rng: random.Random) -> Pixels:
    quality = round(68 * (1 - amount) ** 1.3 + 5)
    subsampling = rng.choice((2, 2, 1))
    stream = io.BytesIO()
    _image(pixels).save(stream, "JPEG", quality=quality, subsampling=subsampling)
    with Image.open(io.BytesIO(stream.getvalue())) as opened:
        return np.asarray(opened.convert("RGB"), dtype=np.float32) / 255


def _low_resolution(pixels: Pixels, amount: float, rng: random.Random) -> Pixels:
    """Send a thumbnail and enlarge it again."""
    height, width = pixels.shape[:2]
    factor = 1 + 7 * amount**1.2
    reduced = (max(round(width / factor), 8), max(round(height / factor), 8))
    small = cv2.resize(pixels, reduced, interpolation=cv2.INTER_AREA)
    back = rng.choice((cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_CUBIC))
    return np.asarray(cv2.resize(small, (width, height), interpolation=back), dtype=np.float32)


# Screens and overlays.


def _moire(pixels: Pixels, amount: float, rng: random.Random) -> Pixels:
    """Photograph a screen: its grid beats with the sensor's in coloured bands."""
    x, y = _axes(pixels)
    bands = np.zeros(pixels.shape, dtype=np.float32)
    angle, pitch = rng.uniform(0, math.pi), rng.uniform(24, 60)
    bow = rng.uniform(-0.25, 0.25)
    for channel in range(3):
        turned = angle + 0.05 * channel
        phase = pitch * (x * math.cos(turned) + y * math.sin(turned) + bow * (x * x + 0.6 * y * y))
        bands[..., channel] = np.sin(phase + channel) * (0.6 + 0.4 * np.sin(0.21 * phase))
    rows = np.sin(np.arange(pixels.shape[0], dtype=np.float32) * math.pi / 1.5)[:, None, None]
    glow = 0.05 * amount * np.array([0.75, 0.9, 1.0], dtype=np.float32)
    return np.asarray(pixels * (1 - 0.1 * amount) * (1 + 0.2 * amount * bands + 0.08 * amount * rows) + glow)


def _watermark(pixels: Pixels, amount: float, rng: random.Random) -> Pixels:
    """Write an owner's name over the picture, once or as a lattice."""
    height, width = pixels.shape[:2]
    image = _image(pixels)
    layer = Image.new("L", (2 * width, 2 * height), 0)
    pen = ImageDraw.Draw(layer)
    words = rng.choice(_OWNERS)
    size = max(9, round(width * rng.uniform(0.05, 0.09)))
    font = ImageFont.load_default(size=size)
    if rng.random() < 0.5:
        for row in range(0, 2 * height, round(3.2 * size)):
            for column in range(-(row % (5 * size)), 2 * width, round((0.6 * len(words) + 2) * size)):
                pen.text((column, row), words, fill=255, font=font)
    else:
        font = ImageFont.load_default(size=round(1.8 * size))
        place = (width * rng.uniform(0.92, 1.08), height * rng.uniform(0.9, 1.25))
        pen.text(place, words, fill=255, font=font, anchor="mm")
    layer = layer.rotate(rng.choice((0, 20, 30, -25)), Image.Resampling.BILINEAR)
    layer = layer.crop((width // 2, height // 2, width // 2 + width, height // 2 + height))
    ink = (255, 255, 255) if pixels.mean() < 0.6 or rng.random() < 0.3 else (70, 70, 75)
    cover = layer.point([round(level * (0.08 + 0.62 * amount)) for level in range(256)])
    image.paste(Image.new("RGB", image.size, ink), (0, 0), cover)
    return np.asarray(image, dtype=np.float32) / 255


def _screenshot(pixels: Pixels, amount: float, rng: random.Random) -> Pixels:
    """Shrink the picture into an app's window, with a bar above and buttons below."""
    height, width = pixels.shape[:2]
    dark = rng.random() < 0.4
    page, ink = ((18, 18, 20), (225, 225, 228)) if dark else ((252, 252, 252), (40, 40, 44))
    sheet = Image.new("RGB", (width, height), page)
    share = 1 - 0.38 * amount
    inner = (max(round(width * min(1.0, share + 0.16)), 8), max(round(height * share), 8))
    top = round((height - inner[1]) * rng.uniform(0.35, 0.6))
    left = (width - inner[0]) // 2
    sheet.paste(_image(pixels).resize(inner, Image.Resampling.BILINEAR), (left, top))
    pen = ImageDraw.Draw(sheet)
    size = max(7, round(0.032 * height))
    font = ImageFont.load_default(size=size)
    if top > size:
        pen.text(
            (0.03 * width, 0.35 * size),
            f"{rng.randrange(7, 23)}:{rng.randrange(10, 60)}",
            fill=ink,
            font=font,
        )
        pen.rounded_rectangle((0.88 * width, 0.5 * size, 0.95 * width, 1.2 * size), 0.2 * size, outline=ink)
        pen.rectangle((0.885 * width, 0.6 * size, 0.92 * width, 1.1 * size), fill=ink)
    if top > 2.6 * size:
        pen.ellipse(
            (0.03 * width, top - 1.6 * size, 0.03 * width + 1.2 * size, top - 0.4 * size),
            fill=(190, 150, 160),
        )
        pen.text((0.05 * width + 1.2 * size, top - 1.5 * size), rng.choice(_OWNERS), fill=ink, font=font)
    below = top + inner[1]
    for row in range(3):
        start = below + (0.9 + 1.5 * row) * size
        if start + size > height:
            break
        if row == 0:
            for place in range(3):
                middle = (0.03 + 0.07 * place) * width
                pen.ellipse((middle, start, middle + 0.9 * size, start + 0.9 * size), outline=ink, width=2)
        else:
            pen.text((0.03 * width, start), rng.choice(_CAPTIONS), fill=ink, font=font)
    return np.asarray(sheet, dtype=np.float32) / 255


# Marketing.


def _badge(image: Image.Image, rng: random.Random) -> tuple[Image.Image, float]:
    image = image.copy()
    width, height = image.size
    pen = ImageDraw.Draw(image)
    radius = rng.uniform(0.09, 0.14) * min(width, height)
    x = rng.choice((1.25 * radius, width - 1.25 * radius))
    y = rng.choice((1.25 * radius, 1.25 * radius, height - 1.25 * radius))
    colour = rng.choice(((200, 22, 38), (20, 20, 24), (196, 150, 60), (32, 92, 70), (230, 90, 120)))
    words = rng.choice(
        ("SALE", f"-{rng.choice((10, 15, 20, 30, 50, 70))}%", "NEW", "BEST\nSELLER", "LAST\nPIECES")
    )
    if rng.random() < 0.6:
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)
    else:
        points = [
            (x + reach * math.cos(step * math.pi / 14), y + reach * math.sin(step * math.pi / 14))
            for step in range(28)
            for reach in (radius * (1.08 if step % 2 else 0.92),)
        ]
        pen.polygon(points, fill=colour)
    font = ImageFont.load_default(size=max(7, round(radius * (0.62 if len(words) < 5 else 0.42))))
    pen.multiline_text((x, y), words, fill=(255, 255, 255), font=font, anchor="mm", align="center")
    return image, math.pi * radius**2 / (width * height)


def _strip(image: Image.Image, rng: random.Random) -> tuple[Image.Image, float]:
    width, height = image.size
    tall = round(rng.uniform(0.09, 0.16) * height)
    top = rng.choice((0, height - tall, height - tall, round(0.78 * height)))
    colour = rng.choice(((255, 255, 255), (22, 22, 26), (240, 228, 216), (186, 32, 46), (224, 205, 160)))
    layer = Image.new("RGB", (width, tall), colour)
    image = image.copy()
    image.paste(layer, (0, top), Image.new("L", (width, tall), rng.choice((255, 255, 215, 170))))
    ink = (250, 250, 250) if sum(colour) < 330 else (35, 30, 32)
    font = ImageFont.load_default(size=max(7, round(0.4 * tall)))
    ImageDraw.Draw(image).text(
        (width / 2, top + tall / 2), rng.choice(_SLOGANS), fill=ink, font=font, anchor="mm"
    )
    return image, tall / height


def _border(image: Image.Image, rng: random.Random) -> tuple[Image.Image, float]:
    width, height = image.size
    edge = round(rng.uniform(0.025, 0.07) * min(width, height)) + 1
    colour = rng.choice(((255, 255, 255), (16, 16, 18), (212, 175, 96), (246, 214, 220), (225, 235, 228)))
    sheet = Image.new("RGB", (width, height), colour)
    inner = (width - 2 * edge, height - 2 * edge)
    sheet.paste(image.resize(inner, Image.Resampling.BILINEAR), (edge, edge))
    if rng.random() < 0.4:
        line = (edge / 2, edge / 2, width - edge / 2, height - edge / 2)
        ImageDraw.Draw(sheet).rectangle(line, outline=(150, 120, 70), width=max(1, edge // 8))
    return sheet, 1 - inner[0] * inner[1] / (width * height)


def _logo(image: Image.Image, rng: random.Random) -> tuple[Image.Image, float]:
    image = image.copy()
    width, height = image.size
    pen = ImageDraw.Draw(image)
    size = max(8, round(rng.uniform(0.035, 0.06) * height))
    words = rng.choice(_OWNERS)
    x, anchor = rng.choice(((0.04 * width, "ls"), (0.96 * width, "rs")))
    y = rng.choice((0.04 * height + size, 0.96 * height))
    ink = (40, 36, 38) if np.asarray(image.convert("L")).mean() > 110 else (240, 238, 232)
    pen.text((x, y), words, fill=ink, font=ImageFont.load_default(size=size), anchor=anchor)
    return image, min(1.0, 0.5 * len(words) * size * size / (width * height))


def _collage(image: Image.Image, rng: random.Random) -> tuple[Image.Image, float]:
    """Set the picture beside an enlarged middle of itself."""
    width, height = image.size
    sheet = Image.new("RGB", (width, height), rng.choice(((255, 255, 255), (245, 240, 235), (20, 20, 22))))
    gap = max(2, round(0.012 * width))
    left = round(width * rng.uniform(0.45, 0.62))
    first = _cropped(image, 1.0, left - gap, height, (0.5, 0.5))
    place = (rng.uniform(0.4, 0.6), rng.uniform(0.4, 0.6))
    second = _cropped(image, rng.uniform(0.4, 0.7), width - left - gap, height, place)
    if rng.random() < 0.4:
        second = second.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    sheet.paste(first, (0, 0))
    sheet.paste(second, (left + gap, 0))
    return sheet, 1 - left / width


def _cropped(
    image: Image.Image, share: float, width: int, height: int, place: tuple[float, float]
) -> Image.Image:
    """Return the largest crop of a shape that fits ``share`` of the picture, resized to that shape."""
    scale = share * min(image.width / width, image.height / height)
    w, h = width * scale, height * scale
    left, top = (image.width - w) * place[0], (image.height - h) * place[1]
    return image.resize((width, height), Image.Resampling.BILINEAR, box=(left, top, left + w, top + h))


# Pixels.


def _axes(pixels: Pixels) -> tuple[Pixels, Pixels]:
    """Return x and y of every pixel, from -1 to 1 over the picture's width and height."""
    height, width = pixels.shape[:2]
    x = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    return np.broadcast_to(x, (height, width)), np.broadcast_to(y, (height, width))


def _step(values: Pixels, soft: float) -> Pixels:
    share = np.clip(values / soft * 0.5 + 0.5, 0, 1)
    return np.asarray(share * share * (3 - 2 * share), dtype=np.float32)


def _warped(pixels: Pixels, matrix: NDArray[np.float64]) -> Pixels:
    height, width = pixels.shape[:2]
    moved = cv2.warpAffine(
        pixels, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
    )
    return np.asarray(moved, dtype=np.float32)


def _blurred(pixels: Pixels, kernel: Pixels) -> Pixels:
    moved = cv2.filter2D(_linear(pixels), -1, kernel / kernel.sum(), borderType=cv2.BORDER_REFLECT_101)
    return _srgb(np.asarray(moved, dtype=np.float32))


def _linear(pixels: Pixels) -> Pixels:
    # A power of 2.2 instead of sRGB's two pieces: half the time, and no eye sees the difference in a fault.
    return np.asarray(np.power(np.clip(pixels, 0, 1), np.float32(2.2)), dtype=np.float32)


def _srgb(linear: Pixels) -> Pixels:
    return np.asarray(np.power(np.clip(linear, 0, 1), np.float32(1 / 2.2)), dtype=np.float32)


def _bytes(pixels: Pixels) -> NDArray[np.uint8]:
    return np.asarray(np.clip(pixels, 0, 1) * 255 + 0.5, dtype=np.uint8)


def _image(pixels: Pixels) -> Image.Image:
    return Image.fromarray(_bytes(pixels))


_OWNERS = (
    "@gemstory",
    "Atelier Lune",
    "vintagebox.shop",
    "mara.v",
    "silver&salt",
    "PREVIEW",
    "my.ring.diary",
)
_CAPTIONS = (
    "42 likes",
    "ring is still available",
    "DM for price",
    "what do you think??",
    "found this at the market",
)
_SLOGANS = (
    "FREE SHIPPING",
    "Summer Sale",
    "Handmade with love",
    "925 Sterling Silver",
    "Gift box included",
    "2 for 1",
)
_DOERS: Mapping[str, Callable[[Pixels, float, random.Random], Pixels]] = {
    "tilt": _tilt,
    "off-centre": _off_centre,
    "keystone": _keystone,
    "colour cast": _cast,
    "underexposure": _underexposure,
    "overexposure": _overexposure,
    "flash": _flash,
    "shadow": _shadow,
    "motion blur": _motion_blur,
    "defocus": _defocus,
    "finger": _finger,
    "haze": _haze,
    "noise": _noise,
    "chroma noise": _chroma_noise,
    "oversharpening": _oversharpening,
    "smoothing": _smoothing,
    "low resolution": _low_resolution,
    "moire": _moire,
    "watermark": _watermark,
    "screenshot": _screenshot,
    "jpeg": _jpeg,
}
DEGRADATIONS: tuple[str, ...] = tuple(_DOERS)
# What happens to a phone's picture, in the order in which it happens: kind, how often at full strength, the
# usual amount.  Every picture is compressed; most are noisy.
_HABITS: tuple[tuple[str, float, float], ...] = (
    ("keystone", 0.35, 0.8),
    ("tilt", 0.55, 0.6),
    ("off-centre", 0.6, 0.7),
    ("shadow", 0.35, 0.8),
    ("flash", 0.18, 0.8),
    ("underexposure", 0.3, 0.55),
    ("overexposure", 0.25, 0.5),
    ("colour cast", 0.65, 0.75),
    ("defocus", 0.3, 0.5),
    ("motion blur", 0.25, 0.45),
    ("haze", 0.25, 0.6),
    ("finger", 0.06, 0.8),
    ("noise", 0.85, 0.55),
    ("chroma noise", 0.5, 0.5),
    ("smoothing", 0.2, 0.7),
    ("oversharpening", 0.4, 0.5),
    ("low resolution", 0.35, 0.5),
    ("moire", 0.05, 0.7),
    ("watermark", 0.08, 0.5),
    ("screenshot", 0.06, 0.7),
    ("jpeg", 4.0, 0.75),
)
