"""Describing a shard: every picture once in every channel, none twice, none lost by a killed run."""

import numpy as np
import pytest
from PIL import Image

from storage.objects import digest_key
from vision.channels import computing
from vision.channels.computing import channel_standing, compute_channel_shard
from vision.channels.gaps import read_gaps
from vision.channels.looking import look_at
from vision.channels.registry import channel_id, open_channels
from vision.embedding import embed_shard
from vision.embedding_parts import EmbeddingParts, part_keys
from vision.encoders import EncoderSettings
from vision.errors import ChannelError
from vision.open_clip_encoder import load_encoder

NAMES = ("colour", "shape", "material", "style")


class StoppedError(Exception):
    pass


@pytest.fixture(scope="module")
def encoder():
    return load_encoder(EncoderSettings(model="loupe-small", device="cpu"))


@pytest.fixture(scope="module")
def channels(encoder):
    return open_channels(NAMES, encoder)


@pytest.fixture
def wanted(store, encoder, ring, encoded, put_image):
    """Six embedded pictures of rings and one that shows no silhouette."""
    images = [put_image(encoded(ring(120, metal=(30 * step, 100, 200)))) for step in range(6)]
    noise = np.random.default_rng(1).integers(0, 256, (120, 120, 3)).astype(np.uint8)
    images.append(put_image(encoded(Image.fromarray(noise), "PNG")))
    embed_shard(store, encoder, 0, images)
    return images


def describe(store, channels, encoder, wanted, **given):
    return compute_channel_shard(
        store, channels, encoder.encoder_id, 0, 1, wanted, **{"part_size": 3, **given}
    )


def stored(store, channel, wanted):
    keys, vectors = EmbeddingParts(store, channel.channel_id, 1).read(np.array([key for key, _ in wanted]))
    return dict(zip(keys.tolist(), vectors, strict=True))


def objects_of(store):
    return {key: store.get(key) for prefix in ("embeddings/", "channel_gaps/") for key in store.keys(prefix)}


def test_every_picture_gets_its_own_vectors_and_what_has_none_a_reason(store, channels, encoder, wanted):
    report = describe(store, channels, encoder, wanted)

    assert report.described == {"colour": 6, "shape": 6, "material": 7, "style": 7}
    assert report.gaps["shape"] == {"no_mask": 1}
    assert report.failed == ()
    shape = channels[NAMES.index("shape")]
    assert read_gaps(store, shape.channel_id, 0) == {wanted[-1][0]: "no_mask"}
    _, visuals = EmbeddingParts(store, encoder.encoder_id, 1).read(np.array([wanted[0][0]]))
    with Image.open(store.local_path(digest_key("images", wanted[0][1]), store.root)) as image:
        looked = look_at(image.convert("RGB"))
    for channel in channels:
        alone = channel.extract(looked.pixels, looked.mask, visuals[0])
        assert stored(store, channel, wanted)[wanted[0][0]] == pytest.approx(alone, abs=1e-6)


def test_a_second_run_decodes_nothing_and_writes_nothing(store, channels, encoder, wanted, monkeypatch):
    describe(store, channels, encoder, wanted)
    before = objects_of(store)

    def looked(*_):
        raise AssertionError

    monkeypatch.setattr(computing, "_look", looked)
    report = describe(store, channels, encoder, wanted)

    assert sum(report.described.values()) == 0
    assert objects_of(store) == before


def test_standing_counts_without_looking_at_a_picture(store, channels, encoder, wanted):
    shape = channel_id("shape", encoder.encoder_id)
    before = channel_standing(store, shape, encoder.encoder_id, 0, wanted)
    describe(store, channels, encoder, wanted)
    after = channel_standing(store, shape, encoder.encoder_id, 0, wanted)

    assert (before.vectors, len(before.pending)) == (0, 7)
    assert (after.vectors, dict(after.gaps), len(after.pending)) == (6, {"no_mask": 1}, 0)


def test_a_killed_run_loses_one_part_and_resumes_to_the_same_vectors(
    store, channels, encoder, wanted, tmp_path
):
    whole = type(store)(tmp_path / "whole")
    for key in list(store.keys("")):
        whole.put(key, store.get(key))

    def stop(done, total):
        assert (done, total) == (3, 7)
        raise StoppedError

    with pytest.raises(StoppedError):
        describe(store, channels, encoder, wanted, on_progress=stop)
    resumed = describe(store, channels, encoder, wanted)
    describe(whole, channels, encoder, wanted)

    assert resumed.described["style"] == 4
    for channel in channels:
        one, other = stored(store, channel, wanted), stored(whole, channel, wanted)
        assert one.keys() == other.keys()
        assert all(np.array_equal(one[key], other[key]) for key in one)


def test_a_channel_that_is_switched_on_later_leaves_the_others_as_they_are(store, encoder, wanted):
    describe(store, open_channels(["colour"], encoder), encoder, wanted)
    colour = part_keys(store, channel_id("colour", encoder.encoder_id), 0)

    report = describe(store, open_channels(["colour", "style"], encoder), encoder, wanted)

    assert (report.described["colour"], report.described["style"]) == (0, 7)
    assert part_keys(store, channel_id("colour", encoder.encoder_id), 0) == colour


def test_a_picture_without_the_encoders_vector_waits(
    store, channels, encoder, wanted, ring, encoded, put_image
):
    late = put_image(encoded(ring(90)))
    describe(store, channels, encoder, [*wanted, late])
    standing = channel_standing(store, channels[0].channel_id, encoder.encoder_id, 0, [*wanted, late])
    assert (standing.vectors, len(standing.pending)) == (6, 0)

    embed_shard(store, encoder, 0, [late])

    assert describe(store, channels, encoder, [*wanted, late]).described["colour"] == 1


def test_an_original_that_is_damaged_is_reported_and_costs_no_other(
    store, channels, encoder, wanted, ring, encoded
):
    store.put(digest_key("images", wanted[2][1]), encoded(ring(64)))

    report = describe(store, channels, encoder, wanted)

    assert report.failed == ((wanted[2][1], "damaged_in_store"),)
    assert report.described["style"] == 6


def test_damaged_notes_of_gaps_are_an_error_that_names_them(store, channels, encoder, wanted):
    describe(store, channels, encoder, wanted)
    (key,) = store.keys(f"channel_gaps/{channel_id('shape', encoder.encoder_id)}/")
    store.put(key, b"x")

    with pytest.raises(ChannelError, match=r"channel_gaps/shape-.* is damaged: delete it"):
        describe(store, channels, encoder, wanted)
