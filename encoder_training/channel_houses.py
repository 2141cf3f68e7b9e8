"""Pictures of whole sample houses, to choose channels by and to measure them on.

One house for each seed, drawn as shops publish it: every piece as a packshot, in another studio view and
outside the studio.  Files are kept and drawn once.
"""

import io
import multiprocessing
import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from encoder_training.picture_set import Plan, draw_house
from sample_feeds.pieces import Piece, piece_catalogue
from vision.object_crop import border_colour

SIDE_PX = 384
PICTURES_EACH = 3
_QUALITY = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class HousePicture:
    """One file of a drawn house.

    Attributes:
        piece: What it shows.
        view: How, as ``captions.VIEWS`` names it.
        file: A JPEG.
    """

    piece: Piece
    view: str
    file: Path


def draw_house_pictures(
    folder: Path,
    seed: int,
    pieces: int,
    *,
    workers: int = 2,
    side_px: int = SIDE_PX,
    pictures_each: int = PICTURES_EACH,
) -> list[HousePicture]:
    """Draw what is missing of a house and return all its pictures, those of one piece in a row.

    Args:
        folder: Where the files are kept, in a folder for each seed.
        seed: Of the house and of its photographs.
        pieces: How many pieces it has; a house of more pieces is another house.
        workers: Processes.
        side_px: Of the square pictures.
        pictures_each: 1 for packshots alone, 2 with another studio view, 3 with one outside the studio.
    """
    into = folder / f"{seed}-{pieces}"
    into.mkdir(parents=True, exist_ok=True)
    plan = Plan(part="held_out", pieces=pieces, per_piece=pictures_each, seed=seed)
    catalogue = piece_catalogue(pieces, seed)
    draw_piece = partial(_draw_piece, plan, catalogue, into, side_px)
    missing = [
        index for index in range(pieces) if not all(file.exists() for _, file in _files(plan, index, into))
    ]
    if missing and workers > 1:
        # Read when a worker loads its libraries, so they must be there before it starts.
        os.environ.update(OMP_NUM_THREADS="1", NUMBA_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(workers, mp_context=context, initializer=_one_thread) as pool:
            list(pool.map(draw_piece, missing, chunksize=4))
    else:
        for index in missing:
            draw_piece(index)
    return [
        HousePicture(piece=piece, view=view, file=file)
        for index, piece in enumerate(catalogue)
        for view, file in _files(plan, index, into)
    ]


def turned_whole(image: Image.Image, degrees: float) -> Image.Image:
    """Return a picture on plain paper turned in its plane, nothing cut off, the corners filled with paper."""
    paper = tuple(int(level) for level in border_colour(np.asarray(image)))
    return image.rotate(degrees, Image.Resampling.BICUBIC, expand=True, fillcolor=paper)


def _files(plan: Plan, index: int, into: Path) -> list[tuple[str, Path]]:
    return [
        (view, into / f"{index:04d}-{place}-{view}.jpg")
        for place, (view, _, _) in enumerate(plan.views(index))
    ]


def _draw_piece(plan: Plan, catalogue: Sequence[Piece], into: Path, side_px: int, index: int) -> None:
    shots = zip(plan.views(index), _files(plan, index, into), strict=True)
    for (view, seed, turn), (_, file) in shots:
        if file.exists():
            continue
        buffer = io.BytesIO()
        drawn = draw_house(catalogue[index], view, seed, turn, side_px)
        Image.fromarray(drawn).save(buffer, "JPEG", quality=_QUALITY)
        draft = file.with_suffix(".draft")
        draft.write_bytes(buffer.getvalue())
        draft.replace(file)


def _one_thread() -> None:
    cv2.setNumThreads(1)
