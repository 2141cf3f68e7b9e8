"""The head that tells jewelry from anything else, fitted for one encoder on drawn pictures alone.

Jewelry is the sample house's, in every view; anything else is ``encoder_training.other_goods``.  Its bound is
a quantile of jewelry that it was not fitted on.  No photograph has a part in the fit.
"""

import io
import random
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from encoder_training.captions import VIEWS
from encoder_training.other_goods import draw_other_goods
from encoder_training.picture_set import draw_coarsely
from encoder_training.selection import Part, select_pieces
from sample_feeds.pieces import Piece
from vision.domain import DomainHead
from vision.encoders import Encoder
from vision.preparation import prepare

BOUND_QUANTILE = 0.001
"""Share of held-out renders that the bound loses.

Read off photographs: they lie beside renders, and a bound that loses one render in a hundred loses one
photograph in thirteen (``benchmarks/out_of_domain.py``).
"""
HIDDEN = 64
_EPOCHS = 60
_BATCH = 128
_NOISE = 0.3  # on components whose deviation is about 1: photographs lie a little beside renders
_VIEWS_PER_PIECE = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """A head, and how it does on drawn pictures that it was not fitted on."""

    head: DomainHead
    jewelry_kept: float
    others_told: float
    jewelry: int
    others: int


def drawn_jewelry(part: Part, pieces: int, *, side_px: int, workers: int) -> Iterator[bytes]:
    """Yield JPEG files of pieces of one part, four views of each."""
    shots = []
    for number, piece in enumerate(select_pieces(part, pieces, seed=5)):
        rng = random.Random(f"domain-{part}-{number}")  # noqa: S311 - reproducible
        views = rng.sample(VIEWS, _VIEWS_PER_PIECE)
        shots += [
            (piece, view, rng.randrange(2**31), rng.uniform(0, 360), side_px, rng.randint(60, 95))
            for view in views
        ]
    yield from _drawn(_jewelry_file, shots, workers)


def drawn_others(first: int, count: int, *, side_px: int, workers: int) -> Iterator[bytes]:
    """Yield JPEG files of goods that are no jewelry."""
    yield from _drawn(_other_file, [(seed, side_px) for seed in range(first, first + count)], workers)


def vectors_of(encoder: Encoder, files: Iterator[bytes]) -> NDArray[np.float32]:
    """Return the encoder's vectors of files, shape ``(n, dimension)``."""
    made: list[NDArray[np.float32]] = []
    waiting: list[NDArray[np.uint8]] = []
    for data in files:
        waiting.append(prepare(data, encoder.preprocess))
        if len(waiting) == encoder.batch_size:
            made.append(encoder.encode_images(np.stack(waiting)))
            waiting = []
    if waiting:
        made.append(encoder.encode_images(np.stack(waiting)))
    return np.concatenate(made)


def fit_head(
    encoder_id: str,
    jewelry: NDArray[np.float32],
    others: NDArray[np.float32],
    held_out_jewelry: NDArray[np.float32],
    held_out_others: NDArray[np.float32],
    *,
    seed: int = 0,
) -> Fitted:
    """Fit a head; the same vectors give the same one on one machine.

    Jewelry and others weigh the same, however many there are of each.
    """
    import torch

    torch.manual_seed(seed)
    dimension = jewelry.shape[1]
    scale = float(np.sqrt(dimension))
    pictures = torch.tensor(np.concatenate((jewelry, others)) * scale, dtype=torch.float32)
    is_jewelry = torch.cat((torch.ones(len(jewelry)), torch.zeros(len(others))))
    total = len(pictures)
    weights = torch.where(is_jewelry > 0, 0.5 * total / len(jewelry), 0.5 * total / len(others))
    model = torch.nn.Sequential(
        torch.nn.Linear(dimension, HIDDEN), torch.nn.ReLU(), torch.nn.Linear(HIDDEN, 1)
    )
    optimiser = torch.optim.AdamW(model.parameters(), 1e-3, weight_decay=0.01)
    for _ in range(_EPOCHS):
        order = torch.randperm(total)
        for start in range(0, total, _BATCH):
            rows = order[start : start + _BATCH]
            seen = pictures[rows] + _NOISE * torch.randn(len(rows), dimension)
            loss = torch.nn.functional.binary_cross_entropy_with_logits(
                model(seen)[:, 0], is_jewelry[rows], weight=weights[rows]
            )
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    first, last = model[0], model[2]
    unbound = DomainHead(
        encoder_id=encoder_id,
        hidden=np.ascontiguousarray(first.weight.detach().numpy().T) * np.float32(scale),
        hidden_bias=first.bias.detach().numpy(),
        out=last.weight.detach().numpy()[0],
        out_bias=float(last.bias.detach()[0]),
        bound=0.0,
    )
    scores = unbound.scores(held_out_jewelry)
    head = DomainHead(
        encoder_id=encoder_id,
        hidden=unbound.hidden,
        hidden_bias=unbound.hidden_bias,
        out=unbound.out,
        out_bias=unbound.out_bias,
        bound=round(float(np.quantile(scores, BOUND_QUANTILE)), 4),
    )
    return Fitted(
        head=head,
        jewelry_kept=float((scores >= head.bound).mean()),
        others_told=float((head.scores(held_out_others) < head.bound).mean()),
        jewelry=len(jewelry),
        others=len(others),
    )


def _drawn(draw, tasks: list, workers: int) -> Iterator[bytes]:  # type: ignore[no-untyped-def, type-arg]
    if workers <= 1:
        yield from map(draw, tasks)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        yield from pool.map(draw, tasks, chunksize=16)


def _jewelry_file(shot: tuple[Piece, str, int, float, int, int]) -> bytes:
    piece, view, seed, turn, side_px, quality = shot
    return _jpeg(draw_coarsely(piece, view, seed, turn, side_px), quality)


def _other_file(task: tuple[int, int]) -> bytes:
    seed, side_px = task
    _, pixels = draw_other_goods(seed, side_px)
    return _jpeg(pixels, 60 + seed % 36)


def _jpeg(pixels: NDArray[np.uint8], quality: int) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()
