"""Renditions are pixels and nothing else, and the same picture gives the same bytes."""

import io

import pytest
from PIL import Image, ImageCms

from vision.decoding import decode
from vision.renditions import make_renditions


def opened(rendition):
    return Image.open(io.BytesIO(rendition.data))


def test_three_sizes_fit_their_longest_side(ring):
    wide = ring(1600).crop((0, 400, 1600, 1200))

    renditions = make_renditions(wide)

    assert [(r.longest_side, r.width, r.height) for r in renditions] == [
        (160, 160, 80),
        (512, 512, 256),
        (1280, 1280, 640),
    ]
    for rendition in renditions:
        with opened(rendition) as image:
            assert (image.format, image.size) == ("WEBP", (rendition.width, rendition.height))


def test_a_small_original_is_never_enlarged(ring):
    small, medium, large = make_renditions(ring(300))

    assert [(r.width, r.height) for r in (small, medium, large)] == [(160, 160), (300, 300), (300, 300)]
    assert medium.data == large.data


def test_the_same_picture_gives_the_same_bytes(ring):
    assert make_renditions(ring(700)) == make_renditions(ring(700))


def test_nothing_but_pixels_survives(ring, encoded):
    exif = Image.Exif()
    exif[0x010F] = "A camera of somebody"
    exif.get_ifd(0x8825)[1] = "N"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    photograph = encoded(ring(900), exif=exif, icc_profile=profile, comment=b"for my eyes only")

    tagged = ring(900)
    tagged.info.update(exif=exif.tobytes(), icc_profile=profile, xmp=b"<x/>")

    for rendition in (*make_renditions(decode(photograph).image), *make_renditions(tagged)):
        with opened(rendition) as image:
            assert not image.getexif()
            assert not {"exif", "icc_profile", "xmp", "comment"} & set(image.info)
        for chunk in (b"EXIF", b"ICCP", b"XMP ", b"VP8X"):
            assert chunk not in rendition.data[:64]


def test_a_very_thin_picture_keeps_a_pixel():
    thin = make_renditions(Image.new("RGB", (4000, 8), "white"))[0]

    assert (thin.width, thin.height) == (160, 1)


def test_a_picture_that_was_not_decoded_by_us_is_refused():
    with pytest.raises(ValueError, match="RGBA"):
        make_renditions(Image.new("RGBA", (50, 50)))
