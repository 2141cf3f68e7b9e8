import json
from pathlib import Path

import pytest

from encoder_training.picture_set import Plan, open_set, render

ARCHITECTURE = Path(__file__).parents[2] / "vision" / "models" / "loupe_small.json"


@pytest.fixture(scope="session")
def stand_ins(tmp_path_factory):
    """Folder of two sets of coloured shapes, a few hundred pieces."""
    folder = tmp_path_factory.mktemp("stand-ins")
    for part, pieces in (("train", 384), ("held_out", 60)):
        plan = Plan(part=part, pieces=pieces, per_piece=3, drawn_px=40, side_px=40, drawing="stand_in")
        render(plan, folder / part, workers=2)
    return folder


@pytest.fixture(scope="session")
def train_set(stand_ins):
    return open_set(stand_ins / "train")


@pytest.fixture(scope="session")
def held_out_set(stand_ins):
    return open_set(stand_ins / "held_out")


@pytest.fixture(scope="session")
def tiny_architecture(tmp_path_factory):
    """The shipped architecture at a size that trains in seconds."""
    config = json.loads(ARCHITECTURE.read_text())
    config["model_cfg"] |= {
        "embed_dim": 32,
        "vision_cfg": {"image_size": 32, "layers": [1, 1, 1, 1], "width": 8, "head_width": 32},
    }
    config["model_cfg"]["text_cfg"] |= {"width": 32, "heads": 2, "layers": 1}
    config["preprocess_cfg"]["size"] = 32
    del config["loupe"]["known_words"]
    path = tmp_path_factory.mktemp("architecture") / "tiny.json"
    path.write_text(json.dumps(config))
    return path
