"""The crop to the piece: where it is, on what it gives up, and that everybody gets the same one."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFilter

from vision.encoders import EncoderSettings
from vision.errors import EncoderError
from vision.object_crop import (
    OBJECT_CROP_VERSION,
    ObjectCrop,
    border_colour,
    cropped_to_object,
    cut_to_object,
    object_box,
    object_square,
)
from vision.open_clip_encoder import load_encoder
from vision.preparation import PreparationProcesses, prepare


def paper(width=300, height=300, colour=(246, 246, 246)):
    return Image.new("RGB", (width, height), colour)


def with_piece(image, box, colour=(190, 150, 60)):
    ImageDraw.Draw(image).rectangle((box[0], box[1], box[2] - 1, box[3] - 1), fill=colour)
    return image


def faded(image, across=0.0, down=0.0):
    """Let the light fall off from one side to the other, by so many grey levels."""
    pixels = np.asarray(image, dtype=np.float32)
    rows, columns = np.mgrid[0 : pixels.shape[0], 0 : pixels.shape[1]]
    fall = across * columns / pixels.shape[1] + down * rows / pixels.shape[0]
    return Image.fromarray((pixels - fall[..., None]).clip(0, 255).astype(np.uint8))


def with_shadow(image, box, depth=60):
    """Darken softly below a piece."""
    shade = Image.new("L", image.size, 0)
    ImageDraw.Draw(shade).ellipse(box, fill=depth)
    shade = np.asarray(shade.filter(ImageFilter.GaussianBlur(14)), dtype=np.int16)
    return Image.fromarray(
        (np.asarray(image, dtype=np.int16) - shade[..., None]).clip(0, 255).astype(np.uint8)
    )


def box_of(image):
    return object_box(np.asarray(image))


@pytest.mark.parametrize(
    ("across", "down", "colour"),
    [(0, 0, (246, 246, 246)), (30, 20, (240, 238, 235)), (0, 0, (20, 20, 25)), (25, 0, (120, 160, 180))],
)
@given(
    left=st.integers(20, 180),
    top=st.integers(20, 180),
    width=st.integers(30, 100),
    height=st.integers(30, 100),
)
def test_the_box_holds_the_piece_and_little_else(across, down, colour, left, top, width, height):
    piece = (left, top, left + width, top + height)
    found = box_of(faded(with_piece(paper(colour=colour), piece), across, down))

    assert found is not None
    assert found[0] <= piece[0]
    assert found[1] <= piece[1]
    assert found[2] >= piece[2]
    assert found[3] >= piece[3]
    # Pixels of the reduced copy are four of the picture's, and an edge has two sides.
    assert max(abs(one - other) for one, other in zip(found, piece, strict=True)) <= 12


def test_a_soft_shadow_is_no_part_of_the_piece():
    piece = (110, 80, 190, 160)
    shaded = with_piece(with_shadow(paper(), (70, 190, 230, 250)), piece)

    found = box_of(shaded)

    assert found is not None
    assert found[3] <= 180
    assert found[0] >= 90


def test_a_silver_piece_on_white_paper_is_found():
    image = paper(colour=(250, 250, 250))
    ImageDraw.Draw(image).ellipse((90, 90, 210, 210), outline=(215, 216, 220), width=8)

    left, top, right, bottom = box_of(image)

    assert (left, top, right, bottom) == pytest.approx((86, 86, 214, 214), abs=8)


def test_where_there_is_nothing_to_crop_the_whole_picture_stays():
    noise = np.random.default_rng(1).integers(0, 255, (200, 200, 3)).astype(np.uint8)
    busy = Image.fromarray(noise).resize((300, 300), Image.Resampling.BICUBIC)

    assert box_of(busy) is None
    assert box_of(paper()) is None
    assert box_of(with_piece(paper(), (4, 4, 298, 297))) is None
    assert box_of(with_piece(paper(), (150, 150, 154, 154))) is None


def test_a_square_is_filled_with_the_border_and_nothing_is_squashed():
    colour = (233, 229, 220)
    tall = np.asarray(with_piece(paper(120, 300, colour), (40, 10, 80, 290)))

    square = cropped_to_object(tall, ObjectCrop(margin=0.0))

    assert square.shape[0] == square.shape[1]
    assert tuple(square[5, 0]) == colour
    assert tuple(border_colour(tall)) == colour
    piece = (square == (190, 150, 60)).all(axis=2)
    rows, columns = np.flatnonzero(piece.any(axis=1)), np.flatnonzero(piece.any(axis=0))
    assert (len(columns), len(rows)) == (40, 280)
    assert abs((columns[0] + columns[-1]) / 2 - square.shape[1] / 2) <= 4


def test_the_margin_is_a_share_of_the_piece():
    image = np.asarray(with_piece(paper(), (100, 100, 200, 200)))

    narrow, wide = (cropped_to_object(image, ObjectCrop(margin=margin)) for margin in (0.0, 0.25))

    assert wide.shape[0] == pytest.approx(1.5 * narrow.shape[0], abs=1)
    assert narrow.shape[0] == pytest.approx(100, abs=16)


def test_place_and_size_of_a_piece_make_no_difference(ring):
    crop = ObjectCrop()
    reference = np.asarray(cut_to_object(ring(400, radius=0.3), crop, 64).resize((64, 64)), dtype=np.float64)

    for centre, radius in (((0.4, 0.6), 0.25), ((0.6, 0.45), 0.2)):
        moved = cut_to_object(ring(400, centre=centre, radius=radius), crop, 64).resize((64, 64))
        # The band keeps its width when the radius shrinks, so that a little must differ.
        assert np.abs(np.asarray(moved, dtype=np.float64) - reference).mean() < 25.0


@pytest.mark.parametrize("size", [(33, 700), (700, 33), (3, 3), (1, 9), (500, 2)])
def test_any_shape_of_picture_gives_a_square(size):
    square = cropped_to_object(np.asarray(paper(*size)), ObjectCrop())

    assert square.shape == (max(size), max(size), 3)


@pytest.mark.parametrize("given_", [{"margin": -0.1}, {"margin": 1.5}, {"decode_scale": 0.5}])
def test_a_crop_without_sense_is_refused(given_):
    with pytest.raises(ValueError, match="must be between"):
        ObjectCrop(**given_)


@pytest.fixture
def cropping(tmp_path, tiny_architecture):
    """Settings of the tiny model with a section of our own."""

    def make(**section):
        path = tmp_path / f"crop-{len(list(tmp_path.iterdir()))}.json"
        config = {"model_cfg": json.loads(tiny_architecture.read_text()), "loupe": section}
        path.write_text(json.dumps(config))
        return EncoderSettings(model=str(path), seed=1, device="cpu")

    return make


def test_gallery_query_and_worker_processes_get_the_same_pixels(cropping, ring, encoded):
    encoder = load_encoder(cropping(crop="object"))
    data = encoded(ring(500, centre=(0.3, 0.4), radius=0.15))

    query = prepare(data, encoder.preprocess)
    with PreparationProcesses(encoder.preprocess, workers=1) as preparation:
        gallery = preparation.prepare_all([data])[0]

    assert np.array_equal(query, gallery)
    assert query.shape == (32, 32, 3)


def test_a_cropping_encoder_sees_the_piece_and_another_the_paper(cropping, tiny_settings, ring):
    image = ring(500, centre=(0.2, 0.8), radius=0.1)

    cropped = load_encoder(cropping(crop="object")).preprocess(image)
    whole = load_encoder(tiny_settings).preprocess(image)

    assert (cropped < 230).any(axis=2).mean() > 3 * (whole < 230).any(axis=2).mean()


def test_pictures_come_large_enough_to_crop(cropping, tiny_settings):
    assert load_encoder(cropping(crop="object")).preprocess.decode_px == 64
    assert load_encoder(cropping(crop="object", decode_scale=3)).preprocess.decode_px == 96
    assert load_encoder(tiny_settings).preprocess.decode_px == 32


def test_a_large_png_is_cropped_like_the_small_one(cropping, ring):
    preprocess = load_encoder(cropping(crop="object")).preprocess

    small, large = preprocess(ring(256)).astype(int), preprocess(ring(1024)).astype(int)

    assert np.abs(small - large).mean() < 4.0


def test_a_very_long_picture_is_made_square_in_little_memory(cropping):
    preprocess = load_encoder(cropping(crop="object")).preprocess

    assert preprocess(Image.new("RGB", (1_000_000, 40), "red")).shape == (32, 32, 3)


def test_the_crop_is_part_of_the_encoders_id(cropping, tiny_settings):
    plain = load_encoder(tiny_settings).encoder_id
    sections = [{"crop": "object"}, {"crop": "object", "margin": 0.1}, {"crop": "object", "decode_scale": 3}]

    ids = [load_encoder(cropping(**section)).encoder_id for section in sections]

    assert len({plain, *ids}) == 4
    assert load_encoder(cropping()).encoder_id == plain
    assert (
        load_encoder(cropping(crop="object", margin=0.08, square="pad-with-border-colour")).encoder_id
        == ids[0]
    )


@pytest.mark.parametrize(
    ("section", "complaint"),
    [
        ({"crop": "face"}, r"loupe\.crop"),
        ({"crop": "object", "margin": 7}, r"loupe\.margin"),
        ({"corp": "object"}, r"loupe\.corp"),
        ({"square": "squash"}, r"loupe\.square"),
    ],
)
def test_a_section_without_sense_is_refused_by_name(cropping, section, complaint):
    with pytest.raises(EncoderError, match=complaint):
        load_encoder(cropping(**section))


def _fixed_pictures() -> list[np.ndarray]:
    """Pieces on papers, made of whole numbers only, so that they are the same everywhere."""
    pictures = []
    for height, width, paper, fall, centre, radius in (
        (300, 300, 255, 0, (150, 150), 60),
        (300, 300, 240, 40, (120, 170), 50),
        (500, 260, 230, 25, (180, 120), 70),
        (260, 500, 30, 0, (130, 400), 55),
        (128, 128, 255, 0, (64, 64), 9),
    ):
        rows, columns = np.mgrid[0:height, 0:width]
        picture = np.repeat((paper - fall * rows // height)[..., None], 3, axis=2)
        distance = (rows - centre[0]) ** 2 + (columns - centre[1]) ** 2
        ring = (distance < radius**2) & (distance > (radius * 2 // 3) ** 2)
        picture[ring] = (200, 160, 60)
        pictures.append(picture.astype(np.uint8))
    pictures.append(((rows * 37 + columns * 91) % 256)[..., None].repeat(3, axis=2).astype(np.uint8))
    return pictures


def test_the_crop_of_fixed_pictures_stays_until_its_version_is_raised():
    """Boxes also hang on vision.foreground and vision.colour: change those, and stored vectors no longer fit.

    When this fails, raise OBJECT_CROP_VERSION and write the new squares here.
    """
    squares = [object_square(picture, ObjectCrop()) for picture in _fixed_pictures()]

    assert OBJECT_CROP_VERSION == "1"
    assert squares == [
        (78, 78, 222, 222),
        (109, 59, 230, 180),
        (36, 100, 207, 271),
        (332, 63, 474, 205),
        (54, 54, 75, 75),
        (0, 0, 128, 128),
    ]
