"""The encoder that comes with the package is found by its name, wherever the settings lie."""

import json

import pytest
import torch
from safetensors.torch import load_file, save_file

from vision.encoder_records import label_of
from vision.encoders import SHIPPED, EncoderSettings
from vision.errors import EncoderError
from vision.open_clip_encoder import load_encoder

SMALL = EncoderSettings(model="loupe-small", device="cpu")


@pytest.fixture
def package(tmp_path, monkeypatch, tiny_architecture):
    """A package whose shipped encoder is the tiny one, with weights that a test may damage."""
    architecture = tmp_path / "models" / "loupe_small.json"
    architecture.parent.mkdir()
    config = {
        "model_cfg": json.loads(tiny_architecture.read_text()),
        "loupe": {"crop": "object", "known_words": "loupe_small.words.txt"},
    }
    architecture.write_text(json.dumps(config))
    (architecture.parent / "loupe_small.words.txt").write_text("gold\nring\n")
    seeded = load_encoder(EncoderSettings(model=str(architecture), seed=3, device="cpu"))
    weights = architecture.with_suffix(".safetensors")
    save_file(
        {name: tensor.half().contiguous() for name, tensor in seeded._model.state_dict().items()}, weights
    )
    monkeypatch.setitem(SHIPPED, "loupe-small", architecture)
    return weights


def test_the_name_is_the_architecture_and_checkpoint_of_the_package(package, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    by_name = load_encoder(SMALL)
    by_files = load_encoder(
        EncoderSettings(model=str(SHIPPED["loupe-small"]), checkpoint=package, device="cpu")
    )

    assert by_name.encoder_id == by_files.encoder_id
    assert by_name.precision == torch.float32
    assert by_name.unknown_words("gold ring with zircon") == ("zircon",)
    assert label_of(SMALL) == "loupe-small"


def test_weights_that_are_missing_or_damaged_are_named(package):
    whole = package.read_bytes()

    package.write_bytes(whole[:-100])
    with pytest.raises(EncoderError, match=r"loupe_small\.safetensors is truncated"):
        load_encoder(SMALL)
    package.unlink()
    with pytest.raises(EncoderError, match=r"loupe-small has no weights here, .*loupe_small\.safetensors is"):
        load_encoder(SMALL)


def test_the_shipped_encoder_loads_and_knows_its_words():
    weights = SHIPPED["loupe-small"].with_suffix(".safetensors")

    encoder = load_encoder(SMALL)

    assert weights.stat().st_size <= 25_000_000
    assert all(tensor.isfinite().all() for tensor in load_file(weights).values())
    assert encoder.preprocess.object_crop is not None
    assert encoder.unknown_words("rose gold ring with an emerald") == ()
    assert encoder.unknown_words("a zorgle") == ("zorgle",)
