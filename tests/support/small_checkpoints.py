"""OpenCLIP checkpoints that a test writes: a small architecture of our own and random weights."""

import json
from pathlib import Path
from typing import Any

from vision.torchvision_ops import declare_missing_operators

declare_missing_operators()


def write_checkpoint(folder: Path, *, seed: int, dimension: int = 48, blind: bool = False) -> dict[str, Any]:
    """Write an architecture and its weights; return the encoder settings that name them.

    Args:
        folder: Where; its name becomes the architecture's, so it must be one that nobody else uses.
        seed: Of the weights.
        dimension: Of the vectors.
        blind: Make every picture and every text the same vector: it encodes, and finds nothing.
    """
    import open_clip
    import torch
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    architecture = {
        "embed_dim": dimension,
        "vision_cfg": {"image_size": 64, "patch_size": 16, "layers": 2, "width": 64, "head_width": 32},
        "text_cfg": {"context_length": 32, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 1},
    }
    model_file, weights = folder / f"{folder.name}.json", folder / "weights.safetensors"
    model_file.write_text(json.dumps(architecture))
    open_clip.add_model_config(model_file)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = open_clip.create_model(folder.name, load_weights=False)
    tensors = {name: tensor.contiguous() for name, tensor in model.state_dict().items()}
    if blind:
        for name in ("visual.ln_post.weight", "ln_final.weight"):
            tensors[name] = torch.zeros_like(tensors[name])
        for name in ("visual.ln_post.bias", "ln_final.bias"):
            tensors[name] = torch.ones_like(tensors[name])
    save_file(tensors, weights)
    return {"model": str(model_file), "checkpoint": str(weights)}
