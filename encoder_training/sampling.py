"""Which pictures and captions make up a step: a function of the seed and the step's number alone.

So a resumed run goes on with the very batches that an uninterrupted one would have had, and nothing of the
sampler needs to be saved.
"""

import random
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from encoder_training.attributes import NAMES, codes
from encoder_training.captions import VIEWS, Caption, draw_caption
from encoder_training.picture_set import PictureSet

_OUTSIDE_VIEWS = np.array([VIEWS.index(view) for view in ("worn", "hand", "card", "phone")])
_FAMILY = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """One step's pictures; row ``i`` and row ``i + half`` show the same piece.

    Attributes:
        rows: Rows of the picture set, shape ``(pictures,)``.
        codes: What is to be seen in each, the view last, shape ``(pictures, len(CLAIMED))``.
        captions: Two of each piece, one for each picture.
    """

    rows: NDArray[np.int64]
    codes: NDArray[np.int16]
    captions: list[Caption]


class Sampler:
    """Draws batches: half of each at random, half from families of alike pieces once these help.

    Alike pieces (same category and metal, or same category and stone) are what a search has to tell apart.
    """

    def __init__(self, pictures: PictureSet, *, pieces_per_step: int, seed: int) -> None:
        self._set = pictures
        self._seed = seed
        self._count = pieces_per_step
        self._codes = codes(pictures.pieces)
        self._per_piece = pictures.plan.per_piece
        usable = pictures.usable.reshape(-1, self._per_piece)
        self._usable = usable
        self._candidates = np.nonzero(usable.sum(axis=1) >= 2)[0]
        if len(self._candidates) < pieces_per_step:
            message = (
                f"{len(self._candidates)} pieces with two pictures are too few for {pieces_per_step} a step"
            )
            raise ValueError(message)
        views = pictures.views.reshape(-1, self._per_piece)
        self._is_outside = np.isin(views, _OUTSIDE_VIEWS)
        self._families = [
            self._grouped(("category", "metal", "design")),
            self._grouped(("category", "stone")),
        ]

    def batch(self, step: int, *, outside: float, alike: float) -> Batch:
        """Return the batch of a step.

        Args:
            step: Its number.
            outside: Chance of a view from outside the studio being taken where it was drawn, in [0, 1].
            alike: Share of pieces that come from families of alike ones, in [0, 1].
        """
        rng = np.random.default_rng([self._seed, step])
        words = random.Random(f"loupe-captions-{self._seed}-{step}")  # noqa: S311 - reproducible
        pieces = self._draw_pieces(rng, alike)
        pairs = np.stack([self._draw_pair(rng, piece, outside) for piece in pieces])
        places = pairs.T.reshape(-1)
        owners = np.concatenate((pieces, pieces))
        rows = owners * self._per_piece + places
        views = self._set.views[rows]
        captions = [
            draw_caption(self._set.pieces[piece], VIEWS[view], words)
            for piece, view in zip(owners, views, strict=True)
        ]
        return Batch(rows=rows, codes=np.column_stack((self._codes[owners], views)), captions=captions)

    def _draw_pieces(self, rng: np.random.Generator, alike: float) -> NDArray[np.int64]:
        families = self._families[int(rng.integers(len(self._families)))]
        chosen: list[int] = []
        for place in rng.permutation(len(families))[: int(alike * self._count) // _FAMILY]:
            members = families[place]
            chosen += rng.choice(members, min(_FAMILY, len(members)), replace=False).tolist()
        taken = set(chosen)
        while len(chosen) < self._count:
            piece = int(self._candidates[rng.integers(len(self._candidates))])
            if piece not in taken:
                taken.add(piece)
                chosen.append(piece)
        return np.array(chosen[: self._count])

    def _draw_pair(self, rng: np.random.Generator, piece: int, outside: float) -> NDArray[np.int64]:
        places = np.nonzero(self._usable[piece])[0]
        weights = np.where(self._is_outside[piece][places], max(outside, 1e-3), 1.0)
        return rng.choice(places, 2, replace=False, p=weights / weights.sum())

    def _grouped(self, names: tuple[str, ...]) -> list[NDArray[np.int64]]:
        columns = self._codes[self._candidates][:, [NAMES.index(name) for name in names]]
        _, group = np.unique(columns, axis=0, return_inverse=True)
        order = np.argsort(group.reshape(-1), kind="stable")
        parts = np.split(self._candidates[order], np.cumsum(np.bincount(group.reshape(-1)))[:-1])
        return [part for part in parts if len(part) >= 4]
