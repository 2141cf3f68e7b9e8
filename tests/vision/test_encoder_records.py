"""Encoders known by their id: recorded once, loaded again, refused when they are no longer what they were."""

import pytest

from vision.encoder_loader import EncoderLoader
from vision.encoder_records import (
    KnownEncoders,
    identity_of,
    label_of,
    record_encoder,
    recorded_encoder,
    recorded_encoders,
)
from vision.encoders import EncoderSettings
from vision.errors import EncoderError


def loaded(settings):
    return EncoderLoader(settings).load()


@pytest.mark.parametrize(
    ("settings", "label"),
    [
        ({"model": "ViT-B-32", "pretrained": "laion2b_s34b_b79k"}, "ViT-B-32 laion2b_s34b_b79k"),
        ({"model": "/a/tiny.json", "checkpoint": "/b/w.safetensors"}, "tiny.json w.safetensors"),
        ({"model": "/a/tiny.json", "seed": 7}, "tiny.json seed 7"),
        ({"model": "hf-hub:owner/name"}, "hf-hub:owner/name"),
        ({"model": "local-dir:/models/marqo-b"}, "local-dir:marqo-b"),
    ],
)
def test_a_label_is_the_same_on_every_machine(settings, label):
    assert label_of(EncoderSettings.model_validate({**settings, "device": "cpu", "batch_size": 3})) == label


def test_a_record_is_written_once_and_read_back(store, tiny_settings):
    encoder = loaded(tiny_settings)

    record = record_encoder(store, encoder, tiny_settings)
    written = [path.stat().st_mtime_ns for path in store.root.rglob("*.json")]
    record_encoder(store, encoder, tiny_settings)

    assert recorded_encoder(store, encoder.encoder_id) == record
    assert record.settings == identity_of(tiny_settings)
    assert record.dimension == encoder.dimension
    assert recorded_encoders(store) == [record]
    assert [path.stat().st_mtime_ns for path in store.root.rglob("*.json")] == written


def test_an_encoder_before_the_present_one_is_loaded_by_its_id(store, tiny_settings):
    before = tiny_settings.model_copy(update={"seed": 2})
    encoder = loaded(before)
    record_encoder(store, encoder, before)
    known = KnownEncoders(tiny_settings, lambda: store)

    again = known.of(encoder.encoder_id)

    assert again.encoder_id == encoder.encoder_id
    assert known.of(encoder.encoder_id) is again
    assert known.of(known.load().encoder_id) is known.load()


def test_an_id_that_nobody_recorded_gives_the_configured_encoder_to_compare_with(store, tiny_settings):
    known = KnownEncoders(tiny_settings, lambda: store)

    assert known.of("0" * 32) is known.load()


def test_an_encoder_whose_files_are_gone_is_named(store, tiny_settings, tiny_architecture):
    encoder = loaded(tiny_settings)
    record_encoder(store, encoder, tiny_settings)
    known = KnownEncoders(EncoderSettings(model="ViT-B-32", seed=1), lambda: store)
    tiny_architecture.unlink()

    with pytest.raises(EncoderError, match=r"tiny\.json seed 1.*cannot be loaded"):
        known.of(encoder.encoder_id)


@pytest.mark.parametrize("configured", ["the same", "another"])
def test_an_encoder_whose_files_have_changed_is_refused(store, tiny_settings, tiny_architecture, configured):
    encoder = loaded(tiny_settings)
    record_encoder(store, encoder, tiny_settings)
    tiny_architecture.write_text(tiny_architecture.read_text().replace('"layers": 1', '"layers": 2'))
    settings = tiny_settings if configured == "the same" else tiny_settings.model_copy(update={"seed": 2})
    known = KnownEncoders(settings, lambda: store)

    with pytest.raises(EncoderError, match="put the former ones back"):
        known.of(encoder.encoder_id)


def test_a_damaged_record_says_what_to_do(store, tiny_settings):
    encoder = loaded(tiny_settings)
    record_encoder(store, encoder, tiny_settings)
    store.put(f"encoders/{encoder.encoder_id}.json", b"{}")

    with pytest.raises(EncoderError, match="delete it"):
        recorded_encoder(store, encoder.encoder_id)
