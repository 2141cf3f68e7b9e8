"""Small drawings for the Dagster UI: histograms with their bounds, shares over time, reliability curves.

Drawn with Pillow, so that the same numbers give the same bytes, and small enough to stand in metadata.
"""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from PIL import Image, ImageDraw, ImageFont

BINS = 30
_CELL, _LEFT, _TOP, _BOTTOM = (260, 120), 8, 18, 16
_INK, _PALE, _BARS, _REVIEW, _QUARANTINE = "#333333", "#cccccc", "#7a9cc6", "#e0a030", "#c03030"
_LINES = ("#3366aa", "#c05020", "#3a8a3a", "#8a4fa0", "#a08020", "#207f8f")


@dataclass(frozen=True, slots=True, kw_only=True)
class Histogram:
    """One measure's values, and the bounds beyond which a person looks or the picture stays out."""

    name: str
    unit: str
    values: Sequence[float]
    review: float | None
    quarantine: float | None


def histograms(charts: Sequence[Histogram], *, columns: int = 3) -> bytes:
    """Draw histograms in rows and return a WebP; orange is the bound of review, red that of quarantine.

    Raises:
        ValueError: If there is nothing to draw.
    """
    if not charts:
        message = "there is no histogram to draw"
        raise ValueError(message)
    width, height = _CELL
    rows = -(-len(charts) // columns)
    sheet = Image.new("RGB", (columns * width, rows * height), "white")
    for number, chart in enumerate(charts):
        cell = _histogram(chart)
        sheet.paste(cell, ((number % columns) * width, (number // columns) * height))
    return _webp(sheet)


def shares_over_time(series: Mapping[str, Sequence[tuple[datetime, float]]], *, highest: float) -> bytes:
    """Draw one line per feed of shares over time and return a WebP.

    Args:
        series: Feed to moments and shares, oldest first; a feed without any is left out.
        highest: The share at the top; more where the values need it.

    Raises:
        ValueError: If no feed has a value.
    """
    drawn = {feed: points for feed, points in series.items() if points}
    if not drawn:
        message = "there is no share to draw"
        raise ValueError(message)
    moments = [moment for points in drawn.values() for moment, _ in points]
    first, last = min(moments), max(moments)
    top = max([highest, *(share for points in drawn.values() for _, share in points)])
    width, height, right = 720, 220, 150
    chart = Image.new("RGB", (width, height), "white")
    pen, font = ImageDraw.Draw(chart), ImageFont.load_default(11)
    left, upper, lower = 46, 12, height - 26

    def at(moment: datetime, share: float) -> tuple[float, float]:
        span = (last - first).total_seconds()
        along = (moment - first).total_seconds() / span if span else 0.5
        return left + along * (width - left - right), lower - share / top * (lower - upper)

    for share in (0.0, top / 2, top):
        height_of = at(first, share)[1]
        pen.line((left, height_of, width - right, height_of), _PALE)
        pen.text((4, height_of - 6), f"{share:.1%}", _INK, font)
    pen.text((left, lower + 8), f"{first:%Y-%m-%d}", _INK, font)
    pen.text((width - right - 66, lower + 8), f"{last:%Y-%m-%d}", _INK, font)
    for number, (feed, points) in enumerate(drawn.items()):
        colour = _LINES[number % len(_LINES)]
        places = [at(moment, share) for moment, share in points]
        pen.line(places, colour, 2)
        for x, y in places:
            pen.ellipse((x - 2, y - 2, x + 2, y + 2), colour)
        pen.text((width - right + 12, upper + 16 * number), f"{feed} {points[-1][1]:.1%}", colour, font)
    return _webp(chart)


def reliability_curves(curves: Mapping[str, Sequence[tuple[float, float, int]]], *, floor: float) -> bytes:
    """Draw one square per name of accuracy over confidence and return a WebP.

    The grey line is where both are equal, the orange one the floor.  A dot is as large as its count.

    Args:
        curves: Name to (mean confidence, accuracy, count) of each range, by rising confidence.
        floor: Confidence from which answers are used.

    Raises:
        ValueError: If there is no curve.
    """
    if not curves:
        message = "there is no reliability curve to draw"
        raise ValueError(message)
    side, margin, top = 220, 30, 22
    span = side - margin - 12
    sheet = Image.new("RGB", (len(curves) * side, side + top), "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(11)
    for number, (name, ranges) in enumerate(curves.items()):
        left, lower = number * side + margin, top + span + 4

        def at(across: float, up: float, left: int = left, lower: int = lower) -> tuple[float, float]:
            return left + across * span, lower - up * span

        pen.text((left, 4), f"{name}, n={sum(count for _, _, count in ranges)}", _INK, font)
        pen.rectangle((*at(0, 1), *at(1, 0)), outline=_PALE)
        pen.line((*at(0, 0), *at(1, 1)), _PALE, 2)
        pen.line((*at(floor, 0), *at(floor, 1)), _REVIEW, 1)
        pen.line([at(sure, right) for sure, right, _ in ranges], _LINES[0], 2)
        most = max(count for _, _, count in ranges)
        for sure, right, count in ranges:
            (x, y), radius = at(sure, right), 2 + 3 * (count / most) ** 0.5
            pen.ellipse((x - radius, y - radius, x + radius, y + radius), _LINES[0])
        pen.text((left, lower + 4), "0", _INK, font)
        pen.text((left + span - 6, lower + 4), "1", _INK, font)
        pen.text((left + span / 2 - 30, lower + 4), "confidence", _INK, font)
        pen.text((number * side + 14, top), "1", _INK, font)
        pen.text((number * side + 4, top + span / 2 - 6), "right", _INK, font)
    return _webp(sheet)


def _histogram(chart: Histogram) -> Image.Image:
    width, height = _CELL
    cell = Image.new("RGB", _CELL, "white")
    pen, font = ImageDraw.Draw(cell), ImageFont.load_default(11)
    bounds = [bound for bound in (chart.review, chart.quarantine) if bound is not None]
    values = np.asarray(chart.values, dtype=np.float64)
    # One outlier must not squeeze everything else into a single bar: the ends hold what lies beyond them.
    low, high = np.percentile(values, [1, 99]) if len(values) else (0.0, 1.0)
    low, high = min([low, *bounds]), max([high, *bounds])
    if high <= low:
        high = low + 1.0
    counts, _ = np.histogram(np.clip(values, low, high), bins=BINS, range=(low, high))
    floor, room = height - _BOTTOM, height - _BOTTOM - _TOP
    span = width - 2 * _LEFT
    for number, count in enumerate(counts):
        if count:
            left = _LEFT + number * span / BINS
            tall = max(1.0, room * count / counts.max())
            pen.rectangle((left, floor - tall, left + span / BINS - 1, floor), _BARS)
    for bound, colour in ((chart.review, _REVIEW), (chart.quarantine, _QUARANTINE)):
        if bound is not None:
            x = _LEFT + (bound - low) / (high - low) * span
            pen.line((x, _TOP, x, floor), colour, 2)
    pen.line((_LEFT, floor, width - _LEFT, floor), _INK)
    pen.text((_LEFT, 2), f"{chart.name} {chart.unit}".strip() + f", n={len(values)}", _INK, font)
    pen.text((_LEFT, floor + 2), f"{low:.3g}", _INK, font)
    end = f"{high:.3g}"
    pen.text((width - _LEFT - font.getlength(end), floor + 2), end, _INK, font)
    return cell


def _webp(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=85, method=4)
    return buffer.getvalue()
