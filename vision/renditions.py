"""The pictures that serving shows: three sizes and a cut-out, WebP, sRGB, pixels and nothing else.

Before they are made the tint of the paper is taken out and a piece that stands a little askew is set straight
(``vision.white_balance``, ``vision.upright``); the original stays as it came.  No metadata of the original
survives (GPS positions, names, profiles), and the same picture gives the same bytes with the same Pillow and
OpenCV, so a rendition can be named by its digest.
"""

import base64
import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from thumbhash import rgba_to_thumb_hash

from vision.colour import reduced, srgb_to_lab
from vision.foreground import foreground_mask
from vision.object_masks import object_mask
from vision.upright import tilt_to_correct, turned
from vision.white_balance import Cast, cast_of, corrected

RENDITIONS_VERSION = "2"

LONGEST_SIDES_PX = (160, 512, 1280)
CUTOUT = "cutout"
CUTOUT_PX = 512
_LOOKED_AT_PX = 256
_EVEN_SPREAD = 3.0  # of L*, a* or b* along the frame's edge
_THUMBHASH_PX = 32  # it keeps seven waves a side at most, and its encoder is slow
_WEBP_QUALITY = 82
_WEBP_EFFORT = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendition:
    """One picture as it is served.

    Attributes:
        name: The longest side it stands for, of ``LONGEST_SIDES_PX``, where a smaller original keeps its own
            size; or ``cutout``, the piece on a transparent ground.
        width: Its width in pixels.
        height: Its height in pixels.
        data: A WebP file.
    """

    name: str
    width: int
    height: int
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Renditions:
    """What is served of one picture, and what was done to it.

    Attributes:
        files: The sizes, smallest first, then the cut-out where the piece can be told from its ground.
        thumbhash: Some 25 bytes in base64 that stand in while a picture loads; see evanw.github.io/thumbhash.
        cast_ab: Distance of the paper from grey that was taken out; None where nothing was.
        tilt_deg: By how much the piece was turned back, clockwise positive; None where it was not.
    """

    files: tuple[Rendition, ...]
    thumbhash: str
    cast_ab: float | None
    tilt_deg: float | None


def make_renditions(image: Image.Image) -> Renditions:
    """Return the renditions of an upright sRGB picture.

    Sizes that the original does not reach share one encoding, and so one object in the store.

    Args:
        image: Pixels as ``vision.decoding.decode`` returns them, mode ``RGB``.

    Raises:
        ValueError: If the picture is of another mode.
    """
    if image.mode != "RGB":
        message = f"renditions are made of RGB pictures, not {image.mode}: decode it first"
        raise ValueError(message)
    shown, cast, tilt_deg = _set_right(image)
    encoded: dict[tuple[int, int], bytes] = {}
    files = []
    for longest_side in LONGEST_SIDES_PX:
        size = _fitted(shown.size, longest_side)
        if size not in encoded:
            encoded[size] = _webp(_resized(shown, size))
        files.append(Rendition(name=str(longest_side), width=size[0], height=size[1], data=encoded[size]))
    cut_out = _cut_out(_resized(shown, _fitted(shown.size, CUTOUT_PX)))
    if cut_out is not None:
        files.append(Rendition(name=CUTOUT, width=cut_out.width, height=cut_out.height, data=_webp(cut_out)))
    return Renditions(
        files=tuple(files),
        thumbhash=_thumbhash(shown),
        cast_ab=None if cast is None else round(cast.distance_ab, 2),
        tilt_deg=None if tilt_deg is None else round(tilt_deg, 2),
    )


def _set_right(image: Image.Image) -> tuple[Image.Image, Cast | None, float | None]:
    cast = cast_of(image)
    shown = image if cast is None else corrected(image, cast)
    lab = srgb_to_lab(np.asarray(reduced(shown, _LOOKED_AT_PX)))
    mask = foreground_mask(lab) if _is_even(lab) else None
    tilt_deg = None if mask is None else tilt_to_correct(mask)
    if tilt_deg is not None:
        shown = turned(shown, tilt_deg, _paper(shown))
    return shown, cast, tilt_deg


def _is_even(lab: NDArray[np.float32]) -> bool:
    """Tell whether the ground is one colour all round, so that turned corners can be filled unseen."""
    edge = np.concatenate([lab[0], lab[-1], lab[:, 0], lab[:, -1]])
    return bool((np.percentile(edge, 98, axis=0) - np.percentile(edge, 2, axis=0)).max() < _EVEN_SPREAD)


def _paper(image: Image.Image) -> tuple[int, int, int]:
    small = np.asarray(reduced(image, _LOOKED_AT_PX))
    edge = np.concatenate([small[0], small[-1], small[:, 0], small[:, -1]])
    red, green, blue = (int(level) for level in np.median(edge, axis=0))
    return red, green, blue


def _cut_out(image: Image.Image) -> Image.Image | None:
    """Return the piece on a transparent ground, without the ground's colour along its edge."""
    mask = object_mask(image)
    if mask is None:
        return None
    alpha = mask.alpha[..., None]
    pixels = np.asarray(image).astype(np.float32)
    if mask.background is not None:
        paper = np.array(_paper(image), dtype=np.float32)
        edge = (alpha > 0.05) & (alpha < 0.95)
        pixels = np.where(
            edge, np.clip((pixels - (1 - alpha) * paper) / np.maximum(alpha, 0.05), 0, 255), pixels
        )
    pixels[mask.alpha <= 0.0] = 0.0  # what is not seen costs nothing
    cut = np.dstack([pixels, mask.alpha * 255.0])
    return Image.fromarray(np.round(cut).astype(np.uint8), mode="RGBA")


def _thumbhash(image: Image.Image) -> str:
    small = reduced(image, _THUMBHASH_PX).convert("RGBA")
    return base64.b64encode(bytes(rgba_to_thumb_hash(*small.size, small.tobytes()))).decode()


def _fitted(size: tuple[int, int], longest_side: int) -> tuple[int, int]:
    scale = min(1.0, longest_side / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _resized(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    if size == image.size:
        return image.copy()
    return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)


def _webp(image: Image.Image) -> bytes:
    image.info = {}
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=_WEBP_QUALITY, method=_WEBP_EFFORT, exif=b"", icc_profile=b"", xmp=b"")
    return buffer.getvalue()
