"""Batches as tensors, made ahead of the step that wants them: words and claims are a processor's work.

A GPU finishes a step before one process has drawn the next step's captions; so worker processes draw them,
each step's in whole, and in the order of steps.  What a step gets does not depend on how many there are.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch.utils.data import DataLoader, Dataset

from encoder_training.captions import claims_of
from encoder_training.sampling import Sampler

_AHEAD = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorBatch:
    """One step's input; row ``i`` and row ``i + half`` show the same piece.

    Attributes:
        rows: Rows of the picture set, shape ``(pictures,)``.
        codes: What is to be seen in each, the view last, shape ``(pictures, len(CLAIMED))``.
        claims: What each caption claims, shape ``(captions, len(CLAIMED))``.
        tokens: The captions' tokens, shape ``(captions, longest)``.
    """

    rows: torch.Tensor
    codes: torch.Tensor
    claims: torch.Tensor
    tokens: torch.Tensor

    def to(self, device: torch.device) -> "TensorBatch":
        """Return the batch on a device."""
        return TensorBatch(
            rows=self.rows.to(device),
            codes=self.codes.to(device),
            claims=self.claims.to(device),
            tokens=self.tokens.to(device),
        )


class Steps(Dataset[TensorBatch]):
    """Step number -> its batch.

    Args:
        sampler: Draws pictures and captions.
        tokens: Turns captions into tokens.
        shares: Step number -> ``outside`` and ``alike`` as ``Sampler.batch`` takes them.
    """

    def __init__(
        self,
        sampler: Sampler,
        tokens: Callable[[Sequence[str]], torch.Tensor],
        shares: Callable[[int], tuple[float, float]],
    ) -> None:
        self._sampler = sampler
        self._tokens = tokens
        self._shares = shares

    def __getitem__(self, step: int) -> TensorBatch:
        """Return the batch of a step."""
        outside, alike = self._shares(step)
        batch = self._sampler.batch(step, outside=outside, alike=alike)
        return TensorBatch(
            rows=torch.from_numpy(batch.rows),
            codes=torch.from_numpy(batch.codes).long(),
            claims=torch.from_numpy(claims_of(batch.captions)),
            tokens=self._tokens([caption.text for caption in batch.captions]),
        )

    def between(self, first: int, last: int, workers: int) -> Iterator[TensorBatch]:
        """Yield the batches of steps ``first`` to ``last - 1``, drawn ahead by worker processes if any."""
        loader = DataLoader(
            self,
            batch_size=None,
            sampler=range(first, last),
            num_workers=workers,
            prefetch_factor=_AHEAD if workers else None,
            multiprocessing_context="fork" if workers else None,
        )
        yield from loader
