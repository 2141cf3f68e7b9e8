"""The pictures that serving shows: three sizes, WebP, sRGB, pixels and nothing else.

No metadata of the original survives (GPS positions, names, profiles), and the same picture gives the same
bytes with the same Pillow, so a rendition can be named by its digest.
"""

import io
from dataclasses import dataclass

from PIL import Image

RENDITIONS_VERSION = "1"

LONGEST_SIDES_PX = (160, 512, 1280)
_WEBP_QUALITY = 82
_WEBP_EFFORT = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendition:
    """One picture as it is served.

    Attributes:
        longest_side: The size it stands for, one of ``LONGEST_SIDES_PX``; a smaller original keeps its own
            size.
        width: Its width in pixels.
        height: Its height in pixels.
        data: A WebP file.
    """

    longest_side: int
    width: int
    height: int
    data: bytes


def make_renditions(image: Image.Image) -> tuple[Rendition, ...]:
    """Return the renditions of an upright sRGB picture, smallest first.

    Sizes that the original does not reach share one encoding, and so one object in the store.

    Args:
        image: Pixels as ``vision.decoding.decode`` returns them, mode ``RGB``.

    Raises:
        ValueError: If the picture is of another mode.
    """
    if image.mode != "RGB":
        message = f"renditions are made of RGB pictures, not {image.mode}: decode it first"
        raise ValueError(message)
    encoded: dict[tuple[int, int], bytes] = {}
    renditions = []
    for longest_side in LONGEST_SIDES_PX:
        size = _fitted(image.size, longest_side)
        if size not in encoded:
            encoded[size] = _webp(image, size)
        renditions.append(
            Rendition(longest_side=longest_side, width=size[0], height=size[1], data=encoded[size])
        )
    return tuple(renditions)


def _fitted(size: tuple[int, int], longest_side: int) -> tuple[int, int]:
    scale = min(1.0, longest_side / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _webp(image: Image.Image, size: tuple[int, int]) -> bytes:
    fitted = (
        image.copy() if size == image.size else image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
    )
    fitted.info = {}
    buffer = io.BytesIO()
    fitted.save(
        buffer, "WEBP", quality=_WEBP_QUALITY, method=_WEBP_EFFORT, exif=b"", icc_profile=b"", xmp=b""
    )
    return buffer.getvalue()
