"""An encoder's id is known without loading it for as long as what it follows from is the same."""

import shutil

import numpy as np
import pytest

from storage.objects import LocalObjectStore
from vision.encoded_queries import text_vectors
from vision.encoder_fingerprint import encoder_fingerprint
from vision.encoder_records import KnownEncoders, record_encoder
from vision.encoders import EncoderSettings


@pytest.fixture
def objects(tmp_path):
    return LocalObjectStore(tmp_path / "objects")


@pytest.fixture
def settings(tmp_path, tiny_architecture):
    copied = tmp_path / "model.json"
    shutil.copy(tiny_architecture, copied)
    return EncoderSettings(model=str(copied), seed=3, device="cpu", precision="float32")


def test_the_id_of_a_recorded_encoder_is_known_until_one_of_its_files_changes(objects, settings, tmp_path):
    first = KnownEncoders(settings, lambda: objects)
    assert first.known_id() is None
    loaded = first.load()
    record_encoder(objects, loaded, settings)

    assert KnownEncoders(settings, lambda: objects).known_id() == loaded.encoder_id
    assert KnownEncoders(settings.model_copy(update={"seed": 4}), lambda: objects).known_id() is None
    (tmp_path / "model.words.txt").write_text("ring\n")
    assert KnownEncoders(settings, lambda: objects).known_id() is None


def test_how_an_encoder_runs_is_no_part_of_what_it_is(settings):
    faster = settings.model_copy(update={"precision": "bfloat16", "batch_size": 8})

    assert encoder_fingerprint(faster) == encoder_fingerprint(settings)


@pytest.mark.parametrize(
    "settings",
    [
        EncoderSettings(model="ViT-B-32", pretrained="laion2b_s34b_b79k"),
        EncoderSettings(model="hf-hub:somebody/something"),
        EncoderSettings(model="local-dir:/nowhere"),
        EncoderSettings(model="ViT-B-32", checkpoint="/nowhere/weights.safetensors"),
    ],
)
def test_what_only_loading_finds_or_misses_has_no_fingerprint(settings):
    assert encoder_fingerprint(settings) is None


def test_phrases_are_encoded_once(objects, settings):
    encoder = KnownEncoders(settings, lambda: objects).load()
    phrases = ["gold ring", "emerald"]

    first = text_vectors(objects, encoder.encoder_id, lambda: encoder, phrases)
    again = text_vectors(objects, encoder.encoder_id, lambda: pytest.fail("loaded"), phrases)

    assert (again.dropped, again.vectors.dtype) == (first.dropped, np.float32)
    np.testing.assert_array_equal(again.vectors, first.vectors)
