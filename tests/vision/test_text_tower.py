"""Words are encoded without the padding behind them, and come out as OpenCLIP gives them."""

import json

import pytest
import torch

from vision.encoders import SEEDED_SMALL, EncoderSettings
from vision.open_clip_encoder import load_encoder
from vision.text_tower import encode_tokens

TEXTS = ["a gold ring", "ring", "", "white gold necklace with a round blue sapphire and small diamonds " * 4]


@pytest.mark.parametrize("model", [{"model": "loupe-small"}, {"model": str(SEEDED_SMALL), "seed": 3}])
@pytest.mark.parametrize("texts", [TEXTS[:1], TEXTS[:3], TEXTS])
def test_what_stands_behind_a_text_changes_nothing(model, texts):
    encoder = load_encoder(EncoderSettings(**model, device="cpu", precision="float32"))
    tokens = encoder._tokenizer(texts)
    with torch.inference_mode():
        whole, short = encoder._model.encode_text(tokens), encode_tokens(encoder._model, tokens)
    assert torch.allclose(whole, short, atol=1e-4 * float(whole.abs().max()))


@pytest.mark.parametrize("unlike", [{"no_causal_mask": True}, {"pool_type": "last"}])
def test_a_tower_that_is_read_otherwise_is_asked_as_it_is(tmp_path, tiny_architecture, unlike):
    architecture = json.loads(tiny_architecture.read_text())
    architecture["text_cfg"] |= unlike
    path = tmp_path / "unlike.json"
    path.write_text(json.dumps(architecture))
    encoder = load_encoder(EncoderSettings(model=str(path), seed=1, device="cpu"))
    tokens = encoder._tokenizer(TEXTS)
    with torch.inference_mode():
        assert torch.equal(encoder._model.encode_text(tokens), encode_tokens(encoder._model, tokens))


def test_words_stay_in_float32_beside_convolutions_on_a_cpu():
    encoder = load_encoder(EncoderSettings(model="loupe-small", device="cpu", precision="bfloat16"))
    assert {one.dtype for one in encoder._model.visual.parameters()} == {torch.bfloat16}
    assert encoder._model.transformer.get_cast_dtype() == torch.float32
