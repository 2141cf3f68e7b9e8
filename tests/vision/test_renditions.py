"""Renditions are pixels and nothing else, set right, and the same picture gives the same bytes."""

import io

import numpy as np
import pytest
from PIL import Image, ImageCms

from vision.decoding import decode
from vision.object_masks import object_mask
from vision.renditions import make_renditions


def opened(rendition):
    return Image.open(io.BytesIO(rendition.data))


def test_three_sizes_fit_their_longest_side(ring):
    wide = ring(1600).crop((0, 400, 1600, 1200))

    renditions = make_renditions(wide).files

    assert [(r.name, r.width, r.height) for r in renditions] == [
        ("160", 160, 80),
        ("512", 512, 256),
        ("1280", 1280, 640),
        ("cutout", 512, 256),
    ]
    for rendition in renditions:
        with opened(rendition) as image:
            assert (image.format, image.size) == ("WEBP", (rendition.width, rendition.height))


def test_a_small_original_is_never_enlarged(ring):
    small, medium, large, cutout = make_renditions(ring(300)).files

    assert [(r.width, r.height) for r in (small, medium, large)] == [(160, 160), (300, 300), (300, 300)]
    assert medium.data == large.data
    assert (cutout.width, cutout.height) == (300, 300)


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

    for rendition in (*make_renditions(decode(photograph).image).files, *make_renditions(tagged).files):
        with opened(rendition) as image:
            assert not image.getexif()
            assert not {"exif", "icc_profile", "xmp", "comment"} & set(image.info)
        for chunk in (b"EXIF", b"ICCP", b"XMP "):
            assert chunk not in rendition.data[:64]


def test_a_very_thin_picture_keeps_a_pixel():
    thin = make_renditions(Image.new("RGB", (4000, 8), "white")).files[0]

    assert (thin.width, thin.height) == (160, 1)


def test_a_picture_that_was_not_decoded_by_us_is_refused():
    with pytest.raises(ValueError, match="RGBA"):
        make_renditions(Image.new("RGBA", (50, 50)))


def test_the_cut_out_is_the_piece_and_nothing_of_its_paper(ring):
    cutout = make_renditions(ring(600)).files[-1]

    with opened(cutout) as image:
        alpha = np.asarray(image.convert("RGBA"))[..., 3]
    assert alpha[:20].max() == alpha[256, 256] == 0  # the paper, and the hole that a ring has
    assert 0.03 < (alpha > 200).mean() < 0.5


def test_a_frame_without_a_piece_has_no_cut_out():
    names = [one.name for one in make_renditions(Image.new("RGB", (400, 400), "white")).files]

    assert names == ["160", "512", "1280"]


@pytest.mark.parametrize(
    ("tint", "taken_out"), [((1.0, 0.98, 0.94), True), ((1.0, 1.0, 1.0), False), ((1.0, 0.75, 0.8), False)]
)
def test_a_tint_of_the_paper_is_taken_out_and_a_coloured_backdrop_stays(ring, tint, taken_out):
    tinted = Image.fromarray((np.asarray(ring(600)) * tint).astype(np.uint8))

    made = make_renditions(tinted)

    with opened(made.files[1]) as image:
        paper = np.asarray(image.convert("RGB"))[:10].mean(axis=(0, 1))
    before = np.asarray(tinted)[:10].mean(axis=(0, 1))
    assert (made.cast_ab is not None) is taken_out
    assert np.ptp(paper) < 3 if taken_out else np.abs(paper - before).max() < 3


def test_a_long_piece_a_little_askew_is_set_straight_and_one_laid_across_stays():
    def bar(degrees):
        drawn = Image.new("RGB", (600, 600), "white")
        drawn.paste((150, 110, 40), (275, 100, 325, 500))
        return drawn.rotate(-degrees, fillcolor="white", resample=Image.Resampling.BICUBIC)

    assert make_renditions(bar(4.0)).tilt_deg == pytest.approx(4.0, abs=0.3)
    assert make_renditions(bar(30.0)).tilt_deg is None
    assert make_renditions(bar(0.3)).tilt_deg is None
    with opened(make_renditions(bar(4.0)).files[1]) as image:
        rows, columns = np.nonzero(np.asarray(image.convert("L")) < 200)
    assert np.ptp(columns) < np.ptp(columns[rows < rows.mean()]) + 4  # both halves over the same columns


def test_a_busy_ground_is_cut_away_where_the_piece_has_colours_of_its_own():
    rng = np.random.default_rng(3)
    ground = np.clip(rng.normal((60, 70, 90), 30, (400, 400, 3)), 0, 255).astype(np.uint8)
    picture = Image.fromarray(ground)
    picture.paste((220, 170, 40), (140, 140, 260, 260))

    mask = object_mask(picture)

    assert mask.found_by == "grabcut"
    assert mask.solid[150:250, 150:250].mean() > 0.95
    assert mask.solid[:100].mean() < 0.02
    assert object_mask(Image.fromarray(ground)) is None
