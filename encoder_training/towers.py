"""The model under training: OpenCLIP's own, with a token table of the words in use and heads for attributes.

OpenCLIP's token table has 49,408 rows, of which captions use some hundreds.  Only those are trained; an
export writes them back into their places and zeroes the rest, so that an unknown word is silence and not
noise.
"""

import json
import logging
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional

from encoder_training.attributes import VALUES
from encoder_training.captions import known_words
from vision.architectures import read_architecture
from vision.torchvision_ops import declare_missing_operators

declare_missing_operators()

import open_clip  # noqa: E402 - it imports torchvision, which needs the declarations above

_START, _END = 49406, 49407
_UNKNOWN = 0  # row of the shortened table: always zero


class Tokens:
    """Captions to rows of the shortened table; OpenCLIP's own tokenizer, each word looked up once."""

    def __init__(self, context_length: int) -> None:
        self._tokenizer = open_clip.SimpleTokenizer(context_length=context_length)
        self.context_length = context_length
        self._of_word: dict[str, list[int]] = {}
        used = {0, _START, _END}
        for word in [*known_words(), *",:.'-&"]:
            for shape in (word, f"'{word}", f"d'{word}"):
                used.update(self._tokenizer.encode(shape))
        self.original = torch.tensor(sorted(used))  # ascending, so that the end token stays the largest
        self._place = {token: place for place, token in enumerate(self.original.tolist())}

    def __call__(self, texts: Sequence[str]) -> torch.Tensor:
        """Return rows of the shortened table, shape ``(texts, longest)``; longer texts are cut."""
        rows = [self._row(text) for text in texts]
        longest = max(len(row) for row in rows)
        padded = np.zeros((len(rows), longest), dtype=np.int64)
        for row, target in zip(rows, padded, strict=True):
            target[: len(row)] = row
        return torch.from_numpy(padded)

    def _row(self, text: str) -> list[int]:
        row = [self._place[_START]]
        for word in text.split():
            if word not in self._of_word:
                tokens = self._tokenizer.encode(word)
                self._of_word[word] = [self._place.get(token, _UNKNOWN) for token in tokens]
            row += self._of_word[word]
        return [*row[: self.context_length - 1], self._place[_END]]


class Towers(nn.Module):
    """OpenCLIP's picture and text towers, and linear heads that read attributes off a picture's vector."""

    def __init__(self, architecture: Path) -> None:
        super().__init__()
        config = read_architecture(architecture).config
        self.config = config
        with tempfile.TemporaryDirectory(prefix="loupe-architecture-") as folder:
            (Path(folder) / "open_clip_config.json").write_text(json.dumps(config))
            logging.getLogger().addFilter(_is_no_news)
            self.clip = open_clip.create_model(
                f"local-dir:{folder}", load_weights=False, pretrained_image=False, pretrained_text=False
            )
            logging.getLogger().removeFilter(_is_no_news)
        self.tokens = Tokens(config["model_cfg"]["text_cfg"]["context_length"])
        table = self.clip.token_embedding.weight.detach()[self.tokens.original].clone()
        table[_UNKNOWN] = 0.0
        self.clip.token_embedding = nn.Embedding(*table.shape, padding_idx=_UNKNOWN)
        self.clip.token_embedding.weight.data.copy_(table)
        dimension = int(config["model_cfg"]["embed_dim"])
        self.sizes = [len(values) for values in VALUES.values()]
        self.heads = nn.Linear(dimension, sum(self.sizes))
        self.head_scale = nn.Parameter(torch.tensor(8.0))
        preprocess = config["preprocess_cfg"]
        self.image_size_px = int(preprocess["size"])
        self.mean = tuple(float(value) for value in preprocess["mean"])
        self.std = tuple(float(value) for value in preprocess["std"])
        self.clip.visual.to(memory_format=torch.channels_last)
        self._compiled: Callable[[torch.Tensor], torch.Tensor] | None = None

    @property
    def device(self) -> torch.device:
        """Return where the weights lie."""
        return self.head_scale.device

    def compile_pictures(self) -> None:
        """Compile the picture tower for training steps; 1.4 times as fast on two cores, after a minute.

        Most of it is batch normalisation, whose backward pass gets slower with a second thread otherwise.
        """
        self._compiled = torch.compile(self.clip.visual.forward)

    def encode_pictures(self, pixels: torch.Tensor) -> torch.Tensor:
        """Return unit vectors of pictures ``(n, 3, side, side)`` with values in [0, 1]."""
        mean = torch.tensor(self.mean, device=pixels.device).view(1, 3, 1, 1)
        std = torch.tensor(self.std, device=pixels.device).view(1, 3, 1, 1)
        scaled = ((pixels - mean) / std).contiguous(memory_format=torch.channels_last)
        tower = self._compiled if self._compiled and self.training else self.clip.visual
        return functional.normalize(tower(scaled).float(), dim=-1)

    def encode_tokens(self, rows: torch.Tensor) -> torch.Tensor:
        """Return unit vectors of rows of the shortened table; OpenCLIP's ``encode_text`` without padding."""
        clip = self.clip
        length = rows.shape[1]
        states = clip.token_embedding(rows) + clip.positional_embedding[:length]
        states = clip.ln_final(clip.transformer(states, attn_mask=clip.attn_mask[:length, :length]))
        last = states[torch.arange(len(rows), device=rows.device), rows.argmax(dim=-1)]
        return functional.normalize((last @ clip.text_projection).float(), dim=-1)

    def attribute_logits(self, vectors: torch.Tensor) -> list[torch.Tensor]:
        """Return logits of each attribute's values."""
        return list(self.heads(vectors * self.head_scale).split(self.sizes, dim=1))


def export(towers: Towers, weights: dict[str, torch.Tensor], path: Path) -> None:
    """Write weights in half precision as OpenCLIP names them; the heads stay behind.

    Args:
        towers: The model they belong to.
        weights: Its state, or a running average of it.
        path: The safetensors file; replaced at once or not at all.
    """
    prefix = "clip."
    state = {
        name.removeprefix(prefix): tensor.detach()
        for name, tensor in weights.items()
        if name.startswith(prefix)
    }
    table = state["token_embedding.weight"]
    whole = torch.zeros(towers.config["model_cfg"]["text_cfg"]["vocab_size"], table.shape[1])
    whole[towers.tokens.original] = table.cpu()
    whole[_UNKNOWN] = 0.0
    state["token_embedding.weight"] = whole
    halved = {
        name: (tensor.to(torch.float16) if tensor.is_floating_point() else tensor).cpu().contiguous().clone()
        for name, tensor in state.items()
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}")
    save_file(halved, draft)
    draft.chmod(0o644)  # safetensors keeps its files to their owner
    draft.replace(path)


def vectors_of_pictures(
    towers: Towers, pixels: NDArray[np.float32] | torch.Tensor, batch: int = 128
) -> NDArray[np.float32]:
    """Return unit vectors of pictures, in evaluation mode and float32."""
    tensor = torch.as_tensor(pixels, device=towers.device)
    with torch.inference_mode():
        parts = [towers.encode_pictures(tensor[at : at + batch]) for at in range(0, len(tensor), batch)]
    return torch.cat(parts).cpu().numpy()


def vectors_of_texts(towers: Towers, texts: Sequence[str], batch: int = 256) -> NDArray[np.float32]:
    """Return unit vectors of texts."""
    with torch.inference_mode():
        parts = [
            towers.encode_tokens(towers.tokens(texts[at : at + batch]).to(towers.device))
            for at in range(0, len(texts), batch)
        ]
    return torch.cat(parts).cpu().numpy()


def _is_no_news(record: logging.LogRecord) -> bool:
    """Tell whether a log record is more than OpenCLIP's remark that a model to be trained has no weights."""
    return "weights" not in record.getMessage()
