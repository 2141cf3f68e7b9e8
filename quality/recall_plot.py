"""Operating points drawn for the Dagster UI: recall against latency, one line per tier and channel."""

import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont

_SIZE, _LEFT, _RIGHT, _TOP, _BOTTOM = (720, 300), 56, 190, 16, 34
_INK, _PALE = "#333333", "#cccccc"
_LINES = ("#3366aa", "#c05020", "#3a8a3a", "#8a4fa0", "#a08020", "#207f8f")
_TICKS_MS = (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100)


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredPoint:
    """One operating point: lower bound of recall, milliseconds of a query, and whether it was chosen."""

    recall: float
    milliseconds: float
    chosen: bool


def recall_against_latency(series: Mapping[str, Sequence[MeasuredPoint]]) -> bytes:
    """Draw a line per name through its points, latency on a logarithmic axis, and return a WebP.

    What was chosen is a filled disc, the others are rings.

    Args:
        series: Name to points; a name without any is left out.

    Raises:
        ValueError: If there is no point, or a latency is not positive.
    """
    drawn = {
        name: sorted(points, key=lambda point: point.milliseconds)
        for name, points in series.items()
        if points
    }
    every = [point for points in drawn.values() for point in points]
    if not every:
        message = "there is no operating point to draw"
        raise ValueError(message)
    if min(point.milliseconds for point in every) <= 0:
        message = "a latency is not positive: measure it again"
        raise ValueError(message)
    low, high = (math.log(edge(point.milliseconds for point in every)) for edge in (min, max))
    low, high = low - 0.1, max(high, low + 0.5) + 0.1
    bottom = min(*(point.recall for point in every), 0.9) - 0.02
    width, height = _SIZE
    chart = Image.new("RGB", _SIZE, "white")
    pen, font = ImageDraw.Draw(chart), ImageFont.load_default(11)

    def at(point: MeasuredPoint) -> tuple[float, float]:
        along = (math.log(point.milliseconds) - low) / (high - low)
        up = (point.recall - bottom) / (1.0 - bottom)
        return _LEFT + along * (width - _LEFT - _RIGHT), height - _BOTTOM - up * (height - _TOP - _BOTTOM)

    for recall in (bottom, (1.0 + bottom) / 2, 1.0):
        y = at(MeasuredPoint(recall=recall, milliseconds=1.0, chosen=False))[1]
        pen.line((_LEFT, y, width - _RIGHT, y), _PALE)
        pen.text((6, y - 6), f"{recall:.3f}", _INK, font)
    for tick in _TICKS_MS:
        if low <= math.log(tick) <= high:
            x = at(MeasuredPoint(recall=bottom, milliseconds=tick, chosen=False))[0]
            pen.line((x, height - _BOTTOM, x, height - _BOTTOM + 4), _INK)
            pen.text((x - 8, height - _BOTTOM + 6), f"{tick:g}", _INK, font)
    pen.text((_LEFT, height - 14), "ms of a single query, one thread; lower bound of recall@10", _INK, font)
    for number, (name, points) in enumerate(drawn.items()):
        colour = _LINES[number % len(_LINES)]
        places = [at(point) for point in points]
        if len(places) > 1:
            pen.line(places, colour, 1)
        for (x, y), point in zip(places, points, strict=True):
            size = 5 if point.chosen else 3
            pen.ellipse((x - size, y - size, x + size, y + size), colour if point.chosen else "white", colour)
        pen.text((width - _RIGHT + 12, _TOP + 16 * number), name, colour, font)
    sink = io.BytesIO()
    chart.save(sink, "WEBP", lossless=True)
    return sink.getvalue()
