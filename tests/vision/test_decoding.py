"""Untrusted bytes become one upright sRGB picture, or a reason."""

import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from vision.decoding import FORMATS, DecodeLimits, decode, decode_fast
from vision.errors import UnreadableImageError


def reason_of(data, limits=None):
    with pytest.raises(UnreadableImageError) as caught:
        decode(data, limits or DecodeLimits())
    return caught.value.reason


@pytest.mark.parametrize("name", FORMATS)
def test_every_accepted_format_decodes_to_plain_rgb(ring, encoded, name):
    decoded = decode(encoded(ring(200), name))

    assert (decoded.format, decoded.width, decoded.height) == (name, 200, 200)
    assert decoded.image.mode == "RGB"
    assert decoded.image.info == {}


@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP", "AVIF", "BMP", "TIFF"])
@pytest.mark.parametrize("kept", [0.3, 0.6, 0.95])
def test_a_file_that_stops_early_is_truncated(ring, encoded, name, kept):
    data = encoded(ring(200), name)

    assert reason_of(data[: int(len(data) * kept)]) == "truncated"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "not_an_image"),
        (b"<!doctype html><html><body>404</body></html>", "not_an_image"),
        (b"\x00" * 4000, "not_an_image"),
        (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', "unsupported_format"),
        (b"%PDF-1.7 and so on", "unsupported_format"),
        (b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic", "unsupported_format"),
        (b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom", "unsupported_format"),
        (b"8BPS\x00\x01", "unsupported_format"),
    ],
)
def test_what_is_no_accepted_picture_says_so(data, reason):
    assert reason_of(data) == reason


def test_a_format_that_was_switched_off_is_unsupported(ring, encoded):
    limits = DecodeLimits(formats=("JPEG", "PNG"))

    assert reason_of(encoded(ring(100), "GIF"), limits) == "unsupported_format"


def test_a_picture_over_the_pixel_limit_is_refused_before_it_is_decoded(ring, encoded):
    limits = DecodeLimits(max_pixels=99 * 100)

    assert reason_of(encoded(ring(100), "PNG"), limits) == "too_many_pixels"


# Pillow only warns of the smaller one, and pytest resets the filters that would make it an error.
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("side", [10_000, 60_000])
def test_a_decompression_bomb_is_refused(side):
    def chunk(kind, body):
        checked = kind + body
        return struct.pack(">I", len(body)) + checked + struct.pack(">I", zlib.crc32(checked))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")

    assert reason_of(bomb) == "too_many_pixels"


def test_a_picture_with_a_side_under_the_least_is_too_small(encoded):
    assert reason_of(encoded(Image.new("RGB", (400, 31)), "PNG")) == "too_small"


def test_limits_that_pillow_would_override_are_refused():
    with pytest.raises(ValueError, match="max_pixels is 1000000000"):
        DecodeLimits(max_pixels=10**9)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_photograph_comes_upright(encoded, orientation):
    upright = Image.new("RGB", (120, 80), "white")
    upright.paste((200, 0, 0), (0, 0, 60, 40))
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = upright.transpose(undo[orientation]) if orientation in undo else upright
    exif = Image.Exif()
    exif[0x0112] = orientation

    data = encoded(stored, "PNG", exif=exif)

    for decoded in (decode(data), decode_fast(data, 32)):
        assert (decoded.width, decoded.height) == decoded.image.size == (120, 80)
        assert np.array_equal(np.asarray(decoded.image), np.asarray(upright))


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data:UserWarning")
def test_unreadable_exif_does_not_cost_the_picture(ring, encoded):
    data = encoded(ring(100), exif=b"Exif\x00\x00II*\x00\xff\xff\xff\xff garbage")

    assert decode(data).image.size == (100, 100)


def test_transparency_lies_on_white(encoded):
    drawn = Image.new("RGBA", (64, 64), (255, 0, 0, 0))
    drawn.paste((0, 0, 255, 128), (0, 0, 32, 64))

    pixels = np.asarray(decode(encoded(drawn, "PNG")).image)

    assert tuple(pixels[0, 63]) == (255, 255, 255)
    assert np.allclose(pixels[0, 0], (127, 127, 255), atol=1)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "CMYK", "RGBA", "I;16"])
def test_every_common_pixel_mode_becomes_rgb(mode, encoded):
    grey = Image.fromarray(np.linspace(0, 255, 64 * 64).reshape(64, 64).astype(np.uint8))
    if mode == "I;16":
        image = Image.fromarray(np.asarray(grey).astype(np.uint16) * 257)
    else:
        image = grey.convert("RGB").convert(mode)

    decoded = decode(encoded(image, "TIFF" if mode == "CMYK" else "PNG"))

    assert decoded.image.mode == "RGB"
    if mode not in {"1", "P"}:
        assert np.abs(np.asarray(decoded.image.convert("L"), dtype=int) - np.asarray(grey)).max() <= 2


def test_floating_point_pixels_are_unsupported(encoded):
    assert reason_of(encoded(Image.new("F", (64, 64)), "TIFF")) == "unsupported_format"


def test_an_embedded_profile_is_applied(encoded):
    # given: pixels whose profile says that their lightness is linear, as CIE XYZ's is
    image = Image.new("RGB", (64, 64), (128, 128, 128))
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
    linear = ImageCms.ImageCmsProfile(ImageCms.createProfile("XYZ"))
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))

    # then: sRGB's own profile changes nothing, and one that cannot describe RGB is set aside
    same = decode(encoded(image, "PNG", icc_profile=srgb.tobytes()))
    unfit = [decode(encoded(image, "PNG", icc_profile=profile.tobytes())) for profile in (lab, linear)]
    assert same.colour_profile == "srgb"
    assert same.image.getpixel((0, 0)) == (128, 128, 128)
    assert {decoded.image.getpixel((0, 0)) for decoded in unfit} == {(128, 128, 128)}
    assert decode(encoded(image, "PNG", icc_profile=b"garbage")).colour_profile == "unreadable"


def test_a_wide_gamut_profile_is_converted_to_srgb(encoded):
    # given: an sRGB profile with its red and green primaries moved apart, as wide-gamut ones have them
    wide = _with_greener_green(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    image = Image.new("RGB", (64, 64), (60, 180, 90))

    decoded = decode(encoded(image, "PNG", icc_profile=wide))

    red, green, _ = decoded.image.getpixel((32, 32))
    assert decoded.colour_profile == "converted"
    assert red < 60
    assert green > 178


def _with_greener_green(profile):
    tags = struct.unpack(">I", profile[128:132])[0]
    places = {}
    for index in range(tags):
        name, offset, _ = struct.unpack(">4sII", profile[132 + 12 * index : 144 + 12 * index])
        places[name] = offset
    changed = bytearray(profile)
    moved = 0.15
    for name, sign in ((b"rXYZ", -1.0), (b"gXYZ", 1.0)):
        # Primaries must still add up to white: what one loses in X, the other gains.
        place = places[name] + 8
        x = struct.unpack(">i", changed[place : place + 4])[0] / 65536
        changed[place : place + 4] = struct.pack(">i", round((x - sign * moved) * 65536))
    return bytes(changed)


def test_only_the_first_frame_of_an_animation_is_taken(encoded):
    frames = [Image.new("RGB", (64, 64), colour) for colour in ("red", "blue", "green")]

    for name in ("GIF", "WEBP", "TIFF", "AVIF"):
        data = encoded(frames[0], name, save_all=True, append_images=frames[1:])
        red, _, blue = decode(data).image.getpixel((32, 32))
        assert red > 200 > blue, name


def test_decoding_fast_gives_fewer_pixels_and_the_same_picture(ring, encoded):
    data = encoded(ring(1600), quality=95)

    full, fast = decode(data), decode_fast(data, 224)

    assert (fast.width, fast.height) == (full.width, full.height) == (1600, 1600)
    assert 224 <= min(fast.image.size) < 800
    expected = np.asarray(full.image.resize(fast.image.size, Image.Resampling.BOX), dtype=int)
    assert np.abs(np.asarray(fast.image, dtype=int) - expected).mean() < 1.0


def test_a_picture_that_is_too_small_to_reduce_comes_whole(ring, encoded):
    data = encoded(ring(300))

    assert decode_fast(data, 224).image.size == (300, 300)


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
@settings(max_examples=150, deadline=None)
@given(st.data())
def test_damaged_bytes_end_in_a_picture_or_a_reason(ring, encoded, data):
    name = data.draw(st.sampled_from(FORMATS))
    whole = bytearray(_small_file(ring, encoded, name))
    for _ in range(data.draw(st.integers(1, 20))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    end = data.draw(st.integers(0, len(whole)))

    assert _outcome(bytes(whole[:end])) in {
        "RGB", "not_an_image", "truncated", "unsupported_format", "too_many_pixels", "too_small", "corrupt"
    }  # fmt: skip


def _outcome(data):
    try:
        return decode(data).image.mode
    except UnreadableImageError as error:
        return error.reason


_files = {}


def _small_file(ring, encoded, name):
    if name not in _files:
        _files[name] = encoded(ring(64), name)
    return _files[name]


@pytest.mark.real
def test_every_real_photograph_decodes(real):
    paths = sorted(path for path in (real / "photos").rglob("*") if path.is_file())[::5]

    for path in paths:
        decoded = decode(path.read_bytes())
        with Image.open(io.BytesIO(path.read_bytes())) as opened:
            assert sorted(opened.size) == sorted((decoded.width, decoded.height)), path
