"""The picture of a question, which no server keeps: a small copy goes along in the page's form.

So crop, filters and weights can be changed again and again, with and without JavaScript.
"""

import base64
import binascii
import io
from collections.abc import Mapping

from PIL import Image

from serving.encoding import Crop
from serving.errors import QueryError, TooLargeError
from vision.decoding import DecodeLimits, decode_fast

COPY_PX = 640
EDGES = ("left", "top", "right", "bottom")
_WHOLE = (0.0, 0.0, 1.0, 1.0)
_LARGEST_COPY_BYTES = 3_000_000
_QUALITY = 85


def copy_of(data: bytes, *, most_pixels: int) -> str:
    """Return a small upright WebP copy of a picture as base64, without whatever else its file says.

    Raises:
        UnreadableImageError: If it cannot be used.
    """
    limits = DecodeLimits(max_pixels=most_pixels)
    image = decode_fast(data, at_least_px=COPY_PX, limits=limits).image
    image.thumbnail((COPY_PX, COPY_PX), Image.Resampling.LANCZOS)
    sink = io.BytesIO()
    image.save(sink, "webp", quality=_QUALITY)
    return base64.b64encode(sink.getvalue()).decode()


def bytes_of(copy: str) -> bytes:
    """Return the file that a form brought back.

    Raises:
        QueryError: If it is none.
        TooLargeError: If it is larger than any copy is.
    """
    if len(copy) > _LARGEST_COPY_BYTES:
        message = (
            f"the copy of the picture has {len(copy)} bytes, more than any has: choose the picture again"
        )
        raise TooLargeError(message)
    try:
        return base64.b64decode(copy, validate=True)
    except (binascii.Error, ValueError):
        message = "the copy of the picture came back damaged: choose the picture again"
        raise QueryError(message) from None


def crop_of(stated: Mapping[str, str]) -> Crop | None:
    """Return the part of the picture that a form means, in percent of its sides; None for all of it.

    Args:
        stated: ``crop_left``, ``crop_top``, ``crop_right`` and ``crop_bottom``; empty ones mean the edge.

    Raises:
        QueryError: If it is no box.
    """
    edges = []
    for name, usual in zip(EDGES, _WHOLE, strict=True):
        said = stated.get(f"crop_{name}", "").strip().replace(",", ".")
        try:
            edges.append(float(said) / 100 if said else usual)
        except ValueError:
            message = f"the crop's {name} edge {said!r} is no number: give percent from 0 to 100"
            raise QueryError(message) from None
    left, top, right, bottom = edges
    if not (0.0 <= left < right <= 1.0 and 0.0 <= top < bottom <= 1.0):
        shown = ", ".join(f"{edge * 100:g}" for edge in edges)
        message = (
            f"the crop {shown} is no box: left must come before right, and top before bottom, from 0 to 100"
        )
        raise QueryError(message)
    return None if (left, top, right, bottom) == _WHOLE else (left, top, right, bottom)
