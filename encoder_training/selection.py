"""Which pieces are trained on and which only measured: no combination is in both.

The sample house is drawn as a trade is (few watches, much white metal).  Training wants every value
often enough, so pieces are drawn from the same catalogue and refused by weight.  Refusal looks at category
and at metal, each on its own: they stay independent of each other, and of the stone.
"""

import random
from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

from encoder_training.attributes import is_piece_held_out, metal_group
from sample_feeds.pieces import Piece, piece_catalogue

Part = Literal["train", "held_out"]

_CATEGORY_WEIGHTS: Mapping[str, float] = {
    "ring": 0.65,
    "necklace": 0.75,
    "earrings": 0.75,
    "bracelet": 0.85,
    "pendant": 0.9,
    "brooch": 1.0,
    "watch": 1.0,
}
_METAL_WEIGHTS: Mapping[str, float] = {"yellow": 1.0, "rose": 1.0, "white": 0.5, "black": 1.0}
_SEEDS: Mapping[Part, int] = {"train": 7_000_003, "held_out": 9_000_011}
_DRAWN_AT_ONCE = 4_000


def select_pieces(part: Part, count: int, seed: int = 0) -> tuple[Piece, ...]:
    """Return ``count`` pieces of one part, the same for the same seed; fewer are a prefix of more.

    Keys are made unique across the part, since the fine form of a piece is drawn from its key.
    """
    chosen: list[Piece] = []
    block = 0
    while len(chosen) < count:
        block_seed = _SEEDS[part] + 1_000 * seed + block
        rng = random.Random(f"loupe-training-{block_seed}")  # noqa: S311 - reproducible, not secret
        for piece in piece_catalogue(_DRAWN_AT_ONCE, block_seed):
            weight = _CATEGORY_WEIGHTS[piece.category] * _METAL_WEIGHTS[metal_group(piece)]
            is_kept = rng.random() < weight
            if is_kept and is_piece_held_out(piece) == (part == "held_out"):
                chosen.append(_with_key(piece, f"{part}-{seed}-{len(chosen):06d}"))
        block += 1
    return tuple(chosen[:count])


def _with_key(piece: Piece, key: str) -> Piece:
    return replace(piece, key=key)
