"""The asset of channel vectors: what it writes, what it says, and when it loads a model."""

import io
from types import SimpleNamespace

import dagster as dg
import numpy as np
import pytest
from PIL import Image, ImageDraw

from assets import channels as asset
from assets.bounds import WorkBounds
from storage.objects import LocalObjectStore, digest_key, sha256_hex
from vision.channels.registry import channel_ids
from vision.channels.selection import CHANNELS, ChannelSelection
from vision.embedding import embed_shard
from vision.embedding_parts import EmbeddingParts
from vision.encoders import EncoderSettings
from vision.errors import EncoderError
from vision.open_clip_encoder import load_encoder

SHARDS = 2


class Loader:
    """An encoder whose id is known, and whose loads are counted."""

    settings = None

    def __init__(self, encoder):
        self.encoder = encoder
        self.loads = 0

    def known_id(self):
        return self.encoder.encoder_id

    def load(self):
        self.loads += 1
        return self.encoder


@pytest.fixture(scope="module")
def encoder():
    return load_encoder(EncoderSettings(model="loupe-small", device="cpu"))


@pytest.fixture
def house(tmp_path, monkeypatch, encoder):
    """Five embedded pictures of discs and one of noise, in two shards."""
    objects = LocalObjectStore(tmp_path / "objects")
    pictures = []
    for number in range(6):
        image = Image.new("RGB", (120, 120), (250, 250, 250))
        ImageDraw.Draw(image).ellipse((30, 30, 90, 90), fill=(30 * number, 120, 60))
        if number == 5:
            noise = np.random.default_rng(1).integers(0, 256, (120, 120, 3))
            image = Image.fromarray(noise.astype(np.uint8))
        buffer = io.BytesIO()
        image.save(buffer, "PNG")
        image_id = sha256_hex(buffer.getvalue())
        objects.put(digest_key("images", image_id), buffer.getvalue())
        pictures.append((int(image_id[:16], 16) >> 1, image_id))
    for shard in range(SHARDS):
        embed_shard(objects, encoder, shard, [one for one in pictures if one[0] % SHARDS == shard])
    monkeypatch.setattr(asset, "collections_by_encoder", lambda *_: {None: ["shop"]})
    monkeypatch.setattr(asset, "accepted_images", lambda *_: pictures)
    bounds = WorkBounds(workers=2, attempts=1, shards=SHARDS, cache=tmp_path / "cache")
    return SimpleNamespace(objects=objects, pictures=pictures, bounds=bounds, loader=Loader(encoder))


def materialize(house, *, names=CHANNELS, shards=("0", "1")):
    result = asset.channel_vectors.op.compute_fn.decorated_fn(
        SimpleNamespace(partition_keys=list(shards)),
        catalogue=None,
        objects=house.objects,
        snapshots=None,
        feeds=SimpleNamespace(collections={}),
        encoder=house.loader,
        bounds=house.bounds,
        channels=ChannelSelection(names=names),
    )
    return dict(result.metadata)


def test_every_picture_is_described_in_every_channel_or_counted_with_a_reason(house, encoder):
    told = materialize(house)

    assert told["described"] == 5 + 5 + 6 + 6
    assert {name: told[f"{name}_vectors"] for name in CHANNELS} == {
        "colour": 5, "shape": 5, "material": 6, "style": 6,
    }  # fmt: skip
    assert told["without"] == {"colour: no_mask": 1, "shape: no_mask": 1}
    keys = np.array([key for key, _ in house.pictures])
    for name, channel_id in channel_ids(CHANNELS, encoder.encoder_id).items():
        found, _ = EmbeddingParts(house.objects, channel_id, SHARDS).read(keys)
        assert len(found) == told[f"{name}_vectors"]


def test_a_second_run_loads_no_model_and_writes_nothing(house):
    first = materialize(house)
    before = sorted(house.objects.keys(""))
    house.loader.loads = 0

    second = materialize(house)

    assert house.loader.loads == 0
    assert sorted(house.objects.keys("")) == before
    assert second == {**first, "described": 0}


def test_only_the_channels_that_are_on_are_computed(house):
    told = materialize(house, names=("shape",))

    assert set(told) == {"shape_vectors", "described", "without", "failed"}
    assert {key.split("/")[1].split("-")[0] for key in house.objects.keys("embeddings/")} == {
        "shape",
        house.loader.encoder.encoder_id,
    }


def test_only_the_shards_that_were_asked_for_are_worked_on(house):
    materialize(house, shards=("1",))

    written = {key.split("/")[2] for key in house.objects.keys("embeddings/") if "/style-" in key}
    assert written == {"0001"}


def test_an_encoder_that_cannot_be_loaded_fails_at_once_and_says_why(house, monkeypatch):
    def gone():
        message = "weights.safetensors is gone"
        raise EncoderError(message)

    monkeypatch.setattr(house.loader, "load", gone)

    with pytest.raises(dg.Failure, match=r".*") as failure:
        materialize(house)
    assert "weights.safetensors is gone" in failure.value.description
    assert not failure.value.allow_retries
