"""Drawn pieces, a tiny architecture, and an encoder that counts what it is given."""

import io
import json

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

from storage.objects import LocalObjectStore, digest_key, sha256_hex
from vision.encoders import EncoderSettings
from vision.torchvision_ops import declare_missing_operators

declare_missing_operators()  # tests import open_clip by themselves

TINY_ARCHITECTURE = {
    "embed_dim": 16,
    "vision_cfg": {"image_size": 32, "patch_size": 16, "layers": 1, "width": 32, "head_width": 16},
    "text_cfg": {"context_length": 16, "vocab_size": 49408, "width": 16, "heads": 2, "layers": 1},
}


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    """Small models on a shared machine: one thread is the fastest."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def ring():
    """Draw a ring with a stone on paper; everything scales with ``side``."""

    def draw(side=800, background=(250, 250, 250), metal=(206, 160, 70), centre=(0.5, 0.5), radius=0.25):
        scale = 4
        large = side * scale
        image = Image.new("RGB", (large, large), background)
        pen = ImageDraw.Draw(image)
        x, y, r = centre[0] * large, centre[1] * large, radius * large
        pen.ellipse((x - r, y - r, x + r, y + r), outline=metal, width=round(0.05 * large))
        for step in range(12):
            angle = step * np.pi / 6
            px, py, pr = x + r * np.cos(angle), y + r * np.sin(angle), 0.02 * large
            pen.ellipse((px - pr, py - pr, px + pr, py + pr), fill=(60 + 12 * step, 90, 200 - 12 * step))
        return image.resize((side, side), Image.Resampling.BOX)

    return draw


@pytest.fixture(scope="session")
def encoded():
    """Turn a picture into a file of a format."""

    def encode(image, name="JPEG", **options):
        buffer = io.BytesIO()
        image.save(buffer, name, **options)
        return buffer.getvalue()

    return encode


@pytest.fixture
def tiny_architecture(tmp_path):
    """The JSON file of an architecture that runs in a millisecond."""
    path = tmp_path / "tiny.json"
    path.write_text(json.dumps(TINY_ARCHITECTURE))
    return path


@pytest.fixture
def tiny_settings(tiny_architecture):
    """Settings of a tiny model with random weights."""
    return EncoderSettings(model=str(tiny_architecture), seed=1, device="cpu")


@pytest.fixture
def store(tmp_path):
    """An empty object store in a folder."""
    return LocalObjectStore(tmp_path / "objects")


@pytest.fixture
def put_image(store):
    """Store a file's bytes as an original, and return its key and id."""

    def put(data):
        image_id = sha256_hex(data)
        store.put(digest_key("images", image_id), data)
        return int(image_id[:16], 16) >> 1, image_id

    return put


class _Squares:
    image_size_px = 32
    decode_px = 32

    def __call__(self, image):
        return np.array(image.resize((8, 8)), dtype=np.uint8)


class CountingEncoder:
    """Vectors from pixels by plain arithmetic; remembers the shape of every batch it was given."""

    encoder_id = "c0ffee"
    dimension = 12
    batch_size = 4
    on_gpu = False

    def __init__(self):
        self.preprocess = _Squares()
        self.batches = []
        self._weights = np.random.default_rng(3).normal(size=(8 * 8 * 3, 12))

    def empty_batch(self, shape):
        return np.full(shape, 255, dtype=np.uint8)

    def encode_images(self, pixels):
        self.batches.append(pixels.shape)
        features = pixels.reshape(len(pixels), -1) / 255.0 @ self._weights + 0.1
        return (features / np.linalg.norm(features, axis=1, keepdims=True)).astype(np.float32)

    def encode_texts(self, texts):
        raise NotImplementedError

    def read_text(self, text):
        raise NotImplementedError


@pytest.fixture
def counting_encoder():
    """An encoder without a model."""
    return CountingEncoder()
