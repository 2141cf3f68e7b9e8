"""Untrusted bytes in, one upright sRGB picture out, or a reason code.

Only the first frame of a file is ever decoded, and the number of frames is never asked for: counting them
walks a file that a stranger wrote.  What the pixels show is not judged here; see ``vision.measures``.
"""

import io
import struct
import warnings
import zlib
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from PIL import Image, ImageCms, ImageFile, ImageOps

from vision.errors import UnreadableImageError

FORMATS = ("JPEG", "PNG", "WEBP", "AVIF", "GIF", "TIFF", "BMP")

# Both are process-wide switches of Pillow.  A filter that is set once is thread-safe; warnings.catch_warnings
# is not.
warnings.simplefilter("error", Image.DecompressionBombWarning)
ImageFile.LOAD_TRUNCATED_IMAGES = False

# What Pillow's decoders raise on bytes that somebody damaged, on purpose or not; a bug of ours would be
# caught too, but the picture it concerned is then quarantined with this error's text, and the batch goes on.
_DECODER_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    AttributeError,
    EOFError,
    LookupError,
    ArithmeticError,
    RuntimeError,
    MemoryError,
    struct.error,
    zlib.error,
)

_OWN_SIGNATURES = (
    (0, b"\xff\xd8\xff", "JPEG"),
    (0, b"\x89PNG\r\n\x1a\n", "PNG"),
    (8, b"WEBP", "WEBP"),
    (4, b"ftypavif", "AVIF"),
    (4, b"ftypavis", "AVIF"),
    (0, b"GIF8", "GIF"),
    (0, b"II*\x00", "TIFF"),
    (0, b"MM\x00*", "TIFF"),
    (0, b"BM", "BMP"),
)
_FOREIGN_SIGNATURES = (
    (0, b"%PDF", "PDF"),
    (0, b"8BPS", "Photoshop"),
    (0, b"%!PS", "PostScript"),
    (0, b"\x00\x00\x01\x00", "icon"),
    (0, b"\xff\x0a", "JPEG XL"),
    (4, b"JXL ", "JPEG XL"),
    (4, b"jP  ", "JPEG 2000"),
    (0, b"qoif", "QOI"),
    (0, b"DDS ", "DDS"),
    (4, b"ftyphei", "HEIC"),
    (4, b"ftyphev", "HEIC"),
    (4, b"ftypmif1", "HEIF"),
    (4, b"ftypmsf1", "HEIF"),
    (4, b"ftyp", "video"),
    (0, b"\x1a\x45\xdf\xa3", "video"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DecodeLimits:
    """What a picture may be before a single pixel of it is decoded.

    ``min_side_px`` is where nothing can be told about a piece any more, by a model or by a person; what is
    too small to be shown well is a quality rule's business.
    """

    max_pixels: int = 60_000_000
    min_side_px: int = 32
    formats: tuple[str, ...] = FORMATS

    def __post_init__(self) -> None:
        ceiling = Image.MAX_IMAGE_PIXELS or 0
        if not 0 < self.max_pixels <= ceiling:
            message = (
                f"max_pixels is {self.max_pixels}: it must be between 1 and {ceiling}, Pillow's own limit"
            )
            raise ValueError(message)
        if self.min_side_px < 1:
            message = f"min_side_px is {self.min_side_px}: it must be at least 1"
            raise ValueError(message)
        if unknown := set(self.formats) - set(FORMATS):
            message = f"formats {sorted(unknown)} are not known: choose among {', '.join(FORMATS)}"
            raise ValueError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class DecodedImage:
    """One picture: upright, sRGB, 8 bits, without alpha and without metadata.

    Attributes:
        image: The pixels, mode ``RGB``; fewer than ``width`` × ``height`` after ``decode_fast``.
        format: Name of the file's format, one of ``FORMATS``.
        width: Width of the upright original, in pixels.
        height: Height of the upright original, in pixels.
        colour_profile: ``converted`` from the embedded ICC profile; ``srgb`` when there was none or it was
            sRGB's; ``unreadable`` when it could not be used and the pixels were taken as sRGB, as browsers
            do.
    """

    image: Image.Image
    format: str
    width: int
    height: int
    colour_profile: Literal["srgb", "converted", "unreadable"]


def decode(data: bytes, limits: DecodeLimits = DecodeLimits()) -> DecodedImage:
    """Decode a picture at its full size.

    Raises:
        UnreadableImageError: With the reason why these bytes cannot be used.
    """
    return _decode(data, limits, at_least_px=None)


def decode_fast(
    data: bytes,
    at_least_px: int,
    limits: DecodeLimits = DecodeLimits(),
) -> DecodedImage:
    """Decode a picture for a reader that needs no more than ``at_least_px`` on its shortest side.

    A large JPEG is reduced by 2, 4 or 8 inside its inverse transform, which is several times faster than
    decoding all of it and averages at least as well as a resize would; every other picture comes at its full
    size.

    Raises:
        UnreadableImageError: With the reason why these bytes cannot be used.
    """
    return _decode(data, limits, at_least_px=at_least_px)


def _decode(data: bytes, limits: DecodeLimits, at_least_px: int | None) -> DecodedImage:
    opened = _open(data, limits)
    name = opened.format or ""
    width, height = opened.size
    if width * height > limits.max_pixels:
        raise UnreadableImageError("too_many_pixels", f"{width} × {height} pixels, over {limits.max_pixels}")
    if min(width, height) < limits.min_side_px:
        raise UnreadableImageError(
            "too_small", f"{width} × {height} pixels: both sides need at least {limits.min_side_px}"
        )
    try:
        if at_least_px is not None and name == "JPEG":
            opened.draft(opened.mode, (at_least_px, at_least_px))
        opened.load()
        rgb, colour_profile = _to_srgb(opened)
    except _DECODER_ERRORS as error:
        raise _damaged(data, name, error) from error
    upright, is_turned = _upright(opened, rgb)
    if is_turned:
        width, height = height, width
    return DecodedImage(image=upright, format=name, width=width, height=height, colour_profile=colour_profile)


def _open(data: bytes, limits: DecodeLimits) -> Image.Image:
    try:
        return Image.open(io.BytesIO(data), formats=limits.formats)
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise UnreadableImageError("too_many_pixels", str(error)) from error
    except _DECODER_ERRORS as error:
        name = _signature(data, _OWN_SIGNATURES)
        if name in limits.formats:
            raise _damaged(data, name, error) from error
        if foreign := name or _signature(data, _FOREIGN_SIGNATURES) or _markup(data):
            accepted = ", ".join(limits.formats)
            detail = f"this is a {foreign} file; accepted are {accepted}"
            raise UnreadableImageError("unsupported_format", detail) from error
        detail = f"{len(data)} bytes starting with {data[:12]!r}" if data else "0 bytes"
        raise UnreadableImageError("not_an_image", detail) from error


def _signature(data: bytes, signatures: tuple[tuple[int, bytes, str], ...]) -> str:
    for offset, magic, name in signatures:
        if data[offset : offset + len(magic)] == magic:
            return name
    return ""


def _markup(data: bytes) -> str:
    return "SVG" if data.lstrip()[:1] == b"<" and b"<svg" in data[:2000].lower() else ""


def _damaged(data: bytes, name: str, error: BaseException) -> UnreadableImageError:
    is_short = "truncated" in str(error).lower() or _ends_early(data, name)
    return UnreadableImageError("truncated" if is_short else "corrupt", f"{name}, {len(data)} bytes: {error}")


def _ends_early(data: bytes, name: str) -> bool:
    match name:
        case "JPEG":
            return b"\xff\xd9" not in data[-64:]
        case "PNG":
            return b"IEND" not in data[-64:]
        case "GIF":
            return not data.rstrip(b"\x00").endswith(b";")
        case "WEBP":
            return len(data) < 12 or int.from_bytes(data[4:8], "little") + 8 > len(data)
        case "BMP":
            return len(data) < 54 or int.from_bytes(data[2:6], "little") > len(data)
        case "AVIF":
            return _boxes_end_early(data)
    return False


def _boxes_end_early(data: bytes) -> bool:
    position = 0
    while position + 8 <= len(data):
        size = int.from_bytes(data[position : position + 4], "big")
        if size == 1:
            size = int.from_bytes(data[position + 8 : position + 16], "big")
        if size < 8:
            return False
        position += size
    return position != len(data)


def _upright(opened: Image.Image, rgb: Image.Image) -> tuple[Image.Image, bool]:
    try:
        orientation = opened.getexif().get(0x0112, 1)
    except _DECODER_ERRORS:
        orientation = 1  # unreadable EXIF says nothing about the pixels, which were decoded
    if orientation not in range(2, 9):
        return rgb, False
    rgb.getexif()[0x0112] = orientation
    upright = ImageOps.exif_transpose(rgb)
    return _without_metadata(upright), orientation >= 5


def _without_metadata(image: Image.Image) -> Image.Image:
    plain = image.copy()
    plain.info = {}
    return plain


def _to_srgb(opened: Image.Image) -> tuple[Image.Image, Literal["srgb", "converted", "unreadable"]]:
    profile = opened.info.get("icc_profile")
    colour, alpha = _colour_and_alpha(opened)
    used: Literal["srgb", "converted", "unreadable"] = "srgb"
    if profile:
        try:
            transform = _transform_to_srgb(bytes(profile), colour.mode)
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            used = "unreadable"
        else:
            if transform is not None:
                colour = ImageCms.applyTransform(colour, transform) or colour
                used = "converted"
    rgb = _without_metadata(colour if colour.mode == "RGB" else colour.convert("RGB"))
    if alpha is not None:
        on_white = Image.new("RGB", rgb.size, "white")
        on_white.paste(rgb, mask=alpha)
        rgb = on_white
    return rgb, used


def _colour_and_alpha(opened: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """Split a picture into its colour, in a mode that a profile can describe, and its alpha if it has one."""
    if opened.mode.startswith("I;16"):
        return Image.fromarray((np.asarray(opened) >> 8).astype(np.uint8)), None
    if opened.mode in {"I", "F"}:
        raise UnreadableImageError(
            "unsupported_format", f"pixels of mode {opened.mode} have no defined white"
        )
    if opened.mode in {"LA", "La"}:
        straight = opened.convert("LA")
        return straight.getchannel("L"), straight.getchannel("A")
    if opened.has_transparency_data:
        straight = opened.convert("RGBA")
        return straight.convert("RGB"), straight.getchannel("A")
    if opened.mode in {"L", "RGB", "CMYK"}:
        return opened, None
    return opened.convert("L" if opened.mode == "1" else "RGB"), None


@lru_cache(maxsize=32)
def _transform_to_srgb(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """Return the transform from a profile to sRGB, or None where it changes nothing that can be seen."""
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    transform = ImageCms.buildTransform(
        source, ImageCms.createProfile("sRGB"), mode, "RGB", ImageCms.Intent.RELATIVE_COLORIMETRIC
    )
    if mode != "RGB":
        return transform
    steps = np.linspace(0, 255, 9, dtype=np.uint8)
    lattice = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(27, 27, 3)
    changed = ImageCms.applyTransform(Image.fromarray(lattice), transform)
    difference = np.abs(np.asarray(changed, dtype=np.int16) - lattice)
    # Most photographs carry one of the many sRGB profiles; their lattices move by at most a rounding step.
    return None if difference.max() <= 2 else transform
