"""A grading report of a laboratory that does not exist: what a seller photographs beside a piece.

Draws, with Pillow, what ``Piece`` states; a seal, a bar code and a signature are ornament and hold no data.
"""

import math
import random
from collections.abc import Callable

from PIL import Image, ImageDraw, ImageFont

from sample_feeds.pieces import Cut, Piece
from sample_feeds.rendering.shapes import Array, cut_outline, heart_outline

LABORATORY = "Loupe Gem Lab"
Colour = tuple[int, int, int]
_PAPER: Colour = (253, 252, 248)
_INK: Colour = (38, 40, 48)
_FAINT: Colour = (122, 124, 132)
_ACCENTS: tuple[Colour, ...] = ((22, 62, 104), (108, 34, 52), (24, 86, 70), (120, 92, 38), (64, 52, 104))
_STEPPED: tuple[Cut, ...] = ("emerald", "princess")


def certificate_sheet(piece: Piece, picture: Image.Image | None, *, size_px: int) -> Image.Image:
    """Return the report on a piece as a square RGB picture; legible from 512 pixels on.

    Args:
        piece: What is reported on; without a certificate number the report says so instead of making one up.
        picture: A photograph to print on it, of any size; None leaves its frame out.
        size_px: Side of the sheet.
    """
    rng = random.Random(f"certificate-{piece.key}")  # noqa: S311 - an ornament, not a secret
    accent = rng.choice(_ACCENTS)
    sheet = Image.new("RGB", (size_px, size_px), _PAPER)
    pen = ImageDraw.Draw(sheet)
    unit = size_px / 100

    def write(x: float, y: float, words: str, size: float, ink: Colour = _INK, anchor: str = "la") -> None:
        font = ImageFont.load_default(size=max(size * unit, 5))
        pen.text((x * unit, y * unit), words, fill=ink, font=font, anchor=anchor)

    def line(points: list[tuple[float, float]], ink: Colour, width: float) -> None:
        pen.line(
            [(x * unit, y * unit) for x, y in points],
            fill=ink,
            width=max(1, round(width * unit)),
            joint="curve",
        )

    _guilloche(line, accent)
    for inset, width in ((2.0, 0.5), (3.2, 0.16)):
        line(
            [
                (inset, inset),
                (100 - inset, inset),
                (100 - inset, 100 - inset),
                (inset, 100 - inset),
                (inset, inset),
            ],
            accent,
            width,
        )
    write(50, 6, LABORATORY.upper(), 5.2, accent, "ma")
    write(50, 12.6, _title(piece), 2.7, _FAINT, "ma")
    line([(8, 17.2), (92, 17.2)], accent, 0.2)
    write(8, 19, "Report number", 2.2, _FAINT)
    write(8, 21.6, piece.certificate or "not issued", 3.6)
    _bar_code(line, piece.certificate or piece.key)

    top = 29.0
    for name, value in certificate_facts(piece):
        write(8, top, name, 2.3, _FAINT)
        write(56, top, value, 2.5, _INK, "ra")
        line([(8, top + 3.5), (56, top + 3.5)], (222, 221, 216), 0.12)
        top += 4.5

    if picture is not None:
        side = round(27 * unit)
        fitted = picture.convert("RGB").resize((side, side), Image.Resampling.LANCZOS)
        sheet.paste(fitted, (round(63 * unit), round(29 * unit)))
        line([(63, 29), (90, 29), (90, 56), (63, 56), (63, 29)], _FAINT, 0.15)
    if piece.stone is not None and piece.stone.cut != "bead":
        _cut_drawing(line, piece.stone.cut, (70.0, 69.0), 15.0)
        _profile(line, piece.stone.cut, (84.5, 69.0), 11.0)
        write(77, 79.2, f"Proportions: {piece.stone.cut} cut, not to scale", 1.8, _FAINT, "ma")
    _seal(line, write, (19.0, 85.6), accent)
    _signature(line, rng)
    line([(60, 90.5), (90, 90.5)], _INK, 0.12)
    write(75, 91.4, "Gemmologist", 1.9, _FAINT, "ma")
    write(50, 94.4, "A sample document of a fictitious laboratory. It certifies nothing.", 1.6, _FAINT, "ma")
    return sheet


def certificate_facts(piece: Piece) -> tuple[tuple[str, str], ...]:
    """Return the rows of the report's table, name and value, as far as the piece has them."""
    facts = [("Article", piece.category.capitalize())]
    if piece.stone is not None:
        stone = piece.stone
        facts += [
            ("Stone", stone.name.capitalize()),
            ("Colour of stone", stone.colour.capitalize()),
            ("Shape and cut", stone.cut.capitalize()),
            ("Longer side", f"{stone.size_mm:.1f} mm"),
        ]
    if piece.setting is not None:
        facts.append(("Setting", piece.setting.capitalize()))
    if piece.accent is not None:
        facts.append(("Side stones", piece.accent.capitalize()))
    coloured = piece.metal_colour in ("silver", "grey") or piece.metal == "platinum"
    metal = piece.metal if coloured else f"{piece.metal_colour} {piece.metal}"
    facts.append(("Metal", metal.capitalize()))
    if piece.fineness is not None:
        facts.append(("Fineness", f"{piece.fineness} / 1000"))
    if piece.plating is not None:
        facts.append(("Plating", piece.plating.capitalize()))
    facts.append(("Weight", f"{piece.weight_g:.2f} g"))
    return tuple(facts)


Line = Callable[[list[tuple[float, float]], Colour, float], None]
Write = Callable[[float, float, str, float, Colour, str], None]


def _title(piece: Piece) -> str:
    if piece.stone is None:
        return "PRECIOUS METAL REPORT"
    return f"{piece.stone.name.upper()} GRADING REPORT"


def _guilloche(line: Line, accent: Colour) -> None:
    """Draw the security pattern: waves too pale to disturb what is printed over them."""
    pale = tuple(round(253 - (253 - channel) * 0.07) for channel in accent)
    for wave in range(26):
        base = 4 + 3.7 * wave
        points = [(4 + 1.0 * step, base + 1.9 * math.sin(step / 5 + wave * 0.55)) for step in range(93)]
        line(points, pale, 0.14)


def _cut_drawing(line: Line, cut: Cut, centre: tuple[float, float], size: float) -> None:
    """Draw the crown seen from above: girdle, table, and the facets between them."""
    outline = _outline(cut)
    around = len(outline)

    def at(index: float, scale: float) -> tuple[float, float]:
        point = outline[round(index) % around] * scale * size
        return centre[0] + float(point[0]), centre[1] - float(point[1])

    def ring(scale: float) -> list[tuple[float, float]]:
        return [at(index, scale) for index in range(around + 1)]

    line(ring(1.0), _INK, 0.22)
    if cut == "cabochon":
        for scale in (0.72, 0.4):
            line(ring(scale), _FAINT, 0.12)
        return
    if cut in _STEPPED:
        for scale in (0.84, 0.68, 0.52):
            line(ring(scale), _INK, 0.13)
        for index in _corners(cut, around):
            line([at(index, 1.0), at(index, 0.52)], _INK, 0.13)
        return
    eighths = [index * around / 8 for index in range(9)]
    line([at(index, 0.56) for index in eighths], _INK, 0.16)
    sixteenth = around / 16
    for index in eighths[:-1]:
        # A star facet, two kites and four halves an eighth.
        line([at(index, 0.56), at(index + sixteenth, 0.76), at(index + 2 * sixteenth, 0.56)], _INK, 0.12)
        line([at(index + sixteenth, 0.76), at(index + sixteenth, 1.0)], _INK, 0.12)
        line([at(index, 1.0), at(index + sixteenth, 0.76), at(index + 2 * sixteenth, 1.0)], _INK, 0.12)


def _profile(line: Line, cut: Cut, centre: tuple[float, float], wide: float) -> None:
    """Draw the stone from its side, with lines that measure it."""
    x, y, half = centre[0], centre[1], wide / 2
    if cut == "cabochon":
        arc = [
            (x - half * math.cos(t * math.pi / 24), y - 0.62 * half * math.sin(t * math.pi / 24))
            for t in range(25)
        ]
        line([*arc, arc[0]], _INK, 0.2)
        return
    table, crown, pavilion = 0.57 * half, 0.32 * half, 0.86 * half
    line(
        [
            (x - half, y), (x - table, y - crown), (x + table, y - crown), (x + half, y),
            (x + half, y + 0.06 * half), (x, y + pavilion), (x - half, y + 0.06 * half), (x - half, y),
            (x + half, y),
        ],
        _INK, 0.2,
    )  # fmt: skip
    for share in (-0.5, 0.0, 0.5):
        line([(x + share * table, y - crown), (x + share * half * 1.1, y), (x, y + pavilion)], _FAINT, 0.1)
    line([(x - table, y - crown - 1.4), (x + table, y - crown - 1.4)], _FAINT, 0.1)
    for side in (-1, 1):
        line([(x + side * table, y - crown - 2.0), (x + side * table, y - crown - 0.8)], _FAINT, 0.1)


def _outline(cut: Cut) -> Array:
    return heart_outline(64) if cut == "heart" else cut_outline(cut, 64)


def _corners(cut: Cut, around: int) -> list[float]:
    """Return where the steps of a cut meet: eight corners, or the four of a square."""
    return (
        [around * (index + 0.5) / 4 for index in range(4)]
        if cut == "princess"
        else [around * index / 8 for index in range(8)]
    )


def _seal(line: Line, write: Write, centre: tuple[float, float], accent: Colour) -> None:
    x, y = centre
    rosette = [
        (x + (7.0 + 0.55 * math.cos(24 * t)) * math.cos(t), y + (7.0 + 0.55 * math.cos(24 * t)) * math.sin(t))
        for t in (step * math.tau / 288 for step in range(289))
    ]
    line(rosette, accent, 0.3)
    for radius in (5.9, 4.1):
        line(
            [
                (x + radius * math.cos(t * math.tau / 60), y + radius * math.sin(t * math.tau / 60))
                for t in range(61)
            ],
            accent,
            0.15,
        )
    line(
        [
            (x - 2.2, y - 0.9),
            (x - 1.3, y - 1.9),
            (x + 1.3, y - 1.9),
            (x + 2.2, y - 0.9),
            (x, y + 1.9),
            (x - 2.2, y - 0.9),
            (x + 2.2, y - 0.9),
        ],
        accent,
        0.22,
    )
    write(x, y + 2.0, "LGL", 1.7, accent, "ma")


def _signature(line: Line, rng: random.Random) -> None:
    """Draw a hand's loops: waves whose height falls as the hand hurries."""
    phase, loops = rng.uniform(0, 3), rng.uniform(3.4, 5.6)
    stroke = []
    for step in range(121):
        share = step / 120
        t = share * math.tau * loops
        x = 63 + 23 * share + (1.5 - share) * math.sin(t + phase)
        y = 87.4 + (2.6 - 1.8 * share) * math.cos(t) * math.sin(2.3 * t / loops + phase) - 1.2 * share
        stroke.append((x, y))
    line(stroke, (28, 38, 92), 0.28)
    line([(64, 89.6), (75, 88.6), (88, 87.2)], (28, 38, 92), 0.2)


def _bar_code(line: Line, text: str) -> None:
    x = 66.0
    for letter in text:
        for bit in range(6):
            if ord(letter) >> bit & 1:
                line([(x, 20.0), (x, 25.5)], _INK, 0.22)
            x += 24 / (6 * len(text))
