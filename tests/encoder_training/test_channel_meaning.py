"""Each channel finds its own attribute better than ``visual`` does, on a small house."""

import numpy as np
import pytest

from encoder_training.channel_evaluation import attributes_of, average_precisions, compare
from encoder_training.channel_houses import draw_house_pictures
from encoder_training.channel_measuring import OWN_ATTRIBUTE, describe_house, measure
from encoder_training.channel_shape import fit_projection
from sample_feeds.pieces import piece_catalogue
from vision.channels.registry import CHANNELS, open_channels
from vision.encoders import EncoderSettings
from vision.open_clip_encoder import load_encoder

SEED = 5


@pytest.fixture(scope="module")
def houses(tmp_path_factory):
    """Packshots of a house of no seed that anything was fitted or chosen on, upright and turned.

    A hundred pieces: on forty the difference of two such means is mostly chance.
    """
    folder = tmp_path_factory.mktemp("houses")
    pictures = draw_house_pictures(folder, SEED, 100, workers=1, side_px=256, pictures_each=1)
    encoder = load_encoder(EncoderSettings(model="loupe-small", device="cpu"))
    channels = open_channels(CHANNELS, encoder)
    return (
        describe_house(pictures, encoder, channels),
        describe_house(pictures, encoder, channels, turned_by=SEED),
    )


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_channel_finds_its_own_attribute_better_than_visual_does(houses, channel):
    found = measure(*houses, channel, OWN_ATTRIBUTE[channel])

    assert found.queries > 40
    assert found.gain > 0.0
    assert found.channel > found.chance


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_channel_of_noise_does_not_pass(houses, channel):
    random = np.random.default_rng(1)
    noisy = [
        type(house)(
            visual=house.visual,
            channels={channel: random.normal(size=house.channels[channel].shape).astype(np.float32)},
            pieces=house.pieces,
            attributes=house.attributes,
        )
        for house in houses
    ]

    assert measure(*noisy, channel, OWN_ATTRIBUTE[channel]).gain < 0.0


def test_average_precision_is_what_its_definition_says():
    # given: a query, then its gallery in order of similarity: right, wrong, right
    angles = np.radians([0.0, 10.0, 20.0, 30.0])
    vectors = np.column_stack((np.cos(angles), np.sin(angles))).astype(np.float32)

    found, chance = average_precisions(vectors, np.array([1, 1, 2, 1]), np.arange(4))

    assert found[0] == pytest.approx((1 / 1 + 2 / 3) / 2)
    assert chance[0] == pytest.approx(2 / 3)
    assert np.isnan(found[2])


def test_a_querys_own_piece_is_no_answer():
    vectors = np.eye(3, dtype=np.float32)

    found, _ = average_precisions(vectors, np.array([1, 1, 1]), np.array([7, 7, 7]))

    assert np.isnan(found).all()


def test_a_comparison_without_a_shared_value_says_so():
    with pytest.raises(ValueError, match="draw more pieces"):
        compare(np.eye(2, dtype=np.float32), np.eye(2, dtype=np.float32), ["a", "b"], np.arange(2))


def test_every_piece_has_every_attribute():
    assert all(
        all(attributes_of(piece).values()) and len(attributes_of(piece)) == 9
        for piece in piece_catalogue(60, 3)
    )


def test_the_discriminant_keeps_what_tells_designs_apart():
    random = np.random.default_rng(4)
    designs = np.repeat(np.arange(10), 20)
    described = random.normal(size=(200, 6)) * [1.0, 9.0, 1.0, 1.0, 1.0, 1.0]
    described[:, 3] += 5.0 * designs  # the third tells, the first is only loud

    mean, directions = fit_projection(described, designs, dimension=1, ridge=0.01)

    assert np.abs(directions[:, 0]).argmax() == 3
    assert mean == pytest.approx(described.mean(axis=0), rel=1e-5)
