"""What each channel sees, what it must not see, and when it says nothing."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from vision.channels.colour import colour_vector
from vision.channels.looking import look_at, mask_or_middle
from vision.channels.material import material_vector, texture
from vision.channels.prompt_axes import PromptAxes, encode_axes, prompt_vocabulary
from vision.channels.querying import describe_query
from vision.channels.registry import CHANNELS, channel_dimension, channel_id, channel_ids, open_channels
from vision.channels.shape import shape_vector
from vision.channels.style import style_vector
from vision.encoders import EncoderSettings
from vision.errors import ChannelError, UnreadableImageError
from vision.open_clip_encoder import load_encoder

GOLD, ROSE, SILVER, BLACK = (206, 160, 70), (205, 140, 120), (175, 177, 182), (45, 45, 50)
RED, BLUE = (190, 20, 40), (30, 50, 170)
NO_AXES = PromptAxes(
    directions=np.empty((0, 4), dtype=np.float32), axis_of=np.empty(0, dtype=np.int64), axis_count=3
)


@pytest.fixture(scope="module")
def encoder():
    """The encoder that comes with the package: the one that knows the words."""
    return load_encoder(EncoderSettings(model="loupe-small", device="cpu"))


@pytest.fixture(scope="module")
def channels(encoder):
    return open_channels(CHANNELS, encoder)


def silhouette(kind, turn=0.0, scale=1.0, shift=(0.0, 0.0)):
    """Draw a shape of about 150 px on a canvas of 500, turned, scaled and moved."""
    mask = np.zeros((500, 500), dtype=np.uint8)
    match kind:
        case "ring":
            cv2.ellipse(mask, (250, 260), (75, 75), 0, 0, 360, 1, 14)
            cv2.circle(mask, (250, 180), 24, 1, -1)
        case "bar":
            cv2.rectangle(mask, (165, 236), (335, 264), 1, -1)
            cv2.circle(mask, (172, 250), 30, 1, -1)
        case "drop":
            cv2.fillPoly(mask, [np.array([(250, 160), (302, 302), (250, 337), (198, 302)])], 1)
        case "pair":
            for x in (190, 310):
                cv2.ellipse(mask, (x, 260), (30, 55), 0, 0, 360, 1, -1)
    matrix = cv2.getRotationMatrix2D((250, 250), turn, scale)
    matrix[:, 2] += shift
    return cv2.warpAffine(mask * 255, matrix, (500, 500)) > 127


def painted(kind, metal, stone=None, side=500):
    """Paint a silhouette on paper, a stone in its middle."""
    pixels = np.full((side, side, 3), 248, dtype=np.uint8)
    mask = silhouette(kind)
    pixels[mask] = metal
    if stone is not None:
        rows, columns = np.nonzero(mask)
        inside = np.hypot(np.arange(side)[:, None] - rows[0] - 15, np.arange(side) - columns[0]) < 14
        pixels[inside & mask] = stone
    return pixels, mask


KINDS = ("ring", "bar", "drop", "pair")


@given(
    kind=st.sampled_from(KINDS),
    turn=st.floats(0.0, 360.0),
    scale=st.floats(0.6, 1.4),
    shift=st.tuples(st.integers(-50, 50), st.integers(-50, 50)),
)
def test_a_shape_outlasts_a_turn_another_size_and_another_place(kind, turn, scale, shift):
    moved = shape_vector(silhouette(kind, turn, scale, shift))

    alike = {other: float(shape_vector(silhouette(other)) @ moved) for other in KINDS}
    assert alike[kind] > 0.9
    assert max(alike, key=alike.get) == kind


def test_a_shape_says_nothing_of_colour_and_a_colour_nothing_of_shape(channels):
    by_name = {one.name: one for one in channels}
    same_shape = [painted("ring", metal) for metal in (GOLD, BLACK)]
    same_colour = [painted(kind, GOLD) for kind in KINDS]

    shapes = [by_name["shape"].extract(*each, None) for each in same_shape]
    colours = [by_name["colour"].extract(*each, None) for each in same_colour]

    assert shapes[0] == pytest.approx(shapes[1])
    assert np.array(colours) @ colours[0] == pytest.approx(np.ones(len(KINDS)), abs=1e-5)


@pytest.mark.parametrize("asked", KINDS)
@pytest.mark.parametrize("metal", [GOLD, ROSE, SILVER, BLACK])
def test_a_colour_ranks_the_same_colours_first_whatever_the_shape(asked, metal):
    query = colour_vector(*painted(asked, metal, RED))
    gallery = {
        (kind, other, stone): colour_vector(*painted(kind, other, stone))
        for kind in KINDS
        for other in (GOLD, ROSE, SILVER, BLACK)
        for stone in (RED, BLUE, None)
        if kind != asked
    }

    ranked = sorted(gallery, key=lambda name: -float(gallery[name] @ query))

    assert {(other, stone) for _, other, stone in ranked[: len(KINDS) - 1]} == {(metal, RED)}


def test_a_colour_hardly_depends_on_how_light_the_picture_is():
    pixels, mask = painted("ring", GOLD)
    darker = (pixels * 0.85).astype(np.uint8)

    query = colour_vector(pixels, mask)

    assert query @ colour_vector(darker, mask) > query @ colour_vector(*painted("ring", ROSE))
    assert query @ colour_vector(darker, mask) > query @ colour_vector(*painted("ring", SILVER))


def surface(kind, seed):
    """Paint one finish on a disc, with another seed another place of everything."""
    random = np.random.default_rng(seed)
    noise = random.normal(size=(200, 200)).astype(np.float32)
    match kind:
        case "matte":
            level = 150 + 2 * noise
        case "brushed":
            level = 150 + 120 * cv2.GaussianBlur(noise, (0, 0), sigmaX=9.0, sigmaY=0.6)
        case "hammered":
            level = 150 + 250 * cv2.GaussianBlur(noise, (0, 0), 4.0)
    pixels = np.repeat(np.clip(level, 0, 255).astype(np.uint8)[..., None], 3, axis=2)
    rows, columns = np.mgrid[0:200, 0:200]
    return pixels, np.hypot(rows - 100, columns - 100) < 80


@pytest.mark.parametrize("asked", ["matte", "brushed", "hammered"])
def test_a_texture_is_most_like_another_piece_of_the_same_finish(asked):
    query = texture(*surface(asked, seed=1))

    alike = {
        kind: float(query @ texture(*surface(kind, seed=2))) for kind in ("matte", "brushed", "hammered")
    }

    assert max(alike, key=alike.get) == asked


def test_the_words_of_a_channel_say_what_a_picture_is(encoder):
    styles = prompt_vocabulary("style")
    axes = encode_axes(styles, "style", encoder)
    named = encoder.encode_texts(["hoop earrings", "signet ring"])

    said = [styles.axes("style")[int(style_vector(vector, axes).argmax())] for vector in named]

    assert said == ["hoops", "signet"]


def test_words_that_the_encoder_never_saw_stay_empty(encoder):
    styles = prompt_vocabulary("style")
    axes = encode_axes(styles, "style", encoder)
    unknown = [styles.axes("style").index(name) for name in ("art deco", "bohemian", "gothic")]

    vector = style_vector(encoder.encode_texts(["gold ring"])[0], axes)

    assert not np.isin(unknown, axes.axis_of).any()
    assert vector[unknown] == pytest.approx(np.zeros(3))
    assert len(vector) == len(styles.axes("style"))


def test_without_a_mask_there_is_no_shape_and_no_colour_and_the_middle_has_a_texture():
    pixels, _ = painted("drop", GOLD)

    assert shape_vector(None) is None
    assert colour_vector(pixels, None) is None
    assert shape_vector(np.zeros((9, 9), dtype=np.bool_)) is None
    assert mask_or_middle(None, 100, 60).sum() == 50 * 30
    middle = mask_or_middle(None, *pixels.shape[:2])
    assert texture(pixels, None) == pytest.approx(texture(pixels, middle))


def test_without_known_words_there_is_no_style_and_material_is_texture():
    pixels, mask = painted("ring", GOLD)
    visual = np.array([1, 0, 0, 0], dtype=np.float32)

    assert style_vector(visual, NO_AXES) is None
    assert style_vector(None, NO_AXES) is None
    material = material_vector(pixels, mask, visual, NO_AXES, NO_AXES)
    assert material[: len(texture(pixels, mask))] == pytest.approx(texture(pixels, mask))
    assert not material[len(texture(pixels, mask)) :].any()


@given(seed=st.integers(0, 200), height=st.integers(1, 70), width=st.integers(1, 70), has_mask=st.booleans())
def test_vectors_are_finite_unit_and_the_same_twice(channels, encoder, seed, height, width, has_mask):
    random = np.random.default_rng(seed)
    pixels = random.integers(0, 256, (height, width, 3)).astype(np.uint8)
    if seed % 5 == 0:
        pixels[:] = pixels[0, 0]
    mask = random.random((height, width)) < random.random() if has_mask else None
    if mask is not None:
        mask[0, 0] = True
    visual = random.normal(size=encoder.dimension).astype(np.float32)
    visual /= np.linalg.norm(visual)

    for channel in channels:
        vector = channel.extract(pixels, mask, visual)
        if vector is None:
            assert channel.name in ("colour", "shape")
            continue
        assert vector.dtype == np.float32
        assert vector.shape == (channel.dimension,)
        assert np.linalg.norm(vector) == pytest.approx(1.0, abs=1e-5)
        assert np.array_equal(vector, channel.extract(pixels, mask, visual))


def test_an_id_follows_from_what_the_vectors_follow_from(monkeypatch):
    ids = channel_ids(CHANNELS, "encoder-a")

    assert ids == channel_ids(CHANNELS, "encoder-a")
    changed = {name for name in CHANNELS if channel_id(name, "encoder-b") != ids[name]}
    assert changed == {"material", "style"}
    monkeypatch.setattr("vision.channels.colour.VERSION", "next")
    assert channel_id("colour", "encoder-a") != ids["colour"]
    assert all(ids[name].startswith(f"{name}-") for name in CHANNELS)
    assert all(channel_dimension(name) > 1 for name in CHANNELS)


def test_a_channel_that_does_not_exist_is_an_error_that_names_those_that_do():
    with pytest.raises(ChannelError, match=r"no channel 'texture': there are colour, shape, material, style"):
        channel_id("texture", "encoder-a")


def test_a_query_is_described_as_the_gallery_is(channels, encoder, ring, encoded):
    data = encoded(ring(400), "PNG")

    found = describe_query(data, encoder, channels)

    assert set(found) == {"visual", *CHANNELS}
    looked = look_at(ring(400))
    for channel in channels:
        alone = channel.extract(looked.pixels, looked.mask, found["visual"])
        assert found[channel.name] == pytest.approx(alone)


def test_a_query_without_a_silhouette_has_neither_shape_nor_colour(channels, encoder, encoded):
    noise = Image.fromarray(np.random.default_rng(1).integers(0, 256, (300, 300, 3)).astype(np.uint8))

    found = describe_query(encoded(noise, "PNG"), encoder, channels)

    assert set(found) == {"visual", "material", "style"}


def test_a_query_that_is_no_picture_says_why(channels, encoder):
    with pytest.raises(UnreadableImageError, match="not_an_image"):
        describe_query(b"<html>", encoder, channels)
