"""Settings of an encoder either make sense or say what does not."""

import subprocess
import sys

import pytest
from pydantic import ValidationError

from vision.encoders import SEEDED_SMALL, EncoderSettings


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ({"model": "ViT-B-32", "pretrained": "laion2b_s34b_b79k"}, "name"),
        ({"model": "ViT-B-32", "checkpoint": "weights.safetensors"}, "name"),
        ({"model": str(SEEDED_SMALL), "seed": 7}, "architecture"),
        ({"model": "hf-hub:owner/name"}, "hub"),
        ({"model": "local-dir:/models/ours"}, "folder"),
        ({"model": "loupe-small"}, "shipped"),
    ],
)
def test_each_way_to_name_a_model_is_understood(given, kind):
    assert EncoderSettings(**given).kind == kind


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"model": "ViT-B-32"}, "exactly one of pretrained, checkpoint or seed; none given"),
        ({"model": "ViT-B-32", "seed": 1, "checkpoint": "w.pt"}, "checkpoint and seed given"),
        ({"model": "ours.json"}, "exactly one of checkpoint or seed; none given"),
        ({"model": "ours.json", "pretrained": "openai"}, "use checkpoint"),
        ({"model": "hf-hub:owner/name", "seed": 1}, "remove seed"),
        ({"model": "local-dir:/m", "checkpoint": "w.pt"}, "remove checkpoint"),
        ({"model": "loupe-small", "checkpoint": "w.pt"}, "brings its own weights: remove checkpoint"),
        ({"model": "loupe-small", "pretrained": "openai"}, "remove pretrained"),
        ({"model": "loupe-small", "seed": 7}, "remove seed"),
        ({"model": "loupe-smal"}, "did you mean loupe-small"),
        ({"model": "hf-hub:"}, "names nothing"),
        ({"model": "weights.safetensors", "seed": 1}, "name it as checkpoint"),
        ({"model": "ViT-B-32", "seed": 1, "presicion": "auto"}, "presicion"),
        ({"model": "ViT-B-32", "seed": 1, "precision": "float16"}, "bfloat16"),
        ({"model": "ViT-B-32", "seed": 1, "device": "gpu"}, "cuda"),
        ({"model": "ViT-B-32", "seed": -1}, "seed"),
        ({"model": "ViT-B-32", "seed": 1, "batch_size": 0}, "batch_size"),
    ],
)
def test_a_combination_without_sense_says_what_to_change(given, complaint):
    with pytest.raises(ValidationError, match=complaint):
        EncoderSettings(**given)


def test_settings_are_read_without_loading_torch():
    code = (
        "import sys, vision.encoders; sys.exit(any(m in sys.modules for m in ('torch', 'open_clip', 'cv2')))"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
